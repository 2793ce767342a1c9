//! Import paths to the modules that own them, by longest prefix.
//!
//! A tree of path elements, because a hostile name can be a path of a million elements: asking for one prefix after the
//! other would be quadratic.

use foldhash::HashMap;

/// Values by path.
#[derive(Debug)]
pub(super) struct Paths<'s> {
    /// The child of a node by path element. Node 0 is the root.
    children: HashMap<(usize, &'s str), usize>,
    owners: Vec<Option<Vec<usize>>>,
}

impl<'s> Paths<'s> {
    pub(super) fn new() -> Paths<'s> {
        Paths {
            children: HashMap::default(),
            owners: vec![None],
        }
    }

    /// The owners of a path, for adding to them.
    pub(super) fn entry(&mut self, path: &'s str) -> &mut Vec<usize> {
        let mut node = 0;
        for element in path.split('/') {
            let next = self.owners.len();
            node = *self.children.entry((node, element)).or_insert(next);
            if node == next {
                self.owners.push(None);
            }
        }
        self.owners[node].get_or_insert_default()
    }

    /// The owners of the longest prefix of `path` that was entered.
    pub(super) fn by_longest_prefix(&self, path: &str) -> Option<&[usize]> {
        let mut node = 0;
        let mut longest = None;
        for element in path.split('/') {
            let Some(&child) = self.children.get(&(node, element)) else {
                break;
            };
            node = child;
            longest = self.owners[node].as_deref().or(longest);
        }
        longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_of_whole_elements_owns_a_path() {
        let mut paths = Paths::new();
        paths.entry("a.b/c").push(1);
        paths.entry("a.b/c/d/v2").push(2);
        paths.entry("a.b/e");
        let cases = [
            ("a.b/c", Some(&[1][..])),
            ("a.b/c/x/y", Some(&[1])),
            ("a.b/c/d", Some(&[1])),
            ("a.b/c/d/v2/x", Some(&[2])),
            ("a.b/cc", None),
            ("a.b", None),
            ("a.b/e/x", Some(&[])),
            ("", None),
        ];
        for (path, owners) in cases {
            assert_eq!(paths.by_longest_prefix(path), owners, "{path}");
        }
    }

    #[test]
    fn a_path_of_a_million_elements_takes_no_time() {
        let mut paths = Paths::new();
        let long = "a/".repeat(1_000_000);
        paths.entry(&long).push(1);
        assert_eq!(paths.by_longest_prefix(&long), Some(&[1][..]));
        assert_eq!(paths.by_longest_prefix(&long[..long.len() - 2]), None);
    }
}

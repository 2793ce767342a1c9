//! Import paths to the modules that own them, by longest prefix.
//!
//! A tree of path elements, because a hostile name can be a path of a million elements: asking for one prefix after the
//! other would be quadratic.

use std::collections::HashMap;

/// Values by path.
#[derive(Debug)]
pub struct Paths<'s, T> {
    /// The child of a node by path element. Node 0 is the root.
    children: HashMap<(usize, &'s str), usize>,
    owners: Vec<Option<T>>,
}

impl<T> Default for Paths<'_, T> {
    fn default() -> Self {
        Paths {
            children: HashMap::new(),
            owners: vec![None],
        }
    }
}

impl<'s, T> Paths<'s, T> {
    /// The owner of a path, for setting it.
    pub fn entry(&mut self, path: &'s str) -> &mut Option<T> {
        let mut node = 0;
        for element in path.split('/') {
            let next = self.owners.len();
            node = *self.children.entry((node, element)).or_insert(next);
            if node == next {
                self.owners.push(None);
            }
        }
        &mut self.owners[node]
    }

    /// The owner of the longest prefix of `path`, in whole elements, that has one.
    pub fn by_longest_prefix(&self, path: &str) -> Option<&T> {
        let mut node = 0;
        let mut longest = None;
        for element in path.split('/') {
            let Some(&child) = self.children.get(&(node, element)) else {
                break;
            };
            node = child;
            longest = self.owners.get(node).and_then(Option::as_ref).or(longest);
        }
        longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_of_whole_elements_owns_a_path() {
        let mut paths = Paths::default();
        *paths.entry("a.b/c") = Some(1);
        *paths.entry("a.b/c/d/v2") = Some(2);
        paths.entry("a.b/e");
        let cases = [
            ("a.b/c", Some(&1)),
            ("a.b/c/x/y", Some(&1)),
            ("a.b/c/d", Some(&1)),
            ("a.b/c/d/v2/x", Some(&2)),
            ("a.b/cc", None),
            ("a.b", None),
            ("a.b/e/x", None),
            ("", None),
        ];
        for (path, owners) in cases {
            assert_eq!(paths.by_longest_prefix(path), owners, "{path}");
        }
    }

    #[test]
    fn a_path_of_a_million_elements_takes_no_time() {
        let mut paths = Paths::default();
        let long = "a/".repeat(1_000_000);
        *paths.entry(&long) = Some(1);
        assert_eq!(paths.by_longest_prefix(&long), Some(&1));
        assert_eq!(paths.by_longest_prefix(&long[..long.len() - 2]), None);
    }
}

//! Which names a list shows: those that contain a text, or fit a pattern with `*` and `?`.

/// A filter; the default one shows everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pattern: Option<String>,
}

impl Filter {
    /// Names that contain `pattern`; where it has `*` (any text) or `?` (any character), names that fit it as a whole.
    pub fn new(pattern: Option<String>) -> Filter {
        Filter { pattern }
    }

    /// As it was typed.
    pub fn pattern(&self) -> Option<&str> {
        self.pattern.as_deref()
    }

    /// Whether `name` is shown.
    pub fn shows(&self, name: &str) -> bool {
        match self.pattern.as_deref() {
            None => true,
            Some(pattern) if pattern.contains(['*', '?']) => fits(pattern, name),
            Some(text) => name.contains(text),
        }
    }
}

/// Whether the whole of `name` fits. On a mismatch only the last `*` takes one more character: so the work is at most the
/// product of both lengths.
fn fits(pattern: &str, name: &str) -> bool {
    let (mut pattern, mut name) = (pattern, name);
    let mut retry: Option<(&str, &str)> = None;
    loop {
        let mut rest = pattern.chars();
        let mut text = name.chars();
        match (rest.next(), text.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                pattern = rest.as_str();
                retry = Some((pattern, name));
                continue;
            }
            (Some(wanted), Some(got)) if wanted == '?' || wanted == got => {
                (pattern, name) = (rest.as_str(), text.as_str());
                continue;
            }
            _ => {}
        }
        let Some((behind, from)) = retry else {
            return false;
        };
        let mut from = from.chars();
        if from.next().is_none() {
            return false;
        }
        (pattern, name) = (behind, from.as_str());
        retry = Some((behind, name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shows(pattern: &str, name: &str) -> bool {
        Filter::new(Some(pattern.to_owned())).shows(name)
    }

    #[test]
    fn a_text_is_looked_for_and_a_pattern_has_to_fit_as_a_whole() {
        assert!(shows("net/http", "net/http.(*Client).Do"));
        assert!(!shows("net/http2", "net/http.(*Client).Do"));
        assert!(shows("net/http.*", "net/http.(*Client).Do"));
        assert!(shows("*.Do", "net/http.(*Client).Do"));
        assert!(shows("net*Client*", "net/http.(*Client).Do"));
        assert!(!shows("http.*", "net/http.(*Client).Do"));
        assert!(shows("ma?n.main", "main.main") && !shows("ma?n.main", "man.main"));
        assert!(shows("**", "") && shows("", "x") && !shows("?", ""));
        assert!(shows("*a*b*c", "xxaxxbxbxcc") && !shows("*a*b*c", "xxaxxbxbx"));
    }
}

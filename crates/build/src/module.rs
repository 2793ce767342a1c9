//! Module paths and versions as the proxy protocol writes them, and the patterns of GOPRIVATE and its relatives.
//!
//! Only what addresses need is checked: each element is a plain file name, so that no path leads elsewhere.

use std::fmt;

/// A module at a version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Module {
    /// Path, as in `import`.
    pub path: String,
    /// Version.
    pub version: String,
}

impl Module {
    /// A module at a version.
    pub fn new(path: impl Into<String>, version: impl Into<String>) -> Module {
        Module {
            path: path.into(),
            version: version.into(),
        }
    }

    /// `PATH@VERSION` with capital letters written as `!` and the small one.
    ///
    /// # Errors
    /// The path or the version cannot stand in an address.
    pub fn escaped(&self) -> Result<String, NotAModule> {
        let path = escape_path(&self.path)?;
        Ok(format!("{path}@{}", escape_version(&self.version)?))
    }
}

impl fmt::Display for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.path, self.version)
    }
}

/// A path or version that cannot be a module's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAModule(String);

impl fmt::Display for NotAModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no module path or version", self.0)
    }
}

impl std::error::Error for NotAModule {}

/// A module path as it stands in an address.
///
/// # Errors
/// It is no module path.
pub fn escape_path(path: &str) -> Result<String, NotAModule> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
    if path.chars().all(plain) && path.split('/').all(is_element) && !path.starts_with('-') {
        Ok(escape(path))
    } else {
        Err(NotAModule(path.to_owned()))
    }
}

/// A version as it stands in an address.
///
/// # Errors
/// It is no version.
pub fn escape_version(version: &str) -> Result<String, NotAModule> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~+".contains(c);
    if version.chars().all(plain) && is_element(version) {
        Ok(escape(version))
    } else {
        Err(NotAModule(version.to_owned()))
    }
}

// No empty one, no `.` and `..`, nothing that Windows would cut.
fn is_element(element: &str) -> bool {
    !element.is_empty() && !element.ends_with('.')
}

// Some file systems do not tell capitals from small letters.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_uppercase() {
            escaped.push('!');
        }
        escaped.push(c.to_ascii_lowercase());
    }
    escaped
}

/// Whether one of the comma-separated patterns matches a leading part of `path` with as many elements: the rule of
/// GOPRIVATE, GONOSUMDB and GONOPROXY.
#[must_use]
pub fn matches_prefix(patterns: &str, path: &str) -> bool {
    patterns
        .split(',')
        .map(|pattern| pattern.strip_suffix('/').unwrap_or(pattern))
        .filter(|pattern| !pattern.is_empty())
        .any(|pattern| {
            let elements = pattern.matches('/').count() + 1;
            leading(path, elements).is_some_and(|prefix| {
                glob(
                    &pattern.chars().collect::<Vec<_>>(),
                    &prefix.chars().collect::<Vec<_>>(),
                )
            })
        })
}

/// The first `elements` elements of a path that has so many.
fn leading(path: &str, elements: usize) -> Option<&str> {
    let ends = path.match_indices('/').map(|(at, _)| at);
    ends.chain([path.len()])
        .nth(elements - 1)
        .and_then(|end| path.get(..end))
}

/// Shell patterns as Go's `path.Match` has them: `*` and `?` stop at slashes, classes in brackets, `\` takes the next
/// character as it is. A malformed pattern matches nothing.
fn glob(pattern: &[char], text: &[char]) -> bool {
    let Some((&first, rest)) = pattern.split_first() else {
        return text.is_empty();
    };
    match first {
        '*' => {
            let reach = text.iter().take_while(|c| **c != '/').count();
            (0..=reach).any(|skip| glob(rest, &text[skip..]))
        }
        '?' => text
            .split_first()
            .is_some_and(|(c, tail)| *c != '/' && glob(rest, tail)),
        '[' => match (class(rest), text.split_first()) {
            (Some((members, rest)), Some((c, tail))) => members(*c) && glob(rest, tail),
            _ => false,
        },
        '\\' => match rest.split_first() {
            Some((literal, rest)) => text.first() == Some(literal) && glob(rest, &text[1..]),
            None => false,
        },
        literal => text.first() == Some(&literal) && glob(rest, &text[1..]),
    }
}

/// The class that begins behind `[`, and the pattern behind its `]`.
fn class(pattern: &[char]) -> Option<(impl Fn(char) -> bool, &[char])> {
    let (negated, mut rest) = match pattern.split_first()? {
        ('^', rest) => (true, rest),
        _ => (false, pattern),
    };
    let mut ranges = Vec::new();
    while rest.first() != Some(&']') || ranges.is_empty() {
        let (low, after) = member(rest)?;
        let (high, after) = match after.split_first() {
            Some(('-', after)) => member(after)?,
            _ => (low, after),
        };
        ranges.push(low..=high);
        rest = after;
    }
    let inside = move |c: char| ranges.iter().any(|range| range.contains(&c)) != negated;
    Some((inside, rest.get(1..)?))
}

fn member(pattern: &[char]) -> Option<(char, &[char])> {
    match pattern.split_first()? {
        ('-' | ']', _) => None,
        ('\\', rest) => rest.split_first().map(|(c, rest)| (*c, rest)),
        (c, rest) => Some((*c, rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_are_escaped() {
        let module = Module::new("github.com/BurntSushi/toml", "v1.0.0-RC1");
        assert_eq!(
            module.escaped().unwrap(),
            "github.com/!burnt!sushi/toml@v1.0.0-!r!c1"
        );
    }

    #[test]
    fn nothing_leads_elsewhere() {
        for path in [
            "", "a//b", "../a", "a/..", "a/./b", "/a", "a/", "a b", "a!b", "ä", "a%2f", "-a",
            "a\\b", "a?b",
        ] {
            assert!(escape_path(path).is_err(), "{path}");
        }
        for version in ["", "..", "v1/2", "v1!", "v1 ", "v1?"] {
            assert!(escape_version(version).is_err(), "{version}");
        }
    }

    #[test]
    fn patterns_are_those_of_the_go_command() {
        for (patterns, path, want) in [
            ("*.corp.example", "git.corp.example/x/y", true),
            ("*.corp.example", "corp.example/x", false),
            ("rsc.io/private", "rsc.io/private/quux", true),
            ("rsc.io/private", "rsc.io/privateer", false),
            ("a,b/", "b/c", true),
            (",,", "a", false),
            ("a/b/c", "a/b", false),
            ("*", "anything/at/all", true),
            ("*/x", "host/x/y", true),
            ("[a-c]x", "bx/y", true),
            ("[^a-c]x", "bx", false),
            ("[a", "a", false),
            ("[]", "]", false),
            ("a\\*", "a*", true),
            ("a?", "a/", false),
        ] {
            assert_eq!(matches_prefix(patterns, path), want, "{patterns} {path}");
        }
    }
}

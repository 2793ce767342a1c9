//! Suppressions: findings that the user has judged, with a reason and a scope.
//!
//! Pure: given a scan, the entries and the day, it says which entries suppress which findings and which do nothing. It
//! reads no file and changes no finding; what counts is decided where the report is judged.

use crate::date::Date;
use crate::finding::{Finding, Scan, Symbol};

/// One entry. Every scope that is given must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suppression {
    /// The advisory: its id or one of its aliases.
    pub id: String,
    /// Why; for people.
    pub reason: String,
    /// Last day on which it holds.
    pub until: Option<Date>,
    /// Only in this module (the path that was matched, or that of the module that it replaces).
    pub module: Option<String>,
    /// Only this symbol: `Parse` or `net/url.Parse`.
    pub symbol: Option<String>,
    /// Only in files whose path fits this pattern, see [`fits`].
    pub binary: Option<String>,
}

/// What the entries did for one scan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// Suppressed findings (ascending indexes into [`Scan::findings`]), each with the entries that suppress it.
    pub suppressed: Vec<(usize, Vec<usize>)>,
    /// Entries whose last day is over. What they name counts as a finding again.
    pub expired: Vec<usize>,
    /// Entries that hold and fit no finding here. With several files, one is unused if it is so in all of them.
    pub unused: Vec<usize>,
}

/// Applies `entries` to the scan of the file `path`, on the day `as_of`.
///
/// A finding is suppressed by an entry without a symbol, or where entries with a symbol cover all its symbols together:
/// an entry for one symbol says nothing about others, or about a finding without symbols.
pub fn apply(scan: &Scan, entries: &[Suppression], as_of: Date, path: &str) -> Applied {
    let mut applied = Applied::default();
    let mut used = vec![false; entries.len()];
    let holds = |entry: &Suppression| entry.until.is_none_or(|until| as_of <= until);
    for (index, finding) in scan.findings.iter().enumerate() {
        let fitting: Vec<usize> = (0..entries.len())
            .filter(|i| holds(&entries[*i]) && entries[*i].fits(scan, finding, path))
            .collect();
        fitting.iter().for_each(|entry| used[*entry] = true);
        let suppressing = suppressing(scan, finding, entries, &fitting);
        if !suppressing.is_empty() {
            applied.suppressed.push((index, suppressing));
        }
    }
    applied.expired = (0..entries.len())
        .filter(|i| !holds(&entries[*i]))
        .collect();
    applied.unused = (0..entries.len())
        .filter(|i| holds(&entries[*i]) && !used[*i])
        .collect();
    applied
}

/// Which of the fitting entries suppress the finding: the first without a symbol, or all of those with one if they
/// cover it.
fn suppressing(
    scan: &Scan,
    finding: &Finding,
    entries: &[Suppression],
    fitting: &[usize],
) -> Vec<usize> {
    if let Some(whole) = fitting.iter().find(|i| entries[**i].symbol.is_none()) {
        return vec![*whole];
    }
    let covered = |symbol: &Symbol| fitting.iter().any(|i| entries[*i].names(symbol));
    let all = !finding.symbols.is_empty() && symbols(scan, finding).all(covered);
    if all { fitting.to_vec() } else { Vec::new() }
}

fn symbols<'s>(scan: &'s Scan, finding: &'s Finding) -> impl Iterator<Item = &'s Symbol> {
    finding
        .symbols
        .iter()
        .filter_map(|index| scan.symbols.get(*index as usize))
}

impl Suppression {
    /// Whether every scope fits; with a symbol: whether the finding has it.
    fn fits(&self, scan: &Scan, finding: &Finding, path: &str) -> bool {
        let advisory = &finding.advisory;
        let replaced = finding.module.replaces.as_ref().map(|(path, _)| path);
        (advisory.id == self.id || advisory.aliases.contains(&self.id))
            && self
                .module
                .as_ref()
                .is_none_or(|module| *module == finding.module.path || Some(module) == replaced)
            && self
                .binary
                .as_ref()
                .is_none_or(|pattern| fits(pattern, path))
            && (self.symbol.is_none() || symbols(scan, finding).any(|symbol| self.names(symbol)))
    }

    fn names(&self, symbol: &Symbol) -> bool {
        let Some(wanted) = self.symbol.as_deref() else {
            return false;
        };
        let inside = wanted
            .strip_prefix(&symbol.package)
            .and_then(|rest| rest.strip_prefix('.'));
        wanted == symbol.name || inside == Some(&symbol.name)
    }
}

/// Whether a path fits a pattern: `*` is any text without a slash, `**` any text, `?` one character but a slash. A pattern
/// without a slash is compared with the last element of the path.
pub fn fits(pattern: &str, path: &str) -> bool {
    let path = if pattern.contains('/') {
        path
    } else {
        path.rsplit('/').next().unwrap_or(path)
    };
    let path: Vec<char> = path.chars().collect();
    // reached[n]: the pattern so far fits the first n characters. Takes pattern × path steps, whatever they are.
    let mut reached = vec![false; path.len() + 1];
    reached[0] = true;
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '*' if rest.starts_with("**") => (Token::Anything, 2),
            '*' => (Token::WithinElement, 1),
            '?' => (Token::One(None), 1),
            other => (Token::One(Some(other)), other.len_utf8()),
        };
        rest = &rest[length..];
        reached = token.advance(&reached, &path);
    }
    reached[path.len()]
}

enum Token {
    Anything,
    WithinElement,
    One(Option<char>),
}

impl Token {
    fn advance(&self, reached: &[bool], path: &[char]) -> Vec<bool> {
        let mut next = vec![false; reached.len()];
        let repeats = !matches!(self, Token::One(_));
        for at in 0..reached.len() {
            // A star may stand for nothing, and may go on.
            let before = at.checked_sub(1).map(|before| (before, path[before]));
            let stepped = before.is_some_and(|(before, c)| {
                let from = if repeats {
                    next[before]
                } else {
                    reached[before]
                };
                from && self.takes(c)
            });
            next[at] = repeats && reached[at] || stepped;
        }
        next
    }

    fn takes(&self, c: char) -> bool {
        match self {
            Token::Anything => true,
            Token::WithinElement | Token::One(None) => c != '/',
            Token::One(Some(expected)) => c == *expected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::testing;

    fn entry(id: &str) -> Suppression {
        Suppression {
            id: id.to_owned(),
            reason: "judged".to_owned(),
            ..Suppression::default()
        }
    }

    fn of_symbol(symbol: &str) -> Suppression {
        Suppression {
            symbol: Some(symbol.to_owned()),
            ..entry("GO-1")
        }
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    /// GO-1 (CVE-1) with net/url.Parse and net/url.URL.Parse; GO-2 without symbols.
    fn scan() -> Scan {
        let mut scan = testing::scan(&[("net/url", "Parse"), ("net/url", "URL.Parse")]);
        scan.findings
            .push(testing::finding("GO-1", "stdlib", &[0, 1]));
        scan.findings
            .push(testing::finding("GO-2", "example.com/m", &[]));
        scan.findings[0].advisory.aliases.push("CVE-1".to_owned());
        scan
    }

    fn suppressed(entries: &[Suppression]) -> Vec<(usize, Vec<usize>)> {
        apply(&scan(), entries, day("2026-11-21"), "bin/app").suppressed
    }

    #[test]
    fn ids_and_aliases_suppress() {
        assert_eq!(suppressed(&[entry("GO-1")]), [(0, vec![0])]);
        assert_eq!(
            suppressed(&[entry("CVE-1"), entry("GO-2")]),
            [(0, vec![0]), (1, vec![1])]
        );
        assert_eq!(suppressed(&[entry("GO-"), entry("")]), []);
    }

    #[test]
    fn every_scope_must_fit() {
        let module = |path: &str| Suppression {
            module: Some(path.to_owned()),
            ..entry("GO-1")
        };
        let binary = |pattern: &str| Suppression {
            binary: Some(pattern.to_owned()),
            ..entry("GO-1")
        };
        assert_eq!(suppressed(&[module("stdlib")]).len(), 1);
        assert_eq!(suppressed(&[module("example.com/m")]).len(), 0);
        assert_eq!(suppressed(&[binary("app")]).len(), 1);
        assert_eq!(suppressed(&[binary("other")]).len(), 0);
        let both = Suppression {
            binary: Some("other".to_owned()),
            ..module("stdlib")
        };
        assert_eq!(suppressed(&[both]).len(), 0);
    }

    #[test]
    fn symbols_must_be_covered_all() {
        let (one, other) = (of_symbol("Parse"), of_symbol("net/url.URL.Parse"));
        assert_eq!(suppressed(std::slice::from_ref(&one)), []);
        assert_eq!(suppressed(&[one.clone(), other]), [(0, vec![0, 1])]);
        assert_eq!(suppressed(&[one.clone(), entry("GO-1")]), [(0, vec![1])]);
        let no_symbols = Suppression {
            id: "GO-2".to_owned(),
            ..one.clone()
        };
        assert_eq!(suppressed(&[no_symbols]), []);
        // It fits a symbol of the finding: not unused, although the finding stays.
        assert_eq!(
            apply(&scan(), &[one], day("2026-11-21"), "app").unused,
            Vec::<usize>::new()
        );
    }

    #[test]
    fn expired_and_unused_entries_are_told() {
        let until = |text: &str| Suppression {
            until: Some(day(text)),
            ..entry("GO-1")
        };
        let entries = [until("2026-11-20"), entry("GO-9"), of_symbol("Nothing")];
        let applied = apply(&scan(), &entries, day("2026-11-21"), "app");
        assert_eq!(
            applied,
            Applied {
                suppressed: vec![],
                expired: vec![0],
                unused: vec![1, 2]
            }
        );
        assert_eq!(
            suppressed(&[until("2026-11-21")]).len(),
            1,
            "the last day counts"
        );
    }

    #[test]
    fn patterns_fit_paths() {
        let cases = [
            ("app", "bin/app", true),
            ("app", "bin/app2", false),
            ("app*", "bin/app-v2", true),
            ("*", "bin/app", true),
            ("a?p", "app", true),
            ("?", "é", true),
            ("bin/*", "bin/app", true),
            ("bin/*", "bin/x/app", false),
            ("bin/**", "bin/x/app", true),
            ("**/app", "bin/x/app", true),
            ("*/app", "bin/x/app", false),
            ("a?b/x", "a/b/x", false),
            ("", "", true),
            ("", "app", false),
            (
                "a*a*a*a*a*a*a*a*a*a*b",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                false,
            ),
        ];
        for (pattern, path, expected) in cases {
            assert_eq!(fits(pattern, path), expected, "{pattern} {path}");
        }
    }
}

//! Semantic versions as Go modules use them (the order of `golang.org/x/mod/semver`).
//!
//! Differences from semver.org that matter: `v1` and `v1.2` are short for `v1.0.0` and `v1.2.0`, and build metadata
//! (`+incompatible`, `+dirty`) never takes part in the order. Numbers have any length. Nothing is copied or allocated.

use std::cmp::Ordering;

/// A parsed semantic version. Comparing ignores build metadata, so `==` means "of the same precedence".
#[derive(Debug, Clone, Copy)]
pub struct Semver<'a> {
    major: &'a str,
    minor: &'a str,
    patch: &'a str,
    pre: &'a str,
    build: &'a str,
}

impl<'a> Semver<'a> {
    /// Parses a version as modules write it, with the `v`: `v1.2.3-rc.1+incompatible`.
    pub fn parse(text: &'a str) -> Option<Semver<'a>> {
        Semver::parse_bare(text.strip_prefix('v')?)
    }

    /// Parses a version as advisories write it, without the `v`.
    pub fn parse_bare(text: &'a str) -> Option<Semver<'a>> {
        let (major, rest) = number(text)?;
        let Some((minor, rest)) = component(rest)? else {
            return Semver::short(major, "0", rest);
        };
        let Some((patch, rest)) = component(rest)? else {
            return Semver::short(major, minor, rest);
        };
        let (pre, rest) = suffix(rest, '-', true)?;
        let (build, rest) = suffix(rest, '+', false)?;
        rest.is_empty().then_some(Semver {
            major,
            minor,
            patch,
            pre,
            build,
        })
    }

    /// A shortened version has neither pre-release nor build metadata.
    fn short(major: &'a str, minor: &'a str, rest: &str) -> Option<Semver<'a>> {
        rest.is_empty().then_some(Semver {
            major,
            minor,
            patch: "0",
            pre: "",
            build: "",
        })
    }

    /// The pre-release without its hyphen; empty for a release.
    pub fn pre(&self) -> &'a str {
        self.pre
    }

    /// The build metadata without its plus sign; empty where there is none.
    pub fn build(&self) -> &'a str {
        self.build
    }

    /// Major, minor and patch number as written.
    pub fn numbers(&self) -> (&'a str, &'a str, &'a str) {
        (self.major, self.minor, self.patch)
    }
}

/// The number that `text` starts with (no leading zero) and the rest.
fn number(text: &str) -> Option<(&str, &str)> {
    let end = text
        .bytes()
        .position(|b| !b.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let valid = !digits.is_empty() && (digits == "0" || !digits.starts_with('0'));
    valid.then_some((digits, rest))
}

/// The next `.number`, if the text goes on with a dot. The outer `None` means that it is malformed.
fn component(text: &str) -> Option<Option<(&str, &str)>> {
    match text.strip_prefix('.') {
        Some(rest) => number(rest).map(Some),
        None => Some(None),
    }
}

/// The dotted identifiers after `mark`, if the text goes on with it, and the rest.
fn suffix(text: &str, mark: char, plain_numbers: bool) -> Option<(&str, &str)> {
    let Some(text) = text.strip_prefix(mark) else {
        return Some(("", text));
    };
    let end = text
        .bytes()
        .position(|b| !(b.is_ascii_alphanumeric() || b == b'-' || b == b'.'))
        .unwrap_or(text.len());
    let (identifiers, rest) = text.split_at(end);
    let padded = |id: &str| is_number(id) && id.len() > 1 && id.starts_with('0');
    let valid = |id: &str| !(id.is_empty() || plain_numbers && padded(id));
    identifiers
        .split('.')
        .all(valid)
        .then_some((identifiers, rest))
}

fn is_number(identifier: &str) -> bool {
    identifier.bytes().all(|b| b.is_ascii_digit())
}

/// Numbers without leading zeros compare by length, then by digits.
fn compare_numbers(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn compare_identifiers(a: &str, b: &str) -> Ordering {
    match (is_number(a), is_number(b)) {
        (true, true) => compare_numbers(a, b),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => a.cmp(b),
    }
}

fn compare_pre(a: &str, b: &str) -> Ordering {
    if a.is_empty() || b.is_empty() {
        // A release comes after its pre-releases.
        return a.is_empty().cmp(&b.is_empty());
    }
    let (mut left, mut right) = (a.split('.'), b.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (Some(a), Some(b)) => compare_identifiers(a, b),
            (a, b) => return a.is_some().cmp(&b.is_some()),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

impl Ord for Semver<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_numbers(self.major, other.major)
            .then_with(|| compare_numbers(self.minor, other.minor))
            .then_with(|| compare_numbers(self.patch, other.patch))
            .then_with(|| compare_pre(self.pre, other.pre))
    }
}

impl PartialOrd for Semver<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Semver<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Semver<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ascending; every pair is compared both ways.
    const ASCENDING: &[&str] = &[
        "0.0.0-20130808000456-233bccbb1abe",
        "0.0.0-20240116172146-2a6ca2d4e64d",
        "0.0.0-20240116172147-0a6ca2d4e64d",
        "0.0.0",
        "0.0.1-test",
        "0.10.3-0.20251107071934-6102f001a971",
        "0.10.3",
        "0.10.4",
        "1.0.0-0",
        "1.0.0-0.20200101000000-abcdefabcdef",
        "1.0.0-1",
        "1.0.0-2",
        "1.0.0-10",
        "1.0.0-99999999999999999998",
        "1.0.0-99999999999999999999",
        "1.0.0-100000000000000000000",
        "1.0.0--",
        "1.0.0-A",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-pre.4",
        "1.0.0-rc.1",
        "1.0.0-rc.1.0",
        "1.0.0-rc1",
        "1.0.0-rc10",
        "1.0.0-rc2",
        "1",
        "1.0.1",
        "1.2",
        "1.2.3-456",
        "1.2.3-456a",
        "1.2.3",
        "1.9.0",
        "1.10.0",
        "1.80.0-v2.20.0.20251208091519-4c879b47334e",
        "1.99999999999999998.0",
        "1.99999999999999999.0",
        "2.0.0+incompatible",
        "10.0.0",
        "3000.10.2",
    ];

    #[test]
    fn the_order_is_that_of_go_modules() {
        for (i, a) in ASCENDING.iter().enumerate() {
            for (j, b) in ASCENDING.iter().enumerate() {
                let (x, y) = (
                    Semver::parse_bare(a).expect(a),
                    Semver::parse_bare(b).expect(b),
                );
                assert_eq!(x.cmp(&y), i.cmp(&j), "{a} against {b}");
            }
        }
    }

    #[test]
    fn build_metadata_does_not_count() {
        for (a, b) in [
            ("v1.2.3", "v1.2.3+meta"),
            ("v1.2.3-pre+a", "v1.2.3-pre+b"),
            ("v1", "v1.0.0"),
            ("v1.2", "v1.2.0+dirty"),
        ] {
            assert_eq!(
                Semver::parse(a).unwrap(),
                Semver::parse(b).unwrap(),
                "{a} and {b}"
            );
        }
        assert_eq!(
            Semver::parse("v2.0.0+incompatible").unwrap().build(),
            "incompatible"
        );
    }

    #[test]
    fn what_go_calls_invalid_is_invalid() {
        let bad = [
            "",
            "v",
            "bad",
            "1.2.3",
            "v1-alpha.beta.gamma",
            "v1-pre",
            "v1+meta",
            "v1-pre+meta",
            "v1.2-pre",
            "v1.2+meta",
            "v1.2-pre+meta",
            "v01.2.3",
            "v1.02.3",
            "v1.2.03",
            "v1.2.3-",
            "v1.2.3+",
            "v1.2.3-01",
            "v1.2.3-a..b",
            "v1.2.3-a.",
            "v1.2.3.4",
            "v1.2.",
            "v1..2",
            "v1.2.3 ",
            "v1.2.3-é",
            "V1.2.3",
            "vv1.2.3",
            "v-1.2.3",
            "(devel)",
        ];
        for text in bad {
            assert!(Semver::parse(text).is_none(), "{text}");
        }
        for text in [
            "v1.2.3+01",
            "v1.2.3-0",
            "v1.2.3--",
            "v1.2.3-0a",
            "v1.2.3+meta-pre.sha.256a",
            "v0",
        ] {
            assert!(Semver::parse(text).is_some(), "{text}");
        }
    }
}

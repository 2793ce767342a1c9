//! What a Go toolchain calls itself, as a position among Go releases.
//!
//! The database writes Go releases as semantic versions: `1.21.0`, `1.22.0-rc.1`, and `1.22.0-0` for "before every
//! pre-release of 1.22". Names are read as the go command reads them, plus what vendors and experiments append.

use super::{Position, Semver};
use std::fmt::Write;

/// A toolchain version, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoVersion<'a> {
    /// Where it stands among the releases.
    pub position: Position,
    /// What a vendor appended: `Red Hat 1.24.4-1.el9`, `-3`, `-bigcorp`, `b7`. Such a toolchain is placed as the release
    /// that it is based on; which fixes the vendor added is not known from the name.
    pub vendor: Option<&'a str>,
    /// Experiments it was built with (`X:` list), without the `X:`.
    pub experiments: Option<&'a str>,
}

/// `devel +hash` was written until development of this minor version began to be named (`devel go1.17-hash`).
const FIRST_NAMED_DEVELOPMENT: u32 = 17;

impl<'a> GoVersion<'a> {
    /// Reads a version as `runtime.Version` or the build information gives it. Never fails: what is not understood has
    /// an unknown position.
    pub fn parse(text: &'a str) -> GoVersion<'a> {
        let text = text.trim();
        let parsed = match text.strip_prefix("devel") {
            Some(rest) => development(rest),
            None => release(text),
        };
        parsed.unwrap_or_else(|| {
            GoVersion::at(Position::Unknown(format!(
                "the Go version `{text}` cannot be placed among Go's releases"
            )))
        })
    }

    fn at(position: Position) -> GoVersion<'a> {
        GoVersion {
            position,
            vendor: None,
            experiments: None,
        }
    }
}

/// `devel go1.27-abcdef Mon Jan …`, or the older `devel +abcdef Mon Jan …`.
fn development(rest: &str) -> Option<GoVersion<'_>> {
    let word = rest.split_whitespace().next()?;
    let experiments = rest
        .split_whitespace()
        .find_map(|word| word.strip_prefix("X:"));
    let position = if word.starts_with('+') {
        between(
            None,
            FIRST_NAMED_DEVELOPMENT,
            "a development version of Go that names no release".to_owned(),
        )
    } else {
        let (numbers, tail) = Numbers::read(word.strip_prefix("go")?)?;
        (tail.is_empty() || tail.starts_with('-')).then(|| development_of(numbers.minor))?
    };
    Some(GoVersion {
        position,
        vendor: None,
        experiments,
    })
}

/// The tree that becomes 1.`minor` starts where the branch of the release before it was cut (its first release
/// candidate) and can hold, or lack, every fix since; builds from the release branch are named alike.
fn development_of(minor: u32) -> Position {
    let from = minor
        .checked_sub(1)
        .map(|before| format!("1.{before}.0-rc.1"));
    between(
        from,
        minor,
        format!("a development version of Go 1.{minor}"),
    )
}

fn between(from: Option<String>, last_minor: u32, why: String) -> Position {
    Position::Between {
        from,
        below: format!("1.{}.0-0", last_minor.saturating_add(1)),
        why,
    }
}

/// `go1.21`, `go1.22rc1`, `go1.25.0 X:jsonv2`, `go1.24.4 (Red Hat 1.24.4-1.el9)`, `go1.27-devel_abcdef Mon Jan …`.
fn release(text: &str) -> Option<GoVersion<'_>> {
    let (numbers, rest) = Numbers::read(text.strip_prefix("go")?)?;
    if numbers.patch.is_none() && is_snapshot(rest) {
        let experiments = rest
            .split_whitespace()
            .find_map(|word| word.strip_prefix("X:"));
        return Some(GoVersion {
            position: development_of(numbers.minor),
            vendor: None,
            experiments,
        });
    }
    let (pre, rest) = pre_release(rest);
    let (vendor, experiments) = appended(rest)?;
    Some(GoVersion {
        position: Position::At(numbers.semver(pre)),
        vendor,
        experiments,
    })
}

/// `-devel_abcdef` and dated builds from the tree (`-20240109-RC01`): not the release that they name.
fn is_snapshot(rest: &str) -> bool {
    let dated = |tail: &str| tail.bytes().take_while(u8::is_ascii_digit).count() == 8;
    rest.starts_with("-devel") || rest.strip_prefix('-').is_some_and(dated)
}

struct Numbers {
    major: u32,
    minor: u32,
    patch: Option<u32>,
}

impl Numbers {
    fn read(text: &str) -> Option<(Numbers, &str)> {
        let (major, rest) = number(text)?;
        let (minor, rest) = dotted(rest)?;
        let (patch, rest) = if minor.is_some() {
            dotted(rest)?
        } else {
            (None, rest)
        };
        let minor = minor.unwrap_or(0);
        (major == 1 && !rest.starts_with('.')).then_some((
            Numbers {
                major,
                minor,
                patch,
            },
            rest,
        ))
    }

    fn semver(&self, pre: Option<(&str, u32)>) -> String {
        let mut text = format!("{}.{}.{}", self.major, self.minor, self.patch.unwrap_or(0));
        if let Some((kind, number)) = pre {
            write!(text, "-{kind}.{number}").expect("writing to a string succeeds");
        }
        text
    }
}

/// The number that `text` starts with, without leading zeros.
fn number(text: &str) -> Option<(u32, &str)> {
    let end = text
        .bytes()
        .position(|b| !b.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let padded = digits.len() > 1 && digits.starts_with('0');
    (!padded).then_some((digits.parse().ok()?, rest))
}

fn dotted(text: &str) -> Option<(Option<u32>, &str)> {
    match text.strip_prefix('.') {
        Some(rest) => number(rest).map(|(value, rest)| (Some(value), rest)),
        None => Some((None, text)),
    }
}

fn pre_release(text: &str) -> (Option<(&'static str, u32)>, &str) {
    const KINDS: [(&str, &str); 4] = [
        ("alpha", "alpha"),
        ("beta", "beta"),
        ("rc", "rc"),
        ("-pre", "pre"),
    ];
    KINDS
        .iter()
        .find_map(|(written, kind)| {
            let (value, rest) = number(text.strip_prefix(written)?)?;
            Some((Some((*kind, value)), rest))
        })
        .unwrap_or((None, text))
}

/// What follows the release: vendor text and experiments. `None` where it is neither.
fn appended(rest: &str) -> Option<(Option<&str>, Option<&str>)> {
    // How the go command marks where the choice of toolchain came from; the toolchain is the release.
    let rest = ["+auto", "+path", "+local"]
        .iter()
        .find_map(|mark| rest.strip_prefix(mark))
        .unwrap_or(rest);
    // BoringCrypto releases were named go1.18.1b7; other letters are no known form.
    let boring = rest
        .strip_prefix('b')
        .is_some_and(|digits| digits.starts_with(|c: char| c.is_ascii_digit()));
    if rest.starts_with(|c: char| c.is_alphanumeric()) && !boring {
        return None;
    }
    let rest = rest.trim();
    let Some(at) = experiment_list(rest) else {
        return Some((vendor_text(rest), None));
    };
    let (before, list) = rest.split_at(at);
    let end = list.find(char::is_whitespace).unwrap_or(list.len());
    let (list, after) = list.split_at(end);
    Some((
        vendor_text(before).or(vendor_text(after)),
        list.strip_prefix("X:"),
    ))
}

/// Where a word that starts with `X:` begins.
fn experiment_list(text: &str) -> Option<usize> {
    text.match_indices("X:").map(|(at, _)| at).find(|at| {
        text[..*at]
            .chars()
            .next_back()
            .is_none_or(char::is_whitespace)
    })
}

fn vendor_text(text: &str) -> Option<&str> {
    let text = text.trim();
    let text = text
        .strip_prefix('(')
        .and_then(|inner| inner.strip_suffix(')'))
        .unwrap_or(text);
    (!text.is_empty()).then_some(text)
}

/// A release of the database (`1.22.0-rc.1`) under the name that Go gives it (`go1.22rc1`).
///
/// The lower bound `1.22.0-0` is no release; it is named after the release that it leads to.
pub fn release_name(semver: &str) -> String {
    let Some(version) = Semver::parse_bare(semver) else {
        return format!("go{semver}");
    };
    let (major, minor, patch) = version.numbers();
    // Since 1.21 the first release carries its .0, pre-releases never do.
    let old = minor.parse::<u64>().is_ok_and(|minor| minor < 21);
    match version.pre() {
        "" | "0" if patch == "0" && old && minor == "0" => format!("go{major}"),
        "" | "0" if patch == "0" && old => format!("go{major}.{minor}"),
        "" | "0" => format!("go{major}.{minor}.{patch}"),
        pre if patch == "0" => format!("go{major}.{minor}{}", pre.replace('.', "")),
        pre => format!("go{major}.{minor}.{patch}{}", pre.replace('.', "")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<String> {
        match GoVersion::parse(text).position {
            Position::At(version) => Some(version),
            _ => None,
        }
    }

    #[test]
    fn releases_and_pre_releases_have_their_place() {
        let cases = [
            ("go1", "1.0.0"),
            ("go1.2", "1.2.0"),
            ("go1.5.4", "1.5.4"),
            ("go1.20", "1.20.0"),
            ("go1.21", "1.21.0"),
            ("go1.21.0", "1.21.0"),
            ("go1.22rc1", "1.22.0-rc.1"),
            ("go1.19beta1", "1.19.0-beta.1"),
            ("go1.9.2rc2", "1.9.2-rc.2"),
            ("go1.20-pre4", "1.20.0-pre.4"),
            ("go1.26.10", "1.26.10"),
            (" go1.26.10\n", "1.26.10"),
        ];
        for (name, place) in cases {
            assert_eq!(at(name).as_deref(), Some(place), "{name}");
            let version = GoVersion::parse(name);
            assert_eq!(
                (version.vendor, version.experiments),
                (None, None),
                "{name}"
            );
        }
    }

    #[test]
    fn what_vendors_and_experiments_append_is_kept() {
        let cases = [
            ("go1.25.0 X:jsonv2", "1.25.0", None, Some("jsonv2")),
            (
                "go1.25.0 X:jsonv2,greenteagc",
                "1.25.0",
                None,
                Some("jsonv2,greenteagc"),
            ),
            (
                "go1.24.4 (Red Hat 1.24.4-1.el9)",
                "1.24.4",
                Some("Red Hat 1.24.4-1.el9"),
                None,
            ),
            (
                "go1.24.4 (Red Hat 1.24.4-1.el9) X:strictfipsruntime",
                "1.24.4",
                Some("Red Hat 1.24.4-1.el9"),
                Some("strictfipsruntime"),
            ),
            (
                "go1.24.4 X:a (Red Hat 1.24.4-1.el9)",
                "1.24.4",
                Some("Red Hat 1.24.4-1.el9"),
                Some("a"),
            ),
            ("go1.15.2-3", "1.15.2", Some("-3"), None),
            ("go1.22.3-bigcorp", "1.22.3", Some("-bigcorp"), None),
            (
                "go1.22.3-1-openssl-fips X:opensslcrypto",
                "1.22.3",
                Some("-1-openssl-fips"),
                Some("opensslcrypto"),
            ),
            ("go1.18.1b7", "1.18.1", Some("b7"), None),
            ("go1.21.0+auto", "1.21.0", None, None),
            ("go1.21.0+path", "1.21.0", None, None),
            ("go1.21.3+corp", "1.21.3", Some("+corp"), None),
            (
                "go1.18 gccgo (Debian 12.2.0-14) 12.2.0 linux/amd64",
                "1.18.0",
                Some("gccgo (Debian 12.2.0-14) 12.2.0 linux/amd64"),
                None,
            ),
            ("go1.22rc1-bigcorp", "1.22.0-rc.1", Some("-bigcorp"), None),
            ("go1.22.1 PAX:ED", "1.22.1", Some("PAX:ED"), None),
        ];
        for (name, place, vendor, experiments) in cases {
            let version = GoVersion::parse(name);
            assert_eq!(version.position, Position::At(place.to_owned()), "{name}");
            assert_eq!(
                (version.vendor, version.experiments),
                (vendor, experiments),
                "{name}"
            );
        }
    }

    #[test]
    fn development_versions_are_intervals() {
        let cases = [
            (
                "devel go1.27-abcdef Mon Jan 5 10:00:00 2026 +0000",
                Some("1.26.0-rc.1"),
                "1.28.0-0",
            ),
            ("devel go1.17-756fd56bbf", Some("1.16.0-rc.1"), "1.18.0-0"),
            (
                "go1.26-devel_0cd6ed7d1e Fri Nov 21 10:00:00 2025 -0800",
                Some("1.25.0-rc.1"),
                "1.27.0-0",
            ),
            (
                "go1.22-20240109-RC01 cl/596877512 +dfa7ae3d2d X:fieldtrack",
                Some("1.21.0-rc.1"),
                "1.23.0-0",
            ),
            (
                "devel +abcdef Mon Jan 2 15:04:05 2017 +0000",
                None,
                "1.18.0-0",
            ),
        ];
        for (name, lowest, too_high) in cases {
            let Position::Between { from, below, .. } = GoVersion::parse(name).position else {
                panic!("{name} is not an interval");
            };
            assert_eq!(
                (from.as_deref(), below.as_str()),
                (lowest, too_high),
                "{name}"
            );
        }
        assert_eq!(
            GoVersion::parse("devel go1.26-abcdef X:jsonv2").experiments,
            Some("jsonv2")
        );
    }

    #[test]
    fn what_is_not_understood_has_no_place() {
        let cases = [
            "",
            "go",
            "go2.0",
            "1.21.0",
            "unknown",
            "devel",
            "devel 1a2b3c",
            "go1.21.x",
            "go1.021",
            "go1.2.3.4",
            "go1.999testmod",
            "go1.99999999999999999999",
            "go1.21.0garbage",
            "gopher",
            "devel go1.21x",
        ];
        for name in cases {
            assert!(
                matches!(GoVersion::parse(name).position, Position::Unknown(_)),
                "{name}"
            );
        }
    }

    #[test]
    fn releases_are_named_as_go_names_them() {
        let cases = [
            ("1.0.0", "go1"),
            ("1.20.0", "go1.20"),
            ("1.21.0", "go1.21.0"),
            ("1.26.8", "go1.26.8"),
            ("1.21.0-rc.4", "go1.21rc4"),
            ("1.21.0-0", "go1.21.0"),
            ("1.9.2-rc.2", "go1.9.2rc2"),
            ("nonsense", "gononsense"),
        ];
        for (semver, name) in cases {
            assert_eq!(release_name(semver), name);
        }
    }
}

//! The OSV files of the Go vulnerability database, reduced to facts.
//!
//! Prose (summary, details, credits, references) is dropped while reading. Unknown fields are ignored, since the schema
//! grows; a known field of another type than the schema's refuses the file, since guessing would lose an advisory.

use crate::date::Date;
use crate::finding::ReviewStatus;
use crate::version::range::Scheme;
use serde::Deserialize;
use std::fmt;

/// The largest file that is read, in bytes. The largest published one has 13 kB.
pub const MAX_FILE: usize = 4 << 20;

/// What the Go database writes where it has no date.
const NO_DATE: &str = "0001-01-01T00:00:00Z";

/// One advisory: what a file says about Go modules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// `GO-2024-1234`.
    pub id: String,
    /// Other names, sorted, without duplicates.
    pub aliases: Vec<String>,
    /// RFC 3339 time of publication, if stated.
    pub published: Option<String>,
    /// RFC 3339 time of the last change, if stated.
    pub modified: Option<String>,
    /// RFC 3339 time at which it was withdrawn.
    pub withdrawn: Option<String>,
    /// Where to read about it, if stated.
    pub url: Option<String>,
    /// Review status.
    pub review: ReviewStatus,
    /// Affected Go modules, in file order.
    pub affected: Vec<Affected>,
}

/// What is affected in one module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Affected {
    /// Module path; `stdlib` and `toolchain` for Go itself.
    pub module: String,
    /// Affected versions.
    pub ranges: Vec<Range>,
    /// Affected versions in the project's own scheme, where it differs.
    pub custom_ranges: Vec<Range>,
    /// Affected packages; none means all.
    pub imports: Vec<Import>,
}

/// A range as published: its scheme and its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// How versions are ordered.
    pub scheme: Scheme,
    /// Changes of state.
    pub events: Vec<Event>,
}

/// A change of state, as published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Affected from here.
    Introduced(String),
    /// Not affected from here.
    Fixed(String),
    /// Affected up to here.
    LastAffected(String),
}

/// An affected package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Import path.
    pub path: String,
    /// Affected functions and methods (`Parse`, `URL.Parse`), sorted; none means all.
    pub symbols: Vec<String>,
    /// Operating systems; none means all.
    pub goos: Vec<String>,
    /// Architectures; none means all.
    pub goarch: Vec<String>,
}

/// A file that is not an advisory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OsvError {
    /// Name of the file, as handed in.
    pub file: String,
    /// What is wrong with it: a sentence part, without a full stop.
    pub reason: String,
}

impl fmt::Display for OsvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not an OSV advisory: {}", self.file, self.reason)
    }
}

impl std::error::Error for OsvError {}

/// Reads one file. `name` is only used in errors.
///
/// # Errors
/// When it is too large, not JSON, not of the OSV schema, or has an unusable id or date.
pub fn parse(name: &str, bytes: &[u8]) -> Result<Entry, OsvError> {
    let error = |reason: String| OsvError {
        file: name.to_owned(),
        reason,
    };
    if bytes.len() > MAX_FILE {
        return Err(error(format!(
            "{} bytes, more than the limit of {MAX_FILE}",
            bytes.len()
        )));
    }
    let file: wire::Entry = serde_json::from_slice(bytes).map_err(|e| error(e.to_string()))?;
    file.into_entry().map_err(error)
}

fn check_id(id: &str) -> Result<(), String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.:".contains(&b);
    let valid = (1..=128).contains(&id.len()) && id.bytes().all(allowed);
    if valid {
        Ok(())
    } else {
        Err(format!("unusable id {id:?}"))
    }
}

/// A stated time, checked to begin with a day.
fn time(field: &str, text: Option<String>) -> Result<Option<String>, String> {
    match text {
        Some(text) if text == NO_DATE => Ok(None),
        Some(text) => match Date::of_time(&text) {
            Ok(_) => Ok(Some(text)),
            Err(_) => Err(format!("`{field}` is not an RFC 3339 time: {text:?}")),
        },
        None => Ok(None),
    }
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort_unstable();
    texts.dedup();
    texts
}

/// The schema, as far as it is read.
mod wire {
    use super::{Deserialize, ReviewStatus, Scheme, check_id, sorted, time};

    #[derive(Deserialize)]
    pub(super) struct Entry {
        id: String,
        #[serde(default)]
        aliases: Vec<String>,
        published: Option<String>,
        modified: Option<String>,
        withdrawn: Option<String>,
        #[serde(default)]
        affected: Vec<Affected>,
        #[serde(default)]
        database_specific: DatabaseSpecific,
    }

    #[derive(Deserialize, Default)]
    struct DatabaseSpecific {
        url: Option<String>,
        review_status: Option<String>,
    }

    #[derive(Deserialize)]
    struct Affected {
        package: Package,
        #[serde(default)]
        ranges: Vec<Range>,
        #[serde(default)]
        versions: Vec<String>,
        #[serde(default)]
        ecosystem_specific: EcosystemSpecific,
    }

    #[derive(Deserialize)]
    struct Package {
        name: String,
        ecosystem: String,
    }

    #[derive(Deserialize)]
    struct Range {
        #[serde(rename = "type")]
        scheme: String,
        #[serde(default)]
        events: Vec<Event>,
    }

    #[derive(Deserialize)]
    struct Event {
        introduced: Option<String>,
        fixed: Option<String>,
        last_affected: Option<String>,
    }

    #[derive(Deserialize, Default)]
    struct EcosystemSpecific {
        #[serde(default)]
        imports: Vec<Import>,
        #[serde(default)]
        custom_ranges: Vec<Range>,
    }

    #[derive(Deserialize)]
    struct Import {
        path: String,
        #[serde(default)]
        symbols: Vec<String>,
        #[serde(default)]
        goos: Vec<String>,
        #[serde(default)]
        goarch: Vec<String>,
    }

    impl Entry {
        pub(super) fn into_entry(self) -> Result<super::Entry, String> {
            check_id(&self.id)?;
            let of_go = self
                .affected
                .into_iter()
                .filter(|affected| affected.package.ecosystem == "Go");
            Ok(super::Entry {
                aliases: sorted(self.aliases),
                published: time("published", self.published)?,
                modified: time("modified", self.modified)?,
                withdrawn: time("withdrawn", self.withdrawn)?,
                url: self.database_specific.url,
                review: review(self.database_specific.review_status.as_deref()),
                affected: of_go
                    .map(Affected::into_affected)
                    .collect::<Result<_, _>>()?,
                id: self.id,
            })
        }
    }

    fn review(status: Option<&str>) -> ReviewStatus {
        match status {
            Some("REVIEWED") => ReviewStatus::Reviewed,
            Some("UNREVIEWED") => ReviewStatus::Unreviewed,
            _ => ReviewStatus::Unknown,
        }
    }

    impl Affected {
        fn into_affected(self) -> Result<super::Affected, String> {
            if self.package.name.is_empty() {
                return Err("an affected package without a name".to_owned());
            }
            let mut ranges = self
                .ranges
                .into_iter()
                .map(Range::into_range)
                .collect::<Result<Vec<_>, _>>()?;
            if ranges.is_empty() {
                // Single versions are listed where no range can be given.
                ranges = self.versions.into_iter().map(single_version).collect();
            }
            let specific = self.ecosystem_specific;
            Ok(super::Affected {
                module: self.package.name,
                ranges,
                custom_ranges: specific
                    .custom_ranges
                    .into_iter()
                    .map(Range::into_range)
                    .collect::<Result<_, _>>()?,
                imports: specific
                    .imports
                    .into_iter()
                    .map(Import::into_import)
                    .collect::<Result<_, _>>()?,
            })
        }
    }

    fn single_version(version: String) -> super::Range {
        let events = vec![
            super::Event::Introduced(version.clone()),
            super::Event::LastAffected(version),
        ];
        super::Range {
            scheme: Scheme::Semver,
            events,
        }
    }

    impl Range {
        fn into_range(self) -> Result<super::Range, String> {
            let scheme = if self.scheme == "SEMVER" {
                Scheme::Semver
            } else {
                Scheme::Ecosystem
            };
            let events = self
                .events
                .into_iter()
                .filter_map(Event::into_event)
                .collect::<Result<_, _>>()?;
            Ok(super::Range { scheme, events })
        }
    }

    impl Event {
        /// `limit` events carry none of the three and change nothing here.
        fn into_event(self) -> Option<Result<super::Event, String>> {
            match (self.introduced, self.fixed, self.last_affected) {
                (None, None, None) => None,
                (Some(version), None, None) => Some(Ok(super::Event::Introduced(version))),
                (None, Some(version), None) => Some(Ok(super::Event::Fixed(version))),
                (None, None, Some(version)) => Some(Ok(super::Event::LastAffected(version))),
                _ => Some(Err(
                    "a range event that states more than one change".to_owned()
                )),
            }
        }
    }

    impl Import {
        fn into_import(self) -> Result<super::Import, String> {
            if self.path.is_empty() {
                return Err("an import without a path".to_owned());
            }
            Ok(super::Import {
                path: self.path,
                symbols: sorted(self.symbols),
                goos: sorted(self.goos),
                goarch: sorted(self.goarch),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = r#"{
        "schema_version": "1.3.1", "id": "GO-2024-0001", "modified": "0001-01-01T00:00:00Z",
        "published": "2022-02-17T17:33:35Z", "withdrawn": "2024-08-21T16:25:56Z",
        "aliases": ["GHSA-b", "CVE-2024-1", "GHSA-b"], "summary": "s", "details": "d", "new_field": {"a": [1]},
        "affected": [
            {"package": {"name": "example.com/m", "ecosystem": "Go"},
             "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.2.3"}]}],
             "ecosystem_specific": {
                "imports": [{"path": "example.com/m/p", "goos": ["windows"], "goarch": ["arm"], "symbols": ["T.M", "F"]}],
                "custom_ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "1.0"}]}]}},
            {"package": {"name": "left-pad", "ecosystem": "npm"}}],
        "database_specific": {"url": "https://pkg.go.dev/vuln/GO-2024-0001", "review_status": "REVIEWED"}}"#;

    #[test]
    fn facts_are_read_and_the_rest_is_ignored() {
        let entry = parse("x.json", FULL.as_bytes()).unwrap();
        assert_eq!(entry.aliases, ["CVE-2024-1", "GHSA-b"]);
        assert_eq!(
            (entry.published.as_deref(), entry.modified),
            (Some("2022-02-17T17:33:35Z"), None)
        );
        assert_eq!(entry.withdrawn.as_deref(), Some("2024-08-21T16:25:56Z"));
        assert_eq!(entry.review, ReviewStatus::Reviewed);
        let [affected] = entry.affected.as_slice() else {
            panic!("the npm package was kept")
        };
        assert_eq!(
            affected.ranges[0].events[1],
            Event::Fixed("1.2.3".to_owned())
        );
        assert_eq!(affected.custom_ranges[0].scheme, Scheme::Ecosystem);
        assert_eq!(affected.imports[0].symbols, ["F", "T.M"]);
        assert_eq!(affected.imports[0].goos, ["windows"]);
    }

    #[test]
    fn listed_versions_stand_in_for_ranges() {
        let json = r#"{"id": "M-1", "affected": [{"package": {"name": "m", "ecosystem": "Go"}, "versions": ["1.0.0"]}]}"#;
        let entry = parse("x", json.as_bytes()).unwrap();
        let events = &entry.affected[0].ranges[0].events;
        assert_eq!(
            *events,
            [
                Event::Introduced("1.0.0".to_owned()),
                Event::LastAffected("1.0.0".to_owned())
            ]
        );
    }

    #[test]
    fn other_files_are_refused_with_their_name() {
        let cases = [
            ("", "EOF"),
            ("[]", "invalid"),
            ("{}", "missing field `id`"),
            (r#"{"id": 1}"#, "invalid type"),
            (r#"{"id": "a b"}"#, "unusable id"),
            (r#"{"id": "X", "withdrawn": "soon"}"#, "RFC 3339"),
            (r#"{"id": "X", "affected": {}}"#, "invalid type"),
            (
                r#"{"id": "X", "affected": [{"package": {"name": "", "ecosystem": "Go"}}]}"#,
                "without a name",
            ),
            (
                r#"{"id": "X", "affected": [{"package": {"name": "m", "ecosystem": "Go"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0", "fixed": "1"}]}]}]}"#,
                "more than one",
            ),
        ];
        for (json, part) in cases {
            let error = parse("dir/x.json", json.as_bytes()).unwrap_err();
            assert!(error.to_string().starts_with("dir/x.json "), "{error}");
            assert!(error.reason.contains(part), "{json}: {error}");
        }
        assert!(
            parse("big", &vec![b' '; MAX_FILE + 1])
                .unwrap_err()
                .reason
                .contains("limit")
        );
    }
}

//! What the vulnerability database shows of Go's releases: a release exists where it fixes an advisory.
//!
//! That is a lower bound: a release that fixes nothing is not known, and the newest one may be newer than the database.

use goassay_vuln::database::{Database, DatabaseError};
use goassay_vuln::date::Date;
use std::collections::{BTreeMap, BTreeSet};

/// Releases by minor version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Releases {
    /// Newest patch release known of Go 1.x, by x.
    pub newest: BTreeMap<u32, u32>,
    /// Minor versions of which a release candidate is known: `x` of `1.x.0-rc.n`.
    pub candidates: BTreeSet<u32>,
    /// Day of the database.
    pub date: Option<Date>,
}

impl Releases {
    /// Gathers them from the advisories on Go itself.
    ///
    /// # Errors
    /// Where the database is not consistent.
    pub fn of(database: &Database<'_>) -> Result<Releases, DatabaseError> {
        use goassay_vuln::version::range::Event;
        let mut releases = Releases {
            newest: BTreeMap::new(),
            candidates: BTreeSet::new(),
            date: database.identity().date,
        };
        for module in ["stdlib", "toolchain"] {
            for affected in database.affected(module)? {
                for event in affected.ranges.iter().flat_map(|range| &range.events) {
                    if let Event::Fixed(version) = event {
                        releases.note(version);
                    }
                }
            }
        }
        Ok(releases)
    }

    /// Takes a release, or the candidate of one, in.
    fn note(&mut self, version: &str) {
        let mut parts = version.splitn(3, '.');
        let mut number = || parts.next()?.parse::<u32>().ok();
        let (Some(1), Some(minor)) = (number(), number()) else {
            return;
        };
        let patch = parts.next().unwrap_or_default();
        if let Ok(patch) = patch.parse::<u32>() {
            let newest = self.newest.entry(minor).or_insert(patch);
            *newest = patch.max(*newest);
        } else if patch.starts_with("0-rc.") {
            self.candidates.insert(minor);
        }
    }

    /// The two newest minor versions known, newest first: those that Go supports.
    pub fn supported(&self) -> Vec<u32> {
        self.newest.keys().rev().take(2).copied().collect()
    }
}

//! From differences to causes: what a build, or somebody after it, did otherwise; the likeliest first, each with its evidence.
//!
//! One change shows in many places: another Go changes every function and every path. So causes have an order, in which one that
//! brings others with it stands before them, and what an earlier one explains wholly is left out. Nothing that is said here proves
//! anything; a rebuild does.

mod afterlink;
mod derived;
mod flags;
mod kind;
mod recorded;

pub use kind::{Change, Kind, Place};

use crate::differences::Differences;

/// Why two binaries differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// What was done otherwise.
    pub kind: Kind,
    /// What shows it: sentences without full stops.
    pub evidence: Vec<String>,
    /// What the build of B would have to change so that its result is as A is; empty where no setting does it.
    pub changes: Vec<Change>,
}

impl Cause {
    fn new(kind: Kind, evidence: Vec<String>) -> Cause {
        Cause {
            kind,
            evidence,
            changes: Vec::new(),
        }
    }

    fn with(mut self, changes: impl IntoIterator<Item = Change>) -> Cause {
        self.changes.extend(changes);
        self
    }
}

/// The causes of differences, the likeliest first; none where there are none.
#[must_use]
pub fn causes(found: &Differences) -> Vec<Cause> {
    if found.span.is_identical() {
        return Vec::new();
    }
    if let Some(unread) = &found.unread {
        let sides = ["A", "B"].into_iter().zip(&unread.0);
        let evidence = sides.filter_map(|(side, why)| Some(format!("{side}: {}", why.as_ref()?)));
        return vec![Cause::new(Kind::Unread, evidence.collect())];
    }
    let mut causes = afterlink::causes(found);
    if afterlink::is_one_build(found) {
        return or_unexplained(found, causes);
    }
    causes.extend(recorded::causes(found));
    causes.extend(derived::causes(found, &causes));
    // Stable: of one rank, what was found first.
    causes.sort_by_key(|cause| cause.kind.rank());
    or_unexplained(found, causes)
}

fn or_unexplained(found: &Differences, mut causes: Vec<Cause>) -> Vec<Cause> {
    if causes.is_empty() {
        let span = &found.span;
        let mut evidence = vec![format!(
            "{} bytes differ, the first at {:#x}, and the lengths are {} and {}",
            span.differ, span.first, span.lengths[0], span.lengths[1]
        )];
        let sections = found.container.sections.list.iter();
        evidence.extend(sections.take(5).map(|section| {
            format!(
                "{} bytes differ in section {}",
                section.differ, section.name
            )
        }));
        causes.push(Cause::new(Kind::Unexplained, evidence));
    }
    causes
}

/// A value, or the word for none.
fn or_none(value: Option<&String>) -> String {
    match value.map(String::as_str) {
        None => "not set".to_owned(),
        Some("") => "nothing".to_owned(),
        Some(value) => value.to_owned(),
    }
}

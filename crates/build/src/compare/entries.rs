//! Two trees, entry by entry.

use super::{AppliedTo, Outcome, Side, What, contents};
use crate::archive::{Entry, Error, FROM_CONTENTS, Facts, Kind, Tree};
use crate::normalize::Normalization;
use std::collections::{BTreeMap, BTreeSet};

/// Compares everything; entries that the two sides share by name.
pub(super) fn compare(
    posted: &Tree,
    rebuilt: &Tree,
    allowed: &[Normalization],
    outcome: &mut Outcome,
) -> Result<(), Error> {
    for (side, tree) in [(Side::Posted, posted), (Side::Rebuilt, rebuilt)] {
        for name in tree.shared_names(false) {
            outcome.differences.add(name, What::Duplicate(side));
        }
    }
    let (one, other) = (by_name(posted), by_name(rebuilt));
    for name in one.keys().filter(|name| !other.contains_key(*name)) {
        outcome.differences.add(name, What::Only(Side::Posted));
    }
    for name in other.keys().filter(|name| !one.contains_key(*name)) {
        outcome.differences.add(name, What::Only(Side::Rebuilt));
    }
    order(posted, rebuilt, outcome);
    for (name, entry) in &one {
        if let Some(twin) = other.get(name) {
            let mut pair = Pair {
                trees: [posted, rebuilt],
                entries: [entry, twin],
                outcome,
            };
            pair.compare(allowed)?;
        }
    }
    // What the whole is packed to follows from all the rest.
    let rest_is_equal = outcome.differences.count == 0 && outcome.applied.is_empty();
    let skipped = |name: &str| FROM_CONTENTS.contains(&name) && !rest_is_equal;
    facts("", &posted.facts, &rebuilt.facts, &skipped, &[], outcome);
    Ok(())
}

fn by_name(tree: &Tree) -> BTreeMap<&str, &Entry> {
    let named = tree.entries.iter().map(|e| (e.name.as_str(), e));
    named.collect()
}

/// The first entry, of those that both sides have, that is at another place.
fn order(posted: &Tree, rebuilt: &Tree, outcome: &mut Outcome) {
    let names = |tree: &'_ Tree| -> BTreeSet<String> {
        tree.entries.iter().map(|e| e.name.clone()).collect()
    };
    let (one, other) = (names(posted), names(rebuilt));
    let left = posted.entries.iter().enumerate();
    let right = rebuilt.entries.iter().enumerate();
    let left = left.filter(|(_, entry)| other.contains(&entry.name));
    let right = right.filter(|(_, entry)| one.contains(&entry.name));
    let moved = left.zip(right).find(|((_, a), (_, b))| a.name != b.name);
    if let Some(((at, entry), _)) = moved {
        let there = rebuilt.entries.iter().position(|e| e.name == entry.name);
        let what = What::Order(at, there.unwrap_or(at));
        outcome.differences.add(&entry.name, what);
    }
}

struct Pair<'a> {
    trees: [&'a Tree; 2],
    entries: [&'a Entry; 2],
    outcome: &'a mut Outcome,
}

impl Pair<'_> {
    fn compare(&mut self, allowed: &[Normalization]) -> Result<(), Error> {
        let [one, other] = self.entries;
        let differences = &mut self.outcome.differences;
        if one.kind != other.kind {
            let what = What::Kind(in_words(&one.kind), in_words(&other.kind));
            differences.add(&one.name, what);
        }
        if one.mode != other.mode {
            differences.add(&one.name, What::Mode(one.mode, other.mode));
        }
        if one.mtime != other.mtime {
            differences.add(&one.name, What::Time(one.mtime, other.mtime));
        }
        let same = one.sum == other.sum;
        let skipped = |name: &str| FROM_CONTENTS.contains(&name) && !same;
        facts(
            &one.name,
            &one.facts,
            &other.facts,
            &skipped,
            allowed,
            self.outcome,
        );
        if same { Ok(()) } else { self.contents(allowed) }
    }

    fn contents(&mut self, allowed: &[Normalization]) -> Result<(), Error> {
        let [one, other] = self.entries;
        if one.sum.length.max(other.sum.length) > contents::MAX_DIAGNOSED {
            let differ = contents::unread(one.sum, other.sum);
            let what = What::Contents(Box::new(differ));
            self.outcome.differences.add(&one.name, what);
            return Ok(());
        }
        let left = self.trees[0].contents(one)?;
        let right = self.trees[1].contents(other)?;
        self.outcome.contents(&one.name, &left, &right, allowed);
        Ok(())
    }
}

fn in_words(kind: &Kind) -> String {
    match kind {
        Kind::Symlink(target) | Kind::Hardlink(target) => format!("{} to {target}", kind.name()),
        kind => kind.name().to_owned(),
    }
}

/// Compares what containers say of an entry, or of themselves.
fn facts(
    name: &str,
    posted: &Facts,
    rebuilt: &Facts,
    skipped: &dyn Fn(&str) -> bool,
    allowed: &[Normalization],
    outcome: &mut Outcome,
) {
    let keys: BTreeSet<&String> = posted.keys().chain(rebuilt.keys()).collect();
    for key in keys {
        let (one, other) = (posted.get(key), rebuilt.get(key));
        if one == other || skipped(key) {
            continue;
        }
        let Some((normalization, said)) = normalised(key, one, other, allowed) else {
            let what = What::Fact(key.clone(), one.cloned(), other.cloned());
            outcome.differences.add(name, what);
            continue;
        };
        let name = name.to_owned();
        let [posted, rebuilt] = said;
        outcome.apply(
            normalization,
            AppliedTo {
                name,
                posted,
                rebuilt,
            },
        );
    }
}

/// The normalisation that makes two values equal, and what it did to each.
fn normalised(
    key: &str,
    one: Option<&String>,
    other: Option<&String>,
    allowed: &[Normalization],
) -> Option<(&'static str, [String; 2])> {
    let (one, other) = (one?, other?);
    allowed.iter().find_map(|normalization| {
        let left = normalization.fact(key, one);
        let right = normalization.fact(key, other);
        let equal = left.as_ref().unwrap_or(one) == right.as_ref().unwrap_or(other);
        let said =
            |changed: Option<String>| changed.map_or(String::new(), |v| format!("{key} {v}"));
        equal.then(|| (normalization.name, [said(left), said(right)]))
    })
}

//! Whether two files are the same: the only place that can say so.

use super::Verdict;
use crate::compare::compare_contents_by;
use crate::normalize;
use goassay_binary::image::Image;
use std::ops::Range;

/// What equality is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// The bytes of the whole files.
    Whole,
    /// Their parts, one by one: every section, and all that lies in none; after a normalisation too. For tests of the comparison.
    Parts,
}

/// Compares a file with the rebuilt one.
#[must_use]
pub fn judge(file: &[u8], rebuilt: &[u8], gate: Gate) -> Verdict {
    let is_same = |one: &[u8], other: &[u8]| match gate {
        Gate::Whole => one == other,
        Gate::Parts => parts(one) == parts(other),
    };
    if is_same(file, rebuilt) {
        return Verdict::Identical;
    }
    let allowed = [normalize::APPLE_SIGNATURE];
    let contents = compare_contents_by(file, rebuilt, &allowed, &is_same);
    match contents.differ {
        None => Verdict::IdenticalAfter(contents.applied),
        Some(differ) => Verdict::Different(Box::new(differ.diagnosis)),
    }
}

/// A file in parts that together are all of it: its sections by name and place, and what lies between and behind them.
fn parts(file: &[u8]) -> Vec<(&[u8], Range<usize>, &[u8])> {
    let Ok(image) = Image::parse(file) else {
        return vec![(b"", 0..file.len(), file)];
    };
    let place = |offset: u64, len: u64| {
        let start = usize::try_from(offset).ok()?;
        let range = start..start.checked_add(usize::try_from(len).ok()?)?;
        Some((range.clone(), file.get(range)?))
    };
    let sections = image.sections.iter();
    let mut all: Vec<_> = sections
        .filter_map(|section| {
            let (range, bytes) = place(section.offset.0, section.len)?;
            Some((section.name, range, bytes))
        })
        .collect();
    all.sort_by_key(|(_, range, _)| (range.start, range.end));
    let mut between = Vec::new();
    let mut at = 0;
    for range in all
        .iter()
        .map(|(_, range, _)| range.clone())
        .chain(std::iter::once(file.len()..file.len()))
    {
        if let Some(bytes) = file.get(at..range.start).filter(|bytes| !bytes.is_empty()) {
            between.push((&b""[..], at..range.start, bytes));
        }
        at = at.max(range.end);
    }
    all.extend(between);
    all
}

#[cfg(test)]
mod tests;

//! Which bytes of the file are still free, and who got the others.
//!
//! A claim gets only what is free, so no byte is counted twice; what is never claimed goes to the part it lies in. That is
//! why the rows always add up to the file's length, whatever the file says.

use super::{How, Kind, Owner, Row};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

/// To whom a claim goes and as what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Label {
    pub(super) owner: Owner,
    pub(super) kind: Kind,
    pub(super) how: How,
}

impl Label {
    pub(super) fn exact(owner: Owner, kind: Kind) -> Label {
        Label {
            owner,
            kind,
            how: How::Exact,
        }
    }
}

/// A part of the file, and the label of what nobody claims in it.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) range: Range<u64>,
    pub(super) rest: Label,
}

/// The account of one file.
#[derive(Debug)]
pub(super) struct Ledger {
    /// Disjoint and in order; they cover the whole file.
    parts: Vec<Part>,
    /// Disjoint, in order, none empty.
    free: Vec<Range<u64>>,
    taken: HashMap<(u32, Label), u64, BuildHasherDefault<Mix>>,
    /// What was booked last and is not in `taken` yet: neighbours usually share their label.
    last: Option<((u32, Label), u64)>,
    /// The part that was booked in last.
    at: usize,
}

/// A plain hash: half a million bookings go to keys that are numbers of packages and sections, which nobody chooses.
#[derive(Debug, Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_isize(&mut self, value: isize) {
        self.write_u64(value.cast_unsigned() as u64);
    }

    fn write_u64(&mut self, value: u64) {
        // An odd number without pattern: 2^64 divided by the golden ratio.
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Ledger {
    /// A ledger over parts that are in order and leave no hole.
    pub(super) fn new(parts: Vec<Part>) -> Ledger {
        let end = parts.last().map_or(0, |part| part.range.end);
        Ledger {
            free: std::iter::once(0..end)
                .filter(|range| !range.is_empty())
                .collect(),
            parts,
            taken: HashMap::default(),
            last: None,
            at: 0,
        }
    }

    /// Claims ranges of file offsets, sorted by their start; `taken` hears how many bytes each claim got.
    pub(super) fn claim<T: Copy>(
        &mut self,
        claims: impl IntoIterator<Item = (Range<u64>, T)>,
        label: impl Fn(T) -> Label,
        mut got: impl FnMut(T, u64),
    ) {
        let mut left = Vec::with_capacity(self.free.len());
        let mut free = std::mem::take(&mut self.free).into_iter();
        let mut current = free.next();
        for (claim, to) in claims {
            while let Some(range) = current.clone().filter(|range| range.end <= claim.start) {
                left.push(range);
                current = free.next();
            }
            while let Some(range) = current.clone().filter(|range| range.start < claim.end) {
                let start = range.start.max(claim.start);
                let end = range.end.min(claim.end);
                if range.start < start {
                    left.push(range.start..start);
                }
                if start < end {
                    self.book(start..end, label(to));
                    got(to, end - start);
                }
                current = if end < range.end {
                    Some(end.max(start)..range.end)
                } else {
                    free.next()
                };
            }
        }
        left.extend(current);
        left.extend(free);
        self.free = left;
    }

    /// What nobody has yet, in order.
    pub(super) fn free(&self) -> &[Range<u64>] {
        &self.free
    }

    /// Shares what is free of a range out by weights, in proportion and to the byte.
    pub(super) fn share(&mut self, range: &Range<u64>, weights: &[(Label, u64)]) {
        let total: u128 = weights.iter().map(|&(_, weight)| u128::from(weight)).sum();
        if total == 0 {
            return;
        }
        let mut pieces = Vec::new();
        for free in self
            .free
            .iter()
            .filter(|free| free.start < range.end && range.start < free.end)
        {
            let (start, end) = (free.start.max(range.start), free.end.min(range.end));
            let len = u128::from(end - start);
            let mut before: u128 = 0;
            let place =
                |weight: u128| start + u64::try_from(weight * len / total).unwrap_or(end - start);
            for &(label, weight) in weights {
                let next = before + u128::from(weight);
                pieces.push((place(before)..place(next), label));
                before = next;
            }
        }
        self.claim(pieces, |label| label, |_, _| {});
    }

    /// Adds a range that lies within free ranges to the account, split at the parts' borders.
    fn book(&mut self, range: Range<u64>, label: Label) {
        let mut at = self.part_at(range.start);
        let mut start = range.start;
        while start < range.end {
            let Some(part) = self.parts.get(at) else {
                return;
            };
            let end = range.end.min(part.range.end);
            if start < end {
                let index = u32::try_from(at).unwrap_or(u32::MAX);
                self.note((index, label), end - start);
            }
            start = end.max(start);
            at += 1;
        }
    }

    /// The part that holds an offset, which is most often the one that was asked for last.
    fn part_at(&mut self, offset: u64) -> usize {
        let same = self.parts.get(self.at);
        if !same.is_some_and(|part| part.range.contains(&offset)) {
            self.at = self.parts.partition_point(|part| part.range.end <= offset);
        }
        self.at
    }

    fn note(&mut self, key: (u32, Label), bytes: u64) {
        match &mut self.last {
            Some((last, sum)) if *last == key => *sum += bytes,
            last => {
                if let Some((key, bytes)) = last.replace((key, bytes)) {
                    *self.taken.entry(key).or_default() += bytes;
                }
            }
        }
    }

    /// The account, closed: what is still free goes to the parts.
    pub(super) fn into_rows(mut self) -> Vec<Row> {
        let free = std::mem::take(&mut self.free);
        for range in free {
            self.close(range);
        }
        if let Some((key, bytes)) = self.last.take() {
            *self.taken.entry(key).or_default() += bytes;
        }
        let row = |((section, label), bytes): ((u32, Label), u64)| Row {
            section,
            owner: label.owner,
            kind: label.kind,
            how: label.how,
            bytes,
        };
        let mut rows: Vec<Row> = self.taken.into_iter().map(row).collect();
        rows.sort_unstable();
        rows
    }

    fn close(&mut self, range: Range<u64>) {
        let first = self
            .parts
            .partition_point(|part| part.range.end <= range.start);
        let mut rests = Vec::new();
        for part in self.parts.iter().skip(first) {
            if part.range.start >= range.end {
                break;
            }
            let start = part.range.start.max(range.start);
            let end = part.range.end.min(range.end);
            rests.push((start..end, part.rest));
        }
        for (range, label) in rests.into_iter().filter(|(range, _)| !range.is_empty()) {
            self.book(range, label);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(package: u32) -> Label {
        Label::exact(Owner::Package(package), Kind::Code)
    }

    fn ledger() -> Ledger {
        let rest = Label::exact(Owner::Unattributed, Kind::Other);
        let part = |range| Part { range, rest };
        Ledger::new(vec![part(0..10), part(10..10), part(10..30)])
    }

    fn rows(ledger: Ledger) -> Vec<(u32, Owner, u64)> {
        let rows = ledger.into_rows().into_iter();
        rows.map(|row| (row.section, row.owner, row.bytes))
            .collect()
    }

    #[test]
    fn a_claim_gets_what_is_free_and_the_parts_get_the_rest() {
        let mut ledger = ledger();
        let mut got = Vec::new();
        let claims = [(2..6, 1), (4..12, 2), (12..12, 3), (28..90, 4)];
        ledger.claim(claims, label, |to, bytes| got.push((to, bytes)));
        assert_eq!(got, [(1, 4), (2, 6), (4, 2)]);
        assert_eq!(
            rows(ledger),
            [
                (0, Owner::Package(1), 4),
                (0, Owner::Package(2), 4),
                (0, Owner::Unattributed, 2),
                (2, Owner::Package(2), 2),
                (2, Owner::Package(4), 2),
                (2, Owner::Unattributed, 16),
            ]
        );
    }

    #[test]
    fn claims_of_several_rounds_never_overlap() {
        let mut ledger = ledger();
        ledger.claim([(5..7, 1), (20..25, 1)], label, |_, _| {});
        ledger.claim([(0..30, 2)], label, |_, _| {});
        ledger.claim([(0..30, 3)], label, |_, _| {});
        let sum: u64 = rows(ledger).iter().map(|row| row.2).sum();
        assert_eq!(sum, 30);
    }
}

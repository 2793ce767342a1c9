//! Whether two files are the same: the only place that can say so.

use super::Verdict;
use crate::compare::compare_contents;
use crate::normalize;
use goassay_binary::image::Image;
use std::ops::Range;

/// What equality is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// The bytes of the whole files.
    Whole,
    /// Their parts, one by one: every section, and all that lies in none. For tests of the comparison.
    Parts,
}

/// Compares a file with the rebuilt one.
#[must_use]
pub fn judge(file: &[u8], rebuilt: &[u8], gate: Gate) -> Verdict {
    let is_same = match gate {
        Gate::Whole => file == rebuilt,
        Gate::Parts => parts(file) == parts(rebuilt),
    };
    if is_same {
        return Verdict::Identical;
    }
    let contents = compare_contents(file, rebuilt, &[normalize::APPLE_SIGNATURE]);
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
mod tests {
    use super::*;

    /// Numbers that look random and are the same each time.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, limit: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % limit as u64).unwrap()
        }
    }

    /// One change, of the kinds that somebody would make; none where the numbers chose one that changes nothing.
    fn mutated(file: &[u8], kind: usize, numbers: &mut Numbers) -> Option<Vec<u8>> {
        let mut bytes = file.to_vec();
        let image = Image::parse(file).unwrap();
        let text = image
            .sections
            .iter()
            .find(|section| [&b".text"[..], b"__text"].contains(&section.name))
            .unwrap();
        let (start, len) = (
            usize::try_from(text.offset.0).unwrap(),
            usize::try_from(text.len).unwrap(),
        );
        match kind {
            0 => bytes[numbers.below(file.len())] ^= 1 << numbers.below(8),
            1 => bytes[start + numbers.below(len)] ^= 0xff,
            // Two pieces of code change places.
            2 => {
                let (one, other) = (
                    start + numbers.below(len / 2 - 64),
                    start + len / 2 + numbers.below(len / 2 - 64),
                );
                let piece = bytes[one..one + 64].to_vec();
                bytes.copy_within(other..other + 64, one);
                bytes[other..other + 64].copy_from_slice(&piece);
            }
            3 => bytes.push(u8::try_from(numbers.below(256)).unwrap()),
            4 => bytes.truncate(file.len() - 1 - numbers.below(64)),
            // A version, a hash or a setting of the build information.
            5 => {
                let at = file
                    .windows(8)
                    .position(|bytes| bytes == b"\tbuild\t-" || bytes == b"goassay.")
                    .unwrap();
                bytes[at + numbers.below(100)] ^= 2;
            }
            6 => {
                let at = numbers.below(file.len());
                bytes.insert(at, 0);
            }
            _ => bytes
                .splice(file.len().., std::iter::repeat_n(0, 4096))
                .for_each(drop),
        }
        (bytes != file).then_some(bytes)
    }

    #[test]
    fn nothing_that_differs_is_the_same() {
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
        let names = ["elf-amd64-go1.26", "macho-amd64-go1.27", "pe-amd64-go1.26"];
        let mut tried = 0;
        for name in names {
            let file = goassay_fixtures::bytes(name);
            for gate in [Gate::Whole, Gate::Parts] {
                assert_eq!(judge(&file, &file, gate), Verdict::Identical, "{name}");
            }
            for round in 0..176 {
                let Some(other) = mutated(&file, round % 8, &mut numbers) else {
                    continue;
                };
                for gate in [Gate::Whole, Gate::Parts] {
                    let verdict = judge(&other, &file, gate);
                    assert!(
                        matches!(verdict, Verdict::Different(_)),
                        "{name}, round {round}, {gate:?}: {verdict:?}"
                    );
                }
                tried += 1;
            }
        }
        assert!(tried >= 500, "{tried}");
    }
}

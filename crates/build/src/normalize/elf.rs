//! ELF executables without what is not loaded: symbol tables, debug information, comments, the section headers.
//!
//! What is left is what a program loader makes of the file: the headers (without section headers, which Go's linker puts
//! directly behind the program headers), and the bytes of all segments up to the last that is not zero, because a loader fills up with zeros.
//! Two files that are equal then run equally; what they show a debugger may differ.

use super::Outcome;
use goassay_binary::bytes::{Bytes, Endian, Order, Width};

/// Most program headers; real files have fewer than 20.
const MAX_SEGMENTS: u16 = 1024;
/// Most section headers in a segment; Go's linker makes about 25.
const MAX_SECTIONS: u64 = 64;
const PT_LOAD: u32 = 1;

/// The file with its segments alone.
#[must_use]
pub fn stripped(data: &[u8]) -> Outcome {
    match Layout::read(data).and_then(|layout| layout.kept(data)) {
        Some(bytes) if bytes != data => Outcome::Changed {
            did: format!(
                "{} bytes that are not loaded removed",
                data.len() - bytes.len()
            ),
            bytes,
            gaps: Vec::new(),
        },
        _ => Outcome::Untouched,
    }
}

/// Place and length of a part of the file.
type Range = (usize, usize);

/// Where things are in the file.
struct Layout {
    order: Order,
    /// What is blanked: fields of the header that speak of section headers, and these.
    blank: Vec<Range>,
    /// Headers.
    headers: [Range; 2],
    segments: Vec<Segment>,
}

struct Segment {
    place: Range,
    /// Where the field is that has its length in the file, if zeros at its end do not count.
    length: Option<Range>,
}

impl Layout {
    fn read(data: &[u8]) -> Option<Layout> {
        let order = match data {
            [0x7f, b'E', b'L', b'F', class @ (1 | 2), end @ (1 | 2), ..] => Order {
                endian: match end {
                    1 => Endian::Little,
                    _ => Endian::Big,
                },
                width: match class {
                    1 => Width::W32,
                    _ => Width::W64,
                },
            },
            _ => return None,
        };
        let bytes = Bytes::new(data, order);
        let word = order.width.bytes();
        // e_entry, e_phoff, e_shoff are words from 24 on; e_flags and six halves follow.
        let halves = 24 + 3 * word + 4;
        let (table, sections) = (bytes.word(24 + word)?, bytes.word(24 + 2 * word)?);
        let half = |index: u64| bytes.u16(halves + 2 * index).map(u64::from);
        let (header, size, count) = (half(0)?, half(1)?, half(2)?);
        if count == 0 || count > u64::from(MAX_SEGMENTS) {
            return None;
        }
        let segments = (0..count).map(|index| {
            let at = table.checked_add(index * size)?;
            Segment::read(bytes, at, bytes.slice(at, size)?)
        });
        let fields = [range(24 + 2 * word, word)?, range(halves + 6, 6)?];
        let mut blank = fields.to_vec();
        // Elsewhere in a segment they are no section headers that a linker made, but what somebody wants not to be seen.
        let behind = sections == table.checked_add(size * count)?;
        let length = half(3)? * half(4)?;
        if behind && half(4)? <= MAX_SECTIONS && bytes.slice(sections, length).is_some() {
            blank.push(range(sections, length)?);
        }
        Some(Layout {
            order,
            blank,
            headers: [range(0, header)?, range(table, size * count)?],
            segments: segments.collect::<Option<_>>()?,
        })
    }

    fn kept(&self, data: &[u8]) -> Option<Vec<u8>> {
        let mut plain = data.to_vec();
        for &(at, length) in &self.blank {
            plain.get_mut(at..at + length)?.fill(0);
        }
        let mut parts = self.headers.to_vec();
        for segment in &self.segments {
            let (at, mut length) = segment.place;
            if let Some((field, width)) = segment.length {
                let bytes = plain.get(at..at + length)?;
                length = bytes
                    .iter()
                    .rposition(|&byte| byte != 0)
                    .map_or(0, |end| end + 1);
                let encoded = encode(self.order, length as u64, width)?;
                let field = plain.get_mut(field..field + width)?;
                field.copy_from_slice(encoded.get(..width)?);
            }
            parts.push((at, length));
        }
        let end = parts.iter().map(|(at, length)| at + length).max()?;
        let mut kept = vec![0; end];
        for (at, length) in parts {
            let part = kept.get_mut(at..at + length)?;
            part.copy_from_slice(plain.get(at..at + length)?);
        }
        Some(kept)
    }
}

impl Segment {
    fn read(file: Bytes<'_>, at: u64, header: Bytes<'_>) -> Option<Segment> {
        // p_offset, p_filesz and p_memsz.
        let (offset, length, memory) = match file.order().width {
            Width::W32 => (4, 16, 20),
            Width::W64 => (8, 32, 40),
        };
        let (place, bytes) = (header.word(offset)?, header.word(length)?);
        file.slice(place, bytes)?;
        let filled_up = header.u32(0)? == PT_LOAD && header.word(memory)? >= bytes;
        let field = range(at + length, file.order().width.bytes())?;
        Some(Segment {
            place: range(place, bytes)?,
            length: filled_up.then_some(field),
        })
    }
}

/// A number as it stands in the file.
fn encode(order: Order, value: u64, width: usize) -> Option<[u8; 8]> {
    match order.endian {
        Endian::Little => Some(value.to_le_bytes()),
        Endian::Big => {
            let mut bytes = [0; 8];
            let all = value.to_be_bytes();
            bytes
                .get_mut(..width)?
                .copy_from_slice(all.get(8 - width..)?);
            Some(bytes)
        }
    }
}

fn range(at: u64, length: u64) -> Option<(usize, usize)> {
    at.checked_add(length)?;
    Some((usize::try_from(at).ok()?, usize::try_from(length).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(data: &[u8]) -> Vec<u8> {
        match stripped(data) {
            Outcome::Changed { bytes, .. } => bytes,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_loaded_stays_and_counts() {
        for fixture in [
            "elf-amd64-go1.21-plain",
            "elf-386-go1.23",
            "elf-s390x-go1.24",
            "elf-amd64-go1.20-pie",
        ] {
            let whole = goassay_fixtures::bytes(fixture);
            let kept = plain(&whole);
            assert!(kept.len() < whole.len(), "{fixture}");
            assert_eq!(stripped(&kept), Outcome::Untouched, "{fixture}");
            let mut other = whole.clone();
            other[0x2000] ^= 1;
            assert_ne!(plain(&other), kept, "{fixture}");
            let mut appended = whole.clone();
            appended.extend(b"more");
            assert_eq!(plain(&appended), kept, "{fixture}: behind the last segment");
        }
    }

    #[test]
    fn zeros_at_the_end_of_a_segment_are_what_a_loader_adds() {
        let whole = goassay_fixtures::bytes("elf-amd64-go1.21-plain");
        let kept = plain(&whole);
        let layout = Layout::read(&whole).unwrap();
        let (field, _) = layout
            .segments
            .iter()
            .filter_map(|s| s.length)
            .next_back()
            .unwrap();
        let before = u64::from_le_bytes(whole[field..field + 8].try_into().unwrap());
        let after = u64::from_le_bytes(kept[field..field + 8].try_into().unwrap());
        assert!(after <= before);
        let mut shorter = whole.clone();
        shorter[field..field + 8].copy_from_slice(&after.to_le_bytes());
        assert_eq!(plain(&shorter), kept);
        shorter[field..field + 8].copy_from_slice(&(after - 1).to_le_bytes());
        assert_ne!(plain(&shorter), kept);
    }
}

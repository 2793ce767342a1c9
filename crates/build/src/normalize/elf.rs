//! ELF executables without what is not loaded: symbol tables, debug information, comments, the section headers.
//!
//! What is left is what a program loader sees, byte for byte: the header (without the place of the section headers), and
//! the bytes of all segments. Two files that are equal then run equally; what they show a debugger may differ.

use super::Outcome;
use goassay_binary::bytes::{Bytes, Endian, Order, Width};

/// Most program headers; real files have fewer than 20.
const MAX_SEGMENTS: u16 = 1024;

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

/// Where things are in the file.
struct Layout {
    /// Place and length of: the offset of the section headers; their size, number and index of names.
    sections: [(usize, usize); 2],
    /// File ranges of headers and segments.
    ranges: Vec<(usize, usize)>,
}

impl Layout {
    fn read(data: &[u8]) -> Option<Layout> {
        let order = match data {
            [0x7f, b'E', b'L', b'F', class @ (1 | 2), end @ (1 | 2), ..] => Order {
                endian: if *end == 1 {
                    Endian::Little
                } else {
                    Endian::Big
                },
                width: if *class == 1 { Width::W32 } else { Width::W64 },
            },
            _ => return None,
        };
        let bytes = Bytes::new(data, order);
        let word = order.width.bytes();
        // e_entry, e_phoff, e_shoff are words from 24 on; e_flags and six halves follow.
        let halves = 24 + 3 * word + 4;
        let (table, header) = (bytes.word(24 + word)?, u64::from(bytes.u16(halves)?));
        let (size, count) = (bytes.u16(halves + 2)?, bytes.u16(halves + 4)?);
        if count == 0 || count > MAX_SEGMENTS {
            return None;
        }
        let mut ranges = vec![range(0, header)?];
        for index in 0..u64::from(count) {
            let segment = bytes.slice(table.checked_add(index * u64::from(size))?, size.into())?;
            // p_offset and p_filesz.
            let (offset, length) = match order.width {
                Width::W32 => (segment.word(4)?, segment.word(16)?),
                Width::W64 => (segment.word(8)?, segment.word(32)?),
            };
            bytes.slice(offset, length)?;
            ranges.push(range(offset, length)?);
        }
        ranges.push(range(table, u64::from(size) * u64::from(count))?);
        Some(Layout {
            sections: [range(24 + 2 * word, word)?, range(halves + 6, 6)?],
            ranges,
        })
    }

    fn kept(&self, data: &[u8]) -> Option<Vec<u8>> {
        let end = self.ranges.iter().map(|(at, length)| at + length).max()?;
        let mut kept = vec![0; end];
        for &(at, length) in &self.ranges {
            let part = kept.get_mut(at..at + length)?;
            part.copy_from_slice(data.get(at..at + length)?);
        }
        for &(at, length) in &self.sections {
            kept.get_mut(at..at + length)?.fill(0);
        }
        Some(kept)
    }
}

fn range(at: u64, length: u64) -> Option<(usize, usize)> {
    at.checked_add(length)?;
    Some((usize::try_from(at).ok()?, usize::try_from(length).ok()?))
}

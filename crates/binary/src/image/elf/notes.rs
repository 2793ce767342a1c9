//! ELF notes of a loaded image (System V gABI, "Note Section"; Linux extensions to gABI for property notes).

use super::{Extent, Headers};
use crate::bytes::Bytes;

const PT_NOTE: u32 = 4;
const PT_GNU_PROPERTY: u32 = 0x6474_e553;

/// One note.
#[derive(Clone, Copy)]
pub(crate) struct Note<'a> {
    /// Who defines `kind`, without the NUL.
    pub(crate) owner: &'a [u8],
    /// What it is, in the words of its owner.
    pub(crate) kind: u32,
    /// What it says.
    pub(crate) description: Bytes<'a>,
}

/// The first note of an owner and kind: `Err` where it is not found but some notes could not be read.
pub(crate) fn find<'a>(
    bytes: Bytes<'a>,
    headers: &Headers,
    owner: &[u8],
    kind: u32,
) -> Result<Option<Note<'a>>, &'static str> {
    let mut whole = headers.programs.extent != Extent::Cut;
    // Segments of a hostile file may overlap: together they may not be longer than twice the file.
    let mut budget = bytes.len().saturating_mul(2);
    let holders = headers.programs.entries.iter();
    for header in holders.filter(|header| matches!(header.kind, PT_NOTE | PT_GNU_PROPERTY)) {
        let segment = bytes.slice(header.offset, header.filesz);
        let Some(segment) = segment.filter(|segment| segment.len() <= budget) else {
            whole = false;
            continue;
        };
        budget -= segment.len();
        for note in Notes::of(segment, header.align) {
            match note {
                Some(note) if note.owner == owner && note.kind == kind => return Ok(Some(note)),
                Some(_) => {}
                None => whole = false,
            }
        }
    }
    if whole {
        Ok(None)
    } else {
        Err("a note segment is cut off, damaged or outside the file")
    }
}

/// The notes of one segment; an item is `None`, and the last, where a note does not fit.
struct Notes<'a> {
    rest: Option<Bytes<'a>>,
    align: u64,
}

impl<'a> Notes<'a> {
    fn of(segment: Bytes<'a>, align: u64) -> Notes<'a> {
        Notes {
            rest: Some(segment),
            align: if align == 8 { 8 } else { 4 },
        }
    }

    fn first(&self, rest: Bytes<'a>) -> Option<(Note<'a>, u64)> {
        let owner_len = u64::from(rest.u32(0)?);
        let len = u64::from(rest.u32(4)?);
        let owner = rest.slice(12, owner_len)?.data();
        let at = (12 + owner_len).checked_next_multiple_of(self.align)?;
        let note = Note {
            owner: owner.split(|&b| b == 0).next().unwrap_or(owner),
            kind: rest.u32(8)?,
            description: rest.slice(at, len)?,
        };
        Some((
            note,
            at.checked_add(len)?.checked_next_multiple_of(self.align)?,
        ))
    }
}

impl<'a> Iterator for Notes<'a> {
    type Item = Option<Note<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take().filter(|rest| !rest.is_empty())?;
        let Some((note, len)) = self.first(rest) else {
            return Some(None);
        };
        // The last note needs no padding.
        self.rest = rest.tail(len);
        Some(Some(note))
    }
}

//! ELF notes (System V gABI, "Note Section"; Linux extensions to gABI for property notes).

use super::{Extent, Headers};
use crate::bytes::Bytes;

const PT_NOTE: u32 = 4;
const SHT_NOTE: u32 = 7;
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

/// Where notes are: file offset, length, alignment.
type Holder = (u64, u64, u64);

/// The first note of an owner and kind in the segments, where loaders look: `Err` where it is not found but some notes
/// could not be read.
pub(crate) fn loaded<'a>(
    bytes: Bytes<'a>,
    headers: &Headers,
    owner: &[u8],
    kind: u32,
) -> Result<Option<Note<'a>>, &'static str> {
    let programs = headers.programs.entries.iter();
    let holders = programs
        .filter(|header| matches!(header.kind, PT_NOTE | PT_GNU_PROPERTY))
        .map(|header| (header.offset, header.filesz, header.align));
    find(bytes, headers.programs.extent, holders, owner, kind)
}

/// As [`loaded`], and in the sections, where debuggers look too: Go's own linker describes the GNU build ID by a section
/// alone.
pub(crate) fn anywhere<'a>(
    bytes: Bytes<'a>,
    headers: &Headers,
    owner: &[u8],
    kind: u32,
) -> Result<Option<Note<'a>>, &'static str> {
    if let Some(note) = loaded(bytes, headers, owner, kind)? {
        return Ok(Some(note));
    }
    let sections = headers.sections.entries.iter();
    let holders = sections
        .filter(|header| header.kind == SHT_NOTE)
        .map(|header| (header.offset, header.len, 4));
    find(bytes, headers.sections.extent, holders, owner, kind)
}

fn find<'a>(
    bytes: Bytes<'a>,
    extent: Extent,
    holders: impl Iterator<Item = Holder>,
    owner: &[u8],
    kind: u32,
) -> Result<Option<Note<'a>>, &'static str> {
    let mut whole = extent != Extent::Cut;
    // Those of a hostile file may overlap: together they may not be longer than twice the file.
    let mut budget = bytes.len().saturating_mul(2);
    for (offset, len, align) in holders {
        let holder = bytes.slice(offset, len);
        let Some(holder) = holder.filter(|holder| holder.len() <= budget) else {
            whole = false;
            continue;
        };
        budget -= holder.len();
        for note in Notes::of(holder, align) {
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
        Err("some notes are cut off, damaged or outside the file")
    }
}

/// The notes of one segment or section; an item is `None`, and the last, where a note does not fit.
struct Notes<'a> {
    rest: Option<Bytes<'a>>,
    align: u64,
}

impl<'a> Notes<'a> {
    fn of(holder: Bytes<'a>, align: u64) -> Notes<'a> {
        Notes {
            rest: Some(holder),
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

//! Pointers that are not in place: relocations that the loader (or the C linker) would apply.
//!
//! Go's own linker writes addends in place, so this is needed for other linkers' PIE, for objects in a c-archive and for
//! Mach-O with chained fixups. Nothing is read before the first pointer that needs it.

use super::{Image, Section, elf};
use crate::address::VirtualAddress;
use std::cell::OnceCell;

/// Where an image keeps the values of its pointers.
pub(super) enum Overlay {
    /// In the words themselves.
    InPlace,
    /// ELF relocation tables: read on first use, sorted by address.
    Relocations {
        tables: Vec<elf::RelocationTable>,
        resolved: OnceCell<Vec<(u64, u64)>>,
    },
    /// Mach-O chained fixups: the low 36 bits of a word are an offset from the image base, or an address.
    Chained { base: u64 },
}

impl Overlay {
    pub(super) fn relocations(tables: Vec<elf::RelocationTable>) -> Overlay {
        if tables.is_empty() {
            return Overlay::InPlace;
        }
        Overlay::Relocations {
            tables,
            resolved: OnceCell::new(),
        }
    }

    /// The value of the word at `address` that reads `plain` in the file.
    pub(super) fn resolve(&self, image: &Image<'_>, address: VirtualAddress, plain: u64) -> u64 {
        match self {
            Overlay::InPlace => plain,
            Overlay::Relocations { .. } if plain != 0 && image.kind != super::Kind::Object => plain,
            Overlay::Relocations { .. } => {
                let words = self.words(image);
                match words.binary_search_by_key(&address.0, |&(at, _)| at) {
                    Ok(index) => words.get(index).map_or(plain, |&(_, value)| value),
                    Err(_) => plain,
                }
            }
            Overlay::Chained { base } => chained(image, *base, plain),
        }
    }

    /// Addresses whose word is relocated to `target`, ascending.
    pub(super) fn pointing_to(
        &self,
        image: &Image<'_>,
        target: VirtualAddress,
    ) -> Vec<VirtualAddress> {
        match self {
            Overlay::InPlace => Vec::new(),
            Overlay::Relocations { .. } => self
                .words(image)
                .iter()
                .filter(|&&(_, value)| value == target.0)
                .map(|&(at, _)| VirtualAddress(at))
                .collect(),
            Overlay::Chained { base } => chained_to(image, *base, target),
        }
    }

    fn words(&self, image: &Image<'_>) -> &[(u64, u64)] {
        match self {
            Overlay::Relocations { tables, resolved } => {
                resolved.get_or_init(|| elf::relocated_words(image, tables))
            }
            Overlay::InPlace | Overlay::Chained { .. } => &[],
        }
    }
}

/// The bits of a chained word that say where it points to.
const CHAINED_TARGET: u64 = (1 << 36) - 1;

/// `dyld_chained_ptr_64` and `dyld_chained_ptr_64_offset` (mach-o/fixup-chains.h): 36 bits of target, the rest is the
/// chain. Which of the two it is follows from where the target lies.
fn chained(image: &Image<'_>, base: u64, plain: u64) -> u64 {
    let target = plain & CHAINED_TARGET;
    if plain == 0 || plain == target && image.segment_at(VirtualAddress(plain)).is_some() {
        return plain;
    }
    match image.segment_at(VirtualAddress(target)) {
        Some(_) => target,
        None => base.checked_add(target).unwrap_or(plain),
    }
}

fn chained_to(image: &Image<'_>, base: u64, target: VirtualAddress) -> Vec<VirtualAddress> {
    // Nearly all words are settled by their low bits, without asking what is mapped.
    let low = |address: u64| address & CHAINED_TARGET;
    let (direct, from_base) = (low(target.0), low(target.0.wrapping_sub(base)));
    let data = image
        .segments
        .iter()
        .filter(|segment| !segment.permissions.execute);
    data.flat_map(|segment| {
        let bytes = image.segment_bytes(segment);
        (0..bytes.len() / 8).filter_map(move |index| {
            let plain = bytes.nth_word(index)?;
            let candidate = low(plain) == direct || low(plain) == from_base;
            (candidate && plain != target.0 && chained(image, base, plain) == target.0)
                .then(|| segment.address.offset(index * 8))?
        })
    })
    .collect()
}

/// Lays sections of an object file, which all start at address 0, one behind the other.
pub(super) struct ObjectLayout {
    next: u64,
}

impl ObjectLayout {
    /// Far from 0, so that an addend alone is never mistaken for an address.
    const START: u64 = 0x1000_0000;

    pub(super) fn new() -> ObjectLayout {
        ObjectLayout { next: Self::START }
    }

    /// The address for a section of `len` bytes; `None` where the address space of a 32-bit target would be left.
    pub(super) fn place(&mut self, len: u64) -> Option<VirtualAddress> {
        let address = self.next;
        let end = address.checked_add(len)?.checked_next_multiple_of(64)?;
        self.next = end.checked_add(64)?;
        (end <= u64::from(u32::MAX)).then_some(VirtualAddress(address))
    }
}

/// A section of an object as a segment: executable and writable flags as its header says.
pub(super) fn as_segment(section: &Section<'_>, permissions: super::Permissions) -> super::Segment {
    super::Segment {
        address: section.address,
        offset: section.offset,
        len: section.len,
        permissions,
    }
}

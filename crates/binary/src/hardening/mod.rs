//! What the headers of an image say about hardening: facts, never judgements.
//!
//! What a header does not say is not guessed. A part that could not be read is a gap in the field that needs it, so that a
//! damaged file never looks better than a whole one. Readers: [`crate::Binary::hardening`].

mod dynamic;
mod elf;
mod macho;
mod pe;
mod signature;

pub use elf::{BranchProtection, Dynamic, ElfHardening, ElfKind, ElfSegment, Relro, Stack};
pub use macho::{BuildVersion, Dylib, MachOHardening, MachOSegment, Protection, Version};
pub use pe::{PeHardening, Subsystem};
pub use signature::{CodeSignature, Signer};

use crate::gap::{Fact, Gap, Topic};
use crate::image::{Format, Image, Kind};

/// What the headers say, by format. Texts are as stored (hostile).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hardening<'a> {
    /// ELF.
    Elf(ElfHardening<'a>),
    /// PE.
    Pe(PeHardening<'a>),
    /// Mach-O.
    MachO(MachOHardening<'a>),
}

/// Reads what the headers of an image say.
///
/// # Errors
/// A gap on [`Topic::Headers`] for objects of archives, which nothing has linked yet, and where the file's header itself
/// cannot be read. Everything behind it has gaps of its own.
pub fn read<'a>(image: &Image<'a>) -> Fact<Hardening<'a>> {
    if image.kind == Kind::Object {
        return Err(gap(
            "an object is not linked yet: what is hardened is decided by the program that it is linked into",
        ));
    }
    match image.format {
        Format::Elf => elf::read(image).map(Hardening::Elf),
        Format::Pe => pe::read(image).map(Hardening::Pe),
        Format::MachO => macho::read(image).map(Hardening::MachO),
    }
}

fn gap(reason: impl Into<String>) -> Gap {
    Gap::new(Topic::Headers, reason)
}

//! Debug information: which sections, how large, how compressed, and the identities by which it is found elsewhere.
//!
//! Section and symbol tables are described by their headers; neither DWARF nor symbols are read.

mod elf;
mod file;
mod macho;
mod pe;

pub use file::{DebugFile, HeldSection, debug_file, may_be_debug_file};

use crate::address::FileOffset;
use crate::bytes::Bytes;
use crate::gap::{Fact, Gap, Topic};
use crate::image::{Format, Image, Kind};

/// Note type of the GNU build ID.
const NT_GNU_BUILD_ID: u32 = 3;

/// What an image says about its debug information. Texts are as stored (hostile).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebugInfo<'a> {
    /// Debug sections in table order; empty where the section table is whole and names none.
    pub sections: Fact<Vec<DebugSection<'a>>>,
    /// The symbol table for debuggers and linkers; `None` where there is none. In ELF the one for dynamic linking is another;
    /// in Mach-O it is the same, so that stripping leaves some of it.
    pub symbol_table: Fact<Option<SymbolTable>>,
    /// The separate debug file by name (`.gnu_debuglink`).
    pub debug_link: Fact<Option<DebugLink<'a>>>,
    /// The GNU build ID (ELF note).
    pub gnu_build_id: Fact<Option<&'a [u8]>>,
    /// The Go build ID (ELF note, or in front of the code).
    pub go_build_id: Fact<Option<&'a [u8]>>,
    /// The UUID by which separate debug information is found (Mach-O `LC_UUID`).
    pub uuid: Fact<Option<[u8; 16]>>,
    /// The PDB file that belongs to it (PE debug directory).
    pub code_view: Fact<Option<CodeView<'a>>>,
}

impl DebugInfo<'_> {
    /// Bytes of the file that are debug sections.
    ///
    /// # Errors
    /// The gap of the section table.
    pub fn total(&self) -> Result<u64, &Gap> {
        let sections = self.sections.as_ref()?;
        Ok(sections
            .iter()
            .fold(0, |sum: u64, section| sum.saturating_add(section.len)))
    }
}

/// One debug section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebugSection<'a> {
    /// Its name (`.debug_info`, `.zdebug_line`, `__zdebug_line`).
    pub name: &'a [u8],
    /// Where its bytes are in the file.
    pub offset: FileOffset,
    /// How many bytes of the file it takes.
    pub len: u64,
    /// How it is compressed.
    pub compression: Compression,
    /// Bytes after decompression, as its header claims; `len` where it is not compressed.
    pub uncompressed: u64,
}

/// How a debug section is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Not at all.
    None,
    /// zlib, marked by the section's header (`SHF_COMPRESSED`).
    Zlib,
    /// Zstandard, marked by the section's header (`SHF_COMPRESSED`).
    Zstd,
    /// zlib, marked by its first bytes and the section's name (`.zdebug_*`).
    GnuZlib,
    /// Another number in `ch_type`.
    Other(u32),
}

impl Compression {
    /// The stable word for output.
    pub fn name(self) -> &'static str {
        match self {
            Compression::None => "none",
            Compression::Zlib => "zlib",
            Compression::Zstd => "zstd",
            Compression::GnuZlib => "zlib-gnu",
            Compression::Other(_) => "other",
        }
    }
}

/// A symbol table and the strings that belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SymbolTable {
    /// Number of symbols.
    pub symbols: u64,
    /// Of these, the ones that other files define. Only Mach-O keeps them in this table, where stripping leaves them because the
    /// dynamic linker needs them; 0 for other formats.
    pub imports: u64,
    /// Bytes of the file, strings included.
    pub len: u64,
}

/// `.gnu_debuglink`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DebugLink<'a> {
    /// Name of the separate debug file, without folders.
    pub file: &'a [u8],
    /// CRC-32 of that file.
    pub crc: u32,
}

/// A CodeView record of the PE debug directory (`RSDS`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeView<'a> {
    /// GUID of the PDB file, as stored.
    pub guid: [u8; 16],
    /// How often the PDB file was written.
    pub age: u32,
    /// Its path on the machine that built it.
    pub path: &'a [u8],
}

/// Reads what an image says about its debug information.
pub fn read<'a>(image: &Image<'a>) -> DebugInfo<'a> {
    match (image.format, image.kind) {
        (Format::Elf, _) => elf::read(image),
        (Format::Pe, Kind::Object) => {
            DebugInfo::unread("debug sections of COFF objects are not read")
        }
        (Format::Pe, _) => pe::read(image),
        (Format::MachO, _) => macho::read(image),
    }
}

fn gap(reason: impl Into<String>) -> Gap {
    Gap::new(Topic::DebugInfo, reason)
}

impl<'a> DebugInfo<'a> {
    /// Nothing but the gap.
    fn unread(reason: &str) -> DebugInfo<'a> {
        DebugInfo {
            sections: Err(gap(reason)),
            symbol_table: Err(gap(reason)),
            debug_link: Err(gap(reason)),
            gnu_build_id: Err(gap(reason)),
            go_build_id: Err(gap(reason)),
            uuid: Err(gap(reason)),
            code_view: Err(gap(reason)),
        }
    }
}

/// A section by name, as its header has it.
#[derive(Clone, Copy)]
struct NamedSection<'a> {
    name: &'a [u8],
    offset: u64,
    len: u64,
    /// `SHF_COMPRESSED`.
    marked_compressed: bool,
}

impl<'a> NamedSection<'a> {
    fn is_debug(&self) -> bool {
        const PREFIXES: [&[u8]; 6] = [
            b".debug_",
            b".zdebug_",
            b".stab",
            b"__debug_",
            b"__zdebug_",
            b"__apple_",
        ];
        let has = |prefix: &&[u8]| self.name.starts_with(prefix);
        self.name == b".gdb_index" || PREFIXES.iter().any(has)
    }

    fn may_be_gnu_compressed(&self) -> bool {
        self.name.starts_with(b".zdebug_") || self.name.starts_with(b"__zdebug_")
    }

    fn bytes(&self, file: Bytes<'a>) -> Fact<Bytes<'a>> {
        file.slice(self.offset, self.len).ok_or_else(|| {
            let name = String::from_utf8_lossy(self.name);
            gap(format!("the section {name} is not wholly in the file"))
        })
    }

    fn describe(&self, file: Bytes<'a>) -> Fact<DebugSection<'a>> {
        let bytes = self.bytes(file)?;
        let compression = match self.marked_compressed {
            true => marked_compression(bytes),
            false if self.may_be_gnu_compressed() => Some(gnu_compression(bytes)),
            false => Some((Compression::None, bytes.len())),
        };
        let (compression, uncompressed) =
            compression.ok_or_else(|| gap("the header of a compressed section ends early"))?;
        Ok(DebugSection {
            name: self.name,
            offset: FileOffset(self.offset),
            len: self.len,
            compression,
            uncompressed,
        })
    }
}

/// `Elf32_Chdr`, `Elf64_Chdr`.
fn marked_compression(bytes: Bytes<'_>) -> Option<(Compression, u64)> {
    let compression = match bytes.u32(0)? {
        1 => Compression::Zlib,
        2 => Compression::Zstd,
        other => Compression::Other(other),
    };
    // Behind the type, padded to a word.
    Some((compression, bytes.word(bytes.order().width.bytes())?))
}

/// The older form, told by the section's name and its first bytes: `ZLIB` and the length, big-endian on every machine.
fn gnu_compression(bytes: Bytes<'_>) -> (Compression, u64) {
    let claimed = bytes
        .data()
        .strip_prefix(b"ZLIB")
        .and_then(|rest| rest.first_chunk().copied())
        .map(u64::from_be_bytes);
    match claimed {
        Some(len) => (Compression::GnuZlib, len),
        None => (Compression::None, bytes.len()),
    }
}

/// The debug sections among all sections.
fn debug_sections<'a>(
    file: Bytes<'a>,
    sections: &Fact<Vec<NamedSection<'a>>>,
) -> Fact<Vec<DebugSection<'a>>> {
    let sections = sections.as_ref().map_err(Gap::clone)?;
    let debug = sections.iter().filter(|section| section.is_debug());
    debug.map(|section| section.describe(file)).collect()
}

/// `.gnu_debuglink`: a name, padding to four bytes, a checksum.
fn debug_link<'a>(
    file: Bytes<'a>,
    sections: &Fact<Vec<NamedSection<'a>>>,
) -> Fact<Option<DebugLink<'a>>> {
    let sections = sections.as_ref().map_err(Gap::clone)?;
    let Some(section) = sections.iter().find(|s| s.name == b".gnu_debuglink") else {
        return Ok(None);
    };
    let bytes = section.bytes(file)?;
    let link = || {
        let file = bytes.c_str(0)?;
        let at = (file.len() as u64 + 1).next_multiple_of(4);
        Some(DebugLink {
            file,
            crc: bytes.u32(at)?,
        })
    };
    link()
        .map(Some)
        .ok_or_else(|| gap("the section .gnu_debuglink is damaged"))
}

/// The Go build ID in front of the code, where Go's linker puts it in files that have no notes (PE, Mach-O). Code of C may
/// be in front of it.
fn go_build_id<'a>(image: &Image<'a>, code_is_whole: bool) -> Fact<Option<&'a [u8]>> {
    const BEFORE: &[u8] = b"\xff Go build ID: \"";
    const BEHIND: &[u8] = b"\"\n \xff";
    const LONGEST: usize = 1024;
    let code = image.segments.iter().filter(|s| s.permissions.execute);
    for segment in code {
        let data = image.segment_bytes(segment).data();
        for at in memchr::memmem::find_iter(data, BEFORE) {
            let rest = data.get(at + BEFORE.len()..).unwrap_or_default();
            let rest = rest.get(..LONGEST).unwrap_or(rest);
            let end = memchr::memmem::find(rest, BEHIND);
            if let Some(id) = end.and_then(|end| rest.get(..end)) {
                return Ok(Some(id));
            }
        }
    }
    if code_is_whole {
        Ok(None)
    } else {
        Err(gap("the code is not wholly in the file"))
    }
}

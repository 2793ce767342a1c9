//! Debug information: which sections, how large, how compressed, and the identities by which it is found elsewhere.
//!
//! Section and symbol tables are described by their headers; neither DWARF nor symbols are read.

use crate::address::FileOffset;
use crate::gap::{Fact, Gap, Topic};
use crate::image::Image;

/// What an image says about its debug information. Texts are as stored (hostile).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebugInfo<'a> {
    /// Debug sections in table order; empty where the section table is whole and names none.
    pub sections: Fact<Vec<DebugSection<'a>>>,
    /// The symbol table for debuggers and linkers (not the one for dynamic linking); `None` where there is none.
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
    /// zlib, marked by the section's name (`.zdebug_*`).
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
pub fn read<'a>(_image: &Image<'a>) -> DebugInfo<'a> {
    let unread = || Gap::new(Topic::DebugInfo, "debug information is not read yet");
    DebugInfo {
        sections: Err(unread()),
        symbol_table: Err(unread()),
        debug_link: Err(unread()),
        gnu_build_id: Err(unread()),
        go_build_id: Err(unread()),
        uuid: Err(unread()),
        code_view: Err(unread()),
    }
}

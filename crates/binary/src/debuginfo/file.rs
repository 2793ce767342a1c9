//! ELF files by what a debugger can have of them: code, debug information, single sections, under which build ID.
//!
//! Unlike an image, a file that holds debug information alone has no contents in any segment, so section headers count here.

use super::elf::{all_sections, note};
use super::{NT_GNU_BUILD_ID, NamedSection, gap};
use crate::address::FileOffset;
use crate::bytes::Bytes;
use crate::gap::Fact;
use crate::image::elf::{
    Extent, Headers, PT_LOAD, SHT_NOBITS, SectionHeader, order, section_names,
};

const SHF_ALLOC: u64 = 2;
const SHF_EXECINSTR: u64 = 4;

/// What an ELF file holds for debuggers. Names are as stored (hostile).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebugFile<'a> {
    /// The GNU build ID.
    pub build_id: Option<&'a [u8]>,
    /// Code is in the file, not only its place in memory.
    pub has_code: bool,
    /// Debug information is in the file.
    pub has_debug: bool,
    /// Sections that take space in the file, in table order.
    pub sections: Vec<HeldSection<'a>>,
}

/// A section with its place in the file, all of which is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldSection<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// Where it begins.
    pub offset: FileOffset,
    /// How many bytes it has, as stored.
    pub len: u64,
}

/// Whether a file that begins like this may be one; everything else need not be read.
#[must_use]
pub fn may_be_debug_file(beginning: &[u8]) -> bool {
    beginning.starts_with(b"\x7fELF")
}

/// Reads what an ELF file holds.
///
/// # Errors
/// The gap where headers or notes are damaged.
pub fn debug_file(data: &[u8]) -> Fact<DebugFile<'_>> {
    if !may_be_debug_file(data) {
        return Err(gap("this is no ELF file"));
    }
    let bytes = Bytes::new(data, order(data)?);
    let headers = Headers::read(bytes).ok_or_else(|| gap("the ELF header ends early"))?;
    let table = match headers.sections.extent {
        Extent::Absent => &[],
        _ => all_sections(&headers)?,
    };
    let sections = held(bytes, table)?;
    let is_code = |header: &SectionHeader| {
        let flags = SHF_ALLOC | SHF_EXECINSTR;
        header.flags & flags == flags && header.kind != SHT_NOBITS && header.len > 0
    };
    let mut programs = headers.programs.entries.iter();
    // Without section headers, segments tell; with them, a segment may be there for its headers and notes alone.
    let has_code = match headers.sections.extent {
        Extent::Absent => programs.any(|program| {
            program.kind == PT_LOAD && program.permissions().execute && program.filesz > 0
        }),
        _ => table.iter().any(is_code),
    };
    let has_debug = sections.iter().any(|section| {
        matches!(
            section.name,
            b".debug_info" | b".zdebug_info" | b".debug_line" | b".zdebug_line"
        )
    });
    Ok(DebugFile {
        build_id: note(bytes, &headers, b"GNU", NT_GNU_BUILD_ID)?,
        has_code,
        has_debug,
        sections,
    })
}

fn held<'a>(file: Bytes<'a>, table: &[SectionHeader]) -> Fact<Vec<HeldSection<'a>>> {
    if table.is_empty() {
        return Ok(Vec::new());
    }
    let names = section_names(file, table);
    let names = names.ok_or_else(|| gap("the names of the sections are not in the file"))?;
    let in_file = table
        .iter()
        .filter(|header| header.kind != SHT_NOBITS && header.len > 0);
    let section = |header: &SectionHeader| {
        let section = NamedSection {
            name: header.name(names).unwrap_or_default(),
            offset: header.offset,
            len: header.len,
            marked_compressed: false,
        };
        section.bytes(file)?;
        Ok(HeldSection {
            name: section.name,
            offset: FileOffset(section.offset),
            len: section.len,
        })
    };
    in_file.map(section).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shipped_program_has_code_and_its_build_id() {
        let data = goassay_fixtures::bytes("elf-amd64-go1.25");
        let file = debug_file(&data).unwrap();
        assert!(file.has_code && !file.has_debug);
        assert_eq!(file.build_id.map(<[u8]>::len), Some(20));
        let text = file
            .sections
            .iter()
            .find(|section| section.name == b".text")
            .unwrap();
        assert_eq!(text.offset.0, 0x1000);
    }

    #[test]
    fn without_section_headers_segments_tell() {
        let data = goassay_fixtures::bytes("elf-amd64-no-section-headers");
        let file = debug_file(&data).unwrap();
        assert!(file.has_code && file.sections.is_empty());
    }

    #[test]
    fn damage_is_a_gap_and_never_a_panic() {
        let data = goassay_fixtures::bytes("elf-s390x-go1.24");
        for len in (0..data.len()).step_by(10_007).chain(0..64) {
            assert!(debug_file(&data[..len]).is_err(), "{len}");
        }
        for at in 0..64 {
            let mut damaged = data.clone();
            damaged[at] ^= 0xff;
            drop(debug_file(&damaged));
        }
        assert!(debug_file(b"MZ").is_err());
    }
}

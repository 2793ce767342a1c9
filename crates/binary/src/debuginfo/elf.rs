//! Debug information of ELF images and objects: section headers and notes.

use super::{
    DebugInfo, NT_GNU_BUILD_ID, NamedSection, SymbolTable, debug_link, debug_sections, gap,
};
use crate::bytes::{Bytes, Width};
use crate::gap::Fact;
use crate::image::Image;
use crate::image::elf::section_names;
use crate::image::elf::{Extent, Headers, SHT_NOBITS, SHT_SYMTAB, SectionHeader, notes};

const SHF_COMPRESSED: u64 = 0x800;
const NT_GO_BUILD_ID: u32 = 4;

pub(super) fn read<'a>(image: &Image<'a>) -> DebugInfo<'a> {
    let file = image.bytes();
    let Some(headers) = Headers::read(file) else {
        return DebugInfo::unread("the ELF header ends early");
    };
    let sections = named_sections(file, &headers);
    DebugInfo {
        sections: debug_sections(file, &sections),
        symbol_table: symbol_table(file, &headers),
        debug_link: debug_link(file, &sections),
        gnu_build_id: note(file, &headers, b"GNU", NT_GNU_BUILD_ID),
        go_build_id: note(file, &headers, b"Go", NT_GO_BUILD_ID),
        uuid: Ok(None),
        code_view: Ok(None),
    }
}

/// All section headers: from a part of them nobody may conclude that something is not there.
pub(super) fn all_sections(headers: &Headers) -> Fact<&[SectionHeader]> {
    match headers.sections.extent {
        Extent::Whole => Ok(&headers.sections.entries),
        Extent::Absent => Err(gap(
            "the section headers were removed, so debug sections cannot be told",
        )),
        Extent::Cut => Err(gap("the section headers are damaged or outside the file")),
    }
}

fn named_sections<'a>(file: Bytes<'a>, headers: &Headers) -> Fact<Vec<NamedSection<'a>>> {
    let sections = all_sections(headers)?;
    let unnamed = || gap("the names of the sections are not in the file");
    let names = section_names(file, sections).ok_or_else(unnamed)?;
    let in_file = sections.iter().filter(|header| header.kind != SHT_NOBITS);
    let named = in_file.map(|header| {
        Ok(NamedSection {
            name: header.name(names).ok_or_else(unnamed)?,
            offset: header.offset,
            len: header.len,
            marked_compressed: header.flags & SHF_COMPRESSED != 0,
        })
    });
    named.collect()
}

fn symbol_table(file: Bytes<'_>, headers: &Headers) -> Fact<Option<SymbolTable>> {
    let sections = all_sections(headers)?;
    let table = sections
        .iter()
        .find(|header| header.kind == SHT_SYMTAB && header.len > 0);
    let Some(table) = table else {
        return Ok(None);
    };
    let damaged = || gap("the symbol table is not wholly in the file");
    let strings = usize::try_from(table.link).ok();
    let strings = strings
        .and_then(|link| sections.get(link))
        .ok_or_else(damaged)?;
    let entry = match file.order().width {
        Width::W32 => 16,
        Width::W64 => 24,
    };
    let len = |header: &SectionHeader| file.slice(header.offset, header.len).map(Bytes::len);
    let both = len(table).zip(len(strings)).ok_or_else(damaged)?;
    Ok(Some(SymbolTable {
        symbols: both.0 / entry,
        imports: 0,
        len: both.0 + both.1,
    }))
}

pub(super) fn note<'a>(
    file: Bytes<'a>,
    headers: &Headers,
    owner: &[u8],
    kind: u32,
) -> Fact<Option<&'a [u8]>> {
    match notes::anywhere(file, headers, owner, kind) {
        Ok(note) => Ok(note.map(|note| note.description.data())),
        Err(reason) => Err(gap(reason)),
    }
}

//! Debug information of PE images: sections, COFF symbols, the debug directory.

use super::{CodeView, DebugInfo, NamedSection, SymbolTable};
use super::{debug_link, debug_sections, gap, go_build_id};
use crate::address::VirtualAddress;
use crate::bytes::Bytes;
use crate::gap::Fact;
use crate::image::Image;
use crate::image::pe::{Directory, Headers, SYMBOL_LEN};

const IMAGE_DEBUG_TYPE_CODEVIEW: u32 = 2;
/// Bytes of an entry of the debug directory.
const ENTRY_LEN: u64 = 28;

pub(super) fn read<'a>(image: &Image<'a>) -> DebugInfo<'a> {
    let file = image.bytes();
    let headers = match Headers::read(file.data()) {
        Ok(headers) => headers,
        Err(error) => return DebugInfo::unread(&error.reason),
    };
    let sections = named_sections(&headers);
    DebugInfo {
        sections: debug_sections(file, &sections),
        symbol_table: symbol_table(&headers),
        debug_link: debug_link(file, &sections),
        gnu_build_id: Ok(None),
        go_build_id: go_build_id(image, code_is_whole(file, &headers)),
        uuid: Ok(None),
        code_view: code_view(image, &headers),
    }
}

fn named_sections<'a>(headers: &Headers<'a>) -> Fact<Vec<NamedSection<'a>>> {
    if !headers.sections_are_whole() {
        return Err(gap("the section table ends outside the file"));
    }
    let named = headers.sections.iter().map(|section| {
        // A name of which only the place in the string table is left may be that of a debug section.
        if section.name.starts_with(b"/") {
            return Err(gap("the name of a section is not in the file"));
        }
        Ok(NamedSection {
            name: section.name,
            offset: section.raw_offset,
            // The raw length is padded to the alignment of the file.
            len: match section.virtual_len {
                0 => section.raw_len,
                len => section.raw_len.min(len),
            },
            marked_compressed: false,
        })
    });
    named.collect()
}

fn code_is_whole(file: Bytes<'_>, headers: &Headers<'_>) -> bool {
    let mut code = headers.sections.iter().filter(|s| s.permissions().execute);
    headers.sections_are_whole() && code.all(|s| file.slice(s.raw_offset, s.raw_len).is_some())
}

fn symbol_table(headers: &Headers<'_>) -> Fact<Option<SymbolTable>> {
    let symbols = u64::from(headers.coff.symbols);
    if symbols == 0 || headers.coff.symbol_offset == 0 {
        return Ok(None);
    }
    let strings = headers.strings().and_then(|strings| {
        let len = u64::from(strings.u32(0)?);
        strings.slice(0, len).map(Bytes::len)
    });
    let strings = strings.ok_or_else(|| gap("the symbol table is not wholly in the file"))?;
    Ok(Some(SymbolTable {
        symbols,
        imports: 0,
        len: symbols * SYMBOL_LEN + strings,
    }))
}

fn code_view<'a>(image: &Image<'a>, headers: &Headers<'a>) -> Fact<Option<CodeView<'a>>> {
    let damaged = || gap("the debug directory is damaged or outside the file");
    let (address, len) = headers.directory(Directory::Debug).ok_or_else(damaged)?;
    if address == 0 || len == 0 {
        return Ok(None);
    }
    let address = headers.base.checked_add(address.into());
    let table = address.and_then(|at| image.slice(VirtualAddress(at), len.into()));
    let table = table.ok_or_else(damaged)?;
    for index in 0..table.len() / ENTRY_LEN {
        let entry = table.slice(index * ENTRY_LEN, ENTRY_LEN);
        let entry = entry.ok_or_else(damaged)?;
        if entry.u32(12) == Some(IMAGE_DEBUG_TYPE_CODEVIEW) {
            let record = record(image.bytes(), entry).ok_or_else(damaged)?;
            return Ok(Some(record));
        }
    }
    Ok(None)
}

fn record<'a>(file: Bytes<'a>, entry: Bytes<'a>) -> Option<CodeView<'a>> {
    let record = file.slice(entry.u32(24)?.into(), entry.u32(16)?.into())?;
    let rest = record.data().strip_prefix(b"RSDS")?;
    Some(CodeView {
        guid: *rest.first_chunk()?,
        age: record.u32(20)?,
        path: record.c_str(24)?,
    })
}

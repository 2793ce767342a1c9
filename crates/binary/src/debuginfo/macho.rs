//! Debug information of Mach-O images: the `__DWARF` segment, the symbol table, the UUID.

use super::{DebugInfo, NamedSection, SymbolTable, debug_sections, gap, go_build_id};
use crate::bytes::{Bytes, Width};
use crate::gap::Fact;
use crate::image::Image;
use crate::image::macho::{self, Command, LC_SEGMENT, LC_SEGMENT_64, LC_SYMTAB, SegmentCommand};

const LC_UUID: u32 = 0x1b;

pub(super) fn read<'a>(image: &Image<'a>) -> DebugInfo<'a> {
    let file = image.bytes();
    let segments = segments(file);
    let code_is_whole = segments
        .as_ref()
        .is_ok_and(|segments| segments.iter().all(|segment| segment.is_within(file)));
    DebugInfo {
        sections: debug_sections(file, &named_sections(segments)),
        symbol_table: symbol_table(file),
        debug_link: Ok(None),
        gnu_build_id: Ok(None),
        go_build_id: go_build_id(image, code_is_whole),
        uuid: uuid(file),
        code_view: Ok(None),
    }
}

/// All commands of some kinds.
fn commands<'a>(file: Bytes<'a>, kinds: &[u32]) -> Fact<Vec<Command<'a>>> {
    let wanted =
        |command: &Option<Command<'a>>| command.is_none_or(|command| kinds.contains(&command.kind));
    let found: Option<Vec<Command<'a>>> = macho::commands(file).filter(wanted).collect();
    found.ok_or_else(|| gap("a load command is damaged or outside the file"))
}

/// The first command of a kind.
fn first<'a>(file: Bytes<'a>, kind: u32) -> Fact<Option<Command<'a>>> {
    Ok(commands(file, &[kind])?.first().copied())
}

fn segments<'a>(file: Bytes<'a>) -> Fact<Vec<SegmentCommand<'a>>> {
    let read = |command: Command<'a>| {
        SegmentCommand::read(command.body)
            .filter(SegmentCommand::is_whole)
            .ok_or_else(|| gap("a segment command is damaged"))
    };
    let commands = commands(file, &[LC_SEGMENT, LC_SEGMENT_64])?;
    commands.into_iter().map(read).collect()
}

fn named_sections<'a>(segments: Fact<Vec<SegmentCommand<'a>>>) -> Fact<Vec<NamedSection<'a>>> {
    let named = |section: macho::SectionCommand<'a>| NamedSection {
        name: section.name,
        offset: section.offset,
        len: section.len,
        marked_compressed: false,
    };
    let segments = segments?;
    let sections = segments.iter().flat_map(SegmentCommand::sections);
    Ok(sections.map(named).collect())
}

fn symbol_table(file: Bytes<'_>) -> Fact<Option<SymbolTable>> {
    let Some(command) = first(file, LC_SYMTAB)? else {
        return Ok(None);
    };
    let entry = match file.order().width {
        Width::W32 => 12,
        Width::W64 => 16,
    };
    let table = || {
        let field = |at| command.body.u32(at).map(u64::from);
        let symbols = field(12)?;
        let entries = file.slice(field(8)?, symbols * entry)?;
        let strings = file.slice(field(16)?, field(20)?)?.len();
        Some((symbols > 0).then_some(SymbolTable {
            symbols,
            imports: imports(entries, entry),
            len: entries.len() + strings,
        }))
    };
    table().ok_or_else(|| gap("the symbol table is not wholly in the file"))
}

/// How many entries are `N_UNDF`: no section of this file has them.
fn imports(entries: Bytes<'_>, entry: u64) -> u64 {
    const N_STAB: u8 = 0xe0;
    const N_TYPE: u8 = 0x0e;
    let size = usize::try_from(entry).unwrap_or(usize::MAX);
    let kinds = entries.data().chunks_exact(size).filter_map(|e| e.get(4));
    kinds.filter(|kind| **kind & (N_STAB | N_TYPE) == 0).count() as u64
}

fn uuid(file: Bytes<'_>) -> Fact<Option<[u8; 16]>> {
    let Some(command) = first(file, LC_UUID)? else {
        return Ok(None);
    };
    let uuid = command
        .body
        .tail(8)
        .and_then(|rest| rest.data().first_chunk());
    match uuid {
        Some(uuid) => Ok(Some(*uuid)),
        None => Err(gap("the command of the UUID ends early")),
    }
}

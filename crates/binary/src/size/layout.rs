//! The file cut into parts: sections and what lies between them, each with the label of what nobody claims there.
//!
//! Section names are hints: they say how an unclaimed byte is called, never whom a claimed one belongs to.

use super::ledger::{Label, Ledger, Part};
use super::{Kind, Owner, RuntimeTable, Section, Structure};
use crate::bytes::{Bytes, Width};
use crate::image::{Format, Image, macho};
use std::ops::Range;

/// The parts for people, and the ledger over them.
pub(super) fn cut(image: &Image<'_>) -> (Vec<Section>, Ledger) {
    let mut named: Vec<_> = image.sections.iter().filter(|s| s.len > 0).collect();
    named.sort_by_key(|section| section.offset);
    let mut cut = Cut::default();
    for section in named {
        cut.fill(image, section.offset.0);
        let end = section.offset.0.saturating_add(section.len);
        cut.push(section.name, end, label(section.name));
    }
    cut.fill(image, image.bytes().len());
    (cut.sections, Ledger::new(cut.parts))
}

#[derive(Default)]
struct Cut {
    sections: Vec<Section>,
    parts: Vec<Part>,
    end: u64,
}

impl Cut {
    /// The next part, from the end of the last one to `end`.
    fn push(&mut self, name: &[u8], end: u64, rest: Label) {
        if end <= self.end {
            return;
        }
        self.sections.push(Section {
            name: String::from_utf8_lossy(name).into_owned(),
            offset: self.end,
            len: end - self.end,
        });
        self.parts.push(Part {
            range: self.end..end,
            rest,
        });
        self.end = end;
    }

    /// What is between sections: headers at the start, padding where all bytes are equal.
    fn fill(&mut self, image: &Image<'_>, end: u64) {
        let Some(len) = end.checked_sub(self.end).filter(|&len| len > 0) else {
            return;
        };
        let bytes = image.bytes().slice(self.end, len).map(|b| b.data());
        let first = bytes.and_then(|data| data.first().copied());
        let equal = bytes.is_some_and(|data| data.iter().all(|&b| Some(b) == first));
        let label = if self.end == 0 {
            Label::exact(Owner::File(Structure::Headers), Kind::FileStructure)
        } else if equal {
            Label::exact(Owner::File(Structure::Padding), Kind::Padding)
        } else {
            Label::exact(Owner::Unattributed, Kind::Other)
        };
        self.push(b"", end, label);
    }
}

/// The label of what nobody claims in a section.
fn label(name: &[u8]) -> Label {
    let fits = |pattern: &&str| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start.as_bytes()),
        None => name == pattern.as_bytes(),
    };
    let known = NAMES
        .iter()
        .find(|(patterns, ..)| patterns.iter().any(fits));
    known.map_or(
        Label::exact(Owner::Unattributed, Kind::Other),
        |&(_, owner, kind)| Label::exact(owner, kind),
    )
}

/// Names of sections and what unclaimed bytes in them are. The first one that fits counts; `*` stands for any ending.
const NAMES: &[(&[&str], Owner, Kind)] = &[
    (
        &[".note*"],
        Owner::File(Structure::Notes),
        Kind::FileStructure,
    ),
    (
        &[
            ".go.buildinfo",
            "__go_buildinfo",
            ".go.fipsinfo",
            "__go_fipsinfo",
        ],
        Owner::File(Structure::BuildInfo),
        Kind::FileStructure,
    ),
    (
        &[".shstrtab"],
        Owner::File(Structure::Headers),
        Kind::FileStructure,
    ),
    (
        &[".rsrc"],
        Owner::File(Structure::Resources),
        Kind::FileStructure,
    ),
    (
        &[
            ".rel*",
            ".dyn*",
            ".hash",
            ".gnu.hash",
            ".gnu.version*",
            ".interp",
            ".plt*",
            ".got*",
            ".idata",
            ".edata",
            ".reloc",
            ".pdata",
            ".xdata",
            "__symbol_stub*",
            "__stubs",
            "__stub_helper",
            "__got",
            "__la_symbol_ptr",
            "__nl_symbol_ptr",
            ".init_array",
            ".fini_array",
            "__mod_init_func",
            ".tm_clone_table",
        ],
        Owner::File(Structure::Linking),
        Kind::FileStructure,
    ),
    (
        &[
            ".eh_frame*",
            "__eh_frame",
            "__unwind_info",
            ".gcc_except_table",
        ],
        Owner::Foreign,
        Kind::ReadOnlyData,
    ),
    (&[".init", ".fini"], Owner::Foreign, Kind::Code),
    (&[".comment"], Owner::Foreign, Kind::Other),
    (&[".text*", "__text"], Owner::Unattributed, Kind::Code),
    (
        &[".gopclntab", "__gopclntab", ".data.rel.ro.gopclntab"],
        Owner::Runtime(RuntimeTable::Pclntab),
        Kind::Pclntab,
    ),
    (
        &[".go.module", "__go_module"],
        Owner::Runtime(RuntimeTable::ModuleData),
        Kind::InitialisedData,
    ),
    (
        &[
            ".typelink",
            ".itablink",
            "__typelink",
            "__itablink",
            ".data.rel.ro.typelink",
            ".data.rel.ro.itablink",
        ],
        Owner::Runtime(RuntimeTable::TypeLinks),
        Kind::TypeData,
    ),
    (
        &[".go.type", ".data.rel.ro.go.type", "__go_type"],
        Owner::Runtime(RuntimeTable::Types),
        Kind::TypeData,
    ),
    (
        &[".go.func", ".data.rel.ro.go.func", "__go_func"],
        Owner::Runtime(RuntimeTable::FunctionValues),
        Kind::ReadOnlyData,
    ),
    (
        &[
            ".rodata*",
            "__rodata",
            "__const",
            "__cstring",
            "__literal*",
            ".rdata",
            ".data.rel.ro*",
        ],
        Owner::Unattributed,
        Kind::ReadOnlyData,
    ),
    (
        &[
            ".data",
            "__data",
            ".noptrdata",
            "__noptrdata",
            ".tdata",
            "__thread_*",
            "__DATA",
        ],
        Owner::Unattributed,
        Kind::InitialisedData,
    ),
    (
        &[".debug*", ".zdebug*", "__debug*", "__zdebug*"],
        Owner::Unattributed,
        Kind::DebugInfo,
    ),
    (
        &[".symtab", ".strtab"],
        Owner::Unattributed,
        Kind::SymbolTable,
    ),
];

/// True where a section holds DWARF.
pub(super) fn is_debug(name: &[u8]) -> bool {
    label(name).kind == Kind::DebugInfo
}

/// Tables that headers point to, in file order: they need no section.
pub(super) fn structures(image: &Image<'_>) -> Vec<(Range<u64>, Structure)> {
    let mut found = match image.format {
        Format::Elf => elf_tables(image.bytes()),
        Format::MachO => macho_tables(image.bytes()),
        Format::Pe => Vec::new(),
    };
    found.sort_by_key(|(range, _)| range.start);
    found
}

fn elf_tables(file: Bytes<'_>) -> Vec<(Range<u64>, Structure)> {
    // Place of the table and its number of entries behind the entry's size: program headers, section headers.
    let (tables, head) = match file.order().width {
        Width::W32 => ([(28, 42), (32, 46)], 52),
        Width::W64 => ([(32, 54), (40, 58)], 64),
    };
    let table = |(place, size): (u64, u64)| {
        let start = file.word(place).filter(|&start| start > 0)?;
        let len = u64::from(file.u16(size)?) * u64::from(file.u16(size + 2)?);
        Some((start..start.checked_add(len)?, Structure::Headers))
    };
    let tables = tables.into_iter().filter_map(table);
    tables.chain([(0..head, Structure::Headers)]).collect()
}

fn macho_tables(file: Bytes<'_>) -> Vec<(Range<u64>, Structure)> {
    let mut found = Vec::new();
    let mut end = 28;
    for command in macho::commands(file).flatten() {
        end += command.body.len();
        // Where in the command offset and length of each table are.
        let (places, structure): (&[u64], Structure) = match command.kind & 0x7fff_ffff {
            0x1d => (&[8], Structure::Signature),
            0x22 => (&[8, 16, 24, 32, 40], Structure::Linking),
            0x26 | 0x29 | 0x33 | 0x34 => (&[8], Structure::Linking),
            _ => (&[], Structure::Linking),
        };
        let tables = places.iter().filter_map(|&place| {
            let start = u64::from(command.body.u32(place)?);
            let len = u64::from(command.body.u32(place + 4)?);
            Some((start..start.checked_add(len)?, structure))
        });
        found.extend(tables);
        if command.kind == 0xb {
            // `LC_DYSYMTAB`: the indirect symbols, 4 bytes each.
            let table = command.body.u32(56).zip(command.body.u32(60));
            found.extend(table.map(|(start, count)| {
                let start = u64::from(start);
                (start..start + 4 * u64::from(count), Structure::Linking)
            }));
        }
    }
    found.push((0..end, Structure::Headers));
    found
}

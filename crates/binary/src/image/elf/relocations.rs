//! ELF relocations: which words they set, to what (processor supplements of the System V ABI).

use super::{DynamicTable, Headers, PT_DYNAMIC, ProgramHeader, SectionHeader};
use crate::address::VirtualAddress;
use crate::bytes::{Bytes, Order, Width};
use crate::image::overlay::Overlay;
use crate::image::{Image, Kind, clip};
use std::rc::Rc;

const DT_SYMTAB: u64 = 6;
const DT_RELA: u64 = 7;
const DT_RELASZ: u64 = 8;
const SHT_RELA: u32 = 4;
const SHT_REL: u32 = 9;
const SHN_UNDEF: u16 = 0;
const SHN_LORESERVE: u16 = 0xff00;

/// Where the pointers of an image get their values from; `addresses` are those of an object's sections.
pub(super) fn overlay(
    image: &Image<'_>,
    headers: &Headers,
    addresses: &[Option<VirtualAddress>],
) -> Overlay {
    let Some(machine) = Machine::of(headers.machine, image.order) else {
        return Overlay::InPlace;
    };
    let tables = match image.kind {
        Kind::Object => object_tables(&headers.sections.entries, addresses),
        _ => dynamic_tables(image, &headers.programs.entries),
    };
    Overlay::relocations(with_machine(tables, machine))
}

/// The relocation types that matter here, of one processor supplement.
#[derive(Clone, Copy)]
struct Machine {
    relative: u32,
    absolute: u32,
}

impl Machine {
    fn of(machine: u16, order: Order) -> Option<Machine> {
        let (relative, absolute) = match (machine, order.width) {
            (62, _) => (8, 1),
            (3, _) => (8, 1),
            (183, _) => (1027, 257),
            (40, _) => (23, 2),
            (22, _) => (12, 22),
            (21, _) => (22, 38),
            (243, _) => (3, 2),
            (258, _) => (3, 2),
            _ => return None,
        };
        Some(Machine { relative, absolute })
    }
}

/// Where relocations are in the file, and what they are against.
pub(in crate::image) struct RelocationTable {
    offset: u64,
    len: u64,
    has_addend: bool,
    target: Target,
    relative: u32,
    absolute: u32,
}

enum Target {
    /// The loaded image: addresses as they are, symbols (file offset of the dynamic symbol table) with their own.
    Image { symbols: Option<u64> },
    /// One section of an object: its address, its symbol table, and the addresses of all sections.
    Section {
        address: VirtualAddress,
        symbols: (u64, u64),
        sections: Rc<[Option<VirtualAddress>]>,
    },
}

fn with_machine(tables: Vec<RelocationTable>, machine: Machine) -> Vec<RelocationTable> {
    let set = |table| RelocationTable {
        relative: machine.relative,
        absolute: machine.absolute,
        ..table
    };
    tables.into_iter().map(set).collect()
}

/// `DT_RELA` of the dynamic table. `DT_REL` and `DT_RELR` keep their addends in place.
fn dynamic_tables(image: &Image<'_>, programs: &[ProgramHeader]) -> Vec<RelocationTable> {
    let dynamic = programs
        .iter()
        .find(|header| header.kind == PT_DYNAMIC)
        .and_then(|header| DynamicTable::at(image, header));
    let Some(dynamic) = dynamic else {
        return Vec::new();
    };
    let value = |tag| dynamic.value(tag);
    let file_offset = |address: u64| {
        let segment = image.segment_at(VirtualAddress(address))?;
        segment
            .offset
            .0
            .checked_add(address.checked_sub(segment.address.0)?)
    };
    let symbols = value(DT_SYMTAB).and_then(file_offset);
    let table = |address: u64, len: u64| {
        let offset = file_offset(address)?;
        Some(RelocationTable {
            offset,
            len: clip(image.data.len(), offset, len),
            has_addend: true,
            target: Target::Image { symbols },
            relative: 0,
            absolute: 0,
        })
    };
    value(DT_RELA)
        .zip(value(DT_RELASZ))
        .and_then(|(address, len)| table(address, len))
        .into_iter()
        .collect()
}

fn object_tables(
    headers: &[SectionHeader],
    addresses: &[Option<VirtualAddress>],
) -> Vec<RelocationTable> {
    // Shared: a hostile object can have as many tables as it has sections.
    let sections: Rc<[Option<VirtualAddress>]> = addresses.into();
    let of = |header: &SectionHeader| {
        let address = addresses
            .get(usize::try_from(header.info).ok()?)
            .copied()
            .flatten()?;
        let symbols = headers.get(usize::try_from(header.link).ok()?)?;
        Some(RelocationTable {
            offset: header.offset,
            len: header.len,
            has_addend: header.kind == SHT_RELA,
            target: Target::Section {
                address,
                symbols: (symbols.offset, symbols.len),
                sections: Rc::clone(&sections),
            },
            relative: 0,
            absolute: 0,
        })
    };
    headers
        .iter()
        .filter(|header| matches!(header.kind, SHT_RELA | SHT_REL))
        .filter_map(of)
        .collect()
}

/// The relocated words of all tables as (address, value), sorted by address.
pub(in crate::image) fn relocated_words(
    image: &Image<'_>,
    tables: &[RelocationTable],
) -> Vec<(u64, u64)> {
    let mut words = Vec::new();
    // Tables of a hostile file may overlap; together they may not say more than the file is long.
    let mut budget = image.data.len() as u64;
    for table in tables {
        let len = clip(image.data.len(), table.offset, table.len).min(budget);
        budget -= len;
        if let Some(entries) = image.bytes().slice(table.offset, len) {
            collect_words(image, table, entries, &mut words);
        }
    }
    words.sort_unstable();
    words.dedup_by_key(|&mut (address, _)| address);
    words
}

fn collect_words(
    image: &Image<'_>,
    table: &RelocationTable,
    entries: Bytes<'_>,
    words: &mut Vec<(u64, u64)>,
) {
    let step = if table.has_addend { 3 } else { 2 };
    let mut index = 0;
    while let (Some(offset), Some(info)) = (entries.nth_word(index), entries.nth_word(index + 1)) {
        let addend = if table.has_addend {
            entries.nth_word(index + 2)
        } else {
            None
        };
        if let Some(word) = relocated_word(image, table, offset, info, addend) {
            words.push(word);
        }
        index += step;
    }
}

fn relocated_word(
    image: &Image<'_>,
    table: &RelocationTable,
    offset: u64,
    info: u64,
    addend: Option<u64>,
) -> Option<(u64, u64)> {
    let (symbol, kind) = match image.order.width {
        Width::W32 => (info >> 8, info & 0xff),
        Width::W64 => (info >> 32, info & 0xffff_ffff),
    };
    match &table.target {
        Target::Image { .. } if kind == u64::from(table.relative) => Some((offset, addend?)),
        _ if kind != u64::from(table.absolute) => None,
        Target::Image { symbols } => {
            let (_, value) = symbol_entry(image, (*symbols)?, symbol)?;
            Some((offset, value.wrapping_add(addend?)))
        }
        Target::Section {
            address,
            symbols,
            sections,
        } => {
            let at = address.offset(offset)?;
            let addend = addend.or_else(|| image.word(at))?;
            let base = symbol_address(image, *symbols, sections, symbol)?;
            Some((at.0, base.wrapping_add(addend)))
        }
    }
}

/// The address of an object's symbol: its section's address plus `st_value`.
fn symbol_address(
    image: &Image<'_>,
    (table, len): (u64, u64),
    sections: &[Option<VirtualAddress>],
    symbol: u64,
) -> Option<u64> {
    if symbol.checked_add(1)?.checked_mul(symbol_len(image))? > len {
        return None;
    }
    let (section, value) = symbol_entry(image, table, symbol)?;
    sections
        .get(usize::from(section))
        .copied()
        .flatten()?
        .0
        .checked_add(value)
}

/// Bytes of a symbol table entry.
fn symbol_len(image: &Image<'_>) -> u64 {
    match image.order.width {
        Width::W32 => 16,
        Width::W64 => 24,
    }
}

/// Section index and value of a defined symbol, from the symbol table at a file offset.
fn symbol_entry(image: &Image<'_>, table: u64, symbol: u64) -> Option<(u16, u64)> {
    let (value_at, section_at) = match image.order.width {
        Width::W32 => (4, 14),
        Width::W64 => (8, 6),
    };
    let size = symbol_len(image);
    let entry = image
        .bytes()
        .slice(table.checked_add(symbol.checked_mul(size)?)?, size)?;
    let section = entry
        .u16(section_at)
        .filter(|&section| section != SHN_UNDEF && section < SHN_LORESERVE)?;
    Some((section, entry.word(value_at)?))
}

//! ELF: file header, program headers, section hints, relocations (System V gABI and the processor supplements).
//!
//! A loaded image is seen through its program headers; only a relocatable object is seen through its sections.

use super::overlay::{ObjectLayout, Overlay, as_segment};
use super::{Format, Image, Kind, Permissions, Section, Segment, clip, sort_segments};
use crate::address::{FileOffset, VirtualAddress};
use crate::bytes::{Bytes, Endian, Order, Width};
use crate::gap::{Gap, Topic};
use std::rc::Rc;

const ET_REL: u16 = 1;
const ET_EXEC: u16 = 2;
const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PF_X: u32 = 1;
const PF_W: u32 = 2;
const DT_SYMTAB: u64 = 6;
const DT_RELA: u64 = 7;
const DT_RELASZ: u64 = 8;
const SHT_SYMTAB: u32 = 2;
const SHT_RELA: u32 = 4;
const SHT_NOBITS: u32 = 8;
const SHT_REL: u32 = 9;
const SHF_WRITE: u64 = 1;
const SHF_ALLOC: u64 = 2;
const SHF_EXECINSTR: u64 = 4;
const SHN_UNDEF: u16 = 0;
const SHN_LORESERVE: u16 = 0xff00;

/// Field offsets that differ between the 32-bit and the 64-bit format.
struct Layout {
    phoff: u64,
    shoff: u64,
    counts: u64,
    phdr: PhdrLayout,
    shdr: ShdrLayout,
}

struct PhdrLayout {
    size: u64,
    flags: u64,
    offset: u64,
    vaddr: u64,
    filesz: u64,
}

struct ShdrLayout {
    size: u64,
    addr: u64,
    offset: u64,
    len: u64,
    link: u64,
    info: u64,
}

const ELF32: Layout = Layout {
    phoff: 28,
    shoff: 32,
    counts: 42,
    phdr: PhdrLayout {
        size: 32,
        flags: 24,
        offset: 4,
        vaddr: 8,
        filesz: 16,
    },
    shdr: ShdrLayout {
        size: 40,
        addr: 12,
        offset: 16,
        len: 20,
        link: 24,
        info: 28,
    },
};

const ELF64: Layout = Layout {
    phoff: 32,
    shoff: 40,
    counts: 54,
    phdr: PhdrLayout {
        size: 56,
        flags: 4,
        offset: 8,
        vaddr: 16,
        filesz: 32,
    },
    shdr: ShdrLayout {
        size: 64,
        addr: 16,
        offset: 24,
        len: 32,
        link: 40,
        info: 44,
    },
};

/// One program header, as far as it is needed.
struct ProgramHeader {
    kind: u32,
    flags: u32,
    offset: u64,
    vaddr: u64,
    filesz: u64,
}

/// One section header.
#[derive(Clone, Copy)]
struct SectionHeader {
    name: u32,
    kind: u32,
    flags: u64,
    addr: u64,
    offset: u64,
    len: u64,
    link: u32,
    info: u32,
}

pub(super) fn parse(data: &[u8]) -> Result<Image<'_>, Gap> {
    let order = order(data)?;
    let bytes = Bytes::new(data, order);
    let damaged = || Gap::new(Topic::Image, "the ELF header ends early");
    let kind = bytes.u16(16).ok_or_else(damaged)?;
    let machine = bytes.u16(18).ok_or_else(damaged)?;
    let programs = program_headers(bytes).ok_or_else(damaged)?;
    let headers = section_headers(bytes).unwrap_or_default();
    let is_object = kind == ET_REL;
    let addresses = if is_object {
        lay_out(data.len(), &headers)
    } else {
        Vec::new()
    };
    let sections = sections(bytes, &headers, &addresses);
    let mut segments = if is_object {
        object_segments(&headers, &sections)
    } else {
        load_segments(data.len(), &programs)
    };
    sort_segments(&mut segments);
    if segments.is_empty() {
        return Err(Gap::new(
            Topic::Image,
            "the ELF image has no loaded segment within the file",
        ));
    }
    let mut image = Image {
        data,
        format: Format::Elf,
        kind: match kind {
            ET_REL => Kind::Object,
            ET_EXEC => Kind::Executable,
            _ => Kind::Dynamic,
        },
        arch: arch(machine, order),
        os: os(bytes),
        order,
        segments,
        sections,
        symbol_table: headers
            .iter()
            .any(|header| header.kind == SHT_SYMTAB && header.len > 0),
        overlay: Overlay::InPlace,
    };
    let tables = if is_object {
        object_tables(&headers, &addresses)
    } else {
        dynamic_tables(&image, &programs, machine)
    };
    image.overlay = match Machine::of(machine, order) {
        Some(machine) => Overlay::relocations(with_machine(tables, machine)),
        None => Overlay::InPlace,
    };
    Ok(image)
}

fn order(data: &[u8]) -> Result<Order, Gap> {
    let width = match data.get(4) {
        Some(1) => Width::W32,
        Some(2) => Width::W64,
        _ => {
            return Err(Gap::new(
                Topic::Image,
                "the ELF header names no known class",
            ));
        }
    };
    let endian = match data.get(5) {
        Some(1) => Endian::Little,
        Some(2) => Endian::Big,
        _ => {
            return Err(Gap::new(
                Topic::Image,
                "the ELF header names no known byte order",
            ));
        }
    };
    Ok(Order { endian, width })
}

fn layout(order: Order) -> &'static Layout {
    match order.width {
        Width::W32 => &ELF32,
        Width::W64 => &ELF64,
    }
}

/// `e_machine` in Go's words.
fn arch(machine: u16, order: Order) -> Option<&'static str> {
    let little = order.endian == Endian::Little;
    Some(match (machine, order.width) {
        (62, _) => "amd64",
        (3, _) => "386",
        (183, _) => "arm64",
        (40, _) => "arm",
        (22, _) => "s390x",
        (21, _) if little => "ppc64le",
        (21, _) => "ppc64",
        (8, Width::W64) if little => "mips64le",
        (8, Width::W64) => "mips64",
        (8, Width::W32) if little => "mipsle",
        (8, Width::W32) => "mips",
        (243, _) => "riscv64",
        (258, _) => "loong64",
        _ => return None,
    })
}

/// `EI_OSABI` where it says more than "System V".
fn os(bytes: Bytes<'_>) -> Option<&'static str> {
    match bytes.u8(7)? {
        2 => Some("netbsd"),
        3 => Some("linux"),
        6 => Some("solaris"),
        9 => Some("freebsd"),
        12 => Some("openbsd"),
        _ => None,
    }
}

fn program_headers(bytes: Bytes<'_>) -> Option<Vec<ProgramHeader>> {
    let layout = layout(bytes.order());
    let table = bytes.word(layout.phoff)?;
    let count = bytes.u16(layout.counts.checked_add(2)?)?;
    let fields = &layout.phdr;
    let read = |index: u64| {
        let header = bytes.slice(table.checked_add(index * fields.size)?, fields.size)?;
        Some(ProgramHeader {
            kind: header.u32(0)?,
            flags: header.u32(fields.flags)?,
            offset: header.word(fields.offset)?,
            vaddr: header.word(fields.vaddr)?,
            filesz: header.word(fields.filesz)?,
        })
    };
    Some((0..u64::from(count)).map_while(read).collect())
}

fn section_headers(bytes: Bytes<'_>) -> Option<Vec<SectionHeader>> {
    let layout = layout(bytes.order());
    let table = bytes.word(layout.shoff)?;
    let count = bytes.u16(layout.counts.checked_add(6)?)?;
    if table == 0 {
        return None;
    }
    let fields = &layout.shdr;
    let read = |index: u64| {
        let header = bytes.slice(table.checked_add(index * fields.size)?, fields.size)?;
        Some(SectionHeader {
            name: header.u32(0)?,
            kind: header.u32(4)?,
            flags: header.word(8)?,
            addr: header.word(fields.addr)?,
            offset: header.word(fields.offset)?,
            len: header.word(fields.len)?,
            link: header.u32(fields.link)?,
            info: header.u32(fields.info)?,
        })
    };
    Some((0..u64::from(count)).map_while(read).collect())
}

/// Addresses for the sections of an object, by section index; `None` for what is not loaded.
fn lay_out(file_len: usize, headers: &[SectionHeader]) -> Vec<Option<VirtualAddress>> {
    let mut layout = ObjectLayout::new();
    let place = |header: &SectionHeader| {
        let loaded = header.flags & SHF_ALLOC != 0 && header.kind != SHT_NOBITS;
        loaded.then(|| layout.place(clip(file_len, header.offset, header.len)))?
    };
    headers.iter().map(place).collect()
}

fn sections<'a>(
    bytes: Bytes<'a>,
    headers: &[SectionHeader],
    addresses: &[Option<VirtualAddress>],
) -> Vec<Section<'a>> {
    let names = names_index(bytes)
        .and_then(|index| headers.get(index))
        .and_then(|strings| {
            bytes.slice(
                strings.offset,
                clip(bytes.data().len(), strings.offset, strings.len),
            )
        });
    let section = |(index, header): (usize, &SectionHeader)| Section {
        name: names
            .and_then(|names| names.c_str(u64::from(header.name)))
            .unwrap_or_default(),
        address: addresses
            .get(index)
            .copied()
            .flatten()
            .unwrap_or(VirtualAddress(header.addr)),
        offset: FileOffset(header.offset),
        len: match header.kind {
            SHT_NOBITS => 0,
            _ => clip(bytes.data().len(), header.offset, header.len),
        },
    };
    headers.iter().enumerate().map(section).collect()
}

/// `e_shstrndx`.
fn names_index(bytes: Bytes<'_>) -> Option<usize> {
    let counts = layout(bytes.order()).counts;
    bytes.u16(counts.checked_add(8)?).map(usize::from)
}

fn load_segments(file_len: usize, programs: &[ProgramHeader]) -> Vec<Segment> {
    let loads = programs.iter().filter(|header| header.kind == PT_LOAD);
    let segment = |header: &ProgramHeader| Segment {
        address: VirtualAddress(header.vaddr),
        offset: FileOffset(header.offset),
        len: clip(file_len, header.offset, header.filesz),
        permissions: Permissions {
            execute: header.flags & PF_X != 0,
            write: header.flags & PF_W != 0,
        },
    };
    loads
        .map(segment)
        .filter(|segment| segment.len > 0)
        .collect()
}

fn object_segments(headers: &[SectionHeader], sections: &[Section<'_>]) -> Vec<Segment> {
    let loaded = headers.iter().zip(sections).filter(|(header, section)| {
        header.flags & SHF_ALLOC != 0 && header.kind != SHT_NOBITS && section.len > 0
    });
    let segment = |(header, section): (&SectionHeader, &Section<'_>)| {
        let permissions = Permissions {
            execute: header.flags & SHF_EXECINSTR != 0,
            write: header.flags & SHF_WRITE != 0,
        };
        as_segment(section, permissions)
    };
    loaded.map(segment).collect()
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
pub(super) struct RelocationTable {
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

/// `DT_RELA` of the dynamic section. `DT_REL` and `DT_RELR` keep their addends in place.
fn dynamic_tables(
    image: &Image<'_>,
    programs: &[ProgramHeader],
    machine: u16,
) -> Vec<RelocationTable> {
    const MIPS: u16 = 8;
    let dynamic = programs
        .iter()
        .find(|header| header.kind == PT_DYNAMIC && machine != MIPS);
    let Some(entries) = dynamic.and_then(|header| {
        image.bytes().slice(
            header.offset,
            clip(image.data.len(), header.offset, header.filesz),
        )
    }) else {
        return Vec::new();
    };
    let value = |tag: u64| {
        (0..)
            .map_while(|index: u64| {
                Some((
                    entries.nth_word(2 * index)?,
                    entries.nth_word(2 * index + 1)?,
                ))
            })
            .take_while(|&(found, _)| found != 0)
            .find(|&(found, _)| found == tag)
            .map(|(_, value)| value)
    };
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
pub(super) fn relocated_words(image: &Image<'_>, tables: &[RelocationTable]) -> Vec<(u64, u64)> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_end_early_are_gaps() {
        for len in 0..64 {
            let mut data = vec![0x7f, b'E', b'L', b'F', 2, 1, 1];
            data.resize(len.max(7), 0);
            assert!(parse(&data).is_err());
        }
    }

    #[test]
    fn an_object_places_only_loaded_sections() {
        let header = SectionHeader {
            name: 0,
            kind: 1,
            flags: SHF_ALLOC,
            addr: 0,
            offset: 0,
            len: 10,
            link: 0,
            info: 0,
        };
        let debug = SectionHeader { flags: 0, ..header };
        let placed = lay_out(100, &[header, debug, header]);
        assert_eq!(placed.iter().filter(|address| address.is_some()).count(), 2);
        assert_ne!(placed.first(), placed.last());
    }
}

//! ELF: file header, program headers, section hints, relocations (System V gABI and the processor supplements).
//!
//! A loaded image is seen through its program headers; only a relocatable object is seen through its sections.

mod headers;
pub(crate) mod notes;
mod relocations;

pub(crate) use headers::{DynamicTable, Extent, Headers, PT_DYNAMIC, PT_LOAD, ProgramHeader};
pub(crate) use headers::{SectionHeader, section_names};
pub(super) use relocations::{RelocationTable, relocated_words};

use super::overlay::{ObjectLayout, Overlay, as_segment};
use super::{
    Format, Image, Kind, LONGEST_SECTION_NAME, Permissions, Section, Segment, clip, sort_segments,
};
use crate::address::{FileOffset, VirtualAddress};
use crate::bytes::{Bytes, Endian, Order, Width};
use crate::gap::{Gap, Topic};

const ET_REL: u16 = 1;
pub(crate) const ET_EXEC: u16 = 2;
const PF_X: u32 = 1;
const PF_W: u32 = 2;
pub(crate) const SHT_SYMTAB: u32 = 2;
pub(crate) const SHT_NOBITS: u32 = 8;
const SHF_WRITE: u64 = 1;
const SHF_ALLOC: u64 = 2;
const SHF_EXECINSTR: u64 = 4;

pub(super) fn parse(data: &[u8]) -> Result<Image<'_>, Gap> {
    let order = order(data)?;
    let bytes = Bytes::new(data, order);
    let headers =
        Headers::read(bytes).ok_or_else(|| Gap::new(Topic::Image, "the ELF header ends early"))?;
    let table = &headers.sections.entries;
    let is_object = headers.kind == ET_REL;
    let addresses = if is_object {
        lay_out(data.len(), table)
    } else {
        Vec::new()
    };
    let sections = sections(bytes, table, &addresses);
    let mut segments = if is_object {
        object_segments(table, &sections)
    } else {
        load_segments(data.len(), &headers.programs.entries)
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
        kind: match headers.kind {
            ET_REL => Kind::Object,
            ET_EXEC => Kind::Executable,
            _ => Kind::Dynamic,
        },
        arch: arch(headers.machine, order),
        os: os(bytes),
        order,
        segments,
        sections,
        symbol_table: table
            .iter()
            .any(|header| header.kind == SHT_SYMTAB && header.len > 0),
        overlay: Overlay::InPlace,
    };
    image.overlay = relocations::overlay(&image, &headers, &addresses);
    Ok(image)
}

pub(crate) fn order(data: &[u8]) -> Result<Order, Gap> {
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

impl ProgramHeader {
    /// How the segment is mapped.
    pub(crate) fn permissions(&self) -> Permissions {
        Permissions {
            execute: self.flags & PF_X != 0,
            write: self.flags & PF_W != 0,
        }
    }
}

impl SectionHeader {
    /// Its name, from the section that holds the names.
    pub(crate) fn name<'a>(&self, names: Bytes<'a>) -> Option<&'a [u8]> {
        names.short_c_str(u64::from(self.name), LONGEST_SECTION_NAME)
    }
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
    let names = section_names(bytes, headers);
    let section = |(index, header): (usize, &SectionHeader)| Section {
        name: names
            .and_then(|names| header.name(names))
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

fn load_segments(file_len: usize, programs: &[ProgramHeader]) -> Vec<Segment> {
    let loads = programs.iter().filter(|header| header.kind == PT_LOAD);
    let segment = |header: &ProgramHeader| Segment {
        address: VirtualAddress(header.vaddr),
        offset: FileOffset(header.offset),
        len: clip(file_len, header.offset, header.filesz),
        permissions: header.permissions(),
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

//! PE: DOS stub, COFF header, optional header, section table (Microsoft PE/COFF specification).
//!
//! Sections are the only segments a PE image has, so here the section table is structure and not only a hint.

use super::overlay::Overlay;
use super::{Format, Image, Kind, Permissions, Section, Segment, clip};
use crate::address::{FileOffset, VirtualAddress};
use crate::bytes::{Bytes, Endian, Order, Width};
use crate::gap::{Gap, Topic};

const IMAGE_SCN_MEM_DISCARDABLE: u32 = 0x0200_0000;
const IMAGE_SCN_MEM_EXECUTE: u32 = 0x2000_0000;
const IMAGE_SCN_MEM_WRITE: u32 = 0x8000_0000;
const IMAGE_FILE_DLL: u16 = 0x2000;
const PE32_PLUS: u16 = 0x20b;

/// The COFF file header, as far as it is needed.
pub(super) struct CoffHeader {
    pub(super) sections: u16,
    pub(super) symbol_offset: u64,
    pub(super) symbols: u32,
    pub(super) optional_len: u16,
    pub(super) characteristics: u16,
}

impl CoffHeader {
    pub(super) fn read(bytes: Bytes<'_>, at: u64) -> Option<CoffHeader> {
        let header = bytes.slice(at, 20)?;
        Some(CoffHeader {
            sections: header.u16(2)?,
            symbol_offset: u64::from(header.u32(8)?),
            symbols: header.u32(12)?,
            optional_len: header.u16(16)?,
            characteristics: header.u16(18)?,
        })
    }
}

/// One entry of the section table.
pub(super) struct SectionHeader<'a> {
    pub(super) name: &'a [u8],
    pub(super) virtual_len: u64,
    pub(super) virtual_address: u64,
    pub(super) raw_len: u64,
    pub(super) raw_offset: u64,
    pub(super) characteristics: u32,
}

impl SectionHeader<'_> {
    pub(super) fn permissions(&self) -> Permissions {
        Permissions {
            execute: self.characteristics & IMAGE_SCN_MEM_EXECUTE != 0,
            write: self.characteristics & IMAGE_SCN_MEM_WRITE != 0,
        }
    }

    pub(super) fn discardable(&self) -> bool {
        self.characteristics & IMAGE_SCN_MEM_DISCARDABLE != 0
    }
}

/// Byte order and pointer size of a `Machine` value (all are little-endian).
pub(super) fn order(machine: u16) -> Order {
    let width = match machine {
        0x8664 | 0xaa64 => Width::W64,
        _ => Width::W32,
    };
    Order {
        endian: Endian::Little,
        width,
    }
}

/// `Machine` in Go's words.
pub(super) fn arch(machine: u16) -> Option<&'static str> {
    match machine {
        0x014c => Some("386"),
        0x01c4 => Some("arm"),
        0x8664 => Some("amd64"),
        0xaa64 => Some("arm64"),
        _ => None,
    }
}

pub(super) fn parse(data: &[u8]) -> Result<Image<'_>, Gap> {
    let early = || Gap::new(Topic::Image, "the PE headers end early");
    let stub = Bytes::new(data, order(0));
    let at = u64::from(stub.u32(0x3c).ok_or_else(early)?);
    if stub
        .slice(at, 4)
        .is_none_or(|signature| signature.data() != b"PE\0\0")
    {
        return Err(Gap::new(
            Topic::Image,
            "the file has a DOS header but no PE signature",
        ));
    }
    let coff_at = at.checked_add(4).ok_or_else(early)?;
    let machine = stub.u16(coff_at).ok_or_else(early)?;
    let bytes = Bytes::new(data, order(machine));
    let header = CoffHeader::read(bytes, coff_at).ok_or_else(early)?;
    let optional = coff_at.checked_add(20).ok_or_else(early)?;
    let base = image_base(bytes, optional).ok_or_else(early)?;
    let table = optional
        .checked_add(u64::from(header.optional_len))
        .ok_or_else(early)?;
    let entries = section_headers(bytes, table, &header);
    let segments: Vec<Segment> = entries
        .iter()
        .filter_map(|entry| segment(data.len(), base, entry))
        .collect();
    if segments.is_empty() {
        return Err(Gap::new(
            Topic::Image,
            "the PE image has no section within the file",
        ));
    }
    Ok(Image {
        data,
        format: Format::Pe,
        kind: if header.characteristics & IMAGE_FILE_DLL != 0 {
            Kind::Library
        } else {
            Kind::Executable
        },
        arch: arch(machine),
        os: Some("windows"),
        order: bytes.order(),
        segments,
        sections: entries
            .iter()
            .map(|entry| section(data.len(), base, entry))
            .collect(),
        symbol_table: header.symbols > 0,
        overlay: Overlay::InPlace,
    })
}

/// `ImageBase` of the optional header, whose place depends on its magic.
fn image_base(bytes: Bytes<'_>, optional: u64) -> Option<u64> {
    match bytes.u16(optional)? {
        PE32_PLUS => bytes.u64(optional.checked_add(24)?),
        _ => bytes.u32(optional.checked_add(28)?).map(u64::from),
    }
}

/// The section table, up to the first entry that is outside the file.
pub(super) fn section_headers<'a>(
    bytes: Bytes<'a>,
    table: u64,
    header: &CoffHeader,
) -> Vec<SectionHeader<'a>> {
    let strings = header
        .symbol_offset
        .checked_add(18 * u64::from(header.symbols))
        .filter(|_| header.symbol_offset != 0)
        .and_then(|at| bytes.tail(at));
    let read = |index: u64| {
        let entry = bytes.slice(table.checked_add(index * 40)?, 40)?;
        Some(SectionHeader {
            name: section_name(entry, strings)?,
            virtual_len: u64::from(entry.u32(8)?),
            virtual_address: u64::from(entry.u32(12)?),
            raw_len: u64::from(entry.u32(16)?),
            raw_offset: u64::from(entry.u32(20)?),
            characteristics: entry.u32(36)?,
        })
    };
    (0..u64::from(header.sections)).map_while(read).collect()
}

/// Eight bytes, padded with NUL; `/123` names an offset in the string table behind the symbols.
fn section_name<'a>(entry: Bytes<'a>, strings: Option<Bytes<'a>>) -> Option<&'a [u8]> {
    let short = entry.slice(0, 8)?.data();
    let short = short.split(|&b| b == 0).next().unwrap_or(short);
    let long = || {
        let digits = std::str::from_utf8(short.strip_prefix(b"/")?).ok()?;
        strings?.c_str(digits.parse().ok()?)
    };
    Some(long().unwrap_or(short))
}

fn segment(file_len: usize, base: u64, entry: &SectionHeader<'_>) -> Option<Segment> {
    // Raw data is padded to the file alignment; what is behind the virtual size is not loaded.
    let loaded = if entry.virtual_len == 0 {
        entry.raw_len
    } else {
        entry.raw_len.min(entry.virtual_len)
    };
    let len = clip(file_len, entry.raw_offset, loaded);
    (len > 0).then_some(Segment {
        address: VirtualAddress(base.checked_add(entry.virtual_address)?),
        offset: FileOffset(entry.raw_offset),
        len,
        permissions: entry.permissions(),
    })
}

fn section<'a>(file_len: usize, base: u64, entry: &SectionHeader<'a>) -> Section<'a> {
    Section {
        name: entry.name,
        address: VirtualAddress(base.wrapping_add(entry.virtual_address)),
        offset: FileOffset(entry.raw_offset),
        len: clip(file_len, entry.raw_offset, entry.raw_len),
    }
}

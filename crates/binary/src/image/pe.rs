//! PE: DOS stub, COFF header, optional header, section table (Microsoft PE/COFF specification).
//!
//! Sections are the only segments a PE image has, so here the section table is structure and not only a hint.

use super::overlay::Overlay;
use super::{Format, Image, Kind, LONGEST_SECTION_NAME, Permissions, Section, Segment, clip};
use crate::address::{FileOffset, VirtualAddress};
use crate::bytes::{Bytes, Endian, Order, Width};
use crate::gap::{Gap, Topic};

const IMAGE_SCN_MEM_DISCARDABLE: u32 = 0x0200_0000;
const IMAGE_SCN_MEM_EXECUTE: u32 = 0x2000_0000;
const IMAGE_SCN_MEM_WRITE: u32 = 0x8000_0000;
const IMAGE_FILE_DLL: u16 = 0x2000;
/// Bytes of an entry of the symbol table.
pub(crate) const SYMBOL_LEN: u64 = 18;
const PE32_PLUS: u16 = 0x20b;

/// The COFF file header, as far as it is needed.
pub(crate) struct CoffHeader {
    pub(crate) sections: u16,
    pub(crate) symbol_offset: u64,
    pub(crate) symbols: u32,
    pub(crate) optional_len: u16,
    pub(crate) characteristics: u16,
}

impl CoffHeader {
    pub(crate) fn read(bytes: Bytes<'_>, at: u64) -> Option<CoffHeader> {
        let header = bytes.slice(at, 20)?;
        Some(CoffHeader {
            sections: header.u16(2)?,
            symbol_offset: u64::from(header.u32(8)?),
            symbols: header.u32(12)?,
            optional_len: header.u16(16)?,
            characteristics: header.u16(18)?,
        })
    }

    /// Everything behind the symbols: the string table, its length in front.
    fn strings<'a>(&self, bytes: Bytes<'a>) -> Option<Bytes<'a>> {
        let at = self
            .symbol_offset
            .checked_add(SYMBOL_LEN * u64::from(self.symbols))?;
        bytes.tail(at).filter(|_| self.symbol_offset != 0)
    }
}

/// One entry of the section table.
pub(crate) struct SectionHeader<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) virtual_len: u64,
    pub(crate) virtual_address: u64,
    pub(crate) raw_len: u64,
    pub(crate) raw_offset: u64,
    pub(crate) characteristics: u32,
}

impl SectionHeader<'_> {
    pub(crate) fn permissions(&self) -> Permissions {
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

/// A data directory of the optional header, by its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Directory {
    Import = 1,
    /// Its address is an offset into the file.
    Certificates = 4,
    BaseRelocations = 5,
    Debug = 6,
    DelayImport = 13,
}

/// All headers of a PE image.
pub(crate) struct Headers<'a> {
    bytes: Bytes<'a>,
    machine: u16,
    pub(crate) coff: CoffHeader,
    optional: u64,
    /// `ImageBase`, from which relative addresses count.
    pub(crate) base: u64,
    pub(crate) sections: Vec<SectionHeader<'a>>,
}

impl<'a> Headers<'a> {
    /// Reads the headers.
    pub(crate) fn read(data: &'a [u8]) -> Result<Headers<'a>, Gap> {
        let early = || Gap::new(Topic::Image, "the PE headers end early");
        let stub = Bytes::new(data, order(0));
        let at = u64::from(stub.u32(0x3c).ok_or_else(early)?);
        let signature = stub.slice(at, 4).map(Bytes::data);
        if signature != Some(b"PE\0\0") {
            return Err(Gap::new(
                Topic::Image,
                "the file has a DOS header but no PE signature",
            ));
        }
        Headers::behind_signature(stub, at).ok_or_else(early)
    }

    fn behind_signature(stub: Bytes<'a>, signature: u64) -> Option<Headers<'a>> {
        let coff_at = signature.checked_add(4)?;
        let machine = stub.u16(coff_at)?;
        let bytes = Bytes::new(stub.data(), order(machine));
        let coff = CoffHeader::read(bytes, coff_at)?;
        let optional = coff_at.checked_add(20)?;
        let table = optional.checked_add(u64::from(coff.optional_len))?;
        Some(Headers {
            bytes,
            machine,
            base: image_base(bytes, optional)?,
            sections: section_headers(bytes, table, &coff),
            coff,
            optional,
        })
    }

    /// The string table behind the symbols, its length in front; `None` where there is none.
    pub(crate) fn strings(&self) -> Option<Bytes<'a>> {
        self.coff.strings(self.bytes)
    }

    /// True where every entry of the section table was read.
    pub(crate) fn sections_are_whole(&self) -> bool {
        self.sections.len() == usize::from(self.coff.sections)
    }

    /// A 16-bit field of the optional header.
    pub(crate) fn optional_u16(&self, at: u64) -> Option<u16> {
        self.optional_header()?.u16(at)
    }

    fn optional_header(&self) -> Option<Bytes<'a>> {
        self.bytes
            .slice(self.optional, u64::from(self.coff.optional_len))
    }

    /// Address (relative to the base) and length of a data directory, both 0 where the image has none; `None` where the
    /// header ends before it says so.
    pub(crate) fn directory(&self, directory: Directory) -> Option<(u32, u32)> {
        let header = self.optional_header()?;
        let count_at = match header.u16(0)? {
            PE32_PLUS => 108,
            _ => 92,
        };
        let index = directory as u32;
        if index >= header.u32(count_at)? {
            return Some((0, 0));
        }
        let at = count_at + 4 + 8 * u64::from(index);
        Some((header.u32(at)?, header.u32(at + 4)?))
    }
}

pub(super) fn parse(data: &[u8]) -> Result<Image<'_>, Gap> {
    let headers = Headers::read(data)?;
    let segments: Vec<Segment> = headers
        .sections
        .iter()
        .filter_map(|entry| segment(data.len(), headers.base, entry))
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
        kind: if headers.coff.characteristics & IMAGE_FILE_DLL != 0 {
            Kind::Library
        } else {
            Kind::Executable
        },
        arch: arch(headers.machine),
        os: Some("windows"),
        order: headers.bytes.order(),
        segments,
        sections: headers
            .sections
            .iter()
            .map(|entry| section(data.len(), headers.base, entry))
            .collect(),
        symbol_table: headers.coff.symbols > 0,
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
    let strings = header.strings(bytes);
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
        strings?.short_c_str(digits.parse().ok()?, LONGEST_SECTION_NAME)
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

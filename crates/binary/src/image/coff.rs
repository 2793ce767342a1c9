//! COFF objects: members of a c-archive made for Windows (Microsoft PE/COFF specification, "COFF File Header").

use super::overlay::{ObjectLayout, Overlay, as_segment};
use super::{Format, Image, Kind, Section, clip, pe};
use crate::address::{FileOffset, VirtualAddress};
use crate::bytes::Bytes;
use crate::gap::{Gap, Topic};

const HEADER_LEN: u64 = 20;

/// True where the bytes start like a COFF object of an architecture that Go builds for.
pub(super) fn is_object(data: &[u8]) -> bool {
    let bytes = Bytes::new(data, pe::order(0));
    let known = bytes.u16(0).and_then(pe::arch).is_some();
    // An object has no optional header, at least one section and its section table within the file.
    known
        && bytes.u16(16) == Some(0)
        && bytes
            .u16(2)
            .is_some_and(|count| count > 0 && HEADER_LEN + 40 * u64::from(count) <= bytes.len())
}

pub(super) fn parse(data: &[u8]) -> Result<Image<'_>, Gap> {
    let early = || Gap::new(Topic::Image, "the COFF header ends early");
    let bytes = Bytes::new(data, pe::order(0));
    let machine = bytes.u16(0).ok_or_else(early)?;
    let bytes = Bytes::new(data, pe::order(machine));
    let header = pe::CoffHeader::read(bytes, 0).ok_or_else(early)?;
    let mut layout = ObjectLayout::new();
    let mut segments = Vec::new();
    let mut sections = Vec::new();
    for entry in pe::section_headers(bytes, HEADER_LEN, &header) {
        let len = clip(data.len(), entry.raw_offset, entry.raw_len);
        let address = if entry.raw_offset == 0 {
            None
        } else {
            layout.place(len)
        };
        let section = Section {
            name: entry.name,
            address: address.unwrap_or(VirtualAddress(0)),
            offset: FileOffset(entry.raw_offset),
            len: if entry.raw_offset == 0 { 0 } else { len },
        };
        if address.is_some() && len > 0 && !entry.discardable() {
            segments.push(as_segment(&section, entry.permissions()));
        }
        sections.push(section);
    }
    Ok(Image {
        data,
        format: Format::Pe,
        kind: Kind::Object,
        arch: pe::arch(machine),
        os: Some("windows"),
        order: bytes.order(),
        segments,
        sections,
        symbol_table: header.symbols > 0,
        overlay: Overlay::InPlace,
    })
}

//! Mach-O: header, segments with their sections, symbol table, chained fixups (`mach-o/loader.h`, `fixup-chains.h`).

use super::overlay::Overlay;
use super::{Format, Image, Kind, Permissions, Section, Segment, clip};
use crate::address::{FileOffset, VirtualAddress};
use crate::bytes::{Bytes, Endian, Order, Width};
use crate::gap::{Gap, Topic};

const LC_SEGMENT: u32 = 0x1;
const LC_SYMTAB: u32 = 0x2;
const LC_SEGMENT_64: u32 = 0x19;
const LC_BUILD_VERSION: u32 = 0x32;
const LC_DYLD_CHAINED_FIXUPS: u32 = 0x8000_0034;
const VM_PROT_WRITE: u32 = 2;
const VM_PROT_EXECUTE: u32 = 4;
const S_ZEROFILL: u32 = 1;
const S_GB_ZEROFILL: u32 = 0xc;
const S_THREAD_LOCAL_ZEROFILL: u32 = 0x12;

pub(super) fn is_macho(data: &[u8]) -> bool {
    order(data).is_some()
}

fn order(data: &[u8]) -> Option<Order> {
    let (endian, width) = match data.get(..4)? {
        [0xfe, 0xed, 0xfa, 0xce] => (Endian::Big, Width::W32),
        [0xfe, 0xed, 0xfa, 0xcf] => (Endian::Big, Width::W64),
        [0xce, 0xfa, 0xed, 0xfe] => (Endian::Little, Width::W32),
        [0xcf, 0xfa, 0xed, 0xfe] => (Endian::Little, Width::W64),
        _ => return None,
    };
    Some(Order { endian, width })
}

/// `cputype` in Go's words.
pub(crate) fn arch(cputype: u32) -> Option<&'static str> {
    match cputype {
        7 => Some("386"),
        12 => Some("arm"),
        18 => Some("ppc"),
        0x0100_0007 => Some("amd64"),
        0x0100_000c => Some("arm64"),
        _ => None,
    }
}

/// What the load commands gave.
#[derive(Default)]
struct Commands<'a> {
    segments: Vec<Segment>,
    sections: Vec<Section<'a>>,
    symbols: u32,
    platform: Option<u32>,
    chained: bool,
}

pub(super) fn parse(data: &[u8]) -> Result<Image<'_>, Gap> {
    let early = || Gap::new(Topic::Image, "the Mach-O header ends early");
    let order = order(data).ok_or_else(early)?;
    let bytes = Bytes::new(data, order);
    let cputype = bytes.u32(4).ok_or_else(early)?;
    let filetype = bytes.u32(12).ok_or_else(early)?;
    let count = bytes.u32(16).ok_or_else(early)?;
    let flags = bytes.u32(24).ok_or_else(early)?;
    let commands = load_commands(bytes, count);
    if commands.segments.is_empty() {
        return Err(Gap::new(
            Topic::Image,
            "the Mach-O image has no segment within the file",
        ));
    }
    Ok(Image {
        data,
        format: Format::MachO,
        kind: kind(filetype, flags),
        arch: arch(cputype),
        os: Some(os(commands.platform)),
        order,
        overlay: match base(&commands) {
            Some(base) if commands.chained => Overlay::Chained { base },
            _ => Overlay::InPlace,
        },
        segments: commands.segments,
        sections: commands.sections,
        symbol_table: commands.symbols > 0,
    })
}

fn kind(filetype: u32, flags: u32) -> Kind {
    const MH_PIE: u32 = 0x20_0000;
    match filetype {
        1 => Kind::Object,
        2 if flags & MH_PIE != 0 => Kind::Dynamic,
        2 => Kind::Executable,
        _ => Kind::Library,
    }
}

/// Platform of `LC_BUILD_VERSION`: Go builds for macOS and iOS.
fn os(platform: Option<u32>) -> &'static str {
    match platform {
        Some(2) => "ios",
        _ => "darwin",
    }
}

/// The address that chained fixups count from: where the file's first byte is mapped (`__TEXT`).
fn base(commands: &Commands<'_>) -> Option<u64> {
    commands
        .segments
        .iter()
        .find(|segment| segment.offset.0 == 0)
        .map(|segment| segment.address.0)
}

fn load_commands(bytes: Bytes<'_>, count: u32) -> Commands<'_> {
    let mut commands = Commands::default();
    let mut at = match bytes.order().width {
        Width::W32 => 28,
        Width::W64 => 32,
    };
    for _ in 0..count {
        let (Some(command), Some(len)) = (bytes.u32(at), bytes.u32(at + 4)) else {
            break;
        };
        let Some(body) = bytes
            .slice(at, u64::from(len))
            .filter(|body| body.len() >= 8)
        else {
            break;
        };
        match command {
            LC_SEGMENT | LC_SEGMENT_64 => read_segment(bytes, body, &mut commands),
            LC_SYMTAB => commands.symbols = body.u32(12).unwrap_or(0),
            LC_BUILD_VERSION => commands.platform = body.u32(8),
            LC_DYLD_CHAINED_FIXUPS => commands.chained = true,
            _ => {}
        }
        at += u64::from(len);
    }
    commands
}

fn read_segment<'a>(bytes: Bytes<'a>, body: Bytes<'a>, commands: &mut Commands<'a>) {
    let word = bytes.order().width.bytes();
    let file_len = bytes.data().len();
    let header = || {
        let address = body.word(24)?;
        let offset = body.word(24 + 2 * word)?;
        let len = body.word(24 + 3 * word)?;
        let protection = body.u32(24 + 4 * word + 4)?;
        let count = body.u32(24 + 4 * word + 8)?;
        Some((address, offset, len, protection, count))
    };
    let Some((address, offset, len, protection, count)) = header() else {
        return;
    };
    let len = clip(file_len, offset, len);
    if len > 0 {
        commands.segments.push(Segment {
            address: VirtualAddress(address),
            offset: FileOffset(offset),
            len,
            permissions: Permissions {
                execute: protection & VM_PROT_EXECUTE != 0,
                write: protection & VM_PROT_WRITE != 0,
            },
        });
    }
    let first = 24 + 4 * word + 16;
    let size = if word == 4 { 68 } else { 80 };
    let entries = (0..u64::from(count)).map_while(|index| body.slice(first + index * size, size));
    commands
        .sections
        .extend(entries.filter_map(|entry| section(file_len, entry)));
}

fn section<'a>(file_len: usize, entry: Bytes<'a>) -> Option<Section<'a>> {
    let word = entry.order().width.bytes();
    let name = entry.slice(0, 16)?.data();
    let offset = u64::from(entry.u32(32 + 2 * word)?);
    let kind = entry.u32(32 + 2 * word + 16)? & 0xff;
    let zero = matches!(kind, S_ZEROFILL | S_GB_ZEROFILL | S_THREAD_LOCAL_ZEROFILL);
    Some(Section {
        name: name.split(|&b| b == 0).next().unwrap_or(name),
        address: VirtualAddress(entry.word(32)?),
        offset: FileOffset(offset),
        len: if zero {
            0
        } else {
            clip(file_len, offset, entry.word(32 + word)?)
        },
    })
}

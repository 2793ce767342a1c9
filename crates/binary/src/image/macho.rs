//! Mach-O: header, segments with their sections, symbol table, chained fixups (`mach-o/loader.h`, `fixup-chains.h`).

use super::overlay::Overlay;
use super::{Format, Image, Kind, Permissions, Section, Segment, clip};
use crate::address::{FileOffset, VirtualAddress};
use crate::bytes::{Bytes, Endian, Order, Width};
use crate::gap::{Gap, Topic};

pub(crate) const LC_SEGMENT: u32 = 0x1;
pub(crate) const LC_SYMTAB: u32 = 0x2;
pub(crate) const LC_SEGMENT_64: u32 = 0x19;
pub(crate) const LC_BUILD_VERSION: u32 = 0x32;
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
    let flags = bytes.u32(24).ok_or_else(early)?;
    let commands = load_commands(bytes);
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

/// One load command.
#[derive(Clone, Copy)]
pub(crate) struct Command<'a> {
    pub(crate) kind: u32,
    /// All of it, kind and length included.
    pub(crate) body: Bytes<'a>,
}

/// The load commands; an item is `None`, and the last, where there should be another one that cannot be read.
pub(crate) fn commands<'a>(bytes: Bytes<'a>) -> impl Iterator<Item = Option<Command<'a>>> {
    let mut at = match bytes.order().width {
        Width::W32 => 28,
        Width::W64 => 32,
    };
    let mut left = bytes.u32(16);
    let mut read = move || {
        let len = u64::from(bytes.u32(at + 4)?);
        let body = bytes.slice(at, len).filter(|body| body.len() >= 8)?;
        at += len;
        let kind = body.u32(0)?;
        Some(Command { kind, body })
    };
    std::iter::from_fn(move || {
        let count = left.filter(|&count| count > 0)?;
        let command = read();
        left = command.and(count.checked_sub(1));
        Some(command)
    })
}

fn load_commands(bytes: Bytes<'_>) -> Commands<'_> {
    let mut found = Commands::default();
    for Command { kind, body } in commands(bytes).flatten() {
        match kind {
            LC_SEGMENT | LC_SEGMENT_64 => read_segment(bytes, body, &mut found),
            LC_SYMTAB => found.symbols = body.u32(12).unwrap_or(0),
            LC_BUILD_VERSION => found.platform = body.u32(8),
            LC_DYLD_CHAINED_FIXUPS => found.chained = true,
            _ => {}
        }
    }
    found
}

/// A segment command, as far as it is needed.
pub(crate) struct SegmentCommand<'a> {
    pub(crate) name: &'a [u8],
    address: u64,
    offset: u64,
    len: u64,
    pub(crate) maximum: u32,
    pub(crate) initial: u32,
    sections: u32,
    body: Bytes<'a>,
}

impl<'a> SegmentCommand<'a> {
    /// Reads a segment command; `None` where it ends early.
    pub(crate) fn read(body: Bytes<'a>) -> Option<SegmentCommand<'a>> {
        let word = body.order().width.bytes();
        Some(SegmentCommand {
            name: padded(body.slice(8, 16)?),
            address: body.word(24)?,
            offset: body.word(24 + 2 * word)?,
            len: body.word(24 + 3 * word)?,
            maximum: body.u32(24 + 4 * word)?,
            initial: body.u32(24 + 4 * word + 4)?,
            sections: body.u32(24 + 4 * word + 8)?,
            body,
        })
    }

    /// The headers of its sections, up to the first that is outside.
    fn section_headers(&self) -> impl Iterator<Item = Bytes<'a>> {
        let word = self.body.order().width.bytes();
        let first = 24 + 4 * word + 16;
        let size = if word == 4 { 68 } else { 80 };
        let body = self.body;
        (0..u64::from(self.sections)).map_while(move |index| body.slice(first + index * size, size))
    }

    /// True where all its sections are there.
    pub(crate) fn is_whole(&self) -> bool {
        self.section_headers().count() as u64 == u64::from(self.sections)
    }

    /// Its sections, up to the first that is outside.
    pub(crate) fn sections(&self) -> impl Iterator<Item = SectionCommand<'a>> {
        self.section_headers().filter_map(SectionCommand::read)
    }

    /// True where the file has all its bytes.
    pub(crate) fn is_within(&self, file: Bytes<'a>) -> bool {
        file.slice(self.offset, self.len).is_some()
    }
}

/// One section of a segment command.
pub(crate) struct SectionCommand<'a> {
    pub(crate) name: &'a [u8],
    address: u64,
    pub(crate) offset: u64,
    /// Bytes of the file, not clipped to it.
    pub(crate) len: u64,
}

impl<'a> SectionCommand<'a> {
    fn read(entry: Bytes<'a>) -> Option<SectionCommand<'a>> {
        let word = entry.order().width.bytes();
        let kind = entry.u32(32 + 2 * word + 16)? & 0xff;
        let zero = matches!(kind, S_ZEROFILL | S_GB_ZEROFILL | S_THREAD_LOCAL_ZEROFILL);
        Some(SectionCommand {
            name: padded(entry.slice(0, 16)?),
            address: entry.word(32)?,
            offset: u64::from(entry.u32(32 + 2 * word)?),
            len: if zero { 0 } else { entry.word(32 + word)? },
        })
    }
}

/// A name of up to 16 bytes, padded with NUL.
fn padded(name: Bytes<'_>) -> &[u8] {
    let name = name.data();
    name.split(|&b| b == 0).next().unwrap_or(name)
}

fn read_segment<'a>(bytes: Bytes<'a>, body: Bytes<'a>, commands: &mut Commands<'a>) {
    let file_len = bytes.data().len();
    let Some(segment) = SegmentCommand::read(body) else {
        return;
    };
    let len = clip(file_len, segment.offset, segment.len);
    if len > 0 {
        commands.segments.push(Segment {
            address: VirtualAddress(segment.address),
            offset: FileOffset(segment.offset),
            len,
            permissions: Permissions {
                execute: segment.initial & VM_PROT_EXECUTE != 0,
                write: segment.initial & VM_PROT_WRITE != 0,
            },
        });
    }
    let sections = segment.sections().map(|section| Section {
        name: section.name,
        address: VirtualAddress(section.address),
        offset: FileOffset(section.offset),
        len: clip(file_len, section.offset, section.len),
    });
    commands.sections.extend(sections);
}

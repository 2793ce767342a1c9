//! Mach-O: a dSYM bundle. Segments keep their addresses and lose their contents, `__DWARF` and the symbol table stay, and the UUID
//! is the shipped file's. Debug sections that Go compresses (`__zdebug_*`) are unpacked: LLDB knows no other form here.

use super::fields::{Fields, append};
use super::{
    Companion, File, Identity, Refused, Which, damaged, equal_but_for_build_id, first_difference,
    text,
};
use goassay_binary::bytes::{Bytes, Endian, Order, Width, hexadecimal};
use std::io::Read;

const ORDER: Order = Order {
    endian: Endian::Little,
    width: Width::W64,
};
const HEADER: usize = 32;
const SEGMENT: usize = 72;
const SECTION: usize = 80;
const LC_SYMTAB: u32 = 2;
const LC_SEGMENT_64: u32 = 0x19;
const LC_UUID: u32 = 0x1b;
const LC_BUILD_VERSION: u32 = 0x32;
const LC_VERSION_MIN_MACOSX: u32 = 0x24;
const MH_DSYM: u64 = 10;
const SYMBOL: u64 = 16;
/// Most load commands; real files have fewer than a hundred.
const MAX_COMMANDS: u32 = 4096;
/// What is allocated for one page by any Apple system.
const PAGE: u64 = 0x4000;
/// Most that debug information may be larger than the file that it comes from; Go's is two to three times the packed one.
const MOST_UNPACKED: u64 = 32;

struct MachO<'a> {
    bytes: Bytes<'a>,
    segments: Vec<Segment<'a>>,
    uuid: Option<Bytes<'a>>,
    /// The command, symbols, and strings.
    symbols: Option<(Bytes<'a>, &'a [u8], &'a [u8])>,
    version: Option<Bytes<'a>>,
}

struct Segment<'a> {
    command: Bytes<'a>,
    name: &'a [u8],
    sections: Vec<Section<'a>>,
}

struct Section<'a> {
    header: Bytes<'a>,
    name: &'a [u8],
    data: &'a [u8],
}

pub(super) fn make(name: &str, shipped: &[u8], with_debug: &[u8]) -> Result<Companion, Refused> {
    let shipped = MachO::read(shipped)
        .ok_or_else(|| damaged(Which::Shipped, "its load commands or sections"))?;
    let with_debug = MachO::read(with_debug)
        .ok_or_else(|| damaged(Which::WithDebug, "its load commands or sections"))?;
    if !with_debug.segments.iter().any(Segment::has_debug_info) {
        return Err(Refused::NoDebugInformation);
    }
    if let Some(what) = difference(&shipped, &with_debug) {
        return Err(Refused::Differs(what));
    }
    let bytes = with_debug
        .companion_of(&shipped)
        .ok_or_else(|| damaged(Which::WithDebug, "its debug information or symbols"))?;
    let contents = format!("{name}.dSYM/Contents");
    let identity = shipped.uuid.and_then(|uuid| uuid.slice(8, 16));
    Ok(Companion {
        files: vec![
            File {
                path: format!("{contents}/Resources/DWARF/{name}"),
                bytes,
            },
            File {
                path: format!("{contents}/Info.plist"),
                bytes: property_list(name).into_bytes(),
            },
        ],
        identity: match identity {
            Some(uuid) => Identity::Uuid(hexadecimal(uuid.data())),
            None => Identity::Name,
        },
    })
}

impl<'a> MachO<'a> {
    fn read(data: &'a [u8]) -> Option<MachO<'a>> {
        let bytes = Bytes::new(data, ORDER);
        let mut file = MachO {
            bytes,
            segments: Vec::new(),
            uuid: None,
            symbols: None,
            version: None,
        };
        let count = bytes.u32(16).filter(|&count| count <= MAX_COMMANDS)?;
        let mut at = HEADER as u64;
        for _ in 0..count {
            let len = u64::from(bytes.u32(at + 4)?);
            let command = bytes.slice(at, len).filter(|_| len >= 8)?;
            match command.u32(0)? {
                LC_SEGMENT_64 => file.segments.push(Segment::read(bytes, command)?),
                LC_UUID => file.uuid = Some(command.slice(0, 24)?),
                LC_SYMTAB => file.symbols = Some(symbols(bytes, command)?),
                LC_BUILD_VERSION | LC_VERSION_MIN_MACOSX => file.version = Some(command),
                _ => {}
            }
            at += len;
        }
        Some(file)
    }

    fn loaded(&self) -> impl Iterator<Item = &Segment<'a>> {
        let not_loaded: [&[u8]; 2] = [b"__DWARF", b"__LINKEDIT"];
        let loaded = move |segment: &&Segment<'a>| !not_loaded.contains(&segment.name);
        self.segments.iter().filter(loaded)
    }

    /// This file's debug information and symbols, with the UUID of `shipped`.
    fn companion_of(&self, shipped: &MachO<'_>) -> Option<Vec<u8>> {
        let kept = [shipped.uuid, shipped.version];
        let kept: Vec<Bytes<'_>> = kept.into_iter().flatten().collect();
        let commands = self.segments.len() + kept.len() + usize::from(self.symbols.is_some());
        let lengths = self.segments.iter().map(|segment| segment.command.len());
        let lengths = lengths
            .chain(kept.iter().map(|command| command.len()))
            .sum::<u64>();
        let length = usize::try_from(lengths).ok()? + self.symbols.map_or(0, |_| 24);
        let mut out = vec![0; HEADER + length];
        let mut table: Vec<u8> = kept.iter().flat_map(|c| c.data().to_vec()).collect();
        let symbols_at = out.len().next_multiple_of(8);
        if let Some((command, entries, strings)) = self.symbols {
            let mut fields = Fields::new(command.slice(0, 24)?.data().to_vec(), ORDER);
            fields.put(8, 4, append(&mut out, entries, 8) as u64)?;
            fields.put(16, 4, append(&mut out, strings, 1) as u64)?;
            table.extend(fields.bytes);
        }
        let symbols = (symbols_at as u64, out.len().checked_sub(symbols_at)? as u64);
        for segment in &self.segments {
            table.extend(self.emptied(segment, symbols, &mut out)?);
        }
        let mut header = Fields::new(self.bytes.slice(0, HEADER as u64)?.data().to_vec(), ORDER);
        header.put(12, 4, MH_DSYM)?;
        header.put(16, 4, commands as u64)?;
        header.put(20, 4, table.len() as u64)?;
        header.put(24, 4, 0)?;
        let headers = [header.bytes, table].concat();
        out.get_mut(..headers.len())?.copy_from_slice(&headers);
        Some(out)
    }

    /// A segment's command without contents, except for debug information, which is appended to `out`, and symbols, which are
    /// there already.
    fn emptied(
        &self,
        segment: &Segment<'_>,
        symbols: (u64, u64),
        out: &mut Vec<u8>,
    ) -> Option<Vec<u8>> {
        let mut fields = Fields::new(segment.command.data().to_vec(), ORDER);
        let mut put = |at, value| fields.put(at, 8, value);
        match segment.name {
            b"__DWARF" => return self.dwarf(segment, out),
            b"__LINKEDIT" => {
                put(32, symbols.1.checked_next_multiple_of(PAGE)?)?;
                put(40, symbols.0)?;
                put(48, symbols.1)?;
            }
            _ => {
                put(40, 0)?;
                put(48, 0)?;
            }
        }
        for index in 0..segment.sections.len() {
            // Offset, relocations and their number.
            fields.put(SEGMENT + index * SECTION + 48, 4, 0)?;
            fields.put(SEGMENT + index * SECTION + 56, 8, 0)?;
        }
        Some(fields.bytes)
    }

    fn dwarf(&self, segment: &Segment<'_>, out: &mut Vec<u8>) -> Option<Vec<u8>> {
        let mut fields = Fields::new(segment.command.data().to_vec(), ORDER);
        // Behind everything else, where it is in nobody's way.
        let ends = self
            .segments
            .iter()
            .filter(|other| other.name != segment.name);
        let ends = ends.map(|other| other.command.u64(24)?.checked_add(other.command.u64(32)?));
        let ends = ends.collect::<Option<Vec<u64>>>()?.into_iter().max();
        // One page more than the symbols can have grown to.
        let address = ends?
            .checked_add(self.bytes.len())?
            .checked_next_multiple_of(PAGE)?;
        let start = append(out, &[], usize::try_from(PAGE).ok()?);
        let most = self.bytes.len().saturating_mul(MOST_UNPACKED);
        for (index, section) in segment.sections.iter().enumerate() {
            let (name, data) = section.unpacked(most.checked_sub(out.len() as u64)?)?;
            let at = append(out, &data, 1);
            let place = SEGMENT + index * SECTION;
            fields
                .bytes
                .get_mut(place..place + 16)?
                .copy_from_slice(&name);
            fields.put(place + 32, 8, address + (at - start) as u64)?;
            fields.put(place + 40, 8, data.len() as u64)?;
            fields.put(place + 48, 4, at as u64)?;
            fields.put(place + 56, 8, 0)?;
        }
        let len = (out.len() - start) as u64;
        fields.put(24, 8, address)?;
        fields.put(32, 8, len.checked_next_multiple_of(PAGE)?)?;
        fields.put(40, 8, start as u64)?;
        fields.put(48, 8, len)?;
        Some(fields.bytes)
    }
}

/// The command, and what it leads to.
type Symbols<'a> = (Bytes<'a>, &'a [u8], &'a [u8]);

fn symbols<'a>(bytes: Bytes<'a>, command: Bytes<'a>) -> Option<Symbols<'a>> {
    let number = |at| command.u32(at).map(u64::from);
    let entries = bytes.slice(number(8)?, number(12)? * SYMBOL)?;
    let strings = bytes.slice(number(16)?, number(20)?)?;
    Some((command, entries.data(), strings.data()))
}

impl<'a> Segment<'a> {
    fn read(file: Bytes<'a>, command: Bytes<'a>) -> Option<Segment<'a>> {
        let count = u64::from(command.u32(64)?);
        let section = |index: u64| {
            let at = index
                .checked_mul(SECTION as u64)?
                .checked_add(SEGMENT as u64)?;
            Section::read(file, command.slice(at, SECTION as u64)?)
        };
        // A hostile count ends at the first header that is outside the command.
        let sections = (0..count).map(section).collect::<Option<_>>()?;
        Some(Segment {
            command,
            name: padded(command.slice(8, 16)?),
            sections,
        })
    }

    fn has_debug_info(&self) -> bool {
        let is_it = |name: &[u8]| matches!(name, b"__debug_info" | b"__zdebug_info");
        let mut sections = self.sections.iter();
        self.name == b"__DWARF" && sections.any(|s| is_it(s.name) && !s.data.is_empty())
    }

    /// Addresses, sizes and permissions.
    fn extent(&self) -> Option<(Bytes<'a>, Bytes<'a>)> {
        Some((self.command.slice(8, 32)?, self.command.slice(56, 16)?))
    }

    fn difference(&self, other: &Segment<'_>) -> Option<String> {
        let extents = |one: &Segment<'_>| {
            one.extent()
                .map(|(first, second)| (first.data().to_vec(), second.data().to_vec()))
        };
        if extents(self) != extents(other) || self.sections.len() != other.sections.len() {
            return Some(format!("the segment {}", text(self.name)));
        }
        let mut pairs = self.sections.iter().zip(&other.sections);
        let differs = pairs.find(|(one, two)| !one.is_same_as(two))?;
        Some(format!("the section {}", text(differs.0.name)))
    }
}

impl<'a> Section<'a> {
    fn read(file: Bytes<'a>, header: Bytes<'a>) -> Option<Section<'a>> {
        const ZERO_FILLED: [u32; 3] = [1, 0xc, 0x12];
        let in_file = !ZERO_FILLED.contains(&(header.u32(64)? & 0xff));
        let data = match in_file {
            true => file.slice(header.u32(48)?.into(), header.u64(40)?)?.data(),
            false => &[],
        };
        Some(Section {
            header,
            name: padded(header.slice(0, 16)?),
            data,
        })
    }

    /// Name, segment, address, size, alignment and kind, and the contents but for the build ID.
    fn is_same_as(&self, other: &Section<'_>) -> bool {
        let facts = |section: &Section<'_>| {
            let place = section.header.slice(0, 48)?.data().to_vec();
            Some((place, section.header.u32(52)?, section.header.u32(64)?))
        };
        facts(self) == facts(other) && equal_but_for_build_id(self.data, other.data)
    }

    /// Name and contents as they are without compression; none where they are longer than `most`.
    fn unpacked(&self, most: u64) -> Option<([u8; 16], Vec<u8>)> {
        let mut name = [0; 16];
        let packed = self
            .name
            .strip_prefix(b"__zdebug_")
            .zip(self.data.strip_prefix(b"ZLIB"));
        let Some((rest, data)) = packed else {
            name.get_mut(..self.name.len())?.copy_from_slice(self.name);
            return Some((name, self.data.to_vec()));
        };
        let plain = [b"__debug_", rest].concat();
        name.get_mut(..plain.len())?.copy_from_slice(&plain);
        let (len, data) = data.split_first_chunk()?;
        let len = u64::from_be_bytes(*len);
        if len > most {
            return None;
        }
        let mut bytes = Vec::new();
        let stream = flate2::read::ZlibDecoder::new(data);
        stream.take(len).read_to_end(&mut bytes).ok()?;
        (bytes.len() as u64 == len).then_some((name, bytes))
    }
}

/// A name without the zeros behind it.
fn padded(name: Bytes<'_>) -> &[u8] {
    name.data()
        .split(|&byte| byte == 0)
        .next()
        .unwrap_or_default()
}

fn difference(shipped: &MachO<'_>, with_debug: &MachO<'_>) -> Option<String> {
    // Magic, CPU, its kind, kind of file; and flags.
    let facts = |file: &MachO<'_>| {
        Some((
            file.bytes.slice(0, 16)?.data().to_vec(),
            file.bytes.u32(24)?,
        ))
    };
    if facts(shipped) != facts(with_debug) {
        return Some("kind of file or CPU".to_owned());
    }
    first_difference(
        shipped.loaded(),
        with_debug.loaded(),
        |one, other| one.difference(other),
        |one| format!("only one has the segment {}", text(one.name)),
    )
}

/// What makes a folder a bundle of debug information.
fn property_list(name: &str) -> String {
    let name = name
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple Computer//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>CFBundleDevelopmentRegion</key>
	<string>English</string>
	<key>CFBundleIdentifier</key>
	<string>com.apple.xcode.dsym.{name}</string>
	<key>CFBundleInfoDictionaryVersion</key>
	<string>6.0</string>
	<key>CFBundlePackageType</key>
	<string>dSYM</string>
	<key>CFBundleSignature</key>
	<string>????</string>
	<key>CFBundleShortVersionString</key>
	<string>1.0</string>
	<key>CFBundleVersion</key>
	<string>1</string>
</dict>
</plist>
"#
    )
}

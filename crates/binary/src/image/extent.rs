//! Whether the file has all the bytes that its headers speak of.
//!
//! Reading clips to the file, because most facts survive that. "Nothing of the kind is in the file" does not: whoever says
//! so has to ask here first. Headers that cannot be read themselves are for their readers to report.

use super::{Format, Image, Kind};
use crate::bytes::{Bytes, Width};
use crate::gap::{Gap, Topic};

/// Behind the last byte that the headers speak of. In PE files that is not where the signature and the strings of the symbol
/// table end: no section header has them.
pub(super) fn end(image: &Image<'_>) -> Option<u64> {
    let bytes = image.bytes();
    match (image.format, image.kind) {
        (Format::Elf, _) => elf(bytes),
        (Format::Pe, Kind::Object) => coff(bytes, 0),
        (Format::Pe, _) => coff(bytes, u64::from(bytes.u32(0x3c)?).checked_add(4)?),
        (Format::MachO, _) => macho(bytes),
    }
}

/// Bytes behind all that the headers speak of, the strings of a PE symbol table and its signature included.
pub(super) fn appended(image: &Image<'_>) -> Option<u64> {
    let bytes = image.bytes();
    let mut end = end(image)?;
    if (image.format, image.kind) == (Format::Pe, Kind::Executable)
        || (image.format, image.kind) == (Format::Pe, Kind::Library)
    {
        end = end.max(pe_tail(bytes).unwrap_or(0));
    }
    bytes.len().checked_sub(end)
}

/// Behind the strings of the symbol table and behind the certificate table (directory 4), of which the optional header has the
/// place in the file.
fn pe_tail(bytes: Bytes<'_>) -> Option<u64> {
    let header = bytes.tail(u64::from(bytes.u32(0x3c)?).checked_add(4)?)?;
    let (symbols, count) = (u64::from(header.u32(8)?), u64::from(header.u32(12)?));
    let strings = symbols.checked_add(count.checked_mul(18)?)?;
    let strings_end = match symbols {
        0 => 0,
        _ => strings.saturating_add(bytes.u32(strings).map_or(0, u64::from)),
    };
    let directories = match header.u16(20)? {
        0x20b => 20 + 112,
        _ => 20 + 96,
    };
    let signature = header
        .u32(directories + 32)
        .zip(header.u32(directories + 36));
    let signature_end = match signature {
        Some((at @ 1.., len)) => u64::from(at) + u64::from(len),
        _ => 0,
    };
    Some(strings_end.max(signature_end))
}

/// What is missing; `None` where the file has all that its headers speak of.
pub(super) fn missing(image: &Image<'_>) -> Option<Gap> {
    let bytes = image.bytes();
    let end = end(image)?;
    (end > bytes.len()).then(|| {
        let reason = format!(
            "the file is cut short: its headers speak of {end} bytes, {} are there",
            bytes.len()
        );
        Gap::new(Topic::Image, reason)
    })
}

/// The highest end of the ranges of a table of `count` entries of `size` bytes at `start`, and of the table itself. It ends
/// where the file does.
fn table(
    bytes: Bytes<'_>,
    (start, count, size): (u64, u64, u64),
    range: impl Fn(Bytes<'_>) -> Option<(u64, u64)>,
) -> u64 {
    let entries = (0..count).map_while(|index| {
        let at = start.checked_add(index.checked_mul(size)?)?;
        bytes.slice(at, size)
    });
    let ends = entries.map(|entry| range(entry).map_or(0, |(at, len)| at.saturating_add(len)));
    ends.fold(start.saturating_add(count.saturating_mul(size)), u64::max)
}

fn elf(bytes: Bytes<'_>) -> Option<u64> {
    let wide = bytes.order().width == Width::W64;
    let field = |narrow: u64, broad: u64| bytes.word(if wide { broad } else { narrow });
    let short =
        |narrow: u64, broad: u64| bytes.u16(if wide { broad } else { narrow }).map(u64::from);
    let segments = (field(28, 32)?, short(44, 56)?, short(42, 54)?);
    let loaded = table(bytes, segments, |entry| {
        let (offset, len) = if wide { (8, 32) } else { (4, 16) };
        Some((entry.word(offset)?, entry.word(len)?))
    });
    let start = field(32, 40)?;
    if start == 0 {
        return Some(loaded);
    }
    let sections = (start, short(48, 60)?.max(1), short(46, 58)?);
    let named = table(bytes, sections, |entry| {
        const NOBITS: u32 = 8;
        let (offset, len) = if wide { (24, 32) } else { (16, 20) };
        let filled = entry.u32(4)? != NOBITS && entry.u32(4)? != 0;
        filled.then_some((entry.word(offset)?, entry.word(len)?))
    });
    Some(loaded.max(named))
}

/// A COFF file header at `start`: sections and symbol table.
fn coff(bytes: Bytes<'_>, start: u64) -> Option<u64> {
    let header = bytes.tail(start)?;
    let first = start
        .checked_add(20)?
        .checked_add(u64::from(header.u16(16)?))?;
    let sections = (first, u64::from(header.u16(2)?), 40);
    let filled = table(bytes, sections, |entry| {
        let (at, len) = (entry.u32(20)?, entry.u32(16)?);
        (at != 0).then_some((u64::from(at), u64::from(len)))
    });
    let symbols = match (u64::from(header.u32(8)?), u64::from(header.u32(12)?)) {
        (0, _) | (_, 0) => 0,
        (at, count) => at.saturating_add(count.saturating_mul(18)),
    };
    Some(filled.max(symbols))
}

fn macho(bytes: Bytes<'_>) -> Option<u64> {
    let wide = bytes.order().width == Width::W64;
    let mut at = if wide { 32 } else { 28 };
    let mut end = 0u64;
    for _ in 0..bytes.u32(16)? {
        let Some(command) = bytes.tail(at) else { break };
        let (Some(kind), Some(len)) = (command.u32(0), command.u32(4)) else {
            return Some(u64::MAX);
        };
        let word = |at: u64| command.u32(at).map_or(0, u64::from);
        let ends = match kind {
            0x1 => [word(32).saturating_add(word(36)), 0],
            0x19 => [
                command
                    .u64(40)
                    .unwrap_or(0)
                    .saturating_add(command.u64(48).unwrap_or(0)),
                0,
            ],
            0x2 => [word(8), word(16).saturating_add(word(20))],
            // Code signature, function starts, data in code, exports, fixups.
            0x1d | 0x26 | 0x29 | 0x8000_0033 | 0x8000_0034 => [word(8).saturating_add(word(12)), 0],
            _ => [0, 0],
        };
        end = ends.into_iter().fold(end, u64::max);
        at = at.checked_add(u64::from(len.max(8)))?;
    }
    Some(end.max(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_files_miss_nothing_and_shorter_ones_do() {
        for name in [
            "elf-amd64-go1.21",
            "elf-amd64-go1.21-plain",
            "elf-386-go1.23",
            "elf-s390x-go1.24",
            "elf-amd64-no-section-headers",
            "pe-amd64-go1.26",
            "pe-386-go1.22",
            "macho-arm64-go1.25",
            "macho-amd64-go1.27",
        ] {
            let data = goassay_fixtures::bytes(name);
            let image = Image::parse(&data).expect("an image");
            assert_eq!(image.missing(), None, "{name}");
            // Go's linker pads a file without symbols.
            let padding = image.appended().expect("whole headers");
            assert!(padding < 4096, "{name} {padding}");
            let longer = [&data[..], b"more"].concat();
            let image = Image::parse(&longer).expect("an image");
            assert_eq!(image.appended(), Some(padding + 4), "{name}");
            let cut = &data[..data.len() - data.len() / 8];
            let image = Image::parse(cut).expect("an image");
            assert!(image.missing().is_some(), "{name}");
        }
    }
}

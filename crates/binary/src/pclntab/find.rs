//! Where pc-line tables are in a file: by section name, by magic, or by shape alone.
//!
//! A Go binary that is embedded in another one brings a second valid table, so this gives candidates in the order of
//! trust; the module data settles which one is real.

use super::{MAGIC_118, MAGIC_120, Pclntab, RecordFormat};
use crate::bytes::{Bytes, Endian};
use crate::image::{Image, Segment};

/// Section names that the linker has used: plain, in PIE up to Go 1.25, in Mach-O.
const SECTIONS: [&[u8]; 3] = [b".gopclntab", b".data.rel.ro.gopclntab", b"__gopclntab"];
/// Hits of a byte pattern that are looked at before the search gives up: hostile files can be all pattern.
const MOST_HITS: usize = 4096;

/// Candidates in the order of trust, each one once. `format` settles record layouts where the magic is wiped.
pub(crate) fn candidates<'s, 'a>(
    image: &'s Image<'a>,
    format: Option<RecordFormat>,
) -> impl Iterator<Item = Pclntab<'a>> + use<'s, 'a> {
    let named = image
        .sections
        .iter()
        .filter(|section| SECTIONS.contains(&section.name));
    let named = named.filter_map(move |section| {
        Pclntab::parse(image.section_bytes(section), section.address, format)
    });
    let segments =
        |wanted: fn(&Segment) -> bool| image.segments.iter().filter(move |segment| wanted(segment));
    let ordered = move || {
        segments(|segment| !segment.permissions.execute)
            .chain(segments(|segment| segment.permissions.execute))
    };
    let by_magic = ordered().flat_map(move |segment| by_magic(image, segment));
    let by_shape = ordered().flat_map(move |segment| by_shape(image, segment, format));
    named.chain(by_magic).chain(by_shape)
}

fn by_magic<'s, 'a>(
    image: &'s Image<'a>,
    segment: &'s Segment,
) -> impl Iterator<Item = Pclntab<'a>> + use<'s, 'a> {
    let bytes = image.segment_bytes(segment);
    [MAGIC_118, MAGIC_120].into_iter().flat_map(move |magic| {
        let pattern = magic_pattern(magic, image.order.endian);
        let hits: Vec<u64> = hits(bytes, &pattern).collect();
        hits.into_iter()
            .filter_map(move |at| parse_at(image, segment, at, None))
    })
}

/// The magic and the two zero bytes behind it.
fn magic_pattern(magic: u32, endian: Endian) -> [u8; 6] {
    let [a, b, c, d] = match endian {
        Endian::Little => magic.to_le_bytes(),
        Endian::Big => magic.to_be_bytes(),
    };
    [a, b, c, d, 0, 0]
}

/// Tables whose magic was wiped: the name table follows the header directly, so that field equals the header's length.
fn by_shape<'s, 'a>(
    image: &'s Image<'a>,
    segment: &'s Segment,
    format: Option<RecordFormat>,
) -> impl Iterator<Item = Pclntab<'a>> + use<'s, 'a> {
    let bytes = image.segment_bytes(segment);
    let word = image.order.width.bytes();
    let field_at = 8 + 3 * word;
    let pattern = image.order.encode_word(8 + 8 * word);
    let hits: Vec<u64> = match &pattern {
        Some((pattern, len)) => hits(bytes, pattern.get(..*len).unwrap_or_default()).collect(),
        None => Vec::new(),
    };
    let starts = hits
        .into_iter()
        .filter_map(move |hit| hit.checked_sub(field_at));
    starts.filter_map(move |at| parse_at(image, segment, at, format))
}

fn hits<'a>(bytes: Bytes<'a>, pattern: &[u8]) -> impl Iterator<Item = u64> {
    let finder = memchr::memmem::Finder::new(pattern).into_owned();
    let data = bytes.data();
    let mut start = 0;
    let next = std::iter::from_fn(move || {
        let at = start + finder.find(data.get(start..)?)?;
        start = at + 1;
        Some(at as u64)
    });
    next.take(MOST_HITS)
}

fn parse_at<'a>(
    image: &Image<'a>,
    segment: &Segment,
    at: u64,
    format: Option<RecordFormat>,
) -> Option<Pclntab<'a>> {
    let address = segment.address.offset(at)?;
    if !address.0.is_multiple_of(image.order.width.bytes()) {
        return None;
    }
    Pclntab::parse(image.segment_bytes(segment).tail(at)?, address, format)
}

/// True where the file holds the start of a pc-line table of Go 1.2 to 1.17 (magics of `src/debug/gosym/pclntab.go`).
pub(crate) fn has_old_table(image: &Image<'_>) -> bool {
    const OLD: [u32; 2] = [0xffff_fffb, 0xffff_fffa];
    image
        .sections
        .iter()
        .filter(|section| SECTIONS.contains(&section.name))
        .any(|section| {
            let bytes = image.section_bytes(section);
            bytes.u32(0).is_some_and(|magic| OLD.contains(&magic)) && bytes.u16(4) == Some(0)
        })
}

//! Values of `-X` in the data of a binary that does not record them.

use super::{MOST, Source, Value};
use goassay_binary::Binary;
use goassay_binary::address::VirtualAddress;
use goassay_binary::gap::{Fact, Gap, Topic};
use goassay_binary::image::{Image, Kind, Segment};

/// Shortest text that is taken, in bytes: of shorter ones, too many lie in data by chance.
const SHORTEST: u64 = 3;
/// Longest text that is looked at, in bytes; the module text is what is longest among them.
const LONGEST_TEXT: u64 = 4 << 20;
/// Bytes of text that are looked at in all, for each byte of the file. Honest headers do not overlap.
const EFFORT: u64 = 2;

/// The values, if the method works on this binary.
pub(super) fn values(binary: &Binary<'_>) -> Fact<Vec<Value>> {
    let image = binary.image();
    let cannot = |reason: &str| Err(Gap::new(Topic::BuildInfo, reason));
    if let Some(gap) = image.missing() {
        return Err(gap);
    }
    if image.kind == Kind::Object {
        return cannot("values of -X cannot be told in an object that is not linked yet");
    }
    if image.arch == Some("s390x") {
        return cannot(
            "values of -X cannot be told on s390x, where texts of the source are aligned as well",
        );
    }
    let info = binary.build_info().map_err(Clone::clone)?;
    let texts = texts(image);
    if !texts.contains(&info.go_version) {
        return cannot(
            "values of -X cannot be told: not even those that the go command sets are found in the data",
        );
    }
    let own = [
        Some(info.go_version),
        info.setting("DefaultGODEBUG"),
        info.setting("-buildmode"),
    ];
    let set_by_user = |text: &&str| !own.contains(&Some(*text)) && !is_module_text(text);
    let mut values: Vec<Value> = texts
        .into_iter()
        .filter(set_by_user)
        .take(MOST)
        .map(|text| Value::new(None, text, Source::Data))
        .collect();
    values.sort();
    values.dedup();
    Ok(values)
}

/// The module text, which the go command hands to the linker (`runtime.modinfo`); it begins with a mark.
fn is_module_text(text: &str) -> bool {
    text.contains("\npath\t") || text.contains("path\t") && text.contains("\nbuild\t")
}

/// Texts of string variables that lie where the linker puts those of `-X`.
fn texts<'a>(image: &Image<'a>) -> Vec<&'a str> {
    let mut budget = image.bytes().len().saturating_mul(EFFORT);
    let writable = image
        .segments
        .iter()
        .filter(|segment| segment.permissions.write && !segment.permissions.execute);
    let mut texts = Vec::new();
    for segment in writable {
        in_segment(image, segment, &mut budget, &mut texts);
    }
    texts
}

fn in_segment<'a>(
    image: &Image<'a>,
    segment: &Segment,
    budget: &mut u64,
    texts: &mut Vec<&'a str>,
) {
    let bytes = image.segment_bytes(segment);
    let word = image.order.width.bytes();
    for at in 0..(bytes.len() / word).saturating_sub(1) {
        let Some(len) = bytes
            .nth_word(at + 1)
            .filter(|len| (SHORTEST..LONGEST_TEXT).contains(len))
        else {
            continue;
        };
        let Some(header) = segment.address.offset(at * word) else {
            return;
        };
        // A slice has a capacity behind its length; where it is the same, this is no string.
        if bytes.nth_word(at + 2) == Some(len) {
            continue;
        }
        if let Some(text) = text_at(image, header, len, budget)
            && texts.len() < MOST + 8
        {
            texts.push(text);
        }
    }
}

/// The text of a string header, if it lies as the linker lays it: in data that is not written to, aligned for its size, with
/// a NUL behind it. In position-independent programs all data lies in segments that are written to once, among texts of
/// other origin, so that nothing is found there.
fn text_at<'a>(
    image: &Image<'a>,
    header: VirtualAddress,
    len: u64,
    budget: &mut u64,
) -> Option<&'a str> {
    let address = image.word(header).map(VirtualAddress)?;
    let aligned = address.0.is_multiple_of(alignment(len.checked_add(1)?));
    if image.segment_at(address)?.permissions.write || !aligned {
        return None;
    }
    let stored = image.slice(address, len.checked_add(1)?)?;
    *budget = budget.checked_sub(len)?;
    let (last, text) = stored.data().split_last()?;
    let text = std::str::from_utf8(text).ok().filter(|_| *last == 0)?;
    let is_text = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    (text.chars().all(is_text) || is_module_text(text)).then_some(text)
}

/// How the linker aligns read-only data of a size (`symalign`): to the highest power of two that is not larger, 8 at most
/// being sure on every architecture.
fn alignment(size: u64) -> u64 {
    let highest = 63 - size.max(1).leading_zeros();
    1 << highest.min(3)
}

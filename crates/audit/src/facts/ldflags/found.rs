//! Values of `-X` in the data of a binary that does not record them.

use super::{MOST, Source, Value};
use crate::facts::secret;
use goassay_binary::Binary;
use goassay_binary::address::VirtualAddress;
use goassay_binary::bytes::Bytes;
use goassay_binary::gap::{Fact, Gap, Topic};
use goassay_binary::image::{Image, Kind};

/// Shortest text that is taken, in bytes: of shorter ones, too many lie in data by chance.
const SHORTEST: u64 = 4;
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
    let texts = texts(binary)?;
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

/// Words of the module data between which initialised variables with pointers lie (`data`, `edata`), the same in Go 1.18
/// to 1.27.
const DATA: (u64, u64) = (26, 27);

/// The initialised variables, with their first address.
fn variables<'a>(binary: &Binary<'a>) -> Fact<(VirtualAddress, Bytes<'a>)> {
    let image = binary.image();
    let module = binary.module_data().map_err(Clone::clone)?;
    let word = |index: u64| {
        let offset = index.checked_mul(image.order.width.bytes())?;
        image.pointer(module.address.offset(offset)?)
    };
    let range = || {
        let (start, end) = (word(DATA.0)?, word(DATA.1)?);
        Some((start, image.slice(start, end.0.checked_sub(start.0)?)?))
    };
    range().ok_or_else(|| {
        Gap::new(
            Topic::ModuleData,
            "the module data does not say where variables lie",
        )
    })
}

/// Texts of string variables that lie where the linker puts those of `-X`.
fn texts<'a>(binary: &Binary<'a>) -> Fact<Vec<&'a str>> {
    let image = binary.image();
    let (start, bytes) = variables(binary)?;
    let mut budget = image.bytes().len().saturating_mul(EFFORT);
    let word = image.order.width.bytes();
    let mut texts = Vec::new();
    for at in 0..(bytes.len() / word).saturating_sub(1) {
        let len = bytes.nth_word(at + 1).unwrap_or_default();
        // A slice has a capacity behind its length; where it is the same, this is no string.
        let is_slice = bytes.nth_word(at + 2) == Some(len);
        if !(SHORTEST..LONGEST_TEXT).contains(&len) || is_slice || texts.len() > MOST {
            continue;
        }
        let header = start.offset(at * word);
        texts.extend(header.and_then(|header| text_at(image, header, len, &mut budget)));
    }
    Ok(texts)
}

/// The text of a string header, if it lies as the linker lays it: aligned for its size, with a NUL behind it, in data that
/// is not written to.
fn text_at<'a>(
    image: &Image<'a>,
    header: VirtualAddress,
    len: u64,
    budget: &mut u64,
) -> Option<&'a str> {
    let address = image.pointer(header)?;
    let aligned = address.0.is_multiple_of(alignment(len.checked_add(1)?));
    if image.segment_at(address)?.permissions.write || !aligned {
        return None;
    }
    let stored = image.slice(address, len.checked_add(1)?)?;
    *budget = budget.checked_sub(len)?;
    let (last, text) = stored.data().split_last()?;
    let text = std::str::from_utf8(text).ok().filter(|_| *last == 0)?;
    if is_packed(image, address) || is_embedded(text) {
        return None;
    }
    let is_text = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    // Bytes that are no text at all can be printable by chance.
    let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
    let plausible = letters * 2 >= text.chars().count() && text.chars().all(is_text);
    (plausible || is_module_text(text)).then_some(text)
}

/// Whether text lies right before an address, as among texts of the source, of which one in many happens to be aligned and
/// to be followed by a NUL. Before a text of `-X` lie padding or data; of those, one byte can look like text.
fn is_packed(image: &Image<'_>, address: VirtualAddress) -> bool {
    const BEFORE: u64 = 4;
    let start = address.0.checked_sub(BEFORE).map(VirtualAddress);
    let before = start.and_then(|start| image.slice(start, BEFORE));
    before.is_some_and(|bytes| bytes.data().iter().all(|b| is_of_text(*b)))
}

fn is_of_text(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte.is_ascii_whitespace()
}

/// Longest text that somebody would give to `-X`, in bytes.
const LONGEST_GIVEN: usize = 1024;

/// Whether a text is a file that `//go:embed` put into a string (which has a place of its own from 1 KiB on): it has lines, or
/// is long. A key in PEM has lines as well, so what looks like a credential stays.
fn is_embedded(text: &str) -> bool {
    let like_file = text.len() > LONGEST_GIVEN || text.contains('\n');
    like_file && !is_module_text(text) && secret::judge("", text).is_none()
}

/// How the linker aligns read-only data of a size (`symalign`): to the highest power of two that is not larger, 8 at most
/// being sure on every architecture.
fn alignment(size: u64) -> u64 {
    let highest = 63 - size.max(1).leading_zeros();
    1 << highest.min(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_not_what_is_given_to_the_linker() {
        assert!(is_embedded("// Package x.\npackage x\n"));
        assert!(is_embedded(&"word ".repeat(300)));
        assert!(!is_embedded("1.6.20~ds1-1+deb12u3"));
        assert!(!is_embedded("path\tcmd/go\nbuild\tGOOS=linux\n"));
        let key =
            "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----";
        assert!(!is_embedded(key));
    }

    #[test]
    fn texts_behind_texts_are_packed() {
        let data = goassay_fixtures::bytes("elf-amd64-go1.27");
        let binary = Binary::parse(&data).unwrap();
        let image = binary.image();
        let literal = b"invalid memory address or nil pointer dereference";
        let at = data
            .windows(literal.len())
            .position(|w| w == literal)
            .unwrap();
        let segment = image.segments.iter().find(|s| {
            usize::try_from(s.offset.0).unwrap() <= at
                && at < usize::try_from(s.offset.0 + s.len).unwrap()
        });
        let segment = segment.unwrap();
        let address = VirtualAddress(segment.address.0 + at as u64 - segment.offset.0);
        assert!(is_packed(image, address));
        let (variables, _) = variables(&binary).unwrap();
        assert!(!is_packed(image, variables));
    }
}

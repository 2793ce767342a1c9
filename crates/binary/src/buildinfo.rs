//! Build information: what the go command stamped into the binary (`runtime/debug.BuildInfo`).
//!
//! Format: `src/debug/buildinfo/buildinfo.go` (the blob) and `src/runtime/debug/mod.go` (the text inside). Both blob
//! forms are read: pointers to Go strings (Go 1.13 to 1.17) and strings in place (Go 1.18 on).

use crate::address::VirtualAddress;
use crate::bytes::{Bytes, Endian, Order, Width};
use crate::gap::{Fact, Gap, Topic};
use crate::image::{Image, Segment};
use std::borrow::Cow;

const MAGIC: &[u8; 14] = b"\xff Go buildinf:";
const HEADER_LEN: u64 = 32;
const FLAG_BIG_ENDIAN: u8 = 1;
const FLAG_INLINE: u8 = 2;
/// Sixteen bytes before and after the module text; the last one before the end mark is a line feed.
const MARK_LEN: usize = 16;
/// Longest module text that is read, in bytes; that of the largest real programs has some hundred thousand.
const LONGEST_TEXT: usize = 4 << 20;
/// Longest Go version, module path or module version that is read, in bytes: they are repeated in every finding.
const LONGEST_FIELD: usize = 1024;

/// The build information of a binary. Texts are borrowed from the file and hostile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildInfo<'a> {
    /// The toolchain as it calls itself: `go1.26.8`, `go1.24.4 (Red Hat 1.24.4-1.el9)`, `devel go1.27-abcdef`.
    pub go_version: &'a str,
    /// Import path of the main package (`path` line); `command-line-arguments` when built from files.
    pub path: Option<&'a str>,
    /// The main module (`mod` line).
    pub main: Option<Module<'a>>,
    /// Dependencies (`dep` lines, with their `=>` replacement), in file order.
    pub deps: Vec<Module<'a>>,
    /// Settings (`build` lines) in file order, unquoted where the go command had quoted them.
    pub settings: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Lines that have none of the known forms, or a field longer than any real one; what they say is not known.
    pub unknown_lines: usize,
}

/// One module line of the build information.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Module<'a> {
    /// Module path.
    pub path: &'a str,
    /// Version as recorded: `v1.2.3`, a pseudo-version, `(devel)`, `v1.2.3+dirty` or empty.
    pub version: &'a str,
    /// `h1:` dirhash or empty.
    pub sum: &'a str,
    /// The replacement, when a `replace` directive applied.
    pub replace: Option<Box<Module<'a>>>,
}

impl BuildInfo<'_> {
    /// The value of a setting such as `GOOS`.
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.settings
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, v)| v.as_ref())
    }

    /// True where the go command recorded no module at all (Go before 1.18 outside of module mode, or a foreign build).
    pub fn has_modules(&self) -> bool {
        self.path.is_some() || self.main.is_some() || !self.deps.is_empty()
    }
}

/// Finds and reads the build information of an image.
///
/// # Errors
/// A gap that says whether none was found or what about it could not be read.
pub fn read<'a>(image: &Image<'a>) -> Fact<BuildInfo<'a>> {
    let mut reason = "no build information was found";
    for blob in candidates(image) {
        match read_blob(image, blob) {
            Some((version, text)) if !version.is_empty() => return parse(version, text),
            _ => reason = "the build information is damaged: its strings lie outside the file",
        }
    }
    Err(Gap::new(Topic::BuildInfo, reason))
}

/// True where the image has something that looks like build information. Cheap where a section names it.
pub fn is_present(image: &Image<'_>) -> bool {
    candidates(image).next().is_some()
}

/// Blobs in the order of trust: the section of that name, then writable segments (where the linker puts it first of
/// all), then the rest. A Go binary that is embedded in this one lies behind the real one or in read-only data.
fn candidates<'s, 'a: 's>(image: &'s Image<'a>) -> impl Iterator<Item = Bytes<'a>> + 's {
    let named = image
        .section(&[b".go.buildinfo", b"__go_buildinfo"])
        .map(|section| image.section_bytes(section));
    let named = named.into_iter().flat_map(blobs);
    let segments = |wanted: fn(&Segment) -> bool| {
        let segments = image.segments.iter().filter(move |segment| wanted(segment));
        segments.map(|segment| image.segment_bytes(segment))
    };
    let ranges = segments(|s| s.permissions.write && !s.permissions.execute)
        .chain(segments(|s| !s.permissions.write && !s.permissions.execute))
        .chain(segments(|s| s.permissions.execute));
    named.chain(ranges.flat_map(blobs).filter(has_header))
}

/// Whether pointer size and flags follow the magic. Programs that look for the magic have it among their own strings;
/// where no section vouches for it, it takes more than those bytes.
fn has_header(blob: &Bytes<'_>) -> bool {
    let known = FLAG_BIG_ENDIAN | FLAG_INLINE;
    matches!(blob.u8(14), Some(4 | 8)) && blob.u8(15).is_some_and(|flags| flags & !known == 0)
}

fn blobs(range: Bytes<'_>) -> impl Iterator<Item = Bytes<'_>> {
    memchr::memmem::find_iter(range.data(), MAGIC).filter_map(move |at| range.tail(at as u64))
}

/// The version string and the module text of a blob.
fn read_blob<'a>(image: &Image<'a>, blob: Bytes<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let flags = blob.u8(15)?;
    if flags & FLAG_INLINE != 0 {
        let (len, at) = blob.uvarint(HEADER_LEN)?;
        let version = blob.slice(at, len)?;
        let (len, at) = blob.uvarint(at.checked_add(len)?)?;
        let text = blob.slice(at, len).unwrap_or(Bytes::new(&[], blob.order()));
        return Some((version.data(), text.data()));
    }
    let width = match blob.u8(14)? {
        4 => Width::W32,
        8 => Width::W64,
        _ => return None,
    };
    let endian = if flags & FLAG_BIG_ENDIAN != 0 {
        Endian::Big
    } else {
        Endian::Little
    };
    let blob = Bytes::new(blob.data(), Order { endian, width });
    let version = go_string(image, blob.word(16)?)?;
    let text = go_string(image, blob.word(16 + width.bytes())?).unwrap_or_default();
    Some((version, text))
}

/// The bytes of the Go string whose header (pointer, length) is at `address`.
fn go_string<'a>(image: &Image<'a>, address: u64) -> Option<&'a [u8]> {
    let header = VirtualAddress(address);
    let data = image.pointer(header)?;
    let len = image.word(header.offset(image.order.width.bytes())?)?;
    image.slice(data, len).map(Bytes::data)
}

fn parse<'a>(version: &'a [u8], text: &'a [u8]) -> Fact<BuildInfo<'a>> {
    let utf8 = |bytes: &'a [u8]| {
        std::str::from_utf8(bytes)
            .map_err(|_| Gap::new(Topic::BuildInfo, "the build information is not UTF-8"))
    };
    if version.len() > LONGEST_FIELD || text.len() > LONGEST_TEXT {
        let reason = "the build information is longer than any real one: it is damaged";
        return Err(Gap::new(Topic::BuildInfo, reason));
    }
    let text = utf8(unframe(text))?;
    let mut info = BuildInfo {
        go_version: utf8(version)?,
        ..BuildInfo::default()
    };
    // Some builds leave empty lines behind (seen in Terraform 1.11): they say nothing, so nothing is lost with them.
    for line in text.lines().filter(|line| !line.is_empty()) {
        if parse_line(&mut info, line).is_none() {
            info.unknown_lines += 1;
        }
    }
    Ok(info)
}

/// The module text without its marks; empty where it is not framed as the go command frames it.
fn unframe(text: &[u8]) -> &[u8] {
    let framed = text.len() > 2 * MARK_LEN && text.get(text.len() - MARK_LEN - 1) == Some(&b'\n');
    if framed {
        text.get(MARK_LEN..text.len() - MARK_LEN)
            .unwrap_or_default()
    } else {
        &[]
    }
}

/// Takes one line in; `None` where it has no known form.
fn parse_line<'a>(info: &mut BuildInfo<'a>, line: &'a str) -> Option<()> {
    let (word, rest) = line.split_once('\t')?;
    match word {
        "path" if rest.len() > LONGEST_FIELD => return None,
        "path" => info.path = Some(rest),
        "mod" => info.main = Some(parse_module(rest)?),
        "dep" => info.deps.push(parse_module(rest)?),
        "=>" => {
            let replaced = info.deps.last_mut().or(info.main.as_mut())?;
            replaced.replace = Some(Box::new(parse_module(rest)?));
        }
        "build" => info.settings.push(parse_setting(rest)?),
        _ => return None,
    }
    Some(())
}

/// Path, version and sum; `None` where one of them is longer than any real one.
fn parse_module(rest: &str) -> Option<Module<'_>> {
    let mut fields = rest.split('\t');
    let mut next = || {
        let field = fields.next().unwrap_or_default();
        (field.len() <= LONGEST_FIELD).then_some(field)
    };
    Some(Module {
        path: next()?,
        version: next()?,
        sum: next()?,
        replace: None,
    })
}

/// `key=value`, either side quoted as `strconv.Quote` does where it holds blanks, quotes or control characters.
fn parse_setting(rest: &str) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
    let (key, after) = take_quoted(rest).or_else(|| {
        rest.find('=')
            .map(|at| (Cow::from(&rest[..at]), &rest[at..]))
    })?;
    let value = after.strip_prefix('=')?;
    let value = match take_quoted(value) {
        Some((value, "")) => value,
        _ => Cow::from(value),
    };
    Some((key, value))
}

/// The Go string literal at the start of `text`, unquoted, and what follows it.
fn take_quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    if let Some(raw) = text.strip_prefix('`') {
        let (value, rest) = raw.split_once('`')?;
        return Some((Cow::from(value), rest));
    }
    let body = text.strip_prefix('"')?;
    let mut value = String::new();
    let mut chars = body.chars();
    loop {
        match chars.next()? {
            '"' => return Some((Cow::from(value), chars.as_str())),
            '\\' => value.push(unescape(&mut chars)?),
            other => value.push(other),
        }
    }
}

/// One escape of a Go string literal, behind its backslash.
fn unescape(chars: &mut std::str::Chars<'_>) -> Option<char> {
    Some(match chars.next()? {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        'x' => return hexadecimal(chars, 2),
        'u' => return hexadecimal(chars, 4),
        'U' => return hexadecimal(chars, 8),
        other @ ('\\' | '"' | '\'') => other,
        _ => return None,
    })
}

/// The character whose code is the next `digits` hexadecimal digits.
fn hexadecimal(chars: &mut std::str::Chars<'_>, digits: usize) -> Option<char> {
    let code = chars.as_str().get(..digits)?;
    *chars = chars.as_str().get(digits..)?.chars();
    char::from_u32(u32::from_str_radix(code, 16).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(text: &str) -> Vec<u8> {
        [
            &[b'<'; MARK_LEN][..],
            text.as_bytes(),
            &[b'>'; MARK_LEN][..],
        ]
        .concat()
    }

    #[test]
    fn module_text_is_taken_apart() {
        let text = framed(
            "path\texample.com/a/cmd\nmod\texample.com/a\t(devel)\t\ndep\texample.com/b\tv1.2.3\th1:x=\n\
             dep\texample.com/c\tv0.1.0\n=>\t./c\t(devel)\t\nbuild\tGOOS=linux\nbuild\t-ldflags=\"-X 'a=b'\\n\"\n",
        );
        let info = parse(b"go1.26.8", &text).expect("readable");
        assert_eq!(info.path, Some("example.com/a/cmd"));
        assert_eq!(info.main.as_ref().map(|m| m.version), Some("(devel)"));
        assert_eq!(info.deps.len(), 2);
        assert_eq!(info.deps[0].sum, "h1:x=");
        assert_eq!(info.deps[1].replace.as_ref().map(|m| m.path), Some("./c"));
        assert_eq!(info.setting("GOOS"), Some("linux"));
        assert_eq!(info.setting("-ldflags"), Some("-X 'a=b'\n"));
        assert_eq!(info.unknown_lines, 0);
    }

    #[test]
    fn text_without_its_frame_is_no_module_text() {
        let info = parse(b"go1.26.8", b"path\tx\n").expect("readable");
        assert!(!info.has_modules());
    }

    #[test]
    fn empty_lines_say_nothing() {
        let text = framed("path\tx\n\n\nmod\tx\tv1.0.0\t\n");
        let info = parse(b"go1.26.8", &text).expect("readable");
        assert_eq!((info.unknown_lines, info.path), (0, Some("x")));
    }

    #[test]
    fn unknown_lines_are_counted() {
        let text = framed("novelty\tx\n=>\ty\n");
        let info = parse(b"go1.26.8", &text).expect("readable");
        assert_eq!(info.unknown_lines, 2);
    }

    #[test]
    fn fields_longer_than_any_real_one_are_not_taken() {
        let long = "x".repeat(LONGEST_FIELD + 1);
        let text = framed(&format!(
            "path\t{long}\ndep\ta.b/c\t{long}\ndep\ta.b/d\tv1.0.0\n"
        ));
        let info = parse(b"go1.26.8", &text).expect("readable");
        assert_eq!((info.unknown_lines, info.deps.len()), (2, 1));
        assert!(parse(long.as_bytes(), &text).is_err());
        let text = framed(&"build\tA=b\n".repeat(LONGEST_TEXT / 10));
        assert!(parse(b"go1.26.8", &text).is_err());
    }

    #[test]
    fn quoted_settings_are_unquoted() {
        let cases = [
            ("a=b", "a", "b"),
            ("a=b=c", "a", "b=c"),
            (r#"a="b c""#, "a", "b c"),
            (r#""a b"=c"#, "a b", "c"),
            ("a=`b c`", "a", "b c"),
            (r#"a="\u00e9\x41\U0001F600""#, "a", "éA😀"),
            (r#"a="open"#, "a", r#""open"#),
        ];
        for (line, key, value) in cases {
            assert_eq!(
                parse_setting(line),
                Some((Cow::from(key), Cow::from(value))),
                "{line}"
            );
        }
        assert_eq!(parse_setting("no value"), None);
    }
}

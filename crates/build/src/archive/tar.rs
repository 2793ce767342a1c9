//! Tar archives (ustar, pax, GNU long names), plain or compressed. All bytes of headers are accounted for.
//!
//! Not read: sparse files, several volumes, archives older than ustar.

use super::compressed;
use super::hash::digest;
use super::input::Input;
use super::{
    Entry, Error, Facts, Format, Kind, Options, Place, Reader, Sum, Tree, damaged, hash_all, name,
};
use goassay_binary::bytes::hexadecimal;
use std::collections::BTreeMap;

const BLOCK: u64 = 512;
/// Longest extended header.
const MAX_EXTENDED: u64 = 1 << 20;

pub(super) fn read(input: &Input, options: &Options<'_>) -> Result<Tree, Error> {
    let (plain, facts) = compressed::plain(input, options)?;
    read_plain(plain, facts, options, End::Needed)
}

/// Whether an archive may end without the zeros that mark its end, as parts of Alpine packages do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Needed,
    MayMiss,
}

/// Reads what is not compressed; adds to these facts.
pub(super) fn read_plain(
    plain: Input,
    facts: Facts,
    options: &Options<'_>,
    end: End,
) -> Result<Tree, Error> {
    let mut archive = Archive {
        input: plain,
        at: 0,
        facts,
        entries: Vec::new(),
        extended: Extended::default(),
        end,
    };
    while archive.step(options)? {}
    archive.end()?;
    let Archive {
        input,
        facts,
        mut entries,
        ..
    } = archive;
    let reader = Reader::Input(input);
    hash_all(&mut entries, &reader)?;
    Ok(Tree {
        format: Format::Tar,
        entries,
        facts,
        reader,
    })
}

struct Archive {
    input: Input,
    at: u64,
    facts: Facts,
    entries: Vec<Entry>,
    extended: Extended,
    end: End,
}

/// What extended headers say of the next entry.
#[derive(Default)]
struct Extended {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    records: BTreeMap<String, String>,
    /// Headers of these headers.
    raw: Vec<u8>,
}

impl Archive {
    /// Reads one header and steps behind its contents; false at the end.
    fn step(&mut self, options: &Options<'_>) -> Result<bool, Error> {
        let first = self.at == 0;
        if self.end == End::MayMiss && !first && self.at == self.input.len() {
            return Ok(false);
        }
        let Ok(block) = self.input.bytes(self.at, BLOCK) else {
            return if first {
                Err(Error::Unknown)
            } else {
                Err(damaged("a tar archive without its end"))
            };
        };
        if block.iter().all(|&byte| byte == 0) {
            return if first {
                Err(Error::Unknown)
            } else {
                Ok(false)
            };
        }
        let header = Header(&block);
        if !header.is_valid() {
            return if first {
                Err(Error::Unknown)
            } else {
                Err(damaged("a header of the tar archive"))
            };
        }
        self.at += BLOCK;
        match header.kind() {
            b'x' | b'L' | b'K' | b'g' => self.extend(&header)?,
            _ => self.entry(&header)?,
        }
        if self.entries.len() > options.limits.entries {
            return Err(Error::TooLarge);
        }
        Ok(true)
    }

    /// Where contents of this length are; then behind them.
    fn contents(&mut self, length: u64) -> Result<u64, Error> {
        let outside = || damaged("contents lie outside of the tar archive");
        let start = self.at;
        self.input.part(start, length).ok_or_else(outside)?;
        let end = start + length;
        self.at = end.checked_next_multiple_of(BLOCK).ok_or_else(outside)?;
        let padding = self.at.min(self.input.len()) - end;
        let padding = self.input.bytes(end, padding)?;
        if padding.iter().any(|&byte| byte != 0) {
            let name = format!("padding at {end}");
            self.facts.insert(name, hexadecimal(&padding));
        }
        Ok(start)
    }

    fn extend(&mut self, header: &Header<'_>) -> Result<(), Error> {
        let length = header.size()?;
        if length > MAX_EXTENDED || self.extended.raw.len() as u64 > MAX_EXTENDED {
            return Err(damaged("an extended header that is too long"));
        }
        let start = self.contents(length)?;
        let bytes = self.input.bytes(start, length)?;
        self.extended.raw.extend(header.rest(&[SIZE, CHECKSUM]));
        let text = || {
            let end = bytes.iter().position(|&byte| byte == 0);
            bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default()
        };
        match header.kind() {
            b'L' => self.extended.name = Some(text().to_vec()),
            b'K' => self.extended.link = Some(text().to_vec()),
            b'g' => {
                for (key, value) in pax(&bytes)? {
                    self.facts.insert(format!("pax {key}"), value);
                }
            }
            _ => self.extended.records.extend(pax(&bytes)?),
        }
        Ok(())
    }

    fn entry(&mut self, header: &Header<'_>) -> Result<(), Error> {
        let extended = std::mem::take(&mut self.extended);
        let record = |key: &str| extended.records.get(key);
        let size = match record("size") {
            Some(size) => size.parse().map_err(|_| damaged("a pax size"))?,
            None => header.size()?,
        };
        let raw_name = record("path")
            .map(|path| path.clone().into_bytes())
            .or(extended.name.clone())
            .unwrap_or_else(|| header.name());
        let link = record("linkpath")
            .map(|path| path.clone().into_bytes())
            .or(extended.link.clone())
            .unwrap_or_else(|| header.text(LINK).to_vec());
        let kind = kind(header.kind(), &raw_name, &link)?;
        if header.kind() == b'S' || extended.records.keys().any(|k| k.starts_with("GNU.sparse")) {
            return Err(Error::Unsupported(
                "a sparse file in a tar archive".to_owned(),
            ));
        }
        let has_contents = kind == Kind::File;
        let length = if has_contents { size } else { 0 };
        let start = self.contents(length)?;
        let name = name::checked(&raw_name)?;
        // The folder itself is no entry of it; what is said of it is.
        if name.is_empty() {
            let about = digest(&header.rest(&[CHECKSUM]));
            self.facts.insert("header of the root".to_owned(), about);
            return Ok(());
        }
        self.entries.push(Entry {
            name,
            mode: Some(header.octal(MODE)? & 0o7777).and_then(|mode| u32::try_from(mode).ok()),
            mtime: Some(mtime(header, record("mtime"))?),
            sum: match has_contents {
                true => Sum::expected(length),
                false => Sum::of(b""),
            },
            kind,
            facts: facts(header, &extended),
            place: match has_contents {
                true => Place::Stored { start, length },
                false => Place::Nowhere,
            },
        });
        Ok(())
    }

    /// Behind the last entry there is nothing but zeros.
    fn end(&mut self) -> Result<(), Error> {
        let length = self.input.len() - self.at;
        let tail = self
            .input
            .part(self.at, length)
            .ok_or_else(|| damaged("the end of the tar archive"))?;
        let sum = Sum::read(&mut tail.clone(), length)?;
        self.facts
            .insert("bytes of the end".to_owned(), length.to_string());
        let zeros = Sum::read(&mut std::io::Read::take(std::io::repeat(0), length), length)?;
        if sum != zeros {
            self.facts.insert("behind the end".to_owned(), sum.hex());
        }
        if !self.extended.raw.is_empty() {
            return Err(damaged("an extended header of nothing"));
        }
        Ok(())
    }
}

/// Place and length of a field of a header.
type Field = (usize, usize);
const NAME: Field = (0, 100);
const MODE: Field = (100, 8);
const UID: Field = (108, 8);
const GID: Field = (116, 8);
const SIZE: Field = (124, 12);
const MTIME: Field = (136, 12);
const CHECKSUM: Field = (148, 8);
const LINK: Field = (157, 100);
const MAGIC: Field = (257, 6);
const UNAME: Field = (265, 32);
const GNAME: Field = (297, 32);
const PREFIX: Field = (345, 155);

struct Header<'b>(&'b [u8]);

impl<'b> Header<'b> {
    fn field(&self, (at, length): Field) -> &'b [u8] {
        self.0.get(at..at + length).unwrap_or_default()
    }

    /// A field up to the first NUL.
    fn text(&self, field: Field) -> &'b [u8] {
        let bytes = self.field(field);
        bytes.split(|&byte| byte == 0).next().unwrap_or(bytes)
    }

    fn kind(&self) -> u8 {
        self.0.get(156).copied().unwrap_or(0)
    }

    /// An octal number, or a binary one as GNU has it.
    fn octal(&self, field: Field) -> Result<u64, Error> {
        let bytes = self.field(field);
        let bad = || damaged("a number in a header of the tar archive");
        if let Some((0x80, rest)) = bytes.split_first() {
            let (high, low) = rest
                .split_at_checked(rest.len().saturating_sub(8))
                .ok_or_else(bad)?;
            let fits = high.iter().all(|&byte| byte == 0);
            return fits
                .then(|| low.iter().fold(0, |n, &byte| n << 8 | u64::from(byte)))
                .ok_or_else(bad);
        }
        let text = std::str::from_utf8(self.text(field)).map_err(|_| bad())?;
        match text.trim_matches(' ') {
            "" => Ok(0),
            digits => u64::from_str_radix(digits, 8).map_err(|_| bad()),
        }
    }

    fn size(&self) -> Result<u64, Error> {
        self.octal(SIZE)
    }

    fn is_valid(&self) -> bool {
        let sum: u64 = self.0.iter().map(|&byte| u64::from(byte)).sum();
        let own: u64 = self.field(CHECKSUM).iter().map(|&b| u64::from(b)).sum();
        let magic = matches!(self.field(MAGIC), b"ustar\0" | b"ustar ");
        magic && self.octal(CHECKSUM).ok() == Some(sum - own + 8 * u64::from(b' '))
    }

    fn name(&self) -> Vec<u8> {
        let (prefix, name) = (self.text(PREFIX), self.text(NAME));
        // GNU headers have other things where ustar has the prefix.
        if prefix.is_empty() || self.field(MAGIC) == b"ustar " {
            return name.to_vec();
        }
        [prefix, b"/", name].concat()
    }

    /// The header with some fields blanked.
    fn rest(&self, without: &[Field]) -> Vec<u8> {
        let mut bytes = self.0.to_vec();
        for &(at, length) in without {
            if let Some(field) = bytes.get_mut(at..at + length) {
                field.fill(0);
            }
        }
        bytes
    }
}

fn kind(flag: u8, name: &[u8], link: &[u8]) -> Result<Kind, Error> {
    Ok(match flag {
        0 | b'0' | b'7' if name.ends_with(b"/") => Kind::Directory,
        0 | b'0' | b'7' | b'S' => Kind::File,
        b'1' => Kind::Hardlink(name::checked(link)?),
        b'2' => Kind::Symlink(String::from_utf8_lossy(link).into_owned()),
        b'3' => Kind::Special("character device"),
        b'4' => Kind::Special("block device"),
        b'5' => Kind::Directory,
        b'6' => Kind::Special("pipe"),
        flag => {
            return Err(Error::Unsupported(format!(
                "a tar archive with entries of type {:?}",
                char::from(flag)
            )));
        }
    })
}

fn mtime(header: &Header<'_>, pax: Option<&String>) -> Result<i64, Error> {
    let bad = || damaged("a time in a header of the tar archive");
    match pax {
        Some(text) => {
            let whole = text.split('.').next().unwrap_or(text);
            whole.parse().map_err(|_| bad())
        }
        None => i64::try_from(header.octal(MTIME)?).map_err(|_| bad()),
    }
}

fn facts(header: &Header<'_>, extended: &Extended) -> Facts {
    let mut facts = Facts::new();
    let mut add = |name: &str, value: String| facts.insert(name.to_owned(), value);
    let lossy = |field| String::from_utf8_lossy(header.text(field)).into_owned();
    for (name, field) in [
        ("user", UNAME),
        ("group", GNAME),
        ("user number", UID),
        ("group number", GID),
    ] {
        add(name, lossy(field));
    }
    let shown = [NAME, MODE, UID, GID, SIZE, MTIME, CHECKSUM, UNAME, GNAME];
    add("rest of the header", digest(&header.rest(&shown)));
    // The same number can be written in several ways, and the name in two places.
    let spelled = [NAME, MODE, MTIME, UID, GID, UNAME, GNAME].map(|field| header.field(field));
    add("spelling", digest(&spelled.concat()));
    for (name, field, ends) in [
        ("size field", SIZE, [b"\0".as_slice(), b" "]),
        ("checksum field", CHECKSUM, [b"\0 ", b" \0"]),
    ] {
        let bytes = header.field(field);
        let end = ends.iter().position(|end| {
            let digits = bytes.strip_suffix(*end);
            digits.is_some_and(|d| d.iter().all(|byte| matches!(byte, b'0'..=b'7')))
        });
        match end {
            Some(0) => {}
            Some(_) => _ = add(name, hexadecimal(ends.concat().as_slice())),
            None => _ = add(name, hexadecimal(bytes)),
        }
    }
    if !extended.raw.is_empty() {
        add("extended headers", digest(&extended.raw));
    }
    for (key, value) in &extended.records {
        // The name, a size and a link are compared as what they are.
        if !matches!(key.as_str(), "path" | "size" | "linkpath") {
            add(&format!("pax {key}"), value.clone());
        }
    }
    facts
}

/// The records of a pax header: `LENGTH KEY=VALUE\n`.
fn pax(mut bytes: &[u8]) -> Result<Vec<(String, String)>, Error> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let (record, rest) = pax_record(bytes).ok_or_else(|| damaged("a pax header"))?;
        records.push(record);
        bytes = rest;
    }
    Ok(records)
}

fn pax_record(bytes: &[u8]) -> Option<((String, String), &[u8])> {
    let space = bytes.iter().position(|&byte| byte == b' ')?;
    let length: usize = std::str::from_utf8(bytes.get(..space)?)
        .ok()?
        .parse()
        .ok()?;
    let (record, rest) = bytes.split_at_checked(length)?;
    let text = std::str::from_utf8(record.get(space + 1..)?).ok()?;
    let (key, value) = text.strip_suffix('\n')?.split_once('=')?;
    Some(((key.to_owned(), value.to_owned()), rest))
}

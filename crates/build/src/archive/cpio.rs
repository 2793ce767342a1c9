//! Cpio archives, as they lie in RPM packages (`newc`) and in installer packages of macOS (`odc`).
//!
//! Links of one file to another are several entries with the same number; where only one has contents, the others are links
//! to it. Not read: other forms (binary, with checksums), files that RPM keeps without a header (above 4 GiB).

use super::hash::digest;
use super::input::Input;
use super::{Entry, Error, Facts, Kind, Options, Place, Sum, damaged, name};
use goassay_binary::bytes::hexadecimal;
use std::collections::BTreeMap;

const END: &[u8] = b"TRAILER!!!";
/// Longest name, and longest text of a symbolic link.
const MAX_NAME: u64 = 4096;

/// The entries of an archive, whose sums are not filled in yet, and what it says besides.
pub(super) fn read(input: &Input, options: &Options<'_>) -> Result<(Vec<Entry>, Facts), Error> {
    let mut archive = Archive {
        input,
        at: 0,
        facts: Facts::new(),
        entries: Vec::new(),
        numbers: Vec::new(),
    };
    while archive.step()? {
        if archive.entries.len() > options.limits.entries {
            return Err(Error::TooLarge);
        }
    }
    archive.end()?;
    archive.link();
    Ok((archive.entries, archive.facts))
}

struct Archive<'i> {
    input: &'i Input,
    at: u64,
    facts: Facts,
    entries: Vec<Entry>,
    /// Which file each entry is, where it has several names.
    numbers: Vec<Option<[u64; 3]>>,
}

/// How the numbers of a header are written.
struct Form {
    name: &'static str,
    radix: u32,
    /// Parts begin at multiples of this.
    align: u64,
    length: u64,
    fields: Fields,
}

type Field = (usize, usize);

struct Fields {
    device: [Field; 2],
    inode: Field,
    mode: Field,
    links: Field,
    mtime: Field,
    name_length: Field,
    length: Field,
}

const NEWC: Form = Form {
    name: "newc",
    radix: 16,
    align: 4,
    length: 110,
    fields: Fields {
        device: [(62, 8), (70, 8)],
        inode: (6, 8),
        mode: (14, 8),
        links: (38, 8),
        mtime: (46, 8),
        name_length: (94, 8),
        length: (54, 8),
    },
};

const ODC: Form = Form {
    name: "odc",
    radix: 8,
    align: 1,
    length: 76,
    fields: Fields {
        device: [(6, 6), (6, 6)],
        inode: (12, 6),
        mode: (18, 6),
        links: (36, 6),
        mtime: (48, 11),
        name_length: (59, 6),
        length: (65, 11),
    },
};

struct Header {
    form: &'static Form,
    bytes: Vec<u8>,
}

impl Header {
    fn read(input: &Input, at: u64) -> Result<Header, Error> {
        let bad = || damaged("a header of the cpio archive");
        let magic = input.bytes(at, 6).map_err(|_| bad())?;
        let form = match magic.as_slice() {
            b"070701" => &NEWC,
            b"070707" => &ODC,
            b"070702" | b"07070X" => {
                let form = format!("a cpio archive of the form {}", magic.escape_ascii());
                return Err(Error::Unsupported(form));
            }
            _ => return Err(bad()),
        };
        let bytes = input.bytes(at, form.length).map_err(|_| bad())?;
        Ok(Header { form, bytes })
    }

    fn number(&self, (at, length): Field) -> Result<u64, Error> {
        let digits = self.bytes.get(at..at + length).unwrap_or_default();
        let radix = self.form.radix;
        let mut number = 0;
        for &digit in digits {
            let digit = char::from(digit).to_digit(radix);
            let digit = digit.ok_or_else(|| damaged("a number in the cpio archive"))?;
            number = number * u64::from(radix) + u64::from(digit);
        }
        Ok(number)
    }

    fn kind(&self) -> Result<Kind, Error> {
        Ok(match self.number(self.form.fields.mode)? & 0o170_000 {
            0o100_000 => Kind::File,
            0o040_000 => Kind::Directory,
            0o120_000 => Kind::Symlink(String::new()),
            0o020_000 => Kind::Special("character device"),
            0o060_000 => Kind::Special("block device"),
            0o010_000 => Kind::Special("pipe"),
            0o140_000 => Kind::Special("socket"),
            _ => return Err(damaged("a kind of file in the cpio archive")),
        })
    }

    /// All that is no contents, and how their length is written.
    fn facts(&self) -> Facts {
        let mut rest = self.bytes.clone();
        let (at, length) = self.form.fields.length;
        let size = rest.get_mut(at..at + length).unwrap_or_default();
        let lower = size.iter().any(u8::is_ascii_lowercase);
        size.fill(b'0');
        let mut facts = Facts::from([("cpio header".to_owned(), digest(&rest))]);
        if lower {
            facts.insert("cpio size".to_owned(), "in small letters".to_owned());
        }
        facts
    }
}

impl Archive<'_> {
    /// Reads an entry and steps behind it; false at the end.
    fn step(&mut self) -> Result<bool, Error> {
        let header = Header::read(self.input, self.at)?;
        let fields = &header.form.fields;
        self.at += header.form.length;
        let raw_name = self.name(&header)?;
        let length = header.number(fields.length)?;
        let start = self.part(length, header.form.align)?;
        let name = match raw_name.as_slice() {
            END if length == 0 => {
                self.facts
                    .insert("cpio".to_owned(), header.form.name.to_owned());
                let about = digest(&header.bytes);
                self.facts.insert("header of the end".to_owned(), about);
                return Ok(false);
            }
            raw_name => name::checked(raw_name)?,
        };
        if name.is_empty() {
            let about = digest(&header.bytes);
            self.facts.insert("header of the root".to_owned(), about);
            return Ok(true);
        }
        let mut kind = header.kind()?;
        if let Kind::Symlink(text) = &mut kind {
            *text = self.link_text(start, length)?;
        }
        let is_file = kind == Kind::File;
        if !is_file && length > 0 && !matches!(kind, Kind::Symlink(_)) {
            return Err(damaged("contents of what is no file in the cpio archive"));
        }
        let several = is_file && header.number(fields.links)? > 1;
        let number = [fields.device[0], fields.device[1], fields.inode].map(|f| header.number(f));
        let [Ok(major), Ok(minor), Ok(inode)] = number else {
            return Err(damaged("a number in the cpio archive"));
        };
        self.numbers.push(several.then_some([major, minor, inode]));
        self.entries.push(Entry {
            name,
            mode: u32::try_from(header.number(fields.mode)? & 0o7777).ok(),
            mtime: i64::try_from(header.number(fields.mtime)?).ok(),
            sum: if is_file {
                Sum::expected(length)
            } else {
                Sum::of(b"")
            },
            facts: header.facts(),
            place: if is_file {
                Place::Stored { start, length }
            } else {
                Place::Nowhere
            },
            kind,
        });
        Ok(true)
    }

    /// The name behind a header, which ends with its only NUL.
    fn name(&mut self, header: &Header) -> Result<Vec<u8>, Error> {
        let length = header.number(header.form.fields.name_length)?;
        if length > MAX_NAME {
            return Err(damaged("a name in the cpio archive is too long"));
        }
        // Parts are aligned from the beginning of the archive; so are headers.
        let start = self.part(length, header.form.align)?;
        let bytes = self.input.bytes(start, length)?;
        match bytes.split_last() {
            Some((0, name)) if !name.contains(&0) => Ok(name.to_vec()),
            _ => Err(damaged("a name in the cpio archive")),
        }
    }

    /// Where a part of this length is; then behind it.
    fn part(&mut self, length: u64, align: u64) -> Result<u64, Error> {
        let outside = || damaged("contents lie outside of the cpio archive");
        let start = self.at;
        self.input.part(start, length).ok_or_else(outside)?;
        let end = start + length;
        self.at = end.checked_next_multiple_of(align).ok_or_else(outside)?;
        let padding = self.input.bytes(end, self.at.min(self.input.len()) - end)?;
        if padding.iter().any(|&byte| byte != 0) {
            let name = format!("padding at {end}");
            self.facts.insert(name, hexadecimal(&padding));
        }
        Ok(start)
    }

    fn link_text(&self, start: u64, length: u64) -> Result<String, Error> {
        if length > MAX_NAME {
            return Err(damaged("a link that is too long"));
        }
        let text = self.input.bytes(start, length)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// Behind the end there is nothing but zeros.
    fn end(&mut self) -> Result<(), Error> {
        let at = self.at.min(self.input.len());
        let length = self.input.len() - at;
        let tail = self.input.part(at, length);
        let mut tail = tail.ok_or_else(|| damaged("the end of the cpio archive"))?;
        let sum = Sum::read(&mut tail, length)?;
        let zeros = Sum::read(&mut std::io::Read::take(std::io::repeat(0), length), length)?;
        let about = [("bytes of the end", Some(length.to_string()))];
        let hidden = [("behind the end", (sum != zeros).then(|| sum.hex()))];
        for (name, value) in about.into_iter().chain(hidden) {
            if let Some(value) = value {
                self.facts.insert(name.to_owned(), value);
            }
        }
        Ok(())
    }

    /// Entries of one file without contents of their own are links to the one that has them.
    fn link(&mut self) {
        let mut owners: BTreeMap<[u64; 3], String> = BTreeMap::new();
        for (entry, number) in self.entries.iter().zip(&self.numbers) {
            if let Some(number) = number.filter(|_| entry.sum.length > 0) {
                owners.insert(number, entry.name.clone());
            }
        }
        for (entry, number) in self.entries.iter_mut().zip(&self.numbers) {
            let owner = number.and_then(|number| owners.get(&number));
            if let Some(owner) = owner.filter(|_| entry.sum.length == 0) {
                entry.kind = Kind::Hardlink(owner.clone());
                (entry.sum, entry.place) = (Sum::of(b""), Place::Nowhere);
            }
        }
    }
}

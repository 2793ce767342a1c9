//! Zip archives, read by their structure, so that every byte of the file is accounted for: what central directory and local
//! headers say, where they disagree, what lies between members.
//!
//! Not read: ZIP64, encryption, several disks, methods other than stored and deflated. (The crate `zip`, which unpacks
//! elsewhere, keeps one entry of several with the same name: here all have to be seen.)

use super::hash::digest;
use super::input::{Fields, Input};
use super::{
    Entry, Error, Facts, Format, Kind, Options, Place, Reader, Sum, Tree, damaged, hash_all, name,
};
use goassay_binary::bytes::hexadecimal;

const END: [u8; 4] = *b"PK\x05\x06";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const LOCAL: [u8; 4] = *b"PK\x03\x04";
const DESCRIPTOR: [u8; 4] = *b"PK\x07\x08";
/// Length of the end record without its comment.
const END_LENGTH: u64 = 22;
/// Sizes and checksum stand behind the contents.
const FLAG_DESCRIPTOR: u16 = 8;
const UNIX: u8 = 3;
/// Longest text of a symbolic link.
const MAX_LINK: u64 = 4096;

pub(super) fn read(input: Input, options: &Options<'_>) -> Result<Tree, Error> {
    let end = End::find(&input)?;
    let mut facts = end.facts();
    let central = Central::all(&input, &end)?;
    if central.len() > options.limits.entries {
        return Err(Error::TooLarge);
    }
    let declared: u64 = central.iter().map(|c| u64::from(c.length)).sum();
    if declared > options.limits.bytes {
        return Err(Error::TooLarge);
    }
    let mut members: Vec<Member> = central
        .into_iter()
        .map(|central| Member::read(&input, central))
        .collect::<Result<_, _>>()?;
    places(&input, &mut members, end.directory, &mut facts)?;
    let mut entries = members
        .iter()
        .map(Member::entry)
        .collect::<Result<Vec<Entry>, Error>>()?;
    let reader = Reader::Input(input);
    hash_all(&mut entries, &reader)?;
    for (entry, member) in entries.iter_mut().zip(&members) {
        member.check(entry)?;
    }
    let mut tree = Tree {
        format: Format::Zip,
        entries,
        facts,
        reader,
    };
    link_texts(&mut tree)?;
    Ok(tree)
}

/// The record at the end of the file.
struct End {
    directory: u64,
    length: u64,
    entries: usize,
    comment: Vec<u8>,
}

impl End {
    /// The one that ends with the file. Several that fit are none: two readers could see two archives.
    fn find(input: &Input) -> Result<End, Error> {
        let span = input.len().min(END_LENGTH + u64::from(u16::MAX));
        let tail = input.bytes(input.len() - span, span)?;
        let fits = |at: &usize| {
            let rest = tail.get(*at..).unwrap_or_default();
            rest.starts_with(&END)
                && rest.len() as u64 == END_LENGTH + u64::from(Fields(rest).u16(20))
        };
        let mut found = (0..tail.len()).filter(fits);
        let at = found
            .next()
            .ok_or_else(|| damaged("a zip archive without its end"))?;
        if found.next().is_some() {
            return Err(damaged("a zip archive with two ends"));
        }
        let record = tail.get(at..).unwrap_or_default();
        let fields = Fields(record);
        let (count, length, directory) = (fields.u16(10), fields.u32(12), fields.u32(16));
        if count == u16::MAX || length == u32::MAX || directory == u32::MAX {
            return Err(Error::Unsupported("ZIP64".to_owned()));
        }
        if fields.u32(4) != 0 || fields.u16(8) != count {
            return Err(Error::Unsupported(
                "a zip archive on several disks".to_owned(),
            ));
        }
        let end = u64::from(directory) + u64::from(length);
        if end != input.len() - span + at as u64 {
            return Err(damaged(
                "the directory of the zip archive is not before its end",
            ));
        }
        Ok(End {
            directory: directory.into(),
            length: length.into(),
            entries: count.into(),
            comment: record.get(22..).unwrap_or_default().to_vec(),
        })
    }

    fn facts(&self) -> Facts {
        let mut facts = Facts::new();
        if !self.comment.is_empty() {
            facts.insert("comment".to_owned(), hexadecimal(&self.comment));
        }
        facts
    }
}

/// An entry of the central directory.
struct Central {
    /// Its fixed part.
    fixed: Vec<u8>,
    name: Vec<u8>,
    extra: Vec<u8>,
    comment: Vec<u8>,
    flags: u16,
    method: u16,
    crc32: u32,
    packed: u32,
    length: u32,
    offset: u32,
}

impl Central {
    fn all(input: &Input, end: &End) -> Result<Vec<Central>, Error> {
        let bytes = input.bytes(end.directory, end.length)?;
        let mut rest = bytes.as_slice();
        let mut all = Vec::new();
        while !rest.is_empty() {
            let (central, after) = Central::parse(rest)
                .ok_or_else(|| damaged("an entry of the zip archive's directory"))?;
            all.push(central);
            rest = after;
        }
        if all.len() != end.entries {
            return Err(damaged(
                "the zip archive has not as many entries as it says",
            ));
        }
        Ok(all)
    }

    fn parse(bytes: &[u8]) -> Option<(Central, &[u8])> {
        let (fixed, rest) = bytes.split_at_checked(46)?;
        let fields = Fields(fixed);
        let (name, rest) = rest.split_at_checked(fields.u16(28).into())?;
        let (extra, rest) = rest.split_at_checked(fields.u16(30).into())?;
        let (comment, rest) = rest.split_at_checked(fields.u16(32).into())?;
        let central = Central {
            fixed: fixed.to_vec(),
            name: name.to_vec(),
            extra: extra.to_vec(),
            comment: comment.to_vec(),
            flags: fields.u16(8),
            method: fields.u16(10),
            crc32: fields.u32(16),
            packed: fields.u32(20),
            length: fields.u32(24),
            offset: fields.u32(42),
        };
        fixed.starts_with(&CENTRAL).then_some((central, rest))
    }

    fn unix_mode(&self) -> Option<u32> {
        let made_by_unix = self.fixed.get(5) == Some(&UNIX);
        made_by_unix.then(|| Fields(&self.fixed).u32(38) >> 16)
    }

    fn facts(&self) -> Facts {
        let fields = Fields(&self.fixed);
        let mut facts = Facts::new();
        let mut add = |name: &str, value: String| facts.insert(name.to_owned(), value);
        add("made by", format!("{:#06x}", fields.u16(4)));
        add("version", fields.u16(6).to_string());
        add("flags", format!("{:#x}", self.flags));
        add("method", self.method.to_string());
        add("time", format!("{:#010x}", fields.u32(12)));
        add("extra", hexadecimal(&self.extra));
        add("internal attributes", format!("{:#x}", fields.u16(36)));
        add("external attributes", format!("{:#x}", fields.u32(38)));
        if fields.u16(34) != 0 {
            add("disk", fields.u16(34).to_string());
        }
        if !self.comment.is_empty() {
            add("comment", hexadecimal(&self.comment));
        }
        facts
    }
}

/// An entry with its local header.
struct Member {
    central: Central,
    facts: Facts,
    /// Where the contents begin.
    start: u64,
}

impl Member {
    fn read(input: &Input, central: Central) -> Result<Member, Error> {
        let early = || damaged("a local header of the zip archive");
        let at = u64::from(central.offset);
        let fixed = input.bytes(at, 30).map_err(|_| early())?;
        let fields = Fields(&fixed);
        let (name, extra) = (u64::from(fields.u16(26)), u64::from(fields.u16(28)));
        let texts = input.bytes(at + 30, name + extra).map_err(|_| early())?;
        let (own, extra) = texts
            .split_at_checked(fields.u16(26).into())
            .ok_or_else(early)?;
        if !fixed.starts_with(&LOCAL) || own != central.name {
            return Err(damaged("directory and members of the zip archive disagree"));
        }
        let mut facts = central.facts();
        local_facts(&central, &fields, extra, &mut facts);
        Ok(Member {
            start: at + 30 + texts.len() as u64,
            central,
            facts,
        })
    }

    fn end(&self) -> u64 {
        self.start + u64::from(self.central.packed)
    }

    fn entry(&self) -> Result<Entry, Error> {
        let central = &self.central;
        if central.flags & 1 != 0 {
            return Err(Error::Unsupported("an encrypted zip archive".to_owned()));
        }
        let (start, length) = (self.start, u64::from(central.packed));
        let place = match central.method {
            0 if central.packed == central.length => Place::Stored { start, length },
            8 => Place::Deflated { start, length },
            0 => return Err(damaged("stored contents of two lengths")),
            method => {
                return Err(Error::Unsupported(format!(
                    "a zip archive with compression method {method}"
                )));
            }
        };
        let name = name::checked(&central.name)?;
        let mode = central.unix_mode();
        let kind = if central.name.ends_with(b"/") {
            Kind::Directory
        } else {
            match mode.map(|mode| mode & 0o170_000) {
                Some(0o120_000) => Kind::Symlink(String::new()),
                None | Some(0 | 0o100_000) => Kind::File,
                Some(_) => Kind::Special("special file"),
            }
        };
        if kind == Kind::Directory && central.length != 0 {
            return Err(damaged("a folder with contents"));
        }
        Ok(Entry {
            name,
            sum: match kind {
                Kind::Directory => Sum::of(b""),
                _ => Sum::expected(central.length.into()),
            },
            kind,
            mode: mode.map(|mode| mode & 0o7777),
            mtime: Some(mtime(central)),
            facts: self.facts.clone(),
            place,
        })
    }

    /// Contents have to be what the directory says.
    fn check(&self, entry: &Entry) -> Result<(), Error> {
        let (sum, central) = (&entry.sum, &self.central);
        let right = sum.crc32 == central.crc32 && sum.length == u64::from(central.length);
        if entry.kind == Kind::File && !right {
            return Err(damaged(format!(
                "the contents of {} are not those of its checksum",
                entry.name
            )));
        }
        Ok(())
    }
}

/// What a local header says otherwise than the directory.
fn local_facts(central: &Central, local: &Fields<&Vec<u8>>, extra: &[u8], facts: &mut Facts) {
    let directory = Fields(&central.fixed);
    let mut add = |name: &str, value: String| facts.insert(format!("local {name}"), value);
    for (name, own, theirs) in [
        ("version", local.u16(4), directory.u16(6)),
        ("flags", local.u16(6), central.flags),
        ("method", local.u16(8), central.method),
    ] {
        if own != theirs {
            add(name, own.to_string());
        }
    }
    if local.u32(10) != directory.u32(12) {
        add("time", format!("{:#010x}", local.u32(10)));
    }
    if extra != central.extra {
        add("extra", hexadecimal(extra));
    }
    let sizes = (local.u32(14), local.u32(18), local.u32(22));
    if sizes == (0, 0, 0) {
        add("sizes", "zero".to_owned());
    } else if sizes != (central.crc32, central.packed, central.length) {
        add("sizes", format!("{sizes:x?}"));
    }
}

/// Looks at where members are: they may not overlap, and what is between them is a descriptor or noted.
fn places(
    input: &Input,
    members: &mut [Member],
    directory: u64,
    facts: &mut Facts,
) -> Result<(), Error> {
    let mut order: Vec<usize> = (0..members.len()).collect();
    let offset = |index: &usize| members.get(*index).map(|m| m.central.offset);
    if !order.is_sorted_by_key(offset) {
        order.sort_by_key(offset);
        let digits = order.iter().map(usize::to_string).collect::<Vec<_>>();
        facts.insert(
            "order of members".to_owned(),
            digest(digits.join(" ").as_bytes()),
        );
    }
    let starts: Vec<u64> = order
        .iter()
        .filter_map(offset)
        .map(u64::from)
        .chain([directory])
        .collect();
    let first = starts.first().copied().unwrap_or(0);
    if first > 0 {
        let before = Sum::read(&mut part(input, 0, first)?, first)?;
        facts.insert("bytes before members".to_owned(), before.hex());
    }
    for (index, next) in order.iter().zip(starts.iter().skip(1)) {
        let Some(member) = members.get_mut(*index) else {
            continue;
        };
        let gap = next
            .checked_sub(member.end())
            .ok_or_else(|| damaged("members of the zip archive overlap"))?;
        if let Some((name, value)) = between(input, member, gap)? {
            member.facts.insert(name.to_owned(), value);
        }
    }
    pack_sums(input, members)
}

fn part(input: &Input, start: u64, length: u64) -> Result<Input, Error> {
    input
        .part(start, length)
        .ok_or_else(|| damaged("a member of the zip archive is outside of it"))
}

/// What stands behind the contents of a member, in `gap` bytes.
fn between(
    input: &Input,
    member: &Member,
    gap: u64,
) -> Result<Option<(&'static str, String)>, Error> {
    if gap == 0 {
        let missing = member.central.flags & FLAG_DESCRIPTOR != 0;
        return Ok(missing.then(|| ("descriptor", "none".to_owned())));
    }
    let mut behind = part(input, member.end(), gap)?;
    if gap <= 16 {
        let bytes = behind.bytes(0, gap)?;
        let marked = bytes.strip_prefix(&DESCRIPTOR);
        let numbers = Fields(marked.unwrap_or(&bytes));
        let central = &member.central;
        let same = (numbers.u32(0), numbers.u32(4), numbers.u32(8))
            == (central.crc32, central.packed, central.length);
        if same && (gap == 16) == marked.is_some() && gap >= 12 {
            let form = if marked.is_some() { "marked" } else { "bare" };
            return Ok(Some(("descriptor", form.to_owned())));
        }
    }
    let sum = Sum::read(&mut behind, gap)?;
    Ok(Some(("bytes behind contents", sum.hex())))
}

/// The fact that follows from contents: hash of what they are packed to.
fn pack_sums(input: &Input, members: &mut [Member]) -> Result<(), Error> {
    super::hash::in_parallel(members, |member| {
        let length = u64::from(member.central.packed);
        let sum = Sum::read(&mut part(input, member.start, length)?, length)?;
        member.facts.insert(super::PACKED.to_owned(), sum.hex());
        Ok(())
    })
}

/// The extended time where there is one, else the DOS time.
fn mtime(central: &Central) -> i64 {
    let mut extra = central.extra.as_slice();
    while let Some((head, rest)) = extra.split_at_checked(4) {
        let fields = Fields(head);
        let Some((value, rest)) = rest.split_at_checked(fields.u16(2).into()) else {
            break;
        };
        let has_time = value.len() >= 5 && value.first().is_some_and(|flags| flags & 1 != 0);
        if fields.u16(0) == 0x5455 && has_time {
            return i64::from(Fields(value).u32(1).cast_signed());
        }
        extra = rest;
    }
    let fields = Fields(&central.fixed);
    dos_time(fields.u16(14), fields.u16(12))
}

/// Seconds since 1970 of a date and a time of DOS, which are local, taken for UTC.
pub(super) fn dos_time(date: u16, time: u16) -> i64 {
    let days = days(
        1980 + i64::from(date >> 9),
        i64::from(date >> 5 & 15),
        i64::from(date & 31),
    );
    let seconds =
        i64::from(time >> 11) * 3600 + i64::from(time >> 5 & 63) * 60 + i64::from(time & 31) * 2;
    days * 86_400 + seconds
}

/// Days from 1970-01-01 to a day of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that the day that may be missing is the last one.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let before = year * 365 + year / 4 - year / 100 + year / 400;
    before + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// Symbolic links have their text as contents.
fn link_texts(tree: &mut Tree) -> Result<(), Error> {
    let links = tree
        .entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| matches!(entry.kind, Kind::Symlink(_)));
    let mut texts = Vec::new();
    for (index, entry) in links {
        if entry.sum.length > MAX_LINK {
            return Err(damaged("a link that is too long"));
        }
        let mut text = Vec::new();
        std::io::Read::read_to_end(
            &mut std::io::Read::take(tree.reader.open(&entry.place)?, MAX_LINK),
            &mut text,
        )?;
        texts.push((index, String::from_utf8_lossy(&text).into_owned()));
    }
    for (index, text) in texts {
        if let Some(entry) = tree.entries.get_mut(index) {
            entry.kind = Kind::Symlink(text);
            entry.sum = Sum::of(b"");
            entry.place = Place::Nowhere;
        }
    }
    Ok(())
}

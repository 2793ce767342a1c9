//! Compound files of OLE (MS-CFB): streams in chains of sectors, as Windows installers are made of.
//!
//! Streams at the top only; storages in the file are not looked into. Where bytes of a stream lie is given, so that what no stream
//! has can be accounted for.

use super::input::Input;
use super::{Error, damaged};

pub(super) const MAGIC: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
const HEADER: u64 = 512;
/// Sectors of a stream with fewer bytes than this are small ones.
const CUTOFF: u64 = 4096;
const SMALL: u64 = 64;
/// Where chains end: above these are no numbers of sectors.
const LAST_SECTOR: u32 = 0xffff_fffa;
const NONE: u32 = 0xffff_ffff;
/// Entries of the directory.
const MAX_ENTRIES: usize = 65_536;

/// A stream: its name as stored, and its parts in the file (start and length).
pub(super) struct Stream {
    pub(super) name: Vec<u16>,
    pub(super) length: u64,
    pub(super) parts: Vec<(u64, u64)>,
}

impl Stream {
    /// All of it, where it is not longer than that.
    pub(super) fn bytes(&self, input: &Input, most: u64) -> Result<Vec<u8>, Error> {
        if self.length > most {
            return Err(Error::TooLarge);
        }
        let mut bytes = Vec::new();
        for &(start, length) in &self.parts {
            bytes.extend(input.bytes(start, length)?);
        }
        Ok(bytes)
    }
}

fn bad() -> Error {
    damaged("the compound file")
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let bytes = bytes.get(at..).and_then(|bytes| bytes.first_chunk());
    bytes.map_or(NONE, |bytes| u32::from_le_bytes(*bytes))
}

fn half(bytes: &[u8], at: usize) -> u16 {
    let bytes = bytes.get(at..).and_then(|bytes| bytes.first_chunk());
    bytes.map_or(0, |bytes| u16::from_le_bytes(*bytes))
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    bytes.chunks_exact(4).map(|chunk| word(chunk, 0))
}

/// The streams at the top of a compound file.
pub(super) fn streams(input: &Input) -> Result<Vec<Stream>, Error> {
    let header = input.bytes(0, HEADER).map_err(|_| bad())?;
    let shift = match (half(&header, 0x1a), half(&header, 0x1e)) {
        (3, 9) => 9,
        (4, 12) => 12,
        _ => return Err(bad()),
    };
    if !header.starts_with(&MAGIC) || half(&header, 0x1c) != 0xfffe || half(&header, 0x20) != 6 {
        return Err(bad());
    }
    let mut file = File {
        input,
        sector: 1 << shift,
        table: Vec::new(),
    };
    file.table = file.table(&header)?;
    let directory = file.chain(word(&header, 0x30), None)?;
    let directory = file.read(&directory)?;
    let entries: Vec<Entry> = directory
        .chunks_exact(128)
        .take(MAX_ENTRIES)
        .map(|bytes| Entry::of(bytes, shift))
        .collect();
    let root = entries
        .first()
        .filter(|entry| entry.kind == 5)
        .ok_or_else(bad)?;
    let small = Small {
        places: file.parts(&file.chain(root.start, Some(root.length))?, root.length),
        table: words(&file.read(&file.chain(word(&header, 0x3c), None)?)?).collect(),
    };
    let mut streams = Vec::new();
    let mut bytes = 0u64;
    for entry in top(&entries, root.child)? {
        if entry.kind != 2 {
            continue;
        }
        // Streams do not share sectors.
        bytes = bytes.saturating_add(entry.length);
        if bytes > input.len() {
            return Err(bad());
        }
        let parts = match entry.length {
            0 => Vec::new(),
            length if length < CUTOFF => small.parts(entry.start, length)?,
            length => file.parts(&file.chain(entry.start, Some(length))?, length),
        };
        if parts.iter().map(|part| part.1).sum::<u64>() != entry.length {
            return Err(bad());
        }
        streams.push(Stream {
            name: entry.name.clone(),
            length: entry.length,
            parts,
        });
    }
    Ok(streams)
}

struct File<'i> {
    input: &'i Input,
    sector: u64,
    /// The sector behind each.
    table: Vec<u32>,
}

impl File<'_> {
    fn at(&self, sector: u32) -> u64 {
        (u64::from(sector) + 1) * self.sector
    }

    fn sectors(&self) -> u64 {
        self.input.len() / self.sector
    }

    fn bytes(&self, sector: u32) -> Result<Vec<u8>, Error> {
        self.input
            .bytes(self.at(sector), self.sector)
            .map_err(|_| bad())
    }

    /// The table of sectors, out of the sectors that hold it.
    fn table(&self, header: &[u8]) -> Result<Vec<u32>, Error> {
        let mut holders: Vec<u32> = words(header.get(0x4c..).unwrap_or_default()).collect();
        let mut next = word(header, 0x44);
        let mut visited = 0;
        while next < LAST_SECTOR {
            visited += 1;
            if visited > self.sectors() {
                return Err(bad());
            }
            let bytes = self.bytes(next)?;
            let mut more: Vec<u32> = words(&bytes).collect();
            next = more.pop().unwrap_or(NONE);
            holders.extend(more);
        }
        let count = usize::try_from(word(header, 0x2c)).map_err(|_| bad())?;
        holders.retain(|&sector| sector < LAST_SECTOR);
        if holders.len() != count || count as u64 > self.sectors() {
            return Err(bad());
        }
        let mut table = Vec::new();
        for holder in holders {
            table.extend(words(&self.bytes(holder)?));
        }
        Ok(table)
    }

    /// The sectors of a stream that begins here, so many as its length needs.
    fn chain(&self, start: u32, length: Option<u64>) -> Result<Vec<u32>, Error> {
        let most = length.map_or(self.sectors(), |length| length.div_ceil(self.sector));
        follow(
            &self.table,
            start,
            most.min(self.sectors()),
            length.is_some(),
        )
    }

    fn read(&self, chain: &[u32]) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        for &sector in chain {
            bytes.extend(self.bytes(sector)?);
        }
        Ok(bytes)
    }

    /// Where so many bytes in these sectors are.
    fn parts(&self, chain: &[u32], length: u64) -> Vec<(u64, u64)> {
        let mut left = length;
        let mut parts: Vec<(u64, u64)> = Vec::new();
        for &sector in chain {
            let (at, here) = (self.at(sector), left.min(self.sector));
            left -= here;
            match parts.last_mut() {
                Some((start, length)) if *start + *length == at => *length += here,
                _ => parts.push((at, here)),
            }
        }
        parts
    }
}

/// A chain of numbers in a table; with `exact` of that length, else as long as it is.
fn follow(table: &[u32], start: u32, most: u64, exact: bool) -> Result<Vec<u32>, Error> {
    let mut chain = Vec::new();
    let mut next = start;
    while next < LAST_SECTOR {
        if chain.len() as u64 >= most {
            return Err(bad());
        }
        chain.push(next);
        let at = usize::try_from(next).map_err(|_| bad())?;
        next = *table.get(at).ok_or_else(bad)?;
    }
    if exact && (chain.len() as u64) < most {
        Err(bad())
    } else {
        Ok(chain)
    }
}

/// The stream that small ones lie in.
struct Small {
    places: Vec<(u64, u64)>,
    table: Vec<u32>,
}

impl Small {
    fn parts(&self, start: u32, length: u64) -> Result<Vec<(u64, u64)>, Error> {
        let chain = follow(&self.table, start, length.div_ceil(SMALL), true)?;
        let mut left = length;
        let mut parts = Vec::new();
        for number in chain {
            let at = self.place(u64::from(number) * SMALL).ok_or_else(bad)?;
            parts.push((at, left.min(SMALL)));
            left -= left.min(SMALL);
        }
        Ok(parts)
    }

    /// Sectors are larger than the small ones, and multiples of them.
    fn place(&self, at: u64) -> Option<u64> {
        let mut before = 0;
        for &(start, length) in &self.places {
            if at < before + length {
                return (at + SMALL <= before + length).then_some(start + at - before);
            }
            before += length;
        }
        None
    }
}

/// An entry of the directory.
struct Entry {
    name: Vec<u16>,
    kind: u8,
    /// Entries before and behind it in the tree of its folder.
    beside: [u32; 2],
    child: u32,
    start: u32,
    length: u64,
}

impl Entry {
    fn of(bytes: &[u8], shift: u32) -> Entry {
        let length = usize::from(half(bytes, 0x40)).saturating_sub(2).min(62);
        let name = bytes.get(..length).unwrap_or_default();
        let low = u64::from(word(bytes, 0x78));
        // What stands in the upper half of a small file is no length.
        let high = if shift == 9 {
            0
        } else {
            u64::from(word(bytes, 0x7c)) << 32
        };
        Entry {
            name: name.chunks_exact(2).map(|unit| half(unit, 0)).collect(),
            kind: bytes.get(0x42).copied().unwrap_or(0),
            beside: [word(bytes, 0x44), word(bytes, 0x48)],
            child: word(bytes, 0x4c),
            start: word(bytes, 0x74),
            length: low | high,
        }
    }
}

/// The entries of the tree that begins here, in the order of the directory.
fn top(entries: &[Entry], root: u32) -> Result<Vec<&Entry>, Error> {
    let mut seen = vec![false; entries.len()];
    let mut left = vec![root];
    while let Some(number) = left.pop() {
        if number == NONE {
            continue;
        }
        let at = usize::try_from(number).map_err(|_| bad())?;
        let (Some(entry), Some(seen)) = (entries.get(at), seen.get_mut(at)) else {
            return Err(bad());
        };
        if std::mem::replace(seen, true) {
            return Err(bad());
        }
        left.extend(entry.beside);
    }
    let named = entries.iter().zip(seen).filter(|(_, seen)| *seen);
    Ok(named.map(|(entry, _)| entry).collect())
}

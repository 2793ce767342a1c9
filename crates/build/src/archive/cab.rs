//! Cabinets (MS-CAB): folders of files, each folder one stream of blocks, stored or compressed (MSZIP, LZX). Checksums of
//! blocks are checked.
//!
//! Not read: cabinets in several files, Quantum compression.

use super::input::{Fields, Input};
use super::{Error, damaged, zip};
use std::collections::VecDeque;
use std::io::{self, Read};

const HEADER: u64 = 36;
/// Flags: there is a cabinet before or behind this one; fields of reserved sizes.
const CONTINUED: u16 = 3;
const RESERVED: u16 = 4;
/// Name in UTF-8, not in a code page.
const NAME_IS_UTF: u16 = 0x80;
const MAX_NAME: u64 = 512;
/// Longest block, unpacked.
const BLOCK: usize = 32_768;

/// What a cabinet holds.
pub(super) struct Cabinet {
    pub(super) files: Vec<File>,
    folders: Vec<Folder>,
    input: Input,
}

/// A file: its place is in the unpacked bytes of all folders, one behind the other.
pub(super) struct File {
    pub(super) name: String,
    pub(super) start: u64,
    pub(super) length: u64,
    /// Seconds since 1970, local time taken for UTC.
    pub(super) mtime: i64,
}

struct Folder {
    method: Method,
    blocks: Vec<Block>,
}

#[derive(Clone, Copy)]
enum Method {
    Stored,
    Zip,
    Lzx(lzxd::WindowSize),
}

struct Block {
    start: u64,
    packed: u16,
    unpacked: u16,
}

fn bad() -> Error {
    damaged("the cabinet")
}

/// The numbers of a part of the cabinet.
fn header_at(input: &Input, start: u64, length: u64) -> Result<Fields<Vec<u8>>, Error> {
    input.bytes(start, length).map(Fields).map_err(|_| bad())
}

/// Extra bytes in headers, of folders and of blocks.
struct Reserved {
    folder: u64,
    block: u64,
}

pub(super) fn read(input: &Input, most: usize) -> Result<Cabinet, Error> {
    let header = header_at(input, 0, HEADER)?;
    if !header.0.starts_with(b"MSCF") || u64::from(header.u32(8)) > input.len() {
        return Err(bad());
    }
    let flags = header.u16(30);
    if flags & CONTINUED != 0 {
        return Err(Error::Unsupported("a cabinet in several files".to_owned()));
    }
    let mut at = HEADER;
    let mut reserved = Reserved {
        folder: 0,
        block: 0,
    };
    if flags & RESERVED != 0 {
        let sizes = header_at(input, at, 4)?;
        let [low, high] = sizes.u16(2).to_le_bytes();
        reserved = Reserved {
            folder: low.into(),
            block: high.into(),
        };
        at += 4 + u64::from(sizes.u16(0));
    }
    let mut folders = Vec::new();
    // Blocks of several folders do not lie over each other.
    let mut left = input.len();
    let mut starts = vec![0];
    for _ in 0..header.u16(26) {
        let fields = header_at(input, at, 8)?;
        at += 8 + reserved.folder;
        let folder = Folder::read(input, &fields, &reserved, &mut left)?;
        let end = starts.last().copied().unwrap_or(0) + folder.length();
        starts.push(end);
        folders.push(folder);
    }
    let count = usize::from(header.u16(28));
    if count > most {
        return Err(Error::TooLarge);
    }
    let mut at = u64::from(header.u32(16));
    let mut files = Vec::new();
    for _ in 0..count {
        let (file, length) = file(input, at, &starts)?;
        at += length;
        files.push(file);
    }
    Ok(Cabinet {
        files,
        folders,
        input: input.clone(),
    })
}

/// A file, and the length of what describes it.
fn file(input: &Input, at: u64, folders: &[u64]) -> Result<(File, u64), Error> {
    let fields = header_at(input, at, 16)?;
    let left = input.len() - at - 16;
    let name = input.bytes(at + 16, left.min(MAX_NAME))?;
    let end = name.iter().position(|&byte| byte == 0).ok_or_else(bad)?;
    let name = name.get(..end).unwrap_or_default();
    if fields.u16(14) & NAME_IS_UTF == 0 && !name.is_ascii() {
        return Err(Error::Name(String::from_utf8_lossy(name).into_owned()));
    }
    let name = std::str::from_utf8(name).map_err(|_| bad())?.to_owned();
    let folder = usize::from(fields.u16(8));
    let &[folder, folder_end] = folders
        .get(folder..)
        .and_then(|f| f.first_chunk())
        .ok_or_else(bad)?;
    let (start, length) = (folder + u64::from(fields.u32(4)), u64::from(fields.u32(0)));
    if start + length > folder_end {
        return Err(bad());
    }
    let mtime = zip::dos_time(fields.u16(10), fields.u16(12));
    let file = File {
        name,
        start,
        length,
        mtime,
    };
    Ok((file, 16 + end as u64 + 1))
}

impl Folder {
    fn read(
        input: &Input,
        fields: &Fields<Vec<u8>>,
        reserved: &Reserved,
        left: &mut u64,
    ) -> Result<Folder, Error> {
        let method = match fields.u16(6) & 15 {
            0 => Method::Stored,
            1 => Method::Zip,
            3 => Method::Lzx(window(fields.u16(6) >> 8)?),
            _ => {
                return Err(Error::Unsupported(
                    "a cabinet with Quantum compression".to_owned(),
                ));
            }
        };
        let mut at = u64::from(fields.u32(0));
        let mut blocks = Vec::new();
        for _ in 0..fields.u16(4) {
            let head = header_at(input, at, 8)?;
            let (packed, unpacked) = (head.u16(4), head.u16(6));
            if usize::from(unpacked) > BLOCK {
                return Err(bad());
            }
            *left = left.checked_sub(8 + u64::from(packed)).ok_or_else(bad)?;
            let start = at + 8 + reserved.block;
            at = start + u64::from(packed);
            let sum = head.u32(0);
            let whole = header_at(input, start, packed.into())?;
            let more = header_at(input, start - reserved.block - 4, 4 + reserved.block)?;
            if sum != 0 && sum != checksum(&more.0, checksum(&whole.0, 0)) {
                return Err(damaged(
                    "a block of the cabinet has another checksum than it should have",
                ));
            }
            blocks.push(Block {
                start,
                packed,
                unpacked,
            });
        }
        Ok(Folder { method, blocks })
    }

    fn length(&self) -> u64 {
        self.blocks
            .iter()
            .map(|block| u64::from(block.unpacked))
            .sum()
    }
}

fn window(bits: u16) -> Result<lzxd::WindowSize, Error> {
    use lzxd::WindowSize::{KB32, KB64, KB128, KB256, KB512, MB1, MB2};
    let sizes = [KB32, KB64, KB128, KB256, KB512, MB1, MB2];
    let size = usize::from(bits & 31)
        .checked_sub(15)
        .and_then(|at| sizes.get(at));
    size.copied().ok_or_else(bad)
}

/// Words are combined by exclusive or; the bytes that are left count from the other end.
fn checksum(bytes: &[u8], seed: u32) -> u32 {
    let (words, rest) = bytes.as_chunks::<4>();
    let sum = words
        .iter()
        .fold(seed, |sum, word| sum ^ u32::from_le_bytes(*word));
    sum ^ rest.iter().fold(0, |sum, &byte| sum << 8 | u32::from(byte))
}

impl Cabinet {
    /// The parts of the cabinet that are blocks: start and length.
    pub(super) fn blocks(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let blocks = self.folders.iter().flat_map(|folder| &folder.blocks);
        blocks.map(|block| (block.start, block.packed.into()))
    }

    /// Length of all folders, unpacked.
    pub(super) fn length(&self) -> u64 {
        self.folders.iter().map(Folder::length).sum()
    }

    /// All folders, unpacked, one behind the other.
    pub(super) fn unpacked(&self) -> impl Read + '_ {
        let parts = self.folders.iter().flat_map(move |folder| {
            let mut decoder = Decoder::of(folder.method);
            folder
                .blocks
                .iter()
                .map(move |block| decoder.block(&self.input, block))
        });
        Unpacked {
            parts,
            block: VecDeque::new(),
        }
    }
}

/// State between the blocks of a folder.
enum Decoder {
    Stored,
    /// The block before, which this one may refer to.
    Zip(Vec<u8>),
    Lzx(Box<lzxd::Lzxd>),
}

impl Decoder {
    fn of(method: Method) -> Decoder {
        match method {
            Method::Stored => Decoder::Stored,
            Method::Zip => Decoder::Zip(Vec::new()),
            Method::Lzx(window) => Decoder::Lzx(Box::new(lzxd::Lzxd::new(window))),
        }
    }

    fn block(&mut self, input: &Input, block: &Block) -> io::Result<Vec<u8>> {
        let packed = input.bytes(block.start, block.packed.into())?;
        let length = usize::from(block.unpacked);
        let bytes = match self {
            Decoder::Stored => packed,
            Decoder::Zip(before) => {
                let bytes = inflate(before, &packed, length)?;
                before.clone_from(&bytes);
                bytes
            }
            Decoder::Lzx(decoder) => {
                let bytes = decoder.decompress_next(&packed, length);
                bytes
                    .map_err(|error| io::Error::other(format!("a block of the cabinet: {error}")))?
                    .to_vec()
            }
        };
        match bytes.len() == length {
            true => Ok(bytes),
            false => Err(io::Error::other(
                "a block of the cabinet has another length than it says",
            )),
        }
    }
}

/// Inflates a block that may refer to the one before: that is put before it as a block that is stored.
fn inflate(before: &[u8], packed: &[u8], length: usize) -> io::Result<Vec<u8>> {
    let packed = packed.strip_prefix(b"CK");
    let packed =
        packed.ok_or_else(|| io::Error::other("a block of the cabinet is not compressed"))?;
    let size = u16::try_from(before.len()).map_err(io::Error::other)?;
    let stored = [
        &[0],
        &size.to_le_bytes()[..],
        &(!size).to_le_bytes(),
        before,
    ]
    .concat();
    let mut bytes = Vec::new();
    flate2::bufread::DeflateDecoder::new(stored.chain(packed))
        .take((before.len() + length + 1) as u64)
        .read_to_end(&mut bytes)?;
    bytes.drain(..before.len().min(bytes.len()));
    Ok(bytes)
}

struct Unpacked<I> {
    parts: I,
    block: VecDeque<u8>,
}

impl<I: Iterator<Item = io::Result<Vec<u8>>>> Read for Unpacked<I> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.block.is_empty() {
            match self.parts.next() {
                None => return Ok(0),
                Some(block) => self.block = block?.into(),
            }
        }
        self.block.read(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cabinet of one folder with these blocks (packed, length unpacked), and one file that is all of it.
    fn cabinet(method: u16, blocks: &[(&[u8], u16)]) -> Vec<u8> {
        let length: u32 = blocks.iter().map(|block| u32::from(block.1)).sum();
        let mut data = Vec::new();
        for (packed, unpacked) in blocks {
            let sizes = [packed.len() as u16, *unpacked]
                .map(u16::to_le_bytes)
                .concat();
            data.extend(checksum(&sizes, checksum(packed, 0)).to_le_bytes());
            data.extend(sizes);
            data.extend(*packed);
        }
        let (files, at) = (36 + 8, 36 + 8 + 16 + 2);
        let mut out = b"MSCF\0\0\0\0".to_vec();
        for word in [at + data.len() as u32, 0, files, 0] {
            out.extend(word.to_le_bytes());
        }
        for half in [0x0103, 1, 1, 0, 0, 0] {
            out.extend(u16::to_le_bytes(half));
        }
        out.extend(at.to_le_bytes());
        out.extend([blocks.len() as u16, method].map(u16::to_le_bytes).concat());
        out.extend(length.to_le_bytes());
        out.extend([0; 12]);
        out.extend(b"f\0");
        out.extend(data);
        out
    }

    fn unpacked(bytes: &[u8]) -> Result<String, Error> {
        let cabinet = read(&Input::memory(bytes.into()), 9)?;
        assert_eq!(
            (cabinet.files[0].name.as_str(), cabinet.files[0].length),
            ("f", cabinet.length())
        );
        let mut text = String::new();
        cabinet.unpacked().read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn blocks_are_stored_or_refer_to_the_one_before() {
        let stored = cabinet(0, &[(b"one ", 4), (b"two", 3)]);
        assert_eq!(unpacked(&stored).unwrap(), "one two");
        // Made by Python's zlib, the second with the text of the first for its dictionary.
        let first = [&b"CK"[..], &[1, 20, 0, 235, 255], b"the quick brown fox "].concat();
        let second = [
            &b"CK"[..],
            &[0x2b, 0xc1, 0x22, 0x96, 0x98, 0x9e, 0x98, 0x99, 0x7, 0x0],
        ]
        .concat();
        let zip = cabinet(1, &[(&first, 20), (&second, 25)]);
        assert_eq!(
            unpacked(&zip).unwrap(),
            "the quick brown fox the quick brown fox again"
        );
        // LZX: no translation, a block that is not compressed, of six bytes; three distances; its bytes.
        let lzx = [&[0, 0x30, 0x60, 0][..], &[1, 0, 0, 0].repeat(3), b"golang"].concat();
        assert_eq!(unpacked(&cabinet(0x0f03, &[(&lzx, 6)])).unwrap(), "golang");
    }

    #[test]
    fn what_is_damaged_or_hostile_is_an_error() {
        let good = cabinet(0, &[(b"one ", 4), (b"two", 3)]);
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x55;
            let _ = unpacked_or_not(&bad);
            let _ = unpacked_or_not(&good[..at]);
        }
        let last = good.len() - 1;
        let mut bad = good;
        bad[last] ^= 1;
        assert!(matches!(unpacked(&bad), Err(Error::Damaged(why)) if why.contains("checksum")));
        for (method, block) in [
            (1, &b"xx"[..]),
            (1, b"CK\xff"),
            (0x0f03, b"\xff\xff"),
            (0, b"short"),
        ] {
            assert!(
                unpacked(&cabinet(method, &[(block, 6)])).is_err(),
                "{block:?}"
            );
        }
        for method in [2, 0x0003, 0x1f03] {
            assert!(
                unpacked(&cabinet(method, &[(b"x", 1)])).is_err(),
                "{method}"
            );
        }
    }

    fn unpacked_or_not(bytes: &[u8]) -> Result<(), Error> {
        let cabinet = read(&Input::memory(bytes.into()), 9)?;
        let mut all = Vec::new();
        cabinet.unpacked().read_to_end(&mut all)?;
        Ok(())
    }
}

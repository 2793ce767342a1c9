//! One model of a tree of files, whatever it is stored in: zip (modules, wheels), tar (plain or compressed), packages (Debian,
//! RPM, Alpine, installers of macOS and Windows), container images, directories.
//!
//! What a reader of the tree sees (names, kinds, modes, times, contents) stands apart from what only the container knows
//! ([`Facts`]); together they account for every byte of the file, so that two files that differ also differ here.
//! Containers are hostile: names that lead elsewhere, overlapping members and contents beyond the [`Limits`] are errors, and
//! nothing is ever unpacked.

mod apk;
mod cab;
mod cfb;
mod compressed;
mod cpio;
mod deb;
mod directory;
mod hash;
mod input;
mod msi;
pub(crate) mod name;
mod oci;
mod overlay;
mod pkg;
mod rest;
mod rpm;
mod tar;
mod xar;
mod zip;

pub use hash::Sum;

use input::Input;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a container says beyond names, kinds, modes, times and contents: by name, in words.
pub type Facts = BTreeMap<String, String>;

/// Names of facts that follow from contents: hashes of their packed form, of the whole archive and of one entry.
pub const FROM_CONTENTS: [&str; 2] = [compressed::COMPRESSED, PACKED];
const PACKED: &str = "packed bytes";

/// A tree of files.
#[derive(Debug)]
pub struct Tree {
    /// What it was read from.
    pub format: Format,
    /// Entries in the order of the container; those of a directory by name.
    pub entries: Vec<Entry>,
    /// What the container says of itself.
    pub facts: Facts,
    reader: Reader,
}

/// What a tree is stored in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A zip archive.
    Zip,
    /// A tar archive, compressed or not.
    Tar,
    /// A Debian binary package: the tree is that of its data archive.
    Deb,
    /// An RPM package: the tree is that of its payload.
    Rpm,
    /// An Alpine package: the tree is that of its data archive.
    Apk,
    /// A container image: the tree is that of its layers, one over the other.
    Image,
    /// An installer package of macOS: the tree is that of its payloads.
    Pkg,
    /// An installer package of Windows: the tree is what it installs.
    Msi,
    /// A folder.
    Directory,
}

impl Format {
    /// The stable word for output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Format::Zip => "zip",
            Format::Tar => "tar",
            Format::Deb => "deb",
            Format::Rpm => "rpm",
            Format::Apk => "apk",
            Format::Image => "image",
            Format::Pkg => "pkg",
            Format::Msi => "msi",
            Format::Directory => "directory",
        }
    }
}

/// One entry of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Path below the root, with `/`; without one at its beginning or end, and without `.` and `..`.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Permission bits (with set-user-ID and the like), where the container has them.
    pub mode: Option<u32>,
    /// Seconds since 1970 of the last change, where the container has them. Those of a zip without an extended time are local
    /// time, taken for UTC, and even.
    pub mtime: Option<i64>,
    /// Contents of a file; of other kinds, that of nothing.
    pub sum: Sum,
    /// What only this container says of it.
    pub facts: Facts,
    place: Place,
}

/// Kind of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// A folder.
    Directory,
    /// A symbolic link with its text (hostile).
    Symlink(String),
    /// Another name for the entry of this name.
    Hardlink(String),
    /// A device or a pipe.
    Special(&'static str),
}

impl Kind {
    /// What it is, in a word or two.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Kind::File => "file",
            Kind::Directory => "directory",
            Kind::Symlink(_) => "symlink",
            Kind::Hardlink(_) => "hardlink",
            Kind::Special(what) => what,
        }
    }
}

/// Where the contents of an entry are.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Nowhere,
    /// As they are.
    Stored {
        start: u64,
        length: u64,
    },
    /// Deflated, with the CRC-32 of the contents.
    Deflated {
        start: u64,
        length: u64,
    },
    Path(PathBuf),
    /// In one of several inputs.
    Part(usize, Box<Place>),
}

/// What is too much.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of all contents together.
    pub bytes: u64,
    /// Entries.
    pub entries: usize,
}

impl Default for Limits {
    /// Ten times the largest toolchain.
    fn default() -> Limits {
        Limits {
            bytes: 4 << 30,
            entries: 200_000,
        }
    }
}

/// How trees are read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// Where decompressed archives go for as long as they are looked at; memory where there is none.
    pub scratch: Option<&'a Path>,
    /// Limits.
    pub limits: Limits,
    /// For a directory: symbolic links stand for what they point to.
    pub follow: bool,
    /// Which one of a container image for several platforms: `OS/ARCH` or `OS/ARCH/VARIANT`.
    pub platform: Option<&'a str>,
}

/// Why there is no tree.
#[derive(Debug)]
pub enum Error {
    /// A file cannot be read.
    Read(PathBuf, io::Error),
    /// It cannot be read on.
    Io(io::Error),
    /// The decompressed archive cannot be kept.
    Scratch(io::Error),
    /// It is nothing that is read here; says what is.
    Unknown,
    /// It breaks the rules of its format.
    Damaged(String),
    /// Its format allows it, and it is not read here.
    Unsupported(String),
    /// A name that no entry may have.
    Name(String),
    /// It is beyond the limits.
    TooLarge,
    /// Links lead in a circle.
    Circle(PathBuf),
    /// A container image with none or several for the platform that was asked for: those that there are (hostile).
    Platform(Vec<String>),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Read(path, error) => write!(f, "cannot read {}: {error}", path.display()),
            Error::Io(error) => write!(f, "cannot read on: {error}"),
            Error::Scratch(error) => write!(f, "cannot keep the decompressed archive: {error}"),
            Error::Unknown => f.write_str(
                "neither a directory nor a zip, tar (plain, gzip, xz, zstd), package (Debian, RPM, Alpine, .pkg, .msi) or container image",
            ),
            Error::Damaged(why) => write!(f, "damaged: {why}"),
            Error::Unsupported(what) => write!(f, "{what} is not read"),
            Error::Name(name) => write!(f, "it has an entry whose name cannot be: {name:?}"),
            Error::TooLarge => f.write_str("its contents are beyond all limits"),
            Error::Circle(path) => write!(f, "links lead in a circle at {}", path.display()),
            Error::Platform(all) => write!(f, "one platform has to be chosen; it has images for {all:?}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::Io(error)
    }
}

fn damaged(why: impl Into<String>) -> Error {
    Error::Damaged(why.into())
}

/// Reads a file or a folder as a tree; what it is, its first bytes say.
///
/// # Errors
/// It cannot be read, is none of the formats, damaged, hostile or too large.
pub fn open(path: &Path, options: &Options<'_>) -> Result<Tree, Error> {
    let read = |error| Error::Read(path.to_owned(), error);
    if std::fs::metadata(path).map_err(read)?.is_dir() {
        return oci::image(directory::read(path, options)?, options);
    }
    let file = File::open(path).map_err(read)?;
    from_input(Input::file(file).map_err(read)?, options)
}

/// Reads bytes as a tree; what they are, the first ones say.
///
/// # Errors
/// As [`open`].
pub fn from_bytes(bytes: impl Into<Arc<[u8]>>, options: &Options<'_>) -> Result<Tree, Error> {
    from_input(Input::memory(bytes.into()), options)
}

fn from_input(input: Input, options: &Options<'_>) -> Result<Tree, Error> {
    let mut head = Vec::new();
    input.clone().take(262).read_to_end(&mut head)?;
    match head.as_slice() {
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => zip::read(input, options),
        [b'!', b'<', b'a', b'r', b'c', b'h', b'>', b'\n', ..] => deb::read(&input, options),
        head if head.starts_with(&rpm::MAGIC) => rpm::read(&input, options),
        head if head.starts_with(&xar::MAGIC) => pkg::read(&input, options),
        head if head.starts_with(&cfb::MAGIC) => msi::read(&input, options),
        [b'A', b'D', b'B', ..] => Err(Error::Unsupported(
            "an Alpine package of version 3".to_owned(),
        )),
        _ if apk::is_one(&input) => apk::read(&input, options),
        _ => oci::image(tar::read(&input, options)?, options),
    }
}

impl Tree {
    /// The contents of a file of this tree.
    ///
    /// # Errors
    /// They cannot be read, or are not what they were.
    pub fn contents(&self, entry: &Entry) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let mut reader = self.reader.open(&entry.place)?;
        let limit = entry.sum.length.saturating_add(1);
        reader.by_ref().take(limit).read_to_end(&mut bytes)?;
        if Sum::of(&bytes) != entry.sum {
            return Err(damaged(format!("{} changed while it was read", entry.name)));
        }
        Ok(bytes)
    }

    /// The first bytes of a file of this tree, at most so many: enough to tell what it is.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn head(&self, entry: &Entry, longest: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let mut reader = self.reader.open(&entry.place)?;
        reader.by_ref().take(longest).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The entry of this name: the last one where there are several, as most programs that unpack have it.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().rev().find(|entry| entry.name == name)
    }

    /// Names that entries share, in order: as they are, or but for letter case.
    #[must_use]
    pub fn shared_names(&self, ignore_case: bool) -> Vec<&str> {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let key = |name: &str| match ignore_case {
            true => name.to_lowercase(),
            false => name.to_owned(),
        };
        for entry in &self.entries {
            *seen.entry(key(&entry.name)).or_default() += 1;
        }
        let shared = self.entries.iter().map(|entry| entry.name.as_str());
        let mut shared: Vec<&str> = shared
            .filter(|name| seen.get(&key(name)).is_some_and(|&count| count > 1))
            .collect();
        shared.sort_unstable();
        shared.dedup();
        shared
    }

    /// The `h1:` hash that a module of these files has; none where a name cannot be hashed or is there twice.
    #[must_use]
    pub fn h1(&self) -> Option<String> {
        let files = self.entries.iter().filter(|e| e.kind == Kind::File);
        let sums: BTreeMap<String, [u8; 32]> = files
            .clone()
            .map(|entry| (entry.name.clone(), entry.sum.sha256))
            .collect();
        (sums.len() == files.count()).then(|| crate::dirhash::of_files(&sums))
    }
}

/// Gives contents by their place.
#[derive(Debug)]
enum Reader {
    Input(Input),
    Paths,
    /// Several, for [`Place::Part`].
    Parts(Vec<Reader>),
}

impl Reader {
    fn open(&self, place: &Place) -> Result<Box<dyn Read + '_>, Error> {
        let part = |start, length| match self {
            Reader::Input(input) => input
                .part(start, length)
                .ok_or_else(|| damaged("contents lie outside of the file")),
            Reader::Paths | Reader::Parts(_) => Err(damaged("contents are not in one file")),
        };
        Ok(match place {
            Place::Nowhere => Box::new(io::empty()),
            Place::Stored { start, length } => Box::new(part(*start, *length)?),
            Place::Deflated { start, length } => {
                let part = io::BufReader::with_capacity(1 << 16, part(*start, *length)?);
                Box::new(flate2::bufread::DeflateDecoder::new(part))
            }
            Place::Path(path) => {
                let file = File::open(path).map_err(|e| Error::Read(path.clone(), e))?;
                Box::new(file)
            }
            Place::Part(number, place) => self.part(*number)?.open(place)?,
        })
    }

    fn part(&self, number: usize) -> Result<&Reader, Error> {
        let part = match self {
            Reader::Parts(parts) => parts.get(number),
            Reader::Input(_) | Reader::Paths => None,
        };
        part.ok_or_else(|| damaged("contents are in no part"))
    }

    /// Contents that are not compressed, as an input of their own.
    fn input(&self, place: &Place) -> Result<Input, Error> {
        let bad = || damaged("contents are not in one piece");
        match (self, place) {
            (_, Place::Nowhere) => Ok(Input::memory([].into())),
            (Reader::Input(input), Place::Stored { start, length }) => {
                input.part(*start, *length).ok_or_else(bad)
            }
            (_, Place::Path(path)) => {
                let read = |error| Error::Read(path.clone(), error);
                Input::file(File::open(path).map_err(read)?).map_err(read)
            }
            (_, Place::Part(number, place)) => self.part(*number)?.input(place),
            _ => Err(bad()),
        }
    }
}

/// Fills in the sums of entries, in parallel; `length` of each is the most that there may be.
fn hash_all(entries: &mut [Entry], reader: &Reader) -> Result<(), Error> {
    hash::in_parallel(entries, |entry| {
        if entry.kind == Kind::File {
            let most = entry.sum.length;
            entry.sum = Sum::read(&mut reader.open(&entry.place)?, most)?;
        }
        Ok(())
    })
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

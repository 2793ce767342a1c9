//! RPM packages, version 3 and 4 of the format: lead, signatures, header, and a payload, which is a compressed cpio archive.
//!
//! What the header says of the payload and of each file is checked where it says it by SHA-256. Modes, owners and links are the
//! header's, as programs that install have it; a payload that says otherwise is damaged. Signatures (OpenPGP) are not
//! checked: whose package it is, is not asked here.

use super::hash::digest;
use super::input::Input;
use super::{
    Entry, Error, Facts, Format, Kind, Options, Reader, Sum, Tree, compressed, cpio, damaged,
    hash_all,
};
use std::collections::BTreeMap;

pub(super) const MAGIC: [u8; 4] = [0xed, 0xab, 0xee, 0xdb];
const LEAD: u64 = 96;
const HEADER: [u8; 4] = [0x8e, 0xad, 0xe8, 1];
/// Longest header with its index, in bytes.
const MAX_HEADER: u64 = 64 << 20;

/// Numbers of tags. <https://rpm-software-management.github.io/rpm/manual/tags.html>
mod tag {
    pub(super) const NAME: u32 = 1000;
    pub(super) const VERSION: u32 = 1001;
    pub(super) const RELEASE: u32 = 1002;
    pub(super) const ARCH: u32 = 1022;
    pub(super) const FILE_MODES: u32 = 1030;
    pub(super) const FILE_DIGESTS: u32 = 1035;
    pub(super) const FILE_LINKS: u32 = 1036;
    pub(super) const FILE_USERS: u32 = 1039;
    pub(super) const FILE_GROUPS: u32 = 1040;
    pub(super) const DIR_INDEXES: u32 = 1116;
    pub(super) const BASE_NAMES: u32 = 1117;
    pub(super) const DIR_NAMES: u32 = 1118;
    pub(super) const PAYLOAD_FORMAT: u32 = 1124;
    pub(super) const PAYLOAD_COMPRESSOR: u32 = 1125;
    pub(super) const FILE_DIGEST_ALGORITHM: u32 = 5011;
    pub(super) const PAYLOAD_DIGEST: u32 = 5092;
    pub(super) const PAYLOAD_DIGEST_ALGORITHM: u32 = 5093;
    /// In the header of signatures: SHA-256 of the header.
    pub(super) const SIGNED_SHA256: u32 = 273;
}

/// The number of SHA-256 among OpenPGP's hashes.
const SHA256: u64 = 8;

pub(super) fn read(input: &Input, options: &Options<'_>) -> Result<Tree, Error> {
    let lead = input
        .bytes(0, LEAD)
        .map_err(|_| damaged("the lead of the RPM package"))?;
    let signatures = Header::read(input, LEAD)?;
    let at = LEAD + signatures.length();
    let start = at.next_multiple_of(8);
    let padding = input.bytes(at, start - at)?;
    let header = Header::read(input, start)?;
    let payload = input
        .part(
            start + header.length(),
            input.len() - start - header.length(),
        )
        .ok_or_else(|| damaged("the payload of the RPM package"))?;
    let mut facts = Facts::from([
        ("lead".to_owned(), digest(&lead)),
        (
            "header of signatures".to_owned(),
            digest(&[&signatures.bytes, padding.as_slice()].concat()),
        ),
        ("header".to_owned(), digest(&header.bytes)),
    ]);
    check_header(&signatures, &header, &mut facts)?;
    check_payload(&header, &payload, &mut facts)?;
    facts.extend(header.about());
    let (plain, said) = compressed::plain(&payload, options)?;
    facts.extend(said);
    let (mut entries, said) = cpio::read(&plain, options)?;
    facts.extend(said);
    let reader = Reader::Input(plain);
    hash_all(&mut entries, &reader)?;
    let files = Files::of(&header)?;
    files.check(&mut entries, &mut facts)?;
    Ok(Tree {
        format: Format::Rpm,
        entries,
        facts,
        reader,
    })
}

fn check_header(signatures: &Header, header: &Header, facts: &mut Facts) -> Result<(), Error> {
    match signatures.text(tag::SIGNED_SHA256) {
        Some(sum) if sum == digest(&header.bytes) => Ok(()),
        Some(_) => Err(damaged(
            "the header of the RPM package has another SHA-256 than it should have",
        )),
        None => {
            facts.insert(
                "hash of the header".to_owned(),
                "not checked: no SHA-256".to_owned(),
            );
            Ok(())
        }
    }
}

fn check_payload(header: &Header, payload: &Input, facts: &mut Facts) -> Result<(), Error> {
    if let Some(compressor @ ("bzip2" | "lzma")) = header.text(tag::PAYLOAD_COMPRESSOR).as_deref() {
        let what = format!("an RPM package compressed with {compressor}");
        return Err(Error::Unsupported(what));
    }
    if let Some(format) = header
        .text(tag::PAYLOAD_FORMAT)
        .filter(|format| format != "cpio")
    {
        return Err(Error::Unsupported(format!(
            "a payload of the format {format:?}"
        )));
    }
    let algorithm = header.numbers(tag::PAYLOAD_DIGEST_ALGORITHM);
    match header
        .text(tag::PAYLOAD_DIGEST)
        .filter(|_| algorithm == [SHA256])
    {
        None => {
            facts.insert(
                "hash of the payload".to_owned(),
                "not checked: no SHA-256".to_owned(),
            );
        }
        Some(sum) => {
            if sum != Sum::read(&mut payload.clone(), payload.len())?.hex() {
                return Err(damaged(
                    "the payload of the RPM package has another SHA-256 than its header says",
                ));
            }
        }
    }
    Ok(())
}

/// A header: an index of tags, and a store of their values.
struct Header {
    bytes: Vec<u8>,
    /// Type, place in the store, and count, by tag.
    index: BTreeMap<u32, (u32, usize, usize)>,
    store: usize,
}

impl Header {
    fn read(input: &Input, at: u64) -> Result<Header, Error> {
        let bad = || damaged("a header of the RPM package");
        let intro = input.bytes(at, 16).map_err(|_| bad())?;
        let word = |bytes: &[u8], at: usize| {
            let bytes = bytes.get(at..).and_then(|bytes| bytes.first_chunk());
            bytes.map(|bytes| u32::from_be_bytes(*bytes))
        };
        let (Some(tags), Some(length)) = (word(&intro, 8), word(&intro, 12)) else {
            return Err(bad());
        };
        let store = 16 + 16 * u64::from(tags);
        let length = store + u64::from(length);
        if !intro.starts_with(&HEADER) || length > MAX_HEADER {
            return Err(bad());
        }
        let bytes = input.bytes(at, length).map_err(|_| bad())?;
        let store = usize::try_from(store).map_err(|_| bad())?;
        let mut index = BTreeMap::new();
        for entry in bytes.get(16..store).ok_or_else(bad)?.chunks_exact(16) {
            let [Some(tag), Some(kind), Some(at), Some(count)] =
                [0, 4, 8, 12].map(|at| word(entry, at))
            else {
                return Err(bad());
            };
            let (Ok(at), Ok(count)) = (usize::try_from(at), usize::try_from(count)) else {
                return Err(bad());
            };
            // Programs do not agree on which one counts.
            if index.insert(tag, (kind, at, count)).is_some() {
                return Err(bad());
            }
        }
        Ok(Header {
            bytes,
            index,
            store,
        })
    }

    fn length(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The bytes from where a value begins, with its type and count.
    fn value(&self, tag: u32) -> Option<(u32, &[u8], usize)> {
        let (kind, at, count) = *self.index.get(&tag)?;
        let bytes = self.bytes.get(self.store..)?.get(at..)?;
        Some((kind, bytes, count))
    }

    /// Numbers of any width; none where there are not so many.
    fn numbers(&self, tag: u32) -> Vec<u64> {
        let Some((kind, bytes, count)) = self.value(tag) else {
            return Vec::new();
        };
        let width = match kind {
            1 | 2 => 1,
            3 => 2,
            4 => 4,
            5 => 8,
            _ => return Vec::new(),
        };
        let all = count
            .checked_mul(width)
            .and_then(|length| bytes.get(..length));
        let number = |bytes: &[u8]| bytes.iter().fold(0, |n, &byte| n << 8 | u64::from(byte));
        all.unwrap_or_default()
            .chunks_exact(width)
            .map(number)
            .collect()
    }

    /// Texts; none where there are not so many.
    fn texts(&self, tag: u32) -> Vec<String> {
        let Some((6 | 8 | 9, mut bytes, count)) = self.value(tag) else {
            return Vec::new();
        };
        let mut texts = Vec::new();
        while texts.len() < count {
            let Some(end) = bytes.iter().position(|&byte| byte == 0) else {
                return Vec::new();
            };
            let (text, rest) = bytes.split_at(end);
            texts.push(String::from_utf8_lossy(text).into_owned());
            bytes = rest.get(1..).unwrap_or_default();
        }
        texts
    }

    fn text(&self, tag: u32) -> Option<String> {
        self.texts(tag).into_iter().next()
    }

    /// What it is, in words of its own.
    fn about(&self) -> Facts {
        let tags = [
            ("name", tag::NAME),
            ("version", tag::VERSION),
            ("release", tag::RELEASE),
            ("architecture", tag::ARCH),
        ];
        let about = tags.into_iter();
        about
            .filter_map(|(name, tag)| Some((name.to_owned(), self.text(tag)?)))
            .collect()
    }
}

/// What the header says of a file.
struct File {
    mode: u64,
    digest: String,
    link: String,
    user: String,
    group: String,
}

struct Files {
    by_name: BTreeMap<String, File>,
    /// Whether digests are SHA-256.
    checked: bool,
}

impl Files {
    fn of(header: &Header) -> Result<Files, Error> {
        let names = names(header)?;
        let modes = header.numbers(tag::FILE_MODES);
        let texts = [
            tag::FILE_DIGESTS,
            tag::FILE_LINKS,
            tag::FILE_USERS,
            tag::FILE_GROUPS,
        ];
        let mut texts = texts.map(|tag| header.texts(tag).into_iter());
        if modes.len() != names.len() || texts.iter().any(|texts| texts.len() != names.len()) {
            return Err(damaged(
                "the RPM package does not say the same of each file",
            ));
        }
        let mut by_name = BTreeMap::new();
        for (name, mode) in names.into_iter().zip(modes) {
            let [digest, link, user, group] =
                texts.each_mut().map(|t| t.next().unwrap_or_default());
            let file = File {
                mode,
                digest,
                link,
                user,
                group,
            };
            if by_name.insert(name, file).is_some() {
                return Err(damaged("a file is twice in the header of the RPM package"));
            }
        }
        let checked = header.numbers(tag::FILE_DIGEST_ALGORITHM) == [SHA256];
        Ok(Files { by_name, checked })
    }

    fn check(&self, entries: &mut [Entry], facts: &mut Facts) -> Result<(), Error> {
        // A link has the digest of the file, as the file has.
        let sums: BTreeMap<String, Sum> = entries
            .iter()
            .map(|entry| (entry.name.clone(), entry.sum))
            .collect();
        for entry in entries {
            let said = self.by_name.get(&entry.name);
            let said = said.ok_or_else(|| {
                damaged(format!(
                    "{} is not in the header of the RPM package",
                    entry.name
                ))
            })?;
            self.check_entry(entry, said, &sums)?;
            entry.facts.insert("user".to_owned(), said.user.clone());
            entry.facts.insert("group".to_owned(), said.group.clone());
        }
        if !self.checked {
            facts.insert(
                "hashes of files".to_owned(),
                "not checked: no SHA-256".to_owned(),
            );
        }
        Ok(())
    }

    fn check_entry(
        &self,
        entry: &Entry,
        said: &File,
        sums: &BTreeMap<String, Sum>,
    ) -> Result<(), Error> {
        let differs = |what: &str| {
            let name = &entry.name;
            Err(damaged(format!(
                "{name} has {what} than the header of the RPM package says"
            )))
        };
        let kind = match &entry.kind {
            Kind::Directory => 0o040_000,
            Kind::Symlink(_) => 0o120_000,
            Kind::File | Kind::Hardlink(_) => 0o100_000,
            Kind::Special(_) => said.mode & 0o170_000,
        };
        if Some(said.mode) != entry.mode.map(|mode| kind | u64::from(mode)) {
            return differs("another mode");
        }
        let sum = match &entry.kind {
            Kind::Symlink(text) if *text != said.link => return differs("another target"),
            Kind::File => Some(entry.sum),
            Kind::Hardlink(to) => sums.get(to).copied(),
            _ => None,
        };
        match sum {
            Some(sum) if self.checked && sum.hex() != said.digest => differs("another SHA-256"),
            _ => Ok(()),
        }
    }
}

/// The name of each file, as entries have it.
fn names(header: &Header) -> Result<Vec<String>, Error> {
    let bad = || damaged("names of files in the RPM package");
    let folders = header.texts(tag::DIR_NAMES);
    let bases = header.texts(tag::BASE_NAMES);
    let indexes = header.numbers(tag::DIR_INDEXES);
    if bases.len() != indexes.len() {
        return Err(bad());
    }
    let name = |(base, index): (&String, &u64)| {
        let folder = folders.get(usize::try_from(*index).ok()?)?;
        let name = format!("{folder}{base}");
        Some(name.strip_prefix('/').unwrap_or(&name).to_owned())
    };
    let names = bases.iter().zip(&indexes).map(name);
    names.collect::<Option<_>>().ok_or_else(bad)
}

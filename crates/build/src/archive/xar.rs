//! Xar archives: a header, a compressed table of contents in XML, and a heap of contents.
//!
//! The table has the checksum that stands in the heap, contents have those of the table (SHA-1, SHA-256, SHA-512; others are said
//! to be not checked). Signatures are not checked.

use super::input::{self, Input};
use super::{Error, Facts, Limits, Options, damaged, hash, rest};
use goassay_binary::bytes::hexadecimal;
use ring::digest;
use roxmltree::{Document, Node};
use std::io::{BufReader, Read};

pub(super) const MAGIC: [u8; 4] = *b"xar!";
/// Longest table of contents, unpacked, in bytes.
const MAX_TABLE: u64 = 64 << 20;
/// Folders in folders.
const MAX_DEPTH: usize = 32;

/// An archive.
pub(super) struct Archive {
    pub(super) files: Vec<File>,
    pub(super) facts: Facts,
}

/// A file of it, with its contents as they are stored.
pub(super) struct File {
    pub(super) name: String,
    packed: Input,
    zlib: bool,
    length: u64,
    /// Of contents as they are stored, and unpacked.
    checksums: [Option<Checksum>; 2],
}

struct Checksum {
    style: String,
    hex: String,
}

impl File {
    /// The contents, unpacked, in memory or a file.
    pub(super) fn contents(&self, options: &Options<'_>) -> Result<Input, Error> {
        let differs = || {
            damaged(format!(
                "{} in the xar archive has another checksum than its table says",
                self.name
            ))
        };
        let [packed, unpacked] = self.checksums.each_ref().map(Option::as_ref);
        if packed.is_some_and(|sum| !sum.is_of(&self.packed)) {
            return Err(differs());
        }
        let input = if self.zlib {
            let packed = BufReader::with_capacity(1 << 16, self.packed.clone());
            let limits = Limits {
                bytes: self.length.min(options.limits.bytes),
                ..options.limits
            };
            input::spool(
                &mut flate2::bufread::ZlibDecoder::new(packed),
                options.scratch,
                &limits,
            )?
        } else {
            self.packed.clone()
        };
        if input.len() != self.length || unpacked.is_some_and(|sum| !sum.is_of(&input)) {
            return Err(differs());
        }
        Ok(input)
    }
}

impl Checksum {
    fn of(node: Option<Node<'_, '_>>) -> Option<Checksum> {
        let node = node?;
        Some(Checksum {
            style: node.attribute("style")?.to_ascii_lowercase(),
            hex: node.text()?.trim().to_ascii_lowercase(),
        })
    }

    fn algorithm(&self) -> Option<&'static digest::Algorithm> {
        match self.style.as_str() {
            "sha1" => Some(&digest::SHA1_FOR_LEGACY_USE_ONLY),
            "sha256" => Some(&digest::SHA256),
            "sha512" => Some(&digest::SHA512),
            _ => None,
        }
    }

    /// Whether these bytes have it, or it cannot be known.
    fn is_of(&self, input: &Input) -> bool {
        let Some(algorithm) = self.algorithm() else {
            return true;
        };
        let mut context = digest::Context::new(algorithm);
        let mut input = input.clone();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match input.read(&mut buffer) {
                Err(_) => return false,
                Ok(0) => break,
                Ok(got) => context.update(buffer.get(..got).unwrap_or_default()),
            }
        }
        hexadecimal(context.finish().as_ref()) == self.hex
    }
}

pub(super) fn read(input: &Input, options: &Options<'_>) -> Result<Archive, Error> {
    let bad = || damaged("the header of the xar archive");
    let fixed = input.bytes(0, 28).map_err(|_| bad())?;
    let header = Header::of(&fixed).ok_or_else(bad)?;
    let packed = input.part(header.length, header.packed).ok_or_else(bad)?;
    let heap_start = header.length + header.packed;
    let heap = input
        .part(heap_start, input.len() - heap_start)
        .ok_or_else(bad)?;
    let table = header.table(&packed)?;
    let text = std::str::from_utf8(&table).map_err(|_| damaged("the table of the xar archive"))?;
    let limit = roxmltree::ParsingOptions {
        allow_dtd: false,
        nodes_limit: u32::try_from(options.limits.entries.saturating_mul(64)).unwrap_or(u32::MAX),
        ..roxmltree::ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, limit);
    let document =
        document.map_err(|error| damaged(format!("the table of the xar archive: {error}")))?;
    let toc = child(document.root_element(), "toc")
        .ok_or_else(|| damaged("the table of the xar archive"))?;
    let mut reader = Reader {
        heap: &heap,
        parts: Vec::new(),
        files: Vec::new(),
        facts: Facts::new(),
    };
    reader.table_checksum(toc, &packed)?;
    reader.folder(toc, "", MAX_DEPTH, options.limits.entries)?;
    let Reader {
        parts,
        files,
        mut facts,
        ..
    } = reader;
    let mut before = input.bytes(0, header.length)?;
    before.extend(input.bytes(header.length, header.packed)?);
    facts.insert("header and table".to_owned(), hash::digest(&before));
    facts.insert(
        "heap beside contents".to_owned(),
        rest::outside(&heap, &parts)?,
    );
    if toc
        .children()
        .any(|node| matches!(node.tag_name().name(), "signature" | "x-signature"))
    {
        facts.insert("signature".to_owned(), "not checked".to_owned());
    }
    Ok(Archive { files, facts })
}

struct Header {
    length: u64,
    packed: u64,
    unpacked: u64,
}

impl Header {
    fn of(fixed: &[u8]) -> Option<Header> {
        let length = u16::from_be_bytes(*fixed.get(4..)?.first_chunk()?);
        let version = u16::from_be_bytes(*fixed.get(6..)?.first_chunk()?);
        let packed = u64::from_be_bytes(*fixed.get(8..)?.first_chunk()?);
        let unpacked = u64::from_be_bytes(*fixed.get(16..)?.first_chunk()?);
        let fits = fixed.starts_with(&MAGIC) && length >= 28 && version == 1;
        (fits && packed <= MAX_TABLE && unpacked <= MAX_TABLE).then_some(Header {
            length: length.into(),
            packed,
            unpacked,
        })
    }

    fn table(&self, packed: &Input) -> Result<Vec<u8>, Error> {
        let decoder = flate2::bufread::ZlibDecoder::new(BufReader::new(packed.clone()));
        let mut table = Vec::new();
        let read = decoder.take(self.unpacked + 1).read_to_end(&mut table);
        read.map_err(|error| damaged(format!("the table of the xar archive: {error}")))?;
        if table.len() as u64 != self.unpacked {
            return Err(damaged(
                "the table of the xar archive has another length than its header says",
            ));
        }
        Ok(table)
    }
}

struct Reader<'h> {
    heap: &'h Input,
    /// What of the heap files have.
    parts: Vec<(u64, u64)>,
    files: Vec<File>,
    facts: Facts,
}

impl Reader<'_> {
    fn table_checksum(&mut self, toc: Node<'_, '_>, table: &Input) -> Result<(), Error> {
        let Some(node) = child(toc, "checksum") else {
            self.unchecked("table");
            return Ok(());
        };
        let (start, length) = (number(node, "offset")?, number(node, "size")?);
        let stored = self.heap.bytes(start, length.min(64));
        let stored = stored.map_err(|_| damaged("the checksum of the xar archive's table"))?;
        let sum = Checksum {
            style: node
                .attribute("style")
                .unwrap_or_default()
                .to_ascii_lowercase(),
            hex: hexadecimal(&stored),
        };
        if sum.algorithm().is_none() {
            self.unchecked("table");
        }
        if sum.is_of(table) {
            return Ok(());
        }
        Err(damaged(
            "the table of the xar archive has another checksum than it should have",
        ))
    }

    fn unchecked(&mut self, what: &str) {
        self.facts.insert(
            format!("checksum of {what}"),
            "not checked: no SHA".to_owned(),
        );
    }

    fn folder(
        &mut self,
        node: Node<'_, '_>,
        folder: &str,
        depth: usize,
        most: usize,
    ) -> Result<(), Error> {
        let depth = depth
            .checked_sub(1)
            .ok_or_else(|| damaged("folders in the xar archive"))?;
        for node in node.children().filter(|child| child.has_tag_name("file")) {
            let name = child(node, "name")
                .and_then(|name| name.text())
                .unwrap_or_default();
            if name.contains('/') {
                return Err(Error::Name(name.to_owned()));
            }
            let name = super::name::checked(format!("{folder}{name}").as_bytes())?;
            if child(node, "type").and_then(|kind| kind.text()) == Some("directory") {
                self.folder(node, &format!("{name}/"), depth, most)?;
            } else if let Some(data) = child(node, "data") {
                self.file(name, data)?;
            }
            if self.files.len() > most {
                return Err(Error::TooLarge);
            }
        }
        Ok(())
    }

    fn file(&mut self, name: String, data: Node<'_, '_>) -> Result<(), Error> {
        let (start, packed) = (number(data, "offset")?, number(data, "length")?);
        let contents = self.heap.part(start, packed);
        let contents =
            contents.ok_or_else(|| damaged("contents lie outside of the xar archive"))?;
        let encoding = child(data, "encoding").and_then(|encoding| encoding.attribute("style"));
        let zlib = match encoding {
            None | Some("application/octet-stream") => false,
            Some("application/x-gzip") => true,
            Some(other) => return Err(Error::Unsupported(format!("a xar archive with {other}"))),
        };
        let checksums =
            ["archived-checksum", "extracted-checksum"].map(|n| Checksum::of(child(data, n)));
        let checked =
            |sum: &Option<Checksum>| sum.as_ref().is_some_and(|s| s.algorithm().is_some());
        if !checksums.iter().any(checked) {
            self.unchecked(&name);
        }
        self.parts.push((start, packed));
        self.files.push(File {
            name,
            packed: contents,
            zlib,
            length: number(data, "size")?,
            checksums,
        });
        Ok(())
    }
}

fn child<'n, 'd>(node: Node<'n, 'd>, name: &str) -> Option<Node<'n, 'd>> {
    node.children().find(|child| child.has_tag_name(name))
}

fn number(node: Node<'_, '_>, name: &str) -> Result<u64, Error> {
    let text = child(node, name).and_then(|node| node.text());
    let number = text.and_then(|text| text.trim().parse().ok());
    number.ok_or_else(|| damaged(format!("the {name} of a file in the xar archive")))
}

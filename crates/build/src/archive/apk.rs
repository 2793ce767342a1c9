//! Alpine packages (version 2 of the format): archives in gzip one behind the other, which are signatures (may be missing), control
//! and data. The tree is that of the data.
//!
//! The data have to have the hash that the control archive names. Signatures (RSA) are not checked: whose package it is, is not
//! asked here. Packages of version 3 are not read.

use super::input::Input;
use super::{Error, Facts, Format, Options, Sum, Tree, compressed, damaged, tar};
use std::io::{BufReader, Read};

/// Longest archive before the data, unpacked, in bytes.
const MAX_CONTROL: u64 = 16 << 20;
/// Signatures and control: more than this are none.
const MAX_PARTS: usize = 4;
const CONTROL: &str = ".PKGINFO";

/// Whether the first file in the first archive is one that begins a package.
pub(super) fn is_one(input: &Input) -> bool {
    let mut name = [0; 16];
    let decoder = flate2::bufread::GzDecoder::new(BufReader::new(input.clone()));
    let read = input.bytes(0, 2).is_ok_and(|magic| magic == [0x1f, 0x8b]) && { decoder }
        .read_exact(&mut name)
        .is_ok();
    read && (name.starts_with(b".SIGN.") || name.starts_with(b".PKGINFO\0"))
}

pub(super) fn read(input: &Input, options: &Options<'_>) -> Result<Tree, Error> {
    let mut at = 0;
    let mut facts = Facts::new();
    for number in 0..MAX_PARTS {
        let (part, end) = part(input, at, options)?;
        let control = about(&part, number, &mut facts)?;
        compressed_facts(input, at, end, number, &mut facts)?;
        at = end;
        if let Some(control) = control {
            return data(input, at, &control, facts, options);
        }
    }
    Err(damaged("an Alpine package without its control archive"))
}

/// The archive at this place, unpacked, and where it ends.
fn part(input: &Input, at: u64, options: &Options<'_>) -> Result<(Tree, u64), Error> {
    let rest = input.part(at, input.len() - at);
    let mut rest = rest.ok_or_else(|| damaged("the Alpine package"))?;
    let mut decoder = flate2::bufread::GzDecoder::new(BufReader::new(&mut rest));
    let mut bytes = Vec::new();
    let read = decoder
        .by_ref()
        .take(MAX_CONTROL + 1)
        .read_to_end(&mut bytes);
    read.map_err(|error| damaged(format!("an archive of the Alpine package: {error}")))?;
    if bytes.len() as u64 > MAX_CONTROL {
        return Err(Error::TooLarge);
    }
    let unread = decoder.into_inner().buffer().len() as u64;
    let end = at + rest.position() - unread;
    let plain = Input::memory(bytes.into());
    let tree = tar::read_plain(plain, Facts::new(), options, tar::End::MayMiss)?;
    Ok((tree, end))
}

/// Adds what an archive before the data says; the text of the control file where it is there.
fn about(part: &Tree, number: usize, facts: &mut Facts) -> Result<Option<String>, Error> {
    let mut control = None;
    for (index, entry) in part.entries.iter().enumerate() {
        let said = format!(
            "{index} {} {:?} {:?} {:?}",
            entry.sum.hex(),
            entry.mode,
            entry.mtime,
            entry.kind
        );
        facts.insert(format!("file {number} {}", entry.name), said);
        let about = format!("{:?}", entry.facts);
        facts.insert(
            format!("header {number} {}", entry.name),
            super::hash::digest(about.as_bytes()),
        );
        if entry.name == CONTROL {
            let text = String::from_utf8(part.contents(entry)?);
            let text = text.map_err(|_| damaged("the control file of the Alpine package"))?;
            if control.replace(text).is_some() {
                return Err(damaged("an Alpine package with two control files"));
            }
        }
    }
    let own = part.facts.iter();
    facts.extend(own.map(|(name, value)| (format!("{name} of archive {number}"), value.clone())));
    Ok(control)
}

/// How an archive before the data is packed.
fn compressed_facts(
    input: &Input,
    at: u64,
    end: u64,
    number: usize,
    facts: &mut Facts,
) -> Result<(), Error> {
    let bytes = input.bytes(at, end - at)?;
    facts.insert(
        format!("packed archive {number}"),
        super::hash::digest(&bytes),
    );
    Ok(())
}

fn data(
    input: &Input,
    at: u64,
    control: &str,
    mut facts: Facts,
    options: &Options<'_>,
) -> Result<Tree, Error> {
    let data = input
        .part(at, input.len() - at)
        .ok_or_else(|| damaged("the data of the Alpine package"))?;
    let hash = field(control, "datahash");
    match hash {
        None => {
            facts.insert(
                "hash of the data".to_owned(),
                "not checked: there is none".to_owned(),
            );
        }
        Some(hash) => {
            if hash != Sum::read(&mut data.clone(), data.len())?.hex() {
                return Err(damaged(
                    "the data of the Alpine package have another SHA-256 than it says",
                ));
            }
        }
    }
    for (name, key) in [
        ("name", "pkgname"),
        ("version", "pkgver"),
        ("architecture", "arch"),
    ] {
        if let Some(value) = field(control, key) {
            facts.insert(name.to_owned(), value.to_owned());
        }
    }
    let (plain, said) = compressed::plain(&data, options)?;
    facts.extend(said);
    let mut tree = tar::read_plain(plain, facts, options, tar::End::MayMiss)?;
    tree.format = Format::Apk;
    Ok(tree)
}

/// The value of `key = value`; none where it is there twice, for programs do not agree on which one counts.
fn field<'t>(control: &'t str, key: &str) -> Option<&'t str> {
    let mut values = control.lines().filter_map(|line| {
        let (name, value) = line.split_once('=')?;
        (name.trim() == key).then(|| value.trim())
    });
    let value = values.next();
    value.filter(|_| values.next().is_none())
}

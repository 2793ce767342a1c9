//! Installer packages of macOS: a xar archive with a payload for each component, which is a compressed cpio archive. The tree is
//! that of the payloads.
//!
//! Lists of files (`Bom`), scripts and descriptions are facts. Signatures are not checked. Not read: payloads in chunks of xz
//! (`pbzx`), which the Go project does not make.

use super::input::Input;
use super::{
    Entry, Error, Format, Limits, Options, Place, Reader, Sum, Tree, compressed, cpio, damaged,
    hash_all, xar,
};

pub(super) fn read(input: &Input, options: &Options<'_>) -> Result<Tree, Error> {
    let xar::Archive { files, mut facts } = xar::read(input, options)?;
    let mut entries = Vec::new();
    let mut readers = Vec::new();
    let mut left = options.limits;
    for (index, file) in files.iter().enumerate() {
        let options = Options {
            limits: left,
            ..*options
        };
        let contents = file.contents(&options)?;
        left.bytes = left.bytes.saturating_sub(contents.len());
        if file.name.rsplit('/').next() != Some("Payload") {
            let sum = Sum::read(&mut contents.clone(), contents.len())?;
            facts.insert(format!("file {index} {}", file.name), sum.hex());
            continue;
        }
        let (plain, said) = compressed::plain(&contents, &options)?;
        left.bytes = left.bytes.saturating_sub(plain.len());
        let (found, own) = payload(&plain, readers.len(), &options)?;
        left = Limits {
            entries: left.entries.saturating_sub(found.len()),
            ..left
        };
        for (name, value) in said.into_iter().chain(own) {
            facts.insert(
                match readers.len() {
                    0 if name == compressed::COMPRESSED => name,
                    number => format!("payload {number} {name}"),
                },
                value,
            );
        }
        facts.insert(format!("payload {}", readers.len()), file.name.clone());
        entries.extend(found);
        readers.push(Reader::Input(plain));
    }
    if readers.is_empty() {
        return Err(damaged(
            "a xar archive without a Payload is no installer package",
        ));
    }
    let reader = Reader::Parts(readers);
    hash_all(&mut entries, &reader)?;
    Ok(Tree {
        format: Format::Pkg,
        entries,
        facts,
        reader,
    })
}

fn payload(
    plain: &Input,
    number: usize,
    options: &Options<'_>,
) -> Result<(Vec<Entry>, super::Facts), Error> {
    if plain.bytes(0, 4).is_ok_and(|magic| magic == b"pbzx") {
        return Err(Error::Unsupported("a payload in chunks (pbzx)".to_owned()));
    }
    let (mut entries, facts) = cpio::read(plain, options)?;
    for entry in &mut entries {
        let place = std::mem::replace(&mut entry.place, Place::Nowhere);
        entry.place = Place::Part(number, Box::new(place));
    }
    Ok((entries, facts))
}

//! Apple code signatures in Mach-O executables (`kern/cs_blobs.h`): checked against the file, then removed.
//!
//! Checked: the layout, the hash of every page in every code directory, the hashes of the special slots that the signature
//! itself has, that the CMS part speaks of this code directory, and that nothing but zeros fills the rest. Not checked: the
//! signature and the certificates of the CMS part, which say who signed; that is a gap.
//! 64-bit little-endian files alone are known, which is what Go makes for Apple's systems.

use super::Outcome;
use crate::gap::Gap;
use goassay_binary::bytes::{Bytes, Endian, Order, Width, hexadecimal};
use sha2::{Digest, Sha256};

const MAGIC: u32 = 0xfeed_facf;
const LC_SEGMENT_64: u32 = 0x19;
const LC_CODE_SIGNATURE: u32 = 0x1d;
const HEADER: u64 = 32;
const EMBEDDED_SIGNATURE: u32 = 0xfade_0cc0;
const BLOB_WRAPPER: u32 = 0xfade_0b01;
/// Flag of a code directory: nobody's key signed it.
const CS_ADHOC: u32 = 2;
const CODE_DIRECTORY: u32 = 0xfade_0c02;
const SLOT_CODE_DIRECTORY: u32 = 0;
const SLOT_REQUIREMENTS: u32 = 2;
const SLOT_ALTERNATES: std::ops::Range<u32> = 0x1000..0x1005;
const SLOT_CMS: u32 = 0x1_0000;
const HASH_SHA256: u8 = 2;
/// Most parts of a signature; real ones have fewer than ten.
const MAX_BLOBS: u32 = 256;
/// Most load commands; real files have fewer than a hundred.
const MAX_COMMANDS: u32 = 4096;
const LITTLE: Order = Order {
    endian: Endian::Little,
    width: Width::W64,
};
const BIG: Order = Order {
    endian: Endian::Big,
    width: Width::W64,
};

/// The file without its signature, as `codesign --remove-signature` would have it.
#[must_use]
pub fn without_signature(data: &[u8]) -> Outcome {
    match Signed::find(data) {
        Ok(None) => Outcome::Untouched,
        Err(why) => Outcome::Refused(why),
        Ok(Some(signed)) => match signed.check() {
            Err(why) => Outcome::Refused(why),
            Ok((said, gaps)) => match signed.removed() {
                None => Outcome::Refused("the load commands of the signature".to_owned()),
                Some(bytes) => Outcome::Changed {
                    bytes,
                    did: said,
                    gaps,
                },
            },
        },
    }
}

/// A file with a signature at its end.
struct Signed<'a> {
    bytes: Bytes<'a>,
    commands: u32,
    commands_length: u32,
    /// Where the load command of the signature is: the last one.
    command: u64,
    /// Where the command of the segment is that the signature lies in.
    linkedit: u64,
    linkedit_offset: u64,
    /// Where the signature is.
    at: u64,
    length: u64,
}

impl<'a> Signed<'a> {
    /// None where it is no such file or has no signature.
    fn find(data: &'a [u8]) -> Result<Option<Signed<'a>>, String> {
        let bytes = Bytes::new(data, LITTLE);
        if bytes.u32(0) != Some(MAGIC) {
            return Ok(None);
        }
        let damaged = || "the load commands are damaged".to_owned();
        let commands = bytes.u32(16).ok_or_else(damaged)?;
        let commands_length = bytes.u32(20).ok_or_else(damaged)?;
        let (mut at, mut linkedit, mut signature) = (HEADER, None, None);
        for index in 0..commands.min(MAX_COMMANDS) {
            let body = command(bytes, at).ok_or_else(damaged)?;
            match body.u32(0) {
                Some(LC_SEGMENT_64) if is_linkedit(body) => linkedit = Some((at, body)),
                Some(LC_CODE_SIGNATURE) => signature = Some((index, at, body)),
                _ => {}
            }
            at += body.len();
        }
        let Some((index, command, body)) = signature else {
            return Ok(None);
        };
        let last = index + 1 == commands && body.len() == 16;
        if !last || at != HEADER + u64::from(commands_length) {
            return Err("the command of the code signature is not the last one".to_owned());
        }
        let (linkedit, segment) = linkedit.ok_or("there is no segment for the code signature")?;
        let signed = Signed {
            bytes,
            commands,
            commands_length,
            command,
            linkedit,
            linkedit_offset: segment.u64(40).ok_or_else(damaged)?,
            at: body.u32(8).ok_or_else(damaged)?.into(),
            length: body.u32(12).ok_or_else(damaged)?.into(),
        };
        let (memory, file) = (segment.u64(32), segment.u64(48));
        signed
            .fits(memory, file)
            .then_some(Some(signed))
            .ok_or_else(|| "the code signature is not the end of the file".to_owned())
    }

    /// The signature is the end of the file and of its segment, whose size in memory is that in the file or the next page.
    fn fits(&self, memory: Option<u64>, file: Option<u64>) -> bool {
        let (Some(memory), Some(file)) = (memory, file) else {
            return false;
        };
        let page = |size: u64| file.checked_next_multiple_of(size) == Some(memory);
        self.at.checked_add(self.length) == Some(self.bytes.len())
            && self.linkedit_offset.checked_add(file) == Some(self.bytes.len())
            && self.linkedit_offset <= self.at
            && (memory == file || page(0x1000) || page(0x4000))
    }

    /// Checks the hashes; says what the signature is, and what was not checked.
    fn check(&self) -> Result<(String, Vec<Gap>), String> {
        let damaged = || "the code signature is damaged".to_owned();
        let space = self
            .bytes
            .slice(self.at, self.length)
            .ok_or_else(damaged)?
            .data();
        let blobs = Blobs::parse(Bytes::new(space, BIG)).ok_or_else(damaged)?;
        let directories: Vec<Bytes<'_>> = blobs.directories().collect();
        let first = directories
            .first()
            .ok_or("the signature has no code directory")?;
        for directory in &directories {
            self.check_directory(*directory, &blobs)?;
        }
        let said = describe(*first).ok_or_else(damaged)?;
        blobs.check_slots()?;
        let Some(cms) = blobs.find(SLOT_CMS).filter(|cms| cms.len() > 8) else {
            let ad_hoc = first.u32(12).is_some_and(|flags| flags & CS_ADHOC != 0);
            let unsigned = "the CMS part is missing and the code directory does not say so";
            return ad_hoc
                .then_some((said, Vec::new()))
                .ok_or_else(|| unsigned.to_owned());
        };
        if cms.u32(0) != Some(BLOB_WRAPPER) || !speaks_of(cms, *first) {
            return Err("the CMS part is not about this code directory".to_owned());
        }
        let gap = Gap::new(
            "apple-cms",
            "who signed is not checked: of the CMS part only the digest is read, not its signature and certificates",
        );
        Ok((said, vec![gap]))
    }

    fn check_directory(&self, directory: Bytes<'a>, blobs: &Blobs<'a>) -> Result<(), String> {
        let code = Directory::read(directory).ok_or("a code directory is damaged")?;
        if code.hash_type != HASH_SHA256 || code.hash_length != 32 {
            return Err(format!(
                "a code directory with hashes of type {} is not read",
                code.hash_type
            ));
        }
        if u64::from(code.limit) != self.at {
            return Err("the code directory does not cover the file".to_owned());
        }
        let signed = self
            .bytes
            .slice(0, self.at)
            .ok_or("the code directory covers more than the file")?;
        let page = 1usize.checked_shl(code.page.into()).unwrap_or(0);
        if !(0x1000..=0x1_0000).contains(&page) {
            return Err("a page size of the code directory that is not read".to_owned());
        }
        let pages = signed.data().chunks(page);
        if pages.len() as u64 != u64::from(code.pages) {
            return Err("the code directory has another number of pages".to_owned());
        }
        for (index, bytes) in pages.enumerate() {
            if code.hash(i64::try_from(index).unwrap_or(i64::MAX)) != Some(sha256(bytes)) {
                return Err(format!(
                    "page {index} of the file is not what the signature says"
                ));
            }
        }
        check_special(&code, blobs)
    }

    /// The file up to the signature, and no word of it in the commands.
    fn removed(&self) -> Option<Vec<u8>> {
        let mut bytes = self
            .bytes
            .data()
            .get(..usize::try_from(self.at).ok()?)?
            .to_vec();
        let mut put = |at: u64, value: &[u8]| {
            let at = usize::try_from(at).ok()?;
            let field = bytes.get_mut(at..at.checked_add(value.len())?)?;
            field.copy_from_slice(value);
            Some(())
        };
        put(16, &self.commands.checked_sub(1)?.to_le_bytes())?;
        put(20, &self.commands_length.checked_sub(16)?.to_le_bytes())?;
        put(self.command, &[0; 16])?;
        let rest = self.at.checked_sub(self.linkedit_offset)?.to_le_bytes();
        put(self.linkedit + 32, &rest)?;
        put(self.linkedit + 48, &rest)?;
        Some(bytes)
    }
}

fn command(bytes: Bytes<'_>, at: u64) -> Option<Bytes<'_>> {
    let length = u64::from(bytes.u32(at.checked_add(4)?)?);
    bytes.slice(at, length).filter(|body| body.len() >= 8)
}

fn is_linkedit(body: Bytes<'_>) -> bool {
    body.len() >= 72
        && body
            .slice(8, 16)
            .is_some_and(|n| n.data() == b"__LINKEDIT\0\0\0\0\0\0")
}

/// The parts of a signature by slot.
struct Blobs<'a>(Vec<(u32, Bytes<'a>)>);

impl<'a> Blobs<'a> {
    /// None where parts overlap, or where there is anything between or behind them that is not zero.
    fn parse(space: Bytes<'a>) -> Option<Blobs<'a>> {
        let whole = space.slice(0, space.u32(4)?.into())?;
        let count = whole.u32(8).filter(|&count| count <= MAX_BLOBS)?;
        if whole.u32(0)? != EMBEDDED_SIGNATURE {
            return None;
        }
        let mut used = vec![(0, 12 + 8 * u64::from(count))];
        let mut blobs = Vec::new();
        for index in 0..u64::from(count) {
            let (slot, at) = (whole.u32(12 + 8 * index)?, whole.u32(16 + 8 * index)?);
            let at = u64::from(at);
            let length = u64::from(whole.u32(at.checked_add(4)?)?);
            let blob = whole.slice(at, length).filter(|blob| blob.len() >= 8)?;
            used.push((at, at + length));
            blobs.push((slot, blob));
        }
        used.push((space.len(), space.len()));
        used.sort_unstable();
        for pair in used.windows(2) {
            let [(_, end), (start, _)] = pair else {
                return None;
            };
            let between = space.slice(*end, start.checked_sub(*end)?)?;
            if between.data().iter().any(|&byte| byte != 0) {
                return None;
            }
        }
        Some(Blobs(blobs))
    }

    fn find(&self, slot: u32) -> Option<Bytes<'a>> {
        let mut found = self.0.iter().filter(|(own, _)| *own == slot);
        found.next().map(|(_, blob)| *blob)
    }

    /// Every part is one that is known, and there once.
    fn check_slots(&self) -> Result<(), String> {
        let mut slots: Vec<u32> = self.0.iter().map(|(slot, _)| *slot).collect();
        slots.sort_unstable();
        let twice = slots.windows(2).any(|pair| pair.first() == pair.last());
        let known = |slot: &u32| *slot <= 16 || *slot == SLOT_CMS || SLOT_ALTERNATES.contains(slot);
        match slots.iter().find(|slot| !known(slot)) {
            Some(slot) => Err(format!("slot {slot:#x} of the signature is not known")),
            None if twice => Err("a slot of the signature is there twice".to_owned()),
            None => Ok(()),
        }
    }

    fn directories(&self) -> impl Iterator<Item = Bytes<'a>> {
        let is_directory =
            |slot: u32| slot == SLOT_CODE_DIRECTORY || SLOT_ALTERNATES.contains(&slot);
        self.0
            .iter()
            .filter(move |(slot, _)| is_directory(*slot))
            .map(|(_, blob)| *blob)
    }
}

/// A code directory.
struct Directory<'a> {
    bytes: Bytes<'a>,
    hashes: u64,
    special: u32,
    pages: u32,
    limit: u32,
    hash_length: u8,
    hash_type: u8,
    page: u8,
}

impl<'a> Directory<'a> {
    fn read(bytes: Bytes<'a>) -> Option<Directory<'a>> {
        (bytes.u32(0)? == CODE_DIRECTORY).then_some(())?;
        Some(Directory {
            hashes: bytes.u32(16)?.into(),
            special: bytes.u32(24)?,
            pages: bytes.u32(28)?,
            limit: bytes.u32(32)?,
            hash_length: bytes.u8(36)?,
            hash_type: bytes.u8(37)?,
            page: bytes.u8(39)?,
            bytes,
        })
    }

    /// The hash of a page, or, below zero, of a special slot.
    fn hash(&self, index: i64) -> Option<[u8; 32]> {
        let at = self.hashes.checked_add_signed(index.checked_mul(32)?)?;
        self.bytes.slice(at, 32)?.data().try_into().ok()
    }
}

/// Special slots that stand for parts of the signature have their hashes; the others belong to files of a bundle, which
/// an executable alone does not have.
fn check_special(code: &Directory<'_>, blobs: &Blobs<'_>) -> Result<(), String> {
    for slot in 1..=code.special.min(16) {
        let hash = code.hash(-i64::from(slot)).ok_or("a special slot")?;
        let empty = hash == [0; 32];
        match blobs.find(slot) {
            Some(blob) if hash == sha256(blob.data()) => {}
            None if empty => {}
            _ => {
                return Err(format!(
                    "special slot {slot} of the signature is not what the code directory says"
                ));
            }
        }
    }
    let unhashed = |slot: &u32| (1..=16).contains(slot) && *slot > code.special;
    match blobs.0.iter().find(|(slot, _)| unhashed(slot)) {
        // Go's linker and ad-hoc signatures have an empty list of requirements without a hash.
        Some((SLOT_REQUIREMENTS, blob)) if blob.len() <= 12 => Ok(()),
        Some((slot, _)) => Err(format!("slot {slot} of the signature has no hash")),
        None => Ok(()),
    }
}

/// Whether a `messageDigest` of the CMS part is that of the code directory. That binds them, and proves nothing about who
/// signed.
fn speaks_of(cms: Bytes<'_>, directory: Bytes<'_>) -> bool {
    // The attribute's identifier 1.2.840.113549.1.9.4, then a set of one octet string of 32 bytes, in DER.
    const MARK: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04\x31\x22\x04\x20";
    let wanted = [MARK, &sha256(directory.data())].concat();
    cms.data().windows(wanted.len()).any(|part| part == wanted)
}

/// What the signature says: identifier, flags, team.
fn describe(directory: Bytes<'_>) -> Option<String> {
    let (version, flags) = (directory.u32(8)?, directory.u32(12)?);
    let identifier = directory.c_str(directory.u32(20)?.into())?;
    let team = match directory.u32(48) {
        Some(at) if version >= 0x2_0200 && at != 0 => directory.c_str(at.into()),
        _ => None,
    };
    let mut said = format!(
        "identifier {}, flags {flags:#x}",
        String::from_utf8_lossy(identifier)
    );
    if let Some(team) = team {
        said += &format!(", team {}", String::from_utf8_lossy(team));
    }
    Some(
        said + &format!(
            ", code directory {}",
            hexadecimal(&sha256(directory.data()))
        ),
    )
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests {
    use super::testing::{LINKER, PUBLISHER, macho};
    use super::*;

    fn changed(data: &[u8]) -> (Vec<u8>, String, Vec<Gap>) {
        match without_signature(data) {
            Outcome::Changed { bytes, did, gaps } => (bytes, did, gaps),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn signatures_of_the_publisher_and_of_the_linker_leave_the_same_file() {
        let (posted, said, gaps) = changed(&macho(1, &PUBLISHER));
        let (rebuilt, linker, none) = changed(&macho(1, &LINKER));
        assert_eq!(posted, rebuilt);
        assert!(
            said.starts_with("identifier org.example.go, flags 0x10000, team TEAM"),
            "{said}"
        );
        assert!(
            linker.starts_with("identifier a.out, flags 0x20002"),
            "{linker}"
        );
        assert_eq!((gaps.len(), none.len()), (1, 0));
        assert_eq!(without_signature(&posted), Outcome::Untouched);
    }

    #[test]
    fn a_real_binary_is_checked_and_stripped() {
        let signed = goassay_fixtures::bytes("macho-arm64-go1.25");
        let (bytes, said, gaps) = changed(&signed);
        assert!(said.starts_with("identifier a.out"), "{said}");
        assert!(bytes.len() < signed.len() && gaps.is_empty());
        assert_eq!(
            without_signature(&goassay_fixtures::bytes("elf-amd64-go1.25")),
            Outcome::Untouched
        );
    }

    #[test]
    fn no_byte_of_file_or_signature_can_be_changed() {
        let good = macho(1, &PUBLISHER);
        let plain = changed(&good).0;
        let mut unchecked = Vec::new();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            match without_signature(&bad) {
                Outcome::Changed { bytes, .. } if bytes == plain => unchecked.push(at),
                Outcome::Changed { .. } => panic!("{at}: another file passes"),
                // The magic or the command itself is gone: nothing was taken away.
                Outcome::Untouched => assert!(at < 256, "{at}"),
                Outcome::Refused(_) => {}
            }
        }
        // What is left is the CMS part, which is a gap.
        let cms = testing::cms(&good);
        assert!(
            !unchecked.is_empty() && unchecked.iter().all(|at| cms.contains(at)),
            "{unchecked:?}"
        );
    }
}

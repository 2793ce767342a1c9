//! Code signatures of Mach-O images (`kern/cs_blobs.h`): described, not verified.

use super::gap;
use crate::bytes::{Bytes, Endian, Order, Width};
use crate::gap::Fact;

/// A code signature (`LC_CODE_SIGNATURE`), from the first code directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeSignature<'a> {
    /// Who signed.
    pub signer: Signer,
    /// `CS_RUNTIME`: the hardened runtime.
    pub hardened_runtime: bool,
    /// `CS_REQUIRE_LV`: loads libraries of the same team or of the system only.
    pub library_validation: bool,
    /// All flags of the code directory.
    pub flags: u32,
    /// The identifier that was signed (`a.out` by Go's linker).
    pub identifier: &'a [u8],
    /// The team that signed, where stated.
    pub team: Option<&'a [u8]>,
}

/// Who made a code signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signer {
    /// The linker, ad hoc (`CS_LINKER_SIGNED`): no identity.
    Linker,
    /// Somebody, ad hoc (`CS_ADHOC`, or without a CMS signature): no identity.
    AdHoc,
    /// An identity: a CMS signature is there. It is not verified.
    Cms,
}

impl Signer {
    /// The stable word for output.
    pub fn name(self) -> &'static str {
        match self {
            Signer::Linker => "linker",
            Signer::AdHoc => "ad-hoc",
            Signer::Cms => "cms",
        }
    }
}

const CS_ADHOC: u32 = 0x2;
const CS_REQUIRE_LV: u32 = 0x2000;
const CS_RUNTIME: u32 = 0x1_0000;
const CS_LINKER_SIGNED: u32 = 0x2_0000;
const EMBEDDED_SIGNATURE: u32 = 0xfade_0cc0;
const CODE_DIRECTORY: u32 = 0xfade_0c02;
const BLOB_WRAPPER: u32 = 0xfade_0b01;
const SLOT_CODE_DIRECTORY: u32 = 0;
const SLOT_ALTERNATES: std::ops::Range<u32> = 0x1000..0x1005;
const SLOT_CMS: u32 = 0x1_0000;
/// First version of the code directory that names a team.
const WITH_TEAM: u32 = 0x2_0200;
/// Most parts of a signature that are looked at; real ones have fewer than ten.
const MOST_BLOBS: u32 = 256;

/// Reads the signature that `LC_CODE_SIGNATURE` points to. All its numbers are big-endian.
pub(super) fn read(blob: Bytes<'_>) -> Fact<CodeSignature<'_>> {
    let order = Order {
        endian: Endian::Big,
        width: Width::W64,
    };
    SuperBlob::parse(Bytes::new(blob.data(), order))
        .and_then(|blob| blob.describe())
        .ok_or_else(|| gap("the code signature is damaged"))
}

/// The parts of a signature: slot and bytes.
struct SuperBlob<'a>(Vec<(u32, Bytes<'a>)>);

impl<'a> SuperBlob<'a> {
    fn parse(bytes: Bytes<'a>) -> Option<SuperBlob<'a>> {
        let whole = bytes.slice(0, bytes.u32(4)?.into())?;
        let count = whole.u32(8).filter(|&count| count <= MOST_BLOBS)?;
        if whole.u32(0)? != EMBEDDED_SIGNATURE {
            return None;
        }
        let part = |index: u64| {
            let rest = whole.tail(whole.u32(12 + 8 * index + 4)?.into())?;
            let part = rest.slice(0, rest.u32(4)?.into())?;
            Some((whole.u32(12 + 8 * index)?, part))
        };
        let parts: Option<Vec<_>> = (0..u64::from(count)).map(part).collect();
        parts.map(SuperBlob)
    }

    fn describe(&self) -> Option<CodeSignature<'a>> {
        let directories = self
            .0
            .iter()
            .filter(|(slot, _)| *slot == SLOT_CODE_DIRECTORY || SLOT_ALTERNATES.contains(slot));
        let each: Option<Vec<u32>> = directories.map(|(_, part)| flags(*part)).collect();
        // The system uses the directory with the best hash: a flag holds for certain where all have it.
        let all = each?.into_iter().reduce(|all, flags| all & flags)?;
        let (_, first) = self
            .0
            .iter()
            .find(|(slot, _)| *slot == SLOT_CODE_DIRECTORY)?;
        let own = flags(*first)?;
        let signed = self.0.iter().any(|(slot, part)| {
            *slot == SLOT_CMS && part.u32(0) == Some(BLOB_WRAPPER) && part.len() > 8
        });
        Some(CodeSignature {
            signer: match own {
                _ if signed && own & CS_ADHOC == 0 => Signer::Cms,
                _ if own & CS_LINKER_SIGNED != 0 => Signer::Linker,
                _ => Signer::AdHoc,
            },
            hardened_runtime: all & CS_RUNTIME != 0,
            library_validation: all & CS_REQUIRE_LV != 0,
            flags: own,
            identifier: first.c_str(first.u32(20)?.into())?,
            team: team(*first)?,
        })
    }
}

/// The flags of a code directory.
fn flags(directory: Bytes<'_>) -> Option<u32> {
    (directory.u32(0)? == CODE_DIRECTORY).then(|| directory.u32(12))?
}

/// The team that a code directory names.
fn team(directory: Bytes<'_>) -> Option<Option<&[u8]>> {
    if directory.u32(8)? < WITH_TEAM {
        return Some(None);
    }
    match directory.u32(48)? {
        0 => Some(None),
        at => directory.c_str(at.into()).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A code directory of the version that names teams.
    fn directory(flags: u32, team: Option<&str>) -> Vec<u8> {
        let mut words = [0; 13];
        (words[0], words[2], words[3], words[5]) = (CODE_DIRECTORY, WITH_TEAM, flags, 52);
        let mut texts = b"org.example\0".to_vec();
        if let Some(team) = team {
            words[12] = 64;
            texts.extend(team.as_bytes());
            texts.push(0);
        }
        words[1] = 52 + u32::try_from(texts.len()).expect("short");
        let mut blob: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        blob.extend(texts);
        blob
    }

    fn signature(parts: &[(u32, Vec<u8>)]) -> Vec<u8> {
        let mut at = 12 + 8 * parts.len();
        let len = at + parts.iter().map(|(_, part)| part.len()).sum::<usize>();
        let number = |value: usize| u32::try_from(value).expect("short");
        let mut words = vec![EMBEDDED_SIGNATURE, number(len), number(parts.len())];
        for (slot, part) in parts {
            words.extend([*slot, number(at)]);
            at += part.len();
        }
        let mut blob: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        parts.iter().for_each(|(_, part)| blob.extend(part));
        blob
    }

    fn wrapper(len: u32) -> Vec<u8> {
        let mut blob = [BLOB_WRAPPER.to_be_bytes(), len.to_be_bytes()].concat();
        blob.resize(len as usize, 1);
        blob
    }

    fn read_all(parts: &[(u32, Vec<u8>)]) -> (Signer, bool, bool) {
        let blob = signature(parts);
        let order = Order {
            endian: Endian::Little,
            width: Width::W64,
        };
        let signature = read(Bytes::new(&blob, order)).expect("readable");
        assert_eq!(signature.identifier, b"org.example");
        (
            signature.signer,
            signature.hardened_runtime,
            signature.library_validation,
        )
    }

    #[test]
    fn who_signed() {
        let with = |flags, cms| read_all(&[(0, directory(flags, None)), (SLOT_CMS, wrapper(cms))]);
        assert_eq!(with(CS_RUNTIME, 40), (Signer::Cms, true, false));
        assert_eq!(with(CS_ADHOC | CS_LINKER_SIGNED, 8).0, Signer::Linker);
        assert_eq!(with(CS_ADHOC, 8).0, Signer::AdHoc);
        // An empty wrapper is no signature, and a code directory that says ad hoc has none.
        assert_eq!(with(CS_REQUIRE_LV, 8), (Signer::AdHoc, false, true));
        assert_eq!(with(CS_ADHOC, 40).0, Signer::AdHoc);
    }

    #[test]
    fn a_flag_holds_where_all_code_directories_have_it() {
        let both = CS_RUNTIME | CS_REQUIRE_LV;
        let parts = |other| [(0, directory(both, None)), (0x1000, directory(other, None))];
        assert_eq!(read_all(&parts(both)), (Signer::AdHoc, true, true));
        assert_eq!(
            read_all(&parts(CS_REQUIRE_LV)),
            (Signer::AdHoc, false, true)
        );
    }

    #[test]
    fn a_team_is_named() {
        let blob = signature(&[(0, directory(0, Some("TEAM123456")))]);
        let order = Order {
            endian: Endian::Little,
            width: Width::W64,
        };
        let found = read(Bytes::new(&blob, order)).expect("readable");
        assert_eq!(found.team, Some(&b"TEAM123456"[..]));
        for len in 0..blob.len() {
            let cut = read(Bytes::new(&blob[..len], order));
            assert!(cut.is_err(), "{len}: {cut:?}");
        }
    }
}

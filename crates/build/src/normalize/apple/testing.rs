//! Small Mach-O files with signatures, for tests: of the linker's kind, and of a publisher's kind (synthetic: the CMS part holds
//! the digest and no certificates).

use super::{CODE_DIRECTORY, EMBEDDED_SIGNATURE, MAGIC, SLOT_CMS, SLOT_REQUIREMENTS, sha256};

/// Who signs.
pub(crate) struct Signer {
    pub(crate) identifier: &'static str,
    pub(crate) team: Option<&'static str>,
    pub(crate) flags: u32,
}

pub(crate) const LINKER: Signer = Signer {
    identifier: "a.out",
    team: None,
    flags: 0x2_0002,
};
pub(crate) const PUBLISHER: Signer = Signer {
    identifier: "org.example.go",
    team: Some("TEAM"),
    flags: 0x1_0000,
};

/// Where the signature is.
const AT: usize = 0x2340;
const LINKEDIT: usize = 0x2000;

/// A signed file whose contents depend on `seed`.
pub(crate) fn macho(seed: u32, signer: &Signer) -> Vec<u8> {
    let length = signature(&[0; AT], signer).len();
    let mut file: Vec<u8> = Vec::new();
    let words = [MAGIC, 0x0100_000c, 0, 2, 3, 72 + 72 + 16, 0x20_0000, 0];
    file.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    file.extend(segment(b"__TEXT", [0x1_0000_0000, 0x2000, 0, 0x2000]));
    let rest = (AT - LINKEDIT + length) as u64;
    let page = if signer.team.is_some() { 0x4000 } else { 1 };
    let memory = rest.next_multiple_of(page);
    file.extend(segment(
        b"__LINKEDIT",
        [0x1_0000_2000, memory, LINKEDIT as u64, rest],
    ));
    let command = [0x1d, 16, AT as u32, length as u32];
    file.extend(command.iter().flat_map(|word| word.to_le_bytes()));
    file.resize(0x400, 0);
    let mut state = seed;
    while file.len() < AT {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        file.push((state >> 24) as u8);
    }
    let signature = signature(&file, signer);
    file.extend(signature);
    file
}

/// The place of the CMS part.
pub(crate) fn cms(file: &[u8]) -> std::ops::Range<usize> {
    let mark = 0xfade_0b01_u32.to_be_bytes();
    let at = file.windows(4).rposition(|word| word == mark).unwrap();
    at..file.len()
}

fn segment(name: &[u8], numbers: [u64; 4]) -> Vec<u8> {
    let mut bytes: Vec<u8> = [0x19u32, 72].iter().flat_map(|w| w.to_le_bytes()).collect();
    bytes.extend(name);
    bytes.resize(24, 0);
    bytes.extend(numbers.iter().flat_map(|word| word.to_le_bytes()));
    bytes.resize(72, 0);
    bytes
}

fn blob(magic: u32, contents: &[u8]) -> Vec<u8> {
    let length = 8 + contents.len() as u32;
    [&magic.to_be_bytes(), &length.to_be_bytes(), contents].concat()
}

fn signature(file: &[u8], signer: &Signer) -> Vec<u8> {
    let requirements = blob(0xfade_0c01, b"requirements");
    let directory = directory(file, signer, &requirements);
    let mut blobs = vec![(0, directory.clone())];
    if signer.team.is_some() {
        let digest = [
            b"a certificate ".as_slice(),
            b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04\x31\x22\x04\x20",
            &sha256(&directory),
            b" a signature",
        ];
        blobs.push((SLOT_REQUIREMENTS, requirements));
        blobs.push((SLOT_CMS, blob(0xfade_0b01, &digest.concat())));
    }
    let mut at = 12 + 8 * blobs.len() as u32;
    let mut contents = (blobs.len() as u32).to_be_bytes().to_vec();
    for (slot, blob) in &blobs {
        contents.extend(slot.to_be_bytes());
        contents.extend(at.to_be_bytes());
        at += blob.len() as u32;
    }
    contents.extend(blobs.iter().flat_map(|(_, blob)| blob.clone()));
    let mut all = blob(EMBEDDED_SIGNATURE, &contents);
    if signer.team.is_some() {
        all.resize(all.len() + 64, 0);
    }
    all
}

fn directory(file: &[u8], signer: &Signer, requirements: &[u8]) -> Vec<u8> {
    let special: u32 = if signer.team.is_some() { 2 } else { 0 };
    let pages: Vec<[u8; 32]> = file.chunks(0x1000).map(sha256).collect();
    let identifier = 52;
    let team = identifier + signer.identifier.len() as u32 + 1;
    let texts = team + signer.team.map_or(0, |team| team.len() as u32 + 1);
    let hashes = texts + 32 * special;
    let mut words = vec![
        0x2_0400,
        signer.flags,
        hashes,
        identifier,
        special,
        pages.len() as u32,
    ];
    words.extend([
        file.len() as u32,
        0x2002_000c,
        0,
        0,
        signer.team.map_or(0, |_| team),
    ]);
    let mut contents: Vec<u8> = words
        .iter()
        .flat_map(|word: &u32| word.to_be_bytes())
        .collect();
    contents.extend(signer.identifier.as_bytes());
    contents.push(0);
    if let Some(team) = signer.team {
        contents.extend(team.as_bytes());
        contents.push(0);
        contents.extend(sha256(requirements));
        contents.extend([0; 32]);
    }
    contents.extend(pages.concat());
    blob(CODE_DIRECTORY, &contents)
}

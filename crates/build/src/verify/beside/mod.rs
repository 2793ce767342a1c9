//! What stands beside a program and speaks of it: lists of sums, its build record, bills of materials, provenance, signatures.
//!
//! Each is held against the program's bytes and against what the program says of itself. Documents are hostile: they are read within a
//! limit, they choose nothing that is run, and none makes a program identical.

mod debug;
mod provenance;
mod purl;
mod record;
mod sbom;
mod signature;
mod sums;

pub use debug::find as find_debug;
pub(super) use debug::matches as debug_matches;

use super::Claim;
use crate::signing::PublicKey;
use serde_json::Value;

/// Longest document that is read, in bytes.
pub const LONGEST: u64 = 16 << 20;

/// A document beside a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// Its name, from the program's folder. Hostile.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// What came of it.
    pub finding: Finding,
}

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A list of SHA-256 sums, as `sha256sum` reads it.
    Sums,
    /// A build record (`goassay-build-record/1`).
    Record,
    /// A bill of materials: CycloneDX or SPDX.
    Sbom,
    /// An in-toto statement, signed or not.
    Provenance,
    /// A signature of the program.
    Signature,
    /// Debug information that was taken out of the program.
    Debug,
}

impl Kind {
    /// The stable word for output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Sums => "sums",
            Kind::Record => "record",
            Kind::Sbom => "sbom",
            Kind::Provenance => "provenance",
            Kind::Signature => "signature",
            Kind::Debug => "debug",
        }
    }
}

/// What came of a document, with a sentence. Sentences quote hostile texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// What it says is so; the sentence says what that was.
    Holds(String),
    /// It says something that is not so.
    Fails(String),
    /// It could not be held against the program.
    NotChecked(String),
}

impl Finding {
    /// The stable word for output.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Finding::Holds(_) => "holds",
            Finding::Fails(_) => "fails",
            Finding::NotChecked(_) => "not-checked",
        }
    }

    /// The sentence.
    #[must_use]
    pub fn sentence(&self) -> &str {
        match self {
            Finding::Holds(text) | Finding::Fails(text) | Finding::NotChecked(text) => text,
        }
    }
}

/// The files around a program, by their names from its folder, with `/`; a name can begin with `../` once.
pub trait Around {
    /// The contents of a file of at most so many bytes; none where there is no such file, in words why it cannot be read.
    fn read(&self, name: &str, longest: u64) -> Option<Result<Vec<u8>, String>>;
    /// Its SHA-256, lower-case hex, of any length.
    fn sha256(&self, name: &str) -> Option<Result<String, String>>;
}

/// Nothing is around.
#[derive(Debug, Clone, Copy)]
pub struct Nothing;

impl Around for Nothing {
    fn read(&self, _: &str, _: u64) -> Option<Result<Vec<u8>, String>> {
        None
    }

    fn sha256(&self, _: &str) -> Option<Result<String, String>> {
        None
    }
}

/// A program, for the documents that speak of it.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// Its file name.
    pub name: &'a str,
    /// The name of its folder; empty where that is not known.
    pub folder: &'a str,
    /// Its contents.
    pub file: &'a [u8],
    /// Their SHA-256, lower-case hex.
    pub sha256: &'a str,
    /// What it says of itself; none where it says too little.
    pub claim: Option<&'a Claim>,
    /// Who is believed.
    pub key: Option<&'a PublicKey>,
    /// What is around it.
    pub around: &'a dyn Around,
}

type Check = fn(&Subject<'_>, &[u8]) -> Finding;

/// What follows a program's name in the name of a document.
const DOCUMENTS: [(&str, Kind, Check); 17] = [
    (".build.json", Kind::Record, record::check),
    (".sbom.cdx.json", Kind::Sbom, sbom::check),
    (".cdx.json", Kind::Sbom, sbom::check),
    (".sbom.spdx.json", Kind::Sbom, sbom::check),
    (".spdx.json", Kind::Sbom, sbom::check),
    (".sbom.spdx3.json", Kind::Sbom, sbom::check),
    (".sbom.json", Kind::Sbom, sbom::check),
    (".provenance.json", Kind::Provenance, provenance::check),
    (".provenance.dsse.json", Kind::Provenance, provenance::check),
    (".intoto.json", Kind::Provenance, provenance::check),
    (".intoto.jsonl", Kind::Provenance, provenance::check),
    (".sig", Kind::Signature, signature::plain),
    (".asc", Kind::Signature, signature::openpgp),
    (".gpg", Kind::Signature, signature::openpgp),
    (".minisig", Kind::Signature, signature::minisign),
    (".sigstore", Kind::Signature, signature::sigstore),
    (".sigstore.json", Kind::Signature, signature::sigstore),
];

/// Holds all that is known to speak of a program against it.
#[must_use]
pub fn check(subject: &Subject<'_>) -> Vec<Beside> {
    let named = DOCUMENTS.iter().filter_map(|(suffix, kind, check)| {
        let name = format!("{}{suffix}", subject.name);
        let finding = match subject.around.read(&name, LONGEST)? {
            Ok(bytes) => check(subject, &bytes),
            Err(why) => Finding::NotChecked(why),
        };
        Some(Beside {
            name,
            kind: *kind,
            finding,
        })
    });
    named.chain(sums::check(subject)).collect()
}

/// Members of an array of an object; none where there is no such array.
fn members<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

/// Whether a name in a document leads to a file below its folder.
fn is_below(name: &str) -> bool {
    let is_part = |part: &str| !["", ".", ".."].contains(&part);
    name.split('/').all(is_part) && !name.contains(['\\', '\0', ':'])
}

/// The first few of some names, and how many more there are.
fn few(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = names
        .iter()
        .take(SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests;

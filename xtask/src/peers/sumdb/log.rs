//! A log with a key of our own, written by the definition of RFC 6962 and apart from what is tested.

use super::{Bytes, Server};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{Ed25519KeyPair, KeyPair};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

type Hash = [u8; 32];

/// A key made of a number.
pub(super) struct Signer {
    name: String,
    pair: Ed25519KeyPair,
}

impl Signer {
    pub(super) fn new(name: &str, seed: u8) -> Signer {
        Signer {
            name: name.to_owned(),
            pair: Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("any seed is one"),
        }
    }

    fn key(&self) -> Vec<u8> {
        [&[1], self.pair.public_key().as_ref()].concat()
    }

    fn hash(&self) -> Vec<u8> {
        Sha256::digest([self.name.as_bytes(), b"\n", &self.key()].concat())[..4].to_vec()
    }

    /// `NAME+HASH+KEY`.
    pub(super) fn encoded(&self) -> String {
        let hash: String = self.hash().iter().map(|b| format!("{b:02x}")).collect();
        format!("{}+{hash}+{}", self.name, STANDARD.encode(self.key()))
    }

    /// A signature line.
    pub(super) fn line(&self, text: &str) -> String {
        let signature = [
            self.hash(),
            self.pair.sign(text.as_bytes()).as_ref().to_vec(),
        ]
        .concat();
        format!("— {} {}\n", self.name, STANDARD.encode(signature))
    }

    pub(super) fn sign(&self, text: &str) -> String {
        format!("{text}\n{}", self.line(text))
    }
}

/// Records by their number.
pub(super) struct Log {
    pub(super) signer: Signer,
    pub(super) records: Vec<String>,
}

pub(super) fn path(id: usize) -> String {
    format!("example.com/m{id}")
}

impl Log {
    /// A log of `size` records; from record `fork` on they say something else.
    pub(super) fn new(size: usize, fork: Option<usize>) -> Log {
        let record = |id: usize| {
            let other = if fork.is_some_and(|fork| id >= fork) {
                "x"
            } else {
                ""
            };
            let path = path(id);
            format!("{path} v1.0.0 h1:{other}{id}\n{path} v1.0.0/go.mod h1:m{id}\n")
        };
        Log {
            signer: Signer::new("sums.example", 1),
            records: (0..size).map(record).collect(),
        }
    }

    fn leaves(&self, size: usize) -> Vec<Hash> {
        let leaf = |text: &String| Sha256::digest([b"\0", text.as_bytes()].concat()).into();
        self.records[..size].iter().map(leaf).collect()
    }

    pub(super) fn root(&self, size: usize) -> Hash {
        tree_hash(&self.leaves(size))
    }

    /// The text of a head.
    pub(super) fn head_text(&self, size: usize) -> String {
        format!(
            "go.sum database tree\n{size}\n{}\n",
            STANDARD.encode(self.root(size))
        )
    }

    pub(super) fn head(&self, size: usize) -> String {
        self.signer.sign(&self.head_text(size))
    }

    /// The answer to a lookup, with any note.
    pub(super) fn answer(&self, id: usize, note: &str) -> String {
        format!("{id}\n{}\n{note}", self.records[id])
    }

    /// All tiles of the tree with `size` records, by path.
    pub(super) fn tiles(&self, size: usize) -> BTreeMap<String, Vec<u8>> {
        let mut tiles = BTreeMap::new();
        let leaves = self.leaves(size);
        for (level, span) in [1, 256, 65536].into_iter().enumerate() {
            let row: Vec<Hash> = leaves.chunks_exact(span).map(tree_hash).collect();
            for (index, hashes) in row.chunks(256).enumerate() {
                let width = match hashes.len() {
                    256 => String::new(),
                    n => format!(".p/{n}"),
                };
                tiles.insert(format!("tile/8/{level}/{index:03}{width}"), hashes.concat());
            }
        }
        tiles
    }

    /// A server that has the tree with `size` records, and the tiles of the one with `before`.
    pub(super) fn server(&self, before: usize, size: usize) -> Server {
        let mut files = self.tiles(before);
        files.extend(self.tiles(size));
        let head = self.head(size);
        for id in 0..size {
            files.insert(
                format!("lookup/{}@v1.0.0", path(id)),
                self.answer(id, &head).into_bytes(),
            );
        }
        Server {
            key: self.signer.encoded(),
            files: files
                .into_iter()
                .map(|(path, bytes)| (path, Bytes(bytes)))
                .collect(),
        }
    }
}

fn tree_hash(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest([]).into(),
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            Sha256::digest([&[1][..], &tree_hash(left), &tree_hash(right)].concat()).into()
        }
    }
}

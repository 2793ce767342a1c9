//! A checksum database and a proxy in memory, for tests: honest until told otherwise.

use crate::fetch::{Fetch, FetchError, Kind};
use crate::sumdb::note::testing::Signer;
use crate::sumdb::tile::{FULL, HEIGHT, Tile};
use crate::sumdb::tree::testing::{head_text, leaf, tree_hash};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;

/// Name of the database.
pub(crate) const NAME: &str = "sums.example";
/// Address of the proxy.
pub(crate) const PROXY: &str = "https://proxy.example";

/// Answers by address; what is not there is missing.
#[derive(Default)]
pub(crate) struct Net {
    pub(crate) answers: RefCell<BTreeMap<String, Result<Vec<u8>, Kind>>>,
    pub(crate) asked: RefCell<Vec<String>>,
}

impl Net {
    pub(crate) fn set(&self, url: &str, answer: Result<Vec<u8>, Kind>) {
        self.answers.borrow_mut().insert(url.to_owned(), answer);
    }

    /// Changes the answer for an address that is known.
    pub(crate) fn change(&self, url: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut answers = self.answers.borrow_mut();
        change(answers.get_mut(url).unwrap().as_mut().unwrap());
    }
}

impl Fetch for Net {
    fn get(&self, url: &str, _: u64) -> Result<Vec<u8>, FetchError> {
        self.asked.borrow_mut().push(url.to_owned());
        let answer = self.answers.borrow().get(url).cloned();
        answer
            .unwrap_or(Err(Kind::Missing))
            .map_err(|kind| FetchError::new(kind, url, "as told"))
    }

    fn download(&self, url: &str, cap: u64, file: &mut File) -> Result<u64, FetchError> {
        let bytes = self.get(url, cap)?;
        std::io::Write::write_all(file, &bytes).unwrap();
        Ok(bytes.len() as u64)
    }
}

/// A log of records with a key.
pub(crate) struct Log {
    pub(crate) signer: Signer,
    /// `path version`, and the text of the record.
    pub(crate) records: Vec<(String, String)>,
}

impl Log {
    /// A log with so many records of a module `example.com/mN`.
    pub(crate) fn new(size: usize) -> Log {
        let record = |i: usize| {
            (
                format!("example.com/m{i}@v1.0.0"),
                format!("example.com/m{i} v1.0.0 h1:{i}\nexample.com/m{i} v1.0.0/go.mod h1:m{i}\n"),
            )
        };
        Log {
            signer: Signer::new(NAME, 1),
            records: (0..size).map(record).collect(),
        }
    }

    pub(crate) fn add(&mut self, module: &str, text: &str) {
        self.records.push((module.to_owned(), text.to_owned()));
    }

    /// The signed head when the log had `size` records.
    pub(crate) fn head(&self, size: usize) -> String {
        self.signer
            .sign(&head_text(size, &tree_hash(&self.leaves()[..size])))
    }

    fn leaves(&self) -> Vec<[u8; 32]> {
        self.records.iter().map(|(_, text)| leaf(text)).collect()
    }

    /// Publishes the log as it was with `size` records, through the proxy.
    pub(crate) fn publish(&self, net: &Net, size: usize) {
        net.set(&url("supported"), Ok(Vec::new()));
        net.set(&url("latest"), Ok(self.head(size).into_bytes()));
        for id in 0..size {
            net.set(
                &url(&format!("lookup/{}", self.records[id].0)),
                Ok(self.answer(id, size).into_bytes()),
            );
        }
        let leaves = self.leaves();
        for level in 0..2 {
            let span = 1usize << (HEIGHT * level);
            let hashes: Vec<_> = leaves[..size].chunks_exact(span).map(tree_hash).collect();
            for index in 0..hashes.len() as u64 {
                if let Some(tile) = Tile::in_tree(level, index, size as u64) {
                    let row = &hashes[usize::try_from(index * FULL).unwrap()..]
                        [..usize::try_from(tile.width).unwrap()];
                    net.set(&url(&tile.path()), Ok(row.concat()));
                }
            }
        }
    }

    /// The answer to a lookup of a record.
    pub(crate) fn answer(&self, id: usize, size: usize) -> String {
        format!("{id}\n{}\n{}", self.records[id].1, self.head(size))
    }
}

/// The address of a file of the database, through the proxy.
pub(crate) fn url(path: &str) -> String {
    format!("{PROXY}/sumdb/{NAME}/{path}")
}

//! The Go checksum database, verified: signed tree heads, proofs from tiles, and the last head kept.
//!
//! What a pass means: the database with the configured key has this record in its log, and the log is the one that this
//! machine saw before, continued. What it does not mean: that other machines see the same log (compare kept heads for
//! that), or that what was recorded is harmless.
//!
//! A lookup may come with an older tree head than the kept one (proxies hold answers back); it counts if it is of the
//! same log, and the record is then proven against the newer head. [`Client::latest`] asks for the newest head and calls an
//! older one a replay.

pub mod error;
pub mod kept;
pub mod note;
pub mod settings;
pub mod tile;
pub mod tree;

pub use error::{Error, Kind};
pub use kept::Kept;
pub use settings::Database;

use crate::fetch::{self, Fetch};
use crate::module::{self, Module};
use crate::proxy::{self, Proxies};
use std::cell::{Cell, OnceCell};
use tile::{Reader, Source, Tile};
use tree::{Head, Record};

/// Longest answer to a lookup, in bytes. Records have two lines.
const MAX_ANSWER: u64 = 1 << 20;

/// What the database says about a module version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Name of the database.
    pub database: String,
    /// Place of the record in the log.
    pub id: u64,
    /// Size of the tree in which it was proven.
    pub tree_size: u64,
    /// The hash of the module's contents (`h1:…`).
    pub zip: String,
    /// The hash of its `go.mod`.
    pub go_mod: Option<String>,
}

/// A client of one database. Asks through the proxies where they carry the database, else itself.
pub struct Client<'a> {
    database: &'a Database,
    fetch: &'a dyn Fetch,
    proxies: &'a Proxies,
    kept: &'a dyn Kept,
    base: OnceCell<String>,
    /// Something came from `kept`.
    relied_on_kept: Cell<bool>,
    /// Nothing but the head may come from `kept`.
    distrust_kept: Cell<bool>,
}

/// A head as it was signed.
struct Signed {
    head: Head,
    note: Vec<u8>,
}

impl<'a> Client<'a> {
    /// A client that keeps what it learns in `kept`.
    pub fn new(
        database: &'a Database,
        fetch: &'a dyn Fetch,
        proxies: &'a Proxies,
        kept: &'a dyn Kept,
    ) -> Client<'a> {
        Client {
            database,
            fetch,
            proxies,
            kept,
            base: OnceCell::new(),
            relied_on_kept: Cell::new(false),
            distrust_kept: Cell::new(false),
        }
    }

    /// What the database says about a module version, proven.
    ///
    /// # Errors
    /// It says nothing, or nothing that can be proven: [`Kind`] has the reasons.
    pub fn lookup(&self, module: &Module) -> Result<Statement, Error> {
        let escaped = module
            .escaped()
            .map_err(|error| Error::new(Kind::NoRecord, error.to_string()))?;
        let path = format!("lookup/{escaped}");
        match self.attempt(&path, module) {
            // What is kept here may be damaged: the database decides.
            Err(error) if self.relied_on_kept.get() && error.kind.may_be_damage() => {
                self.distrust_kept.set(true);
                self.attempt(&path, module)
            }
            done => done,
        }
    }

    fn attempt(&self, path: &str, module: &Module) -> Result<Statement, Error> {
        if let Some(answer) = self.read_kept(path) {
            return self.proven(&answer, module);
        }
        let answer = self.remote(path)?;
        let statement = self.proven(&answer, module)?;
        self.kept.write(path, &answer);
        Ok(statement)
    }

    fn read_kept(&self, path: &str) -> Option<Vec<u8>> {
        let bytes = self.kept.read(path).filter(|_| !self.distrust_kept.get())?;
        self.relied_on_kept.set(true);
        Some(bytes)
    }

    fn proven(&self, answer: &[u8], module: &Module) -> Result<Statement, Error> {
        let record = Record::parse(answer)?;
        let head = self.merge(record.note)?;
        if record.id >= head.size {
            let why = format!("record {} in a tree of {} records", record.id, head.size);
            return Err(Error::new(Kind::OutsideTree, why));
        }
        if Reader::new(head, self)?.leaf(record.id)? != record.hash() {
            let why = format!("record {} about {module}", record.id);
            return Err(Error::new(Kind::AlteredRecord, why));
        }
        let line = |version: &str| hash_of(record.text, &module.path, version);
        let zip = line(&module.version).ok_or_else(|| {
            Error::new(
                Kind::NoHash,
                format!("record {} does not name {module}", record.id),
            )
        })?;
        Ok(Statement {
            database: self.database.name().to_owned(),
            id: record.id,
            tree_size: head.size,
            zip: zip.to_owned(),
            go_mod: line(&format!("{}/go.mod", module.version)).map(str::to_owned),
        })
    }

    /// Asks for the newest tree head and merges it.
    ///
    /// # Errors
    /// As [`Client::lookup`]; [`Kind::Replay`] for an older head than the kept one.
    pub fn latest(&self) -> Result<Head, Error> {
        let note = self.remote("latest")?;
        let offered = self.open(&note)?;
        let head = self.merge(&note)?;
        if offered.size < head.size {
            let why = format!("{} records, after one of {}", offered.size, head.size);
            return Err(Error::new(Kind::Replay, why));
        }
        Ok(head)
    }

    fn open(&self, note: &[u8]) -> Result<Head, Error> {
        Head::parse(note::open(note, self.database.key())?)
    }

    /// The newer of the kept head and this one, once they are shown to be of one log. A newer one is kept.
    fn merge(&self, note: &[u8]) -> Result<Head, Error> {
        let offered = Signed {
            head: self.open(note)?,
            note: note.to_vec(),
        };
        loop {
            let kept = self.kept.head()?;
            let known = self.known(kept.as_deref())?;
            if offered.head.size <= known.head.size {
                self.check_same_log(&offered, &known)?;
                return Ok(known.head);
            }
            self.check_same_log(&known, &offered)?;
            // Where another process was quicker, its head counts too.
            if self.kept.replace_head(kept.as_deref(), &offered.note)? {
                return Ok(offered.head);
            }
        }
    }

    fn known(&self, kept: Option<&[u8]>) -> Result<Signed, Error> {
        let Some(note) = kept else {
            return Ok(Signed {
                head: Head::empty(),
                note: Vec::new(),
            });
        };
        let head = self.open(note).map_err(|error| {
            Error::new(
                Kind::KeptHead,
                format!("{}: {error}", self.kept.described()),
            )
        })?;
        Ok(Signed {
            head,
            note: note.to_vec(),
        })
    }

    fn check_same_log(&self, older: &Signed, newer: &Signed) -> Result<(), Error> {
        // Every log begins with nothing.
        if older.head == newer.head || older.head == Head::empty() {
            return Ok(());
        }
        // Two roots of one size need no tiles to contradict each other.
        let same_size = older.head.size == newer.head.size;
        if !same_size && Reader::new(newer.head, self)?.root_at(older.head.size)? == older.head.root
        {
            return Ok(());
        }
        let why = format!(
            "the tree of {} records is not the beginning of the tree of {} records; both are signed",
            older.head.size, newer.head.size
        );
        Err(Error::new(Kind::Fork, why).with_evidence([&older.note, &newer.note]))
    }

    fn remote(&self, path: &str) -> Result<Vec<u8>, Error> {
        let base = match self.base.get() {
            Some(base) => base,
            None => {
                let found = self.find_base()?;
                self.base.get_or_init(|| found)
            }
        };
        let answer = self.fetch.get(&format!("{base}/{path}"), MAX_ANSWER);
        answer.map_err(|error| match error.kind {
            fetch::Kind::Missing if path.starts_with("lookup/") => Error {
                fetch: Some(error.clone()),
                ..Error::new(Kind::NoRecord, error.to_string())
            },
            _ => error.into(),
        })
    }

    /// An explicit address; else the first proxy that carries the database; else the database itself.
    fn find_base(&self) -> Result<String, Error> {
        if let Some(url) = self.database.url() {
            return Ok(url.to_owned());
        }
        let name = self.database.name();
        let probe = |proxy: &str| {
            let base = format!("{proxy}/sumdb/{name}");
            self.fetch.get(&format!("{base}/supported"), MAX_ANSWER)?;
            Ok(base)
        };
        match self.proxies.attempt(None, probe) {
            Ok(base) => Ok(base),
            Err(error) if error.falls_through() => Ok(format!("https://{name}")),
            Err(proxy::Error::Fetch(error)) => Err(error.into()),
            Err(error) => Err(Error::new(Kind::Fetch, error.to_string())),
        }
    }
}

impl Source for Client<'_> {
    fn read(&self, tile: Tile) -> Result<Vec<u8>, Error> {
        let prefix = |mut bytes: Vec<u8>| {
            bytes.truncate(tile.length());
            bytes
        };
        for kept in [tile, tile.full()] {
            if let Some(bytes) = self.read_kept(&kept.path())
                && bytes.len() == kept.length()
            {
                return Ok(prefix(bytes));
            }
        }
        match self.remote(&tile.path()) {
            // A partial tile may be gone once the full one is there.
            Err(error) if tile.width < tile::FULL => {
                let full = self.remote(&tile.full().path()).map_err(|_| error)?;
                // As the reference has it: less than a byte too many for each hash is cut.
                let width = usize::try_from(tile::FULL).unwrap_or(usize::MAX);
                if full.len() / width != tile.full().length() / width {
                    let why = format!("{} has {} bytes", tile.full().path(), full.len());
                    return Err(Error::new(Kind::TileLength, why));
                }
                Ok(prefix(full))
            }
            answer => answer,
        }
    }

    fn keep(&self, tile: Tile, bytes: &[u8]) {
        self.kept.write(&tile.path(), bytes);
    }
}

/// The hash in the line of a record for this path and version.
fn hash_of<'r>(record: &'r str, path: &str, version: &str) -> Option<&'r str> {
    record.lines().find_map(|line| {
        let rest = line.strip_prefix(path)?.strip_prefix(' ')?;
        rest.strip_prefix(version)?.strip_prefix(' ')
    })
}

/// Whether a module is looked up in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Duty {
    /// It is.
    Required,
    /// It is not, because a setting says so.
    Excused(String),
}

/// Whether `module` has to be in the database: toolchains always; others unless GONOSUMDB (or what stands for it, GOPRIVATE)
/// names them or GOSUMDB is `off`.
#[must_use]
pub fn duty(path: &str, gosumdb: &str, gonosumdb: &str) -> Duty {
    if path == crate::toolchain::MODULE {
        Duty::Required
    } else if gosumdb == "off" {
        Duty::Excused("GOSUMDB is off".to_owned())
    } else if module::matches_prefix(gonosumdb, path) {
        Duty::Excused(format!(
            "GONOSUMDB or GOPRIVATE has a pattern for it: {gonosumdb}"
        ))
    } else {
        Duty::Required
    }
}

#[cfg(test)]
mod tests;

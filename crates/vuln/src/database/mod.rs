//! The compact database: one flat file that is looked up in place.
//!
//! Opening checks the whole file against its checksum, then lookups decode only what they need. The file carries facts
//! only, and an [`Identity`] that every report quotes. `build` writes it, `read` looks things up, `layout` is what
//! both agree on. The checksum finds damage; it is no signature.

mod build;
mod layout;
mod read;
#[cfg(test)]
mod tests;

pub use build::{BuildError, Builder, Source};
pub use read::{Advisories, Affected, Database, Entry, Import};

use crate::date::Date;
use std::fmt;

/// Which database this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Where the data came from: `github.com/golang/vulndb`, a URL or a folder.
    pub source: String,
    /// Commit or version at the source, if known.
    pub revision: Option<String>,
    /// Day of the data, if known.
    pub date: Option<Date>,
    /// SHA-256 of the facts (not of source, revision and date): equal where two databases say the same.
    pub sha256: [u8; 32],
    /// Number of advisories.
    pub advisories: u32,
}

impl Identity {
    /// The hash in lower-case hexadecimal.
    pub fn sha256_hex(&self) -> String {
        goassay_binary::bytes::hexadecimal(&self.sha256)
    }
}

/// A database that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseError {
    /// The file is something else.
    NotADatabase,
    /// It was written by a newer goassay.
    Newer {
        /// Its format version.
        found: u32,
        /// The newest that is understood.
        known: u32,
    },
    /// Its end is missing.
    Truncated {
        /// Size that it should have, in bytes.
        expected: u64,
        /// Size that it has, in bytes.
        found: u64,
    },
    /// Its content is not what was written, and what showed it.
    Altered(String),
}

impl DatabaseError {
    /// What to do about it: one sentence for people.
    pub fn hint(&self) -> &'static str {
        match self {
            DatabaseError::NotADatabase => {
                "Give a database made by `goassay db update` or `goassay db import`, or the published OSV files"
            }
            DatabaseError::Newer { .. } => {
                "Update goassay, or make the database again with `goassay db import`"
            }
            DatabaseError::Truncated { .. } | DatabaseError::Altered(_) => {
                "Replace it with `goassay db update`, or from published files with `goassay db import`"
            }
        }
    }
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DatabaseError::NotADatabase => f.write_str("this is not a goassay database"),
            DatabaseError::Newer { found, known } => {
                write!(
                    f,
                    "the database has format {found}, this goassay understands formats up to {known}"
                )
            }
            DatabaseError::Truncated { expected, found } => {
                write!(
                    f,
                    "the database is truncated: {found} of {expected} bytes are there"
                )
            }
            DatabaseError::Altered(what) => {
                write!(f, "the database was altered or damaged: {what}")
            }
        }
    }
}

impl std::error::Error for DatabaseError {}

/// The database that is part of the program.
///
/// # Errors
/// None, unless the program itself was damaged.
pub fn embedded() -> Result<Database<'static>, DatabaseError> {
    Database::open(include_bytes!("../../data/vulndb.bin"))
}

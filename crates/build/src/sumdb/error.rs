//! What a checksum database can be caught at, each a kind of its own.
//!
//! The message names the cause; [`Kind::next_step`] says what to do about it.

use crate::fetch::FetchError;
use std::fmt;

/// What was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The configured key is none.
    Key,
    /// A signed tree head is not of the form of a signed note.
    MalformedNote,
    /// No signature is by the configured key.
    UnknownKey,
    /// A signature claims to be by the configured key and is not.
    BadSignature,
    /// What was signed is no tree head.
    MalformedTree,
    /// An answer to a lookup is not of the form of a record.
    MalformedRecord,
    /// A tree head and the one kept from before are not of the same log: the database shows different people different
    /// things.
    Fork,
    /// An older tree head was given where the newest was asked for.
    Replay,
    /// The record is said to be outside the tree.
    OutsideTree,
    /// A tile has another length than its place in the tree asks for.
    TileLength,
    /// A tile does not hash to what the tree says.
    TileMismatch,
    /// A record does not hash to what the tree says.
    AlteredRecord,
    /// The database has no such module version.
    NoRecord,
    /// The record does not say the hash that is needed.
    NoHash,
    /// What was downloaded is not what the database recorded.
    WrongHash,
    /// The database could not be asked.
    Fetch,
    /// What is kept on this machine could not be read or written.
    Local,
    /// What is kept on this machine is not what this program wrote.
    KeptHead,
}

impl Kind {
    /// Whether somebody misbehaves, rather than something being out of order.
    #[must_use]
    pub fn is_misbehaviour(self) -> bool {
        use Kind::{
            AlteredRecord, BadSignature, Fork, Replay, TileMismatch, UnknownKey, WrongHash,
        };
        matches!(
            self,
            Fork | Replay | AlteredRecord | BadSignature | TileMismatch | UnknownKey | WrongHash
        )
    }

    /// Whether a damaged file on this machine can look like this.
    pub(crate) fn may_be_damage(self) -> bool {
        use Kind::{AlteredRecord, BadSignature, MalformedNote, MalformedRecord, MalformedTree};
        use Kind::{NoHash, OutsideTree, TileLength, TileMismatch, UnknownKey};
        matches!(
            self,
            AlteredRecord
                | BadSignature
                | MalformedNote
                | MalformedRecord
                | MalformedTree
                | NoHash
                | OutsideTree
                | TileLength
                | TileMismatch
                | UnknownKey
        )
    }

    /// What to do about it.
    #[must_use]
    pub fn next_step(self) -> &'static str {
        match self {
            Kind::Key => {
                "check GOSUMDB: the name of a known database, or NAME+HASH+KEY of one's own"
            }
            Kind::MalformedNote
            | Kind::MalformedTree
            | Kind::MalformedRecord
            | Kind::OutsideTree => {
                "the answer is not one of a checksum database: check GOSUMDB and the proxy, which may have answered with a page of its own"
            }
            Kind::UnknownKey => {
                "another database answered, or somebody in between: check GOSUMDB and the proxy, and use nothing that came from there"
            }
            Kind::BadSignature => {
                "somebody altered the answer on its way: use nothing that came through this proxy, and tell its owner"
            }
            Kind::Fork => {
                "this is proof of misbehaviour: keep both signed tree heads above, use nothing that was downloaded, and report them to the database's owner"
            }
            Kind::Replay => {
                "the server or proxy is behind: try again later or through another proxy; what was verified before stays valid"
            }
            Kind::TileLength | Kind::TileMismatch => {
                "the proxy serves damaged or altered parts of the log: try another proxy; nothing was accepted"
            }
            Kind::AlteredRecord => {
                "the record is not the one in the log: use nothing that came through this proxy, and tell its owner"
            }
            Kind::NoRecord => {
                "check the version; `goassay toolchain list` shows those that the proxy has"
            }
            Kind::NoHash => "the database answered with another module's record: check the proxy",
            Kind::WrongHash => {
                "the download was altered, or the proxy serves other bytes than were published; it was thrown away. Try another proxy and tell the owner of this one"
            }
            Kind::Fetch => "check the connection, GOPROXY and GOSUMDB",
            Kind::Local => {
                "make the folder writable, or choose another with XDG_DATA_HOME and XDG_CACHE_HOME"
            }
            Kind::KeptHead => {
                "if the file was damaged and not tampered with, remove it: the next run trusts the first tree head that it sees"
            }
        }
    }
}

/// Why a statement of the database was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What was wrong.
    pub kind: Kind,
    /// The cause in words.
    pub cause: String,
    /// Signed tree heads that prove it.
    pub evidence: Vec<String>,
    /// The request that failed, where one did.
    pub fetch: Option<FetchError>,
}

impl Error {
    pub(crate) fn new(kind: Kind, cause: impl Into<String>) -> Error {
        Error {
            kind,
            cause: cause.into(),
            evidence: Vec::new(),
            fetch: None,
        }
    }

    pub(crate) fn with_evidence(mut self, heads: [&[u8]; 2]) -> Error {
        self.evidence = heads
            .map(|head| String::from_utf8_lossy(head).into_owned())
            .to_vec();
        self
    }
}

impl From<FetchError> for Error {
    fn from(error: FetchError) -> Error {
        Error {
            fetch: Some(error.clone()),
            ..Error::new(Kind::Fetch, error.to_string())
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            Kind::Key => "the key of the checksum database is not usable",
            Kind::MalformedNote => "a signed tree head of the checksum database is malformed",
            Kind::UnknownKey => "a tree head is not signed by the checksum database",
            Kind::BadSignature => "a signature of the checksum database is wrong",
            Kind::MalformedTree => "what the checksum database signed is no tree head",
            Kind::MalformedRecord => "a record of the checksum database is malformed",
            Kind::Fork => "the checksum database contradicts what it said before",
            Kind::Replay => "the checksum database gave an older tree head than it did before",
            Kind::OutsideTree => "a record lies outside the checksum database's tree",
            Kind::TileLength => "a tile of the checksum database has the wrong length",
            Kind::TileMismatch => {
                "a tile of the checksum database does not fit its signed tree head"
            }
            Kind::AlteredRecord => "a record is not the one in the checksum database's tree",
            Kind::NoRecord => "the checksum database has no such version",
            Kind::NoHash => "the checksum database does not say the hash",
            Kind::WrongHash => "checksum mismatch",
            Kind::Fetch => "the checksum database could not be asked",
            Kind::Local => "what is kept of the checksum database cannot be used",
            Kind::KeptHead => "the kept tree head of the checksum database is not one",
        };
        write!(f, "{what}: {}", self.cause)
    }
}

impl std::error::Error for Error {}

//! Go toolchains as modules: which there are, one of them verified and unpacked, and where it lies.
//!
//! A pass of [`Fetcher::get`] means: the checksum database has recorded these contents for this version, proven by our
//! own verifier; what lies in the store is exactly that, with the modes that the go command gives it and each `_go.mod` under
//! its real name. It does not mean that the toolchain is what its source says: that is for rebuilding to show.

mod name;
mod store;
mod unpack;

pub use name::{Name, NotAToolchain, Platform, Version};
pub use store::{Installed, Receipt, Store};

use crate::dirhash;
use crate::fetch::Fetch;
use crate::module::Module;
use crate::proxy::{self, Proxies};
use crate::sumdb;
use std::fmt;
use std::fs::File;
use std::io::{self, Seek};
use std::path::{Path, PathBuf};

/// The module that has all toolchains as its versions.
pub const MODULE: &str = "golang.org/toolchain";

/// What is being done: for people who wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Another process fetches the same toolchain.
    Waiting,
    /// Asking the checksum database.
    LookingUp,
    /// Downloading.
    Downloading,
    /// Hashing what was downloaded.
    Checking,
    /// Unpacking.
    Unpacking,
}

/// Why there is no toolchain.
#[derive(Debug)]
pub enum Error {
    /// No proxy has it.
    Proxy(proxy::Error),
    /// The checksum database does not vouch for it.
    Database(sumdb::Error),
    /// What was downloaded is no module.
    Zip(dirhash::Error),
    /// What was downloaded is a module, and no toolchain.
    Contents(String),
    /// A file could not be read or written.
    File {
        /// What was tried: `read`, `write`, ….
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        error: io::Error,
    },
}

impl Error {
    fn file(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_owned();
        move |error| Error::File { verb, path, error }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Proxy(error) => error.fmt(f),
            Error::Database(error) => error.fmt(f),
            Error::Zip(error) => error.fmt(f),
            Error::Contents(why) => write!(f, "what was downloaded is no toolchain: {why}"),
            Error::File { verb, path, error } => {
                write!(f, "cannot {verb} {}: {error}", path.display())
            }
        }
    }
}

impl std::error::Error for Error {}

impl From<proxy::Error> for Error {
    fn from(error: proxy::Error) -> Error {
        Error::Proxy(error)
    }
}

impl From<sumdb::Error> for Error {
    fn from(error: sumdb::Error) -> Error {
        Error::Database(error)
    }
}

/// The toolchains that the proxies list, oldest first; what is no toolchain is left out.
///
/// # Errors
/// No proxy answers.
pub fn list(fetch: &dyn Fetch, proxies: &Proxies) -> Result<Vec<Name>, proxy::Error> {
    let versions = proxy::Client::new(fetch, proxies).versions(MODULE)?;
    let mut names: Vec<Name> = versions
        .iter()
        .filter_map(|v| Name::of_module(v).ok())
        .collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// Gets verified toolchains into a store.
pub struct Fetcher<'a> {
    /// The network.
    pub fetch: &'a dyn Fetch,
    /// Where modules come from.
    pub proxies: &'a Proxies,
    /// Who vouches for them.
    pub database: &'a sumdb::Client<'a>,
    /// Where they go.
    pub store: &'a Store,
    /// Told what is being done, before it is.
    pub observer: &'a dyn Fn(Stage),
}

/// What [`Fetcher::get`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was there.
    Present(Installed),
    /// It is there now.
    Fetched(Installed),
}

/// A module's zip whose contents the checksum database vouches for.
#[derive(Debug)]
pub struct Verified {
    /// The zip, at its beginning.
    pub file: File,
    /// Its length in bytes.
    pub length: u64,
    /// What the database said.
    pub statement: sumdb::Statement,
}

impl Fetcher<'_> {
    /// The toolchain in the store; fetched and verified where it is not there yet.
    ///
    /// # Errors
    /// It cannot be had, or what was had is not what was published. Then the store is as it was.
    pub fn get(&self, name: &Name) -> Result<Outcome, Error> {
        if let Some(installed) = self.store.find(name) {
            return Ok(Outcome::Present(installed));
        }
        let claim = self
            .store
            .claim(name, &|| (self.observer)(Stage::Waiting))?;
        // Whoever was waited for may have put it there.
        if let Some(installed) = self.store.find(name) {
            return Ok(Outcome::Present(installed));
        }
        let path = claim.scratch("zip");
        let file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(Error::file("write", &path))?;
        let verified = self.download(&name.module(), file);
        let unpacked = verified.and_then(|verified| {
            (self.observer)(Stage::Unpacking);
            claim.unpack(name, verified)
        });
        // Nobody looks at it any more.
        let _ = std::fs::remove_file(&path);
        unpacked.map(Outcome::Fetched)
    }

    /// The zip of a module in `file`, verified by its contents.
    ///
    /// # Errors
    /// As [`Fetcher::get`].
    pub fn download(&self, module: &Module, mut file: File) -> Result<Verified, Error> {
        // Without a proxy there is no reason to tell the database what is wanted.
        self.proxies.may_be_asked(&module.path)?;
        (self.observer)(Stage::LookingUp);
        let statement = self.database.lookup(module)?;
        (self.observer)(Stage::Downloading);
        let length = proxy::Client::new(self.fetch, self.proxies).zip(module, &mut file)?;
        (self.observer)(Stage::Checking);
        let rewound = |file: &mut File| file.rewind().map_err(|e| Error::Zip(e.into()));
        rewound(&mut file)?;
        let found = dirhash::of_zip(io::BufReader::new(&file)).map_err(Error::Zip)?;
        if found != statement.zip {
            let why = format!(
                "the download of {module} has {found}, {} recorded {}",
                statement.database, statement.zip
            );
            return Err(sumdb::Error::new(sumdb::Kind::WrongHash, why).into());
        }
        rewound(&mut file)?;
        Ok(Verified {
            file,
            length,
            statement,
        })
    }
}

#[cfg(test)]
mod tests;

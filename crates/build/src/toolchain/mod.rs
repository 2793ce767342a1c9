//! Go toolchains as modules: which there are, one of them verified and unpacked, and where it lies.
//!
//! A pass of [`Fetcher::get`] means: the checksum database has recorded these contents for this version, proven by our
//! own verifier; what lies in the store is exactly that, with the modes that the go command gives it and each `_go.mod` under
//! its real name. It does not mean that the toolchain is what its source says: that is for rebuilding to show.

pub(crate) mod downloads;
pub(crate) mod form;
mod name;
pub(crate) mod store;
pub(crate) mod unpack;

pub use downloads::{Error as PageError, Page, Posted};
pub use name::{Name, NotAToolchain, Platform, Version};
pub use store::{Installed, Receipt, Store};

use crate::dirhash;
use crate::fetch::Fetch;
use crate::module::Module;
use crate::proxy::{self, Proxies};
use crate::sumdb;
use downloads::Contents;
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
    /// The page with downloads does not help.
    Page(downloads::Error),
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
            Error::Page(error) => error.fmt(f),
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

impl From<downloads::Error> for Error {
    fn from(error: downloads::Error) -> Error {
        Error::Page(error)
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
    /// What vouches for it.
    pub vouched: Vouched,
}

/// What the checksum database said of a download.
#[derive(Debug, Clone)]
pub struct Vouched {
    /// Its statement.
    pub statement: sumdb::Statement,
    /// Length of the download in bytes.
    pub length: u64,
}

impl Fetcher<'_> {
    /// The toolchain in the store; fetched from the proxies and verified where it is not there yet.
    ///
    /// # Errors
    /// It cannot be had, or what was had is not what was published. Then the store is as it was.
    pub fn get(&self, name: &Name) -> Result<Outcome, Error> {
        self.obtain(name, "zip", &|claim, file| {
            let Verified { file, vouched } = self.download(&name.module(), file)?;
            (self.observer)(Stage::Unpacking);
            claim.install(name, vouched, &|goroot| {
                let file = file.try_clone().map_err(|e| Error::Zip(e.into()))?;
                unpack::unpack(file, &name.module(), goroot)
            })
        })
    }

    /// The toolchain in the store; fetched from a page with downloads where it is not there yet, and as much verified: it is what
    /// [`Fetcher::get`] gives.
    ///
    /// # Errors
    /// As [`Fetcher::get`].
    pub fn get_from(&self, page: &Page, name: &Name) -> Result<Outcome, Error> {
        self.obtain(name, "archive", &|claim, mut file| {
            let posted = page.find(self.fetch, name)?;
            (self.observer)(Stage::LookingUp);
            let statement = self.database.lookup(&name.module())?;
            (self.observer)(Stage::Downloading);
            let length = page.download(self.fetch, &posted, &mut file)?;
            (self.observer)(Stage::Checking);
            let contents = Contents::of(&claim.scratch("archive"), self.store.folder())?;
            let found = contents.h1(&name.module());
            check(&posted.file, found.as_deref(), &statement)?;
            (self.observer)(Stage::Unpacking);
            let vouched = Vouched { statement, length };
            claim.install(name, vouched, &|goroot| unpack_contents(&contents, goroot))
        })
    }

    /// The toolchain in the store; where it is not there yet, what `install` makes of a new file of this name.
    fn obtain(
        &self,
        name: &Name,
        what: &str,
        install: &dyn Fn(&store::Claim<'_>, File) -> Result<Installed, Error>,
    ) -> Result<Outcome, Error> {
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
        let path = claim.scratch(what);
        let file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(Error::file("write", &path))?;
        let installed = install(&claim, file);
        // Nobody looks at it any more.
        let _ = std::fs::remove_file(&path);
        installed.map(Outcome::Fetched)
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
        check(&module.to_string(), Some(&found), &statement)?;
        rewound(&mut file)?;
        let vouched = Vouched { statement, length };
        Ok(Verified { file, vouched })
    }
}

/// Whether a download has the hash that was recorded.
fn check(what: &str, found: Option<&str>, statement: &sumdb::Statement) -> Result<(), Error> {
    if found == Some(&statement.zip) {
        return Ok(());
    }
    let found = found.unwrap_or("no hash, for a file is there twice");
    let why = format!(
        "the download of {what} has {found}, {} recorded {}",
        statement.database, statement.zip
    );
    Err(sumdb::Error::new(sumdb::Kind::WrongHash, why).into())
}

fn unpack_contents(contents: &Contents, goroot: &Path) -> Result<unpack::Totals, Error> {
    let mut target = unpack::Target::new(goroot);
    for (name, entry) in contents.files() {
        let bytes = contents.read(entry)?;
        target.add(name, entry.mode, &mut bytes.as_slice())?;
    }
    target.finish()
}

/// Toolchains in a store without a database, for tests elsewhere.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// Puts the contents of a module's zip into the store, as if a database had recorded them.
    pub(crate) fn put(store: &Store, name: &Name, mut file: File) -> Installed {
        let zip = dirhash::of_zip(&file).unwrap();
        file.rewind().unwrap();
        let statement = sumdb::Statement {
            zip,
            go_mod: None,
            id: 0,
            tree_size: 1,
            database: "sums.example".to_owned(),
        };
        let length = file.metadata().unwrap().len();
        let vouched = Vouched { statement, length };
        let claim = store.claim(name, &|| ()).unwrap();
        let unpack = |goroot: &Path| {
            let zip = file.try_clone().unwrap();
            unpack::unpack(zip, &name.module(), goroot)
        };
        claim.install(name, vouched, &unpack).unwrap()
    }
}

#[cfg(test)]
mod tests;

//! The folder of unpacked toolchains, shared by processes.
//!
//! ```text
//! go1.25.14.linux-amd64/           appears by one rename, when it is complete
//!     goroot/                      GOROOT
//!     receipt.json                 what was verified
//! .go1.25.14.linux-amd64.lock      held while one is fetched or removed
//! .go1.25.14.linux-amd64.SCRATCH   what a process works on, gone with the next one that holds the lock
//! ```
//!
//! So whoever finds a toolchain finds a whole one, and a killed process leaves nothing that is trusted.

use super::name::Name;
use super::unpack::Totals;
use super::{Error, Vouched};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

const SCHEMA: &str = "goassay-toolchain/1";

/// The store below one folder.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

/// A toolchain in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Which.
    pub name: Name,
    /// Its GOROOT.
    pub goroot: PathBuf,
    /// What was verified when it was fetched.
    pub receipt: Receipt,
}

/// What was verified when a toolchain was fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    schema: String,
    /// Version of the module.
    pub version: String,
    /// Hash of its contents.
    pub h1: String,
    /// Name of the checksum database that vouches for it.
    pub database: String,
    /// Place of the record in its log.
    pub record: u64,
    /// Size of the tree in which the record was proven.
    pub tree_size: u64,
    /// Length of what was downloaded, in bytes.
    pub archive_bytes: u64,
    /// Files.
    pub files: u64,
    /// Length of all files in bytes.
    pub bytes: u64,
}

impl Store {
    /// The store in `folder`, which need not be there yet.
    #[must_use]
    pub fn new(folder: PathBuf) -> Store {
        Store { folder }
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A toolchain that is there, whole.
    #[must_use]
    pub fn find(&self, name: &Name) -> Option<Installed> {
        let folder = self.folder.join(name.folder());
        let receipt = fs::read(folder.join("receipt.json")).ok()?;
        let receipt: Receipt = serde_json::from_slice(&receipt).ok()?;
        let goroot = folder.join("goroot");
        let ours = receipt.schema == SCHEMA && receipt.version == name.module().version;
        (ours && goroot.is_dir()).then(|| Installed {
            name: name.clone(),
            goroot,
            receipt,
        })
    }

    /// All toolchains that are there, oldest version first.
    ///
    /// # Errors
    /// The folder is there and cannot be read.
    pub fn installed(&self) -> Result<Vec<Installed>, Error> {
        let names = self.entries()?;
        let named = names
            .iter()
            .filter_map(|n| Name::of_module(&format!("v0.0.1-{n}")).ok());
        let mut installed: Vec<Installed> = named.filter_map(|name| self.find(&name)).collect();
        installed.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(installed)
    }

    fn entries(&self) -> Result<Vec<String>, Error> {
        let failed = || Error::file("read", &self.folder);
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed())?,
        };
        let mut names = Vec::new();
        for entry in entries {
            names.extend(entry.map_err(failed())?.file_name().into_string());
        }
        names.sort();
        Ok(names)
    }

    /// Makes this process the only one that works on a toolchain; calls `waiting` once if another one does.
    pub(super) fn claim(&self, name: &Name, waiting: &dyn Fn()) -> Result<Claim<'_>, Error> {
        fs::create_dir_all(&self.folder).map_err(Error::file("write", &self.folder))?;
        let (lock, path) = self.lock_file(name)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                waiting();
                lock.lock().map_err(Error::file("lock", &path))?;
            }
            Err(TryLockError::Error(error)) => return Err(Error::file("lock", &path)(error)),
        }
        let claim = Claim {
            store: self,
            name: name.folder(),
            _lock: lock,
        };
        claim.sweep()?;
        Ok(claim)
    }

    fn lock_file(&self, name: &Name) -> Result<(File, PathBuf), Error> {
        let path = self.folder.join(format!(".{}.lock", name.folder()));
        let file = File::options().create(true).append(true).open(&path);
        file.map(|file| (file, path.clone()))
            .map_err(Error::file("write", &path))
    }

    /// Removes a toolchain; says whether it was there. Nobody ever sees half of it.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn remove(&self, name: &Name) -> Result<bool, Error> {
        let path = self.folder.join(name.folder());
        if !path.exists() {
            return Ok(false);
        }
        let claim = self.claim(name, &|| ())?;
        let going = claim.scratch("removed");
        match fs::rename(&path, &going) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            renamed => renamed.map_err(Error::file("remove", &path))?,
        }
        claim.sweep().map(|()| true)
    }

    /// Removes what processes that were stopped have left, unless another process works on it; gives the number of
    /// files and folders.
    ///
    /// # Errors
    /// Something cannot be removed.
    pub fn sweep(&self) -> Result<usize, Error> {
        let mut swept = 0;
        let entries = self.entries()?;
        let locks = entries
            .iter()
            .filter_map(|n| n.strip_prefix('.')?.strip_suffix(".lock"));
        for folder in locks {
            let Ok(name) = Name::of_module(&format!("v0.0.1-{folder}")) else {
                continue;
            };
            let scratch = scratch_prefix(folder);
            let left = entries.iter().filter(|n| is_scratch(n, &scratch)).count();
            let (lock, _) = self.lock_file(&name)?;
            if left > 0 && lock.try_lock().is_ok() {
                let claim = Claim {
                    store: self,
                    name: folder.to_owned(),
                    _lock: lock,
                };
                claim.sweep()?;
                swept += left;
            }
        }
        Ok(swept)
    }
}

fn scratch_prefix(folder: &str) -> String {
    format!(".{folder}.")
}

fn is_scratch(entry: &str, prefix: &str) -> bool {
    entry
        .strip_prefix(prefix)
        .is_some_and(|rest| rest != "lock")
}

/// The right to work on one toolchain, until dropped.
pub(super) struct Claim<'s> {
    store: &'s Store,
    name: String,
    _lock: File,
}

impl Claim<'_> {
    /// A path to work on.
    pub(super) fn scratch(&self, what: &str) -> PathBuf {
        self.store.folder.join(scratch_prefix(&self.name) + what)
    }

    /// Removes what an earlier process has left.
    fn sweep(&self) -> Result<(), Error> {
        let prefix = scratch_prefix(&self.name);
        for entry in self
            .store
            .entries()?
            .iter()
            .filter(|n| is_scratch(n, &prefix))
        {
            let path = self.store.folder.join(entry);
            remove(&path).map_err(Error::file("remove", &path))?;
        }
        Ok(())
    }

    /// Puts a verified toolchain in its place; `unpack` fills the folder that becomes its GOROOT.
    pub(super) fn install(
        &self,
        name: &Name,
        vouched: Vouched,
        unpack: &dyn Fn(&Path) -> Result<Totals, Error>,
    ) -> Result<Installed, Error> {
        let work = self.scratch("unpacked");
        let placed = self.install_from(&work, name, vouched, unpack);
        if placed.is_err() {
            // The first failure is the one that tells.
            let _ = remove(&work);
        }
        placed
    }

    fn install_from(
        &self,
        work: &Path,
        name: &Name,
        vouched: Vouched,
        unpack: &dyn Fn(&Path) -> Result<Totals, Error>,
    ) -> Result<Installed, Error> {
        let totals = unpack(&work.join("goroot"))?;
        let receipt = Receipt {
            schema: SCHEMA.to_owned(),
            version: name.module().version,
            h1: vouched.statement.zip,
            database: vouched.statement.database,
            record: vouched.statement.id,
            tree_size: vouched.statement.tree_size,
            archive_bytes: vouched.length,
            files: totals.files,
            bytes: totals.bytes,
        };
        let path = work.join("receipt.json");
        let written = serde_json::to_vec_pretty(&receipt).map_err(io::Error::from);
        written
            .and_then(|text| fs::write(&path, text))
            .map_err(Error::file("write", &path))?;
        let place = self.store.folder.join(&self.name);
        // Only a damaged one can be there: a whole one would have been found.
        remove(&place)
            .and_then(|()| fs::rename(work, &place))
            .map_err(Error::file("write", &place))?;
        Ok(Installed {
            name: name.clone(),
            goroot: place.join("goroot"),
            receipt,
        })
    }
}

/// Removes a file or a folder with all that is in it, if it is there.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

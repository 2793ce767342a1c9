//! Rebuilding a published Go from its source, and comparing every bit.
//!
//! What a pass means: the source in the posted archives, which the checksum database vouches for, was built by a chain of Go
//! toolchains that the result names, in an environment of which nothing was inherited, and every posted archive that was asked for
//! came out again: the whole file, or, where a named normalisation had to be applied to both sides, its contents.
//!
//! What it does not mean: that the source does what it should; that the C compiler, the kernel or the machine are honest
//! (for that, other people do the same elsewhere and the ledgers are merged); that Apple's signatures are right.

pub mod chain;
mod commands;
mod compare;
mod environment;
mod findings;
mod posted;
mod session;
mod source;
mod steps;
mod verification;
mod work;

pub use commands::Workshop;
pub use posted::{Given, INSTALLER_CONTENTS};
pub(crate) use source::{says_generated, sum};
pub use verification::{File, Form, Record, Status, Step, Sums, Verification};
pub(crate) use work::remove;

use crate::fetch::Fetch;
use crate::run;
use crate::toolchain::{self, Fetcher, Name, Platform, Version};
use chain::Choice;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What to rebuild.
#[derive(Debug, Clone)]
pub struct Request {
    /// Which Go.
    pub version: Version,
    /// For which platforms; none for all that are published.
    pub platforms: Vec<Platform>,
    /// Files of it as the download page has them, of these platforms.
    pub posted: Vec<Given>,
    /// By which chain.
    pub choice: Choice,
    /// Where it is built.
    pub host: Platform,
    /// The folder to work in. Nothing else may be in it.
    pub folder: PathBuf,
    /// How many platforms are built at a time.
    pub jobs: usize,
    /// Leave the folder as it is when all is well.
    pub keep: bool,
}

/// What a rebuild needs, by what releases needed before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// Bytes of disk.
    pub disk: u64,
    /// Bytes of memory.
    pub memory: u64,
    /// Processor time.
    pub processor: Duration,
}

/// Something that people who wait want to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// Another process works in the folder.
    Waiting,
    /// An earlier run was killed and has left processes behind: they are stopped.
    Stopping,
}

/// Told what happens. The order of calls is: `needs`, then for each step `begin`, `detail` any number of times, `end`.
pub trait Observer: Sync {
    /// What comes will need this much.
    fn needs(&self, needs: &Needs);
    /// Something about the folder.
    fn notice(&self, notice: Notice);
    /// A step begins, with so much work before it and so much in it, of so much in all.
    fn begin(&self, title: &str, work: Share);
    /// A line that the step's programs said.
    fn detail(&self, line: &str);
    /// A step ended: it was made in this time, or it was there already.
    fn end(&self, title: &str, made: Option<Duration>);
}

/// How much of the work a step is, in seconds of processor time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Before it.
    pub before: u64,
    /// In it.
    pub own: u64,
    /// In all.
    pub total: u64,
}

/// What was measured: apart from the facts, because it is never the same twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Measured {
    /// Most bytes of disk that the folder took, as far as was looked: at the end of each step.
    pub disk: u64,
}

/// Why a rebuild came to no end.
#[derive(Debug)]
pub enum Error {
    /// A toolchain cannot be had.
    Toolchain(toolchain::Error),
    /// There is no chain.
    Chain(chain::Error),
    /// The release does not promise that it can be rebuilt bit by bit.
    NotReproducible(Version),
    /// The proxy lists no toolchain of that version.
    NotPublished(Version),
    /// There is no C compiler.
    NoCompiler,
    /// There is not enough disk.
    Disk {
        /// Where.
        folder: PathBuf,
        /// Bytes that are needed.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// A program could not be run.
    Run(run::Error),
    /// A program failed.
    Failed {
        /// In which step.
        step: String,
        /// How it ended.
        status: String,
        /// What it said at the end.
        tail: Vec<String>,
        /// All that it said.
        log: PathBuf,
    },
    /// Something is not as it was made or fetched.
    Changed(String),
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
    pub(crate) fn file(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_owned();
        move |error| Error::File { verb, path, error }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Toolchain(error) => error.fmt(f),
            Error::Chain(error) => error.fmt(f),
            Error::NotReproducible(version) => write!(
                f,
                "go{version} was published before Go's builds could be repeated bit by bit, which began with 1.21"
            ),
            Error::NotPublished(version) => write!(f, "the proxy lists no go{version}"),
            Error::NoCompiler => write!(
                f,
                "there is no C compiler: none of {} is there",
                environment::C_COMPILERS.join(", ")
            ),
            Error::Disk {
                folder,
                needed,
                free,
            } => write!(
                f,
                "{} has {} MiB of free disk, and {} MiB are needed",
                folder.display(),
                free >> 20,
                needed >> 20
            ),
            Error::Run(error) => error.fmt(f),
            Error::Failed { step, status, .. } => write!(f, "{step} failed: {status}"),
            Error::Changed(what) => f.write_str(what),
            Error::File { verb, path, error } => {
                write!(f, "cannot {verb} {}: {error}", path.display())
            }
        }
    }
}

impl std::error::Error for Error {}

impl From<toolchain::Error> for Error {
    fn from(error: toolchain::Error) -> Error {
        Error::Toolchain(error)
    }
}

impl From<chain::Error> for Error {
    fn from(error: chain::Error) -> Error {
        Error::Chain(error)
    }
}

/// The releases that the proxies list for `platforms` (all of them where none is named) and whose builds can be repeated, oldest
/// first.
///
/// # Errors
/// No proxy answers.
pub fn verifiable(fetcher: &Fetcher<'_>, platforms: &[Platform]) -> Result<Vec<Name>, Error> {
    let wanted = |name: &Name| platforms.is_empty() || platforms.contains(&name.platform);
    let names = list(fetcher.fetch, fetcher)?.into_iter();
    Ok(names
        .filter(|name| name.version.is_release() && chain::is_reproducible(&name.version))
        .filter(wanted)
        .collect())
}

pub(crate) fn list(fetch: &dyn Fetch, fetcher: &Fetcher<'_>) -> Result<Vec<Name>, Error> {
    toolchain::list(fetch, fetcher.proxies).map_err(|error| Error::Toolchain(error.into()))
}

/// A C compiler of this system.
pub(crate) fn c_compiler() -> Option<PathBuf> {
    environment::c_compiler()
}

/// Rebuilds and compares.
///
/// # Errors
/// It came to no end, so there is no verdict. What was made so far is kept and used by the next run.
pub fn verify(
    request: &Request,
    fetcher: &Fetcher<'_>,
    observer: &dyn Observer,
) -> Result<(Verification, Measured), Error> {
    if !chain::is_reproducible(&request.version) {
        return Err(Error::NotReproducible(request.version.clone()));
    }
    session::run(request, fetcher, observer)
}

#[cfg(test)]
pub(crate) mod tests;

//! Running a plan: one program after the other, into a staging folder, each checked before anybody sees it.
//!
//! What is checked is that the file says what the plan wanted. Whether the plan was a good one is the audit's question.

mod check;
mod prove;
mod staging;

pub use check::check;
pub use prove::{Proof, prove};
pub use staging::Staging;

use crate::companion::{self, Companion};
use crate::plan::{Build, Plan};
use crate::run::{self, Program, Variable};
use goassay_binary::bytes::hexadecimal;
use sha2::{Digest, Sha256};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A program that was built and says what it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Its name below the output folder, with `/`.
    pub name: String,
    /// Its contents.
    pub bytes: Vec<u8>,
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// Its debug information, where that is apart.
    pub companion: Option<Companion>,
}

/// Why there is no program.
#[derive(Debug)]
pub enum Error {
    /// The go command could not be run.
    Run(run::Error),
    /// It could, and did not build; what it said was passed on.
    Failed {
        /// The program, and for what.
        what: String,
        /// How it ended, in words.
        status: String,
    },
    /// The file does not say what it has to.
    Otherwise {
        /// The file's name.
        name: String,
        /// What it says instead, a line each. Hostile.
        why: Vec<String>,
    },
    /// There is no debug information for it.
    NoCompanion {
        /// The program's name.
        name: String,
        /// Why.
        why: companion::Refused,
    },
    /// A file could not be written, read or renamed.
    File(PathBuf, io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Run(error) => error.fmt(f),
            Error::Failed { what, status } => write!(f, "go build did not build {what}: {status}"),
            Error::Otherwise { name, why } => {
                write!(f, "{name} is not what was planned: {}", why.join("; "))
            }
            Error::NoCompanion { name, why } => {
                write!(f, "there is no debug information for {name}: {why}")
            }
            Error::File(path, error) => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for Error {}

fn file(path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |error| Error::File(path.to_owned(), error)
}

/// What is told while programs are built.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// This one begins.
    Building(&'a Build),
    /// Its debug information is made.
    Debug(&'a Build),
    /// This one begins a second time.
    Proving(&'a Build),
    /// A line that the go command or a compiler said. Hostile.
    Said(&'a str),
}

/// Builds all programs of a plan.
///
/// # Errors
/// One of them does not come out as planned; nothing is published then.
pub fn produce(
    plan: &Plan,
    staging: &Staging,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Vec<Product>, Error> {
    let one = |build: &Build| {
        tell(Event::Building(build));
        let path = staging.place(&build.file)?;
        link(build, &build.argv_into(&path), staging, tell)?;
        let bytes = std::fs::read(&path).map_err(file(&path))?;
        let name = staging.name(&build.file);
        let why = check(build, &bytes);
        if !why.is_empty() {
            return Err(Error::Otherwise { name, why });
        }
        Ok(Product {
            companion: companion_of(build, &name, &bytes, staging, tell)?,
            sha256: hexadecimal(&Sha256::digest(&bytes)),
            name,
            bytes,
        })
    };
    plan.builds.iter().map(one).collect()
}

fn link(
    build: &Build,
    argv: &[std::ffi::OsString],
    staging: &Staging,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<(), Error> {
    let set = |setting: &crate::plan::Setting| {
        let value = setting.value.clone()?;
        Some(Variable::new(setting.name, value, setting.reason))
    };
    let environment: Vec<Variable> = build.environment.iter().filter_map(set).collect();
    let program = Program {
        argv: argv.to_vec(),
        environment: &environment,
        folder: &build.folder,
        log: &staging.log(),
        family: staging.family(),
    };
    let finished = run::run(&program, &mut |line| tell(Event::Said(line))).map_err(Error::Run)?;
    match finished.success {
        true => Ok(()),
        false => Err(Error::Failed {
            what: format!("{} for {}", build.package, build.target),
            status: finished.status,
        }),
    }
}

/// Links the program again with all debug information, and takes that apart from it.
fn companion_of(
    build: &Build,
    name: &str,
    shipped: &[u8],
    staging: &Staging,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Option<Companion>, Error> {
    let path = staging.scratch("with-debug");
    let Some(argv) = build.argv_with_debug_into(&path) else {
        return Ok(None);
    };
    tell(Event::Debug(build));
    link(build, &argv, staging, tell)?;
    let with_debug = std::fs::read(&path).map_err(file(&path))?;
    std::fs::remove_file(&path).map_err(file(&path))?;
    let base = name.rsplit('/').next().unwrap_or_default();
    let refused = |why| Error::NoCompanion {
        name: name.to_owned(),
        why,
    };
    companion::make(base, shipped, &with_debug)
        .map(Some)
        .map_err(refused)
}

#[cfg(all(test, unix))]
mod tests;

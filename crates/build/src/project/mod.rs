//! What there is to build: programs, modules, the Go that builds them, the checkout. Facts, asked of the go command and git.
//!
//! `answers` reads what they say without running anything, `ask` runs them.

mod answers;
mod ask;
mod compiler;

use crate::run;
use crate::toolchain::Version;
use goassay_binary::bytes::hexadecimal;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use answers::Malformed;
pub(crate) use answers::module_path;
pub use ask::{Asked, Asker, Error};
pub(crate) use ask::{git, git_settings};
pub use compiler::Compiler;

/// A project, as seen from one folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The folder that the go command is started in.
    pub folder: PathBuf,
    /// The Go that the project asks for.
    pub go: Go,
    /// Settings of the go command by name, as `go env` resolves them.
    pub settings: BTreeMap<String, String>,
    /// The commit and what is not in it; none outside a checkout.
    pub checkout: Option<Checkout>,
}

/// A Go, found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Go {
    /// Its GOROOT.
    pub goroot: PathBuf,
    /// Its version, with a vendor's suffix where it has one: `go1.26.8`.
    pub says: String,
    /// The release that it is, or is made of.
    pub version: Version,
    /// The folder of its compiler and linker (`GOTOOLDIR`).
    pub tools: PathBuf,
    /// The frozen FIPS 140 module that it has: the certified one, else version 1.0.0 (`v1.0.0-c2097c7c`). Hostile.
    pub fips140: Option<String>,
}

impl Project {
    /// Whether there is a module or a workspace to build in.
    #[must_use]
    pub fn is_in_module(&self) -> bool {
        let setting = |name: &str| self.settings.get(name).map_or("", String::as_str);
        let has_module = !matches!(setting("GOMOD"), "" | "/dev/null" | "NUL");
        has_module || !matches!(setting("GOWORK"), "" | "off")
    }
}

/// The programs of Go that have a part in what comes out, besides its go command.
const TOOLS: [&str; 4] = ["asm", "cgo", "compile", "link"];

impl Go {
    /// Its go command.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        go_program(&self.goroot)
    }

    /// SHA-256 of the programs that take part in a build, by name, lower-case hex. Reads them.
    ///
    /// # Errors
    /// One of them cannot be read.
    pub fn digests(&self) -> Result<Vec<(String, String)>, Error> {
        let of_tools = TOOLS.map(|name| (name, self.tools.join(executable(name))));
        let all = of_tools.into_iter().chain([("go", self.program())]);
        let digest = |(name, path): (&str, PathBuf)| match std::fs::read(&path) {
            Ok(bytes) => Ok((name.to_owned(), hexadecimal(&Sha256::digest(bytes)))),
            Err(error) => Err(Error::Run(run::Error {
                what: format!("read {}", path.display()),
                error,
            })),
        };
        all.map(digest).collect()
    }
}

/// The go command of a GOROOT.
#[must_use]
pub fn go_program(goroot: &Path) -> PathBuf {
    goroot.join("bin").join(executable("go"))
}

fn executable(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}

/// A package that was asked for or is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its import path; `command-line-arguments` where files were named.
    pub path: String,
    /// Whether it is a program.
    pub is_main: bool,
    /// Whether it belongs to Go.
    pub is_standard: bool,
    /// Whether it imports C, for the platform and the tags that were asked for.
    pub has_cgo: bool,
    /// The packages that it imports.
    pub imports: Vec<String>,
    /// Whether it was asked for, and not only imported.
    pub is_wanted: bool,
    /// The module that has it; none in the standard library.
    pub module: Option<Module>,
    /// Why it cannot be built, in the go command's words.
    pub error: Option<String>,
}

impl Package {
    /// Whether it is a program that was asked for.
    #[must_use]
    pub fn is_program(&self) -> bool {
        self.is_wanted && self.is_main
    }
}

/// A module that packages come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// Its path.
    pub path: String,
    /// Its version; none for what is built where it lies.
    pub version: Option<String>,
    /// Whether it is a main module: of this folder or workspace.
    pub is_main: bool,
    /// Where it lies.
    pub folder: Option<PathBuf>,
    /// The folder that stands in for it (`replace … => ./folder`); hostile.
    pub replaced_by_folder: Option<String>,
}

/// A checkout of git.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checkout {
    /// The commit, hexadecimal.
    pub commit: String,
    /// Its time, in seconds since 1970.
    pub time: i64,
    /// Tags of this commit, sorted.
    pub tags: Vec<String>,
    /// Files that are not as in the commit, with git's two letters before each; hostile.
    pub dirty: Vec<String>,
    /// The folder that holds it.
    pub root: PathBuf,
    /// The path of the module at its top, where there is one. Hostile.
    pub module: Option<String>,
    /// Whether git would see what is written into the output folder.
    pub shows_output: bool,
    /// What the module of the folder would be published as; known only where its Go leaves tags out and can be helped.
    pub published: Option<Published>,
}

/// What of a commit the version of a module is made of, when it is published.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Published {
    /// The path of the module.
    pub module: String,
    /// The language version that its go.mod asks for: `1.22`. Hostile.
    pub go: Option<String>,
    /// Its go.mod replaces or excludes modules.
    pub is_edited: bool,
    /// All files of the commit, also those outside the module. Hostile.
    pub files: Vec<Committed>,
}

/// A file of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Its name below the top of the repository, with `/`.
    pub name: String,
    /// It is a file, and no link or other repository.
    pub is_regular: bool,
}

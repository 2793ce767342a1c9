//! Which chains there can be: those that somebody named, or all that this machine can do.

use super::gccgo;
use crate::goroot;
use crate::rebuild::chain::{self, Choice, Error, Link};
use crate::rebuild::{self, c_compiler};
use crate::toolchain::{Name, Platform, Version};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What a chain begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// A published Go.
    Published(Version),
    /// The C compiler.
    C,
    /// A Go that is there.
    Goroot(PathBuf),
    /// The Go compiler of GCC, of this major version.
    Gccgo {
        /// The major version of GCC.
        number: u32,
        /// The folder that stands for its GOROOT; it is made when it is needed.
        goroot: PathBuf,
    },
}

/// A way to build the release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Its name, also that of its folder.
    pub name: String,
    /// What it begins with.
    pub start: Start,
    /// Its links, the first one first.
    pub links: Vec<Link>,
}

/// A chain that cannot be had on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotHere {
    /// What it would begin with.
    pub what: String,
    /// Why it cannot be had.
    pub why: String,
}

/// Folders in which distributions and people install Go.
const GOROOTS: [&str; 3] = ["usr/lib/go", "usr/lib/golang", "usr/local/go"];
/// Where Debian has one for each minor version: `go-1.22`.
const VERSIONED: (&str, &str) = ("usr/lib", "go-");
/// Emulators of other processors, for one program at a time.
const EMULATOR: (&str, &str) = ("usr/bin", "qemu-");

/// Makes chains for one release.
#[derive(Debug, Clone, Copy)]
pub struct Planner<'a> {
    /// The release.
    pub target: &'a Version,
    /// Where it is built.
    pub host: &'a Platform,
    /// What the proxies list.
    pub published: &'a [Name],
    /// The folder that chains have theirs in.
    pub folder: &'a Path,
}

impl Planner<'_> {
    /// From the published Go that the release asks for.
    ///
    /// # Errors
    /// None is published.
    pub fn short(&self) -> Result<Chain, Error> {
        let links = chain::plan(self.target, &Choice::Short, self.host, self.published)?;
        Ok(self.given("published", links))
    }

    /// From a C compiler.
    ///
    /// # Errors
    /// A link is not published.
    pub fn full(&self) -> Result<Chain, Error> {
        let links = chain::plan(self.target, &Choice::Full, self.host, self.published)?;
        Ok(self.given("c", links))
    }

    /// From a published Go.
    ///
    /// # Errors
    /// A link after it is not published.
    pub fn published(&self, version: &Version) -> Result<Chain, Error> {
        let first = Link::Published(version.clone());
        self.upward("published", first, version.minor().unwrap_or(0))
    }

    /// From the newest published Go before the release that is of another minor version than what [`Planner::short`] takes.
    fn other(&self, short: &Chain) -> Option<Chain> {
        let Start::Published(taken) = &short.start else {
            return None;
        };
        let names = self.published.iter().filter(|name| {
            let version = &name.version;
            name.platform == *self.host
                && version.is_release()
                && version.minor() != taken.minor()
                && taken < version
                && version < self.target
        });
        let newest = names.map(|name| &name.version).max()?;
        self.published(newest).ok()
    }

    /// From a Go that is there.
    ///
    /// # Errors
    /// It is none, or a link after it is not published.
    pub fn goroot(&self, path: &Path) -> Result<Chain, Error> {
        let path = fs::canonicalize(path)
            .map_err(|error| Error::Given(format!("cannot read {}: {error}", path.display())))?;
        let claim = goroot::claim(&path, Some(self.host))
            .map_err(|why| Error::Given(format!("{} is no Go: {why}", path.display())))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let minor = claim.version.minor().unwrap_or(0);
        self.upward(&name, Link::Folder(path.clone()), minor)
    }

    /// From the Go compiler of GCC.
    ///
    /// # Errors
    /// There is none, or a link is not published.
    pub fn gccgo(&self) -> Result<Chain, Error> {
        let found = gccgo::find(Path::new("/"));
        let newest = found
            .last()
            .ok_or_else(|| Error::Given(format!("there is no gccgo: {}", gccgo::MISSING)))?;
        self.of_gccgo(newest)
    }

    fn of_gccgo(&self, found: &gccgo::Found) -> Result<Chain, Error> {
        let name = format!("gccgo-{}", found.number);
        let goroot = self.folder.join(&name).join("goroot");
        let mut chain = self.upward(&name, Link::Folder(goroot.clone()), found.minor)?;
        chain.start = Start::Gccgo {
            number: found.number,
            goroot,
        };
        Ok(chain)
    }

    fn upward(&self, name: &str, first: Link, minor: u32) -> Result<Chain, Error> {
        let links = chain::upward(first, minor, self.target, self.host, self.published)?;
        Ok(self.given(name, links))
    }

    /// From given links.
    #[must_use]
    pub fn given(&self, name: &str, links: Vec<Link>) -> Chain {
        let start = match links.first() {
            Some(Link::Published(version)) => Start::Published(version.clone()),
            Some(Link::Folder(path)) => Start::Goroot(path.clone()),
            Some(Link::Built(_)) | None => Start::C,
        };
        let name = match &start {
            Start::Published(version) => format!("go{version}"),
            _ => folder_name(name),
        };
        Chain { name, start, links }
    }

    /// All that this machine can do, and what it cannot. `system` is `/`.
    ///
    /// # Errors
    /// What the release asks for is not published.
    pub fn all(&self, system: &Path) -> Result<(Vec<Chain>, Vec<NotHere>), Error> {
        let short = self.short()?;
        let mut here = Here::default();
        let other = self.other(&short);
        here.chains.push(short);
        let none = || vec!["the proxy lists none between them".to_owned()];
        here.add(
            "another published Go",
            other.map_or_else(|| Err(none()), |c| Ok(vec![c])),
        );
        here.add("a C compiler", self.of_c());
        here.add("a Go that is installed", self.installed(system));
        here.add("gccgo", self.of_gcc(system));
        here.add("another processor", Err(vec![emulator(system)]));
        Ok((here.chains, here.missing))
    }

    fn of_c(&self) -> Found {
        if c_compiler().is_none() {
            return Err(vec![rebuild::Error::NoCompiler.to_string()]);
        }
        self.full().map(|chain| vec![chain]).map_err(said)
    }

    fn installed(&self, system: &Path) -> Found {
        let (folder, prefix) = VERSIONED;
        let mut paths: Vec<PathBuf> = names(&system.join(folder), prefix);
        paths.extend(GOROOTS.iter().map(|path| system.join(path)));
        paths.retain(|path| path.join("bin/go").is_file());
        let real: BTreeSet<PathBuf> = paths
            .iter()
            .filter_map(|p| fs::canonicalize(p).ok())
            .collect();
        if real.is_empty() {
            let places = GOROOTS.map(|path| format!("/{path}")).join(", ");
            return Err(vec![format!("none is in /{folder}/{prefix}*, {places}")]);
        }
        each(real.iter().map(|path| self.goroot(path)))
    }

    fn of_gcc(&self, system: &Path) -> Found {
        let found = gccgo::find(system);
        if found.is_empty() {
            return Err(vec![gccgo::MISSING.to_owned()]);
        }
        each(found.iter().map(|found| self.of_gccgo(found)))
    }
}

/// Chains of one kind, or why there are none.
type Found = Result<Vec<Chain>, Vec<String>>;

fn said(error: Error) -> Vec<String> {
    vec![error.to_string()]
}

/// Those that can be; why there are none, where none can.
fn each(chains: impl Iterator<Item = Result<Chain, Error>>) -> Found {
    let (mut can, mut cannot) = (Vec::new(), Vec::new());
    for chain in chains {
        match chain {
            Ok(chain) => can.push(chain),
            Err(error) => cannot.push(error.to_string()),
        }
    }
    if can.is_empty() { Err(cannot) } else { Ok(can) }
}

#[derive(Default)]
struct Here {
    chains: Vec<Chain>,
    missing: Vec<NotHere>,
}

impl Here {
    fn add(&mut self, what: &str, found: Found) {
        match found {
            Ok(chains) => self.chains.extend(chains),
            Err(reasons) => self.missing.push(NotHere {
                what: what.to_owned(),
                why: reasons.join("; "),
            }),
        }
    }
}

fn emulator(system: &Path) -> String {
    let (folder, prefix) = EMULATOR;
    if names(&system.join(folder), prefix).is_empty() {
        return format!("there is no /{folder}/{prefix}*");
    }
    "qemu is there and not used: `toolchain verify --ledger` on a machine of that kind shows more"
        .to_owned()
}

/// Entries of a folder that begin like this, sorted.
fn names(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let begins = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with(prefix);
    let mut paths: Vec<PathBuf> = entries.flatten().filter(begins).map(|e| e.path()).collect();
    paths.sort();
    paths
}

/// A name that a folder may have.
fn folder_name(text: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+');
    let name: String = text
        .chars()
        .map(|c| if allowed(c) { c } else { '-' })
        .collect();
    let name = name.trim_start_matches(['.', '-']);
    if name.is_empty() {
        "chain".to_owned()
    } else {
        name.to_owned()
    }
}

/// Gives chains of the same name different ones and leaves out what is there twice.
///
/// # Errors
/// Fewer than two of them begin differently: then nothing can be shown.
pub fn distinct(chains: Vec<Chain>) -> Result<Vec<Chain>, Error> {
    let mut all: Vec<Chain> = Vec::new();
    for mut chain in chains {
        if all.iter().any(|known| known.links == chain.links) {
            continue;
        }
        let taken = |name: &str| all.iter().any(|known| known.name == name);
        let mut number = 2;
        let base = chain.name.clone();
        while taken(&chain.name) {
            chain.name = format!("{base}-{number}");
            number += 1;
        }
        all.push(chain);
    }
    match all.first() {
        Some(first) if all.iter().any(|chain| chain.start != first.start) => Ok(all),
        _ => Err(Error::Alike),
    }
}

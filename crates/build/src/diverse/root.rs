//! What a chain begins with, and what vouches for it: the programs by their hashes.

use super::gccgo::in_system;
use super::plan::{Chain, Start};
use crate::rebuild::{Error, Verification, c_compiler, sum};
use crate::run::{self, Program, Variable};
use crate::toolchain::{Fetcher, Name, Platform};
use goassay_binary::bytes::hexadecimal;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

/// Kinds of first links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A published Go.
    Published,
    /// A C compiler.
    C,
    /// A Go that was there.
    Goroot,
    /// The Go compiler of GCC.
    Gccgo,
}

impl Kind {
    /// The stable word for documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Published => "published",
            Kind::C => "c-compiler",
            Kind::Goroot => "goroot",
            Kind::Gccgo => "gccgo",
        }
    }
}

/// A first link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Its kind.
    pub kind: Kind,
    /// What it is, by its own words.
    pub says: String,
    /// Who vouches for it; nobody where there is none.
    pub vouched_by: Option<String>,
    /// The SHA-256 of the programs that it is made of.
    pub programs: BTreeMap<String, String>,
}

/// The program that turns source into code, by kind of toolchain: whose is the same is the same toolchain.
const COMPILERS: [&str; 4] = ["compile", "go1", "cc1", "cc"];
/// The programs of a Go that take part in building another one.
const TOOLS: [&str; 4] = ["asm", "cgo", "compile", "link"];
/// What a C compiler is made of.
const PARTS: [&str; 4] = ["as", "cc1", "collect2", "ld"];

impl Root {
    /// Whether it is the same toolchain. One of whose compiler nothing is known is only like itself.
    pub(super) fn is(&self, other: &Root) -> bool {
        let compiler = |root: &Root| {
            COMPILERS
                .iter()
                .find_map(|name| root.programs.get(*name).cloned())
        };
        match (compiler(self), compiler(other)) {
            (Some(one), Some(two)) => one == two,
            _ => self == other,
        }
    }

    /// Programs that both have, though they are not the same toolchain.
    pub(super) fn shared(&self, other: &Root) -> Vec<String> {
        if self.is(other) {
            return Vec::new();
        }
        let sums: Vec<&String> = other.programs.values().collect();
        let shared = self.programs.iter().filter(|(_, sum)| sums.contains(sum));
        shared.map(|(name, _)| name.clone()).collect()
    }
}

/// The first link of a chain that was built.
pub(super) fn of(
    chain: &Chain,
    verification: &Verification,
    host: &Platform,
    fetcher: &Fetcher<'_>,
) -> Result<Root, Error> {
    let first = verification
        .steps
        .iter()
        .find(|step| step.id.starts_with("chain/"));
    let title = first.map_or(String::new(), |step| step.title.clone());
    let root = |kind, says, programs| Root {
        kind,
        says,
        vouched_by: None,
        programs,
    };
    Ok(match &chain.start {
        Start::Published(version) => {
            let name = Name {
                version: version.clone(),
                platform: host.clone(),
            };
            let installed = fetcher.store.find(&name);
            let programs = installed
                .as_ref()
                .map(|i| of_go(&i.goroot, host))
                .transpose()?;
            let receipt = installed.map(|installed| installed.receipt);
            Root {
                vouched_by: receipt.map(|r| format!("{}, record {}", r.database, r.record)),
                ..root(Kind::Published, title, programs.unwrap_or_default())
            }
        }
        Start::C => root(Kind::C, title, of_c()?),
        Start::Goroot(path) => root(Kind::Goroot, first_line(path), of_go(path, host)?),
        Start::Gccgo { goroot, .. } => {
            let mut programs = sums(&goroot.join("programs"), None)?;
            programs.extend(sums(&goroot.join("bin"), None)?);
            root(Kind::Gccgo, first_line(goroot), programs)
        }
    })
}

fn first_line(goroot: &Path) -> String {
    let text = fs::read_to_string(goroot.join("VERSION")).unwrap_or_default();
    text.lines().next().unwrap_or("nothing").to_owned()
}

fn of_go(goroot: &Path, host: &Platform) -> Result<BTreeMap<String, String>, Error> {
    let tools = goroot.join(format!("pkg/tool/{}_{}", host.os, host.arch));
    let mut programs = sums(&goroot.join("bin"), Some(&["go"]))?;
    if tools.is_dir() {
        programs.extend(sums(&tools, Some(&TOOLS))?);
    }
    Ok(programs)
}

fn of_c() -> Result<BTreeMap<String, String>, Error> {
    let mut programs = BTreeMap::new();
    let Some(compiler) = c_compiler() else {
        return Ok(programs);
    };
    programs.insert("cc".to_owned(), hexadecimal(&sum(&compiler)?));
    for part in PARTS {
        // clang has most of them in one program.
        let path = ask(&compiler, &format!("-print-prog-name={part}"))?;
        let path = in_system(&path);
        if path.is_file() {
            programs.insert(part.to_owned(), hexadecimal(&sum(&path)?));
        }
    }
    Ok(programs)
}

/// The sums of files of a folder, by their names.
fn sums(folder: &Path, wanted: Option<&[&str]>) -> Result<BTreeMap<String, String>, Error> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(Error::file("read", folder))? {
        let path = entry.map_err(Error::file("read", folder))?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if path.is_file() && wanted.is_none_or(|wanted| wanted.contains(&name.as_ref())) {
            found.insert(name.into_owned(), hexadecimal(&sum(&path)?));
        }
    }
    Ok(found)
}

/// Where what nobody wants to keep goes, and where nothing comes from.
const NOTHING: &str = "/dev/null";

/// The first line that a program says when it is asked this.
pub(super) fn ask(program: &Path, option: &str) -> Result<String, Error> {
    let nothing = File::open(NOTHING).map_err(Error::file("read", Path::new(NOTHING)))?;
    let environment = [
        Variable::new("PATH", "/usr/bin:/bin", "the system"),
        Variable::new("LC_ALL", "C", "messages that do not depend on the user"),
    ];
    let asked = Program {
        argv: vec![program.into(), option.into()],
        environment: &environment,
        folder: Path::new("/"),
        log: Path::new(NOTHING),
        family: &nothing,
    };
    let mut said = None;
    let finished = run::run(&asked, &mut |line| {
        said.get_or_insert_with(|| line.to_owned());
    });
    let finished = finished.map_err(Error::Run)?;
    match said {
        Some(said) if finished.success => Ok(said),
        _ => Err(Error::Failed {
            step: format!("{} {option}", program.display()),
            status: finished.status,
            tail: finished.tail,
            log: NOTHING.into(),
        }),
    }
}

//! The Go compiler of GCC as a first link.
//!
//! make.bash wants a GOROOT with `bin/go` in it; GCC's go command finds its compiler and library by itself. So a folder of links
//! into the system is enough, and what it links to is what the chain rests on.

use super::root::ask;
use crate::rebuild::{Error, remove};
use std::fs;
use std::path::{Path, PathBuf};

/// What is looked for.
pub(super) const MISSING: &str = "no /usr/bin/go-N with a gccgo-N beside it, of GCC 10 or later";

/// An installed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    /// Major version of GCC.
    pub(super) number: u32,
    /// The minor version of Go that it knows.
    pub(super) minor: u32,
}

/// The Go that a GCC knows, by its release notes: nothing newer came since GCC 12.
fn minor(gcc: u32) -> Option<u32> {
    match gcc {
        0..=9 => None,
        10 => Some(14),
        11 => Some(16),
        _ => Some(18),
    }
}

/// All that are installed, oldest first.
pub(super) fn find(system: &Path) -> Vec<Found> {
    let bin = system.join("usr/bin");
    let Ok(entries) = fs::read_dir(&bin) else {
        return Vec::new();
    };
    let found = |entry: fs::DirEntry| {
        let name = entry.file_name();
        let number: u32 = name.to_str()?.strip_prefix("go-")?.parse().ok()?;
        let compiler = bin.join(format!("gccgo-{number}"));
        let minor = minor(number).filter(|_| compiler.is_file())?;
        Some(Found { number, minor })
    };
    let mut all: Vec<Found> = entries.flatten().filter_map(found).collect();
    all.sort();
    all
}

/// What it is made of: the name in the folder, and what GCC's driver calls it.
const PROGRAMS: [(&str, &str); 5] = [
    ("go1", "-print-prog-name=go1"),
    ("as", "-print-prog-name=as"),
    ("collect2", "-print-prog-name=collect2"),
    ("ld", "-print-prog-name=ld"),
    ("libgo.so", "-print-file-name=libgo.so"),
];

/// Makes the folder that stands for its GOROOT.
pub(super) fn make(number: u32, goroot: &Path) -> Result<(), Error> {
    remove(goroot)?;
    for folder in ["bin", "programs"] {
        let path = goroot.join(folder);
        fs::create_dir_all(&path).map_err(Error::file("write", &path))?;
    }
    let go = PathBuf::from(format!("/usr/bin/go-{number}"));
    link(&go, &goroot.join("bin/go"))?;
    let compiler = PathBuf::from(format!("/usr/bin/gccgo-{number}"));
    let programs = goroot.join("programs");
    link(&compiler, &programs.join("gccgo"))?;
    for (name, option) in PROGRAMS {
        let path = ask(&compiler, option)?;
        link(&in_system(&path), &programs.join(name))?;
    }
    let said = ask(&compiler, "--version")?;
    let version = goroot.join("VERSION");
    fs::write(&version, format!("{said}\n")).map_err(Error::file("write", &version))
}

/// The driver gives names without a folder for what it finds in PATH.
pub(super) fn in_system(path: &str) -> PathBuf {
    let path = Path::new(path);
    if path.components().count() == 1 {
        return Path::new("/usr/bin").join(path);
    }
    path.to_owned()
}

#[cfg(unix)]
fn link(to: &Path, at: &Path) -> Result<(), Error> {
    let real = fs::canonicalize(to).map_err(Error::file("read", to))?;
    std::os::unix::fs::symlink(real, at).map_err(Error::file("write", at))
}

#[cfg(not(unix))]
fn link(_: &Path, at: &Path) -> Result<(), Error> {
    let unsupported = std::io::Error::from(std::io::ErrorKind::Unsupported);
    Err(Error::file("write", at)(unsupported))
}

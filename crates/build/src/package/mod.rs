//! Packages of finished programs: archives and container images. Written only; `archive` reads.
//!
//! Names, contents and one time in, bytes out. Nothing else of the machine is in them: members are sorted, belong to nobody, have one of
//! two modes, and compressors have fixed settings. Names that would lead elsewhere when they are unpacked are errors.

mod archive;
pub mod notices;
pub mod oci;
mod tar;
mod zip;

pub use archive::archive;

use crate::archive::name;
use crate::plan::Target;
use std::fmt;
use std::io;

/// A kind of package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// A tar archive in gzip.
    TarGz,
    /// A tar archive in Zstandard.
    TarZst,
    /// A zip archive.
    Zip,
    /// A layout of container images, in a tar archive.
    Oci,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 4] = [Format::TarGz, Format::TarZst, Format::Zip, Format::Oci];

    /// The stable word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Format::TarGz => "tar.gz",
            Format::TarZst => "tar.zst",
            Format::Zip => "zip",
            Format::Oci => "oci",
        }
    }

    /// What ends the names of such files, behind a dot.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Format::Oci => "oci.tar",
            archive => archive.name(),
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// A file of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member<'a> {
    /// Its path below the root, with `/`. Hostile.
    pub name: &'a str,
    /// Its contents.
    pub bytes: &'a [u8],
    /// Whether it is a program: mode 0755, others have 0644.
    pub is_program: bool,
}

impl Member<'_> {
    fn mode(&self) -> u32 {
        if self.is_program { 0o755 } else { 0o644 }
    }
}

/// Why there is no package.
#[derive(Debug)]
pub enum Error {
    /// A name that no member may have.
    Name(String),
    /// Two members with one name, or with names that differ by letter case alone.
    Twice(String),
    /// The format has no room for it, or the compressor failed.
    Io(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Name(name) => write!(f, "{name:?} cannot be the name of a file in a package"),
            Error::Twice(name) => write!(
                f,
                "there are two files {name:?}, or their names differ by letter case alone"
            ),
            Error::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::Io(error)
    }
}

/// What packages are named after, before their ending: `server_v1.2.3_linux_amd64`.
///
/// `program` is a path below the output folder, `version` what the program says of itself.
#[must_use]
pub fn stem(program: &str, version: &str, target: &Target) -> String {
    format!(
        "{}_{}_{}",
        plain(base(program)),
        plain(release(version)),
        plain(&target.to_string().replace(['/', ','], "_"))
    )
}

/// The name of a program without folders and `.exe`.
#[must_use]
pub fn base(program: &str) -> &str {
    let last = program.rsplit('/').next().unwrap_or_default();
    last.strip_suffix(".exe").unwrap_or(last)
}

/// The version for names; that of a program that has none is `devel`.
fn release(version: &str) -> &str {
    match version {
        "" | "(devel)" => "devel",
        version => version,
    }
}

/// Everything but letters, digits, `.`, `_`, `+` and `-` as `-`.
fn plain(text: &str) -> String {
    let plain = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '_' | '+' | '-' => c,
        _ => '-',
    };
    text.chars().map(plain).collect()
}

/// Members in the order of a package: by name.
///
/// # Errors
/// A name that leads elsewhere on some system, or a name that is there twice.
fn sorted<'m, 'a>(members: &'m [Member<'a>]) -> Result<Vec<&'m Member<'a>>, Error> {
    let mut sorted: Vec<_> = members.iter().collect();
    for member in &sorted {
        checked(member.name)?;
    }
    sorted.sort_by_key(|member| member.name);
    let mut folded: Vec<String> = sorted.iter().map(|m| m.name.to_lowercase()).collect();
    folded.sort();
    let twice = folded.windows(2).find_map(|pair| match pair {
        [first, second] if first == second => Some(first.clone()),
        _ => None,
    });
    twice.map_or(Ok(sorted), |name| Err(Error::Twice(name)))
}

/// What readers of archives refuse, and what Windows takes for a stream of another file or for another name.
fn checked(name: &str) -> Result<(), Error> {
    let bad = || Error::Name(name.to_owned());
    let element = |element: &str| {
        !element.contains(':') && !element.ends_with(['.', ' ']) && element.len() <= LONGEST
    };
    let same = name::checked(name.as_bytes()).is_ok_and(|checked| checked == name);
    let fits = same && !name.is_empty() && name.split('/').all(element);
    fits.then_some(()).ok_or_else(bad)
}

/// Longest name of a file that file systems take, in bytes.
const LONGEST: usize = 255;

#[cfg(test)]
mod tests;

//! An installed Go against the toolchain that was published as its version.
//!
//! The reference proves itself: its files have to have the `h1:` that the checksum database recorded. Every file of the
//! installation then gets one class. What the module form does not have (`api`, `doc`, `misc`, `test`) cannot be checked and is said
//! so; what only building Go leaves behind and no go command reads is "generated". Everything else that is not as
//! published counts: edited, missing, unknown.

use crate::archive::{self, Entry, Kind, Sum, Tree};
use crate::compare::{diagnose, diff};
use crate::dirhash;
use crate::toolchain::form::{NOT_IN_MODULE, in_module};
use crate::toolchain::{Installed, Name, Platform, Version};
use goassay_binary::image::Image;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

/// What building Go leaves behind, and no go command reads.
const GENERATED: [&str; 3] = ["pkg/bootstrap", "pkg/distpack", "pkg/obj"];
/// Most edited files that are looked into.
const MAX_DIAGNOSED: usize = 40;
/// Lines of a text that are shown.
const LINES: usize = 8;
/// Longest edited file that is looked into, in bytes.
const MAX_LENGTH: u64 = 256 << 20;

/// What a file of an installation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Other contents than published, or no file where one was.
    Edited,
    /// Published, and not there.
    Missing,
    /// There, and not published.
    Unknown,
    /// As published, but it can be executed and should not, or the other way round, or everybody may write it.
    Mode,
    /// Left behind by building Go; read by no go command.
    Generated,
    /// In a folder that the module form does not have: not checked.
    NotInModule,
    /// As published.
    Identical,
}

impl Class {
    /// All, the worst first.
    pub const ALL: [Class; 7] = [
        Class::Edited,
        Class::Missing,
        Class::Unknown,
        Class::Mode,
        Class::Generated,
        Class::NotInModule,
        Class::Identical,
    ];

    /// The stable word for output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Class::Edited => "edited",
            Class::Missing => "missing",
            Class::Unknown => "unknown",
            Class::Mode => "mode",
            Class::Generated => "generated",
            Class::NotInModule => "not-in-module",
            Class::Identical => "identical",
        }
    }

    /// Whether an installation with such a file is not the published one.
    #[must_use]
    pub fn fails(self) -> bool {
        matches!(self, Class::Edited | Class::Missing | Class::Unknown)
    }
}

/// A file that is not as published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Path below GOROOT. Hostile.
    pub name: String,
    /// What it is.
    pub class: Class,
    /// How it differs, a line each. Hostile.
    pub details: Vec<String>,
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Files in each class.
    pub counts: BTreeMap<Class, usize>,
    /// Files that are edited, missing, unknown, or have another mode; by class, then by name.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether every published file is there as published, and none besides.
    #[must_use]
    pub fn is_genuine(&self) -> bool {
        !self.counts.keys().any(|class| class.fails())
    }
}

/// What an installation says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Its own words: the first line of `VERSION`.
    pub text: String,
    /// The release that it names.
    pub version: Version,
    /// What a vendor added to that.
    pub vendor: Option<String>,
    /// Where it runs.
    pub platform: Platform,
}

impl Claim {
    /// The published toolchain that it names.
    #[must_use]
    pub fn name(&self) -> Name {
        Name {
            version: self.version.clone(),
            platform: self.platform.clone(),
        }
    }
}

/// Reads what the installation in `goroot` says it is; `platform` where that is known already.
///
/// # Errors
/// It is no installation, or names no release: says why.
pub fn claim(goroot: &Path, platform: Option<&Platform>) -> Result<Claim, String> {
    let path = goroot.join("VERSION");
    let mut text = String::new();
    fs::File::open(&path)
        .and_then(|file| file.take(4096).read_to_string(&mut text))
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let text = text.lines().next().unwrap_or_default().trim().to_owned();
    let (version, vendor) = released(&text)
        .ok_or_else(|| format!("VERSION says {text:?}, which names no Go release"))?;
    let found = platform.cloned().or_else(|| platform_of(goroot));
    let platform =
        found.ok_or("neither pkg/tool nor bin/go says for which platform it is".to_owned())?;
    Ok(Claim {
        text,
        version,
        vendor,
        platform,
    })
}

/// The release in the first word of a VERSION, without what a vendor appended to it, and what that is.
#[must_use]
pub fn released(text: &str) -> Option<(Version, Option<String>)> {
    let rest = text.strip_prefix("go")?;
    let end = rest
        .find(|c: char| {
            !(c.is_ascii_digit() || matches!(c, '.' | 'r' | 'c' | 'b' | 'e' | 't' | 'a'))
        })
        .unwrap_or(rest.len());
    let (version, vendor) = rest.split_at_checked(end)?;
    let version = Version::parse(version.trim_end_matches('.')).ok()?;
    let vendor = vendor.trim();
    Some((version, (!vendor.is_empty()).then(|| vendor.to_owned())))
}

fn platform_of(goroot: &Path) -> Option<Platform> {
    let by_binary = || {
        ["bin/go", "bin/go.exe"]
            .iter()
            .find_map(|name| platform_of_binary(&goroot.join(name)))
    };
    let folders = fs::read_dir(goroot.join("pkg/tool")).ok();
    let names = folders.into_iter().flatten().flatten();
    let mut platforms: Vec<Platform> = names
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            Platform::parse(&name.replacen('_', "/", 1)).ok()
        })
        .collect();
    platforms.sort();
    match platforms.as_slice() {
        [one] => Some(one.clone()),
        _ => by_binary().filter(|one| platforms.is_empty() || platforms.contains(one)),
    }
}

fn platform_of_binary(path: &Path) -> Option<Platform> {
    let small = fs::metadata(path).ok()?.len() <= MAX_LENGTH;
    let bytes = small.then(|| fs::read(path).ok()).flatten()?;
    let image = Image::parse(&bytes).ok()?;
    let binary = goassay_binary::Binary::parse(&bytes).ok();
    let setting = |key| {
        binary
            .as_ref()?
            .build_info()
            .ok()?
            .setting(key)
            .map(str::to_owned)
    };
    let os = setting("GOOS").or(image.os.map(str::to_owned))?;
    let arch = setting("GOARCH").or(image.arch.map(str::to_owned))?;
    Platform::parse(&format!("{os}/{arch}")).ok()
}

/// Why there is no reference.
#[derive(Debug)]
pub enum Error {
    /// The folder cannot be read.
    Tree(archive::Error),
    /// The toolchain in the store is not what was put there: its hash, and the recorded one.
    Altered(String, String),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Tree(error) => error.fmt(f),
            Error::Altered(found, want) => write!(
                f,
                "the toolchain in the store was changed: its files have {found}, recorded was {want}"
            ),
        }
    }
}

impl std::error::Error for Error {}

impl From<archive::Error> for Error {
    fn from(error: archive::Error) -> Error {
        Error::Tree(error)
    }
}

/// A published toolchain, whose files have just been proven to be those that were recorded.
#[derive(Debug)]
pub struct Reference(Tree);

impl Reference {
    /// Its files.
    #[must_use]
    pub fn into_tree(self) -> Tree {
        self.0
    }

    /// Hashes the toolchain in the store, as a module again, and compares with what the checksum database recorded.
    ///
    /// # Errors
    /// It cannot be read, or was changed since.
    pub fn proven(installed: &Installed) -> Result<Reference, Error> {
        let tree = archive::open(&installed.goroot, &archive::Options::default())?;
        let prefix = installed.name.module().to_string();
        let files = tree.entries.iter().filter(|e| e.kind != Kind::Directory);
        let sums: BTreeMap<String, [u8; 32]> = files
            .map(|entry| {
                (
                    format!("{prefix}/{}", in_module(&entry.name)),
                    entry.sum.sha256,
                )
            })
            .collect();
        let (found, want) = (dirhash::of_files(&sums), &installed.receipt.h1);
        if found != *want {
            return Err(Error::Altered(found, want.clone()));
        }
        Ok(Reference(tree))
    }
}

/// Compares the installation in `goroot`, links followed, with the published toolchain.
///
/// # Errors
/// It cannot be read.
pub fn check(goroot: &Path, reference: &Reference) -> Result<Report, archive::Error> {
    let options = archive::Options {
        follow: true,
        ..archive::Options::default()
    };
    let installed = archive::open(goroot, &options)?;
    let own = files(&installed);
    let published = files(&reference.0);
    let mut classes: Vec<(&str, Class)> = Vec::new();
    for (name, entry) in &published {
        let class = own
            .get(name)
            .map_or(Class::Missing, |own| known(own, entry));
        classes.push((name, class));
    }
    let others = own.keys().filter(|name| !published.contains_key(*name));
    classes.extend(others.map(|name| (*name, unpublished(name))));
    let mut report = Report::default();
    for (_, class) in &classes {
        *report.counts.entry(*class).or_default() += 1;
    }
    classes.retain(|(_, class)| *class <= Class::Mode);
    classes.sort_by_key(|&(name, class)| (class, name));
    for (index, (name, class)) in classes.into_iter().enumerate() {
        let pair = (own.get(name).copied(), published.get(name).copied());
        let deep = index < MAX_DIAGNOSED;
        report.findings.push(Finding {
            name: name.to_owned(),
            class,
            details: details(class, pair, [&installed, &reference.0], deep)?,
        });
    }
    Ok(report)
}

fn files(tree: &Tree) -> BTreeMap<&str, &Entry> {
    let files = tree.entries.iter().filter(|e| e.kind != Kind::Directory);
    files.map(|entry| (entry.name.as_str(), entry)).collect()
}

fn known(own: &Entry, published: &Entry) -> Class {
    let executable = |entry: &Entry| entry.mode.map(|mode| mode & 0o111 != 0);
    let special = own.mode.is_some_and(|mode| mode & 0o7002 != 0);
    if own.kind != published.kind || own.sum != published.sum {
        Class::Edited
    } else if special || executable(own) != executable(published) {
        Class::Mode
    } else {
        Class::Identical
    }
}

/// The class of a file that was not published: generated, not in module form, or unknown.
pub(crate) fn unpublished(name: &str) -> Class {
    let below = |folder: &&str| {
        let rest = name.strip_prefix(*folder);
        rest.is_some_and(|rest| rest.starts_with('/'))
    };
    if NOT_IN_MODULE.iter().any(below) {
        Class::NotInModule
    } else if name == "VERSION.cache" || GENERATED.iter().any(below) {
        Class::Generated
    } else {
        Class::Unknown
    }
}

fn details(
    class: Class,
    (own, published): (Option<&Entry>, Option<&Entry>),
    [installed, reference]: [&Tree; 2],
    deep: bool,
) -> Result<Vec<String>, archive::Error> {
    let (Some(own), Some(published)) = (own, published) else {
        return Ok(Vec::new());
    };
    if class == Class::Mode {
        let mode = |entry: &Entry| {
            entry
                .mode
                .map_or("none".to_owned(), |mode| format!("{mode:04o}"))
        };
        return Ok(vec![format!(
            "mode {}, published {}",
            mode(own),
            mode(published)
        )]);
    }
    if own.kind != Kind::File {
        return Ok(vec![format!("it is a {}", own.kind.name())]);
    }
    let short = |sum: &Sum| sum.hex().get(..12).unwrap_or_default().to_owned();
    let (length, was) = (own.sum.length, published.sum.length);
    let sizes = format!(
        "{length} bytes, published {was}; SHA-256 {}…, published {}…",
        short(&own.sum),
        short(&published.sum)
    );
    if !deep || length.max(was) > MAX_LENGTH {
        return Ok(vec![sizes]);
    }
    let (now, before) = (installed.contents(own)?, reference.contents(published)?);
    Ok(match diff(&before, &now, LINES) {
        Some(lines) => lines,
        None => [vec![sizes], diagnose(&before, &now).in_words()].concat(),
    })
}

#[cfg(test)]
mod tests;

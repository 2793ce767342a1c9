//! Toolchains as the archives of a download page: `https://go.dev/dl/` and whoever serves the same files.
//!
//! The page (`?mode=json&include=all`) says which archives there are, how long they are and their SHA-256. None of that is
//! trusted: the page is a way to get bytes. An archive counts when the part of it that its module has too has the module's
//! `h1:` in the checksum database. So what came from here is what the proxy would have given, file by file; `api`, `doc`,
//! `misc` and `test`, for which nobody vouches, are left out.

use super::form::{NOT_IN_MODULE, in_module};
use super::{Name, Platform, Version};
use crate::archive::{self, Entry, Tree};
use crate::fetch::{Fetch, FetchError};
use crate::module::Module;
use crate::proxy::MAX_ZIP;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Seek;
use std::path::Path;

/// Longest list of downloads, in bytes. All releases until 2026 have 3 MB.
const MAX_PAGE: u64 = 32 << 20;

/// A page with downloads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    address: String,
}

/// An archive that a page offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The toolchain in it.
    pub name: Name,
    /// Its file name, without any folder.
    pub file: String,
    /// SHA-256, in hexadecimal digits.
    pub sha256: String,
    /// Length in bytes.
    pub size: u64,
}

/// Why a page offers nothing.
#[derive(Debug)]
pub enum Error {
    /// There is no answer.
    Fetch(FetchError),
    /// The answer is no list of downloads.
    List(String),
    /// It does not have the toolchain.
    Missing(Name),
    /// What was downloaded has another length or SHA-256 than the page says.
    Altered(String),
    /// What was downloaded is no archive.
    Archive(archive::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Fetch(error) => error.fmt(f),
            Error::List(why) => write!(f, "the answer is no list of downloads: {why}"),
            Error::Missing(name) => write!(f, "the page has no archive of {name}"),
            Error::Altered(why) => f.write_str(why),
            Error::Archive(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

#[derive(Deserialize)]
struct Release {
    files: Vec<Offer>,
}

#[derive(Deserialize)]
struct Offer {
    filename: String,
    os: String,
    arch: String,
    version: String,
    sha256: String,
    size: u64,
    kind: String,
}

impl Page {
    /// The page at an address such as `https://go.dev/dl`.
    #[must_use]
    pub fn new(address: &str) -> Page {
        Page {
            address: address.trim_end_matches('/').to_owned(),
        }
    }

    /// The archives of toolchains, oldest version first.
    ///
    /// # Errors
    /// The page does not answer, or not with a list.
    pub fn posted(&self, fetch: &dyn Fetch) -> Result<Vec<Posted>, Error> {
        let url = format!("{}/?mode=json&include=all", self.address);
        let bytes = fetch.get(&url, MAX_PAGE).map_err(Error::Fetch)?;
        let releases: Vec<Release> =
            serde_json::from_slice(&bytes).map_err(|error| Error::List(error.to_string()))?;
        let files = releases.into_iter().flat_map(|release| release.files);
        let mut posted: Vec<Posted> = files.filter_map(Posted::of).collect();
        posted.sort_by(|a, b| (&a.name, &a.file).cmp(&(&b.name, &b.file)));
        Ok(posted)
    }

    /// The archive of one toolchain.
    ///
    /// # Errors
    /// As [`Page::posted`]; the page does not have it.
    pub fn find(&self, fetch: &dyn Fetch, name: &Name) -> Result<Posted, Error> {
        let posted = self.posted(fetch)?;
        let found = posted.into_iter().find(|posted| posted.name == *name);
        found.ok_or_else(|| Error::Missing(name.clone()))
    }

    /// Puts an archive into `file` and gives its length in bytes, which is the posted one.
    pub(super) fn download(
        &self,
        fetch: &dyn Fetch,
        posted: &Posted,
        file: &mut File,
    ) -> Result<u64, Error> {
        let url = format!("{}/{}", self.address, posted.file);
        let length = fetch.download(&url, MAX_ZIP, file).map_err(Error::Fetch)?;
        file.rewind().map_err(|e| Error::Archive(e.into()))?;
        let sum = archive::Sum::of_file(file).map_err(Error::Archive)?;
        let sum = sum.hex();
        if (length, &sum) != (posted.size, &posted.sha256) {
            return Err(Error::Altered(format!(
                "the download of {} has {length} bytes with SHA-256 {sum}; the page says {} with {}",
                posted.file, posted.size, posted.sha256
            )));
        }
        Ok(length)
    }
}

impl Posted {
    /// None for sources, installers, and names that lead elsewhere.
    fn of(offer: Offer) -> Option<Posted> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let is_file = offer.filename.chars().all(plain) && !offer.filename.starts_with('.');
        let is_sum =
            offer.sha256.len() == 64 && offer.sha256.bytes().all(|b| b.is_ascii_hexdigit());
        // The page has the name of the archive, the module that of GOARCH.
        let arch = match offer.arch.as_str() {
            "armv6l" => "arm",
            arch => arch,
        };
        let name = Name {
            version: Version::parse(&offer.version).ok()?,
            platform: Platform::parse(&format!("{}/{arch}", offer.os)).ok()?,
        };
        (offer.kind == "archive" && is_file && is_sum).then(|| Posted {
            name,
            file: offer.filename,
            sha256: offer.sha256.to_ascii_lowercase(),
            size: offer.size,
        })
    }
}

/// A downloaded archive: the part of it that the module of the toolchain has too, and what is left out of that.
pub(crate) struct Contents {
    tree: Tree,
    /// What names of the GOROOT in it begin with.
    root: String,
}

impl Contents {
    /// The GOROOT in a folder of a tree; in all of it where that has no name.
    pub(crate) fn within(tree: Tree, root: &str) -> Contents {
        let root = match root {
            "" => String::new(),
            root => format!("{root}/"),
        };
        Contents { tree, root }
    }

    /// Reads the archive at `path`; what is decompressed lies in `scratch` meanwhile.
    pub(super) fn of(path: &Path, scratch: &Path) -> Result<Contents, Error> {
        let options = archive::Options {
            scratch: Some(scratch),
            ..archive::Options::default()
        };
        let tree = archive::open(path, &options).map_err(Error::Archive)?;
        Ok(Contents::within(tree, "go"))
    }

    /// All of it.
    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Names below GOROOT and their entries, in the order of the archive.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.all_files().filter(|(name, _)| !is_left_out(name))
    }

    /// Files that the module does not have.
    pub(crate) fn left_out(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.all_files().filter(|(name, _)| is_left_out(name))
    }

    /// What is no folder and not below GOROOT.
    pub(crate) fn beside(&self) -> impl Iterator<Item = &Entry> {
        let beside = |entry: &&Entry| !entry.name.starts_with(&self.root);
        let entries = self.tree.entries.iter();
        entries
            .filter(|entry| entry.kind != archive::Kind::Directory)
            .filter(beside)
    }

    /// The tree below GOROOT, whatever kind its entries are, without the files that the module does not have.
    pub(crate) fn into_goroot(self) -> Tree {
        let Contents { mut tree, root } = self;
        tree.entries.retain_mut(|entry| {
            let Some(name) = entry.name.strip_prefix(&root) else {
                return false;
            };
            entry.name = name.to_owned();
            entry.kind != archive::Kind::File || !is_left_out(&entry.name)
        });
        tree
    }

    fn all_files(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.tree.entries.iter().filter_map(|entry| {
            let name = entry.name.strip_prefix(&self.root)?;
            (entry.kind == archive::Kind::File).then_some((name, entry))
        })
    }

    /// The `h1:` hash that the module has if it holds the same files; none where one of them is there twice.
    pub(crate) fn h1(&self, module: &Module) -> Option<String> {
        let mut sums = BTreeMap::new();
        for (name, entry) in self.files() {
            let name = format!("{module}/{}", in_module(name));
            if sums.insert(name, entry.sum.sha256).is_some() {
                return None;
            }
        }
        Some(crate::dirhash::of_files(&sums))
    }

    /// The contents of a file.
    pub(crate) fn read(&self, entry: &Entry) -> Result<Vec<u8>, Error> {
        self.tree.contents(entry).map_err(Error::Archive)
    }
}

/// Whether a file below GOROOT is in a folder that the module does not have.
fn is_left_out(name: &str) -> bool {
    let folder = name.split_once('/').map(|(top, _)| top);
    folder.is_some_and(|top| NOT_IN_MODULE.contains(&top))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Net;

    const LIST: &str = "https://page.example/dl/?mode=json&include=all";

    fn posted(list: &str) -> Result<Vec<Posted>, Error> {
        let net = Net::default();
        net.set(LIST, Ok(list.as_bytes().to_vec()));
        Page::new("https://page.example/dl/").posted(&net)
    }

    fn offer(file: &str, platform: (&str, &str), kind: &str, sha256: &str) -> String {
        let (os, arch) = platform;
        format!(
            r#"{{"filename":"{file}","os":"{os}","arch":"{arch}","version":"go1.99.1","sha256":"{sha256}","size":7,"kind":"{kind}"}}"#
        )
    }

    #[test]
    fn archives_are_offered_and_nothing_else() {
        let sum = "AB".repeat(32);
        let linux = ("linux", "amd64");
        let offers = [
            offer("go1.99.1.linux-amd64.tar.gz", linux, "archive", &sum),
            offer(
                "go1.99.1.linux-armv6l.tar.gz",
                ("linux", "armv6l"),
                "archive",
                &sum,
            ),
            offer("go1.99.1.src.tar.gz", ("", ""), "source", &sum),
            offer(
                "go1.99.1.windows-386.msi",
                ("windows", "386"),
                "installer",
                &sum,
            ),
            offer("../../escaped", linux, "archive", &sum),
            offer("short", linux, "archive", "ab"),
        ];
        let list = format!(
            r#"[{{"version":"go1.99.1","stable":true,"files":[{}]}}]"#,
            offers.join(",")
        );
        let posted = posted(&list).unwrap();
        let names: Vec<String> = posted.iter().map(|p| p.name.to_string()).collect();
        assert_eq!(
            names,
            ["go1.99.1 for linux/amd64", "go1.99.1 for linux/arm"]
        );
        assert_eq!(posted[0].sha256, "ab".repeat(32));
    }

    #[test]
    fn what_is_no_list_is_an_error() {
        for list in ["<html>", "{}", "[{}]", "[1]"] {
            assert!(matches!(posted(list), Err(Error::List(_))), "{list}");
        }
    }
}

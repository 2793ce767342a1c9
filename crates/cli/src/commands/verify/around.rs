//! What is around a program: the files of its folder, or the entries of the archive that it is in.

use goassay_build::archive::{Entry, Kind, Sum, Tree};
use goassay_build::verify::beside::Around;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A folder of this machine.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// The folder of a file.
    pub(super) fn of(file: &Path) -> Folder {
        let parent = file
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        Folder(parent.unwrap_or(Path::new(".")).to_owned())
    }

    /// Its own name; empty where that is not known.
    pub(super) fn name(&self) -> String {
        let whole = self.0.canonicalize().ok();
        let name = whole.as_deref().and_then(Path::file_name);
        name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }

    /// A regular file; links are followed, as whoever unpacked the folder laid them.
    fn open(&self, name: &str) -> Option<io::Result<(File, u64)>> {
        let path = self.0.join(name);
        let length = std::fs::metadata(&path)
            .ok()
            .filter(std::fs::Metadata::is_file)?
            .len();
        Some(File::open(path).map(|file| (file, length)))
    }
}

impl Around for Folder {
    fn read(&self, name: &str, longest: u64) -> Option<Result<Vec<u8>, String>> {
        let read = |(file, length): (File, u64)| {
            let mut bytes = Vec::new();
            if length > longest {
                return Err(too_long(longest));
            }
            let read = file.take(longest).read_to_end(&mut bytes);
            read.map(|_| bytes).map_err(|error| unreadable(&error))
        };
        Some(
            self.open(name)?
                .map_err(|error| unreadable(&error))
                .and_then(read),
        )
    }

    fn sha256(&self, name: &str) -> Option<Result<String, String>> {
        let hash = |(mut file, _): (File, u64)| {
            let sum = Sum::of_file(&mut file);
            sum.map(|sum| sum.hex()).map_err(|error| error.to_string())
        };
        Some(
            self.open(name)?
                .map_err(|error| unreadable(&error))
                .and_then(hash),
        )
    }
}

/// The folder of an entry in a tree of files.
pub(super) struct Beneath<'t> {
    tree: &'t Tree,
    /// Its name, with `/`; empty at the top.
    folder: &'t str,
}

impl<'t> Beneath<'t> {
    /// The folder of an entry.
    pub(super) fn of(tree: &'t Tree, entry: &'t Entry) -> Beneath<'t> {
        let folder = entry.name.rsplit_once('/').map_or("", |(folder, _)| folder);
        Beneath { tree, folder }
    }

    /// Its own name, without those above.
    pub(super) fn name(&self) -> &'t str {
        self.folder.rsplit('/').next().unwrap_or_default()
    }

    fn entry(&self, name: &str) -> Option<&'t Entry> {
        let (folder, name) = match name.strip_prefix("../") {
            None => (self.folder, name),
            Some(_) if self.folder.is_empty() => return None,
            Some(name) => (
                self.folder.rsplit_once('/').map_or("", |(above, _)| above),
                name,
            ),
        };
        let path = match folder {
            "" => name.to_owned(),
            folder => format!("{folder}/{name}"),
        };
        self.tree
            .find(&path)
            .filter(|entry| entry.kind == Kind::File)
    }
}

impl Around for Beneath<'_> {
    fn read(&self, name: &str, longest: u64) -> Option<Result<Vec<u8>, String>> {
        let entry = self.entry(name)?;
        if entry.sum.length > longest {
            return Some(Err(too_long(longest)));
        }
        Some(self.tree.contents(entry).map_err(|error| error.to_string()))
    }

    fn sha256(&self, name: &str) -> Option<Result<String, String>> {
        Some(Ok(self.entry(name)?.sum.hex()))
    }
}

/// The same with a build record that was given: it takes the place of one beside the program.
pub(super) struct WithRecord<'a> {
    pub around: &'a dyn Around,
    /// The name that the record would have there.
    pub name: String,
    pub record: &'a [u8],
}

impl Around for WithRecord<'_> {
    fn read(&self, name: &str, longest: u64) -> Option<Result<Vec<u8>, String>> {
        match name == self.name {
            true => Some(Ok(self.record.to_vec())),
            false => self.around.read(name, longest),
        }
    }

    fn sha256(&self, name: &str) -> Option<Result<String, String>> {
        match name == self.name {
            true => Some(Ok(Sum::of(self.record).hex())),
            false => self.around.sha256(name),
        }
    }
}

fn too_long(longest: u64) -> String {
    format!("it is longer than {} MiB", longest >> 20)
}

fn unreadable(error: &io::Error) -> String {
    format!("it cannot be read: {error}")
}

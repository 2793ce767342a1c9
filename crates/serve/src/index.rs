//! Which file holds what, by GNU build ID: made by walking folders, and again from time to time.
//!
//! Links are not followed, so nothing outside the folders gets in. A file that changed since it was indexed is not served.

use goassay_binary::bytes::hexadecimal;
use goassay_binary::debuginfo::{debug_file, may_be_debug_file};
use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Gives the bytes of a file: mapped, or read into memory. Called for ELF files only.
pub type Open = dyn Fn(&Path) -> io::Result<Box<dyn AsRef<[u8]>>> + Send + Sync;

/// Deepest folder that is looked into.
const DEEPEST: usize = 64;

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) len: u64,
    modified: Option<SystemTime>,
    /// Which file it is, where the system says so.
    inode: u64,
}

impl Stamp {
    pub(crate) fn of(meta: &Metadata) -> Stamp {
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(meta);
        #[cfg(not(unix))]
        let inode = 0;
        Stamp {
            len: meta.len(),
            modified: meta.modified().ok(),
            inode,
        }
    }

    /// Another text for another state.
    pub(crate) fn tag(&self) -> String {
        let since = self
            .modified
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let nanos = since.map_or(0, |since| since.as_nanos());
        format!("\"{:x}-{nanos:x}-{:x}\"", self.len, self.inode)
    }
}

/// A file as it was indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Indexed {
    pub(crate) path: PathBuf,
    pub(crate) stamp: Stamp,
}

impl Indexed {
    /// The file, if it is still the one that was indexed.
    pub(crate) fn open(&self) -> Option<File> {
        let file = File::open(&self.path).ok()?;
        self.is_unchanged(&file).then_some(file)
    }

    /// Whether an open file is the one that was indexed.
    pub(crate) fn is_unchanged(&self, file: &File) -> bool {
        let meta = file.metadata();
        meta.is_ok_and(|meta| meta.is_file() && Stamp::of(&meta) == self.stamp)
    }
}

/// What there is for one build ID.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) debug: Option<Arc<Indexed>>,
    pub(crate) code: Option<Arc<Indexed>>,
}

/// What was found out about one file.
#[derive(Debug, Clone)]
struct Known {
    stamp: Stamp,
    /// The build ID, and whether there is code and debug information; none for any other file.
    facts: Option<(String, bool, bool)>,
}

/// All files of some folders.
#[derive(Debug, Default)]
pub struct Index {
    ids: BTreeMap<String, Held>,
    files: BTreeMap<PathBuf, Known>,
    unread: Vec<PathBuf>,
}

impl Index {
    /// Walks folders. What `before` says of files that did not change is taken from there.
    ///
    /// Where two files hold the same for one build ID, the first by path is served.
    #[must_use]
    pub fn of(folders: &[PathBuf], before: &Index, open: &Open) -> Index {
        let mut index = Index::default();
        for folder in folders {
            index.walk(folder, before, open, 0);
        }
        for (path, known) in &index.files {
            let Some((id, has_code, has_debug)) = &known.facts else {
                continue;
            };
            let held = index.ids.entry(id.clone()).or_default();
            let file = Arc::new(Indexed {
                path: path.clone(),
                stamp: known.stamp,
            });
            if *has_debug {
                held.debug.get_or_insert_with(|| Arc::clone(&file));
            }
            if *has_code {
                held.code.get_or_insert(file);
            }
        }
        index
    }

    /// How many build IDs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Nothing is served.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Folders and files that could not be read, in the order of the walk.
    #[must_use]
    pub fn unread(&self) -> &[PathBuf] {
        &self.unread
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Held> {
        self.ids.get(id)
    }

    fn walk(&mut self, folder: &Path, before: &Index, open: &Open, depth: usize) {
        let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let Ok(mut entries) = entries else {
            self.unread.push(folder.to_owned());
            return;
        };
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth < DEEPEST => {
                    self.walk(&path, before, open, depth + 1);
                }
                Ok(kind) if kind.is_file() => match known(&path, before, open) {
                    Ok(known) => drop(self.files.insert(path, known)),
                    Err(_) => self.unread.push(path),
                },
                // Links are left alone: what they lead to is another folder's.
                Ok(_) => {}
                Err(_) => self.unread.push(path),
            }
        }
    }
}

fn known(path: &Path, before: &Index, open: &Open) -> io::Result<Known> {
    let mut file = File::open(path)?;
    let stamp = Stamp::of(&file.metadata()?);
    if let Some(known) = before.files.get(path).filter(|known| known.stamp == stamp) {
        return Ok(known.clone());
    }
    let mut beginning = [0; 4];
    let is_candidate = match file.read_exact(&mut beginning) {
        Ok(()) => may_be_debug_file(&beginning),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => false,
        Err(e) => return Err(e),
    };
    let facts = match is_candidate {
        true => facts((*open(path)?).as_ref()),
        false => None,
    };
    Ok(Known { stamp, facts })
}

fn facts(data: &[u8]) -> Option<(String, bool, bool)> {
    let file = debug_file(data).ok()?;
    let id = file.build_id.filter(|id| !id.is_empty())?;
    Some((hexadecimal(id), file.has_code, file.has_debug))
}

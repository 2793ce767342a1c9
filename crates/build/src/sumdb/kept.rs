//! What is kept of a database between runs: the last signed head, and tiles and records that were proven.
//!
//! Everything but the head can be lost without harm. The head is what a fork or a replay is noticed by: it only ever
//! moves forward, in one step that processes do not disturb each other in.

use super::error::{Error, Kind};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A place for what is kept of one database.
pub trait Kept {
    /// What was kept under a path of the database.
    fn read(&self, path: &str) -> Option<Vec<u8>>;

    /// Keeps something; a failure is no loss but of time.
    fn write(&self, path: &str, bytes: &[u8]);

    /// The last signed head.
    ///
    /// # Errors
    /// There may be one, and it cannot be read.
    fn head(&self) -> Result<Option<Vec<u8>>, Error>;

    /// Replaces the head if it still is `old`; says whether it was.
    ///
    /// # Errors
    /// It cannot be written.
    fn replace_head(&self, old: Option<&[u8]>, new: &[u8]) -> Result<bool, Error>;

    /// Where the head is, for people.
    fn described(&self) -> String;
}

/// Files: the head in a folder that is backed up with the user's data, the rest in one that may be emptied.
#[derive(Debug, Clone)]
pub struct Folders {
    head: PathBuf,
    cache: PathBuf,
}

impl Folders {
    /// Keeps the head of the database `name` below `data`, and the rest below `cache`.
    #[must_use]
    pub fn new(data: &Path, cache: &Path, name: &str) -> Folders {
        // A name may have slashes; none of its elements may lead elsewhere.
        let folder: String = name
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || c == '-' {
                    c
                } else {
                    '_'
                }
            })
            .collect();
        Folders {
            head: data.join("sumdb").join(&folder).join("latest"),
            cache: cache.join("sumdb").join(folder),
        }
    }

    fn failed(&self, verb: &str, error: &io::Error) -> Error {
        let why = format!("cannot {verb} {}: {error}", self.head.display());
        Error::new(Kind::Local, why)
    }

    fn read_head(&self) -> io::Result<Option<Vec<u8>>> {
        match fs::read(&self.head) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        }
    }

    fn swap_head(&self, old: Option<&[u8]>, new: &[u8]) -> io::Result<bool> {
        if let Some(folder) = self.head.parent() {
            fs::create_dir_all(folder)?;
        }
        let lock = File::create(self.head.with_extension("lock"))?;
        lock.lock()?;
        if self.read_head()?.as_deref() != old {
            return Ok(false);
        }
        write_whole(&self.head, new).map(|()| true)
    }
}

impl Kept for Folders {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        fs::read(self.cache.join(path)).ok()
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.cache.join(path);
        let folder = path.parent().unwrap_or(&self.cache);
        // It is a help only: the next run asks again.
        let _ = fs::create_dir_all(folder).and_then(|()| write_whole(&path, bytes));
    }

    fn head(&self) -> Result<Option<Vec<u8>>, Error> {
        self.read_head()
            .map_err(|error| self.failed("read", &error))
    }

    fn replace_head(&self, old: Option<&[u8]>, new: &[u8]) -> Result<bool, Error> {
        self.swap_head(old, new)
            .map_err(|error| self.failed("write", &error))
    }

    fn described(&self) -> String {
        self.head.display().to_string()
    }
}

/// Writes a file whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(temporary);
    let written = File::create(&temporary)
        .and_then(|mut file| {
            io::Write::write_all(&mut file, bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Nothing that outlives the process.
#[derive(Debug, Default)]
pub struct Memory {
    head: RefCell<Option<Vec<u8>>>,
    files: RefCell<BTreeMap<String, Vec<u8>>>,
}

impl Kept for Memory {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.files.borrow().get(path).cloned()
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        self.files
            .borrow_mut()
            .insert(path.to_owned(), bytes.to_vec());
    }

    fn head(&self) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.head.borrow().clone())
    }

    fn replace_head(&self, old: Option<&[u8]>, new: &[u8]) -> Result<bool, Error> {
        let mut head = self.head.borrow_mut();
        let same = head.as_deref() == old;
        if same {
            *head = Some(new.to_vec());
        }
        Ok(same)
    }

    fn described(&self) -> String {
        "memory".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kept: &dyn Kept) {
        assert_eq!(kept.head().unwrap(), None);
        assert!(!kept.replace_head(Some(b"x"), b"one").unwrap());
        assert!(kept.replace_head(None, b"one").unwrap());
        assert!(
            !kept.replace_head(None, b"two").unwrap(),
            "somebody was quicker"
        );
        assert!(kept.replace_head(Some(b"one"), b"two").unwrap());
        assert_eq!(kept.head().unwrap().as_deref(), Some(&b"two"[..]));
        kept.write("tile/8/0/x001/000", b"t");
        assert_eq!(kept.read("tile/8/0/x001/000").as_deref(), Some(&b"t"[..]));
        assert_eq!(kept.read("tile/8/0/x001"), None);
    }

    #[test]
    fn the_head_moves_from_what_was_seen_only() {
        check(&Memory::default());
        let root = tempfile::tempdir().unwrap();
        check(&Folders::new(
            &root.path().join("d"),
            &root.path().join("c"),
            "host/../x",
        ));
        let lost = Folders::new(&root.path().join("d"), &root.path().join("c2"), "host/../x");
        assert_eq!(
            lost.head().unwrap().as_deref(),
            Some(&b"two"[..]),
            "an emptied cache loses no head"
        );
    }

    #[test]
    fn a_head_that_cannot_be_read_is_not_taken_for_none() {
        let root = tempfile::tempdir().unwrap();
        let kept = Folders::new(root.path(), root.path(), "n");
        fs::create_dir_all(root.path().join("sumdb/n/latest")).unwrap();
        assert_eq!(kept.head().unwrap_err().kind, Kind::Local);
    }
}

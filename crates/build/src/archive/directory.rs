//! A folder as a tree.
//!
//! Links are entries, or stand for what they point to where that is asked for (a distribution's GOROOT is made of links); then
//! they may lead out of the folder, because its owner made them.

use super::{Entry, Error, Facts, Format, Kind, Options, Place, Reader, Sum, Tree, hash_all};
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

pub(super) fn read(root: &Path, options: &Options<'_>) -> Result<Tree, Error> {
    let mut walk = Walk {
        options,
        entries: Vec::new(),
        bytes: 0,
        parents: Vec::new(),
    };
    walk.folder(root, "")?;
    let mut entries = walk.entries;
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    hash_all(&mut entries, &Reader::Paths)?;
    Ok(Tree {
        format: Format::Directory,
        entries,
        facts: Facts::new(),
        reader: Reader::Paths,
    })
}

struct Walk<'o> {
    options: &'o Options<'o>,
    entries: Vec<Entry>,
    bytes: u64,
    /// The folders that are being read, as they are without links.
    parents: Vec<PathBuf>,
}

impl Walk<'_> {
    fn folder(&mut self, path: &Path, prefix: &str) -> Result<(), Error> {
        let failed = |error| Error::Read(path.to_owned(), error);
        let real = fs::canonicalize(path).map_err(failed)?;
        if self.parents.contains(&real) {
            return Err(Error::Circle(path.to_owned()));
        }
        self.parents.push(real);
        for entry in fs::read_dir(path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let file = entry.file_name();
            let file = file
                .to_str()
                .ok_or_else(|| Error::Name(file.to_string_lossy().into_owned()))?;
            self.entry(&entry.path(), format!("{prefix}{file}"))?;
        }
        self.parents.pop();
        Ok(())
    }

    fn entry(&mut self, path: &Path, name: String) -> Result<(), Error> {
        let failed = |error| Error::Read(path.to_owned(), error);
        let itself = fs::symlink_metadata(path).map_err(failed)?;
        // A link to nothing stays a link.
        let target = (self.options.follow && itself.is_symlink()).then(|| fs::metadata(path));
        let meta = target.and_then(Result::ok).unwrap_or(itself);
        let kind = kind(path, &meta)?;
        let (sum, place) = match kind {
            Kind::File => (Sum::expected(meta.len()), Place::Path(path.to_owned())),
            _ => (Sum::of(b""), Place::Nowhere),
        };
        self.bytes = self.bytes.saturating_add(sum.length);
        let folder = (kind == Kind::Directory).then(|| format!("{name}/"));
        self.entries.push(Entry {
            name,
            kind,
            mode: mode(&meta),
            mtime: mtime(&meta),
            sum,
            facts: Facts::new(),
            place,
        });
        let limits = &self.options.limits;
        if self.entries.len() > limits.entries || self.bytes > limits.bytes {
            return Err(Error::TooLarge);
        }
        folder.map_or(Ok(()), |prefix| self.folder(path, &prefix))
    }
}

fn kind(path: &Path, meta: &Metadata) -> Result<Kind, Error> {
    Ok(if meta.is_dir() {
        Kind::Directory
    } else if meta.is_file() {
        Kind::File
    } else if meta.is_symlink() {
        let target = fs::read_link(path).map_err(|e| Error::Read(path.to_owned(), e))?;
        Kind::Symlink(target.to_string_lossy().into_owned())
    } else {
        Kind::Special("special file")
    })
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "there is none elsewhere")]
fn mode(meta: &Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    Some(meta.permissions().mode() & 0o7777)
}

#[cfg(not(unix))]
fn mode(_: &Metadata) -> Option<u32> {
    None
}

fn mtime(meta: &Metadata) -> Option<i64> {
    let since = meta
        .modified()
        .ok()?
        .duration_since(std::time::UNIX_EPOCH)
        .ok()?;
    i64::try_from(since.as_secs()).ok()
}

//! A folder beside the final names: whole files appear by rename, or none does.

use super::{Error, file};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// Begins the name of what a killed run leaves.
const PREFIX: &str = ".goassay-";
/// Held by all processes of a run.
const LOCK: &str = "lock";
/// Longer than a run takes to lock a folder that it has made.
const BEGINNING: Duration = Duration::from_secs(60);

/// What is made, before it is published. Gone when dropped.
#[derive(Debug)]
pub struct Staging {
    output: PathBuf,
    folder: TempDir,
    family: File,
}

impl Staging {
    /// A staging folder in `output`, which is made where it is not there. What a killed run left is removed.
    ///
    /// # Errors
    /// It cannot be written to.
    pub fn new(output: &Path) -> Result<Staging, Error> {
        fs::create_dir_all(output).map_err(file(output))?;
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(output);
        let folder = folder.map_err(file(output))?;
        let family = locked(folder.path())?;
        remove_abandoned(output, folder.path());
        Ok(Staging {
            output: output.to_owned(),
            folder,
            family,
        })
    }

    /// The lock that all processes of this run hold.
    pub(super) fn family(&self) -> &File {
        &self.family
    }

    /// What processes say.
    pub(super) fn log(&self) -> PathBuf {
        self.scratch("log")
    }

    /// The name of a final file below the output folder, with `/`.
    pub(super) fn name(&self, target: &Path) -> String {
        let below = target.strip_prefix(&self.output).unwrap_or(target);
        let elements: Vec<_> = below
            .iter()
            .map(|element| element.to_string_lossy())
            .collect();
        elements.join("/")
    }

    /// Where a final file is made; its folder is there then.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn place(&self, target: &Path) -> Result<PathBuf, Error> {
        let path = self.files().join(self.name(target));
        let folder = path.parent().unwrap_or(&path);
        fs::create_dir_all(folder).map_err(file(folder))?;
        Ok(path)
    }

    /// Writes a file of the output.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.place(&self.output.join(name))?;
        fs::write(&path, bytes).map_err(file(&path))
    }

    /// A file that is not published.
    pub(super) fn scratch(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn files(&self) -> PathBuf {
        self.scratch("files")
    }

    /// Gives all files their final names, in the order of `names`: the last one says that all are there.
    ///
    /// # Errors
    /// One of them cannot be renamed; those before it are there.
    pub fn publish(self, names: &[String]) -> Result<(), Error> {
        // A list of what is there must not outlive what it lists.
        if let Some(last) = names.last() {
            let _ = fs::remove_file(self.output.join(last));
        }
        for name in names {
            let (from, to) = (self.files().join(name), self.output.join(name));
            let folder = to.parent().unwrap_or(&to);
            fs::create_dir_all(folder).map_err(file(folder))?;
            sync(&from)?;
            fs::rename(&from, &to).map_err(file(&to))?;
        }
        Ok(())
    }
}

/// A lock file that is locked from the moment that it has its name.
fn locked(folder: &Path) -> Result<File, Error> {
    let (unnamed, lock) = (folder.join("unlocked"), folder.join(LOCK));
    let family = File::create(&unnamed).map_err(file(&unnamed))?;
    family.lock().map_err(file(&lock))?;
    fs::rename(&unnamed, &lock).map_err(file(&lock))?;
    Ok(family)
}

/// On the disk before it has its name: a machine that stops must not leave an empty file under it.
fn sync(path: &Path) -> Result<(), Error> {
    File::open(path)
        .and_then(|it| it.sync_all())
        .map_err(file(path))
}

/// Removes folders of runs that ended without removing theirs: `own` is the one of this run.
fn remove_abandoned(output: &Path, own: &Path) {
    let Ok(entries) = fs::read_dir(output) else {
        return;
    };
    for folder in entries.flatten().map(|entry| entry.path()) {
        let name = folder.file_name().unwrap_or_default();
        if name.to_string_lossy().starts_with(PREFIX) && folder != own && is_abandoned(&folder, own)
        {
            // Somebody else may be removing the same. The lock goes last: without it, what else is there would be nobody's.
            remove_all_but_the_lock(&folder);
            let _ = fs::remove_dir_all(&folder);
        }
    }
}

/// Whether there is a lock that nobody holds; or none, in a folder that was made long before: by a run that was killed there and then.
fn is_abandoned(folder: &Path, own: &Path) -> bool {
    if let Ok(lock) = File::open(folder.join(LOCK)) {
        return lock.try_lock().is_ok();
    }
    let time = |path: &Path| fs::metadata(path).and_then(|it| it.modified()).ok();
    let age = time(own).zip(time(folder));
    age.is_some_and(|(own, other)| own.duration_since(other).is_ok_and(|age| age > BEGINNING))
}

fn remove_all_but_the_lock(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        if !path.ends_with(LOCK) {
            let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().flatten();
        let mut names: Vec<_> = entries
            .map(|e| e.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn nothing_is_seen_before_it_is_published() {
        let root = tempfile::tempdir().unwrap();
        let output = root.path().join("a/out");
        let staging = Staging::new(&output).unwrap();
        staging.write("x/server", b"1").unwrap();
        staging.write("SHA256SUMS", b"2").unwrap();
        assert!(names(&output).iter().all(|name| name.starts_with(PREFIX)));
        let list = ["x/server", "SHA256SUMS"].map(str::to_owned);
        staging.publish(&list).unwrap();
        assert_eq!(names(&output), ["SHA256SUMS", "x"]);
        assert_eq!(fs::read(output.join("x/server")).unwrap(), b"1");
    }

    #[test]
    fn what_is_not_published_is_gone_and_so_is_what_a_killed_run_left() {
        let root = tempfile::tempdir().unwrap();
        let running = Staging::new(root.path()).unwrap();
        let killed = root.path().join(".goassay-killed");
        fs::create_dir(&killed).unwrap();
        fs::write(killed.join("lock"), "").unwrap();
        drop(Staging::new(root.path()).unwrap());
        assert_eq!(names(root.path()).len(), 1, "only the one that runs");
        drop(running);
        assert!(names(root.path()).is_empty());
    }

    #[test]
    fn a_folder_without_a_lock_is_removed_when_it_is_old() {
        let root = tempfile::tempdir().unwrap();
        for (name, age) in [(".goassay-old", 100), (".goassay-new", 0)] {
            let folder = root.path().join(name);
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("with-debug"), "").unwrap();
            let handle = File::open(&folder).unwrap();
            let now = handle.metadata().unwrap().modified().unwrap();
            handle.set_modified(now - Duration::from_secs(age)).unwrap();
        }
        drop(Staging::new(root.path()).unwrap());
        assert_eq!(names(root.path()), [".goassay-new"]);
    }

    #[test]
    fn while_a_folder_is_removed_it_keeps_its_lock() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("files")).unwrap();
        for name in ["files/server", "lock", "with-debug"] {
            fs::write(root.path().join(name), "").unwrap();
        }
        remove_all_but_the_lock(root.path());
        assert_eq!(names(root.path()), ["lock"]);
    }
}

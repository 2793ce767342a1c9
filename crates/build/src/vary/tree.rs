//! A project's tree: listed once, copied for each build, edited in the copy. The tree itself is only read.

use super::change::Edit;
use goassay_binary::bytes::hexadecimal;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Most entries and bytes of a tree.
const MAX_ENTRIES: usize = 1_000_000;
/// Most bytes of a tree.
const MAX_BYTES: u64 = 8 << 30;
/// 2001-02-03, when all files were last changed that [`Edit::Times`] edits.
const OTHER_TIME: u64 = 981_158_400;
/// Nothing of a repository but this is shared between copies: git never changes a file there.
const OBJECTS: &str = ".git/objects";

/// A tree.
#[derive(Debug, Clone)]
pub struct Tree {
    root: PathBuf,
    left_out: BTreeSet<PathBuf>,
    bytes: u64,
    /// Whether the repository lies elsewhere (a worktree or a submodule).
    is_linked: bool,
    reverse: bool,
}

/// A file, folder or link of a tree, by its path in it.
struct Entry {
    path: PathBuf,
    about: Metadata,
}

impl Tree {
    /// The tree in `root` without what git ignores, if that is wanted.
    ///
    /// # Errors
    /// It cannot be read, or is too large.
    pub fn of(root: &Path, with_ignored: bool) -> io::Result<Tree> {
        let git = root.join(".git");
        let mut tree = Tree {
            root: root.to_owned(),
            left_out: BTreeSet::new(),
            bytes: 0,
            is_linked: git.is_file(),
            reverse: false,
        };
        if git.exists() && !with_ignored {
            tree.left_out = ignored(root);
        }
        if tree.is_linked {
            tree.left_out.insert(".git".into());
        }
        tree.bytes = tree
            .entries()?
            .iter()
            .filter(|e| e.about.is_file())
            .map(|e| e.about.len())
            .sum();
        if tree.bytes > MAX_BYTES {
            let why = format!("the tree has more than {} GiB", MAX_BYTES >> 30);
            return Err(io::Error::other(why));
        }
        Ok(tree)
    }

    /// Where it lies.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether it has a git repository.
    #[must_use]
    pub fn has_repository(&self) -> bool {
        self.root.join(".git").exists()
    }

    /// SHA-256 over names, kinds, modes, times and contents; of git's objects their names alone, which are digests.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn digest(&self) -> io::Result<String> {
        let mut all = Sha256::new();
        for Entry { path, about } in self.entries()? {
            // Git writes its index whenever it is asked something.
            if path.starts_with(".git/index") {
                continue;
            }
            let time = about
                .modified()?
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or_default();
            let kind = (about.is_dir(), about.is_symlink(), about.permissions());
            let is_gits = path.starts_with(".git");
            all.update(format!("{path:?} {kind:?}"));
            if !is_gits && about.is_file() {
                all.update(format!(" {time:?}"));
            }
            if about.is_symlink() {
                all.update(
                    fs::read_link(self.root.join(&path))?
                        .as_os_str()
                        .as_encoded_bytes(),
                );
            } else if about.is_file() && !path.starts_with(OBJECTS) {
                all.update(digest_of(&self.root.join(&path))?);
            }
        }
        Ok(hexadecimal(&all.finalize()))
    }

    /// Everything in it, folders before what they have.
    fn entries(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            for name in self.names(&folder)? {
                let path = folder.join(name);
                if self.left_out.contains(&path) {
                    continue;
                }
                let about = fs::symlink_metadata(self.root.join(&path))?;
                if about.is_dir() {
                    folders.push(path.clone());
                }
                if about.is_dir() || about.is_file() || about.is_symlink() {
                    entries.push(Entry { path, about });
                }
                if entries.len() > MAX_ENTRIES {
                    return Err(io::Error::other("the tree has more than a million files"));
                }
            }
        }
        Ok(entries)
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        let entries = fs::read_dir(self.root.join(folder))?;
        let mut names: Vec<OsString> = entries
            .map(|e| e.map(|e| e.file_name()))
            .collect::<io::Result<_>>()?;
        names.sort();
        if self.reverse {
            names.reverse();
        }
        Ok(names)
    }

    /// Copies it to `to`, which is not there yet, and edits the copy.
    ///
    /// # Errors
    /// Something cannot be read, written or edited.
    pub fn copy(&self, to: &Path, edits: &[Edit]) -> io::Result<()> {
        let is = |edit| edits.contains(&edit);
        let reversed = Tree {
            reverse: is(Edit::Order) && !gives_reversed(to)?,
            ..self.clone()
        };
        let entries = reversed.entries()?;
        fs::create_dir_all(to)?;
        for entry in &entries {
            self.copy_one(entry, to, is(Edit::Modes))?;
        }
        if self.is_linked {
            own_repository(&self.root, to)?;
        }
        for edit in edits {
            edit_repository(*edit, to)?;
        }
        // From the inside out, and last: whatever is written to a folder changes its time.
        for (index, entry) in entries.iter().enumerate().rev() {
            set_time(entry, to, is(Edit::Times).then_some(index))?;
        }
        Ok(())
    }

    fn copy_one(&self, Entry { path, about }: &Entry, to: &Path, narrow: bool) -> io::Result<()> {
        let (from, to) = (self.root.join(path), to.join(path));
        if about.is_dir() {
            return fs::create_dir(&to);
        }
        if about.is_symlink() {
            return link(&fs::read_link(&from)?, &to);
        }
        if path.starts_with(OBJECTS) && fs::hard_link(&from, &to).is_ok() {
            return Ok(());
        }
        io::copy(&mut File::open(&from)?, &mut File::create_new(&to)?)?;
        let is_gits = path.starts_with(".git");
        fs::set_permissions(&to, permissions(about, narrow && !is_gits))
    }
}

#[cfg(unix)]
fn link(target: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, at)
}

#[cfg(not(unix))]
fn link(_: &Path, at: &Path) -> io::Result<()> {
    Err(io::Error::other(format!("{} is a link", at.display())))
}

#[cfg(unix)]
fn permissions(about: &Metadata, narrow: bool) -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    let mask = if narrow { 0o7700 } else { 0o7777 };
    fs::Permissions::from_mode(about.permissions().mode() & mask)
}

#[cfg(not(unix))]
fn permissions(about: &Metadata, _: bool) -> fs::Permissions {
    about.permissions()
}

/// The times of the original, or another one, later for earlier files.
fn set_time(entry: &Entry, to: &Path, other: Option<usize>) -> io::Result<()> {
    let at = to.join(&entry.path);
    let is_gits = entry.path.starts_with(".git");
    if entry.about.is_symlink() || entry.path.starts_with(OBJECTS) || !at.exists() {
        return Ok(());
    }
    let time = match other.filter(|_| !is_gits) {
        Some(index) => SystemTime::UNIX_EPOCH + Duration::from_secs(OTHER_TIME - index as u64),
        None => entry.about.modified()?,
    };
    File::open(&at)?.set_modified(time)
}

fn digest_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut hash = Sha256::new();
    let mut file = File::open(path)?;
    let mut piece = vec![0; 1 << 16];
    loop {
        match io::Read::read(&mut file, &mut piece)? {
            0 => return Ok(hash.finalize().to_vec()),
            read => hash.update(piece.get(..read).unwrap_or_default()),
        }
    }
}

/// Whether a folder beside `to` that is filled from a to h gives h to a.
fn gives_reversed(to: &Path) -> io::Result<bool> {
    let folder = to.with_extension("order");
    fs::create_dir_all(&folder)?;
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    for name in names {
        File::create(folder.join(name))?;
    }
    let entries = fs::read_dir(&folder)?.collect::<io::Result<Vec<_>>>()?;
    let given: Vec<OsString> = entries.iter().map(fs::DirEntry::file_name).collect();
    fs::remove_dir_all(&folder)?;
    Ok(given.iter().rev().eq(names.iter().map(OsStr::new)))
}

/// What git leaves out of a checkout.
fn ignored(root: &Path) -> BTreeSet<PathBuf> {
    let words = [
        "ls-files",
        "--others",
        "--ignored",
        "--exclude-standard",
        "--directory",
        "-z",
    ];
    let said = git(root, &words).unwrap_or_default();
    let text = String::from_utf8_lossy(&said).into_owned();
    let paths = text.split('\0').map(|path| path.trim_end_matches('/'));
    paths
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
        .collect()
}

fn git(folder: &Path, words: &[&str]) -> io::Result<Vec<u8>> {
    let own = [
        ("GIT_COMMITTER_NAME", "goassay"),
        ("GIT_COMMITTER_EMAIL", "goassay@localhost"),
        ("GIT_COMMITTER_DATE", "1000000000 +0000"),
    ];
    let answer = crate::project::git(words.iter().copied(), folder, folder, &own);
    let answer = answer.map_err(io::Error::other)?;
    match answer.code {
        Some(0) => Ok(answer.stdout),
        _ => Err(io::Error::other(format!(
            "git {}: {}",
            words.join(" "),
            answer.stderr.trim()
        ))),
    }
}

/// Gives the copy a repository of its own: git in a copy of a worktree would change the worktree's.
fn own_repository(root: &Path, copy: &Path) -> io::Result<()> {
    replace_repository(root, copy, &["clone", "--quiet", "--no-checkout"])?;
    match git(root, &["remote", "get-url", "origin"]) {
        Ok(address) => {
            let address = String::from_utf8_lossy(&address);
            git(copy, &["remote", "set-url", "origin", address.trim()]).map(drop)
        }
        Err(_) => git(copy, &["remote", "remove", "origin"]).map(drop),
    }
}

/// The repository of `copy` is what these words make of that of `from`; its files stay as they are.
fn replace_repository(from: &Path, copy: &Path, words: &[&str]) -> io::Result<()> {
    let clone = copy.with_extension("clone");
    let from = format!("file://{}", from.display());
    let to = clone.to_string_lossy().into_owned();
    let words: Vec<&str> = words
        .iter()
        .copied()
        .chain([from.as_str(), to.as_str()])
        .collect();
    git(copy.parent().unwrap_or(copy), &words)?;
    let own = copy.join(".git");
    if own.exists() {
        fs::remove_dir_all(&own)?;
    }
    fs::rename(clone.join(".git"), &own)?;
    fs::remove_dir_all(&clone)?;
    git(copy, &["reset", "--quiet"]).map(drop)
}

fn edit_repository(edit: Edit, copy: &Path) -> io::Result<()> {
    const ADDRESS: &str = "https://goassay-elsewhere.invalid/other.git";
    match edit {
        Edit::Order | Edit::Times | Edit::Modes => Ok(()),
        Edit::Dirty => fs::write(copy.join("goassay-vary-not-committed"), "dirty\n"),
        Edit::NoRepository => fs::remove_dir_all(copy.join(".git")),
        Edit::Tag => tag(copy),
        Edit::Remote => {
            let set = git(copy, &["remote", "set-url", "origin", ADDRESS]);
            set.or_else(|_| git(copy, &["remote", "add", "origin", ADDRESS]))
                .map(drop)
        }
        Edit::Shallow => {
            let address = git(copy, &["remote", "get-url", "origin"]);
            let clone = [
                "clone",
                "--quiet",
                "--no-checkout",
                "--depth=1",
                "--no-tags",
            ];
            replace_repository(copy, copy, &clone)?;
            match address {
                Ok(address) => {
                    let address = String::from_utf8_lossy(&address).into_owned();
                    git(copy, &["remote", "set-url", "origin", address.trim()]).map(drop)
                }
                Err(_) => git(copy, &["remote", "remove", "origin"]).map(drop),
            }
        }
    }
}

/// Gives the commit a tag that the go command takes for the version of the module at the top.
fn tag(copy: &Path) -> io::Result<()> {
    let module = fs::read_to_string(copy.join("go.mod")).unwrap_or_default();
    let path = module.lines().find_map(|line| line.strip_prefix("module "));
    let suffix = path.and_then(|path| path.trim().rsplit_once("/v"));
    let major = suffix.and_then(|(_, major)| major.parse::<u32>().ok());
    let name = format!("v{}.987.654", major.unwrap_or(1));
    git(copy, &["tag", "--annotate", "--message=other", &name]).map(drop)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn project() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("b/c")).unwrap();
        for (name, text) in [("b/c/file", "1"), ("b/run", "2"), ("a", "3")] {
            fs::write(root.path().join(name), text).unwrap();
        }
        let run = fs::Permissions::from_mode(0o755);
        fs::set_permissions(root.path().join("b/run"), run).unwrap();
        link(Path::new("a"), &root.path().join("l")).unwrap();
        root
    }

    fn time(path: &Path) -> SystemTime {
        fs::metadata(path).unwrap().modified().unwrap()
    }

    #[test]
    fn a_copy_is_the_same_and_edits_stay_in_it() {
        let project = project();
        let tree = Tree::of(project.path(), false).unwrap();
        let work = tempfile::tempdir().unwrap();
        let (one, other) = (work.path().join("one"), work.path().join("other"));
        tree.copy(&one, &[]).unwrap();
        tree.copy(&other, &[Edit::Times, Edit::Modes]).unwrap();
        let digest = |root: &Path| Tree::of(root, false).unwrap().digest().unwrap();
        assert_eq!(digest(&one), tree.digest().unwrap());
        assert_ne!(digest(&other), digest(&one));
        assert_eq!(time(&one.join("b/c")), time(&project.path().join("b/c")));
        let mode = |root: &Path| {
            fs::metadata(root.join("b/run"))
                .unwrap()
                .permissions()
                .mode()
                & 0o777
        };
        assert_eq!(
            (mode(&one), mode(&other), mode(project.path())),
            (0o755, 0o700, 0o755)
        );
        assert!(time(&other.join("a")) < time(&one.join("a")));
        assert_eq!(fs::read_link(other.join("l")).unwrap(), Path::new("a"));
        assert_eq!(fs::read(other.join("b/c/file")).unwrap(), b"1");
    }

    fn repository() -> tempfile::TempDir {
        let project = project();
        fs::write(project.path().join(".gitignore"), "made\n").unwrap();
        fs::write(project.path().join("made"), "not of the source").unwrap();
        let name = ["-c", "user.name=x", "-c", "user.email=x@localhost"];
        git(project.path(), &["init", "--quiet"]).unwrap();
        for message in ["--message=one", "--message=two"] {
            fs::write(project.path().join("a"), message).unwrap();
            git(project.path(), &["add", "--all"]).unwrap();
            let commit = [&name[..], &["commit", "--quiet", message]].concat();
            git(project.path(), &commit).unwrap();
        }
        git(project.path(), &["tag", "v1.0.0"]).unwrap();
        project
    }

    fn said(copy: &Path, words: &[&str]) -> String {
        String::from_utf8(git(copy, words).unwrap())
            .unwrap()
            .trim()
            .to_owned()
    }

    #[test]
    fn repositories_are_edited_in_the_copy_alone() {
        let project = repository();
        let tree = Tree::of(project.path(), false).unwrap();
        let before = tree.digest().unwrap();
        let work = tempfile::tempdir().unwrap();
        let copied = |edits: &[Edit]| {
            let to = work.path().join(format!("{edits:?}"));
            tree.copy(&to, edits).unwrap();
            to
        };
        let describe = ["describe", "--tags", "--always", "--dirty"];
        let plain = copied(&[]);
        assert_eq!(said(&plain, &describe), "v1.0.0");
        assert!(!plain.join("made").exists());
        let status = ["status", "--porcelain"];
        assert_eq!(said(&plain, &status), "");
        let dirty = copied(&[Edit::Dirty]);
        assert_eq!(said(&dirty, &status), "?? goassay-vary-not-committed");
        let shallow = copied(&[Edit::Shallow]);
        assert_ne!(said(&shallow, &describe), "v1.0.0");
        assert_eq!(said(&shallow, &["rev-list", "--count", "HEAD"]), "1");
        assert_eq!(said(&shallow, &status), "");
        assert!(git(&shallow, &["remote", "get-url", "origin"]).is_err());
        assert!(!copied(&[Edit::NoRepository]).join(".git").exists());
        assert!(
            said(&copied(&[Edit::Remote]), &["remote", "get-url", "origin"]).contains("elsewhere")
        );
        assert_eq!(said(&copied(&[Edit::Tag]), &["describe"]), "v1.987.654");
        assert_eq!(tree.digest().unwrap(), before);
        assert_eq!(said(project.path(), &["tag"]), "v1.0.0");
    }

    #[test]
    fn the_copy_of_a_worktree_has_its_own_repository() {
        let project = repository();
        let work = tempfile::tempdir().unwrap();
        let worktree = work.path().join("worktree");
        let to = worktree.to_str().unwrap();
        git(
            project.path(),
            &["worktree", "add", "--quiet", "--detach", to],
        )
        .unwrap();
        fs::write(worktree.join("a"), "changed").unwrap();
        let copy = work.path().join("copy");
        Tree::of(&worktree, false)
            .unwrap()
            .copy(&copy, &[Edit::Tag])
            .unwrap();
        assert!(copy.join(".git").is_dir());
        assert_eq!(said(&copy, &["status", "--porcelain"]), "M a");
        assert_eq!(said(project.path(), &["tag"]), "v1.0.0");
    }
}

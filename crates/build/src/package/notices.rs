//! Files that belong into every package of a module: licences, notices, the README.
//!
//! Those at the module's top; where it has no licence there, those at the top of the checkout too, as the go command has it for module
//! zips. Links count where they stay within the checkout: what else lies on the machine is in no package.

use crate::license::says_license;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Longest such file, in bytes.
const LONGEST: u64 = 4 << 20;
/// Most entries of a folder that are looked at.
const MOST: usize = 10_000;

/// A file and its contents.
pub type Notice = (String, Vec<u8>);

/// A folder or a file cannot be read, or is too long for what it should be.
#[derive(Debug)]
pub struct Unreadable(pub PathBuf, pub io::Error);

/// The files of the module in `module`, of the checkout in `root`, by name.
///
/// # Errors
/// One of them cannot be read, or is longer than 4 MiB.
pub fn notices(module: &Path, root: &Path) -> Result<Vec<Notice>, Unreadable> {
    let mut found = of_folder(module, root)?;
    if !found.iter().any(|(name, _)| says_license(name)) && module != root {
        let more = of_folder(root, root)?.into_iter();
        found.extend(more.filter(|(name, _)| says_license(name)));
    }
    found.sort();
    Ok(found)
}

fn of_folder(folder: &Path, root: &Path) -> Result<Vec<Notice>, Unreadable> {
    let unreadable = |error| Unreadable(folder.to_owned(), error);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)?.take(MOST) {
        let entry = entry.map_err(unreadable)?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if belongs(&name) && stays(&entry.path(), root) {
            let bytes = read(&entry.path()).map_err(|error| Unreadable(entry.path(), error))?;
            found.push((name, bytes));
        }
    }
    Ok(found)
}

/// `LICENSE-MIT`, `NOTICE`, `README.md`; not `notice.go`.
fn belongs(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let rest = ["notice", "readme"]
        .iter()
        .find_map(|stem| lower.strip_prefix(stem));
    let is_text = |rest: &str| matches!(rest, "" | ".txt" | ".md" | ".markdown" | ".rst" | ".adoc");
    says_license(name) || rest.is_some_and(is_text)
}

/// Whether it is a file of the checkout, links followed.
fn stays(path: &Path, root: &Path) -> bool {
    let (Ok(real), Ok(root)) = (path.canonicalize(), root.canonicalize()) else {
        return false;
    };
    real.is_file() && real.starts_with(root)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path)?;
    file.take(LONGEST + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > LONGEST {
        true => Err(io::Error::other("it is longer than 4 MiB")),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(module: &Path, root: &Path) -> Vec<String> {
        let found = notices(module, root).unwrap();
        found.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn licences_notices_and_the_readme() {
        let root = tempfile::tempdir().unwrap();
        let module = root.path().join("sub");
        fs::create_dir(&module).unwrap();
        for name in ["LICENSE-MIT", "README", "README.go", "main.go"] {
            fs::write(root.path().join(name), "text").unwrap();
        }
        for name in ["README.md", "Notice.txt", "notice.go", "readme_test.md"] {
            fs::write(module.join(name), "text").unwrap();
        }
        fs::create_dir(module.join("licenses")).unwrap();
        assert_eq!(
            names(&module, root.path()),
            ["LICENSE-MIT", "Notice.txt", "README.md"]
        );
        fs::write(module.join("COPYING"), "text").unwrap();
        assert_eq!(
            names(&module, root.path()),
            ["COPYING", "Notice.txt", "README.md"]
        );
        fs::write(module.join("COPYING"), vec![b' '; LONGEST as usize + 1]).unwrap();
        assert!(notices(&module, root.path()).is_err());
    }

    #[test]
    #[cfg(unix)]
    fn links_stay_in_the_checkout() {
        let root = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "text").unwrap();
        fs::write(root.path().join("text"), "text").unwrap();
        let link = |to: &Path, name: &str| {
            std::os::unix::fs::symlink(to, root.path().join(name)).unwrap();
        };
        link(Path::new("text"), "LICENSE");
        link(&outside.path().join("secret"), "README");
        link(Path::new("nowhere"), "NOTICE");
        assert_eq!(names(root.path(), root.path()), ["LICENSE"]);
    }
}

//! Which places a binary may name for a folder to be laid at: hostile until admitted.

use std::fmt;
use std::path::{Component, Path, PathBuf};

/// Why nothing is laid at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// Not an absolute path that is written in its shortest form.
    Form,
    /// It has a character that no folder of a build has.
    Character,
    /// It is longer than any file system allows.
    Length,
    /// It would hide, or lies in, what the build needs.
    Needed(PathBuf),
    /// A part of it is a link, so that it is somewhere else.
    Link(PathBuf),
    /// A part of it is a file.
    File(PathBuf),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Form => write!(f, "it is not an absolute path in its shortest form"),
            Refused::Character => write!(f, "it has a character that no folder of a build has"),
            Refused::Length => write!(f, "it is too long"),
            Refused::Needed(what) => write!(
                f,
                "it would hide or change {}, which the build needs",
                what.display()
            ),
            Refused::Link(link) => write!(f, "{} is a link here", link.display()),
            Refused::File(file) => write!(f, "{} is a file here", file.display()),
        }
    }
}

impl std::error::Error for Refused {}

/// Nothing is laid over these, nor in them.
const SYSTEM: [&str; 14] = [
    "/proc",
    "/sys",
    "/dev",
    "/etc",
    "/run",
    "/boot",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/usr/bin",
    "/usr/sbin",
];
/// Nothing is laid over these, and in them only where nothing is yet, or a Go tree.
const SHARED: [&str; 6] = [
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/include",
    "/usr/share",
];
/// Longest path, and longest name in it, in bytes.
const MAX_PATH: usize = 1024;
const MAX_NAME: usize = 255;

/// Whether a folder may be laid at `place`: a path as it stands in a binary. `needs` are the folders of this machine that the build uses,
/// such as its work folder and its toolchain.
///
/// # Errors
/// Why not.
pub fn admit(place: &str, needs: &[&Path]) -> Result<PathBuf, Refused> {
    let path = written(place)?;
    let system = SYSTEM.iter().map(Path::new);
    if let Some(need) = system
        .chain(needs.iter().copied())
        .find(|need| overlap(&path, need))
    {
        return Err(Refused::Needed(need.to_owned()));
    }
    if let Some(shared) = SHARED
        .iter()
        .find(|shared| in_the_way(&path, Path::new(shared)))
    {
        return Err(Refused::Needed(shared.into()));
    }
    stands(&path)?;
    Ok(path)
}

/// The path, from its text alone.
fn written(place: &str) -> Result<PathBuf, Refused> {
    let names = place.strip_prefix('/').ok_or(Refused::Form)?;
    if place.chars().any(|c| c.is_control() || c == '\u{fffd}') {
        return Err(Refused::Character);
    }
    let is_name = |name: &str| !matches!(name, "" | "." | "..");
    if !names.split('/').all(is_name) {
        return Err(Refused::Form);
    }
    if place.len() > MAX_PATH || names.split('/').any(|name| name.len() > MAX_NAME) {
        return Err(Refused::Length);
    }
    Ok(place.into())
}

fn overlap(path: &Path, need: &Path) -> bool {
    need.starts_with(path) || path.starts_with(need)
}

fn in_the_way(path: &Path, shared: &Path) -> bool {
    let is_go = || path.join("src/runtime/proc.go").is_file();
    shared.starts_with(path) || (path.starts_with(shared) && path.exists() && !is_go())
}

/// Refuses what is not a folder on the way, as it is on this machine.
fn stands(path: &Path) -> Result<(), Refused> {
    let mut way = PathBuf::new();
    for component in path.components() {
        way.push(component);
        if component == Component::RootDir {
            continue;
        }
        match way.symlink_metadata() {
            Ok(kind) if kind.is_symlink() => return Err(Refused::Link(way)),
            Ok(kind) if !kind.is_dir() => return Err(Refused::File(way)),
            Ok(_) => {}
            // Nothing there, or nothing to be seen: made in memory.
            Err(_) => return Ok(()),
        }
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn places_of_builds_are_admitted() {
        for place in [
            "/home/alice/go/pkg/mod",
            "/usr/local/go-of-somebody",
            "/build/src",
            "/usr/lib/go-1.999",
            "/home/a b/ü/$HOME;x",
        ] {
            assert_eq!(admit(place, &[Path::new("/work folder")]), Ok(place.into()));
        }
    }

    #[test]
    fn hostile_places_are_refused_with_the_reason() {
        let long = format!("/{}", "a".repeat(256));
        let longer = "/a".repeat(513);
        let cases = [
            ("", Refused::Form),
            ("/", Refused::Form),
            ("home/alice", Refused::Form),
            ("C:/go", Refused::Form),
            ("/home/../etc", Refused::Form),
            ("/home/./a", Refused::Form),
            ("/home//a", Refused::Form),
            ("/home/a/", Refused::Form),
            ("/home/a\nb", Refused::Character),
            ("/home/a\0b", Refused::Character),
            ("/home/\u{1b}[2J", Refused::Character),
            (long.as_str(), Refused::Length),
            (longer.as_str(), Refused::Length),
            ("/etc", Refused::Needed("/etc".into())),
            ("/etc/go", Refused::Needed("/etc".into())),
            ("/proc/self", Refused::Needed("/proc".into())),
            ("/usr", Refused::Needed("/usr/bin".into())),
            ("/usr/bin/go", Refused::Needed("/usr/bin".into())),
            ("/usr/lib", Refused::Needed("/usr/lib".into())),
            ("/w", Refused::Needed("/w/tool chain".into())),
            ("/w/tool chain/src", Refused::Needed("/w/tool chain".into())),
        ];
        for (place, why) in cases {
            let needs = [Path::new("/w/tool chain")];
            assert_eq!(admit(place, &needs), Err(why), "{place:?}");
        }
    }

    #[test]
    fn what_stands_there_is_looked_at() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        std::fs::write(root.join("file"), "").unwrap();
        std::fs::create_dir(root.join("folder")).unwrap();
        std::os::unix::fs::symlink("/etc", root.join("link")).unwrap();
        let admitted = |name: &str| admit(root.join(name).to_str().unwrap(), &[]);
        assert_eq!(admitted("link/go"), Err(Refused::Link(root.join("link"))));
        assert_eq!(admitted("file/go"), Err(Refused::File(root.join("file"))));
        assert_eq!(admitted("folder"), Ok(root.join("folder")));
    }

    #[test]
    fn in_shared_folders_only_go_is_covered() {
        let root = tempfile::tempdir().unwrap();
        let go = root.path().join("go");
        std::fs::create_dir_all(go.join("src/runtime")).unwrap();
        assert!(in_the_way(&go, root.path()));
        std::fs::write(go.join("src/runtime/proc.go"), "").unwrap();
        assert!(!in_the_way(&go, root.path()));
        assert!(!in_the_way(&root.path().join("new"), root.path()));
        assert!(in_the_way(root.path(), root.path()));
    }
}

//! Source files below the folders: what debug information calls them, made into a path that cannot leave a folder.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

/// Endings of what compilers read. Nothing else is source, whatever a client calls it.
const ENDINGS: [&str; 12] = [
    "c", "cc", "cpp", "cxx", "go", "h", "hh", "hpp", "m", "S", "s", "y",
];

/// Folders in which sources are looked for.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    roots: Vec<Root>,
}

#[derive(Debug)]
struct Root {
    /// Without links.
    folder: PathBuf,
    /// The module that it is the root of, as its go.mod says.
    module: Option<String>,
}

impl Sources {
    /// Folders that cannot be found have no sources.
    pub(crate) fn of(folders: &[PathBuf]) -> Sources {
        let root = |folder: &PathBuf| {
            let folder = folder.canonicalize().ok()?;
            let module = std::fs::read_to_string(folder.join("go.mod")).ok();
            let module = module.as_deref().and_then(module_path);
            Some(Root { folder, module })
        };
        Sources {
            roots: folders.iter().filter_map(root).collect(),
        }
    }

    /// The file that debug information calls `name`: an absolute path, or (as `-trimpath` leaves it) one that begins with a module
    /// path. Links may lead to another place of the same folder, not out of it.
    pub(crate) fn find(&self, name: &str) -> Option<PathBuf> {
        let relative = relative(name)?;
        self.roots.iter().find_map(|root| root.find(&relative))
    }
}

impl Root {
    fn find(&self, name: &Path) -> Option<PathBuf> {
        let in_module = || name.strip_prefix(self.module.as_deref()?).ok();
        let in_folder = || name.strip_prefix(relative(self.folder.to_str()?)?).ok();
        let names = [Some(name.to_owned()), Some(escaped(name)?)];
        let names = names.into_iter().flatten();
        let below = [in_module(), in_folder()];
        let names = names.chain(below.into_iter().flatten().map(Path::to_owned));
        names.map(|name| self.folder.join(name)).find_map(|path| {
            let real = path.canonicalize().ok()?;
            let is_source = is_source(&path) && is_source(&real) && real.is_file();
            (is_source && real.starts_with(&self.folder)).then_some(real)
        })
    }
}

fn is_source(path: &Path) -> bool {
    let ending = path.extension().and_then(OsStr::to_str);
    ending.is_some_and(|ending| ENDINGS.contains(&ending))
}

/// The path without its root; none where it has `..` or anything else that is not a plain name.
fn relative(name: &str) -> Option<PathBuf> {
    let name = name.trim_start_matches('/');
    let plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0']);
    if !name.split('/').all(plain) {
        return None;
    }
    let path = PathBuf::from(name);
    let is_plain = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    is_plain.then_some(path)
}

/// As the module cache spells a path: `!a` for `A`, up to the version.
fn escaped(name: &Path) -> Option<PathBuf> {
    let name = name.to_str()?;
    let end = name.find('@').map_or(0, |at| {
        let rest = name.get(at..).unwrap_or_default();
        at + rest.find('/').unwrap_or(rest.len())
    });
    let (module, rest) = name.split_at_checked(end)?;
    let spelled = module.chars().flat_map(|c| {
        let mark = c.is_ascii_uppercase().then_some('!');
        mark.into_iter().chain([c.to_ascii_lowercase()])
    });
    Some(PathBuf::from(
        spelled.chain(rest.chars()).collect::<String>(),
    ))
}

/// The path in the module line of a go.mod.
fn module_path(text: &str) -> Option<String> {
    let line = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("module "))?;
    let path = line.split("//").next().unwrap_or_default().trim();
    Some(path.trim_matches(['"', '`']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_paths() {
        assert_eq!(
            relative("/usr/src/a.go"),
            Some(PathBuf::from("usr/src/a.go"))
        );
        for bad in [
            "",
            "/",
            "/a/../b.go",
            "../b.go",
            "a//b.go",
            "./a.go",
            "a/./b.go",
            "a\\..\\b.go",
            "a/..",
        ] {
            assert_eq!(relative(bad), None, "{bad}");
        }
    }

    #[test]
    fn names_of_debug_information_are_found_below_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        let write = |name: &str| {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, name).unwrap();
        };
        for name in [
            "main.go",
            "go.mod",
            "github.com/!big/mod@v1.0.0-!r!c/Upper.go",
            "secret.key",
        ] {
            write(name);
        }
        std::fs::write(root.join("go.mod"), "// x\nmodule example.com/prog // y\n").unwrap();
        std::fs::write(folder.path().join("outside.go"), "outside").unwrap();
        let sources = Sources::of(std::slice::from_ref(&root));
        let found = |name: &str| sources.find(name).is_some();
        assert!(found("/main.go") && found("example.com/prog/main.go"));
        assert!(found(root.join("main.go").to_str().unwrap()));
        assert!(found("github.com/Big/mod@v1.0.0-RC/Upper.go"));
        for bad in [
            "secret.key",
            "go.mod",
            "../outside.go",
            "missing.go",
            "/etc/passwd",
            "",
        ] {
            assert!(!found(bad), "{bad}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_do_not_lead_out() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        std::fs::create_dir_all(root.join("in")).unwrap();
        std::fs::write(root.join("in/a.go"), "a").unwrap();
        std::fs::write(folder.path().join("outside.go"), "outside").unwrap();
        symlink("in/a.go", root.join("b.go")).unwrap();
        symlink("../outside.go", root.join("c.go")).unwrap();
        symlink("..", root.join("up")).unwrap();
        let sources = Sources::of(&[root]);
        assert!(sources.find("b.go").is_some());
        assert_eq!(sources.find("c.go"), None);
        assert_eq!(sources.find("up/outside.go"), None);
    }
}

//! Which files of a commit a module's zip file leaves out (`golang.org/x/mod/zip`, listFilesInDir and checkFiles).

use crate::project::{Committed, Published};
use crate::toolchain::Version;
use std::collections::{BTreeMap, BTreeSet};

/// What a module's zip file has, against the module's folder of the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Contents {
    /// Files, and folders with all that is in them, that are left out: names below the module's folder, sorted.
    pub(super) left_out: Vec<String>,
    /// The licence at the top of the repository is put in, because the folder has none.
    pub(super) takes_license: bool,
}

impl Contents {
    /// Of the module in this folder of the repository, empty for its top.
    pub(super) fn of(published: &Published, folder: &str) -> Contents {
        let below = |file: &Committed| {
            let name = match folder {
                "" => &file.name,
                _ => file.name.strip_prefix(folder)?.strip_prefix('/')?,
            };
            Some((name.to_owned(), file.is_regular))
        };
        let files: BTreeMap<String, bool> = published.files.iter().filter_map(below).collect();
        let rules = Rules {
            nested: nested(&files),
            is_new: is_new(published.go.as_deref()),
        };
        let has = |name: &str| {
            published
                .files
                .iter()
                .any(|file| file.name == name && file.is_regular)
        };
        Contents {
            left_out: left_out(&files, &rules),
            takes_license: !folder.is_empty() && !files.contains_key("LICENSE") && has("LICENSE"),
        }
    }
}

/// Folders of other modules.
fn nested(files: &BTreeMap<String, bool>) -> BTreeSet<String> {
    let go_mods = files.keys().filter_map(|name| name.rsplit_once('/'));
    go_mods
        .filter(|(_, name)| name.eq_ignore_ascii_case("go.mod"))
        .map(|(folder, _)| folder.to_owned())
        .collect()
}

/// Whether the rules for vendored packages are those of Go 1.24, which repair two mistakes.
fn is_new(language: Option<&str>) -> bool {
    let language = language.and_then(|version| Version::parse(version).ok());
    language.is_some_and(|version| version.minor() >= Some(24))
}

struct Rules {
    nested: BTreeSet<String>,
    is_new: bool,
}

impl Rules {
    fn leave_out(&self, name: &str, is_regular: bool) -> bool {
        !is_regular
            || name == ".hg_archival.txt"
            || self.is_vendored(name)
            || folders(name).any(|folder| self.nested.contains(folder))
    }

    /// Before Go 1.24 the beginning of the name was measured and not that of what follows `vendor/` (go.dev/issue/37397).
    fn is_vendored(&self, name: &str) -> bool {
        const VENDOR: &str = "/vendor/";
        if self.is_new && name == "vendor/modules.txt" {
            return true;
        }
        let rest = match (name.strip_prefix("vendor/"), name.find(VENDOR)) {
            (Some(rest), _) => Some(rest),
            (None, Some(at)) if self.is_new => name.get(at + VENDOR.len()..),
            (None, Some(_)) => name.get(VENDOR.len()..),
            (None, None) => None,
        };
        // Cut inside of a letter, the rest still has the slash behind `vendor`.
        rest.map_or(name.contains(VENDOR), |rest| rest.contains('/'))
    }
}

/// The folders that a file is in, the outermost first.
fn folders(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('/').map(|(at, _)| &name[..at])
}

/// What is left out, whole folders as one.
fn left_out(files: &BTreeMap<String, bool>, rules: &Rules) -> Vec<String> {
    let is_out = |(name, is_regular): (&String, &bool)| rules.leave_out(name, *is_regular);
    let stays = files.iter().filter(|&file| !is_out(file));
    let kept: BTreeSet<&str> = stays.flat_map(|(name, _)| folders(name)).collect();
    let gone = files.iter().filter(|&file| is_out(file));
    let whole = gone.map(|(name, _)| {
        let outermost = folders(name).find(|folder| !kept.contains(folder));
        outermost.unwrap_or(name).to_owned()
    });
    let paths: BTreeSet<String> = whole.collect();
    paths.into_iter().collect()
}

//! Which version a program will name: what the go command makes of tags, by its own version.
//!
//! Measured (docs/design/build.md): since Go 1.25 the tag of any module, in 1.24 only of modules at the top of the checkout and
//! without a major version in their path, before none at all; and never where the top of the checkout has no module.

use super::packed::{self, Packed};
use crate::profile::Profile;
use crate::project::{Checkout, Module, Project};
use std::cmp::Reverse;

/// What a program says of its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stamp {
    /// The version of a tag.
    Tag(String),
    /// The version of a tag that the go command leaves out of a checkout: the module is built as `package@version`.
    Packed(Box<Packed>),
    /// A version that is made of the commit, or of a tag and of changes besides.
    Commit,
    /// `(devel)`: the go command does not look at tags, and why.
    Devel(&'static str),
    /// Nothing: it is no checkout.
    Nothing,
}

impl Stamp {
    /// The version, where it is known before the program is built.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        match self {
            Stamp::Tag(version) => Some(version),
            Stamp::Packed(packed) => Some(&packed.version),
            Stamp::Devel(_) => Some("(devel)"),
            Stamp::Commit | Stamp::Nothing => None,
        }
    }
}

/// What the program of `module` will say.
pub(super) fn of(project: &Project, module: Option<&Module>, profile: &Profile) -> Stamp {
    let (Some(checkout), Some(module)) = (&project.checkout, module) else {
        return Stamp::Nothing;
    };
    let version = version(checkout, module);
    match blind(project, checkout, module) {
        Some(OLD) => {
            return match packed::of(checkout, module, version.as_deref(), profile) {
                Ok(packed) => Stamp::Packed(Box::new(packed)),
                Err(why) => Stamp::Devel(why),
            };
        }
        Some(why) => return Stamp::Devel(why),
        None => {}
    }
    match version {
        Some(version) if checkout.dirty.is_empty() => Stamp::Tag(version),
        _ => Stamp::Commit,
    }
}

pub(super) const OLD: &str =
    "this version of Go does not record the tags of such a module (1.25 and newer do)";
const NO_ROOT: &str = "the go command records tags only where a go.mod at the top of the repository has the beginning of the module's path";

/// Why the go command does not look at tags (cmd/go, load.setBuildInfo): it takes the path of the repository from the module at its top,
/// and the module's folder from what its path has besides.
fn blind(project: &Project, checkout: &Checkout, module: &Module) -> Option<&'static str> {
    let folder = prefix(checkout, module);
    match project.go.version.minor() {
        Some(minor) if minor >= packed::STAMPS => {}
        Some(24) if folder.as_deref() == Some("") && major(&module.path).is_none() => {}
        _ => return Some(OLD),
    }
    let root = checkout.module.as_deref().map(without_major);
    let below = root.and_then(|root| without_major(&module.path).strip_prefix(root));
    let by_path = below.map(|below| match below.strip_prefix('/') {
        Some(below) => format!("{below}/"),
        None => below.to_owned(),
    });
    (by_path.is_none() || by_path != folder).then_some(NO_ROOT)
}

fn without_major(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some((before, last)) if super::is_major(last) => before,
        _ => path,
    }
}

/// The highest version among the commit's tags that are this module's.
pub(super) fn version(checkout: &Checkout, module: &Module) -> Option<String> {
    let prefix = prefix(checkout, module)?;
    let versions = checkout
        .tags
        .iter()
        .filter_map(|tag| tag.strip_prefix(&prefix));
    let mut fitting: Vec<_> = versions
        .filter(|version| fits(version, major(&module.path)))
        .filter_map(|version| Some((Reverse(key(version)?), version)))
        .collect();
    fitting.sort();
    fitting.first().map(|(_, version)| (*version).to_owned())
}

/// What stands before the version in tags of a module: its folder below the checkout, without that of a major version.
pub(super) fn prefix(checkout: &Checkout, module: &Module) -> Option<String> {
    let folder = module.folder.as_ref()?.strip_prefix(&checkout.root).ok()?;
    let mut elements: Vec<_> = folder.iter().map(|e| e.to_string_lossy()).collect();
    if elements.last().map(AsRef::as_ref) == module.path.rsplit('/').next()
        && major(&module.path).is_some()
    {
        elements.pop();
    }
    Some(
        elements
            .iter()
            .map(|element| format!("{element}/"))
            .collect(),
    )
}

/// `v2`, where the path ends so.
fn major(path: &str) -> Option<&str> {
    path.rsplit('/').next().filter(|last| super::is_major(last))
}

fn fits(version: &str, major: Option<&str>) -> bool {
    match major {
        Some(major) => version
            .strip_prefix(major)
            .is_some_and(|rest| rest.starts_with('.')),
        None => ["v0.", "v1."]
            .iter()
            .any(|before| version.starts_with(before)),
    }
}

/// Numbers, whether it is a release, and the words of a pre-release, for ordering (Semantic Versioning 2.0.0, 11).
type Key<'v> = ([u64; 3], bool, Vec<Word<'v>>);

/// An identifier of a pre-release: numbers come before words.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Word<'v> {
    Number(u64),
    Text(&'v str),
}

fn key(version: &str) -> Option<Key<'_>> {
    let version = version.strip_prefix('v')?;
    // Build metadata is no part of a module's version.
    if version.contains('+') {
        return None;
    }
    let (numbers, before) = match version.split_once('-') {
        Some((numbers, before)) => (numbers, Some(before)),
        None => (version, None),
    };
    let numbers: Vec<u64> = numbers
        .split('.')
        .map(|n| n.parse().ok())
        .collect::<Option<_>>()?;
    let words = before.into_iter().flat_map(|words| words.split('.'));
    let words = words.map(|word| word.parse().map_or(Word::Text(word), Word::Number));
    Some((numbers.try_into().ok()?, before.is_none(), words.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(path: &str, folder: &str) -> Module {
        Module {
            path: path.to_owned(),
            version: None,
            is_main: true,
            folder: Some(folder.into()),
            replaced_by_folder: None,
        }
    }

    fn checkout(tags: &[&str]) -> Checkout {
        Checkout {
            root: "/src".into(),
            tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
            ..Checkout::default()
        }
    }

    #[test]
    fn tags_of_a_module() {
        let all = [
            "v1.2.3",
            "v1.10.0",
            "v1.10.0-rc.2",
            "v2.3.4",
            "sub/v1.2.4",
            "sub/v3.0.0",
            "nightly",
            "v1.11",
            "v1.12.0+meta",
        ];
        let checkout = checkout(&all);
        for (path, folder, want) in [
            ("example.com/m", "/src", Some("v1.10.0")),
            ("example.com/m/v2", "/src", Some("v2.3.4")),
            ("example.com/m/v2", "/src/v2", Some("v2.3.4")),
            ("example.com/m/sub", "/src/sub", Some("v1.2.4")),
            ("example.com/m/sub/v3", "/src/sub", Some("v3.0.0")),
            ("example.com/m/other", "/src/other", None),
            ("example.com/m", "/elsewhere", None),
        ] {
            let found = version(&checkout, &module(path, folder));
            assert_eq!(found.as_deref(), want, "{path} in {folder}");
        }
    }

    #[test]
    fn the_module_at_the_top_decides_whether_tags_are_seen() {
        let mut project = Project {
            folder: "/src".into(),
            go: crate::project::Go {
                goroot: "/go".into(),
                says: "go1.26.8".to_owned(),
                version: crate::toolchain::Version::parse("1.26.8").unwrap(),
                tools: "/go/tools".into(),
                fips140: Some("v1.0.0-c2097c7c".to_owned()),
            },
            settings: std::collections::BTreeMap::new(),
            checkout: None,
        };
        let tags = ["v1.2.3", "v2.0.0", "sub/v1.0.0"];
        for (top, path, folder, want) in [
            (
                Some("example.com/m"),
                "example.com/m",
                "/src",
                Some("v1.2.3"),
            ),
            (
                Some("example.com/m/v2"),
                "example.com/m/v2",
                "/src",
                Some("v2.0.0"),
            ),
            (
                Some("example.com/m/v2"),
                "example.com/m/sub",
                "/src/sub",
                Some("v1.0.0"),
            ),
            (None, "example.com/m/sub", "/src/sub", Some("(devel)")),
            (
                Some("example.com/other"),
                "example.com/m/sub",
                "/src/sub",
                Some("(devel)"),
            ),
            (
                Some("example.com/m"),
                "example.com/mine",
                "/src/sub",
                Some("(devel)"),
            ),
            (
                Some("example.com/m"),
                "example.com/m/else",
                "/src/sub",
                Some("(devel)"),
            ),
        ] {
            let mut checkout = checkout(&tags);
            checkout.module = top.map(str::to_owned);
            project.checkout = Some(checkout);
            let stamp = of(&project, Some(&module(path, folder)), &Profile::ALL[0]);
            assert_eq!(
                stamp.version(),
                want,
                "{path} in {folder}, {top:?} at the top"
            );
        }
    }

    #[test]
    fn pre_releases_come_before_their_release() {
        let mut versions = [
            "v1.0.0",
            "v1.0.0-rc.10",
            "v1.0.0-rc.9",
            "v1.0.0-alpha",
            "v0.9.9",
        ];
        versions.sort_by_key(|version| key(version));
        assert_eq!(
            versions,
            [
                "v0.9.9",
                "v1.0.0-alpha",
                "v1.0.0-rc.9",
                "v1.0.0-rc.10",
                "v1.0.0"
            ]
        );
        for wrong in ["1.0.0", "v1.0", "v1.0.0.0", "v1.x.0", "v"] {
            assert!(key(wrong).is_none(), "{wrong}");
        }
    }
}

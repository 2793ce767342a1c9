//! What the go command and git answer, as facts. Their output is other people's: sizes are bounded by who asks, and what does
//! not fit is an error with its place.

use super::{Checkout, Committed, Module, Package, Published};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// An answer that is not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Who answered: `go list`, `git status`.
    pub who: &'static str,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} answered something else than was asked: {}",
            self.who, self.why
        )
    }
}

impl std::error::Error for Malformed {}

fn malformed(who: &'static str) -> impl Fn(serde_json::Error) -> Malformed {
    move |error| Malformed {
        who,
        why: error.to_string(),
    }
}

/// Reads `go env -json`.
///
/// # Errors
/// It is no object of texts.
pub(super) fn settings(json: &[u8]) -> Result<BTreeMap<String, String>, Malformed> {
    serde_json::from_slice(json).map_err(malformed("go env"))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    import_path: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    standard: bool,
    #[serde(default)]
    dep_only: bool,
    #[serde(default)]
    cgo_files: Vec<String>,
    #[serde(default)]
    imports: Vec<String>,
    module: Option<ListedModule>,
    error: Option<ListedError>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedModule {
    path: String,
    version: Option<String>,
    #[serde(default)]
    main: bool,
    dir: Option<PathBuf>,
    replace: Option<Box<ListedModule>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedError {
    #[serde(default)]
    err: String,
}

/// The fields that [`packages`] reads, for `go list -json=`.
pub(super) const FIELDS: &str = "ImportPath,Name,Standard,DepOnly,CgoFiles,Imports,Module,Error";

/// Reads `go list -deps -e -json=…`: objects one behind the other.
///
/// # Errors
/// One of them is none.
pub(super) fn packages(json: &[u8]) -> Result<Vec<Package>, Malformed> {
    let listed = serde_json::Deserializer::from_slice(json).into_iter::<Listed>();
    listed
        .map(|listed| listed.map(Package::from).map_err(malformed("go list")))
        .collect()
}

impl From<Listed> for Package {
    fn from(listed: Listed) -> Package {
        Package {
            path: listed.import_path,
            is_main: listed.name == "main",
            is_standard: listed.standard,
            has_cgo: !listed.cgo_files.is_empty(),
            imports: listed.imports,
            is_wanted: !listed.dep_only,
            module: listed.module.map(Module::from),
            error: listed.error.map(|error| error.err),
        }
    }
}

impl From<ListedModule> for Module {
    fn from(listed: ListedModule) -> Module {
        // A replacement with a version is another module; one without is a folder.
        let folder = listed.replace.filter(|other| other.version.is_none());
        Module {
            path: listed.path,
            version: listed.version,
            is_main: listed.main,
            folder: listed.dir,
            replaced_by_folder: folder.map(|other| other.path),
        }
    }
}

/// Reads `git log -1 --format=%H %ct` and `git status --porcelain -z`.
///
/// # Errors
/// The first line is no commit and time.
pub(super) fn checkout(commit: &str, status: &[u8]) -> Result<Checkout, Malformed> {
    let wrong = || Malformed {
        who: "git log",
        why: format!("{:?} is no commit and time", commit.trim_end()),
    };
    let (commit, time) = commit.trim_end().split_once(' ').ok_or_else(wrong)?;
    let is_commit =
        matches!(commit.len(), 40 | 64) && commit.bytes().all(|b| b.is_ascii_hexdigit());
    Ok(Checkout {
        commit: Some(commit)
            .filter(|_| is_commit)
            .ok_or_else(wrong)?
            .to_owned(),
        time: time.parse().map_err(|_| wrong())?,
        tags: Vec::new(),
        dirty: dirty(status),
        ..Checkout::default()
    })
}

/// Names with their two letters; where a file was renamed the old name follows as a record of its own.
fn dirty(status: &[u8]) -> Vec<String> {
    let mut records = status
        .split(|&byte| byte == 0)
        .filter(|record| !record.is_empty());
    let mut dirty = Vec::new();
    while let Some(record) = records.next() {
        if record
            .first()
            .is_some_and(|letter| matches!(letter, b'R' | b'C'))
        {
            records.next();
        }
        dirty.push(String::from_utf8_lossy(record).into_owned());
    }
    dirty.sort();
    dirty
}

/// The path in the `module` line of a go.mod (golang.org/ref/mod, go.mod files).
pub(crate) fn module_path(text: &str) -> Option<String> {
    let words = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default().trim());
    let path = words
        .filter_map(|line| line.strip_prefix("module"))
        .find(|rest| rest.starts_with([' ', '\t', '"', '`']))?;
    let path = path.trim().trim_matches(['"', '`']);
    (!path.is_empty()).then(|| path.to_owned())
}

/// Reads `git tag --points-at`.
#[must_use]
pub(super) fn tags(lines: &str) -> Vec<String> {
    let mut tags: Vec<String> = lines.lines().map(str::to_owned).collect();
    tags.sort();
    tags
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GoMod {
    module: GoModModule,
    go: Option<String>,
    replace: Option<Vec<serde::de::IgnoredAny>>,
    exclude: Option<Vec<serde::de::IgnoredAny>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GoModModule {
    path: String,
}

/// Reads `go mod edit -json` and `git ls-tree -r -z`.
///
/// # Errors
/// The first is no go.mod with a module.
pub(super) fn published(go_mod: &[u8], files: &[u8]) -> Result<Published, Malformed> {
    let go_mod: GoMod = serde_json::from_slice(go_mod).map_err(malformed("go mod edit"))?;
    let is_any = |list: Option<Vec<_>>| list.is_some_and(|list| !list.is_empty());
    let files = files.split(|&byte| byte == 0);
    Ok(Published {
        module: go_mod.module.path,
        go: go_mod.go,
        is_edited: is_any(go_mod.replace) || is_any(go_mod.exclude),
        files: files.filter_map(committed).collect(),
    })
}

/// `100644 blob 0123…<tab>name`: links have the mode 120000, other repositories 160000.
fn committed(line: &[u8]) -> Option<Committed> {
    let line = String::from_utf8_lossy(line);
    let (about, name) = line.split_once('\t')?;
    Some(Committed {
        name: name.to_owned(),
        is_regular: about.starts_with("100"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_one_behind_the_other() {
        let json = br#"{"ImportPath":"runtime","Name":"runtime","Standard":true,"DepOnly":true,"CgoFiles":["a.go"]}
            {"ImportPath":"example.com/c","Name":"c","DepOnly":true,"CgoFiles":["c.go"],
             "Module":{"Path":"example.com/c","Version":"v1.0.0","Replace":{"Path":"../c"}}}
            {"ImportPath":"example.com/d","DepOnly":true,
             "Module":{"Path":"example.com/d","Version":"v1.0.0","Replace":{"Path":"example.com/e","Version":"v1.0.1"}}}
            {"ImportPath":"example.com/m","Name":"main","Module":{"Path":"example.com/m","Main":true},"Error":{"Err":"no"}}"#;
        let found = packages(json).unwrap();
        let said: Vec<_> = found
            .iter()
            .map(|p| {
                (
                    &p.path[..],
                    p.is_main,
                    p.is_standard,
                    p.has_cgo,
                    p.is_wanted,
                )
            })
            .collect();
        assert_eq!(
            said,
            [
                ("runtime", false, true, true, false),
                ("example.com/c", false, false, true, false),
                ("example.com/d", false, false, false, false),
                ("example.com/m", true, false, false, true),
            ]
        );
        let folder = |at: usize| {
            found[at]
                .module
                .as_ref()
                .unwrap()
                .replaced_by_folder
                .clone()
        };
        assert_eq!((folder(1), folder(2)), (Some("../c".to_owned()), None));
        assert_eq!(found[3].error.as_deref(), Some("no"));
        assert!(packages(br#"{"ImportPath":"a"} {"#).is_err());
        assert_eq!(packages(b"").unwrap(), []);
    }

    #[test]
    fn a_checkout_and_what_is_not_in_it() {
        let commit = format!("{} 1760000000\n", "0f".repeat(20));
        let status = b"?? dist/a\0R  new\0old\0 M main.go\0";
        let found = checkout(&commit, status).unwrap();
        assert_eq!((found.commit.len(), found.time), (40, 1_760_000_000));
        assert_eq!(found.dirty, [" M main.go", "?? dist/a", "R  new"]);
        for wrong in [
            "",
            "abc 1",
            "fatal: no",
            &commit[1..],
            &commit.replace('\n', "x"),
        ] {
            assert!(checkout(wrong, b"").is_err(), "{wrong:?}");
        }
        assert_eq!(tags("v1.0.0\nsub/v1.0.0\n"), ["sub/v1.0.0", "v1.0.0"]);
    }

    #[test]
    fn what_a_module_is_published_as() {
        let go_mod = br#"{"Module": {"Path": "example.com/m"}, "Go": "1.22", "Require": null, "Exclude": null, "Replace": []}"#;
        let files =
            b"100644 blob 00\ta/b.go\x00120000 blob 00\tlink\x00160000 commit 00\tother\x00";
        let found = published(go_mod, files).unwrap();
        assert_eq!(
            (found.go.as_deref(), found.is_edited),
            (Some("1.22"), false)
        );
        let files: Vec<_> = found
            .files
            .iter()
            .map(|file| (&file.name[..], file.is_regular))
            .collect();
        assert_eq!(files, [("a/b.go", true), ("link", false), ("other", false)]);
        let edited = br#"{"Module": {"Path": "m"}, "Replace": [{"Old": {"Path": "x"}, "New": {"Path": "./x"}}]}"#;
        assert!(published(edited, b"").unwrap().is_edited);
        assert!(published(b"{}", b"").is_err());
    }

    #[test]
    fn the_path_of_a_module() {
        for (text, want) in [
            (
                "// top\nmodule example.com/m // why\n\ngo 1.22\n",
                Some("example.com/m"),
            ),
            ("module \"example.com/m\"\r\n", Some("example.com/m")),
            ("modules x\n", None),
            ("module \n", None),
            ("", None),
        ] {
            assert_eq!(module_path(text).as_deref(), want, "{text:?}");
        }
    }

    #[test]
    fn settings_are_texts() {
        let found = settings(br#"{"GOOS":"linux","GOFLAGS":""}"#).unwrap();
        assert_eq!(found.get("GOOS").map(String::as_str), Some("linux"));
        assert!(settings(b"[]").is_err());
    }
}

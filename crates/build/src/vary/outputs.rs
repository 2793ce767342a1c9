//! What a build leaves behind: which files count, and where two builds differ.

use crate::compare::diagnose;
use goassay_binary::bytes::hexadecimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A pattern for files below a folder: `*` and `?` stay in one name, `**` crosses folders; a folder stands for all in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// A pattern.
    ///
    /// # Errors
    /// It leads out of the folder.
    pub fn parse(text: &str) -> Result<Pattern, String> {
        let text = text
            .strip_prefix("./")
            .unwrap_or(text)
            .trim_end_matches('/');
        let leads_out = text.starts_with('/') || text.split('/').any(|name| name == "..");
        match leads_out || text.is_empty() {
            true => {
                Err("a pattern is relative to the folder of the build, and stays in it".to_owned())
            }
            false => Ok(Pattern(text.to_owned())),
        }
    }

    /// Whether it stands for this path, which has `/`.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        let ends = path
            .match_indices('/')
            .map(|(at, _)| at)
            .chain([path.len()]);
        ends.into_iter()
            .filter_map(|end| path.get(..end))
            .any(|beginning| matches(self.0.as_bytes(), beginning.as_bytes()))
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// By a table of what of the pattern has matched so far, so that no pattern takes longer than both lengths multiplied.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let mut reached = vec![false; pattern.len() + 1];
    let skip = |reached: &mut Vec<bool>| {
        for at in 0..pattern.len() {
            if reached[at] && pattern[at] == b'*' {
                reached[at + 1] = true;
            }
        }
    };
    reached[0] = true;
    skip(&mut reached);
    for &byte in text {
        let mut next = vec![false; pattern.len() + 1];
        for at in 0..pattern.len() {
            let is_deep = pattern[at] == b'*'
                && (pattern.get(at + 1) == Some(&b'*') || (at > 0 && pattern[at - 1] == b'*'));
            match pattern[at] {
                b'*' if reached[at] && (is_deep || byte != b'/') => next[at] = true,
                b'?' if reached[at] && byte != b'/' => next[at + 1] = true,
                other if reached[at] && other == byte => next[at + 1] = true,
                _ => {}
            }
        }
        skip(&mut next);
        reached = next;
    }
    reached[pattern.len()]
}

/// A file that a build left behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// Its length.
    pub bytes: u64,
}

/// The files that a build left behind, by name, kept in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outputs {
    folder: PathBuf,
    /// Each file.
    pub files: BTreeMap<String, Output>,
}

/// Where two builds differ in one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The file. Hostile.
    pub output: String,
    /// Where, in words. Hostile.
    pub where_: Vec<String>,
    /// What of the change itself stands in the file. Hostile.
    pub traces: Vec<String>,
}

/// Most bytes of a file of which it is said where it differs.
const MAX_DIAGNOSED: u64 = 512 << 20;

impl Outputs {
    /// Takes the files below `from` that one of the patterns stands for (all where there are none) into `folder`.
    ///
    /// # Errors
    /// A file cannot be read or moved.
    pub fn take(from: &Path, patterns: &[Pattern], folder: &Path) -> io::Result<Outputs> {
        let mut files = BTreeMap::new();
        for name in names(from, patterns)? {
            let to = folder.join(&name);
            fs::create_dir_all(to.parent().unwrap_or(folder))?;
            let from = from.join(&name);
            if fs::rename(&from, &to).is_err() {
                fs::copy(&from, &to)?;
            }
            files.insert(name, output(&to)?);
        }
        let folder = folder.to_owned();
        Ok(Outputs { folder, files })
    }

    /// What was taken into `folder` before.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn kept(folder: &Path) -> io::Result<Outputs> {
        let mut files = BTreeMap::new();
        for name in names(folder, &[])? {
            let output = output(&folder.join(&name))?;
            files.insert(name, output);
        }
        let folder = folder.to_owned();
        Ok(Outputs { folder, files })
    }

    /// Where another build differs from this one, without the files that are left out.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn differences(
        &self,
        other: &Outputs,
        left_out: &BTreeSet<String>,
        traces: &[String],
    ) -> io::Result<Vec<Difference>> {
        let names: BTreeSet<&String> = self.files.keys().chain(other.files.keys()).collect();
        let names = names.into_iter().filter(|name| !left_out.contains(*name));
        let one = |name: &String| self.difference(other, name, traces).transpose();
        names.filter_map(one).collect()
    }

    fn difference(
        &self,
        other: &Outputs,
        name: &str,
        traces: &[String],
    ) -> io::Result<Option<Difference>> {
        let said = |text: &str| vec![text.to_owned()];
        let (where_, traces) = match (self.files.get(name), other.files.get(name)) {
            (Some(one), Some(two)) if one == two => return Ok(None),
            (None, _) => (said("it is not there in the base"), Vec::new()),
            (_, None) => (said("it is not there"), Vec::new()),
            (Some(one), Some(two)) if one.bytes.max(two.bytes) > MAX_DIAGNOSED => {
                (said("too large to say where"), Vec::new())
            }
            _ => {
                let (one, two) = (
                    fs::read(self.folder.join(name))?,
                    fs::read(other.folder.join(name))?,
                );
                (explained(&one, &two), only_in_one(&one, &two, traces))
            }
        };
        let output = name.to_owned();
        Ok(Some(Difference {
            output,
            where_,
            traces,
        }))
    }
}

/// Causes of a difference that are said, and pieces of evidence for each.
const CAUSES: usize = 3;
const EVIDENCE: usize = 2;

/// Why two Go binaries differ (A is the base), or where two other files do.
fn explained(one: &[u8], two: &[u8]) -> Vec<String> {
    let found = goassay_diff::compare(one, two);
    if found.unread.is_some() {
        return diagnose(one, two).in_words();
    }
    let causes = goassay_diff::causes(&found);
    let said = |cause: &goassay_diff::Cause| {
        let sentence = std::iter::once(cause.kind.sentence());
        let evidence = cause.evidence.iter().take(EVIDENCE).cloned();
        sentence.chain(evidence).collect::<Vec<String>>()
    };
    causes.iter().take(CAUSES).flat_map(said).collect()
}

/// The traces that stand in one of both alone.
fn only_in_one(one: &[u8], two: &[u8], traces: &[String]) -> Vec<String> {
    let has = |bytes: &[u8], trace: &str| memchr::memmem::find(bytes, trace.as_bytes()).is_some();
    let long = traces.iter().filter(|trace| trace.len() > 2);
    long.filter(|trace| has(one, trace) != has(two, trace))
        .cloned()
        .collect()
}

fn output(path: &Path) -> io::Result<Output> {
    let mut hash = Sha256::new();
    let mut file = fs::File::open(path)?;
    let mut piece = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        let read = io::Read::read(&mut file, &mut piece)?;
        if read == 0 {
            break;
        }
        bytes += read as u64;
        hash.update(piece.get(..read).unwrap_or_default());
    }
    let sha256 = hexadecimal(&hash.finalize());
    Ok(Output { sha256, bytes })
}

/// Removes the files below `from` that a pattern stands for: what an earlier build left is no result of the next.
///
/// # Errors
/// A file cannot be removed.
pub(super) fn remove(from: &Path, patterns: &[Pattern]) -> io::Result<()> {
    if patterns.is_empty() {
        return Ok(());
    }
    names(from, patterns)?
        .iter()
        .try_for_each(|name| fs::remove_file(from.join(name)))
}

/// Files below a folder, by their paths with `/`.
fn names(root: &Path, patterns: &[Pattern]) -> io::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if folder.is_empty() {
                name
            } else {
                format!("{folder}/{name}")
            };
            let kind = entry.file_type()?;
            if kind.is_dir() && path != ".git" {
                folders.push(path);
            } else if kind.is_file()
                && (patterns.is_empty() || patterns.iter().any(|p| p.has(&path)))
            {
                names.insert(path);
            }
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stand_for_files_and_folders() {
        let has = |pattern: &str, path: &str| Pattern::parse(pattern).unwrap().has(path);
        for (pattern, path) in [
            ("dist", "dist/linux/server"),
            ("./dist/", "dist/server"),
            ("dist/*", "dist/server"),
            ("dist/*", "dist/linux/server"),
            ("**/server", "dist/linux/server"),
            ("*.tar.??", "a.b.tar.gz"),
            ("**", "a/b"),
            ("a*b*c", "aXbXbXc"),
        ] {
            assert!(has(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("dist", "distance/server"),
            ("dist/*.zip", "dist/linux/server.zip"),
            ("*/server", "server"),
            ("a?c", "a/c"),
            ("server", "server2"),
        ] {
            assert!(!has(pattern, path), "{pattern} {path}");
        }
        for bad in ["", "/tmp/x", "../x", "a/../b", "./"] {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn no_pattern_takes_for_ever() {
        let pattern = Pattern::parse(&"*a".repeat(200)).unwrap();
        assert!(pattern.has(&"ab".repeat(2500).replace("ab", "ba")));
        assert!(!pattern.has(&"b".repeat(5000)));
    }

    #[test]
    fn builds_are_compared_file_by_file() {
        let root = tempfile::tempdir().unwrap();
        let made = |build: &str, files: &[(&str, &str)]| {
            let from = root.path().join(build);
            for (name, text) in files {
                fs::create_dir_all(from.join(name).parent().unwrap()).unwrap();
                fs::write(from.join(name), text).unwrap();
            }
            Outputs::take(&from, &[], &root.path().join(format!("{build}-kept"))).unwrap()
        };
        let base = made(
            "base",
            &[("a/same", "1"), ("b", "by alice\n"), ("c", "1"), ("d", "1")],
        );
        let other = made(
            "other",
            &[("a/same", "1"), ("b", "by bob\n"), ("d", "2"), ("e", "1")],
        );
        let left_out = BTreeSet::from(["d".to_owned()]);
        let traces = ["alice", "carol", "by"].map(str::to_owned);
        let found = base.differences(&other, &left_out, &traces).unwrap();
        let names: Vec<&str> = found.iter().map(|d| d.output.as_str()).collect();
        assert_eq!(names, ["b", "c", "e"]);
        assert_eq!(found[0].traces, ["alice"]);
        assert!(
            found[0].where_.iter().any(|line| line.contains("bob")),
            "{found:?}"
        );
        assert_eq!(Outputs::kept(&root.path().join("base-kept")).unwrap(), base);
        assert_eq!(
            base.differences(&base, &BTreeSet::new(), &traces).unwrap(),
            []
        );
    }

    #[test]
    fn go_binaries_are_told_apart_by_cause_and_other_files_by_lines() {
        let [one, other] = ["elf-amd64-go1.21", "elf-amd64-go1.25"].map(goassay_fixtures::bytes);
        let said = explained(&one, &other);
        assert!(said[0].contains("of Go: go1.21"), "{said:?}");
        assert!(said.len() <= CAUSES * (1 + EVIDENCE), "{said:?}");
        assert_eq!(explained(b"a\n", b"b\n"), ["-a", "+b"]);
    }
}

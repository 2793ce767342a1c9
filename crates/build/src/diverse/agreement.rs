//! What the archives of several chains have in common, and where they differ.

use super::files_of_zip;
use crate::compare::{self, Difference, Side, Verdict, What};
use crate::rebuild::{Error, Sums};
use goassay_binary::bytes::hexadecimal;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Differences between two archives that are told; all are counted.
const TOLD: usize = 20;

/// What a chain built.
#[derive(Debug, Clone)]
pub(super) struct Archive {
    pub(super) chain: String,
    /// No chain before it has the same first link.
    pub(super) is_root: bool,
    /// It is what is posted, as far as that can be: after the named normalisations.
    pub(super) posted: bool,
    pub(super) sums: Sums,
    /// SHA-256 of each file, by its name in GOROOT.
    pub(super) files: BTreeMap<String, String>,
    pub(super) path: PathBuf,
}

/// What the chains have in common.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Agreement {
    /// The different archives that came out: what is posted first, then what most unrelated chains built. One where all agree.
    pub variants: Vec<Variant>,
    /// The programs, each with all that it was.
    pub programs: Vec<Program>,
    /// How each further variant differs from the first one.
    pub differences: Vec<Differing>,
}

/// An archive that came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Its hashes.
    pub sums: Sums,
    /// Whether it is what is posted.
    pub posted: bool,
    /// Who built it.
    pub chains: Vec<String>,
}

/// A program of the release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its name in GOROOT.
    pub name: String,
    /// Its SHA-256 (none where it was not built), and which chains built that.
    pub built: Vec<(Option<String>, Vec<String>)>,
}

impl Program {
    /// Whether all chains built the same.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.built.len() == 1
    }
}

/// How a variant differs from the first one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differing {
    /// Who built it.
    pub chains: Vec<String>,
    /// Who built the first one.
    pub from: Vec<String>,
    /// How many differences there are.
    pub count: usize,
    /// The first of them.
    pub entries: Vec<Entry>,
}

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The file, by its name in GOROOT; empty for the archive itself.
    pub name: String,
    /// Where and how, a line each; the first variant comes first in each line.
    pub log: Vec<String>,
}

/// SHA-256 of each file of an archive, by its name in GOROOT.
pub(super) fn files(path: &Path) -> Result<BTreeMap<String, String>, Error> {
    let sums = files_of_zip(path)?.into_iter();
    Ok(sums
        .map(|(name, sum)| (in_goroot(&name).to_owned(), hexadecimal(&sum)))
        .collect())
}

/// `golang.org/toolchain@v0.0.1-go1.25.14.linux-amd64/bin/go` is `bin/go`.
fn in_goroot(name: &str) -> &str {
    let below = name
        .split_once('@')
        .and_then(|(_, version)| version.split_once('/'));
    below.map_or(name, |(_, rest)| rest)
}

/// Compares what was built.
pub(super) fn agree(archives: &[Archive]) -> Result<Agreement, Error> {
    let groups = groups(archives);
    let variant = |group: &Vec<&Archive>| {
        Some(Variant {
            sums: group.first()?.sums.clone(),
            posted: group.iter().any(|archive| archive.posted),
            chains: names(group),
        })
    };
    let mut differences = Vec::new();
    if let Some((first, others)) = groups.split_first() {
        for other in others {
            differences.push(differing(first, other)?);
        }
    }
    Ok(Agreement {
        variants: groups.iter().filter_map(variant).collect(),
        programs: programs(archives),
        differences,
    })
}

fn names(group: &[&Archive]) -> Vec<String> {
    group.iter().map(|archive| archive.chain.clone()).collect()
}

/// Archives with the same bits, the group that others are compared with first.
fn groups(archives: &[Archive]) -> Vec<Vec<&Archive>> {
    let mut groups: Vec<Vec<&Archive>> = Vec::new();
    for archive in archives {
        let same = |group: &&mut Vec<&Archive>| {
            group
                .first()
                .is_some_and(|first| first.sums.sha256 == archive.sums.sha256)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(archive),
            None => groups.push(vec![archive]),
        }
    }
    let weight = |group: &Vec<&Archive>| {
        let roots = group.iter().filter(|archive| archive.is_root).count();
        (group.iter().any(|archive| archive.posted), roots)
    };
    // It is stable: of equals, what was built first stays first.
    groups.sort_by_key(|group| std::cmp::Reverse(weight(group)));
    groups
}

fn programs(archives: &[Archive]) -> Vec<Program> {
    let is_program = |name: &&String| name.starts_with("bin/") || name.starts_with("pkg/tool/");
    let all = archives.iter().flat_map(|archive| archive.files.keys());
    let all: BTreeSet<&String> = all.filter(is_program).collect();
    let program = |name: &String| {
        let mut built: Vec<(Option<String>, Vec<String>)> = Vec::new();
        for archive in archives {
            let sum = archive.files.get(name).cloned();
            match built.iter_mut().find(|(known, _)| *known == sum) {
                Some((_, chains)) => chains.push(archive.chain.clone()),
                None => built.push((sum, vec![archive.chain.clone()])),
            }
        }
        Program {
            name: name.clone(),
            built,
        }
    };
    all.into_iter().map(program).collect()
}

fn differing(first: &[&Archive], other: &[&Archive]) -> Result<Differing, Error> {
    let mut differing = Differing {
        chains: names(other),
        from: names(first),
        count: 0,
        entries: Vec::new(),
    };
    let (Some(one), Some(two)) = (first.first(), other.first()) else {
        return Ok(differing);
    };
    // Nothing is normalised: both were built here, and nobody has signed them.
    let options = compare::Options {
        normalizations: &[],
        ..compare::Options::default()
    };
    let comparison = compare::files(&one.path, &two.path, &options)
        .map_err(|error| Error::Changed(format!("an archive cannot be compared: {error}")))?;
    match comparison.verdict {
        Verdict::Different(differences) => {
            differing.count = differences.count;
            let told = differences.list.iter().take(TOLD);
            differing.entries = told.map(entry).collect();
        }
        verdict => {
            // They had different hashes when they were built.
            let what = format!("archives that differed are {} now", verdict.name());
            return Err(Error::Changed(what));
        }
    }
    Ok(differing)
}

fn entry(difference: &Difference) -> Entry {
    let Difference { name, what } = difference;
    let log = match what {
        What::Contents(differ) => {
            let lengths = format!(
                "contents: {} and {} bytes",
                differ.posted.length, differ.rebuilt.length
            );
            let words = differ.diagnosis.in_words();
            std::iter::once(lengths).chain(words).collect()
        }
        What::Only(Side::Posted) => vec!["only in the first".to_owned()],
        What::Only(Side::Rebuilt) => vec!["only in the second".to_owned()],
        What::Mode(one, two) => vec![format!("mode: {} and {}", octal(*one), octal(*two))],
        What::Time(one, two) => vec![format!("time: {one:?} and {two:?}")],
        What::Kind(one, two) => vec![format!("kind: {one} and {two}")],
        What::Order(one, two) => vec![format!("place: {one} and {two}")],
        What::Fact(name, one, two) => vec![format!("{name}: {one:?} and {two:?}")],
        What::Duplicate(_) | What::Unreadable(..) | What::Unaccounted => {
            vec![what.name().to_owned()]
        }
    };
    Entry {
        name: in_goroot(name).to_owned(),
        log,
    }
}

fn octal(mode: Option<u32>) -> String {
    mode.map_or_else(|| "none".to_owned(), |mode| format!("{mode:o}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(chain: &str, posted: bool, is_root: bool, sum: &str) -> Archive {
        let file = |name: &str, sum: &str| (name.to_owned(), sum.to_owned());
        Archive {
            chain: chain.to_owned(),
            is_root,
            posted,
            sums: Sums {
                sha256: sum.to_owned(),
                h1: String::new(),
                bytes: 0,
            },
            files: BTreeMap::from([file("bin/go", "1"), file("pkg/tool/x/compile", sum)]),
            path: PathBuf::new(),
        }
    }

    fn order(archives: &[Archive]) -> Vec<Vec<String>> {
        groups(archives).iter().map(|group| names(group)).collect()
    }

    #[test]
    fn what_is_posted_comes_first_then_what_most_unrelated_chains_built() {
        let all = [
            archive("a", false, true, "1"),
            archive("b", false, false, "1"),
            archive("c", false, false, "1"),
            archive("d", false, true, "2"),
            archive("e", false, true, "2"),
        ];
        assert_eq!(order(&all), [vec!["d", "e"], vec!["a", "b", "c"]]);
        let mut posted = all.clone();
        posted[0].posted = true;
        assert_eq!(order(&posted), [vec!["a", "b", "c"], vec!["d", "e"]]);
        // Of equals the first one.
        assert_eq!(order(&all[2..4]), [vec!["d"], vec!["c"]]);
        assert_eq!(order(&[all[3].clone(), all[0].clone()]), [["d"], ["a"]]);
    }

    #[test]
    fn a_program_has_all_that_it_was() {
        let mut all = [
            archive("a", false, true, "1"),
            archive("b", false, true, "2"),
            archive("c", false, true, "1"),
        ];
        all[2].files.insert("bin/gofmt".to_owned(), "3".to_owned());
        let found = programs(&all);
        let same: Vec<_> = found.iter().map(|p| (&p.name[..], p.is_same())).collect();
        let want = [
            ("bin/go", true),
            ("bin/gofmt", false),
            ("pkg/tool/x/compile", false),
        ];
        assert_eq!(same, want);
        let chains = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        let compile = vec![
            (Some("1".to_owned()), chains(&["a", "c"])),
            (Some("2".to_owned()), chains(&["b"])),
        ];
        assert_eq!(found[2].built, compile);
        let gofmt = vec![
            (None, chains(&["a", "b"])),
            (Some("3".to_owned()), chains(&["c"])),
        ];
        assert_eq!(found[1].built, gofmt);
    }

    #[test]
    fn names_are_those_in_goroot() {
        let module = "golang.org/toolchain@v0.0.1-go1.99.linux-amd64";
        assert_eq!(in_goroot(&format!("{module}/bin/go")), "bin/go");
        assert_eq!(in_goroot("bin/go"), "bin/go");
        assert_eq!(in_goroot(""), "");
    }
}

//! Comparing what was posted with what was rebuilt: whole files first, then entry by entry.
//!
//! "Identical" means: the same bytes, or (with the gate off) trees whose names, order, kinds, modes, times, contents and all that
//! the container says besides are the same. "Identical after" means that named normalisations, applied to both sides, made
//! it so, and nothing else was different. What could not be checked is a gap and stays apart; a verdict begins as "not
//! checked" and is never a pass by default.

mod contents;
mod diagnosis;
mod entries;
mod text;

pub(crate) use contents::compare_contents_by;
pub use contents::{Contents, compare_contents};
pub use diagnosis::{Diagnosis, diagnose};
pub use text::diff;

use crate::archive::{self, Sum, Tree};
use crate::gap::Gap;
use crate::normalize::{self, Normalization};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

/// Most differences, and most entries of a normalisation, that are listed. All are counted.
pub const MAX_LISTED: usize = 100;

/// How to compare.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Whether equal bytes of the whole files are enough. Without it every entry is compared; for tests of the comparison.
    pub gate: bool,
    /// What may be normalised.
    pub normalizations: &'a [Normalization],
    /// How archives are read.
    pub archive: archive::Options<'a>,
}

impl Default for Options<'_> {
    /// For what the Go project posts.
    fn default() -> Self {
        Options {
            gate: true,
            normalizations: &normalize::POSTED,
            archive: archive::Options::default(),
        }
    }
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The same.
    Identical,
    /// The same after these normalisations, each of which was needed.
    IdenticalAfter(Vec<Applied>),
    /// Not the same.
    Different(Differences),
    /// Nothing can be said: why.
    NotChecked(String),
}

impl Verdict {
    /// The stable word for output.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Verdict::Identical => "identical",
            Verdict::IdenticalAfter(_) => "identical-after",
            Verdict::Different(_) => "different",
            Verdict::NotChecked(_) => "not-checked",
        }
    }

    /// Whether it is the same, also after normalisations.
    #[must_use]
    pub fn is_pass(&self) -> bool {
        matches!(self, Verdict::Identical | Verdict::IdenticalAfter(_))
    }
}

/// A normalisation that was needed, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Name of the [`Normalization`].
    pub normalization: &'static str,
    /// How many entries needed it.
    pub count: usize,
    /// The first of them.
    pub entries: Vec<AppliedTo>,
}

/// What a normalisation did to one entry; empty where it left a side alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedTo {
    /// Name of the entry.
    pub name: String,
    /// What it did to the posted side.
    pub posted: String,
    /// What it did to the rebuilt side.
    pub rebuilt: String,
}

/// Differences: counted all, listed the first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Differences {
    /// How many.
    pub count: usize,
    /// The first [`MAX_LISTED`].
    pub list: Vec<Difference>,
}

impl Differences {
    fn add(&mut self, name: &str, what: What) {
        self.count += 1;
        if self.list.len() < MAX_LISTED {
            self.list.push(Difference {
                name: name.to_owned(),
                what,
            });
        }
    }
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The entry; empty for the container itself. Hostile.
    pub name: String,
    /// What is different.
    pub what: What,
}

/// One of two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// What was posted.
    Posted,
    /// What was rebuilt.
    Rebuilt,
}

impl Side {
    /// The stable word for output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Side::Posted => "posted",
            Side::Rebuilt => "rebuilt",
        }
    }
}

/// What is different. Texts are hostile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// An entry that one side alone has.
    Only(Side),
    /// A name that a side has more than once, so that programs may take one or the other.
    Duplicate(Side),
    /// The first entry that stands at another place: index in posted and rebuilt.
    Order(usize, usize),
    /// Another kind of entry, or another target of a link.
    Kind(String, String),
    /// Other permissions.
    Mode(Option<u32>, Option<u32>),
    /// Another time (seconds since 1970).
    Time(Option<i64>, Option<i64>),
    /// Other contents.
    Contents(Box<ContentsDiffer>),
    /// Something else that the container says: name, posted, rebuilt.
    Fact(String, Option<String>, Option<String>),
    /// A side that cannot be read as what the other one is.
    Unreadable(Side, String),
    /// The files differ in bytes that no entry has.
    Unaccounted,
}

impl What {
    /// The stable word for output.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            What::Only(Side::Posted) => "only-posted",
            What::Only(Side::Rebuilt) => "only-rebuilt",
            What::Duplicate(_) => "duplicate",
            What::Order(..) => "order",
            What::Kind(..) => "kind",
            What::Mode(..) => "mode",
            What::Time(..) => "time",
            What::Contents(_) => "contents",
            What::Fact(..) => "container",
            What::Unreadable(..) => "unreadable",
            What::Unaccounted => "unaccounted",
        }
    }
}

/// Contents that differ, after all normalisations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentsDiffer {
    /// Of the posted file, as it is.
    pub posted: Sum,
    /// Of the rebuilt file, as it is.
    pub rebuilt: Sum,
    /// Why a normalisation refused to be applied.
    pub refused: Option<String>,
    /// Where the difference is.
    pub diagnosis: Diagnosis,
}

/// Whether whole files have the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whole {
    /// They have.
    Equal,
    /// They have not.
    Unequal,
    /// It was not looked at.
    NotCompared,
}

/// A comparison of two files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// What came out.
    pub verdict: Verdict,
    /// The whole files.
    pub whole: Whole,
    /// What was posted.
    pub posted: About,
    /// What was rebuilt.
    pub rebuilt: About,
    /// What was not checked, though it is there.
    pub gaps: Vec<Gap>,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The whole file.
    pub sum: Sum,
    /// The `h1:` of its files, where it is an archive that can have one.
    pub h1: Option<String>,
    /// Entries, where it is an archive.
    pub entries: Option<usize>,
}

/// Compares two files: archives entry by entry, others by their contents.
///
/// # Errors
/// One of them cannot be read from the disk. A damaged one is a verdict, not an error.
pub fn files(
    posted: &Path,
    rebuilt: &Path,
    options: &Options<'_>,
) -> Result<Comparison, archive::Error> {
    let sums = [sum(posted)?, sum(rebuilt)?];
    let equal = sums[0] == sums[1];
    let mut comparison = Comparison {
        verdict: Verdict::NotChecked("it was not compared yet".to_owned()),
        whole: match (options.gate, equal) {
            (false, _) => Whole::NotCompared,
            (true, true) => Whole::Equal,
            (true, false) => Whole::Unequal,
        },
        posted: About::file(sums[0]),
        rebuilt: About::file(sums[1]),
        gaps: Vec::new(),
    };
    if comparison.whole == Whole::Equal {
        comparison.verdict = Verdict::Identical;
        // The hash of its files is good to know, and not needed.
        if let Ok(tree) = archive::open(posted, &options.archive) {
            comparison.posted.describe(&tree);
            comparison.rebuilt = comparison.posted.clone();
        }
        return Ok(comparison);
    }
    match (
        readable(archive::open(posted, &options.archive))?,
        readable(archive::open(rebuilt, &options.archive))?,
    ) {
        (Ok(one), Ok(other)) => {
            comparison.posted.describe(&one);
            comparison.rebuilt.describe(&other);
            let mut outcome = Outcome::default();
            entries::compare(&one, &other, options.normalizations, &mut outcome)?;
            comparison.finish(outcome);
        }
        (Err(archive::Error::Unknown), Err(archive::Error::Unknown)) => {
            let mut outcome = Outcome::default();
            let (one, other) = (read(posted)?, read(rebuilt)?);
            outcome.contents("", &one, &other, options.normalizations);
            comparison.finish(outcome);
        }
        (one, other) => comparison.unreadable(one.err(), other.err()),
    }
    Ok(comparison)
}

/// Compares two trees in every respect; what is different, which normalisations were needed, what was not checked.
///
/// # Errors
/// Contents cannot be read.
pub fn trees(
    posted: &Tree,
    rebuilt: &Tree,
    normalizations: &[Normalization],
) -> Result<(Verdict, Vec<Gap>), archive::Error> {
    let mut outcome = Outcome::default();
    entries::compare(posted, rebuilt, normalizations, &mut outcome)?;
    Ok(outcome.verdict())
}

type Readable = Result<Tree, archive::Error>;

/// Takes apart what is wrong here and what is wrong with the archive.
fn readable(tree: Readable) -> Result<Readable, archive::Error> {
    use archive::Error;
    match tree {
        Err(error @ (Error::Read(..) | Error::Io(_) | Error::Scratch(_))) => Err(error),
        tree => Ok(tree),
    }
}

fn sum(path: &Path) -> Result<Sum, archive::Error> {
    let read = |error| archive::Error::Read(path.to_owned(), error);
    Sum::of_file(&mut File::open(path).map_err(read)?)
}

fn read(path: &Path) -> Result<Vec<u8>, archive::Error> {
    let read = |error| archive::Error::Read(path.to_owned(), error);
    let length = std::fs::metadata(path).map_err(read)?.len();
    if length > contents::MAX_DIAGNOSED {
        return Err(archive::Error::TooLarge);
    }
    std::fs::read(path).map_err(read)
}

impl About {
    fn file(sum: Sum) -> About {
        About {
            sum,
            h1: None,
            entries: None,
        }
    }

    fn describe(&mut self, tree: &Tree) {
        self.h1 = tree.h1();
        self.entries = Some(tree.entries.len());
    }
}

impl Comparison {
    fn finish(&mut self, outcome: Outcome) {
        let nothing_found = outcome.differences.count == 0 && outcome.applied.is_empty();
        (self.verdict, self.gaps) = outcome.verdict();
        // Whatever the reader of archives left out: other bytes are no pass.
        if self.posted.sum != self.rebuilt.sum && nothing_found {
            let mut differences = Differences::default();
            differences.add("", What::Unaccounted);
            if self.whole == Whole::Unequal {
                self.verdict = Verdict::Different(differences);
            }
        }
    }

    fn unreadable(&mut self, posted: Option<archive::Error>, rebuilt: Option<archive::Error>) {
        let mut differences = Differences::default();
        for (side, error) in [(Side::Posted, posted), (Side::Rebuilt, rebuilt)] {
            if let Some(error) = error {
                differences.add("", What::Unreadable(side, error.to_string()));
            }
        }
        self.verdict = match self.posted.sum == self.rebuilt.sum {
            true => Verdict::NotChecked("the archive cannot be read".to_owned()),
            false => Verdict::Different(differences),
        };
    }
}

/// What a comparison has found so far.
#[derive(Default)]
struct Outcome {
    differences: Differences,
    applied: BTreeMap<&'static str, Applied>,
    gaps: Vec<Gap>,
}

impl Outcome {
    fn apply(&mut self, normalization: &'static str, to: AppliedTo) {
        let applied = self.applied.entry(normalization).or_insert(Applied {
            normalization,
            count: 0,
            entries: Vec::new(),
        });
        applied.count += 1;
        if applied.entries.len() < MAX_LISTED {
            applied.entries.push(to);
        }
    }

    fn contents(&mut self, name: &str, one: &[u8], other: &[u8], allowed: &[Normalization]) {
        let Contents {
            differ,
            applied,
            gaps,
        } = compare_contents(one, other, allowed);
        for (normalization, posted, rebuilt) in applied {
            let name = name.to_owned();
            self.apply(
                normalization,
                AppliedTo {
                    name,
                    posted,
                    rebuilt,
                },
            );
        }
        self.gaps.extend(gaps);
        if let Some(differ) = differ {
            self.differences.add(name, What::Contents(Box::new(differ)));
        }
    }

    fn verdict(mut self) -> (Verdict, Vec<Gap>) {
        self.gaps.sort();
        self.gaps.dedup();
        let verdict = if self.differences.count > 0 {
            Verdict::Different(self.differences)
        } else if self.applied.is_empty() {
            Verdict::Identical
        } else {
            Verdict::IdenticalAfter(self.applied.into_values().collect())
        };
        (verdict, self.gaps)
    }
}

#[cfg(test)]
mod tests;

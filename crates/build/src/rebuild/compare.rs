//! What is posted against what was rebuilt: the comparison of `build::compare`, in the words of a verification.

use super::steps::Posted;
use super::verification::{File, Form, NOT_CHECKED, Record, Status, Sums};
use super::{Error, session, source};
use crate::archive::Tree;
use crate::compare::{self, Applied, Difference, Differences, Verdict, What};
use crate::dirhash;
use crate::gap::Gap;
use crate::normalize;
use goassay_binary::bytes::hexadecimal;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Differences that a log shows; all are counted.
const SHOWN: usize = 20;

/// What a comparison came to: a status, names of the normalisations that were needed, a log.
pub(super) type Compared = (Status, BTreeSet<String>, Vec<String>);

/// Compares a posted archive with a rebuilt one.
pub(super) fn archives(posted: &Path, rebuilt: &Path) -> Result<Compared, Error> {
    let comparison = compare::files(posted, rebuilt, &compare::Options::default())
        .map_err(|error| Error::Changed(format!("an archive cannot be compared: {error}")))?;
    let same = comparison.rebuilt.sum.hex();
    let same = format!("the rebuilt archive is the posted one: SHA-256 {same}");
    Ok(in_lines(&comparison.verdict, &comparison.gaps, same))
}

/// Compares two trees, entry by entry.
pub(super) fn trees(posted: &Tree, rebuilt: &Tree) -> Result<Compared, Error> {
    let (verdict, gaps) = compare::trees(posted, rebuilt, &normalize::POSTED)
        .map_err(|error| Error::Changed(format!("an archive cannot be compared: {error}")))?;
    let same = format!("{} files are the same", rebuilt.entries.len());
    Ok(in_lines(&verdict, &gaps, same))
}

fn in_lines(verdict: &Verdict, gaps: &[Gap], same: String) -> Compared {
    let mut names = BTreeSet::new();
    let mut log = Vec::new();
    let status = match verdict {
        Verdict::Identical => {
            log.push(same);
            Status::Pass
        }
        Verdict::IdenticalAfter(applied) => {
            names.extend(applied.iter().map(|a| a.normalization.to_owned()));
            applied
                .iter()
                .for_each(|applied| put_applied(applied, &mut log));
            Status::Pass
        }
        Verdict::Different(differences) => {
            put_differences(differences, &mut log);
            Status::Fail
        }
        Verdict::NotChecked(why) => {
            log.push(why.clone());
            Status::Skip
        }
    };
    log.extend(
        gaps.iter()
            .map(|gap| format!("{NOT_CHECKED}{}", gap.reason)),
    );
    (status, names, log)
}

fn put_applied(applied: &Applied, log: &mut Vec<String>) {
    let Applied {
        normalization,
        count,
        entries,
    } = applied;
    log.push(format!(
        "{normalization}: applied to both, {count} entries needed it"
    ));
    for to in entries
        .iter()
        .filter(|to| to.posted != to.rebuilt)
        .take(SHOWN)
    {
        log.push(format!(
            "{}: posted {}; rebuilt {}",
            to.name,
            or_nothing(&to.posted),
            or_nothing(&to.rebuilt)
        ));
    }
}

fn or_nothing(text: &str) -> &str {
    if text.is_empty() { "left alone" } else { text }
}

fn put_differences(differences: &Differences, log: &mut Vec<String>) {
    let shown = differences.list.iter().take(SHOWN);
    for Difference { name, what } in shown {
        let name = if name.is_empty() { "the archive" } else { name };
        log.push(format!("{name}: {}", in_words(what)));
        if let What::Contents(differ) = what {
            log.extend(
                differ
                    .refused
                    .iter()
                    .map(|why| format!("  not normalised: {why}")),
            );
            let words = differ.diagnosis.in_words();
            log.extend(words.iter().map(|line| format!("  {line}")));
        }
    }
    let more = differences.count.saturating_sub(SHOWN);
    if more > 0 {
        log.push(format!("and {more} more differences"));
    }
}

fn in_words(what: &What) -> String {
    match what {
        What::Only(side) => format!("only in the {} archive", side.name()),
        What::Duplicate(side) => format!("more than once in the {} archive", side.name()),
        What::Order(one, other) => format!("at place {one} posted, at {other} rebuilt"),
        What::Kind(one, other) => format!("posted a {one}, rebuilt a {other}"),
        What::Mode(one, other) => format!("mode {} posted, {} rebuilt", octal(*one), octal(*other)),
        What::Time(one, other) => format!("time {one:?} posted, {other:?} rebuilt"),
        What::Contents(differ) => format!(
            "contents differ: {} bytes posted, {} rebuilt",
            differ.posted.length, differ.rebuilt.length
        ),
        What::Fact(name, one, other) => format!("{name}: {one:?} posted, {other:?} rebuilt"),
        What::Unreadable(side, why) => format!("the {} one cannot be read: {why}", side.name()),
        What::Unaccounted => "bytes differ that no entry has".to_owned(),
    }
}

fn octal(mode: Option<u32>) -> String {
    mode.map_or_else(|| "none".to_owned(), |mode| format!("{mode:o}"))
}

/// One archive of a verification.
pub(super) fn file(posted: &Posted, rebuilt: Option<&Path>) -> Result<File, Error> {
    let statement = &posted.statement;
    let database = &statement.database;
    let mut file = File {
        name: format!("{}.zip", posted.name.module().version),
        form: Form::Module,
        platform: posted.name.platform.clone(),
        status: Status::Skip,
        posted: measure(&posted.path, &posted.sums)?,
        rebuilt: None,
        record: Record {
            database: database.clone(),
            id: statement.id,
            h1: statement.zip.clone(),
        },
        normalisations: BTreeSet::new(),
        log: vec![format!(
            "the posted archive has the hash that {database} recorded"
        )],
    };
    let Some(archive) = rebuilt else {
        file.log.push("it was not rebuilt".to_owned());
        return Ok(file);
    };
    let rebuilt = measure(archive, &session::sums_of(archive)?)?;
    let (status, names, log) = archives(&posted.path, archive)?;
    (file.status, file.normalisations) = (status, names);
    file.log.push(if rebuilt.h1 == statement.zip {
        format!("the rebuilt archive has the hash that {database} recorded")
    } else {
        format!("the rebuilt archive has the hash {}", rebuilt.h1)
    });
    file.log.extend(log);
    file.rebuilt = Some(rebuilt);
    Ok(file)
}

/// What is said of an archive with these files.
fn measure(path: &Path, files: &source::Sums) -> Result<Sums, Error> {
    Ok(Sums {
        sha256: hexadecimal(&source::sum(path)?),
        h1: dirhash::of_files(files),
        bytes: fs::metadata(path).map_err(Error::file("read", path))?.len(),
    })
}

//! `goassay diff A B`: what differs between two Go binaries, or archives and folders of them, and why.
//!
//! Identical means: the same bytes, or, of two folders, entries with the same names, kinds, modes, times and bytes. What is said
//! beyond that is a guess with its evidence.

use crate::args;
use crate::documents;
use crate::environment::Environment;
use crate::failure::{Failure, Kind};
use crate::interrupt;
use crate::map::Mapped;
use crate::output::Terminal;
use goassay_binary::container;
use goassay_build::archive::{self, Entry, Tree};
use goassay_build::compare::{self, Difference, Verdict, What};
use goassay_report::difference::{self, Format, Options, Other, Others, Pair, Report};
use goassay_report::document;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Rows of a table that are shown if nothing else is said.
const ROWS: usize = 8;
/// Longest entry of an archive that is read into memory, in bytes.
const LONGEST: u64 = 1 << 30;

pub(crate) fn run(
    args: &args::diff::Diff,
    env: &Environment,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    interrupt::install();
    let outputs = documents::resolve(&args.documents)?;
    let report = compare(args, env)?;
    if !documents::text_on_stdout(&outputs, Format::Text) {
        super::complain_about(&report.failures, terminal);
    }
    documents::write(&outputs, terminal, |format, style, out| {
        let options = Options {
            width: terminal.width,
            style,
            top: (!args.all).then_some(ROWS),
        };
        difference::render(&report, format, options, out)
    })?;
    Ok(report.exit_code())
}

fn compare(args: &args::diff::Diff, env: &Environment) -> Result<Report, Failure> {
    let scratch = env.cache_dir().map(|folder| folder.join("goassay"));
    let scratch = scratch.filter(|folder| std::fs::create_dir_all(folder).is_ok());
    let options = archive::Options {
        scratch: scratch.as_deref(),
        platform: args.platform.as_deref(),
        ..archive::Options::default()
    };
    let mut report = Report {
        tool: super::tool(),
        names: [&args.a, &args.b].map(|path| path.display().to_string()),
        pairs: Vec::new(),
        same: 0,
        others: Others::default(),
        failures: Vec::new(),
    };
    match (tree(&args.a, &options)?, tree(&args.b, &options)?) {
        (None, None) => files(&args.a, &args.b, &mut report)?,
        (Some(one), Some(other)) => trees(&one, &other, &mut report)?,
        (one, _) => {
            let (archive, file) = match one {
                Some(_) => (&args.a, &args.b),
                None => (&args.b, &args.a),
            };
            let (archive, file) = (archive.display(), file.display());
            let what = format!("{archive} is an archive or a folder, and {file} is not");
            return Err(Failure::input(what).hint("give two of a kind"));
        }
    }
    if report.verdict() == difference::Verdict::Identical {
        packed_otherwise(args, &mut report)?;
    }
    Ok(report)
}

/// A tree, where the path leads to something that holds one.
fn tree(path: &Path, options: &archive::Options<'_>) -> Result<Option<Tree>, Failure> {
    match archive::open(path, options) {
        Ok(tree) => Ok(Some(tree)),
        Err(archive::Error::Unknown) => Ok(None),
        Err(error) => {
            Err(Failure::input(format!("cannot read {}", path.display())).because(&error))
        }
    }
}

fn open(path: &Path) -> Result<Mapped, Failure> {
    Mapped::open(path).map_err(|error| Failure::file(Kind::Input, "read", path, &error))
}

fn files(a: &Path, b: &Path, report: &mut Report) -> Result<(), Failure> {
    let maps = [open(a)?, open(b)?];
    let [one, other] = maps.each_ref().map(Mapped::bytes);
    pair("", one, other, report);
    for (map, path) in maps.iter().zip([a, b]) {
        map.unchanged().map_err(|error| {
            Failure::input(format!("cannot compare {}", path.display())).because(&error)
        })?;
    }
    Ok(())
}

/// Compares two files; members of fat files and archives of objects one by one, where both have them.
fn pair(name: &str, one: &[u8], other: &[u8], report: &mut Report) {
    if one == other {
        report.same += 1;
        return;
    }
    let before = report.pairs.len();
    if let (Ok(left), Ok(right)) = (container::members(one), container::members(other))
        && left.len().max(right.len()) > 1
    {
        let by_name: BTreeMap<_, _> = right.iter().map(|m| (m.name.clone(), m.data)).collect();
        for member in &left {
            let twin = by_name.get(&member.name);
            let member_name = member.name.as_deref().unwrap_or_default();
            let title = [name, member_name].join(if name.is_empty() { "" } else { ": " });
            report
                .pairs
                .extend(twin.and_then(|twin| Pair::compare(&title, member.data, twin)));
        }
    }
    if report.pairs.len() == before {
        report.pairs.extend(Pair::compare(name, one, other));
    }
}

fn trees(one: &Tree, other: &Tree, report: &mut Report) -> Result<(), Failure> {
    let unreadable =
        |error: archive::Error| Failure::input("an entry cannot be read").because(&error);
    let mut covered: BTreeSet<&str> = BTreeSet::new();
    for (left, right) in programs(one, other) {
        let left_bytes = one.contents(left).map_err(unreadable)?;
        let right_bytes = other.contents(right).map_err(unreadable)?;
        if container::is_candidate(&left_bytes) && container::is_candidate(&right_bytes) {
            pair(&left.name, &left_bytes, &right_bytes, report);
            covered.extend((left.name == right.name).then_some(left.name.as_str()));
        }
    }
    let same = one.entries.iter().filter(|entry| {
        let twin = other.find(&entry.name);
        entry.kind == archive::Kind::File && twin.is_some_and(|twin| twin.sum == entry.sum)
    });
    report.same = same.count();
    let (verdict, gaps) = compare::trees(one, other, &[]).map_err(unreadable)?;
    if let Verdict::Different(found) = verdict {
        let is_covered = |one: &&Difference| {
            matches!(one.what, What::Contents(_)) && covered.contains(one.name.as_str())
        };
        let rest = found.list.iter().filter(|one| !is_covered(one));
        report.others = Others {
            count: found.count.saturating_sub(covered.len()),
            list: rest
                .map(|one| Other::of_trees(&one.name, &one.what))
                .collect(),
        };
    }
    report
        .failures
        .extend(gaps.into_iter().map(|gap| document::Failure {
            path: String::new(),
            kind: document::FailureKind::Unreadable,
            message: gap.reason,
            hint: None,
        }));
    Ok(())
}

/// Entries that differ and may be Go binaries: those of one name, and of what is left those of one file name, where each side has
/// just one.
fn programs<'t>(one: &'t Tree, other: &'t Tree) -> Vec<(&'t Entry, &'t Entry)> {
    let is_file = |entry: &&Entry| {
        entry.kind == archive::Kind::File && (64..LONGEST).contains(&entry.sum.length)
    };
    let twins = one.entries.iter().filter(is_file).filter_map(|entry| {
        let twin = other.find(&entry.name).filter(|twin| is_file(twin))?;
        (twin.sum != entry.sum).then_some((entry, twin))
    });
    let mut pairs: Vec<(&Entry, &Entry)> = twins.collect();
    let [left, right] = [(one, other), (other, one)].map(|(tree, there)| {
        let mut alone: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
        let entries = tree.entries.iter().filter(is_file);
        for entry in entries.filter(|entry| there.find(&entry.name).is_none()) {
            let name = entry.name.rsplit('/').next().unwrap_or_default();
            alone.entry(name).or_default().push(entry);
        }
        alone
    });
    for (name, entries) in &left {
        if let ([entry], Some([twin])) = (entries.as_slice(), right.get(name).map(Vec::as_slice)) {
            pairs.push((entry, twin));
        }
    }
    pairs
}

/// Archives whose entries are all the same may still be other files.
fn packed_otherwise(args: &args::diff::Diff, report: &mut Report) -> Result<(), Failure> {
    if args.a.is_dir() || args.b.is_dir() {
        return Ok(());
    }
    let maps = [open(&args.a)?, open(&args.b)?];
    if maps[0].bytes() != maps[1].bytes() {
        report.others.count += 1;
        report
            .others
            .list
            .push(Other::of_trees("", &What::Unaccounted));
    }
    Ok(())
}

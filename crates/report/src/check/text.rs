//! The short answer for people: a few lines a file, then what to do and where.

use super::{Report, TextOptions};
use crate::audit;
use crate::audit::plan::{Step as Mending, plan};
use crate::document::Target as Scanned;
use crate::layout::{Line, Page, Paint, counted};
use crate::render::text::footer::{database, put_failure};
use crate::summary::upgrades;
use crate::verdict::{Outcome, Sort, sort};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// How many files get a next step each; of more, only what was found is said, because the steps repeat.
const FEW_FILES: usize = 3;
/// How many steps are shown of each sort.
const STEPS: usize = 5;

/// Writes the text.
pub(super) fn render(
    report: &Report,
    options: &TextOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page::new(out, options.width, options.style);
    let files = files(report);
    let steps = files.len() <= FEW_FILES;
    let mut fine = 0;
    for (scanned, audited) in &files {
        if put_file(&mut page, report, (*scanned, audited), steps)? {
            fine += 1;
        }
    }
    if fine > 0 {
        let files = counted(fine, "file", "files");
        page.put(Line::at(0).paint(Paint::Good, &format!("Nothing found in {files}.")))?;
    }
    if !files.is_empty() {
        page.blank()?;
    }
    let failures = &report.scan.run().failures;
    failures
        .iter()
        .try_for_each(|failure| put_failure(&mut page, failure))?;
    if !failures.is_empty() {
        page.blank()?;
    }
    what_to_do(&mut page, report)?;
    footer(&mut page, report, options)
}

/// What was audited, with its scan: a packed program has none.
fn files(report: &Report) -> Vec<(Option<&Scanned>, &audit::Target)> {
    // Both were sorted by path and member.
    let mut scanned = report.scan.run().targets.iter().peekable();
    let audited = report.audit.run().targets.iter();
    audited
        .map(|audited| {
            let same = |scanned: &&Scanned| {
                (&scanned.path, &scanned.member) == (&audited.path, &audited.member)
            };
            (scanned.next_if(same), audited)
        })
        .collect()
}

/// One file; whether there was nothing to say of it.
fn put_file(
    page: &mut Page<'_>,
    report: &Report,
    (scanned, audited): (Option<&Scanned>, &audit::Target),
    steps: bool,
) -> io::Result<bool> {
    let vulnerable = scanned.map(vulnerabilities).unwrap_or_default();
    let counts = audit::Counts::of(audited, report.audit.run().fail_on);
    let mut built = vec![counts.failed_in_words()];
    if counts.unknown > 0 {
        built.push(format!("{} unknown", counts.unknown));
    }
    built.retain(|part| !part.is_empty());
    if vulnerable.is_empty() && built.is_empty() {
        return Ok(true);
    }
    let mut line = Line::at(0).name(Paint::Strong, &audited.path);
    if let Some(member) = &audited.member {
        line = line.say("member").name(Paint::Strong, member);
    }
    page.put(line)?;
    if let Some(scanned) = scanned.filter(|_| !vulnerable.is_empty()) {
        put_vulnerabilities(page, scanned, &vulnerable, steps)?;
    }
    if !built.is_empty() {
        let failed = audit::failed(audited);
        let paint = failed
            .first()
            .map_or(Paint::Doubt, |(judged, _)| audit::text::paint(judged.level));
        let line = Line::at(2).say("build:").paint(paint, &built.join(", "));
        page.put(match failed.first().filter(|_| steps) {
            Some((judged, failing)) => line
                .glue(";")
                .say("next:")
                .prose(&failing.what)
                .say(&format!("({})", judged.rule.id)),
            None => line,
        })?;
        if let Some((_, failing)) = failed.first().filter(|_| steps) {
            let first = failing.fix.lines().next().unwrap_or_default();
            page.put(Line::at(4).verbatim(Paint::Plain, &format!("→ {first}")))?;
        }
    }
    Ok(false)
}

fn put_vulnerabilities(
    page: &mut Page<'_>,
    scanned: &Scanned,
    vulnerable: &str,
    steps: bool,
) -> io::Result<()> {
    let linked = sorts(scanned, Sort::Linked) > 0;
    let paint = if linked { Paint::Linked } else { Paint::Plain };
    let line = Line::at(2).say("vulnerabilities:").paint(paint, vulnerable);
    let upgrades = upgrades(scanned);
    let best = upgrades.iter().rev().max_by_key(|up| up.clears.len());
    page.put(match best.filter(|_| steps) {
        Some(upgrade) => line.glue(";").say("next:").prose(&upgrade.advice()),
        None => line,
    })
}

fn sorts(target: &Scanned, wanted: Sort) -> usize {
    let findings = target.findings();
    findings
        .filter(|(finding, standing)| sort(finding, *standing) == wanted)
        .count()
}

/// `3 linked, 2 package`; empty where nothing was found.
fn vulnerabilities(target: &Scanned) -> String {
    let words = [
        (Sort::Linked, "linked"),
        (Sort::Package, "package"),
        (Sort::Module, "module"),
        (Sort::TierUnknown, "tier not known"),
        (Sort::Undecided, "not decided"),
    ];
    let parts = words
        .iter()
        .map(|(sort, word)| (sorts(target, *sort), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"));
    parts.collect::<Vec<_>>().join(", ")
}

fn what_to_do(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let upgrades = all_upgrades(report);
    let mendings: Vec<Mending<'_>> = plan(report.audit.run());
    if upgrades.is_empty() && mendings.is_empty() {
        return Ok(());
    }
    page.put(Line::at(0).paint(Paint::Strong, "What to do"))?;
    for (advice, (clears, files)) in upgrades.iter().take(STEPS) {
        let line = Line::at(2).say("→").prose(advice);
        let line = match clears {
            0 => line,
            clears => line.glue(":").say(&format!("clears {clears}")),
        };
        page.put(audit::text::some_of(line.say("in"), files))?;
    }
    more(page, upgrades.len(), "goassay scan")?;
    mendings
        .iter()
        .take(STEPS)
        .try_for_each(|step| audit::text::put_step(page, step))?;
    more(page, mendings.len(), "goassay audit")?;
    page.blank()
}

fn more(page: &mut Page<'_>, steps: usize, command: &str) -> io::Result<()> {
    match steps.saturating_sub(STEPS) {
        0 => Ok(()),
        more => {
            page.put(Line::at(2).paint(Paint::Faint, &format!("and {more} more (`{command}`)")))
        }
    }
}

/// What clears linked findings, how many, and in which files; the most effective first.
fn all_upgrades(report: &Report) -> Vec<(String, (usize, Vec<&str>))> {
    let mut steps: BTreeMap<String, (usize, Vec<&str>)> = BTreeMap::new();
    for target in &report.scan.run().targets {
        for upgrade in upgrades(target) {
            let (clears, files) = steps.entry(upgrade.advice()).or_default();
            *clears += upgrade.clears.len();
            if files.last() != Some(&target.path.as_str()) {
                files.push(&target.path);
            }
        }
    }
    let mut steps: Vec<_> = steps.into_iter().collect();
    steps.sort_by_key(|(_, (clears, _))| Reverse(*clears));
    steps
}

fn footer(page: &mut Page<'_>, report: &Report, options: &TextOptions) -> io::Result<()> {
    let run = report.scan.run();
    let counts = report.scan.verdict().counts;
    let line = Line::at(0).say("Vulnerabilities:").paint(
        of_outcome(report.scan.verdict().outcome, run.targets.len()),
        report.scan.verdict().outcome.name(),
    );
    let findings = format!(
        "{} linked, {} at the threshold",
        counts.linked, counts.at_threshold
    );
    page.put(line.glue(",").say(&findings).glue("."))?;
    let (word, sentence) = audit::conclusion(&report.audit);
    let line = Line::at(0).say("Build:").paint(
        of_outcome(
            report.audit.verdict().outcome,
            report.audit.run().targets.len(),
        ),
        &word.to_lowercase(),
    );
    page.put(if sentence.is_empty() {
        line.glue(".")
    } else {
        line.glue(",").say(&sentence).glue(".")
    })?;
    page.put(database(&run.database, options.database_age.as_deref()))?;
    let files = report.audit.run().targets.len();
    let binaries = counted(files, "Go binary", "Go binaries");
    let line = Line::at(0).say(&format!("Checked {binaries}"));
    let line = if files == 0 {
        line
    } else {
        line.glue(";")
            .say("`goassay scan FILE` and `goassay audit FILE` show everything")
    };
    page.put(line.say(&format!("(exit code {}).", report.exit_code())))
}

fn of_outcome(outcome: Outcome, targets: usize) -> Paint {
    audit::text::paint_of(outcome, targets)
}

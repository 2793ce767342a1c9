//! The audit for people: what fails first, with its evidence and its fix, then what is unknown, then what is fine.

use super::plan::{Step, plan};
use super::{Counts, IdleWaiver, Report, Sort, Target, TextOptions, conclusion, failed, sort};
use crate::document::IdleCause;
use crate::heading::{self, Heading};
use crate::layout::{Line, Page, Paint, counted};
use crate::render::text::footer::{database, put_failure};
use crate::verdict::Outcome;
use goassay_audit::verdict::{Failing, Judged, Level};
use goassay_binary::gap::Gap;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// How much evidence of a failure is shown unless all is asked for.
const FEW: usize = 3;
/// How many unknown rules are named for one cause unless all is asked for.
const MANY: usize = 16;
/// How many steps are shown.
const STEPS: usize = 10;

/// Writes the text.
pub(super) fn render(
    report: &Report,
    options: &TextOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page::new(out, options.width, options.style);
    for target in &report.run().targets {
        put_target(&mut page, target, options.all)?;
    }
    footer(&mut page, report, options.database_age.as_deref())
}

fn put_target(page: &mut Page<'_>, target: &Target, all: bool) -> io::Result<()> {
    heading::put(
        page,
        &Heading {
            path: &target.path,
            member: target.member.as_deref(),
            facts: &target.facts,
            also_at: &target.also_at,
        },
    )?;
    page.blank()?;
    for (judged, failing) in failed(target) {
        put_failing(page, judged, failing, all)?;
    }
    unknown(page, target, all)?;
    waived(page, target)?;
    if all {
        fine(page, target)?;
    }
    page.put(counts_of_the_rest(target, all))?;
    page.blank()
}

/// The colour of a level.
pub(crate) fn paint(level: Level) -> Paint {
    match level {
        Level::Error => Paint::Linked,
        Level::Warning => Paint::Package,
        Level::Note => Paint::Module,
    }
}

fn put_failing(
    page: &mut Page<'_>,
    judged: &Judged,
    failing: &Failing,
    all: bool,
) -> io::Result<()> {
    let line = Line::at(2)
        .paint(paint(judged.level), &judged.level.name().to_uppercase())
        .paint(Paint::Strong, judged.rule.id);
    page.put(line.glue(":").prose(&failing.what))?;
    let shown = if all { failing.evidence.len() } else { FEW };
    for evidence in failing.evidence.iter().take(shown) {
        page.put(Line::at(6).prose(evidence))?;
    }
    let hidden = failing.evidence.len().saturating_sub(shown);
    match (hidden + failing.more, hidden) {
        (0, _) => {}
        (more, 0) => page.put(Line::at(6).paint(Paint::Faint, &format!("and {more} more")))?,
        (more, _) => {
            page.put(Line::at(6).paint(Paint::Faint, &format!("and {more} more (--show all)")))?;
        }
    }
    put_fix(page, 4, &failing.fix)
}

/// A fix, line by line and never wrapped: it is there to be copied.
fn put_fix(page: &mut Page<'_>, indent: usize, fix: &str) -> io::Result<()> {
    for (index, text) in fix.lines().enumerate() {
        let mark = if index == 0 { "→" } else { " " };
        page.put(Line::at(indent).verbatim(Paint::Plain, &format!("{mark} {text}")))?;
    }
    Ok(())
}

/// Rules that need what could not be read, by what it is; the heaviest first.
fn unknown(page: &mut Page<'_>, target: &Target, all: bool) -> io::Result<()> {
    let mut causes: BTreeMap<&[Gap], Vec<&Judged>> = BTreeMap::new();
    for judged in &target.judged {
        if let Sort::Unknown(gaps) = sort(judged) {
            causes.entry(gaps).or_default().push(judged);
        }
    }
    for (gaps, mut rules) in causes {
        rules.sort_by_key(|judged| std::cmp::Reverse(judged.level));
        let shown = if all { rules.len() } else { MANY };
        let mut line = Line::at(2).paint(Paint::Doubt, "UNKNOWN");
        for (index, judged) in rules.iter().take(shown).enumerate() {
            let line_so_far = if index == 0 { line } else { line.glue(",") };
            line = line_so_far
                .paint(Paint::Strong, judged.rule.id)
                .say(&format!("({})", judged.level.name()));
        }
        if let Some(more) = rules.len().checked_sub(shown).filter(|more| *more > 0) {
            line = line.paint(Paint::Faint, &format!("and {more} more (--show all)"));
        }
        page.put(line.glue(":").say("what it takes could not be read"))?;
        gaps.iter().try_for_each(|gap| {
            page.put(
                Line::at(6)
                    .say(gap.topic.name())
                    .glue(":")
                    .prose(&gap.reason),
            )
        })?;
    }
    Ok(())
}

fn waived(page: &mut Page<'_>, target: &Target) -> io::Result<()> {
    for judged in &target.judged {
        let (Sort::Waived(failing), Some(by)) = (sort(judged), &judged.waived) else {
            continue;
        };
        let line = Line::at(2)
            .paint(Paint::Faint, "Waived:")
            .say(judged.rule.id)
            .say(&format!("({})", judged.level.name()));
        let line = line.glue(",").prose(&failing.what).glue(":");
        let line = line.prose(&by.reason);
        page.put(match &by.until {
            Some(until) => line.glue(",").say("until").name(Paint::Plain, until),
            None => line,
        })?;
    }
    Ok(())
}

/// Passes with their evidence, and rules that do not apply with why.
fn fine(page: &mut Page<'_>, target: &Target) -> io::Result<()> {
    for judged in &target.judged {
        match sort(judged) {
            Sort::Passed(evidence) => {
                let line = Line::at(2).paint(Paint::Good, "pass").say(judged.rule.id);
                page.put(line.glue(":").say(judged.rule.title))?;
                evidence
                    .iter()
                    .try_for_each(|evidence| page.put(Line::at(6).prose(evidence)))?;
            }
            Sort::NotApplicable(why) => {
                let line = Line::at(2).paint(Paint::Faint, "n/a").say(judged.rule.id);
                page.put(line.glue(":").prose(why))?;
            }
            Sort::Failed(_) | Sort::Waived(_) | Sort::Unknown(_) => {}
        }
    }
    Ok(())
}

fn counts_of_the_rest(target: &Target, all: bool) -> Line {
    let counts = Counts::of(target, Level::Error);
    let passed = format!("{} passed", counted(counts.passed, "rule", "rules"));
    let paint = if counts.failed() + counts.unknown == 0 {
        Paint::Good
    } else {
        Paint::Plain
    };
    let line = Line::at(2).paint(paint, &passed);
    let line = match counts.not_applicable {
        0 => line,
        1 => line.glue(",").say("1 does not apply"),
        n => line.glue(",").say(&format!("{n} do not apply")),
    };
    if all {
        line.glue(".")
    } else {
        line.paint(Paint::Faint, "(--show all).")
    }
}

fn footer(page: &mut Page<'_>, report: &Report, database_age: Option<&str>) -> io::Result<()> {
    let run = report.run();
    run.failures
        .iter()
        .try_for_each(|failure| put_failure(page, failure))?;
    run.idle_waivers
        .iter()
        .try_for_each(|idle| page.put(idle_waiver(idle)))?;
    if !run.failures.is_empty() || !run.idle_waivers.is_empty() {
        page.blank()?;
    }
    // For one file the fixes have just been read.
    if run.targets.len() > 1 {
        put_plan(page, &plan(run))?;
    }
    page.put(totals(report))?;
    page.put(database(&run.database, database_age))?;
    let (word, sentence) = conclusion(report);
    let line = Line::at(0).paint(paint_of(report.verdict().outcome, run.targets.len()), word);
    let line = if sentence.is_empty() {
        line
    } else {
        line.glue(":").say(&sentence)
    };
    page.put(line.say(&format!("(exit code {}).", report.exit_code())))
}

/// The colour of an outcome.
pub(crate) fn paint_of(outcome: Outcome, targets: usize) -> Paint {
    match outcome {
        Outcome::Clean if targets == 0 => Paint::Plain,
        Outcome::Clean => Paint::Good,
        Outcome::Incomplete => Paint::Doubt,
        Outcome::Findings | Outcome::FindingsAndIncomplete => Paint::Linked,
    }
}

fn idle_waiver(idle: &IdleWaiver) -> Line {
    let line = Line::at(0)
        .paint(Paint::Package, "Waiver of")
        .name(Paint::Plain, &idle.rule)
        .say("at")
        .name(Paint::Plain, &idle.place);
    match &idle.cause {
        IdleCause::Unused => line.say("matches no failure: remove it"),
        IdleCause::Expired(until) => line
            .say("expired after")
            .name(Paint::Plain, until)
            .glue(":")
            .say("review it"),
    }
}

fn put_plan(page: &mut Page<'_>, steps: &[Step<'_>]) -> io::Result<()> {
    if steps.is_empty() {
        return Ok(());
    }
    page.put(Line::at(0).paint(Paint::Strong, "What to do"))?;
    steps
        .iter()
        .take(STEPS)
        .try_for_each(|step| put_step(page, step))?;
    if steps.len() > STEPS {
        page.put(Line::at(2).paint(Paint::Faint, &format!("and {} more", steps.len() - STEPS)))?;
    }
    page.blank()
}

/// A step: the fix, what it mends, and in which files.
pub(crate) fn put_step(page: &mut Page<'_>, step: &Step<'_>) -> io::Result<()> {
    put_fix(page, 2, step.fix)?;
    let line = Line::at(6)
        .paint(paint(step.level), step.level.name())
        .say(&step.rules.join(", "))
        .say("in");
    page.put(some_of(line, &step.files))
}

/// `line` with the first few names and how many more there are.
pub(crate) fn some_of(line: Line, names: &[&str]) -> Line {
    let line = crate::layout::list(line, names.iter().take(FEW).copied());
    match names.len().saturating_sub(FEW) {
        0 => line,
        more => line.paint(Paint::Faint, &format!("and {more} more")),
    }
}

fn totals(report: &Report) -> Line {
    let run = report.run();
    let counts = report.verdict().counts;
    let binaries = counted(run.targets.len(), "Go binary", "Go binaries");
    let line = Line::at(0)
        .say(&format!("Audited {binaries}"))
        .say(&format!("for the profile {} on", run.profile.name()))
        .say(&run.as_of)
        .glue(":");
    let failed = [
        (counts.errors, "error", "errors", Paint::Linked),
        (counts.warnings, "warning", "warnings", Paint::Package),
        (counts.notes, "note", "notes", Paint::Module),
    ];
    let mut line = line;
    for (index, (count, one, many, paint)) in failed.into_iter().enumerate() {
        let so_far = if index == 0 { line } else { line.glue(",") };
        let paint = if count > 0 { paint } else { Paint::Plain };
        line = so_far.paint(paint, &counted(count, one, many));
    }
    let rest = [
        (counts.waived, "waived"),
        (counts.unknown, "unknown"),
        (counts.passed, "passed"),
        (counts.not_applicable, "not applicable"),
    ];
    let rest = rest.into_iter().filter(|(count, _)| *count > 0);
    rest.fold(line, |line, (count, word)| {
        line.glue(",").say(&format!("{count} {word}"))
    })
    .glue(".")
}

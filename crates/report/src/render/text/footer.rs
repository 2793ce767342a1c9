//! What closes the text: what was not examined, what to do, what the answer rests on, and the verdict.

use crate::document::{DatabaseUse, Failure, IdleCause, IdleSuppression, Report, Target};
use crate::layout::{Line, Page, Paint, counted};
use crate::summary::{Step, plan};
use crate::verdict::{Counts, Obstacle, Outcome};
use goassay_vuln::finding::Tier;
use std::collections::BTreeMap;
use std::io;

/// How many steps are shown.
const STEPS: usize = 10;

/// Writes the footer.
pub(super) fn put(
    page: &mut Page<'_>,
    report: &Report,
    database_age: Option<&str>,
) -> io::Result<()> {
    let run = report.run();
    run.failures
        .iter()
        .try_for_each(|failure| put_failure(page, failure))?;
    run.idle_suppressions
        .iter()
        .try_for_each(|idle| page.put(idle_suppression(idle)))?;
    if !run.failures.is_empty() || !run.idle_suppressions.is_empty() {
        page.blank()?;
    }
    put_plan(page, &plan(run))?;
    put_notes(page, &run.targets)?;
    page.put(totals(report))?;
    page.put(database(&run.database, database_age))?;
    if let Some(baseline) = &run.baseline {
        let gone = format!("{} of its findings no longer found.", baseline.gone);
        page.put(
            Line::at(0)
                .say("Baseline:")
                .name(Paint::Plain, &baseline.path)
                .glue(",")
                .say(&gone),
        )?;
    }
    page.put(verdict(report))
}

pub(crate) fn put_failure(page: &mut Page<'_>, failure: &Failure) -> io::Result<()> {
    let line = Line::at(0)
        .paint(Paint::Doubt, "NOT EXAMINED")
        .name(Paint::Strong, &failure.path);
    page.put(line.glue(":").prose(&failure.message))?;
    match &failure.hint {
        Some(hint) => page.put(Line::at(2).say("→").prose(hint)),
        None => Ok(()),
    }
}

fn idle_suppression(idle: &IdleSuppression) -> Line {
    let line = Line::at(0)
        .paint(Paint::Package, "Suppression of")
        .name(Paint::Plain, &idle.id)
        .say("at");
    let line = line.name(Paint::Plain, &idle.place);
    match &idle.cause {
        IdleCause::Unused => line.say("matches nothing: remove it"),
        IdleCause::Expired(until) => line
            .say("expired after")
            .name(Paint::Plain, until)
            .glue(":")
            .say("review it"),
    }
}

fn put_plan(page: &mut Page<'_>, steps: &[Step]) -> io::Result<()> {
    if steps.is_empty() {
        return Ok(());
    }
    page.put(Line::at(0).paint(Paint::Strong, "What to do"))?;
    for step in steps.iter().take(STEPS) {
        let effect = match (step.clears, step.targets) {
            (0, files) => counted(files, "file", "files"),
            (clears, 1) => format!("clears {clears}"),
            (clears, files) => format!("clears {clears} in {files} files"),
        };
        page.put(Line::at(2).prose(&step.advice).glue(":").say(&effect))?;
    }
    if steps.len() > STEPS {
        page.put(Line::at(2).paint(Paint::Faint, &format!("and {} more", steps.len() - STEPS)))?;
    }
    page.blank()
}

/// Each note once, with the files it is about: most binaries share theirs.
fn put_notes(page: &mut Page<'_>, targets: &[Target]) -> io::Result<()> {
    let mut about: BTreeMap<&str, Vec<&Target>> = BTreeMap::new();
    for target in targets {
        for note in &target.scan.notes {
            about.entry(note).or_default().push(target);
        }
    }
    for (note, about) in &about {
        let line = match about.as_slice() {
            [only] if targets.len() > 1 => {
                Line::at(0).say("Note on").name(Paint::Plain, &only.path)
            }
            [_] => Line::at(0).say("Note"),
            files => Line::at(0).say(&format!("Note on {} files", files.len())),
        };
        page.put(line.glue(":").prose(note).glue("."))?;
    }
    if about.is_empty() {
        Ok(())
    } else {
        page.blank()
    }
}

fn totals(report: &Report) -> Line {
    let Counts {
        linked,
        package,
        module,
        tier_unknown,
        undecided,
        suppressed,
        known,
        at_threshold: _,
    } = report.verdict().counts;
    let line = Line::at(0).say(&format!("Examined {}:", binaries(report)));
    let line = line.paint(
        if linked > 0 {
            Paint::Linked
        } else {
            Paint::Plain
        },
        &format!("{linked} linked"),
    );
    let line = line
        .glue(",")
        .say(&format!("{package} package"))
        .glue(",")
        .say(&format!("{module} module"));
    let rest = [
        (tier_unknown, "tier not known"),
        (undecided, "not decided"),
        (suppressed, "suppressed"),
        (known, "known"),
    ];
    let rest = rest.into_iter().filter(|(count, _)| *count > 0);
    rest.fold(line, |line, (count, word)| {
        line.glue(",").say(&format!("{count} {word}"))
    })
    .glue(".")
}

fn binaries(report: &Report) -> String {
    counted(report.run().targets.len(), "Go binary", "Go binaries")
}

/// The database that was used.
pub(crate) fn database(database: &DatabaseUse, age: Option<&str>) -> Line {
    let identity = &database.identity;
    let mut line = Line::at(0).say("Database:");
    line = match &identity.date {
        Some(date) => line.say("of").name(Paint::Plain, date),
        None => line.say("of unknown date"),
    };
    if let Some(age) = age {
        line = line.prose(&format!("({age})"));
    }
    if let Some(revision) = &identity.revision {
        let short: String = revision.chars().take(12).collect();
        line = line.glue(",").say("revision").name(Paint::Plain, &short);
    }
    let count = usize::try_from(identity.advisories).unwrap_or(usize::MAX);
    line = line
        .glue(",")
        .say(&counted(count, "advisory", "advisories"))
        .glue(",")
        .say(database.origin.name());
    if database.why.is_empty() {
        line.glue(".")
    } else {
        line.prose(&format!("({})", database.why)).glue(".")
    }
}

/// The sentence that the exit code goes with.
fn verdict(report: &Report) -> Line {
    let counts = report.verdict().counts;
    let binaries = binaries(report);
    let threshold = threshold(report.run().fail_on);
    let found = found(counts.at_threshold, report.run().fail_on);
    let obstacles = obstacles(&report.verdict().obstacles);
    let (paint, word, sentence) = match report.verdict().outcome {
        Outcome::Clean if report.run().targets.is_empty() => {
            (Paint::Plain, "NOTHING EXAMINED", String::new())
        }
        Outcome::Clean if report.is_spotless() => (
            Paint::Good,
            "CLEAN",
            format!("no known vulnerabilities in {binaries}"),
        ),
        Outcome::Clean => (
            Paint::Good,
            "PASS",
            format!("nothing {threshold} that counts, in {binaries}; the rest is listed above"),
        ),
        Outcome::Findings => (Paint::Linked, "FINDINGS", found),
        Outcome::Incomplete if report.run().targets.is_empty() => {
            (Paint::Doubt, "NOTHING EXAMINED", obstacles)
        }
        Outcome::Incomplete => (
            Paint::Doubt,
            "INCOMPLETE",
            format!("nothing {threshold} in what could be read, but {obstacles}"),
        ),
        Outcome::FindingsAndIncomplete => (
            Paint::Linked,
            "FINDINGS, AND INCOMPLETE",
            format!("{found}, and {obstacles}"),
        ),
    };
    let line = Line::at(0).paint(paint, word);
    let line = if sentence.is_empty() {
        line
    } else {
        line.glue(":").say(&sentence)
    };
    line.say(&format!("(exit code {}).", report.exit_code()))
}

fn found(count: usize, tier: Tier) -> String {
    match tier {
        Tier::Linked => counted(count, "linked finding", "linked findings"),
        Tier::Package | Tier::Module => format!(
            "{} {}",
            counted(count, "finding", "findings"),
            threshold(tier)
        ),
    }
}

fn threshold(tier: Tier) -> &'static str {
    match tier {
        Tier::Linked => "linked",
        Tier::Package => "linked or at package tier",
        Tier::Module => "linked, at package or at module tier",
    }
}

fn obstacles(obstacles: &[Obstacle]) -> String {
    let count = |wanted: &str| obstacles.iter().filter(|o| o.name() == wanted).count();
    let sorts = [
        (count("failure"), "not examined"),
        (count("gap"), "not read"),
        (count("tier-unknown"), "with unknown tier"),
        (count("undecided"), "not decided"),
    ];
    let parts = sorts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"));
    format!(
        "there is no whole answer: {}, see above",
        parts.collect::<Vec<_>>().join(", ")
    )
}

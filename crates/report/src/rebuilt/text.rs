//! For people: a block for each file, the verdict first; a count at the end.

use super::{File, Report, words};
use crate::render::Style;
use crate::untrusted::Untrusted;
use goassay_build::verify::beside::{Beside, Finding};
use goassay_build::verify::search::Outcome;
use goassay_build::verify::{Attempt, Verdict};
use goassay_diff::Cause;
use std::io::{self, Write};

/// Lines of what a go command said that are shown.
const LINES: usize = 8;

pub(super) fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    for file in &report.files {
        block(file, style, out)?;
    }
    for failure in &report.failures {
        writeln!(
            out,
            "{}: {}",
            Untrusted(&failure.path),
            Untrusted(&failure.message)
        )?;
    }
    summary(report, out)
}

fn block(file: &File, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let found = &file.verification;
    writeln!(out, "{}", Untrusted(&file.place()))?;
    if let Some(claim) = &found.claim {
        writeln!(
            out,
            "  {} of {}, {}",
            Untrusted(&claim.package),
            Untrusted(&claim.main.to_string()),
            Untrusted(&claim.says)
        )?;
    }
    writeln!(out, "  {}", head(&found.verdict, style))?;
    match &found.verdict {
        Verdict::Identical => writeln!(out, "      SHA-256 {}", file.sha256)?,
        Verdict::IdenticalAfter(applied) => {
            for one in applied {
                writeln!(out, "      {}", Untrusted(&words::normalised(one)))?;
            }
        }
        Verdict::Different(diagnosis) => {
            causes(&found.causes, out)?;
            for line in diagnosis.in_words() {
                writeln!(out, "      {}", Untrusted(&line))?;
            }
        }
        Verdict::Mismatch(what) | Verdict::NotChecked(what) => {
            for line in what.lines().take(LINES) {
                writeln!(out, "      {}", Untrusted(line))?;
            }
        }
    }
    for (index, one) in found.attempts.iter().enumerate() {
        attempt(index + 1, one, out)?;
    }
    for line in words::source(found) {
        writeln!(out, "  {}", Untrusted(&line))?;
    }
    for one in &file.beside {
        beside(one, style, out)?;
    }
    for note in &found.notes {
        writeln!(out, "  note: {}", Untrusted(note))?;
    }
    writeln!(out)
}

fn beside(one: &Beside, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let (words, colour) = match &one.finding {
        Finding::Holds(_) => ("holds", 32),
        Finding::Fails(_) => ("FAILS", 31),
        Finding::NotChecked(_) => ("not checked", 33),
    };
    writeln!(
        out,
        "  {}: {}: {}",
        Untrusted(&one.name),
        coloured(words, colour, style),
        Untrusted(one.finding.sentence())
    )
}

/// Causes that are shown, and sentences of each.
const CAUSES: usize = 4;
const EVIDENCE: usize = 3;

fn causes(causes: &[Cause], out: &mut dyn Write) -> io::Result<()> {
    for cause in causes.iter().take(CAUSES) {
        writeln!(out, "      cause: {}", Untrusted(&cause.kind.sentence()))?;
        for sentence in cause.evidence.iter().take(EVIDENCE) {
            writeln!(out, "          {}", Untrusted(sentence))?;
        }
    }
    Ok(())
}

fn head(verdict: &Verdict, style: Style) -> String {
    let (words, colour) = match verdict {
        Verdict::Identical => ("IDENTICAL: built again, bit for bit", 32),
        Verdict::IdenticalAfter(_) => ("IDENTICAL after normalisations", 32),
        Verdict::Different(_) => ("DIFFERENT", 31),
        Verdict::Mismatch(_) => ("MISMATCH", 31),
        Verdict::NotChecked(_) => ("NOT CHECKED", 33),
    };
    coloured(words, colour, style)
}

fn coloured(words: &str, colour: u8, style: Style) -> String {
    match style {
        Style::Colour => format!("\u{1b}[1;{colour}m{words}\u{1b}[0m"),
        Style::Plain => words.to_owned(),
    }
}

fn attempt(number: usize, attempt: &Attempt, out: &mut dyn Write) -> io::Result<()> {
    let came = match &attempt.outcome {
        Outcome::Same => "the same".to_owned(),
        Outcome::Differs { functions, bytes } => words::distance(*functions, *bytes),
        Outcome::Failed(said) => {
            format!("did not build: {}", said.lines().last().unwrap_or_default())
        }
        Outcome::Untried(why) => format!("not tried: {why}"),
    };
    writeln!(
        out,
        "  build {number}: {}: {}",
        Untrusted(&attempt.what),
        Untrusted(&came)
    )?;
    writeln!(out, "      go {}", Untrusted(&attempt.arguments.join(" ")))
}

fn summary(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let word = match (report.is_other(), report.exit_code()) {
        (true, _) => "FAIL",
        (false, 0) => "PASS",
        (false, _) => "NOT KNOWN",
    };
    writeln!(
        out,
        "{word}: {} (exit code {}).",
        report.counts(),
        report.exit_code()
    )
}

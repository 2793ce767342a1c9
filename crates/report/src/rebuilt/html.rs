//! One self-contained page: each file with its verdict and log, what did not pass laid open.

use super::{File, Report, words};
use crate::untrusted::escape_markup as escape;
use crate::verification::{Head, badge, begin_page, put_log};
use goassay_build::rebuild::Status;
use goassay_build::verify::Verdict;
use goassay_build::verify::beside::Finding;
use goassay_build::verify::search::{Attempt, Outcome};
use goassay_diff::Cause;
use std::io::{self, Write};

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let head = Head {
        title: "Programs rebuilt",
        verdict: match (report.is_other(), report.exit_code()) {
            (true, _) => Status::Fail,
            (false, 0) => Status::Pass,
            (false, _) => Status::Skip,
        },
        sentence: &report.counts(),
        exit_code: report.exit_code(),
        tool: &report.tool,
    };
    begin_page(&head, &report.failures, out)?;
    for file in &report.files {
        section(file, out)?;
    }
    writeln!(out, "</body>\n</html>")
}

fn section(file: &File, out: &mut dyn Write) -> io::Result<()> {
    let found = &file.verification;
    writeln!(
        out,
        "<section>\n<h2>{} {}</h2>\n<p>{}, SHA-256 <code>{}</code>, {} bytes.",
        badge(status(&found.verdict)),
        escape(&file.place()),
        escape(sentence(&found.verdict)),
        file.sha256,
        file.size
    )?;
    if let Some(claim) = &found.claim {
        writeln!(
            out,
            "<br>It says: <code>{}</code> of <code>{}</code>, built by {}.",
            escape(&claim.package),
            escape(&claim.main.to_string()),
            escape(&claim.says)
        )?;
    }
    writeln!(out, "</p>")?;
    why(file, out)?;
    for (number, attempt) in (1..).zip(&found.attempts) {
        put_attempt(number, attempt, out)?;
    }
    if !file.beside.is_empty() {
        writeln!(out, "<h3>Beside it</h3>")?;
    }
    for one in &file.beside {
        let status = match one.finding {
            Finding::Holds(_) => Status::Pass,
            Finding::Fails(_) => Status::Fail,
            Finding::NotChecked(_) => Status::Skip,
        };
        let line = [one.finding.sentence().to_owned()];
        put_log(
            status,
            &format!("{} ({})", one.name, one.kind.name()),
            &line,
            out,
        )?;
    }
    source(file, out)?;
    writeln!(out, "</section>")
}

/// Why the verdict is what it is, where it is not that the bytes are the same.
fn why(file: &File, out: &mut dyn Write) -> io::Result<()> {
    let found = &file.verification;
    match &found.verdict {
        Verdict::Identical => Ok(()),
        Verdict::IdenticalAfter(applied) => list(
            &applied.iter().map(words::normalised).collect::<Vec<_>>(),
            out,
        ),
        Verdict::Different(diagnosis) => {
            for cause in &found.causes {
                put_cause(cause, out)?;
            }
            list(&diagnosis.in_words(), out)
        }
        Verdict::Mismatch(what) | Verdict::NotChecked(what) => {
            list(&what.lines().map(str::to_owned).collect::<Vec<_>>(), out)
        }
    }
}

fn put_cause(cause: &Cause, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<p>Cause: {}</p>", escape(&cause.kind.sentence()))?;
    list(&cause.evidence, out)
}

fn put_attempt(number: usize, attempt: &Attempt, out: &mut dyn Write) -> io::Result<()> {
    let (status, mut log) = match &attempt.outcome {
        Outcome::Same => (Status::Pass, vec!["the same".to_owned()]),
        Outcome::Differs { functions, bytes } => {
            (Status::Fail, vec![words::distance(*functions, *bytes)])
        }
        Outcome::Failed(said) => (Status::Skip, said.lines().map(str::to_owned).collect()),
        Outcome::Untried(why) => (Status::Skip, vec![format!("not tried: {why}")]),
    };
    log.insert(0, format!("go {}", attempt.arguments.join(" ")));
    put_log(
        status,
        &format!("Build {number}: {}", attempt.what),
        &log,
        out,
    )
}

/// What it was built from, and what should be known besides.
fn source(file: &File, out: &mut dyn Write) -> io::Result<()> {
    let found = &file.verification;
    let mut lines = words::source(found);
    lines.extend(found.notes.iter().cloned());
    list(&lines, out)
}

fn list(lines: &[String], out: &mut dyn Write) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "<ul>")?;
    for line in lines {
        writeln!(out, "<li>{}</li>", escape(line))?;
    }
    writeln!(out, "</ul>")
}

fn status(verdict: &Verdict) -> Status {
    match verdict {
        Verdict::Identical | Verdict::IdenticalAfter(_) => Status::Pass,
        Verdict::Different(_) | Verdict::Mismatch(_) => Status::Fail,
        Verdict::NotChecked(_) => Status::Skip,
    }
}

fn sentence(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Identical => "built again, bit for bit",
        Verdict::IdenticalAfter(_) => {
            "built again, identical after what is named here was done to both"
        }
        Verdict::Different(_) => "built again, and different",
        Verdict::Mismatch(_) => "it, or what was downloaded for it, is not what was published",
        Verdict::NotChecked(_) => "not checked",
    }
}

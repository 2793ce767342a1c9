//! GitHub's workflow commands: one annotation for each failed rule, unknown rule and file that was not examined.
//!
//! This is the one format whose lines begin with `::`; every text in them is escaped, so that none can begin another.

use super::{Report, Sort, Target, conclusion, sort};
use crate::untrusted::Untrusted;
use goassay_audit::verdict::{Judged, Level};
use std::io::{self, Write};

/// Writes the commands.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let run = report.run();
    for target in &run.targets {
        for judged in &target.judged {
            annotate(out, target, judged)?;
        }
    }
    for failure in &run.failures {
        let file = property(&failure.path);
        let message = data(&failure.message);
        writeln!(out, "::error file={file},title=Not examined::{message}")?;
    }
    for idle in &run.idle_waivers {
        let place = data(&idle.place);
        let rule = data(&idle.rule);
        let title = "Idle waiver";
        writeln!(
            out,
            "::warning title={title}::The waiver of {rule} at {place} does nothing"
        )?;
    }
    let (word, sentence) = conclusion(report);
    let code = report.exit_code();
    let command = if code == 0 { "notice" } else { "error" };
    let message = data(&format!("{word}: {sentence} (exit code {code})"));
    writeln!(out, "::{command} title=goassay audit::{message}")
}

fn annotate(out: &mut dyn Write, target: &Target, judged: &Judged) -> io::Result<()> {
    let (command, message) = match sort(judged) {
        Sort::Failed(failing) => (
            command(judged.level),
            format!("{}. To do: {}", failing.what, failing.fix),
        ),
        Sort::Unknown(_) => (
            "warning",
            format!("Not known: {}", super::gaps_in_words(judged)),
        ),
        Sort::Waived(_) | Sort::Passed(_) | Sort::NotApplicable(_) => return Ok(()),
    };
    let file = property(&target.path);
    let title = property(&format!("{}: {}", judged.rule.id, judged.rule.title));
    let message = data(&message);
    writeln!(out, "::{command} file={file},title={title}::{message}")
}

fn command(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    }
}

/// Text behind the second `::`. Line breaks of fixes stay line breaks, as the runner decodes them.
fn data(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| Untrusted(line).to_string().replace('%', "%25"))
        .collect();
    lines.join("%0A")
}

/// Text of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

//! Markdown for a pull request or a job summary: the verdict, a table of files, and what fails with its fix.
//!
//! Nothing from a binary is ever markup: it is escaped, or stands in a code span that it cannot close.

use super::plan::plan;
use super::{Counts, Report, Sort, Target, conclusion, failed, sort};
use crate::untrusted::Untrusted;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Files whose failures are shown one by one; the rest are in the table.
const MOST_FILES: usize = 50;

/// Writes the text.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let (word, sentence) = conclusion(report);
    let code = report.exit_code();
    writeln!(out, "## goassay audit: {}\n", word.to_lowercase())?;
    writeln!(out, "{} (exit code {code}).\n", capital(&sentence))?;
    let run = report.run();
    table(report, out)?;
    for target in run.targets.iter().take(MOST_FILES) {
        put_target(target, out)?;
    }
    for failure in &run.failures {
        let path = code_span(&failure.path);
        let message = prose(&failure.message);
        writeln!(out, "- **not examined**: {path}: {message}")?;
    }
    for idle in &run.idle_waivers {
        let (rule, place) = (code_span(&idle.rule), code_span(&idle.place));
        writeln!(out, "- The waiver of {rule} at {place} does nothing.")?;
    }
    if run.targets.len() > 1 {
        put_plan(report, out)?;
    }
    let profile = run.profile.name();
    let (name, version) = (&run.tool.name, &run.tool.version);
    writeln!(
        out,
        "\nProfile {profile}, judged for {} by {name} {version}.",
        run.as_of
    )
}

fn table(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let run = report.run();
    if run.targets.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "| file | errors | warnings | notes | waived | unknown | passed | not applicable |"
    )?;
    writeln!(
        out,
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    )?;
    for target in &run.targets {
        let counts = Counts::of(target, run.fail_on);
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            name(target),
            counts.errors,
            counts.warnings,
            counts.notes,
            counts.waived,
            counts.unknown,
            counts.passed,
            counts.not_applicable
        )?;
    }
    writeln!(out)
}

fn name(target: &Target) -> String {
    match &target.member {
        Some(member) => format!("{} {}", code_span(&target.path), code_span(member)),
        None => code_span(&target.path),
    }
}

fn put_target(target: &Target, out: &mut dyn Write) -> io::Result<()> {
    let failed = failed(target);
    let unknown = |judged: &&_| matches!(sort(judged), Sort::Unknown(_));
    if failed.is_empty() && !target.judged.iter().any(|judged| unknown(&judged)) {
        return Ok(());
    }
    writeln!(out, "### {}\n", name(target))?;
    for (judged, failing) in failed {
        let (level, id) = (judged.level.name(), judged.rule.id);
        writeln!(out, "- **{level}** `{id}`: {}", prose(&failing.what))?;
        for evidence in &failing.evidence {
            writeln!(out, "  - {}", code_span(evidence))?;
        }
        if failing.more > 0 {
            writeln!(out, "  - and {} more", failing.more)?;
        }
        writeln!(out, "\n{}\n", code_block("  ", &failing.fix))?;
    }
    for judged in target.judged.iter().filter(unknown) {
        let why = prose(&super::gaps_in_words(judged));
        let (level, id) = (judged.level.name(), judged.rule.id);
        writeln!(out, "- **unknown** `{id}` ({level}): {why}")?;
    }
    writeln!(out)
}

fn put_plan(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let steps = plan(report.run());
    if steps.is_empty() {
        return Ok(());
    }
    writeln!(out, "### What to do\n")?;
    for step in steps {
        let files: Vec<String> = step.files.iter().take(5).map(|f| code_span(f)).collect();
        let more = match step.files.len().saturating_sub(files.len()) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let (level, rules) = (step.level.name(), step.rules.join(", "));
        writeln!(out, "- {level} {rules} in {}{more}\n", files.join(", "))?;
        writeln!(out, "{}\n", code_block("  ", step.fix))?;
    }
    Ok(())
}

fn capital(sentence: &str) -> String {
    let mut chars = sentence.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// Hostile prose.
fn prose(text: &str) -> String {
    inert(&Untrusted(text).to_string())
}

/// Text in which every character that could be markup is an entity: inert everywhere, unlike a backslash before `@`.
fn inert(text: &str) -> String {
    let mut safe = String::new();
    for c in text.chars() {
        if c.is_ascii_punctuation() && !".,:-()/'".contains(c) {
            let _ = write!(safe, "&#{};", u32::from(c));
        } else {
            safe.push(c);
        }
    }
    safe.replace("://", "&#58;//")
}

/// Hostile text as code: as a span where nothing in it can close that or the cell of a table, or look like a tag.
fn code_span(text: &str) -> String {
    let text = Untrusted(text).to_string();
    if text.is_empty() || text.contains(['`', '|', '<', '>', '&']) {
        return format!("<code>{}</code>", inert(&text));
    }
    format!("`{text}`")
}

/// Our own lines as a code block.
fn code_block(indent: &str, text: &str) -> String {
    let mut block = format!("{indent}```sh\n");
    for line in text.lines() {
        let line = Untrusted(line).to_string().replace("```", "'''");
        let _ = writeln!(block, "{indent}{line}");
    }
    let _ = write!(block, "{indent}```");
    block
}

//! One self-contained page: no script, no outside request. Nothing from a binary is ever markup.

use super::{Counts, Report, Sort, Target, conclusion, failed, sort};
use crate::untrusted::escape_markup as escape;
use goassay_audit::verdict::{Failing, Judged};
use std::io::{self, Write};

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884}body{font:15px/1.45 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}\
table{border-collapse:collapse;width:100%}td,th{border:1px solid var(--line);padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}\
td.n{text-align:right}code,pre{font:13px/1.4 ui-monospace,monospace}pre{background:#8881;padding:.5rem;overflow:auto}\
section{border:1px solid var(--line);border-radius:.4rem;padding:.5rem 1rem;margin:1rem 0}h2{overflow-wrap:anywhere}\
.level{display:inline-block;min-width:4.5rem;font-weight:600}.error{color:#b00020}.warning{color:#8a5a00}.note{color:#00627a}.unknown{color:#7b2fa8}.pass{color:#1b6e2f}\
@media(prefers-color-scheme:dark){.error{color:#ff8a95}.warning{color:#e8b45a}.note{color:#6fc7dd}.unknown{color:#cf9bf0}.pass{color:#7fce92}}";

/// Writes the page.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let run = report.run();
    let (word, sentence) = conclusion(report);
    writeln!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">"
    )?;
    writeln!(
        out,
        "<meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>goassay audit</title>\n<style>{STYLE}</style>\n</head>\n<body>"
    )?;
    writeln!(out, "<h1>goassay audit: {}</h1>", word.to_lowercase())?;
    writeln!(
        out,
        "<p>{} (exit code {}). Profile {}, judged for {} by {} {}.</p>",
        escape(&sentence),
        report.exit_code(),
        run.profile.name(),
        escape(&run.as_of),
        escape(&run.tool.name),
        escape(&run.tool.version)
    )?;
    table(report, out)?;
    for failure in &run.failures {
        writeln!(
            out,
            "<p><span class=\"level unknown\">not examined</span> <code>{}</code>: {}</p>",
            escape(&failure.path),
            escape(&failure.message)
        )?;
    }
    for idle in &run.idle_waivers {
        writeln!(
            out,
            "<p>The waiver of <code>{}</code> at <code>{}</code> does nothing.</p>",
            escape(&idle.rule),
            escape(&idle.place)
        )?;
    }
    for (index, target) in run.targets.iter().enumerate() {
        put_target(index, target, out)?;
    }
    writeln!(out, "</body>\n</html>")
}

fn table(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let run = report.run();
    if run.targets.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<table>\n<tr><th>file</th><th>errors</th><th>warnings</th><th>notes</th><th>waived</th>\
         <th>unknown</th><th>passed</th><th>not applicable</th></tr>"
    )?;
    for (index, target) in run.targets.iter().enumerate() {
        let counts = Counts::of(target, run.fail_on);
        write!(
            out,
            "<tr><td><a href=\"#t{index}\">{}</a></td>",
            name(target)
        )?;
        for count in [
            counts.errors,
            counts.warnings,
            counts.notes,
            counts.waived,
            counts.unknown,
            counts.passed,
            counts.not_applicable,
        ] {
            write!(out, "<td class=\"n\">{count}</td>")?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</table>")?;
    Ok(())
}

fn name(target: &Target) -> String {
    match &target.member {
        Some(member) => format!(
            "<code>{}</code> member <code>{}</code>",
            escape(&target.path),
            escape(member)
        ),
        None => format!("<code>{}</code>", escape(&target.path)),
    }
}

fn put_target(index: usize, target: &Target, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<section id=\"t{index}\">\n<h2>{}</h2>", name(target))?;
    for (judged, failing) in failed(target) {
        put_failing(judged.level.name(), judged, failing, out)?;
    }
    for judged in &target.judged {
        match sort(judged) {
            Sort::Unknown(_) => {
                let why = escape(&super::gaps_in_words(judged));
                line(out, "unknown", judged, &why)?;
            }
            Sort::Waived(failing) => {
                let reason = judged.waived.as_ref().map_or("", |by| &by.reason);
                let why = format!("{}; waived: {}", escape(&failing.what), escape(reason));
                line(out, "waived", judged, &why)?;
            }
            Sort::Failed(_) | Sort::Passed(_) | Sort::NotApplicable(_) => {}
        }
    }
    put_rest(target, out)?;
    writeln!(out, "</section>")
}

fn line(out: &mut dyn Write, word: &str, judged: &Judged, why: &str) -> io::Result<()> {
    let id = judged.rule.id;
    writeln!(
        out,
        "<p><span class=\"level {word}\">{word}</span> <b>{id}</b>: {why}</p>"
    )
}

fn put_failing(
    word: &str,
    judged: &Judged,
    failing: &Failing,
    out: &mut dyn Write,
) -> io::Result<()> {
    line(out, word, judged, &escape(&failing.what))?;
    if !failing.evidence.is_empty() {
        writeln!(out, "<ul>")?;
        for evidence in &failing.evidence {
            writeln!(out, "<li><code>{}</code></li>", escape(evidence))?;
        }
        if failing.more > 0 {
            writeln!(out, "<li>and {} more</li>", failing.more)?;
        }
        writeln!(out, "</ul>")?;
    }
    let fix: Vec<String> = failing.fix.lines().map(escape).collect();
    writeln!(out, "<pre>{}</pre>", fix.join("\n"))
}

fn put_rest(target: &Target, out: &mut dyn Write) -> io::Result<()> {
    let counts = Counts::of(target, goassay_audit::verdict::Level::Error);
    writeln!(
        out,
        "<details><summary>{} passed, {} not applicable</summary>\n<table>",
        counts.passed, counts.not_applicable
    )?;
    for judged in &target.judged {
        let (word, why) = match sort(judged) {
            Sort::Passed(evidence) => ("pass", evidence.join("; ")),
            Sort::NotApplicable(why) => ("n/a", why.to_owned()),
            Sort::Failed(_) | Sort::Waived(_) | Sort::Unknown(_) => continue,
        };
        writeln!(
            out,
            "<tr><td class=\"{word}\">{word}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            judged.rule.id,
            escape(judged.rule.title),
            escape(&why)
        )?;
    }
    writeln!(out, "</table></details>")
}

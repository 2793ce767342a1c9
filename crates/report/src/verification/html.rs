//! One self-contained page: what was checked, each with its log, what did not pass laid open. No script, no outside request.

use super::{Report, sentence, shown};
use crate::document::{Failure, Tool};
use crate::untrusted::escape_markup as escape;
use goassay_build::rebuild::{Status, Verification};
use std::io::{self, Write};

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884}body{font:15px/1.45 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}\
table{border-collapse:collapse;width:100%}td,th{border:1px solid var(--line);padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}\
code,li{font:13px/1.4 ui-monospace,monospace;overflow-wrap:anywhere}section{border:1px solid var(--line);border-radius:.4rem;padding:.5rem 1rem;margin:1rem 0}\
b.pass{color:#1b6e2f}b.fail{color:#b00020}b.skip{color:#7b2fa8}\
@media(prefers-color-scheme:dark){b.fail{color:#ff8a95}b.skip{color:#cf9bf0}b.pass{color:#7fce92}}";

/// The beginning of a page.
pub(crate) struct Head<'a> {
    pub(crate) title: &'a str,
    pub(crate) verdict: Status,
    pub(crate) sentence: &'a str,
    pub(crate) exit_code: u8,
    pub(crate) tool: &'a Tool,
}

/// Writes the beginning of a page: heading, verdict, a sentence, what there is no verdict on.
pub(crate) fn begin_page(
    head: &Head<'_>,
    failures: &[Failure],
    out: &mut dyn Write,
) -> io::Result<()> {
    let (title, verdict) = (escape(head.title), head.verdict);
    let Tool { name, version } = head.tool;
    writeln!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}: {}</title>\n<style>{STYLE}</style>\n</head>\n<body>",
        shown(verdict)
    )?;
    writeln!(
        out,
        "<h1>{title}: {}</h1>\n<p>{} (exit code {}; {} {}).</p>",
        badge(verdict),
        escape(head.sentence),
        head.exit_code,
        escape(name),
        escape(version)
    )?;
    for failure in failures {
        writeln!(
            out,
            "<p><b class=\"skip\">no verdict</b> {}: {}</p>",
            escape(&failure.path),
            escape(&failure.message)
        )?;
    }
    Ok(())
}

/// Writes the page.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let head = Head {
        title: "Go rebuilt",
        verdict: report.verdict(),
        sentence: &sentence(report),
        exit_code: report.exit_code(),
        tool: &report.tool,
    };
    begin_page(&head, &report.failures, out)?;
    for verification in &report.verifications {
        put(verification, out)?;
    }
    writeln!(out, "</body>\n</html>")
}

pub(crate) fn badge(status: Status) -> String {
    format!("<b class=\"{}\">{}</b>", status.name(), shown(status))
}

fn put(verification: &Verification, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<section>\n<h2>go{}: {}</h2>\n<p>Source <code>{}</code>, built on {}.</p>\n<h3>Archives</h3>",
        escape(&verification.version.to_string()),
        badge(verification.verdict()),
        escape(&verification.source),
        escape(&verification.host.to_string())
    )?;
    for file in &verification.files {
        put_log(file.status, &file.name, &file.log, out)?;
        writeln!(
            out,
            "<table>\n<tr><th></th><th>posted</th><th>rebuilt</th></tr>"
        )?;
        let rebuilt = file.rebuilt.as_ref();
        let rows = [
            ("SHA-256", &file.posted.sha256, rebuilt.map(|s| &s.sha256)),
            ("h1", &file.posted.h1, rebuilt.map(|s| &s.h1)),
        ];
        for (what, posted, rebuilt) in rows {
            writeln!(
                out,
                "<tr><td>{what}</td><td><code>{}</code></td><td><code>{}</code></td></tr>",
                escape(posted),
                escape(rebuilt.map_or("not rebuilt", String::as_str))
            )?;
        }
        writeln!(out, "</table>")?;
        for name in &file.normalisations {
            writeln!(
                out,
                "<p>Equal after <code>{}</code>, applied to both.</p>",
                escape(name)
            )?;
        }
    }
    writeln!(out, "<h3>Steps</h3>")?;
    for step in &verification.steps {
        put_log(step.status, &step.title, &step.log, out)?;
    }
    writeln!(out, "<h3>This rests on</h3>\n<ul>")?;
    for trust in &verification.trust {
        writeln!(out, "<li>{}</li>", escape(trust))?;
    }
    writeln!(out, "</ul>\n</section>")
}

pub(crate) fn put_log(
    status: Status,
    title: &str,
    log: &[String],
    out: &mut dyn Write,
) -> io::Result<()> {
    let open = match status {
        Status::Fail | Status::Skip => " open",
        Status::Pass | Status::NotPromised => "",
    };
    writeln!(
        out,
        "<details{open}><summary>{} {}</summary>\n<ul>",
        badge(status),
        escape(title)
    )?;
    for line in log {
        writeln!(out, "<li>{}</li>", escape(line))?;
    }
    writeln!(out, "</ul></details>")
}

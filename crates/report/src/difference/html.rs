//! One self-contained page: causes, then tables with the two sides beside each other, long ones in pages that open one by one. No
//! script, no outside request.

use super::rows::{Row, Table, tables};
use super::{Pair, Report, Verdict, change_in_words};
use crate::untrusted::escape_markup as escape;
use std::io::{self, Write};

/// Rows of one page of a table.
const PAGE: usize = 50;

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884}body{font:15px/1.45 system-ui,sans-serif;max-width:90rem;margin:2rem auto;padding:0 1rem}\
table{border-collapse:collapse;width:100%;table-layout:fixed}td,th{border:1px solid var(--line);padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}\
td{font:13px/1.4 ui-monospace,monospace}th:first-child{width:34%}section{border:1px solid var(--line);border-radius:.4rem;padding:.5rem 1rem;margin:1rem 0}\
summary{cursor:pointer;padding:.2rem 0}b.identical{color:#1b6e2f}b.different{color:#b00020}b.not-known{color:#7b2fa8}li{margin:.3rem 0}.kind{font:13px ui-monospace,monospace}\
@media(prefers-color-scheme:dark){b.different{color:#ff8a95}b.not-known{color:#cf9bf0}b.identical{color:#7fce92}}";

/// Writes the page.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    begin(report, out)?;
    for failure in &report.failures {
        writeln!(
            out,
            "<p><b class=\"not-known\">not compared</b> {}: {}</p>",
            escape(&failure.path),
            escape(&failure.message)
        )?;
    }
    let open = report.pairs.len() == 1;
    for pair in &report.pairs {
        put_pair(pair, open, out)?;
    }
    others(report, out)?;
    writeln!(out, "</body>\n</html>")
}

fn begin(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let verdict = report.verdict().name();
    let shown = match report.verdict() {
        Verdict::Identical => "identical",
        Verdict::Different => "different",
        Verdict::NotKnown => "not known",
    };
    let [a, b] = report.names.each_ref().map(|name| escape(name));
    writeln!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{a} and {b}: {shown}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1><b class=\"{verdict}\">{shown}</b></h1>\n\
         <p>A: <code>{a}</code><br>B: <code>{b}</code></p>\n<p>{} (exit code {}; {} {}).</p>",
        escape(&report.sentence()),
        report.exit_code(),
        escape(&report.tool.name),
        escape(&report.tool.version)
    )
}

fn put_pair(pair: &Pair, open: bool, out: &mut dyn Write) -> io::Result<()> {
    let first = pair.causes.first().map(|cause| cause.kind.sentence());
    let name = match pair.name.as_str() {
        "" => "The two files",
        name => name,
    };
    let open = if open { " open" } else { "" };
    writeln!(
        out,
        "<section>\n<details{open}><summary><b>{}</b>: {}</summary>\n<h2>Causes, the likeliest first</h2>\n<ol>",
        escape(name),
        escape(&first.unwrap_or_default())
    )?;
    for cause in &pair.causes {
        writeln!(
            out,
            "<li><span class=\"kind\">{}</span>: {}\n<ul>",
            cause.kind.name(),
            escape(&cause.kind.sentence())
        )?;
        for evidence in &cause.evidence {
            writeln!(out, "<li>{}</li>", escape(evidence))?;
        }
        for change in &cause.changes {
            let change = escape(&change_in_words(change));
            writeln!(out, "<li><i>for B to be as A:</i> {change}</li>")?;
        }
        writeln!(out, "</ul></li>")?;
    }
    writeln!(out, "</ol>")?;
    for table in tables(&pair.differences) {
        put(&table, out)?;
    }
    writeln!(out, "</details>\n</section>")
}

fn put(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<h2>{}</h2>", escape(table.title))?;
    if !table.summary.is_empty() {
        writeln!(out, "<p>{}.</p>", escape(&table.summary))?;
    }
    let mut pages = table.rows.chunks(PAGE);
    if let Some(first) = pages.next() {
        page(first, out)?;
    }
    for (number, rows) in (1..).zip(pages) {
        let from = number * PAGE + 1;
        let to = from + rows.len() - 1;
        writeln!(
            out,
            "<details><summary>{from} to {to} of {}</summary>",
            table.count
        )?;
        page(rows, out)?;
        writeln!(out, "</details>")?;
    }
    let listed = table.rows.len() as u64;
    if table.count > listed && listed > 0 {
        writeln!(out, "<p>{} more are not listed.</p>", table.count - listed)?;
    }
    Ok(())
}

fn page(rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<table>\n<tr><th></th><th>A</th><th>B</th></tr>")?;
    for row in rows {
        let [a, b] = row.values.each_ref().map(|value| escape(value));
        writeln!(
            out,
            "<tr><td>{}</td><td>{a}</td><td>{b}</td></tr>",
            escape(&row.name)
        )?;
    }
    writeln!(out, "</table>")
}

fn others(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.others.count == 0 {
        return Ok(());
    }
    writeln!(out, "<h2>Other entries and the container</h2>\n<ul>")?;
    for other in &report.others.list {
        let name = match other.name.as_str() {
            "" => "(container)",
            name => name,
        };
        writeln!(
            out,
            "<li><code>{}</code>: {}</li>",
            escape(name),
            escape(&other.words)
        )?;
    }
    writeln!(out, "</ul>")?;
    match report.others.count - report.others.list.len() {
        0 => Ok(()),
        more => writeln!(out, "<p>{more} more are not listed.</p>"),
    }
}

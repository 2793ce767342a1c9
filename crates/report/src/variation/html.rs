//! One self-contained page: the matrix, with what differs and what to do laid open where it should not. No script, no outside request.

use super::{Report, label, sentence, shown};
use crate::untrusted::escape_markup as escape;
use crate::verification::{Head, begin_page};
use goassay_build::vary::{Difference, Finding, Relevance, Tested};
use std::io::{self, Write};

/// Writes the page.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let head = Head {
        title: "Inputs of a build",
        verdict: report.verdict(),
        sentence: &sentence(report),
        exit_code: report.exit_code(),
        tool: &report.tool,
    };
    begin_page(&head, &[], out)?;
    let go = report.go.as_deref().unwrap_or("no Go");
    writeln!(
        out,
        "<p>Built by <code>{}</code>, {}.</p>",
        escape(&report.command),
        escape(go)
    )?;
    put_base(report, out)?;
    writeln!(
        out,
        "<table>\n<tr><th>input</th><th></th><th>what came out</th></tr>"
    )?;
    for tested in &report.variation.tested {
        put_row(tested, out)?;
    }
    writeln!(out, "</table>")?;
    put_together(report, out)?;
    writeln!(out, "</body>\n</html>")
}

fn put_base(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let base = &report.variation.base;
    if let Some((status, said)) = &base.failed {
        writeln!(
            out,
            "<p><b class=\"skip\">it fails as it is</b>: {}</p>",
            escape(status)
        )?;
        return put_lines(said, out);
    }
    if !base.unstable.is_empty() {
        writeln!(
            out,
            "<p><b class=\"fail\">not stable</b>: two builds of the same, with nothing changed, differ.</p>"
        )?;
        put_differences(&base.unstable, out)?;
    }
    if !base.by_time.is_empty() {
        writeln!(
            out,
            "<p>Two builds differ unless the clock stands, so it stood in all that follow.</p>"
        )?;
    }
    writeln!(
        out,
        "<details><summary>What is compared</summary>\n<table>\n<tr><th>file</th><th>SHA-256</th><th>bytes</th></tr>"
    )?;
    for (name, output) in &base.files {
        let name = escape(name);
        writeln!(
            out,
            "<tr><td>{name}</td><td><code>{}</code></td><td>{}</td></tr>",
            output.sha256, output.bytes
        )?;
    }
    writeln!(out, "</table></details>")
}

fn class(relevance: Relevance) -> (&'static str, &'static str) {
    match relevance {
        Relevance::Irrelevant => ("pass", "same"),
        Relevance::Unintended => ("fail", "leak"),
        Relevance::Intended => ("pass", "meant"),
        Relevance::Unknown => ("skip", "fails"),
        Relevance::NotVaried => ("skip", "not varied"),
    }
}

fn put_row(tested: &Tested, out: &mut dyn Write) -> io::Result<()> {
    let (class, word) = class(tested.relevance());
    let (input, name) = (tested.input, label(tested));
    write!(
        out,
        "<tr><td>{name}<br>{}</td><td><b class=\"{class}\">{word}</b></td><td>",
        escape(input.what)
    )?;
    match &tested.finding {
        Finding::Differs(differences) => {
            let is_open = if tested.is_meant.is_none() {
                " open"
            } else {
                ""
            };
            writeln!(
                out,
                "<details{is_open}><summary>{}</summary>",
                escape(&shown(tested))
            )?;
            put_differences(differences, out)?;
            writeln!(
                out,
                "<p>Why: {}</p>\n<p>Fix: {}</p></details>",
                escape(input.why),
                escape(input.fix)
            )?;
        }
        Finding::Fails { said, .. } => {
            write!(out, "{}", escape(&shown(tested)))?;
            put_lines(said, out)?;
        }
        Finding::Same | Finding::NotVaried(_) => write!(out, "{}", escape(&shown(tested)))?,
    }
    writeln!(out, "</td></tr>")
}

fn put_together(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let Some(together) = &report.variation.together else {
        return Ok(());
    };
    let names = escape(&together.names.join(", "));
    writeln!(out, "<section>\n<h2>At once</h2>\n<p>{names}</p>")?;
    match (&together.failed, together.differences.is_empty()) {
        (Some((status, said)), _) => {
            writeln!(out, "<p><b class=\"skip\">fails</b> {}</p>", escape(status))?;
            put_lines(said, out)?;
        }
        (None, true) => writeln!(out, "<p><b class=\"pass\">same</b></p>")?,
        (None, false) => {
            writeln!(
                out,
                "<p><b class=\"fail\">leak</b> none alone makes a difference, together they do.</p>"
            )?;
            if let Some(smallest) = &together.smallest {
                writeln!(
                    out,
                    "<p>All of these are needed for it: {}</p>",
                    escape(&smallest.join(", "))
                )?;
            }
            put_differences(&together.differences, out)?;
        }
    }
    writeln!(out, "</section>")
}

fn put_differences(differences: &[Difference], out: &mut dyn Write) -> io::Result<()> {
    for difference in differences {
        writeln!(out, "<p><code>{}</code></p>", escape(&difference.output))?;
        let traces = difference
            .traces
            .iter()
            .map(|trace| format!("it has {trace} in one of both builds"));
        let lines: Vec<String> = traces.chain(difference.where_.iter().cloned()).collect();
        put_lines(&lines, out)?;
    }
    Ok(())
}

fn put_lines(lines: &[String], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<ul>")?;
    for line in lines {
        writeln!(out, "<li>{}</li>", escape(line))?;
    }
    writeln!(out, "</ul>")
}

//! One self-contained page: each chain with what it rests on, what came out, what differs. No script, no outside request.

use super::{Report, names, of_chains, relations, sentence, trust};
use crate::layout::counted;
use crate::untrusted::escape_markup as escape;
use crate::verification::{Head, badge, begin_page, put_log};
use goassay_build::diverse::{Agreement, Built};
use std::io::{self, Write};

/// Writes the page.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let bootstrap = &report.bootstrap;
    let title = format!("go{} through unrelated chains", bootstrap.version);
    let head = Head {
        title: &title,
        verdict: report.verdict(),
        sentence: &sentence(report),
        exit_code: report.exit_code(),
        tool: &report.tool,
    };
    begin_page(&head, &[], out)?;
    put_agreement(&bootstrap.agreement, out)?;
    for built in &bootstrap.built {
        put_chain(built, out)?;
    }
    for failure in &report.failures {
        let (path, message) = (escape(&failure.path), escape(&failure.message));
        writeln!(
            out,
            "<p><b class=\"skip\">no end</b> chain {path}: {message}</p>"
        )?;
    }
    for missing in &report.not_here {
        let (what, why) = (escape(&missing.what), escape(&missing.why));
        writeln!(out, "<p>Not on this machine: {what}: {why}</p>")?;
    }
    writeln!(out, "</body>\n</html>")
}

fn put_agreement(agreement: &Agreement, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<section>\n<h2>What came out</h2>\n<table>\n<tr><th>chains</th><th>archive</th><th></th></tr>"
    )?;
    for variant in &agreement.variants {
        let (class, what) = if variant.posted {
            ("pass", "what is posted")
        } else {
            ("fail", "not what is posted")
        };
        writeln!(
            out,
            "<tr><td>{}</td><td><code>{}</code><br><code>{}</code></td><td><b class=\"{class}\">{what}</b></td></tr>",
            escape(&names(&variant.chains)),
            escape(&variant.sums.sha256),
            escape(&variant.sums.h1)
        )?;
    }
    writeln!(
        out,
        "</table>\n<table>\n<tr><th>program</th><th>SHA-256</th><th>chains</th></tr>"
    )?;
    for program in &agreement.programs {
        for (sum, chains) in &program.built {
            let class = if program.is_same() { "pass" } else { "fail" };
            writeln!(
                out,
                "<tr><td><b class=\"{class}\">{}</b></td><td><code>{}</code></td><td>{}</td></tr>",
                escape(&program.name),
                escape(sum.as_deref().unwrap_or("not there")),
                escape(&names(chains))
            )?;
        }
    }
    writeln!(out, "</table>")?;
    for differing in &agreement.differences {
        writeln!(
            out,
            "<h3>{} against {}: {}</h3>\n<ul>",
            escape(&of_chains(&differing.from)),
            escape(&of_chains(&differing.chains)),
            counted(differing.count, "difference", "differences")
        )?;
        for entry in &differing.entries {
            writeln!(
                out,
                "<li>{}: {}</li>",
                escape(&entry.name),
                escape(&entry.log.join("; "))
            )?;
        }
        writeln!(out, "</ul>")?;
    }
    writeln!(out, "</section>")
}

fn put_chain(built: &Built, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<section>\n<h2>Chain {}: {}</h2>\n<p>Rests on {}.</p>",
        escape(&built.name),
        badge(built.verification.verdict()),
        escape(&trust(built))
    )?;
    for relation in relations(built) {
        writeln!(out, "<p>Note: {}.</p>", escape(&relation))?;
    }
    for (name, sum) in &built.root.programs {
        writeln!(out, "<p>{} <code>{}</code></p>", escape(name), escape(sum))?;
    }
    for step in &built.verification.steps {
        put_log(step.status, &step.title, &step.log, out)?;
    }
    writeln!(out, "</section>")
}

//! The text for people: each chain with its links and what it rests on, then what they have in common.

use super::{Report, of_chains, relations, sentence, trust};
use crate::layout::{Line, Page, Paint, counted};
use crate::render::Style;
use crate::verification::{mark, put_checked};
use goassay_build::diverse::{Agreement, Built};
use std::io::{self, Write};

/// Writes the text.
pub(super) fn render(
    report: &Report,
    width: usize,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page::new(out, width, style);
    let bootstrap = &report.bootstrap;
    let heading = format!("go{}, built on {}", bootstrap.version, bootstrap.host);
    page.put(Line::at(0).paint(Paint::Strong, &heading))?;
    for built in &bootstrap.built {
        put_chain(&mut page, built)?;
    }
    for failure in &report.failures {
        let line = Line::at(2).paint(Paint::Strong, "Chain");
        let line = line.name(Paint::Strong, &failure.path);
        page.put(
            line.paint(Paint::Doubt, "came to no end:")
                .prose(&failure.message),
        )?;
    }
    for missing in &report.not_here {
        let line = Line::at(2).paint(Paint::Faint, "Not on this machine:");
        page.put(line.prose(&missing.what).glue(":").prose(&missing.why))?;
    }
    put_agreement(&mut page, &bootstrap.agreement)?;
    page.blank()?;
    let (word, paint) = mark(report.verdict());
    page.put(Line::at(0).paint(paint, word).say(&sentence(report)))
}

fn put_chain(page: &mut Page<'_>, built: &Built) -> io::Result<()> {
    let line = Line::at(2).paint(Paint::Strong, "Chain");
    page.put(line.name(Paint::Strong, &built.name))?;
    for step in &built.verification.steps {
        put_checked(page, 4, step.status, &step.title, &step.log)?;
    }
    for file in &built.verification.files {
        put_checked(page, 4, file.status, &file.name, &[])?;
    }
    let line = Line::at(4).paint(Paint::Faint, "rests on");
    page.put(line.prose(&trust(built)))?;
    for relation in relations(built) {
        page.put(Line::at(4).paint(Paint::Doubt, "note:").prose(&relation))?;
    }
    Ok(())
}

fn put_agreement(page: &mut Page<'_>, agreement: &Agreement) -> io::Result<()> {
    page.put(Line::at(2).paint(Paint::Strong, "What came out"))?;
    for variant in &agreement.variants {
        let (paint, what) = if variant.posted {
            (Paint::Good, "what is posted")
        } else {
            (Paint::Linked, "not what is posted")
        };
        let line = Line::at(4).prose(&of_chains(&variant.chains)).glue(":");
        page.put(line.paint(paint, what))?;
        page.put(
            Line::at(6)
                .say("SHA-256")
                .name(Paint::Plain, &variant.sums.sha256),
        )?;
        page.put(Line::at(6).name(Paint::Plain, &variant.sums.h1))?;
    }
    let same = agreement
        .programs
        .iter()
        .filter(|program| program.is_same());
    let (same, all) = (same.count(), agreement.programs.len());
    page.put(Line::at(4).say(&format!("{same} of {all} programs are the same in all")))?;
    for program in agreement.programs.iter().filter(|p| !p.is_same()) {
        page.put(Line::at(4).name(Paint::Linked, &program.name).glue(":"))?;
        for (sum, chains) in &program.built {
            let sum = sum.as_deref().unwrap_or("not there");
            let line = Line::at(6).name(Paint::Plain, sum).say("by");
            page.put(line.prose(&of_chains(chains)))?;
        }
    }
    for differing in &agreement.differences {
        let line = Line::at(4).prose(&format!(
            "{} against {}: {}",
            of_chains(&differing.from),
            of_chains(&differing.chains),
            counted(differing.count, "difference", "differences")
        ));
        page.put(line)?;
        for entry in &differing.entries {
            let name = if entry.name.is_empty() {
                "the archive"
            } else {
                &entry.name
            };
            page.put(Line::at(6).prose(name))?;
            for log in &entry.log {
                page.put(Line::at(8).prose(log))?;
            }
        }
    }
    Ok(())
}

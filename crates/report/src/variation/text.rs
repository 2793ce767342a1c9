//! The text for people: the matrix, then what to do about each input that should not matter.

use super::{Report, files, label, sentence, shown};
use crate::layout::{Line, Page, Paint, counted};
use crate::render::Style;
use crate::verification::mark;
use goassay_build::vary::{Difference, Finding, Relevance, Tested, Together};
use std::io::{self, Write};

/// Files of a variant of which it is said where they differ, and lines of that.
const FILES: usize = 3;
const LINES: usize = 6;
/// Last lines of a build that failed.
const SAID: usize = 4;

/// Writes the text.
pub(super) fn render(
    report: &Report,
    width: usize,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page::new(out, width, style);
    let line = Line::at(0)
        .paint(Paint::Strong, "Built by")
        .prose(&report.command);
    let go = report
        .go
        .as_deref()
        .map_or(String::new(), |go| format!(", {go}"));
    page.put(line.glue(&go))?;
    put_base(&mut page, report)?;
    for tested in &report.variation.tested {
        put_row(&mut page, tested)?;
    }
    if let Some(together) = &report.variation.together {
        put_together(&mut page, together)?;
    }
    put_findings(&mut page, &report.variation.tested)?;
    page.blank()?;
    let (word, paint) = mark(report.verdict());
    page.put(Line::at(0).paint(paint, word).prose(&sentence(report)))
}

fn put_base(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let base = &report.variation.base;
    if let Some((status, said)) = &base.failed {
        page.put(
            Line::at(2)
                .paint(Paint::Doubt, "It fails as it is:")
                .prose(status),
        )?;
        return put_said(page, said);
    }
    let count = counted(base.files.len(), "file", "files");
    page.put(Line::at(2).say(&count).say("compared, byte by byte"))?;
    if !base.unstable.is_empty() {
        let line = Line::at(2).paint(Paint::Linked, "NOT STABLE");
        page.put(line.say("two builds of the same, with nothing changed, differ; these files are compared no further:"))?;
        put_differences(page, &base.unstable)?;
    }
    if !base.by_time.is_empty() {
        let line = Line::at(2)
            .say("Two builds differ unless the clock stands, so it stood in all that follow:");
        page.put(line.prose(&files(&base.by_time)))?;
    }
    page.blank()
}

/// The word for what a variant came to.
fn word(relevance: Relevance) -> (&'static str, Paint) {
    match relevance {
        Relevance::Irrelevant => ("same", Paint::Good),
        Relevance::Unintended => ("LEAK", Paint::Linked),
        Relevance::Intended => ("meant", Paint::Module),
        Relevance::Unknown => ("fails", Paint::Doubt),
        Relevance::NotVaried => ("n/a", Paint::Faint),
    }
}

fn put_row(page: &mut Page<'_>, tested: &Tested) -> io::Result<()> {
    let relevance = tested.relevance();
    let (word, paint) = word(relevance);
    let line = Line::at(2)
        .hanging(34)
        .verbatim(paint, &format!("{word:<5}"));
    let line = line.verbatim(Paint::Plain, &format!("{:<26}", label(tested)));
    page.put(match relevance {
        Relevance::Irrelevant => line,
        _ => line.prose(&shown(tested)),
    })
}

fn put_together(page: &mut Page<'_>, together: &Together) -> io::Result<()> {
    let (word, paint) = match (&together.failed, together.differences.is_empty()) {
        (Some(_), _) => ("fails", Paint::Doubt),
        (None, true) => ("same", Paint::Good),
        (None, false) => ("LEAK", Paint::Linked),
    };
    let what = format!("{} of these at once", together.names.len());
    let line = Line::at(2)
        .hanging(34)
        .verbatim(paint, &format!("{word:<5}"));
    let line = line.verbatim(Paint::Plain, &format!("{what:<26}"));
    page.put(line.prose(&files(&together.differences)))?;
    if let Some((status, said)) = &together.failed {
        page.put(Line::at(4).prose(status))?;
        put_said(page, said)?;
    }
    if together.differences.is_empty() {
        return Ok(());
    }
    page.blank()?;
    let line = Line::at(2).paint(Paint::Linked, "Combined:");
    page.put(match &together.smallest {
        Some(names) => line.prose(&format!(
            "none of these alone makes a difference, all of them together do: {}",
            names.join(", ")
        )),
        None => line.say("none of them alone makes a difference; --bisect finds which together do"),
    })?;
    put_differences(page, &together.differences)
}

fn put_findings(page: &mut Page<'_>, tested: &[Tested]) -> io::Result<()> {
    let mut before = "";
    for tested in tested {
        let input = tested.input;
        match &tested.finding {
            Finding::Differs(differences) if tested.is_meant.is_none() => {
                page.blank()?;
                let line = Line::at(2).paint(Paint::Linked, &label(tested)).glue(":");
                page.put(line.say("the build depends on").say(input.what))?;
                put_differences(page, differences)?;
                if before != input.name {
                    page.put(Line::at(4).paint(Paint::Faint, "why:").say(input.why))?;
                    page.put(Line::at(4).paint(Paint::Good, "fix:").say(input.fix))?;
                }
                before = input.name;
            }
            Finding::Fails { said, .. } if tested.is_meant.is_none() => {
                page.blank()?;
                let line = Line::at(2).paint(Paint::Doubt, &label(tested)).glue(":");
                page.put(line.say("the build failed, which is no answer"))?;
                put_said(page, said)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn put_differences(page: &mut Page<'_>, differences: &[Difference]) -> io::Result<()> {
    for difference in differences.iter().take(FILES) {
        page.put(
            Line::at(4)
                .name(Paint::Strong, &difference.output)
                .glue(":"),
        )?;
        if !difference.traces.is_empty() {
            let line = Line::at(6).say("it has");
            page.put(
                line.prose(&difference.traces.join(", "))
                    .say("in one of both builds"),
            )?;
        }
        for line in difference.where_.iter().take(LINES) {
            page.put(Line::at(6).prose(line))?;
        }
    }
    match differences.len().saturating_sub(FILES) {
        0 => Ok(()),
        more => page.put(Line::at(4).say(&format!("and {more} more"))),
    }
}

fn put_said(page: &mut Page<'_>, said: &[String]) -> io::Result<()> {
    let from = said.len().saturating_sub(SAID);
    said.iter()
        .skip(from)
        .try_for_each(|line| page.put(Line::at(6).prose(line)))
}

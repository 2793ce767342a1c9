//! The text for people: the verdict, the causes with what shows them, then tables with their first rows.

use super::rows::{Row, Table, tables};
use super::{Options, Pair, Report, Verdict, change_in_words};
use crate::layout::{Line, Page, Paint};
use std::io::{self, Write};

/// Evidence that is shown of each cause.
const EVIDENCE: usize = 6;

/// Writes the text.
pub(super) fn render(report: &Report, options: Options, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(out, options.width, options.style);
    for (letter, name) in ["A", "B"].into_iter().zip(&report.names) {
        page.put(
            Line::at(0)
                .paint(Paint::Strong, letter)
                .name(Paint::Plain, name),
        )?;
    }
    let (word, paint) = match report.verdict() {
        Verdict::Identical => ("IDENTICAL:", Paint::Good),
        Verdict::Different => ("DIFFERENT:", Paint::Linked),
        Verdict::NotKnown => ("NOT KNOWN:", Paint::Doubt),
    };
    page.put(Line::at(0).paint(paint, word).say(&report.sentence()))?;
    for pair in &report.pairs {
        page.blank()?;
        if !pair.name.is_empty() {
            page.put(Line::at(0).name(Paint::Strong, &pair.name))?;
        }
        put_causes(&mut page, pair)?;
        for table in tables(&pair.differences) {
            page.blank()?;
            put(&mut page, &table, options.top)?;
        }
    }
    others(&mut page, report, options.top)?;
    for failure in &report.failures {
        let line = Line::at(0).name(Paint::Strong, &failure.path);
        page.put(
            line.paint(Paint::Doubt, "not compared:")
                .prose(&failure.message),
        )?;
    }
    Ok(())
}

fn put_causes(page: &mut Page<'_>, pair: &Pair) -> io::Result<()> {
    let heading = match pair.causes.len() {
        1 => "Cause",
        _ => "Causes, the likeliest first",
    };
    page.put(Line::at(0).paint(Paint::Strong, heading))?;
    for (number, cause) in (1..).zip(&pair.causes) {
        let line = Line::at(2).hanging(3).say(&format!("{number}."));
        let line = match number {
            1 => line.paint(Paint::Linked, cause.kind.name()),
            _ => line.paint(Paint::Package, cause.kind.name()),
        };
        page.put(line.glue(":").prose(&cause.kind.sentence()))?;
        for evidence in cause.evidence.iter().take(EVIDENCE) {
            page.put(Line::at(5).prose(evidence))?;
        }
        for change in &cause.changes {
            let line = Line::at(5).paint(Paint::Faint, "for B to be as A:");
            page.put(line.prose(&change_in_words(change)))?;
        }
    }
    Ok(())
}

fn put(page: &mut Page<'_>, table: &Table, top: Option<usize>) -> io::Result<()> {
    let line = Line::at(0).paint(Paint::Strong, table.title);
    page.put(match table.summary.as_str() {
        "" => line,
        summary => line.glue(":").say(summary),
    })?;
    let shown = top.unwrap_or(usize::MAX).min(table.rows.len());
    for row in table.rows.iter().take(shown) {
        put_row(page, row)?;
    }
    more(
        page,
        table.count.saturating_sub(shown as u64),
        shown < table.rows.len(),
    )
}

fn put_row(page: &mut Page<'_>, row: &Row) -> io::Result<()> {
    let line = Line::at(2).hanging(4).prose(&row.name);
    let [a, b] = &row.values;
    if a.is_empty() && b.is_empty() {
        return page.put(line);
    }
    let side =
        |line: Line, letter: &str, value: &str| line.paint(Paint::Faint, letter).prose(value);
    page.put(side(side(line, "A:", a), "B:", b))
}

fn more(page: &mut Page<'_>, left: u64, listed: bool) -> io::Result<()> {
    match (left, listed) {
        (0, _) => Ok(()),
        (left, true) => {
            let text = format!("{left} more (--all)");
            page.put(Line::at(2).paint(Paint::Faint, &text))
        }
        (left, false) => {
            let text = format!("{left} more, which are not listed");
            page.put(Line::at(2).paint(Paint::Faint, &text))
        }
    }
}

fn others(page: &mut Page<'_>, report: &Report, top: Option<usize>) -> io::Result<()> {
    let others = &report.others;
    if others.count == 0 {
        return Ok(());
    }
    page.blank()?;
    page.put(Line::at(0).paint(Paint::Strong, "Other entries and the container"))?;
    let shown = top.unwrap_or(usize::MAX).min(others.list.len());
    for other in others.list.iter().take(shown) {
        let name = match other.name.as_str() {
            "" => "(container)",
            name => name,
        };
        page.put(
            Line::at(2)
                .name(Paint::Plain, name)
                .glue(":")
                .prose(&other.words),
        )?;
    }
    let left = (others.count - shown) as u64;
    more(page, left, shown < others.list.len())
}

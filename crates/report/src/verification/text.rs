//! The text for people: a line for each step and archive, the log of what did not pass.

use super::{Options, Report, sentence, shown};
use crate::layout::{Line, Page, Paint};
use goassay_build::rebuild::{Status, Verification};
use std::io::{self, Write};

/// Writes the text.
pub(super) fn render(report: &Report, options: Options<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(out, options.width, options.style);
    for verification in &report.verifications {
        put(&mut page, verification)?;
        page.blank()?;
    }
    for failure in &report.failures {
        let line = Line::at(0).name(Paint::Strong, &failure.path);
        page.put(
            line.paint(Paint::Doubt, "no verdict:")
                .prose(&failure.message),
        )?;
    }
    let (word, paint) = mark(report.verdict());
    page.put(Line::at(0).paint(paint, word).say(&sentence(report)))
}

pub(crate) fn mark(status: Status) -> (&'static str, Paint) {
    let paint = match status {
        Status::Pass => Paint::Good,
        Status::Fail => Paint::Linked,
        Status::Skip => Paint::Doubt,
        Status::NotPromised => Paint::Faint,
    };
    (shown(status), paint)
}

fn put(page: &mut Page<'_>, verification: &Verification) -> io::Result<()> {
    let heading = format!("go{}, built on {}", verification.version, verification.host);
    page.put(Line::at(0).paint(Paint::Strong, &heading))?;
    for step in &verification.steps {
        put_checked(page, 2, step.status, &step.title, &step.log)?;
    }
    for file in &verification.files {
        let needed: Vec<&str> = file.normalisations.iter().map(String::as_str).collect();
        let title = if needed.is_empty() {
            file.name.clone()
        } else {
            format!("{} (after {})", file.name, needed.join(", "))
        };
        put_checked(page, 2, file.status, &title, &file.log)?;
        if file.status == Status::Pass {
            for gap in file.gaps() {
                page.put(Line::at(7).prose(gap))?;
            }
        }
    }
    page.put(Line::at(2).paint(Paint::Faint, "This rests on"))?;
    for trust in &verification.trust {
        page.put(Line::at(4).prose(trust))?;
    }
    Ok(())
}

/// A line for something that was checked, and its log where it did not pass.
pub(crate) fn put_checked(
    page: &mut Page<'_>,
    indent: usize,
    status: Status,
    title: &str,
    log: &[String],
) -> io::Result<()> {
    let (word, paint) = mark(status);
    page.put(Line::at(indent).paint(paint, word).prose(title))?;
    if matches!(status, Status::Fail | Status::Skip) {
        for line in log {
            page.put(Line::at(indent + 5).prose(line))?;
        }
    }
    Ok(())
}

//! Sizes for people: tables whose lines add up, what grew, and how budgets were kept.

use super::growth::{Change, changes};
use super::table::{By, Line, lines};
use super::{Report, Target, TextOptions};
use crate::render::text::footer::put_failure;
use crate::untrusted::Untrusted;
use std::io::{self, Write};

/// Rows of a table unless more are asked for.
const USUAL: usize = 20;

/// Writes the text.
pub(super) fn render(
    report: &Report,
    options: &TextOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let run = report.run();
    let tables: &[By] = match &run.by {
        Some(by) => std::slice::from_ref(by),
        None => &[By::Kind, By::Module],
    };
    let top = options.top.unwrap_or(USUAL);
    match run.targets.as_slice() {
        [before, after] if run.growth => put_growth(before, after, tables, top, out)?,
        targets => {
            for target in targets {
                put_target(target, tables, top, out)?;
            }
        }
    }
    budgets(report, out)?;
    let mut page = crate::layout::Page::new(out, options.width, options.style);
    run.failures
        .iter()
        .try_for_each(|failure| put_failure(&mut page, failure))
}

fn title(target: &Target) -> String {
    let member = target.member.iter();
    let member: String = member.map(|name| format!(" {}", Untrusted(name))).collect();
    format!("{}{member}", Untrusted(&target.path))
}

fn put_target(target: &Target, tables: &[By], top: usize, out: &mut dyn Write) -> io::Result<()> {
    let total = target.size.file_len;
    writeln!(out, "{}\n  {total} bytes", title(target))?;
    for by in tables {
        writeln!(out, "\n{:>14} {:>6}  by {}", "bytes", "%", by.name())?;
        let lines = lines(&target.size, *by);
        for (line, bytes) in lines.iter().take(top) {
            writeln!(
                out,
                "{bytes:>14} {:>6}  {}",
                percent(*bytes, total),
                name(line)
            )?;
        }
        let rest: u64 = lines.iter().skip(top).map(|(_, bytes)| bytes).sum();
        if lines.len() > top {
            let more = lines.len() - top;
            let share = percent(rest, total);
            writeln!(
                out,
                "{rest:>14} {share:>6}  {more} more (--top {})",
                lines.len()
            )?;
        }
        writeln!(out, "{total:>14} {:>6}  in all", percent(total, total))?;
    }
    gaps(target, out)?;
    writeln!(out)
}

/// What could not be read, and what that means for the table.
fn gaps(target: &Target, out: &mut dyn Write) -> io::Result<()> {
    for gap in &target.size.gaps {
        let reason = Untrusted(&gap.reason);
        let topic = gap.topic.name();
        writeln!(
            out,
            "not read: {topic}: {reason}: its bytes are not attributed"
        )?;
    }
    Ok(())
}

/// Tenths of a per cent, rounded.
fn percent(part: u64, whole: u64) -> String {
    let tenths = (u128::from(part) * 1000 + u128::from(whole) / 2)
        .checked_div(u128::from(whole))
        .unwrap_or(0);
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn name(line: &Line) -> String {
    let name = Untrusted(&line.name);
    match (line.what, line.version.as_str()) {
        ("runtime", _) => format!("{name} (table of the runtime)"),
        ("file", _) => format!("{name} (file structure)"),
        (_, "") => name.to_string(),
        (_, version) => format!("{name} {}", Untrusted(version)),
    }
}

fn put_growth(
    before: &Target,
    after: &Target,
    tables: &[By],
    top: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (old, new) = (before.size.file_len, after.size.file_len);
    let delta = i128::from(new) - i128::from(old);
    writeln!(out, "{} -> {}", title(before), title(after))?;
    writeln!(out, "  {old} -> {new} bytes: {delta:+}")?;
    for by in tables {
        let by_name = by.name();
        writeln!(
            out,
            "\n{:>14} {:>14} {:>14}  by {by_name}",
            "change", "before", "after"
        )?;
        let changes = changes(&before.size, &after.size, *by);
        let changed: Vec<&Change> = changes.iter().filter(|c| c.delta() != 0).collect();
        for change in changed.iter().take(top) {
            let (old, new) = (change.before, change.after);
            let delta = change.delta();
            writeln!(
                out,
                "{delta:>+14} {old:>14} {new:>14}  {}",
                changed_name(change)
            )?;
        }
        let rest = || changed.iter().skip(top);
        if rest().next().is_some() {
            let delta: i128 = rest().map(|change| change.delta()).sum();
            let (more, all) = (rest().count(), changed.len());
            writeln!(
                out,
                "{delta:>+14} {:>14} {:>14}  {more} more (--top {all})",
                "", ""
            )?;
        }
        writeln!(out, "{delta:>+14} {old:>14} {new:>14}  in all")?;
    }
    gaps(before, out)?;
    gaps(after, out)?;
    writeln!(out)
}

fn changed_name(change: &Change) -> String {
    let name = name(&change.line);
    match &change.version_before {
        Some(before) if change.after > 0 && change.before > 0 => {
            format!("{name} (was {})", Untrusted(before))
        }
        _ => name,
    }
}

fn budgets(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let run = report.run();
    for kept in report.kept() {
        let budget = &run.budgets[kept.budget];
        let target = &run.targets[kept.target];
        let word = match kept.kept {
            Some(true) => "kept",
            Some(false) => "EXCEEDED",
            None => "UNKNOWN",
        };
        let of = budget.of.name();
        let (of, place) = (Untrusted(&of), Untrusted(&budget.place));
        let (bytes, most) = (kept.bytes, budget.most);
        let title = title(target);
        write!(
            out,
            "Budget of {of} in {title} ({place}): {word}: {bytes} of {most} bytes"
        )?;
        match bytes.checked_sub(most).filter(|over| *over > 0) {
            Some(over) => writeln!(out, ", {over} too many")?,
            None => writeln!(out)?,
        }
    }
    if !run.budgets.is_empty() {
        let code = report.exit_code();
        writeln!(out, "{} (exit code {code}).", report.outcome().name())?;
    }
    Ok(())
}

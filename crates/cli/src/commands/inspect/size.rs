//! `goassay inspect --size`: where the bytes went, what grew, and whether budgets are kept.

use crate::args::InspectFormat;
use crate::documents;
use crate::examine::{Look, Opened};
use crate::failure::Failure;
use crate::output::Terminal;
use crate::settings::{Inspect, Sizes};
use goassay_binary::size::Size;
use goassay_report::render::Style;
use goassay_report::size::{Picture, html, svg};
use goassay_report::sizes::{Report, Run, Target, TextOptions, render_json, render_text};

pub(super) fn run(settings: &Inspect, sizes: &Sizes, terminal: &Terminal) -> Result<u8, Failure> {
    let look = |opened: &Opened<'_>| {
        Ok(Target {
            path: opened.at.path(),
            member: opened.at.member(),
            size: Size::of(opened.binary),
        })
    };
    let surveyed = settings.survey().run(&Look::binaries(&look), terminal)?;
    let report = Report::new(Run {
        tool: super::super::tool(),
        growth: sizes.growth && surveyed.seen.len() == 2,
        targets: surveyed.seen,
        by: sizes.by,
        budgets: sizes.budgets.clone(),
        failures: surveyed.failures,
    });
    if !documents::text_on_stdout(&settings.outputs, InspectFormat::Text) {
        super::super::complain_about(&report.run().failures, terminal);
        budgets(&report, terminal);
    }
    pictured(settings, &report)?;
    let mut options = TextOptions {
        width: terminal.width,
        style: Style::Plain,
        top: sizes.top,
    };
    let tool = format!("goassay {}", env!("CARGO_PKG_VERSION"));
    let picture = report.run().targets.first().map(|target| Picture {
        name: &target.path,
        tool: &tool,
        size: &target.size,
    });
    documents::write(&settings.outputs, terminal, |format, style, out| {
        options.style = style;
        match (format, &picture) {
            (InspectFormat::Html, Some(picture)) => html(picture, out),
            (InspectFormat::Svg, Some(picture)) => svg(picture, out),
            (InspectFormat::Json, _) => render_json(&report, out),
            (_, _) => render_text(&report, &options, out),
        }
    })?;
    Ok(report.exit_code())
}

/// A picture is of one binary.
fn pictured(settings: &Inspect, report: &Report) -> Result<(), Failure> {
    let mut formats = settings.outputs.iter().map(|output| output.format);
    let asked = formats.any(|f| matches!(f, InspectFormat::Html | InspectFormat::Svg));
    match report.run().targets.len() {
        1 => Ok(()),
        _ if !asked => Ok(()),
        // Why there is none was said already.
        0 if !report.run().failures.is_empty() => Err(Failure::input("there is nothing to draw")),
        n => Err(
            Failure::usage(format!("html and svg show one binary, not {n}")).hint("name one file"),
        ),
    }
}

/// What a document that people do not read says of budgets.
fn budgets(report: &Report, terminal: &Terminal) {
    for kept in report.kept().iter().filter(|kept| kept.kept != Some(true)) {
        let budget = &report.run().budgets[kept.budget];
        let target = &report.run().targets[kept.target];
        let word = if kept.kept.is_none() {
            "unknown"
        } else {
            "exceeded"
        };
        let (of, most) = (budget.of.name(), budget.most);
        let (path, place, bytes) = (&target.path, &budget.place, kept.bytes);
        terminal.warn(&format!(
            "{path}: the budget of {of} at {place} is {word}: {bytes} of {most} bytes"
        ));
    }
}

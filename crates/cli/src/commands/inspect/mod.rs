//! `goassay inspect`: all facts about each binary, or a list of what is in it.
//!
//! Exit code 0 means that every file could be inspected; a gap in the facts is an answer. A list that is not whole gives 2.

mod size;

use crate::args::{self, InspectFormat};
use crate::describe;
use crate::documents;
use crate::environment::Environment;
use crate::examine::{Look, Opened};
use crate::failure::Failure;
use crate::interrupt;
use crate::output::Terminal;
use crate::settings::{self, Inspect};
use goassay_report::inspection::{self, Report, Run, Target, TextOptions, facts};
use goassay_report::listing::{self, Kind};
use goassay_report::render::Style;

pub(crate) fn run(
    args: args::Inspect,
    common: &args::Common,
    env: &Environment,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    interrupt::install();
    let settings = settings::inspect(args, common, env)?;
    match (settings.list, &settings.size) {
        (Some(kind), _) => list(&settings, kind, terminal),
        (None, Some(sizes)) => size::run(&settings, sizes, terminal),
        (None, None) => facts(&settings, terminal),
    }
}

fn facts(settings: &Inspect, terminal: &Terminal) -> Result<u8, Failure> {
    let look = |opened: &Opened<'_>| Ok(target(opened));
    let surveyed = settings.survey().run(&Look::binaries(&look), terminal)?;
    let report = Report::new(Run {
        tool: super::tool(),
        targets: surveyed.seen,
        failures: surveyed.failures,
    });
    if !documents::text_on_stdout(&settings.outputs, InspectFormat::Text) {
        super::complain_about(&report.run().failures, terminal);
    }
    let mut options = TextOptions {
        width: terminal.width,
        style: Style::Plain,
        all: settings.all,
    };
    documents::write(&settings.outputs, terminal, |format, style, out| {
        options.style = style;
        let format = match format {
            InspectFormat::Json => inspection::Format::Json,
            // Pictures are of sizes only; settings refuse them here.
            InspectFormat::Text | InspectFormat::Html | InspectFormat::Svg => {
                inspection::Format::Text
            }
        };
        inspection::render(&report, format, &options, out)
    })?;
    Ok(report.exit_code())
}

fn target(opened: &Opened<'_>) -> Target {
    let gathered = goassay_audit::facts::Facts::of(opened.binary);
    Target {
        path: opened.at.path(),
        member: opened.at.member(),
        also_at: opened.at.also_at(),
        about: describe::facts(opened.binary),
        facts: facts::Facts::of(&gathered),
    }
}

fn list(settings: &Inspect, kind: Kind, terminal: &Terminal) -> Result<u8, Failure> {
    let look = |opened: &Opened<'_>| {
        let (entries, gaps) = listing::of(opened.binary, kind, &settings.filter);
        Ok(listing::Target {
            path: opened.at.path(),
            member: opened.at.member(),
            entries,
            gaps,
        })
    };
    let surveyed = settings.survey().run(&Look::binaries(&look), terminal)?;
    let mut run = listing::Run {
        tool: super::tool(),
        kind,
        filter: settings.filter.clone(),
        targets: surveyed.seen,
        failures: surveyed.failures,
    };
    run.sort();
    // The list itself has nothing but entries: what is missing is said beside it.
    super::complain_about(&run.failures, terminal);
    for target in &run.targets {
        for gap in &target.gaps {
            let said = format!("{}: {}: {}", target.path, gap.topic, gap.reason);
            terminal.complain(&Failure::input(said));
        }
    }
    let headed = run.targets.len() > 1;
    documents::write(&settings.outputs, terminal, |format, _, out| match format {
        InspectFormat::Json => listing::render_json(&run, out),
        // Pictures are of sizes only; settings refuse them here.
        InspectFormat::Text | InspectFormat::Html | InspectFormat::Svg => run
            .targets
            .iter()
            .try_for_each(|target| listing::put(target, headed, out)),
    })?;
    Ok(run.exit_code())
}

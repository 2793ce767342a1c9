//! `goassay scan` and `goassay check`: find the files, examine them in parallel, judge, write the documents.
//!
//! What a clean exit means: no finding at or above the threshold in anything that was named, and nothing that the question needs
//! was unreadable. What it does not mean: that the code is safe, or that the database knows every vulnerability.

use crate::args;
use crate::database::{self, published};
use crate::describe;
use crate::documents::{self, Output};
use crate::environment::Environment;
use crate::examine::{Look, Opened};
use crate::failure::Failure;
use crate::interrupt;
use crate::output::Terminal;
use crate::settings::{self, Scan};
use crate::standing;
use goassay_binary::{Binary, Places};
use goassay_report::document::{self, DatabaseUse, Report, Run, Target};
use goassay_report::render::{Format, Style, TextOptions, render};
use goassay_vuln::database::{Database, DatabaseError, Identity};
use goassay_vuln::scan::{Options, scan};
use goassay_vuln::subject::Subject;

pub(crate) fn run(
    args: args::Scan,
    common: &args::Common,
    default: settings::Default,
    env: &Environment,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    interrupt::install();
    let settings = settings::scan(args, common, default, env)?;
    let earlier = settings
        .baseline
        .as_deref()
        .map(standing::read)
        .transpose()?;
    let chosen = database::choose(settings.db.as_ref(), env)?;
    let database = chosen.open()?;
    let options = Options {
        as_of: day(settings.as_of)?,
        places: places(&settings),
    };
    let needs_sha256 = settings.outputs.iter().any(|o| o.format.needs_sha256());
    let look = |opened: &Opened<'_>| target(opened, &database, &options, needs_sha256);
    let surveyed = settings.survey().run(&Look::binaries(&look), terminal)?;
    let mut run = standing_run(
        &settings,
        chosen.described(database.identity()),
        surveyed.seen,
        surveyed.failures,
    )?;
    run.baseline = earlier.map(|earlier| earlier.apply(&mut run.targets));
    chosen.unchanged()?;
    let report = Report::new(run);
    warn(&settings, &report, database.identity(), terminal);
    write(&settings, &report, database.identity(), terminal)?;
    let exit_code = report.exit_code();
    // The process is about to end: giving back every text of every finding would only take time.
    std::mem::forget(report);
    Ok(exit_code)
}

/// What was scanned, with the suppressions applied.
fn standing_run(
    settings: &Scan,
    database: DatabaseUse,
    mut targets: Vec<Target>,
    failures: Vec<document::Failure>,
) -> Result<Run, Failure> {
    let idle_suppressions = if settings.suppress {
        standing::suppress(&mut targets, &settings.config, day(settings.as_of)?)
    } else {
        Vec::new()
    };
    Ok(Run {
        tool: super::tool(),
        database,
        as_of: settings.as_of.to_string(),
        fail_on: settings.fail_on,
        findings_exit_code: settings.exit_code,
        targets,
        failures,
        idle_suppressions,
        baseline: None,
    })
}

/// The report of a scan without a baseline.
pub(super) fn report(
    settings: &Scan,
    database: DatabaseUse,
    targets: Vec<Target>,
    failures: Vec<document::Failure>,
) -> Result<Report, Failure> {
    standing_run(settings, database, targets, failures).map(Report::new)
}

/// As many as the most talkative of the documents shows.
fn places(settings: &Scan) -> Places {
    let all = |output: &Output<Format>| output.format.places(settings.show) == Places::All;
    if settings.outputs.iter().any(all) {
        Places::All
    } else {
        Places::First
    }
}

/// Scans one binary.
pub(crate) fn target(
    opened: &Opened<'_>,
    database: &Database<'_>,
    options: &Options,
    needs_sha256: bool,
) -> Result<Target, Failure> {
    Ok(Target {
        member: opened.at.member(),
        sha256: needs_sha256.then(|| opened.at.sha256()),
        also_at: opened.at.also_at(),
        ..binary(opened.at.path(), opened.binary, database, options)?
    })
}

/// Scans the binary that is called `path`.
pub(super) fn binary(
    path: String,
    binary: &Binary<'_>,
    database: &Database<'_>,
    options: &Options,
) -> Result<Target, Failure> {
    let subject = Subject::from_binary(binary);
    let scan = scan(&subject, database, options).map_err(|error| damaged(&error))?;
    Ok(Target {
        path,
        member: None,
        sha256: None,
        facts: describe::facts(binary),
        scan,
        suppressed: Vec::new(),
        known: Vec::new(),
        also_at: Vec::new(),
    })
}

/// The day to judge for, as the libraries have it.
pub(crate) fn day(as_of: jiff::civil::Date) -> Result<goassay_vuln::date::Date, Failure> {
    published::date_of(as_of).ok_or_else(|| Failure::usage(format!("cannot judge for {as_of}")))
}

/// The database turned out to be damaged while it was used.
pub(crate) fn damaged(error: &DatabaseError) -> Failure {
    Failure::database("cannot look things up in the database")
        .because(error)
        .hint(database::mending(error))
}

/// What is said on standard error: how old the database is, and what the document on standard output does not say.
fn warn(settings: &Scan, report: &Report, identity: &Identity, terminal: &Terminal) {
    super::warn_about_age(identity, settings.as_of, settings.max_age_days, terminal);
    if documents::text_on_stdout(&settings.outputs, Format::Text) {
        return;
    }
    super::complain_about(&report.run().failures, terminal);
    warn_about_suppressions(report, terminal);
}

/// Says which suppressions did nothing.
pub(super) fn warn_about_suppressions(report: &Report, terminal: &Terminal) {
    for idle in &report.run().idle_suppressions {
        let why = match &idle.cause {
            document::IdleCause::Unused => "matches nothing that was found".to_owned(),
            document::IdleCause::Expired(until) => format!("expired on {until}"),
        };
        terminal.warn(&format!(
            "the suppression of {} at {} {why}",
            idle.id, idle.place
        ));
    }
}

fn write(
    settings: &Scan,
    report: &Report,
    identity: &Identity,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let mut options = TextOptions {
        width: terminal.width,
        style: Style::Plain,
        show: settings.show,
        database_age: super::db::age(identity, settings.as_of),
    };
    documents::write(&settings.outputs, terminal, |format, style, out| {
        options.style = style;
        render(report, format, &options, out)
    })
}

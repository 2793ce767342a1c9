//! `goassay scan` and `goassay check`: find the files, examine them in parallel, judge, write the documents.
//!
//! What a clean exit means: no finding at or above the threshold in anything that was named, and nothing that the question needs
//! was unreadable. What it does not mean: that the code is safe, or that the database knows every vulnerability.

use crate::args;
use crate::database::{self, Chosen, published};
use crate::environment::Environment;
use crate::examine::{Examined, Examiner};
use crate::failure::{Failure, Kind};
use crate::inputs::{self, Candidate, Found, Place};
use crate::interrupt;
use crate::output::{self, Terminal};
use crate::progress::Progress;
use crate::settings::{self, Output, Scan};
use crate::standing;
use goassay_binary::Places;
use goassay_report::document::{self, FailureKind, Report, Run, Tool};
use goassay_report::render::{Format, Style, TextOptions, render};
use goassay_vuln::database::{Database, DatabaseError, Identity};
use goassay_vuln::scan::Options;
use rayon::prelude::*;

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
    let mut run = examined(&settings, &chosen, &database, terminal)?;
    if settings.suppress {
        run.idle_suppressions =
            standing::suppress(&mut run.targets, &settings.config, day(&settings)?);
    }
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

fn examined(
    settings: &Scan,
    chosen: &Chosen,
    database: &Database<'_>,
    terminal: &Terminal,
) -> Result<Run, Failure> {
    let found = inputs::find(&settings.places, settings.jobs);
    let examiner = Examiner {
        database,
        options: Options {
            as_of: day(settings)?,
            places: places(settings),
        },
        needs_sha256: settings
            .outputs
            .iter()
            .any(|output| output.format.needs_sha256()),
    };
    let examined = examine_all(&examiner, &found.candidates, settings.jobs, terminal)?;
    let empty = empty_places(settings, &found, &examined);
    let mut run = Run {
        tool: tool(),
        database: chosen.described(database.identity()),
        as_of: settings.as_of.to_string(),
        fail_on: settings.fail_on,
        findings_exit_code: settings.exit_code,
        targets: Vec::new(),
        failures: found.failures,
        idle_suppressions: Vec::new(),
        baseline: None,
    };
    run.failures.extend(empty);
    for Examined { targets, failures } in examined {
        run.targets.extend(targets);
        run.failures.extend(failures);
    }
    Ok(run)
}

/// As many as the most talkative of the documents shows.
fn places(settings: &Scan) -> Places {
    let all = |output: &Output| output.format.places(settings.show) == Places::All;
    if settings.outputs.iter().any(all) {
        Places::All
    } else {
        Places::First
    }
}

fn tool() -> Tool {
    Tool {
        name: "goassay".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

fn day(settings: &Scan) -> Result<goassay_vuln::date::Date, Failure> {
    published::date_of(settings.as_of)
        .ok_or_else(|| Failure::usage(format!("cannot judge for {}", settings.as_of)))
}

fn damaged(error: &DatabaseError) -> Failure {
    Failure::database("cannot look things up in the database")
        .because(error)
        .hint(database::mending(error))
}

// Results come in the order of the candidates, whatever order they were finished in.
/// Examines all candidates, in parallel where there are several: one alone is done before a thread has started.
fn examine_all(
    examiner: &Examiner<'_>,
    candidates: &[Candidate],
    jobs: usize,
    terminal: &Terminal,
) -> Result<Vec<Examined>, Failure> {
    let bar = Progress::start(terminal, "examining", candidates.len() as u64);
    let examine = |candidate: &Candidate| {
        let examined = examiner.examine(candidate);
        bar.step();
        examined
    };
    let examined: Result<Vec<_>, _> = if candidates.len() < 2 || jobs == 1 {
        candidates.iter().map(examine).collect()
    } else {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
        let pool =
            pool.map_err(|error| Failure::new(Kind::Internal, "no threads").because(&error))?;
        pool.install(|| candidates.par_iter().map(examine).collect())
    };
    examined.map_err(|error| damaged(&error))
}

/// Directories in which there was nothing to examine. Installed programs are one place for this.
fn empty_places(settings: &Scan, found: &Found, examined: &[Examined]) -> Vec<document::Failure> {
    if settings.allow_empty {
        return Vec::new();
    }
    let has_any = |place: usize| {
        let of_place = found
            .candidates
            .iter()
            .zip(examined)
            .filter(|(c, _)| c.place == place);
        of_place
            .into_iter()
            .any(|(_, e)| !e.targets.is_empty() || !e.failures.is_empty())
    };
    let is_named = |place: &Place| matches!(place, Place::Named(_));
    if !settings.places.iter().any(is_named) {
        let any = (0..settings.places.len()).any(has_any) || !found.failures.is_empty();
        return if any {
            Vec::new()
        } else {
            vec![nothing_installed(settings)]
        };
    }
    let shared = |place: &usize| {
        // Files that another place had first are there all the same.
        found
            .candidates
            .iter()
            .any(|c| c.shared_with.contains(place))
    };
    let empty = found
        .directories
        .iter()
        .filter(|(place, _)| !has_any(*place) && !shared(place));
    empty
        .map(|(place, files)| nothing_in(&settings.places[*place], *files))
        .collect()
}

fn nothing_in(place: &Place, files: usize) -> document::Failure {
    let (Place::Named(path) | Place::Programs(path)) = place;
    let looked_at = match files {
        0 => "there is no file in it".to_owned(),
        1 => "the only file in it is not one".to_owned(),
        n => format!("none of its {n} files is one"),
    };
    inputs::failure(
        path,
        FailureKind::NoGoBinaries,
        format!("no Go binary to examine: {looked_at}"),
        Some("name a Go binary or a directory with some; --allow-empty accepts that there is none"),
    )
}

fn nothing_installed(settings: &Scan) -> document::Failure {
    let count = settings.places.len();
    document::Failure {
        path: String::new(),
        kind: FailureKind::NoGoBinaries,
        message: format!("no Go binary in PATH, GOBIN and GOPATH/bin ({count} directories)"),
        hint: Some(
            "name one: `goassay check ./server`; in goassay's source tree, `goassay check fixtures/bin` examines the samples"
                .to_owned(),
        ),
    }
}

/// What is said on standard error: how old the database is, and what the document on standard output does not say.
fn warn(settings: &Scan, report: &Report, identity: &Identity, terminal: &Terminal) {
    let age = published::age_in_days(identity.date, settings.as_of);
    if let Some(age) = age
        .and_then(|age| u32::try_from(age).ok())
        .filter(|age| *age > settings.max_age_days)
    {
        terminal.warn(&format!(
            "the database is {age} days old; `goassay db update` gets the newest"
        ));
    }
    if settings.outputs.contains(&Output {
        format: Format::Text,
        file: None,
    }) {
        return;
    }
    for failure in &report.run().failures {
        let name = if failure.path.is_empty() {
            "goassay"
        } else {
            &failure.path
        };
        let mut said = Failure::input(format!("{name}: {}", failure.message));
        said.hint.clone_from(&failure.hint);
        terminal.complain(&said);
    }
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
    for Output { format, file } in &settings.outputs {
        let Some(path) = file else { continue };
        output::to_file(path, |out| {
            render(report, *format, &options, &mut std::io::BufWriter::new(out))
        })
        .map_err(|error| {
            Failure::file(Kind::Output, "write", path, &error)
                .hint("create the directory, or name a file in one that can be written to")
        })?;
    }
    for Output { format, .. } in settings
        .outputs
        .iter()
        .filter(|output| output.file.is_none())
    {
        options.style = if terminal.color_out {
            Style::Colour
        } else {
            Style::Plain
        };
        let mut document = Vec::new();
        render(report, *format, &options, &mut document)
            .map_err(|error| Failure::output("the document", &error))?;
        quietly(output::to_stdout(&document))?;
    }
    Ok(())
}

// A reader that has seen enough does not change the answer.
fn quietly(written: Result<(), Failure>) -> Result<(), Failure> {
    match written {
        Err(failure) if failure.kind == Kind::BrokenPipe => Ok(()),
        other => other,
    }
}

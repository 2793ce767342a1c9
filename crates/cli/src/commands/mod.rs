//! One file a command. Each gets resolved settings and gives an exit code or the failure that stopped it.

mod audit;
mod build;
mod check;
mod completions;
mod config;
mod db;
mod debuginfod;
mod diff;
mod inspect;
mod man;
mod sbom;
mod scan;
mod toolchain;
mod vary;
mod verify;

use crate::args::{Cli, Command};
use crate::database::published;
use crate::environment::Environment;
use crate::failure::{EXIT_FAILED, EXIT_OK, Failure, Kind};
use crate::output::Terminal;
use crate::settings;
use goassay_report::document::{self, Tool};
use goassay_vuln::database::Identity;
use jiff::civil::Date;

/// Runs the command and gives the exit code.
pub(crate) fn run(cli: Cli, env: &Environment) -> u8 {
    let common = &cli.common;
    let terminal = Terminal::new(common.color, common.quiet, !common.no_progress, env);
    match dispatch(cli, env, &terminal) {
        Ok(code) => code,
        Err(failure) => {
            terminal.complain(&failure);
            if failure.kind == Kind::BrokenPipe {
                EXIT_OK
            } else {
                EXIT_FAILED
            }
        }
    }
}

fn dispatch(cli: Cli, env: &Environment, terminal: &Terminal) -> Result<u8, Failure> {
    let Cli { command, common } = cli;
    match command {
        Command::Check(args) => check::run(&args, &common, env, terminal),
        Command::Scan(args) => scan::run(args, &common, settings::Default::Here, env, terminal),
        Command::Audit(args) => audit::run(args, &common, env, terminal),
        Command::Inspect(args) => inspect::run(args, &common, env, terminal),
        Command::Build(args) => build::run(&args, &common, env, terminal),
        Command::Diff(args) => diff::run(&args, env, terminal),
        Command::Debuginfod(args) => debuginfod::run(args, terminal),
        Command::Sbom(args) => sbom::run(args, env, terminal),
        Command::Vary(args) => vary::run(&args, &common, env, terminal),
        Command::Verify(args) => verify::run(&args, &common, env, terminal),
        Command::Toolchain(command) => toolchain::run(command, &common, env, terminal),
        Command::Db(command) => db::run(command, &common, env, terminal),
        Command::Config(command) => config::run(command, &common, terminal),
        Command::Completions { shell } => completions::run(shell),
        Command::Man { dir } => man::run(dir.as_deref(), terminal),
    }
}

/// What documents say of the program that made them.
fn tool() -> Tool {
    Tool {
        name: "goassay".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// Says on standard error what could not be examined, for documents that people do not read.
fn complain_about(failures: &[document::Failure], terminal: &Terminal) {
    for failure in failures {
        let name = if failure.path.is_empty() {
            "goassay"
        } else {
            &failure.path
        };
        let mut said = Failure::input(format!("{name}: {}", failure.message));
        said.hint.clone_from(&failure.hint);
        terminal.complain(&said);
    }
}

/// Says that the database is older than it should be.
fn warn_about_age(identity: &Identity, as_of: Date, max_age_days: u32, terminal: &Terminal) {
    let age = published::age_in_days(identity.date, as_of);
    let age = age.and_then(|age| u32::try_from(age).ok());
    if let Some(age) = age.filter(|age| *age > max_age_days) {
        terminal.warn(&format!(
            "the database is {age} days old; `goassay db update` gets the newest"
        ));
    }
}

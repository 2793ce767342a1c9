//! The program: arguments → settings → library → document → renderer.
//!
//! One file a command under `commands`; nothing of the domain is decided here. The exit code comes from the report (0, 1)
//! or from a failure (2).

mod args;
mod commands;
mod config;
mod database;
mod describe;
mod documents;
mod environment;
mod examine;
mod failure;
mod go_settings;
mod inputs;
mod interrupt;
mod map;
mod net;
mod output;
mod progress;
mod settings;
mod standing;
mod survey;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    interrupt::report_panics();
    let cli = match args::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return not_parsed(&error),
    };
    ExitCode::from(commands::run(cli, &environment::Environment::of_process()))
}

// Help and version are answers and go to standard output; everything else is a usage error.
fn not_parsed(error: &clap::Error) -> ExitCode {
    // A reader that went away is no failure.
    let _ = error.print();
    let code = if error.use_stderr() {
        failure::EXIT_FAILED
    } else {
        failure::EXIT_OK
    };
    ExitCode::from(code)
}

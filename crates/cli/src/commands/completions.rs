//! `goassay completions SHELL`.

use crate::args::Cli;
use crate::failure::{EXIT_OK, Failure};
use crate::output;
use clap::CommandFactory;

pub(crate) fn run(shell: clap_complete::Shell) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "goassay", &mut script);
    output::to_stdout(&script)?;
    Ok(EXIT_OK)
}

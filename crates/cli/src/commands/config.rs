//! `goassay config check` and `config init`.

use crate::args;
use crate::config::{self, Config};
use crate::failure::{EXIT_OK, Failure, Kind};
use crate::output::{self, Terminal};
use crate::settings;
use std::path::{Path, PathBuf};

pub(crate) fn run(
    command: args::Config,
    common: &args::Common,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    match command {
        args::Config::Check { file } => check(file.or_else(|| common.config.clone())),
        args::Config::Init { file } => init(
            file.as_deref().unwrap_or(Path::new(config::FILE_NAME)),
            terminal,
        ),
    }
}

fn check(file: Option<PathBuf>) -> Result<u8, Failure> {
    let path = match file {
        Some(path) => path,
        None => settings::nearest_config()?.ok_or_else(none_found)?,
    };
    let config = config::load(&path)?;
    output::to_stdout(summary(&path, &config).as_bytes())?;
    Ok(EXIT_OK)
}

fn none_found() -> Failure {
    let name = config::FILE_NAME;
    Failure::config(format!("no {name} in this directory or one above it")).hint(
        "`goassay config init` writes a commented one; `goassay config check FILE` checks another",
    )
}

fn summary(path: &Path, config: &Config) -> String {
    let suppressions = match config.suppressions.len() {
        0 => "no suppressions".to_owned(),
        1 => "1 suppression".to_owned(),
        n => format!("{n} suppressions"),
    };
    format!(
        "{}: no faults, {suppressions}\n",
        output::printable(&path.to_string_lossy())
    )
}

fn init(path: &Path, terminal: &Terminal) -> Result<u8, Failure> {
    if path.symlink_metadata().is_ok() {
        return Err(
            Failure::config(format!("{} is already there", path.display()))
                .hint("edit it, or name another file: `goassay config init FILE`"),
        );
    }
    output::to_file(path, |out| out.write_all(config::TEMPLATE.as_bytes()))
        .map_err(|e| Failure::file(Kind::Output, "write", path, &e))?;
    terminal.say(&format!(
        "wrote {}: every key is in it, commented",
        path.display()
    ));
    Ok(EXIT_OK)
}

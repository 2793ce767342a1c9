//! The plan that goassay prints, to run its command lines without goassay.

use super::{Bench, Ran};
use crate::run::{Context, Outcome};
use serde::Deserialize;
use std::path::Path;
use std::process::Command;

#[derive(Deserialize)]
struct Document {
    builds: Vec<Planned>,
}

/// One `go build` of a plan.
#[derive(Deserialize)]
pub(super) struct Planned {
    /// `GOOS/GOARCH`.
    pub(super) target: String,
    /// The import path of the program.
    pub(super) package: String,
    pub(super) folder: String,
    pub(super) argv: Vec<String>,
    /// The second link.
    pub(super) argv_with_debug: Option<Vec<String>>,
    environment: Vec<Setting>,
    /// What it writes.
    pub(super) file: String,
}

#[derive(Deserialize)]
struct Setting {
    name: String,
    value: Option<String>,
}

impl Planned {
    /// A command line of the plan with the plan's environment and nothing else, into another file.
    pub(super) fn command(&self, argv: &[String], into: &Path) -> Command {
        let mut command = Command::new(argv.first().map_or("", String::as_str));
        for word in argv.iter().skip(1) {
            match *word == self.file {
                true => command.arg(into),
                false => command.arg(word),
            };
        }
        self.surround(&mut command);
        command
    }

    /// The plan's environment and folder.
    pub(super) fn surround(&self, command: &mut Command) {
        let set = self.environment.iter();
        let set = set.filter_map(|s| Some((&s.name, s.value.as_ref()?)));
        command.env_clear().envs(set).current_dir(&self.folder);
    }
}

impl Bench {
    /// What `goassay build` with these arguments would run in a folder.
    pub(super) fn plan(&self, folder: &Path, arguments: &[&str]) -> Outcome<Vec<Planned>> {
        let mut command = self.goassay(folder);
        command.args(["build", "--plan", "--format", "json"]);
        let ran = Ran::of(command.args(arguments))?.expect(0)?;
        let document: Document = serde_json::from_slice(&ran.stdout).context("the plan")?;
        Ok(document.builds)
    }
}

//! Lists of what is in a binary: functions, packages, modules, types, filtered by name.
//!
//! A list is made while the file is open and owned from then on; the text can be written file by file. A gap says that a
//! list is not whole, and makes the exit code 2: a short list must not look like a whole one.

mod entries;
mod filter;
mod json;
mod text;

pub use entries::{Entries, of};
pub use filter::Filter;
pub use json::SCHEMA;
pub use text::put;

use crate::document::{Failure, Tool};
use crate::inspection::facts::Gap;
use std::io::{self, Write};

/// What is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Functions, emitted or inlined.
    Functions,
    /// Packages that have a function.
    Packages,
    /// Modules of the build information.
    Modules,
    /// Types with a descriptor.
    Types,
}

impl Kind {
    /// The stable word for output.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Functions => "functions",
            Kind::Packages => "packages",
            Kind::Modules => "modules",
            Kind::Types => "types",
        }
    }
}

/// The list of one binary.
#[derive(Debug, Clone)]
pub struct Target {
    /// Path as it was given or found.
    pub path: String,
    /// Slice of a fat file or member of an archive.
    pub member: Option<String>,
    /// What was found, in the order of the binary for functions and types, else by name.
    pub entries: Entries,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

/// All lists of a run.
#[derive(Debug, Clone)]
pub struct Run {
    /// The program that made them.
    pub tool: Tool,
    /// What is listed.
    pub kind: Kind,
    /// What was asked for.
    pub filter: Filter,
    /// The lists.
    pub targets: Vec<Target>,
    /// What could not be examined.
    pub failures: Vec<Failure>,
}

impl Run {
    /// Sorts targets and failures, whatever order files were finished in.
    pub fn sort(&mut self) {
        self.targets
            .sort_by(|a, b| (&a.path, &a.member).cmp(&(&b.path, &b.member)));
        self.failures
            .sort_by(|a, b| (&a.path, a.kind, &a.message).cmp(&(&b.path, b.kind, &b.message)));
    }

    /// The exit code of the process: 2 where a list is not whole.
    pub fn exit_code(&self) -> u8 {
        let whole = self.targets.iter().all(|target| target.gaps.is_empty());
        if whole && self.failures.is_empty() {
            0
        } else {
            2
        }
    }
}

/// Writes the JSON document.
///
/// # Errors
///
/// What the writer fails with.
pub fn render_json(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    json::render(run, out)
}

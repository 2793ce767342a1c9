//! The finished inspection: all facts about each binary, with a gap wherever one could not be read.
//!
//! Nothing is judged: a gap is a part of the answer here. The types of [`facts`] are what the JSON document shows, and the
//! text shows the same. Texts from binaries are hostile and escaped by each renderer.

pub mod facts;
mod hardening;
mod json;
mod text;

pub use json::SCHEMA;

use crate::document::{Failure, TargetFacts, Tool};
use crate::render::Style;
use std::io::{self, Write};

/// Everything that one run of `inspect` has to say.
#[derive(Debug, Clone)]
pub struct Run {
    /// The program that made the report.
    pub tool: Tool,
    /// What was inspected.
    pub targets: Vec<Target>,
    /// What could not be.
    pub failures: Vec<Failure>,
}

/// One Go binary.
#[derive(Debug, Clone)]
pub struct Target {
    /// Path as it was given or found, `-` for standard input.
    pub path: String,
    /// Architecture of a fat Mach-O's slice, or name of an archive's member.
    pub member: Option<String>,
    /// Further paths of the same file.
    pub also_at: Vec<String>,
    /// What every document says.
    pub about: TargetFacts,
    /// All facts.
    pub facts: facts::Facts,
}

/// A sorted run. Cannot be changed any more.
#[derive(Debug, Clone)]
pub struct Report {
    run: Run,
}

impl Report {
    /// Sorts `run`.
    pub fn new(mut run: Run) -> Report {
        run.targets
            .sort_by(|a, b| (&a.path, &a.member).cmp(&(&b.path, &b.member)));
        for target in &mut run.targets {
            target.also_at.sort();
        }
        run.failures
            .sort_by(|a, b| (&a.path, a.kind, &a.message).cmp(&(&b.path, b.kind, &b.message)));
        Report { run }
    }

    /// What was inspected.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// The exit code of the process: 2 where a file could not be inspected. A gap in a file that was is an answer.
    pub fn exit_code(&self) -> u8 {
        if self.run.failures.is_empty() { 0 } else { 2 }
    }
}

/// An output format of `inspect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// For people.
    Text,
    /// Our versioned document (`goassay-inspect/1`).
    Json,
}

/// How the text for people is to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextOptions {
    /// Columns to fit into; words that are longer stay whole.
    pub width: usize,
    /// Colours.
    pub style: Style,
    /// Long lists in full (`--show all`).
    pub all: bool,
}

/// Writes `report` in `format`. `text` is used by [`Format::Text`] only.
///
/// # Errors
///
/// What the writer fails with.
pub fn render(
    report: &Report,
    format: Format,
    text: &TextOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Text => text::render(report, text, out),
        Format::Json => json::render(report, out),
    }
}

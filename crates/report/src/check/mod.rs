//! Scan and audit of the same binaries as one answer: short, with one next step each. The long answers are theirs.
//!
//! Nothing is judged here: both reports are finished, and the exit code is the worse one of the two.

mod json;
mod text;

pub use json::SCHEMA;

use crate::audit;
use crate::document;
use crate::render::Style;
use std::io::{self, Write};

/// Both reports.
#[derive(Debug, Clone)]
pub struct Report {
    /// Which vulnerabilities are in the binaries.
    pub scan: document::Report,
    /// How they were built.
    pub audit: audit::Report,
}

impl Report {
    /// The exit code of the process: 2 beats what `--exit-code` says or 1, which beats 0.
    pub fn exit_code(&self) -> u8 {
        match (self.scan.exit_code(), self.audit.exit_code()) {
            (2, _) | (_, 2) => 2,
            (0, code) => code,
            (code, _) => code,
        }
    }
}

/// How the text for people is to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextOptions {
    /// Columns to fit into; words that are longer stay whole.
    pub width: usize,
    /// Colours.
    pub style: Style,
    /// How old the database is (`3 days old`).
    pub database_age: Option<String>,
}

/// Writes the text.
///
/// # Errors
///
/// What the writer fails with.
pub fn render_text(report: &Report, options: &TextOptions, out: &mut dyn Write) -> io::Result<()> {
    text::render(report, options, out)
}

/// Writes the JSON document.
///
/// # Errors
///
/// What the writer fails with.
pub fn render_json(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    json::render(report, out)
}

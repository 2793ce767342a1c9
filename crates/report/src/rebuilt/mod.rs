//! Programs that were built again from what they say of themselves, and what that came to: one document in several formats.
//!
//! The judging is done in `goassay_build::verify`; here it becomes an exit code and pages.

mod json;
mod text;

pub use json::SCHEMA;

use crate::document::{Failure, Tool};
use crate::render::Style;
use goassay_build::verify::{Verdict, Verification};
use std::io::{self, Write};

/// What was verified.
#[derive(Debug, Clone)]
pub struct Report {
    /// What made it.
    pub tool: Tool,
    /// The files, in the order in which they were named.
    pub files: Vec<File>,
    /// Files that could not be read, or verified for this machine's trouble.
    pub failures: Vec<Failure>,
}

/// One file.
#[derive(Debug, Clone)]
pub struct File {
    /// Its path. Hostile.
    pub path: String,
    /// SHA-256 of its contents, lower-case hex.
    pub sha256: String,
    /// Its length in bytes.
    pub size: u64,
    /// What came out.
    pub verification: Verification,
}

impl Report {
    /// The exit code of the process: 1 where anything is known to be other than it says, else 2 where anything is not known.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let verdicts = || self.files.iter().map(|file| &file.verification.verdict);
        let is_other =
            |verdict: &Verdict| matches!(verdict, Verdict::Different(_) | Verdict::Mismatch(_));
        let is_same =
            |verdict: &Verdict| matches!(verdict, Verdict::Identical | Verdict::IdenticalAfter(_));
        if verdicts().any(is_other) {
            1
        } else if self.failures.is_empty() && !self.files.is_empty() && verdicts().all(is_same) {
            0
        } else {
            2
        }
    }
}

/// An output format of `verify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// Our versioned document (`goassay-verify/1`).
    Json,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 2] = [Format::Text, Format::Json];

    /// The stable word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
        }
    }
}

/// Writes a report.
///
/// # Errors
/// It cannot be written.
pub fn render(
    report: &Report,
    format: Format,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Text => text::write(report, style, out),
        Format::Json => json::write(report, out),
    }
}

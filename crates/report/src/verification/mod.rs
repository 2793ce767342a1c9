//! Rebuilds of Go toolchains and what they came to: one document in four formats.
//!
//! The judging is done where the rebuilding is (`goassay_build::rebuild`); here it becomes an exit code and pages.

mod html;
mod json;
mod summary;
mod text;

pub(crate) use html::{Head, badge, begin_page, put_log};
pub use json::SCHEMA;
pub(crate) use json::{StepWire, SumsWire};
pub(crate) use summary::{Judgement, Summary};
pub(crate) use text::{mark, put_checked};

use crate::document::{Failure, Tool};
use crate::render::Style;
use goassay_build::rebuild::{Status, Verification};
use goassay_build::signing::Key;
use std::io::{self, Write};

/// What was verified.
#[derive(Debug, Clone)]
pub struct Report {
    /// What made it.
    pub tool: Tool,
    /// The releases, oldest first.
    pub verifications: Vec<Verification>,
    /// Releases that came to no end.
    pub failures: Vec<Failure>,
}

impl Report {
    /// The worst of all; nothing verified is no pass.
    #[must_use]
    pub fn verdict(&self) -> Status {
        let worst = self.verifications.iter().map(Verification::verdict).max();
        match worst {
            Some(Status::Fail) => Status::Fail,
            worst if self.failures.is_empty() => worst.unwrap_or(Status::Skip),
            _ => Status::Skip,
        }
    }

    /// The exit code of the process: 2 where something was not checked, else 1 where something differs.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if !self.failures.is_empty() {
            return 2;
        }
        match self.verdict() {
            Status::Pass => 0,
            Status::Fail => 1,
            Status::Skip | Status::NotPromised => 2,
        }
    }
}

/// An output format of `verify` and `toolchain verify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// The versioned document of the command.
    Json,
    /// One page for people.
    Html,
    /// In-toto statements with SLSA verification summaries, a line each; in envelopes where there is a key.
    Vsa,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 4] = [Format::Text, Format::Json, Format::Html, Format::Vsa];

    /// The stable word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
            Format::Html => "html",
            Format::Vsa => "vsa",
        }
    }
}

/// What formats need besides the report.
#[derive(Debug, Clone, Copy)]
pub struct Options<'k> {
    /// Columns of the text.
    pub width: usize,
    /// Colours of the text.
    pub style: Style,
    /// Signs the statements.
    pub key: Option<&'k Key>,
}

/// Writes `report` in `format`.
///
/// # Errors
///
/// What the writer fails with.
pub fn render(
    report: &Report,
    format: Format,
    options: Options<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Text => text::render(report, options, out),
        Format::Json => json::render(report, out),
        Format::Html => html::render(report, out),
        Format::Vsa => summary::render(report, options.key, out),
    }
}

/// The word for a status in documents for people.
fn shown(status: Status) -> &'static str {
    match status {
        Status::Pass => "PASS",
        Status::Fail => "FAIL",
        Status::Skip => "SKIP",
        Status::NotPromised => "n/a",
    }
}

/// What a report says in one sentence.
fn sentence(report: &Report) -> String {
    let files = || report.verifications.iter().flat_map(|v| &v.files);
    let passed = files().filter(|file| file.status == Status::Pass).count();
    let all = files().count();
    let what = match report.verdict() {
        Status::Pass => "what is posted is what its source says",
        Status::Fail => {
            "what is posted is not what its source says, or was not built the same here"
        }
        Status::Skip | Status::NotPromised => "not everything could be checked",
    };
    format!("{passed} of {all} archives pass: {what}")
}

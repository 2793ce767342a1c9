//! Programs that were built again from what they say of themselves, and what that came to: one document in several formats.
//!
//! The judging is done in `goassay_build::verify`; here it becomes an exit code and pages.

mod html;
mod json;
mod summary;
mod text;
mod words;

pub use crate::verification::Format;
pub use json::SCHEMA;

use crate::document::{Failure, Tool};
use crate::render::Style;
use goassay_build::signing::Key;
use goassay_build::verify::beside::{Beside, Finding};
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
    /// Its name in the folder, archive or fat file that is at that path; empty where it is the file. Hostile.
    pub member: String,
    /// Its file name. Hostile.
    pub name: String,
    /// SHA-256 of its contents, lower-case hex.
    pub sha256: String,
    /// Its length in bytes.
    pub size: u64,
    /// What came out.
    pub verification: Verification,
    /// The documents that stand beside it, and what came of each.
    pub beside: Vec<Beside>,
}

impl File {
    /// Where it is, for people.
    pub(crate) fn place(&self) -> String {
        match self.member.as_str() {
            "" => self.path.clone(),
            member => format!("{}: {member}", self.path),
        }
    }

    fn is_other(&self) -> bool {
        let is_bad = matches!(
            self.verification.verdict,
            Verdict::Different(_) | Verdict::Mismatch(_)
        );
        is_bad || self.has(|finding| matches!(finding, Finding::Fails(_)))
    }

    fn is_known(&self) -> bool {
        let is_gap = |finding: &Finding| matches!(finding, Finding::NotChecked(_));
        !matches!(self.verification.verdict, Verdict::NotChecked(_)) && !self.has(is_gap)
    }

    fn has(&self, is_such: impl Fn(&Finding) -> bool) -> bool {
        self.beside.iter().any(|beside| is_such(&beside.finding))
    }
}

impl Report {
    /// Whether anything is known to be other than it says.
    fn is_other(&self) -> bool {
        self.files.iter().any(File::is_other)
    }

    /// The exit code of the process: 2 where anything is not known, else 1 where anything is known to be other than it says.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let is_whole = self.failures.is_empty() && !self.files.is_empty();
        if !is_whole || !self.files.iter().all(File::is_known) {
            2
        } else {
            u8::from(self.is_other())
        }
    }
}

impl Report {
    /// How many files came to what, and how many documents beside them.
    fn counts(&self) -> String {
        let of = |name: &str| {
            let verdicts = self
                .files
                .iter()
                .map(|file| file.verification.verdict.name());
            verdicts.filter(|verdict| *verdict == name).count()
        };
        let beside = |name: &str| {
            let all = self.files.iter().flat_map(|file| &file.beside);
            all.filter(|beside| beside.finding.name() == name).count()
        };
        let listed = |counts: &[(usize, &str)]| {
            let counts = counts.iter().filter(|(count, _)| *count > 0);
            let counts: Vec<String> = counts
                .map(|(count, what)| format!("{count} {what}"))
                .collect();
            counts.join(", ")
        };
        let files = listed(&[
            (of("identical"), "identical"),
            (of("identical-after"), "identical after normalisations"),
            (of("different"), "different"),
            (of("mismatch"), "with a mismatch"),
            (of("not-checked"), "not checked"),
            (self.failures.len(), "failed"),
        ]);
        let documents = listed(&[
            (beside("holds"), "held"),
            (beside("fails"), "failed"),
            (beside("not-checked"), "not checked"),
        ]);
        match documents.is_empty() {
            true => files,
            false => format!("{files}; documents beside: {documents}"),
        }
    }
}

/// Writes a report; `key` signs statements.
///
/// # Errors
/// It cannot be written.
pub fn render(
    report: &Report,
    format: Format,
    style: Style,
    key: Option<&Key>,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Text => text::write(report, style, out),
        Format::Json => json::write(report, out),
        Format::Html => html::write(report, out),
        Format::Vsa => summary::write(report, key, out),
    }
}

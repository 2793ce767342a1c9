//! What a project's own build depends on: one document in three formats.
//!
//! The building and comparing is done in `goassay_build::vary`; here it becomes an exit code and pages.

mod html;
mod json;
mod text;

pub use json::SCHEMA;

pub use crate::paged::Format;

use crate::document::Tool;
use crate::layout::counted;
use crate::render::Style;
use goassay_build::rebuild::Status;
use goassay_build::vary::{Difference, Finding, Relevance, Tested, Variation};
use std::io::{self, Write};

/// What was varied.
#[derive(Debug, Clone)]
pub struct Report {
    /// What made it.
    pub tool: Tool,
    /// The command that builds, as words of a shell. Hostile.
    pub command: String,
    /// The Go of the base, where there is one. Hostile.
    pub go: Option<String>,
    /// The inputs were named one by one: then one that cannot be varied here is an open question.
    pub was_asked: bool,
    /// What came out.
    pub variation: Variation,
}

impl Report {
    /// Whether no unintentional input was found.
    #[must_use]
    pub fn verdict(&self) -> Status {
        match self.exit_code() {
            0 => Status::Pass,
            1 => Status::Fail,
            _ => Status::Skip,
        }
    }

    /// The exit code of the process: 2 where something that was asked is not known, else 1 where there is an unintentional input.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let unasked = self.was_asked && self.variation.count(Relevance::NotVaried) > 0;
        match (
            self.variation.is_open() || unasked,
            self.variation.is_leaky(),
        ) {
            (true, _) => 2,
            (false, leaky) => leaky.into(),
        }
    }

    fn word(&self) -> &'static str {
        match self.exit_code() {
            0 => "clean",
            1 => "leaky",
            _ => "unknown",
        }
    }
}

/// Writes `report` in `format`; `width` in columns and `style` are those of the text.
///
/// # Errors
///
/// What the writer fails with.
pub fn render(
    report: &Report,
    format: Format,
    width: usize,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Text => text::render(report, width, style, out),
        Format::Json => json::render(report, out),
        Format::Html => html::render(report, out),
    }
}

/// The input and the variant, as in [`goassay_build::vary::label`].
fn label(tested: &Tested) -> String {
    match tested.variant {
        "" => tested.input.name.to_owned(),
        variant => format!("{}/{variant}", tested.input.name),
    }
}

/// What a variant showed, in a few words.
fn shown(tested: &Tested) -> String {
    match &tested.finding {
        Finding::Same => "the same".to_owned(),
        Finding::NotVaried(why) => why.clone(),
        Finding::Fails { status, .. } => format!("the build fails: {status}"),
        Finding::Differs(differences) => files(differences),
    }
}

/// The names of the first files.
fn files(differences: &[Difference]) -> String {
    const MOST: usize = 3;
    let names: Vec<&str> = differences
        .iter()
        .take(MOST)
        .map(|d| d.output.as_str())
        .collect();
    let more = differences.len().saturating_sub(MOST);
    match more {
        0 => names.join(", "),
        _ => format!("{} and {more} more", names.join(", ")),
    }
}

/// What a report says in one sentence.
fn sentence(report: &Report) -> String {
    let variation = &report.variation;
    if variation.base.failed.is_some() {
        return "the build fails as it is: nothing was varied".to_owned();
    }
    let unintended = variation.count(Relevance::Unintended);
    let tried = variation.tested.len() - variation.count(Relevance::NotVaried);
    let mut parts = vec![format!(
        "{} of {} change what is built and should not",
        unintended,
        counted(tried, "variant", "variants")
    )];
    let unstable = variation.base.unstable.len();
    if unstable > 0 {
        parts.insert(
            0,
            format!(
                "{} when nothing was changed",
                counted(unstable, "file differs", "files differ")
            ),
        );
    }
    if variation
        .together
        .as_ref()
        .is_some_and(|t| !t.differences.is_empty())
    {
        parts.push("others do together".to_owned());
    }
    for (relevance, what) in [
        (Relevance::Intended, "meant to"),
        (Relevance::Unknown, "no build"),
        (Relevance::NotVaried, "not varied here"),
    ] {
        match variation.count(relevance) {
            0 => {}
            count => parts.push(format!("{what}: {count}")),
        }
    }
    parts.join(", ")
}

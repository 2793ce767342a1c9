//! A release through unrelated chains, and what that came to: one document in three formats.
//!
//! The judging is done where the building is (`goassay_build::diverse`); here it becomes an exit code and pages.

mod html;
mod json;
mod text;

pub use json::SCHEMA;

pub use crate::paged::Format;

use crate::document::{Failure, Tool};
use crate::layout::counted;
use crate::render::Style;
use goassay_build::diverse::{Bootstrap, Built, Kind, NotHere};
use goassay_build::rebuild::Status;
use std::io::{self, Write};

/// What was built.
#[derive(Debug, Clone)]
pub struct Report {
    /// What made it.
    pub tool: Tool,
    /// The release, by all chains that came to an end.
    pub bootstrap: Bootstrap,
    /// Chains that came to none.
    pub failures: Vec<Failure>,
    /// Chains that this machine cannot do: facts, no failures.
    pub not_here: Vec<NotHere>,
}

impl Report {
    /// What it comes to. A chain without an end keeps it from passing.
    #[must_use]
    pub fn verdict(&self) -> Status {
        match self.bootstrap.verdict() {
            Status::Pass if !self.failures.is_empty() => Status::Skip,
            verdict => verdict,
        }
    }

    /// The exit code of the process: 1 where something differs, else 2 where something could not be done.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.verdict() {
            Status::Pass => 0,
            Status::Fail => 1,
            Status::Skip | Status::NotPromised => 2,
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

/// What a report says in one sentence.
fn sentence(report: &Report) -> String {
    let Bootstrap {
        built, agreement, ..
    } = &report.bootstrap;
    let chains = counted(built.len(), "chain", "chains");
    let roots = counted(
        report.bootstrap.roots(),
        "first link",
        "different first links",
    );
    let variants = &agreement.variants;
    if variants.len() > 1 {
        let count = variants.len();
        let differ = format!("{chains} from {roots} built {count} different archives");
        let others = variants.iter().filter(|variant| !variant.posted);
        let others: Vec<String> = others.flat_map(|variant| variant.chains.clone()).collect();
        let who = of_chains(&others);
        return format!("{differ}: what {who} built is not what is posted");
    }
    let same = format!("{chains} from {roots} built the same bits");
    match report.verdict() {
        Status::Pass => format!("{same}, and they are what is posted"),
        Status::Fail if variants.iter().any(|variant| variant.posted) => {
            format!("{same}, and a step of theirs failed")
        }
        Status::Fail => format!("{same}, and they are not what is posted"),
        Status::Skip | Status::NotPromised if report.bootstrap.roots() < 2 => {
            format!("{chains} from {roots}: there is nothing to compare with")
        }
        Status::Skip | Status::NotPromised => "not everything could be done".to_owned(),
    }
}

/// What a chain rests on, in words.
fn trust(built: &Built) -> String {
    let root = &built.root;
    match (&root.kind, &root.vouched_by) {
        (Kind::Published, Some(who)) => format!(
            "{}: vouched for by {who}; what its makers built it with was not looked at",
            root.says
        ),
        (Kind::C | Kind::Gccgo, _) => format!(
            "{}: a program of this system, nobody vouches for it here",
            root.says
        ),
        (Kind::Published | Kind::Goroot, _) => {
            format!(
                "a Go that was there and says that it is {}: nobody vouches for it",
                root.says
            )
        }
    }
}

/// What keeps a chain from counting by itself, a line each.
fn relations(built: &Built) -> Vec<String> {
    let same = built.same_root_as.iter();
    let same = same.map(|other| {
        format!("it begins with what chain {other} begins with, and counts for nothing besides it")
    });
    let shared = (!built.shared.is_empty()).then(|| {
        format!(
            "its first link has programs in common: {}",
            built.shared.join(", ")
        )
    });
    same.chain(shared).collect()
}

/// `a, b`; nobody.
fn names(chains: &[String]) -> String {
    if chains.is_empty() {
        return "nobody".to_owned();
    }
    chains.join(", ")
}

/// `chain a`, `chains a, b`.
fn of_chains(chains: &[String]) -> String {
    let word = if chains.len() == 1 { "chain" } else { "chains" };
    format!("{word} {}", names(chains))
}

//! What differs between two programs, archives or folders, and why: one document in three formats.
//!
//! The comparing is done in `goassay_diff` (Go binaries) and `goassay_build::compare` (trees); here it becomes a verdict, an exit code
//! and pages.

mod html;
mod json;
mod rows;
mod text;

pub use json::SCHEMA;

pub use crate::paged::Format;

use crate::document::{Failure, Tool};
use crate::render::Style;
use goassay_build::compare::{Side, What};
use goassay_diff::{Cause, Differences, causes, compare};
use std::io::{self, Write};

/// A comparison.
#[derive(Debug, Clone)]
pub struct Report {
    /// What made it.
    pub tool: Tool,
    /// The two sides as they were named.
    pub names: [String; 2],
    /// Go binaries that differ; where the sides are single files, they themselves.
    pub pairs: Vec<Pair>,
    /// Files that are the same on both sides.
    pub same: usize,
    /// What else differs in archives and folders.
    pub others: Others,
    /// What could not be compared.
    pub failures: Vec<Failure>,
}

/// Two files that differ.
#[derive(Debug, Clone)]
pub struct Pair {
    /// Name within the archives or folders, or of a member; empty for the files themselves. Hostile.
    pub name: String,
    /// What differs.
    pub differences: Differences,
    /// Why, the likeliest first.
    pub causes: Vec<Cause>,
}

impl Pair {
    /// Compares two files; `None` where they are the same.
    #[must_use]
    pub fn compare(name: &str, a: &[u8], b: &[u8]) -> Option<Pair> {
        let differences = compare(a, b);
        let causes = causes(&differences);
        (!differences.span.is_identical()).then(|| Pair {
            name: name.to_owned(),
            differences,
            causes,
        })
    }
}

/// Differences of entries that are no Go binaries, and of containers.
#[derive(Debug, Clone, Default)]
pub struct Others {
    /// How many there are.
    pub count: usize,
    /// The first of them.
    pub list: Vec<Other>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// The entry; empty for the container itself. Hostile.
    pub name: String,
    /// The stable word for what is different.
    pub what: &'static str,
    /// The same in words.
    pub words: String,
}

impl Other {
    /// What two trees differ in.
    #[must_use]
    pub fn of_trees(name: &str, what: &What) -> Other {
        let kind = match what {
            What::Only(Side::Posted) => "only-in-a",
            What::Only(Side::Rebuilt) => "only-in-b",
            what => what.name(),
        };
        Other {
            name: name.to_owned(),
            what: kind,
            words: in_words(what),
        }
    }
}

fn letter(side: Side) -> char {
    match side {
        Side::Posted => 'A',
        Side::Rebuilt => 'B',
    }
}

fn in_words(what: &What) -> String {
    let or_none = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
    let octal = |mode: &Option<u32>| or_none(mode.map(|mode| format!("{mode:o}")));
    let time = |time: &Option<i64>| or_none(time.map(|time| time.to_string()));
    match what {
        What::Only(side) => format!("only in {}", letter(*side)),
        What::Duplicate(side) => format!("more than once in {}", letter(*side)),
        What::Order(one, other) => format!("at place {one} and {other}"),
        What::Kind(one, other) => format!("a {one} and a {other}"),
        What::Mode(one, other) => format!("mode {} and {}", octal(one), octal(other)),
        What::Time(one, other) => {
            format!(
                "time {} and {} (seconds since 1970)",
                time(one),
                time(other)
            )
        }
        What::Contents(differ) => differ.diagnosis.in_words().join("; "),
        What::Fact(name, one, other) => {
            let values = [one, other].map(|value| or_none(value.clone()));
            format!("{name}: {} and {}", values[0], values[1])
        }
        What::Unreadable(side, why) => format!("{} cannot be read: {why}", letter(*side)),
        What::Unaccounted => "bytes differ that no entry has".to_owned(),
    }
}

/// What a comparison came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything is the same.
    Identical,
    /// Something differs.
    Different,
    /// Something could not be compared.
    NotKnown,
}

impl Verdict {
    /// The stable word for output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Identical => "identical",
            Verdict::Different => "different",
            Verdict::NotKnown => "not-known",
        }
    }
}

impl Report {
    /// The verdict: what could not be compared is never "identical", and never hidden behind "different".
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if !self.failures.is_empty() {
            return Verdict::NotKnown;
        }
        match self.pairs.is_empty() && self.others.count == 0 {
            true => Verdict::Identical,
            false => Verdict::Different,
        }
    }

    /// The exit code of the process.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.verdict() {
            Verdict::Identical => 0,
            Verdict::Different => 1,
            Verdict::NotKnown => 2,
        }
    }

    /// The verdict in one sentence, without a full stop.
    fn sentence(&self) -> String {
        let Report { same, others, .. } = self;
        let binaries = self.pairs.len();
        match (self.verdict(), self.pairs.as_slice()) {
            (Verdict::Identical, _) => "both have the same bytes".to_owned(),
            (Verdict::NotKnown, _) => "not everything could be compared".to_owned(),
            (Verdict::Different, [pair]) if pair.name.is_empty() => {
                let span = &pair.differences.span;
                let [a, b] = span.lengths;
                format!(
                    "{} bytes differ, the first at {:#x}; the files have {a} and {b} bytes",
                    span.differ, span.first
                )
            }
            (Verdict::Different, _) => format!(
                "{binaries} Go binaries differ, {} other differences, {same} files are the same",
                others.count
            ),
        }
    }
}

/// How the text looks.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Columns.
    pub width: usize,
    /// Colours.
    pub style: Style,
    /// Most rows of each table; all that are listed where there is no limit.
    pub top: Option<usize>,
}

/// Writes `report` in `format`.
///
/// # Errors
/// What the writer fails with.
pub fn render(
    report: &Report,
    format: Format,
    options: Options,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Text => text::render(report, options, out),
        Format::Json => json::render(report, out),
        Format::Html => html::render(report, out),
    }
}

/// What a build would have to change, in words.
fn change_in_words(change: &goassay_diff::Change) -> String {
    use goassay_diff::Change;
    let value = |value: &Option<String>| value.clone().unwrap_or_default();
    match change {
        Change::Toolchain(version) => format!("build with {version}"),
        Change::Environment(name, Some(value)) => format!("set {name}={value}"),
        Change::Environment(name, None) => format!("unset {name}"),
        Change::Flag(name, Some(value)) => format!("build with {name}={value}"),
        Change::Flag(name, None) => format!("build without {name}"),
        Change::LinkerFlags { add, remove } => match (add.join(" "), remove.join(" ")) {
            (add, remove) if remove.is_empty() => format!("link with {add}"),
            (add, remove) if add.is_empty() => format!("link without {remove}"),
            (add, remove) => format!("link with {add} and without {remove}"),
        },
        Change::Directory(place, path) => format!("build with the {} at {path}", place.name()),
        Change::Module(path, None) => format!("build without {path}"),
        Change::Module(path, version) => format!("build with {path} {}", value(version)),
        Change::Commit(commit) => format!("build commit {commit}"),
        Change::Variable(name, value) => format!("link with -X {name}={value}"),
        Change::CCompiler(name) => format!("compile C with {name}"),
        Change::Vendor(true) => "build with -mod=vendor".to_owned(),
        Change::Vendor(false) => "build with -mod=readonly".to_owned(),
    }
}

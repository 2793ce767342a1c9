//! Where the bytes of files went, in tables that add up exactly, as growth between two files, and against budgets.
//!
//! Made from [`Size`] once; renderers only write. A budget that a gap leaves open is no kept one.

mod growth;
mod json;
mod table;
mod text;

pub use growth::{Change, changes};
pub use json::SCHEMA;
pub use table::{By, Line, lines};

use crate::document::{Failure, Tool};
use crate::render::Style;
use crate::verdict::Outcome;
use goassay_binary::size::Size;
use std::io::{self, Write};

/// The sizes of one binary.
#[derive(Debug, Clone)]
pub struct Target {
    /// Path as it was given or found.
    pub path: String,
    /// Slice of a fat file or member of an archive.
    pub member: Option<String>,
    /// Where the bytes went.
    pub size: Size,
}

/// Everything that one run has to say, before its budgets are judged.
#[derive(Debug, Clone)]
pub struct Run {
    /// The program that made the report.
    pub tool: Tool,
    /// What was measured.
    pub targets: Vec<Target>,
    /// The two targets are one program before and after.
    pub growth: bool,
    /// What the tables are by; `None`: the usual ones.
    pub by: Option<By>,
    /// Budgets that are to be kept; empty where none was asked for.
    pub budgets: Vec<Budget>,
    /// What could not be examined.
    pub failures: Vec<Failure>,
}

/// The most bytes that something may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// What is limited.
    pub of: Limited,
    /// Only in files whose path fits this pattern.
    pub binary: Option<String>,
    /// The most bytes.
    pub most: u64,
    /// Where it is written (`goassay.toml:12`).
    pub place: String,
}

/// What a budget limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Limited {
    /// The whole file.
    File,
    /// A module, by path; `std` is Go's own.
    Module(String),
    /// A package, by import path; one that ends in `/...` stands for all below it, too.
    Package(String),
}

impl Limited {
    /// For people.
    pub fn name(&self) -> String {
        match self {
            Limited::File => "file".to_owned(),
            Limited::Module(path) => format!("module {path}"),
            Limited::Package(path) => format!("package {path}"),
        }
    }
}

/// How a budget was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Index into `budgets`.
    pub budget: usize,
    /// Index into `targets`.
    pub target: usize,
    /// What it takes.
    pub bytes: u64,
    /// Whether it is kept; `None` where not all bytes could be attributed, so that it may take more.
    pub kept: Option<bool>,
}

/// A run with its budgets judged. Cannot be changed any more.
#[derive(Debug, Clone)]
pub struct Report {
    run: Run,
    kept: Vec<Kept>,
    outcome: Outcome,
}

impl Report {
    /// Sorts `run` and judges its budgets. Growth keeps its order: before, after.
    pub fn new(mut run: Run) -> Report {
        if !run.growth {
            run.targets
                .sort_by(|a, b| (&a.path, &a.member).cmp(&(&b.path, &b.member)));
        }
        run.failures
            .sort_by(|a, b| (&a.path, a.kind, &a.message).cmp(&(&b.path, b.kind, &b.message)));
        let kept = judge(&run);
        let exceeded = kept.iter().any(|kept| kept.kept == Some(false));
        let open = kept.iter().any(|kept| kept.kept.is_none());
        let outcome = Outcome::of(exceeded, !open && run.failures.is_empty());
        Report { run, kept, outcome }
    }

    /// What was measured.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// How budgets were kept.
    pub fn kept(&self) -> &[Kept] {
        &self.kept
    }

    /// What it amounts to.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// The exit code of the process: the same for every output format.
    pub fn exit_code(&self) -> u8 {
        self.outcome.exit_code(1)
    }
}

fn judge(run: &Run) -> Vec<Kept> {
    let mut kept = Vec::new();
    for (budget_at, budget) in run.budgets.iter().enumerate() {
        for (target_at, target) in run.targets.iter().enumerate() {
            let fits = |pattern| goassay_vuln::suppress::fits(pattern, &target.path);
            // Of growth, what there was before is over.
            let past = run.growth && target_at == 0;
            if past || !budget.binary.as_deref().is_none_or(fits) {
                continue;
            }
            let bytes = taken(&budget.of, &target.size);
            let whole = budget.of == Limited::File || target.size.gaps.is_empty();
            let verdict = match bytes > budget.most {
                true => Some(false),
                false => whole.then_some(true),
            };
            kept.push(Kept {
                budget: budget_at,
                target: target_at,
                bytes,
                kept: verdict,
            });
        }
    }
    kept
}

/// The bytes that a file, module or package takes.
fn taken(of: &Limited, size: &Size) -> u64 {
    let rows = size.rows.iter().filter(|row| match of {
        Limited::File => true,
        Limited::Module(path) => {
            let module = size.module_of(row);
            let module = module.and_then(|index| size.modules.get(index as usize));
            module.is_some_and(|module| module.path == *path)
        }
        Limited::Package(path) => {
            table::package_of(size, row).is_some_and(|package| is_below(package, path))
        }
    });
    rows.map(|row| row.bytes).sum()
}

fn is_below(package: &str, wanted: &str) -> bool {
    match wanted.strip_suffix("/...") {
        None => package == wanted,
        Some(above) => package
            .strip_prefix(above)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
    }
}

/// How the text for people is to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextOptions {
    /// Columns to fit into.
    pub width: usize,
    /// Colours.
    pub style: Style,
    /// Rows of each table; `None`: all.
    pub top: Option<usize>,
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

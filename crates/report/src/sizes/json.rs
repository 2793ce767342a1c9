//! Our versioned document, `goassay-size/1`, described in `docs/formats/size.md` and `docs/formats/size.schema.json`.

use super::growth::{Change, changes};
use super::table::{By, Line};
use super::{Kept, Report, Run, Target};
use crate::harmless;
use crate::wire::{FailureWire, GapWire, ToolWire};
use goassay_binary::size::{Owner, Size};
use serde::Serialize;
use std::io::{self, Write};

/// Name and version of the document.
pub const SCHEMA: &str = "goassay-size/1";

/// Writes the document.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let run = report.run();
    let document = DocumentWire {
        schema: SCHEMA,
        tool: ToolWire::from(&run.tool),
        outcome: report.outcome().name(),
        exit_code: report.exit_code(),
        targets: run
            .targets
            .iter()
            .map(|t| TargetWire::new(t, run.by))
            .collect(),
        growth: growth(run),
        budgets: report
            .kept()
            .iter()
            .map(|k| BudgetWire::new(k, run))
            .collect(),
        failures: run.failures.iter().map(FailureWire::from).collect(),
    };
    harmless::write(out, &document)
}

#[derive(Serialize)]
struct DocumentWire<'a> {
    schema: &'static str,
    tool: ToolWire<'a>,
    outcome: &'static str,
    exit_code: u8,
    targets: Vec<TargetWire<'a>>,
    growth: Option<GrowthWire>,
    budgets: Vec<BudgetWire<'a>>,
    failures: Vec<FailureWire<'a>>,
}

#[derive(Serialize)]
struct TargetWire<'a> {
    path: &'a str,
    member: Option<&'a str>,
    bytes: u64,
    sections: Vec<SectionWire<'a>>,
    modules: Vec<ModuleWire<'a>>,
    packages: Vec<PackageWire<'a>>,
    rows: Vec<RowWire>,
    functions: Option<Vec<FunctionWire<'a>>>,
    gaps: Vec<GapWire<'a>>,
}

impl<'a> TargetWire<'a> {
    fn new(target: &'a Target, by: Option<By>) -> Self {
        let size = &target.size;
        TargetWire {
            path: &target.path,
            member: target.member.as_deref(),
            bytes: size.file_len,
            sections: sections(size),
            modules: size
                .modules
                .iter()
                .map(|module| ModuleWire {
                    path: &module.path,
                    version: &module.version,
                })
                .collect(),
            packages: size
                .packages
                .iter()
                .map(|package| PackageWire {
                    path: &package.path,
                    module: package.module,
                })
                .collect(),
            rows: rows(size),
            functions: (by == Some(By::Function)).then(|| functions(size)),
            gaps: size.gaps.iter().map(GapWire::from).collect(),
        }
    }
}

#[derive(Serialize)]
struct SectionWire<'a> {
    name: &'a str,
    offset: u64,
    bytes: u64,
}

fn sections(size: &Size) -> Vec<SectionWire<'_>> {
    let sections = size.sections.iter().map(|section| SectionWire {
        name: &section.name,
        offset: section.offset,
        bytes: section.len,
    });
    sections.collect()
}

#[derive(Serialize)]
struct ModuleWire<'a> {
    path: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
struct PackageWire<'a> {
    path: &'a str,
    module: Option<u32>,
}

#[derive(Serialize)]
struct RowWire {
    section: u32,
    owner: &'static str,
    package: Option<u32>,
    table: Option<&'static str>,
    kind: &'static str,
    how: &'static str,
    bytes: u64,
}

fn rows(size: &Size) -> Vec<RowWire> {
    let rows = size.rows.iter().map(|row| {
        let (owner, package, table) = match row.owner {
            Owner::Package(index) => ("package", Some(index), None),
            Owner::Runtime(table) => ("runtime", None, Some(table.name())),
            Owner::File(structure) => ("file", None, Some(structure.name())),
            Owner::Foreign => ("foreign", None, None),
            Owner::Unattributed => ("unattributed", None, None),
        };
        RowWire {
            section: row.section,
            owner,
            package,
            table,
            kind: row.kind.name(),
            how: row.how.name(),
            bytes: row.bytes,
        }
    });
    rows.collect()
}

#[derive(Serialize)]
struct FunctionWire<'a> {
    package: Option<u32>,
    name: &'a str,
    address: Option<String>,
    code: u64,
    pclntab: u64,
}

fn functions(size: &Size) -> Vec<FunctionWire<'_>> {
    let functions = size.functions.iter().map(|function| FunctionWire {
        package: function.package,
        name: &function.name,
        address: crate::wire::hex(Some(function.address).filter(|&address| address != 0)),
        code: function.code,
        pclntab: function.pclntab,
    });
    functions.collect()
}

#[derive(Serialize)]
struct GrowthWire {
    by: &'static str,
    changes: Vec<ChangeWire>,
}

#[derive(Serialize)]
struct ChangeWire {
    what: &'static str,
    name: String,
    version_before: Option<String>,
    version: Option<String>,
    before: u64,
    after: u64,
}

fn growth(run: &Run) -> Option<GrowthWire> {
    let ([before, after], true) = (run.targets.as_slice(), run.growth) else {
        return None;
    };
    let by = run.by.unwrap_or(By::Module);
    let changes = changes(&before.size, &after.size, by);
    Some(GrowthWire {
        by: by.name(),
        changes: changes.into_iter().map(ChangeWire::from).collect(),
    })
}

impl From<Change> for ChangeWire {
    fn from(change: Change) -> Self {
        let Line {
            what,
            name,
            version,
        } = change.line;
        ChangeWire {
            what,
            name,
            version_before: change.version_before,
            version: (!version.is_empty()).then_some(version),
            before: change.before,
            after: change.after,
        }
    }
}

#[derive(Serialize)]
struct BudgetWire<'a> {
    place: &'a str,
    of: &'static str,
    name: Option<&'a str>,
    target: usize,
    most: u64,
    bytes: u64,
    status: &'static str,
}

impl<'a> BudgetWire<'a> {
    fn new(kept: &Kept, run: &'a Run) -> Self {
        use super::Limited;
        let budget = &run.budgets[kept.budget];
        let (of, name) = match &budget.of {
            Limited::File => ("file", None),
            Limited::Module(path) => ("module", Some(path.as_str())),
            Limited::Package(path) => ("package", Some(path.as_str())),
        };
        BudgetWire {
            place: &budget.place,
            of,
            name,
            target: kept.target,
            most: budget.most,
            bytes: kept.bytes,
            status: match kept.kept {
                Some(true) => "kept",
                Some(false) => "exceeded",
                None => "unknown",
            },
        }
    }
}

//! Our versioned document, `goassay-inspect/1`, described in `docs/formats/inspect.md` and `docs/formats/inspect.schema.json`.

use super::facts::Facts;
use super::{Report, Target};
use crate::harmless;
use crate::wire::{FactsWire, FailureWire, ToolWire};
use serde::Serialize;
use std::io::{self, Write};

/// Name and version of the document.
pub const SCHEMA: &str = "goassay-inspect/1";

/// Writes the document.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let run = report.run();
    let document = DocumentWire {
        schema: SCHEMA,
        tool: ToolWire::from(&run.tool),
        exit_code: report.exit_code(),
        targets: run.targets.iter().map(TargetWire::from).collect(),
        failures: run.failures.iter().map(FailureWire::from).collect(),
    };
    harmless::write(out, &document)
}

#[derive(Serialize)]
struct DocumentWire<'a> {
    schema: &'static str,
    tool: ToolWire<'a>,
    exit_code: u8,
    targets: Vec<TargetWire<'a>>,
    failures: Vec<FailureWire<'a>>,
}

#[derive(Serialize)]
struct TargetWire<'a> {
    path: &'a str,
    member: Option<&'a str>,
    also_at: &'a [String],
    about: FactsWire<'a>,
    facts: &'a Facts,
}

impl<'a> From<&'a Target> for TargetWire<'a> {
    fn from(target: &'a Target) -> Self {
        TargetWire {
            path: &target.path,
            member: target.member.as_deref(),
            also_at: &target.also_at,
            about: FactsWire::from(&target.about),
            facts: &target.facts,
        }
    }
}

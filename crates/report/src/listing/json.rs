//! Our versioned document, `goassay-list/1`, described in `docs/formats/list.md` and `docs/formats/list.schema.json`.

use super::{Entries, Run, Target};
use crate::harmless;
use crate::inspection::facts::Gap;
use crate::wire::{FailureWire, ToolWire};
use serde::Serialize;
use std::io::{self, Write};

/// Name and version of the document.
pub const SCHEMA: &str = "goassay-list/1";

/// Writes the document.
pub(super) fn render(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    let document = DocumentWire {
        schema: SCHEMA,
        tool: ToolWire::from(&run.tool),
        list: run.kind.name(),
        filter: run.filter.pattern(),
        exit_code: run.exit_code(),
        targets: run.targets.iter().map(TargetWire::from).collect(),
        failures: run.failures.iter().map(FailureWire::from).collect(),
    };
    harmless::write(out, &document)
}

#[derive(Serialize)]
struct DocumentWire<'a> {
    schema: &'static str,
    tool: ToolWire<'a>,
    list: &'static str,
    filter: Option<&'a str>,
    exit_code: u8,
    targets: Vec<TargetWire<'a>>,
    failures: Vec<FailureWire<'a>>,
}

#[derive(Serialize)]
struct TargetWire<'a> {
    path: &'a str,
    member: Option<&'a str>,
    entries: &'a Entries,
    gaps: &'a [Gap],
}

impl<'a> From<&'a Target> for TargetWire<'a> {
    fn from(target: &'a Target) -> Self {
        TargetWire {
            path: &target.path,
            member: target.member.as_deref(),
            entries: &target.entries,
            gaps: &target.gaps,
        }
    }
}

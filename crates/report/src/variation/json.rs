//! Our versioned document, `goassay-variation/1`, described in `docs/formats/vary.md`.

use super::Report;
use crate::harmless;
use crate::wire::ToolWire;
use goassay_build::vary::{Base, Difference, Finding, Output, Tested, Together};
use serde::Serialize;
use std::io::{self, Write};

/// Name and version of the document.
pub const SCHEMA: &str = "goassay-variation/1";

/// Writes the document.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let variation = &report.variation;
    let document = DocumentWire {
        schema: SCHEMA,
        tool: ToolWire::from(&report.tool),
        command: &report.command,
        go: report.go.as_deref(),
        verdict: report.word(),
        exit_code: report.exit_code(),
        base: BaseWire::from(&variation.base),
        variants: variation.tested.iter().map(VariantWire::from).collect(),
        together: variation.together.as_ref().map(TogetherWire::from),
    };
    harmless::write(out, &document)
}

#[derive(Serialize)]
struct DocumentWire<'a> {
    schema: &'static str,
    tool: ToolWire<'a>,
    command: &'a str,
    go: Option<&'a str>,
    verdict: &'static str,
    exit_code: u8,
    base: BaseWire<'a>,
    variants: Vec<VariantWire<'a>>,
    together: Option<TogetherWire<'a>>,
}

#[derive(Serialize)]
struct BaseWire<'a> {
    files: Vec<FileWire<'a>>,
    unstable: Vec<DifferenceWire<'a>>,
    by_time: Vec<DifferenceWire<'a>>,
    failure: Option<FailureWire<'a>>,
}

#[derive(Serialize)]
struct FileWire<'a> {
    name: &'a str,
    sha256: &'a str,
    bytes: u64,
}

#[derive(Serialize)]
struct DifferenceWire<'a> {
    file: &'a str,
    #[serde(rename = "where")]
    place: &'a [String],
    traces: &'a [String],
}

#[derive(Serialize)]
struct FailureWire<'a> {
    status: &'a str,
    said: &'a [String],
}

#[derive(Serialize)]
struct VariantWire<'a> {
    input: &'static str,
    variant: Option<&'static str>,
    relevance: &'static str,
    what: &'static str,
    why: &'static str,
    fix: &'static str,
    meant: Option<&'static str>,
    not_varied: Option<&'a str>,
    failure: Option<FailureWire<'a>>,
    differences: Vec<DifferenceWire<'a>>,
}

#[derive(Serialize)]
struct TogetherWire<'a> {
    variants: &'a [String],
    differences: Vec<DifferenceWire<'a>>,
    failure: Option<FailureWire<'a>>,
    smallest: Option<&'a [String]>,
}

impl<'a> From<&'a Base> for BaseWire<'a> {
    fn from(base: &'a Base) -> Self {
        let file = |(name, output): (&'a String, &'a Output)| FileWire {
            name,
            sha256: &output.sha256,
            bytes: output.bytes,
        };
        BaseWire {
            files: base.files.iter().map(file).collect(),
            unstable: differences(&base.unstable),
            by_time: differences(&base.by_time),
            failure: base.failed.as_ref().map(FailureWire::from),
        }
    }
}

fn differences(all: &[Difference]) -> Vec<DifferenceWire<'_>> {
    all.iter().map(DifferenceWire::from).collect()
}

impl<'a> From<&'a Difference> for DifferenceWire<'a> {
    fn from(difference: &'a Difference) -> Self {
        DifferenceWire {
            file: &difference.output,
            place: &difference.where_,
            traces: &difference.traces,
        }
    }
}

impl<'a> From<&'a (String, Vec<String>)> for FailureWire<'a> {
    fn from((status, said): &'a (String, Vec<String>)) -> Self {
        FailureWire { status, said }
    }
}

impl<'a> From<&'a Tested> for VariantWire<'a> {
    fn from(tested: &'a Tested) -> Self {
        let input = tested.input;
        let mut wire = VariantWire {
            input: input.name,
            variant: Some(tested.variant).filter(|name| !name.is_empty()),
            relevance: tested.relevance().name(),
            what: input.what,
            why: input.why,
            fix: input.fix,
            meant: tested.is_meant,
            not_varied: None,
            failure: None,
            differences: Vec::new(),
        };
        match &tested.finding {
            Finding::Same => {}
            Finding::NotVaried(why) => wire.not_varied = Some(why),
            Finding::Fails { status, said } => wire.failure = Some(FailureWire { status, said }),
            Finding::Differs(all) => wire.differences = differences(all),
        }
        wire
    }
}

impl<'a> From<&'a Together> for TogetherWire<'a> {
    fn from(together: &'a Together) -> Self {
        TogetherWire {
            variants: &together.names,
            differences: differences(&together.differences),
            failure: together.failed.as_ref().map(FailureWire::from),
            smallest: together.smallest.as_deref(),
        }
    }
}

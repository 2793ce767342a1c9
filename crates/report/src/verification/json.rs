//! Our versioned document, `goassay-toolchain-verification/1`, described in `docs/formats/toolchain.md`.

use super::Report;
use crate::harmless;
use crate::wire::{FailureWire, ToolWire};
use goassay_build::rebuild::{File, Step, Sums, Verification};
use serde::Serialize;
use std::io::{self, Write};

/// Name and version of the document.
pub const SCHEMA: &str = "goassay-toolchain-verification/1";

/// Writes the document.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let document = DocumentWire {
        schema: SCHEMA,
        tool: ToolWire::from(&report.tool),
        verdict: report.verdict().name(),
        exit_code: report.exit_code(),
        verifications: report
            .verifications
            .iter()
            .map(VerificationWire::new)
            .collect(),
        failures: report.failures.iter().map(FailureWire::from).collect(),
    };
    harmless::write(out, &document)
}

#[derive(Serialize)]
struct DocumentWire<'a> {
    schema: &'static str,
    tool: ToolWire<'a>,
    verdict: &'static str,
    exit_code: u8,
    verifications: Vec<VerificationWire<'a>>,
    failures: Vec<FailureWire<'a>>,
}

#[derive(Serialize)]
struct VerificationWire<'a> {
    version: String,
    verdict: &'static str,
    host: String,
    source: &'a str,
    chain: ChainWire,
    trust: &'a [String],
    steps: Vec<StepWire<'a>>,
    files: Vec<FileWire<'a>>,
}

#[derive(Serialize)]
struct ChainWire {
    choice: &'static str,
    links: Vec<String>,
}

#[derive(Serialize)]
pub(crate) struct StepWire<'a> {
    id: &'a str,
    title: &'a str,
    status: &'static str,
    log: &'a [String],
}

#[derive(Serialize)]
struct FileWire<'a> {
    name: &'a str,
    form: &'static str,
    platform: String,
    status: &'static str,
    posted: SumsWire<'a>,
    rebuilt: Option<SumsWire<'a>>,
    record: RecordWire<'a>,
    normalisations: Vec<&'a str>,
    log: &'a [String],
}

#[derive(Serialize)]
pub(crate) struct SumsWire<'a> {
    sha256: &'a str,
    h1: &'a str,
    bytes: u64,
}

#[derive(Serialize)]
struct RecordWire<'a> {
    database: &'a str,
    record: u64,
    h1: &'a str,
}

impl<'a> VerificationWire<'a> {
    fn new(verification: &'a Verification) -> Self {
        VerificationWire {
            version: verification.version.to_string(),
            verdict: verification.verdict().name(),
            host: verification.host.to_string(),
            source: &verification.source,
            chain: ChainWire {
                choice: verification.choice,
                links: verification.chain.iter().map(ToString::to_string).collect(),
            },
            trust: &verification.trust,
            steps: verification.steps.iter().map(StepWire::from).collect(),
            files: verification.files.iter().map(FileWire::from).collect(),
        }
    }
}

impl<'a> From<&'a Step> for StepWire<'a> {
    fn from(step: &'a Step) -> Self {
        StepWire {
            id: &step.id,
            title: &step.title,
            status: step.status.name(),
            log: &step.log,
        }
    }
}

impl<'a> From<&'a File> for FileWire<'a> {
    fn from(file: &'a File) -> Self {
        FileWire {
            name: &file.name,
            form: file.form.name(),
            platform: file.platform.to_string(),
            status: file.status.name(),
            posted: SumsWire::from(&file.posted),
            rebuilt: file.rebuilt.as_ref().map(SumsWire::from),
            record: RecordWire {
                database: &file.record.database,
                record: file.record.id,
                h1: &file.record.h1,
            },
            normalisations: file.normalisations.iter().map(String::as_str).collect(),
            log: &file.log,
        }
    }
}

impl<'a> From<&'a Sums> for SumsWire<'a> {
    fn from(sums: &'a Sums) -> Self {
        SumsWire {
            sha256: &sums.sha256,
            h1: &sums.h1,
            bytes: sums.bytes,
        }
    }
}

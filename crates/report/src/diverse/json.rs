//! Our versioned document, `goassay-toolchain-bootstrap/1`, described in `docs/formats/toolchain.md`.

use super::{Report, relations, trust};
use crate::harmless;
use crate::verification::{StepWire, SumsWire};
use crate::wire::{FailureWire, ToolWire};
use goassay_build::diverse::{Built, Differing, Program, Variant};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Name and version of the document.
pub const SCHEMA: &str = "goassay-toolchain-bootstrap/1";

/// Writes the document.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let bootstrap = &report.bootstrap;
    let agreement = &bootstrap.agreement;
    let missing = report.not_here.iter();
    let document = DocumentWire {
        schema: SCHEMA,
        tool: ToolWire::from(&report.tool),
        verdict: report.verdict().name(),
        exit_code: report.exit_code(),
        version: bootstrap.version.to_string(),
        host: bootstrap.host.to_string(),
        first_links: bootstrap.roots(),
        chains: bootstrap.built.iter().map(ChainWire::new).collect(),
        failures: report.failures.iter().map(FailureWire::from).collect(),
        not_here: missing
            .map(|missing| MissingWire {
                what: &missing.what,
                why: &missing.why,
            })
            .collect(),
        archives: agreement.variants.iter().map(ArchiveWire::new).collect(),
        programs: agreement.programs.iter().map(ProgramWire::new).collect(),
        differences: agreement
            .differences
            .iter()
            .map(DifferenceWire::new)
            .collect(),
    };
    harmless::write(out, &document)
}

#[derive(Serialize)]
struct DocumentWire<'a> {
    schema: &'static str,
    tool: ToolWire<'a>,
    verdict: &'static str,
    exit_code: u8,
    version: String,
    host: String,
    first_links: usize,
    chains: Vec<ChainWire<'a>>,
    failures: Vec<FailureWire<'a>>,
    not_here: Vec<MissingWire<'a>>,
    archives: Vec<ArchiveWire<'a>>,
    programs: Vec<ProgramWire<'a>>,
    differences: Vec<DifferenceWire<'a>>,
}

#[derive(Serialize)]
struct ChainWire<'a> {
    name: &'a str,
    verdict: &'static str,
    links: Vec<String>,
    first_link: FirstWire<'a>,
    source: &'a str,
    steps: Vec<StepWire<'a>>,
}

#[derive(Serialize)]
struct FirstWire<'a> {
    kind: &'static str,
    says: &'a str,
    vouched_by: Option<&'a str>,
    trust: String,
    same_as_chain: Option<&'a str>,
    relations: Vec<String>,
    programs: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
struct MissingWire<'a> {
    what: &'a str,
    why: &'a str,
}

#[derive(Serialize)]
struct ArchiveWire<'a> {
    sums: SumsWire<'a>,
    posted: bool,
    chains: &'a [String],
}

#[derive(Serialize)]
struct ProgramWire<'a> {
    name: &'a str,
    same: bool,
    built: Vec<BuiltWire<'a>>,
}

#[derive(Serialize)]
struct BuiltWire<'a> {
    sha256: Option<&'a str>,
    chains: &'a [String],
}

#[derive(Serialize)]
struct DifferenceWire<'a> {
    from: &'a [String],
    chains: &'a [String],
    count: usize,
    entries: Vec<EntryWire<'a>>,
}

#[derive(Serialize)]
struct EntryWire<'a> {
    name: &'a str,
    log: &'a [String],
}

impl<'a> ChainWire<'a> {
    fn new(built: &'a Built) -> Self {
        let (root, verification) = (&built.root, &built.verification);
        ChainWire {
            name: &built.name,
            verdict: verification.verdict().name(),
            links: verification.chain.iter().map(ToString::to_string).collect(),
            first_link: FirstWire {
                kind: root.kind.name(),
                says: &root.says,
                vouched_by: root.vouched_by.as_deref(),
                trust: trust(built),
                same_as_chain: built.same_root_as.as_deref(),
                relations: relations(built),
                programs: &root.programs,
            },
            source: &verification.source,
            steps: verification.steps.iter().map(StepWire::from).collect(),
        }
    }
}

impl<'a> ArchiveWire<'a> {
    fn new(variant: &'a Variant) -> Self {
        ArchiveWire {
            sums: SumsWire::from(&variant.sums),
            posted: variant.posted,
            chains: &variant.chains,
        }
    }
}

impl<'a> ProgramWire<'a> {
    fn new(program: &'a Program) -> Self {
        let built = program.built.iter();
        ProgramWire {
            name: &program.name,
            same: program.is_same(),
            built: built
                .map(|(sum, chains)| BuiltWire {
                    sha256: sum.as_deref(),
                    chains,
                })
                .collect(),
        }
    }
}

impl<'a> DifferenceWire<'a> {
    fn new(differing: &'a Differing) -> Self {
        let entries = differing.entries.iter();
        DifferenceWire {
            from: &differing.from,
            chains: &differing.chains,
            count: differing.count,
            entries: entries
                .map(|entry| EntryWire {
                    name: &entry.name,
                    log: &entry.log,
                })
                .collect(),
        }
    }
}

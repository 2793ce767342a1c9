//! `goassay-verify/1` (docs/formats/verify.md).

use super::{File, Report};
use crate::document::Failure;
use crate::harmless;
use crate::wire::ToolWire;
use goassay_build::module::Module;
use goassay_build::verify::beside::Beside;
use goassay_build::verify::search::Outcome;
use goassay_build::verify::{Attempt, Claim, Proven, Verdict};
use goassay_diff::Cause;
use serde::Serialize;
use std::io::{self, Write};

/// Name and version of the document.
pub const SCHEMA: &str = "goassay-verify/1";

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let files = report.files.iter().map(FileWire::new).collect();
    let failures = report.failures.iter().map(FailureWire::new).collect();
    harmless::write(
        out,
        &Wire {
            schema: SCHEMA,
            tool: ToolWire::from(&report.tool),
            exit_code: report.exit_code(),
            files,
            failures,
        },
    )
}

#[derive(Serialize)]
struct Wire<'a> {
    schema: &'static str,
    tool: ToolWire<'a>,
    exit_code: u8,
    files: Vec<FileWire<'a>>,
    failures: Vec<FailureWire<'a>>,
}

#[derive(Serialize)]
struct FailureWire<'a> {
    path: &'a str,
    message: &'a str,
}

impl<'a> FailureWire<'a> {
    fn new(failure: &'a Failure) -> FailureWire<'a> {
        FailureWire {
            path: &failure.path,
            message: &failure.message,
        }
    }
}

#[derive(Serialize)]
struct FileWire<'a> {
    path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    member: &'a str,
    sha256: &'a str,
    size: u64,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    normalizations: Vec<NormalizationWire<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    causes: Vec<CauseWire<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differences: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claim: Option<ClaimWire<'a>>,
    modules: ProvenWire,
    attempts: Vec<AttemptWire<'a>>,
    beside: Vec<BesideWire<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct BesideWire<'a> {
    name: &'a str,
    kind: &'static str,
    finding: &'static str,
    what: &'a str,
}

impl<'a> BesideWire<'a> {
    fn new(beside: &'a Beside) -> BesideWire<'a> {
        BesideWire {
            name: &beside.name,
            kind: beside.kind.name(),
            finding: beside.finding.name(),
            what: beside.finding.sentence(),
        }
    }
}

#[derive(Serialize)]
struct NormalizationWire<'a> {
    name: &'a str,
    file: &'a str,
    rebuilt: &'a str,
}

#[derive(Serialize)]
struct CauseWire<'a> {
    name: &'static str,
    what: String,
    evidence: &'a [String],
}

impl<'a> CauseWire<'a> {
    fn new(cause: &'a Cause) -> CauseWire<'a> {
        CauseWire {
            name: cause.kind.name(),
            what: cause.kind.sentence(),
            evidence: &cause.evidence,
        }
    }
}

#[derive(Serialize)]
struct ClaimWire<'a> {
    toolchain: &'a str,
    package: &'a str,
    module: String,
}

impl<'a> ClaimWire<'a> {
    fn new(claim: &'a Claim) -> ClaimWire<'a> {
        ClaimWire {
            toolchain: &claim.says,
            package: &claim.package,
            module: claim.main.to_string(),
        }
    }
}

#[derive(Serialize)]
struct ProvenWire {
    zips: usize,
    vouched: usize,
    excused: Vec<String>,
}

impl ProvenWire {
    fn new(proven: &Proven) -> ProvenWire {
        let excused = proven.excused.iter().map(Module::to_string).collect();
        ProvenWire {
            zips: proven.zips.len(),
            vouched: proven.vouched,
            excused,
        }
    }
}

#[derive(Serialize)]
struct AttemptWire<'a> {
    what: &'a str,
    arguments: &'a [String],
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    said: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    functions: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
}

impl<'a> AttemptWire<'a> {
    fn new(attempt: &'a Attempt) -> AttemptWire<'a> {
        let mut wire = AttemptWire {
            what: &attempt.what,
            arguments: &attempt.arguments,
            outcome: "same",
            said: None,
            functions: None,
            bytes: None,
        };
        match &attempt.outcome {
            Outcome::Same => {}
            Outcome::Differs { functions, bytes } => {
                wire.outcome = "differs";
                (wire.functions, wire.bytes) = (Some(*functions), Some(*bytes));
            }
            Outcome::Failed(said) => (wire.outcome, wire.said) = ("failed", Some(said.as_str())),
            Outcome::Untried(why) => (wire.outcome, wire.said) = ("untried", Some(why.as_str())),
        }
        wire
    }
}

impl<'a> FileWire<'a> {
    fn new(file: &'a File) -> FileWire<'a> {
        let found = &file.verification;
        let (mut reason, mut normalizations, mut differences) = (None, Vec::new(), Vec::new());
        match &found.verdict {
            Verdict::Identical => {}
            Verdict::IdenticalAfter(applied) => {
                let wire =
                    |(name, file, rebuilt): &'a (&'static str, String, String)| NormalizationWire {
                        name,
                        file,
                        rebuilt,
                    };
                normalizations = applied.iter().map(wire).collect();
            }
            Verdict::Different(diagnosis) => differences = diagnosis.in_words(),
            Verdict::Mismatch(what) | Verdict::NotChecked(what) => reason = Some(what.as_str()),
        }
        FileWire {
            path: &file.path,
            member: &file.member,
            sha256: &file.sha256,
            size: file.size,
            verdict: found.verdict.name(),
            reason,
            normalizations,
            causes: found.causes.iter().map(CauseWire::new).collect(),
            differences,
            claim: found.claim.as_ref().map(ClaimWire::new),
            modules: ProvenWire::new(&found.proven),
            attempts: found.attempts.iter().map(AttemptWire::new).collect(),
            beside: file.beside.iter().map(BesideWire::new).collect(),
            notes: &found.notes,
        }
    }
}

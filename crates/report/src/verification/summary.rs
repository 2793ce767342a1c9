//! In-toto statements with a SLSA verification summary (predicate version 1), one a line for each file that was judged; in DSSE
//! envelopes where there is a key. A file without a verdict gets none.

use super::Report;
use crate::document::Tool;
use goassay_build::rebuild::{File, Form, Status, Verification};
use goassay_build::signing::{Envelope, Key};
use serde::Serialize;
use std::io::{self, Write};

/// What is said of an archive that passed. SLSA's own levels are about how it was built there, which nobody here has seen.
const LEVEL: &str = "GOASSAY_REBUILT_BIT_FOR_BIT";
const LEVEL_NORMALISED: &str = "GOASSAY_REBUILT_AFTER_NAMED_NORMALISATIONS";

/// What is said of one file.
pub(crate) struct Summary<'a> {
    pub(crate) name: &'a str,
    /// SHA-256, lower-case hex.
    pub(crate) sha256: &'a str,
    /// What it is, by a name that others know.
    pub(crate) resource: String,
    pub(crate) judgement: Judgement,
}

/// Whether it is what its source says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judgement {
    BitForBit,
    AfterNormalisations,
    Failed,
}

impl Summary<'_> {
    /// Writes a line.
    pub(crate) fn put(
        &self,
        tool: &Tool,
        key: Option<&Key>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let verifier = format!("pkg:cargo/{}@{}", tool.name, tool.version);
        let statement = serde_json::to_vec(&Statement::new(self, &verifier))?;
        let line = match key {
            Some(key) => serde_json::to_vec(&Envelope::of_statement(&statement, key))?,
            None => statement,
        };
        out.write_all(&line)?;
        out.write_all(b"\n")
    }
}

/// Writes the statements.
pub(super) fn render(report: &Report, key: Option<&Key>, out: &mut dyn Write) -> io::Result<()> {
    for verification in &report.verifications {
        for file in &verification.files {
            if let Some(summary) = summary(verification, file) {
                summary.put(&report.tool, key, out)?;
            }
        }
    }
    Ok(())
}

fn summary<'a>(verification: &Verification, file: &'a File) -> Option<Summary<'a>> {
    let bad = verification.verdict() != Status::Pass;
    let judgement = match file.status {
        Status::Fail => Judgement::Failed,
        // A step that everything rests on was not passed.
        Status::Pass if bad && failed_step(verification) => Judgement::Failed,
        Status::Pass if file.normalisations.is_empty() => Judgement::BitForBit,
        Status::Pass => Judgement::AfterNormalisations,
        Status::Skip | Status::NotPromised => return None,
    };
    let resource = match file.form {
        Form::Module => {
            let version = file.name.strip_suffix(".zip").unwrap_or(&file.name);
            format!("pkg:golang/golang.org/toolchain@{version}")
        }
        Form::Archive | Form::Installer => format!("https://go.dev/dl/{}", file.name),
    };
    Some(Summary {
        name: &file.name,
        sha256: &file.posted.sha256,
        resource,
        judgement,
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Statement<'a> {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: [Resource<'a>; 1],
    predicate_type: &'static str,
    predicate: Predicate<'a>,
}

#[derive(Serialize)]
struct Resource<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<Digest<'a>>,
}

#[derive(Serialize)]
struct Digest<'a> {
    sha256: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Predicate<'a> {
    verifier: Verifier<'a>,
    resource_uri: &'a str,
    policy: Resource<'a>,
    input_attestations: [Resource<'a>; 0],
    verification_result: &'static str,
    verified_levels: Vec<&'static str>,
    slsa_version: &'static str,
}

#[derive(Serialize)]
struct Verifier<'a> {
    id: &'a str,
}

impl<'a> Statement<'a> {
    fn new(summary: &'a Summary<'_>, verifier: &'a str) -> Self {
        let (result, level) = match summary.judgement {
            Judgement::BitForBit => ("PASSED", Some(LEVEL)),
            Judgement::AfterNormalisations => ("PASSED", Some(LEVEL_NORMALISED)),
            Judgement::Failed => ("FAILED", None),
        };
        Statement {
            kind: "https://in-toto.io/Statement/v1",
            subject: [Resource {
                name: Some(summary.name),
                uri: None,
                digest: Some(Digest {
                    sha256: summary.sha256,
                }),
            }],
            predicate_type: "https://slsa.dev/verification_summary/v1",
            predicate: Predicate {
                verifier: Verifier { id: verifier },
                resource_uri: &summary.resource,
                policy: Resource {
                    name: None,
                    uri: Some("urn:goassay:policy:rebuilt-from-source:1"),
                    digest: None,
                },
                input_attestations: [],
                verification_result: result,
                verified_levels: level.into_iter().collect(),
                slsa_version: "1.0",
            },
        }
    }
}

fn failed_step(verification: &Verification) -> bool {
    let steps = &verification.steps;
    steps
        .iter()
        .any(|step| matches!(step.status, Status::Fail | Status::Skip))
}

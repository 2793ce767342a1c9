//! In-toto statements with a SLSA verification summary (predicate version 1), one a line for each archive that was judged; in DSSE
//! envelopes where there is a key. An archive without a verdict gets none.

use super::Report;
use goassay_build::rebuild::{File, Form, Status, Verification};
use goassay_build::signing::{Envelope, Key};
use serde::Serialize;
use std::io::{self, Write};

/// What is said of an archive that passed. SLSA's own levels are about how it was built there, which nobody here has seen.
const LEVEL: &str = "GOASSAY_REBUILT_BIT_FOR_BIT";
const LEVEL_NORMALISED: &str = "GOASSAY_REBUILT_AFTER_NAMED_NORMALISATIONS";

/// Writes the statements.
pub(super) fn render(report: &Report, key: Option<&Key>, out: &mut dyn Write) -> io::Result<()> {
    let verifier = format!("pkg:cargo/{}@{}", report.tool.name, report.tool.version);
    for verification in &report.verifications {
        for file in &verification.files {
            let Some(statement) = Statement::new(verification, file, &verifier) else {
                continue;
            };
            let statement = serde_json::to_vec(&statement)?;
            let line = match key {
                Some(key) => serde_json::to_vec(&Envelope::of_statement(&statement, key))?,
                None => statement,
            };
            out.write_all(&line)?;
            out.write_all(b"\n")?;
        }
    }
    Ok(())
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
    uri: Option<String>,
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
    resource_uri: String,
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
    fn new(verification: &Verification, file: &'a File, verifier: &'a str) -> Option<Self> {
        let bad = verification.verdict() != Status::Pass;
        let (result, level) = match file.status {
            Status::Fail => ("FAILED", None),
            // A step that everything rests on was not passed.
            Status::Pass if bad && failed_step(verification) => ("FAILED", None),
            Status::Pass if file.normalisations.is_empty() => ("PASSED", Some(LEVEL)),
            Status::Pass => ("PASSED", Some(LEVEL_NORMALISED)),
            Status::Skip | Status::NotPromised => return None,
        };
        let resource_uri = match file.form {
            Form::Module => {
                let version = file.name.strip_suffix(".zip").unwrap_or(&file.name);
                format!("pkg:golang/golang.org/toolchain@{version}")
            }
            Form::Archive | Form::Installer => format!("https://go.dev/dl/{}", file.name),
        };
        Some(Statement {
            kind: "https://in-toto.io/Statement/v1",
            subject: [Resource {
                name: Some(&file.name),
                uri: None,
                digest: Some(Digest {
                    sha256: &file.posted.sha256,
                }),
            }],
            predicate_type: "https://slsa.dev/verification_summary/v1",
            predicate: Predicate {
                verifier: Verifier { id: verifier },
                resource_uri,
                policy: Resource {
                    name: None,
                    uri: Some("urn:goassay:policy:rebuilt-from-source:1".to_owned()),
                    digest: None,
                },
                input_attestations: [],
                verification_result: result,
                verified_levels: level.into_iter().collect(),
                slsa_version: "1.0",
            },
        })
    }
}

fn failed_step(verification: &Verification) -> bool {
    let steps = &verification.steps;
    steps
        .iter()
        .any(|step| matches!(step.status, Status::Fail | Status::Skip))
}

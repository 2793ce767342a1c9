//! OpenVEX 0.2.0: one statement for each advisory, module and file. See `docs/formats/openvex.md`.
//!
//! Depends on its input alone: the document's name is a hash of its content and its time stamp is the day that the run
//! was judged for. Statuses come from [`impact`]; a suppression changes none of them, it is only noted.

use crate::document::{Report, Run, Standing, Target};
use crate::harmless;
use crate::purl;
use crate::render::names::{file_name, hex_sha256, web_address};
use crate::summary::by_module;
use crate::verdict::{Impact, impact};
use goassay_vuln::finding::{Finding, Tier};
use serde::Serialize;
use std::io::{self, Write};

const CONTEXT: &str = "https://openvex.dev/ns/v0.2.0";

/// Writes the document.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let run = report.run();
    let statements = statements(run);
    let content = serde_json::to_vec(&(&run.tool.version, &run.as_of, &statements))?;
    let document = Document {
        context: CONTEXT,
        id: format!(
            "https://openvex.dev/docs/public/vex-{}",
            hex_sha256(&content)
        ),
        author: "goassay (automated, not reviewed by a person)",
        role: "Tool",
        timestamp: format!("{}T00:00:00Z", run.as_of),
        version: 1,
        tooling: format!("{}/{}", run.tool.name, run.tool.version),
        statements,
    };
    harmless::write(out, &document)
}

/// All statements, sorted by advisory; equal ones (copies of one file) once. Of several about one advisory the gravest
/// comes last: readers that do not look at subcomponents take the last one.
fn statements(run: &Run) -> Vec<Statement<'_>> {
    let mut statements: Vec<Statement<'_>> = run.targets.iter().flat_map(of_target).collect();
    statements.sort_by_key(|s| (s.vulnerability.name, gravity(s.status)));
    let mut unique: Vec<Statement<'_>> = Vec::with_capacity(statements.len());
    for statement in statements {
        let same =
            |other: &&Statement<'_>| other.vulnerability.name == statement.vulnerability.name;
        if !unique
            .iter()
            .rev()
            .take_while(same)
            .any(|other| *other == statement)
        {
            unique.push(statement);
        }
    }
    unique
}

fn gravity(status: &str) -> u8 {
    match status {
        "not_affected" => 0,
        "under_investigation" => 1,
        _ => 2,
    }
}

fn of_target(target: &Target) -> impl Iterator<Item = Statement<'_>> {
    target
        .findings()
        .map(|(finding, standing)| Statement::new(target, finding, standing))
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@id")]
    id: String,
    author: &'static str,
    role: &'static str,
    timestamp: String,
    version: u32,
    tooling: String,
    statements: Vec<Statement<'a>>,
}

#[derive(Serialize, PartialEq)]
struct Statement<'a> {
    vulnerability: Vulnerability<'a>,
    products: [Product<'a>; 1],
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_notes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impact_statement: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action_statement: Option<String>,
}

impl<'a> Statement<'a> {
    fn new(target: &'a Target, finding: &'a Finding, standing: Standing<'_>) -> Self {
        let mut statement = Statement {
            vulnerability: Vulnerability::from(finding),
            products: [Product::new(target, finding)],
            status: "affected",
            status_notes: suppression_note(standing),
            justification: None,
            impact_statement: None,
            action_statement: None,
        };
        statement.set_status(impact(target, finding), finding);
        statement
    }

    fn set_status(&mut self, impact: Impact, finding: &Finding) {
        match impact {
            Impact::Affected => self.action_statement = Some(action(finding)),
            Impact::CodeNotPresent => {
                self.status = "not_affected";
                self.justification = Some("vulnerable_code_not_present");
                self.impact_statement = Some(absence(finding.tier).to_owned());
            }
            Impact::Undecided(why) => {
                self.status = "under_investigation";
                let suppression = self
                    .status_notes
                    .take()
                    .map(|note| format!("; {note}"))
                    .unwrap_or_default();
                self.status_notes = Some(format!("not decided: {why}{suppression}"));
            }
        }
    }
}

fn suppression_note(standing: Standing<'_>) -> Option<String> {
    match standing {
        Standing::Suppressed(by) => Some(format!(
            "suppressed by the user, which is no evidence: {}",
            by.reason
        )),
        Standing::Counts | Standing::Known => None,
    }
}

fn action(finding: &Finding) -> String {
    let upgrades = by_module(std::iter::once(finding));
    upgrades.iter().map(|upgrade| upgrade.advice()).collect()
}

fn absence(tier: Tier) -> &'static str {
    match tier {
        Tier::Module => {
            "package not linked: the binary contains no code of the vulnerable packages"
        }
        Tier::Package | Tier::Linked => {
            "the vulnerable package is linked, none of the advisory's symbols is in the binary, inlined or not"
        }
    }
}

#[derive(Serialize, PartialEq)]
struct Vulnerability<'a> {
    #[serde(rename = "@id", skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    name: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    aliases: &'a [String],
}

impl<'a> From<&'a Finding> for Vulnerability<'a> {
    fn from(finding: &'a Finding) -> Self {
        let advisory = &finding.advisory;
        Vulnerability {
            id: web_address(&advisory.url),
            name: &advisory.id,
            aliases: &advisory.aliases,
        }
    }
}

#[derive(Serialize, PartialEq)]
struct Product<'a> {
    #[serde(rename = "@id")]
    id: String,
    identifiers: Identifiers,
    #[serde(skip_serializing_if = "Option::is_none")]
    hashes: Option<Hashes<'a>>,
    subcomponents: [Subcomponent; 1],
}

impl<'a> Product<'a> {
    fn new(target: &'a Target, finding: &Finding) -> Self {
        let id = product_purl(target);
        Product {
            identifiers: Identifiers { purl: id.clone() },
            id,
            hashes: target.sha256.as_deref().map(|sha256| Hashes { sha256 }),
            subcomponents: [Subcomponent::from(purl::golang(
                &finding.module.path,
                &finding.module.version,
            ))],
        }
    }
}

fn product_purl(target: &Target) -> String {
    match &target.facts.main_module {
        Some(main) if !main.path.is_empty() => purl::golang(&main.path, &main.version),
        _ => purl::file(file_name(&target.path), target.sha256.as_deref()),
    }
}

#[derive(Serialize, PartialEq)]
struct Subcomponent {
    #[serde(rename = "@id")]
    id: String,
    identifiers: Identifiers,
}

impl From<String> for Subcomponent {
    fn from(purl: String) -> Self {
        Subcomponent {
            id: purl.clone(),
            identifiers: Identifiers { purl },
        }
    }
}

#[derive(Serialize, PartialEq)]
struct Identifiers {
    purl: String,
}

#[derive(Serialize, PartialEq)]
struct Hashes<'a> {
    #[serde(rename = "sha-256")]
    sha256: &'a str,
}

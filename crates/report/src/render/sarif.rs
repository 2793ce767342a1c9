//! SARIF 2.1.0: one run, a rule for each advisory, a result for each finding. See `docs/formats/sarif.md`.
//!
//! Failures and gaps are notifications of the invocation. Fingerprints name advisory, module, tier and program, not
//! addresses or directories, so that they survive a rebuild.

use crate::document::{Failure, Report, Run, Standing, Target};
use crate::harmless;
use crate::render::names::{file_name, hex_sha256, uri, web_address};
use crate::summary::by_module;
use goassay_vuln::finding::{Advisory, Applies, Finding, Symbol, Tier, TierEvidence};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const FINGERPRINT: &str = "goassayFinding/v1";

/// Writes the log.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let run = report.run();
    let rules: Vec<&Advisory> = rules(run);
    let files = Files::new(run);
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [RunWire {
            tool: ToolWire {
                driver: Driver::new(run, &rules),
            },
            invocations: [Invocation::new(report, &files)],
            artifacts: files
                .0
                .iter()
                .map(|target| Artifact::from(*target))
                .collect(),
            results: results(run, &rules, &files),
            properties: RunProperties::new(report),
        }],
    };
    harmless::write(out, &log)
}

/// The advisories of all findings, each once, sorted by id.
fn rules(run: &Run) -> Vec<&Advisory> {
    let findings = run.targets.iter().flat_map(|target| &target.scan.findings);
    let by_id: BTreeMap<&str, &Advisory> = findings
        .map(|f| (f.advisory.id.as_str(), &f.advisory))
        .collect();
    by_id.into_values().collect()
}

/// One target for each file, sorted by path: the slices of a fat file are one artifact.
struct Files<'a>(Vec<&'a Target>);

impl<'a> Files<'a> {
    fn new(run: &'a Run) -> Self {
        Files(
            run.targets
                .chunk_by(|a, b| a.path == b.path)
                .filter_map(|members| members.first())
                .collect(),
        )
    }

    fn index(&self, target: &Target) -> usize {
        self.0.partition_point(|file| file.path < target.path)
    }
}

fn results<'a>(run: &'a Run, rules: &[&Advisory], files: &Files<'_>) -> Vec<ResultWire<'a>> {
    let mut results = Vec::new();
    let mut fingerprints = Fingerprints::default();
    for target in &run.targets {
        let index = files.index(target);
        for (finding, standing) in target.findings() {
            let rule = rules.partition_point(|rule| rule.id < finding.advisory.id);
            let place = Placed {
                index,
                target,
                finding,
            };
            results.push(ResultWire {
                rule_id: &finding.advisory.id,
                rule_index: rule,
                kind: "fail",
                level: level(finding),
                message: Text {
                    text: message(target, finding),
                },
                locations: [Location::from(place)],
                partial_fingerprints: BTreeMap::from([(
                    FINGERPRINT,
                    fingerprints.of(target, finding),
                )]),
                suppressions: suppressions(standing),
                baseline_state: run.baseline.as_ref().map(|_| baseline_state(standing)),
                properties: ResultProperties::from(place),
            });
        }
    }
    results
}

/// `linked` is an error, `package` and what is not decided a warning, `module` a note.
fn level(finding: &Finding) -> &'static str {
    match (&finding.applies, finding.tier) {
        (Applies::Undecided(_), _) => "warning",
        (Applies::Affected, Tier::Linked) => "error",
        (Applies::Affected, Tier::Package) => "warning",
        (Applies::Affected, Tier::Module) => "note",
    }
}

fn message(target: &Target, finding: &Finding) -> String {
    let module = &finding.module;
    let found = format!(
        "{} in {} {}: {}",
        finding.advisory.id,
        module.path,
        module.version,
        presence(target, finding)
    );
    let doubt = match (&finding.applies, &finding.evidence) {
        (Applies::Undecided(why), _) => {
            format!(" Not decided whether this version is affected: {why}.")
        }
        (Applies::Affected, TierEvidence::AtLeast(gap)) => {
            format!(" The tier may be higher: {gap}.")
        }
        (Applies::Affected, TierEvidence::Read) => String::new(),
    };
    let upgrades = by_module(std::iter::once(finding));
    let advice: String = upgrades
        .iter()
        .map(|upgrade| format!(" To do: {}.", upgrade.advice()))
        .collect();
    found + &doubt + &advice
}

fn presence(target: &Target, finding: &Finding) -> String {
    match finding.tier {
        Tier::Linked if finding.whole_package => {
            "the vulnerable package is linked, and the advisory covers all of it.".to_owned()
        }
        Tier::Linked => match target.symbols_of(finding).next() {
            Some(first) => format!(
                "vulnerable code is linked ({}.{}{}).",
                first.package,
                first.name,
                more(finding)
            ),
            None => {
                "the vulnerable package is linked, and the advisory covers all of it.".to_owned()
            }
        },
        Tier::Package => {
            "the vulnerable package is linked, none of the vulnerable symbols is.".to_owned()
        }
        Tier::Module => {
            "only the module is recorded, the vulnerable package is not linked.".to_owned()
        }
    }
}

fn more(finding: &Finding) -> String {
    match finding.symbols.len() {
        0 | 1 => String::new(),
        n => format!(" and {} more", n - 1),
    }
}

fn suppressions(standing: Standing<'_>) -> Vec<Suppression<'_>> {
    match standing {
        Standing::Suppressed(by) => vec![Suppression {
            kind: "external",
            justification: &by.reason,
        }],
        Standing::Counts | Standing::Known => vec![],
    }
}

fn baseline_state(standing: Standing<'_>) -> &'static str {
    match standing {
        Standing::Known => "unchanged",
        Standing::Counts | Standing::Suppressed(_) => "new",
    }
}

/// Fingerprints, each once in a run: a second finding with the same one (the same program in another directory) gets
/// a number.
#[derive(Default)]
struct Fingerprints(BTreeMap<String, usize>);

impl Fingerprints {
    fn of(&mut self, target: &Target, finding: &Finding) -> String {
        let facts = &target.facts;
        let parts: [&str; 8] = [
            &finding.advisory.id,
            &finding.module.path,
            finding.tier.name(),
            file_name(&target.path),
            target.member.as_deref().unwrap_or(""),
            facts.main_package.as_deref().unwrap_or(""),
            facts.os.as_deref().unwrap_or(""),
            &facts.arch,
        ];
        // A NUL cannot be part of a path; where hostile text has one, two findings share a fingerprint at worst.
        let hash = hex_sha256(parts.join("\0").as_bytes());
        let count = self.0.entry(hash.clone()).or_insert(0);
        *count += 1;
        format!("{hash}:{count}")
    }
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [RunWire<'a>; 1],
}

#[derive(Serialize)]
struct RunWire<'a> {
    tool: ToolWire<'a>,
    invocations: [Invocation; 1],
    artifacts: Vec<Artifact<'a>>,
    results: Vec<ResultWire<'a>>,
    properties: RunProperties<'a>,
}

#[derive(Serialize)]
struct ToolWire<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
struct Driver<'a> {
    name: &'a str,
    #[serde(rename = "semanticVersion")]
    version: &'a str,
    rules: Vec<Rule<'a>>,
}

impl<'a> Driver<'a> {
    fn new(run: &'a Run, rules: &[&'a Advisory]) -> Self {
        let rules = rules.iter().map(|advisory| Rule::from(*advisory)).collect();
        Driver {
            name: &run.tool.name,
            version: &run.tool.version,
            rules,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    id: &'a str,
    short_description: Text,
    full_description: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<&'a str>,
    help: Text,
    properties: RuleProperties<'a>,
}

#[derive(Serialize)]
struct RuleProperties<'a> {
    tags: BTreeSet<&'a str>,
}

impl<'a> From<&'a Advisory> for Rule<'a> {
    fn from(advisory: &'a Advisory) -> Self {
        let also = match advisory.aliases.is_empty() {
            true => String::new(),
            false => format!(" ({})", advisory.aliases.join(", ")),
        };
        let text = format!("Go vulnerability {}{also}", advisory.id);
        let tags = ["security", "vulnerability"]
            .into_iter()
            .chain(advisory.aliases.iter().map(String::as_str));
        Rule {
            id: &advisory.id,
            short_description: Text { text: text.clone() },
            full_description: Text { text },
            help_uri: web_address(&advisory.url),
            help: Text {
                text: format!("Described at {}", advisory.url),
            },
            properties: RuleProperties {
                tags: tags.collect(),
            },
        }
    }
}

#[derive(Serialize)]
struct Text {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    exit_code: u8,
    tool_execution_notifications: Vec<Notification>,
}

impl Invocation {
    fn new(report: &Report, files: &Files<'_>) -> Self {
        let run = report.run();
        let failures = run.failures.iter().map(Notification::from);
        let gaps_of = |target| Notification::of_gaps(files.index(target), target);
        let gaps = run.targets.iter().flat_map(gaps_of);
        Invocation {
            execution_successful: report.verdict().obstacles.is_empty(),
            exit_code: report.exit_code(),
            tool_execution_notifications: failures.chain(gaps).collect(),
        }
    }
}

#[derive(Serialize)]
struct Notification {
    descriptor: Descriptor,
    level: &'static str,
    message: Text,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<NotificationLocation>,
}

#[derive(Serialize)]
struct Descriptor {
    id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NotificationLocation {
    physical_location: PhysicalLocation,
}

impl NotificationLocation {
    fn new(path: &str, index: Option<usize>) -> Self {
        let artifact_location = ArtifactLocation {
            uri: uri(path),
            index,
        };
        NotificationLocation {
            physical_location: PhysicalLocation { artifact_location },
        }
    }
}

impl From<&Failure> for Notification {
    fn from(failure: &Failure) -> Self {
        let hint = failure
            .hint
            .as_ref()
            .map(|hint| format!(". {hint}"))
            .unwrap_or_default();
        let location =
            (!failure.path.is_empty()).then(|| NotificationLocation::new(&failure.path, None));
        Notification {
            descriptor: Descriptor {
                id: format!("failure/{}", failure.kind.name()),
            },
            level: "error",
            message: Text {
                text: format!("{}{hint}", failure.message),
            },
            locations: location.into_iter().collect(),
        }
    }
}

impl Notification {
    fn of_gaps(index: usize, target: &Target) -> impl Iterator<Item = Notification> {
        target.scan.gaps.iter().map(move |gap| Notification {
            descriptor: Descriptor {
                id: format!("gap/{}", gap.topic.name()),
            },
            level: "warning",
            message: Text {
                text: format!("Not read: {gap}"),
            },
            locations: vec![NotificationLocation::new(&target.path, Some(index))],
        })
    }
}

#[derive(Serialize)]
struct Artifact<'a> {
    location: ArtifactLocation,
    roles: [&'static str; 1],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    hashes: BTreeMap<&'static str, &'a str>,
}

impl<'a> From<&'a Target> for Artifact<'a> {
    fn from(target: &'a Target) -> Self {
        Artifact {
            location: ArtifactLocation {
                uri: uri(&target.path),
                index: None,
            },
            roles: ["analysisTarget"],
            hashes: target
                .sha256
                .as_deref()
                .map(|sha256| ("sha-256", sha256))
                .into_iter()
                .collect(),
        }
    }
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultWire<'a> {
    rule_id: &'a str,
    rule_index: usize,
    kind: &'static str,
    level: &'static str,
    message: Text,
    locations: [Location; 1],
    partial_fingerprints: BTreeMap<&'static str, String>,
    suppressions: Vec<Suppression<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline_state: Option<&'static str>,
    properties: ResultProperties<'a>,
}

#[derive(Serialize)]
struct Suppression<'a> {
    kind: &'static str,
    justification: &'a str,
}

/// A finding and where it is.
#[derive(Clone, Copy)]
struct Placed<'a> {
    index: usize,
    target: &'a Target,
    finding: &'a Finding,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<LogicalLocation>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
}

#[derive(Serialize, PartialEq)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    name: String,
    fully_qualified_name: String,
    kind: &'static str,
}

impl From<Placed<'_>> for Location {
    fn from(placed: Placed<'_>) -> Self {
        let artifact_location = ArtifactLocation {
            uri: uri(&placed.target.path),
            index: Some(placed.index),
        };
        let finding = placed.finding;
        let logical_locations = if finding.whole_package || finding.symbols.is_empty() {
            finding
                .packages
                .iter()
                .map(|package| LogicalLocation::package(package))
                .collect()
        } else {
            placed
                .target
                .symbols_of(finding)
                .map(LogicalLocation::from)
                .collect()
        };
        Location {
            physical_location: PhysicalLocation { artifact_location },
            logical_locations,
        }
    }
}

impl From<&Symbol> for LogicalLocation {
    fn from(symbol: &Symbol) -> Self {
        let fully_qualified_name = format!("{}.{}", symbol.package, symbol.name);
        LogicalLocation {
            name: symbol.name.clone(),
            fully_qualified_name,
            kind: "function",
        }
    }
}

impl LogicalLocation {
    fn package(path: &str) -> Self {
        LogicalLocation {
            name: path.to_owned(),
            fully_qualified_name: path.to_owned(),
            kind: "package",
        }
    }
}

#[derive(Serialize)]
struct ResultProperties<'a> {
    tier: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<&'a str>,
    module: &'a str,
    #[serde(rename = "moduleVersion")]
    version: &'a str,
    #[serde(rename = "fixedVersion", skip_serializing_if = "Option::is_none")]
    fixed: Option<&'a str>,
}

impl<'a> From<Placed<'a>> for ResultProperties<'a> {
    fn from(
        Placed {
            target, finding, ..
        }: Placed<'a>,
    ) -> Self {
        ResultProperties {
            tier: finding.tier.name(),
            member: target.member.as_deref(),
            module: &finding.module.path,
            version: &finding.module.version,
            fixed: finding.fixed.as_deref(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RunProperties<'a> {
    as_of: &'a str,
    verdict: &'static str,
    database_source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    database_revision: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    database_date: Option<&'a str>,
    database_sha256: &'a str,
}

impl<'a> RunProperties<'a> {
    fn new(report: &'a Report) -> Self {
        let identity = &report.run().database.identity;
        RunProperties {
            as_of: &report.run().as_of,
            verdict: report.verdict().outcome.name(),
            database_source: &identity.source,
            database_revision: identity.revision.as_deref(),
            database_date: identity.date.as_deref(),
            database_sha256: &identity.sha256,
        }
    }
}

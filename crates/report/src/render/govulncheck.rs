//! The message stream of `govulncheck -format json` (protocol v1.0.0, binary mode), so that what reads govulncheck
//! reads us. See `docs/formats/govulncheck.md` for every place where we cannot or do not want to say the same.
//!
//! One section for each target: config, progress, SBOM, osv, progress, findings at module, package and symbol level.

use crate::document::{Failure, Report, Run, Standing, Target};
use crate::harmless;
use crate::release::semver;
use crate::verdict::{Sort, sort};
use goassay_vuln::finding::{Advisory, Applies, Finding, ReviewStatus, TierEvidence};
use serde::Serialize;
use std::io::{self, Write};

const PROTOCOL: &str = "v1.0.0";
/// What the format says where there is no time: the zero value of its `time.Time`.
const NO_TIME: &str = "0001-01-01T00:00:00Z";
/// Stands for "all of the package" where no symbols can be named, so that readers see the symbol level.
const WHOLE_PACKAGE: &str = "*";

/// Writes the stream.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let run = report.run();
    if run.targets.is_empty() {
        harmless::write(out, &Message::Config(Config::new(run, None)))?;
    }
    for target in &run.targets {
        section(run, target, out)?;
    }
    run.failures
        .iter()
        .try_for_each(|failure| progress(out, failed(failure)))
}

fn section(run: &Run, target: &Target, out: &mut dyn Write) -> io::Result<()> {
    harmless::write(out, &Message::Config(Config::new(run, Some(target))))?;
    progress(
        out,
        format!("Scanning {} for known vulnerabilities...", display(target)),
    )?;
    harmless::write(out, &Message::Sbom(Sbom::from(target)))?;
    advisories(target)
        .into_iter()
        .try_for_each(|entry| harmless::write(out, &Message::Osv(entry)))?;
    progress(
        out,
        "Checking the binary against the vulnerabilities...".to_owned(),
    )?;
    remarks(target)
        .into_iter()
        .try_for_each(|remark| progress(out, remark))?;
    for level in [
        findings_of_module,
        findings_of_packages,
        findings_of_symbols,
    ] {
        for finding in told(target) {
            level(target, finding)
                .into_iter()
                .try_for_each(|f| harmless::write(out, &Message::Finding(f)))?;
        }
    }
    Ok(())
}

fn display(target: &Target) -> String {
    match &target.member {
        Some(member) => format!("{}({member})", target.path),
        None => target.path.clone(),
    }
}

fn progress(out: &mut dyn Write, message: String) -> io::Result<()> {
    harmless::write(out, &Message::Progress(Progress { message }))
}

/// The findings that the protocol has words for: affected, and not taken out by the user.
fn told(target: &Target) -> impl Iterator<Item = &Finding> {
    let told = |(finding, standing): &(&Finding, Standing<'_>)| {
        *standing == Standing::Counts && finding.applies == Applies::Affected
    };
    target.findings().filter(told).map(|(finding, _)| finding)
}

/// What the protocol has no message for, as progress messages: gaps, findings that are left out or over-reported.
fn remarks(target: &Target) -> Vec<String> {
    let gaps = target
        .scan
        .gaps
        .iter()
        .map(|gap| format!("warning: not read: {gap}"));
    let findings = target.findings();
    gaps.chain(findings.filter_map(|(finding, standing)| remark(finding, standing)))
        .collect()
}

fn remark(finding: &Finding, standing: Standing<'_>) -> Option<String> {
    let name = format!("{} in {}", finding.advisory.id, finding.module.path);
    match (standing, &finding.applies) {
        (Standing::Suppressed(by), _) => Some(format!("suppressed: {name}: {}", by.reason)),
        (Standing::Known, _) => Some(format!("in the baseline: {name}")),
        (Standing::Counts, Applies::Undecided(why)) => {
            Some(format!("warning: not decided: {name}: {why}"))
        }
        (Standing::Counts, Applies::Affected) => match &finding.evidence {
            TierEvidence::AtLeast(gap) => Some(format!(
                "warning: reported as if all of it were there: {name}: {gap}"
            )),
            TierEvidence::Read => None,
        },
    }
}

fn failed(failure: &Failure) -> String {
    format!(
        "warning: not examined: {}: {}",
        failure.path, failure.message
    )
}

#[derive(Serialize)]
enum Message<'a> {
    #[serde(rename = "config")]
    Config(Config<'a>),
    #[serde(rename = "progress")]
    Progress(Progress),
    #[serde(rename = "SBOM")]
    Sbom(Sbom<'a>),
    #[serde(rename = "osv")]
    Osv(Entry<'a>),
    #[serde(rename = "finding")]
    Finding(FindingWire<'a>),
}

#[derive(Serialize)]
struct Progress {
    message: String,
}

#[derive(Serialize)]
struct Config<'a> {
    protocol_version: &'static str,
    scanner_name: &'a str,
    scanner_version: String,
    db: &'a str,
    db_last_modified: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    go_version: Option<&'a str>,
    scan_level: &'static str,
    scan_mode: &'static str,
}

impl<'a> Config<'a> {
    fn new(run: &'a Run, target: Option<&'a Target>) -> Self {
        Config {
            protocol_version: PROTOCOL,
            scanner_name: &run.tool.name,
            scanner_version: format!("v{}", run.tool.version),
            db: &run.database.identity.source,
            db_last_modified: time(run.database.identity.date.as_deref()),
            go_version: target.and_then(|t| t.facts.go_version.as_deref()),
            scan_level: "symbol",
            scan_mode: "binary",
        }
    }
}

/// A date or time as RFC 3339.
fn time(time: Option<&str>) -> String {
    match time {
        Some(day) if day.len() == "YYYY-MM-DD".len() => format!("{day}T00:00:00Z"),
        Some(time) => time.to_owned(),
        None => NO_TIME.to_owned(),
    }
}

#[derive(Serialize)]
struct Sbom<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    go_version: Option<&'a str>,
    modules: Vec<Module<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    roots: Option<[&'a str; 1]>,
}

#[derive(Serialize)]
struct Module<'a> {
    path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    version: &'a str,
}

impl<'a> From<&'a Target> for Sbom<'a> {
    fn from(target: &'a Target) -> Self {
        let facts = &target.facts;
        let main = facts.main_module.iter().map(|main| Module {
            path: &main.path,
            version: &main.version,
        });
        let dependencies = facts.modules.iter().map(|module| {
            let (path, version) = module.effective();
            Module { path, version }
        });
        let go = Module {
            path: "stdlib",
            version: facts.go_version.as_deref().unwrap_or(""),
        };
        Sbom {
            go_version: facts.go_version.as_deref(),
            modules: main.chain(dependencies).chain([go]).collect(),
            roots: facts.main_module.as_ref().map(|main| [main.path.as_str()]),
        }
    }
}

#[derive(Serialize)]
struct Entry<'a> {
    schema_version: &'static str,
    id: &'a str,
    modified: String,
    published: String,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    aliases: &'a [String],
    details: String,
    affected: Vec<Affected<'a>>,
    database_specific: DatabaseSpecific<'a>,
}

#[derive(Serialize)]
struct DatabaseSpecific<'a> {
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    review_status: Option<&'static str>,
}

#[derive(Serialize)]
struct Affected<'a> {
    package: AffectedModule<'a>,
    ecosystem_specific: EcosystemSpecific<'a>,
}

#[derive(Serialize)]
struct AffectedModule<'a> {
    name: &'a str,
    ecosystem: &'static str,
}

#[derive(Serialize)]
struct EcosystemSpecific<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    imports: Vec<Import<'a>>,
}

#[derive(Serialize)]
struct Import<'a> {
    path: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    symbols: Vec<&'a str>,
}

/// Each advisory with a told finding once; findings are sorted by advisory.
fn advisories(target: &Target) -> Vec<Entry<'_>> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for finding in told(target) {
        let affected = Affected::new(target, finding);
        match entries.last_mut() {
            Some(last) if last.id == finding.advisory.id => last.affected.push(affected),
            _ => entries.push(Entry::new(&finding.advisory, affected)),
        }
    }
    entries
}

impl<'a> Entry<'a> {
    fn new(advisory: &'a Advisory, affected: Affected<'a>) -> Self {
        Entry {
            schema_version: "1.3.1",
            id: &advisory.id,
            modified: time(advisory.modified.as_deref()),
            published: time(advisory.published.as_deref()),
            aliases: &advisory.aliases,
            details: format!("Facts only; described at {}", advisory.url),
            affected: vec![affected],
            database_specific: DatabaseSpecific {
                url: &advisory.url,
                review_status: review(advisory.review),
            },
        }
    }
}

fn review(status: ReviewStatus) -> Option<&'static str> {
    match status {
        ReviewStatus::Reviewed => Some("REVIEWED"),
        ReviewStatus::Unreviewed => Some("UNREVIEWED"),
        ReviewStatus::Unknown => None,
    }
}

impl<'a> Affected<'a> {
    /// Only the packages and symbols that are in this binary: the report has no others.
    fn new(target: &'a Target, finding: &'a Finding) -> Self {
        let import = |path: &'a String| Import {
            path,
            symbols: target
                .symbols_of(finding)
                .filter(|s| s.package == *path)
                .map(|s| s.name.as_str())
                .collect(),
        };
        Affected {
            package: AffectedModule {
                name: &finding.module.path,
                ecosystem: "Go",
            },
            ecosystem_specific: EcosystemSpecific {
                imports: finding.packages.iter().map(import).collect(),
            },
        }
    }
}

#[derive(Serialize)]
struct FindingWire<'a> {
    osv: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed_version: Option<String>,
    trace: [Frame<'a>; 1],
}

#[derive(Serialize)]
struct Frame<'a> {
    module: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    package: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receiver: Option<&'a str>,
}

impl<'a> FindingWire<'a> {
    fn new(finding: &'a Finding, package: Option<&'a str>, symbol: Option<&'a str>) -> Self {
        let (receiver, function) = match symbol.and_then(|name| name.split_once('.')) {
            Some((receiver, function)) => (Some(receiver), Some(function)),
            None => (None, symbol),
        };
        let version = semver(&finding.module.version);
        FindingWire {
            osv: &finding.advisory.id,
            fixed_version: finding.fixed.as_deref().map(semver),
            trace: [Frame {
                module: &finding.module.path,
                version,
                package,
                function,
                receiver,
            }],
        }
    }
}

fn findings_of_module<'a>(_: &'a Target, finding: &'a Finding) -> Vec<FindingWire<'a>> {
    vec![FindingWire::new(finding, None, None)]
}

fn findings_of_packages<'a>(_: &'a Target, finding: &'a Finding) -> Vec<FindingWire<'a>> {
    finding
        .packages
        .iter()
        .map(|package| FindingWire::new(finding, Some(package), None))
        .collect()
}

/// Where the names could not be read, the reference reports all of an advisory as found; a lower level would be read
/// as "not there".
fn findings_of_symbols<'a>(target: &'a Target, finding: &'a Finding) -> Vec<FindingWire<'a>> {
    let symbols = target.symbols_of(finding);
    let found: Vec<_> = symbols
        .map(|s| FindingWire::new(finding, Some(&s.package), Some(&s.name)))
        .collect();
    let whole = |package: &'a String| FindingWire::new(finding, Some(package), Some(WHOLE_PACKAGE));
    match (found.is_empty(), sort(finding, Standing::Counts)) {
        (true, Sort::TierUnknown) if finding.packages.is_empty() => {
            vec![whole(&finding.module.path)]
        }
        (true, Sort::TierUnknown | Sort::Linked) => finding.packages.iter().map(whole).collect(),
        _ => found,
    }
}

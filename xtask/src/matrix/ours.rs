//! What goassay says about a file, read from its own documents.

use crate::reference::{self, Findings, Triple};
use crate::run::{Context, Outcome, workspace};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program under test: `$GOASSAY`, or the release build.
pub(crate) fn program() -> PathBuf {
    std::env::var_os("GOASSAY")
        .map_or_else(|| workspace().join("target/release/goassay"), PathBuf::from)
}

/// What one scan says.
#[derive(Debug, Clone, Default)]
pub(super) struct Scan {
    /// Linked symbols of advisories that apply, in all targets of the file.
    pub(super) symbols: BTreeSet<Triple>,
    /// Findings that apply, at any tier: advisory and module.
    pub(super) findings: BTreeSet<(String, String)>,
    /// What could not be read: gaps in what was examined, and why something was not.
    pub(super) gaps: Vec<String>,
    /// Exit code.
    pub(super) code: Option<i32>,
}

#[derive(Deserialize)]
struct Document {
    targets: Vec<Target>,
    failures: Vec<Failure>,
}

#[derive(Deserialize)]
struct Failure {
    message: String,
}

#[derive(Deserialize)]
struct Target {
    findings: Vec<Finding>,
    symbols: Vec<Symbol>,
    gaps: Vec<Gap>,
}

#[derive(Deserialize)]
struct Finding {
    id: String,
    module: Module,
    applies: Status,
    symbols: Vec<usize>,
}

#[derive(Deserialize)]
struct Module {
    path: String,
}

#[derive(Deserialize)]
struct Status {
    status: String,
}

#[derive(Deserialize)]
struct Symbol {
    package: String,
    name: String,
}

#[derive(Deserialize)]
struct Gap {
    topic: String,
    reason: String,
}

fn run(file: &Path, database: &Path, format: &str) -> Outcome<(Vec<u8>, Option<i32>)> {
    let mut command = Command::new(program());
    command.args([
        "scan",
        "--no-progress",
        "--offline",
        "--format",
        format,
        "--db",
    ]);
    let out = command
        .arg(database)
        .arg(file)
        .output()
        .context(program().display())?;
    if out.stdout.is_empty() {
        return Err(format!(
            "{command:?}: {}",
            String::from_utf8_lossy(&out.stderr).trim()
        ));
    }
    Ok((out.stdout, out.status.code()))
}

/// Scans a file, through the JSON document.
pub(super) fn scan(file: &Path, database: &Path) -> Outcome<Scan> {
    let (stdout, code) = run(file, database, "json")?;
    let document: Document = serde_json::from_slice(&stdout).context("document of goassay")?;
    let mut scan = Scan {
        code,
        ..Scan::default()
    };
    scan.gaps
        .extend(document.failures.into_iter().map(|f| f.message));
    for target in document.targets {
        scan.gaps.extend(
            target
                .gaps
                .into_iter()
                .map(|g| format!("{}: {}", g.topic, g.reason)),
        );
        for finding in target
            .findings
            .into_iter()
            .filter(|f| f.applies.status == "affected")
        {
            let id = finding.id;
            scan.findings.insert((id.clone(), finding.module.path));
            let triple = |s: &Symbol| Triple {
                id: id.clone(),
                package: s.package.clone(),
                symbol: s.name.clone(),
            };
            let symbols = finding
                .symbols
                .iter()
                .filter_map(|&at| target.symbols.get(at));
            scan.symbols.extend(symbols.map(triple));
        }
    }
    Ok(scan)
}

/// Scans a file, through the message stream that reads like govulncheck's.
pub(super) fn stream(file: &Path, database: &Path) -> Outcome<Findings> {
    reference::parse(&run(file, database, "govulncheck")?.0)
}

//! What govulncheck says about a binary: the reference that scans are compared with.
//!
//! Only its output is read. Its own parsing quirks are not corrected here (see `matrix::compare`).

use crate::go::{GOVULNCHECK, install};
use crate::run::{Context, Outcome, output};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One vulnerable symbol in a binary.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub(crate) struct Triple {
    /// Advisory.
    pub(crate) id: String,
    /// Import path.
    pub(crate) package: String,
    /// `Type.Method` or `Function`.
    pub(crate) symbol: String,
}

/// The result of one scan.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Findings {
    /// Findings at symbol level.
    pub(crate) symbols: BTreeSet<Triple>,
    /// Advisory, module: the attribution of each advisory that has findings at symbol level.
    pub(crate) modules: BTreeSet<(String, String)>,
    /// Advisories at any level.
    pub(crate) ids: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Message {
    finding: Option<Finding>,
}

#[derive(Deserialize)]
struct Finding {
    osv: String,
    trace: Vec<Frame>,
}

#[derive(Deserialize)]
struct Frame {
    module: String,
    package: Option<String>,
    function: Option<String>,
    receiver: Option<String>,
}

/// The folder of OSV files that both sides read: `$GOASSAY_VULNDB`.
pub(crate) fn database() -> Option<PathBuf> {
    std::env::var_os("GOASSAY_VULNDB").map(PathBuf::from)
}

/// Scans a binary with govulncheck.
pub(crate) fn scan(binary: &Path, database: &Path) -> Outcome<Findings> {
    let mut command = Command::new(install(GOVULNCHECK)?);
    command
        .args(["-mode", "binary", "-format", "json", "-db"])
        .arg(format!("file://{}", database.display()));
    parse(&output(command.arg(binary))?)
}

/// Reads the message stream of `-format json`, which goassay writes too.
pub(crate) fn parse(stream: &[u8]) -> Outcome<Findings> {
    let mut findings = Findings::default();
    for message in serde_json::Deserializer::from_slice(stream).into_iter::<Message>() {
        let Some(finding) = message.context("message stream")?.finding else {
            continue;
        };
        let Some(frame) = finding.trace.into_iter().next() else {
            continue;
        };
        if let (Some(package), Some(function)) = (frame.package, frame.function) {
            // Receivers are written with their pointer, which the database leaves out.
            let receiver = frame.receiver.unwrap_or_default();
            let symbol = match receiver.trim_start_matches('*') {
                "" => function,
                receiver => format!("{receiver}.{function}"),
            };
            findings.symbols.insert(Triple {
                id: finding.osv.clone(),
                package,
                symbol,
            });
            findings.modules.insert((finding.osv.clone(), frame.module));
        }
        findings.ids.insert(finding.osv);
    }
    Ok(findings)
}

#[derive(Deserialize)]
struct Extract {
    #[serde(rename = "pkgSymbols")]
    symbols: Option<Vec<PackageSymbol>>,
}

#[derive(Deserialize)]
struct PackageSymbol {
    #[serde(default)]
    pkg: String,
    name: String,
}

/// Package and name of every function in the binary as `govulncheck -mode extract` gives them; empty without symbols.
pub(crate) fn extract(binary: &Path) -> Outcome<BTreeSet<(String, String)>> {
    let blob = output(
        Command::new(install(GOVULNCHECK)?)
            .args(["-mode", "extract"])
            .arg(binary),
    )?;
    let body = serde_json::Deserializer::from_slice(&blob)
        .into_iter::<serde_json::Value>()
        .nth(1);
    let body = body.ok_or("govulncheck wrote no body")?.context("body")?;
    let extract: Extract = serde_json::from_value(body).context("body")?;
    Ok(extract
        .symbols
        .into_iter()
        .flatten()
        .map(|s| (s.pkg, s.name))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbol_findings_are_told_from_module_findings() {
        let stream = br#"{"config":{}}
            {"finding":{"osv":"GO-1","trace":[{"module":"m","package":"m/p","function":"F","receiver":"*T"}]}}
            {"finding":{"osv":"GO-1","trace":[{"module":"m"}]}} {"finding":{"osv":"GO-2","trace":[{"module":"n"}]}}"#;
        let found = parse(stream).unwrap();
        let want = Triple {
            id: "GO-1".into(),
            package: "m/p".into(),
            symbol: "T.F".into(),
        };
        assert_eq!(found.symbols, BTreeSet::from([want]));
        assert_eq!(found.ids.len(), 2);
        assert_eq!(found.modules, BTreeSet::from([("GO-1".into(), "m".into())]));
    }
}

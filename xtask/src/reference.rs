//! What govulncheck says about a binary: the reference that scans are compared with.
//!
//! Only its output is read. Its own parsing quirks are not corrected here (see `matrix::compare`).

use crate::go::{GOVULNCHECK, install};
use crate::run::{Context, Outcome, output, work, write};
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
    /// Modules that the advisories it looked at are about.
    pub(crate) advised: BTreeSet<String>,
}

/// What it extracts from a binary before it matches anything.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Extract {
    /// Package and name of every function; empty where it did not find them.
    pub(crate) symbols: BTreeSet<(String, String)>,
    /// Path of each module in the build info, and of what replaces it (itself where nothing does).
    pub(crate) modules: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Message {
    finding: Option<Finding>,
    osv: Option<Advisory>,
}

#[derive(Deserialize)]
struct Advisory {
    affected: Vec<Affected>,
}

#[derive(Deserialize)]
struct Affected {
    package: AffectedModule,
}

#[derive(Deserialize)]
struct AffectedModule {
    name: String,
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

/// The folder of OSV files that both sides read: `$GOASSAY_VULNDB`; or the published archive beside the checkout,
/// unpacked.
pub(crate) fn database() -> Outcome<PathBuf> {
    if let Some(folder) = std::env::var_os("GOASSAY_VULNDB") {
        return Ok(PathBuf::from(folder));
    }
    let archive = crate::vulndb::beside_the_checkout().map_err(|e| e.to_string())?;
    let folder = work()
        .join("osv")
        .join(archive.file_stem().unwrap_or_default());
    if !folder.join(".complete").exists() {
        unpack(&archive, &folder)?;
        write(&folder.join(".complete"), "")?;
    }
    Ok(folder)
}

/// The advisories of an archive, without its folders.
fn unpack(archive: &Path, folder: &Path) -> Outcome {
    let file = std::fs::File::open(archive).context(archive.display())?;
    let mut archive = zip::ZipArchive::new(file).context(archive.display())?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).context("archive")?;
        let name = entry.enclosed_name().filter(|name| is_advisory(name));
        if let Some(name) = name.as_deref().and_then(Path::file_name) {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut bytes).context("archive")?;
            write(&folder.join(name), bytes)?;
        }
    }
    Ok(())
}

/// `…/osv/GO-2021-0001.json`.
fn is_advisory(name: &Path) -> bool {
    let file = name.file_name().unwrap_or_default().to_string_lossy();
    name.parent().is_some_and(|p| p.ends_with("osv"))
        && file.starts_with("GO-")
        && file.ends_with(".json")
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
        let message = message.context("message stream")?;
        let about = message.osv.into_iter().flat_map(|osv| osv.affected);
        findings.advised.extend(about.map(|a| a.package.name));
        let Some(finding) = message.finding else {
            continue;
        };
        let Some(frame) = finding.trace.into_iter().next() else {
            continue;
        };
        if let (Some(package), Some(symbol)) =
            (frame.package, symbol(frame.receiver, frame.function))
        {
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

/// The symbol of a frame, none at the levels above. Receivers are written with their pointer, which the database leaves
/// out. A function without a name is left out of the stream: it stands for a name that was cut to nothing.
fn symbol(receiver: Option<String>, function: Option<String>) -> Option<String> {
    let receiver = receiver.unwrap_or_default();
    match (receiver.trim_start_matches('*'), function) {
        ("", function) => function,
        (receiver, function) => Some(format!("{receiver}.{}", function.unwrap_or_default())),
    }
}

#[derive(Deserialize)]
struct Body {
    #[serde(rename = "pkgSymbols")]
    symbols: Option<Vec<PackageSymbol>>,
    modules: Option<Vec<Module>>,
    main: Option<Module>,
}

#[derive(Deserialize)]
struct PackageSymbol {
    #[serde(default)]
    pkg: String,
    name: String,
}

#[derive(Deserialize)]
struct Module {
    #[serde(rename = "Path")]
    path: String,
    #[serde(rename = "Replace")]
    replace: Option<Box<Module>>,
}

/// What `govulncheck -mode extract` reads.
pub(crate) fn extract(binary: &Path) -> Outcome<Extract> {
    let blob = output(
        Command::new(install(GOVULNCHECK)?)
            .args(["-mode", "extract"])
            .arg(binary),
    )?;
    let body = serde_json::Deserializer::from_slice(&blob)
        .into_iter::<serde_json::Value>()
        .nth(1);
    let body = body.ok_or("govulncheck wrote no body")?.context("body")?;
    let body: Body = serde_json::from_value(body).context("body")?;
    let effective = |m: Module| {
        let by = m.replace.map_or_else(|| m.path.clone(), |r| r.path);
        (m.path, by)
    };
    Ok(Extract {
        symbols: body
            .symbols
            .into_iter()
            .flatten()
            .map(|s| (s.pkg, s.name))
            .collect(),
        modules: body
            .modules
            .into_iter()
            .flatten()
            .chain(body.main)
            .map(effective)
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_alone_is_a_name_that_was_cut() {
        assert_eq!(symbol(Some("glob".into()), None).as_deref(), Some("glob."));
        assert_eq!(
            symbol(Some("*T".into()), Some("m".into())).as_deref(),
            Some("T.m")
        );
        assert_eq!(symbol(None, None), None);
    }

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

//! Which findings count: applies the suppressions of the configuration file and the baseline to what was found.
//!
//! What fits what is decided in `goassay-vuln`; here the entries and the earlier document become its values, and its
//! answers are written into the targets. Nothing is removed: a finding that does not count keeps its place and its reason.

use crate::config::Config;
use crate::database::published::date_of;
use crate::failure::{Failure, Kind};
use goassay_report::document::{self, IdleCause, IdleSuppression, Suppressed, Target};
use goassay_vuln::baseline::{Baseline, Known};
use goassay_vuln::date::Date;
use goassay_vuln::finding::Tier;
use goassay_vuln::suppress::{self, Suppression};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Marks the findings that the configuration suppresses and says which entries did nothing.
pub(crate) fn suppress(
    targets: &mut [Target],
    config: &Config,
    as_of: Date,
) -> Vec<IdleSuppression> {
    let entries: Vec<Suppression> = config.suppressions.iter().map(entry).collect();
    let mut unused = vec![!targets.is_empty(); entries.len()];
    for target in targets {
        let applied = suppress::apply(&target.scan, &entries, as_of, &target.path);
        let here = |index: &usize| applied.unused.contains(index);
        unused
            .iter_mut()
            .enumerate()
            .for_each(|(index, unused)| *unused &= here(&index));
        target.suppressed = applied
            .suppressed
            .iter()
            .filter_map(|(f, by)| marked(*f, by, &entries))
            .collect();
    }
    let idle = |(index, entry): (usize, &Suppression)| {
        let cause = match entry.until {
            Some(until) if until < as_of => IdleCause::Expired(until.to_string()),
            _ if unused[index] => IdleCause::Unused,
            _ => return None,
        };
        let place = place(config, config.suppressions[index].line);
        Some(IdleSuppression {
            id: entry.id.clone(),
            place,
            reason: entry.reason.clone(),
            cause,
        })
    };
    entries.iter().enumerate().filter_map(idle).collect()
}

fn entry(written: &crate::config::Suppression) -> Suppression {
    Suppression {
        id: written.id.clone(),
        reason: written.reason.clone(),
        until: written.until.and_then(date_of),
        module: written.module.clone(),
        symbol: written.symbol.clone(),
        binary: written.binary.clone(),
    }
}

// Several entries can suppress one finding together; the reasons of all count, and the first to end ends it.
fn marked(finding: usize, by: &[usize], entries: &[Suppression]) -> Option<Suppressed> {
    let by = || by.iter().filter_map(|index| entries.get(*index));
    let mut reasons: Vec<_> = by().map(|entry| entry.reason.as_str()).collect();
    reasons.dedup();
    let until = by()
        .filter_map(|entry| entry.until)
        .min()
        .map(|date| date.to_string());
    (!reasons.is_empty()).then(|| Suppressed {
        finding,
        reason: reasons.join("; "),
        until,
    })
}

/// Where an entry is written. The folder of the file is no part of a document.
pub(crate) fn place(config: &Config, line: usize) -> String {
    let name = config
        .path
        .as_deref()
        .and_then(Path::file_name)
        .unwrap_or_default();
    format!("{}:{line}", name.to_string_lossy())
}

/// The findings of an earlier run.
pub(crate) struct Earlier {
    path: String,
    /// By path and member of the target.
    targets: BTreeMap<(String, Option<String>), Baseline>,
}

/// Reads the document of an earlier run.
pub(crate) fn read(path: &Path) -> Result<Earlier, Failure> {
    let hint = "name a file that `goassay scan -o json=FILE` wrote";
    let bytes = std::fs::read(path).map_err(|error| {
        Failure::file(Kind::Input, "read the baseline", path, &error).hint(hint)
    })?;
    let refused =
        || Failure::input(format!("cannot use {} as a baseline", path.display())).hint(hint);
    let document: Document =
        serde_json::from_slice(&bytes).map_err(|error| refused().because(&error))?;
    if document.schema != SCHEMA {
        let reason = format!("it is a `{}` document, not `{SCHEMA}`", document.schema);
        return Err(refused().cause(reason));
    }
    let targets = document
        .targets
        .into_iter()
        .map(EarlierTarget::known)
        .collect();
    Ok(Earlier {
        path: path.to_string_lossy().into_owned(),
        targets,
    })
}

impl Earlier {
    /// Marks the findings that the earlier run had, and says how many it had that are gone.
    pub(crate) fn apply(&self, targets: &mut [Target]) -> document::Baseline {
        let alone = targets.len() == 1;
        let mut gone = 0;
        for target in targets {
            let Some(baseline) = self.of(target, alone) else {
                continue;
            };
            gone += baseline.gone(&target.scan).len();
            let findings = target.scan.findings.iter().enumerate();
            let known = findings.filter(|(_, finding)| !baseline.is_new(&target.scan, finding));
            target.known = known.map(|(index, _)| index).collect();
        }
        document::Baseline {
            path: self.path.clone(),
            gone: u32::try_from(gone).unwrap_or(u32::MAX),
        }
    }

    // One binary compared with one binary may have been moved or renamed in between.
    fn of(&self, target: &Target, alone: bool) -> Option<&Baseline> {
        let same = self
            .targets
            .get(&(target.path.clone(), target.member.clone()));
        same.or_else(|| (alone && self.targets.len() == 1).then(|| self.targets.values().next())?)
    }
}

const SCHEMA: &str = "goassay-scan/1";

/// What is read of an earlier document.
#[derive(Deserialize)]
struct Document {
    schema: String,
    targets: Vec<EarlierTarget>,
}

#[derive(Deserialize)]
struct EarlierTarget {
    path: String,
    member: Option<String>,
    findings: Vec<EarlierFinding>,
    symbols: Vec<EarlierSymbol>,
}

#[derive(Deserialize)]
struct EarlierFinding {
    id: String,
    tier: String,
    module: EarlierModule,
    /// Indexes into the target's symbols.
    symbols: Vec<usize>,
    standing: String,
}

#[derive(Deserialize)]
struct EarlierModule {
    path: String,
}

#[derive(Deserialize)]
struct EarlierSymbol {
    package: String,
    name: String,
}

impl EarlierTarget {
    // What was suppressed then is new once the suppression is gone.
    fn known(self) -> ((String, Option<String>), Baseline) {
        let counted = self
            .findings
            .iter()
            .filter(|finding| finding.standing != "suppressed");
        let known = counted
            .map(|finding| finding.known(&self.symbols))
            .collect();
        ((self.path, self.member), known)
    }
}

impl EarlierFinding {
    fn known(&self, symbols: &[EarlierSymbol]) -> Known {
        let tier = [Tier::Package, Tier::Linked]
            .into_iter()
            .find(|tier| tier.name() == self.tier);
        let symbols = self.symbols.iter().filter_map(|index| symbols.get(*index));
        Known {
            id: self.id.clone(),
            module: self.module.path.clone(),
            tier: tier.unwrap_or(Tier::Module),
            symbols: symbols
                .map(|symbol| (symbol.package.clone(), symbol.name.clone()))
                .collect(),
        }
    }
}

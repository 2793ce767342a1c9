//! What to do about linked findings: for each module the smallest version that clears what can be cleared.
//!
//! Presentation data, computed once for the renderers that show it. It decides nothing: no verdict rests on it.

use crate::document::{Run, Target};
use crate::release::semver;
use crate::verdict::{Sort, sort};
use goassay_vuln::finding::{Finding, FoundModule};
use goassay_vuln::version::Semver;
use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;

/// What clears the linked findings of one module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgrade<'a> {
    /// The module as it was found.
    pub module: &'a FoundModule,
    /// The smallest version at which every finding with a known fix is fixed; absent where no fix is known.
    pub to: Option<&'a str>,
    /// Ids of the advisories that it clears, in the order of the findings.
    pub clears: Vec<&'a str>,
    /// Ids of the advisories without a known fix.
    pub unfixed: Vec<&'a str>,
}

impl Upgrade<'_> {
    /// What to do, as an imperative phrase without a full stop. Hostile.
    pub fn advice(&self) -> String {
        let module = &self.module.path;
        match (self.to, module.as_str()) {
            (Some(to), "stdlib" | "toolchain") => {
                format!("rebuild with {to} or a newer patched release")
            }
            (Some(to), _) => format!("upgrade {module} to {to} or later"),
            (None, _) => {
                format!("no fixed version of {module} is known: replace it, or review the findings")
            }
        }
    }
}

/// One thing to do, over all targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What to do: [`Upgrade::advice`].
    pub advice: String,
    /// How many linked findings it clears.
    pub clears: usize,
    /// In how many targets.
    pub targets: usize,
}

/// What to do about a run's linked findings, the most effective first.
pub fn plan(run: &Run) -> Vec<Step> {
    let mut steps: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for upgrade in run.targets.iter().flat_map(upgrades) {
        let (clears, targets) = steps.entry(upgrade.advice()).or_default();
        *clears += upgrade.clears.len();
        *targets += 1;
    }
    let mut steps: Vec<Step> = steps
        .into_iter()
        .map(|(advice, (clears, targets))| Step {
            advice,
            clears,
            targets,
        })
        .collect();
    steps.sort_by_key(|step| Reverse(step.clears));
    steps
}

/// The upgrades of `target`, for its linked findings that count, in the order of modules.
pub fn upgrades(target: &Target) -> Vec<Upgrade<'_>> {
    let found = target
        .findings()
        .filter(|(finding, standing)| sort(finding, *standing) == Sort::Linked);
    by_module(found.map(|(finding, _)| finding))
}

/// One upgrade for each module among `findings`, in the order of modules.
pub fn by_module<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<Upgrade<'a>> {
    let mut upgrades: Vec<Upgrade<'a>> = Vec::new();
    for finding in findings {
        let at = match upgrades.binary_search_by(|u| u.module.cmp(&finding.module)) {
            Ok(at) => at,
            Err(at) => {
                upgrades.insert(
                    at,
                    Upgrade {
                        module: &finding.module,
                        to: None,
                        clears: vec![],
                        unfixed: vec![],
                    },
                );
                at
            }
        };
        add(&mut upgrades[at], finding);
    }
    upgrades
}

fn add<'a>(upgrade: &mut Upgrade<'a>, finding: &'a Finding) {
    let Some(fixed) = finding.fixed.as_deref() else {
        upgrade.unfixed.push(&finding.advisory.id);
        return;
    };
    upgrade.clears.push(&finding.advisory.id);
    if upgrade.to.is_none_or(|to| compare(to, fixed).is_lt()) {
        upgrade.to = Some(fixed);
    }
}

/// Compares two fixed versions of one module (`v1.2.3`, `go1.26.8`).
fn compare(a: &str, b: &str) -> Ordering {
    let (left, right) = (semver(a), semver(b));
    match (Semver::parse(&left), Semver::parse(&right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        // A version that cannot be ordered never displaces one that can.
        (left, right) => left.is_some().cmp(&right.is_some()).then_with(|| a.cmp(b)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number_not_by_text() {
        assert!(compare("v0.9.0", "v0.17.0").is_lt());
        assert!(compare("go1.21.8", "go1.21.10").is_lt());
        assert!(compare("go1.22rc2", "go1.22.0").is_lt());
        assert!(compare("nonsense", "v0.1.0").is_lt());
    }
}

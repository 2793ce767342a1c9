//! Baselines: which findings were not there, or were less, in an earlier scan.
//!
//! What is compared is the advisory, the module's path, the tier and the symbols. Versions and places are not: a finding
//! does not become new because the code moved.

use crate::finding::{Finding, Scan, Tier};
use std::collections::{BTreeMap, BTreeSet};

/// What an earlier scan knew of one finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Advisory id.
    pub id: String,
    /// Module path that was matched.
    pub module: String,
    /// Its tier then.
    pub tier: Tier,
    /// Its symbols then: package and the database's name.
    pub symbols: BTreeSet<(String, String)>,
}

impl Known {
    /// What a baseline keeps of a finding.
    pub fn of(scan: &Scan, finding: &Finding) -> Known {
        let symbols = finding
            .symbols
            .iter()
            .filter_map(|index| scan.symbols.get(*index as usize));
        Known {
            id: finding.advisory.id.clone(),
            module: finding.module.path.clone(),
            tier: finding.tier,
            symbols: symbols
                .map(|symbol| (symbol.package.clone(), symbol.name.clone()))
                .collect(),
        }
    }
}

/// The findings of an earlier scan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    /// By advisory id and module path.
    known: BTreeMap<(String, String), Known>,
}

impl FromIterator<Known> for Baseline {
    /// Findings of one advisory in one module path (two versions of it) become one.
    fn from_iter<I: IntoIterator<Item = Known>>(findings: I) -> Baseline {
        let mut baseline = Baseline::default();
        for finding in findings {
            let key = (finding.id.clone(), finding.module.clone());
            match baseline.known.get_mut(&key) {
                Some(known) => {
                    known.tier = known.tier.max(finding.tier);
                    known.symbols.extend(finding.symbols);
                }
                None => {
                    baseline.known.insert(key, finding);
                }
            }
        }
        baseline
    }
}

impl Baseline {
    /// Whether the baseline does not have the finding, or has it in a lower tier or without one of its symbols.
    pub fn is_new(&self, scan: &Scan, finding: &Finding) -> bool {
        let now = Known::of(scan, finding);
        match self.known.get(&(now.id, now.module)) {
            Some(known) => now.tier > known.tier || !now.symbols.is_subset(&known.symbols),
            None => true,
        }
    }

    /// Findings of the baseline (advisory and module path) that `scan` does not have any more.
    pub fn gone(&self, scan: &Scan) -> Vec<(&str, &str)> {
        let there: BTreeSet<(&str, &str)> = scan
            .findings
            .iter()
            .map(|finding| (finding.advisory.id.as_str(), finding.module.path.as_str()))
            .collect();
        let known = self
            .known
            .keys()
            .map(|(id, module)| (id.as_str(), module.as_str()));
        known.filter(|key| !there.contains(key)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::testing;

    fn scan(tier: Tier, symbols: &[u32]) -> Scan {
        let mut scan = testing::scan(&[("net/url", "Parse"), ("net/url", "URL.Parse")]);
        let mut finding = testing::finding("GO-1", "stdlib", symbols);
        finding.tier = tier;
        scan.findings.push(finding);
        scan
    }

    fn is_new(before: &Scan, after: &Scan) -> bool {
        let baseline: Baseline = before
            .findings
            .iter()
            .map(|finding| Known::of(before, finding))
            .collect();
        baseline.is_new(after, &after.findings[0])
    }

    #[test]
    fn higher_tiers_and_further_symbols_are_new() {
        let linked = |symbols: &[u32]| scan(Tier::Linked, symbols);
        assert!(!is_new(&linked(&[0]), &linked(&[0])));
        assert!(!is_new(&linked(&[0, 1]), &linked(&[1])), "fewer symbols");
        assert!(is_new(&linked(&[0]), &linked(&[1])), "another symbol");
        assert!(is_new(&linked(&[]), &linked(&[1])));
        assert!(is_new(&scan(Tier::Package, &[]), &linked(&[])));
        assert!(!is_new(&linked(&[]), &scan(Tier::Module, &[])));
    }

    #[test]
    fn other_advisories_and_modules_are_new() {
        let before = scan(Tier::Linked, &[0]);
        let mut after = before.clone();
        after.findings[0].module.version = "go1.99.0".to_owned();
        assert!(!is_new(&before, &after), "another version");
        after.findings[0].module.path = "toolchain".to_owned();
        assert!(is_new(&before, &after));
        after = before.clone();
        after.findings[0].advisory.id = "GO-2".to_owned();
        assert!(is_new(&before, &after));
    }

    #[test]
    fn two_versions_of_a_module_are_one_and_what_is_gone_is_told() {
        let low = scan(Tier::Module, &[]);
        let high = scan(Tier::Linked, &[0, 1]);
        let known = [&high, &low].map(|scan| Known::of(scan, &scan.findings[0]));
        let baseline: Baseline = known.into_iter().collect();
        assert!(!baseline.is_new(&high, &high.findings[0]));
        assert_eq!(baseline.gone(&high), []);
        assert_eq!(baseline.gone(&testing::scan(&[])), [("GO-1", "stdlib")]);
    }
}

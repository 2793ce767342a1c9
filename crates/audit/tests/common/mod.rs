//! What several tests ask of files: all rules under three policies.

use goassay_audit::facts::Facts;
use goassay_audit::policy::{Expectations, Policy, Profile};
use goassay_audit::registry;
use goassay_audit::releases::Releases;
use goassay_audit::verdict::Verdict;
use goassay_binary::Binary;
use std::collections::BTreeMap;

/// Production, distribution and FIPS, with expectations of every kind.
pub(crate) fn policies() -> Vec<Policy> {
    let database = goassay_vuln::database::embedded().expect("the embedded database");
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    let expectations = Expectations {
        module_prefixes: texts(&["example.com"]),
        private_modules: texts(&["golang.org/x"]),
        cpu_levels: [("GOAMD64", "v3"), ("GOARM64", "v8.0"), ("GO386", "sse2")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        required_tags: texts(&["netgo"]),
        allowed_tags: None,
    };
    let policy = |profile| Policy {
        profile,
        expectations: expectations.clone(),
        as_of: "2026-11-22".parse().ok(),
        releases: Releases::of(&database).ok(),
        ..Policy::default()
    };
    [Profile::Production, Profile::Distro, Profile::Fips]
        .map(policy)
        .into()
}

/// What each rule says of a binary, over all policies.
pub(crate) fn verdicts(
    binary: &Binary<'_>,
    policies: &[Policy],
) -> BTreeMap<&'static str, Verdict> {
    let facts = Facts::of(binary);
    let judged = policies
        .iter()
        .flat_map(|policy| registry::audit(&facts, policy));
    judged
        .map(|judged| (judged.rule.id, judged.verdict))
        .collect()
}

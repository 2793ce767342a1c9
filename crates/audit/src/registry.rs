//! All rules, in the order in which they are shown.

use crate::facts::Facts;
use crate::policy::Policy;
use crate::rules;
use crate::verdict::{Judged, Level, Verdict};

/// A rule: what it is, what its answers mean, and the function that gives them.
#[derive(Debug)]
pub struct Rule {
    /// Stable: `T5-pie`; the part before the dash is the row of the requirements that it serves.
    pub id: &'static str,
    /// A statement that holds where the rule passes: `position-independent executable`.
    pub title: &'static str,
    /// What a failure weighs unless the profile or configuration says otherwise.
    pub level: Level,
    /// What a pass means.
    pub pass: &'static str,
    /// What a pass does not mean.
    pub limits: &'static str,
    /// Why anybody should care, and how to mend it in general (Markdown; the page in docs/rules).
    pub help: &'static str,
    /// The judging function.
    pub judge: fn(&Facts<'_>, &Policy) -> Verdict,
}

impl Rule {
    /// The row of the requirements (`T5`).
    pub fn row(&self) -> &'static str {
        self.id.split_once('-').map_or(self.id, |(row, _)| row)
    }
}

/// All rules.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    rules::ALL.iter().flat_map(|rules| rules.iter())
}

/// Judges one binary by all rules that the policy asks for, in the order of the registry.
pub fn audit(facts: &Facts<'_>, policy: &Policy) -> Vec<Judged> {
    all()
        .filter_map(|rule| {
            let level = policy.level(rule)?;
            let verdict = (rule.judge)(facts, policy);
            Some(Judged {
                rule,
                level,
                verdict,
                waived: None,
            })
        })
        .collect()
}

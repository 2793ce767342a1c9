//! All rules, in the order in which they are shown.

use crate::facts::Facts;
use crate::policy::{Policy, Profile, Scope};
use crate::rules;
use crate::verdict::{Failing, Judged, Level, Verdict, Waived};
use goassay_binary::gap::{Gap, Topic};

/// A rule: what it is, what its answers mean, and the function that gives them.
#[derive(Debug)]
pub struct Rule {
    /// Stable: `T5-pie`; the part before the dash is the row of the requirements that it serves.
    pub id: &'static str,
    /// A statement that holds where the rule passes: `position-independent executable`.
    pub title: &'static str,
    /// What a failure weighs unless the profile or configuration says otherwise; `None`: only asked for by some profiles.
    pub level: Option<Level>,
    /// Profiles in which a failure weighs something else; `None`: the rule is not asked for.
    pub profiles: &'static [(Profile, Option<Level>)],
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

    /// What a failure weighs in a profile; `None` where the rule is not asked for.
    pub fn level_in(&self, profile: Profile) -> Option<Level> {
        let special = self.profiles.iter().find(|(of, _)| *of == profile);
        special.map_or(self.level, |(_, level)| *level)
    }
}

/// All rules.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    rules::ALL.iter().flat_map(|rules| rules.iter())
}

/// The rule of that id.
pub fn find(id: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.id == id)
}

/// Judges one binary by all rules that the policy asks for, in the order of the registry. No waiver is applied yet.
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

/// Judges a file that could not be opened because `packer` compressed its contents: one rule fails, nothing else can be
/// known.
pub fn audit_packed(packer: &str, policy: &Policy) -> Vec<Judged> {
    let reason = format!("the contents are compressed by {packer}");
    let verdict = |rule: &Rule| {
        if rule.id != rules::t8::PACKED {
            return Verdict::Unknown(vec![Gap::new(Topic::Image, reason.clone())]);
        }
        Verdict::Fail(Failing {
            what: format!("it is packed by {packer}: leave that step of the build out"),
            evidence: Vec::new(),
            more: 0,
            fix: rules::t8::REBUILT.to_owned(),
        })
    };
    all()
        .filter_map(|rule| {
            Some(Judged {
                rule,
                level: policy.level(rule)?,
                verdict: verdict(rule),
                waived: None,
            })
        })
        .collect()
}

/// Marks failures that a waiver of the policy covers; the first that fits counts. Says which did: indexes into
/// [`Policy::waivers`], sorted.
pub fn waive(judged: &mut [Judged], policy: &Policy, scope: &Scope<'_>) -> Vec<usize> {
    let mut used = Vec::new();
    for judged in judged {
        if !matches!(judged.verdict, Verdict::Fail(_)) {
            continue;
        }
        for (index, waiver) in policy.waivers.iter().enumerate() {
            if !waiver.fits(judged.rule, scope) || !waiver.holds(scope.as_of) {
                continue;
            }
            used.push(index);
            judged.waived = Some(Waived {
                reason: waiver.reason.clone(),
                until: waiver.until.map(|day| day.to_string()),
            });
            break;
        }
    }
    used.sort_unstable();
    used.dedup();
    used
}

//! What to do about failed rules: each fix once, with the rules that it makes pass and the files that need it.
//!
//! Presentation data, computed once for the renderers that show it. It decides nothing.

use super::{Run, failed};
use goassay_audit::verdict::Level;
use std::cmp::Reverse;

/// One thing to do, over all targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step<'a> {
    /// What to do: a command, or lines for the build.
    pub fix: &'a str,
    /// The heaviest level among the failures that it mends.
    pub level: Level,
    /// The rules that it makes pass, in the order of the registry.
    pub rules: Vec<&'a str>,
    /// Paths of the files that need it, in the order of the report (hostile).
    pub files: Vec<&'a str>,
}

/// What to do, what weighs most and helps most files first.
pub fn plan(run: &Run) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    for target in &run.targets {
        for (judged, failing) in failed(target) {
            let at = steps
                .iter()
                .position(|step| step.fix == failing.fix)
                .unwrap_or(steps.len());
            if at == steps.len() {
                steps.push(Step {
                    fix: &failing.fix,
                    level: judged.level,
                    rules: Vec::new(),
                    files: Vec::new(),
                });
            }
            let step = &mut steps[at];
            step.level = step.level.max(judged.level);
            push_new(&mut step.rules, judged.rule.id);
            push_new(&mut step.files, &target.path);
        }
    }
    steps.sort_by_key(|step| (Reverse(step.level), Reverse(step.files.len())));
    steps
}

// Targets come in order, so what is there already is the last one or, for rules, one of few.
fn push_new<'a>(list: &mut Vec<&'a str>, item: &'a str) {
    if list.last() != Some(&item) && !list.contains(&item) {
        list.push(item);
    }
}

//! What a run amounts to: one pure function over finished data, asked once, by [`Report::new`](crate::document::Report::new).
//!
//! "Answered and nothing found", "found" and "could not answer" stay three different values. No renderer computes them.

use crate::document::{Run, Standing, Target};
use goassay_binary::gap::{Gap, Topic};
use goassay_vuln::finding::{Applies, Finding, Tier, TierEvidence};

/// What a run amounts to, and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The answer.
    pub outcome: Outcome,
    /// How many findings there are of each sort.
    pub counts: Counts,
    /// What stands in the way of a whole answer, in the order of the report.
    pub obstacles: Vec<Obstacle>,
}

/// The answer to "is there something at or above the threshold?"
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// No, and nothing that the question needs is missing.
    Clean,
    /// Yes.
    Findings,
    /// Nothing was found, but a part of the question has no answer.
    Incomplete,
    /// Something was found, and a part of the question has no answer.
    FindingsAndIncomplete,
}

impl Outcome {
    /// The stable word for output.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Clean => "clean",
            Outcome::Findings => "findings",
            Outcome::Incomplete => "incomplete",
            Outcome::FindingsAndIncomplete => "findings-and-incomplete",
        }
    }

    /// The exit code: 0, `findings` (1 unless the user replaced it), or 2, which beats it: a partial answer must not
    /// look like a whole one.
    pub fn exit_code(self, findings: u8) -> u8 {
        match self {
            Outcome::Clean => 0,
            Outcome::Findings => findings,
            Outcome::Incomplete | Outcome::FindingsAndIncomplete => 2,
        }
    }
}

/// How many findings there are of each sort, over all targets. Each finding is in exactly one of the first six.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Affected and linked.
    pub linked: usize,
    /// Affected, package tier.
    pub package: usize,
    /// Affected, module tier.
    pub module: usize,
    /// Neither affected nor clean: the version cannot be ordered.
    pub undecided: usize,
    /// Suppressed by the user.
    pub suppressed: usize,
    /// In the baseline.
    pub known: usize,
    /// Of the first three: those at or above the threshold.
    pub at_threshold: usize,
}

/// Something without which the question has no whole answer. Numbers are indexes into the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// A failure: index into `failures`.
    Failure(usize),
    /// A gap that matters: index into `targets`, index into its `scan.gaps`.
    Gap(usize, usize),
    /// A finding whose version cannot be ordered and that would count: index into `targets`, into its `scan.findings`.
    Undecided(usize, usize),
    /// A finding below the threshold that may really be at it: index into `targets`, into its `scan.findings`.
    Tier(usize, usize),
}

/// Judges a run.
pub(crate) fn judge(run: &Run) -> Verdict {
    let mut counts = Counts::default();
    let mut obstacles: Vec<Obstacle> = (0..run.failures.len()).map(Obstacle::Failure).collect();
    for (index, target) in run.targets.iter().enumerate() {
        count(&mut counts, target, run.fail_on);
        obstacles.extend(obstacles_in(index, target, run.fail_on));
    }
    let outcome = match (counts.at_threshold > 0, obstacles.is_empty()) {
        (false, true) => Outcome::Clean,
        (true, true) => Outcome::Findings,
        (false, false) => Outcome::Incomplete,
        (true, false) => Outcome::FindingsAndIncomplete,
    };
    Verdict {
        outcome,
        counts,
        obstacles,
    }
}

fn count(counts: &mut Counts, target: &Target, fail_on: Tier) {
    for (finding, standing) in target.findings() {
        let slot = match (standing, &finding.applies, finding.tier) {
            (Standing::Suppressed(_), ..) => &mut counts.suppressed,
            (Standing::Known, ..) => &mut counts.known,
            (Standing::Counts, Applies::Undecided(_), _) => &mut counts.undecided,
            (Standing::Counts, Applies::Affected, Tier::Linked) => &mut counts.linked,
            (Standing::Counts, Applies::Affected, Tier::Package) => &mut counts.package,
            (Standing::Counts, Applies::Affected, Tier::Module) => &mut counts.module,
        };
        *slot += 1;
        if standing == Standing::Counts
            && finding.applies == Applies::Affected
            && finding.tier >= fail_on
        {
            counts.at_threshold += 1;
        }
    }
}

fn obstacles_in(index: usize, target: &Target, fail_on: Tier) -> Vec<Obstacle> {
    let gaps = target.scan.gaps.iter().enumerate();
    let gaps = gaps
        .filter(|(_, gap)| gap_matters(gap, target, fail_on))
        .map(|(gap, _)| Obstacle::Gap(index, gap));
    let findings =
        (0..target.scan.findings.len()).filter(|&i| target.standing(i) == Standing::Counts);
    let findings = findings.filter_map(|i| match doubt(&target.scan.findings[i], fail_on)? {
        Doubt::Version => Some(Obstacle::Undecided(index, i)),
        Doubt::Tier => Some(Obstacle::Tier(index, i)),
    });
    gaps.chain(findings).collect()
}

/// Whether a gap can hide a finding at or above `fail_on`. Without build info or a readable container anything can be
/// hidden; unknown names hide something only where a finding below the threshold could be raised by them; the rest
/// (lines, addresses, inlining) are details of findings that are there already.
fn gap_matters(gap: &Gap, target: &Target, fail_on: Tier) -> bool {
    match gap.topic {
        Topic::Image | Topic::BuildInfo => true,
        Topic::Symbols => target
            .findings()
            .any(|(finding, standing)| standing == Standing::Counts && finding.tier < fail_on),
        Topic::Functions | Topic::Lines | Topic::InlineTree | Topic::ModuleData => false,
    }
}

enum Doubt {
    Version,
    Tier,
}

/// What is not known about a finding and keeps it from being answered for the threshold.
fn doubt(finding: &Finding, fail_on: Tier) -> Option<Doubt> {
    let may_reach = finding.tier >= fail_on || matches!(finding.evidence, TierEvidence::AtLeast(_));
    match (&finding.applies, may_reach) {
        (_, false) => None,
        (Applies::Undecided(_), true) => Some(Doubt::Version),
        (Applies::Affected, true) => (finding.tier < fail_on).then_some(Doubt::Tier),
    }
}

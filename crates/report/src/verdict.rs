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
    /// The answer, by whether something was found and whether nothing is missing.
    pub(crate) fn of(found: bool, whole: bool) -> Outcome {
        match (found, whole) {
            (false, true) => Outcome::Clean,
            (true, true) => Outcome::Findings,
            (false, false) => Outcome::Incomplete,
            (true, false) => Outcome::FindingsAndIncomplete,
        }
    }

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

/// How many findings there are of each sort, over all targets. Each finding is in exactly one of the first seven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Affected and linked.
    pub linked: usize,
    /// Affected, package tier.
    pub package: usize,
    /// Affected, module tier.
    pub module: usize,
    /// Affected, below linked by what was read, but something that could raise the tier was not read.
    pub tier_unknown: usize,
    /// Neither affected nor clean: the version cannot be ordered.
    pub undecided: usize,
    /// Suppressed by the user.
    pub suppressed: usize,
    /// In the baseline.
    pub known: usize,
    /// Of the first four: those at or above the threshold.
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

impl Obstacle {
    /// The stable word for output.
    pub fn name(self) -> &'static str {
        match self {
            Obstacle::Failure(_) => "failure",
            Obstacle::Gap(..) => "gap",
            Obstacle::Undecided(..) => "undecided",
            Obstacle::Tier(..) => "tier-unknown",
        }
    }

    /// Why there is no whole answer: a sentence without a full stop, hostile. `run` is the run that was judged.
    pub fn reason(self, run: &Run) -> String {
        let target = |index: usize| run.targets.get(index);
        let finding = |index: usize, finding: usize| target(index)?.scan.findings.get(finding);
        let reason = match self {
            Obstacle::Failure(index) => run.failures.get(index).map(|f| f.message.clone()),
            Obstacle::Gap(index, gap) => target(index)
                .and_then(|t| t.scan.gaps.get(gap))
                .map(Gap::to_string),
            Obstacle::Undecided(index, at) => finding(index, at).map(undecided_reason),
            Obstacle::Tier(index, at) => finding(index, at).map(tier_reason),
        };
        reason.unwrap_or_default()
    }
}

fn undecided_reason(finding: &Finding) -> String {
    let why = match &finding.applies {
        Applies::Undecided(why) => why,
        Applies::Affected => "",
    };
    format!("{} in {}: {why}", finding.advisory.id, finding.module.path)
}

fn tier_reason(finding: &Finding) -> String {
    let why = match &finding.evidence {
        TierEvidence::AtLeast(gap) => gap.to_string(),
        TierEvidence::Read => String::new(),
    };
    format!(
        "{} in {}: at least {} tier; {why}",
        finding.advisory.id,
        finding.module.path,
        finding.tier.name()
    )
}

/// What a finding means for whoever ships the binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Impact {
    /// Vulnerable code is in it.
    Affected,
    /// Vulnerable code is not in it; the tier says how that is known.
    CodeNotPresent,
    /// Not decided, and why (a sentence without a full stop, hostile).
    Undecided(String),
}

/// What `finding` (one of `target`'s) means. Absence of code is stated only where nothing that it rests on is missing.
pub fn impact(target: &Target, finding: &Finding) -> Impact {
    match (&finding.applies, &finding.evidence, finding.tier) {
        (Applies::Undecided(why), ..) => Impact::Undecided(why.clone()),
        (Applies::Affected, _, Tier::Linked) => Impact::Affected,
        (Applies::Affected, TierEvidence::AtLeast(gap), _) => Impact::Undecided(gap.to_string()),
        (Applies::Affected, TierEvidence::Read, _) => {
            match target.scan.gaps.iter().find(|gap| hides_code(gap)) {
                Some(gap) => Impact::Undecided(gap.to_string()),
                None => Impact::CodeNotPresent,
            }
        }
    }
}

/// Whether behind `gap` there may be code that no fact speaks of.
fn hides_code(gap: &Gap) -> bool {
    match gap.topic {
        Topic::Image | Topic::BuildInfo => true,
        Topic::Symbols | Topic::Functions | Topic::ModuleData => true,
        Topic::Lines | Topic::InlineTree | Topic::Types => false,
        Topic::Headers | Topic::DebugInfo | Topic::Instructions => false,
    }
}

/// Judges a run.
pub(crate) fn judge(run: &Run) -> Verdict {
    let mut counts = Counts::default();
    let mut obstacles: Vec<Obstacle> = (0..run.failures.len()).map(Obstacle::Failure).collect();
    for (index, target) in run.targets.iter().enumerate() {
        count(&mut counts, target, run.fail_on);
        obstacles.extend(obstacles_in(index, target, run.fail_on));
    }
    let outcome = Outcome::of(counts.at_threshold > 0, obstacles.is_empty());
    Verdict {
        outcome,
        counts,
        obstacles,
    }
}

fn count(counts: &mut Counts, target: &Target, fail_on: Tier) {
    for (finding, standing) in target.findings() {
        let sort = sort(finding, standing);
        let slot = match sort {
            Sort::Linked => &mut counts.linked,
            Sort::Package => &mut counts.package,
            Sort::Module => &mut counts.module,
            Sort::TierUnknown => &mut counts.tier_unknown,
            Sort::Undecided => &mut counts.undecided,
            Sort::Suppressed => &mut counts.suppressed,
            Sort::Known => &mut counts.known,
        };
        *slot += 1;
        if sort < Sort::Undecided && finding.tier >= fail_on {
            counts.at_threshold += 1;
        }
    }
}

/// What a finding is shown and counted as: exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// Affected, and vulnerable code is in the binary.
    Linked,
    /// Affected, package tier.
    Package,
    /// Affected, module tier.
    Module,
    /// Affected, and below linked only by what could be read.
    TierUnknown,
    /// Neither affected nor clean.
    Undecided,
    /// Suppressed by the user.
    Suppressed,
    /// In the baseline.
    Known,
}

/// The sort of a finding.
pub fn sort(finding: &Finding, standing: Standing<'_>) -> Sort {
    match (standing, &finding.applies, finding.tier, &finding.evidence) {
        (Standing::Suppressed(_), ..) => Sort::Suppressed,
        (Standing::Known, ..) => Sort::Known,
        (Standing::Counts, Applies::Undecided(_), ..) => Sort::Undecided,
        (Standing::Counts, Applies::Affected, Tier::Linked, _) => Sort::Linked,
        (Standing::Counts, Applies::Affected, _, TierEvidence::AtLeast(_)) => Sort::TierUnknown,
        (Standing::Counts, Applies::Affected, Tier::Package, TierEvidence::Read) => Sort::Package,
        (Standing::Counts, Applies::Affected, Tier::Module, TierEvidence::Read) => Sort::Module,
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
/// hidden; unknown names hide something only where a finding below the threshold could be raised by them, and names that
/// no module data vouches for may not be all names; lines and call sites are details of findings that are there already.
fn gap_matters(gap: &Gap, target: &Target, fail_on: Tier) -> bool {
    match gap.topic {
        Topic::Image | Topic::BuildInfo => true,
        Topic::Symbols | Topic::Functions | Topic::ModuleData => target
            .findings()
            .any(|(finding, standing)| standing == Standing::Counts && finding.tier < fail_on),
        Topic::Lines | Topic::InlineTree | Topic::Types => false,
        Topic::Headers | Topic::DebugInfo | Topic::Instructions => false,
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

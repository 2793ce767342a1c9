//! Our versioned document, `goassay-audit/1`, described in `docs/formats/audit.md` and `docs/formats/audit.schema.json`.
//!
//! Every field is always there (`null` where there is nothing), lists are in a fixed order, and no number is computed here.

use super::{Counts, IdleWaiver, Obstacle, Report, Run, Sort, Target, sort};
use crate::document::IdleCause;
use crate::harmless;
use crate::wire::{DatabaseWire, FactsWire, FailureWire, GapWire, ObstacleWire, ToolWire};
use goassay_audit::registry::Rule;
use goassay_audit::verdict::{Judged, Waived};
use serde::Serialize;
use std::io::{self, Write};

/// Name and version of the document.
pub const SCHEMA: &str = "goassay-audit/1";

/// Writes the document.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    harmless::write(out, &DocumentWire::from(report))
}

/// The document.
#[derive(Serialize)]
pub(crate) struct DocumentWire<'a> {
    schema: &'static str,
    tool: ToolWire<'a>,
    database: DatabaseWire<'a>,
    profile: &'static str,
    as_of: &'a str,
    fail_on: &'static str,
    verdict: VerdictWire,
    rules: Vec<RuleWire>,
    targets: Vec<TargetWire<'a>>,
    failures: Vec<FailureWire<'a>>,
    idle_waivers: Vec<IdleWire<'a>>,
}

impl<'a> From<&'a Report> for DocumentWire<'a> {
    fn from(report: &'a Report) -> Self {
        let run = report.run();
        DocumentWire {
            schema: SCHEMA,
            tool: ToolWire::from(&run.tool),
            database: DatabaseWire::from(&run.database),
            profile: run.profile.name(),
            as_of: &run.as_of,
            fail_on: run.fail_on.name(),
            verdict: VerdictWire::from(report),
            rules: rules(run).into_iter().map(RuleWire::from).collect(),
            targets: run.targets.iter().map(TargetWire::from).collect(),
            failures: run.failures.iter().map(FailureWire::from).collect(),
            idle_waivers: run.idle_waivers.iter().map(IdleWire::from).collect(),
        }
    }
}

/// The rules that were asked for, each once. All targets were judged by the same ones.
pub(super) fn rules(run: &Run) -> Vec<&'static Rule> {
    let mut rules: Vec<&'static Rule> = Vec::new();
    for judged in run.targets.iter().flat_map(|target| &target.judged) {
        if !rules.iter().any(|rule| rule.id == judged.rule.id) {
            rules.push(judged.rule);
        }
    }
    rules
}

#[derive(Serialize)]
struct VerdictWire {
    outcome: &'static str,
    exit_code: u8,
    counts: CountsWire,
    obstacles: Vec<ObstacleWire>,
}

impl From<&Report> for VerdictWire {
    fn from(report: &Report) -> Self {
        let obstacles = report.verdict().obstacles.iter();
        VerdictWire {
            outcome: report.verdict().outcome.name(),
            exit_code: report.exit_code(),
            counts: CountsWire::from(report.verdict().counts),
            obstacles: obstacles.map(|o| obstacle(*o, report.run())).collect(),
        }
    }
}

#[derive(Serialize)]
struct CountsWire {
    errors: usize,
    warnings: usize,
    notes: usize,
    waived: usize,
    unknown: usize,
    passed: usize,
    not_applicable: usize,
    at_threshold: usize,
}

impl From<Counts> for CountsWire {
    fn from(counts: Counts) -> Self {
        let Counts {
            errors,
            warnings,
            notes,
            waived,
            unknown,
            passed,
            not_applicable,
            at_threshold,
        } = counts;
        CountsWire {
            errors,
            warnings,
            notes,
            waived,
            unknown,
            passed,
            not_applicable,
            at_threshold,
        }
    }
}

fn obstacle(obstacle: Obstacle, run: &Run) -> ObstacleWire {
    let (target, index) = match obstacle {
        Obstacle::Failure(index) => (None, index),
        Obstacle::Unknown(target, index) => (Some(target), index),
    };
    ObstacleWire {
        kind: obstacle.name(),
        target,
        index,
        reason: obstacle.reason(run),
    }
}

#[derive(Serialize)]
struct RuleWire {
    id: &'static str,
    row: &'static str,
    title: &'static str,
    pass_means: &'static str,
    pass_does_not_mean: &'static str,
}

impl From<&'static Rule> for RuleWire {
    fn from(rule: &'static Rule) -> Self {
        RuleWire {
            id: rule.id,
            row: rule.row(),
            title: rule.title,
            pass_means: rule.pass,
            pass_does_not_mean: rule.limits,
        }
    }
}

#[derive(Serialize)]
struct TargetWire<'a> {
    path: &'a str,
    member: Option<&'a str>,
    also_at: &'a [String],
    facts: FactsWire<'a>,
    verdicts: Vec<JudgedWire<'a>>,
}

impl<'a> From<&'a Target> for TargetWire<'a> {
    fn from(target: &'a Target) -> Self {
        TargetWire {
            path: &target.path,
            member: target.member.as_deref(),
            also_at: &target.also_at,
            facts: FactsWire::from(&target.facts),
            verdicts: target.judged.iter().map(JudgedWire::from).collect(),
        }
    }
}

#[derive(Serialize)]
struct JudgedWire<'a> {
    rule: &'static str,
    level: &'static str,
    verdict: &'static str,
    counts: bool,
    what: Option<&'a str>,
    evidence: &'a [String],
    more_evidence: usize,
    fix: Option<&'a str>,
    gaps: Vec<GapWire<'a>>,
    waiver: Option<WaiverWire<'a>>,
}

impl<'a> From<&'a Judged> for JudgedWire<'a> {
    fn from(judged: &'a Judged) -> Self {
        let mut wire = JudgedWire {
            rule: judged.rule.id,
            level: judged.level.name(),
            verdict: judged.verdict.name(),
            counts: judged.counts(),
            what: None,
            evidence: &[],
            more_evidence: 0,
            fix: None,
            gaps: super::gaps(judged).iter().map(GapWire::from).collect(),
            waiver: judged.waived.as_ref().map(WaiverWire::from),
        };
        match sort(judged) {
            Sort::Failed(failing) | Sort::Waived(failing) => {
                wire.what = Some(&failing.what);
                wire.evidence = &failing.evidence;
                wire.more_evidence = failing.more;
                wire.fix = Some(&failing.fix);
            }
            Sort::Passed(evidence) => wire.evidence = evidence,
            Sort::NotApplicable(why) => wire.what = Some(why),
            Sort::Unknown(_) => {}
        }
        wire
    }
}

#[derive(Serialize)]
struct WaiverWire<'a> {
    reason: &'a str,
    until: Option<&'a str>,
}

impl<'a> From<&'a Waived> for WaiverWire<'a> {
    fn from(waived: &'a Waived) -> Self {
        WaiverWire {
            reason: &waived.reason,
            until: waived.until.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct IdleWire<'a> {
    rule: &'a str,
    place: &'a str,
    reason: &'a str,
    cause: &'static str,
    until: Option<&'a str>,
}

impl<'a> From<&'a IdleWaiver> for IdleWire<'a> {
    fn from(idle: &'a IdleWaiver) -> Self {
        let (cause, until) = match &idle.cause {
            IdleCause::Unused => ("unused", None),
            IdleCause::Expired(until) => ("expired", Some(until.as_str())),
        };
        IdleWire {
            rule: &idle.rule,
            place: &idle.place,
            reason: &idle.reason,
            cause,
            until,
        }
    }
}

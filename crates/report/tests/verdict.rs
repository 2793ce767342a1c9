//! The verdict: what makes a run clean, found or incomplete, and what a finding means for whoever ships the binary.

#[expect(dead_code, reason = "shared with other test programs")]
mod common;

use common::{finding, run, target};
use goassay_binary::gap::{Gap, Topic};
use goassay_report::document::{Failure, FailureKind, Report, Run, Suppressed, Target};
use goassay_report::verdict::{Impact, Outcome, impact};
use goassay_vuln::finding::{Applies, Finding, Tier, TierEvidence};

const NET: (&str, &str) = ("golang.org/x/net", "v0.14.0");

fn at(tier: Tier) -> Finding {
    finding("GO-2024-3333", NET, Some("v0.33.0"), tier)
}

fn gap(topic: Topic) -> Gap {
    Gap::new(topic, "unreadable")
}

fn at_least(tier: Tier) -> Finding {
    Finding {
        evidence: TierEvidence::AtLeast(gap(Topic::Symbols)),
        ..at(tier)
    }
}

fn undecided(tier: Tier) -> Finding {
    Finding {
        applies: Applies::Undecided("cannot be ordered".into()),
        ..at(tier)
    }
}

fn with(findings: Vec<Finding>, gaps: Vec<Gap>) -> Target {
    let mut target = target("a");
    target.scan.findings = findings;
    target.scan.gaps = gaps;
    target
}

fn outcome(target: Target, fail_on: Tier) -> Outcome {
    Report::new(Run {
        fail_on,
        ..run(vec![target])
    })
    .verdict()
    .outcome
}

#[test]
fn findings_count_from_the_threshold_on() {
    for (tier, fail_on, expected) in [
        (Tier::Linked, Tier::Linked, Outcome::Findings),
        (Tier::Package, Tier::Linked, Outcome::Clean),
        (Tier::Package, Tier::Package, Outcome::Findings),
        (Tier::Module, Tier::Package, Outcome::Clean),
        (Tier::Module, Tier::Module, Outcome::Findings),
    ] {
        assert_eq!(
            outcome(with(vec![at(tier)], vec![]), fail_on),
            expected,
            "{tier:?} {fail_on:?}"
        );
    }
}

#[test]
fn an_unordered_version_is_neither_found_nor_clean_where_it_would_count() {
    for (tier, fail_on, expected) in [
        (Tier::Linked, Tier::Linked, Outcome::Incomplete),
        (Tier::Module, Tier::Module, Outcome::Incomplete),
        (Tier::Module, Tier::Linked, Outcome::Clean),
    ] {
        assert_eq!(
            outcome(with(vec![undecided(tier)], vec![]), fail_on),
            expected,
            "{tier:?} {fail_on:?}"
        );
    }
}

#[test]
fn a_tier_that_may_be_higher_is_an_obstacle_below_the_threshold_only() {
    assert_eq!(
        outcome(with(vec![at_least(Tier::Module)], vec![]), Tier::Linked),
        Outcome::Incomplete
    );
    assert_eq!(
        outcome(with(vec![at_least(Tier::Module)], vec![]), Tier::Module),
        Outcome::Findings
    );
}

#[test]
fn gaps_matter_where_they_can_hide_a_finding() {
    for (topic, findings, expected) in [
        (Topic::BuildInfo, vec![], Outcome::Incomplete),
        (Topic::Image, vec![], Outcome::Incomplete),
        (Topic::Symbols, vec![], Outcome::Clean),
        (Topic::Symbols, vec![at(Tier::Module)], Outcome::Incomplete),
        (Topic::Lines, vec![at(Tier::Module)], Outcome::Clean),
        (Topic::InlineTree, vec![at(Tier::Linked)], Outcome::Findings),
        (
            Topic::BuildInfo,
            vec![at(Tier::Linked)],
            Outcome::FindingsAndIncomplete,
        ),
    ] {
        let count = findings.len();
        let outcome = outcome(with(findings, vec![gap(topic)]), Tier::Linked);
        assert_eq!(outcome, expected, "{topic:?} with {count} findings");
    }
}

#[test]
fn what_the_user_or_the_baseline_sets_aside_does_not_count() {
    let suppress = |finding| Suppressed {
        finding,
        reason: "accepted".into(),
        until: None,
    };
    let found = || {
        with(
            vec![
                at(Tier::Linked),
                undecided(Tier::Linked),
                at_least(Tier::Module),
            ],
            vec![],
        )
    };
    assert_eq!(
        outcome(found(), Tier::Linked),
        Outcome::FindingsAndIncomplete
    );
    let suppressed = Target {
        suppressed: vec![suppress(0), suppress(1), suppress(2)],
        ..found()
    };
    assert_eq!(outcome(suppressed, Tier::Linked), Outcome::Clean);
    assert_eq!(
        outcome(
            Target {
                known: vec![0, 1, 2],
                ..found()
            },
            Tier::Linked
        ),
        Outcome::Clean
    );
}

#[test]
fn a_failure_beats_findings_and_both_are_said() {
    let failure = Failure {
        path: "b".into(),
        kind: FailureKind::Unreadable,
        message: "permission denied".into(),
        hint: None,
    };
    let failed = |targets| {
        Report::new(Run {
            failures: vec![failure.clone()],
            findings_exit_code: 9,
            ..run(targets)
        })
    };
    let nothing = failed(vec![target("a")]);
    assert_eq!(
        (nothing.verdict().outcome, nothing.exit_code()),
        (Outcome::Incomplete, 2)
    );
    let found = failed(vec![with(vec![at(Tier::Linked)], vec![])]);
    assert_eq!(
        (found.verdict().outcome, found.exit_code()),
        (Outcome::FindingsAndIncomplete, 2)
    );
}

#[test]
fn the_user_replaces_the_code_for_findings_only() {
    let report = |findings| {
        Report::new(Run {
            findings_exit_code: 9,
            ..run(vec![with(findings, vec![])])
        })
    };
    assert_eq!(report(vec![at(Tier::Linked)]).exit_code(), 9);
    assert_eq!(report(vec![]).exit_code(), 0);
}

#[test]
fn every_finding_is_counted_once() {
    let target = with(
        vec![
            at(Tier::Linked),
            at(Tier::Package),
            at(Tier::Module),
            at_least(Tier::Package),
            undecided(Tier::Linked),
        ],
        vec![],
    );
    let counts = Report::new(run(vec![target])).verdict().counts;
    let sorts = [
        counts.linked,
        counts.package,
        counts.module,
        counts.tier_unknown,
        counts.undecided,
    ];
    assert_eq!(
        (sorts, counts.suppressed, counts.known, counts.at_threshold),
        ([1; 5], 0, 0, 1)
    );
}

#[test]
fn absence_of_code_is_stated_only_where_nothing_is_missing() {
    let of = |finding: Finding, gaps| {
        let target = with(vec![finding], gaps);
        impact(&target, &target.scan.findings[0])
    };
    assert_eq!(of(at(Tier::Linked), vec![]), Impact::Affected);
    assert_eq!(
        of(at(Tier::Linked), vec![gap(Topic::BuildInfo)]),
        Impact::Affected
    );
    assert_eq!(of(at(Tier::Package), vec![]), Impact::CodeNotPresent);
    assert_eq!(
        of(at(Tier::Module), vec![gap(Topic::Lines)]),
        Impact::CodeNotPresent
    );
    for doubtful in [
        of(at(Tier::Module), vec![gap(Topic::Image)]),
        of(at_least(Tier::Package), vec![]),
        of(undecided(Tier::Linked), vec![]),
    ] {
        assert!(matches!(doubtful, Impact::Undecided(_)), "{doubtful:?}");
    }
}

#[test]
fn names_of_failures_are_unique() {
    let names: std::collections::BTreeSet<&str> =
        FailureKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(names.len(), FailureKind::ALL.len());
}

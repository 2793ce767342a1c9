//! Our versioned document, `goassay-scan/1`: wire types of their own, described in `docs/formats/scan.md` and
//! `docs/formats/scan.schema.json`.
//!
//! Every field is always there (`null` where there is nothing), lists are sorted, and no number is computed here.

use crate::document::{Baseline, IdleCause, IdleSuppression, Report, Run, Standing, Target};
use crate::harmless;
use crate::verdict::{Counts, Obstacle};
use crate::wire::{
    DatabaseWire, FactsWire, FailureWire, GapWire, NamedVersionWire, ObstacleWire, ToolWire, hex,
};
use goassay_vuln::finding::{
    Applies, Finding, PathGrade, ReviewStatus, Symbol, TierEvidence, Variant, VariantKind,
};
use goassay_vuln::subject::{Place, Position};
use serde::Serialize;
use std::io::{self, Write};

/// Name and version of the document.
pub const SCHEMA: &str = "goassay-scan/1";

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
    as_of: &'a str,
    fail_on: &'static str,
    verdict: VerdictWire,
    targets: Vec<TargetWire<'a>>,
    failures: Vec<FailureWire<'a>>,
    idle_suppressions: Vec<IdleWire<'a>>,
    baseline: Option<BaselineWire<'a>>,
}

impl<'a> From<&'a Report> for DocumentWire<'a> {
    fn from(report: &'a Report) -> Self {
        let run = report.run();
        DocumentWire {
            schema: SCHEMA,
            tool: ToolWire::from(&run.tool),
            database: DatabaseWire::from(&run.database),
            as_of: &run.as_of,
            fail_on: run.fail_on.name(),
            verdict: VerdictWire::from(report),
            targets: run.targets.iter().map(TargetWire::from).collect(),
            failures: run.failures.iter().map(FailureWire::from).collect(),
            idle_suppressions: run.idle_suppressions.iter().map(IdleWire::from).collect(),
            baseline: run.baseline.as_ref().map(BaselineWire::from),
        }
    }
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
        VerdictWire {
            outcome: report.verdict().outcome.name(),
            exit_code: report.exit_code(),
            counts: CountsWire::from(report.verdict().counts),
            obstacles: report
                .verdict()
                .obstacles
                .iter()
                .map(|o| obstacle(*o, report.run()))
                .collect(),
        }
    }
}

#[derive(Serialize)]
struct CountsWire {
    linked: usize,
    package: usize,
    module: usize,
    tier_unknown: usize,
    undecided: usize,
    suppressed: usize,
    known: usize,
    at_threshold: usize,
}

impl From<Counts> for CountsWire {
    fn from(counts: Counts) -> Self {
        let Counts {
            linked,
            package,
            module,
            tier_unknown,
            undecided,
            suppressed,
            known,
            at_threshold,
        } = counts;
        CountsWire {
            linked,
            package,
            module,
            tier_unknown,
            undecided,
            suppressed,
            known,
            at_threshold,
        }
    }
}

fn obstacle(obstacle: Obstacle, run: &Run) -> ObstacleWire {
    let (target, index) = match obstacle {
        Obstacle::Failure(index) => (None, index),
        Obstacle::Gap(target, index)
        | Obstacle::Undecided(target, index)
        | Obstacle::Tier(target, index) => (Some(target), index),
    };
    ObstacleWire {
        kind: obstacle.name(),
        target,
        index,
        reason: obstacle.reason(run),
    }
}

#[derive(Serialize)]
struct TargetWire<'a> {
    path: &'a str,
    member: Option<&'a str>,
    sha256: Option<&'a str>,
    also_at: &'a [String],
    facts: FactsWire<'a>,
    findings: Vec<FindingWire<'a>>,
    symbols: Vec<SymbolWire<'a>>,
    gaps: Vec<GapWire<'a>>,
    notes: &'a [String],
}

impl<'a> From<&'a Target> for TargetWire<'a> {
    fn from(target: &'a Target) -> Self {
        let findings = target.findings();
        TargetWire {
            path: &target.path,
            member: target.member.as_deref(),
            sha256: target.sha256.as_deref(),
            also_at: &target.also_at,
            facts: FactsWire::from(&target.facts),
            findings: findings
                .map(|(finding, standing)| FindingWire::new(finding, standing))
                .collect(),
            symbols: target.scan.symbols.iter().map(SymbolWire::from).collect(),
            gaps: target.scan.gaps.iter().map(GapWire::from).collect(),
            notes: &target.scan.notes,
        }
    }
}

#[derive(Serialize)]
struct FindingWire<'a> {
    id: &'a str,
    aliases: &'a [String],
    review: &'static str,
    published: Option<&'a str>,
    modified: Option<&'a str>,
    url: &'a str,
    module: FoundModuleWire<'a>,
    fixed: Option<&'a str>,
    tier: &'static str,
    evidence: EvidenceWire<'a>,
    applies: ReasonedWire<'a>,
    path_grade: ReasonedWire<'a>,
    standing: &'static str,
    suppression: Option<SuppressionWire<'a>>,
    packages: &'a [String],
    whole_package: bool,
    reasons: &'a [String],
    symbols: &'a [u32],
}

impl<'a> FindingWire<'a> {
    fn new(finding: &'a Finding, standing: Standing<'a>) -> Self {
        let advisory = &finding.advisory;
        FindingWire {
            id: &advisory.id,
            aliases: &advisory.aliases,
            review: review(advisory.review),
            published: advisory.published.as_deref(),
            modified: advisory.modified.as_deref(),
            url: &advisory.url,
            module: FoundModuleWire::from(finding),
            fixed: finding.fixed.as_deref(),
            tier: finding.tier.name(),
            evidence: EvidenceWire::from(&finding.evidence),
            applies: ReasonedWire::from(&finding.applies),
            path_grade: ReasonedWire::from(&finding.path),
            standing: standing.name(),
            suppression: SuppressionWire::new(standing),
            packages: &finding.packages,
            whole_package: finding.whole_package,
            reasons: &finding.reasons,
            symbols: &finding.symbols,
        }
    }
}

fn review(status: ReviewStatus) -> &'static str {
    match status {
        ReviewStatus::Reviewed => "reviewed",
        ReviewStatus::Unreviewed => "unreviewed",
        ReviewStatus::Unknown => "unknown",
    }
}

#[derive(Serialize)]
struct FoundModuleWire<'a> {
    path: &'a str,
    version: &'a str,
    replaces: Option<NamedVersionWire<'a>>,
}

impl<'a> From<&'a Finding> for FoundModuleWire<'a> {
    fn from(finding: &'a Finding) -> Self {
        FoundModuleWire {
            path: &finding.module.path,
            version: &finding.module.version,
            replaces: finding.module.replaces.as_ref().map(NamedVersionWire::from),
        }
    }
}

#[derive(Serialize)]
struct EvidenceWire<'a> {
    status: &'static str,
    gap: Option<GapWire<'a>>,
}

impl<'a> From<&'a TierEvidence> for EvidenceWire<'a> {
    fn from(evidence: &'a TierEvidence) -> Self {
        match evidence {
            TierEvidence::Read => EvidenceWire {
                status: "read",
                gap: None,
            },
            TierEvidence::AtLeast(gap) => EvidenceWire {
                status: "at-least",
                gap: Some(GapWire::from(gap)),
            },
        }
    }
}

#[derive(Serialize)]
struct ReasonedWire<'a> {
    status: &'static str,
    reason: Option<&'a str>,
}

impl<'a> From<&'a Applies> for ReasonedWire<'a> {
    fn from(applies: &'a Applies) -> Self {
        match applies {
            Applies::Affected => ReasonedWire {
                status: "affected",
                reason: None,
            },
            Applies::Undecided(reason) => ReasonedWire {
                status: "undecided",
                reason: Some(reason),
            },
        }
    }
}

impl<'a> From<&'a PathGrade> for ReasonedWire<'a> {
    fn from(grade: &'a PathGrade) -> Self {
        match grade {
            PathGrade::NotComputed(reason) => ReasonedWire {
                status: "not-computed",
                reason: Some(reason),
            },
        }
    }
}

#[derive(Serialize)]
struct SuppressionWire<'a> {
    reason: &'a str,
    until: Option<&'a str>,
}

impl<'a> SuppressionWire<'a> {
    fn new(standing: Standing<'a>) -> Option<Self> {
        match standing {
            Standing::Suppressed(by) => Some(SuppressionWire {
                reason: &by.reason,
                until: by.until.as_deref(),
            }),
            Standing::Counts | Standing::Known => None,
        }
    }
}

#[derive(Serialize)]
struct SymbolWire<'a> {
    package: &'a str,
    name: &'a str,
    variants: Vec<VariantWire<'a>>,
    functions: Vec<FunctionWire<'a>>,
    inlined_into: Vec<InlinedWire<'a>>,
}

impl<'a> From<&'a Symbol> for SymbolWire<'a> {
    fn from(symbol: &'a Symbol) -> Self {
        SymbolWire {
            package: &symbol.package,
            name: &symbol.name,
            variants: symbol.variants.iter().map(VariantWire::from).collect(),
            functions: symbol.places.iter().filter_map(FunctionWire::new).collect(),
            inlined_into: symbol.places.iter().filter_map(InlinedWire::new).collect(),
        }
    }
}

#[derive(Serialize)]
struct VariantWire<'a> {
    kind: &'static str,
    linker_name: &'a str,
}

impl<'a> From<&'a Variant> for VariantWire<'a> {
    fn from(variant: &'a Variant) -> Self {
        let kind = match variant.kind {
            VariantKind::Exact => "exact",
            VariantKind::Generic => "generic",
            VariantKind::Closure => "closure",
            VariantKind::Wrapper => "wrapper",
        };
        VariantWire {
            kind,
            linker_name: &variant.linker_name,
        }
    }
}

#[derive(Serialize)]
struct FunctionWire<'a> {
    address: Option<String>,
    file: Option<&'a str>,
    line: Option<u32>,
}

impl<'a> FunctionWire<'a> {
    fn new(place: &'a Place) -> Option<Self> {
        let Place::Function { address, position } = place else {
            return None;
        };
        let (file, line) = file_line(position.as_ref());
        Some(FunctionWire {
            address: hex(*address),
            file,
            line,
        })
    }
}

#[derive(Serialize)]
struct InlinedWire<'a> {
    host: &'a str,
    host_address: Option<String>,
    file: Option<&'a str>,
    line: Option<u32>,
}

impl<'a> InlinedWire<'a> {
    fn new(place: &'a Place) -> Option<Self> {
        let Place::Inlined {
            host,
            host_address,
            call,
        } = place
        else {
            return None;
        };
        let (file, line) = file_line(call.as_ref());
        Some(InlinedWire {
            host,
            host_address: hex(*host_address),
            file,
            line,
        })
    }
}

fn file_line(position: Option<&Position>) -> (Option<&str>, Option<u32>) {
    let line = position.map(|p| p.line).filter(|&line| line > 0);
    (position.map(|p| &*p.file), line)
}

#[derive(Serialize)]
struct IdleWire<'a> {
    id: &'a str,
    place: &'a str,
    reason: &'a str,
    cause: &'static str,
    until: Option<&'a str>,
}

impl<'a> From<&'a IdleSuppression> for IdleWire<'a> {
    fn from(idle: &'a IdleSuppression) -> Self {
        let (cause, until) = match &idle.cause {
            IdleCause::Unused => ("unused", None),
            IdleCause::Expired(until) => ("expired", Some(until.as_str())),
        };
        IdleWire {
            id: &idle.id,
            place: &idle.place,
            reason: &idle.reason,
            cause,
            until,
        }
    }
}

#[derive(Serialize)]
struct BaselineWire<'a> {
    path: &'a str,
    gone: u32,
}

impl<'a> From<&'a Baseline> for BaselineWire<'a> {
    fn from(baseline: &'a Baseline) -> Self {
        BaselineWire {
            path: &baseline.path,
            gone: baseline.gone,
        }
    }
}

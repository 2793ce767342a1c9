//! The finished audit: what was judged by which policy, with the verdict that all formats and the exit code share.
//!
//! Domain-side types, no promise to readers of a document. [`Report::new`] sorts and judges once; renderers read. Texts
//! that come from a binary, a file name or a configuration are hostile and escaped by each renderer for its medium.

mod github;
mod html;
pub(crate) mod json;
mod markdown;
pub mod plan;
mod sarif;
pub(crate) mod text;

pub use json::SCHEMA;

use crate::document::{DatabaseUse, Failure, IdleCause, TargetFacts, Tool};
use crate::render::Style;
use crate::verdict::Outcome;
use goassay_audit::policy::Profile;
use goassay_audit::verdict::{Failing, Judged, Level, Verdict as RuleVerdict};
use goassay_binary::gap::Gap;
use std::io::{self, Write};

/// Everything that one run of `audit` has to say, before it is judged as a whole.
#[derive(Debug, Clone)]
pub struct Run {
    /// The program that made the report.
    pub tool: Tool,
    /// The database that says what is known of Go's releases.
    pub database: DatabaseUse,
    /// What the binaries are meant for.
    pub profile: Profile,
    /// The day that was judged for, `YYYY-MM-DD`.
    pub as_of: String,
    /// Failures from this level on count against the run.
    pub fail_on: Level,
    /// Exit code of a run with failures and without obstacles; 1 unless `--exit-code` replaced it.
    pub failing_exit_code: u8,
    /// What was judged.
    pub targets: Vec<Target>,
    /// What could not be examined.
    pub failures: Vec<Failure>,
    /// Waivers that did nothing, and why.
    pub idle_waivers: Vec<IdleWaiver>,
}

/// One Go binary that was judged.
#[derive(Debug, Clone)]
pub struct Target {
    /// Path as it was given or found, `-` for standard input.
    pub path: String,
    /// Architecture of a fat Mach-O's slice, or name of an archive's member.
    pub member: Option<String>,
    /// Further paths of the same file.
    pub also_at: Vec<String>,
    /// What it is.
    pub facts: TargetFacts,
    /// What each rule says, in the order of the registry.
    pub judged: Vec<Judged>,
}

/// A waiver that made no failure not count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdleWaiver {
    /// The rule that it names.
    pub rule: String,
    /// Where it is written (`goassay.toml:12`).
    pub place: String,
    /// The user's reason.
    pub reason: String,
    /// Why it did nothing.
    pub cause: IdleCause,
}

/// A judged run: sorted, with its verdict. Cannot be changed any more.
#[derive(Debug, Clone)]
pub struct Report {
    run: Run,
    verdict: Verdict,
}

impl Report {
    /// Sorts `run` and judges it.
    pub fn new(mut run: Run) -> Report {
        run.targets
            .sort_by(|a, b| (&a.path, &a.member).cmp(&(&b.path, &b.member)));
        for target in &mut run.targets {
            target.also_at.sort();
        }
        run.failures
            .sort_by(|a, b| (&a.path, a.kind, &a.message).cmp(&(&b.path, b.kind, &b.message)));
        run.idle_waivers.sort();
        let verdict = judge(&run);
        Report { run, verdict }
    }

    /// What was judged.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// What it amounts to.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// The exit code of the process: the same for every output format.
    pub fn exit_code(&self) -> u8 {
        self.verdict.outcome.exit_code(self.run.failing_exit_code)
    }
}

/// What a run amounts to, and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The answer to "is there a failure at or above the threshold?"
    pub outcome: Outcome,
    /// How many verdicts there are of each sort, over all targets.
    pub counts: Counts,
    /// What stands in the way of a whole answer, in the order of the report.
    pub obstacles: Vec<Obstacle>,
}

/// How many verdicts there are of each sort. Each verdict is in exactly one of the first seven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Failed rules of level error, not waived.
    pub errors: usize,
    /// Failed rules of level warning, not waived.
    pub warnings: usize,
    /// Failed rules of level note, not waived.
    pub notes: usize,
    /// Failed rules that the user has waived.
    pub waived: usize,
    /// Rules that need what could not be read.
    pub unknown: usize,
    /// Passed rules.
    pub passed: usize,
    /// Rules that have nothing to say.
    pub not_applicable: usize,
    /// Of the first three: those at or above the threshold.
    pub at_threshold: usize,
}

/// Something without which the question has no whole answer. Numbers are indexes into the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// A failure: index into `failures`.
    Failure(usize),
    /// A rule at or above the threshold that could not be judged: index into `targets`, into its `judged`.
    Unknown(usize, usize),
}

impl Obstacle {
    /// The stable word for output.
    pub fn name(self) -> &'static str {
        match self {
            Obstacle::Failure(_) => "failure",
            Obstacle::Unknown(..) => "unknown",
        }
    }

    /// Why there is no whole answer: a sentence without a full stop, hostile.
    pub fn reason(self, run: &Run) -> String {
        let reason = match self {
            Obstacle::Failure(index) => run.failures.get(index).map(|f| f.message.clone()),
            Obstacle::Unknown(target, index) => run
                .targets
                .get(target)
                .and_then(|target| target.judged.get(index))
                .map(|judged| format!("{}: {}", judged.rule.id, gaps_in_words(judged))),
        };
        reason.unwrap_or_default()
    }
}

fn gaps_in_words(judged: &Judged) -> String {
    let gaps: Vec<String> = gaps(judged).iter().map(Gap::to_string).collect();
    gaps.join("; ")
}

/// The gaps of a rule that could not be judged; empty for every other verdict.
fn gaps(judged: &Judged) -> &[Gap] {
    match &judged.verdict {
        RuleVerdict::Unknown(gaps) => gaps,
        _ => &[],
    }
}

/// What a verdict is shown and counted as: exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort<'a> {
    /// Failed, and it counts.
    Failed(&'a Failing),
    /// Failed, and the user has waived it.
    Waived(&'a Failing),
    /// Could not be judged.
    Unknown(&'a [Gap]),
    /// Passed, with its evidence.
    Passed(&'a [String]),
    /// Has nothing to say, and why.
    NotApplicable(&'a str),
}

/// The sort of a verdict.
pub fn sort(judged: &Judged) -> Sort<'_> {
    match &judged.verdict {
        RuleVerdict::Fail(failing) if judged.counts() => Sort::Failed(failing),
        RuleVerdict::Fail(failing) => Sort::Waived(failing),
        RuleVerdict::Unknown(gaps) => Sort::Unknown(gaps),
        RuleVerdict::Pass(evidence) => Sort::Passed(evidence),
        RuleVerdict::NotApplicable(why) => Sort::NotApplicable(why),
    }
}

fn judge(run: &Run) -> Verdict {
    let mut counts = Counts::default();
    let mut obstacles: Vec<Obstacle> = (0..run.failures.len()).map(Obstacle::Failure).collect();
    for (index, target) in run.targets.iter().enumerate() {
        for (at, judged) in target.judged.iter().enumerate() {
            counts.add(judged, run.fail_on);
            if judged.level >= run.fail_on && matches!(sort(judged), Sort::Unknown(_)) {
                obstacles.push(Obstacle::Unknown(index, at));
            }
        }
    }
    Verdict {
        outcome: Outcome::of(counts.at_threshold > 0, obstacles.is_empty()),
        counts,
        obstacles,
    }
}

impl Counts {
    fn add(&mut self, judged: &Judged, fail_on: Level) {
        let slot = match (sort(judged), judged.level) {
            (Sort::Failed(_), Level::Error) => &mut self.errors,
            (Sort::Failed(_), Level::Warning) => &mut self.warnings,
            (Sort::Failed(_), Level::Note) => &mut self.notes,
            (Sort::Waived(_), _) => &mut self.waived,
            (Sort::Unknown(_), _) => &mut self.unknown,
            (Sort::Passed(_), _) => &mut self.passed,
            (Sort::NotApplicable(_), _) => &mut self.not_applicable,
        };
        *slot += 1;
        if judged.counts() && judged.level >= fail_on {
            self.at_threshold += 1;
        }
    }

    /// The counts of one target.
    pub fn of(target: &Target, fail_on: Level) -> Counts {
        let mut counts = Counts::default();
        target
            .judged
            .iter()
            .for_each(|judged| counts.add(judged, fail_on));
        counts
    }

    /// Failed rules that count.
    pub fn failed(&self) -> usize {
        self.errors + self.warnings + self.notes
    }

    /// `2 errors, 1 warning`; empty where nothing failed.
    pub fn failed_in_words(&self) -> String {
        let sorts = [
            (self.errors, "error", "errors"),
            (self.warnings, "warning", "warnings"),
            (self.notes, "note", "notes"),
        ];
        let parts = sorts.iter().filter(|(count, ..)| *count > 0);
        let parts = parts.map(|(count, one, many)| crate::layout::counted(*count, one, many));
        parts.collect::<Vec<_>>().join(", ")
    }
}

impl Counts {
    /// Everything that keeps a run from being perfect: `1 warning, 2 unknown, 1 waived`.
    fn besides_in_words(&self) -> String {
        let mut parts = vec![self.failed_in_words()];
        let sorts = [(self.unknown, "unknown"), (self.waived, "waived")];
        let more = sorts.iter().filter(|(count, _)| *count > 0);
        parts.extend(more.map(|(count, word)| format!("{count} {word}")));
        parts.retain(|part| !part.is_empty());
        parts.join(", ")
    }
}

/// The failed rules of a target that count, the heaviest first, then in the order of the registry.
pub fn failed(target: &Target) -> Vec<(&Judged, &Failing)> {
    let failed = target
        .judged
        .iter()
        .filter_map(|judged| match sort(judged) {
            Sort::Failed(failing) => Some((judged, failing)),
            _ => None,
        });
    let mut failed: Vec<_> = failed.collect();
    failed.sort_by_key(|(judged, _)| std::cmp::Reverse(judged.level));
    failed
}

/// The sentence that the exit code goes with, without it: a word, and what it rests on. Ours, not hostile.
pub fn conclusion(report: &Report) -> (&'static str, String) {
    let verdict = report.verdict();
    let run = report.run();
    let binaries = crate::layout::counted(run.targets.len(), "Go binary", "Go binaries");
    let found = verdict.counts.failed_in_words();
    let rest = verdict.counts.besides_in_words();
    let open = obstacles_in_words(&verdict.obstacles);
    let threshold = run.fail_on.name();
    match verdict.outcome {
        Outcome::Clean if run.targets.is_empty() => ("NOTHING AUDITED", String::new()),
        Outcome::Clean if rest.is_empty() => ("PASSED", format!("no rule failed for {binaries}")),
        Outcome::Clean => (
            "PASSED",
            format!("nothing at level {threshold} or above for {binaries}; besides, {rest}"),
        ),
        Outcome::Findings => ("FAILED", format!("{found} for {binaries}")),
        Outcome::Incomplete if run.targets.is_empty() => ("NOTHING AUDITED", open),
        Outcome::Incomplete => (
            "INCOMPLETE",
            format!("nothing at level {threshold} or above in what could be read, but {open}"),
        ),
        Outcome::FindingsAndIncomplete => (
            "FAILED, AND INCOMPLETE",
            format!("{found} for {binaries}, and {open}"),
        ),
    }
}

fn obstacles_in_words(obstacles: &[Obstacle]) -> String {
    let failures = obstacles
        .iter()
        .filter(|o| matches!(o, Obstacle::Failure(_)))
        .count();
    let unknown = obstacles.len() - failures;
    let parts = [
        (failures, format!("{failures} not examined")),
        (
            unknown,
            crate::layout::counted(unknown, "rule unknown", "rules unknown"),
        ),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(_, words)| words)
        .collect();
    format!("there is no whole answer: {}", parts.join(", "))
}

/// An output format of `audit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// For people.
    Text,
    /// Our versioned document (`goassay-audit/1`).
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// One self-contained page.
    Html,
    /// For a pull request or a job summary.
    Markdown,
    /// GitHub's workflow commands: annotations.
    Github,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 6] = [
        Format::Text,
        Format::Json,
        Format::Sarif,
        Format::Html,
        Format::Markdown,
        Format::Github,
    ];

    /// The stable word for `--format`.
    pub fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
            Format::Sarif => "sarif",
            Format::Html => "html",
            Format::Markdown => "markdown",
            Format::Github => "github",
        }
    }
}

/// How the text for people is to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextOptions {
    /// Columns to fit into; words that are longer stay whole.
    pub width: usize,
    /// Colours.
    pub style: Style,
    /// Passes, rules that do not apply and all evidence, too (`--show all`).
    pub all: bool,
    /// How old the database is (`3 days old`); the caller has the clock.
    pub database_age: Option<String>,
}

/// Writes `report` in `format`. `text` is used by [`Format::Text`] only.
///
/// # Errors
///
/// What the writer fails with.
pub fn render(
    report: &Report,
    format: Format,
    text: &TextOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Text => text::render(report, text, out),
        Format::Json => json::render(report, out),
        Format::Sarif => sarif::render(report, out),
        Format::Html => html::render(report, out),
        Format::Markdown => markdown::render(report, out),
        Format::Github => github::render(report, out),
    }
}

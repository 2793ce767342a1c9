//! What a rule says of a binary, and what an audit amounts to.

use crate::registry::Rule;
use goassay_binary::gap::Gap;

/// How much a failed rule weighs. Ordered: an error is more than a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Worth knowing.
    Note,
    /// Worth mending.
    Warning,
    /// Not fit for the profile.
    Error,
}

impl Level {
    /// The stable word for output and configuration.
    pub fn name(self) -> &'static str {
        match self {
            Level::Note => "note",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

/// What one rule says of one binary. Four values to the end: what could not be seen never passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be; each line of evidence is a fact with its value. Texts from the binary are hostile.
    Pass(Vec<String>),
    /// Not as it should be.
    Fail(Failing),
    /// The rule has nothing to say here; why (one clause without a full stop: `pure Go: no C function is linked`).
    NotApplicable(String),
    /// What it needs could not be read.
    Unknown(Vec<Gap>),
}

impl Verdict {
    /// The stable word for output.
    pub fn name(&self) -> &'static str {
        match self {
            Verdict::Pass(_) => "pass",
            Verdict::Fail(_) => "fail",
            Verdict::NotApplicable(_) => "not-applicable",
            Verdict::Unknown(_) => "unknown",
        }
    }
}

/// A rule that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// What is wrong with this binary: one sentence without a full stop, with numbers.
    pub what: String,
    /// The facts that it rests on, most telling first. Hostile text; credentials are masked already.
    pub evidence: Vec<String>,
    /// How much evidence was left out of the list.
    pub more: usize,
    /// What to do: a command, or lines for the build, that makes the rule pass. Never text from the binary.
    pub fix: String,
}

/// A waiver that applied to a failed rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waived {
    /// The user's reason.
    pub reason: String,
    /// Last day on which it holds, `YYYY-MM-DD`.
    pub until: Option<String>,
}

/// One rule, judged.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The rule.
    pub rule: &'static Rule,
    /// Its level in this policy.
    pub level: Level,
    /// What it says.
    pub verdict: Verdict,
    /// Why a failure does not count.
    pub waived: Option<Waived>,
}

impl Judged {
    /// Whether it failed and nobody waived it.
    pub fn counts(&self) -> bool {
        matches!(self.verdict, Verdict::Fail(_)) && self.waived.is_none()
    }
}

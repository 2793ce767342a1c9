//! What rules have in common: from facts to verdicts.

use crate::facts::Facts;
use crate::verdict::{Failing, Verdict};
use goassay_binary::gap::{Fact, Gap};
use goassay_binary::hardening::Hardening;
use goassay_binary::image::Kind;

/// Lines of evidence that a verdict lists.
const MOST_EVIDENCE: usize = 10;

/// A failure with as much evidence as is listed.
pub(super) fn fail(
    what: impl Into<String>,
    evidence: Vec<String>,
    fix: impl Into<String>,
) -> Verdict {
    let mut evidence = evidence;
    let more = evidence.len().saturating_sub(MOST_EVIDENCE);
    evidence.truncate(MOST_EVIDENCE);
    Verdict::Fail(Failing {
        what: what.into(),
        evidence,
        more,
        fix: fix.into(),
    })
}

/// A pass that rests on one fact.
pub(super) fn pass(evidence: impl Into<String>) -> Verdict {
    Verdict::Pass(vec![evidence.into()])
}

pub(super) fn not_applicable(why: impl Into<String>) -> Verdict {
    Verdict::NotApplicable(why.into())
}

pub(super) fn unknown(gap: &Gap) -> Verdict {
    Verdict::Unknown(vec![gap.clone()])
}

/// A fact, or the verdict "unknown".
pub(super) fn known<T>(fact: &Fact<T>) -> Result<&T, Verdict> {
    fact.as_ref().map_err(unknown)
}

/// The beginning of a command that rewrites imports in all source files below the current folder: an expression for `sed` and
/// `{} +` have to follow.
pub(super) const IMPORTS: &str = "find . -name '*.go' -exec sed -i -E";

/// The command that gives the main module another path, in go.mod and in its own imports, and builds it. `new` is for a
/// shell and may use `$old`.
pub(super) fn rename(new: &str) -> String {
    format!(
        "old=$(go list -m) && new={new} && go mod edit -module=\"${{new%/}}\" && {IMPORTS} \"s,\\\"$old(/|\\\"),\\\"${{new%/}}\\\\1,\" {{}} + && go build"
    )
}

/// The verdict of a function that stops at the first fact that settles it.
pub(super) fn settle(verdict: Result<Verdict, Verdict>) -> Verdict {
    verdict.unwrap_or_else(|early| early)
}

/// What the headers say. Objects of archives are not linked yet, so that nothing applies to them.
pub(super) fn headers<'f, 'a>(facts: &'f Facts<'a>) -> Result<&'f Hardening<'a>, Verdict> {
    if facts.binary.image().kind == Kind::Object {
        return Err(not_applicable(
            "an object of an archive: the program that it is linked into decides",
        ));
    }
    known(&facts.hardening)
}

/// Text of the file, for evidence.
pub(super) fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

/// Whether C code is linked; the verdict "not applicable" where none is.
pub(super) fn needs_c<'f>(facts: &'f Facts<'_>) -> Result<&'f crate::facts::ccode::CCode, Verdict> {
    let c_code = known(&facts.c_code)?;
    if c_code.linked {
        Ok(c_code)
    } else {
        Err(not_applicable("pure Go: no C function is linked"))
    }
}

//! Disagreements that are understood: which, and why. The same list is in docs/hardening.md.

use super::Difference;

/// A disagreement that is understood.
struct Known {
    peer: &'static str,
    field: &'static str,
    ours: &'static str,
    theirs: &'static str,
    /// What has to hold of the program besides.
    holds: fn(&Difference) -> bool,
    why: &'static str,
}

const KNOWN: [Known; 2] = [
    Known {
        peer: "checksec",
        field: "symbols",
        ours: "gap",
        theirs: "no",
        holds: |_| true,
        why: "without section headers nobody can tell whether there is a symbol table; checksec takes that for none",
    },
    Known {
        peer: "checksec",
        field: "canary",
        ours: "no",
        theirs: "yes",
        holds: |difference| difference.imports_nothing,
        why: "a static program imports nothing; checksec finds the function of the C library that was linked in, whether or not anything calls it",
    },
];

/// Why two readers differ, where it is known.
pub(super) fn why(difference: &Difference) -> Option<&'static str> {
    let known = KNOWN.iter().find(|known| {
        known.peer == difference.peer
            && known.field == difference.field
            && known.ours == difference.ours
            && known.theirs == difference.theirs
            && (known.holds)(difference)
    });
    known.map(|known| known.why)
}

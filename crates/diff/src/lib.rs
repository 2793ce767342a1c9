//! Two Go binaries to what differs between them, from the top down, and from there to causes.
//!
//! Pure: bytes in, values out; no file, process or clock. Both sides are hostile: reads are checked, lists are bounded (their
//! counts are whole), and work is linear in the length of the files. What it says points at something and proves nothing: equal
//! are bytes alone.

mod build;
mod causes;
mod container;
mod differences;
mod files;
mod functions;
mod listed;
mod side;
mod strings;
mod types;
mod variables;

pub use causes::{Cause, Change, Kind, Place, causes};
pub use differences::{
    Appearance, BuildInfo, Changed, Container, Differences, Files, Foreign, FunctionChange,
    Functions, How, Identity, Inlining, ModuleChange, ModuleCount, Roots, Section, Setting, Span,
    Strings, Types, Unread, Variable,
};
pub use listed::{LISTED, Listed};
pub use variables::variables;

use goassay_binary::Binary;
use side::Side;

/// What differs between two files. A file that is no Go binary is compared by its bytes alone.
#[must_use]
pub fn compare(a: &[u8], b: &[u8]) -> Differences {
    let mut found = Differences {
        span: container::span(a, b),
        ..Differences::default()
    };
    if found.span.is_identical() {
        return found;
    }
    match (Binary::parse(a), Binary::parse(b)) {
        (Ok(one), Ok(other)) => {
            let sides = [Side::of(&one, a.len()), Side::of(&other, b.len())];
            fill(&mut found, &[&one, &other], &sides);
        }
        (one, other) => found.unread = differences::unread(one.err(), other.err()),
    }
    found
}

fn fill(found: &mut Differences, binaries: &[&Binary<'_>; 2], sides: &[Side<'_>; 2]) {
    found.container = container::compare(binaries);
    found.build = build::compare(binaries);
    let pairs = functions::pair(binaries, sides);
    found.functions = functions::compare(binaries, sides, &pairs);
    found.inlining = functions::inlining(sides, &pairs);
    found.foreign = functions::foreign(binaries, sides, &pairs);
    found.types = types::compare(binaries);
    found.strings = strings::compare(binaries, sides);
    found.files = files::compare(binaries, sides);
    found.variables = variables::between(binaries, sides, &pairs);
    for (which, side) in ["A", "B"].into_iter().zip(sides) {
        let gaps = side.gaps.iter();
        let gaps = gaps.map(|gap| format!("{which}: {gap}"));
        found.gaps.extend(gaps);
    }
    found.gaps.sort();
    found.gaps.dedup();
}

//! Changed after the link: what the go command made was one file, and somebody did something to it.
//!
//! A Go build ID has a hash of the contents in it. Where both files have the same one, no build made the difference.

use super::{Cause, Kind};
use crate::differences::Differences;

/// Whether both files come out of one build, as far as the Go build ID says.
pub(super) fn is_one_build(found: &Differences) -> bool {
    let [a, b] = &found.container.identity;
    a.go.is_some() && a.go == b.go
}

pub(super) fn causes(found: &Differences) -> Vec<Cause> {
    let mut causes = Vec::new();
    causes.extend(signature(found));
    let one_build = is_one_build(found);
    if one_build {
        causes.extend(stripped(found));
    }
    causes.extend(appended(found, causes.is_empty()));
    if one_build && causes.is_empty() {
        causes.push(patched(found));
    }
    causes
}

fn same_build(found: &Differences) -> Vec<String> {
    let id = is_one_build(found);
    let words = "the Go build ID, which has a hash of the contents, is the same in both";
    id.then(|| words.to_owned()).into_iter().collect()
}

fn signature(found: &Differences) -> Option<Cause> {
    let [a, b] = &found.container.identity;
    if a.signature == b.signature {
        return None;
    }
    // Go signs for macOS itself; the name it signs is that of the file.
    let mut evidence = same_build(found);
    let names = [&a.signature, &b.signature].map(|one| one.clone());
    evidence.extend(sections(found));
    Some(Cause::new(Kind::Signature(names), evidence))
}

fn sections(found: &Differences) -> impl Iterator<Item = String> {
    let sections = found.container.sections.list.iter().take(3);
    sections.map(|section| format!("section {} differs", section.name))
}

fn stripped(found: &Differences) -> Option<Cause> {
    let [a, b] = found.container.appearance;
    if a.symbols == b.symbols && a.dwarf == b.dwarf {
        return None;
    }
    let mut evidence = same_build(found);
    let has = |side: &str, is: bool, what: &str| {
        let has = if is { "has" } else { "has no" };
        format!("{side} {has} {what}")
    };
    for (what, one, other) in [
        ("symbol table", a.symbols, b.symbols),
        ("debug information", a.dwarf, b.dwarf),
    ] {
        if one != other {
            evidence.push(has("A", one, what));
            evidence.push(has("B", other, what));
        }
    }
    Some(Cause::new(Kind::Stripped, evidence))
}

/// Files of other builds are padded otherwise.
fn appended(found: &Differences, alone: bool) -> Option<Cause> {
    let [a, b] = &found.container.identity;
    if a.go != b.go {
        return None;
    }
    let appended = found.container.appearance.map(|one| one.appended);
    let span = &found.span;
    let ends_differ = appended[0] != appended[1]
        || alone && appended[0] > 0 && span.first >= span.lengths[0] - appended[0];
    if !ends_differ {
        return None;
    }
    let mut evidence = same_build(found);
    evidence.push(format!(
        "headers account for all but {} and {} bytes",
        appended[0], appended[1]
    ));
    if span.differ == 0 {
        evidence.push("up to the end of the shorter file nothing differs".to_owned());
    }
    Some(Cause::new(Kind::Appended(appended), evidence))
}

fn patched(found: &Differences) -> Cause {
    let span = &found.span;
    let mut evidence = same_build(found);
    evidence.push(format!(
        "{} bytes differ, between {:#x} and {:#x}",
        span.differ, span.first, span.last
    ));
    let changed = found.functions.changed.list.iter().take(3);
    evidence.extend(changed.map(|function| format!("code of {} differs", function.name)));
    evidence.extend(sections(found));
    Cause::new(Kind::PatchedAfterLink, evidence)
}

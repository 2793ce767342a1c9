//! The first lines of each file in a text: its name, and in one line what it is.

use crate::document::{Presence, TargetFacts};
use crate::layout::{Line, Page, Paint, list};
use std::io;

/// What the first lines say.
pub(crate) struct Heading<'a> {
    pub(crate) path: &'a str,
    pub(crate) member: Option<&'a str>,
    pub(crate) facts: &'a TargetFacts,
    pub(crate) also_at: &'a [String],
}

/// Writes the first lines.
pub(crate) fn put(page: &mut Page<'_>, heading: &Heading<'_>) -> io::Result<()> {
    let mut line = Line::at(0).name(Paint::Strong, heading.path);
    if let Some(member) = heading.member {
        line = line.say("member").name(Paint::Strong, member);
    }
    page.put(line)?;
    page.put(facts(heading.facts))?;
    if heading.also_at.is_empty() {
        return Ok(());
    }
    let also = list(
        Line::at(2).paint(Paint::Faint, "The same file:"),
        heading.also_at.iter().map(String::as_str),
    );
    page.put(also)
}

fn facts(facts: &TargetFacts) -> Line {
    let mut line = match &facts.go_version {
        Some(version) => Line::at(2).name(Paint::Plain, version),
        None => Line::at(2).say("Go version unknown"),
    };
    line = match (&facts.main_module, &facts.main_package) {
        (Some(main), _) => line
            .glue(",")
            .name(Paint::Plain, &main.path)
            .name(Paint::Plain, &main.version),
        (None, Some(package)) => line.glue(",").say("package").name(Paint::Plain, package),
        (None, None) => line,
    };
    let os = facts
        .os
        .as_deref()
        .or(facts.goos.as_deref())
        .unwrap_or("unknown");
    line = line
        .glue(",")
        .name(Paint::Plain, &format!("{os}/{}", facts.arch));
    line = line
        .glue(",")
        .say(facts.format.name())
        .say(facts.kind.name());
    match (facts.symbol_table, facts.dwarf) {
        (Presence::Absent, Presence::Absent) => line.glue(",").say("stripped"),
        (Presence::Absent, _) => line.glue(",").say("no symbol table"),
        (_, Presence::Absent) => line.glue(",").say("no DWARF"),
        _ => line,
    }
}

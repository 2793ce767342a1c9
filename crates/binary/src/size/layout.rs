//! The file cut into parts: sections and what lies between them, each with the label of what nobody claims there.
//!
//! Section names are hints: they say how an unclaimed byte is called, never whom a claimed one belongs to.

use super::ledger::{Label, Ledger, Part};
use super::{Kind, Owner, Section, Structure};
use crate::image::Image;

/// The parts for people, and the ledger over them.
pub(super) fn cut(image: &Image<'_>) -> (Vec<Section>, Ledger) {
    let mut named: Vec<_> = image.sections.iter().filter(|s| s.len > 0).collect();
    named.sort_by_key(|section| section.offset);
    let mut cut = Cut::default();
    for section in named {
        cut.fill(image, section.offset.0);
        let end = section.offset.0.saturating_add(section.len);
        cut.push(section.name, end, label(section.name));
    }
    cut.fill(image, image.bytes().len());
    (cut.sections, Ledger::new(cut.parts))
}

#[derive(Default)]
struct Cut {
    sections: Vec<Section>,
    parts: Vec<Part>,
    end: u64,
}

impl Cut {
    /// The next part, from the end of the last one to `end`.
    fn push(&mut self, name: &[u8], end: u64, rest: Label) {
        if end <= self.end {
            return;
        }
        self.sections.push(Section {
            name: String::from_utf8_lossy(name).into_owned(),
            offset: self.end,
            len: end - self.end,
        });
        self.parts.push(Part {
            range: self.end..end,
            rest,
        });
        self.end = end;
    }

    /// What is between sections: headers at the start, padding where all bytes are equal.
    fn fill(&mut self, image: &Image<'_>, end: u64) {
        let Some(len) = end.checked_sub(self.end).filter(|&len| len > 0) else {
            return;
        };
        let bytes = image.bytes().slice(self.end, len).map(|b| b.data());
        let first = bytes.and_then(|data| data.first().copied());
        let equal = bytes.is_some_and(|data| data.iter().all(|&b| Some(b) == first));
        let label = if self.end == 0 {
            Label::exact(Owner::File(Structure::Headers), Kind::FileStructure)
        } else if equal {
            Label::exact(Owner::File(Structure::Padding), Kind::Padding)
        } else {
            Label::exact(Owner::Unattributed, Kind::Other)
        };
        self.push(b"", end, label);
    }
}

/// Names of sections and what unclaimed bytes in them are. The first one that fits counts; `*` stands for any ending.
const NAMES: &[(&str, Owner, Kind)] = &[
    (".text*", Owner::Unattributed, Kind::Code),
    ("__text", Owner::Unattributed, Kind::Code),
];

fn label(name: &[u8]) -> Label {
    let fits = |pattern: &str| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start.as_bytes()),
        None => name == pattern.as_bytes(),
    };
    let known = NAMES.iter().find(|(pattern, ..)| fits(pattern));
    known.map_or(
        Label::exact(Owner::Unattributed, Kind::Other),
        |&(_, owner, kind)| Label::exact(owner, kind),
    )
}

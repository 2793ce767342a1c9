//! What grew and what shrank between two binaries, line by line; the changes add up to the difference of the files.

use super::table::{By, Line, lines};
use goassay_binary::size::Size;
use std::collections::BTreeMap;

/// What one line of a table was and is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The line; the version of a module is that of after, where it is there still.
    pub line: Line,
    /// Another version of the module that there was before.
    pub version_before: Option<String>,
    /// Bytes before.
    pub before: u64,
    /// Bytes after.
    pub after: u64,
}

impl Change {
    /// Bytes after less bytes before.
    pub fn delta(&self) -> i128 {
        i128::from(self.after) - i128::from(self.before)
    }
}

/// The changes of a table, the largest first. Modules are the same whatever their versions.
pub fn changes(before: &Size, after: &Size, by: By) -> Vec<Change> {
    let mut changes: BTreeMap<(&'static str, String), Change> = BTreeMap::new();
    for (line, bytes) in lines(before, by) {
        let change = entry(&mut changes, line);
        change.before += bytes;
    }
    for (line, bytes) in lines(after, by) {
        let version = line.version.clone();
        let change = entry(&mut changes, line);
        if change.line.version != version {
            let old = std::mem::replace(&mut change.line.version, version);
            change.version_before = Some(old);
        }
        change.after += bytes;
    }
    let mut changes: Vec<Change> = changes.into_values().collect();
    changes.sort_by(|a, b| {
        let size = |change: &Change| change.delta().unsigned_abs();
        size(b).cmp(&size(a)).then_with(|| a.line.cmp(&b.line))
    });
    changes
}

fn entry<'c>(
    changes: &'c mut BTreeMap<(&'static str, String), Change>,
    line: Line,
) -> &'c mut Change {
    let key = (line.what, line.name.clone());
    changes.entry(key).or_insert(Change {
        line,
        version_before: None,
        before: 0,
        after: 0,
    })
}

//! Matches a subject against the database.
//!
//! Three steps: the modules of the subject and the advisories that apply to their versions (`modules`,
//! `candidate`); one pass over the names in the binary, which looks at the packages that a candidate names and passes
//! over all others (`walk`); findings from what was met (`finish`). What cannot be decided stays in the outcome with
//! its reason.

mod candidate;
mod finish;
mod modules;
#[cfg(test)]
mod tests;
mod walk;

use crate::database::{Database, DatabaseError};
use crate::date::Date;
use crate::finding::Scan;
use crate::subject::{Subject, Symbols};
use goassay_binary::Places;

/// What a scan depends on besides subject and database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The day that is judged for: advisories withdrawn up to that day do not count.
    pub as_of: Date,
    /// How much of [`Symbol::places`](crate::finding::Symbol::places) is filled in.
    pub places: Places,
}

/// Matches `subject` against `database`.
///
/// # Errors
/// When the database is not consistent in itself.
pub fn scan(
    subject: &Subject<'_>,
    database: &Database<'_>,
    options: &Options,
) -> Result<Scan, DatabaseError> {
    let modules = modules::Modules::of(subject);
    let candidates = candidate::candidates(subject, &modules, database, options.as_of)?;
    let found = match subject.symbols {
        Symbols::Known(names) => {
            let mut walk = walk::Walk::new(subject, &modules, &candidates);
            names.for_each(&mut |id, name| walk.visit(id, name));
            Some(walk.end())
        }
        Symbols::Unknown(_) => None,
    };
    finish::finish(
        subject,
        modules,
        candidates,
        found,
        database,
        options.places,
    )
}

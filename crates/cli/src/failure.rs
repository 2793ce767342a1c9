//! What went wrong, in a form that says what to do next.
//!
//! Libraries explain (their errors become causes); this module decides the kind, the exit code and the wording. A
//! failure names the operation that was attempted, what stopped it, and the next step. Not a place for findings: those
//! are answers.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path;

/// Exit code when the question was answered and nothing reached the threshold.
pub(crate) const EXIT_OK: u8 = 0;
/// Exit code when the question could not be answered, wholly or for a part.
pub(crate) const EXIT_FAILED: u8 = 2;
/// Exit code after Ctrl-C, as shells report it.
pub(crate) const EXIT_INTERRUPTED: u8 = 130;

/// What kind of thing stopped an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The command line asks for something that cannot be.
    Usage,
    /// A configuration file is wrong.
    Config,
    /// A file to examine could not be read or is not what it should be.
    Input,
    /// The vulnerability database is missing, damaged or refused.
    Database,
    /// A server could not be reached or answered wrongly.
    Network,
    /// Somebody altered something, or two signed statements contradict each other.
    Security,
    /// Output could not be written.
    Output,
    /// The reader of standard output went away: quiet, not a failure of the run.
    BrokenPipe,
    /// A bug in this program.
    Internal,
}

/// One failure: attempted operation, causes from the outside in, and the next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    pub(crate) message: String,
    pub(crate) causes: Vec<String>,
    pub(crate) hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Failure {
        Failure {
            kind,
            message: message.into(),
            causes: Vec::new(),
            hint: None,
        }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Failure {
        Failure::new(Kind::Usage, message)
    }

    pub(crate) fn config(message: impl Into<String>) -> Failure {
        Failure::new(Kind::Config, message)
    }

    pub(crate) fn input(message: impl Into<String>) -> Failure {
        Failure::new(Kind::Input, message)
    }

    pub(crate) fn database(message: impl Into<String>) -> Failure {
        Failure::new(Kind::Database, message)
    }

    pub(crate) fn network(message: impl Into<String>) -> Failure {
        Failure::new(Kind::Network, message)
    }

    /// A failed write; a reader that went away becomes [`Kind::BrokenPipe`].
    pub(crate) fn output(what: &str, error: &io::Error) -> Failure {
        let kind = match error.kind() {
            io::ErrorKind::BrokenPipe => Kind::BrokenPipe,
            _ => Kind::Output,
        };
        Failure::new(kind, format!("cannot write {what}")).because(error)
    }

    /// A file that could not be `verb`ed (`read`, `open`, …).
    pub(crate) fn file(kind: Kind, verb: &str, path: &Path, error: &io::Error) -> Failure {
        Failure::new(kind, format!("cannot {verb} {}", path.display())).because(error)
    }

    /// Adds `error` and everything behind it as causes.
    pub(crate) fn because(mut self, error: &dyn Error) -> Failure {
        let mut next = Some(error);
        while let Some(error) = next {
            self.push_cause(error.to_string());
            next = error.source();
        }
        self
    }

    /// Adds one cause in words.
    pub(crate) fn cause(mut self, cause: impl Into<String>) -> Failure {
        self.push_cause(cause.into());
        self
    }

    /// Sets the next step.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }

    // Many errors repeat their source in their own text.
    fn push_cause(&mut self, cause: String) {
        if self.causes.last().is_none_or(|last| !last.contains(&cause)) {
            self.causes.push(cause);
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.causes
            .iter()
            .try_for_each(|cause| write!(f, ": {cause}"))
    }
}

impl Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_that_is_part_of_the_one_before_is_not_repeated() {
        let inner = io::Error::new(io::ErrorKind::NotFound, "no such thing");
        let failure = Failure::input("cannot read x")
            .cause("opening: no such thing")
            .because(&inner);
        assert_eq!(failure.causes, ["opening: no such thing"]);
    }

    #[test]
    fn a_reader_that_went_away_is_its_own_kind() {
        let error = io::Error::from(io::ErrorKind::BrokenPipe);
        assert_eq!(
            Failure::output("standard output", &error).kind,
            Kind::BrokenPipe
        );
    }
}

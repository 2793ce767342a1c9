//! What a variant does differently from the base: changes that can be joined, because together they are another variant.

use crate::sandbox::Identity;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

/// Where the copy of the tree is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Place {
    /// Another path of the same length.
    SameLength,
    /// A longer path.
    Longer,
}

/// What is done to a copy of the tree before it is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Edit {
    /// Folders give their entries in another order.
    Order,
    /// Files were changed at other times.
    Times,
    /// Files are readable for their owner only, as after a checkout under another umask.
    Modes,
    /// A file is there that is not committed.
    Dirty,
    /// The history ends at the commit, and there are no tags.
    Shallow,
    /// There is no repository.
    NoRepository,
    /// The repository was cloned from somewhere else.
    Remote,
    /// The commit has another tag.
    Tag,
}

/// The clock that programs see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Clock {
    /// It goes, so many days ahead.
    Ahead(u32),
    /// It stands at this second since 1970.
    Standing(u64),
}

/// What is other than in the base. The default is nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// Variables, set or taken away.
    pub environment: BTreeMap<OsString, Option<OsString>>,
    /// Words of the variable `GOFLAGS`, besides those of the base.
    pub go_flags: Vec<&'static str>,
    /// Only these variables are there, besides those that a build cannot do without.
    pub only_needed: bool,
    /// Where the tree is seen.
    pub place: Option<Place>,
    /// What is done to the tree.
    pub edits: Vec<Edit>,
    /// The clock.
    pub clock: Option<Clock>,
    /// What stands before the command line.
    pub before: Vec<OsString>,
    /// Folders that are seen at other places: from, to.
    pub binds: Vec<(PathBuf, PathBuf)>,
    /// The host name.
    pub host_name: Option<String>,
    /// The user's number.
    pub user: Option<Identity>,
    /// The list of users, as a text, instead of `/etc/passwd`.
    pub accounts: Option<String>,
    /// The umask.
    pub umask: Option<u32>,
    /// The home folder is a new one.
    pub new_home: bool,
    /// The folder for temporary files is a new one.
    pub new_temporary: bool,
    /// The build cache has everything already.
    pub warm: bool,
    /// The cache of another build has nothing to do with it: each variant of a compiler needs its own.
    pub own_cache: bool,
    /// Texts that stand for the base and for the variant: where a result has one of them, it is the trace of this change.
    pub traces: Vec<String>,
}

impl Change {
    /// Variables that are set.
    #[must_use]
    pub fn of_variables(variables: &[(&str, &str)]) -> Change {
        let pair = |(name, value): &(&str, &str)| (name.into(), Some(value.into()));
        Change {
            environment: variables.iter().map(pair).collect(),
            ..Change::default()
        }
    }

    /// Both changes.
    #[must_use]
    pub fn and(mut self, other: Change) -> Change {
        self.environment.extend(other.environment);
        self.go_flags.extend(other.go_flags);
        self.edits.extend(other.edits);
        self.before.extend(other.before);
        self.binds.extend(other.binds);
        self.traces.extend(other.traces);
        Change {
            only_needed: self.only_needed || other.only_needed,
            place: other.place.or(self.place),
            clock: other.clock.or(self.clock),
            host_name: other.host_name.or(self.host_name),
            user: other.user.or(self.user),
            accounts: other.accounts.or(self.accounts),
            umask: other.umask.or(self.umask),
            new_home: self.new_home || other.new_home,
            new_temporary: self.new_temporary || other.new_temporary,
            warm: self.warm || other.warm,
            own_cache: self.own_cache || other.own_cache,
            ..self
        }
    }

    /// Whether it takes a private view of the files.
    #[must_use]
    pub fn lays(&self) -> bool {
        !self.binds.is_empty() || self.accounts.is_some()
    }
}

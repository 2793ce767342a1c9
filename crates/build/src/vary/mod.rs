//! Unintentional inputs of a project's own build: built as it is, built again with one thing changed, compared byte by byte.
//!
//! What is varied is a table ([`INPUTS`]); each build has a fresh copy of the tree, never the user's own. What a pass means: with the
//! variants that were tried, the same bytes came out. It does not mean that nothing else can matter: what this machine cannot vary is
//! named, and the go command, being linked statically, keeps this machine's clock.

mod bench;
mod change;
mod changes;
mod hunt;
mod input;
mod machine;
mod outputs;
mod results;
mod tree;

pub use bench::{Bench, Error, OUTPUT, Project};
pub use change::{Change, Clock, Edit, Place};
pub use hunt::{Event, Hunt, Wanted, label, smallest};
pub use input::{INPUTS, Input, Intent, Variant};
pub use machine::{Environment, Go, Machine, OtherGo};
pub use outputs::{Difference, Output, Outputs, Pattern};
pub use results::Results;
pub use tree::Tree;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a variant showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Finding {
    /// The same files came out.
    Same,
    /// Others.
    Differs(Vec<Difference>),
    /// None: the build failed. Hostile.
    Fails {
        /// How it ended.
        status: String,
        /// The last lines that it said.
        said: Vec<String>,
    },
    /// It was not tried, and why.
    NotVaried(String),
}

/// A variant that was tried, or could not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// The input.
    pub input: &'static Input,
    /// The variant's name.
    pub variant: &'static str,
    /// Why a build may depend on it; none where it should not.
    pub is_meant: Option<&'static str>,
    /// What it showed.
    pub finding: Finding,
}

/// What an input came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relevance {
    /// It was not varied.
    NotVaried,
    /// It makes no difference.
    Irrelevant,
    /// It makes a difference, and is meant to.
    Intended,
    /// The build failed when it was another one: that is no answer.
    Unknown,
    /// It makes a difference, and should not.
    Unintended,
}

impl Relevance {
    /// The stable word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Relevance::NotVaried => "not-varied",
            Relevance::Irrelevant => "irrelevant",
            Relevance::Intended => "intended",
            Relevance::Unknown => "unknown",
            Relevance::Unintended => "unintended",
        }
    }
}

impl Tested {
    /// What it came to.
    #[must_use]
    pub fn relevance(&self) -> Relevance {
        match &self.finding {
            Finding::Same => Relevance::Irrelevant,
            Finding::NotVaried(_) => Relevance::NotVaried,
            Finding::Fails { .. } if self.is_meant.is_some() => Relevance::Intended,
            Finding::Fails { .. } => Relevance::Unknown,
            Finding::Differs(_) if self.is_meant.is_some() => Relevance::Intended,
            Finding::Differs(_) => Relevance::Unintended,
        }
    }
}

/// The base: the project as it is, built twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The files by name.
    pub files: BTreeMap<String, Output>,
    /// Where two builds of the same differ: those files are not compared any further.
    pub unstable: Vec<Difference>,
    /// Where two builds of the same differ unless the clock stands: from then on it stood.
    pub by_time: Vec<Difference>,
    /// How it failed, and what it said last. Hostile.
    pub failed: Option<(String, Vec<String>)>,
}

impl Base {
    fn stands(outputs: &Outputs, unstable: Vec<Difference>, by_time: Vec<Difference>) -> Base {
        Base {
            files: outputs.files.clone(),
            unstable,
            by_time,
            failed: None,
        }
    }

    fn failed(status: String, said: Vec<String>) -> Base {
        Base {
            files: BTreeMap::new(),
            unstable: Vec::new(),
            by_time: Vec::new(),
            failed: Some((status, said)),
        }
    }
}

/// Several inputs changed at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Together {
    /// Their variants.
    pub names: Vec<String>,
    /// Where the results differ.
    pub differences: Vec<Difference>,
    /// How the build failed, where it did. Hostile.
    pub failed: Option<(String, Vec<String>)>,
    /// The smallest part of them that was found to make a difference, where it was looked for.
    pub smallest: Option<Vec<String>>,
}

impl Together {
    /// Whether the same files came out; not where the build failed.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.differences.is_empty() && self.failed.is_none()
    }

    fn of(names: Vec<String>, finding: Finding) -> Together {
        let (differences, failed) = match finding {
            Finding::Differs(differences) => (differences, None),
            Finding::Fails { status, said } => (Vec::new(), Some((status, said))),
            Finding::Same | Finding::NotVaried(_) => (Vec::new(), None),
        };
        Together {
            names,
            differences,
            failed,
            smallest: None,
        }
    }
}

/// What a hunt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variation {
    /// The base.
    pub base: Base,
    /// Each variant, in the order of the table.
    pub tested: Vec<Tested>,
    /// All that made no difference alone, at once.
    pub together: Option<Together>,
}

impl Variation {
    fn of(base: Base, tested: Vec<Tested>, together: Option<Together>) -> Variation {
        Variation {
            base,
            tested,
            together,
        }
    }

    /// How many variants came to this.
    #[must_use]
    pub fn count(&self, relevance: Relevance) -> usize {
        self.tested
            .iter()
            .filter(|tested| tested.relevance() == relevance)
            .count()
    }

    /// Whether the build depends on something that it should not depend on.
    #[must_use]
    pub fn is_leaky(&self) -> bool {
        let combined = self
            .together
            .as_ref()
            .is_some_and(|t| !t.differences.is_empty());
        !self.base.unstable.is_empty() || self.count(Relevance::Unintended) > 0 || combined
    }

    /// Whether something that was asked could not be answered: a build failed, or nothing was built or varied.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let failed = self.together.as_ref().is_some_and(|t| t.failed.is_some());
        let nothing =
            self.base.files.is_empty() || self.count(Relevance::NotVaried) == self.tested.len();
        failed || nothing || self.base.failed.is_some() || self.count(Relevance::Unknown) > 0
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests;

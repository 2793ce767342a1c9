//! What could not be read from a binary, and why.
//!
//! A gap is a value, not a warning: "no vulnerable symbols" may only be said where the facts that it needs carry no gap.

use std::fmt;

/// A fact read from a binary, or the gap that stands in its place.
pub type Fact<T> = Result<T, Gap>;

/// The part of a binary that a gap is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// The file's container: headers, segments, members.
    Image,
    /// The build information that the linker stamps (`runtime/debug.BuildInfo`).
    BuildInfo,
    /// The names of the functions that are in the binary, inlined ones included (pclntab function name table).
    Symbols,
    /// Functions with entry and end (pclntab functab).
    Functions,
    /// Files and lines (pclntab file table and pc-value tables).
    Lines,
    /// Which function is inlined where (inline trees).
    InlineTree,
    /// The runtime's module data.
    ModuleData,
    /// What headers say about loading and hardening (dynamic table, imports, code signature).
    Headers,
    /// Debug sections, symbol table and the identities of separate debug information.
    DebugInfo,
    /// Which instructions the code uses.
    Instructions,
    /// Type descriptors and itabs.
    Types,
}

impl Topic {
    /// The stable name used in documents.
    pub fn name(self) -> &'static str {
        match self {
            Topic::Image => "image",
            Topic::BuildInfo => "build-info",
            Topic::Symbols => "symbols",
            Topic::Functions => "functions",
            Topic::Lines => "lines",
            Topic::InlineTree => "inline-tree",
            Topic::ModuleData => "module-data",
            Topic::Types => "types",
            Topic::Headers => "headers",
            Topic::DebugInfo => "debug-info",
            Topic::Instructions => "instructions",
        }
    }
}

/// Something that could not be read, with its reason.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gap {
    /// What is missing.
    pub topic: Topic,
    /// Why: one sentence for people, without a full stop, in which structure and offset are named where known.
    pub reason: String,
}

impl Gap {
    /// A gap in `topic` because of `reason`.
    pub fn new(topic: Topic, reason: impl Into<String>) -> Gap {
        Gap {
            topic,
            reason: reason.into(),
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.topic.name(), self.reason)
    }
}

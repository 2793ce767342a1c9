//! Linker flags, and variables that were set by `-X`.
//!
//! With `-trimpath` the go command leaves `-ldflags` out of the build information; values are then recovered from the
//! data, as far as the binary shows them.

use goassay_binary::Binary;
use goassay_binary::gap::{Fact, Gap, Topic};

/// What is known of the linker flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkerFlags {
    /// How they are known.
    pub recorded: Recorded,
    /// Variables set by `-X`; a gap where they cannot be told.
    pub values: Fact<Vec<Value>>,
}

/// Whether the linker flags are recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// As recorded, with values of `-X` masked where they look like credentials.
    Flags(String),
    /// None were given.
    NoFlags,
    /// Not recorded, because `-trimpath` was given.
    LostThroughTrimpath,
    /// Nothing is recorded at all.
    NotKnown(Gap),
}

/// A string variable that the linker set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// Variable (`main.version`), where it is known.
    pub variable: Option<String>,
    /// Its value (hostile); masked where it looks like a credential, cut short where it is long.
    pub value: String,
    /// How it is known.
    pub source: Source,
    /// What it looks like.
    pub looks: Looks,
}

/// How a value of `-X` is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// In the recorded linker flags.
    Recorded,
    /// The symbol table names the variable and its text.
    SymbolTable,
    /// A string variable whose text lies where the linker puts those of `-X`; its name is not known.
    Data,
}

/// What a text looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looks {
    /// Nothing of note.
    Plain,
    /// A version.
    Version,
    /// A date and a time, or a date.
    Date,
    /// A commit.
    Revision,
    /// A credential: names the kind (`GitHub token`). The value is masked.
    Credential(&'static str),
}

/// Reads the linker flags.
pub fn read(_binary: &Binary<'_>) -> LinkerFlags {
    let gap = Gap::new(Topic::BuildInfo, "the linker flags were not looked for yet");
    LinkerFlags {
        recorded: Recorded::NotKnown(gap.clone()),
        values: Err(gap),
    }
}

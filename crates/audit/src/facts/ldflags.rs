//! Linker flags, and string variables that were set by `-X`.
//!
//! With `-trimpath` the go command leaves `-ldflags` out of the build information (golang/go#63432). The values are still
//! in the data: the linker (`addstrdata` in `src/cmd/link/internal/ld/data.go`) stores each text with a NUL behind it,
//! aligned like other read-only data, while texts of the source lie packed without either. The go command itself sets
//! variables in that way (`runtime.buildVersion`, `runtime.modinfo`): where they are not found, the method does not work on
//! that binary, and nothing is said.

mod found;
mod looks;
mod words;

pub use looks::Looks;

use super::secret;
use goassay_binary::Binary;
use goassay_binary::gap::{Fact, Gap};

/// What is known of the linker flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkerFlags {
    /// How they are known.
    pub recorded: Recorded,
    /// Variables set by `-X`, sorted by name and value; a gap where they cannot be told.
    pub values: Fact<Vec<Value>>,
}

/// Whether the linker flags are recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// As recorded, with everything masked that looks like a credential.
    Flags(String),
    /// None were given.
    NoFlags,
    /// Not recorded, because `-trimpath` was given.
    LostThroughTrimpath,
    /// Nothing is recorded at all.
    NotKnown(Gap),
}

/// A string variable that the linker set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Value {
    /// Variable (`main.version`, hostile), where it is known.
    pub variable: Option<String>,
    /// Its value (hostile); masked where it looks like a credential, cut short where it is long.
    pub value: String,
    /// How it is known.
    pub source: Source,
    /// What it looks like.
    pub looks: Looks,
}

/// How a value of `-X` is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// In the recorded linker flags.
    Recorded,
    /// A string variable whose text lies where the linker puts those of `-X`; the symbol table gives its name, if known.
    Data,
}

/// Longest value that is kept, in bytes.
const LONGEST: usize = 200;
/// Values that are kept.
const MOST: usize = 200;

impl Value {
    fn new(variable: Option<&str>, value: &str, source: Source) -> Value {
        let looks = Looks::of(variable.unwrap_or_default(), value);
        let masked = secret::mask_value(variable.unwrap_or_default(), value);
        let mut end = masked.len().min(LONGEST);
        while !masked.is_char_boundary(end) {
            end -= 1;
        }
        let cut = if end < masked.len() { "…" } else { "" };
        Value {
            variable: variable.map(str::to_owned),
            value: format!("{}{cut}", masked.get(..end).unwrap_or_default()),
            source,
            looks,
        }
    }
}

/// Reads the linker flags.
pub fn read(binary: &Binary<'_>) -> LinkerFlags {
    let info = match super::settings(binary) {
        Ok(info) => info,
        Err(gap) => {
            return LinkerFlags {
                recorded: Recorded::NotKnown(gap),
                values: found::values(binary),
            };
        }
    };
    match info.setting("-ldflags") {
        Some(flags) => LinkerFlags {
            recorded: Recorded::Flags(mask_flags(flags)),
            values: Ok(recorded_values(flags)),
        },
        None if info.setting("-trimpath") == Some("true") => LinkerFlags {
            recorded: Recorded::LostThroughTrimpath,
            values: found::values(binary),
        },
        None => LinkerFlags {
            recorded: Recorded::NoFlags,
            values: Ok(Vec::new()),
        },
    }
}

/// The assignments of `-X` among recorded flags.
fn recorded_values(flags: &str) -> Vec<Value> {
    let assignments = words::assignments(flags);
    let mut values: Vec<Value> = assignments
        .iter()
        .take(MOST)
        .map(|(name, value)| Value::new(Some(name), value, Source::Recorded))
        .collect();
    values.sort();
    values
}

/// Recorded flags with values masked by their shape, and by the name of the variable.
fn mask_flags(flags: &str) -> String {
    let mut out = secret::mask(flags).into_owned();
    for (name, value) in words::assignments(flags).iter().take(MOST) {
        if secret::judge(name, value).is_some() {
            out = out.replace(value.as_str(), &secret::mask_value(name, value));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_values_are_masked_at_once() {
        let flags = "-s -X main.version=v1.2.3 -X 'main.password=hunter2-hunter2' -X main.built=2026-11-21T10:11:12Z";
        let values = recorded_values(flags);
        let of = |name: &str| {
            values
                .iter()
                .find(|v| v.variable.as_deref() == Some(name))
                .unwrap()
        };
        assert_eq!(of("main.version").looks, Looks::Version);
        assert_eq!(of("main.built").looks, Looks::Date);
        assert!(matches!(of("main.password").looks, Looks::Credential(_)));
        assert!(!format!("{values:?}{}", mask_flags(flags)).contains("hunter2"));
        assert!(mask_flags(flags).contains("-X main.version=v1.2.3"));
    }

    #[test]
    fn long_values_are_cut() {
        let value = Value::new(Some("main.x"), &"é".repeat(300), Source::Recorded);
        assert!(value.value.len() <= LONGEST + 3);
    }
}

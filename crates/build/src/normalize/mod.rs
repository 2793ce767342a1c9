//! Permitted differences: each a named function that is applied to both sides before they are compared.
//!
//! A normalisation looks before it changes, leaves alone what it does not know, and says what it did. Nothing is tolerated
//! in the comparison itself.

pub mod apple;
pub mod elf;

use crate::gap::Gap;

/// A named normalisation.
#[derive(Clone, Copy)]
pub struct Normalization {
    /// Its name, stable, for output.
    pub name: &'static str,
    /// What it makes equal, and why that is permitted.
    pub about: &'static str,
    action: Action,
}

#[derive(Clone, Copy)]
enum Action {
    Contents(fn(&[u8]) -> Outcome),
    Fact(&'static str, fn(&str) -> Option<String>),
}

/// What a normalisation made of contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It does not apply.
    Untouched,
    /// They are other bytes now.
    Changed {
        /// The bytes.
        bytes: Vec<u8>,
        /// What was taken away or changed, in words.
        did: String,
        /// What is not checked any more.
        gaps: Vec<Gap>,
    },
    /// It would apply, and what it would take away is not in order: says why.
    Refused(String),
}

/// Removes the code signatures of Apple's system; each was checked against the file first.
pub const APPLE_SIGNATURE: Normalization = Normalization {
    name: "apple-signature-removed",
    about: "the code signature of each Mach-O executable is removed, after its hashes were checked against the file: only who has the \
            key can make the signature of the publisher",
    action: Action::Contents(apple::without_signature),
};

/// Takes one of two equal halves of the extra field of zip entries.
pub const ZIP_EXTRA: Normalization = Normalization {
    name: "zip-extra-doubled",
    about: "extra fields of zip entries that hold the same twice hold it once: signing rewrites the archive (go.dev/issue/61572)",
    action: Action::Fact("extra", once),
};

/// Removes symbol tables and debug information.
pub const STRIPPED: Normalization = Normalization {
    name: "stripped",
    about: "sections that are not loaded (symbol tables, debug information, comments) are removed from ELF executables",
    action: Action::Contents(elf::stripped),
};

/// All normalisations.
pub const ALL: [Normalization; 3] = [APPLE_SIGNATURE, ZIP_EXTRA, STRIPPED];

/// Those for what the Go project posts: by default, no others are used.
pub const POSTED: [Normalization; 2] = [APPLE_SIGNATURE, ZIP_EXTRA];

impl Normalization {
    /// Applies it to contents.
    #[must_use]
    pub fn contents(&self, bytes: &[u8]) -> Outcome {
        match self.action {
            Action::Contents(action) => action(bytes),
            Action::Fact(..) => Outcome::Untouched,
        }
    }

    /// Applies it to a fact of an entry; none where it does not apply.
    #[must_use]
    pub fn fact(&self, name: &str, value: &str) -> Option<String> {
        match self.action {
            Action::Fact(applies, action) if applies == name => action(value),
            _ => None,
        }
    }
}

fn once(value: &str) -> Option<String> {
    let (first, second) = value.split_at_checked(value.len() / 2)?;
    (first == second && !first.is_empty()).then(|| first.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_explained() {
        for (index, one) in ALL.iter().enumerate() {
            assert!(one.about.len() > 40, "{}", one.name);
            assert!(ALL.iter().skip(index + 1).all(|n| n.name != one.name));
        }
    }

    #[test]
    fn only_doubled_fields_are_halved() {
        let extra = |value| ZIP_EXTRA.fact("extra", value);
        assert_eq!(extra("abab").as_deref(), Some("ab"));
        assert_eq!(extra("abac"), None);
        assert_eq!(extra(""), None);
        assert_eq!(ZIP_EXTRA.fact("comment", "abab"), None);
    }
}

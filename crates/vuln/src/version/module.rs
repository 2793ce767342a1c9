//! The version that build information records for a module.

use super::{Position, Semver};

/// A recorded module version, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleVersion {
    /// Where it stands.
    pub position: Position,
    /// A pseudo-version: it names a commit, not a release.
    pub pseudo: bool,
    /// Built from a tree with uncommitted changes (`+dirty`): the code can differ from what the version says.
    pub modified: bool,
}

impl ModuleVersion {
    /// Reads a version as recorded: `v1.2.3`, `v2.0.0+incompatible`, a pseudo-version, `(devel)`, empty. Never fails:
    /// what cannot be ordered has an unknown position.
    pub fn parse(text: &str) -> ModuleVersion {
        let Some(version) = Semver::parse(text) else {
            return ModuleVersion {
                position: Position::Unknown(unordered(text)),
                pseudo: false,
                modified: false,
            };
        };
        ModuleVersion {
            position: Position::At(text.trim_start_matches('v').to_owned()),
            pseudo: is_pseudo(&version),
            modified: version.build().split('.').any(|part| part == "dirty"),
        }
    }
}

fn unordered(text: &str) -> String {
    match text {
        "" => "no version is recorded for the module".to_owned(),
        "(devel)" => "the version is recorded as (devel): built from a working tree without version information".to_owned(),
        _ => format!("the recorded version `{text}` is not a semantic version"),
    }
}

/// Pseudo-versions end in a commit time of 14 digits and a revision: `v0.0.0-TIME-REV` before the first tag,
/// `vX.Y.Z-0.TIME-REV` and `vX.Y.Z-PRE.0.TIME-REV` after one.
fn is_pseudo(version: &Semver<'_>) -> bool {
    let Some((head, revision)) = version.pre().rsplit_once('-') else {
        return false;
    };
    let Some((before, time)) = head
        .len()
        .checked_sub(14)
        .and_then(|at| head.split_at_checked(at))
    else {
        return false;
    };
    let (_, minor, patch) = version.numbers();
    let first = before.is_empty() && minor == "0" && patch == "0";
    let later = before == "0." || before.ends_with(".0.");
    (first || later)
        && time.bytes().all(|b| b.is_ascii_digit())
        && !revision.is_empty()
        && revision.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pseudo_versions_are_recognised() {
        for text in [
            "v0.0.0-20130808000456-233bccbb1abe",
            "v2.0.0-20130808000456-233bccbb1abe+incompatible",
            "v0.10.3-0.20251107071934-6102f001a971",
            "v1.2.3-rc.1.0.20251107071934-6102f001a971+dirty",
        ] {
            assert!(ModuleVersion::parse(text).pseudo, "{text}");
        }
        for text in [
            "v1.2.3",
            "v1.2.3-20130808000456-233bccbb1abe",
            "v0.0.0-2013080800045-233bccbb1abe",
            "v1.2.3-rc.1",
            "v0.0.0-x20130808000456-233bccbb1abe",
            "v0.0.0-20130808000456",
            "(devel)",
        ] {
            assert!(!ModuleVersion::parse(text).pseudo, "{text}");
        }
    }

    #[test]
    fn modified_trees_are_seen() {
        for text in [
            "v1.2.3+dirty",
            "v2.0.0+incompatible.dirty",
            "v0.0.0-20130808000456-233bccbb1abe+dirty",
        ] {
            assert!(ModuleVersion::parse(text).modified, "{text}");
        }
        for text in [
            "v1.2.3",
            "v1.2.3-dirty",
            "v2.0.0+incompatible",
            "v1.0.0+notdirty",
        ] {
            assert!(!ModuleVersion::parse(text).modified, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_ordered_says_why() {
        for (text, part) in [
            ("", "no version"),
            ("(devel)", "(devel)"),
            ("master", "`master`"),
            ("1.2.3", "`1.2.3`"),
        ] {
            let Position::Unknown(why) = ModuleVersion::parse(text).position else {
                panic!("{text} was ordered");
            };
            assert!(why.contains(part), "{why}");
        }
    }
}

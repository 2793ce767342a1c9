//! A build record's way to build the program, and the way to its debug information.
//!
//! A record is as hostile as the binary: its arguments and variables go through the same allow-list, and what it does not say the binary does.

use super::claim::Claim;
use super::flags::{self, Taken};
use super::recipe::{Recipe, Strip};
use crate::record::Record;

impl Recipe {
    /// What a record says, and what of it was refused; none where its build was no single `go build`.
    #[must_use]
    pub fn recorded(record: &Record, claim: &Claim) -> Option<(Recipe, Vec<String>)> {
        let mut settings = record.flags()?;
        // The place decides: git has stamped the program, or not.
        settings.retain(|(name, _)| name != "-buildvcs");
        let variables = record.variables_set();
        settings.extend(variables.filter(|(name, _)| flags::is_variable(name)));
        let taken = Taken::of(&settings);
        let (from_binary, _) = Recipe::of(claim);
        let recipe = Recipe {
            flags: taken.flags,
            linker: taken.linker.unwrap_or_default(),
            environment: taken.environment,
            strip: Strip::Nothing,
            no_build_id: false,
            ..from_binary
        };
        Some((recipe, taken.refused))
    }

    /// The same with all debug information.
    #[must_use]
    pub(super) fn with_debug(&self) -> Recipe {
        let mut other = self.clone();
        other.strip = Strip::Nothing;
        other.spelled = None;
        other.linker = self
            .linker
            .iter()
            .filter_map(|word| keeps_debug(word))
            .collect();
        other
    }
}

/// A word for the linker that leaves no debug information out; none where that was all that it said.
fn keeps_debug(word: &str) -> Option<String> {
    let Some(flags) = word.strip_prefix("-extldflags=") else {
        return (!["-w", "-s"].contains(&word)).then(|| word.to_owned());
    };
    let words = flags::words(flags)?;
    let kept: Vec<String> = words.into_iter().filter(|flag| flag != "-Wl,-S").collect();
    let joined = flags::joined(&kept)
        .ok()
        .filter(|flags| !flags.is_empty())?;
    Some(format!("-extldflags={joined}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use goassay_binary::Binary;

    fn recorded(arguments: &str) -> Option<(Recipe, Vec<String>)> {
        let json = format!(
            r#"{{"schema": "goassay-build-record/1", "profile": "production", "package": "example.com/m", "target": "linux/amd64",
            "toolchain": "go1.26.8", "toolchain_programs": {{}}, "tags": [], "variables": {{}}, "arguments": {arguments},
            "environment": [{{"name": "GOARCH", "state": "set", "value": "arm64"}}, {{"name": "CC", "state": "set", "value": "/tmp/evil"}},
            {{"name": "GOFLAGS", "state": "set", "value": "-toolexec=x"}}, {{"name": "GOPATH", "state": "place"}}],
            "outputs": [{{"name": "m", "sha256": "00"}}]}}"#
        );
        let bytes = goassay_fixtures::bytes("elf-amd64-go1.26");
        let claim = Claim::of(&Binary::parse(&bytes).unwrap()).unwrap();
        Recipe::recorded(&Record::parse(json.as_bytes()).unwrap(), &claim)
    }

    #[test]
    fn what_a_record_says_goes_through_the_allow_list() {
        let arguments = r#"["build", "-trimpath", "-buildvcs=true", "-buildmode=exe", "-toolexec=/tmp/x",
            "-ldflags=-w -bindnow -X 'main.v=a b'", "-o", "m", "example.com/m"]"#;
        let (recipe, refused) = recorded(arguments).unwrap();
        assert_eq!(recipe.flags, ["-trimpath", "-buildmode=exe"]);
        assert_eq!(
            recipe.linker_words(),
            ["-w", "-bindnow", "-X", "main.v=a b"]
        );
        assert_eq!(
            recipe.environment,
            [("GOARCH".to_owned(), "arm64".to_owned())]
        );
        assert_eq!(refused, ["-toolexec=/tmp/x"]);
    }

    #[test]
    fn builds_that_are_no_go_build_are_not_repeated() {
        for other in [
            r#"["-euc", "go build", "sh"]"#,
            "[]",
            r#"["build", "-o"]"#,
            r#"["build", "x", "-o", "m", "p"]"#,
        ] {
            assert!(recorded(other).is_none(), "{other}");
        }
    }

    #[test]
    fn debug_information_is_let_in_again() {
        let words = [
            "-w",
            "-bindnow",
            "-extldflags=-static-pie -Wl,-S",
            "-extldflags=-Wl,-S",
            "-X",
            "a.b=-w",
        ];
        let recipe = Recipe {
            strip: Strip::Symbols,
            linker: words.map(str::to_owned).to_vec(),
            ..Recipe::default()
        };
        assert_eq!(
            recipe.with_debug().linker_words(),
            ["-bindnow", "-extldflags=-static-pie", "-X", "a.b=-w"]
        );
    }
}

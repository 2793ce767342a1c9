//! The build record of a finished program, `goassay-build-record/1` (docs/formats/build.md), read again: what a build can be repeated from.
//!
//! A record is hostile. Nothing of it is ever run: a plan is made anew from what was wanted (profile, package, target, tags, variables),
//! and has to be the recorded one, word by word.

use crate::plan::{Build, Setting};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Name and version of the document.
pub const SCHEMA: &str = "goassay-build-record/1";

/// What is read of a record. All texts are hostile.
#[derive(Debug, Clone, Deserialize)]
pub struct Record {
    schema: String,
    /// The name of the profile.
    pub profile: String,
    /// The import path of the program.
    pub package: String,
    /// The target, as on the command line.
    pub target: String,
    /// The Go that built it, as it names itself: `go1.26.8`.
    pub toolchain: String,
    /// SHA-256 of its programs by name, lower-case hex.
    pub toolchain_programs: BTreeMap<String, String>,
    /// The commit; none where there was no checkout.
    pub source: Option<Source>,
    /// Build tags besides the profile's.
    pub tags: Vec<String>,
    /// Values of string variables by name.
    pub variables: BTreeMap<String, String>,
    /// What the C compiler said of itself, where one took part.
    pub c_compiler: Option<String>,
    arguments: Vec<String>,
    environment: Vec<Variable>,
    /// What came out, the program first.
    pub outputs: Vec<Output>,
}

/// A commit.
#[derive(Debug, Clone, Deserialize)]
pub struct Source {
    /// Hexadecimal.
    pub commit: String,
    /// There were changes besides.
    pub modified: bool,
}

#[derive(Debug, Clone, Deserialize)]
struct Variable {
    name: String,
    state: State,
    value: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Set,
    Place,
    KeptOut,
}

/// A file that came out.
#[derive(Debug, Clone, Deserialize)]
pub struct Output {
    /// Its name below the output folder.
    pub name: String,
    /// SHA-256, lower-case hex.
    pub sha256: String,
}

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    /// It is none, in words.
    pub fn parse(json: &[u8]) -> Result<Record, String> {
        let record: Record = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        match (record.schema.as_str(), record.outputs.is_empty()) {
            (SCHEMA, false) => Ok(record),
            (SCHEMA, true) => Err("it names no program".to_owned()),
            (other, _) => Err(format!("it is {other:?}, not {SCHEMA}")),
        }
    }

    /// The flags of the `go build` that was run, by name with their dash; `true` where one has no value. None where it was no such command.
    #[must_use]
    pub fn flags(&self) -> Option<Vec<(String, String)>> {
        let (verb, rest) = self.arguments.split_first()?;
        let [flags @ .., output, _, _] = rest else {
            return None;
        };
        let flag = |word: &String| {
            let (name, value) = word.split_once('=').unwrap_or((word, "true"));
            name.starts_with('-')
                .then(|| (name.to_owned(), value.to_owned()))
        };
        (verb == "build" && output == "-o").then_some(())?;
        flags.iter().map(flag).collect()
    }

    /// Variables that were set to a value.
    pub fn variables_set(&self) -> impl Iterator<Item = (String, String)> {
        let set = self
            .environment
            .iter()
            .filter(|one| one.state == State::Set);
        set.filter_map(|one| Some((one.name.clone(), one.value.clone()?)))
    }

    /// Where a plan is another than the recorded one: a line each, recorded first.
    #[must_use]
    pub fn planned_otherwise(&self, build: &Build) -> Vec<String> {
        let planned = build.arguments();
        let mut lines = apart("argument", &self.arguments, &planned);
        if lines.is_empty() && self.arguments != planned {
            lines.push("the arguments were recorded in another order".to_owned());
        }
        // What was kept out is the affair of whoever had it.
        let recorded = self.environment.iter();
        let recorded: Vec<String> = recorded.filter_map(Variable::in_words).collect();
        let planned: Vec<String> = build.environment.iter().filter_map(in_words).collect();
        lines.extend(apart("variable", &recorded, &planned));
        lines
    }
}

impl Variable {
    fn in_words(&self) -> Option<String> {
        match (self.state, &self.value) {
            (State::KeptOut, _) => None,
            (State::Set, Some(value)) => Some(format!("{}={value}", self.name)),
            (State::Place | State::Set, _) => Some(format!("{}, a place", self.name)),
        }
    }
}

fn in_words(setting: &Setting) -> Option<String> {
    let value = setting.value.as_ref()?;
    Some(match setting.is_place {
        true => format!("{}, a place", setting.name),
        false => format!("{}={}", setting.name, value.to_string_lossy()),
    })
}

fn apart(what: &str, recorded: &[String], planned: &[String]) -> Vec<String> {
    let only = |of: &[String], not: &[String], how: &str| -> Vec<String> {
        let only = of.iter().filter(|one| !not.contains(one));
        only.map(|one| format!("{what} `{one}` {how}")).collect()
    };
    let mut lines = only(recorded, planned, "was recorded, and is not planned");
    lines.extend(only(planned, recorded, "is planned, and was not recorded"));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Stamp, Target};

    const JSON: &str = r#"{"schema": "goassay-build-record/1", "profile": "production", "package": "example.com/m", "target": "linux/amd64",
        "toolchain": "go1.26.8", "toolchain_programs": {}, "tags": [], "variables": {},
        "arguments": ["build", "-trimpath", "-o", "m", "example.com/m"],
        "environment": [{"name": "GOENV", "state": "set", "value": "off"}, {"name": "GOPATH", "state": "place"}, {"name": "GODEBUG", "state": "kept-out"}],
        "outputs": [{"name": "m", "sha256": "00"}], "other": 1}"#;

    fn build(argv: &[&str], environment: &[(&'static str, &str, bool)]) -> Build {
        let setting = |&(name, value, is_place): &(&'static str, &str, bool)| Setting {
            name,
            value: Some(value.into()),
            reason: "why",
            is_place,
        };
        Build {
            package: "example.com/m".to_owned(),
            target: Target::parse("linux/amd64").unwrap(),
            argv: argv.iter().map(Into::into).collect(),
            argv_with_debug: None,
            environment: environment.iter().map(setting).collect(),
            folder: "/src".into(),
            file: "/out/m".into(),
            stamp: Stamp::Nothing,
            recorded: Vec::new(),
            module: None,
            tags: Vec::new(),
            variables: BTreeMap::new(),
            c_compiler: None,
        }
    }

    #[test]
    fn the_same_plan_elsewhere_and_others() {
        let record = Record::parse(JSON.as_bytes()).unwrap();
        let argv = [
            "/go/bin/go",
            "build",
            "-trimpath",
            "-o",
            "/out/m",
            "example.com/m",
        ];
        let environment = [("GOENV", "off", false), ("GOPATH", "/else", true)];
        let same = build(&argv, &environment);
        assert_eq!(record.planned_otherwise(&same), [""; 0]);
        let other = build(
            &["go", "build", "-race", "-o", "/out/m", "example.com/m"],
            &[("GOENV", "on", false), ("GOPATH", "/else", true)],
        );
        assert_eq!(
            record.planned_otherwise(&other),
            [
                "argument `-trimpath` was recorded, and is not planned",
                "argument `-race` is planned, and was not recorded",
                "variable `GOENV=off` was recorded, and is not planned",
                "variable `GOENV=on` is planned, and was not recorded",
            ]
        );
        let turned = ["go", "build", "-o", "/out/m", "-trimpath", "example.com/m"];
        assert_eq!(
            record
                .planned_otherwise(&build(&turned, &environment))
                .len(),
            1
        );
    }

    #[test]
    fn what_is_no_record_is_refused() {
        for wrong in [
            "{}".to_owned(),
            JSON.replace("record/1", "record/2"),
            JSON.replace(r#"{"name": "m", "sha256": "00"}"#, ""),
            JSON.replace("kept-out", "other"),
        ] {
            assert!(Record::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}

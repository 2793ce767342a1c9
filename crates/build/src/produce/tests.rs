//! Running plans whose go command is a script; the real one is run by the tests of the program.

use super::*;
use crate::plan::{Setting, Stamp, Target};
use std::ffi::OsString;

/// A plan whose go command is a shell script: `$1` is the file to write.
fn plan(output: &Path, script: &str) -> Plan {
    let file = output.join("server");
    let argv = ["/bin/sh", "-c", script, "go"].map(OsString::from);
    Plan {
        builds: vec![Build {
            package: "example.com/m".to_owned(),
            target: Target::parse("linux/amd64").unwrap(),
            argv_with_debug: None,
            argv: argv.into_iter().chain([file.clone().into()]).collect(),
            environment: vec![Setting {
                name: "ONLY",
                value: Some("this".into()),
                reason: "it is a test",
                is_place: false,
            }],
            folder: "/".into(),
            file,
            module: None,
            stamp: Stamp::Nothing,
            recorded: Vec::new(),
            tags: Vec::new(),
            variables: std::collections::BTreeMap::new(),
            c_compiler: None,
        }],
        notes: Vec::new(),
    }
}

fn produced(script: &str) -> (Result<Vec<Product>, Error>, Vec<String>) {
    let root = tempfile::tempdir().unwrap();
    let staging = Staging::new(root.path()).unwrap();
    let mut said = Vec::new();
    let tell = &mut |event: Event<'_>| {
        if let Event::Said(line) = event {
            said.push(line.to_owned());
        }
    };
    let produced = produce(&plan(root.path(), script), &staging, tell);
    assert!(!root.path().join("server").exists(), "nothing is published");
    (produced, said)
}

#[test]
fn what_a_compiler_says_is_passed_on() {
    let (produced, said) = produced("echo './main.go:3:1: no'; echo $ONLY$HOME >&2; exit 1");
    assert_eq!(said, ["./main.go:3:1: no", "this"]);
    let error = produced.unwrap_err().to_string();
    assert!(
        error.starts_with("go build did not build example.com/m for linux/amd64"),
        "{error}"
    );
}

#[test]
fn a_file_that_is_no_go_program_is_not_taken() {
    let (produced, _) = produced("echo text > $1");
    assert!(
        matches!(produced, Err(Error::Otherwise { .. })),
        "{produced:?}"
    );
    let (produced, _) = self::produced("true");
    assert!(matches!(produced, Err(Error::File(..))), "{produced:?}");
}

#[test]
fn a_program_with_other_settings_is_not_taken() {
    let fixture = goassay_fixtures::bytes("elf-amd64-go1.26");
    let mut build = plan(Path::new("/out"), "").builds.remove(0);
    let all = check(&build, &fixture);
    assert!(
        all.iter().all(|line| line.contains("not example.com/m")),
        "{all:?}"
    );
    build.recorded = vec![("GOOS", "linux".to_owned()), ("GOARCH", "s390x".to_owned())];
    build.stamp = Stamp::Tag("v9.9.9".to_owned());
    let more = check(&build, &fixture);
    assert_eq!(more.len(), all.len() + 2, "{more:?}");
}

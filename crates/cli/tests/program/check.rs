//! What `check` answers: scan and audit as one.

use crate::documents::{check_harmless, hostile_sample, valid_document};
use crate::world::{AS_OF, Outcome, World, sample};
use insta::assert_snapshot;
use serde_json::Value;

fn check(world: &World, args: &[&str]) -> Outcome {
    world.run(&[&["check", "--as-of", AS_OF], args].concat())
}

#[test]
fn one_file_and_several() {
    let world = World::new();
    world.sample("server");
    assert_snapshot!("one", check(&world, &["server"]));
    for n in 1..=4 {
        world.write(&format!("dir/server{n}"), [sample(), vec![n]].concat());
    }
    assert_snapshot!("several", check(&world, &["dir", "absent"]));
}

#[test]
fn the_document_is_both_documents() {
    let world = World::new();
    world.sample("server");
    let outcome = check(&world, &["server", "--json"]);
    valid_document(&outcome.stdout, "docs/formats/check.schema.json");
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let part = |name: &str| document[name].to_string();
    valid_document(&part("scan"), "docs/formats/scan.schema.json");
    valid_document(&part("audit"), "docs/formats/audit.schema.json");
    let scan = world.scan(&["server", "--json"]);
    let alone: Value = serde_json::from_str(&scan.stdout).unwrap();
    assert_eq!(document["scan"], alone);
    assert_eq!(outcome.code, Some(1));
}

#[test]
fn the_exit_code_is_the_worse_one() {
    let world = World::new();
    world.sample("server");
    world.write(
        "goassay.toml",
        "audit.levels.T10-supported = \"off\"\n[[suppress]]\nid = \"GO-2021-0112\"\nreason = \"x\"\n",
    );
    for format in ["text", "json"] {
        let code = |args: &[&str]| check(&world, &[args, &["--format", format]].concat()).code;
        assert_eq!(code(&["server"]), Some(1));
        assert_eq!(code(&["server", "--exit-code", "9"]), Some(9));
        assert_eq!(code(&["server", "absent", "--exit-code", "9"]), Some(2));
        assert_eq!(code(&["absent"]), Some(2));
    }
}

#[test]
fn hostile_names_are_harmless() {
    let world = World::new();
    world.write("server", hostile_sample());
    for format in ["text", "json"] {
        check_harmless(&check(&world, &["server", "--format", format]).stdout);
    }
}

#[test]
fn a_packed_program_is_audited_and_not_scanned() {
    let world = World::new();
    world.sample("dir/server");
    world.write("dir/packed", goassay_fixtures::bytes("elf-amd64-upx"));
    let outcome = check(&world, &["dir"]);
    assert_snapshot!(outcome);
    let json = check(&world, &["dir", "--json", "-q"]).stdout;
    valid_document(&json, "docs/formats/check.schema.json");
}

//! `diff` as its users see it: files, folders, archives; causes are tested in `goassay-diff`, and on real builds by `cargo xtask diffs`.

use crate::documents::{check_harmless, hostile_sample, valid_document};
use crate::world::{World, sample};
use goassay_fixtures::bytes;
use insta::assert_snapshot;

const SCHEMA: &str = "docs/formats/difference.schema.json";

#[test]
fn two_builds_of_one_program() {
    let world = World::new();
    world.write("plain", bytes("elf-amd64-go1.21-plain"));
    world.write("stripped", bytes("elf-amd64-go1.21"));
    world.write("newer", bytes("elf-amd64-go1.25"));
    assert_snapshot!(world.run(&["diff", "plain", "stripped"]));
    assert_snapshot!(world.run(&["diff", "stripped", "newer"]));
    let same = world.run(&["diff", "plain", "plain"]);
    assert_eq!(same.code, Some(0), "{same}");
}

#[test]
fn a_changed_byte_in_every_format() {
    let world = World::new();
    world.write("a", bytes("elf-amd64-go1.21"));
    let mut patched = bytes("elf-amd64-go1.21");
    patched[0x2000] ^= 1;
    world.write("b", patched);
    let json = world.run(&["diff", "a", "b", "--json"]);
    assert_eq!(json.code, Some(1), "{json}");
    let document = valid_document(&json.stdout, SCHEMA);
    assert_eq!(document["pairs"][0]["causes"][0]["kind"], "patched");
    let html = world.run(&["diff", "a", "b", "--format", "html"]);
    assert_eq!(html.code, Some(1), "{html}");
    assert!(!html.stdout.contains("src=") && !html.stdout.contains("href="));
}

#[test]
fn programs_in_folders_are_paired() {
    let world = World::new();
    world.write("one/bin/app", bytes("elf-amd64-go1.21-plain"));
    world.write("two/bin/app", bytes("elf-amd64-go1.21"));
    world.write("one/moved-1.0/other", bytes("elf-amd64-go1.25"));
    world.write("two/moved-1.1/other", bytes("elf-amd64-go1.26"));
    for folder in ["one", "two"] {
        world.write(&format!("{folder}/same"), sample());
        world.write(&format!("{folder}/readme"), format!("this is {folder}\n"));
    }
    let json = world.run(&["diff", "one", "two", "--json"]);
    assert_eq!(json.code, Some(1), "{json}");
    let document = valid_document(&json.stdout, SCHEMA);
    let first = |pair: usize| {
        let pair = &document["pairs"][pair];
        (pair["name"].as_str(), pair["causes"][0]["kind"].as_str())
    };
    assert_eq!(first(0), (Some("bin/app"), Some("linker-flags")));
    assert_eq!(first(1), (Some("moved-1.0/other"), Some("go-version")));
    assert_eq!(document["same"], 1);
    let others = document["others"]["list"].as_array().unwrap();
    let contents = |one: &&serde_json::Value| one["what"] == "contents";
    let names: Vec<_> = others
        .iter()
        .filter(contents)
        .map(|one| one["name"].as_str())
        .collect();
    assert_eq!(names, [Some("readme")]);
}

#[test]
fn hostile_names_are_harmless_and_damage_is_said() {
    let world = World::new();
    world.write("a", hostile_sample());
    world.sample("b");
    world.write("cut", &sample()[..4000]);
    for format in ["text", "json", "html"] {
        let outcome = world.run(&["diff", "a", "b", "--all", "--format", format]);
        assert_eq!(outcome.code, Some(1), "{outcome}");
        check_harmless(&outcome.stdout);
        let markup = outcome.stdout.contains("<script>");
        assert!(format == "text" || !markup, "{format}");
    }
    let cut = world.run(&["diff", "b", "cut"]);
    assert_eq!(cut.code, Some(1), "{cut}");
    let missing = world.run(&["diff", "b", "none"]);
    assert_eq!(missing.code, Some(2), "{missing}");
    std::fs::create_dir(world.path("folder")).unwrap();
    let mixed = world.run(&["diff", "b", "folder"]);
    assert_eq!(mixed.code, Some(2), "{mixed}");
}

//! Bills of materials as users meet them: which files appear, what is said beside them, exit codes. What is in them is tested
//! with the library.

use crate::documents::{check_harmless, hostile_sample};
use crate::world::{Outcome, World, sample};
use insta::assert_snapshot;
use serde_json::Value;

fn document(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|e| panic!("{e}: {outcome}"))
}

#[test]
fn the_help_says_what_to_expect() {
    let world = World::new();
    assert_snapshot!(world.run(&["sbom", "--help"]));
}

#[test]
fn one_binary_is_one_document_on_standard_output() {
    let world = World::new();
    world.sample("server");
    let outcome = world.run(&["sbom", "server"]);
    assert_eq!(
        (outcome.code, outcome.stderr.as_str()),
        (Some(0), ""),
        "{outcome}"
    );
    let json = document(&outcome);
    assert_eq!(json["specVersion"], "1.6");
    assert_eq!(json["metadata"]["component"]["name"], "server");
    assert_eq!(json["components"].as_array().map(Vec::len), Some(5));
    let again = world.run(&["sbom", "./server"]);
    assert_eq!(again.stdout, outcome.stdout);
}

#[test]
fn files_in_formats() {
    let world = World::new();
    world.sample("server");
    let options = [
        "-o",
        "spdx-2.3=a.json",
        "-o",
        "spdx-3.0.1=b.json",
        "--format",
        "cyclonedx-1.7",
    ];
    let outcome = world.run(&[&["sbom", "server"], &options[..]].concat());
    assert_eq!(document(&outcome)["specVersion"], "1.7", "{outcome}");
    for (file, mark) in [("a.json", "SPDX-2.3"), ("b.json", "spdx-context.jsonld")] {
        let text = std::fs::read_to_string(world.path(file)).unwrap();
        assert!(text.contains(mark), "{file}");
    }
}

#[test]
fn several_binaries_need_a_folder() {
    let world = World::new();
    world.sample("dist/a/server");
    world.sample("dist/b/other");
    // Another program of the same name.
    let mut changed = sample();
    changed.push(0);
    world.write("dist/c/server", changed);
    let refused = world.run(&["sbom", "dist"]);
    assert_snapshot!(refused);
    let written = world.run(&["sbom", "dist", "--output-dir", "out"]);
    assert_eq!(
        (written.code, written.stdout.as_str()),
        (Some(0), ""),
        "{written}"
    );
    let mut names: Vec<String> = std::fs::read_dir(world.path("out"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!(names[0], "other.sbom.cdx.json");
    for name in &names[1..] {
        assert!(
            name.starts_with("server-") && name.ends_with(".sbom.cdx.json"),
            "{name}"
        );
    }
}

#[test]
fn what_could_not_be_done_is_said_and_the_rest_is_done() {
    let world = World::new();
    world.sample("dist/server");
    world.write("dist/cut", &sample()[..40_000]);
    let partly = world.run(&["sbom", "dist/server", "dist/cut", "--output-dir", "out"]);
    assert_eq!(partly.code, Some(2), "{partly}");
    assert!(partly.stderr.contains("dist/cut"), "{partly}");
    assert!(world.path("out/server.sbom.cdx.json").exists());
    // Without its magic and with another quantum nothing shows where the table is.
    let edited = crate::errors::edited(|sample, table| {
        sample[table] = 0x0f;
        sample[table + 6] = 0x77;
    });
    world.write("blind", edited);
    let blind = world.run(&["sbom", "blind"]);
    assert_eq!(blind.code, Some(2), "{blind}");
    assert!(blind.stderr.contains("blind: symbols"), "{}", blind.stderr);
    let json = document(&blind);
    assert_eq!(json["compositions"][0]["aggregate"], "incomplete");
    let none = world.run(&["sbom", "absent"]);
    assert_eq!((none.code, none.stdout.as_str()), (Some(2), ""), "{none}");
}

#[test]
fn the_time_is_the_source_date() {
    let world = World::new();
    world.sample("server");
    let with = |value: &str| {
        let mut command = world.command(&["sbom", "server"]);
        let output = command.env("SOURCE_DATE_EPOCH", value).output().unwrap();
        world.outcome(&output)
    };
    let dated = with("1700000000");
    assert_eq!(
        document(&dated)["metadata"]["timestamp"],
        "2023-11-14T22:13:20Z"
    );
    assert_snapshot!(with("yesterday"));
}

#[test]
fn licences_come_from_the_module_cache_and_only_when_asked() {
    let world = World::new();
    world.sample("server");
    let plain = world.run(&["sbom", "server"]).stdout;
    assert!(!plain.contains("\"licenses\"") && plain.contains("not looked up"));
    let none = world.run(&["sbom", "server", "--licenses"]);
    assert_snapshot!(none);
    let h1 = document(&world.run(&["sbom", "server"]))["components"]
        .as_array()
        .and_then(|all| {
            all.iter()
                .find(|one| one["name"] == "golang.org/x/text")
                .cloned()
        })
        .map(|text| text["properties"].clone())
        .and_then(|all| {
            all.as_array()?
                .iter()
                .find(|p| p["name"] == "goassay:module-h1")
                .cloned()
        })
        .and_then(|h1| h1["value"].as_str().map(str::to_owned))
        .expect("the binary has the hash");
    let cache = "../home/go/pkg/mod";
    let hash = format!("{cache}/cache/download/golang.org/x/text/@v/v0.3.5.ziphash");
    world.write(&hash, h1);
    let text = include_bytes!("../../../../LICENSE-MIT");
    world.write(&format!("{cache}/golang.org/x/text@v0.3.5/LICENSE"), text);
    let found = world.run(&["sbom", "server", "--licenses"]);
    assert_eq!(found.code, Some(0), "{found}");
    assert_eq!(
        found.stdout.matches("\"id\": \"MIT\"").count(),
        1,
        "{found}"
    );
    assert_eq!(
        found.stdout.matches("no copy in the module cache").count(),
        3,
        "{found}"
    );
    world.write(&hash, "h1:of another zip");
    let other = world.run(&["sbom", "server", "--licenses"]);
    assert!(!other.stdout.contains("\"licenses\""), "{other}");
}

#[test]
fn hostile_names_are_harmless() {
    let world = World::new();
    world.write("server", hostile_sample());
    for format in ["cyclonedx-1.6", "cyclonedx-1.7", "spdx-2.3", "spdx-3.0.1"] {
        check_harmless(&world.run(&["sbom", "server", "--format", format]).stdout);
    }
}

//! What `inspect --size` shows: tables that add up, growth, budgets, pictures.

use crate::documents::{check_harmless, hostile_sample, valid_document};
use crate::world::{World, sample};
use insta::assert_snapshot;
use serde_json::Value;

const SCHEMA: &str = "docs/formats/size.schema.json";

#[test]
fn tables_of_the_sample_add_up() {
    let world = World::new();
    world.sample("server");
    assert_snapshot!(world.run(&["inspect", "server", "--size", "--top", "5"]));
    let length = sample().len().to_string();
    for by in ["section", "kind", "module", "package", "function"] {
        let outcome = world.run(&["inspect", "server", "--size", "--by", by]);
        let lines = outcome.stdout.lines().skip(4);
        let numbers = lines.map_while(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        let numbers: Vec<u64> = numbers.collect();
        let (all, rows) = numbers.split_last().unwrap();
        assert_eq!(all.to_string(), length, "{by}: {outcome}");
        assert_eq!(rows.iter().sum::<u64>(), *all, "{by}: {outcome}");
    }
}

#[test]
fn documents_fit_the_schema_and_their_rows_add_up() {
    let world = World::new();
    world.sample("server");
    world.write("longer", [sample(), vec![7; 1000]].concat());
    for args in [
        &["server"][..],
        &["server", "--by", "function"],
        &["server", "longer"],
    ] {
        let outcome = world.run(&[&["inspect", "--size", "--json"], args].concat());
        valid_document(&outcome.stdout, SCHEMA);
        let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
        for target in document["targets"].as_array().unwrap() {
            let rows = target["rows"].as_array().unwrap().iter();
            let sum: u64 = rows.map(|row| row["bytes"].as_u64().unwrap()).sum();
            assert_eq!(Some(sum), target["bytes"].as_u64());
        }
    }
}

#[test]
fn growth_says_what_changed() {
    let world = World::new();
    world.sample("old");
    world.write("new", [sample(), vec![7; 1000]].concat());
    let grown = world.run(&["inspect", "old", "new", "--size", "--by", "kind"]);
    assert_snapshot!(grown);
    let shrunk = world.run(&["inspect", "new", "old", "--size", "--by", "kind"]);
    assert!(shrunk.stdout.contains("-1000"), "{shrunk}");
}

#[test]
fn budgets_are_kept_or_exceeded() {
    let world = World::new();
    world.sample("server");
    let none = world.run(&["inspect", "server", "--size", "--budget"]);
    assert_eq!(none.code, Some(2), "{none}");
    let budget = |most: &str| {
        let text = format!(
            "[[budget]]\nmost = \"{most}\"\nbinary = \"server\"\n[[budget]]\nmodule = \"std\"\nmost = \"1 GB\"\n"
        );
        world.write("goassay.toml", text);
    };
    for (most, code) in [("2 MB", 0), ("1 MB", 1)] {
        budget(most);
        for format in ["text", "json"] {
            let args = [
                "inspect", "server", "--size", "--budget", "--format", format,
            ];
            let outcome = world.run(&args);
            assert_eq!(outcome.code, Some(code), "{outcome}");
        }
    }
    let outcome = world.run(&["inspect", "server", "--size", "--budget", "--by", "kind"]);
    assert!(
        outcome.stdout.contains("goassay.toml:1): EXCEEDED"),
        "{outcome}"
    );
    assert!(
        outcome.stdout.contains("goassay.toml:4): kept"),
        "{outcome}"
    );
    let ignored = world.run(&["inspect", "server", "--size"]);
    assert_eq!(ignored.code, Some(0), "{ignored}");
}

#[test]
fn pictures_are_of_one_binary_and_of_sizes() {
    let world = World::new();
    world.sample("server");
    world.write("other", [sample(), vec![0]].concat());
    let html = world.run(&["inspect", "server", "--size", "--format", "html"]);
    assert!(html.code == Some(0) && html.stdout.contains("</html>"));
    let svg = world.run(&["inspect", "server", "--size", "--format", "svg"]);
    assert!(svg.code == Some(0) && svg.stdout.contains("</svg>"));
    for args in [
        &["inspect", "server", "other", "--size", "--format", "svg"][..],
        &["inspect", "server", "--format", "html"],
        &["inspect", "absent", "--size", "--format", "html"],
    ] {
        let outcome = world.run(args);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""));
    }
}

#[test]
fn hostile_names_are_harmless() {
    let world = World::new();
    world.write("server", hostile_sample());
    for by in ["module", "package", "function"] {
        for format in ["text", "json"] {
            let args = [
                "inspect", "server", "--size", "--by", by, "--format", format,
            ];
            check_harmless(&world.run(&args).stdout);
        }
    }
}

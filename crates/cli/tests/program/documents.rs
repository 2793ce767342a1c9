//! Documents as the program writes them: they fit their schemas, and what a binary calls itself does no harm in them.

use crate::world::{World, sample};
use serde_json::Value;
use std::path::Path;

const SCHEMAS: [(&str, &str); 4] = [
    ("json", "docs/formats/scan.schema.json"),
    ("govulncheck", "docs/formats/govulncheck.schema.json"),
    (
        "sarif",
        "crates/report/tests/schemas/sarif-2.1.0.schema.json",
    ),
    ("openvex", "docs/formats/openvex.schema.json"),
];

fn validator(schema: &str) -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(schema);
    let text = std::fs::read_to_string(path).unwrap();
    // The pattern of `language` in the published SARIF schema has a bracket too many and is no regular expression.
    let text = text.replace("-[a-zA-Z]{2}]?$", "-[a-zA-Z]{2}$");
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

/// The documents of a scan in a format, each of which fits the schema.
fn valid(world: &World, paths: &[&str], format: &str, schema: &str) -> String {
    let validator = validator(schema);
    let outcome = world.scan(&[paths, &["--format", format, "-q"]].concat());
    let documents: Vec<Value> = serde_json::Deserializer::from_str(&outcome.stdout)
        .into_iter()
        .collect::<Result<_, _>>()
        .unwrap();
    assert!(!documents.is_empty());
    for document in documents {
        let faults: Vec<_> = validator
            .iter_errors(&document)
            .map(|e| e.to_string())
            .collect();
        assert!(faults.is_empty(), "{format}: {faults:?}");
    }
    outcome.stdout
}

#[test]
fn what_the_program_writes_fits_the_schemas() {
    let world = World::new();
    world.sample("dir/server");
    world.write("dir/cut", &sample()[..40_000]);
    for (format, schema) in SCHEMAS {
        let _ = valid(&world, &["dir", "absent"], format, schema);
    }
}

/// The sample, in which the module calls itself something that is no name.
pub(crate) fn hostile_sample() -> Vec<u8> {
    let real = b"goassay.example/sample";
    let hostile: &[u8; 22] = b"\x1b[31m\r::error:<script>";
    let mut binary = sample();
    let places: Vec<_> = (0..binary.len() - real.len())
        .filter(|at| binary[*at..].starts_with(real))
        .collect();
    assert!(
        places.len() > 3,
        "the name is in build information and files"
    );
    for at in places {
        binary[at..at + hostile.len()].copy_from_slice(hostile);
    }
    binary
}

/// Checks that a document steers no terminal and gives a CI system no command.
pub(crate) fn check_harmless(document: &str) {
    let control = |c: char| c.is_control() && c != '\n';
    assert!(!document.contains(control), "{document}");
    let command = |line: &str| line.trim_start().starts_with("::");
    assert!(!document.lines().any(command), "{document}");
}

/// Checks that a document is JSON and fits its schema.
pub(crate) fn valid_document(document: &str, schema: &str) -> Value {
    let value: Value = serde_json::from_str(document).unwrap();
    let faults: Vec<_> = validator(schema)
        .iter_errors(&value)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{schema}: {faults:#?}");
    value
}

#[test]
fn hostile_names_are_harmless_in_every_format() {
    let world = World::new();
    world.write("server", hostile_sample());
    let mut documents = vec![world.scan(&["server", "--show", "all"]).stdout];
    documents.extend(SCHEMAS.map(|(format, schema)| valid(&world, &["server"], format, schema)));
    documents
        .iter()
        .for_each(|document| check_harmless(document));
}

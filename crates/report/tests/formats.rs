//! Every sample report through every format: expected files, schemas, hostile text, determinism, exit code.
//!
//! `GOASSAY_UPDATE_GOLDEN=1 cargo test -p goassay-report` writes the expected files anew.

mod common;

use common::{HOSTILE, rendered, samples, shown};
use goassay_report::document::Report;
use goassay_report::render::{Format, Show};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn check_golden(name: &str, actual: &str) {
    let path = root().join("tests/golden").join(name);
    #[expect(
        clippy::disallowed_methods,
        reason = "the one switch that writes goldens anew"
    )]
    let update = std::env::var_os("GOASSAY_UPDATE_GOLDEN").is_some();
    if update {
        fs::write(&path, actual).expect("the folder of expected files can be written");
    }
    let expected = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert_eq!(actual, expected, "{name}");
}

fn messages(stream: &str) -> Vec<Value> {
    let messages = serde_json::Deserializer::from_str(stream).into_iter::<Value>();
    messages
        .collect::<Result<_, _>>()
        .expect("the stream is JSON")
}

fn json(report: &Report, format: Format) -> Value {
    serde_json::from_str(&rendered(report, format)).expect("the document is JSON")
}

#[test]
fn every_sample_looks_as_expected_in_every_format() {
    for (name, report) in samples() {
        for format in Format::ALL {
            check_golden(
                &format!("{name}.{}", format.name()),
                &rendered(&report, format),
            );
        }
    }
}

#[test]
fn expanded_text_looks_as_expected() {
    let (_, report) = samples()
        .into_iter()
        .find(|(name, _)| *name == "linked")
        .expect("there is such a sample");
    check_golden("linked.text-all", &shown(&report, Format::Text, Show::ALL));
}

#[test]
fn no_expected_file_is_forgotten() {
    let names: Vec<&str> = samples().iter().map(|(name, _)| *name).collect();
    for entry in fs::read_dir(root().join("tests/golden")).expect("the folder is there") {
        let name = entry
            .expect("the folder can be read")
            .file_name()
            .into_string()
            .expect("names are UTF-8");
        let sample = name
            .split('.')
            .next()
            .expect("split gives at least one part");
        assert!(names.contains(&sample), "{name} belongs to no sample");
    }
}

fn validator(path: &str) -> jsonschema::Validator {
    let text = fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    // The pattern of `language` in the published SARIF schema has a bracket too many and is no regular expression.
    let text = text.replace("-[a-zA-Z]{2}]?$", "-[a-zA-Z]{2}$");
    let schema = serde_json::from_str(&text).expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("the schema is one")
}

fn check_valid(validator: &jsonschema::Validator, name: &str, value: &Value) {
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}");
}

#[test]
fn documents_fit_their_schemas() {
    for (format, schema) in [
        (Format::Json, "../../docs/formats/scan.schema.json"),
        (Format::Sarif, "tests/schemas/sarif-2.1.0.schema.json"),
        (Format::Openvex, "../../docs/formats/openvex.schema.json"),
    ] {
        let validator = validator(schema);
        for (name, report) in samples() {
            check_valid(
                &validator,
                &format!("{name}.{}", format.name()),
                &json(&report, format),
            );
        }
    }
}

#[test]
fn every_message_of_the_stream_fits_its_schema() {
    let validator = validator("../../docs/formats/govulncheck.schema.json");
    for (name, report) in samples() {
        for message in messages(&rendered(&report, Format::Govulncheck)) {
            check_valid(&validator, name, &message);
        }
    }
}

#[test]
fn the_schema_refuses_what_the_document_does_not_promise() {
    let validator = validator("../../docs/formats/scan.schema.json");
    let (_, report) = samples().remove(0);
    let mut document = json(&report, Format::Json);
    document["targets"][0]["surprise"] = Value::Null;
    assert!(!validator.is_valid(&document));
}

/// Whether a terminal, a reader's eye or a page would be fooled by `c`.
fn is_harmful(c: char) -> bool {
    (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[test]
fn hostile_text_is_harmless_in_every_format() {
    let (_, report) = samples()
        .into_iter()
        .find(|(name, _)| *name == "hostile")
        .expect("there is such a sample");
    for format in Format::ALL {
        let text = shown(&report, format, Show::ALL);
        assert_eq!(
            text.chars().find(|&c| is_harmful(c)),
            None,
            "{}",
            format.name()
        );
        assert!(!text.contains("##vso"), "{}", format.name());
        assert!(
            !text.lines().any(|line| line.trim_start().starts_with("::")),
            "{}",
            format.name()
        );
        assert!(
            format == Format::Text || !text.contains('<'),
            "{}",
            format.name()
        );
    }
}

#[test]
fn hostile_text_comes_back_whole_from_json() {
    let (_, report) = samples()
        .into_iter()
        .find(|(name, _)| *name == "hostile")
        .expect("there is such a sample");
    let document = json(&report, Format::Json);
    assert_eq!(document["targets"][0]["path"], HOSTILE);
    assert_eq!(
        document["targets"][0]["symbols"][0]["functions"][0]["file"],
        HOSTILE
    );
}

#[test]
fn the_order_in_which_files_were_finished_does_not_show() {
    for (name, report) in samples() {
        let mut shuffled = report.run().clone();
        shuffled.targets.reverse();
        shuffled.failures.reverse();
        shuffled.idle_suppressions.reverse();
        let shuffled = Report::new(shuffled);
        for format in Format::ALL {
            assert_eq!(
                rendered(&report, format),
                rendered(&shuffled, format),
                "{name} {}",
                format.name()
            );
        }
    }
}

#[test]
fn formats_agree_on_the_exit_code() {
    for (name, report) in samples() {
        let code = u64::from(report.exit_code());
        assert_eq!(
            json(&report, Format::Json)["verdict"]["exit_code"],
            code,
            "{name}"
        );
        assert_eq!(
            json(&report, Format::Sarif)["runs"][0]["invocations"][0]["exitCode"],
            code,
            "{name}"
        );
        assert!(
            rendered(&report, Format::Text).contains(&format!("(exit code {code})")),
            "{name}"
        );
        for format in Format::ALL {
            rendered(&report, format);
            assert_eq!(
                u64::from(report.exit_code()),
                code,
                "{name} {}",
                format.name()
            );
        }
    }
}

#[test]
fn only_a_spotless_run_is_called_clean() {
    for (name, report) in samples() {
        let text = rendered(&report, Format::Text).to_lowercase();
        let claims = text.contains("no known vulnerabilities") || text.contains("clean");
        assert_eq!(claims, name == "spotless", "{name}");
    }
}

#[test]
fn text_fits_the_width_except_for_long_names() {
    for (name, report) in samples().into_iter().filter(|(name, _)| *name != "hostile") {
        for line in rendered(&report, Format::Text).lines() {
            assert!(line.chars().count() <= 100, "{name}: {line}");
        }
    }
}

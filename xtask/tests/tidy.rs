//! The tidy parts of the workspace, as ordinary tests: what no compiler checks and a reader relies on.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which crates of the workspace a crate may use, besides `goassay-fixtures` in tests. The picture is in
/// `docs/architecture.md`.
const ARROWS: &[(&str, &[&str])] = &[
    (
        "goassay",
        &[
            "goassay-audit",
            "goassay-binary",
            "goassay-build",
            "goassay-diff",
            "goassay-report",
            "goassay-serve",
            "goassay-vuln",
        ],
    ),
    ("goassay-audit", &["goassay-binary", "goassay-vuln"]),
    ("goassay-binary", &[]),
    ("goassay-build", &["goassay-binary", "goassay-diff"]),
    ("goassay-diff", &["goassay-binary"]),
    ("goassay-fixtures", &[]),
    (
        "goassay-report",
        &[
            "goassay-audit",
            "goassay-binary",
            "goassay-build",
            "goassay-diff",
            "goassay-vuln",
        ],
    ),
    ("goassay-serve", &["goassay-binary"]),
    ("goassay-vuln", &["goassay-binary"]),
    (
        "xtask",
        &[
            "goassay-audit",
            "goassay-binary",
            "goassay-build",
            "goassay-diff",
            "goassay-fixtures",
            "goassay-report",
            "goassay-serve",
            "goassay-vuln",
        ],
    ),
];

/// Longest file, in lines.
const LONGEST: usize = 800;

/// Words that may occur in some files only: word, files (path prefixes), why.
const RESERVED: &[(&str, &[&str], &str)] = &[
    (
        "Command::new",
        &["xtask/", "crates/cli/tests/", "crates/build/src/run"],
        "processes are started in build::run",
    ),
    (
        "std::net",
        &[
            "crates/cli/src/args/debuginfod.rs",
            "crates/cli/src/net",
            "crates/cli/tests/",
            "crates/serve/",
            "xtask/",
        ],
        "outbound requests are in cli/net, and serve listens",
    ),
    (
        "ureq::",
        &["crates/cli/src/net"],
        "outbound requests are in cli/net",
    ),
    (
        "unsafe {",
        &["crates/cli/src/map", "xtask/src/rusage"],
        "unsafe is for the memory map",
    ),
    (
        "println!",
        &["xtask/", "crates/cli/", "fixtures/"],
        "nothing below cli prints",
    ),
];

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the workspace")
}

fn packages() -> Vec<Value> {
    let out = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .current_dir(workspace())
        .output()
        .expect("cargo metadata");
    let metadata: Value = serde_json::from_slice(&out.stdout).expect("cargo metadata");
    metadata["packages"].as_array().expect("packages").clone()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// Name, and whether it is for tests only, of what a package uses.
fn dependencies(package: &Value) -> Vec<(String, bool)> {
    let list = package["dependencies"].as_array().expect("dependencies");
    list.iter()
        .map(|d| (text(d, "name").to_owned(), text(d, "kind") == "dev"))
        .collect()
}

/// Rust files of the workspace, relative to it.
fn sources() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for folder in [
        "crates",
        "fixtures/src",
        "fuzz/src",
        "fuzz/fuzz_targets",
        "xtask",
    ] {
        collect(&workspace().join(folder), &mut files);
    }
    assert!(files.len() > 20, "the sources are found");
    let relative = |path: PathBuf| {
        let name = path
            .strip_prefix(workspace())
            .expect("in the workspace")
            .to_string_lossy()
            .into_owned();
        (name, std::fs::read_to_string(&path).expect("a source"))
    };
    files.into_iter().map(relative).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && path.file_name().is_none_or(|n| n != "target") {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

fn none(faults: &[String]) {
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn crates_use_each_other_as_in_the_picture() {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let ours: BTreeSet<&str> = allowed.keys().copied().collect();
    let mut faults = Vec::new();
    for package in packages() {
        let name = text(&package, "name");
        let Some(allowed) = allowed.get(name) else {
            faults.push(format!("{name} is not in the picture"));
            continue;
        };
        for (dependency, dev) in dependencies(&package) {
            let fixtures = dev && dependency == "goassay-fixtures";
            if ours.contains(dependency.as_str())
                && !fixtures
                && !allowed.contains(&dependency.as_str())
            {
                faults.push(format!("{name} must not use {dependency}"));
            }
        }
    }
    none(&faults);
}

#[test]
fn every_dependency_has_its_reason() {
    let page = std::fs::read_to_string(workspace().join("docs/dependencies.md"))
        .expect("docs/dependencies.md");
    let named: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
        .flat_map(|names| names.split(", "))
        .map(|name| name.trim_matches('`').to_owned())
        .collect();
    let mut faults = Vec::new();
    for package in packages() {
        for (dependency, _) in dependencies(&package) {
            if !ARROWS.iter().any(|(ours, _)| *ours == dependency) && !named.contains(&dependency) {
                faults.push(format!(
                    "{} uses {dependency}, which docs/dependencies.md does not name",
                    text(&package, "name")
                ));
            }
        }
    }
    none(&faults);
}

#[test]
fn every_module_says_what_it_is() {
    let silent = sources()
        .into_iter()
        .filter(|(_, code)| !code.trim_start().starts_with("//!"));
    none(
        &silent
            .map(|(name, _)| format!("{name} does not begin with //!"))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn no_file_is_too_long() {
    let long = sources()
        .into_iter()
        .filter(|(_, code)| code.lines().count() > LONGEST);
    none(
        &long
            .map(|(name, _)| format!("{name} has more than {LONGEST} lines"))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn reserved_words_are_where_they_belong() {
    let mut faults = Vec::new();
    for (name, code) in sources() {
        for (word, places, why) in RESERVED {
            let allowed =
                name == "xtask/tests/tidy.rs" || places.iter().any(|place| name.starts_with(place));
            let used = code
                .lines()
                .any(|line| !line.trim_start().starts_with("//") && line.contains(word));
            if used && !allowed {
                faults.push(format!("{name} uses {word}: {why}"));
            }
        }
    }
    none(&faults);
}

#[test]
fn pages_have_no_marks_of_a_merge() {
    let mut pages = vec![
        workspace().join("README.md"),
        workspace().join("CHANGELOG.md"),
    ];
    for folder in ["docs", "docs/design", "docs/formats"] {
        let entries = std::fs::read_dir(workspace().join(folder)).expect("docs");
        pages.extend(entries.map(|entry| entry.expect("an entry").path()));
    }
    pages.retain(|path| path.extension().is_some_and(|e| e == "md"));
    let marked = |path: &&PathBuf| {
        let page = std::fs::read_to_string(path).expect("a page");
        page.lines().any(|line| {
            ["<<<<<<< ", ">>>>>>> "]
                .iter()
                .any(|mark| line.starts_with(mark))
        })
    };
    let faults: Vec<String> = pages
        .iter()
        .filter(marked)
        .map(|path| path.display().to_string())
        .collect();
    none(&faults);
}

#[test]
fn pages_of_rules_are_what_the_registry_says() {
    use goassay_audit::{page, registry};
    let folder = workspace().join("docs/rules");
    let mut expected: BTreeMap<String, String> = registry::all()
        .map(|rule| (page::file_name(rule), page::page(rule)))
        .collect();
    expected.insert("README.md".to_owned(), page::index());
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("docs/rules") {
        let entry = entry.expect("an entry");
        let text = std::fs::read_to_string(entry.path()).expect("a page");
        found.insert(entry.file_name().to_string_lossy().into_owned(), text);
    }
    let differ = |name: &&String| found.get(*name) != expected.get(*name);
    let names: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
    let faults: Vec<String> = names
        .into_iter()
        .filter(differ)
        .map(|name| format!("docs/rules/{name} is not what `cargo xtask rules` writes"))
        .collect();
    none(&faults);
}

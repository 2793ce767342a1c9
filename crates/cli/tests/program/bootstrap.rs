//! `toolchain bootstrap --diverse` around the tiny toolchains of `verify`. Real ones, and a compiler that inserts a change into
//! compilers, are in `cargo xtask verify-toolchains`.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use crate::documents::valid_document;
use crate::verify::{Case, target};
use crate::world::Outcome;
use insta::assert_snapshot;

/// A Go that is there and builds what is made of this source.
fn goroot(case: &Case, name: &str, source: &str) {
    let below = |file: &str| format!("{name}/{file}");
    case.world.write(&below("VERSION"), "go1.97.3\n");
    case.world.write(&below("bin/go"), name);
    let compile = below("pkg/tool/linux_amd64/compile");
    case.world.write(&compile, format!("compile of {name}"));
    case.world.write(&below("lib/posted.zip"), target(source));
}

fn bootstrap(case: &Case, more: &[&str]) -> Outcome {
    case.run(&[&["bootstrap", "--diverse", "1.98.1"], more].concat())
}

#[test]
fn chains_that_agree_pass_in_all_formats() {
    let case = Case::new("package x\n");
    goroot(&case, "there", "package x\n");
    let outputs = ["-o", "json=a.json", "-o", "html=a.html"];
    let chains = ["--chain", "short", "--chain", "there"];
    let outcome = bootstrap(&case, &[&outputs[..], &chains].concat());
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert_snapshot!(outcome.stdout);
    let document = case.read("a.json");
    valid_document(&document, "docs/formats/toolchain-bootstrap.schema.json");
    assert_snapshot!(document);
    let page = case.read("a.html");
    assert!(
        page.contains("<b class=\"pass\">PASS</b>") && !page.contains("class=\"fail\""),
        "{page}"
    );
    assert!(!case.world.path("../cache/goassay/bootstrap/there").exists());
}

#[test]
fn a_chain_that_builds_something_else_is_caught() {
    let case = Case::new("package x\n");
    goroot(&case, "planted", "package x // planted\n");
    let outputs = ["-o", "json=a.json", "-o", "html=a.html"];
    let chains = ["--chain", "planted", "--chain", "go1.96.9"];
    let outcome = bootstrap(&case, &[&outputs[..], &chains].concat());
    assert_eq!(outcome.code, Some(1), "{outcome}");
    assert_snapshot!(outcome.stdout);
    valid_document(
        &case.read("a.json"),
        "docs/formats/toolchain-bootstrap.schema.json",
    );
    assert!(case.read("a.html").contains("not what is posted"));
}

#[test]
fn what_cannot_be_done_is_said() {
    let case = Case::new("package x\n");
    goroot(&case, "there", "package x\n");
    goroot(&case, "broken", "package x\n");
    let posted = case.world.path("broken/lib/posted.zip");
    std::fs::remove_file(posted).unwrap();
    case.world.write("empty/x", "");
    let mut said = String::new();
    for args in [
        &["bootstrap", "1.98.1"][..],
        &["bootstrap", "--diverse", "1.20.14"],
        &["bootstrap", "--diverse", "1.98.1", "--chain", "short"],
        &[
            "bootstrap",
            "--diverse",
            "1.98.1",
            "--chain",
            "short",
            "--chain",
            "go1.96.9",
        ],
        &["bootstrap", "--diverse", "1.98.1", "--chain", "empty"],
        &["bootstrap", "--diverse", "1.98.1", "--chain", "full"],
    ] {
        let outcome = case.run(args);
        assert_eq!(outcome.code, Some(2), "{args:?}: {outcome}");
        let here = case.world.path("").display().to_string();
        let text = case.said(&outcome, |_| true).replace(&here, "[HERE]/");
        said += &format!("## {}\n{text}\n", args.join(" "));
    }
    assert_snapshot!(said);
    // One chain without an end keeps the others from passing.
    let chains = ["--chain", "short", "--chain", "broken", "--chain", "there"];
    let outcome = bootstrap(&case, &chains);
    assert_eq!(outcome.code, Some(2), "{outcome}");
    assert!(
        outcome.stdout.contains("Chain broken came to no end"),
        "{outcome}"
    );
}

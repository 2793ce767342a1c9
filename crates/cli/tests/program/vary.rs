//! `vary` around a script of a few lines. Real builds, and inputs that take namespaces, are in `cargo xtask variations`.

#![cfg(target_os = "linux")]

use crate::documents::valid_document;
use crate::world::{Outcome, World};
use insta::assert_snapshot;

/// Inputs that any machine can vary.
const INPUTS: &str = "umask,time-zone,environment,file-times,source-date-epoch";

fn vary(world: &World, script: &str, more: &[&str]) -> Outcome {
    world.write("go.mod", "module example.com/m\n");
    world.write("build.sh", script);
    let build = [
        "vary",
        "--command",
        "sh build.sh",
        "--result",
        "out",
        "--only",
        INPUTS,
    ];
    let mut command = world.command(&[&build[..], more].concat());
    command.env("PATH", "/usr/bin:/bin").env("DEBUG", "yes");
    world.outcome(&command.output().unwrap())
}

const LEAKY: &str = "set -e\nmkdir out\numask >out/umask\ndate -d @0 +%H >out/hour\necho \"$DEBUG $SOURCE_DATE_EPOCH\" >out/variables\n";

#[test]
fn leaks_are_named_with_the_fix_in_all_formats() {
    let world = World::new();
    let outputs = ["-o", "json=a.json", "-o", "html=a.html"];
    let outcome = vary(&world, LEAKY, &outputs);
    assert_eq!(outcome.code, Some(1), "{outcome}");
    assert_snapshot!(outcome);
    let read = |name: &str| std::fs::read_to_string(world.path(name)).unwrap();
    let document = valid_document(&read("a.json"), "docs/formats/vary.schema.json");
    assert_eq!(document["verdict"], "leaky");
    let of = |relevance: &str| {
        let variants = document["variants"].as_array().unwrap();
        let names = variants.iter().filter(|v| v["relevance"] == relevance);
        names
            .map(|v| v["input"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        of("unintended"),
        ["umask", "time-zone", "environment", "environment"]
    );
    assert_eq!(of("intended"), ["source-date-epoch"]);
    let page = read("a.html");
    assert!(
        page.contains("<b class=\"fail\">leak</b>") && !page.contains("<script"),
        "{page}"
    );
    // The user's tree is as it was.
    assert!(!world.path("out").exists());
}

#[test]
fn a_clean_build_passes_and_a_failing_one_is_no_answer() {
    let world = World::new();
    let clean = vary(&world, "mkdir out; echo same >out/file\n", &["--bisect"]);
    assert_eq!(clean.code, Some(0), "{clean}");
    let fails = vary(&world, "echo cannot; exit 3\n", &["--json"]);
    assert_eq!(fails.code, Some(2), "{fails}");
    let document = valid_document(&fails.stdout, "docs/formats/vary.schema.json");
    assert_eq!(document["base"]["failure"]["status"], "exit code 3");
    let nothing = vary(&world, "true\n", &[]);
    assert_eq!(nothing.code, Some(2), "{nothing}");
}

#[test]
fn what_cannot_be_asked_is_said() {
    let world = World::new();
    let mut said = String::new();
    for args in [
        &["vary", "--command", "make"][..],
        &["vary", "--result", "out"],
        &["vary", "--only", "moon"],
        &["vary", "--command", "make", "--result", "../out"],
        &["vary", ".", "--work", "here"],
        &["vary", "--list"],
    ] {
        said += &format!("## {}\n{}\n", args.join(" "), world.run(args));
    }
    assert_snapshot!(said);
}

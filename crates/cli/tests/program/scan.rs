//! What `scan` answers, and that the answer does not depend on how it is asked for.

use crate::world::{AS_OF, World, sample};
use insta::assert_snapshot;
use std::process::Stdio;

#[test]
fn the_sample() {
    let world = World::new();
    world.sample("server");
    assert_snapshot!(world.scan(&["server"]));
}

#[test]
fn the_exit_code_is_the_same_in_every_format() {
    let world = World::new();
    world.sample("server");
    for format in ["text", "json", "govulncheck", "sarif", "openvex"] {
        assert_eq!(
            world.scan(&["server", "--format", format]).code,
            Some(1),
            "{format}"
        );
        let partial = world.scan(&["server", "absent", "--format", format]);
        assert_eq!(partial.code, Some(2), "{format}");
        let other = world.scan(&["server", "--format", format, "--exit-code", "7"]);
        assert_eq!(other.code, Some(7), "{format}");
    }
}

#[test]
fn documents_are_the_same_whatever_the_order_and_the_threads() {
    let world = World::new();
    world.sample("b/server");
    world.write("a/other", [sample(), vec![0]].concat());
    let one = world.scan(&["a", "b", "--json", "-j", "1"]);
    let other = world.scan(&["b", "a", "--json", "-j", "4"]);
    assert_eq!(one.stdout, other.stdout);
    let stdin = world.run_with_stdin(&["scan", "-", "--as-of", AS_OF, "-q"], &sample());
    assert_eq!(
        (stdin.code, stdin.stdout.lines().next()),
        (Some(1), Some("-"))
    );
}

#[test]
fn several_outputs_at_once() {
    let world = World::new();
    world.sample("server");
    let outcome = world.scan(&["server", "-o", "json=a.json", "-o", "sarif=b.sarif"]);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stdout.starts_with("server\n"));
    let json = std::fs::read_to_string(world.path("a.json")).unwrap();
    assert_eq!(json, world.scan(&["server", "--json"]).stdout);
    assert!(
        std::fs::read_to_string(world.path("b.sarif"))
            .unwrap()
            .contains("2.1.0")
    );
}

#[test]
fn a_reader_that_goes_away_changes_nothing() {
    let world = World::new();
    world.sample("server");
    let mut command = world.command(&[
        "scan", "server", "--show", "all", "--json", "--as-of", AS_OF,
    ]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).as_ref()
        ),
        (Some(1), "")
    );
}

#[test]
fn suppressions_and_the_baseline_leave_nothing_that_counts() {
    let world = World::new();
    world.sample("server");
    let ids = [
        "GO-2021-0112",
        "CVE-2021-38561",
        "GO-2025-4010",
        "GO-2026-4601",
    ];
    let entries = ids
        .map(|id| format!("[[suppress]]\nid = \"{id}\"\nreason = \"looked at\"\n"))
        .concat();
    let expired = "[[suppress]]\nid = \"GO-2020-0001\"\nreason = \"old\"\nuntil = 2026-01-01\n";
    let unused = "[[suppress]]\nid = \"GO-2020-0002\"\nreason = \"other\"\n";
    world.write("goassay.toml", entries + expired + unused);
    let outcome = world.scan(&["server", "--json", "--no-suppress", "-o", "json=base.json"]);
    assert_eq!(outcome.code, Some(1));
    let suppressed = world.scan(&["server"]);
    assert_eq!(suppressed.code, Some(0), "{suppressed}");
    assert!(
        suppressed.stdout.contains("goassay.toml:13")
            && suppressed.stdout.contains("goassay.toml:17")
    );
    let known = world.scan(&["server", "--no-suppress", "--baseline", "base.json"]);
    assert_eq!(known.code, Some(0), "{known}");
    let refused = world.scan(&["server", "--baseline", "goassay.toml"]);
    assert_eq!(refused.code, Some(2), "{refused}");
}

#[test]
fn completions_and_manual_pages_are_made() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let outcome = world.run(&["completions", shell]);
        assert!(
            outcome.code == Some(0) && outcome.stdout.contains("goassay"),
            "{shell}"
        );
    }
    assert_eq!(world.run(&["man", "pages"]).code, Some(0));
    assert!(world.path("pages/goassay-scan.1").is_file());
}

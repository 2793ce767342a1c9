//! What `inspect` shows: facts and lists of the sample, and that hostile names do no harm in them.

use crate::documents::{check_harmless, hostile_sample, valid_document};
use crate::world::{World, sample};
use insta::assert_snapshot;

const LISTS: [&str; 4] = ["--functions", "--packages", "--modules", "--types"];

#[test]
fn the_facts_of_the_sample() {
    let world = World::new();
    world.sample("server");
    assert_snapshot!(world.run(&["inspect", "server"]));
}

#[test]
fn lists_of_the_sample() {
    let world = World::new();
    world.sample("server");
    let filters = ["main.*", "goassay", "go*", "go*mongo*"];
    for (list, filter) in LISTS.into_iter().zip(filters) {
        let outcome = world.run(&["inspect", "server", list, "--filter", filter]);
        assert_snapshot!(list, outcome);
    }
}

#[test]
fn documents_fit_their_schemas() {
    let world = World::new();
    world.sample("dir/server");
    world.write("dir/cut", &sample()[..40_000]);
    let schema = "docs/formats/inspect.schema.json";
    valid_document(&world.run(&["inspect", "dir", "--json"]).stdout, schema);
    for list in LISTS {
        let outcome = world.run(&["inspect", "dir", list, "--json"]);
        valid_document(&outcome.stdout, "docs/formats/list.schema.json");
    }
}

#[test]
fn a_gap_in_the_facts_is_an_answer_and_a_list_that_is_not_whole_is_none() {
    let world = World::new();
    // Without its magic and with another quantum nothing shows where the table is.
    let edited = crate::errors::edited(|sample, table| {
        sample[table] = 0x0f;
        sample[table + 6] = 0x77;
    });
    world.write("server", edited);
    let facts = world.run(&["inspect", "server"]);
    assert!(facts.stdout.contains("not read:"), "{facts}");
    assert_eq!(facts.code, Some(0), "{facts}");
    let list = world.run(&["inspect", "server", "--functions"]);
    assert_eq!(list.code, Some(2), "{list}");
    assert!(list.stderr.contains("server"), "{list}");
    let absent = world.run(&["inspect", "absent", "--json"]);
    assert_eq!(absent.code, Some(2), "{absent}");
}

#[test]
fn hostile_names_are_harmless() {
    let world = World::new();
    world.write("server", hostile_sample());
    for options in [&["--show", "all"][..], &["--json"]] {
        check_harmless(
            &world
                .run(&[&["inspect", "server"], options].concat())
                .stdout,
        );
    }
    for list in LISTS {
        for format in ["text", "json"] {
            let outcome = world.run(&["inspect", "server", list, "--format", format]);
            check_harmless(&outcome.stdout);
        }
    }
}

#[test]
fn lists_exclude_each_other_and_a_filter_needs_one() {
    let world = World::new();
    world.sample("server");
    for options in [&["--functions", "--types"][..], &["--filter", "x"]] {
        let outcome = world.run(&[&["inspect", "server"], options].concat());
        assert_eq!(outcome.code, Some(2), "{outcome}");
    }
}

/// The sample with a credential among its recorded settings, in the place of a line of the same length. The text is there
/// twice: in the build information, and as the string that the program itself reads.
fn with_credential(token: &str) -> Vec<u8> {
    with_setting(&format!("build\tCGO_CFLAGS=-DTOKEN={token}"))
}

fn with_setting(setting: &str) -> Vec<u8> {
    let mut binary = sample();
    let line = b"dep\tgolang.org/x/text\t";
    while let Some(start) = binary.windows(line.len()).position(|w| w == line) {
        let len = binary[start..].iter().position(|b| *b == b'\n').unwrap();
        assert!(setting.len() <= len);
        binary[start..start + len].fill(b' ');
        binary[start..start + setting.len()].copy_from_slice(setting.as_bytes());
    }
    binary
}

#[test]
fn paths_of_the_builder_are_facts_and_harmless() {
    let world = World::new();
    world.write(
        "server",
        with_setting("build\tCGO_\u{1b}[2J\u{202e}=-I/home/evelyn/src/lib"),
    );
    let text = world.run(&["inspect", "server"]);
    check_harmless(&text.stdout);
    assert!(text.stdout.contains(": /home/evelyn/src/lib"), "{text}");
    let json = world.run(&["inspect", "server", "--json"]);
    check_harmless(&json.stdout);
    let document: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    let found = &document["targets"][0]["facts"]["builder_paths"];
    let path = &found["paths"][0];
    assert_eq!(
        (&path["place"], &path["user"], &path["count"]),
        (&"setting".into(), &"evelyn".into(), &1.into()),
        "{found}"
    );
}

#[test]
fn credentials_are_in_no_document() {
    let token = format!("ghp_{}", "a1B2".repeat(9));
    let world = World::new();
    world.write("server", with_credential(&token));
    let mut seen = 0;
    for args in [
        &["inspect", "server", "--show", "all"][..],
        &["inspect", "server", "--json"],
        &["audit", "server", "--show", "all"],
        &["audit", "server", "--json"],
        &["audit", "server", "--format", "sarif"],
        &["audit", "server", "--format", "html"],
        &["audit", "server", "--format", "markdown"],
        &["audit", "server", "--format", "github"],
        &["check", "server"],
        &["check", "server", "--json"],
    ] {
        let outcome = world.run(args);
        assert!(!outcome.stdout.contains(&token[4..]), "{outcome}");
        seen += usize::from(outcome.stdout.contains("GitHub"));
    }
    assert!(seen >= 6, "that there is one is said: {seen}");
}

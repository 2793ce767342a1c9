//! What `audit` answers, and that the answer does not depend on the format.

use crate::documents::{check_harmless, hostile_sample, valid_document};
use crate::errors::edited;
use crate::world::{AS_OF, Outcome, World, sample};
use insta::assert_snapshot;

const FORMATS: [&str; 6] = ["text", "json", "sarif", "html", "markdown", "github"];

fn audit(world: &World, args: &[&str]) -> Outcome {
    world.run(&[&["audit", "--as-of", AS_OF], args].concat())
}

#[test]
fn the_sample() {
    let world = World::new();
    world.sample("server");
    assert_snapshot!(audit(&world, &["server"]));
    assert_snapshot!(
        "markdown",
        audit(&world, &["server", "--format", "markdown"])
    );
}

#[test]
fn the_exit_code_is_the_same_in_every_format() {
    let world = World::new();
    world.sample("server");
    let text = audit(&world, &["server"]);
    assert_eq!(text.code, Some(1), "an old toolchain is an error: {text}");
    for format in FORMATS {
        let code = |args: &[&str]| audit(&world, &[args, &["--format", format]].concat()).code;
        assert_eq!(code(&["server"]), Some(1), "{format}");
        assert_eq!(code(&["server", "--exit-code", "7"]), Some(7), "{format}");
        assert_eq!(code(&["server", "absent"]), Some(2), "{format}");
        let lenient = ["server", "--config", "off.toml"];
        world.write("off.toml", "audit.levels.T10-supported = \"off\"\n");
        let expected = audit(&world, &lenient).code;
        assert_eq!(code(&lenient), expected, "{format}");
    }
}

#[test]
fn documents_fit_their_schemas_and_hostile_names_are_harmless() {
    let world = World::new();
    world.write("dir/server", hostile_sample());
    world.write("dir/cut", &sample()[..40_000]);
    let of = |format| audit(&world, &["dir", "--format", format, "-q"]).stdout;
    valid_document(&of("json"), "docs/formats/audit.schema.json");
    let sarif = "crates/report/tests/schemas/sarif-2.1.0.schema.json";
    valid_document(&of("sarif"), sarif);
    for format in FORMATS.into_iter().filter(|format| *format != "github") {
        check_harmless(&of(format));
    }
    let commands = of("github");
    let ours = ["::error ", "::warning ", "::notice "];
    for line in commands.lines() {
        assert!(ours.iter().any(|our| line.starts_with(our)), "{line}");
    }
    check_harmless(&audit(&world, &["dir", "--show", "all"]).stdout);
}

#[test]
fn waivers_levels_and_the_threshold_decide_what_counts() {
    let world = World::new();
    world.sample("server");
    world.write(
        "goassay.toml",
        "[[waive]]\nrule = \"T10-supported\"\nreason = \"replaced next week\"\nuntil = 2026-12-31\n\
         [[waive]]\nrule = \"T10-supported\"\nreason = \"old\"\nuntil = 2026-01-01\n\
         [[waive]]\nrule = \"T8-packed\"\nreason = \"never so\"\n",
    );
    let waived = audit(&world, &["server"]);
    assert!(waived.stdout.contains("replaced next week"), "{waived}");
    for place in ["goassay.toml:5", "goassay.toml:9"] {
        assert!(waived.stdout.contains(place), "{place}: {waived}");
    }
    let json = audit(&world, &["server", "--json"]);
    assert!(json.stdout.contains("\"replaced next week\""), "{json}");
    assert!(json.stderr.contains("T8-packed"), "{json}");
    let without = audit(&world, &["server", "--no-waive"]);
    assert_eq!(without.code, Some(1), "{without}");
    let strict = audit(&world, &["server", "--fail-on", "note"]);
    assert!(matches!(strict.code, Some(1 | 2)), "{strict}");
    assert_eq!(world.run(&["config", "check"]).code, Some(0));
}

#[test]
fn rules_are_listed_with_the_levels_of_the_profile() {
    let world = World::new();
    let level = |profile: &str| {
        let outcome = world.run(&["audit", "--rules", "--profile", profile]);
        let line = outcome
            .stdout
            .lines()
            .find(|line| line.starts_with("T3-fips "));
        line.unwrap_or_default()
            .split_whitespace()
            .nth(1)
            .map(str::to_owned)
    };
    assert_eq!(level("production").as_deref(), Some("off"));
    assert_eq!(level("fips").as_deref(), Some("error"));
}

#[test]
fn a_packed_program_fails_the_rule_for_it_and_nothing_else_is_known() {
    let world = World::new();
    world.write("packed", goassay_fixtures::bytes("elf-amd64-upx"));
    let text = audit(&world, &["packed"]);
    assert_snapshot!(text);
    // One error and no whole answer: 2 beats 1.
    assert_eq!(text.code, Some(2), "{text}");
    world.write("dir/packed", goassay_fixtures::bytes("elf-amd64-upx"));
    for format in FORMATS {
        let found = audit(&world, &["dir", "--format", format]);
        assert!(found.stdout.contains("T8-packed"), "{found}");
        assert_eq!(found.code, Some(2), "{found}");
    }
    let json = audit(&world, &["packed", "--json", "-q"]).stdout;
    valid_document(&json, "docs/formats/audit.schema.json");
    let only = "[audit.levels]\n";
    let others = goassay_audit::registry::all().filter(|rule| rule.id != "T8-packed");
    let off: String = others
        .map(|rule| format!("{} = \"off\"\n", rule.id))
        .collect();
    world.write("only.toml", format!("{only}{off}"));
    let alone = audit(&world, &["packed", "--config", "only.toml"]);
    assert_eq!(alone.code, Some(1), "one rule was asked for: {alone}");
}

#[test]
fn what_was_wiped_fails_the_rule_for_it_and_the_others_go_on() {
    let world = World::new();
    // Without its magic and with another quantum nothing shows where the table is.
    let without_table = edited(|bytes, table| {
        bytes[table] = 0x0f;
        bytes[table + 6] = 0x77;
    });
    let without_info = edited(|bytes, _| {
        let magic = b"\xff Go buildinf:";
        let found = bytes.windows(magic.len()).position(|w| w == magic);
        let at = found.expect("build information");
        bytes[at..at + magic.len()].fill(0);
    });
    for (name, bytes, rule) in [
        ("table", without_table, "T8-pclntab"),
        ("info", without_info, "T8-build-info"),
    ] {
        world.write(name, bytes);
        let text = audit(&world, &[name]);
        assert!(text.stdout.contains(&format!("ERROR {rule}: ")), "{text}");
        assert!(text.stdout.contains("T5-pie: "), "{text}");
        assert!(text.stdout.contains("UNKNOWN "), "{text}");
        assert_eq!(text.code, Some(2), "{text}");
    }
}

//! Clear errors: cause, next step and exit code.

use crate::world::World;
use insta::assert_snapshot;

#[test]
fn not_a_go_binary() {
    let world = World::new();
    world.write("notes.txt", "hello");
    assert_snapshot!(world.scan(&["notes.txt"]));
}

#[test]
fn an_empty_file() {
    let world = World::new();
    world.write("empty", "");
    assert_snapshot!(world.scan(&["empty"]));
}

#[test]
#[cfg(unix)]
fn unreadable_files_do_not_stop_the_run() {
    let world = World::new();
    world.sample("server");
    std::os::unix::fs::symlink("nowhere", world.path("dangling")).unwrap();
    let outcome = world.scan(&["server", "dangling", "absent", "/dev/null", "--json"]);
    assert!(outcome.stdout.contains("\"findings-and-incomplete\""));
    assert_snapshot!(format!(
        "{}--- exit code: {:?}",
        outcome.stderr, outcome.code
    ));
}

#[test]
fn a_directory_without_go_binaries() {
    let world = World::new();
    world.write("dir/notes.txt", "hello");
    assert_snapshot!(world.scan(&["dir"]));
    assert_eq!(world.scan(&["dir", "--allow-empty"]).code, Some(0));
}

#[test]
fn nothing_is_installed() {
    assert_snapshot!(World::new().run(&["check", "--as-of", crate::world::AS_OF]));
}

#[test]
fn a_go_binary_that_is_cut_off() {
    let world = World::new();
    let sample = crate::world::sample();
    world.write("dir/cut", &sample[..40_000]);
    let outcome = world.scan(&["dir"]);
    assert_eq!(outcome.code, Some(2), "{outcome}");
}

/// The sample with other bytes in the place of some.
pub(crate) fn edited(edit: impl FnOnce(&mut Vec<u8>, usize)) -> Vec<u8> {
    let mut sample = crate::world::sample();
    let magic = [0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8];
    let table = sample.windows(8).position(|window| window == magic);
    edit(&mut sample, table.unwrap());
    sample
}

/// Scans it and expects a part of an answer that names the cause.
fn is_incomplete(edited: &[u8], cause: &str) {
    let world = World::new();
    world.write("server", edited);
    for format in ["text", "json"] {
        let outcome = world.scan(&["server", "--format", format]);
        let said = outcome.stdout.replace("\n      ", " ");
        let partly = said.contains("go1.21.0") && said.contains("GO-2021-0112");
        assert!(partly && said.contains(cause), "{outcome}");
        assert_eq!(outcome.code, Some(2), "{outcome}");
    }
}

#[test]
fn a_table_of_an_unknown_layout_is_a_gap() {
    // Without its magic and with another quantum nothing shows where the table is.
    let sample = edited(|sample, table| {
        sample[table] = 0x0f;
        sample[table + 6] = 0x77;
    });
    is_incomplete(&sample, "no pc-line table was found");
}

#[test]
fn module_data_that_cannot_be_found_is_a_gap() {
    let sample = edited(|sample, table| {
        // The one segment that holds the table in this file is mapped from 0x400000 on.
        let address = (0x40_0000 + table as u64).to_le_bytes();
        let pointers: Vec<_> = (0..sample.len() - 8)
            .filter(|at| sample[*at..*at + 8] == address)
            .collect();
        assert!(!pointers.is_empty(), "module data points to the table");
        for at in pointers {
            sample[at..at + 8].fill(0);
        }
    });
    is_incomplete(&sample, "no module data says which is real");
}

#[test]
fn a_magic_of_the_future_alone_hides_nothing() {
    let world = World::new();
    world.write("server", edited(|sample, table| sample[table] = 0x0f));
    let outcome = world.scan(&["server"]);
    assert!(outcome.stdout.contains("4 linked"), "{outcome}");
    assert_eq!(outcome.code, Some(1), "{outcome}");
}

#[test]
fn the_program_itself_is_no_go_binary() {
    let world = World::new();
    std::fs::create_dir(world.path("bin")).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_goassay"), world.path("bin/goassay")).unwrap();
    world.sample("bin/server");
    let outcome = world.scan(&["bin"]);
    assert!(outcome.stdout.contains("Examined 1 Go binary"), "{outcome}");
    assert_eq!(outcome.code, Some(1), "{outcome}");
}

fn embedded() -> Vec<u8> {
    let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../vuln/data/vulndb.bin");
    std::fs::read(data).unwrap()
}

#[test]
fn a_damaged_database_is_refused_and_not_passed_over() {
    let world = World::new();
    world.sample("server");
    std::fs::create_dir_all(world.imported().parent().unwrap()).unwrap();
    std::fs::write(world.imported(), &embedded()[..5000]).unwrap();
    assert_snapshot!(world.scan(&["server"]));
}

#[test]
fn a_newer_database_names_the_formats() {
    let world = World::new();
    world.sample("server");
    let mut database = embedded();
    database[8] = 99;
    world.write("newer.bin", &database);
    assert_snapshot!(world.scan(&["server", "--db", "newer.bin"]));
    database[8] = 1;
    database[5000] ^= 1;
    world.write("altered.bin", &database);
    assert_eq!(world.scan(&["server", "--db", "altered.bin"]).code, Some(2));
}

#[test]
fn a_bad_configuration_has_all_its_faults_said() {
    let world = World::new();
    world.sample("server");
    world.write(
        "goassay.toml",
        "[scan]\nfail-on = \"all\"\n[[suppress]]\nid = \"GO-2024-1\"\nuntill = 1\n",
    );
    assert_snapshot!(world.scan(&["server"]));
    assert_eq!(world.run(&["config", "check"]).code, Some(2));
}

#[test]
fn a_bad_option() {
    assert_snapshot!(World::new().run(&["scan", "--fail-on", "severe"]));
}

#[test]
fn an_output_that_cannot_be_written() {
    let world = World::new();
    world.sample("server");
    assert_snapshot!(
        world
            .scan(&["server", "-o", "json=absent/report.json", "-q"])
            .stderr
    );
}

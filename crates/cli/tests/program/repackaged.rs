//! `toolchain compare --rebuild` around a tiny toolchain whose go command is a script. Real packages are compared by `cargo xtask
//! verify-toolchains`.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use crate::documents::valid_document;
use crate::toolchain::Case;
use insta::assert_snapshot;

const BOOTSTRAP: &str = "package buildcfg\n\nconst DefaultGO386 = `sse2`\n";
/// `go build -o FOLDER/ cmd/asm`, as if another default made another program.
const GO: &str = "#!/bin/sh
asm=pkg/tool/linux_amd64/asm
if grep -q softfloat $GOROOT/src/internal/buildcfg/zbootstrap.go; then asm=lib/softfloat; fi
cp $GOROOT/$asm $3/asm
";

fn program() -> Vec<u8> {
    goassay_fixtures::bytes("elf-amd64-go1.21-plain")
}

/// A program with another byte in what is loaded.
fn other(at: usize) -> Vec<u8> {
    let mut program = program();
    program[at] ^= 1;
    program
}

fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("VERSION", b"go1.99.1\n".to_vec()),
        ("bin/go", GO.into()),
        ("lib/softfloat", other(5000)),
        ("pkg/tool/linux_amd64/asm", program()),
        ("src/cmd/asm/main.go", b"package main\n".to_vec()),
        ("src/internal/buildcfg/zbootstrap.go", BOOTSTRAP.into()),
        ("src/os/os.go", b"package os\n".to_vec()),
    ]
}

/// What a distribution makes of it: another default, and the program that follows.
fn repackaged() -> Case {
    let case = Case::with(&files());
    for (name, data) in files() {
        case.world.write(&format!("go/{name}"), data);
    }
    let softfloat = BOOTSTRAP.replace("sse2", "softfloat");
    let bootstrap = "go/src/internal/buildcfg/zbootstrap.go";
    case.world.write(bootstrap, softfloat);
    case.world.write("go/pkg/tool/linux_amd64/asm", other(5000));
    case
}

#[test]
fn a_program_that_follows_from_a_setting_is_built_again() {
    let case = repackaged();
    assert_snapshot!(case.run(&["compare", "go"]));
    let rebuilt = case.run(&["compare", "go", "--rebuild"]);
    assert_eq!(rebuilt.code, Some(0), "{rebuilt}");
    assert_snapshot!(rebuilt.stdout);
    let json = case.run(&["compare", "go", "--rebuild", "--json"]);
    valid_document(&json.stdout, "docs/formats/toolchain-compare.schema.json");
    assert_snapshot!(json.stdout);
    assert!(
        !case
            .world
            .path("../cache/goassay/compare/go1.99.1.linux-amd64")
            .exists()
    );
}

#[test]
fn a_planted_change_stays_unexplained_with_the_program_that_follows() {
    let case = repackaged();
    let evil = "package os\n\nfunc init() { evil() }\n";
    case.world.write("go/src/os/os.go", evil);
    case.world.write("go/pkg/tool/linux_amd64/asm", other(6000));
    let outcome = case.run(&["compare", "go", "--rebuild"]);
    assert_eq!(outcome.code, Some(1), "{outcome}");
    assert_snapshot!(outcome.stdout);
    let refused = case.run(&["compare", "go", "--rebuild", "--with", "go"]);
    assert_eq!(refused.code, Some(2), "{refused}");
}

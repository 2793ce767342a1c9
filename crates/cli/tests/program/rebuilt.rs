//! `verify` where nothing can be built: what is said, in which formats, with which exit code. Real programs are verified by
//! `cargo xtask verify`.

use crate::documents::valid_document;
use crate::toolchain::Signer;
use crate::world::World;
use insta::assert_snapshot;

#[test]
fn what_cannot_be_built_again_is_not_checked_and_why() {
    let world = World::new();
    world.write("script", "#!/bin/sh\n");
    world.write("old", goassay_fixtures::bytes("elf-amd64-go1.17"));
    world.write("new", goassay_fixtures::bytes("elf-amd64-go1.26"));
    let files = ["verify", "-q", "script", "old", "new", "missing"];
    let mut command = world.command(&[&files[..], &["-o", "json=v.json"]].concat());
    command
        .env("GOPROXY", "off")
        .env("GOSUMDB", Signer::new(1).setting());
    let outcome = world.outcome(&command.output().unwrap());
    assert_eq!(outcome.code, Some(2), "{outcome}");
    let json = std::fs::read_to_string(world.path("v.json")).unwrap();
    let document = valid_document(&json, "docs/formats/verify.schema.json");
    let verdicts = document["files"].as_array().unwrap().iter();
    assert!(
        verdicts
            .clone()
            .all(|file| file["verdict"] == "not-checked")
    );
    assert_eq!(verdicts.count(), 3);
    assert_snapshot!(outcome);
}

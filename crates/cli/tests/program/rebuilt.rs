//! `verify` where nothing can be built: what is said, in which formats, with which exit code. Real programs are verified by
//! `cargo xtask verify`.

use crate::documents::valid_document;
use crate::toolchain::Signer;
use crate::world::World;
use goassay_binary::bytes::hexadecimal;
use insta::assert_snapshot;
use sha2::{Digest, Sha256};

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

#[test]
fn what_stands_beside_a_program_is_held_against_it() {
    let world = World::new();
    let program = goassay_fixtures::bytes("elf-amd64-go1.26");
    world.write("dist/linux/tiny", &program);
    world.write("dist/debug/.build-id/00/11.debug", &program);
    let sum = hexadecimal(&Sha256::digest(&program));
    world.write("dist/SHA256SUMS", format!("{sum}  linux/tiny\n"));
    world.write(
        "dist/linux/tiny.sbom.cdx.json",
        r#"{"bomFormat": "CycloneDX", "metadata": {"component": {"name": "tiny", "hashes": [{"alg": "SHA-256",
        "content": "0000000000000000000000000000000000000000000000000000000000000000"}]}}}"#,
    );
    world.write("dist/linux/tiny.asc", "-----BEGIN PGP SIGNATURE-----\n");
    let documents = ["-o", "json=v.json", "-o", "html=v.html", "-o", "vsa=v.vsa"];
    let mut command = world.command(&[&["verify", "-q", "dist"][..], &documents].concat());
    command
        .env("GOPROXY", "off")
        .env("GOSUMDB", Signer::new(1).setting());
    let outcome = world.outcome(&command.output().unwrap());
    assert_eq!(outcome.code, Some(2), "{outcome}");
    let read = |name: &str| std::fs::read_to_string(world.path(name)).unwrap();
    let document = valid_document(&read("v.json"), "docs/formats/verify.schema.json");
    let file = &document["files"][0];
    assert_eq!(
        (&file["path"], &file["member"]),
        (&"dist".into(), &"linux/tiny".into())
    );
    assert_eq!(read("v.vsa"), "", "there is no verdict");
    let page = read("v.html");
    assert!(
        page.contains("<b class=\"fail\">FAIL</b> tiny.sbom.cdx.json (sbom)"),
        "{page}"
    );
    assert_snapshot!(outcome);
}

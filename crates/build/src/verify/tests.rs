//! What a verification says of files that cannot be built again, without a network and without a toolchain.

use super::*;
use crate::sandbox::Abilities;

/// With no toolchain to be had, and a database that says nothing.
fn verified(file: &[u8], source: Option<&Source>) -> Verification {
    let store = tempfile::tempdir().unwrap();
    let tools = Tools {
        toolchains: &|name| Err(format!("{name} cannot be had")),
        vouch: &|_| Ok(None),
        environment: &[],
        store: store.path(),
        source,
        record: None,
        debug: None,
        abilities: &Abilities::none("a test"),
        max_builds: 1,
        until: None,
    };
    verify(file, &tools, &mut |_| {}).unwrap()
}

fn reason(file: &[u8]) -> String {
    match verified(file, None).verdict {
        Verdict::NotChecked(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_says_too_little_is_not_checked_and_why() {
    assert_eq!(reason(b"#!/bin/sh\n"), "it is no Go binary");
    let old = goassay_fixtures::bytes("elf-amd64-go1.13");
    assert!(
        reason(&old).contains("does not record how a program was built"),
        "{}",
        reason(&old)
    );
    let file = goassay_fixtures::bytes("elf-amd64-go1.26");
    assert!(
        reason(&file).ends_with("cannot be had"),
        "{}",
        reason(&file)
    );
    assert!(verified(&file, None).claim.is_some());
}

#[test]
fn a_forged_sum_is_a_mismatch() {
    let module = Module::new("example.com/m", "v1.0.0");
    let binary = goassay_fixtures::bytes("elf-amd64-go1.26");
    let mut claim = verified(&binary, None).claim.unwrap();
    (claim.main, claim.sum) = (module.clone(), "h1:forged".to_owned());
    let mut proven = Proven::default();
    assert!(contents(&claim, &proven).is_ok(), "nothing is known of it");
    proven.zips.insert(module, "h1:published".to_owned());
    let stop = contents(&claim, &proven).unwrap_err();
    assert!(
        matches!(stop.verdict().unwrap(), Verdict::Mismatch(what) if what.starts_with("SECURITY"))
    );
}

#[test]
fn trouble_of_this_machine_is_no_verdict() {
    let full = Stop::File("/x".into(), io::ErrorKind::StorageFull.into());
    assert!(full.verdict().is_err());
    for stop in [
        Stop::Gone(String::new()),
        Stop::Download(String::new()),
        Stop::Toolchain(String::new()),
    ] {
        assert!(matches!(stop.verdict().unwrap(), Verdict::NotChecked(_)));
    }
}

/// A fixture whose build information has another text of the same length in it.
fn forged(from: &str, to: &str) -> Vec<u8> {
    let mut file = goassay_fixtures::bytes("elf-amd64-go1.26");
    assert_eq!(from.len(), to.len());
    let mut at = 0;
    while let Some(found) = file[at..]
        .windows(from.len())
        .position(|bytes| bytes == from.as_bytes())
    {
        file[at + found..][..to.len()].copy_from_slice(to.as_bytes());
        at += found + to.len();
    }
    file
}

#[test]
fn what_the_go_command_would_take_for_a_flag_is_no_package() {
    let path = "goassay.example/tiny";
    assert!(reason(&forged(path, path)).ends_with("cannot be had"));
    for hostile in [
        "-toolexec=/tmp/run.x",
        "goassay.example/../x",
        "goassay.example/ti y",
    ] {
        let why = reason(&forged(path, hostile));
        assert!(
            why.ends_with("is no module path or version"),
            "{hostile}: {why}"
        );
    }
}

#[test]
fn programs_of_a_vendor_folder_have_no_sums() {
    let binary = goassay_fixtures::bytes("elf-amd64-go1.26");
    let mut claim = verified(&binary, None).claim.unwrap();
    let linked = |version: &str, sum: &str| claim::Linked {
        module: Module::new("example.com/m", version),
        sum: sum.to_owned(),
    };
    for (modules, is_vendored) in [
        (vec![], None),
        (vec![linked("", "")], None),
        (vec![linked("v1.0.0", ""), linked("", "")], Some(true)),
        (vec![linked("v1.0.0", "h1:x"), linked("", "")], Some(false)),
        (
            vec![linked("v1.0.0", "h1:x"), linked("v1.1.0", "")],
            Some(false),
        ),
    ] {
        claim.modules = modules;
        assert_eq!(claim.is_vendored(), is_vendored, "{:?}", claim.modules);
    }
}

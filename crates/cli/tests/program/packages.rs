//! `build --package` with the real go command: what is in packages, and that they come out again.

use crate::build::Site;
use crate::documents::valid_document;
use goassay_build::archive::{self, Options};

/// A tagged module with texts at its top.
fn site() -> Site {
    let site = Site::new("example.com/m/v2");
    for name in ["LICENSE", "README.md"] {
        site.world.write(name, name);
    }
    site.world.write(
        "goassay.toml",
        "[build]\npackage = [\"zip\", \"tar.gz\", \"tar.zst\"]\n",
    );
    site.commit();
    site.git(&["tag", "v2.3.4"]);
    site
}

#[test]
fn archives_come_out_again_in_another_checkout() {
    let site = site();
    let said = site.build(&["--no-audit", "--target", "linux/amd64/v2,windows/amd64"]);
    assert_eq!(said.code, Some(0), "{said}");
    let read = |name: &str| std::fs::read(site.world.path("dist").join(name)).unwrap();
    for (stem, folder, program) in [
        ("m_v2.3.4_linux_amd64_v2", "linux-amd64-v2", "m"),
        ("m_v2.3.4_windows_amd64", "windows-amd64", "m.exe"),
    ] {
        let record = String::from_utf8(read(&format!("{folder}/{program}.build.json"))).unwrap();
        for ending in ["tar.gz", "tar.zst", "zip"] {
            let name = format!("{stem}.{ending}");
            assert!(
                said.stderr.contains(&format!("built dist/{name}\n")),
                "{said}"
            );
            assert!(
                record.contains(&format!("\"name\": \"{name}\"")),
                "{record}"
            );
            let tree = archive::from_bytes(read(&name), &Options::default()).unwrap();
            let sboms =
                ["sbom.cdx.json", "sbom.spdx.json"].map(|ending| format!("{program}.{ending}"));
            let mut want = vec!["LICENSE", "README.md", program, &sboms[0], &sboms[1]];
            want.sort_unstable();
            let names: Vec<&str> = tree
                .entries
                .iter()
                .map(|entry| entry.name.as_str())
                .collect();
            assert_eq!(names, want, "{name}");
            for entry in &tree.entries {
                let mode = if entry.name == program { 0o755 } else { 0o644 };
                assert_eq!((entry.mode, entry.mtime), (Some(mode), Some(1_760_000_000)));
                let contents = tree.contents(entry).unwrap();
                let is_text = want[..2].contains(&entry.name.as_str());
                assert!(
                    is_text || contents == read(&format!("{folder}/{}", entry.name)),
                    "{}",
                    entry.name
                );
            }
        }
    }
    let sums = String::from_utf8(read("SHA256SUMS")).unwrap();
    assert_eq!(sums.matches("  m_v2.3.4_").count(), 6, "{sums}");
    let again = self::site();
    let said = again.build(&[
        "--no-audit",
        "--target",
        "linux/amd64/v2,windows/amd64",
        "-o",
        "../other",
    ]);
    assert_eq!(said.code, Some(0), "{said}");
    assert!(site.files("dist") == again.files("../other"), "other bytes");
}

#[test]
#[cfg(target_os = "linux")]
fn two_files_of_one_name_are_no_package() {
    let site = site();
    site.world.write("readme.md", "");
    site.commit();
    let said = site.build(&["--no-audit"]);
    assert_eq!(said.code, Some(2), "{said}");
    assert!(said.stderr.contains("cannot pack m"), "{said}");
    assert!(site.names("dist").is_empty(), "nothing is left");
}

#[test]
fn two_programs_of_one_name_are_refused_before_they_are_built() {
    let site = site();
    site.world
        .write("cmd/m/main.go", "package main\n\nfunc main() {}\n");
    site.commit();
    let said = site.build(&["--no-audit", "./..."]);
    assert_eq!(said.code, Some(2), "{said}");
    let why = "example.com/m/v2 and example.com/m/v2/cmd/m would both be";
    assert!(
        said.stderr.contains(why) && !said.stderr.contains("building"),
        "{said}"
    );
}

/// Adds settings for images, and the files that they name.
fn with_image_files(site: &Site, user: &str) {
    let settings = "ca-certificates = \"image/ca.pem\"\npasswd = \"image/passwd\"\nlabels = { team = \"a\" }\n";
    site.world.write(
        "goassay.toml",
        format!("[build]\npackage = [\"oci\"]\n[build.image]\nuser = \"{user}\"\n{settings}"),
    );
    site.world
        .write("image/ca.pem", "-----BEGIN CERTIFICATE-----\n");
    site.world.write("image/passwd", "app:x:7:7::/:/none\n");
    site.commit();
    site.git(&["tag", "--force", "v2.3.4"]);
}

#[test]
#[cfg(target_os = "linux")]
fn an_image_has_the_program_and_what_is_given_and_comes_out_again() {
    let site = site();
    with_image_files(&site, "app:7");
    let arguments = [
        "--no-audit",
        "--profile",
        "static-container",
        "--target",
        "linux/amd64,linux/arm64",
    ];
    let said = site.build(&arguments);
    assert_eq!(said.code, Some(0), "{said}");
    assert!(said.stderr.contains("built dist/m.oci.tar\n"), "{said}");
    let read = |name: &str| std::fs::read(site.world.path("dist").join(name)).unwrap();
    let options = Options {
        platform: Some("linux/arm64"),
        ..Options::default()
    };
    let tree = archive::from_bytes(read("m.oci.tar"), &options).unwrap();
    let contents = |name: &str| tree.contents(tree.find(name).unwrap()).unwrap();
    assert!(contents("usr/bin/m") == read("linux-arm64/m"));
    assert_eq!(contents("etc/passwd"), b"app:x:7:7::/:/none\n");
    let record = String::from_utf8(read("linux-arm64/m.build.json")).unwrap();
    let record = valid_document(&record, "docs/formats/build-record.schema.json");
    let outputs = record["outputs"].as_array().unwrap();
    assert!(
        outputs.iter().any(|file| file["name"] == "m.oci.tar"),
        "{record}"
    );
    assert_eq!(record["image_files"].as_object().unwrap().len(), 2);
    // What is attached is what lies beside the programs.
    let image = read("m.oci.tar");
    for name in ["m.provenance.json", "m.sbom.cdx.json", "m.sbom.spdx.json"] {
        let document = read(&format!("linux-arm64/{name}"));
        assert!(memchr::memmem::find(&image, &document).is_some(), "{name}");
    }
    for said in [
        "\"team\":\"a\"",
        "\"org.opencontainers.image.version\":\"v2.3.4\"",
        "\"User\":\"app:7\"",
    ] {
        assert!(
            memchr::memmem::find(&image, said.as_bytes()).is_some(),
            "{said}"
        );
    }
    let again = self::site();
    with_image_files(&again, "app:7");
    let said = again.build(&[arguments.as_slice(), &["-o", "../other"]].concat());
    assert_eq!(said.code, Some(0), "{said}");
    assert!(site.files("dist") == again.files("../other"), "other bytes");
}

#[test]
#[cfg(target_os = "linux")]
fn an_image_that_would_not_start_is_refused() {
    let site = site();
    with_image_files(&site, "app:app");
    let refused = |arguments: &[&str], why: &str| {
        let said = site.build(&[&["--no-audit", "--package", "oci"], arguments].concat());
        assert_eq!(said.code, Some(2), "{said}");
        assert!(said.stderr.contains(why), "{said}");
        assert!(site.names("dist").is_empty(), "nothing is left");
        said.stderr
    };
    refused(&[], "`app` of the user app:app is in no /etc/group");
    with_image_files(&site, "app:7");
    let said = refused(
        &["--target", "linux/amd64"],
        "would ask for the system's loader",
    );
    assert!(
        said.contains("--profile static-container") && !said.contains("building"),
        "{said}"
    );
    refused(&["--target", "windows/amd64"], "only linux runs one");
    let levels = "linux/amd64/v2,linux/amd64/v3";
    refused(
        &["--profile", "static-container", "--target", levels],
        "could not tell it from that for linux/amd64/v2",
    );
    // That C asks for a loader, only the finished program says.
    let main = "package main\n\n// static int one(void) { return 1; }\nimport \"C\"\n\nfunc main() { println(C.one()) }\n";
    site.world.write("main.go", main);
    site.commit();
    let said = refused(
        &["--profile", "debug"],
        "it asks for the program interpreter /lib",
    );
    assert!(said.contains("--profile static-container"), "{said}");
}

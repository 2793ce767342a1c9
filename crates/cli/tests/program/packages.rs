//! `build --package` with the real go command: what is in packages, and that they come out again.

use crate::build::Site;
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

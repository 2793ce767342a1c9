//! `build` with the real go command and git: what is refused, what comes out, and that it comes out again.

use crate::documents::valid_document;
use crate::verify::KEY;
use crate::world::{Outcome, World};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::path::{Path, PathBuf};
use std::process::Command;

const MAIN: &str = "package main\n\nfunc main() { println(\"hello\") }\n";

/// A world with a checkout in it.
pub(crate) struct Site {
    pub(crate) world: World,
}

impl Site {
    /// A module of that path, with a program at its top, committed.
    pub(crate) fn new(module: &str) -> Site {
        let site = Site {
            world: World::new(),
        };
        site.world
            .write("go.mod", format!("module {module}\n\ngo 1.21\n"));
        site.world.write("main.go", MAIN);
        site.world.write(".gitignore", "/dist/\n");
        site.git(&["init", "--quiet", "."]);
        site.commit();
        site
    }

    pub(crate) fn git(&self, arguments: &[&str]) {
        let mut command = Command::new("git");
        command
            .args(["-c", "user.name=A", "-c", "user.email=a@example.com"])
            .args(arguments)
            .current_dir(self.world.path(""))
            .env("GIT_COMMITTER_DATE", "1760000000 +0000")
            .env("GIT_AUTHOR_DATE", "1760000000 +0000");
        assert!(command.status().unwrap().success(), "git {arguments:?}");
    }

    pub(crate) fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "all"]);
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.world.command(&[&["build"], arguments].concat());
        command
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("GOCACHE", cache())
            .env("GOPROXY", "off")
            .env("GOTOOLCHAIN", "local")
            .env("GOENV", "off");
        command
    }

    pub(crate) fn build(&self, arguments: &[&str]) -> Outcome {
        self.world
            .outcome(&self.command(arguments).output().unwrap())
    }

    pub(crate) fn files(&self, folder: &str) -> Vec<(String, Vec<u8>)> {
        let folder = self.world.path(folder);
        let mut files = Vec::new();
        collect(&folder, &folder, &mut files);
        files.sort();
        files
    }

    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        self.files(folder)
            .into_iter()
            .map(|(name, _)| name)
            .collect()
    }
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            files.push((name, std::fs::read(&path).unwrap()));
        }
    }
}

/// Compiled packages of the standard library: the same for all tests.
fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("gocache")
}

#[test]
fn a_tagged_program_with_all_that_belongs_to_it() {
    let site = Site::new("example.com/m/v2");
    site.git(&["tag", "v2.3.4"]);
    let first = site.build(&["--release"]);
    assert_eq!(first.code, Some(0), "{first}");
    let names = site.names("dist");
    let is_debug = |name: &&String| name.starts_with("debug/.build-id/");
    let (debug, beside): (Vec<&String>, Vec<&String>) = names.iter().partition(is_debug);
    assert_eq!(debug.len(), 1, "{debug:?}");
    let want = [
        "SHA256SUMS",
        "m",
        "m.audit.json",
        "m.build.json",
        "m.provenance.json",
        "m.sbom.cdx.json",
        "m.sbom.spdx.json",
        "m.scan.json",
    ];
    assert_eq!(beside, want);
    provenance(&site);
    let record = std::fs::read_to_string(site.world.path("dist/m.build.json")).unwrap();
    let record = valid_document(&record, "docs/formats/build-record.schema.json");
    assert_eq!(record["module"]["version"], "v2.3.4");
    assert_eq!(record["source"]["time"], 1_760_000_000);
    // Nothing of this place and this day is in any of them, and they come out again elsewhere.
    let root = site.world.path("").display().to_string();
    for (name, bytes) in site.files("dist") {
        let place = memchr::memmem::find(&bytes, root.as_bytes());
        assert_eq!(place, None, "{name} names the place of the checkout");
    }
    let again = Site::new("example.com/m/v2");
    again.git(&["tag", "v2.3.4"]);
    let second = again.build(&["-o", "../elsewhere"]);
    assert_eq!(second.code, Some(0), "{second}");
    assert!(
        site.files("dist") == again.files("../elsewhere"),
        "other bytes"
    );
    let plan = site.build(&["--plan", "--format", "json"]).stdout;
    let plan = valid_document(&plan, "docs/formats/build-plan.schema.json");
    assert_eq!(plan["builds"][0]["version"], "v2.3.4");
    // A script of the plan makes the same program.
    let script = site.build(&["--plan", "--format", "sh", "-o", "../by-hand"]);
    let by_hand = Command::new("sh")
        .arg("-c")
        .arg(script.stdout.replace("[ROOT]", &root_of(&site)))
        .status();
    assert!(by_hand.unwrap().success());
    let program = |folder: &str| std::fs::read(site.world.path(folder)).unwrap();
    assert!(program("dist/m") == program("../by-hand/m"), "other bytes");
}

#[test]
fn a_tag_that_comes_after_a_build_of_the_same_commit_is_seen() {
    let site = Site::new("example.com/m");
    assert_eq!(site.build(&["--no-audit"]).code, Some(0));
    site.git(&["tag", "v1.2.3"]);
    let tagged = site.build(&["--no-audit", "--release"]);
    assert_eq!(tagged.code, Some(0), "{tagged}");
}

/// What the provenance says, against the files.
fn provenance(site: &Site) {
    let read = |name: &str| std::fs::read_to_string(site.world.path(name)).unwrap();
    let statement: serde_json::Value =
        serde_json::from_str(&read("dist/m.provenance.json")).unwrap();
    let digest = statement["subject"][0]["digest"]["sha256"]
        .as_str()
        .unwrap();
    assert!(
        read("dist/SHA256SUMS").contains(&format!("{digest}  m\n")),
        "{statement}"
    );
    let inputs = &statement["predicate"]["buildDefinition"]["resolvedDependencies"];
    assert_eq!(inputs[0]["uri"], "pkg:golang/example.com/m/v2@v2.3.4");
    assert_eq!(inputs[0]["digest"]["gitCommit"].as_str().unwrap().len(), 40);
    assert_eq!(
        inputs.as_array().unwrap().len(),
        6,
        "the commit and five programs of Go"
    );
}

fn root_of(site: &Site) -> String {
    site.world.path("").parent().unwrap().display().to_string()
}

#[test]
fn what_speaks_against_it_is_said_with_the_remedy() {
    let site = Site::new("example.com/m");
    site.world.write("new.txt", "");
    let said = site.build(&["--release", "-o", "out"]);
    insta::assert_snapshot!(said.to_string());
    assert!(!site.world.path("out").exists());
}

#[test]
fn a_failing_compiler_speaks_for_itself() {
    let site = Site::new("example.com/m");
    site.world
        .write("main.go", "package main\n\nfunc main() {\n\tx := 1\n}\n");
    site.commit();
    let said = site.build(&[]);
    insta::assert_snapshot!(said.to_string());
    assert!(site.names("dist").is_empty(), "nothing is left");
}

#[test]
fn no_module_and_no_go() {
    let world = World::new();
    let site = Site { world };
    let said = site.build(&[]);
    assert_eq!(said.code, Some(2));
    assert!(said.stderr.contains("there is no go.mod"), "{said}");
    let none = site.world.run(&["build"]);
    assert!(none.stderr.contains("goassay toolchain fetch"), "{none}");
    let unknown = site.build(&["--target", "linux/pdp11"]);
    assert_eq!(unknown.code, Some(2), "{unknown}");
}

#[test]
fn an_error_of_the_audit_stops_it_unless_waived() {
    let site = Site::new("example.com/m");
    let strict = "[audit.levels]\nT6-tag = \"error\"\n";
    site.world.write("goassay.toml", strict);
    site.commit();
    let said = site.build(&[]);
    assert_eq!(said.code, Some(1), "{said}");
    assert!(said.stdout.contains("T6-tag"), "{said}");
    assert!(site.names("dist").is_empty());
    let said = site.build(&["--no-audit"]);
    assert_eq!(said.code, Some(0), "{said}");
    assert!(!site.names("dist").contains(&"m.audit.json".to_owned()));
    let waiver = "[[waive]]\nrule = \"T6-tag\"\nreason = \"a snapshot\"\nbinary = \"m\"\n";
    site.world
        .write("goassay.toml", format!("{strict}{waiver}"));
    site.commit();
    let said = site.build(&[]);
    assert_eq!(said.code, Some(0), "{said}");
}

#[test]
fn a_key_signs_the_provenance_and_a_bad_one_is_said_first() {
    let site = Site::new("example.com/m");
    site.git(&["tag", "v1.0.0"]);
    site.world.write("dist/bad.pem", "no key");
    let said = site.build(&["--key", "dist/bad.pem"]);
    assert_eq!(said.code, Some(2), "{said}");
    assert!(!said.stderr.contains("building"), "{said}");
    for key in [KEY, P256] {
        site.world.write("dist/key.pem", key);
        let said = site.build(&["--key", "dist/key.pem", "--no-audit"]);
        assert_eq!(said.code, Some(0), "{said}");
        let read = |name: &str| std::fs::read(site.world.path(name)).unwrap();
        let signed = read("dist/m.provenance.dsse.json");
        let envelope: serde_json::Value = serde_json::from_slice(&signed).unwrap();
        assert_eq!(envelope["payloadType"], "application/vnd.in-toto+json");
        let payload = STANDARD
            .decode(envelope["payload"].as_str().unwrap())
            .unwrap();
        assert_eq!(payload, read("dist/m.provenance.json"));
        let again = site.build(&["--key", "dist/key.pem", "--no-audit"]);
        assert_eq!(again.code, Some(0), "{again}");
        assert!(signed == read("dist/m.provenance.dsse.json"), "other bytes");
    }
}

/// Made with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`, for tests only.
const P256: &str = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgxlHfIiqXIW2+QqGt\nOedpKYL+mJLTHnf+I+9fcQK2gW+hRANCAAR7ickkEcwmRzl4mdVaD/voU3cwReDY\n1LDJMcmKm19vGNCFHwEcQ1vYfLDj/b0z892HN5xXUDUcGiKcNvfylIEe\n-----END PRIVATE KEY-----\n";

#[test]
fn a_recorded_build_is_repeated_or_it_is_said_why_not() {
    let site = Site::new("example.com/m");
    site.git(&["tag", "v1.0.0"]);
    site.world.write(
        "goassay.toml",
        "[build]\ntags = [\"extra\"]\n[build.variables]\n\"main.channel\" = \"a b\"\n",
    );
    site.world.write(".git/info/exclude", "goassay.toml\n");
    let said = site.build(&[]);
    assert_eq!(said.code, Some(0), "{said}");
    let record = site.world.path("dist/m.build.json");
    let json = std::fs::read_to_string(&record).unwrap();
    // What the configuration file said is in the record.
    let again = Site::new("example.com/m");
    again.git(&["tag", "v1.0.0"]);
    let from = |record: &str| {
        again.world.write("dist/r.build.json", record);
        again.build(&["--from-record", "dist/r.build.json", "-o", "dist/again"])
    };
    let said = from(&json);
    assert_eq!(said.code, Some(0), "{said}");
    assert!(
        said.stderr
            .contains("identical: the program has the recorded SHA-256"),
        "{said}"
    );
    assert!(!said.stderr.contains("other than recorded"), "{said}");
    let program = |path: PathBuf| std::fs::read(path).unwrap();
    assert!(program(site.world.path("dist/m")) == program(again.world.path("dist/again/m")));
    std::fs::remove_dir_all(again.world.path("dist/again")).unwrap();
    for (what, by, code, said) in [
        (
            "-trimpath",
            "-toolexec=/bin/evil",
            2,
            "argument `-toolexec=/bin/evil` was recorded, and is not planned",
        ),
        ("\"commit\": \"", "\"commit\": \"0", 2, "git checkout 0"),
        ("\"go1.", "\"devel ", 2, "is no release of Go"),
        ("production", "other", 2, "there is no profile"),
        ("goassay-build-record/1", "x", 2, "is no build record"),
    ] {
        let outcome = from(&json.replace(what, by));
        assert_eq!(outcome.code, Some(code), "{outcome}");
        assert!(outcome.stderr.contains(said), "{what}: {outcome}");
    }
    let digest = json.split("\"sha256\": \"").nth(1).unwrap();
    let outcome = from(&json.replace(&digest[..64], &"0".repeat(64)));
    assert_eq!(outcome.code, Some(1), "{outcome}");
    assert!(
        outcome.stderr.contains("is not the program of"),
        "{outcome}"
    );
    assert!(again.names("dist/again").is_empty(), "nothing is published");
}

#[test]
fn cryptography_is_the_frozen_one_where_it_is_asked_for() {
    let site = Site::new("example.com/m");
    let main = "package main\n\nimport (\n\t\"crypto/fips140\"\n\t\"crypto/sha256\"\n)\n\nfunc main() {\n\tprintln(fips140.Enabled(), sha256.Sum256(nil)[0])\n}\n";
    site.world.write("main.go", main);
    site.world
        .write("go.mod", "module example.com/m\n\ngo 1.24\n");
    site.commit();
    site.git(&["tag", "v1.0.0"]);
    let said = site.build(&["--profile", "fips"]);
    assert_eq!(said.code, Some(0), "{said}");
    let ran = Command::new(site.world.path("dist/m")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ran.stderr), "true 227\n");
    let record = std::fs::read_to_string(site.world.path("dist/m.build.json")).unwrap();
    assert!(record.contains("GOFIPS140"), "{record}");
    let said = site.build(&["--profile", "fips", "--target", "js/wasm"]);
    assert_eq!(said.code, Some(2), "{said}");
    assert!(
        said.stderr.contains("FIPS mode does not support it"),
        "{said}"
    );
}

#[test]
fn bills_of_materials_in_the_formats_that_are_asked_for() {
    let site = Site::new("example.com/m");
    let said = site.build(&["--no-audit", "--sbom", "cyclonedx-1.7,spdx-3.0.1"]);
    assert_eq!(said.code, Some(0), "{said}");
    let names = site.names("dist");
    let boms: Vec<&String> = names.iter().filter(|name| name.contains("sbom")).collect();
    assert_eq!(boms, ["m.sbom.cdx.json", "m.sbom.spdx3.json"]);
    let bom = std::fs::read_to_string(site.world.path("dist/m.sbom.cdx.json")).unwrap();
    assert!(bom.contains("\"specVersion\": \"1.7\""), "{bom}");
    let said = site.build(&["--sbom", "cyclonedx-1.7,cyclonedx-1.6"]);
    assert_eq!(said.code, Some(2), "{said}");
    assert!(said.stderr.contains("would have the same name"), "{said}");
}

#[test]
fn several_targets_have_folders() {
    let site = Site::new("example.com/m");
    site.git(&["tag", "v1.0.0"]);
    let said = site.build(&["--target", "linux/amd64/v2,windows/arm64", "--no-audit"]);
    assert_eq!(said.code, Some(0), "{said}");
    let names = site.names("dist");
    for name in [
        "linux-amd64-v2/m",
        "linux-amd64-v2/m.build.json",
        "windows-arm64/m.exe",
    ] {
        assert!(names.contains(&name.to_owned()), "{names:?}");
    }
}

#[test]
fn a_second_build_proves_the_first_or_says_what_differs() {
    let site = Site::new("example.com/m");
    site.git(&["tag", "v1.0.0"]);
    let said = site.build(&["--prove", "--no-audit"]);
    assert_eq!(said.code, Some(0), "{said}");
    assert!(
        said.stderr
            .contains("identical the second time, with another checkout (a clone"),
        "{said}"
    );
    // With all debug information the folder is in the program.
    let said = site.build(&["--prove", "--profile", "debug", "-o", "dist/other"]);
    assert_eq!(said.code, Some(1), "{said}");
    assert!(
        said.stderr.contains("m is another program the second time"),
        "{said}"
    );
    assert!(site.names("dist/other").is_empty());
}

#[test]
#[cfg(target_os = "linux")]
fn a_static_program_starts_in_an_empty_folder() {
    let site = Site::new("example.com/m");
    site.git(&["tag", "v1.0.0"]);
    let said = site.build(&["--profile", "static-container", "-o", "dist/root"]);
    assert_eq!(said.code, Some(0), "{said}");
    let mut chroot = Command::new("unshare");
    chroot
        .args(["--map-root-user", "chroot"])
        .arg(site.world.path("dist/root"))
        .arg("/m");
    let ran = chroot.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ran.stderr), "hello\n");
}

#[test]
#[cfg(target_os = "linux")]
fn c_is_compiled_with_hardening() {
    let site = Site::new("example.com/m");
    let main = "package main\n\n// #include <string.h>\n// static int size(const char *s) { char all[64]; strcpy(all, s); return (int)strlen(all); }\nimport \"C\"\n\nfunc main() { println(C.size(C.CString(\"hello\"))) }\n";
    site.world.write("main.go", main);
    site.commit();
    site.git(&["tag", "v1.0.0"]);
    let said = site.build(&[]);
    assert_eq!(said.code, Some(0), "{said}");
    let ran = Command::new(site.world.path("dist/m")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ran.stderr), "5\n");
    let audit = std::fs::read_to_string(site.world.path("dist/m.audit.json")).unwrap();
    let audit: serde_json::Value = serde_json::from_str(&audit).unwrap();
    let judged = audit["targets"][0]["verdicts"].as_array().unwrap();
    let verdict =
        |rule: &str| judged.iter().find(|one| one["rule"] == rule).unwrap()["verdict"].clone();
    assert_eq!(
        (verdict("T7-stack-protector"), verdict("T5-relro")),
        ("pass".into(), "pass".into())
    );
    let cross = site.build(&["--target", "linux/arm64"]);
    assert!(
        cross
            .stderr
            .contains("no working C compiler for linux/arm64 is known"),
        "{cross}"
    );
}

#[test]
fn a_folder_that_cannot_be_is_said() {
    let site = Site::new("example.com/m");
    site.world.write("../file", "");
    let said = site.build(&["-o", "../file/out"]);
    assert_eq!(said.code, Some(2), "{said}");
    for word in ["file/out", "choose another folder with -o"] {
        assert!(said.stderr.contains(word), "{said}");
    }
    assert!(!said.stderr.contains("building"), "{said}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_said_and_nothing_is_left() {
    let site = Site::new("example.com/m");
    site.world.write("dist/.keep", "");
    let script =
        "mount -t tmpfs -o size=256k none dist && { \"$@\"; code=$?; ls -A dist; exit $code; }";
    let goassay = site.command(&["--no-audit"]);
    let mut command = Command::new("unshare");
    command
        .args(["-rm", "sh", "-c", script, "sh"])
        .arg(goassay.get_program())
        .args(goassay.get_args())
        .current_dir(site.world.path(""))
        .env_clear();
    for (name, value) in goassay.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    let said = site.world.outcome(&command.output().unwrap());
    assert_eq!(said.code, Some(2), "{said}");
    assert!(said.stderr.contains("o space left on device"), "{said}");
    assert_eq!(said.stdout, "", "nothing is left");
}

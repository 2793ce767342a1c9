//! `toolchain list`, `fetch`, `path`, `prune`, `check` and `compare`, against a proxy that carries a checksum database of one record, signed by
//! a key of the test.

use crate::documents::valid_document;
use crate::server::{Reply, Server};
use crate::world::{Outcome, World};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use insta::assert_snapshot;
use ring::signature::{Ed25519KeyPair, KeyPair};
use sha2::{Digest, Sha256};
use std::io::Write;

const MODULE: &str = "golang.org/toolchain";
const VERSION: &str = "v0.0.1-go1.99.1.linux-amd64";
const SUMS: &str = "sums.example";
const SCHEMA: &str = "docs/formats/toolchains.schema.json";
const PLATFORM: [&str; 2] = ["--platform", "linux/amd64"];

/// The files of a tiny toolchain.
const FILES: [(&str, &str); 3] = [
    ("VERSION", "go1.99.1\n"),
    ("bin/go", "#!/bin/sh\necho tiny\n"),
    ("src/_go.mod", "module std\n"),
];

fn zip<T: AsRef<[u8]>>(files: &[(&str, T)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, data) in files {
        writer
            .start_file(
                format!("{MODULE}@{VERSION}/{name}"),
                zip::write::SimpleFileOptions::default(),
            )
            .unwrap();
        writer.write_all(data.as_ref()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn h1<T: AsRef<[u8]>>(files: &[(&str, T)]) -> String {
    let line = |(name, data): &(&str, T)| {
        let sum = hex(data.as_ref());
        format!("{sum}  {MODULE}@{VERSION}/{name}\n")
    };
    let lines: String = files.iter().map(line).collect();
    format!("h1:{}", STANDARD.encode(Sha256::digest(lines)))
}

fn hex(data: &[u8]) -> String {
    Sha256::digest(data)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Who signs: a key made of a number.
pub(crate) struct Signer(Ed25519KeyPair);

impl Signer {
    pub(crate) fn new(seed: u8) -> Signer {
        Signer(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
    }

    fn key(&self) -> Vec<u8> {
        [&[1], self.0.public_key().as_ref()].concat()
    }

    fn hash(&self) -> Vec<u8> {
        Sha256::digest([SUMS.as_bytes(), b"\n", &self.key()].concat())[..4].to_vec()
    }

    /// The value of GOSUMDB.
    pub(crate) fn setting(&self) -> String {
        let hash: String = self
            .hash()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("{SUMS}+{hash}+{}", STANDARD.encode(self.key()))
    }

    pub(crate) fn sign(&self, text: &str) -> String {
        let signature = [self.hash(), self.0.sign(text.as_bytes()).as_ref().to_vec()].concat();
        format!("{text}\n— {SUMS} {}\n", STANDARD.encode(signature))
    }
}

/// Publishes a toolchain and the database that has it as its only record.
fn publish<T: AsRef<[u8]>>(server: &Server, signer: &Signer, files: &[(&str, T)]) {
    let sums = |path: &str| format!("sumdb/{SUMS}/{path}");
    let record = format!("{MODULE} {VERSION} {}\n", h1(files));
    // With one record its hash is the root, and the only tile.
    let root = Sha256::digest([b"\0", record.as_bytes()].concat());
    let head = signer.sign(&format!(
        "go.sum database tree\n1\n{}\n",
        STANDARD.encode(root)
    ));
    server.set(&sums("supported"), Reply::File(Vec::new()));
    server.set(&sums("latest"), Reply::File(head.clone().into_bytes()));
    server.set(
        &sums(&format!("lookup/{MODULE}@{VERSION}")),
        Reply::File(format!("0\n{record}\n{head}").into_bytes()),
    );
    server.set(&sums("tile/8/0/000.p/1"), Reply::File(root.to_vec()));
    let list = format!("{VERSION}\nv0.0.1-go1.99.1.darwin-arm64\nv0.0.1-go1.9.linux-amd64\n");
    server.set(&format!("{MODULE}/@v/list"), Reply::File(list.into_bytes()));
    server.set(&zip_path(), Reply::File(zip(files)));
}

fn zip_path() -> String {
    format!("{MODULE}/@v/{VERSION}.zip")
}

pub(crate) struct Case {
    pub(crate) world: World,
    server: Server,
    signer: Signer,
}

impl Case {
    fn new() -> Case {
        Case::with(&FILES)
    }

    /// A proxy that has a toolchain of these files, in the order of their names.
    pub(crate) fn with<T: AsRef<[u8]>>(files: &[(&str, T)]) -> Case {
        let case = Case {
            world: World::new(),
            server: Server::start(),
            signer: Signer::new(1),
        };
        publish(&case.server, &case.signer, files);
        case
    }

    pub(crate) fn run(&self, args: &[&str]) -> Outcome {
        self.run_with(
            &[
                ("GOPROXY", &self.server.url),
                ("GOSUMDB", &self.signer.setting()),
            ],
            args,
        )
    }

    fn run_with(&self, settings: &[(&str, &str)], args: &[&str]) -> Outcome {
        let cache = self.world.path("../cache");
        let mut command = self.world.command(&[&["toolchain"], args].concat());
        command
            .env("XDG_CACHE_HOME", &cache)
            .envs(settings.iter().copied());
        let mut outcome = self.world.outcome(&command.output().unwrap());
        for text in [&mut outcome.stdout, &mut outcome.stderr] {
            *text = text
                .replace(&self.server.url, "[URL]")
                .replace("work/../cache", "cache");
        }
        outcome
    }

    fn fetch(&self, more: &[&str]) -> Outcome {
        self.run(&[&["fetch", "1.99.1"], &PLATFORM[..], more].concat())
    }
}

#[test]
fn a_toolchain_is_listed_fetched_found_and_removed() {
    let case = Case::new();
    assert_snapshot!(case.run(&[&["list"], &PLATFORM[..]].concat()));
    assert_snapshot!(case.run(&[&["path", "go1.99.1"], &PLATFORM[..]].concat()));
    let fetched = case.fetch(&["--json"]);
    valid_document(&fetched.stdout, SCHEMA);
    assert_snapshot!(fetched);
    case.server.log();
    assert_snapshot!(case.fetch(&[]));
    assert_eq!(
        case.server.log(),
        Vec::<String>::new(),
        "nobody is asked for what is there"
    );
    let path = case.run(&[&["path", "1.99.1"], &PLATFORM[..]].concat());
    assert_snapshot!(path);
    assert_snapshot!(case.run(&["list", "--platform", "all"]));
    let all = case.run(&["list", "--platform", "all", "--json"]);
    valid_document(&all.stdout, SCHEMA);
    assert_snapshot!(case.run(&["prune", "1.99.1", "1.98", "--dry-run"]));
    assert_snapshot!(case.run(&["prune", "--all"]));
    assert_snapshot!(case.run(&["list", "--installed", "--json"]));
}

#[test]
fn what_was_altered_is_refused_loudly() {
    let case = Case::new();
    let mut files = FILES;
    files[1].1 = "evil";
    case.server.set(&zip_path(), Reply::File(zip(&files)));
    assert_snapshot!(case.fetch(&[]));
    case.server.set(&zip_path(), Reply::Truncated(zip(&FILES)));
    let outcome = case.fetch(&[]);
    assert!(outcome.code == Some(2), "{outcome}");
    std::fs::remove_dir_all(case.world.path("../cache")).unwrap();
    publish(&case.server, &Signer::new(2), &files);
    assert_snapshot!(case.fetch(&[]));
    publish(&case.server, &case.signer, &FILES);
    assert_eq!(case.fetch(&[]).code, Some(0));
}

#[test]
fn a_database_that_contradicts_itself_is_caught_by_what_was_seen_before() {
    let case = Case::new();
    assert_eq!(case.fetch(&[]).code, Some(0));
    assert_eq!(case.run(&["prune", "--all"]).code, Some(0));
    std::fs::remove_dir_all(case.world.path("../cache")).unwrap();
    let mut files = FILES;
    files[1].1 = "evil";
    publish(&case.server, &case.signer, &files);
    assert_snapshot!(case.fetch(&[]));
    assert_eq!(case.fetch(&["--fresh"]).code, Some(2));
}

#[test]
fn settings_that_lead_nowhere_say_so() {
    let case = Case::new();
    let (url, sums) = (case.server.url.clone(), case.signer.setting());
    let fetch = ["fetch", "1.99.1", "--platform", "linux/amd64"];
    let mut said = String::new();
    for (what, settings) in [
        ("nothing", &[("GOENV", "off")][..]),
        ("off", &[("GOPROXY", "off"), ("GOSUMDB", &sums)]),
        ("direct", &[("GOPROXY", "direct"), ("GOSUMDB", &sums)]),
        ("a word", &[("GOPROXY", "word"), ("GOSUMDB", &sums)]),
        (
            "private",
            &[
                ("GOPROXY", &url),
                ("GOSUMDB", &sums),
                ("GOPRIVATE", "golang.org"),
            ],
        ),
        ("no database", &[("GOPROXY", &url), ("GOSUMDB", "off")]),
        ("another name", &[("GOPROXY", &url), ("GOSUMDB", SUMS)]),
        (
            "insecure",
            &[
                ("GOPROXY", "off"),
                ("GOSUMDB", "off"),
                ("GOFLAGS", "-insecure"),
            ],
        ),
    ] {
        let outcome = case.run_with(settings, &fetch);
        assert_eq!(outcome.code, Some(2), "{what}: {outcome}");
        said += &format!("## {what}\n{}", outcome.stderr);
    }
    assert_snapshot!(said);
}

#[test]
fn what_the_proxy_does_not_give_is_said() {
    let case = Case::new();
    case.server.set(&zip_path(), Reply::Status(403));
    assert_snapshot!(case.fetch(&[]));
    assert_snapshot!(case.run(&["fetch", "1.99.2", "--platform", "linux/amd64"]));
    assert_snapshot!(case.run(&["fetch", "latest"]));
}

#[test]
fn a_download_page_is_as_good_as_a_proxy() {
    let case = Case::new();
    let files = FILES.map(|(name, text)| (name.replace("_go.mod", "go.mod"), text));
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in &files {
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file(format!("go/{name}"), options).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    let archive = writer.finish().unwrap().into_inner();
    let sum: String = Sha256::digest(&archive)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let list = format!(
        r#"[{{"version":"go1.99.1","stable":true,"files":[{{"filename":"tiny.zip","os":"linux","arch":"amd64","version":"go1.99.1","sha256":"{sum}","size":{},"kind":"archive"}}]}}]"#,
        archive.len()
    );
    case.server
        .set("dl/?mode=json&include=all", Reply::File(list.into_bytes()));
    case.server.set("dl/tiny.zip", Reply::File(archive.clone()));
    case.server.set(&zip_path(), Reply::Status(500));
    let from = format!("{}/dl/", case.server.url);
    let from = ["--from", from.as_str()];
    assert_snapshot!(case.run(&[&["list"], &PLATFORM[..], &from].concat()));
    case.server
        .set("dl/tiny.zip", Reply::File(archive[1..].to_vec()));
    assert_snapshot!(case.fetch(&from));
    case.server.set("dl/tiny.zip", Reply::File(archive));
    assert_snapshot!(case.fetch(&from));
    assert_snapshot!(case.run(&[&["fetch", "1.99.2"], &PLATFORM[..], &from].concat()));
    let nowhere = format!("{}/nothing", case.server.url);
    assert_eq!(case.run(&["list", "--from", &nowhere]).code, Some(2));
}

/// An installation of the tiny toolchain; what a folder of the world has on its left it has on the right.
fn install(world: &World, files: &[(&str, &str)]) {
    for (name, text) in files {
        let name = name.replace("_go.mod", "go.mod");
        world.write(&format!("go/{name}"), text);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let go = world.path("go/bin/go");
        std::fs::set_permissions(go, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

const CHECK: &str = "docs/formats/toolchain-check.schema.json";

#[test]
fn an_installation_is_compared_with_what_was_published() {
    let case = Case::new();
    install(&case.world, &FILES);
    case.world.write("go/doc/spec.html", "x");
    let check = ["check", "go", "--platform", "linux/amd64"];
    assert_snapshot!(case.run(&check));
    case.server.log();
    case.world
        .write("go/VERSION", "go1.99.1 (Vendor 1.99.1-2)\n");
    case.world.write("go/src/evil.go", "package evil\n");
    case.world.write("go/pkg/\u{202e}x", "");
    std::fs::remove_file(case.world.path("go/src/go.mod")).unwrap();
    assert_snapshot!(case.run(&check));
    let json = case.run(&[&check[..], &["--json"]].concat());
    valid_document(&json.stdout, CHECK);
    assert_snapshot!(json);
    assert_eq!(
        case.server.log(),
        Vec::<String>::new(),
        "nobody is asked for what is there"
    );
}

#[test]
fn what_cannot_be_checked_says_why() {
    let case = Case::new();
    let platform = ["--platform", "linux/amd64"];
    let mut said = String::new();
    let mut run = |what: &str, args: &[&str]| {
        let outcome = case.run(&[&["check"], args].concat());
        assert_eq!(outcome.code, Some(2), "{what}: {outcome}");
        said += &format!("## {what}\n{}", outcome.stderr);
    };
    run("no Go", &[]);
    run("no folder", &[&["nothing"], &platform[..]].concat());
    case.world.write("go/VERSION", "devel go1.99-abcdef\n");
    run("no release", &[&["go"], &platform[..]].concat());
    case.world.write("go/VERSION", "go1.99.1\n");
    run("no platform", &["go"]);
    case.world.write("go/VERSION", "go1.99.7\n");
    run("not published", &[&["go"], &platform[..]].concat());
    assert_eq!(case.fetch(&[]).code, Some(0));
    let store = "../cache/goassay/toolchains/go1.99.1.linux-amd64/goroot/src/go.mod";
    std::fs::write(case.world.path(store), "module evil\n").unwrap();
    case.world.write("go/VERSION", "go1.99.1\n");
    run("altered store", &[&["go"], &platform[..]].concat());
    assert_snapshot!(said);
}

#[test]
fn a_repackaged_toolchain_is_explained_or_not() {
    let case = Case::new();
    let compare = ["compare", "go", "--platform", "linux/amd64"];
    install(&case.world, &FILES);
    case.world.write("go/misc/x", "x");
    assert_snapshot!(case.run(&compare));
    case.world.write("go/src/evil.go", "package evil\n");
    std::fs::remove_file(case.world.path("go/bin/go")).unwrap();
    assert_snapshot!(case.run(&compare));
    let json = case.run(&[&compare[..], &["--json"]].concat());
    valid_document(&json.stdout, "docs/formats/toolchain-compare.schema.json");
    assert_snapshot!(json);
    case.world.write("same.zip", zip(&FILES));
    let with = case.run(&["compare", "same.zip", "--with", "same.zip", "--json"]);
    valid_document(&with.stdout, "docs/formats/toolchain-compare.schema.json");
    assert_eq!(with.code, Some(0));
    let mut said = String::new();
    for args in [
        &["compare", "nothing"][..],
        &["compare", "go/src"],
        &["compare", "go"],
        &["compare", "same.zip", "--source", "go/VERSION"],
        &["compare", "same.zip", "--with", "go/VERSION"],
    ] {
        let outcome = case.run(args);
        assert_eq!(outcome.code, Some(2), "{args:?}: {outcome}");
        said += &format!("## {}\n{}", args.join(" "), outcome.stderr);
    }
    assert_snapshot!(said);
}

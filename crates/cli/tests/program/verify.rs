//! `toolchain verify` and `toolchain ledger` around tiny toolchains, whose make.bash and go command are scripts. Real ones are
//! rebuilt by `cargo xtask verify-toolchains`.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use crate::documents::valid_document;
use crate::server::{Reply, Server};
use crate::toolchain::Signer;
use crate::world::{Outcome, World};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use insta::assert_snapshot;
use sha2::{Digest, Sha256};
use std::io::Write;

const MODULE: &str = "golang.org/toolchain";
const TARGET: &str = "v0.0.1-go1.98.1.linux-amd64";
const BOOTSTRAP: &str = "v0.0.1-go1.96.9.linux-amd64";

const MAKE: &str = "\
set -e
tools=$GOROOT/pkg/tool/linux_amd64
mkdir -p $tools $GOROOT/bin $GOROOT/pkg/distpack
cp go.sh $GOROOT/bin/go
chmod +x $GOROOT/bin/go
echo asm >$tools/asm
echo 'Building Go toolchain3 using go_bootstrap and Go toolchain2.'
# More than a pipe holds: what reads it has seen that line when this is over.
yes | head -c 200000
cp $GOROOT_BOOTSTRAP/lib/posted.zip $GOROOT/pkg/distpack/v0.0.1-go1.98.1.linux-amd64.zip
";
const GO: &str = "#!/bin/sh\necho asm >$3/asm\n";
/// For tests only.
pub(crate) const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINjDsN5foD3xqhlLFVOzBrck7QXHs1Ugdy/gG48z040o\n-----END PRIVATE KEY-----\n";

pub(crate) fn zip(version: &str, files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = zip::write::SimpleFileOptions::default();
        writer
            .start_file(format!("{MODULE}@{version}/{name}"), options)
            .unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub(crate) fn target(source: &str) -> Vec<u8> {
    let files: [(&str, &[u8]); 5] = [
        ("VERSION", b"go1.98.1\n"),
        ("bin/go", b"go"),
        ("src/go.sh", GO.as_bytes()),
        ("src/make.bash", MAKE.as_bytes()),
        ("src/x.go", source.as_bytes()),
    ];
    zip(TARGET, &files)
}

fn h1(zip: &[u8]) -> String {
    goassay_build::dirhash::of_zip(std::io::Cursor::new(zip)).unwrap()
}

/// Publishes two toolchains and the database that has both.
fn publish(server: &Server, signer: &Signer, posted: &[u8], rebuilt: &[u8]) {
    let files: [(&str, &[u8]); 4] = [
        ("VERSION", b"go1.96.9\n"),
        ("bin/go", b"go"),
        ("lib/posted.zip", rebuilt),
        ("src/x.go", b"package x\n"),
    ];
    let bootstrap = zip(BOOTSTRAP, &files);
    let modules = [(BOOTSTRAP, &bootstrap[..]), (TARGET, posted)];
    let records = modules.map(|(version, zip)| format!("{MODULE} {version} {}\n", h1(zip)));
    let leaves = records
        .each_ref()
        .map(|record| Sha256::digest([b"\0", record.as_bytes()].concat()));
    let root = Sha256::digest([&[1], &leaves[0][..], &leaves[1][..]].concat());
    let head = signer.sign(&format!(
        "go.sum database tree\n2\n{}\n",
        STANDARD.encode(root)
    ));
    let sums = |path: &str| format!("sumdb/sums.example/{path}");
    server.set(&sums("supported"), Reply::File(Vec::new()));
    server.set(&sums("latest"), Reply::File(head.clone().into_bytes()));
    server.set(&sums("tile/8/0/000.p/2"), Reply::File(leaves.concat()));
    for (id, (version, zip)) in modules.iter().enumerate() {
        let answer = format!("{id}\n{}\n{head}", records[id]);
        let lookup = sums(&format!("lookup/{MODULE}@{version}"));
        server.set(&lookup, Reply::File(answer.into_bytes()));
        server.set(
            &format!("{MODULE}/@v/{version}.zip"),
            Reply::File(zip.to_vec()),
        );
    }
    let list = format!("{BOOTSTRAP}\n{TARGET}\n");
    server.set(&format!("{MODULE}/@v/list"), Reply::File(list.into_bytes()));
}

pub(crate) struct Case {
    pub(crate) world: World,
    server: Server,
    signer: Signer,
}

impl Case {
    pub(crate) fn new(rebuilt: &str) -> Case {
        let case = Case {
            world: World::new(),
            server: Server::start(),
            signer: Signer::new(1),
        };
        let posted = target("package x\n");
        publish(&case.server, &case.signer, &posted, &target(rebuilt));
        case.world.write("key.pem", KEY);
        case
    }

    pub(crate) fn run(&self, args: &[&str]) -> Outcome {
        let mut command = self.world.command(&[&["toolchain"], args].concat());
        command
            .env("XDG_CACHE_HOME", self.world.path("../cache"))
            .env("GOPROXY", &self.server.url)
            .env("GOSUMDB", self.signer.setting());
        self.world.outcome(&command.output().unwrap())
    }

    fn verify(&self, more: &[&str]) -> Outcome {
        self.run(&[&["verify", "1.98.1", "--as-of", "2026-11-22"], more].concat())
    }

    /// Standard error, without what it may take here.
    pub(crate) fn said(&self, outcome: &Outcome, shown: impl Fn(&str) -> bool) -> String {
        let stderr = outcome.stderr.replace(&self.server.url, "[URL]");
        let lines = stderr
            .lines()
            .filter(|line| !line.starts_with("this may take"));
        lines
            .filter(|line| shown(line))
            .collect::<Vec<_>>()
            .join("\n")
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.world.path(name)).unwrap()
    }
}

#[test]
fn a_release_that_comes_out_again_passes_in_all_formats() {
    let case = Case::new("package x\n");
    let outputs = ["-o", "json=a.json", "-o", "html=a.html", "-o", "vsa=a.vsa"];
    let options = [
        "--key",
        "key.pem",
        "--ledger",
        "a.jsonl",
        "--measured",
        "m.json",
    ];
    let outcome = case.verify(&[&outputs[..], &options].concat());
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert_snapshot!(outcome.stdout);
    let document = case.read("a.json");
    valid_document(&document, "docs/formats/toolchain-verification.schema.json");
    assert_snapshot!(document);
    let page = case.read("a.html");
    assert!(
        page.contains("<b class=\"pass\">PASS</b>") && !page.contains("<details open>"),
        "{page}"
    );
    let envelope: serde_json::Value = serde_json::from_str(&case.read("a.vsa")).unwrap();
    let statement = STANDARD
        .decode(envelope["payload"].as_str().unwrap())
        .unwrap();
    let statement: serde_json::Value = serde_json::from_slice(&statement).unwrap();
    assert_eq!(statement["predicate"]["verificationResult"], "PASSED");
    let ledger = case.read("a.jsonl");
    valid_document(&ledger, "docs/formats/ledger.schema.json");
    assert_snapshot!(case.run(&["ledger", "show", "a.jsonl"]));
    // What is in the ledger needs no verification; the next run adds to it.
    let outcome = case.run(&["verify", "--new-since", "a.jsonl"]);
    assert_eq!(
        (outcome.code, outcome.stdout.as_str()),
        (Some(0), ""),
        "{outcome}"
    );
    assert!(case.read("m.json").contains("own_processor_seconds"));
    assert!(!case.world.path("../cache/goassay/verify/go1.98.1").exists());
}

#[test]
fn a_release_that_does_not_come_out_again_fails_and_ledgers_disagree() {
    let (good, bad) = (Case::new("package x\n"), Case::new("package x // evil\n"));
    assert_eq!(good.verify(&["--ledger", "a.jsonl"]).code, Some(0));
    let outcome = bad.verify(&["--ledger", "b.jsonl"]);
    assert_eq!(outcome.code, Some(1), "{outcome}");
    assert_snapshot!(outcome.stdout);
    let again = bad.verify(&["--json"]);
    assert_eq!(
        again.code,
        Some(1),
        "the same in another format, from what was built: {again}"
    );
    good.world.write("b.jsonl", bad.read("b.jsonl"));
    assert_snapshot!(good.run(&["ledger", "merge", "a.jsonl", "b.jsonl", "-o", "all.jsonl"]));
    assert_snapshot!(good.run(&["ledger", "check", "all.jsonl"]));
    assert_eq!(good.run(&["ledger", "check", "a.jsonl"]).code, Some(0));
    let changed = good
        .read("all.jsonl")
        .replacen("\"fail\"", "\"pass\"", 1)
        .replacen("pass", "skip", 1);
    good.world.write("changed.jsonl", changed);
    assert_snapshot!(good.run(&["ledger", "check", "changed.jsonl"]));
    let head = ["--head", "5f0c"];
    assert_snapshot!(good.run(&[&["ledger", "check", "a.jsonl"], &head[..]].concat()));
}

#[test]
fn trouble_is_said() {
    let case = Case::new("package x\n");
    let mut said = String::new();
    case.world
        .write("chain.toml", "[[link]]\nbuilt = \"1.96.9\"\n");
    case.world
        .write("no.toml", "[[link]]\nbuild = \"1.96.9\"\n");
    for args in [
        &["verify", "1.20.14"][..],
        &["verify", "1.97.1", "--platform", "all"],
        &["verify", "1.98.1", "--chain", "full"],
        &["verify", "1.98.1", "--chain", "chain.toml"],
        &["verify", "1.98.1", "--chain", "no.toml"],
        &["verify", "1.98.1", "--key", "chain.toml"],
        &["verify", "1.98.1", "--platform", "darwin/arm64"],
        &["verify"],
    ] {
        let outcome = case.run(args);
        assert_eq!(outcome.code, Some(2), "{args:?}: {outcome}");
        said += &format!("## {}\n{}\n", args.join(" "), case.said(&outcome, |_| true));
    }
    let zip = format!("{MODULE}/@v/{TARGET}.zip");
    for (what, reply) in [
        ("altered", Reply::File(target("package x // evil\n"))),
        ("gone half-way", Reply::Truncated(target("package x\n"))),
        ("refused", Reply::Status(403)),
    ] {
        case.server.set(&zip, reply);
        let outcome = case.run(&["verify", "1.98.1"]);
        assert_eq!(outcome.code, Some(2), "{what}: {outcome}");
        // How a connection breaks is the system's to say.
        let cause = |line: &str| !line.contains("caused by") || what == "altered";
        said += &format!("## {what}\n{}\n", case.said(&outcome, cause));
    }
    assert_snapshot!(said);
}

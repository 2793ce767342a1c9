//! Image layouts, read again: the file system with the reader of `archive`, the documents as JSON. Other programs read them in
//! `cargo xtask test-peers`.

use super::*;
use crate::archive::{Kind, Options, from_bytes};
use serde_json::{Value, json};

const TIME: i64 = 1_760_000_000;
const CREATED_AT: &str = "2025-10-09T08:53:20Z";

/// Files of a tar archive of ours, by name.
fn files(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut rest = archive;
    while rest[0] != 0 {
        let text = |from: usize, to: usize| {
            let field = rest[from..to].split(|&byte| byte == 0).next().unwrap();
            String::from_utf8(field.to_vec()).unwrap()
        };
        let size = usize::from_str_radix(&text(124, 135), 8).unwrap();
        files.insert(text(0, 100), rest[512..512 + size].to_vec());
        rest = &rest[512 + size.next_multiple_of(512)..];
    }
    files
}

struct Seen(BTreeMap<String, Vec<u8>>);

impl Seen {
    fn document(&self, descriptor: &Value) -> Value {
        let digest = descriptor["digest"].as_str().unwrap();
        let bytes = &self.0[&format!("blobs/{}", digest.replace(':', "/"))];
        assert_eq!(
            digest,
            format!("sha256:{}", hexadecimal(&Sha256::digest(bytes)))
        );
        assert_eq!(descriptor["size"], bytes.len());
        serde_json::from_slice(bytes).unwrap()
    }
}

fn made(version: &str, platforms: &[&'static str]) -> Result<Vec<u8>, Error> {
    let certificate = b"-----BEGIN CERTIFICATE-----\n".to_vec();
    let given = Given::new(vec![(CERTIFICATES, certificate)], User::default()).unwrap();
    let labels = BTreeMap::from([("a".to_owned(), "\x1b\"".to_owned())]);
    let image = Image {
        name: "server",
        version,
        given: &given,
        labels: &labels,
        created: Some(CREATED_AT),
        time: TIME,
    };
    let part = |target: &&'static str| Part {
        platform: platform(&Target::parse(target).unwrap(), Some("6,softfloat")).unwrap(),
        program: target.as_bytes(),
        attached: vec![Attached {
            name: "server.sbom.cdx.json",
            media_type: "application/vnd.cyclonedx+json",
            bytes: b"{}\n",
        }],
    };
    layout(&image, &platforms.iter().map(part).collect::<Vec<_>>())
}

#[test]
fn an_image_has_the_program_and_what_was_given() {
    let bytes = made("v1.2.3", &["linux/amd64", "linux/arm"]).unwrap();
    assert!(bytes == made("v1.2.3", &["linux/amd64", "linux/arm"]).unwrap());
    for (platform, contents) in [
        ("linux/amd64", "linux/amd64"),
        ("linux/arm/v6", "linux/arm"),
    ] {
        let options = Options {
            platform: Some(platform),
            ..Options::default()
        };
        let tree = from_bytes(bytes.clone(), &options).unwrap();
        let seen: Vec<_> = tree
            .entries
            .iter()
            .map(|entry| {
                assert_eq!(entry.mtime, Some(TIME));
                (entry.name.as_str(), entry.kind.clone(), entry.mode.unwrap())
            })
            .collect();
        let folder = |name| (name, Kind::Directory, 0o755);
        assert_eq!(
            seen,
            [
                folder("etc"),
                folder("etc/ssl"),
                folder("etc/ssl/certs"),
                (CERTIFICATES, Kind::File, 0o644),
                folder("usr"),
                folder("usr/bin"),
                ("usr/bin/server", Kind::File, 0o755),
            ]
        );
        let program = tree.find("usr/bin/server").unwrap();
        assert_eq!(tree.contents(program).unwrap(), contents.as_bytes());
    }
    // What is attached is no image: one platform is no choice.
    let single = made("v1.2.3", &["linux/amd64"]).unwrap();
    assert!(from_bytes(single, &Options::default()).is_ok());
}

#[test]
fn documents_name_each_other_by_digest() {
    let seen = Seen(files(
        &made("v1.2.3+dirty", &["linux/amd64", "linux/arm"]).unwrap(),
    ));
    let top: Value = serde_json::from_slice(&seen.0["index.json"]).unwrap();
    let top = top["manifests"].as_array().unwrap();
    assert_eq!(top[0]["annotations"][REF_NAME], "v1.2.3_dirty");
    let index = seen.document(&top[0]);
    assert_eq!(index["annotations"], json!({"a": "\x1b\""}));
    assert_eq!(
        index["manifests"][0]["platform"],
        json!({"os": "linux", "architecture": "amd64"})
    );
    assert_eq!(index["manifests"][1]["platform"]["variant"], "v6");
    for (image, referrers) in index["manifests"].as_array().unwrap().iter().zip(&top[1..]) {
        let manifest = seen.document(image);
        let config = seen.document(&manifest["config"]);
        assert_eq!(config["architecture"], image["platform"]["architecture"]);
        assert_eq!(config["created"], CREATED_AT);
        assert_eq!(
            config["config"],
            json!({
                "User": "65532:65532", "Env": [PATH], "Entrypoint": ["/usr/bin/server"], "Labels": {"a": "\x1b\""},
            })
        );
        assert_eq!(config["rootfs"]["diff_ids"].as_array().unwrap().len(), 1);
        // As on a registry without a referrers API.
        let digest = image["digest"].as_str().unwrap();
        assert_eq!(referrers["annotations"][REF_NAME], digest.replace(':', "-"));
        let listed = &seen.document(referrers)["manifests"][0];
        let artifact = seen.document(listed);
        assert_eq!(artifact["subject"]["digest"], digest);
        assert_eq!(artifact["artifactType"], "application/vnd.cyclonedx+json");
        assert_eq!(listed["artifactType"], artifact["artifactType"]);
        assert_eq!(listed["annotations"], artifact["annotations"]);
        assert_eq!(seen.document(&artifact["layers"][0]), json!({}));
        assert_eq!(seen.document(&artifact["config"]), json!({}));
    }
    let blobs = seen
        .0
        .keys()
        .filter(|name| name.starts_with("blobs/sha256/") && !name.ends_with('/'));
    // The attached document and the empty configuration are the same for both.
    assert_eq!(blobs.count(), 1 + 2 * (3 + 2) + 2);
}

#[test]
fn tags() {
    for (version, want) in [
        ("v1.2.3", "v1.2.3"),
        ("(devel)", "devel"),
        ("", "devel"),
        ("v1.0.0+dirty", "v1.0.0_dirty"),
        (".x/../y", "_x_.._y"),
        ("caf\u{e9}", "caf_"),
    ] {
        assert_eq!(tag(version), want);
    }
    assert_eq!(tag(&"v".repeat(500)).len(), LONGEST_TAG);
}

#[test]
fn only_linux_has_such_images() {
    let of = |target: &str| platform(&Target::parse(target).unwrap(), None);
    assert_eq!(of("linux/arm64").unwrap().variant.as_deref(), Some("v8"));
    assert_eq!(of("linux/amd64/v3").unwrap().variant, None);
    assert!(of("windows/amd64").unwrap_err().contains("windows"));
}

#[test]
fn a_program_that_needs_a_loader_is_told() {
    let lacking = |name: &str| {
        let bytes = goassay_fixtures::bytes(name);
        lacking(&Binary::parse(&bytes).unwrap())
    };
    assert_eq!(lacking("elf-amd64-go1.26"), None);
    let pie = lacking("elf-amd64-go1.20-pie").unwrap();
    assert!(pie.contains("/lib64/ld-linux-x86-64.so.2"), "{pie}");
    assert_eq!(
        lacking("pe-amd64-go1.26").as_deref(),
        Some("it is no ELF file")
    );
}

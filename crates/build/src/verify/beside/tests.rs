//! Documents that say what is so, and the same with one thing changed.

use super::*;
use crate::module::Module;
use crate::verify::claim::Linked;
use goassay_binary::Binary;
use goassay_binary::bytes::hexadecimal;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Files by name.
#[derive(Default)]
struct Files(BTreeMap<String, Vec<u8>>);

impl Around for Files {
    fn read(&self, name: &str, _: u64) -> Option<Result<Vec<u8>, String>> {
        Some(Ok(self.0.get(name)?.clone()))
    }

    fn sha256(&self, name: &str) -> Option<Result<String, String>> {
        Some(Ok(hexadecimal(&Sha256::digest(self.0.get(name)?))))
    }
}

const H1: &str = "h1:NIvaJDMOsjHA8n1jAhLSgzrAzy1Hgr+hNrb57e+94F0=";
const HEX: &str = "348bda24330eb231c0f27d630212d2833ac0cf2d4782bfa136b6f9edefbde05d";
const COMMIT: &str = "0123456789012345678901234567890123456789";

/// A program with one module and a commit.
fn claim() -> Claim {
    let bytes = goassay_fixtures::bytes("elf-amd64-go1.26");
    let mut claim = Claim::of(&Binary::parse(&bytes).unwrap()).unwrap();
    claim.main = Module::new("example.com/m", "v1.0.0");
    claim.package = "example.com/m".to_owned();
    claim.modules = vec![Linked {
        module: Module::new("github.com/Google/uuid", "v1.6.0"),
        sum: H1.to_owned(),
    }];
    claim.settings = vec![("vcs.revision".to_owned(), COMMIT.to_owned())];
    claim
}

fn sum(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// What is found of one document beside `bytes`, which is called `m` and lies in `linux`.
fn found(document: &str, contents: &str, key: Option<&PublicKey>) -> Vec<Finding> {
    let file = b"bytes";
    let mut files = Files::default();
    let others = [
        ("m", &b"bytes"[..]),
        ("other", b"other"),
        ("../top", b"top"),
        ("../linux/m", file),
    ];
    for (name, bytes) in others.into_iter().chain([(document, contents.as_bytes())]) {
        files.0.insert(name.to_owned(), bytes.to_vec());
    }
    let claim = claim();
    let subject = Subject {
        name: "m",
        folder: "linux",
        file,
        sha256: &sum(file),
        claim: Some(&claim),
        key,
        around: &files,
    };
    check(&subject)
        .into_iter()
        .map(|beside| beside.finding)
        .collect()
}

/// The only finding of one document.
fn one(document: &str, contents: &str) -> Finding {
    let mut all = found(document, contents, None);
    assert_eq!(all.len(), 1, "{document}: {all:?}");
    all.remove(0)
}

fn holds(document: &str, contents: &str) {
    let finding = one(document, contents);
    assert!(
        matches!(finding, Finding::Holds(_)),
        "{contents}: {finding:?}"
    );
}

fn fails(document: &str, contents: &str) {
    let finding = one(document, contents);
    assert!(
        matches!(finding, Finding::Fails(_)),
        "{contents}: {finding:?}"
    );
}

fn not_checked(document: &str, contents: &str) {
    let finding = one(document, contents);
    assert!(
        matches!(finding, Finding::NotChecked(_)),
        "{contents}: {finding:?}"
    );
}

#[test]
fn sums_of_the_program_and_of_other_files() {
    let (own, other, wrong) = (sum(b"bytes"), sum(b"other"), sum(b"else"));
    holds(
        "SHA256SUMS",
        &format!("{own}  m\n{other} *./other\n{wrong}  not-here\n"),
    );
    holds("checksums.txt", &format!("SHA256 (m) = {own}\n"));
    holds("m.sha256", &own.to_uppercase());
    holds(
        "../SHA256SUMS",
        &format!("{own}  linux/m\n{}  top\n", sum(b"top")),
    );
    fails("SHA256SUMS", &format!("{wrong}  m\n"));
    fails("SHA256SUMS", &format!("{own}  m\n{wrong}  other\n"));
    fails("../SHA256SUMS", &format!("{own}  linux/m\n{wrong}  top\n"));
    fails("m.sha256", &wrong);
    // Names that lead elsewhere are not followed.
    holds(
        "SHA256SUMS",
        &format!("{own}  m\n{wrong}  ../top\n{wrong}  /etc/passwd\n"),
    );
    for of_others in [
        format!("{own}  n\n"),
        "no sums\n".to_owned(),
        format!("{own}  ../linux/m\n"),
    ] {
        assert!(
            found("SHA256SUMS", &of_others, None).is_empty(),
            "{of_others}"
        );
    }
}

#[test]
fn records() {
    let record = |sha256: &str, other: &str, commit: &str| {
        format!(
            r#"{{"schema": "goassay-build-record/1", "profile": "production", "package": "example.com/m", "target": "linux/amd64",
            "toolchain": "{}", "toolchain_programs": {{}}, "tags": [], "variables": {{}}, "source": {{"commit": "{commit}", "modified": false}},
            "arguments": [], "environment": [], "outputs": [{{"name": "linux/m", "sha256": "{sha256}"}}, {{"name": "linux/other", "sha256": "{other}"}},
            {{"name": "top", "sha256": "{}"}}, {{"name": "../../etc/passwd", "sha256": "00"}}]}}"#,
            claim().says,
            sum(b"top")
        )
    };
    let (own, other) = (sum(b"bytes"), sum(b"other"));
    let finding = one("m.build.json", &record(&own, &other, COMMIT));
    assert_eq!(
        finding,
        Finding::Holds(
            "the program is the recorded one, and so are 2 of 3 files that were made with it"
                .to_owned()
        )
    );
    fails("m.build.json", &record(&other, &other, COMMIT));
    fails("m.build.json", &record(&own, &own, COMMIT));
    fails("m.build.json", &record(&own, &other, "00"));
    fails(
        "m.build.json",
        &record(&own, &other, COMMIT).replace("\"go1.", "\"go0."),
    );
    not_checked("m.build.json", "{}");
}

#[test]
fn bills_of_materials_in_three_formats() {
    let own = sum(b"bytes");
    let cyclonedx = format!(
        r#"{{"bomFormat": "CycloneDX", "metadata": {{"component": {{"name": "m", "purl": "pkg:golang/example.com/m@v1.0.0",
        "hashes": [{{"alg": "SHA-256", "content": "{own}"}}]}}}}, "components": [{{"purl": "pkg:golang/stdlib@1.26.8"}},
        {{"name": "uuid", "purl": "pkg:golang/github.com/google/uuid@v1.6.0", "properties": [{{"name": "goassay:module-h1", "value": "{H1}"}}]}}]}}"#
    );
    let spdx2 = format!(
        r#"{{"spdxVersion": "SPDX-2.3", "packages": [{{"name": "m", "checksums": [{{"algorithm": "SHA256", "checksumValue": "{own}"}}]}},
        {{"name": "uuid", "externalRefs": [{{"referenceType": "purl", "referenceLocator": "pkg:golang/github.com/google/uuid@v1.6.0"}},
        {{"referenceType": "go-module-h1", "referenceLocator": "{H1}"}}]}}]}}"#
    );
    let spdx3 = format!(
        r#"{{"@graph": [{{"name": "m", "verifiedUsing": [{{"algorithm": "sha256", "hashValue": "{own}"}}]}},
        {{"name": "uuid", "software_packageUrl": "pkg:golang/github.com/google/uuid@v1.6.0", "externalIdentifier": [{{"identifier": "{H1}"}}]}}]}}"#
    );
    for (document, bom) in [
        ("m.sbom.cdx.json", cyclonedx),
        ("m.spdx.json", spdx2),
        ("m.sbom.spdx3.json", spdx3),
    ] {
        assert_eq!(
            one(document, &bom),
            Finding::Holds(
                "it has all 1 modules, 1 of them with the hash that the program has".to_owned()
            )
        );
        fails(document, &bom.replace(&own, &sum(b"else")));
        fails(document, &bom.replace("v1.6.0", "v1.6.1"));
        fails(document, &bom.replace(H1, "h1:AAAA"));
        holds(document, &bom.replace(H1, "none"));
        let more = bom.replace(
            "\"uuid\"",
            "\"uuid\", \"x\": {\"purl\": \"pkg:golang/example.com/more@v2\"}",
        );
        assert!(
            one(document, &more)
                .sentence()
                .ends_with("not linked: example.com/more@v2")
        );
    }
    let main = r#"{"bomFormat": "CycloneDX", "x": [{"purl": "pkg:golang/example.com/m@VERSION"},
        {"purl": "pkg:golang/github.com/google/uuid@v1.6.0"}]}"#;
    holds("m.sbom.json", &main.replace("VERSION", "v1.0.0"));
    fails("m.sbom.json", &main.replace("VERSION", "v1.0.1"));
    not_checked("m.sbom.json", "{}");
    not_checked("m.sbom.json", "<xml>");
}

#[test]
fn provenance_and_who_signed_it() {
    let statement = format!(
        r#"{{"_type": "https://in-toto.io/Statement/v1", "subject": [{{"name": "m", "digest": {{"sha256": "{}"}}}}],
        "predicate": {{"buildDefinition": {{"resolvedDependencies": [
        {{"uri": "pkg:golang/example.com/m@v1.0.0", "digest": {{"gitCommit": "{COMMIT}"}}}},
        {{"uri": "pkg:golang/github.com/google/uuid@v1.6.0", "digest": {{"dirHash": "{HEX}"}}}}]}}}}}}"#,
        sum(b"bytes")
    );
    holds("m.provenance.json", &statement);
    fails(
        "m.provenance.json",
        &statement.replace(&sum(b"bytes"), &sum(b"else")),
    );
    fails("m.provenance.json", &statement.replace(COMMIT, "00"));
    fails(
        "m.provenance.json",
        &statement.replace(HEX, &HEX.replace('3', "4")),
    );
    not_checked(
        "m.provenance.json",
        &statement
            .replace(&sum(b"bytes"), "00")
            .replace("\"m\"", "\"n\""),
    );
    not_checked("m.provenance.json", "{}");

    use crate::signing::{Envelope, Key, tests};
    let envelope = |pem| {
        let key = Key::parse(pem).unwrap();
        serde_json::to_string(&Envelope::of_statement(statement.as_bytes(), &key)).unwrap()
    };
    let key = PublicKey::parse(tests::PEM_PUBLIC).unwrap();
    let lines = format!("{}\n{statement}\n", envelope(tests::PEM));
    let of = |contents: &str| found("m.intoto.jsonl", contents, Some(&key)).remove(0);
    assert!(of(&lines).sentence().ends_with("the given key signed it"));
    assert!(matches!(of(&envelope(tests::P256)), Finding::Fails(_)));
    not_checked("m.intoto.jsonl", &lines);
}

#[test]
fn signatures_of_the_program() {
    let key = PublicKey::parse(crate::signing::tests::PEM_PUBLIC).unwrap();
    // `openssl pkeyutl -sign -rawin -inkey KEY -in FILE`, FILE with "bytes".
    const SIGNATURE: &str =
        "6fWFbviNnhN46GyH5cUuAh1XYwSrJqOFiKslYkPx6YpdfJrwLhqGZQuv/wOFRtgzbYgKu9QYdqkw9dD9iBC5Bw==";
    let of = |signature| found("m.sig", signature, Some(&key)).remove(0);
    assert!(matches!(of(SIGNATURE), Finding::Holds(_)));
    assert!(matches!(of(&SIGNATURE.to_lowercase()), Finding::Fails(_)));
    not_checked("m.sig", SIGNATURE);
    not_checked("m.asc", SIGNATURE);
    not_checked("m.sigstore.json", SIGNATURE);
}

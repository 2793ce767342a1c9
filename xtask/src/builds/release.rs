//! A release as `goassay build` writes it, verified with all that stands beside each program; then again with a lie in each document.

use super::project::PAINT;
use super::{Bench, Ran};
use crate::fixtures::copy_tree;
use crate::run::{Context, Outcome, output, read, write};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is built: profile, targets, packages.
const RELEASES: [(&str, &str, &str); 2] = [
    (
        "production",
        "linux/amd64,windows/amd64,darwin/arm64",
        "tar.gz,zip",
    ),
    ("static-container", "linux/amd64,linux/arm64", "oci"),
];
/// The program that is lied about, and what is put in the place of what in its documents.
const LIES: [(&str, &str, &str); 6] = [
    (
        "SHA256SUMS",
        "  linux-amd64/paint.audit.json",
        "0  linux-amd64/paint.audit.json",
    ),
    (
        "linux-amd64/paint.build.json",
        "\"toolchain\": \"go1.",
        "\"toolchain\": \"go0.",
    ),
    ("linux-amd64/paint.sbom.cdx.json", "\"h1:", "\"h1:0"),
    ("linux-amd64/paint.sbom.spdx.json", "\"h1:", "\"h1:0"),
    (
        "linux-amd64/paint.provenance.json",
        "\"dirHash\": \"",
        "\"dirHash\": \"00",
    ),
    (
        "linux-amd64/paint.provenance.dsse.json",
        "\"sig\":\"",
        "\"sig\":\"AAAA",
    ),
];

impl Bench {
    /// Builds both releases and verifies them.
    pub(super) fn release(&self) -> Outcome<String> {
        let folder = self.fresh("release")?;
        let source = folder.join("source");
        PAINT.check_out(self, &source)?;
        let key = super::key(&folder)?;
        let public = folder.join("key.pub");
        let mut openssl = Command::new("openssl");
        openssl.args(["pkey", "-pubout", "-in"]).arg(&key);
        output(openssl.arg("-out").arg(&public))?;
        let mut seen = Vec::new();
        for (profile, targets, packages) in RELEASES {
            let out = folder.join(profile);
            let mut build = self.goassay(&source);
            build.args(["build", "--release", "--no-progress", "--profile", profile]);
            build.args(["--target", targets, "--package", packages]);
            Ran::of(build.arg("--key").arg(&key).arg("-o").arg(&out))?.expect(0)?;
            let verified = self.verified(&out, &source, &public)?;
            seen.push(format!("{profile}: {}", verified.as_it_should()?));
        }
        let lied = folder.join("lied");
        copy_tree(&folder.join("production"), &lied)?;
        let lies = lie(&lied)?;
        let verified = self.verified(&lied, &source, &public)?;
        verified.fails(&lies)?;
        seen.push(format!(
            "a lie in each of {} documents: none of them holds",
            lies.len()
        ));
        Ok(seen.join("; "))
    }

    fn verified(&self, out: &Path, source: &Path, public: &Path) -> Outcome<Verified> {
        let mut verify = self.goassay(source);
        verify.args(["verify", "--quiet", "--json"]).arg(out);
        verify
            .arg("--source")
            .arg(source)
            .arg("--public-key")
            .arg(public);
        let ran = Ran::of(&mut verify)?;
        let document: Value = serde_json::from_slice(&ran.stdout).context("the document")?;
        let files = document["files"].as_array().cloned().unwrap_or_default();
        let code = ran.code;
        Ok(Verified { code, files })
    }
}

/// What `verify` said of each program.
struct Verified {
    code: Option<i32>,
    files: Vec<Value>,
}

impl Verified {
    /// All is identical and holds: how much of what.
    fn as_it_should(&self) -> Outcome<String> {
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        if self.code != Some(0) {
            return Err(format!("exit code {:?}", self.code));
        }
        for file in &self.files {
            if file["verdict"] != "identical" {
                return Err(format!("{}: {}", file["member"], file["verdict"]));
            }
            for beside in file["beside"].as_array().into_iter().flatten() {
                if beside["finding"] != "holds" {
                    return Err(format!("{}: {}", beside["name"], beside["what"]));
                }
                let kind = beside["kind"].as_str().unwrap_or_default();
                *kinds.entry(kind.to_owned()).or_default() += 1;
            }
        }
        for kind in ["sums", "record", "sbom", "provenance", "debug"] {
            if !kinds.contains_key(kind) {
                return Err(format!("no {kind} beside any program"));
            }
        }
        let kinds: Vec<String> = kinds
            .iter()
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        Ok(format!(
            "{} programs identical, {} hold",
            self.files.len(),
            kinds.join(", ")
        ))
    }

    /// These documents are not believed beside a program that is identical all the same. All but the debug information say what is not so;
    /// in that, a changed byte can lie where only the tool that wrote it is known to be another.
    fn fails(&self, lies: &[String]) -> Outcome {
        let program = self
            .files
            .iter()
            .find(|file| file["member"] == "linux-amd64/paint");
        let program = program.ok_or("the program is not there")?;
        if program["verdict"] != "identical" {
            return Err(format!(
                "a document changed the verdict: {}",
                program["verdict"]
            ));
        }
        let all = program["beside"].as_array().cloned().unwrap_or_default();
        let is_caught = |lie: &&String| {
            let is_it = |beside: &&Value| {
                beside["name"]
                    .as_str()
                    .is_some_and(|name| lie.ends_with(name.trim_start_matches("../")))
            };
            all.iter()
                .find(is_it)
                .is_some_and(|beside| beside["finding"] != "holds")
        };
        let is_unknown = |beside: &Value| beside["finding"] == "not-checked";
        let wanted = if all.iter().any(is_unknown) { 2 } else { 1 };
        if self.code != Some(wanted) {
            return Err(format!("exit code {:?} and not {wanted}", self.code));
        }
        match lies.iter().find(|lie| !is_caught(lie)) {
            None => Ok(()),
            Some(lie) => Err(format!("the lie in {lie} is believed")),
        }
    }
}

/// Puts a lie into each document of a program; gives their names.
fn lie(folder: &Path) -> Outcome<Vec<String>> {
    let mut names = Vec::new();
    for (name, from, to) in LIES {
        let path = folder.join(name);
        let text = String::from_utf8(read(&path)?).context(name)?;
        let (before, after) = text
            .split_once(from)
            .ok_or(format!("{name} has no {from}"))?;
        // A sum has to stay one: its last digit makes room.
        let before = match name {
            "SHA256SUMS" => &before[..before.len() - 1],
            _ => before,
        };
        write(&path, format!("{before}{to}{after}"))?;
        names.push(name.to_owned());
    }
    let debug = debug_file(&folder.join("debug/.build-id"))?;
    let mut bytes = read(&debug)?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    write(&debug, &bytes)?;
    names.push(debug.display().to_string());
    Ok(names)
}

/// The only file below a folder.
fn debug_file(folder: &Path) -> Outcome<PathBuf> {
    let mut path = folder.to_owned();
    while path.is_dir() {
        let mut entries = std::fs::read_dir(&path).context(path.display())?;
        path = entries
            .next()
            .ok_or("no debug file")?
            .context("debug")?
            .path();
    }
    Ok(path)
}

//! Provenance that `goassay build --key` signed, against the reference libraries (`xtask/go/dsse`: securesystemslib's DSSE and in-toto's
//! statements): taken with both kinds of keys that openssl makes, and not with another key or another byte.

use crate::go::own_program;
use crate::run::{Context, Outcome, output, read, sha256, text, write};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::path::Path;
use std::process::Command;

/// What `openssl genpkey` is told for each kind of key.
const KINDS: [&[&str]; 2] = [
    &["-algorithm", "ed25519"],
    &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
];

pub(super) fn main() -> Outcome {
    let reference = own_program("xtask/go/dsse")?;
    let folder = tempfile::tempdir().context("temporary folder")?;
    let module = folder.path().join("m");
    write(&module.join("go.mod"), "module example.com/m\n\ngo 1.21\n")?;
    write(&module.join("main.go"), "package main\n\nfunc main() {}\n")?;
    let keys: Vec<Key> = KINDS
        .iter()
        .enumerate()
        .map(|(at, kind)| Key::make(&folder.path().join(format!("{at}.pem")), kind))
        .collect::<Outcome<_>>()?;
    for (at, key) in keys.iter().enumerate() {
        let envelope = signed(&module, key)?;
        let says = |envelope: &str, key: &Key| {
            text(Command::new(&reference).args([envelope, &key.public]))
        };
        let program = sha256(&read(&module.join("dist/m"))?);
        let want = format!("https://slsa.dev/provenance/v1 {program}");
        let said = says(&envelope, key)?;
        if said.trim() != want {
            return Err(format!(
                "the reference reads {said:?}, and it should be {want:?}"
            ));
        }
        if says(&envelope, &keys[1 - at]).is_ok() {
            return Err("the reference takes it with another key".to_owned());
        }
        let altered = altered(&envelope)?;
        if says(&altered, key).is_ok() {
            return Err("the reference takes another statement with this signature".to_owned());
        }
    }
    println!("signatures: {} kinds of keys", keys.len());
    Ok(())
}

/// A key, and its public half, in files.
struct Key {
    secret: String,
    public: String,
}

impl Key {
    fn make(path: &Path, kind: &[&str]) -> Outcome<Key> {
        let secret = path.display().to_string();
        let public = format!("{secret}.pub");
        let mut make = Command::new("openssl");
        output(make.arg("genpkey").args(kind).args(["-out", &secret]))?;
        let mut publish = Command::new("openssl");
        output(publish.args(["pkey", "-in", &secret, "-pubout", "-out", &public]))?;
        Ok(Key { secret, public })
    }
}

/// Builds the module and gives the path of the envelope.
fn signed(module: &Path, key: &Key) -> Outcome<String> {
    let mut build = Command::new(crate::matrix::ours::program());
    build
        .args(["build", "--no-audit", "--key", &key.secret])
        .current_dir(module);
    output(&mut build)?;
    Ok(module
        .join("dist/m.provenance.dsse.json")
        .display()
        .to_string())
}

/// The same envelope with another letter in its statement.
fn altered(envelope: &str) -> Outcome<String> {
    let bytes = read(Path::new(envelope))?;
    let mut json: serde_json::Value = serde_json::from_slice(&bytes).context("the envelope")?;
    let payload = json["payload"].as_str().unwrap_or_default();
    let payload = STANDARD.decode(payload).context("the payload")?;
    let other = String::from_utf8_lossy(&payload).replace("example.com", "example.org");
    json["payload"] = STANDARD.encode(other).into();
    let path = format!("{envelope}.altered");
    write(Path::new(&path), json.to_string())?;
    Ok(path)
}

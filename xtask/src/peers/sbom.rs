//! Bills of materials against programs that are not ours: the modules of `go version -m`, those that syft finds, and SPDX's own
//! Python model of 3.0.1 as the judge of our documents.
//!
//! Three binaries and `go version -m` alone are the fixed part: syft takes minutes to build. Only we list Go itself: that is the
//! one difference that is expected, and it has to be there.
//!
//! What a pass does not mean: what is linked, licences and settings are not compared, because none of them says it.

use crate::go;
use crate::matrix;
use crate::run::{Context, Outcome, output, read, work, write};
use goassay_binary::Binary;
use goassay_report::document::Tool;
use goassay_report::sbom::{Contents, Document, File, Format, Linked, render};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The last version that Go 1.20 builds, and needs.
const SYFT: (&str, &str) = ("github.com/anchore/syft/cmd/syft@v0.80.0", "go1.20.14");
const MODEL: &str = "spdx-python-model==0.0.6";

/// Reads the document, follows every reference, and writes it again, which checks what has to be there.
const JUDGE: &str = "\
import io, sys
from spdx_python_model.bindings import v3_0_1 as spdx
objects = spdx.SHACLObjectSet()
with open(sys.argv[1], 'rb') as f:
    spdx.JSONLDDeserializer().read(f, objects)
# Documents refer to the licence list by address.
missing = [i for i in objects.link() if not i.startswith('https://spdx.org/licenses/')]
assert not missing, missing
spdx.JSONLDSerializer().write(objects, io.BytesIO())
print(sum(1 for _ in objects.foreach_type(spdx.software_Package)))
";

/// Path, version, `h1:` hash; what is not known is empty.
type Modules = BTreeSet<(String, String, String)>;

/// Entry point of the check.
pub(super) fn main(full: bool) -> Outcome {
    let mut files = programs(full)?;
    files.truncate(if full { usize::MAX } else { 3 });
    let judges = if full {
        Some((syft()?, model()?))
    } else {
        None
    };
    let (mut faults, mut modules, mut unlinked) = (Vec::new(), 0, 0);
    for file in &files {
        let document = document(file)?;
        let ours = ours(&document)?;
        modules += ours.len();
        let is_unlinked = |linked: &Linked| *linked == Linked::No;
        let components = document.contents.components.iter();
        unlinked += components.filter(|one| is_unlinked(&one.linked)).count();
        let mut compare = |who: &str, theirs: Outcome<Modules>| {
            let fault = theirs.and_then(|theirs| same(&ours, &theirs));
            faults.extend(
                fault
                    .err()
                    .map(|e| format!("  {}: {who}: {e}", file.display())),
            );
        };
        compare("go version -m", of_go(file));
        if let Some((syft, model)) = &judges {
            compare("syft", of_syft(syft, file));
            let judged = judge(model, &document);
            faults.extend(judged.err().map(|e| format!("  {}: {e}", file.display())));
        }
    }
    println!(
        "  {} binaries, {modules} modules (Go itself left out), {unlinked} of them not linked, {} differences",
        files.len(),
        faults.len()
    );
    match faults.is_empty() {
        true => Ok(()),
        false => Err(faults.join("\n")),
    }
}

/// The programs, those that are quickest to get first.
fn programs(full: bool) -> Outcome<Vec<PathBuf>> {
    let folder = work().join("sbom");
    std::fs::create_dir_all(&folder).context(folder.display())?;
    let small = [
        "sample-linux-amd64",
        "pe-amd64-go1.26",
        "macho-arm64-go1.25",
    ];
    let small = small.map(|name| goassay_fixtures::get(name).write_to(&folder));
    let mut files = small.to_vec();
    if full {
        let (plain, stripped) = matrix::coredns()?;
        files.extend([plain, stripped]);
        files.extend(matrix::real_programs()?);
    }
    Ok(files)
}

fn document(file: &Path) -> Outcome<Document> {
    let data = read(file)?;
    let binary = Binary::parse(&data).map_err(|_| format!("{} is no Go binary", file.display()))?;
    Ok(Document {
        tool: Tool {
            name: "goassay".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        file: File {
            name: "program".to_owned(),
            sha256: crate::run::sha256(&data),
            member: None,
        },
        time: None,
        contents: Contents::of(&binary),
    })
}

fn rendered(document: &Document, format: Format) -> Outcome<Vec<u8>> {
    let mut out = Vec::new();
    render(document, format, &mut out).context(format.name())?;
    Ok(out)
}

/// The modules of our CycloneDX document, without Go itself, which has to be there.
fn ours(document: &Document) -> Outcome<Modules> {
    let json: Value =
        serde_json::from_slice(&rendered(document, Format::CycloneDx16)?).context("JSON")?;
    let components = json["components"].as_array().ok_or("no components")?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all: Modules = components
        .iter()
        .map(|one| {
            let properties = one["properties"].as_array().into_iter().flatten();
            let h1 = properties
                .clone()
                .find(|p| p["name"] == "goassay:module-h1");
            (
                text(&one["name"]),
                text(&one["version"]),
                h1.map(|p| text(&p["value"])).unwrap_or_default(),
            )
        })
        .collect();
    let (go, modules): (Modules, Modules) =
        all.into_iter().partition(|(name, _, _)| name == "stdlib");
    match go.len() {
        1 => Ok(modules),
        n => Err(format!("Go itself is there {n} times")),
    }
}

/// What `go version -m` says, with replacements in the place of what they replace.
fn of_go(file: &Path) -> Outcome<Modules> {
    let said = go::modinfo(file)?.ok_or("it knows nothing")?;
    let mut list: Vec<(String, String, String)> = Vec::new();
    for line in said.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let field = |at: usize| fields.get(at).copied().unwrap_or_default().to_owned();
        match fields.first() {
            Some(&"mod" | &"dep") => list.push((field(1), known(&field(2)), field(3))),
            Some(&"=>") => {
                list.pop();
                list.push((field(1), known(&field(2)), field(3)));
            }
            _ => {}
        }
    }
    Ok(list.into_iter().collect())
}

fn of_syft(syft: &Path, file: &Path) -> Outcome<Modules> {
    let mut command = Command::new(syft);
    command.env("SYFT_CHECK_FOR_APP_UPDATE", "false");
    command.args(["packages", "-q", "-o", "json"]);
    let said = output(command.arg(format!("file:{}", file.display())))?;
    let json: Value = serde_json::from_slice(&said).context("syft")?;
    let artifacts = json["artifacts"].as_array().ok_or("no artifacts")?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |a: &Value| {
        (
            text(&a["name"]),
            known(&text(&a["version"])),
            text(&a["metadata"]["h1Digest"]),
        )
    };
    Ok(artifacts.iter().map(one).collect())
}

/// A version that says one.
fn known(version: &str) -> String {
    match version {
        "(devel)" => String::new(),
        other => other.to_owned(),
    }
}

fn same(ours: &Modules, theirs: &Modules) -> Outcome {
    let only_ours: Vec<_> = ours.difference(theirs).collect();
    let only_theirs: Vec<_> = theirs.difference(ours).collect();
    match only_ours.is_empty() && only_theirs.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "only ours: {only_ours:?}; only theirs: {only_theirs:?}"
        )),
    }
}

fn judge(model: &Path, document: &Document) -> Outcome {
    let path = work().join("sbom/judged.spdx3.json");
    write(&path, rendered(document, Format::Spdx301)?)?;
    let mut command = Command::new("python3");
    command
        .env("PYTHONPATH", model)
        .args(["-c", JUDGE])
        .arg(&path);
    let said = output(&mut command).map_err(|e| format!("SPDX's model: {e}"))?;
    let expected = document.contents.components.len() + 1;
    match String::from_utf8_lossy(&said).trim() == expected.to_string() {
        true => Ok(()),
        false => Err(format!("SPDX's model does not see {expected} packages")),
    }
}

fn syft() -> Outcome<PathBuf> {
    go::install_with(SYFT.0, Some(SYFT.1))
}

/// The folder with the Python package, installed on first use.
fn model() -> Outcome<PathBuf> {
    let folder = work().join("peers").join(MODEL.replace("==", "-"));
    if !folder.join("spdx_python_model").exists() {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--target"]);
        output(pip.arg(&folder).arg(MODEL))?;
    }
    Ok(folder)
}

//! Makes the embedded vulnerability database from the published archive, or checks that it was made from it.
//!
//! The archive holds the OSV files of one commit, and is named `go-vulndb-YYYY-MM-DD.zip`. What the commit was is
//! written in [`REVISION`]: change it together with the archive.

use goassay_vuln::database::{Builder, Database, Source};
use std::error::Error;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

const SOURCE: &str = "github.com/golang/vulndb";
const REVISION: &str = "a752ea54fd1b";
/// Size that the embedded database should stay under, in bytes.
const BUDGET: usize = 2 << 20;

/// `vulndb [ARCHIVE] [--check]`; without ARCHIVE the one beside the checkout (`../shared/vulndb`).
pub(crate) fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let check = arguments.iter().any(|argument| argument == "--check");
    let archive = match arguments
        .iter()
        .find(|argument| !argument.starts_with("--"))
    {
        Some(path) => PathBuf::from(path),
        None => beside_the_checkout()?,
    };
    let bytes = make(&archive)?;
    let target = root().join("crates/vuln/data/vulndb.bin");
    if check {
        return compare(&bytes, &target);
    }
    fs::write(&target, &bytes).map_err(|error| format!("{}: {error}", target.display()))?;
    let identity = Database::open(&bytes)?.identity().clone();
    println!(
        "{}: {} bytes, {} advisories, {}",
        target.display(),
        bytes.len(),
        identity.advisories,
        identity.sha256_hex()
    );
    Ok(())
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

pub(crate) fn beside_the_checkout() -> Result<PathBuf, Box<dyn Error>> {
    let folder = root().join("../shared/vulndb");
    let entries =
        fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut archives: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    archives.retain(|path| path.extension().is_some_and(|extension| extension == "zip"));
    archives.sort();
    archives
        .pop()
        .ok_or_else(|| format!("no archive in {}", folder.display()).into())
}

fn make(archive: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    let file = File::open(archive).map_err(|error| format!("{}: {error}", archive.display()))?;
    let mut zip = zip::ZipArchive::new(file)?;
    let mut builder = Builder::new();
    for index in 0..zip.len() {
        let mut member = zip.by_index(index)?;
        let name = member.name()?.into_owned();
        if !name.ends_with(".json") {
            continue;
        }
        let mut bytes = Vec::new();
        member
            .by_ref()
            .take(goassay_vuln::osv::MAX_FILE as u64 + 1)
            .read_to_end(&mut bytes)?;
        builder.add_json(&name, &bytes)?;
    }
    let source = Source {
        name: SOURCE.to_owned(),
        revision: Some(REVISION.to_owned()),
        date: Some(date_of(archive)?),
    };
    let bytes = builder.finish(&source)?;
    if bytes.len() > BUDGET {
        return Err(format!("the database has {} bytes, more than {BUDGET}", bytes.len()).into());
    }
    Ok(bytes)
}

/// The date in the archive's name.
fn date_of(archive: &Path) -> Result<goassay_vuln::date::Date, Box<dyn Error>> {
    let name = archive
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default();
    let day = name
        .get(name.len().saturating_sub(10)..)
        .unwrap_or_default();
    day.parse()
        .map_err(|error| format!("{}: {error} in its name", archive.display()).into())
}

fn compare(bytes: &[u8], target: &Path) -> Result<(), Box<dyn Error>> {
    let committed = fs::read(target).map_err(|error| format!("{}: {error}", target.display()))?;
    if committed != bytes {
        return Err(format!(
            "{} is not what the archive gives; run `cargo xtask vulndb`",
            target.display()
        )
        .into());
    }
    println!(
        "{} is what the archive gives, byte for byte",
        target.display()
    );
    Ok(())
}

//! Building what a row compares. What is built is kept and not built again.

use super::rows::{Edit, Program, Row, Variant};
use crate::go::{Build, go};
use crate::run::{Context, Outcome, output, read, sha256, work, workspace, write};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// One lock a file, so that two rows that need the same build do not make it twice.
static MAKING: LazyLock<Mutex<BTreeMap<PathBuf, Arc<Mutex<()>>>>> = LazyLock::new(Mutex::default);

/// Makes a file unless it is there, under another name until it is whole: what was interrupted must not look finished.
fn once(file: PathBuf, make: impl FnOnce(&Path) -> Outcome) -> Outcome<PathBuf> {
    let lock = {
        let mut making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(making.entry(file.clone()).or_default())
    };
    let _guard = lock.lock().unwrap_or_else(PoisonError::into_inner);
    if !file.exists() {
        let unfinished = file.with_added_extension("unfinished");
        make(&unfinished)?;
        std::fs::rename(&unfinished, &file).context(file.display())?;
    }
    Ok(file)
}

/// The file of a variant.
pub(super) fn variant(row: &Row, variant: &Variant) -> Outcome<PathBuf> {
    let base = linked(row, &row.build, variant.ldflags)?;
    let base = match &row.second {
        Some(second) => fat(&base, &linked(row, second, variant.ldflags)?)?,
        None => base,
    };
    match variant.edit {
        Edit::None => Ok(base),
        Edit::Named("upx") => changed(&base, "upx", pack),
        Edit::Named(edit) => changed(&base, edit, |bytes, _| {
            Ok(goassay_fixtures::edit::apply(edit, &[bytes]))
        }),
    }
}

/// The unstripped twins that the reference reads: one a slice, each with what to read where it finds no functions.
pub(super) fn twins(row: &Row) -> Outcome<Vec<(PathBuf, Option<PathBuf>)>> {
    let ldflags = if row.variants[0].ldflags.contains("external") {
        "-linkmode=external"
    } else {
        ""
    };
    let mut twins = Vec::new();
    for build in std::iter::once(&row.build).chain(&row.second) {
        let instead = row.read_instead.map(|mode| {
            linked(
                row,
                &Build {
                    buildmode: mode.to_owned(),
                    ..build.clone()
                },
                ldflags,
            )
        });
        twins.push((linked(row, build, ldflags)?, instead.transpose()?));
    }
    Ok(twins)
}

fn linked(row: &Row, build: &Build, ldflags: &str) -> Outcome<PathBuf> {
    let build = Build {
        ldflags: ldflags.to_owned(),
        ..build.clone()
    };
    match &row.program {
        Program::Package(package) => installed(package, &build),
        Program::Source(source) => from_source(source, &build),
    }
}

fn folder(kind: &str, key: &str) -> PathBuf {
    work().join("matrix").join(kind).join(key)
}

/// A name for what a build makes.
fn key(program: &str, build: &Build) -> String {
    let Build {
        go,
        goos,
        goarch,
        buildmode,
        ldflags,
        cgo,
    } = build;
    let flags = ldflags.replace([' ', '='], "");
    format!(
        "{program}-{go}-{goos}-{goarch}-{buildmode}-{}{flags}",
        if *cgo { "cgo" } else { "" }
    )
}

/// Built as its users do: `go install package@version`.
fn installed(package: &str, build: &Build) -> Outcome<PathBuf> {
    let name = package
        .split('@')
        .next()
        .and_then(|p| p.split('/').rfind(|part| !is_major(part)))
        .unwrap_or(package);
    let file = folder("bin", &key(name, build));
    once(file, |unfinished| {
        // `go install` names the program itself.
        let installed = unfinished.with_added_extension("d");
        let mut command = go();
        command
            .envs(build.environment())
            .env("GOBIN", &installed)
            .arg("install");
        command
            .arg(format!("-ldflags={}", build.ldflags))
            .arg(package);
        output(&mut command)?;
        std::fs::rename(installed.join(name), unfinished).context(unfinished.display())?;
        std::fs::remove_dir(&installed).context(installed.display())
    })
}

/// `v2` at the end of a module path.
fn is_major(part: &str) -> bool {
    part.strip_prefix('v')
        .is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
}

fn from_source(source: &str, build: &Build) -> Outcome<PathBuf> {
    let code = workspace().join("fixtures/go").join(source);
    let version = &sha256(&read(&code.join("main.go"))?)[..8];
    let file = folder("bin", &key(&format!("{source}-{version}"), build));
    once(file, |unfinished| {
        let copy = tempfile::tempdir().context("temporary folder")?;
        crate::fixtures::copy_tree(&code, copy.path())?;
        if source == "embed" {
            let inner = goassay_fixtures::bytes("elf-amd64-go1.18");
            write(&copy.path().join("inner.bin"), inner)?;
        }
        build.run(copy.path(), unfinished)
    })
}

fn fat(first: &Path, second: &Path) -> Outcome<PathBuf> {
    let second = read(second)?;
    changed(first, "fat", |bytes, _| {
        Ok(goassay_fixtures::edit::fat(&[bytes, second]))
    })
}

/// A changed copy of a file.
fn changed(
    base: &Path,
    label: &str,
    change: impl FnOnce(Vec<u8>, &Path) -> Outcome<Vec<u8>>,
) -> Outcome<PathBuf> {
    let name = format!(
        "{}-{label}",
        base.file_name().unwrap_or_default().to_string_lossy()
    );
    let file = folder("edited", &name);
    write(&file, change(read(base)?, &file)?)?;
    Ok(file)
}

fn pack(bytes: Vec<u8>, file: &Path) -> Outcome<Vec<u8>> {
    use std::os::unix::fs::PermissionsExt;
    write(file, bytes)?;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755))
        .context(file.display())?;
    output(Command::new("upx").args(["-1", "-q"]).arg(file)).map_err(|e| format!("upx: {e}"))?;
    read(file)
}

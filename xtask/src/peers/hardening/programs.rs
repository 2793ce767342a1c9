//! Which programs are compared: some that are always had, and many that were not made for it.

use crate::go::go;
use crate::matrix;
use crate::run::{Context, Outcome, output, text, work, write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program and the name it is shown with.
pub(in crate::peers) struct Program {
    pub(in crate::peers) name: String,
    pub(in crate::peers) path: PathBuf,
}

/// Debian packages of Go programs; most of them link C code.
const DEBIAN: [&str; 12] = [
    "age",
    "caddy",
    "containerd",
    "docker.io",
    "fzf",
    "gh",
    "gocryptfs",
    "hugo",
    "prometheus-node-exporter",
    "restic",
    "runc",
    "syncthing",
];

/// Public programs for other systems: package, operating system, architecture, flags of the linker.
const CROSS: [(&str, &str, &str, &str); 7] = [
    ("filippo.io/age/cmd/age@v1.2.1", "windows", "amd64", ""),
    ("github.com/rakyll/hey@v0.1.4", "windows", "arm64", "-w"),
    ("mvdan.cc/gofumpt@v0.7.0", "windows", "386", "-s -w"),
    ("filippo.io/age/cmd/age@v1.2.1", "darwin", "arm64", ""),
    ("github.com/rakyll/hey@v0.1.4", "darwin", "amd64", ""),
    ("mvdan.cc/gofumpt@v0.7.0", "darwin", "arm64", "-s -w"),
    ("github.com/rakyll/hey@v0.1.4", "linux", "s390x", ""),
];

/// Posted toolchains for other systems; those for macOS carry the signature of an identity.
const TOOLCHAINS: [&str; 2] = [
    "v0.0.1-go1.25.14.darwin-arm64",
    "v0.0.1-go1.25.14.windows-amd64",
];

/// A C program linked in ways that Go programs rarely are, so that every field has more than one value: name, flags.
const MADE: [(&str, &[&str]); 16] = [
    (
        "branch-protection",
        &["-shared", "-fPIC", "-nostdlib", "-fcf-protection=full"],
    ),
    (
        "text-relocations",
        &["-shared", "-fno-pic", "-mcmodel=large", "-Wl,-z,notext"],
    ),
    ("pie", &["-pie", "-fPIE"]),
    ("pie-now", &["-pie", "-fPIE", "-Wl,-z,now"]),
    ("pie-no-relro", &["-pie", "-fPIE", "-Wl,-z,norelro"]),
    ("fixed", &["-no-pie", "-fno-pie"]),
    ("fixed-now", &["-no-pie", "-fno-pie", "-Wl,-z,now"]),
    ("static", &["-static", "-no-pie"]),
    ("static-pie", &["-static-pie", "-fPIE"]),
    ("static-pie-now", &["-static-pie", "-fPIE", "-Wl,-z,now"]),
    ("shared", &["-shared", "-fPIC", "-Wl,-soname,libmade.so.1"]),
    (
        "stack",
        &["-pie", "-fPIE", "-Wl,-z,execstack", "-fstack-protector-all"],
    ),
    (
        "rpath",
        &[
            "-pie",
            "-fPIE",
            "-Wl,--disable-new-dtags,-rpath,/opt/a:/opt/b",
        ],
    ),
    (
        "runpath",
        &[
            "-pie",
            "-fPIE",
            "-Wl,--enable-new-dtags,-rpath,$ORIGIN/../lib",
        ],
    ),
    (
        "writable-code",
        &[
            "-no-pie",
            "-fno-pie",
            "-static",
            "-nostdlib",
            "-Wl,-N,-e,main,--unresolved-symbols=ignore-all",
        ],
    ),
    (
        "gdb",
        &[
            "-pie",
            "-fPIE",
            "-g",
            "-gz=zlib",
            "-D_FORTIFY_SOURCE=2",
            "-Wl,--build-id=none",
        ],
    ),
];

/// Its source: a buffer for canaries, a copy for FORTIFY.
const MADE_FROM: &str = "#include <stdio.h>\n#include <string.h>\nint main(int n, char **words) {\n  char copy[64];\n  strcpy(copy, words[n - 1]);\n  return puts(copy) < 0;\n}\n";

/// The fixtures, `CoreDNS` with and without symbols, the programs of the installed Go, and a C program.
pub(super) fn fixed(folder: &Path) -> Outcome<Vec<Program>> {
    let fixtures = goassay_fixtures::all().iter().map(|fixture| Program {
        name: fixture.name.clone(),
        path: fixture.write_to(folder),
    });
    let mut programs: Vec<Program> = fixtures.collect();
    programs.extend(not_made_for_this(false)?);
    for (name, flags) in MADE {
        programs.push(made(folder, name, flags)?);
    }
    Ok(programs)
}

/// `CoreDNS` with and without symbols and the programs of the installed Go, or, `full`, all others as well.
pub(in crate::peers) fn not_made_for_this(full: bool) -> Outcome<Vec<Program>> {
    let (plain, stripped) = matrix::coredns()?;
    let mut programs: Vec<Program> = [plain, stripped].map(|path| named("", path)).into();
    let root = text(go().args(["env", "GOROOT"]))?;
    programs.extend(below("Go", Path::new(root.trim()))?);
    if full {
        programs.extend(more()?);
    }
    Ok(programs)
}

fn made(folder: &Path, name: &str, flags: &[&str]) -> Outcome<Program> {
    let source = folder.join("made.c");
    write(&source, MADE_FROM)?;
    let name = format!("C {name}");
    let path = folder.join(&name);
    let mut link = Command::new("gcc");
    output(
        link.arg("-O2")
            .args(flags)
            .arg("-o")
            .arg(&path)
            .arg(&source),
    )?;
    Ok(Program { name, path })
}

/// All others.
pub(super) fn more() -> Outcome<Vec<Program>> {
    let mut programs: Vec<Program> = matrix::real_programs()?
        .into_iter()
        .map(|path| named("", path))
        .collect();
    for package in DEBIAN {
        let files = executables(&debian(package)?)?;
        programs.extend(files.into_iter().map(|path| named("Debian ", path)));
    }
    for (package, goos, goarch, ldflags) in CROSS {
        let path = installed(package, goos, goarch, ldflags)?;
        programs.push(named(&format!("{goos}/{goarch} "), path));
    }
    for version in TOOLCHAINS {
        let module = format!("golang.org/toolchain@{version}");
        let shown = text(go().args(["mod", "download", "-json", &module]))?;
        let shown: serde_json::Value = serde_json::from_str(&shown).context(&module)?;
        let root = shown["Dir"]
            .as_str()
            .ok_or("the toolchain was not unpacked")?;
        let label = version.trim_start_matches("v0.0.1-");
        programs.extend(below(label, Path::new(root))?);
    }
    Ok(programs)
}

fn named(label: &str, path: PathBuf) -> Program {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    Program {
        name: format!("{label}{file}"),
        path,
    }
}

/// The programs of a Go installation.
fn below(label: &str, root: &Path) -> Outcome<Vec<Program>> {
    let mut files = executables(&root.join("bin"))?;
    files.extend(executables(&root.join("pkg/tool"))?);
    let label = format!("{label} ");
    Ok(files.into_iter().map(|path| named(&label, path)).collect())
}

/// All files below a folder that begin like a program, by name.
fn executables(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).context(folder.display())? {
            let entry = entry.context(folder.display())?;
            let kind = entry.file_type().context(folder.display())?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() && is_program(&entry.path())? {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn is_program(path: &Path) -> Outcome<bool> {
    use std::io::Read;
    let mut head = [0; 8];
    let mut file = std::fs::File::open(path).context(path.display())?;
    Ok(file.read_exact(&mut head).is_ok() && goassay_binary::container::is_candidate(&head))
}

/// The folder of an unpacked Debian package.
fn debian(package: &str) -> Outcome<PathBuf> {
    let folder = work().join("peers/debian").join(package);
    if folder.exists() {
        return Ok(folder);
    }
    let download = tempfile::tempdir().context("temporary folder")?;
    let mut fetch = Command::new("apt-get");
    output(
        fetch
            .args(["download", "-q", package])
            .current_dir(download.path()),
    )?;
    let archive = std::fs::read_dir(download.path())
        .context("temporary folder")?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|e| e == "deb"))
        .ok_or("apt-get downloaded nothing")?;
    let unfinished = folder.with_added_extension("unfinished");
    std::fs::create_dir_all(&unfinished).context(unfinished.display())?;
    output(Command::new("dpkg").arg("-x").arg(archive).arg(&unfinished))?;
    std::fs::rename(&unfinished, &folder).context(folder.display())?;
    Ok(folder)
}

/// checksec, where it is installed or (`full`) can be had from Debian.
pub(super) fn checksec(full: bool) -> Outcome<Option<PathBuf>> {
    let installed = Path::new("/usr/bin/checksec");
    if installed.exists() {
        return Ok(Some(installed.to_owned()));
    }
    if !full {
        return Ok(None);
    }
    Ok(Some(debian("checksec")?.join("usr/bin/checksec")))
}

/// A public program for another system, by `go install`, which then names the folder after the system.
fn installed(package: &str, goos: &str, goarch: &str, ldflags: &str) -> Outcome<PathBuf> {
    let root = work().join("peers/cross");
    let (path, version) = package.split_once('@').unwrap_or((package, ""));
    let program = path.rsplit('/').next().unwrap_or(path);
    let suffix = if goos == "windows" { ".exe" } else { "" };
    let file = root.join(format!("{goos}-{goarch}/{program}-{version}{suffix}"));
    if file.exists() {
        return Ok(file);
    }
    let folder = tempfile::tempdir_in(work()).context("temporary folder")?;
    let modules = text(go().args(["env", "GOMODCACHE"]))?;
    let mut install = go();
    install
        .env("GOPATH", folder.path())
        .env("GOMODCACHE", modules.trim())
        .env("CGO_ENABLED", "0")
        .env("GOOS", goos)
        .env("GOARCH", goarch)
        .args([
            "install",
            "-trimpath",
            &format!("-ldflags={ldflags}"),
            package,
        ]);
    output(&mut install)?;
    let made = folder
        .path()
        .join(format!("bin/{goos}_{goarch}/{program}{suffix}"));
    let parent = file.parent().unwrap_or(&root);
    std::fs::create_dir_all(parent).context(parent.display())?;
    std::fs::rename(&made, &file).context(made.display())?;
    Ok(file)
}

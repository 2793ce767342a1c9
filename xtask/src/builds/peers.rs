//! The same program by goassay, goreleaser and ko: what each writes, and what of it comes out again elsewhere. The table of
//! docs/build-peers.md.

use super::cost::{Cost, cost};
use super::folder::{Files, files};
use super::project::{GOVULNCHECK, git};
use super::{Bench, page};
use crate::go::{install, modinfo};
use crate::run::{Context, Outcome, output, text};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const DOCUMENT: &str = "docs/build-peers.md";
const GORELEASER: &str = "github.com/goreleaser/goreleaser/v2@v2.15.0";
const KO: &str = "github.com/google/ko@v0.19.1";
const CRANE: &str = "github.com/google/go-containerregistry/cmd/crane@v0.20.6";
const PROGRAM: &str = "govulncheck";

/// What is built, and nothing else.
const DEFAULTS: &str = "\
version: 2
project_name: govulncheck
builds:
  - main: ./cmd/govulncheck
    goos: [linux]
    goarch: [amd64]
";
/// What goreleaser's documentation says about reproducible builds.
const REPRODUCIBLE: &str = "\
version: 2
project_name: govulncheck
builds:
  - main: ./cmd/govulncheck
    env: [CGO_ENABLED=0]
    goos: [linux]
    goarch: [amd64]
    flags: [-trimpath]
    ldflags: ['-s -w -X main.version={{.Version}} -X main.commit={{.Commit}} -X main.date={{.CommitDate}}']
    mod_timestamp: '{{ .CommitTimestamp }}'
archives:
  - builds_info: {owner: root, group: root, mtime: '{{ .CommitDate }}'}
    files:
      - src: LICENSE*
        info: {owner: root, group: root, mtime: '{{ .CommitDate }}'}
      - src: README*
        info: {owner: root, group: root, mtime: '{{ .CommitDate }}'}
metadata:
  mod_timestamp: '{{ .CommitTimestamp }}'
";

/// Kinds of files: name in the table, and how to know them by the end or the beginning of their names.
const KINDS: [(&str, &[&str]); 11] = [
    ("debug information apart", &[".debug"]),
    ("archive", &[".tar.gz"]),
    ("image", &["image/"]),
    ("CycloneDX", &[".cdx.json"]),
    ("SPDX", &[".spdx.json"]),
    ("provenance", &[".provenance.json"]),
    ("signature", &[".dsse.json"]),
    ("sums", &["SHA256SUMS", "_checksums.txt"]),
    ("build record", &[".build.json"]),
    ("audit", &[".audit.json"]),
    ("scan for vulnerabilities", &[".scan.json"]),
];

/// A command for a checkout and an output folder.
type Starts<'a> = Box<dyn Fn(&Path, &Path) -> Command + 'a>;
/// Where the program is, by the output folder.
type Finds<'a> = Box<dyn Fn(&Path) -> Outcome<PathBuf> + 'a>;

/// A way to build: its name, more files in the commit, and how.
struct Way<'a> {
    name: &'static str,
    more: &'a [(&'a str, &'a str)],
    command: Starts<'a>,
    program: Finds<'a>,
}

/// What a way came to: the cells of its column.
struct Column {
    name: &'static str,
    cells: Vec<(&'static str, String)>,
}

impl Bench {
    /// Builds by all ways and writes the table.
    pub(super) fn peers(&self) -> Outcome<String> {
        let (goreleaser, ko) = (installed(GORELEASER, "goreleaser")?, installed(KO, "ko")?);
        let folder = self.fresh("peers")?;
        let key = super::key(&folder)?;
        let registry = Registry::start(&folder)?;
        let ways = [
            self.ours(&key),
            self.goreleaser(
                "goreleaser",
                &goreleaser,
                &[(".goreleaser.yaml", DEFAULTS), (".gitignore", "dist/\n")],
            ),
            self.goreleaser(
                "goreleaser, reproducible",
                &goreleaser,
                &[
                    (".goreleaser.yaml", REPRODUCIBLE),
                    (".gitignore", "dist/\n"),
                ],
            ),
            self.ko(&ko, &registry),
        ];
        let mut columns = Vec::new();
        for way in &ways {
            columns.push(
                self.column(way, &folder)
                    .map_err(|e| format!("{}: {e}", way.name))?,
            );
        }
        drop(ways);
        drop(registry);
        std::fs::remove_dir_all(&folder).context(folder.display())?;
        let table = table(&columns);
        let changed = page::update(DOCUMENT, "builds --only peers", &table)?;
        Ok(format!("{DOCUMENT} {changed}\n{table}"))
    }

    fn ours<'a>(&'a self, key: &'a Path) -> Way<'a> {
        Way {
            name: "goassay",
            more: &[],
            command: Box::new(move |source, out| {
                let mut command = self.goassay(source);
                command
                    .args(["build", "--release", "--package", "tar.gz", "--key"])
                    .arg(key);
                command
                    .arg("-o")
                    .arg(out)
                    .args(GOVULNCHECK.runs[0].packages);
                command
            }),
            program: Box::new(|out| Ok(out.join(PROGRAM))),
        }
    }

    fn goreleaser<'a>(
        &'a self,
        name: &'static str,
        program: &'a Path,
        more: &'a [(&'a str, &'a str)],
    ) -> Way<'a> {
        Way {
            name,
            more,
            command: Box::new(move |source, out| {
                // It writes below the checkout and nowhere else.
                let mut command = Command::new("sh");
                self.settle(&mut command);
                let script = "out=$1; shift; \"$@\" && rm -rf \"$out\" && cp -a dist \"$out\"";
                command.args(["-c", script, "sh"]).arg(out).arg(program);
                command.args(["release", "--clean", "--skip=publish,announce"]);
                command.current_dir(source);
                command
            }),
            program: Box::new(|out| Ok(out.join(format!("{PROGRAM}_linux_amd64_v1/{PROGRAM}")))),
        }
    }

    fn ko<'a>(&'a self, program: &'a Path, registry: &'a Registry) -> Way<'a> {
        Way {
            name: "ko",
            more: &[],
            command: Box::new(move |source, out| {
                let mut command = Command::new(program);
                self.settle(&mut command);
                command
                    .args(["build", "--push=false", "--platform", "linux/amd64"])
                    .arg("--oci-layout-path")
                    .arg(out.join("image"))
                    .arg("--sbom-dir")
                    .arg(out.join("sbom"))
                    .arg("./cmd/govulncheck")
                    .env("KO_DOCKER_REPO", &registry.address)
                    .env("KO_DEFAULTBASEIMAGE", registry.base())
                    .current_dir(source);
                command
            }),
            program: Box::new(|out| {
                // Not one of the files that it writes: beside them.
                let to = out.with_added_extension("unpacked");
                std::fs::create_dir_all(&to).context(to.display())?;
                let script = "for blob in image/blobs/sha256/*; do tar -xzf \"$blob\" -C \"$1\" 2>/dev/null; done; test -f \"$1\"/ko-app/govulncheck";
                let mut command = Command::new("sh");
                command.args(["-c", script, "sh"]).arg(&to);
                output(command.current_dir(out))?;
                Ok(to.join("ko-app").join(PROGRAM))
            }),
        }
    }

    fn column(&self, way: &Way<'_>, folder: &Path) -> Outcome<Column> {
        let place = way.name.replace([',', ' '], "");
        let here = folder.join(&place);
        let there = folder.join(format!("another-place-with-a-longer-name/{place}"));
        let mut all = Vec::new();
        let mut measured = None;
        for source in [&here, &there] {
            GOVULNCHECK.check_out_with(self, source, way.more)?;
            git(
                source,
                &[
                    "remote",
                    "add",
                    "origin",
                    "https://github.com/example/vuln.git",
                ],
            )?;
            let out = source.with_added_extension("out");
            // The first run in the first place compiles.
            let runs = if measured.is_none() { 2 } else { 1 };
            for _ in 0..runs {
                if out.exists() {
                    std::fs::remove_dir_all(&out).context(out.display())?;
                }
                std::fs::create_dir_all(&out).context(out.display())?;
                let cost = cost(&mut (way.command)(source, &out))?;
                if source == &here {
                    measured = Some(cost);
                }
            }
            all.push(published(&out)?);
        }
        let program = (way.program)(&here.with_added_extension("out"))?;
        let measured = measured.ok_or("nothing was measured")?;
        let mut cells = of_program(&program)?;
        cells.extend(of_files(&all[0]));
        cells.push(("the same elsewhere", elsewhere(&all[0], &all[1])));
        cells.push(("time", time(measured)));
        Ok(Column {
            name: way.name,
            cells,
        })
    }
}

/// `go install`ed by an own name: the last element of goreleaser's path is its major version.
fn installed(package: &str, name: &str) -> Outcome<PathBuf> {
    let version = package.rsplit('@').next().unwrap_or_default();
    let folder = crate::run::work()
        .join("peers")
        .join(format!("{name}-{version}"));
    let program = folder.join(name);
    if !program.exists() {
        let mut command = crate::go::go();
        command
            .args(["install", package])
            .env("GOBIN", &folder)
            .env("CGO_ENABLED", "0");
        output(&mut command)?;
    }
    std::fs::canonicalize(&program).context(program.display())
}

fn time(cost: Cost) -> String {
    format!("{:.1} s ({:.1} s)", cost.processor, cost.wall)
}

/// A registry on this machine with an empty image in it, for as long as the value lives.
struct Registry {
    child: Child,
    address: String,
}

impl Registry {
    fn start(folder: &Path) -> Outcome<Registry> {
        let crane = install(CRANE)?;
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
        let address = free.context("a free port")?.to_string();
        let mut serve = Command::new(&crane);
        serve.args(["registry", "serve", "--address", &address]);
        let child = serve.stdout(Stdio::null()).stderr(Stdio::null());
        let registry = Registry {
            child: child.spawn().context("crane")?,
            address,
        };
        let layer = folder.join("empty.tar");
        output(
            Command::new("tar")
                .args(["-cf"])
                .arg(&layer)
                .args(["-T", "/dev/null"]),
        )?;
        let mut last = String::new();
        for _ in 0..50 {
            let mut append = Command::new(&crane);
            append
                .args(["append", "-f"])
                .arg(&layer)
                .args(["-t", &registry.base()]);
            match output(&mut append) {
                Ok(_) => return Ok(registry),
                Err(error) => last = error,
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Err(last)
    }

    fn base(&self) -> String {
        format!("{}/base:latest", self.address)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a file is; none where it only serves the program that wrote it.
fn kind(name: &str) -> Option<&'static str> {
    if name == PROGRAM || name.ends_with(&format!("/{PROGRAM}")) {
        return Some("program");
    }
    let is = |mark: &&str| name.ends_with(*mark) || mark.ends_with('/') && name.starts_with(*mark);
    KINDS
        .iter()
        .find(|(_, marks)| marks.iter().any(is))
        .map(|(kind, _)| *kind)
}

fn published(out: &Path) -> Outcome<Files> {
    let mut all = files(out)?;
    all.retain(|name, _| kind(name).is_some());
    match all.is_empty() {
        true => Err("nothing was written".to_owned()),
        false => Ok(all),
    }
}

/// What the program says of itself.
fn of_program(file: &Path) -> Outcome<Vec<(&'static str, String)>> {
    let size = std::fs::metadata(file).context(file.display())?.len();
    let said = modinfo(file)?.ok_or("go version -m knows nothing")?;
    let main = said.lines().find_map(|line| line.strip_prefix("mod\t"));
    let version = main
        .and_then(|main| main.split('\t').nth(1))
        .unwrap_or("none");
    let headers = text(Command::new("readelf").args(["-hSW"]).arg(file))?;
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    Ok(vec![
        ("program, bytes", super::sizes::grouped(size)),
        ("version in `go version -m`", version.to_owned()),
        ("position-independent", yes(headers.contains("DYN ("))),
        ("symbol table", yes(headers.contains(" .symtab "))),
    ])
}

/// A row for each kind of file: bytes of all of them.
fn of_files(files: &Files) -> Vec<(&'static str, String)> {
    let row = |of: &'static str| {
        let bytes: Vec<usize> = files
            .iter()
            .filter(|(name, _)| kind(name) == Some(of))
            .map(|(_, bytes)| bytes.len())
            .collect();
        match bytes.is_empty() {
            true => "none".to_owned(),
            false => super::sizes::grouped(bytes.iter().sum::<usize>() as u64),
        }
    };
    KINDS.iter().map(|(kind, _)| (*kind, row(kind))).collect()
}

/// How many files are the same in both, and the names of the others.
fn elsewhere(one: &Files, other: &Files) -> String {
    let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let differing: Vec<&str> = names
        .iter()
        .filter(|name| one.get(**name) != other.get(**name))
        .map(|name| name.as_str())
        .collect();
    match differing.len() {
        0 => format!("all {} files", names.len()),
        n if n > 4 => format!("{} of {} files", names.len() - n, names.len()),
        n => format!(
            "{} of {} files; not {}",
            names.len() - n,
            names.len(),
            differing.join(", ")
        ),
    }
}

fn table(columns: &[Column]) -> String {
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    let mut lines = vec![
        format!("| | {} |", names.join(" | ")),
        format!("| --- |{}", " --- |".repeat(columns.len())),
    ];
    let rows = columns.first().map_or(0, |column| column.cells.len());
    for row in 0..rows {
        let cells: Vec<&str> = columns
            .iter()
            .map(|column| column.cells[row].1.as_str())
            .collect();
        lines.push(format!(
            "| {} | {} |",
            columns[0].cells[row].0,
            cells.join(" | ")
        ));
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_of_one_kind_or_of_none() {
        assert_eq!(kind("govulncheck"), Some("program"));
        assert_eq!(
            kind("govulncheck_linux_amd64_v1/govulncheck"),
            Some("program")
        );
        assert_eq!(kind("image/blobs/sha256/00"), Some("image"));
        assert_eq!(kind("govulncheck_1.8.0_checksums.txt"), Some("sums"));
        assert_eq!(kind("metadata.json"), None);
    }

    #[test]
    fn what_differs_is_named() {
        let one = Files::from([("a".to_owned(), vec![1]), ("b".to_owned(), vec![2])]);
        let mut other = one.clone();
        assert_eq!(elsewhere(&one, &other), "all 2 files");
        other.insert("b".to_owned(), vec![3]);
        assert_eq!(elsewhere(&one, &other), "1 of 2 files; not b");
    }
}

//! `cargo xtask verify-toolchains`: real Go releases rebuilt with `goassay toolchain verify`, and what
//! has to go wrong; real installations and packages of Go with `check` and `compare`.
//!
//! Needs `target/release/goassay` (or `$GOASSAY`), a module proxy (GOPROXY), and for `--full` gcc, apt-get, dpkg-deb, pip and a Linux
//! that lets users make mount namespaces. What a pass does not show: other hosts than this one.

mod diverse;
mod installed;
mod packages;
mod posted;
mod repackaged;
mod trouble;

use crate::run::{Context, Outcome, read, text, work};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// A case: its name, what it does, whether it runs only with `--full`.
type Case = (&'static str, fn(&Bench) -> Outcome<String>, bool);

const CASES: &[Case] = &[
    ("gofmt", |bench| bench.gofmt(), false),
    ("refused", |bench| bench.refused(), false),
    ("machine", |bench| bench.machine(), false),
    ("planted", |bench| bench.planted(), false),
    ("genuine", |bench| bench.genuine(), true),
    ("singly", |bench| bench.planted_singly(), false),
    ("wheels", |bench| bench.wheels(), true),
    ("debian-1.19", |bench| bench.debian_1_19(), true),
    ("debian-1.22", |bench| bench.debian_1_22(), true),
    ("debian-1.24", |bench| bench.debian_1_24(), true),
    ("source", |bench| bench.planted_source(), true),
    ("trouble", |bench| bench.trouble(), true),
    ("platforms", |bench| bench.platforms(), true),
    ("1.21", |bench| bench.passes("1.21.13", &[]), true),
    ("1.23", |bench| bench.passes("1.23.12", &[]), true),
    ("1.26", |bench| bench.passes("1.26.8", &[]), true),
    ("changed", |bench| bench.changed(), true),
    ("posted", |bench| bench.posted(), true),
    ("killed", |bench| bench.killed(), true),
    ("diverse", |bench| bench.diverse(), true),
    (
        "chain",
        |bench| bench.passes("1.25.14", &["--chain", "full"]),
        true,
    ),
];

/// The release that most cases are about.
const RELEASE: &str = "1.25.14";
/// Most processor time of its own, as a part of that of `make.bash -distpack`.
const OVERHEAD: f64 = 0.05;

pub(crate) fn main(arguments: &[String]) -> Outcome {
    let full = arguments.iter().any(|a| a == "--full");
    let only = arguments
        .iter()
        .position(|a| a == "--only")
        .and_then(|at| arguments.get(at + 1));
    let bench = Bench::new()?;
    let mut failed = Vec::new();
    for (name, run, needs_full) in CASES {
        let wanted = match only {
            Some(word) => name.contains(word.as_str()),
            None => full || !needs_full,
        };
        if !wanted {
            continue;
        }
        let began = Instant::now();
        match run(&bench) {
            Ok(said) => println!(
                "{name:<11} ok    {:>5} s  {said}",
                began.elapsed().as_secs()
            ),
            Err(why) => {
                println!("{name:<11} FAIL  {:>5} s  {why}", began.elapsed().as_secs());
                failed.push(*name);
            }
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(format!("failed: {}", failed.join(", ")))
}

struct Bench {
    goassay: PathBuf,
    folder: PathBuf,
}

/// What a run came to.
struct Ran {
    code: Option<i32>,
    stderr: String,
}

impl Bench {
    fn new() -> Outcome<Bench> {
        let goassay = crate::matrix::ours::program();
        let folder = work().join("toolchains");
        std::fs::create_dir_all(&folder).context(folder.display())?;
        Ok(Bench {
            goassay: std::fs::canonicalize(&goassay).context(goassay.display())?,
            folder,
        })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.goassay);
        command
            .arg("toolchain")
            .args(arguments)
            .env("XDG_CACHE_HOME", self.folder.join("cache"))
            .env("XDG_DATA_HOME", self.folder.join("data"));
        command
    }

    fn run(&self, arguments: &[&str]) -> Outcome<Ran> {
        ran(&mut self.command(arguments))
    }

    /// A folder for one case, new.
    fn fresh(&self, name: &str) -> Outcome<PathBuf> {
        let path = self.folder.join(name);
        if path.exists() {
            std::fs::remove_dir_all(&path).context(path.display())?;
        }
        std::fs::create_dir_all(&path).context(path.display())?;
        Ok(path)
    }

    /// Verifies; gives the document and what was measured, where the exit code is `want`.
    fn verify(&self, version: &str, more: &[&str], want: i32) -> Outcome<(Value, Value)> {
        let (document, measured) = (self.folder.join("v.json"), self.folder.join("m.json"));
        let (to, took) = (
            format!("json={}", document.display()),
            measured.display().to_string(),
        );
        let arguments = ["verify", version, "-o", &to, "--measured", &took];
        let ran = self.run(&[&arguments, more].concat())?;
        if ran.code != Some(want) {
            return Err(format!("exit code {:?}: {}", ran.code, ran.stderr));
        }
        let json = |path: &Path| serde_json::from_slice(&read(path)?).context(path.display());
        Ok((json(&document)?, json(&measured)?))
    }

    fn passes(&self, version: &str, more: &[&str]) -> Outcome<String> {
        let (document, measured) = self.verify(version, more, 0)?;
        let number = |name: &str| measured[name].as_f64().unwrap_or(f64::NAN);
        let in_builds = make_bash(&measured);
        let overhead = number("own_processor_seconds") / in_builds;
        let host = host();
        let found = &document["verifications"][0];
        let rounds = found["steps"].as_array().into_iter().flatten();
        let rounds = rounds
            .filter(|step| step["id"] == "rounds" && step["status"] == "pass")
            .count();
        let mut names = Vec::new();
        for file in found["files"].as_array().into_iter().flatten() {
            let same =
                file["posted"] == file["rebuilt"] && file["posted"]["h1"] == file["record"]["h1"];
            let apple = file["platform"]
                .as_str()
                .is_some_and(|p| p.starts_with("darwin"));
            let normalised = file["normalisations"]
                .as_array()
                .is_some_and(|list| !list.is_empty());
            if file["status"] != "pass" || same == apple || normalised != apple {
                return Err(format!("{}: {}", file["name"], file["log"]));
            }
            names.push(file["platform"].as_str().unwrap_or("").to_owned());
        }
        if rounds != 1 || names.is_empty() {
            return Err("toolchain3 did not build itself again".to_owned());
        }
        if overhead.is_nan() || overhead > OVERHEAD {
            return Err(format!(
                "its own processor time is {:.1} %",
                overhead * 100.0
            ));
        }
        Ok(format!(
            "{version} {} on {host}: {:.0} s by the clock; processor time {:.0} s in all builds, {in_builds:.0} s in make.bash -distpack, {:.1} s in goassay ({:.2} % of make.bash's); {:.0} MiB largest process, {:.0} MiB disk",
            names.join(","),
            number("seconds"),
            number("children_processor_seconds"),
            number("own_processor_seconds"),
            overhead * 100.0,
            number("largest_process_bytes") / f64::from(1 << 20),
            number("disk_bytes") / f64::from(1 << 20)
        ))
    }

    fn platforms(&self) -> Outcome<String> {
        let platforms = "linux/amd64,linux/arm64,windows/amd64,darwin/arm64";
        self.passes(RELEASE, &["--platform", platforms])
    }

    /// The small part for every change: one program of a published Go, rebuilt from that Go's own source.
    fn gofmt(&self) -> Outcome<String> {
        let goroot = self.published(RELEASE)?;
        let folder = self.fresh("gofmt")?;
        let rebuilt = folder.join("gofmt");
        build(&goroot, "cmd/gofmt", &rebuilt, &folder)?;
        let same = read(&rebuilt)? == read(&goroot.join("bin/gofmt"))?;
        std::fs::remove_dir_all(&folder).context(folder.display())?;
        if same {
            Ok(format!(
                "gofmt of go{RELEASE}, rebuilt from its source, is the published one"
            ))
        } else {
            Err("the rebuilt gofmt is not the published one".to_owned())
        }
    }
}

/// Processor seconds of the programs in the steps that run make.bash: that of the version, and those of the links before it.
fn make_bash(measured: &Value) -> f64 {
    let steps = measured["steps"].as_array().into_iter().flatten();
    let is_build = |step: &&Value| {
        step["title"]
            .as_str()
            .is_some_and(|t| t.ends_with(": build"))
    };
    let seconds = |step: &Value| step["children_processor_seconds"].as_f64();
    steps.filter(is_build).filter_map(seconds).sum()
}

/// Builds a command of a Go by that Go itself, as those of releases are built.
fn build(goroot: &Path, package: &str, out: &Path, scratch: &Path) -> Outcome {
    let mut command = Command::new(goroot.join("bin/go"));
    command
        .args(["build", "-o"])
        .arg(out)
        .arg(package)
        // The main module's Go version sets the defaults that are recorded: that of the standard library.
        .current_dir(goroot.join("src"))
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", scratch)
        .env("GOCACHE", scratch.join("cache"))
        .env("GOTOOLCHAIN", "local")
        .env("GOENV", "off")
        .env("GOPROXY", "off")
        .env("CGO_ENABLED", "0")
        .env(
            "GOFLAGS",
            "-trimpath -ldflags=-w -gcflags=cmd/...=-dwarf=false",
        );
    text(&mut command).map(drop)
}

fn host() -> String {
    goassay_build::toolchain::Platform::host().to_string()
}

fn spawn(command: &mut Command) -> Outcome<Child> {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("goassay")
}

fn ran(command: &mut Command) -> Outcome<Ran> {
    let out = command.output().context("goassay")?;
    Ok(Ran {
        code: out.status.code(),
        stderr: String::from_utf8_lossy(&out.stderr).into_owned(),
    })
}

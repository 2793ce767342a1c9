//! What `goassay verify` costs beside a plain `go install` of the same package, where the first build is identical.
//!
//! Both begin with an empty build cache; the toolchain and the modules are there, so that nothing is downloaded. Runs take turns. What has
//! to hold is held in processor time of all processes: on a machine that does other things as well the clock says little, and is shown.

use crate::builds::cost::{cost, median};
use crate::run::{Context, Outcome, output, read, text};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs of each.
const RUNS: usize = 3;
/// What is allowed: this part of the build and these seconds.
const PART: f64 = 0.05;
const SECONDS: f64 = 1.0;
/// A small program and a larger one.
const PROGRAMS: [(&str, &str); 2] = [
    ("age", "filippo.io/age/cmd/age@v1.2.1"),
    ("fzf", "github.com/junegunn/fzf@v0.55.0"),
];

pub(super) fn run(folder: &Path) -> Outcome<String> {
    let mut over = Vec::new();
    for (name, package) in PROGRAMS {
        let measured = Measured::new(folder, name, package)?;
        let (words, is_within) = measured.compared()?;
        println!("  {words}");
        if !is_within {
            over.push(name);
        }
    }
    match over.is_empty() {
        true => Ok(format!(
            "medians of {RUNS} runs by turns, within 5 % and 1 s of processor time"
        )),
        false => Err(format!(
            "over 5 % and 1 s of processor time: {}",
            over.join(", ")
        )),
    }
}

struct Measured {
    name: &'static str,
    package: &'static str,
    folder: PathBuf,
    /// Where goassay keeps toolchains and modules.
    cache: PathBuf,
    goassay: PathBuf,
}

impl Measured {
    /// Everything is there afterwards that either of both would download.
    fn new(folder: &Path, name: &'static str, package: &'static str) -> Outcome<Measured> {
        let goassay = crate::matrix::ours::program();
        let measured = Measured {
            name,
            package,
            folder: folder.join("overhead"),
            cache: folder.join("cache"),
            goassay: std::fs::canonicalize(&goassay).context(goassay.display())?,
        };
        output(
            measured
                .plain()?
                .env_remove("GOPROXY")
                .env_remove("GOSUMDB"),
        )?;
        let found: Value =
            serde_json::from_slice(&output(&mut measured.verify())?).context("the document")?;
        let file = &found["files"][0];
        let builds = file["attempts"].as_array().map_or(0, Vec::len);
        match (file["verdict"].as_str(), builds) {
            (Some("identical"), 1) => Ok(measured),
            (verdict, builds) => Err(format!("{name}: {verdict:?} after {builds} builds")),
        }
    }

    /// `go install`, with an empty build cache and no network.
    fn plain(&self) -> Outcome<Command> {
        let cache = self.folder.join("gocache");
        if cache.exists() {
            std::fs::remove_dir_all(&cache).context(cache.display())?;
        }
        let modules = self.folder.join("modules");
        let mut command = Command::new("go");
        command
            .args(["install", "-trimpath", self.package])
            .env("CGO_ENABLED", "0")
            .env("GOFLAGS", "-modcacherw")
            .env("GOCACHE", cache)
            .env("GOMODCACHE", &modules)
            .env("GOBIN", self.folder.join("bin"))
            .env(
                "GOPROXY",
                format!("file://{}", modules.join("cache/download").display()),
            )
            .env("GOSUMDB", "off")
            .current_dir("/");
        Ok(command)
    }

    fn verify(&self) -> Command {
        let mut command = Command::new(&self.goassay);
        command
            .args(["verify", "--quiet", "--json"])
            .arg(self.folder.join("bin").join(self.name))
            .env("XDG_CACHE_HOME", &self.cache)
            .env("XDG_DATA_HOME", self.folder.join("data"))
            .current_dir("/");
        command
    }

    /// Both by turns, in words; whether the difference is allowed.
    fn compared(&self) -> Outcome<(String, bool)> {
        let (mut plain, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            plain.push(cost(&mut self.plain()?)?);
            ours.push(cost(&mut self.verify())?);
        }
        let (plain, ours) = (median(&plain), median(&ours));
        let limit = plain.processor * PART + SECONDS;
        let more = ours.processor - plain.processor;
        let load = String::from_utf8_lossy(&read(Path::new("/proc/loadavg"))?).into_owned();
        let processors = text(&mut Command::new("nproc"))?;
        Ok((
            format!(
                "{}: go install {:.2} s ({:.2} s by the clock), goassay verify {:.2} s ({:.2} s): {more:+.2} s, allowed {limit:+.2} s; \
                 by the clock {:+.2} s, load {} on {} processors",
                self.name,
                plain.processor,
                plain.wall,
                ours.processor,
                ours.wall,
                ours.wall - plain.wall,
                load.split(' ').next().unwrap_or_default(),
                processors.trim(),
            ),
            more <= limit,
        ))
    }
}

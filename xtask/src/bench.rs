//! `cargo xtask bench scan|inspect [RUNS]`. `scan`: goassay against govulncheck on CoreDNS, as ratios measured in one run.
//!
//! Every measurement is a process of its own on a copy that nobody saw before (bytes appended), and the programs take
//! turns, so that a busy machine hurts both. Wall time, CPU time (user and system) and peak resident memory come from the
//! kernel's accounts for the finished process; anonymous memory is read while it runs. What a good ratio does not mean: the
//! copies lie in the page cache for both, since they were just written.

mod inspect;
mod measure;
mod owners;

use crate::go::{GOVULNCHECK, install};
use crate::matrix::{self, ours};
use crate::reference;
use crate::run::{Context, Outcome, read, work, write};
use measure::{Sample, measure};
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) use measure::main as measure_main;

const RUNS: usize = 7;
const FILES: usize = 50;

/// Entry point of the task.
pub(crate) fn main(args: &[String]) -> Outcome {
    let (what, rest) = args
        .split_first()
        .ok_or("usage: bench scan|inspect [RUNS]")?;
    let runs = rest
        .first()
        .map_or(Ok(RUNS), |n| n.parse())
        .context("RUNS")?;
    match what.as_str() {
        "scan" => scan(runs),
        "inspect" => inspect::run(runs),
        _ => Err(format!("no bench is named {what}")),
    }
}

fn scan(runs: usize) -> Outcome {
    let bench = Bench::new(runs)?;
    let (reference, [plain, stripped]) = bench.scans()?;
    println!(
        "{:<28} {:>21} {:>21} {:>15} {:>9}",
        "", "wall ms", "CPU ms", "peak RSS MB", "anon MB"
    );
    show("govulncheck, unstripped", &reference);
    show("goassay, unstripped", &plain);
    show("goassay, stripped", &stripped);
    let folder = bench.folder()?;
    show(&format!("goassay, {FILES} files"), &folder);
    let version = bench.version()?;
    show("goassay --version", &version);
    println!();
    ratios("unstripped", &reference, &plain, 1.0);
    ratios("stripped", &reference, &stripped, 1.0);
    ratios(
        &format!("one of {FILES} files"),
        &reference,
        &folder,
        FILES as f64,
    );
    Ok(())
}

struct Bench {
    runs: usize,
    plain: PathBuf,
    stripped: PathBuf,
    database: PathBuf,
    govulncheck: PathBuf,
    scratch: tempfile::TempDir,
}

impl Bench {
    fn new(runs: usize) -> Outcome<Bench> {
        let (plain, stripped) = matrix::coredns()?;
        let folder = work().join("bench");
        std::fs::create_dir_all(&folder).context(folder.display())?;
        Ok(Bench {
            runs,
            plain,
            stripped,
            database: reference::database()?,
            govulncheck: install(GOVULNCHECK)?,
            scratch: tempfile::tempdir_in(&folder).context(folder.display())?,
        })
    }

    /// A copy of a file with other contents than any before it.
    fn copy(&self, file: &Path, number: usize) -> Outcome<PathBuf> {
        let mut bytes = read(file)?;
        bytes.extend(format!("copy {} {number}", self.scratch.path().display()).bytes());
        let copy = self.scratch.path().join("copies").join(number.to_string());
        write(&copy, bytes)?;
        Ok(copy)
    }

    fn goassay(&self, target: &Path) -> Command {
        let mut command = Command::new(ours::program());
        command
            .args(["scan", "--no-progress", "--offline"])
            .arg(target);
        command
    }

    /// Both as they are started by a person, with text as their output: the reference on the unstripped program; ours on the unstripped and on the stripped one.
    fn scans(&self) -> Outcome<(Vec<Sample>, [Vec<Sample>; 2])> {
        let (mut reference, mut plain, mut stripped) = (Vec::new(), Vec::new(), Vec::new());
        for run in 0..self.runs {
            let copy = self.copy(&self.plain, run)?;
            let mut govulncheck = Command::new(&self.govulncheck);
            govulncheck.args(["-mode", "binary", "-db"]);
            govulncheck
                .arg(format!("file://{}", self.database.display()))
                .arg(&copy);
            reference.push(measure(&govulncheck)?);
            plain.push(measure(&self.goassay(&copy))?);
            let copy = self.copy(&self.stripped, run)?;
            stripped.push(measure(&self.goassay(&copy))?);
        }
        // The folder that comes next must hold nothing but its own files.
        let copies = self.scratch.path().join("copies");
        std::fs::remove_dir_all(&copies).context(copies.display())?;
        Ok((reference, [plain, stripped]))
    }

    /// A folder of unstripped and stripped copies in turns.
    fn folder(&self) -> Outcome<Vec<Sample>> {
        let mut samples = Vec::new();
        for run in 0..self.runs.min(3) {
            for number in 0..FILES {
                let source = if number % 2 == 0 {
                    &self.plain
                } else {
                    &self.stripped
                };
                self.copy(source, (run + 1) * 1000 + number)?;
            }
            samples.push(measure(&self.goassay(&self.scratch.path().join("copies")))?);
            let folder = self.scratch.path().join("copies");
            std::fs::remove_dir_all(&folder).context(folder.display())?;
        }
        Ok(samples)
    }

    fn version(&self) -> Outcome<Vec<Sample>> {
        let mut command = Command::new(ours::program());
        command.arg("--version");
        (0..self.runs.max(20)).map(|_| measure(&command)).collect()
    }
}

/// Median, least and most of one quantity.
fn spread(samples: &[Sample], quantity: fn(&Sample) -> f64) -> (f64, f64, f64) {
    let mut values: Vec<f64> = samples.iter().map(quantity).collect();
    values.sort_by(f64::total_cmp);
    (
        values[values.len() / 2],
        values[0],
        values[values.len() - 1],
    )
}

fn show(label: &str, samples: &[Sample]) {
    let times = |quantity| {
        let (median, least, most) = spread(samples, quantity);
        format!("{median:.1} ({least:.1}–{most:.1})")
    };
    let (rss, ..) = spread(samples, |s| s.rss);
    let (.., anonymous) = spread(samples, |s| s.anonymous);
    println!(
        "{label:<28} {:>21} {:>21} {rss:>15.1} {anonymous:>9.1}",
        times(|s| s.wall),
        times(|s| s.cpu)
    );
}

fn ratios(label: &str, reference: &[Sample], ours: &[Sample], files: f64) {
    let ratio = |quantity: fn(&Sample) -> f64| {
        spread(reference, quantity).0 / (spread(ours, quantity).0 / files)
    };
    let memory = spread(reference, |s| s.rss).0 / spread(ours, |s| s.rss).0;
    println!(
        "{label:<28} wall 1/{:.0}, CPU 1/{:.0}, peak RSS 1/{memory:.1}",
        ratio(|s| s.wall),
        ratio(|s| s.cpu)
    );
}

//! One process and what it cost, by the kernel's accounts.
//!
//! The account of finished children is kept for a whole process. So each measurement has a runner of its own: this program
//! again (`xtask measure COMMAND…`), which starts the command, waits for it, and writes four numbers.

use crate::run::{Context, Outcome, text};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What one process cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// Milliseconds from start to end.
    pub(super) wall: f64,
    /// Milliseconds of user and system time, of all its threads and children.
    pub(super) cpu: f64,
    /// Most resident memory, mapped files included, in MB (10⁶ bytes).
    pub(super) rss: f64,
    /// Most anonymous memory that was seen, in MB; from a second process of its own.
    pub(super) anonymous: f64,
}

/// Runs a command twice: once for the account, once to watch its memory.
pub(super) fn measure(command: &Command) -> Outcome<Sample> {
    let [wall, cpu, rss, _] = runner(command, "account")?;
    let [.., anonymous] = runner(command, "watch")?;
    Ok(Sample {
        wall,
        cpu,
        rss,
        anonymous,
    })
}

fn runner(command: &Command, how: &str) -> Outcome<[f64; 4]> {
    let own = std::env::current_exe().context("own path")?;
    let mut runner = Command::new(own);
    runner
        .args(["measure", how])
        .arg(command.get_program())
        .args(command.get_args());
    let numbers = text(&mut runner)?;
    let numbers: Vec<f64> = numbers
        .split_whitespace()
        .filter_map(|n| n.parse().ok())
        .collect();
    numbers
        .try_into()
        .map_err(|_| "the runner writes four numbers".to_owned())
}

/// `measure account|watch COMMAND…`: for the task `bench` only.
pub(crate) fn main(args: &[String]) -> Outcome {
    let [how, program, arguments @ ..] = args else {
        return Err("usage: measure account|watch COMMAND…".to_owned());
    };
    let start = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context(program)?;
    let mut anonymous = 0.0_f64;
    if how == "watch" {
        while child.try_wait().context(program)?.is_none() {
            anonymous = anonymous.max(anonymous_now(child.id()).unwrap_or(0.0));
            std::thread::sleep(Duration::from_micros(200));
        }
    }
    child.wait().context(program)?;
    let wall = start.elapsed().as_secs_f64() * 1e3;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("getrusage")?;
    let cpu = (usage.user_time() + usage.system_time()).num_microseconds() as f64 / 1e3;
    let rss = usage.max_rss() as f64 * 1024.0 / 1e6;
    println!("{wall} {cpu} {rss} {anonymous}");
    Ok(())
}

/// Anonymous resident memory of a process in MB.
fn anonymous_now(process: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("RssAnon:"))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

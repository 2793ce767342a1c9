//! The only place that starts a process: a command line, an environment of which nothing is inherited, a folder, a log.
//!
//! Each process leads a group of its own, so that what it started ends with it. Its standard input is a lock file: the lock
//! lives as long as anybody of that family does, so that a later run knows whether an earlier one that was killed has left
//! processes behind, and which. What it says goes line by line to the log and to whoever wants to follow it.

#![expect(
    clippy::disallowed_types,
    reason = "this module is where processes are started"
)]

mod capture;

pub use capture::{Answer, Question, ask};

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A variable of the environment, and why it is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: OsString,
    /// Why it is set.
    pub reason: &'static str,
}

impl Variable {
    /// A variable.
    pub fn new(name: &'static str, value: impl Into<OsString>, reason: &'static str) -> Variable {
        let value = value.into();
        Variable {
            name,
            value,
            reason,
        }
    }
}

/// A process to run.
#[derive(Debug)]
pub struct Program<'a> {
    /// The program and its arguments.
    pub argv: Vec<OsString>,
    /// The whole environment.
    pub environment: &'a [Variable],
    /// The folder that it is started in.
    pub folder: &'a Path,
    /// Where its output goes, after what is there already.
    pub log: &'a Path,
    /// Its standard input: an empty file, locked by this process.
    pub family: &'a File,
}

/// A process that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Whether it says that it did what it should.
    pub success: bool,
    /// How it ended, in words.
    pub status: String,
    /// The last lines of its output.
    pub tail: Vec<String>,
    /// How long it took.
    pub time: Duration,
}

/// A process that could not be started or followed.
#[derive(Debug)]
pub struct Error {
    /// What was tried.
    pub what: String,
    /// Why it failed.
    pub error: io::Error,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}", self.what, self.error)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// Most bytes of output that are kept in a log.
const MAX_LOG: u64 = 64 << 20;
/// Longest line that is kept whole.
const MAX_LINE: usize = 4096;
/// Lines of output that a failure shows.
const TAIL: usize = 12;

/// Groups of processes that run now.
static RUNNING: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

fn running() -> std::sync::MutexGuard<'static, BTreeSet<u32>> {
    RUNNING
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Ends every process that runs now, with all that it started. For interrupts.
pub fn stop_all() {
    for group in running().iter() {
        stop(*group);
    }
}

/// Runs a process to its end; `follow` gets each line of its output, the last one too where it has no end.
///
/// # Errors
/// It cannot be started, or its output cannot be kept; then it is stopped.
pub fn run(program: &Program<'_>, follow: &mut dyn FnMut(&str)) -> Result<Finished, Error> {
    let log = File::options().create(true).append(true).open(program.log);
    let mut log = Log {
        file: log.map_err(error("write", program.log))?,
        left: MAX_LOG,
        tail: Vec::new(),
    };
    log.heading(program).map_err(error("write", program.log))?;
    let began = Instant::now();
    let (mut child, output) = start(program)?;
    let group = Group::enter(child.id());
    let followed = log.follow(output, follow);
    if followed.is_err() {
        stop(group.0);
    }
    let status = child
        .wait()
        .map_err(error("wait for", &program_path(program)))?;
    followed.map_err(error("write", program.log))?;
    Ok(Finished {
        success: status.success(),
        status: status.to_string(),
        tail: log.tail,
        time: began.elapsed(),
    })
}

fn program_path(program: &Program<'_>) -> PathBuf {
    program.argv.first().map(PathBuf::from).unwrap_or_default()
}

fn error(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let what = format!("{verb} {}", path.display());
    move |error| Error { what, error }
}

fn start(program: &Program<'_>) -> Result<(Child, io::PipeReader), Error> {
    let path = program_path(program);
    let piped = || -> io::Result<(Child, io::PipeReader)> {
        let (reader, writer) = io::pipe()?;
        let mut command = Command::new(&path);
        command
            .args(program.argv.iter().skip(1))
            .env_clear()
            .envs(program.environment.iter().map(|v| (v.name, &v.value)))
            .current_dir(program.folder)
            .stdin(Stdio::from(program.family.try_clone()?))
            .stdout(writer.try_clone()?)
            .stderr(writer);
        lead_a_group(&mut command);
        // The command holds the writing end: it has to go, or the output never ends.
        command.spawn().map(|child| (child, reader))
    };
    piped().map_err(error("start", &path))
}

/// A group of processes, known to [`stop_all`] until dropped.
struct Group(u32);

impl Group {
    fn enter(id: u32) -> Group {
        running().insert(id);
        Group(id)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        running().remove(&self.0);
    }
}

struct Log {
    file: File,
    left: u64,
    tail: Vec<String>,
}

impl Log {
    fn heading(&mut self, program: &Program<'_>) -> io::Result<()> {
        let mut text = format!("# in {}\n", program.folder.display());
        for variable in program.environment {
            let (name, value) = (variable.name, variable.value.to_string_lossy());
            text.push_str(&format!("# {name}={value}  ({})\n", variable.reason));
        }
        let words: Vec<_> = program.argv.iter().map(|w| w.to_string_lossy()).collect();
        text.push_str(&format!("# {}\n", words.join(" ")));
        self.file.write_all(text.as_bytes())
    }

    fn follow(&mut self, output: io::PipeReader, follow: &mut dyn FnMut(&str)) -> io::Result<()> {
        let mut output = io::BufReader::new(output);
        let mut line = Vec::new();
        loop {
            line.clear();
            let limited = &mut io::Read::take(&mut output, MAX_LINE as u64);
            if limited.read_until(b'\n', &mut line)? == 0 {
                return Ok(());
            }
            self.keep(&line)?;
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end();
            follow(text);
            if self.tail.len() == TAIL {
                self.tail.remove(0);
            }
            self.tail.push(text.to_owned());
        }
    }

    fn keep(&mut self, line: &[u8]) -> io::Result<()> {
        let length = line.len() as u64;
        if length <= self.left {
            self.left -= length;
            self.file.write_all(line)?;
        }
        Ok(())
    }
}

#[cfg(unix)]
fn lead_a_group(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(not(unix))]
fn lead_a_group(_: &mut Command) {}

#[cfg(unix)]
fn stop(group: u32) {
    use nix::sys::signal::{Signal, killpg};
    use nix::unistd::Pid;
    if let Ok(group) = i32::try_from(group) {
        // Who is gone already needs no signal.
        let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
    }
}

#[cfg(not(unix))]
fn stop(_: u32) {}

/// Ends what an earlier run has left: all groups with a process whose standard input is `family`. Knows them on Linux
/// only; elsewhere none.
pub fn stop_family(family: &Path) {
    for process in members(family) {
        stop_group_of(process);
    }
}

/// Whether there is a process whose standard input is `family`.
/// A program in the folders of a `PATH`.
pub(crate) fn find(path: &OsStr, name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| path.is_file());
    }
    folders(path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

/// The folders of a `PATH`.
pub(crate) fn folders(path: &OsStr) -> impl Iterator<Item = PathBuf> {
    let text = path.to_string_lossy().into_owned();
    let folders: Vec<PathBuf> = text
        .split(':')
        .filter(|f| !f.is_empty())
        .map(PathBuf::from)
        .collect();
    folders.into_iter()
}

#[cfg(test)]
pub(crate) fn is_family(family: &Path) -> bool {
    !members(family).is_empty()
}

fn members(family: &Path) -> Vec<i32> {
    let (Ok(entries), Ok(family)) = (std::fs::read_dir("/proc"), std::fs::canonicalize(family))
    else {
        return Vec::new();
    };
    let process = |entry: std::fs::DirEntry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        let input = std::fs::read_link(entry.path().join("fd/0")).ok()?;
        (input == family).then_some(id)
    };
    entries.flatten().filter_map(process).collect()
}

#[cfg(unix)]
fn stop_group_of(process: i32) {
    use nix::unistd::{Pid, getpgid, getpgrp};
    match getpgid(Some(Pid::from_raw(process))) {
        Ok(group) if group != getpgrp() => stop(group.as_raw().unsigned_abs()),
        _ => {}
    }
}

#[cfg(not(unix))]
fn stop_group_of(_: i32) {}

/// Processor time and memory of processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Processor time of this process.
    pub own: Duration,
    /// Processor time of the processes that it started and that have ended.
    pub children: Duration,
    /// Most memory that any single one of them had, in bytes.
    pub largest: u64,
}

/// What this process and those that it started have used.
#[cfg(unix)]
#[must_use]
pub fn usage() -> Usage {
    use nix::sys::resource::{Usage as Account, UsageWho, getrusage};
    let time = |account: &Account| {
        let micros = |t: nix::sys::time::TimeVal| {
            u64::try_from(t.tv_sec()).unwrap_or(0) * 1_000_000
                + u64::try_from(t.tv_usec()).unwrap_or(0)
        };
        Duration::from_micros(micros(account.user_time()) + micros(account.system_time()))
    };
    let of = |who| getrusage(who).ok();
    let children = of(UsageWho::RUSAGE_CHILDREN);
    // Kilobytes, except on macOS.
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    let largest = children
        .as_ref()
        .and_then(|account| u64::try_from(account.max_rss()).ok());
    Usage {
        own: of(UsageWho::RUSAGE_SELF)
            .as_ref()
            .map(time)
            .unwrap_or_default(),
        children: children.as_ref().map(time).unwrap_or_default(),
        largest: largest.unwrap_or(0) * unit,
    }
}

/// What this process and those that it started have used: not known here.
#[cfg(not(unix))]
#[must_use]
pub fn usage() -> Usage {
    Usage::default()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    struct Case {
        root: tempfile::TempDir,
        family: File,
    }

    impl Case {
        fn new() -> Case {
            let root = tempfile::tempdir().unwrap();
            let family = File::create_new(root.path().join("family"));
            drop(family.unwrap());
            let family = File::open(root.path().join("family")).unwrap();
            family.lock().unwrap();
            Case { root, family }
        }

        fn run(&self, script: &str, follow: &mut dyn FnMut(&str)) -> Result<Finished, Error> {
            let environment = [Variable::new("ONLY", "this", "it is a test")];
            let program = Program {
                argv: ["/bin/sh", "-c", script].map(OsString::from).to_vec(),
                environment: &environment,
                folder: self.root.path(),
                log: &self.root.path().join("log"),
                family: &self.family,
            };
            run(&program, follow)
        }
    }

    #[test]
    fn nothing_is_inherited_and_all_output_is_kept() {
        let case = Case::new();
        let mut lines = Vec::new();
        let finished = case
            .run("echo $ONLY $HOME$USER; pwd >&2; cat; exit 3", &mut |line| {
                lines.push(line.to_owned());
            })
            .unwrap();
        let here = std::fs::canonicalize(case.root.path()).unwrap();
        assert_eq!(lines, ["this", here.to_str().unwrap()]);
        assert_eq!(
            (finished.success, &finished.tail),
            (false, &lines),
            "{}",
            finished.status
        );
        let log = std::fs::read_to_string(case.root.path().join("log")).unwrap();
        assert!(
            log.contains("# ONLY=this  (it is a test)\n# /bin/sh -c echo"),
            "{log}"
        );
        assert!(log.ends_with(&format!("this\n{}\n", lines[1])), "{log}");
    }

    #[test]
    fn long_lines_and_no_program_are_no_trouble() {
        let case = Case::new();
        let mut pieces = 0;
        let script = "head -c 10000 /dev/zero; echo; echo end";
        let finished = case.run(script, &mut |_| pieces += 1).unwrap();
        assert_eq!(
            (pieces, finished.tail.last().map(String::as_str)),
            (4, Some("end"))
        );
        let program = Program {
            argv: vec!["/no/such/program".into()],
            environment: &[],
            folder: case.root.path(),
            log: &case.root.path().join("log"),
            family: &case.family,
        };
        let error = run(&program, &mut |_| ()).unwrap_err().to_string();
        assert!(
            error.starts_with("cannot start /no/such/program"),
            "{error}"
        );
    }

    #[test]
    fn a_family_is_stopped_with_all_that_it_started() {
        let case = Case::new();
        let path = case.root.path().join("family");
        let mut stopped = false;
        let finished = case
            .run("sleep 600 <&0 & echo started; wait", &mut |_| {
                stop_family(&path);
                stopped = true;
            })
            .unwrap();
        assert!(stopped && !finished.success, "{}", finished.status);
        // The lock is free again when the last of them is gone.
        drop(case.family);
        let family = File::open(&path).unwrap();
        family.lock().unwrap();
    }
}

//! Killed at any time, a build leaves whole files or none, and the next one is as if nothing had been.
//!
//! SIGKILL at random times, spread over builds with an empty cache (compilers run) and with a full one (links, documents, renames), and
//! besides at the moment when the first file gets its name. Every other time the folder has the files of another build before.

use super::Bench;
use super::folder::{Files, files, first_difference, staging, sums};
use super::project::WORKSPACE;
use crate::run::{Context, Outcome, output, write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Kills at random times, a half of them with an empty cache.
const RANDOM: usize = 30;
/// Kills when the first file has its name.
const PUBLISHING: usize = 6;
/// Beginning of the random numbers.
const SEED: u64 = 20_261_122;
/// Longest time that processes may go on after goassay was killed alone.
const ORPHANS: Duration = Duration::from_secs(120);

/// When to kill.
enum When {
    /// This part of the time that an undisturbed run takes.
    Part(f64),
    /// When the first file of the new build has its name.
    FirstFile,
}

/// What is built again and again.
struct Killing<'a> {
    bench: &'a Bench,
    source: PathBuf,
    out: PathBuf,
    /// Build caches: a full one, and new ones (compilers that go on after a kill still write to the last).
    caches: PathBuf,
    colds: usize,
    /// What an undisturbed build gives.
    new: Files,
    /// What another build gave, under the same names.
    old: Files,
    /// Sessions of processes that were started.
    sessions: Vec<u32>,
    random: u64,
}

/// What was seen after kills.
#[derive(Default)]
struct Seen {
    nothing_new: usize,
    some_new: usize,
    complete: usize,
    ended_before: usize,
}

impl Bench {
    /// Kills builds.
    pub(super) fn kills(&self) -> Outcome<String> {
        let folder = self.fresh("kills")?;
        let mut killing = Killing::new(self, &folder)?;
        let cold = killing.timed(true)?;
        let warm = killing.timed(false)?;
        let mut seen = Seen::default();
        for index in 0..RANDOM {
            let (time, is_cold) = if index < RANDOM / 2 {
                (cold, true)
            } else {
                (warm, false)
            };
            killing.until_killed(index, time, is_cold, &mut seen)?;
        }
        for index in 0..PUBLISHING {
            killing.kill(index, warm, &When::FirstFile, false, &mut seen)?;
        }
        let orphans = killing.wait_for_orphans()?;
        killing.undisturbed(false)?;
        std::fs::remove_dir_all(&folder).context(folder.display())?;
        Ok(format!(
            "seed {SEED}: {RANDOM} kills at random times ({} within {:.1} s with an empty cache, {} within {:.1} s with a full one; {} runs had ended before and were begun again) and {PUBLISHING} when the first file had its name, by turns goassay alone and all its processes, over an empty folder and over another build's files; after them: no new file {}, some {}, all {}; none half-written, each SHA256SUMS held; {orphans}; then an undisturbed run: identical, no staging folder left",
            RANDOM / 2,
            cold.as_secs_f64(),
            RANDOM - RANDOM / 2,
            warm.as_secs_f64(),
            seen.ended_before,
            seen.nothing_new,
            seen.some_new,
            seen.complete
        ))
    }
}

impl<'a> Killing<'a> {
    fn new(bench: &'a Bench, folder: &Path) -> Outcome<Killing<'a>> {
        let mut killing = Killing {
            bench,
            source: folder.join("source"),
            out: folder.join("out"),
            caches: folder.join("caches"),
            colds: 0,
            new: Files::new(),
            old: Files::new(),
            sessions: Vec::new(),
            random: SEED,
        };
        WORKSPACE.check_out(bench, &killing.source)?;
        for (profile, out) in [("debug", "old"), ("production", "new")] {
            let out = folder.join(out);
            let mut command = killing.command(profile, &out, false);
            output(&mut command)?;
            let made = files(&out)?;
            match profile {
                "debug" => killing.old = made,
                _ => killing.new = made,
            }
        }
        std::fs::create_dir_all(&killing.out).context("out")?;
        Ok(killing)
    }

    /// A build, in a session of its own.
    fn command(&self, profile: &str, out: &Path, is_cold: bool) -> Command {
        let cache = match is_cold {
            true => self.caches.join(format!("cold{}", self.colds)),
            false => self.caches.join("full"),
        };
        let mut command = Command::new("setsid");
        command.arg(&self.bench.goassay);
        self.bench.settle(&mut command);
        command
            .args(["build", "--quiet", "--no-progress", "--profile", profile])
            .args(WORKSPACE.runs[0].packages)
            .arg("-o")
            .arg(out)
            .env("GOCACHE", cache)
            .current_dir(&self.source)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    /// How long an undisturbed build takes.
    fn timed(&mut self, is_cold: bool) -> Outcome<Duration> {
        self.prepare(is_cold, false)?;
        let began = Instant::now();
        self.undisturbed(is_cold)?;
        Ok(began.elapsed())
    }

    /// The cache and the folder as they have to be before a run. What killed runs left for themselves stays.
    fn prepare(&mut self, is_cold: bool, over_old: bool) -> Outcome {
        self.colds += usize::from(is_cold);
        for name in files(&self.out)?.keys() {
            std::fs::remove_file(self.out.join(name)).context(name)?;
        }
        for (name, bytes) in self.old.iter().filter(|_| over_old) {
            write(&self.out.join(name), bytes)?;
        }
        Ok(())
    }

    /// Kills at a random time; where the run ended before, again at another.
    fn until_killed(
        &mut self,
        index: usize,
        time: Duration,
        is_cold: bool,
        seen: &mut Seen,
    ) -> Outcome {
        loop {
            let part = self.next();
            if self.kill(index, time, &When::Part(part), is_cold, seen)? {
                return Ok(());
            }
            seen.ended_before += 1;
        }
    }

    /// The next random number from 0 to 1 (Knuth's MMIX generator, its upper bits).
    fn next(&mut self) -> f64 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One run, killed and looked at. Whether it was killed before it ended.
    fn kill(
        &mut self,
        index: usize,
        time: Duration,
        when: &When,
        is_cold: bool,
        seen: &mut Seen,
    ) -> Outcome<bool> {
        self.prepare(is_cold, index % 2 == 1)?;
        let mut child = self
            .command("production", &self.out, is_cold)
            .stderr(Stdio::null())
            .spawn()
            .context("setsid")?;
        self.sessions.push(child.id());
        let was_killed = self.wait_and_kill(&mut child, time, when, index / 2 % 2 == 1)?;
        self.look(index % 2 == 1, seen)?;
        Ok(was_killed)
    }

    fn wait_and_kill(
        &self,
        child: &mut Child,
        time: Duration,
        when: &When,
        everything: bool,
    ) -> Outcome<bool> {
        let began = Instant::now();
        // Programs are published first.
        let program = WORKSPACE.runs[0].programs[0].file;
        let first = self.out.join(program);
        let is_time = || match when {
            When::Part(part) => began.elapsed() >= time.mul_f64(*part),
            // Of another build there can be a file of that name already.
            When::FirstFile => {
                std::fs::read(&first).is_ok_and(|bytes| self.new.get(program) == Some(&bytes))
            }
        };
        while !is_time() {
            if child.try_wait().context("goassay")?.is_some() {
                return Ok(false);
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        let all = if everything {
            members(child.id())
        } else {
            vec![child.id()]
        };
        let mut kill = Command::new("kill");
        kill.arg("-KILL").args(all.iter().map(u32::to_string));
        // Some may have ended by themselves in the meantime.
        kill.stderr(Stdio::null()).status().context("kill")?;
        let status = child.wait().context("goassay")?;
        Ok(!status.success())
    }

    /// Every file is one of the old or of the new build, whole; where the list is, it holds.
    fn look(&self, over_old: bool, seen: &mut Seen) -> Outcome {
        let found = files(&self.out)?;
        for (name, bytes) in &found {
            let is_old = over_old && self.old.get(name) == Some(bytes);
            if !is_old && self.new.get(name) != Some(bytes) {
                return Err(format!("{name} is half-written: {} bytes", bytes.len()));
            }
        }
        if found.contains_key("SHA256SUMS") {
            sums(&self.out)?;
        }
        let is_new = |(name, bytes): &(&String, &Vec<u8>)| found.get(*name) == Some(*bytes);
        let new = self.new.iter().filter(is_new).count();
        match new {
            0 => seen.nothing_new += 1,
            n if n == self.new.len() => seen.complete += 1,
            _ => seen.some_new += 1,
        }
        Ok(())
    }

    /// Compilers that went on after goassay was killed end by themselves.
    fn wait_for_orphans(&self) -> Outcome<String> {
        let began = Instant::now();
        let left = || -> usize { self.sessions.iter().map(|s| members(*s).len()).sum() };
        let first = left();
        while left() > 0 {
            if began.elapsed() > ORPHANS {
                return Err(format!("{} processes go on after kills", left()));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(format!(
            "{first} processes still ran after the last kill, for {:.1} s",
            began.elapsed().as_secs_f64()
        ))
    }

    /// A run to its end over what is there: the reference's files, and nothing of killed runs.
    fn undisturbed(&self, is_cold: bool) -> Outcome {
        output(&mut self.command("production", &self.out, is_cold))?;
        let found = files(&self.out)?;
        let new = |(name, bytes): (&String, &Vec<u8>)| {
            let was_there = self.old.contains_key(name) && !self.new.contains_key(name);
            (!was_there).then(|| (name.clone(), bytes.clone()))
        };
        let found: Files = found.iter().filter_map(new).collect();
        if let Some(difference) = first_difference(&self.new, &found) {
            return Err(format!("after kills it is another build: {difference}"));
        }
        sums(&self.out)?;
        match staging(&self.out)? {
            0 => Ok(()),
            left => Err(format!("{left} staging folders are left")),
        }
    }
}

/// Processes of a session, by Linux's own list.
fn members(session: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let of_session = |entry: std::fs::DirEntry| {
        let id: u32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // After the name in parentheses: state, parent, group, session.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let is_member = fields.get(3)?.parse() == Ok(session) && fields.first() != Some(&"Z");
        is_member.then_some(id)
    };
    entries.filter_map(of_session).collect()
}

//! What has to go wrong: a changed source, a killed run, a machine that lacks something, releases of which nothing can be said.

use super::{Bench, RELEASE, host, ran, spawn};
use crate::run::{Context, Outcome, read, write};
use std::process::Command;
use std::time::{Duration, Instant};

/// How often runs are killed in each phase; once more when the phase is done.
const KILLS: u64 = 10;

impl Bench {
    /// A byte of the source is changed after it was checked and before it is compiled.
    pub(super) fn changed(&self) -> Outcome<String> {
        let folder = self.fresh("changed")?;
        let at = folder.display().to_string();
        let mut child = spawn(&mut self.command(&["verify", RELEASE, "--work", &at]))?;
        let run = folder.join(format!("go{RELEASE}"));
        let source = run.join(format!("go{RELEASE}.goroot/src/cmd/gofmt/gofmt.go"));
        let log = run.join(format!("log/go{RELEASE}"));
        while !std::fs::read_to_string(&log).is_ok_and(|log| log.contains("Building Go toolchain1"))
        {
            if let Some(status) = child.try_wait().context("goassay")? {
                return Err(format!("it ended before it built: {status}"));
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        let changed = String::from_utf8(read(&source)?).context("gofmt.go")?;
        write(&source, changed.replacen("usage: gofmt", "usage: gofmd", 1))?;
        let status = child.wait().context("goassay")?;
        std::fs::remove_dir_all(&folder).context(folder.display())?;
        match status.code() {
            Some(1) => Ok("one changed byte of the source: FAIL, exit code 1".to_owned()),
            code => Err(format!(
                "one changed byte of the source: exit code {code:?}"
            )),
        }
    }

    /// Killed again and again in each phase, and at last left alone.
    pub(super) fn killed(&self) -> Outcome<String> {
        let folder = self.fresh("killed")?;
        let at = folder.display().to_string();
        let across = "linux/arm64";
        let platforms = format!("{},{across}", host());
        let arguments = ["verify", RELEASE, "--platform", &platforms, "--work", &at];
        let run = folder.join(format!("go{RELEASE}"));
        let steps = [
            format!("go{RELEASE}"),
            "rounds".to_owned(),
            format!("go{RELEASE}.{}", across.replace('/', "-")),
        ];
        let mut kills = 0;
        for step in &steps {
            for _ in 0..KILLS {
                // From a third of a second to 20 seconds, in an order that is the same in each run.
                let pause = Duration::from_millis((kills * 7919) % 31 * 650 + 300);
                self.kill_after(&arguments, |began| began.elapsed() >= pause)?;
                kills += 1;
            }
            let receipt = run.join(format!("receipt.{step}"));
            self.kill_after(&arguments, |_| receipt.is_file())?;
            kills += 1;
        }
        let ran = self.run(&arguments)?;
        std::fs::remove_dir_all(&folder).context(folder.display())?;
        match ran.code {
            Some(0) => Ok(format!("killed {kills} times, then PASS")),
            code => Err(format!(
                "exit code {code:?} after {kills} kills: {}",
                ran.stderr
            )),
        }
    }

    /// Runs, and kills as soon as it is time; a run that ends before that has failed.
    fn kill_after(&self, arguments: &[&str], now: impl Fn(Instant) -> bool) -> Outcome {
        let began = Instant::now();
        let mut child = spawn(&mut self.command(arguments))?;
        while !now(began) {
            if let Some(status) = child.try_wait().context("goassay")? {
                return Err(format!("it ended before it was killed: {status}"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        child.kill().context("goassay")?;
        child.wait().context("goassay").map(drop)
    }

    /// A machine that lacks something: that has to be said, and not be mistaken for an answer.
    pub(super) fn trouble(&self) -> Outcome<String> {
        let small = self.fresh("small")?;
        let at = small.display().to_string();
        let disk = format!(
            "mount -t tmpfs -o size=64m none {at} && exec \"$0\" toolchain verify {RELEASE} --work {at}"
        );
        let hide = "for c in gcc cc clang; do p=$(readlink -f /usr/bin/$c) && [ -f \"$p\" ] && mount --bind /dev/null \"$p\"; done; exec \"$0\" toolchain verify ";
        let compiler = format!("{hide}{RELEASE} --chain full");
        let mut said = Vec::new();
        for (what, script, want) in [
            ("no disk", disk.as_str(), "of free disk"),
            ("no C compiler", &compiler, "there is no C compiler"),
        ] {
            let ran = ran(&mut self.in_namespace(script))?;
            if ran.code != Some(2) || !ran.stderr.contains(want) {
                return Err(format!("{what}: exit code {:?}: {}", ran.code, ran.stderr));
            }
            said.push(what);
        }
        Ok(format!("said: {}", said.join(", ")))
    }

    /// Releases of which nothing can be said.
    pub(super) fn refused(&self) -> Outcome<String> {
        let mut said = Vec::new();
        for (what, arguments, want) in [
            (
                "old release",
                &["verify", "1.20.14"][..],
                "which began with 1.21",
            ),
            (
                "no such release",
                &["verify", "1.25.99"],
                "cannot verify go1.25.99",
            ),
        ] {
            let ran = self.run(arguments)?;
            if ran.code != Some(2) || !ran.stderr.contains(want) {
                return Err(format!("{what}: exit code {:?}: {}", ran.code, ran.stderr));
            }
            said.push(what);
        }
        Ok(format!("said: {}", said.join(", ")))
    }

    fn in_namespace(&self, script: &str) -> Command {
        let mut command = Command::new("unshare");
        command
            .args(["-rm", "/bin/sh", "-c", script])
            .arg(&self.goassay)
            .env("XDG_CACHE_HOME", self.folder.join("cache"))
            .env("XDG_DATA_HOME", self.folder.join("data"));
        command
    }
}

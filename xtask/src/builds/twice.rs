//! The same release twice: by another user in another place, on another day. All files have to be the same, signatures too.
//!
//! What is not varied: the machine, and the date for the go command and what it starts. It is a static program, which libfaketime
//! does not reach, and the system's clock is everybody's.

use super::folder::{files, first_difference, sums};
use super::project::{Project, SQLITE, WORKSPACE};
use super::{Bench, Ran};
use crate::run::{Context, Outcome, output};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Nobody.
const USER: &str = "65534";
/// Another day, as `faketime` takes it. Not years from now: an audit for a day that the database cannot know is no answer, and stops the build.
const DAY: &str = "2026-12-24 23:59:58";
/// Targets of the program without C in it.
const TARGETS: &str = "linux/amd64/v2,windows/amd64,darwin/arm64";

impl Bench {
    /// Builds twice, and compares what is published.
    pub(super) fn twice(&self) -> Outcome<String> {
        let folder = self.fresh("twice")?;
        let key = super::key(&folder)?;
        let other = Other::new(&self.goassay, &key)?;
        let mut seen = vec![self.other_day(&other)?];
        for (project, more) in [(&WORKSPACE, &["--target", TARGETS][..]), (&SQLITE, &[])] {
            seen.push(self.compared(project, more, &folder, &other)?);
        }
        Ok(format!(
            "{}. The second time: user {USER}, umask 077 and not 022, another and longer path, home, build cache and module cache, one processor, another host name, locale and time zone; the date {DAY} for goassay, not for the go command (a static program) and what it starts",
            seen.join("; "),
        ))
    }

    fn compared(
        &self,
        project: &Project,
        more: &[&str],
        folder: &Path,
        other: &Other,
    ) -> Outcome<String> {
        let source = folder.join(project.name);
        project.check_out(self, &source)?;
        let out = folder.join(format!("{}.out", project.name));
        let mut arguments = vec!["build", "--release", "--no-progress"];
        arguments.extend(more);
        arguments.extend(project.runs[0].packages);
        let mut here = Command::new("sh");
        here.args(["-c", "umask 022; exec \"$@\"", "sh"])
            .arg(&self.goassay);
        self.settle(&mut here);
        here.args(&arguments)
            .arg("--key")
            .arg(folder.join("key.pem"));
        Ran::of(here.arg("-o").arg(&out).current_dir(&source))?.expect(0)?;
        let there = other.copy(&source, project.name)?;
        let out_there = there.with_added_extension("out");
        let mut command = other.command(&arguments);
        command.arg("--key").arg(other.place("key.pem"));
        command.arg("-o").arg(&out_there).current_dir(&there);
        Ran::of(&mut command)?.expect(0)?;
        sums(&out)?;
        sums(&out_there)?;
        let (one, two) = (files(&out)?, files(&out_there)?);
        if let Some(difference) = first_difference(&one, &two) {
            return Err(format!("{}: {difference}", project.name));
        }
        let signed = one.keys().filter(|name| name.ends_with(".dsse.json"));
        Ok(format!(
            "{}: {} files identical, {} of them signatures",
            project.name,
            one.len(),
            signed.count()
        ))
    }

    /// That the other day is seen at all.
    fn other_day(&self, other: &Other) -> Outcome<String> {
        let age = |ran: Ran| -> Outcome<String> {
            let text = String::from_utf8_lossy(&ran.stdout).into_owned() + &ran.stderr;
            let days = text.split_whitespace().collect::<Vec<_>>();
            let at = days.iter().position(|word| *word == "days");
            let days = at.and_then(|at| days.get(at.checked_sub(1)?));
            days.map(|days| days.trim_start_matches('(').to_owned())
                .ok_or_else(|| format!("db status does not say an age: {text}"))
        };
        let mut here = self.goassay(&self.folder);
        let here = age(Ran::of(here.args(["db", "status"]))?)?;
        let mut there = other.command(&["db", "status"]);
        let there = age(Ran::of(there.current_dir(other.folder.path()))?)?;
        match here == there {
            true => Err("the other day is not seen".to_owned()),
            false => Ok(format!(
                "goassay says that its database is {here} days old, and {there} on the other day"
            )),
        }
    }
}

/// Another user, with a place of their own.
struct Other {
    folder: tempfile::TempDir,
}

impl Other {
    fn new(goassay: &Path, key: &Path) -> Outcome<Other> {
        let folder = tempfile::Builder::new()
            .prefix("another-place-with-a-longer-name-")
            .tempdir()
            .context("temporary folder")?;
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), mode).context("temporary folder")?;
        let other = Other { folder };
        std::fs::create_dir(other.place("home")).context("home")?;
        std::fs::copy(goassay, other.place("goassay")).context("goassay")?;
        std::fs::copy(key, other.place("key.pem")).context("key")?;
        other.own("")?;
        Ok(other)
    }

    fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn own(&self, name: &str) -> Outcome {
        let mut chown = Command::new("chown");
        chown.args(["-R", &format!("{USER}:{USER}")]);
        output(chown.arg(self.place(name))).map(drop)
    }

    fn copy(&self, source: &Path, name: &str) -> Outcome<PathBuf> {
        let to = self.place(&format!("somewhere else/{name}"));
        std::fs::create_dir_all(to.parent().unwrap_or(&to)).context(to.display())?;
        output(Command::new("cp").arg("-a").arg(source).arg(&to))?;
        self.own("")?;
        Ok(to)
    }

    /// goassay, as the other user.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("unshare");
        let script = "hostname elsewhere && umask 077 && exec \"$@\"";
        command
            .args(["--uts", "sh", "-c", script, "sh"])
            .args([
                "setpriv",
                "--reuid",
                USER,
                "--regid",
                USER,
                "--clear-groups",
            ])
            .args(["taskset", "--cpu-list", "0", "faketime", "-f"])
            .arg(format!("@{DAY}"))
            .arg(self.place("goassay"))
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.place("home"))
            .env("USER", "nobody")
            .env("LANG", "tr_TR.UTF-8")
            .env("TZ", "Asia/Kathmandu")
            .env("GOTOOLCHAIN", "local");
        if let Some(proxy) = std::env::var_os("GOPROXY") {
            command.env("GOPROXY", proxy);
        }
        command
    }
}

//! What goes wrong: it is said, with exit code 2, and nothing half-written is left.

use super::folder::{files, staging};
use super::project::NESTED;
use super::{Bench, Ran};
use crate::run::{Context, Outcome, output, text, write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// Sizes of full disks, in KiB: for nothing, a part of the program, the program, its debug information, a part of the documents.
const DISKS: [u32; 8] = [64, 512, 2048, 3072, 4096, 5120, 6144, 7168];
/// Lists what is on the disk after the run, and gives the run's exit code.
const ON_A_DISK: &str = "mount -t tmpfs -o size=\"$1\" none \"$2\" && { out=$2; shift 2; \"$@\"; code=$?; find \"$out\" -mindepth 1; exit $code; }";

/// A kind of trouble: its name, and a run that gets into it.
type Trouble = (&'static str, fn(&Bench, &Path) -> Outcome);

impl Bench {
    /// Gets into each kind of trouble.
    pub(super) fn trouble(&self) -> Outcome<String> {
        // Others have to be able to read it.
        let folder = tempfile::tempdir().context("temporary folder")?;
        let source = folder.path().join("source");
        NESTED.check_out(self, &source)?;
        output(
            Command::new("chmod")
                .args(["-R", "a+rX"])
                .arg(folder.path()),
        )?;
        let mut seen = vec![self.full_disks(&source)?];
        let troubles: [Trouble; 5] = [
            ("unwritable folder", Bench::unwritable),
            ("no Go", Bench::no_go),
            ("no go.mod", Bench::no_module),
            ("a bad key", Bench::bad_key),
            ("failing compile", Bench::failing),
        ];
        for (what, run) in troubles {
            run(self, &source).map_err(|e| format!("{what}: {e}"))?;
            seen.push(what.to_owned());
        }
        Ok(format!(
            "exit code 2, said, nothing left: {}",
            seen.join(", ")
        ))
    }

    /// Disks of growing sizes: too small, until one is not.
    fn full_disks(&self, source: &Path) -> Outcome<String> {
        let out = source.with_file_name("disk");
        std::fs::create_dir_all(&out).context("out")?;
        let mut too_small = Vec::new();
        for size in DISKS {
            let mut command = Command::new("unshare");
            self.settle(&mut command);
            command
                .args(["-rm", "sh", "-c", ON_A_DISK, "sh"])
                .arg(format!("{size}k"))
                .arg(&out)
                .arg(&self.goassay)
                .args(["build", "--no-progress", "-o"])
                .arg(&out)
                .current_dir(source);
            let ran = Ran::of(&mut command)?;
            let left = String::from_utf8_lossy(&ran.stdout).into_owned();
            if ran.code == Some(0) {
                break;
            }
            let is_said = ran.stderr.contains("o space left on device");
            if ran.code != Some(2) || !is_said || !left.is_empty() {
                return Err(format!(
                    "a disk of {size} KiB: exit code {:?}, left {left:?}: {}",
                    ran.code, ran.stderr
                ));
            }
            too_small.push(format!("{size} KiB"));
        }
        match too_small.len() {
            0 => Err("no disk was too small".to_owned()),
            n if n == DISKS.len() => Err("all disks were too small".to_owned()),
            _ => Ok(format!("full disk ({})", too_small.join(", "))),
        }
    }

    /// A folder that this user may not write to.
    fn unwritable(&self, source: &Path) -> Outcome {
        let (out, home) = (
            source.with_file_name("unwritable"),
            source.with_file_name("home"),
        );
        for (folder, mode) in [(&out, 0o555), (&home, 0o777)] {
            std::fs::create_dir_all(folder).context(folder.display())?;
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(folder, mode).context(folder.display())?;
        }
        let program = source.with_file_name("goassay");
        std::fs::copy(&self.goassay, &program).context("goassay")?;
        // git reads no repository of another user.
        let theirs = source.with_file_name("theirs");
        output(Command::new("cp").arg("-a").args([source, &theirs]))?;
        output(
            Command::new("chown")
                .args(["-R", "65534:65534"])
                .arg(&theirs),
        )?;
        let mut command = Command::new("setpriv");
        self.settle(&mut command);
        command
            .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
            .arg(&program)
            .args(["build", "--no-progress", "-o"])
            .arg(&out)
            .env("HOME", &home)
            .env("GOCACHE", home.join("cache"))
            .env("XDG_DATA_HOME", &home)
            .current_dir(&theirs);
        let ran = Ran::of(&mut command)?;
        self.said(&ran, &out, &["ermission denied", "choose another folder"])
    }

    fn no_go(&self, source: &Path) -> Outcome {
        let mut command = self.build(source, source);
        // git is there, and no Go.
        let programs = source.with_file_name("programs");
        std::fs::create_dir_all(&programs).context("programs")?;
        let git = text(Command::new("sh").args(["-c", "command -v git"]))?;
        std::os::unix::fs::symlink(git.trim(), programs.join("git")).context("git")?;
        let ran = Ran::of(command.env("PATH", &programs).env_remove("GOROOT"))?;
        self.said(
            &ran,
            &out(source),
            &["there is no Go", "goassay toolchain fetch"],
        )
    }

    fn no_module(&self, source: &Path) -> Outcome {
        let folder = source.with_file_name("empty");
        std::fs::create_dir_all(&folder).context("empty")?;
        let ran = Ran::of(&mut self.build(&folder, source))?;
        self.said(&ran, &out(source), &["there is no go.mod"])
    }

    fn bad_key(&self, source: &Path) -> Outcome {
        let key = source.with_file_name("key.pem");
        write(&key, "no key\n")?;
        let ran = Ran::of(self.build(source, source).arg("--key").arg(&key))?;
        self.said(&ran, &out(source), &["key.pem"])
    }

    /// The compiler's own message, as it is.
    fn failing(&self, source: &Path) -> Outcome {
        write(
            &source.join("main.go"),
            "package main\n\nfunc main() {\n\tx := 1\n}\n",
        )?;
        let ran = Ran::of(self.build(source, source).arg("--allow-dirty"))?;
        let message = "# example.com/nested/v2\n./main.go:4:2: declared and not used: x\n";
        self.said(&ran, &out(source), &[message])
    }

    fn build(&self, folder: &Path, source: &Path) -> Command {
        let mut command = self.goassay(folder);
        command
            .args(["build", "--no-progress", "-o"])
            .arg(out(source));
        command
    }

    /// Exit code 2, each of the words on standard error, and nothing in the folder.
    fn said(&self, ran: &Ran, out: &Path, words: &[&str]) -> Outcome {
        if ran.code != Some(2) || !words.iter().all(|word| ran.stderr.contains(word)) {
            return Err(format!("exit code {:?}: {}", ran.code, ran.stderr));
        }
        if out.exists() && (!files(out)?.is_empty() || staging(out)? > 0) {
            return Err("something is left".to_owned());
        }
        Ok(())
    }
}

/// The output folder of most runs.
fn out(source: &Path) -> std::path::PathBuf {
    source.with_file_name("out")
}

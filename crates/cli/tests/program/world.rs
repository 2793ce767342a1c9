//! A sealed world for one run of the program: no environment, own home, fixed width and day, paths replaced.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The day that is judged for: shortly after that of the embedded database.
pub(crate) const AS_OF: &str = "2026-09-01";

/// A directory to work in and a home.
pub(crate) struct World {
    root: tempfile::TempDir,
}

/// What a run came to; `Display` is what snapshots keep.
#[must_use]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            writeln!(f, "--- {name}")?;
            f.write_str(text)?;
        }
        write!(f, "--- exit code: {:?}", self.code)
    }
}

impl World {
    pub(crate) fn new() -> World {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("work")).unwrap();
        World { root }
    }

    /// The directory that the program is started in.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join("work").join(name)
    }

    pub(crate) fn imported(&self) -> PathBuf {
        self.root.path().join("data/goassay/vulndb.bin")
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// The committed sample, as `name`.
    pub(crate) fn sample(&self, name: &str) -> PathBuf {
        self.write(name, sample())
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_goassay"));
        command.args(args).env_clear().current_dir(self.path(""));
        command.env("HOME", self.root.path().join("home"));
        command
            .env("XDG_DATA_HOME", self.root.path().join("data"))
            .env("COLUMNS", "100");
        if let Some(root) = std::env::var_os("SYSTEMROOT") {
            command.env("SYSTEMROOT", root);
        }
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Outcome {
        self.outcome(&self.command(args).output().unwrap())
    }

    /// `scan` for the fixed day.
    pub(crate) fn scan(&self, args: &[&str]) -> Outcome {
        self.run(&[&["scan", "--as-of", AS_OF], args].concat())
    }

    pub(crate) fn run_with_stdin(&self, args: &[&str], stdin: &[u8]) -> Outcome {
        let mut command = self.command(args);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin).unwrap();
        self.outcome(&child.wait_with_output().unwrap())
    }

    pub(crate) fn outcome(&self, output: &Output) -> Outcome {
        let root = self.root.path().to_str().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(root, "[ROOT]");
        Outcome {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }
}

/// The committed sample binary.
pub(crate) fn sample() -> Vec<u8> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/bin");
    std::fs::read(fixtures.join("sample-linux-amd64")).unwrap()
}

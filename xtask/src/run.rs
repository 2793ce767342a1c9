//! Starting other programs, and the error type of all tasks: a sentence for the developer.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a task gives: its value, or a sentence that says what failed.
pub(crate) type Outcome<T = ()> = Result<T, String>;

/// Adds what was tried to an error.
pub(crate) trait Context<T> {
    /// `what: error`.
    fn context(self, what: impl Display) -> Outcome<T>;
}

impl<T, E: Display> Context<T> for Result<T, E> {
    fn context(self, what: impl Display) -> Outcome<T> {
        self.map_err(|e| format!("{what}: {e}"))
    }
}

/// Runs a program to its end and gives its standard output; fails with its standard error where it fails.
pub(crate) fn output(command: &mut Command) -> Outcome<Vec<u8>> {
    let shown = format!("{command:?}");
    let out = command.output().context(command.get_program().display())?;
    if out.status.success() {
        return Ok(out.stdout);
    }
    let tail: Vec<&str> = std::str::from_utf8(&out.stderr)
        .unwrap_or("")
        .lines()
        .rev()
        .take(8)
        .collect();
    let tail: Vec<&str> = tail.into_iter().rev().collect();
    Err(format!(
        "{}: {}\n  {}",
        out.status,
        shown,
        tail.join("\n  ")
    ))
}

/// As [`output`], as text.
pub(crate) fn text(command: &mut Command) -> Outcome<String> {
    String::from_utf8(output(command)?).context("output")
}

/// The folder of the workspace.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the workspace")
}

/// The folder for what tasks build and keep: `$GOASSAY_WORK`, or `target`.
pub(crate) fn work() -> PathBuf {
    std::env::var_os("GOASSAY_WORK").map_or_else(|| workspace().join("target"), PathBuf::from)
}

/// SHA-256 as hexadecimal text.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    goassay_binary::bytes::hexadecimal(&sha2::Sha256::digest(bytes))
}

/// Reads a file; the error names it.
pub(crate) fn read(path: &Path) -> Outcome<Vec<u8>> {
    std::fs::read(path).context(path.display())
}

/// Writes a file and the folders above it; the error names it.
pub(crate) fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Outcome {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).context(folder.display())?;
    }
    std::fs::write(path, bytes).context(path.display())
}

//! Making a pair, and asking `goassay diff` about it.

use super::programs::{Program, Source};
use super::table::Pair;
use crate::run::{Context, Outcome, output, text, work, write};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What scripts can call.
const FUNCTIONS: &str = "set -e
b() { go build -trimpath -buildvcs=false -o \"$OUT\" \"$@\" \"$PACKAGE\"; }
p() { go build -buildvcs=false -o \"$OUT\" \"$@\" \"$PACKAGE\"; }
v() { go build -trimpath -buildvcs=true -o \"$OUT\" \"$@\" \"$PACKAGE\"; }
";

/// The program under test, and the folder for what is built.
pub(super) struct Bench {
    goassay: PathBuf,
    folder: PathBuf,
}

/// What `diff` says of a pair.
pub(super) struct Named {
    /// Names of the causes in their order.
    pub(super) causes: Vec<String>,
    /// The first one in a sentence.
    pub(super) sentence: String,
}

impl Named {
    /// Whether the change is named first.
    pub(super) fn is_right(&self, pair: &Pair) -> bool {
        self.causes.first().is_some_and(|first| first == pair.cause)
    }
}

impl Bench {
    pub(super) fn new() -> Outcome<Bench> {
        let goassay = crate::matrix::ours::program();
        let folder = work().join("diffs");
        std::fs::create_dir_all(&folder).context(folder.display())?;
        Ok(Bench {
            goassay: std::fs::canonicalize(&goassay).context(goassay.display())?,
            folder: std::fs::canonicalize(&folder).context(folder.display())?,
        })
    }

    /// Builds both sides of a pair and compares them.
    pub(super) fn named(&self, pair: &Pair) -> Outcome<Named> {
        let folder = self.folder.join(pair.name);
        remove(&folder)?;
        let mut made = Vec::new();
        for (side, script) in ["a", "b"].into_iter().zip(pair.sides) {
            // The same path for both, so that nothing differs but what the script changes.
            let source = folder.join("src");
            remove(&source)?;
            place(pair.program, &source)?;
            let out = folder.join(side).join(pair.program.name);
            std::fs::create_dir_all(folder.join(side)).context(side)?;
            let mut shell = Command::new("sh");
            shell.arg("-c").arg(format!("{FUNCTIONS}{script}"));
            settle(&mut shell);
            shell.env("OUT", &out).env("PACKAGE", pair.program.package);
            output(shell.current_dir(&source))?;
            made.push(out);
        }
        let mut command = Command::new(&self.goassay);
        command.arg("diff").args(&made).arg("--json");
        let out = command.output().context("goassay diff")?;
        if out.status.code() != Some(1) {
            let said = String::from_utf8_lossy(&out.stderr);
            return Err(format!("goassay diff: {}, not 1: {said}", out.status));
        }
        let named = read(&out.stdout)?;
        remove(&folder.join("src"))?;
        Ok(named)
    }
}

fn read(document: &[u8]) -> Outcome<Named> {
    let document: Value = serde_json::from_slice(document).context("the document")?;
    let causes = document["pairs"][0]["causes"].as_array();
    let causes = causes.ok_or("the document has no causes")?;
    let word = |cause: &Value, key: &str| cause[key].as_str().unwrap_or_default().to_owned();
    Ok(Named {
        causes: causes.iter().map(|cause| word(cause, "kind")).collect(),
        sentence: causes
            .first()
            .map_or(String::new(), |cause| word(cause, "sentence")),
    })
}

/// Removes a folder; modules lie in it write-protected.
fn remove(folder: &Path) -> Outcome {
    if !folder.exists() {
        return Ok(());
    }
    output(Command::new("chmod").arg("-R").arg("u+w").arg(folder))?;
    std::fs::remove_dir_all(folder).context(folder.display())
}

/// Lays the source of a program into a folder.
fn place(program: &Program, folder: &Path) -> Outcome {
    match program.source {
        Source::Planted(files) => {
            for (name, contents) in files {
                write(&folder.join(name), contents)?;
            }
            for words in [
                &["init", "-q"][..],
                &["add", "."],
                &["commit", "-q", "-m", "all"],
            ] {
                let mut git = Command::new("git");
                settle(&mut git);
                output(git.args(words).current_dir(folder))?;
            }
            Ok(())
        }
        Source::Module(module) => {
            let mut go = crate::go::go();
            let said = text(go.args(["mod", "download", "-json", module]))?;
            let said: Value = serde_json::from_str(&said).context(module)?;
            let downloaded = said["Dir"].as_str().ok_or("no folder of the module")?;
            if let Some(parent) = folder.parent() {
                std::fs::create_dir_all(parent).context(parent.display())?;
            }
            output(Command::new("cp").arg("-r").arg(downloaded).arg(folder))?;
            output(Command::new("chmod").arg("-R").arg("u+w").arg(folder)).map(drop)
        }
    }
}

/// The settings of every command: nothing of the developer's, and commits that are the same every time.
fn settle(command: &mut Command) {
    command
        .env("GOENV", "off")
        .env("GOFLAGS", "")
        .env("GOWORK", "off")
        .env("GOTOOLCHAIN", "local")
        .env("CGO_ENABLED", "0")
        .env_remove("GOOS")
        .env_remove("GOARCH")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null");
    for who in ["AUTHOR", "COMMITTER"] {
        command
            .env(format!("GIT_{who}_NAME"), "Eve")
            .env(format!("GIT_{who}_EMAIL"), "eve@example.com")
            .env(format!("GIT_{who}_DATE"), "2026-01-02T03:04:05Z");
    }
    if std::env::var_os("GOCACHE").is_none() {
        command.env("GOCACHE", work().join("gocache"));
    }
}

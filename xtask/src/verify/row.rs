//! One program and what came of it.

use super::programs::Built;
use super::published::Published;
use crate::run::{Context, Outcome, read};
use goassay_binary::Binary;
use goassay_build::verify::{Claim, Origin};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

/// A program to be verified.
#[derive(Clone)]
pub(super) struct Subject {
    pub(super) name: String,
    /// The command that makes it, or gets it.
    pub(super) made: String,
    pub(super) program: PathBuf,
    /// Its path in the package.
    file: &'static str,
    /// What `--source` is told, or nothing.
    source: &'static str,
    pub(super) is_built_here: bool,
    /// It was built with `-ldflags`, as far as that is known.
    has_linker_flags: bool,
}

impl Subject {
    pub(super) fn of_built(built: &Built, program: PathBuf) -> Subject {
        Subject {
            name: built.name.to_owned(),
            made: built.shown(),
            program,
            file: built.name,
            source: "",
            is_built_here: true,
            has_linker_flags: built.flags.iter().any(|flag| flag.starts_with("-ldflags=")),
        }
    }

    pub(super) fn of_published(published: &Published, program: PathBuf) -> Subject {
        Subject {
            name: published.name(),
            made: published.shown(),
            program,
            file: published.file,
            source: published.source,
            is_built_here: false,
            has_linker_flags: false,
        }
    }

    /// The name of its document.
    pub(super) fn key(&self) -> String {
        format!("{} {}.json", self.name, self.file).replace('/', "-")
    }
}

/// What a program says of itself.
pub(super) struct About {
    pub(super) go: String,
    /// `-trimpath` and no `-ldflags`: if there were any, the build information lost them.
    hides_linker_flags: bool,
    /// Built by the Go project's toolchain from a version of a module, or from its unmodified files, without cgo.
    pub(super) is_public: bool,
}

impl About {
    fn of(subject: &Subject) -> Outcome<About> {
        let bytes = read(&subject.program)?;
        let binary = Binary::parse(&bytes).map_err(|_| "no Go binary".to_owned())?;
        let info = binary.build_info().map_err(|gap| gap.reason.clone())?;
        let is = |key: &str, value: &str| info.setting(key) == Some(value);
        let claim = Claim::of(&binary).ok();
        let is_clean = claim.as_ref().is_some_and(|claim| match claim.origin() {
            Origin::Published => true,
            Origin::Checkout { modified, .. } => !modified && !subject.source.is_empty(),
            Origin::Folder => false,
        });
        let vendor = info
            .settings
            .iter()
            .any(|(key, _)| key.starts_with("microsoft_"));
        Ok(About {
            go: info.go_version.to_owned(),
            hides_linker_flags: is("-trimpath", "true") && info.setting("-ldflags").is_none(),
            is_public: is_clean
                && is("CGO_ENABLED", "0")
                && !vendor
                && claim.is_some_and(|claim| claim.vendor.is_none()),
        })
    }
}

/// What came of one program.
pub(super) struct Row {
    pub(super) subject: Subject,
    pub(super) about: About,
    /// SHA-256 of the program of ours that verified it.
    pub(super) by: String,
    /// What it says of the file.
    file: Value,
    seconds: u64,
}

/// A row on disk.
#[derive(Serialize, Deserialize)]
struct Kept {
    by: String,
    file: Value,
    seconds: u64,
}

impl Row {
    pub(super) fn verified(subject: &Subject, by: &str) -> Outcome<Row> {
        let began = Instant::now();
        let mut command = Command::new(crate::matrix::ours::program());
        command.args(["verify", "--quiet", "--json"]);
        if !subject.source.is_empty() {
            command.args(["--source", subject.source]);
        }
        let out = command.arg(&subject.program).output().context("goassay")?;
        let document: Value =
            serde_json::from_slice(&out.stdout).context(String::from_utf8_lossy(&out.stderr))?;
        Row::of(
            subject,
            Kept {
                by: by.to_owned(),
                file: document["files"][0].clone(),
                seconds: began.elapsed().as_secs(),
            },
        )
    }

    pub(super) fn from_kept(subject: &Subject, kept: &[u8]) -> Outcome<Row> {
        Row::of(subject, serde_json::from_slice(kept).context("a document")?)
    }

    fn of(subject: &Subject, kept: Kept) -> Outcome<Row> {
        if kept.file["verdict"].as_str().is_none() {
            return Err(format!("{}: no verdict", subject.name));
        }
        Ok(Row {
            subject: subject.clone(),
            about: About::of(subject)?,
            by: kept.by,
            file: kept.file,
            seconds: kept.seconds,
        })
    }

    pub(super) fn to_keep(&self) -> Outcome<Vec<u8>> {
        let kept = Kept {
            by: self.by.clone(),
            file: self.file.clone(),
            seconds: self.seconds,
        };
        serde_json::to_vec(&kept).context("a document")
    }

    pub(super) fn verdict(&self) -> &str {
        self.file["verdict"].as_str().unwrap_or_default()
    }

    pub(super) fn builds(&self) -> usize {
        self.file["attempts"].as_array().map_or(0, Vec::len)
    }

    /// It had to be identical, and is not.
    pub(super) fn has_failed(&self) -> bool {
        self.subject.is_built_here && self.verdict() != "identical"
    }

    /// The build information lost `-ldflags`: those that we gave, or those that an attempt needed.
    pub(super) fn lost_linker_flags(&self) -> bool {
        let attempts = self.file["attempts"].as_array().into_iter().flatten();
        let is_linker = |word: &Value| word.as_str().is_some_and(|it| it.starts_with("-ldflags="));
        let mut needed = attempts
            .filter_map(|attempt| Some(attempt["arguments"].as_array()?.iter().any(is_linker)));
        self.about.hides_linker_flags && (self.subject.has_linker_flags || needed.any(|is| is))
    }

    /// What was found out besides what the file says, or why it is not identical.
    pub(super) fn found(&self) -> String {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let attempts = self.file["attempts"].as_array();
        let last = attempts.and_then(|attempts| attempts.last());
        match (self.verdict(), last) {
            ("identical" | "identical-after", Some(last)) => {
                let arguments = last["arguments"].as_array().into_iter().flatten().map(text);
                arguments.collect::<Vec<_>>().join(" ")
            }
            ("different", _) => text(&self.file["causes"][0]["what"]),
            _ => first_line(&text(&self.file["reason"])),
        }
    }

    /// For who waits.
    pub(super) fn line(&self) -> String {
        format!(
            "{:<28} {:<12} {:>2} builds {:>4} s  {}",
            self.subject.name,
            self.verdict(),
            self.builds(),
            self.seconds,
            self.found()
        )
    }
}

/// The first line, without addresses: which proxy said so is a matter of who asked.
fn first_line(reason: &str) -> String {
    let line = reason.lines().next().unwrap_or_default();
    let words = line.split(' ').map(|word| match word.contains("://") {
        true => "…",
        false => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::first_line;

    #[test]
    fn reasons_name_no_address() {
        assert_eq!(
            first_line("it cannot be had: cannot get https://proxy.example/m: status 404\nmore"),
            "it cannot be had: cannot get … status 404"
        );
    }
}

//! `cargo xtask verify [--only WORD]`: `goassay verify` on programs that another user built in another folder with many settings, and
//! on programs that somebody else published. Writes docs/verify-programs.md when all were tried.
//!
//! Needs Linux, root (the other user is nobody), Go, gcc, npm, a module proxy, and `target/release/goassay` or `$GOASSAY`.

mod builder;
mod programs;

use crate::run::{Context, Outcome, output, work, workspace, write};
use builder::Builder;
use programs::{BUILT, Built, PUBLISHED, Published};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

pub(crate) fn main(arguments: &[String]) -> Outcome {
    let only = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => "",
        ["--only", word] => word,
        _ => return Err("usage: verify [--only WORD]".to_owned()),
    };
    let folder = work().join("verify");
    std::fs::create_dir_all(&folder).context(folder.display())?;
    let folder = folder.canonicalize().context("the work folder")?;
    let builder = Builder::new(&folder)?;
    let mut rows = Vec::new();
    for built in BUILT.iter().filter(|built| built.name.contains(only)) {
        let program = builder.build(built)?;
        rows.push(Row::of(built.name, &built.shown(), &[], &program, true)?);
    }
    for published in PUBLISHED.iter().filter(|it| it.name().contains(only)) {
        let program = published.fetch(&folder)?;
        let source: Vec<&str> = published
            .source
            .iter()
            .flat_map(|source| ["--source", source])
            .collect();
        rows.push(Row::of(
            &published.name(),
            &published.shown(),
            &source,
            &program,
            false,
        )?);
    }
    if only.is_empty() {
        let page = page(&rows);
        write(&workspace().join("docs/verify-programs.md"), page)?;
    }
    let failed: Vec<&str> = rows
        .iter()
        .filter(|row| row.has_failed)
        .map(|row| row.name.as_str())
        .collect();
    match failed.is_empty() {
        true => Ok(()),
        false => Err(format!("not identical: {}", failed.join(", "))),
    }
}

/// What came of one program.
struct Row {
    name: String,
    made: String,
    verdict: String,
    builds: usize,
    found: String,
    /// It had to be identical, and is not.
    has_failed: bool,
}

impl Row {
    fn of(
        name: &str,
        made: &str,
        source: &[&str],
        program: &Path,
        wants_identical: bool,
    ) -> Outcome<Row> {
        let began = Instant::now();
        let mut command = Command::new(crate::matrix::ours::program());
        command
            .args(["verify", "--quiet", "--json"])
            .args(source)
            .arg(program);
        let out = command.output().context("goassay")?;
        let document: Value =
            serde_json::from_slice(&out.stdout).context(String::from_utf8_lossy(&out.stderr))?;
        let file = &document["files"][0];
        let verdict = file["verdict"].as_str().ok_or("no verdict")?.to_owned();
        let row = Row {
            name: name.to_owned(),
            made: made.to_owned(),
            builds: file["attempts"].as_array().map_or(0, Vec::len),
            found: found(file),
            has_failed: wants_identical && verdict != "identical",
            verdict,
        };
        println!(
            "{:<28} {:<12} {:>2} builds {:>4} s  {}",
            row.name,
            row.verdict,
            row.builds,
            began.elapsed().as_secs(),
            row.found
        );
        Ok(row)
    }
}

/// What was found out besides what the file says, or why it is not identical.
fn found(file: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let attempts = file["attempts"].as_array();
    let last = attempts.and_then(|attempts| attempts.last());
    match (file["verdict"].as_str(), last) {
        (Some("identical"), Some(last)) => {
            let arguments = last["arguments"].as_array().into_iter().flatten().map(text);
            arguments.collect::<Vec<_>>().join(" ")
        }
        (Some("different"), _) => text(&file["causes"][0]["what"]),
        _ => text(&file["reason"])
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned(),
    }
}

fn page(rows: &[Row]) -> String {
    let count = |verdict: &str| rows.iter().filter(|row| row.verdict == verdict).count();
    let mut page = format!(
        "# What `goassay verify` says of real programs\n\nWritten by `cargo xtask verify`. The first {} were built by another user (65534) in other folders, the others by who published them.\n\
         {} programs: {} identical, {} identical after normalisations, {} different, {} not checked.\n\n\
         | program | made by | verdict | builds | arguments of the build that is the same, or why there is none |\n| --- | --- | --- | --- | --- |\n",
        BUILT.len(),
        rows.len(),
        count("identical"),
        count("identical-after"),
        count("different"),
        count("not-checked"),
    );
    for row in rows {
        let cell = |text: &str| text.replace('|', "\\|");
        page.push_str(&format!(
            "| {} | `{}` | {} | {} | {} |\n",
            row.name,
            cell(&row.made),
            row.verdict,
            row.builds,
            cell(&row.found)
        ));
    }
    page
}

impl Built {
    fn shown(&self) -> String {
        let environment = self
            .environment
            .iter()
            .map(|(name, value)| format!("{name}={value} "));
        format!(
            "{}{} go install {} {}",
            environment.collect::<String>(),
            self.toolchain,
            self.flags.join(" "),
            self.package
        )
    }
}

impl Published {
    fn name(&self) -> String {
        format!("{}@{}", self.package, self.version)
    }

    fn shown(&self) -> String {
        format!("npm pack {}", self.name())
    }

    /// Gets the package and gives its program.
    fn fetch(&self, folder: &Path) -> Outcome<PathBuf> {
        let place = folder.join("published").join(self.name().replace('/', "-"));
        let program = place.join("package").join(self.file);
        if !program.exists() {
            std::fs::create_dir_all(&place).context(place.display())?;
            let mut pack = Command::new("npm");
            output(
                pack.args(["pack", "--silent", &self.name()])
                    .current_dir(&place),
            )?;
            let mut unpack = Command::new("sh");
            output(
                unpack
                    .args(["-c", "tar -xzf *.tgz && rm *.tgz"])
                    .current_dir(&place),
            )?;
        }
        Ok(program)
    }
}

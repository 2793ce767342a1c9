//! Hardening and debug information against readers that are not ours: `readelf` and, where it is there, checksec for ELF;
//! `xtask/go/headers` (Go's debug/pe and debug/macho, go-macho) for PE and Mach-O; `go tool buildid` for all.
//!
//! Field by field. A disagreement fails unless it is one of [`explained`], which look at facts again and not at names.

mod elf;
mod explained;
mod ours;
pub(super) mod programs;

use crate::go::{go, modinfo, own_program};
use crate::run::{Context, Outcome, read, text, work};
use goassay_binary::image::Format;
use programs::Program;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Name of a field to its value.
type Fields = BTreeMap<String, String>;

/// A field in which two readers differ.
struct Difference {
    peer: &'static str,
    program: String,
    field: String,
    ours: String,
    theirs: String,
    imports_nothing: bool,
}

/// What was compared and what came of it.
#[derive(Default)]
struct Result {
    compared: BTreeMap<&'static str, (usize, usize)>,
    differences: Vec<Difference>,
    rows: Vec<String>,
}

/// Compares the fixed part (fixtures, `CoreDNS`, Go's own programs) or, `full`, all programs.
pub(super) fn main(full: bool) -> Outcome {
    let folder = tempfile::tempdir().context("temporary folder")?;
    let mut programs = programs::fixed(folder.path())?;
    if full {
        programs.extend(programs::more()?);
    }
    let checksec = programs::checksec(full)?;
    let mut result = Result::default();
    let mut others = Vec::new();
    for program in &programs {
        let data = read(&program.path)?;
        let Some(reading) = ours::read(&data) else {
            continue;
        };
        result.rows.push(reading.row(program));
        result.compare(
            "go tool buildid",
            program,
            &reading.fields,
            build_id(program)?,
        );
        match reading.format {
            Format::Elf => {
                let theirs = elf::readelf(&program.path)?;
                result.compare("readelf", program, &reading.fields, theirs);
                if let Some(checksec) = &checksec {
                    let theirs = elf::checksec(checksec, &program.path)?;
                    result.compare(
                        "checksec",
                        program,
                        &ours::as_checksec(&reading.fields),
                        theirs,
                    );
                }
            }
            Format::Pe | Format::MachO => others.push((program, reading.fields)),
        }
    }
    let mut theirs = headers(others.iter().map(|(program, _)| program.path.as_path()))?;
    for (program, fields) in &others {
        let theirs = theirs.remove(&program.path);
        let theirs = theirs.ok_or_else(|| format!("{}: nothing was read", program.name))?;
        result.compare("debug/pe, debug/macho, go-macho", program, fields, theirs);
    }
    result.finish(full)
}

impl Result {
    /// Compares the fields that the other reader gives, which may be none.
    fn compare(&mut self, peer: &'static str, program: &Program, ours: &Fields, theirs: Fields) {
        let compared = self.compared.entry(peer).or_default();
        compared.0 += usize::from(!theirs.is_empty());
        compared.1 += theirs.len();
        let imports_nothing = ours.get("imports").is_none_or(String::is_empty);
        for (field, theirs) in theirs {
            let ours = ours
                .get(&field)
                .cloned()
                .unwrap_or_else(|| "(no such field)".to_owned());
            if ours != theirs {
                self.differences.push(Difference {
                    peer,
                    program: program.name.clone(),
                    field,
                    ours,
                    theirs,
                    imports_nothing,
                });
            }
        }
    }

    fn finish(self, full: bool) -> Outcome {
        for (peer, (files, fields)) in &self.compared {
            println!("  {peer}: {files} files, {fields} fields");
        }
        if full {
            let table = work().join("peers").join("hardening.md");
            crate::run::write(&table, self.rows.join("\n") + "\n")?;
            println!("  the facts of each program: {}", table.display());
        }
        let mut faults = Vec::new();
        for difference in &self.differences {
            let line = difference.line();
            match explained::why(difference) {
                Some(why) => println!("  explained: {line}: {why}"),
                None => faults.push(line),
            }
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faults.join("\n"))
        }
    }
}

impl Difference {
    fn line(&self) -> String {
        let short = |text: &str| text.chars().take(300).collect::<String>();
        format!(
            "  {}: {}: {:?}, by {} {:?}",
            self.program,
            self.field,
            short(&self.ours),
            self.peer,
            short(&self.theirs)
        )
    }
}

/// The Go build ID by Go's own reader; nothing of files in which it finds no place for one.
fn build_id(program: &Program) -> Outcome<Fields> {
    // It says nothing of packed programs, and of programs that are not Go's it says that in its own way.
    if modinfo(&program.path).ok().flatten().is_none() {
        return Ok(Fields::new());
    }
    let id = text(go().args(["tool", "buildid"]).arg(&program.path))?;
    Ok(Fields::from([(
        "go_build_id".to_owned(),
        id.trim().to_owned(),
    )]))
}

/// What the reader in Go says of each file.
fn headers<'p>(files: impl Iterator<Item = &'p Path>) -> Outcome<BTreeMap<PathBuf, Fields>> {
    let tool = own_program("xtask/go/headers")?;
    let shown = text(Command::new(&tool).args(files))?;
    serde_json::from_str(&shown).context("the reader in Go")
}

//! `goassay audit` over programs that were not made for it, against docs/audit-corpus.md: each rule that fails or is unknown
//! there has to be explained, and, over all programs, the table has to be the one of the document.
//!
//! Judged for one day and with the embedded database, so that the table changes when rules do. Packages of Debian change
//! as well: a table that differs is written beside the other results, to be looked at.

use super::hardening::programs::{self, Program};
use crate::matrix::ours::program;
use crate::run::{Context, Outcome, read, work, workspace, write};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::process::Command;

/// The day that is judged for.
const DAY: &str = "2026-11-22";
const DOCUMENT: &str = "docs/audit-corpus.md";

#[derive(Deserialize)]
struct Document {
    rules: Vec<Rule>,
    targets: Vec<Target>,
    failures: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Rule {
    id: String,
}

#[derive(Deserialize)]
struct Target {
    path: String,
    verdicts: Vec<Verdict>,
}

#[derive(Deserialize)]
struct Verdict {
    rule: String,
    verdict: String,
}

/// How many files of which kind got which verdict of a rule.
#[derive(Default)]
struct Row {
    verdicts: BTreeMap<String, usize>,
    failing: BTreeMap<&'static str, usize>,
}

/// Audits the programs that are always there, or, `full`, all.
pub(super) fn main(full: bool) -> Outcome {
    let programs = programs::not_made_for_this(full)?;
    let document = audit(&programs)?;
    if !document.failures.is_empty() || document.targets.len() != programs.len() {
        return Err("not all programs were audited".to_owned());
    }
    let explained = String::from_utf8(read(&workspace().join(DOCUMENT))?).context(DOCUMENT)?;
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for program in &programs {
        *kinds.entry(kind(&program.name)).or_default() += 1;
    }
    let rows = rows(&document, &programs)?;
    let faults: Vec<String> = rows
        .iter()
        .filter(|(id, row)| row.asks() && !explained.contains(&format!("\n**{id}** ")))
        .map(|(id, _)| format!("  {id} is not explained in {DOCUMENT}"))
        .collect();
    if !faults.is_empty() {
        return Err(faults.join("\n"));
    }
    let table = table(&rows, &kinds);
    if full && !explained.contains(&table) {
        let file = work().join("peers/audit-corpus.md");
        write(&file, &table)?;
        return Err(format!(
            "the table of {DOCUMENT} is not the one in {}",
            file.display()
        ));
    }
    println!("  {} programs, {} rules", programs.len(), rows.len());
    Ok(())
}

/// Runs the program under test in a folder without configuration.
fn audit(programs: &[Program]) -> Outcome<Document> {
    let folder = tempfile::tempdir().context("temporary folder")?;
    let goassay = program();
    let goassay = std::path::absolute(&goassay).context(goassay.display())?;
    let mut command = Command::new(&goassay);
    command
        .args(["audit", "--json", "--no-progress", "--as-of", DAY])
        .args(programs.iter().map(|program| &program.path))
        // Where an imported database would lie.
        .env("XDG_DATA_HOME", folder.path())
        .current_dir(folder.path());
    let out = command.output().context(goassay.display())?;
    serde_json::from_slice(&out.stdout).context("the document of goassay audit")
}

fn rows(document: &Document, programs: &[Program]) -> Outcome<Vec<(String, Row)>> {
    let names: BTreeMap<&str, &str> = programs
        .iter()
        .filter_map(|p| Some((p.path.to_str()?, p.name.as_str())))
        .collect();
    let mut found: BTreeMap<&str, Row> = BTreeMap::new();
    for target in &document.targets {
        let name = names.get(target.path.as_str());
        let name = name.ok_or_else(|| format!("{} was not asked for", target.path))?;
        for verdict in &target.verdicts {
            let row = found.entry(&verdict.rule).or_default();
            *row.verdicts.entry(verdict.verdict.clone()).or_default() += 1;
            if verdict.verdict == "fail" {
                *row.failing.entry(kind(name)).or_default() += 1;
            }
        }
    }
    let in_order = document.rules.iter().map(|rule| rule.id.clone());
    Ok(in_order
        .map(|id| {
            let row = found.remove(id.as_str()).unwrap_or_default();
            (id, row)
        })
        .collect())
}

/// Which kind of program a name is one of.
fn kind(name: &str) -> &'static str {
    match name {
        _ if name.starts_with("Debian ") => "Debian",
        _ if name.starts_with("Go ") => "Go 1.26",
        _ if name.starts_with("linux/") => "s390x",
        _ if name.contains("windows") => "Windows",
        _ if name.contains("darwin") => "macOS",
        _ if name.ends_with("-s-w") => "public, stripped",
        _ => "public",
    }
}

impl Row {
    fn count(&self, verdict: &str) -> usize {
        self.verdicts.get(verdict).copied().unwrap_or_default()
    }

    /// Whether a reader of the table asks why.
    fn asks(&self) -> bool {
        self.count("fail") + self.count("unknown") > 0
    }
}

fn table(rows: &[(String, Row)], kinds: &BTreeMap<&str, usize>) -> String {
    let mut lines = vec![
        "| rule | fail | pass | not applicable | unknown | which fail |".to_owned(),
        "| --- | --: | --: | --: | --: | --- |".to_owned(),
    ];
    for (id, row) in rows {
        let which = row.failing.iter().map(|(kind, count)| {
            let all = kinds.get(kind).copied().unwrap_or_default();
            format!("{kind} {count} of {all}")
        });
        lines.push(format!(
            "| {id} | {} | {} | {} | {} | {} |",
            row.count("fail"),
            row.count("pass"),
            row.count("not-applicable"),
            row.count("unknown"),
            which.collect::<Vec<_>>().join("; ")
        ));
    }
    lines.join("\n") + "\n"
}

//! `cargo xtask matrix`: goassay and govulncheck on the same programs, over Go versions, platforms and kinds of files.
//!
//! A row passes when our findings contain those of the reference on the unstripped twin, when each of ours that it
//! does not have has a checked reason ([`mod@compare`]), when all variants (stripped, without DWARF, edited) give the same set,
//! and when the stream that reads like govulncheck's names the same symbols as the document. What was built is
//! kept below `target/matrix`, and so is the outcome of each row until program, database or this task change.
//!
//! What a pass does not mean: places, versions and suppressions are not compared, and rows of real programs are on
//! linux/amd64 only.

mod compare;
mod make;
mod name;
pub(crate) mod ours;
mod rows;

use crate::reference::{self, Extract, Findings, Triple};
use crate::run::{Context, Outcome, read, sha256, work, write};
use compare::{Comparison, Reference, compare};
use rows::{Row, Want};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const WORKERS: usize = 2;

/// What a row came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Outline {
    /// Symbols that the reference finds.
    reference: usize,
    /// Symbols that we find in the first variant.
    ours: usize,
    comparison: Comparison,
    /// What is wrong beside the comparison.
    faults: Vec<String>,
    /// What a reader of the table should know.
    note: String,
}

impl Outline {
    fn passed(&self) -> bool {
        self.comparison.is_good() && self.faults.is_empty()
    }
}

/// Entry point of the task.
pub(crate) fn main(args: &[String]) -> Outcome {
    if let Some((flag, args)) = args.split_first()
        && flag == "--prepare"
    {
        return prepare(&selected(args)?);
    }
    let rows = selected(args)?;
    let database = reference::database()?;
    let world = world(&database)?;
    let outlines = over(&rows, |row| {
        cached(row, &world, || evaluate(row, &database))
    });
    print!("{}", table(&rows, &outlines));
    verdict(&outlines, Outline::passed)
}

/// Builds everything and asks the reference, so that comparing goes fast later.
fn prepare(rows: &[Row]) -> Outcome {
    let database = reference::database()?;
    let outcomes = over(rows, |row| {
        for variant in &row.variants {
            make::variant(row, variant)?;
        }
        match row.want {
            Want::Gap(_) => Ok(()),
            Want::Findings => look(row, &database, &mut Outline::default()).map(drop),
        }
    });
    for (row, outcome) in rows.iter().zip(&outcomes) {
        if let Err(e) = outcome {
            println!("{}: {e}", row.name);
        }
    }
    verdict(&outcomes, |()| true)
}

/// Counts, for people and for the exit code.
fn verdict<T>(outcomes: &[Outcome<T>], passed: fn(&T) -> bool) -> Outcome {
    let good = outcomes
        .iter()
        .filter(|o| o.as_ref().is_ok_and(passed))
        .count();
    let failed = outcomes.len() - good;
    println!("\n{good} passed, {failed} failed");
    if failed > 0 {
        return Err(format!("{failed} rows failed"));
    }
    Ok(())
}

fn selected(args: &[String]) -> Outcome<Vec<Row>> {
    let all = rows::all();
    let rows: Vec<Row> = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] | ["--full"] => all,
        ["--fixed"] => all.into_iter().filter(|r| r.fixed).collect(),
        ["--row", filter] => all
            .into_iter()
            .filter(|r| r.name.contains(filter))
            .collect(),
        _ => return Err("usage: matrix [--prepare] [--fixed | --full | --row FILTER]".to_owned()),
    };
    if rows.is_empty() {
        Err("no row has such a name".to_owned())
    } else {
        Ok(rows)
    }
}

/// Everything beside the row itself that its outcome depends on.
fn world(database: &Path) -> Outcome<String> {
    let program = sha256(&read(&ours::program())?);
    let task = std::env::current_exe().context("own path")?;
    Ok(format!(
        "{program} {} {}",
        sha256(&read(&task)?),
        database.display()
    ))
}

/// Does something for each row, two at a time, and tells how far it is.
fn over<T: Send>(rows: &[Row], work: impl Fn(&Row) -> Outcome<T> + Sync) -> Vec<Outcome<T>> {
    let next = AtomicUsize::new(0);
    let outcomes: Vec<Mutex<Option<Outcome<T>>>> = rows.iter().map(|_| Mutex::new(None)).collect();
    let worker = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(row) = rows.get(index) else { return };
            let start = Instant::now();
            let outcome = work(row);
            let word = if outcome.is_ok() { "done" } else { "failed" };
            eprintln!(
                "[{}/{}] {} {word} ({:.1?})",
                index + 1,
                rows.len(),
                row.name,
                start.elapsed()
            );
            if let Ok(mut slot) = outcomes[index].lock() {
                *slot = Some(outcome);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(worker);
        }
    });
    let not_run = || Err("not run".to_owned());
    outcomes
        .into_iter()
        .map(|o| o.into_inner().ok().flatten().unwrap_or_else(not_run))
        .collect()
}

/// The outcome kept from an earlier run with the same inputs, or a new one. Only passes are kept.
fn cached(row: &Row, world: &str, evaluate: impl FnOnce() -> Outcome<Outline>) -> Outcome<Outline> {
    #[derive(Serialize, Deserialize)]
    struct Kept {
        key: String,
        outline: Outline,
    }
    let key = sha256(format!("{row:?} {world}").as_bytes());
    let path = work()
        .join("matrix/results")
        .join(row.name.replace('/', "_"))
        .with_added_extension("json");
    let kept = std::fs::read(&path)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
    if let Some(kept) = kept.filter(|k| k.key == key) {
        return Ok(kept.outline);
    }
    let outline = evaluate()?;
    if outline.passed() {
        let kept = Kept {
            key,
            outline: outline.clone(),
        };
        write(&path, serde_json::to_vec(&kept).context("outcome")?)?;
    }
    Ok(outline)
}

fn evaluate(row: &Row, database: &Path) -> Outcome<Outline> {
    match row.want {
        Want::Gap(word) => evaluate_gap(row, word, database),
        Want::Findings => evaluate_findings(row, database),
    }
}

fn evaluate_gap(row: &Row, word: &str, database: &Path) -> Outcome<Outline> {
    let mut outline = Outline {
        note: format!("has to be a gap that names {word}"),
        ..Outline::default()
    };
    for variant in &row.variants {
        let scan = ours::scan(&make::variant(row, variant)?, database)?;
        if scan.code != Some(2) || !scan.gaps.iter().any(|g| g.contains(word)) {
            outline.faults.push(format!(
                "{}: exit code {:?}, gaps {:?}",
                variant.label, scan.code, scan.gaps
            ));
        }
    }
    Ok(outline)
}

fn evaluate_findings(row: &Row, database: &Path) -> Outcome<Outline> {
    let mut outline = Outline::default();
    let reference = look(row, database, &mut outline)?;
    let mut first: Option<ours::Scan> = None;
    for variant in &row.variants {
        let file = make::variant(row, variant)?;
        let scan = ours::scan(&file, database)?;
        let gaps = scan
            .gaps
            .iter()
            .map(|g| format!("{}: gap: {g}", variant.label));
        outline.faults.extend(gaps);
        let Some(first) = &first else {
            outline.ours = scan.symbols.len();
            outline.comparison = compare(&scan.symbols, &reference);
            let faults = stream_faults(&file, &scan.symbols, database)?;
            outline.faults.extend(faults);
            first = Some(scan);
            continue;
        };
        if (&first.symbols, &first.findings) != (&scan.symbols, &scan.findings) {
            let symbols = first.symbols.symmetric_difference(&scan.symbols).count();
            let findings = first.findings.symmetric_difference(&scan.findings).count();
            outline.faults.push(format!(
                "{}: {symbols} symbols and {findings} findings differ from {}",
                variant.label, row.variants[0].label
            ));
        }
    }
    Ok(outline)
}

/// What the reference says about the twins of a row, together.
fn look(row: &Row, database: &Path, outline: &mut Outline) -> Outcome<Reference> {
    let mut all = Reference::default();
    for (twin, instead) in make::twins(row)? {
        let (mut findings, mut extract) = ask(&twin, database).unwrap_or_default();
        if extract.symbols.is_empty() {
            let instead = instead
                .ok_or_else(|| format!("govulncheck finds no functions in {}", twin.display()))?;
            outline.note = format!(
                "it is blind here; it read the {} twin",
                row.read_instead.unwrap_or_default()
            );
            (findings, extract) = ask(&instead, database)?;
        }
        all.findings.extend(findings.symbols);
        all.extract.extend(extract.symbols);
        for (path, effective) in extract.modules {
            if findings.advised.contains(&effective) {
                all.known_modules.insert(path.clone());
            }
            all.modules.insert(path);
        }
    }
    outline.reference = all.findings.len();
    Ok(all)
}

/// The reference's answer, kept by the file's name: what is built is never built otherwise under the same name.
fn ask(twin: &Path, database: &Path) -> Outcome<(Findings, Extract)> {
    let form = "findings with cut names";
    let key = sha256(format!("{} {} {form}", twin.display(), database.display()).as_bytes());
    let path: PathBuf = work()
        .join("matrix/reference")
        .join(key)
        .with_extension("json");
    if let Some(kept) = std::fs::read(&path)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
    {
        return Ok(kept);
    }
    let answer = (reference::scan(twin, database)?, reference::extract(twin)?);
    write(&path, serde_json::to_vec(&answer).context("answer")?)?;
    Ok(answer)
}

/// The stream names whole packages by `*` where an advisory names no symbols; all else must be in the document too.
fn stream_faults(file: &Path, symbols: &BTreeSet<Triple>, database: &Path) -> Outcome<Vec<String>> {
    let stream: BTreeSet<Triple> = ours::stream(file, database)?
        .symbols
        .into_iter()
        .filter(|t| t.symbol != "*")
        .collect();
    let only = |a: &BTreeSet<Triple>, b: &BTreeSet<Triple>| a.difference(b).next().cloned();
    let mut faults = Vec::new();
    if let Some(triple) = only(&stream, symbols) {
        faults.push(format!("only in the stream: {triple:?}"));
    }
    if let Some(triple) = only(symbols, &stream) {
        faults.push(format!("not in the stream: {triple:?}"));
    }
    Ok(faults)
}

fn table(rows: &[Row], outlines: &[Outcome<Outline>]) -> String {
    let mut out = format!(
        "{:<34} {:>6} {:>6} {:>6}  {:<8} differences\n",
        "row", "theirs", "ours", "shared", "verdict"
    );
    for (row, outline) in rows.iter().zip(outlines) {
        out += &match outline {
            Ok(outline) => line(row, outline),
            Err(e) => format!("{:<34} FAILED: {e}\n", row.name),
        };
    }
    out
}

fn line(row: &Row, outline: &Outline) -> String {
    let classes: Vec<String> = outline
        .comparison
        .explained
        .iter()
        .map(|(class, n)| format!("{n} {}", class.name()))
        .collect();
    let verdict = if outline.passed() { "ok" } else { "FAILED" };
    let note = if outline.note.is_empty() {
        String::new()
    } else {
        format!(" ({})", outline.note)
    };
    let mut out = format!(
        "{:<34} {:>6} {:>6} {:>6}  {verdict:<8} {}{note}\n",
        row.name,
        outline.reference,
        outline.ours,
        outline.comparison.shared,
        classes.join(", ")
    );
    let lists = [
        ("missing", &outline.comparison.missing),
        ("unexplained", &outline.comparison.unexplained),
        ("fault", &outline.faults),
    ];
    for (label, list) in lists {
        for item in list.iter().take(10) {
            out += &format!("    {label}: {item}\n");
        }
        if list.len() > 10 {
            out += &format!("    {label}: and {} more\n", list.len() - 10);
        }
    }
    out
}

/// CoreDNS with and without its symbol table, for measurements.
pub(crate) fn coredns() -> Outcome<(PathBuf, PathBuf)> {
    let row = rows::all()
        .into_iter()
        .find(|r| r.name == "coredns")
        .ok_or("no row is named coredns")?;
    let [plain, stripped] = &row.variants[..] else {
        return Err("coredns has two variants".to_owned());
    };
    Ok((make::variant(&row, plain)?, make::variant(&row, stripped)?))
}

/// All variants of the programs that were not made for this, built where they are not yet there.
pub(crate) fn real_programs() -> Outcome<Vec<PathBuf>> {
    let rows = rows::all().into_iter();
    let real = rows.filter(|row| matches!(row.program, rows::Program::Package(_)));
    let mut files = Vec::new();
    for row in real.filter(|row| row.name != "coredns") {
        for variant in &row.variants {
            files.push(make::variant(&row, variant)?);
        }
    }
    Ok(files)
}

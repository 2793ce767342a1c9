//! `goassay toolchain ledger …`: ledgers as files, shown, checked and merged.

use crate::args::toolchain as typed;
use crate::failure::{EXIT_OK, Failure, Kind};
use crate::output::{self, Terminal};
use goassay_build::ledger::{Entry, Ledger, Line};
use goassay_build::signing::Key;
use serde::Serialize;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

/// Largest ledger.
const MAX_BYTES: u64 = 256 << 20;
/// Exit code when entries contradict each other.
const EXIT_DIFFERENT: u8 = 1;

pub(super) fn run(command: &typed::Ledger, terminal: &Terminal) -> Result<u8, Failure> {
    match command {
        typed::Ledger::Show(args) => show(args),
        typed::Ledger::Check(args) => check(args),
        typed::Ledger::Merge(args) => merge(args, terminal),
    }
}

/// Reads a ledger and checks it.
pub(super) fn read(path: &Path) -> Result<Ledger, Failure> {
    let file = File::open(path);
    let file = file.map_err(|error| Failure::file(Kind::Input, "read", path, &error))?;
    parse(file, path)
}

fn parse(file: impl Read, path: &Path) -> Result<Ledger, Failure> {
    let mut text = String::new();
    file.take(MAX_BYTES)
        .read_to_string(&mut text)
        .map_err(|error| Failure::file(Kind::Input, "read", path, &error))?;
    Ledger::parse(&text).map_err(|error| {
        let message = format!("{} is no whole ledger", path.display());
        Failure::new(Kind::Security, message)
            .because(&error)
            .hint("take the copy of somebody who has it whole: what follows a changed line proves nothing")
    })
}

/// Adds entries to a ledger file, which is checked first and need not be there yet. Only ever adds at its end.
pub(super) fn add(path: &Path, entries: Vec<Entry>, key: Option<&Key>) -> Result<(), Failure> {
    let failed = |error: &io::Error| Failure::file(Kind::Output, "write", path, error);
    let mut options = File::options();
    let mut file = options
        .read(true)
        .append(true)
        .create(true)
        .open(path)
        .map_err(|error| failed(&error))?;
    // One at a time: each line has the hash of the one before it.
    file.lock().map_err(|error| failed(&error))?;
    let mut ledger = parse(&file, path)?;
    let lines: String = entries
        .into_iter()
        .map(|entry| ledger.add(entry, key))
        .collect();
    file.seek(io::SeekFrom::End(0))
        .and_then(|_| file.write_all(lines.as_bytes()))
        .and_then(|()| file.sync_all())
        .map_err(|error| failed(&error))
}

#[derive(Serialize)]
struct Document<'l> {
    schema: &'static str,
    head: &'l str,
    entries: usize,
    signed: usize,
    disagreements: Vec<String>,
    lines: &'l [Line],
}

fn document(ledger: &Ledger) -> Result<String, Failure> {
    let document = Document {
        schema: "goassay-ledger-contents/1",
        head: ledger.head(),
        entries: ledger.lines().len(),
        signed: signed(ledger),
        disagreements: ledger.disagreements(),
        lines: ledger.lines(),
    };
    serde_json::to_string_pretty(&document)
        .map(|text| text + "\n")
        .map_err(|error| {
            Failure::new(Kind::Internal, "the document cannot be written").because(&error)
        })
}

fn signed(ledger: &Ledger) -> usize {
    let lines = ledger.lines().iter();
    lines.filter(|line| line.signature.is_some()).count()
}

fn line(line: &Line) -> String {
    let entry = &line.entry;
    let by = match &line.signature {
        Some(signature) => format!("signed by {}", signature.key),
        None => "not signed".to_owned(),
    };
    output::printable(&format!(
        "{}  {:<4}  go{} for {}, built on {}, {by}",
        entry.date, entry.verdict, entry.version, entry.platform, entry.host
    )) + "\n"
}

fn show(args: &typed::LedgerFile) -> Result<u8, Failure> {
    let ledger = read(&args.file)?;
    let text = if args.format.is_json() {
        document(&ledger)?
    } else {
        let lines: String = ledger.lines().iter().map(line).collect();
        format!("{lines}head {}\n", ledger.head())
    };
    output::to_stdout(text.as_bytes())?;
    Ok(EXIT_OK)
}

fn check(args: &typed::LedgerCheck) -> Result<u8, Failure> {
    let typed::LedgerFile { file, format } = &args.file;
    let ledger = read(file)?;
    if let Some(head) = args.head.as_ref().filter(|head| !ledger.had_head(head)) {
        return Err(Failure::new(
            Kind::Security,
            format!("{} never had the head {head}", file.display()),
        )
        .cause("its end is missing, or it is another ledger")
        .hint("take the copy of somebody who has it whole"));
    }
    let disagreements = ledger.disagreements();
    let text = if format.is_json() {
        document(&ledger)?
    } else {
        let lines: String = disagreements
            .iter()
            .map(|d| output::printable(d) + "\n")
            .collect();
        format!(
            "{lines}{} entries, {} signed, {}; head {}\n",
            ledger.lines().len(),
            signed(&ledger),
            agreement(&disagreements),
            ledger.head()
        )
    };
    output::to_stdout(text.as_bytes())?;
    Ok(code(&disagreements))
}

fn agreement(disagreements: &[String]) -> String {
    match disagreements.len() {
        0 => "all agree".to_owned(),
        count => format!("{count} disagreements"),
    }
}

fn code(disagreements: &[String]) -> u8 {
    if disagreements.is_empty() {
        EXIT_OK
    } else {
        EXIT_DIFFERENT
    }
}

fn merge(args: &typed::LedgerMerge, terminal: &Terminal) -> Result<u8, Failure> {
    let mut merged = Ledger::default();
    for path in &args.files {
        merged = merged.merged(&read(path)?);
    }
    let text = merged.text();
    match &args.output {
        Some(path) => output::to_file(path, |out| out.write_all(text.as_bytes()))
            .map_err(|error| Failure::file(Kind::Output, "write", path, &error))?,
        None => output::to_stdout(text.as_bytes())?,
    }
    let disagreements = merged.disagreements();
    for disagreement in &disagreements {
        terminal.warn(disagreement);
    }
    terminal.say(&format!(
        "{} entries, {}",
        merged.lines().len(),
        agreement(&disagreements)
    ));
    Ok(code(&disagreements))
}

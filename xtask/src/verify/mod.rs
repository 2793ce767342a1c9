//! `cargo xtask verify [--only WORD | --resume]`: `goassay verify` on programs that another user built in another folder with many
//! settings, and on programs that somebody else published. Writes docs/verify-programs.md when all were tried.
//!
//! Each document is kept in the work folder; `--resume` takes those that are there, and the page says how many other programs of ours wrote them.
//!
//! Needs Linux, root (the other user is nobody), Go, gcc, npm, pip, apt-get, dpkg-deb, a module proxy, and `target/release/goassay` or
//! `$GOASSAY`.

mod builder;
mod overhead;
mod page;
mod programs;
mod published;
mod row;
mod trouble;

use crate::run::{Context, Outcome, read, sha256, work, workspace, write};
use builder::Builder;
use programs::BUILT;
use published::PUBLISHED;
use row::{Row, Subject};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A case that is no row of the page: its name, and what it does with a folder.
type Case = (&'static str, fn(&Path) -> Outcome<String>);

const CASES: [Case; 2] = [("trouble", trouble::run), ("overhead", overhead::run)];

pub(crate) fn main(arguments: &[String]) -> Outcome {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (only, resume) = match words[..] {
        [] => ("", false),
        ["--resume"] => ("", true),
        ["--only", word] => (word, false),
        _ => return Err("usage: verify [--only WORD | --resume]".to_owned()),
    };
    let folder = work().join("verify");
    std::fs::create_dir_all(&folder).context(folder.display())?;
    let folder = folder.canonicalize().context("the work folder")?;
    let verifier = Verifier {
        program: sha256(&read(&crate::matrix::ours::program())?),
        documents: folder.join("documents"),
        resume,
    };
    let builder = Builder::new(&folder)?;
    let mut rows = Vec::new();
    for built in BUILT.iter().filter(|built| built.name.contains(only)) {
        let subject = Subject::of_built(built, builder.build(built)?);
        rows.push(verifier.row(&subject)?);
    }
    for published in PUBLISHED.iter().filter(|it| it.shown().contains(only)) {
        let subject = Subject::of_published(published, published.fetch(&folder)?);
        rows.push(verifier.row(&subject)?);
    }
    if only.is_empty() {
        let page = page::page(&rows, &verifier.program);
        write(&workspace().join("docs/verify-programs.md"), page)?;
    }
    let rows = rows.iter().filter(|row| row.has_failed());
    let failed: Vec<&str> = cases(&folder, only)
        .into_iter()
        .chain(rows.map(|row| row.subject.name.as_str()))
        .collect();
    match failed.is_empty() {
        true => Ok(()),
        false => Err(format!("not as it has to be: {}", failed.join(", "))),
    }
}

/// The names of the cases that fail.
fn cases(folder: &Path, only: &str) -> Vec<&'static str> {
    let mut failed = Vec::new();
    for (name, run) in CASES.iter().filter(|(name, _)| name.contains(only)) {
        let began = Instant::now();
        let outcome = run(folder);
        let (word, said) = match &outcome {
            Ok(said) => ("ok", said),
            Err(why) => ("FAIL", why),
        };
        let seconds = began.elapsed().as_secs();
        println!("{name:<28} {word:<12} {seconds:>4} s  {said}");
        failed.extend(outcome.is_err().then_some(*name));
    }
    failed
}

/// What verifies, and what it found before.
struct Verifier {
    /// SHA-256 of our program.
    program: String,
    documents: PathBuf,
    /// Documents that are there are taken.
    resume: bool,
}

impl Verifier {
    fn row(&self, subject: &Subject) -> Outcome<Row> {
        let kept = self.documents.join(subject.key());
        let row = match self.resume && kept.exists() {
            true => Row::from_kept(subject, &read(&kept)?)?,
            false => {
                let kind = Row::verified(subject, &self.program)?;
                write(&kept, kind.to_keep()?)?;
                kind
            }
        };
        println!("{}", row.line());
        Ok(row)
    }
}

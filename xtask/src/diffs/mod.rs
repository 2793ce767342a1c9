//! `cargo xtask diffs [--fixed | --later | --only WORD]`: pairs of programs that differ by exactly one known change, and whether `goassay diff` names
//! it first.
//!
//! Needs linux/amd64, `target/release/goassay` (or `$GOASSAY`), Go 1.26, git, binutils, gcc and, but for the fixed part, gcc-11, openssl,
//! osslsigncode and a module proxy. What is built is kept below `$GOASSAY_WORK/diffs` until the next run of the pair. The whole run
//! writes the table of docs/diff-causes.md.

mod page;
mod programs;
mod run;
mod table;

use crate::pairs::each;
use crate::run::Outcome;
use run::{Bench, Named};
use table::{PAIRS, Pair};

pub(crate) fn main(arguments: &[String]) -> Outcome {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (fixed, only) = match words[..] {
        [] => (false, ""),
        ["--fixed"] => (true, ""),
        ["--only", word] => (false, word),
        ["--later"] => (false, LATER),
        _ => return Err("usage: diffs [--fixed | --later | --only WORD]".to_owned()),
    };
    let bench = Bench::new()?;
    let wanted = |pair: &&Pair| (pair.fixed || !fixed) && asked(pair, only);
    let pairs: Vec<&Pair> = PAIRS.iter().filter(wanted).collect();
    let results = each(&pairs, |pair| (*pair, bench.named(pair)));
    let mut wrong = Vec::new();
    for (pair, result) in &results {
        let right = result.as_ref().is_ok_and(|named| named.is_right(pair));
        println!("{}", page::line(pair, result));
        if !right {
            wrong.push(pair.name);
        }
    }
    let (all, right) = (results.len(), results.len() - wrong.len());
    println!("{right} of {all} pairs: the cause is named first");
    if !fixed && only.is_empty() {
        println!("docs/diff-causes.md: {}", page::update(&results)?);
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(format!("not named first: {}", wrong.join(", "))),
    }
}

/// Stands for the pairs that were made after `diff` was finished.
const LATER: &str = "--later";

fn asked(pair: &Pair, only: &str) -> bool {
    match only {
        LATER => pair.later,
        word => pair.name.contains(word),
    }
}

/// A pair with what came of it.
type Result<'p> = (&'p Pair, Outcome<Named>);

//! The table: a line for the terminal, a row of docs/diff-causes.md.

use super::Result;
use super::run::Named;
use super::table::Pair;
use crate::builds::page;
use crate::run::Outcome;

/// What came of a pair, in a line.
pub(super) fn line(pair: &Pair, result: &Outcome<Named>) -> String {
    let (word, said) = match result {
        Ok(named) if named.is_right(pair) => ("ok", named.sentence.clone()),
        Ok(named) => (
            "WRONG",
            format!("{} and not {}", named.causes.join(", "), pair.cause),
        ),
        Err(why) => ("FAIL", why.clone()),
    };
    format!("{:<20} {word:<5} {said}", pair.name)
}

/// Writes the table into the page.
pub(super) fn update(results: &[Result<'_>]) -> Outcome<&'static str> {
    let right =
        |(pair, result): &&Result<'_>| result.as_ref().is_ok_and(|named| named.is_right(pair));
    let count = results.iter().filter(right).count();
    let mut table = format!(
        "{count} of {} pairs: the cause is named first.\n\n| pair | program | what was changed | first cause | right | others |\n| --- | --- | --- | --- | --- | --- |\n",
        results.len()
    );
    for (pair, result) in results {
        table.push_str(&row(pair, result));
    }
    page::update("docs/diff-causes.md", "diffs", &table)
}

fn row(pair: &Pair, result: &Outcome<Named>) -> String {
    let later = if pair.later { "\\*" } else { "" };
    let (first, right, others) = match result {
        Ok(named) => {
            let mut causes = named.causes.iter().map(String::as_str);
            let first = causes.next().unwrap_or_default().to_owned();
            let right = if named.is_right(pair) {
                "yes"
            } else {
                "**no**"
            };
            (first, right, causes.collect::<Vec<_>>().join(", "))
        }
        Err(_) => ("not built".to_owned(), "**no**", String::new()),
    };
    let change = pair.change.replace('|', "\\|");
    let (name, program) = (pair.name, pair.program.name);
    format!("| {name}{later} | {program} | {change} | {first} | {right} | {others} |\n")
}

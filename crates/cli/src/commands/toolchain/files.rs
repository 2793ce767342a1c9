//! Files of a Go with the class that each was found to be, in the text and in the documents of `check` and `compare`.

use crate::output::printable;
use serde::Serialize;

/// One file. Its name and details are hostile.
#[derive(Serialize)]
pub(super) struct File<'a> {
    pub(super) name: &'a str,
    pub(super) class: &'static str,
    pub(super) details: &'a [String],
}

/// This program, in a document.
#[derive(Serialize)]
pub(super) struct Tool {
    name: &'static str,
    version: &'static str,
}

impl Tool {
    pub(super) const THIS: Tool = Tool {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
    };
}

/// Adds the first `most` files, which are all of one class, and how many more there are.
pub(super) fn list(text: &mut String, files: &[File<'_>], most: usize) {
    let Some(first) = files.first() else {
        return;
    };
    text.push('\n');
    for file in files.iter().take(most) {
        let name = printable(file.name);
        *text += &format!("  {} {name}\n", file.class.to_uppercase());
        for line in file.details {
            *text += &format!("      {}\n", printable(line));
        }
    }
    if let Some(more) = files.len().checked_sub(most).filter(|&more| more > 0) {
        *text += &format!("  {more} more {} (--format json)\n", first.class);
    }
}

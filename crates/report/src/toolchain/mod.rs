//! Installed and repackaged Go toolchains against published ones: the documents of `toolchain check` and `toolchain compare`, each as
//! text and as JSON.
//!
//! The judging is done in `goassay_build::goroot` and `goassay_build::repackaged`; here it becomes an exit code and pages.

mod check;
mod compare;

pub use check::Check;
pub use compare::{Compare, With};

use crate::untrusted::Untrusted;
use serde::Serialize;
use std::io::{self, Write};

/// Exit code where nothing is open.
const EXIT_OK: u8 = 0;
/// Exit code where something is.
const EXIT_OPEN: u8 = 1;

/// One file with its class. Its name and details are hostile.
#[derive(Serialize)]
struct FileWire<'a> {
    name: &'a str,
    class: &'static str,
    details: &'a [String],
}

/// Writes the first `most` files, which are all of one class, and how many more there are.
fn list(out: &mut dyn Write, files: &[FileWire<'_>], most: usize) -> io::Result<()> {
    let Some(first) = files.first() else {
        return Ok(());
    };
    writeln!(out)?;
    for file in files.iter().take(most) {
        writeln!(
            out,
            "  {} {}",
            file.class.to_uppercase(),
            Untrusted(file.name)
        )?;
        for line in file.details {
            writeln!(out, "      {}", Untrusted(line))?;
        }
    }
    match files.len().saturating_sub(most) {
        0 => Ok(()),
        more => writeln!(out, "  {more} more {} (--format json)", first.class),
    }
}

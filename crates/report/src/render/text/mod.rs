//! Text for people: each file with what was found in it, then what to do, what it rests on, and the verdict.
//!
//! The document of machines is `json`; nothing should parse this.

pub(crate) mod footer;
mod target;

use crate::document::Report;
use crate::layout::Page;
use crate::render::TextOptions;
use std::io::{self, Write};

/// Writes the text.
pub(super) fn render(
    report: &Report,
    options: &TextOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page::new(out, options.width, options.style);
    for target in &report.run().targets {
        target::put(&mut page, target, options.show)?;
    }
    footer::put(&mut page, report, options.database_age.as_deref())
}

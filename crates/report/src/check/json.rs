//! `goassay-check/1`: both documents in one, each as its own schema describes it.

use super::Report;
use crate::harmless;
use crate::{audit, render};
use serde::Serialize;
use std::io::{self, Write};

/// Name and version of the document.
pub const SCHEMA: &str = "goassay-check/1";

/// Writes the document.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let document = DocumentWire {
        schema: SCHEMA,
        exit_code: report.exit_code(),
        scan: render::json::DocumentWire::from(&report.scan),
        audit: audit::json::DocumentWire::from(&report.audit),
    };
    harmless::write(out, &document)
}

#[derive(Serialize)]
struct DocumentWire<'a> {
    schema: &'static str,
    exit_code: u8,
    scan: render::json::DocumentWire<'a>,
    audit: audit::json::DocumentWire<'a>,
}

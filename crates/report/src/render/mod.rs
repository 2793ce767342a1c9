//! The output formats and what each needs. One module a format; all get the same [`Report`].

mod govulncheck;
pub(crate) mod json;
pub(crate) mod names;
mod openvex;
mod sarif;
pub(crate) mod text;

pub use json::SCHEMA as SCAN_SCHEMA;

use crate::document::Report;
use goassay_binary::Places;
use std::io::{self, Write};

/// Writes `report` in `format`. `text` is used by [`Format::Text`] only.
///
/// # Errors
///
/// What the writer fails with.
pub fn render(
    report: &Report,
    format: Format,
    text: &TextOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Text => text::render(report, text, out),
        Format::Json => json::render(report, out),
        Format::Govulncheck => govulncheck::render(report, out),
        Format::Sarif => sarif::render(report, out),
        Format::Openvex => openvex::render(report, out),
    }
}

/// An output format of `scan`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// For people.
    Text,
    /// Our versioned document (`goassay-scan/1`).
    Json,
    /// The message stream of `govulncheck -format json`.
    Govulncheck,
    /// SARIF 2.1.0.
    Sarif,
    /// OpenVEX 0.2.0.
    Openvex,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 5] = [
        Format::Text,
        Format::Json,
        Format::Govulncheck,
        Format::Sarif,
        Format::Openvex,
    ];

    /// The stable word for `--format`.
    pub fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
            Format::Govulncheck => "govulncheck",
            Format::Sarif => "sarif",
            Format::Openvex => "openvex",
        }
    }

    /// How many places of a symbol the format shows, so that no more are looked up.
    pub fn places(self, show: Show) -> Places {
        match self {
            Format::Json => Places::All,
            Format::Text if show.symbols => Places::All,
            Format::Text | Format::Govulncheck | Format::Sarif | Format::Openvex => Places::First,
        }
    }

    /// Whether the format quotes the SHA-256 of every file, so that it has to be computed.
    pub fn needs_sha256(self) -> bool {
        self == Format::Openvex
    }
}

/// How the text for people is to look. Decided by the caller from terminal and environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextOptions {
    /// Columns to fit into; words that are longer stay whole.
    pub width: usize,
    /// Colours.
    pub style: Style,
    /// How much is expanded.
    pub show: Show,
    /// How old the database is (`3 days old`), for the footer; the caller has the clock.
    pub database_age: Option<String>,
}

/// Colours or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// No escape sequence at all.
    Plain,
    /// ANSI colours.
    Colour,
}

/// What text for people expands beyond the short form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Show {
    /// All symbols of linked findings with all their places (`--show symbols`).
    pub symbols: bool,
    /// Findings of the package tier one by one (`--show package`).
    pub package: bool,
    /// Findings of the module tier one by one (`--show module`).
    pub module: bool,
}

impl Show {
    /// Everything (`--show all`).
    pub const ALL: Show = Show {
        symbols: true,
        package: true,
        module: true,
    };
}

//! Software bills of materials of one Go binary: CycloneDX 1.6 and 1.7, SPDX 2.3 and 3.0.1.
//!
//! A [`Document`] is finished facts: [`Contents`] out of the binary, the file's name and digest, a time where the caller
//! has one. What is written depends on it alone: no clock, no random id. How each fact stands in each format, and what none
//! of them says, is in `docs/formats/sbom.md`.

mod contents;
mod cyclonedx;
mod identity;
mod spdx2;
mod spdx3;
mod words;

pub use contents::{Component, Contents, Linked, Role};
pub use goassay_build::license::Standing as License;

use crate::document::Tool;
use std::io::{self, Write};

/// Everything that a bill of materials has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The program that made it.
    pub tool: Tool,
    /// The binary as a file.
    pub file: File,
    /// When it was made, as RFC 3339 in UTC with whole seconds (`2026-01-02T03:04:05Z`): the time of the commit, or what
    /// `SOURCE_DATE_EPOCH` says. Never a clock's.
    pub time: Option<String>,
    /// What is in the binary.
    pub contents: Contents,
}

/// A binary as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name, without folders: where it lies is not part of it.
    pub name: String,
    /// SHA-256 of the binary, lower-case hex: of the member where the file holds several.
    pub sha256: String,
    /// Where the binary is the member of a fat file or an archive.
    pub member: Option<Member>,
}

/// A part of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// Architecture of a fat Mach-O's slice, or name of an archive's member.
    pub name: String,
    /// SHA-256 of the whole file, lower-case hex.
    pub file_sha256: String,
}

/// A format of bills of materials, all of them JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// CycloneDX 1.6.
    CycloneDx16,
    /// CycloneDX 1.7.
    CycloneDx17,
    /// SPDX 2.3.
    Spdx23,
    /// SPDX 3.0.1.
    Spdx301,
}

impl Format {
    /// All of them; the first is the one that is written unless told otherwise.
    pub const ALL: [Format; 4] = [
        Format::CycloneDx16,
        Format::CycloneDx17,
        Format::Spdx23,
        Format::Spdx301,
    ];

    /// The stable word.
    pub fn name(self) -> &'static str {
        match self {
            Format::CycloneDx16 => "cyclonedx-1.6",
            Format::CycloneDx17 => "cyclonedx-1.7",
            Format::Spdx23 => "spdx-2.3",
            Format::Spdx301 => "spdx-3.0.1",
        }
    }

    /// What follows the binary's name in the name of a document beside it.
    pub fn suffix(self) -> &'static str {
        match self {
            Format::CycloneDx16 | Format::CycloneDx17 => ".sbom.cdx.json",
            Format::Spdx23 => ".sbom.spdx.json",
            Format::Spdx301 => ".sbom.spdx3.json",
        }
    }

    /// The media type, as registered (SPDX 2.3) or as its makers have it.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Format::CycloneDx16 | Format::CycloneDx17 => "application/vnd.cyclonedx+json",
            Format::Spdx23 => "application/spdx+json",
            Format::Spdx301 => "application/ld+json",
        }
    }
}

/// Writes `document` in `format`.
///
/// # Errors
///
/// What the writer fails with.
pub fn render(document: &Document, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::CycloneDx16 => cyclonedx::render(document, cyclonedx::Version::V1_6, out),
        Format::CycloneDx17 => cyclonedx::render(document, cyclonedx::Version::V1_7, out),
        Format::Spdx23 => spdx2::render(document, out),
        Format::Spdx301 => spdx3::render(document, out),
    }
}

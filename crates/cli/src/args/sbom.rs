//! `sbom`.

use crate::documents::{self, OutputArg};
use clap::{Args, ValueHint};
use goassay_report::sbom::Format;
use std::path::PathBuf;

pub(crate) const LONG: &str = "\
Writes bills of materials of Go binaries from the binaries alone: stripped or not, without Go, its sources or a network.

Each module of the build information is a component, with version, package URL and `h1:` hash, and whether a function of it is \
linked: what the build needed and the linker dropped is told apart (`excluded`), not left out. Go itself is one of them. What \
`replace` lines put in the place of a module is what is listed, with the original as its ancestor.

A document is about one binary and depends on it alone: the same binary gives the same bytes. It has a time only where \
SOURCE_DATE_EPOCH says one, and says what is not known: what modules need of each other, what is in C code. Licences are not in a \
binary: --licenses looks for them where the go command keeps modules, by their hashes.";

pub(crate) const HELP: &str = "\
Examples:
  goassay sbom ./server > server.cdx.json
  goassay sbom ./server --format spdx-2.3
  goassay sbom ./server -o cyclonedx-1.6=server.cdx.json -o spdx-2.3=server.spdx.json
  goassay sbom ./server --licenses          with licences from the module cache
  goassay sbom dist/ --output-dir sboms     dist/server → sboms/server.sbom.cdx.json

Exit codes, the same for every format:
  0  answered
  2  could not answer, wholly or for a part: a file that cannot be read, a document with gaps";

/// `sbom`.
#[derive(Debug, Args)]
pub(crate) struct Sbom {
    /// Files and directories; `-` is a file on standard input
    #[arg(value_name = "BINARY", required = true, value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,

    /// Format of the document [default: cyclonedx-1.6]
    #[arg(long, value_name = "FORMAT", value_parser = documents::format::<Format>(), help_heading = "Output")]
    pub(crate) format: Option<Format>,
    /// Write a file, or `-`, in FORMAT, of one binary (repeatable; without FORMAT, in that of --format)
    #[arg(short, long, value_name = "[FORMAT=]FILE", value_parser = documents::output::<Format>, value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub(crate) output: Vec<OutputArg<Format>>,
    /// Write one document for each binary into DIR
    #[arg(long, value_name = "DIR", conflicts_with = "output", value_hint = ValueHint::DirPath, help_heading = "Output")]
    pub(crate) output_dir: Option<PathBuf>,

    /// Look for licence files in the go command's module cache (what the document says then depends on it)
    #[arg(long, help_heading = "What is in it")]
    pub(crate) licenses: bool,

    /// It is fine when there is no Go binary
    #[arg(long, help_heading = "Common options")]
    pub(crate) allow_empty: bool,
    /// Examine up to N files at once [default: one for each processor]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Common options")]
    pub(crate) jobs: Option<u16>,
}

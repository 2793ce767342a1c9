//! `diff`.

use crate::documents::Documents;
use clap::{Args, ValueHint};
use goassay_report::difference::Format;
use std::path::PathBuf;

pub(crate) const LONG: &str = "\
Shows what differs between two Go binaries, from the top down: platform, build information, dependencies, functions, inlining, types, \
strings, source files, sections, debug information, identities, signatures. It begins with causes: what a build, or somebody after it, \
did otherwise, the likeliest first, each with what shows it.

Functions are paired by name, and on amd64 and arm64 an address in code is taken for what stands there, so that a function that \
was only moved is not a change. Stripped binaries are compared like others.

A and B may also be archives, packages, container images or folders: entries are paired by name, each pair of Go binaries is \
compared as such, and everything else that the containers say is compared too.

A cause is a guess from what the files show. Only bytes decide whether they are the same.";

pub(crate) const HELP: &str = "\
Examples:
  goassay diff old/server new/server          what differs, and why
  goassay diff theirs ours --json | jq -r '.pairs[0].causes[0].kind'
  goassay diff a.tar.gz b.tar.gz              the programs in two archives
  goassay diff dist/ rebuilt/ -o html=diff.html
  goassay diff old new --all                  whole lists

Exit codes, the same for every format:
  0  identical
  1  different
  2  could not compare, wholly or for a part";

/// `diff`.
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// One side: a binary, an archive, a package, an image, a folder
    #[arg(value_name = "A", value_hint = ValueHint::AnyPath)]
    pub(crate) a: PathBuf,
    /// The other side
    #[arg(value_name = "B", value_hint = ValueHint::AnyPath)]
    pub(crate) b: PathBuf,
    /// Which one of a container image for several platforms: OS/ARCH or OS/ARCH/VARIANT
    #[arg(long, value_name = "PLATFORM", help_heading = "What counts")]
    pub(crate) platform: Option<String>,

    #[command(flatten)]
    pub(crate) documents: Documents<Format>,
    /// Show all rows that are listed (at most 200 of each kind), not the first ones
    #[arg(long, help_heading = "Output")]
    pub(crate) all: bool,
}

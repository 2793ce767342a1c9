//! `vary`.

use crate::documents::Documents;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum, ValueHint};
use goassay_build::vary::{INPUTS, Input, Pattern};
use goassay_report::variation;
use std::num::NonZeroUsize;
use std::path::PathBuf;

pub(crate) const LONG: &str = "\
Finds what a project's own build depends on without anybody knowing: the time, the folder, the user, the locale, the host name, the order of files, …

The project is built as it is, twice; then once for each variant of each input (--list), with that one thing changed, always in a copy of the tree. What comes out is compared byte by \
byte. An input that makes a difference is a leak, unless it is meant to make one (GOFLAGS, the version of Go, changes that are not committed); then all that made no difference is varied at once. For each leak it is \
said where the files differ, how such a thing gets there, and what to do about it.

Without --command, `go build` is run with the packages. Your command runs with your environment and may do what it does at any other time; nothing is written to your tree.

What a pass means: with the variants that were tried, the same bytes came out. What this machine cannot vary is named with the reason. The clock is shifted by faketime for programs that are linked dynamically \
(date, make, git, C compilers); the go command is not, and keeps this machine's.";

pub(crate) const EXAMPLES: &str = "\
Examples:
  goassay vary                                         `go build` of the package in this folder
  goassay vary ./cmd/server
  goassay vary --with goassay                          `goassay build`
  goassay vary --command 'make release' --result dist  any command, and the files that count
  goassay vary --only time,directory --bisect
  goassay vary --list                                  what is varied
  goassay vary -o html=inputs.html -o json=inputs.json

Exit codes, the same for every format:
  0  no input makes a difference that should not (what could not be varied here is named)
  1  there is one
  2  not known: the build fails, as it is or in a variant, or an input of --only cannot be varied here";

/// What builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Builder {
    /// `go build`
    Go,
    /// `goassay build`
    Goassay,
}

/// `vary`.
#[derive(Debug, Args)]
pub(crate) struct Vary {
    /// Packages, as the build takes them [default: the one in this folder]
    #[arg(value_name = "PACKAGE", conflicts_with = "command")]
    pub(crate) packages: Vec<String>,
    /// What builds the packages
    #[arg(
        long,
        value_name = "BUILDER",
        value_enum,
        default_value = "go",
        conflicts_with = "command"
    )]
    pub(crate) with: Builder,
    /// Build with this command of a shell, in this folder
    #[arg(long, value_name = "COMMAND", requires = "result")]
    pub(crate) command: Option<String>,
    /// Files that the command makes, below this folder: a name, a folder, or a pattern with *, ? and ** (repeatable)
    #[arg(long, value_name = "PATTERN", requires = "command", value_parser = Pattern::parse)]
    pub(crate) result: Vec<Pattern>,
    /// Vary these inputs only
    #[arg(long, value_name = "INPUT", value_delimiter = ',', value_parser = input(), hide_possible_values = true)]
    pub(crate) only: Vec<&'static Input>,
    /// Do not vary these
    #[arg(long, value_name = "INPUT", value_delimiter = ',', value_parser = input(), hide_possible_values = true)]
    pub(crate) skip: Vec<&'static Input>,
    /// Show the inputs, and stop
    #[arg(long)]
    pub(crate) list: bool,
    /// Vary everything at once first, one by one only where that makes a difference, and find which inputs make one together
    #[arg(long)]
    pub(crate) bisect: bool,
    /// Make up to N builds at once [default: one for each two processors]
    #[arg(short, long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Let all builds share one build cache: faster, but what the go command takes for the same is not compiled again
    #[arg(long)]
    pub(crate) warm: bool,
    /// Copy files that git ignores, too
    #[arg(long)]
    pub(crate) with_ignored: bool,
    /// Build everything again, also what an earlier run has built from the same tree
    #[arg(long)]
    pub(crate) again: bool,
    /// Work in DIR [default: the cache folder]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) work: Option<PathBuf>,
    /// Leave files and logs of variants that differ where they are
    #[arg(long)]
    pub(crate) keep: bool,
    #[command(flatten)]
    pub(crate) documents: Documents<variation::Format>,
}

fn input() -> impl TypedValueParser<Value = &'static Input> {
    let names = INPUTS.iter().map(|input| input.name);
    PossibleValuesParser::new(names).try_map(|name| Input::named(&name).ok_or("no such input"))
}

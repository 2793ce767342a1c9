//! The command line as it was typed: cheap, without looking at anything else.
//!
//! What it means (defaults, configuration, environment) is decided in `settings`; commands never see these types.

pub(crate) mod build;
pub(crate) mod debuginfod;
pub(crate) mod diff;
pub(crate) mod sbom;
pub(crate) mod toolchain;
pub(crate) mod vary;
pub(crate) mod verify;

use crate::documents::Documents;
use crate::output::Color;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use goassay_audit::policy::Profile;
use goassay_audit::verdict::Level;
use goassay_report::audit;
use goassay_report::render::Format;
use goassay_report::sizes::By;
use goassay_vuln::finding::Tier;
use jiff::civil::Date;
use std::path::PathBuf;

const ABOUT: &str =
    "Assays Go binaries: known vulnerabilities, how they were built, what is in them";

const EXIT_CODES: &str = "\
Exit codes, the same for every format:
  0  answered, and nothing at or above the threshold (--fail-on)
  1  answered, and there is something (--exit-code replaces it)
  2  could not answer, wholly or for a part";

const TOP_EXAMPLES: &str = "\
Examples:
  goassay check                         the Go programs installed here
  goassay scan ./server                 one binary
  goassay scan dist/ -o sarif=go.sarif  a directory, and a SARIF file
  goassay audit ./server                how it was built
  goassay inspect ./server              all facts about it
  goassay build                         build the program in this folder
  goassay sbom ./server                 its bill of materials
  goassay vary                          what its build depends on and should not
  goassay diff old/server new/server    what differs, and why
  goassay db status                     which database is used

Exit codes, the same for every format:
  0  answered, and nothing at or above the threshold (--fail-on)
  1  answered, and there is something (--exit-code replaces it)
  2  could not answer, wholly or for a part";

/// `goassay …`.
#[derive(Debug, Parser)]
#[command(name = "goassay", version, about = ABOUT, after_help = TOP_EXAMPLES, max_term_width = 100)]
#[command(
    arg_required_else_help = true,
    subcommand_required = true,
    propagate_version = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Common options")]
pub(crate) struct Common {
    /// Colour text: auto, always or never (NO_COLOR and CLICOLOR_FORCE are honoured)
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(crate) color: Color,
    /// Draw no progress bar
    #[arg(long, global = true)]
    pub(crate) no_progress: bool,
    /// Say nothing on standard error but errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Read settings from FILE instead of the nearest goassay.toml
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Scan and audit the Go programs that are installed here, or the given ones
    #[command(after_help = format!("{CHECK_EXAMPLES}\n\n{EXIT_CODES}"), long_about = CHECK_LONG)]
    Check(Check),
    /// Find the known vulnerabilities in Go binaries
    #[command(after_help = format!("{SCAN_EXAMPLES}\n\n{EXIT_CODES}"), long_about = SCAN_LONG)]
    Scan(Scan),
    /// Judge how Go binaries were built
    #[command(after_help = format!("{AUDIT_EXAMPLES}\n\n{EXIT_CODES}"), long_about = AUDIT_LONG)]
    Audit(Audit),
    /// Show what is in Go binaries and how they were built
    #[command(after_help = format!("{INSPECT_EXAMPLES}\n\n{INSPECT_EXIT_CODES}"), long_about = INSPECT_LONG)]
    Inspect(Inspect),
    /// Build Go programs the production way, with a record of what they are made of
    #[command(after_help = build::EXAMPLES, long_about = build::LONG)]
    Build(build::Build),
    /// Show what differs between two Go binaries, archives or folders, and why
    #[command(after_help = diff::HELP, long_about = diff::LONG)]
    Diff(diff::Diff),
    /// Serve debug information, programs and sources to debuggers, by build ID
    #[command(after_help = debuginfod::EXAMPLES, long_about = debuginfod::LONG)]
    Debuginfod(debuginfod::Debuginfod),
    /// Write bills of materials of Go binaries: CycloneDX, SPDX
    #[command(after_help = sbom::HELP, long_about = sbom::LONG)]
    Sbom(sbom::Sbom),
    /// Find what a project's own build depends on and should not
    #[command(after_help = vary::EXAMPLES, long_about = vary::LONG)]
    Vary(vary::Vary),
    /// Build Go programs again from what they say of themselves, and compare bit for bit
    #[command(after_help = verify::EXAMPLES, long_about = verify::LONG)]
    Verify(verify::Verify),
    /// Get verified Go toolchains, without Go
    #[command(subcommand, arg_required_else_help = true)]
    Toolchain(toolchain::Toolchain),
    /// Manage the vulnerability database
    #[command(subcommand, arg_required_else_help = true)]
    Db(Db),
    /// Check or start a configuration file
    #[command(subcommand, arg_required_else_help = true)]
    Config(Config),
    /// Print a completion script for a shell
    #[command(after_help = COMPLETION_EXAMPLES)]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a directory, or print the main page
    Man {
        /// Where to write one page for each command
        #[arg(value_hint = ValueHint::DirPath)]
        dir: Option<PathBuf>,
    },
}

const CHECK_LONG: &str = "\
Scans and audits the Go programs that are installed here (in PATH, GOBIN and GOPATH/bin), or the given files and \
directories: which known vulnerabilities are in them, and how they were built. The answer is short: what was found in each \
file, and what to do. `scan` and `audit` show everything.";

const CHECK_EXAMPLES: &str = "\
Examples:
  goassay check                everything that is installed
  goassay check ./server       one binary
  goassay check dist/ --json   both documents in one";

const SCAN_LONG: &str = "\
Says which known vulnerabilities are in Go binaries, from the binaries alone: stripped or not, without Go and without a \
network.

A finding is `linked` when a vulnerable symbol is in the binary (or the advisory names none and the package is there), \
`package` when the vulnerable package is there and none of its symbols, `module` when only the module is. A finding does \
not mean that the code is ever run, and no finding means no advisory that the database has: what could not be read is \
said, and makes the exit code 2.";

const SCAN_EXAMPLES: &str = "\
Examples:
  goassay scan ./server                       one binary
  goassay scan /usr/local/bin --fail-on package
  goassay scan - < server                     from standard input
  goassay scan . --json                       the JSON document
  goassay scan . -o sarif=go.sarif -o json=go.json
  goassay scan . --baseline last-release.json";

const INSPECT_LONG: &str = "\
Shows all facts about Go binaries: toolchain, main module and how its version is known, settings, modules, functions, linkage, C \
code, hardening, build IDs, debug information, cryptography, instruction-set level. Nothing is judged (`audit` does that), \
and what could not be read is shown as a gap with its reason.

`--functions`, `--packages`, `--modules` and `--types` list what is in a binary, one entry a line. `--size` attributes every byte of \
the file once; what cannot be attributed is a row of its own.";

const INSPECT_EXAMPLES: &str = "\
Examples:
  goassay inspect ./server                                 all facts
  goassay inspect ./server --json                          the JSON document
  goassay inspect ./server --functions --filter 'net/http.*'
  goassay inspect ./server --packages                      packages with their modules
  goassay inspect ./server --types --filter Request --json
  goassay inspect ./server --size --by package --top 30    where the bytes went
  goassay inspect old new --size                           what grew
  goassay inspect ./server --size --format html > size.html
  goassay inspect dist/ --size --budget                    against the budgets of goassay.toml";

const INSPECT_EXIT_CODES: &str = "\
Exit codes, the same for every format:
  0  answered; gaps are part of the facts
  1  a budget is exceeded (--budget)
  2  could not answer, wholly or for a part: a file that cannot be read, a list that is not whole";

const AUDIT_LONG: &str = "\
Judges how Go binaries were built, from the binaries alone: debug information, paths of the build machine, linkage, \
instruction-set level, hardening, version, C code, toolchain.

Every rule says `pass`, `fail`, `not applicable` (and why) or `unknown` (and what could not be read). What fails comes with \
its evidence and its fix. A rule at or above the threshold that is unknown makes the exit code 2: what could not be seen \
never passes. `--rules` lists the rules; goassay.toml sets levels, waivers and expectations.";

const AUDIT_EXAMPLES: &str = "\
Examples:
  goassay audit ./server                          one binary, for production
  goassay audit dist/ --profile static-container  what is to run in an empty image
  goassay audit ./server --fail-on warning        stricter
  goassay audit dist/ --format markdown >> \"$GITHUB_STEP_SUMMARY\"
  goassay audit dist/ -o sarif=audit.sarif -o html=audit.html
  goassay audit --rules                           what is judged";

const COMPLETION_EXAMPLES: &str = "\
Examples:
  goassay completions bash > ~/.local/share/bash-completion/completions/goassay
  goassay completions fish > ~/.config/fish/completions/goassay.fish";

/// What `scan`, `audit` and `check` have in common.
#[derive(Debug, Clone, Args)]
pub(crate) struct Judging {
    /// The day to judge for (expiry of suppressions and waivers, support of toolchains) [default: today]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = date, help_heading = "What counts")]
    pub(crate) as_of: Option<Date>,
    /// Exit with N instead of 1
    #[arg(long, value_name = "N", help_heading = "What counts")]
    pub(crate) exit_code: Option<u8>,
    /// It is fine when there is no Go binary
    #[arg(long, help_heading = "What counts")]
    pub(crate) allow_empty: bool,
    /// Use this database: a compact one, or published OSV files (directory or vulndb.zip)
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath, help_heading = "Database")]
    pub(crate) db: Option<PathBuf>,
    /// Examine up to N files at once [default: one for each processor]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Common options")]
    pub(crate) jobs: Option<u16>,
}

/// `scan`.
#[derive(Debug, Args)]
pub(crate) struct Scan {
    /// Files and directories; `-` is a file on standard input [default: the current directory]
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,

    /// The tier from which findings make the exit code 1
    #[arg(long, value_name = "TIER", value_enum, help_heading = "What counts")]
    pub(crate) fail_on: Option<TierArg>,
    /// Report only what is not in this JSON document of an earlier run
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "What counts")]
    pub(crate) baseline: Option<PathBuf>,
    /// Ignore the suppressions of the configuration file
    #[arg(long, help_heading = "What counts")]
    pub(crate) no_suppress: bool,

    #[command(flatten)]
    pub(crate) judging: Judging,
    /// Never touch the network (`scan` never does; `db update` refuses)
    #[arg(long, help_heading = "Database")]
    pub(crate) offline: bool,

    #[command(flatten)]
    pub(crate) documents: Documents<Format>,
    /// What the text shows in full
    #[arg(
        long,
        value_name = "WHAT",
        value_enum,
        value_delimiter = ',',
        help_heading = "Output"
    )]
    pub(crate) show: Vec<ShowArg>,
}

/// `audit`.
#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// Files and directories; `-` is a file on standard input [default: the current directory]
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,
    /// List the rules of the profile instead
    #[arg(long, conflicts_with = "paths")]
    pub(crate) rules: bool,

    /// What the binaries are meant for [default: production]
    #[arg(long, value_name = "PROFILE", value_parser = profile(), help_heading = "What counts")]
    pub(crate) profile: Option<Profile>,
    /// The level from which failed rules make the exit code 1 [default: error]
    #[arg(long, value_name = "LEVEL", value_parser = level(), help_heading = "What counts")]
    pub(crate) fail_on: Option<Level>,
    /// Ignore the waivers of the configuration file
    #[arg(long, help_heading = "What counts")]
    pub(crate) no_waive: bool,

    #[command(flatten)]
    pub(crate) judging: Judging,

    #[command(flatten)]
    pub(crate) documents: Documents<audit::Format>,
    /// What the text shows besides failures: `all` is passes, rules that do not apply, and all evidence
    #[arg(long, value_name = "WHAT", value_enum, help_heading = "Output")]
    pub(crate) show: Option<ShowAllArg>,
}

fn profile() -> impl TypedValueParser<Value = Profile> {
    let names = Profile::ALL.map(Profile::name);
    PossibleValuesParser::new(names).try_map(|name| Profile::from_name(&name).ok_or("no profile"))
}

fn level() -> impl TypedValueParser<Value = Level> {
    let names = ["error", "warning", "note"];
    PossibleValuesParser::new(names).try_map(|name| crate::config::level(&name).ok_or("no level"))
}

/// `inspect`.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Files and directories; `-` is a file on standard input
    #[arg(value_name = "BINARY", required = true, value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) list: List,
    /// Only what contains PATTERN; with `*` or `?` in it, what fits it as a whole
    #[arg(
        long,
        value_name = "PATTERN",
        requires = "List",
        help_heading = "Lists"
    )]
    pub(crate) filter: Option<String>,

    /// What the table of sizes is by [default: kind, then module]
    #[arg(long, value_name = "WHAT", value_parser = by(), requires = "size", help_heading = "Sizes")]
    pub(crate) by: Option<By>,
    /// Rows of each table of sizes [default: 20]
    #[arg(long, value_name = "N", requires = "size", help_heading = "Sizes")]
    pub(crate) top: Option<usize>,
    /// Hold the sizes against the budgets of goassay.toml: exit code 1 where one is exceeded
    #[arg(long, requires = "size", help_heading = "Sizes")]
    pub(crate) budget: bool,

    #[command(flatten)]
    pub(crate) documents: Documents<InspectFormat>,
    /// What the text shows besides: `all` is long lists in full
    #[arg(long, value_name = "WHAT", value_enum, help_heading = "Output")]
    pub(crate) show: Option<ShowAllArg>,
    /// It is fine when there is no Go binary to inspect
    #[arg(long, help_heading = "Common options")]
    pub(crate) allow_empty: bool,

    /// Examine up to N files at once [default: one for each processor]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Common options")]
    pub(crate) jobs: Option<u16>,
}

/// What `inspect` lists instead of the facts.
#[derive(Debug, Args)]
#[group(multiple = false)]
#[command(next_help_heading = "Lists")]
pub(crate) struct List {
    /// List functions: address, bytes, inlined calls, name, place (`-`: only inlined into others)
    #[arg(long)]
    pub(crate) functions: bool,
    /// List packages: functions, bytes of code, path, module
    #[arg(long)]
    pub(crate) packages: bool,
    /// List modules: packages with functions, path, version
    #[arg(long)]
    pub(crate) modules: bool,
    /// Show where the bytes of the file went; of two files, what grew from the first to the second
    #[arg(long)]
    pub(crate) size: bool,
    /// List types: address, bytes of the descriptor and of a value, methods, kind, name, package
    #[arg(long)]
    pub(crate) types: bool,
}

/// Formats of `inspect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InspectFormat {
    /// For people
    Text,
    /// For programs
    Json,
    /// One page to walk through the sizes
    Html,
    /// A drawing of the sizes
    Svg,
}

fn by() -> impl TypedValueParser<Value = By> {
    let names = By::ALL.map(By::name);
    let find = |name: &str| By::ALL.into_iter().find(|by| by.name() == name);
    PossibleValuesParser::new(names).try_map(move |name| find(&name).ok_or("no table"))
}

/// `check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Files and directories; `-` is a file on standard input [default: the programs in PATH, GOBIN and GOPATH/bin]
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,

    /// The tier from which vulnerabilities make the exit code 1 [default: linked]
    #[arg(long, value_name = "TIER", value_enum, help_heading = "What counts")]
    pub(crate) scan_fail_on: Option<TierArg>,
    /// The level from which failed rules make the exit code 1 [default: error]
    #[arg(long, value_name = "LEVEL", value_parser = level(), help_heading = "What counts")]
    pub(crate) audit_fail_on: Option<Level>,
    /// What the binaries are meant for [default: production]
    #[arg(long, value_name = "PROFILE", value_parser = profile(), help_heading = "What counts")]
    pub(crate) profile: Option<Profile>,
    /// Ignore the suppressions and waivers of the configuration file
    #[arg(long, help_heading = "What counts")]
    pub(crate) no_suppress: bool,

    #[command(flatten)]
    pub(crate) judging: Judging,

    #[command(flatten)]
    pub(crate) documents: Documents<CheckFormat>,
}

/// Formats of `check`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CheckFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

impl Check {
    /// The scan and the audit that it is made of.
    pub(crate) fn parts(&self) -> (Scan, Audit) {
        let scan = Scan {
            paths: self.paths.clone(),
            fail_on: self.scan_fail_on,
            baseline: None,
            no_suppress: self.no_suppress,
            judging: self.judging.clone(),
            offline: false,
            documents: Documents::default(),
            show: Vec::new(),
        };
        let audit = Audit {
            paths: self.paths.clone(),
            rules: false,
            profile: self.profile,
            fail_on: self.audit_fail_on,
            no_waive: self.no_suppress,
            judging: self.judging.clone(),
            documents: Documents::default(),
            show: None,
        };
        (scan, audit)
    }
}

/// `db …`.
#[derive(Debug, Subcommand)]
pub(crate) enum Db {
    /// Make the database from published OSV files: a directory, a vulndb.zip or a compact database
    Import(Import),
    /// Get the newest published database
    #[command(after_help = UPDATE_EXAMPLES)]
    Update(Update),
    /// Say which database is used, how old it is and why it is this one
    Status(Status),
}

const UPDATE_EXAMPLES: &str = "\
Examples:
  goassay db update                                        from https://vuln.go.dev
  goassay db update --url https://mirror.example/vulndb    from a mirror
  goassay db update --url file:///srv/vulndb               from a folder in the same layout";

/// `db import`.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// A directory of OSV files, a vulndb.zip or a compact database
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) source: PathBuf,
    /// The date of the data, where the files do not say it
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = date)]
    pub(crate) date: Option<Date>,
    /// The commit of the data
    #[arg(long, value_name = "COMMIT")]
    pub(crate) revision: Option<String>,
    /// Replace the present database even when it is newer
    #[arg(long)]
    pub(crate) force: bool,
    /// Write here instead of the usual place
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
}

/// Whom to trust on the network.
#[derive(Debug, Args)]
pub(crate) struct CaArg {
    /// Trust the certificates (PEM) in FILE instead of the built-in ones
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ca: Option<PathBuf>,
}

/// `db update`.
#[derive(Debug, Args)]
pub(crate) struct Update {
    /// Where to get it from: https://, http:// or file://
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) url: Option<String>,
    #[command(flatten)]
    pub(crate) trust: CaArg,
    /// Replace the present database even when it is newer
    #[arg(long)]
    pub(crate) force: bool,
    /// Refuse to use the network
    #[arg(long)]
    pub(crate) offline: bool,
}

/// `db status`.
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Say it about this database
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) db: Option<PathBuf>,
    /// Format of standard output
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text")]
    pub(crate) format: StatusFormat,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
    /// The day to count the age to [default: today]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = date)]
    pub(crate) as_of: Option<Date>,
}

/// `config …`.
#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Check the configuration file and report all faults at once
    Check {
        /// The file [default: the nearest goassay.toml]
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: Option<PathBuf>,
    },
    /// Write a commented goassay.toml into the current directory
    Init {
        /// Write here instead
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: Option<PathBuf>,
    },
}

/// Formats of `db status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatusFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

/// A tier on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TierArg(pub(crate) Tier);

impl ValueEnum for TierArg {
    fn value_variants<'a>() -> &'a [TierArg] {
        const ALL: [TierArg; 3] = [
            TierArg(Tier::Linked),
            TierArg(Tier::Package),
            TierArg(Tier::Module),
        ];
        &ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.0.name()))
    }
}

/// What `--show` of `audit` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShowAllArg {
    /// Everything
    All,
}

/// What `--show` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShowArg {
    /// All symbols with all their places
    Symbols,
    /// Findings of the package tier one by one
    Package,
    /// Findings of the module tier one by one
    Module,
    /// Everything
    All,
}

fn date(text: &str) -> Result<Date, String> {
    crate::config::parse_date(text).ok_or_else(|| "not a date: YYYY-MM-DD".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent_and_every_option_has_help() {
        fn visit(command: &clap::Command) {
            for argument in command.get_arguments() {
                assert!(
                    argument.get_help().is_some(),
                    "{} {}",
                    command.get_name(),
                    argument.get_id()
                );
            }
            for sub in command.get_subcommands() {
                assert!(sub.get_about().is_some(), "{}", sub.get_name());
                visit(sub);
            }
        }
        let command = Cli::command();
        visit(&command);
        command.debug_assert();
    }
}

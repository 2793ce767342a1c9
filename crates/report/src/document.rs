//! The finished data that every renderer of a scan gets: what was examined, with what, and what was found.
//!
//! Domain-side types, not wire types: no field name here is a promise to readers of a document. The verdict is computed
//! once, when a [`Report`] is made; renderers read it and decide nothing. All texts that come from a binary or a file
//! system are hostile and stay as they are here; each renderer escapes them for its medium.

use crate::verdict::{Outcome, Verdict, judge};
use goassay_vuln::finding::{Finding, Scan, Symbol, Tier};

/// Everything that one run of `scan` has to say, before it is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The program that made the report.
    pub tool: Tool,
    /// The database that was matched against.
    pub database: DatabaseUse,
    /// The day that the run was judged for, `YYYY-MM-DD` (expiry of suppressions; time stamps of documents).
    pub as_of: String,
    /// Findings from this tier on count against the run.
    pub fail_on: Tier,
    /// Exit code of a run with findings and without obstacles; 1 unless `--exit-code` replaced it.
    pub findings_exit_code: u8,
    /// What was examined.
    pub targets: Vec<Target>,
    /// What could not be examined.
    pub failures: Vec<Failure>,
    /// Suppressions that did nothing, and why.
    pub idle_suppressions: Vec<IdleSuppression>,
    /// The baseline that findings were compared with.
    pub baseline: Option<Baseline>,
}

/// A judged run: sorted, with its verdict. Cannot be changed any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    run: Run,
    verdict: Verdict,
}

impl Report {
    /// Sorts `run` (so that equal input gives equal output, whatever order files were finished in) and judges it.
    pub fn new(mut run: Run) -> Report {
        run.targets
            .sort_by(|a, b| (&a.path, &a.member).cmp(&(&b.path, &b.member)));
        for target in &mut run.targets {
            target.also_at.sort();
            target.suppressed.sort_by_key(|s| s.finding);
            target.known.sort_unstable();
        }
        run.failures
            .sort_by(|a, b| (&a.path, a.kind, &a.message).cmp(&(&b.path, b.kind, &b.message)));
        run.idle_suppressions.sort();
        let verdict = judge(&run);
        Report { run, verdict }
    }

    /// What was examined and found.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// What it amounts to.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Whether nothing at all has to be added to "no known vulnerabilities": something was examined, nothing was found in
    /// any tier, suppressed ones included, and no gap was left, also none that is only about details.
    pub fn is_spotless(&self) -> bool {
        let nothing =
            |target: &Target| target.scan.findings.is_empty() && target.scan.gaps.is_empty();
        self.verdict.outcome == Outcome::Clean
            && !self.run.targets.is_empty()
            && self.run.targets.iter().all(nothing)
    }

    /// The exit code of the process: the same for every output format.
    pub fn exit_code(&self) -> u8 {
        self.verdict.outcome.exit_code(self.run.findings_exit_code)
    }
}

/// The program that made a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    /// `goassay`.
    pub name: String,
    /// Its version, without `v`.
    pub version: String,
}

/// Which vulnerability database was used, and why that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseUse {
    /// What it is.
    pub identity: DatabaseIdentity,
    /// Where it came from.
    pub origin: DatabaseOrigin,
    /// Why it was chosen: a clause for people, without a full stop (`newer than the embedded one`).
    pub why: String,
}

/// Identity of a vulnerability database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseIdentity {
    /// What it was made from: a URL or a file name.
    pub source: String,
    /// Commit of the published database, where known.
    pub revision: Option<String>,
    /// Date of the data (`YYYY-MM-DD` or RFC 3339), where known.
    pub date: Option<String>,
    /// SHA-256 of the compact database, lower-case hex.
    pub sha256: String,
    /// Number of advisories in it.
    pub advisories: u32,
}

/// Where a database came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseOrigin {
    /// Part of the program.
    Embedded,
    /// Made by `db import` or `db update`.
    Imported,
    /// Named on the command line.
    Given,
}

impl DatabaseOrigin {
    /// The stable word for output.
    pub fn name(self) -> &'static str {
        match self {
            DatabaseOrigin::Embedded => "embedded",
            DatabaseOrigin::Imported => "imported",
            DatabaseOrigin::Given => "given",
        }
    }
}

/// One Go binary that was examined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Path as it was given or found, `-` for standard input.
    pub path: String,
    /// Architecture of a fat Mach-O's slice, or name of an archive's member.
    pub member: Option<String>,
    /// SHA-256 of the whole file, lower-case hex; only where a format needs it ([`crate::render::Format::needs_sha256`]).
    pub sha256: Option<String>,
    /// What is in it.
    pub facts: TargetFacts,
    /// What was found in it.
    pub scan: Scan,
    /// Findings that the user has suppressed.
    pub suppressed: Vec<Suppressed>,
    /// Indexes into `scan.findings` of those that the baseline has.
    pub known: Vec<usize>,
    /// Further paths of the same file (hard links, copies).
    pub also_at: Vec<String>,
}

impl Target {
    /// Whether the finding at `index` counts, and if it does not, why.
    pub fn standing(&self, index: usize) -> Standing<'_> {
        if let Some(suppressed) = self.suppressed.iter().find(|s| s.finding == index) {
            Standing::Suppressed(suppressed)
        } else if self.known.contains(&index) {
            Standing::Known
        } else {
            Standing::Counts
        }
    }

    /// All findings, each with its standing.
    pub fn findings(&self) -> impl Iterator<Item = (&Finding, Standing<'_>)> {
        self.scan
            .findings
            .iter()
            .enumerate()
            .map(|(index, finding)| (finding, self.standing(index)))
    }

    /// The symbols that `finding` (one of this target's) points to.
    pub fn symbols_of<'a>(&'a self, finding: &'a Finding) -> impl Iterator<Item = &'a Symbol> {
        finding
            .symbols
            .iter()
            .filter_map(|&index| self.scan.symbols.get(usize::try_from(index).ok()?))
    }
}

/// Whether a finding counts against the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing<'a> {
    /// It does.
    Counts,
    /// The user has suppressed it.
    Suppressed(&'a Suppressed),
    /// The baseline has it.
    Known,
}

impl Standing<'_> {
    /// The stable word for output.
    pub fn name(self) -> &'static str {
        match self {
            Standing::Counts => "counts",
            Standing::Suppressed(_) => "suppressed",
            Standing::Known => "known",
        }
    }
}

/// A finding that the user has suppressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressed {
    /// Index into the target's `scan.findings`.
    pub finding: usize,
    /// The user's reason.
    pub reason: String,
    /// Last day on which it holds, `YYYY-MM-DD`.
    pub until: Option<String>,
}

/// A suppression that suppressed nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdleSuppression {
    /// The advisory that it names.
    pub id: String,
    /// Where it is written (`goassay.toml:12`).
    pub place: String,
    /// The user's reason.
    pub reason: String,
    /// Why it did nothing.
    pub cause: IdleCause,
}

/// Why a suppression did nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum IdleCause {
    /// Nothing that was found matches it.
    Unused,
    /// Its last day (`YYYY-MM-DD`) is over.
    Expired(String),
}

/// The baseline that findings were compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline {
    /// The file, as given.
    pub path: String,
    /// How many of its findings were not found any more.
    pub gone: u32,
}

/// What was read from a binary and is repeated in reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetFacts {
    /// Container format.
    pub format: ImageFormat,
    /// What it was built as.
    pub kind: ImageKind,
    /// Architecture as Go names it, from the headers (`amd64`); empty where the headers' value has no Go name.
    pub arch: String,
    /// Operating system as Go names it, as far as headers or build info tell.
    pub os: Option<String>,
    /// Toolchain as it calls itself.
    pub go_version: Option<String>,
    /// Import path of the main package.
    pub main_package: Option<String>,
    /// Main module.
    pub main_module: Option<ModuleFacts>,
    /// Dependencies, in the order of the build info.
    pub modules: Vec<ModuleFacts>,
    /// `GOOS` of the build info.
    pub goos: Option<String>,
    /// `GOARCH` of the build info.
    pub goarch: Option<String>,
    /// Whether it has a symbol table.
    pub symbol_table: Presence,
    /// Whether it has DWARF debug information.
    pub dwarf: Presence,
}

/// Container format of a binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageFormat {
    /// ELF.
    Elf,
    /// Portable Executable.
    Pe,
    /// Mach-O.
    MachO,
}

impl ImageFormat {
    /// The stable word for output.
    pub fn name(self) -> &'static str {
        match self {
            ImageFormat::Elf => "elf",
            ImageFormat::Pe => "pe",
            ImageFormat::MachO => "macho",
        }
    }
}

/// What a binary was built as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageKind {
    /// Executable at fixed addresses.
    Executable,
    /// Position-independent executable.
    Pie,
    /// C shared library (`-buildmode=c-shared`).
    SharedLibrary,
    /// Member of a C archive (`-buildmode=c-archive`) or another relocatable object.
    Object,
    /// Go plugin (`-buildmode=plugin`).
    Plugin,
    /// Not known.
    Unknown,
}

impl ImageKind {
    /// The stable word for output.
    pub fn name(self) -> &'static str {
        match self {
            ImageKind::Executable => "executable",
            ImageKind::Pie => "pie",
            ImageKind::SharedLibrary => "shared-library",
            ImageKind::Object => "object",
            ImageKind::Plugin => "plugin",
            ImageKind::Unknown => "unknown",
        }
    }
}

/// Whether something is in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    Present,
    /// It is not (stripped).
    Absent,
    /// It could not be told.
    Unknown,
}

impl Presence {
    /// The stable word for output.
    pub fn name(self) -> &'static str {
        match self {
            Presence::Present => "present",
            Presence::Absent => "absent",
            Presence::Unknown => "unknown",
        }
    }
}

/// A module as the build info has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleFacts {
    /// Module path.
    pub path: String,
    /// Version; empty where none is recorded.
    pub version: String,
    /// Path and version of the replacement.
    pub replace: Option<(String, String)>,
}

impl ModuleFacts {
    /// Path and version of the code that is really there: the replacement's, where there is one.
    pub fn effective(&self) -> (&str, &str) {
        match &self.replace {
            Some((path, version)) => (path, version),
            None => (&self.path, &self.version),
        }
    }
}

/// Something that should have been examined and could not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Path as given or found; empty where it is about the run as a whole.
    pub path: String,
    /// What went wrong, as a stable word.
    pub kind: FailureKind,
    /// What went wrong, for people: one sentence without a full stop.
    pub message: String,
    /// What to do about it, where there is something to do.
    pub hint: Option<String>,
}

/// Kinds of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// There is no such file.
    NotFound,
    /// It cannot be opened or read.
    Unreadable,
    /// A FIFO, socket or device.
    NotAFile,
    /// It has no bytes.
    Empty,
    /// Not a Go binary.
    NotGo,
    /// A place without any Go binary.
    NoGoBinaries,
    /// Packed (UPX); the Go binary inside cannot be seen.
    Packed,
    /// A Go binary that this version cannot read.
    Unsupported,
    /// Its headers contradict themselves or point outside the file.
    Damaged,
    /// It became shorter while it was read.
    Changed,
    /// Larger than the limit.
    TooLarge,
    /// The run was ended before it was examined.
    Interrupted,
}

impl FailureKind {
    /// All kinds.
    pub const ALL: [FailureKind; 12] = [
        FailureKind::NotFound,
        FailureKind::Unreadable,
        FailureKind::NotAFile,
        FailureKind::Empty,
        FailureKind::NotGo,
        FailureKind::NoGoBinaries,
        FailureKind::Packed,
        FailureKind::Unsupported,
        FailureKind::Damaged,
        FailureKind::Changed,
        FailureKind::TooLarge,
        FailureKind::Interrupted,
    ];

    /// The stable word for output.
    pub fn name(self) -> &'static str {
        match self {
            FailureKind::NotFound => "not-found",
            FailureKind::Unreadable => "unreadable",
            FailureKind::NotAFile => "not-a-file",
            FailureKind::Empty => "empty",
            FailureKind::NotGo => "not-go",
            FailureKind::NoGoBinaries => "no-go-binaries",
            FailureKind::Packed => "packed",
            FailureKind::Unsupported => "unsupported",
            FailureKind::Damaged => "damaged",
            FailureKind::Changed => "changed-while-reading",
            FailureKind::TooLarge => "too-large",
            FailureKind::Interrupted => "interrupted",
        }
    }
}

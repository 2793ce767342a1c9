//! What a scan says: findings with their tier, evidence and reasons.
//!
//! The words are those of the mission: *linked*, *package*, *module*; fact, gap and "not decided" are different values
//! to the end.

use crate::subject::{Place, SymbolId};
use goassay_binary::gap::Gap;

/// The outcome of matching one subject against one database. Everything in it is sorted and owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Findings, sorted by advisory id, then module path and version.
    pub findings: Vec<Finding>,
    /// The symbols that findings point to (by index), sorted by package and name.
    pub symbols: Vec<Symbol>,
    /// What could not be read or looked up.
    pub gaps: Vec<Gap>,
    /// Remarks that are neither finding nor gap (for instance packages vendored into the standard library).
    pub notes: Vec<String>,
}

/// How much of an advisory is in the binary. Ordered: `Module < Package < Linked`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// The module is in the build info, the vulnerable package is not in the binary.
    Module,
    /// The vulnerable package is in the binary, none of the advisory's symbols are.
    Package,
    /// A vulnerable symbol is in the binary, or the advisory names no symbols and the package is there.
    Linked,
}

impl Tier {
    /// The stable word for output: `linked`, `package`, `module`.
    pub fn name(self) -> &'static str {
        match self {
            Tier::Module => "module",
            Tier::Package => "package",
            Tier::Linked => "linked",
        }
    }
}

/// How the vulnerable code is reached from an entry point. Ranks a linked finding, never lowers it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathGrade {
    /// No call path was computed, and why.
    NotComputed(String),
}

/// Whether the recorded version is affected.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Applies {
    /// The version is in an affected range of the advisory.
    Affected,
    /// The version cannot be ordered against the advisory's ranges, and why. Neither affected nor clean.
    Undecided(String),
}

/// Whether the tier rests on what was read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TierEvidence {
    /// Read from the binary.
    Read,
    /// What is below could not be read: the true tier may be higher.
    AtLeast(Gap),
}

/// Whether the Go security team has reviewed the advisory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReviewStatus {
    /// Reviewed: packages and symbols were looked at by a person.
    Reviewed,
    /// Imported without review.
    Unreviewed,
    /// Not stated.
    Unknown,
}

/// The facts of an advisory that a report repeats.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Advisory {
    /// `GO-2024-1234`.
    pub id: String,
    /// CVE and GHSA names, sorted, without duplicates.
    pub aliases: Vec<String>,
    /// Review status.
    pub review: ReviewStatus,
    /// RFC 3339 date of publication, where the database has a real one.
    pub published: Option<String>,
    /// RFC 3339 date of the last change, where the database has a real one.
    pub modified: Option<String>,
    /// Where to read about it.
    pub url: String,
}

/// The module that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundModule {
    /// Module path that was matched: the replacement's where there is one; `stdlib` and `toolchain` for Go itself.
    pub path: String,
    /// Version that was matched, as recorded; empty where none is.
    pub version: String,
    /// Path and version of the module that it replaces.
    pub replaces: Option<(String, String)>,
}

/// One advisory in one module of the binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which advisory.
    pub advisory: Advisory,
    /// In which module.
    pub module: FoundModule,
    /// The earliest version above the found one that is not affected, written as the module's versions are
    /// (`v1.2.3`, `go1.26.8`). For a development version of Go: the latest such version.
    pub fixed: Option<String>,
    /// How much of it is there.
    pub tier: Tier,
    /// Whether the tier rests on what was read.
    pub evidence: TierEvidence,
    /// Whether the version is affected.
    pub applies: Applies,
    /// How it is reached (linked findings).
    pub path: PathGrade,
    /// Vulnerable packages that are in the binary, sorted.
    pub packages: Vec<String>,
    /// Vulnerable symbols that are in the binary: indexes into [`Scan::symbols`], ascending.
    pub symbols: Vec<u32>,
    /// True where the advisory names no symbols for the packages found, so that all of the package counts.
    pub whole_package: bool,
    /// Why something is not proven, or how it was matched; sentences for people.
    pub reasons: Vec<String>,
}

/// A symbol in the binary that an advisory covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// Import path, unescaped, as the database writes it.
    pub package: String,
    /// Name as the database writes it: `Framer.ReadFrame`, `Parse`.
    pub name: String,
    /// The linker names that stand for it, sorted.
    pub variants: Vec<Variant>,
    /// Where they are, sorted; empty where that could not be read (a gap says why). Where only the first was asked for
    /// ([`Places::First`](goassay_binary::Places)), those up to the first of each name that has a source position.
    pub places: Vec<Place>,
}

/// One linker name that stands for a database symbol.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Variant {
    /// How it stands for the symbol.
    pub kind: VariantKind,
    /// The name as the linker wrote it.
    pub linker_name: String,
    /// Its entry in the symbol table.
    pub id: SymbolId,
}

/// How a linker name stands for a database symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VariantKind {
    /// The function or method itself.
    Exact,
    /// An instantiation of a generic function or method (`Sum[...]`).
    Generic,
    /// Code written inside it: closures, `go`/`defer` wrappers, range-over-func bodies (`.func1`, `.gowrap1`, `-range1`).
    Closure,
    /// A method value or other wrapper (`-fm`).
    Wrapper,
}

#[cfg(test)]
pub(crate) mod testing {
    //! Findings for tests that need no more than an id, a module and symbols.
    use super::*;

    /// A scan with symbols and without findings.
    pub(crate) fn scan(symbols: &[(&str, &str)]) -> Scan {
        let symbol = |(package, name): &(&str, &str)| Symbol {
            package: (*package).to_owned(),
            name: (*name).to_owned(),
            variants: Vec::new(),
            places: Vec::new(),
        };
        Scan {
            findings: Vec::new(),
            symbols: symbols.iter().map(symbol).collect(),
            gaps: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// An affected, linked finding.
    pub(crate) fn finding(id: &str, module: &str, symbols: &[u32]) -> Finding {
        let (path, version) = (module.to_owned(), "v1.0.0".to_owned());
        Finding {
            advisory: Advisory {
                id: id.to_owned(),
                aliases: Vec::new(),
                review: ReviewStatus::Unknown,
                published: None,
                modified: None,
                url: String::new(),
            },
            module: FoundModule {
                path,
                version,
                replaces: None,
            },
            fixed: None,
            tier: Tier::Linked,
            evidence: TierEvidence::Read,
            applies: Applies::Affected,
            path: PathGrade::NotComputed(String::new()),
            packages: Vec::new(),
            symbols: symbols.to_vec(),
            whole_package: false,
            reasons: Vec::new(),
        }
    }
}

//! Versions: ordering what a binary records against what an advisory states, exactly.
//!
//! Three sources meet here: semantic versions as Go modules use them ([`semver`]), Go's own release names ([`go`]) and
//! what build information records for a module ([`module`]). Each recorded version becomes a [`Position`] in the order
//! of semantic versions: a point, an interval, or unknown with the reason. Nothing is guessed: [`range`] decides only
//! where every possible point agrees.

pub mod go;
pub mod module;
pub mod range;
pub mod semver;

pub use go::GoVersion;
pub use module::ModuleVersion;
pub use semver::Semver;

/// Where a recorded version stands in the order of semantic versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// Exactly there. The text is a semantic version without the `v`.
    At(String),
    /// Somewhere from `from` (included) to `below` (excluded): a development version. Without `from`: from the
    /// beginning of time.
    Between {
        /// Lowest possible version.
        from: Option<String>,
        /// First version that is too high.
        below: String,
        /// Why it is not a point: a sentence part, without a full stop.
        why: String,
    },
    /// Nowhere in particular, and why: a sentence part, without a full stop.
    Unknown(String),
}

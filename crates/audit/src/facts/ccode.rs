//! Whether C code is linked into the program, and what shows it.

use super::names::Names;
use goassay_binary::Binary;
use goassay_binary::gap::{Fact, Gap};

/// C code in the program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CCode {
    /// Whether any is linked.
    pub linked: bool,
    /// Packages whose cgo wrappers are there (`net`, `runtime/cgo`, `github.com/mattn/go-sqlite3`).
    pub packages: Vec<String>,
    /// What shows it: names that cgo made, needed libraries.
    pub evidence: Vec<String>,
}

/// Looks for C code.
///
/// # Errors
/// Where the names of the functions could not be read.
pub fn read(_binary: &Binary<'_>, names: Result<&Names, &Gap>) -> Fact<CCode> {
    let names = names.map_err(Clone::clone)?;
    Ok(CCode {
        linked: names.cgo_count > 0,
        packages: Vec::new(),
        evidence: names.cgo.clone(),
    })
}

//! Whether C code is linked into the program, and what shows it.

use super::names::Names;
use goassay_binary::Binary;
use goassay_binary::gap::{Fact, Gap};

/// C code in the program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CCode {
    /// Whether any is linked. `runtime/cgo` itself is C code.
    pub linked: bool,
    /// Packages that call C, sorted (hostile): `net`, `github.com/mattn/go-sqlite3`; at most [`MOST_PACKAGES`].
    pub packages: Vec<String>,
    /// What shows it: names that cgo made, a recorded setting.
    pub evidence: Vec<String>,
    /// `CGO_ENABLED` as recorded: whether C code could be linked.
    pub enabled: Option<bool>,
}

/// Packages that are kept.
pub const MOST_PACKAGES: usize = 50;

impl CCode {
    /// The packages that are not of the standard library: the program's own C code, or that of a dependency.
    pub fn foreign_packages(&self) -> impl Iterator<Item = &str> {
        let paths = self.packages.iter().map(String::as_str);
        paths.filter(|path| !is_standard(path))
    }
}

/// Packages of the standard library that use C where cgo is enabled.
fn is_standard(path: &str) -> bool {
    const STANDARD: [&str; 5] = [
        "net",
        "os/user",
        "plugin",
        "runtime/cgo",
        "crypto/internal/boring",
    ];
    STANDARD.contains(&path)
}

/// Looks for C code.
///
/// # Errors
/// Where the names of the functions could not be read.
pub fn read(binary: &Binary<'_>, names: Result<&Names, &Gap>) -> Fact<CCode> {
    let names = names.map_err(Clone::clone)?;
    let setting = super::setting(binary, "CGO_ENABLED").ok().flatten();
    let mut evidence: Vec<String> = names
        .cgo
        .iter()
        .map(|name| format!("function {name}"))
        .collect();
    evidence.extend(setting.map(|value| format!("CGO_ENABLED={value}")));
    Ok(CCode {
        linked: names.cgo_count > 0,
        packages: names
            .c_callers
            .iter()
            .take(MOST_PACKAGES)
            .cloned()
            .collect(),
        evidence,
        enabled: setting.map(|value| value == "1"),
    })
}

//! Which toolchain made the binary, as it calls itself.

use goassay_binary::Binary;
use goassay_binary::gap::Fact;
use goassay_vuln::version::{GoVersion, Position};

/// A toolchain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolchain {
    /// As it calls itself (hostile): `go1.24.4 (Red Hat 1.24.4-1.el9)`.
    pub text: String,
    /// Where it stands among Go's releases.
    pub position: Position,
    /// What a vendor appended.
    pub vendor: Option<String>,
    /// Experiments in which it differs from its release's defaults.
    pub experiments: Vec<String>,
}

impl Toolchain {
    /// The minor version of Go 1.x, where it is known.
    pub fn minor(&self) -> Option<u32> {
        match &self.position {
            Position::At(text) => text.split('.').nth(1)?.parse().ok(),
            Position::Between { .. } | Position::Unknown(_) => None,
        }
    }
}

/// Reads the toolchain's version.
///
/// # Errors
/// Where there is no build information.
pub fn read(binary: &Binary<'_>) -> Fact<Toolchain> {
    let info = binary.build_info().map_err(Clone::clone)?;
    let version = GoVersion::parse(info.go_version);
    let listed = version.experiments.unwrap_or_default();
    let recorded = info.setting("GOEXPERIMENT").unwrap_or_default();
    let mut experiments: Vec<String> = listed
        .split(',')
        .chain(recorded.split(','))
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    experiments.sort_unstable();
    experiments.dedup();
    Ok(Toolchain {
        text: info.go_version.to_owned(),
        vendor: version.vendor.map(str::to_owned),
        experiments,
        position: version.position,
    })
}

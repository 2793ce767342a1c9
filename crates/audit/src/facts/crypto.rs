//! Whose cryptography the program uses: Go's own, its FIPS 140 module, BoringCrypto, OpenSSL, the system's.
//!
//! Presence misleads: `crypto/internal/fips140/…` and `crypto/internal/boring` are linked in ordinary programs, and so is
//! a section `.go.fipsinfo` (Go 1.24 and later). What counts is named in each variant.

use super::names::Names;
use goassay_binary::Binary;
use goassay_binary::gap::{Fact, Gap};

/// Whose cryptography.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crypto {
    /// The implementation.
    pub variant: Variant,
    /// What shows it, most telling first.
    pub evidence: Vec<String>,
}

/// An implementation of cryptography.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variant {
    /// No package of `crypto/…` has a function in the binary.
    None,
    /// Go's own, nothing validated.
    Go,
    /// Go's FIPS 140 module, chosen when it was built (`GOFIPS140`) or on by default (`GODEBUG=fips140`).
    GoFips {
        /// `v1.0.0-c2097c7c`, `latest`; `None` where only the mode is known.
        module: Option<String>,
        /// Mode at the start of the program, unless its environment says otherwise.
        mode: FipsMode,
    },
    /// BoringCrypto (`GOEXPERIMENT=boringcrypto`).
    BoringCrypto {
        /// Package `crypto/tls/fipsonly` restricts TLS to approved settings.
        tls_restricted: bool,
    },
    /// A toolchain that hands cryptography to OpenSSL when the program runs. Names the packages' origin.
    OpenSsl(&'static str),
    /// A toolchain that hands cryptography to the operating system (CNG, CommonCrypto).
    System(&'static str),
}

/// `GODEBUG=fips140`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FipsMode {
    /// Off unless the environment switches it on.
    Off,
    /// On.
    On,
    /// Only approved algorithms.
    Only,
    /// For tests of the module.
    Debug,
}

impl FipsMode {
    /// The value of the GODEBUG setting.
    pub fn name(self) -> &'static str {
        match self {
            FipsMode::Off => "off",
            FipsMode::On => "on",
            FipsMode::Only => "only",
            FipsMode::Debug => "debug",
        }
    }
}

/// Finds out whose cryptography it is.
///
/// # Errors
/// Where the names of the functions could not be read.
pub fn read(_binary: &Binary<'_>, names: Result<&Names, &Gap>) -> Fact<Crypto> {
    names.map_err(Clone::clone)?;
    Err(Gap::new(
        goassay_binary::gap::Topic::Symbols,
        "whose cryptography it is was not looked for yet",
    ))
}

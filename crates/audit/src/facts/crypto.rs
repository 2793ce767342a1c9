//! Whose cryptography the program uses: Go's own, its FIPS 140 module, BoringCrypto, OpenSSL, the system's.
//!
//! Presence misleads: `crypto/internal/fips140/…` and `crypto/internal/boring` are linked in ordinary programs, and so is
//! a section `.go.fipsinfo` (Go 1.24 and later). What counts is named in each variant.

use super::names::Names;
use super::{godebug, settings, toolchain};
use goassay_binary::Binary;
use goassay_binary::gap::{Fact, Gap};

/// Whose cryptography.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crypto {
    /// The implementation.
    pub variant: Variant,
    /// What shows it, most telling first.
    pub evidence: Vec<String>,
    /// `fips140` of GODEBUG at the start of the program, unless its environment says otherwise.
    pub fips_mode: Fact<FipsMode>,
    /// Packages below `golang.org/x/crypto` that have a function in the binary: no module of any kind covers them.
    pub beside: Vec<String>,
}

/// An implementation of cryptography.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variant {
    /// No package of `crypto/…` has a function in the binary.
    None,
    /// Go's own, nothing validated.
    Go,
    /// Go's FIPS 140 module, chosen when it was built (`GOFIPS140`): `v1.0.0-c2097c7c`, `latest`.
    GoFips(String),
    /// BoringCrypto (`GOEXPERIMENT=boringcrypto`).
    BoringCrypto {
        /// Package `crypto/tls/fipsonly` restricts TLS to approved settings.
        tls_restricted: bool,
    },
    /// A toolchain that can hand cryptography to OpenSSL when the program runs. Names the packages' origin.
    OpenSsl(&'static str),
    /// A toolchain that hands cryptography to the operating system (CNG, CommonCrypto).
    System(&'static str),
}

impl Variant {
    /// The stable word for output.
    pub fn name(&self) -> &'static str {
        match self {
            Variant::None => "none",
            Variant::Go => "go",
            Variant::GoFips(_) => "go-fips140",
            Variant::BoringCrypto { .. } => "boringcrypto",
            Variant::OpenSsl(_) => "openssl",
            Variant::System(_) => "system",
        }
    }
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

/// Packages that only toolchains with another cryptography have, and whose it is. The go command vendors them into the
/// standard library; a program that imports one itself has it without `vendor/`.
const FOREIGN: &[(&str, Variant)] = &[
    (
        "vendor/github.com/golang-fips/openssl",
        Variant::OpenSsl("golang-fips"),
    ),
    (
        "vendor/github.com/microsoft/go-crypto-openssl",
        Variant::OpenSsl("Microsoft"),
    ),
    (
        "vendor/github.com/microsoft/go-crypto-winnative",
        Variant::System("Windows CNG (Microsoft)"),
    ),
    (
        "vendor/github.com/microsoft/go-crypto-darwin",
        Variant::System("CommonCrypto (Microsoft)"),
    ),
];
/// Where snapshots of Go's module lie: `crypto/internal/fips140/v1.0.0-c2097c7c/aes`.
const SNAPSHOTS: &str = "crypto/internal/fips140/v";
/// Packages that are kept of those beside the standard library.
const MOST_BESIDE: usize = 50;

/// Finds out whose cryptography it is.
///
/// # Errors
/// Where the names of the functions could not be read.
pub fn read(
    binary: &Binary<'_>,
    names: Result<&Names, &Gap>,
    godebug: Result<&Vec<godebug::Setting>, &Gap>,
) -> Fact<Crypto> {
    let names = names.map_err(Clone::clone)?;
    let (variant, evidence) = variant(binary, names);
    let beside = names.packages_below("golang.org/x/crypto/");
    Ok(Crypto {
        variant,
        evidence,
        fips_mode: godebug
            .map(|settings| fips_mode(settings))
            .map_err(Clone::clone),
        beside: beside.take(MOST_BESIDE).map(str::to_owned).collect(),
    })
}

fn variant(binary: &Binary<'_>, names: &Names) -> (Variant, Vec<String>) {
    if names.boring_signature {
        let evidence = vec!["function crypto/internal/boring/sig.BoringCrypto".to_owned()];
        let tls_restricted = names.fips_only_signature;
        return (Variant::BoringCrypto { tls_restricted }, evidence);
    }
    for (prefix, variant) in FOREIGN {
        if let Some(package) = names.packages_below(prefix).next() {
            let mut evidence = vec![format!("package {package}")];
            evidence.extend(experiments(binary));
            return (variant.clone(), evidence);
        }
    }
    if let Some((module, evidence)) = go_module(binary, names) {
        return (Variant::GoFips(module), evidence);
    }
    let public = names
        .packages_below("crypto")
        .find(|path| is_cryptography(path));
    match public {
        Some(package) => (Variant::Go, vec![format!("package {package}")]),
        None => (Variant::None, Vec::new()),
    }
}

/// Whether a package of the standard library is cryptography that programs call. Packages below `crypto/internal` are in
/// every program that opens a random source.
fn is_cryptography(path: &str) -> bool {
    path == "crypto" || path.starts_with("crypto/") && !path.starts_with("crypto/internal/")
}

fn experiments(binary: &Binary<'_>) -> Option<String> {
    let toolchain = toolchain::read(binary).ok()?;
    let named = toolchain
        .experiments
        .iter()
        .filter(|name| name.contains("crypto"));
    let list: Vec<&str> = named.map(String::as_str).collect();
    (!list.is_empty()).then(|| format!("GOEXPERIMENT={}", list.join(",")))
}

/// The chosen version of Go's FIPS 140 module: as recorded, or as the paths of its packages say.
fn go_module(binary: &Binary<'_>, names: &Names) -> Option<(String, Vec<String>)> {
    let recorded = settings(binary)
        .ok()
        .and_then(|info| info.setting("GOFIPS140"))
        .filter(|&module| module != "off");
    let package = names.packages_below(SNAPSHOTS).next();
    let of_path = package.and_then(|path| path.split('/').nth(3));
    let evidence = [
        recorded.map(|module| format!("GOFIPS140={module}")),
        package.map(|path| format!("package {path}")),
    ];
    let module = recorded.or(of_path)?.to_owned();
    Some((module, evidence.into_iter().flatten().collect()))
}

/// The mode that the program starts in.
fn fips_mode(settings: &[godebug::Setting]) -> FipsMode {
    let last = settings.iter().rfind(|setting| setting.name == "fips140");
    match last.map(|setting| setting.value.as_str()) {
        Some("on") => FipsMode::On,
        Some("only") => FipsMode::Only,
        Some("debug") => FipsMode::Debug,
        _ => FipsMode::Off,
    }
}

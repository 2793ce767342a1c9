//! What the main module is, and how its version is known.

use goassay_binary::Binary;
use goassay_binary::gap::Fact;

/// The main module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MainVersion {
    /// Import path of the main package.
    pub package: Option<String>,
    /// Module path.
    pub module: Option<String>,
    /// Version as recorded: `v1.2.3`, a pseudo-version, `(devel)`, with `+dirty`.
    pub version: Option<String>,
    /// What kind of version it is.
    pub kind: VersionKind,
    /// The checkout had changes that were not committed (`+dirty`, `vcs.modified`).
    pub dirty: bool,
    /// Commit of the checkout (`vcs.revision`).
    pub revision: Option<String>,
    /// Time of that commit (`vcs.time`).
    pub time: Option<String>,
}

/// How the version of the main module is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionKind {
    /// A tag.
    Release,
    /// A pre-release tag.
    PreRelease,
    /// Made from a commit (`v0.0.0-20240102030405-abcdef012345`).
    Pseudo,
    /// `(devel)`, with a commit beside it.
    DevelWithRevision,
    /// `(devel)`, and nothing else.
    Devel,
    /// Built from files: `command-line-arguments`.
    Files,
    /// No module is recorded.
    NotRecorded,
    /// A text that is no version.
    Other,
}

/// Reads the version of the main module.
///
/// # Errors
/// Where there is no build information.
pub fn read(binary: &Binary<'_>) -> Fact<MainVersion> {
    let info = binary.build_info().map_err(Clone::clone)?;
    let main = info.main.as_ref().filter(|main| !main.path.is_empty());
    let version = main
        .map(|main| main.version)
        .filter(|text| !text.is_empty());
    let revision = info.setting("vcs.revision");
    let modified = info.setting("vcs.modified") == Some("true");
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Ok(MainVersion {
        package: owned(info.path),
        module: owned(main.map(|main| main.path)),
        version: owned(version),
        kind: kind(info.path, main.is_some(), version, revision.is_some()),
        dirty: modified || version.is_some_and(is_dirty),
        revision: owned(revision),
        time: owned(info.setting("vcs.time")),
    })
}

fn is_dirty(version: &str) -> bool {
    let build = version.split_once('+').map_or("", |(_, build)| build);
    build.split(['+', '.']).any(|word| word == "dirty")
}

fn kind(path: Option<&str>, module: bool, version: Option<&str>, revision: bool) -> VersionKind {
    if path == Some("command-line-arguments") {
        return VersionKind::Files;
    }
    match version {
        _ if !module => VersionKind::NotRecorded,
        None | Some("(devel)") if revision => VersionKind::DevelWithRevision,
        None | Some("(devel)") => VersionKind::Devel,
        Some(version) => kind_of(version),
    }
}

fn kind_of(version: &str) -> VersionKind {
    let bare = version.split('+').next().unwrap_or(version);
    let semver = bare
        .strip_prefix('v')
        .and_then(goassay_vuln::version::Semver::parse_bare);
    match semver {
        None => VersionKind::Other,
        Some(semver) if semver.pre().is_empty() => VersionKind::Release,
        Some(semver) if is_pseudo(semver.pre()) => VersionKind::Pseudo,
        Some(_) => VersionKind::PreRelease,
    }
}

/// `20240102030405-abcdef012345` at the end of the pre-release (`golang.org/x/mod/module.IsPseudoVersion`).
fn is_pseudo(pre: &str) -> bool {
    let Some((before, hash)) = pre.rsplit_once('-') else {
        return false;
    };
    let time = before.rsplit(['.', '-']).next().unwrap_or(before);
    time.len() == 14
        && time.bytes().all(|b| b.is_ascii_digit())
        && hash.len() == 12
        && hash.bytes().all(|b| b.is_ascii_alphanumeric())
}

//! T6: which version it is can be read from the binary.

use super::support::{fail, known, not_applicable, pass, rename, settle, unknown};
use crate::facts::Facts;
use crate::facts::ldflags::Looks;
use crate::facts::version::{MainVersion, VersionKind};
use crate::policy::{Policy, Profile};
use crate::registry::Rule;
use crate::verdict::{Level, Verdict};
use goassay_binary::gap::{Gap, Topic};

pub(super) static RULES: &[Rule] = &[
    Rule {
        id: "T6-version",
        title: "the version of the program is recorded",
        level: Some(Level::Warning),
        profiles: &[(Profile::Distro, Some(Level::Error))],
        pass: "The build information has a version of the main module. Programs of the Go distribution have that of their toolchain.",
        limits: "That the source was that of the version is not proven: a tag can be moved, and the go command believes the \
                 checkout.",
        help: "Scanners, registries and people look for the version in the build information; a variable that `-X` sets is seen \
               by nobody but the program. `go install MODULE@VERSION` records it always. `go build` does so in a checkout from \
               Go 1.24 on, when the tag is there, the repository's folder is the module's, and `-buildvcs` is not off.",
        judge: |facts, _| settle(version(facts)),
    },
    Rule {
        id: "T6-tag",
        title: "the version is a tag",
        level: Some(Level::Note),
        profiles: &[(Profile::Distro, Some(Level::Warning))],
        pass: "The recorded version is one that somebody tagged.",
        limits: "That the tag exists upstream is not checked.",
        help: "A pseudo-version (`v0.0.0-20240102030405-abcdef012345`) names a commit between tags: it sorts before the next \
               release, and advisories on releases cannot be matched to a fix that was picked. Tag, and build the tag.",
        judge: |facts, _| settle(tag(facts)),
    },
    Rule {
        id: "T6-clean",
        title: "built from a clean checkout",
        level: Some(Level::Warning),
        profiles: &[(Profile::Distro, Some(Level::Error))],
        pass: "Neither the version nor the VCS stamp says that files were changed.",
        limits: "Files that the VCS ignores are not seen by the go command.",
        help: "`+dirty` means that the binary is not what its commit says, and that nobody can build it again. Most often an \
               untracked file of the build itself is the cause: write artefacts outside of the checkout, or ignore them.",
        judge: |facts, _| settle(clean(facts)),
    },
    Rule {
        id: "T6-origin",
        title: "the source can be found",
        level: Some(Level::Note),
        profiles: &[(Profile::Distro, Some(Level::Warning))],
        pass: "A commit is recorded, or a version of the module with its checksum.",
        limits: "That the source is still there is not checked.",
        help: "Without a commit or a version, nobody can look up what the program is. `-buildvcs=true` fails where the go command \
               cannot ask the VCS, instead of leaving it out.",
        judge: |facts, _| settle(origin(facts)),
    },
    Rule {
        id: "T6-module",
        title: "the module is the expected one",
        level: Some(Level::Error),
        profiles: &[],
        pass: "The path of the main module begins with one that the configuration expects.",
        limits: "Anybody can write any module path.",
        help: "A fork, or a build from files, has another identity than the module that it is taken for.",
        judge: |facts, policy| settle(module(facts, policy)),
    },
];

/// The release of which a program of the Go distribution itself is (`cmd/go`): it has no module, and is of the version of its
/// toolchain. Elements without a dot are the standard library's, so nobody else's import path begins so.
fn distributed<'f>(facts: &'f Facts<'_>, main: &MainVersion) -> Option<&'f str> {
    let package = main.package.as_deref()?;
    let info = facts.binary.build_info().ok()?;
    let is_release = !info.go_version.starts_with("devel") && !info.go_version.contains("-devel");
    let own = main.module.is_none() && package.starts_with("cmd/");
    (own && is_release).then_some(info.go_version)
}

fn version(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    let main = known(&facts.version)?;
    if let Some(go) = distributed(facts, main) {
        return Ok(pass(format!("part of the Go distribution: {go}")));
    }
    let fix = "git tag v1.2.3 && go build -buildvcs=true";
    let what = match main.kind {
        VersionKind::Release | VersionKind::PreRelease | VersionKind::Pseudo => {
            return Ok(pass(main.version.clone().unwrap_or_default()));
        }
        VersionKind::DevelWithRevision => "only a commit is recorded, no version",
        VersionKind::Devel => "the version is (devel), and no commit is recorded",
        VersionKind::Files => "it was built from files, not from a package of a module",
        VersionKind::Other => "the recorded version is none",
        VersionKind::NotRecorded => {
            complete(facts)?;
            "no module is recorded"
        }
    };
    Ok(fail(what, version_evidence(facts, main), fix))
}

fn version_evidence(facts: &Facts<'_>, main: &MainVersion) -> Vec<String> {
    let recorded = main
        .version
        .iter()
        .map(|version| format!("version {version}"));
    let revision = main
        .revision
        .iter()
        .map(|revision| format!("vcs.revision={revision}"));
    let values = facts.linker_flags.values.iter().flatten();
    let by_x = values
        .filter(|value| value.looks == Looks::Version)
        .map(|value| format!("set by -X only: {}", value.value));
    recorded.chain(revision).chain(by_x).collect()
}

/// Lines that could not be read may have said it.
fn complete(facts: &Facts<'_>) -> Result<(), Verdict> {
    let info = facts.binary.build_info().map_err(unknown)?;
    if info.unknown_lines > 0 {
        let reason = "not all lines of the build information could be read";
        return Err(unknown(&Gap::new(Topic::BuildInfo, reason)));
    }
    Ok(())
}

fn tag(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    let main = known(&facts.version)?;
    let version = main.version.clone().unwrap_or_default();
    match main.kind {
        VersionKind::Release | VersionKind::PreRelease => Ok(pass(version)),
        VersionKind::Pseudo => {
            let fix = "git tag v1.2.3 && go build -buildvcs=true";
            Ok(fail(
                "the version is made from a commit",
                vec![version],
                fix,
            ))
        }
        _ => Ok(not_applicable("no version is recorded (see T6-version)")),
    }
}

fn clean(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    let main = known(&facts.version)?;
    if main.dirty {
        let fix = "git stash --include-untracked && go build -buildvcs=true";
        let evidence = main
            .version
            .iter()
            .map(|version| format!("version {version}"));
        let modified = std::iter::once("the checkout had changes".to_owned());
        return Ok(fail(
            "it was built with changes that were not committed",
            evidence.chain(modified).collect(),
            fix,
        ));
    }
    let stamp = crate::facts::setting(facts.binary, "vcs.modified").map_err(|gap| unknown(&gap))?;
    if stamp == Some("false") {
        return Ok(pass("vcs.modified=false"));
    }
    if has_sum(facts) {
        return Ok(pass(
            "the module has a checksum: it came as a whole version",
        ));
    }
    Err(unknown(&Gap::new(
        Topic::BuildInfo,
        "no VCS stamp says whether files were changed",
    )))
}

/// The go command records a checksum of the main module where it was downloaded, never in a checkout.
fn has_sum(facts: &Facts<'_>) -> bool {
    let main = facts
        .binary
        .build_info()
        .ok()
        .and_then(|info| info.main.as_ref());
    main.is_some_and(|main| is_sum(main.sum))
}

/// `h1:` and SHA-256 in base64.
fn is_sum(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    text.strip_prefix("h1:")
        .and_then(|hash| hash.strip_suffix('='))
        .is_some_and(|digits| digits.len() == 43 && digits.bytes().all(is_digit))
}

fn origin(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    let main = known(&facts.version)?;
    if let Some(revision) = &main.revision {
        return Ok(pass(format!("vcs.revision={revision}")));
    }
    if has_sum(facts) {
        return Ok(pass("a version with its checksum"));
    }
    if let Some(go) = distributed(facts, main) {
        return Ok(pass(format!("part of the Go distribution: {go}")));
    }
    complete(facts)?;
    if main.kind == VersionKind::Pseudo {
        return Ok(pass("the version names a commit"));
    }
    Ok(fail(
        "neither a commit nor a checksum is recorded",
        version_evidence(facts, main),
        "go build -buildvcs=true",
    ))
}

/// Whether it has only characters that a module path may have (`golang.org/x/mod/module.CheckPath`).
fn is_module_path(path: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    !path.is_empty() && path.bytes().all(legal)
}

fn module(facts: &Facts<'_>, policy: &Policy) -> Result<Verdict, Verdict> {
    let expected = &policy.expectations.module_prefixes;
    if expected.is_empty() {
        return Ok(not_applicable("the configuration expects no module"));
    }
    let main = known(&facts.version)?;
    let Some(path) = &main.module else {
        complete(facts)?;
        return Ok(fail("no module is recorded", Vec::new(), "go build ."));
    };
    let begins = |prefix: &String| {
        let prefix = prefix.trim_end_matches('/');
        path.strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if expected.iter().any(begins) {
        return Ok(pass(path.clone()));
    }
    let Some(prefix) = expected.iter().find(|prefix| is_module_path(prefix)) else {
        let reason = "an expected module of the configuration is no module path";
        return Err(unknown(&Gap::new(Topic::BuildInfo, reason)));
    };
    // What comes after as many elements stays: `github.com/fork/server/v2` becomes `github.com/acme/server/v2`.
    let prefix = prefix.trim_end_matches('/');
    let rest = prefix.split('/').count() + 1;
    let new = format!("{prefix}/$(echo $old | cut -s -d/ -f{rest}-)");
    Ok(fail(
        "the main module is another one than expected",
        vec![path.clone()],
        rename(&new),
    ))
}

//! T3: what the program needs to start, and what its way of linking contradicts.

use super::support::{fail, headers, known, not_applicable, pass, settle, unknown};
use crate::facts::Facts;
use crate::facts::crypto::{Crypto, FipsMode, Variant};
use crate::facts::linkage::{Cause, Linkage};
use crate::policy::{Policy, Profile};
use crate::registry::Rule;
use crate::verdict::{Level, Verdict};
use goassay_binary::gap::{Gap, Topic};
use goassay_binary::hardening::{ElfKind, Hardening};

pub(super) static RULES: &[Rule] = &[
    Rule {
        id: "T3-static",
        title: "statically linked",
        level: Some(Level::Note),
        profiles: &[
            (Profile::StaticContainer, Some(Level::Error)),
            (Profile::Distro, None),
            (Profile::Library, None),
        ],
        pass: "The file names no interpreter and no library: it starts in an empty container image.",
        limits: "Files that it opens when it runs (certificates, time zones, `/etc/resolv.conf`) are not known.",
        help: "A dynamically linked program does not start where its loader and libraries are missing, or are of another C \
               library. Packages `net` and `os/user` link C only for the sake of the system's name services: the tags \
               `netgo` and `osusergo` choose Go's own code, also with `CGO_ENABLED=1`. C code of other packages can be \
               linked statically by the external linker.",
        judge: |facts, _| settle(is_static(facts)),
    },
    Rule {
        id: "T3-static-nss",
        title: "a static program does not load name services",
        level: Some(Level::Warning),
        profiles: &[(Profile::Library, None)],
        pass: "The program is static, and neither `net` nor `os/user` calls the C library.",
        limits: "C code of other packages may look up names by itself.",
        help: "The C library of glibc loads its name services (NSS) as shared libraries even in static programs, and they \
               have to be of the very version that was linked. Build with `netgo,osusergo`.",
        judge: |facts, _| settle(static_nss(facts)),
    },
    Rule {
        id: "T3-nss",
        title: "users and hosts are looked up as the system does",
        level: None,
        profiles: &[(Profile::Distro, Some(Level::Note))],
        pass: "`net` and `os/user` ask the C library, or are not linked.",
        limits: "Environment and GODEBUG can choose Go's resolver when the program runs.",
        help: "Go's own resolver reads `/etc/hosts`, `/etc/resolv.conf`, `/etc/passwd` and `/etc/group`. Users from LDAP or SSSD, \
               and hosts from mDNS, are not found by it. On a desktop or a managed server that matters; in a container \
               it does not.",
        judge: |facts, _| settle(nss(facts)),
    },
    Rule {
        id: "T3-fips-claim",
        title: "what is claimed about FIPS 140 can be true",
        level: Some(Level::Error),
        profiles: &[],
        pass: "Nothing in the binary contradicts the cryptography that was chosen when it was built.",
        limits: "Whether the system has a validated module at run time, and whether that validation covers this use, is not \
                 in the binary.",
        help: "BoringCrypto needs cgo: with `CGO_ENABLED=0` the experiment is accepted and without effect. Toolchains that hand \
               cryptography to OpenSSL load it when the program runs, which a static program cannot. Go's module works \
               with any linking, but `GODEBUG=fips140` decides whether it is on.",
        judge: |facts, _| settle(fips_claim(facts)),
    },
    Rule {
        id: "T3-fips",
        title: "uses validated cryptography",
        level: None,
        profiles: &[(Profile::Fips, Some(Level::Error))],
        pass: "The program was built for a cryptographic module that is validated or in validation, and starts in its FIPS \
               mode as far as the binary decides that.",
        limits: "A validation covers a module on named systems and in a named configuration; packages such as \
                 `golang.org/x/crypto` are outside of every module. Neither is judged here.",
        help: "`GOFIPS140=v1.0.0` builds with the frozen module of that version and switches it on by default (Go 1.24 and \
               later). `latest` is the module of the toolchain's own source, which nobody validated.",
        judge: |facts, _| settle(fips(facts)),
    },
    Rule {
        id: "T3-tags",
        title: "built with the expected tags",
        level: Some(Level::Error),
        profiles: &[],
        pass: "All tags that the configuration asks for are recorded, and none that it does not allow.",
        limits: "What a tag does is for the source to say.",
        help: "Tags choose code: `netgo` and `osusergo` Go's own resolvers, others features of the program.",
        judge: |facts, policy| settle(tags(facts, policy)),
    },
];

const PURE: &str = "CGO_ENABLED=0 go build -tags netgo,osusergo";
const STATIC_C: &str =
    "CGO_ENABLED=1 go build -tags netgo,osusergo -ldflags='-linkmode=external -extldflags=-static'";
const STATIC_PIE: &str = "CGO_ENABLED=1 go build -tags netgo,osusergo -buildmode=pie -ldflags='-linkmode=external -extldflags=-static-pie'";

/// The linkage, where the system leaves a choice.
fn linkage<'f>(facts: &'f Facts<'_>) -> Result<&'f Linkage, Verdict> {
    if !matches!(headers(facts)?, Hardening::Elf(_)) {
        return Err(not_applicable(
            "the operating system is called through its libraries only",
        ));
    }
    known(&facts.linkage)
}

fn is_static(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    let linkage = linkage(facts)?;
    if let Hardening::Elf(elf) = headers(facts)?
        && matches!(elf.kind, Ok((ElfKind::SharedObject, _)))
    {
        return Ok(not_applicable("a shared object is loaded by others"));
    }
    if linkage.is_static().map_err(unknown)? {
        return Ok(pass("no interpreter, no needed library"));
    }
    let needed = linkage.needed.iter().flatten();
    let interpreter = linkage.interpreter.iter().flatten();
    let evidence = linkage
        .because
        .iter()
        .map(|cause| cause.text().to_owned())
        .chain(interpreter.map(|path| format!("interpreter {path}")))
        .chain(needed.map(|name| format!("needs {name}")))
        .collect();
    let has = |cause: Cause| linkage.because.contains(&cause);
    let fix = if has(Cause::OwnC) || has(Cause::Plugin) || has(Cause::CgoRuntime) {
        STATIC_C
    } else if has(Cause::GoPie) {
        STATIC_PIE
    } else {
        PURE
    };
    Ok(fail("it is dynamically linked", evidence, fix))
}

fn static_nss(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    let linkage = linkage(facts)?;
    if !linkage.is_static().map_err(unknown)? {
        return Ok(not_applicable("it is dynamically linked"));
    }
    let c_code = known(&facts.c_code)?;
    if !c_code.linked {
        return Ok(not_applicable("pure Go: no C library is linked"));
    }
    let asks = |path: &&String| matches!(path.as_str(), "net" | "os/user");
    let callers: Vec<String> = c_code.packages.iter().filter(asks).cloned().collect();
    if callers.is_empty() {
        return Ok(pass("neither net nor os/user calls C"));
    }
    let what = "it is static, and asks the C library for users or hosts";
    Ok(fail(what, callers, STATIC_C))
}

fn nss(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    linkage(facts)?;
    let names = known(&facts.names)?;
    let c_code = known(&facts.c_code)?;
    let asks = |path: &str| c_code.packages.iter().any(|package| package == path);
    let own: Vec<String> = ["net", "os/user"]
        .into_iter()
        .filter(|path| names.has_package(path) && !asks(path))
        .map(|path| format!("package {path} uses Go's own code"))
        .collect();
    if own.is_empty() {
        return Ok(pass("net and os/user ask the C library, or are not linked"));
    }
    Ok(fail(
        "users or hosts of the system's name services are not found",
        own,
        "CGO_ENABLED=1 go build",
    ))
}

fn fips_claim(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    let crypto = known(&facts.crypto)?;
    let toolchain = facts.toolchain.as_ref().ok();
    let chosen = |name: &str| toolchain.is_some_and(|t| t.experiments.iter().any(|e| e == name));
    match &crypto.variant {
        Variant::Go | Variant::None | Variant::GoFips(_) if chosen("boringcrypto") => {
            let evidence =
                vec!["GOEXPERIMENT=boringcrypto, and no function sig.BoringCrypto".to_owned()];
            let fix = "GOEXPERIMENT=boringcrypto CGO_ENABLED=1 go build";
            Ok(fail(
                "BoringCrypto was asked for and is not linked",
                evidence,
                fix,
            ))
        }
        Variant::OpenSsl(origin) => openssl_claim(facts, crypto, origin),
        Variant::GoFips(module) => match known(&crypto.fips_mode)? {
            FipsMode::Off => {
                let evidence = vec![
                    format!("GOFIPS140={module}"),
                    "fips140=on is not among the defaults".to_owned(),
                ];
                let fix = "go mod edit -dropgodebug=fips140 && GOFIPS140=v1.0.0 go build";
                Ok(fail(
                    "Go's FIPS 140 module was chosen and is off",
                    evidence,
                    fix,
                ))
            }
            mode => Ok(pass(format!("GOFIPS140={module}, fips140={}", mode.name()))),
        },
        Variant::BoringCrypto { .. } => Ok(Verdict::Pass(crypto.evidence.clone())),
        Variant::Go | Variant::None | Variant::System(_) => {
            Ok(not_applicable("nothing is claimed about FIPS 140"))
        }
    }
}

/// OpenSSL is loaded when the program runs.
fn openssl_claim(facts: &Facts<'_>, crypto: &Crypto, origin: &str) -> Result<Verdict, Verdict> {
    if known(&facts.linkage)?.is_static().map_err(unknown)? {
        let mut evidence = crypto.evidence.clone();
        evidence.push("no interpreter, no needed library".to_owned());
        let what = format!(
            "cryptography is handed to OpenSSL ({origin}), which a static program cannot load"
        );
        return Ok(fail(what, evidence, "CGO_ENABLED=1 go build"));
    }
    Ok(Verdict::Pass(crypto.evidence.clone()))
}

fn fips(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    let crypto = known(&facts.crypto)?;
    let fix = "GOFIPS140=v1.0.0 go build";
    match &crypto.variant {
        Variant::None => Ok(not_applicable("no cryptography is linked")),
        Variant::BoringCrypto { .. } | Variant::OpenSsl(_) | Variant::System(_) => {
            Ok(Verdict::Pass(crypto.evidence.clone()))
        }
        Variant::Go => {
            known(&facts.build)?;
            Ok(fail(
                "it uses Go's own cryptography, not in FIPS mode",
                crypto.evidence.clone(),
                fix,
            ))
        }
        Variant::GoFips(module) if !module.starts_with('v') => {
            let what = "the FIPS 140 module of the toolchain's own source is not validated";
            Ok(fail(what, crypto.evidence.clone(), fix))
        }
        Variant::GoFips(_) => match known(&crypto.fips_mode)? {
            FipsMode::On | FipsMode::Only => Ok(Verdict::Pass(crypto.evidence.clone())),
            mode => Ok(fail(
                format!("fips140={} is the default", mode.name()),
                crypto.evidence.clone(),
                fix,
            )),
        },
    }
}

fn tags(facts: &Facts<'_>, policy: &Policy) -> Result<Verdict, Verdict> {
    let expected = &policy.expectations;
    if expected.required_tags.is_empty() && expected.allowed_tags.is_none() {
        return Ok(not_applicable("the configuration expects no tags"));
    }
    let build = known(&facts.build)?;
    let missing = expected
        .required_tags
        .iter()
        .filter(|tag| !build.has_tag(tag));
    let mut faults: Vec<String> = missing.map(|tag| format!("{tag} is missing")).collect();
    if let Some(allowed) = &expected.allowed_tags {
        let more = build
            .tags
            .iter()
            .filter(|tag| !allowed.contains(tag) && !expected.required_tags.contains(tag));
        faults.extend(more.map(|tag| format!("{tag} is not allowed")));
    }
    if faults.is_empty() {
        return Ok(pass(format!("tags: {}", build.tags.join(","))));
    }
    let tags = expected.required_tags.join(",");
    if tags.contains(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, ',' | '_' | '.')) {
        let reason = "a required tag of the configuration is no build tag";
        return Err(unknown(&Gap::new(Topic::BuildInfo, reason)));
    }
    Ok(fail(
        "the recorded tags are not those that are expected",
        faults,
        format!("go build -tags={tags}"),
    ))
}

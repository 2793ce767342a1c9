//! Which program fails which rule, which rules say nothing of which program, and which always have something to say.
//!
//! Every rule of the registry has to be here: see [`faults`].

use super::programs::Program;
use goassay_audit::policy::Policy;
use goassay_audit::registry;
use std::collections::BTreeSet;

/// A program, and the command that builds it.
#[derive(Clone, Copy)]
pub(super) struct Build {
    pub(super) program: Program,
    pub(super) command: &'static str,
    /// Environment of this command and of the fix.
    pub(super) environment: &'static [(&'static str, &'static str)],
    /// What comes out; none: the name that the go command gives.
    pub(super) file: Option<&'static str>,
    /// What rules judge by.
    pub(super) policy: fn(&mut Policy),
    /// Takes other toolchains or tools, or a minute of compiling: left out of the fixed part.
    pub(super) full: bool,
}

/// A rule, and a program that fails it until exactly the printed fix was run.
pub(super) struct Pair {
    pub(super) rule: &'static str,
    pub(super) failing: Build,
    /// What the fix makes; none: the same file.
    pub(super) fixed: Option<&'static str>,
    /// What is made up about it, and why.
    pub(super) synthetic: Option<&'static str>,
}

/// A program, and the rules that do not apply to it.
pub(super) struct Absent {
    pub(super) build: Build,
    pub(super) rules: &'static [&'static str],
}

const fn build(program: Program, command: &'static str) -> Build {
    Build {
        program,
        command,
        environment: &[],
        file: None,
        policy: |_| {},
        full: !matches!(program, Program::Plain | Program::C),
    }
}

impl Build {
    const fn on(self, environment: &'static [(&'static str, &'static str)]) -> Build {
        Build {
            environment,
            ..self
        }
    }

    const fn file(self, file: &'static str) -> Build {
        let file = Some(file);
        Build { file, ..self }
    }

    const fn policy(self, policy: fn(&mut Policy)) -> Build {
        Build { policy, ..self }
    }

    const fn full(self) -> Build {
        Build { full: true, ..self }
    }

    /// The file that the command makes.
    pub(super) fn made(&self) -> &'static str {
        let windows = self.environment.contains(&("GOOS", "windows"));
        self.file.unwrap_or(match windows {
            true => "prog.exe",
            false => "prog",
        })
    }

    const fn fails(self, rule: &'static str) -> Pair {
        Pair {
            rule,
            failing: self,
            fixed: None,
            synthetic: None,
        }
    }

    const fn without(self, rules: &'static [&'static str]) -> Absent {
        Absent { build: self, rules }
    }
}

impl Pair {
    const fn fixed(self, file: &'static str) -> Pair {
        let fixed = Some(file);
        Pair { fixed, ..self }
    }

    const fn synthetic(self, why: &'static str) -> Pair {
        let synthetic = Some(why);
        Pair { synthetic, ..self }
    }
}

const fn plain(command: &'static str) -> Build {
    build(Program::Plain, command)
}

const fn c(command: &'static str) -> Build {
    build(Program::C, command)
}

const fn net(command: &'static str) -> Build {
    build(Program::Net, command)
}

fn fleet(policy: &mut Policy, level: &str) {
    let levels = &mut policy.expectations.cpu_levels;
    levels.insert("GOAMD64".to_owned(), level.to_owned());
}

const WINDOWS: &[(&str, &str)] = &[("GOOS", "windows")];
const MACOS: &[(&str, &str)] = &[("GOOS", "darwin"), ("GOARCH", "arm64")];
const PIE: &str = "CGO_ENABLED=0 go build -buildmode=pie";

pub(super) const PAIRS: &[Pair] = &[
    plain("go build").fails("T1-debug-info"),
    plain("CGO_ENABLED=0 go build -ldflags='-B none'").fails("T1-debug-findable"),
    plain("go build").fails("T2-trimpath"),
    c("CGO_CFLAGS='-O2 -g -I/home/eve/include' go build").fails("T2-paths"),
    plain("go build -trimpath -ldflags='-X main.version=v1.2.3'").fails("T2-x-recorded"),
    plain("go build -ldflags='-X main.date=2026-01-02T03:04:05Z'").fails("T2-build-date"),
    build(Program::Private, "go build")
        .policy(|p| {
            let private = &mut p.expectations.private_modules;
            private.push("*.corp.example.com".to_owned());
        })
        .fails("T2-private-modules"),
    plain("go build -ldflags='-X main.token=0123456789abcdef'").fails("T2-credentials"),
    net("CGO_ENABLED=1 go build").fails("T3-static"),
    c("CGO_ENABLED=1 go build").fails("T3-static"),
    plain(PIE).fails("T3-static"),
    build(
        Program::NetAndC,
        "CGO_ENABLED=1 go build -ldflags='-linkmode=external -extldflags=-static'",
    )
    .fails("T3-static-nss"),
    net("CGO_ENABLED=0 go build").fails("T3-nss"),
    net("GOEXPERIMENT=boringcrypto CGO_ENABLED=0 go build").fails("T3-fips-claim"),
    net("go build").fails("T3-fips"),
    plain("go build")
        .policy(|p| p.expectations.required_tags.push("netgo".to_owned()))
        .fails("T3-tags"),
    plain("GOAMD64=v3 go build")
        .policy(|p| fleet(p, "v2"))
        .fails("T4-fleet-level"),
    // The compiler is told another level than the go command records. A cache of its own: such packages are for nobody else.
    plain("GOCACHE=$PWD/../cache GOAMD64=v1 go build -a -toolexec='env GOAMD64=v3'")
        .full()
        .fails("T4-recorded-level"),
    plain("GOAMD64=v1 go build")
        .policy(|p| fleet(p, "v3"))
        .fails("T4-unused-level"),
    plain("go build").fails("T5-pie"),
    plain(PIE).fails("T5-relro"),
    plain(PIE).fails("T5-interpreter"),
    c("go build -ldflags='-linkmode=external -extldflags=-Wl,-z,execstack'").fails("T5-stack"),
    // One segment for all; the C library asks for a symbol that the linker then leaves out.
    c("go build -ldflags='-linkmode=external \"-extldflags=-static -Wl,--omagic,--defsym=__ehdr_start=0x400000\"'")
        .fails("T5-write-execute"),
    c("CGO_LDFLAGS=-Wl,-rpath,/opt/lib go build").fails("T5-runpath"),
    c("CGO_CFLAGS='-O2 -fno-pic -mcmodel=large' go build -buildmode=pie -ldflags=-extldflags=-Wl,-z,notext")
        .fails("T5-text-relocations"),
    plain("go build -buildmode=exe").on(WINDOWS).fails("T5-high-entropy"),
    // The certificate is one that nobody trusts: the rule says that it does not verify.
    plain(
        "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=example.com -keyout ../key.pem -out ../certificate.pem && go build",
    )
    .on(&[
        ("GOOS", "windows"),
        ("CERTIFICATE", "../certificate.pem"),
        ("KEY", "../key.pem"),
    ])
    .full()
    .fails("T5-signature")
    .fixed("signed.exe"),
    plain("go build")
        .on(MACOS)
        .fails("T5-hardened-runtime")
        .fixed("signed/prog")
        .synthetic("no codesign without macOS: a stand-in of that name sets the flag in the code directory"),
    plain("go build -buildvcs=false").fails("T6-version"),
    plain("go build -buildvcs=true").fails("T6-tag"),
    plain("touch new && go build -buildvcs=true").fails("T6-clean"),
    plain("go build -buildvcs=false").fails("T6-origin"),
    plain("go build")
        .policy(|p| p.expectations.module_prefixes.push("acme.example".to_owned()))
        .fails("T6-module"),
    plain("go build main.go")
        .file("main")
        .policy(|p| p.expectations.module_prefixes.push("goassay.example".to_owned()))
        .fails("T6-module")
        .fixed("prog"),
    c("go build").fails("T7-stack-protector"),
    c("go build").fails("T7-fortify"),
    c("go build").fails("T7-stack-clash"),
    c("go build").fails("T7-branch-protection"),
    c("go build").fails("T7-linker-flags"),
    plain("go build && upx -1 -q prog").full().fails("T8-packed"),
    plain("go build -trimpath -ldflags=-w && objcopy --remove-section .gopclntab prog")
        .fails("T8-pclntab")
        .synthetic("no flag leaves the table out: objcopy removes it"),
    // As build systems do that call the compiler and the linker themselves.
    plain(
        "go list -export -deps -f '{{if .Export}}packagefile {{.ImportPath}}={{.Export}}{{end}}' . > importcfg && \
         go tool compile -p main -importcfg importcfg -o main.o main.go && go tool link -importcfg importcfg -o prog main.o && \
         rm importcfg main.o",
    )
    .fails("T8-build-info"),
    plain("go build -buildvcs=true && objcopy --remove-section .go.buildinfo prog")
        .fails("T8-build-info")
        .synthetic("objcopy removes what the linker recorded, as a packager's tool can"),
    plain("go build -ldflags=-s").fails("T8-symbol-table"),
    plain("go build -trimpath -ldflags=-w && strip prog").fails("T8-symbol-table"),
    plain("go build -ldflags=-s").on(MACOS).fails("T8-symbol-table"),
    build(Program::Old, "GOTOOLCHAIN=go1.21.0 go build").fails("T10-supported"),
    build(Program::Old, "GOTOOLCHAIN=go1.26.0 go build").fails("T10-patched"),
    build(Program::Old, "GOTOOLCHAIN=go1.27rc1 go build").fails("T10-release"),
    plain("GOEXPERIMENT=arenas go build").fails("T10-experiments"),
    build(Program::Godebug, "go build").fails("T10-godebug"),
    plain("CGO_ENABLED=1 go build -race").full().fails("T10-instrumented"),
    plain("go build -gcflags='all=-N -l'").fails("T10-optimised"),
];

pub(super) const ABSENT: &[Absent] = &[
    plain("CGO_ENABLED=0 go build -buildvcs=false").without(&[
        "T2-private-modules",
        "T3-static-nss",
        "T3-fips-claim",
        "T3-fips",
        "T3-tags",
        "T5-relro",
        "T5-text-relocations",
        "T5-high-entropy",
        "T5-signature",
        "T5-hardened-runtime",
        "T6-tag",
        "T6-module",
        "T7-stack-protector",
        "T7-fortify",
        "T7-stack-clash",
        "T7-branch-protection",
        "T7-linker-flags",
    ]),
    plain("go build").on(WINDOWS).without(&[
        "T1-debug-findable",
        "T3-static",
        "T3-nss",
        "T5-runpath",
    ]),
    plain("go build")
        .on(&[("GOARCH", "s390x")])
        .policy(|p| fleet(p, "v1"))
        .without(&["T4-fleet-level", "T4-recorded-level", "T4-unused-level"]),
    c("go build").without(&["T5-interpreter"]),
    c("go build -buildmode=c-shared -o prog").without(&["T5-pie"]),
    c("go build -buildmode=c-archive -o prog.a")
        .file("prog.a")
        .without(&["T5-stack", "T5-write-execute", "T8-symbol-table"]),
];

/// Rules that have something to say of every Go binary, and why.
pub(super) const ALWAYS: &[(&str, &str)] = &[
    ("T1-debug-info", "every format can hold DWARF"),
    ("T2-trimpath", "every program has source files"),
    ("T2-paths", "a path can be in any program"),
    ("T2-x-recorded", "every program can have linker flags"),
    ("T2-build-date", "every program can have values of -X"),
    (
        "T2-credentials",
        "every program can have settings and values of -X",
    ),
    ("T6-version", "every program has a version to record"),
    (
        "T6-clean",
        "every program comes from files that can have been changed",
    ),
    ("T6-origin", "every program has a source"),
    ("T8-packed", "every program can be packed"),
    (
        "T8-pclntab",
        "every program needs the table for its stack traces",
    ),
    ("T8-build-info", "the linker records it in every program"),
    ("T10-supported", "every program has a toolchain"),
    ("T10-patched", "every program has a toolchain"),
    ("T10-release", "every program has a toolchain"),
    ("T10-experiments", "every program has a toolchain"),
    (
        "T10-godebug",
        "every program links packages that have settings",
    ),
    ("T10-instrumented", "every program can be instrumented"),
    ("T10-optimised", "every program is compiled"),
];

/// What the table leaves out, or has that is no rule.
pub(super) fn faults() -> Vec<String> {
    let failing: BTreeSet<&str> = PAIRS.iter().map(|pair| pair.rule).collect();
    let absent: BTreeSet<&str> = ABSENT.iter().flat_map(|a| a.rules).copied().collect();
    let always: BTreeSet<&str> = ALWAYS.iter().map(|(rule, _)| *rule).collect();
    let mut faults = Vec::new();
    for rule in registry::all().map(|rule| rule.id) {
        if !failing.contains(rule) {
            faults.push(format!("{rule}: no pair"));
        }
        match (absent.contains(rule), always.contains(rule)) {
            (false, false) => faults.push(format!(
                "{rule}: no program to which it does not apply, and no reason why it always does"
            )),
            (true, true) => faults.push(format!("{rule}: does not apply to some, and always does")),
            _ => {}
        }
    }
    let named = failing.iter().chain(&absent).chain(&always);
    let unknown = named.filter(|rule| registry::find(rule).is_none());
    faults.extend(unknown.map(|rule| format!("{rule}: there is no such rule")));
    faults
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_rule_has_a_pair_and_a_program_that_it_says_nothing_of() {
        let faults = super::faults();
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

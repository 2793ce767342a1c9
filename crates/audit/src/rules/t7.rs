//! T7: the C part of a program, apart from the Go part: what the OpenSSF guide for C and C++ asks for.
//!
//! Two kinds of evidence. Functions that a hardened compiler calls (`__stack_chk_fail`, `__memcpy_chk`) prove that some C
//! code was compiled so. Recorded `CGO_CFLAGS` say it of all C code, but `-trimpath` leaves them out. Where there is
//! neither, nothing can be told: C code that needs no check calls none.

use super::support::{fail, known, needs_c, pass, settle, unknown};
use crate::facts::Facts;
use crate::policy::Profile;
use crate::registry::Rule;
use crate::verdict::{Level, Verdict};
use goassay_binary::gap::{Gap, Topic};
use goassay_binary::hardening::{Dynamic, Hardening};

pub(super) static RULES: &[Rule] = &[
    Rule {
        id: "T7-stack-protector",
        title: "C code checks stack canaries",
        level: Some(Level::Warning),
        profiles: &[(Profile::Distro, Some(Level::Error))],
        pass: "C code calls `__stack_chk_fail`, or was compiled with `-fstack-protector-strong` or `-all`.",
        limits: "A call shows that some C code was compiled so, not all of it. `runtime/cgo` itself is compiled without.",
        help: "Canaries stop most overflows of buffers on C stacks. They say nothing about Go code, which checks every index.",
        judge: |facts, _| settle(hardened(facts, &STACK_PROTECTOR)),
    },
    Rule {
        id: "T7-fortify",
        title: "C code uses fortified functions",
        level: Some(Level::Warning),
        profiles: &[(Profile::Distro, Some(Level::Error))],
        pass: "C code calls a checked variant of a library function (`__memcpy_chk`), or was compiled with `-D_FORTIFY_SOURCE`.",
        limits: "A call shows that some C code was compiled so, not all of it.",
        help: "With `_FORTIFY_SOURCE` and optimisation, the C library checks the sizes of buffers that the compiler knows. \
               Level 3 knows the most (GCC 12, Clang 9 and later).",
        judge: |facts, _| settle(hardened(facts, &FORTIFY)),
    },
    Rule {
        id: "T7-stack-clash",
        title: "C code probes its stack",
        level: Some(Level::Note),
        profiles: &[(Profile::Distro, Some(Level::Warning))],
        pass: "C code was compiled with `-fstack-clash-protection`.",
        limits: "Only the recorded flags show it.",
        help: "Large frames of C functions cannot jump over the guard page of their stack.",
        judge: |facts, _| settle(hardened(facts, &STACK_CLASH)),
    },
    Rule {
        id: "T7-branch-protection",
        title: "C code is compiled with branch protection",
        level: Some(Level::Note),
        profiles: &[(Profile::Distro, Some(Level::Warning))],
        pass: "C code was compiled with `-fcf-protection` (amd64) or `-mbranch-protection` (arm64), or the whole image claims it.",
        limits: "Go's assembler makes no landing pads: with Go code in it, no image can claim CET or BTI as a whole, and the \
                 system does not switch it on.",
        help: "The flags prepare the C part, and cost nothing.",
        judge: |facts, _| settle(branch_protection(facts)),
    },
    Rule {
        id: "T7-linker-flags",
        title: "the external linker was told to harden",
        level: Some(Level::Note),
        profiles: &[(Profile::Distro, Some(Level::Warning))],
        pass: "The recorded `CGO_LDFLAGS` ask for full RELRO and a stack without code, or the headers show both.",
        limits: "Flags that the C toolchain has by default are not recorded; their effect is judged by T5.",
        help: "With cgo, the host's linker makes the file, and Go's own flags such as `-bindnow` are not enough for it.",
        judge: |facts, _| settle(linker_flags(facts)),
    },
];

/// What shows that C code was compiled in one way.
struct Mark {
    /// Words of `CGO_CFLAGS`, one of which suffices.
    flags: &'static [&'static str],
    /// Imports that prove it: by name, or by beginning and end.
    import: fn(&str) -> bool,
    what: &'static str,
    fix: &'static str,
}

static STACK_PROTECTOR: Mark = Mark {
    flags: &["-fstack-protector-strong", "-fstack-protector-all"],
    import: |name| {
        matches!(
            name,
            "__stack_chk_fail" | "__stack_chk_guard" | "__stack_smash_handler"
        )
    },
    what: "neither recorded flags nor imports show stack canaries in C code",
    fix: "CGO_ENABLED=1 CGO_CFLAGS='-O2 -g -fstack-protector-strong' go build -ldflags=-w",
};
static FORTIFY: Mark = Mark {
    flags: &[
        "-D_FORTIFY_SOURCE=1",
        "-D_FORTIFY_SOURCE=2",
        "-D_FORTIFY_SOURCE=3",
    ],
    // `__stack_chk_fail` is no such function, nor is `__stack_chk`.
    import: |name| name.starts_with("__") && name.ends_with("_chk") && name != "__stack_chk",
    what: "neither recorded flags nor imports show fortified functions in C code",
    fix: "CGO_ENABLED=1 CGO_CFLAGS='-O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3' go build -ldflags=-w",
};
static STACK_CLASH: Mark = Mark {
    flags: &["-fstack-clash-protection"],
    import: |_| false,
    what: "the recorded flags do not ask for stack probes in C code",
    fix: "CGO_ENABLED=1 CGO_CFLAGS='-O2 -g -fstack-clash-protection' go build -ldflags=-w",
};
static CET: Mark = Mark {
    flags: &[
        "-fcf-protection",
        "-fcf-protection=full",
        "-fcf-protection=branch",
    ],
    import: |_| false,
    what: "the recorded flags do not ask for branch protection in C code",
    fix: "CGO_ENABLED=1 CGO_CFLAGS='-O2 -g -fcf-protection=full' go build -ldflags=-w",
};
static BTI: Mark = Mark {
    flags: &[
        "-mbranch-protection=standard",
        "-mbranch-protection=bti",
        "-mbranch-protection=pac-ret+bti",
    ],
    import: |_| false,
    what: "the recorded flags do not ask for branch protection in C code",
    fix: "CGO_ENABLED=1 CGO_CFLAGS='-O2 -g -mbranch-protection=standard' go build -ldflags=-w",
};

/// Recorded C flags; `None` where they are not recorded.
fn recorded(facts: &Facts<'_>, keys: &[&str]) -> Option<Vec<String>> {
    let info = crate::facts::settings(facts.binary).ok()?;
    let values: Vec<&str> = keys.iter().filter_map(|key| info.setting(key)).collect();
    if values.is_empty() {
        return None;
    }
    let words = values.iter().flat_map(|value| value.split_whitespace());
    Some(words.map(str::to_owned).collect())
}

fn hardened(facts: &Facts<'_>, mark: &Mark) -> Result<Verdict, Verdict> {
    needs_c(facts)?;
    let flags = recorded(facts, &["CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS"]);
    if let Some(flag) = flags
        .iter()
        .flatten()
        .find(|flag| mark.flags.contains(&flag.as_str()))
    {
        return Ok(pass(format!("recorded: {flag}")));
    }
    if let Some(import) = proving_import(facts, mark)? {
        return Ok(pass(format!("imports {import}")));
    }
    let Some(flags) = flags else {
        return Err(unknown(&Gap::new(
            Topic::BuildInfo,
            "the flags of the C compiler are not recorded (-trimpath leaves them out), and no import shows them",
        )));
    };
    Ok(fail(
        mark.what,
        vec![format!(
            "CGO_CFLAGS={}",
            crate::facts::secret::mask(&flags.join(" "))
        )],
        mark.fix,
    ))
}

/// A symbol that other objects have to define and that only such code needs.
fn proving_import(facts: &Facts<'_>, mark: &Mark) -> Result<Option<String>, Verdict> {
    let Some(dynamic) = dynamic(facts)? else {
        return Ok(None);
    };
    let imports = known(&dynamic.imports)?.iter();
    let mut names = imports.filter_map(|name| std::str::from_utf8(name).ok());
    Ok(names.find(|name| (mark.import)(name)).map(str::to_owned))
}

/// The dynamic table of an ELF image, if it has one.
fn dynamic<'f, 'a>(facts: &'f Facts<'a>) -> Result<Option<&'f Dynamic<'a>>, Verdict> {
    match super::support::headers(facts)? {
        Hardening::Elf(elf) => Ok(known(&elf.dynamic)?.as_ref()),
        Hardening::Pe(_) | Hardening::MachO(_) => Ok(None),
    }
}

fn branch_protection(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    needs_c(facts)?;
    if let Hardening::Elf(elf) = super::support::headers(facts)?
        && let Some(claimed) = known(&elf.branch_protection)?
        && (claimed.ibt || claimed.bti)
    {
        return Ok(pass("the property note of the image claims it"));
    }
    match facts.binary.image().arch {
        Some("amd64" | "386") => hardened(facts, &CET),
        Some("arm64") => hardened(facts, &BTI),
        _ => Ok(super::support::not_applicable(
            "the architecture has no branch protection that compilers offer",
        )),
    }
}

fn linker_flags(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    needs_c(facts)?;
    let Hardening::Elf(elf) = super::support::headers(facts)? else {
        return Ok(super::support::not_applicable(
            "the flags are those of ELF linkers",
        ));
    };
    use goassay_binary::hardening::{Relro, Stack};
    let shown = *known(&elf.relro)? == Relro::Full && *known(&elf.stack)? == Stack::NonExecutable;
    if shown {
        return Ok(pass("the headers show full RELRO and a stack without code"));
    }
    let flags = recorded(facts, &["CGO_LDFLAGS"])
        .unwrap_or_default()
        .join(" ");
    if flags.contains("-z,now") && flags.contains("-z,noexecstack") {
        return Ok(pass("CGO_LDFLAGS asks for -z now and -z noexecstack"));
    }
    let fix = "CGO_ENABLED=1 CGO_LDFLAGS='-O2 -g -Wl,-z,relro,-z,now,-z,noexecstack' go build -buildmode=pie \
               -ldflags='-linkmode=external -extldflags=-Wl,-z,now'";
    let line = match flags.as_str() {
        "" => "no CGO_LDFLAGS are recorded".to_owned(),
        flags => format!("CGO_LDFLAGS={}", crate::facts::secret::mask(flags)),
    };
    Ok(fail(
        "the headers show neither full RELRO nor flags that ask for it",
        vec![line],
        fix,
    ))
}

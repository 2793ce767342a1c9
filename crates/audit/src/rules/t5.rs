//! T5: hardening that the headers show, by format.

use super::support::{fail, headers, known, lossy, not_applicable, pass, settle};
use crate::facts::Facts;
use crate::policy::Profile;
use crate::registry::Rule;
use crate::verdict::{Level, Verdict};
use goassay_binary::bytes::Width;
use goassay_binary::hardening::{Dynamic, ElfHardening, ElfKind, Hardening, Relro, Signer, Stack};

pub(super) static RULES: &[Rule] = &[
    Rule {
        id: "T5-pie",
        title: "position-independent executable",
        level: Some(Level::Warning),
        profiles: &[(Profile::StaticContainer, Some(Level::Note))],
        pass: "The program can be loaded at any address.",
        limits: "That the system does so, and how many addresses it chooses among, is not in the file.",
        help: "Address randomisation makes memory errors in C code harder to exploit; in Go code there is little to gain, but \
               scanners and policies ask for it. Go's linker makes such executables without C code (`-buildmode=pie`), and \
               names an interpreter in them: see T5-interpreter. Windows and macOS have them by default.",
        judge: |facts, _| settle(pie(facts)),
    },
    Rule {
        id: "T5-relro",
        title: "full RELRO",
        level: Some(Level::Warning),
        profiles: &[(Profile::StaticContainer, Some(Level::Note))],
        pass: "Everything that the loader fills in is read-only afterwards, procedure addresses included (bind now).",
        limits: "Data of the program itself stays writable.",
        help: "Partial RELRO leaves the table of procedure addresses writable. Go's linker has `-bindnow` from Go 1.23 on; the \
               external linker takes `-z now`.",
        judge: |facts, _| settle(relro(facts)),
    },
    Rule {
        id: "T5-interpreter",
        title: "no interpreter without a need",
        level: Some(Level::Note),
        profiles: &[
            (Profile::StaticContainer, Some(Level::Error)),
            (Profile::Library, None),
        ],
        pass: "The file names no interpreter.",
        limits: "Nothing.",
        help: "Go's own linker names the system's loader in every position-independent executable, even where no library is \
               needed. Such a program does not start in an empty image, nor where another C library is installed. A static \
               PIE by the external linker needs none.",
        judge: |facts, _| settle(interpreter(facts)),
    },
    Rule {
        id: "T5-stack",
        title: "the stack is not executable",
        level: Some(Level::Error),
        profiles: &[],
        pass: "The headers ask for a stack without code.",
        limits: "Stacks of goroutines are on the heap, which is never executable.",
        help: "One object of assembly without a `.note.GNU-stack` section makes the linker ask for an executable stack. Mend the \
               object, or tell the linker.",
        judge: |facts, _| settle(stack(facts)),
    },
    Rule {
        id: "T5-write-execute",
        title: "nothing is writable and executable at once",
        level: Some(Level::Error),
        profiles: &[],
        pass: "No loaded segment or section is writable and executable at once.",
        limits: "What the program maps when it runs is not in the file.",
        help: "Memory that is written and executed turns every write error into code execution. Linkers make such segments only \
               when told to, or from damaged input.",
        judge: |facts, _| settle(write_execute(facts)),
    },
    Rule {
        id: "T5-runpath",
        title: "no library path of its own",
        level: Some(Level::Warning),
        profiles: &[],
        pass: "The file has neither RPATH nor RUNPATH (macOS: no LC_RPATH).",
        limits: "The environment can name library paths when the program runs.",
        help: "Whoever can write to a folder on that path decides which code runs. It comes from `-rpath` in `CGO_LDFLAGS` or from \
               the linker flag `-r`.",
        judge: |facts, _| settle(runpath(facts)),
    },
    Rule {
        id: "T5-text-relocations",
        title: "no text relocations",
        level: Some(Level::Error),
        profiles: &[],
        pass: "The loader changes no code.",
        limits: "Nothing.",
        help: "Text relocations make code writable at start, and are refused by hardened systems. They come from C or assembly \
               objects that were not compiled for position-independent code.",
        judge: |facts, _| settle(text_relocations(facts)),
    },
    Rule {
        id: "T5-high-entropy",
        title: "high-entropy addresses",
        level: Some(Level::Warning),
        profiles: &[],
        pass: "Windows may choose among all 64-bit addresses.",
        limits: "That it does so is not in the file.",
        help: "`HIGH_ENTROPY_VA` makes the most of address randomisation on 64-bit Windows. Go's linker sets it for \
               position-independent executables, which are the default.",
        judge: |facts, _| settle(high_entropy(facts)),
    },
    Rule {
        id: "T5-signature",
        title: "signed by an identity",
        level: Some(Level::Note),
        profiles: &[],
        pass: "The file has a signature of somebody: on macOS more than an ad-hoc one, on Windows an Authenticode signature.",
        limits: "The signature is not verified.",
        help: "Programs that people download are stopped by Gatekeeper and SmartScreen without one. On macOS the Go linker signs \
               ad hoc, which is what Apple silicon needs to start a program at all.",
        judge: |facts, _| settle(signature(facts)),
    },
    Rule {
        id: "T5-hardened-runtime",
        title: "hardened runtime",
        level: Some(Level::Note),
        profiles: &[(Profile::Library, None)],
        pass: "The code signature asks for the hardened runtime of macOS.",
        limits: "Entitlements that weaken it are not read.",
        help: "The hardened runtime refuses injected libraries and writable code; Apple's notary service demands it.",
        judge: |facts, _| settle(hardened_runtime(facts)),
    },
];

fn elf<'f, 'a>(facts: &'f Facts<'a>) -> Result<&'f ElfHardening<'a>, Verdict> {
    match headers(facts)? {
        Hardening::Elf(elf) => Ok(elf),
        Hardening::Pe(_) => Err(not_applicable("PE has no such thing")),
        Hardening::MachO(_) => Err(not_applicable("Mach-O has no such thing")),
    }
}

/// The dynamic table; the verdict "not applicable" where there is none.
fn dynamic<'f, 'a>(facts: &'f Facts<'a>) -> Result<&'f Dynamic<'a>, Verdict> {
    let dynamic = known(&elf(facts)?.dynamic)?;
    dynamic.as_ref().ok_or_else(|| {
        not_applicable("a static program at a fixed address: the loader fills nothing in")
    })
}

const PIE: &str = "go build -buildmode=pie";

fn pie(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    match headers(facts)? {
        Hardening::Elf(elf) => {
            let (kind, evidence) = known(&elf.kind)?;
            match kind {
                ElfKind::FixedExecutable => Ok(fail(
                    "it is linked for one address",
                    vec![(*evidence).to_owned()],
                    PIE,
                )),
                ElfKind::SharedObject => Ok(not_applicable(
                    "a shared object is loaded at any address by its nature",
                )),
                ElfKind::Pie | ElfKind::StaticPie => {
                    Ok(pass(format!("{}: {evidence}", kind.name())))
                }
            }
        }
        Hardening::Pe(pe) => {
            let relocatable = *known(&pe.relocatable)?;
            if pe.dynamic_base && relocatable {
                return Ok(pass("DYNAMIC_BASE, and base relocations are there"));
            }
            let what = if pe.dynamic_base {
                "its base relocations were removed"
            } else {
                "DYNAMIC_BASE is not set"
            };
            Ok(fail(what, Vec::new(), PIE))
        }
        Hardening::MachO(macho) if macho.pie => Ok(pass("MH_PIE")),
        Hardening::MachO(_)
            if facts.binary.image().kind == goassay_binary::image::Kind::Library =>
        {
            Ok(not_applicable(
                "a library is loaded at any address by its nature",
            ))
        }
        Hardening::MachO(_) => Ok(fail("MH_PIE is not set", Vec::new(), PIE)),
    }
}

fn relro(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    let elf = elf(facts)?;
    let relro = known(&elf.relro)?;
    if *relro == Relro::Full {
        return Ok(pass("full: bound at start, read-only afterwards"));
    }
    dynamic(facts)?;
    let (kind, _) = known(&elf.kind)?;
    let fix = match kind {
        ElfKind::SharedObject => {
            "go build -buildmode=c-shared -ldflags='-extldflags=-Wl,-z,relro,-z,now'"
        }
        _ => "go build -buildmode=pie -ldflags=-bindnow",
    };
    Ok(fail(format!("RELRO is {}", relro.name()), Vec::new(), fix))
}

fn interpreter(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    let elf = elf(facts)?;
    let Some(interpreter) = known(&elf.interpreter)? else {
        return Ok(pass("no interpreter"));
    };
    let needed = known(&elf.dynamic)?
        .as_ref()
        .map_or(0, |dynamic| dynamic.needed.len());
    if needed > 0 {
        return Ok(not_applicable(
            "it needs libraries, so it needs their loader (see T3-static)",
        ));
    }
    let fix = "CGO_ENABLED=1 go build -tags netgo,osusergo -buildmode=pie -ldflags='-linkmode=external -extldflags=-static-pie'";
    let evidence = vec![
        format!("interpreter {}", lossy(interpreter)),
        "no library is needed".to_owned(),
    ];
    Ok(fail(
        "it names an interpreter that it does not need",
        evidence,
        fix,
    ))
}

const NO_STACK: &str = "go build -ldflags='-linkmode=external -extldflags=-Wl,-z,noexecstack'";

fn stack(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    match headers(facts)? {
        Hardening::Elf(elf) => match known(&elf.stack)? {
            Stack::NonExecutable => Ok(pass("PT_GNU_STACK without the execute flag")),
            Stack::Executable => Ok(fail(
                "an executable stack is asked for",
                Vec::new(),
                NO_STACK,
            )),
            Stack::NotStated => Ok(fail(
                "no PT_GNU_STACK: the kernel's default decides",
                Vec::new(),
                NO_STACK,
            )),
        },
        Hardening::Pe(pe) if pe.nx_compat => Ok(pass("NX_COMPAT")),
        Hardening::Pe(_) => Ok(fail("NX_COMPAT is not set", Vec::new(), "go build")),
        Hardening::MachO(macho) if macho.allow_stack_execution => Ok(fail(
            "MH_ALLOW_STACK_EXECUTION is set",
            Vec::new(),
            "go build",
        )),
        Hardening::MachO(_) => Ok(pass("MH_ALLOW_STACK_EXECUTION is not set")),
    }
}

fn write_execute(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    let found: Vec<String> = match headers(facts)? {
        Hardening::Elf(elf) => {
            let segments = known(&elf.writable_executable)?.iter();
            segments
                .map(|s| format!("segment at {:#x}, {} bytes", s.address.0, s.len))
                .collect()
        }
        Hardening::Pe(pe) => {
            let sections = known(&pe.writable_executable)?.iter();
            sections
                .map(|name| format!("section {}", lossy(name)))
                .collect()
        }
        Hardening::MachO(macho) => {
            let segments = known(&macho.writable_executable)?.iter();
            segments
                .filter(|s| s.initial.is_writable_executable())
                .map(|s| format!("segment {}", lossy(s.name)))
                .collect()
        }
    };
    if found.is_empty() {
        return Ok(pass("none"));
    }
    let fix = "go build -ldflags='-linkmode=external -extldflags=-Wl,-z,separate-code'";
    Ok(fail(
        format!("{} parts are writable and executable", found.len()),
        found,
        fix,
    ))
}

fn runpath(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    let found: Vec<String> = match headers(facts)? {
        Hardening::Elf(_) => {
            let dynamic = dynamic(facts)?;
            let rpath = dynamic
                .rpath
                .iter()
                .map(|path| format!("RPATH {}", lossy(path)));
            let runpath = dynamic
                .runpath
                .iter()
                .map(|path| format!("RUNPATH {}", lossy(path)));
            rpath.chain(runpath).collect()
        }
        Hardening::MachO(macho) => {
            let paths = known(&macho.rpaths)?.iter();
            paths
                .map(|path| format!("LC_RPATH {}", lossy(path)))
                .collect()
        }
        Hardening::Pe(_) => return Ok(not_applicable("PE has no such thing")),
    };
    if found.is_empty() {
        return Ok(pass("none"));
    }
    Ok(fail(
        "it brings library paths of its own",
        found,
        "env -u CGO_LDFLAGS -u LD_RUN_PATH go build -ldflags=-w",
    ))
}

fn text_relocations(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    if dynamic(facts)?.text_relocations {
        let fix =
            "CGO_CFLAGS='-O2 -g -fPIC' CGO_LDFLAGS='-O2 -g -Wl,-z,text' go build -buildmode=pie";
        return Ok(fail(
            "the loader has to change code",
            vec!["DT_TEXTREL or DF_TEXTREL".to_owned()],
            fix,
        ));
    }
    Ok(pass("neither DT_TEXTREL nor DF_TEXTREL"))
}

fn high_entropy(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    let Hardening::Pe(pe) = headers(facts)? else {
        return Ok(not_applicable("only PE has such a flag"));
    };
    if facts.binary.image().order.width != Width::W64 {
        return Ok(not_applicable("addresses have 32 bits"));
    }
    if pe.high_entropy_va {
        return Ok(pass("HIGH_ENTROPY_VA"));
    }
    Ok(fail("HIGH_ENTROPY_VA is not set", Vec::new(), PIE))
}

fn signature(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    match headers(facts)? {
        Hardening::Elf(_) => Ok(not_applicable("ELF has no signatures")),
        Hardening::Pe(pe) if *known(&pe.authenticode)? => {
            Ok(pass("an Authenticode signature is there"))
        }
        Hardening::Pe(_) => Ok(fail(
            "it has no Authenticode signature",
            Vec::new(),
            "go build -o unsigned/ && osslsigncode sign -certs \"${CERTIFICATE:?a file}\" -key \"${KEY:?a file}\" \
             -in unsigned/*.exe -out signed.exe",
        )),
        Hardening::MachO(macho) => {
            let fix = "go build -o signed/ && codesign --sign \"${IDENTITY:?of the keychain}\" --force --options runtime \
                       --timestamp signed/*";
            match known(&macho.signature)? {
                Some(signature) if signature.signer == Signer::Cms => {
                    Ok(pass("a signature with an identity is there"))
                }
                Some(signature) => Ok(fail(
                    format!("signed {} only", signature.signer.name()),
                    Vec::new(),
                    fix,
                )),
                None => Ok(fail("it has no code signature", Vec::new(), fix)),
            }
        }
    }
}

fn hardened_runtime(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    let Hardening::MachO(macho) = headers(facts)? else {
        return Ok(not_applicable("only macOS has it"));
    };
    match known(&macho.signature)? {
        Some(signature) if signature.hardened_runtime => Ok(pass("CS_RUNTIME")),
        _ => Ok(fail(
            "the code signature does not ask for it",
            Vec::new(),
            "go build -o signed/ && codesign --sign - --force --options runtime signed/*",
        )),
    }
}

//! Hardening, version, C code.

use super::{CGO, Case, MACHO, OBJECT, OLD, PE, PIE, PURE, case, gap};
use goassay_audit::facts::Facts;
use goassay_binary::hardening::{
    ElfHardening, Hardening, MachOHardening, PeHardening, Relro, Signer, Stack,
};

pub(crate) fn cases() -> Vec<Case> {
    [formats(), elf_only(), others(), t6(), t7()]
        .into_iter()
        .flatten()
        .collect()
}

fn elf<'f, 'a>(facts: &'f mut Facts<'a>) -> &'f mut ElfHardening<'a> {
    match &mut facts.hardening {
        Ok(Hardening::Elf(elf)) => elf,
        _ => panic!("an ELF image"),
    }
}

fn pe<'f, 'a>(facts: &'f mut Facts<'a>) -> &'f mut PeHardening<'a> {
    match &mut facts.hardening {
        Ok(Hardening::Pe(pe)) => pe,
        _ => panic!("a PE image"),
    }
}

fn macho<'f, 'a>(facts: &'f mut Facts<'a>) -> &'f mut MachOHardening<'a> {
    match &mut facts.hardening {
        Ok(Hardening::MachO(macho)) => macho,
        _ => panic!("a Mach-O image"),
    }
}

/// What all formats have.
fn formats() -> Vec<Case> {
    vec![
        case("T5-pie", "fail", PURE),
        case("T5-pie", "pass", PIE),
        case("T5-pie", "pass", PE),
        case("T5-pie", "pass", MACHO),
        case("T5-pie", "fail", PE).facts(|f| pe(f).dynamic_base = false),
        case("T5-pie", "fail", PE).facts(|f| pe(f).relocatable = Ok(false)),
        case("T5-pie", "fail", MACHO).facts(|f| macho(f).pie = false),
        case("T5-pie", "not-applicable", CGO),
        case("T5-pie", "unknown", PURE).facts(|f| f.hardening = Err(gap())),
        case("T5-pie", "unknown", PURE).facts(|f| elf(f).kind = Err(gap())),
        case("T5-pie", "unknown", PE).facts(|f| pe(f).relocatable = Err(gap())),
        case("T5-stack", "not-applicable", OBJECT),
        case("T5-write-execute", "not-applicable", OBJECT),
        case("T5-stack", "pass", PURE),
        case("T5-stack", "pass", PE),
        case("T5-stack", "pass", MACHO),
        case("T5-stack", "fail", PURE).facts(|f| elf(f).stack = Ok(Stack::Executable)),
        case("T5-stack", "fail", PURE).facts(|f| elf(f).stack = Ok(Stack::NotStated)),
        case("T5-stack", "fail", PE).facts(|f| pe(f).nx_compat = false),
        case("T5-stack", "fail", MACHO).facts(|f| macho(f).allow_stack_execution = true),
        case("T5-stack", "unknown", PURE).facts(|f| elf(f).stack = Err(gap())),
        case("T5-write-execute", "pass", PURE),
        case("T5-write-execute", "pass", PE),
        case("T5-write-execute", "pass", MACHO),
        case("T5-write-execute", "fail", PE).facts(|f| pe(f).writable_executable = Ok(vec![b".x"])),
        case("T5-write-execute", "unknown", PURE)
            .facts(|f| elf(f).writable_executable = Err(gap())),
        case("T5-runpath", "pass", MACHO),
        case("T5-runpath", "pass", PIE),
        case("T5-runpath", "fail", MACHO).facts(|f| macho(f).rpaths = Ok(vec![b"/opt/lib"])),
        case("T5-runpath", "fail", CGO).facts(|f| {
            if let Ok(Some(dynamic)) = &mut elf(f).dynamic {
                dynamic.runpath.push(b"$ORIGIN");
            }
        }),
        case("T5-runpath", "not-applicable", PURE),
        case("T5-runpath", "unknown", CGO).facts(|f| elf(f).dynamic = Err(gap())),
    ]
}

fn elf_only() -> Vec<Case> {
    vec![
        case("T5-relro", "not-applicable", PURE),
        case("T5-relro", "not-applicable", PE),
        case("T5-relro", "fail", CGO),
        case("T5-relro", "pass", CGO).facts(|f| elf(f).relro = Ok(Relro::Full)),
        case("T5-relro", "unknown", CGO).facts(|f| elf(f).relro = Err(gap())),
        case("T5-interpreter", "pass", PURE),
        case("T5-interpreter", "fail", PIE),
        case("T5-interpreter", "not-applicable", MACHO),
        case("T5-interpreter", "unknown", PIE).facts(|f| elf(f).interpreter = Err(gap())),
        case("T5-interpreter", "unknown", PIE).facts(|f| elf(f).dynamic = Err(gap())),
        case("T5-text-relocations", "pass", CGO),
        case("T5-text-relocations", "fail", CGO).facts(|f| {
            if let Ok(Some(dynamic)) = &mut elf(f).dynamic {
                dynamic.text_relocations = true;
            }
        }),
        case("T5-text-relocations", "not-applicable", PURE),
        case("T5-text-relocations", "unknown", CGO).facts(|f| elf(f).dynamic = Err(gap())),
    ]
}

fn others() -> Vec<Case> {
    vec![
        case("T5-high-entropy", "pass", PE),
        case("T5-high-entropy", "fail", PE).facts(|f| pe(f).high_entropy_va = false),
        case("T5-high-entropy", "not-applicable", "pe-386-go1.22"),
        case("T5-high-entropy", "unknown", PE).facts(|f| f.hardening = Err(gap())),
        case("T5-signature", "not-applicable", PURE),
        case("T5-signature", "fail", PE),
        case("T5-signature", "pass", PE).facts(|f| pe(f).authenticode = Ok(true)),
        case("T5-signature", "fail", MACHO),
        case("T5-signature", "fail", MACHO).facts(|f| macho(f).signature = Ok(None)),
        case("T5-signature", "pass", MACHO).facts(|f| {
            if let Ok(Some(signature)) = &mut macho(f).signature {
                signature.signer = Signer::Cms;
            }
        }),
        case("T5-signature", "unknown", MACHO).facts(|f| macho(f).signature = Err(gap())),
        case("T5-hardened-runtime", "fail", MACHO),
        case("T5-hardened-runtime", "pass", MACHO).facts(|f| {
            if let Ok(Some(signature)) = &mut macho(f).signature {
                signature.hardened_runtime = true;
            }
        }),
        case("T5-hardened-runtime", "unknown", MACHO).facts(|f| macho(f).signature = Err(gap())),
        case("T5-hardened-runtime", "not-applicable", PE),
    ]
}

const TAGGED: &str = "path\tx\nmod\ta.b/x\tv1.2.3\th1:kdXcSzyDtseVEc4yCz2qF8ZrQvIDBJLl4S1c3GCXmoI=\nbuild\tGOOS=linux\n";
const PSEUDO: &str = "path\tx\nmod\ta.b/x\tv0.0.0-20240102030405-abcdef012345\t\nbuild\tvcs.revision=abc\nbuild\tvcs.modified=false\n";
const DIRTY: &str = "path\tx\nmod\ta.b/x\tv1.2.3+dirty\t\nbuild\tvcs.modified=true\n";
const FILES: &str = "path\tcommand-line-arguments\nbuild\tGOOS=linux\n";

fn t6() -> Vec<Case> {
    vec![
        case("T6-version", "fail", PURE),
        case("T6-version", "pass", PURE).info(TAGGED),
        case("T6-version", "pass", PURE).info(PSEUDO),
        case("T6-version", "fail", PURE).info(FILES),
        case("T6-version", "fail", PURE)
            .info("path\tx\nmod\ta.b/x\t(devel)\t\nbuild\tvcs.revision=abc\n"),
        case("T6-version", "pass", PURE).info("path\tcmd/go\nbuild\tGOOS=linux\n"),
        case("T6-version", "fail", PURE).info("path\ta.b/cmd/go\nbuild\tGOOS=linux\n"),
        case("T6-origin", "pass", PURE).info("path\tcmd/go\nbuild\tGOOS=linux\n"),
        case("T6-version", "unknown", PURE).info("path\tx\nnews\nbuild\tGOOS=linux\n"),
        case("T6-version", "unknown", PURE).facts(|f| f.version = Err(gap())),
        case("T6-tag", "pass", PURE).info(TAGGED),
        case("T6-tag", "pass", PURE)
            .info("path\tx\nmod\ta.b/x\tv1.2.3-rc.1\th1:kdXcSzyDtseVEc4yCz2qF8ZrQvIDBJLl4S1c3GCXmoI=\nbuild\tGOOS=linux\n"),
        case("T6-tag", "fail", PURE).info(PSEUDO),
        case("T6-tag", "not-applicable", PURE),
        case("T6-tag", "unknown", PURE).facts(|f| f.version = Err(gap())),
        case("T6-clean", "pass", PURE).info(TAGGED),
        case("T6-clean", "pass", PURE).info(PSEUDO),
        case("T6-clean", "fail", PURE).info(DIRTY),
        case("T6-clean", "unknown", PURE),
        case("T6-origin", "pass", PURE).info(TAGGED),
        case("T6-origin", "pass", PURE).info(PSEUDO),
        case("T6-origin", "fail", PURE),
        case("T6-origin", "unknown", PURE).info("path\tx\nnews\nbuild\tGOOS=linux\n"),
        case("T6-module", "not-applicable", PURE),
        case("T6-module", "pass", PURE)
            .info(TAGGED)
            .policy(|p| p.expectations.module_prefixes.push("a.b".to_owned())),
        case("T6-module", "fail", PURE)
            .info(TAGGED)
            .policy(|p| p.expectations.module_prefixes.push("a.b/xy".to_owned())),
        case("T6-module", "unknown", PURE)
            .info("path\tx\nnews\n")
            .policy(|p| p.expectations.module_prefixes.push("a.b".to_owned())),
    ]
}

const HARDENED: &str = "path\tx\nmod\tx\tv1\nbuild\tCGO_CFLAGS=\"-fstack-protector-strong -D_FORTIFY_SOURCE=3 \
                        -fstack-clash-protection -fcf-protection=full\"\n";
const SOFT: &str = "path\tx\nmod\tx\tv1\nbuild\tCGO_CFLAGS=-O2\nbuild\tCGO_LDFLAGS=-O2\n";

fn imports(facts: &mut Facts<'_>, name: &'static [u8]) {
    if let Ok(Some(dynamic)) = &mut elf(facts).dynamic {
        dynamic.imports = Ok(vec![b"printf", name]);
    }
}

fn t7() -> Vec<Case> {
    const RULES: [&str; 4] = [
        "T7-stack-protector",
        "T7-fortify",
        "T7-stack-clash",
        "T7-branch-protection",
    ];
    let of_rule = |rule: &'static str| {
        [
            case(rule, "pass", CGO).info(HARDENED),
            case(rule, "fail", CGO).info(SOFT),
            case(rule, "unknown", CGO),
            case(rule, "unknown", CGO).facts(|f| f.c_code = Err(gap())),
            case(rule, "not-applicable", PURE),
            case(rule, "not-applicable", OLD),
        ]
    };
    let mut cases: Vec<Case> = RULES.into_iter().flat_map(of_rule).collect();
    cases.extend([
        case("T7-stack-protector", "pass", CGO).facts(|f| imports(f, b"__stack_chk_fail")),
        case("T7-fortify", "pass", CGO).facts(|f| imports(f, b"__memcpy_chk")),
        case("T7-fortify", "fail", CGO)
            .info(SOFT)
            .facts(|f| imports(f, b"__stack_chk_fail")),
        case("T7-linker-flags", "pass", CGO).facts(|f| elf(f).relro = Ok(Relro::Full)),
        case("T7-linker-flags", "pass", CGO)
            .info("path\tx\nmod\tx\tv1\nbuild\tCGO_LDFLAGS=-Wl,-z,now,-z,noexecstack\n"),
        case("T7-linker-flags", "fail", CGO),
        case("T7-linker-flags", "unknown", CGO).facts(|f| elf(f).relro = Err(gap())),
        case("T7-linker-flags", "not-applicable", PURE),
    ]);
    cases
}

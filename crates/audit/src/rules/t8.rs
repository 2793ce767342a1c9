//! T8: scanners can see what is in the binary.

use super::support::{fail, known, not_applicable, pass, settle, unknown};
use crate::facts::Facts;
use crate::policy::Profile;
use crate::registry::Rule;
use crate::verdict::{Level, Verdict};
use goassay_binary::gap::{Gap, Topic};
use goassay_binary::image::Kind;

/// The rule that a packed file fails; such a file cannot be opened, so that no other rule sees it.
pub(crate) const PACKED: &str = "T8-packed";

/// The command that makes the program again, with its names and without its debug information. The go command does not
/// write a file again that it takes for its own by the build ID, and `strip` and others leave that in.
pub(crate) const REBUILT: &str = "go clean && go build -trimpath -ldflags=-w";
/// As `REBUILT`, for what the go command records.
const RECORDED: &str = "go clean && go build -buildvcs=true";

pub(super) static RULES: &[Rule] = &[
    Rule {
        id: PACKED,
        title: "the file is not packed",
        level: Some(Level::Error),
        profiles: &[],
        pass: "The names of the functions lie in the file as they are.",
        limits: "Packers that goassay does not know by name, and whose output holds no Go at all, are not recognised.",
        help: "A packed program hides everything from scanners, cannot share its pages between processes, and is taken for \
               malware. Build it without that step, and compress the archive or the image layer instead. Of a program whose \
               source is not at hand, `upx -d` unpacks a copy. No other rule can say anything of a packed file: all are unknown.",
        judge: |facts, _| settle(packed(facts)),
    },
    Rule {
        id: "T8-pclntab",
        title: "the names of the functions can be read",
        level: Some(Level::Error),
        profiles: &[],
        pass: "The pc-line table was found, the module data points to it, and every function in it has a name.",
        limits: "Names can be replaced by others before the program is compiled (obfuscation).",
        help: "goassay, and scanners that read stripped binaries, find vulnerable functions in this table. It is damaged by \
               obfuscators and by tools that wipe its mark.",
        judge: |facts, _| settle(pclntab(facts)),
    },
    Rule {
        id: "T8-build-info",
        title: "the build information can be read",
        level: Some(Level::Error),
        profiles: &[],
        pass: "Toolchain, modules and settings are recorded, and every line of them was understood.",
        limits: "What is recorded is what the builder's go command wrote: it is not signed.",
        help: "Every scanner takes modules and versions from it. It is missing where another build system called the compiler, \
               and where a tool removed it.",
        judge: |facts, _| settle(build_info(facts)),
    },
    Rule {
        id: "T8-symbol-table",
        title: "the symbol table is there",
        level: Some(Level::Warning),
        profiles: &[(Profile::StaticContainer, Some(Level::Note))],
        pass: "The file has the symbol table that `-ldflags=-s` and `strip` remove.",
        limits: "goassay does not need it.",
        help: "govulncheck and others fall back to whole modules without a symbol table, and report vulnerabilities of code \
               that is not there. It is a tenth of the file; `-w` alone leaves it in.",
        judge: |facts, _| settle(symbol_table(facts)),
    },
];

fn packed(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    known(&facts.names)?;
    Ok(pass(
        "the names of the functions lie in the file as they are",
    ))
}

fn pclntab(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    let gap = match &facts.names {
        Ok(names) => {
            facts.binary.module_data().map_err(unknown)?;
            return Ok(pass(format!("{} names", names.count)));
        }
        Err(gap) => gap,
    };
    let old = facts
        .toolchain
        .as_ref()
        .ok()
        .and_then(|toolchain| toolchain.minor());
    if facts.missing.is_some() || old.is_none_or(|minor| minor < 18) {
        return Err(unknown(gap));
    }
    let what = "the names of the functions cannot be read";
    Ok(fail(what, vec![gap.reason.clone()], REBUILT))
}

fn build_info(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    let info = match facts.binary.build_info() {
        Ok(info) => info,
        Err(gap) if facts.missing.is_some() => return Err(unknown(gap)),
        Err(gap) => {
            let what = "the build information cannot be read";
            return Ok(fail(what, vec![gap.reason.clone()], RECORDED));
        }
    };
    // Toolchains can call themselves what they like, but not so.
    if info.go_version.trim().is_empty() || info.go_version.contains(char::is_control) {
        let reason = "what should be the toolchain's version is no text";
        return Err(unknown(&Gap::new(Topic::BuildInfo, reason)));
    }
    if info.unknown_lines == 0 && info.has_modules() {
        return Ok(pass(format!(
            "{}, {} dependencies",
            info.go_version,
            info.deps.len()
        )));
    }
    if facts.missing.is_some() {
        return Err(unknown(&Gap::new(
            Topic::BuildInfo,
            "the file is cut short",
        )));
    }
    let evidence = vec![
        format!("{} lines could not be read", info.unknown_lines),
        format!("modules recorded: {}", info.has_modules()),
    ];
    Ok(fail(
        "the build information is not complete",
        evidence,
        RECORDED,
    ))
}

fn symbol_table(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    if facts.binary.image().kind == Kind::Object {
        return Ok(not_applicable(
            "an object of an archive: the program that it is linked into decides",
        ));
    }
    match known(&facts.debug_info.symbol_table)? {
        Some(table) if table.symbols > table.imports => {
            Ok(pass(format!("{} symbols", table.symbols)))
        }
        table => {
            if let Some(gap) = &facts.missing {
                return Err(unknown(gap));
            }
            let left = table.map(|table| {
                let imports = table.imports;
                format!("the {imports} symbols that are left are those of other files")
            });
            let evidence = left.into_iter().collect();
            Ok(fail("the symbol table was removed", evidence, REBUILT))
        }
    }
}

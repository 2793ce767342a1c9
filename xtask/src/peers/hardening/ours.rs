//! Our facts in the words of the comparison.

use super::Fields;
use super::programs::Program;
use goassay_binary::buildinfo;
use goassay_binary::bytes::hexadecimal;
use goassay_binary::debuginfo::{self, DebugInfo};
use goassay_binary::gap::{Fact, Gap};
use goassay_binary::hardening::{self, BranchProtection, Dynamic, ElfHardening, ElfKind};
use goassay_binary::hardening::{Hardening, MachOHardening, PeHardening, Signer};
use goassay_binary::image::{Format, Image};

/// What we read from a program.
pub(super) struct Reading {
    pub(super) format: Format,
    pub(super) fields: Fields,
    facts: String,
}

impl Reading {
    /// A row of the table in docs/hardening.md.
    pub(super) fn row(&self, program: &Program) -> String {
        format!("| {} | {} |", program.name, self.facts)
    }
}

/// Reads a linked image; nothing of archives, objects and what is no image.
pub(super) fn read(data: &[u8]) -> Option<Reading> {
    let image = Image::parse(data).ok()?;
    let hardening = hardening::read(&image).ok()?;
    let mut writer = Writer(Fields::new());
    match &hardening {
        Hardening::Elf(facts) => writer.elf(facts),
        Hardening::Pe(facts) => writer.pe(facts),
        Hardening::MachO(facts) => writer.macho(facts),
    }
    writer.debug_info(&debuginfo::read(&image));
    let fields = writer.0;
    let facts = summary(&hardening, &fields, buildinfo::read(&image).is_ok());
    Some(Reading {
        format: image.format,
        fields,
        facts,
    })
}

struct Writer(Fields);

impl Writer {
    fn set(&mut self, name: &str, value: impl ToString) {
        self.0.insert(name.to_owned(), value.to_string());
    }

    /// A gap is written as such, and so never equals what another reader says.
    fn fact<T>(&mut self, name: &str, fact: &Fact<T>, show: impl FnOnce(&T) -> String) {
        let value = match fact {
            Ok(value) => show(value),
            Err(gap) => format!("gap: {gap}"),
        };
        self.set(name, value);
    }

    fn elf(&mut self, facts: &ElfHardening<'_>) {
        self.fact("kind", &facts.kind, |(kind, _)| {
            match kind {
                ElfKind::FixedExecutable => "fixed",
                ElfKind::Pie | ElfKind::StaticPie => "pie",
                ElfKind::SharedObject => "shared",
            }
            .to_owned()
        });
        self.fact("interpreter", &facts.interpreter, |name| optional(*name));
        self.fact("relro", &facts.relro, |relro| relro.name().to_owned());
        self.fact("stack", &facts.stack, |stack| stack.name().to_owned());
        self.fact("writable_executable", &facts.writable_executable, |both| {
            both.len().to_string()
        });
        self.fact("branch_protection", &facts.branch_protection, |found| {
            protection(found.unwrap_or_default())
        });
        let table = &facts.dynamic;
        let mut of = |name: &str, show: &dyn Fn(&Dynamic<'_>) -> String| {
            self.fact(name, table, |table| {
                table.as_ref().map(show).unwrap_or_default()
            });
        };
        of("needed", &|table| joined(&table.needed));
        of("soname", &|table| optional(table.soname));
        of("rpath", &|table| joined(&table.rpath));
        of("runpath", &|table| joined(&table.runpath));
        of("imports", &|table| match &table.imports {
            Ok(names) => {
                let mut names = names.clone();
                names.sort_unstable();
                joined(&names)
            }
            Err(gap) => format!("gap: {gap}"),
        });
        let of = |flag: &dyn Fn(&Dynamic<'_>) -> bool| match table {
            Ok(table) => table.as_ref().is_some_and(flag).to_string(),
            Err(gap) => format!("gap: {gap}"),
        };
        let (bind_now, text) = (of(&|t| t.bind_now), of(&|t| t.text_relocations));
        self.set("bind_now", bind_now);
        self.set("text_relocations", text);
    }

    fn pe(&mut self, facts: &PeHardening<'_>) {
        self.set("dynamic_base", facts.dynamic_base);
        self.set("high_entropy_va", facts.high_entropy_va);
        self.set("nx_compat", facts.nx_compat);
        self.set("guard_cf", facts.guard_cf);
        self.set("no_seh", facts.no_seh);
        self.set("force_integrity", facts.force_integrity);
        self.set("subsystem", facts.subsystem.0);
        self.fact("relocatable", &facts.relocatable, bool::to_string);
        self.fact("authenticode", &facts.authenticode, bool::to_string);
        self.fact("writable_executable", &facts.writable_executable, |names| {
            joined(names)
        });
        self.fact("dlls", &facts.dlls, |names| {
            let mut names = names.clone();
            names.sort_unstable();
            joined(&names)
        });
    }

    fn macho(&mut self, facts: &MachOHardening<'_>) {
        self.set("pie", facts.pie);
        self.set("no_heap_execution", facts.no_heap_execution);
        self.set("allow_stack_execution", facts.allow_stack_execution);
        self.fact("dylibs", &facts.dylibs, |dylibs| {
            joined(&dylibs.iter().map(|dylib| dylib.name).collect::<Vec<_>>())
        });
        self.fact("rpaths", &facts.rpaths, |paths| joined(paths));
        self.fact("restrict", &facts.restrict, bool::to_string);
        self.fact("build_version", &facts.build_version, |version| {
            version.map_or("none".to_owned(), |version| {
                version.minimum_os.0.to_string()
            })
        });
        self.fact(
            "writable_executable",
            &facts.writable_executable,
            |segments| {
                let shown = segments.iter().map(|segment| {
                    let name = String::from_utf8_lossy(segment.name);
                    format!("{name}:{}:{}", segment.initial.0, segment.maximum.0)
                });
                shown.collect::<Vec<_>>().join(" ")
            },
        );
        self.fact("signature", &facts.signature, |signature| {
            let signer = signature.as_ref().map(|signature| signature.signer);
            signer.map_or("none", Signer::name).to_owned()
        });
        if let Ok(Some(signature)) = &facts.signature {
            self.set("identifier", String::from_utf8_lossy(signature.identifier));
            self.set("team", optional(signature.team));
            self.set("hardened_runtime", signature.hardened_runtime);
            self.set("library_validation", signature.library_validation);
        }
    }

    fn debug_info(&mut self, facts: &DebugInfo<'_>) {
        self.fact("debug_sections", &facts.sections, |sections| {
            let shown = sections.iter().map(|section| {
                let name = String::from_utf8_lossy(section.name);
                format!("{name}:{}:{}", section.len, section.uncompressed)
            });
            shown.collect::<Vec<_>>().join(" ")
        });
        self.fact("symbols", &facts.symbol_table, |table| {
            table.map_or(0, |table| table.symbols).to_string()
        });
        self.fact("symbol_table", &facts.symbol_table, |table| {
            table.map_or(0, |table| table.len).to_string()
        });
        self.fact("gnu_build_id", &facts.gnu_build_id, |id| {
            hexadecimal(id.unwrap_or_default())
        });
        self.fact("go_build_id", &facts.go_build_id, |id| optional(*id));
        self.fact("uuid", &facts.uuid, |id| {
            id.map_or("none".to_owned(), |id| hexadecimal(&id))
        });
        self.fact("code_view", &facts.code_view, |record| {
            record.is_some().to_string()
        });
        self.fact("debug_link", &facts.debug_link, |link| {
            link.map_or(String::new(), |link| {
                format!("{} {:#x}", String::from_utf8_lossy(link.file), link.crc)
            })
        });
    }
}

fn optional(text: Option<&[u8]>) -> String {
    String::from_utf8_lossy(text.unwrap_or_default()).into_owned()
}

fn joined(texts: &[&[u8]]) -> String {
    String::from_utf8_lossy(&texts.join(&b' ')).into_owned()
}

fn protection(found: BranchProtection) -> String {
    let words = [
        (found.ibt, "IBT"),
        (found.shstk, "SHSTK"),
        (found.bti, "BTI"),
        (found.pac, "PAC"),
    ];
    let words = words.iter().filter(|(set, _)| *set).map(|&(_, word)| word);
    words.collect::<Vec<_>>().join(" ")
}

/// Our facts in checksec's words, and what is imported.
pub(super) fn as_checksec(fields: &Fields) -> Fields {
    let is = |field: &str, value: &str| fields.get(field).is_some_and(|found| found == value);
    let imports = fields
        .get("imports")
        .map(String::as_str)
        .unwrap_or_default();
    let imported = |wanted: &dyn Fn(&str) -> bool| imports.split(' ').any(wanted);
    let yes = |holds: bool| if holds { "yes" } else { "no" };
    let relro = match fields.get("relro").map(String::as_str) {
        Some("none") => "no",
        Some(relro) => relro,
        None => "",
    };
    let pie = match fields.get("kind").map(String::as_str) {
        Some("pie") => "yes",
        Some("shared") => "dso",
        _ => "no",
    };
    let symbols = match fields.get("symbols").map(String::as_str) {
        Some("0") => "no",
        Some(count) if count.bytes().all(|b| b.is_ascii_digit()) => "yes",
        _ => "gap",
    };
    let canary = |name: &str| name == "__stack_chk_fail" || name == "__stack_chk_guard";
    Fields::from([
        ("imports".to_owned(), imports.to_owned()),
        ("relro".to_owned(), relro.to_owned()),
        (
            "nx".to_owned(),
            yes(is("stack", "non-executable")).to_owned(),
        ),
        ("pie".to_owned(), pie.to_owned()),
        ("canary".to_owned(), yes(imported(&canary)).to_owned()),
        ("rpath".to_owned(), yes(!is("rpath", "")).to_owned()),
        ("runpath".to_owned(), yes(!is("runpath", "")).to_owned()),
        ("symbols".to_owned(), symbols.to_owned()),
        (
            "fortify_source".to_owned(),
            yes(imported(&|name| name.ends_with("_chk"))).to_owned(),
        ),
    ])
}

/// The facts that matter most, for people.
fn summary(hardening: &Hardening<'_>, fields: &Fields, is_go: bool) -> String {
    let of = |field: &str| match fields.get(field).map(String::as_str) {
        None | Some("") => "–",
        Some(value) => value,
    };
    let shown = |fact: Result<&'static str, &Gap>| fact.unwrap_or("gap");
    let mut cells = match hardening {
        Hardening::Elf(facts) => vec![
            shown(facts.kind.as_ref().map(|(kind, _)| kind.name())),
            of("relro"),
            of("stack"),
            of("needed"),
            of("branch_protection"),
        ],
        Hardening::Pe(_) => vec![
            if of("dynamic_base") == "true" {
                "dynamic base"
            } else {
                "fixed base"
            },
            if of("high_entropy_va") == "true" {
                "high entropy"
            } else {
                "–"
            },
            if of("nx_compat") == "true" {
                "NX"
            } else {
                "no NX"
            },
            of("dlls"),
            if of("authenticode") == "true" {
                "signed"
            } else {
                "not signed"
            },
        ],
        Hardening::MachO(_) => vec![
            if of("pie") == "true" { "PIE" } else { "fixed" },
            of("signature"),
            if of("hardened_runtime") == "true" {
                "hardened runtime"
            } else {
                "–"
            },
            of("dylibs"),
            of("writable_executable"),
        ],
    };
    if !is_go {
        cells.push("(no build information)");
    }
    cells.join(" | ")
}

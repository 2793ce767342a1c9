//! What the headers of each format say about hardening, as statements with one name each.

use super::facts::{Fact, Gap, Statement, lossy};
use goassay_binary::gap::Fact as Read;
use goassay_binary::hardening::{ElfHardening, Hardening, MachOHardening, PeHardening};

/// The statements of an image.
pub(super) fn statements(hardening: &Hardening<'_>) -> Vec<Statement> {
    match hardening {
        Hardening::Elf(elf) => of_elf(elf),
        Hardening::Pe(pe) => of_pe(pe),
        Hardening::MachO(macho) => of_macho(macho),
    }
}

fn say<T>(name: &'static str, read: &Read<T>, words: impl FnOnce(&T) -> String) -> Statement {
    let says = match read {
        Ok(value) => Fact {
            value: Some(words(value)),
            gap: None,
        },
        Err(gap) => Fact {
            value: None,
            gap: Some(Gap::from(gap)),
        },
    };
    Statement { name, says }
}

fn flag(name: &'static str, set: bool) -> Statement {
    say(name, &Ok(set), |set| yes(*set).to_owned())
}

fn yes(set: bool) -> &'static str {
    if set { "yes" } else { "no" }
}

/// How many there are, by name where there are few.
fn listed(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        names if names.len() <= 5 => names.join(", "),
        names => format!("{} of them", names.len()),
    }
}

fn of_elf(elf: &ElfHardening<'_>) -> Vec<Statement> {
    let mut said = vec![
        say("kind", &elf.kind, |(kind, why)| {
            format!("{} ({why})", kind.name())
        }),
        say("relro", &elf.relro, |relro| relro.name().to_owned()),
        say("stack", &elf.stack, |stack| stack.name().to_owned()),
        say(
            "writable-and-executable",
            &elf.writable_executable,
            |list| {
                let segments = list.iter().map(|s| format!("{:#x}", s.address.0));
                listed(&segments.collect::<Vec<_>>())
            },
        ),
        say("branch-protection", &elf.branch_protection, |claimed| {
            let Some(claimed) = claimed else {
                return "none".to_owned();
            };
            let marks = [
                (claimed.ibt, "IBT"),
                (claimed.shstk, "SHSTK"),
                (claimed.bti, "BTI"),
                (claimed.pac, "PAC"),
            ];
            let set = marks.iter().filter(|(set, _)| *set);
            listed(&set.map(|(_, name)| (*name).to_owned()).collect::<Vec<_>>())
        }),
    ];
    match &elf.dynamic {
        Ok(Some(dynamic)) => {
            let paths = |list: &[&[u8]]| listed(&list.iter().map(|p| lossy(p)).collect::<Vec<_>>());
            said.push(flag("bind-now", dynamic.bind_now));
            said.push(flag("text-relocations", dynamic.text_relocations));
            said.push(say("rpath", &Ok(&dynamic.rpath), |list| paths(list)));
            said.push(say("runpath", &Ok(&dynamic.runpath), |list| paths(list)));
        }
        Ok(None) => said.push(say("dynamic-table", &Ok(()), |()| "none".to_owned())),
        Err(gap) => said.push(say("dynamic-table", &Err::<(), _>(gap.clone()), |()| {
            String::new()
        })),
    }
    said
}

fn of_pe(pe: &PeHardening<'_>) -> Vec<Statement> {
    vec![
        flag("dynamic-base", pe.dynamic_base),
        flag("high-entropy-va", pe.high_entropy_va),
        flag("nx-compat", pe.nx_compat),
        flag("guard-cf", pe.guard_cf),
        flag("force-integrity", pe.force_integrity),
        say("relocatable", &pe.relocatable, |set| yes(*set).to_owned()),
        say("subsystem", &Ok(pe.subsystem), |subsystem| {
            subsystem.name().to_owned()
        }),
        say("authenticode-signature", &pe.authenticode, |set| {
            let said = if *set { "yes (not verified)" } else { "no" };
            said.to_owned()
        }),
        say("writable-and-executable", &pe.writable_executable, |list| {
            listed(&list.iter().map(|name| lossy(name)).collect::<Vec<_>>())
        }),
    ]
}

fn of_macho(macho: &MachOHardening<'_>) -> Vec<Statement> {
    vec![
        flag("pie", macho.pie),
        flag("stack-execution-allowed", macho.allow_stack_execution),
        say("code-signature", &macho.signature, |signature| {
            let Some(signature) = signature else {
                return "none".to_owned();
            };
            let runtime = if signature.hardened_runtime {
                ", hardened runtime"
            } else {
                ""
            };
            format!("{}{runtime} (not verified)", signature.signer.name())
        }),
        say("restrict", &macho.restrict, |set| yes(*set).to_owned()),
        say("rpaths", &macho.rpaths, |list| {
            listed(&list.iter().map(|path| lossy(path)).collect::<Vec<_>>())
        }),
        say("built-for", &macho.build_version, |version| match version {
            Some(version) => format!(
                "platform {}, at least {}, SDK {}",
                version.platform, version.minimum_os, version.sdk
            ),
            None => "not stated".to_owned(),
        }),
        say(
            "writable-and-executable",
            &macho.writable_executable,
            |list| {
                let segments = list.iter().map(|segment| {
                    let later = if segment.initial.is_writable_executable() {
                        ""
                    } else {
                        " (not at start, but it may become so)"
                    };
                    format!("{}{later}", lossy(segment.name))
                });
                listed(&segments.collect::<Vec<_>>())
            },
        ),
    ]
}

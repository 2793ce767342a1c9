//! All facts of a file as text, one by one, so that two readings can be compared field by field.

use goassay_binary::debuginfo::{self, DebugInfo};
use goassay_binary::gap::{Fact, Gap};
use goassay_binary::hardening::{self, ElfHardening, Hardening, MachOHardening, PeHardening};
use goassay_binary::image::Image;
use std::collections::BTreeMap;
use std::fmt::Debug;

/// Name of a field to its value or gap.
pub(crate) type Fields = BTreeMap<&'static str, Fact<String>>;

/// All facts of the headers of `data`; no field is there where the file is no image at all.
pub(crate) fn fields(data: &[u8]) -> Fields {
    let mut fields = Fields::new();
    if let Ok(image) = Image::parse(data) {
        match hardening::read(&image) {
            Ok(Hardening::Elf(facts)) => elf(&mut fields, &facts),
            Ok(Hardening::Pe(facts)) => pe(&mut fields, &facts),
            Ok(Hardening::MachO(facts)) => macho(&mut fields, &facts),
            Err(gap) => add(&mut fields, "hardening", &Err::<(), Gap>(gap)),
        }
        debug_info(&mut fields, &debuginfo::read(&image));
    }
    fields
}

fn add<T: Debug>(fields: &mut Fields, name: &'static str, fact: &Fact<T>) {
    let text = fact.as_ref().map(|value| format!("{value:?}"));
    fields.insert(name, text.map_err(Gap::clone));
}

fn certain<T: Debug>(fields: &mut Fields, name: &'static str, value: &T) {
    add(fields, name, &Ok(value));
}

// No `..` in the patterns: a new field has to be compared too.

fn elf(fields: &mut Fields, facts: &ElfHardening<'_>) {
    let ElfHardening {
        kind,
        interpreter,
        relro,
        stack,
        writable_executable,
        dynamic,
        branch_protection,
    } = facts;
    add(fields, "kind", kind);
    add(fields, "interpreter", interpreter);
    add(fields, "relro", relro);
    add(fields, "stack", stack);
    add(fields, "writable_executable", writable_executable);
    add(fields, "branch_protection", branch_protection);
    let mut dynamic = dynamic.clone();
    if let Ok(Some(table)) = &mut dynamic {
        add(fields, "imports", &table.imports);
        table.imports = Ok(Vec::new());
    }
    add(fields, "dynamic", &dynamic);
}

fn pe(fields: &mut Fields, facts: &PeHardening<'_>) {
    let PeHardening {
        dynamic_base,
        high_entropy_va,
        nx_compat,
        guard_cf,
        no_seh,
        force_integrity,
        relocatable,
        subsystem,
        dlls,
        authenticode,
        writable_executable,
    } = facts;
    certain(fields, "dynamic_base", dynamic_base);
    certain(fields, "high_entropy_va", high_entropy_va);
    certain(fields, "nx_compat", nx_compat);
    certain(fields, "guard_cf", guard_cf);
    certain(fields, "no_seh", no_seh);
    certain(fields, "force_integrity", force_integrity);
    add(fields, "relocatable", relocatable);
    certain(fields, "subsystem", subsystem);
    add(fields, "dlls", dlls);
    add(fields, "authenticode", authenticode);
    add(fields, "writable_executable", writable_executable);
}

fn macho(fields: &mut Fields, facts: &MachOHardening<'_>) {
    let MachOHardening {
        pie,
        no_heap_execution,
        allow_stack_execution,
        dylibs,
        rpaths,
        signature,
        restrict,
        build_version,
        writable_executable,
    } = facts;
    certain(fields, "pie", pie);
    certain(fields, "no_heap_execution", no_heap_execution);
    certain(fields, "allow_stack_execution", allow_stack_execution);
    add(fields, "dylibs", dylibs);
    add(fields, "rpaths", rpaths);
    add(fields, "signature", signature);
    add(fields, "restrict", restrict);
    add(fields, "build_version", build_version);
    add(fields, "writable_executable", writable_executable);
}

fn debug_info(fields: &mut Fields, facts: &DebugInfo<'_>) {
    let DebugInfo {
        sections,
        symbol_table,
        debug_link,
        gnu_build_id,
        go_build_id,
        uuid,
        code_view,
    } = facts;
    add(fields, "debug sections", sections);
    add(fields, "symbol_table", symbol_table);
    add(fields, "debug_link", debug_link);
    add(fields, "gnu_build_id", gnu_build_id);
    add(fields, "go_build_id", go_build_id);
    add(fields, "uuid", uuid);
    add(fields, "code_view", code_view);
}

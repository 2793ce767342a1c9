//! Single fields changed: the fact that rests on them changes, or is a gap; no other does.

use crate::fields::{Fields, fields};
use crate::patch::Patch;

const SHARED: &str = "elf-amd64-c-shared";
const PIE: &str = "elf-amd64-go1.20-pie";
const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;
const PT_NOTE: u32 = 4;
const PT_GNU_STACK: u32 = 0x6474_e551;
const PT_GNU_RELRO: u32 = 0x6474_e552;
const PT_NULL: u32 = 0;
const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_SYMTAB: u64 = 6;
const DT_INIT: u64 = 12;
const DT_SYMBOLIC: u64 = 16;
const DT_FLAGS_1: u64 = 0x6fff_fffb;

/// The fields that differ from those of `original`, with what they are now.
fn changed(original: &str, patch: Patch) -> Vec<(&'static str, String)> {
    let (before, after) = (fields(&Patch::of(original).0), fields(&patch.0));
    assert_eq!(names(&before), names(&after));
    let differ = after
        .into_iter()
        .filter(|(name, fact)| before[name] != *fact);
    differ
        .map(|(name, fact)| match fact {
            Ok(value) => (name, value),
            Err(gap) => (name, gap.to_string()),
        })
        .collect()
}

fn names(fields: &Fields) -> Vec<&'static str> {
    fields.keys().copied().collect()
}

fn one(original: &str, patch: Patch) -> (&'static str, String) {
    let mut changed = changed(original, patch);
    assert_eq!(changed.len(), 1, "{changed:?}");
    changed.remove(0)
}

#[test]
fn an_executable_stack() {
    let patch = Patch::of(PIE);
    let at = patch.program(PT_GNU_STACK);
    let executable = one(PIE, patch.set_u32(at + 4, 7));
    assert_eq!(executable, ("stack", "Executable".to_owned()));
    let silent = one(PIE, Patch::of(PIE).set_u32(at, PT_NULL));
    assert_eq!(silent, ("stack", "NotStated".to_owned()));
    let relro = Patch::of(PIE).program(PT_GNU_RELRO);
    let twice = changed(PIE, Patch::of(PIE).set_u32(relro, PT_GNU_STACK));
    assert_eq!(twice[1].0, "stack");
    assert!(twice[1].1.contains("several"), "{twice:?}");
}

#[test]
fn a_segment_that_is_writable_and_executable() {
    let patch = Patch::of(PIE);
    let at = patch.program(PT_LOAD);
    let (field, value) = one(PIE, patch.set_u32(at + 4, 7));
    assert_eq!(field, "writable_executable");
    assert!(value.contains("ElfSegment"), "{value}");
}

#[test]
fn relocation_read_only() {
    let relro = Patch::of(SHARED).program(PT_GNU_RELRO);
    let none = one(SHARED, Patch::of(SHARED).set_u32(relro, PT_NULL));
    assert_eq!(none, ("relro", "None".to_owned()));
    let empty = one(SHARED, Patch::of(SHARED).set_u64(relro + 40, 0));
    assert_eq!(empty, ("relro", "None".to_owned()));
    let flags = Patch::of(SHARED).dynamic(DT_FLAGS_1);
    let now = changed(SHARED, Patch::of(SHARED).set_u64(flags + 8, 1));
    let now: Vec<&str> = now.iter().map(|(name, _)| *name).collect();
    assert_eq!(now, ["dynamic", "relro"]);
    let patch = Patch::of(SHARED).set_u64(flags + 8, 1);
    assert_eq!(fields(&patch.0)["relro"], Ok("Full".to_owned()));
}

#[test]
fn entries_of_the_dynamic_table() {
    let init = Patch::of(SHARED).dynamic(DT_INIT);
    let needed = Patch::of(SHARED).dynamic(DT_NEEDED);
    let libc = Patch::of(SHARED).u64(needed + 8);
    for (tag, text) in [
        (29, "runpath: [["),
        (15, "rpath: [["),
        (14, "soname: Some(["),
    ] {
        let patch = Patch::of(SHARED).set_u64(init, tag).set_u64(init + 8, libc);
        let changed = changed(SHARED, patch);
        assert!(changed[0].1.contains(text), "{changed:?}");
    }
    let symbolic = Patch::of(SHARED).dynamic(DT_SYMBOLIC);
    let (field, value) = one(SHARED, Patch::of(SHARED).set_u64(symbolic, 22));
    assert_eq!(field, "dynamic");
    assert!(value.contains("text_relocations: true"), "{value}");
    let soname = Patch::of(SHARED).set_u64(init, 14).set_u64(init + 8, libc);
    let kind = fields(&soname.0)["kind"].clone().expect("a kind");
    assert!(kind.contains("DT_SONAME"), "{kind}");
}

#[test]
fn a_damaged_dynamic_table_is_a_gap_in_all_that_rests_on_it() {
    let far = 1 << 40;
    let strings = Patch::of(SHARED).dynamic(DT_STRTAB);
    let table = Patch::of(SHARED).program(PT_DYNAMIC);
    for patch in [
        Patch::of(SHARED).set_u64(strings + 8, far),
        Patch::of(SHARED).set_u64(table + 16, far),
    ] {
        let found = fields(&patch.0);
        for field in ["dynamic", "kind", "relro"] {
            assert!(found[field].is_err(), "{field}: {:?}", found[field]);
        }
        assert!(found["stack"].is_ok());
    }
    let symbols = Patch::of(SHARED).dynamic(DT_SYMTAB);
    let (field, gap) = one(SHARED, Patch::of(SHARED).set_u64(symbols + 8, far));
    assert_eq!(field, "imports");
    assert!(gap.contains("symbol table"), "{gap}");
}

#[test]
fn an_interpreter_without_text_is_a_gap() {
    let at = Patch::of(PIE).program(PT_INTERP);
    let changed = changed(PIE, Patch::of(PIE).set_u64(at + 8, 1 << 40));
    let names: Vec<&str> = changed.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["interpreter", "kind"]);
    assert!(changed[0].1.starts_with("headers: "), "{changed:?}");
}

/// Synthetic: no fixture was compiled for branch protection.
#[test]
fn branch_protection_of_a_property_note() {
    let note = |machine: u16, kind: u32, features: u32| {
        let patch = Patch::of(PIE);
        let header = patch.program(PT_NOTE);
        let at = usize::try_from(patch.u64(header + 8)).expect("an offset");
        let words = [
            4,
            16,
            5,
            u32::from_le_bytes(*b"GNU\0"),
            kind,
            4,
            features,
            0,
        ];
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let patch = patch
            .set(at, &bytes)
            .set_u64(header + 32, 32)
            .set(18, &machine.to_le_bytes());
        fields(&patch.0)["branch_protection"].clone()
    };
    let both = note(62, 0xc000_0002, 3).expect("readable");
    assert!(
        both.contains("ibt: true, shstk: true, bti: false"),
        "{both}"
    );
    let one = note(183, 0xc000_0000, 2).expect("readable");
    assert!(one.contains("bti: false, pac: true"), "{one}");
    let other = note(62, 0xc000_8002, 3).expect("readable");
    assert!(other.contains("ibt: false, shstk: false"), "{other}");
}

#[test]
fn flags_of_a_windows_program() {
    let name = "pe-amd64-go1.26";
    let at = Patch::of(name).optional() + 70;
    for (flag, field, value) in [
        (0x20, "high_entropy_va", "false"),
        (0x40, "dynamic_base", "false"),
        (0x80, "force_integrity", "true"),
        (0x100, "nx_compat", "false"),
        (0x400, "no_seh", "true"),
        (0x4000, "guard_cf", "true"),
    ] {
        let flags = Patch::of(name).u16(at) ^ flag;
        let patch = Patch::of(name).set(at, &flags.to_le_bytes());
        assert_eq!(one(name, patch), (field, value.to_owned()));
    }
    let stripped = Patch::of(name).optional() - 2;
    let characteristics = Patch::of(name).u16(stripped) | 1;
    let patch = Patch::of(name).set(stripped, &characteristics.to_le_bytes());
    assert_eq!(one(name, patch), ("relocatable", "false".to_owned()));
    let text = Patch::of(name).section(0) + 36;
    let writable = Patch::of(name).u32(text) | 0x8000_0000;
    let (field, value) = one(name, Patch::of(name).set_u32(text, writable));
    assert_eq!(field, "writable_executable");
    assert!(value.len() > 4, "{value}");
}

/// Where the data directory with this number is, in a 64-bit image.
fn directory(patch: &Patch, number: usize) -> usize {
    patch.optional() + 112 + 8 * number
}

#[test]
fn a_certificate_table() {
    let name = "pe-amd64-go1.26";
    let signed = |kind: u16, len: u32| {
        let mut patch = Patch::of(name);
        let at = patch.0.len();
        patch.0.extend(len.to_le_bytes());
        patch.0.extend([0, 2]);
        patch.0.extend(kind.to_le_bytes());
        patch.0.resize(at + 16, 0);
        let entry = directory(&patch, 4);
        let at = u32::try_from(at).expect("small");
        one(name, patch.set_u32(entry, at).set_u32(entry + 4, 16))
    };
    assert_eq!(signed(2, 16), ("authenticode", "true".to_owned()));
    assert!(signed(2, 17).1.contains("damaged"));
    assert!(signed(2, 0).1.contains("damaged"));
    let mut cut = Patch::of(name);
    let entry = directory(&cut, 4);
    cut = cut.set_u32(entry, u32::MAX).set_u32(entry + 4, 16);
    assert!(one(name, cut).1.contains("outside"));
}

#[test]
fn imports_that_leave_the_file_are_a_gap() {
    let name = "pe-amd64-go1.26";
    let patch = Patch::of(name);
    let entry = directory(&patch, 1);
    let (field, gap) = one(name, patch.set_u32(entry, 0x7fff_0000));
    assert_eq!(field, "dlls");
    assert!(gap.contains("Import"), "{gap}");
}

#[test]
fn a_debug_directory() {
    let name = "pe-amd64-go1.26";
    let patch = Patch::of(name);
    let section = patch.section(0);
    let (address, at) = (patch.u32(section + 12), patch.u32(section + 20));
    let mut entry = [0u32; 7];
    (entry[3], entry[4], entry[6]) = (2, 30, at + 28);
    let mut bytes: Vec<u8> = entry.iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.extend(b"RSDS0123456789abcdef\x07\0\0\0a.pdb\0");
    let directory = directory(&patch, 6);
    let patch = patch
        .set(at as usize, &bytes)
        .set_u32(directory, address)
        .set_u32(directory + 4, 28);
    let found = fields(&patch.0)["code_view"].clone().expect("readable");
    assert!(
        found.contains("age: 7") && found.contains("[97, 46, 112, 100, 98]"),
        "{found}"
    );
    let cut = patch.set_u32(at as usize + 16, u32::MAX);
    assert!(fields(&cut.0)["code_view"].is_err());
}

#[test]
fn flags_of_a_macos_program() {
    let name = "macho-arm64-go1.25";
    let flags = Patch::of(name).u32(24);
    for (flag, field, value) in [
        (0x20_0000, "pie", "false"),
        (0x2_0000, "allow_stack_execution", "true"),
        (0x100_0000, "no_heap_execution", "true"),
    ] {
        let patch = Patch::of(name).set_u32(24, flags ^ flag);
        assert_eq!(one(name, patch), (field, value.to_owned()));
    }
}

#[test]
fn a_restricted_segment() {
    let name = "macho-arm64-go1.25";
    let patch = Patch::of(name);
    let at = patch.command(0x19);
    // The first segment has no sections (__PAGEZERO); the next one is given other names.
    let next = at + patch.u32(at + 4) as usize;
    let patch = patch
        .set(next + 8, b"__RESTRICT\0\0\0\0\0\0")
        .set(next + 72, b"__restrict\0\0\0\0\0\0");
    assert_eq!(fields(&patch.0)["restrict"], Ok("true".to_owned()));
}

#[test]
fn commands_that_are_damaged_are_gaps_in_all_that_rests_on_them() {
    let name = "macho-arm64-go1.25";
    let patch = Patch::of(name);
    let uuid = patch.command(0x1b);
    let found = fields(&patch.set_u32(uuid + 4, 0).0);
    for field in [
        "dylibs",
        "rpaths",
        "signature",
        "restrict",
        "build_version",
        "uuid",
    ] {
        assert!(found[field].is_err(), "{field}: {:?}", found[field]);
    }
    assert!(found["pie"].is_ok());
}

#[test]
fn a_signature_outside_the_file_is_a_gap() {
    let name = "macho-arm64-go1.25";
    let patch = Patch::of(name);
    let at = patch.command(0x1d);
    let (field, gap) = one(name, patch.set_u32(at + 8, u32::MAX));
    assert_eq!(field, "signature");
    assert!(gap.contains("outside"), "{gap}");
}

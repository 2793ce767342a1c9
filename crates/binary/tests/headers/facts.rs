//! What is read from the committed binaries. `cargo xtask test-peers` compares the same with other readers.

use goassay_binary::debuginfo::{self, Compression};
use goassay_binary::gap::Topic;
use goassay_binary::hardening::{self, ElfHardening, ElfKind, Hardening, Relro, Signer, Stack};
use goassay_binary::image::{Image, Kind};
use goassay_binary::{Binary, container};
use object::{Object, ObjectSection, ObjectSymbol};

fn elf<'a>(image: &Image<'a>) -> ElfHardening<'a> {
    match hardening::read(image) {
        Ok(Hardening::Elf(facts)) => facts,
        other => panic!("no facts of an ELF image: {other:?}"),
    }
}

#[test]
fn kinds_of_elf_images() {
    for (name, kind, interpreter, relro) in [
        (
            "elf-amd64-go1.26",
            ElfKind::FixedExecutable,
            None,
            Relro::None,
        ),
        (
            "elf-386-go1.23",
            ElfKind::FixedExecutable,
            None,
            Relro::None,
        ),
        (
            "elf-s390x-go1.24",
            ElfKind::FixedExecutable,
            None,
            Relro::None,
        ),
        (
            "elf-amd64-go1.20-pie",
            ElfKind::Pie,
            Some("/lib64/ld-linux-x86-64.so.2"),
            Relro::Partial,
        ),
        (
            "elf-arm64-go1.27-pie",
            ElfKind::Pie,
            Some("/lib/ld-linux-aarch64.so.1"),
            Relro::Partial,
        ),
        (
            "elf-amd64-c-shared",
            ElfKind::SharedObject,
            None,
            Relro::Partial,
        ),
        ("elf-amd64-plugin", ElfKind::SharedObject, None, Relro::Full),
    ] {
        let data = goassay_fixtures::bytes(name);
        let image = Image::parse(&data).expect("an image");
        let facts = elf(&image);
        assert_eq!(facts.kind.expect("a kind").0, kind, "{name}");
        let found = facts.interpreter.expect("readable");
        assert_eq!(found, interpreter.map(str::as_bytes), "{name}");
        assert_eq!(facts.relro, Ok(relro), "{name}");
        assert_eq!(facts.stack, Ok(Stack::NonExecutable), "{name}");
        assert_eq!(facts.writable_executable, Ok(Vec::new()), "{name}");
        assert_eq!(facts.branch_protection, Ok(None), "{name}");
        let dynamic = facts.dynamic.expect("readable");
        assert_eq!(
            dynamic.is_some(),
            kind != ElfKind::FixedExecutable,
            "{name}"
        );
    }
}

#[test]
fn a_library_says_what_it_needs() {
    let data = goassay_fixtures::bytes("elf-amd64-c-shared");
    let image = Image::parse(&data).expect("an image");
    let dynamic = elf(&image).dynamic.expect("readable").expect("there");
    assert_eq!(dynamic.needed, [&b"libc.so.6"[..]]);
    assert_eq!((dynamic.soname, dynamic.pie_flag), (None, false));
    assert!(dynamic.rpath.is_empty() && dynamic.runpath.is_empty());
    assert!(!dynamic.bind_now && !dynamic.text_relocations && dynamic.procedure_relocations);
    let imports = dynamic.imports.expect("readable");
    assert!(imports.contains(&&b"pthread_create"[..]));
}

#[test]
fn imports_are_what_another_reader_finds_by_sections() {
    for name in ["elf-amd64-c-shared", "elf-amd64-plugin", "elf-amd64-not-go"] {
        let data = goassay_fixtures::bytes(name);
        let image = Image::parse(&data).expect("an image");
        let dynamic = elf(&image).dynamic.expect("readable").expect("there");
        let mut ours = dynamic.imports.expect("readable");
        let mut theirs = imports(&data);
        ours.sort_unstable();
        theirs.sort_unstable();
        assert_eq!(ours, theirs, "{name}");
    }
}

fn imports(data: &[u8]) -> Vec<&[u8]> {
    let file = object::File::parse(data).expect("an ELF file");
    let undefined = file.dynamic_symbols().filter(ObjectSymbol::is_undefined);
    let theirs = undefined.map(|symbol| symbol.name_bytes().expect("a name"));
    theirs.filter(|name| !name.is_empty()).collect()
}

#[test]
fn windows_programs() {
    for (name, wide) in [("pe-amd64-go1.26", true), ("pe-386-go1.22", false)] {
        let data = goassay_fixtures::bytes(name);
        let binary = Binary::parse(&data).expect("a Go binary");
        let Ok(Hardening::Pe(facts)) = binary.hardening() else {
            panic!("no facts of a PE image");
        };
        assert!(facts.dynamic_base && facts.nx_compat, "{name}");
        assert_eq!(facts.high_entropy_va, wide, "{name}");
        assert!(!facts.guard_cf && !facts.no_seh && !facts.force_integrity);
        assert_eq!(facts.relocatable, Ok(true), "{name}");
        assert_eq!(facts.subsystem.name(), "windows-console", "{name}");
        assert_eq!(facts.dlls, Ok(vec![&b"kernel32.dll"[..]]), "{name}");
        assert_eq!(facts.authenticode, Ok(false), "{name}");
        assert_eq!(facts.writable_executable, Ok(Vec::new()), "{name}");
    }
}

#[test]
fn macos_programs() {
    for (name, signer, minimum) in [
        ("macho-arm64-go1.25", Some(Signer::Linker), "12.0"),
        ("macho-amd64-go1.27", None, "13.0"),
    ] {
        let data = goassay_fixtures::bytes(name);
        let binary = Binary::parse(&data).expect("a Go binary");
        let Ok(Hardening::MachO(facts)) = binary.hardening() else {
            panic!("no facts of a Mach-O image");
        };
        assert!(facts.pie && !facts.allow_stack_execution && !facts.no_heap_execution);
        let dylibs = facts.dylibs.expect("readable");
        assert!(dylibs.iter().all(|dylib| !dylib.weak), "{name}");
        let names: Vec<&[u8]> = dylibs.iter().map(|dylib| dylib.name).collect();
        assert!(
            names.contains(&&b"/usr/lib/libSystem.B.dylib"[..]),
            "{name}"
        );
        assert_eq!((facts.rpaths, facts.restrict), (Ok(Vec::new()), Ok(false)));
        let version = facts.build_version.expect("readable").expect("there");
        assert_eq!(
            (version.platform, version.minimum_os.to_string()),
            (1, minimum.to_owned())
        );
        let signature = facts.signature.expect("readable");
        assert_eq!(signature.as_ref().map(|s| s.signer), signer, "{name}");
        if let Some(signature) = signature {
            assert_eq!(
                (signature.identifier, signature.team),
                (&b"a.out"[..], None)
            );
            assert!(!signature.hardened_runtime && !signature.library_validation);
        }
        // Go's linker maps the code without write access, and leaves it possible.
        let [text] = facts.writable_executable.expect("readable")[..] else {
            panic!("{name}: one segment");
        };
        assert_eq!(text.name, b"__TEXT");
        assert!(!text.initial.is_writable_executable() && text.maximum.is_writable_executable());
    }
}

#[test]
fn an_object_has_no_hardening_of_its_own() {
    let data = goassay_fixtures::bytes("elf-amd64-c-archive");
    let members = container::members(&data).expect("an archive");
    let objects = members.iter().filter_map(|m| Image::parse(m.data).ok());
    let objects: Vec<Image<'_>> = objects.collect();
    assert!(!objects.is_empty() && objects.iter().all(|o| o.kind == Kind::Object));
    for image in &objects {
        let gap = hardening::read(image).expect_err("a gap");
        assert_eq!(gap.topic, Topic::Headers);
    }
}

/// The sections, by a reader that is not ours; `true` as a last word where they are compressed.
fn debug_sections(data: &[u8]) -> Vec<(Vec<u8>, u64, u64, bool)> {
    let file = object::File::parse(data).expect("an image");
    let sections = file.sections().filter_map(|section| {
        let name = section.name_bytes().expect("a name").to_vec();
        let text = String::from_utf8_lossy(&name).into_owned();
        let range = section.compressed_file_range().expect("readable");
        let (_, len) = section.file_range()?;
        let debug = [".debug_", ".zdebug_", "__debug_", "__zdebug_"];
        debug
            .iter()
            .any(|prefix| text.starts_with(prefix))
            .then_some((
                name,
                len,
                range.uncompressed_size,
                range.format != object::CompressionFormat::None,
            ))
    });
    sections.collect()
}

#[test]
fn debug_sections_are_what_another_reader_finds() {
    let mut found = 0;
    for fixture in goassay_fixtures::all() {
        let data = fixture.bytes();
        for member in container::members(&data).expect("readable") {
            let Ok(image) = Image::parse(member.data) else {
                continue;
            };
            let Ok(ours) = debuginfo::read(&image).sections else {
                let without = ["elf-amd64-no-section-headers", "elf-amd64-upx"];
                assert!(without.contains(&&*fixture.name), "{}", fixture.name);
                continue;
            };
            let ours = ours.iter().map(|section| {
                let compressed = section.compression != Compression::None;
                (
                    section.name.to_vec(),
                    section.len,
                    section.uncompressed,
                    compressed,
                )
            });
            let ours: Vec<_> = ours.collect();
            found += ours.len();
            assert_eq!(ours, debug_sections(member.data), "{}", fixture.name);
        }
    }
    assert!(found > 10, "{found} debug sections in the fixtures");
}

#[test]
fn build_ids() {
    for fixture in goassay_fixtures::all() {
        let data = fixture.bytes();
        let Ok(binary) = Binary::parse(&data) else {
            continue;
        };
        let facts = binary.debug_info();
        let id = facts.go_build_id.expect("readable").expect("there");
        let parts = id.split(|&b| b == b'/').count();
        assert!(id.len() > 60 && parts >= 2, "{}: {id:?}", fixture.name);
        let has_sections = fixture.name != "elf-amd64-no-section-headers";
        assert_eq!(facts.debug_link == Ok(None), has_sections);
        assert_eq!(facts.code_view, Ok(None));
    }
}

#[test]
fn identities_for_debuggers() {
    let read = |name: &str, check: &dyn Fn(debuginfo::DebugInfo<'_>)| {
        let data = goassay_fixtures::bytes(name);
        check(Binary::parse(&data).expect("a Go binary").debug_info());
    };
    read("elf-amd64-c-shared", &|facts| {
        assert_eq!(
            facts.gnu_build_id.expect("readable").map(<[u8]>::len),
            Some(20)
        );
    });
    // Go's own linker describes it by a section alone.
    read("elf-amd64-go1.27", &|facts| {
        assert_eq!(
            facts.gnu_build_id.expect("readable").map(<[u8]>::len),
            Some(20)
        );
    });
    read("elf-amd64-go1.21", &|facts| {
        assert_eq!(facts.gnu_build_id, Ok(None));
        assert_eq!((facts.symbol_table, facts.uuid), (Ok(None), Ok(None)));
    });
    read("elf-amd64-go1.21-plain", &|facts| {
        let table = facts.symbol_table.expect("readable").expect("there");
        assert!(table.symbols > 1000 && table.len > 24 * table.symbols);
    });
    read("macho-arm64-go1.25", &|facts| {
        assert!(facts.uuid.expect("readable").is_some());
    });
}

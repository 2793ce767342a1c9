//! Real binaries, changed the way other linkers and strippers leave them: what is read from them must stay the same.

use goassay_binary::address::NameOffset;
use goassay_binary::{Binary, Places, container};
use goassay_fixtures::edit;

/// Everything that matching takes from a binary: names, and where each of them is.
#[derive(Debug, PartialEq)]
struct Reading {
    version: String,
    dependencies: usize,
    names: Vec<String>,
    places: Vec<String>,
}

fn read(data: &[u8]) -> Reading {
    let binary = Binary::parse(data).expect("a Go binary");
    let info = binary.build_info().expect("build information");
    let table = binary.pclntab().expect("a pc-line table");
    let names: Vec<(NameOffset, &[u8])> = table.names().collect();
    let wanted: Vec<NameOffset> = names.iter().map(|&(offset, _)| offset).collect();
    let mut occurrences = Vec::new();
    let gaps = binary.occurrences(&wanted, Places::All, &mut |occurrence| {
        occurrences.push(occurrence)
    });
    assert_eq!(gaps, []);
    assert!(occurrences.iter().any(|occurrence| occurrence.inlined));
    Reading {
        version: info.go_version.to_owned(),
        dependencies: info.deps.len(),
        names: names
            .iter()
            .map(|(_, name)| String::from_utf8_lossy(name).into_owned())
            .collect(),
        places: occurrences
            .iter()
            .map(|occurrence| format!("{occurrence:?}"))
            .collect(),
    }
}

/// Not `assert_eq`: a reading is thousands of lines.
fn assert_same(name: &str, changed: &[u8], original: &[u8]) {
    assert!(changed != original, "{name} was changed");
    assert!(read(changed) == read(original), "{name} reads differently");
}

#[test]
fn words_that_are_still_to_be_relocated() {
    for name in [
        "elf-amd64-go1.20-pie",
        "elf-arm64-go1.27-pie",
        "elf-amd64-c-shared",
        "elf-amd64-plugin",
    ] {
        let original = goassay_fixtures::bytes(name);
        let zeroed = edit::zero_relocated_words(original.clone());
        assert_same(name, &zeroed, &original);
    }
}

#[test]
fn sections_under_other_names() {
    for name in [
        "elf-amd64-go1.20-pie",
        "elf-amd64-go1.21",
        "elf-amd64-go1.27",
        "elf-arm64-go1.27-pie",
        "elf-amd64-embed",
        "pe-amd64-go1.26",
        "pe-386-go1.22",
        "macho-amd64-go1.27",
        "macho-arm64-go1.25",
    ] {
        let original = goassay_fixtures::bytes(name);
        assert_same(name, &edit::rename_sections(original.clone()), &original);
    }
}

#[test]
fn no_section_headers() {
    for name in [
        "elf-amd64-go1.20-pie",
        "elf-amd64-go1.26",
        "elf-amd64-embed",
        "elf-amd64-c-shared",
        "elf-amd64-plugin",
    ] {
        let original = goassay_fixtures::bytes(name);
        assert_same(
            name,
            &edit::remove_section_headers(original.clone()),
            &original,
        );
    }
}

#[test]
fn neither_section_headers_nor_words_in_place() {
    let original = goassay_fixtures::bytes("elf-amd64-go1.20-pie");
    let changed = edit::remove_section_headers(edit::zero_relocated_words(original.clone()));
    assert_same("both", &changed, &original);
}

/// Synthetic: see [`edit::chain_pointers`].
#[test]
fn pointers_in_chains() {
    for name in ["macho-amd64-go1.27", "macho-arm64-go1.25"] {
        let original = goassay_fixtures::bytes(name);
        assert_same(name, &edit::chain_pointers(original.clone()), &original);
        let renamed = edit::rename_sections(edit::chain_pointers(original.clone()));
        assert_same(name, &renamed, &original);
    }
}

#[test]
fn both_slices_of_a_fat_file() {
    let thin = ["macho-amd64-go1.27", "macho-arm64-go1.25"].map(goassay_fixtures::bytes);
    let fat = edit::fat(&thin);
    let members = container::members(&fat).expect("two slices");
    let names: Vec<_> = members.iter().filter_map(|m| m.name.as_deref()).collect();
    assert_eq!(names, ["amd64", "arm64"]);
    for (member, thin) in members.iter().zip(&thin) {
        assert!(read(member.data) == read(thin));
    }
}

#[test]
fn a_name_table_of_zeros_is_a_gap() {
    let mut data = goassay_fixtures::bytes("elf-amd64-go1.26");
    let range = {
        let table = Binary::parse(&data).expect("a Go binary");
        let names = table.pclntab().expect("a pc-line table").name_table();
        let start = names.as_ptr() as usize - data.as_ptr() as usize;
        start..start + names.len()
    };
    data[range].fill(0);
    let binary = Binary::parse(&data).expect("a Go binary");
    assert_eq!(
        binary.pclntab().expect("a pc-line table").names().count(),
        0
    );
    assert_ne!(binary.occurrences(&[], Places::All, &mut |_| ()), []);
}

//! Pairs of committed binaries, and of ones that were edited: which cause is named first, and what holds for any bytes.

use goassay_binary::Binary;
use goassay_diff::{Cause, Kind, causes, compare, variables};
use goassay_fixtures::bytes;

fn first(a: &[u8], b: &[u8]) -> Cause {
    let mut all = causes(&compare(a, b));
    assert!(!all.is_empty());
    all.remove(0)
}

fn names(a: &[u8], b: &[u8]) -> Vec<&'static str> {
    let all = causes(&compare(a, b));
    all.iter().map(|cause| cause.kind.name()).collect()
}

#[test]
fn the_same_bytes_have_no_cause() {
    let one = bytes("elf-amd64-go1.21");
    let found = compare(&one, &one);
    assert!(found.span.is_identical());
    assert_eq!(causes(&found), []);
}

#[test]
fn a_stripped_twin_was_linked_with_other_flags() {
    let plain = bytes("elf-amd64-go1.21-plain");
    let stripped = bytes("elf-amd64-go1.21");
    let found = compare(&plain, &stripped);
    assert_eq!(found.functions.differ(), 0, "{:?}", found.functions.changed);
    let alike = found.functions.same + found.functions.moved;
    assert_eq!(alike, found.functions.counts[0]);
    let cause = first(&plain, &stripped);
    let flags = ["-w".to_owned(), "-s -w".to_owned()];
    assert_eq!(cause.kind, Kind::LinkerFlags(flags));
    assert_eq!(names(&plain, &stripped), ["linker-flags"]);
}

#[test]
fn another_go_explains_all_the_rest() {
    let cause = first(&bytes("elf-amd64-go1.21"), &bytes("elf-amd64-go1.25"));
    let versions = ["go1.21.0".to_owned(), "go1.25.0".to_owned()];
    assert_eq!(cause.kind, Kind::GoVersion(versions));
    assert!(cause.kind.sentence().starts_with("other minor release"));
}

#[test]
fn another_platform_comes_first() {
    let all = names(&bytes("elf-amd64-go1.25"), &bytes("macho-arm64-go1.25"));
    assert_eq!(all.first(), Some(&"platform"));
}

#[test]
fn what_was_done_after_the_link_is_told_from_builds() {
    for name in ["elf-amd64-go1.21", "pe-amd64-go1.26", "macho-arm64-go1.25"] {
        let one = bytes(name);
        let longer = [&one[..], b"more"].concat();
        assert_eq!(names(&one, &longer), ["appended"], "{name}");
        // Somewhere in the code.
        let mut patched = one.clone();
        let at = code_of_main(&one);
        patched[at] ^= 0x40;
        let cause = first(&one, &patched);
        assert_eq!(cause.kind, Kind::PatchedAfterLink, "{name}");
        let told = cause.evidence.iter().any(|one| one.contains("main.main"));
        assert!(told, "{name}: {:?}", cause.evidence);
    }
}

/// Where in the file an instruction of `main.main` is.
fn code_of_main(data: &[u8]) -> usize {
    let binary = Binary::parse(data).unwrap();
    let mut found = None;
    let gaps = binary.each_function(|listed| {
        if listed.name == b"main.main" {
            found = listed.code.and_then(|code| code.address);
        }
    });
    assert!(gaps.is_empty());
    let code = binary.image().slice(found.unwrap(), 16).unwrap();
    code.data().as_ptr() as usize - data.as_ptr() as usize + 8
}

/// The file with the text of `runtime.buildVersion` changed.
fn with_other_version(name: &str) -> Vec<u8> {
    let mut data = bytes(name);
    let binary = Binary::parse(&data).unwrap();
    let mut at = None;
    binary.each_symbol(|name, address, _| {
        if name == b"runtime.buildVersion" {
            at = binary.image().pointer(address);
        }
    });
    let text = binary.image().slice(at.unwrap(), 8).unwrap();
    let offset = text.data().as_ptr() as usize - data.as_ptr() as usize;
    data[offset..offset + 8].copy_from_slice(b"go9.99.9");
    data
}

#[test]
fn variables_have_the_names_of_whichever_side_has_symbols() {
    let edited = with_other_version("elf-amd64-go1.21-plain");
    for (other_name, by_code) in [
        ("elf-amd64-go1.21-plain", false),
        ("elf-amd64-go1.21", true),
    ] {
        let other = bytes(other_name);
        for swapped in [false, true] {
            let mut sides = [
                Binary::parse(&edited).unwrap(),
                Binary::parse(&other).unwrap(),
            ];
            let mut values = ["go9.99.9".to_owned(), "go1.21.0".to_owned()];
            if swapped {
                sides.reverse();
                values.reverse();
            }
            let found = variables(&sides[0], &sides[1]);
            let [one] = found.list.as_slice() else {
                panic!("{other_name} {swapped}: {found:?}");
            };
            assert_eq!(one.name.as_deref(), Some("runtime.buildVersion"));
            assert_eq!(one.values, values);
            assert_eq!(one.user.is_some(), by_code);
        }
    }
}

#[test]
fn what_is_no_go_binary_is_compared_by_its_bytes() {
    let cause = first(b"one text", b"one test");
    assert_eq!(cause.kind, Kind::Unread);
    let found = compare(b"one text", b"one test and more");
    assert_eq!((found.span.differ, found.span.first), (1, 6));
}

#[test]
fn any_damage_gives_some_cause_and_no_panic() {
    for name in ["elf-amd64-go1.21", "macho-arm64-go1.25", "elf-386-go1.23"] {
        let whole = bytes(name);
        for part in 1..12 {
            let mut damaged = whole[..whole.len() * part / 12].to_vec();
            for step in (part..damaged.len()).step_by(4099 * part) {
                damaged[step] ^= 0xa5;
            }
            for (a, b) in [(&whole, &damaged), (&damaged, &whole)] {
                assert_ne!(causes(&compare(a, b)), [], "{name} {part}");
            }
        }
    }
}

//! ELF companions of fixtures of both widths and byte orders, to which a debug section is added. What other tools make of
//! companions of real programs, Mach-O and PE is `cargo xtask test-peers --only companion`.

use super::fields::Fields;
use super::{Companion, Identity, Refused, Which, build_id_path, equal_but_for_build_id, make};
use goassay_binary::bytes::{Bytes, Endian, Order, Width};
use goassay_binary::debuginfo;
use goassay_binary::image::Image;

const FIXTURES: [&str; 5] = [
    "elf-amd64-go1.25",
    "elf-amd64-go1.27",
    "elf-386-go1.23",
    "elf-arm64-go1.27-pie",
    "elf-s390x-go1.24",
];
const DWARF: &[u8] = b"what a debugger reads";

/// The file with a section `.debug_info` that is not loaded, as from a link without `-w`.
fn with_debug(data: &[u8]) -> Vec<u8> {
    let order = order(data);
    let bytes = Bytes::new(data, order);
    let (shoff, halves, size, offset) = match order.width {
        Width::W32 => (32, 40, 40, 16),
        Width::W64 => (40, 52, 64, 24),
    };
    let word = usize::try_from(order.width.bytes()).unwrap();
    let start = bytes.word(shoff).unwrap();
    let count = bytes.u16(halves + 8).unwrap();
    let names_index = usize::from(bytes.u16(halves + 10).unwrap());
    let mut table = Fields::new(
        bytes
            .slice(start, u64::from(count) * size)
            .unwrap()
            .data()
            .to_vec(),
        order,
    );
    let entry = usize::try_from(size).unwrap();
    let names_header = bytes
        .slice(start + names_index as u64 * size, size)
        .unwrap();
    let names_at = names_header.word(offset).unwrap();
    let names_len = names_header.word(offset + word as u64).unwrap();
    let mut out = data.to_vec();
    let new_names = out.len();
    out.extend_from_slice(bytes.slice(names_at, names_len).unwrap().data());
    out.extend_from_slice(b".debug_info\0");
    let field = names_index * entry + usize::try_from(offset).unwrap();
    table.put_word(field, new_names as u64).unwrap();
    table.put_word(field + word, names_len + 12).unwrap();
    let debug = out.len();
    out.extend_from_slice(DWARF);
    let mut header = Fields::new(vec![0; entry], order);
    header.put(0, 4, names_len).unwrap();
    header.put(4, 4, 1).unwrap();
    let field = usize::try_from(offset).unwrap();
    header.put_word(field, debug as u64).unwrap();
    header.put_word(field + word, DWARF.len() as u64).unwrap();
    let at = out.len();
    out.extend(table.bytes);
    out.extend(header.bytes);
    let mut file = Fields::new(out, order);
    file.put_word(usize::try_from(shoff).unwrap(), at as u64)
        .unwrap();
    let halves = usize::try_from(halves).unwrap();
    file.put(halves + 8, 2, u64::from(count) + 1).unwrap();
    file.bytes
}

fn order(data: &[u8]) -> Order {
    Order {
        width: if data[4] == 1 { Width::W32 } else { Width::W64 },
        endian: if data[5] == 1 {
            Endian::Little
        } else {
            Endian::Big
        },
    }
}

fn companion(shipped: &[u8], with_debug: &[u8]) -> Companion {
    make("prog", shipped, with_debug).unwrap_or_else(|refused| panic!("{refused}"))
}

#[test]
fn a_companion_has_the_debug_information_and_the_identity_and_no_code() {
    for fixture in FIXTURES {
        let shipped = goassay_fixtures::bytes(fixture);
        let made = companion(&shipped, &with_debug(&shipped));
        let file = &made.files[0];
        assert!(file.bytes.len() < shipped.len() / 20, "{fixture}");
        let contains = |wanted: &[u8]| file.bytes.windows(wanted.len()).any(|w| w == wanted);
        assert!(contains(DWARF), "{fixture}");
        let image = Image::parse(&shipped).unwrap();
        let identity = debuginfo::read(&image);
        let go = identity.go_build_id.unwrap().unwrap();
        assert!(contains(go), "{fixture}: the Go build ID");
        match identity.gnu_build_id.unwrap() {
            Some(id) => {
                assert_eq!(Some(&file.path), build_id_path(id).as_ref(), "{fixture}");
                assert!(matches!(made.identity, Identity::BuildId(_)), "{fixture}");
            }
            None => assert_eq!(file.path, "prog.debug", "{fixture}"),
        }
    }
}

#[test]
fn build_ids_may_differ_and_the_shipped_one_is_used() {
    for fixture in FIXTURES {
        let shipped = goassay_fixtures::bytes(fixture);
        let mut other = with_debug(&shipped);
        let image = Image::parse(&shipped).unwrap();
        let id = debuginfo::read(&image).go_build_id.unwrap().unwrap();
        let at = other.windows(id.len()).position(|w| w == id).unwrap();
        other[at] ^= 1;
        let made = companion(&shipped, &other);
        assert_eq!(
            made,
            companion(&shipped, &with_debug(&shipped)),
            "{fixture}"
        );
    }
}

#[test]
fn one_byte_of_code_or_data_is_another_program() {
    for fixture in FIXTURES {
        let shipped = goassay_fixtures::bytes(fixture);
        let image = Image::parse(&shipped).unwrap();
        let second = with_debug(&shipped);
        let loaded: Vec<usize> = image
            .sections
            .iter()
            .filter(|section| {
                [&b".text"[..], b".rodata", b".data", b".gopclntab"].contains(&section.name)
            })
            .map(|section| usize::try_from(section.offset.0).unwrap())
            .collect();
        assert!(loaded.len() >= 3, "{fixture}");
        for at in loaded {
            let mut changed = second.clone();
            changed[at] ^= 1;
            let refused = make("prog", &shipped, &changed).unwrap_err();
            assert!(
                matches!(refused, Refused::Differs(_)),
                "{fixture}: {refused}"
            );
        }
    }
}

#[test]
fn what_is_no_pair_is_refused_and_says_why() {
    let elf = goassay_fixtures::bytes("elf-amd64-go1.25");
    let other = goassay_fixtures::bytes("elf-amd64-go1.26");
    let macho = goassay_fixtures::bytes("macho-arm64-go1.25");
    let pe = goassay_fixtures::bytes("pe-amd64-go1.26");
    let why = |one: &[u8], two: &[u8]| make("prog", one, two).unwrap_err();
    assert_eq!(why(&elf, &macho), Refused::Format);
    assert_eq!(why(b"#!/bin/sh", b"#!/bin/sh"), Refused::Format);
    for file in [&elf, &macho, &pe] {
        assert_eq!(why(file, file), Refused::NoDebugInformation);
    }
    assert!(matches!(
        why(&other, &with_debug(&elf)),
        Refused::Differs(_)
    ));
    let cut = why(&elf[..1000], &with_debug(&elf));
    assert!(
        matches!(
            cut,
            Refused::Damaged {
                file: Which::Shipped,
                ..
            }
        ),
        "{cut}"
    );
}

#[test]
fn damaged_files_are_refused_without_a_panic() {
    for fixture in FIXTURES {
        let shipped = goassay_fixtures::bytes(fixture);
        let whole = with_debug(&shipped);
        let order = order(&whole);
        let table = Bytes::new(&whole, order)
            .word(if order.width == Width::W32 { 32 } else { 40 })
            .unwrap();
        let table = usize::try_from(table).unwrap();
        let places = (0..64).chain(table..whole.len());
        for at in places.step_by(3) {
            for value in [0xff, 0x80] {
                let mut damaged = whole.clone();
                damaged[at] ^= value;
                if let Ok(made) = make("prog", &shipped, &damaged) {
                    assert!(
                        made.files[0].bytes.len() <= 2 * whole.len(),
                        "{fixture} {at}"
                    );
                }
            }
        }
        for len in (0..whole.len()).step_by(50_021) {
            assert!(
                make("prog", &shipped, &whole[..len]).is_err(),
                "{fixture} {len}"
            );
        }
    }
}

#[test]
fn the_path_is_the_one_that_debuggers_know() {
    let path = build_id_path(&[0xab, 0xcd, 0x01]);
    assert_eq!(path.as_deref(), Some(".build-id/ab/cd01.debug"));
    assert_eq!(build_id_path(&[1]), None);
}

#[test]
fn the_go_build_id_in_code_may_differ_and_nothing_else() {
    let bytes = |id: &str, rest: &str| {
        let parts = [
            b"?\xff Go build ID: \"",
            id.as_bytes(),
            b"\"\n \xff",
            rest.as_bytes(),
        ];
        parts.concat()
    };
    let same = |one: Vec<u8>, other: Vec<u8>| equal_but_for_build_id(&one, &other);
    assert!(same(bytes("a/b", "code"), bytes("c/d", "code")));
    assert!(!same(bytes("a/b", "code"), bytes("c/d", "node")));
    assert!(!same(bytes("a/b", "code"), bytes("c/longer", "code")));
    assert!(!same(b"code".to_vec(), b"node".to_vec()));
}

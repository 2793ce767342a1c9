//! Type descriptors and itabs of the committed binaries.

use goassay_binary::types::{Kind, Types};
use goassay_binary::{Binary, container};
use std::collections::HashSet;

/// Checks the types of each fixture that has a pc-line table; gives how many there were.
fn each(mut check: impl FnMut(&str, &Binary<'_>, &Types<'_>)) -> usize {
    let mut count = 0;
    for fixture in goassay_fixtures::all() {
        let data = fixture.bytes();
        for member in container::members(&data).expect("a container") {
            let Ok(binary) = Binary::parse(member.data) else {
                continue;
            };
            if binary.module_data().is_err() {
                assert!(Types::of(&binary).is_err(), "{}", fixture.name);
                continue;
            }
            let types = Types::of(&binary).unwrap_or_else(|gap| panic!("{}: {gap}", fixture.name));
            check(&fixture.name, &binary, &types);
            count += 1;
        }
    }
    count
}

#[test]
fn all_descriptors_are_read_and_lie_apart() {
    let count = each(|name, _, types| {
        assert_eq!(types.gaps, [], "{name}");
        assert!(types.list.len() > 100, "{name}");
        for pair in types.list.windows(2) {
            let end = pair[0].address.0 + pair[0].descriptor_len;
            assert!(end <= pair[1].address.0, "{name}: {:?}", pair[0]);
        }
    });
    assert!(count >= 15, "{count}");
}

#[test]
fn packages_and_methods_are_those_of_the_standard_library() {
    each(|name, _, types| {
        let find = |wanted: &str| types.list.iter().find(|one| one.name == wanted);
        let error = find("error").unwrap_or_else(|| panic!("{name}: error"));
        assert_eq!(
            (error.kind, error.package),
            (Kind::Interface, None),
            "{name}"
        );
        assert!(error.named, "{name}");
        let declared = find("runtime.plainError").unwrap_or_else(|| panic!("{name}: plainError"));
        assert_eq!(declared.package, Some("runtime"), "{name}");
        assert_eq!(
            (declared.kind, declared.named),
            (Kind::String, true),
            "{name}"
        );
        // `Error` and `RuntimeError`; what nothing can call stays as an entry without code.
        assert_eq!(declared.methods, 2, "{name}");
        let path_error = find("*fs.PathError").unwrap_or_else(|| panic!("{name}: PathError"));
        assert_eq!(path_error.package, Some("io/fs"), "{name}");
        let bytes = find("[]uint8").unwrap_or_else(|| panic!("{name}: []uint8"));
        assert_eq!(
            (bytes.kind, bytes.package, bytes.named),
            (Kind::Slice, None, false),
            "{name}"
        );
    });
}

#[test]
fn itabs_tie_a_type_to_an_interface() {
    each(|name, binary, types| {
        assert!(!types.itabs.is_empty(), "{name}");
        let mut pairs = HashSet::new();
        for itab in &types.itabs {
            let interface = types.at(itab.interface).expect("its interface");
            let concrete = types.at(itab.concrete).expect("its type");
            assert_eq!(interface.kind, Kind::Interface, "{name}");
            assert_ne!(concrete.kind, Kind::Interface, "{name}: {}", concrete.name);
            pairs.insert((concrete.name, interface.name));
            // The hash of the type follows the pointers.
            let word = binary.image().order.width.bytes();
            let hash = |at: u64| {
                binary
                    .image()
                    .slice(goassay_binary::address::VirtualAddress(at), 4)?
                    .u32(0)
            };
            assert_eq!(
                hash(itab.address.0 + 2 * word),
                hash(itab.concrete.0 + 2 * word),
                "{name}: {}",
                concrete.name
            );
        }
        assert!(
            pairs.contains(&("*os.File", "io.Writer"))
                || pairs.contains(&("runtime.errorString", "error"))
                || pairs.contains(&("*errors.errorString", "error")),
            "{name}: {pairs:?}"
        );
    });
}

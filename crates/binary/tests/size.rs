//! Size attribution of the committed binaries, whole and damaged.

use goassay_binary::size::{How, Kind, Owner, Row, Size};
use goassay_binary::{Binary, container};
use std::collections::{BTreeMap, HashSet};

fn each(mut check: impl FnMut(&str, &Binary<'_>, &Size)) {
    for fixture in goassay_fixtures::all() {
        let data = fixture.bytes();
        for member in container::members(&data).expect("a container") {
            if let Ok(binary) = Binary::parse(member.data) {
                check(&fixture.name, &binary, &Size::of(&binary));
            }
        }
    }
}

fn of(name: &str) -> Size {
    let data = goassay_fixtures::bytes(name);
    Size::of(&Binary::parse(&data).expect("a Go binary"))
}

/// Everything that holds for every file, honest or not.
fn check_whole(name: &str, file_len: u64, size: &Size) {
    let rows: u64 = size.rows.iter().map(|row| row.bytes).sum();
    assert_eq!((size.file_len, rows), (file_len, file_len), "{name}");
    let mut end = 0;
    for section in &size.sections {
        assert_eq!(section.offset, end, "{name}: sections without holes");
        end += section.len;
    }
    assert_eq!(end, file_len, "{name}");
    let mut keys = HashSet::new();
    let in_sections = size.sum_by(|row| row.section);
    for row in &size.rows {
        assert!(row.bytes > 0, "{name}: {row:?}");
        assert!(
            keys.insert((row.section, row.owner, row.kind, row.how)),
            "{name}: {row:?}"
        );
        if let Owner::Package(package) = row.owner {
            assert!((package as usize) < size.packages.len(), "{name}: {row:?}");
        }
    }
    for (section, bytes) in in_sections {
        assert_eq!(
            size.sections[section as usize].len, bytes,
            "{name}: section {section}"
        );
    }
    assert!(size.rows.is_sorted(), "{name}");
    assert!(size.packages.is_sorted_by(|a, b| a.path < b.path), "{name}");
    let modules = size.modules.len();
    let module_exists =
        |module: Option<u32>| module.is_none_or(|module| (module as usize) < modules);
    assert!(
        size.packages
            .iter()
            .all(|package| module_exists(package.module)),
        "{name}"
    );
    for kind in [Kind::Code, Kind::Pclntab] {
        let of_functions: u64 = size
            .functions
            .iter()
            .map(|one| match kind {
                Kind::Code => one.code,
                _ => one.pclntab,
            })
            .sum();
        let of_rows = size.sum_by(|row| row.kind).get(&kind).copied().unwrap_or(0);
        assert!(
            of_functions <= of_rows + 1024,
            "{name}: {kind:?} {of_functions} > {of_rows}"
        );
    }
}

#[test]
fn every_byte_has_one_owner() {
    let mut count = 0;
    each(|name, binary, size| {
        check_whole(name, binary.image().bytes().len(), size);
        count += 1;
    });
    assert!(count >= 15, "{count}");
}

#[test]
fn little_is_left_and_code_has_packages() {
    each(|name, binary, size| {
        if binary.module_data().is_err() {
            return;
        }
        let owners = size.sum_by(|row| row.owner);
        let left = owners.get(&Owner::Unattributed).copied().unwrap_or(0) as f64;
        let left = left / size.file_len as f64;
        // Code is asked for references where its instructions are known; those of objects are relocations.
        let image = binary.image();
        let asked = matches!(image.arch, Some("amd64" | "arm64"))
            && image.kind != goassay_binary::image::Kind::Object;
        let most = if asked { 0.02 } else { 0.10 };
        assert!(left < most, "{name}: {left:.3} of the file is unattributed");
        let code = size.sum_by(|row| (row.kind, matches!(row.owner, Owner::Package(_))));
        let (known, unknown) = (code[&(Kind::Code, true)], code.get(&(Kind::Code, false)));
        assert!(
            unknown.copied().unwrap_or(0) * 50 < known,
            "{name}: {unknown:?} of {known}"
        );
        assert_eq!(size.gaps, [], "{name}");
    });
}

#[test]
fn runtime_and_main_have_their_modules() {
    each(|name, binary, size| {
        let (Ok(info), Ok(_)) = (binary.build_info(), binary.module_data()) else {
            return;
        };
        let module = |path: &str| {
            let package = size.packages.iter().find(|package| package.path == path);
            let package = package.unwrap_or_else(|| panic!("{name}: {path}"));
            package
                .module
                .map(|module| size.modules[module as usize].path.as_str())
        };
        assert_eq!(module("runtime"), Some("std"), "{name}");
        if let (Some(path), Some(main), None) = (info.path, &info.main, binary.plugin_path()) {
            assert_eq!(module(path), Some(main.path), "{name}");
        }
        assert_eq!(size.modules[0].version, info.go_version, "{name}");
    });
}

/// One program, with symbols and without: what does not depend on symbols is the same to the byte.
#[test]
fn symbols_add_and_change_nothing_else() {
    let (plain, stripped) = (of("elf-amd64-go1.21-plain"), of("elf-amd64-go1.21"));
    let by_path = |size: &Size, kind: Kind| {
        let owned = size.rows.iter().filter(|row| row.kind == kind);
        let mut all: Vec<(String, u64)> = owned
            .filter_map(|row| match row.owner {
                Owner::Package(package) => {
                    Some((size.packages[package as usize].path.clone(), row.bytes))
                }
                _ => None,
            })
            .collect();
        all.sort();
        all
    };
    for kind in [Kind::Code, Kind::Pclntab, Kind::TypeData] {
        assert_eq!(by_path(&plain, kind), by_path(&stripped, kind), "{kind:?}");
    }
    assert!(by_path(&stripped, Kind::SymbolTable).is_empty());
    assert!(!by_path(&plain, Kind::SymbolTable).is_empty());
    // With symbols, strings that variables begin with are with their packages: the same bytes, divided further.
    let strings = |size: &Size| size.sum_by(|row| row.kind)[&Kind::Strings];
    assert!(strings(&plain) > 10_000);
    // Found by structure as by the symbol; only the runtime's copy of the build information lies elsewhere.
    let elsewhere = strings(&plain) - strings(&stripped);
    assert!((1..400).contains(&elsewhere), "{elsewhere}");
    // Without symbols, code tells the packages of variables: nearly the same, and never as if it were certain.
    let of_data = |size: &Size| {
        let mut all = by_path(size, Kind::InitialisedData);
        all.extend(by_path(size, Kind::ReadOnlyData));
        all.into_iter()
            .fold(BTreeMap::new(), |mut sums, (path, bytes)| {
                *sums.entry(path).or_insert(0) += bytes;
                sums
            })
    };
    let (named, found) = (of_data(&plain), of_data(&stripped));
    let both =
        |(path, bytes): (&String, &u64)| found.get(path).map_or(0, |found| *found.min(bytes));
    let (common, all): (u64, u64) = (named.iter().map(both).sum(), named.values().sum());
    assert!(common * 10 > all * 8, "{common} of {all}");
    let data = |row: &&Row| matches!(row.kind, Kind::InitialisedData | Kind::Strings);
    for row in stripped.rows.iter().filter(data) {
        let certain = matches!(row.owner, Owner::Package(_)) && row.how != How::Referenced;
        assert!(!certain, "{row:?}");
    }
}

/// No fixture carries DWARF, so a section that nothing else claims is called so.
#[test]
fn debug_information_is_shared_out_by_code_and_says_so() {
    let mut data = goassay_fixtures::bytes("elf-amd64-go1.21");
    let name = b".go.buildinfo\0";
    let at = data
        .windows(name.len())
        .position(|part| part == name)
        .expect("its name");
    data[at..at + name.len()].copy_from_slice(b".debug_info\0\0\0");
    let size = Size::of(&Binary::parse(&data).expect("a Go binary"));
    let debug: Vec<&Row> = size
        .rows
        .iter()
        .filter(|row| row.kind == Kind::DebugInfo)
        .collect();
    assert!(debug.len() > 5, "{debug:?}");
    assert!(debug.iter().all(|row| row.how == How::ProRata), "{debug:?}");
    let section = size
        .sections
        .iter()
        .find(|section| section.name == ".debug_info")
        .expect("the section");
    let shared: u64 = debug.iter().map(|row| row.bytes).sum();
    assert_eq!(shared, section.len);
    let code = size.sum_by(|row| (row.kind, row.owner));
    let all_code: u64 = code
        .iter()
        .filter(|((kind, _), _)| *kind == Kind::Code)
        .map(|(_, bytes)| bytes)
        .sum();
    for row in debug {
        let share = code[&(Kind::Code, row.owner)] * section.len / all_code;
        assert!(row.bytes.abs_diff(share) <= 1, "{row:?}: {share}");
    }
}

#[test]
fn damaged_files_add_up_too() {
    for name in [
        "elf-amd64-go1.21-plain",
        "elf-s390x-go1.24",
        "pe-amd64-go1.26",
        "macho-arm64-go1.25",
        "elf-386-go1.23",
    ] {
        let whole = goassay_fixtures::bytes(name);
        for part in 1..40 {
            let mut data = whole.clone();
            // Cut short, and bytes turned over in steps that meet different structures each time.
            data.truncate(whole.len() - whole.len() / 50 * (part % 8));
            let step = 997 * part;
            for at in (part * 64..data.len()).step_by(step) {
                data[at] ^= part as u8;
            }
            if let Ok(binary) = Binary::parse(&data) {
                check_whole(
                    &format!("{name} {part}"),
                    data.len() as u64,
                    &Size::of(&binary),
                );
            }
        }
        for end in (0..50).map(|part| whole.len() / 50 * part) {
            let data = &whole[..end];
            if let Ok(binary) = Binary::parse(data) {
                check_whole(
                    &format!("{name} up to {end}"),
                    end as u64,
                    &Size::of(&binary),
                );
            }
        }
    }
}

//! The reader on the committed binaries, against what Go's own tools read from them.

use goassay_binary::address::NameOffset;
use goassay_binary::buildinfo::{BuildInfo, Module};
use goassay_binary::image::Kind;
use goassay_binary::pclntab::Position;
use goassay_binary::{Binary, Occurrence, Places, container};
use goassay_fixtures::Fixture;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The Go image in a fixture: the file itself or the member that is one.
fn with_binary(fixture: &Fixture, check: impl Fn(&Binary<'_>)) {
    let data = fixture.bytes();
    let members = container::members(&data).expect("a container that can be read");
    let binaries: Vec<_> = members
        .iter()
        .filter_map(|member| Binary::parse(member.data).ok())
        .collect();
    assert_eq!(binaries.len(), 1, "{}", fixture.name);
    check(&binaries[0]);
}

fn expected(file: &Option<String>) -> Option<String> {
    let bytes = goassay_fixtures::read(file.as_ref()?);
    Some(String::from_utf8(bytes).expect("UTF-8"))
}

/// As `go version -m` prints it, without the file's name and the leading tabs.
fn render(info: &BuildInfo<'_>) -> String {
    let mut out = format!("{}\n", info.go_version);
    let mut module = |word: &str, module: &Module<'_>| {
        let mut line = |word: &str, module: &Module<'_>| {
            writeln!(
                out,
                "{word}\t{}\t{}\t{}",
                module.path, module.version, module.sum
            )
            .expect("a string takes it");
        };
        line(word, module);
        if let Some(by) = &module.replace {
            line("=>", by);
        }
    };
    if let Some(main) = &info.main {
        module("mod", main);
    }
    info.deps.iter().for_each(|dep| module("dep", dep));
    if let Some(path) = info.path {
        let at = out.find('\n').expect("a first line") + 1;
        out.insert_str(at, &format!("path\t{path}\n"));
    }
    for (key, value) in &info.settings {
        let quoted = value.contains([' ', '\t', '\r', '\n', '"', '`']);
        let value = if quoted {
            format!("{value:?}")
        } else {
            value.to_string()
        };
        writeln!(out, "build\t{key}={value}").expect("a string takes it");
    }
    out
}

#[test]
fn build_information_is_what_go_version_reads() {
    let mut checked = 0;
    for fixture in goassay_fixtures::all() {
        let Some(expected) = expected(&fixture.expect.modinfo) else {
            continue;
        };
        with_binary(fixture, |binary| {
            let info = binary.build_info().expect("build information");
            let trimmed = |text: &str| {
                text.lines()
                    .map(|line| line.trim_end().to_owned())
                    .collect::<Vec<_>>()
            };
            assert_eq!(
                trimmed(&render(info)),
                trimmed(&expected),
                "{}",
                fixture.name
            );
            assert_eq!(info.unknown_lines, 0, "{}", fixture.name);
        });
        checked += 1;
    }
    assert!(checked >= 20, "{checked} fixtures carry build information");
}

fn render_position(position: Option<Position<'_>>) -> String {
    match position {
        Some(position) => format!(
            "{}:{}",
            String::from_utf8_lossy(position.file),
            position.line
        ),
        // What gosym prints for a function without file and line.
        None => ":0".to_owned(),
    }
}

#[test]
fn functions_are_what_gosym_reads() {
    let mut checked = 0;
    for fixture in goassay_fixtures::all() {
        let Some(expected) = expected(&fixture.expect.functions) else {
            continue;
        };
        with_binary(fixture, |binary| {
            let table = binary.pclntab().expect("a pc-line table");
            let text = match binary.image().kind {
                // An object has no addresses yet; ours are for reading it only.
                Kind::Object => 0,
                _ => binary.module_data().expect("module data").text.0,
            };
            let mut lines = table.functions().map(|function| {
                let at = text + u64::from(function.entry.0);
                let end = text + u64::from(function.end.0);
                let name = String::from_utf8_lossy(table.name(function.name).expect("a name"))
                    .into_owned();
                format!(
                    "{at:x} {end:x} {name}\t{}",
                    render_position(binary.position(&function, 0))
                )
            });
            for (number, expected) in expected.lines().enumerate() {
                assert_eq!(
                    lines.next().as_deref(),
                    Some(expected),
                    "{}, line {}",
                    fixture.name,
                    number + 1
                );
            }
            assert_eq!(lines.next(), None, "{}", fixture.name);
        });
        checked += 1;
    }
    assert!(checked >= 18, "{checked} fixtures carry functions");
}

#[test]
fn every_name_is_a_function_or_inlined_into_one() {
    for fixture in goassay_fixtures::all()
        .iter()
        .filter(|fixture| fixture.expect.functions.is_some())
    {
        with_binary(fixture, |binary| {
            let names = all_names(binary);
            let mut found: Vec<_> = occurrences(binary, &names, Places::All)
                .iter()
                .map(|occurrence| occurrence.name)
                .collect();
            found.sort_unstable();
            found.dedup();
            assert_eq!(found, names, "{}", fixture.name);
        });
    }
}

#[test]
fn the_first_place_is_the_first_of_all_places() {
    for fixture in goassay_fixtures::all()
        .iter()
        .filter(|fixture| fixture.expect.functions.is_some())
    {
        with_binary(fixture, |binary| {
            let names = all_names(binary);
            let first_by_name = |places| {
                let mut first = BTreeMap::new();
                let found = occurrences(binary, &names, places);
                for place in found.into_iter().filter(|place| place.position.is_some()) {
                    first.entry(place.name).or_insert(place);
                }
                first
            };
            let (first, all) = (first_by_name(Places::First), first_by_name(Places::All));
            assert!(!all.is_empty() && first == all, "{}", fixture.name);
        });
    }
}

fn all_names(binary: &Binary<'_>) -> Vec<NameOffset> {
    let table = binary.pclntab().expect("a pc-line table");
    table.names().map(|(offset, _)| offset).collect()
}

fn occurrences<'a>(
    binary: &Binary<'a>,
    names: &[NameOffset],
    places: Places,
) -> Vec<Occurrence<'a>> {
    let mut found = Vec::new();
    let gaps = binary.occurrences(names, places, &mut |occurrence| found.push(occurrence));
    assert_eq!(gaps, []);
    found
}

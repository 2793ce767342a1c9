//! The fuzz targets, one function each: bytes in, nothing out, no panic whatever the bytes are.
//!
//! They live here and not in `fuzz_targets`, so that `cargo test` can run them over `regressions/` without a fuzzer.

mod claims;
mod judged;

use goassay_binary::address::NameOffset;
use goassay_binary::image::Image;
use goassay_binary::size::Size;
use goassay_binary::types::Types;
use goassay_binary::{Binary, Places, container, debuginfo, hardening};
use goassay_build::sumdb::tile::{Reader, Source, Tile};
use goassay_build::sumdb::tree::{Head, Record};
use goassay_build::sumdb::{self, note};
use goassay_build::{archive, compare, dirhash, normalize, toolchain};
use goassay_fixtures::miniature::Miniature;
use goassay_vuln::database::{self, Database};
use goassay_vuln::date::Date;
use goassay_vuln::scan::{self, Options};
use goassay_vuln::subject::Subject;
use goassay_vuln::{name, osv};
use std::ops::Range;
use std::sync::LazyLock;

/// A fuzz target.
pub type Target = fn(&[u8]);

/// All targets by name: the names of the programs in `fuzz_targets` and of the folders in `regressions`.
pub const TARGETS: &[(&str, Target)] = &[
    ("archives", archives),
    ("audit", audit),
    ("audit_miniature", audit_miniature),
    ("audit_settings", audit_settings),
    ("binary", binary),
    ("build_info", build_info),
    ("claim", claim),
    ("database", vulnerability_database),
    ("diff", difference),
    ("edits", edits),
    ("fixture_edits", fixture_edits),
    ("isa", isa),
    ("lists", lists),
    ("members", members),
    ("names", names),
    ("normalize", normalizations),
    ("osv", advisory),
    ("scan", scan_of_names),
    ("size", size_of_edited),
    ("sumdb", checksum_database),
];

/// A committed binary with bytes changed as in [`fixture_edits`], judged by all rules.
pub fn audit(input: &[u8]) {
    judged::edited(input);
}

/// A miniature with bytes changed as in [`edits`], judged by all rules.
pub fn audit_miniature(input: &[u8]) {
    judged::miniature(input);
}

/// Any text as the module text of a binary's build information, judged by all rules.
pub fn audit_settings(data: &[u8]) {
    judged::settings(data);
}

/// Any bytes as machine code: one byte for the shape of [`coded`], then code.
pub fn isa(input: &[u8]) {
    judged::code(input);
}

/// A program whose functions have the given code. Bits of its shape: arm64 instead of amd64; start-up code in assembly
/// instead of compiled functions.
pub fn coded(shape: u8, code: &[u8]) -> Miniature {
    judged::program(shape, code)
}

/// A committed binary with bytes changed as in [`fixture_edits`]: its functions, packages, modules and types.
pub fn lists(input: &[u8]) {
    judged::lists(input);
}

/// Any bytes as a Go binary, and everything that can be asked of it.
pub fn binary(data: &[u8]) {
    ask_headers(data);
    if let Ok(binary) = Binary::parse(data) {
        ask_everything(&binary);
    }
}

/// Any text as the module text of a binary's build information.
pub fn build_info(data: &[u8]) {
    let module_text = format!("{}\n", String::from_utf8_lossy(data));
    let data = Miniature {
        module_text,
        ..Miniature::default()
    }
    .build();
    let binary = Binary::parse(&data).expect("the rest of the file is whole");
    ask_everything(&binary);
    match_all(&binary);
}

/// Any text as what a binary says of how it was built: nothing of it becomes an argument, a variable or a place of a build that is not on a list.
///
/// Input: the module text and, behind a zero byte, the folder of Go in the names of source files.
pub fn claim(data: &[u8]) {
    claims::claim(data);
}

/// A miniature of any shape with any bytes changed: the fuzzer spends its time inside the tables, not on the magic.
///
/// Input: one byte for the shape, then edits of three bytes each (offset, value).
pub fn edits(input: &[u8]) {
    if let Some(data) = edited_miniature(input)
        && let Ok(binary) = Binary::parse(&data)
    {
        ask_everything(&binary);
        match_all(&binary);
    }
}

fn edited_miniature(input: &[u8]) -> Option<Vec<u8>> {
    let (&shape, edits) = input.split_first()?;
    let miniature = Miniature {
        big_endian: shape & 1 != 0,
        wide: shape & 2 != 0,
        minor: 18 + u32::from(shape >> 2) % 10,
        ..Miniature::default()
    };
    let mut data = miniature.build();
    for edit in edits.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % data.len();
        data[at] = edit[2];
    }
    Some(data)
}

/// Reads the binaries of [`fixture_edits`], which takes longer than a fuzzer gives one input.
pub fn prepare_fixtures() {
    LazyLock::force(&BASES);
}

/// A committed binary that a toolchain made, with bytes changed where its structures are.
///
/// Input: one byte for the binary, then edits of five bytes each (place among the structures, value).
pub fn fixture_edits(input: &[u8]) {
    with_edits(input, |data| {
        for member in container::members(data).unwrap_or_default().iter().take(8) {
            if let Ok(binary) = Binary::parse(member.data) {
                ask_everything(&binary);
            }
        }
    });
}

fn with_edits(input: &[u8], look: impl Fn(&[u8])) {
    let Some((&which, edits)) = input.split_first() else {
        return;
    };
    let Some(base) = BASES.get(usize::from(which) % BASES.len()) else {
        return;
    };
    let mut data = base.data.clone();
    for edit in edits.chunks_exact(5).take(32) {
        let place = u32::from_le_bytes([edit[0], edit[1], edit[2], edit[3]]);
        let at = base.places[place as usize % base.places.len()];
        data[at] = edit[4];
    }
    look(&data);
}

/// A committed binary with bytes changed as in [`fixture_edits`]: its types, and its size, which has to add up.
pub fn size_of_edited(input: &[u8]) {
    with_edits(input, |data| {
        for member in container::members(data).unwrap_or_default().iter().take(8) {
            if let Ok(binary) = Binary::parse(member.data) {
                let _ = Types::of(&binary);
                let size = Size::of(&binary);
                let rows: u64 = size.rows.iter().map(|row| row.bytes).sum();
                assert_eq!(rows, member.data.len() as u64);
            }
        }
    });
}

/// A committed binary with bytes changed as in [`fixture_edits`], compared with what it was, both ways: no pass where bytes
/// differ, and always a cause.
pub fn difference(input: &[u8]) {
    let base = input
        .first()
        .and_then(|&which| BASES.get(usize::from(which) % BASES.len()));
    with_edits(input, |data| {
        let Some(base) = base else { return };
        for (a, b) in [(&base.data[..], data), (data, &base.data[..])] {
            let found = goassay_diff::compare(a, b);
            assert_eq!(found.span.is_identical(), a == b);
            assert_eq!(goassay_diff::causes(&found).is_empty(), a == b);
        }
    });
}

/// Any bytes as a fat Mach-O file or an archive, and each member as a Go binary.
pub fn members(data: &[u8]) {
    let _ = container::is_candidate(data);
    for member in container::members(data).unwrap_or_default().iter().take(8) {
        binary(member.data);
    }
}

/// Any bytes as a compact database, and everything that can be asked of it.
pub fn vulnerability_database(data: &[u8]) {
    let Ok(database) = Database::open(data) else {
        return;
    };
    let _ = (database.verify(), database.identity().sha256_hex());
    for module in database.modules().unwrap_or_default() {
        let _ = database.affected(module);
    }
    let _ = database.find("GO-2021-0113");
    for entry in database.advisories() {
        let _ = entry.map(|entry| entry.affected.len());
    }
    let miniature = Miniature::default().build();
    if let Ok(binary) = Binary::parse(&miniature) {
        let _ = scan::scan(&Subject::from_binary(&binary), &database, &options());
    }
}

/// Any bytes as a published advisory.
pub fn advisory(data: &[u8]) {
    let _ = osv::parse("GO-2021-0113.json", data);
}

/// Any text as a linker name.
pub fn names(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Some((package, rest)) = name::split(&text) else {
        return;
    };
    let _ = name::without_snapshot(&name::unescape(package));
    if let Some(function) = name::Function::parse(rest) {
        function.write_to(&mut String::new());
    }
}

/// Any lines as the names of a binary's functions, matched against the embedded database.
pub fn scan_of_names(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut functions: Vec<(String, Vec<String>)> = text
        .lines()
        .take(64)
        .map(|line| (line.replace('\0', ""), Vec::new()))
        .collect();
    if functions.is_empty() {
        functions.push(("main.main".to_owned(), Vec::new()));
    }
    let data = Miniature {
        functions,
        ..Miniature::default()
    }
    .build();
    if let Ok(binary) = Binary::parse(&data) {
        match_all(&binary);
    }
}

/// Asks headers for everything they can tell, whether or not they are those of a Go binary.
fn ask_headers(data: &[u8]) {
    if let Ok(image) = Image::parse(data) {
        let _ = hardening::read(&image);
        let _ = debuginfo::read(&image).total();
    }
}

/// Asks a binary for everything it can tell.
fn ask_everything(binary: &Binary<'_>) {
    let image = binary.image();
    let _ = (image.has_dwarf(), binary.plugin_path());
    if let Ok(info) = binary.build_info() {
        let _ = (info.setting("GOOS"), info.has_modules());
    }
    let Ok(table) = binary.pclntab() else { return };
    let wanted: Vec<NameOffset> = table.names().map(|(offset, _)| offset).collect();
    let mut named = 0;
    let _ = binary.occurrences(&wanted, Places::All, &mut |occurrence| {
        if named < 100 {
            named += usize::from(table.name(occurrence.function).is_some());
        }
    });
    for function in table.functions().take(100) {
        let _ = (binary.address(&function), binary.definition(&function));
        let _ = binary.inlined_calls(&function);
    }
}

/// Matches a binary against the embedded database.
fn match_all(binary: &Binary<'_>) {
    let database = database::embedded().expect("the embedded database is whole");
    scan::scan(&Subject::from_binary(binary), &database, &options())
        .expect("it is consistent in itself");
}

fn options() -> Options {
    Options {
        as_of: Date::new(2026, 1, 1).expect("a date"),
        places: Places::All,
    }
}

/// A real binary, and where in the file its structures are.
struct Base {
    data: Vec<u8>,
    places: Vec<usize>,
}

static BASES: LazyLock<Vec<Base>> = LazyLock::new(|| {
    let names = [
        "elf-amd64-go1.18",
        "elf-amd64-go1.20-pie",
        "elf-amd64-go1.27",
        "elf-386-go1.23",
        "elf-s390x-go1.24",
        "elf-arm64-go1.27-pie",
        "pe-386-go1.22",
        "pe-amd64-go1.26",
        "macho-fat",
        "elf-amd64-c-archive",
        "elf-amd64-c-shared",
        "elf-amd64-go1.13",
        "elf-amd64-plugin",
    ];
    names
        .iter()
        .map(|name| Base::new(goassay_fixtures::bytes(name)))
        .collect()
});

/// What the structures begin with; bytes behind each are changed.
const MARKS: [&[u8]; 9] = [
    b"\xff Go buildinf:",
    &[0xf0, 0xff, 0xff, 0xff, 0, 0],
    &[0xf1, 0xff, 0xff, 0xff, 0, 0],
    &[0xff, 0xff, 0xff, 0xf0, 0, 0],
    &[0xff, 0xff, 0xff, 0xf1, 0, 0],
    // Dynamic tables of ELF (DT_GNU_HASH, DT_FLAGS_1), imports of PE, code signatures of Mach-O.
    &[0xf5, 0xfe, 0xff, 0x6f],
    &[0xfb, 0xff, 0xff, 0x6f],
    b"kernel32.dll",
    &[0xfa, 0xde, 0x0c, 0xc0],
];

/// Bytes at the start of each section that are changed.
const SECTION_HEAD: usize = 128;

/// Where the sections of a file lie, header tables behind them included; nothing for containers.
fn sections(data: &[u8]) -> Vec<Range<usize>> {
    let Ok(image) = Image::parse(data) else {
        return Vec::new();
    };
    let sections = image.sections.iter().map(|section| {
        let start = section.offset.0 as usize;
        start..start.saturating_add(section.len as usize).min(data.len())
    });
    let behind = sections.clone().map(|section| section.end).max();
    let tables = behind.map(|end| end..data.len());
    let all = sections.chain(tables);
    all.filter(|section| section.start < section.end).collect()
}

/// An input of [`fixture_edits`] for each structure of each binary: a few bytes of its start are changed.
pub fn structure_edits() -> Vec<Vec<u8>> {
    let mut inputs = Vec::new();
    for (which, base) in (0..).zip(BASES.iter()) {
        let marks = MARKS.iter().filter_map(|mark| find(&base.data, mark));
        let starts = sections(&base.data)
            .into_iter()
            .map(|section| section.start);
        for start in marks.chain(starts) {
            let mut input = vec![which];
            for at in (start..base.data.len()).step_by(7).take(6) {
                let Some(place) = base.places.iter().position(|&place| place == at) else {
                    continue;
                };
                input.extend((place as u32).to_le_bytes());
                input.push(!base.data[at]);
            }
            inputs.push(input);
        }
    }
    inputs
}

fn find(data: &[u8], mark: &[u8]) -> Option<usize> {
    data.windows(mark.len()).position(|bytes| bytes == mark)
}

impl Base {
    fn new(data: Vec<u8>) -> Base {
        let mut places: Vec<usize> = (0..data.len().min(2048)).collect();
        for mark in MARKS {
            let hits = data
                .windows(mark.len())
                .enumerate()
                .filter(|(_, bytes)| *bytes == mark);
            let starts: Vec<usize> = hits.map(|(at, _)| at).take(4).collect();
            // Settings and modules are texts behind their mark.
            let len = if mark == MARKS[0] { 1024 } else { 256 };
            places.extend(starts.iter().flat_map(|&at| at..(at + len).min(data.len())));
        }
        for section in sections(&data) {
            places.extend(section.start..section.end.min(section.start + SECTION_HEAD));
        }
        // Everything else, thinly: tables of a function each, module data, relocations.
        places.extend((0..data.len()).step_by(97));
        Base { data, places }
    }
}

/// Any bytes as each thing that a checksum database or a module proxy answers with.
pub fn checksum_database(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    // The key of an example in the format's documentation: any key shows how a note is read.
    let key =
        note::Key::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
            .expect("a key");
    let _ = (note::open(data, &key), note::Key::parse(&text));
    let _ = (
        sumdb::Database::parse(&text),
        toolchain::Name::of_module(&text),
    );
    if let Ok(record) = Record::parse(data) {
        let _ = (record.hash(), note::open(record.note, &key));
    }
    if let Ok(head) = Head::parse(&text) {
        read_tiles(head, &[]);
    }
    if let Some((size, tiles)) = data.split_first_chunk() {
        let size = u64::from_le_bytes(*size);
        let root = tiles.first_chunk().copied().unwrap_or_default();
        read_tiles(Head { size, root }, tiles);
    }
    let _ = dirhash::of_zip(std::io::Cursor::new(data));
}

/// Any bytes as an archive: no entry leads elsewhere, contents are what was hashed, and it is itself.
pub fn archives(data: &[u8]) {
    let options = archive::Options {
        limits: archive::Limits {
            bytes: 8 << 20,
            entries: 1000,
        },
        ..archive::Options::default()
    };
    let Ok(tree) = archive::from_bytes(data, &options) else {
        return;
    };
    for entry in &tree.entries {
        let elements = entry.name.split('/');
        assert!(!elements.clone().any(|e| matches!(e, "" | "." | "..")));
        if entry.kind == archive::Kind::File {
            assert!(tree.contents(entry).is_ok(), "{}", entry.name);
        }
    }
    let itself = compare::trees(&tree, &tree, &normalize::ALL);
    let (verdict, _) = itself.expect("it is in memory");
    let unique = tree.shared_names(false).is_empty();
    assert_eq!(verdict == compare::Verdict::Identical, unique);
}

/// A signed program and what is left of it without its signature.
static SIGNED: LazyLock<(Vec<u8>, Vec<u8>)> = LazyLock::new(|| {
    let signed = goassay_fixtures::bytes("macho-arm64-go1.25");
    match normalize::apple::without_signature(&signed) {
        normalize::Outcome::Changed { bytes, .. } => (signed, bytes),
        other => panic!("{other:?}"),
    }
});

/// Any bytes as a program that is normalised; and a signed program with bytes changed (place, value: five bytes each), of which
/// nothing else may be left than of the real one.
pub fn normalizations(data: &[u8]) {
    let _ = normalize::apple::without_signature(data);
    let _ = normalize::elf::stripped(data);
    let (signed, plain) = &*SIGNED;
    let mut edited = signed.clone();
    for edit in data.chunks_exact(5).take(64) {
        let at = u32::from_le_bytes([edit[0], edit[1], edit[2], edit[3]]) as usize;
        let length = edited.len();
        edited[at % length] = edit[4];
    }
    if let normalize::Outcome::Changed { bytes, .. } = normalize::apple::without_signature(&edited)
    {
        assert!(bytes == *plain, "another program is left");
    }
}

/// Every tile is these bytes, as often as they fit; few places are asked for.
struct Same<'t>(&'t [u8]);

impl Source for Same<'_> {
    fn read(&self, tile: Tile) -> Result<Vec<u8>, sumdb::Error> {
        Ok(self.0.iter().copied().cycle().take(tile.length()).collect())
    }

    fn keep(&self, _: Tile, _: &[u8]) {}
}

fn read_tiles(head: Head, bytes: &[u8]) {
    if let Ok(mut reader) = Reader::new(head, &Same(bytes)) {
        for at in [0, head.size / 2, head.size.saturating_sub(1), head.size] {
            let _ = (reader.leaf(at), reader.root_at(at));
        }
    }
}

//! Twenty thousand damaged variants of real binaries: no panic, bounded memory and time, and never "clean" where the
//! whole file was not.
//!
//! Most changes hit structure: headers, build information, pc-line table, module data, relocations. What cannot be
//! noticed is a changed *text* (a name or version with another letter is another name); those changes only have to be
//! survived.

use goassay_binary::gap::Topic;
use goassay_binary::image::Image;
use goassay_binary::{Binary, Places, container};
use goassay_fixtures::damage::{self, Random};
use goassay_vuln::database::{Database, embedded};
use goassay_vuln::date::Date;
use goassay_vuln::finding::{Applies, Scan, Tier};
use goassay_vuln::scan::{Options, scan};
use goassay_vuln::subject::Subject;
use peak_alloc::PeakAlloc;
use std::collections::BTreeSet;
use std::ops::Range;
use std::time::{Duration, Instant};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

const VARIANTS: usize = 20_000;
const FIXTURES: [&str; 10] = [
    "sample-linux-amd64",
    "elf-amd64-go1.18",
    "elf-amd64-go1.20-pie",
    "elf-amd64-go1.27",
    "elf-386-go1.23",
    "elf-s390x-go1.24",
    "pe-amd64-go1.26",
    "pe-386-go1.22",
    "macho-arm64-go1.25",
    "elf-amd64-plugin",
];
/// Heap in use at the most, as a multiple of the file; the rest is the database and a fixed amount.
const HEAP_PER_FILE_BYTE: usize = 4;
const HEAP_FIXED: usize = 8 << 20;
const SLOWEST: Duration = Duration::from_secs(2);

/// What a scan says, as far as a damaged file must not say less.
struct Answer {
    linked: BTreeSet<String>,
    /// How many functions it names.
    names: usize,
    /// True where something that could hide code was not read.
    gap: bool,
}

fn ask(data: &[u8], database: &Database<'_>) -> Answer {
    let mut answer = Answer {
        linked: BTreeSet::new(),
        names: 0,
        gap: false,
    };
    let Ok(members) = container::members(data) else {
        return Answer {
            gap: true,
            ..answer
        };
    };
    for member in members {
        // A file that is refused is an error of the run, which is never clean.
        let Ok(binary) = Binary::parse(member.data) else {
            answer.gap = true;
            continue;
        };
        answer.names += binary.pclntab().map_or(0, |table| table.names().count());
        let subject = Subject::from_binary(&binary);
        let options = Options {
            as_of: Date::new(2026, 8, 21).expect("a date"),
            places: Places::All,
        };
        let scan = scan(&subject, database, &options).expect("the embedded database is whole");
        answer.gap |= has_gap(&scan);
        let linked = scan
            .findings
            .iter()
            .filter(|finding| finding.tier == Tier::Linked);
        answer
            .linked
            .extend(linked.map(|finding| finding.advisory.id.clone()));
    }
    answer
}

fn has_gap(scan: &Scan) -> bool {
    let hides = |topic| !matches!(topic, Topic::Lines | Topic::InlineTree);
    let undecided = scan
        .findings
        .iter()
        .any(|finding| matches!(finding.applies, Applies::Undecided(_)));
    undecided || scan.gaps.iter().any(|gap| hides(gap.topic))
}

/// File ranges of one binary, by what a change to them can do.
struct Ranges {
    /// Numbers that lead to other things: a change must be noticed or harmless.
    structure: Vec<Range<usize>>,
    /// Texts, where a change makes another text, and everything else.
    text: Vec<Range<usize>>,
}

fn ranges(data: &[u8]) -> Ranges {
    let binary = Binary::parse(data).expect("whole");
    let image = binary.image();
    let table = binary.pclntab().expect("whole");
    let header = file_offset(image, table.address.0);
    let names = offset_within(data, table.name_table());
    let module_data = file_offset(image, binary.module_data().expect("whole").address.0);
    let word = image.order.width.bytes() as usize;
    let build_info = position(data, b"\xff Go buildinf:");
    let mut structure = vec![
        0..1024,
        build_info..build_info + 32,
        header..header + 8 + 8 * word,
        names.end..names.end + 4096,
        module_data..module_data + 50 * word,
    ];
    for name in [&b".rela.dyn"[..], b".rel.dyn", b".shstrtab", b".dynamic"] {
        let section = image.section(&[name]);
        structure.extend(section.map(|section| {
            let start = section.offset.0 as usize;
            start..start + (section.len as usize).min(4096)
        }));
    }
    structure.retain(|range| !range.is_empty() && range.end <= data.len());
    Ranges {
        structure,
        text: vec![names, build_info + 32..build_info + 400, 0..data.len()],
    }
}

fn file_offset(image: &Image<'_>, address: u64) -> usize {
    let segment = image
        .segments
        .iter()
        .find(|segment| (segment.address.0..segment.address.0 + segment.len).contains(&address))
        .expect("mapped");
    (segment.offset.0 + address - segment.address.0) as usize
}

fn offset_within(data: &[u8], part: &[u8]) -> Range<usize> {
    let start = part.as_ptr() as usize - data.as_ptr() as usize;
    start..start + part.len()
}

fn position(data: &[u8], pattern: &[u8]) -> usize {
    data.windows(pattern.len())
        .position(|window| window == pattern)
        .expect("present")
}

/// One damaged variant: the bytes, whether only structure was hit, and how to name it.
fn variant(data: &[u8], ranges: &Ranges, random: &mut Random) -> (Vec<u8>, bool, String) {
    if random.below(10) == 0 {
        let around = random.pick(&ranges.structure).clone();
        let end = (around.start + random.below(around.len() * 2)).min(data.len());
        return (data[..end].to_vec(), true, format!("cut at {end}"));
    }
    let in_structure = random.below(10) != 0;
    let kind = if in_structure {
        &ranges.structure
    } else {
        &ranges.text
    };
    let mut out = data.to_vec();
    let how = damage::overwrite(&mut out, kind, random);
    (out, in_structure, how)
}

#[test]
fn damaged_binaries_are_survived_and_never_look_clean() {
    let database = embedded().expect("the embedded database");
    let mut random = Random(20_261_121);
    let (mut structural, mut with_findings) = (0, 0);
    for name in FIXTURES {
        let data = goassay_fixtures::bytes(name);
        let whole = ask(&data, &database);
        assert!(!whole.gap, "{name} is a whole binary");
        with_findings += usize::from(!whole.linked.is_empty());
        let ranges = ranges(&data);
        for _ in 0..VARIANTS / FIXTURES.len() {
            let (changed, in_structure, how) = variant(&data, &ranges, &mut random);
            structural += usize::from(in_structure);
            HEAP.reset_peak_usage();
            let before = HEAP.current_usage();
            let start = Instant::now();
            let answer = ask(&changed, &database);
            let heap = HEAP.peak_usage().saturating_sub(before);
            assert!(
                start.elapsed() < SLOWEST,
                "{name}, {how}: took {:?}",
                start.elapsed()
            );
            assert!(
                heap < HEAP_PER_FILE_BYTE * changed.len() + HEAP_FIXED,
                "{name}, {how}: {heap} bytes of heap"
            );
            let lost = whole.linked.difference(&answer.linked).count();
            let fewer = answer.names < whole.names;
            assert!(
                !in_structure || answer.gap || (lost == 0 && !fewer),
                "{name}, {how}: {lost} findings lost (fewer names: {fewer}) without a gap"
            );
        }
    }
    assert!(
        with_findings >= 6,
        "{with_findings} of the fixtures have findings to lose"
    );
    assert!(
        structural * 10 >= VARIANTS * 8,
        "{structural} variants hit structure"
    );
}

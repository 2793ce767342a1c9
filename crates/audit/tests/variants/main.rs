//! Twenty thousand damaged variants of real binaries, judged by all rules: no panic, bounded memory and time, and no pass
//! that is not true.
//!
//! Bytes are changed, tables written over each other, headers replaced by those of other files, ends cut off. A pass of a
//! variant has to be the truth about the variant: a second reader of single fields ([`oracle`]) must not deny it, and what it
//! names as its evidence has to be in the file. A pass that neither of both can judge has to be one of the whole file.

#[path = "../common/mod.rs"]
mod common;
mod oracle;

use common::{policies, verdicts};
use goassay_audit::policy::Policy;
use goassay_audit::verdict::Verdict;
use goassay_binary::bytes::Width;
use goassay_binary::image::Image;
use goassay_binary::size::Size;
use goassay_binary::types::Types;
use goassay_binary::{Binary, container};
use goassay_fixtures::damage::{self, Random};
use peak_alloc::PeakAlloc;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

const VARIANTS: usize = 20_000;
/// Every format, word size, byte order and kind of program; small ones, because each is judged two thousand times.
const FIXTURES: [&str; 10] = [
    "elf-amd64-go1.18",
    "elf-amd64-go1.20-pie",
    "elf-amd64-go1.27",
    "elf-arm64-go1.27-pie",
    "elf-386-go1.23",
    "elf-s390x-go1.24",
    "elf-amd64-c-shared",
    "pe-amd64-go1.26",
    "pe-386-go1.22",
    "macho-arm64-go1.25",
];
/// Heap in use at the most, as a multiple of the file; the rest is a fixed amount.
const HEAP_PER_FILE_BYTE: usize = 4;
const HEAP_FIXED: usize = 8 << 20;
const THREADS: usize = 2;
/// One variant in so many is listed as well: sizes, types, functions.
const LISTED: usize = 20;
const SLOWEST: Duration = Duration::from_secs(4);

type Verdicts = BTreeMap<&'static str, Verdict>;

fn ask(data: &[u8], policies: &[Policy]) -> Option<Verdicts> {
    let members = container::members(data).ok()?;
    let binary = Binary::parse(members.first()?.data).ok()?;
    Some(verdicts(&binary, policies))
}

/// File ranges of one binary, by what a change to them can do.
struct Ranges {
    /// Numbers that lead to other things.
    structure: Vec<Range<usize>>,
    /// Texts and everything else, where a change can make another truth that nobody can tell from the first.
    text: Vec<Range<usize>>,
}

/// Sections of numbers; others hold texts as well.
const OF_NUMBERS: [&[u8]; 12] = [
    b".dynamic",
    b".dynsym",
    b".rela",
    b".rela.plt",
    b".rela.dyn",
    b".rel.dyn",
    b".hash",
    b".got",
    b".note.gnu.build-id",
    b".note.go.buildid",
    b".idata",
    b".reloc",
];

fn ranges(data: &[u8]) -> Ranges {
    let binary = Binary::parse(data).expect("whole");
    let image = binary.image();
    let table = binary.pclntab().expect("whole");
    let header = offset(image, table.address.0);
    let module_data = offset(image, binary.module_data().expect("whole").address.0);
    let names = within(data, table.name_table());
    let files = within(data, table.file_table());
    let build_info = position(data, b"\xff Go buildinf:");
    let wide = image.order.width == Width::W64;
    let mut structure = vec![
        0..1024,
        0..256,
        build_info..build_info + 32,
        header..header + if wide { 72 } else { 40 },
        module_data..module_data + 400,
        names.end..names.end + 4096,
        files.end..files.end + (1 << 16),
    ];
    let mut behind = 0;
    for section in &image.sections {
        let start = section.offset.0 as usize;
        let end = start + section.len as usize;
        behind = behind.max(end);
        if OF_NUMBERS.contains(&section.name) {
            structure.push(start..end.min(start + 512));
        }
    }
    // Tables of headers, symbols and signatures behind everything else.
    structure.push(behind..behind + 4096);
    let text = vec![
        names,
        files,
        build_info + 32..build_info + 512,
        0..data.len(),
    ];
    let clip = |ranges: Vec<Range<usize>>| {
        let clipped = ranges
            .into_iter()
            .map(|range| range.start..range.end.min(data.len()));
        clipped.filter(|range| !range.is_empty()).collect()
    };
    Ranges {
        structure: clip(structure),
        text: clip(text),
    }
}

fn offset(image: &Image<'_>, address: u64) -> usize {
    let holds = |start: u64, len: u64| (start..start + len).contains(&address);
    let mut segments = image.segments.iter();
    let segment = segments.find(|segment| holds(segment.address.0, segment.len));
    let segment = segment.expect("mapped");
    (segment.offset.0 + address - segment.address.0) as usize
}

fn within(data: &[u8], part: &[u8]) -> Range<usize> {
    let start = part.as_ptr() as usize - data.as_ptr() as usize;
    start..start + part.len()
}

fn position(data: &[u8], pattern: &[u8]) -> usize {
    memchr::memmem::find(data, pattern).expect("present")
}

/// One damaged variant: the bytes, whether only structure was hit, and how to name it.
fn variant(
    data: &[u8],
    others: &[Vec<u8>],
    ranges: &Ranges,
    random: &mut Random,
) -> (Vec<u8>, bool, String) {
    let mut out = data.to_vec();
    let mut in_structure = random.below(5) != 0;
    let ranges = match in_structure {
        true => &ranges.structure,
        false => &ranges.text,
    };
    let how = match random.below(20) {
        0 => {
            let around = random.pick(ranges).clone();
            let end = (around.start + random.below(around.len() * 2)).min(data.len());
            out.truncate(end);
            format!("cut at {end}")
        }
        1 => {
            let how = damage::swap_header(&mut out, random.pick::<Vec<u8>>(others), random);
            // Of another format it is another program, about which the first says nothing.
            in_structure &= out[..4] == data[..4];
            how
        }
        2..6 => damage::splice(&mut out, ranges, random),
        _ => {
            let times = [1, 1, 2, 4][random.below(4)];
            let each: Vec<String> = (0..times)
                .map(|_| damage::overwrite(&mut out, ranges, random))
                .collect();
            each.join("; ")
        }
    };
    // Neither is that of another architecture.
    in_structure &= out.get(..20) == data.get(..20) || !data.starts_with(b"\x7fELF");
    (out, in_structure, how)
}

/// Sizes add up, and types and functions are listed.
fn list(data: &[u8]) {
    let members = container::members(data).unwrap_or_default();
    let Some(Ok(binary)) = members.first().map(|member| Binary::parse(member.data)) else {
        return;
    };
    let size = Size::of(&binary);
    let rows: u64 = size.rows.iter().map(|row| row.bytes).sum();
    assert_eq!(rows, members[0].data.len() as u64);
    let types = Types::of(&binary).map_or(0, |types| types.list.len());
    let mut functions = 0;
    let gaps = binary.each_function(|_| functions += 1);
    assert!(types < data.len() && functions < data.len() && gaps.len() < 10);
}

/// Why a pass of a variant is not believed.
fn doubt(
    rule: &str,
    evidence: &[String],
    file: &[u8],
    whole: &Verdicts,
    in_structure: bool,
) -> Option<String> {
    match (oracle::is_true(rule, file), whole.get(rule)) {
        (Some(true), _) => None,
        (Some(false), _) => Some("the bytes say otherwise".to_owned()),
        (None, _) if !in_structure => None,
        (None, Some(Verdict::Pass(before))) => (!as_good(before, evidence))
            .then(|| format!("the evidence was {before:?} and is {evidence:?}")),
        (None, _) => Some(format!("the whole file did not pass: {evidence:?}")),
    }
}

/// Whether evidence is what it was. Of a hundred functions one may have become one of another file, by a number that was
/// changed into another good one.
fn as_good(before: &[String], after: &[String]) -> bool {
    let compiled = |line: &String| {
        let (count, level) = line.split_once(" compiled functions need ")?;
        Some((count.parse::<u64>().ok()?, level.to_owned()))
    };
    let same = |(before, after): (&String, &String)| match (compiled(before), compiled(after)) {
        (Some((count, level)), Some((now, same_level))) => {
            now * 100 >= count * 99 && level == same_level
        }
        _ => before == after,
    };
    before.len() == after.len() && before.iter().zip(after).all(same)
}

/// What the variants of one file showed.
#[derive(Default)]
struct Outcome {
    opened: usize,
    passes: usize,
    doubts: Vec<String>,
}

fn judge_variants(index: usize, all: &[Vec<u8>], policies: &[Policy]) -> Outcome {
    let (name, data) = (FIXTURES[index], &all[index]);
    let whole = ask(data, policies).expect("a Go binary");
    let ranges = ranges(data);
    let mut random = Random(20_261_122 + index as u64);
    let mut outcome = Outcome::default();
    for number in 0..VARIANTS / FIXTURES.len() {
        let (changed, in_structure, how) = variant(data, all, &ranges, &mut random);
        let start = Instant::now();
        let verdicts = ask(&changed, policies);
        if number % LISTED == 0 {
            list(&changed);
        }
        let time = start.elapsed();
        assert!(time < SLOWEST, "{name}, {how}: took {time:?}");
        let Some(verdicts) = verdicts else { continue };
        outcome.opened += 1;
        for (rule, verdict) in verdicts {
            let Verdict::Pass(evidence) = verdict else {
                continue;
            };
            outcome.passes += 1;
            if let Some(doubt) = doubt(rule, &evidence, &changed, &whole, in_structure) {
                outcome
                    .doubts
                    .push(format!("{rule}: {name}, {how}: {doubt}"));
            }
        }
    }
    outcome
}

#[test]
fn damaged_binaries_are_survived_and_pass_nothing_that_is_not_true() {
    let policies = policies();
    let all: Vec<Vec<u8>> = FIXTURES.map(goassay_fixtures::bytes).into();
    let next = AtomicUsize::new(0);
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    let work = || {
        let mut outcomes = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= FIXTURES.len() {
                return outcomes;
            }
            outcomes.push(judge_variants(index, &all, &policies));
        }
    };
    let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
        let threads = [(); THREADS].map(|()| scope.spawn(work));
        let joined = threads.map(|thread| thread.join().expect("no panic"));
        joined.into_iter().flatten().collect()
    });
    let longest = all.iter().map(Vec::len).max().unwrap_or_default();
    // The variant itself is one more copy of the file.
    let most = THREADS * (longest + HEAP_PER_FILE_BYTE * longest + HEAP_FIXED);
    let heap = HEAP.peak_usage().saturating_sub(before);
    assert!(heap < most, "{heap} bytes of heap");
    let doubts: Vec<&String> = outcomes.iter().flat_map(|of| &of.doubts).collect();
    assert!(
        doubts.is_empty(),
        "{} passes are not believed:\n{doubts:#?}",
        doubts.len()
    );
    let opened: usize = outcomes.iter().map(|of| of.opened).sum();
    let passes: usize = outcomes.iter().map(|of| of.passes).sum();
    assert!(opened * 10 > VARIANTS * 8, "{opened} were opened");
    assert!(passes > 10 * opened, "{passes} passes were judged");
}

//! What a pass rests on is damaged: the rule must not pass any more. What no rule reads is damaged: nothing changes.
//!
//! Each [`Wipe`] damages what carries one fact and names the rules that rest on it. Every pass of every sample has to be
//! taken back by at least one of them, so a new rule needs a wipe.

mod common;

use common::{policies, verdicts};
use goassay_audit::policy::Policy;
use goassay_audit::verdict::Verdict;
use goassay_binary::image::Format;
use goassay_binary::{Binary, container};
use goassay_fixtures::damage::Random;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

const SAMPLES: [&str; 12] = [
    "elf-amd64-go1.18",
    "elf-amd64-go1.20-pie",
    "elf-amd64-go1.21-plain",
    "elf-amd64-go1.27",
    "elf-386-go1.23",
    "elf-arm64-go1.27-pie",
    "elf-s390x-go1.24",
    "elf-amd64-c-shared",
    "pe-amd64-go1.26",
    "pe-386-go1.22",
    "macho-arm64-go1.25",
    "macho-amd64-go1.27",
];

type Verdicts = BTreeMap<&'static str, Verdict>;

/// No verdict where the file is not taken for a Go binary any more.
fn ask(data: &[u8], policies: &[Policy]) -> Option<Verdicts> {
    let members = container::members(data).ok()?;
    let binary = Binary::parse(members.first()?.data).ok()?;
    Some(verdicts(&binary, policies))
}

/// Damage to what carries a fact.
struct Wipe {
    name: &'static str,
    /// Does it in place; false where the file has no such thing.
    damage: fn(&mut File) -> bool,
    /// The rules that rest on it.
    rules: &'static [&'static str],
}

/// A sample in the making, with what its parser needs.
struct File {
    data: Vec<u8>,
    format: Format,
    big_endian: bool,
    wide: bool,
    arm64: bool,
    /// Name table, file table, header of the pc-line table, module data, code of all functions, as file ranges.
    names: Range<usize>,
    files: Range<usize>,
    pclntab: usize,
    module_data: usize,
    code: Vec<(Range<usize>, Vec<u8>)>,
}

impl File {
    fn new(name: &str) -> File {
        let data = goassay_fixtures::bytes(name);
        let binary = Binary::parse(&data).expect("a Go binary");
        let image = binary.image();
        let table = binary.pclntab().expect("whole");
        let within = |part: &[u8]| {
            let start = part.as_ptr() as usize - data.as_ptr() as usize;
            start..start + part.len()
        };
        let at = |address| within(image.tail(address).expect("mapped").data()).start;
        let mut code = Vec::new();
        let gaps = binary.each_code(|function| {
            let file = function.file.unwrap_or_default().to_vec();
            code.push((within(function.bytes), file));
        });
        assert_eq!(gaps, []);
        File {
            format: image.format,
            big_endian: image.order.endian == goassay_binary::bytes::Endian::Big,
            wide: image.order.width == goassay_binary::bytes::Width::W64,
            arm64: image.arch == Some("arm64"),
            names: within(table.name_table()),
            files: within(table.file_table()),
            pclntab: at(table.address),
            module_data: at(binary.module_data().expect("whole").address),
            code,
            data: data.clone(),
        }
    }

    fn get(&self, at: usize, len: usize) -> u64 {
        let bytes = &self.data[at..at + len];
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        match self.big_endian {
            true => bytes.iter().fold(0, add),
            false => bytes.iter().rev().fold(0, add),
        }
    }

    fn put(&mut self, at: usize, len: usize, value: u64) {
        for index in 0..len {
            let place = if self.big_endian {
                len - 1 - index
            } else {
                index
            };
            self.data[at + place] = (value >> (8 * index)) as u8;
        }
    }

    fn word(&self) -> usize {
        if self.wide { 8 } else { 4 }
    }

    /// Every occurrence of a text becomes another of the same length; says whether there was one.
    fn replace(&mut self, text: &[u8], by: &[u8]) -> bool {
        assert_eq!(text.len(), by.len());
        let found: Vec<usize> = memchr::memmem::find_iter(&self.data, text).collect();
        for at in &found {
            self.data[*at..at + by.len()].copy_from_slice(by);
        }
        !found.is_empty()
    }

    fn fill(&mut self, range: Range<usize>, byte: u8) -> bool {
        self.data[range].fill(byte);
        true
    }

    // ---- ELF

    /// Places of the program headers of a type.
    fn segments(&self, kind: u64) -> Vec<usize> {
        if self.format != Format::Elf {
            return Vec::new();
        }
        let (table, size, count) = match self.wide {
            true => (self.get(32, 8), 56, self.get(56, 2)),
            false => (self.get(28, 4), 32, self.get(44, 2)),
        };
        let all = (0..count as usize).map(|index| table as usize + index * size);
        all.filter(|&at| self.get(at, 4) == kind).collect()
    }

    /// Writes a field of all program headers of a type: its place in 64-bit and in 32-bit headers, and its length in words of
    /// 4 bytes in 64-bit ones.
    fn put_segments(&mut self, kind: u64, wide: (usize, usize), narrow: usize, value: u64) -> bool {
        let found = self.segments(kind);
        for &at in &found {
            match self.wide {
                true => self.put(at + wide.0, wide.1, value),
                false => self.put(at + narrow, 4, value),
            }
        }
        !found.is_empty()
    }

    /// Places of the entries of the dynamic table.
    fn dynamic(&self) -> Vec<usize> {
        let word = self.word();
        let Some(&header) = self.segments(PT_DYNAMIC).first() else {
            return Vec::new();
        };
        let (field, len) = if self.wide { (8, 8) } else { (4, 4) };
        let start = self.get(header + field, len) as usize;
        let all = (0..).map(|index| start + 2 * word * index);
        all.take_while(|&at| self.get(at, word) != 0).collect()
    }

    /// The last entry of the dynamic table gets another tag.
    fn plant_tag(&mut self, tag: u64) -> bool {
        let word = self.word();
        let Some(&last) = self.dynamic().last() else {
            return false;
        };
        self.put(last, word, tag);
        true
    }

    // ---- PE

    /// Places of the optional header and of the section headers.
    fn pe(&self) -> Option<(usize, Vec<usize>)> {
        (self.format == Format::Pe).then(|| {
            let header = self.get(60, 4) as usize;
            let sections = header + 24 + self.get(header + 20, 2) as usize;
            let count = self.get(header + 6, 2) as usize;
            let places = (0..count).map(|index| sections + 40 * index);
            (header + 24, places.collect())
        })
    }

    // ---- Mach-O

    /// Places of the load commands of a kind.
    fn commands(&self, kind: u64) -> Vec<usize> {
        if self.format != Format::MachO {
            return Vec::new();
        }
        let mut at = 32;
        let mut found = Vec::new();
        for _ in 0..self.get(16, 4) {
            found.extend((self.get(at, 4) == kind).then_some(at));
            at += self.get(at + 4, 4) as usize;
        }
        found
    }

    fn put_commands(&mut self, kind: u64, field: usize, value: u64) -> bool {
        let found = self.commands(kind);
        found.iter().for_each(|at| self.put(at + field, 4, value));
        !found.is_empty()
    }
}

const PT_LOAD: u64 = 1;
const PT_DYNAMIC: u64 = 2;
const PT_INTERP: u64 = 3;
const PT_GNU_STACK: u64 = 0x6474_e551;
const PT_GNU_RELRO: u64 = 0x6474_e552;
/// Where the flags of a program header are.
const FLAGS: (usize, usize) = (4, 4);
const LC_SYMTAB: u64 = 2;
const LC_SEGMENT_64: u64 = 0x19;
const LC_UUID: u64 = 0x1b;
const LC_CODE_SIGNATURE: u64 = 0x1d;
const LC_RPATH: u64 = 0x8000_001c;

const WIPES: &[Wipe] = &[
    Wipe {
        name: "the mark of the build information",
        damage: |file| file.replace(b"\xff Go buildinf:", &[0; 14]),
        rules: &[
            "T2-build-date",
            "T2-credentials",
            "T2-paths",
            "T2-private-modules",
            "T2-x-recorded",
            "T3-fips",
            "T3-fips-claim",
            "T3-tags",
            "T4-fleet-level",
            "T4-recorded-level",
            "T4-unused-level",
            "T6-clean",
            "T6-module",
            "T6-origin",
            "T6-tag",
            "T6-version",
            "T8-build-info",
            "T10-experiments",
            "T10-godebug",
            "T10-instrumented",
            "T10-optimised",
            "T10-patched",
            "T10-release",
            "T10-supported",
        ],
    },
    Wipe {
        name: "the key of each setting",
        damage: |file| file.replace(b"\nbuild\t", b"\nbuilt\t"),
        rules: &[
            "T2-credentials",
            "T2-x-recorded",
            "T3-tags",
            "T4-fleet-level",
            "T4-recorded-level",
            "T4-unused-level",
            "T6-clean",
            "T8-build-info",
            "T10-godebug",
            "T10-instrumented",
            "T10-optimised",
        ],
    },
    Wipe {
        name: "the toolchain's version",
        damage: |file| {
            let mark = memchr::memmem::find(&file.data, b"\xff Go buildinf:");
            let version = mark.and_then(|mark| {
                let behind = memchr::memmem::find(&file.data[mark..], b"go1.")?;
                Some(mark + behind)
            });
            version.is_some_and(|at| file.fill(at..at + 3, 1))
        },
        rules: &[
            "T8-build-info",
            "T10-experiments",
            "T10-patched",
            "T10-release",
            "T10-supported",
        ],
    },
    Wipe {
        name: "the header of the pc-line table",
        damage: |file| file.fill(file.pclntab..file.pclntab + 8 + 8 * file.word(), 0),
        rules: &[
            "T2-paths",
            "T2-trimpath",
            "T3-nss",
            "T4-fleet-level",
            "T4-recorded-level",
            "T8-packed",
            "T8-pclntab",
            "T10-instrumented",
        ],
    },
    Wipe {
        name: "the module data",
        damage: |file| file.fill(file.module_data..file.module_data + 20 * file.word(), 0),
        rules: &["T8-pclntab"],
    },
    Wipe {
        name: "the ends of all names of functions",
        damage: |file| file.fill(file.names.clone(), b'x'),
        rules: &["T3-nss", "T8-packed", "T8-pclntab", "T10-instrumented"],
    },
    Wipe {
        name: "the names of source files",
        damage: |file| file.fill(file.files.clone(), 0xff),
        rules: &["T2-trimpath", "T4-fleet-level", "T4-recorded-level"],
    },
    Wipe {
        name: "the names of source files, made empty",
        damage: |file| file.fill(file.files.clone(), 0),
        rules: &["T2-trimpath", "T4-fleet-level", "T4-recorded-level"],
    },
    Wipe {
        name: "the machine code",
        damage: |file| {
            for (range, _) in file.code.clone() {
                // No instruction of amd64 begins so; words of arm64 that none has.
                let pattern: &[u8] = if file.arm64 { &[0, 0, 0, 2] } else { &[6] };
                let bytes = pattern.iter().cycle();
                file.data[range]
                    .iter_mut()
                    .zip(bytes)
                    .for_each(|(to, from)| *to = *from);
            }
            true
        },
        rules: &["T4-fleet-level", "T4-recorded-level"],
    },
    Wipe {
        name: "a path of the builder in the data",
        damage: |file| {
            let text = b"\0/home/evelyn/src/tool/main.go\0";
            let at = file.names.end - 2000;
            file.data[at..at + text.len()].copy_from_slice(text);
            true
        },
        rules: &["T2-paths"],
    },
    Wipe {
        name: "the type of PT_GNU_STACK",
        damage: |file| file.put_segments(PT_GNU_STACK, (0, 4), 0, 0x6fff_ffff),
        rules: &["T5-stack"],
    },
    Wipe {
        name: "the flags of PT_GNU_STACK",
        damage: |file| file.put_segments(PT_GNU_STACK, FLAGS, 24, 7),
        rules: &["T5-stack"],
    },
    Wipe {
        name: "an interpreter in place of PT_GNU_STACK",
        damage: |file| file.put_segments(PT_GNU_STACK, (0, 4), 0, PT_INTERP),
        rules: &["T3-static", "T5-interpreter"],
    },
    Wipe {
        name: "PT_GNU_RELRO",
        damage: |file| file.put_segments(PT_GNU_RELRO, (0, 4), 0, 0x6fff_ffff),
        rules: &["T5-relro"],
    },
    Wipe {
        name: "the flags of the dynamic table",
        damage: |file| {
            let word = file.word();
            let entries = file.dynamic();
            for at in &entries {
                match file.get(*at, word) {
                    24 => file.put(*at, word, 0x6fff_ffff),
                    30 | 0x6fff_fffb => file.put(at + word, word, 0),
                    _ => {}
                }
            }
            !entries.is_empty()
        },
        rules: &["T5-relro"],
    },
    Wipe {
        name: "the flags of loaded segments",
        damage: |file| file.put_segments(PT_LOAD, FLAGS, 24, 7),
        rules: &["T5-write-execute"],
    },
    Wipe {
        name: "the address of PT_DYNAMIC",
        damage: |file| file.put_segments(PT_DYNAMIC, (16, 8), 8, 0x7fff_fff0),
        rules: &[
            "T3-static",
            "T5-pie",
            "T5-relro",
            "T5-runpath",
            "T5-text-relocations",
        ],
    },
    Wipe {
        name: "the size of program headers",
        damage: |file| {
            let at = if file.wide { 54 } else { 42 };
            if file.format == Format::Elf {
                file.put(at, 2, 24);
            }
            file.format == Format::Elf
        },
        rules: &[
            "T3-static",
            "T5-interpreter",
            "T5-relro",
            "T5-runpath",
            "T5-stack",
            "T5-text-relocations",
            "T5-write-execute",
        ],
    },
    Wipe {
        name: "DT_TEXTREL in the dynamic table",
        damage: |file| file.plant_tag(22),
        rules: &["T5-text-relocations"],
    },
    Wipe {
        name: "DT_RUNPATH in the dynamic table",
        damage: |file| file.plant_tag(29),
        rules: &["T5-runpath"],
    },
    Wipe {
        name: "the type of an executable at any address",
        damage: |file| {
            if file.format == Format::Elf {
                file.put(16, 2, 2);
            }
            file.format == Format::Elf
        },
        rules: &["T5-pie"],
    },
    Wipe {
        name: "the place of the section table",
        damage: |file| {
            let (at, len) = if file.wide { (40, 8) } else { (32, 4) };
            if file.format == Format::Elf {
                file.put(at, len, file.data.len() as u64 - 8);
            }
            file.format == Format::Elf
        },
        rules: &["T1-debug-info", "T2-paths", "T8-symbol-table"],
    },
    Wipe {
        name: "a debug section in place of another",
        damage: |file| {
            file.format == Format::Elf && file.replace(b"\0.gosymtab\0", b"\0.debug_xy\0")
        },
        rules: &["T1-debug-info"],
    },
    Wipe {
        name: "the owner of the build ID's note",
        damage: |file| {
            file.replace(b"\x03\0\0\0GNU\0", b"\x03\0\0\0GNX\0")
                | file.replace(b"\0\0\0\x03GNU\0", b"\0\0\0\x03GNX\0")
        },
        rules: &["T1-debug-findable"],
    },
    Wipe {
        name: "the characteristics of a DLL",
        damage: |file| {
            let Some((optional, _)) = file.pe() else {
                return false;
            };
            file.put(optional + 70, 2, 0);
            true
        },
        rules: &["T5-high-entropy", "T5-pie", "T5-stack"],
    },
    Wipe {
        name: "the flags of sections",
        damage: |file| {
            let Some((_, sections)) = file.pe() else {
                return false;
            };
            sections
                .iter()
                .for_each(|at| file.put(at + 36, 4, 0xe000_0020));
            true
        },
        rules: &["T5-write-execute"],
    },
    Wipe {
        name: "a debug section of a PE file",
        damage: |file| {
            let Some((_, sections)) = file.pe() else {
                return false;
            };
            let last = *sections.last().expect("sections");
            file.data[last..last + 8].copy_from_slice(b".debug_x");
            true
        },
        rules: &["T1-debug-info"],
    },
    Wipe {
        name: "the number of symbols of a PE file",
        damage: |file| {
            let Some((optional, _)) = file.pe() else {
                return false;
            };
            file.put(optional - 8, 4, 0);
            true
        },
        rules: &["T8-symbol-table"],
    },
    Wipe {
        name: "the flags of a Mach-O header",
        damage: |file| {
            let is_macho = file.format == Format::MachO;
            if is_macho {
                file.put(24, 4, 0x2_0000);
            }
            is_macho
        },
        rules: &["T5-pie", "T5-stack"],
    },
    Wipe {
        name: "the identity of a Mach-O file",
        damage: |file| file.put_commands(LC_UUID, 0, 0x7fff_fff0),
        rules: &["T1-debug-findable"],
    },
    Wipe {
        name: "LC_RPATH in place of LC_UUID",
        damage: |file| file.put_commands(LC_UUID, 0, LC_RPATH),
        rules: &["T5-runpath"],
    },
    Wipe {
        name: "the protection of Mach-O segments",
        damage: |file| file.put_commands(LC_SEGMENT_64, 60, 7),
        rules: &["T5-write-execute"],
    },
    Wipe {
        name: "the symbols of a Mach-O file",
        damage: |file| file.put_commands(LC_SYMTAB, 12, 0),
        rules: &["T8-symbol-table"],
    },
    Wipe {
        name: "the code signature of a Mach-O file",
        damage: |file| file.put_commands(LC_CODE_SIGNATURE, 8, 0x7fff_fff0),
        rules: &["T5-signature", "T5-hardened-runtime"],
    },
    Wipe {
        name: "a debug section of a Mach-O file",
        damage: |file| {
            let by = b"__debug_line\0\0\0\0";
            let replaced = file.replace(b"__gosymtab\0\0\0\0\0\0", by);
            file.format == Format::MachO && (replaced || file.replace(b"__go_buildinfo\0\0", by))
        },
        rules: &["T1-debug-info"],
    },
];

#[test]
fn no_rule_passes_without_what_its_pass_rests_on() {
    let policies = policies();
    let mut lies = Vec::new();
    let mut untouched = BTreeSet::new();
    for name in SAMPLES {
        let whole = ask(&goassay_fixtures::bytes(name), &policies).expect("a Go binary");
        let passing = whole.iter().filter(|(_, verdict)| verdict.name() == "pass");
        let mut left: BTreeSet<&str> = passing.map(|(rule, _)| *rule).collect();
        let all = left.clone();
        for wipe in WIPES {
            let mut file = File::new(name);
            if !(wipe.damage)(&mut file) {
                continue;
            }
            let damaged = ask(&file.data, &policies).unwrap_or_default();
            for rule in wipe.rules.iter().filter(|rule| all.contains(*rule)) {
                left.remove(rule);
                if let Some(Verdict::Pass(evidence)) = damaged.get(rule) {
                    lies.push(format!(
                        "{name} without {}: {rule} passes: {evidence:?}",
                        wipe.name
                    ));
                }
            }
        }
        untouched.extend(left.into_iter().map(|rule| format!("{name}: {rule}")));
    }
    assert!(lies.is_empty(), "{} lies:\n{}", lies.len(), lies.join("\n"));
    assert!(untouched.is_empty(), "no wipe is for {untouched:#?}");
}

/// Code that proves nothing: of architectures that are not decoded, and in assembly, save for the start-up code.
#[test]
fn bytes_that_no_rule_reads_change_no_verdict() {
    let policies = policies();
    let mut random = Random(20_261_122);
    let mut changed = 0;
    for name in SAMPLES {
        let mut file = File::new(name);
        let whole = ask(&file.data, &policies).expect("a Go binary");
        let is_decoded = name.contains("amd64") || name.contains("arm64");
        for (range, source) in file.code.clone() {
            let is_start = source
                .windows(4)
                .any(|part| part == b"/asm" || part == b"rt0_");
            if is_decoded && (!source.ends_with(b".s") || is_start) {
                continue;
            }
            for byte in &mut file.data[range] {
                *byte = random.number() as u8;
                changed += 1;
            }
        }
        let after = ask(&file.data, &policies).expect("a Go binary");
        assert_eq!(after, whole, "{name}");
    }
    assert!(changed > 1_000_000, "{changed} bytes were changed");
}

//! What somebody would change in a program, each change so that the file is still read: for tests of the comparison.

use goassay_binary::Binary;
use goassay_binary::image::{Format, Image};
use sha2::{Digest, Sha256};
use std::ops::Range;

/// Numbers that look random and are the same each time.
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }
}

/// A kind of change.
pub(super) struct Mutation {
    pub(super) name: &'static str,
    pub(super) make: fn(&Program, &mut Numbers) -> Vec<u8>,
    /// Whether the file, read again, is changed in that way: no kind passes for another.
    pub(super) shows: fn(before: &[u8], after: &[u8]) -> bool,
}

const fn mutation(
    name: &'static str,
    make: fn(&Program, &mut Numbers) -> Vec<u8>,
    shows: fn(&[u8], &[u8]) -> bool,
) -> Mutation {
    Mutation { name, make, shows }
}

pub(super) const MUTATIONS: [Mutation; 14] = [
    mutation("a bit anywhere", bit, same_length),
    mutation("a byte of code", code, same_length),
    mutation("functions swapped", functions_swapped, same_functions),
    mutation("a constant", constant, same_length),
    mutation("a section added", section_added, one_section_more),
    mutation("a byte appended", appended, longer),
    mutation("a page appended", page_appended, longer),
    mutation("a byte inserted", inserted, longer),
    mutation("the end cut", cut, |before, after| {
        after.len() < before.len()
    }),
    mutation("a version of the same length", same_version, other_version),
    mutation("a shorter version", shorter_version, other_version),
    mutation("a longer version", longer_version, other_version),
    mutation("a setting forged", setting_forged, other_setting),
    mutation(
        "another toolchain named",
        toolchain_forged,
        |before, after| {
            info(before, |info| info.go_version.to_owned())
                != info(after, |info| info.go_version.to_owned())
        },
    ),
];

/// A program, and where its things are in the file.
pub(super) struct Program {
    pub(super) bytes: Vec<u8>,
    text: Range<usize>,
    constants: Range<usize>,
    functions: Vec<Range<usize>>,
    /// The text of the build information, from its first line.
    lines: Range<usize>,
    modules: Vec<(String, String)>,
    settings: Vec<(String, String)>,
    go_version: Range<usize>,
}

impl Program {
    pub(super) fn new(bytes: Vec<u8>) -> Program {
        let binary = Binary::parse(&bytes).unwrap();
        let info = binary.build_info().unwrap();
        let place = |text: &str| {
            let start = text.as_ptr().addr() - bytes.as_ptr().addr();
            start..start + text.len()
        };
        let lines = place(info.path.unwrap()).start - "path\t".len();
        let modules = info.main.iter().chain(&info.deps);
        let settings = info.settings.iter();
        Program {
            text: section(binary.image(), &[b".text", b"__text"]),
            constants: section(binary.image(), &[b".rodata", b"__rodata", b".rdata"]),
            functions: functions(&binary),
            lines: lines..lines + text_length(&bytes, lines) - 2 * MARK,
            modules: modules
                .map(|m| (m.path.to_owned(), m.version.to_owned()))
                .collect(),
            settings: settings
                .map(|(key, value)| (key.to_string(), value.to_string()))
                .collect(),
            go_version: place(info.go_version),
            bytes,
        }
    }

    /// Where a text is in the build information.
    fn find(&self, text: &str) -> usize {
        let lines = &self.bytes[self.lines.clone()];
        let found = lines
            .windows(text.len())
            .position(|part| part == text.as_bytes());
        self.lines.start + found.unwrap()
    }

    /// With another text in the build information: what is behind it moves, and the length that is recorded is the new one.
    fn with_text(&self, from: &str, to: &str) -> Vec<u8> {
        let at = self.find(from);
        let (old, new) = (from.len(), to.len());
        let behind = at + old..self.lines.end + MARK;
        let end = at + new + behind.len();
        let mut bytes = self.bytes.clone();
        if let Some(zeros) = bytes.get(behind.end..end) {
            assert!(zeros.iter().all(|&byte| byte == 0), "there is no space");
        }
        bytes.copy_within(behind.clone(), at + new);
        bytes[at..at + new].copy_from_slice(to.as_bytes());
        if let Some(freed) = bytes.get_mut(end..behind.end) {
            freed.fill(0);
        }
        let length = text_length(&self.bytes, self.lines.start) + new - old;
        let field = self.lines.start - MARK - 2;
        bytes[field] = u8::try_from(length & 0x7f).unwrap() | 0x80;
        bytes[field + 1] = u8::try_from(length >> 7).unwrap();
        bytes
    }

    fn with_version(
        &self,
        numbers: &mut Numbers,
        change: fn(&str, &mut Numbers) -> String,
    ) -> Vec<u8> {
        let (path, version) = &self.modules[numbers.below(self.modules.len())];
        let other = change(version, numbers);
        self.with_text(
            &format!("{path}\t{version}\t"),
            &format!("{path}\t{other}\t"),
        )
    }
}

/// What stands before and behind the text of the build information (cmd/go, modload.ModInfoData).
const MARK: usize = 16;

/// The recorded length of that text, its marks included: two bytes of seven bits.
fn text_length(bytes: &[u8], lines: usize) -> usize {
    let [low, high] = bytes[lines - MARK - 2..][..2] else {
        unreachable!()
    };
    assert!(low & 0x80 != 0 && high & 0x80 == 0, "a length of two bytes");
    usize::from(low & 0x7f) | usize::from(high) << 7
}

fn section(image: &Image<'_>, names: &[&[u8]]) -> Range<usize> {
    let section = image.section(names).unwrap();
    let start = usize::try_from(section.offset.0).unwrap();
    start..start + usize::try_from(section.len).unwrap()
}

/// The bounds of all functions, as the table of the program has them.
fn functions(binary: &Binary<'_>) -> Vec<Range<usize>> {
    let text = binary.image().section(&[b".text", b"__text"]).unwrap();
    let table = binary.pclntab().unwrap();
    let place = |function| {
        let below = binary.address(&function)?.0.checked_sub(text.address.0)?;
        let start = usize::try_from(text.offset.0 + below).ok()?;
        Some(start..start + usize::try_from(function.len()).ok()?)
    };
    let inside = text.offset.0 + text.len;
    table
        .functions()
        .filter_map(place)
        .filter(|range| !range.is_empty() && range.end as u64 <= inside)
        .collect()
}

fn bit(program: &Program, numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = program.bytes.clone();
    bytes[numbers.below(program.bytes.len())] ^= 1 << numbers.below(8);
    bytes
}

fn code(program: &Program, numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = program.bytes.clone();
    bytes[program.text.start + numbers.below(program.text.len())] ^= 0xff;
    bytes
}

/// Two whole functions of the same length, padding included, change places.
fn functions_swapped(program: &Program, numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = program.bytes.clone();
    let (one, other) = loop {
        let one = &program.functions[numbers.below(program.functions.len())];
        let others = program.functions.iter().filter(|other| {
            other.len() == one.len() && bytes[(*other).clone()] != bytes[one.clone()]
        });
        let others: Vec<_> = others.collect();
        if !others.is_empty() {
            break (one, others[numbers.below(others.len())]);
        }
    };
    let kept = bytes[one.clone()].to_vec();
    bytes.copy_within(other.clone(), one.start);
    bytes[other.clone()].copy_from_slice(&kept);
    bytes
}

/// A word of the constants, which may be a number, an address or letters, is one more.
fn constant(program: &Program, numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = program.bytes.clone();
    loop {
        let at = program.constants.start + numbers.below(program.constants.len() / 8) * 8;
        let word = u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        if word != 0 {
            bytes[at..at + 8].copy_from_slice(&word.wrapping_add(1).to_le_bytes());
            return bytes;
        }
    }
}

fn appended(program: &Program, numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = program.bytes.clone();
    bytes.push(numbers.byte());
    bytes
}

fn page_appended(program: &Program, _: &mut Numbers) -> Vec<u8> {
    let mut bytes = program.bytes.clone();
    bytes.extend([0; 4096]);
    bytes
}

fn inserted(program: &Program, numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = program.bytes.clone();
    bytes.insert(numbers.below(program.bytes.len()), 0);
    bytes
}

fn cut(program: &Program, numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = program.bytes.clone();
    bytes.truncate(program.bytes.len() - 1 - numbers.below(64));
    bytes
}

fn same_version(program: &Program, numbers: &mut Numbers) -> Vec<u8> {
    program.with_version(numbers, |version, numbers| {
        loop {
            let other = format!("v1.{}.{}", numbers.below(10), numbers.below(1000));
            if other.len() == version.len() && other != version {
                return other;
            }
        }
    })
}

fn shorter_version(program: &Program, numbers: &mut Numbers) -> Vec<u8> {
    program.with_version(numbers, |_, numbers| format!("v{}.0", numbers.below(10)))
}

fn longer_version(program: &Program, numbers: &mut Numbers) -> Vec<u8> {
    program.with_version(numbers, |version, numbers| {
        format!("{version}{}", numbers.below(10))
    })
}

/// A letter or a digit of a setting's value is another one.
fn setting_forged(program: &Program, numbers: &mut Numbers) -> Vec<u8> {
    let settings: Vec<_> = program
        .settings
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let (key, value) = settings[numbers.below(settings.len())];
    let mut other = value.clone().into_bytes();
    let at = numbers.below(other.len());
    other[at] = if other[at] == b'1' { b'0' } else { b'1' };
    let other = String::from_utf8(other).unwrap();
    program.with_text(
        &format!("build\t{key}={value}\n"),
        &format!("build\t{key}={other}\n"),
    )
}

fn toolchain_forged(program: &Program, numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = program.bytes.clone();
    let last = program.go_version.end - 1;
    bytes[last] = match b'1' + u8::try_from(numbers.below(9)).unwrap() {
        same if same == bytes[last] => b'0',
        other => other,
    };
    bytes
}

/// A section with a name and contents of its own, and a header as all others have.
fn section_added(program: &Program, numbers: &mut Numbers) -> Vec<u8> {
    let planted: Vec<u8> = (0..64).map(|_| numbers.byte()).collect();
    match Image::parse(&program.bytes).unwrap().format {
        Format::Elf => elf_section(&program.bytes, &planted),
        Format::MachO => macho_section(&program.bytes, &planted),
        Format::Pe => pe_section(&program.bytes, &planted),
    }
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> usize {
    let mut word = [0; 8];
    word[..N].copy_from_slice(&bytes[at..at + N]);
    usize::try_from(u64::from_le_bytes(word)).unwrap()
}

fn put<const N: usize>(bytes: &mut [u8], at: usize, number: usize) {
    let word = (number as u64).to_le_bytes();
    bytes[at..at + N].copy_from_slice(&word[..N]);
}

/// The table of headers moves to the end, and has one more.
fn elf_section(file: &[u8], planted: &[u8]) -> Vec<u8> {
    let (table, size, count) = (
        number::<8>(file, 0x28),
        number::<2>(file, 0x3a),
        number::<2>(file, 0x3c),
    );
    let mut bytes = file.to_vec();
    let contents = bytes.len();
    bytes.extend(planted);
    bytes.resize(bytes.len().next_multiple_of(16), 0);
    let moved = bytes.len();
    bytes.extend(&file[table..table + size * count]);
    // A copy of the first real one, for its name; nothing of it is loaded.
    let mut header = file[table + size..][..size].to_vec();
    for (at, value) in [
        (0x08, 0),
        (0x10, 0),
        (0x18, contents),
        (0x20, planted.len()),
    ] {
        put::<8>(&mut header, at, value);
    }
    bytes.extend(header);
    put::<8>(&mut bytes, 0x28, moved);
    put::<2>(&mut bytes, 0x3c, count + 1);
    bytes
}

/// A segment with one section, as first command; its contents lie in the space that is left before the code.
fn macho_section(file: &[u8], planted: &[u8]) -> Vec<u8> {
    const COMMAND: usize = 72 + 80;
    let (count, length) = (number::<4>(file, 16), number::<4>(file, 20));
    let end = 32 + length;
    let place = end + COMMAND;
    assert!(
        file[end..place + planted.len()]
            .iter()
            .all(|&byte| byte == 0)
    );
    let mut command = vec![0; COMMAND];
    put::<4>(&mut command, 0, 0x19);
    put::<4>(&mut command, 4, COMMAND);
    command[8..17].copy_from_slice(b"__PLANTED");
    put::<8>(&mut command, 40, place);
    put::<8>(&mut command, 48, planted.len());
    put::<4>(&mut command, 64, 1);
    command[72..81].copy_from_slice(b"__planted");
    command[88..97].copy_from_slice(b"__PLANTED");
    put::<8>(&mut command, 72 + 40, planted.len());
    put::<4>(&mut command, 72 + 48, place);
    let mut bytes = file.to_vec();
    bytes.copy_within(32..end, 32 + COMMAND);
    bytes[32..32 + COMMAND].copy_from_slice(&command);
    bytes[place..place + planted.len()].copy_from_slice(planted);
    put::<4>(&mut bytes, 16, count + 1);
    put::<4>(&mut bytes, 20, length + COMMAND);
    bytes
}

/// A header behind the last one, where there is space; contents at the end.
fn pe_section(file: &[u8], planted: &[u8]) -> Vec<u8> {
    let coff = number::<4>(file, 0x3c) + 4;
    let (count, optional) = (number::<2>(file, coff + 2), number::<2>(file, coff + 16));
    let header = coff + 20 + optional + 40 * count;
    assert!(file[header..header + 40].iter().all(|&byte| byte == 0));
    let mut bytes = file.to_vec();
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    let contents = bytes.len();
    bytes.extend(planted);
    bytes.resize(contents + 512, 0);
    bytes[header..header + 5].copy_from_slice(b".mine");
    put::<4>(&mut bytes, header + 8, planted.len());
    put::<4>(&mut bytes, header + 12, 0x7000_0000);
    put::<4>(&mut bytes, header + 16, 512);
    put::<4>(&mut bytes, header + 20, contents);
    put::<4>(&mut bytes, header + 36, 0x4000_0040);
    put::<2>(&mut bytes, coff + 2, count + 1);
    bytes
}

/// Where the signature of a Mach-O file is that Go's linker has signed.
pub(super) fn signature(file: &[u8]) -> Option<Range<usize>> {
    let mut at = 32;
    for _ in 0..number::<4>(file, 16) {
        if number::<4>(file, at) == 0x1d {
            let start = number::<4>(file, at + 8);
            return Some(start..start + number::<4>(file, at + 12));
        }
        at += number::<4>(file, at + 4);
    }
    None
}

/// Signed again: the hash of every page is that of the file as it is. Anybody can do that. None where the change moved the signature.
pub(super) fn signed_again(file: &[u8]) -> Option<Vec<u8>> {
    let place = signature(file)?;
    let mut bytes = file.to_vec();
    let big = |at: usize| {
        let word = file.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_be_bytes(word)).ok()
    };
    let directory = place.start + big(place.start + 16)?;
    let (hashes, page) = (directory + big(directory + 16)?, *file.get(directory + 39)?);
    for (index, page) in file.get(..place.start)?.chunks(1 << page).enumerate() {
        let at = hashes + 32 * index;
        let hash = bytes.get_mut(at..at + 32)?;
        hash.copy_from_slice(&Sha256::digest(page));
    }
    Some(bytes)
}

fn same_length(before: &[u8], after: &[u8]) -> bool {
    before.len() == after.len() && before != after
}

fn longer(before: &[u8], after: &[u8]) -> bool {
    after.len() > before.len()
}

fn one_section_more(before: &[u8], after: &[u8]) -> bool {
    let sections = |file| Image::parse(file).unwrap().sections.len();
    sections(after) == sections(before) + 1
}

/// The same code, function by function, in another order.
fn same_functions(before: &[u8], after: &[u8]) -> bool {
    let all = |file: &[u8]| {
        let all = functions(&Binary::parse(file).unwrap()).into_iter();
        let mut all: Vec<Vec<u8>> = all.map(|range| file[range].to_vec()).collect();
        all.sort_unstable();
        all
    };
    before != after && all(before) == all(after)
}

fn info<T>(file: &[u8], ask: fn(&goassay_binary::buildinfo::BuildInfo<'_>) -> T) -> T {
    ask(Binary::parse(file).unwrap().build_info().unwrap())
}

type Texts = Vec<(String, String)>;

fn versions(info: &goassay_binary::buildinfo::BuildInfo<'_>) -> Texts {
    let modules = info.main.iter().chain(&info.deps);
    modules
        .map(|module| (module.path.to_owned(), module.version.to_owned()))
        .collect()
}

fn settings(info: &goassay_binary::buildinfo::BuildInfo<'_>) -> Texts {
    let settings = info.settings.iter();
    settings
        .map(|(key, value)| (key.to_string(), value.to_string()))
        .collect()
}

/// One version is another, and nothing else that the build information says.
fn other_version(before: &[u8], after: &[u8]) -> bool {
    let (one, other) = (info(before, versions), info(after, versions));
    let differ = one.iter().zip(&other).filter(|(one, other)| one != other);
    one.len() == other.len()
        && differ.count() == 1
        && info(before, settings) == info(after, settings)
}

/// One setting is another, and nothing else that the build information says.
fn other_setting(before: &[u8], after: &[u8]) -> bool {
    let (one, other) = (info(before, settings), info(after, settings));
    let differ = one.iter().zip(&other).filter(|(one, other)| one != other);
    one.len() == other.len()
        && differ.count() == 1
        && info(before, versions) == info(after, versions)
}

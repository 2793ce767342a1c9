//! Files that are cut off or damaged: a fact is what it was, or a gap.

use crate::fields::{Fields, fields};
use goassay_binary::container;

/// Every fixture that is an image or holds some.
fn images() -> Vec<(String, Vec<u8>)> {
    let fixtures = goassay_fixtures::all().iter();
    let images = fixtures.flat_map(|fixture| {
        let data = fixture.bytes();
        let members = container::members(&data).expect("a container that can be read");
        let named = members.iter().map(|member| {
            let part = member.name.as_deref().unwrap_or_default();
            (format!("{} {part}", fixture.name), member.data.to_vec())
        });
        named.collect::<Vec<_>>()
    });
    images.collect()
}

fn assert_no_other_fact(name: &str, at: usize, whole: &Fields, changed: &Fields) {
    for (field, fact) in changed {
        // An object that is no image any more, or a gap that stands for all fields.
        let Some(original) = whole.get(field) else {
            assert!(fact.is_err(), "{name} cut at {at}: {field} is {fact:?}");
            continue;
        };
        assert!(
            fact.is_err() || fact == original,
            "{name} cut at {at}: {field} is {fact:?}, was {original:?}"
        );
    }
}

#[test]
fn a_file_that_is_cut_off_says_nothing_else() {
    for (name, data) in images() {
        let whole = fields(&data);
        let step = data.len().div_ceil(60).max(1);
        let evenly = (0..data.len()).step_by(step);
        let in_headers = (0..data.len().min(4096)).step_by(37);
        let at_the_end = data.len().saturating_sub(3)..data.len();
        for at in evenly.chain(in_headers).chain(at_the_end) {
            assert_no_other_fact(&name, at, &whole, &fields(&data[..at]));
        }
    }
}

/// A loaded ELF image of 64 bits: one segment that is the whole file at address 0, and a dynamic table at its end.
fn elf_with_dynamic(body: &[u8], dynamic: &[(u64, u64)]) -> Vec<u8> {
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(64, 0);
    file[16..20].copy_from_slice(&[3, 0, 62, 0]);
    file[32] = 64;
    (file[54], file[56]) = (56, 2);
    let table = (64 + 2 * 56 + body.len()).next_multiple_of(8) as u64;
    let len = table + 16 * dynamic.len() as u64;
    for (kind, at) in [(1, 0), (2, table)] {
        let words = [kind | 6 << 32, at, at, at, len - at, len - at, 8];
        file.extend(words.iter().flat_map(|word: &u64| word.to_le_bytes()));
    }
    file.extend(body);
    file.resize(usize::try_from(table).expect("small"), 0);
    let words = dynamic.iter().flat_map(|&(tag, value)| [tag, value]);
    file.extend(words.flat_map(u64::to_le_bytes));
    file
}

/// Where the body of [`elf_with_dynamic`] begins.
const BODY: u64 = 64 + 2 * 56;

fn symbol(name: u32, section: u16) -> Vec<u8> {
    let mut symbol = name.to_le_bytes().to_vec();
    symbol.extend([0x10, 0]);
    symbol.extend(section.to_le_bytes());
    symbol.resize(24, 0);
    symbol
}

/// Three symbols behind the empty one (imported `a`, imported `b`, defined `c`), then their strings, then `more`.
fn with_symbols(more: &[u8], entries: &[(u64, u64)]) -> Fields {
    let mut body: Vec<u8> = [symbol(0, 0), symbol(1, 0), symbol(3, 0), symbol(5, 1)].concat();
    body.extend(b"\0a\0b\0c\0\0");
    body.extend(more);
    let mut dynamic = vec![(5, BODY + 96), (10, 8), (6, BODY), (11, 24)];
    dynamic.extend(entries);
    dynamic.push((0, 0));
    fields(&elf_with_dynamic(&body, &dynamic))
}

/// Where `more` of [`with_symbols`] begins.
const MORE: u64 = BODY + 96 + 8;
const BOTH: &str = "[[97], [98]]";

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[test]
fn imports_are_counted_by_whatever_table_there_is() {
    let imports = |more: &[u32], entries: &[(u64, u64)]| {
        with_symbols(&words(more), entries)["imports"].clone()
    };
    // DT_HASH: a bucket, four symbols.
    let hash = imports(&[1, 4, 0, 0, 0, 0, 0], &[(4, MORE)]);
    assert_eq!(hash.as_deref(), Ok(BOTH));
    // DT_GNU_HASH with one bucket and a chain to the last symbol; the first hashed one is the third, then the second,
    // which is undefined.
    for table in [[1, 3, 1, 0, 0, 0, 3, 1, 0], [1, 2, 1, 0, 0, 0, 2, 2, 1]] {
        let gnu = imports(&table, &[(0x6fff_fef5, MORE)]);
        assert_eq!(gnu.as_deref(), Ok(BOTH));
    }
    // An empty one, which counts nothing, and a relocation against the second symbol.
    let table = [1, 1, 1, 0, 0, 0, 0, 0];
    let relocation = [0, 0, 6, 2, 0, 0];
    let more: Vec<u32> = table.iter().chain(&relocation).copied().collect();
    let entries = [(0x6fff_fef5, MORE), (7, MORE + 32), (8, 24)];
    assert_eq!(imports(&more, &entries).as_deref(), Ok(BOTH));
}

#[test]
fn a_count_that_leaves_the_file_is_a_gap() {
    for entries in [
        // A hash table that is not there; one that counts too many; relocations that are not there.
        [(4, 1 << 40), (0, 0)],
        [(4, BODY), (0, 0)],
        [(7, 1 << 40), (8, 24)],
    ] {
        let found = with_symbols(&words(&[0; 8]), &entries);
        let gap_or_none = &found["imports"];
        assert!(
            gap_or_none.is_err() || gap_or_none.as_deref() == Ok("[]"),
            "{entries:x?}: {gap_or_none:?}"
        );
    }
    let many = with_symbols(&words(&[1, u32::MAX]), &[(4, MORE)]);
    assert!(many["imports"].is_err(), "{many:?}");
}

#[test]
fn a_dynamic_table_without_end_is_a_gap() {
    let found = fields(&elf_with_dynamic(&[], &[(21, 0)]));
    for field in ["dynamic", "kind"] {
        assert!(found[field].is_err(), "{field}: {:?}", found[field]);
    }
}

#[test]
fn symbols_that_share_one_long_name() {
    const COUNT: u32 = 200_000;
    let mut body = Vec::new();
    for _ in 0..COUNT {
        body.extend(symbol(1, 0));
    }
    let strings = BODY + body.len() as u64;
    body.push(0);
    body.resize(body.len() + (4 << 20), b'a');
    body.push(0);
    let len = BODY + body.len() as u64 - strings;
    let hash = BODY + body.len() as u64;
    body.extend(words(&[0, COUNT]));
    let dynamic = [(5, strings), (10, len), (6, BODY), (4, hash), (0, 0)];
    let found = fields(&elf_with_dynamic(&body, &dynamic));
    assert!(found["imports"].is_err());
    assert!(found["dynamic"].is_ok());
}

#[test]
fn notes_that_are_the_file_again_and_again() {
    const COUNT: u16 = 60_000;
    let mut file = elf_with_dynamic(&[], &[(0, 0)]);
    let table = file.len() as u64;
    file[32..40].copy_from_slice(&table.to_le_bytes());
    file[56..58].copy_from_slice(&COUNT.to_le_bytes());
    let len = table + 56 * u64::from(COUNT) + (8 << 20);
    for number in 0..COUNT {
        let kind = if number == 0 { 1 } else { 4 };
        let words: [u64; 7] = [kind | 4 << 32, 0, 0, 0, len, len, 4];
        file.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    }
    file.resize(usize::try_from(len).expect("fits"), 0);
    let found = fields(&file);
    for field in ["branch_protection", "gnu_build_id", "go_build_id"] {
        assert!(found[field].is_err(), "{field}: {:?}", found[field]);
    }
}

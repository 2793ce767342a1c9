//! Files made to cost time or memory out of proportion to their size. Each test ends at once, or not within minutes.

use goassay_binary::image::Image;
use goassay_binary::{Binary, NotGo, container};

/// A little-endian 64-bit ELF header with `programs` program headers or `sections` section headers behind it.
fn elf(kind: u16, programs: u16, sections: u16) -> Vec<u8> {
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(64, 0);
    file[16..18].copy_from_slice(&kind.to_le_bytes());
    file[18..20].copy_from_slice(&62u16.to_le_bytes());
    file[32] = 64;
    file[40] = if sections > 0 { 64 } else { 0 };
    (file[54], file[58]) = (56, 64);
    file[56..58].copy_from_slice(&programs.to_le_bytes());
    file[60..62].copy_from_slice(&sections.to_le_bytes());
    file
}

fn extend_words(file: &mut Vec<u8>, words: &[u64]) {
    file.extend(words.iter().flat_map(|word| word.to_le_bytes()));
}

#[test]
fn segments_that_are_the_file_again_and_again() {
    const COUNT: u16 = 60_000;
    let mut file = elf(2, COUNT, 0);
    for number in 0..u64::from(COUNT) {
        // PT_LOAD, read only; the whole file at another address each time.
        extend_words(
            &mut file,
            &[1 | 4 << 32, 0, number << 32, 0, 1 << 40, 1 << 40, 0],
        );
    }
    file.resize(16 << 20, 0);
    let Err(NotGo::Unreadable(gap)) = Binary::parse(&file) else {
        panic!("the segments overlap")
    };
    assert!(gap.reason.contains("overlap"), "{gap}");
}

#[test]
fn an_object_with_a_relocation_table_for_each_of_its_sections() {
    const COUNT: u16 = 60_000;
    let mut file = elf(1, 0, COUNT);
    for number in 0..u64::from(COUNT) {
        // Every second section is loaded and has a byte; the others are relocations of the one before them.
        if number % 2 == 0 {
            extend_words(&mut file, &[1 << 32, 2, 0, number, 1, 0, 0, 0]);
        } else {
            extend_words(
                &mut file,
                &[4 << 32, 0, 0, 0, 1 << 40, (number - 1) << 32, 0, 24],
            );
        }
    }
    let image = Image::parse(&file).expect("an object");
    assert_eq!(image.segments.len(), usize::from(COUNT) / 2);
    assert!(matches!(Binary::parse(&file), Err(NotGo::NoGoFound)));
}

#[test]
fn members_that_share_one_name_as_long_as_the_file() {
    const LONG: usize = 4 << 20;
    let member = |name: &str, len: usize| {
        format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{len:<10}`\n", 0, 0, 0, 644).into_bytes()
    };
    let mut file = b"!<arch>\n".to_vec();
    file.extend(member("//", LONG));
    // No UTF-8, so that each name would be copied.
    file.resize(file.len() + LONG, 0xff);
    for _ in 0..60_000 {
        file.extend(member("/0", 0));
    }
    let members = container::members(&file).expect("an archive");
    assert_eq!(members.len(), 60_000);
    assert!(
        members
            .iter()
            .all(|member| member.name.as_ref().is_some_and(|name| name.len() < 4096))
    );
    for _ in 0..60_000 {
        file.extend(member("/0", 0));
    }
    assert!(
        container::members(&file).is_err(),
        "more than are looked at"
    );
}

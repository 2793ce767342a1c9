//! Packages, read again with the readers of `archive`; other programs read them in `cargo xtask test-peers`.

use super::*;
use crate::archive::{Kind, Options, Tree, from_bytes};

const TIME: i64 = 1_760_000_001;

fn file<'a>(name: &'a str, bytes: &'a [u8], is_program: bool) -> Member<'a> {
    Member {
        name,
        bytes,
        is_program,
    }
}

fn read(bytes: Vec<u8>) -> Tree {
    from_bytes(bytes, &Options::default()).unwrap()
}

#[test]
fn archives_say_names_modes_times_and_contents_and_nothing_else() {
    let long = format!("sub/{}", "n".repeat(200));
    let text = b"text ".repeat(300);
    let members = [
        file("server", &[7; 5000], true),
        file("README.md", &text, false),
        file(&long, b"", false),
        file("caf\u{e9}", b"1", false),
    ];
    let mut shuffled = members;
    shuffled.reverse();
    for format in [Format::TarGz, Format::TarZst, Format::Zip] {
        let made = archive(format, &members, TIME).unwrap();
        assert!(
            made == archive(format, &shuffled, TIME).unwrap(),
            "{format:?}"
        );
        let tree = read(made);
        let seen: Vec<_> = tree
            .entries
            .iter()
            .map(|entry| {
                let contents = tree.contents(entry).unwrap();
                (
                    entry.name.as_str(),
                    entry.kind.clone(),
                    entry.mode,
                    entry.mtime,
                    contents,
                )
            })
            .collect();
        let mut want: Vec<_> = members
            .iter()
            .map(|member| {
                let mode = if member.is_program { 0o755 } else { 0o644 };
                (
                    member.name,
                    Kind::File,
                    Some(mode),
                    Some(TIME),
                    member.bytes.to_vec(),
                )
            })
            .collect();
        want.sort_by_key(|entry| entry.0);
        assert_eq!(seen, want, "{format:?}");
        for entry in &tree.entries {
            assert!(!format!("{:?}", entry.facts).contains("root"), "{entry:?}");
        }
    }
}

#[test]
fn times_that_a_header_cannot_have() {
    for (time, tar, zip) in [
        (-5, 0, 315_532_800),
        (0, 0, 0),
        (i64::MAX, 0o777_7777_7777, 4_354_819_198),
    ] {
        let one = [file("a", b"1", false)];
        let of = |format| read(archive(format, &one, time).unwrap()).entries[0].mtime;
        assert_eq!(of(Format::TarGz), Some(tar), "{time}");
        let by_zip = of(Format::Zip);
        assert!(
            [Some(zip), Some(time)].contains(&by_zip),
            "{time} {by_zip:?}"
        );
    }
}

#[test]
fn gzip_has_no_name_no_time_and_no_system() {
    let made = archive(Format::TarGz, &[file("a", b"1", false)], TIME).unwrap();
    assert_eq!(made[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]);
}

#[test]
fn no_member_leads_elsewhere_or_is_there_twice() {
    for name in [
        "", "/a", "../a", "a/../b", "a/", "./a", "a//b", "a\\b", "a\nb", "a\x1b[1m", "C:a", "a:b",
        "a.", "a ", "a./b",
    ] {
        let refused = archive(Format::Zip, &[file(name, b"", false)], TIME);
        assert!(matches!(refused, Err(Error::Name(_))), "{name:?}");
    }
    let twice = [file("readme", b"", true), file("README", b"", false)];
    let refused = archive(Format::TarGz, &twice, TIME);
    assert!(matches!(refused, Err(Error::Twice(_))));
    let long = "n".repeat(256);
    assert!(archive(Format::TarGz, &[file(&long, b"", false)], TIME).is_err());
}

#[test]
fn names_of_packages() {
    let of = |program, version, target| stem(program, version, &Target::parse(target).unwrap());
    for (program, version, target, want) in [
        (
            "server",
            "v1.2.3",
            "linux/amd64",
            "server_v1.2.3_linux_amd64",
        ),
        (
            "windows-amd64/a.exe",
            "(devel)",
            "windows/amd64/v3",
            "a_devel_windows_amd64_v3",
        ),
        (
            "a",
            "",
            "linux/arm64/v8.2,lse",
            "a_devel_linux_arm64_v8.2_lse",
        ),
        (
            "a\x1b",
            "v1.0.0+dirty/../x y",
            "linux/arm",
            "a-_v1.0.0+dirty-..-x-y_linux_arm",
        ),
    ] {
        assert_eq!(of(program, version, target), want);
    }
}

//! Each format gives the same tree, and hostile archives are errors.

use super::testing::{Member, ar, tar, tar_gz, zip};
use super::*;

fn members() -> Vec<Member> {
    let mut members = vec![
        Member::new("go/VERSION", b"go1.99\n"),
        Member::new("go/bin/go", b"\x7fELF"),
        Member::new("go/link", b"bin/go"),
    ];
    members[1].mode = 0o100_755;
    members[2].mode = 0o120_777;
    members
}

fn read(bytes: Vec<u8>) -> Result<Tree, Error> {
    from_bytes(bytes, &Options::default())
}

/// Name, kind, mode and length of each entry.
fn shape(tree: &Tree) -> Vec<String> {
    let line = |e: &Entry| {
        format!(
            "{} {:?} {:o} {}",
            e.name,
            e.kind,
            e.mode.unwrap(),
            e.sum.length
        )
    };
    tree.entries.iter().map(line).collect()
}

const SHAPE: [&str; 3] = [
    "go/VERSION File 644 7",
    "go/bin/go File 755 4",
    "go/link Symlink(\"bin/go\") 777 0",
];

#[test]
fn zip_tar_and_debian_packages_are_one_tree() {
    let plain = tar(&members());
    let xz = include_bytes!("testdata/tree.tar.xz").to_vec();
    let zst = include_bytes!("testdata/tree.tar.zst").to_vec();
    let gz = tar_gz(&members());
    let deb = ar(&[
        ("debian-binary", b"2.0\n"),
        ("control.tar", b"x"),
        ("data.tar.gz", &gz),
    ]);
    for (what, bytes, format) in [
        ("zip", zip(&members()), Format::Zip),
        ("tar", plain.clone(), Format::Tar),
        ("gz", gz.clone(), Format::Tar),
        ("xz", xz, Format::Tar),
        ("zst", zst, Format::Tar),
        ("deb", deb, Format::Deb),
    ] {
        let tree = read(bytes).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(shape(&tree), SHAPE, "{what}");
        assert_eq!(tree.format, format);
        assert_eq!(tree.entries[0].mtime, Some(1_700_000_000));
        assert_eq!(tree.contents(&tree.entries[1]).unwrap(), b"\x7fELF");
    }
    assert_eq!(
        read(plain).unwrap().h1(),
        read(zip(&members())).unwrap().h1()
    );
}

#[test]
fn a_folder_is_a_tree_with_or_without_its_links() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("go/bin")).unwrap();
    std::fs::write(dir.path().join("go/VERSION"), "go1.99\n").unwrap();
    let names = |tree: Tree| -> Vec<String> {
        let line = |e: &Entry| format!("{} {}", e.name, e.kind.name());
        tree.entries.iter().map(line).collect()
    };
    assert_eq!(
        names(open(dir.path(), &Options::default()).unwrap()),
        ["go directory", "go/VERSION file", "go/bin directory"]
    );
    #[cfg(unix)]
    {
        let link =
            |to: &str, name: &str| std::os::unix::fs::symlink(to, dir.path().join(name)).unwrap();
        link("go", "same");
        let follow = Options {
            follow: true,
            ..Options::default()
        };
        let tree = open(dir.path(), &follow).unwrap();
        assert_eq!(tree.find("same/VERSION").unwrap().sum, Sum::of(b"go1.99\n"));
        link("..", "go/up");
        assert!(matches!(open(dir.path(), &follow), Err(Error::Circle(_))));
        assert!(open(dir.path(), &Options::default()).is_ok());
    }
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for name in ["../x", "/etc/passwd", "a/../../x", "a\\x", "a\nb"] {
        let members = [Member::new(name, b"")];
        assert!(
            matches!(read(zip(&members)), Err(Error::Name(_))),
            "{name:?}"
        );
        assert!(
            matches!(read(tar(&members)), Err(Error::Name(_))),
            "{name:?}"
        );
    }
}

#[test]
fn more_than_the_limits_is_refused_before_it_is_kept() {
    let members = [Member::new("a", &vec![0; 1 << 20]), Member::new("b", b"")];
    for limits in [
        Limits {
            bytes: 1000,
            entries: 9,
        },
        Limits {
            bytes: 4 << 20,
            entries: 1,
        },
    ] {
        let options = Options {
            limits,
            ..Options::default()
        };
        for bytes in [zip(&members), tar_gz(&members)] {
            let result = from_bytes(bytes, &options);
            assert!(matches!(result, Err(Error::TooLarge)), "{result:?}");
        }
    }
}

#[test]
fn a_bomb_that_lies_about_its_length_is_damaged() {
    let mut bytes = zip(&[Member::new("a", &vec![0; 1 << 20])]);
    // Lengths in the descriptor and in the directory.
    let real = (1u32 << 20).to_le_bytes();
    while let Some(at) = bytes.windows(4).position(|word| word == real) {
        bytes[at..at + 4].copy_from_slice(&10u32.to_le_bytes());
    }
    assert!(matches!(read(bytes), Err(Error::Damaged(_))));
}

#[test]
fn overlapping_members_are_damaged() {
    let mut bytes = zip(&[Member::new("a", b"one"), Member::new("b", b"two")]);
    let second = bytes
        .windows(4)
        .rposition(|word| word == b"PK\x01\x02")
        .unwrap();
    bytes[second + 46] = b'a';
    bytes[second + 42..second + 46].fill(0);
    assert!(matches!(read(bytes), Err(Error::Damaged(_))));
}

#[test]
fn cut_archives_are_errors_and_no_panics() {
    for whole in [zip(&members()), tar(&members()), tar_gz(&members())] {
        for length in 0..whole.len().min(2000) {
            assert!(read(whole[..length].to_vec()).is_err(), "{length}");
        }
    }
}

#[test]
fn twins_are_seen() {
    let mut twins = members();
    twins.push(Member::new("go/VERSION", b"evil"));
    twins.push(Member::new("go/version", b""));
    for bytes in [zip(&twins), tar(&twins)] {
        let tree = read(bytes).unwrap();
        assert_eq!(tree.shared_names(false), ["go/VERSION"]);
        assert_eq!(tree.shared_names(true), ["go/VERSION", "go/version"]);
        assert_eq!(tree.h1(), None);
    }
}

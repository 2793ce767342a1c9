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

/// Name, kind and length of each entry below a folder, which is cut off, in order of names.
fn below(tree: &Tree, folder: &str) -> Vec<String> {
    let mut lines: Vec<String> = tree
        .entries
        .iter()
        .filter_map(|e| {
            let name = e.name.strip_prefix(folder)?.trim_start_matches('/');
            let mode = e.mode.map_or("-".to_owned(), |mode| format!("{mode:o}"));
            Some(format!("{name} {:?} {mode} {}", e.kind, e.sum.length))
        })
        .collect();
    lines.sort();
    lines
}

const PACKAGED: [&str; 7] = [
    " Directory 755 0",
    "VERSION File 644 7",
    "bin Directory 755 0",
    "bin/go File 755 4",
    "link Symlink(\"bin/go\") 777 0",
    "src Directory 755 0",
    "src/q.go File 644 10",
];

#[test]
fn rpm_packages_are_trees_whose_contents_have_the_hashes_of_their_headers() {
    let mut want = PACKAGED.map(str::to_owned).to_vec();
    want.push("src/p.go Hardlink(\"usr/lib/go/src/q.go\") 644 0".to_owned());
    want.sort();
    for (compression, bytes) in [
        ("gzip", &include_bytes!("testdata/synthetic-gz.rpm")[..]),
        ("xz", include_bytes!("testdata/synthetic-xz.rpm")),
        ("zstd", include_bytes!("testdata/synthetic-zst.rpm")),
    ] {
        let tree = read(bytes.to_vec()).unwrap_or_else(|error| panic!("{compression}: {error}"));
        assert_eq!(below(&tree, "usr/lib/go"), want, "{compression}");
        assert_eq!(tree.format, Format::Rpm);
        let about = ["compression", "name", "version", "release"].map(|name| &*tree.facts[name]);
        assert_eq!(about, [compression, "go-synthetic", "1.99", "1"]);
        assert!(!tree.facts.values().any(|fact| fact.contains("not checked")));
        let go = tree.find("usr/lib/go/bin/go").unwrap();
        assert_eq!(
            (go.mtime, &*go.facts["user"]),
            (Some(1_700_000_000), "root")
        );
        assert_eq!(tree.contents(go).unwrap(), b"\x7fELF");
        every_byte_counts(bytes);
    }
}

#[test]
fn alpine_packages_are_trees_whose_data_have_the_hash_of_their_control_file() {
    let bytes = include_bytes!("testdata/synthetic.apk");
    let tree = read(bytes.to_vec()).unwrap();
    let mut want = PACKAGED.map(str::to_owned).to_vec();
    want.retain(|line| !line.starts_with("src/q.go"));
    want.push("src/p.go File 644 10".to_owned());
    want.push("src/q.go Hardlink(\"usr/lib/go/src/p.go\") 644 0".to_owned());
    want.sort();
    assert_eq!(below(&tree, "usr/lib/go"), want);
    assert_eq!(tree.format, Format::Apk);
    let about = ["name", "version", "architecture"].map(|name| &*tree.facts[name]);
    assert_eq!(about, ["go-synthetic", "1.99-r0", "noarch"]);
    assert!(!tree.facts.contains_key("hash of the data"));
    every_byte_counts(bytes);
    // Other data with a right CRC-32 behind the same control archive.
    let at = bytes
        .windows(3)
        .rposition(|magic| magic == [0x1f, 0x8b, 8])
        .unwrap();
    let other = [&bytes[..at], &tar_gz(&members())].concat();
    assert!(matches!(read(other), Err(Error::Damaged(why)) if why.contains("SHA-256")));
}

#[test]
fn layers_of_an_image_are_laid_over_each_other() {
    for (what, bytes) in [
        ("layout", &include_bytes!("testdata/synthetic-oci.tar")[..]),
        ("zstd", include_bytes!("testdata/synthetic-oci-zstd.tar")),
        (
            "docker save",
            include_bytes!("testdata/synthetic-docker.tar"),
        ),
    ] {
        let tree = read(bytes.to_vec()).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(
            below(&tree, "usr/lib"),
            [
                " Directory 755 0",
                "go Directory 755 0",
                "go/README File 644 15",
                "go/VERSION File 644 9",
                "go/bin Directory 755 0",
                "go/bin/go File 755 4",
                "go/src Directory 755 0",
                "go/src/r.go File 644 10",
            ],
            "{what}"
        );
        assert_eq!(tree.format, Format::Image);
        assert_eq!(
            (&*tree.facts["platform"], &*tree.facts["layers"]),
            ("linux/amd64", "3")
        );
        let version = tree.find("usr/lib/go/VERSION").unwrap();
        assert_eq!(tree.contents(version).unwrap(), b"go1.99.1\n");
        every_byte_counts(bytes);
    }
}

#[test]
fn an_image_lies_in_a_folder_too_and_for_several_platforms_one_is_chosen() {
    let bytes = include_bytes!("testdata/synthetic-oci.tar");
    let whole = read(bytes.to_vec()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let blobs = dir.path().join("blobs/sha256");
    std::fs::create_dir_all(&blobs).unwrap();
    let plain = Input::memory(bytes[..].into());
    let options = Options::default();
    let layout = tar::read_plain(plain, Facts::new(), &options, tar::End::Needed).unwrap();
    for entry in layout
        .entries
        .iter()
        .filter(|entry| entry.kind == Kind::File)
    {
        std::fs::write(
            dir.path().join(&entry.name),
            layout.contents(entry).unwrap(),
        )
        .unwrap();
    }
    let tree = open(dir.path(), &options).unwrap();
    let shown = |tree: &Tree| (shape(tree), tree.facts["manifest"].clone());
    assert_eq!(shown(&tree), shown(&whole));
    let go = tree.find("usr/lib/go/bin/go").unwrap();
    assert_eq!(tree.contents(go).unwrap(), b"\x7fELF");

    let index = std::fs::read_to_string(dir.path().join("index.json")).unwrap();
    let start = index.find("[{").unwrap() + 1;
    let one = &index[start..index.rfind(']').unwrap()];
    let on = |arch: &str| {
        let platform = format!(
            "{{\"platform\":{{\"os\":\"linux\",\"architecture\":\"{arch}\",\"variant\":\"v8\"}},"
        );
        one.replacen('{', &platform, 1)
    };
    let unknown = one.replacen(
        '{',
        "{\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"},",
        1,
    );
    let list = format!(
        "{{\"manifests\":[{},{},{unknown}]}}",
        on("amd64"),
        on("arm64")
    );
    std::fs::write(dir.path().join("index.json"), list).unwrap();
    let chosen = |platform| {
        open(
            dir.path(),
            &Options {
                platform,
                ..options
            },
        )
        .map(|t| t.facts["platform"].clone())
    };
    assert_eq!(chosen(Some("linux/arm64")).unwrap(), "linux/arm64/v8");
    for none_or_two in [
        None,
        Some("linux"),
        Some("linux/arm"),
        Some("linux/riscv64"),
    ] {
        let Err(Error::Platform(all)) = chosen(none_or_two) else {
            panic!("{none_or_two:?}");
        };
        assert_eq!(all, ["linux/amd64/v8", "linux/arm64/v8"]);
    }
}

#[test]
fn an_image_that_says_it_is_none_is_one() {
    let hidden = testing::image_with(&members(), "application/vnd.oci.empty.v1+json");
    let tree = read(hidden).unwrap();
    assert_eq!(tree.facts["platform"], "linux/amd64");
}

#[test]
fn layers_that_lead_elsewhere_are_refused() {
    let layer = |members: &[(&str, u32, &[u8])]| {
        let member = |&(name, mode, data): &(&str, u32, &[u8])| Member {
            mode,
            ..Member::new(name, data)
        };
        read(tar(&members.iter().map(member).collect::<Vec<_>>()))
            .unwrap()
            .entries
    };
    let laid = |layers: &[Vec<Entry>]| {
        let mut overlay = overlay::Overlay::default();
        for (number, layer) in layers.iter().enumerate() {
            overlay.add(number, layer.clone(), &mut Facts::new())?;
        }
        Ok::<_, Error>(
            overlay
                .entries()
                .into_iter()
                .map(|entry| entry.name)
                .collect::<Vec<_>>(),
        )
    };
    const LINK: u32 = 0o120_777;
    const FILE: u32 = 0o100_644;
    let base = layer(&[
        ("a/b", FILE, b"1"),
        ("a0", FILE, b""),
        ("up", LINK, b"../../a"),
        ("round", LINK, b"round/x"),
    ]);
    let over = |name: &str| laid(&[base.clone(), layer(&[(name, FILE, b"2")])]);
    assert_eq!(over("up/c").unwrap(), ["a/b", "a/c", "a0", "round", "up"]);
    assert_eq!(over("a").unwrap(), ["a", "a0", "round", "up"]);
    assert_eq!(over(".wh.a").unwrap(), ["a0", "round", "up"]);
    assert_eq!(over("up/.wh..wh..opq").unwrap(), ["a0", "round", "up"]);
    assert_eq!(over(".wh..wh..opq").unwrap(), [""; 0]);
    assert_eq!(over("up/.wh.b").unwrap(), ["a0", "round", "up"]);
    for bad in ["round/c", "a0/c", ".wh...", ".wh."] {
        assert!(
            matches!(over(bad), Err(Error::Damaged(_))),
            "{bad}: {:?}",
            over(bad)
        );
    }
    let deep = "d/".repeat(300) + "x";
    assert!(over(&format!("{}x", &deep[..90])).is_ok());
    let deep = Entry {
        name: deep,
        ..base[0].clone()
    };
    assert!(laid(&[vec![deep]]).is_err());
}

#[test]
fn installer_packages_of_macos_are_the_trees_of_their_payloads() {
    for (sum, bytes) in [
        ("sha1", &include_bytes!("testdata/synthetic-sha1.pkg")[..]),
        ("md5", include_bytes!("testdata/synthetic-md5.pkg")),
    ] {
        let tree = read(bytes.to_vec()).unwrap_or_else(|error| panic!("{sum}: {error}"));
        let mut want = PACKAGED.map(str::to_owned).to_vec();
        want.push("src/p.go File 644 10".to_owned());
        want.sort();
        assert_eq!(below(&tree, "usr/local/go"), want, "{sum}");
        assert_eq!(tree.format, Format::Pkg);
        let go = tree.find("usr/local/go/bin/go").unwrap();
        assert_eq!(tree.contents(go).unwrap(), b"\x7fELF");
        let unchecked = tree
            .facts
            .keys()
            .filter(|name| name.starts_with("checksum of"));
        assert_eq!(
            unchecked.count(),
            if sum == "md5" { 4 } else { 0 },
            "{:#?}",
            tree.facts
        );
        every_byte_counts(bytes);
    }
}

#[test]
fn installer_packages_of_windows_are_what_they_install() {
    let bytes = include_bytes!("testdata/synthetic.msi");
    let tree = read(bytes.to_vec()).unwrap();
    assert_eq!(
        below(&tree, "PFiles/Go"),
        [
            "VERSION File - 7",
            "a folder with a long name/a file with a long name.go File - 10",
            "a folder with a long name/empty File - 0",
            "bin/go File - 4",
        ]
    );
    assert_eq!((tree.format, tree.entries.len()), (Format::Msi, 4));
    let go = tree.find("PFiles/Go/bin/go").unwrap();
    assert_eq!(
        (tree.contents(go).unwrap().as_slice(), go.mtime),
        (&b"\x7fELF"[..], Some(1_700_000_000))
    );
    every_byte_counts(bytes);
}

/// No byte can be changed without an error or another tree, nor can the end be cut off: tried at up to 600 places.
fn every_byte_counts(bytes: &[u8]) {
    let whole = read(bytes.to_vec()).unwrap();
    let same = |bytes: Vec<u8>| {
        read(bytes).is_ok_and(|tree| tree.entries == whole.entries && tree.facts == whole.facts)
    };
    for at in (0..bytes.len()).step_by(bytes.len() / 600 + 1) {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1;
        assert!(!same(changed), "byte {at} of {}", bytes.len());
        if at % 8 == 0 {
            assert!(
                !same(bytes[..at].to_vec()),
                "cut to {at} of {}",
                bytes.len()
            );
        }
    }
}

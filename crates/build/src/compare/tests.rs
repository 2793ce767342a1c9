//! No false pass: posted archives with one thing changed, each way, never count as the rebuilt ones.

use super::*;
use crate::archive::testing::{Member, apk, image, pkg, rpm, tar_gz, time, zip};
use crate::normalize::apple::testing::{LINKER, PUBLISHER, macho};

/// What is rebuilt, and what is posted: signed by the publisher, with doubled extra fields.
fn toolchain(posted: bool) -> Vec<Member> {
    let signer = if posted { &PUBLISHER } else { &LINKER };
    let mut members = vec![
        Member::new("go/VERSION", b"go1.99\n"),
        Member::new("go/bin/go", &macho(1, signer)),
        Member::new("go/bin/gofmt", &macho(2, signer)),
    ];
    for index in 0..9 {
        let text = format!("package p{index}\n\nfunc F() int {{ return {index} }}\n");
        members.push(Member::new(
            &format!("go/src/p{index}/x.go"),
            text.as_bytes(),
        ));
    }
    for member in &mut members {
        if member.name.contains("/bin/") {
            member.mode = 0o100_755;
        }
        if posted {
            member.extra = member.extra.repeat(2);
        }
    }
    members
}

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

type Pack = fn(&[Member]) -> Vec<u8>;

/// A change of members, or of the finished archive; the names say what.
const MUTATIONS: [(&str, Change); 20] = [
    (
        "a byte of a binary",
        Change::Members(|m, n| flip(&mut m[1].data, n.below(0x2340))),
    ),
    (
        "a byte of a source file",
        Change::Members(|m, n| {
            let at = source(n);
            let length = m[at].data.len();
            flip(&mut m[at].data, n.below(length));
        }),
    ),
    (
        "a mode",
        Change::Members(|m, n| m[n.below(12)].mode ^= 0o111),
    ),
    (
        "a set-user-ID bit",
        Change::Members(|m, _| m[1].mode |= 0o4000),
    ),
    (
        "an added file",
        Change::Members(|m, n| m.insert(n.below(12), added("go/src/p0/y.go"))),
    ),
    (
        "an added file at the end",
        Change::Members(|m, _| m.push(added("go/zzz"))),
    ),
    (
        "a removed file",
        Change::Members(|m, n| _ = m.remove(n.below(12))),
    ),
    (
        "two entries in another order",
        Change::Members(|m, n| {
            let at = n.below(11);
            m.swap(at, at + 1);
        }),
    ),
    (
        "swapped signatures",
        Change::Members(|m, _| {
            let (left, right) = m.split_at_mut(2);
            left[1].data[0x2340..].swap_with_slice(&mut right[0].data[0x2340..]);
        }),
    ),
    (
        "swapped contents",
        Change::Members(|m, _| {
            let (left, right) = m.split_at_mut(2);
            std::mem::swap(&mut left[1].data, &mut right[0].data);
        }),
    ),
    (
        "a byte of a code directory",
        Change::Members(|m, n| flip(&mut m[1].data, 0x2340 + 36 + n.below(200))),
    ),
    (
        "a byte behind the signature",
        Change::Members(|m, n| {
            let end = m[1].data.len();
            flip(&mut m[1].data, end - 1 - n.below(60));
        }),
    ),
    (
        "a time",
        Change::Members(|m, n| {
            let member = &mut m[n.below(12)];
            member.mtime += 2;
            member.extra = time(member.mtime).repeat(2);
        }),
    ),
    (
        "an extra field",
        Change::Members(|m, n| m[n.below(12)].extra.extend(b"xx\x01\x00y")),
    ),
    (
        "a duplicate name",
        Change::Members(|m, n| {
            let twin = Member {
                data: b"other".to_vec(),
                ..m[n.below(12)].clone()
            };
            m.insert(n.below(12), twin);
        }),
    ),
    (
        "a link instead of a file",
        Change::Members(|m, n| {
            let member = &mut m[source(n)];
            (member.mode, member.data) = (0o120_644, b"../VERSION".to_vec());
        }),
    ),
    (
        "a name",
        Change::Members(|m, n| m[source(n)].name.push('x')),
    ),
    (
        "bytes between entries",
        Change::Members(|m, n| m[n.below(12)].gap = b"hidden".to_vec()),
    ),
    (
        "a comment",
        Change::Members(|m, n| m[n.below(12)].comment = b"18 comment=hidden\n".to_vec()),
    ),
    (
        "a byte of the archive",
        Change::Archive(|bytes, n| {
            let at = n.below(bytes.len());
            flip(bytes, at);
        }),
    ),
];

enum Change {
    Members(fn(&mut Vec<Member>, &mut Numbers)),
    Archive(fn(&mut Vec<u8>, &mut Numbers)),
}

fn flip(bytes: &mut [u8], at: usize) {
    bytes[at] ^= 1;
}

fn source(numbers: &mut Numbers) -> usize {
    3 + numbers.below(9)
}

fn added(name: &str) -> Member {
    Member::new(name, b"package p0\n")
}

/// The posted archive with one thing changed.
fn mutated(change: &Change, numbers: &mut Numbers, pack: Pack) -> Vec<u8> {
    let mut members = toolchain(true);
    match change {
        Change::Members(change) => {
            change(&mut members, numbers);
            pack(&members)
        }
        Change::Archive(change) => {
            let mut bytes = pack(&members);
            change(&mut bytes, numbers);
            bytes
        }
    }
}

struct World(tempfile::TempDir);

impl World {
    fn compare(&self, posted: &[u8], rebuilt: &[u8], gate: bool) -> Comparison {
        let [one, other] = ["posted", "rebuilt"].map(|name| self.0.path().join(name));
        std::fs::write(&one, posted).unwrap();
        std::fs::write(&other, rebuilt).unwrap();
        let options = Options {
            gate,
            ..Options::default()
        };
        files(&one, &other, &options).unwrap()
    }
}

#[test]
fn no_mutation_of_what_was_posted_passes() {
    let world = World(tempfile::tempdir().unwrap());
    let mut numbers = Numbers(0x5eed_5eed);
    let formats: [(&str, Pack); 2] = [("zip", zip), ("tar.gz", tar_gz)];
    let mut tried = 0;
    for (format, pack) in formats {
        let rebuilt = pack(&toolchain(false));
        let unchanged = pack(&toolchain(true));
        for (what, change) in &MUTATIONS {
            // What a tar archive does not have cannot be changed in it.
            let only_zip = ["an extra field", "bytes between entries"].contains(what);
            for round in 0..10 {
                let posted = mutated(change, &mut numbers, pack);
                if posted == unchanged {
                    assert!(only_zip && format != "zip", "{what} changes nothing");
                    continue;
                }
                tried += 1;
                for gate in [true, false] {
                    let found = world.compare(&posted, &rebuilt, gate);
                    assert!(
                        !found.verdict.is_pass(),
                        "{format}, {what}, round {round}, gate {gate}: {found:#?}"
                    );
                }
            }
        }
    }
    assert_eq!(tried, 380);
}

/// Without signatures there are no normalisations to hide behind: the same archive but for one change.
#[test]
fn no_mutation_passes_where_nothing_is_normalised() {
    let world = World(tempfile::tempdir().unwrap());
    let mut numbers = Numbers(0xfeed_5eed);
    let mut tried = 0;
    for (format, pack) in [
        ("zip", zip as Pack),
        ("tar.gz", tar_gz),
        ("rpm", rpm),
        ("apk", apk),
        ("image", image),
        ("pkg", pkg),
    ] {
        let rebuilt = pack(&toolchain(true));
        let same = world.compare(&rebuilt, &rebuilt, false);
        assert_eq!(same.verdict, Verdict::Identical, "{format}");
        for (what, change) in &MUTATIONS {
            for _ in 0..5 {
                let posted = mutated(change, &mut numbers, pack);
                if posted == rebuilt {
                    continue;
                }
                tried += 1;
                for gate in [true, false] {
                    let found = world.compare(&posted, &rebuilt, gate);
                    assert!(
                        !found.verdict.is_pass(),
                        "{format}, {what}, gate {gate}: {found:#?}"
                    );
                }
            }
        }
    }
    // Two mutations change nothing where there is no zip.
    assert_eq!(tried, 5 * (20 + 5 * 18));
}

#[test]
fn what_was_posted_passes_as_it_is() {
    let world = World(tempfile::tempdir().unwrap());
    let (posted, rebuilt) = (toolchain(true), toolchain(false));
    let found = world.compare(&zip(&posted), &zip(&rebuilt), true);
    let Verdict::IdenticalAfter(applied) = &found.verdict else {
        panic!("{found:#?}");
    };
    let counts: Vec<_> = applied.iter().map(|a| (a.normalization, a.count)).collect();
    assert_eq!(
        counts,
        [("apple-signature-removed", 2), ("zip-extra-doubled", 12)]
    );
    assert!(applied[0].entries[0].posted.contains("team TEAM"));
    assert_eq!(found.gaps.len(), 1, "{:?}", found.gaps);
    assert_ne!(found.posted.h1, found.rebuilt.h1);
    for gate in [true, false] {
        let same = world.compare(&zip(&posted), &zip(&posted), gate);
        assert_eq!(same.verdict, Verdict::Identical);
        assert!(same.posted.h1.is_some() && same.posted.h1 == same.rebuilt.h1);
    }
    let found = world.compare(&tar_gz(&posted), &tar_gz(&rebuilt), true);
    assert!(
        matches!(found.verdict, Verdict::IdenticalAfter(_)),
        "{found:#?}"
    );
}

#[test]
fn other_bytes_that_no_entry_has_are_no_pass() {
    let world = World(tempfile::tempdir().unwrap());
    let members = toolchain(false);
    let found = world.compare(&zip(&members), &tar_gz(&members), true);
    assert!(!found.verdict.is_pass());
    let found = world.compare(b"a text\n", b"another\n", true);
    let Verdict::Different(differences) = &found.verdict else {
        panic!("{found:#?}");
    };
    let What::Contents(differ) = &differences.list[0].what else {
        panic!("{differences:#?}");
    };
    assert_eq!(differ.diagnosis.in_words(), ["-a text", "+another"]);
}

#[test]
fn go_binaries_that_differ_are_told_apart_by_what_they_are() {
    let one = goassay_fixtures::bytes("elf-amd64-go1.21");
    let mut other = one.clone();
    let binary = goassay_binary::Binary::parse(&one).unwrap();
    let mut place = None;
    binary.each_function(|listed| {
        if listed.name == b"main.main" {
            place = listed.code.and_then(|code| code.address);
        }
    });
    let image = binary.image();
    let address = place.unwrap();
    let segment = image.segment_at(address).unwrap();
    let at = usize::try_from(address.0 - segment.address.0 + segment.offset.0).unwrap();
    flip(&mut other, at + 8);
    let found = diagnose(&one, &other);
    assert_eq!((found.bytes, found.offset), (1, at as u64 + 8));
    let function = found.function.unwrap();
    assert_eq!(function.posted.as_deref(), Some("main.main"));
    assert_eq!(function.count, 1);
    assert_eq!(found.build_info, None);
    let newer = goassay_fixtures::bytes("elf-amd64-go1.25");
    let (left, right) = diagnose(&one, &newer).build_info.unwrap();
    assert!(
        left.starts_with("go1.21") && right.starts_with("go1.25"),
        "{left} {right}"
    );
}

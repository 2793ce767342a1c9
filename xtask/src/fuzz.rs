//! `cargo xtask fuzz`: seeds, and runs of all fuzz targets with cargo-fuzz.
//!
//! The corpus is made here from fixtures and miniatures and is not committed; what a run finds is kept by hand below
//! `fuzz/regressions/<target>/` and runs as an ordinary test from then on.

use crate::run::{Context, Outcome, sha256, work, workspace, write};
use goassay_binary::Binary;
use goassay_fixtures::miniature::Miniature;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

#[path = "../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "it is the library of the fuzz crate")]
#[cfg_attr(not(test), expect(dead_code, reason = "only the fuzzer prepares"))]
mod targets;

/// Bytes of a fixture that make a seed: headers of all formats, and small enough for a fuzzer.
const HEAD: usize = 8192;

/// `fuzz [--seconds N] [TARGET]…`: runs the targets one after the other.
pub(crate) fn main(args: &[String]) -> Outcome {
    let (seconds, names) = match args.split_first() {
        Some((flag, rest)) if flag == "--seconds" => {
            let (seconds, names) = rest.split_first().ok_or("--seconds needs a number")?;
            (seconds.parse::<u32>().context("--seconds")?, names)
        }
        _ => (10, args),
    };
    seeds(&[])?;
    let known: Vec<&str> = targets::TARGETS.iter().map(|(name, _)| *name).collect();
    if let Some(unknown) = names.iter().find(|n| !known.contains(&n.as_str())) {
        return Err(format!("no target is named {unknown}"));
    }
    let wanted: Vec<&str> = known
        .into_iter()
        .filter(|n| names.is_empty() || names.iter().any(|w| w == n))
        .collect();
    let mut failed = Vec::new();
    for name in &wanted {
        let good = run(name, seconds)?;
        println!("fuzz target {name}: {}", if good { "ok" } else { "FAILED" });
        if !good {
            failed.push(*name);
        }
    }
    println!(
        "\n{} passed, {} failed",
        wanted.len() - failed.len(),
        failed.len()
    );
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("failed: {}", failed.join(", ")))
    }
}

/// Runs one target; says whether nothing was found.
fn run(name: &str, seconds: u32) -> Outcome<bool> {
    let mut command = Command::new("cargo");
    // The pinned toolchain is a stable one; the sanitizers need what this allows.
    command
        .env("RUSTC_BOOTSTRAP", "1")
        .args(["fuzz", "run", "--fuzz-dir"])
        .arg(workspace().join("fuzz"));
    command
        .arg("--target-dir")
        .arg(work().join("fuzz"))
        .arg(name)
        .arg("--");
    command.arg(format!("-max_total_time={seconds}")).args([
        "-timeout=5",
        "-rss_limit_mb=2048",
        "-verbosity=0",
    ]);
    let status = command
        .current_dir(workspace())
        .status()
        .context("cargo fuzz")?;
    Ok(status.success())
}

/// `fuzz-seeds`: writes `fuzz/corpus/<target>/`.
pub(crate) fn seeds(_: &[String]) -> Outcome {
    for (target, seeds) in all_seeds() {
        for seed in seeds {
            let name = &sha256(&seed)[..16];
            write(&corpus().join(target).join(name), seed)?;
        }
    }
    Ok(())
}

fn corpus() -> PathBuf {
    workspace().join("fuzz/corpus")
}

fn all_seeds() -> BTreeMap<&'static str, Vec<Vec<u8>>> {
    let miniatures: Vec<Vec<u8>> = [18, 20, 26, 27]
        .into_iter()
        .flat_map(|minor| {
            [(false, false), (false, true), (true, false), (true, true)].map(|shape| (minor, shape))
        })
        .map(|(minor, (big_endian, wide))| {
            Miniature {
                big_endian,
                wide,
                minor,
                ..Miniature::default()
            }
            .build()
        })
        .collect();
    let heads = goassay_fixtures::all().iter().map(|f| {
        let mut bytes = f.bytes();
        bytes.truncate(HEAD);
        bytes
    });
    let lines = goassay_fixtures::all()
        .iter()
        .filter_map(goassay_fixtures::Fixture::modinfo);
    let patches = |count: u8, len: u8| -> Vec<Vec<u8>> {
        (0..count)
            .map(|which| {
                (0..len)
                    .map(|i| if i == 0 { which } else { i.wrapping_mul(37) })
                    .collect()
            })
            .collect()
    };
    BTreeMap::from([
        ("archives", archive_seeds()),
        ("audit", targets::structure_edits()),
        ("audit_miniature", patches(40, 31)),
        ("audit_settings", settings_seeds(lines.clone())),
        ("binary", heads.chain(miniatures.clone()).collect()),
        (
            "build_info",
            lines.clone().map(String::into_bytes).collect(),
        ),
        ("claim", claim_seeds(lines.clone())),
        ("database", database_seeds()),
        ("diff", targets::structure_edits()),
        ("edits", patches(40, 31)),
        ("fixture_edits", patches(12, 41)),
        ("isa", code_seeds()),
        ("lists", targets::structure_edits()),
        ("members", member_seeds(&miniatures)),
        ("names", name_seeds()),
        ("normalize", normalize_seeds()),
        ("osv", vec![OSV.as_bytes().to_vec()]),
        ("scan", vec![name_seeds().join(&b'\n')]),
        ("size", targets::structure_edits()),
        ("sumdb", sumdb_seeds()),
    ])
}

/// What real programs say, and each kind of flag that a build could be told; with places.
fn claim_seeds(recorded: impl Iterator<Item = String>) -> Vec<Vec<u8>> {
    let lines = [
        "build\t-ldflags=\"-s -w -X main.v=1 '-X main.w=a b' -buildid= -linkmode=external '-extldflags=-static -Wl,-z,now'\"",
        "build\t-gcflags=all=-N -l\nbuild\t-tags=netgo,osusergo\nbuild\t-buildmode=pie\nbuild\t-race=true\nbuild\t-pgo=/x/default.pgo",
        "build\tCGO_CFLAGS=-O2 -g -fstack-protector-strong -D_FORTIFY_SOURCE=3\nbuild\tCGO_LDFLAGS=-Wl,-z,relro,-z,now -lm",
        "build\t-toolexec=/x\nbuild\tCC=/x\nbuild\t-ldflags=-extld=/x\nbuild\tCGO_CFLAGS=-fplugin=x @x",
        "build\tvcs=git\nbuild\tvcs.revision=0123456789012345678901234567890123456789\nbuild\tvcs.modified=true\0/home/a/go",
    ];
    let head = "path\texample.com/m/cmd/x\nmod\texample.com/m\tv1.0.0\th1:x=\n";
    let lines = lines.map(|line| format!("{head}{line}"));
    recorded.chain(lines).map(String::into_bytes).collect()
}

/// Recorded settings, and lines that rules look for.
fn settings_seeds(recorded: impl Iterator<Item = String>) -> Vec<Vec<u8>> {
    let lines = [
        "build\t-ldflags=\"-X 'main.version=v1.2.3' -X main.date=2026-11-22T10:00:00Z -s -w\"",
        "build\tCGO_CFLAGS=-O2 -I/home/user/include -fstack-protector-strong -D_FORTIFY_SOURCE=3",
        "build\tDefaultGODEBUG=tls10server=1,fips140=on,x509sha1=1",
        "build\tGOFIPS140=v1.0.0-c2097c7c\nbuild\tGOEXPERIMENT=boringcrypto",
        "build\t-race=true\nbuild\t-gcflags=all=-N -l\nbuild\t-tags=netgo,osusergo",
        "mod\texample.com/mini\tv1.2.4-0.20240102030405-abcdef012345+dirty\t",
        "build\tvcs.modified=true\nbuild\tvcs.time=2026-11-22T10:00:00Z\nbuild\tGOAMD64=v3",
        "build\tCGO_LDFLAGS=-L https://user:0123456789abcdef@git.corp.example.com/x -Wl,-z,now",
    ];
    let lines = lines.map(|line| format!("path\texample.com/mini\n{line}"));
    recorded.chain(lines).map(String::into_bytes).collect()
}

/// Code of real functions of both architectures, and start-up code that refuses a CPU.
fn code_seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![refusing(0)];
    for (shape, fixture) in [(0, "elf-amd64-go1.27"), (1, "elf-arm64-go1.27-pie")] {
        let data = goassay_fixtures::bytes(fixture);
        let binary = Binary::parse(&data).expect("a fixture");
        let mut count = 0;
        let _ = binary.each_code(|code| {
            count += 1;
            if count % 16 == 0 && code.bytes.len() < 1024 {
                seeds.push([&[shape + (count / 16 % 2) as u8 * 2], code.bytes].concat());
            }
        });
    }
    seeds
}

/// `lea rax, [rip+…]` of the message that start-up code prints.
fn refusing(shape: u8) -> Vec<u8> {
    const LEA: usize = 7;
    let shape = shape | 2;
    let (data, parts) = targets::coded(shape, &[0; LEA]).build_with_parts();
    let message = b"This program can only";
    let at = data.windows(message.len()).position(|text| text == message);
    let distance = at.expect("it is in the build information") - parts.text - LEA;
    let distance = (distance as u32).to_le_bytes();
    [&[shape, 0x48, 0x8d, 0x05][..], &distance].concat()
}

/// A universal file would need Mach-O slices; its header alone leads far enough. Archives hold any member.
fn member_seeds(miniatures: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let archive = |member: &Vec<u8>| {
        let mut out = b"!<arch>\n".to_vec();
        out.extend(
            format!(
                "{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n",
                "go.o/",
                0,
                0,
                0,
                644,
                member.len()
            )
            .bytes(),
        );
        out.extend(member);
        out
    };
    let mut fat = goassay_fixtures::bytes("macho-fat");
    fat.truncate(HEAD);
    miniatures
        .iter()
        .take(4)
        .map(archive)
        .chain([fat])
        .collect()
}

fn name_seeds() -> Vec<Vec<u8>> {
    let functions = goassay_fixtures::get("sample-linux-amd64")
        .functions()
        .unwrap_or_default();
    let telling = |name: &&str| name.contains(['[', '(', '-', '%']) || name.contains(".func");
    functions
        .iter()
        .map(|f| f.name.as_str())
        .filter(telling)
        .take(200)
        .map(|n| n.as_bytes().to_vec())
        .collect()
}

const OSV: &str = r#"{"schema_version":"1.3.1","id":"GO-2021-0113","modified":"2023-06-12T18:45:41Z",
"published":"2021-10-06T17:51:21Z","aliases":["CVE-2021-38561"],"affected":[{"package":{"name":"golang.org/x/text",
"ecosystem":"Go"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"0.3.7"}]}],"ecosystem_specific":
{"imports":[{"path":"golang.org/x/text/language","goos":["linux"],"symbols":["Parse","Tag.String"]}]}}],
"database_specific":{"url":"https://pkg.go.dev/vuln/GO-2021-0113","review_status":"REVIEWED"}}"#;

/// One of each thing that a checksum database answers with.
fn sumdb_seeds() -> Vec<Vec<u8>> {
    let head = "go.sum database tree\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    let note = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    let record =
        format!("12\nexample.com/m v1.0.0 h1:x\nexample.com/m v1.0.0/go.mod h1:y\n\n{note}");
    let tiles = [&300u64.to_le_bytes()[..], &[7; 64]].concat();
    let texts = [
        head,
        note,
        &record,
        "v0.0.1-go1.25.14.linux-amd64",
        "name+c74f20a3+AQ== https://host",
    ];
    let mut seeds: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    // The end record of an empty zip archive.
    seeds.extend([tiles, [&b"PK\x05\x06"[..], &[0; 18]].concat()]);
    seeds
}

/// One of each archive that is read.
fn archive_seeds() -> Vec<Vec<u8>> {
    let tree = workspace().join("crates/build/src/archive/testdata");
    let read = |name: &str| std::fs::read(tree.join(name)).expect("an archive of the tests");
    let (xz, zst) = (read("tree.tar.xz"), read("tree.tar.zst"));
    let mut deb = b"!<arch>\n".to_vec();
    for (name, data) in [
        ("debian-binary", b"2.0\n".as_slice()),
        ("data.tar.zst", &zst),
    ] {
        let header = format!(
            "{name:<16}0           0     0     100644  {:<10}`\n",
            data.len()
        );
        deb.extend([header.as_bytes(), data].concat());
    }
    let mut tar = Vec::new();
    for (name, flag) in [("a/b", b'0'), ("a/c", b'5'), ("pax", b'x')] {
        let mut header = vec![0; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..107].copy_from_slice(b"0000644");
        header[156] = flag;
        header[257..263].copy_from_slice(b"ustar\0");
        let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum::<u32>() + 8 * 32;
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        tar.extend(header);
    }
    tar.resize(tar.len() + 1024, 0);
    let zip = |method| {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        for name in ["m@v/a", "m@v/b/c"] {
            writer.start_file(name, options).expect("a new entry");
            writer.write_all(name.as_bytes()).expect("memory");
        }
        writer.finish().expect("memory").into_inner()
    };
    use zip::CompressionMethod::{Deflated, Stored};
    let mut seeds = vec![zip(Stored), zip(Deflated), tar, xz, zst, deb];
    let all = std::fs::read_dir(&tree).expect("the folder of the tests");
    let mut others: Vec<PathBuf> = all.flatten().map(|entry| entry.path()).collect();
    others.retain(|path| path.to_string_lossy().contains("synthetic"));
    others.sort();
    seeds.extend(
        others
            .iter()
            .map(|path| std::fs::read(path).expect("a package")),
    );
    seeds
}

/// Edits of the signed program: of its code, its load commands, and each word of the beginning of its signature.
fn normalize_seeds() -> Vec<Vec<u8>> {
    let signed = goassay_fixtures::bytes("macho-arm64-go1.25");
    let mark = 0xfade_0cc0_u32.to_be_bytes();
    let found = signed.windows(4).rposition(|word| word == mark);
    let signature = found.expect("a signature");
    let places = [0x1000, 16, 20, 40].into_iter();
    let places = places.chain((signature..signature + 120).step_by(4));
    let mut seeds: Vec<Vec<u8>> = places
        .map(|at| [&u32::to_le_bytes(at as u32)[..], &[!signed[at]]].concat())
        .collect();
    let elf = goassay_fixtures::bytes("elf-386-go1.23");
    seeds.push(elf[..HEAD].to_vec());
    seeds
}

/// A small database, and the same without its end.
fn database_seeds() -> Vec<Vec<u8>> {
    use goassay_vuln::database::{Builder, Source};
    let mut builder = Builder::new();
    builder
        .add_json("GO-2021-0113.json", OSV.as_bytes())
        .expect("the seed is an advisory");
    let database = builder
        .finish(&Source::default())
        .expect("one advisory fits");
    let half = database[..database.len() / 2].to_vec();
    vec![database, half]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_survives_its_seeds() {
        let seeds = all_seeds();
        targets::prepare_fixtures();
        for (name, target) in targets::TARGETS {
            assert!(!seeds[name].is_empty(), "{name} has no seeds");
            seeds[name].iter().for_each(|seed| target(seed));
        }
    }

    #[test]
    fn start_up_code_of_a_seed_is_understood() {
        let seed = refusing(0);
        let data = targets::coded(seed[0], &seed[1..]).build();
        let binary = Binary::parse(&data).expect("a miniature");
        let demanded = goassay_audit::isa::Isa::of(&binary).demanded;
        assert_eq!(
            demanded.map(|level| level.to_string()).as_deref(),
            Some("v3")
        );
    }

    #[test]
    fn every_target_survives_what_once_broke_one() {
        let folder = workspace().join("fuzz/regressions");
        let known: BTreeMap<&str, targets::Target> = targets::TARGETS.iter().copied().collect();
        let mut inputs = 0;
        for entry in std::fs::read_dir(&folder).expect("fuzz/regressions") {
            let path = entry.expect("an entry").path();
            if !path.is_dir() {
                continue;
            }
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let target = known
                .get(name.as_str())
                .unwrap_or_else(|| panic!("{name} is no target"));
            for input in std::fs::read_dir(&path).expect("a folder of inputs") {
                target(&std::fs::read(input.expect("an entry").path()).expect("an input"));
                inputs += 1;
            }
        }
        println!("{inputs} inputs");
    }

    #[test]
    fn every_target_has_its_program() {
        let mut programs: Vec<String> = std::fs::read_dir(workspace().join("fuzz/fuzz_targets"))
            .expect("fuzz/fuzz_targets")
            .filter_map(|e| Some(e.ok()?.path().file_stem()?.to_string_lossy().into_owned()))
            .collect();
        programs.sort();
        let targets: Vec<&str> = targets::TARGETS.iter().map(|(name, _)| *name).collect();
        assert_eq!(programs, targets);
    }
}

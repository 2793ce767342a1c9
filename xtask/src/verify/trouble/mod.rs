//! What goes wrong when a program is verified: a clear verdict, the exit code that it has to be, and nothing is lost.
//!
//! The modules are real ones, proven against the configured checksum database, behind a proxy of this task; the programs are small, so
//! that all cases take a minute or two.

mod generated;
mod proxy;
mod world;

use crate::run::{Context, Outcome};
use proxy::Fault;
use std::path::Path;
use world::{DEPENDENCY, DEPENDENCY_VERSION, FORGED, PRIVATE, PUBLIC, PUBLIC_VERSION, World};

/// A kind of trouble: its name, and what has to be said.
type Case = (&'static str, fn(&World) -> Outcome);

const CASES: [Case; 12] = [
    ("half a download, then the rest", half),
    ("nobody answers", down),
    ("withdrawn", withdrawn),
    ("a withdrawn dependency", withdrawn_dependency),
    ("private, and said to be", private),
    ("private, and not said to be", unknown),
    ("other bytes in a zip file", other_bytes),
    ("a changed copy of what was kept", changed_copy),
    ("a forged sum", forged_sum),
    ("no such toolchain", no_toolchain),
    ("generated files", generated::file),
    ("generated assets and packages", generated::load),
];

/// Tries all.
pub(super) fn run(folder: &Path) -> Outcome<String> {
    let world = World::new(folder)?;
    let mut failed = Vec::new();
    for (name, case) in CASES {
        if let Err(why) = case(&world) {
            println!("  {name}: {why}");
            failed.push(name);
        }
    }
    match failed.is_empty() {
        true => Ok(format!(
            "{} kinds of trouble are said as they are",
            CASES.len()
        )),
        false => Err(failed.join(", ")),
    }
}

/// The end of the address of a module's file.
const PUBLIC_ZIP: &str = "/rsc.io/2fa/@v/v1.2.0.zip";
const DEPENDENCY_ZIP: &str = "clipboard/@v/v0.1.2.zip";

/// What came before the connection broke is kept, and not asked for again.
fn half(world: &World) -> Outcome {
    let program = world.program("2fa");
    world.anew(&[(DEPENDENCY_ZIP, Fault::Half)])?;
    let ran = world.verify(&program, &[], &[])?;
    ran.expect(
        2,
        &[
            "NOT CHECKED",
            "could not be downloaded, or not all of it",
            "try again",
        ],
    )?;
    let kept = |module: &str, version: &str| {
        let place = world.store().join(module).join("@v");
        place.join(format!("{version}.zip")).exists()
    };
    if !kept(PUBLIC, PUBLIC_VERSION) || kept(DEPENDENCY, DEPENDENCY_VERSION) {
        return Err("kept is not what came whole".to_owned());
    }
    world.proxy.fail(&[]);
    world
        .verify(&program, &[], &[])?
        .expect(0, &["IDENTICAL: built again, bit for bit"])?;
    let asked = world.proxy.asked();
    let is = |end: &str| asked.iter().any(|place| place.ends_with(end));
    match is(DEPENDENCY_ZIP) && !is(PUBLIC_ZIP) {
        true => Ok(()),
        false => Err(format!("asked again: {asked:?}")),
    }
}

fn down(world: &World) -> Outcome {
    world.anew(&[])?;
    let nobody = [("GOPROXY", "http://127.0.0.1:9")];
    let ran = world.verify(&world.program("2fa"), &nobody, &[])?;
    ran.expect(
        2,
        &[
            "NOT CHECKED",
            "could not be downloaded",
            "connection refused",
        ],
    )
}

fn withdrawn(world: &World) -> Outcome {
    for status in [404, 410] {
        world.anew(&[("/rsc.io/2fa/@v/v1.2.0.info", Fault::Status(status))])?;
        let ran = world.verify(&world.program("2fa"), &[], &[])?;
        ran.expect(
            2,
            &[
                "NOT CHECKED",
                "it is private, or was withdrawn",
                &status.to_string(),
            ],
        )?;
    }
    Ok(())
}

fn withdrawn_dependency(world: &World) -> Outcome {
    world.anew(&[(DEPENDENCY_ZIP, Fault::Status(410))])?;
    let ran = world.verify(&world.program("2fa"), &[], &[])?;
    ran.expect(
        2,
        &["NOT CHECKED", "it is private, or was withdrawn", DEPENDENCY],
    )
}

/// It is built again, nobody vouches for it, and that is said; no copy is kept.
fn private(world: &World) -> Outcome {
    world.anew(&[])?;
    let ran = world.verify(&world.program("tool"), &[("GONOSUMDB", PRIVATE)], &[])?;
    ran.expect(
        0,
        &["IDENTICAL", "nobody vouches for corp.example/tool@v1.0.0"],
    )?;
    match world.store().join(PRIVATE).exists() {
        true => Err("a module is kept that nobody vouches for".to_owned()),
        false => Ok(()),
    }
}

fn unknown(world: &World) -> Outcome {
    world.anew(&[])?;
    let ran = world.verify(&world.program("tool"), &[], &[])?;
    ran.expect(
        2,
        &["NOT CHECKED", "name it in GOPRIVATE or GONOSUMDB", PRIVATE],
    )
}

fn other_bytes(world: &World) -> Outcome {
    world.anew(&[(PUBLIC_ZIP, Fault::Other(FORGED))])?;
    let ran = world.verify(&world.program("2fa"), &[], &[])?;
    let words = [
        "MISMATCH",
        "SECURITY: rsc.io/2fa@v1.2.0 has h1:",
        "ask who runs the module proxy",
    ];
    ran.expect(1, &words)?;
    match world.store().join(PUBLIC).exists() {
        true => Err("what was forged is kept".to_owned()),
        false => Ok(()),
    }
}

/// Somebody changes what was proven and kept: it is not believed, and the file to delete is named.
fn changed_copy(world: &World) -> Outcome {
    world.anew(&[(DEPENDENCY_ZIP, Fault::Half)])?;
    world
        .verify(&world.program("2fa"), &[], &[])?
        .expect(2, &[])?;
    world.proxy.fail(&[]);
    let kept = world.store().join(&PUBLIC_ZIP[1..]);
    let forged = world.folder.join("modules/cache").join(FORGED);
    std::fs::copy(forged.join(&PUBLIC_ZIP[1..]), &kept).context(kept.display())?;
    let ran = world.verify(&world.program("2fa"), &[], &[])?;
    let place = kept.display().to_string();
    ran.expect(
        1,
        &[
            "MISMATCH",
            "SECURITY",
            "was changed since it was proven: delete it",
            &place,
        ],
    )
}

fn forged_sum(world: &World) -> Outcome {
    world.anew(&[])?;
    let sum = "h1:";
    let genuine = crate::run::read(&world.program("2fa"))?;
    let at = genuine
        .windows(DEPENDENCY.len() + 1)
        .position(|part| part == format!("{DEPENDENCY}\t").as_bytes())
        .ok_or("no dependency")?;
    let line = genuine[at..]
        .split(|&byte| byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = String::from_utf8_lossy(line).into_owned();
    let (_, hash) = line.split_once(sum).ok_or("no sum")?;
    let first = if hash.starts_with('A') { "B" } else { "A" };
    let forged = line.replace(hash, &format!("{first}{}", &hash[1..]));
    let program = world.forged("2fa", &line, &forged)?;
    let ran = world.verify(&program, &[], &[])?;
    ran.expect(
        1,
        &["MISMATCH", "SECURITY: the binary names h1:", DEPENDENCY],
    )
}

fn no_toolchain(world: &World) -> Outcome {
    world.anew(&[])?;
    let digits = world.version.len().saturating_sub("go1.99.".len());
    let never = format!("go1.99.{}", &"99"[..digits.min(2)]);
    let program = world.forged("2fa", &world.version, &never)?;
    let ran = world.verify(&program, &[], &[])?;
    let next = "goassay toolchain list";
    ran.expect(
        2,
        &[
            "NOT CHECKED",
            &never,
            "cannot be had",
            "no such version",
            next,
        ],
    )
}

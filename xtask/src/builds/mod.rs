//! `cargo xtask builds [--only WORD]`: `goassay build` on real projects, beside what others do with them, and in trouble.
//!
//! Needs `target/release/goassay` (or `$GOASSAY`), Go 1.25 or newer, git, gcc, a module proxy, and Linux. Each case prints a line: its
//! name, whether it holds, seconds, what was seen. What is built is kept below `$GOASSAY_WORK/builds` until the next run of the case.

pub(crate) mod cost;
mod folder;
mod kills;
mod old_go;
mod overhead;
pub(crate) mod page;
mod peers;
mod plan;
mod project;
mod projects;
mod release;
mod sizes;
mod targets;
mod trouble;
mod twice;
mod vary;

use crate::run::{Context, Outcome, output, work};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// A case: its name, and what it does.
type Case = (&'static str, fn(&Bench) -> Outcome<String>);

const CASES: &[Case] = &[
    ("projects-nested", |bench| bench.project(&project::NESTED)),
    ("projects-workspace", |bench| {
        bench.project(&project::WORKSPACE)
    }),
    ("projects-sqlite", |bench| bench.project(&project::SQLITE)),
    ("projects-coredns", |bench| bench.project(&project::COREDNS)),
    ("old-go", |bench| bench.old_go()),
    ("sizes", |bench| bench.sizes()),
    ("twice", |bench| bench.twice()),
    ("kills", |bench| bench.kills()),
    ("overhead", |bench| bench.overhead()),
    ("targets", |bench| bench.targets()),
    ("peers", |bench| bench.peers()),
    ("release", |bench| bench.release()),
    ("trouble", |bench| bench.trouble()),
    ("vary-leaks-script", |bench| bench.vary_leaks()),
    ("vary-leaks-go", |bench| bench.vary_leaks_go()),
    ("vary-clean", |bench| bench.vary_clean()),
    ("vary-projects", |bench| bench.vary_projects()),
];

pub(crate) fn main(arguments: &[String]) -> Outcome {
    let only = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => "",
        ["--only", word] => word,
        _ => return Err("usage: builds [--only WORD]".to_owned()),
    };
    let bench = Bench::new()?;
    let mut failed = Vec::new();
    for (name, run) in CASES.iter().filter(|(name, _)| name.contains(only)) {
        let began = Instant::now();
        let outcome = run(&bench);
        let seconds = began.elapsed().as_secs();
        match outcome {
            Ok(said) => println!("{name:<18} ok    {seconds:>5} s  {said}"),
            Err(why) => {
                println!("{name:<18} FAIL  {seconds:>5} s  {why}");
                failed.push(*name);
            }
        }
    }
    match failed.is_empty() {
        true => Ok(()),
        false => Err(format!("failed: {}", failed.join(", "))),
    }
}

/// The program under test, and the folder for what is built.
struct Bench {
    goassay: PathBuf,
    folder: PathBuf,
}

/// A new key that signs, in `folder`.
fn key(folder: &Path) -> Outcome<PathBuf> {
    let key = folder.join("key.pem");
    let mut openssl = Command::new("openssl");
    openssl.args(["genpkey", "-algorithm", "ed25519", "-out"]);
    output(openssl.arg(&key))?;
    Ok(key)
}

/// What a run came to.
struct Ran {
    code: Option<i32>,
    stdout: Vec<u8>,
    stderr: String,
}

impl Ran {
    fn of(command: &mut Command) -> Outcome<Ran> {
        let out = command.output().context(command.get_program().display())?;
        Ok(Ran {
            code: out.status.code(),
            stdout: out.stdout,
            stderr: String::from_utf8_lossy(&out.stderr).into_owned(),
        })
    }

    /// Itself where its exit code is `code`.
    fn expect(self, code: i32) -> Outcome<Ran> {
        match self.code == Some(code) {
            true => Ok(self),
            false => Err(format!(
                "exit code {:?} and not {code}: {}{}",
                self.code,
                self.stderr,
                String::from_utf8_lossy(&self.stdout)
            )),
        }
    }
}

impl Bench {
    fn new() -> Outcome<Bench> {
        let goassay = crate::matrix::ours::program();
        let folder = work().join("builds");
        std::fs::create_dir_all(&folder).context(folder.display())?;
        Ok(Bench {
            goassay: std::fs::canonicalize(&goassay).context(goassay.display())?,
            folder: std::fs::canonicalize(&folder).context(folder.display())?,
        })
    }

    /// A folder for one case, new.
    fn fresh(&self, name: &str) -> Outcome<PathBuf> {
        let path = self.folder.join(name);
        if path.exists() {
            std::fs::remove_dir_all(&path).context(path.display())?;
        }
        std::fs::create_dir_all(&path).context(path.display())?;
        Ok(path)
    }

    /// goassay in a folder, with nothing of the developer's settings but where modules and compiled packages are.
    fn goassay(&self, folder: &Path) -> Command {
        let mut command = Command::new(&self.goassay);
        self.settle(&mut command);
        command.current_dir(folder);
        command
    }

    /// The settings of every go command, whoever starts it.
    fn settle(&self, command: &mut Command) {
        command
            .env("GOENV", "off")
            .env("GOFLAGS", "")
            .env("GOTOOLCHAIN", "local")
            // Where an imported database would lie.
            .env("XDG_DATA_HOME", self.folder.join("data"))
            .env_remove("GOWORK")
            .env_remove("GOOS")
            .env_remove("GOARCH")
            .env_remove("SOURCE_DATE_EPOCH");
        if std::env::var_os("GOCACHE").is_none() {
            command.env("GOCACHE", work().join("gocache"));
        }
    }
}

//! Debug companions of programs that are linked twice, with and without `-w`, against readelf, llvm-dwarfdump, gdb and delve.
//!
//! ELF: each loaded section has the address and size of the shipped file and no contents, notes are the shipped file's, debug
//! sections those of the second link. On this machine gdb and delve stop in the shipped file at a line, with the companion, and
//! show an argument; without it they cannot (the control). Mach-O and PE: line tables and functions are those of a link with debug information, the UUID
//! that of the shipped file. Damaged second links are refused or give a file, never a panic.
//!
//! What a pass does not mean: LLDB, Windows and macOS are not run.

use crate::go::{Build, install, minor};
use crate::run::{Context, Outcome, read, text, write};
use goassay_build::companion::{self, Companion, Identity, Refused};
use std::path::{Path, PathBuf};
use std::process::Command;

const DELVE: &str = "github.com/go-delve/delve/cmd/dlv@v1.27.2";
/// A third link, for readers that know no compressed debug information in this format.
const PLAIN: &str = "plain";
/// Where the debuggers stop.
pub(super) const PLACE: &str = "answer.go:7";
const ANSWER: &str = "package main

// Here the debuggers stop.
//
//go:noinline
func answer(given int) int {
\treturn twice(given) + given
}
";
const PURE: &str = "package main

import (
\t\"fmt\"
\t\"os\"
)

func twice(n int) int { return n * 2 }

func main() { fmt.Println(answer(len(os.Args))) }
";
const WITH_C: &str = "package main

// static int twice(int n) { return n * 2; }
import \"C\"
import \"fmt\"
import \"os\"

func twice(n int) int { return int(C.twice(C.int(n))) }

func main() { fmt.Println(answer(len(os.Args))) }
";

/// What comes of a pair.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// A companion that is found by build ID or UUID.
    Found,
    /// A companion that is found by name: the file has no identity.
    Named,
    /// The linker gave another program.
    Differs,
}
use Expected::{Differs, Found, Named};

/// Go, platform, build mode, flags for the linker, cgo, what is expected, part of `--fixed`.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    bool,
    Expected,
    bool,
);

const ROWS: [Row; 27] = [
    ("1.26.8", "linux/amd64", "pie", "", false, Found, true),
    ("1.26.8", "linux/amd64", "exe", "", false, Found, false),
    (
        "1.26.8",
        "linux/amd64",
        "pie",
        "-compressdwarf=false",
        false,
        Found,
        false,
    ),
    (
        "1.26.8",
        "linux/amd64",
        "pie",
        "-linkmode=external",
        true,
        Found,
        false,
    ),
    (
        "1.26.8",
        "linux/amd64",
        "pie",
        "-linkmode=external -extldflags=-static-pie",
        true,
        Found,
        false,
    ),
    ("1.27.4", "linux/amd64", "pie", "", false, Found, false),
    ("1.25.14", "linux/amd64", "pie", "", false, Found, false),
    ("1.24.13", "linux/amd64", "exe", "", false, Found, false),
    (
        "1.23.12",
        "linux/amd64",
        "pie",
        "-B gobuildid",
        false,
        Found,
        false,
    ),
    ("1.23.12", "linux/amd64", "exe", "", false, Named, false),
    (
        "1.22.12",
        "linux/amd64",
        "pie",
        "-B gobuildid",
        false,
        Found,
        false,
    ),
    (
        "1.21.0",
        "linux/amd64",
        "pie",
        "-B 0x0123456789abcdef",
        false,
        Found,
        false,
    ),
    (
        "1.21.0",
        "linux/amd64",
        "exe",
        "-B 0x0123456789abcdef",
        false,
        Differs,
        false,
    ),
    ("1.21.0", "linux/386", "exe", "", false, Differs, false),
    (
        "1.23.12",
        "linux/386",
        "exe",
        "-B gobuildid",
        false,
        Found,
        false,
    ),
    ("1.26.8", "linux/386", "exe", "", false, Found, false),
    ("1.26.8", "linux/arm64", "pie", "", false, Found, false),
    ("1.26.8", "linux/riscv64", "exe", "", false, Found, false),
    ("1.26.8", "linux/ppc64le", "exe", "", false, Found, false),
    ("1.26.8", "linux/s390x", "exe", "", false, Found, false),
    (
        "1.22.12",
        "linux/s390x",
        "exe",
        "-B gobuildid",
        false,
        Found,
        false,
    ),
    ("1.26.8", "linux/mips", "exe", "", false, Found, false),
    ("1.26.8", "freebsd/amd64", "exe", "", false, Found, false),
    ("1.26.8", "darwin/arm64", "exe", "", false, Found, true),
    ("1.26.8", "darwin/amd64", "exe", "", false, Found, false),
    ("1.26.8", "windows/amd64", "pie", "", false, Named, true),
    ("1.24.13", "windows/386", "pie", "", false, Named, false),
];

/// All pairs, or with `full` off the few that need no other toolchain.
pub(super) fn main(full: bool) -> Outcome {
    let folder = tempfile::tempdir().context("temporary folder")?;
    let (mut pairs, mut stops) = (0, 0);
    let mut faults = Vec::new();
    for (index, row) in ROWS.iter().enumerate() {
        if !full && !row.6 {
            continue;
        }
        match Pair::link(row, &folder.path().join(index.to_string()))
            .and_then(|pair| pair.check(row, full))
        {
            Ok(stopped) => stops += stopped,
            Err(e) => faults.push(format!("  {row:?}: {e}", row = shown(row))),
        }
        pairs += 1;
    }
    if !faults.is_empty() {
        return Err(faults.join("\n"));
    }
    println!(
        "companion: {pairs} pairs of links, {stops} stops of gdb and delve at a line of the shipped file"
    );
    Ok(())
}

fn shown(row: &Row) -> String {
    format!("go{} {} {} {}", row.0, row.1, row.2, row.3)
}

/// A program that was linked twice.
pub(super) struct Pair {
    folder: PathBuf,
    /// The file that is shipped, and the second link.
    pub(super) files: [PathBuf; 2],
}

impl Pair {
    /// The first row.
    pub(super) fn of_this_machine(folder: &Path) -> Outcome<Pair> {
        Pair::link(&ROWS[0], folder)
    }

    fn link(row: &Row, folder: &Path) -> Outcome<Pair> {
        let source = folder.join("source");
        write(
            &source.join("go.mod"),
            "module example.com/companion\n\ngo 1.18\n",
        )?;
        write(&source.join("answer.go"), ANSWER)?;
        write(&source.join("main.go"), if row.4 { WITH_C } else { PURE })?;
        let (goos, goarch) = row.1.split_once('/').ok_or("a platform")?;
        let mut build = Build {
            go: row.0.to_owned(),
            goos: goos.to_owned(),
            goarch: goarch.to_owned(),
            buildmode: row.2.to_owned(),
            ldflags: format!("-w {}", row.3),
            cgo: row.4,
        };
        let files = [folder.join("prog"), folder.join("second")];
        build.run(&source, &files[0])?;
        row.3.clone_into(&mut build.ldflags);
        build.run(&source, &files[1])?;
        if ["darwin", "windows"].contains(&goos) {
            build.ldflags.push_str(" -compressdwarf=false");
            build.run(&source, &folder.join(PLAIN))?;
        }
        Ok(Pair {
            folder: folder.to_owned(),
            files,
        })
    }

    /// How many debuggers stopped.
    fn check(&self, row: &Row, full: bool) -> Outcome<usize> {
        let (shipped, second) = (read(&self.files[0])?, read(&self.files[1])?);
        let made = match (companion::make("prog", &shipped, &second), row.5) {
            (Err(Refused::Differs(_)), Differs) => return Ok(0),
            (Ok(made), Found | Named) => made,
            (Err(why), _) => return Err(why.to_string()),
            (Ok(_), Differs) => {
                return Err("linkers of this Go are known to give another program".to_owned());
            }
        };
        if (made.identity == Identity::Name) != (row.5 == Named) {
            return Err(format!("identity {:?}", made.identity));
        }
        for file in &made.files {
            write(&self.folder.join("debug").join(&file.path), &file.bytes)?;
        }
        damaged(&shipped, &second, if full { 200 } else { 40 });
        let file = self.folder.join("debug").join(&made.files[0].path);
        match row.1.split('/').next() {
            Some("darwin") => self.macho(&file),
            Some("windows") => self.line_tables(&file),
            _ => self.elf(&file),
        }?;
        let here = row.1 == "linux/amd64" && made.identity != Identity::Name;
        if here { self.stops(row, &made) } else { Ok(0) }
    }

    fn elf(&self, companion: &Path) -> Outcome {
        let notes = |file: &Path| {
            let shown = text(Command::new("readelf").args(["-nW"]).arg(file))?;
            let said = shown
                .lines()
                .filter(|l| l.contains("Build ID:") || l.contains("description data"));
            Ok::<Vec<String>, String>(said.map(str::to_owned).collect())
        };
        same("notes", &notes(companion)?, &notes(&self.files[0])?)?;
        let kept = sections(companion)?;
        let whole = sections(&self.files[1])?;
        let emptied: Vec<Vec<String>> = whole.into_iter().map(without_contents).collect();
        same("sections", &kept, &emptied)?;
        let loaded = |file: &Path| {
            let all = sections(file)?.into_iter().map(without_contents);
            Ok::<Vec<_>, String>(
                all.filter(|s| s[5].contains('A'))
                    .map(|s| s[..6].to_vec())
                    .collect(),
            )
        };
        same(
            "loaded sections",
            &loaded(companion)?,
            &loaded(&self.files[0])?,
        )?;
        let debug = kept.iter().map(|section| section[0].as_str());
        for name in debug.filter(|name| name.contains("debug_")) {
            let bytes = |file: &Path| text(Command::new("readelf").args(["-x", name]).arg(file));
            same(name, &bytes(companion)?, &bytes(&self.files[1])?)?;
        }
        Ok(())
    }

    fn macho(&self, companion: &Path) -> Outcome {
        let uuid = |file: &Path| {
            let shown = text(Command::new("llvm-dwarfdump").arg("--uuid").arg(file))?;
            let id = shown.split_whitespace().nth(1).map(str::to_owned);
            id.ok_or_else(|| format!("no UUID in {}", file.display()))
        };
        same("UUID", &uuid(companion)?, &uuid(&self.files[0])?)?;
        self.line_tables(companion)
    }

    /// The line tables and the functions are those of a link with debug information.
    fn line_tables(&self, companion: &Path) -> Outcome {
        let plain = self.folder.join(PLAIN);
        for what in ["--debug-line", "--debug-info"] {
            let dump = |file: &Path| {
                let shown = text(Command::new("llvm-dwarfdump").arg(what).arg(file))?;
                // The first lines name the file and its format.
                let body = shown
                    .split_once(" contents:")
                    .map(|(_, body)| body.to_owned());
                body.ok_or_else(|| {
                    format!("llvm-dwarfdump {what} reads nothing in {}", file.display())
                })
            };
            let (ours, theirs) = (dump(companion)?, dump(&plain)?);
            if !ours.contains("main.go") && !ours.contains("main.answer") {
                return Err(format!("{what}: the program is not in it"));
            }
            same(what, &ours, &theirs)?;
        }
        Ok(())
    }

    /// gdb and delve, with and without the companion.
    fn stops(&self, row: &Row, made: &Companion) -> Outcome<usize> {
        let (with, without) = (self.folder.join("debug"), self.folder.join("empty"));
        write(&without.join(".keep"), "")?;
        for (debugger, ask) in [
            ("gdb", gdb as fn(&Path, &Path) -> Outcome<String>),
            ("delve", delve),
        ] {
            // The debuggers of the day cannot read every Go of the past and the future.
            if debugger == "delve" && minor(row.0) < 22 {
                continue;
            }
            let said = ask(&self.files[0], &with)?;
            let stopped = said.contains(PLACE) && said.contains("given = 1");
            if !stopped {
                return Err(format!(
                    "{debugger} does not stop with {:?}:\n{said}",
                    made.identity
                ));
            }
            let said = ask(&self.files[0], &without)?;
            if said.contains("given = 1") {
                return Err(format!(
                    "{debugger} finds debug information without the companion:\n{said}"
                ));
            }
        }
        Ok(if minor(row.0) < 22 { 1 } else { 2 })
    }
}

/// What gdb shows at the line, as text.
fn gdb(program: &Path, debug: &Path) -> Outcome<String> {
    said(&mut gdb_command(program, debug))
}

/// gdb with a folder of debug files, as a command that stops at the line.
pub(super) fn gdb_command(program: &Path, debug: &Path) -> Command {
    let mut command = Command::new("gdb");
    command
        .args([
            "-nx",
            "--batch",
            "-iex",
            "set debuginfod enabled on",
            "-iex",
        ])
        .arg(format!("set debug-file-directory {}", debug.display()));
    for ask in [&format!("break {PLACE}"), "run", "frame", "info args"] {
        command.args(["-ex", ask]);
    }
    command.arg(program).env_remove("DEBUGINFOD_URLS");
    command
}

/// What delve shows at the line, as text.
fn delve(program: &Path, debug: &Path) -> Outcome<String> {
    said(&mut delve_command(program, debug)?)
}

/// delve with a folder of debug files, as a command that stops at the line.
pub(super) fn delve_command(program: &Path, debug: &Path) -> Outcome<Command> {
    let delve = install(DELVE)?;
    let settings = debug.with_extension("settings");
    let folders = format!("debug-info-directories: [\"{}\"]\n", debug.display());
    write(&settings.join("dlv/config.yml"), folders)?;
    let script = settings.join("script");
    write(&script, format!("break {PLACE}\ncontinue\nargs\nexit\n"))?;
    let mut command = Command::new(delve);
    command
        .args([
            "exec",
            "--allow-non-terminal-interactive",
            "--check-go-version=false",
            "--init",
        ])
        .arg(script)
        .arg(program);
    command.env("XDG_CONFIG_HOME", settings).env("HOME", debug);
    command.env_remove("DEBUGINFOD_URLS");
    Ok(command)
}

/// Both streams of a program that may fail, without a terminal.
pub(super) fn said(command: &mut Command) -> Outcome<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.stdin(std::process::Stdio::null());
    let out = command.output().context(program)?;
    Ok([out.stdout, out.stderr]
        .map(|o| String::from_utf8_lossy(&o).into_owned())
        .concat())
}

/// Name, type, address, size, entry size, flags, link, info of each section.
fn sections(file: &Path) -> Outcome<Vec<Vec<String>>> {
    let shown = text(Command::new("readelf").args(["-SW"]).arg(file))?;
    let rows = shown
        .lines()
        .filter_map(|line| line.trim().strip_prefix('['));
    let rows = rows
        .filter_map(|line| line.split_once(']'))
        .map(|(_, rest)| rest);
    let fields = rows.filter_map(|row| {
        let words: Vec<&str> = row.split_whitespace().collect();
        // Without flags there is a word less; the first section has no name.
        let (name, kind, address, _, size, entry, rest) = match words[..] {
            [name, kind, address, offset, size, entry, ref rest @ ..] => {
                (name, kind, address, offset, size, entry, rest)
            }
            _ => return None,
        };
        let (flags, rest) = match rest {
            [flags, rest @ ..] if rest.len() == 3 => (*flags, rest),
            _ => ("", rest),
        };
        let mut all = vec![name, kind, address, size, entry, flags];
        all.extend(rest.iter().take(2));
        Some(all.into_iter().map(str::to_owned).collect())
    });
    Ok(fields
        .filter(|f: &Vec<String>| f[0].starts_with('.'))
        .collect())
}

/// The section as `objcopy --only-keep-debug` leaves it.
fn without_contents(mut section: Vec<String>) -> Vec<String> {
    if section[5].contains('A') && section[1] != "NOTE" {
        "NOBITS".clone_into(&mut section[1]);
    }
    section
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, ours: &T, theirs: &T) -> Outcome {
    if ours == theirs {
        return Ok(());
    }
    let short = |value: &T| format!("{value:?}").chars().take(2000).collect::<String>();
    Err(format!(
        "{what}:\n  {}\n  is not\n  {}",
        short(ours),
        short(theirs)
    ))
}

/// Second links with one damaged byte, and cut short: a panic fails the task.
fn damaged(shipped: &[u8], second: &[u8], variants: usize) {
    let headers = 0..variants.min(second.len());
    let anywhere = (0..variants).map(|index| index.wrapping_mul(7_919_317) % second.len());
    for at in headers.chain(anywhere) {
        let mut variant = second.to_vec();
        variant[at] ^= 0xff;
        drop(companion::make("prog", shipped, &variant));
    }
    for part in 1..variants / 20 {
        let len = second.len() / (variants / 20) * part;
        drop(companion::make("prog", shipped, &second[..len]));
        drop(companion::make(
            "prog",
            &shipped[..len.min(shipped.len())],
            second,
        ));
    }
}

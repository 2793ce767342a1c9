//! `cargo xtask test-peers [--fixed] [--only WORD]`: what cannot run with Rust alone, because it asks programs that are not ours.
//!
//! Build information against `go version -m`, ELF headers against `readelf`, hardening and debug information against
//! several readers, debug companions with gdb and delve, the debuginfod server with its clients, the audit of programs that were not made for it against its explanations, the checksum database's
//! verifier against the reference's, packages against programs that unpack them, our own packages with programs that unpack, run and push them, bills of materials against syft and SPDX's model, signed provenance against the reference libraries, instruction-set levels against the compiler, findings against govulncheck (the matrix,
//! all of it or its fixed part); or those whose name has a word.
//! What is missing on the machine is installed through the Go module proxy where that is possible; otherwise the task fails
//! and names it.

mod archives;
mod audit_corpus;
mod companion;
mod debuginfod;
mod hardening;
mod packages;
mod sbom;
mod signatures;
mod sumdb;

use crate::go::{self, GOVULNCHECK, install};
use crate::levels;
use crate::matrix;
use crate::run::{Context, Outcome, read, text};
use crate::size_page;
use goassay_binary::buildinfo::{BuildInfo, Module};
use goassay_binary::image::Format;
use goassay_binary::{Binary, container};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Programs that have to be there, and why.
const NEEDED: [(&str, &str, &str); 6] = [
    ("go", "version", "builds the programs that are compared"),
    ("gcc", "--version", "links the cgo kinds"),
    (
        "gdb",
        "--version",
        "stops in programs with debug companions",
    ),
    ("ar", "--version", "takes archives apart"),
    (
        "llvm-objdump",
        "--version",
        "is the second opinion on instructions",
    ),
    (
        "readelf",
        "--version",
        "is the second opinion on ELF headers",
    ),
];

/// A comparison: its name, and what it does, all of it (`true`) or its fixed part.
type Check = (&'static str, fn(bool) -> Outcome);

const CHECKS: &[Check] = &[
    ("build information against go version -m", |_| {
        each_binary(build_information)
    }),
    ("ELF headers against readelf", |_| each_binary(headers)),
    (
        "instruction levels against compiler and llvm-objdump",
        |full| levels::check(!full),
    ),
    (
        "hardening against readelf, checksec and independent PE and Mach-O readers",
        hardening::main,
    ),
    (
        "audit of programs that were not made for it (audit-corpus)",
        audit_corpus::main,
    ),
    ("packages against programs that unpack them", archives::main),
    (
        "packages of ours with tar, bsdtar, unzip, skopeo, umoci and a registry",
        packages::main,
    ),
    (
        "debug companion against readelf, llvm-dwarfdump, gdb and delve",
        companion::main,
    ),
    (
        "debuginfod server against debuginfod-find, gdb and delve",
        |_| debuginfod::main(),
    ),
    (
        "bills of materials against go version -m, syft and SPDX's model",
        sbom::main,
    ),
    (
        "signatures against the reference libraries of DSSE and in-toto",
        |_| signatures::main(),
    ),
    ("size page in a headless Chromium", |_| size_page::check()),
    ("checksum database against golang.org/x/mod/sumdb", |_| {
        sumdb::main()
    }),
    ("findings against govulncheck", |full| {
        let part = if full { "--full" } else { "--fixed" };
        matrix::main(&[part.to_owned()])
    }),
];

/// Entry point of the task.
pub(crate) fn main(args: &[String]) -> Outcome {
    let (full, only) = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => (true, ""),
        ["--fixed"] => (false, ""),
        ["--only", word] => (true, word),
        ["--fixed", "--only", word] => (false, word),
        _ => return Err("usage: test-peers [--fixed] [--only WORD]".to_owned()),
    };
    for (program, argument, why) in NEEDED {
        let there = Command::new(program)
            .arg(argument)
            .output()
            .is_ok_and(|out| out.status.success());
        if !there {
            return Err(format!("{program} is missing: it {why}"));
        }
    }
    install(GOVULNCHECK)?;
    let chosen: Vec<_> = CHECKS
        .iter()
        .filter(|(name, _)| name.contains(only))
        .collect();
    let mut failed = 0;
    for (name, check) in &chosen {
        match check(full) {
            Ok(()) => println!("test {name} ... ok"),
            Err(e) => {
                println!("test {name} ... FAILED\n{e}");
                failed += 1;
            }
        }
    }
    println!("\n{} passed, {failed} failed", chosen.len() - failed);
    if failed > 0 {
        Err(format!("{failed} comparisons failed"))
    } else {
        Ok(())
    }
}

/// Does something for each fixture and for CoreDNS, and gathers what is wrong.
fn each_binary(check: fn(&Path, &[u8]) -> Outcome) -> Outcome {
    let folder = tempfile::tempdir().context("temporary folder")?;
    let fixtures = goassay_fixtures::all()
        .iter()
        .map(|f| f.write_to(folder.path()));
    let (plain, stripped) = matrix::coredns()?;
    let files: Vec<PathBuf> = fixtures.chain([plain, stripped]).collect();
    let faults: Vec<String> = files
        .iter()
        .filter_map(|file| {
            let checked = read(file).and_then(|data| check(file, &data));
            checked.err().map(|e| format!("  {}: {e}", file.display()))
        })
        .collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults.join("\n"))
    }
}

/// The lines of `go version -m`, with the tabs between fields; the first is the toolchain.
fn build_information(file: &Path, data: &[u8]) -> Outcome {
    // It knows no archives, and of a universal file only the first slice.
    let members = container::members(data).map_err(|gap| gap.to_string())?;
    let [member] = &members[..] else {
        return Ok(());
    };
    let theirs = go::modinfo(file).unwrap_or_default();
    let binary = Binary::parse(member.data);
    let ours = binary
        .as_ref()
        .ok()
        .and_then(|b| b.build_info().ok())
        .map(lines);
    let theirs: Option<Vec<String>> =
        theirs.map(|t| t.lines().map(|l| l.trim_end().to_owned()).collect());
    if ours == theirs {
        Ok(())
    } else {
        Err(format!("{ours:?}\n  is not\n  {theirs:?}"))
    }
}

fn lines(info: &BuildInfo<'_>) -> Vec<String> {
    let mut lines = vec![info.go_version.to_owned()];
    lines.extend(info.path.map(|path| format!("path\t{path}")));
    for (word, module) in info
        .main
        .iter()
        .map(|m| ("mod", m))
        .chain(info.deps.iter().map(|d| ("dep", d)))
    {
        lines.push(module_line(word, module));
        lines.extend(module.replace.as_deref().map(|by| module_line("=>", by)));
    }
    lines.extend(
        info.settings
            .iter()
            .map(|(key, value)| format!("build\t{key}={}", quoted(value))),
    );
    lines
}

fn module_line(word: &str, module: &Module<'_>) -> String {
    format!(
        "{word}\t{}\t{}\t{}",
        module.path, module.version, module.sum
    )
    .trim_end()
    .to_owned()
}

/// As the go command writes values with blanks.
fn quoted(value: &str) -> String {
    if value.contains([' ', '\t', '\n', '\r', '"', '`']) {
        format!("{value:?}")
    } else {
        value.to_owned()
    }
}

/// The loaded segments of `readelf -lW`.
fn headers(file: &Path, data: &[u8]) -> Outcome {
    let Ok(binary) = Binary::parse(data) else {
        return Ok(());
    };
    if binary.image().format != Format::Elf || binary.image().segments.is_empty() {
        return Ok(());
    }
    let shown = text(Command::new("readelf").args(["-lW"]).arg(file))?;
    let theirs: Vec<(u64, u64, u64)> = shown.lines().filter_map(load).collect();
    let ours = binary.image().segments.iter();
    let ours: Vec<_> = ours.map(|s| (s.offset.0, s.address.0, s.len)).collect();
    if ours == theirs {
        Ok(())
    } else {
        Err(format!("{ours:x?}\n  is not\n  {theirs:x?}"))
    }
}

/// Offset, address and size in the file of a `LOAD` line.
fn load(line: &str) -> Option<(u64, u64, u64)> {
    let mut words = line.trim().strip_prefix("LOAD")?.split_whitespace();
    let mut number = || u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok();
    let (offset, address) = (number()?, number()?);
    let (_physical, size) = (number()?, number()?);
    Some((offset, address, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_lines_are_read() {
        let line = "  LOAD           0x0b3000 0x00000000004b3000 0x00000000004b3000 0x0cc748 0x0cc750 R   0x1000";
        assert_eq!(load(line), Some((0xb3000, 0x4b_3000, 0xcc748)));
        assert_eq!(load("  GNU_STACK      0x000000 0x0"), None);
    }
}

//! Lists for people and line tools: one entry a line, numbers first, columns aligned, names last.

use super::Target;
use super::entries::{Entries, Function, Module, Package, Type};
use crate::untrusted::Untrusted;
use std::io::{self, Write};

/// Writes the list of one binary; `headed` where several are listed one after the other.
///
/// # Errors
///
/// What the writer fails with.
pub fn put(target: &Target, headed: bool, out: &mut dyn Write) -> io::Result<()> {
    if headed {
        let member = target.member.iter();
        let member: String = member.map(|name| format!(" {}", Untrusted(name))).collect();
        writeln!(out, "# {}{member}", Untrusted(&target.path))?;
    }
    match &target.entries {
        Entries::Functions(list) => list.iter().try_for_each(|one| function(out, one)),
        Entries::Packages(list) => list.iter().try_for_each(|one| package(out, one)),
        Entries::Modules(list) => list.iter().try_for_each(|one| module(out, one)),
        Entries::Types(list) => list.iter().try_for_each(|one| of_type(out, one)),
    }
}

fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "-".to_owned())
}

/// Address, bytes, inlined calls, name, place.
fn function(out: &mut dyn Write, one: &Function) -> io::Result<()> {
    let address = or_dash(one.address.clone());
    let bytes = or_dash(one.bytes.map(|n| n.to_string()));
    let inlined = or_dash(one.inlined_calls.map(|n| n.to_string()));
    write!(
        out,
        "{address:>18} {bytes:>8} {inlined:>5}  {}",
        Untrusted(&one.name)
    )?;
    match (&one.file, one.line) {
        (Some(file), Some(line)) => writeln!(out, "  {}:{line}", Untrusted(file)),
        (Some(file), None) => writeln!(out, "  {}", Untrusted(file)),
        (None, _) => writeln!(out),
    }
}

/// Functions, bytes of code, path, module and version.
fn package(out: &mut dyn Write, one: &Package) -> io::Result<()> {
    let functions = one.functions + one.only_inlined;
    write!(
        out,
        "{functions:>8} {:>10}  {}",
        one.code_bytes,
        Untrusted(&one.path)
    )?;
    match (&one.module, &one.version) {
        (Some(module), Some(version)) => {
            writeln!(out, "  {}@{}", Untrusted(module), Untrusted(version))
        }
        _ => writeln!(out, "  -"),
    }
}

/// Packages with functions, path, version, replacement.
fn module(out: &mut dyn Write, one: &Module) -> io::Result<()> {
    let packages = or_dash(one.packages.map(|n| n.to_string()));
    let version = if one.version.is_empty() {
        "-"
    } else {
        &one.version
    };
    write!(
        out,
        "{packages:>8}  {} {}",
        Untrusted(&one.path),
        Untrusted(version)
    )?;
    match &one.replaced_by {
        Some(by) => writeln!(
            out,
            " => {} {}",
            Untrusted(&by.path),
            Untrusted(&by.version)
        ),
        None => writeln!(out),
    }
}

/// Address, bytes of the descriptor, bytes of a value, methods, kind, name, package.
fn of_type(out: &mut dyn Write, one: &Type) -> io::Result<()> {
    write!(
        out,
        "{:>18} {:>8} {:>8} {:>5}  {:<14} {}",
        one.address,
        one.descriptor_bytes,
        one.value_bytes,
        one.methods,
        one.kind,
        Untrusted(&one.name)
    )?;
    match &one.package {
        Some(package) => writeln!(out, "  {}", Untrusted(package)),
        None => writeln!(out),
    }
}

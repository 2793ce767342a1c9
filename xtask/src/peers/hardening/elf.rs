//! What `readelf` (GNU binutils) and checksec 2.6 say of an ELF file.

use super::Fields;
use crate::run::{Context, Outcome, text};
use std::path::Path;
use std::process::Command;

/// The facts that `readelf` shows.
pub(super) fn readelf(file: &Path) -> Outcome<Fields> {
    let show = |flags: &[&str]| {
        let mut command = Command::new("readelf");
        // It ends with 1 where it has a warning, such as for a debug file that is not there.
        let out = command.args(flags).arg("-W").arg(file).output();
        let out = out.context("readelf")?;
        Ok::<String, String>(String::from_utf8_lossy(&out.stdout).into_owned())
    };
    let mut fields = Fields::new();
    let mut set = |name: &str, value: String| fields.insert(name.to_owned(), value);
    let (headers, segments) = (show(&["-h"])?, show(&["-l"])?);
    let dynamic = show(&["-d"])?;
    let flags = dynamic.lines().filter(|line| line.contains("(FLAGS"));
    let flags: Vec<&str> = flags.flat_map(str::split_whitespace).collect();
    let bind_now = dynamic.contains("(BIND_NOW)")
        || flags
            .iter()
            .any(|&flag| flag == "BIND_NOW" || flag == "NOW");
    set("kind", kind(&headers).to_owned());
    set("interpreter", interpreter(&segments).to_owned());
    set("relro", relro(&segments, bind_now).to_owned());
    set("stack", stack(&segments).to_owned());
    let both = |line: &&str| line.trim_start().starts_with("LOAD") && line.contains(" RWE ");
    set(
        "writable_executable",
        segments.lines().filter(both).count().to_string(),
    );
    for (field, tag) in [
        ("needed", "(NEEDED)"),
        ("soname", "(SONAME)"),
        ("rpath", "(RPATH)"),
        ("runpath", "(RUNPATH)"),
    ] {
        set(field, bracketed(&dynamic, tag));
    }
    set("bind_now", bind_now.to_string());
    let textrel = dynamic.contains("(TEXTREL)") || flags.contains(&"TEXTREL");
    set("text_relocations", textrel.to_string());
    notes(&show(&["-n"])?, &mut set);
    // What is told by sections can only be compared where there are some.
    if !headers.contains("Number of section headers:         0") {
        set("imports", imports(&show(&["--dyn-syms"])?));
        sections(&show(&["-S"])?, &show(&["-t"])?, &mut set);
        set("debug_link", debug_link(&show(&["-wk"])?));
    }
    Ok(fields)
}

fn kind(headers: &str) -> &'static str {
    let line = headers.lines().find(|line| line.contains("  Type:"));
    match line.unwrap_or_default() {
        line if line.contains("EXEC") => "fixed",
        line if line.contains("Position-Independent Executable") => "pie",
        line if line.contains("Shared object") => "shared",
        _ => "other",
    }
}

fn interpreter(segments: &str) -> &str {
    let mut lines = segments.lines();
    let line = lines.find_map(|line| {
        line.trim()
            .strip_prefix("[Requesting program interpreter: ")
    });
    line.map_or("", |line| line.trim_end_matches(']'))
}

/// The line of a program header, where it is there.
fn segment<'s>(segments: &'s str, kind: &str) -> Option<&'s str> {
    segments
        .lines()
        .find(|line| line.split_whitespace().next() == Some(kind))
}

fn relro(segments: &str, bind_now: bool) -> &'static str {
    match segment(segments, "GNU_RELRO") {
        None => "none",
        Some(_) if bind_now => "full",
        Some(_) => "partial",
    }
}

fn stack(segments: &str) -> &'static str {
    match segment(segments, "GNU_STACK") {
        None => "not-stated",
        Some(line) if line.contains(" RWE ") => "executable",
        Some(_) => "non-executable",
    }
}

/// The texts in brackets on all lines with a tag.
fn bracketed(dynamic: &str, tag: &str) -> String {
    let lines = dynamic.lines().filter(|line| line.contains(tag));
    let texts = lines.filter_map(|line| Some(line.split_once('[')?.1.rsplit_once(']')?.0));
    texts.collect::<Vec<_>>().join(" ")
}

fn notes(shown: &str, set: &mut impl FnMut(&str, String) -> Option<String>) {
    let after = |mark: &str| {
        let mut lines = shown.lines();
        lines.find_map(|line| Some(line.split_once(mark)?.1.trim().to_owned()))
    };
    set("gnu_build_id", after("Build ID: ").unwrap_or_default());
    let features = after("x86 feature: ").or_else(|| after("AArch64 feature: "));
    let features = features.unwrap_or_default().replace(", ", " ");
    let features = features.split_whitespace().filter(|&word| word != "<None>");
    set("branch_protection", features.collect::<Vec<_>>().join(" "));
}

/// Names of undefined symbols, sorted, without versions.
fn imports(shown: &str) -> String {
    let names = shown.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, _, _, _, _, _, "UND", name, ..] = words[..] else {
            return None;
        };
        Some(name.split('@').next().unwrap_or(name))
    });
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.join(" ")
}

/// Debug sections (name, bytes, bytes after decompression) and the symbol table, from `-S` and `-t`.
fn sections(table: &str, details: &str, set: &mut impl FnMut(&str, String) -> Option<String>) {
    let mut debug = Vec::new();
    let mut symbols = 0;
    for line in table.lines() {
        let Some((name, len)) = section(line) else {
            continue;
        };
        if name == ".symtab" || name == ".strtab" {
            symbols += len;
        }
        if name.starts_with(".debug_") || name.starts_with(".zdebug_") {
            let uncompressed = uncompressed(details, name).unwrap_or(len);
            debug.push(format!("{name}:{len}:{uncompressed}"));
        }
    }
    set("debug_sections", debug.join(" "));
    set("symbol_table", symbols.to_string());
}

/// Name and size on a line of the section table.
fn section(line: &str) -> Option<(&str, u64)> {
    let (_, rest) = line.trim_start().strip_prefix('[')?.split_once(']')?;
    let words: Vec<&str> = rest.split_whitespace().collect();
    let [name, _, _, _, len, ..] = words[..] else {
        return None;
    };
    Some((name, u64::from_str_radix(len, 16).ok()?))
}

/// The size after the name of the compression, some lines behind the name of the section.
fn uncompressed(details: &str, name: &str) -> Option<u64> {
    let is_head = |line: &str| line.trim_start().starts_with('[') && line.contains("] ");
    let mut lines = details.lines();
    lines.find(|line| is_head(line) && line.trim_end().ends_with(&format!("] {name}")))?;
    let mut lines = lines.take_while(|line| !is_head(line));
    let line = lines.find(|line| line.trim_start().starts_with('Z'))?;
    u64::from_str_radix(line.split(", ").nth(1)?, 16).ok()
}

fn debug_link(shown: &str) -> String {
    let after = |mark: &str| {
        let mut lines = shown.lines();
        lines.find_map(|line| Some(line.split_once(mark)?.1.trim().to_owned()))
    };
    match after("Separate debug info file: ").zip(after("CRC value: ")) {
        Some((file, crc)) => format!("{file} {crc}"),
        None => String::new(),
    }
}

/// What checksec says, in its words.
pub(super) fn checksec(program: &Path, file: &Path) -> Outcome<Fields> {
    let name = file.to_string_lossy();
    let mut command = Command::new("bash");
    let shown = text(
        command
            .arg(program)
            .args(["--output=json", &format!("--file={name}")]),
    )?;
    let shown: serde_json::Value = serde_json::from_str(&shown).context("checksec")?;
    let facts = shown[&*name].as_object().ok_or("checksec says nothing")?;
    let wanted = [
        "relro",
        "nx",
        "pie",
        "canary",
        "rpath",
        "runpath",
        "symbols",
        "fortify_source",
    ];
    let fact = |&field: &&str| Some((field.to_owned(), facts.get(field)?.as_str()?.to_owned()));
    Ok(wanted.iter().filter_map(fact).collect())
}

//! What two contents, or a name, show by themselves: settings, interpreters, archives that were packed again, what may be missing.

use crate::archive::{self, Sum, Tree};
use crate::goroot;
use std::collections::BTreeMap;

/// Most settings that a file may change.
const MAX_SETTINGS: usize = 8;

/// Files in which cmd/dist or a packager writes down settings.
const OF_SETTINGS: [&str; 7] = [
    "VERSION",
    "go.env",
    "src/cmd/cgo/zdefaultcc.go",
    "src/cmd/go/internal/cfg/zdefaultcc.go",
    "src/go/build/zcgo.go",
    BOOTSTRAP,
    "src/internal/runtime/sys/zversion.go",
];
/// Where cmd/dist writes the defaults of GOAMD64 and its like.
const BOOTSTRAP: &str = "src/internal/buildcfg/zbootstrap.go";
/// Variables that cmd/dist makes defaults of, and builds the commands by.
const VARIABLES: [&str; 10] = [
    "GO386",
    "GOAMD64",
    "GOARM",
    "GOARM64",
    "GOEXPERIMENT",
    "GOMIPS",
    "GOMIPS64",
    "GOPPC64",
    "GORISCV64",
    "GOFIPS140",
];

/// The settings that differ, where nothing else in the file does.
pub(super) fn settings(name: &str, before: &[u8], now: &[u8]) -> Option<Vec<String>> {
    OF_SETTINGS.contains(&name).then_some(())?;
    let changed = changed_lines(before, now)?;
    let said = changed.iter().map(|(a, b)| match name {
        "VERSION" => vendor(a, b),
        _ if name.ends_with(".go") && !is_constant(b) => None,
        _ => {
            assignment(a, b).map(|(name, old, new)| format!("{name}: {old} published, {new} here"))
        }
    });
    let said: Option<Vec<String>> = said.collect();
    said.filter(|all| !all.is_empty() && all.len() <= MAX_SETTINGS)
}

/// The pairs of lines that differ, where there are as many on both sides.
fn changed_lines<'t>(before: &'t [u8], now: &'t [u8]) -> Option<Vec<(&'t str, &'t str)>> {
    let before = std::str::from_utf8(before).ok()?;
    let now = std::str::from_utf8(now).ok()?;
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), now.lines().collect());
    let pairs = old.iter().zip(&new).filter(|(a, b)| a != b);
    (old.len() == new.len()).then(|| pairs.map(|(a, b)| (*a, *b)).collect())
}

/// Two assignments to the same name: it, and the values.
fn assignment<'t>(one: &'t str, other: &'t str) -> Option<(&'t str, &'t str, &'t str)> {
    let parts = |line: &'t str| -> Option<(&'t str, &'t str)> {
        let (name, value) = line.split_once('=')?;
        let name = name.trim();
        Some((name.strip_prefix("const ").unwrap_or(name), value.trim()))
    };
    let ((name, old), (same, new)) = (parts(one)?, parts(other)?);
    (name == same).then_some((name, old, new))
}

/// Whether a line of Go gives a name the value of one literal, and does nothing else.
fn is_constant(line: &str) -> bool {
    let Some(value) = line
        .strip_prefix("const ")
        .and_then(|rest| rest.split_once('='))
    else {
        return false;
    };
    let value = value.1.trim();
    let quoted = |quote| {
        let inner = value
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote));
        inner.is_some_and(|inner| !inner.contains([quote, '\\']))
    };
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
    quoted('`') || quoted('"') || !value.is_empty() && value.chars().all(word)
}

/// A vendor's words behind the same release.
fn vendor(before: &str, now: &str) -> Option<String> {
    let ((release, _), (same, vendor)) = (goroot::released(before)?, goroot::released(now)?);
    let vendor = vendor.filter(|_| release == same)?;
    Some(format!("go{release} published, a vendor adds {vendor:?}"))
}

/// The variables with which a Go was built whose defaults are others, by the file that cmd/dist writes them into.
pub(super) fn variables(name: &str, before: &[u8], now: &[u8]) -> Vec<(&'static str, String)> {
    let changed = if name == BOOTSTRAP {
        changed_lines(before, now).unwrap_or_default()
    } else {
        Vec::new()
    };
    let assigned = changed.iter().filter_map(|(a, b)| assignment(a, b));
    let variable = |(name, _, value): (&str, &str, &str)| {
        let name = name.to_lowercase();
        let name = name.strip_prefix("default")?;
        let mut known = VARIABLES.iter();
        let known = known.find(|variable| variable.to_lowercase() == name)?;
        Some((*known, value.trim_matches(['`', '"']).to_owned()))
    };
    assigned.filter_map(variable).collect()
}

/// Where the interpreter of a script lies here, where nothing else in it differs: packagers name it by its whole path.
pub(super) fn interpreter(before: &[u8], now: &[u8]) -> Option<String> {
    let ((old, rest), (new, same)) = (first_line(before)?, first_line(now)?);
    let (program, args) = interpreted(old)?;
    let path = new.strip_prefix("#!")?.trim_start();
    let (path, others) = path.split_once(' ').unwrap_or((path, ""));
    let places = ["/usr/bin/", "/bin/"];
    let named = places.iter().find_map(|place| path.strip_prefix(place));
    let equal = rest == same && named == Some(program) && others.trim() == args;
    equal.then(|| format!("{old:?} published, {new:?} here"))
}

fn first_line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|&byte| byte == b'\n')?;
    let (line, rest) = bytes.split_at_checked(end)?;
    Some((std::str::from_utf8(line).ok()?, rest))
}

/// The program and the arguments behind `#!`, also by `env`.
fn interpreted(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_prefix("#!")?.trim();
    let line = line.strip_prefix("/usr/bin/env ").unwrap_or(line).trim();
    let (path, args) = line.split_once(' ').unwrap_or((line, ""));
    Some((path.rsplit('/').next()?, args.trim()))
}

/// What was packed again with the same contents: a zip archive, or a PNG image but for its time.
pub(super) fn repacked(name: &str, before: &[u8], now: &[u8]) -> Option<String> {
    if name.ends_with(".zip") {
        let (one, other) = (zip(before)?, zip(now)?);
        (one == other).then(|| {
            let count = one.len();
            format!("a zip archive of the same {count} files; order or times of them are others")
        })
    } else if name.ends_with(".png") {
        let same = without_time(before)? == without_time(now)?;
        same.then(|| "an image with the same data; the time in it is another".to_owned())
    } else {
        None
    }
}

type Members = BTreeMap<String, (archive::Kind, Option<u32>, Sum)>;

/// What a zip archive holds; none where a name is there twice.
fn zip(bytes: &[u8]) -> Option<Members> {
    let tree: Tree = archive::from_bytes(bytes, &archive::Options::default()).ok()?;
    let is_zip = tree.format == archive::Format::Zip && tree.shared_names(true).is_empty();
    let entries = tree.entries.into_iter();
    is_zip.then(|| entries.map(|e| (e.name, (e.kind, e.mode, e.sum))).collect())
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The chunk with the time of the last change (PNG specification, 11.3.6), and its length.
const TIME: (&[u8], usize) = (b"tIME", 7);

/// The chunks of an image, with neither its time nor its checksum.
fn without_time(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut rest = bytes.strip_prefix(PNG)?;
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let (length, _) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (chunk, left) = rest.split_at_checked(length.checked_add(12)?)?;
        let kind = chunk.get(4..8)?;
        chunks.push(if (kind, length) == TIME { kind } else { chunk });
        rest = left;
    }
    Some(chunks)
}

/// What it is that is published and not there, where nothing needs it.
pub(super) fn removed(name: &str) -> Option<&'static str> {
    const TEXTS: [&str; 6] = [
        "LICENSE",
        "PATENTS",
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "codereview.cfg",
    ];
    let script = name.ends_with(".rc") || name.ends_with(".bat");
    if TEXTS.contains(&name) || name.starts_with("doc/") {
        Some("documentation")
    } else if is_test(name) || name.starts_with("test/") {
        Some("tests")
    } else if name.starts_with("lib/time/") {
        Some("time zones")
    } else if name.starts_with("src/") && name.matches('/').count() == 1 && script {
        Some("a script for building on another system")
    } else {
        None
    }
}

/// Whether a file is read by tests only.
fn is_test(name: &str) -> bool {
    name.ends_with("_test.go") || name.contains("/testdata/")
}

/// Whether a file can be a part of what the go command builds or runs.
pub(super) fn takes_part(name: &str) -> bool {
    let places = ["src/", "bin/", "pkg/", "lib/"];
    places.iter().any(|place| name.starts_with(place)) && !is_test(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_no_program_needs_may_be_removed() {
        for (name, why) in [
            ("LICENSE", "documentation"),
            ("doc/go_spec.html", "documentation"),
            ("test/fixedbugs/x.go", "tests"),
            ("src/os/os_test.go", "tests"),
            ("src/os/testdata/x", "tests"),
            ("src/make.rc", "a script for building on another system"),
        ] {
            assert_eq!(removed(name), Some(why), "{name}");
        }
        for name in [
            "src/LICENSE",
            "src/os/os.go",
            "documentation",
            "src/cmd/x.bat",
            "bin/go",
        ] {
            assert_eq!(removed(name), None, "{name}");
        }
    }

    #[test]
    fn an_interpreter_is_the_same_program_at_another_place() {
        let shown =
            |before: &str, now: &str| interpreter(before.as_bytes(), now.as_bytes()).is_some();
        let published = "#!/usr/bin/env perl\nuse strict;\n";
        assert!(shown(published, "#! /usr/bin/perl\nuse strict;\n"));
        assert!(shown("#!/bin/bash -e\nx\n", "#!/usr/bin/bash -e\nx\n"));
        for other in [
            "#! /usr/bin/perl\nuse  strict;\n",
            "#! /usr/bin/python\nuse strict;\n",
            "#! /tmp/perl\nuse strict;\n",
            "#! /usr/bin/../../tmp/perl\nuse strict;\n",
            "#! /usr/bin/perl -Mevil\nuse strict;\n",
            "use strict;\n",
        ] {
            assert!(!shown(published, other), "{other}");
        }
    }

    #[test]
    fn a_vendor_may_add_words_to_the_same_release_and_nothing_else() {
        let shown = |now: &str| {
            settings("VERSION", b"go1.24.4\ntime 2025\n", now.as_bytes()).map(|all| all.concat())
        };
        assert_eq!(
            shown("go1.24.4 (Red Hat 1.24.4-1.el9)\ntime 2025\n").unwrap(),
            "go1.24.4 published, a vendor adds \"(Red Hat 1.24.4-1.el9)\""
        );
        for other in [
            "go1.24.5\ntime 2025\n",
            "go1.24.5 (x)\ntime 2025\n",
            "go1.24.4 (x)\ntime 2026\n",
            "go1.24.4 (x)\ntime 2025\nevil\n",
        ] {
            assert_eq!(shown(other), None, "{other}");
        }
    }

    #[test]
    fn a_setting_is_a_constant_and_no_code() {
        let before = b"package x\n\nconst DefaultGO386 = `sse2`\nvar x = 1\n";
        let shown = |line: &str, now: &str| {
            let text = std::str::from_utf8(before).unwrap();
            settings(BOOTSTRAP, before, text.replace(line, now).as_bytes()).is_some()
        };
        let line = "const DefaultGO386 = `sse2`";
        for now in [
            "const DefaultGO386 = `softfloat`",
            "const DefaultGO386 = \"\"",
            "const DefaultGO386 = 3",
        ] {
            assert!(shown(line, now), "{now}");
        }
        for now in [
            "const DefaultGO386 = `softfloat`; func init() { evil() }",
            "const DefaultGO386 = `softfloat`; var x = `a`",
            "const DefaultGO386 = evil()",
            "var DefaultGO386 = evil",
            "const DefaultGO386 = ",
            "const DefaultGO387 = `softfloat`",
        ] {
            assert!(!shown(line, now), "{now}");
        }
        assert!(!shown("var x = 1", "var x = 2"));
    }

    #[test]
    fn variables_are_those_that_differ() {
        let before = b"const version = `go1`\nconst DefaultGO386 = `sse2`\nconst DefaultGOAMD64 = `v1`\nconst defaultGOEXPERIMENT = ``\n";
        let now = b"const version = `go2`\nconst DefaultGO386 = `sse2`\nconst DefaultGOAMD64 = `v3`\nconst defaultGOEXPERIMENT = `x`\n";
        let found = variables(BOOTSTRAP, before, now);
        let want = [("GOAMD64", "v3"), ("GOEXPERIMENT", "x")];
        assert_eq!(found, want.map(|(name, value)| (name, value.to_owned())));
        assert_eq!(variables("go.env", before, now), []);
    }

    fn png(time: u8, data: u8) -> Vec<u8> {
        let chunk = |kind: &[u8], data: &[u8], sum: u8| {
            [&(data.len() as u32).to_be_bytes(), kind, data, &[sum; 4]].concat()
        };
        let chunks = [
            chunk(b"IDAT", &[data; 9], data),
            chunk(b"tIME", &[time; 7], time),
            chunk(b"IEND", &[], 0),
        ];
        [PNG, &chunks.concat()].concat()
    }

    #[test]
    fn an_image_differs_in_its_time_alone_or_not() {
        assert!(repacked("x.png", &png(1, 1), &png(2, 1)).is_some());
        assert_eq!(repacked("x.png", &png(1, 1), &png(1, 2)), None);
        let cut = png(1, 1);
        for length in 0..cut.len() {
            let part = cut.get(..length).unwrap();
            assert_eq!(repacked("x.png", &png(2, 1), part), None, "{length}");
        }
    }
}

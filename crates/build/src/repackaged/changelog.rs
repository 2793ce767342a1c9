//! Changelogs that packages bring along (Debian Policy 4.4): which entry names a file that was changed, or the function that it was
//! changed in. That is what somebody says was done, no proof that nothing else was.

use super::layout::Place;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

/// Longest changelog that is read, in bytes.
const MAX_LENGTH: u64 = 8 << 20;
/// Most entries that are shown for one file.
const MAX_SHOWN: usize = 3;
/// Shorter names of files and functions are words of every language.
const MIN_NAME: usize = 8;

/// All entries.
#[derive(Debug, Default)]
pub(super) struct Changelog(Vec<Entry>);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone)]
struct Entry {
    /// Package and version.
    of: String,
    text: String,
}

impl Changelog {
    /// Those of packages, from the files beside GOROOT.
    pub(super) fn of_packages(beside: &BTreeMap<String, Place<'_>>) -> Changelog {
        let mut seen = BTreeSet::new();
        let mut entries = Vec::new();
        let logs = beside.iter().filter(|(name, _)| is_changelog(name));
        for entry in logs.flat_map(|(_, place)| read(*place)) {
            if seen.insert(entry.clone()) {
                entries.push(entry);
            }
        }
        Changelog(entries)
    }

    /// The entries that name a file whose contents were changed, or the one function in which they were; the newest first.
    pub(super) fn naming(&self, file: &str, before: &[u8], now: &[u8]) -> Vec<String> {
        let base = file.rsplit('/').next().unwrap_or(file);
        let function = changed_function(before, now).filter(|name| is_distinctive(name));
        let mut words = vec![file];
        words.extend((base.len() >= MIN_NAME).then_some(base));
        words.extend(function);
        let names = |entry: &&Entry| words.iter().any(|word| has_word(&entry.text, word));
        let naming = self.0.iter().filter(names).take(MAX_SHOWN);
        naming
            .map(|entry| format!("{}: {}", entry.of, entry.text))
            .collect()
    }
}

fn is_changelog(name: &str) -> bool {
    let base = name.rsplit('/').next().unwrap_or(name);
    let known = ["changelog.Debian.gz", "changelog.Debian", "changelog.gz"];
    name.starts_with("usr/share/doc/") && known.contains(&base)
}

/// The entries of a changelog; none where it cannot be read.
fn read(place: Place<'_>) -> Vec<Entry> {
    if place.entry.sum.length > MAX_LENGTH {
        return Vec::new();
    }
    let bytes = place.contents().unwrap_or_default();
    let mut text = Vec::new();
    let unpacked = flate2::read::GzDecoder::new(bytes.as_slice());
    match unpacked.take(MAX_LENGTH).read_to_end(&mut text) {
        Ok(_) => parse(&String::from_utf8_lossy(&text)),
        Err(_) => parse(&String::from_utf8_lossy(&bytes)),
    }
}

/// `package (version) suites; …`, then items that begin with `*`, then who and when.
fn parse(text: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut of = None;
    for line in text.lines() {
        if !line.starts_with(' ') {
            of = line.split_once(')').map(|(of, _)| format!("{of})")).or(of);
        } else if let (Some(item), Some(of)) = (line.trim_start().strip_prefix("* "), &of) {
            entries.push(Entry {
                of: of.clone(),
                text: item.to_owned(),
            });
        } else if line.starts_with("  ") {
            let last = entries
                .last_mut()
                .filter(|last| Some(&last.of) == of.as_ref());
            if let Some(last) = last.filter(|_| !line.trim().is_empty()) {
                last.text.push(' ');
                last.text.push_str(line.trim());
            }
        }
    }
    entries
}

/// The function of a Go file in which all lines lie that differ.
fn changed_function<'t>(before: &[u8], now: &'t [u8]) -> Option<&'t str> {
    let before = std::str::from_utf8(before).ok()?;
    let now = std::str::from_utf8(now).ok()?;
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), now.lines().collect());
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (left, right) = (old.iter().skip(start).rev(), new.iter().skip(start).rev());
    let behind = left.zip(right).take_while(|(a, b)| a == b).count();
    let (head, rest) = new.split_at_checked(start)?;
    let changed = rest.get(..rest.len().checked_sub(behind)?)?;
    // What gofmt has formatted has functions, and nothing else of them, at the beginning of lines.
    let at_top = |line: &&&str| !line.is_empty() && !line.starts_with(['\t', ' ', '}']);
    let inside = !changed
        .iter()
        .any(|line| at_top(&line) || line.starts_with('}'));
    let opened = head
        .iter()
        .rev()
        .find(|line| at_top(line) || line.starts_with('}'))?;
    inside.then(|| function(opened)).flatten()
}

/// The name of the function that a line begins.
fn function(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("func ")?;
    let method = rest
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(") "));
    let rest = method.map_or(rest, |(_, rest)| rest);
    rest.split(['(', '[']).next()
}

/// Whether a name is no word of a language.
fn is_distinctive(name: &str) -> bool {
    let inner = name.get(1..).unwrap_or_default();
    let mixed = inner.contains(|c: char| c.is_uppercase() || c == '_');
    name.len() >= MIN_NAME && mixed
}

/// Whether a text has a name that is no part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let (before, rest) = text.split_at_checked(at).unwrap_or_default();
        let after = rest.get(word.len()..).unwrap_or_default();
        !before.ends_with(|c: char| is_part(c) || c == '/') && !after.starts_with(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
golang-1.22 (1.22.2-2) unstable; urgency=medium

  * Team upload
  * Skip flaky TestCrashDumpsAllThreads on s390x (LP: #2061742)
    https://example.org/64650

 -- A <a@example.org>  Tue, 16 Apr 2024 16:13:31 +0800

golang-1.22 (1.22.0-2) unstable; urgency=medium

  [ A ]
  * Change src/os/file_unix.go
";

    #[test]
    fn items_are_read_with_what_follows_them() {
        let entries = parse(TEXT);
        let texts: Vec<(&str, &str)> = entries
            .iter()
            .map(|e| (e.of.as_str(), e.text.as_str()))
            .collect();
        assert_eq!(
            texts,
            [
                ("golang-1.22 (1.22.2-2)", "Team upload"),
                (
                    "golang-1.22 (1.22.2-2)",
                    "Skip flaky TestCrashDumpsAllThreads on s390x (LP: #2061742) https://example.org/64650"
                ),
                ("golang-1.22 (1.22.0-2)", "Change src/os/file_unix.go"),
            ]
        );
    }

    const BEFORE: &str = "package x\n\nfunc TestCrashDumpsAllThreads(t *testing.T) {\n\ta()\n\n\tb()\n}\n\nfunc Other() {\n\tc()\n}\n";

    fn named(file: &str, now: &str) -> usize {
        let log = Changelog(parse(TEXT));
        log.naming(file, BEFORE.as_bytes(), now.as_bytes()).len()
    }

    #[test]
    fn what_was_changed_has_to_be_named() {
        let inside = BEFORE.replace("\tb()\n", "\tskip()\n\tb()\n");
        assert_eq!(named("src/runtime/crash_unix_test.go", &inside), 1);
        for outside in [
            BEFORE.replace("c()", "evil()"),
            BEFORE.replace("b()", "evil()").replace("c()", "evil()"),
            BEFORE.replace(
                "}\n\nfunc Other",
                "}\n\nfunc init() {\n\tevil()\n}\n\nfunc Other",
            ),
            format!("{BEFORE}\nfunc init() {{ evil() }}\n"),
            BEFORE.replace("package x", "package y"),
        ] {
            assert_eq!(
                named("src/runtime/crash_unix_test.go", &outside),
                0,
                "{outside}"
            );
        }
        assert_eq!(named("src/os/file_unix.go", &format!("{BEFORE}//\n")), 1);
        for other in [
            "src/evil/src/os/file_unix.go",
            "src/os/file_unix.go2",
            "os/x.go",
        ] {
            assert_eq!(named(other, &format!("{BEFORE}//\n")), 0, "{other}");
        }
    }

    #[test]
    fn methods_and_generic_functions_have_names() {
        for (line, name) in [
            ("func (r *Reader) ReadAllOf(p []byte) {", Some("ReadAllOf")),
            ("func Sum[T any](x T) {", Some("Sum")),
            ("var x = func() {", None),
        ] {
            assert_eq!(function(line), name);
        }
    }
}

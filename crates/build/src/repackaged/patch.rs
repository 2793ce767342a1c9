//! Unified differences (`diff -u`), as Debian's source packages keep them (`debian/patches`, `series`), applied without any
//! leeway in what is around a change.

use crate::archive::{self, Sum, Tree};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Longest patch, in bytes.
const MAX_PATCH: u64 = 32 << 20;

/// The patches of a source package, in the order in which they are applied.
#[derive(Debug, Default)]
pub struct Patches {
    /// Name and version of the source package. Hostile.
    source: String,
    series: Vec<Patch>,
}

#[derive(Debug)]
struct Patch {
    name: String,
    files: Vec<FilePatch>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct FilePatch {
    /// Without the first element of its path.
    name: String,
    hunks: Vec<Hunk>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Hunk {
    /// First line in the old file, from 1.
    line: usize,
    before: Vec<String>,
    after: Vec<String>,
}

/// A file after patches, and which these were.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Patched {
    /// Its contents.
    pub contents: Vec<u8>,
    /// The patches that changed it, in order.
    pub by: Vec<String>,
}

impl Patches {
    /// The patches of a Debian source package, by its `.dsc`: beside it lies the archive of the `debian` folder, which has to
    /// have the hash that the `.dsc` names. The signature of the `.dsc` is not checked.
    ///
    /// # Errors
    /// Something is missing, damaged or another file: says why.
    pub fn of_source(dsc: &Path) -> Result<Patches, String> {
        let text =
            fs::read_to_string(dsc).map_err(|e| format!("cannot read {}: {e}", dsc.display()))?;
        let (sum, name) = debian_archive(&text)
            .ok_or_else(|| format!("{} names no archive *.debian.tar.*", dsc.display()))?;
        let path = dsc.with_file_name(name);
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let bytes = fs::read(&path).map_err(|error| failed(&error))?;
        if Sum::of(&bytes).hex() != sum {
            return Err(failed(&"it is not the file that the .dsc names"));
        }
        let tree =
            archive::from_bytes(bytes, &archive::Options::default()).map_err(|e| failed(&e))?;
        Ok(Patches {
            source: source(&text),
            series: series(&tree)?,
        })
    }

    /// Name and version of the source package; empty where the `.dsc` has none. Hostile.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The files that are changed, made out of those that `original` gives. A file to which a patch does not apply is left
    /// out.
    pub fn apply(&self, original: &dyn Fn(&str) -> Option<Vec<u8>>) -> BTreeMap<String, Patched> {
        let mut done: BTreeMap<String, Patched> = BTreeMap::new();
        let mut failed: Vec<&str> = Vec::new();
        for (patch, file) in self
            .series
            .iter()
            .flat_map(|p| p.files.iter().map(move |f| (p, f)))
        {
            let before = done.remove(&file.name).unwrap_or_else(|| Patched {
                contents: original(&file.name).unwrap_or_default(),
                by: Vec::new(),
            });
            match file.apply(&before.contents) {
                None => failed.push(&file.name),
                Some(contents) => {
                    let mut by = before.by;
                    by.push(patch.name.clone());
                    done.insert(file.name.clone(), Patched { contents, by });
                }
            }
        }
        done.retain(|name, _| !failed.contains(&name.as_str()));
        done
    }
}

/// The patches of the `debian` folder, in the order of its series.
fn series(tree: &Tree) -> Result<Vec<Patch>, String> {
    let read = |name: &str| -> Result<Option<String>, String> {
        let Some(entry) = tree.find(&format!("debian/patches/{name}")) else {
            return Ok(None);
        };
        if entry.sum.length > MAX_PATCH {
            return Err(format!("the patch {name} is too long"));
        }
        let bytes = tree.contents(entry).map_err(|error| error.to_string())?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    };
    let series = read("series")?.unwrap_or_default();
    let names = series.lines().filter_map(|line| {
        let name = line.split('#').next()?.split_whitespace().next()?;
        Some(name.to_owned())
    });
    let mut patches = Vec::new();
    for name in names {
        let text = read(&name)?.ok_or_else(|| format!("the patch {name} is not there"))?;
        let files = parse(&text).ok_or_else(|| format!("the patch {name} is damaged"))?;
        patches.push(Patch { name, files });
    }
    Ok(patches)
}

/// Name and version of a source package, by its `.dsc`.
fn source(dsc: &str) -> String {
    let field = |name: &str| {
        let mut lines = dsc.lines();
        lines.find_map(|line| Some(line.strip_prefix(name)?.trim()))
    };
    let of = [field("Source:"), field("Version:")];
    of.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// SHA-256 and name of the archive with the `debian` folder.
fn debian_archive(dsc: &str) -> Option<(&str, &str)> {
    let section = dsc.split("Checksums-Sha256:").nth(1)?;
    let lines = section
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with(' '));
    let mut files = lines.filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?, words.nth(1)?))
    });
    files.find(|(_, name)| name.contains(".debian.tar.") && !name.contains('/'))
}

fn parse(text: &str) -> Option<Vec<FilePatch>> {
    let mut files: Vec<FilePatch> = Vec::new();
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let header =
            line.starts_with("--- ") && lines.peek().is_some_and(|n| n.starts_with("+++ "));
        if header {
            let (old, new) = (path(line)?, path(lines.next()?)?);
            let name = if new == "/dev/null" { old } else { new };
            files.push(FilePatch {
                name: name.split_once('/')?.1.to_owned(),
                hunks: Vec::new(),
            });
        } else if let Some(ranges) = line.strip_prefix("@@ -") {
            let hunk = hunk(ranges, &mut lines)?;
            files.last_mut()?.hunks.push(hunk);
        }
    }
    Some(files)
}

fn path(line: &str) -> Option<&str> {
    let rest = line.get(4..)?.trim_end_matches(['\n', '\r']);
    rest.split('\t').next()
}

/// Reads a hunk behind `@@ -`: `LINE,COUNT +LINE,COUNT @@`.
fn hunk<'t>(
    ranges: &str,
    lines: &mut std::iter::Peekable<impl Iterator<Item = &'t str>>,
) -> Option<Hunk> {
    let (old, rest) = ranges.split_once(" +")?;
    let new = rest.split_once(" @@")?.0;
    let numbers = |range: &str| -> Option<(usize, usize)> {
        let (line, count) = range.split_once(',').unwrap_or((range, "1"));
        Some((line.parse().ok()?, count.parse().ok()?))
    };
    let ((line, old), (_, new)) = (numbers(old)?, numbers(new)?);
    let mut hunk = Hunk {
        line,
        ..Hunk::default()
    };
    while hunk.before.len() < old || hunk.after.len() < new {
        let line = lines.next()?;
        let text = line.get(1..).unwrap_or("\n").to_owned();
        match line.as_bytes().first()? {
            b' ' | b'\n' => {
                hunk.before.push(text.clone());
                hunk.after.push(text);
            }
            b'-' => hunk.before.push(text),
            b'+' => hunk.after.push(text),
            _ => return None,
        }
    }
    Some(hunk)
}

impl FilePatch {
    /// The contents after it; none where it does not fit.
    fn apply(&self, contents: &[u8]) -> Option<Vec<u8>> {
        let text = std::str::from_utf8(contents).ok()?;
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let (mut out, mut at, mut moved) = (String::new(), 0usize, 0isize);
        for hunk in &self.hunks {
            let expected = hunk.line.saturating_sub(1).saturating_add_signed(moved);
            let start = hunk.place(&lines, at, expected)?;
            moved += start.cast_signed() - expected.cast_signed();
            out.extend(lines.get(at..start)?.iter().copied());
            out.extend(hunk.after.iter().map(String::as_str));
            at = start + hunk.before.len();
        }
        out.extend(lines.get(at..)?.iter().copied());
        Some(out.into_bytes())
    }
}

impl Hunk {
    /// Where its old lines are: as near as can be to where they should be.
    fn place(&self, lines: &[&str], from: usize, expected: usize) -> Option<usize> {
        let fits = |&start: &usize| {
            let there = lines.get(start..start.saturating_add(self.before.len()));
            there.is_some_and(|there| {
                there.iter().eq(self
                    .before
                    .iter()
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .iter())
            })
        };
        let mut places: Vec<usize> = (from..=lines.len()).filter(fits).collect();
        places.sort_by_key(|&start| start.abs_diff(expected));
        places.first().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATCH: &str = "Description: x\n\n--- a/src/x.go\n+++ b/src/x.go\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n@@ -5,2 +5,3 @@\n e\n+new\n f\n";

    fn applied(contents: &str) -> Option<String> {
        let files = parse(PATCH).unwrap();
        let bytes = files[0].apply(contents.as_bytes())?;
        Some(String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn a_patch_changes_what_it_names_and_nothing_else() {
        assert_eq!(
            applied("a\nb\nc\nd\ne\nf\n").unwrap(),
            "a\nB\nc\nd\ne\nnew\nf\n"
        );
        assert_eq!(
            applied("0\na\nb\nc\nd\ne\nf\n").unwrap(),
            "0\na\nB\nc\nd\ne\nnew\nf\n"
        );
        assert_eq!(applied("a\nx\nc\nd\ne\nf\n"), None);
        assert_eq!(applied(""), None);
    }

    #[test]
    fn damaged_patches_are_none() {
        for bad in [
            "@@ -1 +1 @@\n-a\n+b\n",
            "--- a/x\n+++ b/x\n@@ -1,9 +1 @@\n-a\n",
            "--- a/x\n+++ b/x\n@@ -x +1 @@\n",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_archive_is_named_by_the_dsc() {
        let dsc = "Format: 3.0\nChecksums-Sha256:\n aa 1 go.orig.tar.gz\n bb 2 go_1-2.debian.tar.xz\nFiles:\n cc 1 x.debian.tar.xz\n";
        assert_eq!(debian_archive(dsc), Some(("bb", "go_1-2.debian.tar.xz")));
    }
}

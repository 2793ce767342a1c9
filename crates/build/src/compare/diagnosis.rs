//! Where two contents differ, in the terms of what they are: lines of a text; build information, section and function of a
//! Go binary; else the place.

use super::text;
use goassay_binary::address::FileOffset;
use goassay_binary::image::Image;
use goassay_diff::{BuildInfo, Functions, ModuleChange};

/// Lines of a text that are shown.
const LINES: usize = 20;

/// Where two contents differ. Texts are hostile.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diagnosis {
    /// The first byte that differs; where one ends, its length.
    pub offset: u64,
    /// Bytes that differ up to the end of the shorter one.
    pub bytes: u64,
    /// The lines of a text that differ (`-` posted, `+` rebuilt), the first of them.
    pub lines: Option<Vec<String>>,
    /// The first line of the build information that differs: posted and rebuilt, empty where there is none.
    pub build_info: Option<(String, String)>,
    /// The section in which the first difference lies, in the posted file.
    pub section: Option<String>,
    /// A function with other code, addresses in it taken for what stands there; the program's own first.
    pub function: Option<FunctionDiffers>,
}

/// A function that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionDiffers {
    /// Its name in the posted file.
    pub posted: Option<String>,
    /// The name at its place in the rebuilt file.
    pub rebuilt: Option<String>,
    /// Bytes of machine code in both, 0 where only one has it.
    pub lengths: [u64; 2],
    /// How many functions of the same name differ in code.
    pub count: usize,
}

impl Diagnosis {
    /// The same in words, a line each.
    #[must_use]
    pub fn in_words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(lines) = &self.lines {
            return lines.clone();
        }
        if let Some((one, other)) = &self.build_info {
            words.push(format!("build information: {one:?} and {other:?}"));
        }
        if let Some(function) = &self.function {
            let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "none".to_owned());
            let (one, other) = (name(&function.posted), name(&function.rebuilt));
            let [left, right] = function.lengths;
            words.push(if one == other {
                let count = function.count;
                format!(
                    "function {one}: {left} and {right} bytes of code, {count} functions differ"
                )
            } else {
                format!("function {one} is there alone, and {other} on the other side")
            });
        }
        let section = self.section.as_deref();
        let place = section.map_or(String::new(), |section| format!(" in {section}"));
        let (bytes, offset) = (self.bytes, self.offset);
        words.push(format!(
            "{bytes} bytes differ, the first at {offset:#x}{place}"
        ));
        words
    }
}

/// Where two contents differ.
#[must_use]
pub fn diagnose(posted: &[u8], rebuilt: &[u8]) -> Diagnosis {
    let differs = |(a, b): (&u8, &u8)| a != b;
    let pairs = || posted.iter().zip(rebuilt);
    let shorter = posted.len().min(rebuilt.len());
    let offset = pairs().position(differs).unwrap_or(shorter) as u64;
    let mut diagnosis = Diagnosis {
        offset,
        bytes: pairs().filter(|&pair| differs(pair)).count() as u64,
        lines: text::diff(posted, rebuilt, LINES),
        ..Diagnosis::default()
    };
    if let Ok(image) = Image::parse(posted) {
        diagnosis.section = section(&image, offset);
    }
    let found = goassay_diff::compare(posted, rebuilt);
    if found.unread.is_none() {
        diagnosis.build_info = build_info(&found.build);
        diagnosis.function = function(&found.functions);
    }
    diagnosis
}

/// The section that has the byte at this place.
fn section(image: &Image<'_>, offset: u64) -> Option<String> {
    let has = |at: FileOffset, length: u64| offset.checked_sub(at.0).is_some_and(|by| by < length);
    let found = image.sections.iter().find(|s| has(s.offset, s.len))?;
    Some(String::from_utf8_lossy(found.name).into_owned())
}

/// The first line that differs, as `go version -m` shows it.
fn build_info(found: &BuildInfo) -> Option<(String, String)> {
    let two = |[a, b]: &[String; 2], word: &str| (format!("{word}{a}"), format!("{word}{b}"));
    let go = found.go.as_ref().map(|values| two(values, ""));
    let path = found.path.as_ref().map(|values| two(values, "path "));
    let main = found.main.as_ref().map(|main| module("mod", main));
    let dep = found.modules.list.first().map(|dep| module("dep", dep));
    let setting = found.settings.list.first().map(|setting| {
        let side = |value: &Option<String>| {
            let value = value.as_ref();
            value.map_or(String::new(), |value| {
                format!("build {}={value}", setting.key)
            })
        };
        (side(&setting.values[0]), side(&setting.values[1]))
    });
    go.or(path).or(main).or(dep).or(setting)
}

fn module(kind: &str, change: &ModuleChange) -> (String, String) {
    let side = |side: usize| {
        let version = change.versions[side].as_ref();
        version.map_or(String::new(), |version| {
            format!("{kind} {} {version} {}", change.path, change.sums[side])
        })
    };
    (side(0), side(1))
}

/// A function with other code; where there is none, one that a side alone has.
fn function(found: &Functions) -> Option<FunctionDiffers> {
    let count = usize::try_from(found.changed.count).unwrap_or(usize::MAX);
    let changed = found.changed.list.first().map(|one| FunctionDiffers {
        posted: Some(one.name.clone()),
        rebuilt: Some(one.name.clone()),
        lengths: one.lengths,
        count,
    });
    let only = || FunctionDiffers {
        posted: found.removed.list.first().cloned(),
        rebuilt: found.added.list.first().cloned(),
        lengths: [0, 0],
        count,
    };
    let any = found.removed.count + found.added.count > 0;
    changed.or_else(|| any.then(only))
}

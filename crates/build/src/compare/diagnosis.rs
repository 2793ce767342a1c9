//! Where two contents differ, in the terms of what they are: lines of a text; build information, section and function of a
//! Go binary; else the place.

use super::text;
use goassay_binary::Binary;
use goassay_binary::address::{FileOffset, VirtualAddress};
use goassay_binary::buildinfo::{BuildInfo, Module};
use goassay_binary::image::Image;

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
    /// The first function, in order of addresses, whose name or code differs.
    pub function: Option<FunctionDiffers>,
}

/// A function that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionDiffers {
    /// Its name in the posted file.
    pub posted: Option<String>,
    /// The name at its place in the rebuilt file.
    pub rebuilt: Option<String>,
    /// Bytes of machine code in both, 0 where there is none.
    pub lengths: (u32, u32),
    /// How many functions of the same name differ in length or code.
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
            let (left, right) = function.lengths;
            words.push(if one == other {
                let count = function.count;
                format!(
                    "function {one}: {left} and {right} bytes of code, {count} functions differ"
                )
            } else {
                format!("function {one} stands where {other} does")
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
    if let (Ok(one), Ok(other)) = (Binary::parse(posted), Binary::parse(rebuilt)) {
        diagnosis.build_info = build_info(&one, &other);
        diagnosis.function = function(&one, &other);
    }
    diagnosis
}

/// The section that has the byte at this place.
fn section(image: &Image<'_>, offset: u64) -> Option<String> {
    let has = |at: FileOffset, length: u64| offset.checked_sub(at.0).is_some_and(|by| by < length);
    let found = image.sections.iter().find(|s| has(s.offset, s.len))?;
    Some(String::from_utf8_lossy(found.name).into_owned())
}

fn build_info(one: &Binary<'_>, other: &Binary<'_>) -> Option<(String, String)> {
    let lines = |binary: &Binary<'_>| binary.build_info().map(lines).unwrap_or_default();
    let (one, other) = (lines(one), lines(other));
    (0..one.len().max(other.len()))
        .map(|index| {
            let line = |lines: &[String]| lines.get(index).cloned().unwrap_or_default();
            (line(&one), line(&other))
        })
        .find(|(a, b)| a != b)
}

/// The build information as `go version -m` shows it.
fn lines(info: &BuildInfo<'_>) -> Vec<String> {
    fn module(kind: &str, module: &Module<'_>) -> String {
        let Module {
            path, version, sum, ..
        } = module;
        let replaced = module.replace.as_deref();
        let replaced = replaced.map_or(String::new(), |by| {
            format!(" => {} {}", by.path, by.version)
        });
        format!("{kind} {path} {version} {sum}{replaced}")
    }
    let mut lines = vec![info.go_version.to_owned()];
    lines.extend(info.path.map(|path| format!("path {path}")));
    lines.extend(info.main.as_ref().map(|main| module("mod", main)));
    lines.extend(info.deps.iter().map(|dep| module("dep", dep)));
    let settings = info.settings.iter();
    lines.extend(settings.map(|(key, value)| format!("build {key}={value}")));
    lines
}

/// A function with its code.
struct Code<'a> {
    name: &'a [u8],
    length: u32,
    code: Option<&'a [u8]>,
}

fn functions<'a>(binary: &Binary<'a>) -> Vec<Code<'a>> {
    let mut all = Vec::new();
    let code = |address: Option<VirtualAddress>, length: u32| {
        binary
            .image()
            .slice(address?, length.into())
            .map(|bytes| bytes.data())
    };
    // Gaps do not matter: this is to point at something, not to prove.
    let _ = binary.each_function(|listed| {
        if let Some(emitted) = listed.code {
            all.push(Code {
                name: listed.name,
                length: emitted.len,
                code: code(emitted.address, emitted.len),
            });
        }
    });
    all
}

fn function(one: &Binary<'_>, other: &Binary<'_>) -> Option<FunctionDiffers> {
    let (one, other) = (functions(one), functions(other));
    let same = |(a, b): &(&Code<'_>, &Code<'_>)| (a.name, a.code) == (b.name, b.code);
    let pairs = || one.iter().zip(&other);
    let count = pairs().filter(|(a, b)| a.name == b.name && a.code != b.code);
    // Code that only refers to what has moved differs everywhere: what has another length or name comes first.
    let other_shape = |(a, b): &(&Code<'_>, &Code<'_>)| (a.name, a.length) != (b.name, b.length);
    let first = pairs()
        .position(|pair| other_shape(&pair))
        .or_else(|| pairs().position(|pair| !same(&pair)));
    let first = match first {
        Some(first) => first,
        None if one.len() == other.len() => return None,
        None => one.len().min(other.len()),
    };
    let name = |code: Option<&Code<'_>>| code.map(|c| String::from_utf8_lossy(c.name).into_owned());
    let length = |code: Option<&Code<'_>>| code.map_or(0, |c| c.length);
    Some(FunctionDiffers {
        posted: name(one.get(first)),
        rebuilt: name(other.get(first)),
        lengths: (length(one.get(first)), length(other.get(first))),
        count: count.count(),
    })
}

//! What the program needs to start: interpreter and libraries, and because of what.

use super::ccode::CCode;
use goassay_binary::gap::{Fact, Gap};
use goassay_binary::hardening::Hardening;

/// What it needs to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linkage {
    /// The dynamic loader that the file names.
    pub interpreter: Fact<Option<String>>,
    /// Libraries that the loader has to find.
    pub needed: Fact<Vec<String>>,
    /// Why it needs a loader or libraries, as far as the binary shows: one clause each, nothing from the binary.
    pub because: Vec<Cause>,
}

/// Why a program is dynamically linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Package `net` resolves names by the C library.
    Net,
    /// Package `os/user` asks the C library.
    OsUser,
    /// Package `plugin` loads libraries.
    Plugin,
    /// C code of the program or of a dependency.
    OwnC,
    /// Only cgo's own support code; some package says `import "C"`.
    CgoRuntime,
    /// No C code: Go's linker writes an interpreter into position-independent executables.
    GoPie,
    /// The operating system has no other interface than its libraries.
    System,
}

impl Cause {
    /// One clause without a full stop.
    pub fn text(self) -> &'static str {
        match self {
            Cause::Net => "package net resolves names by the C library",
            Cause::OsUser => "package os/user asks the C library",
            Cause::Plugin => "package plugin loads libraries",
            Cause::OwnC => "C code of the program or of a dependency is linked",
            Cause::CgoRuntime => "a package uses cgo",
            Cause::GoPie => {
                "Go's own linker names an interpreter in every position-independent executable"
            }
            Cause::System => "the operating system is called through its libraries only",
        }
    }
}

impl Linkage {
    /// Whether it starts without a dynamic loader and libraries.
    ///
    /// # Errors
    /// The gap in what that needs.
    pub fn is_static(&self) -> Result<bool, &Gap> {
        let needed = self.needed.as_ref().map(Vec::is_empty);
        let interpreter = self.interpreter.as_ref().map(Option::is_none);
        match (needed, interpreter) {
            (Ok(false), _) | (_, Ok(false)) => Ok(false),
            (Ok(true), Ok(true)) => Ok(true),
            (Err(gap), _) | (_, Err(gap)) => Err(gap),
        }
    }
}

/// Reads the linkage.
///
/// # Errors
/// Where the headers could not be read.
pub fn read(hardening: &Fact<Hardening<'_>>, c_code: &Fact<CCode>) -> Fact<Linkage> {
    let lossy = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    let hardening = hardening.as_ref().map_err(Clone::clone)?;
    let (interpreter, needed) = match hardening {
        Hardening::Elf(elf) => (
            elf.interpreter.clone().map(|path| path.map(lossy)),
            elf.dynamic.as_ref().map_err(Clone::clone).map(|dynamic| {
                let needed = dynamic.iter().flat_map(|dynamic| &dynamic.needed);
                needed.map(|name| lossy(name)).collect()
            }),
        ),
        Hardening::Pe(pe) => (
            Ok(None),
            pe.dlls
                .as_ref()
                .map_err(Clone::clone)
                .map(|dlls| dlls.iter().map(|name| lossy(name)).collect()),
        ),
        Hardening::MachO(macho) => (
            Ok(None),
            macho
                .dylibs
                .as_ref()
                .map_err(Clone::clone)
                .map(|dylibs| dylibs.iter().map(|dylib| lossy(dylib.name)).collect()),
        ),
    };
    let mut linkage = Linkage {
        interpreter,
        needed,
        because: Vec::new(),
    };
    if linkage.is_static() == Ok(false) {
        let elf = matches!(hardening, Hardening::Elf(_));
        linkage.because = causes(elf, c_code);
    }
    Ok(linkage)
}

fn causes(elf: bool, c_code: &Fact<CCode>) -> Vec<Cause> {
    if !elf {
        return vec![Cause::System];
    }
    let Ok(c_code) = c_code else {
        return Vec::new();
    };
    if !c_code.linked {
        return vec![Cause::GoPie];
    }
    let has = |path: &str| c_code.packages.iter().any(|package| package == path);
    let found = [
        (has("net"), Cause::Net),
        (has("os/user"), Cause::OsUser),
        (has("plugin"), Cause::Plugin),
        (c_code.foreign_packages().next().is_some(), Cause::OwnC),
    ];
    let causes: Vec<Cause> = found
        .into_iter()
        .filter_map(|(is, cause)| is.then_some(cause))
        .collect();
    if causes.is_empty() {
        vec![Cause::CgoRuntime]
    } else {
        causes
    }
}

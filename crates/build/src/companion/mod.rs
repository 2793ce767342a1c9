//! The debug companion of a shipped program: debug information apart, made from a second link of the same program.
//!
//! The shipped file is linked without DWARF (`-w`) and never changed. The same command without `-w` gives a file whose code
//! and data are the same; this is checked, section by section, before anything of it is believed. What debuggers need of it
//! is then written under the shipped file's identity, where they look: a `.build-id` tree (ELF), a dSYM bundle (Mach-O).
//!
//! Bytes in, bytes out: whoever calls writes the files. Headers are patched by hand rather than by an object-file library:
//! indexes of sections stay what they are, so symbols, links and debug information are copied and never understood.

mod elf;
mod fields;
mod macho;
mod pe;

use goassay_binary::bytes::hexadecimal;
use std::fmt;

/// What to put beside a shipped program, or on a server, for debuggers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Companion {
    /// The files; the first has the debug information.
    pub files: Vec<File>,
    /// How debuggers find it.
    pub identity: Identity,
}

/// One file of a companion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Below the folder for debug information, with `/`.
    pub path: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// How a debugger gets from the shipped file to its companion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// By the GNU build ID, in hexadecimal: gdb, lldb, delve, debuginfod.
    BuildId(String),
    /// By the UUID, in hexadecimal: lldb, and whatever uses Spotlight.
    Uuid(String),
    /// The shipped file has no identity: by name alone. delve looks for `NAME.debug` in its folders; gdb and lldb are told
    /// (`symbol-file`, `add-dsym`).
    Name,
}

/// Why there is no companion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It is no program for Linux, a BSD, macOS or Windows, or the two are of different kinds.
    Format,
    /// A file is not what a linker writes.
    Damaged {
        /// Which of the two.
        file: Which,
        /// What cannot be read.
        what: String,
    },
    /// The two do not load the same code and data, so debug information of one would be wrong for the other.
    Differs(String),
    /// The second file has no debug information either.
    NoDebugInformation,
}

/// One of two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The one without debug information.
    Shipped,
    /// The one with it.
    WithDebug,
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Which::Shipped => "the shipped file",
            Which::WithDebug => "the file with debug information",
        })
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Format => f.write_str(
                "debug information is kept apart for ELF, 64-bit Mach-O and PE programs, and both files have to be of one kind",
            ),
            Refused::Damaged { file, what } => write!(f, "{file} is damaged: {what}"),
            Refused::Differs(what) => write!(
                f,
                "linking with debug information gave another program: {what}"
            ),
            Refused::NoDebugInformation => {
                f.write_str("the file that was linked for its debug information has none")
            }
        }
    }
}

impl std::error::Error for Refused {}

/// Makes the companion of `shipped`, whose file name is `name`, from a second link of the same program.
///
/// ELF: every section that is loaded has to have the same name, kind, address, size and bytes in both files, and so do entry
/// point and segments; only the build IDs may differ. Mach-O and PE: the same for every section with code or data; their Go build
/// ID lies in the code. Of the import and relocation tables of a PE file, which lie behind the debug information, the address may
/// differ too. Not compared: what fills the space between sections, symbol tables, signatures.
///
/// # Errors
/// Where one of the files cannot be read, or they are not the same program.
pub fn make(name: &str, shipped: &[u8], with_debug: &[u8]) -> Result<Companion, Refused> {
    match (shipped, with_debug) {
        ([0x7f, b'E', b'L', b'F', ..], [0x7f, b'E', b'L', b'F', ..]) => {
            elf::make(name, shipped, with_debug)
        }
        ([0xcf, 0xfa, 0xed, 0xfe, ..], [0xcf, 0xfa, 0xed, 0xfe, ..]) => {
            macho::make(name, shipped, with_debug)
        }
        ([b'M', b'Z', ..], [b'M', b'Z', ..]) => pe::make(name, shipped, with_debug),
        _ => Err(Refused::Format),
    }
}

/// Where debuggers look for the companion of a file with this GNU build ID: `.build-id/xx/yyyy.debug`; none for an ID that is too
/// short for it.
#[must_use]
pub fn build_id_path(id: &[u8]) -> Option<String> {
    let (first, rest) = id.split_first().filter(|(_, rest)| !rest.is_empty())?;
    let (first, rest) = (hexadecimal(&[*first]), hexadecimal(rest));
    Some(format!(".build-id/{first}/{rest}.debug"))
}

fn damaged(file: Which, what: impl Into<String>) -> Refused {
    Refused::Damaged {
        file,
        what: what.into(),
    }
}

fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

/// What is said of the first pair, in order, that differs, or of the first that only one file has.
fn first_difference<'s, T: 's>(
    mut ours: impl Iterator<Item = &'s T>,
    mut theirs: impl Iterator<Item = &'s T>,
    differ: impl Fn(&T, &T) -> Option<String>,
    alone: impl Fn(&T) -> String,
) -> Option<String> {
    loop {
        match (ours.next(), theirs.next()) {
            (None, None) => return None,
            (Some(one), Some(other)) => {
                if let Some(what) = differ(one, other) {
                    return Some(what);
                }
            }
            (Some(one), None) | (None, Some(one)) => return Some(alone(one)),
        }
    }
}

/// Whether two stretches of code or data are equal where the Go build ID that may stand in one of them does not count.
fn equal_but_for_build_id(one: &[u8], other: &[u8]) -> bool {
    if one == other {
        return true;
    }
    let (Some(id), Some(other_id)) = (build_id(one), build_id(other)) else {
        return false;
    };
    let without = |bytes: &'_ [u8], id: &std::ops::Range<usize>| {
        Some((
            bytes.get(..id.start)?.to_vec(),
            bytes.get(id.end..)?.to_vec(),
        ))
    };
    id == other_id && without(one, &id) == without(other, &other_id)
}

/// Where the linker wrote the Go build ID into code (cmd/link, `textbuildid`).
fn build_id(code: &[u8]) -> Option<std::ops::Range<usize>> {
    const BEFORE: &[u8] = b"\xff Go build ID: \"";
    const BEHIND: &[u8] = b"\"\n \xff";
    // Longer than any that the go command makes.
    const LONGEST: usize = 512;
    let at = |bytes: &[u8], wanted: &[u8]| bytes.windows(wanted.len()).position(|w| w == wanted);
    let start = at(code, BEFORE)? + BEFORE.len();
    let rest = code.get(start..)?;
    let len = at(rest.get(..LONGEST).unwrap_or(rest), BEHIND)?;
    Some(start..start + len)
}

#[cfg(test)]
mod tests;

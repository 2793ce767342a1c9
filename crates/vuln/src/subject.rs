//! What is matched against the database: one binary, seen without its format.
//!
//! Borrowed throughout: a scan of one file must not copy sixty thousand names. The fleet stores the same data and
//! scans it with the same code, so a subject can come from a file or from a store.

use goassay_binary::Places;
use goassay_binary::gap::Gap;
use std::sync::Arc;

/// Identifies one entry of the subject's symbol table (for a binary: the offset in the function name table).
pub type SymbolId = u32;

/// Gives the linker names of all functions that are in the subject, emitted or inlined, and finds them again.
pub trait SymbolSource {
    /// Calls `visit` once for every name, as the linker wrote it (`golang.org/x/net/http2.(*Framer).ReadFrame`,
    /// package path escaped). Neighbours usually share their package.
    fn for_each(&self, visit: &mut dyn FnMut(SymbolId, &str));

    /// Gives to `found` where the wanted names (sorted, unique) are in the binary, in an order that depends on the binary
    /// alone. Gaps say what could not be looked up.
    fn locate(
        &self,
        wanted: &[SymbolId],
        places: Places,
        found: &mut dyn FnMut(SymbolId, Place),
    ) -> Vec<Gap>;
}

/// How a function is in the binary.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// As a function of its own.
    Function {
        /// Virtual address of the entry; `None` where none is known (objects of a c-archive, damaged module data).
        address: Option<u64>,
        /// Where it is defined (file and line of the entry), unless unreadable.
        position: Option<Position>,
    },
    /// Inlined into another function.
    Inlined {
        /// Linker name of the physical function that holds the code.
        host: Arc<str>,
        /// Virtual address of the host's entry; `None` as above.
        host_address: Option<u64>,
        /// Where the inlined call was written, unless unreadable.
        call: Option<Position>,
    },
}

/// A source position, as recorded in the binary (hostile text).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// File as the compiler recorded it.
    pub file: Arc<str>,
    /// Line, 1-based; 0 where unknown.
    pub line: u32,
}

/// A module of the subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module<'a> {
    /// Path under which packages are imported.
    pub path: &'a str,
    /// Recorded version; empty where none is.
    pub version: &'a str,
    /// What it was replaced by: path (a directory starts with `/` or `.`) and version (empty for a directory).
    pub replace: Option<(&'a str, &'a str)>,
}

/// The names of the functions in the binary, or why they are not known.
pub enum Symbols<'a> {
    /// Every function of the binary is named.
    Known(&'a dyn SymbolSource),
    /// Not known; nothing below module level can be decided.
    Unknown(Gap),
}

/// One binary, ready to be matched.
pub struct Subject<'a> {
    /// Toolchain version (`go1.26.8`, vendor suffixes included), if known.
    pub go_version: Option<&'a str>,
    /// Import path of the main package, for which the linker writes `main`.
    pub main_package: Option<&'a str>,
    /// For a plugin: the path that stands for `main` in linker names.
    pub plugin_path: Option<&'a str>,
    /// Main module.
    pub main: Option<Module<'a>>,
    /// Dependencies.
    pub modules: Vec<Module<'a>>,
    /// `GOOS`, if known.
    pub goos: Option<&'a str>,
    /// `GOARCH`, if known.
    pub goarch: Option<&'a str>,
    /// The functions in the binary.
    pub symbols: Symbols<'a>,
    /// What could not be read and matters for matching (build info above all).
    pub gaps: Vec<Gap>,
}

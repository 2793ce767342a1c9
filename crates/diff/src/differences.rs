//! What differs between two Go binaries: plain data that refers to neither. Pairs are always A's and B's. Texts are hostile.

use crate::listed::Listed;
use goassay_binary::NotGo;

/// What differs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Differences {
    /// The bytes.
    pub span: Span,
    /// Why one of them was compared by its bytes alone.
    pub unread: Option<Unread>,
    /// Format, platform, sections, symbol table, debug information, identities.
    pub container: Container,
    /// Build information.
    pub build: BuildInfo,
    /// Functions.
    pub functions: Functions,
    /// Inlined calls.
    pub inlining: Inlining,
    /// Code that no Go compiler made.
    pub foreign: Foreign,
    /// Types.
    pub types: Types,
    /// String constants that code or data refers to.
    pub strings: Strings,
    /// Source files.
    pub files: Files,
    /// String variables with another value.
    pub variables: Listed<Variable>,
    /// What could not be read of which side.
    pub gaps: Vec<String>,
}

/// The bytes of two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Lengths of the files.
    pub lengths: [u64; 2],
    /// Bytes that differ, up to the end of the shorter file.
    pub differ: u64,
    /// The first byte that differs; where there is none, the length of the shorter file.
    pub first: u64,
    /// The last byte that differs.
    pub last: u64,
}

impl Span {
    /// Whether the files are the same.
    #[must_use]
    pub fn is_identical(&self) -> bool {
        self.differ == 0 && self.lengths[0] == self.lengths[1]
    }
}

/// Why files were not compared as Go binaries: of each, what it is instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread(pub [Option<String>; 2]);

/// Of the two, what they are instead of Go binaries.
pub(crate) fn unread(a: Option<NotGo>, b: Option<NotGo>) -> Option<Unread> {
    let words = |not: NotGo| match not {
        NotGo::Unreadable(gap) => gap.reason,
        NotGo::NoGoFound => "no Go was found in it".to_owned(),
        NotGo::Packed(packer) => format!("it was packed by {packer}"),
    };
    Some(Unread([a.map(words), b.map(words)]))
}

/// Something that both sides have in other forms; `None` where a side has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// What.
    pub name: String,
    /// In both.
    pub values: [Option<String>; 2],
}

/// What the container says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Container {
    /// Format, operating system, architecture, kind of file.
    pub platform: Vec<Changed>,
    /// What shows and what is hidden, in both.
    pub appearance: [Appearance; 2],
    /// Identities that differ.
    pub identities: Vec<Changed>,
    /// The identities themselves.
    pub identity: [Identity; 2],
    /// Sections that differ.
    pub sections: Listed<Section>,
    /// What else headers say: interpreter, libraries, permissions of segments, signature.
    pub headers: Listed<Changed>,
}

/// What a file shows of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Appearance {
    /// It has a symbol table with entries.
    pub symbols: bool,
    /// Symbols in it.
    pub symbol_count: u64,
    /// It has DWARF.
    pub dwarf: bool,
    /// Its DWARF is compressed.
    pub compressed: bool,
    /// Its section table is there.
    pub sections: bool,
    /// Bytes behind all that the headers speak of.
    pub appended: u64,
    /// A C linker put it together.
    pub external: bool,
}

/// By what a build is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// Go build ID; `None` where there is none or it is empty.
    pub go: Option<String>,
    /// GNU build ID, in hexadecimal.
    pub gnu: Option<String>,
    /// C compilers and linkers that left their names (`.comment`).
    pub compilers: Vec<String>,
    /// Who signed.
    pub signature: Option<String>,
}

/// A section that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Name.
    pub name: String,
    /// Bytes in the file; `None` where a side has no such section.
    pub lengths: [Option<u64>; 2],
    /// Bytes that differ up to the end of the shorter one.
    pub differ: u64,
}

/// Build information.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BuildInfo {
    /// Go version with experiments, where it differs.
    pub go: Option<[String; 2]>,
    /// Path of the main package, where it differs.
    pub path: Option<[String; 2]>,
    /// The main module, where it differs.
    pub main: Option<ModuleChange>,
    /// Settings that differ.
    pub settings: Listed<Setting>,
    /// Dependencies that differ.
    pub modules: Listed<ModuleChange>,
    /// How many dependencies there are.
    pub dependencies: [u64; 2],
    /// How many of them have no hash: they came out of a vendor folder.
    pub without_sum: [u64; 2],
    /// What the whole build information says of flags that matter to causes: the value of `-ldflags` in both.
    pub ldflags: [Option<String>; 2],
    /// Whether `-trimpath` was recorded.
    pub trimpath: [bool; 2],
}

/// A setting; `None` where a side has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name (`GOAMD64`, `-tags`, `vcs.revision`).
    pub key: String,
    /// Values.
    pub values: [Option<String>; 2],
}

/// A module that differs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModuleChange {
    /// Its path; of a main module, A's.
    pub path: String,
    /// Versions, with what replaces it (`v1.2.3 => ../x`); `None` where a side has no such module.
    pub versions: [Option<String>; 2],
    /// Hashes, empty where none is recorded.
    pub sums: [String; 2],
}

/// Functions by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Functions {
    /// Functions with code of their own.
    pub counts: [u64; 2],
    /// The same in both to the byte.
    pub same: u64,
    /// The same but for the addresses that they refer to.
    pub moved: u64,
    /// Of the same length and with other bytes, on an architecture where addresses in code are not known.
    pub unclear: u64,
    /// How many of B stand before the one that they stand behind in A.
    pub reordered: u64,
    /// With code that says the same and a definition at another line: name, lines.
    pub lines: Listed<(String, [u32; 2])>,
    /// In B alone.
    pub added: Listed<String>,
    /// In A alone.
    pub removed: Listed<String>,
    /// In both with other code, those of the program's own packages first.
    pub changed: Listed<FunctionChange>,
    /// The same by module, those with the most changes first.
    pub modules: Vec<ModuleCount>,
}

impl Functions {
    /// Functions that are not in both with the same code.
    #[must_use]
    pub fn differ(&self) -> u64 {
        self.added.count + self.removed.count + self.changed.count
    }
}

/// A function with other code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionChange {
    /// Linker name.
    pub name: String,
    /// Bytes of code.
    pub lengths: [u64; 2],
    /// In what way.
    pub how: How,
}

/// In what way code differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// Another length.
    Length,
    /// Other bytes; the first of them at this offset from the entry.
    Code(u64),
    /// Only the text of a string constant.
    Text([String; 2]),
}

/// Functions of one module.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModuleCount {
    /// Module path; `std` for Go's own, empty where it is not known.
    pub module: String,
    /// Functions with code in B alone.
    pub added: u64,
    /// In A alone.
    pub removed: u64,
    /// In both with other code.
    pub changed: u64,
    /// In both.
    pub common: u64,
}

/// Inlined calls.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inlining {
    /// How many calls were inlined.
    pub calls: [u64; 2],
    /// How many functions are there inlined only.
    pub only: [u64; 2],
    /// Functions into which another number of calls was inlined: name, numbers.
    pub functions: Listed<(String, [u32; 2])>,
}

/// Code that no Go compiler made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Foreign {
    /// Bytes of code outside of Go's, and of functions without a source file.
    pub lengths: [u64; 2],
    /// C functions within Go's code (internal linking) that are not in both with the same code.
    pub functions: Listed<String>,
}

/// Types by package and name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Types {
    /// How many there are.
    pub counts: [u64; 2],
    /// In B alone.
    pub added: Listed<String>,
    /// In A alone.
    pub removed: Listed<String>,
    /// Of another size, kind or number of methods.
    pub changed: Listed<Changed>,
}

/// String constants.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Strings {
    /// How many different ones were found.
    pub counts: [u64; 2],
    /// In B alone.
    pub added: Listed<String>,
    /// In A alone.
    pub removed: Listed<String>,
}

/// Source files as the pc-line table names them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Files {
    /// How many there are.
    pub counts: [u64; 2],
    /// The builder's folders, read out of them.
    pub roots: [Roots; 2],
    /// In B alone, once the builder's folders are taken away.
    pub added: Listed<String>,
    /// In A alone.
    pub removed: Listed<String>,
}

/// The builder's folders, as far as absolute paths show them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roots {
    /// Where Go was (`GOROOT`).
    pub goroot: Option<String>,
    /// Where modules were (`GOMODCACHE`).
    pub modules: Option<String>,
    /// Where the main module was.
    pub checkout: Option<String>,
}

/// A string variable with another value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its linker name (`main.version`); `None` where neither side has a symbol for it.
    pub name: Option<String>,
    /// A function that refers to it, where code showed which ones belong together.
    pub user: Option<String>,
    /// Values; empty also where it has none.
    pub values: [String; 2],
}

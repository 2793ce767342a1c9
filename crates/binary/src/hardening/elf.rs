//! ELF: program headers, the dynamic table and property notes (System V gABI, Linux extensions to gABI, psABIs).
//!
//! The dynamic table is found through `PT_DYNAMIC` and its tables through their addresses; sections are not asked.

use super::gap;
use crate::address::VirtualAddress;
use crate::gap::Fact;
use crate::image::{Image, Permissions};

/// What the headers of an ELF image say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElfHardening<'a> {
    /// What kind of program it is, with the evidence: one clause for people (`DF_1_PIE and an interpreter`).
    pub kind: Fact<(ElfKind, &'static str)>,
    /// The program interpreter (`PT_INTERP`), without which the program does not start; `None` where it names none.
    pub interpreter: Fact<Option<&'a [u8]>>,
    /// What is read-only after relocation.
    pub relro: Fact<Relro>,
    /// Whether the stack may hold code (`PT_GNU_STACK`).
    pub stack: Fact<Stack>,
    /// Loaded segments that are writable and executable at once.
    pub writable_executable: Fact<Vec<ElfSegment>>,
    /// The dynamic table; `None` where there is none (a static program at a fixed address).
    pub dynamic: Fact<Option<Dynamic<'a>>>,
    /// Branch protection that the whole image claims (`.note.gnu.property`); `None` without such a note.
    pub branch_protection: Fact<Option<BranchProtection>>,
}

/// What kind of program an ELF image is. Names only: `ET_DYN` stands for three of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ElfKind {
    /// `ET_EXEC`: linked for one address.
    FixedExecutable,
    /// A position-independent executable that an interpreter loads.
    Pie,
    /// A position-independent executable that relocates itself: no interpreter.
    StaticPie,
    /// A shared object: a library or a plugin.
    SharedObject,
}

impl ElfKind {
    /// The stable word for output.
    pub fn name(self) -> &'static str {
        match self {
            ElfKind::FixedExecutable => "fixed-executable",
            ElfKind::Pie => "pie",
            ElfKind::StaticPie => "static-pie",
            ElfKind::SharedObject => "shared-object",
        }
    }
}

/// What is read-only after relocation (`PT_GNU_RELRO`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relro {
    /// Nothing: no such segment.
    None,
    /// The segment is there, but procedure addresses may be bound when first used, so their table stays writable.
    Partial,
    /// The segment is there and all is bound at start (`DF_BIND_NOW`, `DF_1_NOW` or `DT_BIND_NOW`).
    Full,
}

impl Relro {
    /// The stable word for output.
    pub fn name(self) -> &'static str {
        match self {
            Relro::None => "none",
            Relro::Partial => "partial",
            Relro::Full => "full",
        }
    }
}

/// What `PT_GNU_STACK` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stack {
    /// The stack is not executable.
    NonExecutable,
    /// An executable stack is asked for.
    Executable,
    /// Nothing: the kernel's default for the architecture decides, which may be an executable stack.
    NotStated,
}

impl Stack {
    /// The stable word for output.
    pub fn name(self) -> &'static str {
        match self {
            Stack::NonExecutable => "non-executable",
            Stack::Executable => "executable",
            Stack::NotStated => "not-stated",
        }
    }
}

/// A loaded segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ElfSegment {
    /// Address of its first byte.
    pub address: VirtualAddress,
    /// Its bytes in memory.
    pub len: u64,
    /// How it is mapped.
    pub permissions: Permissions,
}

/// The dynamic table (`PT_DYNAMIC`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dynamic<'a> {
    /// Libraries that are loaded with it (`DT_NEEDED`), in order.
    pub needed: Vec<&'a [u8]>,
    /// Its own name as a library (`DT_SONAME`).
    pub soname: Option<&'a [u8]>,
    /// Where libraries are looked for before the environment is asked (`DT_RPATH`), as stored: paths divided by `:`.
    pub rpath: Vec<&'a [u8]>,
    /// Where libraries are looked for after the environment was asked (`DT_RUNPATH`), as stored.
    pub runpath: Vec<&'a [u8]>,
    /// Everything is bound at start (`DF_BIND_NOW`, `DF_1_NOW` or `DT_BIND_NOW`).
    pub bind_now: bool,
    /// `DF_1_PIE`: the linker says that it is an executable.
    pub pie_flag: bool,
    /// Relocations change code, which is writable meanwhile (`DT_TEXTREL` or `DF_TEXTREL`).
    pub text_relocations: bool,
    /// Names of the symbols that other objects have to define, in table order.
    pub imports: Fact<Vec<&'a [u8]>>,
}

/// Branch protection that every part of the image was compiled for, as its property note claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BranchProtection {
    /// Indirect branch tracking (x86).
    pub ibt: bool,
    /// Shadow stack (x86).
    pub shstk: bool,
    /// Branch target identification (`AArch64`).
    pub bti: bool,
    /// Pointer authentication (`AArch64`).
    pub pac: bool,
}

pub(super) fn read<'a>(_image: &Image<'a>) -> Fact<ElfHardening<'a>> {
    Err(gap("ELF headers are not read for hardening yet"))
}

//! ELF: program headers, the dynamic table and property notes (System V gABI, Linux extensions to gABI, psABIs).
//!
//! The dynamic table is found through `PT_DYNAMIC` and its tables through their addresses; sections are not asked.

use super::{dynamic, gap};
use crate::address::VirtualAddress;
use crate::bytes::Bytes;
use crate::gap::{Fact, Gap};
use crate::image::elf::{ET_EXEC, Extent, Headers, PT_DYNAMIC, PT_LOAD, ProgramHeader, notes};
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
    /// The segment is there, without the flag of [`Relro::Full`]: the table of procedure addresses (`.got.plt`), if there
    /// is one, lies outside of it and stays writable.
    Partial,
    /// The segment is there and all is bound at start (`DF_BIND_NOW`, `DF_1_NOW` or `DT_BIND_NOW`). The same is asked of a
    /// static PIE, though nobody binds lazily there: linkers move `.got.plt` into the segment under this flag only.
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
    /// There are relocations of procedure addresses (`DT_JMPREL`), the only ones that can be bound lazily.
    pub procedure_relocations: bool,
    /// `DT_DEBUG`: linkers write it into executables, for debuggers.
    pub debug: bool,
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

const ET_DYN: u16 = 3;
const PT_INTERP: u32 = 3;
const PT_GNU_STACK: u32 = 0x6474_e551;
const PT_GNU_RELRO: u32 = 0x6474_e552;
const NT_GNU_PROPERTY_TYPE_0: u32 = 5;
const EM_386: u16 = 3;
const EM_X86_64: u16 = 62;
const EM_AARCH64: u16 = 183;
const X86_FEATURE_1_AND: u32 = 0xc000_0002;
const AARCH64_FEATURE_1_AND: u32 = 0xc000_0000;

pub(super) fn read<'a>(image: &Image<'a>) -> Fact<ElfHardening<'a>> {
    let headers = Headers::read(image.bytes()).ok_or_else(|| gap("the ELF header ends early"))?;
    let interpreter = interpreter(image, &headers);
    let dynamic = dynamic(image, &headers);
    Ok(ElfHardening {
        kind: kind(&headers, &interpreter, &dynamic),
        relro: relro(&headers, &dynamic),
        stack: stack(&headers),
        writable_executable: writable_executable(&headers),
        branch_protection: branch_protection(image, &headers),
        interpreter,
        dynamic,
    })
}

/// All program headers of a kind.
fn all(headers: &Headers, kind: u32) -> Fact<impl Iterator<Item = &ProgramHeader>> {
    if headers.programs.extent == Extent::Cut {
        return Err(gap("the ELF program headers end outside the file"));
    }
    let entries = headers.programs.entries.iter();
    Ok(entries.filter(move |header| header.kind == kind))
}

/// The program header of a kind of which there is at most one: loaders differ in which of several they take.
fn only<'h>(headers: &'h Headers, kind: u32, name: &str) -> Fact<Option<&'h ProgramHeader>> {
    let mut found = all(headers, kind)?;
    let first = found.next();
    match found.next() {
        Some(_) => Err(gap(format!("there are several program headers {name}"))),
        None => Ok(first),
    }
}

fn interpreter<'a>(image: &Image<'a>, headers: &Headers) -> Fact<Option<&'a [u8]>> {
    let Some(header) = only(headers, PT_INTERP, "PT_INTERP")? else {
        return Ok(None);
    };
    let name = image
        .bytes()
        .slice(header.offset, header.filesz)
        .and_then(|bytes| bytes.c_str(0));
    match name {
        Some(name) => Ok(Some(name)),
        None => Err(gap("PT_INTERP holds no text within the file")),
    }
}

fn dynamic<'a>(image: &Image<'a>, headers: &Headers) -> Fact<Option<Dynamic<'a>>> {
    let Some(header) = only(headers, PT_DYNAMIC, "PT_DYNAMIC")? else {
        return Ok(None);
    };
    dynamic::read(image, headers.machine, header).map(Some)
}

fn kind(
    headers: &Headers,
    interpreter: &Fact<Option<&[u8]>>,
    dynamic: &Fact<Option<Dynamic<'_>>>,
) -> Fact<(ElfKind, &'static str)> {
    match headers.kind {
        ET_EXEC => return Ok((ElfKind::FixedExecutable, "ET_EXEC")),
        ET_DYN => {}
        other => return Err(gap(format!("e_type {other} is neither ET_EXEC nor ET_DYN"))),
    }
    let interpreter = interpreter.as_ref().map_err(Gap::clone)?.is_some();
    let dynamic = dynamic.as_ref().map_err(Gap::clone)?;
    let Some(dynamic) = dynamic else {
        return Err(gap("an image of type ET_DYN has no dynamic table"));
    };
    Ok(match (dynamic.pie_flag, interpreter) {
        (true, true) => (ElfKind::Pie, "DF_1_PIE and an interpreter"),
        (true, false) => (ElfKind::StaticPie, "DF_1_PIE and no interpreter"),
        _ if dynamic.soname.is_some() => (ElfKind::SharedObject, "DT_SONAME and no DF_1_PIE"),
        (false, true) => (ElfKind::Pie, "an interpreter and no DT_SONAME"),
        // Linkers write it for debuggers, into executables only.
        (false, false) if dynamic.debug => (ElfKind::StaticPie, "DT_DEBUG and no interpreter"),
        (false, false) => (
            ElfKind::SharedObject,
            "neither DF_1_PIE nor DT_DEBUG nor an interpreter",
        ),
    })
}

fn relro(headers: &Headers, dynamic: &Fact<Option<Dynamic<'_>>>) -> Fact<Relro> {
    let segment = only(headers, PT_GNU_RELRO, "PT_GNU_RELRO")?;
    if segment.is_none_or(|header| header.memsz == 0) {
        return Ok(Relro::None);
    }
    let dynamic = dynamic.as_ref().map_err(Gap::clone)?;
    Ok(match dynamic {
        Some(dynamic) if dynamic.bind_now => Relro::Full,
        _ => Relro::Partial,
    })
}

fn stack(headers: &Headers) -> Fact<Stack> {
    Ok(match only(headers, PT_GNU_STACK, "PT_GNU_STACK")? {
        None => Stack::NotStated,
        Some(header) if header.permissions().execute => Stack::Executable,
        Some(_) => Stack::NonExecutable,
    })
}

fn writable_executable(headers: &Headers) -> Fact<Vec<ElfSegment>> {
    let both = |header: &&ProgramHeader| {
        let permissions = header.permissions();
        permissions.write && permissions.execute && header.memsz > 0
    };
    let segment = |header: &ProgramHeader| ElfSegment {
        address: VirtualAddress(header.vaddr),
        len: header.memsz,
        permissions: header.permissions(),
    };
    Ok(all(headers, PT_LOAD)?.filter(both).map(segment).collect())
}

fn branch_protection(image: &Image<'_>, headers: &Headers) -> Fact<Option<BranchProtection>> {
    let note =
        notes::loaded(image.bytes(), headers, b"GNU", NT_GNU_PROPERTY_TYPE_0).map_err(gap)?;
    let Some(note) = note else {
        return Ok(None);
    };
    let damaged = || gap("the GNU property note is damaged");
    let features = match headers.machine {
        EM_386 | EM_X86_64 => property(note.description, X86_FEATURE_1_AND),
        EM_AARCH64 => property(note.description, AARCH64_FEATURE_1_AND),
        _ => Some(0),
    };
    let features = features.ok_or_else(damaged)?;
    let x86 = headers.machine != EM_AARCH64;
    let (first, second) = (features & 1 != 0, features & 2 != 0);
    Ok(Some(BranchProtection {
        ibt: x86 && first,
        shstk: x86 && second,
        bti: !x86 && first,
        pac: !x86 && second,
    }))
}

/// The 32 bits of a property; 0 where the note does not have it, `None` where the note is damaged.
fn property(properties: Bytes<'_>, kind: u32) -> Option<u32> {
    let mut at = 0;
    while at < properties.len() {
        let len = u64::from(properties.u32(at + 4)?);
        let data = properties.slice(at + 8, len)?;
        if properties.u32(at)? == kind {
            return data.u32(0);
        }
        at = (at + 8 + len).checked_next_multiple_of(properties.order().width.bytes())?;
    }
    Some(0)
}

//! The symbol table: whose its entries and names are, and whose the variables are that it names.
//!
//! Nothing else in this crate reads symbols, and nothing here needs them: without a table, the bytes of variables stay
//! unattributed.

use super::functions::Functions;
use super::ledger::{Label, Ledger};
use super::packages::Packages;
use super::{How, Kind, Owner, RuntimeTable, Structure, file_range};
use crate::address::VirtualAddress;
use crate::bytes::{Bytes, Width};
use crate::image::elf::{self, SHT_SYMTAB};
use crate::image::macho::{self, LC_SYMTAB};
use crate::image::{Format, Image, Kind as ImageKind, pe};
use std::ops::Range;

/// A symbol table: entries of one size, and the strings that they name.
struct Table<'a> {
    entries: Bytes<'a>,
    entry_at: u64,
    entry_len: u64,
    strings: Bytes<'a>,
    strings_at: u64,
}

/// One symbol.
struct Symbol<'a> {
    name: &'a [u8],
    /// Where the name is, from the strings; `None` where it is in the entry.
    name_at: Option<u64>,
    address: VirtualAddress,
    /// Bytes; 0 where the format has none or the symbol only marks a place.
    len: u64,
    defined: bool,
    /// Entries behind it that belong to it.
    extra: u64,
}

/// Shows name, address and length of each defined symbol, in table order. A hostile table can name one long text again and
/// again: it ends where the names together are longer than any table.
pub(crate) fn each<'a>(image: &Image<'a>, visit: &mut dyn FnMut(&'a [u8], VirtualAddress, u64)) {
    let Some(table) = table(image) else { return };
    let mut left = 4 * image.data_len();
    let mut index = 0;
    while let Some(symbol) = table.symbol(image, index) {
        let Some(rest) = left.checked_sub(symbol.name.len() as u64) else {
            break;
        };
        left = rest;
        if symbol.defined {
            visit(symbol.name, symbol.address, symbol.len);
        }
        index += 1 + symbol.extra;
    }
}

/// What is left to claim once the code has been asked.
#[derive(Default)]
pub(super) struct Named {
    /// Functions and variables whose length is known, with their packages.
    pub(super) symbols: Vec<(Range<u64>, u32)>,
    /// Symbols that stand for all string constants.
    pub(super) carriers: Vec<(Range<u64>, Label)>,
}

/// Claims the symbol table and what its symbols name.
///
/// A symbol whose name has no package goes to that of the function at its address; else it comes from C, where there is
/// any, or from assembly.
pub(super) fn claim<'a>(
    image: &Image<'a>,
    functions: Option<&Functions<'_, '_>>,
    packages: &mut Packages<'a>,
    ledger: &mut Ledger,
) -> Named {
    let Some(table) = table(image) else {
        return Named::default();
    };
    let functions = functions.map(Functions::by_address).unwrap_or_default();
    let nameless = match packages.has("runtime/cgo") {
        true => Owner::Foreign,
        false => Owner::Runtime(RuntimeTable::Constants),
    };
    let nameless = |address: VirtualAddress| {
        let function = functions.binary_search_by_key(&address, |one| one.0);
        let package = function.ok().and_then(|at| functions.get(at));
        package.map_or(nameless, |&(_, package)| Owner::Package(package))
    };
    let mut entries = Vec::new();
    let mut names = Vec::new();
    let mut variables: Vec<Variable> = Vec::new();
    let mut index = 0;
    while let Some(symbol) = table.symbol(image, index) {
        let owner = owner(symbol.name, packages);
        let owner = owner.unwrap_or_else(|| nameless(symbol.address));
        let label = Label::exact(owner, Kind::Other);
        let len = (1 + symbol.extra) * table.entry_len;
        let at = table.entry_at + index * table.entry_len;
        let of_table = Label {
            kind: Kind::SymbolTable,
            ..label
        };
        entries.push((at..at + len, of_table));
        if let Some(name_at) = symbol.name_at.filter(|_| !symbol.name.is_empty()) {
            let start = table.strings_at + name_at;
            names.push((start..start + symbol.name.len() as u64 + 1, of_table));
        }
        if symbol.defined {
            variables.push(Variable::new(&symbol, label));
        }
        index += 1 + symbol.extra;
    }
    ledger.claim(entries, |label| label, |_, _| {});
    names.sort_by_key(|(range, _)| range.start);
    ledger.claim(names, |label| label, |_, _| {});
    claim_contents(image, &variables, ledger);
    let named = claim_variables(image, variables, ledger);
    let rest = Label::exact(Owner::File(Structure::Headers), Kind::SymbolTable);
    // What no symbol names: the empty entry and string, lengths.
    let strings = table.strings_at..table.strings_at + table.strings.len();
    let entries = table.entry_at..table.entry_at + table.entries.len();
    for range in [entries, strings] {
        ledger.claim([(range, ())], |()| rest, |(), _| {});
    }
    named
}

fn owner<'a>(name: &'a [u8], packages: &mut Packages<'a>) -> Option<Owner> {
    const TABLES: [(&[u8], Owner); 15] = [
        (b"go:string.", Owner::Runtime(RuntimeTable::Strings)),
        (b"go.string.", Owner::Runtime(RuntimeTable::Strings)),
        (b"go:func.", Owner::Runtime(RuntimeTable::FunctionData)),
        (b"go.func.", Owner::Runtime(RuntimeTable::FunctionData)),
        (b"go:funcdesc", Owner::Runtime(RuntimeTable::FunctionValues)),
        (b"go:buildinfo", Owner::File(Structure::BuildInfo)),
        (b"go.buildinfo", Owner::File(Structure::BuildInfo)),
        (b"go:fipsinfo", Owner::File(Structure::BuildInfo)),
        (b"runtime.modinfo.str", Owner::File(Structure::BuildInfo)),
        (b"type:*", Owner::Runtime(RuntimeTable::Types)),
        (b"type.*", Owner::Runtime(RuntimeTable::Types)),
        (
            b"runtime.findfunctab",
            Owner::Runtime(RuntimeTable::FindFunctions),
        ),
        (
            b"runtime.firstmoduledata",
            Owner::Runtime(RuntimeTable::ModuleData),
        ),
        (
            b"runtime.textsectionmap",
            Owner::Runtime(RuntimeTable::ModuleData),
        ),
        (b"$f", Owner::Runtime(RuntimeTable::Constants)),
    ];
    if is_pointer_map(name) {
        return Some(Owner::Runtime(RuntimeTable::PointerMaps));
    }
    let table = TABLES.iter().find(|(start, _)| name.starts_with(start));
    match table {
        Some(&(_, owner)) => Some(owner),
        None => packages.of_symbol(name).map(Owner::Package),
    }
}

fn is_pointer_map(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 4] = [
        b"runtime.gcbits.",
        b"runtime.gcdata",
        b"runtime.gcbss",
        b"runtime.gcmask.",
    ];
    NAMES.iter().any(|start| name.starts_with(start))
}

/// What a symbol names.
struct Variable {
    address: VirtualAddress,
    len: u64,
    label: Label,
    /// True where it only marks the start or end of something.
    mark: bool,
    /// True where it stands for all that follows up to the next symbol.
    carrier: bool,
}

impl Variable {
    fn new(symbol: &Symbol<'_>, label: Label) -> Variable {
        const MARKS: [&str; 24] = [
            "text",
            "etext",
            "rodata",
            "erodata",
            "types",
            "etypes",
            "noptrdata",
            "enoptrdata",
            "data",
            "edata",
            "bss",
            "ebss",
            "noptrbss",
            "enoptrbss",
            "end",
            "pclntab",
            "epclntab",
            "symtab",
            "esymtab",
            "egcdata",
            "egcbss",
            "itablink",
            "eitablink",
            "typelink",
        ];
        let of_runtime = symbol.name.strip_prefix(b"runtime.").unwrap_or_default();
        Variable {
            address: symbol.address,
            len: symbol.len,
            label,
            mark: MARKS.iter().any(|mark| mark.as_bytes() == of_runtime),
            carrier: symbol.name.ends_with(b".*")
                || symbol.name.ends_with(b":*")
                || symbol.name == b"go:funcdesc",
        }
    }
}

/// Variables end where they say, or, where the format knows no lengths, where the next one starts.
fn claim_variables(image: &Image<'_>, mut variables: Vec<Variable>, ledger: &mut Ledger) -> Named {
    variables.sort_by_key(|variable| (variable.address, variable.carrier, variable.len));
    let has_lengths = variables.iter().any(|variable| variable.len > 0);
    let addresses: Vec<VirtualAddress> =
        variables.iter().map(|variable| variable.address).collect();
    let next = |address: VirtualAddress| {
        let behind = addresses.partition_point(|&other| other <= address);
        addresses.get(behind).copied()
    };
    let mut claims: Vec<(Range<u64>, Label)> = Vec::new();
    let mut named = Named::default();
    for variable in variables.iter().filter(|variable| !variable.mark) {
        let end = if variable.len > 0 {
            variable.address.offset(variable.len)
        } else if variable.carrier || !has_lengths {
            next(variable.address)
        } else {
            None
        };
        let range = end.and_then(|end| file_range(image, variable.address, end));
        let Some(range) = range else { continue };
        let kind = match (variable.label.owner, permissions(image, variable.address)) {
            (Owner::File(_), _) => Kind::FileStructure,
            (Owner::Runtime(RuntimeTable::Strings), _) => Kind::Strings,
            (Owner::Runtime(RuntimeTable::Types), _) => Kind::TypeData,
            (Owner::Runtime(RuntimeTable::FunctionData), _) => Kind::Pclntab,
            (_, Some(Use::Code)) => Kind::Code,
            (_, Some(Use::Variable)) => Kind::InitialisedData,
            _ => Kind::ReadOnlyData,
        };
        let how = if variable.len > 0 || variable.carrier {
            How::Exact
        } else {
            How::ProRata
        };
        let label = Label {
            kind,
            how,
            ..variable.label
        };
        if variable.carrier && kind == Kind::Strings {
            named.carriers.push((range, label));
        } else {
            claims.push((range, label));
        }
        if let Owner::Package(package) = variable.label.owner
            && has_lengths
        {
            let start = variable.address.0;
            let end = start.saturating_add(variable.len);
            named.symbols.push((start..end, package));
        }
    }
    claims.sort_by_key(|(range, _)| range.start);
    ledger.claim(claims, |label| label, |_, _| {});
    named
}

/// Strings and slices that variables begin with: a variable of two or three words, of which the first is a pointer and the
/// others fit as length and capacity, takes what it points to. Several may share it.
fn claim_contents(image: &Image<'_>, variables: &[Variable], ledger: &mut Ledger) {
    let word = image.order.width.bytes();
    let headers = variables.iter().filter(|variable| {
        matches!(variable.label.owner, Owner::Package(_))
            && (variable.len == 2 * word || variable.len == 3 * word)
    });
    let contents = |variable: &Variable| {
        let header = image.slice(variable.address, variable.len)?;
        let len = header.nth_word(1).filter(|&len| len > 0)?;
        if variable.len == 3 * word && header.nth_word(2)? < len {
            return None;
        }
        let start = image.pointer(variable.address)?;
        // All of it has to be there, and none of it code.
        let bytes = image.slice(start, len)?;
        let kind = match permissions(image, start)? {
            Use::Code => return None,
            Use::Variable => Kind::InitialisedData,
            Use::Constant if variable.len == 2 * word => Kind::Strings,
            Use::Constant => Kind::ReadOnlyData,
        };
        let range = file_range(image, start, start.offset(bytes.len())?)?;
        let label = Label {
            owner: variable.label.owner,
            kind,
            how: How::FirstUser,
        };
        Some((range, label))
    };
    let mut claims: Vec<(Range<u64>, Label)> = headers.filter_map(contents).collect();
    claims.sort_by_key(|(range, _)| range.start);
    ledger.claim(claims, |label| label, |_, _| {});
}

enum Use {
    Code,
    Variable,
    Constant,
}

fn permissions(image: &Image<'_>, address: VirtualAddress) -> Option<Use> {
    let relro = |section: &&crate::image::Section<'_>| {
        // What the loader writes to, and then no more.
        (section.name.starts_with(b".data.rel.ro")
            || matches!(section.name, b"__rodata" | b"__const"))
            && address >= section.address
            && address.0 - section.address.0 < section.len
    };
    let permissions = image.segment_at(address)?.permissions;
    Some(match permissions {
        _ if permissions.execute => Use::Code,
        _ if permissions.write && !image.sections.iter().any(|s| relro(&s)) => Use::Variable,
        _ => Use::Constant,
    })
}

impl<'a> Table<'a> {
    fn symbol(&self, image: &Image<'a>, index: u64) -> Option<Symbol<'a>> {
        let entry = self
            .entries
            .slice(index.checked_mul(self.entry_len)?, self.entry_len)?;
        match image.format {
            Format::Elf => self.elf(entry),
            Format::MachO => self.macho(entry),
            Format::Pe => self.pe(image, entry),
        }
    }

    fn name(&self, at: u64) -> &'a [u8] {
        self.strings.c_str(at).unwrap_or_default()
    }

    fn elf(&self, entry: Bytes<'a>) -> Option<Symbol<'a>> {
        const STT_SECTION: u8 = 3;
        const STT_FILE: u8 = 4;
        const STT_TLS: u8 = 6;
        let (value, len, info, section) = match entry.order().width {
            Width::W32 => (4, 8, 12, 14),
            Width::W64 => (8, 16, 4, 6),
        };
        let kind = entry.u8(info)? & 15;
        let at = u64::from(entry.u32(0)?);
        Some(Symbol {
            name: self.name(at),
            name_at: Some(at),
            address: VirtualAddress(entry.word(value)?),
            len: entry.word(len)?,
            defined: !matches!(kind, STT_SECTION | STT_FILE | STT_TLS) && entry.u16(section)? != 0,
            extra: 0,
        })
    }

    fn macho(&self, entry: Bytes<'a>) -> Option<Symbol<'a>> {
        const N_STAB: u8 = 0xe0;
        const N_TYPE: u8 = 0x0e;
        const N_SECT: u8 = 0x0e;
        let kind = entry.u8(4)?;
        let at = u64::from(entry.u32(0)?);
        let name = self.name(at);
        Some(Symbol {
            // External linkers put an underscore before every name.
            name: name
                .strip_prefix(b"_")
                .filter(|rest| rest.contains(&b'.'))
                .unwrap_or(name),
            name_at: Some(at),
            address: VirtualAddress(entry.word(8)?),
            len: 0,
            defined: kind & N_STAB == 0 && kind & N_TYPE == N_SECT,
            extra: 0,
        })
    }

    fn pe(&self, image: &Image<'a>, entry: Bytes<'a>) -> Option<Symbol<'a>> {
        let short = entry.slice(0, 8)?;
        let long = short.u32(0) == Some(0);
        let name_at = short.u32(4).map(u64::from).filter(|_| long);
        let name = match name_at {
            Some(at) => self.name(at),
            None => short.data().split(|&b| b == 0).next().unwrap_or_default(),
        };
        let section = usize::from(entry.u16(12)?).checked_sub(1);
        let section = section.and_then(|index| image.sections.get(index));
        let address = section.and_then(|section| section.address.offset(u64::from(entry.u32(8)?)));
        Some(Symbol {
            name,
            name_at,
            address: address.unwrap_or(VirtualAddress(0)),
            len: 0,
            defined: address.is_some() && !name.starts_with(b"."),
            extra: u64::from(entry.u8(17)?),
        })
    }
}

fn table<'a>(image: &Image<'a>) -> Option<Table<'a>> {
    // Addresses of an object's symbols count from their sections; its tables are left as they are.
    if image.kind == ImageKind::Object {
        return None;
    }
    let file = image.bytes();
    let (entries, entry_len, strings) = match image.format {
        Format::Elf => elf_table(file)?,
        Format::MachO => macho_table(file)?,
        Format::Pe => pe_table(file)?,
    };
    Some(Table {
        entries: file.slice(entries.0, entries.1)?,
        entry_at: entries.0,
        entry_len,
        strings: file.slice(strings.0, strings.1)?,
        strings_at: strings.0,
    })
}

/// Where entries are, how long one is, and where the strings are.
type Place = ((u64, u64), u64, (u64, u64));

fn elf_table(file: Bytes<'_>) -> Option<Place> {
    let headers = elf::Headers::read(file)?;
    let sections = &headers.sections.entries;
    let table = sections.iter().find(|header| header.kind == SHT_SYMTAB)?;
    let strings = sections.get(usize::try_from(table.link).ok()?)?;
    let entry = match file.order().width {
        Width::W32 => 16,
        Width::W64 => 24,
    };
    Some((
        (table.offset, table.len),
        entry,
        (strings.offset, strings.len),
    ))
}

fn macho_table(file: Bytes<'_>) -> Option<Place> {
    let mut commands = macho::commands(file).flatten();
    let body = commands.find(|command| command.kind == LC_SYMTAB)?.body;
    let field = |at| body.u32(at).map(u64::from);
    let entry = match file.order().width {
        Width::W32 => 12,
        Width::W64 => 16,
    };
    let entries = (field(8)?, field(12)? * entry);
    Some((entries, entry, (field(16)?, field(20)?)))
}

fn pe_table(file: Bytes<'_>) -> Option<Place> {
    let headers = pe::Headers::read(file.data()).ok()?;
    let start = headers.coff.symbol_offset;
    let len = pe::SYMBOL_LEN * u64::from(headers.coff.symbols);
    let strings = start.checked_add(len)?;
    let strings_len = u64::from(file.u32(strings)?);
    (start > 0).then_some(((start, len), pe::SYMBOL_LEN, (strings, strings_len)))
}

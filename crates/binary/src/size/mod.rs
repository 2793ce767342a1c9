//! Size attribution: every byte of the file, given to exactly one owner.
//!
//! A [`Size`] is one list of [`Row`]s (section × owner × kind × how) whose bytes add up to the file's length, because
//! each row is taken from a `ledger` of ranges that are still free and what stays free becomes rows too. The views (by
//! section, by module and package, by kind) are sums over that list; functions split two kinds of a package's bytes further.
//! Nothing is estimated silently: [`How`] says where bytes were shared out.

mod debug;
mod functions;
mod layout;
mod ledger;
mod packages;
mod references;
mod runtime;
mod starts;
pub(crate) mod symbols;
mod typedata;

use crate::address::VirtualAddress;
use crate::binary::Binary;
use crate::gap::Gap;
use crate::image::Image;
pub use crate::modules::Module;
use crate::types::Walk;
use functions::Functions;
use ledger::{Label, Ledger};
use packages::Packages;
use std::collections::BTreeMap;
use std::ops::Range;

/// Where the bytes of a file went. Plain data: nothing of it refers to the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Size {
    /// Length of the file in bytes: the sum of all rows.
    pub file_len: u64,
    /// The parts of the file in file order, disjoint and without holes.
    pub sections: Vec<Section>,
    /// The modules that packages belong to; the standard library is one.
    pub modules: Vec<Module>,
    /// The packages that own bytes, sorted by path.
    pub packages: Vec<Package>,
    /// The rows, sorted, none of them empty, no two alike but in their bytes.
    pub rows: Vec<Row>,
    /// The functions that are in the binary as functions of their own, sorted by package, name and address. Their `code`
    /// and `pclntab` are parts of their packages' rows of these kinds; what a package's rows have beyond that is shared by
    /// its functions.
    pub functions: Vec<FunctionSize>,
    /// What could not be read; its bytes are in rows of [`Owner::Unattributed`] or shared out pro rata.
    pub gaps: Vec<Gap>,
}

/// A part of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Section name as stored (hostile, made UTF-8); empty for what is in no section.
    pub name: String,
    /// First byte.
    pub offset: u64,
    /// Bytes in the file.
    pub len: u64,
}

/// A package that owns bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Import path, unescaped (hostile); `main` is written as the main package's path where that is known.
    pub path: String,
    /// Index into [`Size::modules`]; `None` where the build information names no module that it could be from.
    pub module: Option<u32>,
}

/// Some bytes of one section with one owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// Index into [`Size::sections`].
    pub section: u32,
    /// Whose they are.
    pub owner: Owner,
    /// What they are.
    pub kind: Kind,
    /// How the owner was found.
    pub how: How,
    /// How many; not 0.
    pub bytes: u64,
}

/// Whose bytes they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// A package: index into [`Size::packages`].
    Package(u32),
    /// A table of Go's runtime that belongs to no single package.
    Runtime(RuntimeTable),
    /// What the file format needs.
    File(Structure),
    /// Code and data that no Go compiler made: C objects linked in.
    Foreign,
    /// Not known.
    Unattributed,
}

/// Tables of Go's runtime by the names that the linker gives them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuntimeTable {
    /// `go:string.*`: contents of string constants, each one once for all packages.
    Strings,
    /// `go:func.*`: stack maps, inline trees and other data of functions.
    FunctionData,
    /// `type:*`: type descriptors and names that no package could be found for.
    Types,
    /// `runtime.typelink`, `runtime.itablink`: lists of types and itabs.
    TypeLinks,
    /// `runtime.gcbits.*`, `runtime.gcdata`, `runtime.gcbss`: where pointers are.
    PointerMaps,
    /// `go:funcdesc`: function values (a pointer to code each), from Go 1.27 on in one place.
    FunctionValues,
    /// `runtime.findfunctab`: from an address to its function.
    FindFunctions,
    /// Header and end of the pc-line table.
    Pclntab,
    /// `runtime.firstmoduledata`, `runtime.textsectionmap`, `runtime.modinfo`.
    ModuleData,
    /// Constants that the linker keeps once for all packages (`$f64.3ff0000000000000`), and those of assembly files,
    /// whose names carry no package.
    Constants,
}

/// Structures of the file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Structure {
    /// Headers of the file, its segments and sections, section names.
    Headers,
    /// Relocations, dynamic symbols, imports, exports, hash tables, procedure linkage.
    Linking,
    /// Notes: build IDs and properties.
    Notes,
    /// Go's build information.
    BuildInfo,
    /// A code signature.
    Signature,
    /// Resources (icons, manifests) and other data for the operating system.
    Resources,
    /// Bytes between the parts, all of them equal.
    Padding,
}

/// What bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Machine code.
    Code,
    /// Constants, jump tables, static data that is not written to.
    ReadOnlyData,
    /// The pc-line table and the function data beside it.
    Pclntab,
    /// Type descriptors, their names, itabs.
    TypeData,
    /// Contents of string constants.
    Strings,
    /// Initialised variables.
    InitialisedData,
    /// DWARF.
    DebugInfo,
    /// Symbol table and symbol names.
    SymbolTable,
    /// Headers, relocations and whatever else the file format needs.
    FileStructure,
    /// Alignment.
    Padding,
    /// Not known.
    Other,
}

/// How an owner was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// The bytes belong to it alone.
    Exact,
    /// Several share the bytes; they are with the first one, in the order of the file.
    FirstUser,
    /// Code or data of it refers to where the bytes start; they end where the next reference points.
    Referenced,
    /// The bytes cannot be told apart; shared out by another measure.
    ProRata,
}

/// What one function takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionSize {
    /// Index into [`Size::packages`]; `None` where it has none.
    pub package: Option<u32>,
    /// Linker name (hostile), without the package where it begins with it.
    pub name: String,
    /// Entry address; 0 where it has none yet (objects).
    pub address: u64,
    /// Bytes of machine code, padding behind it included.
    pub code: u64,
    /// Bytes that only this function has in the pc-line table and the function data, and those it shares and is first to use.
    pub pclntab: u64,
}

macro_rules! names {
    ($type:ty { $($variant:ident => $name:literal,)* }) => {
        impl $type {
            /// All of them, in order.
            pub const ALL: &'static [$type] = &[$(<$type>::$variant,)*];

            /// The stable word for output.
            pub fn name(self) -> &'static str {
                match self {
                    $(<$type>::$variant => $name,)*
                }
            }
        }
    };
}

names!(RuntimeTable {
    Strings => "go:string.*",
    FunctionData => "go:func.*",
    Types => "type:*",
    TypeLinks => "runtime.typelink",
    PointerMaps => "runtime.gcbits.*",
    FunctionValues => "go:funcdesc",
    FindFunctions => "runtime.findfunctab",
    Pclntab => "runtime.pclntab",
    ModuleData => "runtime.moduledata",
    Constants => "constants",
});

names!(Structure {
    Headers => "headers",
    Linking => "linking",
    Notes => "notes",
    BuildInfo => "build-info",
    Signature => "signature",
    Resources => "resources",
    Padding => "padding",
});

names!(Kind {
    Code => "code",
    ReadOnlyData => "read-only-data",
    Pclntab => "pclntab",
    TypeData => "type-data",
    Strings => "strings",
    InitialisedData => "initialised-data",
    DebugInfo => "debug-info",
    SymbolTable => "symbol-table",
    FileStructure => "file-structure",
    Padding => "padding",
    Other => "other",
});

names!(How {
    Exact => "exact",
    FirstUser => "first-user",
    Referenced => "referenced",
    ProRata => "pro-rata",
});

impl Size {
    /// Attributes every byte of a binary's file.
    pub fn of(binary: &Binary<'_>) -> Size {
        let (sections, ledger) = layout::cut(binary.image());
        let mut work = Work {
            binary,
            ledger,
            packages: Packages::new(binary.build_info().ok()),
            gaps: Vec::new(),
        };
        work.structures();
        let functions = work.functions();
        work.data(functions.as_ref());
        work.rest(functions.as_ref());
        work.finish(sections, functions)
    }

    /// The rows' bytes, added up by what `key` says of each row, in the order of the keys.
    pub fn sum_by<K: Ord>(&self, key: impl Fn(&Row) -> K) -> BTreeMap<K, u64> {
        let mut sums = BTreeMap::new();
        for row in &self.rows {
            *sums.entry(key(row)).or_default() += row.bytes;
        }
        sums
    }

    /// The module that a row's bytes belong to: index into [`Size::modules`].
    pub fn module_of(&self, row: &Row) -> Option<u32> {
        match row.owner {
            Owner::Package(package) => self.packages.get(package as usize)?.module,
            _ => None,
        }
    }
}

/// The attribution of one file under way.
struct Work<'s, 'a> {
    binary: &'s Binary<'a>,
    ledger: Ledger,
    packages: Packages<'a>,
    gaps: Vec<Gap>,
}

impl<'s, 'a> Work<'s, 'a> {
    /// What headers point to.
    fn structures(&mut self) {
        let claims = layout::structures(self.binary.image());
        let label = |structure| Label::exact(Owner::File(structure), Kind::FileStructure);
        self.ledger.claim(claims, label, |_, _| {});
    }

    /// Code, and the tables about code.
    fn functions(&mut self) -> Option<Functions<'s, 'a>> {
        let table = match self.binary.pclntab() {
            Ok(table) => *table,
            Err(gap) => {
                self.gaps.push(gap.clone());
                return None;
            }
        };
        let mut functions = Functions::read(self.binary, table, &mut self.packages);
        functions.claim_code(&mut self.ledger);
        if let Some(gofunc) = self.binary.module_data().ok().and_then(|data| data.gofunc) {
            functions.claim_data(&mut self.ledger, gofunc);
        }
        functions.claim_table(&mut self.ledger);
        Some(functions)
    }

    /// Types, tables of the runtime, symbols and what they name.
    fn data(&mut self, functions: Option<&Functions<'_, '_>>) {
        let image = self.binary.image();
        let data = self
            .binary
            .module_data()
            .map_err(|gap| self.gaps.push(gap.clone()))
            .ok();
        let walk = match Walk::run(self.binary, true) {
            Ok(walk) => Some(walk),
            Err(gap) => {
                self.gaps.push(gap);
                None
            }
        };
        let mut end_of_types = None;
        if let (Some(data), Some(walk)) = (data, &walk) {
            self.gaps.extend(walk.types.gaps.iter().cloned());
            end_of_types = typedata::claim(image, data, walk, &mut self.packages, &mut self.ledger);
        }
        if let Some(data) = data {
            runtime::claim(image, data, walk.as_ref(), &mut self.ledger);
        }
        // Stack maps and bits are full of words that look like pointers.
        let open = self.ledger.free().to_vec();
        let named = symbols::claim(image, functions, &mut self.packages, &mut self.ledger);
        let strings = data.zip(walk.as_ref());
        let strings =
            strings.and_then(|(data, walk)| runtime::strings(image, data, walk, end_of_types));
        if let Some(functions) = functions {
            references::claim(
                self.binary,
                functions,
                &named.symbols,
                &open,
                strings.as_ref(),
                end_of_types,
                &mut self.ledger,
            );
        }
        self.ledger.claim(named.carriers, |label| label, |_, _| {});
        let label = Label::exact(Owner::Runtime(RuntimeTable::Strings), Kind::Strings);
        self.ledger
            .claim(strings.map(|range| (range, ())), |()| label, |(), _| {});
    }

    /// What is left: debug information, code that is not Go's.
    fn rest(&mut self, functions: Option<&Functions<'_, '_>>) {
        let image = self.binary.image();
        if let Some(functions) = functions {
            debug::share(image, functions, &mut self.ledger);
        }
        self.foreign_code();
    }

    /// Code outside of Go's text, in a file whose Go text is known.
    fn foreign_code(&mut self) {
        let image = self.binary.image();
        let Ok(data) = self.binary.module_data() else {
            return;
        };
        let Some(end) = data.tables.text_end else {
            return;
        };
        let go = file_range(image, data.text, end);
        let foreign = Label::exact(Owner::Foreign, Kind::Code);
        for section in image
            .sections
            .iter()
            .filter(|s| matches!(s.name, b".text" | b"__text"))
        {
            let all = section.offset.0..section.offset.0.saturating_add(section.len);
            let outside = match &go {
                Some(go) if go.start < all.end && all.start < go.end => [
                    all.start..go.start.max(all.start),
                    go.end.min(all.end)..all.end,
                ],
                _ => continue,
            };
            self.ledger
                .claim(outside.map(|range| (range, ())), |()| foreign, |(), _| {});
        }
    }

    fn finish(self, sections: Vec<Section>, functions: Option<Functions<'_, '_>>) -> Size {
        let image = self.binary.image();
        let places = self.packages.places();
        let functions = functions
            .map(|functions| functions.sizes(&self.packages, &places))
            .unwrap_or_default();
        let (modules, packages) = self.packages.finish();
        let place = |package: u32| places.get(package as usize).copied().unwrap_or(package);
        let mut rows = self.ledger.into_rows();
        for row in &mut rows {
            if let Owner::Package(package) = &mut row.owner {
                *package = place(*package);
            }
        }
        rows.sort_unstable();
        Size {
            file_len: image.data_len(),
            sections,
            modules,
            packages,
            rows,
            functions,
            gaps: self.gaps,
        }
    }
}

/// Where a range of addresses is in the file, as far as one segment has it.
fn file_range(image: &Image<'_>, start: VirtualAddress, end: VirtualAddress) -> Option<Range<u64>> {
    let segment = image.segment_at(start)?;
    let from = start.0.checked_sub(segment.address.0)?;
    let to = end.0.checked_sub(segment.address.0)?.min(segment.len);
    let at = |offset: u64| segment.offset.0.checked_add(offset);
    (from < to).then_some(at(from)?..at(to)?)
}

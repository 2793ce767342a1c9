//! From an open binary to the entries of a list. The entries are wire types: their field names are those of
//! `goassay-list/1`.

use super::{Filter, Kind};
use crate::inspection::facts::{Gap, Replacement};
use crate::wire::hex;
use goassay_binary::buildinfo::Module as Recorded;
use goassay_binary::gap::Gap as ReadGap;
use goassay_binary::modules::Modules;
use goassay_binary::types::Types;
use goassay_binary::{Binary, Listed};
use goassay_vuln::name;
use serde::Serialize;
use std::collections::BTreeMap;

/// Longest file name that is kept, in bytes: all functions of a hostile file can name the same megabyte.
const LONGEST_FILE: usize = 4096;

/// The entries of one list.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Entries {
    /// Functions.
    Functions(Vec<Function>),
    /// Packages.
    Packages(Vec<Package>),
    /// Modules.
    Modules(Vec<Module>),
    /// Types.
    Types(Vec<Type>),
}

impl Entries {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Entries::Functions(list) => list.len(),
            Entries::Packages(list) => list.len(),
            Entries::Modules(list) => list.len(),
            Entries::Types(list) => list.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Function {
    /// Linker name.
    pub name: String,
    /// Import path of its package.
    pub package: Option<String>,
    /// Entry, where it is known.
    pub address: Option<String>,
    /// Bytes of machine code; `None` where it is only there inlined into others.
    pub bytes: Option<u32>,
    /// Calls that were inlined into it.
    pub inlined_calls: Option<u32>,
    /// Where it is defined.
    pub file: Option<String>,
    /// The line.
    pub line: Option<u32>,
}

/// A package that has a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Package {
    /// Import path.
    pub path: String,
    /// The module that it is of; `std` is Go's own. `None` where no recorded module could have it.
    pub module: Option<String>,
    /// That module's version.
    pub version: Option<String>,
    /// Functions of their own.
    pub functions: u64,
    /// Functions that are only there inlined.
    pub only_inlined: u64,
    /// Bytes of machine code.
    pub code_bytes: u64,
}

/// A module of the build information.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Module {
    /// Path.
    pub path: String,
    /// Version.
    pub version: String,
    /// `h1:` hash, or empty.
    pub sum: String,
    /// What replaced it.
    pub replaced_by: Option<Replacement>,
    /// How many of its packages have a function; `None` where the functions could not be read.
    pub packages: Option<u64>,
}

/// A type with a descriptor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Type {
    /// The type as Go writes it.
    pub name: String,
    /// Import path of the package that declares it.
    pub package: Option<String>,
    /// `struct`, `func`, …
    pub kind: &'static str,
    /// Declared with a name.
    pub named: bool,
    /// Address of the descriptor.
    pub address: String,
    /// Bytes of a value.
    pub value_bytes: u64,
    /// Methods that reflection can see.
    pub methods: u32,
    /// Bytes of the descriptor.
    pub descriptor_bytes: u64,
}

/// The list of `kind` for a binary, and what is missing from it.
pub fn of(binary: &Binary<'_>, kind: Kind, filter: &Filter) -> (Entries, Vec<Gap>) {
    let (entries, gaps) = match kind {
        Kind::Functions => functions(binary, filter),
        Kind::Packages => packages(binary, filter),
        Kind::Modules => modules(binary, filter),
        Kind::Types => types(binary, filter),
    };
    (entries, gaps.iter().map(Gap::from).collect())
}

fn functions(binary: &Binary<'_>, filter: &Filter) -> (Entries, Vec<ReadGap>) {
    let mut list = Vec::new();
    let gaps = binary.each_function(|listed| {
        let name = String::from_utf8_lossy(listed.name);
        if filter.shows(&name) {
            list.push(function(&listed, name.into_owned()));
        }
    });
    (Entries::Functions(list), gaps)
}

fn function(listed: &Listed<'_>, name: String) -> Function {
    let position = listed.code.and_then(|code| code.position);
    let position = position.filter(|position| position.file.len() <= LONGEST_FILE);
    let package = name::split(&name).map(|(package, _)| name::unescape(package).into_owned());
    Function {
        package,
        address: hex(listed.code.and_then(|code| code.address).map(|a| a.0)),
        bytes: listed.code.map(|code| code.len),
        inlined_calls: listed.code.map(|code| code.inlined),
        file: position.map(|position| String::from_utf8_lossy(position.file).into_owned()),
        line: position
            .map(|position| position.line)
            .filter(|&line| line > 0),
        name,
    }
}

/// Functions by package.
fn by_package(binary: &Binary<'_>) -> (BTreeMap<String, Package>, Vec<ReadGap>) {
    let modules = Modules::of(binary.build_info().ok());
    let mut packages: BTreeMap<String, Package> = BTreeMap::new();
    let gaps = binary.each_function(|listed| {
        let text = String::from_utf8_lossy(listed.name);
        let Some((package, _)) = name::split(&text) else {
            return;
        };
        let path = name::unescape(package);
        if !packages.contains_key(path.as_ref()) {
            let module = modules.owner(&path);
            let module = module.and_then(|index| modules.list().get(index as usize));
            let new = Package {
                path: path.clone().into_owned(),
                module: module.map(|module| module.path.clone()),
                version: module.map(|module| module.version.clone()),
                functions: 0,
                only_inlined: 0,
                code_bytes: 0,
            };
            packages.insert(path.clone().into_owned(), new);
        }
        if let Some(package) = packages.get_mut(path.as_ref()) {
            match listed.code {
                Some(code) => {
                    package.functions += 1;
                    package.code_bytes += u64::from(code.len);
                }
                None => package.only_inlined += 1,
            }
        }
    });
    (packages, gaps)
}

fn packages(binary: &Binary<'_>, filter: &Filter) -> (Entries, Vec<ReadGap>) {
    let (packages, mut gaps) = by_package(binary);
    gaps.extend(binary.build_info().err().cloned());
    let shown = packages
        .into_values()
        .filter(|package| filter.shows(&package.path));
    (Entries::Packages(shown.collect()), gaps)
}

fn modules(binary: &Binary<'_>, filter: &Filter) -> (Entries, Vec<ReadGap>) {
    let info = match binary.build_info() {
        Ok(info) => info,
        Err(gap) => return (Entries::Modules(Vec::new()), vec![gap.clone()]),
    };
    let (packages, gaps) = by_package(binary);
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for module in packages.values().filter_map(|p| p.module.as_deref()) {
        *counts.entry(module).or_default() += 1;
    }
    let read = gaps.is_empty();
    let listed = info.main.iter().chain(&info.deps);
    let list = listed
        .filter(|module| filter.shows(module.path))
        .map(|module| {
            let packages = counts.get(module.path).copied().unwrap_or(0);
            one_module(module, read.then_some(packages))
        });
    let mut missing = gaps;
    if info.unknown_lines > 0 {
        let reason = format!(
            "{} lines of the build information have no known form",
            info.unknown_lines
        );
        missing.push(ReadGap::new(goassay_binary::gap::Topic::BuildInfo, reason));
    }
    (Entries::Modules(list.collect()), missing)
}

fn one_module(module: &Recorded<'_>, packages: Option<u64>) -> Module {
    Module {
        path: module.path.to_owned(),
        version: module.version.to_owned(),
        sum: module.sum.to_owned(),
        replaced_by: module.replace.as_deref().map(|by| Replacement {
            path: by.path.to_owned(),
            version: by.version.to_owned(),
            sum: by.sum.to_owned(),
        }),
        packages,
    }
}

fn types(binary: &Binary<'_>, filter: &Filter) -> (Entries, Vec<ReadGap>) {
    let types = match Types::of(binary) {
        Ok(types) => types,
        Err(gap) => return (Entries::Types(Vec::new()), vec![gap]),
    };
    let shown = types.list.iter().filter(|one| {
        filter.shows(one.name) || one.package.is_some_and(|package| filter.shows(package))
    });
    let list = shown.map(|one| Type {
        name: one.name.to_owned(),
        package: one.package.map(str::to_owned),
        kind: one.kind.name(),
        named: one.named,
        address: format!("{:#x}", one.address.0),
        value_bytes: one.value_len,
        methods: one.methods,
        descriptor_bytes: one.descriptor_len,
    });
    (Entries::Types(list.collect()), types.gaps.clone())
}

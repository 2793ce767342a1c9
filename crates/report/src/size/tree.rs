//! The rows of a size in two levels: groups (modules, Go's tables, the file's structure) and what is in them.

use goassay_binary::size::{Owner, Row, RuntimeTable, Size, Structure};
use std::collections::BTreeMap;

/// What a group is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum GroupKind {
    /// A module: index into [`Size::modules`].
    Module(u32),
    /// Packages whose module is not known.
    NoModule,
    /// Tables of Go's runtime.
    Runtime,
    /// Structures of the file format.
    File,
    /// C code.
    Foreign,
    /// Not known.
    Unattributed,
}

impl GroupKind {
    /// The word that the page and its styles use.
    pub(super) fn name(self) -> &'static str {
        match self {
            GroupKind::Module(_) => "module",
            GroupKind::NoModule => "no-module",
            GroupKind::Runtime => "runtime",
            GroupKind::File => "file",
            GroupKind::Foreign => "foreign",
            GroupKind::Unattributed => "unattributed",
        }
    }
}

/// One group.
#[derive(Debug)]
pub(super) struct Group<'a> {
    pub(super) kind: GroupKind,
    /// Hostile.
    pub(super) name: &'a str,
    /// Hostile; empty where there is none.
    pub(super) version: &'a str,
    /// Largest first.
    pub(super) items: Vec<Item<'a>>,
    pub(super) bytes: u64,
}

/// One owner of bytes.
#[derive(Debug)]
pub(super) struct Item<'a> {
    pub(super) owner: Owner,
    /// Hostile.
    pub(super) name: &'a str,
    pub(super) bytes: u64,
}

/// The groups, largest first.
pub(super) fn groups(size: &Size) -> Vec<Group<'_>> {
    let mut sums: BTreeMap<GroupKind, BTreeMap<Owner, u64>> = BTreeMap::new();
    for row in &size.rows {
        let owners = sums.entry(group_of(size, row)).or_default();
        *owners.entry(row.owner).or_default() += row.bytes;
    }
    let mut groups: Vec<Group<'_>> = sums
        .into_iter()
        .map(|(kind, owners)| group(size, kind, owners))
        .collect();
    groups.sort_by(|a, b| b.bytes.cmp(&a.bytes).then(a.name.cmp(b.name)));
    groups
}

fn group_of(size: &Size, row: &Row) -> GroupKind {
    match row.owner {
        Owner::Package(_) => size
            .module_of(row)
            .map_or(GroupKind::NoModule, GroupKind::Module),
        Owner::Runtime(_) => GroupKind::Runtime,
        Owner::File(_) => GroupKind::File,
        Owner::Foreign => GroupKind::Foreign,
        Owner::Unattributed => GroupKind::Unattributed,
    }
}

fn group(size: &Size, kind: GroupKind, owners: BTreeMap<Owner, u64>) -> Group<'_> {
    let item = |(owner, bytes)| Item {
        owner,
        name: owner_name(size, owner),
        bytes,
    };
    let mut items: Vec<Item<'_>> = owners.into_iter().map(item).collect();
    items.sort_by(|a, b| b.bytes.cmp(&a.bytes).then(a.name.cmp(b.name)));
    let (name, version) = group_name(size, kind);
    Group {
        kind,
        name,
        version,
        bytes: items.iter().map(|item| item.bytes).sum(),
        items,
    }
}

fn group_name(size: &Size, kind: GroupKind) -> (&str, &str) {
    match kind {
        GroupKind::Module(index) => {
            size.modules
                .get(index as usize)
                .map_or(("", ""), |module| match module.path.as_str() {
                    "std" => ("standard library", module.version.as_str()),
                    path => (path, module.version.as_str()),
                })
        }
        GroupKind::NoModule => ("packages of no known module", ""),
        GroupKind::Runtime => ("shared tables of Go's runtime", ""),
        GroupKind::File => ("file structure", ""),
        GroupKind::Foreign => ("C code", ""),
        GroupKind::Unattributed => ("not attributed", ""),
    }
}

fn owner_name(size: &Size, owner: Owner) -> &str {
    match owner {
        Owner::Package(index) => size
            .packages
            .get(index as usize)
            .map_or("", |package| package.path.as_str()),
        Owner::Runtime(table) => table_name(table),
        Owner::File(structure) => structure_name(structure),
        Owner::Foreign => "C objects",
        Owner::Unattributed => "not attributed",
    }
}

fn table_name(table: RuntimeTable) -> &'static str {
    match table {
        RuntimeTable::Strings => "string constants (go:string.*)",
        RuntimeTable::FunctionData => "function data (go:func.*)",
        RuntimeTable::Types => "types of no package (type:*)",
        RuntimeTable::TypeLinks => "lists of types and itabs (runtime.typelink)",
        RuntimeTable::PointerMaps => "pointer maps (runtime.gcbits.*)",
        RuntimeTable::FunctionValues => "function values (go:funcdesc)",
        RuntimeTable::FindFunctions => "address to function (runtime.findfunctab)",
        RuntimeTable::Pclntab => "head of the pc-line table (runtime.pclntab)",
        RuntimeTable::ModuleData => "module data (runtime.firstmoduledata)",
        RuntimeTable::Constants => "shared constants",
    }
}

fn structure_name(structure: Structure) -> &'static str {
    match structure {
        Structure::Headers => "headers",
        Structure::Linking => "relocations and dynamic linking",
        Structure::Notes => "notes",
        Structure::BuildInfo => "build information",
        Structure::Signature => "code signature",
        Structure::Resources => "resources",
        Structure::Padding => "padding",
    }
}

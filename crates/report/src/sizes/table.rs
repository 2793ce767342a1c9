//! One table: the bytes of a file added up by section, kind, module, package or function. Every byte is in one line.

use goassay_binary::size::{Owner, Row, Size};
use std::collections::BTreeMap;

/// What a table is by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Sections of the file.
    Section,
    /// Kinds of bytes.
    Kind,
    /// Modules, and what belongs to none.
    Module,
    /// Packages, and what belongs to none.
    Package,
    /// Functions, and what is not theirs.
    Function,
}

impl By {
    /// All of them.
    pub const ALL: [By; 5] = [By::Section, By::Kind, By::Module, By::Package, By::Function];

    /// The stable word.
    pub fn name(self) -> &'static str {
        match self {
            By::Section => "section",
            By::Kind => "kind",
            By::Module => "module",
            By::Package => "package",
            By::Function => "function",
        }
    }
}

/// One line of a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// What the name is of: `section`, `kind`, `module`, `package`, `function`, `runtime` (a table of Go's runtime), `file` (a
    /// structure of the format), `foreign` (not Go's), `unattributed`, `rest`.
    pub what: &'static str,
    /// Name (hostile).
    pub name: String,
    /// Version of a module (hostile); else empty.
    pub version: String,
}

/// The lines of a table with their bytes, the largest first. They add up to the length of the file.
pub fn lines(size: &Size, by: By) -> Vec<(Line, u64)> {
    let sums = match by {
        By::Function => functions(size),
        _ => sums(size, by),
    };
    let mut lines: Vec<(Line, u64)> = sums.into_iter().collect();
    lines.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    lines
}

/// The bytes of each line.
fn sums(size: &Size, by: By) -> BTreeMap<Line, u64> {
    let mut sums = BTreeMap::new();
    // Rows of one owner are many; their names are made once each.
    let keys = size.sum_by(|row| match by {
        By::Section => (row.section, None, None),
        By::Kind => (0, Some(row.kind), None),
        By::Module | By::Package | By::Function => (0, None, Some(row.owner)),
    });
    for ((section, kind, owner), bytes) in keys {
        let line = match (kind, owner) {
            (Some(kind), _) => line("kind", kind.name()),
            (None, Some(owner)) => owner_line(size, owner, by),
            (None, None) => {
                let section = size.sections.get(section as usize);
                let name = section.map_or("", |section| &section.name);
                line(
                    "section",
                    if name.is_empty() {
                        "(in no section)"
                    } else {
                        name
                    },
                )
            }
        };
        *sums.entry(line).or_default() += bytes;
    }
    sums
}

fn line(what: &'static str, name: &str) -> Line {
    Line {
        what,
        name: name.to_owned(),
        version: String::new(),
    }
}

fn owner_line(size: &Size, owner: Owner, by: By) -> Line {
    match owner {
        Owner::Package(index) => package_line(size, index, by),
        Owner::Runtime(table) => line("runtime", table.name()),
        Owner::File(structure) => line("file", structure.name()),
        Owner::Foreign => line("foreign", "code and data that no Go compiler made"),
        Owner::Unattributed => line("unattributed", "not attributed"),
    }
}

fn package_line(size: &Size, index: u32, by: By) -> Line {
    let Some(package) = size.packages.get(index as usize) else {
        return line("unattributed", "not attributed");
    };
    if by == By::Package {
        return line("package", &package.path);
    }
    let module = package
        .module
        .and_then(|index| size.modules.get(index as usize));
    match module {
        Some(module) => Line {
            what: "module",
            name: module.path.clone(),
            version: module.version.clone(),
        },
        None => line("module", "(packages of no recorded module)"),
    }
}

/// The package that a row's bytes belong to.
pub(super) fn package_of<'s>(size: &'s Size, row: &Row) -> Option<&'s str> {
    match row.owner {
        Owner::Package(index) => Some(&size.packages.get(index as usize)?.path),
        _ => None,
    }
}

/// Code and pc-line table of each function, and what is not theirs.
fn functions(size: &Size) -> BTreeMap<Line, u64> {
    let mut sums = BTreeMap::new();
    let mut rest = size.file_len;
    for function in &size.functions {
        let bytes = function.code.saturating_add(function.pclntab);
        rest = rest.saturating_sub(bytes);
        let package = function
            .package
            .and_then(|index| size.packages.get(index as usize));
        let name = match package {
            Some(package) => format!("{}.{}", package.path, function.name),
            None => function.name.clone(),
        };
        *sums.entry(line("function", &name)).or_default() += bytes;
    }
    sums.insert(line("rest", "everything that is no function's own"), rest);
    sums
}

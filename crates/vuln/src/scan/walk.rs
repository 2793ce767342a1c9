//! One pass over all names of a binary.
//!
//! Tens of thousands of names pass through here, of which few matter: neighbours share their package, so the answer for
//! the last package is kept, and a name in a package that no candidate asks for costs a comparison of its start.

use super::candidate::Candidate;
use super::modules::Modules;
use crate::finding::{Variant, VariantKind};
use crate::name::{self, Function};
use crate::subject::{Subject, SymbolId};
use foldhash::HashMap;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Most packages vendored into the standard library that are noted (Go 1.27 has about forty), and the longest path of
/// one. They are for a remark only, and each prefix of each is looked up.
const MOST_VENDORED: usize = 500;
const LONGEST_VENDORED: usize = 256;

/// Most names that are listed because all of their package counts: each takes many times its length in memory, and no
/// finding depends on them. The largest programs have some hundred thousand functions in all.
const MOST_UNNAMED: usize = 1 << 18;

/// What the pass met.
#[derive(Debug, Default)]
pub(super) struct Found<'d> {
    /// Packages that candidates ask for.
    pub(super) packages: Vec<Package<'d>>,
    /// Paths of packages vendored into the standard library, without the `vendor/`.
    pub(super) vendored: BTreeSet<String>,
    /// More names of packages that count whole than are listed.
    pub(super) cut: bool,
    /// Packages of no module that is known.
    pub(super) foreign: Foreign,
}

/// A package in the binary, with the symbols that matter.
#[derive(Debug)]
pub(super) struct Package<'d> {
    /// Import path in the binary.
    pub(super) path: String,
    /// Candidates that name it, or count all packages of its module, with the reason why all of it counts, if so.
    pub(super) candidates: Vec<(usize, Extent)>,
    /// Symbols met, by the database's name. During the pass also those that candidates name, until they are met.
    pub(super) symbols: HashMap<Cow<'d, str>, Met>,
    /// Whether some candidate covers all of it.
    whole: bool,
}

/// Packages that are in the binary while the build information names no module for them.
#[derive(Debug, Default)]
pub(super) struct Foreign {
    pub(super) count: usize,
    /// The first of them, as met.
    pub(super) example: Option<String>,
}

/// How much of a package a candidate covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// The symbols that it names.
    Named,
    /// All: the advisory names no symbols for the package.
    Package,
    /// All: the advisory names no packages.
    Module,
}

/// A symbol that was met.
#[derive(Debug, Default)]
pub(super) struct Met {
    pub(super) variants: Vec<Variant>,
    /// Candidates that name it.
    pub(super) named_by: Vec<usize>,
}

/// The pass.
pub(super) struct Walk<'w, 'd> {
    subject: &'w Subject<'w>,
    modules: &'w Modules<'w>,
    candidates: &'w [Candidate<'d>],
    /// Candidates and their import, by import path in the binary.
    by_package: HashMap<String, Vec<(usize, usize)>>,
    /// Candidates that count all packages of a module, by module.
    by_module: HashMap<usize, Vec<usize>>,
    /// Number of each package in `found`, by import path.
    by_path: HashMap<String, usize>,
    /// Number in `found`, if any, of a package as the linker writes it (escaped, before the dot).
    known: HashMap<String, Option<usize>>,
    /// Package of the last name with its dot, and its number in `found`.
    last: (String, Option<usize>),
    scratch: String,
    /// How many names were taken because all of their package counts.
    unnamed: usize,
    found: Found<'d>,
}

impl<'w, 'd> Walk<'w, 'd> {
    pub(super) fn new(
        subject: &'w Subject<'w>,
        modules: &'w Modules<'w>,
        candidates: &'w [Candidate<'d>],
    ) -> Walk<'w, 'd> {
        let mut by_package: HashMap<String, Vec<(usize, usize)>> = HashMap::default();
        let mut by_module: HashMap<usize, Vec<usize>> = HashMap::default();
        for (index, candidate) in candidates.iter().enumerate() {
            let Some(imports) = &candidate.imports else {
                by_module.entry(candidate.module).or_default().push(index);
                continue;
            };
            let module = &modules.wanted[candidate.module];
            for (number, import) in imports.iter().enumerate() {
                let path = imported_as(import.path, module.path, module.import_path);
                by_package.entry(path).or_default().push((index, number));
            }
        }
        Walk {
            subject,
            modules,
            candidates,
            by_package,
            by_module,
            by_path: HashMap::default(),
            known: HashMap::default(),
            last: (String::new(), None),
            scratch: String::new(),
            unnamed: 0,
            found: Found::default(),
        }
    }

    /// Takes one name.
    pub(super) fn visit(&mut self, id: SymbolId, name: &str) {
        let rest = match name.strip_prefix(self.last.0.as_str()) {
            Some(rest) if !self.last.0.is_empty() && stays_in_package(rest) => rest,
            _ => {
                let Some((package, rest)) = self.split(name) else {
                    return;
                };
                self.enter(package);
                rest
            }
        };
        if let Some(package) = self.last.1 {
            self.meet(package, id, name, rest);
        }
    }

    /// The pass is over.
    pub(super) fn end(mut self) -> Found<'d> {
        for package in &mut self.found.packages {
            package.symbols.retain(|_, met| !met.variants.is_empty());
        }
        self.found
    }

    /// The package and the rest of a name; of two readings, the one whose package some module can have.
    fn split<'n>(&self, name: &'n str) -> Option<(&'n str, &'n str)> {
        let (package, rest) = name::split(name)?;
        let has_owner = |package| self.modules.owners(&self.import_path(package)).is_some();
        match name::split_promoted(name) {
            Some(other) if !has_owner(package) => Some(other),
            _ => Some((package, rest)),
        }
    }

    fn enter(&mut self, package: &str) {
        let number = match self.known.get(package) {
            Some(number) => *number,
            None => {
                let number = self.look_up(package);
                self.known.insert(package.to_owned(), number);
                number
            }
        };
        self.last.0.clear();
        self.last.0.push_str(package);
        self.last.0.push('.');
        self.last.1 = number;
    }

    /// Notes the package and gives its number, if any candidate asks for it.
    fn look_up(&mut self, package: &str) -> Option<usize> {
        let path = self.import_path(package);
        if let Some(vendored) = path.strip_prefix("vendor/")
            && self.found.vendored.len() < MOST_VENDORED
            && vendored.len() <= LONGEST_VENDORED
        {
            self.found.vendored.insert(vendored.to_owned());
        }
        if let Some(&index) = self.by_path.get(&path) {
            // `main` and the main package's own path lead to the same package.
            return Some(index);
        }
        let Some((owners, asked)) = self.modules.owners(&path) else {
            self.found.foreign.count += 1;
            self.found.foreign.example.get_or_insert(path);
            return None;
        };
        let mut met = Package {
            path: String::new(),
            candidates: Vec::new(),
            symbols: HashMap::default(),
            whole: false,
        };
        let asking = self.by_package.get(asked).map_or(&[][..], Vec::as_slice);
        for (index, import) in asking
            .iter()
            .filter(|(index, _)| owners.contains(&self.candidates[*index].module))
        {
            met.ask(*index, &self.candidates[*index], *import);
        }
        for index in owners
            .iter()
            .filter_map(|owner| self.by_module.get(owner))
            .flatten()
        {
            met.whole = true;
            met.candidates.push((*index, Extent::Module));
        }
        if met.candidates.is_empty() {
            return None;
        }
        let number = self.found.packages.len();
        self.by_path.insert(path.clone(), number);
        self.found.packages.push(Package { path, ..met });
        Some(number)
    }

    /// The import path of a package as the linker writes it.
    fn import_path(&self, package: &str) -> String {
        let path = name::unescape(package);
        let is_main = path == "main" || Some(&*path) == self.subject.plugin_path;
        match self.subject.main_package {
            Some(main) if is_main => main.to_owned(),
            _ => name::without_snapshot(&path).into_owned(),
        }
    }

    fn meet(&mut self, package: usize, id: SymbolId, linker_name: &str, rest: &str) {
        let Some(function) = Function::parse(rest) else {
            return;
        };
        let package = &mut self.found.packages[package];
        let (unnamed, cut) = (&mut self.unnamed, &mut self.found.cut);
        let mut take = |name: &str, kind: VariantKind, always: bool| {
            let known = package.symbols.get_mut(name);
            if known.as_ref().is_none_or(|met| met.named_by.is_empty()) {
                if !always {
                    return;
                }
                if *unnamed == MOST_UNNAMED {
                    *cut = true;
                    return;
                }
                *unnamed += 1;
            }
            let variant = Variant {
                kind,
                linker_name: linker_name.to_owned(),
                id,
            };
            match known {
                Some(met) => met.variants.push(variant),
                None => {
                    let met = Met {
                        variants: vec![variant],
                        named_by: Vec::new(),
                    };
                    package.symbols.insert(Cow::Owned(name.to_owned()), met);
                }
            }
        };
        function.write_to(&mut self.scratch);
        take(&self.scratch, function.kind, package.whole);
        if let Some(host) = function.host {
            take(host, VariantKind::Closure, false);
        }
        if let Some(number) = function.init {
            // Some advisories number the init functions of a package, from 1.
            let name = format!("init#{}", u64::from(number) + 1);
            take(&name, function.kind, false);
        }
    }
}

impl<'d> Package<'d> {
    /// Adds what a candidate's import asks for.
    fn ask(&mut self, index: usize, candidate: &Candidate<'d>, import: usize) {
        let imports = candidate.imports.as_deref().unwrap_or_default();
        let symbols = imports.get(import).map_or(&[][..], |i| &i.symbols);
        for symbol in symbols {
            let met = self.symbols.entry(Cow::Borrowed(symbol)).or_default();
            met.named_by.push(index);
        }
        self.whole |= symbols.is_empty();
        let extent = if symbols.is_empty() {
            Extent::Package
        } else {
            Extent::Named
        };
        self.candidates.push((index, extent));
    }
}

/// Whether what follows a package's dot has no slash before type arguments or receiver: only then the dot really ends
/// the package path (`a.b/c.F` begins like a function of the package `a`).
fn stays_in_package(rest: &str) -> bool {
    // Nearly all names have no slash here; the search for a single byte is the fast one.
    if memchr::memchr(b'/', rest.as_bytes()).is_none() {
        return true;
    }
    rest.bytes()
        .find(|b| matches!(b, b'/' | b'[' | b'(' | b'{'))
        != Some(b'/')
}

/// The path under which a package of a replacement is imported.
fn imported_as(package: &str, module: &str, import_path: &str) -> String {
    match package.strip_prefix(module) {
        Some(inside)
            if !import_path.is_empty() && (inside.is_empty() || inside.starts_with('/')) =>
        {
            format!("{import_path}{inside}")
        }
        _ => package.to_owned(),
    }
}

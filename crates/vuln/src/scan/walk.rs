//! One pass over all names of a binary.
//!
//! Tens of thousands of names pass through here, of which few matter: neighbours share their package, so the answer for
//! the last package is kept, and a name in a package that no candidate asks for costs a comparison of its start.

use super::candidate::Candidate;
use super::modules::Modules;
use crate::finding::{Variant, VariantKind};
use crate::name::{self, Function};
use crate::subject::{Subject, SymbolId};
use std::collections::{BTreeSet, HashMap};

/// Most packages vendored into the standard library that are noted (Go 1.27 has about forty), and the longest path of
/// one. They are for a remark only, and each prefix of each is looked up.
const MOST_VENDORED: usize = 500;
const LONGEST_VENDORED: usize = 256;

/// Most names that are listed because all of their package counts: each takes many times its length in memory, and no
/// finding depends on them. The largest programs have some hundred thousand functions in all.
const MOST_UNNAMED: usize = 1 << 18;

/// What the pass met.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Packages that candidates ask for.
    pub(super) packages: Vec<Package>,
    /// Paths of packages vendored into the standard library, without the `vendor/`.
    pub(super) vendored: BTreeSet<String>,
    /// More names of packages that count whole than are listed.
    pub(super) cut: bool,
    /// Packages of no module that is known.
    pub(super) foreign: Foreign,
}

/// A package in the binary, with the symbols that matter.
#[derive(Debug)]
pub(super) struct Package {
    /// Import path in the binary.
    pub(super) path: String,
    /// Candidates that name it, or count all packages of its module, with the reason why all of it counts, if so.
    pub(super) candidates: Vec<(usize, Extent)>,
    /// Symbols met, by the database's name.
    pub(super) symbols: HashMap<String, Met>,
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

/// What candidates ask of a package.
struct Interest<'c> {
    /// Candidates by symbol.
    named: HashMap<&'c str, Vec<usize>>,
    /// Whether some candidate covers all of it.
    whole: bool,
}

/// The pass.
pub(super) struct Walk<'w> {
    subject: &'w Subject<'w>,
    modules: &'w Modules<'w>,
    candidates: &'w [Candidate<'w>],
    /// Candidates and their import, by import path in the binary.
    by_package: HashMap<String, Vec<(usize, usize)>>,
    /// Candidates that count all packages of a module, by module.
    by_module: HashMap<usize, Vec<usize>>,
    /// For each package of `found`.
    interests: Vec<Interest<'w>>,
    /// Number of each package of `found`, by import path.
    by_path: HashMap<String, usize>,
    /// Interest by package as the linker writes it (escaped, before the dot).
    known: HashMap<String, Option<usize>>,
    /// Package of the last name with its dot, and its interest.
    last: (String, Option<usize>),
    scratch: String,
    /// How many names were taken because all of their package counts.
    unnamed: usize,
    found: Found,
}

impl<'w> Walk<'w> {
    pub(super) fn new(
        subject: &'w Subject<'w>,
        modules: &'w Modules<'w>,
        candidates: &'w [Candidate<'w>],
    ) -> Walk<'w> {
        let mut by_package: HashMap<String, Vec<(usize, usize)>> = HashMap::new();
        let mut by_module: HashMap<usize, Vec<usize>> = HashMap::new();
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
            interests: Vec::new(),
            by_path: HashMap::new(),
            known: HashMap::new(),
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
        if let Some(interest) = self.last.1 {
            self.meet(interest, id, name, rest);
        }
    }

    /// The pass is over.
    pub(super) fn end(self) -> Found {
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
        let interest = match self.known.get(package) {
            Some(interest) => *interest,
            None => {
                let interest = self.look_up(package);
                self.known.insert(package.to_owned(), interest);
                interest
            }
        };
        self.last.0.clear();
        self.last.0.push_str(package);
        self.last.0.push('.');
        self.last.1 = interest;
    }

    /// Notes the package and gives its interest, if any candidate asks for it.
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
        let mut interest = Interest {
            named: HashMap::new(),
            whole: false,
        };
        let mut candidates = Vec::new();
        let asking = self.by_package.get(asked).map_or(&[][..], Vec::as_slice);
        for (index, import) in asking
            .iter()
            .filter(|(index, _)| owners.contains(&self.candidates[*index].module))
        {
            candidates.push((*index, interest.add(*index, self.candidates, *import)));
        }
        for index in owners
            .iter()
            .filter_map(|owner| self.by_module.get(owner))
            .flatten()
        {
            interest.whole = true;
            candidates.push((*index, Extent::Module));
        }
        if candidates.is_empty() {
            return None;
        }
        self.by_path.insert(path.clone(), self.interests.len());
        self.found.packages.push(Package {
            path,
            candidates,
            symbols: HashMap::new(),
        });
        self.interests.push(interest);
        Some(self.interests.len() - 1)
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

    fn meet(&mut self, interest: usize, id: SymbolId, linker_name: &str, rest: &str) {
        let Some(function) = Function::parse(rest) else {
            return;
        };
        let symbols = &mut self.found.packages[interest].symbols;
        let interest = &self.interests[interest];
        let (unnamed, cut) = (&mut self.unnamed, &mut self.found.cut);
        let mut take = |name: &str, kind: VariantKind, always: bool| {
            let named = interest.named.get(name);
            if named.is_none() {
                if !always {
                    return;
                }
                if *unnamed == MOST_UNNAMED {
                    *cut = true;
                    return;
                }
                *unnamed += 1;
            }
            if !symbols.contains_key(name) {
                let named_by = named.cloned().unwrap_or_default();
                symbols.insert(
                    name.to_owned(),
                    Met {
                        variants: Vec::new(),
                        named_by,
                    },
                );
            }
            if let Some(met) = symbols.get_mut(name) {
                met.variants.push(Variant {
                    kind,
                    linker_name: linker_name.to_owned(),
                    id,
                });
            }
        };
        function.write_to(&mut self.scratch);
        take(&self.scratch, function.kind, interest.whole);
        if let Some(host) = function.host {
            take(host, VariantKind::Closure, false);
        }
        if let Some(number) = function.init {
            // Some advisories number the init functions of a package, from 1.
            take(
                &format!("init#{}", u64::from(number) + 1),
                function.kind,
                false,
            );
        }
    }
}

impl<'c> Interest<'c> {
    /// Adds what a candidate's import asks for.
    fn add(&mut self, index: usize, candidates: &'c [Candidate<'c>], import: usize) -> Extent {
        let symbols = candidates[index]
            .imports
            .as_deref()
            .and_then(|imports| imports.get(import))
            .map(|i| &i.symbols);
        let symbols = symbols.map_or(&[][..], Vec::as_slice);
        if symbols.is_empty() {
            self.whole = true;
            return Extent::Package;
        }
        for symbol in symbols {
            self.named.entry(symbol).or_default().push(index);
        }
        Extent::Named
    }
}

/// Whether what follows a package's dot has no slash before type arguments or receiver: only then the dot really ends
/// the package path (`a.b/c.F` begins like a function of the package `a`).
fn stays_in_package(rest: &str) -> bool {
    // Nearly all names have no slash here; the search for a single byte is the fast one.
    if !rest.as_bytes().contains(&b'/') {
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

//! The packages that own bytes, each once, however it was named.

use super::Package;
use crate::buildinfo::BuildInfo;
use crate::modules::{Module, Modules};
use crate::symbol;
use std::borrow::Cow;
use std::collections::HashMap;

/// Packages by their names in the binary.
pub(super) struct Packages<'a> {
    modules: Modules<'a>,
    main: Option<&'a str>,
    /// By the path as the linker wrote it.
    by_name: HashMap<&'a str, u32>,
    by_path: HashMap<String, u32>,
    list: Vec<Package>,
    /// Neighbours usually share their package.
    last: Option<(&'a str, u32)>,
}

impl<'a> Packages<'a> {
    pub(super) fn new(info: Option<&BuildInfo<'a>>) -> Packages<'a> {
        Packages {
            modules: Modules::of(info),
            main: info.and_then(|info| info.path),
            by_name: HashMap::new(),
            by_path: HashMap::new(),
            list: Vec::new(),
            last: None,
        }
    }

    /// The package of an import path, `main` being the main package.
    pub(super) fn of_path(&mut self, path: &str) -> u32 {
        let path = match (path, self.main) {
            ("main", Some(main)) => main,
            _ => path,
        };
        if let Some(&index) = self.by_path.get(path) {
            return index;
        }
        let index = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.by_path.insert(path.to_owned(), index);
        let module = if Some(path) == self.main {
            self.modules.owner("main")
        } else {
            self.modules.owner(path)
        };
        self.list.push(Package {
            path: path.to_owned(),
            module,
        });
        index
    }

    /// True where a package is known already.
    pub(super) fn has(&self, path: &str) -> bool {
        self.by_path.contains_key(path)
    }

    /// The package of a symbol by its linker name, if the name has one.
    pub(super) fn of_symbol(&mut self, name: &'a [u8]) -> Option<u32> {
        let name = std::str::from_utf8(name).ok()?;
        if let Some((last, index)) = self.last
            && symbol::is_plainly_of(last, name)
        {
            return Some(index);
        }
        let mut package = symbol::package(name)?;
        if let Some((last, index)) = self.last
            && last == package
        {
            return Some(index);
        }
        if let Some((other, _)) = symbol::split_promoted(name)
            && self.modules.owner(&symbol::unescape(package)).is_none()
        {
            package = other;
        }
        let index = match self.by_name.get(package) {
            Some(&index) => index,
            None => {
                let index = self.of_path(&symbol::unescape(package));
                self.by_name.insert(package, index);
                index
            }
        };
        self.last = Some((package, index));
        Some(index)
    }

    /// What a function is called within its package.
    pub(super) fn name_within(&self, name: &[u8], package: Option<u32>) -> String {
        let name = lossy(name);
        let rest = package.and_then(|package| {
            let plain = self.list.get(package as usize);
            let plain = plain.and_then(|one| name.strip_prefix(one.path.as_str()));
            plain
                .and_then(|rest| rest.strip_prefix('.'))
                .or_else(|| self.rest(package, &name))
        });
        match rest {
            Some(rest) => rest.to_owned(),
            None => name.into_owned(),
        }
    }

    /// What is behind the package's path in a name where that is escaped, `main`, or a type's.
    fn rest<'n>(&self, package: u32, name: &'n str) -> Option<&'n str> {
        let promoted = symbol::split_promoted(name);
        let promoted = promoted.filter(|(path, _)| self.is_at(package, path));
        let (_, rest) = promoted.or_else(|| symbol::split(name))?;
        Some(rest)
    }

    /// True where a package has a path as the linker writes it.
    fn is_at(&self, package: u32, name: &str) -> bool {
        let path = symbol::unescape(name);
        let path = match (path.as_ref(), self.main) {
            ("main", Some(main)) => main,
            (path, _) => path,
        };
        let package = self.list.get(package as usize);
        package.is_some_and(|package| package.path == path)
    }

    /// The place of each package in the order of their paths.
    pub(super) fn places(&self) -> Vec<u32> {
        let mut order: Vec<usize> = (0..self.list.len()).collect();
        order.sort_unstable_by_key(|&index| self.list.get(index).map(|one| &one.path));
        let mut places = vec![0; order.len()];
        for (place, &index) in (0..).zip(&order) {
            if let Some(slot) = places.get_mut(index) {
                *slot = place;
            }
        }
        places
    }

    /// The modules, and the packages sorted by path.
    pub(super) fn finish(mut self) -> (Vec<Module>, Vec<Package>) {
        self.list.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        (self.modules.list().to_vec(), self.list)
    }
}

/// A name as text. (`String::from_utf8_lossy` alone goes byte by byte through names that need nothing done.)
fn lossy(name: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(name) {
        Ok(name) => Cow::Borrowed(name),
        Err(_) => String::from_utf8_lossy(name),
    }
}

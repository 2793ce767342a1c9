//! Where GOROOT is in packages: several of them as one tree, links followed within it.

use crate::archive::{Entry, Error, Format, Kind, Tree};
use crate::toolchain::form::in_goroot;
use std::collections::{BTreeMap, BTreeSet};

/// Most links on the way to one file.
const MAX_LINKS: usize = 40;
/// Most files and folders that are visited, links followed: links can multiply.
const MAX_VISITS: usize = 1_000_000;

/// A file, and the tree that has it.
#[derive(Clone, Copy)]
pub(super) struct Place<'t> {
    pub(super) tree: &'t Tree,
    pub(super) entry: &'t Entry,
}

impl Place<'_> {
    pub(super) fn contents(&self) -> Result<Vec<u8>, Error> {
        self.tree.contents(self.entry)
    }
}

/// The files of a GOROOT by their names in it, and those beside it.
pub(super) struct Goroot<'t> {
    /// Where it is; empty for the root itself.
    pub(super) root: String,
    pub(super) files: BTreeMap<String, Place<'t>>,
    /// Files that are in no GOROOT, by their whole names.
    pub(super) beside: BTreeMap<String, Place<'t>>,
    /// Files that two packages have with different contents.
    pub(super) disputed: Vec<String>,
}

impl<'t> Goroot<'t> {
    /// Finds it; none where there is none.
    pub(super) fn find(trees: &'t [Tree]) -> Option<Goroot<'t>> {
        let merged = Merged::new(trees);
        let root = merged.root()?;
        let mut found = BTreeMap::new();
        let mut used = BTreeSet::new();
        let mut walk = Walk {
            merged: &merged,
            parents: Vec::new(),
            left: MAX_VISITS,
        };
        walk.folder(&root, "", &mut |name, real, place| {
            used.insert(real.to_owned());
            found.insert(name.to_owned(), place);
        });
        if trees.iter().any(is_module) {
            found = found
                .into_iter()
                .map(|(name, place)| (in_goroot(&name), place))
                .collect();
        }
        let beside = merged.files.iter();
        let beside = beside.filter(|(name, _)| !used.contains(*name));
        Some(Goroot {
            root,
            files: found,
            beside: beside.map(|(name, place)| (name.clone(), *place)).collect(),
            disputed: merged.disputed,
        })
    }
}

/// The zip of a toolchain module: its files are below the name of the module.
fn is_module(tree: &Tree) -> bool {
    let first = tree.entries.first();
    tree.format == Format::Zip && first.is_some_and(|e| e.name.starts_with("golang.org/toolchain@"))
}

struct Merged<'t> {
    files: BTreeMap<String, Place<'t>>,
    links: BTreeMap<String, String>,
    children: BTreeMap<String, BTreeSet<String>>,
    disputed: Vec<String>,
}

impl<'t> Merged<'t> {
    fn new(trees: &'t [Tree]) -> Merged<'t> {
        let mut merged = Merged {
            files: BTreeMap::new(),
            links: BTreeMap::new(),
            children: BTreeMap::new(),
            disputed: Vec::new(),
        };
        for tree in trees {
            for entry in &tree.entries {
                merged.add(Place { tree, entry });
            }
        }
        merged
    }

    fn add(&mut self, place: Place<'t>) {
        let entry = place.entry;
        let mut path = entry.name.as_str();
        while let Some((folder, name)) = path.rsplit_once('/') {
            let children = self.children.entry(folder.to_owned()).or_default();
            if !children.insert(name.to_owned()) {
                break;
            }
            path = folder;
        }
        if !path.contains('/') {
            let top = self.children.entry(String::new()).or_default();
            top.insert(path.to_owned());
        }
        match &entry.kind {
            Kind::Symlink(target) => {
                self.links.insert(entry.name.clone(), target.clone());
            }
            Kind::Hardlink(target) => {
                self.links.insert(entry.name.clone(), format!("/{target}"));
            }
            Kind::File => {
                let before = self.files.insert(entry.name.clone(), place);
                if before.is_some_and(|before| before.entry.sum != entry.sum) {
                    self.disputed.push(entry.name.clone());
                }
            }
            Kind::Directory | Kind::Special(_) => {}
        }
    }

    /// The name without links, where it leads to something here.
    fn resolve(&self, name: &str) -> Option<String> {
        let mut left: Vec<String> = name.rsplit('/').map(str::to_owned).collect();
        let mut done: Vec<String> = Vec::new();
        let mut followed = 0;
        while let Some(element) = left.pop() {
            match element.as_str() {
                "" | "." => continue,
                ".." => {
                    done.pop()?;
                    continue;
                }
                _ => done.push(element),
            }
            if let Some(target) = self.links.get(&done.join("/")) {
                followed += 1;
                if followed > MAX_LINKS {
                    return None;
                }
                done.pop();
                if target.starts_with('/') {
                    done.clear();
                }
                left.extend(target.rsplit('/').map(str::to_owned));
            }
        }
        Some(done.join("/"))
    }

    fn file(&self, name: &str) -> Option<Place<'t>> {
        self.files.get(&self.resolve(name)?).copied()
    }

    /// The folder whose VERSION speaks of Go; of several, one with a go command, and the shortest.
    fn root(&self) -> Option<String> {
        let named = |name: &&String| *name == "VERSION" || name.ends_with("/VERSION");
        let names = self.files.keys().chain(self.links.keys()).filter(named);
        let roots = names.map(|name| {
            let folder = name.strip_suffix("VERSION").unwrap_or(name);
            folder.strip_suffix('/').unwrap_or(folder).to_owned()
        });
        let mut roots: Vec<String> = roots.filter(|root| self.speaks_of_go(root)).collect();
        roots.sort_by_key(|root| (!self.has_go(root), root.len(), root.clone()));
        roots.into_iter().next()
    }

    fn speaks_of_go(&self, root: &str) -> bool {
        let version = self.file(&below(root, "VERSION"));
        let small = version.filter(|place| place.entry.sum.length < 4096);
        let text = small.and_then(|place| place.contents().ok());
        text.is_some_and(|text| text.starts_with(b"go1"))
    }

    fn has_go(&self, root: &str) -> bool {
        ["bin/go", "bin/go.exe"]
            .iter()
            .any(|go| self.file(&below(root, go)).is_some())
    }
}

/// A walk through folders, links followed.
struct Walk<'m, 't> {
    merged: &'m Merged<'t>,
    /// The folders that are being visited.
    parents: Vec<String>,
    left: usize,
}

impl<'t> Walk<'_, 't> {
    fn folder(&mut self, folder: &str, prefix: &str, visit: &mut dyn FnMut(&str, &str, Place<'t>)) {
        let merged = self.merged;
        let Some(folder) = merged.resolve(folder) else {
            return;
        };
        if self.parents.contains(&folder) {
            return;
        }
        self.parents.push(folder.clone());
        for child in merged.children.get(&folder).into_iter().flatten() {
            self.left = self.left.saturating_sub(1);
            let name = below(prefix, child);
            let real = merged.resolve(&below(&folder, child));
            let Some(real) = real.filter(|_| self.left > 0) else {
                continue;
            };
            match merged.files.get(&real) {
                Some(place) => visit(&name, &real, *place),
                None => self.folder(&real, &name, visit),
            }
        }
        self.parents.pop();
    }
}

fn below(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    }
}

//! What is in a binary, by the binary alone: its modules, which of them are linked, how it was built.
//!
//! Texts are owned and hostile; what looks like a credential is masked. What could not be read is a gap.

use crate::purl;
use goassay_audit::facts::names::{self, Names};
use goassay_audit::facts::{ccode, linkage, secret};
use goassay_binary::Binary;
use goassay_binary::buildinfo::{BuildInfo, Module};
use goassay_binary::gap::{Fact, Gap, Topic};
use goassay_binary::image::Kind;
use goassay_binary::modules::Modules;
use goassay_binary::symbol;
use goassay_build::license::{ModuleCache, Standing as License};
use goassay_build::module;
use std::collections::{BTreeMap, BTreeSet};

/// Name of the component that stands for Go itself: standard library and runtime, as the vulnerability database calls it.
const STANDARD_LIBRARY: &str = "stdlib";

/// What is in a binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// A library for other programs (`-buildmode=c-shared`, `c-archive`, `plugin`) and no program.
    pub library: bool,
    /// Import path of the main package.
    pub main_package: Option<String>,
    /// The main module, then Go itself, then the dependencies by path and version; each once.
    pub components: Vec<Component>,
    /// Build settings in recorded order, credentials masked.
    pub settings: Vec<(String, String)>,
    /// Libraries that the dynamic loader has to find, in the order of the headers.
    pub libraries: Vec<String>,
    /// Whether C code is linked, where that is known: of it the binary says neither name nor version.
    pub c_code: Option<bool>,
    /// Packages that have a function here and belong to no recorded module, sorted.
    pub stray_packages: Vec<String>,
    /// What could not be read, and what is therefore missing.
    pub gaps: Vec<Gap>,
}

/// What a component is to the binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The main module.
    Main,
    /// Go's standard library and runtime.
    StandardLibrary,
    /// A module that the build needed.
    Dependency,
}

impl Role {
    /// The stable word for output.
    pub fn name(self) -> &'static str {
        match self {
            Role::Main => "main-module",
            Role::StandardLibrary => "standard-library",
            Role::Dependency => "dependency",
        }
    }
}

/// A module that the build information names, or Go itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// What it is to the binary.
    pub role: Role,
    /// Module path of the code that is there: the replacement's, where a `replace` line named another module.
    pub path: String,
    /// Its version as recorded: `v1.2.3`, `(devel)`, empty; of Go itself `go1.26.8` and what vendors make of it.
    pub recorded_version: String,
    /// Its `h1:` hash (`golang.org/x/mod/sumdb/dirhash`, over the files of the module's zip), or empty.
    pub h1: String,
    /// Path and version that the code asks for, where a `replace` line put something else in their place.
    pub replaces: Option<(String, String)>,
    /// The folder that a `replace` line named instead of a module: what is in it has neither version nor hash.
    pub folder: Option<String>,
    /// Which of its packages are in the binary.
    pub linked: Linked,
    /// Its licence. Nothing in a binary says it, so that it is [`License::NotChecked`] until somebody looks
    /// ([`Contents::look_up_licenses`]).
    pub license: License,
}

/// Which packages of a module are in a binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Linked {
    /// These have a function, emitted or inlined; sorted.
    Packages(Vec<String>),
    /// No package of it has a function. (One that has only data or types can still be there.)
    No,
    /// The functions could not be read.
    Unknown,
}

impl Component {
    /// The version, where one is known.
    pub fn version(&self) -> Option<&str> {
        let version = self.recorded_version.as_str();
        (!matches!(version, "" | "(devel)")).then_some(version)
    }

    /// Its package URL; a folder has none.
    pub fn purl(&self) -> Option<String> {
        let url = || purl::golang(&self.path, &self.recorded_version);
        self.folder.is_none().then(url)
    }

    fn standard_library(go_version: &str) -> Component {
        Component {
            role: Role::StandardLibrary,
            path: STANDARD_LIBRARY.to_owned(),
            recorded_version: go_version.to_owned(),
            h1: String::new(),
            replaces: None,
            folder: None,
            linked: Linked::Unknown,
            license: License::NotChecked,
        }
    }

    fn recorded(role: Role, module: &Module<'_>) -> Component {
        let plain = Component {
            role,
            path: module.path.to_owned(),
            recorded_version: module.version.to_owned(),
            h1: module.sum.to_owned(),
            replaces: None,
            folder: None,
            linked: Linked::Unknown,
            license: License::NotChecked,
        };
        let Some(by) = module.replace.as_deref() else {
            return plain;
        };
        let replaces = Some((module.path.to_owned(), module.version.to_owned()));
        let is_module = !by.version.is_empty();
        Component {
            replaces,
            path: if is_module { by.path } else { module.path }.to_owned(),
            recorded_version: by.version.to_owned(),
            h1: by.sum.to_owned(),
            folder: (!is_module).then(|| by.path.to_owned()),
            ..plain
        }
    }

    /// The path that imports use.
    fn import_path(&self) -> &str {
        match (&self.replaces, self.role) {
            (Some((path, _)), _) => path,
            (None, Role::StandardLibrary) => "std",
            (None, _) => &self.path,
        }
    }
}

impl Contents {
    /// Reads a binary. Takes time linear in the file's size.
    pub fn of(binary: &Binary<'_>) -> Contents {
        let mut gaps: Vec<Gap> = binary.image().missing().into_iter().collect();
        let info = binary.build_info();
        let names = names::read(binary);
        gaps.extend(info.err().cloned());
        gaps.extend(info.ok().and_then(unknown_lines));
        gaps.extend(names.as_ref().err().cloned());
        let mut components = info.ok().map(components).unwrap_or_default();
        let owned = Owned::of(info.ok(), names.as_ref().ok());
        for component in &mut components {
            component.linked = owned.linked(component.import_path());
        }
        gaps.extend(owned.stray_gap());
        let c_code = ccode::read(binary, names.as_ref());
        let libraries = libraries(binary, &c_code);
        gaps.extend(libraries.as_ref().err().cloned());
        Contents {
            library: is_library(binary),
            main_package: info.ok().and_then(|info| info.path).map(str::to_owned),
            components,
            settings: info.ok().map(settings).unwrap_or_default(),
            libraries: libraries.unwrap_or_default(),
            c_code: c_code.ok().map(|c_code| c_code.linked),
            stray_packages: owned.stray,
            gaps,
        }
    }

    /// Looks for the licence of each module in the go command's module cache.
    pub fn look_up_licenses(&mut self, cache: &ModuleCache) {
        let modules = self.components.iter_mut();
        for one in modules.filter(|one| one.role != Role::StandardLibrary) {
            let module = module::Module::new(&*one.path, &*one.recorded_version);
            one.license = match &one.folder {
                Some(_) => License::NoCopy,
                None => cache.license(&module, &one.h1),
            };
        }
    }

    /// The main module.
    pub fn main_module(&self) -> Option<&Component> {
        self.components.iter().find(|one| one.role == Role::Main)
    }

    /// Whether it is known that something is in the binary that no component stands for.
    pub fn lacks_something(&self) -> bool {
        !self.gaps.is_empty() || self.c_code == Some(true)
    }
}

/// The libraries that the loader has to find. An object needs none: what it is linked into does.
fn libraries(binary: &Binary<'_>, c_code: &Fact<ccode::CCode>) -> Fact<Vec<String>> {
    match binary.image().kind {
        Kind::Object => Ok(Vec::new()),
        _ => linkage::read(&binary.hardening(), c_code)?.needed,
    }
}

fn unknown_lines(info: &BuildInfo<'_>) -> Option<Gap> {
    let lines = info.unknown_lines;
    let reason = || format!("{lines} lines of the build information have no known form");
    (lines > 0).then(|| Gap::new(Topic::BuildInfo, reason()))
}

fn is_library(binary: &Binary<'_>) -> bool {
    let info = binary.build_info().ok();
    let mode = info.and_then(|info| info.setting("-buildmode"));
    binary.plugin_path().is_some()
        || matches!(binary.image().kind, Kind::Object | Kind::Library)
        || matches!(mode, Some("c-shared" | "c-archive" | "plugin"))
}

fn settings(info: &BuildInfo<'_>) -> Vec<(String, String)> {
    let masked = |key: &str, value: &str| secret::mask_value(key, value).into_owned();
    let settings = info.settings.iter();
    settings
        .map(|(key, value)| (key.to_string(), masked(key, value)))
        .collect()
}

/// The modules of the build information in their order here, none twice.
fn components(info: &BuildInfo<'_>) -> Vec<Component> {
    let main = info.main.iter().map(|m| Component::recorded(Role::Main, m));
    let dependencies = info.deps.iter();
    let dependencies = dependencies.map(|m| Component::recorded(Role::Dependency, m));
    let mut components: Vec<Component> = main
        .chain([Component::standard_library(info.go_version)])
        .chain(dependencies)
        .collect();
    let key = |one: &Component| {
        let (path, version) = (one.path.clone(), one.recorded_version.clone());
        (one.role, path, version)
    };
    components.sort_by_cached_key(key);
    let mut seen = BTreeSet::new();
    components.retain(|one| seen.insert((one.path.clone(), one.recorded_version.clone())));
    components
}

/// The packages that have a function, by the module that owns them.
struct Owned {
    /// `None` where the functions could not be read.
    by_module: Option<BTreeMap<String, Vec<String>>>,
    stray: Vec<String>,
}

impl Owned {
    fn of(info: Option<&BuildInfo<'_>>, names: Option<&Names>) -> Owned {
        let mut owned = Owned {
            by_module: None,
            stray: Vec::new(),
        };
        let Some(names) = names else {
            return owned;
        };
        let modules = Modules::of(info);
        let mut by_module: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for package in names.packages.iter().filter(|p| !is_wrapper(p, names)) {
            match modules.owner(package) {
                Some(index) => {
                    let module = modules.list().get(index as usize);
                    let path = module.map_or("", |module| module.path.as_str());
                    let packages = by_module.entry(path.to_owned()).or_default();
                    packages.push(package.clone());
                }
                None if is_program(package) => {}
                None => owned.stray.push(package.clone()),
            }
        }
        owned.by_module = Some(by_module);
        owned
    }

    fn linked(&self, module: &str) -> Linked {
        match &self.by_module {
            None => Linked::Unknown,
            Some(by_module) => match by_module.get(module) {
                Some(packages) => Linked::Packages(packages.clone()),
                None => Linked::No,
            },
        }
    }

    fn stray_gap(&self) -> Option<Gap> {
        let count = self.stray.len();
        let reason = format!("{count} packages belong to no module that the build info names");
        (count > 0).then(|| Gap::new(Topic::BuildInfo, reason))
    }
}

/// Whether the package is the program's own, built from files without a module.
fn is_program(package: &str) -> bool {
    matches!(package, "main" | "command-line-arguments")
}

/// Whether a name was read as `p.T.example.org/q`: no package, but a wrapper of a method that `T` of package `p` has from
/// a type of `example.org/q` (see [`symbol::split_promoted`]).
fn is_wrapper(package: &str, names: &Names) -> bool {
    let name = format!("{package}.m");
    symbol::split_promoted(&name).is_some_and(|(real, _)| names.has_package(real))
}

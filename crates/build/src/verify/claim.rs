//! What a binary says of how it was built: the toolchain, the package, the module, the settings; and what shows besides in the file.
//!
//! All of it is hostile. What becomes an argument or a variable of a compile goes through `flags`, what becomes a place through
//! `sandbox::admit`.

use crate::goroot;
use crate::module::{Module, escape_path, escape_version};
use crate::toolchain::Version;
use goassay_binary::Binary;
use goassay_binary::buildinfo::BuildInfo;
use goassay_binary::hardening::Hardening;

/// Oldest minor version of Go that records its settings (`build` lines; Go 1.18).
const RECORDS: u32 = 18;

/// Distributions build so, and keep what was there in a file of their own.
const NO_MODULE: &str = "it names no module: it was built without modules, from a GOPATH, and nothing in it says which versions lay there; if a \
     distribution made it, the .buildinfo file of the package names them";

/// What a binary says of itself. Texts are hostile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The toolchain as it calls itself.
    pub says: String,
    /// The release that it is, or is made of.
    pub version: Version,
    /// What a vendor calls its own build of that release; none for one that the Go project posts.
    pub vendor: Option<String>,
    /// The import path of the program.
    pub package: String,
    /// The main module and its version.
    pub main: Module,
    /// `h1:` of the main module; empty where it was built in a folder.
    pub sum: String,
    /// Modules that are linked, as they are used: what replaces one is in its place.
    pub modules: Vec<Linked>,
    /// Settings in file order.
    pub settings: Vec<(String, String)>,
    /// What else shows.
    pub traces: Traces,
}

/// A module that is linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// The module.
    pub module: Module,
    /// Its `h1:`; empty for a folder.
    pub sum: String,
}

/// What the file shows of how it was linked, and where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Traces {
    /// It has a symbol table.
    pub symbols: bool,
    /// It has DWARF.
    pub debug: bool,
    /// Its Go build ID is empty or not there.
    pub no_build_id: bool,
    /// Everything is bound at start (ELF).
    pub binds_now: bool,
    /// The GOROOT that it was built with; none where paths were left out.
    pub goroot: Option<String>,
    /// The module cache.
    pub module_cache: Option<String>,
    /// The folder of the main module, where that lay outside the module cache.
    pub folder: Option<String>,
}

/// Where the source of a program is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// At this version of its module, by `go install package@version`.
    Published,
    /// In a checkout, at this commit.
    Checkout {
        /// `vcs.revision`.
        revision: String,
        /// `vcs.modified`.
        modified: bool,
    },
    /// In a folder of which nothing is recorded.
    Folder,
}

impl Claim {
    /// Reads the claim of a binary.
    ///
    /// # Errors
    /// It says too little to be built again, in words.
    pub fn of(binary: &Binary<'_>) -> Result<Claim, String> {
        let info = binary.build_info().map_err(|gap| gap.reason.clone())?;
        let says = info.go_version.to_owned();
        let (version, vendor) = release(&says)
            .ok_or_else(|| format!("{says:?} is no release of Go: its source is not known"))?;
        if version.minor() < Some(RECORDS) {
            return Err(format!(
                "{says} does not record how a program was built (1.18 and newer do)"
            ));
        }
        let (Some(package), Some(main)) = (info.path, &info.main) else {
            return Err(NO_MODULE.to_owned());
        };
        if package == "command-line-arguments" {
            return Err(
                "it was built from files, not from a package: nothing says which".to_owned(),
            );
        }
        // They become arguments of the go command: nothing that it would take for a flag.
        for path in [package, main.path] {
            escape_path(path).map_err(|error| error.to_string())?;
        }
        if !main.sum.is_empty() {
            escape_version(main.version).map_err(|error| error.to_string())?;
        }
        let module = |module: &goassay_binary::buildinfo::Module<'_>| {
            let used = module.replace.as_deref().unwrap_or(module);
            Linked {
                module: Module::new(used.path, used.version),
                sum: used.sum.to_owned(),
            }
        };
        let settings = info.settings.iter();
        Ok(Claim {
            version,
            vendor,
            package: package.to_owned(),
            main: Module::new(main.path, main.version),
            sum: main.sum.to_owned(),
            modules: info.deps.iter().map(module).collect(),
            settings: settings
                .map(|(key, value)| (key.to_string(), value.to_string()))
                .collect(),
            traces: Traces::of(binary, info),
            says,
        })
    }

    /// The value of a setting.
    #[must_use]
    pub fn setting(&self, key: &str) -> Option<&str> {
        let found = self.settings.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether it was built out of a vendor folder, which leaves no sums; none where it links no module that could show it.
    #[must_use]
    pub fn is_vendored(&self) -> Option<bool> {
        let mut versions = self
            .modules
            .iter()
            .filter(|linked| !linked.module.version.is_empty())
            .peekable();
        versions.peek()?;
        Some(versions.all(|linked| linked.sum.is_empty()))
    }

    /// Where its source is.
    #[must_use]
    pub fn origin(&self) -> Origin {
        if let Some(revision) = self.setting("vcs.revision") {
            return Origin::Checkout {
                revision: revision.to_owned(),
                modified: self.setting("vcs.modified") == Some("true"),
            };
        }
        match self.sum.is_empty() {
            false => Origin::Published,
            true => Origin::Folder,
        }
    }
}

/// The release that a toolchain is, and what its vendor adds. Experiments are no vendor: `go1.26.8 X:jsonv2`.
fn release(says: &str) -> Option<(Version, Option<String>)> {
    let (first, rest) = says.split_once(' ').unwrap_or((says, ""));
    match rest.is_empty() || rest.starts_with("X:") {
        true => goroot::released(first),
        false => goroot::released(first).map(|(version, _)| (version, Some(rest.to_owned()))),
    }
}

impl Traces {
    fn of(binary: &Binary<'_>, info: &BuildInfo<'_>) -> Traces {
        let debug = binary.debug_info();
        let is_dwarf = |name: &[u8]| {
            [&b".debug_"[..], b".zdebug_", b"__debug_", b"__zdebug_"]
                .iter()
                .any(|start| name.starts_with(start))
        };
        let binds_now = |hardening: Hardening<'_>| match hardening {
            Hardening::Elf(elf) => elf.dynamic.ok().flatten().is_some_and(|of| of.bind_now),
            Hardening::Pe(_) | Hardening::MachO(_) => false,
        };
        let sections = debug.sections.as_ref();
        let mut traces = Traces {
            symbols: matches!(&debug.symbol_table, Ok(Some(table)) if table.symbols > table.imports),
            debug: sections.is_ok_and(|all| all.iter().any(|section| is_dwarf(section.name))),
            binds_now: binary.hardening().is_ok_and(binds_now),
            no_build_id: matches!(&debug.go_build_id, Ok(None | Some([]))),
            ..Traces::default()
        };
        if info.setting("-trimpath") != Some("true") {
            traces.places(binary, info);
        }
        traces
    }

    /// The folder of the main module, by the file of `main.main`: its package lies in it as its path does in the module's.
    fn folder(binary: &Binary<'_>, info: &BuildInfo<'_>) -> Option<String> {
        let table = binary.pclntab().ok()?;
        let main = table
            .functions()
            .find(|function| table.name(function.name) == Some(b"main.main"))?;
        let file = std::str::from_utf8(binary.definition(&main)?.file).ok()?;
        let (package, _) = file.rsplit_once('/')?;
        let below = info.path?.strip_prefix(info.main.as_ref()?.path)?;
        package.strip_suffix(below).map(str::to_owned)
    }

    /// Finds the places of the builder in the names of source files (pclntab file table).
    fn places(&mut self, binary: &Binary<'_>, info: &BuildInfo<'_>) {
        let Ok(table) = binary.pclntab() else { return };
        let files = table.file_table().split(|&byte| byte == 0);
        let files = || {
            files
                .clone()
                .filter_map(|name| std::str::from_utf8(name).ok())
        };
        self.goroot = files()
            .find_map(|name| name.strip_suffix("/src/runtime/proc.go"))
            .map(str::to_owned);
        if info.main.as_ref().is_some_and(|main| main.sum.is_empty()) {
            self.folder = Traces::folder(binary, info);
        }
        let main = info.main.iter().filter(|main| !main.sum.is_empty());
        let in_cache: Vec<String> = info
            .deps
            .iter()
            .map(|dep| dep.replace.as_deref().unwrap_or(dep))
            .chain(main)
            .filter_map(|module| {
                Some(format!(
                    "/{}/",
                    Module::new(module.path, module.version).escaped().ok()?
                ))
            })
            .collect();
        // One pass: most names are those of Go itself.
        self.module_cache = files().find_map(|name| {
            let at = in_cache.iter().find_map(|part| name.find(part.as_str()))?;
            name.get(..at).map(str::to_owned)
        });
    }
}

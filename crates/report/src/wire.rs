//! Wire types that several of our documents share. None of them knows which document it is in.

use crate::document::{DatabaseUse, Failure, ModuleFacts, TargetFacts, Tool};
use goassay_binary::gap::Gap;
use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct ToolWire<'a> {
    pub(crate) name: &'a str,
    pub(crate) version: &'a str,
}

impl<'a> From<&'a Tool> for ToolWire<'a> {
    fn from(tool: &'a Tool) -> Self {
        ToolWire {
            name: &tool.name,
            version: &tool.version,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct DatabaseWire<'a> {
    pub(crate) origin: &'static str,
    pub(crate) why: &'a str,
    pub(crate) source: &'a str,
    pub(crate) revision: Option<&'a str>,
    pub(crate) date: Option<&'a str>,
    pub(crate) sha256: &'a str,
    pub(crate) advisories: u32,
}

impl<'a> From<&'a DatabaseUse> for DatabaseWire<'a> {
    fn from(database: &'a DatabaseUse) -> Self {
        DatabaseWire {
            origin: database.origin.name(),
            why: &database.why,
            source: &database.identity.source,
            revision: database.identity.revision.as_deref(),
            date: database.identity.date.as_deref(),
            sha256: &database.identity.sha256,
            advisories: database.identity.advisories,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct FactsWire<'a> {
    pub(crate) format: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) arch: &'a str,
    pub(crate) os: Option<&'a str>,
    pub(crate) go_version: Option<&'a str>,
    pub(crate) main_package: Option<&'a str>,
    pub(crate) main_module: Option<ModuleWire<'a>>,
    pub(crate) modules: Vec<ModuleWire<'a>>,
    pub(crate) goos: Option<&'a str>,
    pub(crate) goarch: Option<&'a str>,
    pub(crate) symbol_table: &'static str,
    pub(crate) dwarf: &'static str,
}

impl<'a> From<&'a TargetFacts> for FactsWire<'a> {
    fn from(facts: &'a TargetFacts) -> Self {
        FactsWire {
            format: facts.format.name(),
            kind: facts.kind.name(),
            arch: &facts.arch,
            os: facts.os.as_deref(),
            go_version: facts.go_version.as_deref(),
            main_package: facts.main_package.as_deref(),
            main_module: facts.main_module.as_ref().map(ModuleWire::from),
            modules: facts.modules.iter().map(ModuleWire::from).collect(),
            goos: facts.goos.as_deref(),
            goarch: facts.goarch.as_deref(),
            symbol_table: facts.symbol_table.name(),
            dwarf: facts.dwarf.name(),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct ModuleWire<'a> {
    pub(crate) path: &'a str,
    pub(crate) version: &'a str,
    pub(crate) replaced_by: Option<NamedVersionWire<'a>>,
}

impl<'a> From<&'a ModuleFacts> for ModuleWire<'a> {
    fn from(module: &'a ModuleFacts) -> Self {
        ModuleWire {
            path: &module.path,
            version: &module.version,
            replaced_by: module.replace.as_ref().map(NamedVersionWire::from),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct NamedVersionWire<'a> {
    pub(crate) path: &'a str,
    pub(crate) version: &'a str,
}

impl<'a> From<&'a (String, String)> for NamedVersionWire<'a> {
    fn from((path, version): &'a (String, String)) -> Self {
        NamedVersionWire { path, version }
    }
}

/// An address as text: JSON's numbers do not hold 64 bits everywhere.
pub(crate) fn hex(address: Option<u64>) -> Option<String> {
    address.map(|address| format!("{address:#x}"))
}

#[derive(Serialize)]
pub(crate) struct GapWire<'a> {
    pub(crate) topic: &'static str,
    pub(crate) reason: &'a str,
}

impl<'a> From<&'a Gap> for GapWire<'a> {
    fn from(gap: &'a Gap) -> Self {
        GapWire {
            topic: gap.topic.name(),
            reason: &gap.reason,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct FailureWire<'a> {
    pub(crate) path: &'a str,
    pub(crate) kind: &'static str,
    pub(crate) message: &'a str,
    pub(crate) hint: Option<&'a str>,
}

impl<'a> From<&'a Failure> for FailureWire<'a> {
    fn from(failure: &'a Failure) -> Self {
        FailureWire {
            path: &failure.path,
            kind: failure.kind.name(),
            message: &failure.message,
            hint: failure.hint.as_deref(),
        }
    }
}

/// What stands in the way of a whole answer; `target` and `index` are numbers in the document.
#[derive(Serialize)]
pub(crate) struct ObstacleWire {
    pub(crate) kind: &'static str,
    pub(crate) target: Option<usize>,
    pub(crate) index: usize,
    pub(crate) reason: String,
}

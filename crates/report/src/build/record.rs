//! The build record `NAME.build.json`, our versioned document `goassay-build-record/1` (docs/formats/build.md): everything that went into
//! a program as far as it can change it, and what came out.
//!
//! Not in it: places of the machine (they are in no program), times but the commit's, anything of the user's environment, because nothing
//! of it was handed on.

use crate::document::Tool;
use crate::harmless;
use crate::wire::ToolWire;
use goassay_binary::buildinfo::{BuildInfo, Module};
use goassay_build::plan::{Build, Setting};
use goassay_build::project::{Checkout, Project};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Name and version of the document.
pub const RECORD_SCHEMA: &str = goassay_build::record::SCHEMA;

/// A finished program with what it was made of.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// What made it.
    pub tool: &'a Tool,
    /// The name of the profile.
    pub profile: &'a str,
    /// The project.
    pub project: &'a Project,
    /// SHA-256 of the programs of Go that took part, by name.
    pub go_programs: &'a [(String, String)],
    /// The part of the plan.
    pub build: &'a Build,
    /// What the program says of itself.
    pub info: &'a BuildInfo<'a>,
    /// SHA-256 of the files that were given for images, by their name in them.
    pub image_files: &'a BTreeMap<&'static str, String>,
    /// All files that belong to it, this record and lists of sums aside; the program first.
    pub made: &'a [Made],
}

/// A file that came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Made {
    /// Its name below the output folder.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// SHA-256, lower-case hex.
    pub sha256: String,
}

/// Writes a record.
///
/// # Errors
/// It cannot be written.
pub fn render_record(record: &Record<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Record {
        project,
        build,
        info,
        ..
    } = record;
    harmless::write(
        out,
        &RecordWire {
            schema: RECORD_SCHEMA,
            tool: ToolWire::from(record.tool),
            profile: record.profile,
            package: &build.package,
            target: build.target.to_string(),
            toolchain: info.go_version,
            toolchain_programs: record
                .go_programs
                .iter()
                .map(|(name, sha256)| (name.as_str(), sha256.as_str()))
                .collect(),
            source: project.checkout.as_ref().map(SourceWire::new),
            module: info.main.as_ref().map(ModuleWire::new),
            modules: info.deps.iter().map(ModuleWire::new).collect(),
            arguments: build.arguments(),
            tags: &build.tags,
            variables: &build.variables,
            c_compiler: build.c_compiler.as_deref(),
            environment: build.environment.iter().map(SettingWire::new).collect(),
            settings: info
                .settings
                .iter()
                .map(|(key, value)| [key.as_ref(), value.as_ref()])
                .collect(),
            image_files: record.image_files,
            outputs: record.made,
        },
    )
}

#[derive(Serialize)]
struct RecordWire<'a> {
    schema: &'static str,
    tool: ToolWire<'a>,
    profile: &'a str,
    package: &'a str,
    target: String,
    toolchain: &'a str,
    toolchain_programs: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<SourceWire<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    module: Option<ModuleWire<'a>>,
    modules: Vec<ModuleWire<'a>>,
    arguments: Vec<String>,
    tags: &'a [String],
    variables: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    c_compiler: Option<&'a str>,
    environment: Vec<SettingWire<'a>>,
    settings: Vec<[&'a str; 2]>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    image_files: &'a BTreeMap<&'static str, String>,
    outputs: &'a [Made],
}

#[derive(Serialize)]
struct SourceWire<'a> {
    vcs: &'static str,
    commit: &'a str,
    time: i64,
    tags: &'a [String],
    modified: bool,
}

impl<'a> SourceWire<'a> {
    fn new(checkout: &'a Checkout) -> SourceWire<'a> {
        SourceWire {
            vcs: "git",
            commit: &checkout.commit,
            time: checkout.time,
            tags: &checkout.tags,
            modified: !checkout.dirty.is_empty(),
        }
    }
}

#[derive(Serialize)]
struct ModuleWire<'a> {
    path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    version: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    h1: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    replace: Option<Box<ModuleWire<'a>>>,
}

impl<'a> ModuleWire<'a> {
    fn new(module: &'a Module<'a>) -> ModuleWire<'a> {
        ModuleWire {
            path: module.path,
            version: module.version,
            h1: module.sum,
            replace: module
                .replace
                .as_deref()
                .map(|other| Box::new(ModuleWire::new(other))),
        }
    }
}

/// A variable: set to a value, to a place of the machine (which is not said), or kept out.
#[derive(Serialize)]
struct SettingWire<'a> {
    name: &'a str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

impl<'a> SettingWire<'a> {
    fn new(setting: &'a Setting) -> SettingWire<'a> {
        let (state, value) = match &setting.value {
            None => ("kept-out", None),
            Some(_) if setting.is_place => ("place", None),
            Some(value) => ("set", Some(value.to_string_lossy().into_owned())),
        };
        SettingWire {
            name: setting.name,
            state,
            value,
        }
    }
}

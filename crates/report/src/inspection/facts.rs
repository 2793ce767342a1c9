//! The facts about one binary as documents show them: owned, and each with the gap that may stand in its place.
//!
//! These are wire types: their field names are those of `goassay-inspect/1`, and a change of one changes the number.

use goassay_audit::facts as audit;
use goassay_audit::facts::ldflags::Recorded as RecordedFlags;
use goassay_audit::facts::leaks::{Leak, Place};
use goassay_audit::facts::secret;
use goassay_audit::isa::{self, Isa, Level, Recorded};
use goassay_binary::Binary;
use goassay_binary::buildinfo::Module as RecordedModule;
use goassay_binary::bytes::hexadecimal;
use goassay_binary::debuginfo::DebugInfo as ReadDebugInfo;
use goassay_binary::gap::Gap as ReadGap;
use serde::Serialize;

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// What is missing.
    pub topic: &'static str,
    /// Why.
    pub reason: String,
}

impl From<&ReadGap> for Gap {
    fn from(gap: &ReadGap) -> Gap {
        Gap {
            topic: gap.topic.name(),
            reason: gap.reason.clone(),
        }
    }
}

/// A fact or the gap in its place: exactly one of both, except that a `value` of `null` without a gap says that there is
/// none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact<T> {
    /// What was read.
    pub value: Option<T>,
    /// Why nothing was.
    pub gap: Option<Gap>,
}

impl<T> Fact<T> {
    fn of(value: T) -> Fact<T> {
        Fact {
            value: Some(value),
            gap: None,
        }
    }

    fn read<S>(read: Result<&S, &ReadGap>, owned: impl FnOnce(&S) -> T) -> Fact<T> {
        Fact::maybe(read, |value| Some(owned(value)))
    }

    fn maybe<S>(read: Result<&S, &ReadGap>, owned: impl FnOnce(&S) -> Option<T>) -> Fact<T> {
        match read {
            Ok(value) => Fact {
                value: owned(value),
                gap: None,
            },
            Err(gap) => Fact {
                value: None,
                gap: Some(Gap::from(gap)),
            },
        }
    }
}

/// All facts about one binary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// Length of the image in bytes: of the file, or of the member.
    pub bytes: u64,
    /// Where the file is shorter than its headers say.
    pub missing: Option<Gap>,
    /// The toolchain.
    pub toolchain: Fact<Toolchain>,
    /// The main module.
    pub main: Fact<Main>,
    /// Build settings in recorded order, credentials masked.
    pub settings: Fact<Vec<Setting>>,
    /// Modules in recorded order.
    pub modules: Fact<Vec<Module>>,
    /// Linker flags and what `-X` set.
    pub linker_flags: LinkerFlags,
    /// Defaults of GODEBUG.
    pub godebug: Fact<Vec<Godebug>>,
    /// Functions.
    pub functions: Fact<Functions>,
    /// Number of packages that have a function.
    pub packages: Fact<usize>,
    /// Where it starts.
    pub entry_points: Fact<Vec<EntryPoint>>,
    /// Interpreter and libraries.
    pub linkage: Fact<Linkage>,
    /// C code.
    pub c_code: Fact<CCode>,
    /// What headers say about hardening.
    pub hardening: Fact<Vec<Statement>>,
    /// Identities.
    pub build_ids: BuildIds,
    /// Debug information.
    pub debug_info: DebugInfo,
    /// Paths and user names of the machine that built it.
    pub builder_paths: BuilderPaths,
    /// Whose cryptography.
    pub crypto: Fact<Crypto>,
    /// Instruction-set level.
    pub cpu: Cpu,
}

/// Paths and user names of the machine that built it: of source files, in settings, debug information and data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BuilderPaths {
    /// By place and path; at most twenty of each place.
    pub paths: Vec<BuilderPath>,
    /// How many more there are.
    pub more: usize,
    /// What could not be searched.
    pub gaps: Vec<Gap>,
}

/// One path, or the beginning that several have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BuilderPath {
    /// `source-files`, `setting`, `debug-info` or `data`.
    pub place: &'static str,
    /// The key of the setting.
    pub setting: Option<String>,
    /// The path, or its beginning.
    pub path: String,
    /// The user name in it.
    pub user: Option<String>,
    /// How many texts begin with it.
    pub count: usize,
}

/// The toolchain that made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Toolchain {
    /// As it calls itself.
    pub version: String,
    /// The release, where it is one.
    pub release: Option<String>,
    /// What a vendor appended.
    pub vendor: Option<String>,
    /// Experiments.
    pub experiments: Vec<String>,
}

/// The main module, and how its version is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Main {
    /// Import path of the main package.
    pub package: Option<String>,
    /// Module path.
    pub module: Option<String>,
    /// Version as recorded.
    pub version: Option<String>,
    /// What kind of version it is.
    pub kind: &'static str,
    /// Uncommitted changes.
    pub dirty: bool,
    /// Commit.
    pub revision: Option<String>,
    /// Time of the commit.
    pub time: Option<String>,
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Key.
    pub key: String,
    /// Value; what looks like a credential is masked.
    pub value: String,
}

/// A module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Module {
    /// Path.
    pub path: String,
    /// Version.
    pub version: String,
    /// `h1:` hash, or empty.
    pub sum: String,
    /// What replaced it.
    pub replaced_by: Option<Replacement>,
}

/// What replaced a module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Replacement {
    /// Path.
    pub path: String,
    /// Version; empty for a directory.
    pub version: String,
    /// `h1:` hash, or empty.
    pub sum: String,
}

/// Linker flags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkerFlags {
    /// `recorded`, `none`, `lost-through-trimpath` or `not-known`.
    pub status: &'static str,
    /// The flags, credentials masked.
    pub flags: Option<String>,
    /// Why they are not known.
    pub gap: Option<Gap>,
    /// Variables that `-X` set.
    pub values: Fact<Vec<Variable>>,
}

/// A variable that the linker set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Variable {
    /// Its name, where it is known.
    pub variable: Option<String>,
    /// Its value; what looks like a credential is masked.
    pub value: String,
    /// `recorded` or `data`.
    pub source: &'static str,
    /// What it looks like.
    pub looks: &'static str,
}

/// A default of GODEBUG.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Godebug {
    /// Name.
    pub name: String,
    /// Value.
    pub value: String,
    /// How it weakens security.
    pub weakens: Option<String>,
}

/// Counts of functions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Functions {
    /// Functions of their own.
    pub emitted: u64,
    /// Functions that are only there inlined into others.
    pub only_inlined: u64,
    /// Calls that were inlined.
    pub inlined_calls: u64,
}

/// Where code starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntryPoint {
    /// Linker name.
    pub function: String,
    /// Address, where it is known.
    pub address: Option<String>,
}

/// What it needs to start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Linkage {
    /// Starts without dynamic loader and libraries.
    pub r#static: Fact<bool>,
    /// The dynamic loader.
    pub interpreter: Fact<String>,
    /// Libraries.
    pub needed: Fact<Vec<String>>,
    /// Why it is dynamically linked.
    pub because: Vec<&'static str>,
}

/// C code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CCode {
    /// Some is linked.
    pub linked: bool,
    /// Packages that call it.
    pub packages: Vec<String>,
    /// What shows it.
    pub evidence: Vec<String>,
    /// `CGO_ENABLED` as recorded.
    pub cgo_enabled: Option<bool>,
}

/// One statement of the headers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// What it is about.
    pub name: &'static str,
    /// What they say.
    pub says: Fact<String>,
}

/// Identities by which debug information and builds are found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BuildIds {
    /// Go's.
    pub go: Fact<String>,
    /// GNU's, as hexadecimal digits.
    pub gnu: Fact<String>,
    /// Mach-O's UUID.
    pub uuid: Fact<String>,
}

/// Debug information.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DebugInfo {
    /// Debug sections.
    pub sections: Fact<Vec<DebugSection>>,
    /// Their bytes in the file.
    pub bytes: Fact<u64>,
    /// Symbol table.
    pub symbol_table: Fact<SymbolTable>,
    /// Name of the separate debug file.
    pub debug_link: Fact<String>,
    /// Path of the PDB file.
    pub pdb: Fact<String>,
}

/// A debug section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DebugSection {
    /// Name.
    pub name: String,
    /// Bytes in the file.
    pub bytes: u64,
    /// How it is compressed.
    pub compression: &'static str,
    /// Bytes after decompression.
    pub uncompressed: u64,
}

/// A symbol table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SymbolTable {
    /// Symbols.
    pub symbols: u64,
    /// Bytes in the file, strings included.
    pub bytes: u64,
}

/// Whose cryptography it uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Crypto {
    /// The implementation.
    pub variant: &'static str,
    /// Version of Go's module, or where the packages come from.
    pub module: Option<String>,
    /// `fips140` of GODEBUG at the start.
    pub fips_mode: Fact<&'static str>,
    /// What shows it.
    pub evidence: Vec<String>,
    /// Packages of `golang.org/x/crypto`, which no module covers.
    pub beside: Vec<String>,
}

/// The instruction-set level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cpu {
    /// In the build information.
    pub recorded: Fact<String>,
    /// What the start-up code checks for.
    pub demanded: Option<String>,
    /// What the code uses.
    pub used: Fact<UsedLevel>,
}

/// What the code uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UsedLevel {
    /// The level that compiled code proves.
    pub proven: String,
    /// Features beyond the lowest level.
    pub features: Vec<Feature>,
    /// Compiled functions that were looked at.
    pub compiled_functions: u64,
    /// Functions in Go assembly, which prove nothing.
    pub assembly_functions: u64,
    /// What could not be looked at.
    pub gaps: Vec<Gap>,
}

/// A feature of the CPU in compiled code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Feature {
    /// Name.
    pub name: &'static str,
    /// The lowest level that has it.
    pub level: Option<String>,
    /// Instructions that need it.
    pub instructions: u64,
    /// Functions that use it without a check.
    pub proving_functions: u64,
    /// One of the functions.
    pub example: Option<String>,
}

impl Facts {
    /// Takes over the facts.
    pub fn of(facts: &audit::Facts<'_>) -> Facts {
        let binary = facts.binary;
        Facts {
            bytes: binary.image().bytes().len(),
            missing: facts.missing.as_ref().map(Gap::from),
            toolchain: Fact::read(facts.toolchain.as_ref(), toolchain),
            main: Fact::read(facts.version.as_ref(), main),
            settings: settings(facts),
            modules: modules(binary),
            linker_flags: linker_flags(&facts.linker_flags),
            godebug: Fact::read(facts.godebug.as_ref(), |list| {
                list.iter().map(godebug).collect()
            }),
            functions: Fact::read(binary.function_counts().as_ref(), functions),
            packages: Fact::read(facts.names.as_ref(), |names| names.packages.len()),
            entry_points: entry_points(binary),
            linkage: Fact::read(facts.linkage.as_ref(), linkage),
            c_code: Fact::read(facts.c_code.as_ref(), c_code),
            hardening: Fact::read(facts.hardening.as_ref(), super::hardening::statements),
            build_ids: build_ids(&facts.debug_info),
            debug_info: debug_info(&facts.debug_info),
            builder_paths: builder_paths(&facts.leaks),
            crypto: Fact::read(facts.crypto.as_ref(), crypto),
            cpu: cpu(&facts.isa),
        }
    }
}

fn toolchain(read: &audit::toolchain::Toolchain) -> Toolchain {
    use goassay_vuln::version::Position;
    Toolchain {
        version: read.text.clone(),
        release: match &read.position {
            Position::At(release) => Some(release.clone()),
            Position::Between { .. } | Position::Unknown(_) => None,
        },
        vendor: read.vendor.clone(),
        experiments: read.experiments.clone(),
    }
}

fn main(read: &audit::version::MainVersion) -> Main {
    use audit::version::VersionKind;
    let kind = match read.kind {
        VersionKind::Release => "release",
        VersionKind::PreRelease => "pre-release",
        VersionKind::Pseudo => "pseudo-version",
        VersionKind::DevelWithRevision => "commit-only",
        VersionKind::Devel => "none",
        VersionKind::Files => "built-from-files",
        VersionKind::NotRecorded => "not-recorded",
        VersionKind::Other => "other",
    };
    Main {
        package: read.package.clone(),
        module: read.module.clone(),
        version: read.version.clone(),
        kind,
        dirty: read.dirty,
        revision: read.revision.clone(),
        time: read.time.clone(),
    }
}

/// The settings. Those of the linker hold values of variables, whose names may say that they are credentials.
fn settings(facts: &audit::Facts<'_>) -> Fact<Vec<Setting>> {
    let masked = |key: &str, value: &str| match &facts.linker_flags.recorded {
        RecordedFlags::Flags(flags) if key == "-ldflags" => flags.clone(),
        _ => secret::mask_value(key, value).into_owned(),
    };
    Fact::read(facts.binary.build_info(), |info| {
        let settings = info.settings.iter().map(|(key, value)| Setting {
            key: key.clone().into_owned(),
            value: masked(key, value),
        });
        settings.collect()
    })
}

fn modules(binary: &Binary<'_>) -> Fact<Vec<Module>> {
    Fact::read(binary.build_info(), |info| {
        info.main.iter().chain(&info.deps).map(module).collect()
    })
}

fn module(read: &RecordedModule<'_>) -> Module {
    Module {
        path: read.path.to_owned(),
        version: read.version.to_owned(),
        sum: read.sum.to_owned(),
        replaced_by: read.replace.as_deref().map(|by| Replacement {
            path: by.path.to_owned(),
            version: by.version.to_owned(),
            sum: by.sum.to_owned(),
        }),
    }
}

fn linker_flags(read: &audit::ldflags::LinkerFlags) -> LinkerFlags {
    let (status, flags, gap) = match &read.recorded {
        RecordedFlags::Flags(flags) => ("recorded", Some(flags.clone()), None),
        RecordedFlags::NoFlags => ("none", None, None),
        RecordedFlags::LostThroughTrimpath => ("lost-through-trimpath", None, None),
        RecordedFlags::NotKnown(gap) => ("not-known", None, Some(Gap::from(gap))),
    };
    LinkerFlags {
        status,
        flags,
        gap,
        values: Fact::read(read.values.as_ref(), |values| {
            values.iter().map(variable).collect()
        }),
    }
}

fn variable(read: &audit::ldflags::Value) -> Variable {
    use audit::ldflags::Source;
    Variable {
        variable: read.variable.clone(),
        value: read.value.clone(),
        source: match read.source {
            Source::Recorded => "recorded",
            Source::Data => "data",
        },
        looks: read.looks.name(),
    }
}

fn godebug(read: &audit::godebug::Setting) -> Godebug {
    Godebug {
        name: read.name.clone(),
        value: read.value.clone(),
        weakens: read.weakens.map(|weakness| weakness.how.to_owned()),
    }
}

fn functions(counts: &goassay_binary::FunctionCounts) -> Functions {
    Functions {
        emitted: counts.emitted,
        only_inlined: counts.only_inlined,
        inlined_calls: counts.inlined_calls,
    }
}

/// Entry points that are kept; a real program has three.
const MOST_ENTRIES: usize = 16;

/// The function that the system starts (`_rt0_amd64_linux`), and `main.main`.
fn entry_points(binary: &Binary<'_>) -> Fact<Vec<EntryPoint>> {
    Fact::read(binary.pclntab(), |table| {
        let is_entry = |name: &[u8]| name.starts_with(b"_rt0_") || name == b"main.main";
        let wanted = table.names().filter(|(_, name)| is_entry(name));
        let wanted: Vec<_> = wanted
            .map(|(offset, _)| offset)
            .take(MOST_ENTRIES)
            .collect();
        let entries = table.functions().filter(|f| wanted.contains(&f.name));
        let mut points: Vec<EntryPoint> = entries
            .take(MOST_ENTRIES)
            .map(|function| EntryPoint {
                function: lossy(table.name(function.name).unwrap_or_default()),
                address: crate::wire::hex(binary.address(&function).map(|address| address.0)),
            })
            .collect();
        points.sort_by(|a, b| a.function.cmp(&b.function));
        points
    })
}

pub(super) fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

fn linkage(read: &audit::linkage::Linkage) -> Linkage {
    Linkage {
        r#static: match read.is_static() {
            Ok(value) => Fact::of(value),
            Err(gap) => Fact {
                value: None,
                gap: Some(Gap::from(gap)),
            },
        },
        interpreter: Fact::maybe(read.interpreter.as_ref(), Clone::clone),
        needed: Fact::read(read.needed.as_ref(), Clone::clone),
        because: read.because.iter().map(|cause| cause.text()).collect(),
    }
}

fn c_code(read: &audit::ccode::CCode) -> CCode {
    CCode {
        linked: read.linked,
        packages: read.packages.clone(),
        evidence: read.evidence.clone(),
        cgo_enabled: read.enabled,
    }
}

fn builder_paths(read: &audit::leaks::Leaks) -> BuilderPaths {
    let path = |leak: &Leak| {
        let (place, setting) = match &leak.place {
            Place::SourceFiles => ("source-files", None),
            Place::Setting(key) => ("setting", Some(key.clone())),
            Place::DebugInfo => ("debug-info", None),
            Place::Data => ("data", None),
        };
        BuilderPath {
            place,
            setting,
            path: secret::mask(&leak.path).into_owned(),
            user: leak.user.clone(),
            count: leak.count,
        }
    };
    BuilderPaths {
        paths: read.paths.iter().map(path).collect(),
        more: read.more,
        gaps: read.gaps.iter().map(Gap::from).collect(),
    }
}

fn build_ids(read: &ReadDebugInfo<'_>) -> BuildIds {
    BuildIds {
        go: Fact::maybe(read.go_build_id.as_ref(), |id| id.map(lossy)),
        gnu: Fact::maybe(read.gnu_build_id.as_ref(), |id| id.map(hexadecimal)),
        uuid: Fact::maybe(read.uuid.as_ref(), |id| id.map(|id| hexadecimal(&id))),
    }
}

fn debug_info(read: &ReadDebugInfo<'_>) -> DebugInfo {
    DebugInfo {
        sections: Fact::read(read.sections.as_ref(), |sections| {
            let sections = sections.iter().map(|section| DebugSection {
                name: lossy(section.name),
                bytes: section.len,
                compression: section.compression.name(),
                uncompressed: section.uncompressed,
            });
            sections.collect()
        }),
        bytes: match read.total() {
            Ok(total) => Fact::of(total),
            Err(gap) => Fact {
                value: None,
                gap: Some(Gap::from(gap)),
            },
        },
        symbol_table: Fact::maybe(read.symbol_table.as_ref(), |table| {
            table.map(|table| SymbolTable {
                symbols: table.symbols,
                bytes: table.len,
            })
        }),
        debug_link: Fact::maybe(read.debug_link.as_ref(), |link| {
            link.as_ref().map(|link| lossy(link.file))
        }),
        pdb: Fact::maybe(read.code_view.as_ref(), |view| {
            view.as_ref().map(|view| lossy(view.path))
        }),
    }
}

fn crypto(read: &audit::crypto::Crypto) -> Crypto {
    use audit::crypto::Variant;
    let module = match &read.variant {
        Variant::GoFips(module) => Some(module.clone()),
        Variant::OpenSsl(origin) | Variant::System(origin) => Some((*origin).to_owned()),
        Variant::None | Variant::Go | Variant::BoringCrypto { .. } => None,
    };
    Crypto {
        variant: read.variant.name(),
        module,
        fips_mode: Fact::read(read.fips_mode.as_ref(), |mode| mode.name()),
        evidence: read.evidence.clone(),
        beside: read.beside.clone(),
    }
}

fn cpu(isa: &Isa) -> Cpu {
    let none = |value| Fact { value, gap: None };
    Cpu {
        recorded: match &isa.recorded {
            Recorded::Level(level) => none(Some(named(level))),
            Recorded::Odd(text) => none(Some(text.clone())),
            Recorded::Absent | Recorded::NoLevels => none(None),
            Recorded::Gap(gap) => Fact {
                value: None,
                gap: Some(Gap::from(gap)),
            },
        },
        demanded: isa.demanded.as_ref().map(named),
        used: Fact::read(isa.used.as_ref(), used),
    }
}

fn named(level: &Level) -> String {
    format!("{}={level}", level.setting())
}

fn used(read: &isa::Used) -> UsedLevel {
    UsedLevel {
        proven: named(&read.proven),
        features: read.features.iter().map(feature).collect(),
        compiled_functions: read.coverage.compiled,
        assembly_functions: read.coverage.assembly,
        gaps: read.gaps.iter().map(Gap::from).collect(),
    }
}

fn feature(read: &isa::Feature) -> Feature {
    Feature {
        name: read.name,
        level: read.level.as_ref().map(named),
        instructions: read.instructions,
        proving_functions: read.proving,
        example: read.examples.first().map(|example| {
            let (function, address) = (&example.function, example.address);
            format!("{} at {address:#x} in {function}", example.instruction)
        }),
    }
}

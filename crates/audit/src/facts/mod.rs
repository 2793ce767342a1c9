//! What `inspect` shows and rules judge: facts about one binary, gathered once.
//!
//! A fact that could not be read is a gap with its reason, never a default. Texts that come from the binary are hostile,
//! and owned only where they are short; what looks like a credential is masked before it is stored.

pub mod build;
pub mod ccode;
pub mod crypto;
pub mod godebug;
pub mod ldflags;
pub mod leaks;
pub mod linkage;
pub mod names;
pub mod secret;
pub mod toolchain;
pub mod version;

use crate::isa::Isa;
use goassay_binary::Binary;
use goassay_binary::buildinfo::BuildInfo;
use goassay_binary::debuginfo::DebugInfo;
use goassay_binary::gap::{Fact, Gap, Topic};
use goassay_binary::hardening::Hardening;

/// The facts about one binary.
pub struct Facts<'a> {
    /// The binary itself.
    pub binary: &'a Binary<'a>,
    /// What the headers say.
    pub hardening: Fact<Hardening<'a>>,
    /// Debug information and symbol table.
    pub debug_info: DebugInfo<'a>,
    /// Where the file is shorter than its headers say.
    pub missing: Option<Gap>,
    /// What the names of all functions say: packages, marks of C code.
    pub names: Fact<names::Names>,
    /// Which toolchain made it.
    pub toolchain: Fact<toolchain::Toolchain>,
    /// How it was built: settings of note.
    pub build: Fact<build::BuildFlags>,
    /// What the main module is and how its version is known.
    pub version: Fact<version::MainVersion>,
    /// Whose cryptography it uses.
    pub crypto: Fact<crypto::Crypto>,
    /// Whether C code is linked.
    pub c_code: Fact<ccode::CCode>,
    /// What it needs to start.
    pub linkage: Fact<linkage::Linkage>,
    /// Defaults of GODEBUG that were set when it was built.
    pub godebug: Fact<Vec<godebug::Setting>>,
    /// Linker flags, and variables set by `-X`.
    pub linker_flags: ldflags::LinkerFlags,
    /// Paths and names of the machine that built it.
    pub leaks: leaks::Leaks,
    /// Which instruction-set level it needs.
    pub isa: Isa,
}

impl<'a> Facts<'a> {
    /// Gathers the facts. Takes time linear in the file's size.
    pub fn of(binary: &'a Binary<'a>) -> Facts<'a> {
        let names = names::read(binary);
        let debug_info = binary.debug_info();
        let linker_flags = ldflags::read(binary);
        let hardening = binary.hardening();
        let c_code = ccode::read(binary, names.as_ref());
        let godebug = godebug::read(binary);
        Facts {
            binary,
            toolchain: toolchain::read(binary),
            build: build::read(binary),
            version: version::read(binary),
            crypto: crypto::read(binary, names.as_ref(), godebug.as_ref()),
            linkage: linkage::read(&hardening, &c_code),
            godebug,
            leaks: leaks::read(binary, &debug_info, &linker_flags),
            linker_flags,
            debug_info,
            isa: Isa::of(binary),
            missing: binary.image().missing(),
            names,
            c_code,
            hardening,
        }
    }
}

/// The build information, where the go command recorded its settings completely: only then does the absence of one say
/// anything.
///
/// # Errors
/// A gap that says what is missing.
pub fn settings<'b, 'a>(binary: &'b Binary<'a>) -> Fact<&'b BuildInfo<'a>> {
    let info = binary.build_info().map_err(Clone::clone)?;
    if info.unknown_lines > 0 {
        let reason = format!(
            "{} lines of the build information could not be read",
            info.unknown_lines
        );
        return Err(Gap::new(Topic::BuildInfo, reason));
    }
    if info.settings.is_empty() {
        let reason =
            "no build settings are recorded: Go before 1.18, or built without the go command";
        return Err(Gap::new(Topic::BuildInfo, reason));
    }
    Ok(info)
}

/// The value of a setting that is absent where it was not set.
///
/// # Errors
/// See [`settings`].
pub fn setting<'b>(binary: &'b Binary<'_>, key: &str) -> Fact<Option<&'b str>> {
    settings(binary).map(|info| info.setting(key))
}

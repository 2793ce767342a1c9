//! Mach-O: header flags, load commands and the code signature (`mach-o/loader.h`, `kern/cs_blobs.h`).
//!
//! Signatures are described, not verified.

use super::gap;
use crate::gap::Fact;
use crate::image::Image;
use std::fmt;

/// What the headers of a Mach-O image say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachOHardening<'a> {
    /// `MH_PIE`.
    pub pie: bool,
    /// `MH_NO_HEAP_EXECUTION`: the heap is not executable (i386 only; elsewhere it never is).
    pub no_heap_execution: bool,
    /// `MH_ALLOW_STACK_EXECUTION`.
    pub allow_stack_execution: bool,
    /// Libraries that are loaded with it, in order.
    pub dylibs: Fact<Vec<Dylib<'a>>>,
    /// Where `@rpath` is looked for (`LC_RPATH`), in order.
    pub rpaths: Fact<Vec<&'a [u8]>>,
    /// The code signature; `None` where there is none.
    pub signature: Fact<Option<CodeSignature<'a>>>,
    /// Whether there is a `__RESTRICT,__restrict` section: variables of the dynamic loader are ignored.
    pub restrict: Fact<bool>,
    /// What it was built for (`LC_BUILD_VERSION`, or a `LC_VERSION_MIN_*` before it); `None` where it does not say.
    pub build_version: Fact<Option<BuildVersion>>,
    /// Segments that may be writable and executable at once: at start, or later (maximum protection).
    pub writable_executable: Fact<Vec<MachOSegment<'a>>>,
}

/// A library that is loaded with the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dylib<'a> {
    /// Its install name.
    pub name: &'a [u8],
    /// It may be missing (`LC_LOAD_WEAK_DYLIB`).
    pub weak: bool,
}

/// A code signature (`LC_CODE_SIGNATURE`), from the first code directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeSignature<'a> {
    /// Who signed.
    pub signer: Signer,
    /// `CS_RUNTIME`: the hardened runtime.
    pub hardened_runtime: bool,
    /// `CS_REQUIRE_LV`: loads libraries of the same team or of the system only.
    pub library_validation: bool,
    /// All flags of the code directory.
    pub flags: u32,
    /// The identifier that was signed (`a.out` by Go's linker).
    pub identifier: &'a [u8],
    /// The team that signed, where stated.
    pub team: Option<&'a [u8]>,
}

/// Who made a code signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signer {
    /// The linker, ad hoc (`CS_LINKER_SIGNED`): no identity.
    Linker,
    /// Somebody, ad hoc (`CS_ADHOC`): no identity.
    AdHoc,
    /// An identity: a CMS signature is there. It is not verified.
    Cms,
}

impl Signer {
    /// The stable word for output.
    pub fn name(self) -> &'static str {
        match self {
            Signer::Linker => "linker",
            Signer::AdHoc => "ad-hoc",
            Signer::Cms => "cms",
        }
    }
}

/// What an image was built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildVersion {
    /// Platform number of `LC_BUILD_VERSION` (1: macOS, 2: iOS, …).
    pub platform: u32,
    /// The oldest system it runs on.
    pub minimum_os: Version,
    /// The SDK it was built with.
    pub sdk: Version,
}

/// A version packed in 32 bits: 16 for the major number, 8 each for minor and patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [_, _, minor, patch] = self.0.to_be_bytes();
        write!(f, "{}.{minor}", self.0 >> 16)?;
        if patch == 0 {
            return Ok(());
        }
        write!(f, ".{patch}")
    }
}

/// A segment with its protections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MachOSegment<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// What it is mapped with.
    pub initial: Protection,
    /// What it can be changed to.
    pub maximum: Protection,
}

/// `vm_prot_t`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Protection(pub u32);

impl Protection {
    /// May be written and executed at once.
    pub fn is_writable_executable(self) -> bool {
        self.0 & 6 == 6
    }
}

pub(super) fn read<'a>(_image: &Image<'a>) -> Fact<MachOHardening<'a>> {
    Err(gap("Mach-O headers are not read for hardening yet"))
}

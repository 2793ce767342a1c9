//! PE: `DllCharacteristics`, imports, the certificate table and section flags (Microsoft PE/COFF specification).

use super::gap;
use crate::gap::Fact;
use crate::image::Image;

/// What the headers of a PE image say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeHardening<'a> {
    /// `DYNAMIC_BASE`: may be loaded at any address.
    pub dynamic_base: bool,
    /// `HIGH_ENTROPY_VA`: at any of 64 bits.
    pub high_entropy_va: bool,
    /// `NX_COMPAT`: no code in data pages.
    pub nx_compat: bool,
    /// `GUARD_CF`: control flow guard.
    pub guard_cf: bool,
    /// `NO_SEH`: no structured exception handlers.
    pub no_seh: bool,
    /// `FORCE_INTEGRITY`: signature checked at load.
    pub force_integrity: bool,
    /// Whether it can be loaded elsewhere at all: base relocations are there and not said to be stripped
    /// (`IMAGE_FILE_RELOCS_STRIPPED`). `DYNAMIC_BASE` without them is without effect.
    pub relocatable: Fact<bool>,
    /// The environment it runs in.
    pub subsystem: Subsystem,
    /// DLLs that are loaded with it or when first used (delayed), in order.
    pub dlls: Fact<Vec<&'a [u8]>>,
    /// Whether there is an Authenticode signature (certificate table). It is not verified.
    pub authenticode: Fact<bool>,
    /// Names of the sections that are writable and executable at once.
    pub writable_executable: Fact<Vec<&'a [u8]>>,
}

/// `Subsystem` of the optional header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subsystem(pub u16);

impl Subsystem {
    /// The stable word for output.
    pub fn name(self) -> &'static str {
        match self.0 {
            1 => "native",
            2 => "windows-gui",
            3 => "windows-console",
            9 => "windows-ce",
            10 => "efi-application",
            11 => "efi-boot-driver",
            12 => "efi-runtime-driver",
            _ => "other",
        }
    }
}

pub(super) fn read<'a>(_image: &Image<'a>) -> Fact<PeHardening<'a>> {
    Err(gap("PE headers are not read for hardening yet"))
}

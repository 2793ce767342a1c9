//! PE: `DllCharacteristics`, imports, the certificate table and section flags (Microsoft PE/COFF specification).

use super::gap;
use crate::address::VirtualAddress;
use crate::bytes::Bytes;
use crate::gap::Fact;
use crate::image::Image;
use crate::image::pe::{Directory, Headers, SectionHeader};

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

const IMAGE_FILE_RELOCS_STRIPPED: u16 = 1;
const HIGH_ENTROPY_VA: u16 = 0x20;
const DYNAMIC_BASE: u16 = 0x40;
const FORCE_INTEGRITY: u16 = 0x80;
const NX_COMPAT: u16 = 0x100;
const NO_SEH: u16 = 0x400;
const GUARD_CF: u16 = 0x4000;
const WIN_CERT_TYPE_PKCS_SIGNED_DATA: u16 = 2;

pub(super) fn read<'a>(image: &Image<'a>) -> Fact<PeHardening<'a>> {
    let headers = Headers::read(image.bytes().data()).map_err(|error| gap(error.reason))?;
    let field = |at| {
        let value = headers.optional_u16(at);
        value.ok_or_else(|| gap("the optional header ends before Subsystem and DllCharacteristics"))
    };
    let (subsystem, characteristics) = (field(68)?, field(70)?);
    let has = |flag| characteristics & flag != 0;
    Ok(PeHardening {
        dynamic_base: has(DYNAMIC_BASE),
        high_entropy_va: has(HIGH_ENTROPY_VA),
        nx_compat: has(NX_COMPAT),
        guard_cf: has(GUARD_CF),
        no_seh: has(NO_SEH),
        force_integrity: has(FORCE_INTEGRITY),
        relocatable: relocatable(image, &headers),
        subsystem: Subsystem(subsystem),
        dlls: dlls(image, &headers),
        authenticode: authenticode(image, &headers),
        writable_executable: writable_executable(&headers),
    })
}

/// A data directory; `None` where the image has none.
fn directory(headers: &Headers<'_>, directory: Directory) -> Fact<Option<(u32, u32)>> {
    let cut = || {
        gap(format!(
            "the optional header ends before the data directory {directory:?}"
        ))
    };
    let (address, len) = headers.directory(directory).ok_or_else(cut)?;
    Ok((address != 0).then_some((address, len)))
}

/// Everything from an address relative to the base on.
fn tail<'a>(image: &Image<'a>, headers: &Headers<'_>, address: u32) -> Option<Bytes<'a>> {
    image.tail(VirtualAddress(headers.base.checked_add(address.into())?))
}

fn relocatable(image: &Image<'_>, headers: &Headers<'_>) -> Fact<bool> {
    if headers.coff.characteristics & IMAGE_FILE_RELOCS_STRIPPED != 0 {
        return Ok(false);
    }
    let Some((address, len)) = directory(headers, Directory::BaseRelocations)? else {
        return Ok(false);
    };
    match tail(image, headers, address).and_then(|rest| rest.slice(0, len.into())) {
        Some(table) => Ok(!table.is_empty()),
        None => Err(gap("the base relocations are not in the file")),
    }
}

fn dlls<'a>(image: &Image<'a>, headers: &Headers<'_>) -> Fact<Vec<&'a [u8]>> {
    let mut names = Vec::new();
    // Names of a hostile file can all share one long end.
    let mut budget = image.bytes().len();
    for (which, entry_len, name_at) in
        [(Directory::Import, 20, 12), (Directory::DelayImport, 32, 4)]
    {
        let Some((address, _)) = directory(headers, which)? else {
            continue;
        };
        let damaged = || gap(format!("the table {which:?} of DLLs is not in the file"));
        let table = tail(image, headers, address).ok_or_else(damaged)?;
        for index in 0.. {
            let entry = table.slice(index * entry_len, entry_len);
            let at = entry.and_then(|entry| entry.u32(name_at));
            // The table ends with an entry of zeros.
            let at = at.ok_or_else(damaged)?;
            if at == 0 {
                break;
            }
            let name = tail(image, headers, at)
                .and_then(|rest| rest.slice(0, rest.len().min(budget))?.c_str(0))
                .ok_or_else(damaged)?;
            budget -= name.len() as u64;
            names.push(name);
        }
    }
    Ok(names)
}

fn authenticode(image: &Image<'_>, headers: &Headers<'_>) -> Fact<bool> {
    let Some((offset, len)) = directory(headers, Directory::Certificates)? else {
        return Ok(false);
    };
    let damaged = || gap("the certificate table is damaged or outside the file");
    let table = image.bytes().slice(offset.into(), len.into());
    let table = table.ok_or_else(damaged)?;
    let mut at = 0;
    while at < table.len() {
        let entry_len = table.u32(at).map(u64::from).filter(|&len| len >= 8);
        let entry = entry_len.and_then(|len| table.slice(at, len));
        let entry = entry.ok_or_else(damaged)?;
        if entry.u16(6) == Some(WIN_CERT_TYPE_PKCS_SIGNED_DATA) {
            return Ok(true);
        }
        at += entry.len().next_multiple_of(8);
    }
    Ok(false)
}

fn writable_executable<'a>(headers: &Headers<'a>) -> Fact<Vec<&'a [u8]>> {
    if !headers.sections_are_whole() {
        return Err(gap("the section table ends outside the file"));
    }
    let both = |section: &&SectionHeader<'_>| {
        let permissions = section.permissions();
        permissions.write && permissions.execute
    };
    let sections = headers.sections.iter().filter(both);
    Ok(sections.map(|section| section.name).collect())
}

//! One small view over ELF, Mach-O and PE: segments by virtual address, sections as hints, pointers as relocated.
//!
//! Nothing above this module matches on the format to read something. Headers are read here and only here; a damaged
//! section table is no error, because sections are hints.

mod coff;
pub(crate) mod elf;
mod extent;
pub(crate) mod macho;
mod overlay;
pub(crate) mod pe;

use crate::address::{FileOffset, VirtualAddress};
use crate::bytes::{Bytes, Order};
use crate::gap::{Gap, Topic};
pub(crate) use macho::arch as macho_arch;
use overlay::Overlay;

/// File format of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Executable and Linkable Format (System V gABI).
    Elf,
    /// Mach-O (Apple).
    MachO,
    /// Portable Executable (Microsoft), COFF objects included.
    Pe,
}

impl Format {
    /// The stable word for output.
    pub fn name(self) -> &'static str {
        match self {
            Format::Elf => "elf",
            Format::MachO => "mach-o",
            Format::Pe => "pe",
        }
    }
}

/// What the container says the image is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Executable at a fixed address.
    Executable,
    /// Position-independent executable or shared object; ELF does not tell them apart without more evidence.
    Dynamic,
    /// Shared library by its own header (DLL, dylib, bundle).
    Library,
    /// Relocatable object file: a member of a c-archive.
    Object,
}

impl Kind {
    /// The stable word for output.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Executable => "executable",
            Kind::Dynamic => "dynamic",
            Kind::Library => "library",
            Kind::Object => "object",
        }
    }
}

/// What a segment may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Permissions {
    /// Holds code.
    pub execute: bool,
    /// Is written to.
    pub write: bool,
}

/// A loaded range: file bytes at a virtual address.
#[derive(Debug, Clone, Copy)]
pub struct Segment {
    /// Address of the first byte.
    pub address: VirtualAddress,
    /// Where its bytes are in the file.
    pub offset: FileOffset,
    /// How many bytes the file has of it, already clipped to the file.
    pub len: u64,
    /// How it is mapped.
    pub permissions: Permissions,
}

/// A named range. A hint, never a proof: names and tables can be missing or forged.
#[derive(Debug, Clone, Copy)]
pub struct Section<'a> {
    /// Name as stored (hostile).
    pub name: &'a [u8],
    /// Address of the first byte; 0 where it is not loaded.
    pub address: VirtualAddress,
    /// Where its bytes are in the file.
    pub offset: FileOffset,
    /// How many bytes the file has of it, already clipped to the file.
    pub len: u64,
}

/// One executable image.
pub struct Image<'a> {
    data: &'a [u8],
    /// Container format.
    pub format: Format,
    /// What the container says it is.
    pub kind: Kind,
    /// Architecture in Go's words (`amd64`); `None` where the container's code is not one that Go knows.
    pub arch: Option<&'static str>,
    /// Operating system in Go's words where the container tells it.
    pub os: Option<&'static str>,
    /// Byte order and pointer size.
    pub order: Order,
    /// Loaded segments by ascending address. Together they are at most twice as long as the file, so that looking
    /// through all of them is linear in its size.
    pub segments: Vec<Segment>,
    /// Section hints in table order; empty where the table is missing or unreadable.
    pub sections: Vec<Section<'a>>,
    /// True where a symbol table with entries is present.
    pub symbol_table: bool,
    overlay: Overlay,
}

impl<'a> Image<'a> {
    /// Reads the headers of one image (not of a fat file or archive).
    ///
    /// # Errors
    /// A gap on [`Topic::Image`] where the bytes are no ELF, Mach-O or PE image or their headers cannot be read.
    pub fn parse(data: &'a [u8]) -> Result<Image<'a>, Gap> {
        let mut image = match data {
            [0x7f, b'E', b'L', b'F', ..] => elf::parse(data),
            [b'M', b'Z', ..] => pe::parse(data),
            _ if macho::is_macho(data) => macho::parse(data),
            _ if coff::is_object(data) => coff::parse(data),
            _ => Err(Gap::new(
                Topic::Image,
                "the file is neither ELF nor PE nor Mach-O",
            )),
        }?;
        sort_segments(&mut image.segments);
        if mapped_len(&image.segments) > 2 * data.len() as u64 {
            return Err(Gap::new(
                Topic::Image,
                "the segments overlap: together they are more than twice as long as the file",
            ));
        }
        Ok(image)
    }

    /// The whole file, in the image's byte order.
    pub fn bytes(&self) -> Bytes<'a> {
        Bytes::new(self.data, self.order)
    }

    /// Length of the file in bytes.
    pub(crate) fn data_len(&self) -> u64 {
        self.data.len() as u64
    }

    /// The file bytes of a segment.
    pub fn segment_bytes(&self, segment: &Segment) -> Bytes<'a> {
        self.bytes()
            .slice(segment.offset.0, segment.len)
            .unwrap_or(Bytes::new(&[], self.order))
    }

    /// The file bytes of a section.
    pub fn section_bytes(&self, section: &Section<'a>) -> Bytes<'a> {
        self.bytes()
            .slice(section.offset.0, section.len)
            .unwrap_or(Bytes::new(&[], self.order))
    }

    /// The first section that has one of `names`.
    pub fn section(&self, names: &[&[u8]]) -> Option<&Section<'a>> {
        self.sections
            .iter()
            .find(|section| names.contains(&section.name))
    }

    /// The segment that has a file byte for `address`.
    pub fn segment_at(&self, address: VirtualAddress) -> Option<&Segment> {
        let behind = self
            .segments
            .partition_point(|segment| segment.address <= address);
        let segment = self.segments.get(behind.checked_sub(1)?)?;
        let offset = address.0.checked_sub(segment.address.0)?;
        (offset < segment.len).then_some(segment)
    }

    /// Everything from `address` to the end of its segment's file bytes.
    pub fn tail(&self, address: VirtualAddress) -> Option<Bytes<'a>> {
        let segment = self.segment_at(address)?;
        self.segment_bytes(segment)
            .tail(address.0.checked_sub(segment.address.0)?)
    }

    /// `len` bytes at `address`, all within one segment.
    pub fn slice(&self, address: VirtualAddress, len: u64) -> Option<Bytes<'a>> {
        self.tail(address)?.slice(0, len)
    }

    /// The number in the pointer-size word at `address`, as the file has it.
    pub fn word(&self, address: VirtualAddress) -> Option<u64> {
        self.tail(address)?.word(0)
    }

    /// The pointer at `address` as the loader will see it: a word that is still to be relocated is looked up in the
    /// relocations, which are read when first needed.
    pub fn pointer(&self, address: VirtualAddress) -> Option<VirtualAddress> {
        let plain = self.word(address)?;
        let value = self.overlay.resolve(self, address, plain);
        (value != 0).then_some(VirtualAddress(value))
    }

    /// Addresses of the words that relocations set to `target` (for tables whose words are zero in the file).
    pub fn relocated_to(&self, target: VirtualAddress) -> Vec<VirtualAddress> {
        self.overlay.pointing_to(self, target)
    }

    /// The virtual address of a file offset, by the segment that holds it.
    pub fn address_of(&self, offset: FileOffset) -> Option<VirtualAddress> {
        self.segments.iter().find_map(|segment| {
            let delta = offset.0.checked_sub(segment.offset.0)?;
            (delta < segment.len).then(|| segment.address.offset(delta))?
        })
    }

    /// Where the headers speak of more bytes than the file has: the gap that stands for all that may be missing.
    pub fn missing(&self) -> Option<Gap> {
        extent::missing(self)
    }

    /// Bytes behind all that the headers speak of; `None` where headers cannot be read or speak of more than there is.
    pub fn appended(&self) -> Option<u64> {
        extent::appended(self)
    }

    /// True where the image carries DWARF (its own or a compressed form of it).
    pub fn has_dwarf(&self) -> bool {
        const NAMES: [&[u8]; 4] = [
            b".debug_info",
            b".zdebug_info",
            b"__debug_info",
            b"__zdebug_info",
        ];
        self.section(&NAMES).is_some_and(|section| section.len > 0)
    }
}

/// Longest name of a section, in bytes: more is no name that any tool writes.
pub(crate) const LONGEST_SECTION_NAME: u64 = 1024;

/// [`Image::segment_at`] searches by address.
fn sort_segments(segments: &mut [Segment]) {
    segments.sort_by_key(|segment| segment.address);
}

fn mapped_len(segments: &[Segment]) -> u64 {
    segments
        .iter()
        .fold(0, |sum: u64, segment| sum.saturating_add(segment.len))
}

/// Clips `offset..offset+len` to a file of `file_len` bytes; gives the clipped length.
pub(crate) fn clip(file_len: usize, offset: u64, len: u64) -> u64 {
    len.min((file_len as u64).saturating_sub(offset))
}

//! Kinds of numbers that must not be mixed up.
//!
//! In many binaries several of these coincide, so a mix-up would pass a test on one binary and lie on the next.

/// A virtual address: where the linker placed something (before any load bias).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VirtualAddress(pub u64);

/// An offset into the file (of one image, not of the archive or fat file around it).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileOffset(pub u64);

/// An offset from the start of Go's text (`runtime.text`), as pclntab stores entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextOffset(pub u32);

/// An offset into the function name table of pclntab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameOffset(pub u32);

impl VirtualAddress {
    /// This address plus `bytes`, unless that leaves the address space.
    pub fn offset(self, bytes: u64) -> Option<VirtualAddress> {
        self.0.checked_add(bytes).map(VirtualAddress)
    }
}

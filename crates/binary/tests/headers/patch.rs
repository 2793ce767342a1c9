//! Changes to single fields of 64-bit little-endian files.

/// A file with the means to change its fields.
pub(crate) struct Patch(pub(crate) Vec<u8>);

impl Patch {
    pub(crate) fn of(fixture: &str) -> Patch {
        Patch(goassay_fixtures::bytes(fixture))
    }

    pub(crate) fn u16(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.0[at..at + 2].try_into().expect("two bytes"))
    }

    pub(crate) fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.0[at..at + 4].try_into().expect("four bytes"))
    }

    pub(crate) fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.0[at..at + 8].try_into().expect("eight bytes"))
    }

    pub(crate) fn set(mut self, at: usize, bytes: &[u8]) -> Patch {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    pub(crate) fn set_u32(self, at: usize, value: u32) -> Patch {
        self.set(at, &value.to_le_bytes())
    }

    pub(crate) fn set_u64(self, at: usize, value: u64) -> Patch {
        self.set(at, &value.to_le_bytes())
    }

    /// Where the first ELF program header of a kind is.
    pub(crate) fn program(&self, kind: u32) -> usize {
        let table = usize::try_from(self.u64(32)).expect("an offset");
        (0..usize::from(self.u16(56)))
            .map(|index| table + 56 * index)
            .find(|&at| self.u32(at) == kind)
            .expect("a program header")
    }

    /// Where the entry of the dynamic table with a tag is.
    pub(crate) fn dynamic(&self, tag: u64) -> usize {
        let table = usize::try_from(self.u64(self.program(2) + 8)).expect("an offset");
        (0..)
            .map(|index| table + 16 * index)
            .find(|&at| self.u64(at) == tag)
            .expect("an entry")
    }

    /// Where the PE optional header is.
    pub(crate) fn optional(&self) -> usize {
        self.u32(0x3c) as usize + 24
    }

    /// Where the PE section with this index has its header.
    pub(crate) fn section(&self, index: usize) -> usize {
        self.optional() + usize::from(self.u16(self.optional() - 4)) + 40 * index
    }

    /// Where the first Mach-O load command of a kind is.
    pub(crate) fn command(&self, kind: u32) -> usize {
        let mut at = 32;
        while self.u32(at) != kind {
            at += self.u32(at + 4) as usize;
        }
        at
    }
}

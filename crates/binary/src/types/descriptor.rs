//! One type descriptor: sizes and places of its parts (`src/internal/abi/type.go`, the same since Go 1.18 but for maps).

use super::Kind;
use crate::address::VirtualAddress;
use crate::bytes::{Bytes, Width};
use crate::image::Image;
use crate::moduledata::{TypeList, TypeRegion};

const TFLAG_UNCOMMON: u8 = 1;
const TFLAG_EXTRA_STAR: u8 = 2;
const TFLAG_NAMED: u8 = 4;
/// Highest `TFlag` that any version sets all bits below of.
const TFLAG_ALL: u8 = 63;
/// Flags beside the kind (`KindDirectIface`, `KindGCProg`) until Go 1.25.
const KIND_MASK: u8 = 31;
const NAME_TAG: u8 = 2;
const NAME_PACKAGE: u8 = 4;
const UNCOMMON_LEN: u64 = 16;
const METHOD_LEN: u64 = 16;
const INTERFACE_METHOD_LEN: u64 = 8;
/// Longest name with tag that is read, in bytes. Instances of generic types have names of many kilobytes.
const LONGEST_NAME: u64 = 1 << 20;

/// A name as the compiler encodes it (`abi.Name`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name<'a> {
    pub(crate) address: VirtualAddress,
    /// Bytes of the whole encoding.
    pub(crate) len: u64,
    pub(crate) text: &'a str,
}

/// The fixed part of a descriptor, checked.
pub(super) struct Descriptor<'s, 'a> {
    reader: &'s Reader<'s, 'a>,
    pub(super) address: VirtualAddress,
    bytes: Bytes<'a>,
    pub(super) kind: Kind,
    flags: u8,
    /// Where the `UncommonType` is, from the descriptor.
    uncommon: Option<u64>,
    /// Bytes of the kind's own structure.
    base: u64,
}

/// Reads descriptors of one module.
pub(super) struct Reader<'s, 'a> {
    pub(super) image: &'s Image<'a>,
    pub(super) region: TypeRegion,
}

impl<'a> Reader<'_, 'a> {
    pub(super) fn word(&self) -> u64 {
        self.image.order.width.bytes()
    }

    /// The address of an offset into the types; 0 and below stand for nothing.
    pub(super) fn at_offset(&self, offset: i32) -> Option<VirtualAddress> {
        let offset = u64::try_from(offset).ok().filter(|&offset| offset > 0)?;
        self.region.start.offset(offset)
    }

    fn contains(&self, address: VirtualAddress) -> bool {
        (self.region.start..self.region.end).contains(&address)
    }

    /// The name at an address.
    pub(super) fn name(&self, address: VirtualAddress) -> Option<Name<'a>> {
        let bytes = self.image.tail(address)?;
        let flags = bytes.u8(0)?;
        let (len, at) = bytes.uvarint(1)?;
        let text = bytes.slice(at, Some(len).filter(|&len| len <= LONGEST_NAME)?)?;
        let mut end = at.checked_add(len)?;
        if flags & NAME_TAG != 0 {
            let (len, at) = bytes.uvarint(end)?;
            end = at.checked_add(Some(len).filter(|&len| len <= LONGEST_NAME)?)?;
        }
        if flags & NAME_PACKAGE != 0 {
            end = end.checked_add(4)?;
        }
        Some(Name {
            address,
            len: end,
            text: std::str::from_utf8(text.data()).ok()?,
        })
    }

    /// The descriptor at an address, if what is there can be one.
    pub(super) fn descriptor<'s>(&'s self, address: VirtualAddress) -> Option<Descriptor<'s, 'a>> {
        if !self.contains(address) || !address.0.is_multiple_of(self.word()) {
            return None;
        }
        let bytes = self.image.tail(address)?;
        let at = 2 * self.word() + 4;
        let flags = bytes.u8(at).filter(|&flags| flags <= TFLAG_ALL)?;
        let alignment = bytes.u8(at + 1)?;
        let kind = Kind::from_number(bytes.u8(at + 3)? & KIND_MASK)?;
        if !matches!(alignment, 1 | 2 | 4 | 8 | 16) {
            return None;
        }
        let mut descriptor = Descriptor {
            reader: self,
            address,
            bytes,
            kind,
            flags,
            uncommon: None,
            base: 0,
        };
        descriptor.base = descriptor.base_len()?;
        descriptor.uncommon = (flags & TFLAG_UNCOMMON != 0).then_some(descriptor.base);
        Some(descriptor)
    }
}

impl<'a> Descriptor<'_, 'a> {
    /// Bytes of `abi.Type`.
    fn head(&self) -> u64 {
        4 * self.reader.word() + 16
    }

    /// Bytes of the structure that the kind has in place of `abi.Type`.
    fn base_len(&self) -> Option<u64> {
        let word = self.reader.word();
        let own = match self.kind {
            Kind::Array => 3 * word,
            Kind::Chan => 2 * word,
            // Two 16-bit counts, padded.
            Kind::Func => word.max(4),
            Kind::Interface | Kind::Struct => 4 * word,
            Kind::Pointer | Kind::Slice => word,
            Kind::Map => return self.map_len(),
            _ => 0,
        };
        Some(self.head() + own)
    }

    /// `MapType` has grown twice, and experiments bring the old ones back.
    fn map_len(&self) -> Option<u64> {
        let word = self.reader.word();
        // Buckets until Go 1.23; groups from 1.24, whose size follows the hash function; their strides from 1.27, when
        // descriptors began to lie in order.
        let lengths = [4 * word + 8, 8 * word, 11 * word].map(|own| self.head() + own);
        let likely = match self.reader.region.list {
            TypeList::InOrder { .. } => 2,
            TypeList::Links { .. } if self.has_groups() => 1,
            TypeList::Links { .. } => 0,
        };
        // Behind it stands an `UncommonType`, if it has one: its methods follow directly, its last word is not used.
        let stands = |&len: &u64| {
            self.flags & TFLAG_UNCOMMON == 0
                || (self.bytes.u32(len + 8) == Some(UNCOMMON_LEN as u32)
                    && self.bytes.u32(len + 12) == Some(0))
        };
        let mut lengths = lengths.iter().cycle().skip(likely).take(lengths.len());
        lengths.find(|len| stands(len)).copied()
    }

    fn has_groups(&self) -> bool {
        let group = self
            .pointer(2)
            .and_then(|group| self.reader.image.word(group));
        group.is_some() && group == self.word(4)
    }

    fn word(&self, index: u64) -> Option<u64> {
        self.bytes.word(self.head() + index * self.reader.word())
    }

    fn pointer_at(&self, offset: u64) -> Option<VirtualAddress> {
        self.reader.image.pointer(self.address.offset(offset)?)
    }

    /// The `index`-th word behind `abi.Type`, as a pointer.
    fn pointer(&self, index: u64) -> Option<VirtualAddress> {
        self.pointer_at(self.head() + index * self.reader.word())
    }

    /// `Size_`: bytes of a value.
    pub(super) fn value_len(&self) -> Option<u64> {
        self.bytes.word(0)
    }

    /// `GCData`: where the map of pointers is, and its bytes (a bit for each word up to `PtrBytes`). Not where the runtime
    /// makes it when needed, or a program stands for it.
    pub(super) fn pointer_map(&self) -> Option<(VirtualAddress, u64)> {
        const TFLAG_ON_DEMAND: u8 = 16;
        const KIND_GC_PROGRAM: u8 = 64;
        let word = self.reader.word();
        let kind = self.bytes.u8(2 * word + 7)?;
        let words = self.bytes.word(word)?.div_ceil(word);
        if self.flags & TFLAG_ON_DEMAND != 0 || kind & KIND_GC_PROGRAM != 0 || words == 0 {
            return None;
        }
        Some((self.pointer_at(3 * word + 8)?, words.div_ceil(8)))
    }

    pub(super) fn is_named(&self) -> bool {
        self.flags & TFLAG_NAMED != 0
    }

    /// The encoded name; its text may have a star too many.
    pub(super) fn name(&self) -> Option<Name<'a>> {
        let offset = self.bytes.i32(self.head() - 8)?;
        self.reader.name(self.reader.at_offset(offset)?)
    }

    /// The type as Go writes it.
    pub(super) fn text(&self, name: Name<'a>) -> &'a str {
        match self.flags & TFLAG_EXTRA_STAR {
            0 => name.text,
            _ => name.text.strip_prefix('*').unwrap_or(name.text),
        }
    }

    /// `PtrToThis`.
    pub(super) fn pointer_type(&self) -> Option<VirtualAddress> {
        self.reader.at_offset(self.bytes.i32(self.head() - 4)?)
    }

    /// Import path, of the kind's structure or of the uncommon part.
    pub(super) fn package(&self) -> Option<Name<'a>> {
        let of_uncommon = || {
            let offset = self.bytes.i32(self.uncommon?)?;
            self.reader.name(self.reader.at_offset(offset)?)
        };
        let of_kind = || match self.kind {
            Kind::Interface | Kind::Struct => self.reader.name(self.pointer(0)?),
            _ => None,
        };
        let set = |name: &Name<'_>| !name.text.is_empty();
        of_uncommon().filter(set).or_else(|| of_kind().filter(set))
    }

    /// Number of methods that reflection can see, and where they are, from the descriptor.
    pub(super) fn methods(&self) -> Option<(u64, u64)> {
        let uncommon = self.uncommon?;
        let count = u64::from(self.bytes.u16(uncommon + 4)?);
        let at = uncommon.checked_add(u64::from(self.bytes.u32(uncommon + 8)?))?;
        Some((count, at))
    }

    /// Name and type of the `index`-th method.
    pub(super) fn method(
        &self,
        index: u64,
    ) -> Option<(Option<VirtualAddress>, Option<VirtualAddress>)> {
        let (_, at) = self.methods()?;
        let method = self
            .bytes
            .slice(at.checked_add(index * METHOD_LEN)?, METHOD_LEN)?;
        let part = |offset| {
            method
                .i32(offset)
                .and_then(|offset| self.reader.at_offset(offset))
        };
        Some((part(0), part(4)))
    }

    /// Number of fields, parameters or interface methods, and where they are.
    pub(super) fn members(&self) -> Option<(u64, VirtualAddress)> {
        match self.kind {
            Kind::Struct | Kind::Interface => Some((self.word(2)?, self.pointer(1)?)),
            Kind::Func => {
                let at = self.base + self.uncommon.map_or(0, |_| UNCOMMON_LEN);
                let inputs = u64::from(self.bytes.u16(self.head())?);
                // The highest bit marks a variadic function.
                let outputs = u64::from(self.bytes.u16(self.head() + 2)? & 0x7fff);
                Some((inputs + outputs, self.address.offset(at)?))
            }
            _ => None,
        }
    }

    fn member_len(&self) -> u64 {
        match self.kind {
            Kind::Struct => 3 * self.reader.word(),
            Kind::Interface => INTERFACE_METHOD_LEN,
            _ => self.reader.word(),
        }
    }

    /// Name and type of the `index`-th member at `start`.
    pub(super) fn member(
        &self,
        start: VirtualAddress,
        index: u64,
    ) -> Option<(Option<VirtualAddress>, Option<VirtualAddress>)> {
        let at = start.offset(index.checked_mul(self.member_len())?)?;
        let image = self.reader.image;
        match self.kind {
            Kind::Struct => {
                let kind = image.pointer(at.offset(self.reader.word())?);
                Some((image.pointer(at), kind))
            }
            Kind::Interface => {
                let bytes = image.slice(at, INTERFACE_METHOD_LEN)?;
                let part = |at| {
                    bytes
                        .i32(at)
                        .and_then(|offset| self.reader.at_offset(offset))
                };
                Some((part(0), part(4)))
            }
            _ => Some((None, image.pointer(at))),
        }
    }

    /// The types that this one is made of, without its members: key before element.
    pub(super) fn components(&self) -> [Option<VirtualAddress>; 3] {
        match self.kind {
            Kind::Array => [self.pointer(0), self.pointer(1), None],
            Kind::Chan | Kind::Pointer | Kind::Slice => [self.pointer(0), None, None],
            Kind::Map => [self.pointer(0), self.pointer(1), self.pointer(2)],
            _ => [None; 3],
        }
    }

    /// Bytes from the descriptor's first to behind the last one of its parts: members and methods follow it.
    pub(super) fn len(&self) -> u64 {
        let mut end = self.base + self.uncommon.map_or(0, |_| UNCOMMON_LEN);
        if let Some((count, start)) = self.members()
            && start.0 >= self.address.0
            && let Some(len) = count.checked_mul(self.member_len())
        {
            let from = start.0 - self.address.0;
            // Members elsewhere are not part of it.
            if from == end {
                end = end.saturating_add(len);
            }
        }
        if let Some((count, at)) = self.methods() {
            end = end.max(at.saturating_add(count * METHOD_LEN));
        }
        end
    }
}

/// Bytes of an itab with `methods` functions: two pointers, a hash, padding (`abi.ITab`).
pub(super) fn itab_len(width: Width, methods: u64) -> u64 {
    let word = width.bytes();
    let head = match width {
        Width::W64 => 3 * word,
        Width::W32 => 2 * word + 4,
    };
    // Room for one function is always there.
    head.saturating_add(methods.max(1).saturating_mul(word))
}

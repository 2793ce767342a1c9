//! Checked reading: a byte slice that knows its byte order and pointer size, and offers no indexing.
//!
//! Every read is bounds-checked and gives `None` outside; offsets are `u64` because they come from hostile files.

/// The bytes in lower-case hexadecimal, two digits each, as hashes and build IDs are written.
pub fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    let digits = bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    digits.collect()
}

/// Byte order of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endian {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

impl Endian {
    /// The 32-bit number that `bytes` are in this order.
    #[inline]
    pub fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Endian::Little => u32::from_le_bytes(bytes),
            Endian::Big => u32::from_be_bytes(bytes),
        }
    }
}

/// Size of a pointer of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// 4 bytes.
    W32,
    /// 8 bytes.
    W64,
}

impl Width {
    /// Bytes in a pointer.
    pub fn bytes(self) -> u64 {
        match self {
            Width::W32 => 4,
            Width::W64 => 8,
        }
    }
}

/// How numbers are stored: byte order and pointer size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Byte order.
    pub endian: Endian,
    /// Pointer size.
    pub width: Width,
}

impl Order {
    /// A pointer-size word as it stands in the file; 4 bytes of it count where pointers are 4 bytes.
    pub(crate) fn encode_word(self, value: u64) -> Option<([u8; 8], usize)> {
        let mut out = [0; 8];
        match self.width {
            Width::W64 => {
                out = match self.endian {
                    Endian::Little => value.to_le_bytes(),
                    Endian::Big => value.to_be_bytes(),
                };
                Some((out, 8))
            }
            Width::W32 => {
                let word = u32::try_from(value).ok()?;
                let bytes = match self.endian {
                    Endian::Little => word.to_le_bytes(),
                    Endian::Big => word.to_be_bytes(),
                };
                out.get_mut(..4)?.copy_from_slice(&bytes);
                Some((out, 4))
            }
        }
    }
}

/// A part of a file, with the byte order and pointer size of what it holds.
#[derive(Clone, Copy)]
pub struct Bytes<'a> {
    data: &'a [u8],
    order: Order,
}

impl<'a> Bytes<'a> {
    /// All of `data`, read in `order`.
    pub fn new(data: &'a [u8], order: Order) -> Bytes<'a> {
        Bytes { data, order }
    }

    /// The raw bytes.
    pub fn data(self) -> &'a [u8] {
        self.data
    }

    /// Byte order and pointer size.
    pub fn order(self) -> Order {
        self.order
    }

    /// Number of bytes.
    pub fn len(self) -> u64 {
        self.data.len() as u64
    }

    /// True where there are no bytes.
    pub fn is_empty(self) -> bool {
        self.data.is_empty()
    }

    /// `len` bytes from `offset`.
    pub fn slice(self, offset: u64, len: u64) -> Option<Bytes<'a>> {
        let start = usize::try_from(offset).ok()?;
        let end = usize::try_from(offset.checked_add(len)?).ok()?;
        Some(Bytes {
            data: self.data.get(start..end)?,
            order: self.order,
        })
    }

    /// Everything from `offset` on.
    pub fn tail(self, offset: u64) -> Option<Bytes<'a>> {
        let start = usize::try_from(offset).ok()?;
        Some(Bytes {
            data: self.data.get(start..)?,
            order: self.order,
        })
    }

    fn array<const N: usize>(self, offset: u64) -> Option<[u8; N]> {
        let start = usize::try_from(offset).ok()?;
        self.data.get(start..)?.first_chunk::<N>().copied()
    }

    /// The byte at `offset`.
    pub fn u8(self, offset: u64) -> Option<u8> {
        self.array::<1>(offset).map(|[b]| b)
    }

    /// The 16-bit number at `offset`.
    pub fn u16(self, offset: u64) -> Option<u16> {
        self.array(offset).map(|b| match self.order.endian {
            Endian::Little => u16::from_le_bytes(b),
            Endian::Big => u16::from_be_bytes(b),
        })
    }

    /// The 32-bit number at `offset`.
    #[inline]
    pub fn u32(self, offset: u64) -> Option<u32> {
        self.array(offset).map(|b| self.order.endian.u32(b))
    }

    /// The signed 32-bit number at `offset`.
    pub fn i32(self, offset: u64) -> Option<i32> {
        self.u32(offset).map(u32::cast_signed)
    }

    /// The 64-bit number at `offset`.
    pub fn u64(self, offset: u64) -> Option<u64> {
        self.array(offset).map(|b| match self.order.endian {
            Endian::Little => u64::from_le_bytes(b),
            Endian::Big => u64::from_be_bytes(b),
        })
    }

    /// The pointer-size number at `offset`.
    pub fn word(self, offset: u64) -> Option<u64> {
        match self.order.width {
            Width::W32 => self.u32(offset).map(u64::from),
            Width::W64 => self.u64(offset),
        }
    }

    /// The `index`-th pointer-size number.
    pub fn nth_word(self, index: u64) -> Option<u64> {
        self.word(index.checked_mul(self.order.width.bytes())?)
    }

    /// The bytes at `offset` up to, without, the next NUL; `None` where no NUL follows.
    pub fn c_str(self, offset: u64) -> Option<&'a [u8]> {
        let tail = self.tail(offset)?.data;
        let end = memchr::memchr(0, tail)?;
        tail.get(..end)
    }

    /// As [`Bytes::c_str`], but `None` also where the text has more than `longest` bytes: for tables in which a hostile file
    /// can point to one long text again and again.
    pub fn short_c_str(self, offset: u64, longest: u64) -> Option<&'a [u8]> {
        let tail = self.tail(offset)?;
        let len = tail.len().min(longest.checked_add(1)?);
        tail.slice(0, len)?.c_str(0)
    }

    /// Unsigned LEB128 at `offset` (Go's `binary.Uvarint`), with the offset behind it.
    pub fn uvarint(self, offset: u64) -> Option<(u64, u64)> {
        let mut value = 0u64;
        for index in 0..10u32 {
            let at = offset.checked_add(u64::from(index))?;
            let byte = self.u8(at)?;
            value |= u64::from(byte & 0x7f).checked_shl(7 * index)?;
            if byte < 0x80 {
                return Some((value, at.checked_add(1)?));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LE64: Order = Order {
        endian: Endian::Little,
        width: Width::W64,
    };
    const BE32: Order = Order {
        endian: Endian::Big,
        width: Width::W32,
    };

    #[test]
    fn numbers_follow_the_order() {
        let data = [1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(Bytes::new(&data, LE64).word(0), Some(0x0807_0605_0403_0201));
        assert_eq!(Bytes::new(&data, BE32).word(4), Some(0x0506_0708));
        assert_eq!(Bytes::new(&data, BE32).u16(1), Some(0x0203));
        assert_eq!(Bytes::new(&data, BE32).nth_word(1), Some(0x0506_0708));
    }

    #[test]
    fn outside_is_none_even_at_the_end_of_the_number_range() {
        let bytes = Bytes::new(&[0; 8], LE64);
        assert_eq!(bytes.u64(1), None);
        assert_eq!(bytes.u8(u64::MAX), None);
        assert!(bytes.slice(u64::MAX, 2).is_none());
        assert!(bytes.slice(4, 5).is_none());
        assert!(bytes.tail(9).is_none());
        assert_eq!(bytes.nth_word(u64::MAX), None);
    }

    #[test]
    fn c_str_needs_its_nul() {
        let bytes = Bytes::new(b"ab\0c", LE64);
        assert_eq!(bytes.c_str(0), Some(&b"ab"[..]));
        assert_eq!(bytes.c_str(3), None);
        assert_eq!(bytes.short_c_str(0, 2), Some(&b"ab"[..]));
        assert_eq!(bytes.short_c_str(0, 1), None);
        assert_eq!(bytes.short_c_str(3, u64::MAX), None);
    }

    #[test]
    fn uvarint_stops() {
        assert_eq!(Bytes::new(&[0xac, 0x02], LE64).uvarint(0), Some((300, 2)));
        assert_eq!(Bytes::new(&[0xff; 20], LE64).uvarint(0), None);
        assert_eq!(Bytes::new(&[0x80], LE64).uvarint(0), None);
    }

    #[test]
    fn words_encode_as_they_are_read() {
        for order in [LE64, BE32] {
            let (bytes, len) = order.encode_word(0x1234_5678).expect("fits");
            assert_eq!(Bytes::new(&bytes[..len], order).word(0), Some(0x1234_5678));
        }
        assert_eq!(BE32.encode_word(1 << 32), None);
    }
}

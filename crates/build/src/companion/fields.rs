//! Numbers in headers, written; reading is `Bytes`.

use goassay_binary::bytes::{Endian, Order, Width};

/// Header bytes that are being patched.
pub(super) struct Fields {
    pub(super) bytes: Vec<u8>,
    order: Order,
}

impl Fields {
    pub(super) fn new(bytes: Vec<u8>, order: Order) -> Fields {
        Fields { bytes, order }
    }

    /// Writes a number of 2, 4 or 8 bytes; `None` where it or the place does not fit.
    pub(super) fn put(&mut self, at: usize, len: usize, value: u64) -> Option<()> {
        let place = self.bytes.get_mut(at..at.checked_add(len)?)?;
        let (little, big) = (value.to_le_bytes(), value.to_be_bytes());
        let (kept, lost) = little.split_at_checked(len)?;
        if lost.iter().any(|&byte| byte != 0) {
            return None;
        }
        match self.order.endian {
            Endian::Little => place.copy_from_slice(kept),
            Endian::Big => place.copy_from_slice(big.get(8 - len..)?),
        }
        Some(())
    }

    /// Writes a number of the size of a pointer.
    pub(super) fn put_word(&mut self, at: usize, value: u64) -> Option<()> {
        let len = match self.order.width {
            Width::W32 => 4,
            Width::W64 => 8,
        };
        self.put(at, len, value)
    }
}

/// Appends `data` behind zeros up to a multiple of `align`; where it begins.
pub(super) fn append(out: &mut Vec<u8>, data: &[u8], align: usize) -> usize {
    let at = out.len().next_multiple_of(align.max(1));
    out.resize(at, 0);
    out.extend_from_slice(data);
    at
}

//! Addresses in arm64 code: branches, and a page with an offset in two instructions.

use super::code::{Comparison, Reference, Wanted};
use crate::side::Function;

/// The first byte that differs for another reason than that something stands elsewhere. Both have the same length.
pub(super) fn difference(
    compare: &Comparison<'_, '_>,
    a: &Function<'_>,
    b: &Function<'_>,
) -> Option<usize> {
    let words = a.code.len().max(b.code.len()).div_ceil(4);
    let mut index = 0;
    while index < words {
        match step(compare, a, b, index) {
            Some(taken) => index += taken,
            None => return Some(index * 4),
        }
    }
    None
}

/// How many instructions at `index` say the same; none where they do not.
fn step(
    compare: &Comparison<'_, '_>,
    a: &Function<'_>,
    b: &Function<'_>,
    index: usize,
) -> Option<usize> {
    let (one, other) = (word(a, index)?, word(b, index)?);
    if let (Some(left), Some(right)) = (page(a, index), page(b, index)) {
        if one & !PAGE_BITS != other & !PAGE_BITS {
            return None;
        }
        let (low, there) = (word(a, index + 1)?, word(b, index + 1)?);
        return match (low_part(one, low), low_part(other, there)) {
            (Some(x), Some(y)) if low & !LOW_BITS == there & !LOW_BITS => {
                let targets = [left.checked_add(x)?, right.checked_add(y)?];
                compare.is_same(targets, Wanted::Anything).then_some(2)
            }
            // A page alone: what follows has to be the same as it stands.
            (None, None) => compare
                .is_same([left, right], Wanted::Anything)
                .then_some(1),
            _ => None,
        };
    }
    if one == other {
        return Some(1);
    }
    let targets = [branch(a, index)?, branch(b, index)?];
    let same = one >> 26 == other >> 26 && compare.is_same(targets, Wanted::Anything);
    same.then_some(1)
}

/// Where `ADRP` has its number.
const PAGE_BITS: u32 = 0x60ff_ffe0;
/// Where `ADD`, loads and stores have theirs.
const LOW_BITS: u32 = 0x003f_fc00;

fn word(function: &Function<'_>, index: usize) -> Option<u32> {
    let bytes = function.code.get(index.checked_mul(4)?..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

/// The page of an `ADRP`.
fn page(function: &Function<'_>, index: usize) -> Option<u64> {
    let word = word(function, index).filter(|word| word & 0x9f00_0000 == 0x9000_0000)?;
    let low = i64::from(word >> 29 & 3);
    let high = i64::from((word << 8).cast_signed() >> 13);
    let at = function.address.checked_add(index as u64 * 4)? & !0xfff;
    Some(at.wrapping_add_signed((high << 2 | low) << 12))
}

/// What `ADD` or a load or store with the register of an `ADRP` adds to the page.
fn low_part(adrp: u32, word: u32) -> Option<u64> {
    if word >> 5 & 31 != adrp & 31 {
        return None;
    }
    let low = u64::from(word >> 10 & 0xfff);
    match word >> 22 {
        0x244 => Some(low),
        // Loads and stores count in their size.
        0x3e5 | 0x3e4 | 0x3f5 | 0x3f4 => Some(low * 8),
        0x2e5 | 0x2e4 | 0x2e6 | 0x2f5 | 0x2f4 => Some(low * 4),
        0x1e4..=0x1e6 => Some(low * 2),
        0x0e4..=0x0e6 => Some(low),
        0x0f7 | 0x0f6 => Some(low * 16),
        _ => None,
    }
}

/// Where `B` or `BL` leads to.
fn branch(function: &Function<'_>, index: usize) -> Option<u64> {
    let word = word(function, index).filter(|word| word & 0x7c00_0000 == 0x1400_0000)?;
    let distance = i64::from((word << 6).cast_signed() >> 6) * 4;
    let at = function.address.checked_add(index as u64 * 4)?;
    at.checked_add_signed(distance)
}

/// Addresses of pages with their offsets, and the length that the next instruction sets.
pub(super) fn each(function: &Function<'_>, found: &mut dyn FnMut(Reference, Option<u64>)) {
    for index in 0..function.code.len() / 4 {
        if let Some(target) = target_at(function, index * 4) {
            let added = word(function, index + 1).is_some_and(|word| word >> 22 == 0x244);
            let length = word(function, index + 2).filter(|_| added);
            let reference = Reference {
                offset: index * 4,
                target,
            };
            found(reference, length.and_then(constant));
            if let Some(second) = pair_behind(function, index).filter(|_| added) {
                let reference = Reference {
                    offset: index * 4 + 8,
                    target: target.wrapping_add(second),
                };
                found(reference, None);
            }
        }
    }
}

/// `LDP` of two words through the register that was just set: how far the second one is from the first.
fn pair_behind(function: &Function<'_>, index: usize) -> Option<u64> {
    let register = word(function, index + 1)? & 31;
    let load = word(function, index + 2)?;
    let pair = load & 0xffc0_0000 == 0xa940_0000 && load >> 5 & 31 == register;
    let from_start = load >> 15 & 0x7f == 0;
    (pair && from_start).then_some(8)
}

/// The address that the two instructions at `offset` make.
pub(super) fn target_at(function: &Function<'_>, offset: usize) -> Option<u64> {
    let index = offset / 4;
    let page = page(function, index)?;
    let low = low_part(word(function, index)?, word(function, index + 1)?)?;
    page.checked_add(low)
}

/// The number that `MOVZ` or `ORR` with the zero register sets.
fn constant(word: u32) -> Option<u64> {
    if word & 0xffe0_0000 == 0xd280_0000 {
        return Some(u64::from(word >> 5 & 0xffff));
    }
    // 64 bits, one run of ones.
    if word & 0xffc0_03e0 != 0xb240_03e0 {
        return None;
    }
    let ones = u64::from(word >> 10 & 63) + 1;
    let run = match ones {
        64 => return None,
        ones => (1u64 << ones) - 1,
    };
    Some(run.rotate_right(word >> 16 & 63))
}

//! Addresses in amd64 code: always relative to the next instruction, in four bytes.

use super::code::{Comparison, Reference, Wanted};
use crate::side::Function;

/// The first byte that differs for another reason than that something stands elsewhere. Both have the same length.
pub(super) fn difference(
    compare: &Comparison<'_, '_>,
    a: &Function<'_>,
    b: &Function<'_>,
) -> Option<usize> {
    let mut at = 0;
    while let Some(next) = next_difference(a.code, b.code, at) {
        // The bytes that differ may be any of the four.
        let starts = (next.saturating_sub(3).max(at)..=next).rev();
        let explained = starts
            .into_iter()
            .find(|&start| is_moved(compare, a, b, start));
        match explained {
            Some(start) => at = start + 4,
            None => return Some(next),
        }
    }
    None
}

fn next_difference(a: &[u8], b: &[u8], from: usize) -> Option<usize> {
    let rest = a.get(from..)?.iter().zip(b.get(from..)?);
    let at = rest.into_iter().position(|(a, b)| a != b)?;
    Some(from + at)
}

/// Whether an address stands in four bytes of both that leads to the same.
fn is_moved(
    compare: &Comparison<'_, '_>,
    a: &Function<'_>,
    b: &Function<'_>,
    start: usize,
) -> bool {
    let Some((kind, wanted)) = operand(a.code, start) else {
        return false;
    };
    if operand(b.code, start) != Some((kind, wanted)) {
        return false;
    }
    // An immediate number may stand behind the distance.
    let behind: &[u64] = match kind {
        Operand::Branch => &[0],
        Operand::Data => &[0, 1, 4, 2],
    };
    behind.iter().any(|&behind| {
        let target = |function: &Function<'_>| target(function, start, behind);
        match (target(a), target(b)) {
            (Some(one), Some(other)) => compare.is_same([one, other], wanted),
            _ => false,
        }
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operand {
    /// Call or jump.
    Branch,
    /// Memory, or an address that is taken.
    Data,
}

/// What the bytes before four others say of them.
fn operand(code: &[u8], start: usize) -> Option<(Operand, Wanted)> {
    let before = code.get(start.saturating_sub(4)..start)?;
    Some(match before {
        [.., 0xe8 | 0xe9] | [.., 0x0f, 0x80..=0x8f] => (Operand::Branch, Wanted::Anything),
        [.., 0xf2, 0x0f, 0x10, mode] if is_relative(*mode) => (Operand::Data, Wanted::Bytes(8)),
        [.., 0xf3, 0x0f, 0x10, mode] if is_relative(*mode) => (Operand::Data, Wanted::Bytes(4)),
        [.., _, mode] if is_relative(*mode) => (Operand::Data, Wanted::Anything),
        _ => return None,
    })
}

/// A byte that says: relative to the next instruction.
fn is_relative(mode: u8) -> bool {
    mode & 0xc7 == 0x05
}

fn target(function: &Function<'_>, start: usize, behind: u64) -> Option<u64> {
    let distance = function.code.get(start..)?.first_chunk()?;
    let distance = i64::from(i32::from_le_bytes(*distance));
    let next = function.address.checked_add(start as u64 + 4 + behind)?;
    next.checked_add_signed(distance)
}

/// `LEA`, `MOV`, `CMP` and `MOVUPS`, and the length that is set right behind or before them.
pub(super) fn each(function: &Function<'_>, found: &mut dyn FnMut(Reference, Option<u64>)) {
    let code = function.code;
    for mode in memchr::memchr3_iter(0x05, 0x0d, 0x15, code)
        .chain(memchr::memchr3_iter(0x1d, 0x25, 0x2d, code))
        .chain(memchr::memchr2_iter(0x35, 0x3d, code))
    {
        let Some(offset) = mode.checked_sub(2) else {
            continue;
        };
        if let Some(target) = target_at(function, offset) {
            let takes_address = code.get(offset + 1) == Some(&0x8d);
            let length = takes_address.then(|| length(code, offset)).flatten();
            found(Reference { offset, target }, length);
        }
    }
}

/// The address in the instruction at `offset`.
pub(super) fn target_at(function: &Function<'_>, offset: usize) -> Option<u64> {
    let [prefix, opcode, mode] = *function.code.get(offset..)?.first_chunk::<3>()?;
    // How long the number is that stands behind the distance.
    let behind = match (prefix, opcode) {
        (0x48 | 0x4c, 0x8d | 0x8b | 0x89 | 0x39 | 0x3b) | (0x0f, 0x10 | 0x11) => 0,
        (0x48, 0x83) => 1,
        (0x48, 0xc7) => 4,
        _ => return None,
    };
    is_relative(mode).then(|| target(function, offset + 3, behind))?
}

/// `MOV $n, register` or `MOV $n, n(SP)` beside the instruction at `offset`.
fn length(code: &[u8], offset: usize) -> Option<u64> {
    let number = |at: usize| {
        Some(u64::from(u32::from_le_bytes(
            *code.get(at..)?.first_chunk()?,
        )))
    };
    let next = offset + 7;
    let behind = code.get(next..).unwrap_or_default();
    match behind {
        [0xb8..=0xbf, ..] => return number(next + 1),
        [0x41, 0xb8..=0xbf, ..] => return number(next + 2),
        [0x48, 0xc7, 0x44, 0x24, ..] => return number(next + 5),
        _ => {}
    }
    match code.get(offset.checked_sub(5)?..offset)? {
        [0xb8..=0xbf, ..] => number(offset - 4),
        _ => None,
    }
}

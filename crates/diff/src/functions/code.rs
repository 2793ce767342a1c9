//! Two pieces of code, compared by what they say: an address in code is taken for what stands there.
//!
//! Nothing is disassembled. Where bytes differ, the difference counts as an address only where the bits before it say that
//! one stands there and both addresses lead to the same: the same place in a function of the same name, or data of the same
//! use. To which data exactly is not asked, but for texts, whose length stands beside the address, and floating-point
//! constants.

use super::{Same, amd64, arm64};
use crate::differences::How;
use crate::listed::text;
use crate::side::{Function, Machine, Side, Use, bytes_at};
use goassay_binary::Binary;
use goassay_binary::image::Image;

/// An address in code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Where in the code, from the entry.
    pub(crate) offset: usize,
    /// What it leads to.
    pub(crate) target: u64,
}

/// Longest text that is compared, in bytes.
const LONGEST_TEXT: u64 = 1 << 16;

/// Compares functions of two binaries.
pub(super) struct Comparison<'s, 'a> {
    images: [&'s Image<'a>; 2],
    sides: &'s [Side<'a>; 2],
    machine: Option<Machine>,
    /// Bytes of texts that may still be compared: functions of a hostile file can all refer to the same one.
    texts_left: u64,
}

/// What an address in code leads to has to be the same in this respect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Something of the same use.
    Anything,
    /// The same bytes, so many.
    Bytes(u64),
}

impl<'s, 'a> Comparison<'s, 'a> {
    pub(super) fn new(binaries: &[&'s Binary<'a>; 2], sides: &'s [Side<'a>; 2]) -> Self {
        let same = sides[0].machine == sides[1].machine;
        Comparison {
            images: binaries.map(Binary::image),
            sides,
            machine: sides[0].machine.filter(|_| same),
            texts_left: 8 * (sides[0].len as u64 + sides[1].len as u64),
        }
    }

    pub(super) fn functions(&mut self, a: &Function<'a>, b: &Function<'a>) -> Same {
        if a.code.len() != b.code.len() {
            return Same::Changed(How::Length);
        }
        let code = match (a.code == b.code, self.machine) {
            (true, _) => Same::Equal,
            (false, None) => return Same::Unclear,
            (false, Some(Machine::Amd64)) => self.moved(amd64::difference(self, a, b)),
            (false, Some(Machine::Arm64)) => self.moved(arm64::difference(self, a, b)),
        };
        match code {
            Same::Changed(_) => code,
            _ => self
                .texts(a, b)
                .map_or(code, |texts| Same::Changed(How::Text(texts))),
        }
    }

    fn moved(&self, difference: Option<usize>) -> Same {
        match difference {
            None => Same::Moved,
            Some(at) => Same::Changed(How::Code(at as u64)),
        }
    }

    /// Whether two addresses lead to the same.
    pub(super) fn is_same(&self, targets: [u64; 2], wanted: Wanted) -> bool {
        let [a, b] = self.sides;
        match (a.function_at(targets[0]), b.function_at(targets[1])) {
            (Some((one, at)), Some((other, there))) => one.name == other.name && at == there,
            (None, None) => {
                let uses = [a.use_of(targets[0]), b.use_of(targets[1])];
                uses[0] == uses[1] && self.has(targets, wanted, uses[0])
            }
            _ => false,
        }
    }

    fn has(&self, targets: [u64; 2], wanted: Wanted, kind: Use) -> bool {
        match wanted {
            Wanted::Bytes(len) if kind == Use::Constant => {
                let [a, b] = self.images;
                bytes_at(a, targets[0], len) == bytes_at(b, targets[1], len)
            }
            _ => true,
        }
    }

    /// The first text that differs between what two pieces of code refer to at the same places.
    fn texts(&mut self, a: &Function<'a>, b: &Function<'a>) -> Option<[String; 2]> {
        let machine = self.machine?;
        let mut found = None;
        each_string(machine, a, &mut |reference, len| {
            if found.is_some() || len > LONGEST_TEXT {
                return;
            }
            let Some(rest) = self.texts_left.checked_sub(len) else {
                return;
            };
            self.texts_left = rest;
            let there = target_at(machine, b, reference.offset);
            let one = bytes_at(self.images[0], reference.target, len);
            let other = there.and_then(|target| bytes_at(self.images[1], target, len));
            if let (Some(one), Some(other)) = (one, other)
                && one != other
                && is_text(one)
                && is_text(other)
            {
                found = Some([text(one), text(other)]);
            }
        });
        found
    }
}

pub(crate) fn is_text(bytes: &[u8]) -> bool {
    let plain = |c: char| !c.is_control() || matches!(c, '\n' | '\t' | '\r' | '\u{1b}');
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(plain))
}

/// Shows each address of data or code that a function takes or reads from.
pub(crate) fn each_reference(
    machine: Machine,
    function: &Function<'_>,
    found: &mut dyn FnMut(Reference),
) {
    match machine {
        Machine::Amd64 => amd64::each(function, &mut |reference, _| found(reference)),
        Machine::Arm64 => arm64::each(function, &mut |reference, _| found(reference)),
    }
}

/// Shows each address beside which a length is set, as code does that uses a string constant.
pub(crate) fn each_string(
    machine: Machine,
    function: &Function<'_>,
    found: &mut dyn FnMut(Reference, u64),
) {
    let mut with_length = |reference, length: Option<u64>| {
        if let Some(length) = length.filter(|&length| length > 0) {
            found(reference, length);
        }
    };
    match machine {
        Machine::Amd64 => amd64::each(function, &mut with_length),
        Machine::Arm64 => arm64::each(function, &mut with_length),
    }
}

fn target_at(machine: Machine, function: &Function<'_>, offset: usize) -> Option<u64> {
    match machine {
        Machine::Amd64 => amd64::target_at(function, offset),
        Machine::Arm64 => arm64::target_at(function, offset),
    }
}

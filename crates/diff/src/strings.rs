//! String constants: those whose length stands beside their address, in code or in data.

use crate::differences::Strings;
use crate::functions::each_string;
use crate::listed::text;
use crate::side::{Side, Use, bytes_at};
use goassay_binary::Binary;
use goassay_binary::image::Image;
use std::cmp::Ordering;

/// Shortest and longest string that is looked at, in bytes. Numbers that are none look like shorter ones.
const LENGTHS: std::ops::RangeInclusive<u64> = 2..=4096;

pub(crate) fn compare(binaries: &[&Binary<'_>; 2], sides: &[Side<'_>; 2]) -> Strings {
    let [one, other] = [0, 1].map(|side| collect(binaries[side].image(), &sides[side]));
    let mut found = Strings {
        counts: [one.len() as u64, other.len() as u64],
        ..Strings::default()
    };
    let (mut a, mut b) = (one.into_iter().peekable(), other.into_iter().peekable());
    loop {
        let order = match (a.peek(), b.peek()) {
            (None, None) => return found,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(other)) => one.cmp(other),
        };
        if order != Ordering::Greater
            && let Some(one) = a.next()
            && order == Ordering::Less
        {
            found.removed.push(|| text(one));
        }
        if order != Ordering::Less
            && let Some(other) = b.next()
            && order == Ordering::Greater
        {
            found.added.push(|| text(other));
        }
    }
}

struct Collector<'s, 'a> {
    image: &'s Image<'a>,
    side: &'s Side<'a>,
    /// Bytes that may still be looked at.
    left: u64,
    found: Vec<&'a [u8]>,
}

impl Collector<'_, '_> {
    fn take(&mut self, address: u64, len: u64) {
        if !LENGTHS.contains(&len) || self.side.use_of(address) != Use::Constant {
            return;
        }
        let Some(rest) = self.left.checked_sub(len) else {
            return;
        };
        self.left = rest;
        let bytes = bytes_at(self.image, address, len);
        self.found.extend(bytes.filter(|bytes| is_plain(bytes)));
    }
}

/// All of it is text, and nothing of it a control character but line ends.
fn is_plain(bytes: &[u8]) -> bool {
    let control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\n' | b'\t' | b'\r' | 0x1b);
    !bytes.iter().any(control) && std::str::from_utf8(bytes).is_ok()
}

/// All strings, sorted, each once.
fn collect<'a>(image: &Image<'a>, side: &Side<'a>) -> Vec<&'a [u8]> {
    let mut collector = Collector {
        image,
        side,
        left: 4 * side.len as u64,
        found: Vec::new(),
    };
    if let Some(machine) = side.machine {
        for function in &side.functions {
            each_string(machine, function, &mut |reference, len| {
                collector.take(reference.target, len);
            });
        }
    }
    headers(image, &mut collector);
    let mut found = collector.found;
    found.sort_unstable();
    found.dedup();
    found
}

/// Pointers with a length behind them, in data that is written to.
fn headers(image: &Image<'_>, collector: &mut Collector<'_, '_>) {
    let word = image.order.width.bytes();
    for segment in image.segments.iter().filter(|s| s.permissions.write) {
        let bytes = image.segment_bytes(segment);
        for index in 0..bytes.len() / word {
            let pair = bytes.nth_word(index).zip(bytes.nth_word(index + 1));
            if let Some((address @ 1.., len)) = pair {
                collector.take(address, len);
            }
        }
    }
}

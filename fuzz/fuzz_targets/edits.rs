//! A miniature of any shape with any bytes changed: the fuzzer spends its time inside the tables, not on the magic.
//!
//! Input: one byte for the shape, then edits of three bytes each (offset, value).

#![no_main]

use goassay_binary::Binary;
use goassay_fixtures::miniature::Miniature;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&shape, edits)) = input.split_first() else { return };
    let miniature = Miniature {
        big_endian: shape & 1 != 0,
        wide: shape & 2 != 0,
        minor: 18 + u32::from(shape >> 2) % 10,
        ..Miniature::default()
    };
    let mut data = miniature.build();
    for edit in edits.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % data.len();
        data[at] = edit[2];
    }
    if let Ok(binary) = Binary::parse(&data) {
        goassay_fuzz::ask_everything(&binary);
    }
});

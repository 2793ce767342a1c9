//! Any bytes as a Go binary, and everything that can be asked of it.

#![no_main]

use goassay_binary::Binary;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(binary) = Binary::parse(data) {
        goassay_fuzz::ask_everything(&binary);
    }
});

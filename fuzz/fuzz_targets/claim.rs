//! See `goassay_fuzz::claim`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| goassay_fuzz::claim(data));

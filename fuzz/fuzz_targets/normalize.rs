//! See `goassay_fuzz::normalizations`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| goassay_fuzz::normalizations(data));

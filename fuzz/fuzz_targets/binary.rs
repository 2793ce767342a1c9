//! See `goassay_fuzz::binary`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| goassay_fuzz::binary(data));

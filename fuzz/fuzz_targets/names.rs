//! See `goassay_fuzz::names`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| goassay_fuzz::names(data));

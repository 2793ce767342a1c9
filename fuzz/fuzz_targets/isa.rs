//! See `goassay_fuzz::isa`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| goassay_fuzz::isa(data));

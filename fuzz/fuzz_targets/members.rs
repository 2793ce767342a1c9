//! See `goassay_fuzz::members`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| goassay_fuzz::members(data));

//! See `goassay_fuzz::archives`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| goassay_fuzz::archives(data));

//! See `goassay_fuzz::build_info`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| goassay_fuzz::build_info(data));

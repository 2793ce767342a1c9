//! See `goassay_fuzz::advisory`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| goassay_fuzz::advisory(data));

//! See `goassay_fuzz::edits`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| goassay_fuzz::edits(data));

//! See `goassay_fuzz::fixture_edits`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| goassay_fuzz::fixture_edits(data));

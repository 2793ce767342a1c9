//! See `goassay_fuzz::audit_miniature`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| goassay_fuzz::audit_miniature(data));

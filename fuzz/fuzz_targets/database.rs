//! See `goassay_fuzz::vulnerability_database`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| goassay_fuzz::vulnerability_database(data));

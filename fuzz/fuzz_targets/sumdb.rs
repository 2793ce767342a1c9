//! See `goassay_fuzz::checksum_database`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| goassay_fuzz::checksum_database(data));

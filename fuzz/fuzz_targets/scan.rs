//! See `goassay_fuzz::scan_of_names`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| goassay_fuzz::scan_of_names(data));

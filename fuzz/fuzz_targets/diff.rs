//! See `goassay_fuzz::difference`.

#![no_main]

libfuzzer_sys::fuzz_target!(init: goassay_fuzz::prepare_fixtures(), |data: &[u8]| goassay_fuzz::difference(data));

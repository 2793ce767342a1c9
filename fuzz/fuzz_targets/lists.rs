//! See `goassay_fuzz::lists`.

#![no_main]

libfuzzer_sys::fuzz_target!(init: goassay_fuzz::prepare_fixtures(), |data: &[u8]| goassay_fuzz::lists(data));

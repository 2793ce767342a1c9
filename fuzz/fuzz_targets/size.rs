//! See `goassay_fuzz::size_of_edited`.

#![no_main]

libfuzzer_sys::fuzz_target!(init: goassay_fuzz::prepare_fixtures(), |data: &[u8]| goassay_fuzz::size_of_edited(data));

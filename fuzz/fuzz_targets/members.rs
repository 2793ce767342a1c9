//! Any bytes as a fat Mach-O file or an archive, and each member as a Go binary.

#![no_main]

use goassay_binary::{Binary, container};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = container::is_candidate(data);
    for member in container::members(data).unwrap_or_default().iter().take(8) {
        if let Ok(binary) = Binary::parse(member.data) {
            goassay_fuzz::ask_everything(&binary);
        }
    }
});

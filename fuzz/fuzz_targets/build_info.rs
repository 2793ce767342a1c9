//! Any text as the module text of a binary's build information.

#![no_main]

use goassay_binary::Binary;
use goassay_fixtures::miniature::Miniature;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: String| {
    let data = Miniature { module_text: format!("{text}\n"), ..Miniature::default() }.build();
    let binary = Binary::parse(&data).expect("the rest of the file is whole");
    goassay_fuzz::ask_everything(&binary);
});

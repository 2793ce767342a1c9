//! Files made to take long: the work stays linear.

use goassay_audit::facts::Facts;
use goassay_audit::isa::Isa;
use goassay_binary::Binary;
use goassay_fixtures::miniature::Miniature;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Far above what either takes, and far below what their product would.
const MOST: Duration = Duration::from_secs(5);

#[test]
fn many_paths_are_not_each_looked_for_in_many_settings() {
    let mut module_text = "path\tx\nmod\ta.b/x\tv1.2.3\t\n".to_owned();
    for number in 0..40_000 {
        let _ = writeln!(module_text, "build\tk{number}={number:030}");
    }
    let mut data = Miniature {
        module_text,
        ..Miniature::default()
    }
    .build();
    for number in 0..40_000 {
        data.extend(format!("\0/home/user{number:06}/src/x.go\0").bytes());
    }
    let binary = Binary::parse(&data).expect("a Go binary");
    let start = Instant::now();
    let facts = Facts::of(&binary);
    assert!(start.elapsed() < MOST, "{:?}", start.elapsed());
    assert!(facts.leaks.more > 1000, "{}", facts.leaks.more);
}

#[test]
fn a_function_that_is_all_literals_takes_no_more_than_its_size() {
    // ldr q1, #8; then an atomic instruction, which makes the function be looked at as a whole
    let mut code: Vec<u8> = 0x9c00_0041u32.to_le_bytes().repeat(1 << 18);
    code.extend(0xb8e1_0002u32.to_le_bytes());
    code.extend(0xb8e1_0002u32.to_le_bytes().repeat(8));
    let data = Miniature {
        code,
        functions: vec![("main.main".to_owned(), Vec::new())],
        machine: Some(183),
        ..Miniature::default()
    }
    .build();
    let binary = Binary::parse(&data).expect("a Go binary");
    let start = Instant::now();
    let isa = Isa::of(&binary);
    assert!(start.elapsed() < MOST, "{:?}", start.elapsed());
    let used = isa.used.expect("it is code");
    // The first words behind the last literal are data.
    assert_eq!(used.features[0].instructions, 4, "{used:?}");
}

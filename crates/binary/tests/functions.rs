//! Lists and counts of functions on real binaries.

use goassay_binary::{Binary, FunctionCounts};
use goassay_fixtures::all;

#[test]
fn every_function_is_listed_once_and_counted() {
    let mut read = 0;
    for fixture in all() {
        let bytes = fixture.bytes();
        let Ok(binary) = Binary::parse(&bytes) else {
            continue;
        };
        let Ok(counts) = binary.function_counts() else {
            continue;
        };
        let (mut listed, mut main) = (FunctionCounts::default(), false);
        let gaps = binary.each_function(|function| {
            match function.code {
                Some(code) => {
                    listed.emitted += 1;
                    listed.inlined_calls += u64::from(code.inlined);
                }
                None => listed.only_inlined += 1,
            }
            main |= function.name.ends_with(b".main");
        });
        assert!(gaps.is_empty(), "{}: {gaps:?}", fixture.name);
        assert_eq!(listed, counts, "{}", fixture.name);
        assert!(main && counts.inlined_calls > 0, "{}", fixture.name);
        read += 1;
    }
    assert!(read > 10, "{read} fixtures have functions");
}

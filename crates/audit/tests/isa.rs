//! Instruction-set levels on the committed binaries, all built for the lowest level.

use goassay_audit::isa::{Isa, Recorded};
use goassay_audit::{facts::Facts, policy::Policy, registry, verdict::Verdict};
use goassay_binary::{Binary, container};

fn each_binary(mut check: impl FnMut(&str, &Binary<'_>)) {
    for fixture in goassay_fixtures::all() {
        let data = fixture.bytes();
        let members = container::members(&data).expect("a container that can be read");
        let binaries = members.iter().filter_map(|m| Binary::parse(m.data).ok());
        binaries.for_each(|binary| check(&fixture.name, &binary));
    }
}

#[test]
fn what_is_built_for_the_lowest_level_proves_no_other() {
    let mut decoded = 0;
    each_binary(|name, binary| {
        let isa = Isa::of(binary);
        assert_eq!(isa.demanded, None, "{name}");
        let lowest = match isa.used {
            Ok(used) => {
                decoded += 1;
                assert_eq!(used.gaps, [], "{name}");
                assert!(used.coverage.compiled > 900, "{name}: {:?}", used.coverage);
                // Go's runtime counts bits and uses atomics everywhere, so the decoder has something to find.
                assert_ne!(used.features, [], "{name}");
                used.proven.to_string()
            }
            Err(gap) => {
                assert!(!gap.reason.is_empty(), "{name}");
                return;
            }
        };
        assert!(matches!(lowest.as_str(), "v1" | "v8.0"), "{name}: {lowest}");
    });
    assert!(decoded >= 15, "only {decoded} were decoded");
}

#[test]
fn the_recorded_level_is_read() {
    each_binary(|name, binary| match (name, Isa::of(binary).recorded) {
        ("elf-amd64-go1.26", recorded) => {
            let Recorded::Level(level) = recorded else {
                panic!("{recorded:?}")
            };
            assert_eq!(format!("{level:?}"), "GOAMD64=v1");
        }
        ("elf-s390x-go1.24", recorded) => assert_eq!(recorded, Recorded::NoLevels),
        _ => {}
    });
}

fn judge(id: &str, binary: &Binary<'_>, fleet: &[(&str, &str)]) -> Verdict {
    let mut policy = Policy::default();
    let levels = fleet.iter().map(|(s, l)| (s.to_string(), l.to_string()));
    policy.expectations.cpu_levels = levels.collect();
    let rule = registry::find(id).expect("the rule is registered");
    (rule.judge)(&Facts::of(binary), &policy)
}

fn with(name: &str, check: impl Fn(&Binary<'_>)) {
    let data = goassay_fixtures::bytes(name);
    check(&Binary::parse(&data).expect("a Go binary"));
}

#[test]
fn without_a_fleet_there_is_nothing_to_compare_with() {
    with("elf-amd64-go1.26", |binary| {
        let verdict = judge("T4-fleet-level", binary, &[("GOARM64", "v8.0")]);
        assert!(matches!(verdict, Verdict::NotApplicable(_)), "{verdict:?}");
    });
}

#[test]
fn the_lowest_level_runs_everywhere_and_leaves_something_unused() {
    with("elf-amd64-go1.26", |binary| {
        let fleet = [("GOAMD64", "v3")];
        let fits = judge("T4-fleet-level", binary, &fleet);
        assert!(matches!(fits, Verdict::Pass(_)), "{fits:?}");
        let Verdict::Fail(unused) = judge("T4-unused-level", binary, &fleet) else {
            panic!("it is built for v1")
        };
        assert_eq!(unused.fix, "GOAMD64=v3 go build");
        let recorded = judge("T4-recorded-level", binary, &fleet);
        assert!(matches!(recorded, Verdict::Pass(_)), "{recorded:?}");
    });
}

#[test]
fn other_architectures_are_unknown() {
    with("elf-386-go1.23", |binary| {
        let verdict = judge("T4-fleet-level", binary, &[("GO386", "sse2")]);
        assert!(matches!(verdict, Verdict::Unknown(_)), "{verdict:?}");
        let above = judge("T4-fleet-level", binary, &[("GO386", "softfloat")]);
        assert!(matches!(above, Verdict::Fail(_)), "{above:?}");
    });
    with("elf-s390x-go1.24", |binary| {
        let verdict = judge("T4-recorded-level", binary, &[]);
        assert!(matches!(verdict, Verdict::NotApplicable(_)), "{verdict:?}");
    });
}

#[test]
fn a_truncated_file_never_passes() {
    let whole = goassay_fixtures::bytes("elf-amd64-go1.26");
    let mut opened = 0;
    for part in 1..50 {
        let cut = &whole[..whole.len() * part / 50];
        let Ok(binary) = Binary::parse(cut) else {
            continue;
        };
        opened += 1;
        for rule in ["T4-fleet-level", "T4-recorded-level"] {
            let verdict = judge(rule, &binary, &[("GOAMD64", "v1")]);
            let complete = Isa::of(&binary).used.is_ok_and(|used| used.gaps.is_empty());
            let honest = complete || matches!(verdict, Verdict::Unknown(_));
            assert!(honest, "{rule} at {part}/50: {verdict:?}");
        }
    }
    assert!(opened > 5, "{opened}");
}

/// Numbers that look random and are the same in each run (xorshift).
fn numbers(mut state: u64) -> impl FnMut() -> usize {
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 16) as usize
    }
}

#[test]
fn disturbed_tables_and_code_cost_no_more_and_break_nothing() {
    for name in ["elf-amd64-go1.26", "elf-arm64-go1.27-pie"] {
        let whole = goassay_fixtures::bytes(name);
        let mut next = numbers(0x9e37_79b9_7f4a_7c15);
        let mut opened = 0;
        for _ in 0..25 {
            let mut data = whole.clone();
            // Runs of odd bytes, so that entries of the table of functions leap and overlap.
            for _ in 0..40 {
                let (at, byte) = (next() % (data.len() - 64), next() as u8);
                data[at..at + 64].fill(byte);
            }
            let Ok(binary) = Binary::parse(&data) else {
                continue;
            };
            opened += 1;
            let Ok(used) = Isa::of(&binary).used else {
                continue;
            };
            assert!(used.coverage.bytes <= data.len() as u64, "{name}");
            assert!(
                used.features
                    .iter()
                    .all(|feature| feature.examples.len() <= 5)
            );
        }
        assert!(opened > 5, "{name}: {opened}");
    }
}

#[test]
fn code_that_is_not_code_is_a_gap_and_proves_nothing() {
    for (name, setting, level) in [
        ("elf-amd64-go1.26", "GOAMD64", "v1"),
        ("elf-arm64-go1.27-pie", "GOARM64", "v8.0"),
    ] {
        let mut data = goassay_fixtures::bytes(name);
        let text = {
            let binary = Binary::parse(&data).expect("a Go binary");
            let text = binary.image().section(&[b".text"]).expect("a text section");
            text.offset.0 as usize..(text.offset.0 + text.len) as usize
        };
        let mut next = numbers(42);
        data[text].iter_mut().for_each(|byte| *byte = next() as u8);
        let binary = Binary::parse(&data).expect("headers and tables are whole");
        let gap = Isa::of(&binary).used.expect_err("nothing of it is code");
        assert!(gap.reason.ends_with("do not decode"), "{gap}");
        let verdict = judge("T4-fleet-level", &binary, &[(setting, level)]);
        assert!(
            matches!(verdict, Verdict::Unknown(_)),
            "{name}: {verdict:?}"
        );
    }
}

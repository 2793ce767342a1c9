//! Nothing that differs is the same, whatever equality is taken from: the bytes of the whole files, or their parts.

mod mutations;

use super::*;
use mutations::{MUTATIONS, Numbers, Program, signature, signed_again};

const GATES: [Gate; 2] = [Gate::Whole, Gate::Parts];
/// Changes of each kind to each program.
const ROUNDS: usize = 10;

fn numbers() -> Numbers {
    Numbers(0x9e37_79b9_7f4a_7c15)
}

#[test]
fn nothing_that_differs_is_the_same() {
    let mut numbers = numbers();
    let mut tried = 0;
    for name in [
        "elf-amd64-go1.26",
        "macho-amd64-go1.27",
        "pe-amd64-go1.26",
        "sample-linux-amd64",
    ] {
        let program = Program::new(goassay_fixtures::bytes(name));
        let file = &program.bytes;
        for gate in GATES {
            assert_eq!(judge(file, file, gate), Verdict::Identical, "{name}");
        }
        for mutation in &MUTATIONS {
            for _ in 0..ROUNDS {
                let other = (mutation.make)(&program, &mut numbers);
                let what = format!("{name}: {}", mutation.name);
                assert!((mutation.shows)(file, &other), "{what}: it does not show");
                for gate in GATES {
                    let verdict = judge(&other, file, gate);
                    assert!(
                        matches!(verdict, Verdict::Different(_)),
                        "{what}, {gate:?}: {verdict:?}"
                    );
                }
                tried += 1;
            }
        }
    }
    assert!(tried >= 500, "{tried}");
}

/// What each gate says of a signed program that was changed. It is never identical, and equal after the normalisation only where nothing
/// but the signature was changed.
fn judged(other: &[u8], program: &Program, what: &str) -> usize {
    let outside = |file: &[u8]| Some(file.get(..signature(file)?.start)?.to_vec());
    let is_outside =
        other.len() != program.bytes.len() || outside(other) != outside(&program.bytes);
    let mut hidden = 0;
    for gate in GATES {
        match judge(other, &program.bytes, gate) {
            Verdict::Different(_) => {}
            Verdict::IdenticalAfter(applied) if !is_outside => {
                assert_eq!(applied[0].0, "apple-signature-removed");
                hidden += 1;
            }
            verdict => panic!("{what}, {gate:?}: {verdict:?}"),
        }
    }
    hidden
}

#[test]
fn the_normalisation_hides_nothing_but_the_signature() {
    let program = Program::new(goassay_fixtures::bytes("macho-arm64-go1.25"));
    let mut numbers = numbers();
    let (mut tried, mut again) = (0, 0);
    for mutation in &MUTATIONS {
        for _ in 0..ROUNDS {
            let other = (mutation.make)(&program, &mut numbers);
            assert!(
                (mutation.shows)(&program.bytes, &other),
                "{}",
                mutation.name
            );
            judged(&other, &program, mutation.name);
            tried += 1;
            // Who changes a program can sign it too: the same, with a signature that is right.
            if let Some(other) = signed_again(&other).filter(|other| *other != program.bytes) {
                judged(
                    &other,
                    &program,
                    &format!("{}, signed again", mutation.name),
                );
                again += 1;
            }
        }
    }
    assert!(tried >= 100 && again >= 80, "{tried}, {again}");
}

#[test]
fn another_signature_is_never_identical() {
    let program = Program::new(goassay_fixtures::bytes("macho-arm64-go1.25"));
    let place = signature(&program.bytes).unwrap();
    let mut numbers = numbers();
    for _ in 0..100 {
        let mut other = program.bytes.clone();
        other[place.start + numbers.below(place.len())] ^= 1 << numbers.below(8);
        judged(&other, &program, "a bit of the signature");
    }
    // A signature that is right, with another name in it.
    let mut other = program.bytes.clone();
    let name = b"a.out\0";
    let at = place.start
        + other[place]
            .windows(6)
            .position(|part| part == name)
            .unwrap();
    other[at] = b'b';
    assert_eq!(judged(&other, &program, "another name"), GATES.len());
}

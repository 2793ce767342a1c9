//! Files that are cut short: a rule says what it says of the whole file, or unknown; never anything else.

mod common;

use common::{policies, verdicts};
use goassay_audit::policy::Policy;
use goassay_binary::{Binary, container};
use std::collections::BTreeMap;

/// Lengths at which each sample is cut.
const POINTS: usize = 60;

/// Samples of every format, of programs, libraries and plugins, with and without symbols and C code.
const SAMPLES: [&str; 13] = [
    "elf-amd64-go1.18",
    "elf-amd64-go1.20-pie",
    "elf-amd64-go1.21-plain",
    "elf-amd64-go1.27",
    "elf-386-go1.23",
    "elf-arm64-go1.27-pie",
    "elf-s390x-go1.24",
    "elf-amd64-c-shared",
    "elf-amd64-plugin",
    "pe-amd64-go1.26",
    "pe-386-go1.22",
    "macho-arm64-go1.25",
    "macho-amd64-go1.27",
];

/// The word of each rule's verdict, over all policies; none where the bytes are no Go binary.
fn words(data: &[u8], policies: &[Policy]) -> Option<BTreeMap<&'static str, &'static str>> {
    let binary = Binary::parse(data).ok()?;
    let verdicts = verdicts(&binary, policies).into_iter();
    Some(verdicts.map(|(id, verdict)| (id, verdict.name())).collect())
}

/// What is said of the cut file and is neither that of the whole nor unknown.
fn lies(name: &str, data: &[u8], policies: &[Policy]) -> (usize, Vec<String>) {
    let whole = words(data, policies).expect("a Go binary");
    assert!(whole.len() > 40, "{name}: {} rules", whole.len());
    let mut opened = 0;
    let mut lies = Vec::new();
    for point in 1..=POINTS {
        let len = data.len() * point / (POINTS + 1);
        let Some(cut) = words(data.get(..len).expect("shorter"), policies) else {
            continue;
        };
        opened += 1;
        for (rule, word) in cut {
            let truth = whole[rule];
            if word != truth && word != "unknown" {
                lies.push(format!(
                    "{name} cut at {len}: {rule} says {word}, and {truth} of the whole"
                ));
            }
        }
    }
    (opened, lies)
}

#[test]
fn a_file_that_is_cut_short_is_never_called_better_or_worse() {
    let policies = policies();
    let (mut all, mut sum) = (Vec::new(), 0);
    for name in SAMPLES {
        let data = goassay_fixtures::bytes(name);
        let (opened, lies) = lies(name, &data, &policies);
        sum += opened;
        all.extend(lies);
    }
    // Most cuts leave no build information and no table: what is left is taken for no Go binary.
    assert!(sum > 150, "{sum} were opened");
    assert!(all.is_empty(), "{} lies:\n{}", all.len(), all.join("\n"));
}

#[test]
fn nothing_is_said_of_objects_of_archives_that_their_linker_decides() {
    let data = goassay_fixtures::bytes("elf-amd64-c-archive");
    let members = container::members(&data).expect("an archive");
    let policies = policies();
    let words: Vec<_> = members
        .iter()
        .filter_map(|member| words(member.data, &policies))
        .collect();
    assert!(!words.is_empty());
    for words in words {
        for rule in ["T5-pie", "T5-relro", "T5-stack", "T8-symbol-table"] {
            assert_eq!(words[rule], "not-applicable", "{rule}");
        }
    }
}

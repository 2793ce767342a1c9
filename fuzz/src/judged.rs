//! Targets above the reader: facts, rules, instruction levels, lists and what renders them.

use super::with_edits;
use goassay_audit::facts::Facts;
use goassay_audit::isa::Isa;
use goassay_audit::policy::{Expectations, Policy, Profile};
use goassay_audit::registry;
use goassay_audit::releases::Releases;
use goassay_audit::verdict::Verdict;
use goassay_binary::{Binary, container};
use goassay_fixtures::miniature::Miniature;
use goassay_report::inspection;
use goassay_report::listing::{self, Filter, Kind};
use goassay_vuln::database;
use std::sync::LazyLock;

/// A committed binary with bytes changed: all facts, all rules, and the wire form of the facts.
///
/// Input: that of `fixture_edits`.
pub(super) fn edited(input: &[u8]) {
    with_edits(input, |data| {
        for member in container::members(data).unwrap_or_default().iter().take(8) {
            if let Ok(binary) = Binary::parse(member.data) {
                judge(&binary);
            }
        }
    });
}

/// A miniature of any shape with any bytes changed, judged: thousands of times faster than a real binary.
///
/// Input: that of `edits`.
pub(super) fn miniature(input: &[u8]) {
    if let Some(data) = super::edited_miniature(input)
        && let Ok(binary) = Binary::parse(&data)
    {
        judge(&binary);
    }
}

/// Any text as the module text of a binary's build information, judged.
pub(super) fn settings(data: &[u8]) {
    let module_text = format!("{}\n", String::from_utf8_lossy(data));
    let data = Miniature {
        module_text,
        ..Miniature::default()
    }
    .build();
    let binary = Binary::parse(&data).expect("the rest of the file is whole");
    judge(&binary);
}

fn judge(binary: &Binary<'_>) {
    let facts = Facts::of(binary);
    for policy in POLICIES.iter() {
        for judged in registry::audit(&facts, policy) {
            // The fix is ours and is a line for a shell, whatever the binary says.
            if let Verdict::Fail(failing) = &judged.verdict {
                assert!(
                    !failing.fix.contains(char::is_control),
                    "{}",
                    judged.rule.id
                );
            }
        }
    }
    let _ = inspection::facts::Facts::of(&facts);
}

static POLICIES: LazyLock<Vec<Policy>> = LazyLock::new(|| {
    let database = database::embedded().expect("the embedded database is whole");
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    let levels = [("GOAMD64", "v3"), ("GOARM64", "v8.0"), ("GO386", "sse2")];
    let expectations = Expectations {
        module_prefixes: texts(&["example.com"]),
        private_modules: texts(&["golang.org/x", "*.corp.example.com"]),
        cpu_levels: levels
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        required_tags: texts(&["netgo"]),
        allowed_tags: Some(texts(&["osusergo"])),
    };
    let policy = |profile| Policy {
        profile,
        expectations: expectations.clone(),
        as_of: "2026-11-22".parse().ok(),
        releases: Releases::of(&database).ok(),
        ..Policy::default()
    };
    Profile::ALL.map(policy).into()
});

/// Longest code of one function that is tried.
const LONGEST_CODE: usize = 4096;
/// ELF machine number of arm64.
const ARM64: u16 = 183;

/// Any bytes as the code of a function, compiled or start-up code in assembly, for amd64 and arm64.
///
/// Input: one byte for the shape, then code.
pub(super) fn code(input: &[u8]) {
    let Some((&shape, code)) = input.split_first() else {
        return;
    };
    let data = program(shape, &code[..code.len().min(LONGEST_CODE)]).build();
    let binary = Binary::parse(&data).expect("only its code is odd");
    let isa = Isa::of(&binary);
    let Ok(used) = &isa.used else { return };
    let needed = isa.needed().expect("something is proven");
    assert!(needed.covers(&used.proven));
    for feature in &used.features {
        assert!(feature.functions > 0 && feature.functions <= feature.instructions);
        assert!(feature.proving <= feature.functions);
        assert!(!feature.examples.is_empty());
        let level = feature.level.filter(|_| feature.proving > 0);
        assert!(level.is_none_or(|level| used.proven.covers(&level)));
    }
}

/// The program of [`code`]. Its build information holds what start-up code prints where the CPU is too old.
pub(super) fn program(shape: u8, code: &[u8]) -> Miniature {
    let (is_arm64, is_assembly) = (shape & 1 != 0, shape & 2 != 0);
    let name = if is_assembly {
        "runtime.rt0_go.abi0"
    } else {
        "main.main"
    };
    let refusals = "This program can only be run on AMD64 processors with v3 microarchitecture support.\n\
                    This program can only run on ARM64 processors with LSE support.\n";
    Miniature {
        module_text: format!("path\texample.com/mini\n{refusals}"),
        functions: vec![
            (name.to_owned(), Vec::new()),
            ("main.helper".to_owned(), Vec::new()),
        ],
        file: if is_assembly { "rt0.s" } else { "main.go" }.to_owned(),
        code: code.to_vec(),
        machine: is_arm64.then_some(ARM64),
        ..Miniature::default()
    }
}

/// A committed binary with bytes changed: each list, whole and filtered, as JSON and text.
///
/// Input: that of `fixture_edits`.
pub(super) fn lists(input: &[u8]) {
    with_edits(input, |data| {
        for member in container::members(data).unwrap_or_default().iter().take(8) {
            if let Ok(binary) = Binary::parse(member.data) {
                list(&binary);
            }
        }
    });
}

fn list(binary: &Binary<'_>) {
    for kind in [Kind::Functions, Kind::Packages, Kind::Modules, Kind::Types] {
        let (all, gaps) = listing::of(binary, kind, &Filter::default());
        let (some, _) = listing::of(binary, kind, &Filter::new(Some("*ma?n*".to_owned())));
        assert!(some.len() <= all.len());
        let target = listing::Target {
            path: "edited".to_owned(),
            member: None,
            entries: some,
            gaps,
        };
        listing::put(&target, true, &mut std::io::sink()).expect("a sink takes everything");
    }
}

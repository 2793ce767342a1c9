//! Each rule reaches each of its verdicts: on committed binaries, on ones whose build information was rewritten, and with
//! single facts replaced.

mod rows_1_to_3;
mod rows_5_to_7;
mod rows_8_and_10;

use goassay_audit::facts::Facts;
use goassay_audit::policy::Policy;
use goassay_audit::registry;
use goassay_audit::releases::Releases;
use goassay_audit::verdict::Verdict;
use goassay_binary::gap::{Gap, Topic};
use goassay_binary::{Binary, container};
use std::collections::{BTreeMap, BTreeSet};

const PURE: &str = "elf-amd64-go1.27";
const OLD: &str = "elf-amd64-go1.21-plain";
const PIE: &str = "elf-arm64-go1.27-pie";
const CGO: &str = "elf-amd64-c-shared";
const OBJECT: &str = "elf-amd64-c-archive";
const PLUGIN: &str = "elf-amd64-plugin";
const PE: &str = "pe-amd64-go1.26";
const MACHO: &str = "macho-arm64-go1.25";

/// One rule on one binary.
struct Case {
    rule: &'static str,
    expected: &'static str,
    sample: &'static str,
    /// What stands in the place of the module text.
    info: Option<&'static str>,
    policy: fn(&mut Policy),
    facts: fn(&mut Facts<'_>),
}

/// A case on a sample as it is; the fields say what differs.
fn case(rule: &'static str, expected: &'static str, sample: &'static str) -> Case {
    Case {
        rule,
        expected,
        sample,
        info: None,
        policy: |_| {},
        facts: |_| {},
    }
}

impl Case {
    fn info(self, text: &'static str) -> Case {
        Case {
            info: Some(text),
            ..self
        }
    }

    fn policy(self, policy: fn(&mut Policy)) -> Case {
        Case { policy, ..self }
    }

    fn facts(self, facts: fn(&mut Facts<'_>)) -> Case {
        Case { facts, ..self }
    }

    fn judge(&self) -> Verdict {
        let mut data = goassay_fixtures::bytes(self.sample);
        if let Some(text) = self.info {
            rewrite_info(&mut data, text);
        }
        let members = container::members(&data).expect("a file");
        let binary = members
            .iter()
            .find_map(|member| Binary::parse(member.data).ok())
            .expect("a Go binary");
        let mut facts = Facts::of(&binary);
        (self.facts)(&mut facts);
        let mut policy = Policy {
            as_of: "2026-11-22".parse().ok(),
            releases: Some(releases()),
            ..Policy::default()
        };
        (self.policy)(&mut policy);
        let rule = registry::find(self.rule).expect("a rule");
        (rule.judge)(&facts, &policy)
    }
}

/// Releases as a database of that day would show them.
fn releases() -> Releases {
    Releases {
        newest: [(26, 6), (27, 4)].into(),
        candidates: [27, 28].into(),
        date: "2026-11-01".parse().ok(),
    }
}

fn gap() -> Gap {
    Gap::new(Topic::Image, "made up")
}

/// Puts `text` in the place of the module text; empty lines, which say nothing, fill what is left.
fn rewrite_info(data: &mut [u8], text: &str) {
    const START: &[u8] = b"\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6";
    const END: &[u8] = b"\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2";
    let find = |data: &[u8], part: &[u8]| data.windows(part.len()).position(|w| w == part);
    let mut done = 0;
    let mut from = 0;
    while let Some(start) = find(&data[from..], START).map(|at| from + at + START.len()) {
        from = start;
        let Some(len) = find(&data[start..], END).filter(|len| *len < 10_000) else {
            continue;
        };
        assert!(
            text.len() <= len,
            "{} bytes are there for {}",
            len,
            text.len()
        );
        let place = &mut data[start..start + len];
        place.fill(b'\n');
        place[..text.len()].copy_from_slice(text.as_bytes());
        done += 1;
    }
    assert!(done > 0, "the module text is found");
}

fn all() -> Vec<Case> {
    [
        rows_1_to_3::cases(),
        rows_5_to_7::cases(),
        rows_8_and_10::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn rules_say_what_is_so() {
    let mut faults = Vec::new();
    for case in all() {
        let verdict = case.judge();
        if verdict.name() != case.expected {
            faults.push(format!(
                "{} of {} ({:?}): {verdict:?}, not {}",
                case.rule, case.sample, case.info, case.expected
            ));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Rules that have something to say of every binary.
const ALWAYS_APPLY: [&str; 18] = [
    "T1-debug-info",
    "T10-experiments",
    "T10-godebug",
    "T10-instrumented",
    "T10-optimised",
    "T10-patched",
    "T10-release",
    "T10-supported",
    "T2-build-date",
    "T2-credentials",
    "T2-paths",
    "T2-trimpath",
    "T2-x-recorded",
    "T6-clean",
    "T6-origin",
    "T6-version",
    "T8-build-info",
    "T8-pclntab",
];

#[test]
fn every_verdict_of_every_rule_has_a_case() {
    let mut reached: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for case in all() {
        reached.entry(case.rule).or_default().insert(case.expected);
    }
    let mut faults = Vec::new();
    // The rules of T4 have their tests beside the detection of instructions; a packed file cannot be opened.
    let rules = registry::all().filter(|rule| rule.row() != "T4" && rule.id != "T8-packed");
    for rule in rules {
        let mut wanted = vec!["pass", "fail", "unknown"];
        if !ALWAYS_APPLY.contains(&rule.id) {
            wanted.push("not-applicable");
        }
        let reached = reached.get(rule.id).cloned().unwrap_or_default();
        let missing = wanted.iter().filter(|word| !reached.contains(*word));
        faults.extend(missing.map(|word| format!("{} never says {word}", rule.id)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_packed_file_fails_one_rule_and_leaves_the_rest_unknown() {
    let judged = registry::audit_packed("UPX", &Policy::default());
    let (packed, rest): (Vec<_>, Vec<_>) = judged.iter().partition(|j| j.rule.id == "T8-packed");
    assert!(packed.iter().all(|j| j.counts()) && packed.len() == 1);
    assert!(rest.iter().all(|j| j.verdict.name() == "unknown") && !rest.is_empty());
}

#[test]
fn waivers_cover_what_they_name_until_their_day() {
    use goassay_audit::policy::{Scope, Waiver};
    let data = goassay_fixtures::bytes(PURE);
    let binary = Binary::parse(&data).expect("a Go binary");
    let facts = Facts::of(&binary);
    let waiver = |path: Option<&str>, until: &str| Waiver {
        rule: "T5-pie".to_owned(),
        reason: "runs in a sandbox".to_owned(),
        until: until.parse().ok(),
        path: path.map(str::to_owned),
        module: None,
    };
    let policy = Policy {
        waivers: vec![
            waiver(Some("other"), "2027-01-01"),
            waiver(None, "2026-01-01"),
            waiver(Some("bin/*"), "2026-11-22"),
        ],
        ..Policy::default()
    };
    assert_eq!(policy.faults(), [""; 0]);
    let scope = Scope {
        path: "bin/tool",
        module: None,
        as_of: "2026-11-22".parse().expect("a day"),
    };
    let mut judged = registry::audit(&facts, &policy);
    assert_eq!(registry::waive(&mut judged, &policy, &scope), [2]);
    let pie = judged
        .iter()
        .find(|j| j.rule.id == "T5-pie")
        .expect("judged");
    assert!(pie.verdict.name() == "fail" && !pie.counts());
    let unknown = Policy {
        waivers: vec![Waiver {
            rule: "T0-x".to_owned(),
            ..Waiver::default()
        }],
        levels: [("T0-y".to_owned(), None)].into(),
        ..Policy::default()
    };
    assert_eq!(unknown.faults().len(), 3);
}

//! Sample audits through every format: expected files, schemas, hostile text, determinism, exit code.
//!
//! `GOASSAY_UPDATE_GOLDEN=1 cargo test -p goassay-report` writes the expected files anew.

#[expect(dead_code, reason = "the samples of scans are for the other test")]
mod common;

use common::{HOSTILE, run as scan_run, target as scan_target};
use goassay_audit::facts::Facts;
use goassay_audit::policy::{Policy, Profile};
use goassay_audit::registry::Rule;
use goassay_audit::verdict::{Failing, Judged, Level, Verdict, Waived};
use goassay_binary::gap::{Gap, Topic};
use goassay_report::audit::{Format, IdleWaiver, Report, Run, Target, TextOptions, render};
use goassay_report::document::{Failure, FailureKind, IdleCause};
use goassay_report::render::Style;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

// Verdicts are made by hand here: no rule is asked.
fn never(_: &Facts<'_>, _: &Policy) -> Verdict {
    Verdict::NotApplicable("not asked".into())
}

const fn rule(id: &'static str, title: &'static str) -> Rule {
    Rule {
        id,
        title,
        level: Some(Level::Error),
        profiles: &[],
        pass: "The headers say so.",
        limits: "Nothing about the code.",
        help: "Build it otherwise.",
        judge: never,
    }
}

static PIE: Rule = rule("T5-sample-pie", "position-independent executable");
static PATHS: Rule = rule("T2-sample-paths", "no path of the build machine");
static VERSION: Rule = rule("T6-sample-version", "version is known");
static CANARY: Rule = rule("T7-sample-canary", "C code has stack canaries");
static LEVEL: Rule = rule("T4-sample-level", "instruction-set level is as recorded");

fn judged(rule: &'static Rule, level: Level, verdict: Verdict) -> Judged {
    Judged {
        rule,
        level,
        verdict,
        waived: None,
    }
}

fn failing(what: &str, evidence: &[&str], fix: &str) -> Verdict {
    Verdict::Fail(Failing {
        what: what.into(),
        evidence: evidence.iter().map(|&text| text.to_owned()).collect(),
        more: 0,
        fix: fix.into(),
    })
}

fn fixed_address() -> Verdict {
    failing(
        "loaded at a fixed address",
        &["ET_EXEC"],
        "go build -buildmode=pie",
    )
}

fn passed() -> Verdict {
    Verdict::Pass(vec!["v1.2.3 in the build information".into()])
}

fn pure_go() -> Verdict {
    Verdict::NotApplicable("pure Go: no C function is linked".into())
}

fn target(path: &str, judged: Vec<Judged>) -> Target {
    let scanned = scan_target(path);
    Target {
        path: path.into(),
        member: None,
        also_at: vec![],
        facts: scanned.facts,
        judged,
    }
}

fn run(targets: Vec<Target>) -> Run {
    let scan = scan_run(vec![]);
    Run {
        tool: scan.tool,
        database: scan.database,
        profile: Profile::Production,
        as_of: "2026-11-21".into(),
        fail_on: Level::Error,
        failing_exit_code: 1,
        targets,
        failures: vec![],
        idle_waivers: vec![],
    }
}

fn fine() -> Target {
    target(
        "bin/fine",
        vec![
            judged(&VERSION, Level::Warning, passed()),
            judged(&CANARY, Level::Warning, pure_go()),
        ],
    )
}

fn bad(path: &str) -> Target {
    let many: Vec<String> = (1..=7)
        .map(|n| format!("/home/alice/src/f{n}.go"))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut paths = failing(
        "names 9 files of the machine that built it, and the user alice",
        &many,
        "go build -trimpath",
    );
    if let Verdict::Fail(failing) = &mut paths {
        failing.more = 2;
    }
    target(
        path,
        vec![
            judged(&PATHS, Level::Warning, paths),
            judged(&PIE, Level::Error, fixed_address()),
            judged(
                &VERSION,
                Level::Note,
                failing("(devel)", &[], "git tag v1.2.3\ngo build"),
            ),
            judged(&CANARY, Level::Warning, pure_go()),
        ],
    )
}

fn blind(path: &str, level: Level) -> Target {
    let gap = Gap::new(Topic::Symbols, "no pc-line table was found");
    let unknown = || Verdict::Unknown(vec![gap.clone()]);
    target(
        path,
        vec![
            judged(&LEVEL, level, unknown()),
            judged(&VERSION, Level::Warning, passed()),
            judged(&CANARY, Level::Note, unknown()),
        ],
    )
}

fn waived() -> Target {
    let mut waived = judged(&PIE, Level::Error, fixed_address());
    waived.waived = Some(Waived {
        reason: "runs in a sandbox".into(),
        until: Some("2027-01-31".into()),
    });
    target("bin/waived", vec![waived])
}

fn with_idle(cause: IdleCause) -> IdleWaiver {
    IdleWaiver {
        rule: "T5-sample-pie".into(),
        place: "goassay.toml:12".into(),
        reason: "old".into(),
        cause,
    }
}

fn hostile() -> Run {
    let mut target = target(
        HOSTILE,
        vec![
            judged(
                &PATHS,
                Level::Error,
                failing(HOSTILE, &[HOSTILE], "go build"),
            ),
            judged(
                &PIE,
                Level::Error,
                Verdict::Unknown(vec![Gap::new(Topic::Image, HOSTILE)]),
            ),
            judged(&VERSION, Level::Note, Verdict::Pass(vec![HOSTILE.into()])),
            judged(&CANARY, Level::Note, Verdict::NotApplicable(HOSTILE.into())),
        ],
    );
    target.member = Some(HOSTILE.into());
    target.also_at = vec![HOSTILE.into()];
    target.facts.go_version = Some(HOSTILE.into());
    let mut run = run(vec![target, waived()]);
    run.failures = vec![failure(HOSTILE, HOSTILE)];
    run.idle_waivers = vec![IdleWaiver {
        rule: HOSTILE.into(),
        place: HOSTILE.into(),
        reason: HOSTILE.into(),
        cause: IdleCause::Unused,
    }];
    run
}

fn failure(path: &str, message: &str) -> Failure {
    Failure {
        path: path.into(),
        kind: FailureKind::NotFound,
        message: message.into(),
        hint: Some("check the spelling".into()),
    }
}

fn samples() -> Vec<(&'static str, Report)> {
    let mut partial = run(vec![bad("bin/a"), blind("bin/b", Level::Error)]);
    partial.failures = vec![failure("absent", "cannot read it: no such file")];
    let mut lenient = run(vec![waived(), blind("bin/b", Level::Warning)]);
    lenient.idle_waivers = vec![
        with_idle(IdleCause::Unused),
        with_idle(IdleCause::Expired("2026-01-01".into())),
    ];
    vec![
        ("nothing", Report::new(run(vec![]))),
        ("fine", Report::new(run(vec![fine()]))),
        ("failed", Report::new(run(vec![bad("bin/bad")]))),
        (
            "several",
            Report::new(run(vec![bad("bin/b"), fine(), bad("bin/a")])),
        ),
        ("partial", Report::new(partial)),
        ("lenient", Report::new(lenient)),
        ("hostile", Report::new(hostile())),
    ]
}

/// Outcome and exit code of every sample: written down here, so that no renderer and no golden can move them.
const EXPECTED: [(&str, &str, u8); 7] = [
    ("nothing", "clean", 0),
    ("fine", "clean", 0),
    ("failed", "findings", 1),
    ("several", "findings", 1),
    ("partial", "findings-and-incomplete", 2),
    ("lenient", "clean", 0),
    ("hostile", "findings-and-incomplete", 2),
];

fn shown(report: &Report, format: Format, all: bool) -> String {
    let text = TextOptions {
        width: 100,
        style: Style::Plain,
        all,
        database_age: Some("92 days old".to_owned()),
    };
    let mut out = Vec::new();
    render(report, format, &text, &mut out).expect("a vector takes everything");
    String::from_utf8(out).expect("all formats are UTF-8")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn check_golden(name: &str, actual: &str) {
    let path = root().join("tests/golden-audit").join(name);
    #[expect(
        clippy::disallowed_methods,
        reason = "the one switch that writes goldens anew"
    )]
    let update = std::env::var_os("GOASSAY_UPDATE_GOLDEN").is_some();
    if update {
        fs::write(&path, actual).expect("the folder of expected files can be written");
    }
    let expected = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert_eq!(actual, expected, "{name}");
}

#[test]
fn every_sample_looks_as_expected_in_every_format() {
    for (name, report) in samples() {
        for format in Format::ALL {
            let shown = shown(&report, format, false);
            check_golden(&format!("{name}.{}", format.name()), &shown);
        }
        check_golden(
            &format!("{name}.text-all"),
            &shown(&report, Format::Text, true),
        );
    }
}

#[test]
fn the_exit_code_is_the_same_in_every_format() {
    for ((name, report), (expected, outcome, code)) in samples().into_iter().zip(EXPECTED) {
        assert_eq!(name, expected);
        assert_eq!(report.verdict().outcome.name(), outcome, "{name}");
        assert_eq!(report.exit_code(), code, "{name}");
        let json: Value = serde_json::from_str(&shown(&report, Format::Json, false)).unwrap();
        assert_eq!(json["verdict"]["exit_code"], u64::from(code), "{name}");
        let sarif: Value = serde_json::from_str(&shown(&report, Format::Sarif, false)).unwrap();
        let invocation = &sarif["runs"][0]["invocations"][0];
        assert_eq!(invocation["exitCode"], u64::from(code), "{name}");
        for format in [Format::Text, Format::Html, Format::Markdown, Format::Github] {
            let shown = shown(&report, format, false).replace("\n  ", " ");
            let said = format!("(exit code {code})");
            assert!(shown.contains(&said), "{name} {}", format.name());
        }
    }
}

fn validator(path: &str) -> jsonschema::Validator {
    let text = fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    // The pattern of `language` in the published SARIF schema has a bracket too many and is no regular expression.
    let text = text.replace("-[a-zA-Z]{2}]?$", "-[a-zA-Z]{2}$");
    let schema = serde_json::from_str(&text).expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("the schema is one")
}

#[test]
fn documents_fit_their_schemas() {
    for (format, schema) in [
        (Format::Json, "../../docs/formats/audit.schema.json"),
        (Format::Sarif, "tests/schemas/sarif-2.1.0.schema.json"),
    ] {
        let validator = validator(schema);
        for (name, report) in samples() {
            let document = serde_json::from_str(&shown(&report, format, false)).unwrap();
            let errors: Vec<String> = validator
                .iter_errors(&document)
                .map(|e| format!("{}: {e}", e.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{name}: {errors:#?}");
        }
    }
}

#[test]
fn the_schema_refuses_what_the_document_does_not_promise() {
    let validator = validator("../../docs/formats/audit.schema.json");
    let (_, report) = samples().remove(2);
    let mut document: Value = serde_json::from_str(&shown(&report, Format::Json, false)).unwrap();
    assert!(validator.is_valid(&document));
    document["targets"][0]["verdicts"][0]["surprise"] = Value::Null;
    assert!(!validator.is_valid(&document));
}

fn is_harmful(c: char) -> bool {
    (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[test]
fn hostile_text_is_harmless_in_every_format() {
    let report = Report::new(hostile());
    for format in Format::ALL {
        let text = shown(&report, format, true);
        let name = format.name();
        assert_eq!(text.chars().find(|&c| is_harmful(c)), None, "{name}");
        assert!(!text.contains("##vso"), "{name}");
        let commands = text.lines().filter(|l| l.trim_start().starts_with("::"));
        let ours = ["::error ", "::warning ", "::notice "];
        for command in commands {
            assert_eq!(format, Format::Github, "{name}: {command}");
            assert!(ours.iter().any(|our| command.starts_with(our)), "{command}");
            assert_eq!(command.matches("::").count(), 2, "{command}");
        }
    }
    for format in [Format::Html, Format::Markdown] {
        let text = shown(&report, format, true).to_lowercase();
        for markup in ["<script", "<img", "](", "javascript:", "<b>x"] {
            assert!(!text.contains(markup), "{}: {markup}", format.name());
        }
    }
}

#[test]
fn the_order_in_which_files_were_finished_does_not_show() {
    for (name, report) in samples() {
        let mut shuffled = report.run().clone();
        shuffled.targets.reverse();
        shuffled.failures.reverse();
        shuffled.idle_waivers.reverse();
        let shuffled = Report::new(shuffled);
        for format in Format::ALL {
            assert_eq!(
                shown(&report, format, true),
                shown(&shuffled, format, true),
                "{name} {}",
                format.name()
            );
        }
    }
}

#[test]
fn what_is_unknown_below_the_threshold_is_no_obstacle_and_at_it_is_one() {
    let code = |level| Report::new(run(vec![blind("b", level)])).exit_code();
    assert_eq!(code(Level::Error), 2);
    assert_eq!(code(Level::Warning), 0);
    let mut strict = run(vec![blind("b", Level::Warning)]);
    strict.fail_on = Level::Note;
    assert_eq!(Report::new(strict).verdict().obstacles.len(), 2);
}

#[test]
fn the_threshold_decides_what_counts() {
    let code = |fail_on| {
        let mut run = run(vec![target(
            "a",
            vec![judged(&PATHS, Level::Warning, fixed_address())],
        )]);
        run.fail_on = fail_on;
        run.failing_exit_code = 7;
        Report::new(run).exit_code()
    };
    assert_eq!(
        [code(Level::Error), code(Level::Warning), code(Level::Note)],
        [0, 7, 7]
    );
}

#[test]
fn text_fits_the_width_except_for_fixes_and_long_names() {
    for (name, report) in samples().into_iter().filter(|(name, _)| *name != "hostile") {
        for line in shown(&report, Format::Text, true).lines() {
            assert!(line.chars().count() <= 100, "{name}: {line}");
        }
    }
}

#[test]
fn no_expected_file_is_forgotten() {
    let names: Vec<&str> = samples().iter().map(|(name, _)| *name).collect();
    for entry in fs::read_dir(root().join("tests/golden-audit")).expect("the folder is there") {
        let name = entry
            .expect("readable")
            .file_name()
            .into_string()
            .expect("UTF-8");
        let sample = name.split('.').next().unwrap_or_default();
        assert!(names.contains(&sample), "{name} belongs to no sample");
    }
}

//! Which modules, versions and platforms an advisory applies to.

use super::*;

#[test]
fn versions_outside_of_the_range_are_no_finding() {
    let names = names(&["example.com/m/p.F"]);
    let advisories = [advisory("GO-1", "example.com/m", FIXED_1_5, F_AND_TM)];
    for version in [
        "v1.5.0",
        "v1.5.0+incompatible",
        "v2.0.0",
        "v1.5.1-0.20240101000000-abcdefabcdef",
    ] {
        let scan = run(
            &subject(&names, &[module("example.com/m", version)]),
            &advisories,
        );
        // The source is asked all the same: it checks its names on the way.
        assert_eq!(
            (scan.findings, scan.symbols, names.located.replace(0)),
            (vec![], vec![], 1),
            "{version}"
        );
    }
}

#[test]
fn versions_that_cannot_be_ordered_stay_undecided() {
    let names = names(&["example.com/m/p.F"]);
    let advisories = [advisory("GO-1", "example.com/m", FIXED_1_5, F_AND_TM)];
    for version in ["", "(devel)", "master"] {
        let scan = run(
            &subject(&names, &[module("example.com/m", version)]),
            &advisories,
        );
        let finding = only(&scan);
        assert!(
            matches!(finding.applies, Applies::Undecided(_)),
            "{version}"
        );
        assert_eq!(
            (finding.tier, &finding.fixed),
            (Tier::Linked, &None),
            "{version}"
        );
    }
}

#[test]
fn platform_limits_count_where_the_platform_is_known() {
    let names = names(&["example.com/m/p.F"]);
    let windows = r#""imports": [{"path": "example.com/m/p", "symbols": ["F"], "goos": ["windows"], "goarch": ["amd64", "arm"]}]"#;
    let advisories = [advisory("GO-1", "example.com/m", EVERYTHING, windows)];
    let cases = [
        (Some("linux"), Some("amd64"), 0),
        (Some("windows"), Some("amd64"), 1),
        (Some("windows"), Some("386"), 0),
        (None, Some("arm"), 1),
        (Some(""), None, 1),
    ];
    for (goos, goarch, findings) in cases {
        let mut subject = subject(&names, &[module("example.com/m", "v1.4.0")]);
        (subject.goos, subject.goarch) = (goos, goarch);
        assert_eq!(
            run(&subject, &advisories).findings.len(),
            findings,
            "{goos:?} {goarch:?}"
        );
    }
}

#[test]
fn a_platform_that_builds_the_files_of_another_has_its_advisories() {
    let names = names(&["example.com/m/p.F"]);
    for (goos, limit, findings) in [
        ("android", "linux", 1),
        ("illumos", "solaris", 1),
        ("ios", "darwin", 1),
        ("linux", "android", 0),
    ] {
        let import = format!(
            r#""imports": [{{"path": "example.com/m/p", "symbols": ["F"], "goos": ["{limit}"]}}]"#
        );
        let mut subject = subject(&names, &[module("example.com/m", "v1.4.0")]);
        subject.goos = Some(goos);
        let scan = run(
            &subject,
            &[advisory("GO-1", "example.com/m", EVERYTHING, &import)],
        );
        assert_eq!(scan.findings.len(), findings, "{goos} on {limit}");
    }
}

#[test]
fn withdrawn_advisories_count_until_their_day() {
    let names = names(&["example.com/m/p.F"]);
    let subject = subject(&names, &[module("example.com/m", "v1.4.0")]);
    let json = advisory("GO-1", "example.com/m", EVERYTHING, F_AND_TM).replacen(
        '{',
        r#"{"withdrawn": "2024-08-21T16:25:56Z", "#,
        1,
    );
    let bytes = database(&[json]);
    let database = Database::open(&bytes).unwrap();
    let on = |day: &str| {
        scan(
            &subject,
            &database,
            &Options {
                as_of: day.parse().unwrap(),
                places: Places::All,
            },
        )
        .unwrap()
        .findings
        .len()
    };
    assert_eq!(
        (on("2024-08-20"), on("2024-08-21"), on("2026-01-01")),
        (1, 0, 0)
    );
}

#[test]
fn replacements_are_matched_as_what_replaces() {
    let names = names(&["example.com/old/p.F"]);
    let replaced = Module {
        path: "example.com/old",
        version: "v1.0.0",
        replace: Some(("example.com/m", "v1.4.0")),
    };
    let advisories = [
        advisory("GO-1", "example.com/m", FIXED_1_5, F_AND_TM),
        advisory("GO-2", "example.com/old", EVERYTHING, ""),
    ];
    let scan = run(&subject(&names, &[replaced]), &advisories);
    let finding = only(&scan);
    assert_eq!(
        (finding.advisory.id.as_str(), finding.tier),
        ("GO-1", Tier::Linked)
    );
    assert_eq!(
        (
            finding.module.path.as_str(),
            finding.module.version.as_str()
        ),
        ("example.com/m", "v1.4.0")
    );
    assert_eq!(
        finding.module.replaces,
        Some(("example.com/old".to_owned(), "v1.0.0".to_owned()))
    );
    assert_eq!(symbols(&scan, finding), ["example.com/old/p F"]);
    assert!(
        scan.notes[0].contains("1 entries for the original"),
        "{:?}",
        scan.notes
    );
}

#[test]
fn a_local_directory_leaves_the_original_undecided() {
    let names = names(&["example.com/m/p.F"]);
    for replace in [
        ("../fork", "(devel)"),
        ("/src/fork", "(devel)"),
        ("C:\\fork", "(devel)"),
        ("./fork", ""),
        ("./fork", "v1.9.0"),
    ] {
        let directory = replace.0;
        let replaced = Module {
            path: "example.com/m",
            version: "v1.9.0",
            replace: Some(replace),
        };
        let scan = run(
            &subject(&names, &[replaced]),
            &[advisory("GO-1", "example.com/m", FIXED_1_5, F_AND_TM)],
        );
        let Applies::Undecided(why) = &only(&scan).applies else {
            panic!()
        };
        assert!(
            why.contains("replaced by a local directory") && why.contains(directory),
            "{why}"
        );
    }
}

#[test]
fn modules_without_a_dot_come_before_the_standard_library() {
    let names = names(&["example/app/url.Parse", "net/url.Parse"]);
    let mut subject = subject(&names, &[]);
    subject.main = Some(module("example", "v1.0.0"));
    let std =
        r#""imports": [{"path": "net/url", "symbols": ["Parse"]}, {"path": "example/app/url"}]"#;
    let scan = run(&subject, &[advisory("GO-1", "stdlib", EVERYTHING, std)]);
    assert_eq!(symbols(&scan, only(&scan)), ["net/url Parse"]);
}

#[test]
fn packages_of_no_module_are_a_gap() {
    let names = names(&[
        "main.main",
        "example.com/app/cmd/app.main",
        "example.com/app_test.TestX",
        "vendor/golang.org/x/net/idna.F",
        "net/url.Parse",
        "example.com/m/p.F",
        "example.org/lost/p.F",
        "example.org/lost%2ev2.F",
    ]);
    let scan = run(
        &subject(&names, &[module("example.com/m", "v1.4.0")]),
        &[advisory("GO-1", "example.com/m", EVERYTHING, F_AND_TM)],
    );
    assert_eq!(only(&scan).tier, Tier::Linked);
    let [gap] = scan.gaps.as_slice() else {
        panic!("{:?}", scan.gaps)
    };
    assert_eq!(gap.topic, Topic::BuildInfo);
    assert!(
        gap.reason.contains("2 of the packages (example.org/lost/p"),
        "{gap}"
    );
}

#[test]
fn more_versions_of_a_module_than_a_build_can_have_are_a_gap() {
    let names = names(&["example.com/m/p.F"]);
    let versions: Vec<String> = (0..100_000).map(|n| format!("v1.0.{n}")).collect();
    let modules: Vec<Module<'_>> = versions
        .iter()
        .map(|version| Module {
            path: "example.com/m",
            version,
            replace: None,
        })
        .collect();
    let scan = run(
        &subject(&names, &modules),
        &[advisory("GO-1", "example.com/m", EVERYTHING, F_AND_TM)],
    );
    assert_eq!(scan.findings.len(), 16);
    assert!(scan.gaps[0].reason.contains("more than 16 versions"));
}

#[test]
fn go_commands_are_the_toolchain() {
    let names = names(&[
        "main.main",
        "cmd/go/internal/get.run",
        "cmd/vendor/golang.org/x/mod/zip.Create",
    ]);
    let mut subject = subject(&names, &[module("golang.org/x/mod", "v0.1.0")]);
    (subject.main_package, subject.main) = (Some("cmd/go"), Some(module("cmd", "(devel)")));
    let get = r#""imports": [{"path": "cmd/go/internal/get", "symbols": ["run"]}]"#;
    let zip = r#""imports": [{"path": "golang.org/x/mod/zip", "symbols": ["Create"]}]"#;
    let advisories = [
        advisory("GO-1", "toolchain", EVERYTHING, get),
        advisory("GO-2", "golang.org/x/mod", EVERYTHING, zip),
    ];
    let scan = run(&subject, &advisories);
    let found: Vec<_> = scan
        .findings
        .iter()
        .map(|f| (f.module.path.as_str(), f.tier))
        .collect();
    assert_eq!(
        found,
        [
            ("toolchain", Tier::Linked),
            ("golang.org/x/mod", Tier::Linked)
        ]
    );
    subject.main_package = Some("example.com/app");
    assert_eq!(run(&subject, &advisories[..1]).findings, []);
}

#[test]
fn vendored_packages_belong_to_the_standard_library() {
    let names = names(&[
        "vendor/golang.org/x/text/unicode/norm.Form.Append",
        "vendor/golang.org/x/sys/cpu.init",
    ]);
    let norm =
        r#""imports": [{"path": "golang.org/x/text/unicode/norm", "symbols": ["Form.Append"]}]"#;
    let text = advisory("GO-1", "golang.org/x/text", EVERYTHING, norm);
    let scan = run(
        &subject(&names, &[module("golang.org/x/text", "v0.1.0")]),
        std::slice::from_ref(&text),
    );
    assert_eq!(only(&scan).tier, Tier::Module);
    assert!(
        scan.notes[0].contains("packages of golang.org/x/text are"),
        "{:?}",
        scan.notes
    );
    let std = r#""imports": [{"path": "vendor/golang.org/x/text/unicode/norm", "symbols": ["Form.Append"]}]"#;
    let scan = run(
        &subject(&names, &[]),
        &[text, advisory("GO-2", "stdlib", EVERYTHING, std)],
    );
    assert_eq!(
        (only(&scan).advisory.id.as_str(), only(&scan).tier),
        ("GO-2", Tier::Linked)
    );
}

#[test]
fn toolchains_of_vendors_and_development_say_so() {
    let names = names(&["net/url.Parse"]);
    let url = r#""imports": [{"path": "net/url", "symbols": ["Parse"]}]"#;
    let events = r#"{"introduced": "0"}, {"fixed": "1.25.9"}, {"introduced": "1.26.0-0"}, {"fixed": "1.26.2"}"#;
    let advisories = [advisory("GO-1", "stdlib", events, url)];
    let with = |version: Option<&'static str>| {
        let mut subject = subject(&names, &[]);
        subject.go_version = version;
        run(&subject, &advisories)
    };
    let red_hat = with(Some("go1.24.4 (Red Hat 1.24.4-1.el9)"));
    assert_eq!(only(&red_hat).applies, Applies::Affected);
    assert!(
        only(&red_hat).reasons[0].contains("(Red Hat 1.24.4-1.el9)"),
        "{:?}",
        only(&red_hat).reasons
    );
    assert_eq!(only(&red_hat).fixed.as_deref(), Some("go1.25.9"));
    assert_eq!(
        only(&with(Some("go1.26rc1 X:jsonv2"))).reasons,
        Vec::<String>::new()
    );
    assert!(matches!(
        only(&with(Some("devel go1.27-abcdef"))).applies,
        Applies::Undecided(_)
    ));
    assert_eq!(with(Some("devel go1.28-abcdef")).findings, []);
    assert_eq!(with(Some("go1.26.2-bigcorp")).findings, []);
    let unknown = with(None);
    assert_eq!(unknown.findings, []);
    assert!(
        unknown.gaps[0]
            .reason
            .contains("standard library could not be matched")
    );
    assert!(matches!(
        only(&with(Some("gold"))).applies,
        Applies::Undecided(_)
    ));
}

#[test]
fn a_modified_tree_is_said() {
    let names = names(&["example.com/m/p.F"]);
    let scan = run(
        &subject(&names, &[module("example.com/m", "v1.4.0+dirty")]),
        &[advisory("GO-1", "example.com/m", FIXED_1_5, F_AND_TM)],
    );
    assert_eq!(only(&scan).applies, Applies::Affected);
    assert!(only(&scan).reasons[0].contains("modified tree"));
}

#[test]
fn ranges_of_the_projects_own_are_never_dropped() {
    let names = names(&["example.com/m/p.F"]);
    let custom = format!(
        r#"{F_AND_TM}, "custom_ranges": [{{"type": "ECOSYSTEM", "events": [{{"introduced": "2.0.0"}}, {{"fixed": "2.4.1"}}]}}]"#
    );
    let cases = [
        (
            "v2.3.0+incompatible",
            true,
            "read so, v2.3.0+incompatible is among",
        ),
        ("v2.4.1+incompatible", false, "is not among"),
        ("v1.9.9", false, "is not among"),
        (
            "v0.0.0-20240101000000-abcdefabcdef",
            true,
            "cannot be ordered",
        ),
    ];
    for (version, affected, part) in cases {
        let scan = run(
            &subject(&names, &[module("example.com/m", version)]),
            &[advisory("GO-1", "example.com/m", EVERYTHING, &custom)],
        );
        let finding = only(&scan);
        let (is_affected, why) = match &finding.applies {
            Applies::Affected => (true, &finding.reasons[0]),
            Applies::Undecided(why) => (false, why),
        };
        assert_eq!(is_affected, affected, "{version}");
        assert!(
            why.contains(part) && why.contains("fixed in 2.4.1"),
            "{version}: {why}"
        );
    }
    // Where the semantic range says something, it decides.
    let scan = run(
        &subject(&names, &[module("example.com/m", "v1.5.0")]),
        &[advisory("GO-1", "example.com/m", FIXED_1_5, &custom)],
    );
    assert_eq!(scan.findings, []);
}

#[test]
fn entries_of_one_module_are_judged_one_by_one() {
    let names = names(&["example.com/m/p.F", "example.com/m/q.G"]);
    let json = r#"{"id": "GO-1", "affected": [
        {"package": {"name": "example.com/m", "ecosystem": "Go"},
         "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.5.0"}]}],
         "ecosystem_specific": {"imports": [{"path": "example.com/m/p", "symbols": ["F"]}]}},
        {"package": {"name": "example.com/m", "ecosystem": "Go"},
         "ranges": [{"type": "SEMVER", "events": [{"introduced": "1.4.0"}, {"fixed": "1.6.0"}]}],
         "ecosystem_specific": {"imports": [{"path": "example.com/m/q", "symbols": ["G"]}]}}]}"#;
    let at = |version| {
        let scan = run(
            &subject(&names, &[module("example.com/m", version)]),
            &[json.to_owned()],
        );
        let finding = only(&scan).clone();
        (finding.packages, finding.fixed)
    };
    let (p, q, fixed) = (
        "example.com/m/p".to_owned(),
        "example.com/m/q".to_owned(),
        Some("v1.6.0".to_owned()),
    );
    assert_eq!(at("v1.3.0"), (vec![p.clone()], fixed.clone()));
    assert_eq!(at("v1.4.0"), (vec![p, q.clone()], fixed.clone()));
    assert_eq!(at("v1.5.0"), (vec![q], fixed));
}

#[test]
fn strange_build_information_does_not_break_the_match() {
    let names = names(&[
        "example.com/m/p.F",
        "p.",
        ".",
        "",
        "%",
        "a/.b",
        "example.com/m/p.",
        "example.com/m/p.[",
        "\u{0}.\u{0}",
    ]);
    let modules = [
        module("example.com/m", "v1.4.0"),
        module("example.com/m", "v1.4.0"),
        module("example.com/m", "v1.3.0"),
        module("example.com/m", "v9.0.0"),
        module("", ""),
        module("stdlib", "v1.0.0"),
        module("/", "v0.0.0"),
    ];
    let advisories = [
        advisory("GO-1", "example.com/m", FIXED_1_5, F_AND_TM),
        advisory(
            "GO-2",
            "stdlib",
            r#"{"introduced": "0"}, {"fixed": "1.2.0"}"#,
            "",
        ),
    ];
    let scan = run(&subject(&names, &modules), &advisories);
    let versions: Vec<&str> = scan
        .findings
        .iter()
        .map(|finding| finding.module.version.as_str())
        .collect();
    assert_eq!(versions, ["v1.3.0", "v1.4.0"]);
    assert!(
        scan.findings
            .iter()
            .all(|finding| finding.tier == Tier::Linked)
    );
}

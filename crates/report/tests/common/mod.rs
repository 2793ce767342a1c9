//! Sample reports: each shows one situation that every format has to tell apart.

use goassay_binary::gap::{Gap, Topic};
use goassay_report::document::*;
use goassay_report::render::{Format, Show, Style, TextOptions, render};
use goassay_vuln::finding::*;
use goassay_vuln::subject::{Place, Position};

/// All samples by name.
pub(crate) fn samples() -> Vec<(&'static str, Report)> {
    vec![
        ("spotless", Report::new(run(vec![target("bin/hello")]))),
        ("nothing", Report::new(run(vec![]))),
        ("linked", Report::new(run(vec![server()]))),
        ("below", Report::new(run(vec![below()]))),
        ("stripped", Report::new(run(vec![unreadable_names()]))),
        ("lines-gap", Report::new(run(vec![without_lines()]))),
        ("set-aside", Report::new(set_aside())),
        ("many", Report::new(many())),
        ("failures", Report::new(failures())),
        ("hostile", Report::new(hostile())),
    ]
}

/// A report in a format, as text of 100 columns without colours.
pub(crate) fn rendered(report: &Report, format: Format) -> String {
    shown(report, format, Show::default())
}

/// As [`rendered`], with more or less expanded.
pub(crate) fn shown(report: &Report, format: Format, show: Show) -> String {
    let text = TextOptions {
        width: 100,
        style: Style::Plain,
        show,
        database_age: Some("92 days old".to_owned()),
    };
    let mut out = Vec::new();
    render(report, format, &text, &mut out).expect("a vector takes everything");
    String::from_utf8(out).expect("all formats are UTF-8")
}

/// A run of `targets` without anything special.
pub(crate) fn run(targets: Vec<Target>) -> Run {
    Run {
        tool: Tool {
            name: "goassay".into(),
            version: "0.1.0".into(),
        },
        database: DatabaseUse {
            identity: DatabaseIdentity {
                source: "https://vuln.go.dev".into(),
                revision: Some("0123456789abcdef0123456789abcdef01234567".into()),
                date: Some("2026-08-21".into()),
                sha256: "d".repeat(64),
                advisories: 4291,
            },
            origin: DatabaseOrigin::Embedded,
            why: "no newer one was imported".into(),
        },
        as_of: "2026-11-21".into(),
        fail_on: Tier::Linked,
        findings_exit_code: 1,
        targets,
        failures: vec![],
        idle_suppressions: vec![],
        baseline: None,
    }
}

/// A binary in which nothing was found.
pub(crate) fn target(path: &str) -> Target {
    Target {
        path: path.into(),
        member: None,
        sha256: Some("a".repeat(64)),
        facts: TargetFacts {
            format: ImageFormat::Elf,
            kind: ImageKind::Executable,
            arch: "amd64".into(),
            os: Some("linux".into()),
            go_version: Some("go1.21.0".into()),
            main_package: Some("example.com/Server/cmd/server".into()),
            main_module: Some(module("example.com/Server", "v1.2.3+dirty")),
            modules: vec![
                module("golang.org/x/net", "v0.14.0"),
                ModuleFacts {
                    replace: Some(("example.com/fork/yaml".into(), "v2.0.1".into())),
                    ..module("gopkg.in/yaml.v2", "v2.4.0")
                },
            ],
            goos: Some("linux".into()),
            goarch: Some("amd64".into()),
            symbol_table: Presence::Absent,
            dwarf: Presence::Absent,
        },
        scan: Scan {
            findings: vec![],
            symbols: vec![],
            gaps: vec![],
            notes: vec![],
        },
        suppressed: vec![],
        known: vec![],
        also_at: vec![],
    }
}

fn module(path: &str, version: &str) -> ModuleFacts {
    ModuleFacts {
        path: path.into(),
        version: version.into(),
        replace: None,
    }
}

/// A finding: read, affected, reviewed.
pub(crate) fn finding(id: &str, module: (&str, &str), fixed: Option<&str>, tier: Tier) -> Finding {
    Finding {
        advisory: Advisory {
            id: id.into(),
            aliases: vec![id.replace("GO-", "CVE-"), format!("GHSA-{}", &id[3..])],
            review: ReviewStatus::Reviewed,
            published: None,
            modified: Some("2026-08-01T10:00:00Z".into()),
            url: format!("https://pkg.go.dev/vuln/{id}"),
        },
        module: FoundModule {
            path: module.0.into(),
            version: module.1.into(),
            replaces: None,
        },
        fixed: fixed.map(str::to_owned),
        tier,
        evidence: TierEvidence::Read,
        applies: Applies::Affected,
        path: PathGrade::NotComputed("call paths are not computed by this version".into()),
        packages: vec![],
        symbols: vec![],
        whole_package: false,
        reasons: vec![],
    }
}

fn symbol(package: &str, name: &str, places: Vec<Place>) -> Symbol {
    let linker_name = format!("{package}.{name}");
    let variants = vec![Variant {
        kind: VariantKind::Exact,
        linker_name,
        id: 7,
    }];
    Symbol {
        package: package.into(),
        name: name.into(),
        variants,
        places,
    }
}

fn function(address: u64, file: &str, line: u32) -> Place {
    Place::Function {
        address: Some(address),
        position: Some(Position {
            file: file.into(),
            line,
        }),
    }
}

fn inlined(host: &str, file: &str, line: u32) -> Place {
    let call = Some(Position {
        file: file.into(),
        line,
    });
    Place::Inlined {
        host: host.into(),
        host_address: Some(0x48_0000),
        call,
    }
}

const NET: (&str, &str) = ("golang.org/x/net", "v0.14.0");
const STDLIB: (&str, &str) = ("stdlib", "go1.21.0");
const HTTP2: &str = "golang.org/x/net/http2";

/// Every tier, several modules, inlined symbols, a whole package, a replaced module.
pub(crate) fn server() -> Target {
    let mut target = target("bin/server");
    target.also_at = vec!["bin/server-link".into()];
    target.scan.notes =
        vec!["packages vendored into the standard library count as the standard library".into()];
    target.scan.symbols = vec![
        symbol(
            HTTP2,
            "Framer.ReadFrame",
            vec![function(
                0x47_1234,
                "golang.org/x/net@v0.14.0/http2/frame.go",
                492,
            )],
        ),
        symbol(
            HTTP2,
            "Server.ServeConn",
            vec![inlined("main.main", "example.com/server/main.go", 21)],
        ),
        symbol(HTTP2, "Transport.RoundTrip", vec![]),
        symbol(
            HTTP2,
            "serverConn.serve",
            vec![Place::Function {
                address: None,
                position: None,
            }],
        ),
        symbol(
            "net/http",
            "ListenAndServe",
            vec![function(0x46_0000, "net/http/server.go", 3250)],
        ),
        symbol(
            "net/textproto",
            "MIMEHeader.Get",
            vec![inlined("main.main", "net/textproto/header.go", 34)],
        ),
        symbol(
            "net/textproto",
            "NewReader",
            vec![function(0x46_1000, "net/textproto/reader.go", 40)],
        ),
    ];
    target.scan.findings = vec![
        Finding {
            packages: vec!["net/http".into()],
            symbols: vec![4],
            ..finding("GO-2023-2041", STDLIB, Some("go1.21.8"), Tier::Linked)
        },
        Finding {
            packages: vec![HTTP2.into()],
            symbols: vec![0, 1, 2, 3],
            ..finding("GO-2023-2102", NET, Some("v0.17.0"), Tier::Linked)
        },
        Finding {
            packages: vec!["net/http".into()],
            symbols: vec![4],
            ..finding("GO-2023-2102", STDLIB, Some("go1.21.10"), Tier::Linked)
        },
        Finding {
            packages: vec!["golang.org/x/net/html".into()],
            ..finding("GO-2024-3333", NET, Some("v0.33.0"), Tier::Package)
        },
        finding("GO-2025-3503", NET, Some("v0.36.0"), Tier::Module),
        Finding {
            packages: vec!["example.com/fork/yaml".into()],
            whole_package: true,
            reasons: vec!["no symbols listed: the advisory covers the whole package".into()],
            module: FoundModule {
                path: "example.com/fork/yaml".into(),
                version: "v2.0.1".into(),
                replaces: Some(("gopkg.in/yaml.v2".into(), "v2.4.0".into())),
            },
            ..finding("GO-2026-4444", NET, None, Tier::Linked)
        },
        Finding {
            packages: ["", "/a", "/b", "/c", "/d"]
                .map(|p| format!("net/textproto{p}"))
                .to_vec(),
            symbols: vec![5, 6],
            whole_package: true,
            ..finding("GO-2026-4445", STDLIB, Some("go1.21.9"), Tier::Linked)
        },
        Finding {
            applies: Applies::Undecided(
                "`devel go1.27-abcdef` cannot be ordered against go1.27rc1".into(),
            ),
            ..finding("GO-2026-5555", STDLIB, None, Tier::Module)
        },
    ];
    target.scan.findings[5].advisory.review = ReviewStatus::Unreviewed;
    target
}

/// Package and module tier only.
fn below() -> Target {
    let mut target = target("bin/below");
    let package = |id: &str| Finding {
        packages: vec!["golang.org/x/net/html".into()],
        ..finding(id, NET, Some("v0.33.0"), Tier::Package)
    };
    let modules = (1..=14).map(|n| {
        finding(
            &format!("GO-2025-{n:04}"),
            STDLIB,
            Some("go1.22.1"),
            Tier::Module,
        )
    });
    target.scan.findings = vec![package("GO-2024-3333")];
    target.scan.findings.extend(modules);
    target
}

/// The names of the functions could not be read.
fn unreadable_names() -> Target {
    let mut target = target("bin/stripped");
    let gap = Gap::new(
        Topic::Symbols,
        "no function name table at 0x4000: magic 0xfffffff9 is not known",
    );
    target.scan.gaps = vec![gap.clone()];
    target.scan.findings = vec![Finding {
        evidence: TierEvidence::AtLeast(gap),
        ..finding("GO-2024-3333", NET, Some("v0.33.0"), Tier::Module)
    }];
    target
}

/// A gap that hides no finding, in a binary with a finding below the threshold.
fn without_lines() -> Target {
    let mut target = target("bin/lines");
    target.scan.gaps = vec![Gap::new(
        Topic::Lines,
        "file table at 0x5000 points outside",
    )];
    target.scan.findings = vec![finding("GO-2024-3333", NET, Some("v0.33.0"), Tier::Module)];
    target
}

/// Suppressed and known findings, idle suppressions.
fn set_aside() -> Run {
    let mut target = server();
    target.suppressed = vec![Suppressed {
        finding: 0,
        reason: "not reachable".into(),
        until: Some("2026-12-31".into()),
    }];
    target.known = vec![1, 2, 5, 6, 7];
    let idle = |id: &str, place: &str, cause| IdleSuppression {
        id: id.into(),
        place: place.into(),
        reason: "old".into(),
        cause,
    };
    Run {
        idle_suppressions: vec![
            idle("GO-2020-0002", "goassay.toml:12", IdleCause::Unused),
            idle(
                "GO-2020-0001",
                "goassay.toml:3",
                IdleCause::Expired("2026-01-01".into()),
            ),
        ],
        baseline: Some(Baseline {
            path: "baseline.json".into(),
            gone: 2,
        }),
        ..run(vec![target])
    }
}

/// Several targets, formats and kinds, given in no order.
fn many() -> Run {
    let windows = Target {
        facts: TargetFacts {
            format: ImageFormat::Pe,
            kind: ImageKind::Pie,
            os: Some("windows".into()),
            main_module: None,
            symbol_table: Presence::Present,
            dwarf: Presence::Absent,
            ..target("").facts
        },
        ..target("C:\\bin\\a b.exe")
    };
    let fat = |member: &str| Target {
        member: Some(member.into()),
        sha256: None,
        facts: TargetFacts {
            format: ImageFormat::MachO,
            main_package: None,
            go_version: None,
            ..target("").facts
        },
        ..target("bin/fat")
    };
    run(vec![
        windows,
        server(),
        fat("arm64"),
        fat("amd64"),
        Target {
            path: "/opt/server".into(),
            ..server()
        },
    ])
}

/// Failures beside a finding.
fn failures() -> Run {
    let failure = |path: &str, kind, message: &str, hint: Option<&str>| Failure {
        path: path.into(),
        kind,
        message: message.into(),
        hint: hint.map(str::to_owned),
    };
    Run {
        failures: vec![
            failure(
                "bin/packed",
                FailureKind::Packed,
                "packed by UPX",
                Some("unpack it with `upx -d` and scan the result"),
            ),
            failure("bin/empty", FailureKind::Empty, "the file is empty", None),
        ],
        ..run(vec![server()])
    }
}

/// What a hostile binary may carry wherever text comes from it.
pub(crate) const HOSTILE: &str = "::error file=x::\u{1b}[31m\r\n::warning::\u{9b}2J</script><script>alert(1)</script>\u{202e}##vso[x]\t\u{7f}\u{0}%s\"\\";

fn hostile() -> Run {
    let bad = || HOSTILE.to_owned();
    let mut target = Target {
        path: bad(),
        member: Some(bad()),
        also_at: vec![bad()],
        ..target("")
    };
    target.facts.main_module = Some(module(HOSTILE, HOSTILE));
    target.facts.main_package = Some(bad());
    target.facts.go_version = Some(bad());
    target.facts.arch = bad();
    target.facts.modules = vec![ModuleFacts {
        replace: Some((bad(), bad())),
        ..module(HOSTILE, HOSTILE)
    }];
    target.scan.gaps = vec![Gap::new(Topic::Lines, HOSTILE)];
    target.scan.notes = vec![bad()];
    let places = vec![function(1, HOSTILE, 1), inlined(HOSTILE, HOSTILE, 2)];
    target.scan.symbols = vec![symbol(HOSTILE, HOSTILE, places)];
    let hostile_finding = |id: &str, tier| {
        let mut finding = finding(id, (HOSTILE, HOSTILE), Some(HOSTILE), tier);
        finding.module.replaces = Some((bad(), bad()));
        finding.packages = vec![bad()];
        finding.reasons = vec![bad()];
        finding.advisory.aliases = vec![bad()];
        finding.advisory.url = bad();
        finding
    };
    target.scan.findings = vec![
        Finding {
            symbols: vec![0],
            ..hostile_finding("GO-2026-0001", Tier::Linked)
        },
        hostile_finding("GO-2026-0002", Tier::Package),
        Finding {
            applies: Applies::Undecided(bad()),
            ..hostile_finding("GO-2026-0003", Tier::Module)
        },
        hostile_finding("GO-2026-0004", Tier::Module),
    ];
    target.suppressed = vec![Suppressed {
        finding: 3,
        reason: bad(),
        until: None,
    }];
    let mut run = run(vec![target]);
    run.database.identity.source = bad();
    run.database.identity.revision = Some(bad());
    run.database.why = bad();
    run.failures = vec![Failure {
        path: bad(),
        kind: FailureKind::NotGo,
        message: bad(),
        hint: Some(bad()),
    }];
    let cause = IdleCause::Unused;
    run.idle_suppressions = vec![IdleSuppression {
        id: bad(),
        place: bad(),
        reason: bad(),
        cause,
    }];
    run.baseline = Some(Baseline {
        path: bad(),
        gone: 0,
    });
    run
}

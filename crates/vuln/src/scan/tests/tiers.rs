//! Names in the binary to packages, symbols and tiers.

use super::*;

#[test]
fn tiers_follow_what_is_in_the_binary() {
    let advisories = [advisory("GO-1", "example.com/m", FIXED_1_5, F_AND_TM)];
    let cases: [(&[&'static str], Tier, &[&str]); 6] = [
        (&["runtime.main"], Tier::Module, &[]),
        (
            &["example.com/m/p/q.F", "example.com/mm/p.F"],
            Tier::Module,
            &[],
        ),
        (&["example.com/m/p.G"], Tier::Package, &[]),
        (&["example.com/m/p.F"], Tier::Linked, &["example.com/m/p F"]),
        (
            &["example.com/m/p.(*T).M.func1"],
            Tier::Linked,
            &["example.com/m/p T.M"],
        ),
        (
            &["example.com/m/p.F[...]", "example.com/m/p.T.M-fm"],
            Tier::Linked,
            &["example.com/m/p F", "example.com/m/p T.M"],
        ),
    ];
    for (linked, tier, expected) in cases {
        let names = names(linked);
        let scan = run(
            &subject(&names, &[module("example.com/m", "v1.4.0")]),
            &advisories,
        );
        let finding = only(&scan);
        assert_eq!(finding.tier, tier);
        assert_eq!(symbols(&scan, finding), expected);
        assert_eq!(
            (&finding.applies, &finding.evidence),
            (&Applies::Affected, &TierEvidence::Read)
        );
        assert_eq!(finding.fixed.as_deref(), Some("v1.5.0"));
        assert!(!finding.whole_package);
        let present = if tier == Tier::Module {
            vec![]
        } else {
            vec!["example.com/m/p".to_owned()]
        };
        assert_eq!(finding.packages, present);
    }
}

#[test]
fn one_symbol_has_all_its_variants_and_places() {
    let names = names(&[
        "example.com/m/p.(*T).M",
        "example.com/m/p.F",
        "example.com/m/p.(*T).M-fm",
        "example.com/m/p.T.M.func2",
        "example.com/m/p.F[go.shape.int]",
    ]);
    let two = [
        advisory("GO-2", "example.com/m", EVERYTHING, F_AND_TM),
        advisory("GO-1", "example.com/m", EVERYTHING, F_AND_TM),
    ];
    let scan = run(&subject(&names, &[module("example.com/m", "v1.4.0")]), &two);
    assert_eq!(names.located.get(), 1);
    let ids: Vec<&str> = scan
        .findings
        .iter()
        .map(|finding| finding.advisory.id.as_str())
        .collect();
    assert_eq!(ids, ["GO-1", "GO-2"]);
    assert!(
        scan.findings
            .iter()
            .all(|finding| finding.symbols == [0, 1]),
        "shared"
    );
    let kinds = |index: usize| {
        scan.symbols[index]
            .variants
            .iter()
            .map(|v| (v.kind, v.id))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        kinds(0),
        [(VariantKind::Exact, 1), (VariantKind::Generic, 4)]
    );
    assert_eq!(
        kinds(1),
        [
            (VariantKind::Exact, 0),
            (VariantKind::Closure, 3),
            (VariantKind::Wrapper, 2)
        ]
    );
    assert_eq!(scan.symbols[1].places.len(), 3);
}

#[test]
fn an_import_without_symbols_counts_whole() {
    let names = names(&[
        "example.com/m/p.G",
        "example.com/m/p.(*X).Y",
        "example.com/m/p.map.init.0",
        "example.com/m/q.H",
    ]);
    let imports = r#""imports": [{"path": "example.com/m/p"}]"#;
    let scan = run(
        &subject(&names, &[module("example.com/m", "v1.4.0")]),
        &[advisory("GO-1", "example.com/m", EVERYTHING, imports)],
    );
    let finding = only(&scan);
    assert_eq!((finding.tier, finding.whole_package), (Tier::Linked, true));
    assert_eq!(
        symbols(&scan, finding),
        ["example.com/m/p G", "example.com/m/p X.Y"]
    );
    assert!(
        finding.reasons[0].contains("names no symbols for example.com/m/p"),
        "{:?}",
        finding.reasons
    );
}

#[test]
fn an_advisory_without_imports_counts_all_packages_of_its_own_module() {
    let names = names(&[
        "example.com/m/p.G",
        "example.com/m.H",
        "example.com/m/sub/p.X",
        "example.com/m2.Y",
        "net/url.Parse",
    ]);
    let modules = [
        module("example.com/m", "v1.4.0"),
        module("example.com/m/sub", "v1.0.0"),
    ];
    let scan = run(
        &subject(&names, &modules),
        &[advisory("GO-1", "example.com/m", EVERYTHING, "")],
    );
    let finding = only(&scan);
    assert_eq!((finding.tier, finding.whole_package), (Tier::Linked, true));
    assert_eq!(finding.packages, ["example.com/m", "example.com/m/p"]);
    assert_eq!(
        symbols(&scan, finding),
        ["example.com/m H", "example.com/m/p G"]
    );
    assert!(
        finding.reasons[0].contains("no packages or symbols"),
        "{:?}",
        finding.reasons
    );
}

#[test]
fn functions_of_whole_packages_are_listed_up_to_a_bound() {
    /// More functions than any program has, in one package, and one that an advisory names behind them.
    struct Endless;
    impl SymbolSource for Endless {
        fn for_each(&self, visit: &mut dyn FnMut(SymbolId, &str)) {
            for id in 0..300_000 {
                visit(id, &format!("example.com/m/p.G{id}"));
            }
            visit(300_000, "example.com/m/p.F");
        }

        fn locate(
            &self,
            _: &[SymbolId],
            _: Places,
            _: &mut dyn FnMut(SymbolId, Place),
        ) -> Vec<Gap> {
            Vec::new()
        }
    }
    let nothing = names(&[]);
    let mut subject = subject(&nothing, &[module("example.com/m", "v1.4.0")]);
    subject.symbols = Symbols::Known(&Endless);
    let whole = r#""imports": [{"path": "example.com/m/p"}]"#;
    let scan = run(
        &subject,
        &[
            advisory("GO-1", "example.com/m", EVERYTHING, whole),
            advisory("GO-2", "example.com/m", EVERYTHING, F_AND_TM),
        ],
    );
    assert_eq!(scan.symbols.len(), (1 << 18) + 1);
    assert_eq!(scan.findings[1].tier, Tier::Linked);
    assert!(scan.gaps[0].reason.contains("more functions"));
}

#[test]
fn closures_inlined_into_a_function_are_listed_as_the_function() {
    let several = names(&[
        "example.com/m/p.F",
        "example.com/m/p.F.G.func1",
        "example.com/m/p.T.M.func1",
    ]);
    let scan = run(
        &subject(&several, &[module("example.com/m", "v1.4.0")]),
        &[advisory("GO-1", "example.com/m", EVERYTHING, "")],
    );
    assert_eq!(
        symbols(&scan, only(&scan)),
        ["example.com/m/p F", "example.com/m/p T.M"]
    );
    let named = names(&["example.com/m/p.F.G.func1"]);
    let scan = run(
        &subject(&named, &[module("example.com/m", "v1.4.0")]),
        &[advisory("GO-1", "example.com/m", EVERYTHING, F_AND_TM)],
    );
    assert_eq!(
        symbols(&scan, only(&scan)),
        ["example.com/m/p F"],
        "code inside F"
    );
}

#[test]
fn without_names_every_tier_is_a_lower_bound() {
    let none = names(&[]);
    let gap = Gap::new(Topic::Symbols, "the table is wiped");
    let mut subject = subject(&none, &[module("example.com/m", "v1.4.0")]);
    subject.symbols = Symbols::Unknown(gap.clone());
    let scan = run(
        &subject,
        &[advisory("GO-1", "example.com/m", EVERYTHING, F_AND_TM)],
    );
    assert_eq!(only(&scan).evidence, TierEvidence::AtLeast(gap.clone()));
    assert_eq!((only(&scan).tier, scan.gaps), (Tier::Module, vec![gap]));
}

#[test]
fn the_main_package_goes_by_its_import_path() {
    let imports =
        r#""imports": [{"path": "example.com/app/cmd/app", "symbols": ["run", "init#2"]}]"#;
    let advisories = [advisory("GO-1", "example.com/app", EVERYTHING, imports)];
    let main = names(&["main.main", "main.run", "main.init.0", "main.init.1"]);
    let scan = run(&subject(&main, &[]), &advisories);
    assert_eq!(
        symbols(&scan, only(&scan)),
        [
            "example.com/app/cmd/app init#2",
            "example.com/app/cmd/app run"
        ]
    );

    let plugin = names(&["plugin/unnamed-1.run", "main.x"]);
    let mut plugin_subject = subject(&plugin, &[]);
    plugin_subject.plugin_path = Some("plugin/unnamed-1");
    let scan = run(&plugin_subject, &advisories);
    assert_eq!(symbols(&scan, only(&scan)), ["example.com/app/cmd/app run"]);
}

#[test]
fn escaped_go_dot_and_fips_packages_match() {
    let names = names(&[
        "gopkg.in/yaml%2ev3.Unmarshal",
        "go.mongodb.org/m/bsoncore.AppendHeader",
        "crypto/internal/fips140/v1.0.0-c2097c7c/aes.New",
    ]);
    let import = |path: &str, symbol: &str| {
        format!(r#""imports": [{{"path": "{path}", "symbols": ["{symbol}"]}}]"#)
    };
    let advisories = [
        advisory(
            "GO-1",
            "gopkg.in/yaml.v3",
            EVERYTHING,
            &import("gopkg.in/yaml.v3", "Unmarshal"),
        ),
        advisory(
            "GO-2",
            "go.mongodb.org/m",
            EVERYTHING,
            &import("go.mongodb.org/m/bsoncore", "AppendHeader"),
        ),
        advisory(
            "GO-3",
            "stdlib",
            EVERYTHING,
            &import("crypto/internal/fips140/aes", "New"),
        ),
    ];
    let modules = [
        module("gopkg.in/yaml.v3", "v3.0.0"),
        module("go.mongodb.org/m", "v1.5.0"),
    ];
    let scan = run(&subject(&names, &modules), &advisories);
    let tiers: Vec<Tier> = scan.findings.iter().map(|finding| finding.tier).collect();
    assert_eq!(tiers, [Tier::Linked; 3]);
}

#[test]
fn a_package_that_begins_like_a_function_is_another_package() {
    let names = names(&["a.F", "a.b/c.F", "a.G"]);
    let import = r#""imports": [{"path": "a.b/c", "symbols": ["F"]}]"#;
    let scan = run(
        &subject(&names, &[module("a.b/c", "v1.0.0")]),
        &[advisory("GO-1", "a.b/c", EVERYTHING, import)],
    );
    assert_eq!(symbols(&scan, only(&scan)), ["a.b/c F"]);
}

#[test]
fn the_order_of_names_and_modules_does_not_matter() {
    let advisories = [
        advisory("GO-1", "example.com/m", EVERYTHING, F_AND_TM),
        advisory("GO-2", "example.com/m", EVERYTHING, ""),
        advisory(
            "GO-3",
            "example.com/n",
            EVERYTHING,
            r#""imports": [{"path": "example.com/n"}]"#,
        ),
    ];
    let list = [
        "example.com/m/p.F",
        "example.com/n.X",
        "example.com/m/p.(*T).M",
        "main.main",
        "example.com/n.Y.func1",
        "example.com/m.Z",
    ];
    let outcome = |names: &Names, modules: &[Module<'static>]| {
        let scan = run(&subject(names, modules), &advisories);
        let lines: Vec<String> = scan
            .findings
            .iter()
            .map(|f| {
                format!(
                    "{} {:?} {:?} {:?}",
                    f.advisory.id,
                    f.tier,
                    f.packages,
                    symbols(&scan, f)
                )
            })
            .collect();
        lines.join("\n")
    };
    let modules = [
        module("example.com/m", "v1.4.0"),
        module("example.com/n", "v1.0.0"),
    ];
    let expected = outcome(&names(&list), &modules);
    assert_eq!(expected.lines().count(), 3);
    for turn in 1..list.len() {
        let mut turned = list;
        turned.rotate_left(turn);
        turned.swap(0, 1);
        let reversed = [modules[1].clone(), modules[0].clone()];
        assert_eq!(outcome(&names(&turned), &reversed), expected);
    }
}

#[test]
fn the_embedded_database_knows_net_url_parse() {
    let names = names(&["main.main", "net/url.Parse"]);
    let mut subject = subject(&names, &[]);
    subject.go_version = Some("go1.21.0");
    let scan = scan(&subject, &embedded().unwrap(), &options()).unwrap();
    let finding = scan
        .findings
        .iter()
        .find(|finding| finding.advisory.id == "GO-2025-4010")
        .expect("GO-2025-4010");
    assert_eq!(
        (finding.tier, &finding.applies),
        (Tier::Linked, &Applies::Affected)
    );
    assert_eq!(finding.fixed.as_deref(), Some("go1.24.8"));
    assert_eq!(finding.packages, ["net/url"]);
    assert!(symbols(&scan, finding).contains(&"net/url Parse".to_owned()));
}

#[test]
fn a_domain_within_a_path_and_a_promoted_method_are_told_apart_by_the_modules() {
    let advisories = [advisory("GO-1", "example.com/m", FIXED_1_5, F_AND_TM)];
    let names = names(&[
        "example.com/m/p.T.google.golang.org/grpc.before",
        "example.com/contrib/google.golang.org/grpc/otel.New",
    ]);
    let otel = module("example.com/contrib/google.golang.org/grpc/otel", "v1.0.0");
    let scan = run(
        &subject(&names, &[module("example.com/m/p", "v1.4.0"), otel.clone()]),
        &advisories,
    );
    assert_eq!(scan.gaps, [], "the wrapper's package is that of its type");
    let scan = run(&subject(&names, &[otel]), &advisories);
    assert_eq!(
        scan.gaps.len(),
        1,
        "now the wrapper has no module: {:?}",
        scan.gaps
    );
}

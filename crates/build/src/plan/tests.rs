//! Plans of invented projects: which arguments, variables, refusals and notes come out of which facts.

use super::*;
use crate::project::{Checkout, Committed, Go, Module, Published};
use crate::toolchain::Version;

fn project() -> Project {
    let settings = [
        ("GOPATH", "/h/go"),
        ("GOMOD", "/src/m/go.mod"),
        ("GOEXPERIMENT", "arenas"),
        ("GOWORK", ""),
    ];
    Project {
        folder: "/src/m".into(),
        go: Go {
            goroot: "/go".into(),
            says: "go1.26.8".to_owned(),
            version: Version::parse("1.26.8").unwrap(),
            tools: "/go/tools".into(),
            fips140: Some("v1.0.0-c2097c7c".to_owned()),
        },
        settings: settings.map(|(n, v)| (n.to_owned(), v.to_owned())).into(),
        checkout: Some(Checkout {
            commit: "0f".repeat(20),
            time: 1,
            tags: vec!["v1.2.3".to_owned()],
            root: "/src/m".into(),
            module: Some("example.com/m".to_owned()),
            ..Checkout::default()
        }),
    }
}

fn package(path: &str) -> Package {
    Package {
        path: path.to_owned(),
        is_main: true,
        is_standard: false,
        has_cgo: false,
        imports: Vec::new(),
        is_wanted: true,
        module: Some(Module {
            path: "example.com/m".to_owned(),
            version: None,
            is_main: true,
            folder: Some("/src/m".into()),
            replaced_by_folder: None,
        }),
        error: None,
    }
}

fn listing(target: &str, packages: &[Package]) -> Listing {
    Listing {
        target: Target::parse(target).unwrap(),
        packages: packages.to_vec(),
        compiler: None,
    }
}

const PRODUCTION: Profile = Profile::ALL[0];
static NONE: BTreeMap<String, String> = BTreeMap::new();

fn wanted(profile: &Profile) -> Wanted<'_> {
    Wanted {
        profile,
        release: false,
        allow_dirty: false,
        output: Path::new("/out"),
        tags: &[],
        variables: &NONE,
    }
}

fn line(build: &Build) -> String {
    let words: Vec<_> = build
        .argv
        .iter()
        .map(|word| word.to_string_lossy())
        .collect();
    words.join(" ")
}

fn value(build: &Build, name: &str) -> Option<String> {
    let setting = build.environment.iter().find(|s| s.name == name)?;
    Some(
        setting
            .value
            .as_ref()
            .map_or("kept out".to_owned(), |v| v.to_string_lossy().into_owned()),
    )
}

#[test]
fn a_program_for_production() {
    let listings = [listing(
        "linux/amd64/v3",
        &[package("example.com/m/cmd/server")],
    )];
    let plan = plan(&project(), &listings, &wanted(&PRODUCTION)).unwrap();
    let [build] = &plan.builds[..] else {
        panic!("{plan:?}")
    };
    assert_eq!(
        line(build),
        "/go/bin/go build -trimpath -buildvcs=true -buildmode=pie -tags=netgo,osusergo -ldflags=-w -bindnow -o /out/server example.com/m/cmd/server"
    );
    for (name, want) in [
        ("GOAMD64", Some("v3")),
        ("CGO_ENABLED", Some("0")),
        ("GOPATH", Some("/h/go")),
        ("GOFLAGS", Some("")),
        ("GOEXPERIMENT", Some("kept out")),
        ("GOWORK", None),
        ("HOME", None),
    ] {
        assert_eq!(value(build, name).as_deref(), want, "{name}");
    }
    assert!(plan.notes.is_empty());
    let script = script(&plan);
    assert!(
        script.contains("'-ldflags=-w -bindnow' -o /out/server example.com/m/cmd/server\n"),
        "{script}"
    );
    assert!(script.contains("# kept out: GOEXPERIMENT"), "{script}");
}

/// A project of Go 1.22 whose go command would leave the tag out, ready to be built as `package@version`.
fn old() -> Project {
    let mut project = project();
    project.go.says = "go1.22.12".to_owned();
    project.go.version = Version::parse("1.22.12").unwrap();
    let checkout = project.checkout.as_mut().unwrap();
    checkout.published = Some(Published {
        module: "example.com/m".to_owned(),
        ..Published::default()
    });
    project
}

#[test]
fn a_go_that_leaves_the_tag_out_builds_the_version_of_the_module() {
    let listings = [listing("linux/amd64", &[package("example.com/m/cmd/a")])];
    let plan = plan(&old(), &listings, &wanted(&PRODUCTION)).unwrap();
    let build = &plan.builds[0];
    let words: Vec<_> = build
        .argv
        .iter()
        .map(|word| word.to_string_lossy())
        .collect();
    assert_eq!(words[..2], ["/bin/sh", "-euc"]);
    assert_eq!(
        words[3..].join(" "),
        "sh /out/a -trimpath -buildvcs=false -buildmode=pie -tags=netgo,osusergo -ldflags=-w -B=gobuildid -modcacherw example.com/m/cmd/a@v1.2.3"
    );
    assert!(
        words[2].contains(r#""$work/proxy/example.com/m/@v/v1.2.3.zip""#),
        "{}",
        words[2]
    );
    assert!(
        !build
            .recorded
            .iter()
            .any(|(key, _)| key.starts_with("vcs."))
    );
    for (name, want) in [("GO", "/go/bin/go"), ("GOWORK", "off"), ("GOSUMDB", "off")] {
        assert_eq!(value(build, name).as_deref(), Some(want));
    }
    assert!(
        plan.notes[0].contains("no vcs.revision"),
        "{:?}",
        plan.notes
    );
    assert!(
        build
            .arguments()
            .iter()
            .all(|word| !word.starts_with("/go")),
        "records have no place"
    );
}

#[test]
fn what_cannot_be_built_as_a_version_says_so() {
    let listings = [listing("linux/amd64", &[package("example.com/m")])];
    let debug = Profile::named("debug").unwrap();
    let vendored = Committed {
        name: "vendor/modules.txt".to_owned(),
        is_regular: true,
    };
    type Change = fn(&mut Checkout, Committed);
    let cases: [(Change, &Profile, &str); 4] = [
        (
            |checkout, _| checkout.published.as_mut().unwrap().is_edited = true,
            &PRODUCTION,
            "no replace",
        ),
        (
            |checkout, file| checkout.published.as_mut().unwrap().files.push(file),
            &PRODUCTION,
            "vendor",
        ),
        (|_, _| {}, &debug, "without -trimpath"),
        (
            |checkout, _| checkout.tags.clear(),
            &PRODUCTION,
            "1.25 and newer",
        ),
    ];
    for (change, profile, why) in cases {
        let mut project = old();
        change(project.checkout.as_mut().unwrap(), vendored.clone());
        let plan = plan(&project, &listings, &wanted(profile)).unwrap();
        let build = &plan.builds[0];
        assert_eq!(build.stamp.version(), Some("(devel)"));
        assert!(
            plan.notes.iter().any(|note| note.contains(why)),
            "{:?}",
            plan.notes
        );
        assert!(line(build).contains("-buildvcs=true"), "{}", line(build));
    }
}

#[test]
fn debug_information_of_c_is_left_out_by_the_linker_of_c_before_1_26() {
    let mut all = [package("example.com/m")];
    all[0].has_cgo = true;
    let mut listings = [listing("linux/amd64", &all)];
    listings[0].compiler = Some(Compiler {
        links_static_pie: true,
        ..Compiler::default()
    });
    let static_container = Profile::named("static-container").unwrap();
    for (go, profile, want) in [
        (
            "1.25.3",
            &PRODUCTION,
            "-ldflags=-w -extldflags=-Wl,-S -bindnow",
        ),
        ("1.26.8", &PRODUCTION, "-ldflags=-w -bindnow"),
        (
            "1.25.3",
            &static_container,
            "-ldflags=-w -linkmode=external '-extldflags=-static-pie -Wl,-S'",
        ),
        (
            "1.26.8",
            &static_container,
            "-ldflags=-w -linkmode=external -extldflags=-static-pie",
        ),
    ] {
        let mut project = project();
        project.go.version = Version::parse(go).unwrap();
        let plan = plan(&project, &listings, &wanted(profile)).unwrap();
        let build = &plan.builds[0];
        assert!(
            line(build).contains(&format!("{want} -o")),
            "{go}: {}",
            line(build)
        );
        let with_debug = format!("{:?}", build.argv_with_debug);
        assert!(!with_debug.contains("-Wl,-S"), "{with_debug}");
    }
}

#[test]
fn c_is_compiled_where_a_package_outside_of_go_has_it() {
    let import = |is_standard| Package {
        has_cgo: true,
        is_main: false,
        is_wanted: false,
        is_standard,
        ..package("x")
    };
    let compiler = Compiler {
        command: "gcc".to_owned(),
        compiling: vec!["-fstack-protector-strong"],
        dropped: vec!["-fnew"],
        ..Compiler::default()
    };
    let importing = |path: &str, imports: &[&str]| Package {
        imports: imports.iter().map(|&path| path.to_owned()).collect(),
        ..package(path)
    };
    for (is_standard, want) in [(true, "0"), (false, "1")] {
        let all = [
            importing("example.com/m", &["x"]),
            importing("example.com/pure", &[]),
            import(is_standard),
        ];
        let mut listings = [listing("linux/amd64", &all)];
        listings[0].compiler = Some(compiler.clone());
        let plan = plan(&project(), &listings, &wanted(&PRODUCTION)).unwrap();
        assert_eq!(value(&plan.builds[0], "CGO_ENABLED").as_deref(), Some(want));
        assert_eq!(value(&plan.builds[1], "CGO_ENABLED").as_deref(), Some("0"));
        let flags = value(&plan.builds[0], "CGO_CFLAGS");
        assert_eq!(
            flags.as_deref(),
            (!is_standard).then_some("-O2 -g -fstack-protector-strong")
        );
        let said = plan.notes.iter().any(|note| note.contains("-fnew"));
        assert_eq!(said, !is_standard);
        listings[0].compiler = None;
        let refused = super::plan(&project(), &listings, &wanted(&PRODUCTION)).is_err();
        assert_eq!(refused, !is_standard, "without a compiler");
    }
}

#[test]
fn static_programs_are_linked_by_a_c_compiler_where_there_is_one() {
    let profile = Profile::named("static-container").unwrap();
    let mut listings = [listing("linux/amd64", &[package("m")])];
    let without = plan(&project(), &listings, &wanted(&profile)).unwrap();
    assert!(
        line(&without.builds[0]).contains("-buildmode=exe"),
        "{without:?}"
    );
    assert!(
        without.notes[0].contains("fixed address"),
        "{:?}",
        without.notes
    );
    listings[0].compiler = Some(Compiler {
        links_static_pie: true,
        ..Compiler::default()
    });
    let with = plan(&project(), &listings, &wanted(&profile)).unwrap();
    let line = line(&with.builds[0]);
    assert!(
        line.contains("-buildmode=pie")
            && line.contains("-linkmode=external -extldflags=-static-pie"),
        "{line}"
    );
    assert_eq!(value(&with.builds[0], "CGO_ENABLED").as_deref(), Some("1"));
}

#[test]
fn the_frozen_cryptography_and_what_it_cannot_be_had_with() {
    let fips = Profile::named("fips").unwrap();
    let mut project = project();
    let listings = [listing("linux/amd64", &[package("m")])];
    let built = plan(&project, &listings, &wanted(&fips)).unwrap();
    let build = &built.builds[0];
    assert_eq!(
        value(build, "GOFIPS140").as_deref(),
        Some("v1.0.0-c2097c7c")
    );
    let recorded = ("GOFIPS140", "v1.0.0-c2097c7c".to_owned());
    assert!(build.recorded.contains(&recorded), "{build:?}");
    let tags = ("-tags", "netgo,osusergo,fips140v1.0".to_owned());
    assert!(build.recorded.contains(&tags), "{build:?}");
    let without = plan(&project, &listings, &wanted(&PRODUCTION)).unwrap();
    assert_eq!(value(&without.builds[0], "GOFIPS140"), None);
    project.go.fips140 = None;
    let tags = ["purego".to_owned()];
    let wanted = Wanted {
        tags: &tags,
        ..wanted(&fips)
    };
    let listings = [listing("windows/386", &[package("m")])];
    let refusals = plan(&project, &listings, &wanted).unwrap_err();
    let ids: Vec<_> = refusals.iter().map(|refusal| refusal.id).collect();
    assert_eq!(ids, ["no-fips", "fips-purego", "no-fips"]);
}

#[test]
fn files_are_named_as_go_names_them_and_targets_have_folders() {
    let listings = [
        listing("linux/s390x", &[package("example.com/m/v2")]),
        listing(
            "windows/amd64",
            &[
                package("example.com/m/v2"),
                package("v2"),
                package("example.com/v02"),
            ],
        ),
    ];
    let plan = plan(&project(), &listings, &wanted(&PRODUCTION)).unwrap();
    let files: Vec<_> = plan
        .builds
        .iter()
        .map(|b| b.file.to_str().unwrap())
        .collect();
    let want = [
        "/out/linux-s390x/m",
        "/out/windows-amd64/m.exe",
        "/out/windows-amd64/v2.exe",
        "/out/windows-amd64/v02.exe",
    ];
    assert_eq!(files, want);
    let said: Vec<_> = plan.builds.iter().map(line).collect();
    assert!(
        !said[0].contains("pie") && said[0].contains("-ldflags=-w -o"),
        "{}",
        said[0]
    );
    assert!(
        said[1].contains("-buildmode=pie") && !said[1].contains("bindnow"),
        "{}",
        said[1]
    );
}

#[test]
fn two_programs_of_one_name_are_refused() {
    let all = [package("example.com/m"), package("example.com/m/cmd/m")];
    let listings = [listing("linux/amd64", &all)];
    let refusals = plan(&project(), &listings, &wanted(&PRODUCTION)).unwrap_err();
    let [refusal] = &refusals[..] else {
        panic!("{refusals:?}")
    };
    assert_eq!(refusal.id, "same-name");
    assert_eq!(
        refusal.what,
        "example.com/m and example.com/m/cmd/m would both be /out/m"
    );
}

#[test]
fn a_linker_gets_the_flags_that_it_knows_and_every_elf_file_a_build_id() {
    for (go, want) in [
        ("1.24.0", "-ldflags=-w -bindnow -o"),
        ("1.23.12", "-ldflags=-w -bindnow -B=gobuildid -o"),
        ("1.22.12", "-ldflags=-w -B=gobuildid -o"),
        ("1.21.13", "-ldflags=-w -B=0x"),
    ] {
        let mut project = project();
        project.go.version = Version::parse(go).unwrap();
        let listings = [listing("linux/amd64", &[package("m")])];
        let plan = plan(&project, &listings, &wanted(&PRODUCTION)).unwrap();
        let line = line(&plan.builds[0]);
        assert!(line.contains(want), "{go}: {line}");
    }
}

#[test]
fn what_the_file_has_to_say() {
    let listings = [listing("linux/amd64/v3", &[package("example.com/m")])];
    let plan = plan(&project(), &listings, &wanted(&PRODUCTION)).unwrap();
    let build = &plan.builds[0];
    assert_eq!(build.stamp, Stamp::Tag("v1.2.3".to_owned()));
    let said: Vec<String> = build
        .recorded
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let commit = format!("vcs.revision={}", "0f".repeat(20));
    let want = [
        "GOOS=linux",
        "GOARCH=amd64",
        "CGO_ENABLED=0",
        "GOAMD64=v3",
        "-trimpath=true",
        "-buildmode=pie",
        "-tags=netgo,osusergo",
        &commit,
        "vcs.modified=false",
    ];
    assert_eq!(said, want);
}

#[test]
fn tags_and_variables_of_the_project() {
    let variables = BTreeMap::from([("main.channel".to_owned(), "a b".to_owned())]);
    let tags = ["sqlite".to_owned()];
    let wanted = Wanted {
        tags: &tags,
        variables: &variables,
        ..wanted(&PRODUCTION)
    };
    let listings = [listing("linux/amd64", &[package("m")])];
    let plan = plan(&project(), &listings, &wanted).unwrap();
    let line = line(&plan.builds[0]);
    assert!(
        line.contains("-tags=netgo,osusergo,sqlite -ldflags=-w -X 'main.channel=a b' -bindnow"),
        "{line}"
    );
}

#[test]
fn a_release_needs_a_go_that_records_the_tag() {
    let mut project = project();
    project.go.version = Version::parse("1.23.12").unwrap();
    let listings = [listing("linux/amd64", &[package("m")])];
    let any = wanted(&PRODUCTION);
    let notes = plan(&project, &listings, &any).unwrap().notes;
    assert!(notes[0].contains("(devel)"), "{notes:?}");
    let refusals = plan(
        &project,
        &listings,
        &Wanted {
            release: true,
            ..any
        },
    )
    .unwrap_err();
    assert_eq!(refusals[0].id, "no-stamp");
}

#[test]
fn a_folder_without_a_module_and_an_output_that_git_sees() {
    let mut project = project();
    project
        .settings
        .insert("GOMOD".to_owned(), "/dev/null".to_owned());
    project.checkout.as_mut().unwrap().shows_output = true;
    let listings = [listing("linux/amd64", &[package("m")])];
    let refusals = plan(&project, &listings, &wanted(&PRODUCTION)).unwrap_err();
    let ids: Vec<_> = refusals.iter().map(|refusal| refusal.id).collect();
    assert_eq!(ids, ["no-module", "output-in-checkout"]);
}

#[test]
fn everything_that_speaks_against_it_is_said_at_once() {
    let mut project = project();
    let checkout = project.checkout.as_mut().unwrap();
    checkout.tags.clear();
    checkout.dirty = (0..7).map(|n| format!("?? dist/{n}")).collect();
    let mut replaced = package("example.com/c");
    replaced.is_main = false;
    replaced.is_wanted = false;
    replaced.module.as_mut().unwrap().replaced_by_folder = Some("../c".to_owned());
    let mut broken = package("example.com/b");
    broken.error = Some("no Go files".to_owned());
    let all = [
        replaced.clone(),
        replaced,
        broken,
        package("command-line-arguments"),
    ];
    let listings = [
        listing("linux/amd64", &all),
        listing("linux/arm64", &all[..1]),
    ];
    let release = Wanted {
        release: true,
        ..wanted(&PRODUCTION)
    };
    let refusals = plan(&project, &listings, &release).unwrap_err();
    let ids: Vec<_> = refusals.iter().map(|refusal| refusal.id).collect();
    assert_eq!(
        ids,
        [
            "files",
            "local-replace",
            "no-program",
            "package",
            "dirty",
            "no-tag"
        ]
    );
    assert!(
        refusals[4].what.ends_with("?? dist/4 and 2 more"),
        "{}",
        refusals[4].what
    );
    let allowed = Wanted {
        allow_dirty: true,
        ..wanted(&PRODUCTION)
    };
    let good = [listing("linux/amd64", &[package("m")])];
    let notes = plan(&project, &good, &allowed).unwrap().notes;
    assert_eq!(notes.len(), 1, "{notes:?}");
}

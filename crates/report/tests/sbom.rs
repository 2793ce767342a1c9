//! Bills of materials of fixtures and of a document made by hand, in every format: schemas, expected files, hostile text,
//! determinism, and that all formats say the same.
//!
//! `GOASSAY_UPDATE_GOLDEN=1 cargo test -p goassay-report` writes the expected files anew.

use goassay_binary::gap::{Gap, Topic};
use goassay_binary::{Binary, container};
use goassay_report::document::Tool;
use goassay_report::sbom::{
    Component, Contents, Document, File, Format, License, Linked, Member, Role, render,
};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const HOSTILE: &str =
    "::error::\u{1b}[31m\r\n\u{9b}2J</script>\u{202e}##vso[x]\t\u{7f}\u{0}%s\"\\ a@b?c#d";

fn document(name: &str, contents: Contents) -> Document {
    Document {
        tool: Tool {
            name: "goassay".into(),
            version: "1.2.3".into(),
        },
        file: File {
            name: name.into(),
            sha256: "ab".repeat(32),
            member: None,
        },
        time: None,
        contents,
    }
}

/// The bills of materials of all fixtures that are Go binaries.
fn of_fixtures() -> Vec<Document> {
    let mut documents = Vec::new();
    for fixture in goassay_fixtures::all() {
        let bytes = fixture.bytes();
        for member in container::members(&bytes).unwrap_or_default() {
            if let Ok(binary) = Binary::parse(member.data) {
                documents.push(document(&fixture.name, Contents::of(&binary)));
            }
        }
    }
    assert!(documents.len() > 15, "the fixtures are there");
    documents
}

fn component(role: Role, path: &str, version: &str, linked: Linked) -> Component {
    Component {
        role,
        path: path.into(),
        recorded_version: version.into(),
        h1: String::new(),
        replaces: None,
        folder: None,
        linked,
        license: License::NotChecked,
    }
}

fn packages(paths: &[&str]) -> Linked {
    Linked::Packages(paths.iter().map(|&path| path.to_owned()).collect())
}

/// One of everything that a document can say.
fn everything() -> Document {
    let main = component(
        Role::Main,
        "example.com/m/v2",
        "(devel)",
        packages(&["main"]),
    );
    let std = component(
        Role::StandardLibrary,
        "stdlib",
        "go1.26.8 X:jsonv2",
        packages(&["fmt", "runtime"]),
    );
    let fork = Component {
        h1: "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".into(),
        replaces: Some(("example.com/Original".into(), "v1.0.0".into())),
        license: License::Recognised {
            id: "BSD-3-Clause",
            file: "LICENSE".into(),
        },
        ..component(
            Role::Dependency,
            "example.com/Fork",
            "v1.0.1",
            packages(&["example.com/Original/p"]),
        )
    };
    let folder = Component {
        replaces: Some(("example.com/local".into(), "v0.1.0".into())),
        folder: Some("../local".into()),
        license: License::NoCopy,
        ..component(Role::Dependency, "example.com/local", "", Linked::Unknown)
    };
    let unlinked = Component {
        license: License::NotRecognised(vec!["COPYING".into(), "LICENSE".into()]),
        ..component(
            Role::Dependency,
            "example.com/unused",
            "v0.0.0-20260102030405-abcdefabcdef",
            Linked::No,
        )
    };
    let incompatible = Component {
        license: License::NoFile,
        ..component(
            Role::Dependency,
            "example.com/x",
            "v4.0.0+incompatible",
            packages(&["example.com/x"]),
        )
    };
    let contents = Contents {
        library: false,
        main_package: Some("example.com/m/v2/cmd/server".into()),
        components: vec![main, std, fork, folder, unlinked, incompatible],
        settings: vec![
            ("GOOS".into(), "linux".into()),
            ("-ldflags".into(), "-w".into()),
        ],
        libraries: vec!["libc.so.6".into()],
        c_code: Some(true),
        stray_packages: vec!["vendored.example/p".into()],
        gaps: vec![Gap::new(Topic::BuildInfo, "a line has no known form")],
    };
    let mut document = document("server", contents);
    document.file.member = Some(Member {
        name: "arm64".into(),
        file_sha256: "cd".repeat(32),
    });
    document.time = Some("2026-01-02T03:04:05Z".into());
    document
}

/// Everything, with hostile text wherever a text can be.
fn hostile() -> Document {
    let bad = || HOSTILE.to_owned();
    let mut document = everything();
    document.file.name = bad();
    document.file.member = Some(Member {
        name: bad(),
        file_sha256: "cd".repeat(32),
    });
    let contents = &mut document.contents;
    contents.main_package = Some(format!("{HOSTILE}/x/{HOSTILE}"));
    contents.settings = vec![(bad(), bad())];
    contents.libraries = vec![bad()];
    contents.stray_packages = vec![bad()];
    contents.gaps = vec![Gap::new(Topic::BuildInfo, bad())];
    for (index, one) in contents.components.iter_mut().enumerate() {
        one.path = format!("{HOSTILE}{index}");
        one.recorded_version = bad();
        one.h1 = bad();
        one.replaces = Some((bad(), bad()));
        one.linked = packages(&[HOSTILE]);
        one.license = License::NotRecognised(vec![bad()]);
    }
    contents.components[0].path = bad();
    contents.components[2].folder = Some(bad());
    document
}

fn samples() -> Vec<(&'static str, Document)> {
    let empty = Contents {
        library: true,
        main_package: None,
        components: Vec::new(),
        settings: Vec::new(),
        libraries: Vec::new(),
        c_code: None,
        stray_packages: Vec::new(),
        gaps: vec![Gap::new(Topic::BuildInfo, "there is none")],
    };
    vec![
        ("everything", everything()),
        ("hostile", hostile()),
        ("empty", document("lib.so", empty)),
    ]
}

fn text(document: &Document, format: Format) -> String {
    let mut out = Vec::new();
    render(document, format, &mut out).expect("a vector takes everything");
    String::from_utf8(out).expect("it is UTF-8")
}

fn json(document: &Document, format: Format) -> Value {
    serde_json::from_str(&text(document, format)).expect("it is JSON")
}

fn tests() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn schema(name: &str) -> Value {
    let path = tests().join("schemas").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
    serde_json::from_str(&text).expect("the schema is JSON")
}

/// Does something with a validator for each format.
fn each_validator(check: impl Fn(Format, &jsonschema::Validator)) {
    let mut registry = jsonschema::Registry::new();
    for name in ["spdx", "jsf-0.82", "cryptography-defs"] {
        let name = format!("{name}.SNAPSHOT.schema.json");
        let address = format!("http://cyclonedx.org/schema/{name}");
        registry = registry.add(address, schema(&name)).expect("an address");
    }
    let registry = registry.prepare().expect("they refer to nothing else");
    for format in Format::ALL {
        let schema = schema(&format!("{}.schema.json", format.name()));
        let options = jsonschema::options();
        let validator = options.with_registry(&registry).build(&schema);
        check(format, &validator.expect("the schema is one"));
    }
}

fn faults(validator: &jsonschema::Validator, value: &Value) -> Vec<String> {
    let errors = validator.iter_errors(value);
    errors
        .map(|e| format!("{}: {e}", e.instance_path()))
        .take(5)
        .collect()
}

#[test]
fn documents_fit_the_published_schemas() {
    let mut documents = of_fixtures();
    documents.extend(samples().into_iter().map(|(_, document)| document));
    each_validator(|format, validator| {
        for document in &documents {
            let faults = faults(validator, &json(document, format));
            assert!(
                faults.is_empty(),
                "{} {}: {faults:#?}",
                format.name(),
                document.file.name
            );
        }
    });
}

/// A schema that takes everything would show nothing.
#[test]
fn the_schemas_refuse_what_is_no_document() {
    each_validator(|format, validator| {
        let good = text(&everything(), format);
        for (is, not) in [
            ("\"BSD-3-Clause\"", "\"My own\""),
            ("\"SHA-256\"", "\"SHA-2\""),
            ("\"SHA256\"", "\"SHA-256\""),
            ("\"sha256\"", "\"sha-256\""),
            ("STATIC_LINK", "LINKED"),
            ("hasStaticLink", "links"),
        ] {
            let licence_is_free = is.contains("BSD") && format.name().starts_with("spdx");
            let bad = good.replace(is, not);
            if bad != good && !licence_is_free {
                let bad: Value = serde_json::from_str(&bad).expect("it is JSON");
                assert!(!validator.is_valid(&bad), "{}: {not}", format.name());
            }
        }
        assert!(
            !validator.is_valid(&serde_json::json!({})),
            "{}",
            format.name()
        );
    });
}

#[test]
fn samples_are_as_expected() {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one switch that writes goldens anew"
    )]
    let update = std::env::var_os("GOASSAY_UPDATE_GOLDEN").is_some();
    for (name, document) in samples() {
        for format in Format::ALL {
            let path = tests()
                .join("golden-sbom")
                .join(format!("{name}.{}", format.name()));
            let text = text(&document, format);
            if update {
                fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
                fs::write(&path, &text).expect("it can be written");
            }
            let expected = fs::read_to_string(&path).unwrap_or_default();
            assert!(text == expected, "{} is another", path.display());
        }
    }
}

#[test]
fn no_expected_file_is_forgotten() {
    let names: Vec<String> = samples()
        .iter()
        .flat_map(|(name, _)| Format::ALL.map(|format| format!("{name}.{}", format.name())))
        .collect();
    for entry in fs::read_dir(tests().join("golden-sbom")).expect("the folder is there") {
        let name = entry
            .expect("an entry")
            .file_name()
            .into_string()
            .expect("UTF-8");
        assert!(names.contains(&name), "{name} belongs to no sample");
    }
}

#[test]
fn hostile_text_is_harmless_and_purls_are_encoded() {
    for format in Format::ALL {
        let text = text(&hostile(), format);
        let raw = |byte: &u8| *byte != b'\n' && !(b' '..0x7f).contains(byte);
        assert!(!text.as_bytes().iter().any(raw), "{}", format.name());
        assert!(!text.contains("::") && !text.contains("##") && !text.contains("</"));
        let urls = text.lines().filter(|line| line.contains("pkg:golang/"));
        for url in urls {
            let (_, url) = url.split_once("pkg:golang/").expect("it is there");
            let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~%/@#\",".contains(c);
            assert!(url.chars().all(allowed), "{url}");
        }
    }
}

#[test]
fn a_document_depends_on_its_input_alone_and_another_input_has_another_name() {
    for format in Format::ALL {
        let (one, again) = (text(&everything(), format), text(&everything(), format));
        assert_eq!(one, again);
        let name = |document: &Document| {
            let json = json(document, format);
            let ids = [
                &json["serialNumber"],
                &json["documentNamespace"],
                &json["@graph"][3]["spdxId"],
            ];
            ids.into_iter()
                .find_map(Value::as_str)
                .expect("it has a name")
                .to_owned()
        };
        let mut other = everything();
        other.file.sha256 = "00".repeat(32);
        assert_ne!(name(&everything()), name(&other), "{}", format.name());
    }
}

#[test]
fn without_a_time_there_is_none() {
    let document = document(
        "a",
        Contents {
            gaps: Vec::new(),
            ..everything().contents
        },
    );
    let cyclonedx = text(&document, Format::CycloneDx16);
    assert!(!cyclonedx.contains("timestamp"), "{cyclonedx}");
    for format in [Format::Spdx23, Format::Spdx301] {
        let spdx = text(&document, format);
        assert!(spdx.contains("\"1970-01-01T00:00:00Z\"") && spdx.contains("No time was given"));
    }
}

/// Name and version of each module, whatever the format calls them.
fn modules(document: &Document, format: Format) -> BTreeSet<(String, String)> {
    let json = json(document, format);
    let empty = Vec::new();
    let list = [&json["components"], &json["packages"], &json["@graph"]];
    let list = list.into_iter().find_map(Value::as_array).unwrap_or(&empty);
    let is_package = |one: &&Value| {
        let kind = one["type"].as_str().unwrap_or("software_Package");
        let is_binary = one["SPDXID"] == "SPDXRef-Binary"
            || one["spdxId"]
                .as_str()
                .is_some_and(|id| id.ends_with("#binary"));
        matches!(kind, "software_Package" | "library") && !is_binary
    };
    let version = |one: &Value| {
        let fields = ["version", "versionInfo", "software_packageVersion"];
        let version = fields.iter().find_map(|field| one[field].as_str());
        version.unwrap_or_default().to_owned()
    };
    list.iter()
        .filter(is_package)
        .map(|one| {
            (
                one["name"].as_str().unwrap_or_default().to_owned(),
                version(one),
            )
        })
        .collect()
}

#[test]
fn all_formats_have_the_same_modules() {
    let mut documents = of_fixtures();
    documents.push(everything());
    for document in &documents {
        let all = Format::ALL.map(|format| modules(document, format));
        let expected: BTreeSet<(String, String)> = document
            .contents
            .components
            .iter()
            .map(|one| {
                (
                    one.path.clone(),
                    one.version().unwrap_or_default().to_owned(),
                )
            })
            .collect();
        for found in all {
            assert_eq!(found, expected, "{}", document.file.name);
        }
    }
}

#[test]
fn what_the_sample_is_made_of() {
    let bytes = goassay_fixtures::bytes("sample-linux-amd64");
    let binary = Binary::parse(&bytes).expect("a Go binary");
    let contents = Contents::of(&binary);
    assert!(contents.gaps.is_empty(), "{:?}", contents.gaps);
    let shown: Vec<String> = contents
        .components
        .iter()
        .map(|one| {
            let linked = match &one.linked {
                Linked::Packages(packages) => packages.len().to_string(),
                other => format!("{other:?}"),
            };
            format!(
                "{} {} {}",
                one.role.name(),
                one.purl().unwrap_or_default(),
                linked
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "main-module pkg:golang/goassay.example/sample 1",
            "standard-library pkg:golang/stdlib@1.21.0 46",
            "dependency pkg:golang/github.com/go-stack/stack@v1.8.0 1",
            "dependency pkg:golang/go.mongodb.org/mongo-driver@v1.5.0 2",
            "dependency pkg:golang/golang.org/x/text@v0.3.5 4",
        ]
    );
}

/// Only what is damaged or of a form that is not read has gaps.
#[test]
fn what_can_be_read_has_no_gaps() {
    let with_gaps: BTreeSet<String> = of_fixtures()
        .into_iter()
        .filter(|document| !document.contents.gaps.is_empty())
        .map(|document| document.file.name)
        .collect();
    let expected = ["elf-amd64-go1.13", "elf-amd64-go1.17"].map(str::to_owned);
    assert_eq!(with_gaps, BTreeSet::from(expected));
}

/// The table of functions is of a form that is not read: nobody can say what is linked, and nothing is called absent.
#[test]
fn what_cannot_be_read_is_unknown() {
    let bytes = goassay_fixtures::bytes("elf-amd64-go1.17");
    let binary = Binary::parse(&bytes).expect("a Go binary");
    let contents = Contents::of(&binary);
    assert!(!contents.gaps.is_empty());
    let linked: Vec<&Linked> = contents.components.iter().map(|one| &one.linked).collect();
    assert!(
        linked.iter().all(|linked| **linked == Linked::Unknown),
        "{linked:?}"
    );
}

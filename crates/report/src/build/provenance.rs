//! `NAME.provenance.json`: an in-toto Statement (version 1) with SLSA provenance (version 1), as goassay itself can say it: who ran
//! the build is for whoever signs it to say, so the builder's identity claims nothing.
//!
//! The digests of modules are their `h1:` from go.sum as the specification's `dirHash` wants them (in-toto attestation, digest_set.md): in hexadecimal.

use super::Record;
use crate::purl::golang;
use goassay_binary::buildinfo::Module;
use goassay_build::dirhash::in_hexadecimal;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// What kind of build it is: `docs/formats/build.md` says what its parameters mean.
const BUILD_TYPE: &str = "urn:goassay:build-type:go-build:1";
/// Nobody vouches for it but who signs the envelope.
const BUILDER: &str = "urn:goassay:builder:unspecified";

/// Writes the statement about the program of a record.
///
/// # Errors
/// It cannot be written.
pub fn render_provenance(record: &Record<'_>, out: &mut dyn Write) -> io::Result<()> {
    let subjects = record.made.iter().take(1).map(|made| Resource {
        name: Some(made.name.clone()),
        uri: None,
        digest: digest("sha256", made.sha256.clone()),
    });
    let statement = Statement {
        kind: "https://in-toto.io/Statement/v1",
        subject: subjects.collect(),
        predicate_type: "https://slsa.dev/provenance/v1",
        predicate: Predicate {
            build_definition: definition(record),
            run_details: RunDetails {
                builder: Builder {
                    id: BUILDER,
                    version: BTreeMap::from([(
                        record.tool.name.as_str(),
                        record.tool.version.as_str(),
                    )]),
                },
            },
        },
    };
    crate::harmless::write(out, &statement)
}

fn definition<'a>(record: &'a Record<'_>) -> Definition<'a> {
    let build = record.build;
    let set = build.environment.iter().filter(|setting| !setting.is_place);
    let environment = set.filter_map(|setting| {
        let value = setting.value.as_ref()?.to_string_lossy().into_owned();
        Some((setting.name, value))
    });
    Definition {
        build_type: BUILD_TYPE,
        external_parameters: External {
            package: &build.package,
            target: build.target.to_string(),
            profile: record.profile,
            arguments: build.arguments(),
        },
        internal_parameters: Internal {
            environment: environment.collect(),
        },
        resolved_dependencies: dependencies(record),
    }
}

fn dependencies(record: &Record<'_>) -> Vec<Resource> {
    let mut all = Vec::new();
    let main = record.info.main.as_ref();
    if let (Some(checkout), Some(main)) = (&record.project.checkout, main) {
        all.push(Resource {
            name: Some("source".to_owned()),
            uri: Some(golang(main.path, main.version)),
            digest: digest("gitCommit", checkout.commit.clone()),
        });
    }
    let go = &record.project.go;
    all.extend(record.go_programs.iter().map(|(name, sha256)| Resource {
        name: Some(format!("{} {name}", go.says)),
        uri: Some(golang("toolchain", &go.says)),
        digest: digest("sha256", sha256.clone()),
    }));
    all.extend(record.info.deps.iter().map(module));
    all
}

fn module(module: &Module<'_>) -> Resource {
    let linked = module.replace.as_deref().unwrap_or(module);
    Resource {
        name: None,
        uri: Some(golang(linked.path, linked.version)),
        digest: in_hexadecimal(linked.sum)
            .map_or_else(BTreeMap::new, |hash| digest("dirHash", hash)),
    }
}

fn digest(kind: &'static str, value: String) -> BTreeMap<&'static str, String> {
    BTreeMap::from([(kind, value)])
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Statement<'a> {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: Vec<Resource>,
    predicate_type: &'static str,
    predicate: Predicate<'a>,
}

#[derive(Serialize)]
struct Resource {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    digest: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Predicate<'a> {
    build_definition: Definition<'a>,
    run_details: RunDetails<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Definition<'a> {
    build_type: &'static str,
    external_parameters: External<'a>,
    internal_parameters: Internal<'a>,
    resolved_dependencies: Vec<Resource>,
}

#[derive(Serialize)]
struct External<'a> {
    package: &'a str,
    target: String,
    profile: &'a str,
    arguments: Vec<String>,
}

#[derive(Serialize)]
struct Internal<'a> {
    environment: BTreeMap<&'a str, String>,
}

#[derive(Serialize)]
struct RunDetails<'a> {
    builder: Builder<'a>,
}

#[derive(Serialize)]
struct Builder<'a> {
    id: &'static str,
    version: BTreeMap<&'a str, &'a str>,
}

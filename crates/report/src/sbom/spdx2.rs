//! SPDX 2.3 as JSON (<https://spdx.github.io/spdx-spec/v2.3/>).
//!
//! The binary is a package, and so is each module; nothing is analysed file by file.

use super::words::{H1, LINK_UNKNOWN, NOT_LINKED};
use super::{Component, Document, Linked, Role, identity};
use crate::harmless;
use serde::Serialize;
use std::io::{self, Write};

const BINARY: &str = "SPDXRef-Binary";
const DOCUMENT: &str = "SPDXRef-DOCUMENT";
const NOT_SAID: &str = "NOASSERTION";

/// Writes the document.
pub(super) fn render(document: &Document, out: &mut dyn Write) -> io::Result<()> {
    let mut spdx = Spdx::of(document);
    spdx.document_namespace = identity::namespace(&document.file.name, &spdx)?;
    harmless::write(out, &spdx)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spdx<'a> {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: String,
    document_namespace: String,
    creation_info: CreationInfo<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    packages: Vec<Package<'a>>,
    relationships: Vec<Relationship>,
}

#[derive(Serialize)]
struct CreationInfo<'a> {
    created: &'a str,
    creators: [String; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Package<'a> {
    #[serde(rename = "SPDXID")]
    id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_info: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    package_file_name: Option<&'a str>,
    primary_package_purpose: &'static str,
    download_location: &'static str,
    files_analyzed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checksums: Vec<Checksum<'a>>,
    license_concluded: &'static str,
    license_declared: &'static str,
    copyright_text: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<ExternalRef<'a>>,
    #[serde(skip_serializing_if = "String::is_empty")]
    comment: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checksum<'a> {
    algorithm: &'static str,
    checksum_value: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef<'a> {
    reference_category: &'static str,
    reference_type: &'static str,
    reference_locator: std::borrow::Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: String,
    relationship_type: &'static str,
    related_spdx_element: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'static str>,
}

impl<'a> Spdx<'a> {
    fn of(document: &'a Document) -> Spdx<'a> {
        let components = &document.contents.components;
        let described = Relationship {
            spdx_element_id: DOCUMENT.to_owned(),
            relationship_type: "DESCRIBES",
            related_spdx_element: BINARY.to_owned(),
            comment: None,
        };
        let binary = Package::of_binary(document);
        Spdx {
            spdx_version: "SPDX-2.3",
            data_license: "CC0-1.0",
            id: DOCUMENT,
            name: document.file.title(),
            document_namespace: String::new(),
            creation_info: CreationInfo::of(document),
            comment: document.gap_note(),
            packages: [binary]
                .into_iter()
                .chain(components.iter().map(Package::of))
                .collect(),
            relationships: [described]
                .into_iter()
                .chain(components.iter().map(relationship))
                .collect(),
        }
    }
}

impl<'a> CreationInfo<'a> {
    fn of(document: &'a Document) -> CreationInfo<'a> {
        let (created, comment) = document.created();
        CreationInfo {
            created,
            creators: [format!("Tool: {}", document.tool_title())],
            comment,
        }
    }
}

impl<'a> Package<'a> {
    fn of_binary(document: &'a Document) -> Package<'a> {
        let file = &document.file;
        Package {
            id: BINARY.to_owned(),
            name: file.title(),
            version_info: document.version(),
            package_file_name: Some(&file.name),
            primary_package_purpose: match document.contents.library {
                true => "LIBRARY",
                false => "APPLICATION",
            },
            checksums: vec![Checksum {
                algorithm: "SHA256",
                checksum_value: &file.sha256,
            }],
            external_refs: document.purl().map(ExternalRef::purl).into_iter().collect(),
            comment: document.notes().join("\n"),
            ..Package::silent()
        }
    }

    fn of(component: &'a Component) -> Package<'a> {
        let purl = component.purl().map(ExternalRef::purl);
        let h1 = Some(component.h1.as_str()).filter(|h1| !h1.is_empty());
        Package {
            id: id(component),
            name: component.path.clone(),
            version_info: component.version(),
            external_refs: purl.into_iter().chain(h1.map(ExternalRef::h1)).collect(),
            license_declared: component.license_id().unwrap_or(NOT_SAID),
            comment: component.notes().join("\n"),
            ..Package::silent()
        }
    }

    /// A package of which nothing is said.
    fn silent() -> Package<'a> {
        Package {
            id: String::new(),
            name: String::new(),
            version_info: None,
            package_file_name: None,
            primary_package_purpose: "LIBRARY",
            download_location: NOT_SAID,
            files_analyzed: false,
            checksums: Vec::new(),
            license_concluded: NOT_SAID,
            license_declared: NOT_SAID,
            copyright_text: NOT_SAID,
            external_refs: Vec::new(),
            comment: String::new(),
        }
    }
}

impl<'a> ExternalRef<'a> {
    fn purl(purl: String) -> ExternalRef<'a> {
        ExternalRef {
            reference_category: "PACKAGE-MANAGER",
            reference_type: "purl",
            reference_locator: purl.into(),
            comment: None,
        }
    }

    /// The hash is not one of a file, so it is no checksum.
    fn h1(h1: &'a str) -> ExternalRef<'a> {
        ExternalRef {
            reference_category: "OTHER",
            reference_type: "go-module-h1",
            reference_locator: h1.into(),
            comment: Some(H1),
        }
    }
}

fn id(component: &Component) -> String {
    let parts = [component.path.as_str(), &component.recorded_version];
    format!("SPDXRef-Module-{}", identity::element(&parts))
}

fn relationship(component: &Component) -> Relationship {
    let (kind, comment) = match (&component.linked, component.role) {
        (Linked::Packages(_), Role::Main) => ("GENERATED_FROM", None),
        (Linked::Packages(_), _) => ("STATIC_LINK", None),
        (Linked::No, _) => ("OTHER", Some(NOT_LINKED)),
        (Linked::Unknown, _) => ("OTHER", Some(LINK_UNKNOWN)),
    };
    Relationship {
        spdx_element_id: BINARY.to_owned(),
        relationship_type: kind,
        related_spdx_element: id(component),
        comment,
    }
}

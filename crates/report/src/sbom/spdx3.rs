//! SPDX 3.0.1 as JSON-LD (<https://spdx.github.io/spdx-spec/v3.0.1/>), profiles core, software and simple licensing.
//!
//! The binary is a package, and so is each module. One relationship has all modules that are in the same one to the binary.

use super::words::{H1, LINK_UNKNOWN, NOT_LINKED};
use super::{Component, Document, Linked, Role, identity};
use crate::harmless;
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::{self, Write};

const CONTEXT: &str = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld";
const DATA_LICENSE: &str = "https://spdx.org/licenses/CC0-1.0";
const PROFILES: [&str; 3] = ["core", "software", "simpleLicensing"];
const CREATION: &str = "_:creation";

/// Writes the document.
pub(super) fn render(document: &Document, out: &mut dyn Write) -> io::Result<()> {
    let unnamed = Graph::of(document, "");
    let namespace = identity::namespace(&document.file.name, &unnamed)?;
    harmless::write(out, &Graph::of(document, &namespace))
}

#[derive(Serialize)]
struct Graph<'a> {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@graph")]
    elements: Vec<Element<'a>>,
}

/// The elements of a graph, as far as we write any. Field names carry the profile.
#[derive(Serialize)]
#[serde(tag = "type")]
enum Element<'a> {
    CreationInfo(CreationInfo<'a>),
    SoftwareAgent(Named),
    Tool(Named),
    SpdxDocument(Collection),
    #[serde(rename = "software_Sbom")]
    Sbom(Collection),
    #[serde(rename = "software_Package")]
    Package(Box<Package<'a>>),
    #[serde(rename = "simplelicensing_LicenseExpression")]
    License(LicenseExpression),
    Relationship(Relationship),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreationInfo<'a> {
    #[serde(rename = "@id")]
    id: &'static str,
    spec_version: &'static str,
    created: &'a str,
    created_by: [String; 1],
    created_using: [String; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    spdx_id: String,
    creation_info: &'static str,
    name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Collection {
    #[serde(flatten)]
    named: Named,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_license: Option<&'static str>,
    profile_conformance: Vec<&'static str>,
    root_element: [String; 1],
    element: Vec<String>,
    #[serde(rename = "software_sbomType", skip_serializing_if = "Vec::is_empty")]
    sbom_type: Vec<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Package<'a> {
    #[serde(flatten)]
    named: Named,
    #[serde(skip_serializing_if = "String::is_empty")]
    comment: String,
    #[serde(
        rename = "software_packageVersion",
        skip_serializing_if = "Option::is_none"
    )]
    version: Option<&'a str>,
    #[serde(rename = "software_primaryPurpose")]
    purpose: &'static str,
    #[serde(
        rename = "software_packageUrl",
        skip_serializing_if = "Option::is_none"
    )]
    url: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    verified_using: Vec<Hash<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_identifier: Vec<ExternalIdentifier<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Hash<'a> {
    r#type: &'static str,
    algorithm: &'static str,
    hash_value: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalIdentifier<'a> {
    r#type: &'static str,
    external_identifier_type: &'static str,
    identifier: &'a str,
    comment: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LicenseExpression {
    spdx_id: String,
    creation_info: &'static str,
    #[serde(rename = "simplelicensing_licenseExpression")]
    expression: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    spdx_id: String,
    creation_info: &'static str,
    from: String,
    relationship_type: &'static str,
    to: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completeness: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'static str>,
}

/// Gives the elements of one document their names.
struct Namer<'n> {
    namespace: &'n str,
}

impl Namer<'_> {
    fn id(&self, name: &str) -> String {
        format!("{}#{name}", self.namespace)
    }

    fn binary(&self) -> String {
        self.id("binary")
    }

    fn component(&self, component: &Component) -> String {
        let parts = [component.path.as_str(), &component.recorded_version];
        self.id(&format!("module-{}", identity::element(&parts)))
    }

    fn named(&self, name: &str, title: impl Into<String>) -> Named {
        Named {
            spdx_id: self.id(name),
            creation_info: CREATION,
            name: title.into(),
        }
    }
}

impl<'a> Graph<'a> {
    fn of(document: &'a Document, namespace: &str) -> Graph<'a> {
        let namer = Namer { namespace };
        let components = &document.contents.components;
        let mut content = vec![Element::Package(Box::new(Package::of_binary(
            document, &namer,
        )))];
        content.extend(
            components
                .iter()
                .map(|one| Element::Package(Box::new(Package::of(one, &namer)))),
        );
        let relationships = relationships(document, &namer);
        content.extend(relationships.into_iter().map(Element::Relationship));
        content.extend(licenses(components, &namer));
        let mut elements = vec![
            Element::CreationInfo(CreationInfo::of(document, &namer)),
            Element::SoftwareAgent(namer.named("agent", &document.tool.name)),
            Element::Tool(namer.named("tool", document.tool_title())),
            Element::SpdxDocument(Collection::document(document, &namer, &content)),
            Element::Sbom(Collection::sbom(document, &namer, &content)),
        ];
        elements.append(&mut content);
        Graph {
            context: CONTEXT,
            elements,
        }
    }
}

impl Element<'_> {
    fn id(&self) -> &str {
        match self {
            Element::CreationInfo(info) => info.id,
            Element::SoftwareAgent(named) | Element::Tool(named) => &named.spdx_id,
            Element::SpdxDocument(collection) | Element::Sbom(collection) => {
                &collection.named.spdx_id
            }
            Element::Package(package) => &package.named.spdx_id,
            Element::License(license) => &license.spdx_id,
            Element::Relationship(relationship) => &relationship.spdx_id,
        }
    }
}

impl<'a> CreationInfo<'a> {
    fn of(document: &'a Document, namer: &Namer<'_>) -> CreationInfo<'a> {
        let (created, comment) = document.created();
        CreationInfo {
            id: CREATION,
            spec_version: "3.0.1",
            created,
            created_by: [namer.id("agent")],
            created_using: [namer.id("tool")],
            comment,
        }
    }
}

impl Collection {
    fn document(document: &Document, namer: &Namer<'_>, content: &[Element<'_>]) -> Collection {
        let sbom = namer.id("sbom");
        let others = ["agent", "tool"].map(|name| namer.id(name));
        let element = [sbom.clone()].into_iter().chain(others);
        Collection {
            named: namer.named("document", document.file.title()),
            comment: document.gap_note(),
            data_license: Some(DATA_LICENSE),
            profile_conformance: PROFILES.to_vec(),
            element: element
                .chain(content.iter().map(|one| one.id().to_owned()))
                .collect(),
            root_element: [sbom],
            sbom_type: Vec::new(),
        }
    }

    fn sbom(document: &Document, namer: &Namer<'_>, content: &[Element<'_>]) -> Collection {
        Collection {
            named: namer.named("sbom", document.file.title()),
            comment: None,
            data_license: None,
            profile_conformance: PROFILES.to_vec(),
            root_element: [namer.binary()],
            element: content.iter().map(|one| one.id().to_owned()).collect(),
            sbom_type: vec!["analyzed"],
        }
    }
}

impl<'a> Package<'a> {
    fn of_binary(document: &'a Document, namer: &Namer<'_>) -> Package<'a> {
        let file = &document.file;
        Package {
            named: namer.named("binary", file.title()),
            comment: document.notes().join("\n"),
            version: document.version(),
            purpose: match document.contents.library {
                true => "library",
                false => "application",
            },
            url: document.purl(),
            verified_using: vec![Hash {
                r#type: "Hash",
                algorithm: "sha256",
                hash_value: &file.sha256,
            }],
            external_identifier: Vec::new(),
        }
    }

    fn of(component: &'a Component, namer: &Namer<'_>) -> Package<'a> {
        let h1 = ExternalIdentifier {
            r#type: "ExternalIdentifier",
            external_identifier_type: "other",
            identifier: &component.h1,
            comment: H1,
        };
        Package {
            named: Named {
                spdx_id: namer.component(component),
                creation_info: CREATION,
                name: component.path.clone(),
            },
            comment: component.notes().join("\n"),
            version: component.version(),
            purpose: "library",
            url: component.purl(),
            verified_using: Vec::new(),
            external_identifier: (!component.h1.is_empty())
                .then_some(h1)
                .into_iter()
                .collect(),
        }
    }
}

/// What each component is to the binary.
fn relationships(document: &Document, namer: &Namer<'_>) -> Vec<Relationship> {
    let components = &document.contents.components;
    let those = |wanted: fn(&Component) -> bool| -> Vec<String> {
        let wanted = components.iter().filter(|one| wanted(one));
        wanted.map(|one| namer.component(one)).collect()
    };
    let from_binary = |name: &str, kind, to, completeness, comment| Relationship {
        spdx_id: namer.id(name),
        creation_info: CREATION,
        from: namer.binary(),
        relationship_type: kind,
        to,
        completeness,
        comment,
    };
    let linked = those(|one| matches!(one.linked, Linked::Packages(_)) && one.role != Role::Main);
    let completeness = match document.contents.lacks_something() {
        true => "incomplete",
        false => "noAssertion",
    };
    let not_linked = those(|one| one.linked == Linked::No);
    let unknown = those(|one| one.linked == Linked::Unknown);
    let mut list = vec![
        from_binary("linked", "hasStaticLink", linked, Some(completeness), None),
        from_binary("not-linked", "other", not_linked, None, Some(NOT_LINKED)),
        from_binary("link-unknown", "other", unknown, None, Some(LINK_UNKNOWN)),
    ];
    let is_made_of = |one: &&Component| one.role == Role::Main && one.linked != Linked::Unknown;
    list.extend(components.iter().find(is_made_of).map(|main| Relationship {
        from: namer.component(main),
        ..from_binary("generated", "generates", vec![namer.binary()], None, None)
    }));
    list.retain(|relationship| !relationship.to.is_empty());
    list
}

/// The licences, and which modules declare each.
fn licenses(components: &[Component], namer: &Namer<'_>) -> Vec<Element<'static>> {
    let mut elements = Vec::new();
    let ids: BTreeSet<&'static str> = components
        .iter()
        .filter_map(Component::license_id)
        .collect();
    for id in ids {
        let license = namer.id(&format!("license-{id}"));
        elements.push(Element::License(LicenseExpression {
            spdx_id: license.clone(),
            creation_info: CREATION,
            expression: id,
        }));
        let under_it = components.iter().filter(|one| one.license_id() == Some(id));
        elements.extend(under_it.map(|one| {
            let parts = [one.path.as_str(), &one.recorded_version];
            Element::Relationship(Relationship {
                spdx_id: namer.id(&format!("declared-{}", identity::element(&parts))),
                creation_info: CREATION,
                from: namer.component(one),
                relationship_type: "hasDeclaredLicense",
                to: vec![license.clone()],
                completeness: None,
                comment: None,
            })
        }));
    }
    elements
}

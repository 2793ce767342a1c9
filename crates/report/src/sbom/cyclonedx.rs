//! CycloneDX 1.6 and 1.7 as JSON (<https://cyclonedx.org/docs/1.6/json/>). What they have no field for is a property in the
//! name space `goassay:`.

use super::{Component, Document, Linked, Role, identity};
use crate::harmless;
use goassay_binary::gap::Gap;
use serde::Serialize;
use std::io::{self, Write};

/// Reference of the binary itself within the document.
const BINARY: &str = "binary";

/// Which version is written; what we say is the same in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V1_6,
    V1_7,
}

impl Version {
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Version::V1_6 => ("http://cyclonedx.org/schema/bom-1.6.schema.json", "1.6"),
            Version::V1_7 => ("http://cyclonedx.org/schema/bom-1.7.schema.json", "1.7"),
        }
    }
}

/// Writes the document.
pub(super) fn render(document: &Document, version: Version, out: &mut dyn Write) -> io::Result<()> {
    let mut bom = Bom::of(document, version);
    bom.serial_number = Some(identity::urn(&bom)?);
    harmless::write(out, &bom)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bom<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    bom_format: &'static str,
    spec_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial_number: Option<String>,
    version: u32,
    metadata: Metadata<'a>,
    components: Vec<ComponentWire<'a>>,
    dependencies: Vec<Dependency>,
    compositions: Vec<Composition>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<&'a str>,
    lifecycles: [Lifecycle; 1],
    tools: Tools<'a>,
    component: ComponentWire<'a>,
}

#[derive(Serialize)]
struct Lifecycle {
    phase: &'static str,
}

#[derive(Serialize)]
struct Tools<'a> {
    components: [ToolWire<'a>; 1],
}

#[derive(Serialize)]
struct ToolWire<'a> {
    r#type: &'static str,
    name: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
struct ComponentWire<'a> {
    r#type: &'static str,
    #[serde(rename = "bom-ref", skip_serializing_if = "String::is_empty")]
    bom_ref: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    licenses: Vec<LicenseWire>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pedigree: Option<Pedigree<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property>,
}

#[derive(Serialize)]
struct Hash<'a> {
    alg: &'static str,
    content: &'a str,
}

#[derive(Serialize)]
struct LicenseWire {
    license: LicenseId,
}

#[derive(Serialize)]
struct LicenseId {
    id: &'static str,
    acknowledgement: &'static str,
}

impl LicenseWire {
    /// What the module's authors put into it; nobody concluded anything.
    fn declared(id: &'static str) -> LicenseWire {
        let acknowledgement = "declared";
        LicenseWire {
            license: LicenseId {
                id,
                acknowledgement,
            },
        }
    }
}

#[derive(Serialize)]
struct Pedigree<'a> {
    ancestors: [Box<ComponentWire<'a>>; 1],
}

#[derive(Serialize)]
struct Property {
    name: String,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency {
    r#ref: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<String>,
}

#[derive(Serialize)]
struct Composition {
    aggregate: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    assemblies: Vec<String>,
    dependencies: Vec<String>,
}

impl<'a> Bom<'a> {
    fn of(document: &'a Document, version: Version) -> Bom<'a> {
        let (schema, spec_version) = version.names();
        let components = &document.contents.components;
        Bom {
            schema,
            bom_format: "CycloneDX",
            spec_version,
            serial_number: None,
            version: 1,
            metadata: Metadata::of(document),
            components: components.iter().map(ComponentWire::of).collect(),
            dependencies: vec![Dependency::of_binary(components)],
            compositions: compositions(document),
        }
    }
}

impl<'a> Metadata<'a> {
    fn of(document: &'a Document) -> Metadata<'a> {
        Metadata {
            timestamp: document.time.as_deref(),
            lifecycles: [Lifecycle {
                phase: "post-build",
            }],
            tools: Tools {
                components: [ToolWire {
                    r#type: "application",
                    name: &document.tool.name,
                    version: &document.tool.version,
                }],
            },
            component: ComponentWire::of_binary(document),
        }
    }
}

impl<'a> ComponentWire<'a> {
    fn of_binary(document: &'a Document) -> ComponentWire<'a> {
        let file = &document.file;
        ComponentWire {
            r#type: match document.contents.library {
                true => "library",
                false => "application",
            },
            bom_ref: BINARY.to_owned(),
            name: file.title(),
            version: document.version(),
            scope: None,
            hashes: vec![Hash {
                alg: "SHA-256",
                content: &file.sha256,
            }],
            licenses: Vec::new(),
            purl: document.purl(),
            pedigree: None,
            properties: properties_of_binary(document),
        }
    }

    fn of(component: &'a Component) -> ComponentWire<'a> {
        ComponentWire {
            r#type: "library",
            bom_ref: reference(component),
            name: component.path.clone(),
            version: component.version(),
            scope: match &component.linked {
                Linked::Packages(_) => Some("required"),
                Linked::No => Some("excluded"),
                Linked::Unknown => None,
            },
            hashes: Vec::new(),
            licenses: component
                .license_id()
                .map(LicenseWire::declared)
                .into_iter()
                .collect(),
            purl: component.purl(),
            pedigree: component.replaces.as_ref().map(Pedigree::of),
            properties: properties(component),
        }
    }
}

impl<'a> Pedigree<'a> {
    /// What the code asks for and does not get.
    fn of((path, version): &'a (String, String)) -> Pedigree<'a> {
        let original = ComponentWire {
            r#type: "library",
            bom_ref: String::new(),
            name: path.clone(),
            version: Some(version.as_str()).filter(|version| !version.is_empty()),
            scope: None,
            hashes: Vec::new(),
            licenses: Vec::new(),
            purl: Some(crate::purl::golang(path, version)),
            pedigree: None,
            properties: Vec::new(),
        };
        Pedigree {
            ancestors: [Box::new(original)],
        }
    }
}

/// Unique, because no component is there twice.
fn reference(component: &Component) -> String {
    format!("{}@{}", component.path, component.recorded_version)
}

fn property(name: &str, value: impl Into<String>) -> Property {
    Property {
        name: format!("goassay:{name}"),
        value: value.into(),
    }
}

fn properties_of_binary(document: &Document) -> Vec<Property> {
    let contents = &document.contents;
    let mut list = Vec::new();
    if let Some(member) = &document.file.member {
        list.push(property("file:name", &document.file.name));
        list.push(property("file:sha256", &member.file_sha256));
    }
    list.extend(
        contents
            .main_package
            .iter()
            .map(|path| property("main-package", path)),
    );
    let c_code = contents.c_code.map_or("unknown", yes_or_no);
    list.push(property("c-code", c_code));
    list.extend(
        contents
            .libraries
            .iter()
            .map(|name| property("needs-library", name)),
    );
    let settings = contents.settings.iter();
    list.extend(settings.map(|(key, value)| property(&format!("build:{key}"), value)));
    let stray = contents.stray_packages.iter();
    list.extend(stray.map(|path| property("package-of-no-module", path)));
    list.extend(
        contents
            .gaps
            .iter()
            .map(|gap: &Gap| property("gap", gap.to_string())),
    );
    list
}

fn properties(component: &Component) -> Vec<Property> {
    let mut list = vec![property("role", component.role.name())];
    if component.version().is_none() && component.role != Role::StandardLibrary {
        let recorded = match component.recorded_version.as_str() {
            "" => "none",
            other => other,
        };
        list.push(property("recorded-version", recorded));
    }
    list.extend(
        component
            .folder
            .iter()
            .map(|folder| property("replaced-by-folder", folder)),
    );
    if !component.h1.is_empty() {
        list.push(property("module-h1", &component.h1));
    }
    match &component.linked {
        Linked::Packages(packages) => {
            list.push(property("linked", "true"));
            list.extend(packages.iter().map(|path| property("linked-package", path)));
        }
        Linked::No => list.push(property("linked", "false")),
        Linked::Unknown => list.push(property("linked", "unknown")),
    }
    list.push(property("license", component.license_note()));
    list
}

fn yes_or_no(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

impl Dependency {
    /// The binary is made of what is linked. What the modules depend on is not in the binary: they have no entry, which
    /// stands for unknown.
    fn of_binary(components: &[Component]) -> Dependency {
        let linked = components
            .iter()
            .filter(|one| matches!(one.linked, Linked::Packages(_)));
        Dependency {
            r#ref: BINARY.to_owned(),
            depends_on: linked.map(reference).collect(),
        }
    }
}

/// How whole the lists are. `incomplete` where something is known to be missing, `unknown` where nothing is: what is
/// embedded, copied or generated into a module has no name in a binary.
fn compositions(document: &Document) -> Vec<Composition> {
    let of_binary = Composition {
        aggregate: match document.contents.lacks_something() {
            true => "incomplete",
            false => "unknown",
        },
        assemblies: vec![BINARY.to_owned()],
        dependencies: vec![BINARY.to_owned()],
    };
    let of_modules = Composition {
        aggregate: "incomplete",
        assemblies: Vec::new(),
        dependencies: document.contents.components.iter().map(reference).collect(),
    };
    let has_modules = !of_modules.dependencies.is_empty();
    let mut compositions = vec![of_binary];
    compositions.extend(has_modules.then_some(of_modules));
    compositions
}

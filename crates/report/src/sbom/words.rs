//! Sentences and names that every format has: of the binary as a component, of what is known of each module.

use super::{Component, Document, File, License, Linked};
use crate::purl;

/// What an `h1:` hash is.
pub(super) const H1: &str = "Hash over names and contents of the files of the module's zip, as go.sum and the checksum database have it; not the hash of a file.";
/// What the relationship to a module without functions is.
pub(super) const NOT_LINKED: &str =
    "The build information names the module; no function of it is in the binary.";
/// What the relationship to a module is where functions could not be read.
pub(super) const LINK_UNKNOWN: &str =
    "The build information names the module; whether it is linked could not be read.";

/// What stands where a format has to have a time and none was given.
const NO_TIME: &str = "1970-01-01T00:00:00Z";
const WHY_NO_TIME: &str = "No time was given: the document depends on the binary alone.";

impl File {
    /// The name for people: with the member where the file holds several.
    pub(super) fn title(&self) -> String {
        match &self.member {
            None => self.name.clone(),
            Some(member) => format!("{} ({})", self.name, member.name),
        }
    }
}

impl Document {
    /// The package URL of the binary: of its main module, and where in it the main package is.
    pub(super) fn purl(&self) -> Option<String> {
        let module = self.contents.main_module()?;
        let mut url = module.purl()?;
        let inside = self.contents.main_package.as_deref();
        let inside = inside.and_then(|package| package.strip_prefix(module.path.as_str()));
        if let Some(folders) = inside.and_then(|rest| rest.strip_prefix('/')) {
            let folders: Vec<String> = folders.split('/').map(purl::encode).collect();
            url.push('#');
            url.push_str(&folders.join("/"));
        }
        Some(url)
    }

    /// The version of the main module, where one is known.
    pub(super) fn version(&self) -> Option<&str> {
        self.contents.main_module()?.version()
    }

    /// The time for formats that have to have one, and what to say where none was given.
    pub(super) fn created(&self) -> (&str, Option<&'static str>) {
        match &self.time {
            Some(time) => (time, None),
            None => (NO_TIME, Some(WHY_NO_TIME)),
        }
    }

    /// Name and version of the program that made it.
    pub(super) fn tool_title(&self) -> String {
        format!("{}-{}", self.tool.name, self.tool.version)
    }

    /// What formats without a field for it say of the binary, in one sentence each.
    pub(super) fn notes(&self) -> Vec<String> {
        let contents = &self.contents;
        let mut notes = Vec::new();
        if let Some(member) = &self.file.member {
            let sha256 = &member.file_sha256;
            notes.push(format!("Part of a file with the SHA-256 {sha256}."));
        }
        notes.extend(
            contents
                .main_package
                .iter()
                .map(|path| format!("Main package: {path}.")),
        );
        notes.extend(contents.c_code.filter(|linked| *linked).map(|_| {
            "C code is linked, of which the binary says neither name nor version.".to_owned()
        }));
        if !contents.libraries.is_empty() {
            let names = contents.libraries.join(", ");
            notes.push(format!("Libraries that it loads: {names}."));
        }
        let settings = contents.settings.iter();
        notes.extend(settings.map(|(key, value)| format!("Build setting: {key}={value}")));
        if !contents.stray_packages.is_empty() {
            let paths = contents.stray_packages.join(", ");
            notes.push(format!("Packages of no recorded module: {paths}."));
        }
        notes
    }

    /// What the document lacks, where something could not be read.
    pub(super) fn gap_note(&self) -> Option<String> {
        let gaps: Vec<String> = self.contents.gaps.iter().map(ToString::to_string).collect();
        (!gaps.is_empty()).then(|| format!("Incomplete: {}.", gaps.join("; ")))
    }
}

impl Component {
    /// The SPDX identifier of its licence, where that is known.
    pub(super) fn license_id(&self) -> Option<&'static str> {
        match self.license {
            License::Recognised { id, .. } => Some(id),
            _ => None,
        }
    }

    /// How its licence is known, or why it is not: a clause.
    pub(super) fn license_note(&self) -> String {
        match &self.license {
            License::NotChecked => "not looked up".to_owned(),
            License::NoCopy => "not known: no copy in the module cache".to_owned(),
            License::NoFile => "not known: the module has no licence file".to_owned(),
            License::NotRecognised(files) => {
                let files = files.join(", ");
                format!("not known: {files} in the module is not one known licence")
            }
            License::Recognised { file, .. } => format!("the text of {file} in the module"),
        }
    }

    /// What the formats have no field for, in one sentence each.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some((path, version)) = &self.replaces {
            let by = self.folder.as_deref().unwrap_or(&self.path);
            notes.push(format!("{by} replaces {path} {version} by a replace line."));
        }
        if self.version().is_none() {
            notes.push("The binary does not say which version it is.".to_owned());
        }
        notes.push(match &self.linked {
            Linked::Packages(packages) => {
                format!(
                    "Packages with functions in the binary: {}.",
                    packages.join(", ")
                )
            }
            Linked::No => "No function of it is in the binary.".to_owned(),
            Linked::Unknown => "Whether it is linked could not be read.".to_owned(),
        });
        notes.push(format!("Licence: {}.", self.license_note()));
        notes
    }
}

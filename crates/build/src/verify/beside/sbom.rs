//! Bills of materials, ours and others': CycloneDX, SPDX 2 and SPDX 3 in JSON.
//!
//! Only what all of them say of a Go program is looked at: which file they are about, which modules are in it, and their `h1:` hashes.

use super::{Finding, Subject, few, members, purl, text};
use crate::module::Module;
use crate::verify::Claim;
use crate::verify::claim::Linked;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What a bill of materials states.
#[derive(Debug, Default)]
struct Stated {
    /// Files: name and SHA-256.
    files: Vec<(String, String)>,
    /// Modules, with the `h1:` where it is said.
    modules: BTreeMap<Module, Option<String>>,
}

/// Arrays in which formats put hashes of files, and what they call the value.
const HASHES: [(&str, &str); 3] = [
    ("hashes", "content"),
    ("checksums", "checksumValue"),
    ("verifiedUsing", "hashValue"),
];
/// Arrays in which formats put other identities, and what they call the value.
const IDENTITIES: [(&str, &str); 3] = [
    ("properties", "value"),
    ("externalRefs", "referenceLocator"),
    ("externalIdentifier", "identifier"),
];
/// What the standard library is called in place of a module.
const STANDARD: [&str; 2] = ["stdlib", "std"];

pub(super) fn check(subject: &Subject<'_>, document: &[u8]) -> Finding {
    let value: Value = match serde_json::from_slice(document) {
        Ok(value) => value,
        Err(error) => return Finding::NotChecked(format!("it is no JSON: {error}")),
    };
    if !["bomFormat", "spdxVersion", "@graph"]
        .iter()
        .any(|key| value.get(key).is_some())
    {
        return Finding::NotChecked("it is neither CycloneDX nor SPDX".to_owned());
    }
    let mut stated = Stated::default();
    stated.read(&value);
    let is_about_it = stated.is_about(subject);
    let named = stated.files.iter().find(|(name, _)| name == subject.name);
    if let (false, Some((name, sha256))) = (is_about_it, named) {
        return Finding::Fails(format!(
            "it is about {name} with SHA-256 {sha256}, and the program has {}",
            subject.sha256
        ));
    }
    match subject.claim {
        Some(claim) => modules(claim, &stated, is_about_it),
        None => {
            Finding::NotChecked("the program says nothing that it could be held against".to_owned())
        }
    }
}

/// Whether the modules are those that the program says.
fn modules(claim: &Claim, stated: &Stated, is_about_it: bool) -> Finding {
    let all = claim.modules.iter();
    let linked: Vec<(Module, &Linked)> = all
        .filter(|one| !one.module.version.is_empty())
        .map(|one| (purl::folded(&one.module), one))
        .collect();
    let mut wrong = Vec::new();
    let mut held = 0;
    for (module, one) in &linked {
        match stated.modules.get(module) {
            None => wrong.push(format!("{} is linked, and not in it", one.module)),
            Some(Some(h1)) if !one.sum.is_empty() && *h1 != one.sum => {
                wrong.push(format!(
                    "it has {h1} for {}, and the program {}",
                    one.module, one.sum
                ));
            }
            Some(Some(_)) => held += 1,
            Some(None) => {}
        }
    }
    let main = purl::folded(&claim.main);
    let names: BTreeSet<&Module> = linked.iter().map(|(module, _)| module).collect();
    wrong.extend(other_version(claim, &main, stated));
    if !wrong.is_empty() {
        return Finding::Fails(few(&wrong));
    }
    let besides = stated.modules.keys().filter(|module| {
        let is_standard = STANDARD.contains(&module.path.as_str());
        !is_standard && module.path != main.path && !names.contains(module)
    });
    let besides: Vec<String> = besides.map(Module::to_string).collect();
    let mut said = format!(
        "it has all {} modules, {held} of them with the hash that the program has",
        linked.len()
    );
    if !is_about_it {
        said.push_str("; which file it is about it does not say");
    }
    if !besides.is_empty() {
        said.push_str(&format!("; besides, not linked: {}", few(&besides)));
    }
    Finding::Holds(said)
}

/// The main module, where it is in it at another version only.
fn other_version(claim: &Claim, main: &Module, stated: &Stated) -> Option<String> {
    let is_known = main.version.starts_with('v') && !stated.modules.contains_key(main);
    is_known.then_some(())?;
    let is_it = |module: &&Module| module.path == main.path && !module.version.is_empty();
    let other = stated.modules.keys().find(is_it)?;
    Some(format!(
        "it is about {other}, and the program is {}",
        claim.main
    ))
}

impl Stated {
    /// Whether one of its files is the program.
    fn is_about(&self, subject: &Subject<'_>) -> bool {
        let is_it = |(_, sha256): &(String, String)| sha256.eq_ignore_ascii_case(subject.sha256);
        self.files.iter().any(is_it)
    }

    /// Everything in a document, wherever the format has it.
    fn read(&mut self, value: &Value) {
        match value {
            Value::Array(all) => all.iter().for_each(|one| self.read(one)),
            Value::Object(all) => {
                self.component(value);
                all.values().for_each(|one| self.read(one));
            }
            _ => {}
        }
    }

    fn component(&mut self, value: &Value) {
        let of = |(array, key): &(&'static str, &'static str)| {
            let key = *key;
            members(value, array)
                .filter_map(move |one| text(one, key))
                .collect::<Vec<_>>()
        };
        let name = ["fileName", "packageFileName", "name"]
            .iter()
            .find_map(|key| text(value, key));
        let name = name.unwrap_or_default();
        let name = name.rsplit('/').next().unwrap_or_default();
        let hashes = HASHES.iter().flat_map(of).filter(|hash| hash.len() == 64);
        self.files
            .extend(hashes.map(|hash| (name.to_owned(), hash.to_owned())));
        let identities: Vec<&str> = IDENTITIES.iter().flat_map(of).collect();
        let own = ["purl", "software_packageUrl"]
            .iter()
            .find_map(|key| text(value, key));
        let module = own
            .into_iter()
            .chain(identities.iter().copied())
            .find_map(purl::module);
        if let Some(module) = module {
            let h1 = identities.iter().find(|text| text.starts_with("h1:"));
            let known = self.modules.entry(module).or_default();
            *known = known.take().or_else(|| h1.map(|h1| (*h1).to_owned()));
        }
    }
}

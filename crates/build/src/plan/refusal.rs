//! What speaks against building, with what to do about it.

use super::{Listing, Wanted};
use crate::project::Project;

/// Files that are named one by one.
const NAMED: usize = 5;

/// A reason not to build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The stable word for it: `dirty`, `no-tag`, ….
    pub id: &'static str,
    /// What is wrong. Hostile.
    pub what: String,
    /// What to do.
    pub remedy: &'static str,
}

/// All reasons, in a fixed order.
pub(super) fn all(project: &Project, listings: &[Listing], wanted: &Wanted<'_>) -> Vec<Refusal> {
    let mut found = of_packages(listings);
    found.extend(of_checkout(project, wanted));
    found
}

fn of_packages(listings: &[Listing]) -> Vec<Refusal> {
    let mut found = Vec::new();
    for Listing { target, packages } in listings {
        let mut add = |id, what, remedy| found.push(Refusal { id, what, remedy });
        for package in packages {
            let path = &package.path;
            if let Some(error) = &package.error {
                add(
                    "package",
                    format!("{path} for {target}: {error}"),
                    "`go build` shows the same, and `go vet` often more",
                );
            }
            if path == "command-line-arguments" {
                let what = "files were named, not a package: the program would have no module and no version".to_owned();
                add(
                    "files",
                    what,
                    "name the folder: `./cmd/server` instead of `./cmd/server/main.go`",
                );
            }
            let folder = package
                .module
                .as_ref()
                .and_then(|module| module.replaced_by_folder.as_ref());
            if let (Some(folder), Some(module)) = (folder, &package.module) {
                let what = format!(
                    "{} is replaced by the folder {folder}: nobody else can build this",
                    module.path
                );
                add(
                    "local-replace",
                    what,
                    "publish the change and replace by a version, or use a go.work outside the release",
                );
            }
        }
        if !packages
            .iter()
            .any(|package| package.is_wanted && package.is_main)
        {
            add(
                "no-program",
                format!("there is no program for {target} among the packages"),
                "name a folder with `package main` in it",
            );
        }
    }
    // What is true of a module is true of each of its packages, and of each target.
    found.sort_by(|a, b| (a.id, &a.what).cmp(&(b.id, &b.what)));
    found.dedup();
    found
}

fn of_checkout(project: &Project, wanted: &Wanted<'_>) -> Vec<Refusal> {
    let mut found = Vec::new();
    let checkout = project.checkout.as_ref();
    if let Some(dirty) = checkout
        .map(|c| &c.dirty)
        .filter(|d| !d.is_empty() && !wanted.allow_dirty)
    {
        let named: Vec<&str> = dirty.iter().take(NAMED).map(String::as_str).collect();
        let more = dirty.len().saturating_sub(NAMED);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        found.push(Refusal {
            id: "dirty",
            what: format!("the commit does not have what lies here: {}{more}", named.join(", ")),
            remedy: "commit it, or list it in .gitignore (an untracked output folder is the usual one), or say --allow-dirty",
        });
    }
    if wanted.release && checkout.is_none_or(|checkout| checkout.tags.is_empty()) {
        found.push(Refusal {
            id: "no-tag",
            what: "a release was asked for, and the commit has no tag".to_owned(),
            remedy: "`git tag v1.2.3` the commit that is to be released",
        });
    }
    found
}

/// What should be known.
pub(super) fn notes(project: &Project, wanted: &Wanted<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    match &project.checkout {
        None => notes
            .push("this is no checkout: the program will not say which commit it is".to_owned()),
        Some(checkout) if checkout.tags.is_empty() => {
            notes.push("the commit has no tag: the version will name the commit".to_owned());
        }
        Some(_) => {}
    }
    if wanted.allow_dirty
        && project
            .checkout
            .as_ref()
            .is_some_and(|c| !c.dirty.is_empty())
    {
        notes.push("the version will end in +dirty".to_owned());
    }
    notes
}

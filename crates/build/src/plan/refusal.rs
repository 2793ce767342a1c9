//! What speaks against building, with what to do about it.

use super::{Build, Listing, Stamp, Wanted, stamp};
use crate::profile::Kind;
use crate::project::{Checkout, Module, Project};

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
    let mut found = of_go(project);
    found.extend(of_packages(project, listings));
    found.extend(of_compilers(listings));
    if wanted.profile.fips {
        found.extend(of_fips(project, listings, wanted));
    }
    found.extend(of_checkout(project, wanted));
    if wanted.release {
        found.extend(of_release(project, listings, wanted));
    }
    found
}

/// First minor version of Go that records how a program was built.
const RECORDS: u32 = 18;

fn of_go(project: &Project) -> Vec<Refusal> {
    let mut found = Vec::new();
    if project.go.version.minor() < Some(RECORDS) {
        found.push(Refusal {
            id: "old-go",
            what: format!(
                "{} does not record how a program was built",
                project.go.says
            ),
            remedy: "build with Go 1.18 or newer",
        });
    }
    if !project.is_in_module() {
        found.push(Refusal {
            id: "no-module",
            what: format!(
                "{} is in no module: there is no go.mod in it or above it",
                project.folder.display()
            ),
            remedy: "go to the folder of the module, or make one: `go mod init example.com/name`",
        });
    }
    found
}

fn of_packages(project: &Project, listings: &[Listing]) -> Vec<Refusal> {
    let mut found = Vec::new();
    for Listing {
        target, packages, ..
    } in listings
    {
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
        if project.is_in_module() && packages.iter().all(|package| !package.is_program()) {
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

fn of_compilers(listings: &[Listing]) -> Vec<Refusal> {
    let lacking = listings.iter().filter(|listing| listing.compiler.is_none());
    let needing = lacking.flat_map(|listing| {
        let programs = listing
            .programs()
            .filter(|program| listing.needs_c(program));
        programs.map(|program| (&listing.target, &program.path))
    });
    needing
        .map(|(target, path)| Refusal {
            id: "no-compiler",
            what: format!("{path} has C in it, and no working C compiler for {target} is known"),
            remedy: "install one and name it in [build.compilers] of goassay.toml: \"linux/arm64\" = \"aarch64-linux-gnu-gcc\"",
        })
        .collect()
}

/// What Go's FIPS mode cannot be had with (cmd/go/internal/fips140, crypto/internal/fips140.Supported).
fn of_fips(project: &Project, listings: &[Listing], wanted: &Wanted<'_>) -> Vec<Refusal> {
    let mut found = Vec::new();
    if project.go.fips140.is_none() {
        found.push(Refusal {
            id: "no-fips",
            what: format!("{} has no frozen FIPS 140 module", project.go.says),
            remedy: "build with Go 1.24 or newer: `--go 1.26.8`",
        });
    }
    if wanted.all_tags().contains(&"purego") {
        found.push(Refusal {
            id: "fips-purego",
            what: "the build tag purego leaves out what was validated".to_owned(),
            remedy: "build without the tag purego",
        });
    }
    for Listing { target, .. } in listings {
        let (os, arch) = (&target.platform.os[..], &target.platform.arch[..]);
        if arch == "wasm" || matches!(os, "openbsd" | "aix") || (os, arch) == ("windows", "386") {
            found.push(Refusal {
                id: "no-fips",
                what: format!(
                    "a program for {target} would not start: Go's FIPS mode does not support it"
                ),
                remedy: "leave the target out, or build it with another profile",
            });
        }
    }
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
    if let Some(checkout) = checkout.filter(|checkout| checkout.shows_output && !wanted.allow_dirty)
    {
        found.push(Refusal {
            id: "output-in-checkout",
            what: format!(
                "what is written to {} would be new files of the checkout {}, so that the next program is stamped as modified",
                wanted.output.display(),
                checkout.root.display()
            ),
            remedy: "list the folder in .gitignore, or name one outside: `-o ../dist`",
        });
    }
    found
}

/// A release needs a tag that is its module's, and a Go that records it.
fn of_release(project: &Project, listings: &[Listing], wanted: &Wanted<'_>) -> Vec<Refusal> {
    let mut found = Vec::new();
    let programs = listings.iter().flat_map(|listing| listing.programs());
    for module in programs.filter_map(|program| program.module.as_ref()) {
        match (
            &project.checkout,
            stamp::of(project, Some(module), wanted.profile),
        ) {
            (None, _) => found.push(Refusal {
                id: "no-tag",
                what: "a release was asked for, and this is no checkout of git".to_owned(),
                remedy: "clone the repository at the tag that is to be released",
            }),
            (Some(checkout), stamp) => {
                found.extend(of_tag(checkout, module, &stamp, &project.go.says))
            }
        }
    }
    found.dedup();
    found
}

fn of_tag(checkout: &Checkout, module: &Module, stamp: &Stamp, go: &str) -> Option<Refusal> {
    if stamp::version(checkout, module).is_none() {
        let prefix = stamp::prefix(checkout, module).unwrap_or_default();
        return Some(Refusal {
            id: "no-tag",
            what: format!(
                "a release was asked for, and the commit has no tag of {}: it would be `{prefix}v…` with the module's major version",
                module.path
            ),
            remedy: "`git tag` the commit that is to be released",
        });
    }
    match stamp {
        Stamp::Devel(why) => Some(Refusal {
            id: "no-stamp",
            what: format!(
                "a release was asked for, and {go} would not record the tag of {}: {why}",
                module.path
            ),
            remedy: "build with Go 1.25 or newer, and have a go.mod at the top of the repository",
        }),
        _ => None,
    }
}

/// Programs are named by the last element of their path, as the go command does it: two can have one name.
pub(super) fn of_names(builds: &[Build]) -> Vec<Refusal> {
    let mut found = Vec::new();
    for (at, build) in builds.iter().enumerate() {
        let before = builds.iter().take(at);
        if let Some(other) = before.rev().find(|other| other.file == build.file) {
            found.push(Refusal {
                id: "same-name",
                what: format!(
                    "{} and {} would both be {}",
                    other.package,
                    build.package,
                    build.file.display()
                ),
                remedy: "build them in two runs, into two folders: `-o`",
            });
        }
    }
    found
}

/// What should be known.
pub(super) fn notes(
    project: &Project,
    listings: &[Listing],
    wanted: &Wanted<'_>,
    builds: &[Build],
) -> Vec<String> {
    let mut notes = Vec::new();
    if project.checkout.is_none() {
        notes.push(
            "this is no checkout of git: the program will not say which commit it is".to_owned(),
        );
    }
    let dirty = project
        .checkout
        .as_ref()
        .is_some_and(|c| !c.dirty.is_empty());
    if wanted.allow_dirty && dirty {
        notes.push(
            "there are changes besides the commit: the version will end in +dirty".to_owned(),
        );
    }
    if builds.iter().any(|build| build.stamp == Stamp::Commit) && !dirty {
        notes.push(
            "the commit has no tag of the module: the version will be made of the commit"
                .to_owned(),
        );
    }
    for listing in listings
        .iter()
        .filter(|listing| listing.asks_for_a_compiler(wanted.profile))
    {
        notes.extend(of_compiler(listing, wanted));
    }
    let devel = builds.iter().find_map(|build| match build.stamp {
        Stamp::Devel(why) => Some(format!(
            "{} will have the version (devel): {why}",
            build.package
        )),
        _ => None,
    });
    notes.extend(devel);
    let packed = builds.iter().find_map(|build| match &build.stamp {
        Stamp::Packed(packed) => Some(format!(
            "{} leaves the tag out of a checkout: {}@{} is built from a module proxy of files that is made of the commit. The program has the version and no vcs.revision; the commit is in the build record",
            project.go.says, build.package, packed.version
        )),
        _ => None,
    });
    notes.extend(packed);
    notes
}

fn of_compiler(listing: &Listing, wanted: &Wanted<'_>) -> Option<String> {
    let target = &listing.target;
    match &listing.compiler {
        Some(compiler) if !compiler.dropped.is_empty() => Some(format!(
            "{} for {target} does not know {}: left out",
            compiler.command,
            compiler.dropped.join(", ")
        )),
        None if wanted.profile.kind == Kind::Static => Some(format!(
            "no C compiler for {target} is known: the program is static, and loaded at a fixed address"
        )),
        _ => None,
    }
}

//! `goassay toolchain compare`: a repackaged Go against the published one.
//!
//! A pass means: every difference has a class that was shown here (see `goassay_build::repackaged`). It does not mean that
//! programs which differ follow from the settings and patches that could be their cause: those are "not shown", and keep
//! the package from passing. Times of files are not compared.

use super::files::{self, File, Tool};
use super::{Fetching, document};
use crate::args::toolchain as typed;
use crate::failure::{EXIT_OK, Failure, Kind};
use crate::output::{self, printable};
use goassay_build::archive::{self, Tree};
use goassay_build::goroot::{self, Reference};
use goassay_build::repackaged::patch::Patches;
use goassay_build::repackaged::{self, Class, Finding, Report};
use goassay_build::toolchain::{Installed, Name, Platform, Store};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Exit code where a difference is open.
const EXIT_OPEN: u8 = 1;
/// Files of a class that the text lists; the document lists all.
const LISTED: usize = 25;
/// Packagings and such, which nobody reads one by one.
const LISTED_HARMLESS: usize = 5;

/// Compares packages; `fetching` is asked for where the published toolchain is needed and not in the store.
pub(super) fn run<'f>(
    args: &typed::Compare,
    store: &Store,
    fetching: impl FnOnce() -> Result<Fetching<'f>, Failure>,
) -> Result<u8, Failure> {
    let scratch = store.folder();
    std::fs::create_dir_all(scratch)
        .map_err(|error| Failure::file(Kind::Output, "write", scratch, &error))?;
    let packages = trees(args, &args.packages, scratch)?;
    let patches = match &args.source {
        None => Patches::default(),
        Some(dsc) => Patches::of_source(dsc).map_err(|why| {
            Failure::input("the source package cannot be read")
                .cause(why)
                .hint("`apt-get source --download-only PACKAGE` gets a .dsc with the archives beside it")
        })?,
    };
    let (with, published) = if args.with.is_empty() {
        let installed = published(args, &packages, store, fetching)?;
        let name = installed.name.to_string();
        let reference = Reference::proven(&installed).map_err(|error| {
            Failure::new(
                Kind::Security,
                format!("there is nothing to compare with: {name}"),
            )
            .because(&error)
            .hint("`goassay toolchain prune` it, then run this command again")
        })?;
        (
            With::Published(Box::new(installed)),
            vec![reference.into_tree()],
        )
    } else {
        (
            With::Files(args.with.clone()),
            trees(args, &args.with, scratch)?,
        )
    };
    let report = repackaged::compare(&packages, &published, &patches)
        .map_err(|error| unreadable(&error))?
        .ok_or_else(no_goroot)?;
    let answer = Answer {
        packages: &args.packages,
        with,
        report,
    };
    let text = match args.format.is_json() {
        true => document(&Document::new(&answer))?,
        false => answer.text().into_bytes(),
    };
    output::to_stdout(&text)?;
    Ok(answer.exit_code())
}

fn trees(args: &typed::Compare, paths: &[PathBuf], scratch: &Path) -> Result<Vec<Tree>, Failure> {
    let platform = args.platform.as_ref().map(ToString::to_string);
    let options = archive::Options {
        scratch: Some(scratch),
        follow: true,
        platform: platform.as_deref(),
        ..archive::Options::default()
    };
    let open = |path: &PathBuf| {
        archive::open(path, &options).map_err(|error| {
            Failure::input(format!("cannot read {}", path.display()))
                .because(&error)
                .hint("folders, zip archives, wheels, tar archives, packages (.deb, .rpm, .apk, .pkg, .msi) and container images (OCI layout, docker save) are read")
        })
    };
    paths.iter().map(open).collect()
}

fn unreadable(error: &archive::Error) -> Failure {
    Failure::input("a package cannot be read")
        .because(error)
        .hint("get it again")
}

fn no_goroot() -> Failure {
    Failure::input("there is no GOROOT in the packages: no VERSION that speaks of Go")
        .hint("give all packages that Go was divided into, in one command")
}

/// The toolchain that the packages say they are.
fn published<'f>(
    args: &typed::Compare,
    packages: &[Tree],
    store: &Store,
    fetching: impl FnOnce() -> Result<Fetching<'f>, Failure>,
) -> Result<Installed, Failure> {
    let text = repackaged::version(packages).ok_or_else(no_goroot)?;
    let (version, _) = goroot::released(&text).ok_or_else(|| {
        Failure::input(format!("VERSION says {text:?}, which names no Go release"))
            .hint("give what it should be compared with: --with PATH")
    })?;
    let named = || Platform::parse(&repackaged::platform(packages)?).ok();
    let platform = args.platform.clone().or_else(named).ok_or_else(|| {
        Failure::input("the packages do not say for which platform they are")
            .hint("give it: --platform OS/ARCH")
    })?;
    let name = Name { version, platform };
    match store.find(&name) {
        Some(installed) => Ok(installed),
        None => fetching()?.one(&name),
    }
}

/// What packages were compared with.
enum With {
    Published(Box<Installed>),
    Files(Vec<PathBuf>),
}

struct Answer<'a> {
    packages: &'a [PathBuf],
    with: With,
    report: Report,
}

impl Answer<'_> {
    fn exit_code(&self) -> u8 {
        match self.report.is_explained() {
            true => EXIT_OK,
            false => EXIT_OPEN,
        }
    }

    fn count(&self, class: Class) -> usize {
        self.report.counts.get(&class).copied().unwrap_or(0)
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for package in self.packages {
            text += &format!("{}\n", printable(&package.display().to_string()));
        }
        text += &format!("  GOROOT: {}\n", printable(&self.report.root));
        match &self.with {
            With::Published(installed) => {
                let h1 = &installed.receipt.h1;
                text += &format!("  compared with: {}, published, {h1}\n", installed.name);
            }
            With::Files(paths) => {
                for path in paths {
                    let path = printable(&path.display().to_string());
                    text += &format!("  compared with: {path}\n");
                }
            }
        }
        for class in Class::ALL {
            let of_class = self.report.findings.iter().filter(|f| f.class == class);
            let of_class: Vec<File<'_>> = of_class.map(file).collect();
            files::list(&mut text, &of_class, most(class));
        }
        text + &self.summary()
    }

    fn summary(&self) -> String {
        let counts = Class::ALL
            .iter()
            .rev()
            .filter(|class| self.count(**class) > 0);
        let counts: Vec<String> = counts
            .map(|class| format!("{} {}", self.count(*class), class.name()))
            .collect();
        let code = self.exit_code();
        let mut text = format!("\n{}.\n", counts.join(", "));
        // Writing to a String does not fail.
        let _ = match self.report.is_explained() {
            true => writeln!(
                text,
                "EXPLAINED: every difference has its class (exit code {code})."
            ),
            false => writeln!(
                text,
                "NOT EXPLAINED: {} unexplained, {} not shown (exit code {code}).",
                self.count(Class::Unexplained),
                self.count(Class::NotShown)
            ),
        };
        text
    }
}

/// How many files of a class the text lists.
fn most(class: Class) -> usize {
    match class {
        Class::NotInModule | Class::Generated | Class::Packaging => LISTED_HARMLESS,
        _ => LISTED,
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    tool: Tool,
    packages: Vec<String>,
    goroot: &'a str,
    published: Option<Published<'a>>,
    with: Vec<String>,
    verdict: &'static str,
    exit_code: u8,
    counts: BTreeMap<&'static str, usize>,
    files: Vec<File<'a>>,
}

#[derive(Serialize)]
struct Published<'a> {
    version: String,
    platform: String,
    h1: &'a str,
}

fn file(finding: &Finding) -> File<'_> {
    File {
        name: &finding.name,
        class: finding.class.name(),
        details: &finding.details,
    }
}

impl<'a> Document<'a> {
    fn new(answer: &'a Answer<'_>) -> Document<'a> {
        let paths = |paths: &[PathBuf]| paths.iter().map(|p| p.display().to_string()).collect();
        let (published, with) = match &answer.with {
            With::Files(files) => (None, paths(files)),
            With::Published(installed) => {
                let published = Published {
                    version: installed.name.version.to_string(),
                    platform: installed.name.platform.to_string(),
                    h1: &installed.receipt.h1,
                };
                (Some(published), Vec::new())
            }
        };
        Document {
            schema: "goassay-toolchain-compare/1",
            tool: Tool::THIS,
            packages: paths(answer.packages),
            goroot: &answer.report.root,
            published,
            with,
            verdict: match answer.report.is_explained() {
                true => "explained",
                false => "open",
            },
            exit_code: answer.exit_code(),
            counts: Class::ALL.map(|c| (c.name(), answer.count(c))).into(),
            files: answer.report.findings.iter().map(file).collect(),
        }
    }
}

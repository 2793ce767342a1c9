//! `goassay toolchain check`: the installed Go against the published toolchain of its version.
//!
//! A pass means: every file that was published for this version is there with the published contents, and nothing else is where
//! the go command looks. It does not mean that what was published is what its source says, and nothing is said of the
//! folders that the module form of a toolchain does not have: those are counted as not checked.

use super::files::{self, File, Tool};
use super::{Fetching, document, failure};
use crate::args::toolchain as typed;
use crate::environment::Environment;
use crate::failure::{EXIT_OK, Failure, Kind};
use crate::output::{self, printable};
use goassay_build::archive;
use goassay_build::goroot::{self, Claim, Class, Finding, Reference, Report};
use goassay_build::toolchain::{Installed, Name, Store};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Exit code where something is not as published.
const EXIT_DIFFERENT: u8 = 1;
/// Files of a class that the text lists; the document lists all.
const LISTED: usize = 30;

/// Checks an installation; `fetching` is asked for where the published toolchain is not in the store.
pub(super) fn run<'f>(
    args: &typed::Check,
    env: &Environment,
    store: &Store,
    fetching: impl FnOnce() -> Result<Fetching<'f>, Failure>,
) -> Result<u8, Failure> {
    let goroot = installation(args, env)?;
    let claim = goroot::claim(&goroot, args.platform.as_ref()).map_err(|why| {
        Failure::input(format!("{} is no Go installation", goroot.display()))
            .cause(why)
            .hint("give its GOROOT (`go env GOROOT` prints it), and --platform OS/ARCH where it cannot be seen")
    })?;
    let name = claim.name();
    let published = match store.find(&name) {
        Some(installed) => installed,
        None => fetching()?.one(&name)?,
    };
    let reference = Reference::proven(&published).map_err(|error| altered(&error, &name))?;
    let report = goroot::check(&goroot, &reference).map_err(|error| unreadable(&error, &goroot))?;
    let answer = Answer {
        goroot,
        claim,
        published,
        report,
    };
    let text = match args.format.is_json() {
        true => document(&Document::new(&answer))?,
        false => answer.text().into_bytes(),
    };
    output::to_stdout(&text)?;
    Ok(answer.exit_code())
}

fn installation(args: &typed::Check, env: &Environment) -> Result<PathBuf, Failure> {
    let found = args.goroot.clone().or_else(|| env.goroot());
    found.ok_or_else(|| {
        Failure::usage("there is no Go to check: GOROOT is not set, and no `go` is in PATH")
            .hint("give the folder: `goassay toolchain check GOROOT`")
    })
}

fn altered(error: &goroot::Error, name: &Name) -> Failure {
    let kind = match error {
        goroot::Error::Altered(..) => Kind::Security,
        goroot::Error::Tree(_) => Kind::Input,
    };
    let Name { version, platform } = name;
    Failure::new(kind, format!("there is nothing to compare {name} with"))
        .because(error)
        .hint(format!(
            "get it again: `goassay toolchain prune {version} --platform {platform}`, then this command"
        ))
}

fn unreadable(error: &archive::Error, goroot: &Path) -> Failure {
    Failure::input(format!("cannot read all of {}", goroot.display()))
        .because(error)
        .hint("make every file of it readable, or run as a user who may read it")
}

/// Everything that the formats need.
struct Answer {
    goroot: PathBuf,
    claim: Claim,
    published: Installed,
    report: Report,
}

impl Answer {
    fn exit_code(&self) -> u8 {
        match self.report.is_genuine() {
            true => EXIT_OK,
            false => EXIT_DIFFERENT,
        }
    }

    fn count(&self, class: Class) -> usize {
        self.report.counts.get(&class).copied().unwrap_or(0)
    }

    fn text(&self) -> String {
        let mut text = format!("{}\n", printable(&self.goroot.display().to_string()));
        let Answer {
            claim, published, ..
        } = self;
        let receipt = &published.receipt;
        let mut line = |line: String| text += &format!("  {line}\n");
        line(format!(
            "says: {} for {}",
            printable(&claim.text),
            claim.platform
        ));
        if claim.vendor.is_some() {
            line("a vendor's build: compared with the upstream release that it names".to_owned());
        }
        line(format!("published: {}, {}", published.name, receipt.h1));
        line(format!(
            "recorded by {} as number {} of {}",
            receipt.database, receipt.record, receipt.tree_size
        ));
        for class in Class::ALL {
            let of_class = self.report.findings.iter().filter(|f| f.class == class);
            let of_class: Vec<File<'_>> = of_class.map(file).collect();
            files::list(&mut text, &of_class, LISTED);
        }
        text + &self.summary()
    }

    fn summary(&self) -> String {
        let mut text = String::from("\n");
        let counts = [
            Class::Identical,
            Class::Edited,
            Class::Missing,
            Class::Unknown,
        ]
        .map(|class| format!("{} {}", self.count(class), class.name()));
        // Writing to a String does not fail.
        let _ = writeln!(text, "{}.", counts.join(", "));
        for (class, words) in [
            (Class::Mode, "with another mode"),
            (
                Class::Generated,
                "left behind by building Go, and not read by it",
            ),
            (
                Class::NotInModule,
                "not checked: api, doc, misc and test are not in what is published as a module",
            ),
        ] {
            match self.count(class) {
                0 => {}
                count => _ = writeln!(text, "{count} {words}."),
            }
        }
        let code = self.exit_code();
        let verdict = match self.report.is_genuine() {
            true => "GENUINE: every published file is there as published",
            false => "DIFFERENT: it is not what was published",
        };
        let _ = writeln!(text, "{verdict} (exit code {code}).");
        text
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    tool: Tool,
    goroot: String,
    says: &'a str,
    vendor: Option<&'a str>,
    published: Published<'a>,
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
    database: &'a str,
    record: u64,
    tree_size: u64,
}

fn file(finding: &Finding) -> File<'_> {
    File {
        name: &finding.name,
        class: finding.class.name(),
        details: &finding.details,
    }
}

impl<'a> Document<'a> {
    fn new(answer: &'a Answer) -> Document<'a> {
        let Answer {
            goroot,
            claim,
            published,
            report,
        } = answer;
        let receipt = &published.receipt;
        Document {
            schema: "goassay-toolchain-check/1",
            tool: Tool::THIS,
            goroot: goroot.display().to_string(),
            says: &claim.text,
            vendor: claim.vendor.as_deref(),
            published: Published {
                version: published.name.version.to_string(),
                platform: published.name.platform.to_string(),
                h1: &receipt.h1,
                database: &receipt.database,
                record: receipt.record,
                tree_size: receipt.tree_size,
            },
            verdict: match report.is_genuine() {
                true => "genuine",
                false => "different",
            },
            exit_code: answer.exit_code(),
            counts: Class::ALL.map(|c| (c.name(), answer.count(c))).into(),
            files: report.findings.iter().map(file).collect(),
        }
    }
}

impl Fetching<'_> {
    /// One toolchain in the store, fetched where it is not there.
    pub(super) fn one(&self, name: &Name) -> Result<Installed, Failure> {
        let mut found = Vec::new();
        self.each(
            std::slice::from_ref(name),
            None,
            false,
            &mut |installed, _| {
                found.push(installed.clone());
            },
        )?;
        found.pop().ok_or_else(|| {
            failure(goassay_build::toolchain::Error::Contents(
                "nothing came".to_owned(),
            ))
        })
    }
}

//! `toolchain check` as text and as `goassay-toolchain-check/1`.

use super::{EXIT_OK, EXIT_OPEN, FileWire, list};
use crate::document::Tool;
use crate::harmless;
use crate::untrusted::Untrusted;
use crate::wire::ToolWire;
use goassay_build::goroot::{Claim, Class, Finding, Report};
use goassay_build::toolchain::Installed;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Files of a class that the text lists; the document lists all.
const LISTED: usize = 30;

/// An installation, checked.
#[derive(Debug, Clone)]
pub struct Check {
    /// What made it.
    pub tool: Tool,
    /// The installation. Hostile.
    pub goroot: String,
    /// What it says it is.
    pub claim: Claim,
    /// What it was compared with.
    pub published: Installed,
    /// What came out.
    pub report: Report,
}

impl Check {
    /// The exit code of the process: 1 where something is not as published.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.report.is_genuine() {
            true => EXIT_OK,
            false => EXIT_OPEN,
        }
    }

    fn count(&self, class: Class) -> usize {
        self.report.counts.get(&class).copied().unwrap_or(0)
    }

    /// Writes it for people.
    ///
    /// # Errors
    /// What the writer fails with.
    pub fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let Check {
            claim, published, ..
        } = self;
        let (receipt, name) = (&published.receipt, &published.name);
        let (says, platform) = (Untrusted(&claim.text), &claim.platform);
        writeln!(out, "{}", Untrusted(&self.goroot))?;
        writeln!(out, "  says: {says} for {platform}")?;
        if claim.vendor.is_some() {
            let what = "a vendor's build: compared with the upstream release that it names";
            writeln!(out, "  {what}")?;
        }
        writeln!(out, "  published: {name}, {}", receipt.h1)?;
        writeln!(
            out,
            "  recorded by {} as number {} of {}",
            receipt.database, receipt.record, receipt.tree_size
        )?;
        for class in Class::ALL {
            let of_class = self.report.findings.iter().filter(|f| f.class == class);
            let of_class: Vec<FileWire<'_>> = of_class.map(file).collect();
            list(out, &of_class, LISTED)?;
        }
        self.summary(out)
    }

    fn summary(&self, out: &mut dyn Write) -> io::Result<()> {
        let counted = [
            Class::Identical,
            Class::Edited,
            Class::Missing,
            Class::Unknown,
        ];
        let counts = counted.map(|class| format!("{} {}", self.count(class), class.name()));
        writeln!(out, "\n{}.", counts.join(", "))?;
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
                count => writeln!(out, "{count} {words}.")?,
            }
        }
        let code = self.exit_code();
        let verdict = match self.report.is_genuine() {
            true => "GENUINE: every published file is there as published",
            false => "DIFFERENT: it is not what was published",
        };
        writeln!(out, "{verdict} (exit code {code}).")
    }

    /// Writes the document.
    ///
    /// # Errors
    /// What the writer fails with.
    pub fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        harmless::write(out, &DocumentWire::new(self))
    }
}

#[derive(Serialize)]
struct DocumentWire<'a> {
    schema: &'static str,
    tool: ToolWire<'a>,
    goroot: &'a str,
    says: &'a str,
    vendor: Option<&'a str>,
    published: PublishedWire<'a>,
    verdict: &'static str,
    exit_code: u8,
    counts: BTreeMap<&'static str, usize>,
    files: Vec<FileWire<'a>>,
}

#[derive(Serialize)]
struct PublishedWire<'a> {
    version: String,
    platform: String,
    h1: &'a str,
    database: &'a str,
    record: u64,
    tree_size: u64,
}

fn file(finding: &Finding) -> FileWire<'_> {
    FileWire {
        name: &finding.name,
        class: finding.class.name(),
        details: &finding.details,
    }
}

impl<'a> DocumentWire<'a> {
    fn new(check: &'a Check) -> DocumentWire<'a> {
        let Installed { name, receipt, .. } = &check.published;
        DocumentWire {
            schema: "goassay-toolchain-check/1",
            tool: ToolWire::from(&check.tool),
            goroot: &check.goroot,
            says: &check.claim.text,
            vendor: check.claim.vendor.as_deref(),
            published: PublishedWire {
                version: name.version.to_string(),
                platform: name.platform.to_string(),
                h1: &receipt.h1,
                database: &receipt.database,
                record: receipt.record,
                tree_size: receipt.tree_size,
            },
            verdict: match check.report.is_genuine() {
                true => "genuine",
                false => "different",
            },
            exit_code: check.exit_code(),
            counts: Class::ALL.map(|c| (c.name(), check.count(c))).into(),
            files: check.report.findings.iter().map(file).collect(),
        }
    }
}

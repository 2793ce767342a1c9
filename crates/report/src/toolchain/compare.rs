//! `toolchain compare` as text and as `goassay-toolchain-compare/1`.

use super::{EXIT_OK, EXIT_OPEN, FileWire, list};
use crate::document::Tool;
use crate::harmless;
use crate::untrusted::Untrusted;
use crate::wire::ToolWire;
use goassay_build::rebuild::chain;
use goassay_build::repackaged::{Class, Finding, Report};
use goassay_build::toolchain::Installed;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Files of a class that the text lists; the document lists all.
const LISTED: usize = 25;
/// Packagings and such, which nobody reads one by one.
const LISTED_HARMLESS: usize = 5;

/// Packages, compared.
#[derive(Debug, Clone)]
pub struct Compare {
    /// What made it.
    pub tool: Tool,
    /// The packages. Hostile.
    pub packages: Vec<String>,
    /// What they were compared with.
    pub with: With,
    /// What came out.
    pub report: Report,
}

/// What packages were compared with.
#[derive(Debug, Clone)]
pub enum With {
    /// The toolchain that was published.
    Published {
        /// It.
        installed: Box<Installed>,
        /// The Go that built programs again, where that was asked for.
        builder: Option<Box<Installed>>,
    },
    /// Other files. Hostile.
    Files(Vec<String>),
}

impl Compare {
    /// The exit code of the process: 1 where a difference is open.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.report.is_explained() {
            true => EXIT_OK,
            false => EXIT_OPEN,
        }
    }

    fn count(&self, class: Class) -> usize {
        self.report.counts.get(&class).copied().unwrap_or(0)
    }

    fn could_rebuild(&self) -> bool {
        let With::Published { installed, builder } = &self.with else {
            return false;
        };
        let repeatable = chain::is_reproducible(&installed.name.version);
        builder.is_none() && repeatable && self.count(Class::NotShown) > 0
    }

    /// Writes it for people.
    ///
    /// # Errors
    /// What the writer fails with.
    pub fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        for package in &self.packages {
            writeln!(out, "{}", Untrusted(package))?;
        }
        writeln!(out, "  GOROOT: {}", Untrusted(&self.report.root))?;
        match &self.with {
            With::Published { installed, builder } => {
                let Installed { name, receipt, .. } = &**installed;
                writeln!(out, "  compared with: {name}, published, {}", receipt.h1)?;
                if let Some(Installed { name, receipt, .. }) = builder.as_deref() {
                    writeln!(out, "  built again by: {name}, published, {}", receipt.h1)?;
                }
            }
            With::Files(paths) => {
                for path in paths {
                    writeln!(out, "  compared with: {}", Untrusted(path))?;
                }
            }
        }
        for class in Class::ALL {
            let of_class = self.report.findings.iter().filter(|f| f.class == class);
            let of_class: Vec<FileWire<'_>> = of_class.map(file).collect();
            list(out, &of_class, most(class))?;
        }
        self.summary(out)
    }

    fn summary(&self, out: &mut dyn Write) -> io::Result<()> {
        let counted = Class::ALL
            .iter()
            .rev()
            .map(|class| (self.count(*class), class.name()));
        let counted = counted.filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counted
            .map(|(count, name)| format!("{count} {name}"))
            .collect();
        let code = self.exit_code();
        writeln!(out, "\n{}.", counts.join(", "))?;
        if self.report.is_explained() {
            let said = "EXPLAINED: every difference has its class";
            return writeln!(out, "{said} (exit code {code}).");
        }
        writeln!(
            out,
            "NOT EXPLAINED: {} unexplained, {} not shown, {} in a changelog only (exit code {code}).",
            self.count(Class::Unexplained),
            self.count(Class::NotShown),
            self.count(Class::InChangelog)
        )?;
        match self.could_rebuild() {
            true => writeln!(out, "--rebuild builds programs again that are not shown."),
            false => Ok(()),
        }
    }

    /// Writes the document.
    ///
    /// # Errors
    /// What the writer fails with.
    pub fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        harmless::write(out, &DocumentWire::new(self))
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
struct DocumentWire<'a> {
    schema: &'static str,
    tool: ToolWire<'a>,
    packages: &'a [String],
    goroot: &'a str,
    published: Option<PublishedWire<'a>>,
    built_by: Option<PublishedWire<'a>>,
    with: &'a [String],
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
}

impl<'a> PublishedWire<'a> {
    fn new(installed: &'a Installed) -> PublishedWire<'a> {
        PublishedWire {
            version: installed.name.version.to_string(),
            platform: installed.name.platform.to_string(),
            h1: &installed.receipt.h1,
        }
    }
}

fn file(finding: &Finding) -> FileWire<'_> {
    FileWire {
        name: &finding.name,
        class: finding.class.name(),
        details: &finding.details,
    }
}

impl<'a> DocumentWire<'a> {
    fn new(compare: &'a Compare) -> DocumentWire<'a> {
        let (published, built_by, with) = match &compare.with {
            With::Files(files) => (None, None, files.as_slice()),
            With::Published { installed, builder } => {
                let builder = builder.as_deref().map(PublishedWire::new);
                (Some(PublishedWire::new(installed)), builder, [].as_slice())
            }
        };
        DocumentWire {
            schema: "goassay-toolchain-compare/1",
            tool: ToolWire::from(&compare.tool),
            packages: &compare.packages,
            goroot: &compare.report.root,
            published,
            built_by,
            with,
            verdict: match compare.report.is_explained() {
                true => "explained",
                false => "open",
            },
            exit_code: compare.exit_code(),
            counts: Class::ALL.map(|c| (c.name(), compare.count(c))).into(),
            files: compare.report.findings.iter().map(file).collect(),
        }
    }
}

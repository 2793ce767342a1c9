//! A repackaged Go (distribution packages, wheels, archives, folders) against the published one: every difference gets one class.
//!
//! A class is a claim, and each is shown: "stripped" by stripping the other side too, "patched" by applying the patches of
//! a source package, "setting" by finding nothing else in the file, "rebuilt" by building the program again. What could be
//! shown and was not is "not shown", what the package's changelog alone says is "in changelog", and whatever is left is
//! "unexplained": these three are open. Times are not compared: every packager sets its own.

mod built;
mod changelog;
mod class;
mod layout;
pub mod patch;
mod rebuilt;
mod shown;

pub use class::{Class, Finding, Report};
pub use rebuilt::{Builder, By, Order};

use crate::archive::{self, Tree};
use crate::compare::{compare_contents, diff};
use crate::goroot;
use crate::normalize;
use crate::rebuild;
use built::Origin;
use changelog::Changelog;
use layout::{Goroot, Place};
use patch::{Patched, Patches};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Lines of a text that are shown.
const LINES: usize = 6;

/// Modules of a wheel that start a program.
const WHEEL_MODULES: [&str; 2] = ["__init__.py", "__main__.py"];

/// What can explain differences, besides what they show themselves.
#[derive(Default, Clone, Copy)]
pub struct Evidence<'a> {
    /// Source packages.
    pub patches: &'a [Patches],
    /// Builds programs again; without one, what takes that is not shown.
    pub builder: Option<&'a dyn Builder>,
}

/// Why there is no comparison.
#[derive(Debug)]
pub enum Error {
    /// Contents cannot be read.
    Archive(archive::Error),
    /// Programs cannot be built again here.
    Build(rebuild::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Archive(error) => error.fmt(f),
            Error::Build(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<archive::Error> for Error {
    fn from(error: archive::Error) -> Error {
        Error::Archive(error)
    }
}

/// The first line of VERSION in the GOROOT of packages; none where they have none.
#[must_use]
pub fn version(packages: &[Tree]) -> Option<String> {
    let goroot = Goroot::find(packages)?;
    let text = goroot.files.get("VERSION")?.contents().ok()?;
    let text = String::from_utf8_lossy(&text).into_owned();
    text.lines().next().map(|line| line.trim().to_owned())
}

/// The platform that the folder of tools in packages is named after (`linux_amd64`).
#[must_use]
pub fn platform(packages: &[Tree]) -> Option<String> {
    let goroot = Goroot::find(packages)?;
    let tools = goroot.files.keys().filter_map(|name| {
        let (platform, _) = name.strip_prefix("pkg/tool/")?.split_once('/')?;
        Some(platform.replacen('_', "/", 1))
    });
    let platforms: BTreeSet<String> = tools.collect();
    let mut platforms = platforms.into_iter();
    let one = platforms.next()?;
    platforms.next().is_none().then_some(one)
}

/// Compares packages, taken together, with what was published.
///
/// # Errors
/// Contents cannot be read, or programs cannot be built. None where one side has no GOROOT.
pub fn compare(
    packages: &[Tree],
    published: &[Tree],
    evidence: &Evidence<'_>,
) -> Result<Option<Report>, Error> {
    let (Some(own), Some(upstream)) = (Goroot::find(packages), Goroot::find(published)) else {
        return Ok(None);
    };
    let original = |name: &str| upstream.files.get(name)?.contents().ok();
    let patches = evidence.patches.iter();
    let version = version(packages).and_then(|text| Some(goroot::released(&text)?.0));
    let comparison = Comparison {
        patched: patches
            .map(|patches| (patches.source(), patches.apply(&original)))
            .collect(),
        missing: missing(&own, &upstream),
        changelog: Changelog::of_packages(&own.beside),
        origin: Origin::new(&upstream, version),
        own: &own,
        upstream: &upstream,
    };
    comparison.run(evidence.builder).map(Some)
}

/// Published contents that are not at their place, by their sum.
fn missing(own: &Goroot<'_>, upstream: &Goroot<'_>) -> BTreeMap<[u8; 32], String> {
    let gone = upstream.files.iter();
    let gone = gone.filter(|(name, _)| !own.files.contains_key(*name));
    gone.map(|(name, place)| (place.entry.sum.sha256, name.clone()))
        .collect()
}

struct Comparison<'a> {
    own: &'a Goroot<'a>,
    upstream: &'a Goroot<'a>,
    origin: Origin<'a>,
    /// The source packages, and the files that each of them changes.
    patched: Vec<(&'a str, BTreeMap<String, Patched>)>,
    changelog: Changelog,
    missing: BTreeMap<[u8; 32], String>,
}

type Judged = (Class, Vec<String>);

impl Comparison<'_> {
    fn run(&self, builder: Option<&dyn Builder>) -> Result<Report, Error> {
        let mut findings = Vec::new();
        let mut identical = 0;
        let mut moved = BTreeSet::new();
        for (name, place) in &self.own.files {
            let (class, details) = match self.upstream.files.get(name) {
                Some(published) => self.both(name, *place, *published)?,
                None => self.unpublished(name, *place, &mut moved)?,
            };
            match class {
                Class::Identical => identical += 1,
                _ => findings.push(finding(name, class, details)),
            }
        }
        for name in self.own.beside.keys() {
            findings.push(finding(name, Class::Packaging, Vec::new()));
        }
        let gone = self.upstream.files.keys();
        let gone = gone.filter(|name| !self.own.files.contains_key(*name));
        for name in gone.filter(|name| !moved.contains(*name)) {
            let (class, why) = match shown::removed(name) {
                Some(what) => (Class::Removed, what),
                None => (Class::Unexplained, "published, and not there"),
            };
            findings.push(finding(name, class, vec![why.to_owned()]));
        }
        for name in &self.own.disputed {
            let why = "two of the packages have it, with different contents";
            findings.push(finding(name, Class::Unexplained, vec![why.to_owned()]));
        }
        self.explain_programs(&mut findings)?;
        if let Some(builder) = builder.filter(|_| self.origin.is_repeatable()) {
            rebuilt::prove(&mut findings, self.own, &self.origin, builder)?;
        }
        Ok(Report::new(&self.own.root, identical, findings))
    }

    fn both(&self, name: &str, own: Place<'_>, published: Place<'_>) -> Result<Judged, Error> {
        if own.entry.sum == published.entry.sum {
            return Ok(modes(own, published));
        }
        let (now, before) = (own.contents()?, published.contents()?);
        let stripped = compare_contents(&before, &now, &[normalize::STRIPPED]).differ;
        let Some(differ) = stripped else {
            let bytes = before.len().abs_diff(now.len());
            let said = format!("{bytes} bytes that are not loaded");
            return Ok((Class::Stripped, vec![said]));
        };
        if let Some(by) = self.patches_that_make(name, &now) {
            return Ok((Class::Patched, by));
        }
        if let Some(settings) = shown::settings(name, &before, &now) {
            return Ok((Class::Setting, settings));
        }
        if let Some(said) = shown::interpreter(&before, &now) {
            return Ok((Class::Interpreter, vec![said]));
        }
        if let Some(said) = shown::repacked(name, &before, &now) {
            return Ok((Class::Repacked, vec![said]));
        }
        let details = diff(&before, &now, LINES).unwrap_or_else(|| differ.diagnosis.in_words());
        let named = self.changelog.naming(name, &before, &now);
        let (class, why) = if let Some(why) = self.origin.beyond(name, &now) {
            (Class::NotShown, vec![why.to_owned()])
        } else if !named.is_empty() {
            (Class::InChangelog, named)
        } else {
            (Class::Unexplained, Vec::new())
        };
        Ok((class, [why, details].concat()))
    }

    /// The patches, of one source package, that make these contents.
    fn patches_that_make(&self, name: &str, contents: &[u8]) -> Option<Vec<String>> {
        let mut sources = self.patched.iter();
        sources.find_map(|(source, files)| {
            let file = files.get(name).filter(|file| file.contents == contents)?;
            Some(vec![format!("{} of {source}", file.by.join(", "))])
        })
    }

    /// A Python wheel says what it is in a folder beside its modules (PEP 427).
    fn is_wheel(&self) -> bool {
        let mut beside = self.own.beside.keys();
        beside.any(|name| name.ends_with(".dist-info/WHEEL"))
    }

    fn unpublished(
        &self,
        name: &str,
        own: Place<'_>,
        moved: &mut BTreeSet<String>,
    ) -> Result<Judged, Error> {
        let sum = &own.entry.sum;
        if let Some(from) = built::moved(&self.missing, name, sum) {
            moved.insert(from.clone());
            return Ok((Class::Moved, vec![format!("published as {from}")]));
        }
        if self.is_wheel() && WHEEL_MODULES.contains(&name) {
            let why = "the wheel's own: Python's way to start it, read by no go command";
            return Ok((Class::Packaging, vec![why.to_owned()]));
        }
        match goroot::unpublished(name) {
            goroot::Class::NotInModule => return Ok((Class::NotInModule, Vec::new())),
            goroot::Class::Generated => return Ok((Class::Generated, Vec::new())),
            _ => {}
        }
        if let Some(said) = self.origin.copied(name, sum) {
            return Ok((Class::Generated, vec![said]));
        }
        let now = own.contents()?;
        if let Some(by) = self.patches_that_make(name, &now) {
            return Ok((Class::Patched, by));
        }
        Ok(match self.origin.not_shown(name, &now) {
            Some(why) => (Class::NotShown, why),
            None => (Class::Unexplained, vec!["it was not published".to_owned()]),
        })
    }

    /// A program that differs is "not shown" where something that is explained could be its cause.
    fn explain_programs(&self, findings: &mut [Finding]) -> Result<(), Error> {
        let causes = findings.iter().filter(|finding| rebuilt::is_cause(finding));
        let causes: Vec<&str> = causes.map(|finding| finding.name.as_str()).collect();
        if causes.is_empty() || !self.origin.is_repeatable() {
            return Ok(());
        }
        let causes = causes.join(", ");
        let said = format!("can follow from {causes}: only a rebuild can show it");
        for finding in findings.iter_mut() {
            let open = matches!(finding.class, Class::Unexplained | Class::NotShown);
            let Some(place) = self.own.files.get(&finding.name).filter(|_| open) else {
                continue;
            };
            if self
                .origin
                .command(&finding.name, &place.contents()?)
                .is_some()
            {
                finding.class = Class::NotShown;
                finding.details.insert(0, said.clone());
            }
        }
        Ok(())
    }
}

fn finding(name: &str, class: Class, details: Vec<String>) -> Finding {
    Finding {
        name: name.to_owned(),
        class,
        details,
    }
}

/// The class of contents that are as published.
fn modes(own: Place<'_>, published: Place<'_>) -> Judged {
    let executable = |place: Place<'_>| place.entry.mode.map(|mode| mode & 0o111 != 0);
    let (now, before) = (executable(own), executable(published));
    if now == before || now.is_none() || before.is_none() {
        return (Class::Identical, Vec::new());
    }
    let said = |place: Place<'_>| {
        let mode = place.entry.mode;
        mode.map_or("none".to_owned(), |mode| format!("{mode:04o}"))
    };
    let said = format!("{}, published {}", said(own), said(published));
    (Class::Mode, vec![said])
}

#[cfg(test)]
mod tests;

//! A repackaged Go (distribution packages, wheels, archives, folders) against the published one: every difference gets one class.
//!
//! A class is a claim, and each is shown: "stripped" by stripping the other side too, "patched" by applying the patches of
//! the source package, "setting" by finding nothing else in the file. What would take a rebuild to show is "not shown", and
//! whatever is left is "unexplained". Times are not compared: every packager sets its own.

mod layout;
pub mod patch;

use crate::archive::{Error, Tree};
use crate::compare::{compare_contents, diff};
use crate::goroot;
use crate::normalize;
use layout::{Goroot, Place};
use patch::{Patched, Patches};
use std::collections::{BTreeMap, BTreeSet};

/// Lines of a text that are shown.
const LINES: usize = 6;
/// Most settings that a file may change.
const MAX_SETTINGS: usize = 8;

/// Modules of a wheel that start a program.
const WHEEL_MODULES: [&str; 2] = ["__init__.py", "__main__.py"];

/// What a difference is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Nothing explains it.
    Unexplained,
    /// A program that can follow from a setting or patched source: only a rebuild can show it.
    NotShown,
    /// The source package's patches make exactly this of the published file.
    Patched,
    /// Only values of settings are others.
    Setting,
    /// Equal once both are stripped.
    Stripped,
    /// The published contents at another place.
    Moved,
    /// The published contents, executable where it was not or the other way round.
    Mode,
    /// Published documentation, tests, time zones or scripts of another system, not there.
    Removed,
    /// Files of a genuine installation that the published module does not have: not checked.
    NotInModule,
    /// Left behind by building Go, and not read by it.
    Generated,
    /// The package's own files, beside GOROOT.
    Packaging,
    /// As published.
    Identical,
}

impl Class {
    /// All, those that count first.
    pub const ALL: [Class; 12] = [
        Class::Unexplained,
        Class::NotShown,
        Class::Patched,
        Class::Setting,
        Class::Stripped,
        Class::Moved,
        Class::Mode,
        Class::Removed,
        Class::NotInModule,
        Class::Generated,
        Class::Packaging,
        Class::Identical,
    ];

    /// The stable word for output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Class::Unexplained => "unexplained",
            Class::NotShown => "not-shown",
            Class::Patched => "patched-source",
            Class::Setting => "setting",
            Class::Stripped => "stripped",
            Class::Moved => "moved",
            Class::Mode => "mode",
            Class::Removed => "removed",
            Class::NotInModule => "not-in-module",
            Class::Generated => "generated",
            Class::Packaging => "packaging",
            Class::Identical => "identical",
        }
    }

    /// Whether something is open that keeps the package from being the published one, repackaged.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Class::Unexplained | Class::NotShown)
    }
}

/// One file that is not as published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Path below GOROOT; of packaging, in the package. Hostile.
    pub name: String,
    /// What it is.
    pub class: Class,
    /// What shows that, or how it differs; a line each. Hostile.
    pub details: Vec<String>,
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Where GOROOT is in the package.
    pub root: String,
    /// Files in each class.
    pub counts: BTreeMap<Class, usize>,
    /// All that are not identical; by class, then by name.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether every difference is explained.
    #[must_use]
    pub fn is_explained(&self) -> bool {
        !self.counts.keys().any(|class| class.is_open())
    }

    fn add(&mut self, name: &str, class: Class, details: Vec<String>) {
        *self.counts.entry(class).or_default() += 1;
        if class != Class::Identical {
            self.findings.push(Finding {
                name: name.to_owned(),
                class,
                details,
            });
        }
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
/// Contents cannot be read. None where one side has no GOROOT.
pub fn compare(
    packages: &[Tree],
    published: &[Tree],
    patches: &Patches,
) -> Result<Option<Report>, Error> {
    let (Some(own), Some(upstream)) = (Goroot::find(packages), Goroot::find(published)) else {
        return Ok(None);
    };
    let original = |name: &str| upstream.files.get(name)?.contents().ok();
    let comparison = Comparison {
        patched: patches.apply(&original),
        missing: missing(&own, &upstream),
        own: &own,
        upstream: &upstream,
    };
    comparison.run().map(Some)
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
    patched: BTreeMap<String, Patched>,
    missing: BTreeMap<[u8; 32], String>,
}

type Judged = (Class, Vec<String>);

impl Comparison<'_> {
    fn run(&self) -> Result<Report, Error> {
        let mut report = Report {
            root: self.own.root.clone(),
            ..Report::default()
        };
        let mut moved = BTreeSet::new();
        for (name, place) in &self.own.files {
            let (class, details) = match self.upstream.files.get(name) {
                Some(published) => self.both(name, *place, *published)?,
                None => self.unpublished(name, *place, &mut moved)?,
            };
            report.add(name, class, details);
        }
        for name in &self.own.beside {
            report.add(name, Class::Packaging, Vec::new());
        }
        let gone = self.upstream.files.keys();
        for name in
            gone.filter(|name| !self.own.files.contains_key(*name) && !moved.contains(*name))
        {
            let (class, why) = removed(name);
            report.add(name, class, vec![why.to_owned()]);
        }
        for name in &self.own.disputed {
            let why = "two of the packages have it, with different contents";
            report.add(name, Class::Unexplained, vec![why.to_owned()]);
        }
        explain_programs(&mut report);
        report
            .findings
            .sort_by(|a, b| (a.class, &a.name).cmp(&(b.class, &b.name)));
        Ok(report)
    }

    fn both(&self, name: &str, own: Place<'_>, published: Place<'_>) -> Result<Judged, Error> {
        if own.entry.sum == published.entry.sum {
            let executable = |place: Place<'_>| place.entry.mode.map(|mode| mode & 0o111 != 0);
            let (now, before) = (executable(own), executable(published));
            let said =
                |mode: Option<u32>| mode.map_or("none".to_owned(), |mode| format!("{mode:04o}"));
            let modes = (said(own.entry.mode), said(published.entry.mode));
            return Ok(match now == before || now.is_none() || before.is_none() {
                true => (Class::Identical, Vec::new()),
                false => (
                    Class::Mode,
                    vec![format!("{}, published {}", modes.0, modes.1)],
                ),
            });
        }
        let (now, before) = (own.contents()?, published.contents()?);
        let stripped = compare_contents(&before, &now, &[normalize::STRIPPED]).differ;
        let Some(differ) = stripped else {
            let bytes = before.len().abs_diff(now.len());
            let said = format!("{bytes} bytes that are not loaded");
            return Ok((Class::Stripped, vec![said]));
        };
        if let Some(patched) = self.patched.get(name).filter(|p| p.contents == now) {
            return Ok((Class::Patched, vec![patched.by.join(", ")]));
        }
        if let Some(settings) = settings(name, &before, &now) {
            return Ok((Class::Setting, settings));
        }
        let details = diff(&before, &now, LINES).unwrap_or_else(|| differ.diagnosis.in_words());
        let class = match is_program(name, &now) {
            true => Class::NotShown,
            false => Class::Unexplained,
        };
        Ok((class, details))
    }

    /// A Python wheel says what it is in a folder beside its modules (PEP 427).
    fn is_wheel(&self) -> bool {
        let mut beside = self.own.beside.iter();
        beside.any(|name| name.ends_with(".dist-info/WHEEL"))
    }

    fn unpublished(
        &self,
        name: &str,
        own: Place<'_>,
        moved: &mut BTreeSet<String>,
    ) -> Result<Judged, Error> {
        if let Some(from) = self
            .missing
            .get(&own.entry.sum.sha256)
            .filter(|_| own.entry.sum.length > 0)
        {
            moved.insert(from.clone());
            return Ok((Class::Moved, vec![format!("published as {from}")]));
        }
        if self.is_wheel() && WHEEL_MODULES.contains(&name) {
            let why = "the wheel's own: Python's way to start it, read by no go command";
            return Ok((Class::Packaging, vec![why.to_owned()]));
        }
        Ok(match goroot::unpublished(name) {
            goroot::Class::NotInModule => (Class::NotInModule, Vec::new()),
            goroot::Class::Generated => (Class::Generated, Vec::new()),
            _ => {
                let now = own.contents()?;
                match self.patched.get(name).filter(|p| p.contents == now) {
                    Some(patched) => (Class::Patched, vec![patched.by.join(", ")]),
                    None if is_program(name, &now) => {
                        let why = "a program that was not published: only a rebuild can show it";
                        (Class::NotShown, vec![why.to_owned()])
                    }
                    None => (Class::Unexplained, vec!["it was not published".to_owned()]),
                }
            }
        })
    }
}

/// A program that differs is only "not shown" where something here could be its cause.
fn explain_programs(report: &mut Report) {
    let causes: Vec<String> = report
        .findings
        .iter()
        .filter(|f| matches!(f.class, Class::Setting | Class::Patched))
        .filter(|f| f.name.starts_with("src/") && !f.name.ends_with("_test.go"))
        .filter(|f| f.name.ends_with(".go") || f.name.ends_with(".s"))
        .map(|f| f.name.clone())
        .collect();
    let said = format!(
        "can follow from {}: only a rebuild can show it",
        causes.join(", ")
    );
    let mut changed = 0;
    for finding in report
        .findings
        .iter_mut()
        .filter(|f| f.class == Class::NotShown)
    {
        if causes.is_empty() {
            finding.class = Class::Unexplained;
            changed += 1;
        } else {
            finding.details.insert(0, said.clone());
        }
    }
    if changed > 0 {
        report.counts.remove(&Class::NotShown);
        *report.counts.entry(Class::Unexplained).or_default() += changed;
    }
}

fn is_program(name: &str, contents: &[u8]) -> bool {
    let place = name.starts_with("bin/") || name.starts_with("pkg/tool/");
    place && goassay_binary::Binary::parse(contents).is_ok()
}

/// Files in which cmd/dist or a packager writes down settings.
const OF_SETTINGS: [&str; 6] = [
    "go.env",
    "src/cmd/cgo/zdefaultcc.go",
    "src/cmd/go/internal/cfg/zdefaultcc.go",
    "src/go/build/zcgo.go",
    "src/internal/buildcfg/zbootstrap.go",
    "src/internal/runtime/sys/zversion.go",
];

/// The settings that differ, where nothing else in the file does.
fn settings(name: &str, before: &[u8], now: &[u8]) -> Option<Vec<String>> {
    OF_SETTINGS.contains(&name).then_some(())?;
    let (before, now) = (
        std::str::from_utf8(before).ok()?,
        std::str::from_utf8(now).ok()?,
    );
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), now.lines().collect());
    let key = |line: &str| -> Option<(String, String)> {
        let (key, value) = line.split_once('=')?;
        Some((key.trim().to_owned(), value.trim().to_owned()))
    };
    if old.len() != new.len() {
        return None;
    }
    let changed = old.iter().zip(&new).filter(|(a, b)| a != b);
    let changed: Option<Vec<String>> = changed
        .map(|(a, b)| {
            let ((name, old), (other, new)) = (key(a)?, key(b)?);
            let name = name.strip_prefix("const ").unwrap_or(&name).to_owned();
            let same = other.strip_prefix("const ").unwrap_or(&other) == name;
            same.then(|| format!("{name}: {old} published, {new} here"))
        })
        .collect();
    changed.filter(|all| !all.is_empty() && all.len() <= MAX_SETTINGS)
}

/// What it means that a published file is not there.
fn removed(name: &str) -> (Class, &'static str) {
    let file = name.rsplit('/').next().unwrap_or(name);
    let top = !name.contains('/');
    let text = [
        "LICENSE",
        "PATENTS",
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "codereview.cfg",
    ];
    let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    if top && text.contains(&file) || name.starts_with("doc/") {
        (Class::Removed, "documentation")
    } else if ends(&["_test.go"]) || name.contains("/testdata/") || name.starts_with("test/") {
        (Class::Removed, "tests")
    } else if name.starts_with("lib/time/") {
        (Class::Removed, "time zones")
    } else if name.starts_with("src/") && name.matches('/').count() == 1 && ends(&[".rc", ".bat"]) {
        (Class::Removed, "a script for building on another system")
    } else {
        (Class::Unexplained, "published, and not there")
    }
}

#[cfg(test)]
mod tests;

//! What a difference of a repackaged Go can be, and the report of all of them.

use std::collections::BTreeMap;

/// What a difference is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Nothing explains it.
    Unexplained,
    /// It can follow from something that is explained, or was built where builds cannot be repeated: nothing here shows it.
    NotShown,
    /// The package's changelog names it; what it says was done is not shown.
    InChangelog,
    /// Built again from the published source with the package's explained changes: equal once both are stripped.
    Rebuilt,
    /// The patches of a source package make exactly this of the published file.
    Patched,
    /// Only values of settings are others.
    Setting,
    /// Equal once both are stripped.
    Stripped,
    /// Only where the interpreter of a script lies is another place.
    Interpreter,
    /// An archive of the same files, or an image with the same data, packed again.
    Repacked,
    /// The published contents at another place, and no part of a program at either.
    Moved,
    /// The published contents, executable where it was not or the other way round.
    Mode,
    /// Published documentation, tests, time zones or scripts of another system, not there.
    Removed,
    /// Files of a genuine installation that the published module does not have: not checked.
    NotInModule,
    /// Left behind by building Go, and not read by it; or copied by cmd/dist from the published source.
    Generated,
    /// The package's own files, beside GOROOT.
    Packaging,
    /// As published.
    Identical,
}

impl Class {
    /// All, those that count first.
    pub const ALL: [Class; 16] = [
        Class::Unexplained,
        Class::NotShown,
        Class::InChangelog,
        Class::Rebuilt,
        Class::Patched,
        Class::Setting,
        Class::Stripped,
        Class::Interpreter,
        Class::Repacked,
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
            Class::InChangelog => "in-changelog",
            Class::Rebuilt => "rebuilt",
            Class::Patched => "patched-source",
            Class::Setting => "setting",
            Class::Stripped => "stripped",
            Class::Interpreter => "interpreter",
            Class::Repacked => "repacked",
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
        matches!(
            self,
            Class::Unexplained | Class::NotShown | Class::InChangelog
        )
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
    pub(super) fn new(root: &str, identical: usize, mut findings: Vec<Finding>) -> Report {
        findings.sort_by(|a, b| (a.class, &a.name).cmp(&(b.class, &b.name)));
        let mut counts = BTreeMap::new();
        if identical > 0 {
            counts.insert(Class::Identical, identical);
        }
        for finding in &findings {
            *counts.entry(finding.class).or_default() += 1;
        }
        Report {
            root: root.to_owned(),
            counts,
            findings,
        }
    }

    /// Whether every difference is explained.
    #[must_use]
    pub fn is_explained(&self) -> bool {
        !self.counts.keys().any(|class| class.is_open())
    }
}

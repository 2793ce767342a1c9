//! What a rebuild came to: facts for documents, nothing that depends on when or how fast.

use super::chain::Link;
use crate::toolchain::{Platform, Version};
use std::collections::BTreeSet;

/// What a check came to. Not checked is not passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Checked and right.
    Pass,
    /// There is nothing to check: the release promises nothing.
    NotPromised,
    /// Not checked.
    Skip,
    /// Checked and wrong.
    Fail,
}

impl Status {
    /// The stable word for documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Status::Pass => "pass",
            Status::NotPromised => "not-promised",
            Status::Skip => "skip",
            Status::Fail => "fail",
        }
    }
}

/// One step of the way from source to archives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// A stable word: `source`, `chain/go1.22.12`, `build`, `rounds`.
    pub id: String,
    /// What it is.
    pub title: String,
    /// What it came to.
    pub status: Status,
    /// What was found, a line each.
    pub log: Vec<String>,
}

/// How a toolchain is posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As a module, on a proxy.
    Module,
    /// As a distribution, in an archive.
    Archive,
    /// As a program that installs it.
    Installer,
}

impl Form {
    /// The stable word for documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Form::Module => "module",
            Form::Archive => "archive",
            Form::Installer => "installer",
        }
    }
}

/// One archive: what is posted, and what came out here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// What it is.
    pub form: Form,
    /// Its platform.
    pub platform: Platform,
    /// What the comparison came to.
    pub status: Status,
    /// The posted one.
    pub posted: Sums,
    /// The rebuilt one; none where it was not made.
    pub rebuilt: Option<Sums>,
    /// What the checksum database says of it.
    pub record: Record,
    /// Names of the normalisations that were needed, applied to both.
    pub normalisations: BTreeSet<String>,
    /// What was found, a line each.
    pub log: Vec<String>,
}

/// How a line of a log begins that says what was not checked.
pub(super) const NOT_CHECKED: &str = "not checked: ";

impl File {
    /// What was not checked, a line each: it stands beside every verdict.
    pub fn gaps(&self) -> impl Iterator<Item = &String> {
        self.log.iter().filter(|line| line.starts_with(NOT_CHECKED))
    }
}

/// Hashes of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums {
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Hash of its contents as a module, as in the checksum database; empty where there is none.
    pub h1: String,
    /// Length in bytes.
    pub bytes: u64,
}

/// A record of the checksum database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Name of the database.
    pub database: String,
    /// Place in its log.
    pub id: u64,
    /// Hash of the contents.
    pub h1: String,
}

/// A rebuild, compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Which Go.
    pub version: Version,
    /// Where it was built.
    pub host: Platform,
    /// How the chain was chosen.
    pub choice: &'static str,
    /// The chain that built it, first link first.
    pub chain: Vec<Link>,
    /// What the result rests on, a line each.
    pub trust: Vec<String>,
    /// Hash of the source.
    pub source: String,
    /// The steps, in their order.
    pub steps: Vec<Step>,
    /// The archives, by platform.
    pub files: Vec<File>,
}

impl Verification {
    /// What it all comes to: the worst of what was asked for. Without an archive nothing was checked.
    #[must_use]
    pub fn verdict(&self) -> Status {
        let promised = |status: &Status| *status != Status::NotPromised;
        let steps = self.steps.iter().map(|step| step.status).filter(promised);
        let files = self.files.iter().map(|file| match file.status {
            Status::NotPromised => Status::Skip,
            status => status,
        });
        let worst = steps.chain(files).max().unwrap_or(Status::Skip);
        match worst {
            Status::Pass if self.files.is_empty() => Status::Skip,
            worst => worst,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verification(steps: &[Status], files: &[Status]) -> Verification {
        let platform = Platform::parse("linux/amd64").unwrap();
        let sums = Sums {
            sha256: String::new(),
            h1: String::new(),
            bytes: 0,
        };
        Verification {
            version: Version::parse("1.25.14").unwrap(),
            host: platform.clone(),
            choice: "short",
            chain: Vec::new(),
            trust: Vec::new(),
            source: String::new(),
            steps: steps
                .iter()
                .map(|status| Step {
                    id: String::new(),
                    title: String::new(),
                    status: *status,
                    log: Vec::new(),
                })
                .collect(),
            files: files
                .iter()
                .map(|status| File {
                    name: String::new(),
                    form: Form::Module,
                    platform: platform.clone(),
                    status: *status,
                    posted: sums.clone(),
                    rebuilt: None,
                    record: Record {
                        database: String::new(),
                        id: 0,
                        h1: String::new(),
                    },
                    normalisations: BTreeSet::new(),
                    log: Vec::new(),
                })
                .collect(),
        }
    }

    #[test]
    fn the_worst_counts_and_nothing_checked_is_no_pass() {
        use Status::{Fail, NotPromised, Pass, Skip};
        for (steps, files, want) in [
            (&[Pass, NotPromised][..], &[Pass][..], Pass),
            (&[Pass], &[Pass, Skip], Skip),
            (&[Pass], &[Skip, Fail], Fail),
            (&[Fail], &[Pass], Fail),
            (&[Skip], &[Pass], Skip),
            (&[Pass], &[], Skip),
            (&[], &[NotPromised], Skip),
        ] {
            assert_eq!(
                verification(steps, files).verdict(),
                want,
                "{steps:?} {files:?}"
            );
        }
    }
}

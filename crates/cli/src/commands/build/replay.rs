//! `build --from-record`: the same build again. The record says what was wanted; that the plan, the Go and the program are the recorded ones is checked.

use crate::commands::toolchain::verify::read_small;
use crate::failure::Failure;
use crate::output::Terminal;
use goassay_binary::bytes::hexadecimal;
use goassay_build::compare::diagnose;
use goassay_build::plan::{Plan, Target};
use goassay_build::produce::Product;
use goassay_build::profile::Profile;
use goassay_build::project::Project;
use goassay_build::record::Record;
use goassay_build::toolchain::Version;
use goassay_report::build::Made;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// A record, and what it says in our words.
pub(super) struct Replay {
    path: PathBuf,
    pub(super) record: Record,
    pub(super) profile: Profile,
    pub(super) targets: [Target; 1],
    pub(super) packages: [String; 1],
    pub(super) go: Version,
}

impl Replay {
    pub(super) fn read(path: &Path) -> Result<Replay, Failure> {
        let not = |why: String| {
            Failure::input(format!("{} is no build record", path.display())).cause(why)
        };
        let record = Record::parse(read_small(path)?.as_bytes()).map_err(not)?;
        let profile = Profile::named(&record.profile)
            .ok_or_else(|| not(format!("there is no profile {:?}", record.profile)))?;
        let go = Version::parse(&record.toolchain).map_err(|_| {
            not(format!(
                "{:?} is no release of Go, and no other can be had again",
                record.toolchain
            ))
        })?;
        Ok(Replay {
            targets: [Target::parse(&record.target).map_err(not)?],
            packages: [record.package.clone()],
            path: path.to_owned(),
            profile,
            go,
            record,
        })
    }

    /// The commit and the Go are the recorded ones.
    pub(super) fn check_project(
        &self,
        project: &Project,
        terminal: &Terminal,
    ) -> Result<(), Failure> {
        let record = &self.record;
        if project.go.says != record.toolchain {
            return Err(self
                .cannot(format!(
                    "{} built it, and this is {}",
                    record.toolchain, project.go.says
                ))
                .hint(format!(
                    "`goassay toolchain fetch {}` gets it",
                    self.go.as_str()
                )));
        }
        if record.source.as_ref().is_some_and(|source| source.modified) {
            return Err(self.cannot("it was built with changes that are in no commit".to_owned()));
        }
        let recorded = record.source.as_ref().map(|source| source.commit.as_str());
        let here = project
            .checkout
            .as_ref()
            .map(|checkout| checkout.commit.as_str());
        if recorded != here {
            let of = |commit: Option<&str>| {
                commit.map_or("no checkout".to_owned(), |commit| {
                    format!("commit {commit}")
                })
            };
            let failure = self.cannot(format!(
                "it was built from {}, and this is {}",
                of(recorded),
                of(here)
            ));
            return Err(match recorded {
                Some(commit) => failure.hint(format!(
                    "`git checkout {commit}` in a clone of the repository, and build there"
                )),
                None => failure.hint("build in a copy of the folder that has no .git"),
            });
        }
        let digests = project
            .go
            .digests()
            .map_err(|error| super::unanswered(&error))?;
        let other = |(name, sha256): &&(String, String)| {
            record.toolchain_programs.get(name) != Some(sha256)
        };
        let others: Vec<&str> = digests
            .iter()
            .filter(other)
            .map(|(name, _)| name.as_str())
            .collect();
        if !others.is_empty() {
            terminal.warn(&format!(
                "not the recorded programs of {}, by their SHA-256: {}",
                record.toolchain,
                others.join(", ")
            ));
        }
        Ok(())
    }

    /// The plan is the recorded one: nothing of a record is run that we would not plan ourselves.
    pub(super) fn check_plan(&self, plan: &Plan, terminal: &Terminal) -> Result<(), Failure> {
        let [build] = &plan.builds[..] else {
            return Err(self.cannot(format!(
                "{} programs are planned, and one was recorded",
                plan.builds.len()
            )));
        };
        let lines = self.record.planned_otherwise(build);
        if !lines.is_empty() {
            let failure =
                Failure::input(format!("{} was made by another plan", self.path.display()));
            return Err(lines
                .into_iter()
                .fold(failure, Failure::cause)
                .hint("build with the goassay and the goassay.toml of then"));
        }
        if build.c_compiler != self.record.c_compiler {
            let name = |said: &Option<String>| said.clone().unwrap_or_else(|| "none".to_owned());
            terminal.warn(&format!(
                "another C compiler than recorded: {}, and was {}",
                name(&build.c_compiler),
                name(&self.record.c_compiler)
            ));
        }
        Ok(())
    }

    /// Whether the program is the recorded one; says what differs where the recorded one lies beside its record.
    pub(super) fn came_out(&self, products: &[Product], terminal: &Terminal) -> bool {
        let recorded = self.record.outputs.first();
        let sha256 = recorded.map_or("", |output| output.sha256.as_str());
        let Some(product) = products.iter().find(|product| product.sha256 != sha256) else {
            terminal.say(&format!(
                "identical: the program has the recorded SHA-256, {sha256}"
            ));
            return true;
        };
        let failure = Failure::input(format!(
            "{} is not the program of {}, and nothing was published",
            product.name,
            self.path.display()
        ))
        .cause(format!(
            "SHA-256 {} was recorded, and it is {}",
            sha256, product.sha256
        ));
        let lines = self
            .original(sha256)
            .map(|original| diagnose(&original, &product.bytes).in_words());
        terminal.complain(
            &lines
                .unwrap_or_default()
                .into_iter()
                .fold(failure, Failure::cause),
        );
        false
    }

    /// The recorded program, where it lies beside its record.
    fn original(&self, sha256: &str) -> Option<Vec<u8>> {
        let name = self
            .path
            .file_name()?
            .to_str()?
            .strip_suffix(".build.json")?;
        let bytes = std::fs::read(self.path.with_file_name(name)).ok()?;
        (hexadecimal(&Sha256::digest(&bytes)) == sha256).then_some(bytes)
    }

    /// Tells which documents are other than recorded: another database, another goassay.
    pub(super) fn compare_documents(&self, made: &[Made], terminal: &Terminal) {
        let recorded = &self.record.outputs;
        let is_other = |made: &&Made| {
            let base = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
            recorded.iter().any(|output| {
                base(&output.name) == base(&made.name) && output.sha256 != made.sha256
            })
        };
        let others: Vec<&str> = made
            .iter()
            .filter(is_other)
            .map(|made| made.name.as_str())
            .collect();
        if !others.is_empty() {
            terminal.warn(&format!(
                "documents that are other than recorded: {}",
                others.join(", ")
            ));
        }
    }

    fn cannot(&self, why: String) -> Failure {
        Failure::input(format!("{} cannot be repeated here", self.path.display())).cause(why)
    }
}

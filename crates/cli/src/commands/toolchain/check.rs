//! `goassay toolchain check`: the installed Go against the published toolchain of its version.
//!
//! A pass means: every file that was published for this version is there with the published contents, and nothing else is where
//! the go command looks. It does not mean that what was published is what its source says, and nothing is said of the
//! folders that the module form of a toolchain does not have: those are counted as not checked.

use super::{Fetching, failure, show};
use crate::args::toolchain as typed;
use crate::commands::tool;
use crate::environment::Environment;
use crate::failure::{Failure, Kind};
use goassay_build::archive;
use goassay_build::goroot::{self, Reference};
use goassay_build::toolchain::{Installed, Name, Store};
use goassay_report::toolchain::Check;
use std::path::{Path, PathBuf};

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
    let check = Check {
        tool: tool(),
        goroot: goroot.display().to_string(),
        claim,
        published,
        report,
    };
    show(&args.format, |out| check.text(out), |out| check.json(out))?;
    Ok(check.exit_code())
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

//! What is to be built, and by which Go: the record that is repeated, else the command line, else the configuration file.

use super::replay::Replay;
use crate::args;
use crate::config;
use crate::environment::Environment;
use crate::failure::Failure;
use goassay_build::plan::Target;
use goassay_build::profile::Profile;
use goassay_build::project::go_program;
use goassay_build::toolchain::{Name, Platform, Version};
use goassay_report::sbom::Format;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What the command line says, and the configuration file where it says nothing.
pub(super) struct Settings<'a> {
    pub(super) profile: Profile,
    pub(super) targets: &'a [Target],
    pub(super) packages: &'a [String],
    pub(super) output: &'a Path,
    pub(super) tags: &'a [String],
    pub(super) variables: &'a BTreeMap<String, String>,
    pub(super) compilers: &'a BTreeMap<String, String>,
    /// Formats of bills of materials, each with a name of its own.
    pub(super) sboms: Vec<Format>,
    /// The Go of the store that was named.
    go: Option<&'a Version>,
    /// The Go that a record names, wherever it is.
    recorded: Option<&'a Version>,
}

impl<'a> Settings<'a> {
    pub(super) fn of(
        args: &'a args::build::Build,
        config: &'a config::Build,
        replay: Option<&'a Replay>,
    ) -> Result<Settings<'a>, Failure> {
        let output = args.output.as_deref().or(config.output.as_deref());
        let settings = Settings {
            profile: args.profile.or(config.profile).unwrap_or(Profile::ALL[0]),
            targets: given(&args.target, &config.targets),
            packages: given(&args.packages, &config.packages),
            output: output.unwrap_or(Path::new("dist")),
            tags: &config.tags,
            variables: &config.variables,
            compilers: &config.compilers,
            sboms: sboms(given(&args.sbom, &config.sboms))?,
            go: args.go.as_ref().or(config.go.as_ref()),
            recorded: None,
        };
        Ok(match replay {
            None => settings,
            Some(replay) => Settings {
                profile: replay.profile,
                targets: &replay.targets,
                packages: &replay.packages,
                tags: &replay.record.tags,
                variables: &replay.record.variables,
                go: args.go.as_ref(),
                recorded: Some(&replay.go),
                ..settings
            },
        })
    }

    /// The go command that is asked first; it may change to another version, as the project says.
    pub(super) fn go_command(&self, env: &Environment) -> Result<PathBuf, Failure> {
        if let Some(version) = self.go {
            return in_store(version, env)?.ok_or_else(|| {
                Failure::usage(format!("{} is not in the store", name(version))).hint(format!(
                    "`goassay toolchain fetch {}` gets it",
                    version.as_str()
                ))
            });
        }
        if let Some(version) = self.recorded
            && let Some(found) = in_store(version, env)?
        {
            return Ok(found);
        }
        env.goroot().map(|goroot| go_program(&goroot)).ok_or_else(|| {
            Failure::usage("there is no Go to build with: GOROOT is not set, and no `go` is in PATH").hint(
                "get one, verified: `goassay toolchain fetch 1.26.8`, then `goassay build --go 1.26.8`",
            )
        })
    }

    /// What the go command is asked with. A version that was named is not left for another, and no other GOROOT is its own.
    pub(super) fn variables_of(&self, env: &Environment) -> Vec<(OsString, OsString)> {
        let is_named = self.go.is_some() || self.recorded.is_some();
        let mut variables = env.variables();
        variables.retain(|(name, _)| name != "GOROOT" && !(is_named && name == "GOTOOLCHAIN"));
        if is_named {
            variables.push(("GOTOOLCHAIN".into(), "local".into()));
        }
        variables
    }
}

fn given<'a, T>(here: &'a [T], there: &'a [T]) -> &'a [T] {
    if here.is_empty() { there } else { here }
}

fn name(version: &Version) -> Name {
    Name {
        version: version.clone(),
        platform: Platform::host(),
    }
}

fn in_store(version: &Version, env: &Environment) -> Result<Option<PathBuf>, Failure> {
    let store = crate::commands::toolchain::store(env)?;
    let found = store.find(&name(version));
    Ok(found.map(|installed| go_program(&installed.goroot)))
}

/// What is written unless something else is asked for.
const SBOMS: [Format; 2] = [Format::CycloneDx16, Format::Spdx23];

fn sboms(asked: &[Format]) -> Result<Vec<Format>, Failure> {
    let mut sboms: Vec<Format> = Vec::new();
    for &format in given(asked, &SBOMS) {
        match sboms.iter().find(|other| other.suffix() == format.suffix()) {
            None => sboms.push(format),
            Some(other) if *other == format => {}
            Some(other) => {
                return Err(Failure::usage(format!(
                    "{} and {} would have the same name, NAME{}",
                    other.name(),
                    format.name(),
                    format.suffix()
                ))
                .hint("ask for one of them; `goassay sbom` makes the other"));
            }
        }
    }
    Ok(sboms)
}

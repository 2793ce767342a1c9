//! What will be run to build programs, before anything is: project, profile and targets in, command lines out. Pure.
//!
//! What cannot be built as it should be is refused here, all reasons at once and each with its remedy, before time is spent.

pub mod refusal;
mod script;
mod target;

pub use refusal::Refusal;
pub use script::script;
pub use target::Target;

use crate::profile::{Dwarf, Kind, Profile};
use crate::project::{Package, Project};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The set of settings.
    pub profile: &'a Profile,
    /// What a release needs is asked for too: a tag.
    pub release: bool,
    /// Files that are not in the commit are no reason to refuse.
    pub allow_dirty: bool,
    /// Where the programs are written.
    pub output: &'a Path,
}

/// The packages of a project for one target, by `go list -deps`.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The target.
    pub target: Target,
    /// The packages that were asked for, and all that they import.
    pub packages: Vec<Package>,
}

/// What will be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// One for each program and target, in the order of both.
    pub builds: Vec<Build>,
    /// What should be known and is no reason to refuse.
    pub notes: Vec<String>,
}

/// One program for one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The import path of the program.
    pub package: String,
    /// The target.
    pub target: Target,
    /// The command line.
    pub argv: Vec<OsString>,
    /// The whole environment, and what is not in it on purpose.
    pub environment: Vec<Setting>,
    /// The folder that it is started in.
    pub folder: PathBuf,
    /// The file that it writes.
    pub file: PathBuf,
}

/// A variable that is set, or kept out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// Its value; none where it is kept out although the user has it.
    pub value: Option<OsString>,
    /// Why.
    pub reason: &'static str,
}

/// Makes a plan.
///
/// # Errors
/// Everything that speaks against building.
pub fn plan(
    project: &Project,
    listings: &[Listing],
    wanted: &Wanted<'_>,
) -> Result<Plan, Vec<Refusal>> {
    let refusals = refusal::all(project, listings, wanted);
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let mut builds = Vec::new();
    for listing in listings {
        let needs_c = listing.packages.iter().any(|p| p.has_cgo && !p.is_standard);
        let programs = listing.packages.iter().filter(|p| p.is_wanted && p.is_main);
        for program in programs {
            let one = One {
                project,
                wanted,
                target: &listing.target,
                program,
                needs_c,
                many: listings.len() > 1,
            };
            builds.push(one.build());
        }
    }
    Ok(Plan {
        builds,
        notes: refusal::notes(project, wanted),
    })
}

/// One program for one target, while it is planned.
struct One<'a> {
    project: &'a Project,
    wanted: &'a Wanted<'a>,
    target: &'a Target,
    program: &'a Package,
    needs_c: bool,
    /// There are other targets besides.
    many: bool,
}

impl One<'_> {
    fn build(&self) -> Build {
        let file = self.wanted.output.join(self.file_name());
        let go = self.project.go.goroot.join("bin/go");
        let mut argv: Vec<OsString> = vec![go.into(), "build".into()];
        argv.extend(self.flags().into_iter().map(OsString::from));
        argv.extend([
            "-o".into(),
            file.clone().into(),
            self.program.path.clone().into(),
        ]);
        Build {
            package: self.program.path.clone(),
            target: self.target.clone(),
            argv,
            environment: self.environment(),
            folder: self.project.folder.clone(),
            file,
        }
    }

    /// As `go build` names it: after the last element of its path, a major version left out.
    fn file_name(&self) -> String {
        let mut elements = self.program.path.rsplit('/');
        let last = elements.next().unwrap_or_default();
        let name = match elements.next() {
            Some(before) if is_major(last) => before,
            _ => last,
        };
        let ending = if self.target.platform.os == "windows" {
            ".exe"
        } else {
            ""
        };
        match self.many {
            true => format!("{}/{name}{ending}", self.target.folder()),
            false => format!("{name}{ending}"),
        }
    }

    fn flags(&self) -> Vec<String> {
        let profile = self.wanted.profile;
        let mut flags = Vec::new();
        if profile.trimpath {
            flags.push("-trimpath".to_owned());
        }
        flags.push(format!("-buildvcs={}", self.project.checkout.is_some()));
        let is_pie = profile.kind == Kind::Pie && self.target.can_be_pie();
        if is_pie {
            flags.push("-buildmode=pie".to_owned());
        } else if profile.kind == Kind::Static {
            flags.push("-buildmode=exe".to_owned());
        }
        if !profile.tags.is_empty() {
            flags.push(format!("-tags={}", profile.tags.join(",")));
        }
        let linker = self.linker_flags(is_pie);
        if !linker.is_empty() {
            flags.push(format!("-ldflags={}", linker.join(" ")));
        }
        flags
    }

    fn linker_flags(&self, is_pie: bool) -> Vec<&'static str> {
        let mut flags = Vec::new();
        if self.wanted.profile.dwarf == Dwarf::Apart {
            flags.push("-w");
        }
        let knows_bindnow = self.project.go.version.minor() >= Some(BINDNOW);
        if is_pie && self.target.is_elf() && knows_bindnow {
            flags.push("-bindnow");
        }
        flags
    }

    fn environment(&self) -> Vec<Setting> {
        let setting = |name: &str| {
            self.project
                .settings
                .get(name)
                .filter(|value| !value.is_empty())
        };
        let mut all = Vec::new();
        let mut set = |name, value: &str, reason| {
            all.push(Setting {
                name,
                value: Some(value.into()),
                reason,
            });
        };
        set(
            "PATH",
            SYSTEM,
            "git for the version, and a C compiler where C is compiled",
        );
        for (name, reason) in KEPT {
            if let Some(value) = setting(name) {
                set(name, value, reason);
            }
        }
        for (name, value, reason) in FIXED {
            set(name, value, reason);
        }
        set("GOOS", &self.target.platform.os, "the target");
        set("GOARCH", &self.target.platform.arch, "the target");
        if let Some((name, level)) = self.target.level() {
            set(name, level, "the target's level");
        }
        let cgo = if self.needs_c { "1" } else { "0" };
        let reason = match self.needs_c {
            true => "a package outside the standard library has C in it",
            false => "no package outside the standard library has C in it",
        };
        set("CGO_ENABLED", cgo, reason);
        if let Some(workspace) = setting("GOWORK") {
            set("GOWORK", workspace, "the project's workspace");
        }
        let kept_out = CLEARED.iter().filter(|(name, _)| setting(name).is_some());
        all.extend(kept_out.map(|&(name, reason)| Setting {
            name,
            value: None,
            reason,
        }));
        all
    }
}

/// First minor version of Go whose linker knows `-bindnow` (cmd/link of 1.23).
const BINDNOW: u32 = 23;
/// Where the programs of the system are.
const SYSTEM: &str = "/usr/local/bin:/usr/bin:/bin";

/// Settings that are the user's: where things lie, and what is private.
const KEPT: [(&str, &str); 3] = [
    ("GOPATH", "the user's"),
    ("GOMODCACHE", "modules that were downloaded and checked"),
    ("GOCACHE", "the user's: what is compiled already"),
];

const FIXED: [(&str, &str, &str); 8] = [
    (
        "GOENV",
        "off",
        "what it says was read before, and stands here",
    ),
    ("GOFLAGS", "", "all flags stand on the command line"),
    ("GO111MODULE", "on", "modules"),
    ("GOTOOLCHAIN", "local", "the Go that was chosen builds"),
    ("GOPROXY", "off", "everything was downloaded before"),
    ("GOTELEMETRY", "off", "nothing is counted"),
    ("LC_ALL", "C", "messages that do not depend on the user"),
    ("TZ", "UTC", "times that do not depend on the place"),
];

/// Settings that change what is built and are not the project's.
const CLEARED: [(&str, &str); 3] = [
    ("GOEXPERIMENT", "changes the language and the library"),
    ("GODEBUG", "changes how the go command works"),
    ("GOTMPDIR", "the system's own folder will do"),
];

/// `v2`, `v10`: the last element of a module path that is no name.
fn is_major(element: &str) -> bool {
    let digits = element.strip_prefix('v').unwrap_or_default();
    let number: Option<u32> = digits.parse().ok();
    number.is_some_and(|number| number >= 2) && !digits.starts_with('0')
}

#[cfg(test)]
mod tests;

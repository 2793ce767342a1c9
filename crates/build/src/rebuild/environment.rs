//! The environments and command lines of the builds. Nothing is inherited: what is not here is not set.

use crate::run::Variable;
use crate::toolchain::{Platform, Version};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where the programs of the system are: a shell, and a C compiler for what is written in C.
const SYSTEM: &str = "/usr/bin:/bin";

/// The folders of one build.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places<'a> {
    /// What is built, or builds.
    pub(super) goroot: &'a Path,
    /// An empty folder with `home`, `tmp` and `cache` in it.
    pub(super) scratch: &'a Path,
}

impl Places<'_> {
    fn base(&self) -> Vec<Variable> {
        let bin = self.goroot.join("bin");
        let path = format!("{}:{SYSTEM}", bin.display());
        let below = |name| self.scratch.join(name);
        vec![
            Variable::new("PATH", path, "the Go that is built, then the system"),
            Variable::new("HOME", below("home"), "nobody's settings"),
            Variable::new(
                "TMPDIR",
                below("tmp"),
                "on the same disk, and gone afterwards",
            ),
            Variable::new(
                "GOCACHE",
                below("cache"),
                "release toolchains are told apart in the cache by version only, so another's cache could lie",
            ),
            Variable::new("GOROOT", self.goroot, "the Go that is built"),
            Variable::new("GOTOOLCHAIN", "local", "no other Go takes its place"),
            Variable::new("GOENV", "off", "no settings of a user"),
            Variable::new("GOPROXY", "off", "nothing is downloaded"),
            Variable::new("GOTELEMETRY", "off", "nothing is counted"),
            Variable::new("LC_ALL", "C", "messages that do not depend on the user"),
            Variable::new("TZ", "UTC", "times that do not depend on the place"),
        ]
    }

    /// Building a Go with `bootstrap`; without one, by the C compiler through the script `cc`.
    pub(super) fn make(&self, by: &Builder<'_>, version: &Version) -> Vec<Variable> {
        let mut variables = self.base();
        let src = self.goroot.join("src");
        variables.push(Variable::new("PWD", src, "where it is built"));
        match by {
            Builder::Go(bootstrap) => variables.push(Variable::new(
                "GOROOT_BOOTSTRAP",
                *bootstrap,
                "the link of the chain before it",
            )),
            Builder::C(script) => variables.push(Variable::new(
                "CC",
                *script,
                "today's C compiler with the rules of 2014",
            )),
        }
        // Since 1.20 no cgo is needed to build Go itself, and it finds out what there is.
        if version.minor().is_some_and(|minor| minor < 20) {
            variables.push(Variable::new(
                "CGO_ENABLED",
                "0",
                "nothing of this machine's C library in a link of the chain",
            ));
        }
        variables
    }

    /// Running the built Go's own go command on its own source.
    pub(super) fn go(&self) -> Vec<Variable> {
        let mut variables = self.base();
        variables.extend([
            Variable::new("CGO_ENABLED", "0", "as cmd/dist builds commands"),
            Variable::new(
                "GOFLAGS",
                RELEASE_FLAGS,
                "as cmd/dist builds the commands of a release",
            ),
        ]);
        variables
    }

    /// As [`Places::go`], for another platform.
    pub(super) fn cross(&self, platform: &Platform) -> Vec<Variable> {
        let mut variables = self.go();
        variables.extend(target(platform));
        variables
    }

    /// Packing what was built for a platform.
    pub(super) fn pack(&self, platform: &Platform) -> Vec<Variable> {
        let mut variables = self.base();
        variables.extend(target(platform));
        variables
    }
}

/// What cmd/dist sets for the commands of a release (`toolenv` in cmd/dist/build.go), since Go 1.21.
const RELEASE_FLAGS: &str = "-trimpath -ldflags=-w -gcflags=cmd/...=-dwarf=false";

fn target(platform: &Platform) -> Vec<Variable> {
    let mut variables = vec![
        Variable::new("GOOS", &platform.os, "the platform"),
        Variable::new("GOARCH", &platform.arch, "the platform"),
    ];
    if platform.arch == "arm" && platform.os == "linux" {
        variables.push(Variable::new(
            "GOARM",
            "6",
            "releases for linux/arm are for ARMv6",
        ));
    }
    variables
}

/// Who builds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Builder<'a> {
    /// A Go in this GOROOT.
    Go(&'a Path),
    /// The C compiler behind this script.
    C(&'a Path),
}

/// The command line of make.bash.
pub(super) fn make_bash(distpack: bool) -> Vec<OsString> {
    let mut argv: Vec<OsString> = vec!["/bin/bash".into(), "./make.bash".into()];
    if distpack {
        argv.push("-distpack".into());
    }
    argv
}

/// A command line of the go command in `goroot`.
pub(super) fn go_command(goroot: &Path, arguments: &[&str]) -> Vec<OsString> {
    let program = goroot.join("bin").join("go").into_os_string();
    let arguments = arguments.iter().map(OsString::from);
    std::iter::once(program).chain(arguments).collect()
}

/// C compilers, the preferred one first.
pub(super) const C_COMPILERS: [&str; 4] =
    ["/usr/bin/gcc", "/usr/bin/cc", "/usr/bin/clang", "/bin/cc"];

/// The script that stands for the C compiler: what Go 1.4 was written for is not what compilers take for granted now.
pub(super) fn c_compiler_script(compiler: &Path) -> String {
    format!(
        "#!/bin/sh\nexec {} \"$@\" -w -Wno-error -fcommon -fno-strict-aliasing -fwrapv\n",
        compiler.display()
    )
}

/// A C compiler of this system.
pub(super) fn c_compiler() -> Option<PathBuf> {
    let mut paths = C_COMPILERS.iter().map(PathBuf::from);
    paths.find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places<'static> {
        Places {
            goroot: Path::new("/w/goroot"),
            scratch: Path::new("/w/scratch"),
        }
    }

    fn shown(variables: &[Variable]) -> Vec<String> {
        let line = |v: &Variable| format!("{}={}", v.name, v.value.to_string_lossy());
        variables.iter().map(line).collect()
    }

    #[test]
    fn every_variable_is_set_once_with_a_reason() {
        let version = Version::parse("1.17.13").unwrap();
        let make = places().make(&Builder::Go(Path::new("/w/go1.4")), &version);
        let platform = Platform::parse("linux/arm").unwrap();
        for variables in [make, places().cross(&platform), places().pack(&platform)] {
            let mut names: Vec<&str> = variables.iter().map(|v| v.name).collect();
            names.sort_unstable();
            let count = names.len();
            names.dedup();
            assert_eq!(names.len(), count, "{names:?}");
            assert!(
                variables.iter().all(|v| v.reason.len() > 10),
                "{variables:?}"
            );
        }
    }

    #[test]
    fn caches_and_homes_are_its_own() {
        let version = Version::parse("1.25.14").unwrap();
        let builder = Builder::Go(Path::new("/w/go1.22"));
        let variables = shown(&places().make(&builder, &version));
        for want in [
            "GOCACHE=/w/scratch/cache",
            "HOME=/w/scratch/home",
            "TMPDIR=/w/scratch/tmp",
            "PATH=/w/goroot/bin:/usr/bin:/bin",
            "GOROOT_BOOTSTRAP=/w/go1.22",
        ] {
            assert!(
                variables.iter().any(|v| v == want),
                "{want} in {variables:?}"
            );
        }
        assert!(!variables.iter().any(|v| v.starts_with("CGO_ENABLED")));
        let platform = Platform::parse("linux/arm").unwrap();
        let cross = shown(&places().cross(&platform));
        assert!(cross.contains(&"GOARM=6".to_owned()), "{cross:?}");
    }
}

//! Building Go programs with a named toolchain, and the reference tools that are Go programs themselves.
//!
//! Every build is described by a value, so that the exact command can be written down. Toolchains come through the
//! module proxy (`GOTOOLCHAIN=go1.x.y`); nothing is taken from the developer's `go env`.

use crate::run::{Outcome, output, read, sha256, text, work, workspace, write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The version of govulncheck that results are compared with.
pub(crate) const GOVULNCHECK: &str = "golang.org/x/vuln/cmd/govulncheck@v1.8.0";

/// One build of one Go program.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Build {
    /// Toolchain, without `go`: `1.21.0`.
    pub(crate) go: String,
    /// `GOOS`.
    pub(crate) goos: String,
    /// `GOARCH`.
    pub(crate) goarch: String,
    /// `-buildmode`.
    pub(crate) buildmode: String,
    /// `-ldflags`.
    pub(crate) ldflags: String,
    /// `CGO_ENABLED`.
    pub(crate) cgo: bool,
}

impl Build {
    /// Variables of the environment that the build needs, in the order in which they are shown.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("GOTOOLCHAIN", format!("go{}", self.go)),
            ("CGO_ENABLED", u8::from(self.cgo).to_string()),
            ("GOOS", self.goos.clone()),
            ("GOARCH", self.goarch.clone()),
        ]
    }

    fn arguments(&self) -> Vec<String> {
        let mut args = vec!["build".to_owned(), "-trimpath".to_owned()];
        // Before Go 1.18 there is no such flag, and nothing that it would switch off.
        if minor(&self.go) >= 18 {
            args.push("-buildvcs=false".to_owned());
        }
        // On Windows the default is a PIE.
        if self.buildmode != "exe" || self.goos == "windows" {
            args.push(format!("-buildmode={}", self.buildmode));
        }
        if !self.ldflags.is_empty() {
            args.push(format!("-ldflags={}", self.ldflags));
        }
        args
    }

    /// Builds the package in `folder` into `out`.
    pub(crate) fn run(&self, folder: &Path, out: &Path) -> Outcome {
        if let Some(parent) = out.parent() {
            std::fs::create_dir_all(parent).map_err(|e| format!("{}: {e}", parent.display()))?;
        }
        let mut command = go();
        command
            .envs(self.environment())
            .args(self.arguments())
            .arg("-o")
            .arg(out)
            .arg(".")
            .current_dir(folder);
        output(&mut command).map(drop)
    }

    /// The command as a person would type it.
    pub(crate) fn shown(&self) -> String {
        let quoted = |arg: String| {
            if arg.contains(' ') {
                format!("'{arg}'")
            } else {
                arg
            }
        };
        let env: Vec<String> = self
            .environment()
            .into_iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        let args: Vec<String> = self.arguments().into_iter().map(quoted).collect();
        format!("{} go {} .", env.join(" "), args.join(" "))
    }
}

/// The minor number of a Go 1 version: 21 of `1.21.0`.
pub(crate) fn minor(version: &str) -> u32 {
    version
        .split('.')
        .nth(1)
        .and_then(|m| m.parse().ok())
        .unwrap_or(0)
}

/// A `go` command that sees nothing of the developer's settings except where caches and the module proxy are.
pub(crate) fn go() -> Command {
    let mut command = Command::new("go");
    command
        .env("GOENV", "off")
        .env("GOFLAGS", "")
        .env("GOWORK", "off")
        .env_remove("GOOS")
        .env_remove("GOARCH");
    if std::env::var_os("GOCACHE").is_none() {
        command.env("GOCACHE", work().join("gocache"));
    }
    command
}

/// `go version -m` without the line that repeats the path; none where it knows nothing.
pub(crate) fn modinfo(binary: &Path) -> Outcome<Option<String>> {
    let shown = text(go().args(["version", "-m"]).arg(binary))?;
    let rest = |first: &str| {
        first
            .rsplit_once(": ")
            .map(|(_, version)| version.to_owned())
    };
    let mut lines = shown.lines();
    let Some(version) = lines.next().and_then(rest) else {
        return Ok(None);
    };
    let facts: String = lines
        .map(|l| format!("{}\n", l.trim_start_matches('\t')))
        .collect();
    Ok(Some(format!("{version}\n{facts}")))
}

/// The folder for programs that are installed for comparisons.
fn peers() -> PathBuf {
    work().join("peers")
}

/// Path of a Go program that is installed on first use: `package@version`.
pub(crate) fn install(package: &str) -> Outcome<PathBuf> {
    install_with(package, None)
}

/// The same with another toolchain (`go1.20.14`) than the one that is there.
pub(crate) fn install_with(package: &str, toolchain: Option<&str>) -> Outcome<PathBuf> {
    let (path, version) = package
        .split_once('@')
        .ok_or("a package needs its version")?;
    let name = path.rsplit('/').next().unwrap_or(path);
    let folder = peers().join(format!("{name}-{version}"));
    if !folder.join(name).exists() {
        eprintln!("installing {package}");
        let mut command = go();
        command
            .args(["install", package])
            .env("GOBIN", &folder)
            .env("CGO_ENABLED", "0");
        if let Some(toolchain) = toolchain {
            command.env("GOTOOLCHAIN", toolchain);
        }
        output(&mut command).map_err(|e| format!("cannot install {package}: {e}"))?;
    }
    Ok(folder.join(name))
}

/// Path of a Go program of this repository, built on first use and again when it changed; `folder` is below the workspace.
pub(crate) fn own_program(folder: &str) -> Outcome<PathBuf> {
    let source = workspace().join(folder);
    let mut code = read(&source.join("main.go"))?;
    code.extend(read(&source.join("go.mod"))?);
    let name = folder.rsplit('/').next().unwrap_or(folder);
    let program = peers().join(format!("{name}-{}", &sha256(&code)[..12]));
    if !program.exists() {
        write(&peers().join(".keep"), "")?;
        output(
            go().args(["build", "-buildvcs=false", "-o"])
                .arg(&program)
                .arg(".")
                .current_dir(&source),
        )?;
    }
    Ok(program)
}

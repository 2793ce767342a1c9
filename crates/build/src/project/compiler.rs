//! The C compiler at hand, asked which hardening it knows: what it does not know is left out and said.
//!
//! Which flags: the Open Source Security Foundation's "Compiler Options Hardening Guide for C and C++", those that change code and
//! not only warnings.

use super::ask::Error;
use crate::run::{self, Question};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A C compiler.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compiler {
    /// How it is called (`CC`).
    pub command: String,
    /// The first line of what it says of itself. Hostile.
    pub says: String,
    /// Flags for compiling that it knows.
    pub compiling: Vec<&'static str>,
    /// Flags for linking that it knows.
    pub linking: Vec<&'static str>,
    /// Those of both that it does not know.
    pub dropped: Vec<&'static str>,
    /// Whether it links static programs that can be loaded at any address.
    pub links_static_pie: bool,
}

const COMPILING: [&str; 9] = [
    "-U_FORTIFY_SOURCE",
    "-D_FORTIFY_SOURCE=3",
    "-fstack-protector-strong",
    "-fstack-clash-protection",
    "-fcf-protection=full",
    "-mbranch-protection=standard",
    "-ftrivial-auto-var-init=zero",
    "-fno-delete-null-pointer-checks",
    "-fno-strict-overflow",
];
const LINKING: [&str; 3] = ["-Wl,-z,noexecstack", "-Wl,-z,relro", "-Wl,-z,now"];
const STATIC_PIE: &str = "-static-pie";

/// Tries a compiler; none where it does not run at all.
///
/// # Errors
/// There is no place to try it in.
pub(super) fn of(
    command: &str,
    environment: &[(OsString, OsString)],
) -> Result<Option<Compiler>, Error> {
    let folder = tempfile::tempdir().map_err(|error| {
        Error::Run(run::Error {
            what: "make a folder to try the C compiler in".to_owned(),
            error,
        })
    })?;
    let source = folder.path().join("try.c");
    if std::fs::write(&source, "int main(void) { return 0; }\n").is_err() {
        return Ok(None);
    }
    let trial = Trial {
        command,
        environment,
        folder: folder.path(),
        source,
    };
    Ok(trial.all())
}

/// Compiling one small program, again and again.
struct Trial<'a> {
    command: &'a str,
    environment: &'a [(OsString, OsString)],
    folder: &'a Path,
    source: PathBuf,
}

impl Trial<'_> {
    fn all(&self) -> Option<Compiler> {
        let version = self.run(&["--version"])?;
        if !self.takes(&[], "-O2") {
            return None;
        }
        let mut compiler = Compiler {
            command: self.command.to_owned(),
            says: version.lines().next().unwrap_or_default().to_owned(),
            links_static_pie: self.takes(&[], STATIC_PIE),
            ..Compiler::default()
        };
        for flag in COMPILING {
            match self.takes(&["-c", "-Werror"], flag) {
                true => compiler.compiling.push(flag),
                false => compiler.dropped.push(flag),
            }
        }
        for flag in LINKING {
            match self.takes(&[], flag) {
                true => compiler.linking.push(flag),
                false => compiler.dropped.push(flag),
            }
        }
        Some(compiler)
    }

    /// Whether the program is made with the flag.
    fn takes(&self, besides: &[&str], flag: &str) -> bool {
        let out = self.folder.join("try.out");
        let (source, out) = (self.source.to_string_lossy(), out.to_string_lossy());
        let arguments = [besides, &["-O2", flag, "-o", &out, &source]].concat();
        self.run(&arguments).is_some()
    }

    /// What it says, where it says yes. A command may have arguments of its own.
    fn run(&self, arguments: &[&str]) -> Option<String> {
        let words = self
            .command
            .split_whitespace()
            .chain(arguments.iter().copied());
        let question = Question {
            argv: words.map(OsString::from).collect(),
            environment: self.environment.to_vec(),
            folder: self.folder,
        };
        let answer = run::ask(&question)
            .ok()
            .filter(|answer| answer.code == Some(0))?;
        Some(String::from_utf8_lossy(&answer.stdout).into_owned())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn flags_that_are_refused_are_dropped_and_no_compiler_is_none() {
        let root = tempfile::tempdir().unwrap();
        let script = root.path().join("cc");
        let refuses =
            "#!/bin/sh\ncase \"$*\" in *mbranch*|*static-pie*) exit 1;; esac\necho 'cc 1.0'\n";
        std::fs::write(&script, refuses).unwrap();
        std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
        let environment = [("PATH".into(), "/usr/bin:/bin".into())];
        let found = of(script.to_str().unwrap(), &environment).unwrap().unwrap();
        assert_eq!(found.dropped, ["-mbranch-protection=standard"]);
        assert_eq!((found.compiling.len(), found.linking.len()), (8, 3));
        assert_eq!(
            (found.says.as_str(), found.links_static_pie),
            ("cc 1.0", false)
        );
        assert_eq!(of("/no/such/compiler", &environment).unwrap(), None);
    }
}

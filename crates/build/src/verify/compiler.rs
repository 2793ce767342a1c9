//! Another C compiler of this machine, where a program names the one that it was made with (ELF, `.comment`).
//!
//! What the program says chooses among names that stand here, never a path or a name of its own.

use crate::plan::SYSTEM_PATH;
use crate::run::find;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

/// A C compiler of one release, beside the one that the machine calls `gcc`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CCompiler {
    family: Family,
    /// Its major version, in digits.
    major: String,
    /// The builder called it by this name (`CC=gcc-11`), which is in the build ID of what it compiled; otherwise it was the machine's own `gcc`.
    pub by_name: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Gcc,
    Clang,
}

/// Major versions that are looked for.
const KNOWN: std::ops::RangeInclusive<u8> = 8..=22;

impl CCompiler {
    /// The first of the compilers that a `.comment` names which is here: `GCC: (Debian 11.3.0-12) 11.3.0; Debian clang version 14.0.6`.
    #[must_use]
    pub fn named(comment: &str) -> Option<CCompiler> {
        let mut all = comment.split("; ").filter_map(CCompiler::parse);
        all.find(|one| one.program(one.c()).is_some())
    }

    /// All that are here, but for the one that the machine calls `gcc`: what may have compiled code of a program that names no compiler.
    #[must_use]
    pub fn all() -> Vec<CCompiler> {
        let real = |program: PathBuf| program.canonicalize().ok();
        let own = system("gcc").and_then(real);
        let of = |family| {
            let one = move |major: u8| CCompiler {
                family,
                major: major.to_string(),
                by_name: family == Family::Clang,
            };
            KNOWN.rev().map(one)
        };
        let is_other = |one: &CCompiler| {
            let program = one.program(one.c()).and_then(real);
            program.is_some() && program != own
        };
        of(Family::Gcc)
            .chain(of(Family::Clang))
            .filter(is_other)
            .collect()
    }

    fn parse(comment: &str) -> Option<CCompiler> {
        let (family, version) = match comment.split_once("clang version ") {
            Some((_, rest)) => (Family::Clang, rest.split_whitespace().next()?),
            None => {
                // `GCC: (who packed it) version and more`
                let (_, rest) = comment.strip_prefix("GCC: ")?.split_once(") ")?;
                (Family::Gcc, rest.split_whitespace().next()?)
            }
        };
        let major = version.split('.').next()?;
        let is_number = !major.is_empty() && major.bytes().all(|byte| byte.is_ascii_digit());
        (is_number && major.len() <= 3).then(|| CCompiler {
            family,
            major: major.to_owned(),
            // Nobody's own compiler is clang but where it was asked for.
            by_name: family == Family::Clang,
        })
    }

    /// Its name, for people.
    #[must_use]
    pub fn name(&self) -> String {
        self.versioned(self.c())
    }

    /// What the program is called without its version, and that of C++.
    fn c(&self) -> &'static str {
        match self.family {
            Family::Gcc => "gcc",
            Family::Clang => "clang",
        }
    }

    fn cxx(&self) -> &'static str {
        match self.family {
            Family::Gcc => "g++",
            Family::Clang => "clang++",
        }
    }

    /// The program with its version.
    fn program(&self, name: &str) -> Option<PathBuf> {
        system(&self.versioned(name))
    }

    fn versioned(&self, name: &str) -> String {
        format!("{name}-{}", self.major)
    }

    /// Variables that choose it by its name.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let all = [("CC", self.c()), ("CXX", self.cxx())].into_iter();
        all.filter(|_| self.by_name)
            .map(|(variable, name)| (variable, self.versioned(name)))
            .collect()
    }

    /// Fills a folder in which it is the machine's own.
    ///
    /// # Errors
    /// A link cannot be made.
    pub fn install(&self, folder: &Path) -> io::Result<()> {
        for name in [self.c(), self.cxx()] {
            if let Some(program) = self.program(name) {
                link(&program, &folder.join(name))?;
            }
        }
        Ok(())
    }
}

/// A program of the system.
fn system(name: &str) -> Option<PathBuf> {
    find(OsStr::new(SYSTEM_PATH), name)
}

#[cfg(unix)]
fn link(program: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(program, at)
}

#[cfg(not(unix))]
fn link(program: &Path, at: &Path) -> io::Result<()> {
    std::fs::copy(program, at).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compilers_by_what_they_write_into_programs() {
        let of = |comment: &str| CCompiler::parse(comment).map(|one| one.name());
        for (comment, wanted) in [
            ("GCC: (Debian 11.3.0-12) 11.3.0", Some("gcc-11")),
            (
                "GCC: (GNU) 14.2.1 20250110 (Red Hat 14.2.1-7)",
                Some("gcc-14"),
            ),
            ("Debian clang version 14.0.6", Some("clang-14")),
            ("clang version ../../x", None),
            ("GCC: /tmp/evil", None),
            ("rustc version 1.95.0", None),
        ] {
            assert_eq!(of(comment).as_deref(), wanted, "{comment}");
        }
    }
}

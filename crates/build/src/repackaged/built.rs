//! What is in a package because somebody built it, told by name and contents: programs, archives of compiled packages,
//! generated source, headers that are copied. What of that a rebuild can show, and what nothing can.

use super::layout::Goroot;
use crate::archive::{self, Sum};
use crate::rebuild::{chain, says_generated};
use crate::toolchain::Version;
use std::collections::BTreeMap;

/// Source that cmd/dist writes, in any release.
const GENERATED: [&str; 8] = [
    "src/cmd/cgo/zdefaultcc.go",
    "src/cmd/go/internal/cfg/zdefaultcc.go",
    "src/cmd/go/internal/cfg/zosarch.go",
    "src/cmd/internal/objabi/zbootstrap.go",
    "src/go/build/zcgo.go",
    "src/internal/buildcfg/zbootstrap.go",
    "src/internal/runtime/sys/zversion.go",
    "src/runtime/internal/sys/zversion.go",
];
/// First release that keeps no archives of compiled packages below GOROOT (release notes of Go 1.20).
const WITHOUT_ARCHIVES: u32 = 20;

/// Why a rebuild shows nothing of releases before 1.21.
const NOT_REPEATABLE: &str =
    "it was built before Go's builds could be repeated bit by bit, which began with 1.21";
const SOURCE_ONLY: &str = "it was built, and what the package is compared with is source only";

/// What the package was built from and what it is compared with.
pub(super) struct Origin<'a> {
    upstream: &'a Goroot<'a>,
    version: Option<Version>,
}

impl<'a> Origin<'a> {
    pub(super) fn new(upstream: &'a Goroot<'a>, version: Option<Version>) -> Origin<'a> {
        Origin { upstream, version }
    }

    /// Whether the release's programs come out again bit by bit.
    pub(super) fn is_repeatable(&self) -> bool {
        self.version.as_ref().is_some_and(chain::is_reproducible)
    }

    fn has_archives(&self) -> bool {
        let minor = self.version.as_ref().and_then(Version::minor);
        minor.is_some_and(|minor| minor < WITHOUT_ARCHIVES)
    }

    /// Whether the published side was never built.
    fn is_source_only(&self) -> bool {
        let files = &self.upstream.files;
        !["bin/go", "bin/go.exe"]
            .iter()
            .any(|go| files.contains_key(*go))
    }

    fn has_source(&self, folder: &str) -> bool {
        let (from, below) = (format!("{folder}/"), |name: &String| {
            name.strip_prefix(folder)
                .is_some_and(|rest| rest.starts_with('/'))
        });
        let mut files = self.upstream.files.range(from..);
        files.next().is_some_and(|(name, _)| below(name))
    }

    /// The published contents of a file.
    pub(super) fn published(&self, name: &str) -> Result<Option<Vec<u8>>, archive::Error> {
        let place = self.upstream.files.get(name);
        place.map(|place| place.contents()).transpose()
    }

    /// The command (`cmd/vet`) that a program was built from, where its source is published.
    pub(super) fn command(&self, name: &str, contents: &[u8]) -> Option<String> {
        let base = program(name)?;
        let command = format!("cmd/{}", base.strip_suffix(".exe").unwrap_or(base));
        let built = goassay_binary::Binary::parse(contents).is_ok();
        (built && self.has_source(&format!("src/{command}"))).then_some(command)
    }

    fn is_archive(&self, name: &str, contents: &[u8]) -> bool {
        contents.starts_with(b"!<arch>\n")
            && package(name).is_some_and(|package| self.has_source(&package))
    }

    /// Why nothing can be said of a program or archive that differs; none where a rebuild can say it, or nothing was built.
    pub(super) fn beyond(&self, name: &str, contents: &[u8]) -> Option<&'static str> {
        let built = self.command(name, contents).is_some() || self.is_archive(name, contents);
        (built && !self.is_repeatable()).then_some(NOT_REPEATABLE)
    }

    /// Why nothing is shown of a file that was not published; none where nothing was built.
    pub(super) fn not_shown(&self, name: &str, contents: &[u8]) -> Option<Vec<String>> {
        let said = |why: &str| why.to_owned();
        let program = self.command(name, contents).is_some();
        let archive = self.has_archives() && self.is_archive(name, contents);
        let generated = GENERATED.contains(&name) && says_generated(contents);
        if self.is_source_only() && (program || archive || generated) {
            let more = match generated {
                true => "its first lines say that go tool dist wrote it",
                false => NOT_REPEATABLE,
            };
            let more = (generated || !self.is_repeatable()).then(|| said(more));
            return Some(std::iter::once(said(SOURCE_ONLY)).chain(more).collect());
        }
        program.then(|| {
            vec![said(
                "a program that was not published: only a rebuild can show it",
            )]
        })
    }

    /// The published header that cmd/dist copies to this place, where that is what it is.
    pub(super) fn copied(&self, name: &str, sum: &Sum) -> Option<String> {
        let header = name.strip_prefix("pkg/include/")?;
        let from = format!("src/runtime/{header}");
        let same = self.upstream.files.get(&from)?.entry.sum == *sum;
        same.then(|| format!("a copy of {from}, which cmd/dist makes"))
    }
}

/// The name of a program, by where it lies: `bin/NAME` or `pkg/tool/PLATFORM/NAME`.
fn program(name: &str) -> Option<&str> {
    let tool = |name: &'_ str| -> Option<usize> {
        let rest = name.strip_prefix("pkg/tool/")?;
        Some(name.len() - rest.split_once('/')?.1.len())
    };
    let at = tool(name).or_else(|| name.starts_with("bin/").then_some(4))?;
    let base = name.get(at..)?;
    (!base.is_empty() && !base.contains('/')).then_some(base)
}

/// The folder of the source of an archive `pkg/PLATFORM/PATH.a`.
fn package(name: &str) -> Option<String> {
    let (platform, path) = name.strip_prefix("pkg/")?.split_once('/')?;
    let path = path.strip_suffix(".a")?;
    platform.contains('_').then(|| format!("src/{path}"))
}

/// The first published file of the same contents that is not at its place any more, for files that are part of no program.
pub(super) fn moved<'m>(
    missing: &'m BTreeMap<[u8; 32], String>,
    name: &str,
    sum: &Sum,
) -> Option<&'m String> {
    let from = missing.get(&sum.sha256).filter(|_| sum.length > 0)?;
    let takes_part = super::shown::takes_part;
    (!takes_part(from) && !takes_part(name)).then_some(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_and_archives_are_told_by_their_place() {
        for (name, base) in [
            ("bin/go", Some("go")),
            ("pkg/tool/linux_amd64/vet", Some("vet")),
            ("bin/linux_arm64/go", None),
            ("pkg/tool/vet", None),
            ("src/bin/go", None),
            ("bin/", None),
        ] {
            assert_eq!(program(name), base, "{name}");
        }
        for (name, folder) in [
            ("pkg/linux_amd64/archive/tar.a", Some("src/archive/tar")),
            ("pkg/linux_amd64_race/os.a", Some("src/os")),
            ("pkg/include/x.a", None),
            ("pkg/linux_amd64/os.o", None),
        ] {
            assert_eq!(package(name).as_deref(), folder, "{name}");
        }
    }
}

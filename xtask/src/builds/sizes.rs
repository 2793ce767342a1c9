//! How large programs are, built with which flags: the tables of docs/build-sizes.md, from programs that are built here.

use super::page;
use super::project::{COREDNS, DELVE, GOVULNCHECK, Project, SQLITE};
use super::{Bench, Ran};
use crate::go::go;
use crate::run::{Context, Outcome, output, text};
use std::collections::BTreeMap;
use std::path::Path;

const DOCUMENT: &str = "docs/build-sizes.md";

const PROGRAMS: [&Project; 4] = [&COREDNS, &DELVE, &GOVULNCHECK, &SQLITE];

/// Who builds.
enum By {
    /// Plain `go build` with these arguments.
    Go(&'static [&'static str]),
    /// `goassay build` with this profile.
    Goassay(&'static str),
}

/// A way to build: its name in tables, and who builds.
type Way = (&'static str, By);

const DEFAULT: &str = "`go build`";
const UNCOMPRESSED: &str = "`-ldflags=-compressdwarf=false`";
const NO_DWARF: &str = "`-ldflags=-w`";
const TRIMPATH: &str = "`-trimpath`";
const TRIMPATH_NO_DWARF: &str = "`-trimpath -ldflags=-w`";
const STRIPPED: &str = "`-trimpath -ldflags='-s -w'`";
const EXECUTABLE: &str = "`-trimpath -ldflags=-w -tags=netgo,osusergo`";
const PRODUCTION: &str = "`goassay build`";
const STATIC: &str = "`goassay build --profile static-container`";

const WAYS: [Way; 9] = [
    (DEFAULT, By::Go(&[])),
    (UNCOMPRESSED, By::Go(&["-ldflags=-compressdwarf=false"])),
    (NO_DWARF, By::Go(&["-ldflags=-w"])),
    (TRIMPATH, By::Go(&["-trimpath"])),
    (TRIMPATH_NO_DWARF, By::Go(&["-trimpath", "-ldflags=-w"])),
    (STRIPPED, By::Go(&["-trimpath", "-ldflags=-s -w"])),
    (
        EXECUTABLE,
        By::Go(&["-trimpath", "-ldflags=-w", "-tags=netgo,osusergo"]),
    ),
    (PRODUCTION, By::Goassay("production")),
    (STATIC, By::Goassay("static-container")),
];

/// What is taken out: in words, with it, without it.
const EFFECTS: [(&str, &str, &str); 8] = [
    (
        "debug information, compressed as the linker does by itself",
        DEFAULT,
        NO_DWARF,
    ),
    ("debug information, not compressed", UNCOMPRESSED, NO_DWARF),
    ("paths", DEFAULT, TRIMPATH),
    (
        "paths, where there is no debug information",
        NO_DWARF,
        TRIMPATH_NO_DWARF,
    ),
    (
        "the symbol table, which nothing in a production build gives up",
        TRIMPATH_NO_DWARF,
        STRIPPED,
    ),
    (
        "the system's resolver and user database, where there is neither",
        TRIMPATH_NO_DWARF,
        EXECUTABLE,
    ),
    (
        "the freedom to be loaded at any address",
        PRODUCTION,
        EXECUTABLE,
    ),
    ("everything, by `goassay build`", DEFAULT, PRODUCTION),
];

/// Bytes by way, of one program.
type Sizes = BTreeMap<&'static str, u64>;

impl Bench {
    /// Builds all and writes the tables.
    pub(super) fn sizes(&self) -> Outcome<String> {
        let mut all = Vec::new();
        for project in PROGRAMS {
            all.push((project.name, self.sizes_of(project)?));
        }
        let version = text(go().args(["env", "GOVERSION", "GOOS", "GOARCH"]))?;
        let version: Vec<&str> = version.split_whitespace().collect();
        let made = format!(
            "{}, {}/{}.\n\n{}\n{}",
            version.first().unwrap_or(&""),
            version.get(1).unwrap_or(&""),
            version.get(2).unwrap_or(&""),
            sizes_table(&all),
            effects_table(&all)
        );
        let changed = page::update(DOCUMENT, "builds --only sizes", &made)?;
        Ok(format!("{DOCUMENT} {changed}\n{}", effects_table(&all)))
    }

    fn sizes_of(&self, project: &Project) -> Outcome<Sizes> {
        let folder = self.fresh(&format!("sizes-{}", project.name))?;
        let source = folder.join("source");
        project.check_out(self, &source)?;
        let mut sizes = Sizes::new();
        for (name, by) in &WAYS {
            let out = folder.join("out");
            let file = match by {
                By::Go(arguments) => self.by_go(project, arguments, &source, &out)?,
                By::Goassay(profile) => self.by_goassay(project, profile, &source, &out)?,
            };
            sizes.insert(name, file);
            std::fs::remove_dir_all(&out).context(out.display())?;
        }
        std::fs::remove_dir_all(&folder).context(folder.display())?;
        Ok(sizes)
    }

    fn by_go(
        &self,
        project: &Project,
        arguments: &[&str],
        source: &Path,
        out: &Path,
    ) -> Outcome<u64> {
        let mut command = go();
        self.settle(&mut command);
        command
            .arg("build")
            .args(arguments)
            .arg("-o")
            .arg(out.join("program"))
            .args(project.runs[0].packages)
            // As where there is a C compiler.
            .env("CGO_ENABLED", "1")
            .current_dir(source);
        output(&mut command)?;
        length(&out.join("program"))
    }

    fn by_goassay(
        &self,
        project: &Project,
        profile: &str,
        source: &Path,
        out: &Path,
    ) -> Outcome<u64> {
        let mut command = self.goassay(source);
        command.args(["build", "--no-audit", "--quiet", "--profile", profile, "-o"]);
        Ran::of(command.arg(out).args(project.runs[0].packages))?.expect(0)?;
        length(&out.join(project.runs[0].programs[0].file))
    }
}

fn length(file: &Path) -> Outcome<u64> {
    Ok(std::fs::metadata(file).context(file.display())?.len())
}

fn sizes_table(all: &[(&str, Sizes)]) -> String {
    let mut lines = head("built with", all);
    for (name, _) in &WAYS {
        let cells = all.iter().map(|(_, sizes)| {
            let (bytes, default) = (sizes[name], sizes[DEFAULT]);
            format!("{} ({:.1} %)", grouped(bytes), percent(bytes, default))
        });
        lines.push(row(name, cells));
    }
    lines.join("\n") + "\n"
}

fn effects_table(all: &[(&str, Sizes)]) -> String {
    let mut lines = head("what is left out", all);
    for (what, with, without) in EFFECTS {
        let cells = all.iter().map(|(_, sizes)| {
            let saved = 100.0 - percent(sizes[without], sizes[with]);
            format!("{saved:.1} %")
        });
        lines.push(row(what, cells));
    }
    lines.join("\n") + "\n"
}

fn head(first: &str, all: &[(&str, Sizes)]) -> Vec<String> {
    let names = all.iter().map(|(name, _)| (*name).to_owned());
    let rule = format!("| --- |{}", " --: |".repeat(all.len()));
    vec![row(first, names), rule]
}

fn row(first: &str, cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.collect();
    format!("| {first} | {} |", cells.join(" | "))
}

fn percent(part: u64, whole: u64) -> f64 {
    part as f64 * 100.0 / whole as f64
}

/// With commas between groups of three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = (0..digits.len())
        .rev()
        .step_by(3)
        .map(|end| &digits[end.saturating_sub(2)..=end])
        .collect();
    groups.into_iter().rev().collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(123), "123");
        assert_eq!(grouped(1_234), "1,234");
        assert_eq!(grouped(71_930_345), "71,930,345");
    }

    #[test]
    fn effects_name_ways_that_are_built() {
        let ways: Vec<&str> = WAYS.iter().map(|(name, _)| *name).collect();
        for (what, with, without) in EFFECTS {
            assert!(ways.contains(&with) && ways.contains(&without), "{what}");
        }
    }
}

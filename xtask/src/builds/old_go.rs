//! Go that leaves tags out of a checkout: the version and the `h1:` in the program are those that the go command itself makes of
//! the repository (`GOPROXY=direct`), the script makes the same bytes, and a second build too.

use super::folder::sums;
use super::project::{NESTED, git};
use super::{Bench, Ran};
use crate::go;
use crate::run::{Context, Outcome, output, read, write};
use serde_json::Value;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

/// A release that records no tags, and the last one that leaves out those of nested modules.
const TOOLCHAINS: [&str; 2] = ["go1.22.12", "go1.24.13"];

/// Modules of the repository: folder, path, version. The go command asks a repository with `.git` in its path without looking for it first.
const MODULES: [(&str, &str, &str); 2] = [
    ("", "example.com/nested.git/v2", "v2.3.4"),
    ("sub", "example.com/nested.git/sub", "v1.2.3"),
];

/// Files that a module's zip file leaves out, keeps although `git archive` would not, or could have otherwise.
const FILES: [(&str, &str); 7] = [
    (
        ".gitattributes",
        "kept export-ignore\n*.txt text eol=crlf\nsubst export-subst\n",
    ),
    ("kept", "kept\n"),
    ("subst", "$Format:%H$\n"),
    ("lines.txt", "a\nb\n"),
    ("LICENSE", "nobody's\n"),
    ("pkg/vendor/vendor.go", "package vendor\n"),
    ("pkg/vendor/foo/foo.go", "package foo\n"),
];

impl Bench {
    pub(super) fn old_go(&self) -> Outcome<String> {
        let folder = self.fresh("old-go")?;
        let source = folder.join("source");
        repository(self, &source)?;
        let mut seen = Vec::new();
        for toolchain in TOOLCHAINS {
            for (index, (below, path, version)) in MODULES.into_iter().enumerate() {
                let out = folder.join(format!("{toolchain}-{index}"));
                let program = self.built_by(toolchain, &source.join(below), &out)?;
                let sum = self.published(&folder, &source, path, version)?;
                let said = go::modinfo(&program)?.ok_or("go version -m knows nothing")?;
                let want = format!("mod\t{path}\t{version}\t{sum}");
                if !said.contains(&want) || said.contains("vcs.") {
                    return Err(format!("{want:?} is wanted:\n{said}"));
                }
                self.by_script(toolchain, &source.join(below), &program)?;
                seen.push(format!("{toolchain} {path}@{version}"));
            }
        }
        Ok(format!(
            "{}: version and h1 as the go command downloads them from the repository; the script makes the same bytes; --prove identical",
            seen.join(", ")
        ))
    }

    /// Builds for a release and again; gives the program.
    fn built_by(&self, toolchain: &str, folder: &Path, out: &Path) -> Outcome<std::path::PathBuf> {
        let mut command = self.goassay(folder);
        command.env("GOTOOLCHAIN", toolchain);
        command.args(["build", "--release", "--no-audit", "--prove", "-o"]);
        let ran = Ran::of(command.arg(out))?.expect(0)?;
        if !ran.stderr.contains("identical the second time") {
            return Err(ran.stderr);
        }
        sums(out)?;
        let name = if folder.ends_with("sub") {
            "sub"
        } else {
            "nested.git"
        };
        Ok(out.join(name))
    }

    /// The `h1:` of a module that the go command itself takes out of the repository.
    fn published(
        &self,
        folder: &Path,
        source: &Path,
        path: &str,
        version: &str,
    ) -> Outcome<String> {
        let settings = folder.join("gitconfig");
        let instead = format!(
            "[url \"file://{}\"]\n\tinsteadOf = https://example.com/nested\n[protocol \"file\"]\n\tallow = always\n",
            source.display()
        );
        write(&settings, &instead)?;
        let mut command = Command::new("go");
        self.settle(&mut command);
        command
            .args([
                "mod",
                "download",
                "-json",
                "-modcacherw",
                &format!("{path}@{version}"),
            ])
            .envs([
                ("GOPROXY", "direct"),
                ("GOSUMDB", "off"),
                ("GIT_ALLOW_PROTOCOL", "file:https"),
            ])
            .env("GIT_CONFIG_GLOBAL", &settings)
            .env("GOMODCACHE", folder.join("modules"))
            .current_dir(folder);
        let answer: Value = serde_json::from_slice(&output(&mut command)?).context(path)?;
        let sum = answer["Sum"].as_str();
        sum.map(str::to_owned)
            .ok_or_else(|| format!("{path} has no sum: {answer}"))
    }

    /// The same bytes by the plan's own script.
    fn by_script(&self, toolchain: &str, folder: &Path, program: &Path) -> Outcome {
        let place = tempfile::tempdir().context("temporary folder")?;
        let mut plan = self.goassay(folder);
        plan.env("GOTOOLCHAIN", toolchain)
            .args(["build", "--plan", "--format", "sh", "-o"]);
        let script = place.path().join("plan.sh");
        std::fs::write(&script, output(plan.arg(place.path().join("out")))?).context("plan.sh")?;
        std::fs::create_dir(place.path().join("out")).context("out")?;
        output(Command::new("sh").arg(&script))?;
        let name = program.file_name().unwrap_or_default();
        match read(&place.path().join("out").join(name))? == read(program)? {
            true => Ok(()),
            false => Err(format!(
                "{}: the script makes other bytes",
                program.display()
            )),
        }
    }
}

/// The nested project, under paths that the go command can be led to, with [`FILES`] and a link.
fn repository(bench: &Bench, folder: &Path) -> Outcome {
    NESTED.check_out_with(bench, folder, &FILES)?;
    symlink("LICENSE", folder.join("link")).context("link")?;
    for (below, path, _) in MODULES {
        let file = folder.join(below).join("go.mod");
        let text = std::fs::read_to_string(&file).context(file.display())?;
        let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
        // A language that the oldest of them knows.
        let lines = rest.lines().map(|line| {
            if line.starts_with("go ") {
                "go 1.21"
            } else {
                line
            }
        });
        write(
            &file,
            format!("module {path}\n{}\n", lines.collect::<Vec<_>>().join("\n")),
        )?;
    }
    git(folder, &["add", "--all"])?;
    git(folder, &["commit", "--quiet", "--amend", "--no-edit"])?;
    for tag in NESTED.tags {
        git(folder, &["tag", "--force", tag])?;
    }
    Ok(())
}

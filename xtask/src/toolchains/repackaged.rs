//! `toolchain compare` on packages of Go that others have made, and on packages with something planted in them.

use super::packages::Wheel;
use super::{Bench, RELEASE};
use crate::run::{Context, Outcome, read, text, write};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Wheels: of this machine and another one.
const WHEELS: [Wheel; 4] = [
    ("1.21.13", ""),
    ("1.25.5", ""),
    ("1.26.6", ""),
    ("1.26.6", "macosx_11_0_arm64"),
];
/// Classes that are open.
const OPEN: [&str; 3] = ["unexplained", "not-shown", "in-changelog"];

/// What a comparison said.
struct Compared {
    code: Option<i32>,
    document: Value,
}

impl Compared {
    fn count(&self, class: &str) -> u64 {
        self.document["counts"][class].as_u64().unwrap_or(0)
    }

    fn class(&self, name: &str) -> &str {
        let mut files = self.document["files"].as_array().into_iter().flatten();
        let file = files.find(|file| file["name"] == name);
        file.and_then(|file| file["class"].as_str())
            .unwrap_or("none")
    }

    fn open(&self) -> [u64; 3] {
        OPEN.map(|class| self.count(class))
    }

    fn details(&self, class: &str) -> Vec<&str> {
        let files = self.document["files"].as_array().into_iter().flatten();
        let of_class = files.filter(|file| file["class"] == class);
        let details = of_class.flat_map(|file| file["details"].as_array().into_iter().flatten());
        details.filter_map(Value::as_str).collect()
    }

    /// All classes with their counts.
    fn said(&self) -> String {
        let counts = self.document["counts"].as_object().into_iter().flatten();
        let counts = counts.filter(|(_, count)| count.as_u64() != Some(0));
        let counts: Vec<String> = counts
            .map(|(class, count)| format!("{count} {class}"))
            .collect();
        counts.join(", ")
    }

    /// Right where the exit code and the counts of open classes are these.
    fn expect(&self, code: i32, open: [u64; 3]) -> Outcome {
        if self.code == Some(code) && self.open() == open {
            return Ok(());
        }
        let said = self.said();
        Err(format!(
            "exit code {:?}: {said}; {:?}",
            self.code,
            self.details(OPEN[0])
        ))
    }
}

impl Bench {
    fn compare(&self, packages: &[PathBuf], more: &[&str]) -> Outcome<Compared> {
        let mut command = self.command(&["compare", "--json"]);
        let out = command
            .args(packages)
            .args(more)
            .output()
            .context("goassay")?;
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        Ok(Compared {
            code: out.status.code(),
            document: serde_json::from_slice(&out.stdout).map_err(|_| said)?,
        })
    }

    /// Wheels: the published files, without texts, with what makes them wheels.
    pub(super) fn wheels(&self) -> Outcome<String> {
        let mut said = Vec::new();
        for (version, platform) in WHEELS {
            let found = self.compare(&[self.wheel((version, platform))?], &[])?;
            found
                .expect(0, [0; 3])
                .map_err(|why| format!("{version} {platform}: {why}"))?;
            said.push(format!("{version} {platform} ({})", found.said()));
        }
        Ok(said.join("; "))
    }

    /// Debian's 1.22: upstream and one constant, stripped; its source package is gone, and its changelog names what one patch did.
    pub(super) fn debian_1_22(&self) -> Outcome<String> {
        let packages = halves(&self.debian("bookworm-backports", "1.22", false)?);
        let without = self.compare(&packages, &[])?;
        without.expect(1, [0, 15, 1])?;
        let found = self.compare(&packages, &["--rebuild"])?;
        found.expect(1, [0, 0, 1])?;
        let settings = found.details("setting");
        if found.count("rebuilt") != 15
            || settings != ["defaultGO386: `sse2` published, `softfloat` here"]
        {
            return Err(format!("{}: {settings:?}", found.said()));
        }
        // The patches of a later source package are the same.
        let later = self.debian("trixie", "1.24", true)?;
        let dsc = source(&later)?.display().to_string();
        let explained = self.compare(&packages, &["--rebuild", "--source", &dsc])?;
        explained.expect(0, [0; 3])?;
        Ok(format!(
            "{}; with patches of 1.24's source: {}",
            found.said(),
            explained.said()
        ))
    }

    /// Debian's 1.24 with its source package: everything is explained.
    pub(super) fn debian_1_24(&self) -> Outcome<String> {
        let files = self.debian("trixie", "1.24", true)?;
        let dsc = source(&files)?.display().to_string();
        let found = self.compare(&halves(&files), &["--rebuild", "--source", &dsc])?;
        found.expect(0, [0; 3])?;
        Ok(found.said())
    }

    /// Debian's 1.19 against its source: what was built cannot be shown, and nothing else is open.
    pub(super) fn debian_1_19(&self) -> Outcome<String> {
        let files = self.debian("bookworm", "1.19", true)?;
        let dsc = source(&files)?.display().to_string();
        let tarball = files
            .iter()
            .find(|path| path.display().to_string().ends_with(".orig.tar.gz"));
        let tarball = tarball
            .ok_or("there is no source tarball")?
            .display()
            .to_string();
        let found = self.compare(&halves(&files), &["--with", &tarball, "--source", &dsc])?;
        let not_shown = found.count("not-shown");
        found.expect(1, [0, not_shown, 0])?;
        if not_shown == 0 {
            return Err("programs of a release before 1.21 cannot be shown".to_owned());
        }
        Ok(found.said())
    }

    /// A change that no changelog and no patch names, and what follows from it.
    pub(super) fn planted_source(&self) -> Outcome<String> {
        let published = self.published(RELEASE)?;
        let goroot = self.copy(&published, "planted-source")?;
        let (source, tool) = ("src/cmd/pack/pack.go", "pkg/tool/linux_amd64/pack");
        let path = goroot.join(source);
        let planted = String::from_utf8(read(&path)?).context(source)?;
        write(
            &path,
            planted.replacen(
                "func main() {\n",
                "func main() {\n\tprintln(\"planted\")\n",
                1,
            ),
        )?;
        let package = self.packed(&goroot, "planted-deb")?;
        let without = self.compare(&[package], &[])?;
        without.expect(1, [1, 0, 0])?;
        if without.class(source) != "unexplained" {
            return Err(without.said());
        }
        // Now as somebody would who wants to hide it: the program follows from the source.
        let goroot = self.folder.join("planted-deb/root/usr/lib/go");
        self.build(&goroot, &goroot.join(tool))?;
        let package = self.packed(&goroot, "planted-program")?;
        let found = self.compare(&[package], &["--rebuild"])?;
        for name in ["planted-source", "planted-deb", "planted-program"] {
            let folder = self.folder.join(name);
            fs::remove_dir_all(&folder).context(folder.display())?;
        }
        found.expect(1, [2, 0, 0])?;
        match (found.class(source), found.class(tool)) {
            ("unexplained", "unexplained") => Ok(format!(
                "{source} and the program that follows from it are unexplained"
            )),
            other => Err(format!("{other:?}")),
        }
    }

    /// Builds cmd/pack of a GOROOT as releases are built.
    fn build(&self, goroot: &Path, to: &Path) -> Outcome {
        let folder = self.fresh("planted-build")?;
        let mut command = Command::new(goroot.join("bin/go"));
        command
            .args([
                "build",
                "-trimpath",
                "-ldflags=-w",
                "-gcflags=cmd/...=-dwarf=false",
                "-o",
            ])
            .arg(to)
            .arg("cmd/pack")
            .current_dir(goroot.join("src"))
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", &folder)
            .env("GOCACHE", folder.join("cache"))
            .env("GOTOOLCHAIN", "local")
            .env("GOPROXY", "off")
            .env("CGO_ENABLED", "0");
        text(&mut command)?;
        fs::remove_dir_all(&folder).context(folder.display())
    }
}

fn halves(files: &[PathBuf]) -> Vec<PathBuf> {
    let is_package = |path: &&PathBuf| path.extension().is_some_and(|end| end == "deb");
    files.iter().filter(is_package).cloned().collect()
}

fn source(files: &[PathBuf]) -> Outcome<&PathBuf> {
    let mut files = files.iter();
    let found = files.find(|path| path.extension().is_some_and(|end| end == "dsc"));
    found.ok_or_else(|| "the source package cannot be had".to_owned())
}

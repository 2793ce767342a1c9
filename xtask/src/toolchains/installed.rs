//! `toolchain check` on real installations: this machine's Go, published ones, and one with planted edits of every kind.

use super::Bench;
use crate::run::{Context, Outcome, read, text, write};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Releases that are genuine as they come.
const GENUINE: [&str; 3] = ["1.21.13", "1.24.4", super::RELEASE];
/// The one that this machine's owner may have changed.
const SETTINGS: &str = "go.env";

/// An edit, and what has to be found of it.
struct Plant {
    place: &'static str,
    act: Act,
}

enum Act {
    Append,
    /// The last bit of a byte in the middle.
    Flip,
    Empty,
    Remove,
    Add(&'static str),
    Mode(u32),
    Link(&'static str),
    Rename(&'static str),
}

const fn plant(place: &'static str, act: Act) -> Plant {
    Plant { place, act }
}

const PLANTS: [Plant; 20] = [
    plant("src/fmt/print.go", Act::Append),
    plant("src/net/http/server.go", Act::Flip),
    plant("src/internal/buildcfg/zbootstrap.go", Act::Flip),
    plant("bin/go", Act::Flip),
    plant("pkg/tool/linux_amd64/compile", Act::Append),
    plant("src/os/file.go", Act::Empty),
    plant("src/crypto/tls/tls.go", Act::Remove),
    plant("pkg/tool/linux_amd64/vet", Act::Remove),
    plant("src/cmd/go/testdata/script/README", Act::Remove),
    plant("src/runtime/zz_extra.go", Act::Add("package runtime\n")),
    plant("src/crypto/rand/extra_amd64.s", Act::Add("// planted\n")),
    plant("src/os/testdata/extra", Act::Add("planted")),
    plant("bin/go2", Act::Add("#!/bin/sh\n")),
    plant("src/net/empty.go", Act::Add("")),
    plant("pkg/tool/linux_amd64/link", Act::Mode(0o644)),
    plant("src/os/exec.go", Act::Mode(0o666)),
    plant("src/os/user/user.go", Act::Link("/dev/null")),
    plant("src/io/io.go", Act::Link("nowhere")),
    plant("src/sort/sort.go", Act::Rename("src/sort/sort2.go")),
    plant("go.env", Act::Append),
];

type Found = BTreeSet<(String, String)>;

impl Plant {
    fn found(&self) -> Found {
        let one = |class: &str, place: &str| (class.to_owned(), place.to_owned());
        match self.act {
            Act::Append | Act::Flip | Act::Empty | Act::Link(_) => {
                [one("edited", self.place)].into()
            }
            Act::Remove => [one("missing", self.place)].into(),
            Act::Add(_) => [one("unknown", self.place)].into(),
            Act::Mode(_) => [one("mode", self.place)].into(),
            Act::Rename(to) => [one("missing", self.place), one("unknown", to)].into(),
        }
    }

    fn fails(&self) -> bool {
        !matches!(self.act, Act::Mode(_))
    }

    fn make(&self, goroot: &Path) -> Outcome {
        let path = goroot.join(self.place);
        let edit = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = read(&path)?;
            change(&mut bytes);
            write(&path, bytes)
        };
        match self.act {
            Act::Append => edit(&|bytes| bytes.push(b'\n')),
            Act::Flip => edit(&|bytes| {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
            }),
            Act::Empty => edit(&Vec::clear),
            Act::Remove => fs::remove_file(&path).context(path.display()),
            Act::Add(text) => write(&path, text),
            Act::Mode(mode) => set_mode(&path, mode),
            Act::Link(to) => {
                fs::remove_file(&path).context(path.display())?;
                std::os::unix::fs::symlink(to, &path).context(path.display())
            }
            Act::Rename(to) => fs::rename(&path, goroot.join(to)).context(to),
        }
    }

    /// Puts back what was there.
    fn undo(&self, goroot: &Path, published: &Path) -> Outcome {
        let path = goroot.join(self.place);
        match self.act {
            Act::Add(_) => return fs::remove_file(&path).context(path.display()),
            Act::Rename(to) => fs::remove_file(goroot.join(to)).context(to)?,
            Act::Remove => {}
            _ => fs::remove_file(&path).context(path.display())?,
        }
        fs::copy(published.join(self.place), &path).context(path.display())?;
        Ok(())
    }
}

fn set_mode(path: &Path, mode: u32) -> Outcome {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).context(path.display())
}

impl Bench {
    /// The GOROOT of a published toolchain, fetched where it is not in the store.
    pub(super) fn published(&self, version: &str) -> Outcome<PathBuf> {
        let ran = self.run(&["fetch", version])?;
        if ran.code != Some(0) {
            return Err(ran.stderr);
        }
        Ok(text(&mut self.command(&["path", version]))?.trim().into())
    }

    /// Checks; gives the exit code and the class and name of each file that is listed.
    fn check(&self, goroot: &Path) -> Outcome<(i32, Found)> {
        let at = goroot.display().to_string();
        let out = self
            .command(&["check", &at, "--json"])
            .output()
            .context("goassay")?;
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        let document: Value = serde_json::from_slice(&out.stdout).map_err(|_| said)?;
        let word = |file: &Value, key: &str| file[key].as_str().unwrap_or_default().to_owned();
        let files = document["files"].as_array().into_iter().flatten();
        let found = files.map(|file| (word(file, "class"), word(file, "name")));
        Ok((out.status.code().unwrap_or(-1), found.collect()))
    }

    /// This machine's Go: genuine, but for the settings that its owner may have changed.
    pub(super) fn machine(&self) -> Outcome<String> {
        let goroot = text(Command::new("go").args(["env", "GOROOT"]))?;
        let goroot = Path::new(goroot.trim());
        let version = text(Command::new("go").arg("version"))?;
        let settings: Found = [("edited".to_owned(), SETTINGS.to_owned())].into();
        let said = match self.check(goroot)? {
            (0, found) if found.is_empty() => "genuine".to_owned(),
            (1, found) if found == settings => format!("exactly {SETTINGS} is edited"),
            other => return Err(format!("{other:?}")),
        };
        Ok(format!("{}: {said}", version.trim()))
    }

    /// Published toolchains: nothing is found.
    pub(super) fn genuine(&self) -> Outcome<String> {
        for version in GENUINE {
            match self.check(&self.published(version)?)? {
                (0, found) if found.is_empty() => {}
                other => return Err(format!("go{version}: {other:?}")),
            }
        }
        Ok(format!("genuine: {}", GENUINE.join(", ")))
    }

    /// All edits in one installation.
    pub(super) fn planted(&self) -> Outcome<String> {
        let published = self.published(super::RELEASE)?;
        let goroot = self.copy(&published, "planted")?;
        PLANTS.iter().try_for_each(|plant| plant.make(&goroot))?;
        let found = self.check(&goroot)?;
        let want: Found = PLANTS.iter().flat_map(Plant::found).collect();
        fs::remove_dir_all(&goroot).context(goroot.display())?;
        if found != (1, want.clone()) {
            return Err(format!("found {found:?}, planted {want:?}"));
        }
        Ok(format!(
            "{} planted edits, all found, nothing else",
            PLANTS.len()
        ))
    }

    /// Each edit alone: found, and nothing besides.
    pub(super) fn planted_singly(&self) -> Outcome<String> {
        let published = self.published(super::RELEASE)?;
        let goroot = self.copy(&published, "planted")?;
        for plant in &PLANTS {
            plant.make(&goroot)?;
            let found = self.check(&goroot)?;
            if found != (i32::from(plant.fails()), plant.found()) {
                return Err(format!("{}: found {found:?}", plant.place));
            }
            plant.undo(&goroot, &published)?;
        }
        let found = self.check(&goroot)?;
        fs::remove_dir_all(&goroot).context(goroot.display())?;
        if found != (0, Found::new()) {
            return Err(format!("after all was undone: {found:?}"));
        }
        Ok(format!("{} planted edits, each found alone", PLANTS.len()))
    }

    /// A copy that may be edited.
    pub(super) fn copy(&self, goroot: &Path, name: &str) -> Outcome<PathBuf> {
        let to = self.fresh(name)?.join("go");
        text(Command::new("cp").arg("-a").arg(goroot).arg(&to))?;
        Ok(to)
    }
}

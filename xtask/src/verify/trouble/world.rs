//! What the cases share: modules in the layout of a proxy, programs that were made from them, and a home for the program under test.

use super::proxy::{Fault, Proxy};
use crate::run::{Context, Outcome, output, text, write};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A published program with one dependency; both are small.
pub(super) const PUBLIC: &str = "rsc.io/2fa";
pub(super) const PUBLIC_VERSION: &str = "v1.2.0";
/// What it depends on.
pub(super) const DEPENDENCY: &str = "github.com/atotto/clipboard";
pub(super) const DEPENDENCY_VERSION: &str = "v0.1.2";
/// A program of a firm, which no checksum database knows.
pub(super) const PRIVATE: &str = "corp.example/tool";
/// Where another zip file of the public program is.
pub(super) const FORGED: &str = "forged";

/// Settings of one run of the program under test.
pub(super) type Settings<'a> = &'a [(&'a str, &'a str)];

pub(super) struct World {
    pub(super) folder: PathBuf,
    /// Where the program under test keeps toolchains and modules.
    cache: PathBuf,
    pub(super) proxy: Proxy,
    goassay: PathBuf,
    pub(super) version: String,
    sumdb: String,
}

/// What a run of the program under test came to.
pub(super) struct Ran {
    pub(super) code: Option<i32>,
    /// All that it said, to people.
    pub(super) said: String,
}

impl Ran {
    /// Fails unless the exit code is this one, and all words were said.
    pub(super) fn expect(&self, code: i32, words: &[&str]) -> Outcome {
        let missing: Vec<&&str> = words
            .iter()
            .filter(|word| !self.said.contains(**word))
            .collect();
        match self.code == Some(code) && missing.is_empty() {
            true => Ok(()),
            false => Err(format!(
                "exit code {:?} and not {code}, not said: {missing:?}\n{}",
                self.code, self.said
            )),
        }
    }
}

impl World {
    /// Downloads and builds what the cases need, but for what is there from an earlier run.
    pub(super) fn new(folder: &Path) -> Outcome<World> {
        let (folder, cache) = (folder.join("trouble"), folder.join("cache"));
        std::fs::create_dir_all(&folder).context(folder.display())?;
        let goassay = crate::matrix::ours::program();
        let setting = |name: &str| {
            let value = text(Command::new("go").args(["env", name]))?;
            Ok::<_, String>(value.trim().to_owned())
        };
        // The first of the list that is an address.
        let proxies = setting("GOPROXY")?;
        let mut addresses = proxies.split([',', '|']);
        let upstream = addresses
            .find(|address| address.contains("://"))
            .unwrap_or_default();
        let world = World {
            goassay: std::fs::canonicalize(&goassay).context(goassay.display())?,
            proxy: Proxy::serve(folder.join("modules/cache/download"), upstream.to_owned())?,
            version: setting("GOVERSION")?,
            sumdb: setting("GOSUMDB")?,
            folder,
            cache,
        };
        world.prepare()?;
        Ok(world)
    }

    fn prepare(&self) -> Outcome {
        let modules = self.folder.join("modules");
        let mut download = Command::new("go");
        download
            .args(["mod", "download"])
            .arg(format!("{PUBLIC}@{PUBLIC_VERSION}"))
            .arg(format!("{DEPENDENCY}@{DEPENDENCY_VERSION}"))
            .env("GOMODCACHE", &modules)
            .env("GOFLAGS", "-modcacherw")
            .current_dir("/");
        output(&mut download)?;
        let files = [
            ("go.mod", "module corp.example/tool\n\ngo 1.21\n"),
            (
                "main.go",
                "package main\n\nfunc main() { println(\"of the firm\") }\n",
            ),
        ];
        publish(&modules.join("cache/download"), PRIVATE, "v1.0.0", &files)?;
        self.forge()?;
        self.build(&format!("{PUBLIC}@{PUBLIC_VERSION}"))?;
        self.build(&format!("{PRIVATE}@v1.0.0"))?;
        // The toolchain, once, through the proxy that the user has.
        let mut fetch = self.goassay(&[]);
        fetch.args(["toolchain", "fetch", &self.version]);
        fetch.env(
            "GOPROXY",
            text(Command::new("go").args(["env", "GOPROXY"]))?.trim(),
        );
        output(&mut fetch).map(drop)
    }

    fn build(&self, what: &str) -> Outcome {
        let mut build = Command::new("go");
        build
            .args(["install", what])
            .env("GOMODCACHE", self.folder.join("theirs"))
            .env("GOBIN", self.folder.join("built"))
            .env("GOPROXY", &self.proxy.address)
            .env("GONOSUMDB", PRIVATE)
            .env("CGO_ENABLED", "0")
            .env("GOFLAGS", "-modcacherw -trimpath")
            .current_dir("/");
        output(&mut build).map(drop)
    }

    /// The zip file of the public program with another contents, whole in itself.
    fn forge(&self) -> Outcome {
        let folder = self.folder.join("modules/cache").join(FORGED);
        let files = [(
            "main.go",
            "package main\n\nfunc main() { println(\"planted\") }\n",
        )];
        publish(&folder, PUBLIC, PUBLIC_VERSION, &files)
    }

    /// The program that was made of a module.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join("built").join(name)
    }

    /// A program with another text of the same length in it.
    pub(super) fn forged(&self, name: &str, from: &str, to: &str) -> Outcome<PathBuf> {
        let mut bytes = crate::run::read(&self.program(name))?;
        let places: Vec<usize> = bytes
            .windows(from.len())
            .enumerate()
            .filter(|(_, part)| *part == from.as_bytes())
            .map(|(at, _)| at)
            .collect();
        if places.is_empty() || from.len() != to.len() {
            return Err(format!("{name} has no {from:?}, or {to:?} is longer"));
        }
        for at in places {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
        let place = self.folder.join("forged").join(name);
        write(&place, bytes)?;
        Ok(place)
    }

    /// Forgets what was kept of modules, and lets nothing go wrong but these.
    pub(super) fn anew(&self, faults: &[(&'static str, Fault)]) -> Outcome {
        let store = self.store();
        if store.exists() {
            std::fs::remove_dir_all(&store).context(store.display())?;
        }
        self.proxy.fail(faults);
        Ok(())
    }

    /// Where proven modules are kept.
    pub(super) fn store(&self) -> PathBuf {
        self.cache.join("goassay/modules")
    }

    pub(super) fn verify(
        &self,
        program: &Path,
        settings: Settings<'_>,
        more: &[&str],
    ) -> Outcome<Ran> {
        let mut command = self.goassay(settings);
        command.args(["verify", "--quiet"]).args(more).arg(program);
        let out = command.output().context("goassay")?;
        let said = [out.stdout, out.stderr].concat();
        Ok(Ran {
            code: out.status.code(),
            said: String::from_utf8_lossy(&said).into_owned(),
        })
    }

    fn goassay(&self, settings: Settings<'_>) -> Command {
        let mut command = Command::new(&self.goassay);
        command
            .env("GOENV", "off")
            .env("GOPROXY", &self.proxy.address)
            .env("GOSUMDB", &self.sumdb)
            .env("XDG_CACHE_HOME", &self.cache)
            .env("XDG_DATA_HOME", self.folder.join("data"))
            .env_remove("GOPRIVATE")
            .env_remove("GONOSUMDB")
            .env_remove("GOFLAGS")
            .envs(settings.iter().copied())
            .current_dir(&self.folder);
        command
    }
}

/// Puts a version of a module into a folder in the layout of a proxy.
fn publish(folder: &Path, module: &str, version: &str, files: &[(&str, &str)]) -> Outcome {
    let place = folder.join(module).join("@v");
    let go_mod = files.iter().find(|(name, _)| *name == "go.mod");
    let about = format!(r#"{{"Version":"{version}","Time":"2026-01-01T00:00:00Z"}}"#);
    write(&place.join(format!("{version}.info")), about)?;
    let go_mod = go_mod.map_or("", |(_, text)| text);
    write(&place.join(format!("{version}.mod")), go_mod)?;
    write(&place.join("list"), format!("{version}\n"))?;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, contents) in files {
        let name = format!("{module}@{version}/{name}");
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(name, options).context("zip")?;
        zip.write_all(contents.as_bytes()).context("zip")?;
    }
    let bytes = zip.finish().context("zip")?.into_inner();
    write(&place.join(format!("{version}.zip")), bytes)
}

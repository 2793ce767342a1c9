//! The steps that run programs: a Go from source, the second round, another platform.

use super::environment::{self as env, Builder, Places};
use super::source::{self, Sums};
use super::work::{Receipt, Work, remove};
use super::{Error, chain};
use crate::module::Module;
use crate::run::Variable;
use crate::toolchain::unpack::unpack;
use crate::toolchain::{MODULE, Name, Platform, Version};
use goassay_binary::bytes::hexadecimal;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// A posted archive on this machine, checked.
#[derive(Debug, Clone)]
pub(super) struct Posted {
    pub(super) name: Name,
    pub(super) path: PathBuf,
    pub(super) sums: Sums,
    pub(super) statement: crate::sumdb::Statement,
}

/// A Go that can build.
#[derive(Debug, Clone)]
pub(super) struct Go {
    pub(super) goroot: PathBuf,
    /// Hash of all that makes it.
    pub(super) identity: String,
}

/// A Go that was built here.
#[derive(Debug, Clone)]
pub(super) struct Made {
    pub(super) go: Go,
    /// The archive that it packed, where the release can.
    pub(super) archive: Option<PathBuf>,
    /// Files that cmd/dist generates: they were removed from the source first.
    pub(super) generated: Vec<String>,
    /// SHA-256 of each program of toolchain2, as it was before toolchain3 took its place.
    pub(super) second: BTreeMap<String, String>,
}

/// A step of this kind: where, for whom, who is told.
pub(super) struct Steps<'a> {
    pub(super) work: &'a Work,
    pub(super) host: &'a Platform,
    /// The version that is verified.
    pub(super) version: &'a Version,
    /// Told each line that programs say.
    pub(super) detail: &'a (dyn Fn(&str) + Sync),
}

/// What cmd/dist says when it has built toolchain2 and begins with toolchain3.
const THIRD_ROUND: &str = "Building Go toolchain3";
/// What cmd/dist calls the toolchain.
const TOOLCHAIN: [&str; 5] = ["asm", "cgo", "compile", "link", "preprofile"];
const TOOLCHAIN2: &str = "toolchain2/";
/// In cmd/dist, where that module has a Go version.
const VERSIONED: &str = r"module bootstrap\n\ngo ";
const GENERATED: &str = "generated";

impl Steps<'_> {
    fn host_folder(&self) -> String {
        folder(self.host, '_')
    }

    /// A Go built from the source in a posted archive. Says whether it had to be made.
    pub(super) fn make(&self, posted: &Posted, by: &Maker) -> Result<(Made, bool), Error> {
        let version = &posted.name.version;
        let step = format!("go{version}");
        let goroot = self.work.path(&format!("{step}.goroot"));
        let packs = chain::is_reproducible(version);
        let target = Name {
            version: version.clone(),
            platform: self.host.clone(),
        };
        let archive = packs.then(|| self.work.path(&format!("{}.zip", target.folder())));
        let argv = env::make_bash(packs);
        let inputs = digest(&[&posted.statement.zip, &by.identity(), &format!("{argv:?}")]);
        let result = || self.result(&goroot, archive.as_deref());
        if let Some(receipt) = self.work.done(&step, &inputs, &result) {
            let made = self.made(&goroot, archive.clone(), &receipt)?;
            return Ok((made, false));
        }
        let leftovers: Vec<PathBuf> = archive.iter().cloned().chain([goroot.clone()]).collect();
        self.work.begin(&step, &leftovers)?;
        let generated = self.unpack(posted, &goroot)?;
        let scratch = self.scratch(&step)?;
        let places = Places {
            goroot: &goroot,
            scratch: &scratch,
        };
        let script = scratch.join("cc");
        let environment = places.make(&by.prepare(&script)?, version);
        let second = self.make_bash(&step, &goroot, argv, &environment)?;
        if let Some(archive) = &archive {
            take(&goroot, &target, archive)?;
        }
        remove(&goroot.join("pkg/obj"))?;
        remove(&goroot.join("pkg/distpack"))?;
        remove(&scratch)?;
        let mut receipt = Receipt::new(&inputs, result()?);
        receipt.observed = second
            .iter()
            .map(|(tool, sum)| (format!("{TOOLCHAIN2}{tool}"), sum.clone()))
            .collect();
        receipt
            .observed
            .insert(GENERATED.to_owned(), generated.join("\n"));
        self.work.finish(&step, &receipt)?;
        let made = self.made(&goroot, archive, &receipt)?;
        Ok((made, true))
    }

    fn made(
        &self,
        goroot: &Path,
        archive: Option<PathBuf>,
        receipt: &Receipt,
    ) -> Result<Made, Error> {
        let second = receipt
            .observed
            .iter()
            .filter_map(|(key, sum)| Some((key.strip_prefix(TOOLCHAIN2)?.to_owned(), sum.clone())));
        let generated = receipt.observed.get(GENERATED).map_or("", String::as_str);
        Ok(Made {
            go: Go {
                goroot: goroot.to_owned(),
                identity: self.identity(goroot)?,
            },
            archive,
            generated: generated.lines().map(str::to_owned).collect(),
            second: second.collect(),
        })
    }

    fn identity(&self, goroot: &Path) -> Result<String, Error> {
        let host = self.host_folder();
        let sums = source::sums(goroot, &|name| source::is_toolchain(name, &host))?;
        Ok(source::hash(&sums))
    }

    fn result(&self, goroot: &Path, archive: Option<&Path>) -> Result<String, Error> {
        let mut result = self.identity(goroot)?;
        if let Some(archive) = archive {
            result.push_str(&format!(" {}", hexadecimal(&source::sum(archive)?)));
        }
        Ok(result)
    }

    /// The source alone, exactly that of the archive; gives the names of the generated files that were removed.
    fn unpack(&self, posted: &Posted, goroot: &Path) -> Result<Vec<String>, Error> {
        let zip = File::open(&posted.path).map_err(Error::file("read", &posted.path))?;
        unpack(zip, &posted.name.module(), goroot)?;
        let generated = source::strip(goroot)?;
        let found = source::sums(goroot, &|_| true)?;
        if found != source::of_zip(&posted.sums, &generated) {
            let what = format!("{} is not what was unpacked into it", goroot.display());
            return Err(Error::Changed(what));
        }
        Ok(generated)
    }

    /// An empty folder with what a build needs besides its GOROOT.
    pub(super) fn scratch(&self, step: &str) -> Result<PathBuf, Error> {
        let scratch = self.work.fresh(&format!("{step}.scratch"))?;
        for name in ["home", "tmp", "cache", "module"] {
            let path = scratch.join(name);
            fs::create_dir(&path).map_err(Error::file("write", &path))?;
        }
        Ok(scratch)
    }

    /// Runs make.bash; gives the sums of toolchain2.
    fn make_bash(
        &self,
        step: &str,
        goroot: &Path,
        argv: Vec<std::ffi::OsString>,
        environment: &[Variable],
    ) -> Result<BTreeMap<String, String>, Error> {
        let tools = goroot.join("pkg/tool").join(self.host_folder());
        let mut second = Ok(BTreeMap::new());
        self.work
            .run(step, argv, environment, &goroot.join("src"), &mut |line| {
                if line.starts_with(THIRD_ROUND) {
                    second = round(&tools);
                }
                (self.detail)(line);
            })?;
        second
    }

    /// The programs of toolchain3 once more, built by toolchain3: SHA-256 of each. Says whether they had to be made.
    pub(super) fn third_again(
        &self,
        made: &Made,
    ) -> Result<(BTreeMap<String, String>, bool), Error> {
        let step = "rounds";
        let folder = self.work.path("rounds");
        let tools = made.go.goroot.join("pkg/tool").join(self.host_folder());
        let there = TOOLCHAIN.iter().filter(|name| tools.join(name).is_file());
        let names: Vec<String> = there.map(|name| format!("cmd/{name}")).collect();
        let inputs = digest(&[&made.go.identity, &names.join(" ")]);
        let result = || Ok(source::hash(&source::sums(&folder, &|_| true)?));
        let there = self.work.done(step, &inputs, &result).is_some();
        if !there {
            self.work.begin(step, std::slice::from_ref(&folder))?;
            fs::create_dir(&folder).map_err(Error::file("write", &folder))?;
            let scratch = self.scratch(step)?;
            write_module(&made.go.goroot, &scratch, self.version)?;
            let places = Places {
                goroot: &made.go.goroot,
                scratch: &scratch,
            };
            let out = format!("{}/", folder.display());
            let fixed = ["build", "-o", out.as_str()];
            let arguments: Vec<&str> = fixed
                .into_iter()
                .chain(names.iter().map(String::as_str))
                .collect();
            let argv = env::go_command(&made.go.goroot, &arguments);
            let module = scratch.join("module");
            self.work
                .run(step, argv, &places.go(), &module, &mut |line| {
                    (self.detail)(line)
                })?;
            remove(&scratch)?;
            self.work.finish(step, &Receipt::new(&inputs, result()?))?;
        }
        let sums = source::sums(&folder, &|_| true)?;
        let sums = sums
            .iter()
            .map(|(name, sum)| (name.clone(), hexadecimal(sum)));
        Ok((sums.collect(), !there))
    }

    /// The archive for another platform, from the Go that was built for this one. Says whether it had to be made.
    pub(super) fn cross(
        &self,
        made: &Made,
        commands: &[String],
        target: &Name,
        packing: &Mutex<()>,
    ) -> Result<(PathBuf, bool), Error> {
        let step = target.folder();
        let archive = self.work.path(&format!("{step}.zip"));
        let inputs = digest(&[&made.go.identity, &step, &commands.join(" ")]);
        let result = || Ok(hexadecimal(&source::sum(&archive)?));
        if self.work.done(&step, &inputs, &result).is_some() {
            return Ok((archive, false));
        }
        let goroot = &made.go.goroot;
        let name = folder(&target.platform, '_');
        let bin = goroot.join("bin").join(&name);
        let tools = goroot.join("pkg/tool").join(&name);
        let leftovers = [archive.clone(), bin.clone(), tools.clone()];
        self.work.begin(&step, &leftovers)?;
        let scratch = self.scratch(&step)?;
        write_module(goroot, &scratch, self.version)?;
        let places = Places {
            goroot,
            scratch: &scratch,
        };
        let module = scratch.join("module");
        let run = |arguments: &[&str], environment: &[Variable]| {
            let argv = env::go_command(goroot, arguments);
            self.work
                .run(&step, argv, environment, &module, &mut |line| {
                    (self.detail)(line)
                })
        };
        let install: Vec<&str> = std::iter::once("install")
            .chain(commands.iter().map(String::as_str))
            .collect();
        run(&install, &places.cross(&target.platform))?;
        {
            // It packs the source too, always under the same name.
            let _one = packing
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            run(&["tool", "distpack"], &places.pack(&target.platform))?;
            take(goroot, target, &archive)?;
            remove(&goroot.join("pkg/distpack"))?;
        }
        remove(&scratch)?;
        remove(&bin)?;
        remove(&tools)?;
        self.work.finish(&step, &Receipt::new(&inputs, result()?))?;
        Ok((archive, true))
    }
}

/// The main module in which cmd/dist builds commands: they get their GODEBUG defaults from it. It had no Go version at first.
pub(super) fn write_module(goroot: &Path, scratch: &Path, version: &Version) -> Result<(), Error> {
    let builder = goroot.join("src/cmd/dist/build.go");
    let dist = fs::read_to_string(&builder).unwrap_or_default();
    let language = version.minor().filter(|_| dist.contains(VERSIONED));
    let language = language.map_or_else(String::new, |minor| format!("\ngo 1.{minor}\n"));
    let path = scratch.join("module/go.mod");
    fs::write(&path, format!("module bootstrap\n{language}")).map_err(Error::file("write", &path))
}

/// `linux_amd64`.
pub(super) fn folder(platform: &Platform, separator: char) -> String {
    format!("{}{separator}{}", platform.os, platform.arch)
}

/// Takes the module's archive from where distpack writes it.
fn take(goroot: &Path, target: &Name, archive: &Path) -> Result<(), Error> {
    let Module { version, .. } = target.module();
    let packed = goroot.join("pkg/distpack").join(format!("{version}.zip"));
    fs::rename(&packed, archive).map_err(Error::file("find", &packed))
}

/// The sums of the programs that are there now.
fn round(tools: &Path) -> Result<BTreeMap<String, String>, Error> {
    let mut names = TOOLCHAIN.to_vec();
    names.retain(|name| tools.join(name).is_file());
    let sum = |name: &str| {
        let sum = source::sum(&tools.join(name))?;
        Ok((name.to_owned(), hexadecimal(&sum)))
    };
    names.into_iter().map(sum).collect()
}

/// What this program does with the inputs of a step is one of them: what another version of it made is made again.
const RECIPE: [&str; 2] = [include_str!("environment.rs"), include_str!("steps.rs")];

/// What determines the result of a step, as one text.
pub(super) fn digest(texts: &[&str]) -> String {
    let mut all = Sha256::new();
    for text in RECIPE.iter().chain(texts) {
        all.update((text.len() as u64).to_le_bytes());
        all.update(text);
    }
    hexadecimal(&all.finalize())
}

/// Who builds the next Go.
#[derive(Debug, Clone)]
pub(super) enum Maker {
    Go(Go),
    C(PathBuf, String),
}

impl Maker {
    fn identity(&self) -> String {
        match self {
            Maker::Go(go) => go.identity.clone(),
            Maker::C(_, sum) => sum.clone(),
        }
    }

    fn prepare<'p>(&'p self, script: &'p Path) -> Result<Builder<'p>, Error> {
        match self {
            Maker::Go(go) => Ok(Builder::Go(&go.goroot)),
            Maker::C(compiler, _) => {
                write_script(script, &env::c_compiler_script(compiler))
                    .map_err(Error::file("write", script))?;
                Ok(Builder::C(script))
            }
        }
    }
}

#[cfg(unix)]
fn write_script(path: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn write_script(path: &Path, text: &str) -> std::io::Result<()> {
    fs::write(path, text)
}

/// The commands that an archive holds, as packages: `cmd/go`, `cmd/compile`, ….
pub(super) fn commands(sums: &Sums, platform: &Platform) -> Vec<String> {
    let tools = format!("/pkg/tool/{}/", folder(platform, '_'));
    let command = |name: &String| {
        let below = name.strip_prefix(MODULE)?;
        let (_, base) = below.split_once(&tools).or_else(|| {
            below
                .split_once("/bin/")
                .filter(|(at, _)| !at.contains('/'))
        })?;
        Some(format!("cmd/{}", base.strip_suffix(".exe").unwrap_or(base)))
    };
    sums.keys().filter_map(command).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_of_an_archive() {
        let platform = Platform::parse("linux/amd64").unwrap();
        let prefix = "golang.org/toolchain@v0.0.1-go1.99.linux-amd64";
        let names = [
            "bin/go",
            "pkg/tool/linux_amd64/link",
            "src/cmd/go/testdata/bin/x",
            "src/bin/y",
            "pkg/include/asm.h",
        ];
        let sums = names
            .iter()
            .map(|n| (format!("{prefix}/{n}"), [0; 32]))
            .collect();
        assert_eq!(commands(&sums, &platform), ["cmd/go", "cmd/link"]);
    }

    #[test]
    fn texts_do_not_run_into_each_other() {
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
    }
}

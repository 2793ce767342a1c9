//! Commands of a published Go, built once more with some of its files changed: what a packager's Go is if it is that and nothing
//! else.
//!
//! The Go that builds is the published one, its files taken from a tree whose hash was just proven. Nothing is inherited, the
//! build cache is new each time, and nothing is kept from one run to the next: what a killed run has left is removed.

use super::environment::{Places, go_command};
use super::steps::{Steps, folder, write_module};
use super::work::{Work, remove};
use super::{Error, Needs, Notice, Observer, Share};
use crate::archive::{Kind, Tree};
use crate::repackaged::{Builder, By, Order};
use crate::run::Variable;
use crate::toolchain::unpack::Target;
use crate::toolchain::{Name, Platform};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Processor time in seconds that all commands of Go 1.22 took on linux/amd64, and what it takes to build a Go first that builds them.
const COST: u64 = 170;
const COST_FIRST: u64 = 120;
/// Bytes of disk for a GOROOT, the build cache and the programs.
const DISK: u64 = 1200 << 20;
const MEMORY: u64 = 1200 << 20;
/// What a Go consists of that builds: these tools, and the go command.
const BUILDERS: [&str; 5] = ["cmd/asm", "cmd/cgo", "cmd/compile", "cmd/link", "cmd/go"];

/// A folder in which commands are built.
pub struct Workshop<'a> {
    work: Work,
    /// The Go that builds: it runs here.
    go: &'a Tree,
    name: &'a Name,
    target: Platform,
    observer: &'a dyn Observer,
}

impl<'a> Workshop<'a> {
    /// Claims `folder`, in which nothing else may be, for building commands for `target` with the published `go`: the files of
    /// the toolchain called `name`, proven just before.
    ///
    /// # Errors
    /// The folder cannot be written, or has too little room.
    pub fn claim(
        folder: &Path,
        (name, go): (&'a Name, &'a Tree),
        target: Platform,
        observer: &'a dyn Observer,
    ) -> Result<Workshop<'a>, Error> {
        let work = Work::claim(folder, &|notice: Notice| observer.notice(notice))?;
        let workshop = Workshop {
            work,
            go,
            name,
            target,
            observer,
        };
        workshop.clean()?;
        workshop.check_disk()?;
        Ok(workshop)
    }

    /// Removes the folder with all that is in it.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn remove(self) -> Result<(), Error> {
        self.work.remove()
    }

    fn check_disk(&self) -> Result<(), Error> {
        match self.work.free() {
            Some(free) if free < DISK => Err(Error::Disk {
                folder: self.work.folder().to_owned(),
                needed: DISK,
                free,
            }),
            _ => Ok(()),
        }
    }

    fn clean(&self) -> Result<(), Error> {
        let made = ["goroot", "built", "commands.scratch"];
        made.iter()
            .try_for_each(|name| remove(&self.work.path(name)))
    }

    fn make(&self, order: &Order, by: By) -> Result<BTreeMap<String, Vec<u8>>, Error> {
        self.clean()?;
        let goroot = self.work.path("goroot");
        self.unpack(order, &goroot)?;
        if by == By::Itself {
            self.first(order, &goroot)?;
        }
        let built = self.build(&goroot, order, &order.commands, &self.target)?;
        let programs = order.commands.iter().filter_map(|command| {
            let path = built.join(program(command, &self.target)?);
            Some((command, path)).filter(|(_, path)| path.is_file())
        });
        let read = |(command, path): (&String, PathBuf)| {
            let bytes = fs::read(&path).map_err(Error::file("read", &path))?;
            Ok((command.clone(), bytes))
        };
        let programs = programs.map(read).collect();
        self.clean()?;
        programs
    }

    /// The published files, the changed ones in their place.
    fn unpack(&self, order: &Order, goroot: &Path) -> Result<(), Error> {
        let mut target = Target::new(goroot);
        let published = self.go.entries.iter().filter(|e| e.kind == Kind::File);
        for entry in published.filter(|e| !order.changed.contains_key(&e.name)) {
            // Contents are hashed again whenever they are read.
            let contents = self.go.contents(entry);
            let contents = contents.map_err(|error| Error::Changed(error.to_string()))?;
            target.add(&entry.name, entry.mode, &mut contents.as_slice())?;
        }
        for (name, contents) in &order.changed {
            target.add(name, None, &mut contents.as_slice())?;
        }
        target.finish()?;
        Ok(())
    }

    /// Builds a Go with the changes and puts it in the place of the published one.
    fn first(&self, order: &Order, goroot: &Path) -> Result<(), Error> {
        let host = &self.name.platform;
        let builders: BTreeSet<String> = BUILDERS.map(str::to_owned).into();
        let built = self.build(goroot, order, &builders, host)?;
        for command in &builders {
            let Some(base) = program(command, host) else {
                continue;
            };
            let tools = format!("pkg/tool/{}", folder(host, '_'));
            let place = if command == "cmd/go" { "bin" } else { &tools };
            let (from, to) = (built.join(&base), goroot.join(place).join(&base));
            fs::rename(&from, &to).map_err(Error::file("write", &to))?;
        }
        Ok(())
    }

    /// Builds commands; gives the folder with the programs.
    fn build(
        &self,
        goroot: &Path,
        order: &Order,
        commands: &BTreeSet<String>,
        platform: &Platform,
    ) -> Result<PathBuf, Error> {
        let step = "commands";
        let detail = |line: &str| self.observer.detail(line);
        let steps = Steps {
            work: &self.work,
            host: &self.name.platform,
            version: &self.name.version,
            detail: &detail,
        };
        let scratch = steps.scratch(step)?;
        write_module(goroot, &scratch, &self.name.version)?;
        let built = self.work.fresh("built")?;
        let places = Places {
            goroot,
            scratch: &scratch,
        };
        let mut environment = places.cross(platform);
        let variables = order.variables.iter();
        environment.extend(variables.map(|(name, value)| {
            Variable::new(
                name,
                value,
                "the default that the package's Go was built with",
            )
        }));
        let out = format!("{}/", built.display());
        let fixed = ["build", "-o", out.as_str()].into_iter();
        let arguments: Vec<&str> = fixed.chain(commands.iter().map(String::as_str)).collect();
        let argv = go_command(goroot, &arguments);
        let module = scratch.join("module");
        let follow = &mut |line: &str| detail(line);
        self.work.run(step, argv, &environment, &module, follow)?;
        remove(&scratch)?;
        Ok(built)
    }
}

impl Builder for Workshop<'_> {
    fn build(&self, order: &Order, by: By) -> Result<BTreeMap<String, Vec<u8>>, Error> {
        let own = match by {
            By::Published => COST,
            By::Itself => COST + COST_FIRST,
        };
        self.observer.needs(&Needs {
            disk: DISK,
            memory: MEMORY,
            processor: Duration::from_secs(own),
        });
        let title = match by {
            By::Published => format!("{}: commands with the package's changes", self.name),
            By::Itself => format!("{}: the same by a Go with these changes", self.name),
        };
        let share = Share {
            before: 0,
            own,
            total: own,
        };
        self.observer.begin(&title, share);
        let began = Instant::now();
        let made = self.make(order, by)?;
        self.observer.end(&title, Some(began.elapsed()));
        Ok(made)
    }
}

/// The file name of a command's program.
fn program(command: &str, platform: &Platform) -> Option<String> {
    let base = command.rsplit('/').next()?;
    let end = if platform.os == "windows" { ".exe" } else { "" };
    Some(format!("{base}{end}"))
}

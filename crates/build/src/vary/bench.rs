//! One build: a fresh copy of the tree, the change, the command, what came out.
//!
//! Where this machine allows a private view of the files, every copy is seen at the place of the tree itself, so that builds at the same time
//! differ in nothing but the change, and what lies beside the tree is where it was. Elsewhere copies are laid at one place one after the other.

use super::change::{Change, Clock, Edit, Place};
use super::machine::{Environment, Machine};
use super::outputs::{self, Outputs, Pattern};
use super::tree::Tree;
use crate::run::{self, Question};
use crate::sandbox::{Bind, Sandbox};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// What is built, and how.
#[derive(Debug, Clone)]
pub struct Project {
    /// The files.
    pub tree: Tree,
    /// The folder of the command, below the tree.
    pub below: PathBuf,
    /// The command. Its word [`OUTPUT`] stands for the folder of results.
    pub argv: Vec<OsString>,
    /// The files that count, below the folder of the command; none where the command writes to [`OUTPUT`].
    pub outputs: Vec<Pattern>,
}

/// The word of a command line that stands for the folder of results.
pub const OUTPUT: &str = "{output}";

/// Where and with what a project is built.
#[derive(Debug)]
pub struct Bench {
    /// The project.
    pub project: Project,
    /// What there is to build with.
    pub machine: Machine,
    /// A folder for all that is made, not in the tree.
    pub work: PathBuf,
    /// The clock of all builds, where it does not go.
    pub clock: Option<Clock>,
    /// All builds share one build cache.
    pub shared_cache: bool,
    /// Held while a copy lies at the one place.
    place: Mutex<()>,
    /// Held as long as this works there.
    _lock: fs::File,
}

/// How a build ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// With these files.
    Well(Outputs),
    /// Not: how, and the last lines that it said. Hostile.
    Badly(String, Vec<String>),
}

/// Why a build could not be tried.
#[derive(Debug)]
pub struct Error {
    what: String,
    error: io::Error,
}

impl Error {
    pub(super) fn comparing(error: io::Error) -> Error {
        to("compare what was built")(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}", self.what, self.error)
    }
}

impl std::error::Error for Error {}

fn to(what: impl Into<String>) -> impl FnOnce(io::Error) -> Error {
    let what = what.into();
    move |error| Error { what, error }
}

/// Variables that a build cannot do without, or that are inputs of their own.
const NEEDED: [&str; 16] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "TZ",
    "LANG",
    "LANGUAGE",
    "CC",
    "CXX",
    "AR",
    "SOURCE_DATE_EPOCH",
    "SHELL",
    "PWD",
    "LOCPATH",
    "SSL_CERT_FILE",
];
/// Beginnings of such.
const NEEDED_FAMILIES: [&str; 5] = ["GO", "CGO_", "LC_", "FAKETIME", "PKG_CONFIG"];
/// Last lines that a failure shows.
const TAIL: usize = 12;

/// Folders of one build.
struct Folders {
    all: PathBuf,
    /// Where the copy lies.
    tree: PathBuf,
    /// A folder in memory that has to go.
    memory: Option<tempfile::TempDir>,
}

impl Bench {
    /// A bench in `work`, which is made.
    ///
    /// # Errors
    /// It cannot be made, or lies in the tree.
    pub fn new(project: Project, machine: Machine, work: &Path) -> Result<Bench, Error> {
        let what = || format!("work in {}", work.display());
        let outside = |work: PathBuf| match work.starts_with(project.tree.root()) {
            true => Err(io::Error::other("it is in the tree that is copied")),
            false => Ok(work),
        };
        // Looked at before it is made, too: nothing is written to the tree.
        let made = std::path::absolute(work)
            .and_then(outside)
            .and_then(|work| {
                fs::create_dir_all(&work)?;
                outside(work.canonicalize()?)
            });
        let work = made.map_err(to(what()))?;
        let lock = fs::File::create(work.join("lock")).and_then(|lock| match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(fs::TryLockError::WouldBlock) => Err(io::Error::other("another run works there")),
            Err(fs::TryLockError::Error(error)) => Err(error),
        });
        let lock = lock.map_err(to(what()))?;
        Ok(Bench {
            project,
            machine,
            work,
            clock: None,
            shared_cache: false,
            place: Mutex::new(()),
            _lock: lock,
        })
    }

    /// Whether builds can be made at the same time.
    #[must_use]
    pub fn is_parallel(&self) -> bool {
        self.machine.abilities.mounts.is_there()
    }

    /// Removes what only builds need.
    pub fn finish(&self) {
        for name in ["cache", "output", "shared-cache", "place"] {
            // The next run overwrites what cannot be removed.
            let _ = remove(&self.work.join(name));
        }
    }

    /// Texts of the base and of the change: where only one of two results has one, it is the trace of this change.
    #[must_use]
    pub fn traces(&self, change: &Change) -> Vec<String> {
        let places = [self.seen(&Change::default()), self.seen(change)];
        let places = places.iter().filter(|_| change.place.is_some());
        let places = places.map(|place| place.to_string_lossy().into_owned());
        places.chain(change.traces.iter().cloned()).collect()
    }

    /// Removes what a build has left.
    pub fn forget(&self, name: &str) {
        // What cannot be removed is removed with the rest, or overwritten.
        let _ = remove(&self.folder(name));
    }

    /// Builds with a change. Results are kept below [`Bench::folder`] of that name, which is new.
    ///
    /// # Errors
    /// It could not be tried.
    pub fn build(&self, name: &str, change: &Change) -> Result<Ended, Error> {
        let alone = (!self.is_parallel()).then(|| {
            self.place
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
        });
        let folders = self.folders(name, change).map_err(to("make folders"))?;
        if change.warm && !self.shared_cache {
            let plain = Change::default();
            self.lay(&folders, &plain)?;
            self.run(&folders, &plain)?;
        }
        self.lay(&folders, change)?;
        let ended = self.run(&folders, change)?;
        let ended = match ended {
            None => Ended::Well(self.take(&folders).map_err(to("take what was built"))?),
            Some((status, tail)) => Ended::Badly(status, tail),
        };
        self.clear(&folders)
            .map_err(to("remove what is not needed any more"))?;
        drop(alone);
        Ok(ended)
    }

    /// Where the results of a build are kept.
    #[must_use]
    pub fn folder(&self, name: &str) -> PathBuf {
        self.work.join("builds").join(name)
    }

    fn kept(&self, folders: &Folders) -> PathBuf {
        folders.all.join("kept")
    }

    fn folders(&self, name: &str, change: &Change) -> io::Result<Folders> {
        let all = self.folder(name);
        if all.exists() {
            fs::remove_dir_all(&all)?;
        }
        let shared = ["output", "cache"].map(|name| self.work.join(name));
        let own = ["output", "cache", "scratch", "home", "temporary"].map(|name| all.join(name));
        shared.iter().chain(&own).try_for_each(fs::create_dir_all)?;
        let in_memory = change.edits.contains(&Edit::Order);
        let memory = self.machine.memory.as_ref().filter(|_| in_memory);
        let memory = memory.map(|folder| {
            tempfile::Builder::new()
                .prefix("goassay-vary-")
                .tempdir_in(folder)
        });
        let memory = memory.transpose()?;
        let tree = match (&memory, self.is_parallel()) {
            (Some(memory), true) => memory.path().join("tree"),
            (None, true) => all.join("tree"),
            (_, false) => self.seen(change),
        };
        Ok(Folders { all, tree, memory })
    }

    /// Where the build sees the tree.
    fn seen(&self, change: &Change) -> PathBuf {
        let usual = match self.is_parallel() {
            true => self.project.tree.root().to_owned(),
            false => self.work.join("place"),
        };
        match change.place {
            None => usual,
            Some(place) if self.is_parallel() => elsewhere(&usual, place, Path::new("/")),
            Some(place) => elsewhere(&usual, place, &self.work),
        }
    }

    fn lay(&self, folders: &Folders, change: &Change) -> Result<(), Error> {
        let lay = || -> io::Result<()> {
            if folders.tree.exists() {
                fs::remove_dir_all(&folders.tree)?;
            }
            self.project.tree.copy(&folders.tree, &change.edits)?;
            outputs::remove(
                &folders.tree.join(&self.project.below),
                &self.project.outputs,
            )?;
            let output = self.output(folders);
            fs::remove_dir_all(&output)?;
            fs::create_dir(&output)
        };
        lay().map_err(to("copy the tree"))
    }

    /// Where the folder of results really is.
    fn output(&self, folders: &Folders) -> PathBuf {
        match self.is_parallel() {
            true => folders.all.join("output"),
            false => self.work.join("output"),
        }
    }

    /// Runs the command; gives how it failed.
    fn run(
        &self,
        folders: &Folders,
        change: &Change,
    ) -> Result<Option<(String, Vec<String>)>, Error> {
        let place = self.seen(change).join(&self.project.below);
        let sandbox = self
            .sandbox(folders, change)
            .map_err(to("make a list of users"))?;
        // What it says goes to one place, in its order.
        let mut argv = [
            "/bin/sh",
            "-c",
            "cd \"$1\" && shift && exec \"$@\" 2>&1",
            "sh",
        ]
        .map(OsString::from)
        .to_vec();
        argv.push(place.clone().into());
        argv.extend(self.clocked(change));
        argv.extend(change.before.iter().cloned());
        let output = self.work.join("output");
        let word = |word: &OsString| {
            if word == OUTPUT {
                output.clone().into()
            } else {
                word.clone()
            }
        };
        argv.extend(self.project.argv.iter().map(word));
        let argv = sandbox.wrap(&argv, &self.machine.abilities);
        let argv = argv.map_err(|unable| io::Error::other(unable.to_string()));
        let environment = self.environment(folders, change, &place);
        let answer = argv.and_then(|argv| {
            let environment = environment.into_iter().collect();
            let folder = &folders.all;
            let question = Question {
                argv,
                environment,
                folder,
            };
            run::ask(&question).map_err(io::Error::other)
        });
        let answer = answer.map_err(to("run the command"))?;
        let mut said = String::from_utf8_lossy(&answer.stdout).into_owned();
        said.push_str(&answer.stderr);
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(folders.all.join("log"));
        log.and_then(|mut log| log.write_all(said.as_bytes()))
            .map_err(to("write a log"))?;
        Ok(match answer.code {
            Some(0) => None,
            Some(code) => Some((format!("exit code {code}"), tail(&said))),
            None => Some(("ended by a signal".to_owned(), tail(&said))),
        })
    }

    fn sandbox(&self, folders: &Folders, change: &Change) -> io::Result<Sandbox> {
        let mut sandbox = Sandbox {
            scratch: Some(folders.all.join("scratch")),
            host_name: change.host_name.clone(),
            user: change.user,
            umask: change.umask,
            ..Sandbox::default()
        };
        let bind = |from: PathBuf, to: PathBuf| Bind { from, to };
        if self.is_parallel() {
            let cache = match self.shared_cache && !change.own_cache {
                true => self.work.join("shared-cache"),
                false => folders.all.join("cache"),
            };
            fs::create_dir_all(&cache)?;
            sandbox
                .binds
                .push(bind(folders.tree.clone(), self.seen(change)));
            sandbox
                .binds
                .push(bind(folders.all.join("output"), self.work.join("output")));
            sandbox.binds.push(bind(cache, self.work.join("cache")));
        }
        let more = change
            .binds
            .iter()
            .map(|(from, to)| bind(from.clone(), to.clone()));
        sandbox.binds.extend(more);
        if let Some(accounts) = &change.accounts {
            let list = folders.all.join("passwd");
            fs::write(&list, accounts)?;
            sandbox.covers.push(bind(list, "/etc/passwd".into()));
        }
        Ok(sandbox)
    }

    fn clocked(&self, change: &Change) -> Vec<OsString> {
        let program = self.machine.program("faketime").ok();
        let clock = change.clock.or(self.clock);
        let (Some(program), Some(clock)) = (program, clock) else {
            return Vec::new();
        };
        let time = match (clock, self.clock) {
            (Clock::Ahead(days), Some(Clock::Standing(second))) => {
                (second + u64::from(days) * 86_400).to_string()
            }
            (Clock::Ahead(days), _) => format!("+{days}d"),
            (Clock::Standing(second), _) => second.to_string(),
        };
        vec![program.into(), "-f".into(), time.into()]
    }

    fn environment(&self, folders: &Folders, change: &Change, place: &Path) -> Environment {
        let mut environment = self.machine.environment.clone();
        for name in ["OLDPWD", "_", "GOASSAY_WORK"] {
            environment.remove(OsStr::new(name));
        }
        let mut set = |name: &str, value: OsString| environment.insert(name.into(), value);
        if let Some(go) = &self.machine.go {
            set("GOMODCACHE", go.modules.clone().into());
            set("GOPATH", go.path.clone().into());
        }
        set("GOCACHE", self.work.join("cache").into());
        set("PWD", place.into());
        if self.clock.or(change.clock).is_some() {
            set("FAKETIME_FMT", "%s".into());
            // Times of files, and clocks that only measure, are left as they are.
            set("NO_FAKE_STAT", "1".into());
            set("FAKETIME_DONT_FAKE_MONOTONIC", "1".into());
            set("DONT_FAKE_MONOTONIC", "1".into());
        }
        if change.new_home {
            set("HOME", folders.all.join("home").into());
        }
        if change.new_temporary {
            set("TMPDIR", folders.all.join("temporary").into());
        }
        if change.only_needed {
            environment.retain(|name, _| is_needed(name));
        }
        keep_below(&mut environment, &self.seen(change));
        for (name, value) in &change.environment {
            match value {
                Some(value) => environment.insert(name.clone(), value.clone()),
                None => environment.remove(name),
            };
        }
        if let Some(go) = self
            .machine
            .go
            .as_ref()
            .filter(|_| !change.go_flags.is_empty())
        {
            // The variable hides what `go env -w` has set.
            let flags = environment.entry("GOFLAGS".into());
            flags.or_insert_with(|| go.flags.clone().into());
        }
        add_flags(&mut environment, &change.go_flags);
        environment
    }

    fn take(&self, folders: &Folders) -> io::Result<Outputs> {
        let from = match self.project.outputs.is_empty() {
            true => self.output(folders),
            false => folders.tree.join(&self.project.below),
        };
        Outputs::take(&from, &self.project.outputs, &self.kept(folders))
    }

    fn clear(&self, folders: &Folders) -> io::Result<()> {
        let own =
            ["output", "cache", "scratch", "home", "temporary"].map(|name| folders.all.join(name));
        for folder in own.iter().chain([&folders.tree]) {
            remove(folder)?;
        }
        folders
            .memory
            .as_ref()
            .map_or(Ok(()), |memory| remove(memory.path()))
    }
}

/// Removes a folder, also where the go command has made parts of it read-only.
fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            let entries = fs::read_dir(folder)?.flatten().map(|entry| entry.path());
            writable(folder)?;
            for path in entries.filter(|path| path.is_dir() && !path.is_symlink()) {
                remove(&path)?;
            }
            fs::remove_dir_all(folder)
        }
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn writable(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn writable(_: &Path) -> io::Result<()> {
    Ok(())
}

fn is_needed(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    NEEDED.contains(&name.as_ref())
        || NEEDED_FAMILIES
            .iter()
            .any(|family| name.starts_with(family))
        || name.to_ascii_lowercase().ends_with("_proxy")
}

/// Git of a build finds the repository of the tree or none, and never one that the tree happens to lie in.
fn keep_below(environment: &mut Environment, tree: &Path) {
    let Some(above) = tree.parent() else {
        return;
    };
    let mut ceilings = above.as_os_str().to_owned();
    let user = environment.get(OsStr::new("GIT_CEILING_DIRECTORIES"));
    for more in user.into_iter().filter(|more| !more.is_empty()) {
        ceilings.push(":");
        ceilings.push(more);
    }
    environment.insert("GIT_CEILING_DIRECTORIES".into(), ceilings);
}

fn add_flags(environment: &mut Environment, flags: &[&str]) {
    if flags.is_empty() {
        return;
    }
    let mut words = environment
        .get(OsStr::new("GOFLAGS"))
        .cloned()
        .unwrap_or_default();
    for flag in flags {
        if !words.is_empty() {
            words.push(" ");
        }
        words.push(flag);
    }
    environment.insert("GOFLAGS".into(), words);
}

/// Another place for `usual`, below `root`.
fn elsewhere(usual: &Path, place: Place, root: &Path) -> PathBuf {
    const OTHER: &str = "elsewhere-";
    let length = usual.as_os_str().len();
    let name = usual.file_name().unwrap_or_default();
    match place {
        Place::Longer => root
            .join("goassay-vary/a-place/with/a-much-longer-name-than-before")
            .join(OTHER.repeat(length / 10))
            .join(name),
        Place::SameLength => {
            let own = root.as_os_str().len() + usize::from(root != Path::new("/"));
            let left = length.saturating_sub(own).max(1);
            let text: String = OTHER.chars().cycle().take(left).collect();
            // No name may be longer than 255 bytes.
            let text: Vec<char> = text.chars().collect();
            let parts: Vec<String> = text.chunks(200).map(|part| part.iter().collect()).collect();
            root.join(parts.join("/").chars().take(left).collect::<String>())
        }
    }
}

fn tail(said: &str) -> Vec<String> {
    let lines: Vec<&str> = said.lines().collect();
    let from = lines.len().saturating_sub(TAIL);
    lines
        .iter()
        .skip(from)
        .map(|line| (*line).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_place_has_the_same_length_or_a_greater_one() {
        for usual in ["/a", "/home/alice/src/project", "/tmp/.x/y z"] {
            let usual = Path::new(usual);
            let length = |place| elsewhere(usual, place, Path::new("/")).as_os_str().len();
            assert_eq!(length(Place::SameLength), usual.as_os_str().len());
            assert!(length(Place::Longer) > usual.as_os_str().len() + 20);
            assert_ne!(elsewhere(usual, Place::SameLength, Path::new("/")), usual);
        }
        let below = elsewhere(
            Path::new("/work/place"),
            Place::SameLength,
            Path::new("/work"),
        );
        assert_eq!(below, Path::new("/work/elsew"));
    }

    #[test]
    fn flags_are_added_to_what_the_user_has() {
        let mut environment = Environment::new();
        add_flags(&mut environment, &[]);
        assert!(environment.is_empty());
        add_flags(&mut environment, &["-p=1"]);
        add_flags(&mut environment, &["-tags=x"]);
        assert_eq!(environment[OsStr::new("GOFLAGS")], "-p=1 -tags=x");
    }

    #[test]
    fn what_a_build_needs_stays_where_the_rest_goes() {
        for name in [
            "PATH",
            "GOFLAGS",
            "CGO_CFLAGS",
            "LC_TIME",
            "https_proxy",
            "HTTP_PROXY",
        ] {
            assert!(is_needed(OsStr::new(name)), "{name}");
        }
        for name in ["CI", "LS_COLORS", "GITHUB_SHA", "EDITOR"] {
            assert!(!is_needed(OsStr::new(name)), "{name}");
        }
    }
}

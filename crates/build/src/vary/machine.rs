//! What there is to vary with: the project, its Go, what this machine has and allows. Asked once, before anything is built.

use crate::run::{self, Question, find};
use crate::sandbox::{Abilities, Identity};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Variables by name.
pub type Environment = BTreeMap<OsString, OsString>;

/// A project's Go, as it says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Go {
    /// `go1.26.8`.
    pub version: String,
    /// Its installation.
    pub root: PathBuf,
    /// The module cache.
    pub modules: PathBuf,
    /// The folder of Go's own.
    pub path: PathBuf,
    /// Whether cgo is on.
    pub cgo: bool,
    /// The C compiler, as it is called.
    pub cc: String,
    /// Flags of every go command, wherever they are set.
    pub flags: String,
    /// `linux/amd64`: what it runs on.
    pub host: (String, String),
}

/// Another Go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherGo {
    /// Its version.
    pub version: String,
    /// Its installation.
    pub root: PathBuf,
}

/// What there is.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The user's environment.
    pub environment: Environment,
    /// What the kernel allows.
    pub abilities: Abilities,
    /// Who runs this, and under which name; none where that is not known.
    pub user: Option<(Identity, String)>,
    /// The go command's answers; none where there is no go command.
    pub go: Option<Go>,
    /// Other versions of Go that are here, newest first.
    pub other_go: Vec<OtherGo>,
    /// Programs that were looked for and found.
    programs: BTreeMap<&'static str, PathBuf>,
    /// Whether the tree has a repository of its own.
    pub has_repository: bool,
    /// Bytes of the tree.
    pub tree_bytes: u64,
    /// A folder of locales that was made for this, and the name of the locale in it.
    pub locale: Result<(PathBuf, &'static str), String>,
    /// A folder in memory, where files are given in the order of their making.
    pub memory: Option<PathBuf>,
}

/// Programs that varying takes.
const PROGRAMS: [&str; 4] = ["faketime", "taskset", "localedef", "git"];
/// C compilers that are tried, the most different first.
const COMPILERS: [&str; 8] = [
    "clang", "gcc-14", "gcc-13", "gcc-12", "gcc-11", "gcc-10", "gcc", "cc",
];

impl Machine {
    /// Asks what there is, for a project in `folder`.
    #[must_use]
    pub fn of(environment: Environment, folder: &Path) -> Machine {
        let path = environment
            .get(OsStr::new("PATH"))
            .cloned()
            .unwrap_or_default();
        let found = PROGRAMS
            .iter()
            .filter_map(|name| Some((*name, find(&path, name)?)));
        let go = Go::of(&environment, folder);
        let other_go = go
            .as_ref()
            .map(|go| others(go, &environment))
            .unwrap_or_default();
        Machine {
            abilities: Abilities::probe(),
            user: user(&environment),
            other_go,
            programs: found.collect(),
            has_repository: false,
            tree_bytes: 0,
            locale: Err("it was not made".to_owned()),
            memory: memory(),
            go,
            environment,
        }
    }

    /// A variable's value.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        let value = self.environment.get(OsStr::new(name))?;
        Some(value.as_os_str()).filter(|value| !value.is_empty())
    }

    /// A program of this machine.
    ///
    /// # Errors
    /// It is not there.
    pub fn program(&self, name: &'static str) -> Result<&Path, String> {
        let found = self.programs.get(name).map(PathBuf::as_path);
        found.ok_or_else(|| format!("there is no {name} here"))
    }

    /// The go command's answers.
    ///
    /// # Errors
    /// There is no go command.
    pub fn go(&self) -> Result<&Go, String> {
        self.go
            .as_ref()
            .ok_or_else(|| "there is no go command in PATH".to_owned())
    }

    /// A C compiler that is another one than the base's.
    ///
    /// # Errors
    /// There is none, or cgo is off.
    pub fn other_compiler(&self) -> Result<PathBuf, String> {
        let go = self.go()?;
        if !go.cgo {
            return Err("cgo is off".to_owned());
        }
        let path = self.variable("PATH").unwrap_or_default().to_owned();
        let named = |name: &str| -> Option<(PathBuf, String)> {
            let program = find(&path, name)?;
            let said = self.says(&program, "--version")?;
            Some((program, said))
        };
        let used = go.cc.split_whitespace().next().unwrap_or_default();
        let own = named(used).map(|(_, said)| version_of(&said));
        let other = |name: &str| named(name).filter(|(_, said)| Some(version_of(said)) != own);
        let found = COMPILERS.iter().find_map(|name| other(name));
        let names = COMPILERS.join(", ");
        found
            .map(|(program, _)| program)
            .ok_or_else(|| format!("no other C compiler is here (looked for {names})"))
    }

    fn says(&self, program: &Path, argument: &str) -> Option<String> {
        let answer = run::ask(&Question {
            argv: vec![program.into(), argument.into()],
            environment: self.environment.clone().into_iter().collect(),
            folder: Path::new("/"),
        });
        let answer = answer.ok().filter(|answer| answer.code == Some(0))?;
        Some(String::from_utf8_lossy(&answer.stdout).into_owned())
    }

    /// Makes a locale that sorts otherwise than C, in `folder`.
    pub fn make_locale(&mut self, folder: &Path) {
        self.locale = self.made_locale(folder);
    }

    fn made_locale(&self, folder: &Path) -> Result<(PathBuf, &'static str), String> {
        const NAME: &str = "tr_TR.UTF-8";
        let program = self.program("localedef")?;
        std::fs::create_dir_all(folder).map_err(|e| e.to_string())?;
        let made = folder.join(NAME);
        if !made.is_dir() {
            let answer = run::ask(&Question {
                argv: vec![
                    program.into(),
                    "-i".into(),
                    "tr_TR".into(),
                    "-f".into(),
                    "UTF-8".into(),
                    made.clone().into(),
                ],
                environment: self.environment.clone().into_iter().collect(),
                folder,
            });
            answer.map_err(|e| e.to_string())?;
        }
        match made.is_dir() {
            true => Ok((folder.to_owned(), NAME)),
            false => Err("localedef has no source of tr_TR here".to_owned()),
        }
    }
}

/// What of a compiler's `--version` says which one it is: the name that it was called by is left out.
fn version_of(said: &str) -> String {
    let line = said.lines().next().unwrap_or_default();
    line.split_once(' ')
        .map_or(line, |(_, rest)| rest)
        .to_owned()
}

impl Go {
    fn of(environment: &Environment, folder: &Path) -> Option<Go> {
        const NAMES: [&str; 9] = [
            "GOVERSION",
            "GOROOT",
            "GOMODCACHE",
            "GOPATH",
            "CGO_ENABLED",
            "CC",
            "GOHOSTOS",
            "GOHOSTARCH",
            "GOFLAGS",
        ];
        let argv = ["go", "env"].into_iter().chain(NAMES).map(OsString::from);
        let answer = run::ask(&Question {
            argv: argv.collect(),
            environment: environment.clone().into_iter().collect(),
            folder,
        });
        let answer = answer.ok().filter(|answer| answer.code == Some(0))?;
        let text = String::from_utf8(answer.stdout).ok()?;
        let mut lines = text.lines();
        let mut next = || lines.next().map(str::to_owned);
        Some(Go {
            version: next()?,
            root: next()?.into(),
            modules: next()?.into(),
            path: next()?.into(),
            cgo: next()? == "1",
            cc: next()?,
            host: (next()?, next()?),
            flags: next()?,
        })
    }
}

/// Installations of Go in the module cache and in the usual places, newest first.
fn others(go: &Go, environment: &Environment) -> Vec<OtherGo> {
    let mut roots = below(&go.modules.join("golang.org"), "toolchain@");
    if let Some(home) = environment.get(OsStr::new("HOME")) {
        roots.extend(below(&Path::new(home).join("sdk"), "go"));
    }
    roots.extend(below(Path::new("/usr/lib"), "go-"));
    let mut others: Vec<OtherGo> = roots
        .into_iter()
        .filter_map(|root| installed(go, root))
        .collect();
    others.sort_by_key(|other| std::cmp::Reverse((minor(&other.version), other.version.clone())));
    others
}

fn below(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let named = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with(prefix);
    let mut paths: Vec<PathBuf> = entries.filter(named).map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// A Go that runs here, is another one, and knows how to switch toolchains (Go 1.21).
fn installed(go: &Go, root: PathBuf) -> Option<OtherGo> {
    let text = std::fs::read_to_string(root.join("VERSION")).ok()?;
    let version = text.lines().next()?.trim().to_owned();
    let (os, arch) = &go.host;
    let tools = root.join("pkg/tool").join(format!("{os}_{arch}"));
    let is_other = version != go.version && minor(&version).is_some_and(|(minor, _)| minor >= 21);
    (is_other && root.join("bin/go").is_file() && tools.is_dir())
        .then_some(OtherGo { version, root })
}

/// `(26, 8)` of `go1.26.8`; nothing of what is no release.
pub(super) fn minor(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.strip_prefix("go1.")?.split('.');
    let minor = parts.next()?.parse().ok()?;
    let patch = parts.next().map_or(Some(0), |patch| patch.parse().ok())?;
    Some((minor, patch))
}

/// Who runs this, from the list of users.
#[cfg(target_os = "linux")]
fn user(environment: &Environment) -> Option<(Identity, String)> {
    use std::os::unix::fs::MetadataExt;
    let own = std::fs::metadata("/proc/self").ok()?;
    let (uid, gid) = (own.uid(), own.gid());
    let list = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let is_own = |line: &&str| line.split(':').nth(2) == Some(&uid.to_string());
    let listed = list
        .lines()
        .find(is_own)
        .and_then(|line| line.split(':').next());
    let named = environment
        .get(OsStr::new("USER"))
        .and_then(|name| name.to_str());
    let name = listed.or(named).unwrap_or("somebody").to_owned();
    Some((Identity { uid, gid }, name))
}

#[cfg(not(target_os = "linux"))]
fn user(_: &Environment) -> Option<(Identity, String)> {
    None
}

/// A file system in memory that everybody has.
fn memory() -> Option<PathBuf> {
    let mounts = std::fs::read_to_string("/proc/self/mounts").ok()?;
    let is_memory = |line: &str| {
        let mut words = line.split(' ').skip(1);
        words.next() == Some("/dev/shm") && words.next() == Some("tmpfs")
    };
    mounts
        .lines()
        .any(is_memory)
        .then(|| PathBuf::from("/dev/shm"))
}

//! The one place that reads the environment, the current directory and the clock.
//!
//! Everything else gets values: so documents depend on their inputs alone, and tests can hand in another world.

#![expect(
    clippy::disallowed_methods,
    reason = "this module is where they may be used"
)]

use crate::failure::Failure;
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

/// The environment variables and the current directory that the process was started with.
#[derive(Debug, Default, Clone)]
pub(crate) struct Environment {
    variables: BTreeMap<OsString, OsString>,
}

impl Environment {
    /// Takes the process's environment.
    pub(crate) fn of_process() -> Environment {
        Environment {
            variables: std::env::vars_os().collect(),
        }
    }

    /// All of it, for programs that are asked with everything that their user has set.
    pub(crate) fn variables(&self) -> Vec<(OsString, OsString)> {
        let pair = |(name, value): (&OsString, &OsString)| (name.clone(), value.clone());
        self.variables.iter().map(pair).collect()
    }

    /// The file of this program.
    ///
    /// # Errors
    /// The system does not say.
    pub(crate) fn own_program(&self) -> Result<PathBuf, Failure> {
        std::env::current_exe().map_err(|error| {
            Failure::new(
                crate::failure::Kind::Internal,
                "cannot find the file of this program",
            )
            .because(&error)
        })
    }

    /// A variable that is set and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|v| !v.is_empty())
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }

    fn absolute(&self, name: &str) -> Option<PathBuf> {
        self.path(name).filter(|p| p.is_absolute())
    }

    /// What the go command takes where `GOPATH` is not set.
    pub(crate) fn default_gopath(&self) -> Option<PathBuf> {
        Some(self.home()?.join("go"))
    }

    fn home(&self) -> Option<PathBuf> {
        self.path(if cfg!(windows) { "USERPROFILE" } else { "HOME" })
    }

    /// Where this program keeps data between runs: `$XDG_DATA_HOME/goassay` and its counterparts.
    pub(crate) fn data_dir(&self) -> Option<PathBuf> {
        let base = if let Some(xdg) = self.absolute("XDG_DATA_HOME") {
            xdg
        } else if cfg!(windows) {
            self.path("LOCALAPPDATA")?
        } else if cfg!(target_os = "macos") {
            self.home()?.join("Library/Application Support")
        } else {
            self.home()?.join(".local/share")
        };
        Some(base.join("goassay"))
    }

    /// Where this program keeps what it can get again: `$XDG_CACHE_HOME/goassay` and its counterparts.
    pub(crate) fn cache_dir(&self) -> Option<PathBuf> {
        let base = if let Some(xdg) = self.absolute("XDG_CACHE_HOME") {
            xdg
        } else if cfg!(windows) {
            return Some(self.path("LOCALAPPDATA")?.join("goassay").join("cache"));
        } else if cfg!(target_os = "macos") {
            self.home()?.join("Library/Caches")
        } else {
            self.home()?.join(".cache")
        };
        Some(base.join("goassay"))
    }

    /// The files that the go command reads settings from, in their order: what `go env -w` writes, and the defaults of
    /// the installation.
    pub(crate) fn go_env_files(&self) -> Vec<PathBuf> {
        let of_user = match self.get("GOENV") {
            Some(off) if off == "off" => None,
            Some(file) => Some(PathBuf::from(file)),
            None => self.config_base().map(|base| base.join("go").join("env")),
        };
        let of_installation = self.goroot().map(|root| root.join("go.env"));
        of_user.into_iter().chain(of_installation).collect()
    }

    fn config_base(&self) -> Option<PathBuf> {
        if cfg!(windows) {
            self.path("APPDATA")
        } else if cfg!(target_os = "macos") {
            Some(self.home()?.join("Library/Application Support"))
        } else {
            self.absolute("XDG_CONFIG_HOME")
                .or_else(|| Some(self.home()?.join(".config")))
        }
    }

    /// The installed Go: `GOROOT`, or where the `go` in `PATH` lies.
    pub(crate) fn goroot(&self) -> Option<PathBuf> {
        self.path("GOROOT").or_else(|| {
            let name = if cfg!(windows) { "go.exe" } else { "go" };
            let program = std::env::split_paths(self.get("PATH")?)
                .map(|dir| dir.join(name))
                .find(|program| program.is_file())?;
            let program = std::fs::canonicalize(program).ok()?;
            Some(program.parent()?.parent()?.to_path_buf())
        })
    }

    /// What `SOURCE_DATE_EPOCH` says (<https://reproducible-builds.org/specs/source-date-epoch/>); `None`
    /// where it is not set.
    ///
    /// # Errors
    /// It is no number of seconds.
    pub(crate) fn source_date(&self) -> Result<Option<Timestamp>, Failure> {
        let Some(value) = self.get("SOURCE_DATE_EPOCH") else {
            return Ok(None);
        };
        let seconds = value.to_str().and_then(|text| text.parse().ok());
        let time = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
        time.map(Some).ok_or_else(|| {
            Failure::config("SOURCE_DATE_EPOCH is no number of seconds since 1970")
                .hint("set it to the time of the last change: `git log -1 --format=%ct`")
        })
    }

    /// The folders in which Go programs are installed: `PATH`, `GOBIN` and the `bin` of each `GOPATH`, in this order,
    /// each once, only those that exist.
    pub(crate) fn program_dirs(&self) -> Vec<PathBuf> {
        let split = |name: &str| {
            self.get(name)
                .map(|v| std::env::split_paths(v).collect::<Vec<_>>())
                .unwrap_or_default()
        };
        let mut gopath = split("GOPATH");
        if gopath.is_empty() {
            gopath.extend(self.default_gopath());
        }
        let candidates = split("PATH")
            .into_iter()
            .chain(self.path("GOBIN"))
            .chain(gopath.into_iter().map(|dir| dir.join("bin")));
        let mut dirs = Vec::new();
        for dir in candidates {
            // An empty or relative PATH element means the current directory, which nobody installs into.
            if dir.is_absolute() && dir.is_dir() && !dirs.contains(&dir) {
                dirs.push(dir);
            }
        }
        dirs
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(pairs: [(&str, &str); N]) -> Environment {
        Environment {
            variables: pairs.iter().map(|(k, v)| (k.into(), v.into())).collect(),
        }
    }
}

/// The absolute folders of a list such as `PATH` or `GOPATH`.
pub(crate) fn folders(list: &OsStr) -> impl Iterator<Item = PathBuf> {
    std::env::split_paths(list).filter(|folder| folder.is_absolute())
}

/// Today, in UTC (so that two machines in different time zones agree).
pub(crate) fn today() -> Date {
    Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// The current directory and the folders above it, nearest first.
pub(crate) fn upward() -> io::Result<Vec<PathBuf>> {
    Ok(std::env::current_dir()?
        .ancestors()
        .map(Path::to_path_buf)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn program_dirs_are_path_gobin_and_gopath_without_repetition() {
        let root = tempfile::tempdir().unwrap();
        let dir = |name: &str| {
            let dir = root.path().join(name);
            std::fs::create_dir_all(&dir).unwrap();
            dir
        };
        let (a, gobin, gopath) = (dir("a"), dir("gobin"), dir("gopath/bin"));
        let path = format!(
            "{0}:relative::{0}:{1}/absent",
            a.display(),
            root.path().display()
        );
        let env = Environment::from([
            ("PATH", path.as_str()),
            ("GOBIN", gobin.to_str().unwrap()),
            ("GOPATH", root.path().join("gopath").to_str().unwrap()),
        ]);
        assert_eq!(env.program_dirs(), [a, gobin, gopath]);
    }

    #[test]
    #[cfg(unix)]
    fn gopath_defaults_to_go_in_the_home_directory() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join("go/bin")).unwrap();
        let env = Environment::from([("HOME", home.path().to_str().unwrap())]);
        assert_eq!(env.program_dirs(), [home.path().join("go/bin")]);
    }

    #[test]
    fn the_source_date_is_a_number_of_seconds() {
        let date = |value| {
            let env = Environment::from([("SOURCE_DATE_EPOCH", value)]);
            let time = env.source_date().ok()?;
            Some(time.map(|time| time.to_string()))
        };
        assert_eq!(
            date("1700000000"),
            Some(Some("2023-11-14T22:13:20Z".into()))
        );
        assert_eq!(date(""), Some(None));
        assert_eq!(
            (date("today"), date("1e9"), date("999999999999999")),
            (None, None, None)
        );
    }

    #[test]
    fn a_relative_data_home_is_ignored_as_the_specification_asks() {
        let env = Environment::from([
            ("XDG_DATA_HOME", "data"),
            ("HOME", "/home/x"),
            ("USERPROFILE", "/home/x"),
        ]);
        assert_ne!(env.data_dir(), Some(PathBuf::from("data/goassay")));
    }
}

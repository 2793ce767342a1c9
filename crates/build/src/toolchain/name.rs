//! Names of toolchains: a version, a platform, and the version of the module that has both.

use super::MODULE;
use crate::module::Module;
use std::cmp::Ordering;
use std::fmt;

/// A Go version, as it stands behind `go`: `1.25.14`, `1.26rc1`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version(String);

/// An operating system and an architecture by Go's names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform {
    /// GOOS.
    pub os: String,
    /// GOARCH.
    pub arch: String,
}

/// A toolchain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// Its version.
    pub version: Version,
    /// Where it runs.
    pub platform: Platform,
}

/// A text that names no toolchain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAToolchain {
    text: String,
    want: &'static str,
}

impl fmt::Display for NotAToolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not {}", self.text, self.want)
    }
}

impl std::error::Error for NotAToolchain {}

fn not(text: &str, want: &'static str) -> NotAToolchain {
    NotAToolchain {
        text: text.to_owned(),
        want,
    }
}

impl Version {
    /// Reads a version, with or without `go` before it.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Version, NotAToolchain> {
        let version = Version(text.strip_prefix("go").unwrap_or(text).to_owned());
        match version.key() {
            Some(_) => Ok(version),
            None => Err(not(text, "a Go version such as 1.25.14 or 1.26rc1")),
        }
    }

    /// The text without `go`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a release and neither a beta nor a candidate.
    #[must_use]
    pub fn is_release(&self) -> bool {
        self.key().is_some_and(|key| key.3 == RELEASE)
    }

    /// The minor version of Go 1: 25 of 1.25.14; none of another Go.
    #[must_use]
    pub fn minor(&self) -> Option<u32> {
        let key = self.key().filter(|key| key.0 == 1);
        key.map(|key| key.1)
    }

    /// Major, minor, patch, stage, number in the stage.
    fn key(&self) -> Option<(u32, u32, u32, u8, u32)> {
        let (numbers, stage, count) = match self.0.find(|c: char| c.is_ascii_alphabetic()) {
            None => (self.0.as_str(), RELEASE, 0),
            Some(at) => {
                let (numbers, stage) = self.0.split_at(at);
                let (stage, count) = match stage.strip_prefix("rc") {
                    Some(count) => (1, count),
                    None => (0, stage.strip_prefix("beta")?),
                };
                (numbers, stage, number(count)?)
            }
        };
        let mut parts = numbers.split('.').map(number);
        let (major, minor) = (parts.next()??, parts.next()??);
        let patch = parts.next().unwrap_or(Some(0))?;
        let whole = parts.next().is_none();
        whole.then_some((major, minor, patch, stage, count))
    }
}

const RELEASE: u8 = 2;

fn number(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && text.len() <= 6;
    text.parse().ok().filter(|_| plain)
}

impl Ord for Version {
    fn cmp(&self, other: &Version) -> Ordering {
        self.key().cmp(&other.key()).then(self.0.cmp(&other.0))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Version) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Platform {
    /// Reads `OS/ARCH`.
    ///
    /// # Errors
    /// It is not of that form.
    pub fn parse(text: &str) -> Result<Platform, NotAToolchain> {
        Platform::split(text, '/').ok_or_else(|| not(text, "a platform such as linux/amd64"))
    }

    fn split(text: &str, separator: char) -> Option<Platform> {
        let word = |w: &str| {
            !w.is_empty()
                && w.bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        let (os, arch) = text.split_once(separator)?;
        (word(os) && word(arch)).then(|| Platform {
            os: os.to_owned(),
            arch: arch.to_owned(),
        })
    }

    /// Where this program runs.
    #[must_use]
    pub fn host() -> Platform {
        let os = match std::env::consts::OS {
            "macos" => "darwin",
            os => os,
        };
        let arch = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            "powerpc64" if cfg!(target_endian = "little") => "ppc64le",
            "powerpc64" => "ppc64",
            "loongarch64" => "loong64",
            arch => arch,
        };
        Platform {
            os: os.to_owned(),
            arch: arch.to_owned(),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.arch)
    }
}

impl Name {
    /// The toolchain in a version of the module.
    ///
    /// # Errors
    /// There is none.
    pub fn of_module(version: &str) -> Result<Name, NotAToolchain> {
        let rest = version.strip_prefix("v0.0.1-go");
        let name = rest.and_then(|rest| {
            let (version, platform) = rest.rsplit_once('.')?;
            Some(Name {
                version: Version::parse(version).ok()?,
                platform: Platform::split(platform, '-')?,
            })
        });
        name.ok_or_else(|| not(version, "a version of golang.org/toolchain"))
    }

    /// The module that has it.
    #[must_use]
    pub fn module(&self) -> Module {
        Module::new(MODULE, format!("v0.0.1-{}", self.folder()))
    }

    /// `go1.25.14.linux-amd64`.
    #[must_use]
    pub fn folder(&self) -> String {
        let Platform { os, arch } = &self.platform;
        format!("go{}.{os}-{arch}", self.version)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "go{} for {}", self.version, self.platform)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_there_and_back() {
        for text in [
            "v0.0.1-go1.25.14.linux-amd64",
            "v0.0.1-go1.26rc1.darwin-arm64",
            "v0.0.1-go1.4.3.windows-386",
        ] {
            let name = Name::of_module(text).unwrap();
            assert_eq!(name.module().version, text);
        }
        for text in [
            "v0.0.1-go1.25.14",
            "v0.0.2-go1.25.14.linux-amd64",
            "v0.0.1-go1.25.14.linux",
            "v0.0.1-go1.x.linux-amd64",
            "v0.0.1-go1.25.linux-amd64/..",
        ] {
            assert!(Name::of_module(text).is_err(), "{text}");
        }
    }

    #[test]
    fn versions_are_ordered_as_they_came_out() {
        let order = [
            "1.4.3",
            "1.9.2rc2",
            "1.9.2",
            "1.10",
            "1.10.1",
            "1.21beta1",
            "1.21rc2",
            "1.21.0",
            "1.21.10",
            "1.26rc1",
            "go1.26.0",
        ];
        let versions: Vec<Version> = order.iter().map(|v| Version::parse(v).unwrap()).collect();
        assert!(versions.is_sorted(), "{versions:?}");
        for text in [
            "", "go", "1", "1.", "1.25.", "1.25.1.2", "latest", "1.25-x", "1.25rc", "../1.2",
            "1.+2",
        ] {
            assert!(Version::parse(text).is_err(), "{text}");
        }
        assert!(!versions[1].is_release() && versions[2].is_release());
    }

    #[test]
    fn platforms() {
        assert_eq!(
            Platform::parse("linux/amd64").unwrap().to_string(),
            "linux/amd64"
        );
        for text in [
            "",
            "linux",
            "linux/",
            "/amd64",
            "linux/amd64/v3",
            "Linux/amd64",
            "../x",
        ] {
            assert!(Platform::parse(text).is_err(), "{text}");
        }
        assert!(Platform::parse(&Platform::host().to_string()).is_ok());
    }
}

//! Asking the go command and git: the only part of a project's facts that runs something.
//!
//! The go command is asked with all that its user has (credentials, proxies, `go env -w`), because this is where modules are
//! downloaded. Git is asked with nothing of the user's: what a global ignore list hides is in nobody else's checkout.

use super::answers::{self, FIELDS, Malformed};
use super::{Checkout, Compiler, Go, Project, compiler};
use crate::plan::{Listing, Target, packed};
use crate::run::{self, Answer, Question};
use crate::toolchain::Version;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

/// Who is asked, and from where.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// The go command.
    pub go: &'a Path,
    /// The folder that the user is in.
    pub folder: &'a Path,
    /// The user's environment.
    pub environment: &'a [(OsString, OsString)],
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Error {
    /// A program could not be run.
    Run(run::Error),
    /// It could, and said no.
    Refused {
        /// Which: `go env`, `git log`.
        who: &'static str,
        /// In its own words. Hostile.
        said: String,
    },
    /// It answered something else than was asked.
    Malformed(Malformed),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Run(error) => error.fmt(f),
            Error::Refused { who, said } => write!(f, "{who} says: {said}"),
            Error::Malformed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<Malformed> for Error {
    fn from(error: Malformed) -> Error {
        Error::Malformed(error)
    }
}

fn refused(who: &'static str, answer: &Answer) -> Error {
    let said = answer.stderr.trim();
    let said = if said.is_empty() {
        format!("nothing (exit code {:?})", answer.code)
    } else {
        said.to_owned()
    };
    Error::Refused { who, said }
}

fn done(who: &'static str, answer: Answer) -> Result<Vec<u8>, Error> {
    match answer.code {
        Some(0) => Ok(answer.stdout),
        _ => Err(refused(who, &answer)),
    }
}

impl Asker<'_> {
    /// What there is. `output` is where programs will be written.
    ///
    /// # Errors
    /// There is no usable Go, or git knows less than it should.
    pub fn project(&self, output: &Path) -> Result<Project, Error> {
        // The go command changes to the version that the project asks for, fetching it where it may: its own rules.
        let answer = self.go(self.go, &[], &["env".as_ref(), "-json".as_ref()])?;
        let settings = answers::settings(&done("go env", answer)?)?;
        let setting = |name: &str| settings.get(name).cloned().unwrap_or_default();
        let says = setting("GOVERSION");
        let version = base_version(&says).ok_or_else(|| Malformed {
            who: "go env",
            why: format!("{says:?} is no version"),
        })?;
        let checkout = self.checkout(output)?;
        let mut project = Project {
            folder: self.folder.to_owned(),
            go: Go {
                tools: setting("GOTOOLDIR").into(),
                fips140: fips140(&setting("GOROOT")),
                goroot: setting("GOROOT").into(),
                says,
                version,
            },
            checkout,
            settings,
        };
        if packed::is_possible(&project) {
            self.published(&mut project)?;
        }
        Ok(project)
    }

    /// What the module of the folder would be published as.
    fn published(&self, project: &mut Project) -> Result<(), Error> {
        let Some(checkout) = &mut project.checkout else {
            return Ok(());
        };
        let file = project.settings.get("GOMOD").map_or("", String::as_str);
        let arguments = ["mod", "edit", "-json", file].map(OsStr::new);
        let answer = self.go(self.go, &[("GOFLAGS", "")], &arguments)?;
        let go_mod = done("go mod edit", answer)?;
        let git = Git {
            asker: self,
            root: checkout.root.clone(),
        };
        let files = git.ask(
            "git ls-tree",
            &["ls-tree", "-r", "-z", "--full-tree", &checkout.commit],
        )?;
        checkout.published = Some(answers::published(&go_mod, &files)?);
        Ok(())
    }

    /// The packages for one target, with what they import; downloads what is not there.
    ///
    /// # Errors
    /// The go command cannot even list them.
    pub fn listing(
        &self,
        project: &Project,
        target: &Target,
        what: &Asked<'_>,
    ) -> Result<Listing, Error> {
        let platform = &target.platform;
        let mut set: Vec<(&str, &str)> = vec![
            ("GOOS", &platform.os),
            ("GOARCH", &platform.arch),
            ("GOTOOLCHAIN", "local"),
            ("GOFLAGS", ""),
            // Whether C is needed is what is asked.
            ("CGO_ENABLED", "1"),
        ];
        set.extend(target.level());
        let fields = format!("-json={FIELDS}");
        let tags = format!("-tags={}", what.tags.join(","));
        let mut arguments: Vec<&OsStr> = [
            "list",
            "-deps",
            "-e",
            "-buildvcs=false",
            &fields,
            &tags,
            "--",
        ]
        .map(OsStr::new)
        .to_vec();
        arguments.extend(
            what.packages
                .iter()
                .map(|package| OsStr::new(package.as_str())),
        );
        let go = project.go.program();
        let answer = self.go(&go, &set, &arguments)?;
        Ok(Listing {
            target: target.clone(),
            packages: answers::packages(&done("go list", answer)?)?,
            compiler: None,
        })
    }

    /// The C compiler for a target: the one that is named for it, or, for the machine's own platform, the go command's.
    ///
    /// # Errors
    /// There is no place to try it in.
    pub fn compiler(
        &self,
        project: &Project,
        target: &Target,
        named: Option<&str>,
    ) -> Result<Option<Compiler>, Error> {
        let setting = |name: &str| project.settings.get(name).map_or("", String::as_str);
        let is_own = target.platform.os == setting("GOHOSTOS")
            && target.platform.arch == setting("GOHOSTARCH");
        let own = Some(setting("CC")).filter(|command| is_own && !command.is_empty());
        match named.or(own) {
            Some(command) => compiler::of(command, self.environment),
            None => Ok(None),
        }
    }

    fn go(
        &self,
        program: &Path,
        set: &[(&str, &str)],
        arguments: &[&OsStr],
    ) -> Result<Answer, Error> {
        let mut environment = self.environment.to_vec();
        environment.retain(|(name, _)| !set.iter().any(|(other, _)| name == other));
        environment.extend(set.iter().map(|&(name, value)| (name.into(), value.into())));
        self.run(program.as_os_str(), arguments, environment, self.folder)
    }

    fn run(
        &self,
        program: &OsStr,
        arguments: &[&OsStr],
        environment: Vec<(OsString, OsString)>,
        folder: &Path,
    ) -> Result<Answer, Error> {
        let argv = std::iter::once(program).chain(arguments.iter().copied());
        let question = Question {
            argv: argv.map(OsStr::to_owned).collect(),
            environment,
            folder,
        };
        run::ask(&question).map_err(Error::Run)
    }

    /// The checkout that the folder is in. Without a `.git` above it there is none, and git need not be there.
    fn checkout(&self, output: &Path) -> Result<Option<Checkout>, Error> {
        if !self
            .folder
            .ancestors()
            .any(|folder| folder.join(".git").exists())
        {
            return Ok(None);
        }
        // Whose checkout it is, and whether that is well, is for the user's settings to say.
        let answer = self.run(
            "git".as_ref(),
            &["rev-parse".as_ref(), "--show-toplevel".as_ref()],
            self.environment.to_vec(),
            self.folder,
        )?;
        let root = done("git rev-parse", answer)?;
        let git = Git {
            asker: self,
            root: PathBuf::from(String::from_utf8_lossy(&root).trim_end_matches('\n')),
        };
        git.checkout(output).map(Some)
    }
}

/// What is to be listed.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Patterns of packages, as `go build` takes them.
    pub packages: &'a [String],
    /// Build tags.
    pub tags: &'a [&'a str],
}

/// `go1.26.8`, `go1.25.3-vendor`, `go1.26.8 X:jsonv2`: the release that it is made of.
fn base_version(says: &str) -> Option<Version> {
    let word = says.split([' ', '-', '+']).next()?;
    Version::parse(word).ok()
}

/// What Go's own names for frozen modules stand for (`lib/fips140`, cmd/go/internal/fips140). Go 1.24 has no name for the certified one yet.
fn fips140(goroot: &str) -> Option<String> {
    let folder = Path::new(goroot).join("lib/fips140");
    let read = |name| std::fs::read_to_string(folder.join(name)).ok();
    let version = read("certified.txt").or_else(|| read("v1.0.0.txt"))?;
    Some(version.trim().to_owned())
}

/// A checkout, asked with git's own defaults.
struct Git<'a> {
    asker: &'a Asker<'a>,
    root: PathBuf,
}

impl Git<'_> {
    fn checkout(&self, output: &Path) -> Result<Checkout, Error> {
        let commit = self.ask(
            "git log",
            &["log", "-1", "--no-show-signature", "--format=%H %ct"],
        )?;
        let status = self.ask("git status", &["status", "--porcelain", "-z"])?;
        let tags = self.ask("git tag", &["tag", "--points-at", "HEAD"])?;
        let mut checkout = answers::checkout(&String::from_utf8_lossy(&commit), &status)?;
        checkout.tags = answers::tags(&String::from_utf8_lossy(&tags));
        checkout.root.clone_from(&self.root);
        let file = std::fs::read_to_string(self.root.join("go.mod"));
        checkout.module = file.ok().and_then(|text| answers::module_path(&text));
        checkout.shows_output = self.shows(output)?;
        Ok(checkout)
    }

    fn ask(&self, who: &'static str, arguments: &[&str]) -> Result<Vec<u8>, Error> {
        done(
            who,
            self.answer(arguments.iter().map(OsStr::new).collect())?,
        )
    }

    fn answer(&self, arguments: Vec<&OsStr>) -> Result<Answer, Error> {
        let path = self
            .asker
            .environment
            .iter()
            .filter(|(name, _)| name == "PATH");
        let settings = git_settings(&self.root).map(|(name, value)| (name.into(), value));
        let environment = path.cloned().chain(settings).collect();
        self.asker
            .run("git".as_ref(), &arguments, environment, &self.root)
    }

    /// Whether git will see what is written there: below the checkout, and on no ignore list of it.
    fn shows(&self, output: &Path) -> Result<bool, Error> {
        if !output.starts_with(&self.root) {
            return Ok(false);
        }
        let inside = output.join("file");
        let answer = self.answer(vec![
            "check-ignore".as_ref(),
            "--quiet".as_ref(),
            inside.as_ref(),
        ])?;
        match answer.code {
            Some(0) => Ok(false),
            Some(1) => Ok(true),
            _ => Err(refused("git check-ignore", &answer)),
        }
    }
}

/// Git without anybody's settings, in a checkout that its user said yes to.
pub(crate) fn git_settings(root: &Path) -> [(&'static str, OsString); 8] {
    [
        ("GIT_CONFIG_GLOBAL", "/dev/null".into()),
        ("GIT_CONFIG_NOSYSTEM", "1".into()),
        ("GIT_CONFIG_COUNT", "1".into()),
        ("GIT_CONFIG_KEY_0", "safe.directory".into()),
        ("GIT_CONFIG_VALUE_0", root.into()),
        ("GIT_OPTIONAL_LOCKS", "0".into()),
        ("GIT_TERMINAL_PROMPT", "0".into()),
        ("LC_ALL", "C".into()),
    ]
}

/// Runs git without anybody's settings and without the user's variables, in a folder; repositories in `trusted` (`*` for all) may be
/// somebody else's. `more` are variables besides.
pub(crate) fn git<W: Into<OsString>>(
    words: impl IntoIterator<Item = W>,
    folder: &Path,
    trusted: &Path,
    more: &[(&str, &str)],
) -> Result<Answer, run::Error> {
    let path = [("PATH", crate::plan::SYSTEM_PATH)];
    let own = path
        .iter()
        .chain(more)
        .map(|&(name, value)| (name.into(), value.into()));
    let settings = git_settings(trusted).map(|(name, value)| (name.into(), value));
    run::ask(&Question {
        argv: std::iter::once("git".into())
            .chain(words.into_iter().map(Into::into))
            .collect(),
        environment: own.chain(settings).collect(),
        folder,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_vendors_and_experiments() {
        for (says, want) in [
            ("go1.26.8", Some("1.26.8")),
            ("go1.25.3-vendor", Some("1.25.3")),
            ("go1.26.8 X:jsonv2", Some("1.26.8")),
            ("go1.27rc1", Some("1.27rc1")),
            ("devel go1.28-0123456789", None),
            ("", None),
        ] {
            let found = base_version(says);
            assert_eq!(found.as_ref().map(Version::as_str), want, "{says}");
        }
    }
}

//! The same programs a second time, with everything else that should not matter: do the same bytes come out?
//!
//! From a clone of the commit, where it is clean, so that the proof is also one that the commit is enough; else from a copy.

use super::{Error, Event, Product, Staging, file, link};
use crate::compare::diagnose;
use crate::plan::{Build, Plan, Setting};
use crate::project::{self, Checkout, Project};
use crate::run::{self, Answer, Question};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// What the second build came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// What was other than in the first.
    pub varied: Vec<&'static str>,
    /// What was not.
    pub not_varied: Vec<&'static str>,
    /// Programs that came out otherwise: name, and where they differ first. Hostile.
    pub differing: Vec<(String, Vec<String>)>,
}

/// Variables of the second build, and what they vary. The umask is the shell's.
const OTHER: [(&str, &str); 5] = [
    ("TZ", "Asia/Kathmandu"),
    ("LC_ALL", "tr_TR.UTF-8"),
    ("USER", "somebody-else"),
    ("GOMAXPROCS", "1"),
    ("SOURCE_DATE_EPOCH", "1"),
];
const NOT_VARIED: [&str; 3] = ["the machine", "the clock", "the user's number"];

/// Builds a plan again and compares.
///
/// # Errors
/// The second build does not end as the first did.
pub fn prove(
    plan: &Plan,
    project: &Project,
    products: &[Product],
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Proof, Error> {
    let root = tempfile::Builder::new().prefix("goassay-prove-").tempdir();
    let root = root.map_err(file(Path::new("a temporary folder")))?;
    let elsewhere = Elsewhere::make(project, root.path())?;
    let staging = Staging::new(&root.path().join("out"))?;
    let mut differing = Vec::new();
    for (build, product) in plan.builds.iter().zip(products) {
        tell(Event::Proving(build));
        let path = staging.place(&root.path().join("out").join(&product.name))?;
        let again = elsewhere.build(build);
        link(&again, &umask(&again.argv_into(&path)), &staging, tell)?;
        let bytes = std::fs::read(&path).map_err(file(&path))?;
        if bytes != product.bytes {
            differing.push((
                product.name.clone(),
                diagnose(&product.bytes, &bytes).in_words(),
            ));
        }
    }
    Ok(Proof {
        varied: elsewhere.varied(),
        not_varied: NOT_VARIED.to_vec(),
        differing,
    })
}

/// Started by a shell that lets nobody else read what is made.
fn umask(argv: &[OsString]) -> Vec<OsString> {
    let shell = ["/bin/sh", "-c", "umask 077; exec \"$@\"", "sh"].map(OsString::from);
    shell.into_iter().chain(argv.iter().cloned()).collect()
}

/// The project at another place.
struct Elsewhere {
    from: PathBuf,
    to: PathBuf,
    cache: PathBuf,
    home: PathBuf,
    is_clone: bool,
}

impl Elsewhere {
    fn make(project: &Project, root: &Path) -> Result<Elsewhere, Error> {
        let from = project
            .checkout
            .as_ref()
            .map_or(&project.folder, |checkout| &checkout.root);
        let clean = project
            .checkout
            .as_ref()
            .filter(|checkout| checkout.dirty.is_empty());
        let elsewhere = Elsewhere {
            from: from.clone(),
            to: root.join("another place with a longer name"),
            cache: root.join("cache"),
            home: root.join("home"),
            is_clone: clean.is_some(),
        };
        std::fs::create_dir_all(&elsewhere.home).map_err(file(&elsewhere.home))?;
        match clean {
            Some(checkout) => elsewhere.clone_commit(checkout)?,
            None => copy(from, &elsewhere.to, root)?,
        }
        Ok(elsewhere)
    }

    fn clone_commit(&self, checkout: &Checkout) -> Result<(), Error> {
        let (from, to) = (self.from.as_os_str(), self.to.as_os_str());
        let clone = ["clone", "--quiet", "--no-checkout"].map(OsStr::new);
        git(clone.into_iter().chain([from, to]), &self.from)?;
        let commit = ["checkout", "--quiet", "--detach", &checkout.commit].map(OsStr::new);
        git(commit, &self.to)
    }

    fn varied(&self) -> Vec<&'static str> {
        let source = if self.is_clone {
            "checkout (a clone of the commit)"
        } else {
            "checkout (a copy)"
        };
        vec![
            source,
            "directory",
            "build cache",
            "home directory",
            "user name",
            "umask",
            "time zone",
            "locale",
            "parallelism",
            "SOURCE_DATE_EPOCH",
        ]
    }

    fn build(&self, build: &Build) -> Build {
        let mut environment: Vec<Setting> = build
            .environment
            .iter()
            .map(|setting| self.setting(setting))
            .collect();
        let other = OTHER.map(|(name, value)| (name, OsString::from(value)));
        for (name, value) in other
            .into_iter()
            .chain([("HOME", self.home.clone().into())])
        {
            environment.retain(|setting| setting.name != name);
            environment.push(Setting {
                name,
                value: Some(value),
                reason: "varied",
                is_place: false,
            });
        }
        Build {
            environment,
            folder: self.moved(&build.folder),
            ..build.clone()
        }
    }

    fn setting(&self, setting: &Setting) -> Setting {
        let value = match setting.name {
            "GOCACHE" => Some(self.cache.clone().into()),
            "GOWORK" | "GIT_CONFIG_VALUE_0" => setting
                .value
                .as_ref()
                .map(|value| self.moved(Path::new(value)).into()),
            _ => setting.value.clone(),
        };
        Setting {
            value,
            ..setting.clone()
        }
    }

    fn moved(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(&self.from) {
            Ok(below) => self.to.join(below),
            Err(_) => path.to_owned(),
        }
    }
}

fn git<'a>(words: impl IntoIterator<Item = &'a OsStr>, folder: &Path) -> Result<(), Error> {
    succeeded("git", project::git(words, folder, folder, &[]))
}

fn copy(from: &Path, to: &Path, folder: &Path) -> Result<(), Error> {
    let question = Question {
        argv: vec!["cp".into(), "-a".into(), from.into(), to.into()],
        environment: vec![("PATH".into(), crate::plan::SYSTEM_PATH.into())],
        folder,
    };
    succeeded("cp", run::ask(&question))
}

fn succeeded(program: &str, answer: Result<Answer, run::Error>) -> Result<(), Error> {
    let answer = answer.map_err(Error::Run)?;
    match answer.code {
        Some(0) => Ok(()),
        _ => Err(Error::Failed {
            what: format!("the second time: {program} says {}", answer.stderr.trim()),
            status: format!("exit code {:?}", answer.code),
        }),
    }
}

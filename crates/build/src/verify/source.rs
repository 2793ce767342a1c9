//! Where a program is built: nowhere in particular for a version of a module, in a clone of a checkout, or in a copy of a module's files.

use super::claim::{Claim, Origin};
use super::modules::{Modules, files};
use super::{Source, Stop, stand_in, vendor};
use crate::module::Module;
use crate::project;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// Where to build, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The folder that the go command is started in.
    pub folder: PathBuf,
    /// The package, with its version where that is installed.
    pub what: String,
    /// It is a version of a module.
    pub is_version: bool,
    /// The module of the program.
    pub module: Module,
    /// The folder that lies where the builder's checkout was: what is laid there, where the builder left paths in.
    pub checkout: Option<PathBuf>,
    /// Git stamps the program.
    pub is_stamped: bool,
    /// The folder of a program that stands in for git, where there is no repository: it answers what the file says.
    pub git: Option<PathBuf>,
}

impl Place {
    /// Where the program of a claim is built, below `work`.
    ///
    /// # Errors
    /// The source that was given is not that of the claim, or none was given and the module proxy does not have it.
    pub(super) fn prepare(
        claim: &Claim,
        source: Option<&Source>,
        modules: &Modules<'_>,
        work: &Path,
    ) -> Result<Place, Stop> {
        match (claim.origin(), source) {
            (Origin::Published, None) => Ok(Place {
                folder: modules.folder.to_owned(),
                what: format!("{}@{}", claim.package, claim.main.version),
                is_version: true,
                module: claim.main.clone(),
                checkout: None,
                is_stamped: false,
                git: None,
            }),
            (Origin::Published, Some(_)) => Err(Stop::NoSource(format!("it names {} as published: --source is for programs of checkouts and folders", claim.main))),
            (Origin::Checkout { revision, .. }, Some(Source::Git(from))) => {
                let checkout = work.join("checkout");
                clone(from, &revision, &checkout)?;
                Place::in_folder(claim, checkout, true)
            }
            (Origin::Checkout { revision, .. }, None) => Err(Stop::NoSource(format!(
                "it was built from a checkout at {revision}: --source DIR or --source URL says where that is"
            ))),
            (origin, Some(Source::Module(module))) => {
                let copy = work.join("checkout");
                modules.unpacked(module, &copy)?;
                let answers = stand_in::answers(claim);
                if let (Origin::Checkout { .. }, None) = (&origin, &answers) {
                    return Err(Stop::NoSource("what it says of its commit is not what git says".to_owned()));
                }
                let mut place = Place::in_folder(claim, copy, answers.is_some())?;
                vendor::prepare(claim, modules, &place.folder)?;
                if let (Some(answers), Some(checkout)) = (answers, &place.checkout) {
                    place.git = Some(stand_in::install(&answers, checkout, work)?);
                }
                Ok(place)
            }
            (Origin::Folder, Some(Source::Git(from))) => {
                let checkout = work.join("checkout");
                clone(from, "HEAD", &checkout)?;
                Place::in_folder(claim, checkout, false)
            }
            (Origin::Folder, None) => Err(Stop::NoSource(
                "it was built in a folder of which nothing is recorded: --source MODULE@VERSION, DIR or URL says what was in it".to_owned(),
            )),
        }
    }

    /// The folder that the go command is started in, where the checkout seems to lie at `checkout`.
    pub(super) fn seen_at(&self, checkout: Option<&str>) -> Option<PathBuf> {
        let below = self.folder.strip_prefix(self.checkout.as_ref()?).ok()?;
        Some(Path::new(checkout?).join(below))
    }

    /// Where the top of the checkout seems to lie, whose module seems to lie in `folder`.
    pub(super) fn top_of(&self, folder: &str) -> Option<String> {
        let below = self.folder.strip_prefix(self.checkout.as_ref()?).ok()?;
        let top = match below.to_str()? {
            "" => folder,
            below => folder.strip_suffix(below)?.strip_suffix('/')?,
        };
        Some(top.to_owned())
    }

    fn in_folder(claim: &Claim, checkout: PathBuf, is_stamped: bool) -> Result<Place, Stop> {
        let folder = module_folder(&checkout, &claim.main.path)?;
        let folder = folder.ok_or_else(|| {
            Stop::NoSource(format!(
                "the source that was given has no module {}",
                claim.main.path
            ))
        })?;
        Ok(Place {
            folder,
            what: claim.package.clone(),
            is_version: false,
            module: claim.main.clone(),
            checkout: Some(checkout),
            is_stamped,
            git: None,
        })
    }
}

/// A clone at a commit, with nobody's settings: no hook and no filter is run.
fn clone(from: &str, revision: &str, to: &Path) -> Result<(), Stop> {
    let is_commit = revision.chars().all(|c| c.is_ascii_hexdigit()) && revision.len() >= 40;
    if !is_commit && revision != "HEAD" {
        return Err(Stop::NoSource(format!("{revision:?} is no commit of git")));
    }
    let work = to.parent().unwrap_or(to);
    let words = [
        "clone",
        "--quiet",
        "--no-checkout",
        "--config",
        "core.hooksPath=/dev/null",
        "--",
    ]
    .map(OsString::from);
    git(words.into_iter().chain([from.into(), to.into()]), work)?;
    let words = ["checkout", "--quiet", "--detach", revision].map(OsString::from);
    git(words.into_iter(), to)
}

fn git(words: impl Iterator<Item = OsString>, folder: &Path) -> Result<(), Stop> {
    let answer = project::git(words, folder, Path::new("*"), &[]).map_err(Stop::Run)?;
    match answer.code {
        Some(0) => Ok(()),
        _ => Err(Stop::NoSource(format!("git says {}", answer.stderr.trim()))),
    }
}

/// Longest go.mod that is read, in bytes: the limit of the go command.
const MAX_GO_MOD: u64 = 16 << 20;

/// The folder whose go.mod has this module.
fn module_folder(checkout: &Path, module: &str) -> Result<Option<PathBuf>, Stop> {
    let go_mods = files(checkout)?
        .into_iter()
        .filter(|file| file.ends_with("go.mod") && has_module(file, module));
    Ok(go_mods
        .filter_map(|file| file.parent().map(Path::to_owned))
        // Test data can have the same module again, deeper down.
        .min_by_key(|folder| folder.components().count()))
}

/// Whether a go.mod names a module. A link can lead anywhere.
fn has_module(file: &Path, module: &str) -> bool {
    let is_file = |about: &fs::Metadata| about.is_file() && about.len() <= MAX_GO_MOD;
    fs::symlink_metadata(file).is_ok_and(|about| is_file(&about))
        && fs::read_to_string(file)
            .is_ok_and(|text| project::module_path(&text).as_deref() == Some(module))
}

//! A finished Go binary, built again from what it says of itself, and compared bit for bit.
//!
//! Only equal bytes pass (or bytes that named normalisations make equal, each of which is shown). What the binary says is hostile: it
//! chooses what is tried, through allow-lists, and never what counts as equal. See docs/design/verify.md.

pub mod beside;
mod build;
pub mod claim;
mod compiler;
pub mod flags;
pub mod judge;
pub mod modules;
pub mod recipe;
mod recorded;
mod refusal;
pub mod search;
mod source;
mod spelling;
mod stand_in;
mod vendor;

pub use claim::{Claim, Origin};
pub use compiler::CCompiler;
pub use modules::{Proven, Vouch};
pub use recipe::Recipe;
pub use search::Attempt;

use crate::compare::Diagnosis;
use crate::module::Module;
use crate::record::Record;
use crate::run;
use crate::sandbox::Abilities;
use crate::sumdb;
use crate::toolchain::{Name, Platform};
use build::{Built, Ground};
use goassay_binary::Binary;
use goassay_diff::Cause;
use modules::Modules;
use search::Search;
use source::Place;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What came out for one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// What the file says of itself; none where it says too little.
    pub claim: Option<Claim>,
    /// What came out.
    pub verdict: Verdict,
    /// What was tried, in order.
    pub attempts: Vec<Attempt>,
    /// Why the nearest attempt differs, the likeliest first; A is the file, B the rebuilt one.
    pub causes: Vec<Cause>,
    /// The modules that it was built from.
    pub proven: Proven,
    /// What should be known besides.
    pub notes: Vec<String>,
    /// What came of the debug information that was given, where the program is identical.
    pub debug: Option<beside::Finding>,
    /// What the last attempt built, or the nearest where all differ.
    pub rebuilt: Option<Vec<u8>>,
}

/// What came out. There is no default: each is said on purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The rebuilt file has the same bytes.
    Identical,
    /// It has them after named normalisations of both: name, what was done to the file, and to the rebuilt one.
    IdenticalAfter(Vec<(&'static str, String, String)>),
    /// It has not, whatever was tried: where the nearest attempt differs.
    Different(Box<Diagnosis>),
    /// Somebody cheats: what was downloaded is not what was published, or the binary names other contents of a module.
    Mismatch(String),
    /// It could not be built again, and why.
    NotChecked(String),
}

impl Verdict {
    /// Whether it is the same, also after normalisations.
    #[must_use]
    pub fn is_pass(&self) -> bool {
        matches!(self, Verdict::Identical | Verdict::IdenticalAfter(_))
    }

    /// The stable word for output.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Verdict::Identical => "identical",
            Verdict::IdenticalAfter(_) => "identical-after",
            Verdict::Different(_) => "different",
            Verdict::Mismatch(_) => "mismatch",
            Verdict::NotChecked(_) => "not-checked",
        }
    }
}

/// What ends a verification without an answer about bytes.
#[derive(Debug)]
pub enum Stop {
    /// A file of this machine.
    File(PathBuf, io::Error),
    /// A process could not be started or followed.
    Run(run::Error),
    /// The checksum database cannot be asked, or lies.
    Database(sumdb::Error),
    /// What was downloaded is not what was published.
    Mismatch(String),
    /// No proxy has a module: it is private or was withdrawn. In the go command's words, hostile.
    Gone(String),
    /// It could not be downloaded now; what came so far is kept. Hostile.
    Download(String),
    /// A download is no module.
    Broken(PathBuf, String),
    /// Where the source is, is not known, or it is not the one of the program: in words.
    NoSource(String),
    /// There is no such toolchain to be had, in words.
    Toolchain(String),
}

impl Stop {
    fn file(path: &Path) -> impl FnOnce(io::Error) -> Stop {
        let path = path.to_owned();
        move |error| Stop::File(path, error)
    }

    /// Whether somebody cheats.
    fn is_security(&self) -> bool {
        match self {
            Stop::Mismatch(_) => true,
            Stop::Database(error) => error.kind.is_misbehaviour(),
            _ => false,
        }
    }

    /// The verdict that it is, or itself where it is this machine's trouble and says nothing about the file.
    fn verdict(self) -> Result<Verdict, Stop> {
        match self {
            Stop::Mismatch(what) => Ok(Verdict::Mismatch(what)),
            Stop::Database(error) if error.kind.is_misbehaviour() => {
                let heads = error.evidence.iter();
                let heads = heads.map(|head| {
                    format!(
                        "\nsigned tree head: {}",
                        head.trim_end().replace('\n', " / ")
                    )
                });
                Ok(Verdict::Mismatch(format!(
                    "SECURITY: {error}: {}{}",
                    error.kind.next_step(),
                    heads.collect::<String>()
                )))
            }
            Stop::Gone(_)
            | Stop::Download(_)
            | Stop::Broken(..)
            | Stop::NoSource(_)
            | Stop::Toolchain(_)
            | Stop::Database(_) => Ok(Verdict::NotChecked(self.to_string())),
            Stop::File(..) | Stop::Run(_) => Err(self),
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stop::File(path, error) => write!(f, "{}: {error}", path.display()),
            Stop::Run(error) => error.fmt(f),
            Stop::Database(error) if error.kind == sumdb::Kind::NoRecord => write!(
                f,
                "{error}: if it is private, name it in GOPRIVATE or GONOSUMDB; nobody vouches for it then, and that is said"
            ),
            Stop::Database(error) => write!(f, "{error}: {}", error.kind.next_step()),
            Stop::Mismatch(what) | Stop::NoSource(what) | Stop::Toolchain(what) => {
                f.write_str(what)
            }
            Stop::Gone(said) => write!(
                f,
                "the source is not to be had: it is private, or was withdrawn. If it is private, GOPROXY has to name a proxy that has it, or GOPRIVATE the \
                 module and git has to be able to log in where it lies. The go command says:\n{said}"
            ),
            Stop::Download(said) => write!(
                f,
                "the source could not be downloaded, or not all of it; what came and could be proven is kept: try again. The go command says:\n{said}"
            ),
            Stop::Broken(path, why) => write!(f, "{} is no module: {why}", path.display()),
        }
    }
}

impl std::error::Error for Stop {}

/// What is being done: for people who wait.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// The toolchain is fetched.
    Toolchain(&'a Name),
    /// Modules are downloaded.
    Downloading(&'a str),
    /// They are proven.
    Proving,
    /// It is linked again with debug information.
    Debug,
    /// An attempt begins: its number from 1, and what is other than in the one before.
    Building(usize, &'a str),
}

/// Where the source of a program is that names none in a module proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A repository: a folder or an address, as `git clone` takes it.
    Git(String),
    /// The files of a published module, in a folder.
    Module(Module),
}

/// A toolchain of this machine's platform, verified: its GOROOT.
pub type Toolchains<'a> = dyn Fn(&Name) -> Result<PathBuf, String> + 'a;

/// What verifying needs.
pub struct Tools<'a> {
    /// Gets toolchains.
    pub toolchains: &'a Toolchains<'a>,
    /// What the checksum database says of a module.
    pub vouch: &'a Vouch<'a>,
    /// The user's environment, with `GOPROXY` as it is resolved: for downloading alone.
    pub environment: &'a [(OsString, OsString)],
    /// Modules that were proven before, in the layout of a module proxy.
    pub store: &'a Path,
    /// Where the source of programs is that were not built from a published module.
    pub source: Option<&'a Source>,
    /// The record of the program's build.
    pub record: Option<&'a Record>,
    /// The program's name, and the debug information that was taken out of it.
    pub debug: Option<(&'a str, &'a [u8])>,
    /// What this machine allows.
    pub abilities: &'a Abilities,
    /// Most builds.
    pub max_builds: usize,
    /// No build begins later.
    pub until: Option<Instant>,
}

/// Builds a file again and compares.
///
/// # Errors
/// This machine is in trouble: nothing is known of the file then.
pub fn verify(
    file: &[u8],
    tools: &Tools<'_>,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Verification, Stop> {
    let claim = match Binary::parse(file).map_err(|_| "it is no Go binary".to_owned()) {
        Ok(binary) => Claim::of(&binary),
        Err(why) => Err(why),
    };
    let mut verification = Verification {
        claim: None,
        verdict: Verdict::NotChecked(String::new()),
        attempts: Vec::new(),
        causes: Vec::new(),
        proven: Proven::default(),
        notes: Vec::new(),
        debug: None,
        rebuilt: None,
    };
    let claim = match claim {
        Ok(claim) => claim,
        Err(why) => {
            verification.verdict = Verdict::NotChecked(why);
            return Ok(verification);
        }
    };
    let done = rebuilt(file, &claim, tools, tell, &mut verification);
    verification.claim = Some(claim);
    verification.verdict = match done {
        Ok(verdict) => verdict,
        Err(stop) => stop.verdict()?,
    };
    Ok(verification)
}

fn rebuilt(
    file: &[u8],
    claim: &Claim,
    tools: &Tools<'_>,
    tell: &mut dyn FnMut(Event<'_>),
    verification: &mut Verification,
) -> Result<Verdict, Stop> {
    let recipes = recipes(claim, tools.record, &mut verification.notes);
    if let Some(vendor) = &claim.vendor {
        verification.notes.push(format!(
            "built with {}, which is not the Go project's: {} is tried in its place ({vendor})",
            claim.says, claim.version
        ));
    }
    let name = Name {
        version: claim.version.clone(),
        platform: Platform::host(),
    };
    tell(Event::Toolchain(&name));
    let goroot = (tools.toolchains)(&name).map_err(Stop::Toolchain)?;
    let folder = tempfile::Builder::new().prefix("goassay-verify-").tempdir();
    let folder = folder.map_err(Stop::file(Path::new("a temporary folder")))?;
    // Places are compared by their text.
    let work = folder
        .path()
        .canonicalize()
        .map_err(Stop::file(folder.path()))?;
    let (cache, empty) = (work.join("modules"), work.join("empty"));
    for folder in [&cache, &empty, &tools.store.to_owned()] {
        std::fs::create_dir_all(folder).map_err(Stop::file(folder))?;
    }
    let go = crate::project::go_program(&goroot);
    let modules = Modules {
        go: &go,
        cache: &cache,
        store: tools.store,
        folder: &empty,
        environment: tools.environment,
    };
    let place = Place::prepare(claim, tools.source, &modules, &work)?;
    let recipes: Vec<(&str, Recipe)> = recipes
        .into_iter()
        .map(|(what, recipe)| (what, recipe.at(&place)))
        .collect();
    if place.git.is_some() {
        verification.notes.push(STAND_IN.to_owned());
    }
    tell(Event::Downloading(&place.what));
    let first = recipes.first().map(|(_, recipe)| recipe);
    let downloaded = first.map_or(Ok(()), |recipe| modules.download(claim, &place, recipe));
    tell(Event::Proving);
    verification.proven = modules.proven_after(downloaded, tools.vouch)?;
    contents(claim, &verification.proven)?;
    let ground = Ground {
        goroot: &goroot,
        modules: &cache,
        abilities: tools.abilities,
        work: &work,
        place: &place,
    };
    let mut search = Search {
        file,
        ground: &ground,
        max_builds: tools.max_builds,
        until: tools.until,
        tell,
    };
    let found = search.run(recipes)?;
    if let (Some(recipe), Some(given)) = (&found.same, tools.debug) {
        (search.tell)(Event::Debug);
        verification.debug = Some(debugged(file, given, recipe, &ground)?);
    }
    verification.notes.extend(untried(found.left));
    verification.attempts = found.attempts;
    verification.causes = found.causes;
    verification.rebuilt = found.rebuilt;
    Ok(found.verdict)
}

/// What comes of debug information that was given for a program, which is built again with it.
fn debugged(
    file: &[u8],
    (name, debug): (&str, &[u8]),
    recipe: &Recipe,
    ground: &Ground<'_>,
) -> Result<beside::Finding, Stop> {
    Ok(match ground.build(&recipe.with_debug())? {
        Built::Program(bytes) => beside::debug_matches(name, file, &bytes, debug),
        Built::Failed(why) | Built::Untried(why) => beside::Finding::NotChecked(why),
    })
}

/// A note on ways to build that were left.
fn untried(left: usize) -> Option<String> {
    const WHY: &str = "ways to build that were not tried, because the limit was reached";
    (left > 0).then(|| format!("{WHY}: {left}"))
}

/// The ways to build that are tried first, in order: what the record says, then what the binary says. Notes what is refused.
fn recipes(
    claim: &Claim,
    record: Option<&Record>,
    notes: &mut Vec<String>,
) -> Vec<(&'static str, Recipe)> {
    let recorded = record.and_then(|record| Recipe::recorded(record, claim));
    let ways = [
        ("what the build record says", recorded),
        ("what the binary says", Some(Recipe::of(claim))),
    ];
    let mut recipes = Vec::new();
    for (what, (recipe, refused)) in ways
        .into_iter()
        .filter_map(|(what, way)| Some((what, way?)))
    {
        notes.extend(refused.iter().map(|setting| {
            format!(
                "a setting that is not repeated, because it could run or read something: {setting}"
            )
        }));
        recipes.push((what, recipe));
    }
    notes.dedup();
    recipes
}

const STAND_IN: &str = "there is no repository to ask: the files are those of the module that was given, and the commit is the one that the file names, which nothing shows";

/// Whether the binary names the contents that were published.
fn contents(claim: &Claim, proven: &Proven) -> Result<(), Stop> {
    let main = [(&claim.main, claim.sum.as_str())];
    let linked = claim
        .modules
        .iter()
        .map(|linked| (&linked.module, linked.sum.as_str()));
    for (module, sum) in main.into_iter().chain(linked) {
        let came = proven.zips.get(module).or(proven.unproven.get(module));
        if let Some(came) = came.filter(|came| !sum.is_empty() && *came != sum) {
            return Err(Stop::Mismatch(format!(
                "SECURITY: the binary names {sum} as the contents of {module}, and those that are published have {came}: it was built from \
                 something else, or what it says of itself was changed"
            )));
        }
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests;

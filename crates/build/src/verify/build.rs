//! One attempt: the go command with a recipe, offline, with places laid where the builder had them.

use super::Stop;
use super::compiler::CCompiler;
use super::recipe::Recipe;
use super::source::Place;
use super::spelling::Request;
use crate::plan::SYSTEM_PATH;
use crate::project::git_settings;
use crate::run::{self, Question};
use crate::sandbox::{self, Abilities, Bind, Sandbox};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// What attempts share.
#[derive(Debug)]
pub(super) struct Ground<'a> {
    /// The toolchain.
    pub goroot: &'a Path,
    /// The module cache, with everything in it.
    pub modules: &'a Path,
    /// What this machine allows.
    pub abilities: &'a Abilities,
    /// A folder of this verification.
    pub work: &'a Path,
    /// What is built, and where.
    pub place: &'a Place,
}

/// What an attempt gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Built {
    /// A program.
    Program(Vec<u8>),
    /// The go command did not build it: in its own words. Hostile.
    Failed(String),
    /// It could not be tried here, and why.
    Untried(String),
}

/// The folder of a module that only requires the program's.
const REQUIRING: &str = "requiring";
/// Leaves of what the go command says the hash of the link: all of it can be long.
const ONLY_LINK: &str = "\"$@\" 2>&1 >/dev/null | grep '^HASH\\[link '";

impl Ground<'_> {
    /// Builds by a recipe.
    ///
    /// # Errors
    /// A file of this machine cannot be read or written, or no process started.
    pub(super) fn build(&self, recipe: &Recipe) -> Result<Built, Stop> {
        let out = self.fresh("out")?;
        let question = match self.question(recipe, &out, None)? {
            Ok(question) => question,
            Err(why) => return Ok(Built::Untried(why)),
        };
        let answer = run::ask(&question).map_err(Stop::Run)?;
        match answer.code {
            Some(0) => made(&out),
            _ => Ok(Built::Failed(answer.stderr.trim().to_owned())),
        }
    }

    /// What the go command hashes for the link of a recipe that was built before; none where it does not say.
    ///
    /// # Errors
    /// As for `build`.
    pub(super) fn request(&self, recipe: &Recipe) -> Result<Option<Request>, Stop> {
        let out = self.fresh("out")?;
        let Ok(mut question) = self.question(recipe, &out, Some(ONLY_LINK))? else {
            return Ok(None);
        };
        question
            .environment
            .push(("GODEBUG".into(), "gocachehash=1".into()));
        let answer = run::ask(&question).map_err(Stop::Run)?;
        Ok(Request::read(&String::from_utf8_lossy(&answer.stdout)))
    }

    /// What is to be run; or why it cannot be tried here.
    fn question(
        &self,
        recipe: &Recipe,
        out: &Path,
        filter: Option<&str>,
    ) -> Result<Result<Question<'_>, String>, Stop> {
        let sandbox = match self.sandbox(recipe)? {
            Ok(sandbox) => sandbox,
            Err(why) => return Ok(Err(why)),
        };
        let arguments = match recipe.arguments() {
            Ok(arguments) => arguments,
            Err(why) => return Ok(Err(why)),
        };
        if recipe.is_required {
            self.require()?;
        }
        let filter = filter
            .into_iter()
            .flat_map(|filter| ["/bin/sh", "-c", filter, "sh"]);
        let argv = filter
            .map(OsString::from)
            .chain(self.argv(recipe, &arguments, out))
            .collect::<Vec<_>>();
        Ok(match sandbox.wrap(&argv, self.abilities) {
            Ok(argv) => Ok(Question {
                argv,
                environment: self.environment(recipe, out)?,
                folder: &self.place.folder,
            }),
            Err(unable) => Err(unable.to_string()),
        })
    }

    /// A module of nothing but a requirement, as tools make that build a published version of a program.
    fn require(&self) -> Result<(), Stop> {
        let version = fs::read_to_string(self.goroot.join("VERSION")).unwrap_or_default();
        let version = version.lines().next().unwrap_or_default();
        let module = &self.place.module;
        let text = format!(
            "module program\n\ngo {}\n\nrequire {} {}\n",
            version.strip_prefix("go").unwrap_or(version),
            module.path,
            module.version
        );
        let file = self.fresh(REQUIRING)?.join("go.mod");
        fs::write(&file, text).map_err(Stop::file(&file))
    }

    fn argv(&self, recipe: &Recipe, arguments: &[String], out: &Path) -> Vec<OsString> {
        let goroot = recipe.goroot.as_ref().map_or(self.goroot, Path::new);
        let is_installed = self.place.is_version && !recipe.is_required;
        let verb = if is_installed { "install" } else { "build" };
        let mut argv: Vec<OsString> = vec![goroot.join("bin/go").into(), verb.into()];
        if recipe.is_required {
            argv.extend(["-C".into(), self.work.join(REQUIRING).into()]);
        }
        argv.extend(arguments.iter().map(OsString::from));
        if !is_installed {
            argv.extend(["-o".into(), out.join("program").into()]);
        }
        let what = match recipe.is_required {
            true => self.place.what.split('@').next().unwrap_or_default(),
            false => &self.place.what,
        };
        argv.push(what.into());
        match self.place.seen_at(recipe.checkout.as_deref()) {
            // That folder is there only once it is laid.
            Some(folder) => {
                let enter = ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\""].map(OsString::from);
                enter
                    .into_iter()
                    .chain([folder.into()])
                    .chain(argv)
                    .collect()
            }
            None => argv,
        }
    }

    fn environment(&self, recipe: &Recipe, out: &Path) -> Result<Vec<(OsString, OsString)>, Stop> {
        let modules = recipe.module_cache.as_ref().map_or(self.modules, Path::new);
        let mut proxy = OsString::from("file://");
        proxy.push(self.modules.join("cache/download"));
        let places: [(&str, OsString); 7] = [
            ("PATH", self.path(recipe)?),
            ("GOCACHE", self.folder_of("cache")?.into()),
            ("GOPATH", out.into()),
            ("GOMODCACHE", modules.into()),
            ("GOPROXY", proxy),
            ("HOME", self.folder_of("home")?.into()),
            ("TMPDIR", self.folder_of("tmp")?.into()),
        ];
        let flags = match recipe.is_required {
            true => "-modcacherw -mod=mod",
            false => "-modcacherw",
        };
        let fixed = [
            ("GOENV", "off"),
            ("GOFLAGS", flags),
            ("GO111MODULE", "on"),
            ("GOTOOLCHAIN", "local"),
            ("GOSUMDB", "off"),
            ("GOWORK", "off"),
            ("GOTELEMETRY", "off"),
            ("LC_ALL", "C"),
            ("TZ", "UTC"),
        ];
        let fixed = fixed.map(|(name, value)| (name.into(), value.into()));
        let places = places.map(|(name, value)| (name.into(), value));
        let git = git_settings(Path::new("*")).into_iter();
        let git = git.filter(|_| self.place.is_stamped);
        let git = git.map(|(name, value)| (name.into(), value));
        let compiler = recipe.c_compiler.iter().flat_map(CCompiler::variables);
        let compiler = compiler.map(|(name, value)| (name.into(), value.into()));
        let own = recipe
            .environment
            .iter()
            .map(|(name, value)| (name.into(), value.into()));
        Ok(fixed
            .into_iter()
            .chain(places)
            .chain(git)
            .chain(compiler)
            .chain(own)
            .collect())
    }

    /// Where programs are looked for: what stands in for git, the C compiler of the recipe, the system's.
    fn path(&self, recipe: &Recipe) -> Result<OsString, Stop> {
        let compiler = match &recipe.c_compiler {
            Some(compiler) if !compiler.by_name => {
                let folder = self.fresh("compiler")?;
                compiler.install(&folder).map_err(Stop::file(&folder))?;
                Some(folder)
            }
            Some(_) | None => None,
        };
        let mut path = OsString::new();
        for folder in self.place.git.iter().chain(&compiler) {
            path.push(folder);
            path.push(":");
        }
        path.push(SYSTEM_PATH);
        Ok(path)
    }

    /// No network where that can be had, and the builder's places where the recipe has them.
    fn sandbox(&self, recipe: &Recipe) -> Result<Result<Sandbox, String>, Stop> {
        let needs = [self.goroot, self.work, self.modules];
        let mut binds = Vec::new();
        // What lies there already need not be laid.
        let places = recipe.places(self).into_iter();
        for (from, place) in places.filter(|(from, place)| from != Path::new(place)) {
            match sandbox::admit(place, &needs) {
                Ok(to) => binds.push(Bind { from, to }),
                Err(why) => return Ok(Err(format!("{place:?} is not laid: {why}"))),
            }
        }
        Ok(Ok(Sandbox {
            network: !self.abilities.network.is_there(),
            scratch: Some(self.fresh("root")?),
            binds,
            confine: true,
            ..Sandbox::default()
        }))
    }

    fn folder_of(&self, name: &str) -> Result<PathBuf, Stop> {
        let folder = self.work.join(name);
        fs::create_dir_all(&folder).map_err(Stop::file(&folder))?;
        Ok(folder)
    }

    /// A folder of this verification, empty.
    fn fresh(&self, name: &str) -> Result<PathBuf, Stop> {
        let folder = self.work.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(Stop::file(&folder))?;
        }
        self.folder_of(name)
    }
}

/// The only file below the folder that programs are installed into: cross-compiled ones lie a folder deeper.
fn made(out: &Path) -> Result<Built, Stop> {
    let mut open = vec![out.join("bin"), out.to_owned()];
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            match path.is_dir() {
                true if folder != out => open.push(path),
                true => {}
                false => {
                    return fs::read(&path)
                        .map(Built::Program)
                        .map_err(Stop::file(&path));
                }
            }
        }
    }
    Ok(Built::Failed("the go command wrote no program".to_owned()))
}

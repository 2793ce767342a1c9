//! One way to build the program: what the go command is told, and where things seem to lie.

use super::build::Ground;
use super::claim::{Claim, Traces};
use super::compiler::CCompiler;
use super::flags::{self, Taken};
use super::source::Place as Ready;
use goassay_diff::{Change, Place};
use std::path::PathBuf;

/// One way to build a program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recipe {
    /// Arguments of the go command, but for those of the linker.
    pub flags: Vec<String>,
    /// What the linker leaves out.
    pub strip: Strip,
    /// The Go build ID is left empty (`-buildid=`).
    pub no_build_id: bool,
    /// Other words for the linker.
    pub linker: Vec<String>,
    /// Values of string variables (`-X`).
    pub variables: Vec<(String, String)>,
    /// All words for the linker as they are spelled, where that is known.
    pub spelled: Option<Vec<String>>,
    /// It is built in a module that does nothing but require the program's: its go line is that of the toolchain, not the module's.
    pub is_required: bool,
    /// Variables of the environment.
    pub environment: Vec<(String, String)>,
    /// A C compiler that is not the one that this machine calls `gcc`.
    pub c_compiler: Option<CCompiler>,
    /// Where the toolchain seems to lie; none where paths are left out.
    pub goroot: Option<String>,
    /// Where the module cache seems to lie.
    pub module_cache: Option<String>,
    /// Where the checkout seems to lie.
    pub checkout: Option<String>,
}

/// What the linker leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strip {
    /// Nothing.
    #[default]
    Nothing,
    /// DWARF (`-w`).
    Debug,
    /// DWARF and the symbol table (`-s -w`).
    Symbols,
    /// The symbol table alone (`-s`; from Go 1.22 on it leaves DWARF out too).
    Table,
}

impl Strip {
    fn words(self) -> &'static [&'static str] {
        match self {
            Strip::Nothing => &[],
            Strip::Debug => &["-w"],
            Strip::Symbols => &["-s", "-w"],
            Strip::Table => &["-s"],
        }
    }

    /// What a file shows of it.
    #[must_use]
    pub fn shown(traces: &Traces) -> Strip {
        match (traces.symbols, traces.debug) {
            (true, true) => Strip::Nothing,
            (false, true) => Strip::Table,
            (true, false) => Strip::Debug,
            (false, false) => Strip::Symbols,
        }
    }
}

/// The flag that nobody has to give: it is recorded all the same, and given explicitly it makes another build ID.
const DEFAULT_MODE: &str = "-buildmode=exe";

impl Recipe {
    /// What the binary says; what it hides is guessed by what it shows. Gives what was refused too.
    #[must_use]
    pub fn of(claim: &Claim) -> (Recipe, Vec<String>) {
        let taken = Taken::of(&claim.settings);
        let traces = &claim.traces;
        let mut recipe = Recipe {
            flags: taken
                .flags
                .into_iter()
                .filter(|flag| flag != DEFAULT_MODE)
                .collect(),
            environment: taken.environment,
            goroot: traces.goroot.clone(),
            module_cache: traces.module_cache.clone(),
            checkout: traces.folder.clone(),
            ..Recipe::default()
        };
        match taken.linker {
            Some(words) => recipe.linker = words,
            None => {
                recipe.strip = Strip::shown(traces);
                recipe.no_build_id = traces.no_build_id;
                // A C compiler's linker does so by itself.
                let is_ours = claim.setting("CGO_ENABLED") == Some("0");
                let binds_now = traces.binds_now && is_ours;
                recipe.linker = binds_now
                    .then(|| "-bindnow".to_owned())
                    .into_iter()
                    .collect();
            }
        }
        // Debuggers are for programs; the linker writes no DWARF for these in any case.
        if claim.setting("GOARCH") == Some("wasm") {
            recipe.strip = Strip::Nothing;
        }
        (recipe, taken.refused)
    }

    /// The same where the program is built in a folder: git stamps it or not, as it did.
    #[must_use]
    pub(super) fn at(mut self, place: &Ready) -> Recipe {
        self.checkout = self.checkout.and_then(|folder| place.top_of(&folder));
        if !place.is_version {
            self.flags.push(format!("-buildvcs={}", place.is_stamped));
        }
        self
    }

    /// All words for the linker.
    #[must_use]
    pub fn linker_words(&self) -> Vec<String> {
        if let Some(words) = &self.spelled {
            return words.clone();
        }
        let mut words: Vec<String> = self
            .strip
            .words()
            .iter()
            .map(|&word| word.to_owned())
            .collect();
        if self.no_build_id {
            words.push("-buildid=".to_owned());
        }
        words.extend(self.linker.iter().cloned());
        for (name, value) in &self.variables {
            words.extend(["-X".to_owned(), format!("{name}={value}")]);
        }
        words
    }

    /// The arguments of `go install` or `go build`, the package aside.
    ///
    /// # Errors
    /// A value that the go command has no way to be told.
    pub fn arguments(&self) -> Result<Vec<String>, String> {
        let mut arguments = self.flags.clone();
        let words = self.linker_words();
        if !words.is_empty() {
            arguments.push(format!("-ldflags={}", flags::joined(&words)?));
        }
        Ok(arguments)
    }

    /// The same with one thing changed; none where that cannot be told to a build, may not be, or is so already.
    #[must_use]
    pub fn with(&self, change: &Change) -> Option<Recipe> {
        let mut other = self.clone();
        other.spelled = None;
        match change {
            Change::Variable(name, value) => other.set_variable(name, value)?,
            Change::LinkerFlags { add, remove } => other.change_linker(add, remove)?,
            Change::Directory(Place::Goroot, place) => other.goroot = Some(place.clone()),
            Change::Directory(Place::ModuleCache, place) => {
                other.module_cache = Some(place.clone())
            }
            Change::Directory(Place::Checkout, place) => other.checkout = Some(place.clone()),
            Change::CCompiler(comment) => other.c_compiler = Some(CCompiler::named(comment)?),
            Change::Environment(name, value) => {
                other.environment.retain(|(other, _)| other != name);
                let setting = value.iter().map(|value| (name.clone(), value.clone()));
                let taken = Taken::of(&setting.collect::<Vec<_>>());
                (taken.refused.is_empty() && taken.flags.is_empty()).then_some(())?;
                other.environment.extend(taken.environment);
            }
            _ => return None,
        }
        (other != *self).then_some(other)
    }

    fn set_variable(&mut self, name: &str, value: &str) -> Option<()> {
        let word = format!("{name}={value}");
        // What is cut, or has no name that a linker takes, is no value.
        let is_whole = !value.is_empty() && !value.ends_with('…') && !value.contains('\u{fffd}');
        let is_known =
            flags::linker(&["-X".to_owned(), word]) && name.contains('.') && !name.contains('=');
        (is_whole && is_known).then_some(())?;
        self.variables.retain(|(other, _)| other != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        Some(())
    }

    fn change_linker(&mut self, add: &[String], remove: &[String]) -> Option<()> {
        flags::linker(add).then_some(())?;
        let is_there = |word: &str, was: bool| {
            (was || add.iter().any(|other| other == word))
                && !remove.iter().any(|other| other == word)
        };
        let symbols = is_there("-s", matches!(self.strip, Strip::Symbols | Strip::Table));
        let debug = is_there("-w", matches!(self.strip, Strip::Symbols | Strip::Debug));
        self.strip = match (symbols, debug) {
            (false, false) => Strip::Nothing,
            (false, true) => Strip::Debug,
            (true, false) => Strip::Table,
            (true, true) => Strip::Symbols,
        };
        self.no_build_id = is_there("-buildid=", self.no_build_id);
        let own = |word: &String| ["-s", "-w", "-buildid="].contains(&word.as_str());
        self.linker.retain(|word| !remove.contains(word));
        self.linker
            .extend(add.iter().filter(|word| !own(word)).cloned());
        Some(())
    }

    /// Places that have to be laid: what, and where.
    #[must_use]
    pub(super) fn places(&self, ground: &Ground<'_>) -> Vec<(PathBuf, &str)> {
        let goroot = self
            .goroot
            .as_deref()
            .map(|place| (ground.goroot.to_owned(), place));
        let modules = self
            .module_cache
            .as_deref()
            .map(|place| (ground.modules.to_owned(), place));
        let checkout = ground.place.checkout.clone().zip(self.checkout.as_deref());
        goroot.into_iter().chain(modules).chain(checkout).collect()
    }
}

//! One way to build the program: what the go command is told, and where things seem to lie.

use super::build::Ground;
use super::claim::{Claim, Traces};
use super::flags::{self, Taken};
use super::source::Place;
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
    /// Variables of the environment.
    pub environment: Vec<(String, String)>,
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
}

impl Strip {
    /// All, in no order that means anything.
    pub const ALL: [Strip; 3] = [Strip::Nothing, Strip::Debug, Strip::Symbols];

    fn words(self) -> &'static [&'static str] {
        match self {
            Strip::Nothing => &[],
            Strip::Debug => &["-w"],
            Strip::Symbols => &["-s", "-w"],
        }
    }

    /// What a file shows of it.
    #[must_use]
    pub fn shown(traces: &Traces) -> Strip {
        match (traces.symbols, traces.debug) {
            (_, true) => Strip::Nothing,
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
    pub(super) fn at(mut self, place: &Place) -> Recipe {
        self.checkout = self.checkout.and_then(|folder| place.top_of(&folder));
        if !place.is_version {
            self.flags.push(format!("-buildvcs={}", place.is_stamped));
        }
        self
    }

    /// All words for the linker.
    #[must_use]
    pub fn linker_words(&self) -> Vec<String> {
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

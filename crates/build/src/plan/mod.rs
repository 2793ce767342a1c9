//! What will be run to build programs, before anything is: project, profile and targets in, command lines out. Pure.
//!
//! What cannot be built as it should be is refused here, all reasons at once and each with its remedy, before time is spent.

mod environment;
pub(crate) mod packed;
pub mod refusal;
mod script;
mod stamp;
mod target;

pub(crate) use environment::SYSTEM as SYSTEM_PATH;
pub use packed::Packed;
pub use refusal::Refusal;
pub use script::script;
pub use stamp::Stamp;
pub use target::Target;

use crate::profile::{Dwarf, Kind, Profile};
use crate::project::{Compiler, Package, Project};
use goassay_binary::bytes::hexadecimal;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The set of settings.
    pub profile: &'a Profile,
    /// What a release needs is asked for too: a tag.
    pub release: bool,
    /// Files that are not in the commit are no reason to refuse.
    pub allow_dirty: bool,
    /// Where the programs are written.
    pub output: &'a Path,
    /// Build tags besides the profile's.
    pub tags: &'a [String],
    /// Values of string variables by name (`-X`), without quotes in them.
    pub variables: &'a BTreeMap<String, String>,
}

impl Wanted<'_> {
    /// All build tags: the profile's, then the project's.
    #[must_use]
    pub fn all_tags(&self) -> Vec<&str> {
        let own = self.tags.iter().map(String::as_str);
        self.profile.tags.iter().copied().chain(own).collect()
    }
}

/// The packages of a project for one target, by `go list -deps`.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The target.
    pub target: Target,
    /// The packages that were asked for, and all that they import.
    pub packages: Vec<Package>,
    /// The C compiler for the target, where one was looked for and found.
    pub compiler: Option<Compiler>,
}

impl Listing {
    /// Whether a program, or a package that it imports, has C in it; the standard library does without.
    fn needs_c(&self, program: &Package) -> bool {
        let by_path: BTreeMap<&str, &Package> =
            self.packages.iter().map(|p| (p.path.as_str(), p)).collect();
        let mut seen = BTreeSet::from([program.path.as_str()]);
        let mut open = vec![program];
        while let Some(package) = open.pop() {
            if package.has_cgo && !package.is_standard {
                return true;
            }
            let imports = package
                .imports
                .iter()
                .filter(|path| seen.insert(path.as_str()));
            open.extend(imports.filter_map(|path| by_path.get(path.as_str())));
        }
        false
    }

    /// Whether a plan for these packages depends on a C compiler.
    #[must_use]
    pub fn asks_for_a_compiler(&self, profile: &Profile) -> bool {
        profile.kind == Kind::Static || self.programs().any(|program| self.needs_c(program))
    }

    fn programs(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.is_program())
    }
}

/// What will be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// One for each program and target, in the order of both.
    pub builds: Vec<Build>,
    /// What should be known and is no reason to refuse.
    pub notes: Vec<String>,
}

/// One program for one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The import path of the program.
    pub package: String,
    /// The target.
    pub target: Target,
    /// The command line: of `go build`, or of a shell where the module is built as `package@version`.
    pub argv: Vec<OsString>,
    /// The same with all debug information, for a companion; none where the file has it.
    pub argv_with_debug: Option<Vec<OsString>>,
    /// The whole environment, and what is not in it on purpose.
    pub environment: Vec<Setting>,
    /// The folder that it is started in.
    pub folder: PathBuf,
    /// The file that it writes.
    pub file: PathBuf,
    /// The folder of the program's module, where that is known.
    pub module: Option<PathBuf>,
    /// What the file will say of its version.
    pub stamp: Stamp,
    /// What the file has to say of how it was built: keys and values of its build info.
    pub recorded: Vec<(&'static str, String)>,
    /// Build tags besides the profile's.
    pub tags: Vec<String>,
    /// Values of string variables by name (`-X`): build info does not have them where paths are left out.
    pub variables: BTreeMap<String, String>,
    /// What the C compiler that takes part says of itself. Hostile.
    pub c_compiler: Option<String>,
}

impl Build {
    /// The command line, for a file elsewhere: where the go command writes is in no program.
    #[must_use]
    pub fn argv_into(&self, file: &Path) -> Vec<OsString> {
        self.redirected(&self.argv, file)
    }

    /// The same for the one with debug information.
    #[must_use]
    pub fn argv_with_debug_into(&self, file: &Path) -> Option<Vec<OsString>> {
        let argv = self.argv_with_debug.as_ref()?;
        Some(self.redirected(argv, file))
    }

    /// The arguments of the command as records have them: the name of the output stands for its place.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let name = self.file.file_name().unwrap_or_default();
        let argv = self.redirected(&self.argv, Path::new(name));
        let words = argv.iter().skip(1);
        words
            .map(|word| word.to_string_lossy().into_owned())
            .collect()
    }

    fn redirected(&self, argv: &[OsString], file: &Path) -> Vec<OsString> {
        let is_file = |word: &OsString| word.as_os_str() == self.file.as_os_str();
        let into = |word: &OsString| match is_file(word) {
            true => file.into(),
            false => word.clone(),
        };
        argv.iter().map(into).collect()
    }
}

/// A variable that is set, or kept out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// Its value; none where it is kept out although the user has it.
    pub value: Option<OsString>,
    /// Why.
    pub reason: &'static str,
    /// Whether its value is a place on this machine, which is in no program: records leave it out.
    pub is_place: bool,
}

/// Makes a plan.
///
/// # Errors
/// Everything that speaks against building.
pub fn plan(
    project: &Project,
    listings: &[Listing],
    wanted: &Wanted<'_>,
) -> Result<Plan, Vec<Refusal>> {
    let refusals = refusal::all(project, listings, wanted);
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let mut builds = Vec::new();
    for listing in listings {
        for program in listing.programs() {
            let one = One {
                project,
                wanted,
                target: &listing.target,
                program,
                needs_c: listing.needs_c(program),
                compiler: listing.compiler.as_ref(),
                stamp: stamp::of(project, program.module.as_ref(), wanted.profile),
                many: listings.len() > 1,
            };
            builds.push(one.build());
        }
    }
    let refusals = refusal::of_names(&builds);
    if !refusals.is_empty() {
        return Err(refusals);
    }
    Ok(Plan {
        notes: refusal::notes(project, listings, wanted, &builds),
        builds,
    })
}

/// One program for one target, while it is planned.
struct One<'a> {
    project: &'a Project,
    wanted: &'a Wanted<'a>,
    target: &'a Target,
    program: &'a Package,
    needs_c: bool,
    compiler: Option<&'a Compiler>,
    stamp: Stamp,
    /// There are other targets besides.
    many: bool,
}

impl One<'_> {
    fn build(&self) -> Build {
        let file = self.wanted.output.join(self.file_name());
        let is_apart = self.wanted.profile.dwarf == Dwarf::Apart;
        Build {
            package: self.program.path.clone(),
            target: self.target.clone(),
            argv: self.argv(&file, is_apart),
            argv_with_debug: is_apart.then(|| self.argv(&file, false)),
            environment: self.environment(),
            folder: self.project.folder.clone(),
            module: self
                .program
                .module
                .as_ref()
                .and_then(|module| module.folder.clone()),
            file,
            stamp: self.stamp.clone(),
            recorded: self.recorded(),
            tags: self.wanted.tags.to_vec(),
            variables: self.wanted.variables.clone(),
            c_compiler: self.compiler().map(|compiler| compiler.says.clone()),
        }
    }

    fn argv(&self, file: &Path, without_debug: bool) -> Vec<OsString> {
        let flags = self.flags(without_debug).into_iter().map(OsString::from);
        let package = &self.program.path;
        if let Stamp::Packed(packed) = &self.stamp {
            let shell = ["/bin/sh", "-euc", &packed.script, "sh"].map(OsString::from);
            let (version, cache) = (&packed.version, "-modcacherw".into());
            let last = [cache, format!("{package}@{version}").into()];
            return shell
                .into_iter()
                .chain([file.into()])
                .chain(flags)
                .chain(last)
                .collect();
        }
        let mut argv: Vec<OsString> = vec![self.project.go.program().into(), "build".into()];
        argv.extend(flags);
        argv.extend(["-o".into(), file.into(), package.into()]);
        argv
    }

    fn is_packed(&self) -> bool {
        matches!(self.stamp, Stamp::Packed(_))
    }

    /// What build info says of a program that was built by this plan (cmd/go, load.setBuildInfo).
    fn recorded(&self) -> Vec<(&'static str, String)> {
        let Target { platform, .. } = self.target;
        let mut all = vec![
            ("GOOS", platform.os.clone()),
            ("GOARCH", platform.arch.clone()),
            ("CGO_ENABLED", self.cgo().to_owned()),
        ];
        all.extend(
            self.target
                .level()
                .map(|(name, level)| (name, level.to_owned())),
        );
        let profile = self.wanted.profile;
        if profile.trimpath {
            all.push(("-trimpath", "true".to_owned()));
        }
        if let Some(mode) = self.build_mode() {
            all.push(("-buildmode", mode.to_owned()));
        }
        all.extend(
            self.fips140()
                .map(|version| ("GOFIPS140", version.to_owned())),
        );
        let mut tags = self.wanted.all_tags();
        let of_fips = self.fips140().map(fips_tag);
        tags.extend(of_fips.as_deref());
        if !tags.is_empty() {
            all.push(("-tags", tags.join(",")));
        }
        if let Some(checkout) = self.project.checkout.as_ref().filter(|_| !self.is_packed()) {
            all.push(("vcs.revision", checkout.commit.clone()));
            all.push(("vcs.modified", (!checkout.dirty.is_empty()).to_string()));
        }
        all
    }

    /// The frozen module of cryptography that is linked; the project's Go has one, or the plan was refused.
    fn fips140(&self) -> Option<&str> {
        let version = self.project.go.fips140.as_deref();
        version.filter(|_| self.wanted.profile.fips)
    }

    /// The compiler, where one takes part.
    fn compiler(&self) -> Option<&Compiler> {
        self.compiler
            .filter(|_| self.needs_c || self.is_static_pie())
    }

    fn cgo(&self) -> &'static str {
        if self.compiler().is_some() { "1" } else { "0" }
    }

    /// Static and loaded at any address: Go's own linker asks for the system's loader then, a C compiler's does not.
    fn is_static_pie(&self) -> bool {
        let can = self
            .compiler
            .is_some_and(|compiler| compiler.links_static_pie);
        self.wanted.profile.kind == Kind::Static && can && self.target.is_elf()
    }

    fn build_mode(&self) -> Option<&'static str> {
        match self.wanted.profile.kind {
            Kind::Pie if self.target.can_be_pie() => Some("pie"),
            Kind::Static if self.is_static_pie() => Some("pie"),
            Kind::Static => Some("exe"),
            Kind::Pie | Kind::Default => None,
        }
    }

    /// As `go build` names it: after the last element of its path, a major version left out.
    fn file_name(&self) -> String {
        let mut elements = self.program.path.rsplit('/');
        let last = elements.next().unwrap_or_default();
        let name = match elements.next() {
            Some(before) if is_major(last) => before,
            _ => last,
        };
        let ending = if self.target.platform.os == "windows" {
            ".exe"
        } else {
            ""
        };
        match self.many {
            true => format!("{}/{name}{ending}", self.target.folder()),
            false => format!("{name}{ending}"),
        }
    }

    fn flags(&self, without_debug: bool) -> Vec<String> {
        let profile = self.wanted.profile;
        let mut flags = Vec::new();
        if profile.trimpath {
            flags.push("-trimpath".to_owned());
        }
        let stamps = self.project.checkout.is_some() && !self.is_packed();
        flags.push(format!("-buildvcs={stamps}"));
        if let Some(mode) = self.build_mode() {
            flags.push(format!("-buildmode={mode}"));
        }
        let tags = self.wanted.all_tags().join(",");
        if !tags.is_empty() {
            flags.push(format!("-tags={tags}"));
        }
        let linker = self.linker_flags(without_debug);
        if !linker.is_empty() {
            flags.push(format!("-ldflags={}", linker.join(" ")));
        }
        flags
    }

    fn linker_flags(&self, without_debug: bool) -> Vec<String> {
        let mut flags: Vec<String> = Vec::new();
        if without_debug {
            flags.push("-w".to_owned());
        }
        let variables = self.wanted.variables.iter();
        flags.extend(variables.map(|(name, value)| format!("-X '{name}={value}'")));
        if !self.target.is_elf() {
            return flags;
        }
        flags.extend(self.external_flags(without_debug));
        let minor = self.project.go.version.minor();
        let is_static = self.wanted.profile.kind == Kind::Static;
        if !is_static && self.build_mode() == Some("pie") && minor >= Some(BINDNOW) {
            flags.push("-bindnow".to_owned());
        }
        if minor < Some(GOBUILDID) {
            flags.push(format!("-B=0x{}", self.build_id()));
        } else if minor < Some(GNU_BUILD_ID) {
            flags.push("-B=gobuildid".to_owned());
        }
        flags
    }

    /// Flags for the C compiler's linker: what keeps the system's loader and libraries out, and the debug information of C that Go's own
    /// `-w` leaves in.
    fn external_flags(&self, without_debug: bool) -> Vec<String> {
        if self.compiler().is_none() {
            return Vec::new();
        }
        let is_static = self.wanted.profile.kind == Kind::Static;
        let kind = match (is_static, self.is_static_pie()) {
            (true, true) => Some("-static-pie"),
            (true, false) => Some("-static"),
            (false, _) => None,
        };
        let leaves_debug = self.project.go.version.minor() < Some(STRIPS_C);
        let strip = (without_debug && leaves_debug).then_some("-Wl,-S");
        let words: Vec<&str> = kind.into_iter().chain(strip).collect();
        let mut flags = Vec::new();
        if is_static {
            flags.push("-linkmode=external".to_owned());
        }
        match words[..] {
            [] => {}
            [one] => flags.push(format!("-extldflags={one}")),
            _ => flags.push(format!("'-extldflags={}'", words.join(" "))),
        }
        flags
    }

    /// A build ID of what goes in, for linkers that make none of what comes out.
    fn build_id(&self) -> String {
        let mut hash = Sha256::new();
        let commit = self
            .project
            .checkout
            .as_ref()
            .map_or("", |c| c.commit.as_str());
        let target = self.target.to_string();
        for word in [
            self.project.go.says.as_str(),
            &self.program.path,
            &target,
            commit,
        ] {
            hash.update(word);
            hash.update([0]);
        }
        hexadecimal(&hash.finalize()[..20])
    }
}

/// First minor version of Go whose linker knows `-bindnow` (cmd/link of 1.23).
const BINDNOW: u32 = 23;
/// First minor version of Go whose linker makes a GNU build ID of the Go build ID (`-B gobuildid`).
const GOBUILDID: u32 = 22;
/// First minor version of Go whose linker does so without being asked.
const GNU_BUILD_ID: u32 = 24;

/// First minor version of Go whose linker has the C compiler's one leave out debug information with `-w` (cmd/link of 1.26).
const STRIPS_C: u32 = 26;

/// The tag that the go command adds for a frozen module: `fips140v1.0` for `v1.0.0-c2097c7c` (cmd/go/internal/fips140).
fn fips_tag(version: &str) -> String {
    let mut numbers = version.splitn(3, '.');
    let two = [numbers.next(), numbers.next()].map(Option::unwrap_or_default);
    format!("fips140{}", two.join("."))
}

/// `v2`, `v10`: the last element of a module path that is no name.
fn is_major(element: &str) -> bool {
    let digits = element.strip_prefix('v').unwrap_or_default();
    let number: Option<u32> = digits.parse().ok();
    number.is_some_and(|number| number >= 2) && !digits.starts_with('0')
}

#[cfg(test)]
mod tests;

//! The vocabulary of causes: names, order, one sentence each, and what a build can change.

use super::or_none;

/// What was done otherwise. Pairs are A's and B's; texts are hostile.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Changed after the link: a signature.
    Signature([Option<String>; 2]),
    /// Changed after the link: symbols and debug information were taken out.
    Stripped,
    /// Changed after the link: bytes behind the end.
    Appended([u64; 2]),
    /// Changed after the link: some bytes, and nothing that a build does.
    PatchedAfterLink,
    /// Other operating system, architecture or format.
    Platform(String),
    /// Other Go.
    GoVersion([String; 2]),
    /// Other experiments of Go.
    GoExperiment([String; 2]),
    /// Other compiler (`gc`, `gccgo`).
    Compiler([Option<String>; 2]),
    /// Another program.
    Program([String; 2]),
    /// Another kind of file.
    BuildMode([Option<String>; 2]),
    /// cgo on or off.
    Cgo([Option<String>; 2]),
    /// Other instruction-set level: variable and values.
    CpuLevel(String, [Option<String>; 2]),
    /// Race detector, memory or address sanitizer, coverage.
    Instrumented(String),
    /// FIPS 140 module.
    Fips([Option<String>; 2]),
    /// Build tags.
    Tags([Option<String>; 2]),
    /// Flags of compiler or assembler: flag and values.
    CompilerFlags(String, [Option<String>; 2]),
    /// Profile-guided optimisation.
    Pgo([Option<String>; 2]),
    /// Flags for C: variable and values; no variable where code alone shows it.
    CFlags(Option<String>, [Option<String>; 2]),
    /// `-trimpath` on or off.
    TrimPath([bool; 2]),
    /// Dependencies out of a vendor folder or not.
    Vendor([bool; 2]),
    /// Other version of a dependency.
    ModuleVersion(String, [Option<String>; 2]),
    /// The tree was dirty.
    Dirty([bool; 2]),
    /// Another commit.
    Commit([String; 2]),
    /// Version control was stamped or not.
    Stamp([bool; 2]),
    /// Another version of the main module.
    MainVersion([Option<String>; 2]),
    /// How the linker linked: internally or with a C linker.
    LinkMode([&'static str; 2]),
    /// Another C compiler.
    CCompiler([String; 2]),
    /// Go build ID set or emptied by `-buildid`.
    BuildId([Option<String>; 2]),
    /// A string variable: name and values.
    VariableValue(Option<String>, [String; 2]),
    /// Linker flags that leave parts out or keep them: in words (`-s`, `-w`).
    LinkerFlags([String; 2]),
    /// Default settings of the runtime.
    Godebug([Option<String>; 2]),
    /// Other folders: which, A's and B's.
    OtherDirectory(Vec<(Place, [String; 2])>),
    /// Another setting of the go command: name and values.
    Setting(String, [Option<String>; 2]),
    /// Other source code.
    SourceChanged,
    /// Only debug information differs.
    DebugInfoOnly,
    /// Only identities differ: something that the go command hashes was other and left no trace.
    NoTrace,
    /// Nothing that is known here.
    Unexplained,
    /// Not Go binaries.
    Unread,
}

/// A folder of the builder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// `GOROOT`.
    Goroot,
    /// `GOMODCACHE`.
    ModuleCache,
    /// The main module.
    Checkout,
}

impl Place {
    /// The stable word for output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Place::Goroot => "GOROOT",
            Place::ModuleCache => "module cache",
            Place::Checkout => "checkout",
        }
    }
}

/// What a build of B would have to change to come out as A.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Build with this Go (`go1.26.8`).
    Toolchain(String),
    /// Set an environment variable, or unset it.
    Environment(String, Option<String>),
    /// Give a flag of `go build` this value, or leave it out.
    Flag(String, Option<String>),
    /// Give the linker these words besides, and not those.
    LinkerFlags {
        /// Words to add.
        add: Vec<String>,
        /// Words to take away.
        remove: Vec<String>,
    },
    /// Lay a folder at this path.
    Directory(Place, String),
    /// Build with another version of a module, or without it.
    Module(String, Option<String>),
    /// Build another commit.
    Commit(String),
    /// Set a string variable (`-X name=value`).
    Variable(String, String),
    /// Compile C with what calls itself so.
    CCompiler(String),
    /// Take dependencies out of a vendor folder, or not.
    Vendor(bool),
}

impl Kind {
    /// The stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.describe().0
    }

    /// Lower is likelier to bring others with it.
    pub(super) fn rank(&self) -> u8 {
        self.describe().1
    }

    fn describe(&self) -> (&'static str, u8) {
        match self {
            Kind::Platform(_) => ("platform", 0),
            Kind::Compiler(_) => ("compiler", 1),
            Kind::GoVersion(_) => ("go-version", 2),
            Kind::GoExperiment(_) => ("go-experiment", 3),
            Kind::Program(_) => ("program", 4),
            Kind::BuildMode(_) => ("build-mode", 5),
            Kind::Cgo(_) => ("cgo", 6),
            Kind::CpuLevel(..) => ("cpu-level", 7),
            Kind::Instrumented(_) => ("instrumented", 8),
            Kind::Fips(_) => ("fips", 9),
            Kind::Tags(_) => ("tags", 10),
            Kind::CompilerFlags(..) => ("compiler-flags", 11),
            Kind::Pgo(_) => ("pgo", 12),
            Kind::TrimPath(_) => ("trimpath", 13),
            Kind::Vendor(_) => ("vendor", 14),
            Kind::ModuleVersion(..) => ("module-version", 15),
            Kind::Dirty(_) => ("dirty", 16),
            Kind::Commit(_) => ("commit", 17),
            Kind::Stamp(_) => ("stamp", 18),
            Kind::MainVersion(_) => ("main-version", 19),
            Kind::LinkMode(_) => ("link-mode", 20),
            Kind::CCompiler(_) => ("c-compiler", 21),
            Kind::CFlags(..) => ("c-flags", 22),
            Kind::Godebug(_) => ("godebug", 23),
            Kind::VariableValue(..) => ("variable", 24),
            Kind::BuildId(_) => ("build-id", 25),
            Kind::LinkerFlags(_) => ("linker-flags", 26),
            Kind::OtherDirectory(_) => ("directory", 27),
            Kind::Setting(..) => ("setting", 28),
            Kind::SourceChanged => ("source", 30),
            Kind::Signature(_) => ("signature", 40),
            Kind::Stripped => ("stripped", 41),
            Kind::Appended(_) => ("appended", 42),
            Kind::PatchedAfterLink => ("patched", 43),
            Kind::DebugInfoOnly => ("debug-info-only", 44),
            Kind::NoTrace => ("no-trace", 45),
            Kind::Unexplained => ("unexplained", 46),
            Kind::Unread => ("unread", 47),
        }
    }

    /// One clause for people, without a full stop.
    #[must_use]
    pub fn sentence(&self) -> String {
        let two = |what: &str, values: &[Option<String>; 2]| {
            let [a, b] = values.each_ref().map(|value| or_none(value.as_ref()));
            format!("{what}: {a} and {b}")
        };
        match self {
            Kind::Signature(values) => two("signed otherwise after the link", values),
            Kind::Stripped => "stripped after the link".to_owned(),
            Kind::Appended([a, b]) => format!("{a} and {b} bytes appended behind the end"),
            Kind::PatchedAfterLink => "changed after the link".to_owned(),
            Kind::Platform(what) => format!("built for another platform: {what}"),
            Kind::GoVersion([a, b]) => format!("{} of Go: {a} and {b}", release(a, b)),
            Kind::GoExperiment([a, b]) => format!("other experiments of Go: {a} and {b}"),
            Kind::Compiler(values) => two("other compiler", values),
            Kind::Program([a, b]) => format!("another program: {a} and {b}"),
            Kind::BuildMode(values) => two("other build mode", values),
            Kind::Cgo(values) => two("cgo, by CGO_ENABLED", values),
            Kind::CpuLevel(name, values) => two(&format!("other CPU level, {name}"), values),
            Kind::Instrumented(flag) => format!("instrumented by {flag} on one side"),
            Kind::Fips(values) => two("other FIPS 140 module, GOFIPS140", values),
            Kind::Tags(values) => two("other build tags", values),
            Kind::CompilerFlags(flag, values) => two(&format!("other {flag}"), values),
            Kind::Pgo(values) => two("other profile for optimisation (-pgo)", values),
            Kind::CFlags(Some(name), values) => two(&format!("other flags for C, {name}"), values),
            Kind::CFlags(None, _) => "other flags or headers for C".to_owned(),
            Kind::TrimPath(on) => format!("-trimpath {} and {}", word(on[0]), word(on[1])),
            Kind::Vendor(on) => format!("vendor folder {} and {}", used(on[0]), used(on[1])),
            Kind::ModuleVersion(path, values) => two(&format!("other version of {path}"), values),
            Kind::Dirty(dirty) => {
                let side = if dirty[0] { "A" } else { "B" };
                format!("the tree of {side} was dirty")
            }
            Kind::Commit([a, b]) => format!("another commit: {a} and {b}"),
            Kind::Stamp(on) => format!("version control {} and {}", stamp(on[0]), stamp(on[1])),
            Kind::MainVersion(values) => two("other version of the main module", values),
            Kind::LinkMode([a, b]) => format!("linked otherwise: {a} and {b}"),
            Kind::CCompiler([a, b]) => format!("other C compiler: {a} and {b}"),
            Kind::BuildId(values) => two("other Go build ID by -buildid", values),
            Kind::VariableValue(name, [a, b]) => {
                let name = name.as_deref().unwrap_or("a variable without a symbol");
                format!("{name} is {a:?} and {b:?}, as by -X")
            }
            Kind::LinkerFlags([a, b]) => {
                let words = |flags: &str| match flags {
                    "" => "none".to_owned(),
                    flags => flags.to_owned(),
                };
                format!("other linker flags: {} and {}", words(a), words(b))
            }
            Kind::Godebug(values) => {
                let [a, b] = only_in_each(values);
                format!("other defaults of GODEBUG: {a} and {b}")
            }
            Kind::OtherDirectory(places) => directories(places),
            Kind::Setting(name, values) => two(&format!("other setting {name}"), values),
            Kind::SourceChanged => "other source code".to_owned(),
            Kind::DebugInfoOnly => "debug information only".to_owned(),
            Kind::NoTrace => {
                "an input of the build that left no trace but in the build ID".to_owned()
            }
            Kind::Unexplained => "no known cause".to_owned(),
            Kind::Unread => "not compared as Go binaries".to_owned(),
        }
    }
}

/// Of two lists with commas, what the other one has not.
fn only_in_each(lists: &[Option<String>; 2]) -> [String; 2] {
    let items = |list: &Option<String>| -> Vec<String> {
        let list = list.as_deref().unwrap_or_default();
        list.split(',').map(str::to_owned).collect()
    };
    let [a, b] = lists.each_ref().map(items);
    let only = |one: &[String], other: &[String]| {
        let only = one.iter().filter(|item| !other.contains(item));
        let only: Vec<&str> = only.map(String::as_str).collect();
        or_none(Some(&only.join(",")))
    };
    [only(&a, &b), only(&b, &a)]
}

fn directories(places: &[(Place, [String; 2])]) -> String {
    // The checkout says most.
    let first = places.last();
    first.map_or(String::new(), |(place, [a, b])| {
        format!("built in another directory ({}): {a} and {b}", place.name())
    })
}

/// Other patch release, other minor release, or neither to be told.
fn release(a: &str, b: &str) -> &'static str {
    let minor = |version: &str| -> Option<String> {
        let mut parts = version.strip_prefix("go")?.split(['.', ' ', '-']);
        Some(format!("{}.{}", parts.next()?, parts.next()?))
    };
    match (minor(a), minor(b)) {
        (Some(a), Some(b)) if a == b => "other patch release",
        (Some(_), Some(_)) => "other minor release",
        _ => "other version",
    }
}

fn word(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

fn used(on: bool) -> &'static str {
    if on { "used" } else { "not used" }
}

fn stamp(on: bool) -> &'static str {
    if on { "stamped" } else { "not stamped" }
}

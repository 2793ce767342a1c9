//! The modules of a subject as the database knows them, and which of them a package belongs to.

use crate::subject::{Module, Subject};
use crate::version::{GoVersion, ModuleVersion, Position};
use goassay_binary::gap::{Gap, Topic};
use goassay_binary::paths::Paths;
use std::collections::{HashMap, HashSet};

/// The database's name for the standard library.
pub(super) const STDLIB: &str = "stdlib";
/// The database's name for the Go commands.
pub(super) const TOOLCHAIN: &str = "toolchain";
/// Most versions of one module that are looked up. A build has one; a hostile file could name a million.
const MOST_VERSIONS: usize = 16;

/// A module to look up.
#[derive(Debug)]
pub(super) struct Wanted<'s> {
    /// Path under which its packages are imported; empty for Go itself.
    pub(super) import_path: &'s str,
    /// Path under which the database is asked.
    pub(super) path: &'s str,
    /// Recorded version.
    pub(super) version: &'s str,
    /// What it replaces.
    pub(super) replaces: Option<(&'s str, &'s str)>,
    /// Where the version stands.
    pub(super) position: Position,
    /// A tagged version: neither a pseudo-version nor unknown.
    pub(super) tagged: bool,
    /// What weakens the match, for every finding in it.
    pub(super) reasons: Vec<String>,
}

impl Wanted<'_> {
    /// Whether it is Go itself.
    pub(super) fn is_go(&self) -> bool {
        self.import_path.is_empty()
    }
}

/// The modules of a subject.
#[derive(Debug)]
pub(super) struct Modules<'s> {
    /// Those to look up, without repetition.
    pub(super) wanted: Vec<Wanted<'s>>,
    /// Indexes into `wanted` by import path. A module that is not looked up still owns its packages.
    by_path: Paths<'s, Vec<usize>>,
    /// How many of each database path are in `wanted`.
    versions: HashMap<&'s str, usize>,
    /// Import path, database path and version of what is in `wanted`.
    seen: HashSet<(&'s str, &'s str, &'s str)>,
    /// What could not be looked up.
    pub(super) gaps: Vec<Gap>,
    stdlib: Vec<usize>,
    toolchain: Option<Vec<usize>>,
    main_package: Option<&'s str>,
}

impl<'s> Modules<'s> {
    pub(super) fn of(subject: &Subject<'s>) -> Modules<'s> {
        let mut modules = Modules {
            wanted: Vec::new(),
            by_path: Paths::default(),
            versions: HashMap::new(),
            seen: HashSet::new(),
            gaps: Vec::new(),
            stdlib: Vec::new(),
            toolchain: None,
            main_package: subject.main_package,
        };
        for module in subject.modules.iter().chain(&subject.main) {
            modules.add(module);
        }
        let is_go_command = subject.main_package.is_some_and(is_command);
        if let Some(version) = go_version(subject) {
            modules.stdlib = vec![modules.add_go(STDLIB, version)];
            modules.toolchain = is_go_command.then(|| vec![modules.add_go(TOOLCHAIN, version)]);
        } else {
            modules.toolchain = is_go_command.then(Vec::new);
        }
        modules
    }

    fn add(&mut self, module: &Module<'s>) {
        let wanted = wanted(module);
        let owners = self.by_path.entry(module.path).get_or_insert_default();
        // A module that happens to be called like the database's names for Go is not Go.
        let is_go = [STDLIB, TOOLCHAIN].contains(&wanted.path);
        let identity = (module.path, wanted.path, wanted.version);
        if module.path.is_empty() || is_go || !self.seen.insert(identity) {
            return;
        }
        let versions = self.versions.entry(wanted.path).or_default();
        *versions += 1;
        if *versions <= MOST_VERSIONS {
            owners.push(self.wanted.len());
            self.wanted.push(wanted);
        } else if *versions == MOST_VERSIONS + 1 {
            let reason = format!(
                "it names more than {MOST_VERSIONS} versions of {}: the others were not looked up",
                wanted.path
            );
            self.gaps.push(Gap::new(Topic::BuildInfo, reason));
        }
    }

    fn add_go(&mut self, path: &'static str, version: &'s str) -> usize {
        let parsed = GoVersion::parse(version);
        let reasons = parsed.vendor.map(|vendor| {
            format!("the toolchain carries a vendor's mark ({vendor}): the vendor may have fixed this, which is not proven")
        });
        let tagged = matches!(parsed.position, Position::At(_));
        let (position, reasons) = (parsed.position, reasons.into_iter().collect());
        self.wanted.push(Wanted {
            import_path: "",
            path,
            version,
            replaces: None,
            position,
            tagged,
            reasons,
        });
        self.wanted.len() - 1
    }

    /// The modules that a package (unescaped import path) belongs to, and the path that they know it by. As a rule it is
    /// one module; more where build information names a path twice, none where it is not looked up. `None` where the
    /// build information names no module that it could be from.
    pub(super) fn owners<'p>(&self, package: &'p str) -> Option<(&[usize], &'p str)> {
        if let (Some(toolchain), true) = (&self.toolchain, is_command(package)) {
            let vendored = package.strip_prefix("cmd/vendor/");
            let owned =
                vendored.and_then(|path| Some((&self.by_path.by_longest_prefix(path)?[..], path)));
            return Some(owned.unwrap_or((toolchain, package)));
        }
        let owned = |path| Some((&self.by_path.by_longest_prefix(path)?[..], package));
        // The external tests of a package are of its module: that of a module's root is no element deeper.
        let tested = || owned(package.strip_suffix("_test")?);
        let unowned = || {
            if Some(package) == self.main_package {
                Some((&[][..], package))
            } else {
                is_standard(package).then_some((&self.stdlib[..], package))
            }
        };
        owned(package).or_else(unowned).or_else(tested)
    }
}

/// The Go version, unless none is recorded.
pub(super) fn go_version<'s>(subject: &Subject<'s>) -> Option<&'s str> {
    subject
        .go_version
        .filter(|version| !version.trim().is_empty())
}

fn is_command(package: &str) -> bool {
    package == "cmd" || package.starts_with("cmd/")
}

/// Standard packages have no dot in their first element. (Modules of the build information come before this rule.)
fn is_standard(package: &str) -> bool {
    package
        .split('/')
        .next()
        .is_some_and(|first| !first.is_empty() && !first.contains('.'))
}

fn wanted<'s>(module: &Module<'s>) -> Wanted<'s> {
    let (path, version, replaces) = match module.replace {
        // A directory has no version: what it holds cannot be told, so the original's advisories stay, undecided.
        Some((directory, version)) if is_directory(directory, version) => {
            return in_directory(module, directory);
        }
        Some((path, version)) => (path, version, Some((module.path, module.version))),
        None => (module.path, module.version, None),
    };
    let parsed = ModuleVersion::parse(version);
    let modified = parsed.modified.then(|| {
        format!(
            "built from a modified tree ({version}): the code may differ from what the version says"
        )
    });
    Wanted {
        import_path: module.path,
        path,
        version,
        replaces,
        tagged: matches!(parsed.position, Position::At(_)) && !parsed.pseudo,
        position: parsed.position,
        reasons: modified.into_iter().collect(),
    }
}

/// Whether a replacement is a directory: the go command writes `(devel)` where it has no version to write.
fn is_directory(path: &str, version: &str) -> bool {
    matches!(version, "" | "(devel)") || path.starts_with(['.', '/', '\\'])
}

fn in_directory<'s>(module: &Module<'s>, directory: &str) -> Wanted<'s> {
    Wanted {
        import_path: module.path,
        path: module.path,
        version: module.version,
        replaces: None,
        position: Position::Unknown(format!("it is replaced by a local directory ({directory})")),
        tagged: false,
        reasons: Vec::new(),
    }
}

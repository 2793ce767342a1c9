//! The modules of a subject as the database knows them, and which of them a package belongs to.

use crate::subject::{Module, Subject};
use crate::version::{GoVersion, ModuleVersion, Position};
use std::collections::HashMap;

/// The database's name for the standard library.
pub(super) const STDLIB: &str = "stdlib";
/// The database's name for the Go commands.
pub(super) const TOOLCHAIN: &str = "toolchain";

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
    by_path: HashMap<&'s str, Vec<usize>>,
    stdlib: Vec<usize>,
    toolchain: Option<Vec<usize>>,
    main_package: Option<&'s str>,
}

impl<'s> Modules<'s> {
    pub(super) fn of(subject: &Subject<'s>) -> Modules<'s> {
        let mut modules = Modules {
            wanted: Vec::new(),
            by_path: HashMap::new(),
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
        let owners = self.by_path.entry(module.path).or_default();
        // A module that happens to be called like the database's names for Go is not Go.
        let is_go = [STDLIB, TOOLCHAIN].contains(&wanted.path);
        let known = |index: &usize| {
            let other = &self.wanted[*index];
            (other.path, other.version, other.replaces)
                == (wanted.path, wanted.version, wanted.replaces)
        };
        if module.path.is_empty() || is_go || owners.iter().any(known) {
            return;
        }
        owners.push(self.wanted.len());
        self.wanted.push(wanted);
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
    /// one module; more where build information names a path twice, none where it is not known.
    pub(super) fn owners<'p>(&self, package: &'p str) -> (&[usize], &'p str) {
        if let (Some(toolchain), true) = (&self.toolchain, is_command(package)) {
            let vendored = package.strip_prefix("cmd/vendor/");
            let owned = vendored.and_then(|path| Some((self.by_longest_prefix(path)?, path)));
            return owned.unwrap_or((toolchain, package));
        }
        match self.by_longest_prefix(package) {
            Some(owners) => (owners, package),
            None if is_standard(package) && Some(package) != self.main_package => {
                (&self.stdlib, package)
            }
            None => (&[], package),
        }
    }

    fn by_longest_prefix(&self, package: &str) -> Option<&[usize]> {
        let mut path = package;
        loop {
            if let Some(owners) = self.by_path.get(path) {
                return Some(owners);
            }
            path = path.rsplit_once('/')?.0;
        }
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
        Some((directory, "")) => return in_directory(module, directory),
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

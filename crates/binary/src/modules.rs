//! Which module a package belongs to, by the build information alone.
//!
//! It is here and not with the matching of advisories because it needs nothing but the binary: sizes, lists of packages and
//! facts for audits all ask for it. What a database calls a module is another question, which `vuln` answers.

use crate::buildinfo::BuildInfo;
use crate::paths::Paths;

/// A module of the build information, or Go's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// Module path (hostile); `std` and `cmd` for Go's own.
    pub path: String,
    /// Version as recorded (hostile); Go's version for its own modules; may be empty.
    pub version: String,
}

/// The modules of a binary. Go's own are `std` and `cmd`.
#[derive(Debug)]
pub struct Modules<'a> {
    list: Vec<Module>,
    by_path: Paths<'a, u32>,
    main_package: Option<&'a str>,
    standard: u32,
    commands: u32,
}

impl<'a> Modules<'a> {
    /// The modules that the build information names; only Go's own where there is none.
    pub fn of(info: Option<&BuildInfo<'a>>) -> Modules<'a> {
        let go_version = info.map(|info| info.go_version).unwrap_or_default();
        let mut modules = Modules {
            list: Vec::new(),
            by_path: Paths::default(),
            main_package: info.and_then(|info| info.path),
            standard: 0,
            commands: 0,
        };
        modules.standard = modules.add("std", go_version);
        modules.commands = modules.add("cmd", go_version);
        let named = info
            .into_iter()
            .flat_map(|info| info.main.iter().chain(&info.deps));
        for module in named.filter(|module| !module.path.is_empty()) {
            let next = u32::try_from(modules.list.len()).unwrap_or(u32::MAX);
            let index = *modules.by_path.entry(module.path).get_or_insert(next);
            if index == next {
                modules.add(module.path, module.version);
            }
        }
        modules
    }

    fn add(&mut self, path: &str, version: &str) -> u32 {
        self.list.push(Module {
            path: path.to_owned(),
            version: version.to_owned(),
        });
        u32::try_from(self.list.len() - 1).unwrap_or(u32::MAX)
    }

    /// All modules: Go's own first, then the main module and its dependencies.
    pub fn list(&self) -> &[Module] {
        &self.list
    }

    /// The module that owns a package (unescaped import path): index into [`Modules::list`].
    ///
    /// The longest module path counts; external tests (`p_test`) go with their package; what has no dot in its first
    /// element is Go's own. `None` where no module that is named could have it.
    pub fn owner(&self, package: &str) -> Option<u32> {
        let package = match package {
            "main" => self.main_package.unwrap_or(package),
            _ => package,
        };
        let owned = |path| self.by_path.by_longest_prefix(path).copied();
        let tested = || owned(package.strip_suffix("_test")?);
        owned(package).or_else(|| self.go(package)).or_else(tested)
    }

    fn go(&self, package: &str) -> Option<u32> {
        let first = package.split('/').next().unwrap_or_default();
        match first {
            "" | "main" | "command-line-arguments" => None,
            _ if first.contains('.') => None,
            "cmd" => Some(self.commands),
            _ => Some(self.standard),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buildinfo;

    #[test]
    fn the_longest_path_counts_and_the_rest_is_go() {
        let module = |path| buildinfo::Module {
            path,
            version: "v1.0.0",
            ..buildinfo::Module::default()
        };
        let info = BuildInfo {
            go_version: "go1.27.4",
            path: Some("a.b/c/cmd/x"),
            main: Some(module("a.b/c")),
            deps: vec![module("a.b/c/d/v2"), module("short")],
            ..BuildInfo::default()
        };
        let modules = Modules::of(Some(&info));
        let path = |package| {
            let owner = modules.owner(package)? as usize;
            Some(modules.list()[owner].path.as_str())
        };
        for (package, owner) in [
            ("a.b/c", Some("a.b/c")),
            ("a.b/c_test", Some("a.b/c")),
            ("a.b/c/d", Some("a.b/c")),
            ("a.b/c/d/v2/e", Some("a.b/c/d/v2")),
            ("a.b/cd", None),
            ("main", Some("a.b/c")),
            ("short/x", Some("short")),
            ("net/http", Some("std")),
            ("vendor/golang.org/x/net", Some("std")),
            ("cmd/go", Some("cmd")),
            ("", None),
        ] {
            assert_eq!(path(package), owner, "{package}");
        }
        assert_eq!(Modules::of(None).owner("main"), None);
    }
}

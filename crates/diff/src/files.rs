//! Source files, and the builder's folders that their absolute names begin with.

use crate::differences::{Files, Roots};
use crate::listed::text;
use crate::side::Side;
use goassay_binary::Binary;
use goassay_binary::buildinfo::BuildInfo;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Longest name of a file that is looked at, in bytes.
const LONGEST: usize = 4096;

pub(crate) fn compare(binaries: &[&Binary<'_>; 2], sides: &[Side<'_>; 2]) -> Files {
    let names = binaries.map(names);
    let roots = [0, 1].map(|side| roots(binaries[side], &sides[side], &names[side]));
    let [one, other] = [0, 1].map(|side| {
        let module = binaries[side].build_info().ok().and_then(main_module);
        without_roots(&names[side], &roots[side], module.unwrap_or_default())
    });
    let mut found = Files {
        counts: names.each_ref().map(|names| names.len() as u64),
        ..Files::default()
    };
    for name in one.difference(&other) {
        found.removed.push(|| text(name.as_bytes()));
    }
    for name in other.difference(&one) {
        found.added.push(|| text(name.as_bytes()));
    }
    found.roots = roots;
    found
}

fn main_module<'a>(info: &BuildInfo<'a>) -> Option<&'a str> {
    info.main.as_ref().map(|main| main.path)
}

fn names<'a>(binary: &Binary<'a>) -> Vec<&'a str> {
    let table = binary.pclntab().map_or(&[][..], |table| table.file_table());
    let names = table
        .split(|&byte| byte == 0)
        .filter(|name| !name.is_empty());
    let names = names.filter(|name| name.len() <= LONGEST);
    names
        .filter_map(|name| std::str::from_utf8(name).ok())
        .collect()
}

/// A path that begins at a root or with a drive.
fn is_absolute(path: &str) -> bool {
    let drive = path.as_bytes().get(1) == Some(&b':')
        && path.starts_with(|c: char| c.is_ascii_alphabetic())
        && matches!(path.as_bytes().get(2), Some(b'/' | b'\\'));
    path.starts_with('/') || drive
}

fn roots(binary: &Binary<'_>, side: &Side<'_>, names: &[&str]) -> Roots {
    let goroot = names.iter().find_map(|name| {
        let root = name.strip_suffix("/src/runtime/proc.go")?;
        is_absolute(root).then_some(root)
    });
    let Ok(info) = binary.build_info() else {
        return Roots {
            goroot: goroot.map(str::to_owned),
            ..Roots::default()
        };
    };
    let below_goroot = |name: &str| goroot.is_some_and(|root| below(name, root).is_some());
    let outside = names
        .iter()
        .filter(|name| is_absolute(name) && !below_goroot(name));
    Roots {
        goroot: goroot.map(str::to_owned),
        modules: module_cache(info, outside.copied()),
        checkout: checkout(info, side),
    }
}

/// What is behind a folder in a path.
fn below<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    path.strip_prefix(folder)?.strip_prefix('/')
}

/// The folder before `/module@version/` of a dependency, or of a main module that was downloaded.
fn module_cache<'a>(info: &BuildInfo<'_>, names: impl Iterator<Item = &'a str>) -> Option<String> {
    /// Files for which all dependencies are tried.
    const MOST: usize = 50;
    let modules: Vec<String> = info
        .main
        .iter()
        .chain(&info.deps)
        .map(|module| module.replace.as_deref().unwrap_or(module))
        .map(|module| format!("/{}@{}/", escape(module.path), escape(module.version)))
        .collect();
    let candidates = names.filter(|name| name.contains('@')).take(MOST);
    let mut candidates = candidates.flat_map(|name| {
        let at = modules
            .iter()
            .filter_map(move |module| name.find(module.as_str()));
        at.filter_map(move |at| name.get(..at))
    });
    candidates.next().map(str::to_owned)
}

/// Capital letters as the module cache writes them.
fn escape(path: &str) -> Cow<'_, str> {
    if !path.contains(|c: char| c.is_ascii_uppercase()) {
        return Cow::Borrowed(path);
    }
    let escaped = path.chars().flat_map(|c| {
        let mark = c.is_ascii_uppercase().then_some('!');
        mark.into_iter().chain([c.to_ascii_lowercase()])
    });
    Cow::Owned(escaped.collect())
}

/// The folder of the main module: that of `main.main`, less the package's path within the module.
fn checkout(info: &BuildInfo<'_>, side: &Side<'_>) -> Option<String> {
    let main = side.functions.iter().find(|f| f.name == b"main.main")?;
    let file = std::str::from_utf8(main.file?).ok()?;
    let folder = file.rsplit_once(['/', '\\'])?.0;
    if !is_absolute(file) || folder.contains('@') {
        return None;
    }
    let package = info.path.zip(main_module(info));
    let within = package.and_then(|(path, module)| below(path, module));
    let root = within.and_then(|within| folder.strip_suffix(within)?.strip_suffix('/'));
    Some(root.unwrap_or(folder).to_owned())
}

/// Names as `-trimpath` would write them, so that only what was compiled differs.
fn without_roots<'a>(
    names: &[&'a str],
    roots: &Roots,
    main_module: &str,
) -> BTreeSet<Cow<'a, str>> {
    let goroot = roots.goroot.as_ref().map(|root| format!("{root}/src"));
    let trim = |name: &&'a str| -> Cow<'a, str> {
        let under = |root: Option<&String>| below(name, root?);
        if let Some(rest) = under(goroot.as_ref()).or_else(|| under(roots.modules.as_ref())) {
            return Cow::Borrowed(rest);
        }
        match under(roots.checkout.as_ref()) {
            Some(rest) => Cow::Owned(format!("{main_module}/{rest}")),
            None => Cow::Borrowed(*name),
        }
    };
    let names = names.iter().filter(|name| !name.contains("go-build"));
    names.map(trim).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_taken_away_as_trimpath_does() {
        let roots = Roots {
            goroot: Some("/usr/local/go".into()),
            modules: Some("/home/eve/go/pkg/mod".into()),
            checkout: Some("/home/eve/x".into()),
        };
        let names = [
            "/usr/local/go/src/fmt/print.go",
            "/home/eve/go/pkg/mod/a.b/c@v1.0.0/c.go",
            "/home/eve/x/cmd/y/main.go",
            "<autogenerated>",
        ];
        let trimmed: Vec<_> = without_roots(&names, &roots, "a.b/x").into_iter().collect();
        assert_eq!(
            trimmed,
            [
                "<autogenerated>",
                "a.b/c@v1.0.0/c.go",
                "a.b/x/cmd/y/main.go",
                "fmt/print.go"
            ]
        );
    }

    #[test]
    fn capital_letters_are_escaped() {
        assert_eq!(
            escape("github.com/BurntSushi/toml"),
            "github.com/!burnt!sushi/toml"
        );
    }
}

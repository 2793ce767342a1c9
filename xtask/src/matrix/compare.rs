//! Our set of (advisory, package, symbol) against the reference's, and the reasons for what differs.
//!
//! Every reason is checked on facts that are not ours: on the list of functions that govulncheck itself extracts from the
//! unstripped binary, and on the modules of the build info. What fits no reason is unexplained, and a row with
//! something unexplained fails.

use super::name::{Name, is_exported};
use crate::reference::Triple;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that govulncheck says about the unstripped twin.
#[derive(Debug, Clone, Default)]
pub(super) struct Reference {
    /// Its findings at symbol level.
    pub(super) findings: BTreeSet<Triple>,
    /// Package and name of all functions, as it extracts them.
    pub(super) extract: BTreeSet<(String, String)>,
    /// Paths of the modules in the build info, the main module included.
    pub(super) modules: BTreeSet<String>,
    /// Those of them for which the database has any entry: the only ones that it attributes packages to.
    pub(super) known_modules: BTreeSet<String>,
}

/// Why a symbol is in one set and not in the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) enum Class {
    /// Ours only: the reference lists no unexported symbols where it lists an exported one of the same package.
    Unexported,
    /// Ours only: an inlined function of a `go.*` package, of which the reference loses the package.
    GoDotInlined,
    /// Ours only: there only as an instantiation.
    Generic,
    /// Ours only: there only as code written inside it.
    Closure,
    /// Ours only: there only as a wrapper.
    Wrapper,
    /// Either: the reference takes the package for one of another module.
    WrongModule,
    /// The reference only: code that the compiler made up.
    CompilerMade,
}

impl Class {
    /// Short name for the table.
    pub(super) fn name(self) -> &'static str {
        match self {
            Class::Unexported => "unexported",
            Class::GoDotInlined => "go.* inlined",
            Class::Generic => "generic",
            Class::Closure => "closure",
            Class::Wrapper => "wrapper",
            Class::WrongModule => "wrong module",
            Class::CompilerMade => "compiler-made",
        }
    }
}

/// The outcome of one comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Comparison {
    /// Reference findings that ours has too.
    pub(super) shared: usize,
    /// How many differences each reason explains.
    pub(super) explained: BTreeMap<Class, usize>,
    /// Reference findings that ours does not have.
    pub(super) missing: Vec<String>,
    /// Ours that the reference does not have, without a reason.
    pub(super) unexplained: Vec<String>,
}

impl Comparison {
    /// Nothing missing, nothing unexplained.
    pub(super) fn is_good(&self) -> bool {
        self.missing.is_empty() && self.unexplained.is_empty()
    }
}

/// Compares our findings with the reference's.
pub(super) fn compare(ours: &BTreeSet<Triple>, reference: &Reference) -> Comparison {
    let mut result = Comparison::default();
    let mut covered = BTreeSet::new();
    for theirs in &reference.findings {
        let (package, name) = Name::parse_in(&theirs.package, &theirs.symbol);
        let same: Vec<&Triple> = ours
            .iter()
            .filter(|t| t.id == theirs.id && t.package == package && name.covers(&t.symbol))
            .collect();
        if !same.is_empty() {
            result.shared += 1;
            covered.extend(same);
        } else if let Some(class) = excuse(theirs, &name, reference) {
            *result.explained.entry(class).or_default() += 1;
        } else {
            result.missing.push(shown(theirs));
        }
    }
    for extra in ours.iter().filter(|t| !covered.contains(t)) {
        match reason(extra, reference) {
            Some(class) => *result.explained.entry(class).or_default() += 1,
            None => result.unexplained.push(shown(extra)),
        }
    }
    result
}

fn shown(triple: &Triple) -> String {
    format!("{} {} {}", triple.id, triple.package, triple.symbol)
}

/// Why the reference may list what we do not.
fn excuse(theirs: &Triple, name: &Name, reference: &Reference) -> Option<Class> {
    if *name == Name::CompilerMade {
        return Some(Class::CompilerMade);
    }
    reference
        .attributes_wrongly(&theirs.package)
        .then_some(Class::WrongModule)
}

/// Why we may list what the reference does not.
fn reason(extra: &Triple, reference: &Reference) -> Option<Class> {
    if reference
        .extract
        .contains(&(extra.package.clone(), extra.symbol.clone()))
    {
        // It saw the function itself.
        if !is_exported(&extra.symbol) && reference.lists_exported(extra) {
            return Some(Class::Unexported);
        }
        return reference
            .attributes_wrongly(&extra.package)
            .then_some(Class::WrongModule);
    }
    if let Some(class) = reference.form(extra) {
        return Some(class);
    }
    // An inlined call of which only the bare name is left: `AppendHeader` of `go.mongodb.org/….AppendHeader`.
    let bare = extra.package.starts_with("go.")
        && reference
            .extract
            .contains(&(String::new(), extra.symbol.clone()));
    bare.then_some(Class::GoDotInlined)
}

impl Reference {
    /// Whether it lists an exported symbol of the same advisory and package.
    fn lists_exported(&self, triple: &Triple) -> bool {
        self.findings
            .iter()
            .any(|t| t.id == triple.id && t.package == triple.package && is_exported(&t.symbol))
    }

    /// The form in which it extracted the function, where that is not the function itself.
    fn form(&self, triple: &Triple) -> Option<Class> {
        let packages = [triple.package.as_str(), "main"];
        let forms: BTreeSet<Class> = self
            .extract
            .iter()
            .filter(|(package, name)| {
                packages.contains(&package.as_str()) && Name::parse(name).covers(&triple.symbol)
            })
            .map(|(_, name)| form(name))
            .collect();
        forms.into_iter().next()
    }

    /// Whether its search for a package's module (the longest module path that is a string prefix, among modules with
    /// any advisory) finds another module than the one the package is of (the longest that is a prefix by components,
    /// among all).
    fn attributes_wrongly(&self, package: &str) -> bool {
        let longest = |modules: &BTreeSet<String>, owns: fn(&str, &str) -> bool| {
            modules
                .iter()
                .filter(|m| owns(m, package))
                .max_by_key(|m| m.len())
                .cloned()
        };
        let theirs = longest(&self.known_modules, |module, package| {
            package.starts_with(module)
        });
        let real = longest(&self.modules, |module, package| {
            package
                .strip_prefix(module)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        theirs != real
    }
}

fn form(name: &str) -> Class {
    if name.ends_with("-fm") {
        Class::Wrapper
    } else if name.contains('[') && !name.contains(".func") {
        Class::Generic
    } else {
        Class::Closure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn triple(id: &str, package: &str, symbol: &str) -> Triple {
        Triple {
            id: id.into(),
            package: package.into(),
            symbol: symbol.into(),
        }
    }

    fn set(items: &[(&str, &str)]) -> BTreeSet<(String, String)> {
        items
            .iter()
            .map(|(a, b)| ((*a).into(), (*b).into()))
            .collect()
    }

    fn words(items: &[&str]) -> BTreeSet<String> {
        items.iter().map(|s| (*s).into()).collect()
    }

    #[test]
    fn a_finding_of_the_reference_that_we_lack_is_missing() {
        let theirs = Reference {
            findings: [triple("GO-1", "m/p", "T).m")].into(),
            ..Reference::default()
        };
        assert_eq!(
            compare(&[triple("GO-1", "m/p", "T.m")].into(), &theirs).shared,
            1
        );
        assert_eq!(
            compare(&[triple("GO-2", "m/p", "T.m")].into(), &theirs).missing,
            ["GO-1 m/p T).m"]
        );
        assert_eq!(
            compare(&[triple("GO-1", "m/p", "T")].into(), &theirs)
                .missing
                .len(),
            1
        );
    }

    #[test]
    fn an_extra_is_explained_only_by_what_the_reference_extracted() {
        let theirs = Reference {
            findings: [triple("GO-1", "m/p", "Parse")].into(),
            extract: set(&[
                ("m/p", "Parse"),
                ("m/p", "parse"),
                ("m/p", "Sum[...]"),
                ("m/p", "Walk.func1"),
                ("m/p", "T.m-fm"),
                ("", "AppendHeader"),
                ("m/p", "Seen"),
            ]),
            modules: words(&["m"]),
            known_modules: words(&["m"]),
        };
        let class = |package: &str, symbol: &str| reason(&triple("GO-1", package, symbol), &theirs);
        assert_eq!(class("m/p", "parse"), Some(Class::Unexported));
        assert_eq!(class("m/p", "Sum"), Some(Class::Generic));
        assert_eq!(class("m/p", "Walk"), Some(Class::Closure));
        assert_eq!(class("m/p", "T.m"), Some(Class::Wrapper));
        assert_eq!(
            class("go.x.org/bson", "AppendHeader"),
            Some(Class::GoDotInlined)
        );
        assert_eq!(class("m/p", "AppendHeader"), None);
        assert_eq!(
            class("m/p", "Seen"),
            None,
            "it saw the function and did not list it"
        );
        assert_eq!(class("m/p", "Unseen"), None);
    }

    #[test]
    fn unexported_symbols_are_no_excuse_where_no_exported_one_is_listed() {
        let theirs = Reference {
            findings: [triple("GO-2", "m/p", "Parse")].into(),
            extract: set(&[("m/p", "parse")]),
            modules: words(&["m"]),
            known_modules: words(&["m"]),
        };
        assert_eq!(reason(&triple("GO-1", "m/p", "parse"), &theirs), None);
    }

    #[test]
    fn a_package_is_attributed_wrongly_where_the_prefix_ends_inside_a_component_or_the_nested_module_has_no_advisory()
     {
        let theirs = Reference {
            modules: words(&["a.b/net", "a.b/network", "a.b/c", "a.b/c/nested"]),
            known_modules: words(&["a.b/net", "a.b/c"]),
            ..Reference::default()
        };
        assert!(theirs.attributes_wrongly("a.b/network/x"));
        assert!(theirs.attributes_wrongly("a.b/c/nested/x"));
        assert!(!theirs.attributes_wrongly("a.b/c/other"));
        assert!(!theirs.attributes_wrongly("a.b/net/x"));
    }
}

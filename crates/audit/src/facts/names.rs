//! What the names of all functions say, gathered in one pass over the function name table.

use goassay_binary::gap::{Fact, Gap};
use goassay_binary::{Binary, Places};
use goassay_vuln::name;
use std::collections::BTreeSet;
use std::ops::Bound;

/// What the names say. The table has every function that is in the binary, emitted or inlined.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Number of names.
    pub count: usize,
    /// Import paths of the packages that have a function, unescaped and sorted (hostile); at most [`MOST_PACKAGES`].
    pub packages: BTreeSet<String>,
    /// Marks of C code: names that cgo makes (`_cgo_…`, `_Cfunc_…`, `_cgoexp_…`), at most [`MOST_MARKS`].
    pub cgo: Vec<String>,
    /// How many there are.
    pub cgo_count: usize,
    /// Packages with a function that calls C (`net._C2func_getaddrinfo`), unescaped and sorted.
    pub c_callers: BTreeSet<String>,
    /// `crypto/internal/boring/sig.BoringCrypto`: the BoringCrypto module is used.
    pub boring_signature: bool,
    /// `crypto/internal/boring/sig.FIPSOnly`: package `crypto/tls/fipsonly` is linked.
    pub fips_only_signature: bool,
    /// `main.main` is there.
    pub main: bool,
}

/// Packages that are kept; the largest real programs have some ten thousand.
pub const MOST_PACKAGES: usize = 100_000;
/// Names of C code that are kept as evidence.
pub const MOST_MARKS: usize = 5;
/// Longest import path that is kept, in bytes.
const LONGEST_PATH: usize = 1024;

impl Names {
    /// Whether a function of the package is there.
    pub fn has_package(&self, path: &str) -> bool {
        self.packages.contains(path)
    }

    /// The packages whose path begins with `prefix`.
    pub fn packages_below<'s>(&'s self, prefix: &'s str) -> impl Iterator<Item = &'s str> {
        let from = self
            .packages
            .range::<str, _>((Bound::Included(prefix), Bound::Unbounded));
        from.map(String::as_str)
            .take_while(move |path| path.starts_with(prefix))
    }
}

/// Reads the names.
///
/// # Errors
/// Where there is no function name table, or it is not consistent with the functions.
pub fn read(binary: &Binary<'_>) -> Fact<Names> {
    let table = binary.pclntab().map_err(Clone::clone)?;
    let gaps = binary.occurrences(&[], Places::First, &mut |_| ());
    if let Some(gap) = gaps.into_iter().find(concerns_names) {
        return Err(gap);
    }
    let mut names = Names::default();
    let mut last: &[u8] = &[];
    for (_, bytes) in table.names() {
        names.count += 1;
        let Ok(text) = std::str::from_utf8(bytes) else {
            continue;
        };
        names.note(text);
        let Some((package, _)) = name::split(text) else {
            continue;
        };
        // Names of one package lie together: most often there is nothing new.
        if package.as_bytes() != last && package.len() <= LONGEST_PATH {
            last = package.as_bytes();
            if names.packages.len() < MOST_PACKAGES {
                names.packages.insert(name::unescape(package).into_owned());
            }
        }
    }
    Ok(names)
}

fn concerns_names(gap: &Gap) -> bool {
    use goassay_binary::gap::Topic;
    matches!(gap.topic, Topic::Symbols | Topic::Functions)
}

impl Names {
    fn note(&mut self, name: &str) {
        match name {
            "crypto/internal/boring/sig.BoringCrypto" => self.boring_signature = true,
            "crypto/internal/boring/sig.FIPSOnly" => self.fips_only_signature = true,
            "main.main" => self.main = true,
            _ => {}
        }
        if !is_cgo(name) {
            return;
        }
        self.cgo_count += 1;
        if self.cgo.len() < MOST_MARKS && name.len() <= LONGEST_PATH {
            self.cgo.push(name.to_owned());
        }
        if let Some((package, rest)) = name::split(name)
            && (rest.starts_with("_Cfunc_") || rest.starts_with("_C2func_"))
            && package.len() <= LONGEST_PATH
            && self.c_callers.len() < MOST_PACKAGES
        {
            self.c_callers.insert(name::unescape(package).into_owned());
        }
    }
}

/// Whether cgo made the function. `runtime.cgocall` and its kin are in pure Go programs too, and so are functions
/// `net._C_getaddrinfo` on systems that are called through their libraries.
fn is_cgo(name: &str) -> bool {
    const MADE: [&str; 4] = ["_cgo_", "_Cfunc_", "_C2func_", "_cgoexp_"];
    let bare = name::split(name).map_or(name, |(_, rest)| rest);
    // The bridge between both worlds, in assembly; linked with `runtime/cgo` only.
    name == "crosscall2" || MADE.iter().any(|prefix| bare.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cgo_is_told_by_what_it_made() {
        for name in [
            "_cgoexp_c50998db956c_Inspect",
            "crosscall2",
            "net._C2func_getaddrinfo",
            "main._Cfunc_twice",
            "_cgo_topofstack",
        ] {
            assert!(is_cgo(name), "{name}");
        }
        for name in [
            "runtime.cgocall",
            "net._C_getaddrinfo",
            "runtime.cgocallback",
            "main.my_cgo_",
            "a.b/_cgo_x.F",
        ] {
            assert!(!is_cgo(name), "{name}");
        }
    }
}

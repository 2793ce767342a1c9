//! Names of functions as govulncheck writes them, brought to the database's names.
//!
//! govulncheck v1.8.0 cuts linker names with rules that do not know closures of methods and type arguments, and then
//! cuts the result at each dot and keeps the first two parts as receiver and function. What comes out:
//!
//! | linker name | receiver, function | stands for |
//! | --- | --- | --- |
//! | `(*T).m.func1` | `T)`, `m` | `T.m` |
//! | `T.m.func1` | `T`, `m` | `T.m` |
//! | `F.func1.2` | `F`, `func1` | `F` |
//! | `F.(*T).m.func1` (`m` inlined into `F`) | `F`, `(*T)` | `F` |
//! | `init.0`, `init.0.func1` | `init`, `0` | `init` |
//! | `glob..func1` | `glob`, empty | a closure at package level |
//! | `map.init.0` | `map`, `init` | code that the compiler made up: no function |
//! | `Sum[...]`, `Sum[...].func1` | `Sum[`, empty | `Sum`, or a method of it: the rest is lost |
//! | `List[a/b.T].Push` | `List[a/b`, `T]` | a method of `List`: the name is lost |
//! | `p.(*T).a/b.m` (unexported `m` of an embedded type of package `a/b`) | package `p.(*T).a/b`, `m` | a method of `T` in `p`: the name is lost |
//! | `F-range1`, `T.m-fm`, `F·dwrap·1` | suffix kept | `F`, `T.m`, `F` |

/// What a name of govulncheck stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name {
    /// A function or method as the database names it.
    Exact(String),
    /// Something that begins with this name: the name itself, or it and a dot and more.
    Within(String),
    /// Code that the compiler made up.
    CompilerMade,
}

impl Name {
    /// Reads a symbol as it is in `-mode extract`, or a finding's receiver and function joined by a dot.
    pub(super) fn parse(symbol: &str) -> Name {
        let mut parts = symbol.split('.');
        let first = parts.next().unwrap_or_default();
        let second = parts.next();
        if (first, second) == ("map", Some("init")) {
            return Name::CompilerMade;
        }
        let first_is_cut = first.contains('[');
        let receiver = bare(first);
        match second {
            _ if first_is_cut => Name::Within(receiver),
            None => Name::Exact(receiver),
            Some("") => Name::Within(receiver),
            Some(part) if part.contains(']') => Name::Within(receiver),
            Some(part) if part.starts_with('(') || is_inside(bare(part).as_str()) => {
                Name::Exact(receiver)
            }
            Some(part) => Name::Exact(format!("{receiver}.{}", bare(part))),
        }
    }

    /// As [`Name::parse`], with the package: that of a promoted method holds the receiver.
    pub(super) fn parse_in<'p>(package: &'p str, symbol: &str) -> (&'p str, Name) {
        match package.split_once(".(") {
            None => (package, Name::parse(symbol)),
            Some((package, rest)) => {
                let receiver = rest.split(')').next().unwrap_or_default();
                (package, Name::Within(bare(receiver)))
            }
        }
    }

    /// Whether the name may stand for the database's name.
    pub(super) fn covers(&self, name: &str) -> bool {
        match self {
            Name::Exact(exact) => exact == name,
            Name::Within(start) => name
                .strip_prefix(start.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.')),
            Name::CompilerMade => false,
        }
    }
}

/// Without parentheses, type arguments and what the compiler appends.
fn bare(part: &str) -> String {
    let end = part
        .find(['[', '-'])
        .or_else(|| part.find("·dwrap·"))
        .unwrap_or(part.len());
    part[..end].trim_matches(['(', '*', ')']).to_owned()
}

/// Names that the compiler gives to code inside a function.
fn is_inside(name: &str) -> bool {
    let digits = ["func", "gowrap", "deferwrap"]
        .iter()
        .find_map(|w| name.strip_prefix(w))
        .unwrap_or(name);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Whether govulncheck takes a symbol for exported: only then does it list it beside other exported ones.
pub(super) fn is_exported(symbol: &str) -> bool {
    symbol
        .rsplit('.')
        .next()
        .and_then(|last| last.chars().next())
        .is_some_and(char::is_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_brought_to_those_of_the_database() {
        let exact = |name: &str| Name::Exact(name.into());
        let within = |name: &str| Name::Within(name.into());
        let cases = [
            ("Parse", exact("Parse")),
            ("URL.Parse", exact("URL.Parse")),
            ("T).m", exact("T.m")),
            ("T).m.func1", exact("T.m")),
            ("T.m.func1", exact("T.m")),
            ("F.func1", exact("F")),
            ("F.func1.2", exact("F")),
            ("F.gowrap2", exact("F")),
            ("F.(*T)", exact("F")),
            ("init.0", exact("init")),
            ("init.0.func1", exact("init")),
            ("F-range1", exact("F")),
            ("T.m-fm", exact("T.m")),
            ("F·dwrap·1", exact("F")),
            ("glob.", within("glob")),
            ("glob..func1", within("glob")),
            ("Sum[...]", within("Sum")),
            ("List[...].Push", within("List")),
            ("List[a/b.T]", within("List")),
            ("map.init", Name::CompilerMade),
            ("map.init.0", Name::CompilerMade),
        ];
        for (symbol, want) in cases {
            assert_eq!(Name::parse(symbol), want, "{symbol}");
        }
    }

    #[test]
    fn promoted_methods_keep_their_receiver() {
        let (package, name) = Name::parse_in("a.b/p.(*Node).c.d/fs", "embed");
        assert_eq!((package, name), ("a.b/p", Name::Within("Node".into())));
    }

    #[test]
    fn a_cut_name_covers_only_whole_parts() {
        let list = Name::Within("List".into());
        assert!(list.covers("List") && list.covers("List.Push"));
        assert!(!list.covers("Listener.Accept"));
    }
}

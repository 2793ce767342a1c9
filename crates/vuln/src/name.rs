//! Linker names: which package a function belongs to, and how the database names it.
//!
//! The linker writes `golang.org/x/net/http2.(*Framer).ReadFrame.func1`, with the package path escaped; the database
//! writes `golang.org/x/net/http2` and `Framer.ReadFrame`. Code written inside a function (closures, `go` and `defer`
//! wrappers, bodies of range-over-func loops) counts as that function. Everything is borrowed from the name.

use crate::finding::VariantKind;
pub use goassay_binary::symbol::{split, split_promoted, unescape};
use std::borrow::Cow;

/// What follows a package's dot as receiver and method where the method carries its own package (see
/// [`split_promoted`]): `T` and `m` of `T.example.org/q.m`.
fn promoted(rest: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    let mut receiver_end = None;
    let mut slash = None;
    for (at, b) in rest.bytes().enumerate() {
        match b {
            b'[' | b'(' | b'{' => depth += 1,
            b']' | b')' | b'}' => depth = depth.saturating_sub(1),
            b'.' if depth == 0 && receiver_end.is_none() => receiver_end = Some(at),
            b'/' if depth == 0 => slash = Some(at),
            _ => {}
        }
    }
    let method = &rest[slash? + 1..];
    Some((&rest[..receiver_end?], &method[method.find('.')? + 1..]))
}

/// A package of a FIPS snapshot (`crypto/internal/fips140/v1.0.0-c2097c7c/aes`) under the path of its source
/// (`crypto/internal/fips140/aes`).
pub fn without_snapshot(package: &str) -> Cow<'_, str> {
    const FIPS: &str = "crypto/internal/fips140/";
    let Some(inside) = package.strip_prefix(FIPS) else {
        return Cow::Borrowed(package);
    };
    let (first, after) = inside.split_once('/').unwrap_or((inside, ""));
    let version = first
        .strip_prefix('v')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    match (version, after) {
        (false, _) => Cow::Borrowed(package),
        (true, "") => Cow::Borrowed(FIPS.trim_end_matches('/')),
        (true, after) => Cow::Owned(format!("{FIPS}{after}")),
    }
}

/// A function as the database names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Function<'a> {
    /// Receiver type, for methods.
    pub receiver: Option<&'a str>,
    /// Function or method.
    pub name: &'a str,
    /// How the linker name stands for it.
    pub kind: VariantKind,
    /// The function that `receiver` may be instead: `A.B.func1` is code inside the method `B` of `A`, or code of `B`
    /// that was inlined into the function `A`.
    pub host: Option<&'a str>,
    /// For an `init` function of a file: its number, from 0.
    pub init: Option<u32>,
}

impl<'a> Function<'a> {
    /// Reads what follows the package's dot in a linker name. `None` for code that the compiler made up.
    pub fn parse(rest: &'a str) -> Option<Function<'a>> {
        if rest.starts_with("glob..") {
            // A closure at package level is inside no function.
            return Some(Function::plain(rest, VariantKind::Closure));
        }
        if rest.starts_with("map.init.") {
            return None;
        }
        let (head, tail) = match rest.as_bytes().contains(&b'/') {
            true => promoted(rest).unwrap_or((rest, "")),
            false => (rest, ""),
        };
        let mut parts = Parts { rest: head }.chain(Parts { rest: tail });
        let first = parts.next().filter(|part| !part.name.is_empty())?;
        let second = parts.next();
        let inner = parts.last();
        let last = inner.as_ref().or(second.as_ref()).unwrap_or(&first);
        let generic = first.generic || second.as_ref().is_some_and(|part| part.generic);
        let kind = match last.suffix {
            Suffix::Inside => VariantKind::Closure,
            _ if inner.is_some() => VariantKind::Closure,
            Suffix::Wrapper => VariantKind::Wrapper,
            Suffix::None if generic => VariantKind::Generic,
            Suffix::None => VariantKind::Exact,
        };
        let Some(second) = second else {
            return (!first.receiver).then_some(Function::plain(first.name, kind));
        };
        Function::of_two(first, second, kind)
    }

    fn of_two(first: Part<'a>, second: Part<'a>, kind: VariantKind) -> Option<Function<'a>> {
        if second.name.is_empty() {
            return None;
        }
        if first.name == "init"
            && !first.receiver
            && let Ok(number) = second.name.parse()
        {
            return Some(Function {
                init: Some(number),
                ..Function::plain("init", kind)
            });
        }
        if !first.receiver && (second.receiver || is_inside(second.name)) {
            return Some(Function::plain(first.name, VariantKind::Closure));
        }
        let host = (!first.receiver && kind == VariantKind::Closure).then_some(first.name);
        Some(Function {
            receiver: Some(first.name),
            name: second.name,
            kind,
            host,
            init: None,
        })
    }

    fn plain(name: &'a str, kind: VariantKind) -> Function<'a> {
        Function {
            receiver: None,
            name,
            kind,
            host: None,
            init: None,
        }
    }

    /// Writes the database's name (`Framer.ReadFrame`) into `out`, in place of what is there.
    pub fn write_to(&self, out: &mut String) {
        out.clear();
        if let Some(receiver) = self.receiver {
            out.push_str(receiver);
            out.push('.');
        }
        out.push_str(self.name);
    }
}

/// Names that the compiler gives to code inside a function: `func1`, `gowrap1`, `deferwrap1`, `1`.
fn is_inside(name: &str) -> bool {
    let digits = ["func", "gowrap", "deferwrap"]
        .iter()
        .find_map(|word| name.strip_prefix(word))
        .unwrap_or(name);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// What the compiler appends to a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Suffix {
    None,
    /// `-fm`: a method value.
    Wrapper,
    /// `-range1`, `·dwrap·1`: code inside the function.
    Inside,
}

/// One dotted part: `(*Framer)`, `List[go.shape.int]`, `ReadFrame-fm`, `func1`.
struct Part<'a> {
    name: &'a str,
    /// In parentheses.
    receiver: bool,
    generic: bool,
    suffix: Suffix,
}

impl<'a> Part<'a> {
    fn new(text: &'a str) -> Part<'a> {
        let inner = text.strip_prefix("(*").or_else(|| text.strip_prefix('('));
        let bare = inner.map_or(text, |inner| inner.strip_suffix(')').unwrap_or(inner));
        let end = bare
            .bytes()
            .position(|b| matches!(b, b'[' | b'-'))
            .unwrap_or(bare.len());
        let name = &bare[..end];
        let dwrap = if name.is_ascii() {
            None
        } else {
            name.split_once("·dwrap·")
        };
        let (name, wrapped) = dwrap.map_or((name, false), |(name, _)| (name, true));
        let suffix = if end == bare.len() && !wrapped {
            Suffix::None
        } else if text.ends_with("-fm") {
            Suffix::Wrapper
        } else if wrapped || has_range_suffix(bare) {
            Suffix::Inside
        } else {
            Suffix::None
        };
        Part {
            name,
            receiver: inner.is_some(),
            generic: bare.contains('['),
            suffix,
        }
    }
}

fn has_range_suffix(text: &str) -> bool {
    text.rsplit_once("-range")
        .is_some_and(|(_, digits)| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Splits at dots outside of brackets and parentheses.
struct Parts<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let mut depth = 0_usize;
        let end = self.rest.bytes().position(|b| {
            match b {
                b'[' | b'(' | b'{' => depth += 1,
                b']' | b')' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            b == b'.' && depth == 0
        });
        let (part, rest) = match end {
            Some(at) => (&self.rest[..at], &self.rest[at + 1..]),
            None => (self.rest, ""),
        };
        self.rest = rest;
        Some(Part::new(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use VariantKind::{Closure, Exact, Generic, Wrapper};

    #[test]
    fn promoted_methods_carry_a_package_of_their_own() {
        let cases = [
            (
                "go.etcd.io/etcd/client/v3.retryOption.google.golang.org/grpc.before",
                "go.etcd.io/etcd/client/v3",
                "retryOption.before",
            ),
            (
                "github.com/jmoiron/sqlx.Stmt.database/sql.removeClosedStmtLocked",
                "github.com/jmoiron/sqlx",
                "Stmt.removeClosedStmtLocked",
            ),
            (
                "github.com/nishanths/exhaustive.enumType.go/types.unexported",
                "github.com/nishanths/exhaustive",
                "enumType.unexported",
            ),
            (
                "example.com/p.(*Node).example.org/fs.embed",
                "example.com/p",
                "Node.embed",
            ),
            (
                "example.com/p.(*Node).example.org/fs.embed.func1",
                "example.com/p",
                "Node.embed",
            ),
            (
                "example.com/p.List[example.org/q.T].M",
                "example.com/p",
                "List.M",
            ),
        ];
        for (name, package, symbol) in cases {
            let (found, rest) = split_promoted(name)
                .or_else(|| split(name))
                .expect("a package");
            let mut out = String::new();
            Function::parse(rest)
                .expect("a function")
                .write_to(&mut out);
            assert_eq!((found, out.as_str()), (package, symbol), "{name}");
        }
        // Dots in the first element are a domain's, numbers are no types.
        assert_eq!(split_promoted("a.b.c/d/e.F"), None);
        assert_eq!(split_promoted("a.b/v1.2.3/e.F"), None);
    }

    #[test]
    fn packages_end_at_the_first_dot_after_the_last_slash() {
        let cases = [
            ("main.main", Some(("main", "main"))),
            ("net/url.Parse", Some(("net/url", "Parse"))),
            (
                "golang.org/x/net/http2.(*Framer).ReadFrame",
                Some(("golang.org/x/net/http2", "(*Framer).ReadFrame")),
            ),
            (
                "gopkg.in/yaml%2ev3.Unmarshal",
                Some(("gopkg.in/yaml%2ev3", "Unmarshal")),
            ),
            ("go.uber.org/zap.Open", Some(("go.uber.org/zap", "Open"))),
            (
                "go.mongodb.org/mongo-driver/bson.(*T).M",
                Some(("go.mongodb.org/mongo-driver/bson", "(*T).M")),
            ),
            (
                "slices.SortFunc[go.shape.struct { a/b.X int }]",
                Some(("slices", "SortFunc[go.shape.struct { a/b.X int }]")),
            ),
            (
                "a.b/c.F[example.com/x.T]",
                Some(("a.b/c", "F[example.com/x.T]")),
            ),
            ("go/ast.Walk", Some(("go/ast", "Walk"))),
            ("p.glob..func1", Some(("p", "glob..func1"))),
            ("type:.eq.net/http.Cookie", None),
            ("type..eq.net/http.Cookie", None),
            ("type..hash.struct { F uintptr }", None),
            ("go:buildid", None),
            ("go:(*struct { sync.Mutex }).Lock", None),
            ("_rt0_amd64_linux", None),
            ("gcWriteBarrier", None),
            ("", None),
            (".x", None),
            ("p.", None),
        ];
        for (name, expected) in cases {
            assert_eq!(split(name), expected, "{name}");
        }
    }

    #[test]
    fn escapes_are_undone() {
        let cases = [
            ("net/url", "net/url"),
            ("gopkg.in/yaml%2ev3", "gopkg.in/yaml.v3"),
            ("a%25b%2E", "a%b."),
            ("%c3%a9", "é"),
            ("%zz%2", "%zz%2"),
            ("a%2é", "a%2é"),
            ("%ff", "%ff"),
        ];
        for (escaped, path) in cases {
            assert_eq!(unescape(escaped), path);
        }
    }

    #[test]
    fn fips_snapshots_lose_their_version() {
        let cases = [
            (
                "crypto/internal/fips140/v1.0.0-c2097c7c/aes/gcm",
                "crypto/internal/fips140/aes/gcm",
            ),
            (
                "crypto/internal/fips140/v1.0.0-c2097c7c",
                "crypto/internal/fips140",
            ),
            ("crypto/internal/fips140/aes", "crypto/internal/fips140/aes"),
            (
                "crypto/internal/fips140/verify/x",
                "crypto/internal/fips140/verify/x",
            ),
            ("crypto/internal/fips140", "crypto/internal/fips140"),
            (
                "x/crypto/internal/fips140/v1.0.0/aes",
                "x/crypto/internal/fips140/v1.0.0/aes",
            ),
        ];
        for (package, path) in cases {
            assert_eq!(without_snapshot(package), path);
        }
    }

    #[test]
    fn functions_are_named_as_in_the_database() {
        let cases = [
            ("Parse", "Parse", Exact),
            ("(*URL).Parse", "URL.Parse", Exact),
            ("URL.String", "URL.String", Exact),
            ("init", "init", Exact),
            ("init.0", "init", Exact),
            ("init.0.func1", "init", Closure),
            ("init.func1", "init", Closure),
            ("glob..func1", "glob..func1", Closure),
            ("glob..func1.2", "glob..func1.2", Closure),
            ("Sum[...]", "Sum", Generic),
            ("Sum[go.shape.int,go.shape.[]a/b.T[x.y]]", "Sum", Generic),
            ("(*List[...]).Push", "List.Push", Generic),
            ("List[a/b.T].Push", "List.Push", Generic),
            ("(*List[a/b.T[x.y,[]z]]).Push.func1", "List.Push", Closure),
            ("Sum[...].func1", "Sum", Closure),
            ("Sum[...].func1.2", "Sum", Closure),
            ("Parse.func1", "Parse", Closure),
            ("Parse.func1.2", "Parse", Closure),
            ("Parse.func1.2.3-range4", "Parse", Closure),
            ("Parse.gowrap1", "Parse", Closure),
            ("Parse.deferwrap2", "Parse", Closure),
            ("Parse-range1", "Parse", Closure),
            ("Parse.func1-range1", "Parse", Closure),
            ("Sum[...]-range1", "Sum", Closure),
            ("Parse·dwrap·1", "Parse", Closure),
            ("(*T).M·dwrap·2", "T.M", Closure),
            ("(*T).M.func1", "T.M", Closure),
            ("(*T).M-range1", "T.M", Closure),
            ("(*T).M.gowrap1", "T.M", Closure),
            ("T.M.func1", "T.M", Closure),
            ("(*T).M-fm", "T.M", Wrapper),
            ("T.M-fm", "T.M", Wrapper),
            ("(*List[...]).Push-fm", "List.Push", Wrapper),
            ("F.(*T).M.func1", "F", Closure),
            ("(*T).M.F.func1", "T.M", Closure),
            ("func1", "func1", Exact),
            ("T.functional", "T.functional", Exact),
        ];
        let mut out = String::new();
        for (rest, name, kind) in cases {
            let function = Function::parse(rest).expect(rest);
            function.write_to(&mut out);
            assert_eq!((out.as_str(), function.kind), (name, kind), "{rest}");
        }
    }

    #[test]
    fn inlined_closures_may_belong_to_their_host() {
        let host = |rest| Function::parse(rest).and_then(|function| function.host);
        assert_eq!(host("A.B.func1"), Some("A"));
        assert_eq!(host("A.B"), None);
        assert_eq!(host("(*A).B.func1"), None);
        assert_eq!(host("A.func1"), None);
    }

    #[test]
    fn init_functions_keep_their_number() {
        let init = |rest| Function::parse(rest).and_then(|function| function.init);
        assert_eq!(init("init.0"), Some(0));
        assert_eq!(init("init.12.func3"), Some(12));
        assert_eq!(init("init"), None);
        assert_eq!(init("init.func1"), None);
    }

    #[test]
    fn what_the_compiler_made_up_is_no_function() {
        for rest in ["", "map.init.0", "(*T)", ".x", "(*).M"] {
            assert_eq!(Function::parse(rest), None, "{rest}");
        }
    }
}

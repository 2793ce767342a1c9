//! Linker names: which package a symbol belongs to.
//!
//! The linker writes `golang.org/x/net/http2.(*Framer).ReadFrame.func1`, with the package path escaped. Everything is
//! borrowed from the name. How a function is called within its package is for those who compare names.

use std::borrow::Cow;

/// Splits a linker name into the package path, still escaped, and the rest after the dot. `None` for what belongs to no
/// package: assembly without one, `type:.eq.…`, `go:…`.
pub fn split(name: &str) -> Option<(&str, &str)> {
    let path = before_types(name);
    let slash = memchr::memrchr(b'/', path.as_bytes()).map_or(0, |at| at + 1);
    let dot = slash + find(&path[slash..], b'.')?;
    let (package, rest) = (&name[..dot], &name[dot + 1..]);
    // `type..eq.…` is how Go before 1.20 wrote `type:.eq.…`.
    let generated = find(package, b':').is_some() || name.starts_with("type..");
    (!package.is_empty() && !rest.is_empty() && !generated).then_some((package, rest))
}

/// The part of a linker name that can hold an import path: neither brackets nor parentheses occur in one, type arguments and
/// receivers start there.
fn before_types(name: &str) -> &str {
    let end = memchr::memchr3(b'[', b'(', b'{', name.as_bytes());
    end.map_or(name, |end| &name[..end])
}

/// Where an ASCII character is first. (Names are short and many: `str::find` spends more on its set-up than on them.)
fn find(text: &str, character: u8) -> Option<usize> {
    memchr::memchr(character, text.as_bytes())
}

/// The other reading of a name such as `example.com/p.T.example.org/q.m`, if it has one: the wrapper of a method `m` that
/// the type `T` of `example.com/p` has from an embedded type carries the package of `m`, because `m` is not exported.
///
/// The text alone does not settle it (`example.com/google.golang.org/q.F` is a plain function): it is the reading to take
/// where the package that [`split`] gives cannot be.
pub fn split_promoted(name: &str) -> Option<(&str, &str)> {
    let path = before_types(name);
    let mut start = find(path, b'/')? + 1;
    while let Some(len) = find(&path[start..], b'/') {
        if let Some(package) = before_method(&path[start..start + len]) {
            let dot = start + package;
            return Some((&name[..dot], &name[dot + 1..]));
        }
        start += len + 1;
    }
    None
}

/// The length of the package's part of `package.Type.…`.
fn before_method(element: &str) -> Option<usize> {
    let package = find(element, b'.')?;
    let receiver = &element[package + 1..];
    let is_type = receiver.starts_with(|c: char| c.is_alphabetic() || c == '_');
    (is_type && find(receiver, b'.').is_some()).then_some(package)
}

/// Undoes the linker's escapes (`gopkg.in/yaml%2ev3`). What is no escape stays as it is.
pub fn unescape(package: &str) -> Cow<'_, str> {
    if find(package, b'%').is_none() {
        return Cow::Borrowed(package);
    }
    let mut out = Vec::with_capacity(package.len());
    let mut rest = package.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let escaped = if *byte == b'%' {
            after.split_first_chunk::<2>().and_then(unescape_one)
        } else {
            None
        };
        let (byte, after) = escaped.unwrap_or((*byte, after));
        out.push(byte);
        rest = after;
    }
    match String::from_utf8(out) {
        Ok(text) => Cow::Owned(text),
        Err(_) => Cow::Borrowed(package),
    }
}

fn unescape_one<'a>((digits, after): (&[u8; 2], &'a [u8])) -> Option<(u8, &'a [u8])> {
    let value = |digit: u8| char::from(digit).to_digit(16);
    let byte = value(digits[0])? * 16 + value(digits[1])?;
    Some((u8::try_from(byte).ok()?, after))
}

/// What symbols begin with that are made for the type behind it.
const FOR_TYPES: [&str; 6] = [
    "type:.eq.",
    "type:.hash.",
    "type..eq.",
    "type..hash.",
    "go:itab.",
    "go.itab.",
];

/// True where the package of a name is plainly the one that [`package`] found in another: a quick answer for neighbours.
pub(crate) fn is_plainly_of(package: &str, name: &str) -> bool {
    let rest = name.strip_prefix(package);
    let rest = rest.and_then(|rest| rest.strip_prefix('.'));
    rest.is_some_and(|rest| !rest.is_empty() && find(rest, b'/').is_none())
        && !FOR_TYPES.iter().any(|prefix| name.starts_with(prefix))
}

/// The package path, still escaped, of any symbol: of functions and variables as [`split`] has it, of what the compiler
/// and the linker make for a type (`type:.eq.net/http.Cookie`, `go:itab.*os.File,io.Writer`) that of the type.
pub fn package(name: &str) -> Option<&str> {
    // Constants such as `$f64.3ff0000000000000` are nobody's.
    if name.starts_with('$') {
        return None;
    }
    let of_type = FOR_TYPES
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix));
    match of_type {
        Some(name) => {
            let bare = name
                .trim_start_matches(|c: char| matches!(c, '*' | '[' | ']') || c.is_ascii_digit());
            let end = bare.find([',', '[', ' ', '{', '(']).unwrap_or(bare.len());
            Some(split(bare.get(..end)?)?.0)
        }
        None => Some(split(name)?.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_for_types_belong_to_the_type() {
        let cases = [
            ("type:.eq.net/http.Cookie", Some("net/http")),
            ("type:.eq.[2]net/http.Cookie", Some("net/http")),
            ("type..hash.struct { F uintptr }", None),
            ("go:itab.*os.File,io.Writer", Some("os")),
            ("go:itab.a.b/c%2ed.T[e/f.U],error", Some("a.b/c%2ed")),
            ("go.itab.*os.File", Some("os")),
            ("go:string.*", None),
            ("net/http..stmp_12", Some("net/http")),
            ("$f64.3ff0000000000000", None),
        ];
        for (name, expected) in cases {
            assert_eq!(package(name), expected, "{name}");
            for other in ["net/http", "os", "go", "type", "a.b/c%2ed"] {
                let plainly = is_plainly_of(other, name);
                assert!(!plainly || expected == Some(other), "{name} {other}");
            }
        }
    }
}

//! Linker names: which package a symbol belongs to.
//!
//! The linker writes `golang.org/x/net/http2.(*Framer).ReadFrame.func1`, with the package path escaped. Everything is
//! borrowed from the name. How a function is called within its package is for those who compare names.

use std::borrow::Cow;

/// Splits a linker name into the package path, still escaped, and the rest after the dot. `None` for what belongs to no
/// package: assembly without one, `type:.eq.…`, `go:…`.
pub fn split(name: &str) -> Option<(&str, &str)> {
    let path = before_types(name);
    let slash = path.rfind('/').map_or(0, |at| at + 1);
    let dot = slash + path[slash..].find('.')?;
    let (package, rest) = (&name[..dot], &name[dot + 1..]);
    // `type..eq.…` is how Go before 1.20 wrote `type:.eq.…`.
    let generated = package.contains(':') || name.starts_with("type..");
    (!package.is_empty() && !rest.is_empty() && !generated).then_some((package, rest))
}

/// The part of a linker name that can hold an import path: neither brackets nor parentheses occur in one, type arguments and
/// receivers start there.
fn before_types(name: &str) -> &str {
    let end = name.bytes().position(|b| matches!(b, b'[' | b'(' | b'{'));
    end.map_or(name, |end| &name[..end])
}

/// The other reading of a name such as `example.com/p.T.example.org/q.m`, if it has one: the wrapper of a method `m` that
/// the type `T` of `example.com/p` has from an embedded type carries the package of `m`, because `m` is not exported.
///
/// The text alone does not settle it (`example.com/google.golang.org/q.F` is a plain function): it is the reading to take
/// where the package that [`split`] gives cannot be.
pub fn split_promoted(name: &str) -> Option<(&str, &str)> {
    let path = before_types(name);
    let mut start = path.find('/')? + 1;
    while let Some(len) = path[start..].find('/') {
        let mut parts = path[start..start + len].split('.');
        let (package, receiver) = (parts.next()?, parts.next());
        let is_type =
            receiver.is_some_and(|name| name.starts_with(|c: char| c.is_alphabetic() || c == '_'));
        if is_type && parts.next().is_some() {
            let dot = start + package.len();
            return Some((&name[..dot], &name[dot + 1..]));
        }
        start += len + 1;
    }
    None
}

/// Undoes the linker's escapes (`gopkg.in/yaml%2ev3`). What is no escape stays as it is.
pub fn unescape(package: &str) -> Cow<'_, str> {
    if !package.contains('%') {
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

/// The package path, still escaped, of any symbol: of functions and variables as [`split`] has it, of what the compiler
/// and the linker make for a type (`type:.eq.net/http.Cookie`, `go:itab.*os.File,io.Writer`) that of the type.
pub fn package(name: &str) -> Option<&str> {
    const FOR_TYPES: [&str; 6] = [
        "type:.eq.",
        "type:.hash.",
        "type..eq.",
        "type..hash.",
        "go:itab.",
        "go.itab.",
    ];
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
            ("go:string.*", None),
            ("net/http..stmp_12", Some("net/http")),
            ("$f64.3ff0000000000000", None),
        ];
        for (name, expected) in cases {
            assert_eq!(package(name), expected, "{name}");
        }
    }
}

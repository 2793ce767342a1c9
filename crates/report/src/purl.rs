//! Package URLs of Go modules (purl type `golang`) and the percent-encoding that they share with other URIs.

use crate::release::go_number;
use std::fmt::Write;

/// `pkg:golang/golang.org/x/net@v0.17.0`. Path in lower case, as the type demands; without version where none is
/// known (empty or `(devel)`); Go itself as `pkg:golang/stdlib@1.26.8`.
pub(crate) fn golang(path: &str, version: &str) -> String {
    let mut purl = String::from("pkg:golang/");
    let segments = path
        .split('/')
        .filter(|segment| !matches!(*segment, "" | "." | ".."));
    let segments: Vec<String> = segments
        .map(|segment| encode(&segment.to_lowercase()))
        .collect();
    purl.push_str(&segments.join("/"));
    let version = match path {
        "stdlib" | "toolchain" => go_number(version).unwrap_or(""),
        _ => version,
    };
    if !version.is_empty() && version != "(devel)" {
        purl.push('@');
        purl.push_str(&encode(version));
    }
    purl
}

/// A file without a module: `pkg:generic/name?checksum=sha256:…`.
pub(crate) fn file(name: &str, sha256: Option<&str>) -> String {
    let name = encode(name);
    match sha256 {
        Some(sha256) => format!("pkg:generic/{name}?checksum=sha256:{}", encode(sha256)),
        None => format!("pkg:generic/{name}"),
    }
}

/// Percent-encodes everything but unreserved characters (RFC 3986, section 2.3).
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for &byte in text.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules() {
        assert_eq!(
            golang("golang.org/x/net", "v0.17.0"),
            "pkg:golang/golang.org/x/net@v0.17.0"
        );
        assert_eq!(
            golang("github.com/Azure/sdk", "v1.0.0+incompatible"),
            "pkg:golang/github.com/azure/sdk@v1.0.0%2Bincompatible"
        );
        assert_eq!(
            golang("example.com/main", "(devel)"),
            "pkg:golang/example.com/main"
        );
        assert_eq!(golang("a b/\u{1b}?", ""), "pkg:golang/a%20b/%1B%3F");
    }

    #[test]
    fn go_itself() {
        assert_eq!(golang("stdlib", "go1.26.8"), "pkg:golang/stdlib@1.26.8");
        assert_eq!(
            golang("stdlib", "go1.24.4 (Red Hat 1.24.4-1.el9)"),
            "pkg:golang/stdlib@1.24.4"
        );
        assert_eq!(golang("stdlib", "devel go1.27-abcdef"), "pkg:golang/stdlib");
    }
}

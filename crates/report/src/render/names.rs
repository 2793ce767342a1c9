//! Names that several formats derive from a target: file name, URI of a path, hashes of content.

use crate::purl;
use sha2::{Digest, Sha256};

/// The last part of a path, whichever separator it uses; the path itself where there is none.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\'])
        .find(|part| !part.is_empty())
        .unwrap_or(path)
}

/// `path` as a URI reference (RFC 3986): absolute paths as `file:` URIs, others relative.
pub(crate) fn uri(path: &str) -> String {
    let slashed = if is_windows(path) {
        path.replace('\\', "/")
    } else {
        path.to_owned()
    };
    let encoded: Vec<String> = slashed.split('/').map(purl::encode).collect();
    let encoded = encoded.join("/");
    if is_windows(path) {
        return format!("file:///{}", encoded.replacen("%3A", ":", 1));
    }
    match encoded.strip_prefix('/') {
        Some(absolute) => format!("file:///{}", absolute.trim_start_matches('/')),
        None => encoded,
    }
}

/// Whether `path` starts with a drive letter.
fn is_windows(path: &str) -> bool {
    let mut chars = path.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic())
        && chars.next() == Some(':')
        && matches!(chars.next(), Some('\\' | '/'))
}

/// `url` where it is one that may be followed: a database of somebody else's may say anything.
pub(crate) fn web_address(url: &str) -> Option<&str> {
    let safe = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
    (url.starts_with("https://") && url.bytes().all(safe)).then_some(url)
}

/// SHA-256 of `content`, lower-case hex.
pub(crate) fn hex_sha256(content: &[u8]) -> String {
    goassay_binary::bytes::hexadecimal(&Sha256::digest(content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        assert_eq!(uri("bin/core dns"), "bin/core%20dns");
        assert_eq!(uri("/usr/bin/a:b?#%"), "file:///usr/bin/a%3Ab%3F%23%25");
        assert_eq!(
            uri("C:\\Program Files\\a.exe"),
            "file:///C:/Program%20Files/a.exe"
        );
        assert_eq!(
            uri("C:/Program Files/a.exe"),
            "file:///C:/Program%20Files/a.exe"
        );
        assert_eq!(uri("a:b"), "a%3Ab");
        assert_eq!(uri("-"), "-");
    }

    #[test]
    fn only_plain_https_addresses_are_followed() {
        assert_eq!(
            web_address("https://pkg.go.dev/vuln/GO-2024-1"),
            Some("https://pkg.go.dev/vuln/GO-2024-1")
        );
        assert_eq!(web_address("javascript:alert(1)"), None);
        assert_eq!(web_address("https://a b/<x>"), None);
    }

    #[test]
    fn file_names() {
        assert_eq!(file_name("/usr/bin/coredns"), "coredns");
        assert_eq!(file_name("a\\b.exe"), "b.exe");
        assert_eq!(file_name("/"), "/");
    }
}

//! Names of documents and elements: made from content, so that the same content has the same name everywhere.

use crate::purl;
use crate::render::names::hex_sha256;
use serde::Serialize;
use std::io;

/// Longest readable part of an element's name, in bytes.
const LONGEST_READABLE: usize = 80;

/// A UUID of version 8 (RFC 9562, section 5.8): the first bits of the SHA-256 of the content.
pub(super) fn uuid(content: &impl Serialize) -> io::Result<String> {
    let digest = hex_sha256(&serde_json::to_vec(content)?);
    let (a, b, c, d, e) = (
        &digest[..8],
        &digest[8..12],
        &digest[13..16],
        &digest[17..20],
        &digest[20..32],
    );
    Ok(format!("{a}-{b}-8{c}-8{d}-{e}"))
}

/// `urn:uuid:…` of the content.
pub(super) fn urn(content: &impl Serialize) -> io::Result<String> {
    Ok(format!("urn:uuid:{}", uuid(content)?))
}

/// The name space of an SPDX document, as the specification has it for creators without a site of their own.
pub(super) fn namespace(name: &str, content: &impl Serialize) -> io::Result<String> {
    let (name, uuid) = (purl::encode(name), uuid(content)?);
    Ok(format!("https://spdx.org/spdxdocs/{name}-{uuid}"))
}

/// A name of letters, digits, `.` and `-` for an element that `parts` tell from all others: readable, and unique by a
/// digest.
pub(super) fn element(parts: &[&str]) -> String {
    let joined = parts.join("-");
    let readable = joined.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' => char::from(byte),
        _ => '-',
    });
    let readable: String = readable.take(LONGEST_READABLE).collect();
    let digest = hex_sha256(parts.join("\0").as_bytes());
    format!("{readable}-{}", &digest[..12])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_has_its_version_and_variant_and_follows_the_content() {
        let one = uuid(&"a").expect("it is content");
        let groups: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12]);
        assert_eq!((&one[14..15], &one[19..20]), ("8", "8"));
        assert_eq!(uuid(&"a").ok(), Some(one.clone()));
        assert_ne!(uuid(&"b").ok(), Some(one));
    }

    #[test]
    fn elements_that_read_alike_have_different_names() {
        let (one, other) = (element(&["a/b", "v1"]), element(&["a-b", "v1"]));
        assert!(one.starts_with("a-b-v1-") && other.starts_with("a-b-v1-"));
        assert_ne!(one, other);
        let hostile = element(&["a\u{1b}[2J\u{202e}é", ""]);
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        assert!(hostile.chars().all(plain), "{hostile}");
    }
}

//! What looks like a credential, and its masked form. The whole text never leaves the binary's bytes.
//!
//! Two kinds of evidence: the shape of a token (prefixes that issuers publish so that tokens can be found), and a name
//! that says password or token. A shape is near certain, a name is not; both are masked.

use std::borrow::Cow;
use std::fmt::Write;

/// A masked credential: what kind it is and how long, with the mark by which it was recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked {
    /// The kind: `GitHub token`.
    pub kind: &'static str,
    /// The mark by which it was recognised, and dots: `ghp_…`.
    pub shown: String,
    /// Length of the whole, in bytes.
    pub len: usize,
}

/// How tokens of one kind look.
struct Shape {
    kind: &'static str,
    prefix: &'static str,
    /// Shortest token, prefix included, in bytes.
    least: usize,
    /// What the rest is made of, besides letters and digits.
    extra: &'static [u8],
}

const fn shape(
    kind: &'static str,
    prefix: &'static str,
    least: usize,
    extra: &'static [u8],
) -> Shape {
    Shape {
        kind,
        prefix,
        least,
        extra,
    }
}

/// Prefixes as their issuers document them.
const SHAPES: &[Shape] = &[
    shape("GitHub token", "ghp_", 36, b""),
    shape("GitHub token", "gho_", 36, b""),
    shape("GitHub token", "ghu_", 36, b""),
    shape("GitHub token", "ghs_", 36, b""),
    shape("GitHub token", "ghr_", 36, b""),
    shape("GitHub token", "github_pat_", 40, b"_"),
    shape("GitLab token", "glpat-", 20, b"-_."),
    shape("AWS access key", "AKIA", 20, b""),
    shape("AWS access key", "ASIA", 20, b""),
    shape("Slack token", "xoxb-", 20, b"-"),
    shape("Slack token", "xoxp-", 20, b"-"),
    shape("Stripe key", "sk_live_", 20, b""),
    shape("Stripe key", "rk_live_", 20, b""),
    shape("Google API key", "AIza", 39, b"-_"),
    shape("npm token", "npm_", 36, b""),
    shape("PyPI token", "pypi-", 40, b"-_"),
    shape("Vault token", "hvs.", 24, b"-_"),
    shape("DigitalOcean token", "dop_v1_", 40, b""),
    shape("SendGrid key", "SG.", 40, b"-_."),
    shape("JSON web token", "eyJ", 40, b"-_."),
    shape("private key", "-----BEGIN", 20, b" -"),
];
/// Words in a name that say what its value is.
const TELLING: [&str; 10] = [
    "password",
    "passwd",
    "secret",
    "apikey",
    "api_key",
    "token",
    "credential",
    "privatekey",
    "private_key",
    "accesskey",
];
/// Shortest value that is taken for a credential because of its name, in bytes.
const SHORTEST_NAMED: usize = 8;

/// Credentials that are masked one by one; what follows that many is left out whole, because each costs a search.
const MOST_MASKED: usize = 16;

/// What the value of a variable or setting looks like, by its shape or by its name.
pub fn judge(name: &str, value: &str) -> Option<Masked> {
    if let Some((_, masked)) = find(value) {
        return Some(masked);
    }
    let last = name
        .rsplit(['.', '/'])
        .next()
        .unwrap_or(name)
        .to_ascii_lowercase();
    let telling = TELLING.iter().any(|word| last.contains(word));
    (telling && is_opaque(value)).then(|| Masked {
        kind: "value of a name that says credential",
        shown: "…".to_owned(),
        len: value.len(),
    })
}

/// Whether a value could be a credential at all: no path, URL, sentence, placeholder or name of another variable.
fn is_opaque(value: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_graphic();
    value.len() >= SHORTEST_NAMED
        && value.bytes().all(is_word)
        && !value.contains("://")
        && !value.starts_with(['/', '$', '.', '{', '<', '%'])
        && value
            .bytes()
            .any(|b| b.is_ascii_digit() || b.is_ascii_punctuation())
}

/// A text with everything in it that has the shape of a credential masked.
pub fn mask(text: &str) -> Cow<'_, str> {
    let Some((range, masked)) = find(text) else {
        return Cow::Borrowed(text);
    };
    let (mut out, mut rest) = (String::new(), text);
    let mut next = Some((range, masked));
    let mut count = 0;
    while let Some((range, masked)) = next {
        out.push_str(rest.get(..range.start).unwrap_or_default());
        let _ = write!(
            out,
            "{}({}, {} bytes)",
            masked.shown, masked.kind, masked.len
        );
        rest = rest.get(range.end..).unwrap_or_default();
        count += 1;
        if count == MOST_MASKED {
            rest = "…";
        }
        next = find(rest);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The value of a setting or variable, masked where its shape or its name says that it is a credential.
pub fn mask_value<'v>(name: &str, value: &'v str) -> Cow<'v, str> {
    match judge(name, value) {
        Some(_) if find(value).is_some() => mask(value),
        Some(masked) => Cow::Owned(format!("…({}, {} bytes)", masked.kind, masked.len)),
        None => Cow::Borrowed(value),
    }
}

/// The first credential in a text, by shape.
fn find(text: &str) -> Option<(std::ops::Range<usize>, Masked)> {
    let by_prefix = SHAPES.iter().filter_map(|shape| shape.find(text));
    by_prefix
        .chain(password_in_url(text))
        .min_by_key(|(range, _)| range.start)
}

impl Shape {
    fn find(&self, text: &str) -> Option<(std::ops::Range<usize>, Masked)> {
        let bytes = text.as_bytes();
        let mut from = 0;
        while let Some(found) = text.get(from..)?.find(self.prefix) {
            let start = from + found;
            let behind = bytes.get(start + self.prefix.len()..)?;
            let inside = |b: &u8| b.is_ascii_alphanumeric() || self.extra.contains(b);
            let len = self.prefix.len() + behind.iter().take_while(|b| inside(b)).count();
            let before = start.checked_sub(1).and_then(|at| bytes.get(at));
            let begins = before.is_none_or(|b| !b.is_ascii_alphanumeric() && *b != b'_');
            if begins && len >= self.least {
                // Of a key in text form, everything behind its first line is the key.
                let end = if self.prefix.starts_with('-') {
                    text.len()
                } else {
                    start + len
                };
                return Some((start..end, self.masked(end - start)));
            }
            from = start + self.prefix.len();
        }
        None
    }

    fn masked(&self, len: usize) -> Masked {
        Masked {
            kind: self.kind,
            shown: format!("{}…", self.prefix),
            len,
        }
    }
}

/// `scheme://user:password@host`; the password alone is the range.
fn password_in_url(text: &str) -> Option<(std::ops::Range<usize>, Masked)> {
    let mut from = 0;
    while let Some(found) = text.get(from..)?.find("://") {
        let start = from + found + 3;
        from = start;
        let rest = text.get(start..)?;
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '?' | '#'))
            .unwrap_or(rest.len());
        let authority = rest.get(..end)?;
        let Some((user, _)) = authority.rsplit_once('@') else {
            continue;
        };
        let Some((name, password)) = user.split_once(':') else {
            continue;
        };
        if password.is_empty() || password.starts_with(['$', '{', '<', '%', '*']) {
            continue;
        }
        let at = start + name.len() + 1;
        let masked = Masked {
            kind: "password in a URL",
            shown: "…".to_owned(),
            len: password.len(),
        };
        return Some((at..at + password.len(), masked));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A token of that prefix, made here so that no text of it lies in this file.
    fn token(prefix: &str) -> String {
        format!("{prefix}{}", "a1B2".repeat(10))
    }

    #[test]
    fn tokens_are_found_by_shape_and_never_shown() {
        for shape in SHAPES.iter().filter(|shape| !shape.prefix.starts_with('-')) {
            let token = token(shape.prefix);
            let text = format!("-X main.a={token} -X main.b=c");
            let masked = mask(&text);
            assert!(!masked.contains(&token[shape.prefix.len()..]), "{masked}");
            assert!(masked.ends_with(" -X main.b=c"), "{masked}");
            assert_eq!(judge("x", &token).map(|m| m.kind), Some(shape.kind));
        }
        let key = "-----BEGIN PRIVATE KEY-----\nMIIE";
        assert!(!mask(key).contains("MIIE"));
    }

    #[test]
    fn passwords_in_urls_are_masked() {
        let text = "https://bob:hunter22@example.com/x and https://example.com/a@b";
        let masked = mask(text);
        assert!(
            masked.contains("https://bob:…") && !masked.contains("hunter22"),
            "{masked}"
        );
        assert!(masked.ends_with("https://example.com/a@b"));
        assert_eq!(mask("https://u:${PASS}@h/"), "https://u:${PASS}@h/");
    }

    #[test]
    fn names_that_say_credential_need_a_value_that_can_be_one() {
        assert!(judge("main.apiToken", "d41d8cd98f00").is_some());
        assert!(!mask_value("main.apiToken", "d41d8cd98f00").contains("d41"));
        for (name, value) in [
            ("main.tokenFile", "/run/secrets/x"),
            ("main.tokenURL", "https://example.com/token"),
            ("main.token", "none"),
            ("main.secretName", "placeholder"),
            ("main.version", "v1.2.3-rc.1"),
            ("token/pkg.version", "v1.2.3-rc.1"),
        ] {
            assert_eq!(judge(name, value), None, "{name}={value}");
        }
    }

    #[test]
    fn what_only_resembles_a_token_stays() {
        for text in [
            "AKIAvelli",
            "eyJust a word",
            "xghp_abcdefghijklmnopqrstuvwxyz0123456789",
            "-Wl,-z,now",
        ] {
            assert_eq!(mask(text), text);
        }
    }
}

//! What the library asks of whoever holds the network: one address, a limit, a place for the bytes.
//!
//! Retries, deadlines, certificates and HTTP proxies are the business of the implementation; `file://` addresses too.

use std::fmt;
use std::fs::File;

/// Gets what lies at an address. Implementations retry where a retry can help.
pub trait Fetch {
    /// The whole answer, at most `cap` bytes.
    ///
    /// # Errors
    /// Why there is no answer; more than `cap` bytes are [`Kind::TooLarge`].
    fn get(&self, url: &str, cap: u64) -> Result<Vec<u8>, FetchError>;

    /// The whole answer as the contents of `file`, at most `cap` bytes; gives the length. What was in the file is
    /// replaced, also by a retry.
    ///
    /// # Errors
    /// As [`Fetch::get`]; a file that cannot be written is [`Kind::Local`].
    fn download(&self, url: &str, cap: u64, file: &mut File) -> Result<u64, FetchError>;
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The server says that there is no such thing (404, 410; no such file).
    Missing,
    /// Any other status.
    Status(u16),
    /// No connection, or one that broke.
    Unreachable,
    /// The answer is larger than allowed.
    TooLarge,
    /// It was never asked for: the settings forbid it or the address is none.
    Forbidden,
    /// The fault is on this machine.
    Local,
}

/// An address without an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchError {
    /// What kind of failure.
    pub kind: Kind,
    /// The address, without credentials.
    pub url: String,
    /// The cause in words.
    pub cause: String,
}

impl FetchError {
    /// An error; credentials in `url` are left out.
    pub fn new(kind: Kind, url: &str, cause: impl Into<String>) -> FetchError {
        FetchError {
            kind,
            url: without_credentials(url),
            cause: cause.into(),
        }
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot get {}: {}", self.url, self.cause)
    }
}

impl std::error::Error for FetchError {}

/// `url` as it may be shown: without `user:password@`.
#[must_use]
pub fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_never_shown() {
        let shown = |url| FetchError::new(Kind::Missing, url, "x").url;
        assert_eq!(shown("https://me:secret@host/a@b"), "https://host/a@b");
        assert_eq!(shown("https://host"), "https://host");
        assert_eq!(shown("nothing"), "nothing");
    }
}

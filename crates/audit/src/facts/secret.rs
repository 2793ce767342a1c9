//! What looks like a credential, and its masked form. The whole text never leaves the binary's bytes.

/// A masked credential: what kind it is and how long, with the few characters that say which one it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked {
    /// The kind: `GitHub token`.
    pub kind: &'static str,
    /// The mark by which it was recognised and dots: `ghp_…`.
    pub shown: String,
    /// Length of the whole, in characters.
    pub len: usize,
}

//! Lists that are bounded, with counts that are not.

/// Most entries of one list.
pub const LISTED: usize = 200;

/// Longest text that is kept of a file, in bytes.
const LONGEST_TEXT: usize = 512;

/// The first entries of a list, and how many there are in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// How many there are.
    pub count: u64,
    /// The first [`LISTED`].
    pub list: Vec<T>,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Listed {
            count: 0,
            list: Vec::new(),
        }
    }
}

impl<T> Listed<T> {
    /// Adds an entry; what is beyond the limit is counted only.
    pub(crate) fn push(&mut self, entry: impl FnOnce() -> T) {
        self.count += 1;
        if self.list.len() < LISTED {
            self.list.push(entry());
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// A text out of a file, cut where it is longer than any honest one.
pub(crate) fn text(bytes: &[u8]) -> String {
    match bytes.get(..LONGEST_TEXT) {
        Some(start) => format!("{}…", String::from_utf8_lossy(start)),
        None => String::from_utf8_lossy(bytes).into_owned(),
    }
}

//! What was not checked, and why: kept apart from verdicts, never a part of "equal".

/// Something that was not checked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// What, as a stable word.
    pub topic: &'static str,
    /// Why, as a sentence.
    pub reason: String,
}

impl Gap {
    /// A gap.
    #[must_use]
    pub fn new(topic: &'static str, reason: impl Into<String>) -> Gap {
        Gap {
            topic,
            reason: reason.into(),
        }
    }
}

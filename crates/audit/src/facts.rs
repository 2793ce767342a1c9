//! What `inspect` shows and rules judge: facts about one binary, gathered once.

use goassay_binary::Binary;

/// The facts about one binary.
pub struct Facts<'a> {
    /// The binary itself.
    pub binary: &'a Binary<'a>,
}

impl<'a> Facts<'a> {
    /// Gathers the facts.
    pub fn of(binary: &'a Binary<'a>) -> Facts<'a> {
        Facts { binary }
    }
}

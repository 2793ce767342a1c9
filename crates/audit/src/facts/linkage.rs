//! What the program needs to start: interpreter and libraries.

use super::ccode::CCode;
use goassay_binary::Binary;
use goassay_binary::gap::{Fact, Gap, Topic};

/// What it needs to start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Linkage {
    /// The dynamic loader that the file names.
    pub interpreter: Option<String>,
    /// Libraries that the loader has to find.
    pub needed: Vec<String>,
    /// Why it is dynamically linked, as far as the binary shows: one clause each.
    pub because: Vec<String>,
}

impl Linkage {
    /// Whether it starts without a dynamic loader and libraries.
    pub fn is_static(&self) -> bool {
        self.interpreter.is_none() && self.needed.is_empty()
    }
}

/// Reads the linkage.
///
/// # Errors
/// Where the headers could not be read.
pub fn read(_binary: &Binary<'_>, _c_code: &Fact<CCode>) -> Fact<Linkage> {
    Err(Gap::new(
        Topic::Image,
        "interpreter and needed libraries were not looked for yet",
    ))
}

//! Paths and user names of the machine that built the program, anywhere in the file, and credentials in what was
//! recorded.

use super::secret::Masked;
use goassay_binary::Binary;
use goassay_binary::gap::{Fact, Gap, Topic};

/// What leaked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaks {
    /// Paths of the building machine, sorted by place and path; at most [`MOST_PATHS`] of each place.
    pub paths: Vec<Leak>,
    /// How many more places have one.
    pub more: usize,
    /// Parts of the file that could not be searched.
    pub gaps: Vec<Gap>,
    /// What looks like a credential in settings, masked.
    pub credentials: Fact<Vec<Credential>>,
}

/// Paths that are kept of each place.
pub const MOST_PATHS: usize = 20;

/// One path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leak {
    /// Where it is.
    pub place: Place,
    /// The path, or its beginning (hostile).
    pub path: String,
    /// The user name in it.
    pub user: Option<String>,
    /// How many texts of this place begin with it.
    pub count: usize,
}

/// Where a path is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the file table of pclntab: source files that were compiled.
    SourceFiles,
    /// In a recorded setting (`CGO_CFLAGS`).
    Setting(String),
    /// In debug information.
    DebugInfo,
    /// In data: constants of the program, embedded files, what C code holds.
    Data,
}

/// What looks like a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Where: the key of a setting, or a variable.
    pub place: String,
    /// What it looks like.
    pub value: Masked,
}

/// Searches the file.
pub fn read(_binary: &Binary<'_>) -> Leaks {
    let gap = Gap::new(Topic::Image, "paths were not looked for yet");
    Leaks {
        paths: Vec::new(),
        more: 0,
        gaps: vec![gap.clone()],
        credentials: Err(gap),
    }
}

//! How a Go binary was built, judged: facts × policy → verdicts.
//!
//! It reads no file and knows no output format. A rule gets finished [facts](facts::Facts) and gives one [verdict](verdict::Verdict);
//! the policy decides what a failure weighs and what is waived. "Could not be read" is a verdict of its own to the end.

pub mod facts;
pub mod isa;
pub mod page;
pub mod policy;
pub mod registry;
pub mod releases;
pub mod rules;
pub mod verdict;

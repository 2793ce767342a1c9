//! Subject × database → findings.

pub mod finding;
mod from_binary;
pub mod subject;

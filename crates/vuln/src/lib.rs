//! Subject × database → findings.

pub mod finding;
pub mod subject;

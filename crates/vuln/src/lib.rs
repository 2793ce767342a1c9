//! Subject × database → findings.
//!
//! A [`subject`] (one binary, seen without its format) is matched against a [`database`] of advisories; the outcome is a
//! [`finding::Scan`]. Nothing here reads files, the clock or the network, and nothing knows a binary format.

pub mod baseline;
pub mod database;
pub mod date;
pub mod finding;
mod from_binary;
pub mod name;
pub mod osv;
pub mod scan;
pub mod subject;
pub mod suppress;
pub mod version;

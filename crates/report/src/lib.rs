//! Versioned documents and their renderers: text, JSON, govulncheck, SARIF, OpenVEX.
//!
//! A renderer gets finished data and a writer. It looks nothing up, counts nothing that decides, and decides nothing.

pub mod document;
pub mod render;
pub mod verdict;

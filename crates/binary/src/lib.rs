//! Bytes of a Go binary to facts and gaps.
//!
//! It gets a byte slice and gives facts; it opens no file, starts no process, reads no clock and never panics on any
//! input. Section and symbol names are hints only: structure is the proof.

pub mod address;
mod binary;
pub mod buildinfo;
pub mod bytes;
pub mod container;
pub mod gap;
pub mod image;
pub mod moduledata;
mod packed;
pub mod pclntab;
mod search;

pub use binary::{Binary, NotGo, Occurrence};
pub use search::Places;

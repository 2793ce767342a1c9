//! Bytes of a Go binary to facts and gaps.
//!
//! It gets a byte slice and gives facts; it opens no file, starts no process, reads no clock and never panics on any
//! input. Section and symbol names are hints only: structure is the proof.

pub mod address;
mod binary;
pub mod buildinfo;
pub mod bytes;
mod code;
pub mod container;
pub mod debuginfo;
mod functions;
pub mod gap;
pub mod hardening;
pub mod image;
pub mod moduledata;
pub mod modules;
mod packed;
pub mod paths;
pub mod pclntab;
mod search;
pub mod size;
pub mod symbol;
pub mod types;

pub use binary::{Binary, NotGo, Occurrence};
pub use code::Code;
pub use functions::{Emitted, FunctionCounts, Listed};
pub use search::Places;

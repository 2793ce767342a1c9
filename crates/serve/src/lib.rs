//! The debuginfod server: debug files, programs and sources by build ID, for gdb, delve, lldb and elfutils.
//!
//! The only part of goassay that listens. It reads, never writes, knows two methods (GET, HEAD) and no request bodies, and
//! serves nothing but files below the folders it was given, as they were when they were indexed. One thread for each of a bounded
//! number of connections; requests have a largest size, a deadline, and a lowest speed at which answers have to be taken; files
//! are streamed. So memory is bounded by the number of connections. There is no TLS and no access control: that is a proxy's.

mod answer;
pub mod index;
mod metrics;
mod request;
mod server;
mod source;

pub use index::{Index, Open};
pub use server::{Options, Server};

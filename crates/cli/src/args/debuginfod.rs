//! `debuginfod …`.

use clap::{Args, ValueHint};
use std::net::SocketAddr;
use std::num::{NonZeroU16, NonZeroU64};
use std::path::PathBuf;

pub(crate) const LONG: &str = "\
Serves debug information, programs and sources below the given directories by build ID, over the debuginfod protocol that gdb, delve, lldb \
and elfutils speak (DEBUGINFOD_URLS): /buildid/ID/debuginfo, /executable, /section/NAME, /source/PATH; and /metrics for Prometheus.

All ELF files below the directories are indexed at the start and again every --rescan seconds; a file that changed meanwhile is not served. Links \
are not followed. Of sources, only files with the endings of Go, C, C++ and assembly are served. There is no TLS and no access control: it listens on \
the loopback address unless told, and belongs behind a proxy elsewhere.

The address is printed to standard output once it is reachable. Ctrl-C and SIGTERM let answers that were begun finish.";

pub(crate) const EXAMPLES: &str = "\
Examples:
  goassay debuginfod dist/                               what was built here
  DEBUGINFOD_URLS=http://127.0.0.1:8002 gdb ./server     and a debugger that asks for it
  goassay debuginfod /srv/debug $(go env GOMODCACHE)     also the sources of modules
  goassay debuginfod /srv/debug --listen '[::1]:9000'

Exit codes:
  0    ended by Ctrl-C or SIGTERM
  2    a directory cannot be read, or the address is taken";

/// `goassay debuginfod DIR…`.
#[derive(Debug, Args)]
pub(crate) struct Debuginfod {
    /// Directories with debug files, programs and sources
    #[arg(required = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) folders: Vec<PathBuf>,
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8002")]
    pub(crate) listen: SocketAddr,
    /// Most connections at a time; more wait
    #[arg(long, value_name = "N", default_value = "256")]
    pub(crate) connections: NonZeroU16,
    /// How often the directories are walked again, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "300")]
    pub(crate) rescan: NonZeroU64,
    /// How long a client may be silent or take for a request, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "30")]
    pub(crate) idle: NonZeroU64,
}

//! `goassay debuginfod DIR…`: the server of debug information, until somebody ends it.

use crate::args::debuginfod::Debuginfod;
use crate::failure::{EXIT_OK, Failure, Kind};
use crate::interrupt;
use crate::map::Mapped;
use crate::output::{self, Terminal};
use goassay_serve::{Options, Server};
use std::path::Path;
use std::time::Duration;

/// How long answers may take that were begun before the end.
const GRACE: Duration = Duration::from_secs(10);

pub(crate) fn run(args: Debuginfod, terminal: &Terminal) -> Result<u8, Failure> {
    for folder in &args.folders {
        std::fs::read_dir(folder).map_err(|e| Failure::file(Kind::Input, "read", folder, &e))?;
    }
    let stop = interrupt::stop_asked()?;
    let listen = args.listen;
    let options = Options {
        listen,
        folders: args.folders,
        connections: args.connections.get().into(),
        idle: Duration::from_secs(args.idle.get()),
        rescan: Some(Duration::from_secs(args.rescan.get())),
    };
    let server = Server::start(options, Box::new(open)).map_err(|e| {
        Failure::network(format!("cannot listen on {listen}"))
            .because(&e)
            .hint("--listen takes another address; port 0 is any free one")
    })?;
    let address = server.address();
    if !address.ip().is_loopback() {
        terminal.warn("this address is reachable from elsewhere, without TLS and access control");
    }
    let index = server.index();
    for path in index.unread() {
        terminal.warn(&format!(
            "{} cannot be read and is not served",
            path.display()
        ));
    }
    if index.is_empty() {
        terminal.warn("no file with a build ID was found yet");
    }
    output::to_stdout(format!("http://{address}\n").as_bytes())?;
    terminal.say(&format!("{} build IDs; Ctrl-C ends", index.len()));
    drop(index);
    // A channel that was closed ends it too.
    let _ = stop.recv();
    if !server.stop(GRACE) {
        terminal.warn("some answers were not finished");
    }
    Ok(EXIT_OK)
}

/// A mapped file: pages, not copies.
struct View(Mapped);

impl AsRef<[u8]> for View {
    fn as_ref(&self) -> &[u8] {
        self.0.bytes()
    }
}

fn open(path: &Path) -> std::io::Result<Box<dyn AsRef<[u8]>>> {
    Ok(Box::new(View(Mapped::open(path)?)))
}

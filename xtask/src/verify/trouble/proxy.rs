//! A module proxy on this machine: the files of a folder, and what goes wrong with them when it is told so. Questions to the checksum
//! database are handed through to the proxy that the user has, by curl.

use crate::run::{Context, Outcome, output};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

/// What goes wrong with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The connection ends when half of it is sent.
    Half,
    /// The answer has this status and no file.
    Status(u16),
    /// The file is that of another folder.
    Other(&'static str),
}

#[derive(Default)]
struct State {
    /// Ends of addresses, and what goes wrong with what they name.
    faults: Vec<(&'static str, Fault)>,
    asked: Vec<String>,
}

/// A proxy that serves until the task ends.
pub(super) struct Proxy {
    pub(super) address: String,
    state: Arc<Mutex<State>>,
}

impl Proxy {
    /// Serves a folder, and the database behind `upstream`.
    pub(super) fn serve(folder: PathBuf, upstream: String) -> Outcome<Proxy> {
        let listener = TcpListener::bind("127.0.0.1:0").context("listen")?;
        let address = format!("http://{}", listener.local_addr().context("address")?);
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, folder, upstream) = (shared.clone(), folder.clone(), upstream.clone());
                // Who asked may be gone already.
                std::thread::spawn(move || {
                    answer(stream, &folder, &upstream, &shared).unwrap_or_default();
                });
            }
        });
        Ok(Proxy { address, state })
    }

    /// From now on this goes wrong, and nothing else; nothing was asked for yet.
    pub(super) fn fail(&self, faults: &[(&'static str, Fault)]) {
        let mut state = self.state.lock().expect("no thread panics");
        state.faults = faults.to_vec();
        state.asked.clear();
    }

    /// What was asked for since.
    pub(super) fn asked(&self) -> Vec<String> {
        self.state.lock().expect("no thread panics").asked.clone()
    }
}

fn answer(
    stream: TcpStream,
    folder: &Path,
    upstream: &str,
    state: &Mutex<State>,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(&stream).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let place = first.split(' ').nth(1).unwrap_or_default().to_owned();
    while lines
        .next()
        .transpose()?
        .is_some_and(|line| !line.is_empty())
    {}
    let fault = {
        let mut state = state.lock().expect("no thread panics");
        state.asked.push(place.clone());
        let mut faults = state.faults.iter();
        faults
            .find(|(end, _)| place.ends_with(end))
            .map(|(_, fault)| *fault)
    };
    let below = place.trim_start_matches('/');
    let file = match fault {
        Some(Fault::Other(other)) => folder.with_file_name(other).join(below),
        _ => folder.join(below),
    };
    let mut stream = &stream;
    let found = match below.starts_with("sumdb/") {
        true => handed_through(upstream, below),
        false => std::fs::read(file).context(below),
    };
    match (fault, found) {
        (Some(Fault::Status(status)), _) => head(stream, status, 0),
        (_, Err(_)) => head(stream, 404, 0),
        (Some(Fault::Half), Ok(bytes)) => {
            head(stream, 200, bytes.len())?;
            stream.write_all(&bytes[..bytes.len() / 2])
        }
        (_, Ok(bytes)) => {
            head(stream, 200, bytes.len())?;
            stream.write_all(&bytes)
        }
    }
}

fn head(mut stream: &TcpStream, status: u16, length: usize) -> std::io::Result<()> {
    let reason = match status {
        200 => "OK",
        410 => "Gone",
        _ => "Not Found",
    };
    write!(
        stream,
        "HTTP/1.1 {status} {reason}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )
}

/// What another proxy answers; an error where it does not.
fn handed_through(upstream: &str, below: &str) -> Outcome<Vec<u8>> {
    let mut curl = Command::new("curl");
    output(
        curl.args(["--silent", "--show-error", "--fail", "--location"])
            .arg(format!("{upstream}/{below}")),
    )
}

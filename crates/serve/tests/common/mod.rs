//! A server over a folder with a program and its debug file, and a client that says exactly what it is told to.

#![expect(clippy::disallowed_types, reason = "a client")]

use goassay_serve::{Options, Server};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The build ID of [`program`].
pub(crate) fn build_id() -> String {
    let data = program();
    let file = goassay_binary::debuginfo::debug_file(&data).unwrap();
    goassay_binary::bytes::hexadecimal(file.build_id.unwrap())
}

/// A shipped program (64-bit, little-endian).
pub(crate) fn program() -> Vec<u8> {
    goassay_fixtures::bytes("elf-amd64-go1.25")
}

/// A debug file of that program: one more section, and no code.
pub(crate) fn debug_file(dwarf: &[u8]) -> Vec<u8> {
    let mut out = program();
    let word = |out: &[u8], at: usize| {
        usize::try_from(u64::from_le_bytes(out[at..at + 8].try_into().unwrap())).unwrap()
    };
    let half = |out: &[u8], at: usize| {
        usize::from(u16::from_le_bytes(out[at..at + 2].try_into().unwrap()))
    };
    let (start, count, names) = (word(&out, 40), half(&out, 60), half(&out, 62));
    let mut table = out[start..start + 64 * count].to_vec();
    for header in table.chunks_exact_mut(64) {
        // Code loses its contents.
        if header[8] & 4 != 0 {
            header[4] = 8;
        }
    }
    let (at, len) = (word(&table, 64 * names + 24), word(&table, 64 * names + 32));
    let strings = [&out[at..at + len], b".debug_info\0"].concat();
    let put = |table: &mut Vec<u8>, at: usize, value: usize| {
        table[at..at + 8].copy_from_slice(&(value as u64).to_le_bytes());
    };
    put(&mut table, 64 * names + 24, out.len());
    put(&mut table, 64 * names + 32, strings.len());
    out.extend(&strings);
    let mut header = vec![0; 64];
    header[..4].copy_from_slice(&u32::try_from(len).unwrap().to_le_bytes());
    header[4] = 1;
    put(&mut header, 24, out.len());
    put(&mut header, 32, dwarf.len());
    out.extend(dwarf);
    let at = out.len();
    out.extend(table);
    out.extend(header);
    put(&mut out, 40, at);
    out[60..62].copy_from_slice(&u16::try_from(count + 1).unwrap().to_le_bytes());
    out
}

/// A folder with both, and sources; and a file beside it that nobody may get.
pub(crate) fn folder(dwarf: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let above = tempfile::tempdir().unwrap();
    let root = above.path().join("root");
    write(&root.join("bin/prog"), &program());
    write(&root.join(".build-id/xx/prog.debug"), &debug_file(dwarf));
    write(&root.join("src/main.go"), b"package main\n");
    write(&root.join("notes.txt"), b"not a program\n");
    write(&above.path().join("outside.go"), b"SECRET\n");
    (above, root)
}

pub(crate) fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

pub(crate) fn options(root: &Path) -> Options {
    Options {
        listen: "127.0.0.1:0".parse().unwrap(),
        folders: vec![root.to_owned()],
        connections: 64,
        idle: Duration::from_secs(20),
        rescan: None,
    }
}

pub(crate) fn start(options: Options) -> Server {
    let open = |path: &Path| {
        let data = std::fs::read(path)?;
        Ok(Box::new(data) as Box<dyn AsRef<[u8]>>)
    };
    Server::start(options, Box::new(open)).unwrap()
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self
            .headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }
}

pub(crate) struct Client {
    pub(crate) reader: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(120)))
            .unwrap();
        Client {
            reader: BufReader::new(stream),
        }
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.reader.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// Status and headers; `None` where the server closed instead.
    pub(crate) fn head(&mut self) -> Option<Reply> {
        let mut line = String::new();
        if self.reader.read_line(&mut line).unwrap_or(0) == 0 {
            return None;
        }
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            headers.push((name.to_owned(), value.to_owned()));
        }
        Some(Reply {
            status,
            headers,
            body: Vec::new(),
        })
    }

    pub(crate) fn ask(&mut self, method: &str, path: &str, headers: &str) -> Reply {
        self.send(&format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"
        ));
        let mut reply = self.head().expect("an answer");
        let len = reply
            .header("Content-Length")
            .map_or(0, |len| len.parse().unwrap());
        if method != "HEAD" && reply.status != 304 {
            reply.body = vec![0; len];
            self.reader.read_exact(&mut reply.body).unwrap();
        }
        reply
    }
}

pub(crate) fn get(address: SocketAddr, path: &str) -> Reply {
    Client::new(address).ask("GET", path, "")
}

//! A small HTTP server that serves a published database, and misbehaves on request.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What a path answers with.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// A body, with an ETag made of it.
    File(Vec<u8>),
    /// A status without a body.
    Status(u16),
    /// A redirect.
    Redirect(String),
    /// Half of what is announced.
    Truncated(Vec<u8>),
    /// So many bytes are announced, and sent.
    Huge(u64),
}

type Replies = Arc<Mutex<BTreeMap<String, Reply>>>;

/// A running server; it ends with the test process.
pub(crate) struct Server {
    pub(crate) url: String,
    replies: Replies,
    log: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let replies = Replies::default();
        let log = Arc::default();
        let (served, logged) = (Arc::clone(&replies), Arc::clone(&log));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (served, logged) = (Arc::clone(&served), Arc::clone(&logged));
                // A client that goes away is its own business.
                std::thread::spawn(move || answer(&stream, &served, &logged).unwrap_or_default());
            }
        });
        Server { url, replies, log }
    }

    pub(crate) fn set(&self, path: &str, reply: Reply) {
        self.replies
            .lock()
            .unwrap()
            .insert(format!("/{path}"), reply);
    }

    /// `path status` of every answer since the last call.
    pub(crate) fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap())
    }
}

fn answer(stream: &TcpStream, replies: &Replies, log: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut known = None;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("if-none-match")
        {
            known = Some(value.trim().to_owned());
        }
    }
    let reply = replies
        .lock()
        .unwrap()
        .get(&path)
        .cloned()
        .unwrap_or(Reply::Status(404));
    let status = send(stream, &reply, known.as_deref())?;
    log.lock().unwrap().push(format!("{path} {status}"));
    Ok(())
}

fn send(mut stream: &TcpStream, reply: &Reply, known: Option<&str>) -> std::io::Result<u16> {
    let mut head = |status: u16, length: u64, more: &str| {
        write!(
            stream,
            "HTTP/1.1 {status} x\r\nContent-Length: {length}\r\nConnection: close\r\n{more}\r\n"
        )
    };
    match reply {
        Reply::File(bytes) => {
            let sum: u64 = bytes
                .iter()
                .zip(1..)
                .map(|(byte, at)| u64::from(*byte) * at)
                .sum();
            let etag = format!("\"{sum}\"");
            if known == Some(&etag) {
                head(304, 0, "")?;
                return Ok(304);
            }
            head(200, bytes.len() as u64, &format!("ETag: {etag}\r\n"))?;
            stream.write_all(bytes)?;
            Ok(200)
        }
        Reply::Status(status) => head(*status, 0, "").map(|()| *status),
        Reply::Redirect(to) => head(302, 0, &format!("Location: {to}\r\n")).map(|()| 302),
        Reply::Truncated(bytes) => {
            head(200, bytes.len() as u64, "")?;
            stream.write_all(&bytes[..bytes.len() / 2])?;
            Ok(200)
        }
        Reply::Huge(length) => {
            head(200, *length, "")?;
            let block = vec![b' '; 1 << 20];
            (0..length >> 20).try_for_each(|_| stream.write_all(&block))?;
            Ok(200)
        }
    }
}

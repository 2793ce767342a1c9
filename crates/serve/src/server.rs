//! The listener: a bounded number of connections, each a thread; what is slow is closed; a stop lets answers finish.

#![expect(clippy::disallowed_types, reason = "this is the listener")]

use crate::answer::{Answer, Body, Part, State};
use crate::index::{Index, Open};
use crate::metrics::Metrics;
use crate::request::{self, Bad, Request};
use crate::source::Sources;
use std::collections::HashMap;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Stack of a connection's thread, in bytes; what it holds besides is one head and one block.
const STACK: usize = 256 * 1024;
const BLOCK: usize = 64 * 1024;
/// After [`Options::idle`], answers have to be taken at this speed, in bytes a second.
const LOWEST_SPEED: u64 = 4096;

/// How to listen.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where; port 0 is any free one.
    pub listen: SocketAddr,
    /// The folders that are served.
    pub folders: Vec<PathBuf>,
    /// Most connections at a time; more wait until one is closed.
    pub connections: usize,
    /// How long a client may be silent, or take for a request.
    pub idle: Duration,
    /// How often the folders are walked again; none for never.
    pub rescan: Option<Duration>,
}

/// A server that runs.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    state: State,
    options: Options,
    stopping: AtomicBool,
    /// Open connections by number, so that a stop can end the idle ones.
    open: Mutex<HashMap<u64, TcpStream>>,
    changed: Condvar,
}

impl Server {
    /// Indexes the folders, then listens.
    ///
    /// # Errors
    /// Where the address cannot be had or no thread be started.
    pub fn start(options: Options, open: Box<Open>) -> io::Result<Server> {
        let listener = TcpListener::bind(options.listen)?;
        let address = listener.local_addr()?;
        let index = Index::of(&options.folders, &Index::default(), &*open);
        let shared = Arc::new(Shared {
            state: State {
                index: RwLock::new(Arc::new(index)),
                sources: Sources::of(&options.folders),
                open,
                metrics: Metrics::default(),
            },
            options,
            stopping: AtomicBool::new(false),
            open: Mutex::new(HashMap::new()),
            changed: Condvar::new(),
        });
        let accepting = Arc::clone(&shared);
        let scanning = Arc::clone(&shared);
        let threads = vec![
            thread("accept", move || accepting.accept(&listener))?,
            thread("scan", move || scanning.scan())?,
        ];
        Ok(Server {
            address,
            shared,
            threads,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it serves now.
    #[must_use]
    pub fn index(&self) -> Arc<Index> {
        self.shared.state.current()
    }

    /// Accepts nothing more, lets answers that were begun finish for as long as `grace`, and ends. True where all of them did.
    #[must_use]
    pub fn stop(self, grace: Duration) -> bool {
        let shared = &self.shared;
        {
            // Under the lock, so that nobody goes to sleep between looking and being told.
            let _open = shared.open();
            shared.stopping.store(true, Ordering::SeqCst);
            shared.changed.notify_all();
        }
        // The listener waits for a connection, so it gets one.
        let _ = TcpStream::connect_timeout(&reachable(self.address), Duration::from_secs(1));
        let deadline = Instant::now() + grace;
        let mut open = shared.open();
        for stream in open.values() {
            // Whoever waits for a request reads the end; whoever sends an answer goes on.
            let _ = stream.shutdown(Shutdown::Read);
        }
        while !open.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = shared.changed.wait_timeout(open, left);
            open = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let all = open.is_empty();
        for stream in open.values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(open);
        self.threads.into_iter().all(|thread| thread.join().is_ok()) && all
    }
}

/// An address at which this machine reaches what listens there.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    SocketAddr::new(ip, address.port())
}

fn thread(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    let builder = std::thread::Builder::new().name(name.to_owned());
    // Walking folders goes deeper than answering does.
    let stack = if name == "scan" { 8 * STACK } else { STACK };
    builder.stack_size(stack).spawn(run)
}

impl Shared {
    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, TcpStream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: &Arc<Shared>, listener: &TcpListener) {
        let mut number = 0;
        while let Some(stream) = self.next(listener) {
            number += 1;
            // No thread or no second handle: this client is not served, the next may be.
            let _ = self.serve(number, stream);
        }
    }

    /// The next connection, once there is room for one; none at the end.
    fn next(&self, listener: &TcpListener) -> Option<TcpStream> {
        loop {
            let mut open = self.open();
            while open.len() >= self.options.connections.max(1) && !self.is_stopping() {
                let waited = self.changed.wait(open);
                open = waited.unwrap_or_else(PoisonError::into_inner);
            }
            drop(open);
            let accepted = listener.accept();
            if self.is_stopping() {
                return None;
            }
            match accepted {
                Ok((stream, _)) => return Some(stream),
                // Out of file descriptors, as a rule: some will be closed soon.
                Err(_) => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    fn serve(self: &Arc<Shared>, number: u64, stream: TcpStream) -> io::Result<()> {
        let metrics = &self.state.metrics;
        metrics.connections.fetch_add(1, Ordering::Relaxed);
        metrics.open.fetch_add(1, Ordering::Relaxed);
        let guard = Closing(Arc::clone(self), number);
        self.open().insert(number, stream.try_clone()?);
        if self.is_stopping() {
            stream.shutdown(Shutdown::Read)?;
        }
        thread("connection", move || {
            guard.0.converse(stream);
            drop(guard);
        })?;
        Ok(())
    }

    /// Answers requests of one connection until one side has enough.
    fn converse(&self, mut stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        let mut buffer = Vec::new();
        loop {
            let request = request::read(&mut stream, &mut buffer, self.options.idle);
            let goes_on = match request {
                Ok(request) => {
                    let answer = self.state.answer(&request);
                    let keep = request.keep_alive && !self.is_stopping();
                    self.send(&mut stream, &request, answer, keep).is_ok() && keep
                }
                Err(bad) => {
                    if let Some(answer) = refusal(bad) {
                        let _ = self.send(&mut stream, &NOTHING, answer, false);
                    }
                    false
                }
            };
            if !goes_on {
                // What the client sent and nobody read would make the system discard the answer.
                let _ = stream.shutdown(Shutdown::Write);
                return;
            }
        }
    }

    fn send(
        &self,
        stream: &mut TcpStream,
        request: &Request,
        answer: Answer,
        keep_alive: bool,
    ) -> io::Result<()> {
        self.state.metrics.answered(answer.what, answer.status);
        let mut writer = Paced::new(stream, self.options.idle);
        let connection = if keep_alive { "keep-alive" } else { "close" };
        let mut head = format!("HTTP/1.1 {} {}\r\n", answer.status, reason(answer.status));
        for (name, value) in &answer.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        // An answer "not modified" has the length of what it does not have.
        if answer.status != 304 {
            head.push_str(&format!("Content-Length: {}\r\n", answer.body.len()));
        }
        head.push_str(&format!("Connection: {connection}\r\n\r\n"));
        writer.write_all(head.as_bytes())?;
        if request.is_head || answer.status == 304 {
            return Ok(());
        }
        let sent = match answer.body {
            Body::Text(text) => writer
                .write_all(text.as_bytes())
                .map(|()| text.len() as u64),
            Body::Part(part) => stream_part(part, &mut writer),
        }?;
        self.state.metrics.bytes.fetch_add(sent, Ordering::Relaxed);
        Ok(())
    }

    fn scan(&self) {
        let Some(every) = self.options.rescan else {
            return;
        };
        loop {
            let deadline = Instant::now() + every;
            let mut open = self.open();
            while !self.is_stopping() {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                let waited = self.changed.wait_timeout(open, left);
                open = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            drop(open);
            if self.is_stopping() {
                return;
            }
            let before = self.state.current();
            let index = Arc::new(Index::of(&self.options.folders, &before, &*self.state.open));
            *self
                .state
                .index
                .write()
                .unwrap_or_else(PoisonError::into_inner) = index;
        }
    }
}

/// Gives back a connection's place, also when its thread could not be started.
struct Closing(Arc<Shared>, u64);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.open().remove(&self.1);
        self.0.state.metrics.open.fetch_sub(1, Ordering::Relaxed);
        self.0.changed.notify_all();
    }
}

const NOTHING: Request = Request {
    is_head: false,
    path: String::new(),
    range: None,
    if_range: None,
    if_none_match: None,
    keep_alive: false,
};

fn refusal(bad: Bad) -> Option<Answer> {
    let (status, text) = match bad {
        Bad::Gone => return None,
        Bad::Slow => (408, "the request took too long"),
        Bad::Long => (431, "the request is too long"),
        Bad::Malformed => (400, "this is no request without a body"),
        Bad::Method => (405, "only GET and HEAD are answered"),
    };
    let mut answer = Answer::text(status, "other", text);
    if bad == Bad::Method {
        answer.headers.push(("Allow", "GET, HEAD".to_owned()));
    }
    Some(answer)
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        206 => "Partial Content",
        304 => "Not Modified",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        416 => "Range Not Satisfiable",
        431 => "Request Header Fields Too Large",
        _ => "Error",
    }
}

/// Sends a part of a file; an error, so that the client sees a short answer, where the file changed meanwhile.
fn stream_part(mut part: Part, writer: &mut Paced<'_>) -> io::Result<u64> {
    let changed = || io::Error::other("the file changed while it was sent");
    part.file.seek(SeekFrom::Start(part.offset))?;
    let mut block = vec![0; BLOCK];
    let mut left = part.len;
    while left > 0 {
        let wanted = usize::try_from(left).map_or(BLOCK, |left| left.min(BLOCK));
        let block = block.get_mut(..wanted).ok_or_else(changed)?;
        part.file.read_exact(block)?;
        left -= wanted as u64;
        if left == 0 && !part.indexed.is_unchanged(&part.file) {
            return Err(changed());
        }
        writer.write_all(block)?;
    }
    Ok(part.len)
}

/// A stream that has to be read at some speed.
struct Paced<'s> {
    stream: &'s mut TcpStream,
    start: Instant,
    idle: Duration,
    sent: u64,
}

impl Paced<'_> {
    fn new(stream: &mut TcpStream, idle: Duration) -> Paced<'_> {
        Paced {
            stream,
            start: Instant::now(),
            idle,
            sent: 0,
        }
    }

    fn write_all(&mut self, mut data: &[u8]) -> io::Result<()> {
        while !data.is_empty() {
            let allowed = self.idle + Duration::from_secs(self.sent / LOWEST_SPEED);
            let left = allowed.saturating_sub(self.start.elapsed()).min(self.idle);
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.stream.set_write_timeout(Some(left))?;
            match self.stream.write(data) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(len) => {
                    self.sent += len as u64;
                    data = data.get(len..).unwrap_or_default();
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}

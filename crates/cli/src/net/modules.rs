//! Requests to module proxies and checksum databases: the library's `Fetch` over this program's network.

use super::{ATTEMPTS, Trouble, agent, bad_status, file_path, trouble};
use crate::environment::Environment;
use goassay_build::fetch::{Fetch, FetchError, Kind};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;
use std::time::Duration;

/// A toolchain may take a while.
const DOWNLOAD: Duration = Duration::from_secs(3600);

/// Told how many bytes of how many there are (0: not known).
pub(crate) type Observer<'a> = dyn Fn(u64, u64) + 'a;

/// The network for modules.
pub(crate) struct Modules<'a> {
    env: &'a Environment,
    ca: Option<PathBuf>,
    observer: &'a Observer<'a>,
    /// By scheme and host, so that connections are used again.
    agents: RefCell<BTreeMap<String, ureq::Agent>>,
}

/// Where the bytes of an answer go.
struct Sink<'s> {
    file: Option<&'s mut File>,
    bytes: Vec<u8>,
}

impl Sink<'_> {
    /// Empty again, for another attempt.
    fn restart(&mut self) -> io::Result<()> {
        self.bytes.clear();
        if let Some(file) = &mut self.file {
            file.set_len(0)?;
            file.rewind()?;
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.file {
            Some(file) => file.write_all(bytes),
            None => self.bytes.write_all(bytes),
        }
    }
}

/// A failed attempt, and whether another may help.
struct Failed(FetchError, bool);

impl<'a> Modules<'a> {
    /// Requests with the proxies of `env`, and the certificates in `ca` instead of the built-in ones.
    pub(crate) fn new(
        env: &'a Environment,
        ca: Option<PathBuf>,
        observer: &'a Observer<'a>,
    ) -> Modules<'a> {
        Modules {
            env,
            ca,
            observer,
            agents: RefCell::default(),
        }
    }

    fn transfer(&self, url: &str, cap: u64, sink: &mut Sink<'_>) -> Result<u64, FetchError> {
        let mut attempt = 1;
        loop {
            sink.restart().map_err(|error| local(url, &error))?;
            let done = match url.strip_prefix("file://") {
                Some(path) => self.copy(url, path, cap, sink),
                None => self.request(url, cap, sink),
            };
            match done {
                Err(Failed(_, true)) if attempt < ATTEMPTS => {
                    std::thread::sleep(Duration::from_millis(250) * attempt.pow(2));
                    attempt += 1;
                }
                done => return done.map_err(|failed| failed.0),
            }
        }
    }

    fn copy(&self, url: &str, path: &str, cap: u64, sink: &mut Sink<'_>) -> Result<u64, Failed> {
        let path = file_path(path).ok_or_else(|| {
            Failed(
                FetchError::new(Kind::Forbidden, url, "it is not the address of a file"),
                false,
            )
        })?;
        let file = File::open(path).map_err(|error| {
            let kind = match error.kind() {
                io::ErrorKind::NotFound => Kind::Missing,
                _ => Kind::Local,
            };
            Failed(FetchError::new(kind, url, error.to_string()), false)
        })?;
        let length = file.metadata().map_or(0, |meta| meta.len());
        self.pour(url, file, (length, cap), sink)
    }

    fn request(&self, url: &str, cap: u64, sink: &mut Sink<'_>) -> Result<u64, Failed> {
        let failed =
            |error: &ureq::Error| of_trouble(url, trouble(url, error, cap), Kind::Unreachable);
        let agent = self.agent(url).map_err(|error| Failed(error, false))?;
        let request = agent
            .get(url)
            .config()
            .timeout_recv_body(Some(DOWNLOAD))
            .build();
        let response = request.call().map_err(|error| failed(&error))?;
        match response.status().as_u16() {
            200 => {}
            status @ (404 | 410) => {
                let cause = format!("the server answered with status {status}");
                return Err(Failed(FetchError::new(Kind::Missing, url, cause), false));
            }
            status => {
                return Err(of_trouble(
                    url,
                    bad_status(url, status),
                    Kind::Status(status),
                ));
            }
        }
        let body = response.into_body();
        let length = body.content_length().unwrap_or(0);
        // One byte more than allowed shows that there is more.
        let reader = body
            .into_with_config()
            .limit(cap.saturating_add(1))
            .reader();
        self.pour(url, reader, (length, cap), sink)
    }

    fn agent(&self, url: &str) -> Result<ureq::Agent, FetchError> {
        let host = url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        if let Some(agent) = self.agents.borrow().get(&host) {
            return Ok(agent.clone());
        }
        let made = agent(url, self.ca.as_deref(), self.env)
            .map_err(|failure| FetchError::new(Kind::Forbidden, url, failure.to_string()))?;
        self.agents.borrow_mut().insert(host, made.clone());
        Ok(made)
    }

    fn pour(
        &self,
        url: &str,
        mut from: impl Read,
        (length, cap): (u64, u64),
        sink: &mut Sink<'_>,
    ) -> Result<u64, Failed> {
        let mut buffer = vec![0; 1 << 16];
        let mut done = 0u64;
        let observed = sink.file.is_some();
        loop {
            let count = match from.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read.map_err(|error| {
                    Failed(
                        FetchError::new(Kind::Unreachable, url, error.to_string()),
                        true,
                    )
                })?,
            };
            if count == 0 {
                return Ok(done);
            }
            done += count as u64;
            if done > cap {
                let cause = format!("it is larger than {} MiB", cap >> 20);
                return Err(Failed(FetchError::new(Kind::TooLarge, url, cause), false));
            }
            sink.write(&buffer[..count])
                .map_err(|error| Failed(local(url, &error), false))?;
            if observed {
                (self.observer)(done, length);
            }
        }
    }
}

fn local(url: &str, error: &io::Error) -> FetchError {
    FetchError::new(
        Kind::Local,
        url,
        format!("the download cannot be written: {error}"),
    )
}

fn of_trouble(url: &str, trouble: Trouble, kind: Kind) -> Failed {
    let cause = trouble.failure.causes.join(": ");
    Failed(FetchError::new(kind, url, cause), trouble.again)
}

impl Fetch for Modules<'_> {
    fn get(&self, url: &str, cap: u64) -> Result<Vec<u8>, FetchError> {
        let mut sink = Sink {
            file: None,
            bytes: Vec::new(),
        };
        self.transfer(url, cap, &mut sink)?;
        Ok(sink.bytes)
    }

    fn download(&self, url: &str, cap: u64, file: &mut File) -> Result<u64, FetchError> {
        let mut sink = Sink {
            file: Some(file),
            bytes: Vec::new(),
        };
        self.transfer(url, cap, &mut sink)
    }
}

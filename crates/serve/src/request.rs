//! What a client asks for: one request head, read within a deadline and a size.

#![expect(clippy::disallowed_types, reason = "a connection that was accepted")]

use std::io::{self, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Longest request line with headers, in bytes.
pub(crate) const LONGEST_HEAD: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) is_head: bool,
    /// Path without query, as sent (percent-encoded).
    pub(crate) path: String,
    pub(crate) range: Option<String>,
    pub(crate) if_range: Option<String>,
    pub(crate) if_none_match: Option<String>,
    pub(crate) keep_alive: bool,
}

/// Why there is no request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bad {
    /// The client went away, or was silent between two requests.
    Gone,
    /// It began a request and did not finish it in time.
    Slow,
    /// The head is too long.
    Long,
    /// It is no HTTP/1 request, or has a body.
    Malformed,
    /// Another method than GET and HEAD.
    Method,
}

/// Reads the next request; `buffer` keeps what was read beyond it.
pub(crate) fn read(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
    idle: Duration,
) -> Result<Request, Bad> {
    let deadline = Instant::now() + idle;
    loop {
        if let Some((request, len)) = parse(buffer)? {
            buffer.drain(..len);
            return Ok(request);
        }
        if buffer.len() >= LONGEST_HEAD {
            return Err(Bad::Long);
        }
        let late = if buffer.is_empty() {
            Bad::Gone
        } else {
            Bad::Slow
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            return Err(late);
        }
        let mut part = [0; 4096];
        let room = part.len().min(LONGEST_HEAD - buffer.len());
        let part = part.get_mut(..room).ok_or(Bad::Long)?;
        match stream.read(part) {
            Ok(0) => return Err(Bad::Gone),
            Ok(len) => buffer.extend_from_slice(part.get(..len).unwrap_or_default()),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => {
                let timeout = [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut];
                return Err(if timeout.contains(&e.kind()) {
                    late
                } else {
                    Bad::Gone
                });
            }
        }
    }
}

/// The request at the beginning of `data` and its length; none where it goes on.
fn parse(data: &[u8]) -> Result<Option<(Request, usize)>, Bad> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let len = match parsed.parse(data) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Bad::Long),
        Err(_) => return Err(Bad::Malformed),
    };
    let header = |name: &str| {
        let mut found = parsed
            .headers
            .iter()
            .filter(|h| h.name.eq_ignore_ascii_case(name));
        found
            .next()
            .map(|h| String::from_utf8_lossy(h.value).trim().to_owned())
    };
    let has_body = header("transfer-encoding").is_some()
        || header("content-length").is_some_and(|len| len != "0");
    if has_body {
        return Err(Bad::Malformed);
    }
    let is_head = match parsed.method {
        Some("GET") => false,
        Some("HEAD") => true,
        _ => return Err(Bad::Method),
    };
    let target = parsed.path.ok_or(Bad::Malformed)?;
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let asked = header("connection")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let request = Request {
        is_head,
        path: path.to_owned(),
        range: header("range"),
        if_range: header("if-range"),
        if_none_match: header("if-none-match"),
        keep_alive: match parsed.version {
            Some(1) => !asked.contains("close"),
            _ => false,
        },
    };
    Ok(Some((request, len)))
}

/// A path without percent encoding; none where it is no UTF-8 text, encoded wrongly, or has control characters.
pub(crate) fn decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let value = digit(rest.next())? * 16 + digit(rest.next())?;
                u8::try_from(value).ok()?
            }
            byte => byte,
        });
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.chars().any(char::is_control)).then_some(text)
}

/// The part of `len` bytes that a `Range` header asks for: first and last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Range {
    /// All of it: no range, or a form that may be ignored (several ranges, another unit).
    Whole,
    /// From the first to the last byte, both included.
    Part(u64, u64),
    /// Nothing of it is there.
    Outside,
}

impl Range {
    /// As RFC 9110, section 14.
    pub(crate) fn of(header: Option<&str>, len: u64) -> Range {
        let Some((first, last)) = header.and_then(|h| h.strip_prefix("bytes=")?.split_once('-'))
        else {
            return Range::Whole;
        };
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            // What is larger than any file is as good as the largest number.
            digits.then(|| text.parse().unwrap_or(u64::MAX))
        };
        match (number(first.trim()), number(last.trim())) {
            (Some(first), Some(last)) if last < first => Range::Whole,
            (Some(first), _)
                if first >= len && (last.trim().is_empty() || number(last.trim()).is_some()) =>
            {
                Range::Outside
            }
            (Some(first), Some(last)) => Range::Part(first, last.min(len - 1)),
            (Some(first), None) if last.trim().is_empty() => Range::Part(first, len - 1),
            (None, Some(suffix)) if first.trim().is_empty() => match suffix.min(len) {
                0 => Range::Outside,
                suffix => Range::Part(len - suffix, len - 1),
            },
            _ => Range::Whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_follow_the_standard() {
        let of = |text: &str, len| Range::of(Some(text), len);
        assert_eq!(Range::of(None, 10), Range::Whole);
        assert_eq!(of("bytes=0-3", 10), Range::Part(0, 3));
        assert_eq!(of("bytes=4-", 10), Range::Part(4, 9));
        assert_eq!(of("bytes=-3", 10), Range::Part(7, 9));
        assert_eq!(of("bytes=-30", 10), Range::Part(0, 9));
        assert_eq!(of("bytes=5-99999999999999999999999", 10), Range::Part(5, 9));
        assert_eq!(of("bytes=10-", 10), Range::Outside);
        assert_eq!(of("bytes=10-12", 10), Range::Outside);
        assert_eq!(of("bytes=-0", 10), Range::Outside);
        assert_eq!(of("bytes=0-", 0), Range::Outside);
        assert_eq!(of("bytes=-5", 0), Range::Outside);
        for ignored in [
            "bytes=3-1",
            "bytes=0-1,4-5",
            "lines=0-1",
            "bytes=a-b",
            "bytes=-",
            "bytes=+1-2",
        ] {
            assert_eq!(of(ignored, 10), Range::Whole, "{ignored}");
        }
    }

    #[test]
    fn encodings_are_undone_once() {
        assert_eq!(decoded("/a%20b%2Fc").as_deref(), Some("/a b/c"));
        assert_eq!(decoded("%252e").as_deref(), Some("%2e"));
        for bad in ["%", "%2", "%zz", "%ff", "%00", "a%0ab"] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
    }

    #[test]
    fn requests_with_bodies_and_other_methods_are_refused() {
        let parse = |text: &str| parse(text.as_bytes());
        let get = parse("GET /metrics?x=1 HTTP/1.1\r\nRange: bytes=0-1\r\n\r\nrest").unwrap();
        let (request, len) = get.unwrap();
        assert_eq!((request.path.as_str(), len), ("/metrics", 47));
        assert!(request.keep_alive && !request.is_head);
        assert_eq!(parse("GET / HTTP/1.1\r\nHost:").unwrap(), None);
        assert_eq!(parse("POST / HTTP/1.1\r\n\r\n"), Err(Bad::Method));
        assert_eq!(
            parse("GET / HTTP/1.1\r\nContent-Length: 3\r\n\r\n"),
            Err(Bad::Malformed)
        );
        assert_eq!(
            parse("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"),
            Err(Bad::Malformed)
        );
        assert_eq!(parse("\x16\x03\x01"), Err(Bad::Malformed));
        assert!(
            !parse("GET / HTTP/1.0\r\n\r\n")
                .unwrap()
                .unwrap()
                .0
                .keep_alive
        );
    }
}

//! Requests to answers: the routes of the debuginfod protocol and `/metrics`, ranges and entity tags.
//!
//! What a pass through here means: the bytes come from a file below the folders that has not changed since it was indexed
//! (sources: since it was opened).

use crate::index::{Held, Index, Indexed, Open, Stamp};
use crate::metrics::Metrics;
use crate::request::{Range, Request, decoded};
use crate::source::Sources;
use goassay_binary::debuginfo::debug_file;
use std::fs::File;
use std::sync::{Arc, PoisonError, RwLock};

/// Longest build ID in hexadecimal digits: that of elfutils.
const LONGEST_ID: usize = 128;

/// What is served.
pub(crate) struct State {
    pub(crate) index: RwLock<Arc<Index>>,
    pub(crate) sources: Sources,
    pub(crate) open: Box<Open>,
    pub(crate) metrics: Metrics,
}

/// An answer, not yet sent.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// What it is counted as.
    pub(crate) what: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Body,
}

pub(crate) enum Body {
    Text(String),
    Part(Part),
}

/// A part of an open file.
pub(crate) struct Part {
    pub(crate) file: File,
    /// What the file was when it was indexed.
    pub(crate) indexed: Arc<Indexed>,
    pub(crate) offset: u64,
    pub(crate) len: u64,
}

impl Body {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Body::Text(text) => text.len() as u64,
            Body::Part(part) => part.len,
        }
    }
}

impl Answer {
    /// A sentence for people.
    pub(crate) fn text(status: u16, what: &'static str, text: &str) -> Answer {
        Answer {
            status,
            what,
            headers: vec![("Content-Type", "text/plain; charset=utf-8".to_owned())],
            body: Body::Text(format!("{text}\n")),
        }
    }
}

/// What is asked for by build ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked<'p> {
    Debug,
    Code,
    Section(&'p str),
    Source(&'p str),
}

impl Asked<'_> {
    fn name(self) -> &'static str {
        match self {
            Asked::Debug => "debuginfo",
            Asked::Code => "executable",
            Asked::Section(_) => "section",
            Asked::Source(_) => "source",
        }
    }
}

impl State {
    pub(crate) fn current(&self) -> Arc<Index> {
        Arc::clone(&self.index.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The answer to a request.
    pub(crate) fn answer(&self, request: &Request) -> Answer {
        let Some(path) = decoded(&request.path) else {
            return Answer::text(400, "other", "the path is wrongly encoded");
        };
        if path == "/metrics" {
            return self.metrics();
        }
        let Some((id, asked)) = route(&path) else {
            return Answer::text(404, "other", "not here; see the debuginfod protocol");
        };
        let what = asked.name();
        let Some(id) = build_id(id) else {
            let said = "a build ID is an even number of hexadecimal digits";
            return Answer::text(400, what, said);
        };
        let index = self.current();
        let part = index.get(&id).and_then(|held| self.part(held, asked));
        match part {
            Some(part) => file(request, what, part),
            None => Answer::text(404, what, "not in the index"),
        }
    }

    fn metrics(&self) -> Answer {
        let index = self.current();
        let text = self.metrics.text(index.len(), index.unread().len());
        Answer {
            status: 200,
            what: "metrics",
            headers: vec![("Content-Type", "text/plain; version=0.0.4".to_owned())],
            body: Body::Text(text),
        }
    }

    fn part(&self, held: &Held, asked: Asked<'_>) -> Option<Part> {
        match asked {
            Asked::Debug => whole(held.debug.as_ref()?),
            Asked::Code => whole(held.code.as_ref()?),
            Asked::Section(name) => {
                let files = [held.debug.as_ref(), held.code.as_ref()];
                let mut files = files.into_iter().flatten();
                files.find_map(|indexed| self.section(indexed, name))
            }
            Asked::Source(name) => {
                let path = self.sources.find(name)?;
                let stamp = Stamp::of(&path.metadata().ok()?);
                whole(&Arc::new(Indexed { path, stamp }))
            }
        }
    }

    fn section(&self, indexed: &Arc<Indexed>, name: &str) -> Option<Part> {
        let file = indexed.open()?;
        let data = (self.open)(&indexed.path).ok()?;
        let read = debug_file((*data).as_ref()).ok()?;
        let mut sections = read.sections.iter();
        let section = sections.find(|section| section.name == name.as_bytes())?;
        Some(Part {
            file,
            indexed: Arc::clone(indexed),
            offset: section.offset.0,
            len: section.len,
        })
    }
}

fn whole(indexed: &Arc<Indexed>) -> Option<Part> {
    Some(Part {
        file: indexed.open()?,
        indexed: Arc::clone(indexed),
        offset: 0,
        len: indexed.stamp.len,
    })
}

/// The build ID, unchecked, and what is asked for.
fn route(path: &str) -> Option<(&str, Asked<'_>)> {
    let (id, rest) = path.strip_prefix("/buildid/")?.split_once('/')?;
    let asked = match rest.split_once('/') {
        None if rest == "debuginfo" => Asked::Debug,
        None if rest == "executable" => Asked::Code,
        Some(("section", name)) if !name.is_empty() => Asked::Section(name),
        Some(("source", name)) if !name.is_empty() => Asked::Source(name),
        _ => return None,
    };
    Some((id, asked))
}

fn build_id(id: &str) -> Option<String> {
    let is_hex = id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let fits = (2..=LONGEST_ID).contains(&id.len()) && id.len().is_multiple_of(2);
    (is_hex && fits).then(|| id.to_ascii_lowercase())
}

fn file(request: &Request, what: &'static str, part: Part) -> Answer {
    let name = part.indexed.path.file_name().unwrap_or_default();
    let tag = match part.offset {
        0 => part.indexed.stamp.tag(),
        offset => format!("\"{offset:x}.{}", &part.indexed.stamp.tag()[1..]),
    };
    let mut answer = Answer {
        status: 200,
        what,
        headers: vec![
            ("Content-Type", "application/octet-stream".to_owned()),
            ("Accept-Ranges", "bytes".to_owned()),
            ("X-DEBUGINFOD-FILE", printable(&name.to_string_lossy())),
            ("X-DEBUGINFOD-SIZE", part.len.to_string()),
        ],
        body: Body::Text(String::new()),
    };
    let known = request.if_none_match.as_deref();
    if known.is_some_and(|known| names(known, &tag)) {
        answer.status = 304;
        answer.headers = vec![("ETag", tag)];
        return answer;
    }
    // A part is only wanted of the file of which the client has the rest.
    let same = request.if_range.as_deref().is_none_or(|known| known == tag);
    let range = request.range.as_deref().filter(|_| same);
    answer.headers.push(("ETag", tag));
    match Range::of(range, part.len) {
        Range::Whole => answer.body = Body::Part(part),
        Range::Part(first, last) => {
            answer.status = 206;
            let of = format!("bytes {first}-{last}/{}", part.len);
            answer.headers.push(("Content-Range", of));
            answer.body = Body::Part(Part {
                offset: part.offset + first,
                len: last - first + 1,
                ..part
            });
        }
        Range::Outside => {
            let of = format!("bytes */{}", part.len);
            answer = Answer::text(416, what, "the range is outside the file");
            answer.headers.push(("Content-Range", of));
        }
    }
    answer
}

/// Whether an `If-None-Match` header has the tag.
fn names(header: &str, tag: &str) -> bool {
    let mut tags = header.split(',').map(str::trim);
    tags.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// A file name that can stand in a header.
fn printable(name: &str) -> String {
    let safe = |c: char| {
        if c.is_ascii_graphic() || c == ' ' {
            c
        } else {
            '?'
        }
    };
    name.chars().map(safe).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_those_of_the_protocol() {
        let of = |path| route(path).map(|(id, asked)| (id, asked.name()));
        assert_eq!(of("/buildid/ab/debuginfo"), Some(("ab", "debuginfo")));
        assert_eq!(of("/buildid/ab/executable"), Some(("ab", "executable")));
        assert_eq!(
            route("/buildid/ab/section/.text"),
            Some(("ab", Asked::Section(".text")))
        );
        assert_eq!(
            route("/buildid/ab/source//usr/a.go"),
            Some(("ab", Asked::Source("/usr/a.go")))
        );
        for none in [
            "/",
            "/buildid",
            "/buildid/ab",
            "/buildid/ab/",
            "/buildid/ab/debuginfo/",
            "/buildid/ab/section/",
            "/x/ab/debuginfo",
        ] {
            assert_eq!(of(none), None, "{none}");
        }
    }

    #[test]
    fn build_ids_are_hexadecimal_and_of_even_length() {
        assert_eq!(build_id("00Ff").as_deref(), Some("00ff"));
        for bad in ["", "0", "abc", "zz", "..", "a/", "é"] {
            assert_eq!(build_id(bad), None, "{bad}");
        }
        assert!(build_id(&"a".repeat(128)).is_some() && build_id(&"a".repeat(130)).is_none());
    }

    #[test]
    fn tags_are_compared_weakly_and_names_cannot_end_a_header() {
        assert!(
            names("\"x\", W/\"a\"", "\"a\"") && names("*", "\"a\"") && !names("\"b\"", "\"a\"")
        );
        assert_eq!(printable("a\r\nX: y\u{e9}"), "a??X: y?");
    }
}

//! From the paths that were typed to the files worth reading, in an order that does not depend on threads.
//!
//! In directories every regular file counts (nothing is hidden or ignored), links are not followed, and what is not a file
//! is passed over; what was named must be a file or a directory. Files are told apart by their first bytes only:
//! whether a candidate is a Go binary is for the reader to say. The same file under several names is read once.

use goassay_binary::container;
use goassay_report::document::{Failure, FailureKind};
use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

/// What to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A file or directory, or `-`, as typed.
    Named(PathBuf),
    /// A directory of installed programs: its files and what its links point to, without directories below.
    Programs(PathBuf),
}

/// Where the bytes of a candidate come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A regular file.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

/// Something that may be a Go binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) source: Source,
    /// Further paths of the same file, sorted.
    pub(crate) also_at: Vec<PathBuf>,
    /// Named on the command line: then not being a Go binary is a failure.
    pub(crate) named: bool,
    /// Index of the place that it was found in first.
    pub(crate) place: usize,
    /// Indexes of further places that have it.
    pub(crate) shared_with: Vec<usize>,
}

impl Candidate {
    /// The path for people and documents; `-` is standard input.
    pub(crate) fn display(&self) -> String {
        match &self.source {
            Source::File(path) => display(path),
            Source::Stdin => "-".to_owned(),
        }
    }
}

/// A path for people and documents, with slashes on every system: patterns, baselines and URIs then mean the same
/// everywhere.
pub(crate) fn display(path: &Path) -> String {
    slashed(&path.to_string_lossy(), std::path::MAIN_SEPARATOR)
}

fn slashed(path: &str, separator: char) -> String {
    path.replace(separator, "/")
}

/// Everything that a search came upon.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) failures: Vec<Failure>,
    /// For each place that is a directory: its index and how many files were in it.
    pub(crate) directories: Vec<(usize, usize)>,
}

/// Searches `places` with up to `threads` threads (0: as many as the machine has).
pub(crate) fn find(places: &[Place], threads: usize) -> Found {
    let mut found = Found::default();
    let mut seen = HashMap::new();
    for (index, place) in places.iter().enumerate() {
        let mut look = match place {
            Place::Named(path) if path.as_os_str() == "-" => Look::stdin(),
            Place::Named(path) => look_at(path, threads),
            Place::Programs(dir) => look_at_programs(dir),
        };
        look.files.sort_by(|a, b| a.path.cmp(&b.path));
        found.failures.append(&mut look.failures);
        if look.is_directory {
            found.directories.push((index, look.looked_at));
        }
        if look.stdin {
            let source = Source::Stdin;
            found.candidates.push(Candidate {
                source,
                also_at: vec![],
                named: true,
                place: index,
                shared_with: vec![],
            });
        }
        for file in look.files {
            add(&mut found.candidates, &mut seen, file, index);
        }
    }
    found.candidates.iter_mut().for_each(|c| c.also_at.sort());
    found
}

fn add(
    candidates: &mut Vec<Candidate>,
    seen: &mut HashMap<FileId, usize>,
    file: Regular,
    place: usize,
) {
    let first = file.id.as_ref().and_then(|id| seen.get(id)).copied();
    if let Some(first) = first {
        let candidate = &mut candidates[first];
        candidate.named |= file.named;
        if candidate.place != place {
            candidate.shared_with.push(place);
        }
        let known = candidate.also_at.contains(&file.path)
            || candidate.source == Source::File(file.path.clone());
        if !known {
            candidate.also_at.push(file.path);
        }
        return;
    }
    if let Some(id) = file.id {
        seen.insert(id, candidates.len());
    }
    candidates.push(Candidate {
        source: Source::File(file.path),
        also_at: Vec::new(),
        named: file.named,
        place,
        shared_with: Vec::new(),
    });
}

/// What one place holds.
#[derive(Default)]
struct Look {
    files: Vec<Regular>,
    failures: Vec<Failure>,
    looked_at: usize,
    is_directory: bool,
    stdin: bool,
}

impl Look {
    fn stdin() -> Look {
        Look {
            stdin: true,
            ..Look::default()
        }
    }

    fn failed(failure: Failure) -> Look {
        Look {
            failures: vec![failure],
            ..Look::default()
        }
    }

    fn take(&mut self, visit: Visit) {
        self.looked_at += 1;
        match visit {
            Visit::Candidate(file) => self.files.push(file),
            Visit::Failed(failure) => self.failures.push(failure),
            Visit::Other => {}
        }
    }
}

/// A regular file.
struct Regular {
    path: PathBuf,
    id: Option<FileId>,
    named: bool,
}

/// Device and inode.
type FileId = (u64, u64);

#[cfg(unix)]
fn file_id(meta: &Metadata) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;
    Some((meta.dev(), meta.ino()))
}

#[cfg(not(unix))]
fn file_id(_meta: &Metadata) -> Option<FileId> {
    None
}

fn look_at(path: &Path, threads: usize) -> Look {
    let meta = match std::fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) => return Look::failed(cannot_read(path, &error)),
    };
    if meta.is_dir() {
        return walk(path, threads);
    }
    if !meta.is_file() {
        return Look::failed(not_a_file(path));
    }
    let file = Regular {
        path: path.to_owned(),
        id: file_id(&meta),
        named: true,
    };
    Look {
        files: vec![file],
        ..Look::default()
    }
}

fn walk(dir: &Path, threads: usize) -> Look {
    let (sender, receiver) = mpsc::channel();
    let mut builder = ignore::WalkBuilder::new(dir);
    builder
        .standard_filters(false)
        .follow_links(false)
        .threads(threads);
    builder.build_parallel().run(|| {
        let sender = sender.clone();
        Box::new(move |entry| {
            let visit = match entry {
                Ok(entry) => visit_entry(&entry),
                Err(error) => Some(Visit::Failed(walk_failure(dir, &error))),
            };
            // The receiver outlives the walk.
            let _ = visit.map(|visit| sender.send(visit));
            ignore::WalkState::Continue
        })
    });
    drop(sender);
    let mut look = Look {
        is_directory: true,
        ..Look::default()
    };
    receiver.into_iter().for_each(|visit| look.take(visit));
    look
}

enum Visit {
    Candidate(Regular),
    Other,
    Failed(Failure),
}

fn visit_entry(entry: &ignore::DirEntry) -> Option<Visit> {
    if !entry.file_type()?.is_file() {
        return None;
    }
    Some(visit_file(entry.path(), entry.metadata().map_err(io_error)))
}

fn visit_file(path: &Path, meta: io::Result<Metadata>) -> Visit {
    let looked = meta.and_then(|meta| Ok((may_be_binary(path)?, meta)));
    match looked {
        Ok((true, meta)) => Visit::Candidate(Regular {
            path: path.to_owned(),
            id: file_id(&meta),
            named: false,
        }),
        Ok((false, _)) => Visit::Other,
        Err(error) => Visit::Failed(cannot_read(path, &error)),
    }
}

fn look_at_programs(dir: &Path) -> Look {
    let mut look = Look {
        is_directory: true,
        ..Look::default()
    };
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) => return Look::failed(cannot_read(dir, &error)),
    };
    for entry in entries {
        match entry {
            Ok(entry) => visit_program(&entry.path())
                .into_iter()
                .for_each(|v| look.take(v)),
            Err(error) => look.failures.push(cannot_read(dir, &error)),
        }
    }
    look
}

// A link to nothing is no program.
fn visit_program(path: &Path) -> Option<Visit> {
    let meta = std::fs::metadata(path).ok()?;
    meta.is_file().then(|| visit_file(path, Ok(meta)))
}

fn io_error(error: ignore::Error) -> io::Error {
    error
        .into_io_error()
        .unwrap_or_else(|| io::Error::other("the directory could not be walked"))
}

fn walk_failure(dir: &Path, error: &ignore::Error) -> Failure {
    let path = path_of(error).unwrap_or(dir);
    match error.io_error() {
        Some(io) => cannot_read(path, io),
        None => failure(path, FailureKind::Unreadable, error.to_string(), None),
    }
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            path_of(err)
        }
        _ => None,
    }
}

/// Whether the first bytes are those of a container that Go programs come in.
fn may_be_binary(path: &Path) -> io::Result<bool> {
    let mut first = [0; 8];
    let mut file = File::open(path)?;
    let mut length = 0;
    while length < first.len() {
        match file.read(&mut first[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(container::is_candidate(&first[..length]))
}

/// A failure about `path`.
pub(crate) fn failure(
    path: &Path,
    kind: FailureKind,
    message: impl Into<String>,
    hint: Option<&str>,
) -> Failure {
    let hint = hint.map(str::to_owned);
    Failure {
        path: display(path),
        kind,
        message: message.into(),
        hint,
    }
}

/// An I/O error about `path`, with the next step where there is one.
pub(crate) fn cannot_read(path: &Path, error: &io::Error) -> Failure {
    let (kind, hint) = match error.kind() {
        io::ErrorKind::NotFound => (
            FailureKind::NotFound,
            "check the spelling; a dangling link has no file behind it",
        ),
        io::ErrorKind::PermissionDenied => (
            FailureKind::Unreadable,
            "run as a user who may read it, or pipe it in: `- < FILE`",
        ),
        _ => (
            FailureKind::Unreadable,
            "copy it to a place that can be read and name the copy",
        ),
    };
    failure(path, kind, format!("cannot read it: {error}"), Some(hint))
}

fn not_a_file(path: &Path) -> Failure {
    failure(
        path,
        FailureKind::NotAFile,
        "neither a regular file nor a directory",
        Some("name a file or a directory; to read from a pipe, name `-`"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn named(path: impl Into<PathBuf>) -> Place {
        Place::Named(path.into())
    }

    fn paths(found: &Found) -> Vec<String> {
        found.candidates.iter().map(Candidate::display).collect()
    }

    #[test]
    fn every_regular_file_counts_hidden_and_ignored_ones_too() {
        let root = tempfile::tempdir().unwrap();
        let ignored = file(root.path(), "sub/ignored", b"\x7fELF....");
        let hidden = file(root.path(), ".hidden/x", b"MZ");
        let elf = file(root.path(), "z", b"\x7fELF....");
        file(root.path(), ".gitignore", b"ignored\n");
        file(root.path(), ".git/HEAD", b"ref");
        let found = find(&[named(root.path())], 2);
        assert_eq!(paths(&found), [hidden, ignored, elf].map(|p| display(&p)));
        assert_eq!(found.directories, [(0, 5)]);
        assert!(found.failures.is_empty());
    }

    #[test]
    #[cfg(unix)]
    fn the_same_file_is_read_once_and_remembers_its_other_names() {
        let root = tempfile::tempdir().unwrap();
        let b = file(root.path(), "b", b"\x7fELF");
        let (a, link) = (root.path().join("a"), root.path().join("link"));
        std::fs::hard_link(&b, &a).unwrap();
        std::os::unix::fs::symlink(&b, &link).unwrap();
        let found = find(&[named(root.path()), named(&link), named(&b)], 1);
        assert_eq!(found.candidates.len(), 1);
        let only = &found.candidates[0];
        assert_eq!((&only.source, only.named), (&Source::File(a), true));
        assert_eq!(
            only.also_at,
            [b, link],
            "links are followed where they are named, not inside directories"
        );
    }

    #[test]
    fn paths_have_slashes_and_fit_patterns_on_every_system() {
        let there = slashed(r"C:\srv\bin\coredns.exe", '\\');
        assert_eq!(there, "C:/srv/bin/coredns.exe");
        assert!(goassay_vuln::suppress::fits("**/bin/*.exe", &there));
        assert!(goassay_vuln::suppress::fits("coredns.exe", &there));
        assert_eq!(slashed(r"odd\name", '/'), r"odd\name");
    }

    #[test]
    #[cfg(unix)]
    fn what_is_not_a_file_is_passed_over_inside_and_refused_when_named() {
        let root = tempfile::tempdir().unwrap();
        let socket = root.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        std::os::unix::fs::symlink("nowhere", root.path().join("dangling")).unwrap();
        let inside = find(&[named(root.path())], 1);
        assert!(inside.candidates.is_empty() && inside.failures.is_empty());
        let named = find(
            &[
                named(&socket),
                named(root.path().join("dangling")),
                named("/dev/null"),
            ],
            1,
        );
        let kinds: Vec<_> = named.failures.iter().map(|f| f.kind).collect();
        assert_eq!(
            kinds,
            [
                FailureKind::NotAFile,
                FailureKind::NotFound,
                FailureKind::NotAFile
            ]
        );
    }

    #[test]
    #[cfg(unix)]
    fn installed_programs_are_found_through_links_but_not_below() {
        let root = tempfile::tempdir().unwrap();
        let target = file(root.path(), "lib/tool", b"\x7fELF");
        let bin = root.path().join("bin");
        file(&bin, "deep/other", b"\x7fELF");
        file(&bin, "script", b"#!/bin/sh");
        std::os::unix::fs::symlink(&target, bin.join("tool")).unwrap();
        let found = find(&[Place::Programs(bin.clone())], 1);
        assert_eq!(paths(&found), [display(&bin.join("tool"))]);
    }

    #[test]
    fn a_named_file_is_a_candidate_whatever_it_holds() {
        let root = tempfile::tempdir().unwrap();
        let text = file(root.path(), "notes.txt", b"hello");
        let found = find(&[named(&text), named("-")], 1);
        assert_eq!(paths(&found), [display(&text), "-".to_owned()]);
        assert!(found.candidates.iter().all(|c| c.named));
    }
}

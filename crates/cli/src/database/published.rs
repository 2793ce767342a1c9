//! The database as the Go project publishes it: OSV files in a folder, in `ID/` below it, or in a zip.
//!
//! What the files mean is for `goassay-vuln` to say; here they are found, capped in number and size, and handed over. Only
//! file names with `.json` outside of `index/` count; one that is no advisory is an error, not passed over.

use crate::config::parse_date;
use crate::failure::{Failure, Kind};
use goassay_vuln::database::{BuildError, Builder, Source};
use goassay_vuln::date::Date;
use goassay_vuln::osv::MAX_FILE;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

/// The most bytes that all files of one database may have.
const MAX_TOTAL: u64 = 2 << 30;
/// The most files in one database.
const MAX_FILES: usize = 1 << 20;

/// What the user says about data that does not say it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    pub(crate) name: Option<String>,
    pub(crate) date: Option<Date>,
    pub(crate) revision: Option<String>,
}

/// Advisories, and the day of their data where the files tell it.
#[derive(Default)]
pub(crate) struct Published {
    builder: Builder,
    date: Option<Date>,
    total: u64,
    files: usize,
}

/// Whether bytes are those of a zip archive.
pub(crate) fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// Reads the published files at `path` and gives the compact database.
pub(crate) fn compact(path: &Path, overrides: &Overrides) -> Result<Vec<u8>, Failure> {
    let published = if path.is_dir() {
        of_folder(path)
    } else {
        of_zip_file(path)
    }
    .map_err(|problem| problem.about(&path.display().to_string()))?;
    let name = path.file_name().map_or(path.display().to_string(), |n| {
        n.to_string_lossy().into_owned()
    });
    published.compact(&name, overrides)
}

impl Published {
    /// The compact database of what was read.
    pub(crate) fn compact(&self, name: &str, overrides: &Overrides) -> Result<Vec<u8>, Failure> {
        let source = Source {
            name: overrides.name.clone().unwrap_or_else(|| name.to_owned()),
            revision: overrides.revision.clone(),
            date: overrides.date.or(self.date),
        };
        self.builder
            .finish(&source)
            .map_err(|error| Problem::Build(error).about(name))
    }

    /// Takes one file by its path within the database.
    pub(crate) fn take(&mut self, path: &str, bytes: &[u8]) -> Result<(), Problem> {
        self.files += 1;
        self.total += bytes.len() as u64;
        if self.files > MAX_FILES || self.total > MAX_TOTAL {
            return Err(Problem::TooMuch);
        }
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let folder = folder.rsplit('/').next().unwrap_or_default();
        match (folder, name) {
            ("index", "db.json") => {
                self.date = modified(bytes).and_then(|time| day(&time)).or(self.date)
            }
            ("index", _) => {}
            _ => self.builder.add_json(name, bytes).map_err(Problem::Build)?,
        }
        Ok(())
    }

    /// Sets the day of the data.
    pub(crate) fn dated(&mut self, date: Option<Date>) {
        self.date = date.or(self.date);
    }
}

/// Why published files cannot be used.
pub(crate) enum Problem {
    Io(PathBuf, io::Error),
    Zip(String),
    Build(BuildError),
    TooMuch,
}

impl Problem {
    /// The failure of reading the database `what`.
    pub(crate) fn about(self, what: &str) -> Failure {
        let failure = Failure::database(format!("cannot make a database of {what}"));
        match self {
            Problem::Io(path, error) => failure.cause(format!("{}: {error}", path.display())),
            Problem::Zip(reason) => failure.cause(format!("the zip archive cannot be read: {reason}")),
            Problem::Build(error) => failure.because(&error),
            Problem::TooMuch => failure.cause("it has more files or bytes than a database can have"),
        }
        .hint("give the published OSV files: a folder with GO-*.json, or vulndb.zip from https://vuln.go.dev")
    }
}

fn of_folder(folder: &Path) -> Result<Published, Problem> {
    let mut published = Published::default();
    let index = folder.join("index/db.json");
    if index.is_file() {
        published.take("index/db.json", &read_file(&index)?)?;
    }
    let advisories = ["ID", "data/osv"].map(|below| folder.join(below));
    let folder = advisories
        .iter()
        .find(|below| below.is_dir())
        .map_or(folder, PathBuf::as_path);
    let wrap = |error| Problem::Io(folder.to_owned(), error);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(wrap)? {
        let path = entry.map_err(wrap)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
            && path.is_file()
        {
            paths.push(path);
        }
    }
    paths.sort();
    for path in paths {
        let bytes = read_file(&path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        published.take(&name, &bytes)?;
    }
    Ok(published)
}

fn read_file(path: &Path) -> Result<Vec<u8>, Problem> {
    File::open(path)
        .and_then(capped)
        .map_err(|error| Problem::Io(path.to_owned(), error))
}

// One byte more than is allowed, so that the reader of the advisory notices.
fn capped(source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(MAX_FILE as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn of_zip_file(path: &Path) -> Result<Published, Problem> {
    let file = File::open(path).map_err(|error| Problem::Io(path.to_owned(), error))?;
    read_zip(io::BufReader::new(file), Newest::Counts)
}

/// Reads a zip that was downloaded; its entries' times do not count.
pub(crate) fn of_zip(bytes: &[u8]) -> Result<Published, Problem> {
    read_zip(Cursor::new(bytes), Newest::Ignored)
}

/// Whether the time of a zip's newest entry stands for the date of the data, where nothing better does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Newest {
    Counts,
    Ignored,
}

fn read_zip(source: impl Read + Seek, newest: Newest) -> Result<Published, Problem> {
    let broken = |error: zip::result::ZipError| Problem::Zip(error.to_string());
    let mut archive = zip::ZipArchive::new(source).map_err(broken)?;
    let mut published = Published::default();
    let mut latest = None;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(broken)?;
        let name = entry.name().map_err(broken)?.into_owned();
        if !entry.is_file() || !name.ends_with(".json") {
            continue;
        }
        latest = latest.max(
            entry
                .last_modified()
                .and_then(|t| Date::new(t.year(), t.month(), t.day())),
        );
        let bytes = capped(entry).map_err(|error| Problem::Zip(format!("{name}: {error}")))?;
        published.take(&name, &bytes)?;
    }
    if published.date.is_none() && newest == Newest::Counts {
        published.date = latest;
    }
    Ok(published)
}

/// The `modified` time of `index/db.json`.
pub(crate) fn modified(bytes: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Index {
        modified: String,
    }
    serde_json::from_slice(bytes)
        .ok()
        .map(|index: Index| index.modified)
}

/// The day of an RFC 3339 time; the zero time of Go is none.
pub(crate) fn day(time: &str) -> Option<Date> {
    Date::of_time(time)
        .ok()
        .filter(|date| date.to_string().as_str() > "1970")
}

/// A civil date as the database writes it.
pub(crate) fn date_of(date: jiff::civil::Date) -> Option<Date> {
    date.to_string().parse().ok()
}

/// How many days lie between the day of the data and `as_of`; negative for data from the future.
pub(crate) fn age_in_days(date: Option<Date>, as_of: jiff::civil::Date) -> Option<i32> {
    let date = parse_date(&date?.to_string())?;
    Some(as_of.since(date).ok()?.get_days())
}

/// Reads the advisories of an earlier `Mirror` without a zip: name and bytes of each.
pub(crate) fn entries(path: &Path) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let failure = |error: &dyn std::error::Error| {
        Failure::new(Kind::Database, format!("cannot read {}", path.display())).because(error)
    };
    let file = File::open(path).map_err(|error| failure(&error))?;
    let mut archive =
        zip::ZipArchive::new(io::BufReader::new(file)).map_err(|error| failure(&error))?;
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|error| failure(&error))?;
        let name = entry.name().map_err(|error| failure(&error))?.into_owned();
        entries.push((name, capped(entry).map_err(|error| failure(&error))?));
    }
    Ok(entries)
}

//! Writes the compact database: advisories in, bytes out; the same advisories in any order give the same bytes.

use super::layout::{
    CHECKED_FROM, COUNTS, FIXED, FORMAT, GO_PAGE, IDENTITY_AT, INTRODUCED, LAST_AFFECTED, MAGIC,
};
use crate::date::Date;
use crate::finding::ReviewStatus;
use crate::osv::{self, Affected, Entry, Event, Import, OsvError, Range};
use crate::version::range::Scheme;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The most advisories a database takes.
const MAX_ADVISORIES: usize = 1 << 20;

/// Where the advisories come from; becomes part of the identity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// Name, URL or folder.
    pub name: String,
    /// Commit or version there.
    pub revision: Option<String>,
    /// Day of the data.
    pub date: Option<Date>,
}

/// Why no database can be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildError {
    /// A file is not an advisory.
    Osv(OsvError),
    /// Two files give different facts for one id.
    Conflict {
        /// The id.
        id: String,
        /// The second file.
        file: String,
    },
    /// No advisory was added.
    Empty,
    /// More data than the format holds, and which.
    TooLarge(&'static str),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::Osv(error) => error.fmt(f),
            BuildError::Conflict { id, file } => {
                write!(f, "{file} gives other facts for {id} than a file before it")
            }
            BuildError::Empty => f.write_str("there is no advisory for Go in the input"),
            BuildError::TooLarge(what) => write!(f, "too much data for one database: {what}"),
        }
    }
}

impl std::error::Error for BuildError {}

/// Collects advisories and writes the database.
#[derive(Debug, Default)]
pub struct Builder {
    entries: BTreeMap<String, Entry>,
}

impl Builder {
    /// A builder without advisories.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Adds one OSV file. One without a Go module is read and left out.
    ///
    /// # Errors
    /// When the file is not an advisory, contradicts an earlier one, or is one too many.
    pub fn add_json(&mut self, name: &str, bytes: &[u8]) -> Result<(), BuildError> {
        let entry = osv::parse(name, bytes).map_err(BuildError::Osv)?;
        self.add(name, entry)
    }

    /// Adds an advisory that was already read from the file `name`.
    ///
    /// # Errors
    /// As for [`Builder::add_json`].
    pub fn add(&mut self, name: &str, entry: Entry) -> Result<(), BuildError> {
        if entry.affected.is_empty() {
            return Ok(());
        }
        match self.entries.get(&entry.id) {
            Some(known) if *known == entry => return Ok(()),
            Some(_) => {
                return Err(BuildError::Conflict {
                    id: entry.id,
                    file: name.to_owned(),
                });
            }
            None if self.entries.len() >= MAX_ADVISORIES => {
                return Err(BuildError::TooLarge("advisories"));
            }
            None => {}
        }
        self.entries.insert(entry.id.clone(), entry);
        Ok(())
    }

    /// Number of advisories so far.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none yet.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The database.
    ///
    /// # Errors
    /// When there is no advisory, or more data than the format holds.
    pub fn finish(&self, source: &Source) -> Result<Vec<u8>, BuildError> {
        if self.entries.is_empty() {
            return Err(BuildError::Empty);
        }
        let payload = payload(&self.entries)?;
        let mut identity = Vec::new();
        let date = source.date.map(|date| date.to_string());
        for text in [
            &source.name,
            source.revision.as_deref().unwrap_or(""),
            date.as_deref().unwrap_or(""),
        ] {
            let length = u16::try_from(text.len()).map_err(|_| BuildError::TooLarge("source"))?;
            identity.extend(length.to_le_bytes());
            identity.extend(text.as_bytes());
        }
        let start = IDENTITY_AT + identity.len();
        let mut file = Vec::with_capacity(start + payload.len());
        file.extend(MAGIC);
        file.extend(FORMAT.to_le_bytes());
        file.extend([0; 4]);
        file.extend(((start + payload.len()) as u64).to_le_bytes());
        file.extend(small(start, "source")?.to_le_bytes());
        file.extend(small(self.entries.len(), "advisories")?.to_le_bytes());
        file.extend(Sha256::digest(&payload));
        file.extend(identity);
        file.extend(payload);
        let sum = crc32fast::hash(&file[CHECKED_FROM..]);
        file[CHECKED_FROM - 4..CHECKED_FROM].copy_from_slice(&sum.to_le_bytes());
        Ok(file)
    }
}

fn small(value: usize, what: &'static str) -> Result<u32, BuildError> {
    u32::try_from(value).map_err(|_| BuildError::TooLarge(what))
}

fn payload(entries: &BTreeMap<String, Entry>) -> Result<Vec<u8>, BuildError> {
    let strings = Strings::collect(entries);
    let mut records = Records {
        strings: &strings,
        bytes: Vec::new(),
    };
    let (modules, offsets) = records.affected(entries)?;
    let advisories = records.advisories(entries, &offsets)?;
    let records = records.bytes;

    let mut out = Vec::with_capacity(COUNTS + records.len() + strings.text.len());
    for (size, what) in [
        (strings.index.len(), "strings"),
        (strings.text.len(), "text"),
        (modules.len() / 3, "modules"),
        (advisories.len(), "advisories"),
        (records.len(), "records"),
    ] {
        out.extend(small(size, what)?.to_le_bytes());
    }
    for end in &strings.ends {
        out.extend(small(*end, "text")?.to_le_bytes());
    }
    out.extend(strings.text.as_bytes());
    for word in modules.iter().chain(&advisories) {
        out.extend(word.to_le_bytes());
    }
    out.extend(records);
    Ok(out)
}

/// All texts, once each, sorted.
struct Strings<'a> {
    index: BTreeMap<&'a str, u32>,
    ends: Vec<usize>,
    text: String,
}

impl<'a> Strings<'a> {
    fn collect(entries: &'a BTreeMap<String, Entry>) -> Strings<'a> {
        let mut all = BTreeSet::new();
        for entry in entries.values() {
            all.insert(entry.id.as_str());
            all.extend(entry.aliases.iter().map(String::as_str));
            all.extend(
                [&entry.published, &entry.modified, &entry.withdrawn]
                    .into_iter()
                    .flatten()
                    .map(String::as_str),
            );
            all.extend(own_url(entry));
            entry
                .affected
                .iter()
                .for_each(|affected| collect_affected(&mut all, affected));
        }
        let mut strings = Strings {
            index: BTreeMap::new(),
            ends: Vec::with_capacity(all.len()),
            text: String::new(),
        };
        for (text, number) in all.into_iter().zip(0..) {
            strings.index.insert(text, number);
            strings.text.push_str(text);
            strings.ends.push(strings.text.len());
        }
        strings
    }
}

fn collect_affected<'a>(all: &mut BTreeSet<&'a str>, affected: &'a Affected) {
    all.insert(&affected.module);
    let ranges = affected.ranges.iter().chain(&affected.custom_ranges);
    all.extend(
        ranges
            .flat_map(|range| &range.events)
            .map(|event| event_code(event).0),
    );
    for import in &affected.imports {
        all.insert(&import.path);
        all.extend(
            import
                .symbols
                .iter()
                .chain(&import.goos)
                .chain(&import.goarch)
                .map(String::as_str),
        );
    }
}

/// The URL, unless it is the Go project's page for the id.
fn own_url(entry: &Entry) -> Option<&str> {
    entry
        .url
        .as_deref()
        .filter(|url| url.strip_prefix(GO_PAGE) != Some(&entry.id))
}

fn event_code(event: &Event) -> (&str, u32) {
    match event {
        Event::Introduced(version) => (version, INTRODUCED),
        Event::Fixed(version) => (version, FIXED),
        Event::LastAffected(version) => (version, LAST_AFFECTED),
    }
}

struct Records<'a> {
    strings: &'a Strings<'a>,
    bytes: Vec<u8>,
}

/// For each advisory the offsets of its affected records.
type Offsets = Vec<Vec<u32>>;

impl Records<'_> {
    /// Writes the affected records, module by module. Gives the module table and the offsets by advisory.
    fn affected(
        &mut self,
        entries: &BTreeMap<String, Entry>,
    ) -> Result<(Vec<u32>, Offsets), BuildError> {
        let mut by_module: BTreeMap<&str, Vec<(u32, &Affected)>> = BTreeMap::new();
        for (entry, number) in entries.values().zip(0..) {
            for affected in &entry.affected {
                by_module
                    .entry(&affected.module)
                    .or_default()
                    .push((number, affected));
            }
        }
        let mut modules = Vec::new();
        let mut offsets = vec![Vec::new(); entries.len()];
        for (module, list) in by_module {
            modules.extend([
                self.index(module),
                small(self.bytes.len(), "records")?,
                small(list.len(), "records")?,
            ]);
            for (advisory, affected) in list {
                offsets[advisory as usize].push(small(self.bytes.len(), "records")?);
                self.one_affected(advisory, affected);
            }
        }
        Ok((modules, offsets))
    }

    fn one_affected(&mut self, advisory: u32, affected: &Affected) {
        self.text(&affected.module);
        self.number(advisory);
        self.ranges(&affected.ranges);
        self.ranges(&affected.custom_ranges);
        self.count(affected.imports.len());
        affected
            .imports
            .iter()
            .for_each(|import| self.import(import));
    }

    fn ranges(&mut self, ranges: &[Range]) {
        self.count(ranges.len());
        for range in ranges {
            let scheme = usize::from(range.scheme == Scheme::Ecosystem);
            self.count(range.events.len() << 1 | scheme);
            for event in &range.events {
                let (version, kind) = event_code(event);
                self.number(self.index(version) << 2 | kind);
            }
        }
    }

    fn import(&mut self, import: &Import) {
        self.text(&import.path);
        self.texts(&import.symbols);
        self.texts(&import.goos);
        self.texts(&import.goarch);
    }

    /// Writes the advisory records. Gives their offsets.
    fn advisories(
        &mut self,
        entries: &BTreeMap<String, Entry>,
        offsets: &Offsets,
    ) -> Result<Vec<u32>, BuildError> {
        let mut table = Vec::with_capacity(entries.len());
        for (entry, affected) in entries.values().zip(offsets) {
            table.push(small(self.bytes.len(), "records")?);
            self.advisory(entry, affected);
        }
        Ok(table)
    }

    fn advisory(&mut self, entry: &Entry, affected: &[u32]) {
        self.text(&entry.id);
        self.number(match entry.review {
            ReviewStatus::Unknown => 0,
            ReviewStatus::Reviewed => 1,
            ReviewStatus::Unreviewed => 2,
        });
        for time in [&entry.published, &entry.modified, &entry.withdrawn] {
            self.number(time.as_deref().map_or(0, |time| self.index(time) + 1));
        }
        self.number(match (own_url(entry), &entry.url) {
            (Some(url), _) => self.index(url) + 2,
            (None, Some(_)) => 1,
            (None, None) => 0,
        });
        self.texts(&entry.aliases);
        self.count(affected.len());
        affected.iter().for_each(|offset| self.number(*offset));
    }

    /// Every text was collected before; files are capped, so counts and indexes stay far below 32 bits.
    fn index(&self, text: &str) -> u32 {
        self.strings.index[text]
    }

    fn text(&mut self, text: &str) {
        self.number(self.index(text));
    }

    fn texts(&mut self, texts: &[String]) {
        self.count(texts.len());
        texts.iter().for_each(|text| self.text(text));
    }

    fn count(&mut self, count: usize) {
        self.number(count as u32);
    }

    fn number(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }
}

//! Looks things up in the compact database. Every offset is checked; a file that lies gives an error, never a panic and
//! never an allocation larger than a small multiple of its size.

use super::layout::{
    CHECKED_FROM, COUNTS, FIXED, FORMAT, GO_PAGE, IDENTITY_AT, INTRODUCED, LAST_AFFECTED,
    LAST_CREDIBLE_FORMAT, MAGIC, MODULE,
};
use super::{DatabaseError, Identity};
use crate::finding::{Advisory, ReviewStatus};
use crate::version::range::{Event, Range, Scheme};
use sha2::{Digest, Sha256};

/// An opened database.
#[derive(Debug, Clone)]
pub struct Database<'a> {
    identity: Identity,
    payload: &'a [u8],
    ends: &'a [u8],
    text: &'a str,
    modules: &'a [u8],
    advisories: &'a [u8],
    records: &'a [u8],
}

/// What one advisory says about one module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Affected<'a> {
    /// Module path; `stdlib` and `toolchain` for Go itself.
    pub module: &'a str,
    /// Number of the advisory, for [`Database::advisory`].
    pub advisory: u32,
    /// Affected versions.
    pub ranges: Vec<Range<'a>>,
    /// Affected versions in the project's own scheme.
    pub custom_ranges: Vec<Range<'a>>,
    /// Affected packages; none means all.
    pub imports: Vec<Import<'a>>,
}

/// An affected package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import<'a> {
    /// Import path.
    pub path: &'a str,
    /// Affected functions and methods, sorted; none means all.
    pub symbols: Vec<&'a str>,
    /// Operating systems; none means all.
    pub goos: Vec<&'a str>,
    /// Architectures; none means all.
    pub goarch: Vec<&'a str>,
}

/// An advisory with all that it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its facts.
    pub advisory: Advisory,
    /// RFC 3339 time at which it was withdrawn.
    pub withdrawn: Option<&'a str>,
    /// Affected modules, by path; several entries of one module in the published order.
    pub affected: Vec<Affected<'a>>,
}

type Result<T> = std::result::Result<T, DatabaseError>;

fn altered(what: &str) -> DatabaseError {
    DatabaseError::Altered(what.to_owned())
}

impl<'a> Database<'a> {
    /// Opens a database: checks its header and checksum, decodes nothing.
    ///
    /// # Errors
    /// When it is no database, a newer one, truncated or altered.
    pub fn open(file: &'a [u8]) -> Result<Database<'a>> {
        let header = Header::read(file)?;
        let payload = file
            .get(header.payload..)
            .ok_or_else(|| altered("its facts start beyond its end"))?;
        let mut sections = Sections { rest: payload };
        let counts = sections.take(COUNTS)?;
        let count =
            |at: usize| word(counts, at * 4).ok_or_else(|| altered("it has no table of contents"));
        let (strings, text, modules, advisories, records) =
            (count(0)?, count(1)?, count(2)?, count(3)?, count(4)?);
        let database = Database {
            payload,
            ends: sections.take_table(strings, 4)?,
            // Checked as a whole: text by text it would cost a hostile file's length for each of its records.
            text: std::str::from_utf8(sections.take(text as usize)?)
                .map_err(|_| altered("its texts are not UTF-8"))?,
            modules: sections.take_table(modules, MODULE)?,
            advisories: sections.take_table(advisories, 4)?,
            records: sections.take(records as usize)?,
            identity: header.identity,
        };
        if !sections.rest.is_empty() || advisories != database.identity.advisories {
            return Err(altered("its table of contents does not fit its size"));
        }
        Ok(database)
    }

    /// Which database this is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Whether the facts have the SHA-256 that the identity states. Opening checks a faster checksum only.
    pub fn verify(&self) -> bool {
        Sha256::digest(self.payload).as_slice() == self.identity.sha256
    }

    /// What advisories say about a module, ordered by advisory id. Empty for a module that none names.
    ///
    /// # Errors
    /// When the file is not consistent.
    pub fn affected(&self, module: &str) -> Result<Vec<Affected<'a>>> {
        let (mut low, mut high) = (0, self.modules.len() / MODULE);
        while low < high {
            let middle = low + (high - low) / 2;
            let (path, first, count) = self.module_entry(middle)?;
            match path.cmp(module) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => {
                    let mut cursor = self.cursor(first)?;
                    return cursor.many(count, Cursor::affected);
                }
            }
        }
        Ok(Vec::new())
    }

    /// Paths of all modules that advisories name, sorted.
    ///
    /// # Errors
    /// When the file is not consistent.
    pub fn modules(&self) -> Result<Vec<&'a str>> {
        (0..self.modules.len() / MODULE)
            .map(|number| self.module_entry(number).map(|entry| entry.0))
            .collect()
    }

    /// The advisory with a number from [`Affected::advisory`].
    ///
    /// # Errors
    /// When the file is not consistent.
    pub fn advisory(&self, number: u32) -> Result<Entry<'a>> {
        let mut cursor = self.advisory_cursor(number)?;
        let (advisory, withdrawn) = cursor.facts()?;
        // In the order in which they lie, none within another: else a small file could say the same for ever.
        let mut end = 0;
        let affected = cursor.list(|cursor| {
            let offset = cursor.number()?;
            if (offset as usize) < end {
                return Err(altered("records lie within each other"));
            }
            let mut record = cursor.database.cursor(offset)?;
            let affected = record.affected()?;
            end = self.records.len() - record.rest.len();
            Ok(affected)
        })?;
        Ok(Entry {
            advisory,
            withdrawn,
            affected,
        })
    }

    /// The facts of an advisory and the RFC 3339 time at which it was withdrawn, without what it affects.
    ///
    /// # Errors
    /// When the file is not consistent.
    pub fn facts(&self, number: u32) -> Result<(Advisory, Option<&'a str>)> {
        self.advisory_cursor(number)?.facts()
    }

    /// The advisory with an id, if there is one.
    ///
    /// # Errors
    /// When the file is not consistent.
    pub fn find(&self, id: &str) -> Result<Option<Entry<'a>>> {
        let (mut low, mut high) = (0, self.identity.advisories);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.advisory_cursor(middle)?.text()?.cmp(id) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return self.advisory(middle).map(Some),
            }
        }
        Ok(None)
    }

    /// All advisories, by id.
    pub fn advisories(&self) -> Advisories<'_, 'a> {
        Advisories {
            database: self,
            next: 0,
        }
    }

    fn module_entry(&self, number: usize) -> Result<(&'a str, u32, u32)> {
        let field = |at: usize| {
            word(self.modules, number * MODULE + at).ok_or_else(|| altered("a module is missing"))
        };
        Ok((self.string(field(0)?)?, field(4)?, field(8)?))
    }

    fn string(&self, number: u32) -> Result<&'a str> {
        let missing = || altered("a text is missing");
        let number = number as usize;
        let end = word(self.ends, number * 4).ok_or_else(missing)? as usize;
        let start = match number.checked_sub(1) {
            Some(before) => word(self.ends, before * 4).ok_or_else(missing)? as usize,
            None => 0,
        };
        self.text.get(start..end).ok_or_else(missing)
    }

    fn cursor(&self, offset: u32) -> Result<Cursor<'_, 'a>> {
        let rest = self
            .records
            .get(offset as usize..)
            .ok_or_else(|| altered("a record is missing"))?;
        Ok(Cursor {
            database: self,
            rest,
        })
    }

    fn advisory_cursor(&self, number: u32) -> Result<Cursor<'_, 'a>> {
        let offset = word(self.advisories, number as usize * 4)
            .ok_or_else(|| altered("an advisory is missing"))?;
        self.cursor(offset)
    }
}

/// Goes through all advisories.
#[derive(Debug)]
pub struct Advisories<'d, 'a> {
    database: &'d Database<'a>,
    next: u32,
}

impl<'a> Iterator for Advisories<'_, 'a> {
    type Item = Result<Entry<'a>>;

    fn next(&mut self) -> Option<Result<Entry<'a>>> {
        if self.next >= self.database.identity.advisories {
            return None;
        }
        self.next += 1;
        Some(self.database.advisory(self.next - 1))
    }
}

struct Header {
    payload: usize,
    identity: Identity,
}

impl Header {
    fn read(file: &[u8]) -> Result<Header> {
        let start = &file[..file.len().min(MAGIC.len())];
        if start.is_empty() || !MAGIC.starts_with(start) {
            return Err(DatabaseError::NotADatabase);
        }
        let truncated = |expected: u64| DatabaseError::Truncated {
            expected,
            found: file.len() as u64,
        };
        let at = |offset: usize| word(file, offset).ok_or_else(|| truncated(IDENTITY_AT as u64));
        let found = at(8)?;
        if found > LAST_CREDIBLE_FORMAT {
            return Err(altered("its header names a format that cannot be"));
        }
        if found > FORMAT {
            return Err(DatabaseError::Newer {
                found,
                known: FORMAT,
            });
        }
        let length = u64::from(at(16)?) | u64::from(at(20)?) << 32;
        if (file.len() as u64) < length.max(IDENTITY_AT as u64) {
            return Err(truncated(length.max(IDENTITY_AT as u64)));
        }
        if found != FORMAT
            || length != file.len() as u64
            || at(12)? != crc32fast::hash(&file[CHECKED_FROM..])
        {
            return Err(altered("its checksum does not match"));
        }
        let payload = at(24)? as usize;
        let identity = identity(file, payload, at(28)?)
            .ok_or_else(|| altered("its identity is unreadable"))?;
        Ok(Header { payload, identity })
    }
}

fn identity(file: &[u8], end: usize, advisories: u32) -> Option<Identity> {
    let mut rest = file.get(IDENTITY_AT..end)?;
    let mut next = || {
        let (length, after) = rest.split_first_chunk::<2>()?;
        let (text, after) = after.split_at_checked(u16::from_le_bytes(*length) as usize)?;
        rest = after;
        std::str::from_utf8(text).ok()
    };
    let (source, revision, date) = (next()?, next()?, next()?);
    Some(Identity {
        source: source.to_owned(),
        revision: (!revision.is_empty()).then(|| revision.to_owned()),
        date: if date.is_empty() {
            None
        } else {
            Some(date.parse().ok()?)
        },
        sha256: file.get(IDENTITY_AT - 32..IDENTITY_AT)?.try_into().ok()?,
        advisories,
    })
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*four))
}

struct Sections<'a> {
    rest: &'a [u8],
}

impl<'a> Sections<'a> {
    fn take(&mut self, size: usize) -> Result<&'a [u8]> {
        let (section, rest) = self
            .rest
            .split_at_checked(size)
            .ok_or_else(|| altered("a section is missing"))?;
        self.rest = rest;
        Ok(section)
    }

    fn take_table(&mut self, count: u32, size: usize) -> Result<&'a [u8]> {
        let bytes = (count as usize)
            .checked_mul(size)
            .ok_or_else(|| altered("a table is too large"))?;
        self.take(bytes)
    }
}

/// Reads a record.
struct Cursor<'d, 'a> {
    database: &'d Database<'a>,
    rest: &'a [u8],
}

impl<'a> Cursor<'_, 'a> {
    fn number(&mut self) -> Result<u32> {
        let mut value = 0_u64;
        for (place, byte) in self.rest.iter().take(5).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                self.rest = &self.rest[place + 1..];
                return u32::try_from(value).map_err(|_| altered("a number is too large"));
            }
        }
        Err(altered("a record ends early"))
    }

    fn text(&mut self) -> Result<&'a str> {
        let number = self.number()?;
        self.database.string(number)
    }

    fn maybe_text(&mut self) -> Result<Option<&'a str>> {
        match self.number()? {
            0 => Ok(None),
            number => self.database.string(number - 1).map(Some),
        }
    }

    fn texts(&mut self) -> Result<Vec<&'a str>> {
        self.list(Cursor::text)
    }

    fn list<T>(&mut self, item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let count = self.number()?;
        self.many(count, item)
    }

    /// `count` items, each of which takes at least a byte.
    fn many<T>(
        &mut self,
        count: u32,
        mut item: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        if count as usize > self.rest.len() {
            return Err(altered("a list is longer than its record"));
        }
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn facts(&mut self) -> Result<(Advisory, Option<&'a str>)> {
        let id = self.text()?;
        let review = match self.number()? {
            1 => ReviewStatus::Reviewed,
            2 => ReviewStatus::Unreviewed,
            _ => ReviewStatus::Unknown,
        };
        let (published, modified, withdrawn) =
            (self.maybe_text()?, self.maybe_text()?, self.maybe_text()?);
        let url = match self.number()? {
            0 => format!("https://osv.dev/vulnerability/{id}"),
            1 => format!("{GO_PAGE}{id}"),
            other => self.database.string(other - 2)?.to_owned(),
        };
        let aliases = self.texts()?.into_iter().map(str::to_owned).collect();
        let owned = |time: Option<&str>| time.map(str::to_owned);
        let (published, modified) = (owned(published), owned(modified));
        Ok((
            Advisory {
                id: id.to_owned(),
                aliases,
                review,
                published,
                modified,
                url,
            },
            withdrawn,
        ))
    }

    fn affected(&mut self) -> Result<Affected<'a>> {
        Ok(Affected {
            module: self.text()?,
            advisory: self.number()?,
            ranges: self.list(Cursor::range)?,
            custom_ranges: self.list(Cursor::range)?,
            imports: self.list(Cursor::import)?,
        })
    }

    fn range(&mut self) -> Result<Range<'a>> {
        let head = self.number()?;
        let scheme = if head & 1 == 0 {
            Scheme::Semver
        } else {
            Scheme::Ecosystem
        };
        Ok(Range {
            scheme,
            events: self.many(head >> 1, Cursor::event)?,
        })
    }

    fn event(&mut self) -> Result<Event<'a>> {
        let code = self.number()?;
        let version = self.database.string(code >> 2)?;
        match code & 3 {
            INTRODUCED => Ok(Event::Introduced(version)),
            FIXED => Ok(Event::Fixed(version)),
            LAST_AFFECTED => Ok(Event::LastAffected(version)),
            _ => Err(altered("an unknown kind of range event")),
        }
    }

    fn import(&mut self) -> Result<Import<'a>> {
        Ok(Import {
            path: self.text()?,
            symbols: self.texts()?,
            goos: self.texts()?,
            goarch: self.texts()?,
        })
    }
}

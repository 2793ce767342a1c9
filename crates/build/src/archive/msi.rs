//! Windows installer packages (MSI): a database of tables in a compound file, and cabinets with the contents. The tree is laid out by the
//! tables of files, components and folders.
//!
//! A package has no modes and no links. The folder of a program is named as the package names it (`PFiles`), not as Windows
//! does. Tables, scripts and the signature (which is not checked) are accounted for, not understood.
//! Not read: contents outside of the package, names that are not UTF-8.

use super::cfb::Stream;
use super::input::{self, Input};
use super::{
    Entry, Error, Facts, Format, Kind, Options, Place, Reader, Sum, Tree, cab, cfb, damaged,
    hash_all, name, rest,
};
use std::collections::BTreeMap;
use std::io::Read;

/// Longest table, and all texts, in bytes.
const MAX_TABLE: u64 = 64 << 20;
/// Folders in folders.
const MAX_DEPTH: usize = 64;
/// In the type of a column: width in bytes, whether it has texts; the type of one that has streams.
const WIDTH: u16 = 0xff;
const TEXT: u16 = 0x800;
const STREAM: u16 = 0x900;
const NULLABLE: u16 = 0x1000;
/// The tables that are read.
const TABLES: [&str; 4] = ["Component", "Directory", "File", "Media"];
/// Columns of all tables together.
const MAX_COLUMNS: usize = 65_536;
/// Longest path, in bytes.
const MAX_PATH: usize = 1024;

pub(super) fn read(input: &Input, options: &Options<'_>) -> Result<Tree, Error> {
    let streams = Streams::of(input)?;
    let files = streams.files(options.limits.entries)?;
    let mut facts = Facts::new();
    let (cabinets, places) = streams.cabinets(options, &mut facts)?;
    let mut parts: Vec<(u64, u64)> = Vec::new();
    for stream in &places {
        parts.extend(&stream.parts);
    }
    facts.insert(
        "beside the cabinets".to_owned(),
        rest::outside(input, &parts)?,
    );
    let (mut entries, plain) = unpacked(&cabinets, &files, options)?;
    if entries.len() != files.len() {
        return Err(damaged(
            "the installer package names files that it does not have",
        ));
    }
    let reader = Reader::Input(plain);
    hash_all(&mut entries, &reader)?;
    Ok(Tree {
        format: Format::Msi,
        entries,
        facts,
        reader,
    })
}

/// What the table of files says of one.
struct File {
    path: String,
    length: u64,
}

/// The entries of all cabinets, and what they lie in.
fn unpacked(
    cabinets: &[cab::Cabinet],
    files: &BTreeMap<String, File>,
    options: &Options<'_>,
) -> Result<(Vec<Entry>, Input), Error> {
    let mut entries = Vec::new();
    let mut base = 0u64;
    let mut declared = 0u64;
    let mut all: Box<dyn Read + '_> = Box::new(std::io::empty());
    for cabinet in cabinets {
        for file in &cabinet.files {
            let said = files.get(&file.name);
            let said = said.ok_or_else(|| {
                damaged(format!(
                    "{} is in no table of the installer package",
                    file.name
                ))
            })?;
            if said.length != file.length {
                return Err(damaged(format!(
                    "{} has another length than the installer package says",
                    said.path
                )));
            }
            declared = declared.saturating_add(file.length);
            entries.push(Entry {
                name: said.path.clone(),
                kind: Kind::File,
                mode: None,
                mtime: Some(file.mtime),
                sum: Sum::expected(file.length),
                facts: Facts::new(),
                place: Place::Stored {
                    start: base + file.start,
                    length: file.length,
                },
            });
        }
        base = base.saturating_add(cabinet.length());
        all = Box::new(all.chain(cabinet.unpacked()));
    }
    if declared.max(base) > options.limits.bytes {
        return Err(Error::TooLarge);
    }
    let plain = input::spool(&mut *all, options.scratch, &options.limits)?;
    Ok((entries, plain))
}

/// The streams of a package by their names in clear.
struct Streams<'i> {
    input: &'i Input,
    by_name: BTreeMap<String, Stream>,
}

impl<'i> Streams<'i> {
    fn of(input: &'i Input) -> Result<Streams<'i>, Error> {
        let mut by_name = BTreeMap::new();
        for stream in cfb::streams(input)? {
            if by_name.insert(clear(&stream.name), stream).is_some() {
                return Err(damaged("a stream is twice in the installer package"));
            }
        }
        Ok(Streams { input, by_name })
    }

    fn table(&self, name: &str) -> Result<Vec<u8>, Error> {
        match self.by_name.get(&format!("!{name}")) {
            Some(stream) => stream.bytes(self.input, MAX_TABLE),
            None => Ok(Vec::new()),
        }
    }

    /// Path and length of each file by its key.
    fn files(&self, most: usize) -> Result<BTreeMap<String, File>, Error> {
        let database = Database::of(self)?;
        let folders = Folders::of(&database, self, most)?;
        let mut components = BTreeMap::new();
        for row in database.rows(self, "Component", &["Component", "Directory_"], most)? {
            let [component, folder] = *row.as_slice() else {
                continue;
            };
            components.insert(component.text(), folder.text());
        }
        let mut files = BTreeMap::new();
        let columns = ["File", "Component_", "FileName", "FileSize"];
        for row in database.rows(self, "File", &columns, most)? {
            let [key, component, name, Value::Number(length)] = *row.as_slice() else {
                return Err(damaged("the table of files in the installer package"));
            };
            let folder = components.get(component.text());
            let folder =
                folder.ok_or_else(|| damaged("a file of no component in the installer package"))?;
            let path = below(&folders.path(folder)?, long(name.text()))?;
            let file = File {
                path,
                length: u64::from(length),
            };
            if files.insert(key.text().to_owned(), file).is_some() {
                return Err(damaged("a file is twice in the installer package"));
            }
        }
        Ok(files)
    }

    /// The cabinets that the table of media names, and their streams.
    fn cabinets(
        &self,
        options: &Options<'_>,
        facts: &mut Facts,
    ) -> Result<(Vec<cab::Cabinet>, Vec<&Stream>), Error> {
        let database = Database::of(self)?;
        let mut cabinets = Vec::new();
        let mut streams: Vec<&Stream> = Vec::new();
        for row in database.rows(self, "Media", &["Cabinet"], options.limits.entries)? {
            let name = row.first().map(|value| value.text()).unwrap_or_default();
            let name = name.strip_prefix('#');
            let name = name.ok_or_else(|| {
                Error::Unsupported("contents outside of the installer package".to_owned())
            })?;
            let stream = self.by_name.get(name);
            let stream = stream
                .ok_or_else(|| damaged(format!("the installer package has no cabinet {name:?}")))?;
            if streams.iter().any(|other| std::ptr::eq(*other, stream)) {
                return Err(damaged("a cabinet is twice in the installer package"));
            }
            let cabinet = self.contiguous(stream, options)?;
            let read = cab::read(&cabinet, options.limits.entries)?;
            let blocks: Vec<(u64, u64)> = read.blocks().collect();
            facts.insert(format!("cabinet {name}"), rest::outside(&cabinet, &blocks)?);
            let sum = Sum::read(&mut cabinet.clone(), cabinet.len())?;
            facts.insert(format!("packed {name}"), sum.hex());
            cabinets.push(read);
            streams.push(stream);
        }
        Ok((cabinets, streams))
    }

    fn contiguous(&self, stream: &Stream, options: &Options<'_>) -> Result<Input, Error> {
        if let [(start, length)] = stream.parts.as_slice() {
            return self
                .input
                .part(*start, *length)
                .ok_or_else(|| damaged("a cabinet"));
        }
        let mut all: Vec<Input> = Vec::new();
        for &(start, length) in &stream.parts {
            all.push(
                self.input
                    .part(start, length)
                    .ok_or_else(|| damaged("a cabinet"))?,
            );
        }
        input::spool(
            &mut Parts(all.into_iter()),
            options.scratch,
            &options.limits,
        )
    }
}

/// Inputs one behind the other.
struct Parts(std::vec::IntoIter<Input>);

impl Read for Parts {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let Some(part) = self.0.as_mut_slice().first_mut() else {
                return Ok(0);
            };
            let got = part.read(out)?;
            if got > 0 || out.is_empty() {
                return Ok(got);
            }
            self.0.next();
        }
    }
}

/// The name of a stream: characters of the private use stand for one or two of these.
fn clear(name: &[u16]) -> String {
    const LETTERS: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._";
    let letter = |at: u16| {
        LETTERS
            .get(usize::from(at & 63))
            .map_or('?', |&byte| char::from(byte))
    };
    let mut clear = String::new();
    for character in char::decode_utf16(name.iter().copied()) {
        let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
        match u16::try_from(u32::from(character)).unwrap_or(0) {
            packed @ 0x3800..=0x47ff => {
                let packed = packed - 0x3800;
                clear.extend([letter(packed), letter(packed >> 6)]);
            }
            single @ 0x4800..=0x483f => clear.push(letter(single - 0x4800)),
            0x4840 => clear.push('!'),
            _ => clear.push(character),
        }
    }
    clear
}

#[derive(Clone, Copy)]
enum Value<'d> {
    Text(&'d str),
    Number(u32),
}

impl<'d> Value<'d> {
    /// The text; empty for a number, which no text stands for.
    fn text(self) -> &'d str {
        match self {
            Value::Text(text) => text,
            Value::Number(_) => "",
        }
    }
}

type Rows<'d> = Vec<Vec<Value<'d>>>;

struct Column {
    name: String,
    width: usize,
    is_text: bool,
}

/// Texts without a code page of their own: Windows reads them in the system's, libmsi (and so `msiextract`) in 1252.
const NEUTRAL: usize = 0;

/// What the code page 1252 of Windows has where Latin-1 has control characters, from 0x80.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// The same texts in UTF-8. Texts of other code pages are taken as UTF-8, and refused where they are not.
fn of_windows_1252(data: &[u8], texts: &[(usize, usize)]) -> (Vec<u8>, Vec<(usize, usize)>) {
    let character = |&byte: &u8| match byte {
        0x80..=0x9f => WINDOWS_1252[usize::from(byte - 0x80)],
        other => char::from(other),
    };
    let mut whole = String::with_capacity(data.len());
    let mut places = Vec::with_capacity(texts.len());
    for &(at, length) in texts {
        let begin = whole.len();
        whole.extend(
            data.get(at..at + length)
                .unwrap_or_default()
                .iter()
                .map(character),
        );
        places.push((begin, whole.len() - begin));
    }
    (whole.into_bytes(), places)
}

/// The texts of a database, and the columns of its tables.
struct Database {
    data: Vec<u8>,
    /// Where each text is in the data.
    texts: Vec<(usize, usize)>,
    /// Width of the number of a text.
    reference: usize,
    columns: BTreeMap<String, Vec<Column>>,
}

impl Database {
    fn of(streams: &Streams<'_>) -> Result<Database, Error> {
        let (pool, data) = (streams.table("_StringPool")?, streams.table("_StringData")?);
        let mut numbers = pool.chunks_exact(2).map(|bytes| number(bytes) as usize);
        let (code_page, flags) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        let mut texts = vec![(0, 0)];
        let mut at = 0;
        while let (Some(length), Some(uses)) = (numbers.next(), numbers.next()) {
            if length == 0 && uses > 0 {
                return Err(Error::Unsupported(
                    "a text of 64 KiB in an installer package".to_owned(),
                ));
            }
            texts.push((at, length));
            at += length;
        }
        if at != data.len() {
            return Err(damaged("the texts of the installer package"));
        }
        let (data, texts) = match code_page {
            NEUTRAL | 1252 => of_windows_1252(&data, &texts),
            _ => (data, texts),
        };
        let reference = if flags & 0x8000 == 0 { 2 } else { 3 };
        let mut database = Database {
            data,
            texts,
            reference,
            columns: BTreeMap::new(),
        };
        database.read_columns(&streams.table("_Columns")?)?;
        Ok(database)
    }

    fn text(&self, number: u32) -> Result<&str, Error> {
        let bad = || damaged("a text of the installer package");
        let place = usize::try_from(number)
            .ok()
            .and_then(|number| self.texts.get(number));
        let &(at, length) = place.ok_or_else(bad)?;
        let bytes = self.data.get(at..at + length).ok_or_else(bad)?;
        std::str::from_utf8(bytes)
            .map_err(|_| Error::Name(String::from_utf8_lossy(bytes).into_owned()))
    }

    fn column(&self, name: &str, width: usize, is_text: bool) -> Column {
        let width = if is_text { self.reference } else { width };
        Column {
            name: name.to_owned(),
            width,
            is_text,
        }
    }

    fn read_columns(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let own = [
            ("Table", true),
            ("Number", false),
            ("Name", true),
            ("Type", false),
        ];
        let own = own.map(|(name, is_text)| self.column(name, 2, is_text));
        let mut columns: BTreeMap<String, Vec<Column>> = BTreeMap::new();
        for row in self.values(bytes, &own, &["Table", "Name", "Type"], MAX_COLUMNS)? {
            let [table, name, Value::Number(kind)] = *row.as_slice() else {
                continue;
            };
            // Texts and numbers of two bytes are kept with this bit turned.
            let kind = u16::try_from(kind & 0xffff).unwrap_or(0);
            let is_text = kind & TEXT != 0 && kind & !NULLABLE != STREAM;
            let width = match kind & WIDTH {
                _ if kind & !NULLABLE == STREAM => 2,
                0..=2 => 2,
                _ => 4,
            };
            // Of other tables nothing is asked.
            if TABLES.contains(&table.text()) {
                let column = self.column(name.text(), width, is_text);
                columns
                    .entry(table.text().to_owned())
                    .or_default()
                    .push(column);
            }
        }
        self.columns = columns;
        Ok(())
    }

    /// The values of these columns in each row of a table; no rows where there is no such table.
    fn rows(
        &self,
        streams: &Streams<'_>,
        table: &str,
        columns: &[&str],
        most: usize,
    ) -> Result<Rows<'_>, Error> {
        let bytes = streams.table(table)?;
        let layout = self
            .columns
            .get(table)
            .map(Vec::as_slice)
            .unwrap_or_default();
        self.values(&bytes, layout, columns, most)
    }

    /// Tables are kept column by column.
    fn values(
        &self,
        bytes: &[u8],
        layout: &[Column],
        wanted: &[&str],
        most: usize,
    ) -> Result<Rows<'_>, Error> {
        let width: usize = layout.iter().map(|column| column.width).sum();
        if bytes.is_empty() {
            return Ok(Vec::new());
        }
        if width == 0 || !bytes.len().is_multiple_of(width) {
            return Err(damaged("a table of the installer package"));
        }
        let count = bytes.len() / width;
        if count > most {
            return Err(Error::TooLarge);
        }
        let mut rows: Rows<'_> = (0..count).map(|_| Vec::new()).collect();
        for &name in wanted {
            let position = layout.iter().position(|column| column.name == name);
            let position = position.ok_or_else(|| {
                damaged(format!("a table of the installer package without {name}"))
            })?;
            let (before, rest) = layout.split_at(position);
            let Some(column) = rest.first() else { continue };
            let start: usize = before.iter().map(|column| column.width * count).sum();
            let cells = bytes
                .get(start..)
                .unwrap_or_default()
                .chunks_exact(column.width);
            for (row, cell) in rows.iter_mut().zip(cells) {
                let value = number(cell);
                row.push(match (column.is_text, column.width) {
                    (true, _) => Value::Text(self.text(value)?),
                    (false, 2) => Value::Number(value ^ 0x8000),
                    (false, _) => Value::Number(value ^ 0x8000_0000),
                });
            }
        }
        Ok(rows)
    }
}

fn number(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .rev()
        .fold(0, |number, &byte| number << 8 | u32::from(byte))
}

/// Parent and name of each folder.
struct Folders<'d>(BTreeMap<&'d str, (&'d str, &'d str)>);

impl<'d> Folders<'d> {
    fn of(
        database: &'d Database,
        streams: &Streams<'_>,
        most: usize,
    ) -> Result<Folders<'d>, Error> {
        let columns = ["Directory", "Directory_Parent", "DefaultDir"];
        let rows = database.rows(streams, "Directory", &columns, most)?;
        let folder = |row: &Vec<Value<'d>>| match *row.as_slice() {
            [key, parent, name] => Some((key.text(), (parent.text(), name.text()))),
            _ => None,
        };
        Ok(Folders(rows.iter().filter_map(folder).collect()))
    }

    /// The path of a folder; empty for the root.
    fn path(&self, mut key: &'d str) -> Result<String, Error> {
        let mut names = Vec::new();
        for _ in 0..MAX_DEPTH {
            let folder = self.0.get(key);
            let &(parent, name) =
                folder.ok_or_else(|| damaged("a folder that is not in the installer package"))?;
            if parent.is_empty() || parent == key {
                names.reverse();
                return Ok(names.join("/"));
            }
            // What stands behind a colon is where the package was made from.
            let target = long(name.split(':').next().unwrap_or(name));
            if target != "." {
                names.push(target);
            }
            key = parent;
        }
        Err(damaged("folders of the installer package"))
    }
}

/// Of `SHORT|long` the long name.
fn long(name: &str) -> &str {
    name.split_once('|').map_or(name, |(_, long)| long)
}

fn below(folder: &str, file: &str) -> Result<String, Error> {
    if file.is_empty() || file.contains('/') {
        return Err(Error::Name(file.to_owned()));
    }
    if folder.len() + file.len() > MAX_PATH {
        return Err(damaged("a path in the installer package is too long"));
    }
    let path = if folder.is_empty() {
        file.to_owned()
    } else {
        format!("{folder}/{file}")
    };
    name::checked(path.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_code_page_1252() {
        let data = b"\xc4foo.go\x80";
        let (data, places) = of_windows_1252(data, &[(0, 0), (0, 7), (7, 1), (9, 1)]);
        let texts = places.iter().map(|&(at, length)| &data[at..at + length]);
        let texts: Vec<&str> = texts
            .map(|bytes| std::str::from_utf8(bytes).unwrap())
            .collect();
        assert_eq!(texts, ["", "Äfoo.go", "€", ""]);
    }
}

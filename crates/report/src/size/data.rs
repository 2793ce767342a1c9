//! The data of the page: one JSON value that stands inside the page and is never markup.
//!
//! `<`, `>`, `&` and everything that changes how text is shown are escaped, so that the value cannot end the element it is
//! in. Functions are kept by size until their names are as long as the page may be.

use super::Picture;
use super::tree::{Group, groups};
use crate::untrusted::escape_json;
use goassay_binary::size::{FunctionSize, How, Kind, Owner};
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

/// Bytes that the functions may take in the page; CoreDNS with 74,000 functions needs 3.3 MB for all.
const FUNCTION_BUDGET: usize = 3_600_000;
/// What a function takes besides its name: two numbers, quotes and commas.
const PER_FUNCTION: usize = 14;

/// Numbers stand for names; the script puts them together.
#[derive(Serialize)]
struct Data<'a> {
    file: &'a str,
    tool: &'a str,
    bytes: u64,
    kinds: Vec<&'static str>,
    hows: Vec<&'static str>,
    /// Name and length of each part of the file.
    sections: Vec<(&'a str, u64)>,
    /// What it is, name, version.
    groups: Vec<(&'static str, &'a str, &'a str)>,
    /// Group and name.
    items: Vec<(usize, &'a str)>,
    /// Section, item, kind, how, bytes.
    rows: Vec<[u64; 5]>,
    /// By item: name, code, pclntab of each function, largest first.
    functions: BTreeMap<usize, Vec<(&'a str, u64, u64)>>,
    /// By item: how many functions are left out, with their code and pclntab.
    rest: BTreeMap<usize, (u64, u64, u64)>,
    gaps: Vec<String>,
}

/// Writes the value.
pub(super) fn write(picture: &Picture<'_>, out: &mut dyn Write) -> io::Result<()> {
    let size = picture.size;
    let groups = groups(size);
    let index = item_index(&groups);
    let item = |owner: &Owner| index.get(owner).copied().unwrap_or_default();
    let position = |at: Option<usize>| at.unwrap_or_default() as u64;
    let rows = size.rows.iter().map(|row| {
        [
            u64::from(row.section),
            item(&row.owner) as u64,
            position(Kind::ALL.iter().position(|kind| *kind == row.kind)),
            position(How::ALL.iter().position(|how| *how == row.how)),
            row.bytes,
        ]
    });
    let (functions, rest) = functions(picture, &index);
    let data = Data {
        file: picture.name,
        tool: picture.tool,
        bytes: size.file_len,
        kinds: Kind::ALL.iter().map(|kind| kind.name()).collect(),
        hows: How::ALL.iter().map(|how| how.name()).collect(),
        sections: size
            .sections
            .iter()
            .map(|section| (section.name.as_str(), section.len))
            .collect(),
        groups: groups
            .iter()
            .map(|group| (group.kind.name(), group.name, group.version))
            .collect(),
        items: groups
            .iter()
            .enumerate()
            .flat_map(|(at, group)| group.items.iter().map(move |item| (at, item.name)))
            .collect(),
        rows: rows.collect(),
        functions,
        rest,
        gaps: size.gaps.iter().map(ToString::to_string).collect(),
    };
    data.serialize(&mut Serializer::with_formatter(&mut *out, Inline))?;
    Ok(())
}

/// The number of each owner's item, in the order of the groups.
fn item_index(groups: &[Group<'_>]) -> HashMap<Owner, usize> {
    let items = groups.iter().flat_map(|group| &group.items);
    items
        .enumerate()
        .map(|(at, item)| (item.owner, at))
        .collect()
}

type Functions<'a> = (
    BTreeMap<usize, Vec<(&'a str, u64, u64)>>,
    BTreeMap<usize, (u64, u64, u64)>,
);

/// The largest functions within the budget, and sums of the others.
fn functions<'a>(picture: &Picture<'a>, index: &HashMap<Owner, usize>) -> Functions<'a> {
    let mut sorted: Vec<&FunctionSize> = picture.size.functions.iter().collect();
    sorted.sort_by_key(|function| std::cmp::Reverse(function.code + function.pclntab));
    let (mut kept, mut rest) = (BTreeMap::new(), BTreeMap::new());
    let mut left = FUNCTION_BUDGET;
    for function in sorted {
        let item = function
            .package
            .and_then(|package| index.get(&Owner::Package(package)));
        let Some(&item) = item else {
            continue;
        };
        let needed = function.name.len() + PER_FUNCTION;
        if needed <= left {
            left -= needed;
            let entry = (function.name.as_str(), function.code, function.pclntab);
            let list: &mut Vec<_> = kept.entry(item).or_default();
            list.push(entry);
        } else {
            let sums: &mut (u64, u64, u64) = rest.entry(item).or_default();
            sums.0 += 1;
            sums.1 += function.code;
            sums.2 += function.pclntab;
        }
    }
    (kept, rest)
}

/// JSON without blanks that may stand in a page.
struct Inline;

impl Formatter for Inline {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut escaped = String::with_capacity(fragment.len());
        escape_json(fragment, &mut escaped).map_err(io::Error::other)?;
        let mut pieces = escaped.split('&');
        if let Some(first) = pieces.next() {
            out.write_all(first.as_bytes())?;
        }
        pieces.try_for_each(|piece| write!(out, "\\u0026{piece}"))
    }
}

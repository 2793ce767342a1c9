//! String constants and variables without symbols, by the code that refers to them.
//!
//! On amd64 and arm64 an address in code stands in one or two instructions that are known by their bits. So each address
//! that code takes, and each pointer that lies in data found so, starts a piece; it ends where the next one starts. Where
//! such a piece really ends, nothing says: [`How::Referenced`] stands for that.

use super::functions::Functions;
use super::ledger::{Label, Ledger};
use super::starts::{Start, sort};
use super::{How, Kind, Owner, file_range};
use crate::address::VirtualAddress;
use crate::binary::Binary;
use crate::image::{Image, Section};
use std::ops::Range;

/// Claims what is free in data sections. `known` are symbols with their packages, in order; `open` is what no table of the runtime
/// has, symbols or not, and `strings` where string constants are, both in the file; types end at `behind_types` and are
/// passed over.
pub(super) fn claim(
    binary: &Binary<'_>,
    functions: &Functions<'_, '_>,
    known: &[(Range<u64>, u32)],
    open: &[Range<u64>],
    strings: Option<&Range<u64>>,
    behind_types: Option<VirtualAddress>,
    ledger: &mut Ledger,
) {
    let image = binary.image();
    let data = Data::new(image, behind_types);
    let symbol = |(range, package): &(Range<u64>, u32)| {
        let (start, end) = (data.place(range.start)?, data.place(range.end)?);
        Some((start..end, *package))
    };
    let symbols: Vec<(Range<u32>, u32)> = known.iter().filter_map(symbol).collect();
    let known = symbols.iter();
    let mut starts = known
        .map(|(range, package)| Start::new(range.start, *package))
        .collect();
    let ends = symbols.iter();
    let ends = ends.map(|(range, _)| Start::new(range.end, NOBODY));
    add(&mut starts, from_code(binary, functions, &data), &symbols);
    add(&mut starts, ends.collect(), &symbols);
    let pointers = data.pointers(image, open);
    // Pointers in what is found lead to more: a table of slices of strings is reached in three rounds.
    const ROUNDS: usize = 3;
    for _ in 0..ROUNDS {
        let found = from_data(&pointers, &starts);
        if !add(&mut starts, found, &symbols) {
            break;
        }
    }
    drop_padding(&mut starts);
    let mut claims = claims(image, &data, &starts, strings);
    claims.sort_by_key(|(range, _)| range.start);
    ledger.claim(claims, |label| label, |_, _| {});
}

/// A data section: its addresses and whether it is written to.
struct Region {
    start: u64,
    end: u64,
    kind: Kind,
}

/// All data sections. Places in them are counted from the first one's start.
struct Data {
    regions: Vec<Region>,
    start: u64,
    end: u64,
}

impl Data {
    fn new(image: &Image<'_>, behind_types: Option<VirtualAddress>) -> Data {
        let region = |section: &Section<'_>| Region::of(section, behind_types);
        // A real file has a handful; each reference is looked up among them.
        let regions = image.sections.iter().filter_map(region).take(16);
        let mut regions: Vec<Region> = regions.collect();
        regions.sort_by_key(|region| region.start);
        Data {
            start: regions.first().map_or(0, |region| region.start),
            end: regions.iter().map(|region| region.end).max().unwrap_or(0),
            regions,
        }
    }

    /// The place of an address, be it between the sections; `None` where that is 4 GB away.
    fn place(&self, address: u64) -> Option<u32> {
        u32::try_from(address.checked_sub(self.start)?).ok()
    }

    /// The section that has an address.
    fn region(&self, address: u64) -> Option<&Region> {
        // What looks like a pointer and is none lies outside of all.
        if !(self.start..self.end).contains(&address) {
            return None;
        }
        let mut regions = self.regions.iter();
        regions.find(|region| (region.start..region.end).contains(&address))
    }

    /// The place of what is referred to, if it is data.
    fn target(&self, address: u64) -> Option<u32> {
        self.region(address).and_then(|_| self.place(address))
    }

    /// All words in the `open` part of data whose value is an address of data, by address.
    fn pointers(&self, image: &Image<'_>, open: &[Range<u64>]) -> Vec<Pointer> {
        let word = image.order.width.bytes();
        let mut pointers = Vec::new();
        for region in &self.regions {
            let (start, end) = (VirtualAddress(region.start), VirtualAddress(region.end));
            let bytes = image.slice(start, region.end - region.start);
            let Some((bytes, file)) = bytes.zip(file_range(image, start, end)) else {
                continue;
            };
            for range in open {
                let from = range.start.max(file.start) - file.start;
                let to = range.end.min(file.end).saturating_sub(file.start);
                let aligned = region.start.saturating_add(from);
                let mut at = aligned.checked_next_multiple_of(word);
                while let Some(offset) = at.map(|at| at - region.start)
                    && offset.saturating_add(word) <= to
                {
                    let at_place = self.place(region.start + offset);
                    let target = bytes.word(offset).and_then(|value| self.target(value));
                    pointers.extend(
                        at_place
                            .zip(target)
                            .map(|(at, target)| Pointer { at, target }),
                    );
                    at = at.and_then(|at| at.checked_add(word));
                }
            }
        }
        pointers
    }
}

/// A word in data that points into data.
struct Pointer {
    at: u32,
    target: u32,
}

impl Region {
    fn of(section: &Section<'_>, behind_types: Option<VirtualAddress>) -> Option<Region> {
        const READ_ONLY: [&[u8]; 6] = [
            b".rodata",
            b".data.rel.ro",
            b"__rodata",
            b"__const",
            b".rdata",
            b"__const_coal",
        ];
        const WRITTEN: [&[u8]; 4] = [b".data", b".noptrdata", b"__data", b"__noptrdata"];
        let kind = if READ_ONLY.contains(&section.name) {
            Kind::ReadOnlyData
        } else if WRITTEN.contains(&section.name) {
            Kind::InitialisedData
        } else {
            return None;
        };
        let mut start = section.address.0;
        let end = start.checked_add(section.len)?;
        if let Some(VirtualAddress(types)) = behind_types.filter(|at| (start..end).contains(&at.0))
        {
            start = types;
        }
        Some(Region { start, end, kind })
    }
}

/// Stands for the package of what begins where a symbol ends.
const NOBODY: u32 = u32::MAX;

/// Alignment behind a symbol is the symbol's. (No pointer in it is: small variables without symbols may lie there.)
fn drop_padding(starts: &mut Vec<Start>) {
    const ALIGNMENT: u32 = 32;
    let next = starts.iter().skip(1).map(|start| start.at());
    let next: Vec<u32> = next.chain([u32::MAX]).collect();
    let mut next = next.into_iter();
    starts.retain(|start| {
        let next = next.next().unwrap_or(u32::MAX);
        start.user() != NOBODY || next - start.at() >= ALIGNMENT
    });
}

/// Adds places that are not known yet, each for the lowest package that refers to it; true if there are any. What is within
/// a symbol is a field of it.
fn add(starts: &mut Vec<Start>, mut more: Vec<Start>, symbols: &[(Range<u32>, u32)]) -> bool {
    sort(&mut more);
    more.dedup_by(|next, kept| {
        let same = next.at() == kept.at();
        if same && next.user() < kept.user() {
            *kept = *next;
        }
        same
    });
    let mut symbols = symbols.iter().peekable();
    let mut end = 0;
    more.retain(|start| {
        while let Some((symbol, _)) = symbols.next_if(|(symbol, _)| symbol.start < start.at()) {
            end = end.max(symbol.end);
        }
        start.at() >= end
    });
    let before = starts.len();
    starts.extend(more);
    // What was known before comes first.
    sort(starts);
    let mut found = false;
    starts.dedup_by(|next, kept| {
        let same = next.at() == kept.at();
        if same && kept.user() == NOBODY && next.user() != NOBODY {
            *kept = *next;
            found = true;
        }
        same
    });
    found || starts.len() > before
}

fn from_code(binary: &Binary<'_>, functions: &Functions<'_, '_>, data: &Data) -> Vec<Start> {
    let image = binary.image();
    let mut starts = Vec::new();
    let find = match image.arch {
        Some("amd64") => amd64,
        Some("arm64") => arm64,
        _ => return starts,
    };
    // Functions of a hostile file may overlap; together they may not be longer than it is.
    let mut left = image.data_len();
    for entry in &functions.list {
        let code = functions.code(entry);
        let (Some(package), Some((address, code))) = (entry.package, code) else {
            continue;
        };
        let Some(rest) = left.checked_sub(code.len() as u64) else {
            break;
        };
        left = rest;
        find(address, code, &mut |target| {
            let place = data.target(target);
            starts.extend(place.map(|place| Start::new(place, package)));
        });
    }
    starts
}

/// `LEA`, `MOV` and `MOVUPS` relative to the next instruction: a prefix, the opcode, a byte that says so, then the distance.
fn amd64(address: VirtualAddress, code: &[u8], found: &mut dyn FnMut(u64)) {
    let mut try_at = |at: usize| {
        let Some([prefix, opcode, mode, distance @ ..]) =
            code.get(at..).and_then(|code| code.first_chunk::<7>())
        else {
            return;
        };
        let fits = matches!((prefix, opcode), (0x48 | 0x4c, 0x8d | 0x8b) | (0x0f, 0x10));
        if fits && mode & 0xc7 == 0x05 {
            let next = address.0.wrapping_add(at as u64 + 7);
            found(next.wrapping_add_signed(i64::from(i32::from_le_bytes(*distance))));
        }
    };
    let mut start = 0;
    while let Some(block) = code.get(start..).and_then(|code| code.first_chunk()) {
        let mut candidates = candidates(block);
        while candidates != 0 {
            try_at(start + candidates.trailing_zeros() as usize / 8);
            candidates &= candidates - 1;
        }
        start += BLOCK;
    }
    (start..code.len()).for_each(try_at);
}

/// Places that are tested together: the bytes of a number.
const BLOCK: usize = 8;

/// Sets the highest bit in the byte of each place where prefix and mode fit, and of some more. All code passes through
/// here: with a search by `memchr`, whose matches are too close to each other, it takes twice as long.
fn candidates(block: &[u8; BLOCK + 2]) -> u64 {
    const fn each(byte: u8) -> u64 {
        u64::from_ne_bytes([byte; BLOCK])
    }
    // Borrows reach bytes behind a zero only, so no zero is missed.
    let zero = |bytes: u64| bytes.wrapping_sub(each(1)) & !bytes;
    let [prefixes @ .., _, _] = block;
    let [_, _, modes @ ..] = block;
    let (prefixes, modes) = (u64::from_le_bytes(*prefixes), u64::from_le_bytes(*modes));
    let prefix = zero(prefixes & each(0xfb) ^ each(0x48)) | zero(prefixes ^ each(0x0f));
    prefix & zero(modes & each(0xc7) ^ each(0x05)) & each(0x80)
}

/// `ADRP` and the `ADD` or load behind it.
fn arm64(address: VirtualAddress, code: &[u8], found: &mut dyn FnMut(u64)) {
    let (words, _) = code.as_chunks::<4>();
    let mut page: Option<(u32, u64)> = None;
    for (index, word) in (0u64..).zip(words) {
        let word = u32::from_le_bytes(*word);
        if let Some((register, base)) = page.take()
            && word >> 5 & 31 == register
        {
            let low = u64::from(word >> 10 & 0xfff);
            match word >> 22 {
                0x244 => found(base.wrapping_add(low)),
                // Loads and stores of 8 bytes count in 8 bytes.
                0x3e5 | 0x3e4 => found(base.wrapping_add(low * 8)),
                _ => {}
            }
        }
        if word & 0x9f00_0000 == 0x9000_0000 {
            let low = i64::from(word >> 29 & 3);
            let high = i64::from((word << 8).cast_signed() >> 13);
            let at = address.0.wrapping_add(index * 4) & !0xfff;
            page = Some((word & 31, at.wrapping_add_signed((high << 2 | low) << 12)));
        }
    }
}

/// What pointers that lie in pieces with a package lead to.
fn from_data(pointers: &[Pointer], starts: &[Start]) -> Vec<Start> {
    let mut found = Vec::with_capacity(pointers.len());
    let mut behind = 0;
    for pointer in pointers {
        while starts
            .get(behind)
            .is_some_and(|next| next.at() <= pointer.at)
        {
            behind += 1;
        }
        let start = behind.checked_sub(1).and_then(|last| starts.get(last));
        let start = start.filter(|start| start.user() != NOBODY);
        found.extend(start.map(|start| Start::new(pointer.target, start.user())));
    }
    found
}

fn claims(
    image: &Image<'_>,
    data: &Data,
    starts: &[Start],
    strings: Option<&Range<u64>>,
) -> Vec<(Range<u64>, Label)> {
    let mut claims = Vec::with_capacity(starts.len());
    let address = |start: &Start| data.start.saturating_add(u64::from(start.at()));
    let ends = starts.iter().skip(1).map(address).chain([u64::MAX]);
    for (start, end) in starts.iter().zip(ends) {
        let package = start.user();
        let start = address(start);
        let Some(region) = data.region(start).filter(|_| package != NOBODY) else {
            continue;
        };
        let end = VirtualAddress(end.min(region.end));
        let Some(range) = file_range(image, VirtualAddress(start), end) else {
            continue;
        };
        let in_strings = strings.is_some_and(|strings| strings.contains(&range.start));
        let range = match strings {
            Some(strings) if in_strings => range.start..range.end.min(strings.end),
            _ => range,
        };
        let label = Label {
            owner: Owner::Package(package),
            kind: if in_strings {
                Kind::Strings
            } else {
                region.kind
            },
            how: How::Referenced,
        };
        claims.push((range, label));
    }
    claims
}

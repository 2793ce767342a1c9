//! String constants and variables without symbols, by the code that refers to them.
//!
//! On amd64 and arm64 an address in code stands in one or two instructions that are known by their bits. So each address
//! that code takes, and each pointer that lies in data found so, starts a piece; it ends where the next one starts. Where
//! such a piece really ends, nothing says: [`How::Referenced`] stands for that.

use super::functions::Functions;
use super::ledger::{Label, Ledger};
use super::{How, Kind, Owner, file_range};
use crate::address::VirtualAddress;
use crate::binary::Binary;
use crate::image::{Image, Section};
use std::ops::Range;

/// A place that is referred to, and the package that does.
pub(super) type Start = (u64, u32);

/// Claims what is free in data sections. `known` are variables with symbols; `strings` is where string constants are, in the
/// file; types end at `behind_types` and are passed over.
pub(super) fn claim(
    binary: &Binary<'_>,
    functions: &Functions<'_, '_>,
    known: Vec<Start>,
    strings: Option<&Range<u64>>,
    behind_types: Option<VirtualAddress>,
    ledger: &mut Ledger,
) {
    let image = binary.image();
    let regions = regions(image, behind_types);
    let mut starts = known;
    from_code(binary, functions, &regions, &mut starts);
    if starts.is_empty() {
        return;
    }
    settle(&mut starts);
    // Pointers in what is found lead to more: a table of slices of strings is reached in three rounds.
    const ROUNDS: usize = 3;
    for _ in 0..ROUNDS {
        let before = starts.len();
        from_data(image, &regions, &mut starts);
        settle(&mut starts);
        if starts.len() == before {
            break;
        }
    }
    let mut claims = claims(image, &regions, &starts, strings);
    claims.sort_by_key(|(range, _)| range.start);
    ledger.claim(claims, |label| label, |_, _| {});
}

/// A data section: its addresses and whether it is written to.
struct Region {
    start: u64,
    end: u64,
    kind: Kind,
}

fn regions(image: &Image<'_>, behind_types: Option<VirtualAddress>) -> Vec<Region> {
    const READ_ONLY: [&[u8]; 6] = [
        b".rodata",
        b".data.rel.ro",
        b"__rodata",
        b"__const",
        b".rdata",
        b"__const_coal",
    ];
    const WRITTEN: [&[u8]; 4] = [b".data", b".noptrdata", b"__data", b"__noptrdata"];
    let region = |section: &Section<'_>| {
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
    };
    // A real file has a handful; each reference is looked up among them.
    let mut regions: Vec<Region> = image.sections.iter().filter_map(region).take(16).collect();
    regions.sort_by_key(|region| region.start);
    regions
}

fn contains(regions: &[Region], address: u64) -> bool {
    regions
        .iter()
        .any(|region| (region.start..region.end).contains(&address))
}

/// One entry for each place: the lowest package.
fn settle(starts: &mut Vec<Start>) {
    starts.sort_unstable();
    starts.dedup_by_key(|start| start.0);
}

fn from_code(
    binary: &Binary<'_>,
    functions: &Functions<'_, '_>,
    regions: &[Region],
    starts: &mut Vec<Start>,
) {
    let image = binary.image();
    let find = match image.arch {
        Some("amd64") => amd64,
        Some("arm64") => arm64,
        _ => return,
    };
    // Functions of a hostile file may overlap; together they may not be longer than it is.
    let mut left = image.data_len();
    for (index, entry) in (0..).zip(&functions.list) {
        let code = functions.code(index);
        let (Some(package), Some((address, code))) = (entry.package, code) else {
            continue;
        };
        let Some(rest) = left.checked_sub(code.len() as u64) else {
            break;
        };
        left = rest;
        find(address, code, &mut |target| {
            if contains(regions, target) {
                starts.push((target, package));
            }
        });
    }
}

/// `LEA`, `MOV` and `MOVUPS` relative to the next instruction: opcode, then a byte that says so, then the distance.
fn amd64(address: VirtualAddress, code: &[u8], found: &mut dyn FnMut(u64)) {
    for at in memchr::memchr3_iter(0x8d, 0x8b, 0x10, code) {
        let before = at
            .checked_sub(1)
            .and_then(|before| code.get(before))
            .copied();
        let opcode = code.get(at).copied();
        let fits = match opcode {
            Some(0x10) => before == Some(0x0f),
            _ => matches!(before, Some(0x48 | 0x4c)),
        };
        let Some(rest) = code.get(at + 1..at + 6).filter(|_| fits) else {
            continue;
        };
        let (Some(mode), Some(distance)) = (rest.first(), rest.last_chunk::<4>()) else {
            continue;
        };
        if mode & 0xc7 == 0x05 {
            let next = address.0.wrapping_add(at as u64 + 6);
            found(next.wrapping_add_signed(i64::from(i32::from_le_bytes(*distance))));
        }
    }
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

/// Pointers that lie in pieces with a package.
fn from_data(image: &Image<'_>, regions: &[Region], starts: &mut Vec<Start>) {
    let word = image.order.width.bytes();
    let mut found = Vec::new();
    for region in regions {
        let mut at = region.start.next_multiple_of(word);
        let first = starts.partition_point(|start| start.0 <= at);
        let mut index = first.saturating_sub(1);
        let Some(bytes) = image.slice(VirtualAddress(region.start), region.end - region.start)
        else {
            continue;
        };
        while at < region.end {
            while starts.get(index + 1).is_some_and(|next| next.0 <= at) {
                index += 1;
            }
            let start = starts.get(index).filter(|start| start.0 <= at);
            if let Some(&(_, package)) = start
                && let Some(target) = bytes.word(at - region.start)
                && contains(regions, target)
            {
                found.push((target, package));
            }
            at += word;
        }
    }
    starts.extend(found);
}

fn claims(
    image: &Image<'_>,
    regions: &[Region],
    starts: &[Start],
    strings: Option<&Range<u64>>,
) -> Vec<(Range<u64>, Label)> {
    let mut claims = Vec::with_capacity(starts.len());
    let ends = starts.iter().skip(1).map(|start| start.0).chain([u64::MAX]);
    for (&(start, package), end) in starts.iter().zip(ends) {
        let region = regions
            .iter()
            .find(|region| (region.start..region.end).contains(&start));
        let Some(region) = region else { continue };
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

//! String variables with another value, as `-X` sets them.
//!
//! A symbol table gives them names. Where only one side has one, code is paired: the same code of the same function refers
//! at the same place to the same variable. Where neither has, a variable is known by a function that refers to it.

use crate::differences::Variable;
use crate::functions::{Pairs, alike, each_reference, pair};
use crate::listed::{Listed, text};
use crate::side::{Side, Use, bytes_at};
use goassay_binary::Binary;
use goassay_binary::address::VirtualAddress;
use goassay_binary::image::Image;
use std::collections::{BTreeMap, BTreeSet};

/// Longest value that is read, in bytes.
const LONGEST: u64 = 1 << 16;

/// The string variables that have other values in two binaries, in order of their names.
///
/// Names come from whichever side has a symbol table. A variable that no code refers to is found only where both have one.
#[must_use]
pub fn variables(a: &Binary<'_>, b: &Binary<'_>) -> Listed<Variable> {
    let lens = [a, b].map(|binary| usize::try_from(binary.image().bytes().len()).unwrap_or(0));
    let binaries = [a, b];
    let sides = [Side::of(a, lens[0]), Side::of(b, lens[1])];
    let pairs = pair(&binaries, &sides);
    between(&binaries, &sides, &pairs)
}

pub(crate) fn between(
    binaries: &[&Binary<'_>; 2],
    sides: &[Side<'_>; 2],
    pairs: &Pairs,
) -> Listed<Variable> {
    let names = [0, 1].map(|side| names(binaries[side], &sides[side]));
    // Some formats keep a few symbols of stripped files, so code is asked in any case.
    let mut twins = by_name(&names[0], &names[1]);
    let known: BTreeSet<[u64; 2]> = twins.iter().map(|twin| twin.at).collect();
    let others = by_code(binaries[0].image(), sides, pairs);
    twins.extend(others.into_iter().filter(|twin| !known.contains(&twin.at)));
    // All variables of a hostile file can hold the same text.
    let mut left = 8 * (sides[0].len as u64 + sides[1].len as u64);
    let mut found: Vec<Variable> = twins
        .into_iter()
        .filter_map(|twin| {
            let values =
                [0, 1].map(|side| value(binaries[side].image(), &sides[side], twin.at[side]));
            let [Some(one), Some(other)] = values else {
                return None;
            };
            left = left.checked_sub((one.len() + other.len()) as u64)?;
            let named = |side: usize| names[side].get(&twin.at[side]).copied();
            (one != other).then(|| Variable {
                name: named(0).or_else(|| named(1)).map(text),
                user: twin.user.map(text),
                values: [text(one), text(other)],
            })
        })
        .collect();
    found.sort_by(|a, b| (&a.name, &a.user).cmp(&(&b.name, &b.user)));
    found.dedup_by(|a, b| a.name == b.name && a.values == b.values);
    let mut listed = Listed::default();
    for variable in found {
        listed.push(|| variable);
    }
    listed
}

/// Where one variable is in both.
struct Twin<'a> {
    at: [u64; 2],
    user: Option<&'a [u8]>,
}

/// Variables of the size of a string by address, with their names.
fn names<'a>(binary: &Binary<'a>, side: &Side<'a>) -> BTreeMap<u64, &'a [u8]> {
    let string = 2 * binary.image().order.width.bytes();
    let mut symbols: Vec<(u64, u64, &[u8])> = Vec::new();
    binary.each_symbol(|name, address, len| {
        if side.use_of(address.0) == Use::Variable {
            symbols.push((address.0, len, name));
        }
    });
    symbols.sort_unstable();
    let next = symbols.iter().skip(1).map(|&(at, ..)| at);
    let next: Vec<u64> = next.chain([u64::MAX]).collect();
    let sized = symbols
        .iter()
        .zip(next)
        .filter(|((at, len, _), next)| match len {
            0 => next - at >= string,
            len => *len == string,
        });
    sized
        .filter(|((_, _, name), _)| is_variable(name))
        .map(|(&(at, _, name), _)| (at, name))
        .collect()
}

/// A name with a package and without what only the compiler and the linker write.
fn is_variable(name: &[u8]) -> bool {
    let made = [&b"go:"[..], b"type:", b"go.", b"type."];
    let github = name.contains(&b'/');
    name.contains(&b'.') && (github || !made.iter().any(|start| name.starts_with(start)))
}

fn by_name<'a>(one: &BTreeMap<u64, &'a [u8]>, other: &BTreeMap<u64, &'a [u8]>) -> Vec<Twin<'a>> {
    let there: BTreeMap<&[u8], u64> = other.iter().map(|(&at, &name)| (name, at)).collect();
    let twins = one.iter().filter_map(|(&at, name)| {
        let twin = *there.get(name)?;
        Some(Twin {
            at: [at, twin],
            user: None,
        })
    });
    twins.collect()
}

/// Variables of which code that says the same in both reads pointer and length.
fn by_code<'a>(image: &Image<'a>, sides: &[Side<'a>; 2], pairs: &Pairs) -> Vec<Twin<'a>> {
    let [Some(machine), Some(_)] = [sides[0].machine, sides[1].machine] else {
        return Vec::new();
    };
    let word = image.order.width.bytes();
    let mut twins: BTreeMap<[u64; 2], &'a [u8]> = BTreeMap::new();
    let mut targets = [Vec::new(), Vec::new()];
    for (one, other) in alike(sides, pairs) {
        for (function, targets) in [one, other].into_iter().zip(&mut targets) {
            targets.clear();
            each_reference(machine, function, &mut |reference| targets.push(reference));
            targets.sort_unstable_by_key(|reference| reference.offset);
        }
        let [left, right] = &targets;
        if left.len() != right.len() {
            continue;
        }
        let at_both = left.iter().zip(right).map(|(a, b)| [a.target, b.target]);
        let mut seen: Vec<[u64; 2]> = at_both
            .filter(|at| {
                [0, 1]
                    .iter()
                    .all(|&s| sides[s].use_of(at[s]) == Use::Variable)
            })
            .collect();
        seen.sort_unstable();
        seen.dedup();
        for at in &seen {
            let length = at.map(|at| at.wrapping_add(word));
            // Pointer and length are read, or the address of the whole is taken.
            if seen.binary_search(&length).is_ok() {
                twins.entry(*at).or_insert(one.name);
            }
        }
    }
    let twins = twins.into_iter();
    twins
        .map(|(at, user)| Twin {
            at,
            user: Some(user),
        })
        .collect()
}

/// What a string variable holds; `None` where that is no string.
fn value<'a>(image: &Image<'a>, side: &Side<'a>, at: u64) -> Option<&'a [u8]> {
    let word = image.order.width.bytes();
    let Some(len) = image.word(VirtualAddress(at.checked_add(word)?)) else {
        // No byte of the file stands for it: it starts empty.
        return Some(&[]);
    };
    let Some(start) = image.pointer(VirtualAddress(at)) else {
        return (len == 0).then_some(&[]);
    };
    if len == 0 || len > LONGEST || side.use_of(start.0) == Use::Code {
        return None;
    }
    let bytes = bytes_at(image, start.0, len)?;
    std::str::from_utf8(bytes).is_ok().then_some(bytes)
}

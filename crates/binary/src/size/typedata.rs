//! Type descriptors, their names and itabs, by the packages that declare the types.

use super::ledger::{Label, Ledger};
use super::packages::Packages;
use super::starts::{Start, sort};
use super::{How, Kind, Owner, RuntimeTable, file_range};
use crate::address::VirtualAddress;
use crate::image::Image;
use crate::moduledata::{ModuleData, TypeList};
use crate::types::{Piece, Walk};
use std::ops::Range;

/// Claims everything that type data is known to take; gives where it ends.
pub(super) fn claim(
    image: &Image<'_>,
    data: &ModuleData,
    walk: &Walk<'_>,
    packages: &mut Packages<'_>,
    ledger: &mut Ledger,
) -> Option<VirtualAddress> {
    let region = data.types?;
    let labels = labels(walk, packages);
    let claims = claims(image, walk, &labels);
    let claims = filled(&claims, 2 * image.order.width.bytes());
    let end = end_of_types(walk);
    ledger.claim(claims, |label| label, |_, _| {});
    if let TypeList::Links { types, itabs } = region.list {
        let word = image.order.width.bytes();
        for (start, count, size) in [(types, 4), (itabs, word)]
            .into_iter()
            .filter_map(|(slice, size)| slice.map(|(start, count)| (start, count, size)))
        {
            let end = count.checked_mul(size).and_then(|len| start.offset(len));
            claim_table(image, ledger, RuntimeTable::TypeLinks, start, end);
        }
    }
    claim_table(image, ledger, RuntimeTable::Types, region.start, end);
    end
}

fn claim_table(
    image: &Image<'_>,
    ledger: &mut Ledger,
    table: RuntimeTable,
    start: VirtualAddress,
    end: Option<VirtualAddress>,
) {
    let range = end.and_then(|end| file_range(image, start, end));
    let label = Label::exact(Owner::Runtime(table), Kind::TypeData);
    ledger.claim(range.map(|range| (range, ())), |()| label, |(), _| {});
}

/// To whom each type goes.
fn labels(walk: &Walk<'_>, packages: &mut Packages<'_>) -> Vec<Label> {
    let types = walk.types.list.iter().zip(&walk.packages);
    let label = |(one, package): (&crate::types::Type<'_>, &Option<&str>)| {
        // Shapes of type parameters are shared by packages.
        let package = package.filter(|&package| package != "go.shape");
        let Some(package) = package else {
            return Label::exact(Owner::Runtime(RuntimeTable::Types), Kind::TypeData);
        };
        Label {
            owner: Owner::Package(packages.of_path(package)),
            kind: Kind::TypeData,
            how: match one.package {
                Some(_) => How::Exact,
                None => How::FirstUser,
            },
        }
    };
    types.map(label).collect()
}

fn claims(image: &Image<'_>, walk: &Walk<'_>, labels: &[Label]) -> Vec<(Range<u64>, Label)> {
    let range = |start: VirtualAddress, len: u64| file_range(image, start, start.offset(len)?);
    let descriptors = walk.types.list.iter().zip(labels);
    let descriptors = descriptors
        .filter_map(|(one, &label)| Some((range(one.address, one.descriptor_len)?, label)));
    let itabs = walk.types.itabs.iter().filter_map(|itab| {
        let concrete = walk
            .types
            .list
            .binary_search_by_key(&itab.concrete, |one| one.address);
        let label = *labels.get(concrete.ok()?)?;
        Some((range(itab.address, itab.len)?, label))
    });
    let names = walk.names.iter().filter_map(|piece| {
        let label = *labels.get(piece.user as usize)?;
        let label = Label {
            how: How::FirstUser,
            ..label
        };
        Some((range(piece.address, piece.len)?, label))
    });
    descriptors.chain(itabs).chain(names).collect()
}

/// The claims by their starts; those of one start stay in their order. What lies between two of them and is shorter than
/// an alignment belongs to the first one.
fn filled(
    claims: &[(Range<u64>, Label)],
    alignment: u64,
) -> impl Iterator<Item = (Range<u64>, Label)> {
    let first = claims.iter().map(|(range, _)| range.start).min();
    let start = move |(index, (range, _)): (u32, &(Range<u64>, Label))| {
        // Types are never 4 GB apart, unless a file says so; what is left then is nobody's.
        let at = u32::try_from(range.start - first?).ok()?;
        Some(Start::new(at, index))
    };
    let mut order: Vec<Start> = (0..).zip(claims).filter_map(start).collect();
    sort(&mut order);
    let claim = |start: &Start| claims.get(start.user() as usize).cloned();
    let mut sorted = order
        .into_iter()
        .filter_map(move |start| claim(&start))
        .peekable();
    std::iter::from_fn(move || {
        let (mut range, label) = sorted.next()?;
        if let Some((next, _)) = sorted.peek()
            && next.start > range.end
            && next.start - range.end < alignment
        {
            range.end = next.start;
        }
        Some((range, label))
    })
}

/// Behind the last descriptor or name. (Itabs may lie elsewhere.)
fn end_of_types(walk: &Walk<'_>) -> Option<VirtualAddress> {
    let descriptors = walk.types.list.iter();
    let descriptors = descriptors.map(|one| one.address.offset(one.descriptor_len));
    let names = walk
        .names
        .iter()
        .map(|&Piece { address, len, .. }| address.offset(len));
    descriptors.chain(names).max().flatten()
}

//! Tables of the runtime that module data and type descriptors point to: they need no symbols.

use super::ledger::{Label, Ledger};
use super::{Kind, Owner, RuntimeTable, file_range};
use crate::address::VirtualAddress;
use crate::image::Image;
use crate::moduledata::{ModuleData, TypeList};
use crate::types::Walk;
use std::ops::Range;

/// Claims the tables that are listed nowhere else.
pub(super) fn claim(
    image: &Image<'_>,
    data: &ModuleData,
    walk: Option<&Walk<'_>>,
    ledger: &mut Ledger,
) {
    let mut claims = Vec::new();
    let mut add = |start: VirtualAddress, len: u64, table: RuntimeTable, kind: Kind| {
        let range = start
            .offset(len)
            .and_then(|end| file_range(image, start, end));
        claims.extend(range.map(|range| (range, Label::exact(Owner::Runtime(table), kind))));
    };
    if let Some([start, first, last]) = data.tables.find_functions {
        let len = find_functions_len(last.0.saturating_sub(first.0));
        add(start, len, RuntimeTable::FindFunctions, Kind::ReadOnlyData);
    }
    if let Some((start, end)) = data.tables.gc_data.zip(data.tables.gc_bss)
        && let Some(len) = end.0.checked_sub(start.0)
    {
        add(start, len, RuntimeTable::PointerMaps, Kind::ReadOnlyData);
    }
    if let Some((start, len)) = data.tables.text_sections {
        add(start, len, RuntimeTable::ModuleData, Kind::ReadOnlyData);
    }
    let own = walk.and_then(|walk| {
        walk.types
            .list
            .iter()
            .find(|one| one.name == "runtime.moduledata")
    });
    if let Some(own) = own {
        add(
            data.address,
            own.value_len,
            RuntimeTable::ModuleData,
            Kind::InitialisedData,
        );
    }
    for (start, len) in walk
        .map(|walk| walk.pointer_maps.as_slice())
        .unwrap_or_default()
    {
        add(*start, *len, RuntimeTable::PointerMaps, Kind::ReadOnlyData);
    }
    claims.sort_by_key(|(range, _)| range.start);
    ledger.claim(claims, |label| label, |_, _| {});
}

/// `findfunctab` has 20 bytes for each 4096 of code: a number, and one byte more for each 256.
fn find_functions_len(code: u64) -> u64 {
    4 * code.div_ceil(4096) + code.div_ceil(256)
}

/// Where the contents of string constants are in the file, without a symbol that marks them: the linker puts them in front of read-only data,
/// behind the types where these are there too, and function data (until Go 1.25) or pointer maps follow.
pub(super) fn strings(
    image: &Image<'_>,
    data: &ModuleData,
    walk: &Walk<'_>,
    end_of_types: Option<VirtualAddress>,
) -> Option<Range<u64>> {
    let types = data.types?;
    let pointer_maps = walk.pointer_maps.iter().map(|&(start, _)| start).min();
    let in_one_segment = |a: VirtualAddress, b: VirtualAddress| {
        let (a, b) = (image.segment_at(a)?, image.segment_at(b)?);
        (a.address == b.address).then_some(())
    };
    let mut start = data.rodata?;
    // Read-only data begins with the types, unless they are relocated.
    if types.start <= start && in_one_segment(types.start, start).is_some() || types.start == start
    {
        start = end_of_types?.max(start);
    }
    let behind =
        |address: &VirtualAddress| *address > start && in_one_segment(start, *address).is_some();
    let function_data = data
        .gofunc
        .filter(|_| matches!(types.list, TypeList::Links { .. }));
    let end = function_data
        .into_iter()
        .chain(pointer_maps)
        .filter(behind)
        .min()?;
    file_range(image, start, end)
}

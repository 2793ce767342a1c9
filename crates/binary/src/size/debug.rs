//! DWARF, shared out by the code that each package has.
//!
//! Debug information is written compressed, and a compressed byte is nobody's alone. Of what is not compressed, most is
//! about code all the same.

use super::functions::Functions;
use super::layout;
use super::ledger::{Label, Ledger};
use super::{How, Kind, Owner};
use crate::image::Image;
use std::collections::BTreeMap;

/// Shares the debug sections out.
pub(super) fn share(image: &Image<'_>, functions: &Functions<'_, '_>, ledger: &mut Ledger) {
    let mut code: BTreeMap<u32, u64> = BTreeMap::new();
    for (entry, taken) in functions.list.iter().zip(&functions.taken) {
        if let Some(package) = entry.package {
            *code.entry(package).or_default() += taken.code;
        }
    }
    let label = |package| Label {
        owner: Owner::Package(package),
        kind: Kind::DebugInfo,
        how: How::ProRata,
    };
    let weights: Vec<(Label, u64)> = code
        .into_iter()
        .map(|(package, bytes)| (label(package), bytes))
        .collect();
    let sections = image
        .sections
        .iter()
        .filter(|section| layout::is_debug(section.name));
    // Each costs a pass over the packages; a real file has about a dozen.
    for section in sections.take(MOST_SECTIONS) {
        let range = section.offset.0..section.offset.0.saturating_add(section.len);
        ledger.share(&range, &weights);
    }
}

const MOST_SECTIONS: usize = 64;

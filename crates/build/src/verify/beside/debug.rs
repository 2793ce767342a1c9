//! Debug information that was taken out of a program: where it lies, and whether it is that of a second link.

use super::{Around, Finding};
use crate::companion::{self, build_id_path};
use goassay_binary::Binary;
use goassay_binary::image::Image;
use std::collections::BTreeMap;

/// Longest file of debug information that is read, in bytes.
const LONGEST: u64 = 2 << 30;

/// The debug information around a program: its name, and its contents or why they cannot be read.
#[must_use]
pub fn find(
    name: &str,
    file: &[u8],
    around: &dyn Around,
) -> Option<(String, Result<Vec<u8>, String>)> {
    let binary = Binary::parse(file).ok()?;
    let build_id = binary.debug_info().gnu_build_id.ok().flatten();
    let by_id = build_id.and_then(build_id_path);
    let by_name = [
        format!("{name}.debug"),
        format!("{name}.dSYM/Contents/Resources/DWARF/{name}"),
    ];
    let all = by_id.into_iter().chain(by_name);
    let places =
        all.flat_map(|path| ["", "debug/", "../debug/"].map(|folder| format!("{folder}{path}")));
    places
        .filter(|place| place.as_str() != name)
        .find_map(|place| Some((place.clone(), around.read(&place, LONGEST)?)))
}

/// Whether debug information is that of a program that was linked again with it.
pub(in crate::verify) fn matches(
    name: &str,
    file: &[u8],
    with_debug: &[u8],
    debug: &[u8],
) -> Finding {
    let made = match companion::make(name, file, with_debug) {
        Ok(made) => made,
        Err(why) => return Finding::NotChecked(why.to_string()),
    };
    if made.files.first().is_some_and(|file| file.bytes == debug) {
        return Finding::Holds("it is, bit for bit, what a second link has".to_owned());
    }
    match (sections(debug), sections(with_debug)) {
        (ours, _) if ours.is_empty() => {
            Finding::NotChecked("no debug information was found in it".to_owned())
        }
        (ours, theirs) if ours == theirs => Finding::NotChecked(format!(
            "its {} sections of debug information are those of a second link; its symbol table and the rest are another tool's",
            ours.len()
        )),
        (ours, theirs) => {
            let is_other = |name: &&&[u8]| ours.get(**name) != theirs.get(**name);
            let other = ours
                .keys()
                .chain(theirs.keys())
                .find(is_other)
                .copied()
                .unwrap_or_default();
            Finding::Fails(format!(
                "{} is not that of a second link",
                String::from_utf8_lossy(other)
            ))
        }
    }
}

/// Sections of debug information by name.
fn sections(file: &[u8]) -> BTreeMap<&[u8], &[u8]> {
    let Ok(image) = Image::parse(file) else {
        return BTreeMap::new();
    };
    let is_debug = |name: &[u8]| {
        let starts: [&[u8]; 4] = [b".debug_", b".zdebug_", b"__debug_", b"__zdebug_"];
        starts.iter().any(|start| name.starts_with(start))
    };
    let all = image
        .sections
        .iter()
        .filter(|section| is_debug(section.name));
    all.filter_map(|section| {
        let start = usize::try_from(section.offset.0).ok()?;
        let end = start.checked_add(usize::try_from(section.len).ok()?)?;
        Some((section.name, file.get(start..end)?))
    })
    .collect()
}

//! Types by package, name and kind.

use crate::differences::{Changed, Types};
use crate::listed::text;
use goassay_binary::Binary;
use goassay_binary::types::{Type, Types as Read};
use std::collections::BTreeMap;

/// Bytes of a name that count.
const LONGEST: usize = 512;

type Key<'a> = (&'a [u8], &'a [u8]);
/// Kind, bytes of a value, methods.
type Shape = (&'static str, u64, u32);

pub(crate) fn compare(binaries: &[&Binary<'_>; 2]) -> Types {
    let read = binaries.map(|binary| Read::of(binary).unwrap_or_default());
    let [one, other] = read.each_ref().map(|types| shapes(types));
    let mut found = Types {
        counts: read.each_ref().map(|types| types.list.len() as u64),
        ..Types::default()
    };
    for (key, shape) in &one {
        match other.get(key) {
            None => found.removed.push(|| words(*key)),
            Some(there) if there != shape => found.changed.push(|| changed(*key, shape, there)),
            Some(_) => {}
        }
    }
    for key in other.keys().filter(|key| !one.contains_key(*key)) {
        found.added.push(|| words(*key));
    }
    found
}

/// Several types can share a name (those declared in functions): all their shapes, in order.
fn shapes<'a>(types: &Read<'a>) -> BTreeMap<Key<'a>, Vec<Shape>> {
    let mut shapes: BTreeMap<Key<'a>, Vec<Shape>> = BTreeMap::new();
    for one in &types.list {
        let shape = (one.kind.name(), one.value_len, one.methods);
        shapes.entry(key(one)).or_default().push(shape);
    }
    shapes
        .values_mut()
        .for_each(|shapes| shapes.sort_unstable());
    shapes
}

fn key<'a>(one: &Type<'a>) -> Key<'a> {
    let cut = |text: &'a str| {
        let bytes = text.as_bytes();
        bytes.get(..LONGEST).unwrap_or(bytes)
    };
    (one.package.map_or(&[][..], cut), cut(one.name))
}

fn words((package, name): Key<'_>) -> String {
    match package {
        [] => text(name),
        package => format!("{} ({})", text(name), text(package)),
    }
}

fn changed(key: Key<'_>, one: &[Shape], other: &[Shape]) -> Changed {
    let shape = |shapes: &[Shape]| match shapes {
        [(kind, len, methods)] => format!("{kind} of {len} bytes, {methods} methods"),
        several => format!("{} types", several.len()),
    };
    Changed {
        name: words(key),
        values: [one, other].map(|shapes| Some(shape(shapes))),
    }
}

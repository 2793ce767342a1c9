//! What the container says: bytes, platform, sections, symbol table, debug information, identities.

use crate::differences::{Appearance, Changed, Container, Identity, Section, Span};
use crate::listed::{Listed, text};
use goassay_binary::Binary;
use goassay_binary::bytes::hexadecimal;
use goassay_binary::debuginfo::{Compression, DebugInfo};
use goassay_binary::hardening::Hardening;
use goassay_binary::image::Image;
use std::collections::BTreeMap;

/// Compares bytes by their places.
pub(crate) fn span(a: &[u8], b: &[u8]) -> Span {
    let differs = |(a, b): (&u8, &u8)| a != b;
    let shorter = a.len().min(b.len());
    let pairs = || a.iter().zip(b);
    let first = pairs().position(differs).unwrap_or(shorter);
    let last = pairs().rposition(differs).unwrap_or(first);
    Span {
        lengths: [a.len() as u64, b.len() as u64],
        differ: pairs().filter(|&pair| differs(pair)).count() as u64,
        first: first as u64,
        last: last as u64,
    }
}

pub(crate) fn compare(binaries: &[&Binary<'_>; 2]) -> Container {
    let images = binaries.map(Binary::image);
    let debug = binaries.map(Binary::debug_info);
    let identity = [0, 1].map(|side| identity(binaries[side], &debug[side]));
    Container {
        platform: platform(&images),
        appearance: [0, 1].map(|side| appearance(binaries[side], &debug[side])),
        identities: identities(&identity),
        identity,
        sections: sections(&images),
        headers: headers(binaries),
    }
}

fn platform(images: &[&Image<'_>; 2]) -> Vec<Changed> {
    let words = |image: &Image<'_>| {
        [
            ("format", Some(image.format.name())),
            ("kind", Some(image.kind.name())),
            ("operating system", image.os),
            ("architecture", image.arch),
        ]
    };
    let [one, other] = images.map(words);
    let pairs = one.into_iter().zip(other);
    let changed = pairs.filter(|((_, a), (_, b))| a != b);
    let changed = changed.map(|((name, a), (_, b))| Changed {
        name: name.to_owned(),
        values: [a, b].map(|value| value.map(str::to_owned)),
    });
    changed.collect()
}

fn appearance(binary: &Binary<'_>, debug: &DebugInfo<'_>) -> Appearance {
    let image = binary.image();
    let debug_sections = debug.sections.as_deref().unwrap_or_default();
    let table = debug.symbol_table.as_ref().ok().and_then(Option::as_ref);
    let count = table.map_or(0, |table| table.symbols - table.imports.min(table.symbols));
    Appearance {
        symbols: image.symbol_table,
        symbol_count: count,
        dwarf: image.has_dwarf(),
        compressed: debug_sections
            .iter()
            .any(|section| section.compression != Compression::None),
        sections: !image.sections.is_empty(),
        appended: image.appended().unwrap_or(0),
        external: is_external(image),
    }
}

/// Whether a C linker put the file together: start-up code of the C library is there, or the names of C compilers.
fn is_external(image: &Image<'_>) -> bool {
    const SECTIONS: [&[u8]; 4] = [b".init_array", b".comment", b"__unwind_info", b".CRT"];
    image
        .section(&SECTIONS)
        .is_some_and(|section| section.len > 0)
}

fn identity(binary: &Binary<'_>, debug: &DebugInfo<'_>) -> Identity {
    let go = debug.go_build_id.as_ref().ok().copied().flatten();
    let gnu = debug.gnu_build_id.as_ref().ok().copied().flatten();
    Identity {
        go: go.filter(|id| !id.is_empty()).map(text),
        gnu: gnu.map(|id| hexadecimal(id.get(..64).unwrap_or(id))),
        compilers: compilers(binary.image()),
        signature: signature(binary),
    }
}

/// Texts in `.comment`, one for each compiler and linker.
fn compilers(image: &Image<'_>) -> Vec<String> {
    const MOST: usize = 20;
    let Some(section) = image.section(&[b".comment"]) else {
        return Vec::new();
    };
    let data = image.section_bytes(section).data();
    let texts = data.split(|&byte| byte == 0).filter(|one| !one.is_empty());
    let mut texts: Vec<String> = texts.take(MOST).map(text).collect();
    texts.sort();
    texts.dedup();
    texts
}

fn signature(binary: &Binary<'_>) -> Option<String> {
    match binary.hardening().ok()? {
        Hardening::Elf(_) => None,
        Hardening::Pe(pe) => pe.authenticode.ok()?.then(|| "Authenticode".to_owned()),
        Hardening::MachO(macho) => {
            let signature = macho.signature.ok()??;
            let team = signature
                .team
                .map_or(String::new(), |team| format!(", team {}", text(team)));
            let signer = signature.signer.name();
            Some(format!("{signer} as {}{team}", text(signature.identifier)))
        }
    }
}

fn identities(identity: &[Identity; 2]) -> Vec<Changed> {
    let words = |one: &Identity| {
        let compilers = (!one.compilers.is_empty()).then(|| one.compilers.join("; "));
        [
            ("Go build ID", one.go.clone()),
            ("GNU build ID", one.gnu.clone()),
            ("C compilers", compilers),
            ("signature", one.signature.clone()),
        ]
    };
    let [one, other] = identity.each_ref().map(words);
    let pairs = one.into_iter().zip(other);
    let changed = pairs.filter(|((_, a), (_, b))| a != b);
    let changed = changed.map(|((name, a), (_, b))| Changed {
        name: name.to_owned(),
        values: [a, b],
    });
    changed.collect()
}

/// Sections by name; of those that share one, the first counts.
fn sections(images: &[&Image<'_>; 2]) -> Listed<Section> {
    let mut named: BTreeMap<&[u8], [Option<&[u8]>; 2]> = BTreeMap::new();
    let mut order = Vec::new();
    for (side, image) in images.iter().enumerate() {
        for section in &image.sections {
            if section.name.is_empty() {
                continue;
            }
            let pair = named.entry(section.name).or_insert_with(|| {
                order.push(section.name);
                [None, None]
            });
            if let Some(slot) = pair.get_mut(side) {
                slot.get_or_insert(image.section_bytes(section).data());
            }
        }
    }
    // Sections of a hostile file may overlap.
    let mut left = images.iter().map(|image| image.bytes().len()).sum();
    let mut found = Listed::default();
    for name in order {
        let Some(&[one, other]) = named.get(name) else {
            continue;
        };
        let lengths = [one, other].map(|bytes| bytes.map(|bytes| bytes.len() as u64));
        let differ = one
            .zip(other)
            .map_or(0, |(a, b)| differing(a, b, &mut left));
        if lengths[0] != lengths[1] || differ > 0 {
            found.push(|| Section {
                name: text(name),
                lengths,
                differ,
            });
        }
    }
    found
}

fn differing(a: &[u8], b: &[u8], left: &mut u64) -> u64 {
    let len = a.len().min(b.len()) as u64;
    match left.checked_sub(len) {
        Some(rest) => *left = rest,
        None => return 0,
    }
    a.iter().zip(b).filter(|(a, b)| a != b).count() as u64
}

fn headers(binaries: &[&Binary<'_>; 2]) -> Listed<Changed> {
    let [one, other] = binaries.map(facts);
    let mut found = Listed::default();
    let keys: std::collections::BTreeSet<&&str> = one.keys().chain(other.keys()).collect();
    for key in keys {
        let values = [one.get(*key).cloned(), other.get(*key).cloned()];
        if values[0] != values[1] {
            found.push(|| Changed {
                name: (*key).to_owned(),
                values,
            });
        }
    }
    found
}

/// What headers say that a user of the file would notice.
fn facts(binary: &Binary<'_>) -> BTreeMap<&'static str, String> {
    let mut facts = BTreeMap::new();
    let mut add = |key, value: Option<String>| {
        if let Some(value) = value {
            facts.insert(key, value);
        }
    };
    match binary.hardening() {
        Ok(Hardening::Elf(elf)) => {
            add(
                "kind of program",
                elf.kind.ok().map(|(k, _)| k.name().into()),
            );
            add("interpreter", elf.interpreter.ok().flatten().map(text));
            add(
                "read-only after relocation",
                elf.relro.ok().map(|r| r.name().into()),
            );
            let dynamic = elf.dynamic.ok().flatten();
            add("dynamic table", dynamic.map(|_| "there".to_owned()));
        }
        Ok(Hardening::Pe(pe)) => {
            add("subsystem", Some(pe.subsystem.name().into()));
            add("relocatable", pe.relocatable.ok().map(|is| is.to_string()));
            add("address chosen at start", Some(pe.dynamic_base.to_string()));
        }
        Ok(Hardening::MachO(macho)) => {
            add("position independent", Some(macho.pie.to_string()));
        }
        Err(_) => {}
    }
    facts
}

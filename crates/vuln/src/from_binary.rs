//! A binary as a subject: what of its facts matters for matching, borrowed from the file.

use crate::subject::{Location, Module, Place, Position, Subject, SymbolId, SymbolSource, Symbols};
use goassay_binary::address::NameOffset;
use goassay_binary::buildinfo::{self, BuildInfo};
use goassay_binary::gap::{Gap, Topic};
use goassay_binary::{Binary, Occurrence};
use std::collections::HashMap;
use std::sync::Arc;

impl SymbolSource for Binary<'_> {
    fn for_each(&self, visit: &mut dyn FnMut(SymbolId, &str)) {
        let Ok(table) = self.pclntab() else { return };
        // Checked as a whole, which is far cheaper than name by name.
        let text = std::str::from_utf8(table.name_table());
        for (NameOffset(id), name) in table.names() {
            let start = id as usize;
            match text
                .ok()
                .and_then(|text| text.get(start..start + name.len()))
            {
                Some(name) => visit(id, name),
                None => visit(id, &String::from_utf8_lossy(name)),
            }
        }
    }

    fn locate(&self, wanted: &[SymbolId]) -> (Vec<Location>, Vec<Gap>) {
        let wanted: Vec<NameOffset> = wanted.iter().copied().map(NameOffset).collect();
        let (occurrences, gaps) = self.occurrences(&wanted);
        let mut texts = Texts::default();
        let locations = occurrences
            .iter()
            .map(|occurrence| location(self, occurrence, &mut texts));
        (locations.collect(), gaps)
    }
}

fn location<'a>(
    binary: &Binary<'a>,
    occurrence: &Occurrence<'a>,
    texts: &mut Texts<'a>,
) -> Location {
    let address = occurrence.address.map(|address| address.0);
    let position = occurrence.position.map(|position| Position {
        file: texts.share(position.file),
        line: position.line,
    });
    let place = if occurrence.inlined {
        let name = binary
            .pclntab()
            .ok()
            .and_then(|table| table.name(occurrence.function));
        let host = texts.share(name.unwrap_or_default());
        Place::Inlined {
            host,
            host_address: address,
            call: position,
        }
    } else {
        Place::Function { address, position }
    };
    Location {
        symbol: occurrence.name.0,
        place,
    }
}

/// Texts of the binary that many places share, each one copied once; known again by where it lies.
#[derive(Default)]
struct Texts<'a> {
    known: HashMap<*const u8, (&'a [u8], Arc<str>)>,
}

impl<'a> Texts<'a> {
    fn share(&mut self, bytes: &'a [u8]) -> Arc<str> {
        let entry = self.known.entry(bytes.as_ptr());
        let (known, text) = entry.or_insert_with(|| (bytes, text(bytes)));
        // Two texts may start at one place only where tables overlap.
        if known.len() == bytes.len() {
            Arc::clone(text)
        } else {
            self::text(bytes)
        }
    }
}

impl<'s> Subject<'s> {
    /// The subject that a binary is.
    pub fn from_binary(binary: &'s Binary<'s>) -> Subject<'s> {
        let info = binary.build_info();
        let mut gaps = Vec::new();
        match info {
            Err(gap) => gaps.push(gap.clone()),
            Ok(info) => gaps.extend(doubts(info)),
        }
        let symbols = match binary.pclntab() {
            Ok(_) => Symbols::Known(binary),
            Err(gap) => Symbols::Unknown(gap.clone()),
        };
        let info = info.ok();
        let image = binary.image();
        Subject {
            go_version: info.map(|info| info.go_version),
            main_package: info.and_then(|info| info.path),
            plugin_path: binary.plugin_path(),
            main: info.and_then(|info| info.main.as_ref()).map(module),
            modules: info
                .map(|info| info.deps.iter().map(module).collect())
                .unwrap_or_default(),
            goos: info.and_then(|info| info.setting("GOOS")).or(image.os),
            goarch: info.and_then(|info| info.setting("GOARCH")).or(image.arch),
            symbols,
            gaps,
        }
    }
}

/// What the build information leaves open.
fn doubts(info: &BuildInfo<'_>) -> Vec<Gap> {
    let mut gaps = Vec::new();
    if !info.has_modules() {
        let reason = "it names no modules (built without module mode, or its text is damaged): only the standard \
                      library can be matched";
        gaps.push(Gap::new(Topic::BuildInfo, reason));
    }
    if info.unknown_lines > 0 {
        gaps.push(Gap::new(
            Topic::BuildInfo,
            format!("{} of its lines have no known form", info.unknown_lines),
        ));
    }
    gaps
}

fn module<'s>(module: &'s buildinfo::Module<'s>) -> Module<'s> {
    let replace = module.replace.as_deref().map(|by| (by.path, by.version));
    Module {
        path: module.path,
        version: module.version,
        replace,
    }
}

/// Hostile bytes as text; those of an honest binary as they are.
fn text(bytes: &[u8]) -> Arc<str> {
    Arc::from(String::from_utf8_lossy(bytes).as_ref())
}

//! A binary as a subject: what of its facts matters for matching, borrowed from the file.

use crate::subject::{Module, Place, Position, Subject, SymbolId, SymbolSource, Symbols};
use foldhash::HashMap;
use goassay_binary::address::NameOffset;
use goassay_binary::buildinfo::{self, BuildInfo};
use goassay_binary::gap::{Gap, Topic};
use goassay_binary::{Binary, Occurrence, Places};
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

    fn locate(
        &self,
        wanted: &[SymbolId],
        places: Places,
        found: &mut dyn FnMut(SymbolId, Place),
    ) -> Vec<Gap> {
        let wanted: Vec<NameOffset> = wanted.iter().copied().map(NameOffset).collect();
        let mut texts = Texts::new(self.image().bytes().data().len());
        let mut cut = false;
        let mut gaps = self.occurrences(&wanted, places, &mut |occurrence| match place(
            self,
            &occurrence,
            &mut texts,
        ) {
            Some(place) if !cut => found(occurrence.name.0, place),
            _ => cut = true,
        });
        if cut {
            let reason = "names and files lie within each other so often that not all places of the symbols are listed";
            gaps.push(Gap::new(Topic::Lines, reason));
        }
        gaps
    }
}

/// `None` where too much text was copied already.
fn place<'a>(
    binary: &Binary<'a>,
    occurrence: &Occurrence<'a>,
    texts: &mut Texts<'a>,
) -> Option<Place> {
    let address = occurrence.address.map(|address| address.0);
    let position = match occurrence.position {
        Some(position) => Some(Position {
            file: texts.share(position.file)?,
            line: position.line,
        }),
        None => None,
    };
    Some(if occurrence.inlined {
        let name = binary
            .pclntab()
            .ok()
            .and_then(|table| table.name(occurrence.function));
        let host = texts.share(name.unwrap_or_default())?;
        Place::Inlined {
            host,
            host_address: address,
            call: position,
        }
    } else {
        Place::Function { address, position }
    })
}

/// Texts of the binary that many places share, each one copied once; known again by where it lies.
///
/// In a real binary all of them together are shorter than the file. In a made-up one they can be endings of one text as
/// long as the file, so what is looked at is bounded.
struct Texts<'a> {
    known: HashMap<*const u8, (&'a [u8], Arc<str>)>,
    /// Bytes that may still be copied; finding the end of a known text counts as a little.
    left: usize,
}

impl<'a> Texts<'a> {
    fn new(file_len: usize) -> Texts<'a> {
        Texts {
            known: HashMap::default(),
            left: file_len.saturating_mul(4).saturating_add(16 << 20),
        }
    }

    /// `None` where too much was copied already.
    fn share(&mut self, bytes: &'a [u8]) -> Option<Arc<str>> {
        let known = self.known.get(&bytes.as_ptr());
        // Two texts may start at one place only where tables overlap.
        if let Some((_, text)) = known.filter(|(known, _)| known.len() == bytes.len()) {
            self.left = self.left.checked_sub(bytes.len() / 64)?;
            return Some(Arc::clone(text));
        }
        self.left = self.left.checked_sub(bytes.len())?;
        let text = text(bytes);
        self.known
            .insert(bytes.as_ptr(), (bytes, Arc::clone(&text)));
        Some(text)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_copied_once() {
        let data = b"a/b.go\0c.go\0";
        let mut texts = Texts::new(data.len());
        let first = texts.share(&data[..6]).expect("short");
        assert_eq!(&*first, "a/b.go");
        assert!(Arc::ptr_eq(
            &first,
            &texts.share(&data[..6]).expect("short")
        ));
        assert_eq!(texts.share(&data[7..11]).as_deref(), Some("c.go"));
    }

    #[test]
    fn endings_of_one_endless_text_are_cut_short() {
        let data = vec![b'x'; 1 << 20];
        let mut texts = Texts::new(data.len());
        let shared = (0..1000)
            .map_while(|start| texts.share(&data[start..]))
            .count();
        assert!((4..100).contains(&shared), "{shared}");
    }
}

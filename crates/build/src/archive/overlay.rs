//! Layers of a container image, one over the other: later files replace earlier ones, `.wh.NAME` removes, `.wh..wh..opq` empties a
//! folder, and what is written below a link goes where the link leads, as it does when the layers are unpacked.
//! <https://github.com/opencontainers/image-spec/blob/main/layer.md>

use super::{Entry, Error, Facts, Kind, Place, damaged};
use std::collections::{BTreeMap, BTreeSet};

const WHITEOUT: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";
/// Marks that a kind of storage leaves behind, and no names.
const MARKS: &str = ".wh..wh.";
/// Most links on the way to one name.
const MAX_LINKS: usize = 40;
/// Longest name or text of a link, in bytes, and deepest place: names that follow links must not grow without end.
const MAX_NAME: usize = 4096;
const MAX_DEPTH: usize = 256;

/// What is there so far, by name.
#[derive(Default)]
pub(super) struct Overlay {
    entries: BTreeMap<String, Entry>,
}

impl Overlay {
    /// Lays the entries of a layer over what is there.
    pub(super) fn add(
        &mut self,
        layer: usize,
        entries: Vec<Entry>,
        facts: &mut Facts,
    ) -> Result<(), Error> {
        let (whiteouts, entries): (Vec<Entry>, Vec<Entry>) = entries
            .into_iter()
            .partition(|entry| base(&entry.name).starts_with(WHITEOUT));
        // They speak of layers below only, wherever they stand.
        for whiteout in whiteouts {
            self.remove(&self.resolve(&whiteout.name)?)?;
        }
        let mut seen = BTreeSet::new();
        for mut entry in entries {
            entry.name = self.resolve(&entry.name)?;
            if entry.kind != Kind::Directory && !seen.insert(entry.name.clone()) {
                facts.insert(
                    format!("twice in layer {layer}: {}", entry.name),
                    entry.sum.hex(),
                );
            }
            self.put(layer, entry)?;
        }
        Ok(())
    }

    pub(super) fn entries(self) -> Vec<Entry> {
        self.entries.into_values().collect()
    }

    fn put(&mut self, layer: usize, mut entry: Entry) -> Result<(), Error> {
        if let Kind::Hardlink(target) = &entry.kind {
            let target = self.resolve(target)?;
            let file = self
                .entries
                .get(&target)
                .filter(|file| file.kind == Kind::File);
            let file =
                file.ok_or_else(|| damaged(format!("{} is a link to no file", entry.name)))?;
            // The name that it links to may be removed by a later layer.
            entry.facts.insert("link to".to_owned(), target);
            (entry.kind, entry.sum, entry.place) = (Kind::File, file.sum, file.place.clone());
        } else {
            entry.place = Place::Part(layer, Box::new(entry.place));
        }
        // A folder keeps what is in it.
        if entry.kind != Kind::Directory {
            self.empty(&entry.name);
        }
        self.entries.insert(entry.name.clone(), entry);
        Ok(())
    }

    fn remove(&mut self, whiteout: &str) -> Result<(), Error> {
        let name = base(whiteout);
        let folder = whiteout.strip_suffix(name).unwrap_or_default();
        if name == OPAQUE {
            match folder.strip_suffix('/') {
                Some(folder) => self.empty(folder),
                None => self.entries.clear(),
            }
            return Ok(());
        }
        let removed = name.strip_prefix(WHITEOUT).unwrap_or_default();
        if name.starts_with(MARKS) {
            return Ok(());
        }
        if matches!(removed, "" | "." | "..") {
            return Err(damaged("a layer removes what has no name"));
        }
        let removed = format!("{folder}{removed}");
        self.empty(&removed);
        self.entries.remove(&removed);
        Ok(())
    }

    /// Removes all that is below a folder.
    fn empty(&mut self, folder: &str) {
        // Names below it begin with it and "/", and "0" is the character behind that.
        let mut rest = self.entries.split_off(&format!("{folder}/"));
        let mut behind = rest.split_off(&format!("{folder}0"));
        self.entries.append(&mut behind);
    }

    /// The name, with links in place of folders followed.
    fn resolve(&self, name: &str) -> Result<String, Error> {
        let mut left: Vec<String> = name.rsplit('/').map(str::to_owned).collect();
        let mut done: Vec<String> = Vec::new();
        let mut followed = 0;
        let too_long = || damaged("a name of the image is too long");
        while let Some(element) = left.pop() {
            if left.len() + done.len() > MAX_DEPTH || name.len() > MAX_NAME {
                return Err(too_long());
            }
            match element.as_str() {
                "" | "." => continue,
                ".." => {
                    done.pop();
                    continue;
                }
                _ => done.push(element),
            }
            if left.is_empty() {
                break;
            }
            match self.entries.get(&done.join("/")).map(|entry| &entry.kind) {
                None | Some(Kind::Directory) => {}
                Some(Kind::Symlink(target)) if target.len() > MAX_NAME => return Err(too_long()),
                Some(Kind::Symlink(target)) => {
                    followed += 1;
                    done.pop();
                    if target.starts_with('/') {
                        done.clear();
                    }
                    left.extend(target.rsplit('/').map(str::to_owned));
                }
                Some(_) => return Err(damaged(format!("{name} is below what is no folder"))),
            }
            if followed > MAX_LINKS {
                return Err(damaged(format!("links on the way to {name}")));
            }
        }
        let name = done.join("/");
        if name.len() > MAX_NAME {
            Err(too_long())
        } else {
            Ok(name)
        }
    }
}

fn base(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

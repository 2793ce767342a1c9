//! Licence files of modules in the go command's module cache (`GOMODCACHE`): of the extracted folder, else of the zip.
//!
//! A copy counts where the hash that the go command noted when it verified the zip is the one that is asked for. That the files still
//! are the zip's is taken on trust, as the go command does.

use super::{Standing, recognise};
use crate::dirhash;
use crate::module::{self, Module};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Longest licence file that is read, in bytes.
const LONGEST: u64 = 256 << 10;
/// Most files of a folder that are looked at.
const MOST_FILES: usize = 10_000;

/// A module cache.
#[derive(Debug, Clone)]
pub struct ModuleCache {
    root: PathBuf,
}

/// Name and text.
type Texts = Vec<(String, Option<String>)>;

impl ModuleCache {
    /// The cache in a folder, which need not be there.
    pub fn new(root: impl Into<PathBuf>) -> ModuleCache {
        ModuleCache { root: root.into() }
    }

    /// The licence of a module whose zip has the hash `h1`; with an empty hash, that of any copy of this version.
    pub fn license(&self, module: &Module, h1: &str) -> Standing {
        match self.texts(module, h1) {
            None => Standing::NoCopy,
            Some(texts) => standing(texts),
        }
    }

    /// The licence files of a copy; `None` where there is none with this hash.
    fn texts(&self, module: &Module, h1: &str) -> Option<Texts> {
        let name = module.escaped().ok()?;
        let path = module::escape_path(&module.path).ok()?;
        let version = module::escape_version(&module.version).ok()?;
        let download = self.root.join("cache/download").join(path).join("@v");
        let noted = small(&download.join(format!("{version}.ziphash")));
        if !h1.is_empty() && noted.as_deref().map(str::trim_end) != Some(h1) {
            return None;
        }
        of_folder(&self.root.join(name))
            .or_else(|| of_zip(&download.join(format!("{version}.zip")), module))
    }
}

/// The licence of the module in a folder, by the files at its top.
#[must_use]
pub fn of_module(folder: &Path) -> Standing {
    of_folder(folder).map_or(Standing::NoCopy, standing)
}

fn standing(mut texts: Texts) -> Standing {
    texts.sort();
    let mut ids = texts.iter().map(|(_, text)| recognise(text.as_deref()?));
    let first = ids.next().flatten();
    let agreed = first.filter(|first| ids.all(|id| id == Some(first)));
    match (agreed, texts.first()) {
        (_, None) => Standing::NoFile,
        (Some(id), Some((file, _))) => Standing::Recognised {
            id,
            file: file.clone(),
        },
        (None, Some(_)) => {
            let names = texts.into_iter().map(|(name, _)| name);
            Standing::NotRecognised(names.collect())
        }
    }
}

/// Whether a file's name says licence: `LICENSE`, `LICENCE.md`, `LICENSE-MIT`, `COPYING`, `MIT_TEXT`.
pub(crate) fn says_license(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let rest = ["license", "licence", "copying", "unlicense"]
        .iter()
        .find_map(|stem| name.strip_prefix(stem));
    let is_code = |ending: &str| name.ends_with(ending);
    let is_whole = |rest: &str| rest.is_empty() || rest.starts_with(['.', '-', '_']);
    rest.is_some_and(|rest| is_whole(rest) && !rest.contains('/'))
        && ![".csv", ".go", ".json", ".yml", ".yaml", ".sh", ".tmpl"]
            .into_iter()
            .any(is_code)
}

fn of_folder(folder: &Path) -> Option<Texts> {
    let entries = fs::read_dir(folder).ok()?.take(MOST_FILES).flatten();
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let named = files.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        says_license(&name).then(|| (name, small(&entry.path())))
    });
    Some(named.collect())
}

fn of_zip(zip: &Path, module: &Module) -> Option<Texts> {
    let mut archive = dirhash::open(File::open(zip).ok()?).ok()?;
    let prefix = format!("{module}/");
    let mut texts = Vec::new();
    for index in 0..archive.len() {
        let file = archive.by_index(index).ok()?;
        let full = String::from_utf8_lossy(file.name_raw()).into_owned();
        if let Some(name) = full.strip_prefix(&prefix).filter(|name| says_license(name)) {
            texts.push((name.to_owned(), text(file)));
        }
    }
    Some(texts)
}

fn small(path: &Path) -> Option<String> {
    text(File::open(path).ok()?)
}

/// All of a reader where it is short; what is not UTF-8 in it is in the holders' names.
fn text(reader: impl Read) -> Option<String> {
    let mut bytes = Vec::new();
    reader.take(LONGEST + 1).read_to_end(&mut bytes).ok()?;
    let short = bytes.len() as u64 <= LONGEST;
    short.then(|| String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIT_TEXT: &str = include_str!("../../../../LICENSE-MIT");
    const H1: &str = "h1:AAAA";

    /// A cache with one module of these files, extracted or as a zip.
    fn cache(files: &[(&str, &str)], extracted: bool) -> (tempfile::TempDir, ModuleCache) {
        let root = tempfile::tempdir().expect("a folder");
        let download = root.path().join("cache/download/example.com/!a/@v");
        fs::create_dir_all(&download).expect("a folder");
        fs::write(download.join("v1.0.0.ziphash"), H1).expect("a file");
        if extracted {
            let folder = root.path().join("example.com/!a@v1.0.0");
            fs::create_dir_all(&folder).expect("a folder");
            for (name, text) in files {
                fs::write(folder.join(name), text).expect("a file");
            }
        } else {
            let zip = File::create(download.join("v1.0.0.zip")).expect("a file");
            let mut zip = zip::ZipWriter::new(zip);
            for (name, text) in files {
                let options = zip::write::SimpleFileOptions::default();
                let name = format!("example.com/A@v1.0.0/{name}");
                zip.start_file(name, options).expect("an entry");
                std::io::Write::write_all(&mut zip, text.as_bytes()).expect("its text");
            }
            zip.finish().expect("an archive");
        }
        let cache = ModuleCache::new(root.path());
        (root, cache)
    }

    fn license(files: &[(&str, &str)]) -> Standing {
        let module = Module::new("example.com/A", "v1.0.0");
        let (_folder, of_folder) = cache(files, true);
        let (_zip, of_zip) = cache(files, false);
        let answers = [&of_folder, &of_zip].map(|cache| cache.license(&module, H1));
        assert_eq!(answers[0], answers[1]);
        let [answer, _] = answers;
        answer
    }

    #[test]
    fn one_licence_or_none() {
        let mit = Standing::Recognised {
            id: "MIT",
            file: "LICENSE".to_owned(),
        };
        assert_eq!(license(&[("LICENSE", MIT_TEXT), ("a.go", "")]), mit);
        assert_eq!(
            license(&[("a.go", ""), ("license.go", MIT_TEXT)]),
            Standing::NoFile
        );
        let two = [("LICENSE", MIT_TEXT), ("COPYING", "see elsewhere")];
        let names = vec!["COPYING".to_owned(), "LICENSE".to_owned()];
        assert_eq!(license(&two), Standing::NotRecognised(names));
    }

    #[test]
    fn a_copy_with_another_hash_is_none() {
        let (_root, cache) = cache(&[("LICENSE", MIT_TEXT)], true);
        let of = |path: &str, version: &str, h1| cache.license(&Module::new(path, version), h1);
        assert_eq!(of("example.com/A", "v1.0.0", "h1:BBBB"), Standing::NoCopy);
        assert_eq!(of("example.com/A", "v1.0.1", H1), Standing::NoCopy);
        assert_eq!(of("../../etc", "v1.0.0", ""), Standing::NoCopy);
        assert_ne!(of("example.com/A", "v1.0.0", ""), Standing::NoCopy);
    }
}

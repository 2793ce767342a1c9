//! The Go programs at a place: the file itself, or all of a folder, an archive, a package, a container image, and of the archives in a folder.

use super::around::{Beneath, Folder};
use crate::failure::Failure;
use crate::inputs;
use crate::map::Mapped;
use goassay_binary::{Binary, container};
use goassay_build::archive::{self, Entry, Format, Tree};
use goassay_build::verify::beside::{Around, Nothing};
use goassay_report::document::{self, FailureKind};
use std::path::Path;

/// Longest entry that is read into memory, in bytes.
const LONGEST: u64 = 1 << 30;
/// Bytes that tell whether a file can be a program.
const HEAD: u64 = 8;

/// A program, and what is around it.
pub(super) struct Program<'a> {
    /// The path that was named.
    pub path: String,
    /// Its name in the folder or archive that was named; empty where it is the file.
    pub member: String,
    /// Its file name.
    pub name: String,
    pub bytes: &'a [u8],
    /// The name of its folder.
    pub folder: String,
    pub around: &'a dyn Around,
}

/// What is done with each program. An error ends the run.
type Each<'e> = dyn FnMut(&Program<'_>) -> Result<(), Failure> + 'e;

/// Looks for programs.
pub(super) struct Search<'a, 'e> {
    pub options: archive::Options<'a>,
    pub each: &'e mut Each<'e>,
    /// What could not be read.
    pub failures: Vec<document::Failure>,
}

impl Search<'_, '_> {
    /// Does it for all programs of a place that was named.
    pub(super) fn at(&mut self, path: &Path) -> Result<(), Failure> {
        match self.trees(path) {
            Ok(trees) if trees.is_empty() => self.file(path),
            Ok(trees) => {
                let mut found = 0;
                for (platform, tree) in &trees {
                    found += self.tree(path, platform, tree)?;
                }
                if found == 0 {
                    self.fail(path, "it holds no Go program");
                }
                Ok(())
            }
            Err(archive::Error::Read(_, error)) => {
                self.failures.push(inputs::cannot_read(path, &error));
                Ok(())
            }
            Err(error) => {
                self.fail(path, &error.to_string());
                Ok(())
            }
        }
    }

    /// The trees of files that a place holds, with the platform where it holds one for each; none where it is a file like others.
    fn trees(&self, path: &Path) -> Result<Vec<(String, Tree)>, archive::Error> {
        match archive::open(path, &self.options) {
            Ok(tree) => Ok(vec![(String::new(), tree)]),
            Err(archive::Error::Unknown) => Ok(Vec::new()),
            Err(archive::Error::Platform(all)) if self.options.platform.is_none() => {
                let of = |platform: String| {
                    let options = archive::Options {
                        platform: Some(&platform),
                        ..self.options
                    };
                    let tree = archive::open(path, &options)?;
                    Ok((platform, tree))
                };
                all.into_iter().map(of).collect()
            }
            Err(error) => Err(error),
        }
    }

    fn file(&mut self, path: &Path) -> Result<(), Failure> {
        let mapped = match Mapped::open(path) {
            Ok(mapped) => mapped,
            Err(error) => {
                self.failures.push(inputs::cannot_read(path, &error));
                return Ok(());
            }
        };
        let bytes = mapped.bytes();
        let folder = Folder::of(path);
        let whole = Program {
            path: inputs::display(path),
            member: String::new(),
            name: inputs::display(path.file_name().unwrap_or_default().as_ref()),
            bytes,
            folder: folder.name(),
            around: &folder,
        };
        let slices = container::members(bytes).unwrap_or_default();
        let slices: Vec<_> = slices.iter().filter(|slice| slice.name.is_some()).collect();
        if slices.is_empty() {
            (self.each)(&whole)?;
        }
        for slice in slices {
            (self.each)(&Program {
                member: slice.name.as_deref().unwrap_or_default().to_owned(),
                bytes: slice.data,
                around: &Nothing,
                path: whole.path.clone(),
                name: whole.name.clone(),
                folder: String::new(),
            })?;
        }
        if mapped.unchanged().is_err() {
            self.fail(
                path,
                "it changed while it was verified: what was found does not count",
            );
        }
        Ok(())
    }

    /// Gives how many programs there are.
    fn tree(&mut self, path: &Path, above: &str, tree: &Tree) -> Result<usize, Failure> {
        let mut found = 0;
        let is_file = |entry: &&Entry| {
            entry.kind == archive::Kind::File && (64..LONGEST).contains(&entry.sum.length)
        };
        let (archives, files): (Vec<&Entry>, Vec<&Entry>) = tree
            .entries
            .iter()
            .filter(is_file)
            .filter(|entry| !is_debug(&entry.name))
            .partition(|entry| tree.format == Format::Directory && is_archive(&entry.name));
        // Programs first: what stands beside them helps to build them again where they are packed, too.
        for entry in files {
            let Some(bytes) = self.program(path, tree, entry) else {
                continue;
            };
            let around = Beneath::of(tree, entry);
            (self.each)(&Program {
                path: inputs::display(path),
                member: joined(above, &entry.name),
                name: entry.name.rsplit('/').next().unwrap_or_default().to_owned(),
                bytes: &bytes,
                folder: around.name().to_owned(),
                around: &around,
            })?;
            found += 1;
        }
        for entry in archives {
            let trees = self.trees(&path.join(&entry.name)).unwrap_or_else(|error| {
                self.fail(path, &format!("{}: {error}", entry.name));
                Vec::new()
            });
            for (platform, inner) in trees {
                let above = joined(above, &joined(&entry.name, &platform));
                found += self.tree(path, &above, &inner)?;
            }
        }
        Ok(found)
    }

    /// The contents of an entry that is a Go program. Of others the beginning is read.
    fn program(&mut self, path: &Path, tree: &Tree, entry: &Entry) -> Option<Vec<u8>> {
        let contents = match tree.head(entry, HEAD) {
            Ok(head) if !container::is_candidate(&head) => return None,
            Ok(_) => tree.contents(entry),
            Err(error) => Err(error),
        };
        match contents {
            Ok(bytes) => Binary::parse(&bytes).is_ok().then_some(bytes),
            Err(error) => {
                self.fail(path, &format!("{}: {error}", entry.name));
                None
            }
        }
    }

    fn fail(&mut self, path: &Path, why: &str) {
        let failure = inputs::failure(path, FailureKind::Unreadable, why, None);
        self.failures.push(failure);
    }
}

/// A name in what has a name of its own; `!` is behind what is packed.
fn joined(above: &str, name: &str) -> String {
    match (above, name) {
        ("", name) => name.to_owned(),
        (above, "") => above.to_owned(),
        (above, name) => format!("{above}!{name}"),
    }
}

/// Whether a file is debug information that lies beside its program, as debuggers look for it.
fn is_debug(name: &str) -> bool {
    name.ends_with(".debug")
        || name
            .split('/')
            .any(|part| part == ".build-id" || part.ends_with(".dSYM"))
}

/// Whether a file in a folder is opened to look for programs: by its name, so that not each file is tried as everything.
fn is_archive(name: &str) -> bool {
    const ENDINGS: [&str; 13] = [
        ".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.zst", ".zip", ".whl", ".deb", ".rpm",
        ".apk", ".pkg", ".msi",
    ];
    let name = name.to_ascii_lowercase();
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};

    /// The names of all programs at a place, what is around each, and why others could not be read.
    fn found(path: &Path) -> (Vec<String>, Vec<String>) {
        let mut names = Vec::new();
        let mut each = |program: &Program<'_>| {
            let sums =
                ["SHA256SUMS", "../SHA256SUMS"].map(|name| program.around.sha256(name).is_some());
            names.push(format!(
                "{} {} in {:?} {sums:?}",
                program.name, program.member, program.folder
            ));
            Ok(())
        };
        let mut search = Search {
            options: archive::Options::default(),
            each: &mut each,
            failures: Vec::new(),
        };
        assert!(search.at(path).is_ok());
        let failures = search
            .failures
            .iter()
            .map(|failure| failure.message.clone())
            .collect();
        (names, failures)
    }

    #[test]
    fn programs_of_a_folder_and_of_the_archives_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        };
        assert_eq!(found(folder.path()).1, ["it holds no Go program"]);
        let program = goassay_fixtures::bytes("elf-amd64-go1.26");
        write("linux/m", &program);
        write("debug/.build-id/00/11.debug", &program);
        write("SHA256SUMS", &[b' '; 100]);
        write("libc.so", &[b"\x7fELF".as_slice(), &[0; 100]].concat());
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        archive.start_file("m_1.0/m", options).unwrap();
        archive.write_all(&program).unwrap();
        write("m.zip", &archive.finish().unwrap().into_inner());
        write(
            "broken.zip",
            &[b"PK\x03\x04".as_slice(), &[0; 100]].concat(),
        );
        let (names, failures) = found(folder.path());
        assert!(failures.iter().all(|why| why.starts_with("broken.zip: ")) && failures.len() == 1);
        assert_eq!(
            names,
            [
                "m linux/m in \"linux\" [false, true]",
                "m m.zip!m_1.0/m in \"m_1.0\" [false, false]"
            ]
        );
        let (names, _) = found(&folder.path().join("linux/m"));
        assert_eq!(names, ["m  in \"linux\" [false, true]"]);
    }
}

//! Files as the download page has them (`go1.26.8.linux-amd64.tar.gz`, `.zip`, `.pkg`, `.msi`), given by whoever downloaded them.
//!
//! The files in one are those of the module, for which the checksum database vouches, and `api`, `doc`, `misc` and `test`, for which
//! nobody does. An archive is packed again by the rebuilt Go's own `cmd/distpack`, out of the rebuilt files and the given
//! file's own `api`, `doc`, `misc` and `test`: the same bytes are the aim. An installer cannot be made again: its files are compared.

use super::environment::{self as env, Places};
use super::steps::{Go, Posted, Steps, digest, folder};
use super::verification::{File, Form, NOT_CHECKED, Record, Status, Sums};
use super::work::{Receipt, remove};
use super::{Error, compare, source};
use crate::archive::{self, Format, Kind, Tree};
use crate::toolchain::downloads::Contents;
use crate::toolchain::unpack::unpack;
use crate::toolchain::{Name, Platform, Version, form};
use goassay_binary::bytes::hexadecimal;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The name of the permitted difference of an installer: everything but its files.
pub const INSTALLER_CONTENTS: &str = "installer-contents";

/// Names that a log shows; all are counted.
const SHOWN: usize = 5;
/// What this program does with the inputs of a step is one of them.
const RECIPE: &str = include_str!("posted.rs");

/// A file that was posted, with what its name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Where it is.
    pub path: PathBuf,
    /// Its name on the page.
    pub file: String,
    /// The toolchain in it.
    pub name: Name,
}

impl Given {
    /// A file under the name that it has on the page.
    ///
    /// # Errors
    /// It has another name: what is expected, in words.
    pub fn of(path: &Path) -> Result<Given, String> {
        let file = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let name = named(file).ok_or_else(|| {
            "a posted file has a name such as go1.26.8.linux-amd64.tar.gz, .zip, .pkg or .msi"
                .to_owned()
        })?;
        Ok(Given {
            path: path.to_owned(),
            file: file.to_owned(),
            name,
        })
    }
}

/// The toolchain that a name on the page stands for; none for sources.
fn named(file: &str) -> Option<Name> {
    let ends = [".tar.gz", ".zip", ".pkg", ".msi"];
    let stem = ends.iter().find_map(|end| file.strip_suffix(end))?;
    let (version, platform) = stem.rsplit_once('.')?;
    let (os, arch) = platform.split_once('-')?;
    // The page has the name of the archive, the module that of GOARCH.
    let arch = if arch == "armv6l" { "arm" } else { arch };
    Some(Name {
        version: Version::parse(version).ok()?,
        platform: Platform::parse(&format!("{os}/{arch}")).ok()?,
    })
}

/// The file, read.
pub(super) struct Opened {
    contents: Contents,
    pub(super) form: Form,
    sums: Sums,
}

/// Where GOROOT is in a tree of this kind.
fn root(tree: &Tree) -> Option<(Form, String)> {
    match tree.format {
        Format::Zip | Format::Tar => Some((Form::Archive, "go".to_owned())),
        Format::Pkg => Some((Form::Installer, "usr/local/go".to_owned())),
        Format::Msi => {
            let names = tree.entries.iter().map(|entry| entry.name.as_str());
            let roots = names.filter_map(|name| name.strip_suffix("/VERSION"));
            let root = roots.min_by_key(|root| (root.len(), *root));
            Some((Form::Installer, root.unwrap_or_default().to_owned()))
        }
        Format::Deb | Format::Rpm | Format::Apk | Format::Image | Format::Directory => None,
    }
}

impl Opened {
    pub(super) fn new(given: &Given, scratch: &Path) -> Result<Opened, Error> {
        let path = &given.path;
        let unread =
            |why: String| Error::Changed(format!("{} cannot be read: {why}", path.display()));
        let options = archive::Options {
            scratch: Some(scratch),
            ..archive::Options::default()
        };
        let tree = archive::open(path, &options).map_err(|error| unread(error.to_string()))?;
        let (form, root) = root(&tree).ok_or_else(|| {
            unread(format!(
                "it is a {}, which is not posted",
                tree.format.name()
            ))
        })?;
        let contents = Contents::within(tree, &root);
        let sums = Sums {
            sha256: hexadecimal(&source::sum(path)?),
            h1: contents.h1(&given.name.module()).unwrap_or_default(),
            bytes: fs::metadata(path).map_err(Error::file("read", path))?.len(),
        };
        Ok(Opened {
            contents,
            form,
            sums,
        })
    }
}

/// What is compared with the given file: the rebuilt module, and the archive that was packed of it where one can be.
pub(super) struct Rebuilt<'a> {
    pub(super) module: &'a Path,
    pub(super) packed: Option<&'a Path>,
}

/// The given file, against what the database recorded and what was rebuilt.
pub(super) fn file(
    given: &Given,
    opened: Opened,
    posted: &Posted,
    rebuilt: Option<&Rebuilt<'_>>,
) -> Result<File, Error> {
    let statement = &posted.statement;
    let (vouched, line) = vouched(&opened.sums.h1, &statement.database, &statement.zip);
    let mut file = File {
        name: given.file.clone(),
        form: opened.form,
        platform: given.name.platform.clone(),
        status: Status::Skip,
        posted: opened.sums.clone(),
        rebuilt: None,
        record: Record {
            database: statement.database.clone(),
            id: statement.id,
            h1: statement.zip.clone(),
        },
        normalisations: BTreeSet::new(),
        log: vec![line],
    };
    file.log.extend(gaps(&opened));
    let compared = match rebuilt {
        None => (
            Status::Skip,
            BTreeSet::new(),
            vec!["it was not rebuilt".to_owned()],
        ),
        Some(rebuilt) => {
            let path = rebuilt.packed.unwrap_or(rebuilt.module);
            file.rebuilt = Some(Sums {
                sha256: hexadecimal(&source::sum(path)?),
                h1: crate::dirhash::of_files(&super::session::sums_of(rebuilt.module)?),
                bytes: fs::metadata(path).map_err(Error::file("read", path))?.len(),
            });
            match rebuilt.packed {
                Some(packed) => compare::archives(&given.path, packed)?,
                None => installer(opened, given, rebuilt.module)?,
            }
        }
    };
    let (status, names, log) = compared;
    file.log.extend(log);
    file.normalisations = names;
    file.status = status.max(vouched);
    Ok(file)
}

/// Whether the files are those that were published.
fn vouched(h1: &str, database: &str, recorded: &str) -> (Status, String) {
    if h1 == recorded {
        let line = format!("its files, as a module, have the hash that {database} recorded");
        return (Status::Pass, line);
    }
    let found = if h1.is_empty() { "none" } else { h1 };
    let line = format!(
        "THIS IS NOT WHAT WAS PUBLISHED: its files, as a module, have the hash {found}; {database} recorded {recorded}"
    );
    (Status::Fail, line)
}

/// What nobody vouches for.
fn gaps(opened: &Opened) -> Vec<String> {
    let Opened { contents, form, .. } = opened;
    let mut gaps = Vec::new();
    let left_out = contents.left_out().count();
    if left_out > 0 {
        gaps.push(format!(
            "{NOT_CHECKED}{left_out} files in api, doc, misc and test, which the module does not have: nobody vouches for them"
        ));
    }
    if *form == Form::Installer {
        let beside: Vec<&str> = contents.beside().map(|entry| entry.name.as_str()).collect();
        if !beside.is_empty() {
            let shown = beside
                .iter()
                .take(SHOWN)
                .copied()
                .collect::<Vec<_>>()
                .join(", ");
            gaps.push(format!(
                "{NOT_CHECKED}{} files beside GOROOT: {shown}",
                beside.len()
            ));
        }
        gaps.push(format!(
            "{NOT_CHECKED}signature, scripts and descriptions of the installer"
        ));
    }
    gaps
}

/// The files of an installer against those of the module, in the names of GOROOT.
fn installer(opened: Opened, given: &Given, module: &Path) -> Result<compare::Compared, Error> {
    let unread =
        |error: archive::Error| Error::Changed(format!("an archive cannot be compared: {error}"));
    let has_modes = opened.contents.tree().format == Format::Pkg;
    let posted = plain(opened.contents.into_goroot(), has_modes);
    let tree = archive::open(module, &archive::Options::default()).map_err(unread)?;
    let prefix = given.name.module().to_string();
    let mut rebuilt = Contents::within(tree, &prefix).into_goroot();
    for entry in &mut rebuilt.entries {
        entry.name = form::in_goroot(&entry.name);
    }
    let rebuilt = plain(rebuilt, has_modes);
    let (status, mut names, mut log) = compare::trees(&posted, &rebuilt)?;
    log.insert(0, match has_modes {
        true => "names, modes and contents of its files were compared with those of the rebuilt module".to_owned(),
        false => "names and contents of its files were compared with those of the rebuilt module; it has no modes".to_owned(),
    });
    if status == Status::Pass {
        names.insert(INSTALLER_CONTENTS.to_owned());
    }
    Ok((status, names, log))
}

/// What installers and modules both say of files: all but times, order and what only a container knows.
fn plain(mut tree: Tree, has_modes: bool) -> Tree {
    tree.facts.clear();
    tree.entries.retain(|entry| entry.kind != Kind::Directory);
    tree.entries.sort_by(|a, b| a.name.cmp(&b.name));
    for entry in &mut tree.entries {
        entry.facts.clear();
        entry.mtime = None;
        entry.mode = entry.mode.filter(|_| has_modes);
    }
    tree
}

/// Packs archives as the download page has them.
pub(super) struct Packer<'a> {
    pub(super) steps: &'a Steps<'a>,
    /// The Go that was built here.
    pub(super) go: &'a Go,
}

impl Packer<'_> {
    /// The archive out of the rebuilt module and what the given file has besides. Says whether it had to be made.
    pub(super) fn pack(
        &self,
        given: &Given,
        opened: &Opened,
        module: &Path,
    ) -> Result<(PathBuf, bool), Error> {
        let work = self.steps.work;
        let step = format!("posted.{}", given.file);
        let packed = work.path(&format!("packed.{}", given.file));
        let inputs = self.inputs(&opened.sums.sha256, module)?;
        let result = || Ok(hexadecimal(&source::sum(&packed)?));
        if work.done(&step, &inputs, &result).is_some() {
            return Ok((packed, false));
        }
        let goroot = work.path(&format!("{step}.goroot"));
        work.begin(&step, &[packed.clone(), goroot.clone()])?;
        self.lay(given, opened, module, &goroot)?;
        let scratch = self.steps.scratch(&step)?;
        self.run(&step, &goroot, &scratch, &given.name.platform)?;
        let made = goroot.join("pkg/distpack").join(distributed(&given.name));
        fs::rename(&made, &packed).map_err(Error::file("find", &made))?;
        remove(&goroot)?;
        remove(&scratch)?;
        work.finish(&step, &Receipt::new(&inputs, result()?))?;
        Ok((packed, true))
    }

    fn inputs(&self, given: &str, module: &Path) -> Result<String, Error> {
        let module = hexadecimal(&source::sum(module)?);
        let identity = self.go.identity.as_str();
        Ok(digest(&[RECIPE, identity, given, &module]))
    }

    /// The rebuilt files, with those that nobody vouches for beside them.
    fn lay(
        &self,
        given: &Given,
        opened: &Opened,
        module: &Path,
        goroot: &Path,
    ) -> Result<(), Error> {
        let zip = fs::File::open(module).map_err(Error::file("read", module))?;
        unpack(zip, &given.name.module(), goroot)?;
        for (name, entry) in opened.contents.left_out() {
            let path = goroot.join(name);
            let parent = path.parent().unwrap_or(goroot);
            fs::create_dir_all(parent).map_err(Error::file("write", parent))?;
            let contents = opened.contents.read(entry).map_err(|error| {
                Error::Changed(format!("{} cannot be read: {error}", given.path.display()))
            })?;
            fs::write(&path, contents).map_err(Error::file("write", &path))?;
        }
        // Where distpack looks for the programs of another platform.
        if given.name.platform != *self.steps.host {
            let (bin, aside) = (goroot.join("bin"), goroot.join("other"));
            fs::rename(&bin, &aside).map_err(Error::file("write", &bin))?;
            fs::create_dir(&bin).map_err(Error::file("write", &bin))?;
            let own = bin.join(folder(&given.name.platform, '_'));
            fs::rename(&aside, &own).map_err(Error::file("write", &own))?;
        }
        Ok(())
    }

    /// Builds distpack, which is not among the programs of a Go, and runs it.
    fn run(
        &self,
        step: &str,
        goroot: &Path,
        scratch: &Path,
        platform: &Platform,
    ) -> Result<(), Error> {
        let module = scratch.join("module");
        let go_mod = module.join("go.mod");
        fs::write(&go_mod, "module pack\n").map_err(Error::file("write", &go_mod))?;
        let run = |argv, environment: &[crate::run::Variable]| {
            let detail = &mut |line: &str| (self.steps.detail)(line);
            self.steps
                .work
                .run(step, argv, environment, &module, detail)
        };
        let program = scratch.join("distpack");
        let out = program.display().to_string();
        let places = Places {
            goroot: &self.go.goroot,
            scratch,
        };
        run(
            env::go_command(&self.go.goroot, &["build", "-o", &out, "cmd/distpack"]),
            &places.go(),
        )?;
        let places = Places { goroot, scratch };
        run(vec![program.into_os_string()], &places.pack(platform))?;
        Ok(())
    }
}

/// What distpack calls an archive.
fn distributed(name: &Name) -> String {
    let Name { version, platform } = name;
    let end = if platform.os == "windows" {
        "zip"
    } else {
        "tar.gz"
    };
    format!("go{version}.{}.{end}", folder(platform, '-'))
}

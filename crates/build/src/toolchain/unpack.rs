//! A toolchain module's zip as a GOROOT: names checked, modes set, each `_go.mod` under its real name.
//!
//! Nothing is ever written outside of the target folder, nothing twice, and no link.

use super::Error;
use super::form::in_goroot;
use crate::dirhash;
use crate::module::Module;
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// What was unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Totals {
    /// Files.
    pub(crate) files: u64,
    /// Bytes in them.
    pub(crate) bytes: u64,
}

/// Unpacks the zip of `module` into the new folder `goroot`.
pub(crate) fn unpack(zip: File, module: &Module, goroot: &Path) -> Result<Totals, Error> {
    let mut archive = dirhash::open(io::BufReader::new(zip)).map_err(Error::Zip)?;
    let prefix = format!("{module}/");
    let mut target = Target::new(goroot);
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).map_err(|e| Error::Zip(e.into()))?;
        let mode = file.unix_mode();
        let Some(name) = relative(file.name_raw(), &prefix)? else {
            continue;
        };
        if mode.is_some_and(|mode| !matches!(mode & 0o170_000, 0 | 0o100_000)) {
            return Err(Error::Contents(format!("{name} is not a plain file")));
        }
        target.add(&name, mode, &mut file)?;
    }
    target.finish()
}

/// A new GOROOT that files are added to.
pub(crate) struct Target<'p> {
    goroot: &'p Path,
    totals: Totals,
}

impl<'p> Target<'p> {
    pub(crate) fn new(goroot: &'p Path) -> Target<'p> {
        Target {
            goroot,
            totals: Totals::default(),
        }
    }

    /// Writes a file under a name below GOROOT that leads nowhere else.
    pub(crate) fn add(
        &mut self,
        name: &str,
        mode: Option<u32>,
        contents: &mut dyn io::Read,
    ) -> Result<(), Error> {
        let path = self.goroot.join(in_goroot(name));
        self.totals.bytes += write(&path, is_executable(name, mode), contents)?;
        self.totals.files += 1;
        Ok(())
    }

    /// What was added, if it is a toolchain.
    pub(crate) fn finish(self) -> Result<Totals, Error> {
        for needed in ["VERSION", "src", "bin"] {
            if !self.goroot.join(needed).exists() {
                return Err(Error::Contents(format!("it has no {needed}")));
            }
        }
        Ok(self.totals)
    }
}

/// The name below GOROOT; none for a folder.
fn relative(raw: &[u8], prefix: &str) -> Result<Option<String>, Error> {
    let bad = || {
        Error::Contents(format!(
            "{:?} is not a name below {prefix}",
            String::from_utf8_lossy(raw)
        ))
    };
    let name = std::str::from_utf8(raw).map_err(|_| bad())?;
    let name = name.strip_prefix(prefix).ok_or_else(bad)?;
    let hostile = |c: char| c.is_control() || matches!(c, '\\' | ':');
    let element = |e: &str| !e.is_empty() && e != "." && e != "..";
    match name.strip_suffix('/').unwrap_or(name) {
        "" => Ok(None),
        path if path.contains(hostile) || !path.split('/').all(element) => Err(bad()),
        path if path.len() < name.len() => Ok(None),
        path => Ok(Some(path.to_owned())),
    }
}

/// By the archive's own modes; where it has none (before Go 1.21), what is a program or a script. `bin` and `pkg/tool` are
/// executable whatever the archive says, as the go command has it.
fn is_executable(name: &str, mode: Option<u32>) -> bool {
    let program = name.starts_with("bin/") || name.starts_with("pkg/tool/");
    let script = || {
        [".bash", ".sh", ".pl", ".rc"]
            .iter()
            .any(|end| name.ends_with(end))
    };
    let by_mode = match mode.map(|mode| mode & 0o777) {
        None | Some(0) => script(),
        Some(mode) => mode & 0o111 != 0,
    };
    program || by_mode
}

fn write(path: &Path, executable: bool, contents: &mut dyn io::Read) -> Result<u64, Error> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).map_err(Error::file("write", parent))?;
    // Two names that are one to this file system are an error here.
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(Error::file("write", path))?;
    let length = io::copy(contents, &mut file).map_err(Error::file("write", path))?;
    set_mode(&file, executable).map_err(Error::file("write", path))?;
    Ok(length)
}

#[cfg(unix)]
fn set_mode(file: &File, executable: bool) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = if executable { 0o755 } else { 0o644 };
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "it is fallible elsewhere")]
fn set_mode(_: &File, _: bool) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_elsewhere() {
        let name = |text: &str| relative(text.as_bytes(), "m@v/");
        assert_eq!(name("m@v/bin/go").unwrap().as_deref(), Some("bin/go"));
        assert_eq!(name("m@v/bin/").unwrap(), None);
        for bad in [
            "bin/go",
            "/etc/x",
            "m@v/../x",
            "m@v/a/../../x",
            "m@v//x",
            "m@v/a\\..\\x",
            "m@v/C:x",
            "m@v/a\nb",
            "m@v/./x",
            "m@v/..//",
        ] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn programs_and_scripts_are_executable() {
        for (name, mode, want) in [
            ("bin/go", Some(0o100_644), true),
            ("pkg/tool/linux_amd64/compile", None, true),
            ("src/make.bash", None, true),
            ("src/make.bash", Some(0o100_644), false),
            ("src/x.go", None, false),
            ("src/run", Some(0o100_755), true),
        ] {
            assert_eq!(is_executable(name, mode), want, "{name} {mode:?}");
        }
    }
}

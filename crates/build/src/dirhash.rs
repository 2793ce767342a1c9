//! The hash `h1:` that `go.sum` and the checksum database have for a module: over the names and contents of the files of
//! its zip, whatever the zip's own details are.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use goassay_binary::bytes::hexadecimal;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read, Seek};

/// Most bytes that all files of a zip may have together. The largest toolchain has 400 MiB.
const MAX_CONTENTS: u64 = 2 << 30;
/// Most files of a zip. The largest toolchain has 13,000.
const MAX_FILES: usize = 200_000;

/// Why a zip has no hash.
#[derive(Debug)]
pub enum Error {
    /// It is no zip, or a damaged one.
    Zip(zip::result::ZipError),
    /// It cannot be read.
    Read(io::Error),
    /// Its contents are larger than any module's.
    TooLarge,
    /// A name that cannot be hashed.
    Name(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Zip(error) => write!(f, "not a whole zip archive: {error}"),
            Error::Read(error) => write!(f, "cannot read the zip archive: {error}"),
            Error::TooLarge => {
                f.write_str("the contents of the zip archive are too large for a module")
            }
            Error::Name(name) => write!(
                f,
                "the zip archive has a file whose name cannot be: {name:?}"
            ),
        }
    }
}

impl std::error::Error for Error {}

impl From<zip::result::ZipError> for Error {
    fn from(error: zip::result::ZipError) -> Error {
        Error::Zip(error)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::Read(error)
    }
}

/// Opens a zip archive within the limits of a module.
///
/// # Errors
/// It is none.
pub(crate) fn open<R: Read + Seek>(zip: R) -> Result<zip::ZipArchive<R>, Error> {
    let archive = zip::ZipArchive::new(zip)?;
    if archive.len() > MAX_FILES {
        return Err(Error::TooLarge);
    }
    Ok(archive)
}

/// The `h1:` hash of a module's zip.
///
/// # Errors
/// It is no zip or larger than a module.
pub fn of_zip<R: Read + Seek>(zip: R) -> Result<String, Error> {
    Ok(of_files(&sums_of_zip(zip)?))
}

/// Name and SHA-256 of each file in a module's zip.
///
/// # Errors
/// It is no zip or larger than a module.
pub fn sums_of_zip<R: Read + Seek>(zip: R) -> Result<BTreeMap<String, [u8; 32]>, Error> {
    let mut archive = open(zip)?;
    let mut files = BTreeMap::new();
    let mut left = MAX_CONTENTS;
    for index in 0..archive.len() {
        let file = archive.by_index(index)?;
        let name = String::from_utf8(file.name_raw().to_vec())
            .ok()
            .filter(|name| !name.contains('\n'))
            .ok_or_else(|| Error::Name(String::from_utf8_lossy(file.name_raw()).into_owned()))?;
        let mut limited = file.take(left + 1);
        let mut hasher = Hasher::default();
        let length = io::copy(&mut limited, &mut hasher)?;
        left = left.checked_sub(length).ok_or(Error::TooLarge)?;
        files.insert(name, hasher.0.finalize().into());
    }
    Ok(files)
}

/// The `h1:` hash over files with these SHA-256 sums.
#[must_use]
pub fn of_files(files: &BTreeMap<String, [u8; 32]>) -> String {
    let mut all = Sha256::new();
    for (name, sum) in files {
        for byte in sum {
            all.update(format!("{byte:02x}"));
        }
        all.update(format!("  {name}\n"));
    }
    format!("h1:{}", crate::sumdb::note::encode(&all.finalize()))
}

/// `h1:` and base64 as hexadecimal, which in-toto's `dirHash` wants; none for what is no such hash.
#[must_use]
pub fn in_hexadecimal(sum: &str) -> Option<String> {
    let bytes = STANDARD.decode(sum.strip_prefix("h1:")?).ok()?;
    (bytes.len() == 32).then(|| hexadecimal(&bytes))
}

#[derive(Default)]
struct Hasher(Sha256);

impl io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};

    fn zip(files: &[(&str, &str)]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in files {
            writer
                .start_file(*name, zip::write::SimpleFileOptions::default())
                .unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn h1(zip: &[u8]) -> String {
        of_zip(Cursor::new(zip)).unwrap()
    }

    #[test]
    fn the_hash_is_that_of_sha256sum_over_sha256sum() {
        // (cd DIR && sha256sum a/x a/y | sha256sum | cut -d' ' -f1 | xxd -r -p | base64)
        let want = "h1:M7JKJKR+yl2babDLZ0maajQxdJH/VACTtXkdzyWzOAk=";
        assert_eq!(h1(&zip(&[("a/x", "one\n"), ("a/y", "two\n")])), want);
        assert_eq!(
            h1(&zip(&[("a/y", "two\n"), ("a/x", "one\n")])),
            want,
            "order does not count"
        );
        assert_ne!(h1(&zip(&[("a/y", "two\n"), ("a/x", "one")])), want);
    }

    #[test]
    fn damage_is_an_error() {
        let good = zip(&[("a/x", "one\n")]);
        assert!(of_zip(Cursor::new(&good[..good.len() / 2])).is_err());
        assert!(of_zip(Cursor::new(b"<html>")).is_err());
        let mut bad = good.clone();
        bad[36] ^= 1;
        assert!(
            of_zip(Cursor::new(bad)).is_err(),
            "the checksum of the contents is wrong"
        );
        assert!(of_zip(Cursor::new(zip(&[("a\nb", "")]))).is_err());
    }
    #[test]
    fn the_same_hash_in_hexadecimal() {
        let sum = "h1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        let hex: String = (0..32).map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(in_hexadecimal(sum), Some(hex));
        for wrong in [
            "",
            "h1:",
            "h1:AAEC",
            "h2:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        ] {
            assert_eq!(in_hexadecimal(wrong), None, "{wrong}");
        }
    }
}

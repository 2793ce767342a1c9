//! Archives of a program and what belongs to it: tar in gzip or Zstandard, zip.
//!
//! The compressors' output depends on their version and nothing else: one thread, the whole in one piece.

use super::{Error, Format, Member, sorted, tar, zip};
use flate2::{Compression, GzBuilder};
use std::io::{self, Write};

/// Zstandard's level: from here on it is slower than gzip and hardly smaller.
const ZSTD: i32 = 9;

/// For gzip: nobody says which system it was made on.
const UNKNOWN_SYSTEM: u8 = 255;

/// An archive of `members`, all of them last changed at `time` (seconds since 1970).
///
/// # Errors
/// A name that cannot be, more than the format has room for, or [`Format::Oci`], which is no archive of files: `oci::layout` makes it.
pub fn archive(format: Format, members: &[Member<'_>], time: i64) -> Result<Vec<u8>, Error> {
    let members = sorted(members)?;
    let plain = || {
        let entries = members.iter().map(|member| tar::Entry {
            name: member.name,
            mode: member.mode(),
            bytes: Some(member.bytes),
        });
        tar::write(entries, time)
    };
    match format {
        Format::TarGz => Ok(gzip(&plain())?),
        Format::TarZst => Ok(zstd(&plain())?),
        Format::Zip => zip::write(&members, time),
        Format::Oci => Err(Error::Io(io::ErrorKind::Unsupported.into())),
    }
}

/// In gzip, as small as it gets, without name and time.
pub(super) fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let header = GzBuilder::new().mtime(0).operating_system(UNKNOWN_SYSTEM);
    let mut encoder = header.write(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// In Zstandard, with a checksum.
fn zstd(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut compressor = zstd::bulk::Compressor::new(ZSTD)?;
    compressor.include_checksum(true)?;
    compressor.compress(bytes)
}

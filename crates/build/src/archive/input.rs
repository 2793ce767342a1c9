//! Bytes that several readers look at, each at its own place: memory, or a file that is never read by its cursor.
//!
//! And where decompressed bytes go: a file without a name, within a limit.

use super::{Error, Limits};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

/// Fixed-size little-endian numbers out of a header, 0 where it ends before them.
pub(super) struct Fields<B>(pub(super) B);

impl<B: AsRef<[u8]>> Fields<B> {
    pub(super) fn u16(&self, at: usize) -> u16 {
        let bytes = self.0.as_ref().get(at..).and_then(|b| b.first_chunk());
        bytes.map_or(0, |bytes| u16::from_le_bytes(*bytes))
    }

    pub(super) fn u32(&self, at: usize) -> u32 {
        let bytes = self.0.as_ref().get(at..).and_then(|b| b.first_chunk());
        bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }
}

/// A part of a file or of memory.
#[derive(Debug, Clone)]
pub(super) struct Input {
    source: Source,
    start: u64,
    length: u64,
    at: u64,
}

#[derive(Debug, Clone)]
enum Source {
    Memory(Arc<[u8]>),
    File(Arc<File>),
}

impl Input {
    pub(super) fn memory(bytes: Arc<[u8]>) -> Input {
        Input {
            start: 0,
            length: bytes.len() as u64,
            at: 0,
            source: Source::Memory(bytes),
        }
    }

    pub(super) fn file(file: File) -> io::Result<Input> {
        Ok(Input {
            start: 0,
            length: file.metadata()?.len(),
            at: 0,
            source: Source::File(Arc::new(file)),
        })
    }

    pub(super) fn len(&self) -> u64 {
        self.length
    }

    /// How much of it was read.
    pub(super) fn position(&self) -> u64 {
        self.at
    }

    /// A part of this; none where it reaches beyond the end.
    pub(super) fn part(&self, start: u64, length: u64) -> Option<Input> {
        let end = start.checked_add(length)?;
        (end <= self.length).then(|| Input {
            source: self.source.clone(),
            start: self.start + start,
            length,
            at: 0,
        })
    }

    /// So many bytes from `start`, where they are there.
    pub(super) fn bytes(&self, start: u64, length: u64) -> io::Result<Vec<u8>> {
        let part = self
            .part(start, length)
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        let mut part = part;
        part.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn read_at(&self, out: &mut [u8], at: u64) -> io::Result<usize> {
        match &self.source {
            Source::Memory(bytes) => {
                let from = usize::try_from(at).ok().and_then(|at| bytes.get(at..));
                from.unwrap_or_default().read(out)
            }
            Source::File(file) => read_at(file, out, at),
        }
    }
}

#[cfg(unix)]
fn read_at(file: &File, out: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, out, at)
}

#[cfg(windows)]
fn read_at(file: &File, out: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, out, at)
}

impl Read for Input {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = self.length.saturating_sub(self.at);
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(out.len());
        let Some(out) = out.get_mut(..wanted) else {
            return Ok(0);
        };
        let got = self.read_at(out, self.start + self.at)?;
        self.at += got as u64;
        Ok(got)
    }
}

impl Seek for Input {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (base, by) = match to {
            SeekFrom::Start(at) => (at, 0),
            SeekFrom::End(by) => (self.length, by),
            SeekFrom::Current(by) => (self.at, by),
        };
        self.at = base
            .checked_add_signed(by)
            .ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// Everything that `from` gives, in a file without a name in `folder`, or in memory where there is none.
pub(super) fn spool(
    from: &mut dyn Read,
    folder: Option<&Path>,
    limits: &Limits,
) -> Result<Input, Error> {
    let mut limited = from.take(limits.bytes.saturating_add(1));
    let input = if let Some(folder) = folder {
        let mut file = tempfile::tempfile_in(folder).map_err(Error::Scratch)?;
        copy(&mut limited, &mut file)?;
        Input::file(file)?
    } else {
        let mut bytes = Vec::new();
        copy(&mut limited, &mut bytes)?;
        Input::memory(bytes.into())
    };
    if input.len() > limits.bytes {
        return Err(Error::TooLarge);
    }
    Ok(input)
}

// Not io::copy: a full disk and a damaged stream are two things to say.
fn copy(from: &mut dyn Read, to: &mut dyn Write) -> Result<(), Error> {
    let mut buffer = vec![0; 1 << 17];
    loop {
        let got = match from.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            got => got.map_err(|error| Error::Damaged(error.to_string()))?,
        };
        match buffer.get(..got) {
            None | Some([]) => return Ok(()),
            Some(bytes) => to.write_all(bytes).map_err(Error::Scratch)?,
        }
    }
}

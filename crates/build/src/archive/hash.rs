//! Hashes of contents, on all processors.

use super::{Error, damaged};
use goassay_binary::bytes::hexadecimal;
use sha2::{Digest, Sha256};
use std::io::Read;

/// Identity of contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sum {
    /// SHA-256.
    pub sha256: [u8; 32],
    /// CRC-32, as zip has it.
    pub(super) crc32: u32,
    /// Length in bytes.
    pub length: u64,
}

impl Sum {
    /// The sum of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Sum {
        Sum {
            sha256: Sha256::digest(bytes).into(),
            crc32: crc32fast::hash(bytes),
            length: bytes.len() as u64,
        }
    }

    /// What is known before contents are read: their length.
    pub(super) fn expected(length: u64) -> Sum {
        Sum {
            sha256: [0; 32],
            crc32: 0,
            length,
        }
    }

    /// The sum of all that `from` gives, which may be `most` bytes.
    pub(super) fn read(from: &mut dyn Read, most: u64) -> Result<Sum, Error> {
        let (mut sha256, mut crc32, mut length) = (Sha256::new(), crc32fast::Hasher::new(), 0u64);
        let mut buffer = vec![0; 1 << 16];
        loop {
            let got = match from.read(&mut buffer) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(damaged(error.to_string())),
                Ok(got) => got,
            };
            let bytes = buffer.get(..got).unwrap_or_default();
            if bytes.is_empty() {
                break;
            }
            length += got as u64;
            if length > most {
                return Err(damaged("contents are longer than they should be"));
            }
            sha256.update(bytes);
            crc32.update(bytes);
        }
        Ok(Sum {
            sha256: sha256.finalize().into(),
            crc32: crc32.finalize(),
            length,
        })
    }

    /// The sum of a whole file.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn of_file(file: &mut std::fs::File) -> Result<Sum, Error> {
        Sum::read(file, u64::MAX)
    }

    /// The SHA-256 in hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> String {
        hexadecimal(&self.sha256)
    }
}

/// The SHA-256 of a part of a file, in hexadecimal digits.
pub(super) fn digest(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// Does something for each item on all processors; the error is that of the first item that has one.
pub(super) fn in_parallel<T: Send>(
    items: &mut [T],
    each: impl Fn(&mut T) -> Result<(), Error> + Sync,
) -> Result<(), Error> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let queue = std::sync::Mutex::new(items.iter_mut().enumerate());
    let work = || -> Result<(), (usize, Error)> {
        loop {
            let next = queue.lock().map_or(None, |mut queue| queue.next());
            let Some((index, item)) = next else {
                return Ok(());
            };
            each(item).map_err(|error| (index, error))?;
        }
    };
    let mut failures: Vec<(usize, Error)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let results = workers.into_iter().map(|worker| match worker.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        results.filter_map(Result::err).collect()
    });
    failures.sort_by_key(|(index, _)| *index);
    failures
        .into_iter()
        .next()
        .map_or(Ok(()), |(_, error)| Err(error))
}

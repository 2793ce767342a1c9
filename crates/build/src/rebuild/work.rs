//! The folder that a rebuild works in: one process at a time, nothing half-written trusted, nothing left behind.
//!
//! ```text
//! lock             held by the process that works here
//! family           standard input of every process that is started, locked as long as one of them lives
//! STEP/            what a step makes
//! receipt.STEP     written last, by one rename: what went in, and the hash of what came out
//! log/STEP         what its processes said
//! ```
//!
//! A step counts as done when its receipt is there, was made from the same inputs, and what it made still has the same
//! hash. Everything else is removed and made again. Receipts hold inputs and observations; no verdict is ever kept.

use super::{Error, Notice};
use crate::run::{self, Finished, Program, Variable};
use crate::toolchain::store;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

const SCHEMA: &str = "goassay-step/1";

/// The folder, claimed.
#[derive(Debug)]
pub(super) struct Work {
    folder: PathBuf,
    family: File,
    _lock: File,
}

/// What a step was made from, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Receipt {
    schema: String,
    /// What determines the result.
    pub(super) inputs: String,
    /// Hash of the result.
    pub(super) result: String,
    /// What was observed while it was made and cannot be seen any more.
    pub(super) observed: BTreeMap<String, String>,
}

impl Receipt {
    pub(super) fn new(inputs: &str, result: String) -> Receipt {
        Receipt {
            schema: SCHEMA.to_owned(),
            inputs: inputs.to_owned(),
            result,
            observed: BTreeMap::new(),
        }
    }
}

/// How long to wait between looks at what an earlier run has left.
const PAUSE: Duration = Duration::from_millis(100);

impl Work {
    /// Claims the folder, waiting for other processes of this kind; ends what a killed one has left running.
    pub(super) fn claim(folder: &Path, notify: &dyn Fn(Notice)) -> Result<Work, Error> {
        fs::create_dir_all(folder.join("log")).map_err(Error::file("write", folder))?;
        // Scripts refuse relative names, and builds write them down.
        let folder = fs::canonicalize(folder).map_err(Error::file("read", folder))?;
        let lock = lock(&folder.join("lock"), &mut || notify(Notice::Waiting))?;
        let path = folder.join("family");
        let family = lock_family(&path, notify)?;
        Ok(Work {
            folder,
            family,
            _lock: lock,
        })
    }

    /// A path in the folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The folder itself.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the output of a step goes.
    pub(super) fn log(&self, step: &str) -> PathBuf {
        self.folder.join("log").join(step)
    }

    /// The receipt of a step that was made from `inputs` and whose result still has the hash that it had.
    pub(super) fn done(
        &self,
        step: &str,
        inputs: &str,
        hash: &dyn Fn() -> Result<String, Error>,
    ) -> Option<Receipt> {
        let text = fs::read(self.path(&format!("receipt.{step}"))).ok()?;
        let receipt: Receipt = serde_json::from_slice(&text).ok()?;
        let ours = receipt.schema == SCHEMA && receipt.inputs == inputs;
        // What cannot be read is not there.
        (ours && hash().is_ok_and(|hash| hash == receipt.result)).then_some(receipt)
    }

    /// Removes what a step has left, before it is made.
    pub(super) fn begin(&self, step: &str, made: &[PathBuf]) -> Result<(), Error> {
        remove(&self.path(&format!("receipt.{step}")))?;
        remove(&self.log(step))?;
        made.iter().try_for_each(|path| remove(path))
    }

    /// Keeps the receipt of a step that is done.
    pub(super) fn finish(&self, step: &str, receipt: &Receipt) -> Result<(), Error> {
        let path = self.path(&format!("receipt.{step}"));
        let text = serde_json::to_vec_pretty(receipt).map_err(io::Error::from);
        text.and_then(|text| write_whole(&path, &text))
            .map_err(Error::file("write", &path))
    }

    /// A new, empty folder.
    pub(super) fn fresh(&self, name: &str) -> Result<PathBuf, Error> {
        let path = self.path(name);
        remove(&path)?;
        fs::create_dir_all(&path).map_err(Error::file("write", &path))?;
        Ok(path)
    }

    /// Runs a program for a step; what it says goes to the step's log.
    pub(super) fn run(
        &self,
        step: &str,
        argv: Vec<OsString>,
        environment: &[Variable],
        folder: &Path,
        follow: &mut dyn FnMut(&str),
    ) -> Result<Finished, Error> {
        let log = self.log(step);
        let program = Program {
            argv,
            environment,
            folder,
            log: &log,
            family: &self.family,
        };
        let finished = run::run(&program, follow).map_err(Error::Run)?;
        if finished.success {
            return Ok(finished);
        }
        Err(Error::Failed {
            step: step.to_owned(),
            status: finished.status,
            tail: finished.tail,
            log,
        })
    }

    /// Bytes that are free where the folder lies; none where that cannot be known.
    pub(super) fn free(&self) -> Option<u64> {
        free(&self.folder)
    }

    /// Removes the folder with all that is in it.
    pub(super) fn remove(self) -> Result<(), Error> {
        remove(&self.folder)
    }
}

#[cfg(unix)]
fn free(folder: &Path) -> Option<u64> {
    let found = nix::sys::statvfs::statvfs(folder).ok()?;
    // Their width differs between systems.
    #[expect(clippy::useless_conversion, reason = "narrower on some systems")]
    let (blocks, size) = (
        u64::from(found.blocks_available()),
        u64::from(found.fragment_size()),
    );
    blocks.checked_mul(size)
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}

fn lock(path: &Path, waiting: &mut dyn FnMut()) -> Result<File, Error> {
    let file = open_lock(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            waiting();
            file.lock().map_err(Error::file("lock", path))?;
        }
        Err(TryLockError::Error(error)) => return Err(Error::file("lock", path)(error)),
    }
    Ok(file)
}

fn open_lock(path: &Path) -> Result<File, Error> {
    File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(Error::file("write", path))
}

fn lock_family(path: &Path, notify: &dyn Fn(Notice)) -> Result<File, Error> {
    let file = open_lock(path)?;
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {
                if !told {
                    notify(Notice::Stopping);
                    told = true;
                }
                run::stop_family(path);
                std::thread::sleep(PAUSE);
            }
            Err(TryLockError::Error(error)) => return Err(Error::file("lock", path)(error)),
        }
    }
}

/// Writes a file beside its place and renames it.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    fs::write(&unfinished, bytes)?;
    File::open(&unfinished)?.sync_all()?;
    fs::rename(&unfinished, path)
}

/// Removes a file or a folder with all that is in it, if it is there.
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    store::remove(path).map_err(Error::file("remove", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(root: &Path) -> Work {
        Work::claim(&root.join("work"), &|_| ()).unwrap()
    }

    #[test]
    fn a_step_is_done_when_inputs_and_result_are_the_same() {
        let root = tempfile::tempdir().unwrap();
        let work = claim(root.path());
        let made = work.path("made");
        let hash = || fs::read_to_string(&made).map_err(Error::file("read", &made));
        fs::write(&made, "result").unwrap();
        assert_eq!(work.done("a", "inputs", &hash), None, "there is no receipt");
        let receipt = Receipt::new("inputs", "result".to_owned());
        work.finish("a", &receipt).unwrap();
        assert_eq!(work.done("a", "inputs", &hash), Some(receipt.clone()));
        assert_eq!(work.done("a", "other inputs", &hash), None);
        fs::write(&made, "damaged").unwrap();
        assert_eq!(
            work.done("a", "inputs", &hash),
            None,
            "the result was changed"
        );
        fs::remove_file(&made).unwrap();
        assert_eq!(work.done("a", "inputs", &hash), None, "the result is gone");
        fs::write(&made, "result").unwrap();
        fs::write(work.path("receipt.a"), "{\"schema\"").unwrap();
        assert_eq!(work.done("a", "inputs", &hash), None, "half a receipt");
        work.finish("a", &receipt).unwrap();
        work.begin("a", std::slice::from_ref(&made)).unwrap();
        assert!(!made.exists() && work.done("a", "inputs", &hash).is_none());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_a_killed_run_has_left_is_stopped() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("work");
        let work = claim(root.path());
        // As after SIGKILL: the process that works is gone, and so is its lock, but not what it has started.
        let (log, family) = (work.log("x"), work.family.try_clone().unwrap());
        std::thread::scope(|scope| {
            let left = scope.spawn(|| {
                let (family, log) = (family, log);
                let program = Program {
                    argv: ["/bin/sh", "-c", "sleep 600"].map(Into::into).to_vec(),
                    environment: &[],
                    folder: &folder,
                    log: &log,
                    family: &family,
                };
                run::run(&program, &mut |_| ())
            });
            while !run::is_family(&folder.join("family")) {
                std::thread::sleep(PAUSE);
            }
            drop(work);
            let told = std::cell::RefCell::new(Vec::new());
            Work::claim(&folder, &|notice| told.borrow_mut().push(notice)).unwrap();
            assert!(matches!(told.borrow()[..], [Notice::Stopping]));
            assert!(!left.join().unwrap().unwrap().success);
        });
    }
}

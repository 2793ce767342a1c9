//! Files as bytes without reading them whole, and the only `unsafe` of the project.
//!
//! A mapped file can be truncated by somebody else while it is read; the kernel then raises SIGBUS, which would end the
//! run. Here the handler puts a page of zeroes in the place of the lost page and notes it, reading goes on, and
//! [`Mapped::unchanged`] turns the note (or a changed size or time) into an error after the analysis. So the
//! analysis of a file that changed is thrown away, and a run over many files goes on. Rejected: jumping out of the handler
//! (leaves Rust frames without running their destructors), and copying every file (56 MB binaries are common).
//! Where there is no such signal (Windows locks mapped files, other systems are not known) or no free slot, the file is
//! read into memory.
//!
//! What is left: bytes may change between two reads while the file is written to. No parser here relies on reading the same
//! bytes twice (every access is checked), and the result is discarded.

#![expect(
    unsafe_code,
    reason = "memory maps and the signal handler that makes them safe to truncate"
)]

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

/// A regular file as bytes.
pub(crate) struct Mapped {
    bytes: Bytes,
    file: File,
    before: Stamp,
}

enum Bytes {
    #[cfg(unix)]
    Map(bus::Guarded),
    Memory(Vec<u8>),
}

/// What tells one state of a file from another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(meta: &Metadata) -> Stamp {
        Stamp {
            length: meta.len(),
            modified: meta.modified().ok(),
        }
    }
}

/// The file was written to or truncated while it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Changed;

impl std::fmt::Display for Changed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the file changed while it was read")
    }
}

impl std::error::Error for Changed {}

impl Mapped {
    /// Maps the regular file at `path`.
    pub(crate) fn open(path: &Path) -> io::Result<Mapped> {
        let file = File::open(path)?;
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a regular file",
            ));
        }
        let before = Stamp::of(&meta);
        let bytes = load(&file, before.length)?;
        Ok(Mapped {
            bytes,
            file,
            before,
        })
    }

    /// The bytes of the file; zeroes where it was truncated meanwhile.
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.bytes {
            #[cfg(unix)]
            Bytes::Map(map) => map.bytes(),
            Bytes::Memory(bytes) => bytes,
        }
    }

    /// Whether what was read from [`Mapped::bytes`] is what the file holds. Ask after reading.
    pub(crate) fn unchanged(&self) -> Result<(), Changed> {
        let now = self
            .file
            .metadata()
            .map(|meta| Stamp::of(&meta))
            .map_err(|_| Changed)?;
        if now != self.before || self.lost_pages() {
            Err(Changed)
        } else {
            Ok(())
        }
    }

    fn lost_pages(&self) -> bool {
        match &self.bytes {
            #[cfg(unix)]
            Bytes::Map(map) => map.lost_pages(),
            Bytes::Memory(bytes) => bytes.len() as u64 != self.before.length,
        }
    }
}

#[cfg(unix)]
fn load(file: &File, length: u64) -> io::Result<Bytes> {
    if length > 0
        && let Some(map) = bus::Guarded::new(file)?
    {
        return Ok(Bytes::Map(map));
    }
    read(file, length)
}

#[cfg(not(unix))]
fn load(file: &File, length: u64) -> io::Result<Bytes> {
    read(file, length)
}

// A file that grows meanwhile must not be read forever.
fn read(file: &File, length: u64) -> io::Result<Bytes> {
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    Ok(Bytes::Memory(bytes))
}

#[cfg(unix)]
mod bus {
    use memmap2::{Mmap, MmapOptions};
    use std::fs::File;
    use std::io;
    use std::ptr;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    /// A map that is known to the handler.
    pub(super) struct Guarded {
        slot: &'static Slot,
        map: Mmap,
    }

    impl Guarded {
        /// Maps `file`, unless all slots are taken or the handler cannot be installed.
        pub(super) fn new(file: &File) -> io::Result<Option<Guarded>> {
            if !handler_installed() {
                return Ok(None);
            }
            let Some(slot) = claim() else { return Ok(None) };
            // SAFETY: the map is read-only. That the file may be truncated is dealt with by the handler; that it may be
            // written to is the residual risk that the module text describes.
            match unsafe { MmapOptions::new().map(file) } {
                Ok(map) => {
                    slot.guard(&map);
                    Ok(Some(Guarded { slot, map }))
                }
                Err(error) => {
                    slot.release();
                    Err(error)
                }
            }
        }

        pub(super) fn bytes(&self) -> &[u8] {
            &self.map
        }

        pub(super) fn lost_pages(&self) -> bool {
            self.slot.lost.load(Ordering::Acquire)
        }
    }

    impl Drop for Guarded {
        fn drop(&mut self) {
            self.slot.release();
        }
    }

    /// One guarded address range. `start` and `end` are zero while nothing is guarded.
    struct Slot {
        taken: AtomicBool,
        start: AtomicUsize,
        end: AtomicUsize,
        lost: AtomicBool,
    }

    impl Slot {
        const fn free() -> Slot {
            Slot {
                taken: AtomicBool::new(false),
                start: AtomicUsize::new(0),
                end: AtomicUsize::new(0),
                lost: AtomicBool::new(false),
            }
        }

        fn guard(&self, map: &[u8]) {
            let start = map.as_ptr().addr();
            self.lost.store(false, Ordering::Release);
            self.start.store(start, Ordering::Release);
            self.end.store(start + map.len(), Ordering::Release);
        }

        fn release(&self) {
            self.end.store(0, Ordering::Release);
            self.start.store(0, Ordering::Release);
            self.taken.store(false, Ordering::Release);
        }

        fn holds(&self, address: usize) -> bool {
            let start = self.start.load(Ordering::Acquire);
            start != 0 && (start..self.end.load(Ordering::Acquire)).contains(&address)
        }
    }

    // One file per thread and the database; the rest is read into memory.
    static SLOTS: [Slot; 256] = [const { Slot::free() }; 256];

    fn claim() -> Option<&'static Slot> {
        SLOTS.iter().find(|slot| {
            slot.taken
                .compare_exchange(false, true, Ordering::AcqRel, Ordering::Relaxed)
                .is_ok()
        })
    }

    /// What handled SIGBUS before, and the page size: set before the handler can run.
    struct Before {
        action: libc::sigaction,
        page: usize,
    }

    static BEFORE: OnceLock<Option<Before>> = OnceLock::new();

    fn handler_installed() -> bool {
        static INSTALLED: OnceLock<bool> = OnceLock::new();
        *INSTALLED.get_or_init(install)
    }

    fn install() -> bool {
        if BEFORE.get_or_init(read_before).is_none() {
            return false;
        }
        // SAFETY: an all-zero `sigaction` is valid, and `handle` has the signature that SA_SIGINFO asks for. It runs on the
        // alternative stack that the standard library has set up for its own handler.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handle as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
            libc::sigemptyset(&raw mut action.sa_mask);
            libc::sigaction(libc::SIGBUS, &raw const action, ptr::null_mut()) == 0
        }
    }

    fn read_before() -> Option<Before> {
        // SAFETY: `sigaction` with a null action only writes the present one; `sysconf` has no preconditions.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            let read = libc::sigaction(libc::SIGBUS, ptr::null(), &raw mut action) == 0;
            let page = usize::try_from(libc::sysconf(libc::_SC_PAGESIZE)).ok()?;
            (read && page.is_power_of_two()).then_some(Before { action, page })
        }
    }

    /// Puts a page of zeroes where a guarded map lost one; anything else is left to whoever handled it before.
    ///
    /// Only atomics, `mmap` and `sigaction` are used here: nothing that allocates or locks.
    extern "C" fn handle(
        _signal: libc::c_int,
        info: *mut libc::siginfo_t,
        _context: *mut libc::c_void,
    ) {
        let Some(Some(before)) = BEFORE.get() else {
            return;
        };
        // SAFETY: the kernel hands a valid `siginfo_t` to a handler installed with SA_SIGINFO.
        let address = unsafe { (*info).si_addr() }.addr();
        if let Some(slot) = SLOTS.iter().find(|slot| slot.holds(address))
            && put_zeroes(address & !(before.page - 1), before.page)
        {
            slot.lost.store(true, Ordering::Release);
            return;
        }
        // SAFETY: restores an action that was in force; the faulting instruction runs again under it.
        unsafe { libc::sigaction(libc::SIGBUS, &raw const before.action, ptr::null_mut()) };
    }

    fn put_zeroes(page: usize, length: usize) -> bool {
        // SAFETY: the page belongs to a map that this module holds, which is private and read-only; replacing it by
        // zeroes invalidates no pointer, and unmapping the whole range later covers it.
        let mapped = unsafe {
            libc::mmap(
                ptr::without_provenance_mut(page),
                length,
                libc::PROT_READ,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED,
                -1,
                0,
            )
        };
        mapped != libc::MAP_FAILED
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file_of(length: usize) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&vec![7; length]).unwrap();
        file
    }

    #[test]
    fn an_unchanged_file_gives_its_bytes() {
        let file = file_of(100_000);
        let mapped = Mapped::open(file.path()).unwrap();
        assert!(mapped.bytes().len() == 100_000 && mapped.bytes().iter().all(|b| *b == 7));
        assert_eq!(mapped.unchanged(), Ok(()));
    }

    #[test]
    fn a_file_truncated_while_mapped_is_an_error_and_not_a_crash() {
        let file = file_of(1 << 20);
        let mapped = Mapped::open(file.path()).unwrap();
        file.as_file().set_len(5000).unwrap();
        assert!(mapped.bytes().iter().filter(|b| **b == 7).count() >= 5000);
        assert_eq!(mapped.unchanged(), Err(Changed));
        let next = Mapped::open(file.path()).unwrap();
        assert_eq!((next.bytes().len(), next.unchanged()), (5000, Ok(())));
    }

    #[test]
    fn a_lost_page_is_noticed_even_when_size_and_time_are_put_back() {
        let file = file_of(1 << 20);
        let modified = file.as_file().metadata().unwrap().modified().unwrap();
        let mapped = Mapped::open(file.path()).unwrap();
        file.as_file().set_len(0).unwrap();
        let sum: usize = mapped.bytes().iter().map(|b| usize::from(*b)).sum();
        file.as_file().set_len(1 << 20).unwrap();
        file.as_file().set_modified(modified).unwrap();
        assert!(sum < 7 << 20);
        assert_eq!(mapped.unchanged(), Err(Changed));
    }

    #[test]
    fn many_files_truncated_on_many_threads() {
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let file = file_of(40_000);
                        let mapped = Mapped::open(file.path()).unwrap();
                        file.as_file().set_len(1).unwrap();
                        assert!(mapped.bytes().iter().all(|byte| [0, 7].contains(byte)));
                        assert_eq!(mapped.unchanged(), Err(Changed));
                    }
                });
            }
        });
    }

    #[test]
    fn more_files_than_slots_are_read_into_memory() {
        let file = file_of(10);
        let all: Vec<_> = (0..300)
            .map(|_| Mapped::open(file.path()).unwrap())
            .collect();
        assert!(
            all.iter()
                .all(|m| m.bytes() == [7; 10] && m.unchanged().is_ok())
        );
    }

    #[test]
    fn a_directory_is_refused_and_an_empty_file_is_empty() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Mapped::open(dir.path()).is_err());
        let file = file_of(0);
        assert!(Mapped::open(file.path()).unwrap().bytes().is_empty());
    }
}

//! One file from bytes to answers: map, split into images, open, and let the command look at each Go binary.
//!
//! What comes out is owned, so that the file can be let go. Every way in which a file cannot be examined becomes a failure
//! of the report, none ends the run. What is a Go binary is for the reader to say.

use crate::failure::Failure as Stop;
use crate::inputs::{self, Candidate, Source};
use crate::map::Mapped;
use goassay_binary::bytes::hexadecimal;
use goassay_binary::container::{self, Member};
use goassay_binary::{Binary, NotGo};
use goassay_report::document::{Failure, FailureKind};
use sha2::{Digest, Sha256};
use std::io::{self, Read};
use std::path::Path;

/// The most bytes that are read from standard input.
const STDIN_CAP: u64 = 2 << 30;

/// What a file came to.
#[derive(Debug)]
pub(crate) struct Examined<T> {
    pub(crate) seen: Vec<T>,
    pub(crate) failures: Vec<Failure>,
}

impl<T> Default for Examined<T> {
    fn default() -> Self {
        Examined {
            seen: Vec::new(),
            failures: Vec::new(),
        }
    }
}

impl<T> Examined<T> {
    fn failed(failure: Failure) -> Examined<T> {
        Examined {
            seen: Vec::new(),
            failures: vec![failure],
        }
    }
}

/// Where a program is: the file and, where that holds several, the member.
pub(crate) struct Located<'a> {
    candidate: &'a Candidate,
    /// The whole file.
    bytes: &'a [u8],
    member: Option<&'a str>,
}

/// A Go binary, opened.
pub(crate) struct Opened<'a> {
    pub(crate) at: Located<'a>,
    pub(crate) binary: &'a Binary<'a>,
}

/// A program whose contents are compressed, so that it cannot be opened.
pub(crate) struct Packed<'a> {
    pub(crate) at: Located<'a>,
    /// Its bytes: those of the member where the file holds several.
    pub(crate) data: &'a [u8],
    pub(crate) packer: &'static str,
}

impl Located<'_> {
    /// The path for documents.
    pub(crate) fn path(&self) -> String {
        self.candidate.display()
    }

    /// Slice of a fat file or member of an archive.
    pub(crate) fn member(&self) -> Option<String> {
        self.member.map(str::to_owned)
    }

    /// Further paths of the same file.
    pub(crate) fn also_at(&self) -> Vec<String> {
        let paths = self.candidate.also_at.iter();
        paths.map(|path| inputs::display(path)).collect()
    }

    /// Name of the file without folders; `stdin` for standard input.
    pub(crate) fn file_name(&self) -> String {
        match &self.candidate.source {
            Source::Stdin => "stdin".to_owned(),
            Source::File(path) => {
                inputs::display(Path::new(path.file_name().unwrap_or(path.as_os_str())))
            }
        }
    }

    /// SHA-256 of the whole file, lower-case hex.
    pub(crate) fn sha256(&self) -> String {
        hexadecimal(&Sha256::digest(self.bytes))
    }
}

/// What a command wants to know of each binary. An error ends the run: it is not about the file.
type LookAtBinary<'l, T> = dyn Fn(&Opened<'_>) -> Result<T, Stop> + Sync + 'l;
/// What a command has to say of a packed program, beside the failure that it is in any case.
type LookAtPacked<'l, T> = dyn Fn(&Packed<'_>) -> T + Sync + 'l;

/// What a command wants to know.
pub(crate) struct Look<'l, T> {
    binary: &'l LookAtBinary<'l, T>,
    packed: Option<&'l LookAtPacked<'l, T>>,
}

impl<'l, T> Look<'l, T> {
    /// Of Go binaries that can be opened.
    pub(crate) fn binaries(binary: &'l LookAtBinary<'l, T>) -> Look<'l, T> {
        let packed = None;
        Look { binary, packed }
    }

    /// Of packed programs, too.
    pub(crate) fn and_packed(self, packed: &'l LookAtPacked<'l, T>) -> Look<'l, T> {
        let packed = Some(packed);
        Look { packed, ..self }
    }
}

/// Examines one file.
///
/// # Errors
/// What `look` fails with; everything else is in the outcome.
pub(crate) fn examine<T>(candidate: &Candidate, look: &Look<'_, T>) -> Result<Examined<T>, Stop> {
    match &candidate.source {
        Source::Stdin => match read_stdin() {
            Ok(bytes) => examine_bytes(candidate, &bytes, look),
            Err(failure) => Ok(Examined::failed(failure)),
        },
        Source::File(path) => examine_file(candidate, path, look),
    }
}

fn examine_file<T>(
    candidate: &Candidate,
    path: &Path,
    look: &Look<'_, T>,
) -> Result<Examined<T>, Stop> {
    let mapped = match Mapped::open(path) {
        Ok(mapped) => mapped,
        Err(error) => return Ok(Examined::failed(inputs::cannot_read(path, &error))),
    };
    let examined = examine_bytes(candidate, mapped.bytes(), look)?;
    Ok(match mapped.unchanged() {
        Ok(()) => examined,
        Err(changed) => Examined::failed(inputs::failure(
            path,
            FailureKind::Changed,
            changed.to_string(),
            Some("examine it again when nothing writes to it, or examine a copy"),
        )),
    })
}

fn examine_bytes<T>(
    candidate: &Candidate,
    bytes: &[u8],
    look: &Look<'_, T>,
) -> Result<Examined<T>, Stop> {
    let file = File { candidate };
    if bytes.is_empty() {
        let why = "the file is empty";
        return Ok(file.refused_if_named(FailureKind::Empty, why, "build or copy it again"));
    }
    let members = match container::members(bytes) {
        Ok(members) => members,
        Err(gap) => return Ok(file.unreadable(bytes, &gap.reason)),
    };
    let mut examined = Examined::default();
    let mut others = Vec::new();
    for member in &members {
        let at = Located {
            candidate,
            bytes,
            member: member.name.as_deref(),
        };
        match Binary::parse(member.data) {
            Ok(binary) => {
                let binary = &binary;
                examined.seen.push((look.binary)(&Opened { at, binary })?);
            }
            Err(not_go) => {
                if let (NotGo::Packed(packer), Some(packed)) = (&not_go, look.packed) {
                    let data = member.data;
                    examined.seen.push(packed(&Packed { at, data, packer }));
                }
                others.push((member, not_go));
            }
        }
    }
    let alone = examined.seen.is_empty();
    examined.failures = file.not_go(&others, alone);
    Ok(examined)
}

fn read_stdin() -> Result<Vec<u8>, Failure> {
    let path = Path::new("-");
    let mut bytes = Vec::new();
    let read = io::stdin()
        .lock()
        .take(STDIN_CAP + 1)
        .read_to_end(&mut bytes);
    match read {
        Err(error) => Err(inputs::cannot_read(path, &error)),
        Ok(read) if read as u64 > STDIN_CAP => Err(inputs::failure(
            path,
            FailureKind::TooLarge,
            "more than 2 GiB on standard input",
            Some("write it to a file and name the file"),
        )),
        Ok(_) => Ok(bytes),
    }
}

/// A file that is being examined.
struct File<'a> {
    candidate: &'a Candidate,
}

impl File<'_> {
    /// What is said about the images of the file that are no Go binaries; `alone` when none is one.
    ///
    /// In a directory other programs are passed over. What could be a Go binary is not.
    fn not_go(&self, others: &[(&Member<'_>, NotGo)], alone: bool) -> Vec<Failure> {
        let mut failures = Vec::new();
        for (member, not_go) in others {
            let failure = match not_go {
                NotGo::Packed(packer) => Some(self.packed(packer)),
                NotGo::Unreadable(gap) if bears_go_marks(member.data) => {
                    Some(self.damaged(&gap.reason))
                }
                NotGo::Unreadable(_) | NotGo::NoGoFound => None,
            };
            failures.extend(failure);
        }
        if failures.is_empty() && alone {
            failures = self.without_go::<()>(others).failures;
        }
        failures
    }

    fn without_go<T>(&self, others: &[(&Member<'_>, NotGo)]) -> Examined<T> {
        let hint = "name a program, library or archive that was built by Go";
        let why = match others {
            [(_, NotGo::Unreadable(gap))] => format!("not a Go binary: {}", gap.reason),
            [(_, _)] => {
                "not a Go binary: neither Go's build information nor its pc-line table is in it"
                    .to_owned()
            }
            _ => "not a Go binary: none of its members is one".to_owned(),
        };
        self.refused_if_named(FailureKind::NotGo, &why, hint)
    }

    fn unreadable<T>(&self, bytes: &[u8], reason: &str) -> Examined<T> {
        if bears_go_marks(bytes) {
            return Examined::failed(self.damaged(reason));
        }
        let hint = "name a program, library or archive that was built by Go";
        self.refused_if_named(
            FailureKind::NotGo,
            &format!("not a Go binary: {reason}"),
            hint,
        )
    }

    fn packed(&self, packer: &str) -> Failure {
        let why = format!("packed with {packer}: what is in it cannot be seen");
        self.refused(
            FailureKind::Packed,
            &why,
            "scan it before it is packed, or unpack a copy (`upx -d`)",
        )
    }

    fn damaged(&self, reason: &str) -> Failure {
        let why = format!("a Go binary that cannot be read: {reason}");
        self.refused(
            FailureKind::Damaged,
            &why,
            "build or copy it again; a download may be incomplete",
        )
    }

    fn refused(&self, kind: FailureKind, message: &str, hint: &str) -> Failure {
        let path = self.candidate.display();
        Failure {
            path,
            kind,
            message: message.to_owned(),
            hint: Some(hint.to_owned()),
        }
    }

    fn refused_if_named<T>(&self, kind: FailureKind, message: &str, hint: &str) -> Examined<T> {
        if self.candidate.named {
            Examined::failed(self.refused(kind, message, hint))
        } else {
            Examined::default()
        }
    }
}

/// Whether bytes that no header explains still come from a Go linker.
fn bears_go_marks(bytes: &[u8]) -> bool {
    const BUILD_INFO: &[u8] = b"\xff Go buildinf:";
    const BUILD_ID: &[u8] = b"\xff Go build ID: \"";
    [BUILD_INFO, BUILD_ID]
        .iter()
        .any(|mark| memchr::memmem::find(bytes, mark).is_some())
}

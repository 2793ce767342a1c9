//! One file from bytes to findings: map, split into images, read, match.
//!
//! What comes out is owned, so that the file can be let go. Every way in which a file cannot be examined becomes a failure
//! of the report, none ends the run. What is a Go binary is for the reader to say.

use crate::inputs::{self, Candidate, Source};
use crate::map::Mapped;
use goassay_binary::container::{self, Member};
use goassay_binary::image::{Format as BinaryFormat, Image, Kind};
use goassay_binary::{Binary, NotGo, buildinfo};
use goassay_report::document::{
    Failure, FailureKind, ImageFormat, ImageKind, ModuleFacts, Presence, Target, TargetFacts,
};
use goassay_vuln::database::{Database, DatabaseError};
use goassay_vuln::scan::{Options, scan};
use goassay_vuln::subject::Subject;
use sha2::{Digest, Sha256};
use std::io::{self, Read};
use std::path::Path;

/// The most bytes that are read from standard input.
const STDIN_CAP: u64 = 2 << 30;

/// What a file came to.
#[derive(Debug, Default)]
pub(crate) struct Examined {
    pub(crate) targets: Vec<Target>,
    pub(crate) failures: Vec<Failure>,
}

impl Examined {
    fn failed(failure: Failure) -> Examined {
        Examined {
            targets: Vec::new(),
            failures: vec![failure],
        }
    }
}

/// What all files are examined with.
pub(crate) struct Examiner<'d> {
    pub(crate) database: &'d Database<'d>,
    pub(crate) options: Options,
    /// Whether a document quotes the hash of every file.
    pub(crate) needs_sha256: bool,
}

impl Examiner<'_> {
    /// Examines one file.
    ///
    /// # Errors
    /// When the database is damaged; everything else is in the outcome.
    pub(crate) fn examine(&self, candidate: &Candidate) -> Result<Examined, DatabaseError> {
        match &candidate.source {
            Source::Stdin => match read_stdin() {
                Ok(bytes) => self.examine_bytes(candidate, &bytes),
                Err(failure) => Ok(Examined::failed(failure)),
            },
            Source::File(path) => self.examine_file(candidate, path),
        }
    }

    fn examine_file(&self, candidate: &Candidate, path: &Path) -> Result<Examined, DatabaseError> {
        let mapped = match Mapped::open(path) {
            Ok(mapped) => mapped,
            Err(error) => return Ok(Examined::failed(inputs::cannot_read(path, &error))),
        };
        let examined = self.examine_bytes(candidate, mapped.bytes())?;
        Ok(match mapped.unchanged() {
            Ok(()) => examined,
            Err(changed) => Examined::failed(inputs::failure(
                path,
                FailureKind::Changed,
                changed.to_string(),
                Some("scan it again when nothing writes to it, or scan a copy"),
            )),
        })
    }

    fn examine_bytes(
        &self,
        candidate: &Candidate,
        bytes: &[u8],
    ) -> Result<Examined, DatabaseError> {
        let file = File { candidate, bytes };
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
            match Binary::parse(member.data) {
                Ok(binary) => examined.targets.push(self.target(&file, member, &binary)?),
                Err(not_go) => others.push((member, not_go)),
            }
        }
        let alone = examined.targets.is_empty();
        examined.failures = file.not_go(&others, alone);
        Ok(examined)
    }

    fn target(
        &self,
        file: &File<'_>,
        member: &Member<'_>,
        binary: &Binary<'_>,
    ) -> Result<Target, DatabaseError> {
        let scan = scan(&Subject::from_binary(binary), self.database, &self.options)?;
        Ok(Target {
            path: file.candidate.display(),
            member: member.name.as_deref().map(str::to_owned),
            sha256: self.needs_sha256.then(|| hex(&Sha256::digest(file.bytes))),
            facts: facts(binary),
            scan,
            suppressed: Vec::new(),
            known: Vec::new(),
            also_at: file
                .candidate
                .also_at
                .iter()
                .map(|path| inputs::display(path))
                .collect(),
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
            Some("write it to a file and scan the file"),
        )),
        Ok(_) => Ok(bytes),
    }
}

/// A file that is being examined.
struct File<'a> {
    candidate: &'a Candidate,
    bytes: &'a [u8],
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
            failures = self.without_go(others).failures;
        }
        failures
    }

    fn without_go(&self, others: &[(&Member<'_>, NotGo)]) -> Examined {
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

    fn unreadable(&self, bytes: &[u8], reason: &str) -> Examined {
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

    fn refused_if_named(&self, kind: FailureKind, message: &str, hint: &str) -> Examined {
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

fn facts(binary: &Binary<'_>) -> TargetFacts {
    let image = binary.image();
    let info = binary.build_info().ok();
    let setting = |key| info.and_then(|info| info.setting(key)).map(str::to_owned);
    let goos = setting("GOOS");
    TargetFacts {
        format: match image.format {
            BinaryFormat::Elf => ImageFormat::Elf,
            BinaryFormat::MachO => ImageFormat::MachO,
            BinaryFormat::Pe => ImageFormat::Pe,
        },
        kind: kind(binary, setting("-buildmode").as_deref()),
        arch: image.arch.unwrap_or_default().to_owned(),
        os: image.os.map(str::to_owned).or_else(|| goos.clone()),
        go_version: info.map(|info| info.go_version.to_owned()),
        main_package: info.and_then(|info| info.path).map(str::to_owned),
        main_module: info.and_then(|info| info.main.as_ref()).map(module),
        modules: info
            .map(|info| info.deps.iter().map(module).collect())
            .unwrap_or_default(),
        goos,
        goarch: setting("GOARCH"),
        symbol_table: if image.symbol_table {
            Presence::Present
        } else {
            Presence::Absent
        },
        dwarf: dwarf(image),
    }
}

/// The headers first; the build mode where they leave it open.
fn kind(binary: &Binary<'_>, build_mode: Option<&str>) -> ImageKind {
    match (binary.image().kind, build_mode) {
        _ if binary.plugin_path().is_some() => ImageKind::Plugin,
        (Kind::Object, _) => ImageKind::Object,
        (Kind::Executable, _) => ImageKind::Executable,
        (_, Some("plugin")) => ImageKind::Plugin,
        (Kind::Library, _) | (Kind::Dynamic, Some("c-shared")) => ImageKind::SharedLibrary,
        (Kind::Dynamic, Some("pie" | "exe")) => ImageKind::Pie,
        (Kind::Dynamic, _) => ImageKind::Unknown,
    }
}

fn dwarf(image: &Image<'_>) -> Presence {
    let is_debug = |name: &[u8]| memchr::memmem::find(name, b"debug_info").is_some();
    if image.sections.iter().any(|section| is_debug(section.name)) {
        Presence::Present
    } else if image.sections.is_empty() {
        Presence::Unknown
    } else {
        Presence::Absent
    }
}

fn module(module: &buildinfo::Module<'_>) -> ModuleFacts {
    let replace = module
        .replace
        .as_deref()
        .map(|by| (by.path.to_owned(), by.version.to_owned()));
    ModuleFacts {
        path: module.path.to_owned(),
        version: module.version.to_owned(),
        replace,
    }
}

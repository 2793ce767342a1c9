//! Mach-O: header flags and load commands (`mach-o/loader.h`).

use super::gap;
use super::signature::{self, CodeSignature};
use crate::bytes::Bytes;
use crate::gap::{Fact, Gap};
use crate::image::Image;
use crate::image::macho::SegmentCommand;
use crate::image::macho::{self, Command, LC_BUILD_VERSION, LC_SEGMENT, LC_SEGMENT_64};
use std::fmt;

/// What the headers of a Mach-O image say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachOHardening<'a> {
    /// `MH_PIE`.
    pub pie: bool,
    /// `MH_NO_HEAP_EXECUTION`: the heap is not executable (i386 only; elsewhere it never is).
    pub no_heap_execution: bool,
    /// `MH_ALLOW_STACK_EXECUTION`.
    pub allow_stack_execution: bool,
    /// Libraries that are loaded with it, in order.
    pub dylibs: Fact<Vec<Dylib<'a>>>,
    /// Where `@rpath` is looked for (`LC_RPATH`), in order.
    pub rpaths: Fact<Vec<&'a [u8]>>,
    /// The code signature; `None` where there is none.
    pub signature: Fact<Option<CodeSignature<'a>>>,
    /// Whether there is a `__RESTRICT,__restrict` section: variables of the dynamic loader are ignored.
    pub restrict: Fact<bool>,
    /// What it was built for (`LC_BUILD_VERSION`, or a `LC_VERSION_MIN_*` before it); `None` where it does not say.
    pub build_version: Fact<Option<BuildVersion>>,
    /// Segments that may be writable and executable at once: at start, or later (maximum protection).
    pub writable_executable: Fact<Vec<MachOSegment<'a>>>,
}

/// A library that is loaded with the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dylib<'a> {
    /// Its install name.
    pub name: &'a [u8],
    /// It may be missing (`LC_LOAD_WEAK_DYLIB`).
    pub weak: bool,
}

/// What an image was built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildVersion {
    /// Platform number of `LC_BUILD_VERSION` (1: macOS, 2: iOS, …).
    pub platform: u32,
    /// The oldest system it runs on.
    pub minimum_os: Version,
    /// The SDK it was built with.
    pub sdk: Version,
}

/// A version packed in 32 bits: 16 for the major number, 8 each for minor and patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [_, _, minor, patch] = self.0.to_be_bytes();
        write!(f, "{}.{minor}", self.0 >> 16)?;
        if patch == 0 {
            return Ok(());
        }
        write!(f, ".{patch}")
    }
}

/// A segment with its protections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MachOSegment<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// What it is mapped with.
    pub initial: Protection,
    /// What it can be changed to.
    pub maximum: Protection,
}

/// `vm_prot_t`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Protection(pub u32);

impl Protection {
    /// May be written and executed at once.
    pub fn is_writable_executable(self) -> bool {
        self.0 & 6 == 6
    }
}

const MH_ALLOW_STACK_EXECUTION: u32 = 0x2_0000;
const MH_PIE: u32 = 0x20_0000;
const MH_NO_HEAP_EXECUTION: u32 = 0x100_0000;
const LC_LOAD_DYLIB: u32 = 0xc;
const LC_CODE_SIGNATURE: u32 = 0x1d;
const LC_LAZY_LOAD_DYLIB: u32 = 0x20;
const LC_VERSION_MIN_MACOSX: u32 = 0x24;
const LC_VERSION_MIN_IPHONEOS: u32 = 0x25;
const LC_VERSION_MIN_TVOS: u32 = 0x2f;
const LC_VERSION_MIN_WATCHOS: u32 = 0x30;
const LC_LOAD_WEAK_DYLIB: u32 = 0x8000_0018;
const LC_RPATH: u32 = 0x8000_001c;
const LC_REEXPORT_DYLIB: u32 = 0x8000_001f;
const LC_LOAD_UPWARD_DYLIB: u32 = 0x8000_0023;

/// Most load commands that are read; real images have about twenty.
const MOST_COMMANDS: usize = 65_536;

pub(super) fn read<'a>(image: &Image<'a>) -> Fact<MachOHardening<'a>> {
    let bytes = image.bytes();
    let flags = bytes.u32(24);
    let flags = flags.ok_or_else(|| gap("the Mach-O header ends early"))?;
    let reader = Reader {
        bytes,
        commands: all_commands(bytes),
    };
    Ok(MachOHardening {
        pie: flags & MH_PIE != 0,
        no_heap_execution: flags & MH_NO_HEAP_EXECUTION != 0,
        allow_stack_execution: flags & MH_ALLOW_STACK_EXECUTION != 0,
        dylibs: reader.dylibs(),
        rpaths: reader.rpaths(),
        signature: reader.signature(),
        restrict: reader.restrict(),
        build_version: reader.build_version(),
        writable_executable: reader.writable_executable(),
    })
}

fn all_commands<'a>(bytes: Bytes<'a>) -> Fact<Vec<Command<'a>>> {
    let commands = macho::commands(bytes).take(MOST_COMMANDS + 1);
    let commands: Option<Vec<Command<'a>>> = commands.collect();
    commands
        .filter(|commands| commands.len() <= MOST_COMMANDS)
        .ok_or_else(|| gap("the load commands are damaged, too many or outside the file"))
}

struct Reader<'a> {
    bytes: Bytes<'a>,
    commands: Fact<Vec<Command<'a>>>,
}

impl<'a> Reader<'a> {
    fn all(&self) -> Fact<&[Command<'a>]> {
        self.commands.as_deref().map_err(Gap::clone)
    }

    /// The bodies of all commands of some kinds.
    fn of<'s>(&'s self, kinds: &'s [u32]) -> Fact<impl Iterator<Item = Command<'a>> + 's> {
        let all = self.all()?.iter().copied();
        Ok(all.filter(move |command| kinds.contains(&command.kind)))
    }

    fn dylibs(&self) -> Fact<Vec<Dylib<'a>>> {
        const KINDS: [u32; 5] = [
            LC_LOAD_DYLIB,
            LC_LAZY_LOAD_DYLIB,
            LC_LOAD_WEAK_DYLIB,
            LC_REEXPORT_DYLIB,
            LC_LOAD_UPWARD_DYLIB,
        ];
        let dylib = |command: Command<'a>| {
            Ok(Dylib {
                name: text(command)?,
                weak: command.kind == LC_LOAD_WEAK_DYLIB,
            })
        };
        self.of(&KINDS)?.map(dylib).collect()
    }

    fn rpaths(&self) -> Fact<Vec<&'a [u8]>> {
        self.of(&[LC_RPATH])?.map(text).collect()
    }

    fn signature(&self) -> Fact<Option<CodeSignature<'a>>> {
        let mut found = self.of(&[LC_CODE_SIGNATURE])?;
        let Some(command) = found.next() else {
            return Ok(None);
        };
        if found.next().is_some() {
            return Err(gap("there are several code signatures"));
        }
        let blob = || {
            let (at, len) = (command.body.u32(8)?, command.body.u32(12)?);
            self.bytes.slice(at.into(), len.into())
        };
        let blob = blob().ok_or_else(|| gap("the code signature is outside the file"))?;
        signature::read(blob).map(Some)
    }

    fn restrict(&self) -> Fact<bool> {
        let restricts = |segment: SegmentCommand<'a>| {
            segment.name == b"__RESTRICT"
                && segment
                    .sections()
                    .any(|section| section.name == b"__restrict")
        };
        Ok(self.segments()?.into_iter().any(restricts))
    }

    fn segments(&self) -> Fact<Vec<SegmentCommand<'a>>> {
        let segment = |command: Command<'a>| {
            SegmentCommand::read(command.body)
                .filter(SegmentCommand::is_whole)
                .ok_or_else(|| gap("a segment command is damaged"))
        };
        self.of(&[LC_SEGMENT, LC_SEGMENT_64])?
            .map(segment)
            .collect()
    }

    fn build_version(&self) -> Fact<Option<BuildVersion>> {
        const KINDS: [u32; 5] = [
            LC_BUILD_VERSION,
            LC_VERSION_MIN_MACOSX,
            LC_VERSION_MIN_IPHONEOS,
            LC_VERSION_MIN_TVOS,
            LC_VERSION_MIN_WATCHOS,
        ];
        let mut found: Vec<Command<'a>> = self.of(&KINDS)?.collect();
        // The newer command is what loaders look at where both are there.
        found.sort_by_key(|command| command.kind != LC_BUILD_VERSION);
        let Some(command) = found.first() else {
            return Ok(None);
        };
        let version = build_version(*command);
        version
            .map(Some)
            .ok_or_else(|| gap("the command that says the version is damaged"))
    }

    fn writable_executable(&self) -> Fact<Vec<MachOSegment<'a>>> {
        let segments = self.segments()?.into_iter().map(|segment| MachOSegment {
            name: segment.name,
            initial: Protection(segment.initial),
            maximum: Protection(segment.maximum),
        });
        let both = |segment: &MachOSegment<'_>| {
            segment.initial.is_writable_executable() || segment.maximum.is_writable_executable()
        };
        Ok(segments.filter(both).collect())
    }
}

/// The text of a command, whose offset stands behind kind and length.
fn text(command: Command<'_>) -> Fact<&[u8]> {
    let at = command.body.u32(8);
    at.and_then(|at| command.body.c_str(at.into()))
        .ok_or_else(|| gap("a load command holds no text where it should"))
}

fn build_version(command: Command<'_>) -> Option<BuildVersion> {
    let (platform, at) = match command.kind {
        LC_BUILD_VERSION => (command.body.u32(8)?, 12),
        LC_VERSION_MIN_MACOSX => (1, 8),
        LC_VERSION_MIN_IPHONEOS => (2, 8),
        LC_VERSION_MIN_TVOS => (3, 8),
        _ => (4, 8),
    };
    Some(BuildVersion {
        platform,
        minimum_os: Version(command.body.u32(at)?),
        sdk: Version(command.body.u32(at + 4)?),
    })
}

//! Paths and user names of the machine that built the program, anywhere in the file, and credentials in what was
//! recorded.
//!
//! Source files of pclntab and recorded settings are read as what they are. Debug information and data are searched for
//! the shapes of home directories and of the go command's own temporary directory; a path of another shape in data is not
//! told apart from one that the program uses when it runs.

mod shapes;
mod sources;

use super::ldflags::{LinkerFlags, Looks};
use super::secret::{self, Masked};
use flate2::read::ZlibDecoder;
use goassay_binary::Binary;
use goassay_binary::debuginfo::{Compression, DebugInfo, DebugSection};
use goassay_binary::gap::{Fact, Gap, Topic};
use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;

/// What leaked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaks {
    /// Paths of the building machine, sorted by place and path; at most [`MOST_PATHS`] of each place.
    pub paths: Vec<Leak>,
    /// How many more there are.
    pub more: usize,
    /// Parts of the file that could not be searched.
    pub gaps: Vec<Gap>,
    /// Whether source files have absolute paths: the program was built without `-trimpath`.
    pub absolute_sources: Fact<bool>,
    /// What looks like a credential in settings and values of `-X`, masked.
    pub credentials: Fact<Vec<Credential>>,
}

/// Paths that are kept of each place.
pub const MOST_PATHS: usize = 20;

/// One path, or the beginning that several have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leak {
    /// Where it is.
    pub place: Place,
    /// The path, or its beginning (hostile).
    pub path: String,
    /// The user name in it.
    pub user: Option<String>,
    /// How many texts of this place begin with it.
    pub count: usize,
}

/// Where a path is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the file table of pclntab: source files that were compiled.
    SourceFiles,
    /// In a recorded setting (`CGO_CFLAGS`), or as the replacement of a module (`replace`).
    Setting(String),
    /// In debug information.
    DebugInfo,
    /// In data: constants of the program, embedded files, what C code holds.
    Data,
}

impl Place {
    /// One phrase for people; keys of settings are hostile.
    pub fn text(&self) -> String {
        match self {
            Place::SourceFiles => "source files".to_owned(),
            Place::Setting(key) => format!("setting {key}"),
            Place::DebugInfo => "debug information".to_owned(),
            Place::Data => "data".to_owned(),
        }
    }
}

/// What looks like a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Where: the key of a setting, or a variable.
    pub place: String,
    /// What it looks like.
    pub value: Masked,
}

/// Searches the file.
pub fn read(binary: &Binary<'_>, debug_info: &DebugInfo<'_>, flags: &LinkerFlags) -> Leaks {
    let mut search = Search::default();
    let absolute_sources = sources::read(binary, &mut search);
    search.settings(binary);
    let debug = search.debug_info(binary, debug_info);
    search.rest(binary, &debug);
    search.gaps.extend(binary.image().missing());
    let (paths, more) = search.paths();
    Leaks {
        paths,
        more,
        gaps: search.gaps,
        absolute_sources,
        credentials: credentials(binary, flags),
    }
}

/// What was found so far.
#[derive(Default)]
struct Search {
    found: BTreeMap<(Place, String), Leak>,
    more: usize,
    gaps: Vec<Gap>,
}

/// Different paths that are remembered while searching; more are only counted.
const MOST_REMEMBERED: usize = 1000;

impl Search {
    /// Takes a path in: `root` is what paths of the same origin have in common, `path` an example.
    fn note(&mut self, place: &Place, root: &str, path: &str, user: Option<&str>) {
        let key = (place.clone(), root.to_owned());
        if let Some(leak) = self.found.get_mut(&key) {
            leak.count += 1;
        } else if self.found.len() < MOST_REMEMBERED {
            let leak = Leak {
                place: place.clone(),
                path: path.to_owned(),
                user: user.map(str::to_owned),
                count: 1,
            };
            self.found.insert(key, leak);
        } else {
            self.more += 1;
        }
    }

    fn note_all(&mut self, place: &Place, bytes: &[u8]) {
        for found in shapes::find(bytes) {
            self.note(place, &found.root, &found.path, found.user.as_deref());
        }
    }

    fn settings(&mut self, binary: &Binary<'_>) {
        let info = match binary.build_info() {
            Ok(info) => info,
            Err(gap) => {
                self.gaps.push(gap.clone());
                return;
            }
        };
        if info.unknown_lines > 0 {
            self.gaps.extend(super::settings(binary).err());
        }
        for (key, value) in &info.settings {
            self.note_all(&Place::Setting(key.to_string()), value.as_bytes());
        }
        for module in info.deps.iter().chain(&info.main) {
            if let Some(replace) = &module.replace {
                let place = Place::Setting("replace".to_owned());
                self.note_all(&place, format!("{}/", replace.path).as_bytes());
            }
        }
    }

    /// Searches debug sections; gives their ranges, which are no data.
    fn debug_info(&mut self, binary: &Binary<'_>, info: &DebugInfo<'_>) -> Vec<Range<usize>> {
        let sections = match &info.sections {
            Ok(sections) => sections,
            Err(gap) => {
                self.gaps.push(gap.clone());
                return Vec::new();
            }
        };
        let mut budget = binary.image().bytes().len().saturating_mul(MOST_INFLATED);
        let mut ranges = Vec::new();
        for section in sections {
            let start = usize::try_from(section.offset.0).unwrap_or(usize::MAX);
            let len = usize::try_from(section.len).unwrap_or(usize::MAX);
            ranges.push(start..start.saturating_add(len));
            if !MAY_HAVE_PATHS
                .iter()
                .any(|part| contains(section.name, part))
            {
                continue;
            }
            let bytes = binary.image().bytes().slice(section.offset.0, section.len);
            let data = bytes
                .map(goassay_binary::bytes::Bytes::data)
                .unwrap_or_default();
            if let Err(reason) = self.debug_section(binary, section, data, &mut budget) {
                self.gaps.push(Gap::new(Topic::DebugInfo, reason));
            }
        }
        ranges.sort_unstable_by_key(|range| range.start);
        ranges
    }

    fn debug_section(
        &mut self,
        binary: &Binary<'_>,
        section: &DebugSection<'_>,
        data: &[u8],
        budget: &mut u64,
    ) -> Result<(), String> {
        let unread = |why: &str| {
            let name = String::from_utf8_lossy(section.name).into_owned();
            Err(format!("{name} was not searched: {why}"))
        };
        let wide = binary.image().order.width == goassay_binary::bytes::Width::W64;
        let header = match section.compression {
            Compression::None => {
                self.note_all(&Place::DebugInfo, data);
                return Ok(());
            }
            Compression::Zlib if wide => 24,
            Compression::Zlib | Compression::GnuZlib => 12,
            Compression::Zstd | Compression::Other(_) => {
                return unread("it is not compressed by zlib");
            }
        };
        let packed = data.get(header..).unwrap_or_default();
        match self.inflated(packed, section.uncompressed, budget) {
            Some(true) => Ok(()),
            Some(false) => unread("it is larger than any real one of its size in the file"),
            None => unread("its compressed data is damaged"),
        }
    }

    /// Searches compressed data, a piece at a time. `Some(false)`: the budget did not suffice; `None`: damaged.
    fn inflated(&mut self, packed: &[u8], expected: u64, budget: &mut u64) -> Option<bool> {
        let mut decoder = ZlibDecoder::new(packed);
        let mut piece = vec![0; PIECE];
        let (mut kept, mut total) = (0, 0u64);
        loop {
            let read = decoder.read(piece.get_mut(kept..)?).ok()?;
            if read == 0 {
                return (total == expected).then_some(true);
            }
            total += read as u64;
            let Some(left) = budget.checked_sub(read as u64) else {
                return Some(false);
            };
            *budget = left;
            let filled = kept + read;
            let whole = piece.get(..filled)?;
            self.note_all(&Place::DebugInfo, whole);
            // What may have been cut is looked at again, with what follows it.
            let tail = whole.len().saturating_sub(shapes::LONGEST);
            let tail = whole.get(tail..)?.to_vec();
            kept = tail.len().min(shapes::LONGEST);
            piece.get_mut(..kept)?.copy_from_slice(&tail);
        }
    }

    /// Searches everything that is neither debug information nor the file table.
    fn rest(&mut self, binary: &Binary<'_>, debug: &[Range<usize>]) {
        let data = binary.image().bytes().data();
        let table = binary.pclntab().map(|table| table.file_table()).ok();
        let table = table.and_then(|table| range_within(data, table));
        let elsewhere = |at: usize| {
            let behind = debug.partition_point(|range| range.start <= at);
            let in_debug = behind
                .checked_sub(1)
                .and_then(|before| debug.get(before))
                .is_some_and(|range| range.contains(&at));
            !in_debug && !table.as_ref().is_some_and(|range| range.contains(&at))
        };
        // The recorded settings are in the data as well.
        let info = binary.build_info().ok();
        let values = info.iter().flat_map(|info| &info.settings);
        let recorded = values
            .map(|(_, value)| &**value)
            .collect::<Vec<_>>()
            .join("\n");
        let contains =
            |path: &str| memchr::memmem::find(recorded.as_bytes(), path.as_bytes()).is_some();
        // Both can be as long as the file, so each root is looked for once, and only so many.
        let mut known: BTreeMap<String, bool> = BTreeMap::new();
        for found in shapes::find(data).filter(|found| elsewhere(found.at)) {
            let is_recorded = match known.get(&found.root) {
                Some(is_recorded) => *is_recorded,
                None if known.len() == MOST_REMEMBERED => false,
                None => *known
                    .entry(found.root.clone())
                    .or_insert(contains(&found.root)),
            };
            if !is_recorded {
                self.note(
                    &Place::Data,
                    &found.root,
                    &found.path,
                    found.user.as_deref(),
                );
            }
        }
    }

    fn paths(&mut self) -> (Vec<Leak>, usize) {
        let mut more = self.more;
        let mut paths: Vec<Leak> = Vec::new();
        let mut of_place = 0;
        for leak in std::mem::take(&mut self.found).into_values() {
            let same = paths.last().is_some_and(|last| last.place == leak.place);
            of_place = if same { of_place + 1 } else { 1 };
            if of_place <= MOST_PATHS {
                paths.push(leak);
            } else {
                more += 1;
            }
        }
        (paths, more)
    }
}

/// Parts of the names of debug sections that hold texts.
const MAY_HAVE_PATHS: [&[u8]; 3] = [b"debug_info", b"debug_line", b"debug_str"];
/// Bytes of decompressed debug information that are searched, for each byte of the file.
const MOST_INFLATED: u64 = 16;
/// Bytes that are decompressed at a time.
const PIECE: usize = 256 << 10;

fn contains(name: &[u8], part: &[u8]) -> bool {
    name.windows(part.len()).any(|window| window == part)
}

/// Where `part`, a slice of `whole`, lies in it.
fn range_within(whole: &[u8], part: &[u8]) -> Option<Range<usize>> {
    let start = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    let end = start.checked_add(part.len())?;
    (end <= whole.len()).then_some(start..end)
}

/// Credentials in settings, and among the values of `-X` as far as those are known.
fn credentials(binary: &Binary<'_>, flags: &LinkerFlags) -> Fact<Vec<Credential>> {
    let info = binary.build_info().map_err(Clone::clone)?;
    let in_settings = info.settings.iter().filter_map(|(key, value)| {
        Some(Credential {
            place: format!("setting {key}"),
            value: secret::judge(key, value)?,
        })
    });
    let in_values = flags.values.iter().flatten().filter_map(|value| {
        let Looks::Credential(kind) = value.looks else {
            return None;
        };
        let variable = value.variable.as_deref();
        Some(Credential {
            place: variable.unwrap_or("a variable set by -X").to_owned(),
            value: Masked {
                kind,
                shown: value.value.clone(),
                len: value.value.len(),
            },
        })
    });
    let found: Vec<Credential> = in_settings.chain(in_values).collect();
    if found.is_empty() {
        super::settings(binary)?;
    }
    Ok(found)
}

//! The runtime's module data (`runtime.firstmoduledata`): the structure that points to everything else.
//!
//! It proves which pc-line table is real, and gives text base and inline trees. Layouts by Go version are data
//! (`src/runtime/symtab.go`, `type moduledata`); the first 32 words have been the same since Go 1.18.

use crate::address::{TextOffset, VirtualAddress};
use crate::image::{Image, Section, Segment};
use crate::pclntab::Pclntab;

/// Indexes of pointer-size words, for the part whose place depends on the Go version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Layout {
    /// Go minor versions that have it, first and last.
    versions: (u32, u32),
    /// `end`, before `gcdata` and `gcbss`.
    end: u64,
    types: u64,
    etypes: u64,
    listing: TypeListing,
    gofunc: u64,
    textsectmap: u64,
    plugin_path: u64,
}

/// How types and itabs are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TypeListing {
    /// Words of the slices `typelinks` and `itablinks`.
    Links { types: u64, itabs: u64 },
    /// Words of `typedesclen` and `itaboffset`, `itabsize`: descriptors lie one behind the other.
    InOrder { types: u64, itabs: u64 },
}

const LAYOUTS: [Layout; 4] = [
    Layout {
        versions: (18, 19),
        end: 32,
        types: 35,
        etypes: 36,
        listing: TypeListing::Links {
            types: 42,
            itabs: 45,
        },
        gofunc: 38,
        textsectmap: 39,
        plugin_path: 51,
    },
    Layout {
        versions: (20, 25),
        end: 34,
        types: 37,
        etypes: 38,
        listing: TypeListing::Links {
            types: 44,
            itabs: 47,
        },
        gofunc: 40,
        textsectmap: 41,
        plugin_path: 53,
    },
    Layout {
        versions: (26, 26),
        end: 34,
        types: 37,
        etypes: 38,
        listing: TypeListing::Links {
            types: 45,
            itabs: 48,
        },
        gofunc: 40,
        textsectmap: 42,
        plugin_path: 54,
    },
    Layout {
        versions: (27, 27),
        end: 34,
        types: 37,
        etypes: 39,
        listing: TypeListing::InOrder {
            types: 38,
            itabs: 40,
        },
        gofunc: 43,
        textsectmap: 45,
        plugin_path: 51,
    },
];

// The common part.
const FUNCNAMETAB: u64 = 1;
const CUTAB: u64 = 4;
const FILETAB: u64 = 7;
const PCTAB: u64 = 10;
const PCLNTABLE: u64 = 13;
const FTAB: u64 = 16;
const FINDFUNCTAB: u64 = 19;
const MINPC: u64 = 20;
const MAXPC: u64 = 21;
const TEXT: u64 = 22;
/// More text sections than any linker makes (the largest ppc64 programs have a few dozen).
const MOST_TEXT_SECTIONS: u64 = 4096;

/// What is taken from the module data.
#[derive(Debug, Clone)]
pub struct ModuleData {
    /// Where it is.
    pub address: VirtualAddress,
    /// Start of Go's text.
    pub text: VirtualAddress,
    /// Start of the function data that inline trees count from; `None` where the layout is not known.
    pub gofunc: Option<VirtualAddress>,
    /// Start of read-only data; `None` where the layout is not known.
    pub(crate) rodata: Option<VirtualAddress>,
    /// The plugin path (pointer and length) where the layout is known and one is set.
    plugin_path: Option<(VirtualAddress, u64)>,
    sections: Vec<TextSection>,
    /// Where the type descriptors are; `None` where the layout is not known.
    pub(crate) types: Option<TypeRegion>,
    pub(crate) tables: Tables,
}

/// Type descriptors and itabs, and how they are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TypeRegion {
    /// What type and name offsets count from.
    pub(crate) start: VirtualAddress,
    /// Behind the last byte of descriptors and names; in old versions behind all read-only data.
    pub(crate) end: VirtualAddress,
    pub(crate) list: TypeList,
}

/// Where the lists are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TypeList {
    /// 4-byte offsets of types, pointers to itabs: address and number of entries each.
    Links {
        types: Option<(VirtualAddress, u64)>,
        itabs: Option<(VirtualAddress, u64)>,
    },
    /// Bytes from the start that descriptors take; offset from the start and bytes of the itabs.
    InOrder { types: u64, itabs: (u64, u64) },
}

/// Addresses of further tables, where they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tables {
    /// `findfunctab`, `minpc` and `maxpc`.
    pub(crate) find_functions: Option<[VirtualAddress; 3]>,
    /// Behind the last of Go's code.
    pub(crate) text_end: Option<VirtualAddress>,
    pub(crate) gc_data: Option<VirtualAddress>,
    pub(crate) gc_bss: Option<VirtualAddress>,
    /// `textsectmap` with its length in bytes.
    pub(crate) text_sections: Option<(VirtualAddress, u64)>,
}

/// Large programs for some architectures have their text in several sections (`textsectmap`).
#[derive(Debug, Clone, Copy)]
struct TextSection {
    start: u64,
    end: u64,
    base: u64,
}

impl ModuleData {
    /// Finds the module data that points to `table`. `minor` is the Go 1.x minor version, where known.
    pub(crate) fn find(
        image: &Image<'_>,
        table: &Pclntab<'_>,
        minor: Option<u32>,
    ) -> Option<ModuleData> {
        let address =
            pointers_to(image, table.address).find(|&at| is_module_data(image, table, at))?;
        let reader = Reader { image, address };
        let layout = reader.layout(minor);
        Some(ModuleData {
            address,
            text: reader.pointer(TEXT)?,
            gofunc: layout.and_then(|layout| reader.pointer(layout.gofunc)),
            // It stands before `gofunc` in all layouts.
            rodata: layout.and_then(|layout| reader.pointer(layout.gofunc - 1)),
            plugin_path: layout.and_then(|layout| reader.string(layout.plugin_path)),
            sections: layout
                .map(|layout| reader.text_sections(&layout))
                .unwrap_or_default(),
            types: layout.and_then(|layout| reader.types(&layout)),
            tables: reader.tables(layout.as_ref()),
        })
    }

    /// The plugin path, for a binary that is a plugin (hostile text).
    pub fn plugin_path<'a>(&self, image: &Image<'a>) -> Option<&'a str> {
        let (address, len) = self.plugin_path?;
        std::str::from_utf8(image.slice(address, len)?.data()).ok()
    }

    /// The address of an offset into the text (`runtime.(*moduledata).textAddr`).
    pub fn text_address(&self, offset: TextOffset) -> Option<VirtualAddress> {
        let offset = u64::from(offset.0);
        if self.sections.len() > 1 {
            // They are in order, as the linker lays them out.
            let behind = self
                .sections
                .partition_point(|section| section.start <= offset);
            let section = behind.checked_sub(1).and_then(|at| self.sections.get(at));
            if let Some(section) = section.filter(|section| offset < section.end) {
                return section
                    .base
                    .checked_add(offset - section.start)
                    .map(VirtualAddress);
            }
        }
        self.text.offset(offset)
    }
}

/// Addresses of the words that point to `target`, likely places first.
fn pointers_to<'s>(
    image: &'s Image<'_>,
    target: VirtualAddress,
) -> impl Iterator<Item = VirtualAddress> + 's {
    const LIKELY: [&[u8]; 4] = [b".go.module", b"__go_module", b".noptrdata", b"__noptrdata"];
    // One binary has at most two of them; a hostile one could give these names to any number of long sections.
    const MOST_LIKELY: usize = 4;
    let pattern = image.order.encode_word(target.0);
    let search = move |bytes: &'s [u8], base: VirtualAddress| {
        let (pattern, len) = pattern.unwrap_or_default();
        let finder =
            memchr::memmem::Finder::new(pattern.get(..len).unwrap_or_default()).into_owned();
        let alignment = image.order.width.bytes();
        let mut start = 0;
        std::iter::from_fn(move || {
            let at = start + finder.find(bytes.get(start..)?)?;
            start = at + 1;
            base.offset(at as u64)
        })
        .filter(move |address| len > 0 && address.0.is_multiple_of(alignment))
    };
    let in_section = move |section: &'s Section<'_>| {
        search(image.section_bytes(section).data(), section.address)
    };
    let in_segment =
        move |segment: &'s Segment| search(image.segment_bytes(segment).data(), segment.address);
    let likely = image
        .sections
        .iter()
        .filter(|section| LIKELY.contains(&section.name))
        .take(MOST_LIKELY);
    let segments = |write: bool| {
        let segments = image.segments.iter();
        segments.filter(move |segment| {
            segment.permissions.write == write && !segment.permissions.execute
        })
    };
    let relocated = std::iter::once_with(move || image.relocated_to(target)).flatten();
    likely
        .flat_map(in_section)
        .chain(segments(true).chain(segments(false)).flat_map(in_segment))
        .chain(relocated)
}

/// True where the words at `address` are module data for `table`: six slices that the header determines.
fn is_module_data(image: &Image<'_>, table: &Pclntab<'_>, address: VirtualAddress) -> bool {
    let reader = Reader { image, address };
    let offsets = table.offsets();
    let expected = [
        (FUNCNAMETAB, offsets.names),
        (CUTAB, offsets.units),
        (FILETAB, offsets.files),
        (PCTAB, offsets.pcs),
        (PCLNTABLE, offsets.functions),
        (FTAB, offsets.functions),
    ];
    let points =
        |(index, offset): (u64, u64)| reader.pointer(index) == table.address.offset(offset);
    expected.into_iter().all(points)
        && reader.word(FTAB + 1) == Some(u64::from(table.function_count()) + 1)
        && reader.text_is_plausible()
}

/// Reads words of the module data at an address.
struct Reader<'s, 'a> {
    image: &'s Image<'a>,
    address: VirtualAddress,
}

impl Reader<'_, '_> {
    fn at(&self, index: u64) -> Option<VirtualAddress> {
        self.address.offset(index * self.image.order.width.bytes())
    }

    fn word(&self, index: u64) -> Option<u64> {
        self.image.word(self.at(index)?)
    }

    fn pointer(&self, index: u64) -> Option<VirtualAddress> {
        self.image.pointer(self.at(index)?)
    }

    fn text_is_plausible(&self) -> bool {
        let (Some(text), Some(low), Some(high)) =
            (self.pointer(TEXT), self.pointer(MINPC), self.pointer(MAXPC))
        else {
            return false;
        };
        text <= low && low < high && self.image.segment_at(low).is_some()
    }

    /// A Go string that is set: pointer and length.
    fn string(&self, index: u64) -> Option<(VirtualAddress, u64)> {
        let len = self.word(index + 1).filter(|&len| len > 0)?;
        Some((self.pointer(index)?, len))
    }

    /// The layout that the Go version names, if the words agree with it; else the one they agree with most.
    fn layout(&self, minor: Option<u32>) -> Option<Layout> {
        let named = LAYOUTS.iter().find(|layout| {
            minor.is_some_and(|minor| (layout.versions.0..=layout.versions.1).contains(&minor))
        });
        if let Some(layout) = named.filter(|layout| self.fits(layout)) {
            return Some(*layout);
        }
        let mut fitting = LAYOUTS.iter().filter(|layout| self.fits(layout));
        let only = fitting.next()?;
        fitting.next().is_none().then_some(*only)
    }

    /// `textsectmap` is the best mark: a slice that is exactly full, whose first entry starts at 0.
    fn fits(&self, layout: &Layout) -> bool {
        let first = self.pointer(layout.textsectmap);
        let len = self.word(layout.textsectmap + 1);
        let full = len.is_some_and(|len| (1..MOST_TEXT_SECTIONS).contains(&len))
            && len == self.word(layout.textsectmap + 2);
        let starts_at_zero = first.is_some_and(|first| self.image.word(first) == Some(0));
        let types_in_order = self.pointer(layout.types) <= self.pointer(layout.etypes);
        let gofunc_is_mapped = self
            .pointer(layout.gofunc)
            .is_some_and(|gofunc| self.image.segment_at(gofunc).is_some());
        full && starts_at_zero && types_in_order && gofunc_is_mapped
    }

    /// A slice that is not empty: where it is and how many entries it has.
    fn slice(&self, index: u64) -> Option<(VirtualAddress, u64)> {
        self.string(index)
    }

    fn types(&self, layout: &Layout) -> Option<TypeRegion> {
        let list = match layout.listing {
            TypeListing::Links { types, itabs } => TypeList::Links {
                types: self.slice(types),
                itabs: self.slice(itabs),
            },
            TypeListing::InOrder { types, itabs } => TypeList::InOrder {
                types: self.word(types)?,
                itabs: (self.word(itabs)?, self.word(itabs + 1)?),
            },
        };
        Some(TypeRegion {
            start: self.pointer(layout.types)?,
            end: self.pointer(layout.etypes)?,
            list,
        })
    }

    fn tables(&self, layout: Option<&Layout>) -> Tables {
        let find_functions = || {
            Some([
                self.pointer(FINDFUNCTAB)?,
                self.pointer(MINPC)?,
                self.pointer(MAXPC)?,
            ])
        };
        let word = self.image.order.width.bytes();
        let text_sections = layout
            .and_then(|layout| self.slice(layout.textsectmap))
            .and_then(|(at, count)| Some((at, count.checked_mul(3 * word)?)));
        Tables {
            find_functions: find_functions(),
            text_end: self.pointer(TEXT + 1),
            gc_data: layout.and_then(|layout| self.pointer(layout.end + 1)),
            gc_bss: layout.and_then(|layout| self.pointer(layout.end + 2)),
            text_sections,
        }
    }

    fn text_sections(&self, layout: &Layout) -> Vec<TextSection> {
        let read = |index: u64| {
            let word = self.image.order.width.bytes();
            let entry = self.pointer(layout.textsectmap)?.offset(index * 3 * word)?;
            Some(TextSection {
                start: self.image.word(entry)?,
                end: self.image.word(entry.offset(word)?)?,
                base: self.image.pointer(entry.offset(2 * word)?)?.0,
            })
        };
        let len = self
            .word(layout.textsectmap + 1)
            .unwrap_or(0)
            .min(MOST_TEXT_SECTIONS);
        (0..len).map_while(read).collect()
    }
}

//! The tables that an ELF header leads to: program headers, section headers, the dynamic table.
//!
//! A table says whether it was read whole: sections are hints for whoever looks something up, but nobody may conclude from
//! a cut table that something is not there.

use super::super::{Image, clip};
use crate::address::VirtualAddress;
use crate::bytes::{Bytes, Order, Width};

pub(crate) const PT_LOAD: u32 = 1;
pub(crate) const PT_DYNAMIC: u32 = 2;

/// Field offsets that differ between the 32-bit and the 64-bit format.
struct Layout {
    phoff: u64,
    shoff: u64,
    counts: u64,
    phdr: PhdrLayout,
    shdr: ShdrLayout,
}

struct PhdrLayout {
    size: u64,
    flags: u64,
    offset: u64,
    vaddr: u64,
    filesz: u64,
    memsz: u64,
    align: u64,
}

struct ShdrLayout {
    size: u64,
    addr: u64,
    offset: u64,
    len: u64,
    link: u64,
    info: u64,
}

const ELF32: Layout = Layout {
    phoff: 28,
    shoff: 32,
    counts: 42,
    phdr: PhdrLayout {
        size: 32,
        flags: 24,
        offset: 4,
        vaddr: 8,
        filesz: 16,
        memsz: 20,
        align: 28,
    },
    shdr: ShdrLayout {
        size: 40,
        addr: 12,
        offset: 16,
        len: 20,
        link: 24,
        info: 28,
    },
};

const ELF64: Layout = Layout {
    phoff: 32,
    shoff: 40,
    counts: 54,
    phdr: PhdrLayout {
        size: 56,
        flags: 4,
        offset: 8,
        vaddr: 16,
        filesz: 32,
        memsz: 40,
        align: 48,
    },
    shdr: ShdrLayout {
        size: 64,
        addr: 16,
        offset: 24,
        len: 32,
        link: 40,
        info: 44,
    },
};

fn layout(order: Order) -> &'static Layout {
    match order.width {
        Width::W32 => &ELF32,
        Width::W64 => &ELF64,
    }
}

/// One program header.
#[derive(Clone, Copy)]
pub(crate) struct ProgramHeader {
    pub(crate) kind: u32,
    pub(crate) flags: u32,
    pub(crate) offset: u64,
    pub(crate) vaddr: u64,
    pub(crate) filesz: u64,
    pub(crate) memsz: u64,
    pub(crate) align: u64,
}

/// One section header.
#[derive(Clone, Copy)]
pub(crate) struct SectionHeader {
    pub(crate) name: u32,
    pub(crate) kind: u32,
    pub(crate) flags: u64,
    pub(crate) addr: u64,
    pub(crate) offset: u64,
    pub(crate) len: u64,
    pub(crate) link: u32,
    pub(crate) info: u32,
}

/// What is known of a table's extent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// The header says that there is none.
    Absent,
    /// All of it was read.
    Whole,
    /// It goes on beyond the file, or its count does not fit the header.
    Cut,
}

/// A table of headers.
pub(crate) struct Table<T> {
    pub(crate) entries: Vec<T>,
    pub(crate) extent: Extent,
}

/// The ELF header with its two tables.
pub(crate) struct Headers {
    /// `e_type`.
    pub(crate) kind: u16,
    /// `e_machine`.
    pub(crate) machine: u16,
    pub(crate) programs: Table<ProgramHeader>,
    pub(crate) sections: Table<SectionHeader>,
}

impl Headers {
    /// Reads the header; `None` where it ends early.
    pub(crate) fn read(bytes: Bytes<'_>) -> Option<Headers> {
        let layout = layout(bytes.order());
        Some(Headers {
            kind: bytes.u16(16)?,
            machine: bytes.u16(18)?,
            programs: table(
                bytes.word(layout.phoff)?,
                Shape::read(bytes, layout.counts)?,
                |at| program_header(bytes, at),
                layout.phdr.size,
            ),
            // The names of sections are found through a field behind these, which has to be there too.
            sections: match bytes
                .word(layout.shoff)
                .zip(Shape::read(bytes, layout.counts + 4))
            {
                Some((at, shape)) => {
                    table(at, shape, |at| section_header(bytes, at), layout.shdr.size)
                }
                None => Table {
                    entries: Vec::new(),
                    extent: Extent::Cut,
                },
            },
        })
    }
}

/// What the ELF header says of a table.
struct Shape {
    /// Bytes of an entry.
    entry: u16,
    /// Number of entries.
    count: u16,
}

impl Shape {
    fn read(bytes: Bytes<'_>, at: u64) -> Option<Shape> {
        Some(Shape {
            entry: bytes.u16(at)?,
            count: bytes.u16(at.checked_add(2)?)?,
        })
    }
}

fn table<T>(
    at: u64,
    Shape { entry, count }: Shape,
    read: impl Fn(u64) -> Option<T>,
    size: u64,
) -> Table<T> {
    if at == 0 {
        return Table {
            entries: Vec::new(),
            extent: Extent::Absent,
        };
    }
    let entries: Vec<T> = (0..u64::from(count))
        .map_while(|index| read(at.checked_add(index * size)?))
        .collect();
    // A count that does not fit its 16 bits is kept elsewhere, and 0 or 0xffff stand for it.
    let counted = entries.len() == usize::from(count) && count != 0 && count != u16::MAX;
    // Loaders refuse entries of another size than theirs.
    let whole = counted && u64::from(entry) == size;
    Table {
        entries,
        extent: if whole { Extent::Whole } else { Extent::Cut },
    }
}

fn program_header(bytes: Bytes<'_>, at: u64) -> Option<ProgramHeader> {
    let fields = &layout(bytes.order()).phdr;
    let header = bytes.slice(at, fields.size)?;
    Some(ProgramHeader {
        kind: header.u32(0)?,
        flags: header.u32(fields.flags)?,
        offset: header.word(fields.offset)?,
        vaddr: header.word(fields.vaddr)?,
        filesz: header.word(fields.filesz)?,
        memsz: header.word(fields.memsz)?,
        align: header.word(fields.align)?,
    })
}

fn section_header(bytes: Bytes<'_>, at: u64) -> Option<SectionHeader> {
    let fields = &layout(bytes.order()).shdr;
    let header = bytes.slice(at, fields.size)?;
    Some(SectionHeader {
        name: header.u32(0)?,
        kind: header.u32(4)?,
        flags: header.word(8)?,
        addr: header.word(fields.addr)?,
        offset: header.word(fields.offset)?,
        len: header.word(fields.len)?,
        link: header.u32(fields.link)?,
        info: header.u32(fields.info)?,
    })
}

/// The section that holds the names of sections (`e_shstrndx`).
pub(crate) fn section_names<'a>(bytes: Bytes<'a>, sections: &[SectionHeader]) -> Option<Bytes<'a>> {
    let counts = layout(bytes.order()).counts;
    let index = bytes.u16(counts.checked_add(8)?)?;
    let strings = sections.get(usize::from(index))?;
    let len = clip(bytes.data().len(), strings.offset, strings.len);
    bytes.slice(strings.offset, len)
}

/// The dynamic table, where the loader looks for it: at the address of `PT_DYNAMIC`.
#[derive(Clone, Copy)]
pub(crate) struct DynamicTable<'a>(Bytes<'a>);

impl<'a> DynamicTable<'a> {
    /// The table of a program header; `None` where its address is not in the file.
    pub(crate) fn at(image: &Image<'a>, header: &ProgramHeader) -> Option<DynamicTable<'a>> {
        image.tail(VirtualAddress(header.vaddr)).map(DynamicTable)
    }

    /// Tags and values up to, without, `DT_NULL`; the last item is `None` where the file ends before that.
    pub(crate) fn entries(self) -> impl Iterator<Item = Option<(u64, u64)>> {
        let entry = move |index: u64| {
            let at = index.checked_mul(2)?;
            Some((self.0.nth_word(at)?, self.0.nth_word(at.checked_add(1)?)?))
        };
        let mut next = Some(0);
        std::iter::from_fn(move || {
            let index = next?;
            let entry = entry(index).filter(|&(tag, _)| tag != 0);
            next = entry.and_then(|_| index.checked_add(1));
            match self.0.nth_word(index.checked_mul(2)?) {
                Some(0) => None,
                _ => Some(entry),
            }
        })
    }

    /// The value of the first entry with a tag.
    pub(crate) fn value(self, tag: u64) -> Option<u64> {
        self.entries()
            .flatten()
            .find(|&(found, _)| found == tag)
            .map(|(_, value)| value)
    }
}

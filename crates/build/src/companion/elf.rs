//! ELF: the section table of the file with debug information, with loaded sections emptied (`SHT_NOBITS`) as `objcopy
//! --only-keep-debug` does, and the shipped file's notes, which have its build IDs.

use super::fields::{Fields, append};
use super::{
    Companion, File, Identity, Refused, Which, build_id_path, damaged, first_difference, text,
};
use goassay_binary::bytes::{Bytes, Endian, Order, Width, hexadecimal};

const SHT_NULL: u32 = 0;
const SHT_NOTE: u32 = 7;
const SHT_NOBITS: u32 = 8;
const SHF_ALLOC: u64 = 2;
const PT_NOTE: u32 = 4;
const NT_GNU_BUILD_ID: u32 = 3;
const GNU_BUILD_ID: &[u8] = b".note.gnu.build-id";
/// Sections that hold what identifies one link.
const IDENTITIES: [&[u8]; 2] = [GNU_BUILD_ID, b".note.go.buildid"];
/// Largest alignment of contents that is kept: a debugger does not need it to map a page.
const MOST_ALIGNED: u64 = 64;

/// Offsets of fields that differ with the width.
struct Layout {
    header: usize,
    phoff: usize,
    shoff: usize,
    /// `e_ehsize`; the other halves follow.
    halves: usize,
    program: ProgramLayout,
    section: SectionLayout,
}

struct ProgramLayout {
    size: usize,
    offset: usize,
    vaddr: usize,
    filesz: usize,
    memsz: usize,
    align: usize,
}

struct SectionLayout {
    size: usize,
    addr: usize,
    offset: usize,
    len: usize,
    align: usize,
}

const ELF32: Layout = Layout {
    header: 52,
    phoff: 28,
    shoff: 32,
    halves: 40,
    program: ProgramLayout {
        size: 32,
        offset: 4,
        vaddr: 8,
        filesz: 16,
        memsz: 20,
        align: 28,
    },
    section: SectionLayout {
        size: 40,
        addr: 12,
        offset: 16,
        len: 20,
        align: 32,
    },
};

const ELF64: Layout = Layout {
    header: 64,
    phoff: 32,
    shoff: 40,
    halves: 52,
    program: ProgramLayout {
        size: 56,
        offset: 8,
        vaddr: 16,
        filesz: 32,
        memsz: 40,
        align: 48,
    },
    section: SectionLayout {
        size: 64,
        addr: 16,
        offset: 24,
        len: 32,
        align: 48,
    },
};

/// A file, with its section headers.
struct Elf<'a> {
    bytes: Bytes<'a>,
    layout: &'static Layout,
    sections: Vec<Section<'a>>,
    /// All program headers as they stand.
    programs: Vec<Bytes<'a>>,
}

struct Section<'a> {
    header: Bytes<'a>,
    name: &'a [u8],
    kind: u32,
    flags: u64,
    addr: u64,
    len: u64,
    align: u64,
    /// Empty where the section takes no space in the file.
    data: &'a [u8],
}

pub(super) fn make(name: &str, shipped: &[u8], with_debug: &[u8]) -> Result<Companion, Refused> {
    let shipped = Elf::read(shipped, Which::Shipped)?;
    let with_debug = Elf::read(with_debug, Which::WithDebug)?;
    if !with_debug.sections.iter().any(Section::is_debug_info) {
        return Err(Refused::NoDebugInformation);
    }
    same_program(&shipped, &with_debug)?;
    let bytes = with_debug
        .companion_of(&shipped)
        .ok_or_else(|| damaged(Which::WithDebug, "its sections overlap or are too long"))?;
    let by_id = shipped
        .gnu_build_id()
        .and_then(|id| Some((build_id_path(id)?, Identity::BuildId(hexadecimal(id)))));
    let (path, identity) = by_id.unwrap_or_else(|| (format!("{name}.debug"), Identity::Name));
    Ok(Companion {
        files: vec![File { path, bytes }],
        identity,
    })
}

impl<'a> Elf<'a> {
    fn read(data: &'a [u8], which: Which) -> Result<Elf<'a>, Refused> {
        let order = order(data).ok_or_else(|| damaged(which, "its class or byte order"))?;
        let bytes = Bytes::new(data, order);
        let layout = match order.width {
            Width::W32 => &ELF32,
            Width::W64 => &ELF64,
        };
        let programs = programs(bytes, layout);
        let programs = programs.ok_or_else(|| damaged(which, "its program headers"))?;
        let sections = sections(bytes, layout);
        let sections = sections.ok_or_else(|| damaged(which, "its section headers"))?;
        Ok(Elf {
            bytes,
            layout,
            sections,
            programs,
        })
    }

    fn loaded(&self) -> impl Iterator<Item = &Section<'a>> {
        self.sections.iter().filter(|section| section.is_loaded())
    }

    fn gnu_build_id(&self) -> Option<&'a [u8]> {
        let named = self.loaded().find(|section| section.name == GNU_BUILD_ID)?;
        let note = Bytes::new(named.data, self.bytes.order());
        let is_gnu = note.slice(0, 16)?.data().get(12..)? == b"GNU\0";
        let is_id = note.u32(0)? == 4 && note.u32(8)? == NT_GNU_BUILD_ID;
        let id = note.slice(16, note.u32(4)?.into())?.data();
        (is_gnu && is_id).then_some(id)
    }

    /// This file without what is loaded, with the notes and program headers of `shipped`.
    fn companion_of(&self, shipped: &Elf<'_>) -> Option<Vec<u8>> {
        let layout = self.layout;
        let order = self.bytes.order();
        let mut header = Fields::new(
            self.bytes.slice(0, layout.header as u64)?.data().to_vec(),
            order,
        );
        let mut out = vec![0; layout.header + layout.program.size * self.programs.len()];
        // Sections of a linker do not overlap, so all of them together are no longer than the file.
        let mut budget = self.bytes.data().len();
        let mut table = Vec::new();
        let mut notes = Vec::new();
        for section in &self.sections {
            let kept = section.kept(shipped);
            budget = budget.checked_sub(kept.len())?;
            let align = usize::try_from(section.align.clamp(1, MOST_ALIGNED)).ok()?;
            let at = append(&mut out, kept, align) as u64;
            let mut fields = Fields::new(section.header.data().to_vec(), order);
            if section.is_emptied() {
                fields.put(4, 4, SHT_NOBITS.into())?;
            }
            if section.is_loaded() && section.kind == SHT_NOTE {
                notes.push((section.addr, section.len, at));
            }
            let is_null = section.kind == SHT_NULL;
            fields.put_word(layout.section.offset, if is_null { 0 } else { at })?;
            table.extend(fields.bytes);
        }
        let table = append(&mut out, &table, 8);
        header.put_word(layout.phoff, layout.header as u64)?;
        header.put_word(layout.shoff, table as u64)?;
        let mut headers = header.bytes;
        for program in &shipped.programs {
            headers.extend(shipped.without_contents(*program, &notes)?);
        }
        out.get_mut(..headers.len())?.copy_from_slice(&headers);
        Some(out)
    }

    /// A program header with nothing of the file in its segment, except for notes.
    fn without_contents(&self, program: Bytes<'_>, notes: &[(u64, u64, u64)]) -> Option<Vec<u8>> {
        let layout = &self.layout.program;
        let mut fields = Fields::new(program.data().to_vec(), self.bytes.order());
        let filesz = program.word(layout.filesz as u64)?;
        let vaddr = program.word(layout.vaddr as u64)?;
        let is_note = program.u32(0)? == PT_NOTE;
        let at = is_note.then(|| place(notes, vaddr, filesz)).flatten();
        // A segment without contents still lies as its alignment asks.
        let align = program.word(layout.align as u64)?.max(1);
        fields.put_word(layout.offset, at.unwrap_or(vaddr % align))?;
        fields.put_word(layout.filesz, if at.is_some() { filesz } else { 0 })?;
        Some(fields.bytes)
    }
}

/// Where the notes between two addresses begin in the companion, if they lie there as they do in memory.
fn place(notes: &[(u64, u64, u64)], vaddr: u64, len: u64) -> Option<u64> {
    let end = vaddr.checked_add(len)?;
    let (_, _, start) = *notes.iter().find(|(addr, _, _)| *addr == vaddr)?;
    let mut inside = notes
        .iter()
        .filter(|(addr, _, _)| (vaddr..end).contains(addr));
    let lies_so = inside.all(|(addr, _, at)| at.checked_sub(start) == Some(addr - vaddr));
    let last = notes
        .iter()
        .filter_map(|(addr, len, _)| addr.checked_add(*len));
    let is_whole = last.filter(|stop| *stop <= end).max() == Some(end);
    (lies_so && is_whole).then_some(start)
}

impl<'a> Section<'a> {
    fn is_loaded(&self) -> bool {
        self.flags & SHF_ALLOC != 0
    }

    /// Its address and size are kept, its contents are not.
    fn is_emptied(&self) -> bool {
        self.is_loaded() && self.kind != SHT_NOTE
    }

    fn is_debug_info(&self) -> bool {
        matches!(self.name, b".debug_info" | b".zdebug_info") && !self.data.is_empty()
    }

    /// The contents that the companion gets.
    fn kept<'s>(&self, shipped: &Elf<'s>) -> &'s [u8]
    where
        'a: 's,
    {
        if self.is_emptied() {
            return &[];
        }
        if !self.is_loaded() {
            return self.data;
        }
        let same = shipped.loaded().find(|section| section.name == self.name);
        same.map_or(self.data, |section| section.data)
    }

    /// Why it is not the same as `other`, if it is not.
    fn difference(&self, other: &Section<'_>) -> Option<String> {
        let name = text(self.name);
        if self.name != other.name {
            let other = text(other.name);
            return Some(format!("the section {name} is missing or behind {other}"));
        }
        if self.addr != other.addr {
            return Some(format!(
                "the section {name} is at {:#x} and at {:#x}; linkers before Go 1.22 move read-only data of programs that are not \
                 position-independent, so build with -buildmode=pie or a newer Go",
                self.addr, other.addr
            ));
        }
        if (self.kind, self.flags) != (other.kind, other.flags) {
            return Some(format!("the section {name} is of another kind"));
        }
        if self.len != other.len {
            let (one, two) = (self.len, other.len);
            return Some(format!("the section {name} has {one} and {two} bytes"));
        }
        // The size is compared above, and what precedes the identity in the note is checked where it is read.
        if IDENTITIES.contains(&self.name) || self.data == other.data {
            return None;
        }
        let pairs = self.data.iter().zip(other.data);
        let at = pairs.take_while(|(one, two)| one == two).count() as u64;
        let address = self.addr.saturating_add(at);
        Some(format!("the section {name} differs at {address:#x}"))
    }
}

fn order(data: &[u8]) -> Option<Order> {
    Some(Order {
        width: match data.get(4)? {
            1 => Width::W32,
            2 => Width::W64,
            _ => return None,
        },
        endian: match data.get(5)? {
            1 => Endian::Little,
            2 => Endian::Big,
            _ => return None,
        },
    })
}

/// The entries of a header table, if all of it is there and has entries of the usual size.
fn table<'a>(
    bytes: Bytes<'a>,
    offset: usize,
    counts: usize,
    size: usize,
) -> Option<Vec<Bytes<'a>>> {
    let start = bytes.word(offset as u64)?;
    let (entry, count) = (bytes.u16(counts as u64)?, bytes.u16(counts as u64 + 2)?);
    if count > 0 && usize::from(entry) != size {
        return None;
    }
    let at = |index: u16| start.checked_add(u64::from(index) * size as u64);
    (0..count)
        .map(|index| bytes.slice(at(index)?, size as u64))
        .collect()
}

fn programs<'a>(bytes: Bytes<'a>, layout: &Layout) -> Option<Vec<Bytes<'a>>> {
    let size = layout.program.size;
    table(bytes, layout.phoff, layout.halves + 2, size).filter(|programs| !programs.is_empty())
}

fn sections<'a>(bytes: Bytes<'a>, layout: &Layout) -> Option<Vec<Section<'a>>> {
    let headers = table(bytes, layout.shoff, layout.halves + 6, layout.section.size)?;
    let contents = |header: Bytes<'a>| {
        let at = header.word(layout.section.offset as u64)?;
        let len = header.word(layout.section.len as u64)?;
        match header.u32(4)? {
            SHT_NOBITS | SHT_NULL => Some(&[][..]),
            _ => Some(bytes.slice(at, len)?.data()),
        }
    };
    let names = bytes.u16(layout.halves as u64 + 10)?;
    let names = contents(*headers.get(usize::from(names))?)?;
    let names = Bytes::new(names, bytes.order());
    let section = |header: Bytes<'a>| {
        Some(Section {
            header,
            name: names.short_c_str(header.u32(0)?.into(), 255)?,
            kind: header.u32(4)?,
            flags: header.word(8)?,
            addr: header.word(layout.section.addr as u64)?,
            len: header.word(layout.section.len as u64)?,
            align: header.word(layout.section.align as u64)?,
            data: contents(header)?,
        })
    };
    headers.into_iter().map(section).collect()
}

fn same_program(shipped: &Elf<'_>, with_debug: &Elf<'_>) -> Result<(), Refused> {
    let difference = header_difference(shipped, with_debug)
        .or_else(|| section_difference(shipped, with_debug))
        .or_else(|| segment_difference(shipped, with_debug));
    difference.map_or(Ok(()), |what| Err(Refused::Differs(what)))
}

/// Class, byte order, type, machine, entry point and flags.
fn header_difference(shipped: &Elf<'_>, with_debug: &Elf<'_>) -> Option<String> {
    let facts = |elf: &Elf<'_>| {
        let word = elf.bytes.order().width.bytes();
        let until_entry = elf.bytes.slice(0, 24 + word)?.data().to_vec();
        Some((until_entry, elf.bytes.u32(24 + 3 * word)?))
    };
    let same = facts(shipped).is_some_and(|facts_| Some(facts_) == facts(with_debug));
    (!same).then(|| "kind of file, machine or entry point".to_owned())
}

fn section_difference(shipped: &Elf<'_>, with_debug: &Elf<'_>) -> Option<String> {
    first_difference(
        shipped.loaded(),
        with_debug.loaded(),
        |one, other| one.difference(other),
        |one| format!("only one has the section {}", text(one.name)),
    )
}

/// Kinds, permissions, addresses and alignments of the segments. Not their sizes: what they hold are the sections, which are
/// compared, and up to Go 1.21 the names of all sections, which no program reads.
fn segment_difference(shipped: &Elf<'_>, with_debug: &Elf<'_>) -> Option<String> {
    let facts = |elf: &Elf<'_>| -> Option<Vec<Vec<u8>>> {
        let layout = &elf.layout.program;
        let programs = elf.programs.iter().map(|program| {
            let mut fields = Fields::new(program.data().to_vec(), elf.bytes.order());
            fields.put_word(layout.offset, 0)?;
            fields.put_word(layout.filesz, 0)?;
            fields.put_word(layout.memsz, 0)?;
            Some(fields.bytes)
        });
        programs.collect()
    };
    let same = facts(shipped).is_some_and(|ours| Some(ours) == facts(with_debug));
    (!same).then(|| "segments".to_owned())
}

//! A second opinion on what a pass claims, from the bytes alone: it shares no code with the reader, looks at one field at a
//! time, and has an opinion only where that field can be found.

/// Whether the claim of a rule's pass is true of the file; `None` where there is no opinion.
pub(crate) fn is_true(rule: &str, file: &[u8]) -> Option<bool> {
    match file.get(..4)? {
        b"\x7fELF" => Elf::of(file)?.is_true(rule),
        b"MZ\x90\0" => Pe::of(file)?.is_true(rule),
        [0xcf, 0xfa, 0xed, 0xfe] => MachO::of(file)?.is_true(rule),
        _ => None,
    }
}

/// Numbers at places.
#[derive(Clone, Copy)]
struct Reader<'a> {
    file: &'a [u8],
    big_endian: bool,
}

impl Reader<'_> {
    fn number(&self, at: u64, len: u64) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let bytes = self.file.get(at..at.checked_add(len as usize)?)?;
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(match self.big_endian {
            true => bytes.iter().fold(0, add),
            false => bytes.iter().rev().fold(0, add),
        })
    }

    fn half(&self, at: u64) -> Option<u64> {
        self.number(at, 2)
    }

    fn word(&self, at: u64) -> Option<u64> {
        self.number(at, 4)
    }
}

/// A program header.
#[derive(Clone, Copy)]
struct Segment {
    kind: u64,
    flags: u64,
    offset: u64,
    address: u64,
    len: u64,
}

struct Elf<'a> {
    read: Reader<'a>,
    wide: bool,
    segments: Vec<Segment>,
    /// Tags and values of the first dynamic table, up to the end mark; `None` where it is not to be found.
    dynamic: Option<Vec<(u64, u64)>>,
}

const PT_LOAD: u64 = 1;
const PT_DYNAMIC: u64 = 2;
const PT_INTERP: u64 = 3;
const PT_GNU_STACK: u64 = 0x6474_e551;
const PT_GNU_RELRO: u64 = 0x6474_e552;

impl<'a> Elf<'a> {
    fn of(file: &'a [u8]) -> Option<Elf<'a>> {
        let wide = *file.get(4)? == 2;
        let read = Reader {
            file,
            big_endian: *file.get(5)? == 2,
        };
        let (table, entry, count) = if wide {
            (read.number(32, 8)?, read.half(54)?, read.half(56)?)
        } else {
            (read.word(28)?, read.half(42)?, read.half(44)?)
        };
        // Loaders refuse headers of another size.
        if entry != if wide { 56 } else { 32 } {
            return None;
        }
        let segment = |index: u64| {
            let at = table.checked_add(index * entry)?;
            let (word, fields) = if wide {
                (8, [4, 8, 16, 32])
            } else {
                (4, [24, 4, 8, 16])
            };
            let [flags, offset, address, len] = fields.map(|field| at.checked_add(field));
            Some(Segment {
                kind: read.word(at)?,
                flags: read.word(flags?)?,
                offset: read.number(offset?, word)?,
                address: read.number(address?, word)?,
                len: read.number(len?, word)?,
            })
        };
        let segments: Option<Vec<Segment>> = (0..count).map(segment).collect();
        let mut elf = Elf {
            read,
            wide,
            segments: segments?,
            dynamic: None,
        };
        elf.dynamic = elf.dynamic();
        Some(elf)
    }

    /// Where it lies is what the loader sees: by its address.
    fn dynamic(&self) -> Option<Vec<(u64, u64)>> {
        let Some(table) = self.first(PT_DYNAMIC) else {
            return Some(Vec::new());
        };
        let holds = |s: &&Segment| {
            s.kind == PT_LOAD
                && (s.address..s.address.saturating_add(s.len)).contains(&table.address)
        };
        let mut holding = self.segments.iter().filter(holds);
        let segment = holding.next()?;
        if holding.next().is_some() {
            return None;
        }
        let start = segment
            .offset
            .checked_add(table.address - segment.address)?;
        let word = if self.wide { 8 } else { 4 };
        let mut entries = Vec::new();
        for index in 0.. {
            let at = start.checked_add(2 * word * index)?;
            let entry = (
                self.read.number(at, word)?,
                self.read.number(at + word, word)?,
            );
            if entry.0 == 0 {
                break;
            }
            entries.push(entry);
        }
        Some(entries)
    }

    fn first(&self, wanted: u64) -> Option<Segment> {
        self.segments
            .iter()
            .copied()
            .find(|segment| segment.kind == wanted)
    }

    fn has_tag(&self, tags: &[u64]) -> Option<bool> {
        let entries = self.dynamic.as_ref()?;
        Some(entries.iter().any(|(tag, _)| tags.contains(tag)))
    }

    fn has_flag(&self, tag: u64, flag: u64) -> Option<bool> {
        let entries = self.dynamic.as_ref()?;
        let mut of_tag = entries.iter().filter(|(of, _)| *of == tag);
        Some(of_tag.any(|(_, value)| value & flag != 0))
    }

    fn is_true(&self, rule: &str) -> Option<bool> {
        let has = |kind| self.first(kind).is_some();
        let flags = |kind| {
            self.segments
                .iter()
                .filter(move |segment| segment.kind == kind)
                .map(|segment| segment.flags)
        };
        Some(match rule {
            "T5-pie" => self.read.half(16)? == 3,
            "T5-stack" => {
                has(PT_GNU_STACK) && flags(PT_GNU_STACK).next_back().is_some_and(|f| f & 1 == 0)
            }
            "T5-write-execute" => flags(PT_LOAD).all(|f| f & 3 != 3),
            "T5-interpreter" => !has(PT_INTERP),
            "T3-static" | "T3-static-nss" => !has(PT_INTERP) && !self.has_tag(&[1])?,
            // DT_BIND_NOW, DF_BIND_NOW, DF_1_NOW
            "T5-relro" => {
                let now = self.has_tag(&[24])?
                    || self.has_flag(30, 8)?
                    || self.has_flag(0x6fff_fffb, 1)?;
                has(PT_GNU_RELRO) && now
            }
            // DT_RPATH, DT_RUNPATH; DT_TEXTREL, DF_TEXTREL
            "T5-runpath" => !self.has_tag(&[15, 29])?,
            "T5-text-relocations" => !self.has_tag(&[22])? && !self.has_flag(30, 4)?,
            "T1-debug-findable" => {
                let note =
                    |bytes: &[u8]| bytes.starts_with(b"GNU\0") || bytes == b".gnu_debuglink\0";
                self.read.file.windows(4).any(note) || self.read.file.windows(15).any(note)
            }
            "T8-symbol-table" => self.section_types()?.contains(&2),
            _ => return None,
        })
    }

    fn section_types(&self) -> Option<Vec<u64>> {
        let (table, entry, count) = if self.wide {
            (
                self.read.number(40, 8)?,
                self.read.half(58)?,
                self.read.half(60)?,
            )
        } else {
            (
                self.read.word(32)?,
                self.read.half(46)?,
                self.read.half(48)?,
            )
        };
        (0..count)
            .map(|index| self.read.word(table.checked_add(index * entry)? + 4))
            .collect()
    }
}

struct Pe<'a> {
    read: Reader<'a>,
    /// File offset of the optional header.
    optional: u64,
    sections: u64,
    count: u64,
}

impl<'a> Pe<'a> {
    fn of(file: &'a [u8]) -> Option<Pe<'a>> {
        let read = Reader {
            file,
            big_endian: false,
        };
        let header = read.word(60)?;
        let optional = header + 24;
        Some(Pe {
            read,
            optional,
            sections: optional + read.half(header + 20)?,
            count: read.half(header + 6)?,
        })
    }

    fn is_true(&self, rule: &str) -> Option<bool> {
        let flags = self.read.half(self.optional + 70)?;
        Some(match rule {
            "T5-pie" => flags & 0x40 != 0,
            "T5-stack" => flags & 0x100 != 0,
            "T8-symbol-table" => self.read.word(self.optional - 12)? != 0,
            "T5-high-entropy" => flags & 0x20 != 0,
            "T5-write-execute" => {
                let both = 0x2000_0000 | 0x8000_0000;
                let flags: Option<Vec<u64>> = (0..self.count)
                    .map(|index| self.read.word(self.sections + 40 * index + 36))
                    .collect();
                flags?.iter().all(|flags| flags & both != both)
            }
            _ => return None,
        })
    }
}

struct MachO<'a> {
    read: Reader<'a>,
    /// Kind and file offset of each load command.
    commands: Vec<(u64, u64)>,
}

impl<'a> MachO<'a> {
    fn of(file: &'a [u8]) -> Option<MachO<'a>> {
        let read = Reader {
            file,
            big_endian: false,
        };
        let mut at = 32;
        let mut commands = Vec::new();
        for _ in 0..read.word(16)?.min(1000) {
            commands.push((read.word(at)?, at));
            at += read.word(at + 4)?;
        }
        Some(MachO { read, commands })
    }

    fn is_true(&self, rule: &str) -> Option<bool> {
        let flags = self.read.word(24)?;
        let has = |wanted: u64| self.commands.iter().any(|(kind, _)| *kind == wanted);
        Some(match rule {
            "T5-pie" => flags & 0x20_0000 != 0,
            "T5-stack" => flags & 0x2_0000 == 0,
            // LC_RPATH, LC_UUID, LC_CODE_SIGNATURE
            "T5-runpath" => !has(0x8000_001c),
            "T1-debug-findable" => has(0x1b),
            "T5-signature" | "T5-hardened-runtime" => has(0x1d),
            // Initial protection of LC_SEGMENT_64
            "T5-write-execute" => {
                let segments = self.commands.iter().filter(|(kind, _)| *kind == 0x19);
                let initial: Option<Vec<u64>> =
                    segments.map(|(_, at)| self.read.word(at + 60)).collect();
                initial?.iter().all(|flags| flags & 6 != 6)
            }
            _ => return None,
        })
    }
}

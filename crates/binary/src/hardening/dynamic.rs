//! The dynamic table of an ELF image: what the loader is told, read the way the loader reads it.

use super::{Dynamic, gap};
use crate::address::VirtualAddress;
use crate::bytes::{Bytes, Width};
use crate::gap::Fact;
use crate::image::Image;
use crate::image::elf::{DynamicTable, ProgramHeader};
use std::cell::Cell;

const DT_NEEDED: u64 = 1;
const DT_PLTRELSZ: u64 = 2;
const DT_HASH: u64 = 4;
const DT_STRTAB: u64 = 5;
const DT_SYMTAB: u64 = 6;
const DT_RELA: u64 = 7;
const DT_RELASZ: u64 = 8;
const DT_STRSZ: u64 = 10;
const DT_SONAME: u64 = 14;
const DT_RPATH: u64 = 15;
const DT_REL: u64 = 17;
const DT_RELSZ: u64 = 18;
const DT_PLTREL: u64 = 20;
const DT_DEBUG: u64 = 21;
const DT_TEXTREL: u64 = 22;
const DT_JMPREL: u64 = 23;
const DT_BIND_NOW: u64 = 24;
const DT_RUNPATH: u64 = 29;
const DT_FLAGS: u64 = 30;
const DT_GNU_HASH: u64 = 0x6fff_fef5;
const DT_FLAGS_1: u64 = 0x6fff_fffb;
const DT_MIPS_SYMTABNO: u64 = 0x7000_0011;
const DF_TEXTREL: u64 = 4;
const DF_BIND_NOW: u64 = 8;
const DF_1_NOW: u64 = 1;
const DF_1_PIE: u64 = 0x0800_0000;
const EM_MIPS: u16 = 8;
const EM_S390: u16 = 22;

/// Reads the table that `header` (`PT_DYNAMIC`) describes.
pub(super) fn read<'a>(
    image: &Image<'a>,
    machine: u16,
    header: &ProgramHeader,
) -> Fact<Dynamic<'a>> {
    let table = DynamicTable::at(image, header)
        .ok_or_else(|| gap("the address of PT_DYNAMIC is not in the file"))?;
    let entries: Option<Vec<(u64, u64)>> = table.entries().collect();
    let entries = entries.ok_or_else(|| gap("the dynamic table has no end within the file"))?;
    let reader = Reader {
        image,
        machine,
        entries,
        budget: Cell::new(image.bytes().len().saturating_mul(4)),
    };
    reader.read()
}

struct Reader<'i, 'a> {
    image: &'i Image<'a>,
    machine: u16,
    entries: Vec<(u64, u64)>,
    /// Bytes of text that may still be looked at: strings of a hostile file can all share one long end.
    budget: Cell<u64>,
}

impl<'a> Reader<'_, 'a> {
    fn read(&self) -> Fact<Dynamic<'a>> {
        let flags = self.value(DT_FLAGS).unwrap_or(0);
        let flags_1 = self.value(DT_FLAGS_1).unwrap_or(0);
        Ok(Dynamic {
            needed: self.texts(DT_NEEDED)?,
            soname: self.texts(DT_SONAME)?.first().copied(),
            rpath: self.texts(DT_RPATH)?,
            runpath: self.texts(DT_RUNPATH)?,
            bind_now: self.has(DT_BIND_NOW) || flags & DF_BIND_NOW != 0 || flags_1 & DF_1_NOW != 0,
            pie_flag: flags_1 & DF_1_PIE != 0,
            procedure_relocations: self.has(DT_JMPREL),
            debug: self.has(DT_DEBUG),
            text_relocations: self.has(DT_TEXTREL) || flags & DF_TEXTREL != 0,
            imports: self.imports(),
        })
    }

    fn has(&self, tag: u64) -> bool {
        self.value(tag).is_some()
    }

    /// Of an entry that occurs again, the last counts: loaders keep one slot for each tag.
    fn value(&self, tag: u64) -> Option<u64> {
        let mut found = self.entries.iter().rev();
        found
            .find(|&&(other, _)| other == tag)
            .map(|&(_, value)| value)
    }

    fn texts(&self, tag: u64) -> Fact<Vec<&'a [u8]>> {
        let wanted = self.entries.iter().filter(|&&(other, _)| other == tag);
        wanted
            .map(|&(_, offset)| {
                self.strings()
                    .and_then(|strings| self.text(strings, offset))
                    .ok_or_else(|| gap("a text of the dynamic table is not in the file"))
            })
            .collect()
    }

    fn strings(&self) -> Option<Bytes<'a>> {
        let (at, len) = (self.value(DT_STRTAB)?, self.value(DT_STRSZ)?);
        self.image.slice(VirtualAddress(at), len)
    }

    fn text(&self, strings: Bytes<'a>, offset: u64) -> Option<&'a [u8]> {
        let rest = strings.tail(offset)?;
        let within = rest.slice(0, rest.len().min(self.budget.get()))?;
        let text = within.c_str(0)?;
        self.budget.set(self.budget.get() - text.len() as u64);
        Some(text)
    }

    /// Names of undefined symbols.
    fn imports(&self) -> Fact<Vec<&'a [u8]>> {
        let Some(table) = self.value(DT_SYMTAB) else {
            return Ok(Vec::new());
        };
        let count = self
            .symbols()
            .ok_or_else(|| gap("the number of dynamic symbols cannot be read"))?;
        let damaged = || gap("the dynamic symbol table is not in the file");
        if count <= 1 {
            return Ok(Vec::new());
        }
        let len = count.checked_mul(self.symbol_len()).ok_or_else(damaged)?;
        let symbols = self.image.slice(VirtualAddress(table), len);
        let symbols = symbols.ok_or_else(damaged)?;
        let strings = self.strings().ok_or_else(damaged)?;
        let mut names = Vec::new();
        // The first symbol stands for none.
        for index in 1..count {
            let name = self.import(symbols, strings, index);
            let name =
                name.ok_or_else(|| gap("the name of a dynamic symbol is not in the file"))?;
            names.extend(name);
        }
        Ok(names)
    }

    /// The name of a symbol; `Some(None)` where it is defined or has none, `None` where it cannot be read.
    fn import(
        &self,
        symbols: Bytes<'a>,
        strings: Bytes<'a>,
        index: u64,
    ) -> Option<Option<&'a [u8]>> {
        let section_at = match self.image.order.width {
            Width::W32 => 14,
            Width::W64 => 6,
        };
        let entry = symbols.tail(index.checked_mul(self.symbol_len())?)?;
        if entry.u16(section_at)? != 0 {
            return Some(None);
        }
        let name = self.text(strings, u64::from(entry.u32(0)?))?;
        Some(Some(name).filter(|name| !name.is_empty()))
    }

    fn symbol_len(&self) -> u64 {
        match self.image.order.width {
            Width::W32 => 16,
            Width::W64 => 24,
        }
    }

    /// How many symbols have to be looked at to see all undefined ones.
    ///
    /// No entry says how many symbols there are. A `DT_HASH` table has a word for each; the last chain of a `DT_GNU_HASH`
    /// table ends with the last symbol (GNU ld hashes some undefined ones too). Where that table is empty, linkers write
    /// 1 for the first hashed symbol: then those count that relocations name.
    fn symbols(&self) -> Option<u64> {
        // Relocations of MIPS are of another form, and its supplement counts the symbols.
        if self.machine == EM_MIPS {
            return self.value(DT_MIPS_SYMTABNO);
        }
        if let Some(at) = self.value(DT_HASH) {
            let table = self.image.tail(VirtualAddress(at))?;
            // s390x alone has 64-bit words here.
            return match (self.machine, self.image.order.width) {
                (EM_S390, Width::W64) => table.u64(8),
                _ => table.u32(4).map(u64::from),
            };
        }
        let first_hashed = match self.value(DT_GNU_HASH) {
            Some(at) => {
                let (first, count) = self.gnu_hash(at)?;
                if let Some(count) = count {
                    return Some(count);
                }
                first
            }
            None => 1,
        };
        Some(first_hashed.max(self.last_relocated()?.checked_add(1)?))
    }

    /// First hashed symbol of a `DT_GNU_HASH` table, and how many symbols there are unless it is empty.
    fn gnu_hash(&self, at: u64) -> Option<(u64, Option<u64>)> {
        let table = self.image.tail(VirtualAddress(at))?;
        let (buckets, bloom) = (u64::from(table.u32(0)?), u64::from(table.u32(8)?));
        let first = u64::from(table.u32(4)?);
        let start = bloom
            .checked_mul(self.image.order.width.bytes())?
            .checked_add(16)?;
        let heads = table.slice(start, buckets.checked_mul(4)?)?;
        let heads = (0..buckets).filter_map(|index| heads.u32(index * 4));
        let last_head = heads.max().filter(|&head| head != 0);
        let Some(last_head) = last_head else {
            return Some((first, None));
        };
        let chains = table.tail(start.checked_add(buckets.checked_mul(4)?)?)?;
        let mut index = u64::from(last_head).checked_sub(first)?;
        // The lowest bit marks the end of a chain.
        while chains.u32(index.checked_mul(4)?)? & 1 == 0 {
            index += 1;
        }
        Some((first, Some(first.checked_add(index)?.checked_add(1)?)))
    }

    /// The highest symbol that a relocation names; 0 where none does.
    fn last_relocated(&self) -> Option<u64> {
        let procedures_have_addends = self.value(DT_PLTREL) == Some(DT_RELA);
        let tables = [
            (DT_RELA, DT_RELASZ, true),
            (DT_REL, DT_RELSZ, false),
            (DT_JMPREL, DT_PLTRELSZ, procedures_have_addends),
        ];
        let mut last = 0;
        for (address, len, has_addend) in tables {
            let Some(address) = self.value(address) else {
                continue;
            };
            let table = self
                .image
                .slice(VirtualAddress(address), self.value(len)?)?;
            last = last.max(self.last_of(table, has_addend));
        }
        Some(last)
    }

    fn last_of(&self, table: Bytes<'a>, has_addend: bool) -> u64 {
        let words = if has_addend { 3 } else { 2 };
        let shift = match self.image.order.width {
            Width::W32 => 8,
            Width::W64 => 32,
        };
        let entries = table.len() / (words * self.image.order.width.bytes());
        let symbols = (0..entries).filter_map(|index| table.nth_word(index * words + 1));
        symbols.map(|info| info >> shift).max().unwrap_or(0)
    }
}

//! One function of the pc-line table: its record, its source positions and the calls inlined into it.

use super::pcvalue::{Budget, Run, Runs};
use super::{Pclntab, RecordFormat};
use crate::address::{NameOffset, TextOffset};
use crate::bytes::Bytes;

/// `PCDATA_InlTreeIndex` (`src/internal/abi/symtab.go`), the same in Go 1.18 to 1.27.
const PCDATA_INL_TREE_INDEX: u64 = 2;
/// `FUNCDATA_InlTree`, likewise.
const FUNCDATA_INL_TREE: u64 = 3;
/// A funcdata or file that is not there.
const NONE: u32 = u32::MAX;

/// A function that is in the binary as a function of its own.
#[derive(Clone, Copy)]
pub struct Function<'a> {
    table: Pclntab<'a>,
    record: Bytes<'a>,
    /// Entry, from the start of text.
    pub entry: TextOffset,
    /// Where the next function starts, from the start of text.
    pub end: TextOffset,
    /// Its name.
    pub name: NameOffset,
}

/// A file and a line of the source, as the compiler recorded them. The file name is hostile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position<'a> {
    /// File: absolute, or `module@version/...` with `-trimpath`.
    pub file: &'a [u8],
    /// Line, 1-based; 0 where the compiler has none.
    pub line: u32,
}

/// One record of an inline tree: a call whose callee was copied into the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InlinedCall {
    /// The callee.
    pub name: NameOffset,
    /// An instruction of the function, as offset from its entry, whose position is that of the call.
    pub parent_pc: u32,
}

impl<'a> Pclntab<'a> {
    /// The `index`-th function; `None` where the table or the record lies outside the file.
    pub fn function(&self, index: u32) -> Option<Function<'a>> {
        let entry_at = self.offsets.functions.checked_add(u64::from(index) * 8)?;
        let entry = TextOffset(self.bytes.u32(entry_at)?);
        let end = TextOffset(self.bytes.u32(entry_at.checked_add(8)?)?);
        let at = self
            .offsets
            .functions
            .checked_add(self.function_offset(index)?)?;
        let record = self.bytes.tail(at)?;
        let name = NameOffset(record.u32(4)?);
        Some(Function {
            table: *self,
            record,
            entry,
            end,
            name,
        })
    }
}

impl<'a> Function<'a> {
    /// Bytes of code, padding to the next function included; 0 where the table is not in order.
    pub fn len(&self) -> u32 {
        self.end.0.saturating_sub(self.entry.0)
    }

    /// True where there is no code.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of 4-byte fields before funcID.
    fn fixed_fields(&self) -> u64 {
        match self.table.format {
            RecordFormat::Go118 => 9,
            RecordFormat::Go120 => 10,
        }
    }

    fn pcdata_count(&self) -> Option<u64> {
        self.record.u32(7 * 4).map(u64::from)
    }

    fn funcdata_count(&self) -> Option<u64> {
        self.record.u8(self.fixed_fields() * 4 + 3).map(u64::from)
    }

    /// Bytes of the whole record.
    pub(crate) fn record_len(&self) -> Option<u64> {
        let counts = self.pcdata_count()?.checked_add(self.funcdata_count()?)?;
        (self.fixed_fields() + 1)
            .checked_add(counts)?
            .checked_mul(4)
    }

    /// The line of the `func` keyword (Go 1.20 and later).
    pub fn start_line(&self) -> Option<u32> {
        match self.table.format {
            RecordFormat::Go118 => None,
            RecordFormat::Go120 => self.record.u32(9 * 4),
        }
    }

    fn pcdata(&self, index: u64) -> Option<u32> {
        if index >= self.pcdata_count()? {
            return None;
        }
        self.record.u32((self.fixed_fields() + 1 + index) * 4)
    }

    /// Where the function's pc-value tables are, from the start of these tables: stack depth, files, lines, and others.
    pub(crate) fn pc_tables(&self) -> impl Iterator<Item = u32> + use<'a> {
        let record = self.record;
        let others = (self.fixed_fields() + 1) * 4;
        let count = self.pcdata_count().unwrap_or(0);
        let fields = [4, 5, 6].map(|field| field * 4);
        let all = fields
            .into_iter()
            .chain((0..count).map(move |index| others + index * 4));
        all.map_while(move |at| record.u32(at))
            .filter(|&table| table != 0)
    }

    /// The function's data: which (`FUNCDATA_…`), and where from `moduledata.gofunc`.
    pub(crate) fn data(&self) -> impl Iterator<Item = (u64, u32)> + use<'a> {
        let record = self.record;
        let first = (self.fixed_fields() + 1 + self.pcdata_count().unwrap_or(0)) * 4;
        let count = self.funcdata_count().unwrap_or(0);
        (0..count)
            .map_while(move |index| Some((index, record.u32(first + index * 4)?)))
            .filter(|&(_, offset)| offset != NONE)
    }

    /// How long a piece of the function's data is that starts at `bytes`, where its form tells.
    pub(crate) fn data_len(&self, kind: u64, bytes: Bytes<'a>, budget: &mut Budget) -> Option<u64> {
        match kind {
            // `runtime.stackmap`: number of maps, bits of each one.
            0 | 1 => {
                let (count, bits) = (u64::from(bytes.u32(0)?), u64::from(bytes.u32(4)?));
                count.checked_mul(bits.div_ceil(8))?.checked_add(8)
            }
            // Number of objects, then four 4-byte numbers for each one (`runtime.stackObjectRecord`).
            2 => {
                let word = bytes.order().width.bytes();
                bytes.word(0)?.checked_mul(16)?.checked_add(word)
            }
            FUNCDATA_INL_TREE => {
                let count = u64::from(self.inlined_count(budget));
                count.checked_mul(self.table.inline_record().size)
            }
            _ => None,
        }
    }

    /// The compilation unit, as index of its first entry in the table of units' files.
    pub(crate) fn unit(&self) -> Option<u32> {
        self.record.u32(8 * 4)
    }

    /// Where the inline tree is, from `moduledata.gofunc`.
    pub fn inline_tree(&self) -> Option<u32> {
        if FUNCDATA_INL_TREE >= self.funcdata_count()? {
            return None;
        }
        let field = self
            .fixed_fields()
            .checked_add(1)?
            .checked_add(self.pcdata_count()?)?
            + FUNCDATA_INL_TREE;
        self.record
            .u32(field.checked_mul(4)?)
            .filter(|&offset| offset != NONE)
    }

    fn runs<'b>(&self, table: u32, budget: &'b mut Budget) -> Option<Runs<'a, 'b>> {
        if table == 0 {
            return None;
        }
        let offsets = self.table.offsets;
        let pcs = self
            .table
            .bytes
            .slice(offsets.pcs, offsets.functions.checked_sub(offsets.pcs)?)?;
        Some(Runs::new(
            pcs.tail(u64::from(table))?.data(),
            self.table.min_lc,
            budget,
        ))
    }

    /// Runs of the inline tree index: -1 where the code is the function's own.
    fn inline_runs<'b>(&self, budget: &'b mut Budget) -> Option<Runs<'a, 'b>> {
        self.runs(self.pcdata(PCDATA_INL_TREE_INDEX)?, budget)
    }

    /// Number of records in the inline tree.
    pub(crate) fn inlined_count(&self, budget: &mut Budget) -> u32 {
        let highest = self
            .inline_runs(budget)
            .and_then(|runs| runs.map(|run| run.value).max());
        highest
            .and_then(|index| u32::try_from(index).ok())
            .map_or(0, |index| index.saturating_add(1))
    }

    /// The position recorded for the instruction at `offset` bytes from the entry: of the innermost inlined call there.
    pub(crate) fn position(&self, offset: u64, budget: &mut Budget) -> Option<Position<'a>> {
        let at = |run: &Run| offset < run.end;
        let file = self.runs(self.record.u32(5 * 4)?, budget)?.find(at)?.value;
        let line = self.runs(self.record.u32(6 * 4)?, budget)?.find(at)?.value;
        Some(Position {
            file: self.file(file, budget)?,
            line: u32::try_from(line).unwrap_or(0),
        })
    }

    /// The file recorded for the first instruction.
    pub(crate) fn first_file(&self, budget: &mut Budget) -> Option<&'a [u8]> {
        let file = self.runs(self.record.u32(5 * 4)?, budget)?.next()?.value;
        self.file(file, budget)
    }

    /// Whether it was written in assembly (`abi.FuncFlagAsm`, Go 1.18 and later).
    pub(crate) fn is_assembly(&self) -> bool {
        const ASM: u8 = 4;
        let flags = self.record.u8(self.fixed_fields() * 4 + 1);
        flags.is_some_and(|flags| flags & ASM != 0)
    }

    /// True where no file is recorded, as of code that came out of C objects.
    pub(crate) fn records_no_file(&self) -> bool {
        self.record.u32(5 * 4) == Some(0)
    }

    /// Where the function is defined: the file of its first instruction that is not inlined, and the line of its `func`
    /// keyword where it is recorded, else of that instruction.
    pub(crate) fn definition(&self, budget: &mut Budget) -> Option<Position<'a>> {
        let own = self.first_own_instruction(budget).unwrap_or(0);
        let position = self.position(own, budget)?;
        match self.start_line() {
            Some(line) if line != 0 => Some(Position { line, ..position }),
            _ => Some(position),
        }
    }

    /// Offset from the entry of the first instruction that is not inlined.
    fn first_own_instruction(&self, budget: &mut Budget) -> Option<u64> {
        let mut start = 0;
        for run in self.inline_runs(budget)? {
            if run.value < 0 {
                return Some(start);
            }
            start = run.end;
        }
        None
    }

    /// The name of the `index`-th file of the function's compilation unit.
    fn file(&self, index: i32, budget: &mut Budget) -> Option<&'a [u8]> {
        let unit = self.record.u32(8 * 4)?;
        let index = u64::from(unit).checked_add(u64::try_from(index).ok()?)?;
        let offsets = self.table.offsets;
        let entry = offsets.units.checked_add(index.checked_mul(4)?)?;
        if entry >= offsets.files {
            return None;
        }
        let file = self.table.bytes.u32(entry).filter(|&file| file != NONE)?;
        let name = self
            .table
            .bytes
            .c_str(offsets.files.checked_add(u64::from(file))?)?;
        // A search for the end goes sixteen bytes at a time at least. It counts, because all positions of a hostile file
        // can name the same megabyte.
        budget.take(name.len() as u64 / 16).then_some(name)
    }

    /// The `index`-th record of the inline tree that starts at `tree`.
    pub(crate) fn inlined_call(&self, tree: Bytes<'a>, index: u32) -> Option<InlinedCall> {
        let layout = self.table.inline_record();
        let record = tree.slice(u64::from(index) * layout.size, layout.size)?;
        Some(InlinedCall {
            name: NameOffset(record.u32(layout.name)?),
            parent_pc: record.u32(layout.parent_pc)?,
        })
    }
}

/// Where the fields of an inline tree record are (`runtime.inlinedCall`).
struct InlineRecord {
    size: u64,
    name: u64,
    parent_pc: u64,
}

impl<'a> Pclntab<'a> {
    fn inline_record(&self) -> InlineRecord {
        let (size, name, parent_pc) = match self.format {
            RecordFormat::Go118 => (20, 12, 16),
            RecordFormat::Go120 => (16, 4, 8),
        };
        InlineRecord {
            size,
            name,
            parent_pc,
        }
    }

    /// The names in the inline tree records that `tree` is full of, whether or not all of them belong to it.
    pub(crate) fn inlined_names(
        &self,
        tree: Bytes<'a>,
    ) -> impl Iterator<Item = NameOffset> + use<'a> {
        let layout = self.inline_record();
        let (size, name) = (layout.size as usize, layout.name as usize);
        let endian = tree.order().endian;
        // Hundreds of thousands of records pass through here: the fewer checks for each, the better.
        let records = tree.data().chunks_exact(size);
        records.filter_map(move |record| {
            let bytes = record.get(name..)?.first_chunk()?;
            Some(NameOffset(endian.u32(*bytes)))
        })
    }
}

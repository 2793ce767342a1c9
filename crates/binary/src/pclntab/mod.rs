//! The pc-line table (`runtime.pclntab`): names, functions, files and lines, which no stripping removes.
//!
//! Go 1.18 to 1.27; formats: `src/runtime/symtab.go` (`pcHeader`, `_func`, `inlinedCall`) and
//! `src/cmd/link/internal/ld/pcln.go`. Where the table is in the file is a question for `find`; that it is the right one is
//! proven by the module data that points to it.

pub(crate) mod find;
mod function;
mod pcvalue;

pub use function::{Function, InlinedCall, Position};
pub(crate) use pcvalue::Budget;

use crate::address::{NameOffset, VirtualAddress};
use crate::bytes::Bytes;

/// `pcHeader.magic` of Go 1.18 and 1.19.
pub(crate) const MAGIC_118: u32 = 0xffff_fff0;
/// `pcHeader.magic` of Go 1.20 and later.
pub(crate) const MAGIC_120: u32 = 0xffff_fff1;

/// How `_func` and inline tree records are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordFormat {
    /// Go 1.18 and 1.19: no start line; 20-byte inline records.
    Go118,
    /// Go 1.20 and later: start line; 16-byte inline records.
    Go120,
}

/// A pc-line table with a header that passed its checks.
#[derive(Clone, Copy)]
pub struct Pclntab<'a> {
    /// Address of the header.
    pub address: VirtualAddress,
    /// Record layout.
    pub format: RecordFormat,
    /// `pcHeader.minLC`: the unit of pc deltas in bytes.
    min_lc: u8,
    /// Number of functions.
    functions: u32,
    /// `pcHeader.textStart`: 0 from Go 1.26 on and before relocation.
    text_start: u64,
    offsets: Offsets,
    bytes: Bytes<'a>,
}

/// Offsets of the parts, from the header's first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offsets {
    pub(crate) names: u64,
    pub(crate) units: u64,
    pub(crate) files: u64,
    pub(crate) pcs: u64,
    pub(crate) functions: u64,
}

impl<'a> Pclntab<'a> {
    /// Reads and checks the header at the start of `bytes`; `format` settles the layout where the magic does not.
    pub(crate) fn parse(
        bytes: Bytes<'a>,
        address: VirtualAddress,
        format: Option<RecordFormat>,
    ) -> Option<Pclntab<'a>> {
        let word = bytes.order().width.bytes();
        if bytes.u16(4)? != 0 || u64::from(bytes.u8(7)?) != word {
            return None;
        }
        let min_lc = bytes.u8(6).filter(|quantum| matches!(quantum, 1 | 2 | 4))?;
        let field = |index: u64| bytes.word(8 + index * word);
        let offsets = Offsets {
            names: field(3)?,
            units: field(4)?,
            files: field(5)?,
            pcs: field(6)?,
            functions: field(7)?,
        };
        let functions = u32::try_from(field(0)?).ok().filter(|&count| count > 0)?;
        let header_len = 8 + 8 * word;
        let ordered = (header_len..=header_len + 64).contains(&offsets.names)
            && offsets.names < offsets.units
            && offsets.units <= offsets.files
            && offsets.files < offsets.pcs
            && offsets.pcs < offsets.functions;
        let table_len = u64::from(functions) * 8 + 4;
        if !ordered || bytes.slice(offsets.functions, table_len).is_none() {
            return None;
        }
        let magic = match bytes.u32(0)? {
            MAGIC_118 => Some(RecordFormat::Go118),
            MAGIC_120 => Some(RecordFormat::Go120),
            _ => None,
        };
        let mut table = Pclntab {
            address,
            format: RecordFormat::Go120,
            min_lc,
            functions,
            text_start: field(2)?,
            offsets,
            bytes,
        };
        table.format = magic.or(format).or_else(|| table.guess_format())?;
        table.function(0)?;
        Some(table)
    }

    /// The layout that the distances between records fit to, for a table whose magic was wiped.
    fn guess_format(mut self) -> Option<RecordFormat> {
        let mut fits = |format| {
            self.format = format;
            let pairs = (0..self.functions.min(200)).map_while(|index| {
                let function = self.function(index)?;
                let next = self.function_offset(index.checked_add(1)?)?;
                let len = next.checked_sub(self.function_offset(index)?)?;
                Some(
                    function
                        .record_len()
                        .is_some_and(|needed| (needed..needed + 8).contains(&len)),
                )
            });
            pairs.filter(|&fits| fits).count()
        };
        let (old, new) = (fits(RecordFormat::Go118), fits(RecordFormat::Go120));
        match old.cmp(&new) {
            std::cmp::Ordering::Greater => Some(RecordFormat::Go118),
            std::cmp::Ordering::Less => Some(RecordFormat::Go120),
            std::cmp::Ordering::Equal => None,
        }
    }

    /// Offset of a function's record in the function table part; the last functab entry has none.
    pub(crate) fn function_offset(&self, index: u32) -> Option<u64> {
        if index >= self.functions {
            return None;
        }
        self.bytes
            .u32(
                self.offsets
                    .functions
                    .checked_add(u64::from(index) * 8 + 4)?,
            )
            .map(u64::from)
    }

    /// The entries of the table of units' files: offsets into the table of files.
    pub(crate) fn unit_files(&self) -> Bytes<'a> {
        let len = self.offsets.files.saturating_sub(self.offsets.units);
        let entries = self.bytes.slice(self.offsets.units, len);
        entries.unwrap_or(Bytes::new(&[], self.bytes.order()))
    }

    /// Number of functions.
    pub fn function_count(&self) -> u32 {
        self.functions
    }

    /// `pcHeader.textStart`, where it is filled in.
    pub fn text_start(&self) -> Option<VirtualAddress> {
        (self.text_start != 0).then_some(VirtualAddress(self.text_start))
    }

    pub(crate) fn offsets(&self) -> Offsets {
        self.offsets
    }

    /// The function name table: NUL-terminated linker names of every function that is in the binary, emitted or inlined.
    pub fn name_table(&self) -> &'a [u8] {
        let len = self.offsets.units.saturating_sub(self.offsets.names);
        self.bytes
            .slice(self.offsets.names, len)
            .map(Bytes::data)
            .unwrap_or_default()
    }

    /// The file table: NUL-terminated names of every source file that has code in the binary.
    pub fn file_table(&self) -> &'a [u8] {
        let len = self.offsets.pcs.saturating_sub(self.offsets.files);
        self.bytes
            .slice(self.offsets.files, len)
            .map(Bytes::data)
            .unwrap_or_default()
    }

    /// Every name with its offset, in table order. Bytes are as in the file: hostile, UTF-8 in honest binaries.
    pub fn names(&self) -> impl Iterator<Item = (NameOffset, &'a [u8])> + use<'a> {
        let table = self.name_table();
        let mut start = 0;
        let ends = memchr::memchr_iter(0, table).chain(std::iter::once(table.len()));
        ends.filter_map(move |end| {
            let name = table.get(start..end)?;
            let offset = NameOffset(u32::try_from(start).ok()?);
            start = end.checked_add(1)?;
            (!name.is_empty()).then_some((offset, name))
        })
    }

    /// The name at an offset; it must be terminated within the table.
    pub fn name(&self, offset: NameOffset) -> Option<&'a [u8]> {
        Bytes::new(self.name_table(), self.bytes.order()).c_str(u64::from(offset.0))
    }

    /// True where a name starts at the offset: it is the first, or a NUL is before it. No function's name is empty, so a
    /// stretch of zeros is no row of names.
    pub(crate) fn is_name_start(&self, offset: NameOffset) -> bool {
        let table = self.name_table();
        let Ok(at) = usize::try_from(offset.0) else {
            return false;
        };
        let follows = at
            .checked_sub(1)
            .is_none_or(|before| table.get(before) == Some(&0));
        follows && table.get(at).is_some_and(|&first| first != 0)
    }

    /// The functions in order of their entries, up to the first record that lies outside the table.
    pub fn functions(&self) -> impl Iterator<Item = Function<'a>> + use<'a> {
        let table = *self;
        (0..self.functions).map_while(move |index| table.function(index))
    }
}

//! All functions of a binary one after the other, for lists and counts: code, source position, inlined calls.
//!
//! One budget serves the whole walk, so that it is linear in the file's size whatever the tables say.

use crate::address::{NameOffset, VirtualAddress};
use crate::binary::Binary;
use crate::gap::{Fact, Gap, Topic};
use crate::pclntab::Position;

/// One function that is in the binary. Texts are hostile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed<'a> {
    /// Linker name.
    pub name: &'a [u8],
    /// Its code; `None` where it is only there inlined into others.
    pub code: Option<Emitted<'a>>,
}

/// The code of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Emitted<'a> {
    /// Entry, where the text base is known.
    pub address: Option<VirtualAddress>,
    /// Bytes of machine code, padding behind it included.
    pub len: u32,
    /// Where it is defined.
    pub position: Option<Position<'a>>,
    /// Calls that were inlined into it.
    pub inlined: u32,
}

/// How many functions there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FunctionCounts {
    /// Functions of their own.
    pub emitted: u64,
    /// Functions that are only there inlined into others.
    pub only_inlined: u64,
    /// Calls that were inlined.
    pub inlined_calls: u64,
}

impl<'a> Binary<'a> {
    /// Shows every function to `visit`: those with code in order of their entries, then those that are only inlined, in
    /// the order of their names in the table. What could not be shown is a gap.
    pub fn each_function(&self, mut visit: impl FnMut(Listed<'a>)) -> Vec<Gap> {
        let table = match self.pclntab() {
            Ok(table) => table,
            Err(gap) => return vec![gap.clone()],
        };
        let mut budget = self.budget();
        let mut emitted = Emissions::new(table.name_table().len());
        let (mut seen, mut nameless) = (0, 0u64);
        for function in table.functions() {
            seen += 1;
            emitted.note(function.name);
            let Some(name) = table
                .name(function.name)
                .filter(|name| budget.take(name.len() as u64 / 16))
            else {
                nameless += 1;
                continue;
            };
            let code = Emitted {
                address: self.address(&function),
                len: function.len(),
                position: function.definition(&mut budget),
                inlined: function.inlined_count(&mut budget),
            };
            visit(Listed {
                name,
                code: Some(code),
            });
        }
        let only_inlined = table.names().filter(|(offset, _)| !emitted.has(*offset));
        only_inlined.for_each(|(_, name)| visit(Listed { name, code: None }));
        let mut gaps = Vec::new();
        if seen < table.function_count() {
            let reason = "function records lie outside the pc-line table";
            gaps.push(Gap::new(Topic::Functions, reason));
        }
        if nameless > 0 {
            let reason = format!("{nameless} functions have no readable name");
            gaps.push(Gap::new(Topic::Symbols, reason));
        }
        if budget.is_spent() {
            let reason =
                "the tables of the functions overlap so much that not all could be decoded";
            gaps.push(Gap::new(Topic::Lines, reason));
        }
        gaps
    }

    /// Counts functions, names and inlined calls.
    ///
    /// # Errors
    /// The first gap in what is counted: a part of the count would look like the whole.
    pub fn function_counts(&self) -> Fact<FunctionCounts> {
        let table = self.pclntab().map_err(Clone::clone)?;
        let mut budget = self.budget();
        let mut emitted = Emissions::new(table.name_table().len());
        let mut counts = FunctionCounts::default();
        for function in table.functions() {
            emitted.note(function.name);
            counts.emitted += 1;
            counts.inlined_calls += u64::from(function.inlined_count(&mut budget));
        }
        if counts.emitted < u64::from(table.function_count()) {
            let reason = "function records lie outside the pc-line table";
            return Err(Gap::new(Topic::Functions, reason));
        }
        if budget.is_spent() {
            let reason =
                "the tables of the functions overlap so much that not all could be decoded";
            return Err(Gap::new(Topic::InlineTree, reason));
        }
        let only_inlined = table.names().filter(|(offset, _)| !emitted.has(*offset));
        counts.only_inlined = only_inlined.count() as u64;
        Ok(counts)
    }
}

/// Which names have code, one bit for each offset into the name table.
struct Emissions {
    bits: Vec<u64>,
}

impl Emissions {
    fn new(table_len: usize) -> Emissions {
        Emissions {
            bits: vec![0; table_len.div_ceil(64)],
        }
    }

    fn note(&mut self, NameOffset(offset): NameOffset) {
        if let Some(word) = self.bits.get_mut(offset as usize / 64) {
            *word |= 1 << (offset % 64);
        }
    }

    fn has(&self, NameOffset(offset): NameOffset) -> bool {
        let word = self.bits.get(offset as usize / 64);
        word.is_some_and(|word| word >> (offset % 64) & 1 != 0)
    }
}

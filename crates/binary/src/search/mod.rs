//! Where wanted names are: one walk over all functions, then only the inline trees that hold a wanted name.
//!
//! The number of records of an inline tree is known only by decoding a pc-value table. That is done for the few functions
//! whose tree has a wanted name at all, which is found out by looking at the trees themselves, one after the other.

mod starts;

use crate::address::NameOffset;
use crate::binary::{Binary, Occurrence};
use crate::bytes::Bytes;
use crate::gap::{Gap, Topic};
use crate::pclntab::{Budget, Function, Pclntab};
use starts::Starts;

/// The wanted names as one bit for each offset into the name table.
struct Wanted {
    bits: Vec<u64>,
}

impl Wanted {
    fn new(names: &[NameOffset], table_len: usize) -> Wanted {
        let mut bits = vec![0u64; table_len.div_ceil(64)];
        for &NameOffset(offset) in names {
            if let Some(word) = bits.get_mut(offset as usize / 64) {
                *word |= 1 << (offset % 64);
            }
        }
        Wanted { bits }
    }

    fn remove(&mut self, NameOffset(offset): NameOffset) {
        if let Some(word) = self.bits.get_mut(offset as usize / 64) {
            *word &= !(1 << (offset % 64));
        }
    }

    #[inline]
    fn contains(&self, NameOffset(offset): NameOffset) -> bool {
        let word = self.bits.get(offset as usize / 64);
        word.is_some_and(|word| word >> (offset % 64) & 1 != 0)
    }
}

/// How many places of a name are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Places {
    /// Every function, every inlined call.
    All,
    /// The places up to the first one that has a source position.
    First,
}

/// An inline tree: its offset from `moduledata.gofunc`, and the number of a function that it belongs to.
#[derive(Clone, Copy)]
struct Tree {
    offset: u32,
    function: u32,
}

/// One search.
pub(crate) struct Search<'s, 'a> {
    binary: &'s Binary<'a>,
    table: &'s Pclntab<'a>,
    wanted: Wanted,
    places: Places,
    budget: Budget,
    trees: Vec<Tree>,
    found: &'s mut dyn FnMut(Occurrence<'a>),
    /// Some tree or record of one is not in the file.
    lost_trees: bool,
    gaps: Vec<Gap>,
}

impl<'s, 'a> Search<'s, 'a> {
    /// Finds the names in `wanted`: functions in their order, then inlined calls in the order of the functions that they
    /// are in.
    pub(crate) fn run(
        binary: &'s Binary<'a>,
        table: &'s Pclntab<'a>,
        wanted: &[NameOffset],
        places: Places,
        found: &'s mut dyn FnMut(Occurrence<'a>),
    ) -> Vec<Gap> {
        let mut search = Search {
            binary,
            table,
            wanted: Wanted::new(wanted, table.name_table().len()),
            places,
            budget: binary.budget(),
            trees: Vec::new(),
            found,
            lost_trees: false,
            gaps: Vec::new(),
        };
        search.functions();
        if !wanted.is_empty() {
            search.inline_trees();
        }
        search.gaps
    }

    fn gap(&mut self, topic: Topic, reason: &str) {
        self.gaps.push(Gap::new(topic, reason));
    }

    /// Meets every function, checks that it points to a name, and notes its inline tree.
    fn functions(&mut self) {
        let mut nameless = false;
        let mut seen = 0;
        for function in self.table.functions() {
            nameless |= !self.table.is_name_start(function.name);
            if self.wanted.contains(function.name) {
                let position = function.definition(&mut self.budget);
                self.take(&function, function.name, false, position);
            }
            let tree = function.inline_tree();
            self.trees.extend(tree.map(|offset| Tree {
                offset,
                function: seen,
            }));
            seen += 1;
        }
        if seen < self.table.function_count() {
            self.gap(
                Topic::Functions,
                "function records lie outside the pc-line table",
            );
        }
        if nameless {
            self.gap(
                Topic::Symbols,
                "functions point to where no name starts: the function name table is damaged",
            );
        }
    }

    fn take(
        &mut self,
        function: &Function<'a>,
        name: NameOffset,
        inlined: bool,
        position: Option<crate::pclntab::Position<'a>>,
    ) {
        if self.places == Places::First && position.is_some() {
            self.wanted.remove(name);
        }
        let address = self.binary.address(function);
        (self.found)(Occurrence {
            name,
            function: function.name,
            address,
            inlined,
            position,
        });
    }

    /// Finds the inlined calls.
    fn inline_trees(&mut self) {
        let Ok(module_data) = self.binary.module_data() else {
            return;
        };
        let Some(region) = module_data
            .gofunc
            .and_then(|gofunc| self.binary.image().tail(gofunc))
        else {
            self.gap(
                Topic::InlineTree,
                "the module data has an unknown layout, so inlined calls cannot be placed",
            );
            return;
        };
        let trees = std::mem::take(&mut self.trees);
        let holding = self.holding(&trees, region);
        for tree in trees {
            if holding.contains(tree.offset) || tree.offset % Starts::UNIT != 0 {
                self.inline_tree(region, tree);
            }
        }
        if self.lost_trees {
            self.gap(Topic::InlineTree, "inline trees lie outside the file");
        }
        if self.budget.is_spent() {
            self.gap(
                Topic::InlineTree,
                "the tables of the functions overlap so much that not all could be decoded",
            );
        }
    }

    /// Where the trees are that hold a wanted name, or seem to.
    fn holding(&mut self, trees: &[Tree], region: Bytes<'a>) -> Starts {
        let highest = trees.iter().map(|tree| tree.offset).max().unwrap_or(0);
        // What lies outside the region is not there, however far out.
        let highest = highest.min(u32::try_from(region.len()).unwrap_or(u32::MAX));
        let (mut starts, mut holding) = (Starts::up_to(highest), Starts::up_to(highest));
        for tree in trees {
            self.lost_trees |= u64::from(tree.offset) >= region.len();
            starts.add(tree.offset);
        }
        let mut starts = starts.iter().peekable();
        while let Some(start) = starts.next() {
            // A tree ends where the next one starts, at the latest.
            let end = starts.peek().map_or(region.len(), |&next| u64::from(next));
            let extent = end.saturating_sub(u64::from(start));
            let tree = region.slice(u64::from(start), extent);
            let mut names = tree
                .into_iter()
                .flat_map(|tree| self.table.inlined_names(tree));
            if names.any(|name| self.wanted.contains(name)) {
                holding.add(start);
            }
        }
        holding
    }

    fn inline_tree(&mut self, region: Bytes<'a>, tree: Tree) {
        let function = self.table.function(tree.function);
        let (Some(function), Some(records)) = (function, region.tail(u64::from(tree.offset)))
        else {
            return;
        };
        for index in 0..function.inlined_count(&mut self.budget) {
            let Some(call) = function.inlined_call(records, index) else {
                self.lost_trees = true;
                return;
            };
            if !self.budget.take(1) {
                return;
            }
            if self.wanted.contains(call.name) {
                let position = function.position(u64::from(call.parent_pc), &mut self.budget);
                self.take(&function, call.name, true, position);
            }
        }
    }
}

//! Meets all types of a binary: those that are listed, and those that they are made of.

use super::descriptor::{Descriptor, Reader, itab_len};
use super::{Itab, Kind, Name, Type, Types, gap};
use crate::address::VirtualAddress;
use crate::binary::Binary;
use crate::gap::{Fact, Gap};
use crate::image::Image;
use crate::moduledata::TypeList;
use crate::pclntab::Budget;

/// A name that a type uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Where it is.
    pub(crate) address: VirtualAddress,
    /// Bytes of its encoding.
    pub(crate) len: u64,
    /// Index into the types.
    pub(crate) user: u32,
}

/// What a walk over the types of a binary gives.
#[derive(Debug, Default)]
pub(crate) struct Walk<'a> {
    pub(crate) types: Types<'a>,
    /// Names by user, in the order in which they were met; only where asked for.
    pub(crate) names: Vec<Piece>,
    /// Where the pointer maps of types are, and their bytes; sorted, each once.
    pub(crate) pointer_maps: Vec<(VirtualAddress, u64)>,
    /// For each type the package that declares it, or else one that declares what it is made of.
    pub(crate) packages: Vec<Option<&'a str>>,
}

impl<'a> Walk<'a> {
    /// Walks all types of a binary; with the places of their names where `names` says so.
    pub(crate) fn run(binary: &Binary<'a>, names: bool) -> Fact<Walk<'a>> {
        let data = binary.module_data().map_err(Gap::clone)?;
        let region = data
            .types
            .ok_or_else(|| gap("the module data has an unknown layout"))?;
        let reader = Reader {
            image: binary.image(),
            region,
        };
        let mut walker = Walker {
            reader: &reader,
            budget: binary.budget(),
            seen: Seen::new(&reader),
            waiting: Vec::new(),
            walk: Walk::default(),
            parts: Vec::new(),
            part_starts: Vec::new(),
            names,
            lost: false,
        };
        walker.listed(region.list);
        walker.finish(region.list)
    }
}

/// The index of each type, by its address: a slot for each word of the types. (Keys of a hash table would be chosen by
/// the file.)
struct Seen {
    start: u64,
    word: u64,
    /// Indexes, counted from 1; 0 where no type is.
    slots: Vec<u32>,
}

impl Seen {
    fn new(reader: &Reader<'_, '_>) -> Seen {
        let region = reader.region;
        // No type is outside of the file, whatever the module data says of its end.
        let len = region.end.0.saturating_sub(region.start.0);
        let word = reader.word();
        let slots = len.min(2 * reader.image.data_len()) / word + 1;
        Seen {
            start: region.start.0 - region.start.0 % word,
            word,
            slots: vec![0; usize::try_from(slots).unwrap_or(0)],
        }
    }

    fn slot(&self, address: VirtualAddress) -> Option<usize> {
        let offset = address.0.checked_sub(self.start)?;
        let aligned = offset.is_multiple_of(self.word);
        usize::try_from(offset / self.word).ok().filter(|_| aligned)
    }

    fn get(&self, address: VirtualAddress) -> Option<u32> {
        self.slots.get(self.slot(address)?)?.checked_sub(1)
    }

    /// `None` for an address that can be none of a type.
    fn insert(&mut self, address: VirtualAddress, index: u32) -> Option<()> {
        let slot = self.slot(address)?;
        *self.slots.get_mut(slot)? = index.checked_add(1)?;
        Some(())
    }
}

struct Walker<'s, 'a> {
    reader: &'s Reader<'s, 'a>,
    budget: Budget,
    seen: Seen,
    waiting: Vec<VirtualAddress>,
    walk: Walk<'a>,
    /// Addresses of the types that each type is made of, one type behind the other; and where those of each one start.
    parts: Vec<VirtualAddress>,
    part_starts: Vec<usize>,
    names: bool,
    /// A listed or used type is none.
    lost: bool,
}

impl<'a> Walker<'_, 'a> {
    fn image(&self) -> &Image<'a> {
        self.reader.image
    }

    /// The types that the binary lists, and all that they lead to.
    fn listed(&mut self, list: TypeList) {
        match list {
            TypeList::Links { types, .. } => {
                let (at, count) = types.unwrap_or((VirtualAddress(0), 0));
                for index in 0..count {
                    let offset = at
                        .offset(index.saturating_mul(4))
                        .and_then(|at| self.image().slice(at, 4)?.i32(0));
                    let Some(address) = offset.and_then(|offset| self.reader.at_offset(offset))
                    else {
                        self.lost = true;
                        break;
                    };
                    self.lost |= self.meet(address).is_none();
                    self.meet_waiting();
                }
            }
            TypeList::InOrder { types, .. } => self.in_order(types),
        }
        self.meet_waiting();
    }

    fn in_order(&mut self, len: u64) {
        let start = self.reader.region.start;
        let word = self.reader.word();
        let Some(end) = start.offset(len) else { return };
        let mut next = start.offset(word);
        while let Some(address) = next.filter(|&address| address < end) {
            let Some(len) = self.meet(address) else {
                self.lost = true;
                return;
            };
            next = address
                .offset(len.max(1))
                .and_then(|at| Some(VirtualAddress(at.0.checked_next_multiple_of(word)?)));
        }
    }

    fn meet_waiting(&mut self) {
        while let Some(address) = self.waiting.pop() {
            self.lost |= self.meet(address).is_none();
        }
    }

    /// Notes the type at an address; gives the length of its descriptor.
    fn meet(&mut self, address: VirtualAddress) -> Option<u64> {
        if let Some(index) = self.seen.get(address) {
            return Some(self.walk.types.list.get(index as usize)?.descriptor_len);
        }
        let reader = self.reader;
        let descriptor = reader.descriptor(address)?;
        let name = descriptor.name()?;
        if !self.budget.take(64 + name.len / 16) {
            return None;
        }
        let len = descriptor.len();
        let package = descriptor.package();
        let index = u32::try_from(self.walk.types.list.len()).ok()?;
        self.seen.insert(address, index)?;
        self.walk.types.list.push(Type {
            address,
            kind: descriptor.kind,
            name: descriptor.text(name),
            package: package.map(|package| package.text),
            named: descriptor.is_named(),
            value_len: descriptor.value_len()?,
            methods: descriptor.methods().map_or(0, |(count, _)| count as u32),
            descriptor_len: len,
        });
        self.part_starts.push(self.parts.len());
        self.note_name(Some(name), index);
        self.note_name(package, index);
        if self.names {
            self.walk.pointer_maps.extend(descriptor.pointer_map());
        }
        self.components(&descriptor);
        self.members(&descriptor, index);
        self.methods(&descriptor, index);
        Some(len)
    }

    fn note_name(&mut self, name: Option<Name<'a>>, user: u32) {
        if let Some(name) = name.filter(|_| self.names) {
            self.walk.names.push(Piece {
                address: name.address,
                len: name.len,
                user,
            });
        }
    }

    fn components(&mut self, descriptor: &Descriptor<'_, 'a>) {
        for part in descriptor.components() {
            self.waiting.extend(part);
            self.parts.extend(part);
        }
        self.waiting.extend(descriptor.pointer_type());
    }

    fn members(&mut self, descriptor: &Descriptor<'_, 'a>, index: u32) {
        let Some((count, start)) = descriptor.members() else {
            return;
        };
        for number in 0..count {
            let member = descriptor.member(start, number);
            let Some((name, part)) = member.filter(|_| self.budget.take(8)) else {
                self.lost = true;
                return;
            };
            self.waiting.extend(part);
            self.parts.extend(part);
            if self.names {
                self.note_name(name.and_then(|name| self.reader.name(name)), index);
            }
        }
    }

    fn methods(&mut self, descriptor: &Descriptor<'_, 'a>, index: u32) {
        let count = descriptor.methods().map_or(0, |(count, _)| count);
        for number in 0..count {
            let method = descriptor.method(number);
            let Some((name, signature)) = method.filter(|_| self.budget.take(16)) else {
                self.lost = true;
                return;
            };
            // Types of methods that the linker removed are not there.
            self.waiting.extend(signature);
            if self.names {
                self.note_name(name.and_then(|name| self.reader.name(name)), index);
            }
        }
    }

    fn finish(mut self, list: TypeList) -> Fact<Walk<'a>> {
        if self.walk.types.list.is_empty() {
            return Err(gap("no type descriptor could be read"));
        }
        self.walk.types.itabs = self.itabs(list);
        self.meet_waiting();
        self.walk.packages = self.packages();
        self.sort();
        self.walk.pointer_maps.sort_unstable();
        self.walk.pointer_maps.dedup_by_key(|map| map.0);
        if self.budget.is_spent() {
            let reason = "the descriptors overlap so much that not all were read";
            self.walk.types.gaps.push(gap(reason));
        } else if self.lost {
            let reason = "types are listed or used where no type descriptor is";
            self.walk.types.gaps.push(gap(reason));
        }
        Ok(self.walk)
    }

    /// The package of each type; of those that no package declares, that of the first part that has one.
    fn packages(&self) -> Vec<Option<&'a str>> {
        // `map[string][]*p.T` takes three rounds, and few types take more.
        const ROUNDS: usize = 4;
        let mut packages: Vec<_> = self.walk.types.list.iter().map(|one| one.package).collect();
        let ends = self
            .part_starts
            .iter()
            .skip(1)
            .copied()
            .chain([self.parts.len()]);
        let ranges: Vec<_> = self.part_starts.iter().copied().zip(ends).collect();
        for _ in 0..ROUNDS {
            for (index, &(start, end)) in ranges.iter().enumerate() {
                if packages.get(index).is_some_and(Option::is_some) {
                    continue;
                }
                let parts = self.parts.get(start..end).unwrap_or_default();
                let indexes = parts.iter().filter_map(|&part| self.seen.get(part));
                let found = indexes
                    .filter_map(|part| packages.get(part as usize).copied().flatten())
                    .next();
                if let Some(package) = packages.get_mut(index) {
                    *package = found;
                }
            }
        }
        packages
    }

    /// Everything in the order of addresses.
    fn sort(&mut self) {
        let list = &self.walk.types.list;
        let mut order: Vec<u32> = (0..).take(list.len()).collect();
        order.sort_unstable_by_key(|&index| list.get(index as usize).map(|one| one.address));
        let mut rank = vec![0u32; list.len()];
        for (place, &index) in (0..).zip(&order) {
            if let Some(rank) = rank.get_mut(index as usize) {
                *rank = place;
            }
        }
        let packages = &self.walk.packages;
        let at = |index: &u32| packages.get(*index as usize).copied().flatten();
        self.walk.packages = order.iter().map(at).collect();
        let at = |index: &u32| list.get(*index as usize).copied();
        self.walk.types.list = order.iter().filter_map(at).collect();
        for piece in &mut self.walk.names {
            piece.user = rank.get(piece.user as usize).copied().unwrap_or(0);
        }
    }

    fn itabs(&mut self, list: TypeList) -> Vec<Itab> {
        let mut itabs = Vec::new();
        match list {
            TypeList::Links { itabs: links, .. } => {
                let (at, count) = links.unwrap_or((VirtualAddress(0), 0));
                let word = self.reader.word();
                for index in 0..count {
                    let link = at.offset(index.saturating_mul(word));
                    let address = link.and_then(|link| self.image().pointer(link));
                    let Some(itab) = address.and_then(|address| self.itab(address)) else {
                        self.lost = true;
                        break;
                    };
                    itabs.push(itab);
                }
            }
            TypeList::InOrder {
                itabs: (offset, len),
                ..
            } => {
                let start = self.reader.region.start.offset(offset);
                let end = start.and_then(|start| start.offset(len));
                let mut next = start;
                while let Some(address) = next.filter(|&address| Some(address) < end) {
                    let Some(itab) = self.itab(address) else {
                        self.lost = true;
                        break;
                    };
                    itabs.push(itab);
                    next = address.offset(itab.len);
                }
            }
        }
        itabs.sort_unstable_by_key(|itab| itab.address);
        itabs.dedup_by_key(|itab| itab.address);
        itabs
    }

    fn itab(&mut self, address: VirtualAddress) -> Option<Itab> {
        let word = self.reader.word();
        let interface = self.image().pointer(address)?;
        let concrete = self.image().pointer(address.offset(word)?)?;
        let descriptor = self.reader.descriptor(interface)?;
        if descriptor.kind != Kind::Interface || !self.budget.take(16) {
            return None;
        }
        let (methods, _) = descriptor.members()?;
        self.waiting.extend([interface, concrete]);
        Some(Itab {
            address,
            interface,
            concrete,
            len: itab_len(self.image().order.width, methods),
        })
    }
}

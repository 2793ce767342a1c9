//! Machine code, the pc-line table and the function data beside it, by the functions that they are for.
//!
//! The linker keeps equal pieces once, and writes pieces one behind the other. So the starts that functions name cut a
//! table completely: a piece ends where the next one starts, and belongs to the first function that names it.

use super::ledger::{Label, Ledger};
use super::packages::Packages;
use super::starts::{Start, sort};
use super::{FunctionSize, How, Kind, Owner, RuntimeTable, Structure, file_range};
use crate::address::{NameOffset, VirtualAddress};
use crate::binary::Binary;
use crate::bytes::Bytes;
use crate::image::Kind as ImageKind;
use crate::pclntab::{Function, Pclntab};
use std::ops::Range;

/// A function of the binary.
pub(super) struct Entry {
    pub(super) package: Option<u32>,
    name: NameOffset,
    /// Where its code is in the image, objects included.
    text: Option<VirtualAddress>,
    /// Bytes of code, padding included.
    len: u32,
    unit: u32,
}

/// What a function takes so far, in bytes.
#[derive(Clone, Copy, Default)]
pub(super) struct Taken {
    pub(super) code: u64,
    pclntab: u64,
}

/// All functions in the order of the table.
pub(super) struct Functions<'s, 'a> {
    binary: &'s Binary<'a>,
    table: Pclntab<'a>,
    pub(super) list: Vec<Entry>,
    /// The bytes of each one of the list.
    pub(super) taken: Vec<Taken>,
    /// The package of each compilation unit, by its place in the table of units' files; sorted.
    units: Vec<(u32, u32)>,
    /// Package of each name and a function that has it (`u32::MAX`: only inlined); sorted by offset.
    names: Vec<Named>,
}

struct Named {
    offset: u32,
    len: u32,
    package: Option<u32>,
    function: u32,
}

/// A piece with its end; `shared` where functions of several packages use it.
#[derive(Clone, Copy)]
struct Piece {
    user: u32,
    shared: bool,
}

impl<'s, 'a> Functions<'s, 'a> {
    /// Reads names and functions.
    pub(super) fn read(
        binary: &'s Binary<'a>,
        table: Pclntab<'a>,
        packages: &mut Packages<'a>,
    ) -> Functions<'s, 'a> {
        let named = |(offset, name): (NameOffset, &'a [u8])| Named {
            offset: offset.0,
            len: u32::try_from(name.len() + 1).unwrap_or(u32::MAX),
            package: packages.of_symbol(name),
            function: u32::MAX,
        };
        let mut functions = Functions {
            binary,
            names: table.names().map(named).collect(),
            table,
            list: Vec::new(),
            taken: Vec::new(),
            units: Vec::new(),
        };
        functions.read_list();
        functions.read_units();
        functions
    }

    fn read_list(&mut self) {
        // Each entry of the table has eight bytes, so a file cannot ask for more than is in proportion to its length.
        self.list
            .reserve_exact(self.table.function_count() as usize);
        for (index, function) in (0..).zip(self.table.functions()) {
            let named = self
                .names
                .binary_search_by_key(&function.name.0, |named| named.offset);
            let named = named.ok().and_then(|at| self.names.get_mut(at));
            let package = named.and_then(|named| {
                named.function = named.function.min(index);
                named.package
            });
            self.list.push(Entry {
                package,
                name: function.name,
                text: self.binary.text(&self.table, &function),
                len: function.len(),
                unit: function.unit().unwrap_or(u32::MAX),
            });
        }
        self.taken = vec![Taken::default(); self.list.len()];
    }

    /// What belongs to no package by its name (assembly, comparisons of nameless types) belongs to its unit's package.
    fn read_units(&mut self) {
        let named = self.list.iter();
        let named = named.filter_map(|one| Some(Start::new(one.unit, one.package?)));
        let mut pairs: Vec<Start> = named.collect();
        sort(&mut pairs);
        for unit in pairs.chunk_by_mut(|a, b| a.at() == b.at()) {
            unit.sort_unstable_by_key(|pair| pair.user());
            let most = unit
                .chunk_by(|a, b| a.user() == b.user())
                .max_by_key(|same| same.len());
            let most = most.and_then(|same| same.first());
            self.units.extend(most.map(|pair| (pair.at(), pair.user())));
        }
        for entry in self.list.iter_mut().filter(|entry| entry.package.is_none()) {
            let unit = self.units.binary_search_by_key(&entry.unit, |unit| unit.0);
            entry.package = unit
                .ok()
                .and_then(|at| self.units.get(at))
                .map(|unit| unit.1);
        }
    }

    /// Entry address; objects have none yet.
    fn address(&self, entry: &Entry) -> Option<VirtualAddress> {
        entry
            .text
            .filter(|_| self.binary.image().kind != ImageKind::Object)
    }

    /// The package of the function at each entry, sorted by address.
    pub(super) fn by_address(&self) -> Vec<(VirtualAddress, u32)> {
        let known = self.list.iter();
        let known = known.filter_map(|entry| Some((self.address(entry)?, entry.package?)));
        let mut known: Vec<_> = known.collect();
        known.sort_unstable();
        known
    }

    /// Where a function's code is, and the code.
    pub(super) fn code(&self, entry: &Entry) -> Option<(VirtualAddress, &'a [u8])> {
        let address = entry.text?;
        let code = self.binary.image().slice(address, u64::from(entry.len))?;
        Some((address, code.data()))
    }

    /// What each function takes, sorted by package, name and address; `places` are those of packages in their order.
    pub(super) fn sizes(&self, packages: &Packages<'a>, places: &[u32]) -> Vec<FunctionSize> {
        let place = |package: u32| places.get(package as usize).copied().unwrap_or(package);
        let size = |entry: &Entry, taken: &Taken| FunctionSize {
            package: entry.package.map(place),
            name: packages.name_within(
                self.table.name(entry.name).unwrap_or_default(),
                entry.package,
            ),
            address: self.address(entry).map_or(0, |address| address.0),
            code: taken.code,
            pclntab: taken.pclntab,
        };
        // Those without a package come first.
        let first = |entry: &Entry| entry.package.map_or(0, |package| place(package) + 1);
        let by_package = self.list.iter().zip(0..);
        let by_package = by_package.map(|(entry, index)| Start::new(first(entry), index));
        let mut by_package: Vec<Start> = by_package.collect();
        sort(&mut by_package);
        let mut sizes = Vec::with_capacity(by_package.len());
        for package in by_package.chunk_by(|a, b| a.at() == b.at()) {
            let first = sizes.len();
            let indexes = package.iter().map(|start| start.user() as usize);
            let taken = |index| Some((self.list.get(index)?, self.taken.get(index)?));
            sizes.extend(
                indexes
                    .filter_map(taken)
                    .map(|(entry, taken)| size(entry, taken)),
            );
            let package: &mut [FunctionSize] = sizes.get_mut(first..).unwrap_or_default();
            package.sort_by(|a, b| a.name.cmp(&b.name).then(a.address.cmp(&b.address)));
        }
        sizes
    }

    /// Claims code.
    pub(super) fn claim_code(&mut self, ledger: &mut Ledger) {
        let image = self.binary.image();
        let start = |(index, entry): (u32, &Entry)| {
            let end = entry.text?.offset(u64::from(entry.len))?;
            Some((file_range(image, entry.text?, end)?, index))
        };
        let claims = (0..).zip(&self.list).filter_map(start);
        let mut claims: Vec<(Range<u64>, u32)> = claims.collect();
        claims.sort_by_key(|(range, _)| range.start);
        let Functions {
            table, list, taken, ..
        } = self;
        let label = |index: u32| {
            let entry = list.get(index as usize);
            entry.map_or(NOBODY, |entry| entry.code_label(table))
        };
        ledger.claim(claims, label, |index, bytes| {
            if let Some(taken) = taken.get_mut(index as usize) {
                taken.code += bytes;
            }
        });
    }

    fn indexes(&self) -> Range<u32> {
        0..u32::try_from(self.list.len()).unwrap_or(u32::MAX)
    }

    /// Claims the parts of the pc-line table.
    pub(super) fn claim_table(&mut self, ledger: &mut Ledger) {
        let image = self.binary.image();
        let offsets = self.table.offsets();
        let at = |offset: u64| {
            let address = self.table.address.offset(offset)?;
            Some(file_range(image, address, address.offset(1)?)?.start)
        };
        let Some(start) = at(0) else { return };
        let from = |offset: u64| start.saturating_add(offset);
        let runtime = Label::exact(Owner::Runtime(RuntimeTable::Pclntab), Kind::Pclntab);
        ledger.claim(
            [(from(0)..from(offsets.names), ())],
            |()| runtime,
            |(), _| {},
        );
        self.claim_names(ledger, from(offsets.names)..from(offsets.units));
        self.claim_units(ledger, from(offsets.units)..from(offsets.files));
        self.claim_files(ledger, from(offsets.files)..from(offsets.pcs));
        self.claim_pc_tables(ledger, from(offsets.pcs)..from(offsets.functions));
        self.claim_records(ledger, from(offsets.functions));
        // What the parts leave: padding between them.
        let end = self.records_end().map_or(from(offsets.functions), from);
        ledger.claim([(from(0)..end, ())], |()| runtime, |(), _| {});
    }

    fn claim_names(&mut self, ledger: &mut Ledger, region: Range<u64>) {
        let Functions {
            names, list, taken, ..
        } = self;
        let claims = names.iter().map(|named| {
            let start = region.start + u64::from(named.offset);
            let end = (start + u64::from(named.len)).min(region.end);
            (start..end, named)
        });
        // A name without a package is that of a function in a package's unit.
        let label = |named: &Named| {
            let by_unit = || list.get(named.function as usize)?.package;
            package_label(named.package.or_else(by_unit), How::Exact)
        };
        ledger.claim(claims, label, |named, bytes| {
            if let Some(taken) = taken.get_mut(named.function as usize) {
                taken.pclntab += bytes;
            }
        });
    }

    fn claim_units(&mut self, ledger: &mut Ledger, region: Range<u64>) {
        let starts = self.units.iter();
        let starts = starts.map(|&(unit, package)| Start::new(unit.saturating_mul(4), package));
        let mut starts: Vec<Start> = starts.collect();
        let claims = cut(&mut starts, &region, Some);
        ledger.claim(
            claims,
            |piece: Piece| package_label(Some(piece.user), How::Exact),
            |_, _| {},
        );
    }

    /// Names of files: each one is with the first package that has code from it.
    fn claim_files(&mut self, ledger: &mut Ledger, region: Range<u64>) {
        let entries = self.table.unit_files();
        let count = u32::try_from(entries.len() / 4).unwrap_or(u32::MAX);
        let mut starts = Vec::with_capacity(count as usize);
        let ends = self.units.iter().skip(1).map(|unit| unit.0).chain([count]);
        for (&(unit, package), end) in self.units.iter().zip(ends) {
            let files =
                (unit..end.min(count)).filter_map(|entry| entries.u32(u64::from(entry) * 4));
            let files = files.filter(|&file| file != u32::MAX);
            starts.extend(files.map(|at| Start::new(at, package)));
        }
        // The sort by place keeps this order.
        starts.sort_unstable_by_key(|start| start.user());
        let claims = cut(&mut starts, &region, Some);
        ledger.claim(
            claims,
            |piece: Piece| package_label(Some(piece.user), piece.how()),
            |_, _| {},
        );
    }

    fn claim_pc_tables(&mut self, ledger: &mut Ledger, region: Range<u64>) {
        let starts = self.starts(|function| function.pc_tables());
        self.claim_pieces(ledger, starts, &region);
    }

    /// The entries of the function table and the records that they point to.
    fn claim_records(&mut self, ledger: &mut Ledger, start: u64) {
        let piece = |user: u32| Piece {
            user,
            shared: false,
        };
        let entries = self.indexes().map(|index| {
            let at = start + 8 * u64::from(index);
            (at..at + 8, piece(index))
        });
        self.claim_for_functions(ledger, entries);
        let table = self.table;
        let record = |index: u32| {
            let at = start.checked_add(table.function_offset(index)?)?;
            let len = table.function(index)?.record_len()?;
            Some((at..at.checked_add(len)?, piece(index)))
        };
        let mut records: Vec<(Range<u64>, Piece)> = self.indexes().filter_map(record).collect();
        records.sort_by_key(|(range, _)| range.start);
        self.claim_for_functions(ledger, records);
    }

    /// Where the last record ends, from the header.
    fn records_end(&self) -> Option<u64> {
        let last = self.indexes().end.checked_sub(1)?;
        let record = self.table.function_offset(last)?;
        let end = record.checked_add(self.table.function(last)?.record_len()?)?;
        self.table.offsets().functions.checked_add(end)
    }

    /// Claims what is at `moduledata.gofunc`: stack maps, inline trees.
    pub(super) fn claim_data(&mut self, ledger: &mut Ledger, gofunc: VirtualAddress) {
        let image = self.binary.image();
        let starts = self.starts(|function| function.data().map(|(_, at)| at));
        let Some(last) = starts.iter().max_by_key(|start| (start.at(), start.user())) else {
            return;
        };
        let end = gofunc
            .offset(u64::from(last.at()))
            .and_then(|at| image.tail(at))
            .map(|tail| u64::from(last.at()) + self.data_len(*last, tail));
        let Some(end) = end else { return };
        let range = gofunc
            .offset(end)
            .and_then(|end| file_range(image, gofunc, end));
        if let Some(region) = range {
            self.claim_pieces(ledger, starts, &region);
        }
    }

    /// How long the last piece of function data is: nothing follows that tells its end.
    fn data_len(&self, last: Start, bytes: Bytes<'a>) -> u64 {
        let len = || {
            let function = self.table.function(last.user())?;
            let (kind, _) = function.data().find(|&(_, at)| at == last.at())?;
            function.data_len(kind, bytes, &mut self.binary.budget())
        };
        const LEAST: u64 = 8;
        len().unwrap_or(LEAST).min(bytes.len())
    }

    /// Where the pieces start that functions use.
    fn starts<I: Iterator<Item = u32>>(&self, pieces: impl Fn(&Function<'a>) -> I) -> Vec<Start> {
        let mut starts = Vec::with_capacity(self.list.len() * 3);
        // Tables of a hostile file can be as many as the functions want; together they may not be more than it is long.
        let most = self.binary.image().data_len() / 4;
        // Most functions use what others of their package used just before, which changes nothing.
        let mut recent = [None; 1 << RECENT];
        for (index, entry) in (0..).zip(&self.list) {
            let Some(function) = self.table.function(index) else {
                continue;
            };
            for at in pieces(&function).take(MOST_TABLES) {
                let seen = recent.get_mut((at.wrapping_mul(0x9e37_79b1) >> (32 - RECENT)) as usize);
                let before = seen.and_then(|seen| seen.replace((at, entry.package)));
                if before != Some((at, entry.package)) {
                    starts.push(Start::new(at, index));
                }
            }
            if starts.len() as u64 > most {
                break;
            }
        }
        starts
    }

    fn claim_pieces(&mut self, ledger: &mut Ledger, mut starts: Vec<Start>, region: &Range<u64>) {
        let packages: Vec<Option<u32>> = self.list.iter().map(|entry| entry.package).collect();
        let package = |user: u32| packages.get(user as usize).copied().flatten();
        let claims = cut(&mut starts, region, package);
        self.claim_for_functions(ledger, claims);
    }

    fn claim_for_functions(
        &mut self,
        ledger: &mut Ledger,
        claims: impl IntoIterator<Item = (Range<u64>, Piece)>,
    ) {
        let Functions { list, taken, .. } = self;
        let label = |piece: Piece| {
            let package = list
                .get(piece.user as usize)
                .and_then(|entry| entry.package);
            package_label(package, piece.how())
        };
        ledger.claim(claims, label, |piece, bytes| {
            if let Some(taken) = taken.get_mut(piece.user as usize) {
                taken.pclntab += bytes;
            }
        });
    }
}

impl Entry {
    fn code_label(&self, table: &Pclntab<'_>) -> Label {
        // Where there is no note for it, the build ID stands in front of the code.
        const BUILD_IDS: [&[u8]; 2] = [b"go:buildid", b"go.buildid"];
        if table
            .name(self.name)
            .is_some_and(|name| BUILD_IDS.contains(&name))
        {
            return Label::exact(Owner::File(Structure::Notes), Kind::FileStructure);
        }
        let owner = self.package.map_or(Owner::Unattributed, Owner::Package);
        Label::exact(owner, Kind::Code)
    }
}

/// Bits of a place among those that were seen last.
const RECENT: u32 = 10;

/// Tables of one function that are looked at; real ones have a handful.
const MOST_TABLES: usize = 64;

const NOBODY: Label = Label {
    owner: Owner::Unattributed,
    kind: Kind::Code,
    how: How::Exact,
};

impl Piece {
    fn how(self) -> How {
        if self.shared {
            How::FirstUser
        } else {
            How::Exact
        }
    }
}

fn package_label(package: Option<u32>, how: How) -> Label {
    match package {
        Some(package) => Label {
            owner: Owner::Package(package),
            kind: Kind::Pclntab,
            how,
        },
        None => Label::exact(Owner::Runtime(RuntimeTable::Pclntab), Kind::Pclntab),
    }
}

/// Cuts a region at the starts of its pieces. `package` says which package a user is of.
fn cut<'p>(
    starts: &'p mut Vec<Start>,
    region: &Range<u64>,
    package: impl Fn(u32) -> Option<u32> + 'p,
) -> impl Iterator<Item = (Range<u64>, Piece)> + 'p {
    sort(starts);
    let mut pieces = starts.chunk_by(|a, b| a.at() == b.at()).peekable();
    let (base, end) = (region.start, region.end);
    let place = move |same: &&[Start]| {
        let first = same.first()?;
        Some(base.saturating_add(u64::from(first.at()))).filter(|&start| start < end)
    };
    std::iter::from_fn(move || {
        let same = pieces.next()?;
        let (start, user) = (place(&same)?, same.first()?.user());
        let next = pieces.peek().and_then(place).unwrap_or(end);
        let owner = package(user);
        let shared = same.iter().any(|start| package(start.user()) != owner);
        Some((start..next, Piece { user, shared }))
    })
}

//! Machine code, the pc-line table and the function data beside it, by the functions that they are for.
//!
//! The linker keeps equal pieces once, and writes pieces one behind the other. So the starts that functions name cut a
//! table completely: a piece ends where the next one starts, and belongs to the first function that names it.

use super::ledger::{Label, Ledger};
use super::packages::Packages;
use super::{FunctionSize, How, Kind, Owner, RuntimeTable, Structure, file_range};
use crate::address::{NameOffset, VirtualAddress};
use crate::binary::Binary;
use crate::bytes::Bytes;
use crate::pclntab::Pclntab;
use std::ops::Range;

/// A function of the binary, and what it takes so far.
pub(super) struct Entry {
    pub(super) name: NameOffset,
    pub(super) package: Option<u32>,
    pub(super) address: Option<VirtualAddress>,
    pub(super) code: u64,
    pub(super) pclntab: u64,
    unit: u32,
}

/// All functions in the order of the table.
pub(super) struct Functions<'s, 'a> {
    binary: &'s Binary<'a>,
    table: Pclntab<'a>,
    pub(super) list: Vec<Entry>,
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

/// A piece of a table: where it starts and who is the first to use it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Start {
    at: u32,
    user: u32,
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
            units: Vec::new(),
        };
        functions.read_list();
        functions.read_units();
        functions
    }

    fn read_list(&mut self) {
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
                name: function.name,
                package,
                address: self.binary.address(&function),
                code: 0,
                pclntab: 0,
                unit: function.unit().unwrap_or(u32::MAX),
            });
        }
    }

    /// What belongs to no package by its name (assembly, comparisons of nameless types) belongs to its unit's package.
    fn read_units(&mut self) {
        let named = self
            .list
            .iter()
            .filter_map(|one| Some((one.unit, one.package?)));
        let mut pairs: Vec<(u32, u32)> = named.collect();
        pairs.sort_unstable();
        for unit in pairs.chunk_by(|a, b| a.0 == b.0) {
            let most = unit
                .chunk_by(|a, b| a.1 == b.1)
                .max_by_key(|same| same.len());
            self.units.extend(most.and_then(|same| same.first()));
        }
        for entry in self.list.iter_mut().filter(|entry| entry.package.is_none()) {
            let unit = self.units.binary_search_by_key(&entry.unit, |unit| unit.0);
            entry.package = unit
                .ok()
                .and_then(|at| self.units.get(at))
                .map(|unit| unit.1);
        }
    }

    /// The package of the function at each entry, sorted by address.
    pub(super) fn by_address(&self) -> Vec<(VirtualAddress, u32)> {
        let known = self
            .list
            .iter()
            .filter_map(|entry| Some((entry.address?, entry.package?)));
        let mut known: Vec<_> = known.collect();
        known.sort_unstable();
        known
    }

    /// Where a function's code is, and the code.
    pub(super) fn code(&self, index: u32) -> Option<(VirtualAddress, &'a [u8])> {
        let function = self.table.function(index)?;
        let address = self.binary.text(&self.table, &function)?;
        let code = self
            .binary
            .image()
            .slice(address, u64::from(function.len()))?;
        Some((address, code.data()))
    }

    /// What each function takes.
    pub(super) fn sizes(&self, packages: &Packages<'a>) -> Vec<FunctionSize> {
        let size = |entry: &Entry| FunctionSize {
            package: entry.package,
            name: packages.name_within(
                self.table.name(entry.name).unwrap_or_default(),
                entry.package,
            ),
            address: entry.address.map_or(0, |address| address.0),
            code: entry.code,
            pclntab: entry.pclntab,
        };
        self.list.iter().map(size).collect()
    }

    /// Claims code.
    pub(super) fn claim_code(&mut self, ledger: &mut Ledger) {
        let image = self.binary.image();
        let start = |index: u32| {
            let function = self.table.function(index)?;
            let address = self.binary.text(&self.table, &function)?;
            let end = address.offset(u64::from(function.len()))?;
            Some((file_range(image, address, end)?, index))
        };
        let mut claims: Vec<(Range<u64>, u32)> = self.indexes().filter_map(start).collect();
        claims.sort_by_key(|(range, _)| range.start);
        let labels: Vec<Label> = self
            .list
            .iter()
            .map(|entry| self.code_label(entry))
            .collect();
        let label = |index: u32| labels.get(index as usize).copied().unwrap_or(NOBODY);
        let list = &mut self.list;
        ledger.claim(claims, label, |index, bytes| {
            if let Some(entry) = list.get_mut(index as usize) {
                entry.code += bytes;
            }
        });
    }

    fn code_label(&self, entry: &Entry) -> Label {
        // Where there is no note for it, the build ID stands in front of the code.
        const BUILD_IDS: [&[u8]; 2] = [b"go:buildid", b"go.buildid"];
        if self
            .table
            .name(entry.name)
            .is_some_and(|name| BUILD_IDS.contains(&name))
        {
            return Label::exact(Owner::File(Structure::Notes), Kind::FileStructure);
        }
        let owner = entry.package.map_or(Owner::Unattributed, Owner::Package);
        Label::exact(owner, Kind::Code)
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
        let claims: Vec<(Range<u64>, (u32, u32))> = self
            .names
            .iter()
            .map(|named| {
                let start = region.start + u64::from(named.offset);
                let end = (start + u64::from(named.len)).min(region.end);
                (
                    start..end,
                    (
                        named.function,
                        named.package.map_or(u32::MAX, |package| package),
                    ),
                )
            })
            .collect();
        let list = &mut self.list;
        // A name without a package is that of a function in a package's unit.
        let of_function: Vec<Option<u32>> = list.iter().map(|entry| entry.package).collect();
        let label = |(function, package): (u32, u32)| {
            let by_unit = || of_function.get(function as usize).copied().flatten();
            let package = Some(package)
                .filter(|&package| package != u32::MAX)
                .or_else(by_unit);
            package_label(package, How::Exact)
        };
        ledger.claim(claims, label, |(function, _), bytes| {
            if let Some(entry) = list.get_mut(function as usize) {
                entry.pclntab += bytes;
            }
        });
    }

    fn claim_units(&mut self, ledger: &mut Ledger, region: Range<u64>) {
        let starts: Vec<Start> = self
            .units
            .iter()
            .map(|&(unit, package)| Start {
                at: unit.saturating_mul(4),
                user: package,
            })
            .collect();
        let claims = cut(starts, &region, Some);
        ledger.claim(
            claims,
            |piece: Piece| package_label(Some(piece.user), How::Exact),
            |_, _| {},
        );
    }

    /// Names of files: each one is with the first unit that has code from it.
    fn claim_files(&mut self, ledger: &mut Ledger, region: Range<u64>) {
        let entries = self.table.unit_files();
        let count = u32::try_from(entries.len() / 4).unwrap_or(u32::MAX);
        let mut starts = Vec::with_capacity(count as usize);
        let ends = self.units.iter().skip(1).map(|unit| unit.0).chain([count]);
        for (&(unit, package), end) in self.units.iter().zip(ends) {
            let files =
                (unit..end.min(count)).filter_map(|entry| entries.u32(u64::from(entry) * 4));
            let files = files.filter(|&file| file != u32::MAX);
            starts.extend(files.map(|at| Start { at, user: package }));
        }
        let claims = cut(starts, &region, Some);
        ledger.claim(
            claims,
            |piece: Piece| package_label(Some(piece.user), piece.how()),
            |_, _| {},
        );
    }

    fn claim_pc_tables(&mut self, ledger: &mut Ledger, region: Range<u64>) {
        let starts = self.starts(|table, index, starts| {
            if let Some(function) = table.function(index) {
                starts.extend(
                    function
                        .pc_tables()
                        .take(MOST_TABLES)
                        .map(|at| Start { at, user: index }),
                );
            }
        });
        self.claim_pieces(ledger, starts, &region);
    }

    /// The entries of the function table and the records that they point to.
    fn claim_records(&mut self, ledger: &mut Ledger, start: u64) {
        let entries = self.indexes().map(|index| {
            let at = start + 8 * u64::from(index);
            (
                at..at + 8,
                Piece {
                    user: index,
                    shared: false,
                },
            )
        });
        let records = self.indexes().filter_map(|index| {
            let at = start.checked_add(self.table.function_offset(index)?)?;
            let len = self.table.function(index)?.record_len()?;
            Some((
                at..at.checked_add(len)?,
                Piece {
                    user: index,
                    shared: false,
                },
            ))
        });
        let mut claims: Vec<(Range<u64>, Piece)> = entries.chain(records).collect();
        claims.sort_by_key(|(range, _)| range.start);
        self.claim_for_functions(ledger, claims);
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
        let starts = self.starts(|table, index, starts| {
            if let Some(function) = table.function(index) {
                starts.extend(
                    function
                        .data()
                        .take(MOST_TABLES)
                        .map(|(_, at)| Start { at, user: index }),
                );
            }
        });
        let Some(last) = starts.iter().max() else {
            return;
        };
        let end = gofunc
            .offset(u64::from(last.at))
            .and_then(|at| image.tail(at))
            .map(|tail| u64::from(last.at) + self.data_len(*last, tail));
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
            let function = self.table.function(last.user)?;
            let (kind, _) = function.data().find(|&(_, at)| at == last.at)?;
            function.data_len(kind, bytes, &mut self.binary.budget())
        };
        const LEAST: u64 = 8;
        len().unwrap_or(LEAST).min(bytes.len())
    }

    fn starts(&self, mut read: impl FnMut(&Pclntab<'a>, u32, &mut Vec<Start>)) -> Vec<Start> {
        let mut starts = Vec::with_capacity(self.list.len() * 4);
        // Tables of a hostile file can be as many as the functions want; together they may not be more than it is long.
        let most = self.binary.image().data_len() / 4;
        for index in self.indexes() {
            read(&self.table, index, &mut starts);
            if starts.len() as u64 > most {
                break;
            }
        }
        starts
    }

    fn claim_pieces(&mut self, ledger: &mut Ledger, starts: Vec<Start>, region: &Range<u64>) {
        let list = &self.list;
        let package = |user: u32| list.get(user as usize).and_then(|entry| entry.package);
        let claims = cut(starts, region, package);
        self.claim_for_functions(ledger, claims);
    }

    fn claim_for_functions(&mut self, ledger: &mut Ledger, claims: Vec<(Range<u64>, Piece)>) {
        let packages: Vec<Option<u32>> = self.list.iter().map(|entry| entry.package).collect();
        let list = &mut self.list;
        let label = |piece: Piece| {
            let package = packages.get(piece.user as usize).copied().flatten();
            package_label(package, piece.how())
        };
        ledger.claim(claims, label, |piece, bytes| {
            if let Some(entry) = list.get_mut(piece.user as usize) {
                entry.pclntab += bytes;
            }
        });
    }
}

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
fn cut(
    mut starts: Vec<Start>,
    region: &Range<u64>,
    package: impl Fn(u32) -> Option<u32>,
) -> Vec<(Range<u64>, Piece)> {
    starts.sort_unstable();
    let mut pieces: Vec<(Range<u64>, Piece)> = Vec::new();
    for same in starts.chunk_by(|a, b| a.at == b.at) {
        let Some(first) = same.first() else { continue };
        let start = region.start.saturating_add(u64::from(first.at));
        if start >= region.end {
            break;
        }
        let owner = package(first.user);
        let shared = same.iter().any(|start| package(start.user) != owner);
        if let Some((last, _)) = pieces.last_mut() {
            last.end = start;
        }
        let piece = Piece {
            user: first.user,
            shared,
        };
        pieces.push((start..region.end, piece));
    }
    pieces
}

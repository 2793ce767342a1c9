//! How much data a package can own at least and at most, by a reader that is not ours (`xtask/go/owners`): the symbol table's
//! sizes, and what is referred to where no symbol is, by another decoder of instructions. What we give to each package is
//! held against it, and the sections' lengths against our rows.
//!
//! Several packages may refer to the same bytes (string constants above all). They are with one of them: that is what lies
//! between least and most. What neither tells is which of them it ought to be.

use super::inspect::within;
use crate::go::own_program;
use crate::run::{Context, Outcome, text};
use goassay_binary::size::{How, Kind, Owner, Size};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// What the other reader says of a program.
#[derive(Deserialize)]
pub(super) struct Owners {
    sections: BTreeMap<String, u64>,
    packages: BTreeMap<String, Bounds>,
}

#[derive(Deserialize, Default, Clone, Copy)]
struct Bounds {
    named: u64,
    least: u64,
    most: u64,
}

impl Bounds {
    fn allow(self, bytes: u64) -> bool {
        let Bounds { least, most, .. } = self;
        (least..=most).contains(&bytes) || within(bytes, least) || within(bytes, most)
    }
}

impl Owners {
    /// Asks it about an unstripped program for linux/amd64.
    pub(super) fn of(program: &Path) -> Outcome<Owners> {
        let tool = own_program("xtask/go/owners")?;
        let shown = text(Command::new(&tool).arg(program))?;
        serde_json::from_str(&shown).context("the reader of owners")
    }

    /// Holds what we give to packages against its bounds; prints who is outside of them, and what the data of the packages
    /// `more`, which have more here than at gsa, consists of. True where all are within and sections add up.
    pub(super) fn confirm(&self, size: &Size, own: &BTreeMap<&str, u64>, more: &[&str]) -> bool {
        let all = own.keys().copied();
        let all: BTreeSet<&str> = all
            .chain(self.packages.keys().map(String::as_str))
            .collect();
        let bytes = |path: &str| own.get(path).copied().unwrap_or(0);
        let within_bounds = |path: &&str| self.bounds(path).allow(bytes(path));
        println!(
            "data: of the packages with more, {} of {} confirmed by the symbol table and a disassembly; of all packages, {} of {}",
            more.iter().copied().filter(within_bounds).count(),
            more.len(),
            all.iter().copied().filter(within_bounds).count(),
            all.len(),
        );
        kinds(size, more);
        let outside: Vec<&str> = all
            .into_iter()
            .filter(|path| !within_bounds(path))
            .collect();
        for path in &outside {
            let Bounds { named, least, most } = self.bounds(path);
            let bytes = bytes(path);
            println!(
                "  not confirmed: {path}: {bytes} here; {least} to {most} there, {named} of it named"
            );
        }
        self.adds_up(size) && outside.is_empty()
    }

    fn bounds(&self, path: &str) -> Bounds {
        self.packages.get(path).copied().unwrap_or_default()
    }

    /// Our rows of a section add up to its length by the section table.
    fn adds_up(&self, size: &Size) -> bool {
        let sums = size.sum_by(|row| &size.sections[row.section as usize].name);
        let differs = |(name, len): &(&String, &u64)| sums.get(name) != Some(len);
        let wrong: Vec<_> = self.sections.iter().filter(differs).collect();
        println!(
            "data: the rows of {} sections add up to their lengths, of {} not",
            self.sections.len() - wrong.len(),
            wrong.len()
        );
        wrong.is_empty()
    }
}

/// Prints what the data of packages consists of.
fn kinds(size: &Size, packages: &[&str]) {
    let of_them = |row: &&goassay_binary::size::Row| match row.owner {
        Owner::Package(package) => {
            packages.contains(&size.packages[package as usize].path.as_str())
        }
        _ => false,
    };
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for row in size.rows.iter().filter(of_them) {
        let what = match (row.kind, row.how) {
            (Kind::InitialisedData | Kind::ReadOnlyData, How::Exact) => "variables with symbols",
            (Kind::Strings, How::FirstUser) => "contents of string variables",
            (Kind::Strings, _) => "strings that code refers to",
            (Kind::InitialisedData | Kind::ReadOnlyData, How::FirstUser) => {
                "contents of slices and strings elsewhere"
            }
            (Kind::InitialisedData | Kind::ReadOnlyData, _) => {
                "variables and constants without symbols"
            }
            _ => continue,
        };
        *sums.entry(what).or_default() += row.bytes;
    }
    for (what, bytes) in sums {
        println!("  {what}: {bytes} bytes");
    }
}

//! `cargo xtask bench inspect [RUNS]`: sizes against go-size-analyzer (gsa) on CoreDNS: time, memory, and per package.
//!
//! gsa is installed from no registry: `$GSA` is the path of its program, built at tag v1.9.2. What agreement means: both give
//! a package the same code and data, within 5 %, or the difference has one of the reasons below, which are checked on gsa's
//! own list and not on ours. What it does not mean: that both are right; pc-line table, types and debug information are
//! not compared, because gsa leaves them undivided or counts them twice.
//!
//! - *compiler-made*: gsa has functions without a package in their names (`type:.eq.…`, `go:struct {…}.M`) in a package
//!   without a name; here they are with their type or their compilation unit.
//! - *listed twice*: gsa lists a function under two packages; the one that agrees counts.
//! - *more found here*: variables without symbols and strings that gsa does not list. How much a package can own is asked of
//!   another reader (`owners`), and what is not between its bounds is a failure.

use super::measure::{Sample, measure};
use super::owners::Owners;
use super::{show, spread};
use crate::matrix::{self, ours};
use crate::run::{Context, Outcome, output, read, work};
use goassay_binary::Binary;
use goassay_binary::size::{Kind, Owner, Size};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::Command;

const TIME: f64 = 20.0;
const MEMORY: f64 = 3.0;
/// Differences below are alignment and rounding, in bytes.
const SMALL: u64 = 512;

pub(super) fn run(runs: usize) -> Outcome {
    let gsa = std::env::var_os("GSA").map(PathBuf::from);
    let gsa = gsa.filter(|path| path.is_file()).ok_or(
        "gsa is missing: $GSA has to be the path of go-size-analyzer, built from its repository at tag v1.9.2",
    )?;
    let (plain, stripped) = matrix::coredns()?;
    let folder = work().join("bench");
    std::fs::create_dir_all(&folder).context(folder.display())?;
    let scratch = tempfile::tempdir_in(&folder).context(folder.display())?;
    let json = scratch.path().join("gsa.json");
    output(ours_on(&plain).stdout(std::process::Stdio::null()))?;
    let mut fits = faster(
        runs,
        &gsa,
        &json,
        &[("unstripped", &plain), ("stripped", &stripped)],
    )?;
    output(&mut gsa_on(&gsa, &json, &plain))?;
    fits &= compare(&read(&json)?, &read(&plain)?, &Owners::of(&plain)?)?;
    if fits {
        Ok(())
    } else {
        Err("not all targets are met".to_owned())
    }
}

fn ours_on(file: &Path) -> Command {
    let mut command = Command::new(ours::program());
    command.args(["inspect", "--size"]).arg(file);
    command
}

fn gsa_on(gsa: &Path, json: &Path, file: &Path) -> Command {
    let mut command = Command::new(gsa);
    command.args(["-f", "json", "-o"]).arg(json).arg(file);
    command
}

fn faster(runs: usize, gsa: &Path, json: &Path, files: &[(&str, &Path)]) -> Outcome<bool> {
    let mut fits = true;
    for (label, file) in files {
        let (mut theirs, mut own): (Vec<Sample>, Vec<Sample>) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            theirs.push(measure(&gsa_on(gsa, json, file))?);
            own.push(measure(&ours_on(file))?);
        }
        show(&format!("gsa, {label}"), &theirs);
        show(&format!("goassay, {label}"), &own);
        let ratio =
            |quantity: fn(&Sample) -> f64| spread(&theirs, quantity).0 / spread(&own, quantity).0;
        let (wall, cpu, memory) = (ratio(|s| s.wall), ratio(|s| s.cpu), ratio(|s| s.rss));
        println!(
            "{label}: wall 1/{wall:.0}, CPU 1/{cpu:.0} (at most 1/{TIME}), peak RSS 1/{memory:.1} (at most 1/{MEMORY})"
        );
        fits &= wall >= TIME && memory >= MEMORY;
    }
    Ok(fits)
}

/// What is read of gsa's result.
#[derive(Deserialize)]
struct Result {
    packages: BTreeMap<String, Package>,
    sections: Vec<Section>,
}

#[derive(Deserialize)]
struct Package {
    #[serde(default, rename = "subPackages")]
    packages: BTreeMap<String, Package>,
    #[serde(default)]
    files: Vec<File>,
    #[serde(default)]
    symbols: Vec<Symbol>,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    functions: Vec<Function>,
}

#[derive(Deserialize)]
struct Function {
    addr: u64,
    code_size: u64,
}

#[derive(Deserialize)]
struct Symbol {
    addr: u64,
    size: u64,
}

#[derive(Deserialize)]
struct Section {
    addr: u64,
    file_size: u64,
    only_in_memory: bool,
    debug: bool,
}

/// What gsa gives to packages.
#[derive(Default)]
struct Theirs {
    /// Packages that list the function at an address; empty names are compiler-made code.
    functions: HashMap<u64, (u64, BTreeSet<String>)>,
    data: BTreeMap<String, u64>,
    seen: BTreeSet<(u64, u64)>,
}

impl Theirs {
    fn add(&mut self, path: &str, package: &Package, in_file: &impl Fn(u64) -> bool) {
        for function in package.files.iter().flat_map(|file| &file.functions) {
            let entry = self.functions.entry(function.addr).or_default();
            entry.0 = entry.0.max(function.code_size);
            entry.1.insert(path.to_owned());
        }
        for symbol in package.symbols.iter().filter(|symbol| in_file(symbol.addr)) {
            if self.seen.insert((symbol.addr, symbol.size)) {
                *self.data.entry(path.to_owned()).or_default() += symbol.size;
            }
        }
        for (name, inner) in &package.packages {
            // Its inner packages are named by what follows the outer one's path, or in full.
            let full = match name.strip_prefix('/') {
                Some(_) => format!("{path}{name}"),
                None => name.clone(),
            };
            self.add(&full, inner, in_file);
        }
    }
}

fn compare(json: &[u8], file: &[u8], owners: &Owners) -> Outcome<bool> {
    let result: Result = serde_json::from_slice(json).context("gsa's result")?;
    let sections: Vec<&Section> = result
        .sections
        .iter()
        .filter(|s| !s.only_in_memory && !s.debug && s.addr > 0)
        .collect();
    let in_file = |address: u64| {
        sections
            .iter()
            .any(|s| address >= s.addr && address - s.addr < s.file_size)
    };
    let mut theirs = Theirs::default();
    for (path, package) in &result.packages {
        theirs.add(path, package, &in_file);
    }
    let binary = Binary::parse(file).map_err(|error| format!("CoreDNS: {error:?}"))?;
    let size = Size::of(&binary);
    let code = compare_code(&theirs, &size);
    let data = compare_data(&theirs, &size, owners);
    Ok(code && data)
}

/// Function by function, at the same addresses.
fn compare_code(theirs: &Theirs, size: &Size) -> bool {
    let mut packages: BTreeMap<&str, [u64; 4]> = BTreeMap::new();
    let mut missing = 0;
    for function in &size.functions {
        let path = function
            .package
            .map_or("", |package| size.packages[package as usize].path.as_str());
        let [ours, agreed, made, twice] = packages.entry(path).or_default();
        *ours += function.code;
        match theirs.functions.get(&function.address) {
            None => missing += 1,
            Some((bytes, paths)) if paths.contains(path) => {
                *agreed += bytes;
                *twice += if paths.len() > 1 { *bytes } else { 0 };
            }
            Some((bytes, paths)) if paths.contains("") => *made += bytes,
            Some(_) => {}
        }
    }
    let (mut same, mut explained, mut open) = (0, 0, Vec::new());
    for (path, [ours, agreed, made, _]) in &packages {
        if within(*ours, *agreed) {
            same += 1;
        } else if within(*ours, agreed + made) {
            explained += 1;
        } else {
            open.push(format!("{path}: {ours} here, {agreed} there"));
        }
    }
    let twice: u64 = packages.values().map(|values| values[3]).sum();
    let made: u64 = packages.values().map(|values| values[2]).sum();
    println!(
        "code: {same} packages within 5 %, {explained} explained by compiler-made functions ({made} bytes), {} not; {missing} functions that gsa lacks; {twice} bytes that it lists twice",
        open.len()
    );
    open.iter().for_each(|line| println!("  {line}"));
    open.is_empty() && missing == 0
}

/// Variables, constants and strings in the file.
fn compare_data(theirs: &Theirs, size: &Size, owners: &Owners) -> bool {
    let mut own: BTreeMap<&str, u64> = BTreeMap::new();
    for row in &size.rows {
        if let Owner::Package(package) = row.owner
            && matches!(
                row.kind,
                Kind::InitialisedData | Kind::ReadOnlyData | Kind::Strings
            )
        {
            *own.entry(&size.packages[package as usize].path)
                .or_default() += row.bytes;
        }
    }
    let paths: BTreeSet<&str> = own
        .keys()
        .copied()
        .chain(theirs.data.keys().map(String::as_str))
        .collect();
    let (mut same, mut more, mut open) = (0, Vec::new(), Vec::new());
    for path in paths {
        let ours = own.get(path).copied().unwrap_or(0);
        let there = theirs.data.get(path).copied().unwrap_or(0);
        if within(ours, there) {
            same += 1;
        } else if ours > there {
            more.push(path);
        } else {
            open.push(format!("{path}: {ours} here, {there} there"));
        }
    }
    println!(
        "data: {same} packages within 5 %, {} with more found here, {} with less",
        more.len(),
        open.len()
    );
    open.iter().for_each(|line| println!("  {line}"));
    open.is_empty() & owners.confirm(size, &own, &more)
}

pub(super) fn within(a: u64, b: u64) -> bool {
    a.abs_diff(b) <= SMALL.max(a.max(b) / 20)
}

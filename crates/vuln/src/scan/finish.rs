//! Findings from candidates and from what was met in the binary.

use super::candidate::Candidate;
use super::modules::{Modules, Wanted, go_version};
use super::walk::{Extent, Foreign, Found, Met, Package};
use crate::database::{Database, DatabaseError};
use crate::finding::{
    Finding, FoundModule, PathGrade, Scan, Symbol, Tier, TierEvidence, VariantKind,
};
use crate::subject::{Place, Subject, SymbolId, Symbols};
use goassay_binary::Places;
use goassay_binary::gap::{Gap, Topic};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

const NO_PATHS: &str = "call paths are not computed by this release";

/// Puts the outcome together.
pub(super) fn finish(
    subject: &Subject<'_>,
    modules: Modules<'_>,
    candidates: Vec<Candidate<'_>>,
    found: Option<Found>,
    database: &Database<'_>,
    places: Places,
) -> Result<Scan, DatabaseError> {
    let mut gaps = subject.gaps.clone();
    let unknown = match &subject.symbols {
        Symbols::Known(_) => None,
        Symbols::Unknown(gap) => Some(gap.clone()),
    };
    gaps.extend(unknown.clone());
    if go_version(subject).is_none() {
        let reason = "the Go version is not known: the standard library could not be matched";
        gaps.push(Gap::new(Topic::BuildInfo, reason));
    }
    gaps.extend(modules.gaps.iter().cloned());
    let mut found = found.unwrap_or_default();
    gaps.extend(foreign_gap(&found.foreign));
    if found.cut {
        let reason = "more functions than can be listed are in packages of which all counts";
        gaps.push(Gap::new(Topic::Symbols, reason));
    }
    found.packages.iter_mut().for_each(settle_hosts);
    let mut notes = replaced_notes(&modules, database)?;
    notes.extend(vendored_note(&found.vendored, database)?);

    let mut drafts: Vec<Draft> = candidates
        .into_iter()
        .map(|c| Draft::new(c, &modules, unknown.as_ref()))
        .collect();
    let mut symbols = collect(found.packages, &mut drafts);
    gaps.extend(locate(&mut symbols, &subject.symbols, places));
    let mut findings: Vec<Finding> = drafts.into_iter().map(Draft::into_finding).collect();
    findings.sort_by(|a, b| (&a.advisory.id, &a.module).cmp(&(&b.advisory.id, &b.module)));
    gaps.sort();
    gaps.dedup();
    Ok(Scan {
        findings,
        symbols,
        gaps,
        notes,
    })
}

/// Code of unknown origin cannot be matched, so a scan that met some is not whole (builds without module mode; tools
/// that build without recording modules).
fn foreign_gap(foreign: &Foreign) -> Option<Gap> {
    let example = foreign.example.as_ref()?;
    let reason = match foreign.count {
        1 => format!("it names no module for the package {example}, which could not be matched"),
        count => format!(
            "it names no module for {count} of the packages ({example} is one), which could not be matched"
        ),
    };
    Some(Gap::new(Topic::BuildInfo, reason))
}

/// A finding whose packages and symbols are still being collected.
struct Draft {
    finding: Finding,
    packages: BTreeSet<String>,
    extents: BTreeMap<String, Extent>,
}

impl Draft {
    fn new(candidate: Candidate<'_>, modules: &Modules<'_>, unknown: Option<&Gap>) -> Draft {
        let Candidate {
            module,
            advisory,
            applies,
            fixed,
            reasons,
            ..
        } = candidate;
        let finding = Finding {
            advisory,
            module: found_module(&modules.wanted[module]),
            fixed,
            tier: Tier::Module,
            evidence: unknown.map_or(TierEvidence::Read, |gap| TierEvidence::AtLeast(gap.clone())),
            applies,
            path: PathGrade::NotComputed(NO_PATHS.to_owned()),
            packages: Vec::new(),
            symbols: Vec::new(),
            whole_package: false,
            reasons,
        };
        Draft {
            finding,
            packages: BTreeSet::new(),
            extents: BTreeMap::new(),
        }
    }

    fn meets(&mut self, package: &str, extent: Extent) {
        self.packages.insert(package.to_owned());
        let tier = if extent == Extent::Named {
            Tier::Package
        } else {
            Tier::Linked
        };
        self.finding.tier = self.finding.tier.max(tier);
        if extent != Extent::Named {
            self.finding.whole_package = true;
            self.extents.insert(package.to_owned(), extent);
        }
    }

    fn into_finding(self) -> Finding {
        let mut finding = self.finding;
        finding.reasons.extend(whole_reason(&self.extents));
        finding.packages = self.packages.into_iter().collect();
        finding.symbols.sort_unstable();
        finding.symbols.dedup();
        finding
    }
}

fn whole_reason(extents: &BTreeMap<String, Extent>) -> Option<String> {
    if extents.values().any(|extent| *extent == Extent::Module) {
        return Some(
            "the advisory names no packages or symbols: every package of the module counts"
                .to_owned(),
        );
    }
    let packages: Vec<&str> = extents.keys().map(String::as_str).collect();
    let list = packages.join(", ");
    (!packages.is_empty())
        .then(|| format!("the advisory names no symbols for {list}: all of it counts"))
}

fn found_module(wanted: &Wanted<'_>) -> FoundModule {
    FoundModule {
        path: wanted.path.to_owned(),
        version: wanted.version.to_owned(),
        replaces: wanted
            .replaces
            .map(|(path, version)| (path.to_owned(), version.to_owned())),
    }
}

/// `A.B.func1` was taken for code of the method `A.B`. Where `A` turns out to be a function, it is code inside `A`.
fn settle_hosts(package: &mut Package<'_>) {
    let is_function = |name: &str| {
        package.symbols.get(name).is_some_and(|met| {
            met.variants
                .iter()
                .any(|variant| variant.kind != VariantKind::Closure)
        })
    };
    let moved: Vec<String> = package
        .symbols
        .iter()
        .filter(|(_, met)| {
            met.named_by.is_empty() && met.variants.iter().all(|v| v.kind == VariantKind::Closure)
        })
        .filter_map(|(name, _)| Some((name, name.split_once('.')?.0)))
        .filter(|(_, host)| is_function(host))
        .map(|(name, _)| name.to_string())
        .collect();
    for name in moved {
        let met = package.symbols.remove(name.as_str()).unwrap_or_default();
        let host = name.split_once('.').map_or(name.as_str(), |(host, _)| host);
        if let Some(function) = package.symbols.get_mut(host) {
            function.variants.extend(met.variants);
        }
    }
}

/// Gives each draft its packages and symbols, and the symbols themselves, sorted.
fn collect(mut packages: Vec<Package<'_>>, drafts: &mut [Draft]) -> Vec<Symbol> {
    packages.sort_by(|a, b| a.path.cmp(&b.path));
    let mut symbols = Vec::new();
    for package in packages {
        for (candidate, extent) in &package.candidates {
            drafts[*candidate].meets(&package.path, *extent);
        }
        let whole = |extent: Extent| extent != Extent::Named;
        let covering = package
            .candidates
            .iter()
            .filter(|(_, extent)| whole(*extent));
        let covering: Vec<usize> = covering.map(|(candidate, _)| *candidate).collect();
        let mut met: Vec<(Cow<'_, str>, Met)> = package.symbols.into_iter().collect();
        met.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, met) in met {
            for candidate in met.named_by.iter().chain(&covering) {
                // Far fewer symbols than names, and names are numbered with 32 bits.
                drafts[*candidate]
                    .finding
                    .symbols
                    .push(symbols.len() as u32);
                drafts[*candidate].finding.tier = Tier::Linked;
            }
            symbols.push(symbol(&package.path, name, met));
        }
    }
    symbols
}

fn symbol(package: &str, name: Cow<'_, str>, met: Met) -> Symbol {
    let mut variants = met.variants;
    variants.sort();
    variants.dedup();
    Symbol {
        package: package.to_owned(),
        name: name.into_owned(),
        variants,
        places: Vec::new(),
    }
}

/// Finds out where the symbols are.
fn locate(symbols: &mut [Symbol], source: &Symbols<'_>, places: Places) -> Vec<Gap> {
    let Symbols::Known(source) = source else {
        return Vec::new();
    };
    // A name may stand for several symbols: code inside `A.B` may be that of `A`.
    let of = |(index, symbol): (usize, &Symbol)| {
        let ids = symbol.variants.iter().map(|variant| variant.id);
        ids.map(|id| (id, index)).collect::<Vec<_>>()
    };
    let mut uses: Vec<(SymbolId, usize)> = symbols.iter().enumerate().flat_map(of).collect();
    uses.sort_unstable();
    let mut wanted: Vec<SymbolId> = uses.iter().map(|(id, _)| *id).collect();
    wanted.dedup();
    // Asked even where nothing is wanted: on its way the source checks that its names are whole.
    let gaps = source.locate(&wanted, places, &mut |id, place| {
        let start = uses.partition_point(|(used, _)| *used < id);
        for (_, index) in uses[start..].iter().take_while(|(used, _)| *used == id) {
            symbols[*index].places.push(place.clone());
        }
    });
    for symbol in symbols {
        symbol.places.sort_by_key(order);
        symbol.places.dedup();
        symbol.places.shrink_to_fit();
    }
    gaps
}

/// Functions of their own first, then by the address of the code. The source gives equal ones in a fixed order.
fn order(place: &Place) -> (bool, Option<u64>) {
    match place {
        Place::Function { address, .. } => (false, *address),
        Place::Inlined { host_address, .. } => (true, *host_address),
    }
}

/// A replacement under another path is matched as itself; what is known of the original is then not applied.
fn replaced_notes(
    modules: &Modules<'_>,
    database: &Database<'_>,
) -> Result<Vec<String>, DatabaseError> {
    let mut notes = BTreeSet::new();
    for wanted in &modules.wanted {
        let Some((original, _)) = wanted
            .replaces
            .filter(|(original, _)| *original != wanted.path)
        else {
            continue;
        };
        let advisories = database.affected(original)?.len();
        if advisories > 0 {
            notes.insert(format!(
                "{original} is replaced by {}, and matched as that: the database's {advisories} entries for the original \
                 were not applied",
                wanted.path
            ));
        }
    }
    Ok(notes.into_iter().collect())
}

/// Packages vendored into the standard library are the standard library's. Said where an advisory of their own module
/// names them.
fn vendored_note(
    vendored: &BTreeSet<String>,
    database: &Database<'_>,
) -> Result<Option<String>, DatabaseError> {
    let mut modules = BTreeSet::new();
    let mut by_module = HashMap::new();
    for package in vendored {
        let mut path = package.as_str();
        let named_by = loop {
            if !by_module.contains_key(path) {
                by_module.insert(path, database.affected(path)?);
            }
            let mut imports = by_module[path]
                .iter()
                .flat_map(|affected| &affected.imports);
            if imports.any(|import| import.path == package) {
                break Some(path);
            }
            match path.rsplit_once('/') {
                Some((parent, _)) => path = parent,
                None => break None,
            }
        };
        modules.extend(named_by);
    }
    let list = modules.into_iter().collect::<Vec<_>>().join(", ");
    Ok((!list.is_empty()).then(|| {
        format!("Go's own copies of packages of {list} are judged as part of the standard library")
    }))
}

//! Subjects and databases in memory, for the tests of matching.

mod applies;
mod tiers;

use super::{Options, scan};
use crate::database::{Builder, Database, Source, embedded};
use crate::finding::{Applies, Finding, Scan, Tier, TierEvidence, VariantKind};
use crate::subject::{Module, Place, Subject, SymbolId, SymbolSource, Symbols};
use goassay_binary::Places;
use goassay_binary::gap::{Gap, Topic};
use std::cell::Cell;

/// Names in memory: the id is the index, the address too.
#[derive(Default)]
struct Names {
    names: Vec<&'static str>,
    located: Cell<usize>,
}

impl SymbolSource for Names {
    fn for_each(&self, visit: &mut dyn FnMut(SymbolId, &str)) {
        for (name, id) in self.names.iter().zip(0..) {
            visit(id, name);
        }
    }

    fn locate(
        &self,
        wanted: &[SymbolId],
        _: Places,
        found: &mut dyn FnMut(SymbolId, Place),
    ) -> Vec<Gap> {
        self.located.set(self.located.get() + 1);
        assert!(
            wanted.is_sorted_by(|a, b| a < b),
            "{wanted:?} is sorted and unique"
        );
        let place = |id: &SymbolId| Place::Function {
            address: Some(u64::from(*id)),
            position: None,
        };
        wanted.iter().for_each(|id| found(*id, place(id)));
        Vec::new()
    }
}

fn names(names: &[&'static str]) -> Names {
    Names {
        names: names.to_vec(),
        located: Cell::new(0),
    }
}

fn module(path: &'static str, version: &'static str) -> Module<'static> {
    Module {
        path,
        version,
        replace: None,
    }
}

fn subject<'a>(names: &'a Names, modules: &[Module<'a>]) -> Subject<'a> {
    Subject {
        go_version: Some("go1.26.8"),
        main_package: Some("example.com/app/cmd/app"),
        plugin_path: None,
        main: Some(module("example.com/app", "v1.0.0")),
        modules: modules.to_vec(),
        goos: Some("linux"),
        goarch: Some("amd64"),
        symbols: Symbols::Known(names),
        gaps: Vec::new(),
    }
}

/// An advisory in one module: its ranges' events, its imports and whatever else belongs into the entry.
fn advisory(id: &str, module: &str, events: &str, specific: &str) -> String {
    format!(
        r#"{{"id": "{id}", "affected": [{{"package": {{"name": "{module}", "ecosystem": "Go"}},
            "ranges": [{{"type": "SEMVER", "events": [{events}]}}], "ecosystem_specific": {{{specific}}}}}]}}"#
    )
}

const FIXED_1_5: &str = r#"{"introduced": "0"}, {"fixed": "1.5.0"}"#;
const EVERYTHING: &str = r#"{"introduced": "0"}"#;
const F_AND_TM: &str = r#""imports": [{"path": "example.com/m/p", "symbols": ["F", "T.M"]}]"#;

fn database(advisories: &[String]) -> Vec<u8> {
    let mut builder = Builder::new();
    for (number, json) in advisories.iter().enumerate() {
        builder
            .add_json(&number.to_string(), json.as_bytes())
            .unwrap();
    }
    builder.finish(&Source::default()).unwrap()
}

fn options() -> Options {
    Options {
        as_of: "2026-11-21".parse().unwrap(),
        places: Places::All,
    }
}

fn run(subject: &Subject<'_>, advisories: &[String]) -> Scan {
    scan(
        subject,
        &Database::open(&database(advisories)).unwrap(),
        &options(),
    )
    .unwrap()
}

fn only(scan: &Scan) -> &Finding {
    let [finding] = scan.findings.as_slice() else {
        panic!("{:#?}", scan.findings)
    };
    finding
}

/// `package name` of a finding's symbols.
fn symbols(scan: &Scan, finding: &Finding) -> Vec<String> {
    let name = |index: &u32| {
        let symbol = &scan.symbols[*index as usize];
        format!("{} {}", symbol.package, symbol.name)
    };
    finding.symbols.iter().map(name).collect()
}

//! Our versioned document, `goassay-difference/1`, described in `docs/formats/difference.md`.

use super::{Pair, Report, change_in_words};
use crate::harmless;
use crate::wire::{FailureWire, ToolWire};
use goassay_diff::{
    Appearance, Cause, Change, Changed, Container, Differences, Files, FunctionChange, Functions,
    How, Listed, ModuleChange, Roots,
};
use serde::Serialize;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Name and version of the document.
pub const SCHEMA: &str = "goassay-difference/1";

/// Writes the document.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let document = DocumentWire {
        schema: SCHEMA,
        tool: ToolWire::from(&report.tool),
        a: &report.names[0],
        b: &report.names[1],
        verdict: report.verdict().name(),
        exit_code: report.exit_code(),
        same: report.same,
        pairs: report.pairs.iter().map(PairWire::from).collect(),
        others: OthersWire {
            count: report.others.count,
            list: report.others.list.iter().map(OtherWire::from).collect(),
        },
        failures: report.failures.iter().map(FailureWire::from).collect(),
    };
    harmless::write(out, &document)
}

#[derive(Serialize)]
struct DocumentWire<'a> {
    schema: &'static str,
    tool: ToolWire<'a>,
    a: &'a str,
    b: &'a str,
    verdict: &'static str,
    exit_code: u8,
    same: usize,
    pairs: Vec<PairWire<'a>>,
    others: OthersWire<'a>,
    failures: Vec<FailureWire<'a>>,
}

#[derive(Serialize)]
struct OthersWire<'a> {
    count: usize,
    list: Vec<OtherWire<'a>>,
}

#[derive(Serialize)]
struct OtherWire<'a> {
    name: &'a str,
    what: &'static str,
    words: &'a str,
}

impl<'a> From<&'a super::Other> for OtherWire<'a> {
    fn from(other: &'a super::Other) -> Self {
        OtherWire {
            name: &other.name,
            what: other.what,
            words: &other.words,
        }
    }
}

#[derive(Serialize)]
struct PairWire<'a> {
    name: &'a str,
    causes: Vec<CauseWire<'a>>,
    bytes: Value,
    not_go: Option<&'a [Option<String>; 2]>,
    container: Value,
    build: Value,
    functions: Value,
    inlining: Value,
    foreign: Value,
    types: Value,
    strings: Value,
    variables: Value,
    files: Value,
    gaps: &'a [String],
}

impl<'a> From<&'a Pair> for PairWire<'a> {
    fn from(pair: &'a Pair) -> Self {
        let found = &pair.differences;
        let span = &found.span;
        PairWire {
            name: &pair.name,
            causes: pair.causes.iter().map(CauseWire::from).collect(),
            bytes: json!({
                "lengths": span.lengths,
                "differ": span.differ,
                "first": span.first,
                "last": span.last,
            }),
            not_go: found.unread.as_ref().map(|unread| &unread.0),
            container: container(&found.container),
            build: build(found),
            functions: functions(&found.functions),
            inlining: inlining(found),
            foreign: json!({
                "lengths": found.foreign.lengths,
                "functions": listed(&found.foreign.functions, |name| json!(name)),
            }),
            types: json!({
                "counts": found.types.counts,
                "added": texts(&found.types.added),
                "removed": texts(&found.types.removed),
                "changed": listed(&found.types.changed, changed),
            }),
            strings: json!({
                "counts": found.strings.counts,
                "added": texts(&found.strings.added),
                "removed": texts(&found.strings.removed),
            }),
            variables: listed(
                &found.variables,
                |one| json!({ "name": one.name, "user": one.user, "values": one.values }),
            ),
            files: files(&found.files),
            gaps: &found.gaps,
        }
    }
}

#[derive(Serialize)]
struct CauseWire<'a> {
    kind: &'static str,
    sentence: String,
    evidence: &'a [String],
    changes: Vec<ChangeWire<'a>>,
}

/// What a build of B would change: the kind of change, its name where there are several of a kind, its value.
#[derive(Serialize)]
struct ChangeWire<'a> {
    kind: &'static str,
    name: Option<&'a str>,
    value: Option<String>,
    words: String,
}

impl<'a> From<&'a Cause> for CauseWire<'a> {
    fn from(cause: &'a Cause) -> Self {
        CauseWire {
            kind: cause.kind.name(),
            sentence: cause.kind.sentence(),
            evidence: &cause.evidence,
            changes: cause.changes.iter().map(ChangeWire::from).collect(),
        }
    }
}

impl<'a> From<&'a Change> for ChangeWire<'a> {
    fn from(change: &'a Change) -> Self {
        let (kind, name, value): (_, Option<&str>, Option<String>) = match change {
            Change::Toolchain(version) => ("toolchain", None, Some(version.clone())),
            Change::Environment(name, value) => ("environment", Some(name), value.clone()),
            Change::Flag(name, value) => ("flag", Some(name), value.clone()),
            Change::LinkerFlags { add, .. } => ("linker-flags", None, Some(add.join(" "))),
            Change::Directory(place, path) => ("directory", Some(place.name()), Some(path.clone())),
            Change::Module(path, version) => ("module", Some(path), version.clone()),
            Change::Commit(commit) => ("commit", None, Some(commit.clone())),
            Change::Variable(name, value) => ("variable", Some(name), Some(value.clone())),
            Change::CCompiler(name) => ("c-compiler", None, Some(name.clone())),
            Change::Vendor(on) => ("vendor", None, Some(on.to_string())),
        };
        ChangeWire {
            kind,
            name,
            value,
            words: change_in_words(change),
        }
    }
}

fn listed<T>(listed: &Listed<T>, entry: impl Fn(&T) -> Value) -> Value {
    let list: Vec<Value> = listed.list.iter().map(entry).collect();
    json!({ "count": listed.count, "list": list })
}

fn texts(texts: &Listed<String>) -> Value {
    listed(texts, |text| json!(text))
}

fn changed(one: &Changed) -> Value {
    json!({ "name": one.name, "values": one.values })
}

fn container(container: &Container) -> Value {
    let each = |list: &[Changed]| -> Vec<Value> { list.iter().map(changed).collect() };
    json!({
        "platform": each(&container.platform),
        "shows": container.appearance.each_ref().map(appearance),
        "identities": each(&container.identities),
        "headers": listed(&container.headers, changed),
        "sections": listed(&container.sections, |one| {
            json!({ "name": one.name, "lengths": one.lengths, "differ": one.differ })
        }),
    })
}

fn appearance(one: &Appearance) -> Value {
    json!({
        "symbols": one.symbols.then_some(one.symbol_count),
        "dwarf": one.dwarf,
        "compressed": one.compressed,
        "sections": one.sections,
        "appended": one.appended,
        "external": one.external,
    })
}

fn build(found: &Differences) -> Value {
    let build = &found.build;
    json!({
        "go": build.go,
        "path": build.path,
        "main": build.main.as_ref().map(module),
        "settings": listed(&build.settings, |one| json!({ "key": one.key, "values": one.values })),
        "modules": listed(&build.modules, module),
        "dependencies": build.dependencies,
    })
}

fn module(one: &ModuleChange) -> Value {
    json!({ "path": one.path, "versions": one.versions, "sums": one.sums })
}

fn functions(functions: &Functions) -> Value {
    let modules = functions.modules.iter().map(|one| {
        json!({
            "module": one.module,
            "added": one.added,
            "removed": one.removed,
            "changed": one.changed,
            "common": one.common,
        })
    });
    let modules: Vec<Value> = modules.collect();
    json!({
        "counts": functions.counts,
        "same": functions.same,
        "moved": functions.moved,
        "unclear": functions.unclear,
        "reordered": functions.reordered,
        "lines": listed(&functions.lines, |(name, lines)| json!({ "name": name, "lines": lines })),
        "added": texts(&functions.added),
        "removed": texts(&functions.removed),
        "changed": listed(&functions.changed, function),
        "modules": modules,
    })
}

fn function(one: &FunctionChange) -> Value {
    let (how, offset, texts) = match &one.how {
        How::Length => ("length", None, None),
        How::Code(at) => ("code", Some(*at), None),
        How::Text(texts) => ("text", None, Some(texts)),
    };
    json!({
        "name": one.name,
        "lengths": one.lengths,
        "how": how,
        "offset": offset,
        "texts": texts,
    })
}

fn inlining(found: &Differences) -> Value {
    let inlining = &found.inlining;
    json!({
        "calls": inlining.calls,
        "only": inlining.only,
        "functions": listed(&inlining.functions, |(name, calls)| {
            json!({ "name": name, "calls": calls })
        }),
    })
}

fn files(files: &Files) -> Value {
    let roots = |roots: &Roots| {
        json!({
            "goroot": roots.goroot,
            "modules": roots.modules,
            "checkout": roots.checkout,
        })
    };
    json!({
        "counts": files.counts,
        "roots": files.roots.each_ref().map(roots),
        "added": texts(&files.added),
        "removed": texts(&files.removed),
    })
}

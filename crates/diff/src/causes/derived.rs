//! What nothing records and the bytes show: folders, parts that the linker left out, values of variables, C compilers, code.

use super::{Cause, Change, Kind, Place};
use crate::differences::{Differences, How};

/// What the build information does not say; `known` is what it does.
pub(super) fn causes(found: &Differences, known: &[Cause]) -> Vec<Cause> {
    let has = |wanted: fn(&Kind) -> bool| known.iter().any(|cause| wanted(&cause.kind));
    let mut causes = Vec::new();
    if !has(|kind| {
        matches!(
            kind,
            Kind::LinkMode(_) | Kind::Cgo(_) | Kind::BuildMode(_) | Kind::Platform(_)
        )
    }) {
        causes.extend(link_mode(found));
    }
    let linked = causes.len();
    if linked == 0
        && !has(|kind| matches!(kind, Kind::Cgo(_) | Kind::LinkMode(_) | Kind::CFlags(..)))
    {
        causes.extend(c_code(found));
    }
    if !has(|kind| matches!(kind, Kind::LinkerFlags(_) | Kind::Platform(_))) {
        causes.extend(left_out(found));
        // What a linker writes into headers by itself differs between releases.
        if !has(|kind| matches!(kind, Kind::GoVersion(_))) {
            causes.extend(header_flags(found));
            causes.extend(layout(found));
        }
    }
    if !has(|kind| matches!(kind, Kind::BuildId(_))) {
        causes.extend(build_id(found));
    }
    if !has(|kind| matches!(kind, Kind::VariableValue(..))) {
        causes.extend(variables(found));
    }
    causes.extend(directories(found));
    // Whatever else was done otherwise may have changed code.
    let explained = causes
        .iter()
        .chain(known)
        .any(|cause| brings_code(&cause.kind));
    if !explained {
        causes.extend(source(found, causes.is_empty() && known.is_empty()));
    }
    if causes.is_empty() && known.is_empty() {
        causes.extend(debug_only(found));
    }
    causes
}

/// Whether other code follows from a cause.
fn brings_code(kind: &Kind) -> bool {
    !matches!(
        kind,
        Kind::BuildId(_)
            | Kind::VariableValue(..)
            | Kind::LinkerFlags(_)
            | Kind::OtherDirectory(_)
            | Kind::TrimPath(_)
            | Kind::Stamp(_)
            | Kind::Godebug(_)
            | Kind::CCompiler(_)
            | Kind::CFlags(..)
            | Kind::LinkMode(_)
            | Kind::Signature(_)
            | Kind::Appended(_)
            | Kind::Stripped
    )
}

fn link_mode(found: &Differences) -> Option<Cause> {
    let external = found.container.appearance.map(|one| one.external);
    if external[0] == external[1] {
        return None;
    }
    let modes = external.map(|is| if is { "external" } else { "internal" });
    let side = if external[0] { "A" } else { "B" };
    let evidence = vec![format!(
        "{side} has the start-up code and the sections of a C linker"
    )];
    let flag = format!("-linkmode={}", modes[0]);
    let change = Change::LinkerFlags {
        add: vec![flag],
        remove: Vec::new(),
    };
    Some(Cause::new(Kind::LinkMode(modes), evidence).with([change]))
}

fn c_code(found: &Differences) -> Option<Cause> {
    let foreign = &found.foreign;
    let [a, b] = &found.container.identity;
    let mut evidence = Vec::new();
    if foreign.lengths[0] != foreign.lengths[1] {
        evidence.push(format!(
            "code that is not Go's has {} and {} bytes",
            foreign.lengths[0], foreign.lengths[1]
        ));
    }
    let functions = foreign.functions.list.iter().take(3);
    evidence.extend(functions.map(|name| format!("the C function {name} differs")));
    if a.compilers != b.compilers {
        let names = [a, b].map(|one| match one.compilers.as_slice() {
            [] => "none named".to_owned(),
            names => names.join("; "),
        });
        evidence.insert(0, format!("`.comment` names {} and {}", names[0], names[1]));
        // The system's own objects name one, too, which both can have.
        let only = a
            .compilers
            .iter()
            .filter(|name| !b.compilers.contains(name));
        let only: Vec<String> = only.map(ToString::to_string).collect();
        let change = Change::CCompiler(match only.is_empty() {
            true => names[0].clone(),
            false => only.join("; "),
        });
        return Some(Cause::new(Kind::CCompiler(names), evidence).with([change]));
    }
    (!evidence.is_empty()).then(|| Cause::new(Kind::CFlags(None, [None, None]), evidence))
}

/// Symbol table and debug information that the linker left out.
fn left_out(found: &Differences) -> Option<Cause> {
    let [a, b] = found.container.appearance;
    if a.symbols == b.symbols && a.dwarf == b.dwarf && a.compressed == b.compressed {
        return None;
    }
    let words = |one: &crate::differences::Appearance| match (one.symbols, one.dwarf) {
        (false, _) => "-s -w",
        (true, false) => "-w",
        (true, true) if !one.compressed => "-compressdwarf=false",
        (true, true) => "",
    };
    let words = [words(&a), words(&b)].map(str::to_owned);
    let mut evidence = Vec::new();
    for (what, one, other) in [
        ("symbol table", a.symbols, b.symbols),
        ("debug information", a.dwarf, b.dwarf),
        ("compressed debug information", a.compressed, b.compressed),
    ] {
        let side = if one { "A" } else { "B" };
        if one != other {
            evidence.push(
                format!("only {side} has a {what}")
                    .replace("a debug", "debug")
                    .replace("a compressed", "compressed"),
            );
        }
    }
    let only = |one: &str, other: &str| -> Vec<String> {
        let there = |word: &&str| other.split_whitespace().any(|one| one == *word);
        let only = one.split_whitespace().filter(|word| !there(word));
        only.map(str::to_owned).collect()
    };
    let change = Change::LinkerFlags {
        add: only(&words[0], &words[1]),
        remove: only(&words[1], &words[0]),
    };
    Some(Cause::new(Kind::LinkerFlags(words), evidence).with([change]))
}

/// What linker flags set in headers: the GNU build ID (`-B`) and the subsystem (`-H`).
fn header_flags(found: &Differences) -> Option<Cause> {
    let [a, b] = found
        .container
        .identity
        .each_ref()
        .map(|one| one.gnu.is_some());
    if a != b {
        let side = if a { "A" } else { "B" };
        let words = [a, b].map(|has| if has { "-B" } else { "" }.to_owned());
        let evidence = vec![format!("only {side} has a GNU build ID")];
        return Some(Cause::new(Kind::LinkerFlags(words), evidence));
    }
    let mut headers = found.container.headers.list.iter();
    let subsystem = headers.find(|one| one.name == "subsystem")?;
    let [a, b] = subsystem.values.clone().map(Option::unwrap_or_default);
    let evidence = vec![format!("the subsystem is {a} and {b}")];
    let words = [&a, &b].map(|name| format!("-H={}", name.replace('-', "")));
    let change = Change::LinkerFlags {
        add: vec![words[0].clone()],
        remove: vec![words[1].clone()],
    };
    Some(Cause::new(Kind::LinkerFlags(words), evidence).with([change]))
}

/// Functions in another order: nothing but `-randlayout` does that while they stay the same.
fn layout(found: &Differences) -> Option<Cause> {
    let functions = &found.functions;
    let alike = functions.differ() == 0 && functions.unclear == 0;
    // What is sorted by size or taken from a map moves a few.
    if !alike || functions.reordered < functions.counts[0] / 10 {
        return None;
    }
    let evidence = vec![format!(
        "the functions are the same and stand in another order: {} of {} before their predecessor",
        functions.reordered, functions.counts[0]
    )];
    let words = [String::new(), "-randlayout".to_owned()];
    Some(Cause::new(Kind::LinkerFlags(words), evidence))
}

/// A build ID that is not what the go command makes.
fn build_id(found: &Differences) -> Option<Cause> {
    let ids = found
        .container
        .identity
        .each_ref()
        .map(|one| one.go.clone());
    let made = |id: &Option<String>| id.as_ref().is_some_and(|id| id.matches('/').count() >= 3);
    if ids[0] == ids[1] || made(&ids[0]) && made(&ids[1]) {
        return None;
    }
    let words = |id: &Option<String>| match id {
        None => "none".to_owned(),
        Some(id) => id.clone(),
    };
    let evidence = vec![format!(
        "the Go build ID is {} and {}",
        words(&ids[0]),
        words(&ids[1])
    )];
    let change = match &ids[0] {
        id if made(id) => Change::LinkerFlags {
            add: Vec::new(),
            remove: vec!["-buildid".to_owned()],
        },
        id => Change::LinkerFlags {
            add: vec![format!("-buildid={}", id.clone().unwrap_or_default())],
            remove: Vec::new(),
        },
    };
    Some(Cause::new(Kind::BuildId(ids), evidence).with([change]))
}

/// Variables that the go command sets itself.
const SET_BY_GO: [&str; 5] = [
    "runtime.buildVersion",
    "runtime.defaultGOROOT",
    "runtime.godebugDefault",
    "runtime.modinfo",
    "internal/buildcfg.defaultGOROOT",
];

fn variables(found: &Differences) -> Vec<Cause> {
    const MOST: usize = 10;
    let variables = found.variables.list.iter().filter(|variable| {
        let name = variable.name.as_deref().unwrap_or_default();
        let user = variable.user.as_deref().unwrap_or_default();
        let of_runtime = name.is_empty() && user.starts_with("runtime.");
        !of_runtime && !SET_BY_GO.contains(&name) && !has_folder(found, &variable.values)
    });
    let causes = variables.take(MOST).map(|variable| {
        let mut evidence = vec![format!(
            "the variable holds {:?} and {:?}, and code is the same where it is used",
            variable.values[0], variable.values[1]
        )];
        let user = variable.user.iter();
        evidence.extend(user.map(|user| format!("{user} refers to it")));
        let value = variable.values[0].clone();
        let change = variable
            .name
            .clone()
            .map(|name| Change::Variable(name, value));
        let kind = Kind::VariableValue(variable.name.clone(), variable.values.clone());
        Cause::new(kind, evidence).with(change)
    });
    causes.collect()
}

/// Whether values are the builder's folders (`runtime.defaultGOROOT`, of which a stripped file has no name).
fn has_folder(found: &Differences, values: &[String; 2]) -> bool {
    let roots = found.files.roots.iter().zip(values);
    roots
        .into_iter()
        .any(|(roots, value)| roots.goroot.as_ref() == Some(value))
}

fn directories(found: &Differences) -> Option<Cause> {
    let [a, b] = &found.files.roots;
    let places = [
        (Place::Goroot, &a.goroot, &b.goroot),
        (Place::ModuleCache, &a.modules, &b.modules),
        (Place::Checkout, &a.checkout, &b.checkout),
    ];
    let differ = places.into_iter().filter_map(|(place, one, other)| {
        let (one, other) = (one.clone()?, other.clone()?);
        (one != other).then_some((place, [one, other]))
    });
    let differ: Vec<(Place, [String; 2])> = differ.collect();
    if differ.is_empty() {
        return None;
    }
    let evidence = differ.iter().map(|(place, [one, other])| {
        format!(
            "names of source files have the {} {one} and {other}",
            place.name()
        )
    });
    let changes: Vec<Change> = differ
        .iter()
        .map(|(place, [one, _])| Change::Directory(*place, one.clone()))
        .collect();
    Some(Cause::new(Kind::OtherDirectory(differ.clone()), evidence.collect()).with(changes))
}

/// Other source code: functions, types, strings or data differ. `alone`: nothing else explains the bytes.
fn source(found: &Differences, alone: bool) -> Option<Cause> {
    let functions = &found.functions;
    let types = &found.types;
    let mut evidence = Vec::new();
    if functions.differ() > 0 {
        evidence.push(format!(
            "{} functions added, {} removed, {} changed",
            functions.added.count, functions.removed.count, functions.changed.count
        ));
        let modules = functions.modules.iter().take(3).map(|one| {
            let module = if one.module.is_empty() {
                "no module"
            } else {
                &one.module
            };
            format!(
                "of {module}: {} added, {} removed, {} changed",
                one.added, one.removed, one.changed
            )
        });
        evidence.extend(modules);
        evidence.extend(
            functions
                .changed
                .list
                .iter()
                .take(3)
                .map(|one| match &one.how {
                    How::Text([a, b]) => format!("{} says {b:?} instead of {a:?}", one.name),
                    How::Length => format!(
                        "{} has {} and {} bytes",
                        one.name, one.lengths[0], one.lengths[1]
                    ),
                    How::Code(at) => format!("{} differs {at} bytes from its entry", one.name),
                }),
        );
    }
    if functions.lines.count > 0 {
        evidence.push(format!(
            "{} functions with the same code are defined at other lines",
            functions.lines.count
        ));
        evidence.extend(
            functions
                .lines
                .list
                .iter()
                .take(2)
                .map(|(name, [a, b])| format!("{name} is at line {a} and {b}")),
        );
    }
    let shapes = types.added.count + types.removed.count + types.changed.count;
    if shapes > 0 {
        evidence.push(format!("{shapes} types differ"));
    }
    let strings = &found.strings;
    for (list, word) in [(&strings.removed, "A"), (&strings.added, "B")] {
        // Values of variables are causes of their own.
        let list = list.list.iter().filter(|one| !is_value(found, one)).take(2);
        evidence.extend(list.map(|one| format!("only {word} has the text {one:?}")));
    }
    if evidence.is_empty() && alone {
        evidence.extend(data(found));
    }
    (!evidence.is_empty()).then(|| Cause::new(Kind::SourceChanged, evidence))
}

fn is_value(found: &Differences, text: &String) -> bool {
    let mut variables = found.variables.list.iter();
    variables.any(|variable| variable.values.contains(text))
}

/// Data that differs where nothing else does.
fn data(found: &Differences) -> Vec<String> {
    const DATA: [&str; 11] = [
        ".rodata",
        ".data",
        ".noptrdata",
        ".data.rel.ro",
        "__rodata",
        "__data",
        "__noptrdata",
        ".rdata",
        "__const",
        ".gopclntab",
        "__gopclntab",
    ];
    let sections = found.container.sections.list.iter();
    let sections = sections.filter(|section| DATA.contains(&section.name.as_str()));
    let words = |name: &str, differ: u64| {
        format!("{differ} bytes differ in section {name}, and no function does")
    };
    sections
        .map(|section| words(&section.name, section.differ))
        .collect()
}

/// All that differs is debug information, the symbol table and identities, or identities alone.
fn debug_only(found: &Differences) -> Option<Cause> {
    const IDENTITIES: [&str; 2] = [".note.go.buildid", ".note.gnu.build-id"];
    const NAMES: [&str; 3] = [".symtab", ".strtab", ".shstrtab"];
    const DEBUG: [&str; 4] = [".debug_", ".zdebug_", "__debug_", "__zdebug_"];
    let sections = &found.container.sections;
    let is_debug = |name: &str| DEBUG.iter().any(|start| name.starts_with(start));
    let has = |wanted: &dyn Fn(&str) -> bool| {
        let mut list = sections.list.iter();
        list.all(|one| IDENTITIES.contains(&one.name.as_str()) || wanted(&one.name))
    };
    let whole = sections.count > 0 && sections.count == sections.list.len() as u64;
    let kind = match whole {
        true if has(&|_| false) => Kind::NoTrace,
        true if has(&|name| is_debug(name) || NAMES.contains(&name)) => Kind::DebugInfoOnly,
        _ => return None,
    };
    let evidence = sections.list.iter().take(5);
    let evidence =
        evidence.map(|one| format!("{} bytes differ in section {}", one.differ, one.name));
    Some(Cause::new(kind, evidence.collect()))
}

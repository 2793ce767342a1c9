//! Functions, paired by name, and compared by what their code says once addresses are taken for what stands there.

mod amd64;
mod arm64;
mod code;

pub(crate) use code::{each_reference, each_string};

use crate::differences::{Foreign, FunctionChange, Functions, How, Inlining, ModuleCount};
use crate::listed::{Listed, text};
use crate::side::{Function, Side};
use goassay_binary::modules::Modules;
use goassay_binary::{Binary, symbol};
use std::collections::BTreeMap;

/// Functions of two binaries by name.
pub(crate) struct Pairs {
    /// Indexes into the functions of both, in order of names, with what came out.
    pub(crate) both: Vec<Pair>,
    /// Those that one side has.
    only: [Vec<usize>; 2],
}

/// A function that both have.
pub(crate) struct Pair {
    pub(crate) indexes: [usize; 2],
    pub(crate) result: Same,
}

/// What came out of comparing code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Same {
    /// The same bytes.
    Equal,
    /// The same but for addresses.
    Moved,
    /// Not told apart from moved: addresses in code of this architecture are not known.
    Unclear,
    /// Not the same.
    Changed(How),
}

/// Pairs functions by name, those of one name in order of their lengths, and compares their code.
pub(crate) fn pair(binaries: &[&Binary<'_>; 2], sides: &[Side<'_>; 2]) -> Pairs {
    let [a, b] = sides.each_ref().map(by_name);
    let name = |side: usize, index: usize| sides[side].functions.get(index).map(|f| f.name);
    let mut pairs = Pairs {
        both: Vec::new(),
        only: [Vec::new(), Vec::new()],
    };
    let (mut a, mut b) = (a.into_iter().peekable(), b.into_iter().peekable());
    let mut compare = code::Comparison::new(binaries, sides);
    loop {
        let order = match (a.peek(), b.peek()) {
            (None, None) => break,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(&one), Some(&other)) => name(0, one).cmp(&name(1, other)),
        };
        match order {
            std::cmp::Ordering::Less => pairs.only[0].extend(a.next()),
            std::cmp::Ordering::Greater => pairs.only[1].extend(b.next()),
            std::cmp::Ordering::Equal => {
                if let Some((one, other)) = a.next().zip(b.next()) {
                    let functions = (sides[0].functions.get(one), sides[1].functions.get(other));
                    let (Some(left), Some(right)) = functions else {
                        continue;
                    };
                    pairs.both.push(Pair {
                        indexes: [one, other],
                        result: compare.functions(left, right),
                    });
                }
            }
        }
    }
    pairs
}

fn by_name(side: &Side<'_>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..side.functions.len()).collect();
    let name = |index: &usize| side.functions.get(*index).map(|function| function.name);
    // Functions that share a name (assembly of both calling conventions) are told apart by their lengths, wherever they stand.
    let len = |index: &usize| {
        side.functions
            .get(*index)
            .map(|function| function.code.len())
    };
    order.sort_by(|a, b| {
        let by_len = || len(a).cmp(&len(b)).then(a.cmp(b));
        name(a).cmp(&name(b)).then_with(by_len)
    });
    order
}

/// Where formats without notes keep the Go build ID: no function, though it is listed as one.
const BUILD_ID: &[u8] = b"go:buildid";

/// Code that came out of C objects: no package, no source file.
fn is_foreign(function: &Function<'_>) -> bool {
    let name = std::str::from_utf8(function.name).unwrap_or_default();
    function.file.is_none() && symbol::split(name).is_none() && !name.starts_with("go:")
}

/// What differs in functions that Go made.
pub(crate) fn compare(
    binaries: &[&Binary<'_>; 2],
    sides: &[Side<'_>; 2],
    pairs: &Pairs,
) -> Functions {
    let modules = binaries.map(|binary| Modules::of(binary.build_info().ok()));
    let mut counts = Counts::default();
    let mut found = Functions {
        counts: sides.each_ref().map(|side| side.functions.len() as u64),
        reordered: reordered(pairs),
        ..Functions::default()
    };
    in_both(sides, pairs, &modules[0], &mut counts, &mut found);
    found.removed = only(&sides[0], &pairs.only[0], &modules[0], |function| {
        counts.of(function).removed += 1;
    });
    found.added = only(&sides[1], &pairs.only[1], &modules[1], |function| {
        counts.of(function).added += 1;
    });
    found.modules = counts.by_changes();
    found
}

/// What came of the pairs; changes in the program's own packages are listed first.
fn in_both(
    sides: &[Side<'_>; 2],
    pairs: &Pairs,
    modules: &Modules<'_>,
    counts: &mut Counts,
    found: &mut Functions,
) {
    let mut changed: Vec<(bool, &Function<'_>, &Function<'_>, &How)> = Vec::new();
    for pair in &pairs.both {
        let Some((one, other)) = both(sides, pair) else {
            continue;
        };
        let owner = Owner::of(modules, one.name);
        let standard = !owner.own;
        let count = counts.of(owner);
        count.common += 1;
        if one.name == BUILD_ID {
            continue;
        }
        if one.line != other.line && !matches!(pair.result, Same::Changed(_)) {
            let lines = [one.line, other.line];
            found.lines.push(|| (text(one.name), lines));
        }
        match &pair.result {
            Same::Equal => found.same += 1,
            Same::Moved => found.moved += 1,
            Same::Unclear => found.unclear += 1,
            Same::Changed(_) if is_foreign(one) => {}
            Same::Changed(how) => {
                count.changed += 1;
                changed.push((standard, one, other, how));
            }
        }
    }
    changed.sort_by_key(|&(standard, ..)| standard);
    for (_, one, other, how) in changed {
        found.changed.push(|| FunctionChange {
            name: text(one.name),
            lengths: [one.code.len() as u64, other.code.len() as u64],
            how: how.clone(),
        });
    }
}

/// Names of the functions that one side alone has, those of the program's own packages first.
fn only(
    side: &Side<'_>,
    indexes: &[usize],
    modules: &Modules<'_>,
    mut count: impl FnMut(Owner),
) -> Listed<String> {
    let functions = indexes.iter().filter_map(|&at| side.functions.get(at));
    let functions = functions.filter(|function| !is_foreign(function));
    let mut named: Vec<(bool, &[u8])> = functions
        .map(|function| {
            let owner = Owner::of(modules, function.name);
            let standard = !owner.own;
            count(owner);
            (standard, function.name)
        })
        .collect();
    named.sort_by_key(|&(standard, _)| standard);
    let mut listed = Listed::default();
    for (_, name) in named {
        listed.push(|| text(name));
    }
    listed
}

/// How many functions of B stand before the one that they stand behind in A.
fn reordered(pairs: &Pairs) -> u64 {
    let mut order: Vec<[usize; 2]> = pairs.both.iter().map(|pair| pair.indexes).collect();
    order.sort_unstable();
    let steps = order.windows(2);
    let back = steps.filter(|step| matches!(step, [[_, one], [_, other]] if other < one));
    back.count() as u64
}

/// Functions by module.
#[derive(Default)]
struct Counts(BTreeMap<String, ModuleCount>);

impl Counts {
    fn of(&mut self, owner: Owner) -> &mut ModuleCount {
        let module = owner.module.clone();
        self.0.entry(owner.module).or_insert_with(|| ModuleCount {
            module,
            ..ModuleCount::default()
        })
    }

    /// Those with the most changes.
    fn by_changes(self) -> Vec<ModuleCount> {
        const MOST: usize = 100;
        let differ = |count: &ModuleCount| count.added + count.removed + count.changed;
        let mut modules: Vec<ModuleCount> =
            self.0.into_values().filter(|c| differ(c) > 0).collect();
        modules.sort_by_key(|count| std::cmp::Reverse(differ(count)));
        modules.truncate(MOST);
        modules
    }
}

/// Whose a function is.
struct Owner {
    /// Module path; empty where it is not known.
    module: String,
    /// It is not Go's own.
    own: bool,
}

impl Owner {
    fn of(modules: &Modules<'_>, name: &[u8]) -> Owner {
        let name = std::str::from_utf8(name).unwrap_or_default();
        let package = symbol::package(name).map(symbol::unescape);
        let index = package
            .as_deref()
            .and_then(|package| modules.owner(package));
        let module = index.and_then(|at| modules.list().get(at as usize));
        let main = package.is_some_and(|package| package == "main");
        match module {
            Some(module) => Owner {
                own: !matches!(module.path.as_str(), "std" | "cmd"),
                module: text(module.path.as_bytes()),
            },
            None => Owner {
                own: main,
                module: if main {
                    "main".to_owned()
                } else {
                    String::new()
                },
            },
        }
    }
}

fn both<'s, 'a>(
    sides: &'s [Side<'a>; 2],
    pair: &Pair,
) -> Option<(&'s Function<'a>, &'s Function<'a>)> {
    let one = sides[0].functions.get(pair.indexes[0])?;
    Some((one, sides[1].functions.get(pair.indexes[1])?))
}

/// The two functions of each pair whose code says the same.
pub(crate) fn alike<'s, 'a>(
    sides: &'s [Side<'a>; 2],
    pairs: &'s Pairs,
) -> impl Iterator<Item = (&'s Function<'a>, &'s Function<'a>)> + use<'s, 'a> {
    let alike = pairs.both.iter().filter(|pair| {
        let texts = matches!(pair.result, Same::Changed(How::Text(_)));
        texts || matches!(pair.result, Same::Equal | Same::Moved)
    });
    alike.filter_map(move |pair| both(sides, pair))
}

/// What differs in inlined calls.
pub(crate) fn inlining(sides: &[Side<'_>; 2], pairs: &Pairs) -> Inlining {
    let calls = |side: &Side<'_>| side.functions.iter().map(|f| u64::from(f.inlined)).sum();
    let mut found = Inlining {
        calls: sides.each_ref().map(calls),
        only: sides.each_ref().map(|side| side.only_inlined),
        functions: Listed::default(),
    };
    for pair in &pairs.both {
        if let Some((one, other)) = both(sides, pair)
            && one.inlined != other.inlined
        {
            let counts = [one.inlined, other.inlined];
            found.functions.push(|| (text(one.name), counts));
        }
    }
    found
}

/// What differs in code that Go did not make.
pub(crate) fn foreign(
    binaries: &[&Binary<'_>; 2],
    sides: &[Side<'_>; 2],
    pairs: &Pairs,
) -> Foreign {
    let mut found = Foreign {
        lengths: [0, 1].map(|side| foreign_len(binaries[side], &sides[side])),
        functions: Listed::default(),
    };
    for pair in &pairs.both {
        if let Some((one, _)) = both(sides, pair)
            && is_foreign(one)
            && matches!(pair.result, Same::Changed(_))
        {
            found.functions.push(|| text(one.name));
        }
    }
    for (only, side) in pairs.only.iter().zip(sides) {
        let functions = only.iter().filter_map(|&at| side.functions.get(at));
        for function in functions.filter(|function| is_foreign(function)) {
            found.functions.push(|| text(function.name));
        }
    }
    found
}

/// Bytes of code in `.text` outside of Go's functions, and of C functions among them.
fn foreign_len(binary: &Binary<'_>, side: &Side<'_>) -> u64 {
    let image = binary.image();
    let text = image.section(&[b".text", b"__text"]);
    let first = side.functions.iter().map(|f| f.address).min();
    let last = side.functions.iter().max_by_key(|f| f.address);
    let end = last.map(|f| f.address.saturating_add(f.code.len() as u64));
    let outside = match (text, first, end) {
        (Some(text), Some(first), Some(end)) => {
            let text_end = text.address.0.saturating_add(text.len);
            let before = first.saturating_sub(text.address.0).min(text.len);
            // What is left behind the last function may be its padding.
            before.saturating_add(text_end.saturating_sub(end) & !63)
        }
        _ => 0,
    };
    let inside = side.functions.iter().filter(|f| is_foreign(f));
    outside.saturating_add(inside.map(|f| f.code.len() as u64).sum())
}

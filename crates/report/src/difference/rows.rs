//! Differences as tables, from the top down: what the text and the page show.

use goassay_diff::{Changed, Differences, How, Listed, ModuleChange, Place, Roots};

/// One table.
pub(super) struct Table {
    /// What it is about.
    pub(super) title: &'static str,
    /// In a sentence, without a full stop; empty where the rows say all.
    pub(super) summary: String,
    /// How many rows there would be.
    pub(super) count: u64,
    /// The rows that are listed.
    pub(super) rows: Vec<Row>,
}

/// One difference: what, and what both sides have.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) values: [String; 2],
}

const NONE: &str = "none";
const THERE: &str = "there";

/// All tables that have something to say.
pub(super) fn tables(found: &Differences) -> Vec<Table> {
    let all = vec![
        platform(found),
        build(found),
        modules(found),
        functions(found),
        owners(found),
        lines(found),
        inlining(found),
        foreign(found),
        types(found),
        variables(found),
        named(
            "Strings",
            found.strings.counts,
            &found.strings.added,
            &found.strings.removed,
        ),
        roots(found),
        named(
            "Source files",
            found.files.counts,
            &found.files.added,
            &found.files.removed,
        ),
        container(found),
        sections(found),
        gaps(found),
    ];
    let says = |table: &Table| table.count > 0 || !table.summary.is_empty();
    all.into_iter().filter(says).collect()
}

fn row(name: impl Into<String>, a: impl ToString, b: impl ToString) -> Row {
    Row {
        name: name.into(),
        values: [a.to_string(), b.to_string()],
    }
}

fn or_none(value: Option<&String>) -> String {
    value.map_or(NONE.to_owned(), |value| match value.as_str() {
        "" => "empty".to_owned(),
        value => value.to_owned(),
    })
}

fn changed(one: &Changed) -> Row {
    let [a, b] = one.values.each_ref().map(|value| or_none(value.as_ref()));
    row(&one.name, a, b)
}

fn table(title: &'static str, summary: String, rows: Vec<Row>) -> Table {
    Table {
        title,
        summary,
        count: rows.len() as u64,
        rows,
    }
}

fn platform(found: &Differences) -> Table {
    let mut rows = Vec::new();
    if let Some(unread) = &found.unread {
        let [a, b] = unread.0.each_ref().map(|why| match why {
            Some(why) => why.clone(),
            None => "a Go binary".to_owned(),
        });
        rows.push(row("not compared as Go binaries", a, b));
    }
    rows.extend(found.container.platform.iter().map(changed));
    table("Platform", String::new(), rows)
}

fn build(found: &Differences) -> Table {
    let build = &found.build;
    let mut rows = Vec::new();
    if let Some([a, b]) = &build.go {
        rows.push(row("go", a, b));
    }
    if let Some([a, b]) = &build.path {
        rows.push(row("path", a, b));
    }
    rows.extend(build.main.as_ref().map(|main| module("mod", main)));
    let more = build.settings.count - build.settings.list.len() as u64;
    rows.extend(build.settings.list.iter().map(|setting| {
        let [a, b] = setting
            .values
            .each_ref()
            .map(|value| or_none(value.as_ref()));
        row(&setting.key, a, b)
    }));
    let mut table = table("Build information", String::new(), rows);
    table.count += more;
    table
}

fn module(name: &str, change: &ModuleChange) -> Row {
    let side = |side: usize| {
        let sum = match change.sums[side].as_str() {
            "" => String::new(),
            sum => format!(" {sum}"),
        };
        format!("{}{sum}", or_none(change.versions[side].as_ref()))
    };
    row(
        format!("{name} {}", change.path).trim_start(),
        side(0),
        side(1),
    )
}

fn modules(found: &Differences) -> Table {
    let modules = &found.build.modules;
    Table {
        title: "Dependencies",
        summary: match modules.count {
            0 => String::new(),
            count => {
                let [a, b] = found.build.dependencies;
                format!("{count} differ, of {a} and {b}")
            }
        },
        count: modules.count,
        rows: modules.list.iter().map(|one| module("", one)).collect(),
    }
}

fn functions(found: &Differences) -> Table {
    let functions = &found.functions;
    let [a, b] = functions.counts;
    let mut summary = format!(
        "{a} and {b}: {} the same, {} moved, {} changed, {} only in A, {} only in B",
        functions.same,
        functions.moved,
        functions.changed.count,
        functions.removed.count,
        functions.added.count
    );
    if functions.unclear > 0 {
        let unclear = functions.unclear;
        summary.push_str(&format!(
            ", {unclear} of the same length with other bytes (addresses in code of this architecture are not known)"
        ));
    }
    let nothing = functions.differ() + functions.unclear + functions.moved == 0;
    let changed = functions.changed.list.iter().map(|one| {
        let [a, b] = one.lengths;
        match &one.how {
            How::Length => row(&one.name, format!("{a} bytes"), format!("{b} bytes")),
            How::Code(at) => row(
                &one.name,
                format!("{a} bytes"),
                format!("other code from byte {at} on"),
            ),
            How::Text([a, b]) => row(&one.name, format!("{a:?}"), format!("{b:?}")),
        }
    });
    let mut rows: Vec<Row> = changed.collect();
    rows.extend(
        functions
            .removed
            .list
            .iter()
            .map(|one| row(one, THERE, NONE)),
    );
    rows.extend(functions.added.list.iter().map(|one| row(one, NONE, THERE)));
    Table {
        title: "Functions",
        summary: if nothing { String::new() } else { summary },
        count: functions.differ(),
        rows,
    }
}

fn owners(found: &Differences) -> Table {
    let modules = found.functions.modules.iter().map(|one| {
        let name = match one.module.as_str() {
            "" => "no module",
            name => name,
        };
        let changed = format!("{} changed of {} in both", one.changed, one.common);
        row(
            name,
            format!("{changed}, {} only here", one.removed),
            format!("{} only here", one.added),
        )
    });
    table("Functions by module", String::new(), modules.collect())
}

fn lines(found: &Differences) -> Table {
    let lines = &found.functions.lines;
    let rows = lines.list.iter();
    let line = |line: &u32| format!("line {line}");
    Table {
        title: "The same code at other lines",
        summary: String::new(),
        count: lines.count,
        rows: rows
            .map(|(name, [a, b])| row(name, line(a), line(b)))
            .collect(),
    }
}

fn inlining(found: &Differences) -> Table {
    let inlining = &found.inlining;
    let ([a, b], [one, other]) = (inlining.calls, inlining.only);
    let differs = inlining.functions.count > 0 || a != b || one != other;
    let rows = inlining.functions.list.iter();
    Table {
        title: "Inlining",
        summary: if differs {
            format!("{a} and {b} calls inlined; {one} and {other} functions are there inlined only")
        } else {
            String::new()
        },
        count: inlining.functions.count,
        rows: rows
            .map(|(name, [a, b])| row(name, format!("{a} calls"), format!("{b} calls")))
            .collect(),
    }
}

fn foreign(found: &Differences) -> Table {
    let foreign = &found.foreign;
    let [a, b] = foreign.lengths;
    let differs = a != b || foreign.functions.count > 0;
    let rows = foreign.functions.list.iter();
    Table {
        title: "Code that is not Go's",
        summary: if differs {
            format!("{a} and {b} bytes")
        } else {
            String::new()
        },
        count: foreign.functions.count,
        rows: rows.map(|name| row(name, "differs", "differs")).collect(),
    }
}

/// Things that are known by their names alone.
fn named(
    title: &'static str,
    [a, b]: [u64; 2],
    added: &Listed<String>,
    removed: &Listed<String>,
) -> Table {
    let count = added.count + removed.count;
    let mut rows: Vec<Row> = Vec::new();
    rows.extend(removed.list.iter().map(|one| row(one, THERE, NONE)));
    rows.extend(added.list.iter().map(|one| row(one, NONE, THERE)));
    let (removed, added) = (removed.count, added.count);
    Table {
        title,
        summary: match count {
            0 => String::new(),
            _ => format!("{a} and {b}: {removed} only in A, {added} only in B"),
        },
        count,
        rows,
    }
}

fn types(found: &Differences) -> Table {
    let types = &found.types;
    let mut table = named("Types", types.counts, &types.added, &types.removed);
    let changes = types.changed.count;
    if changes > 0 {
        let [a, b] = types.counts;
        let (removed, added) = (types.removed.count, types.added.count);
        table.summary =
            format!("{a} and {b}: {removed} only in A, {added} only in B, {changes} changed");
        let rows = types.changed.list.iter().map(changed);
        table.rows = rows.chain(table.rows).collect();
        table.count += changes;
    }
    table
}

fn variables(found: &Differences) -> Table {
    let variables = &found.variables;
    let rows = variables.list.iter().map(|one| {
        let user = one.user.as_ref().map(|user| format!("used by {user}"));
        let name = one.name.clone().or(user).unwrap_or_default();
        let [a, b] = one.values.each_ref().map(|value| format!("{value:?}"));
        row(name, a, b)
    });
    Table {
        title: "String variables",
        summary: String::new(),
        count: variables.count,
        rows: rows.collect(),
    }
}

fn roots(found: &Differences) -> Table {
    let [a, b] = &found.files.roots;
    let folder = |place: Place, folder: fn(&Roots) -> &Option<String>| {
        let (one, other) = (folder(a), folder(b));
        (one != other).then(|| row(place.name(), or_none(one.as_ref()), or_none(other.as_ref())))
    };
    let rows = [
        folder(Place::Goroot, |roots| &roots.goroot),
        folder(Place::ModuleCache, |roots| &roots.modules),
        folder(Place::Checkout, |roots| &roots.checkout),
    ];
    let rows = rows.into_iter().flatten().collect();
    table("Folders of the builder", String::new(), rows)
}

fn container(found: &Differences) -> Table {
    let container = &found.container;
    let [a, b] = &container.appearance;
    let word = |is: bool| if is { THERE } else { NONE };
    let symbols = |one: &goassay_diff::Appearance| match one.symbols {
        true => format!("{} symbols", one.symbol_count),
        false => NONE.to_owned(),
    };
    let dwarf = |one: &goassay_diff::Appearance| match (one.dwarf, one.compressed) {
        (false, _) => NONE,
        (true, true) => "compressed",
        (true, false) => "not compressed",
    };
    let rows = [
        row("symbol table", symbols(a), symbols(b)),
        row("debug information", dwarf(a), dwarf(b)),
        row("section table", word(a.sections), word(b.sections)),
        row("bytes behind the end", a.appended, b.appended),
    ];
    let mut rows: Vec<Row> = rows
        .into_iter()
        .filter(|row| row.values[0] != row.values[1])
        .collect();
    rows.extend(container.identities.iter().map(changed));
    rows.extend(container.headers.list.iter().map(changed));
    table("File", String::new(), rows)
}

fn sections(found: &Differences) -> Table {
    let sections = &found.container.sections;
    let rows = sections.list.iter().map(|one| {
        let [a, b] = one
            .lengths
            .map(|len| len.map_or(NONE.to_owned(), |len| format!("{len} bytes")));
        match one.differ {
            0 => row(&one.name, a, b),
            differ => row(&one.name, a, format!("{b}, {differ} other")),
        }
    });
    Table {
        title: "Sections",
        summary: String::new(),
        count: sections.count,
        rows: rows.collect(),
    }
}

fn gaps(found: &Differences) -> Table {
    let rows = found.gaps.iter().map(|gap| row(gap, "", ""));
    table("Not read", String::new(), rows.collect())
}

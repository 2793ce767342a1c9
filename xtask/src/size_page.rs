//! The page of sizes in a real browser: a program made of hostile names, and CoreDNS.
//!
//! No complaint on the console, no request for anything but the page; zoom, search and keys do what they say; names stay
//! text; tooltips say what the JSON document says; the page is not too large.

mod tooltip;

use crate::browser::Browser;
use crate::matrix;
use crate::run::{Outcome, read, work, write};
use goassay_binary::Binary;
use goassay_binary::size::{
    FunctionSize, How, Kind, Module, Owner, Package, Row, RuntimeTable, Section, Size, Structure,
};
use goassay_report::size::{Picture, html, svg};
use std::path::PathBuf;

/// Largest page, in bytes.
const LARGEST: usize = 5_000_000;
/// Names that would run or change something if they were anything but text.
const HOSTILE: [&str; 10] = [
    "</script><script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=2>",
    "\"><svg onload=window.pwned=3>",
    "'+(window.pwned=4)+'",
    "--><!--<script>window.pwned=5",
    "evil\u{2028}\u{2029}\u{202e}gnp.exe\u{0}\u{1b}[2J",
    "__proto__",
    "constructor",
    "&lt;b&gt;&amp;",
    "https://example.invalid/a.css",
];

/// Opens both pages.
pub(crate) fn check() -> Outcome {
    let mut browser = Browser::start(1440, 1000)?;
    hostile_names(&mut browser).map_err(|e| format!("hostile names: {e}"))?;
    real_program(&mut browser).map_err(|e| format!("CoreDNS: {e}"))
}

fn folder() -> PathBuf {
    work().join("size-page")
}

/// Writes page and drawing, and opens the page.
fn open(browser: &mut Browser, name: &str, size: &Size) -> Outcome<PathBuf> {
    let picture = Picture {
        name,
        tool: "goassay",
        size,
    };
    let (mut page, mut drawing) = (Vec::new(), Vec::new());
    html(&picture, &mut page).map_err(|e| e.to_string())?;
    svg(&picture, &mut drawing).map_err(|e| e.to_string())?;
    if page.len() > LARGEST {
        return Err(format!("the page has {} bytes", page.len()));
    }
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let path = folder().join(plain).with_extension("html");
    write(&path, page)?;
    write(&path.with_extension("svg"), drawing)?;
    browser.open(&path)?;
    silent(browser)?;
    Ok(path)
}

/// The page has complained about nothing and asked for nothing.
fn silent(browser: &Browser) -> Outcome {
    match browser.complaints() {
        complaints if complaints.is_empty() => Ok(()),
        complaints => Err(complaints.join("\n")),
    }
}

/// Fails unless an expression is true.
fn holds(browser: &mut Browser, what: &str, expression: &str) -> Outcome {
    match browser.evaluate(expression)? {
        serde_json::Value::Bool(true) => Ok(()),
        other => Err(format!("{what}: {expression} is {other}")),
    }
}

fn number(browser: &mut Browser, expression: &str) -> Outcome<f64> {
    let value = browser.evaluate(expression)?;
    value
        .as_f64()
        .ok_or_else(|| format!("{expression} is {value}"))
}

fn hostile_names(browser: &mut Browser) -> Outcome {
    let size = hostile();
    let path = open(browser, HOSTILE[0], &size)?;
    let untouched = "window.pwned === undefined && document.scripts.length === 2 && document.images.length === 0";
    holds(browser, "names stay text", untouched)?;
    holds(
        browser,
        "all groups are there",
        "document.querySelectorAll('#rows tr').length === 13",
    )?;
    let shown = "[...document.querySelectorAll('#rows td button')].some(b => b.textContent === '</script><script>window.pwned=1</script>')";
    holds(browser, "the name is shown as it is", shown)?;
    let odd = "document.body.textContent.includes('evil\\\\u{2028}\\\\u{2029}\\\\u{202e}gnp.exe') && !/[\\u202e\\u001b]/.test(document.getElementById('app').textContent)";
    holds(browser, "invisible characters are visible", odd)?;
    let cells = tooltip::of_every_cell(browser)?;
    if cells < 10 {
        return Err(format!("{cells} cells have tooltips"));
    }
    holds(browser, "names in tooltips stay text", untouched)?;
    // Down to a function with such a name, by search.
    search(browser, "onerror=window.pwned")?;
    holds(
        browser,
        "it is found",
        "document.querySelectorAll('#rows tr').length > 0",
    )?;
    browser.evaluate("document.querySelector('#rows button').click()")?;
    browser.settle()?;
    holds(browser, "names stay text", untouched)?;
    silent(browser)?;
    // The drawing, opened by itself: it would run its scripts.
    browser.open(&path.with_extension("svg"))?;
    let drawing = "window.pwned === undefined && document.documentElement.nodeName === 'svg' && document.querySelectorAll('script,image,a').length === 0";
    holds(browser, "the drawing is a drawing", drawing)?;
    silent(browser)
}

/// A made-up file of hostile names; each group is an owner of some bytes.
fn hostile() -> Size {
    let mut size = Size {
        sections: vec![Section {
            name: HOSTILE[1].to_owned(),
            offset: 0,
            len: 0,
        }],
        ..Size::default()
    };
    for (index, name) in (0..).zip(HOSTILE) {
        size.modules.push(Module {
            path: name.to_owned(),
            version: HOSTILE[2].to_owned(),
        });
        size.packages.push(Package {
            path: format!("{name}/{}", HOSTILE[3]),
            module: Some(index),
        });
        row(
            &mut size,
            Owner::Package(index),
            Kind::Code,
            5000 - u64::from(index) * 300,
        );
        row(&mut size, Owner::Package(index), Kind::Pclntab, 900);
        size.functions.push(FunctionSize {
            package: Some(index),
            name: name.to_owned(),
            address: 0,
            code: 400,
            pclntab: 90,
        });
    }
    row(
        &mut size,
        Owner::Runtime(RuntimeTable::Strings),
        Kind::Strings,
        2500,
    );
    row(
        &mut size,
        Owner::File(Structure::Headers),
        Kind::FileStructure,
        700,
    );
    row(&mut size, Owner::Unattributed, Kind::Other, 300);
    size.gaps.push(goassay_binary::gap::Gap::new(
        goassay_binary::gap::Topic::Symbols,
        HOSTILE[1],
    ));
    size.file_len = size.rows.iter().map(|row| row.bytes).sum();
    size.sections[0].len = size.file_len;
    size
}

fn row(size: &mut Size, owner: Owner, kind: Kind, bytes: u64) {
    size.rows.push(Row {
        section: 0,
        owner,
        kind,
        how: How::Exact,
        bytes,
    });
}

fn real_program(browser: &mut Browser) -> Outcome {
    let (file, _) = matrix::coredns()?;
    let data = read(&file)?;
    let size = Size::of(&Binary::parse(&data).map_err(|e| format!("{e:?}"))?);
    let path = open(browser, "coredns", &size)?;
    browser.screenshot(&path.with_extension("png"))?;
    holds(
        browser,
        "there are cells",
        "document.querySelectorAll('#map .cell').length > 20",
    )?;
    add_up(browser, &size)?;
    tooltip::known_package(browser, &size)?;
    zoom(browser)?;
    keys(browser)?;
    find(browser)?;
    sorting(browser)?;
    for (name, steps) in [
        ("dark", "document.getElementById('theme').click()"),
        ("kinds", "document.querySelector('[value=kinds]').click()"),
        (
            "sections",
            "document.querySelector('[value=sections]').click()",
        ),
    ] {
        browser.evaluate(steps)?;
        browser.settle()?;
        add_up(browser, &size)?;
        browser.screenshot(&path.with_file_name(format!("coredns-{name}.png")))?;
    }
    silent(browser)
}

/// The page says how large the file is, and areas are as large as they should be.
fn add_up(browser: &mut Browser, size: &Size) -> Outcome {
    let digits = "document.querySelector('#crumbs small').textContent.replace(/\\D/g, '')";
    let shown = browser.evaluate(digits)?;
    if shown != serde_json::json!(size.file_len.to_string()) {
        return Err(format!(
            "{shown} bytes are shown, and the file has {}",
            size.file_len
        ));
    }
    let area = "(() => { const map = document.getElementById('map').getBoundingClientRect(); let sum = 0; \
        for (const c of document.querySelectorAll('#map .cell[role=button]')) { const r = c.getBoundingClientRect(); sum += r.width * r.height; } \
        return sum / (map.width * map.height); })()";
    match number(browser, area)? {
        share if share > 0.97 && share <= 1.001 => Ok(()),
        share => Err(format!("the cells take {share} of the map")),
    }
}

const PLACE: &str =
    "[...document.querySelectorAll('#crumbs button')].map(b => b.textContent).join(' / ')";

/// A click goes in, the browser's own way back goes out.
fn zoom(browser: &mut Browser) -> Outcome {
    holds(
        browser,
        "it begins with the whole file",
        &format!("{PLACE} === 'whole file'"),
    )?;
    let at = |axis: &str| {
        format!(
            "(() => {{ const r = document.querySelector('#map .cell.head').getBoundingClientRect(); return {axis}; }})()"
        )
    };
    let (x, y) = (
        number(browser, &at("r.left + 12"))?,
        number(browser, &at("r.top + 8"))?,
    );
    browser.click(x, y)?;
    browser.settle()?;
    holds(
        browser,
        "a click goes in",
        "document.querySelectorAll('#crumbs button').length === 2",
    )?;
    browser.evaluate("history.back()")?;
    browser.settle()?;
    holds(
        browser,
        "back goes out",
        &format!("{PLACE} === 'whole file'"),
    )
}

fn keys(browser: &mut Browser) -> Outcome {
    browser.evaluate("document.querySelector('#map .cell[tabindex=\"0\"]').focus()")?;
    let focused = "document.activeElement.getAttribute('aria-label')";
    let first = browser.evaluate(focused)?;
    browser.press("ArrowRight")?;
    let second = browser.evaluate(focused)?;
    if first == second || !second.is_string() {
        return Err(format!("the arrow key leads from {first} to {second}"));
    }
    browser.press("Enter")?;
    browser.settle()?;
    holds(
        browser,
        "Enter goes in",
        "document.querySelectorAll('#crumbs button').length === 2",
    )?;
    let inside = "document.activeElement.classList.contains('cell')";
    holds(browser, "the focus stays in the map", inside)?;
    browser.press("Escape")?;
    browser.settle()?;
    holds(
        browser,
        "Escape goes out",
        &format!("{PLACE} === 'whole file'"),
    )?;
    let again = browser.evaluate(focused)?;
    if again == second {
        Ok(())
    } else {
        Err(format!(
            "the focus comes back to {again} and not to {second}"
        ))
    }
}

fn search(browser: &mut Browser, text: &str) -> Outcome {
    browser.evaluate("document.getElementById('search').value = ''")?;
    browser.press("/")?;
    holds(
        browser,
        "the key leads to the search",
        "document.activeElement.id === 'search'",
    )?;
    browser.type_text(text)?;
    browser.settle()
}

fn find(browser: &mut Browser) -> Outcome {
    search(browser, "net/http")?;
    let found = "document.querySelectorAll('#rows tr').length > 3 && [...document.querySelectorAll('#rows tr')].every(r => r.textContent.toLowerCase().includes('net/http'))";
    holds(browser, "only what was searched for is listed", found)?;
    holds(
        browser,
        "the map shows where",
        "document.querySelectorAll('#map .dim').length > 0",
    )?;
    holds(
        browser,
        "matches are counted",
        "/\\d match/.test(document.getElementById('status').textContent)",
    )?;
    let path = folder().join("coredns-search.png");
    browser.screenshot(&path)?;
    browser.press("Escape")?;
    browser.settle()?;
    holds(
        browser,
        "Escape ends the search",
        "document.querySelectorAll('#map .dim').length === 0",
    )
}

fn sorting(browser: &mut Browser) -> Outcome {
    let names =
        "[...document.querySelectorAll('#rows tr td:first-child button')].map(b => b.textContent)";
    let by_size = browser.evaluate(names)?;
    browser.evaluate("document.querySelector('[data-sort=name]').click()")?;
    holds(
        browser,
        "the head says how it is sorted",
        "document.querySelector('th[aria-sort=ascending]').textContent === 'Name'",
    )?;
    let sorted = format!(
        "(() => {{ const n = {names}; return n.length > 3 && n.every((x, i) => i === 0 || n[i - 1] <= x); }})()"
    );
    holds(browser, "sorted by name", &sorted)?;
    browser.evaluate("document.querySelector('[data-sort=bytes]').click()")?;
    if browser.evaluate(names)? == by_size {
        Ok(())
    } else {
        Err("sorting by size does not come back".to_owned())
    }
}

//! What the page of sizes says of one node, in its tooltip and where it is the chosen one: held against the JSON document.

use super::holds;
use crate::browser::Browser;
use crate::run::Outcome;
use goassay_binary::size::Size;
use goassay_report::document::Tool;
use goassay_report::sizes::{self, Report, Run, Target};
use serde_json::Value;

/// A package that every larger program has, in Go's own module.
const PACKAGE: &str = "net/http";
const MODULE: &str = "std";
/// How the page calls it.
const SHOWN: &str = "standard library";

/// Of [`PACKAGE`]: the tooltip under the pointer, and the line above the map when it is chosen.
pub(super) fn known_package(browser: &mut Browser, size: &Size) -> Outcome {
    let document = document(size)?;
    let whole = number(&document["bytes"])?;
    let module = bytes(&document, |package| {
        let index = package["module"].as_u64();
        index.is_some_and(|index| document["modules"][index as usize]["path"] == MODULE)
    })?;
    let package = bytes(&document, |package| package["path"] == PACKAGE)?;
    go_in(browser, SHOWN)?;
    let cell = format!(
        "[...document.querySelectorAll('#map .cell[role=button]')].find(c => c.getAttribute('aria-label').startsWith('{PACKAGE}, '))"
    );
    let corner = format!(
        "(() => {{ const r = {cell}.getBoundingClientRect(); return [r.left + 4, r.top + 4]; }})()"
    );
    let corner = browser.evaluate(&corner)?;
    let place = |at: usize| corner[at].as_f64().ok_or("the cell has no place");
    browser.hover(place(0)?, place(1)?)?;
    let says = browser.evaluate(SAYS)?;
    let expected = [
        PACKAGE.to_owned(),
        SHOWN.to_owned(),
        format!(
            "{} bytes · {} of the file · {} of {SHOWN}",
            exact(package),
            percent(package, whole),
            percent(package, module)
        ),
    ];
    same("the tooltip", &says, &expected)?;
    browser.hover(2.0, 2.0)?;
    holds(
        browser,
        "it goes when the pointer does",
        "document.getElementById('tip').hidden",
    )?;
    go_in(browser, PACKAGE)?;
    let chosen = browser.evaluate(
        "[...document.querySelectorAll('#crumbs button, #crumbs small')].map(e => e.textContent)",
    )?;
    let expected = [
        "whole file".to_owned(),
        SHOWN.to_owned(),
        PACKAGE.to_owned(),
        format!(
            "{} bytes · {} of the file",
            exact(package),
            percent(package, whole)
        ),
    ];
    same("the chosen node", &chosen, &expected)?;
    browser.evaluate("location.hash = '#modules'")?;
    browser.settle()
}

/// Of each cell of the map: the tooltip has the name that the cell has, and nothing but text.
pub(super) fn of_every_cell(browser: &mut Browser) -> Outcome<u64> {
    let all = "(() => { let seen = 0; for (const cell of document.querySelectorAll('#map .cell')) { \
        const r = cell.getBoundingClientRect(); \
        cell.dispatchEvent(new MouseEvent('mousemove', { bubbles: true, clientX: r.left + 1, clientY: r.top + 1 })); \
        const tip = document.getElementById('tip'), name = tip.querySelector('strong').textContent; \
        if (tip.hidden || [...tip.querySelectorAll('*')].some(e => !['STRONG', 'EM'].includes(e.tagName) || e.attributes.length > 0)) return -1; \
        const label = cell.getAttribute('aria-label'); \
        if (label && !label.startsWith(name + ', ')) return -2; \
        if (/[\\u0000-\\u001f\\u202e\\u2028]/.test(tip.textContent)) return -3; \
        seen += 1; } return seen; })()";
    match browser.evaluate(all)?.as_i64() {
        Some(seen @ 1..) => Ok(seen.unsigned_abs()),
        other => Err(format!("a tooltip is not as it should be: {other:?}")),
    }
}

/// Name and lines of the tooltip that is shown.
const SAYS: &str = "(() => { const tip = document.getElementById('tip'); \
    return tip.hidden ? [] : [...tip.children].slice(0, 3).map(e => e.textContent); })()";

/// Presses the row of that name.
fn go_in(browser: &mut Browser, name: &str) -> Outcome {
    let row = format!(
        "[...document.querySelectorAll('#rows td button')].find(b => b.textContent === '{name}').click()"
    );
    browser.evaluate(&row)?;
    browser.settle()
}

fn same(what: &str, says: &Value, expected: &[String]) -> Outcome {
    if *says == serde_json::json!(expected) {
        Ok(())
    } else {
        Err(format!("{what} says {says}, not {expected:?}"))
    }
}

/// The target of the document that `inspect --size --format json` writes.
fn document(size: &Size) -> Outcome<Value> {
    let report = Report::new(Run {
        tool: Tool {
            name: "goassay".to_owned(),
            version: "0.0.0".to_owned(),
        },
        targets: vec![Target {
            path: "coredns".to_owned(),
            member: None,
            size: size.clone(),
        }],
        growth: false,
        by: None,
        budgets: Vec::new(),
        failures: Vec::new(),
    });
    let mut text = Vec::new();
    sizes::render_json(&report, &mut text).map_err(|e| e.to_string())?;
    let mut document: Value = serde_json::from_slice(&text).map_err(|e| e.to_string())?;
    Ok(document["targets"][0].take())
}

/// Bytes of all rows of the packages that are wanted.
fn bytes(document: &Value, wanted: impl Fn(&Value) -> bool) -> Outcome<u64> {
    let rows = document["rows"].as_array().ok_or("rows")?;
    let of = rows.iter().filter(|row| {
        let index = row["package"].as_u64();
        index.is_some_and(|index| wanted(&document["packages"][index as usize]))
    });
    of.map(|row| number(&row["bytes"])).sum()
}

fn number(value: &Value) -> Outcome<u64> {
    value
        .as_u64()
        .ok_or_else(|| format!("{value} is no number"))
}

/// As the page writes numbers: `1,234,567`.
fn exact(bytes: u64) -> String {
    let digits = bytes.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn percent(part: u64, whole: u64) -> String {
    let share = 100.0 * part as f64 / whole as f64;
    if share >= 9.95 {
        format!("{share:.0} %")
    } else {
        format!("{share:.1} %")
    }
}

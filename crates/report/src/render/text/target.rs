//! One examined file: what it is, then its findings by sort, linked ones first and in full, then what is not known.

use crate::document::{Standing, Target};
use crate::heading;
use crate::layout::{Line, Page, Paint, counted, list};
use crate::render::Show;
use crate::summary::{Upgrade, by_module};
use crate::verdict::{Sort, sort};
use goassay_vuln::finding::{Applies, Finding, FoundModule, ReviewStatus, Symbol, VariantKind};
use goassay_vuln::subject::{Place, Position};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;

/// How many symbols of a finding are shown unless more are asked for.
const FEW: usize = 3;

/// Writes the block of a target.
pub(super) fn put(page: &mut Page<'_>, target: &Target, show: Show) -> io::Result<()> {
    heading::put(
        page,
        &heading::Heading {
            path: &target.path,
            member: target.member.as_deref(),
            facts: &target.facts,
            also_at: &target.also_at,
        },
    )?;
    let scan = &target.scan;
    if scan.findings.is_empty() && scan.gaps.is_empty() {
        page.put(Line::at(2).paint(Paint::Good, "Nothing found."))?;
    }
    linked(page, target, show)?;
    lesser(page, target, &PACKAGE, show.package)?;
    lesser(page, target, &MODULE, show.module)?;
    lesser(page, target, &TIER_UNKNOWN, show.package && show.module)?;
    undecided(page, target, show)?;
    gaps(page, target)?;
    set_aside(page, target)?;
    page.blank()
}

fn of_sort(target: &Target, wanted: Sort) -> Vec<&Finding> {
    let found = target
        .findings()
        .filter(|(finding, standing)| sort(finding, *standing) == wanted);
    found.map(|(finding, _)| finding).collect()
}

fn heading(
    page: &mut Page<'_>,
    paint: Paint,
    word: &str,
    meaning: &str,
    count: usize,
) -> io::Result<()> {
    page.blank()?;
    let count = counted(count, "finding", "findings");
    page.put(
        Line::at(2)
            .paint(paint, word)
            .glue(":")
            .say(meaning)
            .say(&format!("({count})")),
    )
}

fn linked(page: &mut Page<'_>, target: &Target, show: Show) -> io::Result<()> {
    let findings = of_sort(target, Sort::Linked);
    if findings.is_empty() {
        return Ok(());
    }
    heading(
        page,
        Paint::Linked,
        "LINKED",
        "vulnerable code is in this binary",
        findings.len(),
    )?;
    for upgrade in by_module(findings.iter().copied()) {
        page.put(module_line(upgrade.module))?;
        page.put(advice(&upgrade))?;
        let of_module: Vec<&Finding> = findings
            .iter()
            .copied()
            .filter(|finding| finding.module == *upgrade.module)
            .collect();
        for alike in of_module.chunk_by(|a, b| body(a) == body(b)) {
            linked_findings(page, target, alike, show)?;
        }
    }
    Ok(())
}

fn module_line(module: &FoundModule) -> Line {
    let line = Line::at(4)
        .name(Paint::Strong, &module.path)
        .name(Paint::Strong, &module.version);
    match &module.replaces {
        Some((path, version)) => line
            .say("(replaces")
            .name(Paint::Plain, path)
            .name(Paint::Plain, version)
            .glue(")"),
        None => line,
    }
}

fn advice(upgrade: &Upgrade<'_>) -> Line {
    let line = Line::at(6).say("→").prose(&upgrade.advice());
    match (upgrade.clears.len(), upgrade.unfixed.is_empty()) {
        (0, _) => line,
        (clears, true) => line.glue(":").say(&format!("clears {clears}")),
        (clears, false) => {
            let line = line
                .glue(":")
                .say(&format!("clears {clears}"))
                .glue(",")
                .say("no fix known for");
            list(line, upgrade.unfixed.iter().copied())
        }
    }
}

fn title(indent: usize, paint: Paint, finding: &Finding) -> Line {
    let advisory = &finding.advisory;
    let mut line = Line::at(indent).name(paint, &advisory.id);
    if !advisory.aliases.is_empty() {
        line = list(line, advisory.aliases.iter().map(String::as_str)).glue(",");
    }
    line = match &finding.fixed {
        Some(fixed) => line.say("fixed in").name(Paint::Plain, fixed),
        None => line.say("no fixed version known"),
    };
    match advisory.review {
        ReviewStatus::Unreviewed => line.paint(Paint::Faint, "(advisory not reviewed)"),
        ReviewStatus::Reviewed | ReviewStatus::Unknown => line,
    }
}

/// What a finding says below its title.
fn body(finding: &Finding) -> (&[String], &[String], &[u32], bool) {
    let Finding {
        reasons,
        packages,
        symbols,
        ..
    } = finding;
    (reasons, packages, symbols, finding.whole_package)
}

/// Findings with one body, which is said once.
fn linked_findings(
    page: &mut Page<'_>,
    target: &Target,
    alike: &[&Finding],
    show: Show,
) -> io::Result<()> {
    alike
        .iter()
        .try_for_each(|finding| page.put(title(6, Paint::Linked, finding)))?;
    let Some(finding) = alike.first() else {
        return Ok(());
    };
    if alike.len() > 1 {
        let alike = format!("the same for these {}:", alike.len());
        page.put(Line::at(8).paint(Paint::Faint, &alike))?;
    }
    finding
        .reasons
        .iter()
        .try_for_each(|reason| page.put(Line::at(8).prose(reason)))?;
    let symbols: Vec<&Symbol> = target.symbols_of(finding).collect();
    let by_package = finding.whole_package && !show.symbols;
    if symbols.is_empty() || by_package {
        return page.put(packages(finding, symbols.len()));
    }
    let shown = if show.symbols { symbols.len() } else { FEW };
    for symbol in symbols.iter().take(shown) {
        put_symbol(page, symbol, show)?;
    }
    match symbols.len().saturating_sub(shown) {
        0 => Ok(()),
        more => {
            page.put(Line::at(8).paint(Paint::Faint, &format!("and {more} more (--show symbols)")))
        }
    }
}

/// The packages of a finding, the first few by name.
fn packages(finding: &Finding, symbols: usize) -> Line {
    let line = list(
        Line::at(8).say("in"),
        finding.packages.iter().take(FEW).map(String::as_str),
    );
    let line = match finding.packages.len().saturating_sub(FEW) {
        0 => line,
        more => line.paint(Paint::Faint, &format!("and {more} more")),
    };
    match symbols {
        0 => line,
        symbols => line
            .glue(":")
            .say(&counted(symbols, "symbol", "symbols"))
            .paint(Paint::Faint, "(--show symbols)"),
    }
}

fn put_symbol(page: &mut Page<'_>, symbol: &Symbol, show: Show) -> io::Result<()> {
    let name = Line::at(8).name(Paint::Plain, &format!("{}.{}", symbol.package, symbol.name));
    if !show.symbols {
        return page.put(match best_place(symbol) {
            Some(place) => put_place(name, place, short),
            None => name,
        });
    }
    page.put(name)?;
    let spelled_otherwise = symbol
        .variants
        .iter()
        .filter(|variant| variant.kind != VariantKind::Exact);
    for variant in spelled_otherwise {
        page.put(
            Line::at(10)
                .paint(Paint::Faint, "as")
                .name(Paint::Faint, &variant.linker_name),
        )?;
    }
    symbol
        .places
        .iter()
        .try_for_each(|place| page.put(put_place(Line::at(10), place, |file| file)))
}

/// A place with a file and a line, if there is one; functions come before inlined calls.
fn best_place(symbol: &Symbol) -> Option<&Place> {
    symbol
        .places
        .iter()
        .find(|place| position(place).is_some())
        .or(symbol.places.first())
}

fn position(place: &Place) -> Option<&Position> {
    match place {
        Place::Function { position, .. } => position.as_ref(),
        Place::Inlined { call, .. } => call.as_ref(),
    }
}

/// A file without the folders that the module cache or the toolchain lies in: the module and its version tell the rest.
fn short(file: &str) -> &str {
    const CACHE: &str = "/pkg/mod/";
    let Some(at) = file.rfind(CACHE) else {
        return file
            .split_once("/go/src/")
            .map_or(file, |(_, inside)| inside);
    };
    let cached = &file[at + CACHE.len()..];
    let toolchain = cached.strip_prefix("golang.org/toolchain@");
    toolchain
        .and_then(|rest| rest.split_once("/src/"))
        .map_or(cached, |(_, inside)| inside)
}

fn put_place(line: Line, place: &Place, shown: fn(&str) -> &str) -> Line {
    let line = match place {
        Place::Function {
            address: Some(address),
            ..
        } => line.say(&format!("at {address:#x}")),
        Place::Function { address: None, .. } => line.say("as a function"),
        Place::Inlined { host, .. } => line.say("inlined into").name(Paint::Plain, host),
    };
    match position(place) {
        Some(Position { file, line: 0 }) => line.name(Paint::Faint, shown(file)),
        Some(Position { file, line: number }) => {
            line.name(Paint::Faint, &format!("{}:{number}", shown(file)))
        }
        None => line,
    }
}

/// How the sorts below linked are introduced.
struct Lesser {
    sort: Sort,
    paint: Paint,
    word: &'static str,
    meaning: &'static str,
    show: &'static str,
}

const PACKAGE: Lesser = Lesser {
    sort: Sort::Package,
    paint: Paint::Package,
    word: "PACKAGE",
    meaning: "the vulnerable package is in this binary, none of the vulnerable symbols is",
    show: "--show package",
};

const MODULE: Lesser = Lesser {
    sort: Sort::Module,
    paint: Paint::Module,
    word: "MODULE",
    meaning: "only the module is recorded, the vulnerable package is not in this binary",
    show: "--show module",
};

const TIER_UNKNOWN: Lesser = Lesser {
    sort: Sort::TierUnknown,
    paint: Paint::Doubt,
    word: "TIER NOT KNOWN",
    meaning: "the version is affected; how much of it is in this binary could not be read",
    show: "--show all",
};

/// How many ids a module's line names before it only counts.
const MANY: usize = 12;

fn lesser(page: &mut Page<'_>, target: &Target, about: &Lesser, expand: bool) -> io::Result<()> {
    let findings = of_sort(target, about.sort);
    if findings.is_empty() {
        return Ok(());
    }
    heading(page, about.paint, about.word, about.meaning, findings.len())?;
    for upgrade in by_module(findings.iter().copied()) {
        let in_module = findings
            .iter()
            .filter(|finding| finding.module == *upgrade.module);
        if expand {
            page.put(module_line(upgrade.module))?;
            in_module
                .clone()
                .try_for_each(|finding| lesser_finding(page, about, finding))?;
        } else {
            let ids: Vec<&str> = in_module.map(|f| f.advisory.id.as_str()).collect();
            let line = module_line(upgrade.module).glue(":");
            page.put(ids_of(line, &ids, MANY, about.show))?;
        }
    }
    Ok(())
}

/// `line` with the first `most` ids and how many more there are.
fn ids_of(line: Line, ids: &[&str], most: usize, show: &str) -> Line {
    let line = list(line, ids.iter().take(most).copied());
    match ids.len().saturating_sub(most) {
        0 => line,
        more => line.paint(Paint::Faint, &format!("and {more} more ({show})")),
    }
}

fn lesser_finding(page: &mut Page<'_>, about: &Lesser, finding: &Finding) -> io::Result<()> {
    page.put(title(6, about.paint, finding))?;
    finding
        .reasons
        .iter()
        .try_for_each(|reason| page.put(Line::at(8).prose(reason)))?;
    if finding.packages.is_empty() {
        return Ok(());
    }
    page.put(list(
        Line::at(8).say("in"),
        finding.packages.iter().map(String::as_str),
    ))
}

fn undecided(page: &mut Page<'_>, target: &Target, show: Show) -> io::Result<()> {
    let findings = of_sort(target, Sort::Undecided);
    if findings.is_empty() {
        return Ok(());
    }
    heading(
        page,
        Paint::Doubt,
        "NOT DECIDED",
        "whether these versions are affected is not known",
        findings.len(),
    )?;
    let mut causes: BTreeMap<_, BTreeMap<_, Vec<&str>>> = BTreeMap::new();
    for finding in findings {
        let Applies::Undecided(why) = &finding.applies else {
            continue;
        };
        let tiers = causes.entry((&finding.module, why)).or_default();
        let ids = tiers.entry(Reverse(finding.tier)).or_default();
        ids.push(&finding.advisory.id);
    }
    for ((module, why), tiers) in causes {
        page.put(module_line(module).glue(":").prose(why))?;
        for (Reverse(tier), ids) in tiers {
            let line = Line::at(6).say(tier.name()).glue(":");
            let most = if show.package && show.module {
                ids.len()
            } else {
                MANY
            };
            page.put(ids_of(line, &ids, most, "--show all"))?;
        }
    }
    Ok(())
}

fn gaps(page: &mut Page<'_>, target: &Target) -> io::Result<()> {
    if target.scan.gaps.is_empty() {
        return Ok(());
    }
    page.blank()?;
    page.put(
        Line::at(2)
            .paint(Paint::Doubt, "NOT READ")
            .glue(":")
            .say("what these would tell is missing from this report"),
    )?;
    target.scan.gaps.iter().try_for_each(|gap| {
        page.put(
            Line::at(4)
                .say(gap.topic.name())
                .glue(":")
                .prose(&gap.reason),
        )
    })
}

/// What the user or the baseline has set aside.
fn set_aside(page: &mut Page<'_>, target: &Target) -> io::Result<()> {
    let known = of_sort(target, Sort::Known).len();
    if target.suppressed.is_empty() && known == 0 {
        return Ok(());
    }
    page.blank()?;
    for (finding, standing) in target.findings() {
        let Standing::Suppressed(by) = standing else {
            continue;
        };
        let line = Line::at(2)
            .paint(Paint::Faint, "Suppressed:")
            .name(Paint::Plain, &finding.advisory.id)
            .say("in");
        let line = line
            .name(Paint::Plain, &finding.module.path)
            .say(&format!("({})", finding.tier.name()));
        let line = line.glue(":").prose(&by.reason);
        page.put(match &by.until {
            Some(until) => line.glue(",").say("until").name(Paint::Plain, until),
            None => line,
        })?;
    }
    if known == 0 {
        return Ok(());
    }
    page.put(Line::at(2).paint(
        Paint::Faint,
        &format!("In the baseline: {}", counted(known, "finding", "findings")),
    ))
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn files_are_shown_from_the_module_or_package_on() {
        for (file, shown) in [
            (
                "/home/u/go/pkg/mod/example.com/m@v1.0.0/p/f.go",
                "example.com/m@v1.0.0/p/f.go",
            ),
            (
                "/home/u/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.21.0.linux-amd64/src/net/url/url.go",
                "net/url/url.go",
            ),
            ("/usr/local/go/src/net/url/url.go", "net/url/url.go"),
            ("example.com/m@v1.0.0/p/f.go", "example.com/m@v1.0.0/p/f.go"),
            ("/work/main.go", "/work/main.go"),
        ] {
            assert_eq!(short(file), shown);
        }
    }
}

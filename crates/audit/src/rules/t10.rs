//! T10: the toolchain is supported and patched, and nothing about the build is meant for development.

use super::support::{fail, known, pass, settle, unknown};
use crate::facts::Facts;
use crate::facts::toolchain::Toolchain;
use crate::policy::{Policy, Profile};
use crate::registry::Rule;
use crate::releases::Releases;
use crate::verdict::{Level, Verdict};
use goassay_binary::gap::{Gap, Topic};
use goassay_vuln::date::Date;
use goassay_vuln::version::Position;

pub(super) static RULES: &[Rule] = &[
    Rule {
        id: "T10-supported",
        title: "the Go release is supported",
        level: Some(Level::Error),
        profiles: &[(Profile::Library, Some(Level::Warning))],
        pass: "The toolchain is of one of the two newest minor versions that the vulnerability database knows fixes of.",
        limits: "A release that fixes no advisory is not known to the database. By Go's schedule (February and August) it is \
                 said where one is due, and counted as released where the database knows a candidate of it and its month has \
                 been over for another one. Vendors support theirs for longer.",
        help: "Each minor version of Go is supported until there are two newer ones. Security fixes are made for supported \
               versions only.",
        judge: |facts, policy| settle(supported(facts, policy)),
    },
    Rule {
        id: "T10-patched",
        title: "no newer patch release of Go is known",
        level: Some(Level::Warning),
        profiles: &[],
        pass: "The toolchain is the newest patch release of its minor version that the vulnerability database knows.",
        limits: "Which of the fixes matter to this program is what `goassay scan` says.",
        help: "Patch releases of Go hold fixes only. Raise the `toolchain` line and build again.",
        judge: |facts, policy| settle(patched(facts, policy)),
    },
    Rule {
        id: "T10-release",
        title: "made by a released toolchain",
        level: Some(Level::Warning),
        profiles: &[],
        pass: "The toolchain calls itself a release of Go; a vendor's suffix is named.",
        limits: "A toolchain can call itself anything.",
        help: "Development versions and release candidates get no fixes, and it cannot be said which advisories concern them.",
        judge: |facts, policy| settle(release(facts, policy)),
    },
    Rule {
        id: "T10-experiments",
        title: "no experiments",
        level: Some(Level::Note),
        profiles: &[],
        pass: "The toolchain names no experiment in which it differs from its release.",
        limits: "Experiments that a release has by default are not named.",
        help: "Experiments (`GOEXPERIMENT`) change the runtime or the language, outside of Go's promise of compatibility and \
               without its support. `boringcrypto` is one as well, and meant for production where it is wanted.",
        judge: |facts, _| settle(experiments(facts)),
    },
    Rule {
        id: "T10-godebug",
        title: "no GODEBUG default weakens security",
        level: Some(Level::Warning),
        profiles: &[(Profile::Fips, Some(Level::Error))],
        pass: "No default of GODEBUG that was fixed when the program was built weakens a package that it links.",
        limits: "The environment, and code that calls `os.Setenv`, can set others when the program runs. The table of settings is \
                 that of Go 1.21 to 1.27.",
        help: "The `go` line of the main module's go.mod chooses the defaults: an old one keeps old behaviour, such as TLS 1.0, \
               with a new toolchain. `//go:debug` lines and `godebug` lines of go.mod set single ones.",
        judge: |facts, _| settle(godebug(facts)),
    },
    Rule {
        id: "T10-instrumented",
        title: "no instrumentation, no test binary",
        level: Some(Level::Error),
        profiles: &[],
        pass: "Neither the settings nor the linked packages show the race detector, a sanitizer, coverage counters or tests.",
        limits: "Instrumentation by other tools is not known.",
        help: "The race detector makes a program several times slower and larger, coverage counters race, and a test binary \
               runs tests.",
        judge: |facts, _| settle(instrumented(facts)),
    },
    Rule {
        id: "T10-optimised",
        title: "compiled with optimisation",
        level: Some(Level::Warning),
        profiles: &[],
        pass: "The recorded compiler flags switch neither optimisation nor inlining off.",
        limits: "Flags for single packages are taken for all.",
        help: "`-gcflags=all=-N -l` is for debuggers: the program is slower and larger, and its stacks grow.",
        judge: |facts, _| settle(optimised(facts)),
    },
];

/// Months after which a database is too old to say that no newer patch release exists.
const MOST_MONTHS: u32 = 6;

/// Minor and patch version of an upstream release, or why there is none.
fn numbers(toolchain: &Toolchain) -> Result<(u32, u32), Verdict> {
    let gap = |reason: String| unknown(&Gap::new(Topic::BuildInfo, reason));
    let text = match &toolchain.position {
        Position::At(text) => text,
        Position::Between { why, .. } | Position::Unknown(why) => return Err(gap(why.clone())),
    };
    if let Some(vendor) = &toolchain.vendor {
        return Err(gap(format!(
            "a toolchain of a vendor ({vendor}): what it supports and which fixes it has is for the vendor to say"
        )));
    }
    let mut parts = text.split(['.', '-']).skip(1);
    let mut number = || parts.next().and_then(|part| part.parse().ok());
    match (number(), number()) {
        (Some(minor), Some(patch)) => Ok((minor, patch)),
        _ => Err(gap(format!("the Go version {text} has no numbers"))),
    }
}

/// What is known of releases, with the sentence that says so.
fn releases(policy: &Policy) -> Result<(&Releases, Vec<u32>, String), Verdict> {
    let gap = |reason: &str| unknown(&Gap::new(Topic::BuildInfo, reason));
    let Some(releases) = &policy.releases else {
        return Err(gap(
            "no vulnerability database says which releases of Go there are",
        ));
    };
    let supported = releases.supported();
    if supported.len() < 2 {
        return Err(gap(
            "the vulnerability database knows too few releases of Go",
        ));
    }
    let newest: Vec<String> = supported
        .iter()
        .filter_map(|minor| Some(format!("go1.{minor}.{}", releases.newest.get(minor)?)))
        .collect();
    let day = |date: Option<Date>| date.map_or("no date".to_owned(), |date| date.to_string());
    let basis = format!(
        "the database of {} knows {}; judged for {}",
        day(releases.date),
        newest.join(" and "),
        day(policy.as_of)
    );
    Ok((releases, supported, basis))
}

/// Year and month of a day.
fn year_and_month(date: Date) -> Option<(u32, u32)> {
    let text = date.to_string();
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse().ok();
    Some((number(0..4)?, number(5..7)?))
}

/// Whether the database is recent enough for the day that is judged for to know the newest patch releases.
fn recent(releases: &Releases, policy: &Policy) -> Result<(), Verdict> {
    let months = |date: Date| year_and_month(date).map(|(year, month)| year * 12 + month);
    let reason = match (
        releases.date.and_then(months),
        policy.as_of.and_then(months),
    ) {
        (Some(of_database), Some(as_of)) if as_of <= of_database + MOST_MONTHS => return Ok(()),
        (Some(_), Some(_)) => {
            "the vulnerability database is too old to know the newest patch release"
        }
        (None, _) => "the vulnerability database has no date",
        (_, None) => "the day that is judged for is not given",
    };
    Err(unknown(&Gap::new(Topic::BuildInfo, reason)))
}

/// The newest minor version that Go's schedule has by a day: 1.21 in August 2023, and one more every half year. A month
/// counts from its end, since releases have come late in it.
fn due(day: Date) -> Option<u32> {
    let (year, month) = year_and_month(day)?;
    due_in(year, month)
}

/// What was due a month before a day. No release has come that late: the latest so far were 1.13, two days into the next
/// month, and 1.18, in the middle of it.
fn due_a_month_ago(day: Date) -> Option<u32> {
    match year_and_month(day)? {
        (year, 1) => due_in(year.checked_sub(1)?, 12),
        (year, month) => due_in(year, month - 1),
    }
}

fn due_in(year: u32, month: u32) -> Option<u32> {
    let halves = match month {
        0..=2 => 0,
        3..=8 => 1,
        _ => 2,
    };
    (year * 2 + halves + 21).checked_sub(2023 * 2 + 2)
}

fn supported(facts: &Facts<'_>, policy: &Policy) -> Result<Verdict, Verdict> {
    let toolchain = known(&facts.toolchain)?;
    let (minor, _) = numbers(toolchain)?;
    let (releases, supported, basis) = releases(policy)?;
    let oldest = supported.iter().min().copied().unwrap_or_default();
    let evidence = vec![toolchain.text.clone(), basis];
    if minor < oldest {
        let what = format!("Go 1.{minor} is not supported any more");
        return Ok(fail(
            what,
            evidence,
            upgrade(releases, supported.first().copied()),
        ));
    }
    let Some(as_of) = policy.as_of else {
        return Err(unknown(&Gap::new(
            Topic::BuildInfo,
            "the day that is judged for is not given",
        )));
    };
    match due(as_of) {
        Some(due) if minor + 1 < due => overtaken(minor, due, as_of, releases, evidence),
        _ => Ok(Verdict::Pass(evidence)),
    }
}

/// By the schedule there are two newer minor versions, and the database does not know the second one.
fn overtaken(
    minor: u32,
    due: u32,
    as_of: Date,
    releases: &Releases,
    mut evidence: Vec<String>,
) -> Result<Verdict, Verdict> {
    if due_a_month_ago(as_of) != Some(due) || !releases.candidates.contains(&due) {
        let reason = format!(
            "the vulnerability database does not know Go 1.{due} yet, with which Go 1.{minor} is not supported any more"
        );
        return Err(unknown(&Gap::new(Topic::BuildInfo, reason)));
    }
    evidence.push(format!(
        "Go 1.{due}, of which the database knows a release candidate, was due more than a month ago"
    ));
    let target = releases.supported().first().copied();
    Ok(fail(
        format!("Go 1.{minor} is not supported any more"),
        evidence,
        upgrade(releases, target),
    ))
}

fn patched(facts: &Facts<'_>, policy: &Policy) -> Result<Verdict, Verdict> {
    let toolchain = known(&facts.toolchain)?;
    let (minor, patch) = numbers(toolchain)?;
    let (releases, supported, basis) = releases(policy)?;
    let evidence = vec![toolchain.text.clone(), basis];
    match releases.newest.get(&minor) {
        Some(&newest) if patch < newest => {
            let what = format!(
                "go1.{minor}.{newest} is known, {} releases newer",
                newest - patch
            );
            let target = if supported.contains(&minor) {
                Some(minor)
            } else {
                supported.first().copied()
            };
            Ok(fail(what, evidence, upgrade(releases, target)))
        }
        Some(_) => {
            recent(releases, policy)?;
            Ok(Verdict::Pass(evidence))
        }
        None => Err(unknown(&Gap::new(
            Topic::BuildInfo,
            format!("the vulnerability database knows no release of Go 1.{minor}"),
        ))),
    }
}

/// The command that builds with the newest known patch release of a minor version.
fn upgrade(releases: &Releases, minor: Option<u32>) -> String {
    let minor = minor.unwrap_or_default();
    let patch = releases.newest.get(&minor).copied().unwrap_or_default();
    format!("go get toolchain@go1.{minor}.{patch} && GOTOOLCHAIN=go1.{minor}.{patch} go build")
}

fn release(facts: &Facts<'_>, policy: &Policy) -> Result<Verdict, Verdict> {
    let toolchain = known(&facts.toolchain)?;
    let evidence = vec![toolchain.text.clone()];
    let fix = match releases(policy) {
        Ok((releases, supported, _)) => upgrade(releases, supported.first().copied()),
        Err(_) => "go get toolchain@latest && go build".to_owned(),
    };
    match &toolchain.position {
        Position::At(text) if text.contains('-') => {
            Ok(fail("it was made by a pre-release of Go", evidence, fix))
        }
        Position::At(_) => {
            let vendor = toolchain
                .vendor
                .iter()
                .map(|vendor| format!("vendor: {vendor}"));
            Ok(Verdict::Pass(evidence.into_iter().chain(vendor).collect()))
        }
        Position::Between { .. } => Ok(fail(
            "it was made by a development version of Go",
            evidence,
            fix,
        )),
        Position::Unknown(why) => Err(unknown(&Gap::new(Topic::BuildInfo, why.clone()))),
    }
}

fn experiments(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    let toolchain = known(&facts.toolchain)?;
    // They are named in the version, which has to be one.
    if let Position::Unknown(why) = &toolchain.position {
        return Err(unknown(&Gap::new(Topic::BuildInfo, why.clone())));
    }
    let others: Vec<String> = toolchain
        .experiments
        .iter()
        .filter(|name| *name != "boringcrypto")
        .map(|name| format!("GOEXPERIMENT {name}"))
        .collect();
    if others.is_empty() {
        return Ok(pass(toolchain.text.clone()));
    }
    Ok(fail(
        "it was built with experiments",
        others,
        "GOEXPERIMENT= go build",
    ))
}

fn godebug(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    let settings = known(&facts.godebug)?;
    let weak: Vec<_> = settings
        .iter()
        .filter_map(|setting| Some((setting, setting.weakens?)))
        .collect();
    if weak.is_empty() {
        return Ok(pass(format!(
            "{} defaults, none of which weakens security",
            settings.len()
        )));
    }
    let names = known(&facts.names)?;
    let effective: Vec<_> = weak
        .iter()
        .filter(|(_, weakness)| names.has_package(weakness.package))
        .collect();
    if effective.is_empty() {
        return Ok(pass("none that weakens a package that is linked"));
    }
    let lines = effective
        .iter()
        .map(|(setting, weakness)| {
            format!(
                "{}={}: {} ({})",
                setting.name, setting.value, weakness.how, weakness.package
            )
        })
        .collect();
    let what = format!("{} defaults of GODEBUG weaken security", effective.len());
    let drops: String = effective
        .iter()
        .map(|(_, weakness)| format!(" -dropgodebug={}", weakness.setting))
        .collect();
    let fix = format!(
        r"go mod edit -go=$(go env GOVERSION | sed 's/^go//'){drops} && sed -i '/^\/\/go:debug /d' *.go && go build"
    );
    Ok(fail(what, lines, fix))
}

fn instrumented(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    let mut found: Vec<String> = Vec::new();
    if let Ok(build) = &facts.build {
        let settings = [
            (build.race, "-race"),
            (build.msan, "-msan"),
            (build.asan, "-asan"),
            (build.cover, "-cover"),
            (build.test, "a test binary (go test -c)"),
        ];
        found.extend(
            settings
                .into_iter()
                .filter(|(on, _)| *on)
                .map(|(_, what)| what.to_owned()),
        );
    }
    if let Ok(names) = &facts.names {
        const PACKAGES: [&str; 5] = [
            "runtime/race",
            "runtime/msan",
            "runtime/asan",
            "runtime/coverage",
            "testing/internal/testdeps",
        ];
        let linked = PACKAGES
            .into_iter()
            .filter(|package| names.has_package(package));
        found.extend(linked.map(|package| format!("package {package} is linked")));
    }
    if !found.is_empty() {
        return Ok(fail(
            "it is instrumented, or made for tests",
            found,
            "GOFLAGS= go build -race=false -msan=false -asan=false -cover=false",
        ));
    }
    known(&facts.build)?;
    known(&facts.names)?;
    Ok(pass("neither in the settings nor among the packages"))
}

fn optimised(facts: &Facts<'_>) -> Result<Verdict, Verdict> {
    let build = known(&facts.build)?;
    match &build.unoptimised {
        Some(flags) => {
            let evidence = vec![format!("-gcflags={}", crate::facts::secret::mask(flags))];
            Ok(fail(
                "optimisation or inlining is switched off",
                evidence,
                "GOFLAGS= go build -gcflags=",
            ))
        }
        None => Ok(pass("no -N and no -l is recorded")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_is_that_of_february_and_august() {
        for (day, minor) in [
            ("2023-09-01", 21),
            ("2024-02-29", 21),
            ("2024-03-01", 22),
            ("2025-08-31", 24),
            ("2026-03-01", 26),
            ("2026-11-22", 27),
            ("2027-01-01", 27),
        ] {
            assert_eq!(day.parse().ok().and_then(due), Some(minor), "{day}");
        }
        for (day, minor) in [
            ("2026-09-30", 26),
            ("2026-10-01", 27),
            ("2027-01-31", 27),
            ("2027-03-31", 27),
            ("2027-04-01", 28),
        ] {
            let late = day.parse().ok().and_then(due_a_month_ago);
            assert_eq!(late, Some(minor), "{day}");
        }
    }
}

//! Which advisories apply to the versions and the platform of a subject.

use super::modules::{Modules, Wanted};
use crate::database::{Affected, Database, DatabaseError, Import};
use crate::date::Date;
use crate::finding::{Advisory, Applies};
use crate::subject::Subject;
use crate::version::range::{Answer, Event, Range, decide, decide_custom, fix};
use crate::version::{Position, Semver, go};

/// An advisory that applies, or may apply, to a module of the subject: a finding whose tier is not known yet.
#[derive(Debug)]
pub(super) struct Candidate<'d> {
    /// Index of the module in [`Modules::wanted`].
    pub(super) module: usize,
    pub(super) advisory: Advisory,
    pub(super) applies: Applies,
    pub(super) fixed: Option<String>,
    pub(super) reasons: Vec<String>,
    /// Affected packages on this platform, by the database's path; `None`: all packages of the module.
    pub(super) imports: Option<Vec<Import<'d>>>,
}

/// All candidates, in the order of modules.
pub(super) fn candidates<'d>(
    subject: &Subject<'_>,
    modules: &Modules<'_>,
    database: &Database<'d>,
    as_of: Date,
) -> Result<Vec<Candidate<'d>>, DatabaseError> {
    let mut candidates = Vec::new();
    for (index, wanted) in modules.wanted.iter().enumerate() {
        let affected = database.affected(wanted.path)?;
        for entries in affected.chunk_by(|a, b| a.advisory == b.advisory) {
            let Some(judged) = judge(wanted, entries, subject) else {
                continue;
            };
            let (advisory, withdrawn) = database.facts(entries[0].advisory)?;
            if !is_withdrawn(withdrawn, as_of) {
                candidates.push(judged.into_candidate(index, advisory));
            }
        }
    }
    Ok(candidates)
}

/// Withdrawn on that day or before. (A time that is no date was refused when the database was made.)
fn is_withdrawn(time: Option<&str>, as_of: Date) -> bool {
    time.and_then(|time| Date::of_time(time).ok())
        .is_some_and(|day| day <= as_of)
}

/// What the entries of one advisory say about a module.
struct Judged<'d> {
    applies: Applies,
    fixed: Option<String>,
    reasons: Vec<String>,
    imports: Option<Vec<Import<'d>>>,
}

impl<'d> Judged<'d> {
    fn into_candidate(self, module: usize, advisory: Advisory) -> Candidate<'d> {
        let Judged {
            applies,
            fixed,
            reasons,
            imports,
        } = self;
        Candidate {
            module,
            advisory,
            applies,
            fixed,
            reasons,
            imports,
        }
    }
}

/// `None` where no entry applies.
fn judge<'d>(
    wanted: &Wanted<'_>,
    entries: &[Affected<'d>],
    subject: &Subject<'_>,
) -> Option<Judged<'d>> {
    let mut reasons = wanted.reasons.clone();
    let mut applies: Option<Applies> = None;
    let mut imports = Some(Vec::new());
    for entry in entries {
        let here = on_platform(&entry.imports, subject);
        if here.is_empty() && !entry.imports.is_empty() {
            continue;
        }
        let Some(answer) = applies_to(wanted, entry, &mut reasons) else {
            continue;
        };
        applies = match applies {
            Some(Applies::Affected) => Some(Applies::Affected),
            Some(undecided) if answer != Applies::Affected => Some(undecided),
            _ => Some(answer),
        };
        match &mut imports {
            _ if entry.imports.is_empty() => imports = None,
            Some(imports) => imports.extend(here.into_iter().cloned()),
            None => {}
        }
    }
    reasons.dedup();
    let fixed = fixed_version(wanted, entries);
    applies.map(|applies| Judged {
        applies,
        fixed,
        reasons,
        imports,
    })
}

/// The packages that exist on the subject's platform. An unknown platform may be any.
fn on_platform<'e, 'd>(imports: &'e [Import<'d>], subject: &Subject<'_>) -> Vec<&'e Import<'d>> {
    let matches = |known: Option<&str>, list: &[&str]| match known {
        Some(known) if !known.is_empty() => list.is_empty() || list.contains(&known),
        _ => true,
    };
    let alike = subject.goos.and_then(built_like);
    let here = |import: &&Import<'_>| {
        let goos = matches(subject.goos, &import.goos)
            || alike.is_some_and(|goos| import.goos.contains(&goos));
        goos && matches(subject.goarch, &import.goarch)
    };
    imports.iter().filter(here).collect()
}

/// The system whose files and build tag a system takes too (`go/build`, "Build Constraints").
fn built_like(goos: &str) -> Option<&'static str> {
    match goos {
        "android" => Some("linux"),
        "illumos" => Some("solaris"),
        "ios" => Some("darwin"),
        _ => None,
    }
}

/// `None` where the version is not affected.
fn applies_to(
    wanted: &Wanted<'_>,
    entry: &Affected<'_>,
    reasons: &mut Vec<String>,
) -> Option<Applies> {
    match decide(&entry.ranges, &wanted.position) {
        Answer::NotAffected => None,
        Answer::Undecided(why) => Some(Applies::Undecided(why)),
        Answer::Affected if is_custom(entry) => Some(judge_custom(wanted, entry, reasons)),
        Answer::Affected => Some(Applies::Affected),
    }
}

/// Whether the advisory's real ranges are those in the project's own scheme: the semantic one says no more than
/// "every version".
fn is_custom(entry: &Affected<'_>) -> bool {
    !entry.custom_ranges.is_empty() && entry.ranges.iter().all(Range::is_everything)
}

fn judge_custom(wanted: &Wanted<'_>, entry: &Affected<'_>, reasons: &mut Vec<String>) -> Applies {
    let fixed = custom_fixes(entry);
    let version = match &wanted.position {
        Position::At(version) if wanted.tagged => Semver::parse_bare(version),
        _ => None,
    };
    match version.and_then(|version| decide_custom(&entry.custom_ranges, &version)) {
        Some(false) => Applies::Undecided(format!(
            "the advisory gives affected versions in the project's own scheme ({fixed}); read so, {} is not among them",
            wanted.version
        )),
        Some(true) => {
            reasons.push(format!(
                "the advisory gives affected versions in the project's own scheme ({fixed}); read so, {} is among them",
                wanted.version
            ));
            Applies::Affected
        }
        None => {
            reasons.push(format!(
                "the advisory gives affected versions in the project's own scheme ({fixed}), which cannot be ordered \
                 against the recorded version {}",
                wanted.version
            ));
            Applies::Affected
        }
    }
}

fn custom_fixes(entry: &Affected<'_>) -> String {
    let events = entry.custom_ranges.iter().flat_map(|range| &range.events);
    let fixes: Vec<&str> = events
        .filter_map(|event| match event {
            Event::Fixed(version) => Some(*version),
            _ => None,
        })
        .collect();
    if fixes.is_empty() {
        "no fix stated".to_owned()
    } else {
        format!("fixed in {}", fixes.join(", "))
    }
}

fn fixed_version(wanted: &Wanted<'_>, entries: &[Affected<'_>]) -> Option<String> {
    let ranges: Vec<&Range<'_>> = entries.iter().flat_map(|entry| &entry.ranges).collect();
    let fixed = fix(&ranges, &wanted.position)?;
    Some(if wanted.is_go() {
        go::release_name(fixed)
    } else {
        format!("v{fixed}")
    })
}

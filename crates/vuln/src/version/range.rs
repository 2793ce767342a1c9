//! Affected ranges: whether a position lies in them, and which version is the fix.
//!
//! A range is a list of events. Sorted by version, each `introduced` opens a stretch of affected versions and each
//! `fixed` (first version that is not affected) or `last affected` closes it; `introduced 0` is the beginning of time.

use super::{Position, Semver};
use std::cmp::Ordering;

/// A change of state at a version (without `v`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event<'a> {
    /// Affected from here (included); `0` is the beginning of time.
    Introduced(&'a str),
    /// Not affected from here (included).
    Fixed(&'a str),
    /// Affected up to here (included).
    LastAffected(&'a str),
}

/// How the versions of a range are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// As semantic versions.
    Semver,
    /// In a way of the project's own.
    Ecosystem,
}

/// The affected versions in one scheme.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range<'a> {
    /// How versions are ordered.
    pub scheme: Scheme,
    /// Changes of state, in any order.
    pub events: Vec<Event<'a>>,
}

/// Whether a position is affected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is, wherever in the position's interval the version really stands.
    Affected,
    /// It is not, wherever it stands.
    NotAffected,
    /// It depends on what is not known: a sentence part, without a full stop.
    Undecided(String),
}

impl Range<'_> {
    /// Whether the range says no more than "every version".
    pub fn is_everything(&self) -> bool {
        self.events
            .iter()
            .all(|event| *event == Event::Introduced("0"))
    }
}

/// Decides over all semantic ranges of one affected entry: affected if any holds the version. No range at all means
/// that every version is affected.
pub fn decide(ranges: &[Range<'_>], position: &Position) -> Answer {
    if let Position::Unknown(why) = position {
        return Answer::Undecided(why.clone());
    }
    let semantic = ranges.iter().filter(|range| range.scheme == Scheme::Semver);
    let parsed: Result<Vec<Stretches<'_>>, &str> = semantic.map(Stretches::parse).collect();
    match parsed {
        Err(version) => Answer::Undecided(format!(
            "the advisory's range has `{version}`, which is not a semantic version"
        )),
        Ok(parsed) if parsed.is_empty() && !ranges.is_empty() => Answer::Undecided(
            "the advisory gives its versions in a scheme of its own only".to_owned(),
        ),
        Ok(parsed) => decide_parsed(&parsed, position),
    }
}

/// Decides over ranges in the project's own scheme, read as semantic versions. `None` where that cannot be done.
pub fn decide_custom(ranges: &[Range<'_>], version: &Semver<'_>) -> Option<bool> {
    let parsed: Result<Vec<Stretches<'_>>, &str> = ranges.iter().map(Stretches::parse).collect();
    parsed
        .ok()
        .map(|parsed| holds(&parsed, Point::At(*version)))
}

/// The earliest fix above the position that is not itself affected by any of `ranges` (all those of one module in one
/// advisory). For an interval: the latest, since only that is known to be above.
pub fn fix<'a>(ranges: &[&Range<'a>], position: &Position) -> Option<&'a str> {
    let semantic = ranges.iter().filter(|range| range.scheme == Scheme::Semver);
    let parsed: Vec<Stretches<'a>> = semantic
        .map(|range| Stretches::parse(range))
        .collect::<Result<_, _>>()
        .ok()?;
    let mut fixes: Vec<(Semver<'a>, &'a str)> = parsed.iter().flat_map(Stretches::fixes).collect();
    fixes.retain(|(fix, _)| !holds(&parsed, Point::At(*fix)));
    fixes.sort_by_key(|(fix, _)| *fix);
    match position {
        Position::At(version) => {
            let version = Semver::parse_bare(version)?;
            fixes
                .into_iter()
                .find(|(fix, _)| *fix > version)
                .map(|(_, text)| text)
        }
        Position::Between { .. } => fixes.pop().map(|(_, text)| text),
        Position::Unknown(_) => None,
    }
}

/// A place in the order of versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Point<'a> {
    Beginning,
    At(Semver<'a>),
}

#[derive(Debug, Clone, Copy)]
enum Change {
    Introduced,
    Fixed,
    LastAffected,
}

/// A range with its events parsed and sorted.
struct Stretches<'a> {
    events: Vec<(Point<'a>, Change, &'a str)>,
}

impl<'a> Stretches<'a> {
    /// # Errors
    /// The first version that is not semantic.
    fn parse(range: &Range<'a>) -> Result<Stretches<'a>, &'a str> {
        let mut events = range
            .events
            .iter()
            .map(parse_event)
            .collect::<Result<Vec<_>, _>>()?;
        events.sort_by_key(|(point, ..)| *point);
        Ok(Stretches { events })
    }

    fn holds(&self, point: Point<'_>) -> bool {
        let mut affected = self.events.is_empty();
        for (at, change, _) in &self.events {
            let order = compare(point, *at);
            match change {
                Change::Introduced if !affected => affected = order != Ordering::Less,
                Change::Fixed if affected => affected = order == Ordering::Less,
                Change::LastAffected if affected => affected = order != Ordering::Greater,
                _ => {}
            }
        }
        affected
    }

    fn fixes(&self) -> impl Iterator<Item = (Semver<'a>, &'a str)> {
        self.events
            .iter()
            .filter_map(|(at, change, text)| match (at, change) {
                (Point::At(version), Change::Fixed) => Some((*version, *text)),
                _ => None,
            })
    }
}

fn parse_event<'a>(event: &Event<'a>) -> Result<(Point<'a>, Change, &'a str), &'a str> {
    let (text, change) = match *event {
        Event::Introduced("0") => return Ok((Point::Beginning, Change::Introduced, "0")),
        Event::Introduced(text) => (text, Change::Introduced),
        Event::Fixed(text) => (text, Change::Fixed),
        Event::LastAffected(text) => (text, Change::LastAffected),
    };
    let version = Semver::parse_bare(text).ok_or(text)?;
    Ok((Point::At(version), change, text))
}

fn compare(a: Point<'_>, b: Point<'_>) -> Ordering {
    a.cmp(&b)
}

fn holds(parsed: &[Stretches<'_>], point: Point<'_>) -> bool {
    parsed.is_empty() || parsed.iter().any(|stretches| stretches.holds(point))
}

fn decide_parsed(parsed: &[Stretches<'_>], position: &Position) -> Answer {
    let answer = |affected: bool| {
        if affected {
            Answer::Affected
        } else {
            Answer::NotAffected
        }
    };
    match position {
        Position::Unknown(why) => Answer::Undecided(why.clone()),
        Position::At(text) => match Semver::parse_bare(text) {
            Some(version) => answer(holds(parsed, Point::At(version))),
            None => Answer::Undecided(format!("`{text}` is not a semantic version")),
        },
        Position::Between { from, below, why } => {
            let from = from.as_deref().map(Semver::parse_bare);
            match (from, Semver::parse_bare(below)) {
                (None, Some(below)) => decide_between(parsed, Point::Beginning, below, why),
                (Some(Some(from)), Some(below)) => {
                    decide_between(parsed, Point::At(from), below, why)
                }
                _ => Answer::Undecided(why.clone()),
            }
        }
    }
}

/// Between two events the answer does not change, so the interval's start and every event inside it stand for all.
fn decide_between(
    parsed: &[Stretches<'_>],
    from: Point<'_>,
    below: Semver<'_>,
    why: &str,
) -> Answer {
    let start = holds(parsed, from);
    let events = parsed.iter().flat_map(|stretches| &stretches.events);
    let mut inside = events
        .filter(|(at, ..)| compare(*at, from).is_gt() && compare(*at, Point::At(below)).is_lt());
    // Where a stretch ends after its last version, that version alone does not show the change.
    let changes = inside.any(|(at, change, _)| {
        matches!(change, Change::LastAffected) || holds(parsed, *at) != start
    });
    match (changes, start) {
        (true, _) => Answer::Undecided(format!(
            "{why}: parts of its possible range are affected, others are not"
        )),
        (false, true) => Answer::Affected,
        (false, false) => Answer::NotAffected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Event::{Fixed, Introduced, LastAffected};

    fn semver<'a>(events: &[Event<'a>]) -> Range<'a> {
        Range {
            scheme: Scheme::Semver,
            events: events.to_vec(),
        }
    }

    fn point(version: &str) -> Position {
        Position::At(version.to_owned())
    }

    fn devel(from: Option<&str>, below: &str) -> Position {
        Position::Between {
            from: from.map(str::to_owned),
            below: below.to_owned(),
            why: "devel".to_owned(),
        }
    }

    #[test]
    fn points_in_ranges() {
        let two = [
            Introduced("0"),
            Fixed("1.18.6"),
            Introduced("1.19.0-0"),
            Fixed("1.19.1"),
        ];
        let shuffled = [
            Introduced("1.19.0-0"),
            Fixed("1.19.1"),
            Introduced("0"),
            Fixed("1.18.6"),
        ];
        let cases: &[(&[Event<'_>], &str, bool)] = &[
            (&[], "0.0.0", true),
            (&[Introduced("0")], "0.0.0", true),
            (&[Introduced("0"), Fixed("2.0.0")], "1.0.0", true),
            (&[Introduced("0"), Fixed("2.0.0")], "2.0.0-rc.1", true),
            (
                &[Introduced("0"), Fixed("2.0.0")],
                "2.0.0+incompatible",
                false,
            ),
            (&[Introduced("0.0.1")], "1.0.0", true),
            (&[Introduced("1.0.0")], "1.0.0", true),
            (&[Introduced("1.0.0")], "1.0.0-rc.1", false),
            (&[Introduced("1.0.0"), Fixed("2.0.0")], "3.0.0", false),
            (
                &[Introduced("1.0.0"), Fixed("2.0.0"), Introduced("3.0.0")],
                "3.0.0",
                true,
            ),
            (&two, "1.18.5", true),
            (&two, "1.18.6", false),
            (&two, "1.19.0-rc.1", true),
            (&two, "1.19.0-beta.1", true),
            (&two, "1.19.1", false),
            (&shuffled, "1.18.1", true),
            (&shuffled, "1.18.7", false),
            (
                &[Introduced("0"), Introduced("1.19.0"), Fixed("1.19.1")],
                "1.18.6",
                true,
            ),
            (&[Introduced("1.0.0"), LastAffected("1.5.0")], "1.5.0", true),
            (
                &[Introduced("1.0.0"), LastAffected("1.5.0")],
                "1.5.1",
                false,
            ),
        ];
        for (events, version, affected) in cases {
            let expected = if *affected {
                Answer::Affected
            } else {
                Answer::NotAffected
            };
            assert_eq!(
                decide(&[semver(events)], &point(version)),
                expected,
                "{version} in {events:?}"
            );
        }
    }

    #[test]
    fn no_range_means_every_version_and_any_range_suffices() {
        assert_eq!(decide(&[], &point("1.0.0")), Answer::Affected);
        let ranges = [
            semver(&[Introduced("2.0.0")]),
            semver(&[Introduced("0"), Fixed("1.0.1")]),
        ];
        assert_eq!(decide(&ranges, &point("1.0.0")), Answer::Affected);
        assert_eq!(decide(&ranges, &point("1.5.0")), Answer::NotAffected);
    }

    #[test]
    fn what_cannot_be_ordered_is_not_decided() {
        let undecided = |ranges: &[Range<'_>], position: &Position| {
            matches!(decide(ranges, position), Answer::Undecided(_))
        };
        assert!(undecided(
            &[semver(&[Introduced("0"), Fixed("1.x")])],
            &point("1.0.0")
        ));
        assert!(undecided(
            &[Range {
                scheme: Scheme::Ecosystem,
                events: vec![Introduced("0")]
            }],
            &point("1.0.0")
        ));
        assert!(undecided(
            &[semver(&[Introduced("0")])],
            &Position::Unknown("devel".to_owned())
        ));
    }

    #[test]
    fn an_interval_is_decided_only_where_it_agrees() {
        let tip = devel(Some("1.26.0-rc.1"), "1.28.0-0");
        let old = devel(None, "1.18.0-0");
        let cases: &[(&[Event<'_>], &Position, Option<bool>)] = &[
            (&[Introduced("0")], &tip, Some(true)),
            (&[Introduced("0"), Fixed("1.25.3")], &tip, Some(false)),
            (&[Introduced("0"), Fixed("1.26.0-rc.1")], &tip, Some(false)),
            (
                &[
                    Introduced("0"),
                    Fixed("1.25.9"),
                    Introduced("1.26.0-0"),
                    Fixed("1.26.2"),
                ],
                &tip,
                None,
            ),
            (&[Introduced("1.27.0-0")], &tip, None),
            (&[Introduced("1.28.0-0")], &tip, Some(false)),
            (&[Introduced("0"), LastAffected("1.26.1")], &tip, None),
            (
                &[Introduced("1.18.0-0"), Fixed("1.18.3")],
                &old,
                Some(false),
            ),
            (&[Introduced("0"), Fixed("1.16.1")], &old, None),
            (&[Introduced("0"), Fixed("1.19.1")], &old, Some(true)),
        ];
        for (events, position, expected) in cases {
            let got = match decide(&[semver(events)], position) {
                Answer::Affected => Some(true),
                Answer::NotAffected => Some(false),
                Answer::Undecided(_) => None,
            };
            assert_eq!(got, *expected, "{events:?}");
        }
    }

    #[test]
    fn the_fix_is_above_and_not_itself_affected() {
        let a = semver(&[
            Introduced("1.0.0"),
            Fixed("1.5.0"),
            Introduced("2.0.0"),
            Fixed("2.1.0"),
        ]);
        let b = semver(&[Introduced("1.4.0"), Fixed("1.6.0")]);
        assert_eq!(fix(&[&a], &point("1.0.0")), Some("1.5.0"));
        assert_eq!(fix(&[&a, &b], &point("1.0.0")), Some("1.6.0"));
        assert_eq!(fix(&[&a, &b], &point("1.6.0")), Some("2.1.0"));
        assert_eq!(fix(&[&a, &b], &point("2.1.0")), None);
        assert_eq!(
            fix(
                &[
                    &semver(&[Introduced("0"), Fixed("2.0.0")]),
                    &semver(&[Introduced("0")])
                ],
                &point("1.0.0")
            ),
            None
        );
        assert_eq!(
            fix(&[&a, &b], &devel(Some("1.0.0"), "1.2.0")),
            Some("2.1.0")
        );
        assert_eq!(fix(&[&a, &b], &Position::Unknown(String::new())), None);
    }

    #[test]
    fn custom_ranges_are_read_as_semantic_versions_where_they_are() {
        let custom = [Range {
            scheme: Scheme::Ecosystem,
            events: vec![
                Introduced("0"),
                Fixed("2.4.16"),
                Introduced("2.5.0"),
                Fixed("2.5.9"),
            ],
        }];
        let asked = |version: &str| decide_custom(&custom, &Semver::parse_bare(version).unwrap());
        assert_eq!(asked("2.4.15"), Some(true));
        assert_eq!(asked("2.4.16"), Some(false));
        assert_eq!(asked("2.5.0"), Some(true));
        let strange = [Range {
            scheme: Scheme::Ecosystem,
            events: vec![Fixed("2.4.x")],
        }];
        assert_eq!(
            decide_custom(&strange, &Semver::parse_bare("1.0.0").unwrap()),
            None
        );
    }
}

//! Attempts, one after the other, until one gives the same bytes or the budget is spent.

use super::build::{Built, Ground};
use super::compiler::CCompiler;
use super::judge::{Gate, judge};
use super::recipe::{Recipe, Strip};
use super::spelling::is_other_request;
use super::{Event, Stop, Verdict, refusal};
use crate::compare::Diagnosis;
use goassay_binary::Binary;
use goassay_diff::{Cause, Change, Kind, causes};
use std::collections::VecDeque;
use std::time::Instant;

/// An attempt, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// What is other than in the first one, in words; for the first what it is.
    pub what: String,
    /// The arguments of the go command.
    pub arguments: Vec<String>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The same bytes, as they are or after normalisations.
    Same,
    /// Other bytes: how many functions differ where that is known, and how many bytes.
    Differs {
        /// Functions of the same name with other code.
        functions: usize,
        /// Bytes that differ, and those that one has more.
        bytes: u64,
    },
    /// The go command did not build it, in its own words. Hostile.
    Failed(String),
    /// It could not be tried here, and why.
    Untried(String),
}

/// All attempts.
pub(super) struct Search<'a, 'g> {
    pub file: &'a [u8],
    pub ground: &'a Ground<'g>,
    pub max_builds: usize,
    pub until: Option<Instant>,
    pub tell: &'a mut dyn FnMut(Event<'_>),
}

/// What a search came to.
pub(super) struct Found {
    pub attempts: Vec<Attempt>,
    pub verdict: Verdict,
    /// Of the nearest attempt, where all differ.
    pub causes: Vec<Cause>,
    /// What the last attempt built, or the nearest where all differ.
    pub rebuilt: Option<Vec<u8>>,
    /// How what is the same was built.
    pub same: Option<Recipe>,
    /// Ways to build that were not tried, because there were too many or the time was up.
    pub left: usize,
}

/// What an attempt built, and what that is in the light of the file.
type Other = (Vec<u8>, Verdict);

/// What is to be tried.
struct Try {
    what: String,
    recipe: Recipe,
    /// It is built for its symbol table alone: what it shows of variables is set in this recipe.
    names_for: Option<Recipe>,
}

/// The nearest attempt.
struct Nearest {
    distance: (u64, u64),
    diagnosis: Diagnosis,
    causes: Vec<Cause>,
    bytes: Vec<u8>,
}

impl Search<'_, '_> {
    pub(super) fn run(&mut self, first: Vec<(&str, Recipe)>) -> Result<Found, Stop> {
        let first = first.into_iter().map(|(what, recipe)| Try {
            what: what.to_owned(),
            recipe,
            names_for: None,
        });
        let mut open: VecDeque<Try> = first.collect();
        let mut tried: Vec<Recipe> = Vec::new();
        let mut attempts: Vec<Attempt> = Vec::new();
        let mut nearest: Option<Nearest> = None;
        let mut left = 0;
        while let Some(next) = open.pop_front() {
            if tried.contains(&next.recipe) {
                continue;
            }
            if attempts.len() >= self.max_builds || self.is_time_up() {
                left += 1;
                continue;
            }
            (self.tell)(Event::Building(attempts.len() + 1, &next.what));
            let (outcome, built) = self.attempt(&next.recipe)?;
            tried.push(next.recipe.clone());
            attempts.push(Attempt {
                what: next.what.clone(),
                arguments: next.recipe.arguments().unwrap_or_default(),
                outcome,
            });
            let Some((bytes, verdict)) = built else {
                continue;
            };
            let Verdict::Different(diagnosis) = verdict else {
                return Ok(Found {
                    attempts,
                    verdict,
                    causes: Vec::new(),
                    rebuilt: Some(bytes),
                    same: Some(next.recipe),
                    left: 0,
                });
            };
            let differences = goassay_diff::compare(self.file, &bytes);
            let causes = causes(&differences);
            if let Some(spelled) = self.spelled(&next, &bytes)? {
                open.push_front(spelled);
            }
            open.extend(required(&next, &causes).filter(|_| self.ground.place.is_version));
            open.extend(others(&next, &causes));
            let distance = (differences.functions.differ(), diagnosis.bytes);
            if next.names_for.is_none()
                && nearest
                    .as_ref()
                    .is_none_or(|other| distance < other.distance)
            {
                nearest = Some(Nearest {
                    distance,
                    diagnosis: *diagnosis,
                    causes,
                    bytes,
                });
            }
        }
        Ok(match nearest {
            Some(nearest) => Found {
                attempts,
                verdict: Verdict::Different(Box::new(nearest.diagnosis)),
                causes: nearest.causes,
                rebuilt: Some(nearest.bytes),
                same: None,
                left,
            },
            None => Found {
                verdict: Verdict::NotChecked(unbuilt(&attempts)),
                attempts,
                causes: Vec::new(),
                rebuilt: None,
                same: None,
                left,
            },
        })
    }

    fn is_time_up(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }

    /// The same words for the linker in the spelling that the Go build ID of the file has; none where more than that differs.
    fn spelled(&self, last: &Try, rebuilt: &[u8]) -> Result<Option<Try>, Stop> {
        let Some([wanted, ours]) = build_ids(self.file, rebuilt) else {
            return Ok(None);
        };
        if !is_other_request(wanted, ours) {
            return Ok(None);
        }
        let Some(request) = self.ground.request(&last.recipe)? else {
            return Ok(None);
        };
        let words = request.spelled(&last.recipe, wanted);
        Ok(words.map(|words| Try {
            what: "the words for the linker as the Go build ID says that they were spelled"
                .to_owned(),
            recipe: Recipe {
                spelled: Some(words),
                ..last.recipe.clone()
            },
            names_for: None,
        }))
    }

    /// Builds once; no verdict where nothing was built.
    fn attempt(&mut self, recipe: &Recipe) -> Result<(Outcome, Option<Other>), Stop> {
        let bytes = match self.ground.build(recipe)? {
            Built::Program(bytes) => bytes,
            Built::Failed(said) => return Ok((Outcome::Failed(said), None)),
            Built::Untried(why) => return Ok((Outcome::Untried(why), None)),
        };
        let verdict = judge(self.file, &bytes, Gate::Whole);
        let outcome = match &verdict {
            Verdict::Different(diagnosis) => Outcome::Differs {
                functions: diagnosis
                    .function
                    .as_ref()
                    .map_or(0, |function| function.count),
                bytes: diagnosis.bytes + self.file.len().abs_diff(bytes.len()) as u64,
            },
            _ => Outcome::Same,
        };
        Ok((outcome, Some((bytes, verdict))))
    }
}

/// The Go build IDs of two files.
fn build_ids<'a>(file: &'a [u8], rebuilt: &'a [u8]) -> Option<[&'a [u8]; 2]> {
    let id = |bytes: &'a [u8]| {
        let binary = Binary::parse(bytes).ok()?;
        binary.debug_info().go_build_id.ok()?
    };
    Some([id(file)?, id(rebuilt)?])
}

/// What to try where the file has no defaults of GODEBUG, and a build of the version has: the go line that makes them was another one.
fn required(last: &Try, causes: &[Cause]) -> impl Iterator<Item = Try> {
    let has_none = |kind: &Kind| matches!(kind, Kind::Godebug([file, Some(_)]) if file.as_deref().unwrap_or_default().is_empty());
    let is_asked = causes.iter().any(|cause| has_none(&cause.kind))
        && last.names_for.is_none()
        && !last.recipe.is_required;
    let recipe = Recipe {
        is_required: true,
        ..last.recipe.clone()
    };
    let what =
        "in a module that requires this version, with the go line of the toolchain".to_owned();
    is_asked
        .then_some(Try {
            what,
            recipe,
            names_for: None,
        })
        .into_iter()
}

fn unbuilt(attempts: &[Attempt]) -> String {
    let said = attempts.iter().find_map(|attempt| match &attempt.outcome {
        Outcome::Failed(said) => Some(refusal::of_build(said)),
        Outcome::Untried(why) => Some(format!("it could not be tried: {why}")),
        Outcome::Same | Outcome::Differs { .. } => None,
    });
    said.unwrap_or_else(|| "no build was allowed".to_owned())
}

/// What to try after an attempt that differs: all that its causes ask for at once, then one after the other.
fn others(last: &Try, causes: &[Cause]) -> Vec<Try> {
    let changes = || {
        causes
            .iter()
            .flat_map(|cause| cause.changes.iter().map(move |change| (cause, change)))
    };
    if let Some(target) = &last.names_for {
        let variables = changes().filter(|(_, change)| matches!(change, Change::Variable(..)));
        return together(target, variables).into_iter().collect();
    }
    let mut all: Vec<Try> = together(&last.recipe, changes()).into_iter().collect();
    let alone = changes().filter_map(|(cause, change)| {
        Some(Try {
            what: cause.kind.sentence(),
            recipe: last.recipe.with(change)?,
            names_for: None,
        })
    });
    all.extend(alone);
    if causes
        .iter()
        .any(|cause| matches!(cause.kind, Kind::CFlags(..)))
    {
        all.extend(compilers(last));
    }
    let named: Vec<Try> = all.iter().filter_map(|one| by_name(one, last)).collect();
    all.extend(named);
    if matches!(last.recipe.strip, Strip::Symbols | Strip::Table) {
        let recipe = Recipe {
            strip: Strip::Nothing,
            ..last.recipe.clone()
        };
        let what = "with a symbol table, for the names of variables".to_owned();
        all.insert(
            0,
            Try {
                what,
                recipe,
                names_for: Some(last.recipe.clone()),
            },
        );
    }
    all
}

/// The same by each other C compiler of this machine, where the code of C differs and nothing says which made it.
fn compilers(last: &Try) -> Vec<Try> {
    let by = |compiler: CCompiler| Try {
        what: format!("C compiled by {}", compiler.name()),
        recipe: Recipe {
            c_compiler: Some(compiler),
            ..last.recipe.clone()
        },
        names_for: None,
    };
    let all = match last.recipe.c_compiler {
        None => CCompiler::all(),
        Some(_) => Vec::new(),
    };
    all.into_iter().map(by).collect()
}

/// The same with the C compiler called by its name, where the compiler is what it changes.
fn by_name(one: &Try, last: &Try) -> Option<Try> {
    let mut recipe = one.recipe.clone();
    let compiler = recipe.c_compiler.as_mut()?;
    let is_new = last.recipe.c_compiler.is_none() && !compiler.by_name;
    compiler.by_name = true;
    is_new.then(|| Try {
        what: format!("{}, called by its name", one.what),
        recipe,
        names_for: None,
    })
}

/// A recipe with all changes that it can take.
fn together<'c>(
    recipe: &Recipe,
    changes: impl Iterator<Item = (&'c Cause, &'c Change)>,
) -> Option<Try> {
    let (mut all, mut what) = (recipe.clone(), Vec::new());
    for (cause, change) in changes {
        if let Some(changed) = all.with(change) {
            all = changed;
            what.push(cause.kind.sentence());
        }
    }
    what.dedup();
    (!what.is_empty()).then(|| Try {
        what: what.join("; "),
        recipe: all,
        names_for: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(recipe: Recipe) -> Try {
        Try {
            what: String::new(),
            recipe,
            names_for: None,
        }
    }

    fn godebug(file: Option<&str>, rebuilt: Option<&str>) -> Vec<Cause> {
        let values = [file, rebuilt].map(|value| value.map(str::to_owned));
        vec![Cause {
            kind: Kind::Godebug(values),
            evidence: Vec::new(),
            changes: Vec::new(),
        }]
    }

    #[test]
    fn a_requirement_is_tried_where_only_the_file_has_no_defaults() {
        let first = of(Recipe::default());
        let tried: Vec<Try> = required(&first, &godebug(None, Some("a=1"))).collect();
        assert!(tried.iter().all(|next| next.recipe.is_required) && tried.len() == 1);
        for causes in [
            godebug(Some("a=1"), None),
            godebug(Some("a=1"), Some("a=2")),
            Vec::new(),
        ] {
            assert_eq!(required(&first, &causes).count(), 0);
        }
        let again = tried.first().unwrap();
        assert_eq!(required(again, &godebug(None, Some("a=1"))).count(), 0);
    }
}

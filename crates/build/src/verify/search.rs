//! Attempts, one after the other, until one gives the same bytes or the budget is spent.

use super::build::{Built, Ground};
use super::judge::{Gate, judge};
use super::recipe::{Recipe, Strip};
use super::{Event, Stop, Verdict};
use crate::compare::Diagnosis;
use std::collections::VecDeque;

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
    pub tell: &'a mut dyn FnMut(Event<'_>),
}

/// What a search came to.
pub(super) struct Found {
    pub attempts: Vec<Attempt>,
    pub verdict: Verdict,
}

impl Search<'_, '_> {
    pub(super) fn run(&mut self, first: Recipe) -> Result<Found, Stop> {
        let mut open = VecDeque::from([("what the binary says".to_owned(), first.clone())]);
        open.extend(others(&first));
        let mut attempts: Vec<Attempt> = Vec::new();
        let mut nearest: Option<(u64, Diagnosis)> = None;
        while let Some((what, recipe)) = open.pop_front() {
            if attempts.len() >= self.max_builds {
                break;
            }
            (self.tell)(Event::Building(attempts.len() + 1, &what));
            let arguments = recipe.arguments().unwrap_or_default();
            let (outcome, verdict) = self.attempt(&recipe)?;
            attempts.push(Attempt {
                what,
                arguments,
                outcome,
            });
            match verdict {
                Some(Verdict::Different(diagnosis)) => {
                    let distance = distance(&diagnosis);
                    if nearest.as_ref().is_none_or(|(other, _)| distance < *other) {
                        nearest = Some((distance, *diagnosis));
                    }
                }
                Some(verdict) => return Ok(Found { attempts, verdict }),
                None => {}
            }
        }
        let verdict = match nearest {
            Some((_, diagnosis)) => Verdict::Different(Box::new(diagnosis)),
            None => Verdict::NotChecked(unbuilt(&attempts)),
        };
        Ok(Found { attempts, verdict })
    }

    /// Builds once; no verdict where nothing was built.
    fn attempt(&mut self, recipe: &Recipe) -> Result<(Outcome, Option<Verdict>), Stop> {
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
        Ok((outcome, Some(verdict)))
    }
}

fn distance(diagnosis: &Diagnosis) -> u64 {
    diagnosis.bytes
}

fn unbuilt(attempts: &[Attempt]) -> String {
    let said = attempts.iter().find_map(|attempt| match &attempt.outcome {
        Outcome::Failed(said) => Some(format!("it does not build: {said}")),
        Outcome::Untried(why) => Some(format!("it could not be tried: {why}")),
        Outcome::Same | Outcome::Differs { .. } => None,
    });
    said.unwrap_or_else(|| "no build was allowed".to_owned())
}

/// What else could have been: what the linker left out, and its build ID.
fn others(first: &Recipe) -> Vec<(String, Recipe)> {
    let mut all = Vec::new();
    for strip in Strip::ALL {
        let recipe = Recipe {
            strip,
            ..first.clone()
        };
        if recipe != *first {
            all.push((format!("the linker leaves out: {strip:?}"), recipe));
        }
    }
    all
}

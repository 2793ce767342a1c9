//! The hunt: the base twice, then each variant, then all that did not matter at once, and where that does, which of them.

use super::Tested;
use super::bench::{Bench, Ended, Error};
use super::change::{Change, Clock};
use super::input::{Input, Variant};
use super::outputs::{Difference, Outputs};
use super::results::Results;
use super::{Base, Finding, Together, Variation};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A second that all builds see where the clock has to stand: in 2033, after the times of all files.
const STANDING: u64 = 2_000_000_000;
/// Time between the beginnings of two builds of the same.
const APART: Duration = Duration::from_millis(1100);
/// Most builds that a search for combined inputs takes.
const MAX_SEARCH: usize = 64;

/// What to vary, and how.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The inputs.
    pub inputs: Vec<&'static Input>,
    /// Everything at once first; where that differs and none alone does, the smallest set that does.
    pub bisect: bool,
    /// Builds at the same time.
    pub jobs: usize,
    /// Files of variants that differ are left where they are.
    pub keep: bool,
}

/// What is told while it goes on.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// So many builds are known to be ahead.
    Ahead(usize),
    /// This one begins.
    Begins(&'a str),
    /// This one ended.
    Ends(&'a str),
}

/// A hunt.
pub struct Hunt<'a> {
    /// Where builds are made.
    pub bench: Bench,
    /// What is wanted.
    pub wanted: &'a Wanted,
    /// What was built before.
    pub results: &'a Results,
    /// Is told what goes on.
    pub tell: &'a (dyn Fn(Event<'_>) + Sync),
}

/// One thing to build.
struct Task {
    input: &'static Input,
    variant: &'static Variant,
    change: Result<Change, String>,
}

impl Task {
    fn name(&self) -> String {
        label(self.input, self.variant)
    }
}

/// `directory/longer`, or the input's name where it is varied in one way only.
#[must_use]
pub fn label(input: &Input, variant: &Variant) -> String {
    match variant.name {
        "" => input.name.to_owned(),
        name => format!("{}/{name}", input.name),
    }
}

/// The base with what is known of it.
struct Known {
    outputs: Outputs,
    base: Base,
    unstable: BTreeSet<String>,
}

impl Hunt<'_> {
    /// Builds and compares all that is wanted.
    ///
    /// # Errors
    /// A build could not be tried at all.
    pub fn run(mut self) -> Result<Variation, Error> {
        let variation = self.all();
        self.bench.finish();
        variation
    }

    fn all(&mut self) -> Result<Variation, Error> {
        let tasks = self.tasks();
        (self.tell)(Event::Ahead(tasks.len() + 2));
        let known = match self.base()? {
            Ok(known) => known,
            Err(base) => return Ok(Variation::of(base, Vec::new(), None)),
        };
        let first = match self.wanted.bisect {
            true => self.all_at_once(&known, &tasks)?,
            false => None,
        };
        if let Some(together) = first.filter(Together::is_same) {
            let tested = self.without_building(&known, &tasks)?;
            return Ok(Variation::of(known.base, tested, Some(together)));
        }
        let tested = self.each(&known, &tasks)?;
        let together = self.rest(&known, &tasks, &tested)?;
        Ok(Variation::of(known.base, tested, together))
    }

    fn tasks(&self) -> Vec<Task> {
        let variants = |input: &&'static Input| {
            let input = *input;
            input.variants.iter().map(move |variant| (input, variant))
        };
        let task = |(input, variant): (&'static Input, &'static Variant)| Task {
            input,
            variant,
            change: (variant.change)(&self.bench.machine),
        };
        self.wanted
            .inputs
            .iter()
            .flat_map(variants)
            .map(task)
            .collect()
    }

    /// The base, twice; with a standing clock where it is time that makes both differ.
    fn base(&mut self) -> Result<Result<Known, Base>, Error> {
        let (first, again) = match self.twice("base")? {
            (Ended::Well(first), Ended::Well(again)) => (first, again),
            (Ended::Badly(status, said), _) | (_, Ended::Badly(status, said)) => {
                return Ok(Err(Base::failed(status, said)));
            }
        };
        let unstable = self.compare(&first, &again, &Change::default(), &BTreeSet::new())?;
        let has_clock = self.bench.machine.program("faketime").is_ok();
        if unstable.is_empty() || !has_clock {
            return Ok(Ok(Known::of(first, unstable, Vec::new())));
        }
        self.bench.clock = Some(Clock::Standing(STANDING));
        let (Ended::Well(standing), Ended::Well(standing_again)) =
            self.twice("base-with-standing-clock")?
        else {
            self.bench.clock = None;
            return Ok(Ok(Known::of(first, unstable, Vec::new())));
        };
        let left = self.compare(
            &standing,
            &standing_again,
            &Change::default(),
            &BTreeSet::new(),
        )?;
        let is_left =
            |difference: &Difference| left.iter().any(|other| other.output == difference.output);
        let (_, by_time): (Vec<_>, Vec<_>) = unstable.into_iter().partition(is_left);
        Ok(Ok(Known::of(standing, left, by_time)))
    }

    fn twice(&self, name: &str) -> Result<(Ended, Ended), Error> {
        let again = format!("{name}-again");
        let build = |name: &str| {
            let folder = self.bench.folder(name).join("kept");
            if let Some(outputs) = self.results.base(name, &folder) {
                (self.tell)(Event::Begins(name));
                (self.tell)(Event::Ends(name));
                return Ok(Ended::Well(outputs));
            }
            let ended = self.build(name, &Change::default())?;
            if let Ended::Well(outputs) = &ended {
                self.results.keep_base(name, outputs);
            }
            Ok(ended)
        };
        let began = Instant::now();
        let first = build(name)?;
        // One after the other, and never in the same second: that is what shows a time in them.
        std::thread::sleep(APART.saturating_sub(began.elapsed()));
        Ok((first, build(&again)?))
    }

    fn build(&self, name: &str, change: &Change) -> Result<Ended, Error> {
        (self.tell)(Event::Begins(name));
        let ended = self.bench.build(name, change);
        (self.tell)(Event::Ends(name));
        ended
    }

    fn compare(
        &self,
        base: &Outputs,
        other: &Outputs,
        change: &Change,
        left_out: &BTreeSet<String>,
    ) -> Result<Vec<Difference>, Error> {
        base.differences(other, left_out, &self.bench.traces(change))
            .map_err(Error::comparing)
    }

    /// Builds one variant, unless that was done before.
    fn one(&self, known: &Known, name: &str, change: &Change) -> Result<Finding, Error> {
        if let Some(finding) = self.results.finding(name, change) {
            (self.tell)(Event::Begins(name));
            (self.tell)(Event::Ends(name));
            return Ok(finding);
        }
        let name = name.replace('/', "-");
        let finding = match self.build(&name, change)? {
            Ended::Badly(status, said) => Finding::Fails { status, said },
            Ended::Well(outputs) => {
                let differences =
                    self.compare(&known.outputs, &outputs, change, &known.unstable)?;
                match differences.is_empty() {
                    true => Finding::Same,
                    false => Finding::Differs(differences),
                }
            }
        };
        if !self.wanted.keep || finding == Finding::Same {
            self.bench.forget(&name);
        }
        Ok(finding)
    }

    fn each(&self, known: &Known, tasks: &[Task]) -> Result<Vec<Tested>, Error> {
        let queue: Mutex<VecDeque<(usize, &Task)>> = Mutex::new(tasks.iter().enumerate().collect());
        let found = Mutex::new(BTreeMap::new());
        let next = || lock(&queue).pop_front();
        let work = || {
            while let Some((index, task)) = next() {
                let finding = self.tested(known, task);
                let failed = finding.is_err();
                lock(&found).insert(index, finding);
                if failed {
                    lock(&queue).clear();
                }
            }
        };
        let jobs = if self.bench.is_parallel() {
            self.wanted.jobs.max(1)
        } else {
            1
        };
        std::thread::scope(|scope| {
            for _ in 0..jobs {
                scope.spawn(work);
            }
        });
        let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.into_values().collect()
    }

    fn tested(&self, known: &Known, task: &Task) -> Result<Tested, Error> {
        let finding = match &task.change {
            Err(why) => self.not_varied(known, task, why),
            Ok(change) => {
                let name = task.name();
                let finding = self.one(known, &name, change)?;
                self.results.keep_finding(&name, change, &finding);
                known.with_time(task.input, finding)
            }
        };
        Ok(Tested {
            input: task.input,
            variant: task.variant.name,
            is_meant: self.is_meant(task.input),
            finding,
        })
    }

    /// What two builds at different times showed is known even where no clock can be set.
    fn not_varied(&self, known: &Known, task: &Task, why: &str) -> Finding {
        (self.tell)(Event::Begins(""));
        (self.tell)(Event::Ends(""));
        known.with_time(task.input, Finding::NotVaried(why.to_owned()))
    }

    fn is_meant(&self, input: &Input) -> Option<&'static str> {
        use super::input::Intent;
        match input.intent {
            Intent::Never => None,
            Intent::Always(why) => Some(why),
            Intent::WhereSet(name) => self
                .bench
                .machine
                .variable(name)
                .map(|_| "the environment sets it"),
        }
    }

    /// One variant of each input that no build should depend on, of those that are varied here.
    fn unwanted<'t>(&self, tasks: &'t [Task]) -> Vec<(&'t Task, &'t Change)> {
        let mut seen = BTreeSet::new();
        let unwanted = |task: &&Task| self.is_meant(task.input).is_none();
        let changes = tasks
            .iter()
            .filter(unwanted)
            .filter_map(|task| Some((task, task.change.as_ref().ok()?)));
        changes
            .filter(|(task, _)| seen.insert(task.input.name))
            .collect()
    }

    fn all_at_once(&self, known: &Known, tasks: &[Task]) -> Result<Option<Together>, Error> {
        let all = self.unwanted(tasks);
        self.together(known, &all)
    }

    /// All of these in one build.
    fn together(&self, known: &Known, all: &[(&Task, &Change)]) -> Result<Option<Together>, Error> {
        if all.len() < 2 {
            return Ok(None);
        }
        (self.tell)(Event::Ahead(1));
        let names = all.iter().map(|(task, _)| task.name()).collect();
        let finding = self.joined(known, all)?;
        Ok(Some(Together::of(names, finding)))
    }

    fn joined(&self, known: &Known, all: &[(&Task, &Change)]) -> Result<Finding, Error> {
        let change = all.iter().fold(Change::default(), |joined, (_, change)| {
            joined.and((*change).clone())
        });
        let finding = self.one(known, "together", &change)?;
        self.results.keep_finding("together", &change, &finding);
        Ok(finding)
    }

    /// What was neither built nor has to be, because all of it at once made no difference.
    fn without_building(&self, known: &Known, tasks: &[Task]) -> Result<Vec<Tested>, Error> {
        let covered: BTreeSet<String> = self
            .unwanted(tasks)
            .iter()
            .map(|(task, _)| task.name())
            .collect();
        let one = |task: &Task| match covered.contains(&task.name()) {
            false => self.tested(known, task),
            true => Ok(Tested {
                input: task.input,
                variant: task.variant.name,
                is_meant: None,
                finding: known.with_time(task.input, Finding::Same),
            }),
        };
        tasks.iter().map(one).collect()
    }

    /// All inputs that made no difference, at once; and where that makes one, the smallest set that does, if wanted.
    fn rest(
        &self,
        known: &Known,
        tasks: &[Task],
        tested: &[Tested],
    ) -> Result<Option<Together>, Error> {
        let is_same = |name: &str| {
            tested
                .iter()
                .filter(|t| t.input.name == name)
                .all(|t| t.finding == Finding::Same)
        };
        let unwanted = self.unwanted(tasks);
        let rest: Vec<_> = unwanted
            .into_iter()
            .filter(|(task, _)| is_same(task.input.name))
            .collect();
        let mut together = self.together(known, &rest)?;
        if let Some(together) = together
            .as_mut()
            .filter(|t| self.wanted.bisect && !t.differences.is_empty())
        {
            let smallest = smallest(&rest, MAX_SEARCH, &mut |part| {
                (self.tell)(Event::Ahead(1));
                Ok(matches!(self.joined(known, part)?, Finding::Differs(_)))
            })?;
            together.smallest = Some(smallest.iter().map(|(task, _)| task.name()).collect());
        }
        Ok(together)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Known {
    fn of(outputs: Outputs, unstable: Vec<Difference>, by_time: Vec<Difference>) -> Known {
        Known {
            unstable: unstable.iter().map(|d| d.output.clone()).collect(),
            base: Base::stands(&outputs, unstable, by_time),
            outputs,
        }
    }

    /// What was found, and for the time of the build what both base builds showed.
    fn with_time(&self, input: &Input, finding: Finding) -> Finding {
        let by_time = &self.base.by_time;
        if input.name != "time" || by_time.is_empty() {
            return finding;
        }
        let mut all = match finding {
            Finding::Differs(differences) => differences,
            _ => Vec::new(),
        };
        let is_new = |d: &&Difference| !all.iter().any(|other| other.output == d.output);
        let more: Vec<Difference> = by_time.iter().filter(is_new).cloned().collect();
        all.extend(more);
        Finding::Differs(all)
    }
}

/// The smallest part of `all` that `differs`, by delta debugging: halves, then what is left without a piece, then smaller pieces. After
/// `most` questions what is smallest so far.
///
/// # Errors
/// Those of `differs`.
pub fn smallest<T: Clone, E>(
    all: &[T],
    most: usize,
    differs: &mut dyn FnMut(&[T]) -> Result<bool, E>,
) -> Result<Vec<T>, E> {
    let mut left = all.to_vec();
    let mut pieces = 2;
    let mut asked = 0;
    while left.len() > 1 {
        let size = left.len().div_ceil(pieces);
        let parts: Vec<Vec<T>> = left.chunks(size).map(<[T]>::to_vec).collect();
        let without = |gone: usize| -> Vec<T> {
            let rest = parts.iter().enumerate().filter(|(index, _)| *index != gone);
            rest.flat_map(|(_, part)| part.clone()).collect()
        };
        // The rest of two halves is the other half.
        let rests = (0..parts.len()).filter(|_| parts.len() > 2).map(without);
        let mut smaller = None;
        for candidate in parts.iter().cloned().chain(rests) {
            asked += 1;
            if asked > most {
                return Ok(left);
            }
            if differs(&candidate)? {
                smaller = Some(candidate);
                break;
            }
        }
        match smaller {
            Some(smaller) => {
                pieces = if smaller.len() > size {
                    pieces.saturating_sub(1).max(2)
                } else {
                    2
                };
                left = smaller;
            }
            None if size == 1 => break,
            None => pieces = (pieces * 2).min(left.len()),
        }
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(needed: &[u32], of: u32) -> (Vec<u32>, usize) {
        let all: Vec<u32> = (0..of).collect();
        let mut asked = 0;
        let found = smallest(&all, 1000, &mut |part: &[u32]| {
            asked += 1;
            Ok::<bool, ()>(needed.iter().all(|n| part.contains(n)))
        });
        (found.unwrap(), asked)
    }

    #[test]
    fn the_smallest_set_is_found() {
        for needed in [
            &[0][..],
            &[7],
            &[3, 4],
            &[0, 19],
            &[1, 9, 17],
            &[0, 5, 10, 15],
        ] {
            let (smallest, asked) = found(needed, 20);
            assert_eq!(smallest, needed);
            assert!(asked < 120, "{needed:?}: {asked}");
        }
        assert_eq!(found(&[0], 1).0, [0]);
    }

    #[test]
    fn a_search_ends_where_it_has_to_with_what_differs() {
        let all: Vec<u32> = (0..20).collect();
        let mut asked = 0;
        let found = smallest(&all, 5, &mut |part: &[u32]| {
            asked += 1;
            Ok::<bool, ()>([2, 13].iter().all(|n| part.contains(n)))
        });
        let found = found.unwrap();
        assert!(
            asked <= 5 && found.contains(&2) && found.contains(&13),
            "{found:?}"
        );
    }
}

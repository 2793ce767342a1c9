//! `cargo xtask pairs [--fixed] [RULE]`: for each rule of the audit a program that fails it, and the same one after exactly the
//! printed fix was run; a program of which it says that it does not apply, or why there is none.
//!
//! Needs linux/amd64 with Go 1.26, binutils, gcc with a static C library, git, and, but for the fixed part, openssl,
//! osslsigncode, UPX and the module proxy for other toolchains. What it does not show: the rule on other programs.
//! Pairs that are not what a user would have are labelled synthetic, with the reason.

mod programs;
mod run;
mod table;

use crate::run::Outcome;
use goassay_audit::registry;
use run::Exception;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use table::{ABSENT, ALWAYS, Absent, Build, PAIRS, Pair};

/// Entry point of the task.
pub(crate) fn main(args: &[String]) -> Outcome {
    let asked = Asked::of(args)?;
    let work = asked.work();
    let mut faults = table::faults();
    let mut programs = 0;
    let mut exceptions: Vec<Exception> = Vec::new();
    for shown in each(&work, Work::show) {
        programs += shown.programs;
        exceptions.extend(shown.exceptions);
        for (rule, said) in shown.said {
            say(rule, said, &mut faults);
        }
    }
    for (rule, why) in ALWAYS.iter().filter(|(rule, _)| asked.has(rule)) {
        let said = match exceptions.iter().find(|exception| exception.rule == *rule) {
            Some(exception) => Err(exception.said.clone()),
            None => Ok(format!(
                "always applies: {why} (so for all {programs} programs)"
            )),
        };
        say(rule, said, &mut faults);
    }
    let pairs = work.iter().filter(|w| matches!(w, Work::Pair(_))).count();
    println!(
        "{pairs} pairs, {programs} programs, {} missing",
        faults.len()
    );
    match faults.as_slice() {
        [] => Ok(()),
        faults => Err(format!("not shown:\n  {}", faults.join("\n  "))),
    }
}

/// What of the table is wanted.
struct Asked<'a> {
    rule: Option<&'a str>,
    fixed: bool,
}

impl<'a> Asked<'a> {
    fn of(args: &'a [String]) -> Outcome<Asked<'a>> {
        let mut asked = Asked {
            rule: None,
            fixed: false,
        };
        for arg in args {
            match arg.as_str() {
                "--fixed" => asked.fixed = true,
                rule if registry::find(rule).is_some() => asked.rule = Some(rule),
                other => return Err(format!("there is no rule `{other}`")),
            }
        }
        Ok(asked)
    }

    fn has(&self, rule: &str) -> bool {
        self.rule.is_none_or(|only| only == rule)
    }

    fn wants(&self, build: &Build) -> bool {
        !(self.fixed && build.full)
    }

    fn work(&self) -> Vec<Work> {
        let pairs = PAIRS
            .iter()
            .filter(|pair| self.has(pair.rule) && self.wants(&pair.failing));
        let absent = ABSENT.iter().filter(|absent| self.wants(&absent.build));
        let absent = absent.filter_map(|absent| {
            let rules = absent.rules.iter().copied();
            let rules: Vec<&str> = rules.filter(|rule| self.has(rule)).collect();
            (!rules.is_empty()).then_some(Work::Absent(absent, rules))
        });
        pairs.map(Work::Pair).chain(absent).collect()
    }
}

/// One program with what is to be shown on it.
enum Work {
    Pair(&'static Pair),
    Absent(&'static Absent, Vec<&'static str>),
}

/// What was shown on it.
struct Shown {
    /// Rule, and what it says or why that is not as it should be.
    said: Vec<(&'static str, Outcome<String>)>,
    programs: usize,
    exceptions: Vec<Exception>,
}

impl Work {
    fn show(&self) -> Shown {
        let mut judged = run::Judged::default();
        let said = match self {
            Work::Pair(pair) => vec![(pair.rule, run::mended(pair, &mut judged))],
            Work::Absent(absent, rules) => run::not_applicable(&absent.build, rules, &mut judged),
        };
        Shown {
            said,
            programs: judged.programs,
            exceptions: judged.exceptions,
        }
    }
}

fn say(rule: &str, said: Outcome<String>, faults: &mut Vec<String>) {
    match said {
        Ok(said) => println!("{rule}: {said}"),
        Err(error) => {
            println!("{rule}: NOT SHOWN: {error}");
            faults.push(format!("{rule}: {error}"));
        }
    }
}

/// What `show` makes of each, in the order of `work`, with as many threads as there are processors.
pub(crate) fn each<W: Sync, R: Send>(work: &[W], show: impl Fn(&W) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done: Vec<Mutex<Option<R>>> = work.iter().map(|_| Mutex::new(None)).collect();
    let worker = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let (Some(item), Some(slot)) = (work.get(index), done.get(index)) else {
                break;
            };
            let result = show(item);
            eprintln!("[{}/{}]", index + 1, work.len());
            if let Ok(mut slot) = slot.lock() {
                *slot = Some(result);
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(worker);
        }
    });
    let results = done.into_iter();
    results
        .filter_map(|slot| slot.into_inner().ok().flatten())
        .collect()
}

//! What `goassay build` costs beside the `go build` of its own plan, with the same packages compiled already, and with none.
//!
//! By the clock and in processor time of all processes: machines that do other things as well make the clock say little. Runs take
//! turns. What belongs to the build and what is extra is told apart by runs that lack something: `--profile debug` has no second link and
//! no audit, `--no-audit` neither audit nor scan; and the second link of the plan is run alone.

use super::Bench;
use super::cost::{Cost, cost, median};
use super::plan::Planned;
use super::project::{COREDNS, GOVULNCHECK, Project};
use crate::run::{Context, Outcome};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs of each kind with everything compiled.
const WARM: usize = 7;
/// Runs of each kind with nothing compiled.
const COLD: usize = 3;
/// What is allowed: the larger of this part of the build and of these seconds.
const PART: f64 = 0.03;
const SECONDS: f64 = 0.5;

/// What is run, by its name.
type Kind<'a> = (&'static str, Box<dyn Fn() -> Outcome<Command> + 'a>);

impl Bench {
    /// Measures one large program with everything compiled, and a smaller one with nothing compiled.
    pub(super) fn overhead(&self) -> Outcome<String> {
        let folder = self.fresh("overhead")?;
        let mut said = Vec::new();
        let mut over = Vec::new();
        for (project, is_cold) in [
            (&COREDNS, false),
            (&GOVULNCHECK, false),
            (&GOVULNCHECK, true),
        ] {
            let compared = self.compared_costs(project, &folder, is_cold)?;
            if !compared.is_within {
                over.push(compared.name.clone());
            }
            said.push(compared.said);
        }
        std::fs::remove_dir_all(&folder).context(folder.display())?;
        let said = said.join("\n");
        match over.is_empty() {
            true => Ok(format!(
                "medians of {WARM} (warm) and {COLD} (cold) runs by turns; limit: the larger of 3 % and 0.5 s of processor time\n{said}"
            )),
            false => Err(format!("over the limit: {}\n{said}", over.join(", "))),
        }
    }

    fn compared_costs(&self, project: &Project, folder: &Path, is_cold: bool) -> Outcome<Compared> {
        let name = format!("{} {}", project.name, if is_cold { "cold" } else { "warm" });
        let source = folder.join(name.replace(' ', "-"));
        project.check_out(self, &source)?;
        let measured = Measured {
            bench: self,
            project,
            production: self.planned(project, &source, "production")?,
            debug: self.planned(project, &source, "debug")?,
            caches: Caches::new(folder.join("cache"), is_cold),
            folder,
            source,
        };
        let kinds = measured.kinds();
        let runs = if is_cold { COLD } else { WARM };
        let medians = turns(&kinds, runs, !is_cold)?;
        Ok(Compared::of(name, &medians))
    }

    fn planned(&self, project: &Project, source: &Path, profile: &str) -> Outcome<Planned> {
        let packages = project.runs[0].packages;
        let arguments = [&["--profile", profile, "-o", "../planned"], packages].concat();
        let mut plan = self.plan(source, &arguments)?;
        plan.pop().ok_or_else(|| "an empty plan".to_owned())
    }
}

/// Where compiled packages are.
struct Caches {
    folder: PathBuf,
    is_cold: bool,
    next: std::cell::Cell<usize>,
}

impl Caches {
    fn new(folder: PathBuf, is_cold: bool) -> Caches {
        Caches {
            folder,
            is_cold,
            next: 0.into(),
        }
    }

    /// The cache of the next run: none where the developer's is to be used.
    fn give(&self, command: &mut Command) -> Outcome {
        if self.is_cold {
            if self.folder.exists() {
                std::fs::remove_dir_all(&self.folder).context("cache")?;
            }
            self.next.set(self.next.get() + 1);
            command.env("GOCACHE", self.folder.join(self.next.get().to_string()));
        }
        Ok(())
    }
}

struct Measured<'a> {
    bench: &'a Bench,
    project: &'a Project,
    production: Planned,
    debug: Planned,
    caches: Caches,
    folder: &'a Path,
    source: PathBuf,
}

impl Measured<'_> {
    fn kinds(&self) -> Vec<Kind<'_>> {
        let plain = |plan: &Planned| {
            let mut command = plan.command(&plan.argv, &self.folder.join("plain"));
            self.caches.give(&mut command)?;
            Ok(command)
        };
        let mut kinds: Vec<Kind<'_>> = vec![
            ("go, debug", Box::new(move || plain(&self.debug))),
            (
                "goassay, debug",
                Box::new(|| self.goassay(&["--profile", "debug"])),
            ),
            ("go", Box::new(move || plain(&self.production))),
            ("goassay", Box::new(|| self.goassay(&[]))),
        ];
        if !self.caches.is_cold {
            kinds.push((
                "goassay --no-audit",
                Box::new(|| self.goassay(&["--no-audit"])),
            ));
            kinds.push((
                "second link",
                Box::new(|| {
                    let argv = self.production.argv_with_debug.as_ref();
                    let argv = argv.ok_or("the plan has no second link")?;
                    Ok(self.production.command(argv, &self.folder.join("plain")))
                }),
            ));
        }
        kinds
    }

    fn goassay(&self, more: &[&str]) -> Outcome<Command> {
        let mut command = self.bench.goassay(&self.source);
        command
            .args(["build", "--quiet", "--no-progress", "-o"])
            .arg(self.folder.join("out"))
            .args(more)
            .args(self.project.runs[0].packages);
        self.caches.give(&mut command)?;
        Ok(command)
    }
}

/// Runs all kinds by turns; the median of each, after one round that is not counted where things have to be warm.
fn turns(kinds: &[Kind<'_>], runs: usize, warm_up: bool) -> Outcome<Vec<(&'static str, Cost)>> {
    let mut costs: Vec<Vec<Cost>> = kinds.iter().map(|_| Vec::new()).collect();
    for run in 0..runs + usize::from(warm_up) {
        for ((_, command), costs) in kinds.iter().zip(&mut costs) {
            let cost = cost(&mut command()?)?;
            if run > 0 || !warm_up {
                costs.push(cost);
            }
        }
    }
    let names = kinds.iter().map(|(name, _)| *name);
    Ok(names.zip(costs.iter().map(|costs| median(costs))).collect())
}

/// What a comparison came to.
struct Compared {
    name: String,
    said: String,
    is_within: bool,
}

impl Compared {
    fn of(name: String, medians: &[(&'static str, Cost)]) -> Compared {
        let of = |name: &str| {
            medians
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, cost)| *cost)
        };
        let list = medians.iter().map(|(name, cost)| {
            format!(
                "{name} {:.2} s ({:.2} s by the clock)",
                cost.processor, cost.wall
            )
        });
        let mut said = format!("    {name}: {}", list.collect::<Vec<_>>().join(", "));
        let mut is_within = true;
        for (what, plain, ours) in [
            ("without companion and audit", "go, debug", "goassay, debug"),
            ("with all", "go", "goassay"),
        ] {
            let (Some(plain), Some(ours)) = (of(plain), of(ours)) else {
                continue;
            };
            let more = ours.processor - plain.processor;
            let limit = (plain.processor * PART).max(SECONDS);
            said += &format!(
                "; {what}: {more:+.2} s, a ratio of {:.3} ({:+.2} s by the clock)",
                ours.processor / plain.processor,
                ours.wall - plain.wall
            );
            is_within &= what == "with all" || more <= limit;
        }
        if let (Some(all), Some(no_audit), Some(link)) =
            (of("goassay"), of("goassay --no-audit"), of("second link"))
        {
            said += &format!(
                "; of that the second link {:.2} s, audit and scan {:.2} s",
                link.processor,
                all.processor - no_audit.processor
            );
        }
        Compared {
            name,
            said,
            is_within,
        }
    }
}

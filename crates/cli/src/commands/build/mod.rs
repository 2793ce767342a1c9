//! `goassay build`: ask what there is, plan, print the plan or run it, publish what came out.
//!
//! What exit code 0 means: every file was built by the plan, says of itself what was planned, and is listed in SHA256SUMS. It
//! does not mean that somebody else gets the same; the record is there so that they can try.

mod judge;
mod made;
mod old_go;
mod packages;
mod replay;
mod settings;

use super::toolchain::verify::key;
use crate::args;
use crate::config::Config;
use crate::environment::{self, Environment};
use crate::failure::{EXIT_OK, Failure, Kind};
use crate::output::{self, Terminal};
use crate::{documents, interrupt};
use goassay_audit::policy::Profile;
use goassay_build::plan::{self, Listing, Plan, Refusal, Target, Wanted};
use goassay_build::produce::{self, Event, Product, Staging};
use goassay_build::project::{Asked, Asker, Project};
use goassay_build::signing::Key;
use goassay_report::build::{PlanFormat, render_plan};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use judge::Judge;
use made::Making;
use packages::Packaging;
use replay::Replay;
use settings::Settings;
use std::path::{Component, Path, PathBuf};

pub(crate) fn run(
    args: &args::build::Build,
    common: &args::Common,
    env: &Environment,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    interrupt::install();
    let config = crate::settings::configuration(common.config.as_deref())?;
    let here = here()?;
    let replay = args.from_record.as_deref().map(Replay::read).transpose()?;
    let asked = Settings::of(args, &config.build, replay.as_ref())?;
    let key = args.key.as_deref().map(key).transpose()?;
    let output = settled(&here.join(asked.output));
    let go = asked.go_command(env)?;
    let variables = asked.variables_of(env);
    let asker = Asker {
        go: &go,
        folder: &here,
        environment: &variables,
    };
    let project = asker.project(&output).map_err(|error| unanswered(&error))?;
    old_go::warn(&project, &config, env, terminal)?;
    if let Some(replay) = &replay {
        replay.check_project(&project, terminal)?;
    }
    let wanted = Wanted {
        profile: &asked.profile,
        release: args.release,
        allow_dirty: args.allow_dirty,
        output: &output,
        tags: asked.tags,
        variables: asked.variables,
    };
    let plan = planned(&asker, &project, &asked, &wanted)?;
    if let Some(replay) = &replay {
        replay.check_plan(&plan, terminal)?;
    }
    let time = source_time(env, &project)?;
    let packaging = Packaging::new(&args.package, &config.build, time)?;
    packaging.refuse(&plan, &asked.profile)?;
    if args.plan {
        return print(&plan, args.format);
    }
    let building = Building {
        args,
        config: &config,
        env,
        terminal,
        asked: &asked,
        project: &project,
        plan: &plan,
        replay: replay.as_ref(),
        key: key.as_ref(),
        time,
        packaging: &packaging,
    };
    let names = match building.all(&output)? {
        Ok(names) => names,
        Err(code) => return Ok(code),
    };
    for name in names {
        let path = output.join(name);
        let path = path.strip_prefix(&here).unwrap_or(&path);
        terminal.say(&format!("built {}", path.display()));
    }
    Ok(EXIT_OK)
}

fn print(plan: &Plan, format: PlanFormat) -> Result<u8, Failure> {
    let mut text = Vec::new();
    let rendered = render_plan(plan, &super::tool(), format, &mut text);
    rendered.map_err(|error| Failure::output("the plan", &error))?;
    documents::quietly(output::to_stdout(&text))?;
    Ok(EXIT_OK)
}

/// A plan that is run, and what its outcome is judged by.
struct Building<'a> {
    args: &'a args::build::Build,
    config: &'a Config,
    env: &'a Environment,
    terminal: &'a Terminal,
    asked: &'a Settings<'a>,
    project: &'a Project,
    plan: &'a Plan,
    replay: Option<&'a Replay>,
    key: Option<&'a Key>,
    /// The time of the source.
    time: Option<Timestamp>,
    packaging: &'a Packaging<'a>,
}

impl Building<'_> {
    /// Builds, judges and publishes; gives the names of programs and packages, or the exit code where nothing may be published.
    fn all(&self, output: &Path) -> Result<Result<Vec<String>, u8>, Failure> {
        let terminal = self.terminal;
        self.plan.notes.iter().for_each(|note| terminal.warn(note));
        let staging = Staging::new(output).map_err(|error| unbuilt(&error))?;
        let products = produce::produce(self.plan, &staging, &mut |event| tell(event, terminal));
        let products = products.map_err(|error| unbuilt(&error))?;
        if let Some(replay) = self.replay
            && !replay.came_out(&products, terminal)
        {
            return Ok(Err(EXIT_DIFFERS));
        }
        let judged = match self.judge().map(|judge| judge.all(&products, terminal)) {
            Some(judged) => match judged? {
                Ok(documents) => documents,
                Err(code) => return Ok(Err(code)),
            },
            None => Vec::new(),
        };
        if self.args.prove && !proven(self.plan, self.project, &products, terminal)? {
            return Ok(Err(EXIT_DIFFERS));
        }
        let made = self.making(&staging).beside(&products, judged)?;
        if let Some(replay) = self.replay {
            replay.compare_documents(&made, terminal);
        }
        let names: Vec<String> = made.into_iter().map(|made| made.name).collect();
        staging.publish(&names).map_err(|error| unbuilt(&error))?;
        let programs = products.into_iter().map(|product| product.name);
        let packages = names.into_iter().filter(|name| packages::is_one(name));
        Ok(Ok(programs.chain(packages).collect()))
    }

    /// Who judges what is built; nobody where that is not wanted, or where no audit is of that name (debug).
    fn judge(&self) -> Option<Judge<'_>> {
        let profile =
            Profile::from_name(self.asked.profile.name).filter(|_| !self.args.no_audit)?;
        let day = |time: Timestamp| time.to_zoned(TimeZone::UTC).date();
        Some(Judge {
            config: self.config,
            env: self.env,
            profile,
            today: environment::today(),
            source: self.time.map_or_else(environment::today, day),
        })
    }

    fn making<'s>(&'s self, staging: &'s Staging) -> Making<'s> {
        Making {
            plan: self.plan,
            project: self.project,
            profile: self.asked.profile.name,
            staging,
            sboms: &self.asked.sboms,
            key: self.key,
            time: self.time.map(|time| time.to_string()),
            packaging: self.packaging,
        }
    }
}

/// The path without `.`, `..` and links, as far as it exists: git compares paths by their text.
fn settled(path: &Path) -> PathBuf {
    let mut settled = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                settled.pop();
            }
            Component::CurDir => {}
            other => settled.push(other),
        }
        if let Ok(real) = std::fs::canonicalize(&settled) {
            settled = real;
        }
    }
    settled
}

/// Exit code where a second build gives another program.
const EXIT_DIFFERS: u8 = 1;

/// Builds again, and says what came of it.
fn proven(
    plan: &Plan,
    project: &Project,
    products: &[Product],
    terminal: &Terminal,
) -> Result<bool, Failure> {
    let proof = produce::prove(plan, project, products, &mut |event| tell(event, terminal));
    let proof = proof.map_err(|error| unbuilt(&error))?;
    for (name, lines) in &proof.differing {
        let failure = Failure::input(format!(
            "{name} is another program the second time, and nothing was published"
        ));
        terminal.complain(
            &lines
                .iter()
                .fold(failure, |failure, line| failure.cause(line.clone())),
        );
    }
    let came_out = if proof.differing.is_empty() {
        "identical"
    } else {
        "different"
    };
    terminal.say(&format!(
        "{came_out} the second time, with another {}; the same: {}",
        proof.varied.join(", "),
        proof.not_varied.join(", ")
    ));
    Ok(proof.differing.is_empty())
}

/// The time that documents are made for: SOURCE_DATE_EPOCH, or the commit's; none without either.
fn source_time(env: &Environment, project: &Project) -> Result<Option<Timestamp>, Failure> {
    let set = env.source_date()?;
    let commit = project.checkout.as_ref();
    let of_commit = || Timestamp::from_second(commit?.time).ok();
    Ok(set.or_else(of_commit))
}

pub(super) fn here() -> Result<PathBuf, Failure> {
    let upward = environment::upward().map_err(|error| {
        Failure::usage("cannot find the current directory")
            .because(&error)
            .hint("change to a directory that exists")
    })?;
    Ok(upward.into_iter().next().unwrap_or_default())
}

fn planned(
    asker: &Asker<'_>,
    project: &Project,
    settings: &Settings<'_>,
    wanted: &Wanted<'_>,
) -> Result<Plan, Failure> {
    let here = [".".to_owned()];
    let tags = wanted.all_tags();
    let asked = Asked {
        packages: if settings.packages.is_empty() {
            &here
        } else {
            settings.packages
        },
        tags: &tags,
    };
    let own;
    let targets = if settings.targets.is_empty() {
        own = [target_of(project)?];
        &own[..]
    } else {
        settings.targets
    };
    // Without a module there is nothing to list, and the plan says so better than the go command.
    let listing = |target: &Target| match project.is_in_module() {
        true => asker
            .listing(project, target, &asked)
            .map_err(|error| unanswered(&error)),
        false => Ok(Listing {
            target: target.clone(),
            packages: Vec::new(),
            compiler: None,
        }),
    };
    let with_compiler = |target: &Target| {
        let mut listing = listing(target)?;
        if listing.asks_for_a_compiler(wanted.profile) {
            let named = settings
                .compilers
                .get(&target.platform.to_string())
                .map(String::as_str);
            let found = asker.compiler(project, target, named);
            listing.compiler = found.map_err(|error| unanswered(&error))?;
        }
        Ok(listing)
    };
    let listings: Vec<Listing> = targets
        .iter()
        .map(with_compiler)
        .collect::<Result<_, _>>()?;
    plan::plan(project, &listings, wanted).map_err(|refusals| refused(&refusals))
}

/// What the go command builds for unless told otherwise.
fn target_of(project: &Project) -> Result<Target, Failure> {
    let setting = |name: &str| project.settings.get(name).map_or("", String::as_str);
    let text = format!("{}/{}", setting("GOOS"), setting("GOARCH"));
    Target::parse(&text)
        .map_err(|why| Failure::usage(format!("cannot build for {text}")).cause(why))
}

fn refused(refusals: &[Refusal]) -> Failure {
    match refusals {
        [only] => Failure::usage("not built")
            .cause(only.what.clone())
            .hint(only.remedy),
        more => {
            let failure = Failure::usage(format!("not built, for {} reasons", more.len()));
            let causes = more
                .iter()
                .map(|refusal| format!("{}; {}", refusal.what, refusal.remedy));
            causes.fold(failure, Failure::cause)
        }
    }
}

fn unanswered(error: &goassay_build::project::Error) -> Failure {
    let failure = Failure::input("cannot find out what there is to build");
    // Git and the go command explain themselves in several lines.
    let text = error.to_string();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::to_owned).fold(failure, Failure::cause)
}

fn unbuilt(error: &produce::Error) -> Failure {
    match error {
        produce::Error::Failed { .. } => Failure::input(error.to_string()),
        produce::Error::File(path, error) => Failure::file(Kind::Output, "write", path, error)
            .hint("make room, or choose another folder with -o"),
        produce::Error::Otherwise { name, why } => {
            let failure = Failure::input(format!(
                "{name} is not what was planned, and was not published"
            ));
            why.iter()
                .fold(failure, |failure, why| failure.cause(why.clone()))
        }
        produce::Error::NoCompanion { .. } | produce::Error::Run(_) => {
            Failure::input("cannot build").because(error)
        }
    }
}

fn tell(event: Event<'_>, terminal: &Terminal) {
    match event {
        Event::Building(build) => {
            terminal.say(&format!("building {} for {}", build.package, build.target))
        }
        Event::Debug(build) => {
            terminal.say(&format!(
                "linking {} for {} with debug information",
                build.package, build.target
            ));
        }
        Event::Proving(build) => {
            terminal.say(&format!(
                "building {} for {} again",
                build.package, build.target
            ));
        }
        Event::Said(line) => terminal.pass_on(line),
    }
}

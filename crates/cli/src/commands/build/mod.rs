//! `goassay build`: ask what there is, plan, print the plan or run it, publish what came out.
//!
//! What exit code 0 means: every file was built by the plan, says of itself what was planned, and is listed in SHA256SUMS. It
//! does not mean that somebody else gets the same; the record is there so that they can try.

mod judge;
mod made;
mod packages;

use super::toolchain::verify::key;
use crate::args;
use crate::environment::{self, Environment};
use crate::failure::{EXIT_OK, Failure, Kind};
use crate::output::{self, Terminal};
use crate::{config, documents, interrupt, settings};
use goassay_audit::policy::Profile;
use goassay_build::plan::{self, Listing, Plan, Refusal, Target, Wanted};
use goassay_build::produce::{self, Event, Product, Staging};
use goassay_build::profile;
use goassay_build::project::{Asked, Asker, Project, go_program};
use goassay_build::toolchain::{Name, Platform, Version};
use goassay_report::build::render_plan;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use judge::Judge;
use made::Making;
use packages::Packaging;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

pub(crate) fn run(
    args: &args::build::Build,
    common: &args::Common,
    env: &Environment,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    interrupt::install();
    let config = settings::configuration(common.config.as_deref())?;
    let here = here()?;
    let asked = Settings::of(args, &config.build);
    let key = args.key.as_deref().map(key).transpose()?;
    let output = settled(&here.join(asked.output));
    let go = go_command(asked.go, env)?;
    let variables = variables(asked.go.is_some(), env);
    let asker = Asker {
        go: &go,
        folder: &here,
        environment: &variables,
    };
    let project = asker.project(&output).map_err(|error| unanswered(&error))?;
    let wanted = Wanted {
        profile: &asked.profile,
        release: args.release,
        allow_dirty: args.allow_dirty,
        output: &output,
        tags: &config.build.tags,
        variables: &config.build.variables,
    };
    let plan = planned(&asker, &project, &asked, &wanted)?;
    let time = source_time(env, &project)?;
    let packaging = Packaging::new(&args.package, &config.build, time)?;
    packaging.refuse(&plan, &asked.profile)?;
    if args.plan {
        let mut text = Vec::new();
        let rendered = render_plan(&plan, &super::tool(), args.format, &mut text);
        rendered.map_err(|error| Failure::output("the plan", &error))?;
        documents::quietly(output::to_stdout(&text))?;
        return Ok(EXIT_OK);
    }
    plan.notes.iter().for_each(|note| terminal.warn(note));
    let staging = Staging::new(&output).map_err(|error| unbuilt(&error))?;
    let products = produce::produce(&plan, &staging, &mut |event| tell(event, terminal));
    let products = products.map_err(|error| unbuilt(&error))?;
    let day = |time: Timestamp| time.to_zoned(TimeZone::UTC).date();
    let judged = match audit_profile(asked.profile.name).filter(|_| !args.no_audit) {
        Some(profile) => {
            let judge = Judge {
                config: &config,
                env,
                profile,
                today: environment::today(),
                source: time.map_or_else(environment::today, day),
            };
            match judge.all(&products, terminal)? {
                Ok(documents) => documents,
                Err(code) => return Ok(code),
            }
        }
        None => Vec::new(),
    };
    if args.prove && !proven(&plan, &project, &products, terminal)? {
        return Ok(EXIT_DIFFERS);
    }
    let making = Making {
        plan: &plan,
        project: &project,
        profile: asked.profile.name,
        staging: &staging,
        key: key.as_ref(),
        time: time.map(|time| time.to_string()),
        packaging: &packaging,
    };
    let names = making.beside(&products, judged)?;
    staging.publish(&names).map_err(|error| unbuilt(&error))?;
    let packages = names.iter().filter(|name| packages::is_one(name));
    for name in products.iter().map(|product| &product.name).chain(packages) {
        let path = output.join(name);
        terminal.say(&format!(
            "built {}",
            path.strip_prefix(&here).unwrap_or(&path).display()
        ));
    }
    Ok(EXIT_OK)
}

/// What the command line says, and the configuration file where it says nothing.
struct Settings<'a> {
    profile: profile::Profile,
    targets: &'a [Target],
    packages: &'a [String],
    output: &'a Path,
    go: Option<&'a Version>,
    compilers: &'a BTreeMap<String, String>,
}

impl<'a> Settings<'a> {
    fn of(args: &'a args::build::Build, config: &'a config::Build) -> Settings<'a> {
        let output = args.output.as_deref().or(config.output.as_deref());
        Settings {
            profile: args
                .profile
                .or(config.profile)
                .unwrap_or(profile::Profile::ALL[0]),
            targets: if args.target.is_empty() {
                &config.targets
            } else {
                &args.target
            },
            packages: if args.packages.is_empty() {
                &config.packages
            } else {
                &args.packages
            },
            output: output.unwrap_or(Path::new("dist")),
            go: args.go.as_ref().or(config.go.as_ref()),
            compilers: &config.compilers,
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

/// What the programs are audited as; debug programs are not.
fn audit_profile(name: &str) -> Option<Profile> {
    match name {
        "production" => Some(Profile::Production),
        "static-container" => Some(Profile::StaticContainer),
        _ => None,
    }
}

/// The time that documents are made for: SOURCE_DATE_EPOCH, or the commit's; none without either.
fn source_time(env: &Environment, project: &Project) -> Result<Option<Timestamp>, Failure> {
    let set = env.source_date()?;
    let commit = project.checkout.as_ref();
    let of_commit = || Timestamp::from_second(commit?.time).ok();
    Ok(set.or_else(of_commit))
}

fn here() -> Result<PathBuf, Failure> {
    let upward = environment::upward().map_err(|error| {
        Failure::usage("cannot find the current directory")
            .because(&error)
            .hint("change to a directory that exists")
    })?;
    Ok(upward.into_iter().next().unwrap_or_default())
}

/// The go command that is asked first; it may change to another version, as the project says.
fn go_command(version: Option<&Version>, env: &Environment) -> Result<PathBuf, Failure> {
    let Some(version) = version else {
        return env.goroot().map(|goroot| go_program(&goroot)).ok_or_else(|| {
            Failure::usage("there is no Go to build with: GOROOT is not set, and no `go` is in PATH").hint(
                "get one, verified: `goassay toolchain fetch 1.26.8`, then `goassay build --go 1.26.8`",
            )
        });
    };
    let name = Name {
        version: version.clone(),
        platform: Platform::host(),
    };
    let found = super::toolchain::store(env)?.find(&name);
    found
        .map(|installed| go_program(&installed.goroot))
        .ok_or_else(|| {
            Failure::usage(format!("{name} is not in the store")).hint(format!(
                "`goassay toolchain fetch {}` gets it",
                version.as_str()
            ))
        })
}

/// What the go command is asked with. A version that was named is not left for another, and no other GOROOT is its own.
fn variables(is_named: bool, env: &Environment) -> Vec<(OsString, OsString)> {
    let mut variables = env.variables();
    variables.retain(|(name, _)| name != "GOROOT" && !(is_named && name == "GOTOOLCHAIN"));
    if is_named {
        variables.push(("GOTOOLCHAIN".into(), "local".into()));
    }
    variables
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
    Failure::input("cannot find out what there is to build").because(error)
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

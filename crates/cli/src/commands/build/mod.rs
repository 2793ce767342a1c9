//! `goassay build`: ask what there is, plan, print the plan or run it, publish what came out.
//!
//! What exit code 0 means: every file was built by the plan, says of itself what was planned, and is listed in SHA256SUMS. It
//! does not mean that somebody else gets the same; the record is there so that they can try.

mod made;

use crate::args;
use crate::environment::{self, Environment};
use crate::failure::{EXIT_OK, Failure, Kind};
use crate::output::{self, Terminal};
use crate::{documents, interrupt};
use goassay_build::plan::{self, Listing, Plan, Refusal, Target, Wanted};
use goassay_build::produce::{self, Event, Staging};
use goassay_build::project::{Asked, Asker, Project};
use goassay_build::toolchain::{Name, Platform, Version};
use goassay_report::build::render_plan;
use std::path::PathBuf;

pub(crate) fn run(
    args: &args::build::Build,
    env: &Environment,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    interrupt::install();
    let here = here()?;
    let output = here.join(&args.output);
    let go = go_command(args.go.as_ref(), env)?;
    let variables = env.variables();
    let asker = Asker {
        go: &go,
        folder: &here,
        environment: &variables,
    };
    let project = asker.project(&output).map_err(|error| unanswered(&error))?;
    let wanted = Wanted {
        profile: &args.profile,
        release: args.release,
        allow_dirty: args.allow_dirty,
        output: &output,
    };
    let plan = planned(&asker, &project, args, &wanted)?;
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
    let names = made::beside(&plan, &project, args.profile.name, &products, &staging)?;
    staging.publish(&names).map_err(|error| unbuilt(&error))?;
    for product in &products {
        let path = output.join(&product.name);
        terminal.say(&format!(
            "built {}",
            path.strip_prefix(&here).unwrap_or(&path).display()
        ));
    }
    Ok(EXIT_OK)
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
    let program = |goroot: PathBuf| {
        goroot
            .join("bin")
            .join(if cfg!(windows) { "go.exe" } else { "go" })
    };
    let Some(version) = version else {
        return env.goroot().map(program).ok_or_else(|| {
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
        .map(|installed| program(installed.goroot))
        .ok_or_else(|| {
            Failure::usage(format!("{name} is not in the store")).hint(format!(
                "`goassay toolchain fetch {}` gets it",
                version.as_str()
            ))
        })
}

fn planned(
    asker: &Asker<'_>,
    project: &Project,
    args: &args::build::Build,
    wanted: &Wanted<'_>,
) -> Result<Plan, Failure> {
    let here = [".".to_owned()];
    let asked = Asked {
        packages: if args.packages.is_empty() {
            &here
        } else {
            &args.packages
        },
        tags: wanted.profile.tags,
    };
    let own;
    let targets = if args.target.is_empty() {
        own = [target_of(project)?];
        &own[..]
    } else {
        &args.target
    };
    // Without a module there is nothing to list, and the plan says so better than the go command.
    let listing = |target: &Target| match project.is_in_module() {
        true => asker
            .listing(project, target, &asked)
            .map_err(|error| unanswered(&error)),
        false => Ok(Listing {
            target: target.clone(),
            packages: Vec::new(),
        }),
    };
    let listings: Vec<Listing> = targets.iter().map(listing).collect::<Result<_, _>>()?;
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
    let failure = Failure::usage(match refusals {
        [_] => "not built".to_owned(),
        more => format!("not built, for {} reasons", more.len()),
    });
    let told = refusals.iter().fold(failure, |failure, refusal| {
        failure.cause(refusal.what.clone())
    });
    let remedies: Vec<&str> = refusals.iter().map(|refusal| refusal.remedy).collect();
    told.hint(remedies.join("; "))
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
        produce::Error::Run(_) => Failure::input("cannot build").because(error),
    }
}

fn tell(event: Event<'_>, terminal: &Terminal) {
    match event {
        Event::Building(build) => {
            terminal.say(&format!("building {} for {}", build.package, build.target))
        }
        Event::Said(line) => terminal.pass_on(line),
    }
}

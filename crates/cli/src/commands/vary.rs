//! `goassay vary`: which tree and command, progress, words around `goassay_build::vary`.

use super::tool;
use crate::args::Common;
use crate::args::vary::{self as typed, Builder};
use crate::documents;
use crate::environment::Environment;
use crate::failure::{EXIT_OK, Failure, Kind};
use crate::interrupt;
use crate::output::{self, Terminal};
use crate::progress::Progress;
use goassay_build::vary::{
    Bench, Event, Hunt, INPUTS, Input, Machine, OUTPUT, Project, Results, Tree, Wanted,
};
use goassay_report::variation::{Format, Report, render};
use sha2::{Digest, Sha256};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

pub(crate) fn run(
    args: &typed::Vary,
    common: &Common,
    env: &Environment,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    if args.list {
        return list();
    }
    interrupt::install();
    // A configuration file that cannot be read is said, though nothing of it matters here.
    crate::settings::configuration(common.config.as_deref())?;
    let outputs = documents::resolve(&args.documents)?;
    let wanted = wanted(args);
    let bench = bench(args, &wanted, env)?;
    let (command, go) = (
        shown(args),
        bench.machine.go.as_ref().map(|go| go.version.clone()),
    );
    let results = Results::of(&bench, args.again)
        .map_err(|error| Failure::file(Kind::Output, "keep results in", &bench.work, &error))?;
    let work = bench.work.clone();
    let bar = Bar::new(terminal);
    let hunt = Hunt {
        bench,
        wanted: &wanted,
        results: &results,
        tell: &|event| bar.tell(event),
    };
    let variation = hunt
        .run()
        .map_err(|error| Failure::new(Kind::Output, "a build could not be tried").because(&error));
    drop(bar);
    let report = Report {
        tool: tool(),
        command,
        go,
        was_asked: !args.only.is_empty(),
        variation: variation?,
    };
    documents::write(&outputs, terminal, |format, style, out| {
        render(&report, format, terminal.width, style, out)
    })?;
    if args.keep {
        terminal.say(&format!(
            "what was built is in {}",
            work.join("builds").display()
        ));
    }
    if !documents::text_on_stdout(&outputs, Format::Text) {
        terminal.say(&format!("verdict: {}", report.verdict().name()));
    }
    Ok(report.exit_code())
}

fn list() -> Result<u8, Failure> {
    let line = |input: &Input| {
        let variants: Vec<&str> = input
            .variants
            .iter()
            .map(|variant| variant.name)
            .filter(|name| !name.is_empty())
            .collect();
        let ways = if variants.is_empty() {
            String::new()
        } else {
            format!(" ({})", variants.join(", "))
        };
        format!("{:<18} {}{ways}\n", input.name, input.what)
    };
    let text: String = INPUTS.iter().map(line).collect();
    documents::quietly(output::to_stdout(text.as_bytes()))?;
    Ok(EXIT_OK)
}

fn wanted(args: &typed::Vary) -> Wanted {
    let is_wanted = |input: &&Input| {
        (args.only.is_empty() || args.only.contains(input)) && !args.skip.contains(input)
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let inputs: Vec<&'static Input> = INPUTS.iter().collect();
    Wanted {
        inputs: inputs.into_iter().filter(is_wanted).collect(),
        bisect: args.bisect,
        jobs: args.jobs.map_or(processors.div_ceil(2), usize::from),
        keep: args.keep,
    }
}

fn bench(args: &typed::Vary, wanted: &Wanted, env: &Environment) -> Result<Bench, Failure> {
    let here = super::build::here()?;
    let here = here
        .canonicalize()
        .map_err(|error| Failure::file(Kind::Input, "find", &here, &error))?;
    let root = root(&here);
    let tree = Tree::of(&root, args.with_ignored);
    let tree = tree.map_err(|error| Failure::file(Kind::Input, "copy", &root, &error))?;
    let work = work(args, env, &root)?;
    let mut machine = Machine::of(env.variables().into_iter().collect(), &here);
    machine.has_repository = tree.has_repository();
    machine.tree_bytes = tree.bytes();
    let project = Project {
        below: here.strip_prefix(&root).unwrap_or(Path::new("")).to_owned(),
        argv: argv(args, env)?,
        outputs: args.result.clone(),
        tree,
    };
    let bench = Bench::new(project, machine, &work).map_err(|error| {
        Failure::new(Kind::Output, "there is no place to build in")
            .because(&error)
            .hint("name a folder outside the tree: --work DIR")
    });
    let mut bench = bench?;
    bench.shared_cache = args.warm;
    if wanted.inputs.iter().any(|input| input.name == "locale") {
        let folder = bench.work.join("locale");
        bench.machine.make_locale(&folder);
    }
    Ok(bench)
}

/// The top of the tree that a build may look at: of the checkout, of the workspace, of the module.
fn root(here: &Path) -> PathBuf {
    let with = |name: &str| here.ancestors().find(|folder| folder.join(name).exists());
    let found = [".git", "go.work", "go.mod"]
        .iter()
        .find_map(|name| with(name));
    found.unwrap_or(here).to_owned()
}

fn work(args: &typed::Vary, env: &Environment, root: &Path) -> Result<PathBuf, Failure> {
    if let Some(work) = &args.work {
        return Ok(work.clone());
    }
    let cache = env.cache_dir().ok_or_else(|| {
        Failure::usage("there is no place to build in: no home directory is known")
            .hint("--work DIR, or set HOME")
    })?;
    let key = Sha256::digest(format!("{} {}", root.display(), shown(args)));
    let name: String = key
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(cache.join("vary").join(name))
}

fn packages(args: &typed::Vary) -> Vec<String> {
    match args.packages.is_empty() {
        true => vec![".".to_owned()],
        false => args.packages.clone(),
    }
}

fn argv(args: &typed::Vary, env: &Environment) -> Result<Vec<OsString>, Failure> {
    let mut argv: Vec<OsString> = match (&args.command, args.with) {
        (Some(command), _) => return Ok(["/bin/sh", "-c", command].map(OsString::from).to_vec()),
        (None, Builder::Go) => ["go", "build", "-o", OUTPUT].map(OsString::from).to_vec(),
        (None, Builder::Goassay) => {
            let own = env.own_program()?.into();
            let words = ["build", "--no-audit", "-o", OUTPUT].map(OsString::from);
            std::iter::once(own).chain(words).collect()
        }
    };
    argv.extend(packages(args).into_iter().map(OsString::from));
    Ok(argv)
}

/// The command, as the user would write it.
fn shown(args: &typed::Vary) -> String {
    match (&args.command, args.with) {
        (Some(command), _) => command.clone(),
        (None, Builder::Go) => format!("go build {}", packages(args).join(" ")),
        (None, Builder::Goassay) => format!("goassay build {}", packages(args).join(" ")),
    }
}

/// The progress of builds that run at the same time.
struct Bar {
    bar: Progress,
    running: Mutex<Vec<String>>,
}

impl Bar {
    fn new(terminal: &Terminal) -> Bar {
        Bar {
            bar: Progress::work(terminal, 0),
            running: Mutex::default(),
        }
    }

    fn tell(&self, event: Event<'_>) {
        let mut running = self
            .running
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        match event {
            Event::Ahead(builds) => self.bar.ahead(builds as u64),
            Event::Begins(name) => running.push(name.to_owned()),
            Event::Ends(name) => {
                if let Some(at) = running.iter().position(|other| other == name) {
                    running.remove(at);
                }
                self.bar.step();
            }
        }
        self.bar.tell(format!("building: {}", running.join(", ")));
    }
}

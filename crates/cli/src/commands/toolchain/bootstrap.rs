//! `goassay toolchain bootstrap --diverse`: settings, chains and words around `goassay_build::diverse`.

use super::verify::{Clock, Talk, Took, failure, read_links};
use super::{Fetching, Places, Waiting, certificates};
use crate::args::toolchain::{self as typed, StartArg};
use crate::commands::tool;
use crate::config::Config;
use crate::documents;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::go_settings::GoSettings;
use crate::net::Modules;
use crate::output::Terminal;
use goassay_build::diverse::{self, Chain, NotHere, Planner, Request, Session};
use goassay_build::rebuild::chain;
use goassay_build::toolchain::{Fetcher, Platform};
use goassay_report::diverse::{Format, Report};
use goassay_report::document;
use std::path::Path;

/// Where the system is.
const SYSTEM: &str = "/";

pub(super) fn run(
    args: &typed::Bootstrap,
    config: &Config,
    settings: &GoSettings<'_>,
    places: Places,
    env: &Environment,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    let outputs = documents::resolve(&args.documents)?;
    if let Some(ignored) = settings.ignored() {
        terminal.warn(ignored);
    }
    let waiting = Waiting::new(terminal);
    let observer = |done, total| waiting.bytes(done, total);
    let net = Modules::new(env, certificates(&args.trust, config, env), &observer);
    let folder = args.work.clone();
    let request = Request {
        version: args.version.clone(),
        host: Platform::host(),
        folder: folder.unwrap_or_else(|| places.cache.join("bootstrap")),
        keep: args.keep,
    };
    let fetching = Fetching::new(settings, net, places, &waiting)?;
    let report = fetching.with(|fetcher| {
        let (chains, not_here) = chains(args, &request, fetcher)?;
        waiting.clear();
        build(
            args, &request, fetcher, chains, not_here, terminal, &waiting,
        )
    })?;
    documents::write(&outputs, terminal, |format, style, out| {
        goassay_report::diverse::render(&report, format, terminal.width, style, out)
    })?;
    if !documents::text_on_stdout(&outputs, Format::Text) {
        terminal.say(&format!("verdict: {}", report.verdict().name()));
    }
    Ok(report.exit_code())
}

fn build(
    args: &typed::Bootstrap,
    request: &Request,
    fetcher: &Fetcher<'_>,
    chains: Vec<Chain>,
    not_here: Vec<NotHere>,
    terminal: &Terminal,
    waiting: &Waiting<'_>,
) -> Result<Report, Failure> {
    let (clock, mut steps) = (Clock::start(), Vec::new());
    let mut session = Session::new(request, fetcher);
    let mut failures = Vec::new();
    for (index, chain) in chains.iter().enumerate() {
        let number = format!("{} of {}", index + 1, chains.len());
        terminal.say(&format!(
            "chain {} ({number}): {}",
            chain.name,
            shown(chain)
        ));
        let talk = Talk::new(terminal, waiting);
        let outcome = session.build(chain, &talk);
        talk.clear();
        waiting.clear();
        steps.extend(talk.steps(&chain.name));
        if let Err(error) = outcome {
            let failure = failure(error);
            terminal.complain(&failure);
            failures.push(document::Failure {
                path: chain.name.clone(),
                kind: document::FailureKind::Unreadable,
                message: failure.to_string(),
                hint: failure.hint,
            });
        }
    }
    let (bootstrap, measured) = session.finish(&chains).map_err(failure)?;
    let took = Took::new(&request.version, &clock.stop(""), measured.disk, steps);
    terminal.say(&took.to_string());
    if let Some(path) = &args.measured {
        took.write(path)?;
    }
    let report = Report {
        tool: tool(),
        bootstrap,
        failures,
        not_here,
    };
    if request.keep || report.exit_code() != crate::failure::EXIT_OK {
        let folder = request.folder.display();
        terminal.say(&format!("what was built is in {folder}"));
    }
    Ok(report)
}

fn shown(chain: &Chain) -> String {
    let links: Vec<String> = chain.links.iter().map(ToString::to_string).collect();
    links.join(", ")
}

/// The chains that are wanted, and what this machine does not have where it was asked for all.
fn chains(
    args: &typed::Bootstrap,
    request: &Request,
    fetcher: &Fetcher<'_>,
) -> Result<(Vec<Chain>, Vec<NotHere>), Failure> {
    if !chain::is_reproducible(&request.version) {
        let version = request.version.clone();
        return Err(failure(goassay_build::rebuild::Error::NotReproducible(
            version,
        )));
    }
    let published = diverse::published(fetcher).map_err(failure)?;
    let planner = Planner {
        target: &request.version,
        host: &request.host,
        published: &published,
        folder: &request.folder,
    };
    let (chains, missing) = if args.chain.is_empty() {
        planner.all(Path::new(SYSTEM)).map_err(of_chain)?
    } else {
        let chains: Result<Vec<Chain>, Failure> = args
            .chain
            .iter()
            .map(|start| named(&planner, start))
            .collect();
        (chains?, Vec::new())
    };
    Ok((diverse::distinct(chains).map_err(of_chain)?, missing))
}

fn named(planner: &Planner<'_>, start: &StartArg) -> Result<Chain, Failure> {
    match start {
        StartArg::Short => planner.short(),
        StartArg::Full => planner.full(),
        StartArg::Gccgo => planner.gccgo(),
        StartArg::Published(version) => planner.published(version),
        StartArg::Path(path) if path.is_dir() => planner.goroot(path),
        StartArg::Path(path) => {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            return Ok(planner.given(&name, read_links(path)?));
        }
    }
    .map_err(of_chain)
}

fn of_chain(error: chain::Error) -> Failure {
    Failure::input(error.to_string()).hint(
        "`goassay toolchain bootstrap --help` shows what --chain takes; without it, all that this machine can do is done",
    )
}

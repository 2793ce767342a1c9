//! `goassay toolchain verify`: settings, progress and words around `goassay_build::rebuild`.

use super::{Fetching, Places, Waiting, certificates, ledger};
use crate::args::toolchain::{self as typed, ChainArg, PlatformArg};
use crate::commands::tool;
use crate::config::Config;
use crate::documents;
use crate::environment::{self, Environment};
use crate::failure::{Failure, Kind};
use crate::go_settings::GoSettings;
use crate::net::Modules;
use crate::output::{self, Terminal};
use crate::progress::Progress;
use goassay_build::ledger::{Entry, Ledger};
use goassay_build::rebuild::chain::{Choice, Link};
use goassay_build::rebuild::{self, Given, Needs, Notice, Observer, Request, Share, Verification};
use goassay_build::run;
use goassay_build::signing::Key;
use goassay_build::toolchain::{Fetcher, Name, Platform, Version};
use goassay_report::document;
use goassay_report::verification::{self, Format, Options, Report};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// Largest key or chain file.
const MAX_BYTES: u64 = 1 << 20;

pub(super) fn run(
    args: &typed::Verify,
    config: &Config,
    settings: &GoSettings<'_>,
    places: Places,
    env: &Environment,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    let outputs = documents::resolve(&args.documents)?;
    let plan = Plan::new(args, &places)?;
    if let Some(ignored) = settings.ignored() {
        terminal.warn(ignored);
    }
    let waiting = Waiting::new(terminal);
    let observer = |done, total| waiting.bytes(done, total);
    let net = Modules::new(env, certificates(&args.trust, config, env), &observer);
    let fetching = Fetching::new(settings, net, places, &waiting)?;
    let report = fetching.with(|fetcher| plan.report(fetcher, &waiting, terminal))?;
    let Some(report) = report else {
        return Ok(crate::failure::EXIT_OK);
    };
    documents::write(&outputs, terminal, |format, style, out| {
        let options = Options {
            width: terminal.width,
            style,
            key: plan.key.as_ref(),
        };
        verification::render(&report, format, options, out)
    })?;
    if !documents::text_on_stdout(&outputs, Format::Text) {
        terminal.say(&format!("verdict: {}", report.verdict().name()));
    }
    Ok(report.exit_code())
}

/// What the options come to.
struct Plan<'a> {
    args: &'a typed::Verify,
    platforms: Vec<Platform>,
    choice: Choice,
    key: Option<Key>,
    ledger: Option<&'a PathBuf>,
    work: PathBuf,
    date: String,
}

impl<'a> Plan<'a> {
    fn new(args: &'a typed::Verify, places: &Places) -> Result<Plan<'a>, Failure> {
        let all = args.platform.contains(&PlatformArg::All);
        let named = args.platform.iter().filter_map(|platform| match platform {
            PlatformArg::One(one) => Some(one.clone()),
            PlatformArg::All => None,
        });
        let mut platforms: Vec<Platform> = named.collect();
        if all {
            platforms.clear();
        } else if platforms.is_empty() && args.posted.is_empty() {
            platforms.push(Platform::host());
        }
        // Without a platform it is those of the posted files.
        if !all {
            platforms.extend(args.posted.iter().map(|given| given.name.platform.clone()));
        }
        posted_versions(args)?;
        let today = args.as_of.unwrap_or_else(environment::today);
        Ok(Plan {
            args,
            platforms,
            choice: choice(&args.chain)?,
            key: args.key.as_deref().map(key).transpose()?,
            ledger: args.ledger.as_ref().or(args.new_since.as_ref()),
            work: args
                .work
                .clone()
                .unwrap_or_else(|| places.cache.join("verify")),
            date: today.to_string(),
        })
    }

    /// Verifies release after release; none where there is none.
    fn report(
        &self,
        fetcher: &Fetcher<'_>,
        waiting: &Waiting<'_>,
        terminal: &Terminal,
    ) -> Result<Option<Report>, Failure> {
        let mut report = Report {
            tool: tool(),
            verifications: Vec::new(),
            failures: Vec::new(),
        };
        let versions = self.versions(self.args, fetcher)?;
        if versions.is_empty() {
            terminal.say("there is no release that the ledger does not have");
            return Ok(None);
        }
        for version in &versions {
            let talk = Talk::new(terminal, waiting);
            let outcome = self.verify(version, fetcher, &talk);
            waiting.clear();
            match outcome {
                Ok(verification) => {
                    self.note(&verification)?;
                    report.verifications.push(verification);
                }
                // With one version there is nothing else to say.
                Err(failure) if versions.len() == 1 => return Err(failure),
                Err(failure) => {
                    terminal.complain(&failure);
                    report.failures.push(document::Failure {
                        path: format!("go{version}"),
                        kind: document::FailureKind::Unreadable,
                        message: failure.to_string(),
                        hint: failure.hint,
                    });
                }
            }
        }
        Ok(Some(report))
    }

    /// Which releases: those that were named, and those that the ledger does not have.
    fn versions(
        &self,
        args: &typed::Verify,
        fetcher: &Fetcher<'_>,
    ) -> Result<Vec<Version>, Failure> {
        let mut versions = args.versions.clone();
        if let Some(path) = &args.new_since {
            let ledger = if path.exists() {
                ledger::read(path)?
            } else {
                Ledger::default()
            };
            let published = rebuild::verifiable(fetcher, &self.platforms).map_err(failure)?;
            versions.extend(new_since(&ledger, &published));
        }
        versions.sort();
        versions.dedup();
        Ok(versions)
    }

    fn posted(&self, version: &Version) -> Vec<Given> {
        let given = self.args.posted.iter();
        given
            .filter(|given| given.name.version == *version)
            .cloned()
            .collect()
    }

    fn verify(
        &self,
        version: &Version,
        fetcher: &Fetcher<'_>,
        talk: &Talk<'_>,
    ) -> Result<Verification, Failure> {
        let request = Request {
            version: version.clone(),
            platforms: self.platforms.clone(),
            posted: self.posted(version),
            choice: self.choice.clone(),
            host: Platform::host(),
            folder: self.work.join(format!("go{version}")),
            jobs: usize::from(self.args.jobs.get()),
            keep: self.args.keep,
        };
        let clock = Clock::start();
        talk.state().steps.clear();
        let outcome = rebuild::verify(&request, fetcher, talk);
        talk.clear();
        let (verification, measured) = outcome.map_err(|error| {
            let said = failure(error);
            Failure {
                message: format!("cannot verify go{version}: {}", said.message),
                ..said
            }
        })?;
        let steps = std::mem::take(&mut talk.state().steps);
        let took = Took::new(version, &clock.stop(""), measured.disk, steps);
        talk.terminal.say(&took.to_string());
        if let Some(path) = &self.args.measured {
            took.write(path)?;
        }
        if verification.verdict() != rebuild::Status::Pass || request.keep {
            talk.terminal.say(&format!(
                "what was built is in {}",
                request.folder.display()
            ));
        }
        Ok(verification)
    }

    /// Adds the results to the ledger.
    fn note(&self, verification: &Verification) -> Result<(), Failure> {
        let Some(path) = self.ledger else {
            return Ok(());
        };
        let tool = tool();
        let tool = format!("{} {}", tool.name, tool.version);
        ledger::add(
            path,
            Entry::of(verification, &self.date, &tool),
            self.key.as_ref(),
        )
    }
}

/// Each posted file is of a version that is verified, and there.
fn posted_versions(args: &typed::Verify) -> Result<(), Failure> {
    for given in &args.posted {
        if !args.versions.contains(&given.name.version) {
            return Err(Failure::input(format!(
                "{} is of go{}, which is not verified",
                given.path.display(),
                given.name.version
            ))
            .hint(format!(
                "goassay toolchain verify {} --posted …",
                given.name.version
            )));
        }
        std::fs::metadata(&given.path)
            .map_err(|error| Failure::file(Kind::Input, "read", &given.path, &error))?;
    }
    Ok(())
}

/// Releases that are newer than all of their minor version in the ledger, or of a minor version newer than all in it.
fn new_since(ledger: &Ledger, published: &[Name]) -> Vec<Version> {
    let mut newest: BTreeMap<u32, Version> = BTreeMap::new();
    for line in ledger.lines() {
        let Ok(version) = Version::parse(&line.entry.version) else {
            continue;
        };
        let Some(minor) = version.minor() else {
            continue;
        };
        let known = newest.entry(minor).or_insert_with(|| version.clone());
        *known = version.max(known.clone());
    }
    let last = newest.keys().next_back().copied();
    let is_new = |version: &&Version| {
        let minor = version.minor();
        match minor.and_then(|minor| newest.get(&minor)) {
            Some(known) => *version > known,
            None => minor > last,
        }
    };
    let versions = published.iter().map(|name| &name.version);
    versions.filter(is_new).cloned().collect()
}

/// A text file that has no reason to be large.
pub(in crate::commands) fn read_small(path: &Path) -> Result<String, Failure> {
    let failed = |error: &std::io::Error| Failure::file(Kind::Input, "read", path, error);
    let size = std::fs::metadata(path)
        .map_err(|error| failed(&error))?
        .len();
    if size > MAX_BYTES {
        return Err(Failure::input(format!("{} is too large", path.display())));
    }
    std::fs::read_to_string(path).map_err(|error| failed(&error))
}

/// The key in a file.
pub(in crate::commands) fn key(path: &Path) -> Result<Key, Failure> {
    Key::parse(&read_small(path)?).map_err(|why| {
        Failure::input(format!("{} cannot sign", path.display()))
            .cause(why)
            .hint("`openssl genpkey -algorithm ed25519 -out key.pem` makes one that can")
    })
}

fn choice(chain: &ChainArg) -> Result<Choice, Failure> {
    match chain {
        ChainArg::Short => Ok(Choice::Short),
        ChainArg::Full => Ok(Choice::Full),
        ChainArg::File(path) => read_links(path).map(Choice::Given),
    }
}

/// The links that a file names.
pub(super) fn read_links(path: &Path) -> Result<Vec<Link>, Failure> {
    links(&read_small(path)?).map_err(|why| {
        Failure::input(format!("{} is no chain", path.display()))
            .cause(why)
            .hint("`goassay toolchain verify --help` shows one; --chain also takes `short` and `full`")
    })
}

fn links(text: &str) -> Result<Vec<Link>, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Chain {
        link: Vec<Typed>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "lowercase")]
    enum Typed {
        Published(String),
        Built(String),
        Goroot(PathBuf),
    }
    let chain: Chain = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    let version = |text: String| Version::parse(&text).map_err(|error| error.to_string());
    let link = |typed| match typed {
        Typed::Published(text) => version(text).map(Link::Published),
        Typed::Built(text) => version(text).map(Link::Built),
        Typed::Goroot(path) => Ok(Link::Folder(path)),
    };
    chain.link.into_iter().map(link).collect()
}

/// What it took. Never the same twice, so it is no part of the report.
#[derive(Serialize)]
pub(super) struct Took {
    schema: &'static str,
    version: String,
    seconds: f64,
    own_processor_seconds: f64,
    children_processor_seconds: f64,
    largest_process_bytes: u64,
    disk_bytes: u64,
    steps: Vec<StepTook>,
}

/// What one step took; where steps ran beside each other, what was spent since the one before was done.
#[derive(Serialize)]
pub(super) struct StepTook {
    title: String,
    seconds: f64,
    own_processor_seconds: f64,
    children_processor_seconds: f64,
}

/// Since when, by the clock and by the processors.
pub(super) struct Clock {
    began: Instant,
    usage: run::Usage,
}

impl Clock {
    pub(super) fn start() -> Clock {
        Clock {
            began: Instant::now(),
            usage: run::usage(),
        }
    }

    pub(super) fn stop(&self, title: &str) -> StepTook {
        let (before, now) = (&self.usage, run::usage());
        StepTook {
            title: title.to_owned(),
            seconds: self.began.elapsed().as_secs_f64(),
            own_processor_seconds: now.own.saturating_sub(before.own).as_secs_f64(),
            children_processor_seconds: now.children.saturating_sub(before.children).as_secs_f64(),
        }
    }
}

impl Took {
    pub(super) fn new(version: &Version, all: &StepTook, disk: u64, steps: Vec<StepTook>) -> Took {
        Took {
            schema: "goassay-measured/1",
            version: version.to_string(),
            seconds: all.seconds,
            own_processor_seconds: all.own_processor_seconds,
            children_processor_seconds: all.children_processor_seconds,
            largest_process_bytes: run::usage().largest,
            disk_bytes: disk,
            steps,
        }
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(self).unwrap_or_default() + "\n";
        output::to_file(path, |out| std::io::Write::write_all(out, text.as_bytes()))
            .map_err(|error| Failure::file(Kind::Output, "write", path, &error))
    }
}

impl std::fmt::Display for Took {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "go{}: {} by the clock; processor time {:.0} s in the builds and {:.1} s in goassay; {} MiB in the largest process, {} MiB on disk",
            self.version,
            span(Duration::from_secs_f64(self.seconds)),
            self.children_processor_seconds,
            self.own_processor_seconds,
            self.largest_process_bytes >> 20,
            self.disk_bytes >> 20
        )
    }
}

fn span(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

/// What is said while it works.
pub(super) struct Talk<'t> {
    terminal: &'t Terminal,
    state: Mutex<State>,
}

struct State {
    bar: Option<Progress>,
    title: String,
    /// How fast it went so far: seconds by the clock in which so much work was done.
    made: (Duration, u64),
    own: u64,
    clock: Clock,
    steps: Vec<StepTook>,
}

impl<'t> Talk<'t> {
    pub(super) fn new(terminal: &'t Terminal, waiting: &Waiting<'_>) -> Talk<'t> {
        waiting.clear();
        Talk {
            terminal,
            state: Mutex::new(State {
                bar: None,
                title: String::new(),
                made: (Duration::ZERO, 0),
                own: 0,
                clock: Clock::start(),
                steps: Vec::new(),
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(super) fn clear(&self) {
        self.state().bar.take();
    }

    /// What the steps took so far, as steps of a chain.
    pub(super) fn steps(&self, chain: &str) -> Vec<StepTook> {
        let mut steps = std::mem::take(&mut self.state().steps);
        for step in &mut steps {
            step.title = format!("{chain}: {}", step.title);
        }
        steps
    }

    fn say(&self, state: &State, text: &str) {
        match &state.bar {
            Some(bar) => bar.aside(|| self.terminal.say(text)),
            None => self.terminal.say(text),
        }
    }
}

/// Processors that a build keeps busy on the whole.
fn busy() -> u64 {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    (processors as u64).min(6)
}

impl State {
    /// Seconds that are left, by what was measured so far, else by what it took elsewhere.
    fn left(&self, work: u64) -> Duration {
        let (time, done) = self.made;
        if done < 60 {
            return Duration::from_secs(work / busy());
        }
        Duration::from_secs_f64(time.as_secs_f64() * work as f64 / done as f64)
    }
}

impl Observer for Talk<'_> {
    fn needs(&self, needs: &Needs) {
        let minutes = needs.processor.as_secs() / busy() / 60 + 1;
        self.say(
            &self.state(),
            &format!(
                "this may take {minutes} minutes, {:.1} GiB of disk and {:.1} GiB of memory",
                gib(needs.disk),
                gib(needs.memory)
            ),
        );
    }

    fn notice(&self, notice: Notice) {
        let text = match notice {
            Notice::Waiting => "waiting for another process that works in the same folder",
            Notice::Stopping => "stopping what an interrupted run has left",
        };
        self.say(&self.state(), text);
    }

    fn begin(&self, title: &str, work: Share) {
        let mut state = self.state();
        title.clone_into(&mut state.title);
        state.own = work.own;
        if work.own == 0 {
            // It has a bar of its own.
            state.bar.take();
            return;
        }
        let left = state.left(work.total.saturating_sub(work.before));
        let terminal = self.terminal;
        let bar = state
            .bar
            .get_or_insert_with(|| Progress::work(terminal, work.total));
        bar.reach(work.before);
        bar.tell(title.to_owned());
        let text = format!("{title} (about {} left in all)", span(left));
        self.say(&state, &text);
    }

    fn detail(&self, line: &str) {
        let state = self.state();
        if let Some(bar) = &state.bar {
            bar.tell(output::printable(&format!("{}: {line}", state.title)));
        }
    }

    fn end(&self, title: &str, made: Option<Duration>) {
        let mut state = self.state();
        let took = state.clock.stop(title);
        state.steps.push(took);
        state.clock = Clock::start();
        if state.own == 0 {
            return;
        }
        let text = match made {
            Some(time) => {
                let own = state.own;
                state.made.0 += time;
                state.made.1 += own;
                format!("{title}: {}", span(time))
            }
            None => format!("{title}: was done, and is what it was"),
        };
        self.say(&state, &text);
    }
}

fn gib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 30)
}

/// The library's error in this program's words.
pub(super) fn failure(error: rebuild::Error) -> Failure {
    use rebuild::Error;
    match error {
        Error::Toolchain(error) => super::failure(error),
        Error::Chain(error) => Failure::input(error.to_string())
            .hint("`goassay toolchain list --platform all` shows what there is; --chain FILE names other links"),
        Error::NotReproducible(_) => Failure::input(error.to_string()).hint(
            "docs/toolchains.md says what can be said of older releases: as links of a full chain they are built",
        ),
        Error::NotPublished(_) => Failure::input(error.to_string())
            .hint("`goassay toolchain list --platform all` shows what there is"),
        Error::NoCompiler => Failure::input(error.to_string())
            .hint("install gcc, or take --chain short, which needs none"),
        Error::Disk { .. } => Failure::new(Kind::Output, error.to_string())
            .hint("make room, or name a folder on another disk with --work"),
        Error::Failed { ref tail, ref log, .. } => {
            let said = Failure::input(error.to_string()).cause(tail.join(" / "));
            said.hint(format!("all of its output is in {}", log.display()))
        }
        Error::Changed(what) => Failure::new(Kind::Security, what).hint(
            "remove it (`goassay toolchain prune` for fetched toolchains): it is made or fetched again",
        ),
        Error::Run(_) => Failure::new(Kind::Input, error.to_string()),
        Error::File { verb, path, error } => {
            let hint = if error.kind() == std::io::ErrorKind::StorageFull {
                "make room, or name a folder on another disk with --work"
            } else {
                "make the folder writable, or name another one with --work"
            };
            Failure::file(Kind::Output, verb, &path, &error).hint(hint)
        }
    }
}

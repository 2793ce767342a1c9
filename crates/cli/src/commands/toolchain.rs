//! `goassay toolchain …`: `list`, `fetch`, `path` and `prune`; the others have modules of their own.
//!
//! What a pass of `fetch` means stands in `goassay_build::toolchain`. Here: settings, progress, words.

mod bootstrap;
mod check;
mod compare;
mod ledger;
pub(super) mod verify;

use crate::args::toolchain::{self as typed, PlatformArg};
use crate::args::{CaArg, Common};
use crate::config::Config;
use crate::environment::Environment;
use crate::failure::{EXIT_OK, Failure, Kind};
use crate::go_settings::GoSettings;
use crate::interrupt;
use crate::net::Modules;
use crate::output::{self, Terminal};
use crate::progress::Progress;
use crate::settings;
use goassay_build::fetch;
use goassay_build::proxy::{self, Proxies};
use goassay_build::sumdb::kept::Folders;
use goassay_build::sumdb::{self, Client, Database};
use goassay_build::toolchain::{
    self, Error, Fetcher, Installed, Name, Outcome, Page, PageError, Platform, Stage, Store,
};
use goassay_report::harmless;
use serde::Serialize;
use std::cell::RefCell;
use std::io;
use std::path::PathBuf;

pub(crate) fn run(
    command: typed::Toolchain,
    common: &Common,
    env: &Environment,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    interrupt::install();
    let config = settings::configuration(common.config.as_deref())?;
    let settings = GoSettings::read(env, &config.toolchain);
    let places = Places::of_user(env)?;
    match command {
        typed::Toolchain::List(args) => {
            let waiting = Waiting::new(terminal);
            let observer = |done, total| waiting.bytes(done, total);
            let ca = certificates(&args.trust, &config, env);
            let net = Modules::new(env, ca, &observer);
            list(&args, &settings, &places.store, &net)
        }
        typed::Toolchain::Fetch(args) => {
            if let Some(ignored) = settings.ignored() {
                terminal.warn(ignored);
            }
            let waiting = Waiting::new(terminal);
            let observer = |done, total| waiting.bytes(done, total);
            let ca = certificates(&args.trust, &config, env);
            let net = Modules::new(env, ca, &observer);
            Fetching::new(&settings, net, places, &waiting)?.run(&args, terminal)
        }
        typed::Toolchain::Check(args) => {
            let waiting = Waiting::new(terminal);
            let observer = |done, total| waiting.bytes(done, total);
            let ca = certificates(&args.trust, &config, env);
            let store = places.store.clone();
            check::run(&args, env, &store, || {
                let net = Modules::new(env, ca, &observer);
                Fetching::new(&settings, net, places, &waiting)
            })
        }
        typed::Toolchain::Compare(args) => {
            let waiting = Waiting::new(terminal);
            let observer = |done, total| waiting.bytes(done, total);
            let ca = certificates(&args.trust, &config, env);
            let tools = compare::Tools {
                store: &places.store,
                work: places.cache.join("compare"),
                waiting: &waiting,
                terminal,
            };
            compare::run(&args, &tools, &|| {
                let net = Modules::new(env, ca.clone(), &observer);
                Fetching::new(&settings, net, places.clone(), &waiting)
            })
        }
        typed::Toolchain::Path(args) => path(args, &places.store),
        typed::Toolchain::Prune(args) => prune(&args, &places.store, terminal),
        typed::Toolchain::Verify(args) => {
            verify::run(&args, &config, &settings, places, env, terminal)
        }
        typed::Toolchain::Bootstrap(args) => {
            bootstrap::run(&args, &config, &settings, places, env, terminal)
        }
        typed::Toolchain::Ledger(command) => ledger::run(&command, terminal),
    }
}

/// Certificates instead of the built-in ones: an option, the configuration file, or what the go command heeds too.
pub(super) fn certificates(trust: &CaArg, config: &Config, env: &Environment) -> Option<PathBuf> {
    trust
        .ca
        .as_ref()
        .or(config.ca.as_ref())
        .cloned()
        .or_else(|| env.get("SSL_CERT_FILE").map(PathBuf::from))
}

/// The toolchains that were fetched.
pub(super) fn store(env: &Environment) -> Result<Store, Failure> {
    Places::of_user(env).map(|places| places.store)
}

/// Where things are kept.
#[derive(Clone)]
pub(super) struct Places {
    store: Store,
    data: PathBuf,
    cache: PathBuf,
}

impl Places {
    /// What can be fetched again.
    pub(super) fn cache(&self) -> &std::path::Path {
        &self.cache
    }

    pub(super) fn of_user(env: &Environment) -> Result<Places, Failure> {
        let (Some(data), Some(cache)) = (env.data_dir(), env.cache_dir()) else {
            return Err(Failure::usage(
                "there is no place for toolchains: no home directory is known",
            )
            .hint("set HOME, or XDG_CACHE_HOME and XDG_DATA_HOME"));
        };
        Ok(Places {
            store: Store::new(cache.join("toolchains")),
            data,
            cache,
        })
    }
}

/// The one progress bar of the command, as it changes.
pub(super) struct Waiting<'t> {
    terminal: &'t Terminal,
    bar: RefCell<Option<Progress>>,
    downloading: RefCell<bool>,
}

impl<'t> Waiting<'t> {
    pub(super) fn new(terminal: &'t Terminal) -> Waiting<'t> {
        Waiting {
            terminal,
            bar: RefCell::default(),
            downloading: RefCell::default(),
        }
    }

    fn stage(&self, stage: Stage) {
        let what = match stage {
            Stage::Waiting => "waiting for another process that fetches the same",
            Stage::LookingUp => "asking the checksum database",
            Stage::Downloading => "downloading",
            Stage::Checking => "checking",
            Stage::Unpacking => "unpacking",
        };
        self.clear();
        self.bar
            .replace(Some(Progress::start(self.terminal, what, 0)));
    }

    pub(super) fn bytes(&self, done: u64, total: u64) {
        if !self.downloading.replace(true) {
            self.bar.take();
            self.bar
                .replace(Some(Progress::bytes(self.terminal, "downloading", total)));
        }
        if let Some(bar) = &*self.bar.borrow() {
            bar.reach(done);
        }
    }

    // A bar clears the screen when it goes, so it has to go before the next one comes.
    pub(super) fn clear(&self) {
        self.downloading.replace(false);
        self.bar.take();
    }
}

/// One toolchain in the JSON documents.
#[derive(Serialize)]
struct Row {
    version: String,
    platform: String,
    installed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    goroot: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    h1: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tree_size: Option<u64>,
}

impl Row {
    fn new(name: &Name, installed: Option<&Installed>) -> Row {
        let receipt = installed.map(|installed| &installed.receipt);
        Row {
            version: name.version.to_string(),
            platform: name.platform.to_string(),
            installed: installed.is_some(),
            goroot: installed.map(|i| i.goroot.display().to_string()),
            h1: receipt.map(|r| r.h1.clone()),
            database: receipt.map(|r| r.database.clone()),
            record: receipt.map(|r| r.record),
            tree_size: receipt.map(|r| r.tree_size),
        }
    }
}

fn json(rows: &[Row]) -> Result<Vec<u8>, Failure> {
    #[derive(Serialize)]
    struct Document<'r> {
        schema: &'static str,
        toolchains: &'r [Row],
    }
    document(&Document {
        schema: "goassay-toolchains/1",
        toolchains: rows,
    })
}

/// A document that may be shown anywhere.
fn document(document: &impl Serialize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    harmless::write(&mut bytes, document).map_err(|error| {
        Failure::new(Kind::Internal, "the document cannot be written").because(&error)
    })?;
    Ok(bytes)
}

/// Writes to standard output what the format says.
fn show(
    format: &typed::FormatArgs,
    text: impl Fn(&mut dyn io::Write) -> io::Result<()>,
    json: impl Fn(&mut dyn io::Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let mut bytes = Vec::new();
    let written = match format.is_json() {
        true => json(&mut bytes),
        false => text(&mut bytes),
    };
    written.map_err(|error| {
        Failure::new(Kind::Internal, "the document cannot be written").because(&error)
    })?;
    output::to_stdout(&bytes)
}

fn list(
    args: &typed::List,
    settings: &GoSettings<'_>,
    store: &Store,
    net: &Modules<'_>,
) -> Result<u8, Failure> {
    let here = store.installed().map_err(failure)?;
    let names = if args.installed {
        here.iter()
            .map(|installed| installed.name.clone())
            .collect()
    } else if let Some(address) = &args.from {
        let posted = Page::new(address).posted(net);
        let posted = posted.map_err(|error| failure(error.into()))?;
        posted.into_iter().map(|posted| posted.name).collect()
    } else {
        toolchain::list(net, &settings.proxies()?).map_err(|error| failure(error.into()))?
    };
    let everywhere = if args.installed {
        PlatformArg::All
    } else {
        PlatformArg::One(Platform::host())
    };
    let wanted = args.platform.as_ref().unwrap_or(&everywhere);
    let rows: Vec<Row> = names
        .iter()
        .filter(|name| wanted.has(&name.platform))
        .map(|name| Row::new(name, here.iter().find(|installed| installed.name == *name)))
        .collect();
    let text = if args.format.is_json() {
        json(&rows)?
    } else {
        rows.iter().map(line).collect::<String>().into_bytes()
    };
    output::to_stdout(&text)?;
    Ok(EXIT_OK)
}

fn line(row: &Row) -> String {
    let mark = if row.installed { "  fetched" } else { "" };
    format!("go{:<10}  {}{mark}\n", row.version, row.platform)
}

fn path(args: typed::Path, store: &Store) -> Result<u8, Failure> {
    let name = Name {
        version: args.version,
        platform: args.platform.unwrap_or_else(Platform::host),
    };
    let Some(installed) = store.find(&name) else {
        let Name { version, platform } = &name;
        return Err(
            Failure::input(format!("{name} was not fetched yet")).hint(format!(
                "goassay toolchain fetch {version} --platform {platform}"
            )),
        );
    };
    // The path as it is, for a shell.
    output::to_stdout(installed.goroot.as_os_str().as_encoded_bytes())?;
    output::to_stdout(b"\n")?;
    Ok(EXIT_OK)
}

fn prune(args: &typed::Prune, store: &Store, terminal: &Terminal) -> Result<u8, Failure> {
    let wanted = |installed: &&Installed| {
        let Name { version, platform } = &installed.name;
        let here = args.platform.as_ref().is_none_or(|only| only == platform);
        here && (args.all || args.versions.contains(version))
    };
    let installed = store.installed().map_err(failure)?;
    let going: Vec<&Installed> = installed.iter().filter(wanted).collect();
    for version in &args.versions {
        if !going
            .iter()
            .any(|installed| installed.name.version == *version)
        {
            terminal.warn(&format!("go{version} is not there"));
        }
    }
    for installed in going {
        let size = installed.receipt.bytes >> 20;
        if args.dry_run {
            terminal.say(&format!("would remove {} ({size} MiB)", installed.name));
        } else if store.remove(&installed.name).map_err(failure)? {
            terminal.say(&format!("removed {} ({size} MiB)", installed.name));
        }
    }
    if !args.dry_run {
        let swept = store.sweep().map_err(failure)?;
        if swept > 0 {
            terminal.say(&format!("removed {swept} left by interrupted runs"));
        }
    }
    Ok(EXIT_OK)
}

/// What `fetch` needs.
pub(super) struct Fetching<'a> {
    proxies: Proxies,
    database: Database,
    net: Modules<'a>,
    places: Places,
    waiting: &'a Waiting<'a>,
}

impl<'a> Fetching<'a> {
    pub(super) fn new(
        settings: &GoSettings<'_>,
        net: Modules<'a>,
        places: Places,
        waiting: &'a Waiting<'a>,
    ) -> Result<Fetching<'a>, Failure> {
        Ok(Fetching {
            proxies: settings.proxies()?,
            database: settings.database()?,
            net,
            places,
            waiting,
        })
    }
}

impl Fetching<'_> {
    fn run(&self, args: &typed::Fetch, terminal: &Terminal) -> Result<u8, Failure> {
        let mut rows = Vec::new();
        self.each(
            &names(args),
            args.from.as_deref(),
            args.fresh,
            &mut |installed, outcome| {
                terminal.say(&said(outcome));
                rows.push(Row::new(&installed.name, Some(installed)));
            },
        )?;
        if args.format.is_json() {
            output::to_stdout(&json(&rows)?)?;
        }
        Ok(EXIT_OK)
    }

    /// Gets toolchains one after the other and tells of each.
    fn each(
        &self,
        names: &[Name],
        from: Option<&str>,
        fresh: bool,
        tell: &mut dyn FnMut(&Installed, &Outcome),
    ) -> Result<(), Failure> {
        self.with(|fetcher| self.each_with(fetcher, names, from, fresh, tell))
    }

    /// Works with what is asked for toolchains.
    pub(super) fn with<T>(&self, work: impl FnOnce(&Fetcher<'_>) -> T) -> T {
        let kept = Folders::new(&self.places.data, &self.places.cache, self.database.name());
        work(&Fetcher {
            fetch: &self.net,
            proxies: &self.proxies,
            database: &Client::new(&self.database, &self.net, &self.proxies, &kept),
            store: &self.places.store,
            observer: &|stage| self.waiting.stage(stage),
        })
    }

    fn each_with(
        &self,
        fetcher: &Fetcher<'_>,
        names: &[Name],
        from: Option<&str>,
        fresh: bool,
        tell: &mut dyn FnMut(&Installed, &Outcome),
    ) -> Result<(), Failure> {
        if fresh {
            let latest = fetcher.database.latest();
            latest.map_err(|error| failure(error.into()))?;
        }
        let page = from.map(Page::new);
        for name in names {
            let outcome = match &page {
                Some(page) => fetcher.get_from(page, name),
                None => fetcher.get(name),
            };
            self.waiting.clear();
            let outcome = outcome.map_err(|error| {
                let said = failure(error);
                Failure {
                    message: format!("cannot fetch {name}: {}", said.message),
                    ..said
                }
            })?;
            let (Outcome::Present(installed) | Outcome::Fetched(installed)) = &outcome;
            tell(installed, &outcome);
        }
        Ok(())
    }
}

/// Each version for each platform.
fn names(args: &typed::Fetch) -> Vec<Name> {
    let mut platforms = args.platform.clone();
    if platforms.is_empty() {
        platforms.push(Platform::host());
    }
    let of_version = |version: &toolchain::Version| {
        let version = version.clone();
        platforms.iter().map(move |platform| Name {
            version: version.clone(),
            platform: platform.clone(),
        })
    };
    args.versions.iter().flat_map(of_version).collect()
}

fn said(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Present(installed) => format!(
            "{} is there: {}",
            installed.name,
            installed.goroot.display()
        ),
        Outcome::Fetched(Installed {
            name,
            goroot,
            receipt,
        }) => format!(
            "{name}: {} files, {} MiB, as recorded by {} (record {} of {}), in {}",
            receipt.files,
            receipt.bytes >> 20,
            receipt.database,
            receipt.record,
            receipt.tree_size,
            goroot.display()
        ),
    }
}

/// The library's error in this program's words.
pub(super) fn failure(error: Error) -> Failure {
    match error {
        Error::Database(error) => of_database(&error),
        Error::Proxy(error) => Failure::network("the module proxy does not help")
            .because(&error)
            .hint(proxy_hint(&error)),
        Error::Zip(error) => Failure::network("the download is damaged")
            .because(&error)
            .hint("try again, or through another proxy with GOPROXY"),
        Error::Page(error) => of_page(&error),
        Error::Contents(why) => Failure::input("what was published is no toolchain").cause(why),
        Error::File { verb, path, error } => {
            let hint = if error.kind() == io::ErrorKind::StorageFull {
                "make room (a toolchain needs 250 to 500 MB besides its zip): `goassay toolchain prune --all`, or choose another place with XDG_CACHE_HOME"
            } else {
                "make the folder writable, or choose another place with XDG_CACHE_HOME"
            };
            Failure::file(Kind::Output, verb, &path, &error).hint(hint)
        }
    }
}

fn of_database(error: &sumdb::Error) -> Failure {
    let kind = match error.kind {
        kind if kind.is_misbehaviour() => Kind::Security,
        sumdb::Kind::Key => Kind::Config,
        sumdb::Kind::Local | sumdb::Kind::KeptHead => Kind::Output,
        _ => Kind::Network,
    };
    let failure = Failure::new(kind, error.to_string()).hint(error.kind.next_step());
    let heads = error.evidence.iter();
    heads.fold(failure, |failure, head| {
        let lines: Vec<&str> = head.lines().collect();
        failure.cause(format!("signed tree head: {}", lines.join(" / ")))
    })
}

fn of_page(error: &PageError) -> Failure {
    let hint = match error {
        PageError::Fetch(_) => {
            "check the address behind --from, the connection and HTTPS_PROXY/NO_PROXY, or leave --from out to ask the module proxy"
        }
        PageError::List(_) => {
            "--from takes the address of a page that answers ?mode=json, such as https://go.dev/dl"
        }
        PageError::Missing(_) => {
            "`goassay toolchain list --from ADDRESS --platform all` shows what it has"
        }
        PageError::Altered(_) | PageError::Archive(_) => {
            "try again, or leave --from out to ask the module proxy"
        }
    };
    Failure::network("the download page does not help")
        .because(error)
        .hint(hint)
}

fn proxy_hint(error: &proxy::Error) -> &'static str {
    let proxy::Error::Fetch(error) = error else {
        return "set GOPROXY to the address of a module proxy";
    };
    match error.kind {
        fetch::Kind::Missing => "`goassay toolchain list --platform all` shows what the proxy has",
        fetch::Kind::Status(401 | 407) => {
            "ask the owner of the proxy for access, or set GOPROXY to another one"
        }
        fetch::Kind::Status(403) => {
            "the proxy does not give it out: take another version (`goassay toolchain list`), or set GOPROXY to another proxy"
        }
        fetch::Kind::Status(_) => "try again later, or set GOPROXY to another proxy",
        fetch::Kind::Local => "make room, or choose another place with XDG_CACHE_HOME",
        fetch::Kind::Unreachable | fetch::Kind::TooLarge | fetch::Kind::Forbidden => {
            "check the connection, HTTPS_PROXY/NO_PROXY and GOPROXY; for a proxy with a certificate of its own, give it with --ca FILE or SSL_CERT_FILE"
        }
    }
}
